"""Numbers and the rows behind them, for the terminal and as JSON; and the way of one record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.text import Text

from iimscreen import render
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.model import Behind, Number
    from iimscreen.numbers.way import Way

MOST = 50  # rows of a number that a terminal gets unasked; a pipe gets all


def _say(text: str, style: str = "") -> None:
    render.console().print(Text(render.plain(text), style=style))


def _line(text: str, style: str = "") -> None:
    """One line that is not folded, so that a pipe can search in it."""
    render.console().print(Text(render.plain(text), style=style), soft_wrap=True)


# --- several numbers -------------------------------------------------------------------------------


def listing(found: Sequence[Number], *, as_json: bool, title: str) -> None:
    """Names with values, by family; where they were asked for by value or family, with their definitions."""
    if as_json:
        render.json([_as_json(one) for one in found])
        return
    width = max(len(one.name) for one in found)
    family = ""
    lines: list[str] = []
    for one in found:
        begins = one.name.partition(".")[0]
        if begins != family:
            lines += [""] * bool(family) + [begins]
            family = begins
        said = one.definition if title else ""
        closed = f"  ({one.why_not})" if one.value is None else ""
        lines.append(f"  {one.name:<{width}}  {one.text:>8}  {said}{closed}".rstrip())
    # Written at once: line by line takes rich 2 s for a thousand.
    sys.stdout.write("".join(f"{render.plain(line)}\n" for line in lines))
    _interim(found)
    _say(f"{counted(len(found), 'number')}; `iimscreen why NAME` prints the rows behind one", "dim")


def _interim(found: Sequence[Number]) -> None:
    for sentence in dict.fromkeys(one.interim for one in found if one.interim):
        _say(f"interim: {sentence}", "yellow")


def _as_json(one: Number) -> dict[str, object]:
    told = asdict(one)
    for name in ("rows", "notes", "words"):
        del told[name]
    return {**told, "text": one.text, "is_at_least": one.is_at_least, "rows": len(one.rows)}


# --- one number ------------------------------------------------------------------------------------


def number(one: Number, rows: Sequence[Behind], *, as_json: bool, everything: bool) -> None:
    """A number with what it is, how it comes about, and the rows behind it."""
    if as_json:
        render.json({**_as_json(one), "rows": [row._asdict() for row in rows]})
        return
    _say(f"{one.name} = {one.text}", "bold")
    _say(one.definition)
    if one.derived:
        _say(f"counted: {one.derived}", "dim")
    if one.why_not:
        _say(f"not known: {one.why_not}", "yellow")
    _interim([one])
    most = MOST if not everything and render.console().is_terminal else len(rows)
    width = len(f"{len(rows):,}")
    lines = []
    for place, row in enumerate(rows[:most], 1):
        head = row.key if row.text in ("", row.key) else f"{row.key}  {row.text}"
        lines.append(f"{place:>{width},}  {render.plain(head)}")
        if row.note:
            lines.append(f"{'':>{width}}    – {render.plain(row.note)}")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if len(rows) > most:
        _say(f"… {len(rows) - most:,} more: --all prints them, --csv FILE writes them", "dim")


# --- one record ------------------------------------------------------------------------------------


def way(found: Way, *, as_json: bool) -> None:
    """The way of one record through the review."""
    if as_json:
        told = {"record": found.record.key, "citation": found.citation, "report": found.report}
        steps = [asdict(step) for step in found.steps]
        render.json({**told, "steps": steps, "numbers": list(found.numbers)})
        return
    _say(f"{render.named(found.record)}, {found.record.database}", "bold")
    _say(found.citation)
    for step in found.steps:
        at = step.at[:10] or " " * 10
        _line(f"  {at}  {step.what:<10}  {step.says}")
    _line(f"behind: {', '.join(found.numbers) or 'no number of the flow'}", "dim")
