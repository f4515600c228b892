"""`iimscreen export`: decisions leave as far as they may be seen, and come back as the votes they were."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import exporting, taking_over
from iimscreen.decision_formats import FORMATS
from iimscreen.formats import ris
from iimscreen.model import Parsed
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, decisions, open_review

Run = Callable[..., Result]
TA = "title-abstract"


@pytest.fixture
def three(review: Review) -> list[str]:
    """Three records, of which the second has no identifier but its title."""
    return bring_in(
        review,
        [a_record(1, doi="10.1000/one", abstract="Ten patients."), a_record(2), a_record(3, pmid="90000003")],
    )


def vote(run: Run, name: str, key: str, verdict: str, *more: str) -> None:
    result = run("screen", "--reviewer", name, "--record", key, "--verdict", verdict, *more)
    assert result.exit_code == 0, result.output


def both_vote(run: Run, keys: list[str]) -> None:
    """Two agree on the first two records and differ on the third."""
    for name, last in (("ann", "include"), ("bob", "exclude")):
        vote(run, name, keys[0], "include", "--note", f"=note of {name}")
        vote(run, name, keys[1], "exclude", "--reason", "review")
        vote(run, name, keys[2], last)


def lines_of(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_holds_each_vote_with_the_outcome_of_its_report(run: Run, three: list[str]) -> None:
    both_vote(run, three)

    result = run("export", "--to", "csv", "--out", "a.csv")

    assert result.stdout == "Wrote a.csv: 3 reports, 6 decisions (title-abstract).\n"
    found = lines_of("a.csv")
    assert [(one["record"], one["reviewer"], one["verdict"], one["outcome"]) for one in found] == [
        (three[0], "ann", "include", "include"),
        (three[0], "bob", "include", "include"),
        (three[1], "ann", "exclude", "exclude"),
        (three[1], "bob", "exclude", "exclude"),
        (three[2], "ann", "include", "conflict"),
        (three[2], "bob", "exclude", "conflict"),
    ]
    assert found[0]["note"] == "'=note of ann"
    assert (found[2]["reason"], found[2]["outcome_reason"], found[2]["settled_by"]) == (
        "review",
        "review",
        "vote",
    )
    assert found[4]["settled_by"] == ""


def test_a_final_word_stands_with_the_votes_and_is_no_vote(run: Run, three: list[str]) -> None:
    both_vote(run, three)
    run(
        "resolve",
        "--by",
        "ann",
        "--by",
        "bob",
        "--record",
        three[2],
        "--verdict",
        "include",
        "--note",
        "agreed",
    )

    run("export", "--to", "csv", "--out", "a.csv", "--which", "included")

    last = lines_of("a.csv")[-1]
    assert (last["reviewer"], last["kind"], last["verdict"], last["note"]) == (
        "ann; bob",
        "consensus",
        "include",
        "agreed",
    )
    assert (last["outcome"], last["settled_by"]) == ("include", "consensus")
    taken = run("screen", "--reviewer", "ann", "--from", "a.csv")
    assert "has voted include" in taken.stderr  # her two votes; the consensus is none of hers


@pytest.mark.parametrize(
    ("which", "expected"), [("all", {0, 1, 2}), ("included", {0}), ("excluded", {1}), ("conflicts", {2})]
)
def test_which_reports_are_written_can_be_chosen(
    run: Run, three: list[str], which: str, expected: set[int]
) -> None:
    both_vote(run, three)

    run("export", "--to", "csv", "--out", "a.csv", "--which", which)

    assert {three.index(one["report"]) for one in lines_of("a.csv")} == expected


def test_wide_csv_has_a_line_a_report_and_columns_for_each_reviewer(run: Run, three: list[str]) -> None:
    both_vote(run, three)

    run("export", "--to", "csv", "--wide", "--out", "a.csv")

    found = lines_of("a.csv")
    assert [(one["ann: verdict"], one["bob: verdict"], one["outcome"]) for one in found] == [
        ("include", "include", "include"),
        ("exclude", "exclude", "exclude"),
        ("include", "exclude", "conflict"),
    ]
    assert found[0]["bob: note"] == "'=note of bob"


def test_records_in_our_ris_are_read_back(run: Run, three: list[str]) -> None:
    both_vote(run, three)

    run("export", "--to", "ris", "--out", "a.ris")

    data = Path("a.ris").read_bytes()
    found = [one.record for one in ris.read(data) if isinstance(one, Parsed)]
    assert [one.doi for one in found] == ["10.1000/one", None, None]
    assert found[0].abstract == "Ten patients."
    assert found[2].pmid == "90000003"
    assert b"C8  - title-abstract: exclude (review)" in data


def test_what_is_left_for_a_reviewer_goes_out_without_decisions_to_be_screened_elsewhere(
    run: Run, three: list[str]
) -> None:
    vote(run, "ann", three[0], "include")

    result = run("export", "--to", "asreview-json", "--reviewer", "ann", "--which", "left", "--out", "a.json")

    assert result.stdout == "Wrote a.json: 2 reports, 0 decisions of ann (title-abstract).\n"
    entries = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert [one["iimscreen_record"] for one in entries] == three[1:]
    assert {one["asreview_label"] for one in entries} == {None}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--to", "excel"), 3, "--to 'excel' is no format"),
        ((), 3, "the name a.out does not tell a format"),
        (("--to", "bibtex", "--included", "--all"), 3, "--included and --all ask for different things"),
        (("--to", "bibtex", "--included", "--reviewer", "ann"), 3, "--included and --reviewer ask"),
        (("--to", "bibtex", "--which", "some"), 3, "--which 'some' is not known"),
        (("--to", "csv", "--all"), 3, "csv is a list of decisions, and none are wanted"),
        (("--to", "xlsx", "--wide"), 3, "--wide is a form of csv"),
        (("--to", "ris", "--run", "9"), 3, "no search or run is '9'"),
        (("--to", "ris", "--why", "prisma.nothing"), 3, "no number is called 'prisma.nothing'"),
        (("--to", "ris", "--why", "prisma.records_excluded"), 6, "prisma.records_excluded is not known"),
        (("--to", "bibtex", "--included"), 6, "while stage title-abstract is blind"),
        (("--to", "jsonl", "--all", "--decisions"), 6, "while stage title-abstract is blind"),
        (("--to", "datasette-metadata", "--all"), 3, "describes the whole review file"),
        (("--to", "csv", "--records", "--reviewer", "ann"), 3, "are about sets of references"),
        (("--to", "csv", "--which", "some"), 3, "--which 'some' is not known"),
        (("--to", "csv", "--which", "left"), 3, "name them with --reviewer"),
        (("--to", "csv", "--which", "conflicts", "--reviewer", "ann"), 3, "leave one of them out"),
        (("--to", "ris", "--wide"), 3, "--wide is a form of csv"),
        (("--to", "csv", "--stage", "data"), 3, "no stage 'data'"),
        (("--to", "csv", "--reviewer", "nora"), 3, "no reviewer is called 'nora'"),
        (("--to", "csv", "--reviewer", "ann", "--stage", "full-text"), 6, "ann has no such vote"),
        (("--to", "csv"), 6, "while stage title-abstract is blind"),
    ],
)
def test_what_cannot_be_exported_is_told_and_writes_no_file(
    run: Run, three: list[str], words: tuple[str, ...], code: int, told: str
) -> None:
    vote(run, "ann", three[0], "include")

    result = run("export", "--out", "a.out", *words)

    assert result.exit_code == code
    assert told in result.stderr
    assert not Path("a.out").exists()


def test_a_file_that_is_there_is_not_written_over(run: Run, three: list[str]) -> None:
    both_vote(run, three)
    Path("a.csv").write_text("mine", encoding="utf-8")

    result = run("export", "--to", "csv", "--out", "a.csv")

    assert result.exit_code == 3
    assert "a.csv exists" in result.stderr
    assert Path("a.csv").read_text(encoding="utf-8") == "mine"


# --- blinding ----------------------------------------------------------------------------------------

ASKED = [
    ("--to", "xlsx", "--all"),
    ("--to", "jsonl", "--all", "--decisions"),
    ("--to", "records-csv", "--all", "--decisions"),
    ("--to", "jsonl", "--run", "1"),
    ("--to", "jsonl", "--run", "1", "--decisions"),
    ("--to", "bibtex", "--included", "--stage", "title-abstract"),
    ("--to", "bibtex", "--included", "--no-decisions"),
    ("--to", "jsonl", "--excluded"),
    ("--to", "csl-json", "--conflicts"),
    ("--to", "nbib", "--why", "prisma.records_screened"),
    ("--to", "nbib", "--why", "prisma.records_excluded"),
    ("--to", "rayyan-csv", "--excluded"),
    ("--to", "datasette-metadata"),
    *(("--to", name) for name in FORMATS),
    *(("--to", name, "--reviewer", "ann") for name in FORMATS),
    *(("--to", "csv", "--which", which) for which in ("included", "excluded", "conflicts")),
    *(("--to", "csv", "--reviewer", "ann", "--which", which) for which in ("included", "excluded", "left")),
    ("--to", "csv", "--wide"),
    ("--to", "csv", "--wide", "--reviewer", "ann"),
    ("--to", "ris", "--stage", "full-text"),
    ("--to", "csv", "--stage", "full-text", "--reviewer", "ann", "--which", "left"),
]
BOBS = {
    "include": [("include",), ("include",)],
    "exclude": [("exclude", "--reason", "review", "--note", "his"), ("exclude", "--reason", "juvenile")],
    "unsure": [("unsure", "--note", "a much longer note"), ("exclude",)],
}


def asked_by_ann(run: Run) -> list[tuple[int, str, bytes]]:
    """What each way to export prints and writes; times are masked."""
    seen = []
    for number, words in enumerate(ASKED):
        out = Path(f"out-{number}")
        result = run("export", "--out", out, *words)
        data = out.read_bytes() if out.exists() else b""
        if data.startswith(b"PK"):  # a workbook, which states when it was made
            with zipfile.ZipFile(out) as book:
                data = book.read("xl/worksheets/sheet1.xml")
        stamp = rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z)?"
        seen.append((result.exit_code, result.output, re.sub(stamp, b"TIME", data)))
    return seen


@pytest.mark.parametrize("is_open_in_part", [False, True], ids=["nothing open", "a part open"])
def test_whatever_bob_votes_ann_exports_the_same_bytes(
    run: Run, review: Review, three: list[str], tmp_path: Path, *, is_open_in_part: bool
) -> None:
    if is_open_in_part:
        both_vote(run, three)
        bring_in(review, [a_record(4), a_record(5)])
    keys = [row["key"] for row in review.db.query("select key from records order by id")][-2:]
    seen = []
    for name, votes in BOBS.items():
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(review.path, folder / "review.db")
        os.chdir(folder)
        vote(run, "ann", keys[0], "include")
        for key, words in zip(keys, votes, strict=True):
            vote(run, "bob", key, *words)
        seen.append(asked_by_ann(run))

    first, *others = seen
    assert others == [first, first]
    own = [one for words, one in zip(ASKED, first, strict=True) if "--reviewer" in words and one[0] == 0]
    assert len(own) >= len(FORMATS)


def test_of_a_round_open_in_part_the_rest_is_counted_and_not_written(
    run: Run, review: Review, three: list[str]
) -> None:
    both_vote(run, three)
    (late,) = bring_in(review, [a_record(4)])
    vote(run, "bob", late, "exclude")

    result = run("export", "--to", "csv", "--out", "a.csv")

    assert "title-abstract: 1 record still blind and not in it." in result.stderr
    assert late not in Path("a.csv").read_text(encoding="utf-8-sig")


# --- out and in again --------------------------------------------------------------------------------

_SAID = st.sampled_from(
    [
        ("include", None, None),
        ("exclude", None, None),
        ("exclude", "review", "=so"),
        ("unsure", None, "why | not?"),
    ]
)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(said=st.lists(st.none() | _SAID, min_size=3, max_size=3).filter(any))
def test_votes_exported_and_taken_over_in_a_copy_are_the_same_votes(
    review: Review,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    said: list[tuple[str, str, str] | None],
) -> None:
    folder = tmp_path_factory.mktemp("copies")
    if not review.db.execute("select count(*) from records").fetchone()[0]:
        bring_in(review, [a_record(1, doi="10.1000/one"), a_record(2), a_record(3, pmid="90000003")])
    keys = [row["key"] for row in review.db.query("select key from records order by id")]
    voted, empty = (Path(shutil.copy(review.path, folder / f"{copy}.db")) for copy in ("voted", "empty"))
    with open_review(voted) as one:
        given_votes = [
            (number, Decision(key, *words))
            for number, (key, words) in enumerate(zip(keys, said, strict=True))
            if words
        ]
        Desk(one, "ann", TA).decide_all(given_votes)
        made = exporting.export(one, name, reviewer="ann")
        before = decisions.own_votes(one, TA, "ann")
    file = folder / "votes.file"
    file.write_bytes(made.data)

    with open_review(empty) as other:
        reading = taking_over.read(file)
        assert reading is not None
        taken = taking_over.take_over(Desk(other, "ann", TA), reading, file.name, taking_over.Wanted())
        after = decisions.own_votes(other, TA, "ann")

    assert len(taken.votes) == made.decisions
    assert {(one.key, one.verdict, one.reason) for one in after} == {
        (one.key, one.verdict, one.reason) for one in before
    }
    for one in after:
        note = next(other.note for other in before if other.key == one.key)
        assert one.note is not None
        assert (note or "") in one.note
        assert "[taken over from votes.file" in one.note


def test_votes_of_a_pilot_that_does_not_count_are_in_no_export(
    run: Run, review: Review, three: list[str]
) -> None:
    assert run("reviewer", "add", "ann").exit_code == 0
    assert run("reviewer", "add", "bob").exit_code == 0
    text = run("protocol", "show").stdout.replace('pilot_votes = "count"', 'pilot_votes = "apart"')
    Path("apart.toml").write_text(text, encoding="utf-8")
    for words in (("protocol", "load", "apart.toml"), ("calibrate", "-n", "2", "--by", "ann")):
        result = run(*words)
        assert result.exit_code == 0, result.output
    pilot = [
        row["record_key"] for row in review.db.query("select record_key from round_records order by position")
    ]
    for name in ("ann", "bob"):
        for key in pilot:
            vote(run, name, key, "include", "--note", "in the pilot")
    vote(run, "ann", pilot[0], "exclude", "--note", "for good")

    run("export", "--to", "csv", "--reviewer", "ann", "--out", "a.csv")

    counts = review.db.execute("select counts from rounds").fetchone()[0]
    notes = {one["note"] for one in lines_of("a.csv")}
    assert (counts, notes) == (0, {"for good"})
