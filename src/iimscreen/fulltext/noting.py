"""What was done about a report on the way to its full text, noted: its language, attempts, authors asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from iimscreen.errors import InputError
from iimscreen.fulltext.marking import require_wanted
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, report_notes
from iimscreen.store.gate import Gate


def note(
    review: Review, given: str, said: Mapping[str, str | None], *, on: dt.date | None = None, by: str
) -> str:
    """Log what is said of a report, item by item, all or nothing; its key. None is nothing said.

    Raises InputError if nothing is, or a text is blank.
    """
    stated = {item: text for item, text in said.items() if text is not None}
    options = ", ".join(f"--{item}" for item in report_notes.ITEMS)
    if not stated:
        raise InputError("nothing to note", hint=f"one or more of {options}")
    for item, text in stated.items():
        if not text.strip():
            raise InputError(f"--{item} is empty", hint=f"say it, or leave --{item} out")
    with review.writing():
        key = require_wanted(review, Gate(review, in_force(review)), given)
        for item, text in stated.items():
            report_notes.add(
                review, key, item, text.strip(), done_on=None if on is None else on.isoformat(), by=by
            )
    return key
