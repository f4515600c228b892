"""A version made elsewhere: entered from a file, recognised, never screened again, counted as previous."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import previous, watching
from iimscreen.duplicates import by_hand
from iimscreen.formats import jsonl
from iimscreen.model import Kind
from iimscreen.store import Review, versions, watches
from living_reviews import judge

Run = Callable[..., Result]
RunJson = Callable[..., Any]

LONG = "Tofacitinib for refractory dermatomyositis with rapidly progressive lung disease: four invented cases"
FIRST = "A first invented report"
LIST = f"""study,pmid,doi,title,year,authors,journal
Adler 2019,1001,,{FIRST},2019,,
Adler 2019,,10.1000/x2,A second report of the same study,2020,,
Beispiel 2020,,,{LONG},2020,"Beispiel, Otto",Invented Journal
"""


def a_list(text: str = LIST, name: str = "included.csv") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_included_reports_of_another_version_are_the_previous_boxes(
    run: Run, run_json: RunJson, review_file: Path
) -> None:
    result = run("previous", "load", a_list(), "--by", "ann", "--title", "Adler 2021")

    found = run_json("prisma")

    assert "Adler 2021: 2 studies in 3 reports; 1 report without PMID and DOI" in result.stdout
    assert found["template"] == "updated-databases"
    assert (found["boxes"]["previous_studies"], found["boxes"]["previous_reports"]) == (2, 3)
    assert (
        found["boxes"]["database_results"] == found["boxes"]["citations_results"]
        or found["boxes"]["citations_results"] is None
    )
    assert "search: no search has been completed and nothing imported" in found["missing"]
    assert run("check").exit_code == 0
    assert (
        "previous review 'Adler 2021' entered from included.csv: 2 studies in 3 reports" in run("log").stdout
    )


def test_what_finds_a_previous_report_again_is_a_duplicate_and_is_not_screened(
    run: Run, run_json: RunJson, review: Review
) -> None:
    """Found again by PMID, by DOI, and by title, author and year; one record is new."""
    run("previous", "load", a_list(), "--by", "ann", "--title", "Adler 2021")
    keys = bring_in(
        review,
        [
            a_record(1, pmid="1001", title=FIRST),
            a_record(2, doi="10.1000/x2", title="A second report of the same study", year=2020),
            a_record(3, title=LONG, year=2020, journal="Invented Journal",
                     authors=tuple(_author("Beispiel", "Otto"))),
            a_record(4),
        ],
    )  # fmt: skip
    run("dedupe")
    for pair in _asked(run):
        run("duplicates", "merge", *pair, "--by", "ann")
    judge(review, include=keys[3:])

    found = run_json("prisma")

    assert not found["interim"]
    assert {box: count for box, count in found["boxes"].items() if count} == {
        "previous_studies": 2,
        "previous_reports": 3,
        "database_results": 4,
        "duplicates": 3,
        "records_screened": 1,
        "dbr_sought_reports": 1,
        "dbr_assessed": 1,
        "new_studies": 1,
        "new_reports": 1,
        "total_studies": 3,
        "total_reports": 4,
    }
    assert any("3 are of reports known in Adler 2021" in note for note in found["footnotes"])
    assert found["databases"] == {"Testbase": 4}
    assert run("check").exit_code == 0


def _author(family: str, given: str) -> list[Any]:
    from iimscreen.model import Author

    return [Author(family, given)]


def _asked(run: Run) -> list[tuple[str, str]]:
    import re

    return re.findall(r"duplicates merge (\S+) (\S+) --by", run("duplicates").stdout)


@pytest.mark.parametrize("line", ["pmid\n1001", "doi\n10.1000/x1"])
def test_an_identifier_alone_is_enough_to_recognise_a_report(
    run: Run, run_json: RunJson, review: Review, line: str
) -> None:
    run("previous", "load", a_list(f"{line}\n"), "--by", "ann")
    bring_in(review, [a_record(1, pmid="1001", doi="10.1000/x1"), a_record(2)])
    judge(review, include=[])

    found = run_json("prisma")

    assert (found["boxes"]["duplicates"], found["interim"]) == (1, False)


def test_a_list_entered_after_the_search_is_recognised_all_the_same(
    run: Run, run_json: RunJson, review: Review
) -> None:
    keys = bring_in(review, [a_record(1, pmid="1001", title=FIRST), a_record(2)])
    run("previous", "load", a_list(), "--by", "ann")
    judge(review, include=[])

    found = run_json("prisma")

    assert (found["boxes"]["duplicates"], found["boxes"]["records_screened"]) == (1, 1)
    assert [row["record"] for row in run_json("prisma", "--list", "duplicates")] == keys[:1]
    assert not found["interim"]


def test_a_previous_report_that_was_voted_on_before_the_list_came_counts_as_previous(
    run: Run, run_json: RunJson, review: Review
) -> None:
    keys = bring_in(review, [a_record(1, pmid="1001", title=FIRST), a_record(2)])
    judge(review, include=keys)
    run("previous", "load", a_list(), "--by", "ann")
    run("dedupe")

    found = run_json("prisma")

    assert (found["boxes"]["new_reports"], found["boxes"]["total_reports"]) == (1, 4)
    assert run("check").exit_code == 0


def test_rounds_open_although_previous_reports_have_no_votes(run: Run, review: Review) -> None:
    """Also where records of other methods are screened on title and abstract first."""
    text = run("protocol", "show").stdout.replace(
        "screen_other_methods = false", "screen_other_methods = true"
    )
    Path("p.toml").write_text(text, encoding="utf-8")
    run("protocol", "load", "p.toml")
    run("previous", "load", a_list(), "--by", "ann")
    bring_in(review, [a_record(1, pmid="1001", title=FIRST), a_record(2)])
    bring_in(review, [a_record(3)], database="List", kind=Kind.CITATION)

    judge(review, include=[])
    run("reviewer", "add", "cyn", "--role", "adjudicator")

    assert "stage title-abstract open: all votes on 2 records are in" in run("log").stdout
    assert "2 to judge" in run("status").stdout


def test_the_same_file_again_does_nothing(run: Run, review: Review) -> None:
    run("previous", "load", a_list(), "--by", "ann")
    rows = review.db.execute("select count(*) from log").fetchone()

    again = run("previous", "load", a_list(name="renamed.csv"), "--by", "bob", "--title", "Another")

    assert again.exit_code == 0
    assert "was entered before: nothing was stored" in again.stdout
    assert review.db.execute("select count(*) from log").fetchone() == rows


@pytest.mark.parametrize(
    "words",
    [
        ("screen", "--reviewer", "ann", "--verdict", "include", "--record"),
        ("screen", "--reviewer", "ann", "--stage", "full-text", "--verdict", "include", "--record"),
        ("fulltext", "retrieved", "--by", "ann"),
        ("resolve", "--by", "ann", "--by", "bob", "--verdict", "exclude", "--note", "x", "--record"),
    ],
)
def test_who_would_judge_a_report_of_the_other_version_is_told_why_not(
    run: Run, review: Review, words: tuple[str, ...]
) -> None:
    run("previous", "load", a_list(), "--by", "ann", "--title", "Adler 2021")
    again, new = bring_in(review, [a_record(1, pmid="1001", title=FIRST), a_record(4)])
    judge(review, include=[new])

    result = run(*words, again)

    assert result.exit_code == 6
    assert "is a report that Adler 2021 included, a version made elsewhere" in " ".join(result.stderr.split())
    assert "iimscreen duplicates split" in result.stderr


def test_a_dry_run_reads_and_stores_nothing(run: Run, review: Review) -> None:
    result = run("previous", "load", a_list(), "--by", "ann", "--dry-run")

    assert (result.exit_code, "2 studies in 3 reports" in result.stdout) == (0, True)
    assert versions.previous_reviews(review) == []


def test_a_second_list_adds_to_the_first(run: Run, run_json: RunJson, review_file: Path) -> None:
    run("previous", "load", a_list(), "--by", "ann", "--title", "Adler 2021")
    run("previous", "load", a_list("title,pmid\nMore,2001\n", "more.csv"), "--by", "ann", "--title", "More")

    boxes = run_json("prisma")["boxes"]

    assert (boxes["previous_studies"], boxes["previous_reports"]) == (3, 4)


def test_a_title_of_blanks_is_none(run: Run, review: Review) -> None:
    run("previous", "load", a_list(), "--by", "ann", "--title", "  ")

    assert [one.title for one in versions.previous_reviews(review)] == ["included"]


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_spreadsheet_may_be_parted_by_semicolons_or_tabs(run: Run, review: Review, suffix: str) -> None:
    by = ";" if suffix == "csv" else "\t"
    text = f"PMID{by}Study\n1001{by}Adler 2019\n 1002.0 {by}Adler 2019\n{by}\n"

    result = run("previous", "load", a_list(text, f"x.{suffix}"), "--by", "ann")

    assert "1 study in 2 reports" in result.stdout


def test_an_export_serves_as_well(run: Run, review: Review) -> None:
    path = Path("x.ris")
    path.write_text("TY  - JOUR\nTI  - One\nDO  - 10.1000/a\nER  - \nTY  - JOUR\nTI  - Two\nER  - \n")
    other = Path("y.jsonl")
    other.write_bytes(jsonl.write([a_record(3)]))

    results = [run("previous", "load", one, "--by", "ann").stdout for one in (path, other)]

    assert "2 studies in 2 reports; 1 report without" in results[0]
    assert "1 study in 1 report" in results[1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("study,pmid\nAdler,12x\n", "line 2: '12x' is no PMID"),
        ("study,doi\nAdler,doi\n", "line 2: 'doi' is no DOI"),
        ("study,pmid,title\nAdler,,\n", "line 2: neither PMID nor DOI nor title"),
        ("study,pmid\nAdler,1\nBeispiel,1\n", "line 3: PMID 1 stands on line 2 as well"),
        ("name,number\nAdler,1\n", "line 1: the columns are name, number"),
        ("study,pmid\nAdler,1,2\n", "line 2: more values than columns"),
        ("study,pmid\n", "holds no included report"),
        ("study,pmid,PMID\nAdler,1,2\n", "line 1: column pmid stands there twice"),
        ("", "line 1: the columns are missing"),
        ('pmid,title\n1,"open\n', "unexpected end of data"),
    ],
)
def test_a_list_that_cannot_be_used_names_the_line_and_stores_nothing(
    run: Run, review: Review, text: str, told: str
) -> None:
    result = run("previous", "load", a_list(text), "--by", "ann")

    assert result.exit_code == 3
    assert told in result.stderr
    assert versions.previous_reviews(review) == []


def test_a_report_of_two_lists_and_a_title_used_twice_are_refused(run: Run, review: Review) -> None:
    run("previous", "load", a_list(), "--by", "ann", "--title", "Adler 2021")

    twice = run("previous", "load", a_list("pmid\n7\n1001\n", "b.csv"), "--by", "ann")
    same = run("previous", "load", a_list("pmid\n7\n", "c.csv"), "--by", "ann", "--title", "Adler 2021")

    assert (twice.exit_code, same.exit_code) == (3, 3)
    assert "line 3: PMID 1001 stands in included.csv already" in twice.stderr
    assert "was entered already" in same.stderr
    assert len(versions.previous_reviews(review)) == 1


def test_after_a_version_was_closed_here_none_is_entered_from_elsewhere(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)])
    judge(review, include=[])
    run("version", "close", "--by", "ann")

    result = run("previous", "load", a_list(), "--by", "ann")

    assert result.exit_code == 6
    assert "a version of this review has been closed here" in result.stderr


def test_the_update_of_a_version_made_elsewhere_is_closed_with_both(
    run: Run, run_json: RunJson, review: Review
) -> None:
    run("previous", "load", a_list(), "--by", "ann", "--title", "Adler 2021")
    (new,) = bring_in(review, [a_record(4)])
    judge(review, include=[new])
    run("version", "close", "--by", "ann", "--title", "First update")
    (later,) = bring_in(
        review,
        [
            a_record(5),
        ],
        database="Embase",
    )
    judge(review, include=[later])

    found = run_json("prisma")

    boxes = found["boxes"]
    assert (boxes["previous_studies"], boxes["previous_reports"]) == (3, 4)
    assert (boxes["total_studies"], boxes["total_reports"]) == (4, 5)
    assert run_json("prisma", "--version", "1")["boxes"]["previous_reports"] == 3
    assert run("check").exit_code == 0
    listed = run("version").stdout
    assert "made elsewhere" in listed
    assert "Adler 2021" in listed


def test_a_merge_with_an_older_record_does_not_bring_back_what_was_excluded_after_a_finding(
    run_json: RunJson, review: Review
) -> None:
    """The finding stands under the key that was kept then; another record of the report is kept since."""
    older, found = bring_in(review, [a_record(8), a_record(1, pmid="1001", title=FIRST)])
    previous.load(review, a_list("study,pmid\nAdler,1001\nBeispiel,1002\n"), by="ann")
    judge(review, include=[older])
    _exclude_after_a_finding(review, found, "retraction", "9001")
    before = run_json("prisma")["boxes"]["total_reports"]

    by_hand.merge(review, [older, found], by="ann")

    after = run_json("prisma")
    assert (before, after["boxes"]["total_reports"]) == (2, 1)
    assert after["previous_dropped"] == ["previous.1:1"]


def test_two_lines_held_for_one_report_at_the_closing_and_parted_since_count_twice_again(
    run: Run, run_json: RunJson, review: Review
) -> None:
    previous.load(review, a_list("study,pmid\nAdler,1001\nAdler,1002\n"), by="ann")
    by_hand.merge(review, ["previous.1:1", "previous.1:2"], by="ann")
    bring_in(review, [a_record(9)])
    judge(review, include=[])
    assert run("version", "close", "--by", "ann").exit_code == 0
    before = run_json("prisma")["boxes"]

    by_hand.split(review, ["previous.1:2"], by="ann")

    found = run_json("prisma")
    assert (before["total_studies"], before["total_reports"]) == (1, 1)
    assert (found["boxes"]["total_studies"], found["boxes"]["total_reports"]) == (1, 2)
    assert found["previous_added"] == ["previous.1:2"]
    assert run("version", "close", "--by", "ann").exit_code == 0
    assert versions.closures(review)[1].reports == (("previous.1:1", "Adler"), ("previous.1:2", "Adler"))
    assert run("check").exit_code == 0


def test_keeping_it_so_after_a_later_finding_does_not_bring_an_excluded_report_back(
    run_json: RunJson, review: Review
) -> None:
    previous.load(review, a_list("study,pmid\nAdler,1001\nBeispiel,1002\n"), by="ann")
    bring_in(review, [a_record(9)])
    judge(review, include=[])
    _exclude_after_a_finding(review, "previous.1:1", "retraction", "9001")

    _find(review, "previous.1:1", "correction", "9002")
    watching.settle(review, "previous.1:1", names=["ann", "bob"], exclude=False)

    found = run_json("prisma")
    assert found["boxes"]["total_reports"] == 1
    assert found["previous_dropped"] == ["previous.1:1"]


def _find(review: Review, key: str, kind: str, notice: str) -> None:
    finding = watches.Finding(key, kind, f"pmid:{notice}", "", was_known=False)
    with review.writing():
        watches.add(review, origin="PubMed", looked_at=1, findings=[finding])


def _exclude_after_a_finding(review: Review, key: str, kind: str, notice: str) -> None:
    _find(review, key, kind, notice)
    watching.settle(review, key, names=["ann", "bob"], exclude=True, reason="not-clinical")
