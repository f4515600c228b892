"""Checks of what a strategy keeps out: NOT, dates, languages, narrow headings."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen import syntax
from iimscreen.forensics.findings import Check, Hit, Severity, check
from iimscreen.forensics.reading import Reading, Written, words_of
from iimscreen.syntax import Junction, Node, SearchTerm

_ANIMALS = frozenset({"animal", "animals", "animal*", "mice", "mouse", "rat", "rats", "rodentia", "nonhuman"})
_HUMANS = frozenset({"human", "humans", "human*"})
_AGES = frozenset(
    words_of(
        "child children child* infant infants infant* newborn adolescent adolescents adolescence adolescen* juvenile "
        "juvenile* pediatric paediatric pediatric* paediatric* pediatrics paediatrics aged elderly adult adults adult*"
    )
)
_TYPES = frozenset(
    words_of(
        "review reviews review* letter letters editorial editorials comment comments abstract abstracts "
        "protocol protocols"
    )
)
_LANGUAGES = frozenset(words_of("chinese english french german italian japanese portuguese russian spanish"))
# Types that records have before, or without, being indexed.
_TYPES_OF_PUBLISHERS = frozenset({"journal article", "preprint"})
# Filters that ask for headings, types or the status MEDLINE. Others, such as therapy/broad, systematic or
# free full text, search words too or no indexing at all.
_INDEXED_FILTERS = frozenset(
    words_of(
        "medline human humans animal animals otheranimals male female alladult allchild allinfant adult aged "
        "middleaged youngadult 80andover adolescent child preschoolchild infant newborn clinicaltrial "
        "randomizedcontrolledtrial controlledclinicaltrial review metaanalysis casereports guideline "
        "observationalstudy multicenterstudy"
    )
)
_MECIR = "Cochrane Handbook, chapter 4"


def _denials(reading: Reading) -> Iterator[tuple[Written, Node]]:
    """Each part that a NOT takes away, outermost ones only, with the text in which it stands."""
    for written in reading.texts:
        waiting = [written.query.root] if written.query.root is not None else []
        while waiting:
            node = waiting.pop()
            if not isinstance(node, Junction):
                continue
            if node.operator == "NOT":
                for part in node.parts[1:]:
                    yield written, part
                waiting.append(node.parts[0])
            else:
                waiting.extend(node.parts)


def _taken(part: Node) -> list[SearchTerm]:
    """The terms of a denied part that take records away; the inner NOT of a safe form gives them back."""
    return [node for node, given_back in syntax.walk(part) if isinstance(node, SearchTerm) and not given_back]


def _given_back(part: Node) -> set[str]:
    return {
        word
        for node, given_back in syntax.walk(part)
        if isinstance(node, SearchTerm) and given_back
        for word in words_of(node.text)
    }


def _is_of(term: SearchTerm, words: frozenset[str]) -> bool:
    return not words.isdisjoint(words_of(term.text))


def _is_type(term: SearchTerm) -> bool:
    return term.field == "pt" or (term.field != "la" and _is_of(term, _TYPES))


@check(
    "not-animals",
    Severity.WARNING,
    means="Studies in humans that also report animals carry both headings, and NOT takes them away.",
    source=f"{_MECIR}, the search filters for randomised trials",
)
def not_animals(reading: Reading) -> Iterator[Hit]:
    """Animals taken away, and humans not given back."""
    for written, part in _denials(reading):
        terms = [term for term in _taken(part) if _is_of(term, _ANIMALS)]
        if terms and _HUMANS.isdisjoint(_given_back(part)):
            yield Hit(
                "NOT takes away every record that mentions animals",
                "write NOT (animals[mh] NOT humans[mh])",
                tuple(written.of(term) for term in terms),
            )


@check(
    "not-publication-type",
    Severity.WARNING,
    means="Types are assigned by indexers and overlap: a report of patients may be a letter, and a review too.",
    source="the published review kept a report that calls itself a review (its reference 32)",
)
def not_publication_type(reading: Reading) -> Iterator[Hit]:
    """Reviews, letters and the like taken away by NOT."""
    for written, part in _denials(reading):
        terms = [term for term in _taken(part) if _is_type(term) and not _is_of(term, _ANIMALS)]
        if terms:
            yield Hit(
                "NOT takes away a type of publication",
                "leave it out, and exclude these at screening with a reason",
                tuple(written.of(term) for term in terms),
            )


@check(
    "not-age",
    Severity.WARNING,
    means="Series of patients of several ages carry several age words, and NOT takes the mixed ones away.",
    source="a report in the published review mixes adult and juvenile disease (its reference 26)",
)
def not_age(reading: Reading) -> Iterator[Hit]:
    """An age group taken away, and no other age given back."""
    for written, part in _denials(reading):
        terms = [term for term in _taken(part) if _is_of(term, _AGES)]
        if terms and _AGES.isdisjoint(_given_back(part)):
            yield Hit(
                "NOT takes away every record that mentions an age group",
                "leave it out and exclude at screening, or write NOT (child[mh] NOT adult[mh])",
                tuple(written.of(term) for term in terms),
            )


@check(
    "not-other",
    Severity.WARNING,
    means="NOT takes away every record that mentions the words, also those that compare or merely name them.",
    source=f"{_MECIR}: NOT is to be avoided where possible",
)
def not_other(reading: Reading) -> Iterator[Hit]:
    """Any other NOT, but dates, and what an earlier search has found."""
    for written, part in _denials(reading):
        terms = [
            term
            for term in _taken(part)
            if not (_is_of(term, _ANIMALS | _AGES) or _is_type(term))
            and term.field not in {*syntax.DATE_TAGS, "la", "uid"}
            and not term.text.startswith("#")
        ]
        if terms:
            yield Hit(
                "NOT takes away every record that mentions this",
                "leave it out, and exclude at screening with a reason",
                tuple(written.of(term) for term in terms),
            )


@check(
    "language-limit",
    Severity.WARNING,
    means="Eligible reports in other languages are lost, and reviewers cannot say how many.",
    source=f"{_MECIR}; PRISMA-S item 9 asks to justify it",
)
def language_limit(reading: Reading) -> Iterator[Hit]:
    """A language asked for, or taken away."""
    places = tuple(
        use.place
        for use in reading.uses
        if use.term.field == "la" or (use.term.field == "sb" and not _LANGUAGES.isdisjoint(use.words))
    )
    if places:
        yield Hit("a limit of language", "leave it out, and note at full text what you cannot read", places)


@check(
    "publication-date-limit",
    Severity.WARNING,
    means="Publication dates move: reports online ahead of print fall on either side of the day, so a rerun "
    "as of that day does not give what was there.",
    source="NLM Technical Bulletin 2008 on [crdt]; replies of PubMed captured in 2026",
)
def publication_date_limit(reading: Reading) -> Iterator[Hit]:
    """A limit by [dp], in the strategy's own date or in a term."""
    yield from _dated(reading, ("dp", "epdat", "ppdat"), "the day of publication")


@check(
    "entry-date-limit",
    Severity.WARNING,
    means="PubMed sets the Entrez date back to the publication date when a record comes over a year late, "
    "so late additions appear to have been there.",
    source="NLM Technical Bulletin 2008 on [crdt]",
)
def entry_date_limit(reading: Reading) -> Iterator[Hit]:
    """A limit by [edat]."""
    yield from _dated(reading, ("edat",), "the Entrez date")


def _dated(reading: Reading, fields: tuple[str, ...], named: str) -> Iterator[Hit]:
    what, advice = f"limited by {named}", 'limit by [crdt], the day of entry: date_field = "crdt"'
    limit = syntax.read(reading.strategy.limit).terms
    if limit and limit[0].field in fields:
        yield Hit(f"the strategy's date is {what}", advice)
    places = tuple(use.place for use in reading.uses if use.term.field in fields)
    if places:
        yield Hit(f"a term is {what}", advice, places)


@check(
    "major-topic",
    Severity.WARNING,
    means="[majr] finds only records in which the indexer took the heading for a main point.",
    source="PubMed's help, MeSH major topic",
)
def major_topic(reading: Reading) -> Iterator[Hit]:
    """A heading asked for as a major topic."""
    yield from _narrowed(reading, ("majr", "majr:noexp"), "asked for as a main point only", "use [mh]")


@check(
    "no-explosion",
    Severity.NOTE,
    means="[mh:noexp] leaves out records indexed with narrower headings only, which is how indexers work.",
    source="PubMed's help, MeSH terms",
)
def no_explosion(reading: Reading) -> Iterator[Hit]:
    """A heading without its narrower ones."""
    yield from _narrowed(
        reading,
        ("mh:noexp", "majr:noexp"),
        "searched without its narrower headings",
        "be sure that the narrower ones that matter stand beside it",
    )


def _narrowed(reading: Reading, fields: tuple[str, ...], what: str, advice: str) -> Iterator[Hit]:
    places = tuple(use.place for use in reading.uses if use.term.field in fields and not use.is_denied)
    if places:
        yield Hit(what, advice, places)


@check(
    "indexing-limit",
    Severity.WARNING,
    means="Records not yet indexed, from publishers and from PMC carry no headings and few types: an AND "
    "with one loses the newest reports.",
    source="PubMed's help, on the status of citations; NLM, on records without MeSH",
)
def indexing_limit(reading: Reading) -> Iterator[Hit]:
    """Humans, an age, a type or a filter asked for by AND."""
    for written, part in _demanded(reading):
        uses = [node for node, _ in syntax.walk(part) if isinstance(node, SearchTerm)]
        if uses and all(_needs_indexing(term) for term in uses):
            yield Hit(
                "a limit that only indexed records can meet",
                "leave it out, and decide at screening",
                tuple(written.of(term) for term in uses),
            )


def _needs_indexing(term: SearchTerm) -> bool:
    if term.field == "pt":
        return " ".join(words_of(term.text)) not in _TYPES_OF_PUBLISHERS
    if term.field == "sb":
        return "".join(words_of(term.text)) in _INDEXED_FILTERS
    return term.field in ("mh", "mh:noexp") and _is_of(term, _HUMANS | _AGES | frozenset({"male", "female"}))


def _demanded(reading: Reading) -> Iterator[tuple[Written, Node]]:
    """What AND demands: parts of a text joined by AND, and blocks of a single text."""
    blocks = reading.strategy.blocks
    alone = {block.name for block in blocks if len(block.terms) == 1 and len(blocks) > 1}
    for written in reading.texts:
        root = written.query.root
        if isinstance(root, Junction) and root.operator in ("AND", "NOT"):
            parts = root.parts if root.operator == "AND" else root.parts[:1]
            for part in parts:
                if isinstance(part, Junction) and part.operator == "AND":
                    yield from ((written, inner) for inner in part.parts)
                else:
                    yield written, part
        elif root is not None and written.block in alone:
            yield written, root


CHECKS: tuple[Check, ...] = (
    not_animals,
    not_publication_type,
    not_age,
    not_other,
    language_limit,
    publication_date_limit,
    entry_date_limit,
    major_topic,
    no_explosion,
    indexing_limit,
)
