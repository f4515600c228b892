"""What a check finds, and the list of all checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from iimscreen.forensics.reading import Place, Reading


class Severity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"  # PubMed will do something else than what is written
    WARNING = "warning"  # likely loss of eligible reports, or likely noise
    NOTE = "note"  # to be known, or to be looked up where PubMed can be asked


@dataclass(frozen=True, slots=True)
class Hit:
    """One place, or several of the same kind, that a check points at."""

    what: str
    advice: str
    places: tuple[Place, ...] = ()  # none: the strategy as a whole
    severity: Severity | None = None  # None: that of the check


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: its stable code, what its findings weigh, why it matters, and what that rests on."""

    code: str
    severity: Severity
    means: str
    source: str
    find: Callable[[Reading], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Brought:
    """What one term drags in, as far as the records of a corpus tell; titles of records."""

    term: str
    titles: tuple[str, ...]  # found by the strategy, and not without this term
    other_meaning: str | None  # None where we know of none
    in_other_meaning: tuple[str, ...]  # that meaning beside the rest of the strategy, else not found
    telling_other_meaning: tuple[str, ...]  # that meaning without the rest, else not found


@dataclass(frozen=True, slots=True)
class Finding:
    """A hit of a check, as it is told."""

    code: str
    severity: Severity
    what: str
    why: str
    rests_on: str
    advice: str
    places: tuple[Place, ...]
    brings: tuple[Brought, ...] | None = None  # None where no corpus was asked


Finder = Callable[[Reading], Iterator[Hit]]


def check(code: str, severity: Severity, *, means: str, source: str) -> Callable[[Finder], Check]:
    """Make a function a check; its module lists it in CHECKS."""

    def made(find: Finder) -> Check:
        return Check(code, severity, means, source, find)

    return made
