"""Counted nouns for messages and tables, and short names made of words. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable


def counted(count: int, noun: str, many: str | None = None) -> str:
    """A number and its noun, such as "1 record", "2,000 records"; `many` where -s does not make the plural."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def slug(words: str) -> str:
    """Words as one lower-case ASCII name: "Web of Science" is "web-of-science".

    Of words without any such letter it is made of their hash, so that it stays the same.
    """
    plain = unicodedata.normalize("NFKD", words.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_") or f"x{_short_hash(words)}"


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Each name → its slug; of names with the same one the first has it, the others with a part of their hash."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        wanted = slug(name)
        found[name] = wanted if wanted not in taken else f"{wanted}-{_short_hash(name)}"
        taken.add(found[name])
    return found


def _short_hash(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:6]
