"""Manuscripts that are text: Markdown, LaTeX, plain text. Every byte that is no tag stays, line ends and all."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from iimscreen.errors import InputError
from iimscreen.manuscript_files.marks import Mark, Stamp, Tag, is_tag, mark_of, remembered, stamp_of

_BRACES = r"(?<!\\)\{\{(?P<asks>[^{}\n]*(?:\n[^{}\n]*)?)\}\}"  # a long tag may be wrapped once
_NAME = re.compile(r"[A-Za-z]\w*[._]\w[\w.-]*")  # in LaTeX, two braces are often no tag
_MACRO = "\\providecommand{\\iim}[2]{#2}"
_BEGIN = re.compile(r"^[^%\n]*\\begin\{document\}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Way:
    """How one kind of text writes a filled tag, and its stamp on the last line."""

    filled: re.Pattern[str]  # both in one: groups asks, or mark and printed
    opening: str  # of a filled tag: one that is left over was damaged
    stamp: re.Pattern[str]


_WAYS = {
    ".md": _Way(
        re.compile(
            _BRACES + r'|<span data-iim="(?P<mark>[^"<>]*)">(?P<printed>(?:(?!<span data-iim).)*?)</span>',
            re.DOTALL,
        ),
        '<span data-iim="',
        re.compile(r"(?:\r\n\r\n|\n\n|\r?\n)?<!-- iimscreen filled this: [^\r\n]*? -->(?:\r?\n)?"),
    ),
    ".tex": _Way(
        re.compile(
            _BRACES
            + r"|\\iim\s*\{(?P<mark>(?:[^{}\\]|\\.)*)\}\s*\{(?P<printed>(?:[^{}\\]|\\.|\{[^{}]*\})*)\}",
            re.DOTALL,
        ),
        "\\iim{",
        re.compile(r"(?:(?<!\r)\n|\r\n)?% iimscreen filled this: [^\r\n]*(?:\r?\n)?"),
    ),
    ".txt": _Way(
        re.compile(_BRACES, re.DOTALL),
        "",
        re.compile(r"(?:\r\n\r\n|\n\n|\r?\n)?\[iimscreen filled this: [^\r\n]*\](?:\r?\n)?"),
    ),
}


class TextManuscript:
    """A text with its tags."""

    def __init__(self, name: str, content: bytes, ending: str) -> None:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
            raise InputError(
                f"{name} is no text in UTF-8", hint="save it as UTF-8, or as .docx from a word processor"
            )
        self._name, self._ending, self._way = name, ending, _WAYS[ending]
        try:
            self._text, self._is_utf8 = content.decode("utf-8"), True
        except UnicodeDecodeError:  # Windows-1252, say: its bytes pass through as they are
            self._text, self._is_utf8 = content.decode("utf-8", "surrogateescape"), False
        self._stamp = stamp_of(found[0]) if (found := self._way.stamp.search(self._text)) else None
        self._require_whole()

    @property
    def tags(self) -> tuple[Tag, ...]:
        """All tags, in the order of the text."""
        return tuple(self._tag(found) for found in self._found())

    def filled(self, values: dict[str, str], stamp: Stamp) -> bytes:
        """The text with these numbers, and the stamp on its last line."""
        return self._encoded(self._stamped(self._put(values, keeps_tags=True), stamp), values)

    def final(self, values: dict[str, str]) -> bytes:
        """The text with these numbers and nothing of ours."""
        text = self._without_stamp(self._put(values, keeps_tags=False))
        return self._encoded(re.sub(re.escape(_MACRO) + r"\r?\n", "", text, count=1), values)

    def _found(self) -> Iterator[re.Match[str]]:
        return (found for found in self._way.filled.finditer(self._text) if self._is_ours(found))

    def _is_ours(self, found: re.Match[str]) -> bool:
        if found["asks"] is None:
            return True
        if self._ending == ".tex":
            return _NAME.match(mark_of(found["asks"]).asks) is not None
        return is_tag(found["asks"])

    def _tag(self, found: re.Match[str]) -> Tag:
        line = self._text.count("\n", 0, found.start()) + 1
        where = f"line {line:,}"
        if found["asks"] is None:
            mark = mark_of(self._read(found["mark"]))
            return Tag(mark.asks, where, self._read(found["printed"]), mark.was, self._stamp)
        mark = mark_of(self._read(found["asks"]) if self._ending == ".tex" else found["asks"])
        return Tag(mark.asks, where, mark.was or None, "", self._stamp if mark.was else None)

    def _read(self, text: str) -> str:
        if self._ending == ".md":
            return html.unescape(text)
        return re.sub(r"\\([%&#$_])", r"\1", text) if self._ending == ".tex" else text

    def _written(self, text: str) -> str:
        if self._ending == ".md":
            return html.escape(text, quote=False)
        return re.sub(r"([%&#$_])", r"\\\1", text) if self._ending == ".tex" else text

    def _put(self, values: dict[str, str], *, keeps_tags: bool) -> str:
        def put(found: re.Match[str]) -> str:
            if not self._is_ours(found):
                return found[0]
            asks = self._tag(found).asks
            value = self._written(values[asks])
            if not keeps_tags:
                return value
            mark = str(Mark(asks, remembered(values[asks])))
            if self._ending == ".md":
                return f'<span data-iim="{html.escape(mark)}">{value}</span>'
            if self._ending == ".tex":
                return f"\\iim{{{self._written(mark)}}}{{{value}}}".replace("\\_", "_", mark.count("_"))
            return f"{{{{{Mark(asks, values[asks])}}}}}"

        return self._way.filled.sub(put, self._text)

    # --- the stamp ---

    def _stamped(self, text: str, stamp: Stamp) -> str:
        text = self._without_stamp(text)
        # Behind a last "\r" alone, "\n" would make one line end with it, and both would go with the stamp.
        end = "\r\n" if "\r\n" in text or text.endswith("\r") else "\n"
        told = f"iimscreen filled this: {stamp}"
        if self._ending == ".md":
            return f"{text}{end}{end}<!-- {told} -->{end}"
        if self._ending == ".txt":
            return f"{text}{end}{end}[{told}]{end}"
        if _MACRO not in text:
            begin = _BEGIN.search(text)
            place = begin.start() if begin else len(text) - len(text.removeprefix("\ufeff"))
            text = f"{text[:place]}{_MACRO}{end}{text[place:]}"
        before = "" if text.endswith("\r") else end  # a lone one ends a line, and would be taken for half of ours
        return f"{text}{before}% {told}{end}"

    def _without_stamp(self, text: str) -> str:
        return self._way.stamp.sub("", text)

    def _encoded(self, text: str, values: dict[str, str]) -> bytes:
        odd = next((value for value in values.values() if not value.isascii()), None)
        if odd is not None and not self._is_utf8:
            raise InputError(
                f"{self._name} is not in UTF-8, and {odd!r} is to be written into it", hint="save it as UTF-8"
            )
        return text.encode("utf-8", "strict" if self._is_utf8 else "surrogateescape")

    def _require_whole(self) -> None:
        if not self._way.opening:
            return
        spans = [found.span() for found in self._way.filled.finditer(self._text)]
        for one in re.finditer(re.escape(self._way.opening), self._text):
            if not any(start <= one.start() < end for start, end in spans):
                line = self._text.count("\n", 0, one.start()) + 1
                raise InputError(
                    f"{self._name}, line {line}: a filled tag begins with {self._way.opening} and does not end",
                    hint="mend it, or write {{NAME}} in its place",
                )
