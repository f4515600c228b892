"""A small review to extract, and hands that fill in its sheets as people do in Excel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

from iimscreen import review_protocol
from iimscreen.extracting import Given, Seat
from iimscreen.store import Review, open_review, studies

FORM = """
[extraction]
mode = "double"

[[extraction.level]]
name = "group"
title = "Patient or group"
letter = "P"
key = ["label"]

[[extraction.level]]
name = "outcome"
title = "Outcome"
letter = "O"
of = "group"

[[extraction.field]]
name = "design"
title = "Design"
type = "choice"
choices = ["case report", "trial, open-label"]
required = true

[[extraction.field]]
name = "phase"
title = "Phase of the trial"
type = "integer"
least = 1
most = 4
when = { field = "design", is = ["trial, open-label"] }

[[extraction.field]]
name = "recruited"
title = "Recruited from"
type = "date"

[[extraction.field]]
name = "consecutive"
title = "Consecutive"
type = "yes-no"

[[extraction.field]]
level = "group"
name = "label"
title = "As the report calls them"
type = "text"
required = true

[[extraction.field]]
level = "group"
name = "age"
title = "Age in years"
type = "number"
least = 0
most = 120

[[extraction.field]]
level = "group"
name = "organs"
title = "Organs"
type = "choices"
choices = ["skin", "ILD"]
others = true

[[extraction.field]]
level = "outcome"
name = "domain"
title = "Domain"
type = "choice"
choices = ["skin", "ferritin"]
required = true

[[extraction.field]]
level = "outcome"
name = "time_weeks"
title = "Time in weeks"
type = "number"

[[extraction.field]]
level = "outcome"
name = "value"
title = "Value"
type = "number"
units = ["ng/mL", "µg/L"]
when = { field = "label", is = ["Patient 1", "Patient 2"] }
"""
STUDIES = ("Paik 2017", "Hornung 2014")
REVIEW = Path("review.db")


def protocol_with(form: str) -> Path:
    """The bundled protocol with another form, as a file in the test's folder."""
    text = review_protocol.bundled().read_text(encoding="utf-8").split("\n[extraction]")[0]
    path = Path("with_form.toml")
    path.write_text(text + "\n" + form, encoding="utf-8")
    return path


def begin(form: str = FORM, path: Path = REVIEW) -> None:
    """A review with that form and two studies."""
    review_protocol.create(path, protocol_with(form))
    with open_review(path) as opened, opened.writing():
        for name in STUDIES:
            studies.add(opened, name, title=f"About {name}", by="ann")


def enter(review: Review, reviewer: str, *cells: tuple[str, str, str, str], form: str = "data") -> None:
    """Values as (study, row, field, value)."""
    Seat(review, reviewer, form).take([Given("", *cell) for cell in cells])


def entered(path: Path = REVIEW, reviewer: str = "ann") -> dict[tuple[str, str, str], str]:
    """What a reviewer has entered, as people read it."""
    with open_review(path) as review:
        return {
            place: str(word.value)
            for place, word in Seat(review, reviewer).own().items()
            if word.value is not None
        }


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Open a workbook, change it, and save it, as Excel would."""
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)


def cell(book: Any, sheet: str, row: int, column: str) -> Any:
    """The cell in a column that is known by its name in the heading."""
    return book[sheet].cell(row, number(book, sheet, column))


def number(book: Any, sheet: str, column: str) -> int:
    """The number of that column."""
    return next(one.column for one in book[sheet][4] if one.value == column)


def fill(path: Path, *cells: tuple[str, int, str, Any]) -> None:
    """Type values into cells, given as (sheet, row, column, value)."""

    def type_in(book: Any) -> None:
        for sheet, row, column, value in cells:
            found = cell(book, sheet, row, column)
            found.value = value
            if isinstance(value, str) and value.startswith("="):
                found.number_format = "General"  # as where someone has made a formula of it

    edit(path, type_in)
