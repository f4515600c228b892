"""How wide text is in the fonts of the figure, and where it is broken into lines.

Widths are those of the fonts that are shipped; a letter that they lack counts as a whole em, which is what Chinese,
Japanese and Korean letters take and more than most others do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from iimscreen.diagram import glyph_widths

_WIDE = 1000  # 1/1000 em
_JOINERS = "\u200c\u200d"  # zero width, and letters beside them are shaped by them
_MARKS_OF_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = ("R", "AL")


@dataclass(frozen=True, slots=True)
class Piece:
    """What is never broken: a word, or a number in its brackets."""

    text: str
    number: str = ""  # name of the list behind it, if it is a number
    after_blank: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a drawn line that stands by itself, so many points from the start of the line."""

    text: str
    number: str
    at: float
    width: float


@cache
def _widths(name: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for line in getattr(glyph_widths, name).split("\n"):
        start, *widths = line.split() or ["0"]
        found.update(enumerate(map(int, widths), int(start, 16)))
    return found


def printable(text: str) -> str:
    """The text on one line, without what no picture can hold: control characters and what is no character.

    Marks of direction go too: an open one would turn what stands behind it.
    """
    text = _MARKS_OF_DIRECTION.sub("", text)
    return " ".join(
        "".join(
            " " if letter.isspace() else letter
            for letter in text
            if letter.isspace() or not (unicodedata.category(letter) in ("Cc", "Cs") or _is_none(letter))
        ).split()
    )


def _is_none(letter: str) -> bool:
    """Whether it is one of the code points that Unicode says will never be a character."""
    point = ord(letter)
    return 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE


def is_right_to_left(text: str) -> bool:
    """Whether any letter of it is written from right to left."""
    return any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


def starts_right_to_left(text: str) -> bool:
    """Whether its first letter with a direction is written from right to left."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction == "L" or direction in _RIGHT_TO_LEFT:
            return direction != "L"
    return False


@cache
def _width(letter: str, bold: bool) -> int:
    point = ord(letter)
    if unicodedata.combining(letter) or letter in _JOINERS or 0xFE00 <= point <= 0xFE0F:
        return 0
    regular = _widths("REGULAR").get(point)
    if regular is None:
        return _widths("MORE").get(point, _WIDE)
    return max(regular, _widths("BOLD").get(point, regular)) if bold else regular


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is, in points."""
    return sum(_width(letter, bold) for letter in text) * size / 1000


def in_main_font(text: str) -> bool:
    """Whether the main font has every letter of a text."""
    return all(ord(letter) in _widths("REGULAR") for letter in text)


def lacking(text: str) -> tuple[str, ...]:
    """The letters that no shipped font has, each once, in their order."""
    known = (_widths("REGULAR"), _widths("MORE"))
    return tuple(
        letter
        for letter in dict.fromkeys(text)
        if not any(ord(letter) in widths for widths in known) and not 0xFE00 <= ord(letter) <= 0xFE0F
    )


def pieces(text: str) -> Iterator[Piece]:
    """The words of a text; of scripts that are written without blanks, the letters."""
    for word in text.split():
        after_blank = True
        for part in _parts(word):
            yield Piece(part, after_blank=after_blank)
            after_blank = False


def _parts(word: str) -> list[str]:
    parts: list[str] = []
    was_wide = True
    for cluster in _clusters(word):
        is_wide = unicodedata.east_asian_width(cluster[0]) in ("W", "F")
        closes = unicodedata.category(cluster[0]) in ("Pe", "Pf", "Po")  # never at the start of a line
        if parts and (closes or not (is_wide or was_wide)):
            parts[-1] += cluster
        else:
            parts.append(cluster)
        was_wide = is_wide
    return parts


def _clusters(word: str) -> Iterator[str]:
    """The letters of a word, each with the marks on it."""
    held = ""
    for letter in word:
        belongs = unicodedata.combining(letter) or unicodedata.category(letter) in (
            "Mn",
            "Me",
            "Mc",
            "Cf",
            "Sk",
        )
        if held and not (belongs or held[-1] == "\u200d"):
            yield held
            held = ""
        held += letter
    if held:
        yield held


def _broken(piece: Piece, size: float, room: float, *, bold: bool) -> Iterator[Piece]:
    """A piece in parts that fit; a number is never broken."""
    if piece.number or width(piece.text, size, bold=bold) <= room:
        yield piece
        return
    held, after_blank = "", piece.after_blank
    for cluster in _clusters(piece.text):
        if held and width(held + cluster, size, bold=bold) > room:
            yield Piece(held, after_blank=after_blank)
            held, after_blank = "", False
        held += cluster
    yield Piece(held, after_blank=after_blank)


def wrapped(
    words: Iterable[Piece], size: float, room: float, *, hanging: float = 0, bold: bool = False
) -> list[tuple[Run, ...]]:
    """The words broken into lines of so many points; lines after the first have `hanging` less."""
    lines: list[list[Piece]] = [[]]
    filled = 0.0
    blank = width(" ", size, bold=bold)
    for word in words:
        for piece in _broken(word, size, room - hanging, bold=bold):
            taken = width(piece.text, size, bold=bold)
            before = blank if lines[-1] and piece.after_blank else 0.0
            if lines[-1] and filled + before + taken > room - (hanging if len(lines) > 1 else 0):
                lines.append([])
                filled, before = 0.0, 0.0
            lines[-1].append(piece)
            filled += before + taken
    return [_runs(line, size, hanging if number else 0, bold) for number, line in enumerate(lines)]


def _runs(line: list[Piece], size: float, at: float, bold: bool) -> tuple[Run, ...]:
    """A line as text and numbers."""
    runs: list[Run] = []
    blank = width(" ", size, bold=bold)
    held = ""
    for piece in line:
        if piece.number:
            if held:
                runs.append(Run(held, "", at, width(held, size, bold=bold)))
                at += runs[-1].width + blank
            runs.append(Run(piece.text, piece.number, at, width(piece.text, size, bold=bold)))
            at += runs[-1].width + blank
            held = ""
        else:
            held += f"{' ' if held and piece.after_blank else ''}{piece.text}"
    if held:
        runs.append(Run(held, "", at, width(held, size, bold=bold)))
    return tuple(runs)
