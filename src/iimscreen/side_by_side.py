"""Two records laid side by side, field by field, and the words by which two texts differ. Pure.

It shows; whether the two are one report is for `matching` and for people.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

from iimscreen.model import Record

# Beyond this, words are compared place by place: difflib takes 20 s for the names of 10,000 people.
_MOST_WORDS = 2_000


class Stated(StrEnum):
    """What two records say in one field."""

    AGREE = "agree"
    DIFFER = "differ"
    ONE = "one only"  # one states it, the other does not


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and whether the other text has something else in its place."""

    text: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One field of both records; no pieces where a record does not state it."""

    field: str
    one: tuple[Piece, ...]
    other: tuple[Piece, ...]
    stated: Stated


_WORD = re.compile(r"\S+\s*|\s+")


def plain_word(text: str) -> str:
    """A text as it is compared: letters and digits only, without case, accents and width."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum()) or folded.strip()


def words(one: str, other: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces, those that differ marked; the pieces of a text make up the whole of it.

    Words that differ in case, accents or punctuation only are the same.
    """
    left, right = _WORD.findall(one), _WORD.findall(other)
    plain_left, plain_right = ([plain_word(word) for word in text] for text in (left, right))
    if max(len(left), len(right)) > _MOST_WORDS:
        stretches = _in_place(plain_left, plain_right)
    else:
        stretches = list(SequenceMatcher(None, plain_left, plain_right, autojunk=False).get_opcodes())
    first: list[Piece] = []
    second: list[Piece] = []
    for what, i, j, m, n in stretches:
        for found, texts in ((first, left[i:j]), (second, right[m:n])):
            if texts:
                found.extend(_marked(texts, differs=what != "equal"))
    return tuple(first), tuple(second)


def _in_place(left: Sequence[str], right: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """Stretches that are equal or not, word by word; where one text is longer, its rest differs."""
    found: list[tuple[str, int, int, int, int]] = []
    common = min(len(left), len(right))
    start = 0
    for place in range(1, common + 1):
        is_equal = left[start] == right[start]
        if place == common or (left[place] == right[place]) != is_equal:
            found.append(("equal" if is_equal else "replace", start, place, start, place))
            start = place
    if len(left) != len(right):
        found.append(("replace", common, len(left), common, len(right)))
    return found


def _marked(texts: Sequence[str], *, differs: bool) -> list[Piece]:
    """One piece; white space behind what differs is no part of the difference."""
    text = "".join(texts)
    bare = text.rstrip()
    if not differs or not bare:
        return [Piece(text)]
    return [Piece(bare, differs=True), *([Piece(text[len(bare) :])] if text != bare else [])]


def cut(pieces: tuple[Piece, ...], most: int) -> tuple[Piece, ...]:
    """The first `most` letters of a value, with an ellipsis where more follow."""
    found: list[Piece] = []
    for piece in pieces:
        if len(piece.text) > most:
            return (*found, replace(piece, text=piece.text[:most].rstrip() + " …"))
        found.append(piece)
        most -= len(piece.text)
    return pieces


def shortened(pieces: Sequence[Piece], *, around: int = 8) -> tuple[Piece, ...]:
    """The pieces with the middle of each long stretch that is alike left out, and its words counted."""
    found = []
    for place, piece in enumerate(pieces):
        parts = _WORD.findall(piece.text)
        before = around if place > 0 else 0
        after = around if place < len(pieces) - 1 else 0
        left_out = len(parts) - before - after
        if piece.differs or left_out <= around:
            found.append(piece)
            continue
        start, end = "".join(parts[:before]), "".join(parts[len(parts) - after :])
        found.append(Piece(f"{start}… {left_out:,} words alike … {end}"))
    return tuple(found)


# Each field with its label and how it reads; authors and lists are one text.
def _values(record: Record) -> dict[str, str | None]:
    return {
        "title": record.title,
        "original title": record.vernacular_title,
        "authors": "; ".join(str(author) for author in record.authors) or None,
        "journal": record.journal or record.journal_abbreviation,
        "year": str(record.year) if record.year else None,
        "volume": record.volume,
        "issue": record.issue,
        "pages": record.pages,
        "DOI": record.doi,
        "PMID": record.pmid,
        "PMCID": record.pmcid,
        "language": ", ".join(record.languages) or None,
        "type": "; ".join(record.publication_types) or None,
        "registration": ", ".join(record.registrations) or None,
        "abstract": record.abstract,
    }


FIELDS = tuple(_values(Record()))
_BY_WORDS = frozenset({"title", "original title", "authors", "type", "abstract"})


def rows(one: Record, other: Record, *, judged: Mapping[str, bool | None] | None = None) -> tuple[Row, ...]:
    """The fields that at least one of the two states; `judged` may say of some whether they agree,
    where that takes more than letters (an abbreviated journal).
    """
    found = []
    first, second = _values(one), _values(other)
    for field in FIELDS:
        a, b = first[field], second[field]
        if a is None and b is None:
            continue
        if a is None or b is None:
            found.append(Row(field, _whole(a), _whole(b), Stated.ONE))
            continue
        agree = (judged or {}).get(field)
        if agree is None:
            agree = says_the_same(field, a, b)
        if field in _BY_WORDS:
            left, right = words(a, b)
        else:
            left, right = (Piece(a, differs=not agree),), (Piece(b, differs=not agree),)
        found.append(Row(field, left, right, Stated.AGREE if agree else Stated.DIFFER))
    return tuple(found)


def _whole(text: str | None) -> tuple[Piece, ...]:
    return () if text is None else (Piece(text),)


def says_the_same(field: str, one: str, other: str) -> bool:
    """Whether two values of a field are the same but for spelling: "1024-9" is "1024-1029"."""
    if field == "pages":
        return _pages(one) == _pages(other)
    if field in ("volume", "issue", "PMID"):
        return plain_word(one).lstrip("0") == plain_word(other).lstrip("0")
    if field == "DOI":
        return one.casefold() == other.casefold()
    return plain_word(one) == plain_word(other)


def _pages(text: str) -> tuple[str, str]:
    first, _, last = re.sub(r"[\u2010-\u2015\u2212]", "-", text.casefold()).replace("pp.", "").partition("-")
    first, last = plain_word(first), plain_word(last)
    if last.isdigit() and first.isdigit() and len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    return first, "" if last == first else last
