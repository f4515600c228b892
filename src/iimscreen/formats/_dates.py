"""Dates as bibliographic sources write them, made ISO 8601 and no more precise than stated."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from iimscreen.formats._marks import YEAR

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_STATED = re.compile(r"(\d{4})(?:[\s/-]+([A-Za-z]{3,9}|\d{1,2})(?![\dA-Za-z])(?:[\s/-]+(\d{1,2})(?!\d))?)?")


def iso_date(text: str) -> str | None:
    """The date a text begins with, cut to the precision stated, or None: "2008 Jul-Aug" is "2008-07".

    Takes numbers and English names of months; a season ("2023 Winter") leaves the year.
    """
    stated = _STATED.search(text)
    if stated is None:
        year = YEAR.search(text)
        return year.group(1) if year else None
    year_text, month_text, day_text = stated.groups()
    if not YEAR.fullmatch(year_text):
        return None
    if not month_text:
        return year_text
    name = month_text[:3].lower()
    month = MONTHS.index(name) + 1 if name in MONTHS else int(month_text) if month_text.isdigit() else 0
    if not 1 <= month <= 12:
        return year_text
    try:
        return dt.date(int(year_text), month, int(day_text or 0)).isoformat()
    except ValueError:  # no day, or none of the calendar
        return f"{year_text}-{month:02}"


def earliest(dates: Iterable[str | None]) -> str | None:
    """The earliest of some ISO dates; of a month and a day within it, the day."""
    best: str | None = None
    for date in dates:
        if date and (best is None or (date < best and not best.startswith(date)) or date.startswith(best)):
            best = date
    return best
