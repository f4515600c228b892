"""A PubMed query held against records, here: its text to a tree, a record to true, false or undecided.

Pure. What it understands, and what not, is told in `sources/corpus.py`, which asks it.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
import functools
import io
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from iimscreen.model import Record

# Untagged terms that PubMed is documented to map, and only those of the published search: term,
# then the tagged searches ORed with its words. NLM's tutorial on pharmacological actions (2018)
# gives [mh] and [pa] for a heading that is an action.
TERM_MAPPING: dict[str, tuple[tuple[str, str], ...]] = {
    "dermatomyositis": (("mh", "Dermatomyositis"),),
    "polymyositis": (("mh", "Polymyositis"),),
    "inclusion body myositis": (("mh", "Myositis, Inclusion Body"),),
    "janus kinase inhibitor": (("mh", "Janus Kinase Inhibitors"), ("pa", "Janus Kinase Inhibitors")),
    "janus kinase inhibitors": (("mh", "Janus Kinase Inhibitors"), ("pa", "Janus Kinase Inhibitors")),
}

# Drugs whose action we take to be the named one, by their names; NLM's own list was not at hand.
PHARMACOLOGICAL_ACTIONS: dict[str, tuple[str, ...]] = {
    "janus kinase inhibitors": (
        "tofacitinib",
        "baricitinib",
        "ruxolitinib",
        "upadacitinib",
        "filgotinib",
        "peficitinib",
        "abrocitinib",
    ),
    "phosphodiesterase 4 inhibitors": ("apremilast", "roflumilast"),
}

_TAGS = {
    "ti": ("ti", "title"),
    "tiab": ("tiab", "title/abstract"),
    "tw": ("tw", "text word", "text words"),
    "all": ("all", "all fields"),
    "mh": ("mh", "mesh", "mesh terms", "majr", "mj", "mesh major topic"),
    "mh:noexp": ("mh:noexp", "mesh:noexp", "mesh terms:noexp", "majr:noexp", "mesh major topic:noexp"),
    "pa": ("pa", "pharmacological action"),
    "nm": ("nm", "supplementary concept", "substance", "substance name"),
    "pt": ("pt", "publication type"),
    "la": ("la", "language"),
    "au": ("au", "author"),
    "ta": ("ta", "journal"),
    "ot": ("ot", "other term"),
    "dp": ("dp", "pdat", "publication date", "date - publication"),
    "crdt": ("crdt", "create date", "date - create"),
}
_CANONICAL = {alias: tag for tag, aliases in _TAGS.items() for alias in aliases}
_ABSENT_DATES = ("edat", "entry date", "date - entry", "mhda", "mesh date", "lr", "dcom", "epdat", "ppdat")
_ABSENT = (
    *("ad", "affiliation", "aid", "auid", "cois", "cn", "rn", "ed", "sb", "filter", "subset", "1au", "fau"),
    *(
        "fir",
        "gr",
        "ir",
        "isbn",
        "ip",
        "lastau",
        "lid",
        "jid",
        "pg",
        "ps",
        "pl",
        "pubn",
        "si",
        "sh",
        "tt",
        "vi",
    ),
)
# The library refuses full dates in [dp]; it lets every value pass in [edat], which we refuse.
_STAND_INS = {"dp": "edat"}

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
_QUOTED_OR_TAG = re.compile(r'"[^"]*"|\[[^\[\]]*\]')
_HISTORY = re.compile(r"(?<!\S)\(*#\d+")
_DAY = re.compile(r'"?(\d{4})(?:[/-](\d{1,2})(?:[/-](\d{1,2}))?)?"?')
_SHORTEST_TRUNCATION = 4  # letters; https://pubmed.ncbi.nlm.nih.gov/help/, "Truncating search terms"

_Words = tuple[str, ...]
_Truth = bool | None  # None: the record does not state what would decide
_Period = tuple[dt.date, dt.date]


# --- what a record holds, as words ---


@dataclass(frozen=True, slots=True)
class Indexed:
    """A record as it is searched: for each tag, its values as words."""

    values: dict[str, tuple[_Words, ...]]
    words: frozenset[str]  # of all values under "all"
    entered: _Period | None
    published: _Period | None


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


def _stated_period(stated: str | int | None) -> _Period | None:
    try:
        return _period(str(stated)) if stated else None
    except UnreadableError:
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
    prepared, warnings = _prepared(text)
    query = _Reader(warnings).node(_parsed(prepared))
    if as_of is not None and "[crdt]" not in prepared:
        limit = f"1800/01/01:{as_of:%Y/%m/%d}"
        query = _Junction("AND", (query, _entry_leaf(_range(limit), f"{limit}[crdt]")))
    return query, warnings


def _prepared(text: str) -> tuple[str, list[str]]:
    """The text with each tag in its short form, ignored tags taken out, and what to say of those."""
    warnings: list[str] = []
    text = text.translate({0x201C: '"', 0x201D: '"'})
    if _HISTORY.search(text):
        raise UnreadableError("it refers to another search by number (#1)")
    pieces: list[str] = []
    end = 0
    for match in _QUOTED_OR_TAG.finditer(text):
        pieces.append(text[end : match.start()])
        end = match.end()
        found = match.group()
        pieces.append(
            found if found.startswith('"') else _tag(found, "".join(pieces).rstrip().endswith(")"), warnings)
        )
    return "".join([*pieces, text[end:]]), warnings


def _tag(found: str, on_group: bool, warnings: list[str]) -> str:
    name = " ".join(found.strip("[] ").casefold().split())
    if on_group:
        warnings.append(f"the tag {found} stands on a group, where PubMed ignores it; so it was here")
        return ""
    if ":~" in name:
        raise UnreadableError(f"it asks for words near each other ({found})")
    if name in _ABSENT_DATES:
        raise UnreadableError(f"the corpus holds no date of the kind {found}")
    if name in _ABSENT:
        warnings.append(f"the corpus holds no field for {found}: its term was searched in all fields")
        return ""
    canonical = _CANONICAL.get(name)
    if canonical is None:
        warnings.append(f"{found} is no tag that PubMed is known to have, and was ignored")
        return ""
    return f"[{_STAND_INS.get(canonical, canonical)}]"


def _parsed(text: str) -> Any:  # search-query ships no types
    """The tree of `search-query`, which prints, and whose errors say nothing unless asked."""
    # Inside the function: it costs 80 ms of every start-up otherwise.
    from search_query.exception import SearchQueryException
    from search_query.parser import parse

    if not text.strip():
        raise UnreadableError("it is empty")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return parse(text, platform="pubmed", is_list=False)
    except SearchQueryException as error:
        messages = getattr(getattr(error, "linter", None), "messages", [])
        causes = [one["details"] or one["message"] for one in messages if one["is_fatal"]]
        raise UnreadableError(" ".join((causes or ["its syntax is not understood"])[0].split())) from error
    except (
        ValueError,
        IndexError,
        TypeError,
        AttributeError,
        AssertionError,
        KeyError,
        RecursionError,
    ) as error:
        # What its parser stumbles into on forms it was not written for (0.15).
        raise UnreadableError(f"the parser search-query stumbles over it ({type(error).__name__})") from error


class _Reader:
    """Turns the tree of `search-query` into ours, collecting warnings."""

    def __init__(self, warnings: list[str]) -> None:
        self._warnings = warnings

    def node(self, query: Any) -> Node:  # search-query ships no types
        if not query.operator:
            tag = query.field.value.strip("[]") if query.field else "all"
            # A position of -1 is how the library says that no tag was written.
            written = bool(query.field and query.field.position != (-1, -1))
            return self._leaf(query.value, tag, written)
        operator = str(query.value)
        if operator == "RANGE":
            low, high = query.children
            return self._leaf(f"{low.value}:{high.value}", high.field.value.strip("[]"), True)
        if operator not in ("AND", "OR", "NOT"):
            raise UnreadableError(f"the operator {operator} is not known here")
        return _Junction(operator, tuple(self.node(child) for child in query.children))

    def _leaf(self, text: str, tag: str, is_tagged: bool) -> Node:
        if tag == "edat":
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


def _range(text: str) -> _Period:
    """First and last day of "2007:2009", "2020/05" or "1800/01/01:2023/08/23"; both ends included."""
    low, colon, high = (part.strip() for part in text.strip().partition(":"))
    first, last = _period(low)[0], _period(high if colon else low)[1]
    if last < first:
        raise UnreadableError(f"the date range {text} ends before it begins")
    return first, last


def _period(text: str) -> _Period:
    """First and last day that a date, stated to the year, month or day, can mean."""
    match = _DAY.fullmatch(text.strip())
    year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    try:
        first = dt.date(year, month or 1, day or 1)
        return first, dt.date(year, month or 12, day or calendar.monthrange(year, month or 12)[1])
    except ValueError as error:  # year 0 too, which stands for no match
        raise UnreadableError(f"{text!r} is no date such as 2023/08/23") from error


def _published_leaf(asked: _Period, shown: str) -> _Leaf:
    def test(record: Indexed) -> _Truth:
        if record.published is None:
            return None
        return record.published[0] <= asked[1] and asked[0] <= record.published[1]

    return _Leaf(shown, test)


def _entry_leaf(asked: _Period, shown: str) -> _Leaf:
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
