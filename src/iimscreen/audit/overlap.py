"""Whether two studies may tell of the same patients: a score with its parts. It is only ever asked about. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from iimscreen import same_study
from iimscreen.audit.findings import ASKED, UNTOLD, Dossier, Finding, listed
from iimscreen.model import StudyData
from iimscreen.tables.reading import Reading
from iimscreen.tables.sums import secondary

# As of reports of one study, to whose points those of places and patients are added here. On the 41 included papers of
# the bundled review 2 pairs are asked: references 20 and 21, and 19 and 21, of the same centre.
ASK_AT = 50
_MOST = 100
_WORD = re.compile(r"[^\W\d_]{5,}")


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
    year: int | None  # of publication
    n: int | None
    centres: frozenset[str]
    dates: tuple[str, str]  # recruited from and to
    drugs: frozenset[str]
    subtypes: frozenset[str]
    antibodies: frozenset[str]
    features: frozenset[str]
    patients: tuple[_Patient, ...]
    suspects: frozenset[str]  # studies named when it was extracted


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
    found += _without_effect(dossier)
    for pair in scored(dossier):
        if dossier.answer(pair.study, pair.other) is None:
            parts = tuple(f"{points:+d} {what}" for points, what in pair.parts)
            found.append(
                Finding(
                    "patients-once",
                    ASKED,
                    (pair.study, pair.other),
                    f"may {pair.other} tell of patients of {pair.study}? {pair.score} of {_MOST} points, above all "
                    f"for {listed(what for _, what in sorted(pair.parts, key=_least)[:2])}",
                    parts,
                )
            )
    return found


def _without_effect(dossier: Dossier) -> Iterator[Finding]:
    """Answers by which nobody is left out, since the study that is to count cannot count in the other's place."""
    there = {study.study for study in dossier.studies}
    left_out = dossier.left_out()
    for answer in dossier.answers:
        counted = answer.counts("subjects") if answer.verdict == "overlap" else ""
        left = answer.other if counted == answer.study else answer.study
        if counted and left in there and left not in left_out:
            yield Finding(
                "patients-once",
                ASKED,
                (answer.study, answer.other),
                f"{counted} is to count in place of {left}, and cannot: {left} counts",
                (
                    "it is no study any more, a secondary source, of another kind (own or literature), or itself left "
                    "out for one that is left out for it",
                ),
            )


def _least(part: tuple[int, str]) -> int:
    return -part[0]


def scored(dossier: Dossier, at_least: int = ASK_AT) -> list[Scored]:
    """Pairs of studies with so many points or more, the most first. Secondary sources are another check's."""
    seen = [_seen(dossier, study) for study in dossier.studies if not secondary(study, dossier.form)]
    reports = {one.key: one for of_it in dossier.records.values() for one in of_it}
    alike = {
        frozenset((pair.key, pair.other_key)): pair
        for pair in same_study.suggestions(list(reports.values()), at_least=1)
    }
    found = []
    for one, other in combinations(seen, 2):
        parts = tuple(_parts(one, other, alike))
        pair = Scored(one.data.study, other.data.study, parts)
        if parts and pair.score >= at_least:
            found.append(pair)
    return sorted(found, key=lambda pair: -pair.score)


# --- what is compared ------------------------------------------------------------------------------


def _seen(dossier: Dossier, study: StudyData) -> _Seen:
    reading = dossier.reading(study)
    return _Seen(
        data=study,
        year=reading.number(study.itself, "year"),
        n=reading.number(study.itself, "n-total"),
        centres=frozenset(_list(reading.text(study.itself, "centre"))),
        dates=(_day(reading, study, "recruited-from"), _day(reading, study, "recruited-to")),
        drugs=_names(reading, "drug"),
        subtypes=_names(reading, "subtype") - {"several"},
        antibodies=_names(reading, "antibodies") - {"none"},
        features=_features(reading),
        patients=tuple(_patients(reading)),
        suspects=frozenset(_list(reading.text(study.itself, "overlap"))),
    )


def _plain(text: str) -> str:
    """A text without capitals and accents."""
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if not unicodedata.combining(letter)
    )


def _list(text: str) -> list[str]:
    return [] if text in ("", "NR", "NA", "UN", "AS") else [_plain(part).strip() for part in text.split(";")]


def _day(reading: Reading, study: StudyData, role: str) -> str:
    text = reading.text(study.itself, role)
    return text if text[:4].isdecimal() else ""


def _names(reading: Reading, role: str) -> frozenset[str]:
    return frozenset(reading.names(reading.data.itself, role)) - UNTOLD


def _features(reading: Reading) -> frozenset[str]:
    texts = (reading.text(row, "features") for row in reading.under(reading.data.itself, "features"))
    return frozenset(word for text in texts for word in _WORD.findall(_plain(text)))


def _patients(reading: Reading) -> Iterator[_Patient]:
    for row in reading.subjects():
        age = reading.value(row, "age")
        sex = reading.text(row, "sex")
        if reading.is_one(row) and age is not None and age.number is not None and len(sex) > 2:
            yield _Patient(row.row, age.number, sex, frozenset(reading.names(row, "antibodies")) - UNTOLD)


# --- points ----------------------------------------------------------------------------------------


_Alike = Mapping[frozenset[str], same_study.Suggestion]  # keys of two reports → what speaks for one study


def _parts(one: _Seen, other: _Seen, alike: _Alike) -> Iterator[tuple[int, str]]:
    if not _may_be(one, other):
        return
    yield from _of_reports(one, other, alike)
    yield from _of_places(one, other)
    yield from _of_patients(one, other)


def _may_be(one: _Seen, other: _Seen) -> bool:
    """False where the patients of one were recruited only after the other was published."""
    return not any(
        late.dates[0] and early.year is not None and int(late.dates[0][:4]) > early.year
        for early, late in ((one, other), (other, one))
    )


def _of_reports(one: _Seen, other: _Seen, alike: _Alike) -> Iterator[tuple[int, str]]:
    """What speaks for two of their reports being of one study, of the pair for which the most does."""
    if set(one.data.reports) & set(other.data.reports):
        yield 60, "a report of both"
    pairs = (alike.get(frozenset((here, there))) for here in one.data.reports for there in other.data.reports)
    best = max((pair for pair in pairs if pair is not None), key=lambda pair: pair.score, default=None)
    for part in best.parts if best is not None else ():
        words = part.words
        for seen in (one, other):
            for key in seen.data.reports:
                words = words.replace(key, seen.data.study)
        yield round(part.points), words
    for seen, name in ((one, other.data.study), (other, one.data.study)):
        if _plain(name) in seen.suspects:
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
