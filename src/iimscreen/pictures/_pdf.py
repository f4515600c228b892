"""The figure as PDF, drawn with reportlab from the same geometry: fonts embedded, text that can be found and copied.

Text from right to left, and text in letters that the shipped fonts lack, is set as a picture of its line, which the
renderer of the PNG shapes and turns as it must be; the text itself lies under it, unseen, to be found and copied.
"""

from __future__ import annotations

import io
from itertools import groupby
from typing import TYPE_CHECKING, Any

from iimscreen.diagram import Diagram
from iimscreen.diagram.layout import Drawing, Words, drawing, letters
from iimscreen.diagram.measure import in_main_font, is_right_to_left, lacking, printable, width
from iimscreen.pictures import _fonts, _svg

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

_A4 = (595.28, 841.89)
_EDGE = 28.0  # kept free around the figure
_SMALLEST = 0.7  # of the figure on A4; what would be smaller gets a page of its own size
_DPI = 600  # of lines that are set as pictures
_UNSEEN = 3  # rendering mode of PDF text
_NAMES = {_fonts.REGULAR: "IimscreenSans", _fonts.BOLD: "IimscreenSans-Bold", _fonts.MORE: "IimscreenMore"}


def drawn(diagram: Diagram, description: str) -> bytes:
    """The figure as PDF of one page: A4 upright or lying where it fits, else as large as it is."""
    from reportlab.pdfgen.canvas import Canvas

    figure = drawing(diagram)
    with_system = _fonts.need_system_fonts(letters(figure), "PDF")
    _register()
    page, scale = _page(figure)
    made = io.BytesIO()
    canvas = Canvas(
        made,
        pagesize=page,
        invariant=True,
        lang="en",
        pageCompression=1,
        initialFontName=_NAMES[_fonts.REGULAR],  # else Helvetica is named in it, and not embedded
    )
    canvas.setTitle(printable(figure.title))
    canvas.setSubject(printable(description))
    canvas.setCreator("iimscreen")
    canvas.translate(
        (page[0] - figure.width * scale) / 2, page[1] - (0 if scale == 1 and page == _own(figure) else _EDGE)
    )
    canvas.scale(scale, scale)
    _shapes(canvas, figure)
    for words in figure.all_words:
        _words(canvas, words, with_system)
    canvas.showPage()
    canvas.save()
    return made.getvalue()


def _own(figure: Drawing) -> tuple[float, float]:
    return figure.width, figure.height


def _page(figure: Drawing) -> tuple[tuple[float, float], float]:
    """Size of the page, and how large the figure stands on it."""
    short, long = _A4
    for page in sorted(((short, long), (long, short)), key=lambda size: -min(1.0, _scale(figure, size))):
        if (scale := _scale(figure, page)) >= _SMALLEST:
            return page, min(1.0, scale)
    return _own(figure), 1.0


def _scale(figure: Drawing, page: tuple[float, float]) -> float:
    return min((page[0] - 2 * _EDGE) / figure.width, (page[1] - 2 * _EDGE) / figure.height)


def _register() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    known = pdfmetrics.getRegisteredFontNames()
    for file, path in _fonts.paths().items():
        if _NAMES[file] not in known:
            pdfmetrics.registerFont(TTFont(_NAMES[file], path))


def _shapes(canvas: Canvas, figure: Drawing) -> None:
    canvas.setLineWidth(_svg.THIN)
    canvas.setStrokeColor(_svg.EDGE["box"])
    canvas.setFillColor(_svg.EDGE["box"])
    for arrow in figure.arrows:
        along = canvas.beginPath()
        for number, (x, y) in enumerate(arrow.points):
            (along.lineTo if number else along.moveTo)(x, -y)
        canvas.drawPath(along, stroke=1, fill=0)
        head = canvas.beginPath()
        for number, (x, y) in enumerate(_svg.head(arrow)):
            (head.lineTo if number else head.moveTo)(x, -y)
        head.close()
        canvas.drawPath(head, stroke=0, fill=1)
    for rect in figure.rects:
        canvas.setStrokeColor(_svg.EDGE[rect.kind])
        canvas.setFillColor(_svg.FILL[rect.kind])
        place = rect.x, -rect.bottom, rect.width, rect.height
        if _svg.ROUND[rect.kind]:
            canvas.roundRect(*place, _svg.ROUND[rect.kind], stroke=1, fill=1)
        else:
            canvas.rect(*place, stroke=1, fill=1)


def _words(canvas: Canvas, words: Words, with_system: bool) -> None:
    canvas.saveState()
    canvas.translate(words.x, -words.y)
    if words.turned:
        canvas.rotate(90)
    canvas.setFillColor(_svg.INK[words.ink])
    if is_right_to_left(words.text) or lacking(words.text):
        _as_picture(canvas, words, with_system)
        _text(canvas, words, mode=_UNSEEN)
    else:
        _text(canvas, words)
    canvas.restoreState()


def _text(canvas: Canvas, words: Words, mode: int = 0) -> None:
    """The text from the origin to the right, each part in the font that has its letters."""
    made: Any = canvas.beginText(0, 0)  # reportlab has no types
    made.setTextRenderMode(mode)
    main = _NAMES[_fonts.BOLD if words.bold else _fonts.REGULAR]
    for is_main, part in groupby(words.text, key=in_main_font):
        made.setFont(main if is_main else _NAMES[_fonts.MORE], words.size)
        made.textOut("".join(part))
    canvas.drawText(made)


def _as_picture(canvas: Canvas, words: Words, with_system: bool) -> None:
    from PIL import Image
    from reportlab.lib.utils import ImageReader

    high, below = words.size * 2.0, words.size * 0.6
    wide = max(words.width, width(words.text, words.size, bold=words.bold)) + words.size
    figure = Drawing("", wide, high, (), (), (_svg.moved(words, 0.0, high - below),))
    png = _fonts.rendered(_svg.drawn(figure, unit="", paper=False), zoom=_DPI / 72, with_system=with_system)
    canvas.drawImage(ImageReader(Image.open(io.BytesIO(png))), 0, -below, wide, high, mask="auto")
