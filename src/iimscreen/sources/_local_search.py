"""A PubMed query held against records, here: its text to a tree, a record to true, false or undecided.

Pure. What it understands, and what not, is told in `sources/corpus.py`, which asks it.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from iimscreen import syntax
from iimscreen.model import Record
from iimscreen.syntax import PHARMACOLOGICAL_ACTIONS, TERM_MAPPING

# The tags whose field a record of ours has; major headings are searched as headings.
_FIELDS = {
    **{
        tag: tag
        for tag in ("ti", "tiab", "tw", "all", "mh", "mh:noexp", "pa", "nm", "pt", "la", "au", "ta", "ot")
    },
    "majr": "mh",
    "majr:noexp": "mh:noexp",
    "dp": "dp",
    "crdt": "crdt",
}

_LANGUAGES = {
    "eng": "english",
    "ger": "german",
    "fre": "french",
    "spa": "spanish",
    "ita": "italian",
    "chi": "chinese",
    "jpn": "japanese",
}
_STOP_WORDS = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "with"}
)
WORD = re.compile(r"[^\W_]+")
_WORD_OR_STAR = re.compile(r"[^\W_]+\*?")
_HISTORY = re.compile(r"(?<!\S)\(*#\d+")
_SHORTEST_TRUNCATION = 4  # letters; https://pubmed.ncbi.nlm.nih.gov/help/, "Truncating search terms"

_Words = tuple[str, ...]
_Truth = bool | None  # None: the record does not state what would decide


# --- what a record holds, as words ---


@dataclass(frozen=True, slots=True)
class Indexed:
    """A record as it is searched: for each tag, its values as words."""

    values: dict[str, tuple[_Words, ...]]
    words: frozenset[str]  # of all values under "all"
    entered: syntax.Period | None
    published: syntax.Period | None


def _words(text: str) -> _Words:
    """Words without case and accents, so that "Behçet" is "behcet"; punctuation parts them."""
    parted = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in parted if not unicodedata.combining(character))
    return tuple(WORD.findall(plain.casefold()))


def index(record: Record) -> Indexed:
    """A record made ready to be searched."""

    def worded(*texts: str | None) -> tuple[_Words, ...]:
        return tuple(_words(text) for text in texts if text)

    headings = [heading.replace("*", "") for heading in record.mesh_terms]
    parts = [tuple(part.strip() for part in heading.split("/")) for heading in headings]
    text = worded(record.title, record.abstract, *record.keywords)
    everywhere = worded(record.vernacular_title, *headings, *record.substances, *record.publication_types)
    values = {
        "ti": worded(record.title),
        "tiab": text,
        "tw": text + everywhere,
        "all": text + everywhere + worded(record.journal, record.journal_abbreviation),
        "mh": worded(*(part[0] for part in parts), *(" ".join(part[:2]) for part in parts if len(part) > 1)),
        "nm": worded(*record.substances),
        "pt": worded(*record.publication_types),
        "la": worded(*(_LANGUAGES.get(one.casefold(), one) for one in record.languages)),
        "au": tuple(_words(author.family) + _words(author.given) for author in record.authors),
        "ta": worded(record.journal, record.journal_abbreviation),
        "ot": worded(*record.keywords),
    }
    published = _stated_period(record.published_on) or _stated_period(record.year and f"{record.year:04}")
    return Indexed(
        values=values,
        words=frozenset(word for value in values["all"] for word in value),
        entered=_stated_period(record.entered_on),
        published=published,
    )


def _stated_period(stated: str | int | None) -> syntax.Period | None:
    try:
        return syntax.period(str(stated)) if stated else None
    except syntax.DateError:
        return None


# --- a sub-query, as a tree that says true, false or undecided ---


class UnreadableError(Exception):
    """Why a query cannot be evaluated here."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    shown: str
    test: Callable[[Indexed], _Truth]
    unless_published: Callable[[Indexed], _Truth] | None = None  # the test without publication dates

    def truth(self, record: Indexed, *, strict: bool) -> _Truth:
        """Whether it holds; not `strict` leaves publication dates out of [crdt]."""
        return self.test(record) if strict or self.unless_published is None else self.unless_published(record)


@dataclass(frozen=True, slots=True)
class _Junction:
    operator: str
    parts: tuple[Node, ...]

    @property
    def shown(self) -> str:
        inside = (f"({one.shown})" if isinstance(one, _Junction) else one.shown for one in self.parts)
        return f" {self.operator} ".join(inside)

    def truth(self, record: Indexed, *, strict: bool) -> _Truth:
        """Kleene's three values: undecided only where the decided parts do not settle it."""
        truths = [part.truth(record, strict=strict) for part in self.parts]
        if self.operator == "OR":
            return _any(truths)
        if self.operator == "NOT":  # the first without any of the others
            truths[1:] = [None if truth is None else not truth for truth in truths[1:]]
        denied = _any([None if truth is None else not truth for truth in truths])
        return None if denied is None else not denied


Node = _Leaf | _Junction


def _any(truths: Iterable[_Truth]) -> _Truth:
    values = list(truths)
    if any(values):
        return True
    return None if None in values else False


def read(text: str, *, as_of: dt.date | None = None) -> tuple[Node, list[str]]:
    """A query as a tree, with what must be said about how it was read.

    `as_of` is added as a [crdt] limit where the text has none. Raises UnreadableError with the cause.
    """
    asked = syntax.read(text)
    if _HISTORY.search(text):
        raise UnreadableError("it refers to another search by number (#1)")
    warnings = [sentence for tag in _tags(asked) if (sentence := _ignored(tag, asked))]
    fatal = [complaint.text for complaint in syntax.lint(asked) if complaint.is_fatal]
    if fatal:
        raise UnreadableError(fatal[0])
    if asked.root is None:
        raise UnreadableError("it is empty")
    query = _Reader(warnings).node(asked.root)
    if as_of is not None and all(term.field != "crdt" for term in asked.terms):
        limit = f"1800/01/01:{as_of:%Y/%m/%d}"
        query = _Junction("AND", (query, _entry_leaf(_range(limit), f"{limit}[crdt]")))
    return query, warnings


def _tags(asked: syntax.Query) -> list[syntax.Tag]:
    """Every tag, in the order of the text."""
    on_terms = [term.tag for term in asked.terms if term.tag]
    return sorted([*on_terms, *asked.group_tags], key=lambda tag: tag.start)


def _ignored(tag: syntax.Tag, asked: syntax.Query) -> str | None:
    """What to say of a tag that is not obeyed here. Raises UnreadableError where that would mislead."""
    if tag in asked.group_tags:
        return f"the tag {tag.text} stands on a group, where PubMed ignores it; so it was here"
    if tag.distance is not None:
        raise UnreadableError(f"it asks for words near each other ({tag.text})")
    if tag.short is None:
        return f"{tag.text} is no tag that PubMed is known to have, and was ignored"
    if tag.short in _FIELDS:
        return None
    if tag.short in syntax.DATE_TAGS:
        raise UnreadableError(f"the corpus holds no date of the kind {tag.text}")
    return f"the corpus holds no field for {tag.text}: its term was searched in all fields"


class _Reader:
    """Turns the tree of a text into one that can be asked, collecting warnings."""

    def __init__(self, warnings: list[str]) -> None:
        self._warnings = warnings

    def node(self, asked: syntax.Node) -> Node:
        if isinstance(asked, syntax.SearchTerm):
            tag = _FIELDS.get(asked.field)
            return self._leaf(asked.text, tag or "all", tag is not None)
        return _Junction(asked.operator, tuple(self.node(part) for part in asked.parts))

    def _leaf(self, text: str, tag: str, is_tagged: bool) -> Node:
        if tag == "dp":
            return _published_leaf(_range(text), f"{text}[dp]")
        if tag == "crdt":
            return _entry_leaf(_range(text), f"{text}[crdt]")
        is_phrase = is_tagged or text.startswith('"')
        patterns = self._patterns(text)
        if not patterns:
            self._warnings.append(f"{text!r} holds no word to search for, so it finds nothing")
        if tag == "pa":
            return _action_leaf(patterns, text)
        if tag in ("mh", "mh:noexp", "nm", "pt", "la", "ta"):
            field = tag.partition(":")[0]
            return _Leaf(f"{text}[{tag}]", functools.partial(_is_value, field, _language(field, patterns)))
        if tag == "au":
            return _Leaf(f"{text}[au]", functools.partial(_is_author, patterns))
        if is_phrase:
            return _Leaf(f"{text}[{tag}]", functools.partial(_has_phrase, tag, patterns))
        words = _Leaf(f"{text}[all]", functools.partial(_has_words, patterns))
        mapped = TERM_MAPPING.get(" ".join(patterns), ())
        # A mapped name counts as tagged, so it is not mapped again.
        return (
            _Junction("OR", (words, *(self._leaf(f'"{n}"', t, True) for t, n in mapped))) if mapped else words
        )

    def _patterns(self, text: str) -> _Words:
        """The words sought; one that may go on ends in a star."""
        patterns: list[str] = []
        for part in _WORD_OR_STAR.findall(text.strip('"')):
            words = list(_words(part))
            if part.endswith("*") and words:
                if len(words[-1]) >= _SHORTEST_TRUNCATION:
                    words[-1] += "*"
                else:
                    self._warnings.append(
                        f"{part!r} is too short to be truncated; searched as the word itself"
                    )
            patterns += words
        return tuple(patterns)


def _matches(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def _same(patterns: _Words, words: _Words) -> bool:
    return len(patterns) == len(words) and all(map(_matches, patterns, words))


def _has_phrase(field: str, patterns: _Words, record: Indexed) -> bool:
    width = len(patterns)
    # All fields searched by phrase are part of "all". Looking there first: 23,000 records with 56 terms
    # took 10 s without it.
    if any(not pattern.endswith("*") and pattern not in record.words for pattern in patterns):
        return False
    return width > 0 and any(
        _same(patterns, value[start : start + width])
        for value in record.values[field]
        for start in range(len(value) - width + 1)
    )


def _has_words(patterns: _Words, record: Indexed) -> bool:
    """Whether each word stands somewhere; little words count only where there is nothing else."""
    telling = [pattern for pattern in patterns if pattern not in _STOP_WORDS] or list(patterns)
    return bool(telling) and all(_has_word(pattern, record.words) for pattern in telling)


def _has_word(pattern: str, words: frozenset[str]) -> bool:
    if pattern.endswith("*"):
        return any(word.startswith(pattern[:-1]) for word in words)
    # Not for words of three letters: "ass" is not the plural of "as".
    forms = {pattern} if len(pattern) < 4 else {pattern, f"{pattern}s", pattern.removesuffix("s")}
    return not forms.isdisjoint(words)


def _is_value(field: str, patterns: _Words, record: Indexed) -> bool:
    return bool(patterns) and any(_same(patterns, value) for value in record.values[field])


def _is_author(patterns: _Words, record: Indexed) -> bool:
    """Family name, then as many of the initials as are given: "paik j" finds "Paik JJ"."""
    if not patterns:
        return False
    opened = (*patterns[:-1], patterns[-1].rstrip("*") + "*") if len(patterns) > 1 else patterns
    return any(
        len(words) >= len(opened) and _same(opened, words[: len(opened)]) for words in record.values["au"]
    )


def _language(field: str, patterns: _Words) -> _Words:
    return tuple(_LANGUAGES.get(one, one) for one in patterns) if field == "la" else patterns


def _action_leaf(patterns: _Words, text: str) -> _Leaf:
    drugs = PHARMACOLOGICAL_ACTIONS.get(" ".join(patterns), ())
    names = [patterns, *map(_words, drugs)]

    def test(record: Indexed) -> bool:
        return any(_is_value(field, name, record) for field in ("nm", "mh") for name in names)

    return _Leaf(f"{text}[pa]", test)


# --- dates ---


def _range(text: str) -> syntax.Period:
    try:
        return syntax.date_range(text)
    except syntax.DateError as error:
        raise UnreadableError(str(error)) from error


def _published_leaf(asked: syntax.Period, shown: str) -> _Leaf:
    def test(record: Indexed) -> _Truth:
        if record.published is None:
            return None
        return record.published[0] <= asked[1] and asked[0] <= record.published[1]

    return _Leaf(shown, test)


def _entry_leaf(asked: syntax.Period, shown: str) -> _Leaf:
    def by_entry(record: Indexed) -> _Truth:
        if record.entered is None:
            return None
        first, last = record.entered
        if asked[0] <= first and last <= asked[1]:
            return True
        return False if last < asked[0] or asked[1] < first else None

    def test(record: Indexed) -> _Truth:
        if record.entered is None and record.published is not None and record.published[0] > asked[1]:
            return False
        return by_entry(record)

    return _Leaf(shown, test, by_entry)
