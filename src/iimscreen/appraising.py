"""Appraisal: which instrument each study needs by its design, who is done with which, and what came of it.

Entering, comparing and settling go the way of all forms (`Seat`, `extract --form NAME`). No score is made here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import extracted, forms, review_forms, team, traffic_light
from iimscreen.decision_formats import safe
from iimscreen.decision_formats import table as csv_table
from iimscreen.errors import InputError, ProtocolError
from iimscreen.extracting import REVIEW
from iimscreen.forms import DATA, NEEDED
from iimscreen.forms.changes import FormChange, differences, lost_letters
from iimscreen.model import Cell, Field, Form, Instrument, StudyData, Value
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, extractions, form_texts
from iimscreen.store.extraction_gate import ExtractionGate
from iimscreen.store.studies import LITERATURE

# --- which study needs what ------------------------------------------------------------------------


def design_of(study: StudyData, form: Form | None) -> str:
    """The design of a study as extracted; "" while it is not known."""
    field = forms.with_role(form, "design") if form is not None else None
    cell = study.itself.cells.get(field.name) if field is not None else None
    return cell.value.text if cell is not None else ""


def needed_by(design: str, instruments: Sequence[Instrument]) -> tuple[str, ...]:
    """Names of the instruments that a study of this design is appraised with; of those without designs, all."""
    return tuple(one.name for one in instruments if not one.designs or design in one.designs)


@dataclass(frozen=True, slots=True)
class Task:
    """One study, or the review itself, and one instrument."""

    study: str  # "" for the review itself
    design: str  # "" while it is not known
    instrument: str  # "" where none is named for that design
    done: tuple[str, ...]  # who is done with it
    needed: int  # how many are to be
    is_open: bool  # whether answers may be seen


@dataclass(frozen=True, slots=True)
class Tool:
    """One instrument that can be used."""

    name: str
    title: str
    subject: str  # study or review
    questions: int
    designs: tuple[str, ...]  # of the studies it is for
    is_asked_for: bool  # by the protocol
    origin: str  # "bundled", or the file it was loaded from


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be appraised with what."""

    tools: tuple[Tool, ...]
    tasks: tuple[Task, ...]
    designs_known: bool  # whether the protocol has a field that states a study's design


def plan(review: Review) -> Plan:
    """The instruments, and for each study of the literature those that it needs."""
    with review.reading():
        protocol = in_force(review)
        data_form = protocol.form
        tools = tuple(_tool(review, name, protocol.instruments) for name in review_forms.names(review))
        subjects = {tool.name: tool.subject for tool in tools}
        for one in protocol.instruments:
            if one.name not in subjects:
                raise ProtocolError(
                    f"the protocol asks for the instrument {one.name!r}, which is not there",
                    hint="`iimscreen appraise load FILE --by NAME` brings it; or take it out of [appraisal]",
                )
        gates: dict[str, ExtractionGate] = {}
        of_studies = [one for one in protocol.instruments if subjects[one.name] == "study"]
        tasks: list[Task] = []
        for study in extracted.data(review) if data_form is not None else ():
            if study.kind != LITERATURE:
                continue
            design = design_of(study, data_form)
            names = needed_by(design, of_studies)
            tasks += [_task(review, gates, study.study, design, name) for name in names]
            if not names:
                tasks.append(Task(study.study, design, "", (), 0, False))
        tasks += [
            _task(review, gates, REVIEW, "", one.name)
            for one in protocol.instruments
            if subjects[one.name] == "review"
        ]
        known = data_form is not None and forms.with_role(data_form, "design") is not None
        return Plan(tools, tuple(tasks), known)


def for_others(review: Review, name: str) -> set[str]:
    """Studies that do not need this instrument: their design is known, and the protocol names it for other designs.

    One's own series need none. Empty where the protocol does not ask for the instrument, or for every design.
    """
    protocol = in_force(review)
    asked = [one for one in protocol.instruments if one.name == name and one.designs]
    if not asked:
        return set()
    return {
        study.study
        for study in extracted.data(review)
        if study.kind != LITERATURE
        or ((design := design_of(study, protocol.form)) and not needed_by(design, asked))
    }


def _tool(review: Review, name: str, instruments: Sequence[Instrument]) -> Tool:
    form = review_forms.in_force(review, name)
    loaded = form_texts.latest(review, name)
    asked = next((one for one in instruments if one.name == name), None)
    return Tool(
        name=name,
        title=form.title,
        subject=form.subject,
        questions=len(forms.judgements(form)),
        designs=asked.designs if asked is not None else (),
        is_asked_for=asked is not None,
        origin=loaded.origin if loaded is not None else "bundled",
    )


def _task(review: Review, gates: dict[str, ExtractionGate], study: str, design: str, name: str) -> Task:
    mode = review_forms.mode(review, name)
    gate = gates.setdefault(name, ExtractionGate(review, name, mode))
    done = tuple(one.by for one in gate.done(study))
    return Task(study, design, name, done, 2 if mode == "checked" else NEEDED[mode], gate.is_open(study))


# --- an instrument from a file ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Loaded:
    """An instrument that a file brought."""

    form: Form
    changes: tuple[FormChange, ...]
    is_new: bool  # whether there was none of that name
    was_there: bool  # whether it was in force already, so that nothing was stored


def load(review: Review, path: Path, *, by: str) -> Loaded:
    """Make the instrument in a file the one of its name.

    Raises InputError if it is none, ProtocolError if rows that were entered would lose their level.
    """
    name = team.check_name(by)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}",
            hint="name a file such as `iimscreen appraise show jbi-case-report --toml` prints",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from error
    form = forms.parse_form(text, str(path))
    with review.writing():
        is_new = form.name not in review_forms.names(review)
        old = None if is_new else review_forms.in_force(review, form.name)
        if old is not None and old.sha256 == form.sha256:
            return Loaded(form, (), is_new, was_there=True)
        _check_rows(review, form, path)
        team.register(review, in_force(review), name)
        form_texts.add(review, form.name, text, origin=path.name, by=name)
    return Loaded(form, tuple(differences(old, form)), is_new, was_there=False)


def _check_rows(review: Review, form: Form, path: Path) -> None:
    used = extractions.form_versions(review, form.name)
    for old in review_forms.versions(review, form.name):
        if old.sha256 not in used:
            continue
        if old.subject != form.subject:
            raise ProtocolError(
                f"{path}: {form.name} is filled in for the {form.subject} here, and was for the {old.subject}",
                hint="give it another name",
            )
        lost = lost_letters(old, form)
        if lost:
            raise ProtocolError(
                f"{path}: {lost[0]}, but answers are entered", hint="leave each level its letter"
            )


# --- what came of it -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Appraised:
    """One study under one instrument."""

    data: StudyData
    design: str

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to do about it."""
        return not self.data.missing

    @property
    def answers(self) -> Mapping[str, Value]:
        """Field → answer, of the study itself."""
        return {name: cell.value for name, cell in self.data.itself.cells.items()}


def appraised(review: Review, name: str) -> tuple[Form, list[Appraised]]:
    """The instrument, and every study that needs it by its design or that someone is done with.

    Raises ProtocolError if there is none.
    """
    if name == DATA:
        raise InputError("data is no instrument of appraisal", hint="`iimscreen appraise list` names them")
    with review.reading():
        form = review_forms.in_force(review, name)
        protocol = in_force(review)
        designs = (
            {one.study: design_of(one, protocol.form) for one in extracted.data(review)}
            if protocol.form is not None
            else {}
        )
        gate = ExtractionGate(review, name, review_forms.mode(review, name))
        found = [
            Appraised(one, designs.get(one.study, ""))
            for one in extracted.data(review, name)
            if gate.done(one.study)
            or (
                one.kind == LITERATURE and name in needed_by(designs.get(one.study, ""), protocol.instruments)
            )
        ]
    if not found:
        raise ProtocolError(
            f"no study needs {name} by its design, and none is appraised with it",
            hint="`iimscreen appraise list` tells which study needs which instrument",
        )
    return form, found


def plot(review: Review, name: str) -> str:
    """The traffic-light plot of an instrument as SVG, of final answers only."""
    form, found = appraised(review, name)
    questions = forms.judgements(form)
    if form.subject != "study" or not questions:
        raise InputError(
            f"{name} has no question about a study that could be a light",
            hint=f"`iimscreen appraise table --form {name}` prints it as a table",
        )
    notes = [form.citation] if form.citation else []
    open_ones = [one.data.missing[0] for one in found if not one.is_final]
    if open_ones:
        notes.append(f"Not final: {'; '.join(open_ones)}.")
    notes += [in_force(review).notice] if in_force(review).notice else []
    return traffic_light.svg(
        title=form.title,
        questions=questions,
        overall=forms.with_role(form, "overall"),
        lanes=[traffic_light.Lane(one.data.study, one.answers, one.is_final) for one in found],
        notes=notes,
    )


HEADER = (
    *("study", "design", "instrument", "row", "number", "field", "question", "answer", "quote", "page"),
    *("report", "note", "by", "settled", "final", "why_not_final"),
)


def table(review: Review, name: str) -> bytes:
    """Every final answer with its quote as CSV, one row each; a study that is not final has one row that says so."""
    form, found = appraised(review, name)
    numbers = {field.name: str(number) for number, field in enumerate(forms.judgements(form), start=1)}
    rows: list[Sequence[str]] = []
    for one in found:
        head = (one.data.study, one.design, form.name)
        if not one.is_final:
            blank = [""] * (len(HEADER) - len(head) - 2)
            rows.append((*head, *blank, "no", "; ".join(one.data.missing)))
            continue
        for row in one.data.rows:
            for field in forms.fields_of(form, row.level):
                answer = _answer(row.cells.get(field.name), field)
                rows.append((*head, row.row, numbers.get(field.name, ""), *answer, "yes", ""))
    return csv_table(HEADER, [[safe(cell) for cell in row] for row in rows])


def _answer(cell: Cell | None, field: Field) -> tuple[str, ...]:
    """The columns field to settled of one answer."""
    if cell is None:
        return (field.name, field.title, *[""] * 7)
    return (
        field.name,
        field.title,
        str(cell.value),
        cell.quote,
        cell.page,
        cell.report,
        cell.note,
        ", ".join(cell.names),
        cell.settled,
    )
