"""What the screen is made of: lines of text that are drawn at once. Few and simple, so that a key is answered fast.

They draw line by line, for layout of many small widgets costs more than all the rest. Whatever they
are given is text, never markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from iimscreen.tui.looks import Looks

MEASURE = 96  # columns of text at most: longer lines are hard to follow
_MARGIN = 2


class Surface(Widget):
    """A widget that draws its own lines in the looks of the app."""

    def __init__(self, looks: Looks, *, id: str) -> None:
        super().__init__(id=id)
        self.looks = looks

    def dress(self, looks: Looks) -> None:
        """Draw in other looks from now on."""
        self.looks = looks
        self.refresh()


def line_of(content: Content, width: int, base: Style) -> Strip:
    """One line of text as it is drawn, cut or filled to the width."""
    return Strip(content.render_segments(base)).crop_extend(0, width, base.rich_style)


def fitted(text: str, width: int) -> str:
    """A text on one line, cut with … where it is too wide."""
    line = " ".join(text.split())
    if cell_len(line) <= width:
        return line
    cut = Content(line).truncate(max(width, 1), ellipsis=True)
    return cut.plain


Compose = Callable[[int, int], list[Content]]  # (columns, rows there are) → lines, each as wide at most


class Pages(Surface):
    """A text that scrolls: a record, the criteria, the help."""

    DEFAULT_CSS = "Pages { width: 1fr; height: 1fr; }"

    def __init__(self, looks: Looks, *, id: str) -> None:
        super().__init__(looks, id=id)
        self.top = 0
        self._composing: Compose = lambda _width, _height: []
        self._lines: list[Content] = []
        self._margin = _MARGIN
        self.is_beside = False  # another page; a line keeps them apart

    def show(self, compose: Compose) -> None:
        """Show another text from its beginning."""
        self._composing = compose
        self.top = 0
        self._lay_out()

    def dress(self, looks: Looks) -> None:
        """Draw in other looks; the text is composed anew, since it carries its styles."""
        self.looks = looks
        self._lay_out()

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        self._lay_out()

    def _lay_out(self) -> None:
        width, height = self.size
        if width and height:
            self._margin = _MARGIN if width < MEASURE + 12 else 4
            room = max(width - 2 * self._margin, 10)
            self._lines = self._composing(min(MEASURE, room), height)
            self.top = min(self.top, self.furthest)
        self.refresh()

    @property
    def furthest(self) -> int:
        """The last line that can stand at the top."""
        return max(len(self._lines) - self.size.height, 0)

    @property
    def is_at_end(self) -> bool:
        """Whether the last line is seen."""
        return self.top >= self.furthest

    def scroll(self, lines: int) -> None:
        """Move down, or up where it is negative."""
        top = min(max(self.top + lines, 0), self.furthest)
        if top != self.top:
            self.top = top
            self.refresh()

    def turn(self, pages: int) -> None:
        """Move by pages, two lines of each seen before."""
        self.scroll(pages * max(self.size.height - 2, 1))

    def render_line(self, y: int) -> Strip:
        """One line as Textual asks for it."""
        width, height = self.size
        base = self.looks.base
        text = self._lines[self.top + y] if self.top + y < len(self._lines) else Content("")
        edge = (
            Segment("│", (base + self.looks.faint).rich_style)
            if self.is_beside
            else Segment(" ", base.rich_style)
        )
        segments = [edge, Segment(" " * (self._margin - 1), base.rich_style), *text.render_segments(base)]
        line = Strip(segments).crop_extend(0, width - 1, base.rich_style)
        return Strip.join([line, Strip([self._rail(y, height)])])

    def _rail(self, y: int, height: int) -> Segment:
        """The last column: where in the text the screen is, if not all of it is seen."""
        if not self.furthest:
            return Segment(" ", self.looks.base.rich_style)
        long = max(height * height // len(self._lines), 1)
        start = round(self.top / self.furthest * (height - long))
        is_here = start <= y < start + long
        style = self.looks.base + (self.looks.accent if is_here else self.looks.faint)
        return Segment("┃" if is_here else "│", style.rich_style)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves three lines."""
        event.stop()
        self.scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves three lines."""
        event.stop()
        self.scroll(-3)


class RowList(Surface):
    """A list of which only the rows on the screen are ever asked for."""

    class Chosen(Message):
        """A row was clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    DEFAULT_CSS = "RowList { width: 40; height: 1fr; }"

    def __init__(self, looks: Looks, *, id: str) -> None:
        super().__init__(looks, id=id)
        self.caption = ""
        self.count = 0
        self.cursor = 0
        self.top = 0
        self._rows: Callable[[int, int], Sequence[Content]] = lambda _first, _last: []
        self._drawn: Sequence[Content] = ()

    @property
    def rows_shown(self) -> int:
        """How many rows there is room for below the title."""
        return max(self.size.height - 1, 1)

    def show(
        self, title: str, count: int, cursor: int, rows: Callable[[int, int], Sequence[Content]]
    ) -> None:
        """Show a list with its cursor on a row; `rows(first, last)` gives those that are seen."""
        self.caption, self.count, self._rows = title, count, rows
        self.move_to(cursor)

    def move_to(self, cursor: int) -> None:
        """Put the cursor on a row, and that row on the screen; past the last one it is on none."""
        self.cursor = cursor
        if not self.size.height:  # not shown yet; `on_resize` follows when it is
            return
        seen = self.rows_shown
        if not self.top <= cursor < self.top + seen:
            self.top = cursor - seen // 2
        self._settle()

    def scroll(self, rows: int) -> None:
        """Move the rows and leave the cursor."""
        self.top += rows
        self._settle()

    def _settle(self) -> None:
        self.top = min(max(self.top, 0), max(self.count - self.rows_shown, 0))
        if self.display and self.size.height:
            last = min(self.top + self.rows_shown, self.count)
            self._drawn = self._rows(self.top, last)
            self.refresh()

    def on_resize(self) -> None:
        """Keep the cursor on the screen."""
        self.move_to(self.cursor)

    def render_line(self, y: int) -> Strip:
        """One line as Textual asks for it."""
        width = self.size.width
        if y == 0:
            title = Content.styled(fitted(self.caption, width - 3), self.looks.muted)
            return Strip.join([line_of(Content(" ") + title, width - 1, self.looks.bar), self._edge()])
        row = y - 1
        if row >= len(self._drawn):
            return Strip.join([line_of(Content(""), width - 1, self.looks.bar), self._edge()])
        is_chosen = self.top + row == self.cursor
        base = self.looks.bar + self.looks.chosen if is_chosen else self.looks.bar
        sign = Content.styled("▌", self.looks.accent) if is_chosen else Content(" ")
        line = line_of(sign + self._drawn[row], width - 1, base)
        return Strip.join([line, self._edge()])

    def _edge(self) -> Strip:
        """The line between the list and the record."""
        return line_of(Content.styled("│", self.looks.faint), 1, self.looks.bar)

    def on_click(self, event: events.Click) -> None:
        """A click on a row chooses it."""
        place = self.top + event.y - 1
        if event.y > 0 and place < self.count:
            event.stop()
            self.post_message(self.Chosen(place))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves three rows."""
        event.stop()
        self.scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves three rows."""
        event.stop()
        self.scroll(-3)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a bar; a click on them does `action`."""

    content: Content
    action: str = ""


def _worded(left: Sequence[Piece], right: Sequence[Piece]) -> object:
    return [[(piece.content.plain, piece.content.spans) for piece in side] for side in (left, right)]


class Bar(Surface):
    """One line: pieces from the left as far as there is room, and pieces at the right, which always stand."""

    class Pressed(Message):
        """A piece with an action was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    DEFAULT_CSS = "Bar { width: 1fr; height: 1; }"

    def __init__(self, looks: Looks, *, id: str, gap: int = 2) -> None:
        super().__init__(looks, id=id)
        self.left: Sequence[Piece] = ()
        self.right: Sequence[Piece] = ()
        self._gap = gap
        self._ends: list[tuple[int, int, str]] = []  # columns of a piece, and what a click there does
        self._lines: list[Content] = []  # of a text too long for one

    def show_whole(self, content: Content, *, most: int) -> None:
        """Show a text on as many lines as it needs, `most` at most."""
        self.show([Piece(content)])
        lines = content.wrap(max(self.app.size.width - 2, 10))
        if len(lines) > 1:
            self._lines = lines[:most]
            self.styles.height = len(self._lines)

    def show(self, left: Sequence[Piece], right: Sequence[Piece] = ()) -> None:
        """Show other pieces; nothing is drawn where they are the same."""
        if self._lines:
            self._lines = []
            self.styles.height = 1
        if _worded(self.left, self.right) != _worded(left, right):
            self.left, self.right = left, right
            self.refresh()

    def dress(self, looks: Looks) -> None:
        """Draw in other looks; the pieces carry their styles, so they must be shown anew."""
        self.left = self.right = ()
        super().dress(looks)

    def render_line(self, y: int) -> Strip:
        """One line as Textual asks for it."""
        width, gap = self.size.width, self._gap
        if self._lines:
            line = self._lines[y] if y < len(self._lines) else Content("")
            return line_of(Content(" ") + line, width, self.looks.bar)
        need_right = sum(piece.content.cell_length + gap for piece in self.right)
        room = width - 1 - need_right
        line, at = Content(" "), 1
        self._ends = []
        for number, piece in enumerate(self.left):
            content = piece.content
            if at + content.cell_length > room:
                if number > 0:
                    break
                content = content.truncate(max(room - at, 1), ellipsis=True)
            line, at = self._put(line, at, Piece(content, piece.action))
        line, at = (
            line + Content(" " * max(width - need_right + gap - 1 - at, 0)),
            max(at, width - need_right + gap - 1),
        )
        for piece in self.right:
            line, at = self._put(line, at, piece)
        return line_of(line, width, self.looks.bar)

    def _put(self, line: Content, at: int, piece: Piece) -> tuple[Content, int]:
        end = at + piece.content.cell_length
        if piece.action:
            self._ends.append((at, end, piece.action))
        return line + piece.content + Content(" " * self._gap), end + self._gap

    def on_click(self, event: events.Click) -> None:
        """A click on a piece does what it says."""
        for start, end, action in self._ends:
            if start <= event.x < end and event.chain == 1:  # the second of a double click votes on nothing
                event.stop()
                self.post_message(self.Pressed(action))


def rows_of(pieces: Sequence[Piece], width: int, gap: int) -> list[Sequence[Piece]]:
    """Pieces on as few lines as they need, the lines about as long as each other."""
    wide = [piece.content.cell_length + gap for piece in pieces]
    count = -(-sum(wide) // max(width - 2, 1)) or 1
    rows: list[list[Piece]] = [[]]
    at, share = 0, sum(wide) / count
    for piece, long in zip(pieces, wide, strict=True):
        if rows[-1] and (at + long > width - 2 + gap or at + long / 2 > share):
            rows.append([])
            at = 0
        rows[-1].append(piece)
        at += long
    return list(rows)


class ProgressLine(Surface):
    """How much is done, as a line across the screen."""

    DEFAULT_CSS = "ProgressLine { width: 1fr; height: 1; }"

    def __init__(self, looks: Looks, *, id: str) -> None:
        super().__init__(looks, id=id)
        self._share = 0.0

    def show(self, done: int, of: int) -> None:
        """Show another share; nothing is done of nothing."""
        self._share = done / of if of else 0.0
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line as Textual asks for it."""
        del y
        width = self.size.width
        long = width if self._share >= 1 else min(int(self._share * width), width - 1)
        line = Content.styled("━" * long, self.looks.accent) + Content.styled(
            "─" * (width - long), self.looks.faint
        )
        return line_of(line, width, self.looks.base)
