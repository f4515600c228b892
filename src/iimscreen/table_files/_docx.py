"""DOCX: real tables for Word, in landscape, with headers that repeat, captions, footnotes and abbreviations."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from iimscreen.table_files import Contents, word_tables

if TYPE_CHECKING:
    from docx.document import Document as Word

_PAGE_CM, _MARGIN_CM = (29.7, 21.0), 1.5


def files(contents: Contents) -> dict[str, bytes]:
    """tables.docx, or NAME.docx for one table alone."""
    if not contents.tables:
        return {}
    from docx import Document

    word = Document()
    _set_up(word, contents)
    for number, table in enumerate(contents.tables):
        if number:
            word.add_page_break()  # type: ignore[no-untyped-call]  # python-docx leaves it untyped
        word_tables.add(word, table, room_cm=_PAGE_CM[0] - 2 * _MARGIN_CM)
    made = io.BytesIO()
    word.save(made)
    return {f"{contents.only or 'tables'}.docx": made.getvalue()}


def _set_up(word: Word, contents: Contents) -> None:
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm, Pt

    section = word.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = (Cm(length) for length in _PAGE_CM)
    section.header_distance = Cm(0.6)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(_MARGIN_CM)
    normal: Any = word.styles["Normal"]  # python-docx types it as a style without a font
    normal.font.name, normal.font.size = "Calibri", Pt(10)
    normal.paragraph_format.space_after = Pt(2)
    caption: Any = word.styles["Caption"]
    caption.font.size, caption.font.bold, caption.font.color.rgb = Pt(11), True, None
    caption.paragraph_format.keep_with_next = True
    word.core_properties.title = word_tables.clean(contents.title)[:255]
    word.core_properties.author = "iimscreen"
    if contents.stamps:
        word_tables.stamp(
            section.header.paragraphs[0], "; ".join(contents.stamps), points=7
        )  # on the pages that follow, too
