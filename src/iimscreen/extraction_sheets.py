"""Sheets of one review: written for one person, and taken back into the log, all of it or nothing.

A sheet shows what its reviewer may see and nothing more: their own values; where another checks, those of the
one who is done. What comes back is held against what was written: only cells that differ are entered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import shorten

from iimscreen import appraising, forms, review_forms, sheets
from iimscreen.errors import InputError, ProtocolError
from iimscreen.extracting import REVIEW, Given, Seat, Taken
from iimscreen.forms import CODES, DATA, ITSELF, OF, values
from iimscreen.model import Cell, Field, Form
from iimscreen.review_protocol import in_force
from iimscreen.sheets import NOTHING, Content, Entry, Fault, Heading, OnSheet, Place, Shown
from iimscreen.sheets.layout import spare_rows
from iimscreen.store import Review, bundles, extractions, log, records, studies
from iimscreen.store.extractions import Word
from iimscreen.wording import counted

MOST_FAULTS_TOLD = 12
_MOST_OF_TITLE = 80  # letters: two or three lines of the cell beside a study's name


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a file."""

    taken: Taken
    studies: int  # on which anything was entered


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a sheet shows, and the cells behind it."""

    shown: Mapping[Place, Shown]
    cells: Mapping[Place, Cell]
    own: frozenset[Place]  # those that the reviewer gave themselves

    def digest(self) -> str:
        """A hash of all of it, by which a sheet is known to show what is here."""
        return log.sha256(log.canonical(sorted([*place, *found] for place, found in self.shown.items())))


# --- out -------------------------------------------------------------------------------------------


def write(
    review: Review, reviewer: str, *, form: str = DATA, wanted: Sequence[str] = (), spare: int = 5
) -> tuple[bytes, int]:
    """A workbook for one reviewer, and of how many studies: those named, or all that they may enter or have entered.

    `spare` empty rows are added for each study and level. Raises InputError for an unknown study, ProtocolError
    for one that they may not enter, or if there is none at all.
    """
    from iimscreen.sheets import writing

    made = content(review, reviewer, form=form, wanted=wanted, spare=spare)
    return writing.workbook(made), len(made.studies)


def content(
    review: Review, reviewer: str, *, form: str = DATA, wanted: Sequence[str] = (), spare: int = 5
) -> Content:
    """What stands on that workbook."""
    seat = Seat(review, reviewer, form)
    own = seat.own()
    names = _for(seat, wanted, {study for study, _, _ in own})
    _, log_uid = log.last_row(review)
    standing = _standing(seat, names, seat.form, own)
    heading = Heading(
        review=bundles.review_uid(review),
        reviewer=seat.reviewer,
        form=seat.form.name,
        form_sha256=seat.form.sha256,
        log_uid=log_uid,
        digest=standing.digest(),
    )
    return Content(
        heading=heading,
        form=seat.form,
        studies=_on_sheet(seat, names),
        cells=standing.shown,
        rows=_rows(seat.form, names, standing.shown, spare),
        help=_help(seat),
    )


def _for(seat: Seat, wanted: Sequence[str], begun: set[str]) -> list[str]:
    """The studies of a sheet, in order of their naming; those that are begun may be written in any case."""
    known = [REVIEW] if seat.form.subject == "review" else _of_this_form(seat, begun)
    gate = seat.gate()
    for study in wanted:
        if study not in begun:
            seat.check_study(study, gate)
    if wanted:
        there = known if seat.form.subject == "review" else studies.standing(seat.review)
        return [study for study in there if study in wanted]
    found = []
    for study in known:
        try:
            if study not in begun:
                seat.check_study(study, gate)
        except ProtocolError:
            continue  # others extract it, or have
        found.append(study)
    if not found:
        raise ProtocolError(
            f"there is no study for {seat.reviewer} to extract",
            hint="`iimscreen study list` names the studies; `iimscreen study new` makes one"
            if seat.form.name == DATA
            else "`iimscreen appraise list` tells which study needs which; --study names one all the same",
        )
    return found


def _of_this_form(seat: Seat, begun: set[str]) -> list[str]:
    """All studies; of an instrument those whose design may need it, and those that are begun."""
    others = set() if seat.form.name == DATA else appraising.for_others(seat.review, seat.form.name)
    return [study for study in studies.standing(seat.review) if study in begun or study not in others]


def _on_sheet(seat: Seat, names: Iterable[str]) -> tuple[OnSheet, ...]:
    gate = seat.gate()
    known = studies.standing(seat.review)
    reports: dict[str, list[str]] = {}
    for key, linked in studies.of_reports(seat.review).items():
        for study in linked:
            reports.setdefault(study, []).append(key)
    wanted = list(names)
    keys = [key for name in wanted for key in reports.get(name, ())]
    titled = {one.key: one.record for one in list(records.by_keys(seat.review, keys))}
    found = []
    for name in wanted:
        told = [known[name].title if name in known else ""]
        told += [_called(titled[key].title or "", key) for key in reports.get(name, ()) if key in titled]
        is_done = any(one.by == seat.reviewer for one in gate.done(name))
        found.append(OnSheet(name=name, about="\n".join(filter(None, told)), is_locked=is_done))
    return tuple(found)


def _called(title: str, key: str) -> str:
    """A report by the first words of its title, and its key: "Tofacitinib in … [pubmed:09ec2ec3]"."""
    return " ".join(filter(None, (shorten(title, _MOST_OF_TITLE, placeholder=" …"), f"[{key}]")))


def _standing(seat: Seat, names: Iterable[str], form: Form, own: Mapping[Place, Word]) -> _Standing:
    """What a reviewer sees of these studies, `own` being what they entered themselves."""
    fields = {field.name: field for field in form.fields}
    wanted = set(names)
    cells: dict[Place, Cell] = {}
    if seat.mode == "checked":
        cells |= _to_be_checked(seat, wanted)
    own = {place: word for place, word in own.items() if place[0] in wanted}
    for place, word in own.items():
        cell = word.cell
        if cell is not None:
            cells[place] = cell
    known = _columns_of(form)
    shown = {
        place: sheets.shown(fields.get(place[2]), cell)
        for place, cell in cells.items()
        if (place[1][:1], place[2]) in known
    }
    return _Standing(shown, cells, frozenset(own))


def _columns_of(form: Form) -> frozenset[tuple[str, str]]:
    """Letter of a level and name of a field, of all that a form has now."""
    letters = {level.name: level.letter for level in form.levels}
    found = {(letters[field.level], field.name) for field in form.fields}
    return frozenset(found | {(level.letter, OF) for level in form.levels if level.of not in ("", ITSELF)})


def _to_be_checked(seat: Seat, wanted: set[str]) -> dict[Place, Cell]:
    """The values of those who extracted studies that this person checks: they are done, and revealed."""
    gate = seat.gate()
    first = {study: [one.by for one in gate.done(study)][:1] for study in wanted if gate.is_open(study)}
    return {
        word.place: word.cell
        for word in gate.words(seat.reviewer)
        if word.by != seat.reviewer and [word.by] == first.get(word.study) and word.cell is not None
    }


def _rows(
    form: Form, names: Iterable[str], shown: Iterable[Place], spare: int
) -> dict[tuple[str, str], tuple[str, ...]]:
    existing: dict[tuple[str, str], set[str]] = {}
    for study, row, _ in shown:
        if row:
            existing.setdefault((study, forms.level_of_row(form, row).name), set()).add(row)
    return {
        (study, level.name): spare_rows(level, existing.get((study, level.name), ()), spare)
        for study in names
        for level in form.levels
        if level.letter
    }


def _help(seat: Seat) -> tuple[tuple[str, str], ...]:
    protocol = in_force(seat.review)
    versions = [one.sha256 for one in review_forms.versions(seat.review, seat.form.name)]
    number = (
        f"version {versions.index(seat.form.sha256) + 1} of {len(versions)}, "
        if seat.form.sha256 in versions
        else ""
    )
    modes = {
        "double": "two extract each study, blind to each other",
        "checked": "one extracts each study, another checks it",
        "single": "one extracts each study",
    }
    lines = [
        (seat.form.title, ""),
        ("Review", protocol.title),
        ("For", seat.reviewer),
        ("Written", f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"),
        ("Form", f"{seat.form.name}, {number}sha256 {seat.form.sha256[:12]}"),
        ("Mode", f"{seat.mode}: {modes[seat.mode]}"),
        *([("Source", seat.form.citation)] if seat.form.citation else []),
        ("How to fill it in", ""),
        (
            "Rows",
            "One line per study on the first sheet. On the others each line is one row of a study; spare lines",
        ),
        (
            " ",
            "wait behind those in use, and an empty line is no row. More are needed? Write the study and the next row.",
        ),
        (
            "Of which row",
            "A treatment, an outcome or an event says in the column `of` whose it is, such as P1.",
        ),
        ("Yellow", "A value that must be there, or a code, before you are done with the study."),
        ("Grey", "Not asked here: leave it empty. What decides it stands in a column before it."),
        ("Several", "Choices parted by semicolons: skin; ILD."),
        (
            "Numbers",
            "A point for decimals, no commas for thousands. One value a cell: 393/288/777 is three rows.",
        ),
        (
            "Dates",
            "2021, 2021-03 or 2021-03-17. All cells are texts, so that Excel turns nothing into a date.",
        ),
        (
            "Quotes",
            "On the sheet Quotes: the report's own words for a value, the page, how it was worked out.",
        ),
        (
            "Columns",
            "They may be moved, and hidden. Their names in the fourth row must stay; names that begin with",
        ),
        (" ", "# are yours: such a column is left aside."),
        ("To drop a row", "Empty its cells, and let the line stand."),
        (
            "When done",
            f"Save as XLSX. `iimscreen extract load FILE --reviewer {seat.reviewer}` stores all of it or nothing.",
        ),
        ("Codes", ""),
        *CODES.items(),
    ]
    if protocol.question or protocol.designs:
        lines.append(("The question", ""))
        lines += [(part.capitalize(), text) for part, text in protocol.question if text]
        lines += [("Designs", ", ".join(protocol.designs))] if protocol.designs else []
    if protocol.reasons:
        lines.append(("Reports were excluded for", ""))
        lines += [(reason.code, reason.label) for reason in protocol.reasons]
    return tuple(lines)


# --- in --------------------------------------------------------------------------------------------


def load(
    review: Review,
    path: Path,
    reviewer: str,
    *,
    form: str | None = None,
    dry_run: bool = False,
    check_quotes: bool = True,
) -> Loaded:
    """Enter what a workbook or a long CSV holds; all of it, or nothing, and nothing with `dry_run`.

    `check_quotes` is as in `Seat.take`.

    Raises InputError naming file, sheet, row and column, what was found and what was expected; up to twelve
    cells that cannot be used are told of at once.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        seat, given, unchanged = _of_csv(review, data, path.name, Seat(review, reviewer, form or DATA))
        base = None
    else:
        seat, given, unchanged, base = _of_workbook(review, data, path.name, reviewer, form)
    return _entered(review, seat, given, unchanged, base=base, dry_run=dry_run, check_quotes=check_quotes)


def _of_csv(review: Review, data: bytes, name: str, seat: Seat) -> tuple[Seat, list[Given], int]:
    """The cells of a long CSV that change something, and how many do not."""
    from iimscreen.sheets import long_csv

    entries, faults = long_csv.read(data, name)
    own = {place: word.cell for place, word in seat.own().items() if word.cell is not None}
    fields = {field.name: field for field in seat.form.fields}
    standing = _Standing(
        {place: sheets.shown(fields.get(place[2]), cell) for place, cell in own.items()}, own, frozenset(own)
    )
    given, unchanged = _given(review, seat.form, entries, standing, faults)
    return seat, given, unchanged


def _of_workbook(
    review: Review, data: bytes, name: str, reviewer: str, form: str | None
) -> tuple[Seat, list[Given], int, int]:
    """The same of a workbook, and the number of the log's last row when it was written."""
    from iimscreen.sheets import reading

    filled = reading.opened(data, name)
    heading = filled.heading
    base = _check_heading(review, heading, name, reviewer, form)
    seat = Seat(review, reviewer, heading.form)
    as_written = _form_of(review, seat.form, heading, name)
    own = extractions.own(review, heading.form, reviewer, before=base + 1)
    standing = _standing(seat, filled.studies, as_written, own)
    if standing.digest() != heading.digest:
        raise InputError(
            f"{name}: what it showed when it was written is no longer what stands here: copies of the review were "
            "merged, or what is to be checked was changed",
            hint="write a new sheet, and fill it in there",
        )
    read = reading.read(filled, as_written, standing.shown)
    faults = list(read.faults)
    given, unchanged = _given(review, as_written, read.entries, standing, faults, now=seat.form)
    return seat, given, unchanged, base


def _check_heading(review: Review, heading: Heading, name: str, reviewer: str, form: str | None) -> int:
    """The number that the log's last row at the time of writing has now."""
    uid = bundles.review_uid(review)
    if heading.review != uid:
        raise InputError(
            f"{name} is a sheet of another review ({heading.review[:8]}, and this one is {uid[:8]})",
            hint="name the review that it is of with --review",
        )
    if heading.reviewer != reviewer:
        raise InputError(
            f"{name} is a sheet of {heading.reviewer}, and not of {reviewer}",
            hint="each reviewer loads their own sheet; `iimscreen extract sheet` writes one",
        )
    if form is not None and form != heading.form:
        raise InputError(
            f"{name} is a sheet of the form {heading.form}, and not {form}", hint="leave --form away"
        )
    if not heading.log_uid:
        return 0
    found = log.id_of(review, heading.log_uid)
    if found is None:
        raise InputError(
            f"{name} was written from a copy of the review that has rows which this one lacks",
            hint="load it there, or merge that copy's bundle into this one first",
        )
    return found


def _form_of(review: Review, now: Form, heading: Heading, name: str) -> Form:
    """The form by which a sheet was written, which may not be the one in force now."""
    if heading.form_sha256 == now.sha256:
        return now
    for form in review_forms.versions(review, heading.form):
        if form.sha256 == heading.form_sha256:
            return form
    raise InputError(
        f"{name} was written by a version of the form {heading.form} ({heading.form_sha256[:12]}) that this review "
        f"never had; in force is {now.sha256[:12]}",
        hint="write a new sheet, and copy the values into it",
    )


# --- what was changed ------------------------------------------------------------------------------


def _given(
    review: Review,
    form: Form,
    entries: Iterable[Entry],
    standing: _Standing,
    faults: list[Fault],
    *,
    now: Form | None = None,
) -> tuple[list[Given], int]:
    """The cells that differ from what stands, and how many values do not.

    `form` is the one that they were filled in by, `now` the one in force. Raises InputError with all that
    cannot be used.
    """
    fields = {field.name: field for field in form.fields}
    in_force_now = {field.name: field for field in (now or form).fields}
    found = []
    unchanged = 0
    reports: dict[str, str] = {}
    for entry in entries:
        before = standing.shown.get(entry.place, NOTHING)
        shown = sheets.without_unit(entry.shown)
        if shown == before or sheets.plain(shown) == sheets.plain(sheets.without_unit(before)):
            unchanged += bool(shown.text)
            continue
        try:
            name = entry.place[2]
            if name != OF:
                forms.field_named(form, name)
                _check_as_then(fields.get(name), in_force_now.get(name))
            cell = _changed(entry.place, shown, before, standing, entry)
            if cell.report and cell.report != before.report:
                cell = replace(cell, report=_report(review, cell.report, reports))
            field = fields.get(name)
            if field is not None and cell.text is not None and cell.text.strip():
                values.read(field, cell.text, cell.unit)
        except InputError as error:
            hint = error.hint
            if "a row for each time" in error.message:
                hint = "give each time a row of its own; `iimscreen extract paste` makes them of such a list"
            faults.append(Fault(_place_of(entry, before), error.message, hint))
            continue
        found.append(cell)
    if faults:
        raise _told(faults)
    return found, unchanged


def _check_as_then(then: Field | None, now: Field | None) -> None:
    """Raise InputError if a field is no longer what it was when a sheet was written."""
    if then is None or now == then:
        return
    if now is None:
        raise InputError(
            f"{then.name} is no longer a field of the form, which was changed since this sheet was written",
            hint="write a new sheet, and copy the values into it",
        )
    alike = replace(
        now, title=then.title, help=then.help, section=then.section, role=then.role, required=then.required
    )
    if replace(alike, tolerance=then.tolerance) != then:
        raise InputError(
            f"{then.name} was changed in the form since this sheet was written: it took {values.described(then)}, "
            f"and takes {values.described(now)}",
            hint="write a new sheet, and copy the values into it",
        )


def _place_of(entry: Entry, before: Shown) -> str:
    """Where what was changed stands: the value's cell, or that of its quote."""
    is_beside = entry.shown[:2] == before[:2] and entry.where_beside
    return entry.where_beside if is_beside else entry.where or entry.where_beside


def _changed(place: Place, shown: Shown, before: Shown, standing: _Standing, entry: Entry) -> Given:
    """A cell that was filled in; what a sheet only repeats is taken from what stands, as sheets show it cut."""
    study, row, field = place
    now, then = sheets.plain(shown), sheets.plain(before)
    cell = standing.cells.get(place)
    beside = {}
    for name in sheets.PROVENANCE:
        is_same = cell is not None and getattr(now, name) == getattr(then, name)
        beside[name] = getattr(cell if is_same else shown, name).strip()
    is_same = cell is not None and (now.text, now.unit) == (then.text, then.unit)
    text: str | None = shown.text.replace("\r\n", "\n").replace("\r", "\n")
    unit = shown.unit
    if is_same and cell is not None:
        text, unit = (
            (None, "") if place in standing.own else (cell.value.code or cell.value.text, cell.value.unit)
        )
    elif cell is not None and place not in standing.own and not shown.text.strip():
        raise InputError(
            f"{field} was emptied, which holds {str(cell.value)!r} by the one who extracted it",
            hint="one who checks gives another value, or a code such as NR",
        )
    return Given(_place_of(entry, before), study, row, field, text, unit=unit, **beside)


def _report(review: Review, given: str, known: dict[str, str]) -> str:
    """The key of the report that someone means."""
    if given not in known:
        known[given] = records.kept_of(review, records.find(review, given).key)
    return known[given]


def _told(faults: Sequence[Fault]) -> InputError:
    """All faults as one error."""
    first = faults[0]
    if len(faults) == 1:
        return InputError(f"{first.where}: {first.message}; nothing was stored", hint=first.hint)
    lines = [f"{fault.where}: {fault.message}" for fault in faults[:MOST_FAULTS_TOLD]]
    more = len(faults) - len(lines)
    if more:
        lines.append(f"and {more:,} more")
    hints = list(dict.fromkeys(fault.hint for fault in faults[:MOST_FAULTS_TOLD]))
    return InputError(
        f"{counted(len(faults), 'cell')} cannot be used; nothing was stored\n  " + "\n  ".join(lines),
        hint="; ".join(hints[:3]),
    )


def _entered(
    review: Review,
    seat: Seat,
    given: Sequence[Given],
    unchanged: int,
    *,
    base: int | None,
    dry_run: bool,
    check_quotes: bool,
) -> Loaded:
    taken = Taken(0, 0, 0, 0)
    if given:
        if dry_run:
            with review.rehearsing():
                taken = seat.take(given, base=base, check_quotes=check_quotes)
        else:
            taken = seat.take(given, base=base, check_quotes=check_quotes)
    return Loaded(replace(taken, same=taken.same + unchanged), len({cell.study for cell in given}))
