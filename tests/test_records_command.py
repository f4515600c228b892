"""`iimscreen records`: show, list, edit, remove, restore, as people type and read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.duplicates import by_hand
from iimscreen.model import Author, Kind
from iimscreen.store import Review

Run = Callable[..., Result]
RunJson = Callable[..., Any]

BY = ("--by", "ann")
WHY = ("--note", "from the printed paper", *BY)


@pytest.fixture
def three(review: Review) -> list[str]:
    """Three records; the second has all that the others lack."""
    full = a_record(2, abstract="A text.", doi="10.1000/two", authors=(Author("Paik", "Julie J."),))
    return bring_in(review, [a_record(1), full, a_record(3, year=None)])


def words(result: Result) -> str:
    return " ".join(result.output.split())


def test_a_missing_abstract_is_added_from_a_file_and_shown_with_who_and_why(
    run: Run, run_json: RunJson, three: list[str]
) -> None:
    Path("a.txt").write_bytes("BACKGROUND: Größe.\r\n\r\nRESULTS: All.".encode())

    done = run("records", "edit", three[0], "--file", "abstract=a.txt", "--set", "year=2021", *WHY)

    assert done.exit_code == 0, done.output
    assert f"{three[0]}: year: 1991 → 2021" in done.stdout
    assert f"{three[0]}: abstract: (empty) → BACKGROUND: Größe. RESULTS: All." in words(done)
    assert "Next: iimscreen dedupe" not in done.stdout  # no duplicates were sought yet
    shown = words(run("records", "show", three[0]))
    assert "year: 2021 as Testbase stated it: 1991 set to '2021' by ann" in shown
    assert "from the printed paper" in shown
    found = run_json("records", "show", three[0])
    assert found["fields"]["abstract"]["value"] == "BACKGROUND: Größe.\nRESULTS: All."
    assert (found["fields"]["abstract"]["stated"], found["fields"]["year"]["stated"]) == (None, "1991")
    (edit,) = found["fields"]["year"]["edits"]
    assert (edit["by"], edit["note"], edit["value"]) == ("ann", "from the printed paper", "2021")


def test_show_tells_report_file_and_place(
    run: Run, run_json: RunJson, review: Review, three: list[str]
) -> None:
    by_hand.merge(review, three[:2], by="ann")

    found = run_json("records", "show", three[1])

    assert found["report"] == {"kept": three[0], "records": three[:2]}
    assert [(one["label"], one["position"], one["of"]) for one in found["found_by"]] == [
        ("testbase-r1.jsonl", 2, 3)
    ]
    shown = words(run("records", "show", "2"))
    assert f"One report with {three[0]}; this record is a duplicate; kept is {three[0]}." in shown
    assert "testbase-r1.jsonl, record 2 of 3" in shown


def test_an_undone_edit_is_told_and_stays_in_the_log(run: Run, run_json: RunJson, three: list[str]) -> None:
    run("records", "edit", three[0], "--set", "year=2021", *WHY)

    undone = run("records", "edit", three[0], "--undo", "--by", "bob", "--note", "misread")

    assert f"{three[0]}: year: 2021 → 1991" in undone.stdout
    first, second = run_json("records", "show", three[0])["fields"]["year"]["edits"]
    assert (first["is_taken_back"], second["takes_back"], second["by"]) == (True, first["edit"], "bob")
    logged = words(run("log"))
    assert f"ann year of {three[0]} edited: 2021 – from the printed paper" in logged
    assert f"of year of {three[0]} taken back – misread" in logged
    again = run("records", "edit", three[0], "--undo", "--by", "bob")
    assert (again.exit_code, "has no edit to take back" in again.stderr) == (6, True)


def test_emptying_a_field_is_told(run: Run, three: list[str]) -> None:
    done = run("records", "edit", three[1], "--unset", "doi", *WHY)

    assert f"{three[1]}: doi: 10.1000/two → (empty)" in done.stdout
    assert f"doi of {three[1]} emptied – from the printed paper" in words(run("log"))
    assert "doi: (empty) as Testbase stated it: 10.1000/two emptied by ann" in words(
        run("records", "show", three[1])
    )
    assert run("check").exit_code == 0


def test_what_stands_so_already_is_nothing_to_do(run: Run, three: list[str]) -> None:
    result = run("records", "edit", three[1], "--set", "doi=https://doi.org/10.1000/TWO", *WHY)

    assert (result.exit_code, result.stdout) == (0, f"{three[1]}: doi stands so already: nothing to do\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "nothing to edit was given"),
        (("--set", "2021"), "--set '2021' names no field"),
        (("--set", "year=2021", "--set", "year=2022"), "year is given twice"),
        (("--set", "Year=2021", "--set", "year=2022"), "year is given twice"),
        (("--set", "year=2021", "--unset", "year"), "both set and unset"),
        (("--set", "year=2021", "--undo"), "--undo stands alone"),
        (("--file", "abstract=missing.txt"), "missing.txt cannot be read"),
        (("--file", "abstract=binary.txt"), "binary.txt, line 1: a NUL character"),
        (("--file", "abstract=empty.txt"), "the value given for abstract is empty"),
        (("--set", "accession=5"), "accession cannot be edited: it says which record this is"),
    ],
)
def test_an_edit_that_cannot_be_is_one_error_and_stores_nothing(
    run: Run, three: list[str], options: tuple[str, ...], told: str
) -> None:
    Path("binary.txt").write_bytes(b"a\0b")
    Path("empty.txt").write_bytes(b" \n")

    result = run("records", "edit", three[0], *options, *WHY)

    assert (result.exit_code, told in result.stderr, "→" in result.stderr) == (3, True, True)
    assert "[edited]" not in run("records", "list").stdout


def test_an_edit_without_a_note_is_refused(run: Run, three: list[str]) -> None:
    result = run("records", "edit", three[0], "--set", "year=2021", *BY)

    assert (result.exit_code, "an edit needs its reason" in result.stderr) == (3, True)


def test_an_unknown_record_is_told(run: Run, three: list[str]) -> None:
    for command in (
        ("show", "x:1"),
        ("edit", "x:1", "--set", "year=2021", *WHY),
        ("remove", "x:1", "--reason", "x", *BY),
        ("restore", "x:1", "--note", "x", *BY),
    ):
        result = run("records", *command)
        assert (result.exit_code, "no record of this review is 'x:1'" in result.stderr) == (3, True), command


def test_votes_given_before_an_edit_are_counted_and_duplicates_asked_for_again(
    run: Run, three: list[str]
) -> None:
    run("dedupe")
    run("screen", "--reviewer", "bob", "--record", three[0], "--verdict", "exclude")

    done = run("records", "edit", three[0], "--set", "title=Another", *WHY)

    assert "title-abstract: 1 of 2 votes on its report was given before this; it stands." in words(done)
    assert "bob" not in done.output
    assert "exclude" not in done.output
    assert "Next: iimscreen dedupe" in done.stdout
    assert "Next: iimscreen dedupe" in run("status").stdout


def test_records_are_listed_by_what_they_lack_as_it_stands(
    run: Run, run_json: RunJson, three: list[str]
) -> None:
    def keys(*options: str) -> list[str]:
        return [one["record"] for one in run_json("records", "list", *options)]

    assert keys() == three
    assert keys("--lacking", "abstract") == [three[0], three[2]]
    assert keys("--lacking", "year") == [three[2]]
    assert keys("--lacking", "doi") == keys("--lacking", "authors") == [three[0], three[2]]
    assert keys("--lacking", "title") == keys("--edited") == keys("--removed") == []
    run("records", "edit", three[0], "--set", "abstract=Now.", *WHY)
    run("records", "edit", three[1], "--unset", "abstract", *WHY)
    run("records", "remove", three[2], "--reason", "test record", *BY)
    assert keys("--lacking", "abstract") == three[1:]
    assert keys("--lacking", "abstract", "--removed") == keys("--removed") == [three[2]]
    assert keys("--edited") == three[:2]
    listed = run("records", "list", "--removed")
    assert listed.stdout.endswith("[removed: test record]\n")
    assert listed.stderr == "1 record.\n"
    wrong = run("records", "list", "--lacking", "pages")
    assert (wrong.exit_code, "expected abstract, title, year, doi, authors" in wrong.stderr) == (3, True)


def test_a_title_cannot_steer_the_terminal_in_a_list(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1, title="Red \x1b[31m\nline")])

    assert "\x1b" not in run("records", "list").stdout
    assert run("records", "list").stdout.count("\n") == 1


def test_removed_records_fill_their_box_and_its_list_and_leave_it_when_restored(
    run: Run, run_json: RunJson, review: Review, three: list[str]
) -> None:
    done = run("records", "remove", three[0], three[1], "--reason", "retracted before screening", *BY)

    assert done.exit_code == 0, done.output
    assert "2 records removed before screening." in done.stdout
    flow = run_json("prisma")
    assert (flow["boxes"]["excluded_other"], flow["boxes"]["records_screened"]) == (2, 1)
    assert any("retracted before screening (n = 2)" in note for note in flow["footnotes"])
    assert [one["record"] for one in run_json("prisma", "--list", "excluded_other")] == three[:2]
    assert "Records removed for other reasons" in words(run("prisma"))
    status = run_json("status")
    assert (status["records"], status["removed"], status["reports"]) == (3, 2, 1)
    assert "3 records (2 removed before screening), 1 report" in run("status").stdout
    assert "Testbase: 2 of 3 records removed before screening" in run("source").stdout
    assert run_json("source")["sources"][0]["removed"] == 2
    assert "2 records were removed before screening for other reasons" in run("search", "report").stdout
    assert "1 report after, without 2 records removed for other reasons" in words(_deduplicated(run))
    assert f"{three[0]} removed before screening: retracted before screening" in words(run("log"))
    restored = run("records", "restore", three[0], "--note", "it was another paper", *BY)
    assert "1 record restored." in restored.stdout
    assert run_json("prisma")["boxes"]["excluded_other"] == 1
    assert f"{three[0]} restored: it was another paper" in words(run("log"))
    assert "Removed once, and restored by ann" in run("records", "show", three[0]).stdout
    assert run("check").exit_code == 0


def _deduplicated(run: Run) -> Result:
    run("dedupe")
    return run("search", "report")


def test_the_report_of_a_removed_record_goes_on_with_the_earliest_that_is_left(
    run: Run, review: Review, three: list[str]
) -> None:
    by_hand.merge(review, three[:2], by="ann")

    done = run("records", "remove", three[0], "--reason", "wrong import", *BY)

    assert f"Its report is screened by {three[1]}, another record of it." in words(done)
    rows = [line.split(",") for line in run("duplicates", "--csv").stdout.splitlines()[1:]]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        (three[0], three[1], "0"),
        (three[1], three[1], "1"),
        (three[2], three[2], "1"),
    ]


def test_removing_what_was_judged_is_refused_with_exit_6_and_a_way(run: Run, three: list[str]) -> None:
    run("screen", "--reviewer", "bob", "--record", three[0], "--verdict", "exclude")

    result = run("records", "remove", three[0], "--reason", "late", *BY)

    assert result.exit_code == 6
    assert f"{three[0]} has votes: records are removed before screening" in result.stderr
    assert "exclude it by vote" in result.stderr
    assert "bob" not in result.output


def test_a_removed_record_cannot_be_voted_on_nor_marked_as_retrieved(
    run: Run, review: Review, three: list[str]
) -> None:
    (cited,) = bring_in(review, [a_record(9)], database="List", kind=Kind.CITATION)
    run("records", "remove", three[0], cited, "--reason", "test record", *BY)

    voted = run("screen", "--reviewer", "ann", "--record", three[0], "--verdict", "include")
    marked = run("fulltext", "retrieved", cited, *BY)

    for result in (voted, marked):
        assert (result.exit_code, "was removed before screening by ann" in result.stderr) == (6, True)
        assert "iimscreen records restore" in result.stderr


def test_removing_twice_is_nothing_to_do(run: Run, three: list[str]) -> None:
    run("records", "remove", three[0], "--reason", "test record", *BY)

    again = run("records", "remove", three[0], "--reason", "once more", *BY)

    assert (again.exit_code, again.stdout) == (
        0,
        f"{three[0]} is removed already: nothing to do\n0 records removed before screening.\n",
    )
    other = run("records", "restore", three[1], "--note", "x", *BY)
    assert f"{three[1]} is not removed: nothing to do" in other.stdout


def test_reasons_and_names_that_are_empty_are_refused(run: Run, three: list[str]) -> None:
    for words_given, told in (
        (("remove", three[0], "--reason", " ", *BY), "--reason is empty"),
        (("restore", three[0], "--note", "", *BY), "--note is empty"),
        (("remove", three[0], "--reason", "x", "--by", " "), "cannot be a person's name"),
    ):
        result = run("records", *words_given)
        assert (result.exit_code, told in result.stderr) == (3, True), words_given


def test_the_json_of_a_list_is_written_record_by_record_and_valid_when_empty(
    run: Run, review: Review
) -> None:
    assert json.loads(run("records", "list", "--json").stdout) == []
    (key,) = bring_in(review, [a_record(1)])

    (one,) = json.loads(run("records", "list", "--json").stdout)

    assert one == {
        "record": key,
        "number": 1,
        "title": a_record(1).title,
        "is_edited": False,
        "removed": None,
    }
