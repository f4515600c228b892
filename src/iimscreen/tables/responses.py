"""Responses by domain and drug: counts by study design, and shares only within one study that allows them. Pure.

There is no share and no interval across case reports or series: who is written about is not a sample of
anything. An interval stands only within one cohort that took in consecutive patients, or within one trial.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iimscreen.forms import IMPROVED, with_role
from iimscreen.model import Form, StudyData
from iimscreen.recall import wilson
from iimscreen.tables import ONCE, Dataset, Gathered, Line, Table, finished, listed
from iimscreen.tables.answers import NOT_APART, NOT_APPLICABLE, UNCOUNTED, Answer, Told, answers
from iimscreen.tables.reading import LITERATURE, OWN, Reading, lacking, said
from iimscreen.wording import counted

_ROLES = ("drug", "domain", "response", "n", "n-assessed", "n-improved", "design")
_NO_SHARE = "No percentage and no interval is given across studies: case reports and series are no sample of patients."


def responses(gathered: Gathered, kind: str = LITERATURE) -> Table:
    """Improved of assessed, by drug, domain and design, with those not reported beside them."""
    told = answers(gathered.studies, gathered.form, kind=kind)
    silent = [(drug, domain) for drug, domain, group in _grouped(told.answers) if not _says_anything(group)]
    lines: list[Line] = []
    drug_before = ""
    for drug, domain, group in _grouped(told.answers):
        if (drug, domain) in silent:
            continue
        if drug != drug_before:
            lines.append(Line((drug,), "heading"))
            drug_before = drug
        for design in _designs(group, gathered.form):
            of_design = [one for one in group if one.design == design]
            lines.append(Line((domain, design, *_counts(of_design))))
            elsewhere = gathered.counted_elsewhere(domain)
            once = [one for one in of_design if one.study not in elsewhere]
            if len(once) < len(of_design):
                lines.append(Line((f"{domain}, {ONCE}", design, *_counts(once))))
    return finished(
        Table(
            name="own-responses" if kind == OWN else "responses",
            title="Responses in the own series"
            if kind == OWN
            else "Responses by drug, domain and study design",
            columns=(
                *("Domain", "Design", "Studies", "Improved / assessed"),
                *("Not reported", "Not applicable", "Not countable"),
            ),
            lines=tuple(lines),
            notes=(
                *_notes(gathered.form, told, silent),
                *gathered.told_twice(
                    (one.domain for one in told.answers), (one.study for one in told.answers)
                ),
            ),
            lacks=lacking(gathered.form, *_ROLES),
            sources=tuple(dict.fromkeys(one.study for one in told.answers)),
        ),
        gathered,
    )


def _notes(form: Form, told: Told, silent: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    field = with_role(form, "response")
    choices = field.choices if field is not None else ()
    better = [one for one in choices if one in IMPROVED] or list(IMPROVED)
    other = [one for one in choices if one not in IMPROVED]
    found = [
        f"Improved: {listed(better)}." + (f" Assessed and not improved: {listed(other)}." if other else ""),
        "Each subject counts once in a domain, as last judged; a domain of which nothing is told is not reported.",
        _NO_SHARE,
    ]
    whys = [f"{one.study} {one.row} ({one.drug}, {one.domain}): {one.why}" for one in told.answers if one.why]
    if whys:
        found.append(f"Not countable: {'; '.join(whys)}.")
    if silent:
        found.append(f"No study reports {'; '.join(f'{domain} under {drug}' for drug, domain in silent)}.")
    found += [f"Not counted: {study}, {why}." for study, why in told.left_out]
    return tuple(found)


def _grouped(found: Iterable[Answer]) -> list[tuple[str, str, list[Answer]]]:
    """Drug, domain and answers, the drugs in order of first mention, domains in the order of the answers."""
    groups: dict[tuple[str, str], list[Answer]] = {}
    for one in found:
        groups.setdefault((one.drug, one.domain), []).append(one)
    # Several drugs of which a report names none stand last.
    drugs = sorted(dict.fromkeys(drug for drug, _ in groups), key=lambda drug: drug.endswith(NOT_APART))
    return [(drug, domain, groups[drug, domain]) for drug in drugs for d, domain in groups if d == drug]


def _says_anything(group: Iterable[Answer]) -> bool:
    return any(one.state in ("", UNCOUNTED, NOT_APPLICABLE) for one in group)


def _designs(group: Iterable[Answer], form: Form) -> list[str]:
    field = with_role(form, "design")
    order = {name: number for number, name in enumerate(field.choices if field is not None else ())}
    return sorted({one.design for one in group}, key=lambda name: (order.get(name, len(order)), name))


def _counts(group: Sequence[Answer]) -> tuple[str, ...]:
    improved, assessed = sum(one.improved for one in group), sum(one.assessed for one in group)
    studies = {one.study for one in group}
    return (
        f"{len(studies):,}",
        f"{improved:,} / {assessed:,}" if assessed else "none assessed",
        unreported(group),
        _subjects(one.n for one in group if one.state == NOT_APPLICABLE),
        counted(sum(one.state == UNCOUNTED for one in group), "row") if any(one.why for one in group) else "",
    )


def unreported(group: Iterable[Answer]) -> str:
    """Subjects of whom nothing is reported: "3", "≥ 3 (n not reported in 1 group)", "0"."""
    return _subjects(one.unreported for one in group) or "0"


def _subjects(numbers: Iterable[int | None]) -> str:
    given = list(numbers)
    if not given:
        return ""
    known, unknown = sum(n for n in given if n is not None), given.count(None)
    if not unknown:
        return f"{known:,}"
    groups = f"n not reported in {counted(unknown, 'group')}"
    return f"≥ {known:,} ({groups})" if known else groups


# --- within one study ---


def within_studies(gathered: Gathered) -> Table:
    """Shares with Wilson's interval, each within one consecutive cohort or one trial of the literature."""
    told = answers(gathered.studies, gathered.form, kind=LITERATURE)
    allowed = [one for one in gathered.of_kind(LITERATURE) if allows_interval(one, gathered.form)]
    lines = [line for study in allowed for line in _within(gathered, study, told.answers)]
    return finished(
        Table(
            name="responses-within-studies",
            title="Responses within consecutive cohorts and trials",
            columns=(
                *("Ref.", "Study", "Design", "Drug", "Domain"),
                *("Improved / assessed", "%", "95 % interval", "Not reported"),
            ),
            lines=tuple(lines),
            notes=(
                "Each line is of one study with consecutive patients, or of one trial; no line sums up studies.",
                "Interval: Wilson's, without continuity correction.",
                *(() if lines else ("No study of the literature allows such an interval.",)),
            ),
            lacks=lacking(gathered.form, *_ROLES, "consecutive"),
            sources=tuple(study.study for study in allowed),
        ),
        gathered,
    )


def allows_interval(study: StudyData, form: Form) -> bool:
    """Whether a study is one trial, or one cohort or series that took in consecutive patients."""
    reading = Reading(study, form)
    design, consecutive = (reading.of_study(role) for role in ("design", "consecutive"))
    named = "" if design is None or design.code else design.text.casefold()
    if not named or "case report" in named or "review" in named:
        return False
    return "trial" in named or (consecutive is not None and consecutive.text == "yes")


def _within(gathered: Gathered, study: StudyData, found: Sequence[Answer]) -> list[Line]:
    own = [one for one in found if one.study == study.study]
    design = said(Reading(study, gathered.form).of_study("design"))
    lines = []
    for drug, domain, group in _grouped(own):
        improved, assessed = sum(one.improved for one in group), sum(one.assessed for one in group)
        interval = None if any(one.why for one in group) else wilson(improved, assessed)
        if interval is None:
            continue
        low, high = (f"{100 * end:.1f}" for end in interval)
        lines.append(
            Line(
                (
                    *(gathered.cited(study), study.study, design, drug, domain),
                    f"{improved:,} / {assessed:,}",
                    f"{100 * improved / assessed:.1f}",
                    f"{low} to {high}",
                    unreported(group),
                )
            )
        )
    return lines


# --- for metafor ---

METAFOR = (
    "study",
    "reference",
    "drug",
    "domain",
    "design",
    "consecutive",
    "xi",
    "ni",
    "not_reported",
    "n",
    "interval_allowed",
    "counted_elsewhere",
    "final",
)


def metafor(gathered: Gathered) -> Dataset:
    """One row for each study, drug and domain: xi improved of ni assessed, as `escalc(measure = "PLO")` takes them."""
    told = answers(gathered.studies, gathered.form, kind=LITERATURE)
    rows = []
    for study in gathered.of_kind(LITERATURE):
        reading = Reading(study, gathered.form)
        for drug, domain, group in _grouped([one for one in told.answers if one.study == study.study]):
            is_counted = any(not one.state for one in group) and not any(one.why for one in group)
            unknown = any(one.unreported is None or one.why for one in group)
            n = None if any(one.n is None for one in group) else sum(one.n or 0 for one in group)
            rows.append(
                (
                    *(study.study, gathered.cited(study), drug, domain),
                    said(reading.of_study("design")),
                    said(reading.of_study("consecutive")),
                    sum(one.improved for one in group) if is_counted else None,
                    sum(one.assessed for one in group) if is_counted else None,
                    None if unknown else sum(one.unreported or 0 for one in group),
                    n,
                    "yes" if allows_interval(study, gathered.form) else "no",
                    gathered.counted_elsewhere(domain).get(study.study, ""),
                    "no" if study.missing else "yes",
                )
            )
    return Dataset(
        name="metafor",
        title="Responses, long, for metafor",
        columns=METAFOR,
        rows=tuple(rows),
        notes=(
            "xi improved of ni assessed; empty (NA in R) where a report does not tell.",
            "Pool only what allows it: interval_allowed is no for case reports and series, and counted_elsewhere "
            "names the study in which the same patients count.",
        ),
    )
