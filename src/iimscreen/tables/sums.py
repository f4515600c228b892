"""How many subjects, by drug, by subtype or by another field: numbers that name the rows behind them. Pure.

A number is a query with a name, and its answer a list of rows. A patient who had two drugs is behind the
number of each, and once behind the total. A group counts its n. Where n is not known the row is listed, and
the number is "at least".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iimscreen.forms import with_role
from iimscreen.model import DataRow, Form, StudyData
from iimscreen.tables.reading import LITERATURE, Reading, count_of, lacking, level_of
from iimscreen.wording import counted

NOT_REPORTED = "n not reported"
N_NOT_ENTERED = "n not entered"
_SECONDARY = ("secondary", "review")


@dataclass(frozen=True, slots=True)
class Subject:
    """A patient, or a group, behind a number."""

    study: str
    row: str  # P1; "" for the study itself
    n: int | None
    why: str = ""  # why n is not known, or how it follows from other numbers of the study

    @property
    def place(self) -> tuple[str, str]:
        """Study and row."""
        return self.study, self.row


@dataclass(frozen=True, slots=True)
class Count:
    """So many subjects under one name, with the rows behind it."""

    name: str
    rows: tuple[Subject, ...]

    @property
    def known(self) -> int:
        """The sum over rows whose n is known."""
        return sum(row.n for row in self.rows if row.n is not None)

    @property
    def unknown(self) -> tuple[Subject, ...]:
        """The rows whose n is not known."""
        return tuple(row for row in self.rows if row.n is None)

    @property
    def is_exact(self) -> bool:
        """Whether the n of every row is known."""
        return not self.unknown

    @property
    def studies(self) -> tuple[str, ...]:
        """The studies behind it, each once, in order."""
        return tuple(dict.fromkeys(row.study for row in self.rows))

    def __str__(self) -> str:
        """As tables print it: "12", or "≥ 12 (n not reported in 2 groups)"."""
        if self.is_exact:
            return f"{self.known:,}"
        whys: dict[str, int] = {}
        for row in self.unknown:
            whys[row.why or NOT_REPORTED] = whys.get(row.why or NOT_REPORTED, 0) + 1
        said = "; ".join(f"{why} in {counted(count, 'group')}" for why, count in whys.items())
        return f"≥ {self.known:,} ({said})" if self.known else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Subjects by the values of one field, and altogether."""

    by: str  # the role
    kind: str  # literature or own
    parts: tuple[Count, ...] = ()
    total: Count = Count("all", ())  # every row once
    in_several: tuple[Subject, ...] = ()  # rows behind more than one part
    left_out: tuple[tuple[str, str], ...] = ()  # study, why it is not counted
    lacks: tuple[str, ...] = ()  # sentences: what the form has no field for

    def part(self, name: str) -> Count:
        """The subjects under one name; none where nobody has it."""
        return next((part for part in self.parts if part.name == name), Count(name, ()))


def subjects(
    data: Sequence[StudyData],
    form: Form,
    *,
    by: str = "drug",
    kind: str = LITERATURE,
    without: Mapping[str, str] | None = None,
) -> Sums:
    """Subjects by the field of role `by`, in order of first mention, of studies of one kind.

    Of a mixed cohort only eligible subjects count. Secondary sources count nobody, since their patients are
    those of other reports; nor do studies in `without` (study → why).
    """
    lacks = lacking(form, by)
    if lacks:
        return Sums(by=by, kind=kind, lacks=lacks)
    found: dict[str, list[Subject]] = {}
    everyone: list[Subject] = []
    several: list[Subject] = []
    left_out: list[tuple[str, str]] = []
    for study in data:
        if study.kind != kind:
            continue
        why = (without or {}).get(study.study) or secondary(study, form)
        if why:
            left_out.append((study.study, why))
            continue
        for subject, parts in _named(Reading(study, form), by):
            everyone.append(subject)
            if len(parts) > 1:
                several.append(subject)
            for name, part in parts.items():
                found.setdefault(name, []).append(part)
    return Sums(
        by=by,
        kind=kind,
        parts=tuple(Count(name, tuple(rows)) for name, rows in found.items()),
        total=Count("all", tuple(everyone)),
        in_several=tuple(several),
        left_out=tuple(left_out),
        lacks=lacking(form, "n"),
    )


def _named(reading: Reading, by: str) -> list[tuple[Subject, dict[str, Subject]]]:
    rows = {row.row: row for row in reading.subjects()} | {"": reading.data.itself}
    return [(one, _parts(reading, one, rows[one.row], by)) for one in counts_of(reading)]


def counted_by_drug(reading: Reading) -> list[tuple[Subject, dict[str, Subject]]]:
    """Each patient or group of a study, and drug → so many of it as had this drug."""
    return _named(reading, "drug")


def _parts(reading: Reading, whole: Subject, row: DataRow, by: str) -> dict[str, Subject]:
    names = reading.names(row, by)
    if by == "drug":
        return {name: _on(reading, whole, row, name) for name in names}
    return _told_apart(reading, whole, row, by) or dict.fromkeys(names, whole)


def _on(reading: Reading, whole: Subject, row: DataRow, drug: str) -> Subject:
    """So many of a group as had this drug: all of them, unless its treatments say of how many they are.

    Several treatments with the same drug, such as two doses, are of different patients as far as the group
    is large enough for that.
    """
    lines = [one for one in reading.under(row, "drug") if drug in reading.names(one, "drug")]
    if level_of(reading.form, "n-treated") != level_of(reading.form, "drug"):
        return whole
    stated = [reading.number(one, "n-treated") for one in lines]
    treated = [n for n in stated if n is not None]
    if len(treated) < len(stated) or not treated or max(treated) == whole.n:
        return whole
    n = sum(treated) if whole.n is not None or len(treated) == 1 else None
    if n is None or (whole.n is not None and n > whole.n):
        told = " and ".join(f"{one:,}" for one in treated)
        return replace(whole, n=None, why=f"how many had {drug} is not told ({told} in its treatments)")
    return replace(whole, n=n, why="" if whole.n is None else f"{n:,} of {whole.n:,} had it")


def _told_apart(reading: Reading, whole: Subject, row: DataRow, by: str) -> dict[str, Subject]:
    """The parts of a group of which the form asks how many they are (roles such as n-dm), and the rest of it.

    None where nothing is told apart, or the parts are more than the whole.
    """
    field = with_role(reading.form, by)
    parts = {
        choice: n
        for choice in (field.choices if field is not None else ())
        if (n := reading.number(row, f"n-{choice.casefold()}")) is not None
    }
    together = sum(parts.values())
    if not parts or whole.n is None or together > whole.n:
        return {}
    found = {name: replace(whole, n=n, why=f"{n:,} of {whole.n:,}") for name, n in parts.items() if n}
    if together < whole.n:
        (name,) = reading.names(row, by)[:1]
        rest = whole.n - together
        found[name] = replace(whole, n=rest, why=f"{rest:,} of {whole.n:,}")
    return found


def counts_of(reading: Reading) -> list[Subject]:
    """The patients and groups of a study with the n that counts; the study itself where it has no such row."""
    study = reading.data.study
    rows = [row for row in reading.subjects() if row.row or row.cells]
    eligible = _eligible(reading)
    if not rows or rows[0].row == "":
        n = eligible if eligible is not None else reading.number(reading.data.itself, "n")
        stated = count_of(reading.of_study("n-total"))
        n = n if n is not None else stated
        roles = ("n", "n-total", "n-eligible")
        is_entered = any(reading.value(reading.data.itself, role) is not None for role in roles)
        return [Subject(study, "", n, "" if n is not None or is_entered else N_NOT_ENTERED)]
    counts = [_count_of(reading, row) for row in rows]
    known = sum(one.n for one in counts if one.n is not None)
    if eligible is None or (known <= eligible and len(rows) > 1):
        return counts
    if len(rows) == 1:
        (one,) = counts
        if one.n is not None and one.n <= eligible:
            return counts
        of = "" if one.n is None else f" of {one.n:,}"
        return [Subject(study, one.row, eligible, f"eligible: {eligible:,}{of}")]
    why = f"which {eligible:,} of {known:,} are eligible is not told"
    return [Subject(study, one.row, None, why) for one in counts]


def _count_of(reading: Reading, row: DataRow) -> Subject:
    study = reading.data.study
    n = reading.number(row, "n") if level_of(reading.form, "n") == row.level else None
    if n is None and reading.is_one(row):
        n = 1
    if level_of(reading.form, "n-eligible") == row.level:
        eligible = reading.number(row, "n-eligible")
        if eligible is not None and eligible != n:
            return Subject(
                study, row.row, eligible, f"eligible: {eligible:,}" + (f" of {n:,}" if n is not None else "")
            )
    return Subject(study, row.row, n, N_NOT_ENTERED if n is None and reading.value(row, "n") is None else "")


def _eligible(reading: Reading) -> int | None:
    """The eligible subjects that a study states for all of its rows; None where it states none."""
    stated = count_of(reading.of_study("n-eligible"))
    if stated is not None:
        return stated
    total, excluded = count_of(reading.of_study("n-total")), count_of(reading.of_study("n-excluded"))
    return total - excluded if total is not None and excluded and excluded <= total else None


def secondary(study: StudyData, form: Form) -> str:
    """Why a study counts nobody: its report is a secondary source; "" where it is not."""
    reading = Reading(study, form)
    for role in ("source", "design"):
        value = reading.of_study(role)
        if value is not None and value.text.casefold().startswith(_SECONDARY):
            return "a secondary source: its patients are those of other reports"
    return ""


def every(data: Sequence[StudyData], form: Form, *, kind: str = LITERATURE) -> dict[str, Count]:
    """Name → number: "all", and those of each drug and subtype, such as "drug TOF" and "subtype DM"."""
    found: dict[str, Count] = {}
    for by in ("drug", "subtype"):
        sums = subjects(data, form, by=by, kind=kind)
        found["all"] = sums.total if sums.total.rows else found.get("all", sums.total)
        found |= {f"{by} {part.name}": part for part in sums.parts}
    return found


def where(
    data: Sequence[StudyData],
    form: Form,
    filters: Mapping[str, str],
    *,
    kind: str = LITERATURE,
    without: Mapping[str, str] | None = None,
) -> Count:
    """The subjects for whom the field of each role holds its value, in any row of theirs, whatever its case.

    Raises KeyError for a role that the form has not: ask `lacking` before.
    """
    if lacking(form, *filters):
        raise KeyError(", ".join(lacking(form, *filters)))
    rows: list[Subject] = []
    for study in data:
        if study.kind != kind or (without or {}).get(study.study) or secondary(study, form):
            continue
        reading = Reading(study, form)
        by_row = {row.row: row for row in reading.subjects()} | {"": study.itself}
        for whole in counts_of(reading):
            part = _with_all(reading, whole, by_row[whole.row], filters)
            if part is not None:
                rows.append(part)
    named = ", ".join(f"{role} {value}" for role, value in filters.items()) or "all"
    return Count(named, tuple(rows))


def _with_all(reading: Reading, whole: Subject, row: DataRow, filters: Mapping[str, str]) -> Subject | None:
    """So many of a patient or group as all filters hold for; None where one holds for nobody."""
    fewer: list[Subject] = []
    for role, wanted in filters.items():
        parts = _parts(reading, whole, row, role)
        part = next((one for name, one in parts.items() if name.casefold() == wanted.casefold()), None)
        if part is None:
            return None
        if part.n != whole.n:
            fewer.append(part)
    if len(fewer) > 1:
        return replace(whole, n=None, why=f"how many are {' and '.join(filters.values())} is not told")
    return fewer[0] if fewer else whole


def by_value(reading: Reading, by: str) -> list[tuple[Subject, dict[str, Subject]]]:
    """Each patient or group of a study, and value of the field of role `by` → so many of it as it holds for."""
    return _named(reading, by)
