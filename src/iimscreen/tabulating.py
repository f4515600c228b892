"""The tables of this review: gathers what stands of its studies, has tables made of it, and files written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iimscreen import extracted, folders, review_forms, table_files, tables
from iimscreen.audit.findings import Dossier
from iimscreen.citations import citation
from iimscreen.consensus.reading import Reading
from iimscreen.decision_formats import Decided, own_ris
from iimscreen.duplicates import kept_report
from iimscreen.errors import InputError, ProtocolError
from iimscreen.forms import DATA
from iimscreen.fulltext.excluded import excluded
from iimscreen.model import Form, StoredRecord, StudyData
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, overlap_answers, records
from iimscreen.table_files import Contents
from iimscreen.tables import (
    LABELS,
    Dataset,
    Gathered,
    Scalar,
    Table,
    events,
    flat,
    lists,
    patients,
    responses,
    revman,
)
from iimscreen.tables import characteristics as study_tables
from iimscreen.tables.reading import LITERATURE, OWN
from iimscreen.tables.reading import Reading as RoleReading
from iimscreen.wording import counted

ORDERS = {
    "author": "first author and year",
    "year": "year and first author",
    "named": "the order of their naming",
}
MANIFEST = "iimscreen-tables.json"  # what was written into a folder, so that only that is ever replaced
DATASETS = ("wide", "long", "dictionary", "provenance", "conflicts", "metafor")
REVMAN = "revman"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabulated:
    """All tables and data sets of a review."""

    contents: Contents
    left_out: tuple[str, ...] = ()  # studies that are not final, where only final ones are wanted

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables, in the order in which they are printed."""
        return self.contents.tables


# --- gathered --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingOut:
    """What tables are made without, though it stands in the review."""

    left: Callable[[StudyData], StudyData | None]  # a study with what is left of it; None: it leaves
    stamp: str  # over every table
    excluded: tuple[
        str, ...
    ] = ()  # reports that would be excluded at full text, for no reason of the protocol
    unknown: frozenset[str] = frozenset()  # reports that would never have been found


def tabulate(
    review: Review,
    *,
    order: str = "author",
    final_only: bool = False,
    only: str = "",
    leaving_out: LeavingOut | None = None,
    tables_alone: bool = False,
) -> Tabulated:
    """The tables and data sets of a review, or the one called `only`; of all that stands, or without something.

    `tables_alone` leaves out what only files need: data sets, RevMan's files and references.
        Raises ProtocolError if there is nothing to make tables of, InputError for an unknown name or order.
    """
    if order not in ORDERS:
        raise InputError(f"--order {order!r} is not known", hint=f"expected one of {', '.join(ORDERS)}")
    known = (*LABELS, *DATASETS, REVMAN)
    if only and only not in known:
        raise InputError(f"there is no table {only!r}", hint=f"there are {', '.join(known)}")
    with review.reading():
        form = review_forms.in_force(review, DATA)
        data = extracted.data(review)
        if not data:
            raise ProtocolError("there is no study yet", hint="`iimscreen study new NAME` makes one")
        if leaving_out is not None:
            data = tuple(filter(None, map(leaving_out.left, data)))
        left_out: tuple[str, ...] = ()
        if final_only:
            data, left_out = tables.final_only(data)
        stored = _reports(review, data)
        gathered = _gathered(review, form, data, stored, order=order, left_out=left_out)
        if leaving_out is not None:
            gathered = replace(gathered, stamps=(leaving_out.stamp, *gathered.stamps))
        contents = Contents(
            tables=_tables(review, gathered, leaving_out),
            stamps=gathered.stamps,
            title=in_force(review).title,
            only=only,
        )
        sets = () if tables_alone else _datasets(review, gathered)
        appraisals = [] if tables_alone else _appraisals(review, data)
    if not tables_alone:
        contents = replace(
            contents,
            datasets=sets,
            revman=revman.files(gathered, appraisals),
            references=_references(gathered, stored),
        )
    return Tabulated(contents=_only(contents, only) if only else contents, left_out=left_out)


def gathered(review: Review) -> Gathered | None:
    """What all tables are made of, in the order in which studies are printed; None while there is no form or study."""
    with review.reading():
        if in_force(review).form is None:
            return None
        data = extracted.data(review)
        if not data:
            return None
        form = review_forms.in_force(review, DATA)
        return _gathered(review, form, data, _reports(review, data), order="author", left_out=())


def pooled(review: Review) -> tuple[str, ...]:
    """Studies of the literature with final data that could be pooled: some subjects assessed, in whatever domain."""
    found = gathered(review)
    if found is None:
        return ()
    data = responses.metafor(found)
    place = {name: number for number, name in enumerate(data.columns)}
    return tuple(
        dict.fromkeys(
            str(row[place["study"]])
            for row in data.rows
            if row[place["ni"]] is not None and row[place["final"]] == "yes"
        )
    )


def _only(contents: Contents, only: str) -> Contents:
    chosen = tuple(table for table in contents.tables if table.name == only)
    sets = tuple(dataset for dataset in contents.datasets if dataset.name == only)
    if only == REVMAN:
        return replace(contents, tables=(), datasets=())
    if not chosen and not sets:
        raise ProtocolError(
            f"there is no table {only} of this review, since it has no own series",
            hint="`iimscreen study new NAME --own` names one",
        )
    return replace(contents, tables=chosen, datasets=sets, revman=(), references=b"")


def _reports(review: Review, data: Sequence[StudyData]) -> dict[str, StoredRecord]:
    """Report → its record as a reader sees it, of all reports of these studies."""
    keys = list(dict.fromkeys(key for study in data for key in study.reports))
    return {one.key: kept_report.shown(review, one) for one in list(records.by_keys(review, keys))}


def _gathered(
    review: Review,
    form: Form,
    data: Sequence[StudyData],
    stored: Mapping[str, StoredRecord],
    *,
    order: str,
    left_out: Sequence[str],
) -> Gathered:
    notice = in_force(review).notice
    notes = (
        (f"Left out, not final: {', '.join(left_out)} ({counted(len(left_out), 'study', 'studies')}).",)
        if left_out
        else ()
    )
    dossier = Dossier(form, tuple(data), answers=tuple(overlap_answers.standing(review)))
    outcomes = {name for answer in dossier.answers for name, _ in answer.counted}
    return Gathered(
        form=form,
        studies=_ordered(form, data, stored, order),
        reports={key: one.record for key, one in stored.items()},
        order=ORDERS[order],
        stamps=(*((notice,) if notice else ()), *tables.interim(data)),
        notes=notes,
        elsewhere=_elsewhere(dossier, "subjects"),
        elsewhere_in={
            "" if name == "*" else name.casefold(): _elsewhere(dossier, name) for name in ("*", *outcomes)
        },
    )


def _elsewhere(dossier: Dossier, outcome: str) -> dict[str, str]:
    return {name: f"counted in {other}" for name, other in dossier.left_out(outcome).items()}


def _ordered(
    form: Form, data: Sequence[StudyData], stored: Mapping[str, StoredRecord], order: str
) -> tuple[StudyData, ...]:
    if order == "named":
        return tuple(data)
    keyed = {study.study: _author_and_year(form, study, stored) for study in data}

    def place(study: StudyData) -> tuple[object, ...]:
        author, year = keyed[study.study]
        name = study.study.casefold()
        return (
            (author.casefold() or name, year, name) if order == "author" else (year, author.casefold(), name)
        )

    return tuple(sorted(data, key=place))


def _author_and_year(form: Form, study: StudyData, stored: Mapping[str, StoredRecord]) -> tuple[str, int]:
    """As extracted; as its first report states them where they were not. 9999: no year."""
    reading = RoleReading(study, form)
    author, year = reading.of_study("first-author"), reading.of_study("year")
    first = next((stored[key].record for key in study.reports if key in stored), None)
    stated_author = first.authors[0].family if first is not None and first.authors else ""
    stated_year = first.year if first is not None else None
    number = None if year is None else year.number
    return (
        author.text if author is not None and author.text else stated_author,
        int(number) if number is not None else stated_year or 9999,
    )


def _tables(review: Review, gathered: Gathered, leaving_out: LeavingOut | None) -> tuple[Table, ...]:
    made = [
        study_tables.characteristics(gathered),
        patients.by_drug(gathered),
        responses.responses(gathered),
        responses.within_studies(gathered),
        events.events(gathered),
        patients.patients(gathered),
        _excluded(review, gathered, leaving_out),
    ]
    if gathered.of_kind(OWN):
        made += [
            study_tables.characteristics(gathered, OWN),
            patients.by_drug(gathered, OWN),
            responses.responses(gathered, OWN),
            events.events(gathered, OWN),
            patients.patients(gathered, OWN),
        ]
    made.append(lists.references(gathered))
    return tuple(sorted(made, key=lambda table: list(LABELS).index(table.name)))


def _excluded(review: Review, gathered: Gathered, leaving_out: LeavingOut | None) -> Table:
    try:
        found = excluded(review)
    except ProtocolError as error:  # nothing of it is open to view
        return replace(
            lists.excluded(gathered, ()), notes=(f"{error.message[:1].upper()}{error.message[1:]}.",)
        )
    reasons = [
        (
            one.citation,
            (one.label or one.reason or "no reason given")
            + (" (to be confirmed)" if one.is_proposed else ""),
        )
        for one in found.reports
        if leaving_out is None or one.key not in leaving_out.unknown
    ]
    if leaving_out is not None:
        thought = records.by_keys(review, leaving_out.excluded)
        reasons += [(citation(kept_report.shown(review, one).record), "what if") for one in list(thought)]
    made = lists.excluded(gathered, reasons)
    if not found.closed:
        return made
    closed = counted(found.closed, "report")
    return replace(
        made,
        notes=(*made.notes, f"{closed} assessed whose votes are not open to view."),
        stamps=(*made.stamps, f"interim: the votes on {closed} are not open to view"),
    )


def _datasets(review: Review, gathered: Gathered) -> tuple[Dataset, ...]:
    return (
        flat.wide(gathered),
        flat.long(gathered),
        flat.dictionary(gathered),
        flat.provenance(gathered),
        flat.conflicts(gathered, _resolved(review, gathered)),
        responses.metafor(gathered),
    )


def _resolved(review: Review, gathered: Gathered) -> list[tuple[Scalar, ...]]:
    """Each conflict of an open study: what each of the two said, and how it was resolved, if it was."""
    reading = Reading(review)
    found: list[tuple[Scalar, ...]] = []
    for study in gathered.studies:
        consensus = reading.consensus(study.study)
        if consensus is None:
            continue
        for row in consensus.rows:
            for both in row.cells:
                if both.state not in ("resolved", "open") or len(both.cells) < 2:
                    continue
                said = "; ".join(
                    f"{name}: {cell.value if cell is not None else 'nothing'}"
                    for name, cell in zip(consensus.names, both.cells, strict=False)
                )
                word = both.resolution
                found.append(
                    (
                        *(study.study, row.row, both.field, said),
                        word.chosen if word is not None else "",
                        str(word.value) if word is not None and word.value is not None else "",
                        word.manner if word is not None else "open",
                        ", ".join(word.names) if word is not None else "",
                        word.reason if word is not None else "",
                    )
                )
    return found


def _appraisals(review: Review, data: Sequence[StudyData]) -> list[tuple[Form, Sequence[StudyData]]]:
    found: list[tuple[Form, Sequence[StudyData]]] = []
    names = {study.study for study in data}
    for instrument in in_force(review).instruments:
        form = review_forms.in_force(review, instrument.name)
        if form.subject == "study":
            appraised = extracted.data(review, instrument.name)
            found.append((form, [one for one in appraised if one.study in names]))
    return found


def _references(gathered: Gathered, stored: Mapping[str, StoredRecord]) -> bytes:
    """RIS of the literature, with the study of each report in NS: a report of two studies stands twice."""
    lines: list[str] = []
    for study in gathered.of_kind(LITERATURE):
        for key in study.reports:
            if key in stored:
                written = own_ris.write([Decided(stored[key], ())], {}).decode("utf-8-sig")
                name = " ".join(study.study.split())
                lines += written.replace("\r\nER  - ", f"\r\nNS  - {name}\r\nER  - ").split("\r\n")
    return "\r\n".join(lines).encode("utf-8-sig") if lines else b""


# --- written ---------------------------------------------------------------------------------------


def write(tabulated: Tabulated, folder: Path, formats: Sequence[str]) -> folders.Written:
    """All files into a new folder, or over those that were written here before; all of them, or none.

    Raises InputError where a file stands in the way that is not one of these, or was changed since.
    """
    files = table_files.files(tabulated.contents, formats)
    if not files:
        raise InputError(
            f"{tabulated.contents.only} is no {' or '.join(formats)}",
            hint="add csv to --format, or leave it away",
        )
    return folders.write(folder, files, manifest=MANIFEST, option="--out")
