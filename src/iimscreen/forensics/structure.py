"""Checks of the whole: blocks, repeated terms, the sources that are searched."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen.forensics.findings import Check, Hit, Severity, check
from iimscreen.forensics.reading import HEADING_FIELDS, TEXT_FIELDS, Concept, Place, Reading, Use, finds

_PRESS = "PRESS 2015 guideline (PMID 27005575)"
_REGISTERS = ("clinicaltrials", "ictrp", "isrctn", "ctis", "eudract")


def _named(concept: Concept) -> str:
    if concept.name is not None:
        return f"block {concept.name!r}"
    return f"a group of terms in {', '.join(concept.uses[0].written.sub_queries)}"


@check(
    "text-words-only",
    Severity.WARNING,
    means="Records whose title and abstract say it in other words are found by their subject heading alone.",
    source=f"{_PRESS}, subject headings",
)
def text_words_only(reading: Reading) -> Iterator[Hit]:
    """A concept without a heading, of which no term is left to PubMed's mapping."""
    for concept in reading.concepts:
        sought = any(use.searches_text for use in concept.uses)  # else numbers, names of journals or people
        if (
            _is_judged(concept)
            and sought
            and not any(use.term.field in HEADING_FIELDS or _is_mapped(use) for use in concept.uses)
        ):
            yield Hit(
                f"{_named(concept)} has no subject heading, and no term that PubMed would map to one",
                "look for a heading in the MeSH browser and add it with [mh]",
                _places(concept),
            )


def _is_mapped(use: Use) -> bool:
    return not (use.term.field or use.term.is_quoted or use.term.is_truncated)


@check(
    "headings-only",
    Severity.WARNING,
    means="Records not yet indexed, from publishers and from PMC carry no headings: the newest are lost.",
    source=f"{_PRESS}, text words",
)
def headings_only(reading: Reading) -> Iterator[Hit]:
    """A concept of headings, without a word sought in text."""
    for concept in reading.concepts:
        if _is_judged(concept) and all(use.term.field in HEADING_FIELDS for use in concept.uses):
            yield Hit(
                f"{_named(concept)} searches headings only",
                "add the words themselves with [tiab]",
                _places(concept),
            )


def _is_judged(concept: Concept) -> bool:
    """Whether a concept is written in full here: of sub-queries written out, the groups in OR are."""
    return concept.is_block or len(concept.uses) > 1


def _places(concept: Concept) -> tuple[Place, ...]:
    return tuple(use.place for use in concept.uses)


@check(
    "single-term-block",
    Severity.NOTE,
    means="One word is rarely all that authors use for a concept; every synonym left out loses reports.",
    source=f"{_PRESS}, text words and subject headings",
)
def single_term_block(reading: Reading) -> Iterator[Hit]:
    """A block of one term."""
    for concept in reading.concepts:
        if concept.is_block and len(concept.uses) == 1:
            yield Hit(f"{_named(concept)} is one term", "add its synonyms", (concept.uses[0].place,))


@check(
    "redundant-term",
    Severity.NOTE,
    means="A term that another one of its block contains finds nothing more and makes the search harder to read.",
    source=f"{_PRESS}, spelling and syntax",
)
def redundant_term(reading: Reading) -> Iterator[Hit]:
    """A term of which every hit is a hit of another term beside it."""
    for concept in reading.concepts:
        for number, use in enumerate(concept.uses):
            wider = next(
                (
                    other
                    for place, other in enumerate(concept.uses)
                    if place != number and _contains(other, use, is_earlier=place < number)
                ),
                None,
            )
            if wider is not None:
                is_same = use.term.shown == wider.term.shown
                yield Hit(
                    f"{use.term.shown} {'stands twice' if is_same else f'is contained in {wider.term.shown}'}",
                    "remove it, unless you wish to count what it finds",
                    (use.place,),
                )


def _contains(wider: Use, use: Use, *, is_earlier: bool) -> bool:
    """Whether one term finds all that another finds; of two that are the same, the earlier is kept."""
    if wider.term.field != use.term.field or not wider.words:
        return False
    if wider.asks_for_nearness or use.asks_for_nearness:
        return False
    if wider.words == use.words and wider.term.is_quoted == use.term.is_quoted:
        return is_earlier
    if use.term.field not in TEXT_FIELDS or not use.searches_text:
        return wider.words == use.words and is_earlier
    if not use.term.field and not use.term.is_quoted:
        return False  # an untagged term is mapped, so it finds more than its words
    return finds(wider, use.words) and not (wider.words == use.words and not is_earlier)


@check(
    "term-in-two-blocks",
    Severity.WARNING,
    means="A record with this word alone meets both blocks, so the AND between them no longer limits it.",
    source="how AND and OR combine",
)
def term_in_two_blocks(reading: Reading) -> Iterator[Hit]:
    """The same words in two blocks."""
    first: dict[tuple[str, ...], Use] = {}
    for use in (use for concept in reading.concepts if concept.is_block for use in concept.uses):
        earlier = first.setdefault(use.words, use)
        if use.words and earlier.written.block != use.written.block:
            yield Hit(
                f"{use.term.shown} also stands in block {earlier.written.block!r}",
                "keep it in one block",
                (use.place,),
            )


def _named_sources(reading: Reading) -> list[str]:
    return [name for one in reading.other_sources if (name := one.strip().casefold())]


def _is_register(name: str) -> bool:
    return any(register in name for register in _REGISTERS)


def _is_medline(name: str) -> bool:
    return "pubmed" in name or "medline" in name


@check(
    "single-database",
    Severity.WARNING,
    means="No database holds all reports; a search of PubMed alone misses what is indexed elsewhere.",
    source="AMSTAR 2 item 4 asks for two databases or more, the Cochrane Handbook (chapter 4) for CENTRAL, "
    "MEDLINE and Embase; PRISMA-S item 1",
)
def single_database(reading: Reading) -> Iterator[Hit]:
    """No strategy for another database in this folder; exports from one can be imported all the same."""
    databases = [one for one in _named_sources(reading) if not _is_register(one) and not _is_medline(one)]
    if not databases:
        yield Hit(
            "no other strategy of this folder searches another database",
            "search a second one and bring its export in (iimscreen import FILE --database NAME); "
            "here, name it with --also",
        )


@check(
    "no-register",
    Severity.NOTE,
    means="Trials that are finished and not published, or still running, stand in registers only.",
    source="PRISMA-S item 3; PRISMA 2020 flow diagram, the box for registers",
)
def no_register(reading: Reading) -> Iterator[Hit]:
    """No strategy for a register of trials in this folder."""
    if not any(map(_is_register, _named_sources(reading))):
        yield Hit(
            "no strategy of this folder searches a register",
            'add a strategy file with source = "clinicaltrials"',
        )


CHECKS: tuple[Check, ...] = (
    text_words_only,
    headings_only,
    single_term_block,
    redundant_term,
    term_in_two_blocks,
    single_database,
    no_register,
)
