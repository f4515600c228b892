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
    """Small letters without accents: "Sjögren" as "sjogren"."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))
