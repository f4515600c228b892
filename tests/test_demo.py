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


@pytest.fixture(scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "there"
    demo.run(folder)
    return folder


@pytest.fixture
def played(_demo: Path, tmp_path: Path) -> None:
    """The demo's folder, as "there"; played once for all tests."""
    shutil.copytree(_demo, tmp_path / "there")


def test_the_demo_ends_with_41_included_reports_and_says_what_it_is(run: Run) -> None:
    played = run("demo", "there")

    flat = re.sub(r"[\s│]+", " ", played.stdout)

    assert played.exit_code == 0
    assert "Reports of included studies (n = 41)" in flat
    assert flat.count("Illustration: the paper does not publish its votes") >= 2
    assert "41; 40 without it" in flat
    assert "29 of the 37 JAK inhibitor titles name only the drug" in flat
    assert "written knowing these titles" in flat


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


def test_the_demo_passes_its_own_check_and_every_command_carries_the_stamp(run: Run, played: None) -> None:
    for command in ("check", "status", "prisma", "agreement", "conflicts", "log", "fulltext", "duplicates"):
        result = run(command, "--review", "there/review.db")
        assert result.exit_code == 0, command
        assert demo.STAMP in result.output, command


def test_every_known_item_is_recalled_by_the_improved_strategy(tmp_path: Path) -> None:
    outcome = demo.run(tmp_path / "d")

    assert {recall.strategy: (recall.found, recall.known) for recall in outcome.recalls} == {
        "2023-08-23": (8, 41),
        "improved": (41, 41),
    }


def test_the_demo_leaves_a_folder_with_something_in_it_alone(run: Run) -> None:
    Path("there").mkdir()
    Path("there/mine.txt").write_text("mine")

    result = run("demo", "there")

    assert result.exit_code == 3
    assert "there is there already" in result.stderr
    assert [path.name for path in Path("there").iterdir()] == ["mine.txt"]


def test_the_demo_uses_an_empty_folder(run: Run) -> None:
    Path("there").mkdir()

    assert run("demo", "there").exit_code == 0


def test_a_demo_that_cannot_be_written_says_so(run: Run) -> None:
    Path("file").write_text("no folder")

    result = run("demo", "file/there")

    assert result.exit_code == 4
    assert "cannot be made" in result.stderr


@pytest.mark.slow
def test_the_demo_runs_as_a_program_of_its_own(tmp_path: Path) -> None:
    """Slow: a new process with every import."""
    done = subprocess.run(
        [sys.executable, "-m", "iimscreen", "demo"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "iimscreen-demo" / "review.db").is_file()
