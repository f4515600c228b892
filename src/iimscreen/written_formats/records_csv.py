"""CSV with a line for each report: all that it states, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iimscreen.decision_formats import Decided, Judged, notes_of, safe, table
from iimscreen.model import Author, Link
from iimscreen.tables import Dataset, Scalar
from iimscreen.written_formats import line

_FACTS = (
    "title", "vernacular_title", "authors", "year", "journal", "journal_abbreviation", "volume", "issue", "pages",
    "doi", "pmid", "pmcid", "accession", "published_on", "language", "publication_type", "keywords", "mesh_terms",
    "substances", "registry_numbers", "registrations", "links", "entered_on", "indexed_on", "revised_on",
    "citation_status", "source_id", "provenance", "abstract",
)  # fmt: skip
_LISTS = {"language": "languages", "publication_type": "publication_types"}
_OF_STAGE = ("outcome", "reason", "settled by", "votes", "notes")


def write(reports: Sequence[Decided]) -> bytes:
    """The table; no cell of it is a formula."""
    made = dataset(reports)
    rows = (["" if cell is None else safe(str(cell)) for cell in row] for row in made.rows)
    return table([safe(name) for name in made.columns], rows)


def dataset(reports: Sequence[Decided]) -> Dataset:
    """The rows for CSV and XLSX alike: columns of each stage stand only where decisions are wanted."""
    stages = list(dict.fromkeys(judged.stage for one in reports for judged in one.stages))
    columns = ("record", "database", "kind", *(f"{stage}: {what}" for stage in stages for what in _OF_STAGE))
    return Dataset(
        name="references",
        title="References",
        columns=(*columns, *_FACTS),
        rows=tuple(tuple(_cells(one, stages)) for one in reports),
    )


def _cells(one: Decided, stages: Sequence[str]) -> Iterator[Scalar]:
    yield from (one.report.key, one.report.database, one.report.kind.value)
    by_stage = {judged.stage: judged for judged in one.stages}
    for stage in stages:
        yield from _judged(by_stage.get(stage))
    record = one.report.record
    for name in _FACTS:
        value = getattr(record, _LISTS.get(name, name))
        words = "; ".join(map(_in_words, value)) if isinstance(value, tuple) else value
        yield line(words) if isinstance(words, str) else words


def _judged(judged: Judged | None) -> tuple[Scalar, ...]:
    if judged is None:
        return (None,) * len(_OF_STAGE)
    votes = "; ".join(
        f"{', '.join(word.names)}: {word.verdict.value}"
        + (f" ({word.reason})" if word.reason else "")
        + (f" [{word.manner}]" if word.manner != "vote" else "")
        for word in judged.words
    )
    return (judged.verdict, judged.verdict_reason, judged.settled_by, votes, notes_of(judged))


def _in_words(item: object) -> str:
    if isinstance(item, Author):
        return f"{item.family}, {item.given}" if item.given else item.family
    if isinstance(item, Link):
        return " ".join(filter(None, (item.kind, item.citation, f"PMID: {item.pmid}" if item.pmid else "")))
    return str(item)
