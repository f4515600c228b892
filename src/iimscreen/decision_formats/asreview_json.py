"""ASReview's columns as JSON: one object a record, as pandas' `to_json(orient="records")` has them.

ASReview LAB exports CSV, TSV, RIS and Excel, and no JSON; its own server answers with such objects, the
decision within `state`, and that is read too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from iimscreen.decision_formats import Decided, Reading, asreview
from iimscreen.decision_formats._cells import Row
from iimscreen.errors import InputError
from iimscreen.formats import text_of


def write(decided: Sequence[Decided], labels: Mapping[str, str]) -> bytes:
    """An array with an object for each report, one a line; what is not stated is null."""
    del labels  # it knows no reasons
    lines = [json.dumps(one, ensure_ascii=False) for one in asreview.entries(decided)]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def looks_like(data: bytes) -> bool:
    """Whether it begins as JSON does."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def read(data: bytes) -> Reading:
    """The label of each object; lines are counted by objects. Raises InputError if it is no such JSON."""
    try:
        given = json.loads(text_of(data))
    except ValueError as error:
        raise InputError(f"it is no JSON: {error}", hint="export it again") from error
    entries = given.get("result") if isinstance(given, dict) else given
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise InputError(
            "the JSON holds no array of records",
            hint='expected [{"title": …, "asreview_label": 1}, …], as docs/exports.md shows',
        )
    rows = (Row(number, _cells(one)) for number, one in enumerate(entries, start=1))
    return Reading("ASReview", tuple(map(asreview.said, rows)), unit="entry")


def _cells(entry: dict[str, Any]) -> dict[str, str]:
    state = entry.get("state")
    if isinstance(state, dict):
        entry = entry | {f"asreview_{name}": value for name, value in state.items()}
    return {name.strip().lower(): _cell(value) for name, value in entry.items()}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None or isinstance(value, dict | list) else str(value)
