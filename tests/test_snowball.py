"""Citation searching through the real command line, against a local E-utilities server."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from eutils_links import Links, with_links
from eutils_server import EutilsServer, invented, serving
from iimscreen import snowball
from iimscreen.errors import InputError
from iimscreen.formats import jsonl
from iimscreen.sources import _turns, citations
from iimscreen.store import Review

Run = Callable[..., Result]
RunJson = Callable[..., Any]

ARTICLES = invented(60)
PMIDS = [article.pmid for article in ARTICLES]
ONE, OTHER, LONELY = PMIDS[0], PMIDS[1], PMIDS[2]
BY_NAME = {
    "pubmed_pubmed_citedin": {ONE: PMIDS[5:25], OTHER: PMIDS[20:30]},
    "pubmed_pubmed_refs": {ONE: PMIDS[30:33]},
    "pubmed_pubmed": {ONE: PMIDS[3:50]},
}
KEY, EMAIL = "good-key", "ann.adler@example.org"


@pytest.fixture(autouse=True)
def _no_turns(no_pauses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_turns.Turns, "wait", lambda _self, **_options: None)
    monkeypatch.setattr(_turns.Turns, "take", lambda _self, **_options: None)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, review_file: Path) -> Iterator[EutilsServer]:
    """A server with links, and an empty review."""
    with serving(ARTICLES, terms={"myositis": PMIDS[:12]}) as running:
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", running.address)
        monkeypatch.setenv("NCBI_API_KEY", KEY)
        monkeypatch.setenv("IIMSCREEN_EMAIL", EMAIL)
        yield running


@pytest.fixture
def links(server: EutilsServer) -> Links:
    return with_links(server, BY_NAME)


def table(name: str, path: Path = Path("review.db")) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"select * from {name}").fetchall()


def found(source: str) -> list[str]:
    with contextlib.closing(sqlite3.connect("review.db")) as connection:
        rows = connection.execute("select accession from records where source = ? order by id", [source])
        return [row[0] for row in rows]


def texts_sent() -> list[str]:
    with contextlib.closing(sqlite3.connect("review.db")) as connection:
        return [row[0] for row in connection.execute("select text_sent from runs order by log_id")]


def flat(result: Result) -> str:
    return " ".join(result.stdout.split())


# --- what is found, and where it goes ---------------------------------------------------------------


def test_what_cites_a_seed_enters_the_column_of_other_methods(
    run: Run, run_json: RunJson, links: Links
) -> None:
    result = run("search", "--cited-by", ONE)

    assert result.exit_code == 0, result.output
    assert found("cited-by") == PMIDS[5:25]
    boxes = run_json("prisma")["boxes"]
    assert (boxes["citations_results"], boxes["database_results"]) == (20, 0)


@pytest.mark.parametrize(
    ("option", "source", "pmids"),
    [
        ("--cited-by", "cited-by", PMIDS[5:25]),
        ("--references", "references", PMIDS[30:33]),
        ("--similar", "similar", PMIDS[3:23]),
    ],
)
def test_each_kind_of_link_is_a_source_of_its_own(
    run: Run, links: Links, option: str, source: str, pmids: list[str]
) -> None:
    run("search", option, ONE)

    assert found(source) == pmids


def test_the_output_says_that_coverage_is_incomplete_and_says_it_once(run: Run, links: Links) -> None:
    printed = flat(run("search", "--cited-by", f"{ONE},{OTHER}"))

    assert printed.count("PubMed knows a citation only where PMC or the publisher supplied") == 1


def test_the_log_keeps_which_seed_brought_which_record(run: Run, run_json: RunJson, links: Links) -> None:
    run("search", "--cited-by", f"{ONE},{OTHER}")

    brought = run_json("source", "of", f"pmid:{PMIDS[21]}")
    assert [(one["label"], one["position"], one["of"]) for one in brought] == [
        (f"pmid:{ONE}", 17, 20),
        (f"pmid:{OTHER}", 2, 10),
    ]


def test_records_that_the_review_holds_are_counted_and_merged_by_their_pmid(
    run: Run, run_json: RunJson, links: Links, tmp_path: Path
) -> None:
    strategy = tmp_path / "s.toml"
    strategy.write_text("[strategy]\ntitle = 'T'\n[[sub_query]]\nlabel = 'S1'\ntext = 'myositis'\n", "utf-8")
    run("search", "--strategy", strategy)

    printed = flat(run("search", "--cited-by", ONE))

    assert "20 records from 1 seed; 7 of them are in the review from another source already" in printed
    run("dedupe")
    others = next(note for note in run_json("prisma")["footnotes"] if "other methods" in note)
    assert "7 also found by databases" in others


def test_seeds_without_links_and_unknown_pmids_are_told(run: Run, links: Links) -> None:
    printed = flat(run("search", "--cited-by", f"{LONELY},39999999"))

    assert f"PubMed has no such link for PMID {LONELY}, asked twice" in printed
    assert "PMID 39999999 is not in PubMed" in printed


def test_the_cut_of_similar_articles_is_kept_in_the_log(run: Run, links: Links) -> None:
    run("search", "--similar", ONE, "--most", "5")

    assert found("similar") == PMIDS[3:8]
    assert texts_sent() == [f"similar {ONE} most 5"]
    assert "the nearest 5 were taken" in str(table("run_results"))


def test_another_cut_is_another_search_and_the_same_one_is_not_asked_again(
    run: Run, server: EutilsServer, links: Links
) -> None:
    run("search", "--similar", ONE, "--most", "5")
    asked = len(server.asked)

    again = run("search", "--similar", ONE, "--most", "5")
    assert "nothing was asked" in flat(again)
    assert len(server.asked) == asked

    run("search", "--similar", ONE, "--most", "7")
    assert found("similar") == PMIDS[3:10]


# --- the set of seeds -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [f"{ONE},{OTHER}", f"pmid:{ONE}, PMID:{OTHER}", f"00{ONE} {OTHER}", f"{ONE};{OTHER},{ONE}"]
)
def test_pmids_are_parted_by_commas_and_each_asked_once(run: Run, links: Links, given: str) -> None:
    run("search", "--cited-by", given)

    assert texts_sent() == [f"cited-by {ONE}", f"cited-by {OTHER}"]


def test_a_file_of_pmids_may_hold_comments_and_keys(run: Run, review: Review, links: Links) -> None:
    (key,) = bring_in(review, [a_record(1, pmid=OTHER)])
    Path("seeds.txt").write_text(f"\ufeff# the two trials\n{ONE}  # RCT\n\nPMID:{ONE}\n{key}\n", "utf-8")

    run("search", "--cited-by", "seeds.txt")

    assert texts_sent()[-2:] == [f"cited-by {ONE}", f"cited-by {OTHER}"]


def test_a_record_stands_for_all_pmids_of_its_report(run: Run, review: Review, links: Links) -> None:
    same = {"title": "A title that both share, word for word", "year": 2020, "authors": ()}
    kept, other = bring_in(review, [a_record(1, pmid=ONE, **same), a_record(2, **same)])
    run("duplicates", "merge", kept, other, "--by", "ann")

    assert snowball.seeds(review, other).pmids == (ONE,)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nofile.txt", "'nofile.txt' is no PMID"),
        ("", "names no report with a PMID"),
        (f"{ONE},pubmed:1", "'pubmed:1' is no PMID: no record of this review"),
        ("bad.txt", "bad.txt, line 2: 'twelve' is no PMID"),
        ("latin.txt", "latin.txt is not UTF-8 text"),
        ("empty.txt", "names no report with a PMID"),
        ("0", "is no PMID"),
    ],
)
def test_a_set_that_names_no_report_is_refused_and_nothing_is_asked(
    run: Run, server: EutilsServer, links: Links, given: str, told: str
) -> None:
    Path("bad.txt").write_text(f"{ONE}\ntwelve\n")
    Path("latin.txt").write_bytes(b"M\xfcller\n")
    Path("empty.txt").write_text("# none yet\n")

    result = run("search", "--cited-by", given)

    assert result.exit_code == 3
    assert told in result.stderr
    assert "  → " in result.stderr
    assert server.asked == []
    assert table("searches") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--cited-by", "1", "--similar", "2"), "--cited-by, --similar cannot be one search"),
        (("--cited-by", "1", "--as-of", "2023-08-23"), "cannot be one search"),
        (("--cited-by", "1", "--strategy", "improved"), "cannot be one search"),
        (("--cited-by", "1", "--source", "corpus"), "cannot be one search"),
        (("--cited-by", "1", "--update"), "--cited-by, --update cannot be one search"),
        (("--references", "1", "--most", "3"), "not ranked"),
        (("--similar", "1", "--most", "0"), "expected 1 or more"),
        (("--most", "3"), "--most goes with --similar"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    run: Run, server: EutilsServer, words: tuple[str, ...], told: str
) -> None:
    result = run("search", *words)

    assert result.exit_code == 3
    assert told in result.stderr
    assert server.asked == []


def test_a_dry_run_prints_what_would_be_asked_and_asks_nothing(run: Run, server: EutilsServer) -> None:
    result = run("search", "--references", f"{ONE},{OTHER}", "--dry-run")

    assert result.stdout == f"pmid:{ONE}\treferences {ONE}\npmid:{OTHER}\treferences {OTHER}\n"
    assert server.asked == []


# --- included reports, and the gate -----------------------------------------------------------------


def judged(run: Run, keys: list[str], verdicts: list[str], *, by: str, stage: str) -> None:
    code = tomllib.loads(run("protocol", "show").stdout)["reason"][0]["code"]
    for key, verdict in zip(keys, verdicts, strict=True):
        reason = ("--reason", code) if verdict == "exclude" else ()
        given = ("--stage", stage, "--record", key, "--verdict", verdict, *reason)
        result = run("screen", "--reviewer", by, *given)
        assert result.exit_code == 0, result.output


@pytest.fixture
def at_full_text(run: Run, review: Review) -> list[str]:
    """Three retrieved reports, two with a PMID, not judged yet."""
    keys = bring_in(review, [a_record(1, pmid=ONE), a_record(2, pmid=OTHER), a_record(3)])
    run("dedupe")
    for name in ("ann", "bob"):
        judged(run, keys, ["include"] * 3, by=name, stage="title-abstract")
    assert run("fulltext", "retrieved", "--all", "--by", "ann").exit_code == 0
    return keys


@pytest.mark.parametrize("verdicts", [["include"] * 3, ["exclude"] * 3, ["exclude", "include", "include"]])
def test_included_reports_stay_closed_while_the_round_is_blind(
    run: Run, server: EutilsServer, links: Links, at_full_text: list[str], verdicts: list[str]
) -> None:
    judged(run, at_full_text, verdicts, by="bob", stage="full-text")

    result = run("search", "--cited-by", "included")

    assert result.exit_code == 6
    assert result.stdout == ""
    assert result.stderr.startswith(
        "Error: the list of included reports cannot be shown while stage full-text is blind and unfinished: "
        "ann has 3 to go\n"
    )
    assert server.asked == []
    included = [line["included"] for line in json.loads(run("source", "--json").stdout)["sources"]]
    assert included == [None]


def test_included_names_exactly_the_included_reports_and_those_without_pmid(
    run: Run, run_json: RunJson, links: Links, at_full_text: list[str]
) -> None:
    for name in ("ann", "bob"):
        judged(run, at_full_text, ["include", "exclude", "include"], by=name, stage="full-text")

    result = run("search", "--cited-by", "included")

    assert result.exit_code == 0, result.output
    assert texts_sent()[-1:] == [f"cited-by {ONE}"]
    assert f"{at_full_text[2]} has no PMID and was not followed" in flat(result)
    assert run_json("source")["sources"][0]["included"] == 2


def test_a_report_without_a_pmid_alone_is_no_seed(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])

    with pytest.raises(InputError, match=f"{key} without a PMID"):
        snowball.seeds(review, key)


# --- interrupted, replayed, given up ----------------------------------------------------------------


def test_a_failed_seed_leaves_the_others_saved_and_the_same_command_goes_on(
    run: Run, server: EutilsServer, links: Links
) -> None:
    server.misbehave("efetch", ["ok", 500, 500, 500, 500, 500])

    result = run("search", "--cited-by", f"{ONE},{OTHER}")

    assert result.exit_code == 5
    assert f"sub-query pmid:{OTHER}" in result.stderr
    assert "0 of 10 records are saved (1 of 2 sub-queries are complete and saved)" in result.stderr
    assert f"iimscreen search --cited-by {ONE},{OTHER}" in run("status").stdout
    before = len(server.asked)

    again = run("search", "--cited-by", f"{ONE},{OTHER}")

    assert "An interrupted search was completed." in again.stdout
    assert [asked.utility for asked in server.asked[before:]] == ["efetch"]
    assert found("cited-by") == PMIDS[5:30]


def test_a_cut_of_its_own_stands_in_the_command_that_goes_on(
    run: Run, server: EutilsServer, links: Links
) -> None:
    server.misbehave("efetch", [500] * 5)
    run("search", "--similar", ONE, "--most", "5")

    assert f"iimscreen search --similar {ONE} --most 5" in run("status").stdout


def test_a_search_given_up_no_longer_keeps_the_review_unfinished(
    run: Run, server: EutilsServer, links: Links
) -> None:
    server.misbehave("efetch", [500] * 5)
    run("search", "--cited-by", ONE)

    result = run("search", "--cited-by", ONE, "--abandon", "--note", "server down")

    assert "1 of 1 seeds not completed" in result.stdout
    assert "--cited-by" not in run("status").stdout


PROGRAM = "from iimscreen.__main__ import main; main()"


def test_a_search_killed_at_its_second_seed_resumes_to_the_same_records(
    run: Run, server: EutilsServer, links: Links
) -> None:
    server.misbehave("elink", ["ok", "timeout"])
    words = ["search", "--cited-by", f"{ONE},{OTHER}"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 30
        while len(server.requests_to("elink")) < 2:
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.01)
    finally:
        process.kill()  # as kill -9 does
        process.wait()
    assert len(table("run_results")) == 1

    run(*words)

    assert found("cited-by") == PMIDS[5:30]
    assert [asked.parameters["id"] for asked in server.requests_to("elink")] == [ONE, OTHER, OTHER]


def test_the_records_are_rebuilt_from_the_replies_without_a_network(
    run: Run, server: EutilsServer, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("search", "--cited-by", f"{ONE},{OTHER},{LONELY},39999999")
    asked = len(server.asked)
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "http://127.0.0.1:9/")

    result = run("search", "replay")

    assert result.exit_code == 0, result.output
    assert "4 runs rebuilt from stored replies" in result.stdout
    assert "30 of 30 records identical" in result.stdout
    assert len(server.asked) == asked


def test_key_and_address_stay_out_of_the_review(run: Run, links: Links) -> None:
    run("search", "--cited-by", ONE)

    content = Path("review.db").read_bytes()
    replies = b"".join(str(row).encode() for row in table("replies"))
    assert KEY.encode() not in content + replies
    assert EMAIL.encode() not in content + replies


def test_check_finds_nothing_wrong_afterwards(run: Run, links: Links) -> None:
    run("search", "--cited-by", f"{ONE},{OTHER}")
    run("search", "--references", ONE)
    run("dedupe")

    assert run("check").exit_code == 0


def test_a_seed_as_it_was_typed_is_quoted_in_the_stored_strategy(review: Review) -> None:
    odd = snowball.Seeds('my "seeds"\\ 2.txt', (ONE,), ("embase:1\x7f",))

    made = snowball.strategy(citations.Direction.CITED_BY, odd)

    assert made.name == odd.given
    assert [query.text_sent for query in made.sub_queries] == [f"cited-by {ONE}"]
    assert os.linesep not in made.title


@pytest.mark.parametrize("database", ["References", "Cited by", "similar"])
def test_an_import_cannot_take_the_name_of_citation_searching(
    run: Run, review_file: Path, database: str
) -> None:
    Path("a.jsonl").write_bytes(jsonl.write([a_record(1)]))

    result = run("import", "a.jsonl", "--database", database, "--kind", "citation")

    assert result.exit_code == 3
    assert "what citation searching of iimscreen is called" in result.stderr
    assert table("sources") == []
