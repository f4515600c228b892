"""A web page without its scripts, styles and menus."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from iimscreen.model import Page
from iimscreen.text_formats import Text, decoded

_UNREAD = frozenset(("script", "style", "noscript", "template", "svg", "nav", "select", "iframe", "object"))
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time",
    "tt", "u", "var", "wbr",
))  # fmt: skip
_CELLS = frozenset(("td", "th"))
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_LOG_IN = re.compile(
    r"\b(?:log ?in|sign ?in|password|captcha|access denied|are you (?:a robot|human)|verify (?:that )?you are|"
    r"cookies? (?:are )?(?:disabled|required)|purchase access|institutional access)\b",
    re.IGNORECASE,
)
_SHORT = 3_000  # characters; a short report in full has three times as many


def read(data: bytes) -> Text:
    """Its text as one page that has no number. A short page that speaks of logging in says so."""
    stated = _CHARSET.search(data[:4096])
    text = words_of(decoded(data, stated.group(1).decode("ascii") if stated else None))
    if len(text) < _SHORT and (found := _LOG_IN.search(text)):
        trouble = f"it has {len(text):,} characters and speaks of {found.group()!r}: it may be no full text"
        return Text((Page("", text),), trouble)
    return Text((Page("", text),))


def title_of(data: bytes) -> str:
    """The title of a page, as a browser shows it; "" if it has none."""
    found = re.search(r"<title[^>]*>(.*?)</title>", decoded(data[:100_000]), re.IGNORECASE | re.DOTALL)
    return " ".join(words_of(found.group(1)).split())[:100] if found else ""


def words_of(markup: str) -> str:
    """What a reader sees of it, a paragraph a line."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    lines = (" ".join(line.split(" ")).strip(" ") for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line.strip())


class _Reader(HTMLParser):
    """Gathers text; blocks begin new lines, cells of a table are parted by tabs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unread: list[str] = []

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread.append(tag)
        self._part(tag)

    def handle_startendtag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unread:
            while self._unread.pop() != tag:
                pass
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.parts.append(re.sub(r"\s+", " ", data))

    def _part(self, tag: str) -> None:
        if tag not in _INLINE and not self._unread:
            self.parts.append("\t" if tag in _CELLS else "\n")
