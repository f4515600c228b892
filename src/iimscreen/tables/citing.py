"""How a report is cited, as far as its record states it. Pure."""

from __future__ import annotations

from iimscreen.model import Record

_AUTHORS = 6


def reference(record: Record) -> str:
    """A reference in the manner of biomedical journals: six authors, title, journal, year, place, DOI, PMID."""
    names = [str(author) for author in record.authors]
    who = ", ".join(names[:_AUTHORS]) + (", et al" if len(names) > _AUTHORS else "")
    place = record.volume or ""
    if record.issue:
        place += f"({record.issue})"
    if record.pages:
        place += f":{record.pages}"
    when = "; ".join(filter(None, (str(record.year or ""), place)))
    journal = record.journal_abbreviation or record.journal or ""
    parts = [who, record.title or "no title stated", " ".join(filter(None, (journal.rstrip("."), when)))]
    ends = [f"doi:{record.doi}"] if record.doi else []
    ends += [f"PMID {record.pmid}"] if record.pmid else []
    return " ".join(
        part if part.endswith((".", "?", "!")) else f"{part}." for part in (*parts, *ends) if part
    )


def first_author(record: Record) -> str:
    """The family name of the first author, or the name of the group; "" if none is stated."""
    return record.authors[0].family if record.authors else ""
