"""Extracted values as they were given: written here, and read raw. Who may see them is the matter of
`store/extraction_gate.py`, the one place that asks for those of others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iimscreen.model import Cell, Value
from iimscreen.store import log
from iimscreen.store.connection import Review, rows

DONE, CHECKED, REOPENED = "done", "checked", "reopened"


@dataclass(frozen=True, slots=True)
class Word:
    """One person's last word on one cell."""

    log_id: int
    study: str
    form: str
    row: str
    field: str
    value: Value | None  # None: it was emptied
    quote: str
    page: str
    report: str
    formula: str
    note: str
    form_sha256: str
    was_open: bool
    by: str
    at: str  # UTC

    @property
    def place(self) -> tuple[str, str, str]:
        """Study, row and field."""
        return self.study, self.row, self.field

    @property
    def cell(self) -> Cell | None:
        """As the cell of a table; None if it was emptied."""
        if self.value is None:
            return None
        return Cell(
            value=self.value,
            quote=self.quote,
            page=self.page,
            report=self.report,
            formula=self.formula,
            note=self.note,
            names=(self.by,),
        )


def add(review: Review, words: Iterable[Mapping[str, Any]], *, by: str) -> int:
    """Log one person's words; how many. Inside `writing()`. Each has the columns that `content` gives."""
    return len(log.append(review.db, "extractions", words, actor=by))


def content(
    study: str,
    form: str,
    row: str,
    field: str,
    value: Value | None,
    *,
    quote: str = "",
    page: str = "",
    report: str = "",
    formula: str = "",
    note: str = "",
    form_sha256: str,
    was_open: bool,
) -> dict[str, Any]:
    """The columns of one word."""
    return {
        "study": study,
        "form": form,
        "row": row,
        "field": field,
        "value": value.text or None if value else None,
        "unit": value.unit or None if value else None,
        "code": value.code or None if value else None,
        "quote": quote or None,
        "page": page or None,
        "report_key": report or None,
        "formula": formula or None,
        "note": note or None,
        "form_sha256": form_sha256,
        "was_open": int(was_open),
    }


_ALL = """
select extractions.*, log.at, log.actor
from extractions
join log on log.id = extractions.log_id
where extractions.form = :form
  and (:study is null or extractions.study = :study)
  and (:by is null or log.actor = :by)
  and (:before is null or extractions.log_id < :before)
order by extractions.log_id
"""


def _word(row: Mapping[str, Any]) -> Word:
    value = Value(row["value"] or "", row["unit"] or "", row["code"] or "")
    return Word(
        log_id=row["log_id"],
        study=row["study"],
        form=row["form"],
        row=row["row"],
        field=row["field"],
        value=value if value != Value() else None,
        quote=row["quote"] or "",
        page=row["page"] or "",
        report=row["report_key"] or "",
        formula=row["formula"] or "",
        note=row["note"] or "",
        form_sha256=row["form_sha256"],
        was_open=bool(row["was_open"]),
        by=row["actor"],
        at=row["at"],
    )


def history(review: Review, form: str, *, study: str | None = None, by: str | None = None) -> list[Word]:
    """Every word on a form, oldest first."""
    given = {"form": form, "study": study, "by": by, "before": None}
    return [_word(row) for row in rows(review.db, _ALL, given)]


def standing(
    review: Review, form: str, *, study: str | None = None, by: str | None = None, before: int | None = None
) -> list[Word]:
    """The last word of each person on each cell, emptied ones left out; as it was before a row of the log."""
    last: dict[tuple[str, str, str, str], Word] = {}
    for row in rows(review.db, _ALL, {"form": form, "study": study, "by": by, "before": before}):
        place = (row["study"], row["row"], row["field"], row["actor"])
        last[place] = _word(row)
    return [word for word in last.values() if word.value is not None]


def blind(review: Review, form: str, *, study: str | None = None) -> list[Word]:
    """The last word of each person on each cell that was given blind, ones emptied then left out."""
    last = {
        (word.study, word.row, word.field, word.by): word
        for word in history(review, form, study=study)
        if not word.was_open
    }
    return [word for word in last.values() if word.value is not None]


def extractors(review: Review, form: str) -> dict[str, set[str]]:
    """Study → everyone who ever entered a value of it in this form."""
    found: dict[str, set[str]] = {}
    for study, name in review.db.execute(
        """
        select distinct extractions.study, log.actor
        from extractions
        join log on log.id = extractions.log_id
        where extractions.form = :form
        """,
        {"form": form},
    ):
        found.setdefault(study, set()).add(name)
    return found


def last_ids(review: Review, form: str) -> dict[tuple[str, str], int]:
    """(study, person) → log id of the last word that they gave on it."""
    return {
        (study, name): log_id
        for study, name, log_id in review.db.execute(
            """
            select extractions.study, log.actor, max(extractions.log_id)
            from extractions
            join log on log.id = extractions.log_id
            where extractions.form = :form
            group by extractions.study, log.actor
            """,
            {"form": form},
        )
    }


def saw_before_done(review: Review, form: str) -> dict[str, set[str]]:
    """Study → who entered a value of it that was not given blind, before they were done with it for the first time."""
    found: dict[str, set[str]] = {}
    for study, name in review.db.execute(
        """
        select distinct extractions.study, log.actor
        from extractions
        join log on log.id = extractions.log_id
        where extractions.form = :form
          and extractions.was_open = 1
          and not exists (
            select 1
            from extraction_dones
            join log as done_log on done_log.id = extraction_dones.log_id
            where extraction_dones.study = extractions.study
              and extraction_dones.form = extractions.form
              and extraction_dones.log_id < extractions.log_id
              and done_log.actor = log.actor
          )
        """,
        {"form": form},
    ):
        found.setdefault(study, set()).add(name)
    return found


def forms(review: Review) -> list[str]:
    """Names of the forms that hold any value."""
    return [name for (name,) in review.db.execute("select distinct form from extractions order by form")]


def form_versions(review: Review, form: str) -> set[str]:
    """Hashes of the versions of a form under which any value was given."""
    return {
        sha256
        for (sha256,) in review.db.execute(
            "select distinct form_sha256 from extractions where form = :form", {"form": form}
        )
    }


def in_words(review: Review, log_ids: Sequence[int]) -> dict[int, str]:
    """Log id → what was entered, of rows that the gate has let through."""
    found = {}
    for row in rows(
        review.db,
        """
        select extractions.*, log.at, log.actor
        from extractions
        join log on log.id = extractions.log_id
        where extractions.log_id in (select value from json_each(:ids))
        """,
        {"ids": json.dumps(list(log_ids))},
    ):
        word = _word(row)
        place = " ".join(filter(None, (word.study or "review", word.row, word.field)))
        found[word.log_id] = f"{place}: {word.value if word.value is not None else 'emptied'}"
    return found


def own(
    review: Review, form: str, by: str, *, studies: Sequence[str] | None = None, before: int | None = None
) -> dict[tuple[str, str, str], Word]:
    """(study, row, field) → one person's own word, of some studies or all."""
    wanted = None if studies is None else set(studies)
    (only,) = wanted if wanted is not None and len(wanted) == 1 else (None,)
    return {
        word.place: word
        for word in standing(review, form, study=only, by=by, before=before)
        if wanted is None or word.study in wanted
    }


# --- done ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """The last word of one person on whether they have finished a study's form."""

    study: str
    form: str
    by: str
    state: str  # done, checked or reopened
    at: str  # UTC
    log_id: int


def add_done(review: Review, study: str, form: str, state: str, *, note: str | None = None, by: str) -> None:
    """Log that someone has finished a study's form, or takes it up again. Inside `writing()`."""
    log.append_one(
        review.db,
        "extraction_dones",
        {"study": study, "form": form, "state": state, "note": note},
        actor=by,
    )


def dones(review: Review, form: str) -> dict[tuple[str, str], Done]:
    """(study, person) → their last word on whether it is done, in order of time."""
    found: dict[tuple[str, str], Done] = {}
    for row in rows(
        review.db,
        """
        select extraction_dones.*, log.at, log.actor
        from extraction_dones
        join log on log.id = extraction_dones.log_id
        where extraction_dones.form = :form
        order by extraction_dones.log_id
        """,
        {"form": form},
    ):
        found.pop((row["study"], row["actor"]), None)
        found[row["study"], row["actor"]] = Done(
            row["study"], form, row["actor"], row["state"], row["at"], row["log_id"]
        )
    return found


def forms_done(review: Review) -> list[str]:
    """Names of the forms that anyone is or was done with for any study."""
    return [name for (name,) in review.db.execute("select distinct form from extraction_dones order by form")]


def note_opening(review: Review, study: str, form: str) -> None:
    """Log that the values of a study's form are revealed in this copy. Inside `writing()`."""
    log.append_one(review.db, "extraction_openings", {"study": study, "form": form})


def openings(review: Review, form: str) -> set[str]:
    """Studies whose values of this form were revealed here."""
    return {
        study
        for (study,) in review.db.execute(
            "select distinct study from extraction_openings where form = :form", {"form": form}
        )
    }
