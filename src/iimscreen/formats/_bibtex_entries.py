r"""The entries of a BibTeX file with their fields, as they are written; what is none is refused with its line.

Fields may be in braces, in quotes, or bare, and joined by `#`; a comma that is missing between two is
let pass. `\{` and `\}` do not count as braces. Where the braces of an entry do not match, the next
line that begins an entry ends it: that entry is refused and the next one read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from iimscreen.errors import InputError
from iimscreen.formats._dates import MONTHS
from iimscreen.model import Refusal

_MOST_UNCLOSED = 50  # each reads to the end of the file
_START = re.compile(r"@[ \t]*([A-Za-z][\w-]*)\s*([{(])")
# Possessive where blanks may run on: nothing is tried twice.
_KEY = re.compile(r"([^,{}()=\"]*+)(?:,|(?=[})])|$)")
_NAME = re.compile(r"[\s,]*([A-Za-z_][\w:.+-]*)\s*=\s*")
_BARE = re.compile(r"[^\s,#{}()\"=]+")
_IN_BRACES = re.compile(r"\\[{}]|([{}])|(\n[ \t]*+@[ \t]*+[A-Za-z]++\s*+[{(]\s*+[^\s,{}()=\"]*+\s*+,)")
_IN_QUOTES = re.compile(r'\\[{}"]|([{}"])|(\n[ \t]*+@[ \t]*+[A-Za-z]++\s*+[{(]\s*+[^\s,{}()="]*+\s*+,)')
_JOINED = re.compile(r"\s*#\s*")
_NEXT = re.compile(r"\n[ \t]*@[ \t]*[A-Za-z]+\s*[{(]")
_BLANK = re.compile(r"[\s,]*")
_LOST = re.compile(r"\b(?:title|author|journal|year)\s*=\s*[{\"\w]", re.IGNORECASE)
_COMMENT = re.compile(r"^[ \t]*%.*$", re.MULTILINE)


@dataclass(slots=True)
class Entry:
    """One entry: its fields by their names in small letters, as they are written; of a name given twice the first."""

    line: int
    kind: str
    key: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Macros:
    """Abbreviations that the file defines with @string, and those it uses without."""

    texts: dict[str, str] = field(default_factory=dict)
    undefined: dict[str, int] = field(default_factory=dict)  # the line of the entry where it stands first


class _BrokenError(ValueError):
    """Why an entry cannot be read on, and where what follows may begin."""

    def __init__(self, cause: str, at: int) -> None:
        super().__init__(cause)
        self.at = at
        self.at_end = cause.endswith("before the file ends")


def entries(text: str, macros: Macros) -> Iterator[Entry | Refusal]:
    """Entries and refusals in order; `macros` is filled on the way.

    Raises InputError where braces do not match again and again.
    """
    place = 0
    line = 1
    unclosed = 0
    while (start := _START.search(text, place)) is not None:
        if lost := _lost(text, place, start.start()):
            yield Refusal(
                line + text.count("\n", place, lost), "text outside any entry: expected '@' and its type"
            )
        line += text.count("\n", place, start.start())
        kind = start[1].lower()
        reader = _Reader(text, start, line, macros)
        place = start.end()
        try:
            if kind in ("comment", "preamble"):
                place = reader.passed_over()
            elif kind == "string":
                place = reader.string()
            else:
                entry = Entry(line, kind, "")
                place = reader.entry(entry)
                yield entry
        except _BrokenError as error:
            unclosed += error.at_end
            if unclosed > _MOST_UNCLOSED:
                raise InputError(
                    f"line {line}: {error}, as in {_MOST_UNCLOSED} entries before it",
                    hint="correct the braces of the file, or export it again",
                ) from error
            place = max(error.at, start.end())
            if kind != "comment":
                yield Refusal(line, str(error))
        line += text.count("\n", start.start(), place)
    if lost := _lost(text, place, len(text)):
        yield Refusal(
            line + text.count("\n", place, lost), "text outside any entry: expected '@' and its type"
        )


def _lost(text: str, start: int, end: int) -> int:
    """Where between two entries something stands that may be what is left of one; 0 if nothing does.

    All else that stands there is a comment in BibTeX.
    """
    between = text[start:end]
    if "=" not in between:
        return 0
    found = _LOST.search(_COMMENT.sub(lambda comment: " " * len(comment.group()), between))
    return start + found.start() if found else 0


class _Reader:
    """Reads one entry from its opening brace or parenthesis on."""

    def __init__(self, text: str, start: re.Match[str], line: int, macros: Macros) -> None:
        self._text = text
        self._place = start.end()
        self._read_to = start.end()  # behind the last key or value
        self._end = "}" if start[2] == "{" else ")"
        self._line = line
        self._macros = macros

    def passed_over(self) -> int:
        """The place behind a comment."""
        if self._end == ")":
            end = self._text.find(")", self._place)
            return end + 1 if end >= 0 else len(self._text)
        self._braced()
        return self._place

    def string(self) -> int:
        found = self._field()
        if found is not None:
            self._macros.texts[found[0]] = found[1]
        self._close(found[0] if found else "@string")
        return self._place

    def entry(self, entry: Entry) -> int:
        key = _KEY.match(self._text, self._place)
        if key is None:  # no key at all: a field comes first
            if _NAME.match(self._text, self._place) is None:
                raise _BrokenError("the entry has no key and no field", self._next_start())
        else:
            entry.key = key[1].strip()
            self._place = self._read_to = key.end()
        last = "the key"
        while (found := self._field()) is not None:
            name, value = found
            entry.fields.setdefault(name, value)
            last = name
        self._close(last)
        return self._place

    def _field(self) -> tuple[str, str] | None:
        """The next field and its value; None where the entry may end."""
        name = _NAME.match(self._text, self._place)
        if name is None:
            return None
        self._place = name.end()
        parts = [self._value(name[1])]
        while (joined := _JOINED.match(self._text, self._place)) is not None:
            self._place = joined.end()
            parts.append(self._value(name[1]))
        self._read_to = self._place
        return name[1].lower(), "".join(parts)

    def _value(self, name: str) -> str:
        mark = self._text[self._place : self._place + 1]
        self._place += 1
        if mark == "{":
            return self._braced()
        if mark == '"':
            return self._quoted()
        self._place -= 1
        bare = _BARE.match(self._text, self._place)
        if bare is None:
            if mark in (",", self._end):
                return ""
            raise _BrokenError(f"no value behind {name}", self._next_start())
        self._place = bare.end()
        word = bare.group()
        if word.isdecimal() or word.lower() in self._macros.texts:
            return self._macros.texts.get(word.lower(), word)
        if word.lower() not in MONTHS and name.lower() != "month":
            self._macros.undefined.setdefault(word, self._line)
        return word

    def _braced(self) -> str:
        """What stands up to the brace that closes the one before this place."""
        start = self._place
        depth = 1
        for found in _IN_BRACES.finditer(self._text, start):
            if found[2]:
                raise _BrokenError("a brace is not closed before the next entry begins", found.start() + 1)
            if found[1]:
                depth += 1 if found[1] == "{" else -1
                if depth == 0:
                    self._place = found.end()
                    return self._text[start : found.start()]
        raise _BrokenError("a brace is not closed before the file ends", self._next_start())

    def _quoted(self) -> str:
        start = self._place
        depth = 0
        for found in _IN_QUOTES.finditer(self._text, start):
            if found[2]:
                raise _BrokenError("a quote is not closed before the next entry begins", found.start() + 1)
            if found[1] == '"' and depth <= 0:
                self._place = found.end()
                return self._text[start : found.start()]
            if found[1] in ("{", "}"):
                depth += 1 if found[1] == "{" else -1
        raise _BrokenError("a quote is not closed before the file ends", self._next_start())

    def _close(self, last: str) -> None:
        place = _BLANK.match(self._text, self._place)
        self._place = place.end() if place else self._place
        found = self._text[self._place : self._place + 1]
        if found == self._end:
            self._place += 1
            return
        if not found:
            raise _BrokenError(f"the file ends within the entry, behind {last}", len(self._text))
        shown = self._text[self._place : self._place + 20].split("\n")[0]
        raise _BrokenError(
            f"expected a field or {self._end!r} behind {last}, found {shown!r}", self._next_start()
        )

    def _next_start(self) -> int:
        """Where the next line begins an entry; else the end of the file."""
        found = _NEXT.search(self._text, self._read_to)
        return found.start() + 1 if found else len(self._text)
