"""`extract audit`, `extract state` and `extract overlap`: what is printed, kept and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from iimscreen import auditing
from iimscreen.errors import InputError
from iimscreen.extracting import Given, Seat
from iimscreen.forms import OF
from iimscreen.store import Review, stated_totals, studies

Run = Callable[..., Result]
HEAD = "name,value,counts,where,of,source,page\n"


def extracted_by_both(review: Review, name: str, drug: str, n: int, *, kind: str = "literature") -> None:
    """A study of one group, entered by ann and bob alike."""
    itself = {
        "first_author": name,
        "year": "2020",
        "source": "primary",
        "design": "case series",
        "mixed": "no",
    }
    group = {"label": "all", "unit": "group", "n": str(n), "age": "NR", "n_female": "NR", "subtype": "DM"}
    group |= {"antibodies": "NR", "events_told": "NR"}
    cells = [
        ("", field, value) for field, value in {**itself, "n_total": str(n), "n_eligible": str(n)}.items()
    ]
    cells += [("P1", field, value) for field, value in group.items()]
    cells += [("T1", OF, "P1"), ("T1", "drug", drug), ("T1", "dose", "NR")]
    with review.writing():
        studies.add(review, name, kind=kind, by="ann")
    for person in ("ann", "bob"):
        seat = Seat(review, person)
        seat.take([Given("", name, row, field, value) for row, field, value in cells])
        seat.done(name)


@pytest.fixture
def ready(review: Review) -> Path:
    """A review of two studies on apremilast, and own patients."""
    extracted_by_both(review, "Oak 2020", "APR", 3)
    extracted_by_both(review, "Elm 2020", "APR", 5)
    extracted_by_both(review, "Ours", "APR", 2, kind="own")
    return review.path


def stated(run: Run, *words: str) -> Result:
    return run("extract", "state", "subjects", "3", "--source", "the paper", "--by", "ann", *words)


def test_a_stated_total_is_held_against_the_rows_and_can_be_taken_back(
    run: Run, run_json: Any, ready: Path
) -> None:
    assert stated(run, "--where", "drug=APR").exit_code == 0

    (finding,) = [one for one in run_json("extract", "audit")["findings"] if one["compared"]]
    assert finding["compared"] == {
        "name": "subjects",
        "stated": 3.0,
        "summed": 8.0,
        "readings": ["3 = 3, without Elm 2020"],
        "not_reported": [],
        "not_told": [],
        "difference": 5.0,
    }

    assert run("extract", "state", "subjects", "--withdraw", "--by", "ann").exit_code == 0
    assert [one for one in run_json("extract", "audit")["findings"] if one["compared"]] == []


def test_findings_end_with_0_and_with_6_under_strict(run: Run, ready: Path) -> None:
    stated(run)

    assert run("extract", "audit").exit_code == 0
    strict = run("extract", "audit", "--strict")

    assert strict.exit_code == 6
    assert "the audit has 1 contradiction" in strict.stderr
    assert "subjects: stated 3, the rows give 8 (5 more)" in strict.stdout


def test_an_audit_without_findings_is_fine_under_strict(run: Run, ready: Path) -> None:
    result = run("extract", "audit", "--strict")

    assert result.exit_code == 0
    assert "no findings" in result.stdout


def test_own_patients_are_in_no_sum_of_the_literature(run_json: Any, ready: Path) -> None:
    assert run_json("extract", "audit")["sums"] == [
        {"drug": "APR", "as_reported": 8, "once": 8, "studies": 2, "not_reported": 0}
    ]


def test_a_confirmed_overlap_counts_its_patients_once(run: Run, run_json: Any, ready: Path) -> None:
    answered = run(
        "extract", "overlap", "Oak 2020", "Elm 2020", "--yes", "--count", "Elm 2020", "--by", "ann"
    )

    assert answered.stdout == "Oak 2020 and Elm 2020: the same patients; counts for all: Elm 2020.\n"
    (sums,) = run_json("extract", "audit")["sums"]
    assert (sums["as_reported"], sums["once"]) == (8, 5)
    assert "Elm 2020 and Oak 2020: the same patients" in run("extract", "overlap").stdout

    assert run("extract", "overlap", "Elm 2020", "Oak 2020", "--withdraw", "--by", "bob").exit_code == 0
    (sums,) = run_json("extract", "audit")["sums"]
    assert sums["once"] == 8


def test_totals_come_from_a_csv_all_or_none(run: Run, review: Review, ready: Path) -> None:
    line = "APR,12,subjects,drug=APR,,the paper,text\n"
    Path("good.csv").write_text(f"{HEAD}{line}ours,2,subjects,,Ours,the paper,text\n", encoding="utf-8")
    Path("bad.csv").write_text(f"{HEAD}more,1,,,,x,\nworse,1,,drug=XYZ|,Fir 2020,x,\n", encoding="utf-8")

    refused = run("extract", "state", "--from", "bad.csv", "--by", "ann")
    assert refused.exit_code == 3
    assert "bad.csv, line 3: there is no study 'Fir 2020'" in refused.stderr
    assert stated_totals.standing(review) == {}

    assert "2 stated, 2 of them new" in run("extract", "state", "--from", "good.csv", "--by", "ann").stdout
    assert "2 stated, 0 of them new" in run("extract", "state", "--from", "good.csv", "--by", "ann").stdout
    assert "drug=APR" in run("extract", "state").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("state", "x", "--by", "ann"), "x has no value"),
        (("state", "x", "1", "--by", "ann"), "where it is stated"),
        (("state", "x", "1", "--source", "y"), "needs who states it"),
        (("state", "x", "-1", "--source", "y", "--by", "ann"), "No such option"),
        (("state", "x", "nan", "--source", "y", "--by", "ann"), "expected a number from 0 on"),
        (("state", "x", "1", "--source", "y", "--by", "ann", "--counts", "cats"), "'cats' is nothing that is counted"),
        (("state", "x", "1", "--source", "y", "--by", "ann", "--where", "drug"), "expected FIELD=VALUE"),
        (("state", "x", "1", "--source", "y", "--by", "ann", "--where", "colour=red"), "no field 'colour'"),
        (("state", "x", "1", "--source", "y", "--by", "ann", "--where", "subtype=IMNM"), "subtype is 'IMNM'"),
        (("state", "x", "1", "--source", "y", "--by", "ann", "--of", "Oak"), "did you mean Oak 2020?"),
        (("state", "x", "1", "--source", "y", "--by", "ann", "--of", "Ours", "--of", "Oak 2020"), "own patients and"),
        (("state", "x", "--withdraw", "--by", "ann"), "no total 'x' is stated"),
        (("state", "--from", "none.csv", "--by", "ann"), "none.csv cannot be read"),
        (("overlap", "Oak 2020"), "an answer needs two studies"),
        (("overlap", "Oak 2020", "Elm 2020", "--by", "ann"), "an answer needs two studies"),
        (("overlap", "Oak 2020", "Elm 2020", "--yes", "--by", "ann"), "which of them counts is not said"),
        (("overlap", "Oak 2020", "Oak 2020", "--no", "--by", "ann"), "are one study"),
        (("overlap", "Oak 2020", "Elm 2020", "--no", "--count", "Oak 2020", "--by", "ann"), "goes with --yes only"),
        (("overlap", "Oak 2020", "Elm 2020", "--yes", "--count", "Fir", "--by", "ann"), "names 'Fir'"),
        (("overlap", "Oak 2020", "Elm 2020", "--yes", "--count", "sikn=Oak 2020", "--by", "ann"), "outcome 'sikn'"),
        (("overlap", "Oak 2020", "Elm 2020", "--withdraw", "--by", "ann"), "nobody has answered"),
        (("audit", "--check", "spelling"), "there is no check 'spelling'"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_way_out(
    run: Run, review: Review, ready: Path, words: tuple[str, ...], told: str
) -> None:
    before = review.db.execute("select count(*) from log").fetchone()

    result = run("extract", *words)

    assert result.exit_code in (2, 3, 6)
    assert told in result.stderr
    assert "Traceback" not in result.output
    assert review.db.execute("select count(*) from log").fetchone() == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "columns are missing"),
        ("name,value\nx,1\n", "columns are name, value"),
        (HEAD, "holds no totals"),
        (f"{HEAD}x,1;5,,,,y,\n", "value is '1;5', expected a number"),
        (f"{HEAD}x,1,,,,y\n", "expected 7 columns"),
        (f"{HEAD}x,1,,,,y,,more\n", "expected 7 columns"),
        (f"{HEAD}x,1,,,,y,\nx,2,,,,y,\n", "line 3: x stands twice"),
    ],
)
def test_a_csv_of_totals_that_cannot_be_read_is_refused_where_it_is_wrong(
    review: Review, content: str, told: str
) -> None:
    Path("totals.csv").write_text(content, encoding="utf-8")

    with pytest.raises(InputError, match=told):
        auditing.read_totals(review, Path("totals.csv"))


def test_values_of_a_study_that_is_closed_to_view_are_in_no_finding(
    run: Run, review: Review, ready: Path
) -> None:
    with review.writing():
        studies.add(review, "Closed 2020", by="ann")
    Seat(review, "ann").take(
        [Given("", "Closed 2020", "", "n_total", "5"), Given("", "Closed 2020", "", "n_eligible", "9")]
    )

    told = run("extract", "audit", "--json")

    assert "9 eligible" not in told.stdout
    assert any("Closed 2020" in sentence for sentence in json.loads(told.stdout)["not_final"])
