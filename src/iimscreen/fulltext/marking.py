"""Reports sought for retrieval, with all that is known of their full texts; marked as retrieved, or not with a reason.

Looking at what is sought and writing about it are one transaction, so that no vote comes between.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import StoredRecord
from iimscreen.protocol import FULL_TEXT
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, decisions, fulltext_files, records, report_notes, retrievals, versions
from iimscreen.store.fulltext_files import FullTextFile
from iimscreen.store.gate import Gate
from iimscreen.store.report_notes import ReportNote

RETRIEVED = "retrieved"
NOT_RETRIEVED = "not_retrieved"


@dataclass(frozen=True, slots=True)
class Sought:
    """One report sought for retrieval, and what became of it."""

    record: StoredRecord
    retrieval: retrievals.Retrieval | None
    files: tuple[FullTextFile, ...] = ()
    notes: tuple[ReportNote, ...] = ()

    def noted(self, item: str) -> tuple[ReportNote, ...]:
        """Its notes of one kind, oldest first: of `attempt`, say."""
        return tuple(note for note in self.notes if note.item == item)

    def last(self, item: str) -> str:
        """The last word of one kind, such as its language; "" if there is none."""
        noted = self.noted(item)
        return noted[-1].text if noted else ""


def sought(review: Review) -> list[Sought]:
    """Reports sought, as far as revealed. Raises ProtocolError while all of them are closed to view."""
    with review.reading():
        keys = Gate(review, in_force(review)).sought()
        marks, files = retrievals.standing(review), fulltext_files.standing(review)
        notes = report_notes.everything(review)
        return [
            Sought(one, marks.get(one.key), files.get(one.key, ()), notes.get(one.key, ()))
            for one in records.by_keys(review, keys)
        ]


def of_other_versions(review: Review) -> set[str]:
    """Reports that a version made elsewhere included: read here, and not marked as retrieved once more."""
    kept = records.kept_keys(review)
    return {kept[key] for one in versions.previous_reviews(review) for key, _ in one.reports}


def require_wanted(review: Review, gate: Gate, given: str) -> str:
    """The key of a report whose full text is wanted. Raises ProtocolError if it is not sought."""
    key = records.kept_of(review, records.find(review, given).key)
    if key not in of_other_versions(review):
        gate.require_sought(key)
    return key


def mark(
    review: Review,
    given: Sequence[str],
    outcome: str,
    *,
    by: str,
    reason: str | None = None,
) -> list[str]:
    """Log the retrieval of these reports, all or none; their keys."""
    _check_reason(outcome, reason)
    with review.writing():
        return _mark(review, Gate(review, in_force(review)), given, outcome, by=by, reason=reason)


def mark_all(review: Review, *, by: str) -> list[str]:
    """Mark every report that is not marked yet as retrieved; their keys."""
    with review.writing():
        standing = retrievals.standing(review)
        keys = [key for key in Gate(review, in_force(review)).sought() if key not in standing]
        for key in keys:
            retrievals.add(review, key, RETRIEVED, actor=by)
    return keys


def mark_from(review: Review, path: Path, *, by: str) -> list[str]:
    """Log the retrievals of a CSV (record,outcome,reason), all or none; their keys."""
    lines = _read_csv(path)
    with review.writing():
        gate = Gate(review, in_force(review))  # marks change nothing of what is sought
        keys = []
        for line, given, outcome, reason in lines:
            try:
                _check_reason(outcome, reason)
                keys += _mark(review, gate, [given], outcome, by=by, reason=reason)
            except (InputError, ProtocolError) as error:
                raise type(error)(
                    f"{path}, line {line}: {error.message}; nothing was stored", hint=error.hint
                ) from error
    return keys


def _check_reason(outcome: str, reason: str | None) -> None:
    if outcome == NOT_RETRIEVED and not (reason or "").strip():
        raise ProtocolError(
            "a report not retrieved needs a reason", hint='--reason "no reply from the authors"'
        )


def _mark(
    review: Review, gate: Gate, given: Sequence[str], outcome: str, *, by: str, reason: str | None
) -> list[str]:
    keys = [records.kept_of(review, records.find(review, one).key) for one in given]
    for key in keys:
        gate.require_sought(key)
        if outcome == NOT_RETRIEVED and decisions.voters(review, FULL_TEXT, key):
            raise ProtocolError(
                f"{key} was judged at full text already, so it was retrieved",
                hint="if it was not, `iimscreen resolve --stage full-text` settles it with a note",
            )
    for key in keys:
        retrievals.add(review, key, outcome, actor=by, reason=reason)
    return keys


def _read_csv(path: Path) -> list[tuple[int, str, str, str | None]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if list(reader.fieldnames or []) != ["record", "outcome", "reason"]:
                raise InputError(
                    f"{path}, line 1: the columns are {', '.join(reader.fieldnames or []) or 'missing'}",
                    hint="expected a first line record,outcome,reason",
                )
            found = []
            for row in reader:
                outcome = (row["outcome"] or "").strip().replace("-", "_").replace(" ", "_")
                if outcome not in (RETRIEVED, NOT_RETRIEVED) or None in row:
                    raise InputError(
                        f"{path}, line {reader.line_num}: outcome is {row['outcome']!r}",
                        hint="expected retrieved or not_retrieved",
                    )
                found.append(
                    (
                        reader.line_num,
                        (row["record"] or "").strip(),
                        outcome,
                        (row["reason"] or "").strip() or None,
                    )
                )
            return found
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no CSV in UTF-8: {error}", hint="save it as CSV UTF-8") from error
