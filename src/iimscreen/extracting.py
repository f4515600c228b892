"""The Seat, where one person enters the values of studies into a form; all of what is given, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iimscreen import forms, review_forms, team
from iimscreen.errors import InputError, ProtocolError
from iimscreen.forms import DATA, ITSELF, NEEDED, OF, rows, values
from iimscreen.model import Field, Form, Level, Value
from iimscreen.quoting import Sources
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, extractions, studies
from iimscreen.store.extraction_gate import ExtractionGate, note_openings
from iimscreen.store.extractions import CHECKED, DONE, REOPENED, Word
from iimscreen.wording import counted

REVIEW = ""  # in place of a study, where a form is filled in once for the whole review


@dataclass(frozen=True, slots=True)
class Given:
    """One cell as someone filled it in, on a sheet, in a file or on the command line."""

    where: str  # "a.xlsx, sheet Patient or group, row 7, column Age"; "" on the command line
    study: str
    row: str  # P1; "" for the study itself
    field: str  # its name; `of` for the row above
    text: str | None  # as typed; "" empties it, None leaves the value as it is
    unit: str = ""
    quote: str = ""
    page: str = ""
    report: str = ""  # the report it is from: its key, number, pmid:… or doi:…
    formula: str = ""
    note: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Study, row and field."""
        return self.study, self.row, self.field


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a number of cells."""

    new: int  # cells that had no value
    changed: int
    emptied: int
    same: int  # cells that held this already

    def __str__(self) -> str:
        """As commands print it."""
        said = [
            f"{count:,} {word}"
            for count, word in (
                (self.new, "new"),
                (self.changed, "changed"),
                (self.emptied, "emptied"),
                (self.same, "as they were"),
            )
            if count
        ]
        return ", ".join(said) or "nothing given"


Place = tuple[str, str, str]
_PROVENANCE = ("quote", "page", "report", "formula", "note")


class Seat:
    """One person at one form. Make a new one after someone else has written."""

    def __init__(self, review: Review, reviewer: str, form: str = DATA) -> None:
        self.review = review
        self.reviewer = team.check_name(reviewer)
        self.form = review_forms.in_force(review, form)
        self.mode = review_forms.mode(review, form)
        self._fields = {field.name: field for field in self.form.fields}
        self._changed: dict[str, dict[str, tuple[str, ...]]] | None = None  # by versions of the form

    def gate(self) -> ExtractionGate:
        """The gate to this form's values, as it stands."""
        return ExtractionGate(self.review, self.form.name, self.mode)

    def own(self, wanted: Sequence[str] | None = None) -> dict[Place, Word]:
        """(study, row, field) → this person's own word, of some studies or all."""
        return extractions.own(self.review, self.form.name, self.reviewer, studies=wanted)

    def checked(self, wanted: Iterable[str]) -> dict[Place, Word]:
        """(study, row, field) → what another entered of studies that this person checks, and is done with."""
        if self.mode != CHECKED:
            return {}
        gate = self.gate()
        return {
            word.place: word
            for study in wanted
            for done in gate.done(study)
            if done.state == DONE and done.by != self.reviewer
            for word in gate.words(study=study)
            if word.by == done.by
        }

    # --- entering ----------------------------------------------------------------------------------

    def take(self, given: Iterable[Given], *, base: int | None = None, check_quotes: bool = True) -> Taken:
        """Log all of these cells, or none. Raises InputError naming the first that cannot be used.

        A quote must stand in the report's text, where that can be read, and a number in its quote, unless
        `check_quotes` is off. `base`, the number of the log's last row when a sheet was written, tells what
        was changed on it: a cell as it was then is left alone, and one that was changed here since is refused.
        """
        cells = list(given)
        with self.review.writing():
            self._register()
            self._check_studies(cells)
            own = self.own()
            was = (
                None
                if base is None
                else extractions.own(self.review, self.form.name, self.reviewer, before=base + 1)
            )
            new = self._words(cells, own, was)
            self._check_rows(new, own)
            self._check_sources(new, own, check_quotes)
            gate = self.gate()
            is_open = {study: gate.is_open(study) for study in {place[0] for place in new}}
            contents = [
                self._content(place, word, is_open[place[0]])
                for place, (_, word) in new.items()
                if not _says_the_same(own.get(place), word) or self.is_outdated(own.get(place))
            ]
            extractions.add(self.review, contents, by=self.reviewer)
        return _counted(cells, new, own)

    def _content(self, place: Place, word: _Said, is_open: bool) -> dict[str, Any]:
        study, row, field = place
        return extractions.content(
            study,
            self.form.name,
            row,
            field,
            word.value,
            **word.beside,
            form_sha256=self.form.sha256,
            was_open=is_open,
        )

    def _words(
        self, cells: Sequence[Given], own: Mapping[Place, Word], was: Mapping[Place, Word] | None
    ) -> dict[Place, tuple[Given, _Said]]:
        """Each cell as a word; those that a sheet only repeats are left out."""
        found: dict[Place, tuple[Given, _Said]] = {}
        for cell in cells:
            try:
                word = self._said(cell, own.get(cell.place))
                if cell.place in found:
                    raise InputError(
                        f"{cell.field} of {_row(cell.study, cell.row)} is given twice",
                        hint="leave one of them",
                    )
                if was is not None:
                    now, then = own.get(cell.place), was.get(cell.place)
                    if _says_the_same(then, word):
                        continue
                    if not _says_the_same(now, _as_said(then)) and not _says_the_same(now, word):
                        raise InputError(
                            f"{cell.field} of {_row(cell.study, cell.row)} was changed here to "
                            f"{_shown(now)} since this sheet was written, and is {_shown(word)} on it",
                            hint="write a new sheet, and fill it in there",
                        )
            except (InputError, ProtocolError) as error:
                raise _at(cell, error) from error
            found[cell.place] = cell, word
        return found

    def _said(self, cell: Given, before: Word | None) -> _Said:
        level = forms.level_of_row(self.form, cell.row)
        beside = {name: getattr(cell, name).strip() for name in _PROVENANCE}
        if cell.field == OF:
            return _Said(self._above(level, cell), beside)
        field = self._fields.get(cell.field) or forms.field_named(self.form, cell.field)
        if field.level != level.name:
            raise InputError(
                f"{field.name} is a field of {field.level}, and {cell.row or 'no row'} is {level.title.lower()}",
                hint=_name_a_row(self.form, field),
            )
        if cell.text is None:
            if before is None or before.value is None:
                raise InputError(
                    f"{field.name} of {_row(cell.study, cell.row)} has a quote or a note, and no value",
                    hint="give the value with it",
                )
            return _Said(before.value, beside)
        if not cell.text.strip():
            if any(beside.values()):
                raise InputError(
                    f"{field.name} of {_row(cell.study, cell.row)} has a quote or a note, and no value",
                    hint="give the value, or NR if it is not reported",
                )
            return _Said(None, beside)
        return _Said(values.read(field, cell.text, cell.unit), beside)

    def _above(self, level: Level, cell: Given) -> Value | None:
        """The row above one, as a value; None where nothing is given."""
        text = (cell.text or "").strip()
        if level.of in ("", ITSELF):
            raise InputError(f"{_row(cell.study, cell.row)} has no row above it", hint="leave it empty")
        if not text:
            return None
        if forms.level_of_row(self.form, text).name != level.of:
            raise InputError(
                f"{cell.row} cannot be of {text}",
                hint=f"expected a row of {level.of}, such as {_letter(self.form, level.of)}1",
            )
        return Value(text)

    def is_outdated(self, word: Word | None) -> bool:
        """Whether a word was given while its field was defined otherwise: the same given anew is logged then."""
        if word is None or word.value is None or word.form_sha256 == self.form.sha256:
            return False
        if self._changed is None:
            self._changed = review_forms.touched_since(self.review, self.form)
        changed = self._changed.get(word.form_sha256)
        return changed is None or word.field in changed  # of a version that is not in this file: who knows

    def _register(self) -> None:
        extractors = 1 if self.mode == "single" else 2
        team.register(self.review, in_force(self.review), self.reviewer, extractors=extractors)

    # --- checks ------------------------------------------------------------------------------------

    def _check_studies(self, cells: Sequence[Given]) -> None:
        gate = self.gate()
        checked: set[str] = set()
        for cell in cells:
            if cell.study in checked:
                continue
            try:
                self.check_study(cell.study, gate)
            except (InputError, ProtocolError) as error:
                raise _at(cell, error) from error
            checked.add(cell.study)

    def check_study(self, study: str, gate: ExtractionGate) -> None:
        """Raise InputError if there is no such study, ProtocolError if this person may not enter it now."""
        check_there(self.review, self.form, study)
        done = gate.done(study)
        if any(one.by == self.reviewer for one in done):
            raise ProtocolError(
                f"{self.reviewer} is done with {study}",
                hint=f"`iimscreen extract reopen {study!r} --reviewer {self.reviewer}` takes it up again",
            )
        if gate.has_begun(study, self.reviewer):
            return  # another mode since, or another copy that was merged: two who have begun would wait for ever
        others = gate.others_than(study, self.reviewer)
        if self.mode == "checked" and others and not done:
            raise ProtocolError(
                f"{study} is being extracted by another, and is checked after that",
                hint="wait until they are done with it",
            )
        if others >= (NEEDED[self.mode] if self.mode != "checked" else 2):
            raise ProtocolError(
                f"{study} has {counted(others, 'extractor')} already, as many as the protocol asks for",
                hint="`iimscreen extract status` tells what is left for whom",
            )

    def _check_rows(self, new: Mapping[Place, tuple[Given, _Said]], own: Mapping[Place, Word]) -> None:
        """Raise InputError where a row lacks the row above it, or a field is filled in that is not asked."""
        now: dict[tuple[str, str], dict[str, Value]] = {}
        checked = self.checked({place[0] for place in new})
        for (study, row, name), word in [*checked.items(), *own.items()]:
            if word.value is not None:
                now.setdefault((study, row), {})[name] = word.value
        for (study, row, name), (_, said) in new.items():
            if said.value is None:
                now.get((study, row), {}).pop(name, None)
            else:
                now.setdefault((study, row), {})[name] = said.value
        for (study, row, name), (cell, said) in new.items():
            theirs = checked.get((study, row, name))
            if said.value is None and theirs is not None and own.get((study, row, name)) is None:
                raise _at(
                    cell,
                    InputError(
                        f"{name} of {_row(study, row)} is {_shown(theirs)} by {theirs.by}, and stays so if nothing "
                        "is said",
                        hint="one who checks gives another value, or a code such as NR",
                    ),
                )
            level = forms.level_of_row(self.form, row)
            if level.of not in ("", ITSELF) and now.get((study, row)) and OF not in now[study, row]:
                raise _at(
                    cell,
                    InputError(
                        f"row {row} of {study} does not say of which {level.of} it is",
                        hint=f"name the row above it, such as {_letter(self.form, level.of)}1",
                    ),
                )
            field = self._fields.get(name)
            if said.value is None or field is None or field.when is None:
                continue
            if values.holds(field.when, self._around(now, study, row)) is False:
                raise _at(
                    cell,
                    InputError(
                        f"{name} of {_row(study, row)} is {_shown(said)}, and is asked only where "
                        f"{field.when.field} is {' or '.join(field.when.values)}",
                        hint="leave it empty, or correct the other",
                    ),
                )

    def _check_sources(
        self, new: Mapping[Place, tuple[Given, _Said]], own: Mapping[Place, Word], check_quotes: bool
    ) -> None:
        """Raise InputError for the first value whose report is not the study's, or whose quote does not hold."""
        sources: Sources | None = None
        for place, (cell, said) in new.items():
            beside = said.beside
            if _says_the_same(own.get(place), said) or not any(
                beside[name] for name in ("quote", "formula", "report")
            ):
                continue
            sources = sources or Sources(self.review)
            field = self._fields.get(cell.field)
            try:
                if beside["report"]:
                    beside["report"] = sources.report(cell.study, beside["report"])
                if not check_quotes or field is None:
                    continue
                problem = sources.problem(
                    cell.study,
                    field,
                    said.value,
                    beside["quote"],
                    beside["formula"],
                    beside["page"],
                    beside["report"],
                )
                if problem is not None:
                    raise InputError(
                        f"{cell.field} of {_row(cell.study, cell.row)}: {problem}",
                        hint="copy the report's own words (`iimscreen fulltext find WORDS`); --unchecked takes "
                        "quotes as they are",
                    )
            except InputError as error:
                raise _at(cell, error) from error

    def _around(
        self, now: Mapping[tuple[str, str], Mapping[str, Value]], study: str, row: str
    ) -> dict[str, Value]:
        """The values of a row and of the rows above it."""
        found = dict(now.get((study, row), {}))
        above = found.get(OF)
        if above is not None:
            found = {**self._around(now, study, above.text), **found}
        elif row:
            found = {**now.get((study, ""), {}), **found}
        return found

    # --- done --------------------------------------------------------------------------------------

    def entered(self, study: str) -> dict[str, dict[str, Value]]:
        """Row → field → what this person entered of a study."""
        found: dict[str, dict[str, Value]] = {"": {}}
        for (_, row, name), word in self.own([study]).items():
            if word.value is not None:
                found.setdefault(row, {})[name] = word.value
        return found

    def missing(self, study: str) -> list[str]:
        """What keeps this person from being done with a study, in sentences: required fields without a
        value, rows whose row above has none, fields that are no longer asked.
        """
        entered = self.entered(study)
        found = [
            f"{_row(study, row)} "
            + (f"is of {above}, which has no values" if above else "names no row above it")
            for row, above in rows.without_row_above(self.form, entered)
        ]
        found += [
            f"{_row(study, row)} lacks {field.name} ({field.title})"
            for row, field in rows.lacking(self.form, entered)
        ]
        found += [
            f"{_row(study, row)} has {field.name}, which is not asked where {field.when.field} is "
            f"{rows.around(entered, row)[field.when.field]}"
            for row, field in rows.outlasted(self.form, entered)
            if field.when is not None
        ]
        return found

    def done(self, study: str, *, note: str | None = None) -> str:
        """Log that this person has finished a study: done, or checked where another was done before.

        Raises ProtocolError while a required field has no value.
        """
        with self.review.writing():
            gate = self.gate()
            check_there(self.review, self.form, study)
            done = gate.done(study)
            mine = next((number for number, one in enumerate(done) if one.by == self.reviewer), None)
            is_check = self.mode == CHECKED and any(
                one.state == DONE and one.by != self.reviewer for one in done[0 if mine is None else mine :]
            )
            # Who checked a study before its extractor was last done with it signs it again.
            if mine is not None and not (is_check and done[mine].state == CHECKED):
                raise ProtocolError(f"{self.reviewer} is done with {study}", hint="nothing to do")
            if not is_check:
                self.check_study(study, gate)
                missing = self.missing(study)
                if missing:
                    more = len(missing) - 5
                    raise ProtocolError(
                        f"{study} is not complete: {'; '.join(missing[:5])}"
                        + (f"; and {more:,} more" if more > 0 else ""),
                        hint="give each a value, or a code such as NR",
                    )
            self._register()
            state = CHECKED if is_check else DONE
            extractions.add_done(self.review, study, self.form.name, state, note=note, by=self.reviewer)
            note_openings(self.review, self.form.name, self.mode, [study])
        return state

    def reopen(self, study: str, *, note: str | None = None) -> None:
        """Log that this person takes a study up again. Raises ProtocolError if they were not done with it."""
        with self.review.writing():
            if not any(one.by == self.reviewer for one in self.gate().done(study)):
                raise ProtocolError(
                    f"{self.reviewer} is not done with {study}", hint="go on: `iimscreen extract set`"
                )
            extractions.add_done(self.review, study, self.form.name, REOPENED, note=note, by=self.reviewer)


@dataclass(frozen=True, slots=True)
class _Said:
    """A word that is not logged yet."""

    value: Value | None
    beside: dict[str, str]  # quote, page, report, formula, note


def _as_said(word: Word | None) -> _Said:
    if word is None:
        return _Said(None, dict.fromkeys(_PROVENANCE, ""))
    return _Said(word.value, {name: getattr(word, name) for name in _PROVENANCE})


def _says_the_same(word: Word | None, said: _Said) -> bool:
    return _as_said(word) == said


def _counted(
    cells: Sequence[Given], new: Mapping[Place, tuple[Given, _Said]], own: Mapping[Place, Word]
) -> Taken:
    added = changed = emptied = 0
    for place, (_, word) in new.items():
        before = own.get(place)
        if _says_the_same(before, word):
            continue
        if word.value is None:
            emptied += 1
        elif before is None:
            added += 1
        else:
            changed += 1
    given = sum(bool((cell.text or "").strip()) or cell.text is None for cell in cells)
    return Taken(added, changed, emptied, max(given - added - changed, 0))


def _at(cell: Given, error: InputError | ProtocolError) -> InputError | ProtocolError:
    """An error with the place where it stands; nothing was stored."""
    if not cell.where:
        return error
    return type(error)(f"{cell.where}: {error.message}; nothing was stored", hint=error.hint)


def _row(study: str, row: str) -> str:
    name = study or "the review"
    return f"{name}, row {row}" if row else name


def _shown(word: Word | _Said | None) -> str:
    return repr(str(word.value)) if word is not None and word.value is not None else "empty"


def _letter(form: Form, level: str) -> str:
    return next(one.letter for one in form.levels if one.name == level)


def _name_a_row(form: Form, field: Field) -> str:
    letter = _letter(form, field.level)
    return f"name a row of it with --row {letter}1" if letter else "leave the row away"


def check_there(review: Review, form: Form, study: str) -> None:
    """Raise InputError if a form cannot be filled in for this study: there is none of that name."""
    if form.subject == "review":
        if study != REVIEW:
            raise InputError(
                f"{form.name} is filled in once for the whole review", hint="give '' in place of a study"
            )
        return
    known = studies.standing(review)
    if study not in known:
        alike = [name for name in known if study.casefold() in name.casefold()] if study else []
        raise InputError(
            f"there is no study {study!r}",
            hint=f"did you mean {', '.join(alike[:5])}?" if alike else "`iimscreen study list` names them",
        )
