"""What became of reports after they were judged: found, shown once, settled together, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from eutils_server import Article, EutilsServer, serving
from iimscreen.model import Link, Record
from iimscreen.store import Review, log, watches
from living_reviews import judge

Run = Callable[..., Result]
RunJson = Callable[..., Any]

PMIDS = ("1001", "1002", "1003")
BOTH = ("--by", "ann", "--by", "bob")


def an_article(
    pmid: str, *, links: tuple[tuple[str, str, str], ...] = (), types: tuple[str, ...] = ()
) -> Article:
    """An invented article with links (RefType, PMID, citation) as PubMed writes them."""
    plain = Article(pmid, f"Invented title {pmid}", types=("Journal Article", *types))
    if not links:
        return plain
    inside = "".join(
        f'<CommentsCorrections RefType="{kind}"><RefSource>{citation}</RefSource>'
        + (f'<PMID Version="1">{other}</PMID>' if other else "")
        + "</CommentsCorrections>"
        for kind, other, citation in links
    )
    listed = f"<CommentsCorrectionsList>{inside}</CommentsCorrectionsList></MedlineCitation>"
    return replace(plain, xml=plain.as_xml().replace("</MedlineCitation>", listed))


RETRACTED = an_article(
    "1001", links=(("RetractionIn", "9001", "Inv J Muscle. 2027;8:1"),), types=("Retracted Publication",)
)


@pytest.fixture
def pubmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[EutilsServer]:
    """A local PubMed that has the three articles, all of them sound."""
    with serving([an_article(pmid) for pmid in PMIDS]) as server:
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", server.address)
        monkeypatch.setenv("NCBI_API_KEY", "good-key")  # 10 requests a second in place of 3
        yield server


@pytest.fixture
def judged(review: Review) -> list[str]:
    """Four records with PMIDs 1001 to 1004: two included, one excluded at full text, one before."""
    keys = bring_in(review, [a_paper(n) for n in range(1, 5)])
    judge(review, include=keys[:2], exclude_at_full_text=keys[2:3])
    return keys


def a_paper(number: int, **facts: object) -> Record:
    given: dict[str, object] = {"pmid": str(1000 + number), "doi": f"10.1000/x{number}", **facts}
    return a_record(number, **given)


def a_list(*rows: str, header: str = "") -> Path:
    head = header or (
        "Record ID,Title,Reason,RetractionDate,RetractionDOI,RetractionPubMedID,OriginalPaperDOI,"
        "OriginalPaperPubMedID,RetractionNature"
    )
    path = Path("retraction_watch.csv")
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return path


def test_included_and_full_text_excluded_reports_are_looked_up_and_no_other(
    run: Run, pubmed: EutilsServer, judged: list[str]
) -> None:
    result = run("watch")

    asked = pubmed.requests_to("efetch")
    assert result.exit_code == 0
    assert "PubMed: 3 of 3 judged reports looked up" in result.stdout
    assert "Nothing new, and nothing open." in result.stdout
    assert {pmid for one in asked for pmid in one.parameters["id"].split(",")} == set(PMIDS)


def test_a_retraction_opens_a_joint_decision_and_changes_nothing_by_itself(
    run: Run, run_json: RunJson, pubmed: EutilsServer, judged: list[str]
) -> None:
    before = run_json("prisma")
    pubmed.articles["1001"] = RETRACTED

    shown = run("watch").stdout

    after = run_json("prisma")
    assert f"RETRACTION  {judged[0]} (r1), included (new, open)" in shown
    assert "PubMed: pmid:9001 Inv J Muscle. 2027;8:1" in shown
    assert f"If {judged[0]} were excluded:" in shown
    assert "No inclusion has been changed." in shown
    assert after["boxes"] == before["boxes"]
    assert (
        "1 included report has an open retraction notice: `iimscreen watch` shows it." in after["footnotes"]
    )
    status = run("status").stdout
    assert f"open: watch: {judged[0]}, included: retraction pmid:9001 (PubMed)" in status
    assert "Next: iimscreen watch --source none" in status
    assert run("check").exit_code == 0


def test_what_would_change_is_told_box_by_box(
    run_json: RunJson, pubmed: EutilsServer, judged: list[str]
) -> None:
    pubmed.articles["1001"] = RETRACTED
    pubmed.articles["1002"] = an_article("1002", links=(("ExpressionOfConcernIn", "9002", "x"),))

    found = run_json("watch")

    one, _, both = found["if_excluded"]
    assert one["boxes"] == {"dbr_excluded": [1, 2], "new_studies": [2, 1], "new_reports": [2, 1]}
    assert both["boxes"]["new_reports"] == [2, 0]
    assert both["records"] == judged[:2]


def test_a_finding_is_logged_once(
    run: Run, run_json: RunJson, review: Review, pubmed: EutilsServer, judged: list[str]
) -> None:
    pubmed.articles["1001"] = RETRACTED
    first = run_json("watch")["findings"]
    second = run_json("watch")["findings"]

    assert [one["is_new"] for one in first] == [True]
    assert [(one["is_new"], one["is_open"]) for one in second] == [(False, True)]
    assert len(watches.findings(review)) == 1
    assert len(log.of_kind(review, "watch_runs")) == 2


@pytest.mark.parametrize(
    ("ref_type", "kind"),
    [
        ("RetractionIn", "retraction"),
        ("PartialRetractionIn", "retraction"),
        ("ExpressionOfConcernIn", "concern"),
        ("ErratumIn", "correction"),
        ("CorrectedandRepublishedIn", "correction"),
        ("UpdateIn", "update"),
    ],
)
def test_each_kind_of_notice_is_told_apart(
    run_json: RunJson, pubmed: EutilsServer, judged: list[str], ref_type: str, kind: str
) -> None:
    pubmed.articles["1003"] = an_article("1003", links=((ref_type, "", "Somewhere"), ("CommentIn", "9", "x")))

    (found,) = run_json("watch")["findings"]

    assert (found["kind"], found["standing"], found["notice"]) == (kind, "excluded", "")


def test_a_retracted_publication_whose_notice_is_not_named_counts_once(
    run_json: RunJson, pubmed: EutilsServer, judged: list[str]
) -> None:
    """First only the publication type, later the notice too: the same retraction."""
    pubmed.articles["1001"] = an_article("1001", types=("Retracted Publication",))
    first = run_json("watch")["findings"]
    pubmed.articles["1001"] = RETRACTED
    second = run_json("watch")["findings"]

    assert [(one["kind"], one["notice"]) for one in first] == [("retraction", "")]
    assert [one["is_new"] for one in second] == [False]


def test_a_pmid_that_pubmed_no_longer_gives_is_told_as_gone(
    run_json: RunJson, pubmed: EutilsServer, judged: list[str]
) -> None:
    del pubmed.articles["1002"]

    (found,) = run_json("watch")["findings"]

    assert (found["record"], found["kind"], found["notice"]) == (judged[1], "gone", "pmid:1002")


def test_a_record_that_pubmeds_search_still_lists_is_not_taken_for_gone(
    run: Run, review: Review, pubmed: EutilsServer, judged: list[str]
) -> None:
    pubmed.left_out.add("1002")
    pubmed.terms["1002[uid]"] = ["1002"]

    result = run("watch")

    assert result.exit_code == 5
    assert "lists 1 record that EFetch did not give" in result.stderr
    assert watches.findings(review) == []


def test_when_pubmed_fails_nothing_is_logged(
    run: Run, review: Review, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "http://127.0.0.1:9/")

    result = run("watch")

    assert result.exit_code == 5
    assert log.of_kind(review, "watch_runs") == []


def test_what_stood_in_the_record_when_it_was_judged_is_shown_once_and_opens_nothing(
    run: Run, run_json: RunJson, review: Review, pubmed: EutilsServer
) -> None:
    keys = bring_in(review, [a_paper(1, links=(Link("RetractionIn", "9001", "Inv J Muscle. 2027;8:1"),))])
    judge(review, include=keys)
    pubmed.articles["1001"] = RETRACTED

    (first,) = run_json("watch")["findings"]
    second = run_json("watch")["findings"]

    assert (first["was_known"], first["is_open"], second) == (True, False, [])
    assert not any("retraction" in note for note in run_json("prisma")["footnotes"])
    assert "Next: iimscreen study new --each" in run("status").stdout


def test_a_report_without_a_pmid_is_named_as_one_that_pubmed_cannot_tell_of(
    run: Run, review: Review, pubmed: EutilsServer
) -> None:
    keys = bring_in(review, [a_paper(1), a_record(2)])
    judge(review, include=keys)

    shown = run("watch").stdout

    assert "PubMed: 1 of 2 judged reports looked up" in shown
    assert f"PubMed cannot tell of 1 report without a PMID: {keys[1]}" in shown


# --- the joint decision ----------------------------------------------------------------------------


@pytest.fixture
def open_finding(run: Run, pubmed: EutilsServer, judged: list[str]) -> str:
    """A retraction of an included report, found and not decided about; the report's key."""
    pubmed.articles["1001"] = RETRACTED
    run("watch")
    return judged[0]


def test_two_who_judged_it_exclude_a_retracted_report_together(
    run: Run, run_json: RunJson, open_finding: str
) -> None:
    result = run("watch", "settle", open_finding, *BOTH, "--exclude", "--reason", "not-clinical")

    found = run_json("prisma")
    assert "excluded; 1 finding settled." in result.stdout
    assert (found["boxes"]["new_reports"], found["boxes"]["dbr_excluded"]) == (1, 2)
    assert not any("open retraction" in note for note in found["footnotes"])
    logged = run("log").stdout.replace("\n", " ")
    assert f"full-text: {open_finding} exclude (not-clinical) by consensus of ann, bob" in " ".join(
        logged.split()
    )
    assert "Next: iimscreen study new --each" in run("status").stdout
    assert run("check").exit_code == 0


def test_a_report_that_is_kept_stays_and_is_not_asked_about_again(
    run: Run, run_json: RunJson, open_finding: str
) -> None:
    run("watch", "settle", open_finding, *BOTH, "--keep", "--note", "the data are sound")

    again = run_json("watch")

    assert again["findings"] == []
    assert run_json("prisma")["boxes"]["new_reports"] == 2
    assert run("watch", "settle", open_finding, *BOTH, "--keep").exit_code == 6


def test_an_adjudicator_alone_may_settle_it(run: Run, open_finding: str) -> None:
    run("reviewer", "add", "cyn", "--role", "adjudicator")

    result = run("watch", "settle", open_finding, "--by", "cyn", "--exclude", "--reason", "not-clinical")

    assert result.exit_code == 0
    assert "by adjudication of cyn" in run("log").stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--by", "ann", "--keep"), 6, "one person alone (ann)"),
        (("--by", "ann", "--by", "zoe", "--keep"), 3, "no reviewer is called 'zoe'"),
        ((*BOTH, "--exclude"), 6, "needs its reason"),
        ((*BOTH, "--exclude", "--reason", "dull"), 3, "no exclusion reason 'dull'"),
        ((*BOTH, "--keep", "--reason", "review"), 3, "--reason goes with --exclude"),
        (BOTH, 3, "say --keep or --exclude"),
        ((*BOTH, "--keep", "--exclude"), 3, "say --keep or --exclude"),
    ],
)
def test_a_decision_that_is_none_is_refused_and_leaves_the_finding_open(
    run: Run, review: Review, open_finding: str, words: tuple[str, ...], code: int, told: str
) -> None:
    result = run("watch", "settle", open_finding, *words)

    assert result.exit_code == code
    assert told in result.stderr
    assert [one.is_open for one in watches.findings(review)] == [True]


def test_an_excluded_report_is_settled_by_keeping_it_so(
    run: Run, pubmed: EutilsServer, judged: list[str]
) -> None:
    pubmed.articles["1003"] = an_article("1003", links=(("RetractionIn", "9003", "x"),))
    run("watch")

    exclude = run("watch", "settle", judged[2], *BOTH, "--exclude", "--reason", "review")
    keep = run("watch", "settle", judged[2], *BOTH, "--keep")

    assert (exclude.exit_code, keep.exit_code) == (6, 0)
    assert "is excluded already" in exclude.stderr


def test_after_publication_a_retraction_leaves_the_total_with_a_footnote(
    run: Run, run_json: RunJson, pubmed: EutilsServer, judged: list[str]
) -> None:
    run("version", "close", "--by", "ann")
    pubmed.articles["1001"] = RETRACTED
    (told,) = run_json("watch")["if_excluded"]
    run("watch", "settle", judged[0], *BOTH, "--exclude", "--reason", "not-clinical")

    found = run_json("prisma")

    assert told["boxes"] == {"total_studies": [2, 1], "total_reports": [2, 1]}
    assert (found["boxes"]["previous_reports"], found["boxes"]["total_reports"]) == (2, 1)
    assert (
        f"Total −1 report: {judged[0]} no longer counts (decided anew: exclude, not-clinical)."
        in found["footnotes"]
    )
    assert run("check").exit_code == 0


def test_a_report_of_a_version_made_elsewhere_is_watched_and_taken_out_of_the_total(
    run: Run, run_json: RunJson, review: Review, pubmed: EutilsServer
) -> None:
    Path("list.csv").write_text("study,pmid,title\nAdler,1001,One\nBeispiel,1002,Two\n")
    run("previous", "load", "list.csv", "--by", "ann", "--title", "Adler 2021")
    (new,) = bring_in(review, [a_paper(9)])
    judge(review, include=[new])
    pubmed.articles["1009"] = an_article("1009")
    pubmed.articles["1001"] = RETRACTED

    (told,) = run_json("watch")["if_excluded"]
    result = run("watch", "settle", "pmid:1001", *BOTH, "--exclude", "--reason", "not-clinical")

    found = run_json("prisma")
    assert result.exit_code == 0, result.stderr
    assert told["boxes"] == {"total_studies": [3, 2], "total_reports": [3, 2]}
    assert (found["boxes"]["previous_reports"], found["boxes"]["total_reports"]) == (2, 2)
    assert any("excluded after a retraction: not-clinical" in note for note in found["footnotes"])
    assert run("check").exit_code == 0


# --- the Retraction Watch database -----------------------------------------------------------------


def test_a_retraction_watch_file_is_read_by_pmid_and_doi(run_json: RunJson, judged: list[str]) -> None:
    path = a_list(
        "1,One,+Concerns About Data;+Error in Methods;,1/15/2027 0:00,10.1000/n1,9001,unavailable,1001,Retraction",
        "2,Two,,2/1/2027 0:00,10.1000/N2,0,10.1000/X2,0,Expression of concern",
        "3,Another,,2/1/2027 0:00,,0,10.1000/other,77,Retraction",
        "4,Four,,2/1/2027 0:00,,0,10.1000/x4,1004,Retraction",
    )

    found = run_json("watch", "--source", "none", "--retraction-watch", path)

    assert [(one["record"], one["kind"], one["notice"]) for one in found["findings"]] == [
        (judged[0], "retraction", "pmid:9001"),
        (judged[1], "concern", "doi:10.1000/n2"),
    ]
    assert found["findings"][0]["citation"] == "1/15/2027. Concerns About Data, Error in Methods"
    assert found["looked_at"] == {"Retraction Watch": 3}


def test_one_notice_told_by_both_is_one_finding(
    run_json: RunJson, review: Review, pubmed: EutilsServer, judged: list[str]
) -> None:
    pubmed.articles["1001"] = RETRACTED
    path = a_list("1,One,,1/15/2027 0:00,10.1000/n1,9001,,1001,Retraction")

    found = run_json("watch", "--retraction-watch", path)

    assert [(one["origin"], one["notice"]) for one in found["findings"]] == [("PubMed", "pmid:9001")]
    runs = {
        entry.content["origin"]: entry.content for entry in log.of_kind(review, "watch_runs") if entry.content
    }
    assert runs["Retraction Watch"]["file_sha256"] == log.sha256(path.read_bytes())


def test_column_names_are_read_in_any_case_and_a_reinstatement_is_told(
    run_json: RunJson, judged: list[str]
) -> None:
    path = a_list("1001,,Reinstatement", header="ORIGINALPAPERPUBMEDID,originalpaperdoi,RetractionNature")

    (found,) = run_json("watch", "--source", "none", "--retraction-watch", path)["findings"]

    assert found["kind"] == "reinstatement"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("parted_by", [",", ";", "\t"])
def test_a_file_that_a_spreadsheet_program_saved_anew_is_read_all_the_same(
    run_json: RunJson, judged: list[str], encoding: str, parted_by: str
) -> None:
    lines = ("Title,OriginalPaperPubMedID,OriginalPaperDOI,RetractionNature", "Größe,1001,,Retraction")
    Path("rw.csv").write_text(
        "".join(f"{line.replace(',', parted_by)}\r\n" for line in lines), encoding=encoding
    )

    found = run_json("watch", "--source", "none", "--retraction-watch", "rw.csv")["findings"]

    assert [(one["record"], one["kind"]) for one in found] == [(judged[0], "retraction")]


def test_a_list_without_a_row_does_not_pass_for_one_without_a_retraction(
    run: Run, review: Review, judged: list[str]
) -> None:
    result = run("watch", "--source", "none", "--retraction-watch", a_list())

    assert result.exit_code == 3
    assert "it has a head and no row" in result.stderr
    assert log.of_kind(review, "watch_runs") == []


@pytest.mark.parametrize("content", ["", "record,verdict\na,include\n", "\x00\x01", '"'])
def test_another_file_is_refused_and_nothing_is_logged(
    run: Run, review: Review, judged: list[str], content: str
) -> None:
    Path("x.csv").write_text(content)

    result = run("watch", "--source", "none", "--retraction-watch", "x.csv")

    assert result.exit_code == 3
    assert "x.csv is no " in result.stderr
    assert log.of_kind(review, "watch_runs") == []


def test_a_file_that_is_not_there_is_an_input_error(run: Run, judged: list[str]) -> None:
    assert run("watch", "--source", "none", "--retraction-watch", "none.csv").exit_code == 3
    assert run("watch", "--source", "embase").exit_code == 3


# --- blinding --------------------------------------------------------------------------------------


def test_during_a_blind_first_round_nothing_is_asked_and_nothing_told(
    run: Run, review: Review, pubmed: EutilsServer
) -> None:
    keys = bring_in(review, [a_paper(n) for n in range(1, 4)])
    run("dedupe")
    run("screen", "--reviewer", "ann", "--record", keys[0], "--verdict", "include")

    result = run("watch")

    assert result.exit_code == 6
    assert "which reports are included or excluded cannot be shown" in result.stderr
    assert pubmed.asked == []


def test_during_a_blind_update_only_the_version_before_is_watched_and_settled(
    run: Run, run_json: RunJson, review: Review, pubmed: EutilsServer, judged: list[str]
) -> None:
    """Votes on new records change nothing in what is asked or shown."""
    run("version", "close", "--by", "ann")
    pubmed.articles["1001"] = RETRACTED
    new = bring_in(review, [a_paper(n) for n in (11, 12)], database="Embase")
    run("dedupe")
    before = run_json("watch")
    run("screen", "--reviewer", "ann", "--record", new[0], "--verdict", "include")
    after = run_json("watch")
    settled = run("watch", "settle", judged[0], *BOTH, "--exclude", "--reason", "not-clinical")

    assert [one["record"] for one in after["findings"]] == [judged[0]]
    assert (before["judged"], after["judged"]) == (3, 3)
    assert after["if_excluded"] == [{"records": [judged[0]], "closed_to_view": True, "boxes": {}}]
    assert settled.exit_code == 0, settled.stderr
    assert {pmid for one in pubmed.requests_to("efetch") for pmid in one.parameters["id"].split(",")} == set(
        PMIDS
    )
