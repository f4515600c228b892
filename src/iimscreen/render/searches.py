"""Searches in the terminal: the list, a receipt, a replay, a comparison; the same as JSON and CSV."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iimscreen import render
from iimscreen.comparison import Comparison, Difference, Side
from iimscreen.comparison.caveats import sentences
from iimscreen.comparison.reasons import REASONS, Change, Grade
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.receipts import Entry, Named, Receipt
    from iimscreen.replay import FieldDifference, Replayed

_SHOWN = 20  # rows of a long list, before the rest is counted
_STATES = {
    "identical": "green",
    "differs": "bold red",
    "nothing kept": "yellow",
    "not finished": "yellow",
}


def _say(text: str, style: str = "", *, indent: int = 0) -> None:
    """Print a paragraph; lines that wrap stay as far in as the one before."""
    shown = Text(render.plain(text), style=style)
    render.console().print(Padding(shown, (0, 0, 0, indent), expand=False) if indent else shown)


def _moment(at: str | None) -> str:
    """A UTC moment to the second: "2026-11-23 07:12:01 UTC"."""
    return "not known" if at is None else f"{at[:10]} {at[11:19]} UTC"


def _grid(pairs: Iterable[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(f"  {name}", Text(render.plain(value)))
    return grid


# --- the list --------------------------------------------------------------------------------------


def listing(entries: Sequence[Entry], *, as_json: bool) -> None:
    """Every search with its runs, every import; numbered as they can be named.

    JSON: a list of objects with number, what (search or import), uid, at, source, database, kind,
    strategy, title, strategy_sha256, as_of, tool_version, is_abandoned, is_complete, unique, runs; and
    in each run: run, uid, label, file_name, hits, new, known, is_complete, finished_at, zone. What an
    import does not have is null.
    """
    if as_json:
        render.json([_entry_json(entry) for entry in entries])
        return
    if not entries:
        _say("Nothing was searched or imported here yet.")
        _say("Next: iimscreen search")
        return
    for entry in entries:
        _entry(entry)
    _say("One of them in full: iimscreen search show RUN, with the number or the uid of the list.", "dim")


def _entry(entry: Entry) -> None:
    search, any_run = entry.search, entry.runs[0]
    if search is None:
        head = f"{entry.number}  import of {any_run.file_name} as {any_run.database}, {_moment(any_run.begun_at)}"
    else:
        head = f"{entry.number}  {any_run.database}, strategy {search.strategy}, begun {_moment(search.at)}"
        head += f", limited to {search.as_of}" if search.as_of else ""
    _say(head, "bold")
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False)
    for column in ("run", "label", "hits", "new", "already there", "finished", "uid"):
        is_number = column in ("hits", "new", "already there")
        table.add_column(
            column, justify="right" if is_number else "left", overflow="fold", header_style="dim"
        )
    for run in entry.runs:
        result = run.result
        found = ("", "", "", "not finished")
        if result is not None:
            known = result.hits - result.new
            found = (f"{result.hits:,}", f"{result.new:,}", f"{known:,}", _moment(result.finished_at)[:16])
        cells = (entry.number_of(run), "" if search is None else run.label, *found, run.uid[:8])
        table.add_row(*(Text(render.plain(cell)) for cell in cells))
    render.console().print(table)
    if search is not None:
        note = " The search was given up." if search.is_abandoned else ""
        _say(f"   {counted(search.unique, 'record')} in all; uid {search.uid[:8]}.{note}")
    _say("")


def _entry_json(entry: Entry) -> dict[str, Any]:
    search, any_run = entry.search, entry.runs[0]
    return {
        "number": entry.number,
        "what": "import" if search is None else "search",
        "uid": search.uid if search else any_run.uid,
        "at": search.at if search else any_run.begun_at,
        "source": any_run.source,
        "database": any_run.database,
        "kind": any_run.kind,
        "strategy": search.strategy if search else None,
        "title": search.title if search else None,
        "strategy_sha256": search.strategy_sha256 if search else None,
        "as_of": search.as_of if search else None,
        "tool_version": search.tool_version if search else any_run.tool_version,
        "is_abandoned": search.is_abandoned if search else None,
        "is_complete": all(run.result is not None for run in entry.runs),
        "unique": search.unique if search else None,
        "runs": [
            {
                "run": entry.number_of(run),
                "uid": run.uid,
                "label": run.label,
                "file_name": run.file_name,
                "hits": run.result.hits if run.result else None,
                "new": run.result.new if run.result else None,
                "known": run.result.hits - run.result.new if run.result else None,
                "is_complete": run.result is not None,
                "finished_at": run.result.finished_at if run.result else None,
                "zone": run.result.zone if run.result else None,
            }
            for run in entry.runs
        ],
    }


# --- a receipt -------------------------------------------------------------------------------------


def receipts(named: Named, found: Sequence[Receipt], *, all_accessions: bool, as_json: bool) -> None:
    """Everything that is kept of a search or run.

    JSON: name, strategy_text (null for an import), unique (distinct records over these runs), and runs,
    each with the keys of `receipts.Receipt`.
    """
    search = named.entry.search
    unique = len({accession for one in found for accession in one.accessions})
    if as_json:
        render.json(
            {
                "name": named.name,
                "strategy_text": search.strategy_text if search else None,
                "unique": unique,
                "runs": [asdict(one) for one in found],
            }
        )
        return
    if search is not None:
        _say(f"{named.name}: {search.title}", "bold")
        _say(f"strategy {search.strategy}, SHA-256 {search.strategy_sha256}")
    for one in found:
        _say("")
        _receipt(one, all_accessions=all_accessions)
    if len(found) > 1:
        total = sum(one.hits or 0 for one in found)
        _say(
            f"\n{counted(total, 'hit')} in {counted(len(found), 'sub-query', 'sub-queries')}, {unique:,} unique."
        )


def _receipt(one: Receipt, *, all_accessions: bool) -> None:
    what = f"file {one.file_name}" if one.file_name else f"sub-query {one.label}"
    _say(f"{one.run}  {what}", "bold")
    out = render.console()
    out.print(_grid(_facts(one)))
    for number, reply in enumerate(one.replies[: None if all_accessions else _SHOWN], start=1):
        size = "cannot be unpacked" if reply.bytes is None else f"{reply.bytes:,} bytes"
        _say(
            f"    reply {number}: {reply.utility or 'the corpus'}, {size}, {reply.received_at[11:19]}, "
            f"SHA-256 {reply.sha256[:16]}…",
            "dim",
        )
    if len(one.replies) > _SHOWN and not all_accessions:
        _say(f"    … and {len(one.replies) - _SHOWN:,} more; --pmids or --json gives all", "dim")
    for part in one.slices:
        _say(f"part of {counted(part.hits, 'hit')}: {part.term}", "dim", indent=4)
    if one.accessions:
        _accessions(one, all_accessions=all_accessions)


def _facts(one: Receipt) -> list[tuple[str, str]]:
    """What a receipt says, line by line; a line without anything to say is left out, but for the result."""
    facts: list[tuple[str, str | None]] = [
        ("uid", one.uid),
        ("database", one.database),
        ("file read as", one.file_format),
        ("file SHA-256", one.file_sha256),
        ("as written", one.text_written),
        ("as sent", one.text_sent if one.text_sent != one.text_written else None),
    ]
    if one.text_sent is not None:
        facts.append(("read as", one.interpreted_as or "not reported by the source"))
        limit = f"[{one.date_field}] until {one.as_of} (a limit; the date of the search stands below)"
        facts.append(("limit", limit if one.date_field else "no date limit"))
    if one.is_complete:
        refused = f", {one.refused:,} refused" if one.refused else ""
        facts.append(("hits", f"{one.hits:,}: {one.new:,} new, {one.known:,} already there{refused}"))
    else:
        facts.append(("hits", "not finished: cannot know"))
    facts += [("warning", sentence) for sentence in one.warnings]
    facts += [
        ("begun", _moment(one.begun_at)),
        ("asked", _moment(one.asked_at) if one.asked_at else None),
        ("finished", _finished(one)),
        ("build", one.database_build or ("not reported" if one.text_sent else None)),
        ("tool", f"iimscreen {one.tool_version}"),
    ]
    if one.text_sent is not None:
        size = sum(reply.bytes or 0 for reply in one.replies)
        facts.append(("raw replies", f"{len(one.replies):,}, {size:,} bytes"))
    return [(name, value) for name, value in facts if value is not None]


def _finished(one: Receipt) -> str:
    if one.finished_at is None:
        return "not finished"
    if one.finished_local is None:
        return f"{_moment(one.finished_at)}; the zone of the computer was not noted"
    return f"{_moment(one.finished_at)} = {one.finished_local[11:19]} there ({one.zone})"


def _accessions(one: Receipt, *, all_accessions: bool) -> None:
    called = "PMIDs" if one.source == "pubmed" else "records"
    head = f"  {called} in the order found: "
    if all_accessions:
        _say(head, "dim")
        _say("\n".join(one.accessions))
        return
    room = render.console().width - len(head) - len("… (00,000 in all; --pmids)")
    shown: list[str] = []
    for accession in one.accessions:
        if shown and len(" ".join([*shown, accession])) > room:
            break
        shown.append(accession)
    rest = "" if len(shown) == len(one.accessions) else f" … ({len(one.accessions):,} in all; --pmids)"
    _say(head + " ".join(shown) + rest, "dim")


# --- a replay --------------------------------------------------------------------------------------


def replayed(found: Sequence[Replayed], *, as_json: bool) -> None:
    """What came of rebuilding runs from their replies.

    JSON: a list of objects with the keys of `replay.Replayed`; differences with record, field, stored
    and replayed.
    """
    if as_json:
        render.json([asdict(one) for one in found])
        return
    if not found:
        _say("Nothing was searched or imported here yet.")
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False)
    for column in ("run", "label", "records", "result"):
        table.add_column(
            column, justify="right" if column == "records" else "left", overflow="fold", header_style="dim"
        )
    for one in found:
        table.add_row(
            Text(one.run),
            Text(render.plain(one.label)),
            Text(f"{one.records:,}" if one.state in ("identical", "differs") else ""),
            Text(render.plain(_outcome(one)), style=_STATES[one.state]),
        )
    if found:
        render.console().print(table)
    for one in found:
        _listed(f"{one.run}: the review holds otherwise than the replies give", one.differences, "red")
        _listed(f"{one.run}: this version reads more, not stored then", one.reads_more, "dim")
        _listed(
            f"{one.run}: stored as an earlier run found it, and otherwise in these replies (`search compare` "
            "explains)",
            one.changed_meanwhile,
            "dim",
        )
    whys: dict[str, list[str]] = {}
    for one in found:
        if one.state in ("nothing kept", "not finished"):
            whys.setdefault(one.why, []).append(one.run)
    for why, runs in whys.items():
        named = ", ".join(runs[:5]) + (f" and {len(runs) - 5:,} more" if len(runs) > 5 else "")
        _say(f"{named}: {why}.", "yellow")
    proven = [one for one in found if one.state == "identical"]
    if proven:
        records = sum(one.records for one in proven)
        otherwise = sum(len({x.record for x in one.changed_meanwhile}) for one in proven)
        _say(
            f"{counted(len(proven), 'run')} rebuilt from stored replies, with no network: hits and order as logged, "
            f"{records - otherwise:,} of {counted(records, 'record')} identical in every field."
            + (
                f" The other {otherwise:,} stand in the review as an earlier run found them."
                if otherwise
                else ""
            )
        )


def _outcome(one: Replayed) -> str:
    outcome = f"{one.state}: {one.why}" if one.state == "differs" else one.state
    if one.reads_more:
        outcome += f"; this version reads more: {', '.join(sorted({x.field for x in one.reads_more}))}"
    if one.changed_meanwhile:
        outcome += (
            f"; {counted(len({x.record for x in one.changed_meanwhile}), 'record')} worded otherwise since"
        )
    return outcome


def _listed(head: str, differences: Sequence[FieldDifference], style: str) -> None:
    if not differences:
        return
    _say(f"{head}:", style)
    for one in differences[:_SHOWN]:
        _say(f"{one.record or 'the run'}, {one.field}: {_cut(one.stored)} | {_cut(one.replayed)}", indent=2)
    if len(differences) > _SHOWN:
        _say(f"  … and {len(differences) - _SHOWN:,} more; --json gives all")


def _cut(value: object, most: int = 60) -> str:
    text = "nothing" if value is None or value == "" else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


# --- a comparison ----------------------------------------------------------------------------------

_CSV_COLUMNS = ("record", "pmid", "doi", "difference", "reason", "grade", "detail", "title")
_STYLES = {Grade.CERTAIN: "", Grade.LIKELY: "yellow", Grade.CANNOT_KNOW: "dim"}
_HEADS = {
    Change.NEW: "New: only {second} has them",
    Change.LOST: "Lost: only {first} has them",
    Change.RETRACTED: "Retracted: the later contents say so, the earlier do not",
    Change.CHANGED: "Changed: on both sides, with other contents",
}


def comparison(found: Comparison, *, as_csv: bool, as_json: bool) -> None:
    """What differs between two sides, with reasons and their grades.

    JSON: first, second (name, source, asked_until, limit, records), same_source, counts (first, second,
    both, new, lost, retracted, changed, not_comparable), grades (certain, likely, cannot know), a
    share_cannot_know (0 to 1, null without differences), sentences, differences (record, pmid, doi,
    title, difference, reason, grade, how, detail, fields with field, first, second) and sub_queries
    (label, same_text, first_hits, second_hits, gained, lost). CSV: one row per difference.
    """
    if as_json:
        render.json(_comparison_json(found))
    elif as_csv:
        sys.stdout.write(_comparison_csv(found))
    else:
        _comparison(found)


def _comparison(found: Comparison) -> None:
    for called, side in (("first", found.first), ("second", found.second)):
        _say(f"{called}: {_described(side)}", "bold")
    numbers = ", ".join(f"{found.count(change):,} {change}" for change in Change)
    _say(f"{found.in_both:,} on both sides; {numbers}.")
    for change in Change:
        those = [one for one in found.differences if one.change is change]
        if those:
            _differences(_HEADS[change].format(first=found.first.name, second=found.second.name), those)
    moved = [one for one in found.sub_queries if one.gained or one.lost]
    if moved:
        table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False, title_justify="left")
        for column in ("sub-query", "first", "second", "gained", "lost"):
            table.add_column(column, justify="left" if column == "sub-query" else "right", header_style="dim")
        for one in moved:
            cells = (one.first_hits, one.second_hits, len(one.gained), len(one.lost))
            label = one.label if one.same_text else f"{one.label} (another text)"
            table.add_row(Text(render.plain(label)), *(f"{cell:,}" for cell in cells))
        _say("\nSub-queries that gained or lost", "bold")
        render.console().print(table)
    _say("")
    for sentence in sentences(found):
        _say(sentence)


def _described(side: Side) -> str:
    parts = [side.name]
    if side.source is not None:
        parts.append(side.source)
    parts.append(f"of {side.day}" if side.day else "date not known")
    if side.limit:
        parts.append(f"limited to {side.limit.until} [{side.limit.field}]")
    return f"{', '.join(parts)}: {counted(len(side.records), 'record')}"


def _differences(head: str, those: Sequence[Difference]) -> None:
    """One kind of difference: a table of reasons with counts, then the records, reason by reason."""
    _say(f"\n{head} ({len(those):,})", "bold")
    by_reason: dict[Any, list[Difference]] = {}  # reasons, in the order of their rank
    for one in those:
        by_reason.setdefault(one.reason, []).append(one)
    for reason in sorted(by_reason, key=list(REASONS).index):
        rule, of_it = REASONS[reason], by_reason[reason]
        _say(f"{len(of_it):,} {reason} [{rule.grade}]: {rule.how}", _STYLES[rule.grade], indent=2)
        for one in of_it[:_SHOWN]:
            title = f"  {_cut(one.title, 60)}" if one.title else ""
            detail = f"  ({_cut(one.detail, 100)})" if one.detail else ""
            _say(f"{one.record}{title}{detail}", indent=4)
        if len(of_it) > _SHOWN:
            _say(f"    … and {len(of_it) - _SHOWN:,} more; --csv or --json gives all", "dim")


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "source": side.source,
        "asked_until": side.asked_until,
        "limit": asdict(side.limit) if side.limit else None,
        "records": len(side.records),
    }


def _comparison_json(found: Comparison) -> dict[str, Any]:
    return {
        "first": _side_json(found.first),
        "second": _side_json(found.second),
        "same_source": found.same_source,
        "counts": {
            "first": len(found.first.records),
            "second": len(found.second.records),
            "both": found.in_both,
            **{str(change): found.count(change) for change in Change},
            "not_comparable": found.not_comparable,
        },
        "grades": {str(grade): count for grade, count in found.grades().items()},
        "share_cannot_know": found.share_cannot_know,
        "sentences": sentences(found),
        "differences": [
            {
                "record": one.record,
                "pmid": one.pmid,
                "doi": one.doi,
                "title": one.title,
                "difference": one.change,
                "reason": one.reason,
                "grade": one.grade,
                "how": REASONS[one.reason].how,
                "detail": one.detail,
                "fields": [asdict(change) for change in one.fields],
            }
            for one in found.differences
        ],
        "sub_queries": [asdict(one) for one in found.sub_queries],
    }


def _comparison_csv(found: Comparison) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for one in found.differences:
        cells = (one.record, one.pmid, one.doi, one.change, one.reason, one.grade, one.detail, one.title)
        writer.writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(value: object) -> str:
    """A cell on one line, which no spreadsheet takes for a formula."""
    text = " ".join(render.plain("" if value is None else str(value)).split())
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
