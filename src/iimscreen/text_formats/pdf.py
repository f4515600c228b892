"""PDF, by pypdf: an optional extra. Scans have no text, and what encryption or damage keeps closed says so."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from collections.abc import Sequence

from iimscreen.errors import InputError
from iimscreen.model import Page
from iimscreen.text_formats import Text

INSTALL = 'pip install "iimscreen[pdf]"'

# What pypdf raises on damaged files beside its own errors, seen by cutting and changing bytes of real ones.
_DAMAGE = (
    ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError, RecursionError, OverflowError,
    ArithmeticError, NotImplementedError, OSError, MemoryError, struct.error, zlib.error,
)  # fmt: skip


def read(data: bytes) -> Text:
    """Its pages, numbered from 1, with the number that the file itself gives a page where it is another."""
    try:
        import pypdf  # 0.2 s, and an extra
        from pypdf.errors import DependencyError, DeprecationError, PyPdfError
    except ImportError as error:
        raise InputError(
            "reading the text of a PDF needs pypdf, which is not installed", hint=INSTALL
        ) from error
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells the terminal of each oddity of a file
    damage = (
        PyPdfError,
        DeprecationError,
        *_DAMAGE,
    )  # the second of short names of filters, where they must be long
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            return Text((), "its text cannot be read: it is encrypted, and opens with a password only")
        number = len(reader.pages)
    except DependencyError:
        return Text((), f"its text cannot be read: it is encrypted; {INSTALL} brings what opens it")
    except damage as error:
        return Text((), f"its text cannot be read: the PDF is damaged ({_words(error)})")
    try:
        stated = reader.page_labels
    except damage:
        stated = []
    labels = _labels(stated, number)
    pages, unread = [], []
    for place in range(number):
        try:
            text = reader.pages[place].extract_text()
        except damage:
            text = ""
            unread.append(str(place + 1))
        pages.append(Page(labels[place], text))
    trouble = ""
    if unread:
        named = ", ".join(unread[:10]) + (", …" if len(unread) > 10 else "")
        trouble = f"the text of {len(unread):,} of {number:,} pages cannot be read ({named})"
    return Text(tuple(pages), trouble)


def _labels(stated: Sequence[str], number: int) -> list[str]:
    """What each page is called: by its place, and by the number that the file states beside it."""
    labels = []
    for place in range(1, number + 1):
        own = stated[place - 1].strip() if place <= len(stated) else ""
        labels.append(f"{place} ({own})" if own and own != str(place) else str(place))
    return labels


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__
