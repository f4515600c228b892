"""Kappa against published numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen.agreement import agreement

YES_NO = ("include", "exclude")


def ratings(table: list[list[int]], categories: tuple[str, ...] = YES_NO) -> list[tuple[str, str]]:
    return [
        (categories[i], categories[j])
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        for _ in range(count)
    ]


def test_kappa_and_interval_agree_with_statpsych() -> None:
    """statpsych's reference for ci.kappa(.05, 31, 12, 4, 58), method of Fleiss and Paik 2003."""
    found = agreement(ratings([[31, 12], [4, 58]]), YES_NO)

    assert found.n == 105
    assert found.observed == pytest.approx(0.8476190, abs=1e-7)
    assert found.kappa == pytest.approx(0.6756757, abs=1e-7)
    assert found.interval == pytest.approx((0.5317210, 0.8196303), abs=1e-6)


def test_kappa_of_three_categories_agrees_with_irrcac() -> None:
    """CRAN irrCAC 1.0, vignette "overview", cont3x3abstractors; normal interval as statsmodels has it."""
    categories = ("a", "b", "c")

    found = agreement(ratings([[13, 0, 0], [0, 20, 7], [0, 4, 56]], categories), categories)

    assert found.kappa == pytest.approx(0.7964094, abs=1e-7)
    assert found.interval == pytest.approx((0.6809465, 0.9118723), abs=1e-6)


@pytest.mark.parametrize(
    ("table", "kappa"), [([[40, 9], [6, 45]], 0.6995192), ([[80, 10], [5, 5]], 0.3181818)]
)
def test_the_kappa_paradox_of_feinstein_and_cicchetti(table: list[list[int]], kappa: float) -> None:
    """Feinstein and Cicchetti 1990, reprinted in Gerstman, table 10.6: equal agreement, unequal kappa."""
    found = agreement(ratings(table), YES_NO)

    assert found.observed == pytest.approx(0.85)
    assert found.kappa == pytest.approx(kappa, abs=1e-7)


def test_kappa_is_not_estimable_when_both_exclude_everything() -> None:
    found = agreement(ratings([[0, 0], [0, 9]]), YES_NO)

    assert (found.observed, found.kappa, found.interval) == (1.0, None, None)


def test_nothing_is_estimable_when_no_record_has_both_votes() -> None:
    found = agreement([], YES_NO)

    assert (found.n, found.observed, found.kappa) == (0, None, None)


@given(st.lists(st.integers(0, 40), min_size=4, max_size=4).filter(any))
def test_kappa_does_not_depend_on_who_is_named_before_the_other(counts: list[int]) -> None:
    a, b, c, d = counts

    one = agreement(ratings([[a, b], [c, d]]), YES_NO)
    other = agreement(ratings([[a, c], [b, d]]), YES_NO)

    assert one.kappa == pytest.approx(other.kappa, abs=1e-9)
    assert one.interval == pytest.approx(other.interval, abs=1e-9)
