"""Options that contradict each other, files that cannot be used: one error, a hint that helps, nothing made."""

from __future__ import annotations

from pathlib import Path

import pytest


def refused(result, *said):
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    assert result.stderr.count("Error: ") == 1
    for words in said:
        assert words in result.stderr
    assert not Path("review.db").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("search --note why", "--note goes with --abandon"),
        ("search --cited-by 1 --note why", "--note goes with --abandon"),
        ("search --abandon --again", "--again and --abandon exclude each other"),
        ("search --update --strategy improved", "--strategy has no meaning with --update"),
        ("search --update --source corpus", "--source has no meaning with --update"),
        ("search --review other.db show", "--review stands before 'show'"),
        ("search --cited-by included report", "--cited-by stands before 'report'"),
        ("source --json list", "--json stands before 'list'"),
        ("version --review other.db close --by Ann", "--review stands before 'close'"),
        ("reviewer --review other.db add Ann", "--review stands before 'add'"),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(run, words, said):
    refused(run(*words.split()), said)


@pytest.mark.parametrize(
    "command",
    [
        ("strategy", "check", "improved"),
        ("strategy", "trace", "improved"),
        ("strategy", "press", "improved"),
        ("search", "--source", "corpus"),
    ],
)
@pytest.mark.parametrize("kind", ["missing", "folder", "binary", "empty", "csv"])
def test_a_corpus_that_cannot_be_read_is_refused_with_a_hint_these_commands_can_obey(run, command, kind):
    if kind == "folder":
        Path("given").mkdir()
    elif kind != "missing":
        content = {"binary": bytes(range(256)), "empty": b"", "csv": b"a;b\n1;2\n"}[kind]
        Path("given").write_bytes(content)

    result = run(*command, "--corpus", "given")

    refused(result, "given", "name a file of records with --corpus: RIS, nbib, PubMed XML or JSONL")
    assert "--format" not in result.stderr


def test_a_name_that_is_a_file_and_a_run_is_refused_with_names_that_are_one_of_them(run, review_file):
    run("search", "--source", "corpus")
    Path("F05").write_text("33258553\n", encoding="utf-8")

    result = run("search", "compare", "1", "F05")

    assert result.exit_code == 3
    assert "write ./F05 for the file, or 1.5 for the other" in result.stderr
    assert "first: search 1" in run("search", "compare", "1", "./F05").stdout
    assert "second: run 1.5" in run("search", "compare", "1", "1.5").stdout


def test_what_is_neither_run_nor_file_is_said_to_be_neither(run, review_file):
    run("search", "--source", "corpus")
    Path("lists").mkdir()

    assert "it is no file either" in run("search", "compare", "1", "none.txt").stderr
    assert "it is a folder" in run("search", "compare", "1", "lists").stderr


def test_a_list_made_tomorrow_is_refused(run, review_file):
    run("search", "--source", "corpus")
    Path("list.txt").write_text("33258553\n", encoding="utf-8")

    result = run("search", "compare", "1", "list.txt", "--on", "2999-01-01")

    assert result.exit_code == 3
    assert "--on 2999-01-01 lies ahead" in result.stderr


def test_all_pmids_are_asked_of_one_search(run, review_file):
    result = run("search", "show", "--pmids")

    assert result.exit_code == 3
    assert "`iimscreen search show 1 --pmids`" in result.stderr


@pytest.mark.parametrize("content", [b"", bytes(range(256)), b"x"])
def test_a_previous_version_in_no_known_format_is_named_once_with_what_is_wanted(run, review_file, content):
    Path("before").write_bytes(content)

    result = run("previous", "load", "before", "--by", "Ann")

    assert result.exit_code == 3
    assert result.stderr.count("before") == 1
    assert "give a CSV study,pmid,doi,title" in result.stderr


def test_a_long_query_is_cut_in_the_table_of_what_found_a_record_and_whole_in_its_json(
    run, run_json, review_file
):
    run("search", "--source", "corpus", "--strategy", "improved")

    (found, *_) = run_json("source", "of", "1")

    assert len(found["text_sent"]) > 1000
    table = run("source", "of", "1").stdout
    assert "--json" in table
    assert len(table.splitlines()) < 20


def test_what_stores_nothing_does_not_say_that_anything_was_saved(run, monkeypatch):
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "http://127.0.0.1:9/")

    result = run("strategy", "trace", "improved", "--source", "pubmed")

    assert result.exit_code == 5
    assert "nothing was stored; ask again later" in result.stderr
    assert "is saved" not in result.stderr
    assert "without --source pubmed a file of records is searched" in result.stderr


def test_a_watch_without_a_connection_stores_nothing_and_names_what_works_offline(run, monkeypatch):
    run("demo")
    monkeypatch.chdir("iimscreen-demo")
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "http://127.0.0.1:9/")

    result = run("watch")

    assert result.exit_code == 5
    assert "nothing was stored; ask again later; `--source none` shows what is open" in result.stderr
    assert run("watch", "--source", "none").exit_code == 0
