"""Decisions given as a CSV: record, verdict, reason, note."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from iimscreen.errors import InputError
from iimscreen.screening import Decision

COLUMNS = ("record", "verdict", "reason", "note")


def read_decisions(path: Path) -> list[tuple[int, Decision]]:
    """The (line, decision) pairs of a CSV with the columns record, verdict, reason and note.

    Raises InputError naming file and line if it is not such a CSV. What the values mean is checked
    where they are stored.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="save it as CSV UTF-8") from error
    reader = csv.reader(io.StringIO(text), strict=True)
    found: list[tuple[int, Decision]] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if (
            header[:2] != list(COLUMNS[:2])
            or not set(header) <= set(COLUMNS)
            or len(set(header)) != len(header)
        ):
            raise InputError(
                f"{path}, line 1: the columns are {', '.join(header) or 'missing'}",
                hint=f"expected a first line {','.join(COLUMNS)} (the last two may be missing)",
            )
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(header) or len(row) < 2:
                raise InputError(
                    f"{path}, line {reader.line_num}: {len(row)} columns, expected {len(header)}",
                    hint="put quotes around values that hold a comma",
                )
            values = dict(zip(header, row, strict=False))
            found.append(
                (
                    reader.line_num,
                    Decision(
                        values["record"].strip(),
                        values["verdict"].strip(),
                        values.get("reason", "").strip() or None,
                        values.get("note", "").strip() or None,
                    ),
                )
            )
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}", hint="save it as CSV again") from error
    if not found:
        raise InputError(f"{path} holds no decisions", hint=f"one line each: {','.join(COLUMNS)}")
    return found
