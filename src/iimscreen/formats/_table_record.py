"""A row of a table as a record; what stands in a cell and is not what its column holds is counted."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from iimscreen.formats import Found, abstract_of, normal_doi
from iimscreen.formats._dates import iso_date
from iimscreen.formats._marks import ACCESSION, CONTROLS, YEAR
from iimscreen.formats._names import authors_in
from iimscreen.formats._table_columns import NO_VALUE, Columns, decides
from iimscreen.model import Parsed, Record, Refusal
from iimscreen.wording import counted

_PMID = re.compile(r"(?:PMID\s*:?\s*)?0*([1-9]\d{0,8})(?:\.0+)?", re.IGNORECASE | re.ASCII)
_PMCID = re.compile(r"PMC\s?(\d{3,9})(?:\.\d+)?", re.IGNORECASE | re.ASCII)
_STATED_PMID = re.compile(
    r"\bPMID\s*[:=]?\s*(\d{1,9})\b|ncbi\.nlm\.nih\.gov/(?:pubmed/)?(\d{1,9})(?:[/?#\s]|$)", re.IGNORECASE
)
_STATED_PMCID = re.compile(r"\bPMC(\d{3,9})\b")
_STATED_DOI = re.compile(r"(?:doi(?:\.org/|\s*:\s*)|^\s*)(10\.\d{4,9}/\S+)", re.IGNORECASE)
_CITED = re.compile(r";\s*([\w. ]+?)?(?:\(([^)]+)\))?\s*:\s*([A-Za-z]*\d[\w-]*)")  # ";73(5):858-865."
_SPOILT_PAGES = re.compile(
    r"\d{1,2}[-. ](?:jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|mrz)\w*"
    r"|(?:jan|feb|mar|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|mrz)\w*[-. ]\d{1,4}"
    r"|\d{4}-\d\d-\d\d(?:[ T].*)?",
    re.IGNORECASE,
)
# What R, pandas and spreadsheets write where nothing is; in these letters no text of a record.
_NOTHING = frozenset(("NA", "<NA>", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None", "NaT"))
_NCT = re.compile(r"NCT\d{8}")
_OPENALEX = "https://openalex.org/"
_Read = TypeVar("_Read")


def text_of_cell(value: object) -> str:
    """A cell as text: a whole number without its ".0", a date as ISO 8601, nothing (R's "NA" too) as an empty text."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    text = value if isinstance(value, str) else str(value)
    return "" if len(text) < 8 and text.strip() in _NOTHING else text


def clean(text: str) -> str:
    """A text on one line, without control characters."""
    if text.isprintable():  # so that no other white space than spaces is in it
        text = text.strip()
        return " ".join(text.split()) if "  " in text else text
    return " ".join(text.translate(CONTROLS).split())


@dataclass(slots=True)
class Tally:
    """What was met in the cells of a table so far, to be said when all are read."""

    unreadable: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[int, str]] = field(default_factory=dict)  # of each field: row and cell
    spoilt_pages: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    empty_rows: int = 0
    short_rows: int = 0

    def remarks(self) -> Iterator[str]:
        """Each thing that was left out, in a sentence without its full stop."""
        if self.empty_rows:
            yield f"{counted(self.empty_rows, 'empty row')} passed over"
        if self.short_rows:
            yield (
                f"{counted(self.short_rows, 'row')} with fewer cells than the table has headers; "
                "what such a row lacks counts as not stated"
            )
        for name, count in self.unreadable.items():
            line, cell = self.first[name]
            yield (
                f"{counted(count, 'cell')} of {name} cannot be read and {'was' if count == 1 else 'were'} left out, "
                f"the first in line {line}: {cell[:40]!r}"
            )
        if self.spoilt_pages:
            yield (
                f"{counted(self.spoilt_pages, 'page range')} turned into a date by a spreadsheet, kept as it is "
                'written ("01-Jun" was 1-6 or 6-1)'
            )
        for name, count in self.decisions.items():
            yield (
                f"column {name!r} holds decisions ({counted(count, 'row')}): they are no votes of this review and "
                "were not imported; `iimscreen screen --reviewer NAME --from FILE` takes them over"
            )


class RecordReader:
    """Makes records of a table's rows."""

    def __init__(self, columns: Columns, tally: Tally) -> None:
        self._columns = columns
        self._tally = tally
        self._unread = [(place, columns.headers[place], columns.name(place)) for place in columns.unread]
        # PubMed's own CSV has nothing else that stays the same in every export.
        self._is_pubmed = {"entered_on", "pmid", "citation"} <= set(columns.places)

    def read(self, line: int, row: Sequence[object]) -> Found:
        """The record of a row, or why it is none."""
        cells = [text_of_cell(value) for value in row]
        for place, header, name in self._unread:
            if place < len(cells) and decides(header, cells[place].strip()):
                self._tally.decisions[name] += 1
        stated = {
            name: [clean(cells[place]) for place in places if place < len(cells) and cells[place].strip()]
            for name, places in self._columns.places.items()
        }
        values = {name: found[0] for name, found in stated.items() if found and found[0]}
        cited = _CITED.search(values.get("citation", ""))
        volume, issue, cited_pages = (part.strip() for part in cited.groups("")) if cited else ("", "", "")
        pmid = self._pmid(line, values)
        beside = " ".join([values.get("extra", ""), *stated.get("url", ())])
        year = self._read(line, "year", values, _year) or self._read(line, "date", values, _year)
        record = Record(
            source_id=values.get("source_id"),
            accession=self._accession(values, pmid),
            pmid=pmid or _stated(_STATED_PMID, beside),
            pmcid=self._read(line, "pmcid", values, _pmcid) or _with_pmc(_stated(_STATED_PMCID, beside)),
            doi=self._read(line, "doi", values, normal_doi) or _stated_doi(beside),
            title=values.get("title"),
            vernacular_title=values.get("vernacular_title"),
            abstract=abstract_of(values.get("abstract")),
            authors=authors_in(_cell(cells, self._columns.places.get("authors", ()))),
            journal=values.get("journal"),
            journal_abbreviation=_other_than(values.get("journal_abbreviation"), values.get("journal")),
            year=year,
            volume=_plain_number(values.get("volume")) or volume or None,
            issue=_plain_number(values.get("issue")) or issue or None,
            pages=self._pages(values, row) or cited_pages or None,
            languages=tuple(_split(values.get("language", ""), r"\s*[;,|]\s*")),
            publication_types=tuple(_split(values.get("type", ""), r"\s*[;|]\s*|,\s+")),
            keywords=_keywords(stated),
            registrations=_registrations(values.get("accession", "")),
            entered_on=iso_date(values["entered_on"]) if "entered_on" in values else None,
            published_on=_published_on(values.get("date", ""), year),
        )
        if not (record.title or record.abstract or record.doi or record.pmid or record.pmcid):
            return Refusal(line, "the row has no title, and no abstract, DOI or PMID to know it by")
        return Parsed(line, record, values.get("database"))

    def _pmid(self, line: int, values: dict[str, str]) -> str | None:
        return self._read(line, "pmid", values, _pmid)

    def _accession(self, values: dict[str, str], pmid: str | None) -> str | None:
        stated = values.get("accession", "").removeprefix(_OPENALEX)
        if stated and ACCESSION.fullmatch(stated):
            return stated
        return pmid if self._is_pubmed else None

    def _read(
        self, line: int, name: str, values: dict[str, str], read: Callable[[str], _Read | None]
    ) -> _Read | None:
        """What a cell says; where it says something else, that is counted."""
        cell = values.get(name)
        if cell is None or cell.lower() in NO_VALUE:
            return None
        found = read(cell)
        if found is None:
            self._tally.unreadable[name] += 1
            self._tally.first.setdefault(name, (line, cell))
        return found

    def _pages(self, values: dict[str, str], row: Sequence[object]) -> str | None:
        pages = values.get("pages")
        if pages is not None:
            place = self._columns.places["pages"][0]
            value = row[place]
            if isinstance(value, dt.date):
                self._tally.spoilt_pages += 1
                return f"{value:%d-%b}"  # as a spreadsheet shows it
            self._tally.spoilt_pages += _SPOILT_PAGES.fullmatch(pages) is not None
            return pages
        first, last = values.get("first_page"), values.get("last_page")
        if first and last and last != first and "-" not in first:
            return f"{first}-{last}"
        return first or last or values.get("article_number")


def _cell(cells: Sequence[str], places: Sequence[int]) -> str:
    """A cell as it is written, lines and all: authors may stand one a line."""
    return cells[places[0]].translate(CONTROLS) if places and places[0] < len(cells) else ""


def _year(cell: str) -> int | None:
    found = YEAR.search(cell)
    return int(found.group(1)) if found else None


def _pmid(cell: str) -> str | None:
    stated = _PMID.fullmatch(cell)
    return stated.group(1) if stated else _stated(_STATED_PMID, cell)


def _pmcid(cell: str) -> str | None:
    found = _PMCID.fullmatch(cell)
    return f"PMC{found.group(1)}" if found else _with_pmc(_stated(_STATED_PMCID, cell))


def _with_pmc(number: str | None) -> str | None:
    return f"PMC{number}" if number else None


def _stated(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return next(filter(None, found.groups())) if found else None


def _stated_doi(text: str) -> str | None:
    """A DOI in a link or a note, where the text says that it is one."""
    found = _STATED_DOI.search(text)
    return normal_doi(found.group(1)) if found else None


def _plain_number(text: str | None) -> str | None:
    return re.sub(r"^(\d+)\.0$", r"\1", text) if text else None


def _other_than(text: str | None, other: str | None) -> str | None:
    return text if text != other else None


def _split(text: str, by: str) -> list[str]:
    return [part for part in re.split(by, text) if part]


def _keywords(stated: dict[str, list[str]]) -> tuple[str, ...]:
    found = [*stated.get("keywords", ()), *stated.get("index_terms", ())]
    return tuple(dict.fromkeys(part for cell in found for part in _keywords_of(cell)))


def _keywords_of(cell: str) -> list[str]:
    if cell.startswith("[") and cell.endswith("]"):
        cell = cell[1:-1].replace("', '", ";").replace('", "', ";").strip("'\"")
    for mark in (";", "|", "//"):
        if mark in cell:
            return _split(cell, rf"\s*{re.escape(mark)}\s*")
    return _split(cell, r",\s+")


def _registrations(accession: str) -> tuple[str, ...]:
    return (f"ClinicalTrials.gov:{accession}",) if _NCT.fullmatch(accession) else ()


def _published_on(date: str, year: int | None) -> str | None:
    """The date of the year that is stated, else that year."""
    if year is None:
        return None
    found = iso_date(date)
    return found if found and found.startswith(str(year)) else str(year)
