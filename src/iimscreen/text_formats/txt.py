"""Plain text, in UTF-8, UTF-16 or a Western 8-bit encoding; form feeds part pages, as pdftotext writes them."""

from __future__ import annotations

from iimscreen.model import Page
from iimscreen.text_formats import Text, decoded


def read(data: bytes) -> Text:
    """Its pages; a file without form feeds is one, which has no number."""
    text = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    pages = text.removesuffix("\f").split("\f")
    if len(pages) == 1:
        return Text((Page("", text),))
    return Text(tuple(Page(str(number), page) for number, page in enumerate(pages, start=1)))
