"""What is extracted from each study as it stands: agreed by two, settled, or one person's; and what is missing.

Of a study whose values are closed nothing but that leaves this room.
"""

from __future__ import annotations

from collections.abc import Mapping

from iimscreen.consensus.reading import Reading
from iimscreen.forms import DATA, ITSELF, NEEDED
from iimscreen.forms.consensus import SINGLE, Both, Consensus, Row
from iimscreen.model import DataRow, StudyData
from iimscreen.protocol import FULL_TEXT
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, records, studies, versions
from iimscreen.store.gate import Gate
from iimscreen.voting import State
from iimscreen.wording import counted

_MOST = 5  # places that a sentence names


def data(review: Review, form: str = DATA) -> tuple[StudyData, ...]:
    """Every standing study in the order of their naming, or the review itself where the form is for it.

    Cells that differ and that nobody settled are left out, and rows that only one extractor has; `missing`
    names them.
    """
    with review.reading():
        reading = Reading(review, form)
        reports = _reports(review)
        included = _Included(review)
        found = []
        for name in reading.studies():
            study = reading.known.get(name)
            of_it = reports.get(name, ())
            missing = _missing(reading, name)
            if study is not None and study.kind == studies.LITERATURE:
                missing += included.missing(name, of_it)
            consensus = reading.consensus(name)
            found.append(
                StudyData(
                    study=name,
                    kind=study.kind if study is not None else studies.LITERATURE,
                    title=study.title if study is not None else reading.form.title,
                    reports=of_it,
                    rows=consensus.data() if consensus is not None else (DataRow("", ITSELF, "", {}),),
                    missing=tuple(missing),
                )
            )
    return tuple(found)


def _reports(review: Review) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, names in studies.of_reports(review).items():
        for name in names:
            found[name] = (*found.get(name, ()), key)
    return found


class _Included:
    """Which reports the review includes, as far as that is open to view."""

    def __init__(self, review: Review) -> None:
        gate = Gate(review, in_force(review))
        outcomes = gate.outcomes(FULL_TEXT) if gate.shows_any(FULL_TEXT) else {}
        self._is_open = gate.is_open(FULL_TEXT)
        self._outcomes = {key: found.state for key, found in outcomes.items()}
        self._elsewhere = {
            records.kept_of(review, key)
            for one in versions.previous_reviews(review)
            for key, _ in one.reports
        }

    def missing(self, study: str, reports: tuple[str, ...]) -> list[str]:
        """What keeps a study of the literature out of the review, in a sentence; nothing while it is closed."""
        if not reports:
            return [f"{study} has no report"]
        if any(key in self._elsewhere or self._outcomes.get(key) is State.INCLUDE for key in reports):
            return []
        if all(key in self._outcomes or self._is_open for key in reports):
            none = "its report is" if len(reports) == 1 else "none of its reports is"
            return [
                f"{study}: {none} {'not ' if len(reports) == 1 else ''}included by the full-text assessment"
            ]
        return []


# --- what is missing -------------------------------------------------------------------------------


def _missing(reading: Reading, study: str) -> list[str]:
    """Why a study is not final, in sentences that tell nothing of closed values."""
    name = study or "it"
    people = reading.people(study)
    consensus = reading.consensus(study)
    if people is None or consensus is None:
        return [not_done(reading, study)]
    found = [f"{who} has taken {name} up again" for who in people.again]
    found += [f"{who} has begun {name} and is not done" for who in people.begun]
    found += [
        f"{who} entered values of {name} after being done with it, on another machine: reopen it, and be done again"
        for who in reading.gate.changed_after_done(study)
    ]
    found += [
        f"{who} checked {name} before {people.names[0]} was last done with it" for who in people.earlier
    ]
    found += [
        f"{who} extracted {name}, too; {' and '.join(people.names)} are compared" for who in people.aside
    ]
    if reading.mode == "checked" and people.manner == SINGLE:
        found.append(f"{name} is extracted by {people.names[0]}, and not checked yet")
    if reading.mode == "double" and people.manner == SINGLE:
        found.append(f"{name} is extracted by {people.names[0]} alone")
    return [*found, *_conflicts(name, consensus), *(f"{name}: {alone_row(row)}" for row in consensus.alone)]


def not_done(reading: Reading, study: str) -> str:
    """Why a study is closed, in a sentence."""
    done = [one.by for one in reading.gate.done(study)]
    needed = NEEDED[reading.mode] - len(done)
    name = study or "it"
    if not done:
        return f"nobody is done with {name}"
    more = f"and {needed} more must be" if needed > 0 else "and it is not open"
    return f"{name} is closed: {' and '.join(done)} {'is' if len(done) == 1 else 'are'} done, {more}"


def _conflicts(name: str, consensus: Consensus) -> list[str]:
    differ = consensus.conflicts
    if not differ:
        return []
    places = ", ".join(place(row, both) for row, both in differ[:_MOST])
    more = f" and {len(differ) - _MOST:,} more" if len(differ) > _MOST else ""
    return [f"{name}: {counted(len(differ), 'cell')} not settled: {places}{more}"]


def place(row: Row, both: Both) -> str:
    """A cell by field and row, as messages name it."""
    return f"{both.field} of {row.row}" if row.row else both.field


def alone_row(row: Row) -> str:
    """Of a row that only one has, in words."""
    ((name, theirs),) = row.rows.items()
    known = row.about.get(name)
    return f"row {theirs} of {name}" + (f" ({known})" if known else "") + " has no counterpart"
