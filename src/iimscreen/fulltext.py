"""Full texts: mark reports sought as retrieved, with the file kept by its hash, or not, with a reason."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen.errors import InputError, ProtocolError, ReviewError
from iimscreen.model import StoredRecord
from iimscreen.protocol import FULL_TEXT
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, decisions, log, records, retrievals
from iimscreen.store.gate import Gate

RETRIEVED = "retrieved"
NOT_RETRIEVED = "not_retrieved"


@dataclass(frozen=True, slots=True)
class Sought:
    """One report sought for retrieval, and what became of it."""

    record: StoredRecord
    retrieval: retrievals.Retrieval | None


def sought(review: Review) -> list[Sought]:
    """Reports sought, as far as revealed. Raises ProtocolError while all of them are closed to view."""
    keys = Gate(review, in_force(review)).sought()
    standing = retrievals.standing(review)
    return [Sought(record, standing.get(record.key)) for record in records.by_keys(review, keys)]


def folder_of(review: Review) -> Path:
    """Where files of full texts are kept: beside the review file."""
    return review.path.parent / "fulltexts"


def mark(
    review: Review,
    given: Sequence[str],
    outcome: str,
    *,
    by: str,
    reason: str | None = None,
    file: Path | None = None,
) -> list[str]:
    """Log the retrieval of these reports, all or none; their keys.

    A file goes to `fulltexts/` under its SHA-256 and belongs to one report.
    """
    if file is not None and len(given) != 1:
        raise InputError("one file belongs to one report", hint="mark them one by one")
    if outcome == NOT_RETRIEVED and not (reason or "").strip():
        raise ProtocolError(
            "a report not retrieved needs a reason", hint='--reason "no reply from the authors"'
        )
    keys = _keys(review, given)
    if outcome == NOT_RETRIEVED:
        for key in keys:
            if decisions.voters(review, FULL_TEXT, key):
                raise ProtocolError(
                    f"{key} was judged at full text already, so it was retrieved",
                    hint="if it was not, `iimscreen resolve --stage full-text` settles it with a note",
                )
    file_name, file_sha256 = _keep(review, file) if file is not None else (None, None)
    with review.writing():
        for key in keys:
            retrievals.add(
                review, key, outcome, actor=by, reason=reason, file_name=file_name, file_sha256=file_sha256
            )
    return keys


def mark_all(review: Review, *, by: str) -> list[str]:
    """Mark every report that is not marked yet as retrieved; their keys."""
    keys = [one.record.key for one in sought(review) if one.retrieval is None]
    with review.writing():
        for key in keys:
            retrievals.add(review, key, RETRIEVED, actor=by)
    return keys


def mark_from(review: Review, path: Path, *, by: str) -> list[str]:
    """Log the retrievals of a CSV (record,outcome,reason), all or none; their keys."""
    with review.writing():
        keys = []
        for line, given, outcome, reason in _read_csv(path):
            try:
                keys += mark(review, [given], outcome, by=by, reason=reason)
            except (InputError, ProtocolError) as error:
                raise type(error)(
                    f"{path}, line {line}: {error.message}; nothing was stored", hint=error.hint
                ) from error
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


def _keys(review: Review, given: Sequence[str]) -> list[str]:
    wanted = [records.kept_of(review, records.find(review, one).key) for one in given]
    gate = Gate(review, in_force(review))
    for key in wanted:
        gate.require_sought(key)
    return wanted


def _keep(review: Review, file: Path) -> tuple[str, str]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}", hint="check the path") from error
    if not data:
        raise InputError(f"{file} is empty", hint="download it again")
    sha256 = log.sha256(data)
    target = folder_of(review) / f"{sha256}{file.suffix.lower()}"
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, part)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ReviewError(
            f"{file} cannot be copied to {target.parent}: {error.strerror}", hint="check disk and permissions"
        ) from error
    return file.name, sha256
