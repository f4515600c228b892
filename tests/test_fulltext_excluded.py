"""The list of reports excluded at full text (PRISMA 2020, item 16b), and the one reason that each of them needs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import a_record
from iimscreen.citations import citation
from iimscreen.fulltext.excluded import as_csv, in_order
from iimscreen.model import Author, Reason, Record
from iimscreen.store import Review
from iimscreen.voting import Outcome, State
from reports_sought import Run, reports_sought

RunJson = Callable[..., Any]
VOTES = "record,verdict,reason,note\n"


def record(number: int, family: str, **facts: object) -> Record:
    return a_record(
        number,
        title=f"Case {number * 7919} of myositis",
        authors=(Author(family, "Nora B."), Author("Invented Study Group", is_group=True)),
        journal="Invented Journal of Muscle",
        journal_abbreviation="Inv J Muscle",
        year=2021,
        volume="7",
        issue="2",
        pages="10-19",
        **facts,
    )


@pytest.fixture
def assessed(run: Run, review: Review) -> list[str]:
    """Four reports at full text, which nobody has judged yet; one more is from a website."""
    records = [
        record(11, "Zander", pmid="101"),
        record(12, "Adler", doi="10.5555/x.12"),
        record(13, "Moser"),
        record(14, "=Berg"),
    ]
    keys = reports_sought(run, review, records)
    run("fulltext", "retrieved", "--all", "--by", "ann")
    return [*keys[:4], keys[5]]


def vote(run: Run, name: str, rows: dict[str, str]) -> None:
    path = Path(f"{name}.csv")
    path.write_text(VOTES + "".join(f"{key},{words},\n" for key, words in rows.items()), encoding="utf-8")
    result = run("screen", "--reviewer", name, "--stage", "full-text", "--from", path)
    assert result.exit_code == 0, result.output


def judged_by_both(run: Run, keys: list[str]) -> None:
    rows = dict(
        zip(
            keys,
            ["exclude,review", "exclude,no-drug", "exclude,review", "exclude,review", "include,"],
            strict=True,
        )
    )
    vote(run, "ann", rows)
    vote(run, "bob", {**rows, keys[3]: "exclude,no-drug"})


def test_reports_excluded_are_cited_by_reason_in_the_protocols_order(run: Run, assessed: list[str]) -> None:
    judged_by_both(run, assessed)

    result = run("fulltext", "excluded")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "4 reports excluded at full text"
    headings = [line.rpartition("(")[2].rstrip(")") for line in lines[1:] if not line.startswith(" ")]
    assert headings == ["review", "no-drug"]
    assert (
        "Zander NB, Invented Study Group. Case 87109 of myositis. Inv J Muscle. 2021;7(2):10-19. PMID 101."
        in result.stdout
    )


def test_a_reason_on_which_they_differ_is_to_be_confirmed(
    run: Run, run_json: RunJson, assessed: list[str]
) -> None:
    judged_by_both(run, assessed)

    listed = {one["record"]: one for one in run_json("fulltext", "excluded")["reports"]}

    assert listed[assessed[3]]["to_be_confirmed"] is True
    assert listed[assessed[0]]["to_be_confirmed"] is False
    assert "[reason to be confirmed]" in run("fulltext", "excluded").stdout


def test_the_list_is_as_long_as_the_box_of_the_flow(run: Run, run_json: RunJson, assessed: list[str]) -> None:
    judged_by_both(run, assessed)
    run(
        "resolve",
        "--by",
        "ann",
        "--by",
        "bob",
        "--stage",
        "full-text",
        "--record",
        assessed[3],
        "--verdict",
        "exclude",
        "--reason",
        "review",
    )

    listed = run_json("fulltext", "excluded")["reports"]

    flow = run_json("prisma")
    assert len(listed) == flow["boxes"]["dbr_excluded"] + (flow["boxes"]["other_excluded"] or 0)
    counts: dict[str, int] = {}
    for one in listed:
        counts[one["reason"]] = counts.get(one["reason"], 0) + 1
    assert counts == {code: count for code, count in flow["reasons"].items() if count}


def test_the_csv_is_new_whole_and_without_formulas(run: Run, assessed: list[str]) -> None:
    judged_by_both(run, assessed)

    first = run("fulltext", "excluded", "--csv", "s2.csv")
    again = run("fulltext", "excluded", "--csv", "s2.csv")

    assert first.stdout == "Wrote s2.csv: 4 reports.\n"
    rows = list(csv.DictReader(io.StringIO(Path("s2.csv").read_text(encoding="utf-8-sig"))))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4"]
    assert any(row["citation"].startswith("'=Berg") for row in rows)
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row.values() if cell)
    assert again.exit_code == 3
    assert "s2.csv exists, and would be lost" in again.stderr


def test_nothing_of_a_blind_stage_is_in_the_list(run: Run, assessed: list[str]) -> None:
    vote(run, "ann", {assessed[0]: "exclude,review"})

    result = run("fulltext", "excluded")

    assert result.exit_code == 6
    assert "while stage full-text is blind" in result.stderr
    assert assessed[0] not in result.output


def test_two_ways_to_write_the_list_are_one_too_many(run: Run, assessed: list[str]) -> None:
    result = run("fulltext", "excluded", "--csv", "a.csv", "--json")

    assert result.exit_code == 3
    assert not Path("a.csv").exists()


REASONS = [Reason("b", "Second letter first"), Reason("a", "First letter second")]


@given(st.permutations(range(5)))
def test_the_order_of_the_list_does_not_depend_on_the_order_of_the_reports(order: list[int]) -> None:
    found = [
        (f"x:{n}", record(n, family), Outcome(State.EXCLUDE, reason))
        for n, (family, reason) in enumerate(
            [("Zander", "a"), ("adler", "a"), ("Moser", "b"), ("Adler", None), ("Berg", "gone")]
        )
    ]

    listed = in_order([found[place] for place in order], REASONS, {"gone": "No longer a reason"})

    assert [(one.key, one.label) for one in listed] == [
        ("x:2", "Second letter first"),
        ("x:1", "First letter second"),
        ("x:0", "First letter second"),
        ("x:3", ""),
        ("x:4", "No longer a reason"),
    ]
    assert as_csv(listed).count(b"\r\n") == 6


def test_a_citation_leaves_out_what_is_not_stated() -> None:
    many = tuple(Author(f"Name{n}", "J") for n in range(8))

    assert citation(Record()) == "(no title). year not stated."
    assert citation(Record(title="Why?", year=2020)) == "Why? 2020."
    assert citation(Record(title="A <i>new</i> case.", authors=many, journal="J", issue="3")).startswith(
        "Name0 J, Name1 J, Name2 J, Name3 J, Name4 J, Name5 J, et al. A new case. J. year not stated;(3)."
    )


# --- one reason, whichever way an exclusion comes in -----------------------------------------------

WAYS: dict[str, tuple[str, ...]] = {
    "screen": ("screen", "--reviewer", "ann", "--record", "KEY", "--verdict", "exclude"),
    "a CSV of our own": ("screen", "--reviewer", "ann", "--from", "own.csv"),
    "a file of another tool": ("screen", "--reviewer", "ann", "--from", "rayyan.csv"),
    "two reasons at once": ("screen", "--reviewer", "ann", "--record", "KEY", "--verdict", "exclude", "--reason",
                            "review,no-drug"),
    "a reason of no protocol": ("screen", "--reviewer", "ann", "--record", "KEY", "--verdict", "exclude", "--reason",
                                "boring"),
    "resolve": ("resolve", "--by", "ann", "--by", "bob", "--record", "DONE", "--verdict", "exclude", "--note", "x"),
}  # fmt: skip


@pytest.mark.parametrize("words", WAYS.values(), ids=WAYS)
def test_no_report_is_excluded_at_full_text_without_one_reason_of_the_protocol(
    run: Run, review: Review, assessed: list[str], words: tuple[str, ...]
) -> None:
    for name in ("ann", "bob"):
        vote(run, name, dict.fromkeys(assessed[1:], "include,"))
    Path("own.csv").write_text(f"{VOTES}{assessed[0]},exclude,,\n", encoding="utf-8")
    Path("rayyan.csv").write_text(
        'key,title,year,notes\n1,Case 87109 of myositis,2021,"RAYYAN-INCLUSION: {""ann""=>""Excluded""}"\n',
        encoding="utf-8",
    )
    if words[0] == "resolve":
        for name in ("ann", "bob"):
            vote(run, name, {assessed[0]: "include,"})
    before = review.db.execute("select count(*) from decisions").fetchone()
    named = [{"KEY": assessed[0], "DONE": assessed[1]}.get(word, word) for word in words]

    result = run(*named, "--stage", "full-text")

    assert result.exit_code in (3, 6), result.output
    assert "reason" in result.stderr
    assert review.db.execute("select count(*) from decisions").fetchone() == before
