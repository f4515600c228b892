"""A filled or checked manuscript in the terminal."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from iimscreen.render import _row, _say, _table, console, json, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.manuscripts import Checked, Filled, Finding

_MOST = 20


def filled(made: Filled, out: Path, kept: Path | None) -> None:
    """What was written, and which numbers are other ones than before."""
    if kept is not None:
        _say(f"Filled {plain(str(out))} in place; as it was: {plain(str(kept))}", "bold")
    else:
        _say(f"Filled {counted(made.tags, 'number')}: {plain(str(out))}", "bold")
    again = [(tag, now) for tag, now in made.changed if tag.printed is not None]
    for tag, now in again[:_MOST]:
        _say(plain(f"  {tag.where}: {tag.asks} was {tag.printed}, now {now}"))
    if len(again) > _MOST:
        _say(f"  and {len(again) - _MOST:,} more")
    for sentence in made.interim:
        _say(f"interim: {plain(sentence)}", "yellow")


def checked(found: Checked, *, as_json: bool) -> None:
    """Each tag with its verdict, or all of it as JSON."""
    if as_json:
        json({**asdict(found), "faults": found.faults})
        return
    table = _table("where", "number", "printed", "now", "")
    for one in found.findings:
        _row(table, one.where, one.asks, one.printed or "", one.now, _verdict(one))
    console().print(table)
    for one in found.findings:
        if one.since is not None:
            _say(plain(f"{one.where}: since {one.since.in_words}"))
        elif one.why:
            _say(plain(f"{one.where}: {one.why}"))
    for remark in found.remarks:
        _say(plain(remark), "yellow")
    if not found.faults:
        many = len(found.findings)
        _say(f"{counted(many, 'number')}: {'it holds' if many == 1 else 'all hold'}.", "bold")


def _verdict(one: Finding) -> str:
    is_marked = one.verdict == "holds" and one.why
    return f"{one.verdict}, interim" if is_marked else str(one.verdict)
