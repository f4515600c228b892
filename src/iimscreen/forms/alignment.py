"""Which rows of two extractors are one row: by the keys of their level, in any order and number. Pure.

Rows of a level are laid side by side so that as much as possible of their keys agrees in all, and never by
less than half of one key. Rows under other rows are laid side by side within rows that are one already. What a
person paired, or left alone on purpose, stays so. Swapped extractors give the same pairs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iimscreen import forms
from iimscreen.forms import ITSELF, OF
from iimscreen.forms.values import plain_text, same
from iimscreen.model import Field, FieldKind, Form, Level, Value

Rows = Mapping[str, Mapping[str, Value]]  # row → field → value; `of` is the row above
ByHand = Sequence[tuple[str | None, str | None]]  # (row of one, row of the other); None: alone on purpose

KEY, BY_HAND, ALONE, ON_PURPOSE = "by its key", "by hand", "alone", "alone on purpose"
LEAST = 50  # of 100: rows whose keys agree by no more than this are two rows
_SAME = 100
_BOTH_WITHOUT = 60  # neither has a value, or both have the same code: a weak sign of one row
_ONE_WITHOUT = 30  # one has a value where the other has none or a code: often an oversight
_NUMBER_NAMES = 80  # texts with the same numbers in them, such as "P1" and "Patient 1"
_NEAR = 0.2  # numbers that differ by less than this share of the larger count for something
_WORDS = re.compile(r"\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Aligned:
    """One row by two extractors, or a row that only one of them has."""

    level: str
    one: str | None
    other: str | None
    how: str = KEY
    score: int = 0  # 0 to 100: how far the keys agree; 0 where nothing was compared


def align(form: Form, one: Rows, other: Rows, by_hand: ByHand = ()) -> tuple[Aligned, ...]:
    """Every row of both exactly once, level by level: the first's rows in order, then what only the other has.

    The study itself is always one row. Of `by_hand` the last word on a row holds; what names a row that is not
    there says nothing.
    """
    if _content(other) < _content(one):
        # The same question whoever is asked first: ties are decided the same way.
        mirrored = align(form, other, one, [(b, a) for a, b in by_hand])
        return _in_order(form, [Aligned(m.level, m.other, m.one, m.how, m.score) for m in mirrored])
    pairs, alone = _by_hand(one, other, by_hand)
    marks = _Marks(one), _Marks(other)
    partner: dict[str, str] = dict(pairs)  # row of one → row of the other
    found = [Aligned(ITSELF, "", "", KEY, _SAME)]
    for level in form.levels[1:]:
        rows = _of_level(one, level), _of_level(other, level)
        for a in rows[0]:
            if a in pairs:
                score = _score(form, level, one[a], other[pairs[a]], {})
                found.append(Aligned(level.name, a, pairs[a], BY_HAND, score))
        taken = set(pairs) | alone[0], set(pairs.values()) | alone[1]
        free = [a for a in rows[0] if a not in taken[0]], [b for b in rows[1] if b not in taken[1]]
        matched: dict[str, tuple[str, int]] = {}
        for some, others in _families(level, one, other, free, partner):
            matched |= _matched(form, level, one, other, (some, others), marks)
        partner |= {a: b for a, (b, _) in matched.items()}
        found += [Aligned(level.name, a, b, KEY, score) for a, (b, score) in matched.items()]
        met = {b for b, _ in matched.values()}
        found += [
            Aligned(level.name, a, None, ON_PURPOSE if a in alone[0] else ALONE)
            for a in rows[0]
            if a not in matched and a not in pairs
        ]
        found += [
            Aligned(level.name, None, b, ON_PURPOSE if b in alone[1] else ALONE)
            for b in rows[1]
            if b not in met and b not in pairs.values()
        ]
    return _in_order(form, found)


def by_row(form: Form, one: Rows, other: Rows) -> tuple[Aligned, ...]:
    """Rows laid side by side by their own numbers: where one works on what the other entered."""
    found = [Aligned(ITSELF, "", "", KEY, _SAME)]
    for level in form.levels[1:]:
        # Who checks has every row of the other before them, whether or not they write on it.
        found += [
            Aligned(level.name, row if row in one else None, row, KEY, _SAME * (row in one))
            for row in {*_of_level(one, level), *_of_level(other, level)}
        ]
    return _in_order(form, found)


def row_number(row: str) -> int:
    """The number of a row: 12 of P12; 0 of the study itself."""
    return int(row[1:] or 0)


def _in_order(form: Form, found: Iterable[Aligned]) -> tuple[Aligned, ...]:
    places = {level.name: number for number, level in enumerate(form.levels)}
    return tuple(
        sorted(
            found,
            key=lambda m: (
                places[m.level],
                m.one is None,
                row_number(m.one if m.one is not None else m.other or ""),
            ),
        )
    )


def _content(rows: Rows) -> list[tuple[str, str, str, str, str]]:
    return sorted(
        (row, name, value.text, value.unit, value.code)
        for row, cells in rows.items()
        for name, value in cells.items()
    )


def _of_level(rows: Rows, level: Level) -> list[str]:
    found = [row for row in rows if row.startswith(level.letter) and row and rows[row]]
    return sorted(found, key=row_number)


def _by_hand(one: Rows, other: Rows, by_hand: ByHand) -> tuple[dict[str, str], tuple[set[str], set[str]]]:
    """Pairs that people made, and rows that they left alone; the last word on a row holds."""
    pairs: dict[str, str] = {}
    alone: tuple[set[str], set[str]] = set(), set()
    for a, b in by_hand:
        is_there = (a is None or bool(one.get(a))) and (b is None or bool(other.get(b)))
        if not is_there or (a is not None and b is not None and a[:1] != b[:1]):
            continue
        pairs = {x: y for x, y in pairs.items() if x != a and y != b}
        alone[0].discard(a or "")
        alone[1].discard(b or "")
        if a is not None and b is not None:
            pairs[a] = b
        elif a is not None:
            alone[0].add(a)
        elif b is not None:
            alone[1].add(b)
    return pairs, alone


def _families(
    level: Level, one: Rows, other: Rows, free: tuple[list[str], list[str]], partner: Mapping[str, str]
) -> list[tuple[list[str], list[str]]]:
    """Rows of both that may be one: all of a level, or those under rows that are one."""
    if level.of in ("", ITSELF):
        return [free]
    above = {partner[p]: p for p in partner}
    found: dict[str, tuple[list[str], list[str]]] = {}
    for a in free[0]:
        parent = _above(one[a])
        if parent in partner:
            found.setdefault(parent, ([], []))[0].append(a)
    for b in free[1]:
        parent = _above(other[b])
        if parent in above:
            found.setdefault(above[parent], ([], []))[1].append(b)
    return list(found.values())


def _above(cells: Mapping[str, Value]) -> str:
    value = cells.get(OF)
    return value.text if value is not None else ""


# --- how alike two rows are ------------------------------------------------------------------------


class _Marks:
    """Everything that is said in a row and in the rows under it, as a bag: to tell apart rows with one key."""

    def __init__(self, rows: Rows) -> None:
        under: dict[str, list[str]] = {}
        for row, cells in rows.items():
            under.setdefault(_above(cells), []).append(row)
        self._bags: dict[str, Counter[tuple[str, str]]] = {}
        for row in rows:
            bag: Counter[tuple[str, str]] = Counter()
            for each in (row, *(under.get(row, ()) if row else ())):
                bag.update((name, plain_text(str(value))) for name, value in rows[each].items() if name != OF)
            self._bags[row] = bag

    def shared(self, row: str, marks: _Marks, other: str) -> int:
        """Out of 1000: how much of what is said in both is said in the two alike."""
        a, b = self._bags[row], marks._bags[other]
        total = a.total() + b.total()
        return 2000 * (a & b).total() // total if total else 0


def _score(
    form: Form,
    level: Level,
    one: Mapping[str, Value],
    other: Mapping[str, Value],
    known: dict[tuple[str, Value | None, Value | None], int],
) -> int:
    """0 to 100: the mean over the level's key, or over all its fields where it has none."""
    fields = [f for f in forms.fields_of(form, level.name) if not level.key or f.name in level.key]
    total = 0
    for field in fields:
        a, b = one.get(field.name), other.get(field.name)
        place = field.name, a, b
        if place not in known:
            known[place] = _alike(field, a, b)
        total += known[place]
    return total // len(fields)


def _alike(field: Field, a: Value | None, b: Value | None) -> int:
    """0 to 100, the same for swapped values."""
    if a is None or b is None:
        return _BOTH_WITHOUT if a is b else _ONE_WITHOUT
    if a.code or b.code:
        return _BOTH_WITHOUT if a.code == b.code else _ONE_WITHOUT
    if same(field, a, b):
        return _SAME
    match field.kind:
        case FieldKind.INTEGER | FieldKind.NUMBER:
            return _near(a, b)
        case FieldKind.DATE:
            return 60 if a.text.startswith(b.text) or b.text.startswith(a.text) else 0
        case FieldKind.CHOICES:
            return _overlap(Counter(set(a.items)), Counter(set(b.items)))
        case FieldKind.YES_NO:
            return 0
        case _:
            return _alike_texts(a.text, b.text)


def _near(a: Value, b: Value) -> int:
    x, y = a.number, b.number
    if x is None or y is None or a.unit != b.unit:
        return 0
    apart = abs(x - y) / max(abs(x), abs(y), 1e-300)
    return round(60 * (1 - apart / _NEAR)) if apart < _NEAR else 0


def _alike_texts(one: str, other: str) -> int:
    """By the words that they share; texts with other numbers in them name two things."""
    a, b = Counter(_WORDS.findall(one.casefold())), Counter(_WORDS.findall(other.casefold()))
    numbers = {w.lstrip("0") for w in a if w.isdigit()}, {w.lstrip("0") for w in b if w.isdigit()}
    if numbers[0] and numbers[1]:
        if not numbers[0] & numbers[1]:
            return 0
        if numbers[0] == numbers[1]:
            return max(_NUMBER_NAMES, _overlap(a, b))
    return _overlap(a, b)


def _overlap(a: Counter[str], b: Counter[str]) -> int:
    total = a.total() + b.total()
    return 200 * (a & b).total() // total if total else 0


# --- the best pairs --------------------------------------------------------------------------------


def _matched(
    form: Form,
    level: Level,
    one: Rows,
    other: Rows,
    rows: tuple[list[str], list[str]],
    marks: tuple[_Marks, _Marks],
) -> dict[str, tuple[str, int]]:
    """Row of one → (row of the other, score): the pairs whose scores above LEAST sum to the most.

    Among sums that are equal, what else the rows say decides, then their order.
    """
    known: dict[tuple[str, Value | None, Value | None], int] = {}
    edges: dict[tuple[int, int], int] = {}
    scores: dict[tuple[int, int], int] = {}
    # Each part outweighs all that the parts behind it can sum to.
    most = min(len(rows[0]), len(rows[1])) + 1
    by_order = (max(len(rows[0]), len(rows[1])) + 1) ** 2
    for i, a in enumerate(rows[0]):
        for j, b in enumerate(rows[1]):
            score = _score(form, level, one[a], other[b], known)
            if score > LEAST:
                shared = marks[0].shared(a, marks[1], b)
                scores[i, j] = score
                edges[i, j] = (
                    ((score - LEAST) * 1001 * most + shared) * by_order * most + by_order - (i - j) ** 2
                )
    return {rows[0][i]: (rows[1][j], scores[i, j]) for i, j in best_pairs(edges).items()}


def best_pairs(weights: Mapping[tuple[int, int], int]) -> dict[int, int]:
    """Left → right of the pairs, each side once, whose weights sum to the most. Weights are above 0.

    Source: the shortest augmenting paths of Kuhn 1955 and Munkres 1957, in the form of Jonker and Volgenant
    1987 (Computing 38:325), for each connected part by itself.
    """
    found: dict[int, int] = {}
    for part in _connected(weights):
        lefts, rights = sorted({i for i, _ in part}), sorted({j for _, j in part})
        if len(lefts) <= len(rights):
            found |= _assigned(lefts, rights, part)
        else:
            turned = {(j, i): weight for (i, j), weight in part.items()}
            found |= {i: j for j, i in _assigned(rights, lefts, turned).items()}
    return found


def _connected(weights: Mapping[tuple[int, int], int]) -> list[dict[tuple[int, int], int]]:
    root: dict[tuple[int, int], tuple[int, int]] = {}  # (side, place) → one of the same part

    def top(node: tuple[int, int]) -> tuple[int, int]:
        root.setdefault(node, node)
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for i, j in weights:
        root[top((0, i))] = top((1, j))
    parts: dict[tuple[int, int], dict[tuple[int, int], int]] = {}
    for (i, j), weight in weights.items():
        parts.setdefault(top((0, i)), {})[i, j] = weight
    return list(parts.values())


def _assigned(
    lefts: Sequence[int], rights: Sequence[int], weights: Mapping[tuple[int, int], int]
) -> dict[int, int]:
    """The best pairs where no more stand left than right; a pair without a weight is none."""
    width = len(rights)
    cost = [[-weights.get((i, j), 0) for j in rights] for i in lefts]
    over_left = [0] * (len(lefts) + 1)
    over_right = [0] * (width + 1)
    holds = [0] * (width + 1)  # right, counted from 1 → left; 0: free
    for left in range(1, len(lefts) + 1):
        holds[0], here = left, 0
        least: list[int | None] = [None] * (width + 1)
        way = [0] * (width + 1)
        left_over = list(range(1, width + 1))
        tree = [0]
        while holds[here]:
            row, base = cost[holds[here] - 1], over_left[holds[here]]
            step: int | None = None
            next_one = 0
            for right in left_over:
                reduced = row[right - 1] - base - over_right[right]
                known = least[right]
                if known is None or reduced < known:
                    least[right] = known = reduced
                    way[right] = here
                if step is None or known < step:
                    step, next_one = known, right
            move = step or 0
            if move:
                for right in tree:
                    over_left[holds[right]] += move
                    over_right[right] -= move
                for right in left_over:
                    least[right] = (least[right] or 0) - move
            here = next_one
            left_over.remove(here)
            tree.append(here)
        while here:
            holds[here] = holds[way[here]]
            here = way[here]
    return {
        lefts[holds[right] - 1]: rights[right - 1]
        for right in range(1, width + 1)
        if holds[right] and (lefts[holds[right] - 1], rights[right - 1]) in weights
    }
