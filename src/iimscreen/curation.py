"""Correct what records state, and take records out before screening; both with a trace, both undone at will.

A correction is read over the source's words and never changes them. A removal is for what should not be
screened at all (retracted before screening, imported by mistake, a test); what was judged is excluded by
vote instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from iimscreen import dedupe
from iimscreen.duplicates import progress
from iimscreen.errors import InputError, ProtocolError
from iimscreen.formats import normal_doi
from iimscreen.model import Author, Record, StoredRecord
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, curation, decisions, duplicates, provenance, records, retrievals, versions
from iimscreen.store.curation import Edit, Removal, in_words
from iimscreen.store.provenance import Bringing
from iimscreen.team import check_name

Value = str | int | tuple[str, ...] | tuple[Author, ...]

# --- what may be edited, and how it is read --------------------------------------------------------

_CONTROLS = dict.fromkeys([*range(9), *range(14, 32), *range(127, 160)])
_YEAR = re.compile(r"1[5-9]\d\d|2[01]\d\d", re.ASCII)
_PMID = re.compile(r"(?:pmid:?\s*)?([1-9]\d{0,7})", re.ASCII | re.IGNORECASE)
_PMCID = re.compile(r"PMC\s?(\d{3,9})", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(1[5-9]\d\d|2[01]\d\d)(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
_LANGUAGE = re.compile(r"[^\W\d_][^\d_;,]*")
_NCT = re.compile(r"NCT\d{8}", re.ASCII | re.IGNORECASE)
_REGISTRATION = re.compile(r"\S[^:;]*:\S[^;]*")


def _line(text: str) -> str:
    return " ".join(text.translate(_CONTROLS).split())


def _text(given: str) -> str:
    return _line(given)


def _abstract(given: str) -> str:
    """One paragraph a line, as sources state structured abstracts."""
    lines = [_line(line) for line in given.splitlines()]
    return "\n".join(line for line in lines if line)


def _year(given: str) -> int:
    if not _YEAR.fullmatch(given.strip()):
        raise InputError(f"year {given!r} is no year", hint="expected four digits, such as 2021")
    return int(given)


def _doi(given: str) -> str:
    doi = normal_doi(given)
    if doi is None:
        raise InputError(f"doi {given!r} is no DOI", hint="expected one such as 10.1002/art.41602")
    return doi


def _pmid(given: str) -> str:
    match = _PMID.fullmatch(given.strip())
    if match is None:
        raise InputError(f"pmid {given!r} is no PMID", hint="expected its digits, such as 33258553")
    return match.group(1)


def _pmcid(given: str) -> str:
    match = _PMCID.fullmatch(given.strip())
    if match is None:
        raise InputError(f"pmcid {given!r} is no PMCID", hint="expected one such as PMC7987654")
    return f"PMC{match.group(1)}"


def _date(given: str) -> str:
    if not _DATE.fullmatch(given.strip()):
        raise InputError(
            f"published_on {given!r} is no date",
            hint="expected YYYY, YYYY-MM or YYYY-MM-DD, as far as stated",
        )
    return given.strip()


def _pages(given: str) -> str:
    pages = _line(given)
    if len(pages) > 60 or ";" in pages:
        raise InputError(f"pages {given!r} are no pages", hint="expected such as 1024-9, S12-S14 or e1003583")
    return pages


def _authors(given: str) -> tuple[Author, ...]:
    """Authors as "Family, Given; Family, Given"; a group in braces, so that nothing has to be guessed."""
    found = []
    for part in filter(None, map(_line, given.split(";"))):
        family, comma, forenames = (piece.strip() for piece in part.partition(","))
        if part.startswith("{") and part.endswith("}") and part[1:-1].strip():
            found.append(Author(part[1:-1].strip(), is_group=True))
        elif family and (comma or " " not in part):
            found.append(Author(family, forenames))
        else:
            raise InputError(
                f"author {part!r} is not written as 'Family, Given'",
                hint="expected 'Paik, Julie J.; Casciola-Rosen, L', and a group in braces: '{COMET Study Group}'",
            )
    return tuple(found)


def _list(given: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(_line, given.split(";")))))


def _languages(given: str) -> tuple[str, ...]:
    found = _list(given)
    for one in found:
        if not _LANGUAGE.fullmatch(one):
            raise InputError(
                f"language {one!r} is no language", hint="expected as the source writes it: eng; ger"
            )
    return found


def _registrations(given: str) -> tuple[str, ...]:
    found = []
    for one in _list(given):
        number = f"ClinicalTrials.gov:{one.upper()}" if _NCT.fullmatch(one) else one
        if not _REGISTRATION.fullmatch(number):
            raise InputError(
                f"registration {one!r} names no register",
                hint="expected an NCT number, or REGISTER:NUMBER, such as ISRCTN:ISRCTN12345678",
            )
        found.append(number)
    return tuple(dict.fromkeys(found))


# In the order in which a record is shown.
EDITABLE: dict[str, Callable[[str], Value]] = {
    "title": _text,
    "vernacular_title": _text,
    "authors": _authors,
    "year": _year,
    "journal": _text,
    "journal_abbreviation": _text,
    "volume": _text,
    "issue": _text,
    "pages": _pages,
    "doi": _doi,
    "pmid": _pmid,
    "pmcid": _pmcid,
    "registrations": _registrations,
    "languages": _languages,
    "publication_types": _list,
    "keywords": _list,
    "published_on": _date,
    "abstract": _abstract,
}
_IDENTITY = "it says which record this is, and all decisions on the record hang on it"
_BY_SOURCE = "it is what the source says of its own record"
_FIXED = {
    **dict.fromkeys(("source", "accession", "key", "number", "source_id"), _IDENTITY),
    "database": "it is where the record was found, which PRISMA counts",
    "kind": "it is where the record was found, which PRISMA counts",
    "mesh_terms": "headings are the work of the source's indexers; add your own words to keywords",
    "substances": "they are the work of the source's indexers; add your own words to keywords",
    "registry_numbers": "they are the work of the source's indexers",
    "links": "they are what the source ties to the record; `iimscreen watch` looks for retractions",
    **dict.fromkeys(("entered_on", "indexed_on", "revised_on", "citation_status", "provenance"), _BY_SOURCE),
}


def check_field(name: str) -> str:
    """The field meant. Raises InputError, and says why, if it may not be edited or there is none."""
    field = name.strip().lower().replace("-", "_")
    if field in _FIXED:
        raise InputError(
            f"{field} cannot be edited: {_FIXED[field]}", hint=f"fields that can: {', '.join(EDITABLE)}"
        )
    if field not in EDITABLE:
        raise InputError(
            f"a record has no field {name!r} that can be edited", hint=f"it has {', '.join(EDITABLE)}"
        )
    return field


def read_value(field: str, given: str) -> Value:
    """A value as it is typed, read as the file formats read it. Raises InputError if it is no such value."""
    value = EDITABLE[field](given)
    if value in ("", ()):
        raise InputError(
            f"the value given for {field} is empty", hint=f"to empty the field, say --unset {field}"
        )
    return value


# --- editing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, in words; None where it is empty."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class StageVotes:
    """How many votes one report has at one stage. Says nothing of any verdict."""

    stage: str
    given: int
    needed: int


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit, or its undoing, did to one record."""

    key: str
    changes: tuple[Change, ...]
    unchanged: tuple[str, ...]  # fields that stood so already
    votes: tuple[StageVotes, ...]  # given on its report before, and standing
    shown_instead: str | None  # the record that reviewers see, if it is another one of the report
    compare_again: bool  # whether deduplication looks at what was changed
    edits_left: int  # of this record, that stand and could be taken back


def edit(
    review: Review,
    given: str,
    values: Mapping[str, str],
    *,
    unset: Collection[str] = (),
    note: str | None,
    by: str,
) -> Edited:
    """Give fields of one record another value (as typed), or empty them; all of it or nothing.

    Values that stand so already are no edits. Raises InputError for a field or value that cannot be, or
    without a note.
    """
    name = check_name(by)
    wanted: dict[str, Value | None] = {}
    for field, value in values.items():
        checked = check_field(field)
        if checked in wanted:
            raise InputError(f"{checked} is given twice", hint="give each field once")
        wanted[checked] = read_value(checked, value)
    for field in map(check_field, unset):
        if field in wanted:
            raise InputError(f"{field} is both set and unset", hint="one of the two")
        if field == "title":
            raise InputError(
                "the title cannot be emptied: a record without one cannot be screened", hint=_WAY
            )
        wanted[field] = None
    if not wanted:
        raise InputError("nothing to edit was given", hint="--set FIELD=VALUE, --file FIELD=PATH or --unset")
    if not (note or "").strip():
        raise InputError("an edit needs its reason", hint="say why, and where from, with --note")
    with review.writing():
        before = records.find_one(review, given)
        changed = {
            field: value for field, value in wanted.items() if _standing(before.record, field) != value
        }
        curation.add_edits(
            review,
            before.key,
            {field: _spelled(field, value) for field, value in changed.items()},
            note=(note or "").strip(),
            by=name,
        )
        return _edited(review, before, list(changed), [one for one in wanted if one not in changed])


_WAY = "correct it with --set title=…, or take the record out with `iimscreen records remove`"


def undo(review: Review, given: str, *, by: str, note: str | None = None) -> Edited:
    """Take the last standing edit of one record back; what stood before it stands again.

    Raises ProtocolError if there is none.
    """
    name = check_name(by)
    with review.writing():
        before = records.find_one(review, given)
        standing = _standing_edits(review, before.key)
        if not standing:
            raise ProtocolError(
                f"{before.key} has no edit to take back", hint=f"`iimscreen records show {before.key}`"
            )
        curation.take_back(review, standing[-1], note=(note or "").strip() or None, by=name)
        return _edited(review, before, [standing[-1].field], [])


def _standing_edits(review: Review, key: str) -> list[Edit]:
    return [one for one in curation.edits(review, key) if one.undoes is None and not one.is_undone]


def _standing(record: Record, field: str) -> Value | None:
    value: Value | None = getattr(record, field)
    return None if value == () else value


def _spelled(field: str, value: Value | None) -> str | None:
    """A value as the record's column holds it."""
    if value is None:
        return None
    facts: dict[str, object] = {field: value}
    return str(records.columns_of(Record(**facts))[field])  # type: ignore[arg-type]  # read for this field


def _worded(field: str, value: Value | None) -> str | None:
    spelled = _spelled(field, value)
    return None if spelled is None else in_words(field, spelled)


def _edited(review: Review, before: StoredRecord, changed: Sequence[str], unchanged: Sequence[str]) -> Edited:
    after = records.by_key(review, before.key).record
    kept = records.kept_of(review, before.key)
    return Edited(
        key=before.key,
        changes=tuple(
            Change(
                field,
                _worded(field, _standing(before.record, field)),
                _worded(field, _standing(after, field)),
            )
            for field in changed
        ),
        unchanged=tuple(unchanged),
        votes=_votes(review, kept),
        shown_instead=None if kept == before.key else kept,
        compare_again=bool(progress.COMPARED.intersection(changed))
        and duplicates.last_run(review) is not None,
        edits_left=len(_standing_edits(review, before.key)),
    )


def _votes(review: Review, report: str) -> tuple[StageVotes, ...]:
    found = [
        StageVotes(stage.name, len(decisions.voters(review, stage.name, report)), stage.reviewers_needed)
        for stage in in_force(review).stages
    ]
    return tuple(one for one in found if one.given)


# --- removing and restoring ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal, or a restoring, did."""

    done: tuple[StoredRecord, ...]
    unchanged: tuple[str, ...]  # keys of records that stood so already
    kept: Mapping[str, str]  # record done → the record by which its report is screened now, if it is


def remove(review: Review, given: Sequence[str], *, reason: str, by: str) -> Removed:
    """Take records out before screening, all of them or none.

    Raises ProtocolError for one that was judged, or that belongs to a completed version.
    """
    return _move(review, given, is_removed=True, reason=reason, by=by)


def restore(review: Review, given: Sequence[str], *, note: str, by: str) -> Removed:
    """Take removed records in again, all of them or none."""
    return _move(review, given, is_removed=False, reason=note, by=by)


def _move(review: Review, given: Sequence[str], *, is_removed: bool, reason: str, by: str) -> Removed:
    name = check_name(by)
    why = _line(reason)
    if not why:
        what = "--reason" if is_removed else "--note"
        raise InputError(f"{what} is empty", hint="say why: it stands in the log, and removals in the flow")
    if not given:
        raise InputError("no record named", hint="give its key, number, pmid:… or doi:…")
    with review.writing():
        found = list({one.key: one for one in (records.find_one(review, text) for text in given)}.values())
        gone = curation.removed(review)
        done = [one for one in found if (one.key in gone) is not is_removed]
        if is_removed:
            for one in done:
                _require_unjudged(review, one.key)
        reports = {records.kept_of(review, one.key) for one in done}
        curation.add_removals(review, [one.key for one in done], is_removed=is_removed, reason=why, by=name)
        for report in reports:
            dedupe.keep_again(review, report)
        gone = curation.removed(review)
        kept = {one.key: records.kept_of(review, one.key) for one in done}
        return Removed(
            tuple(done),
            tuple(one.key for one in found if (one.key in gone) is is_removed and one not in done),
            {key: report for key, report in kept.items() if report not in gone},
        )


def _require_unjudged(review: Review, key: str) -> None:
    """Raise ProtocolError unless a record is still before screening, in the same words whatever the votes say."""
    if versions.is_made_elsewhere(key):
        raise ProtocolError(
            f"{key} is a report that a version made elsewhere included, which no search of this review found",
            hint="it counts among previous studies; if it was retracted since, see `iimscreen watch`",
        )
    closed = versions.closures(review)
    known = versions.known(review) if closed else set()
    if key in known and key not in curation.removed(review, before=closed[-1].log_id):
        raise ProtocolError(
            f"{key} belongs to version {closed[-1].number}, which is complete: its numbers stand",
            hint="a report that should no longer count is excluded with `iimscreen resolve` or `iimscreen watch`",
        )
    report = records.kept_of(review, key)
    named = key if report == key else f"{key}, a record of the report of {report},"
    if decisions.is_judged(review, report):
        raise ProtocolError(
            f"{named} has votes: records are removed before screening",
            hint="exclude it by vote; or let those who voted take their votes back first (`u` in `iimscreen "
            "screen`); a record that belongs to another report can be split off first (`iimscreen duplicates split`)",
        )
    if report in retrievals.standing(review):
        raise ProtocolError(
            f"{named} was sought for retrieval already: records are removed before screening",
            hint="mark it as not retrieved, or exclude it at full text with a reason",
        )


# --- showing and listing ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: as it stands, as its source stated it, and every edit of it."""

    name: str
    value: str | None
    stated: str | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is stored on one record."""

    record: StoredRecord  # as it stands
    fields: tuple[Field, ...]
    kept: str  # the record by which its report is known
    members: tuple[str, ...]  # records of its report
    removals: tuple[Removal, ...]
    brought: tuple[Bringing, ...]


_SHOWN = (
    *EDITABLE,
    *("source_id", "mesh_terms", "substances", "registry_numbers", "links"),
    *("entered_on", "indexed_on", "revised_on", "citation_status", "provenance"),
)


def show(review: Review, given: str) -> Shown:
    """All that is stored on the one record that a person means."""
    with review.reading():
        record = records.find_one(review, given)
        stated = records.as_stated(review, record.key).record
        edits = curation.edits(review, record.key)
        kept = records.kept_of(review, record.key)
        return Shown(
            record=record,
            fields=tuple(
                Field(
                    name,
                    _worded_as_stated(name, record.record),
                    _worded_as_stated(name, stated),
                    tuple(one for one in edits if one.field == name),
                )
                for name in _SHOWN
            ),
            kept=kept,
            members=tuple(records.members_of(review, kept)),
            removals=tuple(curation.removals(review, record.key)),
            brought=tuple(provenance.brought(review, [record.key])),
        )


def _worded_as_stated(name: str, record: Record) -> str | None:
    if name == "links":
        links = (" ".join(filter(None, (one.kind, one.pmid, one.citation))) for one in record.links)
        return "; ".join(links) or None
    value = getattr(record, name)
    if name in EDITABLE:
        return _worded(name, None if value == () else value)
    return "; ".join(value) or None if isinstance(value, tuple) else value


LACKING = ("abstract", "title", "year", "doi", "authors")


@dataclass(frozen=True, slots=True)
class Line:
    """One record in a list."""

    key: str
    number: int
    title: str | None
    is_edited: bool
    removed: Removal | None


def listed(
    review: Review, *, lacking: str | None = None, removed: bool = False, edited: bool = False
) -> Iterator[Line]:
    """Records in order of arrival, one at a time: all, or those to which everything asked for applies.

    Raises InputError if `lacking` names no field that can be asked for.
    """
    if lacking is not None and lacking not in LACKING:
        raise InputError(
            f"--lacking {lacking!r} is none of the fields that are looked at",
            hint=f"expected {', '.join(LACKING)}",
        )
    return _listed(review, lacking, removed, edited)


def _listed(review: Review, lacking: str | None, removed: bool, edited: bool) -> Iterator[Line]:
    gone = curation.removed(review)
    changed = curation.standing_edits(review)
    for one in records.outlines(review):
        if (
            (lacking is None or lacking in one.lacks)
            and (not removed or one.key in gone)
            and (not edited or one.key in changed)
        ):
            yield Line(one.key, one.id, one.title, one.key in changed, gone.get(one.key))
