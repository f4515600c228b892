"""The text of a full text, page by page: one file per format, bytes to pages. Pure: no file is opened here.

What a file is tells its content, not its name. Text that cannot be read is no reason to refuse a file, which
people may read with other programs: it says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from iimscreen.formats import encoding_of
from iimscreen.model import Page

PDF, XML, HTML, TXT, OTHER = "pdf", "xml", "html", "txt", "other"
SUFFIXES = {PDF: ".pdf", XML: ".xml", HTML: ".html", TXT: ".txt"}
VERSION = "1"  # of what becomes of a file; raised where the same file gives another text than before

_HEAD = 4096
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(
    r"\s*(?:<\?xml\s|<!DOCTYPE\s+(?:article|pmc-articleset|book)|<(?:article|pmc-articleset)[\s>])"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Text:
    """The pages of one file, and why they may lack something, in a sentence."""

    pages: tuple[Page, ...]
    trouble: str = ""

    @property
    def is_there(self) -> bool:
        """Whether any page holds words."""
        return any(re.search(r"\w{2}", page.text) for page in self.pages)


def format_of(data: bytes) -> str:
    """What a file is by its content: pdf, xml, html, txt, or other."""
    if b"%PDF-" in data[:1024]:
        return PDF
    encoding = encoding_of(data[: 1 << 16])
    if encoding is None:
        return OTHER
    head = data[:_HEAD].decode(encoding.codec, errors="replace").lstrip("\ufeff")
    if _HTML.match(head):
        return HTML
    if _XML.match(head):
        return XML
    return OTHER if _CONTROLS.search(head) or not head.strip() else TXT


def read(data: bytes, kind: str) -> Text:
    """The pages of a file of this kind. Raises InputError if it is a PDF and pypdf is not installed."""
    if kind == OTHER:
        return Text((), "its text cannot be read: it is no PDF, XML, HTML or plain text")
    found = _reader(kind)(data)
    if not found.trouble and not found.is_there:
        return Text(found.pages, _NO_WORDS[kind])
    return found


def _reader(kind: str) -> Callable[[bytes], Text]:
    from iimscreen.text_formats import html, pdf, txt, xml  # they take `Text` from here

    return {PDF: pdf.read, XML: xml.read, HTML: html.read, TXT: txt.read}[kind]


_NO_WORDS = {
    PDF: "it holds no text, as scans do: run OCR over it, and attach what comes out",
    XML: "it holds no text",
    HTML: "it holds no text: such a page may be filled by a script; print it to PDF in a browser",
    TXT: "it holds no words",
}


def decoded(data: bytes, codec: str | None = None) -> str:
    """Bytes as text: in the encoding named, else in that which they are in by their look, at worst Latin-1."""
    if codec is not None:
        try:
            return data.decode(codec).removeprefix("\ufeff")
        except (LookupError, UnicodeDecodeError):
            pass  # a page that names one encoding and is in another
    encoding = encoding_of(data)
    text = data.decode(encoding.codec if encoding is not None else "latin-1", errors="replace")
    return text.removeprefix("\ufeff")
