r"""BibTeX, for LaTeX, Zotero, JabRef and Mendeley, in UTF-8.

What LaTeX would take for its own is escaped so that BibTeX, biber and Zotero read the same text: braces as
\textbraceleft{}, since BibTeX counts even those behind a backslash. Words with capitals of their own (JAK,
mRNA, MDA5) stand in braces, so that no style makes them small.

Source: BibTeX 0.99d, "BibTeXing" (Patashnik 1988); biblatex 3.20 manual, chapter 2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from iimscreen.decision_formats import Decided
from iimscreen.model import Author, Record
from iimscreen.written_formats import accession_of, line, outcomes_of
from iimscreen.written_formats._kinds import Kind, kind_of

_TYPES = {
    Kind.ARTICLE: "article",
    Kind.BOOK: "book",
    Kind.CHAPTER: "incollection",
    Kind.CONFERENCE: "inproceedings",
    Kind.THESIS: "phdthesis",
    Kind.REPORT: "techreport",
    Kind.PREPRINT: "misc",
    Kind.UNPUBLISHED: "unpublished",
    Kind.OTHER: "misc",
}
_IN_BOOKS = (Kind.CHAPTER, Kind.CONFERENCE)  # whose container is a book
_ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "$": r"\$", "&": r"\&",
    "#": r"\#", "_": r"\_", "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_SIGNS = re.compile(r"[\\{}$&#_%~^]|--+|``|''")
_CAPITALS = re.compile(r"(?<![\w{\\])(?=\w*[A-Z])(?:\w+[-/])*\w+(?![\w}])")
_AND = re.compile(r"\band\b", re.IGNORECASE)
_PARTICLES = re.compile(r"(?:van|von|de|der|den|del|della|di|da|dos|du|la|le|ten|ter|zu)\s", re.IGNORECASE)
_PLAIN_KEY = re.compile(r"[^A-Za-z0-9]+")
_LETTERS = {
    "ß": "ss",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "đ": "d",
}
_SMALL_WORDS = frozenset(("a", "an", "the", "on", "of", "in", "for", "and", "to", "with"))


def names_of(reports: Iterable[Decided]) -> dict[str, str]:
    """Key → the name of each report in a file: Paik2021a."""
    return named((one.report.key, one.report.record) for one in reports)


def named(records: Iterable[tuple[str, Record]]) -> dict[str, str]:
    """Key → first author (or first word of the title), year, and a letter that tells the same apart.

    The letter counts in the order given: of records in order of arrival, a name once given stays.
    """
    given: dict[str, int] = {}
    found = {}
    for key, record in records:
        stem = _stem(record)
        place = given[stem] = given.get(stem, -1) + 1
        found[key] = f"{stem}{_lettered(place)}"
    return found


def _stem(record: Record) -> str:
    """In ASCII letters and digits; it ends with a digit or "nd", so no letter behind it makes it another."""
    year = str(record.year) if record.year else "nd"
    for author in record.authors[:1]:
        words = author.family.split()[:1] if author.is_group else [_PARTICLES.sub("", author.family)]
        if plain := "".join(map(_ascii, words)):
            return f"{plain[:40]}{year}"
    for word in (record.title or "").split():
        plain = _ascii(word)
        if plain and plain.lower() not in _SMALL_WORDS:
            return f"{plain[0].upper()}{plain[1:40]}{year}"
    return f"Anonymous{year}"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", "".join(_LETTERS.get(letter, letter) for letter in text))
    return _PLAIN_KEY.sub("", plain.encode("ascii", "ignore").decode())


def _lettered(place: int) -> str:
    """A letter for each place: a to z, then aa and so on."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def write(reports: Sequence[Decided], names: Mapping[str, str] | None = None) -> bytes:
    """An entry for each report."""
    called = names_of(reports) if names is None else names
    return "\n".join(_entry(one, called[one.report.key]) for one in reports).encode()


def _entry(one: Decided, name: str) -> str:
    kind = kind_of(one.report.record)
    fields = [f"  {field} = {{{value}}}," for field, value in _fields(one, kind) if value]
    return "\n".join([f"@{_TYPES[kind]}{{{name},", *fields, "}", ""])


def _fields(one: Decided, kind: Kind) -> Iterator[tuple[str, str]]:
    record = one.report.record
    yield "author", " and ".join(map(_name, record.authors))
    yield "title", _title(record.title)
    yield "booktitle" if kind in _IN_BOOKS else "journal", escaped(record.journal)
    yield "shortjournal", escaped(record.journal_abbreviation)
    yield "year", str(record.year or "")
    yield from _day(record)
    yield from (("volume", escaped(record.volume)), ("number", escaped(record.issue)))
    yield "pages", _pages(record.pages)
    yield "doi", _verbatim(record.doi)
    yield "url", _verbatim(f"https://doi.org/{record.doi}" if record.doi else "")
    yield "pmid", _verbatim(record.pmid)
    yield "pmcid", _verbatim(record.pmcid)
    yield "language", escaped(record.languages[0]) if record.languages else ""
    yield "keywords", escaped("; ".join(_keywords(record)))
    yield "document_type", escaped("; ".join(record.publication_types))
    yield "accession-number", escaped(accession_of(one))
    yield "abstract", escaped(record.abstract)
    yield "iimscreen-record", escaped(one.report.key)
    yield "iimscreen-database", escaped(one.report.database)
    yield "iimscreen-outcome", escaped(outcomes_of(one))


def escaped(text: str | None) -> str:
    """A text that BibTeX, and LaTeX behind it, read as it was."""
    return _SIGNS.sub(_escape, line(text))


def _escape(found: re.Match[str]) -> str:
    sign = found.group()
    if sign in ("``", "''") or len(sign) > 1:
        return "{}".join(sign)  # or two hyphens would be a dash
    return _ESCAPED[sign]


def _title(text: str | None) -> str:
    """A title in which words keep capitals of their own; the first word has its first letter anyway."""
    plain = line(text)
    made = []
    last = 0
    for found in _CAPITALS.finditer(plain):
        word = found.group()
        is_first = not plain[: found.start()].strip(" \"'([")
        if is_first and not any(letter.isupper() for letter in word[1:]):
            continue
        made += [_escaped_part(plain[last : found.start()]), f"{{{_escaped_part(word)}}}"]
        last = found.end()
    return "".join([*made, _escaped_part(plain[last:])])


def _escaped_part(text: str) -> str:
    return _SIGNS.sub(_escape, text)


def _name(author: Author) -> str:
    """A name as BibTeX takes it apart: a group in braces; commas and "and" within a part in braces too."""
    family = _AND.sub(lambda found: f"{{{found.group()}}}", escaped(author.family))
    given = _AND.sub(lambda found: f"{{{found.group()}}}", escaped(author.given))
    if author.is_group:
        return f"{{{family}}}"
    family, given = (f"{{{part}}}" if re.search("[,;]", part) else part for part in (family, given))
    if given:
        return f"{family}, {given}"
    return f"{family}," if " " in family else family


def _day(record: Record) -> Iterator[tuple[str, str]]:
    """Month and day of the date stated; a month as its number, which Zotero and biber both read."""
    year, *rest = (record.published_on or "").split("-")
    if rest and year == str(record.year):
        yield from zip(("month", "day"), (part.lstrip("0") for part in rest), strict=False)


def _pages(pages: str | None) -> str:
    return re.sub(r"-", "--", escaped(pages)) if pages and re.fullmatch(r"\w+-\w+", pages) else escaped(pages)


def _verbatim(text: str | None) -> str:
    """An identifier: only what would end the field, or LaTeX takes for its own, behind a backslash."""
    plain = line(text).replace("\\", "").replace("{", "").replace("}", "")
    return re.sub(r"([%#&_$])", r"\\\1", plain)


def _keywords(record: Record) -> list[str]:
    words = (line(word).replace(";", ",") for word in (*record.keywords, *record.mesh_terms))
    return list(dict.fromkeys(filter(None, words)))
