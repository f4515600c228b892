"""Sheets of data extraction: written as XLSX, and read back cell by cell, with the place of whatever is wrong.

What is on a sheet and what has become of it; nothing here knows the review file. `layout` says which column
holds what, `writing` makes the workbook, `reading` and `long_csv` tell what was filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from iimscreen.model import Cell, Field, Form

Place = tuple[str, str, str]  # study, row and field

MOST_IN_A_CELL = 32_767  # characters; Excel cuts off what is beyond
PROVENANCE = ("report", "page", "quote", "formula", "note")  # in the order of the columns of the sheet Quotes


class Shown(NamedTuple):
    """One cell of a study as a sheet shows it; "" where nothing stands."""

    text: str = ""
    unit: str = ""
    quote: str = ""
    page: str = ""
    report: str = ""
    formula: str = ""
    note: str = ""

    @property
    def beside(self) -> tuple[str, ...]:
        """What stands on the sheet Quotes."""
        return self[2:]


NOTHING = Shown()


class Entry(NamedTuple):
    """One cell as it was filled in, and where."""

    place: Place
    shown: Shown
    where: str  # "a.xlsx, sheet 'Treatment', row 7, column F 'Drug'"
    where_beside: str  # where its quote stands; "" if it has none


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell."""

    where: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a sheet was written for, so that it comes back to the right place."""

    review: str  # its uid
    reviewer: str
    form: str
    form_sha256: str
    log_uid: str
    digest: str = ""  # of all that stands on it


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSheet:
    """A study on a sheet."""

    name: str
    about: str = ""
    is_locked: bool = False  # the reviewer is done with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that a workbook is made of."""

    heading: Heading
    form: Form
    studies: tuple[OnSheet, ...]
    cells: Mapping[Place, Shown]
    rows: Mapping[tuple[str, str], tuple[str, ...]]  # study and level → its rows, spare ones last
    help: tuple[tuple[str, str], ...] = ()  # heading and text; a heading alone has ""


def shown(field: Field | None, cell: Cell) -> Shown:
    """A value as its cell shows it; of the row above where there is no field."""
    text, unit = cell.value.code or cell.value.text, cell.value.unit
    if unit and field is not None and len(field.units) < 2 and unit in field.units:
        unit = ""  # it stands in the heading
    if unit and (field is None or unit not in field.units):
        text, unit = f"{text} {unit}", ""
    found = Shown(text, unit, cell.quote, cell.page, cell.report, cell.formula, cell.note)
    return found if max(map(len, found)) < MOST_IN_A_CELL else Shown(*map(_cut, found))


def _cut(text: str) -> str:
    """A text that no cell can hold is left where it is; a remark stands for it."""
    if len(text) < MOST_IN_A_CELL:
        return text
    return f"(a text of {len(text):,} characters, more than a cell holds; leave this as it is)"


def plain(found: Shown) -> Shown:
    """As sheets are compared: programs differ in how they end lines, and in spaces at the ends."""
    return found if found == NOTHING else Shown(*[text and _plain(text) for text in found])


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def without_unit(found: Shown) -> Shown:
    """An empty cell has no unit, whatever was filled in down its column."""
    return found._replace(unit="") if found.unit and not found.text.strip() else found
