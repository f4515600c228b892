"""How the findings on a strategy look: grouped by kind, errors first, each term once."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from rich.text import Text

from iimscreen.forensics import SHOWN_FOR
from iimscreen.render import console, json, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.forensics import Brought, Finding, Place
    from iimscreen.model import Strategy

_COLOURS = {"error": "bold red", "warning": "bold yellow", "note": "bold"}
_TERMS_SHOWN = 6
_TITLES_SHOWN = 3
_LABELS_SHOWN = 4


@dataclass(frozen=True, slots=True)
class LookedUpIn:
    """The corpus in which acronyms were looked up."""

    database: str
    records: int
    with_abstract: int
    not_asked: str | None  # why it could not be asked

    @property
    def sentence(self) -> str:
        """What to think of it."""
        if self.not_asked:
            return f"What they bring is not known: {self.not_asked}."
        return (
            f"Looked up in {counted(self.records, 'record')} of {self.database}, "
            f"{self.with_abstract:,} with an abstract; PubMed searches abstracts too:"
        )


def not_checked(strategy: Strategy, *, as_json: bool) -> None:
    """A strategy for another source than PubMed, of which nothing is said."""
    if as_json:
        json({"strategy": strategy.name, "source": strategy.source, "checked": False, "findings": []})
        return
    _line(
        f"Strategy {strategy.name} is written for {strategy.source}: not checked. "
        "These checks are of PubMed's syntax.",
        0,
    )


def checked(
    strategy: Strategy,
    findings: Sequence[Finding],
    *,
    corpus: LookedUpIn,
    as_json: bool,
) -> None:
    """All findings, and where acronyms were looked up."""
    counts = {kind: sum(one.severity == kind for one in findings) for kind in _COLOURS}
    if as_json:
        json(
            {
                "strategy": strategy.name,
                "source": strategy.source,
                "checked": True,
                "counts": counts,
                "corpus": asdict(corpus),
                "findings": [asdict(one) for one in findings],
            }
        )
        return
    told = ", ".join(counted(count, kind) for kind, count in counts.items())
    _line(f"Strategy {strategy.name}: {told}", 0, "bold")
    for _, group in groupby(findings, key=lambda one: (one.severity, one.code)):
        _group(list(group), strategy, corpus)
    console().print()
    _line("Nothing was asked of PubMed; no finding is no proof that a strategy is good.", 0, "dim")


def _group(findings: list[Finding], strategy: Strategy, corpus: LookedUpIn) -> None:
    """Findings of one kind: why once, what to do once where it is the same for all."""
    first = findings[0]
    console().print()
    console().print(Text.assemble((first.severity, _COLOURS[first.severity]), " ", (first.code, "bold")))
    same_advice = len({one.advice for one in findings}) == 1
    if any(finding.brings for finding in findings) or (first.code == SHOWN_FOR and corpus.not_asked):
        _line(corpus.sentence, 2, "dim")
    for finding in findings:
        _line(f"- {_told(finding, strategy)}", 2)
        for brought in finding.brings or ():
            for line in _brought(brought):
                _line(line, 4, "dim")
        if not same_advice:
            _line(f"Do: {finding.advice}.", 4)
    if same_advice:
        _line(f"Do: {first.advice}.", 2)
    _line(f"Why: {first.why.rstrip('.')}. [{first.rests_on}]", 2, "dim")


def _told(finding: Finding, strategy: Strategy) -> str:
    """What was found and where, in short: the terms too, where the sentence does not name them."""
    places = finding.places
    if not places:
        return finding.what
    if len(places) > 1:
        terms = tuple(dict.fromkeys(place.term for place in places))
        listed = ", ".join(terms[:_TERMS_SHOWN])
        more = len(terms) - _TERMS_SHOWN
        numbers = _numbers([place.line for place in places if place.line])
        return f"{finding.what}: {listed}{f' and {more:,} more' if more > 0 else ''}{numbers}"
    named = "" if places[0].term in finding.what else f"{places[0].term}: "
    return f"{named}{finding.what} ({', '.join(_where(places[0], strategy))})"


def _where(place: Place, strategy: Strategy) -> Iterator[str]:
    if place.block is not None:
        yield f"{place.block}, term {place.number}"
    if len(place.sub_queries) < len(strategy.sub_queries) or place.block is None:
        labels = place.sub_queries
        shown = ", ".join(labels[:_LABELS_SHOWN])
        yield (
            f"in {shown}"
            if len(labels) <= _LABELS_SHOWN
            else f"in {labels[0]} to {labels[-1]} ({len(labels)})"
        )
    if place.line is not None:
        yield f"line {place.line}"
    if place.column is not None and place.column > 1:
        yield f"column {place.column}"


def _numbers(lines: Sequence[int]) -> str:
    distinct = sorted(set(lines))
    if not distinct:
        return ""
    if len(distinct) > _TERMS_SHOWN:
        return f" (lines {distinct[0]} to {distinct[-1]})"
    return f" (line{'s' if len(distinct) > 1 else ''} {', '.join(map(str, distinct))})"


def _brought(brought: Brought) -> Iterator[str]:
    number = counted(len(brought.titles), "record") if brought.titles else "none"
    yield f"{brought.term} alone brings {number}"
    yield from _listed(brought.titles)
    for titles, how in (
        (brought.in_other_meaning, "beside the rest of the search"),
        (brought.telling_other_meaning, "though not beside all the rest"),
    ):
        if titles:
            tell = "record tells" if len(titles) == 1 else "records tell"
            yield f"{len(titles):,} more {tell} its other meaning ({brought.other_meaning}), {how}"
            yield from _listed(titles)


def _listed(titles: Sequence[str]) -> Iterator[str]:
    yield from (f"  {title}" for title in titles[:_TITLES_SHOWN])
    if len(titles) > _TITLES_SHOWN:
        yield f"  and {len(titles) - _TITLES_SHOWN:,} more"


def _line(text: str, indent: int, style: str = "") -> None:
    """A line, broken at blanks and indented, without blanks at its ends."""
    out = console()
    hanging = indent + len(text) - len(text.lstrip(" -"))
    lines = textwrap.wrap(
        plain(text),
        width=max(out.width, 40),
        initial_indent=" " * indent,
        subsequent_indent=" " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    out.print(Text("\n".join(lines), style=style), soft_wrap=True)
