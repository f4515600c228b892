"""How returned values look in the terminal: tables, the flow, progress, JSON. Computes nothing.

Whatever came from a source is shown as text: no markup, no control characters.
"""

from __future__ import annotations

import io
import json as json_module
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from iimscreen import diagram, prisma_text
from iimscreen.flow import Flow
from iimscreen.model import Kind, Record, StoredRecord
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.dedupe import DedupeOutcome
    from iimscreen.demo import DemoOutcome
    from iimscreen.formats import Layout
    from iimscreen.importing import ImportOutcome
    from iimscreen.logbook import LogView
    from iimscreen.report import Status
    from iimscreen.resolving import Conflict
    from iimscreen.store.runs import Search


class _Console(Console):
    """Rich's console, but a closed pipe is an error to be told, where rich exits with 1 by itself."""

    def on_broken_pipe(self) -> None:
        """Called by rich while it handles a BrokenPipeError."""
        raise


def console() -> Console:
    """A console on the present stdout (tests replace it), 100 columns wide where there is no terminal."""
    out = _Console(highlight=False)
    return out if out.is_terminal else _Console(highlight=False, width=max(out.width, 100))


# They shape or part words (a joiner in Persian, a soft hyphen) and cannot steer a terminal.
_HARMLESS = frozenset("\n\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")


def plain(text: str | None) -> str:
    """Text of a source with control characters made visible, so that it cannot steer the terminal.

    Every kind of space becomes a plain one.
    """
    return "".join(
        c if c.isprintable() or c in _HARMLESS else " " if unicodedata.category(c) == "Zs" else "�"
        for c in text or ""
    )


def json(value: object) -> None:
    """Print JSON, as it is, however narrow the terminal."""
    sys.stdout.write(json_module.dumps(value, indent=2, ensure_ascii=False, default=_as_plain) + "\n")


def _as_plain(value: Any) -> Any:  # whatever json cannot write itself
    return sorted(value) if isinstance(value, frozenset | set) else str(value)


def _table(*columns: str, title: str | None = None, right: Sequence[str] = ()) -> Table:
    heading = None if title is None else Text(plain(title), style="table.title")  # a name is no markup
    table = Table(title=heading, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def _row(table: Table, *cells: object) -> None:
    table.add_row(*(Text(f"{c:,}" if isinstance(c, int) else plain(str(c))) for c in cells))


def _say(text: str, style: str = "") -> None:
    console().print(Text(text, style=style))


# What `search` gives a record whose source states no accession number: a hash of its content.
_CONTENT_HASH = re.compile(r"(sha256-)?[0-9a-f]{16}(-\d+)?")


def named(stored: StoredRecord) -> str:
    """A record's key, and beside a key that only a machine can read the identifier in its export."""
    _, _, accession = stored.key.partition(":")
    if stored.record.source_id and _CONTENT_HASH.fullmatch(accession):
        return f"{stored.key} ({stored.record.source_id})"
    return stored.key


def cite(record: Record) -> str:
    """One line: authors, year, journal, volume and pages, as far as stated."""
    names = ", ".join(str(author) for author in record.authors[:2])
    if len(record.authors) > 2:
        names = f"{record.authors[0]} et al"
    place = " ".join(filter(None, [record.journal_abbreviation or record.journal, record.volume]))
    if record.pages:
        place += f":{record.pages}"
    parts = [names, str(record.year or "year not stated"), place]
    return ". ".join(part.removesuffix(".") for part in parts if part)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per sub-query, on stderr and only where someone watches."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    tasks: dict[str, Any] = {}  # rich's task ids
    with bar:

        def on_progress(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = bar.add_task(label, total=total)
            bar.update(tasks[label], completed=done, total=total)

        yield on_progress


# --- records come in -------------------------------------------------------------------------------


def search(found: Search) -> None:
    """A search: a line per sub-query, then total and unique."""
    table = _table(
        "sub-query",
        "query",
        "hits",
        "new",
        "already there",
        title=f"{found.database}, strategy {found.strategy}"
        + (f", records that entered until {found.as_of}" if found.as_of else ""),
        right=("hits", "new", "already there"),
    )
    for result in found.results:
        _row(table, result.label, _short(result.query), result.hits, result.new, result.known)
    table.add_section()
    total = [sum(getattr(r, name) for r in found.results) for name in ("hits", "new", "known")]
    _row(table, "total", "", *total)
    _row(table, "unique", "", found.unique, "", "")
    console().print(table)
    said: dict[str, list[str]] = {}
    for result in found.results:
        for sentence in result.warnings:
            said.setdefault(sentence, []).append(result.label)
    for sentence, labels in said.items():
        where = ", ".join(labels) if len(labels) <= 3 else f"{len(labels):,} sub-queries"
        _say(f"{where}: {plain(sentence)}", "yellow")
    if not found.is_complete:
        _say("This search is not complete.", "bold red")


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def imports(outcomes: Sequence[ImportOutcome], *, as_json: bool = False) -> None:
    """Imported files: read = new + already there + refused, and what their records lack."""
    if as_json:
        json([_imported(one) for one in outcomes])
        return
    several = len({one.database for one in outcomes}) > 1
    numbers = ("read", "new", "already there", "refused")
    table = _table(
        "file",
        *(("database",) if several else ()),
        "format",
        *numbers,
        title=None if several else f"{outcomes[0].database} ({outcomes[0].kind})",
        right=numbers,
    )
    facts = ("title", "abstract", "year", "DOI", "authors")
    without = _table("without", *(("",) if several else ()), *facts, right=facts)
    for one in outcomes:
        database = (one.database,) if several else ()
        _row(table, one.file_name, *database, one.format, one.read, one.new, one.known, len(one.refused))
        lacking = one.lacking
        _row(
            without,
            one.file_name,
            *database,
            lacking.title,
            lacking.abstract,
            lacking.year,
            lacking.doi,
            lacking.authors,
        )
    console().print(table)
    console().print(without)
    for one in outcomes:
        _say_of_file(one)


def _say_of_file(one: ImportOutcome, most: int = 10) -> None:
    if one.encoding.codec != "utf-8":
        _say(_encoding(one), "yellow" if one.encoding.is_guess else "")
    if one.was_done:
        _say(f"{one.file_name} was imported before, byte for byte; nothing was stored.")
    if one.deleted:
        _say(_deletions(one), "yellow" if one.deleted_but_held else "")
    if one.layout is not None and not one.was_done:
        _layout(one.file_name, one.layout)
    for remark in one.remarks:
        _say(f"{one.file_name}: {plain(remark)}.", "yellow")
    for refusal in one.refused[:most]:
        _say(f"{one.file_name}, line {refusal.line}: refused: {plain(refusal.cause)}", "yellow")
    if len(one.refused) > most:
        _say(f"{one.file_name}: {len(one.refused) - most:,} more refused; --json lists all.", "yellow")


def _layout(file_name: str, layout: Layout) -> None:
    """What became of each column, so that a wrong guess is seen."""
    fields: dict[str, list[str]] = {}
    for header, name in layout.columns:
        fields.setdefault(name, []).append(header)
    read = "; ".join(f"{name} = {' + '.join(headers)}" for name, headers in fields.items())
    _say(f"{file_name}: columns read: {plain(read)}.")
    if layout.unread:
        _say(f"{file_name}: columns not read: {plain(', '.join(layout.unread))}.")
    _say(
        "If one is wrong, import the file into a new review with --column FIELD=HEADER (--column FIELD= leaves a "
        "field out); --dry-run shows this before anything is stored.",
        "dim",
    )


def _encoding(one: ImportOutcome) -> str:
    encoding = one.encoding
    if not encoding.is_guess:
        return f"{one.file_name} was read as {encoding.name}."
    sample = f" ({plain(encoding.sample)})" if encoding.sample else ""
    return (
        f"{one.file_name} is not UTF-8; it was read as {encoding.name}{sample}, which is a guess. If names look "
        "wrong, name the encoding with --encoding, in a new review; --dry-run shows this before anything is stored."
    )


def _imported(one: ImportOutcome) -> dict[str, object]:
    return {
        "file": one.file_name,
        "database": one.database,
        "kind": one.kind,
        "format": one.format,
        "encoding": one.encoding.name,
        "encoding_is_guess": one.encoding.is_guess,
        "read": one.read,
        "new": one.new,
        "already_there": one.known,
        "refused": [asdict(refusal) for refusal in one.refused],
        "without": asdict(one.lacking),
        "imported_before": one.was_done,
        "deleted": one.deleted,
        "deleted_but_held": one.deleted_but_held,
        "columns": {
            "read": [{"header": header, "field": name} for header, name in one.layout.columns],
            "not_read": one.layout.unread,
        }
        if one.layout is not None
        else None,
        "remarks": one.remarks,
    }


def _deletions(one: ImportOutcome, most: int = 10) -> str:
    held = one.deleted_but_held
    reported = f"{one.file_name} reports {counted(one.deleted, 'PMID')} as deleted from PubMed"
    if not held:
        return f"{reported}; no record of this review carries {'it' if one.deleted == 1 else 'any of them'}."
    more = f" and {len(held) - most:,} more" if len(held) > most else ""
    carry = (
        "1 record of this review carries" if len(held) == 1 else f"{len(held):,} records of this review carry"
    )
    which = "it" if one.deleted == 1 else "one of them"
    stays = "It stays" if len(held) == 1 else "They stay"
    return f"{reported}; {carry} {which}: {', '.join(held[:most])}{more}. {stays}; nothing is removed."


def dedupe(outcome: DedupeOutcome, bands: str) -> None:
    """What deduplication found."""
    if outcome.compared == outcome.records:
        _say(f"{counted(outcome.records, 'record')} compared ({bands}).")
    else:
        _say(f"{counted(outcome.compared, 'new record')} compared with all {outcome.records:,} ({bands}).")
    table = _table("merged by", "pairs", right=("pairs",))
    for rule, count in outcome.rules:
        _row(table, rule, count)
    if outcome.rules:
        console().print(table)
    _say(
        f"Merged in this run: {counted(outcome.merged_now, 'pair')}. Reports left: {outcome.reports:,}.",
        "bold",
    )
    if outcome.linked:
        _say(
            f"Linked as reports of one study (a preprint and its article): {counted(outcome.linked, 'pair')}."
        )
    if outcome.asked:
        _say(
            f"{counted(outcome.asked, 'pair')} {'waits' if outcome.asked == 1 else 'wait'} for a person.",
            "yellow",
        )
        _say("Next: iimscreen duplicates")
    else:
        _say("Next: iimscreen screen --reviewer NAME")


# --- reviewers -------------------------------------------------------------------------------------


def record(stored: StoredRecord, *, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
    """One record to be judged, with the protocol's terms marked (bold for, underlined against)."""
    out, facts = console(), stored.record
    title = Text(plain(facts.title) or "no title stated", style="bold")
    _mark(title, include, exclude)
    out.print(title)
    _say(plain(cite(facts)), "dim")
    identifiers = [named(stored)]
    identifiers += [f"pmid:{facts.pmid}"] if facts.pmid else []
    identifiers += [f"doi:{facts.doi}"] if facts.doi else []
    identifiers += list(facts.publication_types)
    if stored.kind is Kind.REGISTER and facts.citation_status:
        identifiers.append(f"status: {facts.citation_status}")  # an ongoing study has a verdict of its own
    _say(plain("  ".join([stored.database, *identifiers])), "dim")
    if any("retract" in link.kind.lower() for link in facts.links) or any(
        "retract" in kind.lower() for kind in facts.publication_types
    ):
        _say("RETRACTED, or a notice of retraction: look at its links.", "bold red")
    abstract = Text(plain(facts.abstract) or "No abstract stated by the source.")
    _mark(abstract, include, exclude)
    out.print()
    out.print(abstract)


def _mark(text: Text, include: Sequence[str], exclude: Sequence[str]) -> None:
    for terms, style in ((include, "bold green"), (exclude, "underline red")):
        text.highlight_words([term for term in terms if term.strip()], style, case_sensitive=False)


def conflicts(found: Sequence[tuple[str, Sequence[Conflict]]], *, as_json: bool) -> None:
    """Conflicts per stage, with both votes."""
    if as_json:
        json(
            [
                {
                    "stage": stage,
                    "record": one.record.key,
                    "title": one.record.record.title,
                    "kind": "reason" if one.outcome.reason_is_proposed else "eligibility",
                    "proposed_reason": one.outcome.reason,
                    "votes": [
                        {"reviewer": v.names[0], "verdict": v.verdict, "reason": v.reason, "note": v.note}
                        for v in one.votes
                    ],
                }
                for stage, conflicts_there in found
                for one in conflicts_there
            ]
        )
        return
    for stage, conflicts_there in found:
        if not conflicts_there:
            _say(f"{stage}: nothing to resolve.")
            continue
        _say(f"{stage}: {len(conflicts_there):,} to resolve", "bold")
        # Line by line: a table of 5,000 takes rich 3 s.
        out = console()
        for one in conflicts_there:
            title = plain(one.record.record.title) or "(no title)"
            out.print(Text(f"{plain(named(one.record))}  {title}"), soft_wrap=True)
            votes = "; ".join(
                f"{v.names[0]}: {v.verdict}" + (f" ({v.reason})" if v.reason else "") for v in one.votes
            )
            todo = f"; to confirm: reason {one.outcome.reason}" if one.outcome.reason_is_proposed else ""
            out.print(Text(f"    {plain(votes)}{todo}", style="dim"), soft_wrap=True)


# --- report --------------------------------------------------------------------------


def record_list(keys: Sequence[str], found: Sequence[StoredRecord], *, as_json: bool) -> None:
    """The records behind one number."""
    by_key = {one.key: one for one in found}
    if as_json:
        json([{"record": key, "title": by_key[key].record.title if key in by_key else None} for key in keys])
        return
    table = _table("record", "title", "", title=counted(len(keys), "record"))
    for key in keys:
        known = by_key.get(key)
        if known is None:
            _row(table, key, "", "")
        else:
            _row(table, named(known), known.record.title or "", cite(known.record))
    console().print(table)


def status(found: Status, *, rules: bool, as_json: bool) -> None:
    """What is left, for whom, and what to type next; the rules of each stage where asked for."""
    if as_json:
        json(asdict(found))
        return
    _say(found.title, "bold")
    removed = f" ({found.removed:,} removed before screening)" if found.removed else ""
    _say(
        f"{counted(found.records, 'record')}{removed}, {counted(found.reports, 'report')} after deduplication"
    )
    for stage in found.stages:
        if stage.pool is None:
            _say(f"{stage.stage}: not begun")
            continue
        left = (
            ", ".join(f"{name} {count:,} left" for name, count in stage.waiting.items()) or "nobody has begun"
        )
        conflicts_there = found.conflicts[stage.stage]
        open_ones = "blind" if conflicts_there is None else f"{conflicts_there:,} to resolve"
        _say(f"{stage.stage}: {stage.pool:,} to judge; {left}; {open_ones}")
    for one in found.rounds:
        if not one.is_closed:
            left = ", ".join(f"{name} {count:,} left" for name, count in one.waiting.items() if count)
            _say(f"{one.round.name}: {counted(one.records, 'record')}; {left or 'nobody has begun'}; blind")
    for rule in found.rules if rules else ():
        _say(f"rule: {rule}", "dim")
    for sentence in found.missing:
        _say(f"open: {sentence}", "yellow")
    if found.without_study:
        have = "has no study yet: it counts" if found.without_study == 1 else "have no study yet: each counts"
        _say(f"{counted(found.without_study, 'included report')} {have} as one study")
    _say(f"Next: {found.next_command}", "bold")


def log(view: LogView, *, as_json: bool) -> None:
    """The log, oldest first; times in this machine's zone, UTC in JSON."""
    if as_json:
        lines = [asdict(line) for line in view.lines]
        json({"lines": lines, "hidden": view.hidden, "hides_values": view.hides_values})
        return
    import datetime as dt

    for line in view.lines:
        local = dt.datetime.fromisoformat(line.at).astimezone()
        number = "" if line.id is None else line.id
        _say(f"{number:>5}  {local:%Y-%m-%d %H:%M:%S %Z}  {plain(line.actor)}  {plain(line.text)}")
    if view.hidden:
        _say(f"Not shown: {counted(view.hidden, 'vote')} of blind rounds.", "yellow")
    if view.hides_values:
        _say("Not shown: extracted values of studies that are not open.", "yellow")


def prisma(flow: Flow) -> None:
    """The PRISMA 2020 flow, drawn."""
    prisma_text.draw(console(), diagram.of_flow(flow))


def as_text(made: diagram.Diagram, width: int) -> str:
    """The same drawing as a text of so many columns, without colours."""
    written = io.StringIO()
    prisma_text.draw(Console(file=written, width=width, color_system=None), made)
    return written.getvalue()


# --- demo ------------------------------------------------------------------------------------------

MOST_AUDITED = 14  # findings that the demo prints


def step(text: str) -> None:
    """One step of the demo, as it begins."""
    _say(f"\n{text}", "bold")


def demo(outcome: DemoOutcome) -> None:
    """The end of the demo: recall, the flow, and what to type next."""
    _say("\nKnown items: which of the 41 published papers each strategy finds in the bundled corpus", "bold")
    table = _table("strategy", "found", "of", "recall", right=("found", "of", "recall"))
    for recall in outcome.recalls:
        _row(table, recall.strategy, recall.found, recall.known, f"{100 * recall.found / recall.known:.0f}%")
    console().print(table)
    for caveat in outcome.caveats:
        _say(f"  {caveat}", "dim")
    prisma(outcome.flow)
    _say(f"\n{outcome.stamp}", "bold yellow")
    for sentence in outcome.remarks:
        _say(sentence)
    _demo_audit(outcome)
    _say("\nWhat to type next:", "bold")
    for command, meaning in outcome.next_commands:
        _say(f"  {command:<50} {meaning}")


def _demo_audit(outcome: DemoOutcome) -> None:
    from iimscreen.auditing import in_words
    from iimscreen.render import audit

    found = outcome.extraction.audit
    _say(f"\nAudit of what was extracted: {in_words(found)}", "bold")
    audit.brief(found, most=MOST_AUDITED)
