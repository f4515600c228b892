"""The full screen of `screen`: one reviewer votes at one stage, a key a vote.

Everything is asked of the reviewer's Desk. A vote is on disk before the next record is drawn.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from textual.content import Content

from iimscreen import team
from iimscreen.errors import IimscreenError, ProtocolError
from iimscreen.model import StoredRecord, Verdict
from iimscreen.protocol import VOTES
from iimscreen.render import plain
from iimscreen.screening import Decision, Desk
from iimscreen.store import open_review, records
from iimscreen.tui import help as pages
from iimscreen.tui.asking import Choice
from iimscreen.tui.frame import Frame
from iimscreen.tui.keys import VERDICTS, key_of
from iimscreen.tui.pace import Pace, in_words
from iimscreen.tui.queue import FILTERS, Queue
from iimscreen.tui.record_view import SIGNS, one_line, own_vote_lines, record_lines, verdict_style
from iimscreen.tui.record_view import in_words as vote_in_words
from iimscreen.tui.surfaces import Piece
from iimscreen.voting import Vote
from iimscreen.wording import counted


class ScreeningApp(Frame):
    """One reviewer's records at one stage."""

    def __init__(self, desk: Desk, waiting: Sequence[str], *, actions: Mapping[str, str], theme: str) -> None:
        super().__init__(desk.review, desk.protocol, desk.stage, Queue(waiting), actions=actions, theme=theme)
        self.desk = desk
        self.pace = Pace(time.monotonic())
        self.voted = 0  # votes given in this sitting and not undone
        self._undone: set[str] = set()
        self._notes: dict[str, str] = {}  # of records that have no vote yet
        # Where votes are looked at again, only those of this sitting count.
        self._knows_own_votes = desk.asks_again
        self._was_warned_of: frozenset[str] = frozenset()

    def on_mount(self) -> None:
        """Show the first record, then look what this reviewer said in earlier sittings."""
        super().on_mount()
        self.call_after_refresh(self._sit_down)

    def _sit_down(self) -> None:
        """What can wait until there is a record to read."""
        if self.queue.waiting:
            self.guarded(team.sit_down, self.review, self.desk.reviewer)
        if not self._knows_own_votes:
            self.run_worker(self._read_own_votes, thread=True, group="own votes")

    def _read_own_votes(self) -> None:
        """In a thread with a connection of its own: tens of thousands of votes take a second to read."""
        try:
            with open_review(self.review.path) as review:
                kept = records.kept_keys(review)  # records voted on may have been merged into others since
                own = Desk(review, self.desk.reviewer, self.desk.stage.name).own_votes()
        except IimscreenError as error:
            self.call_from_thread(self.warn, plain(f"Your earlier votes cannot be shown: {error.message}"))
            return
        votes = [vote if vote.key == kept[vote.key] else vote._replace(key=kept[vote.key]) for vote in own]
        self.call_from_thread(self._take_in, votes)

    def _take_in(self, votes: list[Vote]) -> None:
        if not self.is_running:  # quit meanwhile
            return
        self.queue.remember(votes, undone=self._undone)
        self._knows_own_votes = True
        if self.stored is not None and self.stored.key in self.queue.votes:
            self.reshow()
        self.show_around()

    # --- what is shown ---------------------------------------------------------------------------------

    def record(self, key: str) -> StoredRecord:
        """The record as this reviewer judges it."""
        return self.desk.record(key)

    def record_lines(self, stored: StoredRecord, width: int, height: int) -> list[Content]:
        """The reviewer's own vote and note, if there are any, and the record."""
        vote, note = self.queue.votes.get(stored.key), self._notes.get(stored.key)
        reminder = plain(self.desk.reminder(stored.key))
        return [
            *([*Content.styled(reminder, self.looks.other).wrap(width), Content("")] if reminder else []),
            *own_vote_lines(vote, note, self.protocol, self.looks, width),
            *record_lines(stored, self.terms, self.looks, width, height),
        ]

    def sign(self, key: str) -> Content:
        """The reviewer's own vote."""
        vote = self.queue.votes.get(key)
        if vote is None:
            return Content("·")
        return Content.styled(SIGNS[vote.verdict], verdict_style(vote.verdict, self.looks))

    def head_pieces(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Who, where; how much is done, and how fast."""
        looks, queue = self.looks, self.queue
        left = [
            Piece(Content.styled(self.desk.reviewer, looks.title)),
            Piece(Content.styled(self.desk.stage.name, looks.heading)),
        ]
        if queue.key is not None:
            left.append(
                Piece(Content.styled(f"{queue.place + 1:,} of {len(queue.keys):,}", looks.muted), "list")
            )
        if not self.list.display:  # which has it above its rows
            left.append(Piece(Content.styled(self.list_title(), looks.muted), "filter"))
        right = []
        if self._knows_own_votes:
            right.append(Piece(Content.styled(f"{len(queue.votes):,} done", looks.include)))
        right.append(Piece(Content(f"{len(queue.left):,} left")))
        speed, hours = self.pace.per_hour(), self.pace.hours_for(len(queue.left))
        if speed is not None and hours is not None:
            right.append(Piece(Content.styled(f"{speed:,.0f} an hour", looks.muted)))
            if queue.left:
                right.append(Piece(Content.styled(f"{in_words(hours)} to go", looks.muted)))
        return left, right

    def done_of(self) -> tuple[int, int]:
        """Own votes of all that this reviewer has and has had to judge."""
        return len(self.queue.votes), len(self.queue.votes) + len(self.queue.left)

    def list_title(self) -> str:
        """The filter, and the words searched for."""
        name = FILTERS[self.queue.filter]
        return f"{name}, with {plain(self.queue.words)}" if self.queue.words else name

    def end_sentences(self) -> tuple[str, Sequence[str]]:
        """What to do next where the list ends."""
        queue = self.queue
        if not queue.keys:
            return f"Nothing in this list: {self.list_title()}", ["f chooses another list; q quits."]
        if not queue.left:
            ahead = self.desk.rounds_ahead()
            return (
                f"Nothing is left for {self.desk.reviewer} at stage {self.desk.stage.name}",
                [
                    *([f"{ahead}; the rest follows when it is closed."] if ahead else []),
                    "Every vote is saved. ← goes back to your last records, f to those you included or excluded.",
                    "q quits; then `iimscreen status` shows what comes next.",
                ],
            )
        return (
            "The end of this list",
            [f"{counted(len(queue.left), 'record')} left for you. f shows them; ← goes back."],
        )

    def key_pieces(self) -> Sequence[Piece]:
        """The votes of this stage, then the rest by use."""
        votes = [self.action_piece(verdict.value) for verdict in self._verdicts]
        return [
            *votes,
            self.action_piece("undo"),
            self.action_piece("note"),
            self.action_piece("criteria"),
            self.key_piece("→", "next", "next"),
            self.action_piece("list"),
            self.key_piece("/", "search", "search"),
            self.action_piece("filter"),
            self.key_piece("g", "jump", "jump"),
        ]

    @property
    def _verdicts(self) -> tuple[Verdict, ...]:
        return VOTES[self.desk.stage.name]

    def help_lines(self, width: int) -> list[Content]:
        """Every key."""
        return pages.help_page(self.actions, self._verdicts, self.looks, width, is_resolving=False)

    # --- what keys do ----------------------------------------------------------------------------------

    def do(self, action: str) -> None:
        """A vote, an undo, a note or another filter."""
        if action in VERDICTS:
            self._vote_or_ask(VERDICTS[action])
        elif action.startswith("reason_"):
            self._exclude_by_number(int(action.removeprefix("reason_")))
        elif action == "reasons":
            self._ask_for_reason()
        elif action == "undo":
            self._undo()
        elif action == "note":
            self._ask_for_note()
        elif action == "filter":
            options = list(FILTERS.items())
            self.choose(Choice("Show", options, self._filter))

    def _vote_or_ask(self, verdict: Verdict) -> None:
        if verdict not in self._verdicts:
            self.say(f"{verdict} is no vote of stage {self.desk.stage.name}")
        elif verdict is Verdict.EXCLUDE and self.desk.stage.needs_reason:
            self._ask_for_reason()
        else:
            self._vote(verdict, None)

    def _exclude_by_number(self, number: int) -> None:
        reasons = self.protocol.reasons
        if number > len(reasons):
            self.say(f"The protocol has {counted(len(reasons), 'reason')}; c shows them")
            return
        self._vote(Verdict.EXCLUDE, reasons[number - 1].code)

    def _ask_for_reason(self) -> None:
        options = [(reason.code, plain(reason.label)) for reason in self.protocol.reasons]
        self.choose(Choice("Exclude: why?", options, lambda code: self._vote(Verdict.EXCLUDE, code)))

    def _vote(self, verdict: Verdict, reason: str | None) -> None:
        stored = self.stored
        if stored is None:
            return
        own = None if stored.key in self.queue.left else self.desk.own_vote(stored.key)
        if own is None:
            self._give(stored, verdict, reason)
        elif (own.verdict, own.reason) == (verdict, reason):
            self.say(f"Your vote is {vote_in_words(own, self.protocol)} already; t changes its note")
        else:
            self._ask_why(stored, own, verdict, reason)

    def _give(self, stored: StoredRecord, verdict: Verdict, reason: str | None) -> None:
        try:
            self._decide(Decision(stored.key, verdict, reason, self._notes.get(stored.key)), stored)
        except ProtocolError:
            own = None if self.desk.asks_again else self.desk.own_vote(stored.key)
            if own is None:
                raise
            self.queue.voted(own._replace(key=stored.key))
            self.reshow()
            self.show_around()
            self.warn(
                f"You voted on it elsewhere meanwhile: {vote_in_words(own, self.protocol)}; "
                "vote again to change that"
            )

    def _ask_why(self, stored: StoredRecord, own: Vote, verdict: Verdict, reason: str | None) -> None:
        def answered(why: str) -> None:
            if not why:
                self.warn(
                    f"A change needs its reason; your vote is still {vote_in_words(own, self.protocol)}"
                )
                return
            self._decide(Decision(stored.key, verdict, reason, why), stored, change=True)

        was, becomes = (
            f"{word}{f' ({code})' if code else ''}"
            for word, code in ((own.verdict, own.reason), (verdict, reason))
        )
        self.ask(f"{was} becomes {becomes}: why?", answered)

    def _decide(self, decision: Decision, stored: StoredRecord, *, change: bool = False) -> None:
        vote = self.desk.decide(decision, change=change)  # on disk when it returns
        self._notes.pop(stored.key, None)
        self._undone.discard(vote.key)
        self.queue.voted(vote)
        if not change:
            self.voted += 1
            self.pace.voted(time.monotonic())
        self.queue.to_next_open()
        if self.queue.key is None and not self.queue.left:
            self.queue.add(self.desk.waiting_keys())  # such as what follows a pilot
        self.show_record()
        sign = "changed to " if change else ""
        words = f"{SIGNS[vote.verdict]} {sign}{vote_in_words(vote, self.protocol)}"
        undo = key_of(self.actions, "undo")
        self.say(f"{words} · {undo} takes it back · {one_line(stored)}")

    def _undo(self) -> None:
        undone = self.desk.undo()
        vote = undone._replace(key=records.kept_of(self.review, undone.key))
        self._undone.add(vote.key)
        self.queue.undone(vote.key)
        if vote.note:
            self._notes[vote.key] = vote.note
        self.voted = max(self.voted - 1, 0)
        self.pace.undone()
        if not self.queue.go_to(vote.key):
            self.queue.add_back(self.desk.waiting_keys(), vote.key)
        self.show_record()
        self.say(f"Undone: {vote_in_words(vote, self.protocol)}. The record is in front again.")

    def _ask_for_note(self) -> None:
        stored = self.stored
        if stored is None:
            self.say("No record is in front here")
            return
        own = self.queue.votes.get(stored.key)
        if own is None:
            self.ask("Note:", lambda text: self._keep_note(stored, text), self._notes.get(stored.key, ""))
            return

        def answered(text: str) -> None:
            if not text or text == own.note:
                self.say("Nothing was changed")
                return
            self._decide(Decision(stored.key, own.verdict, own.reason, text), stored, change=True)

        self.ask("Your vote with a new note:", answered, own.note or "")

    def _keep_note(self, stored: StoredRecord, text: str) -> None:
        if text:
            self._notes[stored.key] = text
        else:
            self._notes.pop(stored.key, None)
        self.reshow()
        self.say("The note goes with your vote on this record" if text else "No note")

    def _filter(self, name: str) -> None:
        if name != "left" and not self._knows_own_votes:
            self.say("Your earlier votes are still being read; try again in a moment")
            return
        self.queue.choose(name)
        self.show_record()

    def may_quit(self) -> bool:
        """Notes of records without a vote would be lost: say so once."""
        unkept = frozenset(self._notes)
        if unkept <= self._was_warned_of:
            return True
        self._was_warned_of = unkept
        without = counted(len(unkept), "note")
        self.warn(f"{without} of records without your vote would be lost; q once more quits all the same")
        return False
