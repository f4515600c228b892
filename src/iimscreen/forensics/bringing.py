"""What one term alone brings: records that a strategy would not find without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from iimscreen import syntax
from iimscreen.forensics.findings import Brought, Finding
from iimscreen.forensics.tables import ACRONYMS
from iimscreen.model import Record, Strategy
from iimscreen.syntax import Node, SearchTerm

SHOWN_FOR = "bare-acronym"

Ask = Callable[[str], Mapping[str, Record]]  # one term, as written, to the records it finds, by accession


def brought_by(findings: Sequence[Finding], strategy: Strategy, ask: Ask) -> list[Finding]:
    """The findings, those on acronyms with the titles that they drag in.

    `ask` searches one term; what it raises is passed on. Each term is asked once.
    """
    known: dict[str, Mapping[str, Record]] = {}
    records: dict[str, Record] = {}

    def found_by(term: str) -> frozenset[str]:
        if term not in known:
            known[term] = ask(term)
            records.update(known[term])
        return frozenset(known[term])

    roots = [syntax.read(sub_query.text_sent).root for sub_query in strategy.sub_queries]

    def found(term: str | None = None, instead: Sequence[str] = ()) -> frozenset[str]:
        """What the strategy finds with other terms in place of one."""
        others = frozenset[str]().union(*(found_by(one) for one in instead)) if instead else None

        def of(leaf: SearchTerm) -> frozenset[str] | None:
            return others if leaf.shown == term else found_by(leaf.shown)

        parts = [_found(root, of) for root in roots if root is not None]
        return frozenset[str]().union(*(part for part in parts if part is not None))

    def titles(keys: frozenset[str]) -> tuple[str, ...]:
        return tuple(records[key].title or "[no title]" for key in sorted(keys))

    def brought(term: str) -> Brought:
        meaning = ACRONYMS.get(syntax.read(term).terms[0].text.strip('"'))
        told_by = meaning.told_by if meaning else ()
        telling = frozenset[str]().union(*map(found_by, told_by)) - found()
        beside_the_rest = found(term, told_by) - found()
        return Brought(
            term,
            titles(found() - found(term)),
            meaning.name if meaning else None,
            titles(beside_the_rest),
            titles(telling - beside_the_rest),
        )

    return [
        replace(finding, brings=tuple(map(brought, dict.fromkeys(place.term for place in finding.places))))
        if finding.code == SHOWN_FOR
        else finding
        for finding in findings
    ]


def _found(node: Node, of: Callable[[SearchTerm], frozenset[str] | None]) -> frozenset[str] | None:
    """What a part finds, given what its terms find; None where a term was struck and nothing is left."""
    if isinstance(node, SearchTerm):
        return of(node)
    first, *others = (_found(part, of) for part in node.parts)
    if node.operator == "OR":
        left = [part for part in (first, *others) if part is not None]
        return frozenset[str]().union(*left) if left else None
    for other in others:
        if node.operator == "AND":
            first = None if first is None or other is None else first & other
        elif first is not None and other is not None:
            first -= other
    return first
