"""Values to look at again, since their form has changed: which they are, and how to say that they still hold.

A value is among them while its giver's last word on it is from a version of the form in which its field, or the
level of it, was defined otherwise. So is a required field that a finished study lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from iimscreen import review_forms, team
from iimscreen.consensus.reading import Reading
from iimscreen.errors import InputError, ProtocolError
from iimscreen.extracting import Seat, check_there
from iimscreen.forms import DATA, rows, values
from iimscreen.model import Form, Value
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, extraction_resolutions, extractions, studies
from iimscreen.store.extraction_gate import ExtractionGate
from iimscreen.store.extractions import DONE, Word

UNKNOWN = "given under a version of the form that is not in this file"
LACKING = "required, and has no value"


@dataclass(frozen=True, slots=True)
class Revisit:
    """One field of one study to look at again."""

    study: str
    field: str
    title: str
    rows: tuple[str, ...]  # "" for the study itself
    names: tuple[str, ...]  # whose values they are; "final word of ann" where it was settled
    whys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revisits:
    """All of them, as far as someone may see them."""

    found: tuple[Revisit, ...]
    is_partly_blind: bool  # whether studies whose values may not be seen were left out


@dataclass(slots=True)
class _Collected:
    rows: dict[str, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    whys: dict[str, None] = field(default_factory=dict)


def to_revisit(review: Review, form: str = DATA, reviewer: str | None = None, study: str = "") -> Revisits:
    """The fields to look at again, of all studies that are open, or of one; with `reviewer`, that person's own."""
    with review.reading():
        shown = review_forms.in_force(review, form)
        if study:
            check_there(review, shown, study)
        gate = ExtractionGate(review, form, review_forms.mode(review, form))
        words = [word for word in gate.words(reviewer, study=study or None) if reviewer in (None, word.by)]
        found = _outdated(shown, review_forms.touched_since(review, shown), words)
        _add_lacking(found, shown, words, gate)
        _add_final_words(review, found, shown, reviewer, study)
        begun = extractions.form_versions(review, form) - {shown.sha256}
        blind = reviewer is None and bool(begun) and gate.any_closed()
        return Revisits(_in_order(review, shown, found), blind)


Pairs = dict[tuple[str, str], _Collected]


def _outdated(form: Form, changed: dict[str, dict[str, tuple[str, ...]]], words: Iterable[Word]) -> Pairs:
    found: Pairs = {}
    fields = {one.name: one for one in form.fields}
    for word in words:
        asked = fields.get(word.field)
        if asked is None or word.value is None or word.form_sha256 == form.sha256:
            continue
        since = changed.get(word.form_sha256)
        whys = (UNKNOWN,) if since is None else since.get(word.field, ())
        if whys and since is not None and not _is_still_possible(form, word):
            whys = (*whys, f"{word.value} is no longer possible there")
        for why in whys:
            _add(found, word.study, word.field, word.row, word.by, why)
    return found


def _is_still_possible(form: Form, word: Word) -> bool:
    asked = next(one for one in form.fields if one.name == word.field)
    level = rows.known_level(form, word.row)
    if level is None or level.name != asked.level or word.value is None:
        return False
    try:
        values.read(asked, word.value.code or word.value.text, word.value.unit)
    except InputError:
        return False
    return True


def _add_lacking(found: Pairs, form: Form, words: Sequence[Word], gate: ExtractionGate) -> None:
    """Add what someone lacks who is done with a study: they were complete, so it was required later."""
    entered: dict[tuple[str, str], dict[str, dict[str, Value]]] = {}
    for word in words:
        if word.value is not None:
            of_study = entered.setdefault((word.study, word.by), {"": {}})
            of_study.setdefault(word.row, {})[word.field] = word.value
    for (study, by), cells in entered.items():
        if any(one.by == by and one.state == DONE for one in gate.done(study)):
            for row, asked in rows.lacking(form, cells):
                _add(found, study, asked.name, row, by, LACKING)


def _add_final_words(review: Review, found: Pairs, form: Form, reviewer: str | None, study: str) -> None:
    """Add final words that hold and were given under another version; with `reviewer`, those that they gave."""
    given = extraction_resolutions.resolutions(review, form.name, study=study or None)
    old = [one for one, words in given.items() if any(word.form_sha256 != form.sha256 for word in words)]
    if not old:
        return
    changed = review_forms.touched_since(review, form)
    reading = Reading(review, form.name, study=study or None)
    for name in old:
        consensus = reading.consensus(name)
        for row in consensus.rows if consensus is not None else ():
            for both in row.cells:
                word = both.resolution
                if word is None or word.form_sha256 == form.sha256 or reviewer not in (None, *word.names):
                    continue
                by = f"final word of {' and '.join(word.names)}"
                for why in changed.get(word.form_sha256, {}).get(both.field, ()):
                    _add(found, name, both.field, row.row, by, why)


def _add(found: Pairs, study: str, name: str, row: str, by: str, why: str) -> None:
    one = found.setdefault((study, name), _Collected())
    one.rows[row] = one.names[by] = one.whys[why] = None


def _in_order(review: Review, form: Form, found: Pairs) -> tuple[Revisit, ...]:
    place = {one.name: number for number, one in enumerate(form.fields)}
    order = {name: number for number, name in enumerate(studies.standing(review))}
    titles = {one.name: one.title for one in form.fields}
    return tuple(
        Revisit(study, name, titles[name], tuple(one.rows), tuple(one.names), tuple(one.whys))
        for (study, name), one in sorted(
            found.items(), key=lambda item: (order.get(item[0][0], len(order)), item[0][0], place[item[0][1]])
        )
    )


def confirm(review: Review, reviewer: str, study: str, name: str = "", form: str = DATA) -> int:
    """Log that someone's own values of a study hold as they are under the present form; how many.

    `name` is one field; "" is all that are to be looked at again. Raises InputError if one of them is no
    longer possible, ProtocolError if there is nothing to confirm.
    """
    with review.writing():
        seat = Seat(review, reviewer, form)
        check_there(review, seat.form, study)
        wanted = {
            one.field
            for one in to_revisit(review, form, seat.reviewer, study).found
            if name in ("", one.field)
        }
        outdated = [
            word
            for word in seat.own([study]).values()
            if word.field in wanted and word.value is not None and seat.is_outdated(word)
        ]
        if not outdated:
            raise ProtocolError(
                f"no value of {study}{f', field {name},' if name else ''} by {reviewer} waits to be looked at again",
                hint=f"`iimscreen extract revisit --reviewer {reviewer}` lists those that do",
            )
        for word in outdated:
            if not _is_still_possible(seat.form, word):
                raise InputError(
                    f"{word.field} of {study}{f', row {word.row},' if word.row else ''} is {word.value}, which is no "
                    "longer possible",
                    hint="give another with `iimscreen extract set`; confirm the others one by one, with --field",
                )
        team.register(review, in_force(review), seat.reviewer)
        return extractions.add(
            review,
            [_again(word, seat.form) for word in outdated],
            by=seat.reviewer,
        )


def _again(word: Word, form: Form) -> dict[str, object]:
    """A word as it was, under this form. Whether it was given blindly stays true of it: nothing of it changed."""
    return extractions.content(
        word.study,
        word.form,
        word.row,
        word.field,
        word.value,
        quote=word.quote,
        page=word.page,
        report=word.report,
        formula=word.formula,
        note=word.note,
        form_sha256=form.sha256,
        was_open=word.was_open,
    )
