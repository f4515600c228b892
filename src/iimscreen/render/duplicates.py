"""How pairs, groups and reports of duplicates look in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from iimscreen.render import _row, _say, _table, cite, console, named, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.asking import Pair
    from iimscreen.duplicate_audit import Group


def listing(asked: Sequence[Pair], groups: Sequence[Group]) -> None:
    """Pairs to decide, then groups with the record kept first."""
    if asked:
        _say("Is this one report, or two?", "bold")
    for pair in asked:
        score = "" if pair.score is None else f", score {pair.score:.0f}"
        _say(f"\n{pair.rule.removeprefix('rule:')}{score}", "yellow")
        for record in (pair.record, pair.other):
            _say(f"  {plain(named(record))}  {plain(record.record.title)}")
            _say(f"    {plain(cite(record.record))}", "dim")
        _say(f"  iimscreen duplicates split {pair.record.key} {pair.other.key} --by NAME   (two)")
        _say(f"  iimscreen duplicates merge {pair.record.key} {pair.other.key} --by NAME   (one)")
    if not asked:
        _say("No pair waits for a person.")
    if groups:
        table = _table(
            "record", "title", "merged by", title=f"\n{counted(len(groups), 'group')} of duplicates"
        )
        for group in groups:
            _row(table, f"{named(group.kept)}, kept", group.kept.record.title or "", "")
            for other, verdict in group.others:
                why = "a chain of merges" if verdict is None else verdict.decided_by
                if verdict is not None and verdict.score is not None:
                    why += f" {verdict.score:.0f}"
                _row(table, f"  {named(other)}", other.record.title or "", why)
            table.add_section()
        console().print(table)
