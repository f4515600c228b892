"""BibTeX and BibLaTeX, as Zotero, Mendeley, JabRef, EndNote, Scopus, Web of Science and Google Scholar write it.

The reader is our own. bibtexparser 2.1 is well kept and gives lines, but where a comma is missing takes
the next field into the value of the last without a word, leaves `#` unresolved, and needs 4.7 ms a
record to decode LaTeX, with what `_latex.py` says of pylatexenc; pybtex 0.26 drops the second of two
entries with one key, and what cannot be read, but for a line on the terminal.

The file is held in memory, since an entry may refer to one behind it; it may have MAX_WHOLE.

Source: BibTeX 0.99d, "BibTeXing" (Patashnik 1988); biblatex 3.20 manual, chapter 2.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from iimscreen.errors import InputError
from iimscreen.formats import Found, Readable, Remark, Told, _latex, abstract_of, normal_doi, text_of, whole
from iimscreen.formats._bibtex_entries import Entry, Macros, entries
from iimscreen.formats._dates import iso_date
from iimscreen.formats._marks import ACCESSION, CONTROLS, PUBMED_ADDRESS, STATED_DOI, YEAR
from iimscreen.formats._names import author, authors_in
from iimscreen.model import Author, Parsed, Record, Refusal

SUFFIXES = (".bib", ".bibtex")

_START = re.compile(
    r"^[ \t]*@[ \t]*(?!string|comment|preamble)[A-Za-z][\w-]*[ \t]*[{(][^\n={}]*(?:,|$)",
    re.MULTILINE | re.IGNORECASE,
)
_DEFINES = re.compile(r"^[ \t]*@[ \t]*string[ \t]*[{(]", re.MULTILINE | re.IGNORECASE)
_PMID = re.compile(r"(?:PMID\s*[:=]?\s*)?([1-9]\d{0,8})", re.IGNORECASE | re.ASCII)
_STATED_PMID = re.compile(r"\bPMID\s*[:=]\s*(\d{1,9})\b", re.IGNORECASE)
_PMCID = re.compile(r"PMC\s?(\d{3,9})\b", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_COMMA = re.compile(r"\s*,\s*")
_SEMICOLON = re.compile(r";")
_VERBATIM = re.compile(r"\\([_&%#${}~])")

_TYPES = {
    "book": "Book",
    "booklet": "Book",
    "mvbook": "Book",
    "collection": "Book",
    "inbook": "Book Chapter",
    "incollection": "Book Chapter",
    "conference": "Conference Paper",
    "inproceedings": "Conference Paper",
    "proceedings": "Conference Proceedings",
    "mastersthesis": "Thesis",
    "phdthesis": "Thesis",
    "thesis": "Thesis",
    "techreport": "Report",
    "report": "Report",
    "unpublished": "Unpublished Work",
}


def looks_like(head: str) -> bool:
    """Whether an entry (`@article{key,`) or an abbreviation begins on a line of the first characters."""
    text = head.replace("\0", "").replace("\r", "\n")
    return _START.search(text) is not None or _DEFINES.search(text) is not None


def read(data: bytes) -> Iterator[Found]:
    """Records and refusals in the order of the file."""
    for found in _found(data):
        if isinstance(found, Parsed | Refusal):
            yield found


def read_stream(file: Readable) -> Iterator[Found | Told]:
    """Records and refusals in the order of the file, then abbreviations that it uses and does not define.

    Raises InputError, before anything is read, if the file is no text, has no entry, or exceeds MAX_WHOLE.
    """
    yield from _found(whole(file))


def _found(data: bytes) -> Iterator[Found | Told]:
    text = text_of(data)
    macros = Macros()
    found = list(entries(text, macros))
    if not found:
        number, line = next(
            ((n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()), (1, "")
        )
        raise InputError(
            f"line {number}: expected an entry such as '@article{{key,', found {line.strip()[:40]!r}",
            hint="export as BibTeX, or name the format the file is in with --format",
        )
    parents = {one.key.lower(): one for one in found if isinstance(one, Entry) and one.key}
    for one in found:
        yield one if isinstance(one, Refusal) else _read(one, parents)
    if macros.undefined:
        names = ", ".join(f"{name} (line {line})" for name, line in list(macros.undefined.items())[:5])
        more = len(macros.undefined) - 5
        yield Remark(
            f"abbreviations used and not defined in the file, so that their names stand in their place: {names}"
            + (f" and {more} more" if more > 0 else "")
        )


def _read(entry: Entry, parents: dict[str, Entry]) -> Found:
    fields = _Fields(entry, parents)
    title = fields.text("title", "booktitle" if entry.kind in ("book", "proceedings") else "title")
    subtitle = fields.text("subtitle")
    journal = fields.text("journal", "journaltitle", "booktitle", "fjournal", "maintitle")
    short = fields.text(
        "shortjournal", "journal-abbreviation", "journal-iso", "abbrev_source_title", "journal_abbr"
    )
    pmid, pmcid = _pubmed_ids(fields)
    doi, abstract = _doi(fields), abstract_of(fields.text("abstract"))
    if not (title or abstract or doi or pmid or pmcid):
        return Refusal(
            entry.line, f"the entry {entry.key!r} has no title, and no abstract, DOI or PMID to know it by"
        )
    accession = fields.text("unique-id", "accession-number", "accession", "accession_number", "pui")
    date = fields.text("date") or " ".join(fields.several("year", "month", "day"))
    year = next((int(y.group()) for text in fields.several("year", "date") if (y := YEAR.search(text))), None)
    return Parsed(
        entry.line,
        Record(
            source_id=entry.key or None,
            accession=accession if accession and ACCESSION.fullmatch(accession) else None,
            pmid=pmid,
            pmcid=pmcid,
            doi=doi,
            title=f"{title}: {subtitle}" if subtitle else title,
            abstract=abstract,
            authors=tuple(_authors(fields.raw("author") or fields.raw("editor") or "")),
            journal=journal,
            journal_abbreviation=short if short != journal else None,
            year=year,
            volume=fields.text("volume"),
            issue=fields.text("number", "issue"),
            pages=_pages(fields),
            languages=tuple(fields.several("language") or fields.several("langid")),
            publication_types=tuple(_types(entry, fields)),
            keywords=tuple(_keywords(fields)),
            published_on=_published_on(date, year),
        ),
    )


class _Fields:
    """The fields of an entry, with what it inherits from the one it refers to."""

    def __init__(self, entry: Entry, parents: dict[str, Entry]) -> None:
        self._fields = entry.fields
        reference = entry.fields.get("crossref", entry.fields.get("xdata", "")).strip().lower()
        parent = parents.get(reference)
        if parent is not None and parent is not entry:
            inherited = dict(parent.fields)
            if "title" in inherited:  # the parent's title is that of the book
                inherited.setdefault("booktitle", inherited["title"])
                del inherited["title"]
            for own in ("doi", "pmid", "url", "abstract", "crossref", "pages", "author"):
                inherited.pop(own, None)
            self._fields = inherited | entry.fields

    def raw(self, name: str) -> str | None:
        """A field as it is written."""
        return self._fields.get(name)

    def text(self, *names: str) -> str | None:
        """The first of these fields that is stated, without LaTeX, on one line."""
        return next((text for name in names if (text := _text(self._fields.get(name, "")))), None)

    def several(self, *names: str) -> list[str]:
        """All of these fields that are stated."""
        return [text for name in names if (text := _text(self._fields.get(name, "")))]

    def verbatim(self, name: str) -> str:
        """A field that is no prose, such as an address: only its signs unescaped."""
        return _VERBATIM.sub(r"\1", self._fields.get(name, "")).replace("{", "").replace("}", "").strip()


def _text(value: str) -> str:
    text = _latex.plain(value)
    if "&" in text and ";" in text:
        text = html.unescape(text)
    return " ".join(text.translate(CONTROLS).split())


def _pages(fields: _Fields) -> str | None:
    pages = fields.text("pages") or fields.text("eid", "article-number", "articleno", "art_number", "artnum")
    return re.sub(r"\s*[–—-]+\s*", "-", pages) if pages else None


def _types(entry: Entry, fields: _Fields) -> Iterator[str]:
    kind = _TYPES.get(entry.kind)
    if kind:
        yield kind
    yield from (value for value in fields.several("type", "document_type") if value != kind)


def _keywords(fields: _Fields) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for text in fields.several("keywords", "keyword", "author_keywords", "keywords-plus"):
        for word in re.split(r"\s*;\s*" if ";" in text else r"\s*,\s*", text):
            seen[word] += 1
            if word and seen[word] == 1:
                yield word


def _published_on(date: str, year: int | None) -> str | None:
    if year is None:
        return None
    found = iso_date(date.split("/")[0])  # biblatex writes a range so
    return found if found and found.startswith(str(year)) else str(year)


def _doi(fields: _Fields) -> str | None:
    if doi := normal_doi(fields.verbatim("doi")):
        return doi
    for name in ("url", "ee", "link", "note", "howpublished"):
        if (stated := STATED_DOI.search(fields.verbatim(name))) and (doi := normal_doi(stated.group(1))):
            return doi
    return None


def _pubmed_ids(fields: _Fields) -> tuple[str | None, str | None]:
    numbers = [fields.verbatim("pmid"), fields.verbatim("pubmed_id"), fields.verbatim("pubmedid")]
    if fields.verbatim("eprinttype").lower() in ("pubmed", "pmid"):
        numbers.append(fields.verbatim("eprint"))
    stated = [_PMID.fullmatch(number) for number in numbers]
    stated += [_STATED_PMID.search(fields.verbatim(name)) for name in ("note", "annote", "extra")]
    stated += [PUBMED_ADDRESS.search(fields.verbatim("url"))]
    pmid = next((found.group(1) for found in stated if found), None)
    pmc = _PMCID.search(" ".join(map(fields.verbatim, ("pmcid", "pmc", "note", "extra"))))
    return pmid, f"PMC{pmc.group(1)}" if pmc else None


# --- authors ---


def _authors(text: str) -> Iterator[Author]:
    """The names of a list parted by "and"; one that is wholly in braces is a group."""
    inner = _unwrapped(text)
    if inner is not None and _AND.search(inner) and "," in inner:  # the whole list in braces of its own
        text = inner
    for name in _outside_braces(_AND, " ".join(text.split())):
        group = _unwrapped(name)
        if group is not None and (plain := _text(group)):
            yield Author(plain, is_group=True)
        elif _text(name).lower() not in ("", "others", "et al.", "et al"):
            yield from _names(name)


def _names(name: str) -> Iterator[Author]:
    """A name as BibTeX reads it, or several that are parted by commas or semicolons, as it does not know them."""
    parts = [_text(part) for part in _outside_braces(_COMMA, name)]
    is_list = len(parts) > 3 or (
        len(parts) == 3 and all(" " in part for part in parts)
    )  # "Paik J, Visser M, …"
    if is_list or len(_outside_braces(_SEMICOLON, name)) > 1:
        yield from authors_in(_text(name))
    else:
        yield _name(parts)


def _name(parts: Sequence[str]) -> Author:
    """A name of BibTeX, parted at its commas: "First von Last", "von Last, First", or "von Last, Jr, First"."""
    if len(parts) > 2:
        return Author(parts[0], f"{', '.join(parts[2:])} {parts[1]}".strip())
    if len(parts) == 2 and parts[0] and parts[1]:
        return Author(parts[0], parts[1])
    whole = next(filter(None, parts), "")
    one = author(whole)
    words = whole.split()
    if one.given or one.is_group or len(words) < 2:
        return one
    small = [at for at, word in enumerate(words[:-1]) if word[0].islower()]
    start = small[0] if small else len(words) - 1
    return Author(" ".join(words[start:]), " ".join(words[:start]))


def _unwrapped(name: str) -> str | None:
    """What stands in the one pair of braces around all of a text; None if there is none."""
    text = name.strip()
    if not (text.startswith("{") and text.endswith("}")) or text.startswith("{\\"):
        return None
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if depth == 0 and at < len(text) - 1:
            return None
    return text[1:-1]


def _outside_braces(by: re.Pattern[str], text: str) -> list[str]:
    """A text parted where a pattern matches outside braces."""
    if "{" not in text:
        return by.split(text)
    parts: list[str] = []
    start = depth = counted = 0
    for found in by.finditer(text):
        depth += text.count("{", counted, found.start()) - text.count("}", counted, found.start())
        counted = found.start()
        if depth <= 0:
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]
