"""The report of the search: the 16 items of PRISMA-S, filled from the log where it can tell.

Source of the items: Rethlefsen et al. 2021, Syst Rev 10:39 (doi 10.1186/s13643-020-01542-z), in our
words. What only people know comes from their notes (`iimscreen source note`), or is left to be written;
nothing is guessed. Every part says where it comes from. Nothing here is built on votes.
"""

from __future__ import annotations

from collections.abc import Callable

from iimscreen import __version__
from iimscreen.appendix import numbers, sources, strategies
from iimscreen.appendix.facts import Facts
from iimscreen.appendix.parts import ITEMS, Appendix, Filled, Item, Statement
from iimscreen.review_protocol import in_force
from iimscreen.store import Review
from iimscreen.store.connection import now
from iimscreen.store.notes import Note

_FILL: dict[int, Callable[[Facts], Filled]] = {
    1: sources.databases,
    3: sources.registers,
    4: sources.browsed,
    5: sources.citation_searching,
    7: sources.other_methods,
    8: strategies.strategies,
    9: strategies.limits,
    10: strategies.filters,
    11: sources.prior_work,
    12: strategies.updates,
    13: numbers.dates,
    15: numbers.totals,
    16: numbers.deduplication,
}

_PER_SOURCE = (1, 8, 13)


def build(review: Review) -> Appendix:
    """The appendix of a review as its log stands now."""
    with review.snapshot() as still:
        facts = Facts(still)
        protocol = in_force(still)
        return Appendix(
            title=protocol.title,
            notice=protocol.notice,
            made_at=now(),
            tool_version=__version__,
            log_ends_with=facts.log[-1].uid,
            interim=tuple(facts.unfinished()),
            items=tuple(_item(facts, *one) for one in ITEMS),
        )


def _item(facts: Facts, number: int, name: str, to_write: str) -> Item:
    filled, asks = _FILL[number](facts) if number in _FILL else ([], to_write)
    noted = [_noted(note) for note in facts.notes if note.item == number]
    # What is asked of each source by its name is answered by that source's note alone; see facts.noted.
    left = "" if noted and number not in _PER_SOURCE else asks
    return Item(number, name, (*filled, *noted), left)


def _noted(note: Note) -> Statement:
    about = f"{note.source}: " if note.source else ""
    when = f", done on {note.done_on}" if note.done_on else ""
    return Statement(
        f"{about}{note.text}", f"note {note.number} by {note.actor}, written on {note.at[:10]}{when}"
    )
