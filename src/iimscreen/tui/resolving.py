"""The full screen of `resolve`: both votes and notes side by side, and the final word.

Everything is asked of the Table, to which nothing comes that is not revealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from iimscreen.duplicates import kept_report
from iimscreen.model import StoredRecord, Verdict
from iimscreen.protocol import FINAL_WORDS
from iimscreen.render import plain
from iimscreen.resolving import Conflict, Table
from iimscreen.screening import Decision
from iimscreen.tui import help as pages
from iimscreen.tui.asking import Choice
from iimscreen.tui.frame import Frame
from iimscreen.tui.keys import VERDICTS
from iimscreen.tui.queue import Queue
from iimscreen.tui.record_view import (
    SIGNS,
    beside_each_other,
    column_width,
    in_words,
    one_line,
    record_lines,
    verdict_style,
)
from iimscreen.tui.surfaces import Piece
from iimscreen.voting import Vote
from iimscreen.wording import counted


class ResolvingApp(Frame):
    """What is to resolve at one stage."""

    def __init__(
        self,
        table: Table,
        conflicts: Sequence[Conflict],
        *,
        hide_names: bool,
        actions: Mapping[str, str],
        theme: str,
    ) -> None:
        super().__init__(
            table.review,
            table.protocol,
            table.stage,
            Queue([one.record.key for one in conflicts]),
            actions=actions,
            theme=theme,
        )
        self.table = table
        self.hide_names = hide_names
        self._conflicts = {one.record.key: one for one in conflicts}
        self._notes: dict[str, str] = {}

    @property
    def settled(self) -> int:
        """How many records have their final word by this sitting."""
        return len(self.queue.votes)

    # --- what is shown ---------------------------------------------------------------------------------

    def record(self, key: str) -> StoredRecord:
        """The record as it was judged."""
        return kept_report.shown(self.review, self._conflicts[key].record)

    def record_lines(self, stored: StoredRecord, width: int, height: int) -> list[Content]:
        """The votes side by side, and the record below."""
        conflict, looks = self._conflicts[stored.key], self.looks
        votes = conflict.in_order_to_show(hide_names=self.hide_names)
        each = column_width(len(votes), width)
        columns = [self._vote_lines(heading, vote, each) for heading, vote in votes]
        lines = beside_each_other(columns, width, looks)
        lines.append(Content.styled("─" * width, looks.faint))
        word, note = self.queue.votes.get(stored.key), self._notes.get(stored.key)
        if word is not None:
            said = Content.styled(f"Settled by {word.manner}  ", looks.muted)
            style = verdict_style(word.verdict, looks)
            lines += (said + Content.styled(in_words(word, self.protocol), style)).wrap(width)
            note = note or word.note
        elif conflict.outcome.reason_is_proposed:
            label = self._label(conflict.outcome.reason)
            lines += Content.assemble(
                ("All exclude, for different reasons. ", looks.muted),
                ("Enter", looks.key),
                f" confirms: {label}",
            ).wrap(width)
        if note:
            lines += (Content.styled("Note  ", looks.muted) + Content(plain(note))).wrap(width)
        return [*lines, Content(""), *record_lines(stored, self.terms, looks, width, height)]

    def _vote_lines(self, heading: str, vote: Vote, width: int) -> list[Content]:
        looks = self.looks
        lines = Content.styled(plain(heading), looks.muted).wrap(width)
        said = f"{SIGNS[vote.verdict]} {in_words(vote, self.protocol)}"
        lines += Content.styled(said, verdict_style(vote.verdict, looks)).wrap(width)
        lines += Content(plain(vote.note) or "no note").wrap(width) if vote.note else []
        return lines

    def _label(self, code: str | None) -> str:
        return next((plain(one.label) for one in self.protocol.reasons if one.code == code), plain(code))

    def sign(self, key: str) -> Content:
        """The final word, or what is to do."""
        word = self.queue.votes.get(key)
        if word is not None:
            return Content.styled(SIGNS[word.verdict], verdict_style(word.verdict, self.looks))
        return Content("=" if self._conflicts[key].outcome.reason_is_proposed else "≠")

    def head_pieces(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Who resolves, where, and how much is done."""
        looks, queue = self.looks, self.queue
        left = [
            Piece(Content.styled(" and ".join(self.table.names), looks.title)),
            Piece(Content.styled(f"resolve {self.table.stage.name}", looks.heading)),
        ]
        if queue.key is not None:
            left.append(
                Piece(Content.styled(f"{queue.place + 1:,} of {len(queue.keys):,}", looks.muted), "list")
            )
        right = [
            Piece(Content.styled(f"{self.settled:,} settled", looks.include)),
            Piece(Content(f"{len(queue.left):,} open")),
        ]
        return left, right

    def done_of(self) -> tuple[int, int]:
        """Settled, of all that was to resolve."""
        return self.settled, len(self._conflicts)

    def list_title(self) -> str:
        """What is to resolve, and the words searched for."""
        return f"to resolve, with {plain(self.queue.words)}" if self.queue.words else "to resolve"

    def end_sentences(self) -> tuple[str, Sequence[str]]:
        """What is left at the end of the list."""
        left = len(self.queue.left)
        if left:
            return "The end of this list", [f"{counted(left, 'record')} still to resolve; ← goes back."]
        return "Everything is resolved", ["Every word is saved. ← goes back; q quits."]

    def key_pieces(self) -> Sequence[Piece]:
        """The final words of this stage, then the rest by use."""
        words = [self.action_piece(verdict.value) for verdict in self._verdicts]
        return [
            *words,
            self.key_piece("Enter", "confirm", "enter"),
            self.action_piece("note"),
            self.key_piece("→", "next", "next"),
            self.action_piece("criteria"),
            self.action_piece("list"),
            self.key_piece("/", "search", "search"),
        ]

    @property
    def _verdicts(self) -> tuple[Verdict, ...]:
        return FINAL_WORDS[self.table.stage.name]

    def help_lines(self, width: int) -> list[Content]:
        """Every key."""
        return pages.help_page(self.actions, self._verdicts, self.looks, width, is_resolving=True)

    # --- what keys do ----------------------------------------------------------------------------------

    def do(self, action: str) -> None:
        """A final word or a note."""
        if action in VERDICTS:
            self._settle_or_ask(VERDICTS[action])
        elif action.startswith("reason_"):
            number = int(action.removeprefix("reason_"))
            reasons = self.protocol.reasons
            if number > len(reasons):
                self.say(f"The protocol has {counted(len(reasons), 'reason')}; c shows them")
            else:
                self._settle(Verdict.EXCLUDE, reasons[number - 1].code)
        elif action == "reasons":
            self._ask_for_reason()
        elif action == "note":
            self._ask_for_note()
        elif action == "filter":
            self.say("There is one list here, what is to resolve; / searches it")
        else:
            self.say("That key does nothing here: a final word is not undone, but given anew with its reason")

    def enter(self) -> None:
        """Enter confirms a proposed reason, where the record is in view."""
        if not self.is_record_seen:
            super().enter()
            return
        conflict = self._conflicts[self.stored.key] if self.stored is not None else None
        if (
            conflict is None
            or not conflict.outcome.reason_is_proposed
            or conflict.record.key in self.queue.votes
        ):
            self.say("Nothing is proposed here; give the final word")
            return
        self._settle(Verdict.EXCLUDE, conflict.outcome.reason)

    def _settle_or_ask(self, verdict: Verdict) -> None:
        if verdict not in self._verdicts:
            self.say(f"{verdict} is no final word at stage {self.table.stage.name}")
        elif verdict is Verdict.EXCLUDE and self.table.stage.needs_reason:
            self._ask_for_reason()
        else:
            self._settle(verdict, None)

    def _ask_for_reason(self) -> None:
        options = [(reason.code, plain(reason.label)) for reason in self.protocol.reasons]
        self.choose(Choice("Exclude: why?", options, lambda code: self._settle(Verdict.EXCLUDE, code)))

    def _settle(self, verdict: Verdict, reason: str | None) -> None:
        stored = self.stored
        if stored is None:
            return
        before = self.queue.votes.get(stored.key)
        if before is None:
            self._store(stored, Decision(stored.key, verdict, reason, self._notes.get(stored.key)))
            return

        def answered(why: str) -> None:
            if not why:
                self.warn("A correction needs its reason; the word before stands")
                return
            self._store(stored, Decision(stored.key, verdict, reason, why))

        self.ask(f"{before.verdict} becomes {verdict}: why?", answered)

    def _store(self, stored: StoredRecord, decision: Decision) -> None:
        word = self.table.settle(decision)  # on disk when it returns
        self._notes.pop(stored.key, None)
        self.queue.voted(word)
        self.queue.to_next_open()
        self.show_record()
        self.say(
            f"{SIGNS[word.verdict]} {in_words(word, self.protocol)}, by {word.manner} · {one_line(stored)}"
        )

    def _ask_for_note(self) -> None:
        stored = self.stored
        if stored is None:
            self.say("No record is in front here")
            return

        def answered(text: str) -> None:
            self._notes[stored.key] = text
            if not text:
                del self._notes[stored.key]
            self.reshow()
            self.say("The note goes with the final word on this record" if text else "No note")

        self.ask("Note:", answered, self._notes.get(stored.key, ""))
