"""A .docx file as the parts it holds: opened with caution, written with all else as it was."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from iimscreen.errors import InputError

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_BYTES = 100_000_000  # of all XML once unpacked: a thesis of 1,000 pages has a tenth of it
_MOST_PARTS = 20_000
_KINDS = ("document.main", "header", "footer", "footnotes", "endnotes", "comments")
_OLE = b"\xd0\xcf\x11\xe0"  # .doc, and .docx with a password
_HINT = "open it in Word or LibreOffice and save it as .docx again"


class Package:
    """The parts of one .docx file."""

    def __init__(self, name: str, content: bytes) -> None:
        self._name, self._content = name, content
        if content.startswith(_OLE):
            raise InputError(
                f"{name} is encrypted, or is an old .doc",
                hint="take the password off, or save it as .docx, then try again",
            )
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as opened:
                parts = {one.filename: one for one in opened.infolist()}
                xml = sum(one.file_size for one in parts.values() if one.filename.endswith((".xml", ".rels")))
                if xml > MOST_BYTES or len(parts) > _MOST_PARTS:
                    raise InputError(
                        f"{name} unpacks to {xml:,} bytes of text in {len(parts):,} parts, which no manuscript has",
                        hint=f"expected at most {MOST_BYTES:,} bytes",
                    )
                if len(parts) != len(opened.infolist()):
                    raise InputError(f"{name} holds a part twice", hint=_HINT)
                types = opened.read("[Content_Types].xml") if "[Content_Types].xml" in parts else b""
                self.names = self._of_text(types, parts)
                self._read = {part: opened.read(part) for part in self.names}
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
            raise InputError(f"{name} is no .docx file, or is damaged", hint=_HINT) from error
        if not self.names:
            raise InputError(f"{name} holds no Word document", hint=_HINT)

    def _of_text(self, types: bytes, parts: Mapping[str, zipfile.ZipInfo]) -> tuple[str, ...]:
        """The parts that hold text of the manuscript, the body first."""
        if not types:
            return ()
        found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
        for one in self._parsed("[Content_Types].xml", types):
            part = str(one.get("PartName") or "").lstrip("/")
            for kind in _KINDS:
                if f"wordprocessingml.{kind}+xml" in str(one.get("ContentType") or "") and part in parts:
                    found[kind].append(part)
        return tuple(part for kind in _KINDS for part in sorted(found[kind])) if found[_KINDS[0]] else ()

    def tree(self, part: str) -> _Element:
        """One part as XML."""
        return self._parsed(part, self._read[part])

    def _parsed(self, part: str, xml: bytes) -> _Element:
        from lxml import etree

        # Word writes no document type; entities are how a small file becomes a large one, or reads another.
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(xml, parser)
        except etree.XMLSyntaxError as error:
            raise InputError(f"{self._name}: {part} is damaged ({error.msg})", hint=_HINT) from error
        if root.getroottree().docinfo.doctype:
            raise InputError(f"{self._name}: {part} has a document type, which Word never writes", hint=_HINT)
        return root

    def with_trees(self, trees: Mapping[str, _Element]) -> bytes:
        """The file with these parts in place of what they were; all others byte for byte."""
        from lxml import etree

        made = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(self._content)) as old,
            zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for one in old.infolist():
                tree = trees.get(one.filename)
                written = (
                    old.read(one.filename)
                    if tree is None
                    else etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
                )
                new.writestr(one, written, compress_type=one.compress_type)
        return made.getvalue()
