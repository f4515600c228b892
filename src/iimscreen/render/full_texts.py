"""How full texts look: reports sought, files, their text, words found in it, and reports excluded."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from iimscreen import render
from iimscreen.model import StoredRecord
from iimscreen.render import console, named, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.fulltext import Sought
    from iimscreen.fulltext.attaching import Attached
    from iimscreen.fulltext.excluded import Excluded
    from iimscreen.fulltext.fetching import Answered, Wanted
    from iimscreen.fulltext.reading import FileText, Hit
    from iimscreen.store.report_notes import ReportNote

_MANY = {"attempt": "attempts", "contact": "authors asked", "answer": "answers"}


def sought(found: Sequence[Sought], *, as_json: bool) -> None:
    """Reports sought and what became of them."""
    if as_json:
        render.json([_as_dict(one) for one in found])
        return
    table = render._table(
        "no.", "report", "title", "outcome", title=f"{counted(len(found), 'report')} sought for retrieval"
    )
    for one in found:
        title = one.record.record.title or ""
        render._row(table, one.record.id, named(one.record), title, "; ".join(_outcome(one)))
    console().print(table)


def _outcome(one: Sought) -> Iterator[str]:
    mark = one.retrieval
    if mark is None:
        yield "to be marked"
    elif mark.outcome == "retrieved":
        files = [file.file_name for file in one.files]
        yield f"retrieved: {', '.join(files)}" if files else "retrieved"
    else:
        yield f"not retrieved: {mark.reason}" if mark.reason else "not retrieved"
    for item in ("attempt", "contact", "answer"):
        if noted := one.noted(item):
            yield f"{len(noted):,} {item if len(noted) == 1 and item != 'contact' else _MANY[item]}"
    if language := one.last("language"):
        translator = one.last("translator")
        yield f"in {language}" + (f", translated by {translator}" if translator else "")


def _as_dict(one: Sought) -> dict[str, Any]:
    mark = one.retrieval
    return {
        "record": one.record.key,
        "title": one.record.record.title,
        "outcome": mark.outcome if mark is not None else None,
        "reason": mark.reason if mark is not None else None,
        "files": [
            {
                "name": file.file_name,
                "format": file.format,
                "sha256": file.sha256,
                "bytes": file.bytes or None,
                "origin": file.origin,
                "place": file.place,
                "by": file.by,
                "at": file.at,
            }
            for file in one.files
        ],
        "language": one.last("language") or None,
        "translator": one.last("translator") or None,
        "attempts": [_note_as_dict(note) for note in one.noted("attempt")],
        "contacts": [_note_as_dict(note) for note in one.noted("contact")],
        "answers": [_note_as_dict(note) for note in one.noted("answer")],
    }


def _note_as_dict(note: ReportNote) -> dict[str, Any]:
    return {"text": note.text, "on": note.done_on, "by": note.by, "at": note.at}


def marked(records: Sequence[StoredRecord], outcome: str) -> None:
    """Which reports were marked; by name where they are few."""
    if len(records) <= 5:
        for one in records:
            render._say(f"{named(one)}  {plain(one.record.title)}")
    render._say(f"{counted(len(records), 'report')} marked as {outcome}.")


def attached(one: Attached) -> None:
    """What came of attaching files; what a person should know of them goes to stderr."""
    if one.new:
        render._say(f"{one.key}: {', '.join(one.new)} attached" + (", retrieved." if one.is_marked else "."))
    if one.known:
        render._say(f"{one.key}: {', '.join(one.known)} is attached already; nothing to do.")
    for note in one.notes:
        sys.stderr.write(f"Note: {plain(note)}.\n")


def answered(one: Answered) -> None:
    """What PubMed Central gave for one report."""
    render._say(f"{one.key}: {one.why_not or f'full text of {one.pmcid} stored'}.")


def fetched(asked: Wanted, stored: int) -> None:
    """What came of all that was asked, and what was passed over."""
    render._say(
        f"{counted(stored, 'full text')} stored, of {counted(len(asked.pmcids), 'report')} asked for."
    )
    for count, why in (
        (asked.present, "whose text is there already"),
        (asked.refused, "not given before (name one with --report to ask again)"),
        (asked.without, "without a PMCID"),
    ):
        if count:
            render._say(f"Passed over: {counted(count, 'report')} {why}.")


def text(found: Sequence[FileText]) -> None:
    """The text of a report, file by file and page by page."""
    out = console()
    for one in found:
        out.print(Text(plain(f"=== {one.file.file_name}"), style="bold"), soft_wrap=True)
        if one.trouble:
            out.print(Text(plain(one.trouble)), soft_wrap=True)
        for page in one.pages:
            if page.label:
                out.print(Text(plain(f"--- {_place(page.label)}"), style="dim"), soft_wrap=True)
            out.print(Text(plain(page.text.replace("\t", "  "))), soft_wrap=True)


def text_as_json(found: Sequence[FileText]) -> None:
    """The same as JSON."""
    render.json(
        [
            {
                "file": one.file.file_name,
                "sha256": one.file.sha256,
                "trouble": one.trouble or None,
                "pages": [{"page": page.label or None, "text": page.text} for page in one.pages],
            }
            for one in found
        ]
    )


def _place(label: str) -> str:
    return f"page {label}" if label[:1].isdigit() else label


def hits(found: Sequence[Hit], unread: Sequence[str], *, as_json: bool) -> None:
    """Where words stand."""
    if as_json:
        render.json(
            {
                "hits": [
                    {
                        "record": one.key,
                        "file": one.file,
                        "page": one.page or None,
                        "before": one.before,
                        "words": one.words,
                        "after": one.after,
                    }
                    for one in found
                ],
                "not_searched": list(unread),
            }
        )
        return
    out = console()
    for one in found:
        where = ", ".join(filter(None, (one.key, one.file, _place(one.page) if one.page else "")))
        out.print(Text(plain(where), style="dim"), soft_wrap=True)
        line = Text("  …" + plain(one.before))
        line.append(plain(one.words), style="bold")
        line.append(plain(one.after) + "…")
        out.print(line, soft_wrap=True)
    reports = len({one.key for one in found})
    render._say(f"{counted(len(found), 'place')} in {counted(reports, 'report')}.")
    for sentence in unread:
        sys.stderr.write(f"Not searched: {plain(sentence)}.\n")


def excluded(found: Excluded) -> None:
    """Reports excluded at full text, by reason."""
    render._say(f"{counted(len(found.reports), 'report')} excluded at full text", "bold")
    heading = None
    out = console()
    for number, one in enumerate(found.reports, start=1):
        if one.reason != heading:
            heading = one.reason
            out.print(
                Text(
                    plain(
                        f"{one.label or 'no reason given'} ({one.reason})"
                        if one.reason
                        else "no reason given"
                    )
                )
            )
        proposed = " [reason to be confirmed]" if one.is_proposed else ""
        out.print(Text(plain(f"{number:>4}. {one.citation}{proposed}")), soft_wrap=True)
    closed(found.closed)


def excluded_as_json(found: Excluded) -> None:
    """The same as JSON."""
    render.json(
        {
            "reports": [
                {
                    "record": one.key,
                    "citation": one.citation,
                    "reason": one.reason or None,
                    "reason_label": one.label or None,
                    "to_be_confirmed": one.is_proposed,
                    "pmid": one.pmid or None,
                    "doi": one.doi or None,
                }
                for one in found.reports
            ],
            "closed": found.closed,
        }
    )


def closed(count: int) -> None:
    """How many reports are not in a list, since their votes are not open to view."""
    if count:
        sys.stderr.write(f"{counted(count, 'report')} still blind and not in the list.\n")
