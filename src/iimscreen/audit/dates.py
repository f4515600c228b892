"""Whether the years of a study can be: of its data, of its reports and of its patients. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen.audit.findings import DIFFERS, Dossier, Finding, listed
from iimscreen.model import StudyData


def dates_agree(dossier: Dossier) -> list[Finding]:
    """The year entered is that of no report of the study; or patients were recruited after it, or backwards."""
    return [
        Finding("dates-agree", DIFFERS, (study.study,), says)
        for study in dossier.studies
        for says in _of_study(dossier, study)
    ]


def _of_study(dossier: Dossier, study: StudyData) -> Iterator[str]:
    reading = dossier.reading(study)
    year = reading.number(study.itself, "year")
    reports = (one.record for one in dossier.records.get(study.study, ()))
    years = sorted({one.year for one in reports if one.year is not None})
    if year is not None and years and year not in years:
        yield f"the year entered is {year}, and its reports are of {listed(map(str, years))}"
    start, end = (reading.text(study.itself, role) for role in ("recruited-from", "recruited-to"))
    start, end = (text if text[:4].isdecimal() else "" for text in (start, end))
    shared = min(len(start), len(end))
    if start[:shared] > end[:shared]:
        yield f"recruited from {start} to {end}"
    latest = years[-1] if years else year
    for what, date in (("from", start), ("to", end)):
        if date and latest is not None and int(date[:4]) > latest:
            yield f"recruited {what} {date}, and published in {latest}"
            return
