"""A report shows what its records state, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.composition import FIELDS, composed
from iimscreen.model import Author, Kind, Record, StoredRecord
from iimscreen.store import Review

Run = Callable[..., Result]

VALUES = {
    "title": st.sampled_from([None, "A title", "A Title", "Another title"]),
    "abstract": st.sampled_from(
        [None, "", "Short.", "Longer text.", "Longer txet.", "The longest text of all."]
    ),
    "doi": st.sampled_from([None, "10.1000/a", "10.1000/b"]),
    "pmid": st.sampled_from([None, "1", "2"]),
    "pages": st.sampled_from([None, "1-9", "1-19"]),
    "year": st.sampled_from([None, 2019, 2020]),
    "authors": st.sampled_from([(), (Author("Adler"),), (Author("Adler"), Author("Castor"))]),
    "keywords": st.sampled_from([(), ("one",), ("one", "two")]),
}


def stored(number: int, record: Record) -> StoredRecord:
    return StoredRecord(number, f"base:{number}", f"Base {number}", Kind.DATABASE, record)


@st.composite
def groups(draw: st.DrawFn) -> list[StoredRecord]:
    facts = draw(st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=5))
    return [stored(number, Record(**one)) for number, one in enumerate(facts, start=1)]


@given(groups())
def test_every_value_stands_in_the_record_that_is_named(group: list[StoredRecord]) -> None:
    found = composed(group[0], group[1:])

    by_key = {one.key: one.record for one in group}
    for value in found.values:
        assert getattr(by_key[value.key], value.field) == value.value
        assert getattr(found.record, value.field) == value.value
    stated = {field for field in FIELDS for one in group if getattr(one.record, field) not in (None, (), "")}
    assert {value.field for value in found.values} == stated


@given(groups(), st.randoms())
def test_the_order_of_the_others_does_not_matter(group: list[StoredRecord], random: Any) -> None:
    others = random.sample(group[1:], len(group) - 1)

    assert composed(group[0], others) == composed(group[0], group[1:])


@given(groups())
def test_what_the_kept_record_states_stays_but_for_a_fuller_abstract(group: list[StoredRecord]) -> None:
    kept = group[0].record

    shown = composed(group[0], group[1:]).record

    for field in FIELDS:
        if field != "abstract" and getattr(kept, field) not in (None, ()):
            assert getattr(shown, field) == getattr(kept, field)
    assert len(shown.abstract or "") >= len(kept.abstract or "")


@given(groups())
def test_records_that_say_the_same_contradict_in_nothing(group: list[StoredRecord]) -> None:
    same = [stored(number, group[0].record) for number in range(1, 4)]

    assert composed(same[0], same[1:]).contradictions == ()


def test_contradictions_name_each_value_with_its_records() -> None:
    group = [
        stored(1, a_record(1, pages="1024-9", year=2019)),
        stored(2, a_record(1, pages="1024-1029", year=2020)),
        stored(3, a_record(1, year=2020)),
    ]

    (one,) = composed(group[0], group[1:]).contradictions

    assert (one.field, one.values) == ("year", (("2019", ("base:1",)), ("2020", ("base:2", "base:3"))))


def test_the_command_says_where_each_value_came_from(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    (kept,) = bring_in(review, [a_record(1, pmid="11", abstract="Short.")])
    (other,) = bring_in(
        review,
        [
            a_record(
                1, pmid="11", source_id="e", abstract="Much longer than that.", doi="10.1000/x", year=2000
            )
        ],
        database="Embase",
    )
    run("duplicates", "merge", kept, other, "--by", "ann")

    found = run_json("duplicates", "report", other)
    shown = run("duplicates", "report", "doi:10.1000/x").stdout

    assert found["report"] == kept
    came = {one["field"]: (one["value"], one["record"]) for one in found["values"]}
    assert came["abstract"] == ("Much longer than that.", other)
    assert came["doi"] == ("10.1000/x", other)
    assert came["year"] == (1991, kept)
    assert found["contradictions"][0]["field"] == "year"
    assert f"{other}, Embase" in shown
    assert f"Its records differ in year: 1991 ({kept}); 2000 ({other})" in shown


def test_screening_shows_the_report_and_votes_on_the_kept_record(run: Run, review: Review) -> None:
    (kept,) = bring_in(review, [a_record(1, pmid="11")])
    (other,) = bring_in(
        review,
        [a_record(1, pmid="11", source_id="e", abstract="Only Embase has this.", doi="10.1000/x")],
        database="Embase",
    )
    run("duplicates", "merge", kept, other, "--by", "ann")

    result = run("screen", "--reviewer", "ann", typed="y\n")

    assert "Only Embase has this." in result.stdout
    assert "doi:10.1000/x" in result.stdout
    assert kept in result.stdout
    assert review.db.execute("select record_key from decisions").fetchall() == [(kept,)]
