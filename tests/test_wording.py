"""What is counted is called by its name, and records by one that people know."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import Result

from iimscreen import render
from iimscreen.model import Kind, Record, StoredRecord
from iimscreen.wording import counted

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 records"), (1, "1 record"), (2, "2 records"), (2000, "2,000 records")],
)
def test_one_record_is_no_plural(count: int, said: str) -> None:
    assert counted(count, "record") == said


def test_a_plural_that_is_not_made_with_an_s_is_given() -> None:
    assert [counted(n, "sub-query", "sub-queries") for n in (1, 2)] == ["1 sub-query", "2 sub-queries"]


@pytest.mark.parametrize(
    ("accession", "shown"),
    [
        ("f44b0b40a320d9dd", "embase:f44b0b40a320d9dd (E2)"),
        ("f44b0b40a320d9dd-2", "embase:f44b0b40a320d9dd-2 (E2)"),
        ("2023123456", "embase:2023123456"),
    ],
)
def test_a_record_named_by_its_content_is_shown_with_its_identifier_in_the_export(
    accession: str, shown: str
) -> None:
    stored = StoredRecord(1, f"embase:{accession}", "Embase", Kind.DATABASE, Record(source_id="E2"))

    assert render.named(stored) == shown


def test_status_says_the_rules_of_a_stage_only_when_asked(run: Callable[..., Result]) -> None:
    run("init")

    brief, full = run("status").stdout, run("status", "--rules").stdout

    assert "never counts as excluded" not in brief
    assert full.count("never counts as excluded") == 2


GROUPS = (
    *("protocol", "search", "source", "strategy", "duplicates", "records", "round"),
    *("reviewer", "fulltext", "version", "previous", "watch"),
)


@pytest.mark.parametrize("words", [(), *((name,) for name in GROUPS)], ids=lambda words: "".join(words))
def test_no_first_line_of_help_is_cut_in_a_list_of_commands(run: Run, words: tuple[str, ...]) -> None:
    result = run(*words, "--help")

    listed = result.stdout.partition("Commands:")[2]
    assert listed
    assert [line for line in listed.splitlines() if line.endswith("...")] == []
