"""Keys, clicks and typed lines as they come in, and errors as they go out.

Everything that a key does goes through `guarded`, so that an error of the review file or of its rules is
one line on the screen, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

from textual import events
from textual.app import App
from textual.content import Content
from textual.screen import Screen

from iimscreen.errors import IimscreenError
from iimscreen.render import plain
from iimscreen.store import Review
from iimscreen.tui.asking import Choice, Choices, Line, Question
from iimscreen.tui.keys import REASONS_BY_DIGIT, WRITING, Meant
from iimscreen.tui.looks import Looks, WithoutColour, looks
from iimscreen.tui.surfaces import Bar, Piece, RowList, Surface, fitted

# A frozen screen looks like a dead one: who holds the file for longer is told of, and the key is pressed again.
_PATIENCE_S = 5.0


class _Room(Screen[None], inherit_bindings=False):
    """The one screen; its keys are the app's."""


class Intake(App[None], inherit_bindings=False):
    """An app without keys of Textual's own."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(self, review: Review, *, actions: Mapping[str, str], theme: str) -> None:
        super().__init__()
        self.review = review
        self.actions = actions
        self.bug: Exception | None = None
        self.was_stopped = False
        self._ended_by: int | None = None  # the signal of `kill`, or of a terminal that is gone
        # No public way leads there. Textual's own filters would paint greys where no colours are wanted, and
        # look at every word for colours by number, of which there are none here: a third of the time to draw.
        self._filters = [WithoutColour()] if self.no_color else []
        self.looks: Looks = looks(theme, coloured=not self.no_color)
        self.choices = Choices(self.looks, id="choices")
        self.message = Bar(self.looks, id="message")
        self.keys = Bar(self.looks, id="keys")
        self._question: Question | None = None
        self._meant = Meant()

    def get_default_screen(self) -> Screen[None]:
        """Ours, without keys of its own."""
        return _Room(id="_default")

    def act(self, action: str, at: float) -> None:
        """Do what a key or a click asks for; `at` is when, by the steady clock."""
        raise NotImplementedError

    def go_to_place(self, place: int) -> None:
        """Show the record at a place of the list."""
        raise NotImplementedError

    def show_keys(self) -> None:
        """Show which keys there are, where nothing is asked."""
        raise NotImplementedError

    def key_piece(self, key: str, word: str, action: str) -> Piece:
        """A key and what it does, to be clicked too."""
        return Piece(Content.assemble((key, self.looks.key), " ", (word, self.looks.muted)), action)

    def say(self, text: str) -> None:
        """One line below the record, cut where it is too long."""
        content = Content.styled(fitted(text, self.size.width - 2), self.looks.muted)
        self.message.show([Piece(content)] if text else [])

    def warn(self, text: str) -> None:
        """What went wrong or would be lost: all of it, on as many lines as it needs."""
        content = Content.styled(" ".join(text.split()), self.looks.alert)
        self.message.show_whole(content, most=max(self.size.height // 3, 1))

    # --- questions -------------------------------------------------------------------------------------

    def ask(self, label: str, answer: Callable[[str], None], text: str = "") -> None:
        """Ask for one line."""
        self._question = Question(label, Line(text), answer)
        self._show_question()
        self.keys.show([self.key_piece("Enter", "keeps it", ""), self.key_piece("Esc", "gives up", "")])

    def choose(self, choice: Choice) -> None:
        """Ask for one of a list."""
        self.choices.ask(choice, self.size.height // 2)

    def _show_question(self) -> None:
        if self._question is not None:
            self.message.show([Piece(self._question.shown(self.size.width, self.looks))])

    def _answered(self, text: str | None) -> None:
        question, self._question = self._question, None
        self.say("")
        self.show_keys()
        if question is not None and text is not None:
            question.answer(text.strip())

    def _picked(self, number: int | None) -> None:
        choice = self.choices.choice
        self.choices.ask(None, 0)
        if choice is not None and number is not None:
            choice.answer(choice.options[number][0])

    # --- keys ------------------------------------------------------------------------------------------

    def guarded(self, what: Callable[..., None], *given: object) -> None:
        """Do something; an error that users can meet becomes one line, and the screen stays as it was."""
        try:
            with self.review.telling():
                what(*given)
        except IimscreenError as error:
            hint = f" → {error.hint}" if error.hint else ""
            self.warn(plain(f"{error.message}{hint}"))

    def on_key(self, event: events.Key) -> None:
        """Every key comes here."""
        event.stop()
        event.prevent_default()
        is_letter = event.is_printable and event.character is not None
        key = event.character if is_letter and event.character is not None else event.key
        is_held = self._meant.is_held(key.lower(), event.time)
        self.guarded(lambda: self._take(key, is_letter=is_letter, is_held=is_held, at=event.time))

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text answers a question; it is never taken for keys."""
        event.stop()
        if self._question is not None:
            self._question.line.insert(event.text)
            self._show_question()
        elif self.choices.choice is None:
            self.say("Pasted text does nothing here; t writes a note, into which it can go")

    def on_bar_pressed(self, event: Bar.Pressed) -> None:
        """A click on a key in a bar."""
        if self._question is None and self.choices.choice is None:
            self.guarded(lambda: self.act(event.action, time.monotonic()))

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """A click on a row of the list."""
        if self._question is None and self.choices.choice is None:
            self.guarded(lambda: self.go_to_place(event.place))

    def on_choices_picked(self, event: Choices.Picked) -> None:
        """A click on an option."""
        self.guarded(lambda: self._picked(event.number))

    def _take(self, key: str, *, is_letter: bool, is_held: bool, at: float) -> None:
        if key == "ctrl+c":
            self.was_stopped = True
            self.exit()
        elif key == "ctrl+z":
            self._pause()
        elif self._question is not None:
            self._take_for_question(key, is_letter=is_letter)
        elif self.choices.choice is not None:
            if not is_held or key in ("up", "down", "j", "k"):
                self._take_for_choice(key)
        else:
            action = self.actions.get(key.lower())
            self.say("")
            if action is None:
                self.say(f"{plain(key)} does nothing here; ? shows the keys")
            elif is_held and action in WRITING:
                self.say(f"{plain(key)} is held down: it counts once")
            else:
                self.act(action, at)

    def _pause(self) -> None:
        """Go back to the shell until `fg`; without a shell nobody could bring the screen back."""
        if sys.platform == "win32" or os.getsid(0) == os.getpid():
            self.say("There is no shell to go back to here; q quits, and every vote is saved")
        else:
            self.action_suspend_process()
            self.call_later(self._draw_anew)

    def _draw_anew(self) -> None:
        """All of it: what Textual draws by itself after `fg` leaves lines of the shell."""
        for surface in self.query(Surface):
            surface.refresh()

    def _take_for_question(self, key: str, *, is_letter: bool) -> None:
        question = self._question
        if question is None:
            return
        if key == "enter":
            self._answered(question.line.text)
        elif key == "escape":
            self._answered(None)
        else:
            if is_letter:
                question.line.insert(key)
            else:
                question.line.press(key)
            self._show_question()

    def _take_for_choice(self, key: str) -> None:
        choice = self.choices.choice
        if choice is None:
            return
        if key in ("escape", "q"):
            self._picked(None)
        elif key in ("down", "j", "up", "k"):
            self.choices.move(1 if key in ("down", "j") else -1)
        elif key == "enter":
            self._picked(self.choices.cursor)
        elif key.isdecimal() and 1 <= int(key) <= min(len(choice.options), REASONS_BY_DIGIT):
            self._picked(int(key) - 1)

    # --- the end ---------------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        """A bug of ours leaves the app as what it is; Textual would print it, with what records say, and hide it."""
        if self.bug is None:
            self.bug = error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def watch_for_the_end(self) -> None:
        """Give the terminal back before `kill` or a terminal that goes away ends this process."""
        if sys.platform != "win32":
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self._end_by, number)

    def _end_by(self, number: int) -> None:
        self._ended_by = number
        self.exit()

    def seat(self) -> None:
        """Run to the end. Raises KeyboardInterrupt after Ctrl-C, and whatever bug ended it."""
        with self.review.waiting_at_most(_PATIENCE_S):
            self.run()
        if self._ended_by is not None:  # the loop and its handlers are gone: now it does what it always does
            os.kill(os.getpid(), self._ended_by)
        if self.bug is not None:
            raise self.bug
        if self.was_stopped:
            raise KeyboardInterrupt
