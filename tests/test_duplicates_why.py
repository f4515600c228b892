"""Why two records are one report, or two; how far databases overlap; and a list that stays usable."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.duplicates.audit import weight
from iimscreen.duplicates.explaining import tying
from iimscreen.duplicates.overlap import contributions
from iimscreen.matching import RULES
from iimscreen.model import Kind
from iimscreen.store import Review, duplicates
from iimscreen.store.duplicates import PairVerdict
from test_duplicates_review import RULE, ask, brought_and_asked, look_alikes, say, two_needed

Run = Callable[..., Result]


def told(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


# --- the chain -------------------------------------------------------------------------------------

KEYS = st.sampled_from("abcdef")


@st.composite
def merges(draw: st.DrawFn) -> list[PairVerdict]:
    pairs = draw(st.lists(st.tuples(KEYS, KEYS).filter(lambda p: p[0] < p[1]), unique=True, max_size=12))
    scores = draw(st.lists(st.integers(90, 100), min_size=len(pairs), max_size=len(pairs)))
    return [
        PairVerdict(*pair, "duplicate", "rule:x", float(score), None)
        for pair, score in zip(pairs, scores, strict=True)
    ]


@given(merges(), KEYS, KEYS)
def test_the_chain_leads_from_one_to_the_other(found: list[PairVerdict], one: str, other: str) -> None:
    chain = tying(found, one, other)

    at = one
    for merge in chain:
        assert at in (merge.key, merge.other_key)
        at = merge.other_key if at == merge.key else merge.key
    reached = {one}
    for _ in found:
        reached |= {k for m in found if {m.key, m.other_key} & reached for k in (m.key, m.other_key)}
    assert at == (other if other in reached else one)


@given(merges(), KEYS, KEYS, st.randoms())
def test_no_other_way_has_a_stronger_weakest_link(
    found: list[PairVerdict], one: str, other: str, random: Any
) -> None:
    chain = tying(random.sample(found, len(found)), one, other)

    assert chain == tying(found, one, other)
    if chain:
        weakest = min(map(weight, chain))
        assert tying([merge for merge in found if weight(merge) > weakest], one, other) == []


# --- why -------------------------------------------------------------------------------------------


def test_a_chain_of_merges_is_told_link_by_link(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    one, two, three = bring_in(review, [a_record(n) for n in (1, 2, 3)])
    run("duplicates", "merge", one, two, "--by", "ann", "--note", "same cohort")
    run("duplicates", "merge", two, three, "--by", "bob")

    found = run_json("duplicates", "why", one, three)
    shown = told(run("duplicates", "why", one, three))

    assert found["one_report"] is True
    assert [(link["key"], link["other_key"], link["actor"]) for link in found["chain"]] == [
        (one, two, "ann"),
        (two, three, "bob"),
    ]
    assert "a chain of 2 verdicts makes them one report" in shown
    assert "by person:ann" in shown
    assert "same cohort" in shown
    assert "In the log: nothing on this pair." in shown


def test_rule_score_and_both_records_stand_side_by_side(run: Run, review: Review) -> None:
    one, other = bring_in(review, [a_record(1, pmid="11"), a_record(1, pmid="11", source_id="x", volume="3")])
    run("dedupe")

    shown = told(run("duplicates", "why", other, one))

    assert f"{one} (r1) and {other} (x): one report" in shown
    assert "by rule:same_pmid with score 100" in shown
    assert "Agree: title, year, PMID" in shown
    assert "Stated by one only: volume" in shown
    assert "agreed then: title, year, pmid" in shown
    assert "holds: same_pmid." in shown
    assert "The rules of today say duplicate, by same_pmid" in shown


def test_two_reports_are_explained(run: Run, review: Review) -> None:
    one, other, third, fourth = bring_in(
        review,
        [
            a_record(
                1, title="Invented drug for sarcoma of an unusual kind", year=2001, pages="1", volume="2"
            ),
            a_record(
                2, title="Imagined diet in gout among mountain guides", year=2011, pages="99", volume="7"
            ),
            *look_alikes(3),
        ],
    )
    before = told(run("duplicates", "why", one, other))
    run("dedupe")
    never = told(run("duplicates", "why", one, other))
    ask(review, (third, fourth))
    waiting = told(run("duplicates", "why", third, fourth))
    run("duplicates", "split", third, fourth, "--by", "ann")
    by_hand = told(run("duplicates", "why", third, fourth))

    assert "not compared yet" in before
    assert "never compared: they share no identifier" in never
    assert "no rule holds" in never
    assert "a person is asked about them" in waiting
    assert "ann decided that they are different reports" in by_hand
    assert f"asked, by rule:{RULE.name}" in by_hand


def test_a_decision_on_other_records_of_the_two_reports_is_named(run: Run, review: Review) -> None:
    one, two, three = bring_in(review, [a_record(n) for n in (1, 2, 3)])
    run("dedupe")
    run("duplicates", "merge", one, two, "--by", "ann")
    run("duplicates", "split", one, three, "--by", "bob")

    shown = told(run("duplicates", "why", two, three))

    assert f"bob set their two reports apart, by a decision on {one} and {three}" in shown


def test_open_words_of_others_are_counted_only(run: Run, review: Review) -> None:
    pair = brought_and_asked(review, look_alikes(1))
    two_needed(run)
    say(run, "bob", pair, "distinct", "--note", "secret")
    blind = told(run("duplicates", "why", *pair))
    own = told(run("duplicates", "why", *pair, "--reviewer", "bob"))
    say(run, "ann", pair, "duplicate")

    assert "1 word that may not be seen yet" in blind
    assert "secret" not in blind
    assert "bob's word: distinct – secret" in own
    assert "secret" in told(run("duplicates", "why", *pair))


def test_one_record_is_answered_with_its_group(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    one, other, single = bring_in(
        review, [a_record(1, pmid="11"), a_record(1, pmid="11", source_id="x"), a_record(2)]
    )
    run("dedupe")

    found = run_json("duplicates", "why", other)

    assert [(row["record"], row["kept"]) for row in found] == [(one, True), (other, False)]
    assert found[1]["merged"]["decided_by"] == "rule:same_pmid"
    assert "2 records of one report" in told(run("duplicates", "why", other))
    assert "in no group of duplicates" in told(run("duplicates", "why", single))
    assert run("duplicates", "why", "1", "2", "3").exit_code == 3
    assert run("duplicates", "why", "99").exit_code == 3


# --- overlap ---------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from("rstuvw")), max_size=30),
    st.sets(st.sampled_from("rstuvw")),
)
def test_unique_and_shared_reports_add_up(found: list[tuple[str, str]], included: set[str]) -> None:
    made = contributions([(database, Kind.DATABASE, report) for database, report in found], included)

    assert sum(one.records for one in made) == len(found)
    for place, one in enumerate(made):
        assert one.shared[place] == one.reports
        assert one.unique <= one.reports <= one.records
        assert (one.included_unique or 0) <= (one.included or 0) <= one.reports
        for other_place, other in enumerate(made):
            assert one.shared[other_place] == other.shared[place]
            if other_place != place:
                assert one.shared[other_place] <= one.reports - one.unique
    reports = {report for _, report in found}
    brought_once = {r for r in reports if len({d for d, own in found if own == r}) == 1}
    assert sum(one.unique for one in made) == len(brought_once)


def test_overlap_tells_unique_reports_and_included_ones_when_all_is_assessed(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    keys = bring_in(review, [a_record(1, pmid="11"), a_record(2)], database="PubMed export")
    bring_in(review, [a_record(1, pmid="11", source_id="e"), a_record(3)], database="Embase")
    run("dedupe")
    early = run_json("duplicates", "overlap")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, typed="y\nn\nn\n")
    run("fulltext", "retrieved", "--all", "--by", "ann")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, "--stage", "full-text", "--record", keys[0], "--verdict", "include")

    late = run_json("duplicates", "overlap")
    shown = run("duplicates", "overlap")
    rows = list(csv.DictReader(io.StringIO(run("duplicates", "overlap", "--csv").stdout)))

    figures = [(one["database"], one["records"], one["unique"], one["share"]) for one in early["databases"]]
    assert figures == [("PubMed export", 2, 1, 0.5), ("Embase", 2, 1, 0.5)]
    assert early["included"] is None
    assert late["included"] == 1
    assert [(one["included"], one["included_unique"]) for one in late["databases"]] == [(1, 0), (1, 0)]
    assert late["databases"][0]["shared"] == {"PubMed export": 2, "Embase": 1}
    assert "3 reports in all, 1 included." in shown.stdout
    assert (rows[1]["database"], rows[1]["unique_reports"], rows[1]["shared with PubMed export"]) == (
        "Embase",
        "1",
        "1",
    )
    assert run("duplicates", "overlap", "--csv", "--json").exit_code == 3


def test_overlap_is_interim_while_a_pair_waits(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    brought_and_asked(review, look_alikes(1))

    assert run_json("duplicates", "overlap")["interim"] is True
    assert "INTERIM: deduplication: 1 pair to decide by hand" in run("duplicates", "overlap").stdout


# --- the list --------------------------------------------------------------------------------------


@pytest.fixture
def many(review: Review) -> None:
    keys = bring_in(review, [record for number in range(1, 31) for record in look_alikes(number)])
    ask(review, *zip(keys[::2], keys[1::2], strict=True))
    late = bring_in(review, [a_record(n) for n in range(400, 460)])
    merged = [
        PairVerdict(one, other, "duplicate", "rule:same_pmid", 100.0, None)
        for one, other in zip(late[::2], late[1::2], strict=True)
    ]
    with review.writing():
        duplicates.add(review, merged, {})
        duplicates.keep_some(review, {one.other_key: one.key for one in merged})


@pytest.mark.usefixtures("many")
def test_a_long_list_prints_its_beginning_and_says_how_much_more_there_is(run: Run) -> None:
    short = run("duplicates").stdout
    whole = run("duplicates", "--all").stdout

    assert "… and 10 more pairs: --all lists them." in short
    assert "… and 10 more groups" in short
    assert short.count("duplicates merge") == 20
    assert whole.count("duplicates merge") == 30
    assert whole.count(", kept") == 30
    assert "iimscreen duplicates review --reviewer NAME" in short


def test_every_rule_and_guard_has_a_meaning_in_one_sentence() -> None:
    from iimscreen.duplicates.audit import meaning
    from iimscreen.matching import GUARDS

    for name in (*(rule.name for rule in RULES), *(guard.__name__ for guard in GUARDS)):
        kind, sentence = meaning(name)
        assert kind in ("rule", "guard")
        assert sentence.endswith("."), name
        assert "another version" not in sentence
