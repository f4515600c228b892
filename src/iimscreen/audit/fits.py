"""Which readings of the parts give a stated number: with some left out, or with another number that they tell. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

MOST_CHANGES = 3  # to the parts in one reading; with more of them almost any number can be had
MOST_READINGS = 12
MOST_TRIED = 200_000


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a sum, and the other numbers it could give."""

    name: str  # of a study, or of a group of them
    number: float
    others: tuple[tuple[float, str], ...] = ()  # number, what it is


@dataclass(frozen=True, slots=True)
class Fit:
    """A reading that gives the stated number."""

    terms: tuple[Term, ...]  # as they are read
    left_out: tuple[str, ...] = ()
    otherwise: tuple[tuple[str, str], ...] = ()  # part, which other number was taken
    rest: float = 0.0  # what those that report nothing would have together
    rest_of: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """What it sums to."""
        return sum(term.number for term in self.terms) + self.rest

    def __str__(self) -> str:
        """As people read it: "12 = 3 + 1 + 8, without Konishi 2022"."""
        numbers = [_shown(term.number) for term in self.terms]
        if len(numbers) > 8:
            numbers = [_shown(sum(term.number for term in self.terms))]
        if self.rest_of:
            numbers.append(f"{_shown(self.rest)} of {_together(self.rest_of)}")
        said = f"{_shown(self.total)} = {' + '.join(numbers) or '0'}"
        taken = [f"{what} of {name}" for name, what in self.otherwise]
        said += f", with those {' and '.join(taken)}" if taken else ""
        return said + (f", without {' and '.join(self.left_out)}" if self.left_out else "")


def _shown(number: float) -> str:
    return f"{number:,.10g}" if number != int(number) else f"{int(number):,}"


def _together(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"the {len(names)} that do not report it"


def fits(terms: Sequence[Term], stated: float) -> tuple[tuple[Fit, ...], bool]:
    """The readings of parts that are all known, fewest changes first, and whether these are all that there are.

    The sum as it stands is none of them: it is held against the number before.
    """
    found: list[Fit] = []
    tried = 0
    for changes in range(1, min(MOST_CHANGES, len(terms)) + 1):
        for which in combinations(range(len(terms)), changes):
            for fit in _changed(terms, which):
                tried += 1
                if len(found) >= MOST_READINGS or tried > MOST_TRIED:
                    return tuple(found), False
                if fit.terms and abs(fit.total - stated) < 1e-9:
                    found.append(fit)
    return tuple(found), True


def _changed(terms: Sequence[Term], which: tuple[int, ...]) -> Iterator[Fit]:
    """The readings in which these parts, and no others, are left out or give another number."""
    for choice in product(*((None, *terms[place].others) for place in which)):
        taken = dict(zip(which, choice, strict=True))
        kept = []
        for place, term in enumerate(terms):
            other = taken.get(place, (term.number, ""))
            if other is not None:
                kept.append(Term(term.name, other[0]))
        yield Fit(
            tuple(kept),
            tuple(terms[place].name for place, other in taken.items() if other is None),
            tuple((terms[place].name, other[1]) for place, other in taken.items() if other is not None),
        )


def with_rest(terms: Sequence[Term], stated: float, unknown: Sequence[str]) -> tuple[Fit, ...]:
    """The readings in which parts without a number make up the rest, each with one at least; one change at most."""
    found = []
    plain = Fit(tuple(Term(term.name, term.number) for term in terms))
    for fit in (plain, *(fit for place in range(len(terms)) for fit in _changed(terms, (place,)))):
        rest = stated - fit.total
        if rest >= len(unknown):
            found.append(Fit(fit.terms, fit.left_out, fit.otherwise, rest, tuple(unknown)))
        elif rest == 0 and fit.terms:
            found.append(Fit(fit.terms, (*fit.left_out, *unknown), fit.otherwise))
    return tuple(found)
