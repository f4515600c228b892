"""Full texts from PubMed Central, asked of a server on this machine that misbehaves as NCBI's does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import a_record
from eutils_server import EutilsServer, FullText
from iimscreen.store import Review, fulltext_files, retrievals
from reports_sought import Run, reports_sought

RunJson = Callable[..., Any]
OPEN, OTHER, CLOSED, FRONT, GONE = "7000001", "7000002", "7000003", "7000004", "7000005"


@pytest.fixture
def sought(run: Run, review: Review) -> list[str]:
    """Six reports that were sent on: five with a PMCID, one without."""
    numbers = (OPEN, OTHER, CLOSED, FRONT, GONE)
    records = [a_record(n, pmcid=f"PMC{number}") for n, number in enumerate(numbers, start=10)]
    return reports_sought(run, review, [*records, a_record(20)])


@pytest.fixture
def pmc(eutils: EutilsServer, monkeypatch: pytest.MonkeyPatch, no_pauses: None) -> EutilsServer:
    """Two open articles, one that its publisher keeps, one that is front matter; the fifth is not there."""
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", eutils.address)
    monkeypatch.setenv("IIMSCREEN_EMAIL", "ann@example.org")
    eutils.full_texts = {
        OPEN: FullText(OPEN, paragraphs=("Five of 8 patients improved under tofacitinib.",)),
        OTHER: FullText(OTHER, paragraphs=("Nobody died.",)),
        CLOSED: FullText(CLOSED, access="closed"),
        FRONT: FullText(FRONT, access="front"),
    }
    return eutils


def asked(server: EutilsServer) -> list[str]:
    return [one.parameters["id"] for one in server.requests_to("efetch")]


def test_open_access_texts_are_stored_and_their_reports_retrieved(
    run: Run, run_json: RunJson, sought: list[str], pmc: EutilsServer
) -> None:
    result = run("fulltext", "fetch", "--by", "ann")

    assert result.exit_code == 0, result.output
    assert f"{sought[0]}: full text of PMC{OPEN} stored." in result.stdout
    assert "2 full texts stored, of 5 reports asked for." in result.stdout
    assert "Passed over: 2 reports without a PMCID." in result.stdout
    first = run_json("fulltext")[0]
    assert first["outcome"] == "retrieved"
    assert [(f["name"], f["format"], f["origin"]) for f in first["files"]] == [
        (f"PMC{OPEN}.xml", "xml", f"PubMed Central, PMC{OPEN}")
    ]
    assert "Five of 8 patients" in run("fulltext", "text", sought[0]).stdout
    assert "Cases" in run("fulltext", "find", "under tofacitinib").stdout
    sent = pmc.requests_to("efetch")[0]
    assert (sent.parameters["db"], sent.parameters["email"]) == ("pmc", "ann@example.org")


def test_what_may_not_be_passed_on_is_an_attempt_and_never_the_full_text(
    run: Run, run_json: RunJson, sought: list[str], pmc: EutilsServer
) -> None:
    result = run("fulltext", "fetch", "--by", "ann")

    closed, front, gone = run_json("fulltext")[2:5]
    assert (closed["files"], front["files"], gone["files"]) == ([], [], [])
    assert [one["outcome"] for one in (closed, front, gone)] == [None, None, None]
    assert "publisher does not allow" in closed["attempts"][0]["text"]
    assert "only its front matter" in front["attempts"][0]["text"]
    assert f"The following PMCID is not available: {GONE}" in gone["attempts"][0]["text"]
    assert closed["attempts"][0]["on"] is not None
    assert "publisher does not allow" in result.stdout
    assert len(list(Path("fulltexts").glob("*.xml"))) == 2


def test_nothing_is_asked_twice_unless_a_report_that_was_refused_is_named(
    run: Run, sought: list[str], pmc: EutilsServer
) -> None:
    run("fulltext", "fetch", "--by", "ann")
    before = len(asked(pmc))

    again = run("fulltext", "fetch", "--by", "ann")
    named = run("fulltext", "fetch", "--report", sought[2], "--report", sought[0], "--by", "ann")

    assert "0 full texts stored, of 0 reports asked for." in again.stdout
    assert "Passed over: 2 reports whose text is there already." in again.stdout
    assert "Passed over: 3 reports not given before" in again.stdout
    assert asked(pmc)[before:] == [CLOSED]
    assert named.exit_code == 0


def test_a_fetch_that_breaks_off_keeps_what_came_and_goes_on_from_there(
    run: Run, review: Review, sought: list[str], pmc: EutilsServer
) -> None:
    pmc.misbehave("efetch", ["ok", *[500] * 5])

    broken = run("fulltext", "fetch", "--by", "ann")

    assert broken.exit_code == 5
    assert "PubMed Central's EFetch did not answer as it should in 5 tries: HTTP 500" in broken.stderr
    assert "give the same command again" in broken.stderr
    assert list(fulltext_files.standing(review)) == [sought[0]]
    pmc.asked.clear()
    assert "1 full text stored, of 4 reports asked for." in run("fulltext", "fetch", "--by", "ann").stdout
    assert OPEN not in asked(pmc)


@pytest.mark.parametrize(
    "fault",
    [
        429, 500, 503, "cut", "cut-chunked", "cut-quietly", "maintenance", "rate-limit-in-200", "viewer-error", "reset",
        "empty", "empty-set", "strangers", "another-full-text", "error-in-200", "another's", "entity",
        "xml:Search Backend failed: 502 Proxy Error", "json-error:API rate limit exceeded",
    ],
    ids=str,
)  # fmt: skip
def test_every_fault_that_passes_ends_with_the_full_text(
    run: Run, run_json: RunJson, sought: list[str], pmc: EutilsServer, fault: int | str
) -> None:
    pmc.misbehave("efetch", [fault])

    result = run("fulltext", "fetch", "--report", sought[0], "--by", "ann")

    assert result.exit_code == 0, result.output
    assert asked(pmc) == [OPEN, OPEN]
    assert len(run_json("fulltext")[0]["files"]) == 1
    assert run_json("fulltext")[0]["attempts"] == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("html", "NCBI has blocked this computer"),
        ("redirect", "NCBI has blocked this computer"),
        ("portal", "sends us on to log-in.example.org"),
        ("400:Cannot process ID list", "PubMed Central's EFetch refuses the request (HTTP 400)"),
        ("json-error:API key invalid", "the API key is invalid"),
    ],
)
def test_a_fault_that_stays_is_told_at_once_and_stores_nothing(
    run: Run, review: Review, sought: list[str], pmc: EutilsServer, fault: str, told: str
) -> None:
    pmc.misbehave("efetch", [fault])

    result = run("fulltext", "fetch", "--by", "ann")

    assert result.exit_code == 5
    assert told in result.stderr
    assert len(asked(pmc)) == 1
    assert retrievals.standing(review) == {}
    assert not Path("fulltexts").exists()


def test_without_a_network_it_is_said_how_files_come_in_by_hand(
    run: Run, sought: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "http://127.0.0.1:9/")

    result = run("fulltext", "fetch", "--by", "ann")

    assert result.exit_code == 5
    assert "was not reachable" in result.stderr
    assert "`iimscreen fulltext attach` takes files that you have" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--report", "testbase:r20"), 3, "has no PMCID"),
        (("--report", "testbase:r3"), 6, "is not sought for retrieval"),
        (("--report", "testbase:r99"), 3, "no record of this review"),
    ],
)
def test_a_report_that_cannot_be_asked_for_is_told_before_anything_is_asked(
    run: Run, sought: list[str], pmc: EutilsServer, words: tuple[str, ...], code: int, told: str
) -> None:
    result = run("fulltext", "fetch", *words, "--by", "ann")

    assert result.exit_code == code
    assert told in result.stderr
    assert asked(pmc) == []
