"""Where a quote stands in a text: letter for letter but for what typesetting changes, or nearly so.

Spaces, line ends and the hyphens at them, ligatures, kinds of quotation marks and dashes, and capitals do not
count. What is only nearly found, as in a scan, has to state the same numbers and the same negations.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from iimscreen.model import Page
from iimscreen.quotes.numbers import WORDS

# Of 100. Quotes score 85 or more where up to 5 of 100 signs are spoilt as scans spoil them (300 of 300), quotes of
# other texts 79 at most (587 of 587): see tests/test_quotes.py.
AT_LEAST = 85.0
SHORTEST = 12  # letters of a quote that may be nearly found; a shorter one has to be there as it is

_ELLIPSIS = re.compile(r"\s*(?:[\[(]\s*(?:\.{3}|…)\s*[\])]|\.{3,}|…)\s*")
_UNIFIED = {
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-"),
    **dict.fromkeys(map(ord, "‘’‚‛`´′ʼ＇"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»″＂"), '"'),
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), ""),
}
_LINE_END = re.compile(r"(?<=[^\W\d_])-[ \t]*[\r\n]\s*(?=[^\W\d_])")
_CONFUSED = str.maketrans("oqdli|!sbzg", "00011115829")  # letters, in small, that scans give for digits
_NEGATIONS = frozenset(("no", "not", "never", "without", "neither", "nor", "none", "cannot"))


@dataclass(frozen=True, slots=True)
class Passage:
    """A place in a text: on one page, or on two that follow each other."""

    pages: tuple[Page, ...]
    text: str
    score: float  # 0 to 100, 100 = letter for letter

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of its pages."""
        return tuple(page.label for page in self.pages)


def plain(text: str) -> str:
    """A text on one line, as it is shown and searched: one kind of each sign, words at line ends joined."""
    text = unicodedata.normalize("NFKC", text).translate(_UNIFIED)
    return " ".join(_LINE_END.sub(_joined, text).split())


def _joined(found: re.Match[str]) -> str:
    """What becomes of a hyphen at a line end: "immuno-/suppressed" is one word, "anti-/MDA5" is two."""
    before, after = found.string[found.start() - 1], found.string[found.end()]
    return "" if before.islower() and after.islower() else "-"


@dataclass(frozen=True, slots=True)
class _Squeezed:
    """A plain text without what typesetting changes, and the place of each letter left in it."""

    plain: str
    letters: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> _Squeezed:
        shown = plain(text)
        letters: list[str] = []
        places: list[int] = []
        for place, letter in enumerate(shown):
            if letter == " " and not (_is_digit(shown, place - 1) and _is_digit(shown, place + 1)):
                continue
            if letter == "-" and (_is_letter(shown, place, -1) or _is_letter(shown, place, 1)):
                continue
            for small in letter.lower():
                letters.append(small)
                places.append(place)
        return cls(shown, "".join(letters), tuple(places))

    def whole(self, first: int, last: int) -> bool:
        """Whether a stretch of the plain text cuts no word and no number at its ends."""
        text = self.plain
        return not (_cuts(text, first - 1, first) or _cuts(text, last, last + 1))


def _is_digit(text: str, place: int) -> bool:
    return 0 <= place < len(text) and text[place].isdigit()


def _is_letter(text: str, place: int, step: int) -> bool:
    """Whether the next sign on one side, but for a space, is a letter."""
    place += step
    if 0 <= place < len(text) and text[place] == " ":
        place += step
    return 0 <= place < len(text) and text[place].isalpha()


def _cuts(text: str, left: int, right: int) -> bool:
    """Whether a cut between two neighbours goes through a word or a number."""
    if left < 0 or right >= len(text):
        return False
    before, after = text[left], text[right]
    if before.isalpha() and after.isalpha():
        return True
    if before.isdigit():
        return after.isdigit() or (after in ".," and _is_digit(text, right + 1))
    return after.isdigit() and before in ".," and _is_digit(text, left - 1)


@lru_cache(maxsize=1024)  # pages; a sheet asks for the same ones again and again
def _squeezed(text: str) -> _Squeezed:
    return _Squeezed.of(text)


def stands(quote: str, pages: Sequence[Page]) -> list[Passage]:
    """Every page, or pair of pages, where a quote stands; those where it does letter for letter before others.

    Of a quote with an ellipsis each part has to stand, and the places of the first are given.
    """
    parts = [part for part in _ELLIPSIS.split(quote) if plain(part)]
    places = [_part_stands(part, pages) for part in parts]
    return places[0] if places and all(places) else []


def _part_stands(part: str, pages: Sequence[Page]) -> list[Passage]:
    wanted = _Squeezed.of(part)
    exact = [found for page in pages if (found := _exactly(wanted, (page,), page.text))]
    exact = exact or [
        found for pair, text in _seams(pages, len(wanted.plain)) if (found := _exactly(wanted, pair, text))
    ]
    if exact or len(wanted.letters) < SHORTEST:
        return exact
    nearly = [
        found for found in _nearly(wanted, pages) if found.score >= AT_LEAST and _says_the_same(wanted, found)
    ]
    return sorted(nearly, key=lambda found: -found.score)


def nearest(quote: str, pages: Sequence[Page]) -> Passage | None:
    """The passage that is most like a quote; None if the text has nothing like it."""
    wanted = _Squeezed.of(_ELLIPSIS.split(quote)[0])
    found = max(_nearly(wanted, pages), key=lambda one: one.score, default=None)
    return found if found is not None and found.score >= 50 else None


def _exactly(wanted: _Squeezed, pages: tuple[Page, ...], text: str) -> Passage | None:
    there = _squeezed(text)
    if not wanted.letters:
        return None
    start = there.letters.find(wanted.letters)
    while start >= 0:
        first, last = there.places[start], there.places[start + len(wanted.letters) - 1]
        if there.whole(first, last):
            return Passage(pages, there.plain[first : last + 1], 100.0)
        start = there.letters.find(wanted.letters, start + 1)
    return None


def _seams(pages: Sequence[Page], length: int) -> Iterator[tuple[tuple[Page, ...], str]]:
    """Ends of pages with the beginnings of the next, of the same file, for quotes that go over."""
    reach = 2 * length + 200
    for page, after in pairwise(pages):
        if page.file == after.file:
            yield (page, after), f"{page.text[-reach:]}\n{after.text[:reach]}"


def _nearly(wanted: _Squeezed, pages: Sequence[Page]) -> Iterator[Passage]:
    if not wanted.letters:
        return
    texts = [*(((page,), page.text) for page in pages), *_seams(pages, len(wanted.plain))]
    for found, text in texts:
        there = _squeezed(text)
        if len(there.letters) < len(wanted.letters) // 2:
            continue
        alike = fuzz.partial_ratio_alignment(wanted.letters, there.letters)
        if alike is None or alike.dest_end <= alike.dest_start:
            continue
        first, last = there.places[alike.dest_start], there.places[alike.dest_end - 1]
        while _cuts(there.plain, first - 1, first):
            first -= 1
        while _cuts(there.plain, last, last + 1):
            last += 1
        yield Passage(found, there.plain[first : last + 1], alike.score)


def _says_the_same(wanted: _Squeezed, passage: Passage) -> bool:
    """Whether a passage that is nearly the quote states its numbers, and negates as it does."""
    words, there = (Counter(re.findall(r"[a-z]+", text.lower())) for text in (wanted.plain, passage.text))
    if any(words[word] != there[word] for word in _NEGATIONS):
        return False
    if any(words[word] > there[word] for word in WORDS) and any(words[word] < there[word] for word in WORDS):
        return False
    return _has_its_digits(wanted.letters, _Squeezed.of(passage.text).letters)


def _has_its_digits(quote: str, passage: str) -> bool:
    """Whether each digit of a quote, and each point within its numbers, is there as it is, or as scans misread it.

    Digits of the passage alone do no harm where they stand apart, such as the number of a reference.
    """
    there: list[str] = []  # what stands in the passage for each sign of the quote
    places: dict[int, int] = {}  # place in the passage → in the quote, of signs that stand for each other
    for one in Levenshtein.opcodes(quote, passage):
        mine, others = range(one.src_start, one.src_end), range(one.dest_start, one.dest_end)
        if one.tag in ("equal", "replace"):
            there += (passage[place] for place in others)
            places.update(zip(others, mine, strict=True))
        elif one.tag == "delete":
            there += [""] * len(mine)
    for place, sign in enumerate(quote):
        is_point = sign in ".," and _is_digit(quote, place - 1) and _is_digit(quote, place + 1)
        if is_point and there[place] not in tuple(".,:"):
            return False
        if sign.isdigit() and there[place].translate(_CONFUSED) != sign:
            return False
    return not any(
        sign.isdigit()
        and place not in places
        and any(_is_digit(quote, places.get(near, -1)) for near in (place - 1, place + 1))
        for place, sign in enumerate(passage)
    )
