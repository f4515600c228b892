"""Which records are worth comparing: near-linear in their number.

Two records meet if they share an identifier, an accession number of one source, a registration's number, a
title, two of their rarest title words, a place (volume and first page, or year and both pages), or first
author with first page or with a title word.

Blocks are arrays of numbers: a million records have ten million keys, and as Python objects these alone
would take three gigabytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from iimscreen.matching.fields import Comparable
from iimscreen.matching.names import first_family

# Beyond this a block is cut by place, then by first author and year, so that a thousand records named
# "Editorial" cost a thousand small blocks and not half a million comparisons.
MAX_BLOCK = 40
_WINDOW = 12  # neighbours compared in a block that no cut makes small
RARE_WORDS = 4
_PART = 50_000  # records whose words are looked at together
_LONG_WORD = 6  # letters of a title word that, with the first author, makes records meet

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs worth comparing, each once, as places in the records given; `left` < `right`, in order."""

    left: Numbers
    right: Numbers

    def __len__(self) -> int:
        return len(self.left)

    def those(self, keep: NDArray[np.bool_]) -> Candidates:
        """The candidates for which `keep` is True."""
        return Candidates(self.left[keep], self.right[keep])


def candidates(records: Sequence[Comparable], *, new: Collection[str] | None = None) -> Candidates:
    """Pairs worth comparing. With `new`, only those in which a record is new, or is met by other words.

    Which of its words are rare for a title depends on all titles. So that comparing records in portions
    finds what comparing all at once finds, an old record whose rare words have changed since it was
    compared counts as new.
    """
    words = _Words(records)
    rare = words.rare()
    count = max(len(records), 1)
    codes = np.concatenate([_codes(*keys, records) for keys in _families(records, rare)])
    codes.sort()  # np.unique tells integers apart by a hash table, which takes four times as long
    codes = codes[_bounds(codes)[:-1]]
    both = Candidates(codes // count, codes % count)
    if new is None:
        return both
    is_new = np.fromiter((record.key in new for record in records), dtype=np.bool_, count=len(records))
    is_new |= np.any(words.rare(~is_new) != rare, axis=1)
    return both.those(is_new[both.left] | is_new[both.right])


class _Words:
    """The words of all titles as numbers, in alphabetical order."""

    def __init__(self, records: Sequence[Comparable]) -> None:
        number: dict[str, int] = {}
        flat, ends = array("i"), array("q")
        for record in records:
            for word in set(record.text.split()):
                if len(word) > 2:
                    flat.append(number.setdefault(word, len(number)))
            ends.append(len(flat))
        alphabetical = np.empty(len(number), dtype=np.int32)
        for rank, word in enumerate(sorted(number)):
            alphabetical[number[word]] = rank
        self.vocabulary = len(number)
        self.words = alphabetical[np.frombuffer(flat, dtype=np.int32)] if flat else alphabetical
        self.ends: Numbers = np.frombuffer(ends, dtype=np.int64) if ends else _none()

    def rare(self, among: NDArray[np.bool_] | None = None) -> Numbers:
        """For each record its rarest words that another has too: RARE_WORDS columns, -1 where there are fewer.

        How often a word stands is counted among those records only, and told apart by powers of two, so
        that a few more records change next to nothing.
        """
        sizes = np.diff(self.ends, prepend=0)
        counted = self.words if among is None else self.words[np.repeat(among, sizes)]
        frequency = np.bincount(counted, minlength=self.vocabulary)
        magnitude = np.log2(np.maximum(frequency, 1)).astype(np.int64)
        rare = np.full((len(self.ends), RARE_WORDS), -1, dtype=np.int64)
        for first in range(0, len(self.ends), _PART):  # in parts, to hold less at once
            some = slice(first, first + _PART)
            start = self.ends[first - 1] if first else 0
            words = self.words[start : self.ends[some][-1]]
            owners = np.repeat(np.arange(len(sizes[some])), sizes[some])
            shared = frequency[words] > 1
            words, owners = words[shared], owners[shared]
            order = np.argsort((owners << 37) | (magnitude[words] << 31) | words, kind="stable")
            words, owners = words[order], owners[order]
            column = np.arange(len(owners)) - np.searchsorted(owners, owners)
            rarest = column < RARE_WORDS
            rare[some][owners[rarest], column[rarest]] = words[rarest]
        rare.sort(axis=1)
        return rare


def _none() -> Numbers:
    return np.empty(0, dtype=np.int64)


def _families(records: Sequence[Comparable], rare: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Keys with the places of the records that have them, one kind of key after another."""
    for kind in (_identifiers, _titles, _places_and_people):
        keys, owners = array("q"), array("q")
        for place, record in enumerate(records):
            for key in kind(record):
                keys.append(hash(key))
                owners.append(place)
        if keys:
            yield np.frombuffer(keys, dtype=np.int64), np.frombuffer(owners, dtype=np.int64)
    for one, other in combinations(range(RARE_WORDS), 2):
        stated = (rare[:, one] >= 0) & (rare[:, other] >= 0)
        owners_of = np.flatnonzero(stated)
        yield (rare[stated, one] << 31) | rare[stated, other], owners_of


def _identifiers(record: Comparable) -> Iterator[object]:
    if record.pmid:
        yield "pmid", record.pmid
    if record.doi:
        yield "doi", record.doi
    if record.accession:
        yield record.accession
    for number in record.registered:
        yield "registered", number


def _titles(record: Comparable) -> Iterator[object]:
    if record.title:
        yield record.title
        yield from record.translations


def _places_and_people(record: Comparable) -> Iterator[object]:
    page = "".join(filter(str.isdigit, record.first_page or "")) or record.first_page
    if page and record.volume:
        yield record.volume, page
    if record.last_page:
        yield record.year, record.first_page, record.last_page
    if record.names:
        family = first_family(record.names)[:6]
        if page:
            yield family, page
        long = next((word for word in record.text.split() if len(word) >= _LONG_WORD), None)
        if long:
            yield family, long[:_LONG_WORD], ""


def _codes(keys: Numbers, owners: Numbers, records: Sequence[Comparable]) -> Numbers:
    """All pairs of records that share a key, each as one number: smaller place × count + larger one.

    Blocks that are too large are cut.
    """
    small, large = _blocks(keys, owners)
    pairs = [_all_pairs(small)]
    for cut in (_by_place, _by_author):
        if len(large.keys):
            small_parts, large_parts = _blocks(*_cut(large, records, cut))
            pairs += [_all_pairs(small_parts), _windows(large_parts, records)]
    return np.concatenate([left * len(records) + right for left, right in pairs])


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Records by key: sorted by key, then by record, with the place where each one's block ends."""

    keys: Numbers
    owners: Numbers
    ends: Numbers

    @classmethod
    def of(cls, keys: Numbers, owners: Numbers) -> _Blocks:
        bounds = _bounds(keys)
        return cls(keys, owners, np.repeat(bounds[1:], np.diff(bounds)))


def _blocks(keys: Numbers, owners: Numbers) -> tuple[_Blocks, _Blocks]:
    """The blocks of two records or more, those up to MAX_BLOCK apart from larger ones."""
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    size = np.diff(_bounds(keys))
    size = np.repeat(size, size)
    small, large = (size > 1) & (size <= MAX_BLOCK), size > MAX_BLOCK
    return _Blocks.of(keys[small], owners[small]), _Blocks.of(keys[large], owners[large])


def _bounds(keys: Numbers) -> Numbers:
    """Where each block of sorted keys begins, and where the last one ends."""
    if not len(keys):
        return np.zeros(1, dtype=np.int64)
    return np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1, [len(keys)]))


def _all_pairs(blocks: _Blocks) -> tuple[Numbers, Numbers]:
    """Every pair within every block."""
    here = np.arange(len(blocks.keys))
    left, right = [_none()], [_none()]
    step = 1
    while len(here := here[here + step < blocks.ends[here]]):
        left.append(blocks.owners[here])
        right.append(blocks.owners[here + step])
        step += 1
    return np.concatenate(left), np.concatenate(right)


def _cut(
    blocks: _Blocks, records: Sequence[Comparable], cut: Callable[[Comparable], object]
) -> tuple[Numbers, Numbers]:
    """The blocks, parted by what their records agree on besides."""
    places, which = np.unique(blocks.owners, return_inverse=True)
    parts = [cut(records[place]) for place in places.tolist()]
    stated = np.fromiter((part is not None for part in parts), dtype=np.bool_, count=len(parts))[which]
    part = np.fromiter(map(hash, parts), dtype=np.int64, count=len(parts))[which]
    return (blocks.keys * 1_000_003 + part)[stated], blocks.owners[stated]


def _by_place(record: Comparable) -> object:
    return (record.volume or record.year, record.first_page) if record.first_page else None


def _by_author(record: Comparable) -> object:
    family = first_family(record.names)[:6]
    return family, record.year


def _windows(blocks: _Blocks, records: Sequence[Comparable]) -> tuple[Numbers, Numbers]:
    """Pairs of neighbours within blocks that no cut made small, in an order that puts like by like."""
    left, right = array("q"), array("q")
    for start, end in pairwise(_bounds(blocks.keys).tolist()):
        block = sorted(blocks.owners[start:end].tolist(), key=lambda place: _order(records[place]))
        for number, one in enumerate(block):
            for other in block[max(0, number - _WINDOW) : number]:
                left.append(min(one, other))
                right.append(max(one, other))
    if not left:
        return _none(), _none()
    return np.frombuffer(left, dtype=np.int64), np.frombuffer(right, dtype=np.int64)


def _order(record: Comparable) -> tuple[str, ...]:
    return (record.title, str(record.year), record.volume or "", record.first_page or "", record.key)
