"""`iimscreen search compare`, through the real command line: what a rerun has that the first run had not, and why."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eutils_server import Article, EutilsServer, serving
from iimscreen import queries, review_protocol, search, sides
from iimscreen.render import searches as rendered
from iimscreen.sources import pubmed
from iimscreen.store import open_review

KEY, EMAIL = "good-key", "ann.adler@example.org"
TITLE = "Tofarinib in ten invented people with myositis: series {}"
KEPT, INDEXED, DELETED, WORDED, PULLED, MERGED, LATE, NEWER = (f"3000000{n}" for n in range(1, 9))
BEFORE = [
    Article(KEPT, TITLE.format("one")),
    Article(INDEXED, TITLE.format("two")),
    Article(DELETED, TITLE.format("three")),
    Article(WORDED, TITLE.format("four")),
    Article(PULLED, TITLE.format("five")),
    Article(MERGED, TITLE.format("six"), doi="10.5555/six"),
]
# What the same search finds a year or two on.
AFTER = [
    BEFORE[0],
    replace(BEFORE[1], mesh=("Myositis",)),
    replace(BEFORE[3], abstract="It has one now."),
    replace(BEFORE[4], types=("Journal Article", "Retracted Publication")),
    Article(LATE, TITLE.format("seven"), entered="2099-01-01"),
    Article(NEWER, TITLE.format("six"), doi="10.5555/six"),
]
STRATEGY = "[strategy]\ntitle = 'Two sub-queries'\n" + "".join(
    f"[[sub_query]]\nlabel = '{label}'\ntext = '{text}'\n"
    for label, text in (("S1", "myositis"), ("S2", "tofarinib"))
)


def pmids(articles: list[Article]) -> list[str]:
    return [article.pmid for article in articles]


pytestmark = pytest.mark.usefixtures("no_pauses")


@contextlib.contextmanager
def serving_after() -> Iterator[EutilsServer]:
    terms = {"myositis": pmids(AFTER), "tofarinib": pmids(AFTER)[:2]}
    with serving(AFTER, terms=terms) as running:
        yield running


@pytest.fixture(scope="module")
def _both_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("both") / "review.db"
    review_protocol.create(path)
    read = queries.parse_strategy(STRATEGY, name="two", where="two.toml")
    terms = {"myositis": pmids(BEFORE), "tofarinib": pmids(BEFORE)[:3]}
    with open_review(path) as review:
        with serving(BEFORE, terms=terms) as running:
            search.run(review, read, pubmed.PubMed(running.settings(), sleep=lambda _s: None))
        with serving_after() as running:
            search.run(review, read, pubmed.PubMed(running.settings(), sleep=lambda _s: None), again=True)
    return path


@pytest.fixture
def both(_both_file: Path, tmp_path: Path) -> Path:
    """review.db with search 1 and its repetition, search 2, in a PubMed that had changed meanwhile."""
    return Path(shutil.copy(_both_file, tmp_path / "review.db"))


def reasons(found: dict[str, list[dict[str, str]]]) -> dict[str, tuple[str, str, str]]:
    return {one["record"]: (one["difference"], one["reason"], one["grade"]) for one in found["differences"]}


# --- two searches ----------------------------------------------------------------------------------


def test_a_rerun_is_explained_record_by_record_from_both_runs_own_replies(run_json, both):
    found = run_json("search", "compare", "1", "2")

    assert reasons(found) == {
        LATE: ("new", "entered later", "certain"),
        NEWER: ("new", "under another number", "likely"),
        DELETED: ("lost", "not explained", "cannot know"),
        MERGED: ("lost", "under another number", "likely"),
        PULLED: ("retracted", "retracted since", "certain"),
        INDEXED: ("changed", "MeSH added since", "certain"),
        WORDED: ("changed", "text changed", "certain"),
    }
    assert found["counts"] == {
        "first": 6,
        "second": 6,
        "both": 4,
        "new": 2,
        "lost": 2,
        "retracted": 1,
        "changed": 2,
        "not_comparable": 0,
    }
    assert found["grades"] == {"certain": 4, "likely": 2, "cannot know": 1}
    assert found["share_cannot_know"] == pytest.approx(1 / 7)
    assert "For 1 of 7 differences (14%)" in found["sentences"][0]


def test_records_of_the_same_bytes_are_passed_over_and_nothing_else_is(run_json, both, monkeypatch):
    quick = run_json("search", "compare", "1", "2")

    monkeypatch.setattr(sides, "_where_they_differ", lambda *_both: None)
    thorough = run_json("search", "compare", "1", "2")

    assert quick == thorough


def test_a_search_whose_replies_were_changed_is_not_compared(run, both):
    with contextlib.closing(sqlite3.connect("review.db", isolation_level=None)) as connection:
        connection.execute("drop trigger replies_no_update")
        connection.execute("update replies set body = ? where id = 2", (zlib.compress(b"<x/>"),))

    result = run("search", "compare", "1", "2")

    assert result.exit_code == 3
    assert "not those that came in" in result.stderr
    assert "search replay 1.1" in result.stderr


def test_a_changed_field_is_given_as_each_run_had_it(run_json, both):
    found = run_json("search", "compare", "1", "2")

    worded = next(one for one in found["differences"] if one["record"] == WORDED)
    assert worded["fields"] == [{"field": "abstract", "first": None, "second": "It has one now."}]


def test_sub_queries_say_what_each_gained_and_lost(run_json, both):
    found = run_json("search", "compare", "1", "2")

    second = found["sub_queries"][1]
    assert (second["label"], second["first_hits"], second["second_hits"]) == ("S2", 3, 2)
    assert (second["gained"], second["lost"]) == ([], [DELETED])


def test_one_sub_query_is_compared_with_its_repetition(run_json, both):
    found = run_json("search", "compare", "1.S2", "2.S2")

    assert found["counts"]["lost"] == 1
    assert found["first"]["name"] == "run 1.2"


def test_a_search_does_not_differ_from_itself(run_json, both):
    found = run_json("search", "compare", "1", "1")

    assert found["differences"] == []
    assert found["share_cannot_know"] is None
    assert found["sentences"][0] == "No difference was found."


def test_people_read_reasons_with_their_grades_and_the_share_that_cannot_be_known(run, both):
    printed = run("search", "compare", "1", "2").stdout

    for expected in (
        "New: only search 2 has them (2)",
        "entered later [certain]",
        "Retracted: the later contents say so",
        "For 1 of 7 differences (14%)",
        "entered on 2099-01-01",
    ):
        assert expected in printed


def test_csv_has_a_row_for_each_difference_and_no_formula(run, both, tmp_path):
    result = run("search", "compare", "1", "2", "--csv")

    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {row["record"]: row["difference"] for row in rows}[PULLED] == "retracted"
    assert len(rows) == 7
    assert rendered._cell("=1+1") == "'=1+1"


def test_every_key_of_the_json_is_documented(run_json, both):
    found = run_json("search", "compare", "1", "2")

    documented = rendered.comparison.__doc__ or ""
    keys = {*found, *found["first"], *found["counts"], *found["grades"], *found["differences"][0]}
    keys |= {*found["sub_queries"][0], *found["differences"][-1]["fields"][0]}
    assert [key for key in keys if key not in documented] == []


# --- other sources ---------------------------------------------------------------------------------


def test_different_sources_are_matched_by_pmid_and_the_output_says_so(run, run_json, both, tmp_path):
    lines = [
        {"accession": "x1", "pmid": KEPT, "title": "myositis and tofarinib"},
        {"title": "myositis again"},
    ]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "own.toml").write_text(
        "[strategy]\ntitle = 'x'\n[[sub_query]]\nlabel = 'S1'\ntext = 'myositis'\n"
    )
    run("search", "--source", "corpus", "--corpus", "own.jsonl", "--strategy", "own.toml")

    found = run_json("search", "compare", "1", "3")

    assert not found["same_source"]
    assert found["counts"]["both"] == 1
    assert {one["reason"] for one in found["differences"]} == {"another source", "no identifier"}
    assert any("different sources" in sentence for sentence in found["sentences"])


def test_two_strategies_over_the_bundled_corpus_differ_by_their_queries_alone(run, run_json):
    run("search", "--source", "corpus")
    run("search", "--source", "corpus", "--strategy", "improved")

    found = run_json("search", "compare", "1", "2")

    assert found["counts"]["lost"] == 0
    assert {one["reason"] for one in found["differences"]} == {"another query, same data"}
    assert found["share_cannot_know"] == 0


def test_an_import_is_compared_by_what_it_brought_in_itself(run, run_json, both, tmp_path):
    line = {"accession": KEPT, "pmid": KEPT, "title": TITLE.format("one")}
    own = {"accession": "39999999", "pmid": "39999999", "title": "Only in the export"}
    (tmp_path / "export.jsonl").write_text(f"{json.dumps(line)}\n{json.dumps(own)}\n")
    run("import", "export.jsonl", "--database", "PubMed")

    found = run_json("search", "compare", "3", "2")

    assert found["first"]["name"] == "import 3"
    assert found["counts"]["not_comparable"] == found["counts"]["both"]
    assert any("keeps no replies" in sentence for sentence in found["sentences"])
    assert any("day of the import stands for it" in sentence for sentence in found["sentences"])


# --- lists of PMIDs --------------------------------------------------------------------------------


def test_a_list_of_pmids_is_read_in_its_usual_forms(run_json, both, tmp_path):
    text = f"\ufeff# of the paper\r\n{KEPT}\r\nPMID: {INDEXED}\npmid:{WORDED}  # twice\n\nPMID- 0{WORDED}\n"
    (tmp_path / "known.txt").write_bytes(text.encode())

    found = run_json("search", "compare", "known.txt", "2")

    assert found["first"] == {
        "name": "known.txt",
        "source": None,
        "asked_until": None,
        "limit": None,
        "records": 3,
    }
    assert (found["counts"]["both"], found["counts"]["new"], found["counts"]["lost"]) == (3, 3, 0)
    assert found["counts"]["not_comparable"] == 3
    assert any("--on DATE" in sentence for sentence in found["sentences"])


def test_the_date_of_a_list_tells_what_entered_after_it(run_json, both, tmp_path):
    (tmp_path / "known.txt").write_text(f"{KEPT}\n{DELETED}\n")

    found = run_json("search", "compare", "known.txt", "2", "--on", "2023-08-23")

    assert reasons(found)[LATE] == ("new", "entered later", "certain")
    assert reasons(found)[DELETED] == ("lost", "list without a search", "cannot know")


@pytest.mark.parametrize("line", ["abc", "30000001 30000002", "PMC123", "0", "10.1000/x", "1234567890"])
def test_a_line_that_is_no_pmid_is_named(run, both, tmp_path, line):
    (tmp_path / "known.txt").write_text(f"# known\n{KEPT}\n{line}\n")

    result = run("search", "compare", "2", "known.txt")

    assert result.exit_code == 3
    assert "known.txt, line 3" in result.stderr


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (("1", "empty.txt"), "holds no PMID"),
        (("1", "binary.txt"), "not UTF-8"),
        (("1", "missing.txt"), "no search or run is 'missing.txt'"),
        (("empty.txt", "known.txt"), "holds no PMID"),
        (("known.txt", "known.txt"), "two lists"),
        (("1", "2", "--on", "2023-08-23"), "--on goes with a file"),
        (("1", "known.txt", "--on", "23/08/2023"), "is no date"),
        (("1", "2", "--csv", "--json"), "cannot both"),
        (("1", "9"), "no search or run is '9'"),
        (("2", "1.9"), "no search or run"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_cause(run, both, tmp_path, words, cause):
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "known.txt").write_text(f"{KEPT}\n")

    result = run("search", "compare", *words)

    assert result.exit_code == 3
    assert cause in result.stderr


def test_a_file_that_is_called_as_a_run_is_not_guessed_at(run, both, tmp_path):
    (tmp_path / "1").write_text(f"{KEPT}\n")

    result = run("search", "compare", "1", "2")

    assert result.exit_code == 3
    assert "./1" in result.stderr


def test_an_unfinished_search_is_not_compared(run, review_file):
    with serving(BEFORE, terms={"myositis": pmids(BEFORE)}) as running, open_review(review_file) as review:
        running.misbehave("efetch", ["400:refused"] * 9)
        read = queries.parse_strategy(STRATEGY, name="two", where="two.toml")
        with contextlib.suppress(search.SourceError):
            search.run(review, read, pubmed.PubMed(running.settings(), sleep=lambda _s: None))

    result = run("search", "compare", "1", "1")

    assert result.exit_code == 3
    assert "is not complete: S1, S2" in result.stderr


# --- asking PubMed ---------------------------------------------------------------------------------


def test_asking_pubmed_tells_a_deleted_pmid_from_one_that_is_still_there(run_json, both, monkeypatch):
    with serving_after() as running:
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", running.address)

        found = run_json("search", "compare", "1", "2", "--ask")

    assert reasons(found)[DELETED] == ("lost", "no longer given", "likely")
    merged = next(one for one in found["differences"] if one["record"] == MERGED)
    assert merged["detail"] == f"search 2 has it as {NEWER}"
    assert found["share_cannot_know"] == 0


def test_without_ask_nothing_is_asked(run_json, both, monkeypatch):
    with serving_after() as running:
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", running.address)

        run_json("search", "compare", "1", "2")

    assert running.asked == []
