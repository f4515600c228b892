"""Every number of a review by its name: what it is, how much it is, and the rows behind it.

A family is a file here with a function that gives its numbers; names begin with the family's. Whatever
prints a number to be published (figure, report, manuscript, `why`) takes it from here, so all of them agree.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from iimscreen.errors import InputError
from iimscreen.model import Number
from iimscreen.numbers import appraisal, audit, duplicates, extract, prisma, screening, search, studies
from iimscreen.numbers.behind import behind
from iimscreen.numbers.moment import Moment
from iimscreen.store import Review

__all__ = ["FAMILIES", "behind", "every", "named"]

FAMILIES: dict[str, Callable[[Moment], Iterable[Number]]] = {
    "prisma": prisma.numbers,
    "search": search.numbers,
    "duplicates": duplicates.numbers,
    "screening": screening.numbers,
    "studies": studies.numbers,
    "extract": extract.numbers,
    "appraisal": appraisal.numbers,
    "audit": audit.numbers,
}


def every(review: Review) -> dict[str, Number]:
    """Name → number, of all families, in their order."""
    with review.snapshot() as still:
        moment = Moment(still)
        return {one.name: one for family in FAMILIES.values() for one in family(moment)}


def named(review: Review, name: str) -> Number:
    """The number of this name; only its family is worked out. Raises InputError if there is none."""
    family = FAMILIES.get(name.partition(".")[0])
    known: dict[str, Number] = {}
    if family is not None:
        with review.snapshot() as still:
            known = {one.name: one for one in family(Moment(still))}
    if name in known:
        return known[name]
    likely = difflib.get_close_matches(name, list(known) or list(every(review)), n=3, cutoff=0.5)
    raise InputError(
        f"no number is called {name!r}",
        hint=f"did you mean {' or '.join(likely)}?" if likely else "`iimscreen why` lists all names",
    )
