"""How much of what is known a strategy finds, and what each part of it is needed for. Pure.

A strategy is taken apart into formulas: sets put together by AND, OR and NOT. A formula can be sent
as text to a source that only counts, or worked out over sets of keys; both say the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from iimscreen.agreement import Z95
from iimscreen.model import Strategy
from iimscreen.queries import grouped

Key = TypeVar("Key")


# --- shares ---


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with its interval; `value` and `interval` are None where `of` is 0."""

    found: int
    of: int
    value: float | None  # 0 to 1
    interval: tuple[float, float] | None  # 95 %, Wilson


def share(found: int, of: int) -> Share:
    """The share of `found` in `of`, with Wilson's interval. Raises ValueError for impossible counts."""
    return Share(found, of, found / of if of else None, wilson(found, of))


def wilson(found: int, of: int) -> tuple[float, float] | None:
    """Wilson's 95 % score interval of a proportion, without continuity correction; None where `of` is 0.

    Raises ValueError unless 0 <= found <= of.

    Source: Wilson 1927; as method 3 of Newcombe 1998 (Stat Med 17:857).
    """
    if not 0 <= found <= of:
        raise ValueError(f"{found} of {of} is no proportion")
    if of == 0:
        return None
    square = Z95 * Z95
    middle = 2 * found + square
    margin = Z95 * math.sqrt(square + 4 * found * (1 - found / of))
    low, high = (middle - margin) / (2 * (of + square)), (middle + margin) / (2 * (of + square))
    # At the ends the bound is 0 or 1 exactly; rounding would leave 1e-17 of it.
    return (0.0 if found == 0 else low, 1.0 if found == of else high)


def needed_to_read(found: int, hits: int) -> float | None:
    """Records to be read for one that is wanted: 1 / precision; None where nothing is found."""
    return hits / found if found else None


# --- formulas ---


@dataclass(frozen=True, slots=True)
class Words:
    """Text that a source reads by itself."""

    text: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What any of the parts finds; nothing, where there is no part."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """What all of the parts find; there is at least one."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Without:
    """What the first finds and the second does not."""

    whole: Formula
    part: Formula


Formula = Words | AnyOf | AllOf | Without


def text_of(formula: Formula) -> str:
    """The formula as PubMed reads it, every group in parentheses, since PubMed reads from left to right.

    Raises ValueError for a formula without words, which no source can be asked.
    """
    if isinstance(formula, Words):
        return formula.text
    if isinstance(formula, Without):
        return f"({text_of(formula.whole)}) NOT ({text_of(formula.part)})"
    if not formula.parts:
        raise ValueError("a formula without words")
    if len(formula.parts) == 1:
        return text_of(formula.parts[0])
    operator = " OR " if isinstance(formula, AnyOf) else " AND "
    return operator.join(
        grouped(part.text) if isinstance(part, Words) else f"({text_of(part)})" for part in formula.parts
    )


def keys_of(formula: Formula, found: Callable[[str], frozenset[Key]]) -> frozenset[Key]:
    """The keys that a formula finds, given what each text in it finds."""
    if isinstance(formula, Words):
        return found(formula.text)
    if isinstance(formula, Without):
        return keys_of(formula.whole, found) - keys_of(formula.part, found)
    sets = [keys_of(part, found) for part in formula.parts]
    if isinstance(formula, AnyOf):
        return frozenset().union(*sets)
    return sets[0].intersection(*sets[1:])


# --- a strategy taken apart ---


@dataclass(frozen=True, slots=True)
class Line:
    """One sub-query: any term of each group, all groups together."""

    label: str
    text: str  # as written
    groups: tuple[tuple[str, ...], ...]

    @property
    def formula(self) -> Formula:
        """What it finds, the date limit left aside."""
        parts = tuple(_any(map(Words, group)) for group in self.groups)
        return AllOf(parts) if len(parts) > 1 else parts[0]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A strategy as lines under one date limit ("" for none)."""

    lines: tuple[Line, ...]
    limit: str

    def limited(self, formula: Formula) -> Formula:
        """The formula under the date limit."""
        return AllOf((formula, Words(self.limit))) if self.limit else formula

    @property
    def whole(self) -> Formula:
        """What the strategy finds."""
        return self.limited(self.unlimited)

    @property
    def unlimited(self) -> Formula:
        """What it would find without its date limit."""
        return _any(line.formula for line in self.lines)

    def only(self, lost: Sequence[Line]) -> Formula:
        """What the strategy finds and would not find with `lost` in place of its lines."""
        if not lost:
            return self.whole
        return Without(self.whole, self.limited(_any(line.formula for line in lost)))

    def without_term(self, place: int, term: str) -> tuple[Line, ...]:
        """The lines with one term left out of the group at `place`; a line left empty there falls away."""
        lines = []
        for line in self.lines:
            group = tuple(one for one in line.groups[place] if one != term)
            if group:
                groups = (*line.groups[:place], group, *line.groups[place + 1 :])
                lines.append(Line(line.label, line.text, groups))
        return tuple(lines)

    def without_line(self, label: str) -> tuple[Line, ...]:
        """All lines but one."""
        return tuple(line for line in self.lines if line.label != label)

    def without_block(self, place: int) -> Formula | None:
        """The strategy without the group at `place`, which finds as much or more; None if it is the only one."""
        if len(self.lines[0].groups) < 2:
            return None
        kept = dict.fromkeys((*line.groups[:place], *line.groups[place + 1 :]) for line in self.lines)
        return self.limited(_any(Line("", "", groups).formula for groups in kept))


def _any(formulas: Iterable[Formula]) -> Formula:
    parts = tuple(formulas)
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def letter_of(place: int) -> str:
    """The letter of the block at a place, from 0: A to Z, then AA, AB, ..."""
    return (letter_of(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def anatomy(strategy: Strategy) -> Anatomy:
    """A strategy taken apart: its blocks as groups, or each written-out sub-query as one group of itself."""
    terms = [tuple(term.text for term in block.terms) for block in strategy.blocks]
    lines = []
    for number, one in enumerate(strategy.sub_queries):
        if strategy.combination == "each-pair":
            # As `queries` writes them: all terms of the first block with one of the second, then the next.
            second, first = divmod(number, len(terms[0]))
            groups: tuple[tuple[str, ...], ...] = ((terms[0][first],), (terms[1][second],))
        else:
            groups = tuple(terms) or ((one.text,),)
        lines.append(Line(one.label, one.text, groups))
    return Anatomy(tuple(lines), strategy.limit)
