"""The flow diagram for Word and LibreOffice: a table whose cells are the boxes, so that co-authors can edit it.

Boxes have borders, other cells none; arrows are characters, and phases stand upright in shaded cells. It is made to
fit one page: upright where it has one column, else lengthwise, in smaller type the more there is to say.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
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
_POINTS_PER_CM = 28.35
_SHARES = (1.0, 1.35, 1.8)  # of the width of a main box: an exit, where reasons are long
_SIZES = (9.5, 9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)  # points, the largest that fits a page
_ABOVE_AND_BELOW_CM = 2.8  # the title, and room between the lines of a caption
_RIGHT, _DOWN = "→", "↓"
_NO_BREAK, _LEFT_TO_RIGHT = "\u00a0", "\u200e"
_SIDES = ("top", "left", "bottom", "right")


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of the table, over `span` columns of its grid."""

    span: int = 1
    paragraphs: tuple[str, ...] = ()  # as XML
    edges: tuple[str, ...] = ()  # sides with a border
    fill: str = ""
    merge: str = ""  # "restart" or "continue": over several rows
    is_upright: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[_Cell, ...]
    least_points: float = 0  # its height at least; exactly, with `is_exact`
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """How large everything is. A main box takes two columns of the grid: between them runs a line that goes on."""

    size_cm: tuple[float, float]
    main_cm: float
    exit_cm: float
    points: float
    room_cm: float

    def widths_cm(self, diagram: Diagram) -> list[float]:
        """Of the columns of the grid."""
        widths = [_BAR_CM]
        for column in diagram.columns:
            widths += [_GAP_CM, self.main_cm / 2, self.main_cm / 2]
            widths += [_ARROW_CM, self.exit_cm] if _has_exits(column) else []
        return widths


_THROUGH = (_Cell(edges=("right",)), _Cell(edges=("left",)))  # a line that goes on, in the middle of a column


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
    """The largest type with which the diagram fits a page, with exits as wide as they need; else the smallest."""
    size = _UPRIGHT_CM if len(diagram.columns) == 1 else _LENGTHWISE_CM
    exits = [_has_exits(column) for column in diagram.columns]
    room = size[0] - 2 * _MARGIN_CM
    left = room - _BAR_CM - _GAP_CM * len(exits) - _ARROW_CM * sum(exits)
    high = size[1] - 2 * _MARGIN_CM - _ABOVE_AND_BELOW_CM - _notes_cm(diagram, room)
    plans = [
        _Plan(size, main, main * share, points, room)
        for points in _SIZES
        for share in _SHARES
        for main in [left / (len(exits) + sum(exits) * share)]
    ]
    return next((plan for plan in plans if _height_cm(diagram, plan) <= high), plans[-1])


def _has_exits(column: Column) -> bool:
    return any(row.exit for row in column.rows)


def _notes_cm(diagram: Diagram, room: float) -> float:
    said = [words for _, words in diagram.marked] + [*diagram.footnotes, *diagram.missing, diagram.notice, ""]
    return sum(_lines(words, room, 7.5) for words in said) * 0.46


def _height_cm(diagram: Diagram, plan: _Plan) -> float:
    """About how high the table is."""
    points = plan.points
    line = points * 1.22 / _POINTS_PER_CM
    rows = [
        max(
            (
                _height_in_lines(box, width, points)
                for row in step
                for box, width in ((row.main, plan.main_cm), (row.exit, plan.exit_cm))
                if box
            ),
            default=1,
        )
        for step in zip(*(column.rows for column in diagram.columns), strict=True)
    ]
    heading = max(_lines(column.heading, 2 * plan.main_cm, points) for column in diagram.columns)
    ends = [_height_in_lines(end, plan.room_cm, points) for end in diagram.ends]
    upright = sum(_upright_points(phase, plan) for phase in (PHASES[0], PHASES[-1])) / _POINTS_PER_CM
    short = max(
        0.0, upright - (rows[0] + sum(ends)) * line
    )  # bars that are longer than what stands beside them
    between = (len(rows) + len(ends)) * (line * 0.95 + 0.02)
    return (heading + sum(rows) + sum(ends)) * line + 0.18 * (len(rows) + len(ends) + 2) + between + short


def _height_in_lines(box: Box, width: float, points: float) -> int:
    return sum(_lines(str(line), width - 0.4 - 0.35 * line.level, points) for line in box.lines)


def _lines(words: str, width_cm: float, points: float) -> int:
    """About how many lines words take; wide characters count twice."""
    letters = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in words)
    per_line = max(4.0, width_cm / (points * 0.021))  # a letter is 0.6 of its size, where Calibri is lacking
    return max(1, -(-letters // int(per_line)))


# --- the table ---


def _table(diagram: Diagram, plan: _Plan) -> str:
    widths = [round(width * _TWIPS_PER_CM) for width in plan.widths_cm(diagram)]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    rows = "".join(_row(row, widths) for row in _rows(diagram, plan))
    return (
        f'<w:tbl xmlns:w="{_WORD}"><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:top w:w="30" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>'
        '<w:bottom w:w="30" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar>'
        f'<w:tblCaption w:val="{_text(diagram.title)}"/><w:tblDescription w:val="{_text(alt_text(diagram))}"/>'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
    )


def _rows(diagram: Diagram, plan: _Plan) -> Iterator[_Row]:
    """Headings, then each step and the arrows below it, then the ends."""
    steps = list(zip(*(column.rows for column in diagram.columns), strict=True))
    phases = [row.phase for row in diagram.databases.rows]
    everything = len(plan.widths_cm(diagram))
    yield _headings(diagram, plan)
    yield _Row((_Cell(span=everything),), least_points=4, is_exact=True)
    for number, step in enumerate(steps):
        bar = _bar(phases, number, plan)
        cells, below = [bar], [_between(phases, number)]
        for place, row in enumerate(step):
            is_exited = _has_exits(diagram.columns[place])
            following = steps[number + 1][place] if number + 1 < len(steps) else None
            cells += [_Cell(), *([_box(row.main, plan, span=2)] if row.main else _THROUGH)]
            below += [
                _Cell(),
                *(_THROUGH if following and not following.main else [_sign(_DOWN, plan, span=2)]),
            ]
            if is_exited:
                exits = [_sign(_RIGHT, plan), _box(row.exit, plan)] if row.exit else [_Cell(span=2)]
                cells += exits
                below.append(_Cell(span=2))
        yield _Row(tuple(cells), least_points=0 if bar.merge else _upright_points(phases[number], plan))
        yield _Row(tuple(below))
    yield from _end_rows(diagram, plan, everything)


def _end_rows(diagram: Diagram, plan: _Plan, everything: int) -> Iterator[_Row]:
    many = len(diagram.ends) > 1
    for number, end in enumerate(diagram.ends):
        if number:
            rest = [_Cell(span=everything - 4)] if everything > 4 else []
            yield _Row((_Cell(merge="continue", fill=_BAR), _Cell(), _sign(_DOWN, plan, span=2), *rest))
        said = () if number else (_said([PHASES[-1]], plan, bold=True, is_middle=True),)
        merge = ("continue" if number else "restart") if many else ""
        bar = _Cell(fill=_BAR, merge=merge, is_upright=True, paragraphs=said)
        least = _upright_points(PHASES[-1], plan) / (1.6 if many else 1)
        yield _Row((bar, _Cell(), _box(end, plan, span=everything - 2)), least_points=least)


def _upright_points(word: str, plan: _Plan) -> float:
    """How high a cell must be for a word that stands upright in it, in bold."""
    return len(word) * plan.points * 0.62 + 8


def _headings(diagram: Diagram, plan: _Plan) -> _Row:
    cells = [_Cell()]
    for column in diagram.columns:
        said = _said([column.heading], plan, bold=True, is_middle=True)
        span = 4 if _has_exits(column) else 2
        cells += [_Cell(), _Cell(span=span, paragraphs=(said,), edges=_SIDES, fill=_BAND)]
    return _Row(tuple(cells))


def _bar(phases: Sequence[str], number: int, plan: _Plan) -> _Cell:
    is_first = not number or phases[number - 1] != phases[number]
    is_alone = is_first and (number + 1 == len(phases) or phases[number + 1] != phases[number])
    merge = "" if is_alone else "restart" if is_first else "continue"
    said = (_said([phases[number]], plan, bold=True, is_middle=True),) if is_first else ()
    return _Cell(paragraphs=said, fill=_BAR, merge=merge, is_upright=True)


def _between(phases: Sequence[str], number: int) -> _Cell:
    """The cell of the bar beside the arrows below a step."""
    goes_on = number + 1 < len(phases) and phases[number + 1] == phases[number]
    return _Cell(merge="continue", fill=_BAR) if goes_on else _Cell()


def _sign(sign: str, plan: _Plan, *, span: int = 1) -> _Cell:
    return _Cell(span=span, paragraphs=(_said([sign], plan, is_middle=True, colour=_EDGE, bold=True),))


def _box(box: Box, plan: _Plan, *, span: int = 1) -> _Cell:
    return _Cell(span=span, paragraphs=tuple(_said_line(line, plan) for line in box.lines), edges=_SIDES)


def _said_line(line: Line, plan: _Plan) -> str:
    """The words of a line and its number, each a run of its own, so that the number is easily replaced."""
    words = [line.words]
    if line.number:
        count = line.count.replace(" ", _NO_BREAK)
        # Marks of direction keep the brackets of a number together behind words that run from right to left.
        words += [" ", f"{_LEFT_TO_RIGHT}{count}{_LEFT_TO_RIGHT}" if _is_rtl(line.text) else count]
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


def _row(row: _Row, widths: Sequence[int]) -> str:
    made, place = [], 0
    for cell in row.cells:
        made.append(_cell(cell, sum(widths[place : place + cell.span])))
        place += cell.span
    height = ""
    if row.least_points:
        rule = "exact" if row.is_exact else "atLeast"
        height = f'<w:trPr><w:trHeight w:val="{round(20 * row.least_points)}" w:hRule="{rule}"/></w:trPr>'
    return f"<w:tr>{height}{''.join(made)}</w:tr>"


def _cell(cell: _Cell, width: int) -> str:
    said = f'<w:tcW w:w="{width}" w:type="dxa"/>'
    if cell.span > 1:
        said += f'<w:gridSpan w:val="{cell.span}"/>'
    if cell.merge:
        said += f'<w:vMerge w:val="{cell.merge}"/>'
    if cell.edges:
        edge = f'w:val="single" w:sz="6" w:space="0" w:color="{_EDGE}"'
        said += "<w:tcBorders>" + "".join(f"<w:{side} {edge}/>" for side in cell.edges)
        said += "</w:tcBorders>"
    if cell.fill:
        said += f'<w:shd w:val="clear" w:color="auto" w:fill="{cell.fill}"/>'
    if cell.edges != _SIDES:  # a narrow cell has no room for margins
        said += '<w:tcMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tcMar>'
    if cell.is_upright:
        said += '<w:textDirection w:val="btLr"/>'
    said += '<w:vAlign w:val="center"/>'
    spacing = '<w:spacing w:before="0" w:after="0" w:line="240" w:lineRule="auto"/>'
    empty = f'<w:p><w:pPr>{spacing}<w:rPr><w:sz w:val="8"/></w:rPr></w:pPr></w:p>'
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
    said += f'<w:spacing w:before="{before}" w:after="{after}" w:line="240" w:lineRule="auto"/>'
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
