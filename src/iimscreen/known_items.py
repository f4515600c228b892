"""Reports known to be eligible: read from a file, and looked up among the records of a source.

An item is found by its PMID, DOI or PMCID, else by its citation, with the comparison that tells
duplicates. What is uncertain is handed to a person with its score, and never counted.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from iimscreen import formats, settings
from iimscreen.errors import InputError
from iimscreen.matching import DUPLICATE, GUARDS, judge
from iimscreen.matching.compare import SAME_TITLE, SHORT_TITLE, SURE_TITLE, Pair, compare
from iimscreen.matching.fields import Comparable, comparable
from iimscreen.model import Author, Kind, Parsed, Record, StoredRecord

COLUMNS = ("pmid", "doi", "pmcid", "title", "citation", "author", "year", "journal", "volume", "pages")
_OTHER_NAMES = {
    "authors": "author",
    "first_author": "author",
    "page": "pages",
    "first_page": "pages",
    "pmc": "pmcid",
    "reference": "citation",
}

_PMID = re.compile(r"(?:pmid[:\s]*)?0*([1-9]\d{0,7})(?:\.0)?", re.IGNORECASE)  # ".0" is a spreadsheet's
_PMID_INSIDE = re.compile(r"\bPMID[:\s]*0*([1-9]\d{0,7})\b\.?", re.IGNORECASE)
_PMCID = re.compile(r"(?:pmcid[:\s]*)?(?:PMC)?0*([1-9]\d{0,8})", re.IGNORECASE)
_PMCID_INSIDE = re.compile(r"(?:\bPMCID[:\s]*)?\bPMC0*([1-9]\d{0,8})\b\.?", re.IGNORECASE)
_DOI_INSIDE = re.compile(
    r"(?:(?:available (?:from|at)|doi)[:\s]*)*(?:https?://(?:dx\.)?doi\.org/)?\b10\.\d{4,9}/\S+",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s*(?:\[\d{1,4}\]|\d{1,4}[.)])\s+(?=\S)")
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_PLACES = (
    # Vancouver: 2021 Feb 5;73(5):858-65
    re.compile(
        rf"\b{_YEAR}[^;:()]{{0,20}};\s*(?P<volume>\d+)\s*(?:\([^)]*\))?\s*(?::\s*(?P<pages>[\w.–-]+))?"
    ),
    # APA: Journal, 73(5), 858-865
    re.compile(r",\s*(?P<volume>\d+)\s*(?:\([^)]*\))?\s*,\s*(?P<pages>[A-Za-z]{0,4}\d[\w–-]*)"),
)
_APA_YEAR = re.compile(rf"\s*\({_YEAR}[a-z]?(?:,[^)]*)?\)\.?\s*")
_ANY_YEAR = re.compile(rf"\b{_YEAR}\b")
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=\S)")
_AUTHOR = re.compile(
    r"\s*((?:[^\W\d_][\w'’-]*\s)*?[^\W\d_][\w'’-]+),?\s((?:[A-Z]\.?[\s-]?){1,4})(?=[,;.&]|\s*$|\s+et\b)"
)
_LEAST_CUT = 50.0  # of a title that begins another: with less it may begin many
_LEAST_WORDS = 3  # of a citation; with less there is nothing to compare


class State(StrEnum):
    """What became of a known item in one source."""

    MATCHED = "matched"
    ASKED = "asked"
    REPEATED = "repeated"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class KnownItem:
    """One report known to be eligible, as its file states it."""

    number: int  # from 1, in the order of the file
    where: str  # "known.csv, line 3"
    label: str  # how tables call it: its number in a reference list, or in its file
    given: str  # one line, as written
    record: Record
    guesses: tuple[Record, ...] = ()  # readings of a citation that names no parts; any may be right

    @property
    def has_identifier(self) -> bool:
        """Whether a PMID, DOI or PMCID is stated."""
        return bool(self.record.pmid or self.record.doi or self.record.pmcid)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a source holds of one known item."""

    item: KnownItem
    state: State
    keys: tuple[str, ...] = ()  # several where the source holds duplicates, or where a person must choose
    record: Record | None = None  # the one under the first key
    by: str = ""  # "PMID", "DOI", ..., or the name of the rule that compared citations
    score: float | None = None  # 0 to 100, of a comparison
    note: str = ""


# --- reading ---


def bundled() -> Path:
    """The 41 reports that the published review of the bundled strategies included."""
    return settings.bundled_reviews() / "iim" / "known_items.csv"


def read(path: Path) -> tuple[KnownItem, ...]:
    """The items of a file: CSV with a heading, any format of records, or one a line.

    Raises InputError naming the file and the line that cannot be used.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="check the path given with --known"
        ) from error
    try:
        text = formats.text_of(data)
        items = tuple(_items(path, data, text))
    except InputError as error:
        message = error.message if error.message.startswith(str(path)) else f"{path}: {error.message}"
        raise InputError(message, hint=error.hint) from error
    if not items:
        raise InputError(
            f"{path}: no known item in it",
            hint="give a PMID, a DOI or a citation a line, a CSV with such columns, or a file of records",
        )
    return items


def _items(path: Path, data: bytes, text: str) -> Iterator[KnownItem]:
    heading = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max(",;\t", key=heading.count)
    columns = [_column(name) for name in heading.split(delimiter)]
    if path.suffix.lower() in (".csv", ".tsv") or (
        len(columns) > 1 and set(columns) <= {*COLUMNS, "corpus_id"}
    ):
        yield from _of_csv(path, text, delimiter)
    elif any(formats.named(name).looks_like(text[:4000]) for name in formats.names()):
        yield from _of_records(path, data)
    else:
        yield from _of_lines(path, text)


def _column(name: str) -> str:
    plain = re.sub(r"[\W_]+", "_", name.strip().strip('"').casefold()).strip("_")
    return _OTHER_NAMES.get(plain, plain)


def _of_csv(path: Path, text: str, delimiter: str) -> Iterator[KnownItem]:
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    columns: list[str] = []
    number = 0
    start = 1
    try:
        for row in rows:
            where, start = f"{path}, line {start}", rows.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if not columns:
                columns = _checked_columns(row, where)
                continue
            if len(row) > len(columns):
                raise InputError(
                    f"{where}: {len(row)} values under {len(columns)} columns",
                    hint="put a value that holds the delimiter into quotes",
                )
            number += 1
            cells = {name: value.strip() for name, value in zip(columns, row, strict=False) if value.strip()}
            yield _of_cells(cells, number, where)
    except csv.Error as error:
        raise InputError(
            f"{path}, line {rows.line_num}: not CSV: {error}", hint="save the table as CSV again"
        ) from error


def _checked_columns(row: Sequence[str], where: str) -> list[str]:
    columns = [_column(name) for name in row]
    known = [name for name in columns if name in (*COLUMNS, "corpus_id")]
    if not known:
        raise InputError(
            f"{where}: no column that names a report, found {', '.join(row)[:80]!r}",
            hint=f"expected a heading with one or more of: {', '.join(COLUMNS)}",
        )
    for name in known:
        if columns.count(name) > 1:
            raise InputError(f"{where}: two columns are {name!r}", hint="keep one of them")
    return columns


def _of_cells(cells: Mapping[str, str], number: int, where: str) -> KnownItem:
    record, guesses = _cited(cells["citation"]) if "citation" in cells else (Record(), ())
    stated: dict[str, object] = {}
    for name, checked in (("pmid", _pmid), ("doi", _doi), ("pmcid", _pmcid), ("year", _year)):
        if name in cells:
            stated[name] = checked(cells[name], where)
    stated |= {name: cells[name] for name in ("title", "journal", "volume", "pages") if name in cells}
    if "author" in cells:
        stated["authors"] = tuple(_authors(cells["author"])) or (Author(cells["author"].split()[0]),)
    record = replace(record, **stated)  # type: ignore[arg-type]  # each by the name of its own field
    if "corpus_id" in cells:
        record = _of_corpus(cells["corpus_id"], where)
    guesses = tuple(replace(guess, **stated) for guess in guesses) if "title" not in stated else ()  # type: ignore[arg-type]  # as above
    label = cells.get("reference_number", str(number))
    given = cells.get("citation") or record.title or _identifiers(record)
    if not (given or guesses or (record.volume and record.pages)):
        raise InputError(
            f"{where}: nothing to look a report up by",
            hint="give a PMID, a DOI, a title or a citation in each row, or remove the row",
        )
    return KnownItem(
        number,
        where,
        label,
        given or f"{record.journal or ''} {record.volume}:{record.pages}",
        record,
        guesses,
    )


def _of_corpus(name: str, where: str) -> Record:
    from iimscreen.sources import corpus  # here: it is read for this one column only

    for record in corpus.bundled().records:
        if record.source_id == name:
            return record
    raise InputError(
        f"{where}: corpus_id {name!r} is not in the bundled corpus", hint="correct it, or remove the column"
    )


def _of_records(path: Path, data: bytes) -> Iterator[KnownItem]:
    for number, found in enumerate(formats.guess(path.name, data).read(data), start=1):
        where = f"{path}, line {found.line}"
        if not isinstance(found, Parsed):
            raise InputError(f"{where}: {found.cause}", hint="correct the record, or remove it")
        record = found.record
        yield KnownItem(number, where, str(number), record.title or _identifiers(record), record)


def _of_lines(path: Path, text: str) -> Iterator[KnownItem]:
    number = 0
    for place, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        number += 1
        where = f"{path}, line {place}"
        given = " ".join(line.split())
        record, guesses = _of_line(given, where)
        yield KnownItem(number, where, str(number), given, record, guesses)


def _of_line(given: str, where: str) -> tuple[Record, tuple[Record, ...]]:
    if found := _PMID.fullmatch(given):
        return Record(pmid=found.group(1)), ()
    if given[:3].upper() == "PMC" and (found := _PMCID.fullmatch(given)):
        return Record(pmcid=f"PMC{found.group(1)}"), ()
    record, guesses = _cited(given)
    has_identifier = record.pmid or record.doi or record.pmcid
    if not has_identifier and len(given.split()) < _LEAST_WORDS:
        raise InputError(
            f"{where}: {given[:60]!r} is no PMID, DOI or citation",
            hint="give one a line: 33258553, 10.1002/art.41602, or authors, title, journal, year and pages",
        )
    return record, guesses


def _pmid(text: str, where: str) -> str:
    found = _PMID.fullmatch(text)
    if found is None:
        raise InputError(
            f"{where}: {text[:40]!r} is no PMID", hint="expected 1 to 8 digits, such as 33258553"
        )
    return found.group(1)


def _pmcid(text: str, where: str) -> str:
    found = _PMCID.fullmatch(text)
    if found is None:
        raise InputError(f"{where}: {text[:40]!r} is no PMCID", hint="expected such as PMC9136432")
    return f"PMC{found.group(1)}"


def _doi(text: str, where: str) -> str:
    doi = formats.normal_doi(text)
    if doi is None:
        raise InputError(f"{where}: {text[:40]!r} is no DOI", hint="expected such as 10.1002/art.41602")
    return doi


def _year(text: str, where: str) -> int:
    found = re.fullmatch(r"((?:1[5-9]|20)\d\d)(?:\.0)?", text)
    if found is None:
        raise InputError(f"{where}: {text[:40]!r} is no year", hint="expected four digits, such as 2021")
    return int(found.group(1))


def _identifiers(record: Record) -> str:
    named = (("PMID ", record.pmid), ("doi:", record.doi), ("", record.pmcid))
    return ", ".join(f"{name}{value}" for name, value in named if value)


# --- citations ---


def _cited(text: str) -> tuple[Record, tuple[Record, ...]]:
    """What a citation states for sure, and that again with each sentence that may be its title."""
    doi = formats.normal_doi(text)
    pmid, pmcid = _PMID_INSIDE.search(text), _PMCID_INSIDE.search(text)
    rest = _NUMBERED.sub("", text, count=1) if _NUMBERED.match(text) else text
    for inside in (_PMCID_INSIDE, _PMID_INSIDE, _DOI_INSIDE):
        rest = inside.sub(" ", rest)
    place = next((found for pattern in _PLACES if (found := pattern.search(rest))), None)
    stated = place.groupdict() if place else {}
    before = rest[: place.start()] if place else rest
    apa = _APA_YEAR.search(before)
    sentences = _SENTENCE.split(before[apa.end() :] if apa else before)
    head = before[: apa.start()] if apa else sentences[0]
    authors = tuple(_authors(head))
    if authors and not apa:
        sentences = sentences[1:]
    years = [found.group("year") for found in _ANY_YEAR.finditer(rest)]
    year = stated.get("year") or (apa.group("year") if apa else None) or (years[-1] if years else None)
    journal = _SENTENCE.split(before)[-1].strip(" .,;") if place else None
    base = Record(
        pmid=pmid.group(1) if pmid else None,
        pmcid=f"PMC{pmcid.group(1)}" if pmcid else None,
        doi=doi,
        authors=authors,
        year=int(year) if year else None,
        journal=journal or None,
        volume=stated.get("volume"),
        pages=(stated.get("pages") or "").strip(".") or None,
    )
    return base, tuple(replace(base, title=title) for title in _titles(sentences))


def _authors(text: str) -> Iterator[Author]:
    """The people that a text begins with, "Paik JJ, Lee S" or "Paik, J. J., & Lee, S."."""
    end = 0
    while found := _AUTHOR.match(text, end):
        yield Author(found.group(1).strip(), re.sub(r"[^A-Z]", "", found.group(2)))
        end = found.end()
        more = re.match(r"[\s,;.&]*(?:and\s)?", text[end:])
        end += more.end() if more else 0


def _titles(sentences: Sequence[str]) -> Iterator[str]:
    """Sentences that may be a title; two in a row as well, since titles hold full stops."""
    for length in (1, 2):
        for start in range(len(sentences) - length + 1):
            title = " ".join(sentences[start : start + length]).strip(" .")
            if len(title.split()) >= _LEAST_WORDS:
                yield title


# --- looking up ---


def look_up(items: Sequence[KnownItem], records: Mapping[str, Record]) -> tuple[Lookup, ...]:
    """What a source holds of each item, in order; `records` are those of the source by their keys.

    Pure. An item that is the same report as an earlier one is "repeated", so that none counts twice.
    """
    shelf = _Shelf(records)
    found: list[Lookup] = []
    taken: dict[str, KnownItem] = {}
    for item in items:
        lookup = shelf.look_up(item)
        if lookup.state is State.MATCHED:
            earlier = next((taken[key] for key in lookup.keys if key in taken), None)
            if earlier is not None:
                lookup = replace(
                    lookup,
                    state=State.REPEATED,
                    note=f"the same report as {earlier.where.rpartition(', ')[2]}",
                )
            for key in lookup.keys:
                taken.setdefault(key, item)
        found.append(lookup)
    return tuple(found)


class _Shelf:
    """The records of a source, ready to be looked up in."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records
        self._compared = [
            _comparable(number, key, one) for number, (key, one) in enumerate(records.items(), 1)
        ]
        self._by: dict[str, dict[str, list[str]]] = {
            name: {} for name in ("pmid", "doi", "pmcid", "source_id")
        }
        for key, record in records.items():
            for name, index in self._by.items():
                if value := getattr(record, name):
                    index.setdefault(value.lower(), []).append(key)

    def look_up(self, item: KnownItem) -> Lookup:
        named = self._by_identifier(item)
        if not named:
            return self._by_citation(item)
        ways = list(named)
        keys = tuple(dict.fromkeys(key for way in ways for key in named[way]))
        lookup = Lookup(item, State.MATCHED, keys, self._records[keys[0]], " and ".join(ways))
        if len(ways) > 1 and not set.intersection(*map(set, named.values())):
            return replace(lookup, state=State.ASKED, note=f"its {' and '.join(ways)} name different records")
        if self._is_belied(item, keys[0]):
            return replace(lookup, state=State.ASKED, note=f"{ways[0]} agrees, the title does not")
        return lookup

    def _by_identifier(self, item: KnownItem) -> dict[str, list[str]]:
        record = item.record
        found: dict[str, list[str]] = {}
        for name, called in (("pmid", "PMID"), ("doi", "DOI"), ("pmcid", "PMCID")):
            keys = self._by[name].get((getattr(record, name) or "").lower())
            if keys:
                found[called] = keys
        if not found and record.source_id:
            # A number such as "c008" or "1" names the same report only under the same title.
            keys = self._by["source_id"].get(record.source_id.lower(), [])
            same = [key for key in keys if record.title and self._records[key].title == record.title]
            if same:
                found["the corpus's own number"] = same
        return found

    def _is_belied(self, item: KnownItem, key: str) -> bool:
        if not item.record.title:
            return False  # a citation read by guesses belies nothing
        pair = compare(_comparable(0, "", item.record), _comparable(1, key, self._records[key]))
        return pair is not None and pair.title < 60.0 and not pair.title_cut and not pair.page

    def _by_citation(self, item: KnownItem) -> Lookup:
        best: dict[str, tuple[bool, float, str]] = {}
        for reading in (item.record, *item.guesses):
            one = _comparable(0, "", reading)
            for other in self._compared:
                pair = compare(one, other)
                weighed = _weighed(pair) if pair is not None else None
                if weighed is not None and weighed > best.get(other.key, (False, 0.0, "")):
                    best[other.key] = weighed
        if not best:
            return Lookup(item, State.NOT_FOUND)
        ranked = sorted(best.items(), key=lambda entry: (entry[1][0], entry[1][1]), reverse=True)
        sure = [key for key, (is_sure, _, _) in ranked if is_sure]
        (first, (_, score, rule)) = ranked[0]
        lookup = Lookup(item, State.ASKED, (first,), self._records[first], rule, score)
        if not sure:
            return lookup
        if all(self._are_one(first, other) for other in sure[1:]):
            return replace(lookup, state=State.MATCHED, keys=tuple(sure))
        return replace(lookup, keys=tuple(sure), note=f"{len(sure)} records fit, and are not one report")

    def _are_one(self, key: str, other: str) -> bool:
        pair = compare(_comparable(0, key, self._records[key]), _comparable(1, other, self._records[other]))
        judged = judge(pair) if pair is not None else None
        return judged is not None and judged.verdict == DUPLICATE


def _comparable(number: int, key: str, record: Record) -> Comparable:
    return comparable(StoredRecord(number, key, "", Kind.DATABASE, record))


def _weighed(pair: Pair) -> tuple[bool, float, str] | None:
    """Whether two are surely one report, a score from 0 to 100, and the rule; None if they are not.

    The rules for duplicates ask more than a known item often states: a title alone, or a place
    alone, is enough here where nothing contradicts it.
    """
    judged = judge(pair)
    if judged is not None and judged.verdict == DUPLICATE:
        return True, judged.score, judged.rule
    differs = (pair.pmid, pair.doi, pair.page, pair.volume, pair.first_author, pair.journal).count(False)
    if not differs and (pair.year_gap or 0) <= 1:
        is_unguarded = not any(guard(pair) for guard in GUARDS)
        shorter = min(len(pair.one.titles[0]), len(pair.other.titles[0]))
        if pair.title >= SURE_TITLE and shorter >= SHORT_TITLE:
            return is_unguarded, round(pair.title, 2), "same_title"
        if not pair.one.titles[0] and pair.journal and pair.volume and pair.page and pair.first_author:
            return True, 95.0, "same_journal_volume_page_author"
        if pair.title >= SAME_TITLE or (pair.title_cut and pair.title >= _LEAST_CUT):
            return False, round(pair.title, 2), "like_title"
    return (False, judged.score, judged.rule) if judged is not None else None
