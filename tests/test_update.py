"""`search --update`: every strategy again, up to a day; only what is new is added, nothing moves."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from eutils_links import with_links
from eutils_server import Article, EutilsServer, serving
from iimscreen.formats import jsonl
from iimscreen.store import Review, open_review, versions
from living_reviews import judge

Run = Callable[..., Result]
RunJson = Callable[..., Any]

TODAY = dt.datetime.now(dt.UTC).date()
DATED = '[strategy]\ntitle = "T"\nas_of = 2023-08-23\n[[sub_query]]\nlabel = "A"\ntext = "myositis"\n'
UNDATED = '[strategy]\ntitle = "U"\n[[sub_query]]\nlabel = "A"\ntext = "myositis"\n'
THEN = "(myositis) AND 1800/01/01:2023/08/23[crdt]"
NOW = f"(myositis) AND 1800/01/01:{TODAY:%Y/%m/%d}[crdt]"


@pytest.fixture
def pubmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[EutilsServer]:
    """A local PubMed in which the search found 1 to 3 then, and 2 to 5 now: 1 is no longer found."""
    families = ("Adler", "Beispiel", "Castor", "Dorn", "Ebert", "Funk")
    articles = [
        Article(
            str(1000 + n),
            f"Case {n}: myositis {n * 7919} and drug {n * 104729}",
            authors=(f"{family}, Nora",),
            journal=f"Invented Journal of {family}",
            year=2015 + n,
        )
        for n, family in enumerate(families, start=1)
    ]
    terms = {THEN: ["1001", "1002", "1003"], NOW: ["1002", "1003", "1004", "1005"]}
    with serving(articles, terms=terms) as server:
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", server.address)
        monkeypatch.setenv("NCBI_API_KEY", "good-key")  # 10 requests a second in place of 3
        monkeypatch.setenv("IIMSCREEN_EMAIL", "ann@example.org")
        yield server


@pytest.fixture
def searched(run: Run, pubmed: EutilsServer) -> Path:
    """A review with one dated search of three records; its file."""
    Path("dated.toml").write_text(DATED)
    assert run("search", "--strategy", "dated.toml").exit_code == 0
    return Path("review.db")


def test_a_strategy_is_searched_again_up_to_today_and_only_new_records_are_added(
    run: Run, pubmed: EutilsServer, searched: Path
) -> None:
    Path("dated.toml").unlink()  # the stored text is what counts

    result = run("search", "--update")

    shown = result.stdout
    assert result.exit_code == 0, result.output
    assert f"PubMed, strategy dated, records that entered until {TODAY}" in shown
    assert "4 records now, 3 then" in shown
    assert "until 2023-08-23)" in shown
    assert "2 new to this strategy, 2 of them new to the review" in shown
    assert "1 record no longer found, and kept as stored: pubmed:1001" in shown
    assert "2 records new to the review." in shown
    assert shown.rstrip().endswith("Next: iimscreen dedupe")
    assert run("check").exit_code == 0


def test_a_search_of_an_update_names_the_one_that_it_repeats(run: Run, searched: Path) -> None:
    run("search", "--update")

    with open_review(searched) as review:
        rows = list(
            review.db.query(
                "select log.uid, as_of, updates, strategy_text from searches join log on log.id = log_id order by id"
            )
        )
    assert [row["as_of"] for row in rows] == ["2023-08-23", TODAY.isoformat()]
    assert rows[1]["updates"] == rows[0]["uid"]
    assert rows[1]["strategy_text"] == DATED


def test_no_screened_record_moves(run: Run, run_json: RunJson, pubmed: EutilsServer, searched: Path) -> None:
    """What was judged keeps its place, its key and its votes, and what the source says of it now."""
    with open_review(searched) as review:
        judge(review, include=["pubmed:1001"])
        before = list(review.db.query("select * from records order by id"))
    pubmed.articles["1002"] = Article("1002", "Another title since", year=2017)
    log = run("log").stdout

    run("search", "--update")

    with open_review(searched) as review:
        after = list(review.db.query("select * from records order by id"))
    assert after[:3] == before
    assert [row["key"] for row in after[3:]] == ["pubmed:1004", "pubmed:1005"]
    assert run("log").stdout.startswith(log)
    status = run("status").stdout
    assert "ann 2 left, bob 2 left" in status


def test_what_the_source_states_otherwise_now_and_what_was_retracted_is_told(
    run: Run, pubmed: EutilsServer, searched: Path
) -> None:
    pubmed.articles["1002"] = replace(pubmed.articles["1002"], title="Another title since")
    pubmed.articles["1003"] = replace(pubmed.articles["1003"], types=("Retracted Publication",))

    shown = run("search", "--update").stdout

    assert "1 record that PubMed states otherwise now" in shown
    assert "RETRACTED since: 1003" in shown


def test_an_update_after_closing_counts_what_is_new_alone(
    run: Run, run_json: RunJson, pubmed: EutilsServer, searched: Path
) -> None:
    with open_review(searched) as review:
        judge(review, include=["pubmed:1001", "pubmed:1002"])
    closed = run("version", "close", "--by", "ann")
    assert closed.exit_code == 0, closed.output
    run("search", "--update")
    with open_review(searched) as review:
        judge(review, include=["pubmed:1004"])

    found = run_json("prisma")

    boxes = found["boxes"]
    assert (boxes["previous_reports"], boxes["database_results"], boxes["records_screened"]) == (2, 2, 2)
    assert (boxes["new_reports"], boxes["total_reports"]) == (1, 3)
    assert any(
        "2 records that the searches of this update found again" in note for note in found["footnotes"]
    )


def test_the_same_day_again_nothing_is_asked(run: Run, pubmed: EutilsServer, searched: Path) -> None:
    first = run("search", "--update").stdout
    asked = len(pubmed.asked)

    again = run("search", "--update")

    assert again.exit_code == 0
    assert len(pubmed.asked) == asked
    assert "and nothing was asked" in again.stdout
    assert "4 records now, 3 then" in again.stdout
    assert re.findall("compare .*", first) == re.findall("compare .*", again.stdout)


def test_an_interrupted_update_is_resumed_without_asking_twice(
    run: Run, pubmed: EutilsServer, searched: Path
) -> None:
    pubmed.left_out.add("1005")
    broken = run("search", "--update")
    status = run("status").stdout
    pubmed.left_out.clear()
    fetched = len(pubmed.requests_to("esearch"))

    result = run("search", "--update")

    assert broken.exit_code == 5
    assert "strategy dated: sub-query A:" in broken.stderr
    assert f"Next: iimscreen search --update --as-of {TODAY}" in status
    assert result.exit_code == 0
    assert len(pubmed.requests_to("esearch")) == fetched
    assert "2 records new to the review." in result.stdout
    with open_review(searched) as review:
        assert len(versions.repeatable(review)) == 1
        assert review.db.execute("select count(*) from searches").fetchone() == (2,)


def test_an_update_may_go_to_an_earlier_day_than_today(
    run: Run, pubmed: EutilsServer, searched: Path
) -> None:
    pubmed.terms["(myositis) AND 1800/01/01:2024/08/23[crdt]"] = ["1001", "1002", "1003", "1004"]

    result = run("search", "--update", "--as-of", "2024-08-23")

    assert result.exit_code == 0
    assert "1 new to this strategy, 1 of them new to the review" in result.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--as-of", "2023-08-22"), "lies before 2023-08-23"),
        (("--as-of", "2999-01-01"), "lies in the future"),
        (("--as-of", "soon"), "'soon' is no date"),
        (("--again",), "--again has no meaning with --update"),
        (("--abandon",), "--abandon has no meaning with --update"),
        (("--dry-run",), "--dry-run has no meaning with --update"),
    ],
)
def test_an_update_that_makes_no_sense_asks_nothing(
    run: Run, pubmed: EutilsServer, searched: Path, words: tuple[str, ...], told: str
) -> None:
    asked = len(pubmed.asked)

    result = run("search", "--update", *words)

    assert result.exit_code == 3
    assert told in result.stderr
    assert len(pubmed.asked) == asked


def test_a_strategy_without_a_date_is_repeated_without_one_as_a_new_search(
    run: Run, pubmed: EutilsServer
) -> None:
    Path("undated.toml").write_text(UNDATED)
    pubmed.terms["myositis"] = ["1001"]
    run("search", "--strategy", "undated.toml")
    pubmed.terms["myositis"] = ["1001", "1002"]

    first = run("search", "--update").stdout
    second = run("search", "--update").stdout

    assert "strategy undated, without a date limit" in first
    assert "1 new to this strategy, 1 of them new to the review" in first
    assert "and nothing was asked" in second


def test_a_corrected_strategy_took_the_place_of_the_one_of_its_name(
    run: Run, pubmed: EutilsServer, searched: Path
) -> None:
    corrected = DATED.replace("myositis", "polymyositis")
    Path("dated.toml").write_text(corrected)
    pubmed.terms["(polymyositis) AND 1800/01/01:2023/08/23[crdt]"] = ["1006"]
    pubmed.terms[NOW.replace("myositis", "polymyositis")] = ["1006"]
    run("search", "--strategy", "dated.toml")

    result = run("search", "--update")

    assert result.stdout.count("strategy dated") == 1
    assert "nothing new" in result.stdout


def test_a_search_given_up_is_not_repeated(
    run: Run, monkeypatch: pytest.MonkeyPatch, pubmed: EutilsServer, searched: Path
) -> None:
    Path("other.toml").write_text(DATED.replace("myositis", "nothing"))
    pubmed.misbehave("esearch", [400])
    run("search", "--strategy", "other.toml")
    run("search", "--strategy", "other.toml", "--abandon")

    result = run("search", "--update")

    assert "strategy other" not in result.stdout
    assert "strategy dated" in result.stdout


def test_citations_are_followed_again_from_the_same_seeds(
    run: Run, pubmed: EutilsServer, review_file: Path
) -> None:
    links = {"1001": ["1002"]}
    with_links(pubmed, {"pubmed_pubmed_citedin": links})
    run("search", "--cited-by", "1001")
    links["1001"] = ["1002", "1003"]

    result = run("search", "--update")

    assert result.exit_code == 0, result.output
    assert "without a date limit" in result.stdout
    assert "1 new to this strategy, 1 of them new to the review" in result.stdout


def test_citations_are_followed_again_without_a_date_when_the_update_has_one(
    run: Run, pubmed: EutilsServer, searched: Path
) -> None:
    with_links(pubmed, {"pubmed_pubmed_citedin": {"1001": ["1005"]}})
    run("search", "--cited-by", "1001")

    result = run("search", "--update", "--as-of", TODAY.isoformat())

    assert result.exit_code == 0, result.output
    assert f"strategy dated, records that entered until {TODAY}" in result.stdout
    assert "without a date limit: links of citations can have none" in " ".join(result.stdout.split())
    assert "not repeated" not in result.stdout


def test_a_review_without_a_search_has_none_to_repeat(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)])

    result = run("search", "--update")

    assert result.exit_code == 3
    assert "none to repeat" in result.stderr


# --- corpora ---------------------------------------------------------------------------------------


def a_corpus(*numbers: int) -> Path:
    path = Path("ours.jsonl")
    path.write_bytes(
        jsonl.write([a_record(n, title=f"Myositis case {n}", entered_on="2020-01-01") for n in numbers])
    )
    return path


def test_a_corpus_file_is_asked_for_and_the_others_go_on(
    run: Run, pubmed: EutilsServer, searched: Path
) -> None:
    run("search", "--strategy", "dated.toml", "--source", "corpus", "--corpus", a_corpus(1, 2))

    without = run("search", "--update")
    with_it = run("search", "--update", "--corpus", a_corpus(1, 2, 3))

    assert without.exit_code == 3
    assert "2 records new to the review." in without.stdout
    assert "Corpus file ours.jsonl (offline), strategy dated: not repeated" in without.stdout
    assert "1 strategy of 2 not repeated" in without.stderr
    assert "--corpus FILE" in without.stderr
    assert with_it.exit_code == 0, with_it.output
    assert "1 new to this strategy, 1 of them new to the review" in with_it.stdout


def test_the_bundled_corpus_is_searched_again_offline(run: Run, run_json: RunJson) -> None:
    run("search", "--source", "corpus", "--strategy", "improved")

    result = run("search", "--update")

    assert result.exit_code == 0
    assert f"strategy improved, records that entered until {TODAY}" in result.stdout


def test_another_corpus_file_than_the_one_searched_does_not_stand_in_for_it(run: Run) -> None:
    Path("dated.toml").write_text(DATED)
    run("search", "--strategy", "dated.toml", "--source", "corpus", "--corpus", a_corpus(1, 2))
    Path("theirs.jsonl").write_bytes(a_corpus(1, 2, 3).read_bytes())

    result = run("search", "--update", "--corpus", "theirs.jsonl")

    assert result.exit_code == 3
    assert "not repeated" in result.stdout
