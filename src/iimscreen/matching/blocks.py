"""Which records are worth comparing: near-linear in their number.

Two records meet if they share an identifier, a registration's number, a title, two of their rarest title words, a place
(volume and first page), or first author with first page or with year and a title word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

from iimscreen.matching.fields import Comparable

# Beyond this a block is cut by year, journal and first author, so that a thousand records named
# "Editorial" cost a thousand small blocks and not half a million comparisons.
MAX_BLOCK = 40
_WINDOW = 12  # neighbours compared in a block that no cut makes small
RARE_WORDS = 4


def candidates(
    records: Sequence[Comparable], *, new: Collection[str] | None = None
) -> Iterator[tuple[Comparable, list[Comparable]]]:
    """Each record with the earlier ones worth comparing with it; each pair once.

    With `new`, only pairs in which at least one key is new.
    """
    partners: list[set[int]] = [set() for _ in records]
    for block in _blocks(records):
        if len(block) <= MAX_BLOCK:
            for place, one in enumerate(block):
                partners[one].update(block[:place])
        else:
            for place, one in enumerate(block):
                for other in block[max(0, place - _WINDOW) : place]:
                    partners[max(one, other)].add(min(one, other))
    for place, others in enumerate(partners):
        record = records[place]
        if others:
            is_new = new is None or record.key in new
            found = [records[other] for other in sorted(others) if is_new or records[other].key in new]  # type: ignore[operator]  # new is not None where is_new is False
            if found:
                yield record, found
        partners[place] = set()


def _blocks(records: Sequence[Comparable]) -> Iterator[list[int]]:
    index: dict[object, list[int]] = defaultdict(list)
    frequency = Counter(word for record in records for word in set(record.words))
    for place, record in enumerate(records):
        for key in _keys(record, frequency):
            index[key].append(place)
    for block in index.values():
        if len(block) > 1:
            yield from _cut(block, records)


def _keys(record: Comparable, frequency: Counter[str]) -> set[object]:
    keys: set[object] = set()
    if record.pmid:
        keys.add(("pmid", record.pmid))
    if record.doi:
        keys.add(("doi", record.doi))
    keys.update(("registered", number) for number in record.registered)
    keys.update(title for title in record.titles if title)
    rare = sorted({(frequency[word], word) for word in record.words if len(word) > 2 and frequency[word] > 1})
    rarest = [word for _, word in rare[:RARE_WORDS]]
    keys.update((one, other) for i, one in enumerate(rarest) for other in rarest[i + 1 :])
    page = "".join(filter(str.isdigit, record.first_page or "")) or record.first_page
    if page and record.volume:
        keys.add(("place", record.volume, page))
    if record.families:
        family = record.families[0][:6]
        if page:
            keys.add(("author", family, page))
        long = next((word for word in record.words if len(word) > 5), None)
        if long:
            keys.add(("author", family, long[:6]))
    return keys


def _cut(block: list[int], records: Sequence[Comparable]) -> Iterator[list[int]]:
    """The block, or smaller ones out of it that keep together what agrees."""
    if len(block) <= MAX_BLOCK:
        yield block
        return
    for cut in (_by_place, _by_author):
        parts: dict[object, list[int]] = defaultdict(list)
        for one in block:
            if key := cut(records[one]):
                parts[key].append(one)
        for part in parts.values():
            if len(part) <= MAX_BLOCK:
                if len(part) > 1:
                    yield part
            else:
                yield sorted(part, key=lambda one: _order(records[one]))


def _by_place(record: Comparable) -> object:
    return (record.volume or record.year, record.first_page) if record.first_page else None


def _by_author(record: Comparable) -> object:
    return (record.families[0][:6], record.year) if record.families else (None, record.year)


def _order(record: Comparable) -> tuple[str, ...]:
    return (record.titles[0], str(record.year), record.volume or "", record.first_page or "", record.key)
