"""Candidates by the hundred thousand: their titles scored at once, and most of them dropped.

What is dropped here is what `compare` would give None for, or what no rule joins: the two records would
have to be looked at one by one otherwise, which costs some twenty times as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from iimscreen.matching.blocks import Candidates, Numbers
from iimscreen.matching.compare import (
    LIKE_TITLE,
    SAME_TITLE,
    SHORT_CUT,
    SHORT_REST,
    is_cut,
    title_likeness,
)
from iimscreen.matching.fields import Comparable

_AT_ONCE = 200_000  # candidates scored together
_CUT_SHARE = 0.7  # of a title's length: when more of it is left, the two are alike as they are
_SAME_WORK_YEARS = 3  # what two tellings of one work in other words may lie apart; see `rules`

Flags = NDArray[np.bool_]


def worth_judging(
    records: Sequence[Comparable], found: Candidates
) -> Iterator[tuple[Comparable, Comparable, float]]:
    """Pairs that some rule may join, the earlier record first, with the likeness of their titles."""
    facts = _Facts(records)
    for start in range(0, len(found), _AT_ONCE):
        some = Candidates(found.left[start : start + _AT_ONCE], found.right[start : start + _AT_ONCE])
        some, likeness = facts.scored(some)
        for left, right, title in zip(
            some.left.tolist(), some.right.tolist(), likeness.tolist(), strict=True
        ):
            yield records[left], records[right], title


class _Facts:
    """What must be known of every record to drop candidates, in columns."""

    def __init__(self, records: Sequence[Comparable]) -> None:
        self._records = records
        count = len(records)
        self.titles = [record.title for record in records]
        self.length = np.fromiter(map(len, self.titles), dtype=np.int64, count=count)
        self.year = np.fromiter((record.year or 0 for record in records), dtype=np.int64, count=count)
        self.start = self._coded([record.title[:5] for record in records])
        self.end = self._coded([record.title[-5:] for record in records])
        self.pmid = self._coded([record.pmid or "" for record in records])
        self.doi = self._coded([record.doi or "" for record in records])
        self.accession = self._coded([record.accession or "" for record in records])
        self.page = self._coded([_page_number(record.first_page) for record in records])
        self.is_odd = np.fromiter(
            (
                bool(record.registered or record.other_first_pages or record.translations)
                for record in records
            ),
            dtype=np.bool_,
            count=count,
        )

    @staticmethod
    def _coded(texts: Sequence[str]) -> Numbers:
        """A number for each text, the same for the same text, and 0 for none."""
        return np.fromiter((hash(text) if text else 0 for text in texts), dtype=np.int64, count=len(texts))

    def scored(self, some: Candidates) -> tuple[Candidates, NDArray[np.float32]]:
        """The candidates that are kept, and the likeness of their titles (0 where it is below any use)."""
        titles = self.titles
        likeness = cpdist(
            [titles[place] for place in some.left.tolist()],
            [titles[place] for place in some.right.tolist()],
            scorer=fuzz.ratio,
            score_cutoff=LIKE_TITLE,
        )
        # Two titles that are not stated are not alike.
        likeness[(self.length[some.left] == 0) | (self.length[some.right] == 0)] = 0.0
        shares = (
            self._agree(self.pmid, some)
            | self._agree(self.doi, some)
            | self._agree(self.accession, some)
            | self._agree(self.page, some)
            | self.is_odd[some.left]
            | self.is_odd[some.right]
        )
        keep = shares | (likeness >= SAME_TITLE) | self._may_be_retold(some, likeness)
        keep |= self._cut(some, ~keep)
        # Below the cut-off a likeness is not told; and translations were left out.
        unknown = np.flatnonzero(keep & ((likeness == 0) | shares))
        for place in unknown.tolist():
            likeness[place] = title_likeness(
                self._records[some.left[place]], self._records[some.right[place]]
            )
        return some.those(keep), likeness[keep]

    def _agree(self, column: Numbers, some: Candidates) -> Flags:
        left = column[some.left]
        agree: Flags = (left == column[some.right]) & (left != 0)
        return agree

    def _may_be_retold(self, some: Candidates, likeness: NDArray[np.float32]) -> Flags:
        one, other = self.year[some.left], self.year[some.right]
        near = (one == 0) | (other == 0) | (np.abs(one - other) <= _SAME_WORK_YEARS)
        retold: Flags = (likeness >= LIKE_TITLE) & near
        return retold

    def _cut(self, some: Candidates, among: Flags) -> Flags:
        """Where one title is a good part of the other; asked of those `among` alone."""
        one, other = self.length[some.left], self.length[some.right]
        short = np.minimum(one, other)
        may_be = (
            among
            & (short >= SHORT_CUT)
            & (short < _CUT_SHARE * np.maximum(one, other))
            & (self._agree(self.start, some) | (self._agree(self.end, some) & (short >= SHORT_REST)))
        )
        found = np.zeros(len(some), dtype=np.bool_)
        for place in np.flatnonzero(may_be).tolist():
            found[place] = is_cut(self.titles[some.left[place]], self.titles[some.right[place]])
        return found


def _page_number(first_page: str | None) -> str:
    """The digits of a page, since databases keep or drop its letters."""
    if not first_page:
        return ""
    return "".join(filter(str.isdigit, first_page)) or first_page
