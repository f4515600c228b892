"""Tables of a review's extracted data, and the sums in them, as plain values. Pure: no file is written here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from iimscreen.forms import CODES
from iimscreen.model import Form, Record, StudyData
from iimscreen.wording import counted

Scalar = str | int | float | None

# The tables by name, in the order in which they are printed, with what a paper calls them.
LABELS = {
    "characteristics": "Table 1",
    "subjects": "Table 2",
    "responses": "Table 3",
    "responses-within-studies": "Table 4",
    "adverse-events": "Table 5",
    "patients": "Supplementary Table 1",
    "excluded": "Supplementary Table 2",
    "own-characteristics": "Own series, Table 1",
    "own-subjects": "Own series, Table 2",
    "own-responses": "Own series, Table 3",
    "own-adverse-events": "Own series, Table 4",
    "own-patients": "Own series, Supplementary Table 1",
    "references": "",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table; a heading spans all columns and has one cell."""

    cells: tuple[str, ...]
    kind: str = "row"  # or "heading", or "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it goes into a paper."""

    name: str  # as --only and file names have it
    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()  # under it, in sentences
    lacks: tuple[str, ...] = ()  # what the form has no field for
    abbreviations: tuple[tuple[str, str], ...] = ()  # those used in it
    sources: tuple[str, ...] = ()  # studies it rests on
    stamps: tuple[str, ...] = ()  # over it: that data is not final, the notice of the protocol

    @property
    def caption(self) -> str:
        """What stands over it: "Table 1. Characteristics of included studies"."""
        return ". ".join(filter(None, (LABELS.get(self.name, ""), self.title)))

    @property
    def rows(self) -> tuple[Line, ...]:
        """The lines that are neither heading nor total."""
        return tuple(line for line in self.lines if line.kind == "row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Rows for a program or a spreadsheet, not for a page."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What tables are made of: a form, studies in the order in which they are printed, and their reports."""

    form: Form
    studies: tuple[StudyData, ...]
    reports: Mapping[str, Record] = field(default_factory=dict)  # key → record
    order: str = ""  # how they are ordered, in words
    stamps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # for every table: which studies were left out
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # study → why its patients count in another
    # Outcome → the same for it alone; "": for all others.
    elsewhere_in: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> tuple[StudyData, ...]:
        """The studies of the literature, or one's own."""
        return tuple(study for study in self.studies if study.kind == kind)

    def counted_elsewhere(self, outcome: str) -> Mapping[str, str]:
        """Study → why its patients count in another for this outcome: a domain, or "events"."""
        in_others = self.elsewhere_in.get("", self.elsewhere)
        return self.elsewhere_in.get(outcome.casefold(), in_others)

    def told_twice(self, outcomes: Iterable[str], studies: Iterable[str]) -> tuple[str, ...]:
        """A note on those of these studies whose patients count in another, for all of these outcomes or for some."""
        known = dict.fromkeys(outcomes)
        told = []
        for study in dict.fromkeys(studies):
            whys: dict[str, list[str]] = {}
            for outcome in known:
                if study in self.counted_elsewhere(outcome):
                    whys.setdefault(self.counted_elsewhere(outcome)[study], []).append(outcome)
            told += [
                (study, why + ("" if len(names) == len(known) else f" for {listed(names)}"))
                for why, names in whys.items()
            ]
        return told_twice(told)

    @property
    def numbers(self) -> dict[str, int]:
        """Report → its number in the list of references, from 1, in the order of studies of the literature."""
        keys = (key for study in self.of_kind("literature") for key in study.reports)
        return {key: number for number, key in enumerate(dict.fromkeys(keys), 1)}

    def cited(self, study: StudyData) -> str:
        """The numbers of a study's reports: "3, 4"."""
        return ", ".join(str(self.numbers[key]) for key in study.reports if key in self.numbers)


def interim(studies: Iterable[StudyData]) -> tuple[str, ...]:
    """What is printed over every table while data of some studies is not final."""
    open_ones = [study.study for study in studies if study.missing]
    if not open_ones:
        return ()
    are = "study is" if len(open_ones) == 1 else "studies are"
    named = ", ".join(open_ones[:5]) + (f" and {len(open_ones) - 5:,} more" if len(open_ones) > 5 else "")
    return (f"interim: {len(open_ones):,} {are} not final ({named})",)


def final_only(studies: Iterable[StudyData]) -> tuple[tuple[StudyData, ...], tuple[str, ...]]:
    """The studies whose data is final, and the names of the others."""
    given = tuple(studies)
    return (
        tuple(study for study in given if not study.missing),
        tuple(study.study for study in given if study.missing),
    )


def finished(table: Table, gathered: Gathered) -> Table:
    """A table with what is printed around it: stamps, and the abbreviations that it uses."""
    return replace(
        table,
        notes=(*table.notes, *gathered.notes),
        stamps=gathered.stamps,
        abbreviations=abbreviations_in(table, gathered.form),
    )


def abbreviations_in(table: Table, form: Form) -> tuple[tuple[str, str], ...]:
    """The abbreviations of the form, and the codes, that stand in a table, in alphabetical order."""
    text = "\n".join(
        (table.title, *table.columns, *table.notes, *(c for line in table.lines for c in line.cells))
    )
    known = {**CODES, **dict(form.abbreviations)}
    return tuple(
        (short, known[short])
        for short in sorted(known, key=str.casefold)
        if re.search(rf"(?<![\w-]){re.escape(short)}(?![\w-])", text)
    )


def footnotes(table: Table) -> tuple[str, ...]:
    """What stands under a table: notes, what the form lacks, the abbreviations used."""
    lacks = tuple(f"{one[:1].upper()}{one[1:]}." for one in table.lacks)
    used = "; ".join(f"{short}, {long}" for short, long in table.abbreviations)
    return (*table.notes, *lacks, *((f"Abbreviations: {used}.",) if used else ()))


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: "A, B and C"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


ONCE = "those told of in two studies once"  # what a line or total is called that counts nobody twice


def told_twice(told: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The note under a table in which patients of these studies (study, where they count) stand twice."""
    said = "; ".join(f"{study}: {why}" for study, why in told)
    return (f"Patients told of in two studies stand in both, as reported ({said}).",) if said else ()


def studies_said(names: Sequence[str]) -> str:
    """How many studies, and which: "2 studies: A and B"."""
    return f"{counted(len(names), 'study', 'studies')}: {listed(names)}" if names else "no study"
