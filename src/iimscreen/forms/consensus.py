"""What stands of a study when one or two people extracted it: what they agree on, what differs, what was settled.

Pure. What one wrote stays as it is; a final word stands beside it and holds while both still say what it was about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from iimscreen import forms
from iimscreen.forms import ITSELF, OF
from iimscreen.forms.alignment import ALONE, Aligned, align, by_row, row_number
from iimscreen.forms.values import holds, same
from iimscreen.model import Cell, DataRow, Form, Level, Value

DOUBLE, CHECKED, SINGLE = "double", "checked", "single"  # how a study was extracted, by the log
KEPT, DROPPED = "kept", "dropped"  # final words on a row; its field is ""
WITHDRAWN = "withdrawn"  # in place of who or what was chosen: the word no longer counts
OPEN = "open"  # of a row: under which row it stands is not settled
ROW = ""  # in place of a field: the row itself

Cells = Mapping[tuple[str, str], Cell]  # (row, field) → what one person entered


@dataclass(frozen=True, slots=True)
class Side:
    """One person and what they entered of a study."""

    name: str
    cells: Cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A final word on one cell or one row."""

    rows: Mapping[str, str]  # name → row of theirs
    field: str  # "": the row itself
    value: Value | None
    about: Mapping[str, str]  # name → what they said, as it was read then
    chosen: str
    manner: str
    names: tuple[str, ...]
    reason: str = ""
    quote: str = ""
    page: str = ""
    report: str = ""
    formula: str = ""
    at: str = ""  # UTC
    form_sha256: str = ""  # the form under which it was given

    @property
    def cell(self) -> Cell | None:
        """As it stands in a table; None where the cell is to be empty."""
        if self.value is None:
            return None
        return Cell(
            value=self.value,
            quote=self.quote,
            page=self.page,
            report=self.report,
            formula=self.formula,
            names=self.names,
            settled="resolved",
        )


@dataclass(frozen=True, slots=True)
class Both:
    """One cell as both have it, and what stands."""

    field: str
    cells: tuple[Cell | None, ...]  # of each side
    state: str  # given, agreed, checked, resolved, open; moot: by what stands it is not asked
    final: Cell | None  # None while it is open, or where it is to be empty
    resolution: Resolution | None = None
    outdated: Resolution | None = (
        None  # a final word that no longer holds: one of them says something else now
    )

    @property
    def is_spelled_otherwise(self) -> bool:
        """Whether both say the same in other letters."""
        said = {cell.value for cell in self.cells if cell is not None}
        return self.state in ("agreed", "checked") and len(said) > 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the consensus."""

    row: str  # the number of the first's row; of rows that the first has not, numbers behind those
    level: str
    parent: str
    rows: Mapping[str, str]  # name → row of theirs
    how: str  # as in alignment
    state: str  # stands, kept, alone (nobody said whether it stands), dropped, open
    cells: tuple[Both, ...] = ()
    resolution: Resolution | None = None  # on the row itself
    score: int = 0
    about: Mapping[str, str] = field(default_factory=dict)  # what a final word on the row would be about

    @property
    def stands(self) -> bool:
        """Whether it is part of the data."""
        return self.state in ("stands", KEPT)

    def named(self, name: str) -> Both | None:
        """The cell of a field; None if nobody filled it in."""
        return next((both for both in self.cells if both.field == name), None)


@dataclass(frozen=True, slots=True)
class Consensus:
    """A study as its one or two extractors have it."""

    manner: str  # double, checked or single
    names: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def conflicts(self) -> list[tuple[Row, Both]]:
        """Cells that differ, and that nobody settled."""
        return [
            (row, both)
            for row in self.rows
            if row.stands or row.state == OPEN
            for both in row.cells
            if both.state == "open"
        ]

    @property
    def alone(self) -> list[Row]:
        """Rows that only one has, of which nobody said whether they stand; not those under such a row."""
        waiting = {row.row for row in self.rows if row.state == ALONE}
        return [row for row in self.rows if row.state == ALONE and row.parent not in waiting]

    @property
    def agreed(self) -> int:
        """How many cells both filled in alike."""
        return sum(
            both.state in ("agreed", "checked") for row in self.rows if row.stands for both in row.cells
        )

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to resolve."""
        return not self.conflicts and not self.alone

    def data(self) -> tuple[DataRow, ...]:
        """The rows and cells that stand; those that are open are left out."""
        return tuple(
            DataRow(
                row.row,
                row.level,
                row.parent,
                {both.field: both.final for both in row.cells if both.final is not None and both.field != OF},
            )
            for row in self.rows
            if row.stands
        )


def build(
    form: Form,
    manner: str,
    sides: Sequence[Side],
    *,
    pairings: Iterable[Mapping[str, str]] = (),
    resolutions: Iterable[Resolution] = (),
) -> Consensus:
    """What one or two people's values come to. `pairings`: name → row, oldest first; so are `resolutions`."""
    return _Builder(form, manner, sides, pairings, resolutions).built()


def rows_of(side: Side) -> dict[str, dict[str, Value]]:
    """Row → field → value, as alignment takes it."""
    found: dict[str, dict[str, Value]] = {}
    for (row, name), cell in side.cells.items():
        found.setdefault(row, {})[name] = cell.value
    return found


class _Builder:
    def __init__(
        self,
        form: Form,
        manner: str,
        sides: Sequence[Side],
        pairings: Iterable[Mapping[str, str]],
        resolutions: Iterable[Resolution],
    ) -> None:
        self.form = form
        self.manner = manner
        self.names = tuple(side.name for side in sides)
        self.sides = sides
        self.values = [rows_of(side) for side in sides]
        self.pairings = [{n: r for n, r in one.items() if n in self.names} for one in pairings]
        self.words: dict[tuple[tuple[tuple[str, str], ...], str], Resolution] = {}
        for word in resolutions:
            self.words[_key(word.rows), word.field] = word
        self.of_side: list[dict[str, str]] = [{} for _ in sides]  # row of theirs → row of the consensus
        self.final: dict[str, dict[str, Value]] = {}  # row of the consensus → what stands
        self.state: dict[str, str] = {}

    def built(self) -> Consensus:
        found = [self._row(*one) for one in self._numbered()]
        return Consensus(self.manner, self.names, tuple(found))

    def _aligned(self) -> tuple[Aligned, ...]:
        one = self.values[0]
        if len(self.sides) == 1:
            return by_row(self.form, one, {})
        other = self.values[1]
        if self.manner == CHECKED:
            return by_row(self.form, one, other)
        first, second = self.names
        return align(self.form, one, other, [(p.get(first), p.get(second)) for p in self.pairings])

    def _numbered(self) -> list[tuple[Aligned, Level, str]]:
        """Each row with its level and its number in the consensus; above those that stand under it."""
        levels = {level.name: level for level in self.form.levels}
        aligned = self._aligned()
        last = dict.fromkeys(levels, 0)
        for one in aligned:
            if one.one is not None:
                last[one.level] = max(last[one.level], row_number(one.one))
        found = []
        for one in aligned:
            if one.one is not None:
                row = one.one
            else:
                last[one.level] += 1
                row = f"{levels[one.level].letter}{last[one.level]}"
            for side, theirs in enumerate((one.one, one.other)[: len(self.sides)]):
                if theirs is not None:
                    self.of_side[side][theirs] = row
            found.append((one, levels[one.level], row))
        return found

    def _row(self, one: Aligned, level: Level, row: str) -> Row:
        theirs = {n: r for n, r in zip(self.names, (one.one, one.other), strict=False) if r is not None}
        places = [theirs.get(name) for name in self.names]
        parents = [self._parent(level, side, place) for side, place in enumerate(places)]
        about = {
            name: self._in_short(level, side, theirs[name])
            for side, name in enumerate(self.names)
            if name in theirs
        }
        word = self._word(theirs, ROW, about)
        parent = next((p for p in parents if p), "")
        is_alone = len(theirs) < len(self.names)
        above = self.state.get(parent, "stands") if parent else "stands"
        if word is not None and word.value == Value(DROPPED):
            state = DROPPED
        elif above not in ("stands", KEPT):
            state = above
        elif not is_alone:
            state = "stands"
        elif above == KEPT or (word is not None and word.value == Value(KEPT)):
            state = KEPT
        else:
            state = ALONE
        cells = []
        if len({p for p in parents if p}) > 1:
            both = self._parents_differ(theirs, parents)
            cells.append(both)
            if both.final is not None:
                parent = both.final.value.text
            elif state in ("stands", KEPT):
                state = OPEN
        self.state[row] = state
        self.final[row] = {}
        around = {**self.final.get("", {}), **self.final.get(parent, {})}
        for each in forms.fields_of(self.form, level.name):
            both_cells = tuple(
                self.sides[side].cells.get((place, each.name)) if place is not None else None
                for side, place in enumerate(places)
            )
            if not any(both_cells) and self._last(theirs, each.name) is None:
                continue
            both = self._both(theirs, each.name, both_cells, is_alone=is_alone)
            if both.state == "open" and holds(each.when, {**around, **self.final[row]}) is False:
                both = Both(each.name, both_cells, "moot", None)
            if both.final is not None:
                self.final[row][each.name] = both.final.value
            cells.append(both)
        return Row(row, level.name, parent, theirs, one.how, state, tuple(cells), word, one.score, about)

    def _parent(self, level: Level, side: int, place: str | None) -> str:
        """The row of the consensus that stands above a row of one person; "" under the study itself."""
        if level.of in ("", ITSELF) or place is None:
            return ""
        above = self.values[side].get(place, {}).get(OF)
        return self.of_side[side].get(above.text, "") if above is not None else ""

    def _in_short(self, level: Level, side: int, place: str) -> str:
        """What a row is known by: the values of its key."""
        cells = self.values[side].get(place, {})
        return "; ".join(f"{name} {cells[name]}" for name in level.key if name in cells)

    def _last(self, rows: Mapping[str, str], name: str) -> Resolution | None:
        """The last final word on a cell or a row that was not withdrawn, whether or not it still holds."""
        word = self.words.get((_key(rows), name))
        return word if word is not None and word.chosen != WITHDRAWN else None

    def _word(self, rows: Mapping[str, str], name: str, about: Mapping[str, str]) -> Resolution | None:
        word = self._last(rows, name)
        return word if word is not None and word.about == about else None

    def _parents_differ(self, rows: Mapping[str, str], parents: Sequence[str]) -> Both:
        """Rows that someone paired, although they stand under two rows."""
        cells = tuple(
            Cell(value=Value(parent), names=(n,)) for parent, n in zip(parents, self.names, strict=True)
        )
        about = dict(zip(self.names, parents, strict=True))
        word = self._word(rows, OF, about)
        final = word.cell if word is not None else None
        return Both(OF, cells, "open" if word is None else "resolved", final, word)

    def _both(
        self, rows: Mapping[str, str], name: str, cells: tuple[Cell | None, ...], *, is_alone: bool
    ) -> Both:
        about = about_of(self.names, cells)
        word = self._word(rows, name, about)
        if word is not None:
            return Both(name, cells, "resolved", word.cell, word)
        outdated = self._last(rows, name)
        given = [cell for cell in cells if cell is not None]
        if not given:
            return Both(name, cells, "open", None, outdated=outdated)
        if len(self.sides) == 1 or is_alone:
            return Both(name, cells, "given", given[0], outdated=outdated)
        one, other = cells
        if self.manner == CHECKED and one is not None and other is None:
            return Both(
                name, cells, "checked", replace(one, names=self.names, settled="checked"), outdated=outdated
            )
        asked = forms.field_named(self.form, name)
        if self.manner == CHECKED:
            asked = replace(asked, tolerance=0)  # who checks gives a number to correct it, however near it is
        if one is None or other is None or not same(asked, one.value, other.value):
            return Both(name, cells, "open", None, outdated=outdated)
        # The words of the first; where the first names no place in the report, the other's place.
        source = one if one.quote or one.page or not (other.quote or other.page) else other
        state = "checked" if self.manner == CHECKED else "agreed"
        final = replace(source, value=one.value, names=self.names, settled=state)
        return Both(name, cells, state, final, outdated=outdated)


def about_of(names: Sequence[str], cells: Sequence[Cell | None]) -> dict[str, str]:
    """What a final word on a cell is about: name → what they say; "" where they say nothing."""
    return {n: str(cell.value) if cell is not None else "" for n, cell in zip(names, cells, strict=True)}


def _key(rows: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(rows.items()))
