"""Counted nouns for messages and tables. Pure."""

from __future__ import annotations


def counted(count: int, noun: str, many: str | None = None) -> str:
    """A number and its noun, such as "1 record", "2,000 records"; `many` where -s does not make the plural."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
