"""Pair after pair of possible duplicates, one key each: the loop of `duplicates review`.

Each word is on disk before the next pair is shown.
"""

from __future__ import annotations

import sys

from iimscreen import keyboard
from iimscreen.duplicates import audit
from iimscreen.duplicates.consequences import Consequences
from iimscreen.duplicates.reviewing import UNSURE, PairDesk, Said, Waiting
from iimscreen.errors import InputError, ProtocolError
from iimscreen.loop import QUIT, say
from iimscreen.render import duplicates as shown
from iimscreen.store.duplicates import ASKED, DISTINCT, DUPLICATE, PairVerdict
from iimscreen.voting import PairState
from iimscreen.wording import counted

_WORDS = {"y": DUPLICATE, "n": DISTINCT, "m": UNSURE}
_PROMPT = "One report?  y yes  n no  m unsure  s later  a abstracts  u undo  q quit  ?"


def _key(prompt: str) -> str:
    """One key; the end of the input counts as quit."""
    say(prompt, "bold")
    sys.stdout.write("> ")
    sys.stdout.flush()
    pressed = keyboard.key()
    sys.stdout.write(f"{pressed}\n" if keyboard.is_listening() and pressed.isprintable() else "\n")
    return QUIT if pressed == keyboard.END else pressed


def _help(desk: PairDesk) -> None:
    say("y  the two records are one report: they are merged, and the earliest record is kept")
    say("n  they are two reports, and stay apart")
    if desk.needed == 1:
        say("m  you cannot tell now: noted, and the pair comes last the next time")
    else:
        say("m  you cannot tell: counts as your word, and the two of you decide together")
    say("s  later, nothing is stored        a  the abstracts in full, or cut short again")
    say("u  undo your last word             q  quit; everything decided is saved")
    say("Nothing is deleted: `iimscreen duplicates split` and `merge` undo each other at any time.")


def go_on() -> bool:
    """Ask a person at a terminal whether to go on."""
    return _key("Go on? [y/N]") in ("y", "yes")


def review(desk: PairDesk, *, again: bool = False, yes: bool = False) -> None:
    """Go through the pairs left for one reviewer, or with `again` through those they have decided.

    `yes` goes on without asking where a word changes decisions already taken.
    """
    left = _decided(desk) if again else desk.waiting()
    if not left:
        say(f"No pair {'of yours can be decided again' if again else f'waits for {desk.reviewer}'}.")
        say("Next: iimscreen status")
        return
    say(f"{desk.reviewer}: {counted(len(left), 'pair')} left. Is it one report, or two?", "bold")
    decided, number = 0, 0
    while left:
        one: Waiting | None = left.pop(0)
        if one is not None and not again:
            one = desk.still_asked(one)
        if one is None:
            continue
        number += 1
        answer = _answered(desk, one, f"{number:,} of {number + len(left):,}", again=again, yes=yes)
        if answer == QUIT:
            break
        if answer == "undone":
            left.insert(0, one)
            number -= 1
            decided = max(decided - 1, 0)
            if not again and _brought_back(desk, left, one):
                number = max(number - 1, 0)
        decided += answer in _WORDS.values()
    say(f"{counted(decided, 'pair')} decided in this sitting, all saved.")
    say("Next: iimscreen status")


def _decided(desk: PairDesk) -> list[Waiting]:
    return [
        Waiting(PairVerdict(vote.key, vote.other_key, ASKED, "rule:by_hand", None, vote.verdict), False)
        for vote in desk.said_before()
    ]


def _brought_back(desk: PairDesk, left: list[Waiting], now: Waiting) -> bool:
    """Put what was undone in front of the pair shown now; whether it is another one."""
    back = None if desk.undone is None else desk.still_asked(Waiting(desk.undone, False))
    if back is None or back.question == now.question:
        return False
    left[:] = [back, *(one for one in left if one.question != back.question)]
    return True


def _answered(desk: PairDesk, one: Waiting, place: str, *, again: bool, yes: bool) -> str:
    """Ask until this pair is decided, passed over or given up: the word, "s", "undone" or "q"."""
    weighed = audit.weighed(desk.review, desk.pair(one.question))
    whole = False
    shown.question(weighed, place=place, note=_noted(one, again=again), whole=whole)
    while True:
        answer = _key(_PROMPT)
        if answer in (QUIT, "s"):
            return answer
        if answer == "?":
            _help(desk)
        elif answer == "a":
            whole = not whole
            shown.question(weighed, place=place, note=_noted(one, again=again), whole=whole)
        elif answer == "u":
            if _undo(desk, yes=yes):
                return "undone"
        elif answer in _WORDS:
            try:
                said = _say_it(desk, one, _WORDS[answer], again=again, yes=yes)
            except (InputError, ProtocolError) as error:
                say(f"{error.message} ({error.hint})", "red")
                continue
            if said is not None:
                say(in_words(said), "green")
                return said.verdict
        elif answer:
            say(f"{answer!r} is no answer here; ? shows those there are", "red")


def _noted(one: Waiting, *, again: bool) -> str:
    if again:
        return f"you said {one.question.note}"
    return "you were unsure before" if one.was_unsure else ""


def _say_it(desk: PairDesk, one: Waiting, verdict: str, *, again: bool, yes: bool) -> Said | None:
    """Store a word, after asking where it touches decisions already taken; None if it was not stored."""
    if not _goes_on(desk.foreseen(one.question, verdict, again=again), yes=yes):
        return None
    return desk.say(one.question, verdict, again=again)


def _goes_on(foreseen: Consequences, *, yes: bool) -> bool:
    if not foreseen.decisions:
        return True
    shown.consequences(foreseen)
    if yes or go_on():
        return True
    say("Nothing was changed.")
    return False


def _undo(desk: PairDesk, *, yes: bool) -> bool:
    try:
        if not _goes_on(desk.foreseen_undo(), yes=yes):
            return False
        vote = desk.undo()
    except ProtocolError as error:
        say(f"{error.message} ({error.hint})", "red")
        return False
    say(f"Undone: {vote.verdict} on {vote.key} and {vote.other_key}.")
    if desk.undone is not None and desk.still_asked(Waiting(desk.undone, False)) is None:
        say("They are no question all the same: another decision on them stands.")
    return True


def in_words(said: Said) -> str:
    """What came of a word, in a sentence."""
    pair = f"{said.key} and {said.other_key}"
    if said.state is PairState.DUPLICATE:
        return f"{pair}: one report now; kept: {said.kept}"
    if said.state is PairState.DISTINCT:
        return f"{pair}: different reports"
    if said.state is PairState.CONFLICT:
        return f"{pair}: you two differ; `iimscreen duplicates conflicts` shows it"
    return f"{pair}: {said.verdict}, noted"
