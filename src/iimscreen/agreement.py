"""How far two raters agree: kappa, PABAK, AC1, McNemar; and what both may have missed. Pure.

Every figure is worked out in fractions, so that swapped raters or another order of categories give the
same number to the last digit, and nothing is divided by a zero that rounding hid. A figure that has no
value says why in words. No labels ("substantial"): scales contradict each other, numbers do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Z95 = 1.959963984540054
LEAST_IN_COMMON = (
    7  # found by both, before the bias of Chapman's estimate may be neglected: Robson and Regier 1964
)

NO_RECORD = "no record has both votes"
ONE_VERDICT = "both gave one and the same verdict throughout"
ONE_RATER_CONSTANT = "one of the two gave one verdict throughout, which makes kappa 0 whatever the other said"
NO_DIFFERENCE = "they differed on no record, so the standard error is 0"
NO_SPREAD = "the standard error is 0 in this table"
ONE_FOUND_ALL = "one found all that the other found, so the standard error is 0"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its uncertainty. What is None is not estimable; `why_not` says why, in words."""

    value: float | None
    se: float | None = None
    interval: tuple[float, float] | None = None  # 95 %, normal; not cut at -1 and 1
    why_not: str = ""  # of the value; or, where there is one, of its interval


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two raters on the records that both rated."""

    n: int
    categories: tuple[str, ...]
    table: tuple[tuple[int, ...], ...]  # rows rater A, columns rater B, in the order of `categories`
    observed: Estimate  # share of equal ratings, 0 to 1
    expected: Estimate  # share expected by chance from each rater's own proportions, 0 to 1
    kappa: Estimate  # Cohen's
    kappa_se_by_chance: float | None  # its standard error if true kappa were 0, as Stata prints it
    pabak: Estimate  # with two categories; with more, the coefficient of Brennan and Prediger
    ac1: Estimate  # Gwet's
    specific: tuple[Estimate, ...]  # agreement on each category; of two, positive and negative agreement
    prevalence_index: Estimate  # |a - d| / n
    bias_index: Estimate  # |b - c| / n


def agreement_in(counts: Sequence[Sequence[int]], categories: Sequence[str]) -> Agreement:
    """Agreement in a square table of counts: rows rater A, columns rater B, two categories or more.

    Which categories there are is the question's matter, not the answers': one that nobody used counts
    in PABAK and AC1. Raises ValueError for a table that is not square or has fewer than two categories.

    Sources: kappa, Cohen 1960 (Educ Psychol Meas 20:37); its standard error for the interval, Fleiss,
    Cohen and Everitt 1969 (Psychol Bull 72:323), also by chance; Brennan and
    Prediger 1981 (Educ Psychol Meas 41:687); PABAK, prevalence and bias index, Byrt, Bishop and Carlin
    1993 (J Clin Epidemiol 46:423); positive and negative agreement, Cicchetti and Feinstein 1990
    (J Clin Epidemiol 43:551); AC1, Gwet 2008 (Br J Math Stat Psychol 61:29).
    """
    k = len(categories)
    if k < 2 or len(counts) != k or any(len(row) != k for row in counts):
        raise ValueError(f"expected a square table over {k} categories, two or more, got {counts!r}")
    table = tuple(map(tuple, counts))
    n = sum(map(sum, table))
    named = tuple(categories)
    if n == 0:
        none = Estimate(None, why_not=NO_RECORD)
        index = none if k == 2 else _TWO_ONLY
        return Agreement(0, named, table, none, none, none, None, none, none, (none,) * k, index, index)
    shares = _Shares(table, n)
    return Agreement(
        n=n,
        categories=named,
        table=table,
        observed=Estimate(float(shares.observed)),
        expected=Estimate(float(shares.expected)),
        kappa=_kappa(shares),
        kappa_se_by_chance=_kappa_se_by_chance(shares),
        pabak=Estimate(float((shares.observed - Fraction(1, k)) / (1 - Fraction(1, k)))),
        ac1=_ac1(shares),
        specific=tuple(_specific(shares, i, name) for i, name in enumerate(named)),
        prevalence_index=Estimate(float(abs(shares.p[0][0] - shares.p[1][1]))) if k == 2 else _TWO_ONLY,
        bias_index=Estimate(float(abs(shares.p[0][1] - shares.p[1][0]))) if k == 2 else _TWO_ONLY,
    )


_TWO_ONLY = Estimate(None, why_not="it is defined for two categories only")


class _Shares:
    """A table as shares of n: cells `p`, rows `r`, columns `c`."""

    def __init__(self, table: Sequence[Sequence[int]], n: int) -> None:
        self.n = n
        self.places = range(len(table))
        self.p = [[Fraction(count, n) for count in row] for row in table]
        self.r = [sum(row, Fraction(0)) for row in self.p]
        self.c = [sum(column, Fraction(0)) for column in zip(*self.p, strict=True)]
        self.observed = sum((self.p[i][i] for i in self.places), Fraction(0))
        self.expected = sum((self.r[i] * self.c[i] for i in self.places), Fraction(0))


def _kappa(shares: _Shares) -> Estimate:
    p, r, c, places, expected = shares.p, shares.r, shares.c, shares.places, shares.expected
    if expected == 1:
        return Estimate(None, why_not=ONE_VERDICT)
    kappa = (shares.observed - expected) / (1 - expected)
    on = sum((p[i][i] * (1 - (r[i] + c[i]) * (1 - kappa)) ** 2 for i in places), Fraction(0))
    off = sum((p[i][j] * (c[i] + r[j]) ** 2 for i in places for j in places if i != j), Fraction(0))
    variance = (on + (1 - kappa) ** 2 * off - (kappa - expected * (1 - kappa)) ** 2) / (
        shares.n * (1 - expected) ** 2
    )
    constant = max(r) == 1 or max(c) == 1
    return _with_interval(kappa, variance, ONE_RATER_CONSTANT if constant else _why_no_spread(shares))


def _kappa_se_by_chance(shares: _Shares) -> float | None:
    r, c, expected = shares.r, shares.c, shares.expected
    if expected == 1:
        return None
    inner = expected + expected**2 - sum((r[i] * c[i] * (r[i] + c[i]) for i in shares.places), Fraction(0))
    return _root(inner / (shares.n * (1 - expected) ** 2))


def _ac1(shares: _Shares) -> Estimate:
    p, places, observed = shares.p, shares.places, shares.observed
    others = len(places) - 1
    mean = [(shares.r[i] + shares.c[i]) / 2 for i in places]
    by_chance = sum((share * (1 - share) for share in mean), Fraction(0)) / others  # at most 1/k, never 1
    ac1 = (observed - by_chance) / (1 - by_chance)
    on = sum((p[i][i] * (1 - mean[i]) for i in places), Fraction(0)) / others
    every = sum((p[i][j] * (1 - (mean[i] + mean[j]) / 2) ** 2 for i in places for j in places), Fraction(0))
    variance = (
        observed * (1 - observed)
        - 4 * (1 - ac1) * (on - observed * by_chance)
        + 4 * (1 - ac1) ** 2 * (every / others**2 - by_chance**2)
    ) / (shares.n * (1 - by_chance) ** 2)
    return _with_interval(ac1, variance, _why_no_spread(shares))


def _why_no_spread(shares: _Shares) -> str:
    return NO_DIFFERENCE if shares.observed == 1 else NO_SPREAD


def _with_interval(value: Fraction, variance: Fraction, why_no_spread: str) -> Estimate:
    """An estimate with its normal interval; without one where its variance is 0, as if it were certain."""
    se = _root(variance)
    if se == 0:
        return Estimate(float(value), 0.0, why_not=why_no_spread)
    return Estimate(float(value), se, (float(value) - Z95 * se, float(value) + Z95 * se))


def _root(square: Fraction) -> float:
    return math.sqrt(float(square))


def _specific(shares: _Shares, place: int, category: str) -> Estimate:
    """Of the ratings of one category, the share that the other rater gave too."""
    given = shares.r[place] + shares.c[place]
    if given == 0:
        return Estimate(None, why_not=f"neither gave {category}")
    return Estimate(float(2 * shares.p[place][place] / given))


# --- who is stricter -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class McNemar:
    """The exact test of whether one of two raters says yes more often."""

    only_one: int  # records to which the first rater alone said yes
    only_other: int
    p: float | None  # two-sided; None where they differed on no record
    why_not: str = ""


def mcnemar(only_one: int, only_other: int) -> McNemar:
    """McNemar's test, exact: the two-sided binomial probability of a split at least as uneven as this.

    Source: McNemar 1947 (Psychometrika 12:153).
    """
    differed, fewer = only_one + only_other, min(only_one, only_other)
    if differed == 0:
        return McNemar(only_one, only_other, None, "they differed on no record")
    ways = term = 1
    for chosen in range(fewer):
        term = term * (differed - chosen) // (chosen + 1)
        ways += term
    # Whole numbers divided: right to the last digit also where 2 ** differed is beyond any float.
    return McNemar(only_one, only_other, min(1.0, (2 * ways) / (1 << differed)))


# --- what both may have missed ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Missed:
    """How many things there are in all, by two people's finds, and how many both missed."""

    found_by_one: int  # by the first, alone or not
    found_by_other: int
    found_by_both: int
    total: Estimate  # Chapman's estimate of how many there are; with its standard error, no interval
    missed_by_both: float | None  # expected

    @property
    def found_by_either(self) -> int:
        """How many were found at all."""
        return self.found_by_one + self.found_by_other - self.found_by_both


def chapman(found_by_one: int, found_by_other: int, found_by_both: int) -> Missed:
    """Chapman's estimate of a total from two independent finds, from seven in common on.

    It takes the two finds for independent. People who read the same text miss the same things, so it is
    biased low. Raises ValueError for impossible counts.

    Sources: Chapman 1951 (Univ Calif Publ Stat 1:131); variance, Seber 1970 (Biometrics 26:13); at least
    seven in common, Robson and Regier 1964 (Trans Am Fish Soc 93:215).
    """
    if not 0 <= found_by_both <= min(found_by_one, found_by_other):
        raise ValueError(f"{found_by_both} of {found_by_one} and {found_by_other} cannot be found by both")
    if found_by_both < LEAST_IN_COMMON:
        why = f"{found_by_both} in common, and at least {LEAST_IN_COMMON} are needed"
        return Missed(found_by_one, found_by_other, found_by_both, Estimate(None, why_not=why), None)
    grown = (found_by_one + 1) * (found_by_other + 1)
    total = Fraction(grown, found_by_both + 1) - 1
    variance = Fraction(
        grown * (found_by_one - found_by_both) * (found_by_other - found_by_both),
        (found_by_both + 1) ** 2 * (found_by_both + 2),
    )
    missed = total - (found_by_one + found_by_other - found_by_both)
    why_no_spread = "" if variance else ONE_FOUND_ALL
    return Missed(
        found_by_one,
        found_by_other,
        found_by_both,
        Estimate(float(total), _root(variance), why_not=why_no_spread),
        float(missed),
    )
