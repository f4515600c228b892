"""Whether two studies may tell of the same patients: a score with its parts. It is only ever asked about. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from iimscreen.audit.findings import ASKED, Dossier, Finding, listed
from iimscreen.model import StudyData
from iimscreen.tables.reading import Reading
from iimscreen.tables.sums import secondary

ASK_AT = 40  # points: two shared authors, the same drug and subtype are 35, and not yet asked about
_MOST = 100
_FOLLOWS = re.compile(
    r"\b(long-?term (extension|follow-?up)|extension (study|trial|phase)|open-?label extension|follow-?up (study|of)"
    r"|update(d)? (of|on|results)|(one|two|three|five|[1-9])-year (results|follow-?up))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{5,}")
_NOT_TOLD = frozenset(("not reported", "not entered", "not applicable", "unclear", "authors asked"))


@dataclass(frozen=True, slots=True)
class Scored:
    """Two studies, and what speaks for and against their telling of the same patients."""

    study: str
    other: str
    parts: tuple[tuple[int, str], ...]  # points, what they are for

    @property
    def score(self) -> int:
        """0 to 100; no probability."""
        return max(0, min(_MOST, sum(points for points, _ in self.parts)))


@dataclass(frozen=True, slots=True)
class _Patient:
    row: str
    age: float
    sex: str
    antibodies: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is compared of a study, read once."""

    data: StudyData
    authors: frozenset[str]
    first: str  # of its authors
    titles: tuple[str, ...]
    year: int | None
    n: int | None
    centres: frozenset[str]
    dates: tuple[str, str]  # recruited from and to
    registrations: frozenset[str]
    drugs: frozenset[str]
    subtypes: frozenset[str]
    antibodies: frozenset[str]
    features: frozenset[str]
    patients: tuple[_Patient, ...]
    suspects: str
    pmids: frozenset[str]
    linked: frozenset[str]  # PMIDs of notices


def patients_once(dossier: Dossier) -> list[Finding]:
    """Two studies may tell of the same patients: authors, centre, dates, patients and rare features are alike."""
    found = [
        Finding(
            "patients-once",
            ASKED,
            (answer.study, answer.other),
            f"{answer.study} and {answer.other} tell of the same patients; which of them counts is not said",
        )
        for answer in dossier.answers
        if answer.verdict == "overlap" and not answer.counted
    ]
    for pair in scored(dossier):
        if dossier.answer(pair.study, pair.other) is None:
            parts = tuple(f"{points:+d} {what}" for points, what in pair.parts)
            found.append(
                Finding(
                    "patients-once",
                    ASKED,
                    (pair.study, pair.other),
                    f"may {pair.other} tell of patients of {pair.study}? ({pair.score} of {_MOST} points: "
                    f"{listed(what for points, what in pair.parts if points > 0)})",
                    parts,
                )
            )
    return found


def scored(dossier: Dossier, at_least: int = ASK_AT) -> list[Scored]:
    """Pairs of studies with so many points or more, the most first. Secondary sources are another check's."""
    seen = [_seen(dossier, study) for study in dossier.studies if not secondary(study, dossier.form)]
    found = []
    for one, other in combinations(seen, 2):
        parts = tuple(_parts(one, other))
        pair = Scored(one.data.study, other.data.study, parts)
        if parts and pair.score >= at_least:
            found.append(pair)
    return sorted(found, key=lambda pair: -pair.score)


# --- what is compared ------------------------------------------------------------------------------


def _seen(dossier: Dossier, study: StudyData) -> _Seen:
    reading = dossier.reading(study)
    records = dossier.records.get(study.study, ())
    authors = [_author(author.family, author.given) for one in records for author in one.authors]
    registered = _list(reading.text(study.itself, "registration"))
    return _Seen(
        data=study,
        authors=frozenset(authors),
        first=_author(*records[0].authors[0][:2]) if records and records[0].authors else "",
        titles=tuple(one.title for one in records if one.title),
        year=reading.number(study.itself, "year"),
        n=reading.number(study.itself, "n-total"),
        centres=frozenset(_list(reading.text(study.itself, "centre"))),
        dates=(_day(reading, study, "recruited-from"), _day(reading, study, "recruited-to")),
        registrations=frozenset(registered) | {_plain(name) for one in records for name in one.registrations},
        drugs=_names(reading, "drug"),
        subtypes=_names(reading, "subtype") - {"several"},
        antibodies=_names(reading, "antibodies") - {"none"},
        features=_features(reading),
        patients=tuple(_patients(reading)),
        suspects=_plain(reading.text(study.itself, "overlap")),
        pmids=frozenset(one.pmid for one in records if one.pmid),
        linked=frozenset(link.pmid for one in records for link in one.links if link.pmid),
    )


def _plain(text: str) -> str:
    """A text without capitals and accents."""
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(letter)
    )


def _author(family: str, given: str) -> str:
    """An author by family name and first initial: given names are told too unevenly for more."""
    return f"{_plain(family)} {_plain(given)[:1]}".strip()


def _list(text: str) -> list[str]:
    return [] if text in ("", "NR", "NA", "UN", "AS") else [_plain(part).strip() for part in text.split(";")]


def _day(reading: Reading, study: StudyData, role: str) -> str:
    text = reading.text(study.itself, role)
    return text if text[:4].isdecimal() else ""


def _names(reading: Reading, role: str) -> frozenset[str]:
    return frozenset(reading.names(reading.data.itself, role)) - _NOT_TOLD


def _features(reading: Reading) -> frozenset[str]:
    texts = (reading.text(row, "features") for row in reading.under(reading.data.itself, "features"))
    return frozenset(word for text in texts for word in _WORD.findall(_plain(text)))


def _patients(reading: Reading) -> Iterator[_Patient]:
    for row in reading.subjects():
        age = reading.value(row, "age")
        sex = reading.text(row, "sex")
        if reading.is_one(row) and age is not None and age.number is not None and len(sex) > 2:
            yield _Patient(row.row, age.number, sex, frozenset(reading.names(row, "antibodies")) - _NOT_TOLD)


# --- points ----------------------------------------------------------------------------------------


def _parts(one: _Seen, other: _Seen) -> Iterator[tuple[int, str]]:
    if not _may_be(one, other):
        return
    yield from _of_reports(one, other)
    yield from _of_places(one, other)
    yield from _of_patients(one, other)


def _may_be(one: _Seen, other: _Seen) -> bool:
    """False where the patients of one were recruited only after the other was published."""
    return not any(
        late.dates[0] and early.year is not None and int(late.dates[0][:4]) > early.year
        for early, late in ((one, other), (other, one))
    )


def _of_reports(one: _Seen, other: _Seen) -> Iterator[tuple[int, str]]:
    shared = one.authors & other.authors
    if shared:
        names = listed(sorted(name.rpartition(" ")[0].title() or name.title() for name in shared)[:3])
        count = f"{len(shared)} shared authors" if len(shared) > 1 else "a shared author"
        yield min(10 * len(shared), 30), f"{count} ({names}{', …' if len(shared) > 3 else ''})"
    if one.first and one.first == other.first:
        yield 10, "the same first author"
    early, late = sorted((one, other), key=lambda seen: seen.year or 0)
    for title in late.titles:
        words = _FOLLOWS.search(title)
        if words is not None and early.n != 1 and (shared or one.centres & other.centres):
            yield 20, f"the later title says {words[0].lower()!r}"
            break
    if set(one.data.reports) & set(other.data.reports):
        yield 60, "a report of both"
    if one.registrations & other.registrations:
        yield 40, f"the same registration ({listed(sorted(one.registrations & other.registrations))})"
    if one.linked & other.pmids or other.linked & one.pmids:
        yield 40, "a notice that ties their reports"
    for seen, name in ((one, other.data.study), (other, one.data.study)):
        if name and _plain(name) in [part.strip() for part in seen.suspects.split(";")]:
            yield 40, f"suspected when {seen.data.study} was extracted"


def _of_places(one: _Seen, other: _Seen) -> Iterator[tuple[int, str]]:
    if one.centres & other.centres:
        yield 25, f"the same centre ({listed(sorted(one.centres & other.centres)[:2])})"
    if all(one.dates) and all(other.dates):
        shared = min(len(date) for date in (*one.dates, *other.dates))
        (start, end), (other_start, other_end) = (
            tuple(d[:shared] for d in seen.dates) for seen in (one, other)
        )
        if start <= other_end and other_start <= end:
            yield 10, "overlapping dates of recruitment"
        else:
            yield -15, "recruited at other times"


def _of_patients(one: _Seen, other: _Seen) -> Iterator[tuple[int, str]]:
    for here, there, points, against, what in (
        (one.drugs, other.drugs, 10, -20, "drug"),
        (one.subtypes, other.subtypes, 5, -20, "subtype"),
        (one.antibodies, other.antibodies, 10, -10, "antibody"),
    ):
        if here & there:
            yield points, f"the same {what} ({listed(sorted(here & there)[:3])})"
        elif here and there:
            yield against, f"another {what}"
    alike = [(mine, theirs) for mine in one.patients for theirs in other.patients if _is_alike(mine, theirs)]
    if alike:
        mine, theirs = alike[0]
        more = f" and {len(alike) - 1} more" if len(alike) > 1 else ""
        yield (
            min(20 * len(alike), 40),
            f"{mine.sex} of {mine.age:g} and of {theirs.age:g} years ({mine.row}, {theirs.row}){more}",
        )
    elif len(one.patients) == len(other.patients) == 1 and one.n == other.n == 1:
        yield -40, "the one patient of each is of another age or sex"
    shared = one.features & other.features
    if shared:
        yield min(15 * len(shared), 30), f"rare features ({listed(sorted(shared)[:3])})"


def _is_alike(one: _Patient, other: _Patient) -> bool:
    told = one.antibodies and other.antibodies
    return (
        abs(one.age - other.age) <= 1
        and one.sex == other.sex
        and bool(not told or one.antibodies & other.antibodies)
    )
