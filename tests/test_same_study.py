"""Which reports may be of one study: scored, with what speaks for it, and never more than asked."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import a_record
from iimscreen import same_study
from iimscreen.formats import jsonl
from iimscreen.model import Author, Kind, Link, StoredRecord
from iimscreen.same_study import Suggestion, suggestions
from iimscreen.settings import bundled_reviews
from strategies import stored_records

FAMILIES = ("Paik", "Albayda", "Tiniakou", "Shin", "Wang", "Müller")
TITLE = "Tofacitinib in refractory dermatomyositis: an open-label study of ten patients"


def people(count: int, first: int = 0) -> tuple[Author, ...]:
    return tuple(Author(family, "J") for family in FAMILIES[first : first + count])


def a_report(number: int, **facts: object) -> StoredRecord:
    return StoredRecord(number, f"source:{number}", "Testbase", Kind.DATABASE, a_record(number, **facts))


def asked(one: StoredRecord, other: StoredRecord, *, at_least: float = 1) -> Suggestion | None:
    found = suggestions([one, other], at_least=at_least)
    assert len(found) <= 1
    return found[0] if found else None


def points(one: StoredRecord, other: StoredRecord) -> dict[str, float]:
    found = asked(one, other)
    return {} if found is None else {part.name: part.points for part in found.parts}


# --- the bundled review ----------------------------------------------------------------------------


def bundled(*, only_included: bool) -> list[StoredRecord]:
    folder = bundled_reviews() / "iim"
    with (folder / "known_items.csv").open(encoding="utf-8", newline="") as file:
        known = {row["corpus_id"] for row in csv.DictReader(file)}
    found = [parsed.record for parsed in jsonl.read((folder / "corpus.jsonl").read_bytes())]
    return [
        StoredRecord(number, f"corpus:{record.source_id}", "Corpus", Kind.DATABASE, record)
        for number, record in enumerate(found)
        if not only_included or record.source_id in known
    ]


def test_among_the_41_included_papers_the_pilot_and_its_extension_come_first_of_two() -> None:
    """References 20 and 21 are of one study; of reference 19 nobody says so, and it is asked."""
    found = suggestions(bundled(only_included=True))

    assert [(pair.key, pair.other_key, pair.score) for pair in found] == [
        ("corpus:c020", "corpus:c021", 80),
        ("corpus:c019", "corpus:c021", 52),
    ]


def test_among_all_records_of_the_corpus_few_are_asked_and_the_congress_abstract_is_found() -> None:
    found = suggestions(bundled(only_included=False))

    asked_of = {(pair.key, pair.other_key) for pair in found}
    assert len(asked_of) == 8
    assert asked_of >= {("corpus:c020", "corpus:c187"), ("corpus:c021", "corpus:c187")}


# --- what speaks for it, and what against ----------------------------------------------------------


def test_one_registration_is_enough_to_be_asked() -> None:
    one, other = (a_report(n, registrations=("ClinicalTrials.gov:NCT00000001",)) for n in (1, 2))

    found = asked(one, other, at_least=same_study.ASK_AT)

    assert found is not None
    assert "both name ClinicalTrials.gov:NCT00000001" in [part.words for part in found.parts]


def test_other_registrations_of_one_register_speak_against_it() -> None:
    facts = {"title": TITLE, "authors": people(4)}
    one = a_report(1, registrations=("ClinicalTrials.gov:NCT00000001",), **facts)
    other = a_report(2, registrations=("ClinicalTrials.gov:NCT00000002",), **facts)
    european = a_report(3, registrations=("EudraCT:2020-000001-01",), **facts)

    assert points(one, other)["registration"] == -20
    assert "registration" not in points(one, european)


@pytest.mark.parametrize("kind", ["CommentOn", "ErratumIn", "UpdateOf"])
def test_a_link_of_the_source_is_enough_to_be_asked(kind: str) -> None:
    one = a_report(1, pmid="11", links=(Link(kind, "12"), Link("CommentIn", None, "elsewhere")))
    other = a_report(2, pmid="12")

    found = asked(one, other, at_least=same_study.ASK_AT)

    assert found is not None
    assert f"the source links them: {kind}" in [part.words for part in found.parts]


def test_one_shared_author_says_nothing_and_more_say_more() -> None:
    of_four = [
        points(a_report(1, authors=people(4)), a_report(2, authors=people(4, 4 - n))) for n in (1, 2, 3, 4)
    ]

    assert "authors" not in of_four[0]
    assert of_four[1]["authors"] < of_four[2]["authors"] < of_four[3]["authors"] == 35


def test_two_people_of_one_family_with_other_initials_are_two() -> None:
    one = a_report(1, authors=(Author("Wang", "Li"), Author("Chen", "Z")))
    other = a_report(2, authors=(Author("Wang", "Xia"), Author("Chen", "Q")))

    assert asked(one, other) is None


def test_a_group_is_no_person() -> None:
    group = Author("A trial group", "", is_group=True)

    assert asked(a_report(1, authors=(group, group)), a_report(2, authors=(group, group))) is None


@pytest.mark.parametrize(
    "title",
    [
        "Long-term extension of tofacitinib in refractory dermatomyositis",
        "Tofacitinib in refractory dermatomyositis: follow-up of ten patients",
        "A subset of patients with dermatomyositis on tofacitinib",
        "Tofacitinib in dermatomyositis: 24-month results",
        "Tofacitinib in dermatomyositis: a post hoc analysis",
    ],
)
def test_a_title_that_says_that_it_extends_another_speaks_for_it(title: str) -> None:
    found = points(a_report(1, title=TITLE, authors=people(3)), a_report(2, title=title, authors=people(3)))
    strangers = points(
        a_report(1, title=TITLE, authors=people(3)), a_report(2, title=title, authors=people(3, 3))
    )

    assert found["extension"] == 25
    assert "extension" not in strangers


def test_a_congress_abstract_and_its_paper_are_asked_where_their_titles_are_alike() -> None:
    facts = {"authors": people(4), "year": 2020}
    paper = a_report(1, title=TITLE, **facts)
    abstract = a_report(2, title=TITLE, pages="S123", issue="Suppl 10", **facts)
    other = a_report(3, title="Something else altogether", pages="S123", issue="Suppl 10", **facts)

    assert points(paper, abstract)["abstract"] == 15
    assert "abstract" not in points(paper, other)


def test_dates_far_apart_speak_against_it_and_dates_not_stated_say_nothing() -> None:
    def dates(year: int | None, other: int | None) -> float | None:
        return points(
            a_report(1, authors=people(4), year=year), a_report(2, authors=people(4), year=other)
        ).get("dates")

    assert (dates(2020, 2021), dates(2020, 2024), dates(2020, 2026), dates(2020, None)) == (
        5,
        None,
        -10,
        None,
    )


def test_a_preprint_and_its_article_are_asked_by_their_link() -> None:
    one, other = a_report(1), a_report(2)

    (found,) = suggestions([one, other], linked={frozenset((one.key, other.key)), frozenset(("x", "y"))})

    assert (found.key, found.other_key, found.parts[0].name) == (one.key, other.key, "preprint")


# --- whatever the reports are ----------------------------------------------------------------------


@pytest.mark.slow  # 0.1 s an example, most of it Hypothesis making records
@given(stored_records(), st.booleans())
def test_every_pair_is_named_once_in_order_of_arrival_with_the_sum_of_its_parts(
    reports: list[StoredRecord], are_all: bool
) -> None:
    found = suggestions(reports, at_least=1 if are_all else same_study.ASK_AT)

    order = [one.key for one in reports]
    pairs = [(pair.key, pair.other_key) for pair in found]
    assert len(set(pairs)) == len(pairs)
    assert all(order.index(key) < order.index(other) for key, other in pairs)
    assert [pair.score for pair in found] == sorted((pair.score for pair in found), reverse=True)
    for pair in found:
        assert pair.score == min(100, max(0, round(sum(part.points for part in pair.parts))))


@pytest.mark.slow  # as above
@given(stored_records(max_size=8), st.randoms())
def test_scores_do_not_depend_on_the_order_of_reports(reports: list[StoredRecord], random: object) -> None:
    shuffled = random.sample(reports, len(reports))  # type: ignore[attr-defined]  # of random.Random

    def scored(given: list[StoredRecord]) -> set[tuple[frozenset[str], float]]:
        return {(frozenset((p.key, p.other_key)), p.score) for p in suggestions(given, at_least=1)}

    assert scored(reports) == scored(shuffled)
