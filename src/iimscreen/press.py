"""The peer review sheet of a strategy, after the six elements of PRESS 2015, as Markdown to fill in. Pure.

It lays out what the machine knows (the lines, their hits offline, findings of the check) beside the
questions, and answers none of them. The questions are in our words; the elements are those of
McGowan et al. 2016 (J Clin Epidemiol 75:40-46, PMID 27005575).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iimscreen.model import Strategy
from iimscreen.recall import letter_of

if TYPE_CHECKING:
    from iimscreen.forensics import Finding

TO_FILL = "______"
_WHOLE = "the strategy as a whole"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the strategy as the sheet numbers it."""

    number: int
    code: str  # "A1" for a term, else the label of a sub-query
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What an automatic check says, and of which lines (none: of the whole strategy)."""

    code: str
    severity: str
    what: str
    advice: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """Hits per line's code in one source that is not PubMed; why there are none, where there are none."""

    source: str
    by_code: Mapping[str, int]
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of PRESS, our questions on it, and the codes of checks that bear on it."""

    name: str
    questions: tuple[str, ...]
    codes: frozenset[str]


ELEMENTS: tuple[Element, ...] = (
    Element(
        "Translation of the research question",
        (
            "Does every concept of the question that reports can be searched by have a block, and no other?",
            "Is each block as wide as the eligibility criteria, and no outcome or setting required that a report may "
            "leave unsaid?",
            "Would the number of hits be bearable to read, and is it about what was expected?",
        ),
        frozenset({"single-term-block"}),
    ),
    Element(
        "Boolean and proximity operators",
        (
            "Is OR used inside concepts and AND between them, each in capitals?",
            "Do parentheses say what is meant, given that PubMed reads from left to right?",
            "Is every NOT safe, in that no eligible report can carry the words it removes?",
            "Are words that must stand together kept together, as a phrase or by proximity, and not too strictly?",
        ),
        frozenset(
            {
                "mixed-operators",
                "small-operator",
                "tag-on-group",
                "unmatched-parenthesis",
                "proximity-misuse",
                "term-in-two-blocks",
            }
        ),
    ),
    Element(
        "Subject headings",
        (
            "Does each concept have its headings, and does each heading exist as spelt, now and in earlier years?",
            "Are narrower headings taken in where wanted, and left out where not?",
            "Are major-topic limits and subheadings absent, or justified?",
            "Are headings and text words both there, so that records without indexing are found?",
        ),
        frozenset(
            {
                "text-words-only",
                "heading-unchecked",
                "major-topic",
                "no-explosion",
                "mapping-lost",
                "mapping-off",
            }
        ),
    ),
    Element(
        "Text word searching",
        (
            "Are synonyms, abbreviations, trade and generic names, older and newer wordings there?",
            "Are singular and plural, spellings of other countries, hyphens and word order covered?",
            "Does truncation stand where word endings vary, neither too early nor too late?",
            "Are the fields searched wide enough, and does any abbreviation mean other things as well?",
        ),
        frozenset(
            {
                "headings-only",
                "bare-acronym",
                "not-a-name",
                "class-without-members",
                "hyphen-variant",
                "plural-variant",
                "truncation-too-short",
                "truncation-misplaced",
                "truncation-inside-phrase",
                "phrase-index",
                "hyphen-in-phrase",
                "unquoted-phrase",
                "foreign-syntax",
                "stopword",
                "redundant-term",
            }
        ),
    ),
    Element(
        "Spelling, syntax and line numbers",
        (
            "Is every word spelt right, and every field tag one that the database has?",
            "Do quotes and parentheses close, and do references to other lines point at the right ones?",
            "Did the database report words or phrases that it did not know, when the strategy was run?",
        ),
        frozenset(
            {
                "unmatched-quote",
                "stray-tag",
                "unknown-tag",
                "curly-quotes",
                "spelling-variant",
                "too-long",
                "search-query",
                "history-reference",
            }
        ),
    ),
    Element(
        "Limits and filters",
        (
            "Does every limit (date, language, age, humans, type of publication) follow from the protocol?",
            "Do filters lose records that are not indexed yet, or never will be?",
            "Is each filter a published and tested one, cited, and fit for this database?",
        ),
        frozenset(
            {
                "not-animals",
                "not-publication-type",
                "not-age",
                "not-other",
                "language-limit",
                "publication-date-limit",
                "entry-date-limit",
                "indexing-limit",
                "unreadable-date",
            }
        ),
    ),
)


def lines_of(strategy: Strategy) -> tuple[Line, ...]:
    """The lines of a strategy, numbered from 1: the terms of its blocks, then its sub-queries."""
    found: list[Line] = []
    for place, block in enumerate(strategy.blocks):
        for number, term in enumerate(block.terms, start=1):
            code = f"{letter_of(place)}{number}"
            found.append(Line(len(found) + 1, code, term.text, term.reason))
    for sub_query in strategy.sub_queries:
        found.append(Line(len(found) + 1, sub_query.label, sub_query.text, ""))
    return tuple(found)


def remark_of(finding: Finding, strategy: Strategy) -> Remark:
    """A finding of `strategy check` with the sheet's line numbers."""
    numbers = {line.code: line.number for line in lines_of(strategy)}
    letters = {block.name: letter_of(place) for place, block in enumerate(strategy.blocks)}
    codes = [
        [f"{letters[place.block]}{place.number}"] if place.block in letters else place.sub_queries
        for place in finding.places
    ]
    named = {numbers[code] for some in codes for code in some if code in numbers}
    return Remark(finding.code, finding.severity.value, finding.what, finding.advice, tuple(sorted(named)))


def sheet(
    strategy: Strategy, *, remarks: Sequence[Remark] | None, hits: Hits, version: str, made_on: str
) -> str:
    """The sheet as Markdown. `remarks` is None where no check was made; `made_on` is a date."""
    return "\n".join(_sheet(strategy, remarks, hits, version, made_on)) + "\n"


def _sheet(
    strategy: Strategy, remarks: Sequence[Remark] | None, hits: Hits, version: str, made_on: str
) -> Iterator[str]:
    yield f"# Peer review of a search strategy: {_cell(strategy.title)}"
    yield ""
    yield (
        "After the six elements of PRESS 2015 (McGowan et al., J Clin Epidemiol 2016;75:40-46, PMID 27005575); the "
        "questions are worded anew. Read the guideline itself with this sheet."
    )
    yield ""
    yield (
        f"Made by iimscreen {version} on {made_on} from strategy `{strategy.name}` "
        f"(SHA-256 `{strategy.sha256[:16]}…`). Lines marked *automatic* were filled by the program; every judgement "
        f"is left to the reviewer ({TO_FILL})."
    )
    yield from _people()
    yield from _as_written(strategy, hits)
    yield from _elements(remarks)
    yield from _verdict()


def _people() -> Iterator[str]:
    yield from ("", "## Who", "", "| | Searcher | Peer reviewer |", "|---|---|---|")
    for row in ("Name", "Affiliation, profession", "E-mail", "Date sent", "Date returned"):
        yield f"| {row} | {TO_FILL} | {TO_FILL} |"
    yield f"| Declaration: interests in the question, part in the review | {TO_FILL} | {TO_FILL} |"
    yield ""
    yield f"Research question, with population, intervention, comparison, outcome, designs: {TO_FILL}"
    yield ""
    yield f"Databases and platforms that the strategy is meant for: {TO_FILL}"


def _as_written(strategy: Strategy, hits: Hits) -> Iterator[str]:
    yield from ("", "## The strategy as written (automatic)", "")
    if strategy.limit:
        yield f"Date limit, added to every sub-query: `{strategy.limit}`"
    else:
        yield "Date limit: none"
    if strategy.combination:
        how = {
            "each-pair": "each term of the first block with each of the second, one sub-query a pair",
            "all-blocks": "OR inside blocks, AND between them",
        }[strategy.combination]
        yield f"Blocks are combined: {how}."
    yield ""
    names = [f"{letter_of(place)} {_cell(block.name)}" for place, block in enumerate(strategy.blocks)]
    if names:
        yield f"Blocks: {', '.join(names)}."
        yield ""
    if hits.by_code:
        yield (
            f"Hits are those in: {_cell(hits.source)}, offline, under the date limit. They are **not** hits in "
            "PubMed, which the searcher writes into the last column."
        )
    else:
        yield f"Hits offline: none to show{f' ({_cell(hits.cause)})' if hits.cause else ''}."
    yield ""
    yield "| Line | | Text | Why it stands there | Hits offline | Hits in PubMed |"
    yield "|--:|---|---|---|--:|--:|"
    for line in lines_of(strategy):
        found = hits.by_code.get(line.code)
        shown = "–" if found is None else f"{found:,}"
        text = _code(line.text)
        yield f"| {line.number} | {_cell(line.code)} | {text} | {_cell(line.reason)} | {shown} | {TO_FILL} |"


def _elements(remarks: Sequence[Remark] | None) -> Iterator[str]:
    for number, element in enumerate(ELEMENTS, start=1):
        yield from ("", f"## {number}. {element.name}", "")
        yield from (f"- {question} {TO_FILL}" for question in element.questions)
        yield from ("", "*Automatic findings:*", "")
        yield from _told(remarks, element.codes)
        yield from ("", *_choice(), "", f"Comments, with line numbers: {TO_FILL}")
    known = frozenset().union(*(element.codes for element in ELEMENTS))
    other = [remark for remark in remarks or () if remark.code not in known]
    if other:
        yield from ("", "## Beyond the six elements", "", "*Automatic findings:*", "")
        yield from _told(other, frozenset(remark.code for remark in other))


def _told(remarks: Sequence[Remark] | None, codes: frozenset[str]) -> Iterator[str]:
    if remarks is None:
        yield "- no automatic check was made"
        return
    mine = [remark for remark in remarks if remark.code in codes]
    if not mine:
        yield "- none, which is no sign that nothing is wrong"
    for remark in mine:
        lines = ", ".join(map(str, remark.lines))
        where = _WHOLE if not lines else f"line{'s' if len(remark.lines) > 1 else ''} {lines}"
        advice = f" Advice: {_cell(remark.advice)}" if remark.advice else ""
        yield f"- {remark.severity} `{remark.code}`, {where}: {_cell(remark.what)}.{advice}"


def _choice() -> tuple[str, ...]:
    return (
        "- [ ] leave as it is (no revisions)",
        "- [ ] could be better (revisions suggested)",
        "- [ ] must be changed (revisions required)",
    )


def _verdict() -> Iterator[str]:
    yield from ("", "## Overall", "")
    yield from _choice()
    yield ""
    yield f"Summary for the searcher, most important change first: {TO_FILL}"
    yield ""
    yield f"Errors that would have changed what is found, and how many hits each changed: {TO_FILL}"
    yield ""
    yield f"Answer of the searcher, change by change, and date: {TO_FILL}"
    yield ""
    yield f"Signed (peer reviewer, date): {TO_FILL}"


def _cell(text: str) -> str:
    """Text that neither ends a cell nor is read as markup."""
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(text.split()).rstrip("."))


def _code(text: str) -> str:
    """Text in a code span, whatever backticks and bars it holds."""
    plain = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", plain)), default=0) + 1)
    pad = " " if "`" in plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"
