"""How far two reviewers agree: observed agreement and Cohen's kappa with its interval. Pure."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two raters on the records that both rated."""

    n: int
    table: tuple[tuple[int, ...], ...]  # rows rater A, columns rater B, in the order of `categories`
    categories: tuple[str, ...]
    observed: float | None  # share of equal ratings, 0 to 1; None where n is 0
    kappa: float | None  # None where not estimable: n = 0, or expected agreement 1
    interval: tuple[float, float] | None  # 95%, normal, clipped to -1 and 1


def agreement(ratings: Sequence[tuple[str, str]], categories: Sequence[str]) -> Agreement:
    """Agreement over pairs of ratings (A's, B's), each rating one of `categories`.

    Cohen 1960; standard error for the interval after Fleiss, Cohen and Everitt 1969.
    """
    place: dict[Hashable, int] = {category: number for number, category in enumerate(categories)}
    table = [[0] * len(place) for _ in place]
    for one, other in ratings:
        table[place[one]][place[other]] += 1
    n = len(ratings)
    frozen = tuple(map(tuple, table))
    if n == 0:
        return Agreement(0, frozen, tuple(categories), None, None, None)
    share = [[count / n for count in row] for row in table]
    rows = [sum(row) for row in share]
    columns = [sum(column) for column in zip(*share, strict=True)]
    diagonal = range(len(place))
    observed = sum(share[i][i] for i in diagonal)
    expected = sum(rows[i] * columns[i] for i in diagonal)
    if math.isclose(expected, 1.0):
        return Agreement(n, frozen, tuple(categories), observed, None, None)
    kappa = (observed - expected) / (1 - expected)
    variance = (
        sum(share[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in diagonal)
        + (1 - kappa) ** 2
        * sum(share[i][j] * (columns[i] + rows[j]) ** 2 for i in diagonal for j in diagonal if i != j)
        - (kappa - expected * (1 - kappa)) ** 2
    ) / (n * (1 - expected) ** 2)
    margin = Z95 * math.sqrt(max(variance, 0.0))
    return Agreement(
        n, frozen, tuple(categories), observed, kappa, (max(-1.0, kappa - margin), min(1.0, kappa + margin))
    )
