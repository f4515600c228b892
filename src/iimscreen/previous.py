"""A version of this review that was made elsewhere: its included reports, entered from a file.

The rule. What the other version included is stored as records of a source of its own. Deduplication
then compares them with all others as it compares any two records: by PMID, DOI, and title with author,
year or place; where it is not sure it asks a person. A bare PMID or DOI, without a title, decides by
itself. A report that one of them belongs to is known to the version before:

- it is never screened here: it is in no stage's pool, whatever finds it again, and whenever;
- a record of a database or register that belongs to it counts as identified and then among the
  duplicates removed before screening (PRISMA 2020 has no box of its own for it); a footnote of the flow
  says how many these are. A record of another method is told in that column's footnote;
- it counts in `previous_reports`, once for each line of the file, and its studies in `previous_studies`,
  also when deduplication finds two lines to be one report: then the total counts it once, and says so. A line
  of several studies names them all in `study`, parted by "|".

A file may be entered before the first search or later: records found before it are recognised in the
next deduplication. If they have votes already, these stay in the log and count no more. It is refused
once a version has been closed here: then that version is the one before.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import formats
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Answer, Author, Kind, Parsed, Record
from iimscreen.store import Review, log, records, runs, versions
from iimscreen.team import check_name
from iimscreen.wording import counted

COLUMNS = ("study", "pmid", "doi", "title", "authors", "year", "journal")
_PMID = re.compile(r"(?:pmid:?\s*)?0*([1-9]\d{0,8})(?:\.0)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One included report of the other version."""

    number: int  # of its line in the file
    studies: tuple[str, ...]
    record: Record


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file of included reports held."""

    title: str
    file_name: str
    studies: int
    reports: int
    without_identifier: int  # reports that only their title can be recognised by
    was_done: bool  # this very file was entered before; nothing was stored


def load(review: Review, path: Path, *, by: str, title: str | None = None, dry_run: bool = False) -> Loaded:
    """Enter the included reports of a version made elsewhere, all of the file or nothing.

    The same file again does nothing. Raises InputError naming the line that cannot be used, and
    ProtocolError if a version of this review has been closed already.
    """
    name = check_name(by)
    data = _bytes(path)
    sha256 = log.sha256(data)
    lines = _read(path, data)
    given = (title or "").strip() or path.stem
    outcome = Loaded(
        given,
        path.name,
        len({study for line in lines for study in line.studies}),
        len(lines),
        sum(line.record.pmid is None and line.record.doi is None for line in lines),
        was_done=False,
    )
    with review.writing() as db:
        entered = versions.previous_reviews(review)
        for one in entered:
            if one.file_sha256 == sha256:
                return Loaded(
                    one.title,
                    one.file_name,
                    one.studies,
                    len({key for key, _ in one.reports}),
                    outcome.without_identifier,
                    was_done=True,
                )
        if versions.closures(review):
            raise ProtocolError(
                "a version of this review has been closed here, so that is the version before this one",
                hint="`iimscreen version` lists versions; a review made elsewhere is entered before the first closing",
            )
        _refuse_known(review, path, lines, entered, given)
        if dry_run:
            return outcome
        source = versions.elsewhere_source(len(entered) + 1)
        records.ensure_source(db, source, versions.previous_database(given), Kind.CITATION)
        run = runs.begin_import(
            review, source, label=path.name, file_name=path.name, file_sha256=sha256, file_format="previous"
        )
        identified = [(str(place), line.record) for place, line in enumerate(lines, start=1)]
        runs.finish(review, run, source, Answer(len(lines), tuple(line.record for line in lines)), identified)
        versions.add_previous(
            review,
            title=given,
            source=source,
            file_name=path.name,
            file_sha256=sha256,
            reports=[
                (f"{source}:{place}", study)
                for (place, _), line in zip(identified, lines, strict=True)
                for study in line.studies
            ],
            by=name,
        )
    return outcome


def _refuse_known(
    review: Review,
    path: Path,
    lines: Sequence[Line],
    entered: Sequence[versions.PreviousReview],
    title: str,
) -> None:
    """Raise InputError if another file that was entered has one of these reports, or this title."""
    for one in entered:
        if one.title == title:
            raise InputError(
                f"a previous review called {title!r} was entered already, from {one.file_name}",
                hint="give another --title",
            )
        stored = [known.record for known in records.by_keys(review, list(dict(one.reports)))]
        pmids, dois = {known.pmid for known in stored}, {known.doi for known in stored}
        for line in lines:
            for what, value, values in (
                ("PMID", line.record.pmid, pmids),
                ("DOI", line.record.doi, dois),
            ):
                if value is not None and value in values:
                    raise InputError(
                        f"{path}, line {line.number}: {what} {value} stands in {one.file_name} already",
                        hint="a report counts once: leave the line out; nothing was stored",
                    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error


def _read(path: Path, data: bytes) -> list[Line]:
    try:
        lines = list(_of_csv(data) if path.suffix.lower() in (".csv", ".tsv") else _of_export(path, data))
    except InputError as error:
        if error.message.startswith(path.name):  # it is in no format that can be read
            raise InputError(
                f"{path}{error.message.removeprefix(path.name)}",
                hint="give a CSV study,pmid,doi,title, or an export as RIS, nbib, PubMed XML or JSONL",
            ) from error
        raise InputError(
            f"{path}{'' if error.message.startswith(',') else ': '}{error.message}", hint=error.hint
        ) from error
    if not lines:
        raise InputError(
            f"{path} holds no included report", hint=f"a CSV has the columns {','.join(COLUMNS[:4])}"
        )
    seen: dict[str, int] = {}
    for line in lines:
        facts = line.record
        for value in (facts.pmid and f"PMID {facts.pmid}", facts.doi and f"DOI {facts.doi}"):
            if value and value in seen:
                raise InputError(
                    f"{path}, line {line.number}: {value} stands on line {seen[value]} as well",
                    hint="one line for each report; a study with several reports repeats its name in `study`, and a "
                    "report of several studies names them there, parted by |",
                )
            if value:
                seen[value] = line.number
    return lines


def _of_csv(data: bytes) -> Iterator[Line]:
    """The lines of a CSV or TSV with some of COLUMNS, in any order; others are passed over."""
    text = formats.text_of(data)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text), strict=True, delimiter=delimiter)
    try:
        stated = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        names = dict(zip(stated, reader.fieldnames or (), strict=True))
        if not {"pmid", "doi", "title"} & set(names):
            raise InputError(
                f", line 1: the columns are {', '.join(filter(None, names)) or 'missing'}",
                hint=f"expected {','.join(COLUMNS[:4])} (also {', '.join(COLUMNS[4:])}); at least one of pmid, doi "
                "and title",
            )
        if twice := [name for name in COLUMNS if stated.count(name) > 1]:
            raise InputError(
                f", line 1: column {', '.join(twice)} stands there twice", hint="keep the one that is meant"
            )
        for row in reader:
            if None in row:
                raise InputError(
                    f", line {reader.line_num}: more values than columns",
                    hint="put quotes around values that hold a comma",
                )
            facts = {name: (row[names[name]] or "").strip() for name in COLUMNS if name in names}
            if any(facts.values()):
                yield _line(reader.line_num, facts)
    except csv.Error as error:
        raise InputError(f", line {reader.line_num}: {error}", hint="save it as CSV UTF-8 again") from error


def _line(number: int, facts: dict[str, str]) -> Line:
    stated = facts.get("pmid", "")
    pmid = _PMID.fullmatch(stated)
    if stated and pmid is None:
        raise InputError(
            f", line {number}: {stated!r} is no PMID", hint="a PMID is a number of up to nine digits"
        )
    doi = formats.normal_doi(facts["doi"]) if facts.get("doi") else None
    if facts.get("doi") and doi is None:
        raise InputError(f", line {number}: {facts['doi']!r} is no DOI", hint="a DOI looks like 10.1000/xyz")
    title = facts.get("title") or None
    if pmid is None and doi is None and title is None:
        raise InputError(
            f", line {number}: neither PMID nor DOI nor title", hint="state at least one, to recognise it by"
        )
    year = facts.get("year", "")[:4]
    record = Record(
        source_id=str(number),
        pmid=pmid.group(1) if pmid else None,
        doi=doi,
        title=title,
        authors=tuple(
            Author(*_name(name)) for name in re.split(r"\s*;\s*", facts.get("authors", "")) if name
        ),
        year=int(year) if year.isdecimal() else None,
        journal=facts.get("journal") or None,
    )
    named = tuple(dict.fromkeys(name.strip() for name in facts.get("study", "").split("|") if name.strip()))
    return Line(number, named or (_own_study(record),), record)


def _name(name: str) -> tuple[str, str]:
    family, comma, given = name.partition(",")
    if comma:
        return family.strip(), given.strip()
    family, _, given = name.rpartition(" ")
    return (family, given) if family and given.isupper() else (name, "")


def _own_study(record: Record) -> str:
    """How a study is called that has no name: by its one report."""
    if record.pmid:
        return f"pmid:{record.pmid}"
    return f"doi:{record.doi}" if record.doi else str(record.title)


def _of_export(path: Path, data: bytes) -> Iterator[Line]:
    """The records of an export in one of our formats, each a study of its own."""
    for found in formats.guess(path.name, data).read(data):
        if not isinstance(found, Parsed):
            raise InputError(f", line {found.line}: {found.cause}", hint="correct the file")
        facts = found.record
        if not (facts.pmid or facts.doi or facts.title):
            raise InputError(
                f", line {found.line}: neither PMID nor DOI nor title", hint="state at least one"
            )
        yield Line(found.line, (_own_study(facts),), facts)


def sentence(found: Loaded) -> str:
    """What was entered, in one sentence."""
    return (
        f"{found.title}: {counted(found.studies, 'study', 'studies')} in {counted(found.reports, 'report')}"
        + (
            f"; {counted(found.without_identifier, 'report')} without PMID and DOI, to be recognised by title"
            if found.without_identifier
            else ""
        )
    )
