"""A strategy taken apart for its checks: every text that someone wrote, once, with the place where it stands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from iimscreen import syntax
from iimscreen.model import Strategy
from iimscreen.syntax import Junction, Node, Query, SearchTerm

TEXT_FIELDS = frozenset({"", "ti", "tiab", "tw", "all", "ot"})
HEADING_FIELDS = frozenset({"mh", "mh:noexp", "majr", "majr:noexp", "nm", "pa", "sh"})
LIMIT_FIELDS = frozenset({*syntax.DATE_TAGS, "la", "sb", "pt"})

_WORD_OR_STAR = re.compile(r"[^\W_]+\*?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the file: the table, its line, and the column in its text."""

    term: str  # the words meant, as written
    column: int | None  # counted from 1, in the text of the table; None for the whole text
    block: str | None  # None where the sub-query is written out
    number: int | None  # which [[block.term]] of its block, counted from 1
    sub_queries: tuple[str, ...]  # labels of those that hold it
    line: int | None  # in the file; None where the text could not be found as written


@dataclass(frozen=True, slots=True)
class Written:
    """One text of the file: a term of a block, or a sub-query written out."""

    query: Query
    block: str | None
    number: int | None
    sub_queries: tuple[str, ...]
    line: int | None

    def at(self, start: int, end: int) -> Place:
        """The place of some characters of it."""
        return self._place(self.query.text[start:end], start + 1)

    def of(self, term: SearchTerm) -> Place:
        """The place of a term, its tag included."""
        return self._place(term.shown, term.start + 1)

    @property
    def whole(self) -> Place:
        """The place of the whole text."""
        return self._place(self.query.text, None)

    def _place(self, term: str, column: int | None) -> Place:
        return Place(term, column, self.block, self.number, self.sub_queries, self.line)


@dataclass(frozen=True, slots=True)
class Use:
    """One search term where it stands."""

    term: SearchTerm
    written: Written
    is_denied: bool  # under a NOT

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.written.of(self.term)

    @property
    def words(self) -> tuple[str, ...]:
        """Its words, see `words_of`."""
        return words_of(self.term.text)

    @property
    def searches_text(self) -> bool:
        """Whether it looks for words in the text of a record, and has such words."""
        return self.term.field in TEXT_FIELDS and bool(self.words) and not self.term.text.startswith("#")

    @property
    def asks_for_nearness(self) -> bool:
        """Whether its tag asks for words near each other instead of side by side."""
        return self.term.tag is not None and self.term.tag.distance is not None


@dataclass(frozen=True, slots=True)
class Concept:
    """Terms of which any one will do: a block, or a group in OR of a sub-query written out."""

    name: str | None
    uses: tuple[Use, ...]
    is_block: bool


@dataclass(frozen=True)
class Reading:
    """A strategy, and the sources that other strategies of its folder are written for."""

    strategy: Strategy
    other_sources: frozenset[str] = frozenset()

    @cached_property
    def texts(self) -> tuple[Written, ...]:
        """Every text of the file, in its order."""
        return tuple(_texts(self.strategy))

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every search term, in the order of the file."""
        return tuple(use for written in self.texts for use in _uses(written, written.query.root))

    @cached_property
    def concepts(self) -> tuple[Concept, ...]:
        """Blocks, or else the parts that AND joins in the sub-queries written out; limits are none."""
        if self.strategy.blocks:
            return tuple(
                Concept(block.name, uses, is_block=True)
                for block in self.strategy.blocks
                if (uses := _telling(use for use in self.uses if use.written.block == block.name))
            )
        return tuple(
            Concept(None, uses, is_block=False)
            for written in self.texts
            for part in _joined_by_and(written.query.root)
            if (uses := _telling(_uses(written, part)))
        )

    def beside(self, use: Use) -> tuple[Use, ...]:
        """The terms among which a variant of this one would stand: its block, or all that is written."""
        return tuple(other for other in self.uses if other.written.block == use.written.block)


@lru_cache(maxsize=4096)  # each term is held against every other one of its block
def words_of(text: str) -> tuple[str, ...]:
    """Words without case and accents; one that may go on ends in a star; punctuation parts words."""
    parted = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in parted if not unicodedata.combining(character))
    return tuple(_WORD_OR_STAR.findall(plain.casefold()))


def finds(general: Use, words: Sequence[str]) -> bool:
    """Whether a term finds every text that holds these words side by side, as far as its words tell."""
    sought = general.words
    if not general.searches_text or general.is_denied or general.asks_for_nearness or not sought:
        return False
    if not general.term.tag and not general.term.is_quoted and not general.term.is_truncated:
        return all(any(_matches(one, word) for word in words) for one in sought)
    width = len(sought)
    return any(
        all(map(_matches, sought, words[start : start + width])) for start in range(len(words) - width + 1)
    )


def _matches(sought: str, word: str) -> bool:
    if sought.endswith("*"):
        return word.startswith(sought[:-1])
    return word == sought


def _telling(uses: Iterator[Use]) -> tuple[Use, ...]:
    return tuple(use for use in uses if not use.is_denied and use.term.field not in LIMIT_FIELDS)


def _uses(written: Written, root: Node | None) -> Iterator[Use]:
    for node, is_denied in syntax.walk(root):
        if isinstance(node, SearchTerm):
            yield Use(node, written, is_denied)


def _joined_by_and(root: Node | None) -> Iterator[Node]:
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Junction) and node.operator == "AND":
            waiting.extend(reversed(node.parts))
        elif isinstance(node, Junction) and node.operator == "NOT":
            waiting.append(node.parts[0])
        else:
            yield node


def _texts(strategy: Strategy) -> Iterator[Written]:
    lines = strategy.text.split("\n")
    if not strategy.blocks:
        for sub_query in strategy.sub_queries:
            line = _line_of(sub_query.text, lines, 0)
            yield Written(syntax.read(sub_query.text), None, None, (sub_query.label,), line)
        return
    labels = tuple(sub_query.label for sub_query in strategy.sub_queries)
    after = 0
    for position, block in enumerate(strategy.blocks):
        for number, term in enumerate(block.terms, start=1):
            line = _line_of(term.text, lines, after)
            after = line or after
            held = _labels(strategy, position, number - 1) if strategy.combination == "each-pair" else labels
            yield Written(syntax.read(term.text), block.name, number, held, line)


def _labels(strategy: Strategy, position: int, number: int) -> tuple[str, ...]:
    """The sub-queries that hold one term of one of two blocks; the first block varies fastest."""
    width = len(strategy.blocks[0].terms)
    return tuple(
        sub_query.label
        for place, sub_query in enumerate(strategy.sub_queries)
        if (place % width if position == 0 else place // width) == number
    )


def _line_of(text: str, lines: Sequence[str], after: int) -> int | None:
    """The line, counted from 1, of the key `text` with this value; TOML keeps no lines of its values."""
    key = re.compile(r"""\s*text\s*=\s*('\''|\"{3}|'|\")(.*)""")
    for number, line in enumerate(lines[after:], start=after + 1):
        found = key.match(line)
        if found and found[2].replace('\\"', '"').startswith(text):
            return number
    return None
