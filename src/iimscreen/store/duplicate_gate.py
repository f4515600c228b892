"""The gate to what reviewers say of pairs: when one may see the word of the other.

Where the protocol wants two reviewers (`[duplicates] reviewers_needed = 2`), the words on a pair of
reports may be seen once both have been given; until then nothing that leaves this module tells one
of the other's, be it a list, its order, or a total. How many pairs each has left is free. Where one
is enough, a word is the verdict, and nothing is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iimscreen.errors import ProtocolError
from iimscreen.model import Protocol
from iimscreen.store import duplicate_votes, records
from iimscreen.store.connection import Review
from iimscreen.store.duplicates import PairVerdict
from iimscreen.voting import PairState, PairVote, pair_state

Reports = frozenset[str]  # two reports, by the keys of their kept records; one, if the pair is one report


class DuplicateGate:
    """What may be seen of the words on pairs, read once: make a new one after a word.

    Everything whose name begins with an underscore is behind the gate.
    """

    def __init__(self, review: Review, protocol: Protocol) -> None:
        self._needed = protocol.duplicate_reviewers
        self._votes = duplicate_votes.standing(review)
        self._log = duplicate_votes.log_ids(review)
        self._review = review
        self._kept: dict[str, str] = {}  # of the few records that are asked about
        self._by_pair: dict[tuple[str, str], set[str]] = {}
        self._by_reports: dict[Reports, dict[str, PairVote]] = {}
        for vote in self._votes:
            self._by_pair.setdefault((vote.key, vote.other_key), set()).add(vote.reviewer)
            reports = self._reports(vote.key, vote.other_key)
            if len(reports) == 2:
                self._by_reports.setdefault(reports, {})[vote.reviewer] = vote

    def _reports(self, key: str, other_key: str) -> Reports:
        for one in (key, other_key):
            if one not in self._kept:
                self._kept[one] = records.kept_of(self._review, one)
        return frozenset((self._kept[key], self._kept[other_key]))

    def _has_all(self, reports: Reports) -> bool:
        return len(self._by_reports.get(reports, {})) >= self._needed

    def _is_revealed(self, key: str, other_key: str) -> bool:
        return (
            self._needed == 1
            or len(self._by_pair.get((key, other_key), ())) >= self._needed
            or self._has_all(self._reports(key, other_key))
        )

    # --- one's own ---------------------------------------------------------------------------------

    def waiting_for(self, reviewer: str, questions: Sequence[PairVerdict]) -> list[PairVerdict]:
        """The pairs left for one reviewer, in the order of `questions`.

        Where one reviewer is enough, pairs of which this one was unsure come last; where two are needed,
        unsure is a word like the others.
        """
        if self._needed == 1:
            return sorted(questions, key=lambda one: self.was_unsure(reviewer, one))
        return [
            one
            for one in questions
            if reviewer not in self._by_reports.get(self._reports(one.key, one.other_key), ())
            and not self._has_all(self._reports(one.key, one.other_key))
        ]

    def was_unsure(self, reviewer: str, question: PairVerdict) -> bool:
        """Whether this reviewer's own word on a pair is that they cannot tell."""
        own = self._by_reports.get(self._reports(question.key, question.other_key), {}).get(reviewer)
        return own is not None and own.verdict == "unsure"

    def may_change(self, vote: PairVote) -> bool:
        """Whether a reviewer's own word is still theirs to change: nobody may have seen it and answered."""
        return self._needed == 1 or not self._is_revealed(vote.key, vote.other_key)

    # --- what anyone may see -----------------------------------------------------------------------

    def state(self, key: str, other_key: str) -> PairState:
        """What the words on a pair of reports mean once all that are needed are in; pending before."""
        votes = self._by_reports.get(self._reports(key, other_key), {})
        return pair_state([vote.verdict for vote in votes.values()], self._needed)

    def voters(self, key: str, other_key: str) -> tuple[str, ...]:
        """Who gave the words on a pair of reports, in order of time; none while some lack."""
        return tuple(vote.reviewer for vote in self.votes(key, other_key))

    def votes(self, key: str, other_key: str) -> list[PairVote]:
        """The words on a pair of reports, once all that are needed are in; none before."""
        reports = self._reports(key, other_key)
        if not self._has_all(reports):
            return []
        return sorted(self._by_reports[reports].values(), key=lambda vote: vote.log_id)

    def words_on(self, key: str, other_key: str, viewer: str | None) -> tuple[list[PairVote], int]:
        """The standing words on two records that this viewer may see, oldest first; and how many others
        there are.
        """
        pair = {key, other_key}
        there = [vote for vote in self._votes if {vote.key, vote.other_key} == pair]
        shown = [v for v in there if v.reviewer == viewer or self._is_revealed(v.key, v.other_key)]
        return shown, len(there) - len(shown)

    def conflicts(self, questions: Sequence[PairVerdict]) -> list[PairVerdict]:
        """The questions on which all words are in, and no verdict came of them."""
        return [one for one in questions if self.is_to_resolve(one.key, one.other_key)]

    def is_to_resolve(self, key: str, other_key: str) -> bool:
        """Whether all words are in on a question: they differ, or were given on several pairs before these
        became two reports.
        """
        return self._needed > 1 and self._has_all(self._reports(key, other_key))

    def progress(self, questions: Sequence[PairVerdict]) -> Mapping[str, int]:
        """How many pairs each who has begun has left; empty where one reviewer is enough."""
        if self._needed == 1:
            return {}
        names = dict.fromkeys(reviewer for _, _, _, reviewer in self._log)
        return {name: len(self.waiting_for(name, questions)) for name in names}

    def has_open_votes(self) -> bool:
        """Whether any word may not be seen by everyone."""
        return any(not self._is_revealed(vote.key, vote.other_key) for vote in self._votes)

    def hidden_log_ids(self, viewer: str | None) -> set[int]:
        """Log ids of words that this viewer may not see now; of nobody in particular: all open ones."""
        return {
            log_id
            for log_id, key, other_key, reviewer in self._log
            if reviewer != viewer and not self._is_revealed(key, other_key)
        }

    def require_shown(self, what: str, questions: Sequence[PairVerdict]) -> None:
        """Raise ProtocolError, saying who has how many pairs to go, for words that are not to be seen yet."""
        left = ", ".join(
            f"{name} has {count:,} to go" for name, count in self.progress(questions).items() if count
        )
        raise ProtocolError(
            f"{what} cannot be shown while pairs of possible duplicates lack a word"
            + f": {left}" * bool(left),
            hint="finish them: iimscreen duplicates review --reviewer NAME",
        )
