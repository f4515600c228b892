"""The demo: the whole road offline, ending at the published numbers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from iimscreen import demo

Run = Callable[..., Result]


@pytest.fixture
def played(made_demo: Path, tmp_path: Path) -> None:
    """The demo's folder, as "there"; played once for all tests."""
    shutil.copytree(made_demo, tmp_path / "there")


@pytest.mark.slow
def test_the_demo_as_a_program_of_its_own_uses_an_empty_folder_ends_with_41_and_says_what_it_is() -> None:
    """Slow: a new process that plays the whole demo. One run for all that it prints."""
    Path("iimscreen-demo").mkdir()

    done = subprocess.run(
        [sys.executable, "-m", "iimscreen", "demo"], capture_output=True, text=True, check=False
    )

    flat = re.sub(r"[\s│]+", " ", done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (Path("iimscreen-demo") / "review.db").is_file()
    assert "Reports of included studies (n = 41)" in flat
    assert flat.count("Illustration: the paper does not publish its votes") >= 2
    assert "41; 40 without it" in flat
    assert "29 of the 37 JAK inhibitor titles name only the drug" in flat
    assert "written knowing these titles" in flat
    assert (
        "apremilast subjects: stated 12, the rows give 17 (5 more); fits: 12 = 3 + 1 + 8, without Konishi"
        in flat
    )
    assert (
        len(done.stdout.partition("Audit of what was extracted")[2].partition("What to")[0].splitlines()) < 25
    )
    assert re.search(r"2023-08-23 8 41 20%.* improved 41 41 ", flat), (
        "every known item by the improved strategy"
    )


def test_the_demo_s_flow_adds_up_and_is_final(run_json: Callable[..., Any], played: None) -> None:
    found = run_json("prisma", "--review", "there/review.db")
    boxes = found["boxes"]

    assert (found["template"], found["interim"], found["missing"]) == ("new-other", False, [])
    assert boxes["database_results"] == boxes["duplicates"] + boxes["records_screened"]
    assert boxes["records_screened"] == boxes["records_excluded"] + boxes["dbr_sought_reports"]
    assert boxes["new_reports"] == 41
    assert boxes["citations_results"] == 61
    assert found["notice"] == demo.STAMP


def test_the_41_are_the_published_ones_37_and_4(run_json: Callable[..., Any], played: None) -> None:
    import csv

    from iimscreen import settings

    included = {
        row["record"] for row in run_json("prisma", "--review", "there/review.db", "--list", "new_reports")
    }
    with (settings.bundled_reviews() / "iim" / "known_items.csv").open(encoding="utf-8") as file:
        known = {f"corpus:{row['corpus_id']}": row["drug_class"] for row in csv.DictReader(file)}

    assert included == set(known)
    assert sorted(map(list(known.values()).count, ("JAK inhibitor", "apremilast"))) == [4, 37]


def test_the_demo_s_audit_finds_where_the_paper_contradicts_itself(
    run_json: Callable[..., Any], played: None
) -> None:
    found = run_json("extract", "audit", "--review", "there/review.db")
    totals = {one["compared"]["name"]: one for one in found["findings"] if one["compared"]}
    others = {(one["check"], tuple(one["studies"])): one for one in found["findings"] if not one["compared"]}

    def told(name: str) -> tuple[float, float, str]:
        compared = totals[name]["compared"]
        return compared["stated"], compared["summed"], totals[name]["weight"]

    assert told("apremilast subjects") == (12, 17, "differs")
    assert "12 = 3 + 1 + 8, without Konishi 2022" in totals["apremilast subjects"]["compared"]["readings"]
    assert told("baricitinib subjects") == (17, 29, "differs")
    assert told("ruxolitinib subjects") == (11, 7, "differs")
    assert told("tofacitinib subjects") == (146, 116, "open")  # 119 with three juvenile patients
    assert told("life-threatening adverse events") == (0, 5, "differs")
    assert told("first year of baricitinib reports") == (2019, 2020, "differs")
    assert ("reviews-apart", ("Takanashi 2021",)) in others
    assert ("eligible-only", ("Min 2022",)) in others
    assert any(code == "patients-once" and set(pair) == {"Paik 2021", "Paik 2022"} for code, pair in others)
    assert others["units-plausible", ("Own patients",)]["row"] == "O23"
    assert found["not_final"] == []
    # What agrees is no finding.
    assert not {"reports included", "own patients", "antisynthetase syndrome on tofacitinib"} & set(totals)


def test_the_six_own_patients_are_in_no_total_of_the_literature(
    run_json: Callable[..., Any], played: None
) -> None:
    sums = {one["drug"]: one for one in run_json("extract", "audit", "--review", "there/review.db")["sums"]}

    assert (sums["TOF"]["as_reported"], sums["TOF"]["once"]) == (116, 86)  # 30 are of a secondary source
    assert sums["TOF"]["studies"] == 27
    assert run_json("prisma", "--review", "there/review.db")["boxes"]["new_studies"] == 41


def test_the_slips_of_the_illustration_are_labelled_and_settled_with_a_reason(run: Run, played: None) -> None:
    import csv

    from iimscreen import settings

    told = {}
    for name in ("ann", "bob"):
        path = settings.bundled_reviews() / "iim" / "demo" / f"extraction-{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            told[name] = {(r["study"], r["row"], r["field"]): r for r in csv.DictReader(file)}
    slips = [place for place, row in told["bob"].items() if row != told["ann"][place]]

    assert len(slips) == 3
    assert all("slip on purpose" in told["bob"][place]["note"] for place in slips)
    log = run("log", "--review", "there/review.db").stdout
    assert log.count("(consensus, ann, bob):") == 3


def test_the_demo_writes_tables_that_need_no_further_library(played: None) -> None:
    tables = Path("there/tables")

    assert "Takanashi 2021" in (tables / "characteristics.csv").read_text(encoding="utf-8-sig")
    assert "Own patients" not in (tables / "patients.csv").read_text(encoding="utf-8-sig")
    assert (tables / "tables.html").is_file()


def test_the_coded_facts_are_those_that_the_paper_states() -> None:
    import csv
    import json

    from iimscreen import settings

    bundle = settings.bundled_reviews() / "iim"
    facts = json.loads((bundle / "stated_facts.json").read_text(encoding="utf-8"))
    with (bundle / "demo/extraction-ann.csv").open(encoding="utf-8", newline="") as file:
        cells = {(r["study"], r["row"], r["field"]): r for r in csv.DictReader(file)}

    names = list(dict.fromkeys(study for study, _, _ in cells))  # in the order of the reference list
    assert len(names) == len(facts["papers"]) + 1
    for name, paper in zip(names, facts["papers"], strict=False):
        cell = cells[name, "", "n_total"]
        assert cell["value"] == ("NR" if paper["n"] is None else str(paper["n"]))
        assert cell["page"] == (paper["n_from"] or "")
    assert all(cell["quote"] == "" for cell in cells.values())
    for patient in facts["patients"]:
        assert cells["Own patients", f"P{patient['patient']}", "age"]["value"] == str(patient["age"])


def test_the_demo_passes_its_own_check_and_every_command_carries_the_stamp(run: Run, played: None) -> None:
    for command in (
        "check",
        "status",
        "prisma",
        "agreement",
        "conflicts",
        "log",
        "fulltext",
        "duplicates",
        "extract audit",
    ):
        result = run(*command.split(), "--review", "there/review.db")
        assert result.exit_code == 0, command
        assert demo.STAMP in result.output, command


def test_the_demo_leaves_a_folder_with_something_in_it_alone(run: Run) -> None:
    Path("there").mkdir()
    Path("there/mine.txt").write_text("mine")

    result = run("demo", "there")

    assert result.exit_code == 3
    assert "there is there already" in result.stderr
    assert [path.name for path in Path("there").iterdir()] == ["mine.txt"]


def test_a_demo_that_cannot_be_written_says_so(run: Run) -> None:
    Path("file").write_text("no folder")

    result = run("demo", "file/there")

    assert result.exit_code == 4
    assert "cannot be made" in result.stderr
