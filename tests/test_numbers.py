"""Numbers by name: unique names that stay, honest values, and what a typed value means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import a_record, bring_in
from extracted import a_form, a_patient, a_study
from extraction_reviews import a_review, done, enter
from iimscreen import dedupe, flow, numbers, resolving
from iimscreen.errors import InputError
from iimscreen.model import Kind, Number, StudyData
from iimscreen.numbers import asking, extract
from iimscreen.protocol import TITLE_ABSTRACT
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review
from iimscreen.tables import Gathered
from iimscreen.wording import slug, slugs
from living_reviews import judge

NAME = re.compile(r"[a-z]+(\.[a-z0-9]+(?:[-_][a-z0-9]+)*)+")


@pytest.fixture
def extracting() -> Iterator[Review]:
    with a_review() as review:
        yield review


# --- names -----------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=12), max_size=8))
def test_whatever_sources_are_called_their_slugs_are_names_of_their_own(names: list[str]) -> None:
    found = slugs(names)

    assert len(set(found.values())) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9]+(?:[-_]+[a-z0-9]+)*", one) for one in found.values())
    assert slugs([*names, "another"]).items() >= found.items() or "another" in names


@pytest.mark.parametrize(
    ("words", "short"),
    [
        ("PubMed", "pubmed"),
        ("Web of Science", "web-of-science"),
        ("Reference list (Rizzo 2025)", "reference-list-rizzo-2025"),
        ("no_drug", "no_drug"),
        ("Überblick", "uberblick"),
    ],
)
def test_a_slug_is_readable_where_the_words_are(words: str, short: str) -> None:
    assert slug(words) == short


def test_a_name_in_another_script_has_a_slug_that_stays(review: Review) -> None:
    bring_in(review, [a_record(1)], database="Wanfang 万方")
    bring_in(review, [a_record(2)], database="WANFANG")

    found = [name for name in numbers.every(review) if name.startswith("prisma.database_results.")]

    assert found[0] == "prisma.database_results.wanfang"
    assert re.fullmatch(r"prisma\.database_results\.wanfang-[0-9a-f]{6}", found[1])
    assert numbers.named(review, found[1]).definition == "Records identified from databases: WANFANG."


def test_every_name_is_lower_case_words_with_dots_and_means_one_number(review: Review) -> None:
    keys = bring_in(review, [a_record(1), a_record(2)])
    bring_in(review, [a_record(3)], database="Websites, and more", kind=Kind.WEBSITE)
    judge(review, include=[keys[0]])
    with_doubles = [
        one.name for family in numbers.FAMILIES.values() for one in family(numbers.Moment(review))
    ]

    assert len(set(with_doubles)) == len(with_doubles)
    assert [name for name in with_doubles if not NAME.fullmatch(name)] == []


def test_a_part_found_by_its_own_words_is_the_part_of_that_name() -> None:
    made = replace(
        flow.build([], [], [], screening_is_open=True, assessment_is_open=True),
        parts={"database_results": {"PubMed": ("a",), "pubmed": ("b",)}},
    )
    first, second = made.names_of_parts("database_results").values()

    assert (made.keys_of(first), made.keys_of(second)) == (("a",), ("b",))
    with pytest.raises(KeyError):
        made.keys_of("database_results.embase")


# --- values ----------------------------------------------------------------------------------------


def test_an_empty_review_has_zeros_and_says_what_does_not_apply(review: Review) -> None:
    found = numbers.every(review)

    assert found["prisma.records_identified"].value == 0
    assert found["prisma.total_studies"].value is None
    assert "no update" in found["prisma.total_studies"].why_not
    assert (
        found["prisma.other_assessed"].why_not == "it does not apply: nothing was identified by other methods"
    )
    assert "blind and unfinished" in found["screening.title-abstract.kappa"].why_not
    assert "no search has been completed" in found["prisma.records_identified"].interim


def test_agreement_that_cannot_be_estimated_says_why(review: Review) -> None:
    bring_in(review, [a_record(1), a_record(2)])
    judge(review, include=[])

    kappa = numbers.named(review, "screening.title-abstract.kappa")

    assert (kappa.value, kappa.text) == (None, "–")
    assert kappa.why_not == "not estimable: both gave one and the same verdict throughout"
    assert numbers.named(review, "screening.title-abstract.observed").text == "100.0%"


def test_conflicts_and_how_they_were_resolved_are_counted(review: Review) -> None:
    one, other = bring_in(review, [a_record(1), a_record(2)])
    dedupe.run(review)
    for name, verdict in (("ann", "include"), ("bob", "exclude")):
        for key in (one, other):
            Desk(review, name, TITLE_ABSTRACT).decide(Decision(key, verdict))
    resolving.Table(review, ["ann", "bob"], TITLE_ABSTRACT).settle(Decision(one, "exclude"))

    found = numbers.every(review)

    assert found["screening.title-abstract.disagreements"].value == 2
    assert found["screening.title-abstract.resolved.consensus"].rows == (one,)
    assert found["screening.title-abstract.conflicts"].rows == (other,)
    assert found["screening.title-abstract.votes"].value == 4
    assert [row.note for row in numbers.behind(review, found["prisma.records_excluded"])] == [
        "consensus: ann and bob"
    ]


def of_studies(*studies: StudyData) -> dict[str, Number]:
    gathered = Gathered(form=a_form(), studies=studies)
    return {one.name: one for one in extract.of_gathered(gathered)}


def test_a_number_of_subjects_names_its_rows_and_how_many_each_counts() -> None:
    found = of_studies(
        a_study("Hornung 2014", *a_patient(1, "RUX", subtype="DM"), design="case report"),
        a_study("Paik 2021", *a_patient(1, "TOF", n="10", subtype="DM"), *a_patient(2, "TOF"), design="NR"),
        a_study("Own", *a_patient(1, "TOF"), kind="own"),
    )

    tofacitinib = found["extract.subjects.tofacitinib"]
    assert (tofacitinib.value, tofacitinib.rows) == (11, ("Paik 2021 P1", "Paik 2021 P2"))
    assert tofacitinib.notes == ("n = 10", "n = 1")
    assert found["extract.subjects"].value == 12
    assert found["extract.subjects.subtype.dermatomyositis"].value == 11
    assert found["extract.own.subjects.tofacitinib"].value == 1
    assert found["extract.designs.not-reported"].rows == ("Paik 2021",)


def test_a_number_of_which_a_group_does_not_tell_its_n_is_at_least_that() -> None:
    found = of_studies(
        a_study("One", *a_patient(1, "TOF", n="10")),
        a_study("Two", *a_patient(1, "TOF", n="NR")),
        a_study("Three", *a_patient(1, "BAR", n="NR")),
    )

    tofacitinib, baricitinib = found["extract.subjects.tofacitinib"], found["extract.subjects.baricitinib"]
    assert (tofacitinib.value, tofacitinib.text, tofacitinib.is_at_least) == (10, "at least 10", True)
    assert tofacitinib.notes[1] == "n not reported"
    assert (baricitinib.value, baricitinib.why_not) == (None, "n not reported in 1 group")


def test_a_sum_of_studies_that_are_not_final_says_so() -> None:
    found = of_studies(a_study("One", *a_patient(1, "TOF"), missing=("bob is not done",)), a_study("Two"))

    assert found["extract.subjects"].interim == "1 study is not final (One)"
    assert found["extract.studies_final"].rows == ("Two",)


def test_a_study_that_is_closed_is_in_no_number(extracting: Review) -> None:
    enter(extracting, "ann", {"design": "case report", "P1 label": "1"})
    done(extracting, "ann")

    found = numbers.family_of(extracting, "extract")

    assert found["extract.studies"].value == 0
    assert "extract.designs.case-report" not in found
    assert found["extract.subjects"].value is None
    assert found["extract.subjects"].why_not == "no study has extracted data yet"


def test_an_unknown_name_is_an_error_that_names_likely_ones(review: Review) -> None:
    with pytest.raises(InputError) as caught:
        numbers.named(review, "prisma.records_excludd")

    assert "prisma.records_excluded" in (caught.value.hint or "")


# --- what a typed value means ----------------------------------------------------------------------


@given(
    st.integers(0, 10**9),
    st.sampled_from(("{}", "n = {}", "(n={})", "N = {}.", " {} ", "≥ {}", "at least {}")),
)
def test_a_count_is_understood_however_it_is_written(count: int, how: str) -> None:
    one = Number(name="a.b", value=count, definition="", of="records")

    for written in (str(count), f"{count:,}", f"{count:,}".replace(",", "\u202f")):
        value = asking.read(how.format(written))
        assert value is not None
        assert value.fits(one)


@given(st.floats(0, 1), st.integers(1, 3))
def test_a_share_is_understood_as_percent_and_as_a_fraction_however_it_is_rounded(
    share: float, decimals: int
) -> None:
    one = Number(name="a.b", value=share, definition="", of="")

    for written in (f"{100 * share:.{decimals}f}%", f"{share:.{decimals}f}"):
        value = asking.read(written)
        assert value is not None
        assert value.fits(one)


@given(st.text(max_size=20))
def test_whatever_is_typed_is_a_value_or_none(given_words: str) -> None:
    value = asking.read(given_words)

    assert value is None or re.search(r"\d", given_words)


@pytest.mark.parametrize("words", ["", "prisma", "12,34", "1.2.3", "n =", "%", "--5", "1e5", "nan", "½"])
def test_what_is_no_number_is_taken_for_a_name(words: str) -> None:
    assert asking.read(words) is None
