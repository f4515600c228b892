"""Status, log, check and the drawn flow."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.model import Kind
from iimscreen.store import Review

Run = Callable[..., Result]


def next_command(run: Run) -> str:
    found = re.search(r"Next: (.+)", run("status").stdout)
    assert found
    return found.group(1)


def test_status_names_the_next_command_from_the_start_to_the_end(run: Run, review: Review) -> None:
    """Typing what `status` says next, the road leads to the extraction of data."""
    seen = [next_command(run)]
    keys = bring_in(review, [a_record(1), a_record(2)])
    seen.append(next_command(run))
    run("dedupe")
    seen.append(next_command(run))
    for name, verdicts in (("ann", ("include", "include")), ("bob", ("include", "exclude"))):
        for key, verdict in zip(keys, verdicts, strict=True):
            run("screen", "--reviewer", name, "--record", key, "--verdict", verdict)
        seen.append(next_command(run))
    run("resolve", "--by", "ann", "--by", "bob", "--record", keys[1], "--verdict", "exclude")
    seen.append(next_command(run))
    run("fulltext", "retrieved", "--all", "--by", "ann")
    seen.append(next_command(run))
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, "--stage", "full-text", "--record", keys[0], "--verdict", "include")
    seen.append(next_command(run))
    run("study", "new", "--each", "--by", "ann")
    seen.append(next_command(run))

    assert seen == [
        "iimscreen search",
        "iimscreen dedupe",
        "iimscreen screen --reviewer NAME",
        "iimscreen screen --reviewer OTHER_NAME",
        "iimscreen resolve --by ann --by bob",
        "iimscreen fulltext",
        "iimscreen screen --reviewer ann --stage full-text",
        "iimscreen study new --each --by NAME",
        "iimscreen extract status",
    ]


def test_the_flow_of_an_empty_review_is_interim(
    run: Run, run_json: Callable[..., Any], review_file: Path
) -> None:
    found = run_json("prisma")

    assert found["interim"]
    assert "search: no search has been completed and nothing imported" in found["missing"]
    assert found["boxes"]["records_screened"] == 0


def test_every_number_of_the_flow_prints_the_records_behind_it(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    keys = bring_in(review, [a_record(n) for n in range(1, 4)])
    run("dedupe")
    for name in ("ann", "bob"):
        for key, verdict in zip(keys, ("include", "exclude", "exclude"), strict=True):
            run("screen", "--reviewer", name, "--record", key, "--verdict", verdict)

    boxes = run_json("prisma")["boxes"]

    listed = {name: [row["record"] for row in run_json("prisma", "--list", name)] for name in
              ("database_results", "records_screened", "records_excluded", "dbr_sought_reports")}  # fmt: skip
    assert listed["records_excluded"] == keys[1:]
    assert {name: len(rows) for name, rows in listed.items()} == {name: boxes[name] for name in listed}
    assert run("prisma", "--list", "records_dreamt").exit_code == 3
    assert run("prisma", "--list", "total_studies").exit_code in (3, 6)


@pytest.mark.parametrize("width", ["80", "100", "120", "160"])
def test_the_drawing_shows_every_number_and_keeps_to_the_terminal(
    run: Run, review: Review, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    bring_in(review, [a_record(n) for n in range(1, 1235)], database="Embase (Ovid)")
    run("dedupe")

    drawn = run("prisma").stdout

    assert drawn.count("(n = 1,234)") == 3
    assert "Embase (Ovid)" in drawn
    assert "Records excluded (n = –)" in drawn
    assert "INTERIM" in drawn
    boxes = [line for line in drawn.splitlines() if set(line) & set("┌│└")]
    assert {len(line) for line in boxes if line.startswith("┌") and line.count("┌") == 2} == {65}
    assert max(map(len, boxes)) <= max(int(width), 80)


def test_identified_is_the_union_over_sub_queries_unless_the_protocol_sums_them(
    run: Run, run_json: Callable[..., Any]
) -> None:
    strategy = '[strategy]\ntitle = "T"\n[[sub_query]]\nlabel = "A"\ntext = "tofacitinib"\n'
    Path("s.toml").write_text(strategy + '[[sub_query]]\nlabel = "B"\ntext = "tofacitinib OR apremilast"\n')
    run("search", "--source", "corpus", "--strategy", "s.toml")
    run("dedupe")
    union = run_json("prisma")
    (a, b) = (int(n) for n in re.findall(r"^ (?:A|B) .*?(\d+) +\d+ +\d+ *$", run(
        "search", "--source", "corpus", "--strategy", "s.toml").stdout, re.MULTILINE))  # fmt: skip
    text = run("protocol", "show").stdout.replace('identified = "union"', 'identified = "sum-of-sub-queries"')
    Path("p.toml").write_text(text, encoding="utf-8")
    run("protocol", "load", "p.toml")

    summed = run_json("prisma")

    assert a < b
    assert union["boxes"]["database_results"] == b
    assert summed["boxes"]["database_results"] == a + b
    assert summed["boxes"]["duplicates"] == union["boxes"]["duplicates"] + a
    assert summed["boxes"]["records_screened"] == union["boxes"]["records_screened"]
    assert any("sum of the hits of all sub-queries" in note for note in summed["footnotes"])


def test_the_log_tells_everything_in_words(run: Run, review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    run("dedupe")
    run("screen", "--reviewer", "ann", "--record", key, "--verdict", "include", "--note", "clear")
    run("screen", "--reviewer", "bob", "--record", key, "--verdict", "include")

    shown = run("log").stdout

    for words in (
        "protocol protocol.toml loaded",
        "reviewer ann added",
        "1 record compared",
        f"{key} include – clear",
    ):
        assert words in shown
    assert run("log", "--by", "nobody").exit_code == 3


def test_check_finds_nothing_wrong_with_a_sound_review(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)])

    result = run("check")

    assert result.exit_code == 0
    assert "Nothing wrong was found." in result.stdout
    assert "the log ends with" in result.stdout


def test_a_database_that_found_nothing_is_named_with_zero(run: Run, run_json: Callable[..., Any]) -> None:
    Path("s.toml").write_text('[strategy]\ntitle = "T"\n[[sub_query]]\nlabel = "A"\ntext = "zzzz"\n')
    run("search", "--source", "corpus", "--strategy", "s.toml")
    run("dedupe")

    found = run_json("prisma")

    assert found["databases"] == {"Bundled corpus (offline, not PubMed)": 0}
    assert (found["interim"], found["boxes"]["new_reports"]) == (False, 0)


def test_an_interrupted_search_is_named_with_the_command_that_goes_on_or_gives_up(
    run: Run, run_json: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "http://127.0.0.1:9/")
    assert run("search", "--strategy", "improved").exit_code == 5
    interrupted = run_json("prisma")["missing"]
    run("search", "--source", "corpus", "--strategy", "improved")
    run("dedupe")
    run("duplicates", "split", "corpus:c020", "corpus:c187", "--by", "ann")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, typed="n\n" * 80)
    unfinished = run_json("prisma")
    given_up = run("search", "--strategy", "improved", "--abandon", "--note", "no network")

    assert any("`iimscreen search --strategy improved` goes on" in sentence for sentence in interrupted)
    assert unfinished["interim"]
    assert unfinished["boxes"]["records_excluded"] == 62
    assert given_up.exit_code == 0
    assert not run_json("prisma")["interim"]
    assert "search improved in pubmed given up: no network" in run("log").stdout
    assert run("search", "--strategy", "improved", "--abandon").exit_code == 3


def test_other_methods_add_up_in_one_sentence(run: Run, run_json: Callable[..., Any], review: Review) -> None:
    """Three citations: one also in a database, one twice, one excluded on title and abstract."""
    bring_in(review, [a_record(1, pmid="1")], database="Embase")
    bring_in(
        review,
        [a_record(n, pmid=str(n), source_id=f"c{n}") for n in (1, 2, 3)],
        database="List",
        kind=Kind.CITATION,
    )
    bring_in(review, [a_record(2, pmid="2", source_id="d2")], database="Other list", kind=Kind.CITATION)
    text = run("protocol", "show").stdout.replace(
        "screen_other_methods = false", "screen_other_methods = true"
    )
    Path("p.toml").write_text(text, encoding="utf-8")
    run("protocol", "load", "p.toml")
    run("dedupe")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, typed="y\ny\nn\n")

    found = run_json("prisma")

    assert (
        "4 records identified by other methods: 1 also found by databases or registers and counted there, "
        "1 another mention of the same report, 1 excluded on title and abstract, 1 sought for retrieval."
    ) in found["footnotes"]
    assert found["boxes"]["other_sought_reports"] == 1


def test_a_reason_taken_out_of_the_protocol_keeps_its_label(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    (key,) = bring_in(review, [a_record(1)])
    run("dedupe")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, "--record", key, "--verdict", "include")
    run("fulltext", "retrieved", "--all", "--by", "ann")
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, "--stage", "full-text", typed="2\n")
    text = run("protocol", "show").stdout.replace(
        '[[reason]]\ncode = "juvenile"\nlabel = "Juvenile patients"\n', ""
    )
    Path("p.toml").write_text(text, encoding="utf-8")
    run("protocol", "load", "p.toml")

    found = run_json("prisma")

    assert found["reasons"]["juvenile"] == 1
    assert any("Reason juvenile was taken out of the protocol" in note for note in found["footnotes"])
    assert "Juvenile patients" in run("prisma").stdout


def test_check_finds_a_record_that_no_run_found_and_a_source_renamed(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)])
    review.db.execute("insert into records (source, accession, key) values ('testbase', 'x', 'testbase:x')")
    review.db.execute("insert into kept_records (record_id, kept_id) values (2, 2)")
    review.db.execute("drop trigger sources_no_update")
    review.db.execute("update sources set kind = 'citation'")

    faults = run("check").stdout

    assert "no run found record testbase:x" in faults
    assert "name or kind of Testbase is not what was logged" in faults


def test_the_log_is_asked_for_by_someone_who_takes_part(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)])

    assert run("log", "--reviewer", "nobody").exit_code == 3


def test_a_search_given_up_is_not_resumed_but_begun_anew(
    run: Run, run_json: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "http://127.0.0.1:9/")
    run("search", "--strategy", "improved")
    run("search", "--strategy", "improved", "--abandon")

    run("search", "--strategy", "improved")

    assert any("1 of 1 sub-queries not completed" in sentence for sentence in run_json("prisma")["missing"])
