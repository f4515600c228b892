"""Every number of a review by its name: what it is, how much it is, and the rows behind it.

A family is a file here with a function that gives its numbers; names begin with the family's. Whatever
prints a number to be published (figure, report, manuscript, `why`) takes it from here, so all of them agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from iimscreen.errors import InputError
from iimscreen.model import Number
from iimscreen.numbers import (
    appraisal,
    asking,
    audit,
    duplicates,
    extract,
    prisma,
    screening,
    search,
    studies,
)
from iimscreen.numbers.behind import behind, unresolved
from iimscreen.numbers.moment import Moment
from iimscreen.numbers.prisma import of_flow
from iimscreen.store import Review

__all__ = [
    "FAMILIES",
    "asked",
    "behind",
    "every",
    "family_of",
    "listed",
    "named",
    "of_flow",
    "of_version",
    "unresolved",
]

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
_OF_VERSION = re.compile(r"prisma\.v(?P<number>[1-9][0-9]{0,5})(\.|$)", re.ASCII)


def every(review: Review) -> dict[str, Number]:
    """Name → number, of all families, in their order."""
    with review.snapshot() as still:
        moment = Moment(still)
        return {one.name: one for family in FAMILIES.values() for one in family(moment)}


def of_version(review: Review, version: int) -> dict[str, Number]:
    """Name → number, of the flow of a completed version: prisma.v1.records_screened, ...

    Raises InputError if there is no such version, ProtocolError if it can no longer be derived.
    """
    return {one.name: one for one in prisma.of_version(review, version)}


def family_of(review: Review, name: str) -> dict[str, Number]:
    """Name → number, of the family that a name belongs to, and of no other; none where there is no such family."""
    if version := _OF_VERSION.match(name):
        return of_version(review, int(version["number"]))
    family = FAMILIES.get(name.partition(".")[0])
    if family is None:
        return {}
    with review.snapshot() as still:
        return {one.name: one for one in family(Moment(still))}


def listed(review: Review, version: int | None = None) -> tuple[Number, ...]:
    """All numbers in their order; with `version` those of the flow of a completed version."""
    return tuple((every(review) if version is None else of_version(review, version)).values())


def named(review: Review, name: str) -> Number:
    """The number of this name; only its family is worked out. Raises InputError if there is none."""
    known = family_of(review, name)
    if name in known:
        return known[name]
    raise _unknown(review, name, known)


def asked(review: Review, given: str, *, version: int | None = None) -> tuple[Number, ...]:
    """The numbers that a person means: those of a value as it is printed, the one of a name, or those under it.

    With `version` those of the flow of a completed version, which are called "prisma.v1.records_screened" and
    found as "prisma.records_screened" too.

    Raises InputError, naming what may have been meant, if there is none.
    """
    value = asking.read(given)
    if value is None:
        name = given.strip().removeprefix("{{").removesuffix("}}").strip()
        if version is not None:
            name = re.sub(r"^prisma(?!\.v\d)", f"prisma.v{version}", name)
        known = family_of(review, name) if version is None else of_version(review, version)
        found = asking.under(known, name)
        if not found:
            raise _unknown(review, given, known)
        return found
    known = every(review) if version is None else of_version(review, version)
    found = asking.with_value(known, value)
    if not found:
        raise InputError(
            f"no number of this review is {given.strip()}",
            hint="`iimscreen why` lists all numbers; one that was typed by hand may have drifted since",
        )
    return found


def _unknown(review: Review, given: str, known: dict[str, Number]) -> InputError:
    likely = asking.likely(known or every(review), given)
    return InputError(
        f"no number is called {given.strip()!r}",
        hint=f"did you mean {' or '.join(likely)}?" if likely else "`iimscreen why` lists all names",
    )
