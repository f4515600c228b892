"""A report cited in full, as reference lists of medical journals do: authors, title, journal, year, pages. Pure."""

from __future__ import annotations

import re

from iimscreen.model import Author, Record

_MOST_AUTHORS = 6  # then "et al"; ICMJE's recommendation


def citation(record: Record) -> str:
    """One line with all that is stated; what is not stated is left out, but for the year.

    Source: ICMJE, "Samples of Formatted References of Medical Journals".
    """
    authors = [_name(author) for author in record.authors[:_MOST_AUTHORS]]
    if len(record.authors) > _MOST_AUTHORS:
        authors.append("et al")
    numbers = [f"PMID {record.pmid}" if record.pmid else "", f"doi:{record.doi}" if record.doi else ""]
    parts = [
        ", ".join(authors),
        _plain(record.title or record.vernacular_title or "(no title)"),
        _plain(record.journal_abbreviation or record.journal or ""),
        _place(record),
        *numbers,
    ]
    return " ".join(part if part[-1] in ".?!" else f"{part}." for part in parts if part)


def order(record: Record) -> tuple[str, int, str]:
    """What reference lists are sorted by: first author, year, title."""
    first = _name(record.authors[0]) if record.authors else ""
    title = _plain(record.title or record.vernacular_title or "")
    return first.casefold() or title.casefold(), record.year or 9999, title.casefold()


def _name(author: Author) -> str:
    """Family name and initials: "Julie J." is JJ."""
    if author.is_group or not author.given:
        return author.family
    given = author.given.strip()
    if given.isupper() and len(given) <= 4 and given.isalpha():
        return f"{author.family} {given}"
    initials = "".join(part[0].upper() for part in re.findall(r"[^\W\d_]+", given))
    return f"{author.family} {initials}".strip()


def _place(record: Record) -> str:
    place = str(record.year or "year not stated")
    if record.volume:
        place += f";{record.volume}"
    if record.issue:
        place += f"({record.issue})" if record.volume else f";({record.issue})"
    return f"{place}:{record.pages}" if record.pages else place


def _plain(text: str) -> str:
    return " ".join(re.sub(r"</?(?:i|b|u|em|strong|sub|sup)>", "", text).split())
