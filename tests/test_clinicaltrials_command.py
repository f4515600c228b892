"""A search of ClinicalTrials.gov: its strategy, and what the command line makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ctgov_server import CtgovServer, Study, invented, serving
from iimscreen import queries, settings
from iimscreen.errors import InputError
from iimscreen.model import Kind, SubQuery
from iimscreen.queries import find_strategy, parse_strategy, read_strategy, with_as_of
from iimscreen.sources import clinicaltrials
from iimscreen.store import open_review

STUDIES = invented(45)
NUMBERS = [study.nct for study in STUDIES]
STRATEGY = """
[strategy]
title = "Registered studies"
source = "clinicaltrials"
as_of = 2023-08-23
[[sub_query]]
label = "R1"
text = "myositis"
"""


@pytest.fixture
def server() -> Iterator[CtgovServer]:
    with serving(STUDIES) as running:
        yield running


# The strategy file


def parsed(text: str, **options: dt.date) -> queries.Strategy:
    return parse_strategy(text, name="mine", where="mine.toml", **options)


def test_a_strategy_for_the_register_names_its_source_and_shows_both_parameters_that_are_sent() -> None:
    strategy = parsed(STRATEGY)

    assert strategy.source == "clinicaltrials"
    assert strategy.limit == "AREA[StudyFirstPostDate]RANGE[MIN,2023-08-23]"
    assert strategy.sub_queries == (
        SubQuery("R1", "myositis", f"query.term=myositis & filter.advanced={strategy.limit}"),
    )


def test_the_date_of_a_register_search_can_be_moved_or_left_out() -> None:
    moved = with_as_of(parsed(STRATEGY), dt.date(2024, 1, 2))
    undated = parsed(STRATEGY.replace("as_of = 2023-08-23", ""))

    assert moved.sub_queries[0].text_sent.endswith(
        "& filter.advanced=AREA[StudyFirstPostDate]RANGE[MIN,2024-01-02]"
    )
    assert undated.sub_queries[0].text_sent == "query.term=myositis"


def test_a_strategy_that_names_no_source_is_written_for_pubmed() -> None:
    assert parsed(STRATEGY.replace('source = "clinicaltrials"', "")).source == "pubmed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('source = "clinicaltrials"', 'source = "embase"'), ("'embase'", "pubmed, clinicaltrials")),
        (("as_of", 'date_field = "crdt"\nas_of'), ("'crdt'", "clinicaltrials does not have", "first-posted")),
        (
            ('source = "clinicaltrials"', 'date_field = "first-posted"'),
            ("'first-posted'", "pubmed does not have", "crdt, edat, dp"),
        ),
        (("as_of", 'date_field = "none"\nas_of'), ("cannot be applied",)),
        (('text = "myositis"', 'text = "NCT90000001, nct90000002"'), ("mine.toml, R1", "NCT numbers only")),
    ],
)
def test_a_strategy_that_the_register_cannot_follow_is_refused(
    change: tuple[str, str], words: Sequence[str]
) -> None:
    with pytest.raises(InputError) as caught:
        parsed(STRATEGY.replace(*change))

    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.hint


def test_nct_numbers_may_be_searched_as_a_field_beside_a_date_or_plainly_without_one() -> None:
    as_field = parsed(STRATEGY.replace('"myositis"', '"AREA[NCTId](NCT90000001 OR NCT90000002)"'))
    plainly = parsed(STRATEGY.replace('"myositis"', '"NCT90000001"').replace("as_of = 2023-08-23", ""))

    assert as_field.sub_queries[0].text_sent.startswith("query.term=AREA[NCTId](NCT90000001 OR")
    assert plainly.sub_queries[0].text_sent == "query.term=NCT90000001"


def test_the_bundled_register_search_asks_for_any_disease_and_any_drug_with_a_reason_each() -> None:
    strategy = read_strategy(find_strategy("clinicaltrials"))

    assert strategy.source == "clinicaltrials"
    assert [block.name for block in strategy.blocks] == ["disease", "drug"]
    assert all(term.reason for block in strategy.blocks for term in block.terms)
    (asked,) = strategy.sub_queries
    assert asked.text_sent.startswith("query.term=(myositis OR dermatomyositis OR ")
    assert asked.text_sent.endswith(" & filter.advanced=AREA[StudyFirstPostDate]RANGE[MIN,2023-08-23]")
    assert not clinicaltrials._said_of(asked.text)


# On the command line


@pytest.fixture
def at_hand(server: CtgovServer, monkeypatch: pytest.MonkeyPatch) -> CtgovServer:
    """The server, where the command line finds it."""
    text = read_strategy(find_strategy("clinicaltrials")).sub_queries[0].text
    server.terms[text] = NUMBERS[:12]
    monkeypatch.setenv("IIMSCREEN_CTGOV_URL", server.address)
    monkeypatch.setattr(clinicaltrials, "SPACING_S", 0.0)
    return server


def test_a_register_search_fills_the_register_box_beside_the_databases(
    at_hand: CtgovServer, run, run_json
) -> None:
    assert run("search", "--source", "corpus").exit_code == 0
    searched = run("search", "--strategy", "clinicaltrials")
    assert run("dedupe").exit_code == 0

    flow = run_json("prisma")

    assert searched.exit_code == 0, searched.output
    assert flow["boxes"]["register_results"] == 12
    assert flow["registers"] == {"ClinicalTrials.gov": 12}
    assert flow["boxes"]["database_results"] == 14
    assert flow["boxes"]["duplicates"] == 0


def test_a_recruiting_study_shows_its_status_to_screeners_and_ends_as_an_ongoing_one(
    at_hand: CtgovServer, run, run_json
) -> None:
    at_hand.terms = dict.fromkeys(at_hand.terms, NUMBERS[1:2])
    run("search", "--strategy", "clinicaltrials")
    run("dedupe")
    for name in ("ann", "bob"):
        run("reviewer", "add", name)
    shown = run("screen", "--reviewer", "ann", typed="q\n")
    record = f"clinicaltrials:{NUMBERS[1]}"
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, "--record", record, "--verdict", "include")
    run("fulltext", "retrieved", record, "--by", "ann")
    for name in ("ann", "bob"):
        vote = ("--record", record, "--verdict", "ongoing", "--stage", "full-text")
        assert run("screen", "--reviewer", name, *vote).exit_code == 0

    flow = run_json("prisma")

    assert "Clinical trial registration  status: RECRUITING" in shown.output
    assert (flow["ongoing"], flow["boxes"]["new_studies"]) == (1, 0)


def test_an_update_of_the_review_finds_what_the_register_has_posted_since(
    at_hand: CtgovServer, run, run_json
) -> None:
    text = next(iter(at_hand.terms))
    run("search", "--strategy", "clinicaltrials")
    late = Study("NCT90000999", "A later study of myositis", posted="2024-05-06", updated="2024-05-06")
    at_hand.update(late)
    at_hand.terms[text] = [*NUMBERS[:12], late.nct]

    updated = run("search", "--update", "--as-of", "2024-06-30")

    assert updated.exit_code == 0, updated.output
    assert run_json("prisma")["boxes"]["register_results"] == 13


def test_a_study_that_was_also_exported_by_hand_counts_once(at_hand: CtgovServer, run, run_json) -> None:
    titles = {NUMBERS[0]: STUDIES[0].title, NUMBERS[1]: "The same study under its other title"}
    Path("export.ris").write_text(
        "".join(
            f"TY  - DBASE\nTI  - {title}\nAN  - {nct}\nPY  - 2010\nER  - \n\n"
            for nct, title in titles.items()
        ),
        encoding="utf-8",
    )
    run("search", "--strategy", "clinicaltrials")
    imported = run("import", "export.ris", "--database", "ClinicalTrials.gov", "--kind", "register")
    run("dedupe")

    boxes = run_json("prisma")["boxes"]

    assert imported.exit_code == 0, imported.output
    assert (boxes["register_results"], boxes["duplicates"], boxes["records_screened"]) == (13, 1, 12)


def test_a_register_search_that_was_completed_asks_nothing_again(at_hand: CtgovServer, run) -> None:
    run("search", "--strategy", "clinicaltrials")
    asked = len(at_hand.asked)

    again = run("search", "--strategy", "clinicaltrials", "--source", "clinicaltrials")

    assert again.exit_code == 0
    assert "nothing was asked" in again.output
    assert len(at_hand.asked) == asked


def test_a_register_search_is_stored_as_a_register_with_its_build(at_hand: CtgovServer, run) -> None:
    run("search", "--strategy", "clinicaltrials")

    with open_review(settings.DEFAULT_REVIEW) as review:
        rows = list(review.db.query("select key, kind from records join sources using (source)"))
        (build,) = review.db.execute("select database_build from run_results").fetchone()
    assert {row["kind"] for row in rows} == {Kind.REGISTER}
    assert {row["key"] for row in rows} == {f"clinicaltrials:{nct}" for nct in NUMBERS[:12]}
    assert build == "2025-11-21T09:00:04 (API 2.0.5)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--strategy", "clinicaltrials", "--source", "pubmed"), "is written for ClinicalTrials.gov"),
        (("--strategy", "clinicaltrials", "--source", "corpus"), "is written for ClinicalTrials.gov"),
        (("--source", "clinicaltrials"), "is written for PubMed"),
    ],
)
def test_a_source_that_contradicts_the_strategy_is_refused_before_anything_is_made(
    run, words, said: str
) -> None:
    refused = run("search", *words)

    assert refused.exit_code == 3
    assert said in refused.stderr
    assert not settings.DEFAULT_REVIEW.exists()


def test_a_dry_run_shows_both_parameters(run) -> None:
    shown = run("search", "--strategy", "clinicaltrials", "--as-of", "2024-02-03", "--dry-run")

    assert shown.exit_code == 0
    assert shown.stdout.startswith("R01\tquery.term=(myositis OR")
    assert "& filter.advanced=AREA[StudyFirstPostDate]RANGE[MIN,2024-02-03]" in shown.stdout


def test_an_interrupted_register_search_can_be_given_up(at_hand: CtgovServer, run) -> None:
    at_hand.misbehave("studies", ["400:No such thing"])
    stopped = run("search", "--strategy", "clinicaltrials")

    given_up = run("search", "--strategy", "clinicaltrials", "--abandon")

    assert stopped.exit_code == 5
    assert given_up.exit_code == 0, given_up.output
    assert "in ClinicalTrials.gov, 1 of 1 sub-queries not completed" in given_up.output
