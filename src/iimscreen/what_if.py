"""What if something had been left out: flow, subjects and tables without it, and what differs. Nothing is stored.

Only what is open to view takes part: a study whose values are closed has none here, and a round that is blind
has no numbers before or after.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import NamedTuple

from iimscreen import extracted, leaving_out, review_flow, review_forms, tabulating
from iimscreen.audit.findings import Dossier
from iimscreen.citations import citation
from iimscreen.duplicates import kept_report
from iimscreen.errors import InputError, ProtocolError
from iimscreen.flow import Flow
from iimscreen.forms import DATA
from iimscreen.leaving_out import DATABASE, FACTS, FieldRule, Left, Rule
from iimscreen.model import Form, StudyData
from iimscreen.numbers import prisma
from iimscreen.store import Review, overlap_answers, records, watches
from iimscreen.store import studies as stored_studies
from iimscreen.tables import Table, sums
from iimscreen.tables.reading import LITERATURE, OWN
from iimscreen.tabulating import LeavingOut, Tabulated
from iimscreen.wording import counted, slugs

RETRACTED = "retracted"
_CITED = re.compile(r" \[\d+(?:, \d+)*\]")


@dataclass(frozen=True, slots=True)
class Changed:
    """A number before and after; the difference is None where one of them is not known exactly."""

    name: str
    definition: str
    before: str
    after: str
    difference: int | None


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell of a table before and after."""

    row: str
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TableChange:
    """What would change in one table."""

    name: str
    caption: str
    removed: tuple[tuple[str, ...], ...]
    added: tuple[tuple[str, ...], ...]
    cells: tuple[CellChange, ...]
    notes: bool  # whether what stands around it would change


@dataclass(frozen=True, slots=True)
class StudyLeft:
    """A study that goes, or loses rows."""

    study: str
    rows: tuple[str, ...] = ()  # that go; empty: the whole study
    groups: tuple[str, ...] = ()  # that go with it and are no single patients


@dataclass(frozen=True, slots=True)
class ReportLeft:
    """A report that would not count as included any more."""

    key: str
    citation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Everything that would be otherwise."""

    said: str  # "what if: without ..."
    read_as: tuple[str, ...]  # how each thing named was understood
    counted_as: tuple[str, ...]  # how it is counted, in sentences
    reports: tuple[ReportLeft, ...]
    studies: tuple[StudyLeft, ...]
    flow: tuple[Changed, ...]
    subjects: tuple[Changed, ...]
    tables: tuple[TableChange, ...]
    notes: tuple[str, ...]
    made: (
        Tabulated | None
    )  # the tables as they would be, with data sets if asked for; None where there are none


@dataclass
class _Named:
    """What is named, sorted by what it is."""

    reports: dict[str, None] = field(default_factory=dict)  # keys of kept records
    studies: dict[str, None] = field(default_factory=dict)
    on_form: list[FieldRule] = field(default_factory=list)
    unsearched: dict[str, None] = field(default_factory=dict)
    read_as: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def what_if(
    review: Review, without: Sequence[str], *, only: Sequence[str] = (), with_files: bool = False
) -> WhatIf:
    """What would differ without reports, studies, or whatever rules take; of `only`, without what no rule takes.

    `with_files` also makes what the files of tables hold beside these. Raises InputError for what is neither.
    """
    if not without and not only:
        raise InputError(
            "nothing is named that is to be left out",
            hint="--without REPORT, STUDY or RULE, such as --without 'design = case report'",
        )
    with review.reading():
        return _Thought(review, without, only, with_files=with_files).found()


class _Thought:
    def __init__(
        self, review: Review, without: Sequence[str], only: Sequence[str], *, with_files: bool
    ) -> None:
        self._review = review
        self._with_files = with_files
        self._before = review_flow.prisma(review)
        self._form, self._data = _extracted(review)
        self._links = stored_studies.of_reports(review)
        self._named = _Named()
        self._without, self._only = without, only
        for text in without:
            self._name(text)
        for text in only:
            self._name_only(text)

    # --- what is named ---

    def _name(self, text: str) -> None:
        if text.strip().casefold() == RETRACTED:
            found = _retracted(self._review)
            self._named.reports |= dict.fromkeys(found)
            self._named.read_as.append(
                f"retracted: {counted(len(found), 'report')} whose retraction `iimscreen watch` has found"
            )
            if not found:
                self._named.notes.append("No retraction is known; `iimscreen watch` looks for them.")
            return
        if text in stored_studies.standing(self._review):
            self._named.studies[text] = None
            self._named.read_as.append(f"{text}: a study")
            return
        rule = None if text.casefold().startswith(("doi:", "pmid:")) else leaving_out.parse(text)
        if rule is not None:
            self._rule(rule, only=False)
            return
        self._record(text)

    def _name_only(self, text: str) -> None:
        rule = leaving_out.parse(text)
        if rule is None:
            raise InputError(
                f"--only {text!r} is no rule",
                hint="write FIELD = VALUE, such as --only 'design = case report'",
            )
        self._rule(rule, only=True)

    def _record(self, text: str) -> None:
        try:
            key = records.kept_of(self._review, records.find(self._review, text).key)
        except InputError as error:
            if "fits" in error.message:  # several reports have that identifier
                raise
            known = stored_studies.standing(self._review)
            near = difflib.get_close_matches(text, known, n=3, cutoff=0.6)
            raise InputError(
                f"{text!r} is no record, no study and no rule of this review",
                hint=f"did you mean the study {' or '.join(near)}?"
                if near
                else "a record's key, number, pmid:… or doi:…; a study's name; or a rule such as 'year < 2015'",
            ) from error
        self._named.reports[key] = None
        self._named.read_as.append(f"{text}: the report {key}")
        is_open = self._before.lists["new_reports"] is not None
        if is_open and key not in self._included:
            self._named.notes.append(f"{key} is not among the included reports, so nothing depends on it.")

    def _rule(self, rule: Rule, *, only: bool) -> None:
        if rule.name.casefold() in FACTS:
            self._on_records(replace(rule, name=rule.name.casefold()), only=only)
            return
        if self._form is None:
            raise InputError(
                f"{rule.text!r}: records have no {rule.name!r}, and this review has no form of extraction",
                hint=f"rules on records name {', '.join(FACTS)}",
            )
        found = leaving_out.on_form(rule, self._form, self._data, only=only)
        self._named.on_form.append(found)
        level = next(one for one in self._form.levels if one.name == found.field.level)
        where = "of the study" if not level.letter else f"in rows {level.letter}1, {level.letter}2, …"
        values = " or ".join(found.values)
        self._named.read_as.append(f"{rule.text}: {found.field.name} {rule.sign} {values}, {where}")

    def _on_records(self, rule: Rule, *, only: bool) -> None:
        if rule.name == DATABASE:
            names = [name for name, _ in records.sources(self._review)]
            read = leaving_out.on_records(rule, lambda: names)
            taken = [one for one in names if leaving_out.record_fits(read, (one,)) is not only]
            self._named.unsearched |= dict.fromkeys(taken)
            self._named.read_as.append(
                f"{rule.text}: as if {', '.join(taken) or 'nothing'} had not been searched"
            )
            return
        stated = {
            one.key: leaving_out.facts(kept_report.shown(self._review, one).record, rule.name)
            for one in list(records.by_keys(self._review, list(self._included)))
        }
        read = leaving_out.on_records(rule, lambda: self._known(rule.name, stated.values()))
        fits = {key: leaving_out.record_fits(read, what) for key, what in stated.items()}
        wanted = [key for key, one in fits.items() if (one is not True if only else one is True)]
        self._named.reports |= dict.fromkeys(wanted)
        self._named.read_as.append(f"{rule.text}: {FACTS[rule.name]} {rule.sign} {' or '.join(read.values)}")
        untold = [key for key, one in fits.items() if one is None]
        if untold:
            go = "so they are left out" if only else "so they stay"
            self._named.notes.append(
                f"{rule.text}: {counted(len(untold), 'included report')} without a {FACTS[rule.name]}, {go} "
                f"({', '.join(untold[:5])}{', …' if len(untold) > 5 else ''})."
            )

    def _known(self, name: str, included: Iterable[tuple[str, ...]]) -> Iterable[str]:
        found = {one for what in included for one in what}
        return found | {
            one for stored in records.each(self._review) for one in leaving_out.facts(stored.record, name)
        }

    # --- what follows ---

    @property
    def _included(self) -> dict[str, None]:
        return dict.fromkeys(self._before.included)

    def found(self) -> WhatIf:
        named = self._named
        left = self._left()
        unfound = _never_found(self._review, named.unsearched)
        gone, reports = self._closure({name for name, one in left.items() if one.data is None}, unfound)
        after = review_flow.what_if(self._review, reports, gone=gone, unsearched=list(named.unsearched))
        lost = [key for key in self._before.included if key not in set(after.included)]
        said = f"what if: {self._said()}"
        spared = LeavingOut(
            left=lambda study: None if study.study in gone else left[study.study].data,
            stamp=f"{said}; no result of this review",
            excluded=tuple(key for key in lost if key in reports),
            unknown=frozenset(unfound),
        )
        then = tuple(filter(None, map(spared.left, self._data)))
        untold = {} if self._form is None else leaving_out.untold(self._data, then, self._form)
        if untold:
            named.notes.append(
                f"How many of those left are eligible is not told, since the study tells it for all of its rows "
                f"together: {', '.join(dict.fromkeys(study for study, _ in untold))}. Tables print them as if all were."
            )
            spared = replace(spared, stamp=f"{spared.stamp}; {named.notes[-1].rstrip('.')}")
        before, made = self._tabulated(spared, bool(then))
        return WhatIf(
            said=said,
            read_as=tuple(named.read_as),
            counted_as=self._counted_as(reports, bool(left)),
            reports=tuple(
                ReportLeft(one.key, citation(kept_report.shown(self._review, one).record))
                for one in list(records.by_keys(self._review, lost))
            ),
            studies=tuple(
                StudyLeft(name, () if name in gone else one.rows, one.groups)
                for name, one in left.items()
                if name in gone or one.rows
            ),
            flow=_flow_changes(self._before, after),
            subjects=self._subject_changes(then, untold),
            tables=_table_changes(before, made),
            notes=(*named.notes, *self._notes(left, gone, reports)),
            made=made,
        )

    def _said(self) -> str:
        parts = [f"without {' or '.join(self._without)}"] if self._without else []
        return ", ".join([*parts, *(f"only {one}" for one in self._only)])

    def _left(self) -> dict[str, Left]:
        if self._form is None:
            return {}
        form = self._form
        return {one.study: leaving_out.cut(one, self._named.on_form, form) for one in self._data}

    def _closure(self, cut: Collection[str], unfound: Collection[str]) -> tuple[set[str], set[str]]:
        """Studies that go, and reports: a report goes with all of its studies, a study with all of its reports."""
        gone = {*cut, *self._named.studies}
        reports = set(self._named.reports)
        reports |= {key for key, named in self._links.items() if gone.issuperset(named)}
        of_study: dict[str, list[str]] = {}
        is_open = self._before.lists["new_reports"] is not None
        for key, names in self._links.items():
            if not is_open or key in self._included:
                for name in names:
                    of_study.setdefault(name, []).append(key)
        gone |= {name for name, keys in of_study.items() if {*reports, *unfound}.issuperset(keys)}
        return gone, reports

    def _tabulated(self, spared: LeavingOut, any_left: bool) -> tuple[Tabulated | None, Tabulated | None]:
        if not self._data:
            return None, None
        before = tabulating.tabulate(self._review, tables_alone=True)
        if not any_left:
            return before, None
        return before, tabulating.tabulate(
            self._review, leaving_out=spared, tables_alone=not self._with_files
        )

    def _subject_changes(
        self, then: Sequence[StudyData], untold: Mapping[tuple[str, str], str]
    ) -> tuple[Changed, ...]:
        if self._form is None:
            return ()
        answers = tuple(overlap_answers.standing(self._review))
        found = []
        for kind, family in ((LITERATURE, "extract"), (OWN, "extract.own")):
            dossier = Dossier(self._form, self._data, answers=answers)
            before = _subjects(dossier, kind)
            after = _subjects(Dossier(self._form, tuple(then), answers=answers), kind, untold)
            once = any(study.kind == kind and study.study in dossier.left_out() for study in self._data)
            what = f"{family}.subjects{'_once' if once else ''}"
            known = dict(self._form.abbreviations)
            for by, place in (("drug", what), ("subtype", f"{what}.subtype")):
                parts = [name for of, name in {**before, **after} if of == by]
                short = slugs(known.get(name, name) for name in parts)
                for name in parts:
                    label = known.get(name, name)
                    count = before.get((by, name)), after.get((by, name))
                    found.append(_count_change(f"{place}.{short[label]}", f"Subjects, {by} {label}.", *count))
            if ("", "") in before:
                total = _count_change(what, "Subjects in all.", before["", ""], after.get(("", "")))
                found.insert(
                    next((n for n, one in enumerate(found) if one.name.startswith(what)), len(found)), total
                )
        return tuple(found)

    def _counted_as(self, reports: Collection[str], has_data: bool) -> tuple[str, ...]:
        found = []
        if reports:
            found.append(
                "A report left out counts as excluded at full text, for the reason 'left out, what if': it stays among "
                "those identified, screened and assessed."
            )
        if self._named.unsearched:
            found.append(
                f"Records of {', '.join(self._named.unsearched)} count as never found, and reports that no other "
                "source brought as never known; who voted on them plays no part."
            )
        if self._before.previous and self._named.unsearched:
            found.append(f"{self._before.previous} stays as it was.")
        if has_data and self._named.on_form:
            found.append(
                "Rows left out take the rows under them with them; a patient without any treatment left goes too, "
                "and a study without any patient left, with its reports."
            )
        return tuple(found)

    def _notes(self, left: Mapping[str, Left], gone: Collection[str], reports: Collection[str]) -> list[str]:
        notes = []
        if self._before.lists["new_reports"] is None:
            notes.append("A round is not open to view, so numbers that depend on it are not shown.")
        if self._before.interim:
            notes.append(f"The flow is interim: {'; '.join(self._before.missing)}.")
        for rule in self._named.on_form:
            untold = [name for name, one in left.items() if rule.rule.text in one.unknown]
            if untold:
                what = "go" if rule.only else "stay"
                named = ", ".join(untold[:5]) + (f" and {len(untold) - 5:,} more" if len(untold) > 5 else "")
                notes.append(
                    f"{rule.rule.text}: not told, or not for every row, of "
                    f"{counted(len(untold), 'study', 'studies')} ({named}); what is not told of would {what}."
                )
        groups = [f"{name} {row}" for name, one in left.items() for row in one.groups]
        if groups:
            named = ", ".join(groups[:5]) + (f" and {len(groups) - 5:,} more" if len(groups) > 5 else "")
            notes.append(
                f"{counted(len(groups), 'group')} left out whole, though the rule may hold for some of the patients "
                f"only: {named}."
            )
        parted = [
            name
            for name in dict.fromkeys(one for key in reports for one in self._links.get(key, ()))
            if name not in gone
        ]
        if parted:
            notes.append(
                f"Told of in other reports, too, so that all of their values stay: {', '.join(parted)}."
            )
        return notes


def _extracted(review: Review) -> tuple[Form | None, tuple[StudyData, ...]]:
    try:
        form = review_forms.in_force(review, DATA)
    except (InputError, ProtocolError):  # the protocol has none
        return None, ()
    return form, extracted.data(review)


def _retracted(review: Review) -> list[str]:
    """Reports with a retraction that `watch` found, but for those reinstated after it."""
    found: dict[str, bool] = {}
    for one in watches.findings(review):
        if one.kind in ("retraction", "reinstatement"):
            found[records.kept_of(review, one.key)] = one.kind == "retraction"
    return [key for key, is_retracted in found.items() if is_retracted]


def _never_found(review: Review, unsearched: Collection[str]) -> set[str]:
    """Reports all of whose records came from these databases."""
    if not unsearched:
        return set()
    found: dict[str, bool] = {}
    for _, _, database, _, report, _ in records.memberships(review):
        found[report] = found.get(report, True) and database in unsearched
    return {report for report, is_lost in found.items() if is_lost}


# --- differences -----------------------------------------------------------------------------------


def _flow_changes(before: Flow, after: Flow) -> tuple[Changed, ...]:
    """All numbers of the flow, those that are closed to view in both left out."""
    one = {number.name: number for number in prisma.of_flow(before)}
    other = {number.name: number for number in prisma.of_flow(after)}
    found = []
    for name in {**one, **other}:
        number = one.get(name) or other[name]
        is_part = name.count(".") > 1
        # A part that is not there has nothing; a box that is not there does not apply, nor do its parts.
        if is_part and number.value is None and not (name in one and name in other):
            continue
        was = one[name].value if name in one else (0 if is_part else None)
        now = other[name].value if name in other else (0 if is_part else None)
        if was is None and now is None:
            continue
        difference = None if was is None or now is None else int(now) - int(was)
        found.append(Changed(name, number.definition, _shown(was), _shown(now), difference))
    return tuple(found)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


def _subjects(
    dossier: Dossier, kind: str, untold: Mapping[tuple[str, str], str] | None = None
) -> dict[tuple[str, str], sums.Count]:
    """Role and value → subjects; ("", "") → all of them."""
    elsewhere = {name: f"counted in {other}" for name, other in dossier.left_out("subjects").items()}
    found: dict[tuple[str, str], sums.Count] = {}
    for by in ("drug", "subtype"):
        made = sums.subjects(dossier.studies, dossier.form, by=by, kind=kind, without=elsewhere)
        if made.total.rows:
            found.setdefault(("", ""), made.total)
        found |= {(by, part.name): part for part in made.parts}
    return {key: _only_told(count, untold or {}) for key, count in found.items()}


def _only_told(count: sums.Count, untold: Mapping[tuple[str, str], str]) -> sums.Count:
    if not untold:
        return count
    rows = (replace(one, n=None, why=untold[one.place]) if one.place in untold else one for one in count.rows)
    return replace(count, rows=tuple(rows))


def _count_change(name: str, definition: str, before: sums.Count | None, after: sums.Count | None) -> Changed:
    was, now = before or sums.Count(name, ()), after or sums.Count(name, ())
    difference = now.known - was.known if was.is_exact and now.is_exact else None
    return Changed(name, definition, str(was), str(now), difference)


def _table_changes(before: Tabulated | None, after: Tabulated | None) -> tuple[TableChange, ...]:
    if before is None:
        return ()
    then = {} if after is None else {table.name: table for table in after.tables}
    found = []
    for table in before.tables:
        change = table_change(table, then.get(table.name) or replace(table, lines=(), notes=()))
        if change.removed or change.added or change.cells or change.notes:
            found.append(change)
    return tuple(found)


def table_change(before: Table, after: Table) -> TableChange:
    """How a table differs: rows that are the same in all cells apart, then rows of the same name side by side.

    Numbers of references and of lines do not count: where one goes, all behind it have another.
    """
    was, now = _lines(before), _lines(after)
    same = Counter(was) & Counter(now)
    one, other = _by_name(was, same), _by_name(now, same)
    changes: list[CellChange] = []
    removed: list[tuple[str, ...]] = []
    added: list[tuple[str, ...]] = []
    for key in {**one, **other}:
        old_rows, new_rows = one.get(key, []), other.get(key, [])
        row = ": ".join(filter(None, key))
        for old_row, new_row in zip(old_rows, new_rows, strict=False):
            changes += [
                CellChange(row, column, old, new)
                for column, old, new in zip(before.columns, old_row, new_row, strict=False)
                if old != new
            ]
        removed += old_rows[len(new_rows) :]
        added += new_rows[len(old_rows) :]
    around = [[_without_numbers(note) for note in (*table.notes, *table.lacks)] for table in (before, after)]
    return TableChange(
        before.name, before.caption, tuple(removed), tuple(added), tuple(changes), around[0] != around[1]
    )


class _Line(NamedTuple):
    heading: str
    name: str
    cells: tuple[str, ...]


def _lines(table: Table) -> list[_Line]:
    """Each line by heading and name, without numbers that only tell its place among others."""
    is_numbered = table.columns[:1] in (("Ref.",), ("No.",))
    heading = ""
    found = []
    for line in table.lines:
        cells = tuple(
            "" if column in ("Ref.", "No.") else _without_numbers(cell)
            for column, cell in zip_longest(table.columns, line.cells, fillvalue="")
        )
        if not any(cells):  # a space between two parts
            continue
        if line.kind == "heading":
            heading = line.cells[0]
            found.append(_Line("", _without_numbers(heading), (_without_numbers(heading),)))
            continue
        found.append(_Line(heading, cells[1 if is_numbered and len(cells) > 1 else 0], cells))
    return found


def _without_numbers(text: str) -> str:
    return _CITED.sub("", text)


def _by_name(
    lines: Iterable[_Line], same: Mapping[_Line, int]
) -> dict[tuple[str, str], list[tuple[str, ...]]]:
    """Heading and name → the lines that are not the same before and after."""
    left = dict(same)
    found: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for line in lines:
        if left.get(line, 0):
            left[line] -= 1
        else:
            found.setdefault((line.heading, line.name), []).append(line.cells)
    return found
