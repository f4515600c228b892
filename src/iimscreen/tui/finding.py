"""Whether a text has all the words looked for: each begins a word of it, in any case, accents or not. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence


class Sought:
    """The words typed behind `/`."""

    def __init__(self, typed: str) -> None:
        words = folded(typed).split()
        self.words: Sequence[str] = tuple(dict.fromkeys(words))
        self._patterns = [re.compile(rf"(?<!\w){re.escape(word)}") for word in self.words]

    def fits(self, text: str) -> bool:
        """Whether each word begins a word of the text."""
        where = folded(text)
        # The plain look comes first: it is many times quicker, and most texts fail it.
        return all(word in where for word in self.words) and all(
            pattern.search(where) for pattern in self._patterns
        )


def folded(text: str) -> str:
    """Small letters without accents: "Sjögren" as "sjogren". Line by line, since most are plain ASCII."""
    return "\n".join(line.lower() if line.isascii() else _bare(line) for line in text.split("\n"))


def _bare(text: str) -> str:
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


# Marks that letters of Latin, Greek and Cyrillic are put together with; asking each letter takes ten times as long.
_ACCENTS = re.compile("[\u0300-\u036f]+")
