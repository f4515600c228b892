"""The end of the demo: what the published review states of its reports and its own patients, extracted twice."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iimscreen import auditing, settings
from iimscreen.extracting import Given, Seat
from iimscreen.forms import OF
from iimscreen.store import Review, studies
from iimscreen.wording import counted

REVIEWERS = ("ann", "bob")


@dataclass(frozen=True, slots=True)
class Extraction:
    """What the demo prints of its extraction."""

    audit: auditing.Audit
    files: tuple[str, ...]  # tables, as written


def _data(name: str) -> Path:
    return settings.bundled_reviews() / "iim" / "demo" / name


def _lines(name: str) -> list[dict[str, str]]:
    with _data(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def play(review: Review, on_step: Callable[[str], None]) -> Extraction:
    """Name the studies, extract them as two people, settle where they differ, state the totals, audit."""
    _name_studies(review)
    cells = [_extract(review, name) for name in REVIEWERS]
    on_step(
        f"7  Extraction: {counted(cells[0], 'value')}, entered by ann and by bob as the paper states them "
        "(what it does not state is NR)."
    )
    totals = auditing.read_totals(review, _data("stated-totals.csv"))
    auditing.state(review, totals, by=REVIEWERS[0])
    return Extraction(auditing.run(review), ())


def _name_studies(review: Review) -> None:
    with review.writing():
        for line in _lines("studies.csv"):
            studies.add(review, line["study"], kind=line["kind"], by=REVIEWERS[0])
            if line["record"]:
                studies.add_link(review, line["study"], line["record"], "linked", by=REVIEWERS[0])


def _extract(review: Review, name: str) -> int:
    """One person's values, all of them, and that they are done; how many values."""
    seat = Seat(review, name)
    given, rows = [], set()
    for line in _lines(f"extraction-{name}.csv"):
        study, row = line["study"], line["row"]
        if line["of"] and (study, row) not in rows:
            rows.add((study, row))
            given.append(Given("", study, row, OF, line["of"]))
        given.append(
            Given(
                "",
                study,
                row,
                line["field"],
                line["value"],
                line["unit"],
                page=line["page"],
                note=line["note"],
            )
        )
    seat.take(given)
    for study in dict.fromkeys(one.study for one in given):
        seat.done(study)
    return len(given) - len(rows)
