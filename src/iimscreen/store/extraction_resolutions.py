"""What people settled about extracted data after it was open: which rows are one, and final words on cells and rows.

Only on studies that are open, so there is no gate before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iimscreen.forms.consensus import Resolution
from iimscreen.model import Value
from iimscreen.store import log
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class Pairing:
    """Rows that a person declared to be one, or one row that is alone on purpose."""

    study: str
    rows: Mapping[str, str]  # name → row of theirs
    note: str
    at: str  # UTC
    by: str


def pairings(review: Review, form: str, *, study: str | None = None) -> dict[str, list[Pairing]]:
    """Study → the pairings that hold, oldest first: the last word on a row counts."""
    found: dict[str, list[Pairing]] = {}
    for row in rows(
        review.db,
        """
        select row_pairings.*, log.at, log.actor
        from row_pairings
        join log on log.id = row_pairings.log_id
        where row_pairings.form = :form
          and (:study is null or row_pairings.study = :study)
        order by row_pairings.log_id
        """,
        {"form": form, "study": study},
    ):
        said = json.loads(row["rows"])
        there = [one for one in found.get(row["study"], []) if not set(one.rows.items()) & set(said.items())]
        if not row["withdrawn"]:
            there.append(Pairing(row["study"], said, row["note"] or "", row["at"], row["actor"]))
        found[row["study"]] = there
    return found


def pair(
    review: Review,
    study: str,
    form: str,
    said: Mapping[str, str],
    *,
    withdrawn: bool = False,
    note: str | None = None,
    by: str,
) -> None:
    """Log that these rows are one, or that this one is alone on purpose. Inside `writing()`."""
    log.append_one(
        review.db,
        "row_pairings",
        {
            "study": study,
            "form": form,
            "rows": _json(said),
            "withdrawn": int(withdrawn),
            "note": note,
        },
        actor=by,
    )


def resolutions(review: Review, form: str, *, study: str | None = None) -> dict[str, list[Resolution]]:
    """Study → every final word, oldest first."""
    found: dict[str, list[Resolution]] = {}
    for row in rows(
        review.db,
        """
        select extraction_resolutions.*, log.at
        from extraction_resolutions
        join log on log.id = extraction_resolutions.log_id
        where extraction_resolutions.form = :form
          and (:study is null or extraction_resolutions.study = :study)
        order by extraction_resolutions.log_id
        """,
        {"form": form, "study": study},
    ):
        found.setdefault(row["study"], []).append(_resolution(row))
    return found


def _resolution(row: Mapping[str, Any]) -> Resolution:
    value = Value(row["value"] or "", row["unit"] or "", row["code"] or "")
    return Resolution(
        rows=json.loads(row["rows"]),
        field=row["field"],
        value=value if value != Value() else None,
        about=json.loads(row["about"]),
        chosen=row["chosen"],
        manner=row["manner"],
        names=tuple(json.loads(row["names"])),
        reason=row["reason"] or "",
        quote=row["quote"] or "",
        page=row["page"] or "",
        report=row["report_key"] or "",
        formula=row["formula"] or "",
        at=row["at"],
        form_sha256=row["form_sha256"],
    )


def add(
    review: Review,
    study: str,
    form: str,
    words: Iterable[Resolution],
    *,
    form_sha256: str,
    by: str,
) -> None:
    """Log final words on a study. Inside `writing()`."""
    log.append(
        review.db,
        "extraction_resolutions",
        (
            {
                "study": study,
                "form": form,
                "rows": _json(word.rows),
                "field": word.field,
                "value": word.value.text or None if word.value else None,
                "unit": word.value.unit or None if word.value else None,
                "code": word.value.code or None if word.value else None,
                "quote": word.quote or None,
                "page": word.page or None,
                "report_key": word.report or None,
                "formula": word.formula or None,
                "about": _json(word.about),
                "chosen": word.chosen,
                "manner": word.manner,
                "names": _json(word.names),
                "reason": word.reason or None,
                "form_sha256": form_sha256,
            }
            for word in words
        ),
        actor=by,
    )


def _json(value: Mapping[str, str] | Sequence[str]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
