"""A review that stands still while its report is made, with what several sections read of it, read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from iimscreen import amending, appendix, diagram, numbers, protocol, reliability, review_flow, tabulating
from iimscreen.appendix.parts import Appendix
from iimscreen.errors import ProtocolError
from iimscreen.flow import Flow
from iimscreen.model import Number, Protocol
from iimscreen.reliability.comparing import PairAgreement
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, protocols
from iimscreen.store.gate import Gate
from iimscreen.tables import Table
from iimscreen.voting import State

FULL_TEXT, TITLE_ABSTRACT = protocol.FULL_TEXT, protocol.TITLE_ABSTRACT
AT = {TITLE_ABSTRACT: "title and abstract", FULL_TEXT: "full text"}
NOUN = {TITLE_ABSTRACT: "record", FULL_TEXT: "report"}


@dataclass(frozen=True, slots=True)
class Judged:
    """How the records of an open stage were really judged, whatever the plan was."""

    by_two: int  # records with an outcome, or in conflict, that two or more people voted on
    by_one: tuple[str, ...]  # keys
    by_final_word: int  # nobody's vote stands, a final word does
    votes: int
    blind: int  # votes given before the other's on that record could be seen
    seen: int  # votes given when another's could be seen
    unknown: int  # votes of files of other tools, of which that is not known

    @property
    def records(self) -> int:
        """All of them."""
        return self.by_two + len(self.by_one) + self.by_final_word


class Still:
    """A review at one moment."""

    def __init__(self, review: Review) -> None:
        self.review = review

    @cached_property
    def protocol(self) -> Protocol:
        """The protocol in force."""
        return in_force(self.review)

    @cached_property
    def versions(self) -> list[protocols.Version]:
        """Of the protocol, oldest first."""
        return protocols.versions(self.review)

    @cached_property
    def gate(self) -> Gate:
        """What may be seen of votes."""
        return Gate(self.review, self.protocol)

    @cached_property
    def numbers(self) -> dict[str, Number]:
        """Every number by its name."""
        return numbers.every(self.review)

    @cached_property
    def flow(self) -> Flow:
        """The flow as it stands."""
        return review_flow.prisma(self.review)

    @cached_property
    def diagram(self) -> diagram.Diagram:
        """The flow as boxes."""
        return diagram.of_flow(self.flow)

    @cached_property
    def search(self) -> Appendix:
        """The report of the search."""
        return appendix.build(self.review)

    @cached_property
    def amendments(self) -> amending.Amendments:
        """Amendments of the protocol, as far as what they touch is open to view."""
        return amending.amendments(self.review)

    @cached_property
    def agreements(self) -> dict[str, tuple[PairAgreement, ...]]:
        """Stage → agreement of its pairs and in its rounds, of what is open to view."""
        found = {}
        for stage in self.protocol.stages:
            try:
                found[stage.name] = reliability.agreements(self.review, stage.name).pairs
            except ProtocolError:  # nothing of it is open to view
                found[stage.name] = ()
        return found

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Name → table of extracted data; none while there is no form or no study."""
        if self.protocol.form is None:
            return {}
        try:
            made = tabulating.tabulate(self.review, tables_alone=True).tables
        except ProtocolError:  # there is no study yet
            return {}
        return {table.name: self._without_notice(table) for table in made}

    def _without_notice(self, table: Table) -> Table:
        """The notice stands over the whole report, and need not stand over each of its tables."""
        return replace(table, stamps=tuple(one for one in table.stamps if one != self.protocol.notice))

    def value(self, name: str) -> int:
        """A count by its name; 0 where there is none, or where it is closed."""
        one = self.numbers.get(name)
        return int(one.value) if one is not None and one.value is not None else 0

    def rows(self, name: str) -> frozenset[str]:
        """What is behind a number; nothing where it is closed."""
        one = self.numbers.get(name)
        return frozenset(one.rows) if one is not None else frozenset()

    def corrected(self, stage: str) -> frozenset[str]:
        """Records of an open stage whose votes agreed, and on which a final word stands nevertheless."""
        base = f"screening.{stage}"
        settled = self.rows(f"{base}.resolved") - self.rows(f"{base}.disagreements")
        if not settled:
            return settled
        said = self.gate.votes(stage)
        return frozenset(key for key in settled if said.get(key))

    def is_known(self, name: str) -> bool:
        """Whether there is a number of this name with a value."""
        one = self.numbers.get(name)
        return one is not None and one.value is not None

    def under(self, prefix: str) -> Iterator[Number]:
        """The numbers one level under a name that are more than none."""
        depth = prefix.count(".") + 1
        for name, one in self.numbers.items():
            if name.startswith(f"{prefix}.") and name.count(".") == depth and one.value:
                yield one

    def judged(self, stage: str) -> Judged | None:
        """How a stage was judged; None while it is not open to view."""
        if not self.gate.is_open(stage):
            return None
        pool = self.gate.pool(stage)
        if not pool:
            return Judged(0, (), 0, 0, 0, 0, 0)
        said = self.gate.votes(stage)
        two = votes = blind = seen = alone = 0
        one: list[str] = []
        for key, outcome in self.gate.outcomes(stage).items():
            if outcome.state is State.PENDING:
                continue
            words = said.get(key, [])
            people = len({vote.names[0] for vote in words})
            if people > 1:
                two += 1
            elif people:
                one.append(key)
            else:
                alone += 1
            for vote in words:
                votes += 1
                blind += vote.was_open is False
                seen += vote.was_open is True
        return Judged(two, tuple(one), alone, votes, blind, seen, votes - blind - seen)


def listed(names: Iterable[str]) -> str:
    """Names as a sentence has them: "A, B and C"."""
    found = list(names)
    return " and ".join(filter(None, (", ".join(found[:-1]), *found[-1:])))


def was(count: int) -> str:
    """The verb for so many."""
    return "was" if count == 1 else "were"


def day(at: str) -> str:
    """The day of a moment of the log."""
    return at[:10]
