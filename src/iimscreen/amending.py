"""Amendments: which decisions a later version of the protocol touches, and the Desk where they are looked at again.

An amendment is a version loaded after the first vote that says something else. It touches decisions
made under an earlier version: those with a reason that was reworded, moved, taken away or now stands
behind a new one; all of a stage whose rules or eligibility criteria changed; and on title and abstract
those against which a newly highlighted term speaks. A decision was looked at again when a later word of
the same person, or a final word, was given under that version or a later one, the same verdict or not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Protocol, Verdict
from iimscreen.protocol import TITLE_ABSTRACT, Change, differences
from iimscreen.review_protocol import in_force, of_version
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, decisions, duplicates, protocols, records, reviewers
from iimscreen.store.gate import Gate
from iimscreen.voting import Vote, unsuperseded
from iimscreen.wording import counted


@dataclass(frozen=True, slots=True)
class Touched:
    """One decision that an amendment touches."""

    stage: str
    report: str
    title: str | None
    word: Vote
    version: int  # of the protocol under which it was made
    whys: tuple[str, ...]  # the changes for which it must be looked at again
    again: Vote | None  # the word by which it was

    @property
    def is_open(self) -> bool:
        """Whether nobody has looked at it again yet."""
        return self.again is None


@dataclass(frozen=True, slots=True)
class Amendment:
    """A version loaded after the first vote, what changed against the one before, and what that touches."""

    version: protocols.Version
    changes: tuple[Change, ...]
    touched: tuple[Touched, ...]

    @property
    def to_look_at(self) -> tuple[Touched, ...]:
        """The decisions that nobody has looked at again yet."""
        return tuple(one for one in self.touched if one.is_open)


@dataclass(frozen=True, slots=True)
class Amendments:
    """All amendments of a review, as far as someone may see what they touch."""

    found: tuple[Amendment, ...]
    is_partly_blind: bool  # whether votes that may not be seen were left out


def amendments(review: Review, reviewer: str | None = None) -> Amendments:
    """The amendments, with the decisions that are revealed; with `reviewer`, that person's own votes instead.

    Raises InputError if nobody of that name takes part.
    """
    with review.reading():
        return _amendments(review, Gate(review, in_force(review)), reviewer)


def _amendments(review: Review, gate: Gate, reviewer: str | None) -> Amendments:
    with review.reading():
        stages = [stage.name for stage in in_force(review).stages]
        if reviewer is not None:
            _require_reviewer(review, reviewer)
            said = {name: _own(review, gate, name, reviewer) for name in stages}
            blind = False
        else:
            said = {name: gate.ever_given(name) for name in stages}
            blind = any(gate.has_open_votes(name) for name in stages)
        return Amendments(tuple(_History(review).amendments(said)), blind)


def _require_reviewer(review: Review, name: str) -> None:
    standing = reviewers.standing(review)
    if name not in standing and not decisions.has_decided(review, name):
        raise InputError(
            f"no reviewer is called {name!r}", hint=f"takes part: {', '.join(standing) or 'nobody yet'}"
        )


def _own(review: Review, gate: Gate, stage: str, reviewer: str) -> dict[str, list[Vote]]:
    """Report → all votes that one reviewer gave on it, and the final words that are revealed."""
    kept = records.kept_keys(review)
    found: dict[str, list[Vote]] = {}
    for vote in decisions.own_given(review, stage, reviewer):
        found.setdefault(kept[vote.key], []).append(vote)
    for report, words in gate.ever_given(stage).items():
        if report in found:
            found[report] += [word for word in words if word.manner != "vote"]
    return found


class _History:
    """The versions of a protocol, and which of them each decision was made under."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self.versions = protocols.versions(review)
        self._under = decisions.made_under(review)
        self._protocols: dict[int, Protocol] = {}

    def protocol(self, version: protocols.Version) -> Protocol:
        if version.number not in self._protocols:
            self._protocols[version.number] = of_version(version)
        return self._protocols[version.number]

    def version_of(self, word: Vote) -> int:
        """The number of the version under which a word was given: the last of that text before it."""
        same = [one for one in self.versions if one.sha256 == self._under[word.log_id]]
        before = [one for one in same if one.log_id < word.log_id]
        return (before or same)[-1].number

    def changed_since(self, word: Vote) -> bool:
        """Whether the protocol in force is another than that under which a word was given."""
        return self._under[word.log_id] != self.versions[-1].sha256

    def amendments(self, said: Mapping[str, Mapping[str, Sequence[Vote]]]) -> Iterator[Amendment]:
        """Each amendment with the decisions of `said` (stage → report → words) that it touches."""
        first = decisions.first_vote(self._review)
        if first is None:
            return
        for before, after in pairwise(self.versions):
            if after.log_id < first:
                continue
            changes = tuple(differences(self.protocol(before), self.protocol(after)))
            yield Amendment(after, changes, tuple(self._touched(after.number, changes, said)))

    def _touched(
        self, number: int, changes: Sequence[Change], said: Mapping[str, Mapping[str, Sequence[Vote]]]
    ) -> Iterator[Touched]:
        for stage, by_report in said.items():
            standing = [
                (report, word, again)
                for report, words in by_report.items()
                for word, again in self._before(number, report, words)
            ]
            has_new_terms = any(change.terms_for or change.terms_against for change in changes)
            texts: dict[str, _Text] = {}
            if has_new_terms and stage == TITLE_ABSTRACT:
                texts = _texts(self._review, {report for report, _, _ in standing})
            found = []
            for report, word, again in standing:
                text = texts[report].folded if report in texts else ""
                whys = tuple(change.what for change in changes if _touches(change, stage, word, text))
                if whys:
                    found.append((report, word, again, whys))
            texts = texts or _texts(self._review, {report for report, *_ in found})
            for report, word, again, whys in sorted(found, key=lambda one: one[1].log_id):
                yield Touched(stage, report, texts[report].title, word, self.version_of(word), whys, again)

    def _before(self, number: int, report: str, words: Sequence[Vote]) -> Iterator[tuple[Vote, Vote | None]]:
        """What stood on one report before a version, each with the word that was given on it since, if any.

        Where a final word stood it is that alone. What was withdrawn since stands no more and is left out,
        and so is what was decided under the very text that is in force again.
        """
        together = self._together(report, words)
        earlier = [word for word in words if self.version_of(word) < number]
        later = [word for word in words if self.version_of(word) >= number]
        finals = [word for word in earlier if word.manner != "vote"]
        by_name: dict[str, list[Vote]] = {}
        for word in earlier:
            by_name.setdefault(word.names[0], []).append(word)
        stood = finals[-1:] or [
            word for of_one in by_name.values() for word in unsuperseded(of_one, together)
        ]
        for word in stood:
            since = [
                one
                for one in later
                if one.manner != "vote"
                or (one.names == word.names and word.key in together(one.key, one.log_id))
            ]
            again = since[-1] if since else None
            if Verdict.WITHDRAWN in (word.verdict, again.verdict if again else None):
                continue
            if again is not None or self.changed_since(word):
                yield word, again

    def _together(self, report: str, words: Sequence[Vote]) -> Callable[[str, int], frozenset[str]]:
        """Which records were one report with one when a word was given on it."""
        if len({word.key for word in words}) == 1:
            return lambda key, _log_id: frozenset((key,))
        return duplicates.Past(self._review, records.members_of(self._review, report)).together


def _touches(change: Change, stage: str, word: Vote, text: str) -> bool:
    if stage in change.stages or word.reason in change.reasons:
        return True
    if stage != TITLE_ABSTRACT:
        return False
    terms = change.terms_for if word.verdict is Verdict.EXCLUDE else change.terms_against
    return any(term.casefold() in text for term in terms if term.strip())


@dataclass(frozen=True, slots=True)
class _Text:
    """What one report is called, and what may be searched for terms."""

    title: str | None
    folded: str  # title and abstract of all its records, in small letters


def _texts(review: Review, reports: Collection[str]) -> dict[str, _Text]:
    members = {key: report for key, _, _, _, report, _ in records.memberships(review) if report in reports}
    found: dict[str, _Text] = {}
    for one in records.by_keys(review, list(members)):
        report = members[one.key]
        text = f"{one.record.title or ''}\n{one.record.abstract or ''}".casefold()
        before = found.get(report, _Text(None, ""))
        title = one.record.title if one.key == report else before.title
        found[report] = _Text(title or before.title, f"{before.folded}\n{text}")
    return found


def amendment_sentence(review: Review, every: Amendments | None = None) -> str:
    """PRISMA 2020, item 24c, in one sentence: what was amended after screening had begun, and when.

    `every`: all amendments, where they were worked out before.
    """
    if decisions.first_vote(review) is None:
        return "Screening has not begun, so the protocol was not amended after its beginning."
    every = every or amendments(review)
    made = [one for one in every.found if one.changes]
    if not made:
        return "The protocol was not amended after screening had begun."
    listed = "; ".join(
        f"version {one.version.number} ({one.version.at[:10]}): {', '.join(c.what for c in one.changes)}"
        for one in made
    )
    again = {one.word.log_id for each in made for one in each.touched if not one.is_open}
    left = {one.word.log_id for each in made for one in each.touched if one.is_open}
    looked = f"{counted(len(again), 'decision')} {'was' if len(again) == 1 else 'were'} looked at again"
    to_do = f", {len(left):,} {'is' if len(left) == 1 else 'are'} still to be" if left else ""
    scope = " (not counting rounds that are blind)" if every.is_partly_blind else ""
    return (
        f"The protocol was amended {counted(len(made), 'time')} after screening had begun: {listed}; "
        f"{looked}{to_do}{scope}."
    )


class AmendedDesk(Desk):
    """A Desk whose records are those that its reviewer voted on under an earlier version and an amendment touches.

    To vote again, the same or otherwise, is to have looked at it again. Votes that may be seen no longer
    change: `settled` has those, and a final word with a note takes their place.
    """

    asks_again = True

    def __init__(self, review: Review, reviewer: str, stage: str) -> None:
        super().__init__(review, reviewer, stage)
        gate = Gate(review, self.protocol)
        self._every = self._touched(gate)
        self.settled: tuple[Touched, ...] = tuple(
            one for key, one in self._every.items() if gate.is_settled(self.stage.name, key, reviewer)
        )
        settled = {one.report for one in self.settled}
        self._left = {key: one for key, one in self._every.items() if key not in settled}
        self._done: list[str] = []  # in this sitting, the last one last
        self._taken_back: dict[str, Touched] = {}

    def _touched(self, gate: Gate) -> dict[str, Touched]:
        """Report → the reviewer's vote on it, with the changes of all amendments that touch it."""
        if self.reviewer not in reviewers.standing(self.review):
            return {}
        found: dict[str, Touched] = {}
        for one in _amendments(self.review, gate, self.reviewer).found:
            for touched in one.to_look_at:
                if touched.stage == self.stage.name and touched.word.manner == "vote":
                    whys = found[touched.report].whys if touched.report in found else ()
                    found[touched.report] = replace(touched, whys=(*whys, *touched.whys))
        return found

    @cached_property
    def _version(self) -> int:
        return protocols.versions(self.review)[-1].number

    @property
    def _own_note(self) -> str:
        """What is written where the reviewer writes no note."""
        return f"looked at again under version {self._version} of the protocol"

    def waiting_keys(self) -> list[str]:
        """Keys of the records to look at again, in the order of the votes on them."""
        return [*self._taken_back, *self._left]

    def reminder(self, key: str) -> str:
        """The vote given, the version it was given under, and what changed since."""
        one = self._left.get(key) or self._taken_back.get(key)
        if one is None:
            return ""
        word = one.word
        reason = f" ({word.reason})" if word.reason else ""
        note = f", note: {word.note}" if word.note else ""
        return (
            f"Your vote under version {one.version}: {word.verdict}{reason}{note}. "
            f"Since then: {'; '.join(one.whys)}."
        )

    def decide(self, decision: Decision, *, change: bool = False) -> Vote:
        """Store the vote on a record looked at again, the same or another; a note is written if none is given."""
        vote = super().decide(decision, change=change)
        self._is_done(vote.key)
        return vote

    def decide_all(self, given: Sequence[tuple[int, Decision]]) -> list[Vote]:
        """Store the votes of a file together, or none of them."""
        votes = super().decide_all(given)
        for vote in votes:
            self._is_done(vote.key)
        return votes

    def _is_done(self, key: str) -> None:
        self._left.pop(key, None)
        self._taken_back.pop(key, None)
        self._done.append(key)

    def _decide(self, decision: Decision, *, change: bool) -> Vote:
        del change  # every vote here is one, or takes the place of one withdrawn here
        key = self._key_of(decision.record)
        if key not in self._left and key not in self._taken_back:
            raise ProtocolError(
                f"{key} is not among the votes of {self.reviewer} that an amendment touches",
                hint=f"`iimscreen protocol diff --reviewer {self.reviewer}` lists those that are",
            )
        note = decision.note or self._own_note
        return super()._decide(replace(decision, note=note), change=key in self._left)

    def undo(self) -> Vote:
        """Withdraw the last vote of this sitting; its record is the next one to look at."""
        if not self._done:
            raise ProtocolError(
                f"{self.reviewer} has looked at nothing again in this sitting: nothing to undo",
                hint="vote first; an earlier vote changes by voting again here",
            )
        vote = super().undo()
        key = records.kept_of(self.review, vote.key)
        self._done.remove(key)
        self._taken_back = {key: self._every[key], **self._taken_back}
        return vote._replace(note=None) if vote.note == self._own_note else vote
