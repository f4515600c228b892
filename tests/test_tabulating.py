"""`iimscreen extract tables`: from what two people entered to files, all of them or none."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import a_record, bring_in
from iimscreen import review_protocol, tabulating
from iimscreen.errors import InputError
from iimscreen.extracting import Given, Seat
from iimscreen.formats import ris
from iimscreen.store import Review, open_review, studies
from iimscreen.tables import LABELS

FORM = """
[extraction]
mode = "double"

[[extraction.level]]
name = "group"
title = "Patient or group"
letter = "P"
key = ["label"]

[[extraction.level]]
name = "treatment"
title = "Treatment"
letter = "T"
of = "group"

[[extraction.field]]
name = "design"
title = "Design"
role = "design"
type = "choice"
choices = ["case report", "single-arm trial"]

[[extraction.field]]
level = "group"
name = "label"
title = "Label"
role = "label"
type = "text"

[[extraction.field]]
level = "group"
name = "n"
title = "Patients"
role = "n"
type = "integer"

[[extraction.field]]
level = "treatment"
name = "drug"
title = "Drug"
role = "drug"
type = "choice"
choices = ["TOF", "BAR"]

[extraction.abbreviations]
TOF = "tofacitinib"
BAR = "baricitinib"
"""


@pytest.fixture
def review() -> Iterator[Review]:
    """Two studies of the literature and one's own; ann and bob are done with the first and the last."""
    text = review_protocol.bundled().read_text(encoding="utf-8").split("\n[extraction]")[0]
    Path("form.toml").write_text(text + "\n" + FORM, encoding="utf-8")
    review_protocol.create(Path("review.db"), Path("form.toml"))
    with open_review(Path("review.db")) as opened:
        key, *_ = bring_in(opened, [a_record(1, title="=Tofacitinib in 10", year=2021)])
        with opened.writing():
            for name, kind in (("Paik 2021", "literature"), ("Hornung 2014", "literature"), ("Own", "own")):
                studies.add(opened, name, kind=kind, by="ann")
            studies.add_links(opened, "Paik 2021", [key], "linked", by="ann")
        extract(
            opened,
            "Paik 2021",
            {
                ("", "design"): "single-arm trial",
                ("P1", "label"): "-all",
                ("P1", "n"): "10",
                ("T1", "of"): "P1",
                ("T1", "drug"): "TOF",
            },
        )
        extract(
            opened,
            "Own",
            {("P1", "label"): "Patient 1", ("P1", "n"): "1", ("T1", "of"): "P1", ("T1", "drug"): "BAR"},
        )
        yield opened


def extract(review: Review, study: str, cells: dict[tuple[str, str], str]) -> None:
    """Ann and bob enter the same, and are done."""
    for name in ("ann", "bob"):
        seat = Seat(review, name)
        seat.take([Given("", study, row, field, text) for (row, field), text in cells.items()])
        seat.done(study)


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_everything_is_written_into_a_new_folder(run, review):
    result = run("extract", "tables", "--out", "tables")

    assert result.exit_code == 0, result.output
    names = {str(path.relative_to("tables")) for path in Path("tables").rglob("*") if path.is_file()}
    assert {f"{name}.csv" for name in LABELS} <= names
    assert {"tables.docx", "tables.xlsx", "tables.html", "data.xlsx", "wide.csv", "long.csv"} <= names
    assert {"revman/study-arms.csv", "revman/references.ris", tabulating.MANIFEST} <= names
    assert "interim: " in result.output
    assert not [path for path in Path().iterdir() if path.name.startswith(".tables")]
    patient, total, *_ = [row for row in rows_of(Path("tables/patients.csv")) if row["group"] == "TOF"]
    assert total["Ref."] == "Subjects on TOF: 10 in 1 row of 1 study"
    assert (patient["Study"], patient["n"], patient["Ref."]) == ("Paik 2021", "10", "1")
    assert "Hornung 2014" in patient["status"]
    (long,) = [row for row in rows_of(Path("tables/long.csv")) if row["value"] == "'-all"]
    assert (long["by"], long["settled"]) == ("ann, bob", "agreed")


def test_references_name_the_study_of_each_report(run, review):
    run("extract", "tables", "--out", "tables", "--format", "csv")

    data = Path("tables/revman/references.ris").read_bytes()
    assert b"\r\nNS  - Paik 2021\r\nER  - " in data
    (read,) = ris.read(data)
    assert read.record.title == "=Tofacitinib in 10"


def test_own_patients_are_in_their_own_tables_only(run_json, review):
    told = run_json("extract", "tables")

    by_name = {table["name"]: table for table in told["tables"]}
    assert "BAR" not in json.dumps(by_name["subjects"])
    assert by_name["own-subjects"]["lines"][1]["cells"][:2] == ["BAR", "1"]
    assert "Own" not in by_name["patients"]["sources"]


def test_what_the_form_lacks_is_said(run_json, review):
    (table,) = run_json("extract", "tables", "--only", "adverse-events")["tables"]

    assert "the form has no field for adverse events (role event)" in table["lacks"]


def test_studies_that_are_not_final_can_be_left_out_and_are_named(run, run_json, review):
    told = run_json("extract", "tables", "--final-only")

    assert "Hornung 2014" in told["left_out"]
    assert not [stamp for stamp in told["stamps"] if stamp.startswith("interim")]
    assert "Left out, not final: " in run("extract", "tables", "--final-only").output


def test_values_that_are_closed_are_in_no_table(run, review):
    Seat(review, "ann").take([Given("", "Hornung 2014", "P1", "label", "secret")])

    run("extract", "tables", "--out", "tables")

    assert not [path for path in Path("tables").rglob("*.csv") if b"secret" in path.read_bytes()]
    assert "secret" not in run("extract", "tables", "--json").stdout


def test_files_are_written_anew_over_those_of_before(run, review):
    assert run("extract", "tables", "--out", "tables", "--format", "csv").exit_code == 0
    extract(
        review,
        "Hornung 2014",
        {("P1", "label"): "Patient 1", ("P1", "n"): "1", ("T1", "of"): "P1", ("T1", "drug"): "BAR"},
    )
    before = Path("tables/patients.csv").read_bytes()

    result = run("extract", "tables", "--out", "tables", "--format", "csv")

    assert result.exit_code == 0, result.output
    assert Path("tables/patients.csv").read_bytes() != before


def test_files_of_before_that_are_not_written_anew_are_told(run, review):
    run("extract", "tables", "--out", "tables", "--format", "csv,html")

    result = run("extract", "tables", "--out", "tables", "--format", "csv")

    assert "Written before and not now, perhaps with other numbers: tables.html" in result.stdout


def test_a_file_of_someone_else_is_never_overwritten(run, review):
    Path("tables").mkdir()
    Path("tables/wide.csv").write_text("mine")

    result = run("extract", "tables", "--out", "tables")

    assert result.exit_code == 3
    assert "wide.csv exists, and was not written by this command" in result.stderr
    assert [path.name for path in Path("tables").iterdir()] == ["wide.csv"]
    assert Path("tables/wide.csv").read_text() == "mine"


def test_a_file_that_was_edited_since_is_never_overwritten(run, review):
    run("extract", "tables", "--out", "tables", "--format", "csv")
    Path("tables/patients.csv").write_text("edited")
    others = {path: path.read_bytes() for path in Path("tables").rglob("*.csv")}

    result = run("extract", "tables", "--out", "tables", "--format", "csv")

    assert result.exit_code == 3
    assert "patients.csv was changed since it was written" in result.stderr
    assert {path: path.read_bytes() for path in Path("tables").rglob("*.csv")} == others


def test_a_move_that_fails_leaves_the_folder_as_it_was(run, review, monkeypatch):
    run("extract", "tables", "--out", "tables", "--format", "csv")
    before = {path: path.read_bytes() for path in Path("tables").rglob("*.csv")}
    with open_review(Path("review.db")) as opened:
        made = tabulating.tabulate(opened, order="year", final_only=True)
    replace, moves = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        moves.append(target)
        if len(moves) == 4:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)

    with pytest.raises(InputError, match="nothing was written: No space left on device"):
        tabulating.write(made, Path("tables"), ["csv"])

    assert {path: path.read_bytes() for path in Path("tables").rglob("*.csv")} == before


def test_one_table_alone(run, review):
    result = run("extract", "tables", "--only", "subjects", "--out", "tables")

    assert result.exit_code == 0, result.output
    assert {path.name for path in Path("tables").iterdir()} == {
        *("subjects.csv", "subjects.docx", "subjects.xlsx", "subjects.html"),
        tabulating.MANIFEST,
    }
    assert "TOF" in run("extract", "tables", "--only", "subjects").output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--only", "nothing"), "there is no table 'nothing'"),
        (("--format", "pdf"), "--format 'pdf' is not known"),
        (("--format", ","), "--format ',' is not known"),
        (("--order", "size"), "--order 'size' is not known"),
        (("--out", "review.db"), "review.db is a file"),
        (("--only", "wide", "--format", "docx", "--out", "t"), "wide is no docx"),
    ],
)
def test_what_cannot_be_made_is_refused(run, review, words, expected):
    result = run("extract", "tables", *words)

    assert result.exit_code == 3
    assert expected in result.stderr


def test_a_folder_with_a_broken_list_of_files_is_left_alone(run, review):
    Path("tables").mkdir()
    Path("tables", tabulating.MANIFEST).write_text("[]")

    result = run("extract", "tables", "--out", "tables")

    assert result.exit_code == 3
    assert "cannot be read as the list of files" in result.stderr


def test_without_a_study_there_are_no_tables(run, review_file):
    result = run("extract", "tables")

    assert result.exit_code == 6
    assert "there is no study yet" in result.stderr
