"""The report of the search as Markdown, and the list of sources for the terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from iimscreen import render
from iimscreen.appendix.parts import Appendix, Item, Part, Statement, Table, Verbatim
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.appendix.noting import Sources
    from iimscreen.store.provenance import Bringing

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$])")
_AT_START = re.compile(r"^(\s*)([-+=>]|\d+(?=[.)]))")
_TICKS = re.compile(r"`+")


def markdown(appendix: Appendix) -> str:
    """The whole appendix. What was sent stands in fences, byte for byte; all other text is escaped."""
    lines = [
        f"# Search appendix (PRISMA-S): {_escaped(appendix.title)}",
        "",
        f"Made by iimscreen {appendix.tool_version} on {appendix.made_at[:10]} {appendix.made_at[11:19]} UTC from "
        f"the review's log, which ended with row `{appendix.log_ends_with[:16]}`. Items after PRISMA-S (Rethlefsen "
        "et al. 2021, Syst Rev 10:39). Behind each statement stands where it comes from: `iimscreen search show N` "
        "prints all that is kept of search or import N.",
        "",
    ]
    if appendix.notice:
        lines += [f"> {_escaped(appendix.notice)}", ""]
    if appendix.interim:
        lines += ["**INTERIM: not final, because work is left:**", ""]
        lines += [*(f"- {_escaped(sentence)}" for sentence in appendix.interim), ""]
    for item in appendix.items:
        lines += _item(item)
    return "\n".join(lines)


def _item(item: Item) -> list[str]:
    lines = [f"## {item.number} {_escaped(item.name)}", ""]
    for part in item.parts:
        lines += [*_part(part), ""]
    if item.to_write:
        lines += [f"*To be written by the authors:* {_escaped(item.to_write)}.", ""]
    return lines


def _part(part: Part) -> list[str]:
    match part:
        case Statement(text, origin, verbatim):
            pieces = "".join(f" {_span(piece)}" for piece in verbatim)
            return [f"- {_escaped(text)}{pieces}{_from(origin)}"]
        case Verbatim(heading, text):
            return [f"{_escaped(heading)}:", "", *_fenced(text)]
        case Table(heading, columns, rows, origin):
            return [
                f"{_escaped(heading)}:{_from(origin)}",
                "",
                _row(columns),
                _row(["---"] * len(columns), escape=False),
                *map(_row, rows),
            ]


def _from(origin: str) -> str:
    return f" *(from: {_escaped(origin)})*" if origin else ""


def _row(cells: Sequence[str], *, escape: bool = True) -> str:
    return f"| {' | '.join(_escaped(cell) if escape else cell for cell in cells)} |"


def _escaped(text: str) -> str:
    """Text in which nothing is markup, on one line."""
    one_line = " ".join(render.plain(text).split()).replace("&", "&amp;")
    return _AT_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", one_line))


def _longest(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)


def _fenced(text: str) -> list[str]:
    """A block of code that holds exactly this text: its fence is longer than any in the text."""
    fence = "`" * max(3, _longest(text) + 1)
    return [f"{fence}text", text, fence]


def _span(text: str) -> str:
    """A piece of code inside a line, as exact as Markdown can be there."""
    ticks = "`" * (_longest(text) + 1)
    # A blank at both ends is taken off again, so that a text may begin or end with a backtick.
    return f"{ticks} {text} {ticks}" if "`" in text else f"{ticks}{text}{ticks}"


# --- sources and notes, in the terminal ------------------------------------------------------------


def _table(*columns: str, title: str, right: Sequence[str] = ()) -> RichTable:
    table = RichTable(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def _cell(value: object) -> Text:
    return Text(f"{value:,}" if isinstance(value, int) else render.plain(str(value)))


def sources(found: Sources, *, as_json: bool) -> None:
    """Each source with what it brought, then the notes of people."""
    if as_json:
        render.json(
            {
                "sources": [
                    {
                        "database": one.database,
                        "kind": str(one.kind),
                        "searched_at": one.searched_at,
                        "imported_at": one.imported_at,
                        "records": one.records,
                        "removed": one.removed,
                        "reports": one.reports,
                        "only_here": one.only_here,
                        "included": one.included,
                    }
                    for one in found.lines
                ],
                "notes": [
                    {
                        "number": one.number,
                        "item": one.item,
                        "source": one.source,
                        "text": one.text,
                        "done_on": one.done_on,
                        "by": one.actor,
                        "at": one.at,
                        "replaced_by": one.replaced_by,
                    }
                    for one in found.notes
                ],
            }
        )
        return
    out = render.console()
    numbers = ("records", "reports", "only here", "included")
    table = _table("source", "kind", "last asked", *numbers, title="Sources", right=numbers)
    for line in found.lines:
        asked = line.searched_at or line.imported_at or ""
        when = f"{asked[:10]} {asked[11:19]} UTC" + ("" if line.searched_at else ", imported")
        included = "–" if line.included is None else f"{line.included:,}"
        cells = (line.database, str(line.kind), when, line.records, line.reports, line.only_here, included)
        table.add_row(*map(_cell, cells))
    if found.lines:
        out.print(table)
        out.print(
            Text("reports: after duplicates; only here: those that no other source brought", style="dim")
        )
        for line in found.lines:
            if line.removed:
                some = (
                    f"{line.database}: {line.removed:,} of {counted(line.records, 'record')} removed before "
                )
                out.print(Text(render.plain(f"{some}screening; they stay so when found again"), style="dim"))
        if any(line.included is None for line in found.lines):
            out.print(Text("included: shown once the votes on all full texts are in", style="dim"))
    else:
        out.print(Text("No source was searched or imported from yet. Next: iimscreen search"))
    if not found.notes:
        out.print(Text("No notes. Add one with `iimscreen source note --item N TEXT --by NAME`."))
        return
    table = _table(
        "note", "item", "source", "done on", "by", "text", title="\nNotes (PRISMA-S)", right=("note", "item")
    )
    for one in found.notes:
        replaced = "" if one.replaced_by is None else f" (replaced by note {one.replaced_by})"
        said = (one.source or "", one.done_on or "", one.actor, one.text + replaced)
        table.add_row(*map(_cell, (one.number, one.item, *said)))
    out.print(table)


_LONGEST_ASKED = 160  # of a query in a table, whose column is narrow; strategies run to thousands


def brought(found: Sequence[Bringing], *, as_json: bool) -> None:
    """Every run that found a record, with its place there."""
    if as_json:
        render.json(
            [
                {
                    "record": one.key,
                    "database": one.database,
                    "label": one.label,
                    "text_sent": one.text_sent,
                    "position": one.position,
                    "of": one.hits,
                    "at": one.at,
                }
                for one in found
            ]
        )
        return
    table = _table("record", "source", "found by", "asked", "place", "on", title="Found by", right=("place",))
    for one in found:
        place = f"{one.position:,} of {one.hits:,}"
        asked = one.text_sent or "an imported file"
        if len(asked) > _LONGEST_ASKED:
            asked = f"{asked[: _LONGEST_ASKED - 1]}… (all of it: --json)"
        cells = (one.key, one.database, one.label, asked, place, one.at[:10])
        table.add_row(*map(_cell, cells))
    render.console().print(table)
