"""`iimscreen strategy check`: what is wrong with a strategy, told before it is run."""

from __future__ import annotations

import pytest

from conftest import a_record
from iimscreen.formats import jsonl

GOOD = """[strategy]
title = "t"
[[sub_query]]
label = "A"
text = "dermatomyositis AND apremilast"
"""
BAD = GOOD.replace("dermatomyositis", "(dermatomyositis OR polymyositis)[tiab]")
ACRONYM = GOOD.replace("dermatomyositis", "(dermatomyositis OR DM)")


@pytest.fixture
def strategy_file(tmp_path):
    """Writes a strategy into a folder of its own, and gives its path."""

    def write(text, name="s.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def codes(said):
    return {one["code"] for one in said["findings"]}


def test_the_published_strategy_shows_what_cannot_be_defended(run_json):
    said = run_json("strategy", "check", "2023-08-23")

    acronyms = [one for one in said["findings"] if one["code"] == "bare-acronym"]
    assert [one["places"][0]["term"] for one in acronyms] == ["ASS", "DM", "IBM", "PM"]
    assert acronyms[1]["places"][0]["sub_queries"] == ["F06", "F14"]
    assert acronyms[1]["brings"][0]["in_other_meaning"]
    assert codes(said) >= {"not-a-name", "hyphen-variant", "class-without-members", "single-database"}
    assert said["counts"]["error"] == 0


def test_the_improved_strategy_gives_few_findings(run_json):
    said = run_json("strategy", "check", "improved")

    grave = [one["code"] for one in said["findings"] if one["severity"] != "note"]
    assert grave == ["single-database"]
    assert len(said["findings"]) <= 5


def test_each_term_of_the_published_strategy_is_told_once_and_in_few_lines(run):
    printed = run("strategy", "check", "2023-08-23").stdout

    assert printed.count("also means") == 4
    assert printed.count("error") == 1  # in the head: 0 errors
    assert "in F06, F14, line 42" in printed
    assert "offline, not PubMed" in printed
    assert len(printed.splitlines()) < 70
    assert all(line == line.rstrip() and len(line) <= 120 for line in printed.splitlines())


def test_the_json_has_the_documented_keys(run_json):
    said = run_json("strategy", "check", "2023-08-23")

    assert set(said) == {"strategy", "source", "checked", "counts", "corpus", "findings"}
    assert set(said["corpus"]) == {"database", "records", "with_abstract", "not_asked"}
    for one in said["findings"]:
        assert set(one) == {"code", "severity", "what", "why", "rests_on", "advice", "places", "brings"}
        for place in one["places"]:
            assert set(place) == {"term", "column", "block", "number", "sub_queries", "line"}
        for term in one["brings"] or ():
            assert set(term) == {
                "term",
                "titles",
                "other_meaning",
                "in_other_meaning",
                "telling_other_meaning",
            }


def test_strict_exits_with_6_where_there_is_an_error_or_a_warning(run, strategy_file):
    path = strategy_file(BAD)

    assert run("strategy", "check", path).exit_code == 0
    strict = run("strategy", "check", path, "--strict")
    assert strict.exit_code == 6
    assert "errors or warnings found: 2" in strict.stderr  # the tag, and a single database


def test_notes_alone_pass_strict_once_another_database_is_named(run, run_json, strategy_file):
    path = strategy_file(GOOD)

    said = run_json("strategy", "check", path, "--also", "Embase (Ovid)")
    strict = run("strategy", "check", path, "--also", "Embase (Ovid)", "--strict")

    assert codes(said) == {"no-register"}
    assert strict.exit_code == 0


def test_an_error_names_the_place_in_the_file(run, strategy_file):
    printed = run("strategy", "check", strategy_file(BAD)).stdout

    assert "error tag-on-group" in printed
    assert "the tag [tiab] stands on a group (in A, line 5, column 34)" in printed


def test_what_an_acronym_brings_is_shown_from_the_corpus_given(run, run_json, strategy_file, tmp_path):
    records = [
        a_record(1, title="Apremilast in DM", abstract="diabetes"),
        a_record(2, title="Apremilast in dermatomyositis (DM)"),
        a_record(3, title="Apremilast and diabetic ulcers"),
    ]
    corpus = tmp_path / "mine.jsonl"
    corpus.write_bytes(jsonl.write(records))
    path = strategy_file(ACRONYM)

    said = run_json("strategy", "check", path, "--corpus", corpus)
    printed = run("strategy", "check", path, "--corpus", corpus).stdout

    (brought,) = [one["brings"] for one in said["findings"] if one["code"] == "bare-acronym"]
    assert brought[0]["titles"] == ["Apremilast in DM"]
    assert brought[0]["in_other_meaning"] == ["Apremilast and diabetic ulcers"]
    assert "DM alone brings 1 record\n" in printed
    assert "3 records of Corpus file mine.jsonl (offline), 1 with an abstract" in printed


def test_a_text_the_corpus_cannot_read_is_checked_all_the_same(run, run_json, strategy_file):
    path = strategy_file(ACRONYM.replace("apremilast", '(apremilast AND \\"a b'))

    said = run_json("strategy", "check", path)

    assert codes(said) >= {"unmatched-quote", "unmatched-parenthesis", "bare-acronym"}
    assert "cannot be evaluated offline" in said["corpus"]["not_asked"]
    assert "What they bring is not known" in run("strategy", "check", path).stdout


def test_a_strategy_for_a_register_beside_it_is_counted_and_what_is_no_strategy_passed_over(
    run_json, strategy_file
):
    strategy_file("[protocol]\n", "protocol.toml")
    path = strategy_file(GOOD)
    assert "no-register" in codes(run_json("strategy", "check", path))

    strategy_file(GOOD.replace('title = "t"', 'title = "t"\nsource = "clinicaltrials"'), "register.toml")

    said = run_json("strategy", "check", path)
    assert "no-register" not in codes(said)
    assert "single-database" in codes(said)


def test_a_strategy_for_another_source_is_not_judged_by_pubmeds_rules(run, run_json, strategy_file):
    path = strategy_file(BAD.replace('title = "t"', 'title = "t"\nsource = "clinicaltrials"'))

    said = run_json("strategy", "check", path)

    assert (said["checked"], said["findings"]) == (False, [])
    assert "written for clinicaltrials: not checked" in run("strategy", "check", path, "--strict").stdout


@pytest.mark.parametrize("text", ["no toml [", "[strategy]\ntitle = 't'\n", GOOD.replace("label", "labell")])
def test_a_strategy_that_cannot_be_read_is_refused_as_elsewhere(run, strategy_file, text):
    result = run("strategy", "check", strategy_file(text))

    assert result.exit_code == 3
    assert result.stdout == ""


def test_a_strategy_that_does_not_exist_is_refused_with_the_bundled_names(run):
    result = run("strategy", "check", "nowhere.toml")

    assert result.exit_code == 3
    assert "improved" in result.stderr


def test_a_corpus_without_a_usable_record_is_refused(run, strategy_file, tmp_path):
    (tmp_path / "none.jsonl").write_text("{}\n", encoding="utf-8")

    result = run("strategy", "check", strategy_file(GOOD), "--corpus", tmp_path / "none.jsonl")

    assert result.exit_code == 3
