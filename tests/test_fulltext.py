"""Retrieval: marked by hand, with a file kept by its hash or with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iimscreen import fulltext
from iimscreen.store import Review
from iimscreen.store.gate import Gate
from reports_sought import Run, reports_sought


@pytest.fixture
def sought(run: Run, review: Review) -> list[str]:
    """Two records that both reviewers sent on, one excluded, and one from a website."""
    return reports_sought(run, review)


def test_reports_sought_are_those_sent_on_and_those_of_other_methods(run: Run, sought: list[str]) -> None:
    listed = run("fulltext").stdout

    assert "3 reports sought for retrieval" in listed
    assert sought[2] not in listed
    assert sought[3] in listed


def test_a_file_is_kept_under_its_hash(run: Run, run_json: Callable[..., Any], sought: list[str]) -> None:
    Path("Some Paper.PDF").write_bytes(b"%PDF-1.7 invented")
    digest = hashlib.sha256(b"%PDF-1.7 invented").hexdigest()

    result = run("fulltext", "retrieved", sought[0], "--by", "ann", "--file", "Some Paper.PDF")

    assert result.exit_code == 0
    assert (Path("fulltexts") / f"{digest}.pdf").read_bytes() == b"%PDF-1.7 invented"
    assert "Some Paper.PDF" in run("fulltext").stdout
    assert run_json("prisma")["boxes"]["dbr_assessed"] == 1


def test_a_report_not_retrieved_has_its_reason_and_leaves_the_road(
    run: Run, run_json: Callable[..., Any], sought: list[str]
) -> None:
    run("fulltext", "not-retrieved", sought[0], sought[3], "--by", "ann", "--reason", "no library holds it")
    run("fulltext", "retrieved", "--all", "--by", "ann")

    boxes = run_json("prisma")["boxes"]

    assert (boxes["dbr_notretrieved_reports"], boxes["dbr_assessed"]) == (1, 1)
    assert (boxes["other_notretrieved_reports"], boxes["other_assessed"]) == (1, 0)
    assert "not retrieved: no library holds it" in run("fulltext").stdout


def test_a_later_word_on_retrieval_replaces_the_earlier_one(
    run: Run, run_json: Callable[..., Any], sought: list[str]
) -> None:
    run("fulltext", "not-retrieved", sought[0], "--by", "ann", "--reason", "asked the author")
    run("fulltext", "retrieved", sought[0], "--by", "bob")

    boxes = run_json("prisma")["boxes"]

    assert (boxes["dbr_notretrieved_reports"], boxes["dbr_assessed"]) == (0, 1)
    assert "not retrieved: asked the author" in run("log").stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("retrieved", "--by", "ann"), 3, "name the reports, or say --all"),
        (("retrieved", "testbase:r1", "--all", "--by", "ann"), 3, "name the reports, or say --all"),
        (("retrieved", "testbase:r3", "--by", "ann"), 6, "is not sought for retrieval"),
        (("retrieved", "nowhere", "--by", "ann"), 3, "no record of this review"),
        (("retrieved", "testbase:r1", "--by", "ann", "--file", "none.pdf"), 3, "none.pdf cannot be read"),
        (("retrieved", "testbase:r1", "--by", "ann", "--file", "empty.pdf"), 3, "empty.pdf is empty"),
        (
            ("retrieved", "testbase:r1", "testbase:r2", "--by", "ann", "--file", "empty.pdf"),
            3,
            "one file belongs",
        ),
        (("not-retrieved", "--by", "ann", "--reason", "x"), 3, "no report named"),
        (("not-retrieved", "testbase:r1", "--by", "ann", "--reason", " "), 6, "needs a reason"),
        (("not-retrieved", "testbase:r1", "--by", "ann"), 2, "--reason"),
        (("load", "none.csv", "--by", "ann"), 3, "none.csv cannot be read"),
        (("load", "bad.csv", "--by", "ann"), 3, "line 3: outcome is 'lost'"),
        (("load", "unknown.csv", "--by", "ann"), 3, "line 3: no record of this review"),
        (("load", "head.csv", "--by", "ann"), 3, "line 1: the columns are"),
    ],
)
def test_a_marking_that_makes_no_sense_is_refused_and_stores_nothing(
    run: Run, sought: list[str], words: tuple[str, ...], code: int, told: str
) -> None:
    Path("empty.pdf").write_bytes(b"")
    Path("bad.csv").write_text("record,outcome,reason\ntestbase:r1,retrieved,\ntestbase:r2,lost,\n")
    Path("unknown.csv").write_text("record,outcome,reason\ntestbase:r1,retrieved,\ntestbase:r9,retrieved,\n")
    Path("head.csv").write_text("report,outcome\n")

    result = run("fulltext", *words)

    assert result.exit_code == code
    assert told in result.stderr
    assert run("fulltext").stdout.count("to be marked") == 3


def test_retrievals_of_a_csv_are_stored_together(run: Run, sought: list[str]) -> None:
    Path("r.csv").write_text(
        f"record,outcome,reason\n{sought[0]},retrieved,\n{sought[1]},not retrieved,lost\n"
    )

    result = run("fulltext", "load", "r.csv", "--by", "ann")

    assert result.stdout == "2 reports marked.\n"
    assert "not retrieved: lost" in run("fulltext").stdout


def test_a_report_judged_at_full_text_is_no_longer_not_retrieved(run: Run, sought: list[str]) -> None:
    run("fulltext", "retrieved", "--all", "--by", "ann")
    run("screen", "--reviewer", "ann", "--stage", "full-text", "--record", sought[0], "--verdict", "include")

    result = run("fulltext", "not-retrieved", sought[0], "--by", "ann", "--reason", "lost")

    assert result.exit_code == 6
    assert "was judged at full text already" in result.stderr


def test_what_is_sought_is_looked_at_and_marked_in_one_transaction(
    sought: list[str], review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []
    look = Gate.require_sought

    def noted(gate: Gate, key: str) -> None:
        looked.append(review.db.conn.in_transaction)
        look(gate, key)

    monkeypatch.setattr(Gate, "require_sought", noted)

    fulltext.mark(review, sought[:1], fulltext.RETRIEVED, by="ann")

    assert looked == [True]
