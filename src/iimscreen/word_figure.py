"""The flow diagram for Word and LibreOffice: a table whose cells are the boxes, so that co-authors can edit it.

Boxes have borders, other cells none; arrows are characters, and phases stand upright in shaded cells. It is made to
fit one page: upright where it has one column, else lengthwise, in smaller type the more there is to say.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from iimscreen.diagram import Box, Column, Diagram, Line, alt_text
from iimscreen.diagram.parts import PHASES

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # no XML can hold these
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_BAND, _BAR, _EDGE, _RED = "FBF0CF", "DCE9F5", "7B8A99", "A1121F"
_MARGIN_CM, _TWIPS_PER_CM = 1.5, 567
_UPRIGHT_CM, _LENGTHWISE_CM = (21.0, 29.7), (29.7, 21.0)
_BAR_CM, _GAP_CM, _ARROW_CM = 0.8, 0.35, 0.75
_SIZES = (9.5, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0)  # points, the largest that fits a page
_ABOVE_AND_BELOW_CM = 2.2  # the title, and room between the lines of a caption
_RIGHT, _DOWN, _THROUGH = "→", "↓", "│"


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of the table, over `span` columns of its grid."""

    span: int = 1
    paragraphs: tuple[str, ...] = ()  # as XML
    is_box: bool = False
    fill: str = ""
    merge: str = ""  # "restart" or "continue": over several rows
    is_upright: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where columns of the diagram stand in the grid of the table."""

    size_cm: tuple[float, float]
    widths_cm: tuple[float, ...]
    starts: tuple[int, ...]  # the grid column of each main box
    points: float


def flow_docx(diagram: Diagram, *, title: str = "", foot: str = "") -> bytes:
    """A document with the diagram; `title` is that of the review, `foot` the last line: how it was made, and when."""
    from docx import Document
    from docx.oxml import parse_xml
    from docx.shared import Cm, Pt

    plan = _plan(diagram)
    word = Document()
    section = word.sections[0]
    width, height = plan.size_cm
    if width > height:
        from docx.enum.section import WD_ORIENT

        section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(width), Cm(height)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(_MARGIN_CM)
    normal: Any = word.styles["Normal"]  # python-docx types it as a style without a font
    normal.font.name, normal.font.size = "Calibri", Pt(10)
    normal.paragraph_format.space_after = Pt(2)
    word.core_properties.title = _clean(title or diagram.title)[:255]
    word.core_properties.author = "iimscreen"
    body: Any = word.element.body  # lxml's
    last = body[-1]  # the section's own properties stay last

    def add(xml: str) -> None:
        last.addprevious(parse_xml(xml))

    if title:
        add(_paragraph(title, bold=True, points=12))
    add(_paragraph(f"{diagram.title}.", bold=not title, points=9))
    stamps = [diagram.notice] if diagram.notice else []
    stamps += ["Interim: these numbers are not final."] if diagram.is_interim else []
    for words in stamps:
        add(_paragraph(words, bold=True, colour=_RED, points=9))
    add(_table(diagram, plan))
    notes = [f"{mark} {words}" for mark, words in diagram.marked]
    notes += [f"– {words}" if diagram.marked else f"* {words}" for words in diagram.footnotes]
    notes += [f"Open: {words}" for words in diagram.missing]
    for words in [*notes, foot]:  # a last paragraph in any case: Word wants one after a table
        add(_paragraph(words, points=7.5, before=40))
    made = io.BytesIO()
    word.save(made)
    return made.getvalue()


# --- where everything stands ---


def _plan(diagram: Diagram) -> _Plan:
    """The page, the grid and the size of type with which the diagram fits the page, or the smallest."""
    size = _UPRIGHT_CM if len(diagram.columns) == 1 else _LENGTHWISE_CM
    exits = [_has_exits(column) for column in diagram.columns]
    boxes = sum(2 if has else 1 for has in exits)
    fixed = _BAR_CM + _GAP_CM * len(exits) + _ARROW_CM * sum(exits)
    room = size[0] - 2 * _MARGIN_CM
    box = (room - fixed) / boxes
    widths, starts = [_BAR_CM], []
    for has in exits:
        starts.append(len(widths) + 1)
        widths += [_GAP_CM, box, *((_ARROW_CM, box) if has else ())]
    high = size[1] - 2 * _MARGIN_CM - _ABOVE_AND_BELOW_CM - _notes_cm(diagram, room)
    fitting = (points for points in _SIZES if _height_cm(diagram, box, room, points) <= high)
    return _Plan(size, tuple(widths), tuple(starts), next(fitting, _SIZES[-1]))


def _has_exits(column: Column) -> bool:
    return any(row.exit for row in column.rows)


def _notes_cm(diagram: Diagram, room: float) -> float:
    said = [words for _, words in diagram.marked] + [*diagram.footnotes, *diagram.missing, diagram.notice]
    return sum(_lines(words, room, 7.5) for words in said) * 0.36


def _height_cm(diagram: Diagram, box: float, room: float, points: float) -> float:
    """About how high the table is."""
    line = points * 1.22 / 28.35
    rows = [
        max(
            (_height_in_lines(found, box, points) for row in step for found in (row.main, row.exit) if found),
            default=1,
        )
        for step in zip(*(column.rows for column in diagram.columns), strict=True)
    ]
    heading = max(_lines(column.heading, 2 * box, points) for column in diagram.columns)
    ends = [_height_in_lines(end, room, points) for end in diagram.ends]
    between = (len(rows) + len(ends)) * (line * 0.95 + 0.02)
    return (heading + sum(rows) + sum(ends)) * line + 0.18 * (len(rows) + len(ends) + 1) + between


def _height_in_lines(box: Box, width: float, points: float) -> int:
    return sum(_lines(str(line), width - 0.4 - 0.35 * line.level, points) for line in box.lines)


def _lines(words: str, width_cm: float, points: float) -> int:
    """About how many lines words take; wide characters count twice."""
    letters = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in words)
    per_line = max(4.0, width_cm / (points * 0.0188))  # a letter of Calibri is about 0.53 of its size
    return max(1, -(-letters // int(per_line)))


# --- the table ---


def _table(diagram: Diagram, plan: _Plan) -> str:
    widths = [round(width * _TWIPS_PER_CM) for width in plan.widths_cm]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    rows = "".join(_row(cells, widths) for cells in _rows(diagram, plan))
    return (
        f'<w:tbl xmlns:w="{_WORD}"><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:top w:w="30" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>'
        '<w:bottom w:w="30" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar>'
        f'<w:tblCaption w:val="{_text(diagram.title)}"/><w:tblDescription w:val="{_text(alt_text(diagram))}"/>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
    )


def _rows(diagram: Diagram, plan: _Plan) -> list[list[_Cell]]:
    """Headings, then each step and the arrows below it, then the ends."""
    steps = list(zip(*(column.rows for column in diagram.columns), strict=True))
    phases = [row.phase for row in diagram.databases.rows]
    made = [_headings(diagram, plan)]
    for number, step in enumerate(steps):
        cells = [_bar(phases, number, plan)]
        below = steps[number + 1] if number + 1 < len(steps) else None
        arrows = [
            _Cell(merge="continue", fill=_BAR) if below and phases[number + 1] == phases[number] else _Cell()
        ]
        for place, row in enumerate(step):
            cells += [_Cell(), _box(row.main, plan) if row.main else _sign(_THROUGH, plan)]
            goes_on = below is not None and below[place].main is None
            arrows += [_Cell(), _sign(_THROUGH if goes_on else _DOWN, plan)]
            if _has_exits(diagram.columns[place]):
                cells += [
                    _sign(_RIGHT, plan) if row.exit else _Cell(),
                    _box(row.exit, plan) if row.exit else _Cell(),
                ]
                arrows += [_Cell(span=2)]
        made += [cells, arrows]
    for number, end in enumerate(diagram.ends):
        merge = ("continue" if number else "restart") if len(diagram.ends) > 1 else ""
        bar = _Cell(
            fill=_BAR,
            merge=merge,
            is_upright=True,
            paragraphs=() if number else (_said([PHASES[-1]], plan, bold=True, is_middle=True),),
        )
        made.append([bar, _Cell(), _box(end, plan, span=len(plan.widths_cm) - 2)])
        if number + 1 < len(diagram.ends):
            rest = len(plan.widths_cm) - 3
            made.append(
                [
                    _Cell(merge="continue", fill=_BAR),
                    _Cell(),
                    _sign(_DOWN, plan),
                    *([_Cell(span=rest)] if rest else []),
                ]
            )
    return made


def _headings(diagram: Diagram, plan: _Plan) -> list[_Cell]:
    cells = [_Cell()]
    for column in diagram.columns:
        said = _said([column.heading], plan, bold=True, is_middle=True)
        span = 3 if _has_exits(column) else 1
        cells += [_Cell(), _Cell(span=span, paragraphs=(said,), is_box=True, fill=_BAND)]
    return cells


def _bar(phases: Sequence[str], number: int, plan: _Plan) -> _Cell:
    is_first = not number or phases[number - 1] != phases[number]
    is_alone = is_first and (number + 1 == len(phases) or phases[number + 1] != phases[number])
    merge = "" if is_alone else "restart" if is_first else "continue"
    said = (_said([phases[number]], plan, bold=True, is_middle=True),) if is_first else ()
    return _Cell(paragraphs=said, fill=_BAR, merge=merge, is_upright=True)


def _sign(sign: str, plan: _Plan) -> _Cell:
    return _Cell(paragraphs=(_said([sign], plan, is_middle=True, colour=_EDGE, bold=True),))


def _box(box: Box, plan: _Plan, *, span: int = 1) -> _Cell:
    return _Cell(span=span, paragraphs=tuple(_said_line(line, plan) for line in box.lines), is_box=True)


def _said_line(line: Line, plan: _Plan) -> str:
    """The words of a line and its number, each a run of its own, so that the number is easily replaced."""
    words = [f"{line.text}{line.mark}"]
    if line.number:
        words += [" ", line.count.replace(" ", "\u00a0")]
    return _said(words, plan, indent=200 * line.level)


def _said(
    words: Sequence[str],
    plan: _Plan,
    *,
    bold: bool = False,
    is_middle: bool = False,
    indent: int = 0,
    colour: str = "",
) -> str:
    return _paragraph_of(
        words, points=plan.points, bold=bold, is_middle=is_middle, indent=indent, colour=colour
    )


def _row(cells: Sequence[_Cell], widths: Sequence[int]) -> str:
    made, place = [], 0
    for cell in cells:
        made.append(_cell(cell, sum(widths[place : place + cell.span])))
        place += cell.span
    return f"<w:tr>{''.join(made)}</w:tr>"


def _cell(cell: _Cell, width: int) -> str:
    said = f'<w:tcW w:w="{width}" w:type="dxa"/>'
    if cell.span > 1:
        said += f'<w:gridSpan w:val="{cell.span}"/>'
    if cell.merge:
        said += f'<w:vMerge w:val="{cell.merge}"/>'
    if cell.is_box:
        edge = f'w:val="single" w:sz="6" w:space="0" w:color="{_EDGE}"'
        said += "<w:tcBorders>" + "".join(
            f"<w:{side} {edge}/>" for side in ("top", "left", "bottom", "right")
        )
        said += "</w:tcBorders>"
    if cell.fill:
        said += f'<w:shd w:val="clear" w:color="auto" w:fill="{cell.fill}"/>'
    if not cell.is_box:  # a narrow cell has no room for margins
        said += '<w:tcMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tcMar>'
    if cell.is_upright:
        said += '<w:textDirection w:val="btLr"/>'
    said += '<w:vAlign w:val="center"/>'
    empty = '<w:p><w:pPr><w:spacing w:before="0" w:after="0"/><w:rPr><w:sz w:val="8"/></w:rPr></w:pPr></w:p>'
    return f"<w:tc><w:tcPr>{said}</w:tcPr>{''.join(cell.paragraphs) or empty}</w:tc>"


# --- paragraphs ---


def _paragraph(words: str, *, points: float, bold: bool = False, colour: str = "", before: int = 0) -> str:
    made = _paragraph_of([words], points=points, bold=bold, colour=colour, before=before, after=40)
    return made.replace("<w:p>", f'<w:p xmlns:w="{_WORD}">', 1)


def _paragraph_of(
    words: Sequence[str],
    *,
    points: float,
    bold: bool = False,
    is_middle: bool = False,
    indent: int = 0,
    colour: str = "",
    before: int = 0,
    after: int = 0,
) -> str:
    """A paragraph in the direction of its first letter; runs of a right-to-left script say so."""
    is_rtl = _is_rtl(words[0])
    said = "<w:bidi/>" if is_rtl else ""
    said += f'<w:spacing w:before="{before}" w:after="{after}"/>'
    said += f'<w:ind w:left="{indent}"/>' if indent else ""
    said += '<w:jc w:val="center"/>' if is_middle else ""
    runs = "".join(
        _run(part, points=points, bold=bold, colour=colour, is_rtl=rtl)
        for one in words
        for part, rtl in _by_direction(one)
    )
    return f"<w:p><w:pPr>{said}</w:pPr>{runs}</w:p>"


def _run(words: str, *, points: float, bold: bool, colour: str, is_rtl: bool) -> str:
    size = round(2 * points)
    said = "<w:b/><w:bCs/>" if bold else ""
    said += f'<w:color w:val="{colour}"/>' if colour else ""
    said += f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/>' + ("<w:rtl/>" if is_rtl else "")
    return f'<w:r><w:rPr>{said}</w:rPr><w:t xml:space="preserve">{_text(words)}</w:t></w:r>'


def _is_rtl(words: str) -> bool:
    strong = (unicodedata.bidirectional(one) for one in words)
    return next((kind != "L" for kind in strong if kind in ("L", "R", "AL")), False)


def _by_direction(words: str) -> list[tuple[str, bool]]:
    """Words in parts, each with whether its script runs from right to left; what has no direction goes along."""
    if words.isascii():
        return [(words, False)]
    direction = _is_rtl(words)
    marked: list[tuple[str, bool]] = []
    for one in words:
        kind = unicodedata.bidirectional(one)
        if kind in ("L", "R", "AL"):
            direction = kind != "L"
        marked.append((one, direction))
    return [("".join(one for one, _ in part), rtl) for rtl, part in groupby(marked, key=lambda pair: pair[1])]


def _text(words: str) -> str:
    return escape(_clean(words))


def _clean(words: str) -> str:
    return _ILLEGAL.sub("\ufffd", words)
