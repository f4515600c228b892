"""The files that RevMan imports: study information, arms, results and risk of bias. Pure.

Import the references (RIS, with the study's name in NS) before these, or RevMan makes each study twice.

Source: RevMan Knowledge Base, "Data extraction templates" and "Populate study data"; the headers of arms and
results are those of the data packages of published Cochrane reviews. Arms and results are of dichotomous
outcomes (improved of assessed), which is what case reports and series give.
"""

from __future__ import annotations

from collections.abc import Sequence

from iimscreen.forms import fields_of
from iimscreen.model import Form, StudyData
from iimscreen.tables import Dataset, Gathered, Scalar
from iimscreen.tables.answers import Answer, answers
from iimscreen.tables.characteristics import recruited
from iimscreen.tables.reading import LITERATURE, Reading, count_of, said
from iimscreen.tables.responses import unreported
from iimscreen.tables.sums import counted_by_drug, secondary, subjects

_INFORMATION = (
    *("Study", "Year", "Char: Methods", "Char: Participants", "Char: Interventions", "Char: Outcomes"),
    "Char: Notes",
)
_ARMS = ("Study", "Arm", "Description", "Intervention")
_RESULTS = (
    "Study",
    "Outcome",
    "Data type",
    "Effect measure",
    "Arm",
    "Reference arm",
    "Sample size",
    "Cases",
    "Footnotes",
)


def files(
    gathered: Gathered, appraisals: Sequence[tuple[Form, Sequence[StudyData]]] = ()
) -> tuple[Dataset, Dataset, Dataset, Dataset]:
    """Study information, arms, results and risk of bias of the literature, as RevMan names them."""
    return (information(gathered), arms(gathered), results(gathered), risk_of_bias(gathered, appraisals))


def information(gathered: Gathered) -> Dataset:
    """One row per study, with its characteristics in words."""
    told = answers(gathered.studies, gathered.form, kind=LITERATURE).answers
    return Dataset(
        name="study-information",
        title="RevMan: study information",
        columns=_INFORMATION,
        rows=tuple(_information(gathered, study, told) for study in gathered.of_kind(LITERATURE)),
    )


def _information(gathered: Gathered, study: StudyData, told: Sequence[Answer]) -> tuple[Scalar, ...]:
    reading = Reading(study, gathered.form)
    years = [gathered.reports[key].year for key in study.reports if key in gathered.reports]
    year = reading.of_study("year")
    methods = _labelled(
        ("Design", said(reading.of_study("design"))),
        ("Consecutive", reading.text(study.itself, "consecutive")),
        ("Recruited", recruited(reading)),
    )
    left_out = secondary(study, gathered.form)
    people = _labelled(
        ("Subjects", "" if left_out else str(subjects((study,), gathered.form, kind=study.kind).total)),
        ("Subtypes", _parts(gathered, study, "subtype")),
        ("Country", reading.text(study.itself, "country")),
        ("Centre", reading.text(study.itself, "centre")),
    )
    domains = dict.fromkeys(one.domain for one in told if one.study == study.study and not one.state)
    notes = _labelled(
        ("Funding", reading.text(study.itself, "funding")),
        ("Not counted", left_out),
        ("Not final", "; ".join(study.missing)),
    )
    return (
        study.study,
        count_of(year) if year is not None and year.text else next((one for one in years if one), None),
        *(methods, people, _parts(gathered, study, "drug"), "; ".join(domains), notes),
    )


def _labelled(*pairs: tuple[str, str]) -> str:
    return "; ".join(f"{label}: {text}" for label, text in pairs if text)


def _parts(gathered: Gathered, study: StudyData, by: str) -> str:
    sums = subjects((study,), gathered.form, by=by, kind=study.kind)
    return "; ".join(f"{part.name}: {part}" for part in sums.parts)


def arms(gathered: Gathered) -> Dataset:
    """One row per study and drug."""
    rows: list[tuple[Scalar, ...]] = []
    for study in gathered.of_kind(LITERATURE):
        if secondary(study, gathered.form):
            continue
        sums = subjects((study,), gathered.form, kind=LITERATURE)
        rows += [(study.study, part.name, f"n {part}", part.name) for part in sums.parts]
    return Dataset(name="study-arms", title="RevMan: study arms", columns=_ARMS, rows=tuple(rows))


def results(gathered: Gathered) -> Dataset:
    """One row per study, outcome and arm whose numbers are told: cases improved of those assessed."""
    told = answers(gathered.studies, gathered.form, kind=LITERATURE).answers
    groups: dict[tuple[str, str, str], list[Answer]] = {}
    for one in told:
        groups.setdefault((one.study, one.domain, one.drug), []).append(one)
    rows: list[tuple[Scalar, ...]] = []
    known = {
        (study.study, drug)
        for study in gathered.of_kind(LITERATURE)
        for _, parts in counted_by_drug(Reading(study, gathered.form))
        for drug in parts
    }
    for (study, domain, drug), group in groups.items():
        assessed = sum(one.assessed for one in group)
        if not assessed or any(one.why for one in group) or (study, drug) not in known:
            continue
        silent = unreported(group)
        footnote = "; ".join(
            filter(
                None,
                (
                    "" if silent == "0" else silent if silent[0] == "n" else f"not reported: {silent}",
                    gathered.counted_elsewhere(domain).get(study, ""),
                ),
            )
        )
        improved = sum(one.improved for one in group)
        rows.append((study, f"{domain}: improved", "Dichotomous", "", drug, "", assessed, improved, footnote))
    return Dataset(name="study-results", title="RevMan: study results", columns=_RESULTS, rows=tuple(rows))


def risk_of_bias(gathered: Gathered, appraisals: Sequence[tuple[Form, Sequence[StudyData]]]) -> Dataset:
    """One row per study: each question of its instrument with the judgement and what supports it."""
    names = {study.study for study in gathered.of_kind(LITERATURE)}
    columns = ["Study"]
    rows: dict[str, dict[str, str]] = {}
    for form, studies in appraisals:
        if form.subject != "study":
            continue
        for field in fields_of(form, form.levels[0].name):
            head = f"{form.name}: {field.title}"
            columns += [f"{head} judgement", f"{head} support"]
            for study in studies:
                cell = study.itself.cells.get(field.name)
                if study.study in names and cell is not None:
                    row = rows.setdefault(study.study, {})
                    row[f"{head} judgement"] = str(cell.value)
                    support = (f"Quote: “{cell.quote}”" if cell.quote else "", cell.note)
                    row[f"{head} support"] = " ".join(filter(None, support))
    return Dataset(
        name="risk-of-bias",
        title="RevMan: risk of bias",
        columns=tuple(columns),
        rows=tuple((study, *(row.get(column, "") for column in columns[1:])) for study, row in rows.items()),
        notes=() if rows else ("No study is appraised.",),
    )
