"""Agreement against published numbers, and what must hold of every table."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen.agreement import (
    LEAST_IN_COMMON,
    Agreement,
    Estimate,
    agreement_in,
    chapman,
    mcnemar,
)

YES_NO = ("include", "exclude")
THREE = ("include", "unsure", "exclude")


def of(*counts: int) -> Agreement:
    """The agreement in a 2 × 2 table, written row by row."""
    a, b, c, d = counts
    return agreement_in([[a, b], [c, d]], YES_NO)


def flipped(table: list[list[int]]) -> list[list[int]]:
    """The table with its raters swapped."""
    return [list(column) for column in zip(*table, strict=True)]


@st.composite
def tables(draw: st.DrawFn) -> list[list[int]]:
    """Square tables over two to five categories, with many zeros, empty ones too."""
    k = draw(st.integers(2, 5))
    cell = st.one_of(st.just(0), st.integers(0, 40))
    return [[draw(cell) for _ in range(k)] for _ in range(k)]


def names(table: list[list[int]]) -> tuple[str, ...]:
    return tuple("abcde"[: len(table)])


def estimates(found: Agreement) -> list[Estimate]:
    return [
        *(found.observed, found.expected, found.kappa, found.pabak, found.ac1),
        *(found.prevalence_index, found.bias_index, *found.specific),
    ]


# --- oracles ---------------------------------------------------------------------------------------


def test_kappa_and_interval_agree_with_statpsych() -> None:
    """statpsych's reference for ci.kappa(.05, 31, 12, 4, 58), method of Fleiss and Paik 2003."""
    found = of(31, 12, 4, 58)

    assert found.n == 105
    assert found.kappa.value == pytest.approx(0.6756757, abs=5e-8)
    assert found.kappa.se == pytest.approx(0.07344761, abs=5e-9)
    assert found.kappa.interval == pytest.approx((0.5317210, 0.8196303), abs=5e-8)


def test_the_other_figures_of_that_table_are_as_worked_out_apart() -> None:
    found = of(31, 12, 4, 58)

    assert found.observed.value == pytest.approx(0.8476190, abs=5e-8)
    assert found.expected.value == pytest.approx(0.5301587, abs=5e-8)
    assert found.pabak.value == pytest.approx(0.6952381, abs=5e-8)
    assert found.kappa_se_by_chance == pytest.approx(0.0962983, abs=5e-8)
    positive, negative = found.specific
    assert positive.value == pytest.approx(0.7948718, abs=5e-8)
    assert negative.value == pytest.approx(0.8787879, abs=5e-8)
    assert found.ac1.value == pytest.approx(0.7141399, abs=5e-8)
    assert found.ac1.se == pytest.approx(0.0682906, abs=5e-8)
    assert found.ac1.interval == pytest.approx((0.5802928, 0.8479869), abs=5e-8)


def test_three_categories_agree_with_irrcac() -> None:
    """CRAN irrCAC 1.0, vignette "overview", cont3x3abstractors; normal interval of kappa as statsmodels has it.

    irrCAC's own intervals, 0.68 to 0.913 and 0.764 to 0.935, use Student's t with 99 degrees of freedom.
    """
    found = agreement_in([[13, 0, 0], [0, 20, 7], [0, 4, 56]], ("Ectopic", "AIU", "NIU"))
    t99 = 1.9842169515086827

    assert found.observed.value == pytest.approx(0.89)
    assert found.kappa.value == pytest.approx(0.7964094, abs=5e-8)
    assert found.kappa.se == pytest.approx(0.05891072, abs=5e-9)
    assert found.kappa.interval == pytest.approx((0.6809465, 0.9118723), abs=1e-7)
    assert found.pabak.value == pytest.approx(0.835)
    assert found.ac1.value == pytest.approx(0.8493305, abs=5e-8)
    assert found.ac1.se == pytest.approx(0.04321747, abs=5e-9)
    assert (
        round(found.ac1.value - t99 * found.ac1.se, 3),
        round(found.ac1.value + t99 * found.ac1.se, 3),
    ) == (
        0.764,
        0.935,
    )


@pytest.mark.parametrize(
    ("table", "expected", "kappa", "ac1"),
    [((40, 9, 6, 45), 0.50, 0.6995192, 0.7007), ((80, 10, 5, 5), 0.78, 0.3181818, 0.8080)],
)
def test_the_kappa_paradox_of_feinstein_and_cicchetti(
    table: tuple[int, ...], expected: float, kappa: float, ac1: float
) -> None:
    """Feinstein and Cicchetti 1990, reprinted in Gerstman, table 10.6: equal agreement, unequal kappa."""
    found = of(*table)

    assert found.observed.value == pytest.approx(0.85)
    assert found.expected.value == pytest.approx(expected, abs=5e-3)
    assert found.kappa.value == pytest.approx(kappa, abs=5e-8)
    assert found.ac1.value == pytest.approx(ac1, abs=5e-5)
    assert found.pabak.value == pytest.approx(0.70)


def test_kappa_is_negative_where_94_percent_agree_and_ac1_is_not() -> None:
    """The paradox in Gwet's example."""
    found = of(118, 5, 2, 0)

    assert found.observed.value == pytest.approx(0.944)
    assert found.kappa.value == pytest.approx(-0.0233918, abs=5e-8)
    assert found.ac1.value == pytest.approx(0.9407763, abs=5e-8)


def test_percent_agreement_is_as_sysrev_works_it_out() -> None:
    """blog.sysrev.com/concordance: 106 and 66 of 116 and 67; how the 11 others fell does not matter."""
    found = of(106, 10, 1, 66)

    assert (found.n, found.observed.value) == (183, pytest.approx(172 / 183))
    assert f"{found.observed.value:.0%}" == "94%"


def test_a_table_as_screening_gives_them() -> None:
    found = of(18, 9, 6, 447)

    assert found.observed.value == pytest.approx(0.9688, abs=5e-5)
    assert found.kappa.value == pytest.approx(0.6894, abs=5e-5)
    assert found.kappa.interval == pytest.approx((0.5411, 0.8378), abs=5e-5)
    assert found.ac1.value == pytest.approx(0.9653, abs=5e-5)
    assert found.specific[0].value == pytest.approx(0.7059, abs=5e-5)
    assert found.prevalence_index.value == pytest.approx(429 / 480)
    assert found.bias_index.value == pytest.approx(3 / 480)


def test_chapman_estimates_what_both_missed_in_that_table() -> None:
    """27 found by one, 24 by the other, 18 by both: 33 found by either."""
    found = chapman(27, 24, 18)

    assert found.found_by_either == 33
    assert found.total.value == pytest.approx(35.84, abs=5e-3)
    assert found.total.se == pytest.approx(2.29, abs=5e-3)
    assert found.missed_by_both == pytest.approx(2.8, abs=5e-2)


# --- not estimable ---------------------------------------------------------------------------------


def test_kappa_is_not_estimable_when_both_exclude_everything() -> None:
    found = of(0, 0, 0, 9)

    assert (found.observed.value, found.ac1.value, found.pabak.value) == (1.0, 1.0, 1.0)
    assert found.kappa == Estimate(None, why_not="both gave one and the same verdict throughout")
    assert found.kappa_se_by_chance is None
    assert found.specific[0] == Estimate(None, why_not="neither gave include")


def test_nothing_is_estimable_when_no_record_has_both_votes() -> None:
    found = of(0, 0, 0, 0)

    assert found.n == 0
    assert {one.value for one in estimates(found)} == {None}
    assert {one.why_not for one in estimates(found)} == {"no record has both votes"}


def test_full_agreement_is_1_with_no_interval_rather_than_one_of_no_width() -> None:
    found = of(3, 0, 0, 5)

    assert (found.kappa.value, found.kappa.se, found.kappa.interval) == (1.0, 0.0, None)
    assert found.kappa.why_not == "they differed on no record, so the standard error is 0"
    assert (found.ac1.value, found.ac1.interval) == (1.0, None)


def test_kappa_of_a_rater_who_gave_one_verdict_throughout_is_0_and_says_why_that_tells_little() -> None:
    found = of(5, 3, 0, 0)

    assert (found.kappa.value, found.kappa.interval) == (0.0, None)
    assert "which makes kappa 0 whatever the other said" in found.kappa.why_not


def test_indices_of_prevalence_and_bias_are_for_two_categories_only() -> None:
    found = agreement_in([[1, 0, 0], [0, 1, 0], [0, 0, 1]], THREE)

    assert found.prevalence_index == Estimate(None, why_not="it is defined for two categories only")
    assert found.bias_index == found.prevalence_index


@pytest.mark.parametrize("table", [[[1]], [[1, 2]], [[1, 2], [3]], []])
def test_a_table_that_is_not_square_is_refused(table: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="expected a square table"):
        agreement_in(table, names(table))


# --- of every table --------------------------------------------------------------------------------


@given(tables())
def test_no_figure_depends_on_who_is_named_before_the_other(table: list[list[int]]) -> None:
    one, other = agreement_in(table, names(table)), agreement_in(flipped(table), names(table))

    assert estimates(one) == estimates(other)
    assert one.kappa_se_by_chance == other.kappa_se_by_chance


@given(tables(), st.randoms(use_true_random=False))
def test_no_figure_depends_on_the_order_of_the_categories(table: list[list[int]], random: Any) -> None:
    places = random.sample(range(len(table)), len(table))
    one = agreement_in(table, names(table))
    other = agreement_in([[table[i][j] for j in places] for i in places], [names(table)[i] for i in places])

    assert estimates(one)[:5] == estimates(other)[:5]
    assert [one.specific[i] for i in places] == list(other.specific)
    assert (one.bias_index, one.prevalence_index) == (other.bias_index, other.prevalence_index)


@given(tables())
def test_kappa_is_1_exactly_where_all_is_agreed_and_chance_does_not_explain_it(
    table: list[list[int]],
) -> None:
    found = agreement_in(table, names(table))
    used = {i for i, row in enumerate(table) for j, count in enumerate(row) if count and i == j}

    assert (found.kappa.value == 1.0) == (found.observed.value == 1.0 and len(used) > 1)


@given(tables())
def test_no_coefficient_passes_1_and_none_is_nan(table: list[list[int]]) -> None:
    found = agreement_in(table, names(table))

    for one in estimates(found):
        assert (one.value is None) == (one.value is None and bool(one.why_not))
        if one.value is not None:
            assert math.isfinite(one.value)
            assert -1 <= one.value <= 1
    if found.n:
        assert found.ac1.value is not None


@given(tables())
def test_an_interval_holds_its_estimate_in_its_middle_or_says_why_there_is_none(
    table: list[list[int]],
) -> None:
    found = agreement_in(table, names(table))

    for one in (found.kappa, found.ac1):
        if one.interval is None:
            assert one.why_not
        else:
            low, high = one.interval
            assert low < one.value < high
            assert (low + high) / 2 == pytest.approx(one.value)
            assert not one.why_not


@given(tables())
def test_with_two_categories_pabak_is_twice_the_agreement_less_1(table: list[list[int]]) -> None:
    found = agreement_in([row[:2] for row in table[:2]], YES_NO)

    if found.n:
        assert found.pabak.value == pytest.approx(2 * found.observed.value - 1)


# --- McNemar ---------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_two_sided_binomial(b: int, c: int) -> None:
    found = mcnemar(b, c)

    if b + c == 0:
        assert (found.p, found.why_not) == (None, "they differed on no record")
    else:
        tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c)
        assert found.p == pytest.approx(min(1.0, 2 * tail), rel=1e-12)
        assert found.p == mcnemar(c, b).p


@pytest.mark.parametrize(("b", "c", "p"), [(9, 6, 0.6072388), (0, 5, 0.0625), (7, 7, 1.0)])
def test_mcnemar_of_small_splits(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c).p == pytest.approx(p, abs=5e-8)


def test_mcnemar_of_thousands_of_differences_neither_overflows_nor_ends() -> None:
    assert mcnemar(20_000, 20_000).p == 1.0
    assert mcnemar(3_000, 2_900).p == pytest.approx(0.1975, abs=5e-4)
    assert mcnemar(9_000, 0).p == 0.0  # smaller than any float


# --- Chapman ---------------------------------------------------------------------------------------


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_chapman_never_estimates_fewer_than_were_found(both: int, one: int, other: int) -> None:
    found = chapman(both + one, both + other, both)

    if both < LEAST_IN_COMMON:
        assert (found.total.value, found.missed_by_both) == (None, None)
        assert found.total.why_not == f"{both} in common, and at least 7 are needed"
    else:
        assert found.missed_by_both >= 0
        assert found.total.value == pytest.approx(found.found_by_either + found.missed_by_both)
        assert found.missed_by_both == pytest.approx(one * other / (both + 1))
        assert found.total == chapman(both + other, both + one, both).total


def test_chapman_of_impossible_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be found by both"):
        chapman(3, 4, 5)
