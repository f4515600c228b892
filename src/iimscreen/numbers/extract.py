"""The numbers of data extraction: extract.subjects.tofacitinib, extract.designs.case-report, ...

Studies of the literature, and one's own under extract.own. They count what the tables count: of studies that are
not done, or whose values are closed, nothing, and they say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from iimscreen import tabulating
from iimscreen.model import AT_LEAST, Number, StudyData
from iimscreen.numbers.moment import Moment
from iimscreen.tables import Gathered
from iimscreen.tables import interim as stamps
from iimscreen.tables.events import Event, read
from iimscreen.tables.reading import LITERATURE, OWN, Reading, said
from iimscreen.tables.sums import Count, Subject, Sums, subjects
from iimscreen.wording import counted, slugs

_NOBODY = "no study has extracted data yet"
_DERIVED = (
    "agreed or settled values of each study; a patient counts 1, a group its n, secondary sources nobody"
)
_EVENTS = "rows of adverse events of each study; a row without a number counts what it shows at least"


def numbers(moment: Moment) -> Iterator[Number]:
    """All numbers of data extraction; none where the protocol has no form for it."""
    gathered = tabulating.gathered(moment.review)
    if gathered is not None:
        yield from of_gathered(gathered)


def of_gathered(gathered: Gathered) -> Iterator[Number]:
    """All numbers of what tables are made of."""
    for kind, family in ((LITERATURE, "extract"), (OWN, "extract.own")):
        studies = gathered.of_kind(kind)
        if kind == OWN and not studies:
            continue
        yield from _studies(gathered, studies, family, kind)
        yield from _subjects(gathered, family, kind)
        yield from _events(gathered, family, kind)


def _what(kind: str) -> str:
    return "the own series" if kind == OWN else "the literature"


def _interim(studies: Iterable[StudyData]) -> str:
    return "; ".join(stamp.removeprefix("interim: ") for stamp in stamps(studies))


def _has_data(study: StudyData) -> bool:
    return any(row.cells for row in study.rows)


def _studies(gathered: Gathered, studies: Sequence[StudyData], family: str, kind: str) -> Iterator[Number]:
    shown = [study for study in studies if _has_data(study)]
    final = [study for study in studies if not study.missing]
    for name, which, words in (
        ("studies", shown, "with extracted values that are open to view"),
        ("studies_final", final, "whose extraction is final"),
    ):
        yield Number(
            name=f"{family}.{name}",
            value=len(which),
            definition=f"Studies of {_what(kind)} {words}.",
            of="studies",
            rows=tuple(study.study for study in which),
            interim=_interim(studies),
            derived="studies that are named, and who is done with them",
        )
    designs: dict[str, list[str]] = {}
    for study in shown:
        value = Reading(study, gathered.form).of_study("design")
        if value is not None:
            designs.setdefault(said(value), []).append(study.study)
    for design, short in slugs(designs).items():
        yield Number(
            name=f"{family}.designs.{short}",
            value=len(designs[design]),
            definition=f"Studies of {_what(kind)} of the design {design}.",
            of="studies",
            rows=tuple(designs[design]),
            interim=_interim(studies),
            derived="the design as extracted from each study",
        )


def _subjects(gathered: Gathered, family: str, kind: str) -> Iterator[Number]:
    """As studies report them, and with nobody counted twice where people said that studies tell of the same."""
    known = dict(gathered.form.abbreviations)
    studies = gathered.of_kind(kind)
    interim = _interim(studies)
    nobody = not any(map(_has_data, studies))
    ways: list[tuple[str, str, Mapping[str, str] | None]] = [("subjects", "Subjects", None)]
    if any(study.study in gathered.elsewhere for study in studies):
        ways.append(("subjects_once", "Subjects, nobody counted twice,", gathered.elsewhere))
    for name, words, without in ways:
        sums = [
            subjects(gathered.studies, gathered.form, by=by, kind=kind, without=without)
            for by in ("drug", "subtype")
        ]
        yield _sum(f"{family}.{name}", _all(sums), f"{words} of {_what(kind)} in all.", interim, nobody)
        for one in sums:
            long = {part.name: known.get(part.name, part.name) for part in one.parts}
            short = slugs(long.values())
            for part in one.parts:
                label = long[part.name]
                which = f"with {label}" if one.by == "drug" else f"with the subtype {label}"
                place = f"{family}.{name}." + ("" if one.by == "drug" else "subtype.")
                yield _sum(
                    f"{place}{short[label]}", part, f"{words} of {_what(kind)} {which}.", interim, nobody
                )


def _all(sums: Sequence[Sums]) -> Count:
    return next((one.total for one in sums if one.total.rows), sums[0].total)


def _sum(name: str, count: Count, definition: str, interim: str, nobody: bool) -> Number:
    # Of rows none of which says how many they are nothing is known: not that they are nobody.
    why_not = _NOBODY if nobody else str(count) if not count.is_exact and not count.known else ""
    return Number(
        name=name,
        value=None if why_not else count.known,
        definition=definition,
        of="subjects",
        rows=() if nobody else tuple(f"{one.study} {one.row}".strip() for one in count.rows),
        notes=() if nobody else tuple(map(_note, count.rows)),
        why_not=why_not,
        words=f"{AT_LEAST} {count.known:,}" if not count.is_exact and not why_not else "",
        interim=interim,
        derived=_DERIVED,
    )


def _note(one: Subject) -> str:
    if one.n is None:
        return one.why or "n not reported"
    return f"n = {one.n:,}" + (f" ({one.why})" if one.why else "")


def _events(gathered: Gathered, family: str, kind: str) -> Iterator[Number]:
    """Events, and subjects who had them, by drug; subjects are not summed over events."""
    watched, found, _ = read(gathered, kind)
    known = dict(gathered.form.abbreviations)
    interim = _interim(gathered.of_kind(kind))
    if not watched and not found:
        return
    yield _event_sum(f"{family}.events", found, f"Adverse events told of {_what(kind)}.", interim)
    drugs = dict.fromkeys((*(one.drug for one in watched), *(one.drug for one in found)))
    long = {drug: known.get(drug, drug) for drug in drugs}
    short = slugs(long.values())
    for drug, label in long.items():
        of_drug = [one for one in found if one.drug == drug]
        name = f"{family}.events.{short[label]}"
        yield _event_sum(name, of_drug, f"Adverse events told under {label}.", interim)
        for event, called in slugs(one.name for one in of_drug).items():
            rows = [one for one in of_drug if one.name == event]
            said = f"{event} under {label}"
            yield _event_sum(f"{name}.{called}", rows, f"Adverse events told: {said}.", interim)
            yield _with_event(f"{name}.{called}.subjects", rows, f"Subjects with {said}.", interim)
        told = {one.subject.study for one in watched if one.drug == drug and one.is_told}
        silent = {one.subject.study for one in watched if one.drug == drug} - told
        for place, which, words in (("told", told, "tell"), ("not_told", silent, "do not tell")):
            names = tuple(study.study for study in gathered.of_kind(kind) if study.study in which)
            yield Number(
                name=f"{name}.studies_{place}",
                value=len(names),
                definition=f"Studies with {label} that {words} of adverse events.",
                of="studies",
                rows=names,
                interim=interim,
                derived="rows of adverse events, and what a study says of there being any",
            )


def _event_sum(name: str, found: Sequence[Event], definition: str, interim: str) -> Number:
    least = [max(one.with_event or 1, 1) for one in found]
    return _of_events(name, found, [one.events for one in found], least, definition, interim, "events")


def _with_event(name: str, found: Sequence[Event], definition: str, interim: str) -> Number:
    given = [one.with_event for one in found]
    return _of_events(name, found, given, [1] * len(found), definition, interim, "subjects")


def _of_events(
    name: str,
    found: Sequence[Event],
    given: Sequence[int | None],
    least: Sequence[int],
    definition: str,
    interim: str,
    of: str,
) -> Number:
    together = sum(low if n is None else n for n, low in zip(given, least, strict=True))
    return Number(
        name=name,
        value=together,
        definition=definition,
        of=of,
        rows=tuple(f"{one.study} {one.row}".strip() for one in found),
        notes=tuple(
            f"{one.name}, {one.drug}: "
            + (f"{n:,}" if n is not None else f"not reported, {counted(low, of[:-1])} at least")
            for one, n, low in zip(found, given, least, strict=True)
        ),
        words=f"{AT_LEAST} {together:,}" if None in given else "",
        interim=interim,
        derived=_EVENTS,
    )
