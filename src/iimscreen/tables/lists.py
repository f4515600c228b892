"""Lists of reports: the references that tables cite, and what was excluded at full text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from iimscreen.citations import citation
from iimscreen.model import StudyData
from iimscreen.tables import Gathered, Line, Table, finished


def references(gathered: Gathered) -> Table:
    """The reports of the literature, numbered as tables cite them."""
    studies = gathered.of_kind("literature")
    lines = []
    for key, number in gathered.numbers.items():
        record = gathered.reports.get(key)
        cited = citation(record) if record is not None else f"{key}: no record of it is in this review"
        lines.append(Line((str(number), cited, _studies_of(key, studies))))
    unlinked = [study.study for study in studies if not study.reports]
    notes = (f"Without a report: {', '.join(unlinked)}.",) if unlinked else ()
    return finished(
        Table(
            name="references",
            title="References",
            columns=("Ref.", "Report", "Study"),
            lines=tuple(lines),
            notes=notes,
            sources=tuple(study.study for study in studies),
        ),
        gathered,
    )


def _studies_of(key: str, studies: Sequence[StudyData]) -> str:
    return ", ".join(study.study for study in studies if key in study.reports)


def excluded(gathered: Gathered, reports: Sequence[tuple[str, str]]) -> Table:
    """Supplementary Table 2: each report excluded at full text as (citation, reason), in the order given."""
    return finished(
        Table(
            name="excluded",
            title="Reports excluded at full text",
            columns=("No.", "Report", "Reason"),
            lines=tuple(
                Line((str(number), cited, reason)) for number, (cited, reason) in enumerate(reports, 1)
            ),
            notes=() if reports else ("No report was excluded at full text.",),
        ),
        gathered,
    )
