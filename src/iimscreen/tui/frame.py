"""The frame of the full screen: record in front, list, pages and keys. What a vote is, others say."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from iimscreen.errors import InputError
from iimscreen.model import Protocol, Stage, StoredRecord
from iimscreen.render import plain
from iimscreen.store import Review, excerpts, records
from iimscreen.tui import help as pages
from iimscreen.tui.finding import Sought
from iimscreen.tui.highlight import Terms
from iimscreen.tui.intake import Intake
from iimscreen.tui.keys import REASONS_BY_DIGIT, WRITING, key_of
from iimscreen.tui.looks import looks
from iimscreen.tui.queue import Queue
from iimscreen.tui.surfaces import Bar, Pages, Piece, ProgressLine, RowList, Surface, fitted, rows_of
from iimscreen.wording import counted

WIDE = 120  # columns from which the list stands beside the record
SMALL = (80, 24)  # below, something is cut off
TOO_SMALL = (58, 14)  # below, nothing can be read
_SEARCHED_AT_ONCE = 50  # records: some 2 ms, which no key press notices
_TOLD_EVERY = 5_000  # records, while a search goes on


class Frame(Intake, inherit_bindings=False):
    """What screening and resolving have in common."""

    CSS = "#middle { height: 1fr; } #side { display: none; }"

    def __init__(
        self,
        review: Review,
        protocol: Protocol,
        stage: Stage,
        queue: Queue,
        *,
        actions: Mapping[str, str],
        theme: str,
    ) -> None:
        super().__init__(review, actions=actions, theme=theme)
        self.protocol = protocol
        self.stage_of_review = stage
        self.queue = queue
        self.terms = Terms(protocol.highlight_include, protocol.highlight_exclude)
        self._is_dark = theme != "light"
        self.head = Bar(self.looks, id="head")
        self.progress = ProgressLine(self.looks, id="progress")
        self.list = RowList(self.looks, id="list")
        self.page = Pages(self.looks, id="record")
        self.side = Pages(self.looks, id="side")
        self.reasons = tuple(Bar(self.looks, id=f"reasons-{row}") for row in (1, 2))
        self.stored: StoredRecord | None = None  # the record in front
        self._ahead: dict[str, StoredRecord] = {}
        self._headings: dict[str, excerpts.Heading] = {}
        self._opened: str | None = None  # "help" or "criteria"
        self._list_wanted: bool | None = None  # None: where there is room beside the record
        self._shown_at: float | None = None
        self.is_too_small = False  # the terminal, to read a record in
        self._is_frozen = False

    # --- what screening and resolving say for themselves ----------------------------------------------

    def record(self, key: str) -> StoredRecord:
        """The record as it is shown."""
        raise NotImplementedError

    def record_lines(self, stored: StoredRecord, width: int, height: int) -> list[Content]:
        """The record in front, and what stands above it."""
        raise NotImplementedError

    def sign(self, key: str) -> Content:
        """One column before a record's title in the list."""
        raise NotImplementedError

    def head_pieces(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The first line, left and right."""
        raise NotImplementedError

    def done_of(self) -> tuple[int, int]:
        """For the progress line."""
        raise NotImplementedError

    def end_sentences(self) -> tuple[str, Sequence[str]]:
        """Title and sentences where the list has no record in front."""
        raise NotImplementedError

    def key_pieces(self) -> Sequence[Piece]:
        """The last line: the keys that matter most, first."""
        raise NotImplementedError

    def help_lines(self, width: int) -> list[Content]:
        """The help."""
        raise NotImplementedError

    def do(self, action: str) -> None:
        """A vote, or whatever else only screening or only resolving has."""
        raise NotImplementedError

    def list_title(self) -> str:
        """What the list shows."""
        raise NotImplementedError

    def may_quit(self) -> bool:
        """Whether nothing would be lost; says so if something would."""
        return True

    # --- the screen ------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Few widgets: each costs time whenever something is drawn."""
        yield self.head
        yield self.progress
        with Horizontal(id="middle"):
            yield self.list
            yield self.page
            yield self.side
        yield self.choices
        yield self.message
        yield from self.reasons
        yield self.keys

    def on_mount(self) -> None:
        """Show the first record."""
        self.watch_for_the_end()
        self._dress()
        self._arrange()
        self.guarded(self.show_record)

    def on_resize(self) -> None:
        """Arrange everything for the new size, once Textual has taken it in: its own handler comes after this."""
        self.call_later(self._resized)

    def _resized(self) -> None:
        self._arrange()
        self._show_reasons()
        self.show_around()

    def _dress(self) -> None:
        self.screen.styles.background = self.looks.base.background
        for surface in self._surfaces():
            surface.dress(self.looks)
        self._show_reasons()

    def _surfaces(self) -> tuple[Surface, ...]:
        bars = (self.head, self.progress, self.message, *self.reasons, self.keys)
        return (*bars, self.list, self.page, self.side, self.choices)

    @property
    def _is_wide(self) -> bool:
        return self.size.width >= WIDE

    @property
    def is_record_seen(self) -> bool:
        """Whether the record in front can be read: nothing may be voted on that cannot."""
        return self.page.display and self.stored is not None and not self.is_too_small

    def _arrange(self) -> None:
        was_seen, was_too_small = self.is_record_seen, self.is_too_small
        width, is_wide = self.size.width, self._is_wide
        self.is_too_small = width < TOO_SMALL[0] or self.size.height < TOO_SMALL[1]
        beside = is_wide and self._opened == "criteria"
        has_list = self._list_wanted is True or (self._list_wanted is None and is_wide)
        if self._opened is not None:
            has_list = has_list and beside and width >= 150
        covers = (self._opened is not None and not beside) or (has_list and not is_wide)
        self.list.styles.width = min(44, width * 3 // 10) if is_wide else "1fr"
        self.side.styles.width = 48 if beside else "1fr"
        self.side.is_beside = beside
        self.list.display = has_list
        self.side.display = self._opened is not None
        self.page.display = not covers
        if self.is_too_small != was_too_small:
            self.reshow()
        if self.is_record_seen and not was_seen:
            self._await_painting()

    def show_record(self) -> None:
        """Show the record in front, and all that belongs to it."""
        key = self.queue.key
        self.stored = None if key is None else self._ahead.pop(key, None) or self.record(key)
        self._ahead.clear()
        self.page.show(self._page_lines)
        self._await_painting()
        self.show_around()

    def _page_lines(self, width: int, height: int) -> list[Content]:
        if self.is_too_small:
            return self._too_small_lines(width)
        if self.stored is None:
            title, sentences = self.end_sentences()
            return pages.end_page(title, sentences, self.looks, width)
        return self.record_lines(self.stored, width, height)

    def _too_small_lines(self, width: int) -> list[Content]:
        wanted = " × ".join(map(str, SMALL))
        sentence = (
            f"This terminal has {self.size.width} × {self.size.height}; a record needs {wanted} to be read."
        )
        hint = "Make it larger, or quit with q and use --plain."
        return pages.end_page("A little too small", [sentence, hint], self.looks, width)

    def _await_painting(self) -> None:
        """No vote before the record has been drawn, anew where something covered it."""
        self._shown_at = None
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        if not self._is_frozen:
            gc.freeze()  # 100,000 keys are looked through no more: that would hold up a key now and then
            self._is_frozen = True
        self._shown_at = time.monotonic()
        for key in self.queue.keys[self.queue.place + 1 : self.queue.place + 2]:
            self.guarded(self._look_ahead, key)

    def _look_ahead(self, key: str) -> None:
        if key not in self._ahead:
            self._ahead[key] = self.record(key)

    @property
    def is_painted(self) -> bool:
        """Whether the record in front has been drawn."""
        return self._shown_at is not None

    def reshow(self) -> None:
        """Compose the page anew without scrolling, such as after a note."""
        top = self.page.top
        self.page.show(self._page_lines)
        self.page.scroll(top)

    def show_around(self) -> None:
        """Everything but the record."""
        queue = self.queue
        self.head.show(*self.head_pieces())
        self.progress.show(*self.done_of())
        self.list.show(self.list_title(), len(queue.keys), queue.place, self._rows)
        if self._question is None:
            self.show_keys()

    def _show_reasons(self) -> None:
        """The reasons with their digits, on two lines where they need and have them; the list has all."""
        looks, reasons = self.looks, self.protocol.reasons
        pieces = [
            Piece(
                Content.assemble((str(number), looks.key), " ", (reason.code, looks.muted)),
                f"reason_{number}",
            )
            for number, reason in enumerate(reasons[:REASONS_BY_DIGIT], start=1)
        ]
        rows = rows_of(pieces, self.size.width, gap=2)
        more = [self.key_piece("0", "all", "reasons")]
        if self.size.height < SMALL[1]:
            self.reasons[0].show(pieces, more)
            self.reasons[1].display = False
            return
        are_all_seen = len(rows) <= 2 and len(reasons) <= REASONS_BY_DIGIT
        self.reasons[0].show(rows[0])
        self.reasons[1].show([piece for row in rows[1:] for piece in row], [] if are_all_seen else more)
        self.reasons[1].display = len(rows) > 1 or not are_all_seen

    def show_keys(self) -> None:
        """The last line: what can be done where the record is in view, or how to get back to it."""
        if self.page.display:
            left = self.key_pieces()
        elif self._opened is not None:
            left = [
                self.key_piece("Esc", "closes this", "escape"),
                self.key_piece("Space", "a page on", "page_down"),
            ]
        else:
            left = [self.key_piece("Enter", "shows the record", "enter"), self.key_piece("↓ ↑", "choose", "")]
        self.keys.show(left, [self.key_piece("?", "help", "help"), self.key_piece("q", "quit", "quit")])

    def action_piece(self, action: str, word: str = "") -> Piece:
        """The key of an action as the preset has it."""
        return self.key_piece(key_of(self.actions, action), word or action, action)

    def _rows(self, first: int, last: int) -> Sequence[Content]:
        keys = self.queue.keys[first:last]
        missing = [key for key in keys if key not in self._headings]
        if missing:
            if len(self._headings) > 2_000:
                self._headings.clear()
                missing = keys
            self.guarded(lambda: self._headings.update(excerpts.headings(self.review, missing)))
        number_wide = len(f"{len(self.queue.keys):,}")
        width = self.list.size.width
        rows = []
        for place, key in enumerate(keys, start=first + 1):
            heading = self._headings.get(key)
            title = plain(heading.title) if heading is not None and heading.title else key
            row = (
                Content.styled(f"{place:>{number_wide},} ", self.looks.muted) + self.sign(key) + Content(" ")
            )
            rows.append(row + Content(fitted(title, width - row.cell_length - 3)))
        return rows

    # --- what keys do ----------------------------------------------------------------------------------

    def act(self, action: str, at: float) -> None:
        """Do what a key or a click asks for."""
        moves: dict[str, Callable[[], None]] = {
            "next": lambda: self._step(1),
            "previous": lambda: self._step(-1),
            "down": lambda: self._scroll(1),
            "up": lambda: self._scroll(-1),
            "page_down": lambda: self._shown_page.turn(1),
            "page_up": lambda: self._shown_page.turn(-1),
            "top": lambda: self._shown_page.scroll(-(10**6)),
            "bottom": lambda: self._shown_page.scroll(10**6),
            "enter": self.enter,
            "escape": self._escape,
            "list": self._toggle_list,
            "search": lambda: self.ask("Search for", self._search_for, self.queue.words),
            "jump": lambda: self.ask("Jump to number or key", self._jump_to),
            "criteria": lambda: self._turn_to("criteria"),
            "help": lambda: self._turn_to("help"),
            "theme": self._other_theme,
            "quit": self._quit,
        }
        if action in moves:
            moves[action]()
        elif action in WRITING and action != "undo" and not self.is_record_seen:
            self.say(
                "No record is in view; Esc or l brings it back"
                if self.stored
                else "No record is in front here"
            )
        elif action in WRITING and action != "undo" and self._meant.is_early(at, self._shown_at):
            self.say("That key came before the record did; look at it and press again")
        else:
            self.do(action)

    @property
    def _shown_page(self) -> Pages:
        """The page that scrolls: help and criteria while they are open."""
        return self.side if self._opened is not None else self.page

    @property
    def _is_list_in_front(self) -> bool:
        return self.list.display and not self.page.display

    def _scroll(self, lines: int) -> None:
        if self._is_list_in_front:
            self._step(lines)
        else:
            self._shown_page.scroll(lines)

    def _step(self, by: int) -> None:
        if self.queue.step(by):
            self.show_record()

    def go_to_place(self, place: int) -> None:
        """Show the record at a place of the list."""
        self.queue.place = place
        if self._is_list_in_front:
            self._toggle_list()
        self.show_record()

    def enter(self) -> None:
        """Enter shows the record chosen in the list."""
        if self._is_list_in_front:
            self._toggle_list()

    def _escape(self) -> None:
        if self._opened is not None:
            self._turn_to(self._opened)
        elif self._is_list_in_front:
            self._toggle_list()
        elif self.queue.end_search():
            self.show_record()

    def _toggle_list(self) -> None:
        # In a narrow terminal it covers the record, and to close it says nothing of a wide one.
        self._list_wanted = not self.list.display or (False if self._is_wide else None)
        self._opened = None
        self._arrange()
        self.show_around()

    def _turn_to(self, page: str) -> None:
        """Open one of the pages; or close it, if it is open."""
        self._opened = None if self._opened == page else page
        self._arrange()
        if self._opened == "help":
            self.side.show(lambda width, _height: self.help_lines(width))
        elif self._opened == "criteria":
            self.side.show(
                lambda width, _height: pages.criteria_page(
                    self.protocol, self.stage_of_review, self.looks, width
                )
            )
        self.show_around()

    def _other_theme(self) -> None:
        self._is_dark = not self._is_dark
        self.looks = looks("dark" if self._is_dark else "light", coloured=not self.no_color)
        self._dress()
        self.show_around()

    def _quit(self) -> None:
        if self.may_quit():
            self.exit()

    # --- jump and search -------------------------------------------------------------------------------

    def _jump_to(self, given: str) -> None:
        if not given:
            return
        if given.isdecimal():
            if not 1 <= int(given) <= len(self.queue.keys):
                raise InputError(
                    f"this list has no number {given}",
                    hint=f"1 to {len(self.queue.keys):,}, or a record's key",
                )
            self.go_to_place(int(given) - 1)
            return
        key = records.kept_of(self.review, records.find(self.review, given).key)
        place = self.queue.place_of(key)
        if place is None:
            raise InputError(f"{key} is not in this list ({self.list_title()})", hint="choose another list")
        self.go_to_place(place)

    def _search_for(self, words: str) -> None:
        if not Sought(words).words:
            if self.queue.end_search():
                self.show_record()
            return
        self.run_worker(self._search(words), group="search", exclusive=True)

    async def _search(self, words: str) -> None:
        """Some records at a time, so that keys are answered meanwhile."""
        sought, keys = Sought(words), self.queue.search_in()
        found: list[str] = []
        for start in range(0, len(keys), _SEARCHED_AT_ONCE):
            some = keys[start : start + _SEARCHED_AT_ONCE]
            self.guarded(self._find, some, sought, found)
            if start % _TOLD_EVERY == 0:
                self.say(f"Searching for {plain(words)}: {start:,} of {len(keys):,}, {len(found):,} found")
            await asyncio.sleep(0)
        if self.queue.search_in() is not keys:
            return  # another list was chosen meanwhile
        if not found:
            self.say(f"No record of this list has {plain(words)}")
            return
        self.queue.found(words, found)
        self.guarded(self.show_record)
        self.say(f"{counted(len(found), 'record')} with {plain(words)}; Esc shows the whole list")

    def _find(self, keys: Sequence[str], sought: Sought, found: list[str]) -> None:
        texts = dict(excerpts.texts(self.review, keys))
        found.extend(key for key in keys if sought.fits(texts.get(key, "")))
