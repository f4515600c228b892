"""Plain question-and-answer loops for the terminal, a pipe, or a dumb console: screen, resolve.

Each answer is one line. A vote is on disk before the next record is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from iimscreen import render, resolving, team
from iimscreen.duplicates import kept_report
from iimscreen.errors import InputError, ProtocolError, ReviewError
from iimscreen.model import Reason, Verdict
from iimscreen.protocol import FINAL_WORDS, VOTES
from iimscreen.resolving import Table
from iimscreen.screening import Decision, Desk
from iimscreen.wording import counted

QUIT = "q"

_VOTES = {"y": Verdict.INCLUDE, "n": Verdict.EXCLUDE, "m": Verdict.UNSURE}
_FULL_TEXT_VOTES = {**_VOTES, "a": Verdict.AWAITING, "o": Verdict.ONGOING}
_FINAL = {"y": Verdict.INCLUDE, "n": Verdict.EXCLUDE, "a": Verdict.AWAITING, "o": Verdict.ONGOING}


def say(text: str, style: str = "") -> None:
    """Print one line as it is, no markup."""
    from rich.text import Text

    render.console().print(Text(text, style=style))


def _answer(prompt: str) -> str:
    """One line typed; the end of the input counts as quit."""
    say(prompt, "bold")
    try:
        return input("> ").strip().lower()
    except EOFError:
        return QUIT


def _reason_by_digit(answer: str, reasons: Sequence[Reason]) -> str | None:
    if answer.isdecimal() and 1 <= int(answer) <= len(reasons):
        return reasons[int(answer) - 1].code
    return None


def _help(keys: dict[str, Verdict], reasons: Sequence[Reason], more: str) -> None:
    say(
        "   ".join(
            [*(f"{key} {word}" for key, word in keys.items()), more, "s skip", "q quit", "? this help"]
        )
    )
    for number, reason in enumerate(reasons, start=1):
        say(f"{number} exclude: {reason.label}")


def screen(desk: Desk) -> None:
    """Go through the records left for one reviewer."""
    waiting = desk.waiting_keys()
    if not waiting:
        say(f"Nothing is left for {desk.reviewer} at stage {desk.stage.name}.")
        if ahead := desk.rounds_ahead():
            say(f"{ahead}; the rest follows when it is closed.")
        say("Next: iimscreen status")
        return
    team.sit_down(desk.review, desk.reviewer)
    reasons = desk.protocol.reasons
    say(f"{desk.reviewer}, stage {desk.stage.name}: {counted(len(waiting), 'record')} left.", "bold")
    votes = {k: word for k, word in _FULL_TEXT_VOTES.items() if word in VOTES[desk.stage.name]}
    prompt = ", ".join(f"{letter} {word}" for letter, word in votes.items())
    _help(votes, reasons, "u undo my last vote")
    voted = 0
    place = 0
    while place < len(waiting):
        render.console().rule(f"{place + 1:,} of {len(waiting):,}")
        key = waiting[place]
        if not _show(desk, key):
            break
        answer = _answer(f"{prompt}, 1-{len(reasons)} exclude with reason, u undo, s skip, q quit, ?")
        code = _reason_by_digit(answer, reasons)
        if answer == QUIT:
            break
        if answer == "?":
            _help(votes, reasons, "u undo my last vote")
        elif answer == "s":
            place += 1
        elif answer == "u":
            place = _undo(desk, waiting, place)
        elif answer == "n" and desk.stage.needs_reason:
            say(
                f"Here an exclusion needs its reason: 1 to {len(reasons)} exclude with it, ? lists them.",
                "red",
            )
        elif code is not None or answer in votes:
            verdict = Verdict.EXCLUDE if code is not None else votes[answer]
            try:
                desk.decide(Decision(key, verdict, code))
            # ReviewError: others hold the file, or the disk is full. The record stays, to be voted on again.
            except (InputError, ProtocolError, ReviewError) as error:
                say(f"{error.message} ({error.hint})", "red")
                continue
            voted += 1
            place += 1
        else:
            say(f"{answer!r} is no answer here; ? shows those there are", "red")
    say(f"{counted(voted, 'vote')} given in this sitting, all saved.")
    say("Next: iimscreen status")


def _show(desk: Desk, key: str) -> bool:
    """Put a record in front; False if others hold the file and the reviewer will not wait."""
    while True:
        try:
            report = desk.record(key)
        except ReviewError as error:
            say(f"{error.message} ({error.hint})", "red")
            if _answer("Enter try again, q quit") == QUIT:
                return False
            continue
        render.record(
            report, include=desk.protocol.highlight_include, exclude=desk.protocol.highlight_exclude
        )
        if reminder := desk.reminder(key):
            say(f"\n{render.plain(reminder)}", "yellow")
        return True


def _undo(desk: Desk, waiting: list[str], place: int) -> int:
    """Withdraw the last vote and go back to its record, which is shown again."""
    try:
        vote = desk.undo()
    except (ProtocolError, ReviewError) as error:
        say(error.message, "red")
        return place
    say(f"Undone: {vote.verdict} on {vote.key}.")
    for earlier in range(place - 1, -1, -1):
        if waiting[earlier] == vote.key:
            return earlier
    waiting[place:place] = [key for key in desk.waiting_keys() if key == vote.key]
    return place


def resolve(table: Table, *, hide_names: bool = False) -> None:
    """Go through what is to resolve at one stage, both votes and notes side by side.

    `hide_names`: without saying whose they are, in an order that does not tell.
    """
    open_ones = resolving.conflicts(table.review, table.stage.name)
    if not open_ones:
        say(f"Nothing to resolve at stage {table.stage.name}.")
        return
    reasons = table.protocol.reasons
    allowed = {key: word for key, word in _FINAL.items() if word in FINAL_WORDS[table.stage.name]}
    prompt = ", ".join(f"{key} {word}" for key, word in allowed.items())
    say(f"{counted(len(open_ones), 'record')} to resolve, by {' and '.join(table.names)}.", "bold")
    _help(allowed, reasons, f"1-{len(reasons)} exclude with reason")
    settled = 0
    for number, conflict in enumerate(open_ones, start=1):
        render.console().rule(f"{number:,} of {len(open_ones):,}")
        render.record(kept_report.shown(table.review, conflict.record))
        for heading, vote in conflict.in_order_to_show(hide_names=hide_names):
            say(f"{heading}: {vote.verdict} {vote.reason or ''} {render.plain(vote.note)}")
        proposed = conflict.outcome.reason if conflict.outcome.reason_is_proposed else None
        answer = _settled(table, conflict.record.key, allowed, reasons, prompt, proposed)
        if answer == QUIT:
            break
        settled += answer == "settled"
    say(f"{counted(settled, 'record')} settled, all saved.")


def _settled(
    table: Table,
    key: str,
    allowed: dict[str, Verdict],
    reasons: Sequence[Reason],
    prompt: str,
    proposed: str | None,
) -> str:
    """Ask until this record is settled, skipped or given up: "settled", "s" or "q"."""
    confirm = f"Enter confirms {proposed}, " if proposed else ""
    while True:
        answer = _answer(f"{confirm}{prompt}, 1-{len(reasons)} exclude with reason, s skip, q quit, ?")
        if answer in (QUIT, "s"):
            return answer
        if answer == "?":
            _help(allowed, reasons, f"1-{len(reasons)} exclude with reason")
            continue
        code = _reason_by_digit(answer, reasons)
        if not answer and proposed:
            code = proposed
        if code is None and answer not in allowed:
            say(f"{answer!r} is no answer here", "red")
            continue
        try:
            table.settle(Decision(key, Verdict.EXCLUDE if code is not None else allowed[answer], code))
        except (InputError, ProtocolError, ReviewError) as error:
            say(f"{error.message} ({error.hint})", "red")
            continue
        return "settled"
