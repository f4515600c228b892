"""Checks of spelling: forms of a word that stand beside it in titles and not in the strategy.

PubMed adds singular, plural and the other English spelling where a term is bare; quotes, tags and
stars switch that off, so only bound terms are held against these two. Hyphens are never bridged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from iimscreen.forensics.findings import Check, Hit, Severity, check
from iimscreen.forensics.reading import Reading, Use, finds
from iimscreen.forensics.tables import HYPHENATED, NEVER_WITH_Z, PLURAL_NOUNS, PREFIXES, SPELLINGS
from iimscreen.syntax import Junction, SearchTerm

_WITH_S = re.compile(r"(?<=\w{3})is(?=(?:e|ed|es|ing|ation|ations)$)")
_WITH_Z = re.compile(r"(?<=\w{3})iz(?=(?:e|ed|es|ing|ation|ations)$)")
_INFLECTED = re.compile(r"(?:e|ed|es|ing)$")
_STEMS = tuple((re.compile(british), re.compile(american)) for british, american in SPELLINGS)
_PLAIN = tuple(
    tuple(stem[stem.find(")") + 1 :] if stem.startswith("(") else stem.partition("(")[0] for stem in pair)
    for pair in SPELLINGS
)  # without what must stand around them

_Words = tuple[str, ...]


def _bound(reading: Reading) -> Iterator[Use]:
    """Terms that look for words in text and that PubMed does not vary by itself."""
    for use in _text_terms(reading):
        if use.term.field or use.term.is_quoted:
            yield use


def _text_terms(reading: Reading) -> Iterator[Use]:
    return (use for use in reading.uses if use.searches_text and not use.is_denied)


def _missing(reading: Reading, use: Use, forms: Iterator[_Words]) -> list[str]:
    """The forms that no term beside it finds."""
    beside = reading.beside(use)
    return [" ".join(form) for form in forms if not any(finds(other, form) for other in beside)]


def _is_in_a_filter(use: Use) -> bool:
    """Whether it stands in an OR with a type of publication, as the words of filters for trials do."""
    waiting = [(use.written.query.root, False)]
    while waiting:
        node, in_a_filter = waiting.pop()
        if node is use.term:
            return in_a_filter
        if isinstance(node, Junction):
            with_type = node.operator == "OR" and any(
                isinstance(part, SearchTerm) and part.field == "pt" for part in node.parts
            )
            waiting.extend((part, in_a_filter or with_type) for part in node.parts)
    return False


def _told(use: Use, missing: list[str], remark: str = "") -> Hit:
    listed = ", ".join(f'"{form}"' if " " in form else form for form in missing)
    if _is_in_a_filter(use):
        return Hit(
            f"{use.term.shown} is searched, {listed}{remark} is not",
            f"add {listed}, unless it stands in a published filter: that is used, and cited, unchanged",
            (use.place,),
            Severity.NOTE,
        )
    return Hit(f"{use.term.shown} is searched, {listed}{remark} is not", f"add {listed}", (use.place,))


@check(
    "hyphen-variant",
    Severity.WARNING,
    means="Joined, hyphenated and parted spellings are different words to PubMed.",
    source="PubMed's help, a hyphen parts two words; NCBI's PubMed team on its phrase index, 2022",
)
def hyphen_variant(reading: Reading) -> Iterator[Hit]:
    """A word that is also written with a hyphen, or without one."""
    for use in _text_terms(reading):
        missing = _missing(reading, use, _rejoined(use.words))
        if missing:
            yield _told(use, missing, " (also written with a hyphen)" if " " in missing[0] else "")


def _rejoined(words: _Words) -> Iterator[_Words]:
    for at, word in enumerate(words):
        prefix = next((one for one in PREFIXES if word.startswith(one) and word in HYPHENATED), None)
        if prefix:
            yield (*words[:at], prefix, word.removeprefix(prefix), *words[at + 1 :])
        elif word in PREFIXES and word + "".join(words[at + 1 : at + 2]) in HYPHENATED:
            yield (*words[:at], word + words[at + 1], *words[at + 2 :])


@check(
    "spelling-variant",
    Severity.WARNING,
    means="Titles are British or American; a bound term finds only the spelling that is written.",
    source="PubMed's help, automatic term mapping (what quotes, tags and stars switch off)",
)
def spelling_variant(reading: Reading) -> Iterator[Hit]:
    """A word spelled in one English only."""
    for use in _bound(reading):
        missing = _missing(reading, use, _respelled(use.words))
        if missing:
            yield _told(use, missing)


def _respelled(words: _Words) -> Iterator[_Words]:
    for at, word in enumerate(words):
        other = _other_spelling(word)
        if other != word:
            yield (*words[:at], other, *words[at + 1 :])


def _other_spelling(word: str) -> str:
    """The word in the other English, all its stems changed; itself if it has no other spelling."""
    for (british, american), (plain_british, plain_american) in zip(_STEMS, _PLAIN, strict=True):
        if british.search(word):
            word = british.sub(plain_american, word)
        elif american.search(word):
            word = american.sub(plain_british, word)
    if _INFLECTED.sub("e", word) in NEVER_WITH_Z:
        return word
    if _WITH_S.search(word):
        return _WITH_S.sub("iz", word)
    return _WITH_Z.sub("is", word)


@check(
    "plural-variant",
    Severity.WARNING,
    means="A bound term finds only the number that is written.",
    source="PubMed's help, automatic term mapping (what quotes, tags and stars switch off)",
)
def plural_variant(reading: Reading) -> Iterator[Hit]:
    """A noun at the end of a bound term without its other number; `bodies` anywhere without `body`."""
    for use in _bound(reading):
        missing = _missing(reading, use, _renumbered(use.words))
        if missing:
            yield _told(use, missing)


def _renumbered(words: _Words) -> Iterator[_Words]:
    *before, last = words
    if last in PLURAL_NOUNS:
        yield (*before, plural_of(last))
    elif singular_of(last) in PLURAL_NOUNS:
        yield (*before, singular_of(last))
    if "bodies" in before:
        yield tuple("body" if word == "bodies" else word for word in words)


def plural_of(word: str) -> str:
    """The regular plural: bodies, studies, inhibitors."""
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else f"{word}s"


def singular_of(word: str) -> str:
    """The regular singular; the word itself where it has no plural ending."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word.removesuffix("s")


CHECKS: tuple[Check, ...] = (
    hyphen_variant,
    spelling_variant,
    plural_variant,
)
