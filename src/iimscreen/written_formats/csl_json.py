"""CSL-JSON, for Zotero, Pandoc and every processor of citation styles.

Only what the schema csl-data.json of CSL 1.0.2 knows: what is ours stands under `custom`, which the
specification keeps for that, and PMID and PMCID also in `note`, from where Zotero takes them into Extra.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from iimscreen.decision_formats import Decided
from iimscreen.model import Author, Record
from iimscreen.written_formats import accession_of, line
from iimscreen.written_formats._kinds import Kind, kind_of
from iimscreen.written_formats.bibtex import names_of
from iimscreen.written_formats.jsonl import about

_TYPES = {
    Kind.ARTICLE: "article-journal",
    Kind.BOOK: "book",
    Kind.CHAPTER: "chapter",
    Kind.CONFERENCE: "paper-conference",
    Kind.THESIS: "thesis",
    Kind.REPORT: "report",
    Kind.PREPRINT: "article",
    Kind.UNPUBLISHED: "manuscript",
    Kind.OTHER: "document",
}
# Processors read these as markup. A title with "<" as a sign of comparison has them escaped by nobody.
_PARTICLE = re.compile(r"((?:(?:van|von|de|der|den|del|della|di|da|dos|du|la|le|ten|ter|zu)\s+)+)(?=\S)")


def write(reports: Sequence[Decided], names: Mapping[str, str] | None = None) -> bytes:
    """An array with an item for each report, each on a line of its own."""
    called = names_of(reports) if names is None else names
    items = (json.dumps(_item(one, called[one.report.key]), ensure_ascii=False) for one in reports)
    return ("[\n" + ",\n".join(items) + "\n]\n").encode()


def _item(one: Decided, name: str) -> dict[str, object]:
    record = one.report.record
    kind = kind_of(record)
    short = line(record.journal_abbreviation)
    texts = {
        "title": record.title,
        "original-title": record.vernacular_title,
        "container-title": record.journal,
        "container-title-short": short,
        "volume": record.volume,
        "issue": record.issue,
        "page": record.pages,
        "DOI": record.doi,
        "PMID": record.pmid,
        "PMCID": record.pmcid,
        "abstract": record.abstract,
        "language": record.languages[0] if record.languages else None,
        "keyword": "; ".join(_keywords(record)),
        "genre": next((word for word in record.publication_types if word not in _PLAIN), None),
        "URL": f"https://doi.org/{record.doi}" if record.doi else None,
        "source": one.report.database,
        "archive_location": accession_of(one),
        "note": "\n".join(_notes(record)),
    }
    item: dict[str, object] = {"id": name, "citation-key": name, "type": _TYPES[kind]}
    if record.authors:
        item["author"] = [_name(author) for author in record.authors]
    if date := _date(record):
        item["issued"] = {"date-parts": [date]}
    for key, value in texts.items():
        if text := value if key == "note" else line(value):
            item[key] = text
    item["custom"] = {"iimscreen": about(one)}
    return item


_PLAIN = ("Journal Article", "Article")  # what the type says already


def _keywords(record: Record) -> list[str]:
    words = (line(word).replace(";", ",") for word in (*record.keywords, *record.mesh_terms))
    return list(dict.fromkeys(filter(None, words)))


def _notes(record: Record) -> list[str]:
    stated = (("PMID", record.pmid), ("PMCID", record.pmcid))
    return [f"{name}: {line(value)}" for name, value in stated if value]


def _name(author: Author) -> dict[str, str]:
    family, given = line(author.family), line(author.given)
    if author.is_group or not given:
        return {"literal": family} if author.is_group else {"family": family}
    particle = _PARTICLE.match(family)
    if particle is None:
        return {"family": family, "given": given}
    return {
        "non-dropping-particle": " ".join(particle.group(1).split()),
        "family": family[particle.end() :],
        "given": given,
    }


def _date(record: Record) -> list[int]:
    """Year, month and day as far as they are stated; the year alone where the date is of another year."""
    parts = [int(part) for part in (record.published_on or "").split("-") if part.isdigit()]
    if record.year is not None and parts[:1] != [record.year]:
        return [record.year]
    return parts
