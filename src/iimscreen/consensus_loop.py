"""The plain question-and-answer loop of `extract resolve`: difference after difference, each answer saved at once."""

from __future__ import annotations

from iimscreen import render
from iimscreen.consensus.resolving import DROP, KEEP, Table, Word
from iimscreen.errors import InputError, ProtocolError, ReviewError
from iimscreen.forms.consensus import Both, Consensus, Row
from iimscreen.loop import QUIT, say
from iimscreen.render import consensus as shown
from iimscreen.wording import counted

_SKIP = "s"


def resolve(table: Table, study: str) -> None:
    """Go through what differs in one study, both values with their quotes."""
    seen: set[tuple[str, ...]] = set()
    settled = 0
    found = table.consensus(study)
    left = len(found.conflicts) + len(found.alone)
    if not left:
        say(f"Nothing to resolve in {study or 'the review'}.")
        return
    say(f"{counted(left, 'difference')} to resolve, by {' and '.join(table.names)}.", "bold")
    while True:
        # Anew after each: a word on a row, or on a field that others hang on, changes what differs.
        found = table.consensus(study)
        rows = [row for row in found.alone if _of_row(row) not in seen]
        cells = [(row, both) for row, both in found.conflicts if _of_cell(row, both) not in seen]
        if rows:
            seen.add(_of_row(rows[0]))
            answer = _row(table, study, found, rows[0])
        elif cells:
            seen.add(_of_cell(*cells[0]))
            answer = _cell(table, study, found, *cells[0])
        else:
            break
        if answer == QUIT:
            break
        settled += answer != _SKIP
    say(f"{counted(settled, 'difference')} settled, all saved.")
    say("Next: iimscreen extract status")


def _of_row(row: Row) -> tuple[str, ...]:
    return tuple(f"{name}:{theirs}" for name, theirs in sorted(row.rows.items()))


def _of_cell(row: Row, both: Both) -> tuple[str, ...]:
    return (*_of_row(row), both.field)


def _line(prompt: str) -> str | None:
    """One line as it was typed; None at the end of the input."""
    say(prompt, "bold")
    try:
        return input("> ").strip()
    except EOFError:
        return None


def _letter(prompt: str) -> str:
    line = _line(prompt)
    return QUIT if line is None else line.lower()


def _cell(table: Table, study: str, found: Consensus, row: Row, both: Both) -> str:
    """Ask until one cell is settled, skipped or given up."""
    render.console().rule()
    first, *rest = shown.conflict(row, both, found.names)
    say(render.plain(first), "bold")
    for line in rest:
        say(render.plain(line))
    by_letter = dict(zip("ab", found.names, strict=False))
    takes = ", ".join(f"{letter} {name}'s" for letter, name in by_letter.items())
    while True:
        answer = _letter(f"{takes}, t a third value, s skip, q quit")
        if answer in (QUIT, _SKIP):
            return answer
        if answer in by_letter:
            word = Word(row=row.row, field=both.field, take=by_letter[answer], reason="")
        elif answer == "t":
            value, reason = _line("The value, or NR, NA, UN or AS"), _line("Why")
            if value is None or reason is None:
                return QUIT
            word = Word(row=row.row, field=both.field, value=value, reason=reason)
        else:
            say(f"{answer!r} is no answer here", "red")
            continue
        if _saved(table, study, word):
            return "settled"


def _row(table: Table, study: str, found: Consensus, row: Row) -> str:
    """Ask until a row that one alone has is settled, skipped or given up."""
    render.console().rule()
    say(render.plain(shown.alone(row)), "bold")
    for both in row.cells:
        if both.final is not None:
            say(render.plain(f"    {both.field}: {shown.said(both.final)}"))
    ((name, theirs),) = row.rows.items()
    others = [one for one in found.alone if one.level == row.level and name not in one.rows]
    if others:
        say(render.plain(f"    without a counterpart, too: {'; '.join(map(shown.alone, others))}"))
    while True:
        answer = _letter("k keep it, d drop it, p it is one with another, s skip, q quit")
        if answer in (QUIT, _SKIP):
            return answer
        if answer not in ("k", "d", "p"):
            say(f"{answer!r} is no answer here", "red")
            continue
        asked = ""
        if answer != "k":
            other = next((n for n in found.names if n != name), "bob")
            line = _line("Why" if answer == "d" else f"Which row, such as {other}:{theirs}")
            if line is None:
                return QUIT
            asked = line
        if answer == "p":
            is_saved = _paired(table, study, f"{name}:{theirs}", asked)
        else:
            take = KEEP if answer == "k" else DROP
            is_saved = _saved(table, study, Word(row=row.row, take=take, reason=asked))
        if is_saved:
            return "settled"


def _saved(table: Table, study: str, word: Word) -> bool:
    try:
        say(render.plain(table.settle(study, word)))
    # ReviewError: others hold the file, or the disk is full. It is asked again.
    except (InputError, ProtocolError, ReviewError) as error:
        say(render.plain(f"{error.message} ({error.hint})"), "red")
        return False
    return True


def _paired(table: Table, study: str, one: str, other: str) -> bool:
    try:
        table.pair(study, one, other)
    except (InputError, ProtocolError, ReviewError) as error:
        say(render.plain(f"{error.message} ({error.hint})"), "red")
        return False
    say(render.plain(f"{one} and {other} are one row."))
    return True
