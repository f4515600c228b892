"""Records as they stand and as their sources stated them, with every change; for the terminal and as JSON."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from iimscreen import render
from iimscreen.store.curation import in_words
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.curation import Edited, Field, Line, Removed, Shown
    from iimscreen.store.curation import Edit

_MOST = 160  # characters of a value in a line about a change


def _say(text: str, style: str = "") -> None:
    render.console().print(Text(render.plain(text), style=style))


def _moment(at: str) -> str:
    return f"{at[:10]} {at[11:16]} UTC"


def _short(value: str | None) -> str:
    if value is None:
        return "(empty)"
    line = " ".join(value.split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 1].rstrip()}… ({len(value):,} characters)"


# --- one record ------------------------------------------------------------------------------------


def record(found: Shown, *, as_json: bool) -> None:
    """All that is stored on one record."""
    if as_json:
        render.json(_as_json(found))
        return
    stored = found.record
    _say(
        f"{render.named(stored)}, record {stored.id:,} of this review, {stored.database} ({stored.kind})",
        "bold",
    )
    for word in found.removals[-1:]:
        done = "Removed before screening" if word.is_removed else "Removed once, and restored"
        _say(f"{done} by {word.by}, {_moment(word.at)}: {word.reason}", "yellow" if word.is_removed else "")
    if len(found.members) > 1:
        others = ", ".join(key for key in found.members if key != stored.key)
        kept = "kept for its report" if found.kept == stored.key else f"a duplicate; kept is {found.kept}"
        _say(f"One report with {others}; this record is {kept}.")
    for field in found.fields:
        _field(field, stored.database)
    for one in found.brought:
        where = f"{one.database}, {one.label}, record {one.position:,} of {one.hits:,}"
        _say(f"found by: {where}, {_moment(one.at)}", "dim")


def _field(field: Field, database: str) -> None:
    if field.value is None and field.stated is None and not field.edits:
        return
    _say(f"{field.name}: {'(empty)' if field.value is None else field.value}")
    if field.value != field.stated:
        _say(f"    as {database} stated it: {'(nothing)' if field.stated is None else field.stated}", "dim")
    for edit in field.edits:
        _say(f"    {_edit(edit)}", "dim")


def _edit(edit: Edit) -> str:
    why = f": {edit.note}" if edit.note else ""
    by = f"by {edit.by}, {_moment(edit.at)}{why}"
    if edit.undoes is not None:
        return f"edit {edit.undoes[:8]} taken back {by}"
    what = "emptied" if edit.value is None else f"set to {_short(in_words(edit.field, edit.value))!r}"
    return f"{what} {by} (edit {edit.uid[:8]}{', taken back' if edit.is_undone else ''})"


def _as_json(found: Shown) -> dict[str, object]:
    stored = found.record
    return {
        "record": stored.key,
        "number": stored.id,
        "database": stored.database,
        "kind": str(stored.kind),
        "report": {"kept": found.kept, "records": list(found.members)},
        "is_removed": bool(found.removals) and found.removals[-1].is_removed,
        "removals": [
            {"is_removed": word.is_removed, "reason": word.reason, "by": word.by, "at": word.at}
            for word in found.removals
        ],
        "fields": {
            field.name: {
                "value": field.value,
                "stated": field.stated,
                "edits": [
                    {
                        "edit": edit.uid,
                        "value": None if edit.value is None else in_words(edit.field, edit.value),
                        "takes_back": edit.undoes,
                        "is_taken_back": edit.is_undone,
                        "note": edit.note,
                        "by": edit.by,
                        "at": edit.at,
                    }
                    for edit in field.edits
                ],
            }
            for field in found.fields
            if field.value is not None or field.stated is not None or field.edits
        },
        "found_by": [
            {
                "database": one.database,
                "label": one.label,
                "text_sent": one.text_sent,
                "position": one.position,
                "of": one.hits,
                "at": one.at,
            }
            for one in found.brought
        ],
    }


# --- many records ----------------------------------------------------------------------------------


def lines(found: Iterable[Line], *, as_json: bool) -> None:
    """A line a record, written as it is read; the number of records goes to stderr."""
    out, count = sys.stdout, 0
    if as_json:
        out.write("[")
    for one in found:
        if as_json:
            out.write(
                f"{',' if count else ''}\n  {json_module.dumps(_line_as_json(one), ensure_ascii=False)}"
            )
        else:
            marks = " [edited]" if one.is_edited else ""
            marks += f" [removed: {one.removed.reason}]" if one.removed is not None else ""
            title = " ".join((one.title or "(no title)").split())
            out.write(f"{render.plain(f'{one.key}  {title}{marks}')}\n")
        count += 1
    if as_json:
        out.write("\n]\n" if count else "]\n")
    sys.stderr.write(f"{counted(count, 'record')}.\n")


def _line_as_json(one: Line) -> dict[str, object]:
    return {
        "record": one.key,
        "number": one.number,
        "title": one.title,
        "is_edited": one.is_edited,
        "removed": None
        if one.removed is None
        else {"reason": one.removed.reason, "by": one.removed.by, "at": one.removed.at},
    }


# --- what was done ---------------------------------------------------------------------------------


def edited(found: Edited) -> None:
    """What was changed, who has voted already, and what comes next."""
    for one in found.changes:
        _say(f"{found.key}: {one.field}: {_short(one.before)} → {_short(one.after)}")
    for field in found.unchanged:
        _say(f"{found.key}: {field} stands so already: nothing to do")
    if not found.changes:
        return
    for votes in found.votes:
        were, they = ("was", "it stands") if votes.given == 1 else ("were", "they stand")
        _say(
            f"{votes.stage}: {votes.given} of {counted(votes.needed, 'vote')} on its report {were} given before "
            f"this; {they}.",
            "yellow",
        )
    if found.shown_instead is not None:
        _say(
            f"Reviewers see {found.shown_instead}, the record kept for its report, and not this one.",
            "yellow",
        )
    if found.edits_left:
        _say(
            f"Edits of this record that stand: {found.edits_left:,} (--undo takes the last one back).", "dim"
        )
    if found.compare_again:
        _say("Next: iimscreen dedupe, since duplicates are told by what was changed", "bold")


def moved(found: Removed, *, is_removal: bool) -> None:
    """Records removed or restored, and what became of their reports."""
    what = "removed before screening" if is_removal else "restored"
    for one in found.done:
        _say(f"{render.named(one)} {what}: {one.record.title or '(no title)'}")
        kept = found.kept.get(one.key)
        if kept is not None and kept != one.key:
            _say(f"  Its report is screened by {kept}, another record of it.", "dim")
    for key in found.unchanged:
        _say(f"{key} {'is removed already' if is_removal else 'is not removed'}: nothing to do")
    _say(f"{counted(len(found.done), 'record')} {what}.", "bold")
