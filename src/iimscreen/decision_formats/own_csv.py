"""Our own CSV: one line a decision, with all that the log tells of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iimscreen.decision_formats import Decided, Judged, Reading, Said
from iimscreen.decision_formats._cells import Row, headers, rows, table
from iimscreen.errors import InputError
from iimscreen.formats import as_it_was, safe
from iimscreen.model import Record, Verdict
from iimscreen.voting import Vote

HEADER = (
    "record", "verdict", "reason", "note", "reviewer", "kind", "at", "stage", "round", "report", "outcome",
    "outcome_reason", "settled_by", "pmid", "doi", "title", "year", "journal", "authors",
)  # fmt: skip
VOTE = "vote"


def write(decided: Sequence[Decided], labels: Mapping[str, str]) -> bytes:
    """A line for each vote and final word; one without a verdict for a report on which there is none."""
    del labels  # codes are what is read back
    return table(HEADER, (list(map(safe, line)) for one in decided for line in _lines(one)))


def _lines(one: Decided) -> Iterator[list[str]]:
    facts = _facts(one.report.record)
    for judged in one.stages:
        about = [one.report.key, judged.outcome, judged.reason, judged.settled_by, *facts]
        for word in judged.words or (None,):
            given_in = (judged.stage, word.round if word else None)
            cells = (*_word(word, one.report.key), *given_in, *about)
            yield ["" if cell is None else str(cell) for cell in cells]


def _word(word: Vote | None, report: str) -> tuple[str | None, ...]:
    if word is None:
        return (report, None, None, None, None, None, None)
    return (
        word.key,
        word.verdict.value,
        word.reason,
        word.note,
        "; ".join(word.names),
        word.manner,
        word.at,
    )


def _facts(record: Record) -> tuple[object, ...]:
    authors = "; ".join(map(str, record.authors))
    return (record.pmid, record.doi, record.title, record.year, record.journal, authors)


def write_wide(decided: Sequence[Decided]) -> bytes:
    """A line for each report and stage, and four columns for each reviewer: for tables of agreement."""
    names = sorted({name for one in decided for judged in one.stages for name in _voters(judged)})
    about = ("report", "stage", "outcome", "outcome_reason", "settled_by")
    columns = [f"{name}: {what}" for name in names for what in ("verdict", "reason", "note", "at")]
    facts = ("pmid", "doi", "title", "year", "journal", "authors")
    lines = []
    for one in decided:
        for judged in one.stages:
            line: list[object] = [one.report.key, judged.stage]
            line += [judged.outcome, judged.reason, judged.settled_by]
            votes = _voters(judged)
            for name in names:
                word = votes.get(name)
                line += (None,) * 4 if word is None else (word.verdict.value, word.reason, word.note, word.at)
            lines.append([*line, *_facts(one.report.record)])
    return table(
        [safe(header) for header in (*about, *columns, *facts)],
        (["" if cell is None else safe(str(cell)) for cell in line] for line in lines),
    )


def _voters(judged: Judged) -> dict[str, Vote]:
    """The last vote of each reviewer."""
    return {word.names[0]: word for word in judged.words if word.manner == VOTE}


def looks_like(data: bytes) -> bool:
    """Whether the headers are those of our export, and not only of a plain list of decisions."""
    return set(HEADER[:8]) <= set(headers(data))


def read(data: bytes) -> Reading:
    """The votes that it holds; final words are no one's vote and count as no decision."""
    return Reading("iimscreen", tuple(map(_said, rows(data))))


def _said(row: Row) -> Said:
    cells = {name: as_it_was(cell) for name, cell in row.cells.items()}
    written = cells["verdict"].strip()
    is_vote = cells["kind"].strip() == VOTE
    try:
        verdict = Verdict(written) if written and is_vote else None
    except ValueError as error:
        raise InputError(
            f"line {row.line}: {written!r} is no verdict",
            hint=f"expected one of {', '.join(v.value for v in Verdict if v is not Verdict.WITHDRAWN)}",
        ) from error
    reason = cells["reason"].strip()
    return Said(
        line=row.line,
        key=cells["record"].strip() or None,
        doi=row.doi,
        pmid=row.pmid,
        title=cells.get("title") or None,
        year=row.year,
        stage=cells["stage"].strip() or None,
        by=cells["reviewer"] if is_vote else None,
        verdict=verdict,
        reasons=(reason,) if reason else (),
        note=cells["note"] or None,
        at=cells["at"],
    )
