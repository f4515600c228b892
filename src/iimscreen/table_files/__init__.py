"""Tables and data sets as files: CSV, XLSX, DOCX, HTML, and what RevMan imports. Bytes only; no file is opened here."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

from iimscreen.errors import InputError
from iimscreen.tables import Dataset, Table

FORMATS = ("csv", "xlsx", "docx", "html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What goes into files."""

    tables: tuple[Table, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    revman: tuple[Dataset, ...] = ()
    references: bytes = b""  # RIS with the name of each study
    stamps: tuple[str, ...] = ()
    title: str = ""  # of the review
    only: str = ""  # the one table or data set that is wanted; "" if all


def files(contents: Contents, formats: Sequence[str]) -> dict[str, bytes]:
    """Path within the folder → content. Raises InputError for a format that is not known."""
    found: dict[str, bytes] = {}
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"{name!r} is no format of tables", hint=f"expected {', '.join(FORMATS)}")
        module = importlib.import_module(f"{__name__}._{name}")
        found |= module.files(contents)
    return found
