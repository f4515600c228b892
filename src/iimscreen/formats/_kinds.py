"""What a file is that no format here can read, in words that say how to export it right."""

from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """What a file is, and what to do instead."""

    name: str  # with its article: "a PDF document"
    hint: str


_EXPORT = "export the records themselves, as RIS, from the database or reference manager"
_UNPACK = "unpack it and name the files in it"
_PAGE = "open the database in the browser, sign in, and export again as RIS"

_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF document", f"a paper holds no records to import; {_EXPORT}"),
    (b"{\\rtf", "an RTF document", f"{_EXPORT}, not formatted references"),
    (b"\x1f\x8b", "a gzip file inside a gzip file", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", f"a picture of a list cannot be read; {_EXPORT}"),
    (b"\xff\xd8\xff", "a JPEG image", f"a picture of a list cannot be read; {_EXPORT}"),
    (b"GIF8", "a GIF image", f"a picture of a list cannot be read; {_EXPORT}"),
    (b"II*\x00", "a TIFF image", f"a picture of a list cannot be read; {_EXPORT}"),
    (b"MM\x00*", "a TIFF image", f"a picture of a list cannot be read; {_EXPORT}"),
    (b"\x7fELF", "a program", _EXPORT),
)
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SQLITE = b"SQLite format 3\x00"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_IN_ZIP: tuple[tuple[bytes, str, str], ...] = (
    (b"opendocument.text", "an OpenDocument text (.odt)", f"{_EXPORT}, not formatted references"),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)", "save the table as CSV UTF-8"),
    (b"word/", "a Word document (.docx)", f"{_EXPORT}, not formatted references"),
    (b"ppt/", "a PowerPoint file (.pptx)", _EXPORT),
    (b"xl/", "an Excel workbook (.xlsx)", "save the table as CSV UTF-8"),
    (b"epub+zip", "an EPUB book", _EXPORT),
    (
        b".enl",
        "a compressed EndNote library (.enlx)",
        "open it in EndNote, File, Export, style RefMan (RIS) Export",
    ),
)
_TEXTS: tuple[tuple[str, str, str], ...] = (
    (r"%0 \S", "EndNote's tagged format (.enw)", "export as RIS: in EndNote style RefMan (RIS) Export"),
    (r"RT \S", "RefWorks' tagged format", "export from RefWorks as RIS"),
    (r"<\s*\d+\.?\s*>\s+(?:VN  - |Unique Identifier|Accession Number)", "Ovid's own text format",
     "export from Ovid again, with format RIS"),
    (r"Record #\d+ of \d+", "Cochrane Library's plain text", "export from the Cochrane Library again, with format RIS"),
    (r"@\w+\s*\{", "BibTeX", "export as RIS"),
)  # fmt: skip
_MARKUP = re.compile(r"\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>|\s)*<([A-Za-z_][\w.:-]*)", re.DOTALL)
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!DOCTYPE\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_LOGIN = re.compile(
    r"log ?in|sign ?in|password|shibboleth|session (?:has )?(?:expired|timed? ?out)", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{2,}")


def is_binary(data: bytes) -> bool:
    """Whether a file's first bytes name a kind that is no text, so that no encoding is sought in it."""
    return _of_bytes("", data) is not None


def kind_of(file_name: str, data: bytes, text: str) -> Kind | None:
    """What a file is by its first bytes, and the text they are; None if that cannot be told."""
    return _of_bytes(file_name, data) or _of_text(text) or _of_noise(data, text)


def certain_kind(file_name: str, data: bytes) -> Kind | None:
    """What a file is by a mark at its beginning that no text has."""
    return _of_bytes(file_name, data)


def _of_bytes(file_name: str, data: bytes) -> Kind | None:
    for beginning, name, hint in _BEGINNINGS:
        if data.startswith(beginning):
            return Kind(name, hint)
    if data.startswith(_ZIP):
        found = next(
            ((name, hint) for mark, name, hint in _IN_ZIP if mark in data), ("a ZIP archive", _UNPACK)
        )
        return Kind(*found)
    if data.startswith((_SQLITE, _OLE2)):
        return _of_a_program(file_name.lower(), data)
    if data[257:262] == b"ustar":
        return Kind("a tar archive", _UNPACK)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind("a WebP image", f"a picture of a list cannot be read; {_EXPORT}")
    if b"%PDF-" in data[:1024]:
        return Kind("a PDF document", f"a paper holds no records to import; {_EXPORT}")
    return None


def _of_a_program(file_name: str, data: bytes) -> Kind:
    if data.startswith(_SQLITE):
        if file_name.endswith((".enl", ".eni")):
            return Kind("an EndNote library", "open it in EndNote, File, Export, style RefMan (RIS) Export")
        return Kind("an SQLite database", "a manager's own library, or a review; export its records as RIS")
    if "Workbook".encode("utf-16-le") in data or file_name.endswith(".xls"):
        return Kind("an old Excel workbook (.xls)", "save the table as CSV UTF-8, or as .xlsx")
    return Kind("an old Office document (such as .doc)", f"{_EXPORT}, not formatted references")


def _of_text(text: str) -> Kind | None:
    text = text.lstrip("\ufeff \t\r\n")
    if _HTML.match(text):
        if _LOGIN.search(text):
            return Kind("a web page (HTML), by its words one to sign in", _PAGE)
        return Kind("a web page (HTML)", _PAGE)
    for pattern, name, hint in _TEXTS:
        if re.match(pattern, text):
            return Kind(name, hint)
    if found := _MARKUP.match(text):
        return Kind(f"an XML file of another kind (<{found.group(1)[:40]}>)", _EXPORT)
    if text[:1] in ("{", "[") and '"' in text[:4000]:
        return Kind("JSON of another kind", f"{_EXPORT}; JSON is read as one record a line (jsonl)")
    return None


def _of_noise(data: bytes, text: str) -> Kind | None:
    head = text[:4000]
    if not head:
        return None
    odd = sum((not sign.isprintable() and sign not in "\t\r\n") or sign == "\ufffd" for sign in head)
    if odd * 10 > len(head):
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return Kind("damaged UTF-16 text", "export it again as UTF-8")
        return Kind("binary data", f"it may be cut or encrypted; {_EXPORT}")
    first = next((line for line in head.splitlines() if line.strip()), "")
    if (
        len(_WORD.findall(first)) >= 4
        and first.count(" ") >= 4
        and not re.search(r"\t|,.*,.*,.*,|;.*;.*;", first)
    ):
        return Kind("plain text without the tags of a record", f"{_EXPORT}, not formatted references")
    return None
