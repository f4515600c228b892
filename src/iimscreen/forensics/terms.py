"""Checks of single terms: acronyms, phrases, headings, and what PubMed no longer adds by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from iimscreen.forensics.findings import Check, Hit, Severity, check
from iimscreen.forensics.reading import HEADING_FIELDS, Reading, Use, words_of
from iimscreen.forensics.tables import ACRONYMS, NEAR_NAMES, PLAIN_CAPITALS, SUBJECT_STEMS
from iimscreen.syntax import PHARMACOLOGICAL_ACTIONS, TERM_MAPPING, Junction, Node, SearchTerm, walk

_CAPITALS = re.compile(r"[A-Z]{2,4}")
_HYPHEN = re.compile(r"\w-\w")
_PHRASE_INDEX = "NCBI's PubMed team on its phrase index, 2022; replies of PubMed captured in 2026"


def _sought(reading: Reading) -> Iterator[Use]:
    """Terms that look for words in the text of a record, those under a NOT left out."""
    return (use for use in reading.uses if use.searches_text and not use.is_denied)


def _is_open(use: Use) -> bool:
    """Whether PubMed maps the term: no tag, no quotes, no star."""
    return not (use.term.field or use.term.is_quoted or use.term.is_truncated)


@check(
    "bare-acronym",
    Severity.WARNING,
    means="PubMed searches the letters whatever they stand for, so other fields of medicine come along.",
    source="other meanings of common acronyms, as far as iimscreen lists them",
)
def bare_acronym(reading: Reading) -> Iterator[Hit]:
    """Two to four capitals as a term of their own: a warning where another meaning is known, else a note."""
    for use in _sought(reading):
        letters = use.term.text.strip('"')
        if not _CAPITALS.fullmatch(letters) or letters in PLAIN_CAPITALS:
            continue
        known = ACRONYMS.get(letters)
        if known and _stands_beside_the_subject(use):
            continue
        yield Hit(
            f"{letters} also means {known.name}" if known else f"{letters} may mean more than one thing",
            "write the words out; keep the letters only beside a word of the subject, such as (DM AND myositis)"
            if known
            else "look at what it alone brings before you keep it",
            (use.place,),
            Severity.WARNING if known else Severity.NOTE,
        )


def _stands_beside_the_subject(use: Use) -> bool:
    """Whether AND joins it, in its own text, to a part of which every term is a word of the subject."""
    waiting = [(use.written.query.root, False)]
    while waiting:
        node, is_beside = waiting.pop()
        if node is use.term:
            return is_beside
        if isinstance(node, Junction):
            for part in node.parts:
                others = [other for other in node.parts if other is not part]
                narrowed = node.operator == "AND" and any(map(_is_of_the_subject, others))
                waiting.append((part, is_beside or narrowed))
    return False


def _is_of_the_subject(part: Node) -> bool:
    terms = [node for node, _ in walk(part) if isinstance(node, SearchTerm)]
    return all(any(stem in word for stem in SUBJECT_STEMS for word in words_of(term.text)) for term in terms)


@check(
    "not-a-name",
    Severity.WARNING,
    means="PubMed maps only the names of a heading; any other wording is split, and its words are ANDed.",
    source="entry terms of Myositis, Inclusion Body (MeSH D018979); PubMed's help, automatic term mapping",
)
def not_a_name(reading: Reading) -> Iterator[Hit]:
    """A wording close to a name that PubMed maps, which is not searched itself."""
    for use in _sought(reading):
        name = NEAR_NAMES.get(" ".join(use.words))
        if name is None or _is_among(name, reading.beside(use)):
            continue
        if _is_open(use):
            what = f"{use.term.text!r} is no name that PubMed maps; {name!r} is, and is not searched"
        else:
            what = f"{use.term.text} is hardly a phrase of PubMed's index; {name!r} is usual, and is not searched"
        yield Hit(what, f"add {name}", (use.place,))


def _is_among(name: str, uses: tuple[Use, ...]) -> bool:
    wanted = words_of(name)
    return any(use.words == wanted for use in uses if use.searches_text)


@check(
    "mapping-lost",
    Severity.WARNING,
    means="Quotes, a tag or a star switch off PubMed's term mapping, and with it the heading it would add.",
    source="PubMed's help, automatic term mapping; NLM's tutorial on pharmacological actions, 2018",
)
def mapping_lost(reading: Reading) -> Iterator[Hit]:
    """A term whose mapping we know and which is bound, where the heading is not searched either."""
    for use in _sought(reading):
        names = _mapping_of(use)
        if _is_open(use) or any(_is_open(other) and _mapping_of(other) == names for other in reading.uses):
            continue
        lost = [f'"{name}"[{tag}]' for tag, name in names if not _is_searched(tag, name, reading)]
        if lost:
            yield Hit(
                f"{use.term.shown} is searched as it stands, without {' and '.join(lost)}",
                f"add {' OR '.join(lost)}",
                (use.place,),
            )


def _mapping_of(use: Use) -> tuple[tuple[str, str], ...]:
    sought = " ".join(use.words)
    if sought.endswith("*") and " " not in sought:
        found = [headings for name, headings in TERM_MAPPING.items() if name.startswith(sought[:-1])]
        return found[0] if found else ()
    return TERM_MAPPING.get(sought, ())


def _is_searched(tag: str, name: str, reading: Reading) -> bool:
    return any(
        use.term.field.partition(":")[0].replace("majr", "mh") == tag and use.words == words_of(name)
        for use in reading.uses
        if not use.is_denied
    )


@check(
    "mapping-off",
    Severity.NOTE,
    means="Quotes or a star without a tag switch off PubMed's term mapping: no heading, no other spelling.",
    source="PubMed's help, automatic term mapping",
)
def mapping_off(reading: Reading) -> Iterator[Hit]:
    """Terms bound without a tag, whose mapping we do not know."""
    places = tuple(
        use.place
        for use in _sought(reading)
        if not use.term.field and not _is_open(use) and not _mapping_of(use)
    )
    if places:
        yield Hit(
            "terms in quotes or with a star, without a tag",
            "see what PubMed makes of it without them, and add the headings it names; then tag the term",
            places,
        )


@check(
    "phrase-index",
    Severity.NOTE,
    means="A phrase must stand in PubMed's phrase index: with a tag it is otherwise dropped from an OR and "
    "empties an AND; without one its quotes are ignored.",
    source=_PHRASE_INDEX,
)
def phrase_index(reading: Reading) -> Iterator[Hit]:
    """Quoted phrases of two words or more; whether they are indexed cannot be known without PubMed."""
    quoted = [
        use
        for use in _sought(reading)
        if use.term.is_quoted and len(use.words) > 1 and not use.asks_for_nearness
    ]
    advice = "after the run, read which phrases PubMed did not find: iimscreen search show"
    tagged = tuple(use.place for use in quoted if use.term.field)
    untagged = tuple(use.place for use in quoted if not use.term.field)
    if tagged:
        yield Hit("phrases in quotes, with a tag", advice, tagged)
    if untagged:
        yield Hit("phrases in quotes, without a tag", advice, untagged)


@check(
    "hyphen-in-phrase",
    Severity.NOTE,
    means="PubMed searches words with a hyphen as a phrase, and finds nothing if its index lacks it.",
    source=_PHRASE_INDEX,
)
def hyphen_in_phrase(reading: Reading) -> Iterator[Hit]:
    """Words with a hyphen in a bound term, where the same words with a blank are not searched too."""
    for use in _sought(reading):
        if _is_open(use) or not _HYPHEN.search(use.term.text):
            continue
        if any(
            other.words == use.words and not _HYPHEN.search(other.term.text) for other in reading.beside(use)
        ):
            continue
        yield Hit(
            f"{use.term.shown} has a hyphen",
            "look at PubMed's search details; if it was not found, write the words in quotes with a blank",
            (use.place,),
        )


@check(
    "unquoted-phrase",
    Severity.NOTE,
    means="If the words are not indexed as a phrase, PubMed parts them and the tag binds the last one only.",
    source=_PHRASE_INDEX,
)
def unquoted_phrase(reading: Reading) -> Iterator[Hit]:
    """Several words with a tag and without quotes."""
    places = tuple(
        use.place
        for use in _sought(reading)
        if use.term.field and '"' not in use.term.text and len(use.term.text.split()) > 1
    )
    if places:
        yield Hit("several words with one tag and no quotes", "put the words in quotes", places)


@check(
    "class-without-members",
    Severity.WARNING,
    means="PubMed reaches the drugs of a class through indexing only; other records are found by the drug's name. "
    "29 of the 37 titles on the class in the published review name only the drug.",
    source="titles of the reports in the bundled corpus; NLM's tutorial on pharmacological actions, 2018",
)
def class_without_members(reading: Reading) -> Iterator[Hit]:
    """A class of drugs that we know the members of, none of which is searched."""
    named = {word for use in _sought(reading) for word in use.words}
    for action, drugs in PHARMACOLOGICAL_ACTIONS.items():
        places = tuple(
            use.place
            for use in reading.uses
            if not use.is_denied and " ".join(use.words).removesuffix("s") == action.removesuffix("s")
        )
        if places and not any(_is_named(drug, named) for drug in drugs):
            yield Hit(
                f"the class is searched, and none of its drugs is named ({', '.join(drugs)})",
                "add each drug of the class by name, with [tiab] and [nm]",
                places,
            )


def _is_named(drug: str, words: set[str]) -> bool:
    return any(drug.startswith(word[:-1]) if word.endswith("*") else drug == word for word in words)


@check(
    "heading-unchecked",
    Severity.NOTE,
    means="A heading, substance or action that does not exist is dropped from an OR and empties an AND.",
    source="replies of PubMed captured in 2026",
)
def heading_unchecked(reading: Reading) -> Iterator[Hit]:
    """Headings and substances; whether they exist cannot be known without PubMed."""
    places = tuple(use.place for use in reading.uses if use.term.field in HEADING_FIELDS)
    if places:
        yield Hit(
            "headings, substances and actions that were not looked up, since PubMed was not asked",
            "look each up in the MeSH browser, and after the run in: iimscreen search show",
            places,
        )


CHECKS: tuple[Check, ...] = (
    bare_acronym,
    not_a_name,
    mapping_lost,
    mapping_off,
    phrase_index,
    hyphen_in_phrase,
    unquoted_phrase,
    class_without_members,
    heading_unchecked,
)
