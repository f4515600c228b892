"""The list that a reviewer goes through, and the place in it. Holds keys and own votes, and no record. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iimscreen.model import Verdict
from iimscreen.voting import Vote

LEFT = "left"
FILTERS: dict[str, str] = {
    LEFT: "left for me",
    "include": "mine: included",
    "exclude": "mine: excluded",
    "unsure": "mine: unsure",
    "note": "mine: with a note",
    "mine": "all of mine",
}


class Queue:
    """Keys in order, the place in front, and what the reviewer said of them.

    A record that gets its vote stays where it is until the list is chosen anew, so that numbers do not
    move under the reader.
    """

    def __init__(self, waiting: Sequence[str]) -> None:
        self.waiting = list(waiting)  # in the order in which they come
        self.left = set(waiting)
        self.votes: dict[str, Vote] = {}
        self.words = ""  # searched for within the filter
        self.filter = LEFT
        self.keys: list[str] = list(waiting)
        self.place = 0  # that of the record in front; past the last one: the end
        self._unsearched = self.keys
        self._places: dict[str, int] | None = None

    @property
    def key(self) -> str | None:
        """The record in front; None at the end of the list."""
        return self.keys[self.place] if 0 <= self.place < len(self.keys) else None

    def place_of(self, key: str) -> int | None:
        """Where a record stands in the list shown."""
        if self._places is None:
            self._places = {key: place for place, key in enumerate(self.keys)}
        return self._places.get(key)

    def go_to(self, key: str) -> bool:
        """Bring a record to the front, if it is in the list."""
        place = self.place_of(key)
        if place is None:
            return False
        self.place = place
        return True

    def step(self, by: int) -> bool:
        """Go on or back; whether there was somewhere to go. The end comes after the last record."""
        place = min(max(self.place + by, 0), len(self.keys))
        moved, self.place = place != self.place, place
        return moved

    def to_next_open(self) -> None:
        """The next record without a vote, from the place on and then from the start; or the end."""
        count = len(self.keys)
        start = min(self.place, count)
        for place in (*range(start, count), *range(start)):
            if self.keys[place] not in self.votes:
                self.place = place
                return
        self.place = count

    def voted(self, vote: Vote) -> None:
        """Take in a vote of this sitting."""
        self.votes.pop(vote.key, None)  # the latest stands last
        self.votes[vote.key] = vote
        self.left.discard(vote.key)

    def undone(self, key: str) -> None:
        """Take in that a vote no longer stands."""
        self.votes.pop(key, None)
        self.left.add(key)

    def remember(self, votes: Iterable[Vote], *, undone: set[str]) -> None:
        """Take in votes of earlier sittings, oldest first; those of this one stay as they are."""
        here = self.votes
        self.votes = {vote.key: vote for vote in votes if vote.key not in here and vote.key not in undone}
        self.votes |= here

    def choose(self, name: str) -> None:
        """Show another list; the record in front stays there if that list has it."""
        before = self.key
        self.filter, self.words = name, ""
        if name == LEFT:
            self._show([key for key in self.waiting if key in self.left], before)
        else:
            mine = [vote.key for vote in self.votes.values() if _fits(name, vote)]
            self._show(mine[::-1], before)
        self._unsearched = self.keys

    def search_in(self) -> list[str]:
        """The keys among which a search looks: the whole of the filter."""
        return self._unsearched

    def found(self, words: str, keys: list[str]) -> None:
        """Show what a search found."""
        before, self.words = self.key, words
        self._show(keys, before)

    def end_search(self) -> bool:
        """Show the whole of the filter again; whether a search was on."""
        if not self.words:
            return False
        before, self.words = self.key, ""
        self._show(self._unsearched, before)
        return True

    def add(self, waiting: Sequence[str]) -> None:
        """Take in records that came since, and go to the first of them."""
        new = [key for key in waiting if key not in self.votes]
        if new:
            self.waiting += new
            self.left.update(new)
            self.choose(LEFT)

    def add_back(self, waiting: Sequence[str], key: str) -> bool:
        """Show what is left, read anew, with one record in front that came back to it."""
        self.waiting, self.left = list(waiting), set(waiting)
        self.choose(LEFT)
        return self.go_to(key)

    def _show(self, keys: list[str], key: str | None) -> None:
        self.keys, self.place, self._places = keys, 0, None
        if key is not None:
            self.go_to(key)


def _fits(name: str, vote: Vote) -> bool:
    if name == "mine":
        return True
    if name == "note":
        return vote.note is not None
    return vote.verdict is Verdict(name)
