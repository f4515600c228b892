"""Rows of two extractors laid side by side: the best pairs, whoever is asked first and however rows are ordered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extraction_reviews import FORM
from iimscreen.forms import OF, parse_extraction
from iimscreen.forms.alignment import ALONE, BY_HAND, ON_PURPOSE, Aligned, Rows, align, best_pairs
from iimscreen.forms.values import read
from iimscreen.model import Form, Value
from iimscreen.toml_tables import parse


@cache
def form() -> Form:
    found, _ = parse_extraction(parse(FORM.replace("MODE", "double"), "the test's form"))
    assert found is not None
    return found


def rows(given: Mapping[str, str]) -> dict[str, dict[str, Value]]:
    """ "P1 age": "40" as rows of values."""
    fields = {field.name: field for field in form().fields}
    found: dict[str, dict[str, Value]] = {}
    for place, text in given.items():
        row, name = place.split()
        found.setdefault(row, {})[name] = Value(text) if name == OF else read(fields[name], text)
    return found


def patients(*facts: str) -> dict[str, dict[str, Value]]:
    """Patients numbered from 1: "label/age/sex", any of them empty."""
    cells: dict[str, str] = {}
    for number, fact in enumerate(facts, 1):
        for name, text in zip(("label", "age", "sex"), fact.split("/"), strict=True):
            if text:
                cells[f"P{number} {name}"] = text
    return rows(cells)


def pairs(found: tuple[Aligned, ...], level: str = "group") -> set[tuple[str | None, str | None]]:
    return {(one.one, one.other) for one in found if one.level == level}


# --- what is one row -------------------------------------------------------------------------------


def test_rows_meet_by_their_key_in_any_order_and_number() -> None:
    one = patients("Patient 1/40/female", "Patient 2/61/male")
    other = patients("Case 3/70/male", "Case 2/61/male", "Case 1/41/female")

    found = align(form(), one, other)

    assert pairs(found) == {("P1", "P3"), ("P2", "P2"), (None, "P1")}


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("1/40/female", "Patient 01/40/female", True),
        ("1/40/female", "1/NR/female", True),
        ("1/40/female", "1//", True),
        ("/40/female", "/40/female", True),
        ("1/40/female", "2/66/male", False),
        ("1/40/female", "2/40/male", False),
        ("Group A/NR/NR", "Group A/NR/NR", True),
    ],
)
def test_rows_are_one_if_more_than_half_of_their_key_agrees(one: str, other: str, is_one: bool) -> None:
    found = align(form(), patients(one), patients(other))

    assert (pairs(found) == {("P1", "P1")}) is is_one


def test_rows_with_one_key_are_told_apart_by_what_else_they_say_and_by_the_rows_under_them() -> None:
    one = rows(
        {"P1 sex": "male", "P2 sex": "male", "P1 ferritin": "500 ng/mL"} | {"T1 of": "P2", "T1 drug": "TOF"}
    )
    other = rows(
        {"P1 sex": "male", "P2 sex": "male", "P2 ferritin": "500 ng/mL"} | {"T1 of": "P1", "T1 drug": "TOF"}
    )

    found = align(form(), one, other)

    assert pairs(found) == {("P1", "P2"), ("P2", "P1")}
    assert pairs(found, "treatment") == {("T1", "T1")}


def test_rows_under_two_patients_are_two_rows_though_they_say_the_same() -> None:
    patient = {"P1 label": "1", "P2 label": "2"}
    one = rows({**patient, "T1 of": "P1", "T1 drug": "TOF"})
    other = rows({**patient, "T1 of": "P2", "T1 drug": "TOF"})

    found = align(form(), one, other)

    assert pairs(found, "treatment") == {("T1", None), (None, "T1")}


def test_what_people_paired_or_left_alone_stays_so_and_the_last_word_holds() -> None:
    one, other = patients("1/40/male", "2/50/male"), patients("1/40/male", "2/50/male")

    crossed = align(form(), one, other, [("P1", "P1"), ("P1", "P2")])
    left = align(form(), one, other, [("P1", "P2"), ("P1", None)])

    assert pairs(crossed) == {("P1", "P2"), ("P2", None), (None, "P1")} or pairs(crossed) == {
        ("P1", "P2"),
        ("P2", "P1"),
    }
    assert {one.how for one in crossed if one.one == "P1"} == {BY_HAND}
    assert ("P1", None) in pairs(left)
    assert ("P2", "P2") in pairs(left)
    assert {one.how for one in left if one.one == "P1"} == {ON_PURPOSE}
    assert {one.how for one in left if one.other == "P1"} == {ALONE}


# --- properties ------------------------------------------------------------------------------------


@st.composite
def studies(draw: st.DrawFn) -> Rows:
    """Patients and treatments of one extractor, from small pools so that many are alike."""
    cells: dict[str, str] = {}
    numbers = draw(st.lists(st.integers(1, 9), unique=True, max_size=5))
    for number in numbers:
        for name, pool in (
            ("label", ["1", "2", "Patient 1", "Case 2", "IX"]),
            ("age", ["40", "41", "60", "NR"]),
            ("sex", ["female", "male"]),
            ("ferritin", ["5 ng/mL", "6 ng/mL"]),
        ):
            text = draw(st.sampled_from(["", *pool]))
            if text:
                cells[f"P{number} {name}"] = text
    there = sorted({place.split()[0] for place in cells})
    for number in draw(st.lists(st.integers(1, 9), unique=True, max_size=4)) if there else ():
        cells[f"T{number} of"] = draw(st.sampled_from(there))
        cells[f"T{number} drug"] = draw(st.sampled_from(["TOF", "BAR", "NR"]))
    return rows(cells)


@given(studies(), studies())
def test_swapped_extractors_give_the_mirrored_alignment(one: Rows, other: Rows) -> None:
    there = {(m.level, m.one, m.other, m.score) for m in align(form(), one, other)}
    back = {(m.level, m.other, m.one, m.score) for m in align(form(), other, one)}

    assert there == back


@given(studies(), studies(), st.randoms())
def test_the_order_in_which_rows_are_read_does_not_matter(one: Rows, other: Rows, random: object) -> None:
    def shuffled(given: Rows) -> Rows:
        return {row: given[row] for row in random.sample(list(given), len(given))}  # type: ignore[attr-defined]  # a Random

    assert align(form(), shuffled(one), shuffled(other)) == align(form(), one, other)


@given(studies(), studies())
def test_every_row_of_both_is_there_once_and_under_one_row(one: Rows, other: Rows) -> None:
    found = align(form(), one, other)

    assert sorted(m.one for m in found if m.one) == sorted(one)
    assert sorted(m.other for m in found if m.other) == sorted(other)
    above = {m.one: m.other for m in found if m.one and m.other and m.level == "group"}
    for m in found:
        if m.level == "treatment" and m.one and m.other:
            assert above[one[m.one][OF].text] == other[m.other][OF].text


@given(studies())
def test_an_extractor_agrees_with_themselves_row_by_row(one: Rows) -> None:
    assert all(m.one == m.other for m in align(form(), one, one))


def _best(weights: Mapping[tuple[int, int], int], lefts: tuple[int, ...], used: frozenset[int]) -> int:
    """The largest sum by trying every way."""
    if not lefts:
        return 0
    found = _best(weights, lefts[1:], used)
    for (left, right), weight in weights.items():
        if left == lefts[0] and right not in used:
            found = max(found, weight + _best(weights, lefts[1:], used | {right}))
    return found


@given(st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 5)), st.integers(1, 12), max_size=18))
def test_the_pairs_sum_to_the_most_that_any_way_of_pairing_gives(weights: dict[tuple[int, int], int]) -> None:
    found = best_pairs(weights)

    assert len(set(found.values())) == len(found)
    assert sum(weights[pair] for pair in found.items()) == _best(
        weights, tuple(sorted({left for left, _ in weights})), frozenset()
    )


@pytest.mark.slow  # twice 40,000 pairs of rows, 1.3 s each
def test_two_hundred_patients_of_whom_many_are_alike_are_aligned_quickly() -> None:
    facts = [f"{number}/{20 + number % 50}/{'female' if number % 3 else 'male'}" for number in range(1, 201)]
    nameless = [fact.split("/", 1)[1] for fact in facts]
    begun = time.process_time()

    named = align(form(), patients(*facts), patients(*facts[::-1]))
    unnamed = align(
        form(), patients(*(f"/{x}" for x in nameless)), patients(*(f"/{x}" for x in nameless[::-1]))
    )

    assert time.process_time() - begun < 5
    assert sum(m.one is not None and m.other is not None for m in named) == 201
    assert sum(m.one is not None and m.other is not None for m in unnamed) == 201
