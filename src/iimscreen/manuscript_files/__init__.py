"""Manuscripts with tagged numbers, as authors write them: .docx, .md, .tex and .txt, read and written byte by byte.

A tag is `{{prisma.records_screened}}`. A filled one shows its number and still knows its name: in Word as a field
(as reference managers make them), in Markdown as a span, in LaTeX as a macro, in plain text, where nothing can be
hidden, as `{{prisma.records_screened = 37}}`. What is no tag stays as it is.
"""

from __future__ import annotations

from typing import Protocol

from iimscreen.errors import InputError
from iimscreen.manuscript_files.marks import Mark, Stamp, Tag

__all__ = ["FORMATS", "Manuscript", "Mark", "Stamp", "Tag", "read"]

FORMATS = (".docx", ".md", ".txt", ".tex")


class Manuscript(Protocol):
    """One manuscript with its tags, in their order."""

    @property
    def tags(self) -> tuple[Tag, ...]:
        """All tags, filled or not."""

    def filled(self, values: dict[str, str], stamp: Stamp) -> bytes:
        """The manuscript with these numbers; `values` says for each tag's `asks` what is printed."""

    def final(self, values: dict[str, str]) -> bytes:
        """The same without tags: for a journal, and no longer to be checked."""


def read(name: str, content: bytes) -> Manuscript:
    """The manuscript of a file of this name. Raises InputError if it cannot be read as what its name says."""
    ending = f".{name.rpartition('.')[2].lower()}"
    if ending == ".docx":
        from iimscreen.manuscript_files.word import WordManuscript  # lxml, 20 ms

        return WordManuscript(name, content)
    if ending in FORMATS:
        from iimscreen.manuscript_files.text import TextManuscript

        return TextManuscript(name, content, ending)
    raise InputError(
        f"{name}: manuscripts of this kind cannot be filled",
        hint=f"expected {', '.join(FORMATS)}; Word and LibreOffice save .doc, .odt and .rtf as .docx",
    )
