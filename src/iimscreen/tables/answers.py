"""What each patient or group says of each domain under each drug, as counts of subjects. Pure.

Of a patient the judged response counts, of a group the numbers assessed and improved. What is not told is
counted as not reported, never as not improved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from iimscreen.forms import IMPROVED, with_role
from iimscreen.model import DataRow, Form, StudyData
from iimscreen.tables.patients import in_time, is_of_drug
from iimscreen.tables.reading import NOT_ENTERED, Reading, said
from iimscreen.tables.sums import Subject, counted_by_drug, secondary

NOT_REPORTED, NOT_APPLICABLE, UNCOUNTED = "not reported", "not applicable", "uncounted"
NOT_APART = "(not told apart)"  # how the name of several drugs ends, of which a report names none


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One patient's or group's answer on one domain under one drug."""

    study: str
    row: str
    drug: str
    domain: str
    design: str
    n: int | None  # subjects of the row under this drug
    improved: int = 0
    assessed: int = 0
    state: str = ""  # "" where it was assessed; else not reported, not applicable or uncounted
    why: str = ""  # why it is uncounted
    time: str = ""

    @property
    def unreported(self) -> int | None:
        """Subjects of whom nothing is reported; None where their number is not known."""
        if self.state == NOT_REPORTED:
            return self.n
        if self.state:
            return 0
        return None if self.n is None else max(self.n - self.assessed, 0)


@dataclass(frozen=True, slots=True)
class Told:
    """All answers, and the studies that give none that could be counted, with the reason."""

    answers: tuple[Answer, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def answers(data: Sequence[StudyData], form: Form, *, kind: str) -> Told:
    """The answer of every patient and group on every domain that any study names, drug by drug."""
    studies = [study for study in data if study.kind == kind]
    domains = _domains(studies, form)
    found: list[Answer] = []
    left_out: list[tuple[str, str]] = []
    for study in studies:
        why = secondary(study, form) or mixed_up(study, form)
        if why:
            left_out.append((study.study, why))
        else:
            found += _of_study(Reading(study, form), domains)
    return Told(tuple(found), tuple(left_out))


def mixed_up(study: StudyData, form: Form) -> str:
    """Why nothing that a study tells of its subjects can be counted; "" where it can."""
    value = Reading(study, form).of_study("separable")
    if value is not None and value.text == "no":
        return "results are not told apart for eligible subjects"
    return ""


def _domains(studies: Iterable[StudyData], form: Form) -> tuple[str, ...]:
    """The domains that any study names, in the order of the form."""
    field = with_role(form, "domain")
    judged = any(with_role(form, role) is not None for role in ("response", "n-assessed", "n-improved"))
    if field is None or not judged:
        return ()
    named = {
        name
        for study in studies
        for row in study.at(field.level)
        for name in Reading(study, form).names(row, "domain")
        if name != NOT_ENTERED
    }
    return (*(one for one in field.choices if one in named), *sorted(named - set(field.choices)))


def _of_study(reading: Reading, domains: Sequence[str]) -> Iterator[Answer]:
    design = said(reading.of_study("design"))
    rows = {row.row: row for row in reading.subjects()} | {"": reading.data.itself}
    for whole, parts in counted_by_drug(reading):
        row = rows[whole.row]
        judged = [one for one in reading.under(row, "domain") if _is_judged(reading, one)]
        for domain in domains:
            of_domain = [one for one in judged if domain in reading.names(one, "domain")]
            for drug, subject, chosen in _by_drug(reading, row, whole, parts, of_domain):
                blank = Answer(
                    study=reading.data.study,
                    row=row.row,
                    drug=drug,
                    domain=domain,
                    design=design,
                    n=subject.n,
                )
                yield _answer(reading, chosen, blank)


def _by_drug(
    reading: Reading, row: DataRow, whole: Subject, parts: dict[str, Subject], of_domain: Sequence[DataRow]
) -> Iterator[tuple[str, Subject, list[DataRow]]]:
    """Each drug with its outcomes; those that name none of several drugs stand under all of these together."""
    of = {drug: [is_of_drug(reading, row, one, "outcome-drug", drug) for one in of_domain] for drug in parts}
    untold = any(None in which for which in of.values())
    for drug, subject in parts.items():
        chosen = [one for one, which in zip(of_domain, of[drug], strict=True) if which]
        if chosen or not untold:
            yield drug, subject, chosen
    yield from _of_other_drugs(reading, whole, of, of_domain)
    if untold:
        first = next(iter(of.values()))
        yield (
            f"{' or '.join(parts)} {NOT_APART}",
            whole,
            [one for one, which in zip(of_domain, first, strict=True) if which is None],
        )


def _of_other_drugs(
    reading: Reading, whole: Subject, of: dict[str, list[bool | None]], of_domain: Sequence[DataRow]
) -> Iterator[tuple[str, Subject, list[DataRow]]]:
    """The outcomes that name a drug of which no treatment is entered, under that drug: none of them is lost."""
    named: dict[str, list[DataRow]] = {}
    for one, which in zip(of_domain, zip(*of.values(), strict=True), strict=True):
        if not any(found is not False for found in which):
            named.setdefault(reading.text(one, "outcome-drug"), []).append(one)
    for drug, chosen in named.items():
        yield drug, whole, chosen


def _is_judged(reading: Reading, row: DataRow) -> bool:
    """Whether a row says more than a measurement: a judgement, or how many improved."""
    return any(reading.value(row, role) is not None for role in ("response", "n-assessed", "n-improved"))


def _answer(reading: Reading, judged: Sequence[DataRow], blank: Answer) -> Answer:
    """The last row in time that says something; else the last code; else that nothing is reported."""
    last = replace(blank, state=NOT_REPORTED)
    substantive: Answer | None = None
    for one in in_time(reading, judged):
        answer = replace(_said(reading, one, blank), time=reading.text(one, "time"))
        last = answer
        if answer.state not in (NOT_REPORTED, NOT_APPLICABLE):
            substantive = answer
    return substantive or last


def _said(reading: Reading, row: DataRow, blank: Answer) -> Answer:
    improved, assessed = reading.number(row, "n-improved"), reading.number(row, "n-assessed")
    if improved is not None or assessed is not None:
        return _of_group(blank, improved, assessed)
    value = reading.value(row, "response")
    if value is None or value.code:
        is_none = value is not None and value.code == "NA"
        return replace(blank, state=NOT_APPLICABLE if is_none else NOT_REPORTED)
    if blank.n != 1:
        return replace(blank, state=UNCOUNTED, why=f"a group is called {value.text}, without numbers")
    return replace(blank, assessed=1, improved=int(value.text in IMPROVED))


def _of_group(blank: Answer, improved: int | None, assessed: int | None) -> Answer:
    why = ""
    if assessed is None:
        why = f"{improved:,} improved, of how many is not reported"
    elif improved is None:
        why = f"{assessed:,} assessed, how many improved is not reported"
    elif improved > assessed:
        why = f"{improved:,} improved of {assessed:,} assessed"
    elif blank.n is not None and assessed > blank.n:
        why = f"{assessed:,} assessed of {blank.n:,} who count"
    elif assessed == 0:
        return replace(blank, state=NOT_REPORTED)
    if why:
        return replace(blank, state=UNCOUNTED, why=why)
    return replace(blank, assessed=assessed or 0, improved=improved or 0)
