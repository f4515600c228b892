"""A report as a document of Word: real headings, captions, tables with headers that repeat, the figure as a picture."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from iimscreen import diagram as diagrams
from iimscreen import pictures
from iimscreen.documents import (
    Bullets,
    Document,
    Facts,
    Figure,
    ForAuthors,
    Grid,
    Paragraph,
    Part,
    Plot,
    Section,
    Verbatim,
)
from iimscreen.table_files import word_tables
from iimscreen.table_files.word_tables import clean

if TYPE_CHECKING:
    from docx.document import Document as Word

_SHORT_CM, _LONG_CM, _MARGIN_CM = 21.0, 29.7, 2.0
_SOFT = "5A6570"
_MANY_COLUMNS = 7  # of a table, from which on it needs a page lengthwise
_THEN = (1980, 1, 1, 0, 0, 0)  # of every file in the archive, so that the same report is the same bytes


def docx(document: Document) -> bytes:
    """The document. Of the flow it has the figure and the words; the records behind its numbers are in the page."""
    import docx as python_docx

    writer = _Writer(python_docx.Document())
    writer.begin(document)
    for section in document.sections:
        writer.section(section, 1)
    for words in document.foot:
        writer.note(words)
    made = io.BytesIO()
    writer.word.save(made)
    return _undated(made.getvalue())


def _undated(archive: bytes) -> bytes:
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, _THEN), old.read(name), zipfile.ZIP_DEFLATED)
    return made.getvalue()


class _Writer:
    """Appends a document part by part; pages lie lengthwise where a table is wide."""

    def __init__(self, word: Word) -> None:
        self.word = word
        self._is_wide = False

    @property
    def _room_cm(self) -> float:
        return (_LONG_CM if self._is_wide else _SHORT_CM) - 2 * _MARGIN_CM

    def begin(self, document: Document) -> None:
        """Page, styles, title and stamps."""
        from docx.shared import Cm, Pt, RGBColor

        section = self.word.sections[0]
        section.page_width, section.page_height = Cm(_SHORT_CM), Cm(_LONG_CM)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(
            _MARGIN_CM
        )
        normal: Any = self.word.styles["Normal"]  # python-docx types it as a style without a font
        normal.font.name, normal.font.size = "Calibri", Pt(10.5)
        normal.paragraph_format.space_after = Pt(5)
        for level, points in ((1, 16), (2, 13), (3, 11.5)):
            style: Any = self.word.styles[f"Heading {level}"]
            style.font.name, style.font.size, style.font.color.rgb = (
                "Calibri",
                Pt(points),
                RGBColor(0x1F, 0x2D, 0x3D),
            )
        caption: Any = self.word.styles["Caption"]
        caption.font.size, caption.font.bold, caption.font.color.rgb = Pt(10.5), True, None
        caption.paragraph_format.keep_with_next = True
        self.word.core_properties.title = clean(document.title)[:255]
        self.word.core_properties.author = "iimscreen"
        self.word.add_paragraph(clean(document.title), style="Title")
        if document.lead:
            self.word.add_paragraph(clean(document.lead), style="Subtitle")
        for stamp in document.stamps:
            word_tables.stamp(self.word.add_paragraph(), stamp, points=10)
        if document.stamps:
            word_tables.stamp(section.header.paragraphs[0], " ".join(document.stamps), points=7)

    def section(self, section: Section, level: int) -> None:
        """A section, and those under it."""
        first = section.parts[0] if section.parts else None
        # A heading stands on the page of what follows it.
        self._turn(
            is_wide=(isinstance(first, Grid) and first.is_wide)
            or (isinstance(first, Figure) and len(first.diagram.columns) > 1)
        )
        self.word.add_heading(clean(section.heading), level=min(level, 9))
        for stamp in section.stamps:
            word_tables.stamp(self.word.add_paragraph(), stamp)
        for part in section.parts:
            self._part(part)
        for one in section.sections:
            self.section(one, level + 1)

    def _turn(self, *, is_wide: bool) -> None:
        from docx.enum.section import WD_ORIENT, WD_SECTION
        from docx.shared import Cm

        if is_wide == self._is_wide:
            return
        self._is_wide = is_wide
        section = self.word.add_section(WD_SECTION.NEW_PAGE)
        section.orientation = WD_ORIENT.LANDSCAPE if is_wide else WD_ORIENT.PORTRAIT
        long, short = Cm(_LONG_CM), Cm(_SHORT_CM)
        section.page_width, section.page_height = (long, short) if is_wide else (short, long)

    def _part(self, part: Part) -> None:
        match part:
            case Grid(table, is_wide):
                self._turn(is_wide=is_wide)
                word_tables.add(self.word, table, room_cm=self._room_cm)
            case Plot(table=table):
                self._turn(is_wide=len(table.columns) > _MANY_COLUMNS)
                word_tables.add(self.word, table, room_cm=self._room_cm)
            case Figure(diagram):
                self._figure(diagram)
            case _:
                self._turn(is_wide=False)
                self._words(part)

    def _words(self, part: Part) -> None:
        match part:
            case Paragraph(text, is_note=True):
                self.note(text)
            case Paragraph(text, origin):
                self._said(text, origin)
            case Bullets(items, is_numbered):
                for number, item in enumerate(items, 1):
                    # Numbers are written out: Word would go on counting from the list before.
                    words, style = (f"{number}. {item}", None) if is_numbered else (item, "List Bullet")
                    self.word.add_paragraph(clean(words), style=style)
            case Facts(pairs):
                for term, said in pairs:
                    self._led(f"{term}: ", said)
            case Verbatim(heading, text):
                self._verbatim(heading, text)
            case ForAuthors(text):
                self._led("To be written by the authors: ", f"{text}.")

    def _led(self, lead: str, words: str) -> None:
        paragraph = self.word.add_paragraph()
        paragraph.add_run(clean(lead)).font.bold = True
        paragraph.add_run(clean(words))

    def _said(self, text: str, origin: str) -> None:
        paragraph = self.word.add_paragraph(clean(text))
        if origin:
            self._soft(paragraph.add_run(f" [{clean(origin)}]"))

    def note(self, text: str) -> None:
        """Small words."""
        self._soft(self.word.add_paragraph().add_run(clean(text)))

    @staticmethod
    def _soft(run: Any) -> None:  # python-docx's run
        from docx.shared import Pt, RGBColor

        run.font.size, run.font.color.rgb = Pt(8.5), RGBColor.from_string(_SOFT)

    def _verbatim(self, heading: str, text: str) -> None:
        from docx.shared import Cm, Pt

        lead = self.word.add_paragraph(clean(heading))
        lead.paragraph_format.keep_with_next = True
        lead.paragraph_format.space_after = Pt(0)
        paragraph = self.word.add_paragraph()
        paragraph.paragraph_format.left_indent = Cm(0.5)
        run = paragraph.add_run(clean(text))
        run.font.name, run.font.size = "Courier New", Pt(8)

    def _figure(self, diagram: diagrams.Diagram) -> None:
        """The picture, as large as a page allows, its words for who cannot see it, and its footnotes."""
        from docx.shared import Cm

        self._turn(is_wide=len(diagram.columns) > 1)
        high = (_SHORT_CM if self._is_wide else _LONG_CM) - 2 * _MARGIN_CM - 4
        png = pictures.png(diagram)
        shape = self.word.add_picture(io.BytesIO(png))
        zoom = min(Cm(self._room_cm) / shape.width, Cm(high) / shape.height, 1.0)
        shape.width, shape.height = round(shape.width * zoom), round(shape.height * zoom)
        described = shape._inline.docPr
        described.set("descr", clean(diagrams.alt_text(diagram)))
        described.set("title", clean(diagram.title))
        self.word.paragraphs[-1].paragraph_format.keep_with_next = True
        self.word.add_paragraph(clean(f"Figure. {diagram.title}."), style="Caption")
        for words in diagram.missing:
            self.note(f"Missing: {words}.")
        self._turn(is_wide=False)
        self.word.add_heading("The flow in words", level=2)
        self._said(diagrams.abstract_sentence(diagram), "for the abstract")
        self._said(diagrams.results_sentences(diagram), "for the results")
        self.note(
            "The records behind each number are listed in report.html; `iimscreen prisma --format docx` makes the "
            "figure as a table that can be edited."
        )
