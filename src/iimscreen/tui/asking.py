"""Questions on the screen: a line to be typed, and a list to choose from. They take keys at once, as they come."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip

from iimscreen.tui.looks import Looks
from iimscreen.tui.surfaces import Surface, fitted, line_of

_BLANKS = re.compile(r"\r\n|[\r\n\t]")
_SEEN = 4  # characters a column at most: letters with marks above and below them


class Line:
    """One line that is being typed. Pure: keys in, text out."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.at = len(text)

    def insert(self, typed: str) -> None:
        """Put in what was typed or pasted: a pasted line's end is a blank, what steers terminals is left out."""
        clean = "".join(c for c in _BLANKS.sub(" ", typed) if unicodedata.category(c) != "Cc")
        self.text = self.text[: self.at] + clean + self.text[self.at :]
        self.at += len(clean)

    def press(self, key: str) -> bool:
        """Do what an editing key does; False if it is none."""
        text, at = self.text, self.at
        if key == "left":
            self.at = max(at - 1, 0)
        elif key == "right":
            self.at = min(at + 1, len(text))
        elif key in ("home", "ctrl+a"):
            self.at = 0
        elif key in ("end", "ctrl+e"):
            self.at = len(text)
        elif key in ("backspace", "ctrl+h"):
            self.text, self.at = text[: max(at - 1, 0)] + text[at:], max(at - 1, 0)
        elif key in ("delete", "ctrl+d"):
            self.text = text[:at] + text[at + 1 :]
        elif key == "ctrl+u":
            self.text, self.at = text[at:], 0
        elif key == "ctrl+k":
            self.text = text[:at]
        elif key == "ctrl+w":
            start = len(text[:at].rstrip().rpartition(" ")[0])
            start += 1 if start else 0
            self.text, self.at = text[:start] + text[at:], start
        else:
            return False
        return True


@dataclass(slots=True)
class Question:
    """What is asked in one line, and what the answer goes to; giving up with Esc stores nothing."""

    label: str
    line: Line
    answer: Callable[[str], None]

    def shown(self, width: int, looks: Looks) -> Content:
        """The question with what is typed, and the cursor; the end of a long answer is what is seen."""
        label = Content.styled(f"{self.label} ", looks.key)
        before, under, after = (
            self.line.text[: self.line.at],
            self.line.text[self.line.at : self.line.at + 1] or " ",
            self.line.text[self.line.at + 1 :],
        )
        room = max(width - label.cell_length - 3, 8)
        before, after = before[-_SEEN * room :], after[: _SEEN * room]  # a pasted page is not measured whole
        while len(before) > 1 and Content(before).cell_length > room:
            before = before[1:]
        cursor = Content.styled(under, looks.cursor)
        return label + Content(before) + cursor + Content(after)


@dataclass(frozen=True, slots=True)
class Choice:
    """A list to choose one of."""

    title: str
    options: Sequence[tuple[str, str]]  # (what the choice is called, its words)
    answer: Callable[[str], None]


class Choices(Surface):
    """The list of a Choice, in lines above the keys."""

    class Picked(Message):
        """An option was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    DEFAULT_CSS = "Choices { width: 1fr; height: auto; display: none; }"

    def __init__(self, looks: Looks, *, id: str) -> None:
        super().__init__(looks, id=id)
        self.choice: Choice | None = None
        self.cursor = 0

    def ask(self, choice: Choice | None, height: int) -> None:
        """Show a choice in at most so many lines; None takes it away."""
        self.choice, self.cursor = choice, 0
        if choice is not None:
            self.styles.height = min(len(choice.options) + 1, max(height, 3))
        self.display = choice is not None
        self.refresh()

    def move(self, by: int) -> None:
        """Move the cursor, round its ends."""
        if self.choice is not None:
            self.cursor = (self.cursor + by) % len(self.choice.options)
            self.refresh()

    @property
    def _top(self) -> int:
        room = max(self.size.height - 1, 1)
        return max(self.cursor - room + 1, 0)

    def render_line(self, y: int) -> Strip:
        """One line as Textual asks for it."""
        width = self.size.width
        if self.choice is None:
            return line_of(Content(""), width, self.looks.bar)
        if y == 0:
            title = Content.styled(f" {self.choice.title}", self.looks.heading)
            hint = Content.styled("   number, or ↑ ↓ and Enter; Esc gives up", self.looks.muted)
            return line_of(title + hint, width, self.looks.bar)
        number = self._top + y - 1
        if number >= len(self.choice.options):
            return line_of(Content(""), width, self.looks.bar)
        is_chosen = number == self.cursor
        digit = str(number + 1) if number < 9 else " "
        text = fitted(self.choice.options[number][1], width - 6)
        row = Content.assemble(
            ("▌ " if is_chosen else "  ", self.looks.accent), (digit, self.looks.key), "  ", text
        )
        return line_of(row, width, self.looks.bar + self.looks.chosen if is_chosen else self.looks.bar)

    def on_click(self, event: events.Click) -> None:
        """A click on an option picks it."""
        number = self._top + event.y - 1
        if self.choice is not None and event.y > 0 and number < len(self.choice.options):
            event.stop()
            self.post_message(self.Picked(number))
