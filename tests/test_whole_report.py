"""The report of a whole review: what each section says, what it claims, and that nothing blind gets into it."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import pytest
from typer.testing import Result

import browser
from conftest import a_record, bring_in
from extraction_reviews import a_review, done, enter
from iimscreen import (
    dedupe,
    report_pages,
    resolving,
    review_protocol,
    review_report,
    rounds,
    team,
    word_reports,
)
from iimscreen.checklists import ABSTRACTS, AUTHORS, CHECKLISTS, NOT_YET, PRISMA, SWIM, filled
from iimscreen.documents import Document, Grid, texts
from iimscreen.extracting import Given, Seat
from iimscreen.model import Verdict
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_report.sentences import Sentence
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, open_review, retrievals, studies
from iimscreen.store.reviewers import REVIEWER

Run = Callable[..., Result]
SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
AT = "2026-01-02 03:04:05 UTC"
HOSTILE = (
    "<img src=x onerror=alert(1)> \"&' \ufffe\x0b ]]> {{prisma.records_screened}} {{no.such}} مراجعة 综述 🦠"
)


def made(review: Review) -> review_report.Report:
    return review_report.build(review, at=AT)


def said(document: Document) -> str:
    return "\n".join(document.texts())


def of_section(document: Document, name: str) -> str:
    """Every text of one section, wherever it stands."""
    waiting = list(document.sections)
    while waiting:
        section = waiting.pop(0)
        if section.id == name:
            return "\n".join(texts(section))
        waiting += section.sections
    raise AssertionError(name)


def vote(
    review: Review, who: str, keys: list[str], verdict: str = "include", stage: str = TITLE_ABSTRACT
) -> None:
    desk = Desk(review, who, stage)
    for key in keys:
        reason = "review" if verdict == "exclude" and stage == FULL_TEXT else None
        desk.decide(Decision(key, Verdict(verdict), reason=reason))


@pytest.fixture
def three(review: Review) -> list[str]:
    """Three records, deduplicated, with ann and bob to judge them."""
    keys = bring_in(review, [a_record(number) for number in (1, 2, 3)])
    dedupe.run(review)
    for name in ("ann", "bob"):
        team.add_reviewer(review, name, REVIEWER)
    return keys


@pytest.fixture(scope="module")
def of_demo(made_demo: Path) -> review_report.Report:
    with open_review(made_demo / "review.db") as review:
        return made(review)


# --- checklists ------------------------------------------------------------------------------------


def test_checklists_have_all_items_of_the_published_ones() -> None:
    mains = {re.sub("[a-z]", "", item.number) for item in PRISMA.items}

    assert len(mains) == 27
    assert [len(one.items) for one in CHECKLISTS] == [42, 12, 9]
    for one in CHECKLISTS:
        assert len({item.number for item in one.items}) == len(one.items)
    assert [item.number for item in ABSTRACTS.items] == [str(n) for n in range(1, 13)]
    assert [item.number for item in SWIM.items] == [str(n) for n in range(1, 10)]


def test_items_that_no_log_can_fill_are_left_to_the_authors() -> None:
    never = {"1", "3", "13c", "13d", "13e", "13f", "14", "15", "20b", "20c", "20d", "21", "22", "25", "26"}

    rows = {line.cells[0]: line.cells for line in filled(PRISMA, {"search": "Search"}).rows}

    assert {number for number in never if rows[number][2:] != ("", AUTHORS)} == set()
    assert rows["7"][2] == "Search"
    assert rows["16a"][2:] == (NOT_YET, AUTHORS)


def test_places_in_a_checklist_are_sections_of_the_report(of_demo: review_report.Report) -> None:
    ids, waiting = {"flow-words", "abstract-checklist"}, list(of_demo.document.sections)
    while waiting:
        section = waiting.pop()
        ids.add(section.id)
        waiting += section.sections

    assert {name for one in CHECKLISTS for item in one.items for name in item.sections} <= ids


def test_a_review_that_has_just_begun_meets_no_item_by_what_was_not_done(
    review: Review,
) -> None:
    bring_in(review, [a_record(1)])

    document = made(review).document
    rows = {
        (section.id, line.cells[0]): line.cells
        for section in document.sections[-3:]
        for part in section.parts
        if isinstance(part, Grid)
        for line in part.table.rows
    }

    not_done = [("prisma-checklist", number) for number in ("8", "9", "11", "16b", "17", "18", "19")]
    not_done += [("abstract-checklist", "5"), ("abstract-checklist", "7"), ("swim-checklist", "8")]
    assert [rows[item][2] for item in not_done] == [NOT_YET] * len(not_done)
    assert rows["prisma-checklist", "24b"][2] == "Versions of the protocol"
    assert rows["abstract-checklist", "4"][3] == "Sources and dates that were not logged"
    assert all(section.stamps for section in document.sections[-3:])


# --- the demo --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("question", "A Janus kinase inhibitor or apremilast"),
        ("versions", "in force at the first vote"),
        ("amendments", "The protocol was not amended after screening had begun."),
        ("search-8", "janus kinase inhibitors"),
        ("screening-title-abstract", "ann and bob judged 62 records independently and agreed on 58"),
        ("screening-full-text", "0.87 (0.75 to 0.99)"),
        ("included", "Bitar"),
        ("excluded", "Not among the published 41"),
        ("form", "First author"),
        ("tables", "Subjects by drug and subtype"),
        ("appraisal", "JBI"),
        ("audit", "contradiction"),
        ("unblindings", "No pair of reviewers was unblinded."),
        ("software", "SQLite"),
        ("prisma-checklist", AUTHORS),
    ],
)
def test_each_section_says_what_the_review_has(
    of_demo: review_report.Report, section: str, words: str
) -> None:
    assert words in of_section(of_demo.document, section)


def test_paragraphs_claim_what_was_done_and_say_from_where(of_demo: review_report.Report) -> None:
    paragraph, _, origins = of_demo.methods.partition("Where each sentence comes from:")

    assert "Each of 62 records judged on title and abstract was judged by two or more people." in paragraph
    assert "All 124 votes were given before the voter could see another's vote on that record." in paragraph
    assert "all were resolved by consensus" in paragraph
    assert "5. votes at title and abstract, counted; not the plan" in origins
    assert "Among these was 1 series of own patients, which the flow does not count." in paragraph
    assert "41 studies (41 reports) are included." in of_demo.results
    sought = "66 reports were sought (48 from databases and registers and 18 found by other methods), of which 1 was"
    assert f"{sought} not retrieved; 65 were assessed for eligibility." in of_demo.results


def test_tagged_paragraphs_are_the_plain_ones_with_names_for_numbers(
    run: Run, made_demo: Path, of_demo: review_report.Report, tmp_path: Path
) -> None:
    shutil.copy(made_demo / "review.db", tmp_path / "review.db")
    Path("draft.md").write_text(of_demo.tagged, encoding="utf-8")

    filled_in = run("manuscript", "fill", "draft.md")
    checked = run("manuscript", "check", "draft.filled.md")

    assert (filled_in.exit_code, checked.exit_code) == (0, 0), filled_in.output + checked.output
    assert "screening.title-abstract.ann-bob.kappa}}" in of_demo.tagged
    assert "{{prisma.reports_excluded.review}}" in of_demo.tagged


def test_final_appraisals_are_a_plot_in_the_page_and_a_table_in_word(review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    study = f"Fan {HOSTILE[:20]}"
    with review.writing():
        studies.add(review, study, by="ann")
        studies.add_links(review, study, [key], "linked", by="ann")
    answers = {f"q{number}": "yes" for number in range(1, 8)} | {"q8": "no", "overall": "include"}
    for name in ("ann", "bob"):
        seat = Seat(review, name, "jbi-case-report")
        seat.take([Given("", study, "", field, text) for field, text in answers.items()])
        seat.done(study)
    # The study is in no flow yet, so that its appraisal is not final: nothing of it is shown.
    before = made(review)
    for name in ("ann", "bob"):
        vote(review, name, [key])
    with review.writing():
        retrievals.add(review, key, "retrieved", actor="ann")
    for name in ("ann", "bob"):
        vote(review, name, [key], stage=FULL_TEXT)

    report = made(review)

    page = report_pages.page(report.document, report.lists)
    cells = [
        [cell.text for cell in row.cells]
        for table in docx.Document(io.BytesIO(word_reports.docx(report.document))).tables
        for row in table.rows
    ]
    assert "<svg" in page.partition('id="appraisal-jbi-case-report"')[2].partition("</section>")[0]
    assert any(row[0].startswith("Fan") and row[1:3] == ["yes", "yes"] and "no" in row for row in cells)
    assert before.interim


# --- what the log shows, whatever was planned ------------------------------------------------------


def test_one_person_s_decisions_are_counted_as_such(run: Run, tmp_path: Path) -> None:
    text = review_protocol.bundled().read_text(encoding="utf-8")
    one = text.replace("reviewers = 2", "reviewers = 1")
    Path("one.toml").write_text(one, encoding="utf-8")
    review_protocol.create(Path("one.db"), Path("one.toml"))
    with open_review(Path("one.db")) as review:
        keys = bring_in(review, [a_record(1), a_record(2)])
        vote(review, "ann", keys)
        report = made(review)

    assert "Of 2 records judged on title and abstract, 2 were judged by one person." in report.methods
    assert "could see another's" not in report.methods
    assert "as the protocol allows" in of_section(report.document, "deviations-found")


def test_reports_that_are_neither_included_nor_excluded_are_told(
    run: Run, review: Review, three: list[str]
) -> None:
    for name in ("ann", "bob"):
        vote(review, name, three)
    assert run("fulltext", "retrieved", "--all", "--by", "ann").exit_code == 0
    for name in ("ann", "bob"):
        for key, verdict in zip(three, ("awaiting", "ongoing", "include"), strict=True):
            vote(review, name, [key], verdict, FULL_TEXT)

    report = made(review)

    assert "1 report awaits classification and 1 report is of an ongoing study." in report.results
    words = report_pages.page(report.document, report.lists).partition('id="flow-words"')[2]
    assert "1 report awaits classification. 1 report is of an ongoing study." in words


def test_consensus_and_adjudication_are_told_apart(review: Review, three: list[str]) -> None:
    vote(review, "ann", three)
    vote(review, "bob", three, "exclude")
    for key, names in zip(three[:2], (("ann", "bob"), ("ann",)), strict=True):
        resolving.Table(review, names, TITLE_ABSTRACT).settle(Decision(key, Verdict.INCLUDE, note="talked"))

    report = made(review)

    assert "Votes on 3 records did not come to one outcome; 2 were resolved: 1 by consensus" in report.methods
    assert "1 by one person; 1 is still to be resolved." in report.methods
    assert "1 conflict was settled by one person" in of_section(report.document, "deviations-found")


def test_a_correction_of_votes_that_agreed_is_no_disagreement(review: Review, three: list[str]) -> None:
    vote(review, "ann", three)
    vote(review, "bob", three[1:])
    vote(review, "bob", three[:1], "exclude")
    for key in three[:2]:
        resolving.Table(review, ("ann",), TITLE_ABSTRACT).settle(Decision(key, Verdict.EXCLUDE, note="why"))

    report = made(review)

    assert "Votes on 1 record did not come to one outcome; it was resolved by one person." in report.methods
    assert "On 1 record a final word took the place of votes that agreed." in report.methods
    deviations = of_section(report.document, "deviations-found")
    assert f"1 conflict was settled by one person: {three[0]}." in deviations
    assert f"a final word took the place of votes that agreed on 1 record: {three[1]}." in deviations


def test_records_that_came_after_the_last_comparison_are_not_claimed_to_be_compared(
    review: Review, three: list[str]
) -> None:
    bring_in(review, [a_record(9)], database="medRxiv")

    report = made(review)

    assert "; 1 record that came later was not compared yet." in report.methods
    assert "[Interim: " in report.tagged.partition("# Methods")[0]


def test_a_pilot_that_counts_is_told(review: Review, three: list[str]) -> None:
    pilot = rounds.draw_pilot(review, TITLE_ABSTRACT, 2, by="ann")
    for name in ("ann", "bob"):
        vote(review, name, Desk(review, name, TITLE_ABSTRACT).waiting_keys())

    report = made(review)

    assert f"A pilot on title and abstract was drawn of 2 records ({pilot.name}" in report.methods
    assert f"The votes of the pilot {pilot.name} (2 records) count" in of_section(
        report.document, "deviations-found"
    )


def test_an_early_opening_is_told_with_the_votes_given_after_it(
    run: Run, review: Review, three: list[str]
) -> None:
    vote(review, "ann", three)
    assert run("unblind", "--round", TITLE_ABSTRACT, "--by", "ann").exit_code == 0
    vote(review, "bob", three)

    report = made(review)

    assert "before all votes were in" in of_section(report.document, "unblindings")
    assert "Of 6 votes, 3 were given before" in report.methods
    assert "3 votes were given when another's vote could be seen" in of_section(
        report.document, "deviations-found"
    )


def test_an_amendment_after_the_first_vote_is_a_deviation(run: Run, review: Review, three: list[str]) -> None:
    vote(review, "ann", three[:1])
    text = review_protocol.bundled().read_text(encoding="utf-8").replace("Juvenile patients", "Children")
    Path("new.toml").write_text(text, encoding="utf-8")
    assert run("protocol", "load", "new.toml", "--by", "ann").exit_code == 0

    report = made(review)

    assert "The protocol was amended 1 time after screening had begun" in report.methods
    assert "Version 2 of the protocol" in of_section(report.document, "deviations-found")
    assert "Children" in of_section(report.document, "amendments")


def test_an_update_tells_the_version_before_apart(run: Run, review: Review, three: list[str]) -> None:
    for name in ("ann", "bob"):
        vote(review, name, three[:1])
        vote(review, name, three[1:], "exclude")
    assert run("fulltext", "retrieved", "--all", "--by", "ann").exit_code == 0
    for name in ("ann", "bob"):
        vote(review, name, three[:1], stage=FULL_TEXT)
    assert run("study", "new", "--each", "--by", "ann").exit_code == 0
    closed = run("version", "close", "--by", "ann")
    assert closed.exit_code == 0, closed.output
    (new,) = bring_in(review, [a_record(9)], database="Otherbase")
    dedupe.run(review)
    for name in ("ann", "bob"):
        vote(review, name, [new], "exclude")

    report = made(review)

    assert "What follows counts the votes of all versions of the review together" in report.methods
    assert "1 new record was identified (1 from databases)." in report.results
    assert "No new studies have been included." in report.results
    assert "With the version before, the review includes 1 study (1 report)." in report.results


def test_sentences_leave_names_of_no_number_as_they_are() -> None:
    assert Sentence("A {{no.such}} label", "x").filled({}) == "A {{no.such}} label"


# --- any stage, nothing blind ----------------------------------------------------------------------


def _nothing(_: Review) -> None:
    """A review that has just begun."""


def _records(review: Review) -> None:
    bring_in(review, [a_record(number, title=f"{HOSTILE} {number}") for number in (1, 2, 3)])
    dedupe.run(review)


def _half(review: Review) -> None:
    _records(review)
    vote(review, "ann", Desk(review, "ann", TITLE_ABSTRACT).waiting_keys())


def _screened(review: Review) -> None:
    _half(review)
    vote(review, "bob", Desk(review, "bob", TITLE_ABSTRACT).waiting_keys())


def _excluded_all(review: Review) -> None:
    _records(review)
    for name in ("ann", "bob"):
        vote(review, name, Desk(review, name, TITLE_ABSTRACT).waiting_keys(), "exclude")


@pytest.mark.parametrize("stage", [_nothing, _records, _half, _screened, _excluded_all])
def test_a_review_at_any_stage_has_a_report_that_says_where_it_stands(
    run: Run, review: Review, stage: Callable[[Review], None]
) -> None:
    stage(review)

    result = run("report")

    assert result.exit_code == 0, result.output
    page = Path("report/report.html").read_text(encoding="utf-8")
    word = docx.Document("report/report.docx")
    assert ("Interim" in page) is (stage is not _excluded_all)
    headings = [one.text for one in word.paragraphs if one.style.name == "Heading 1"]
    assert headings[:2] == ["Question and protocol", "Paragraphs for the paper"]
    assert "PRISMA 2020 checklist" in page


class _Tags(HTMLParser):
    """Names of all tags, and addresses that a page would load by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.loads: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset", "data")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_hostile_titles_do_nothing_in_the_page_and_stand_in_word(review: Review) -> None:
    _screened(review)
    report = made(review)
    tags = _Tags()
    page = report_pages.page(report.document, report.lists)
    tags.feed(page)

    assert "<img src=x" in unescape(page)
    assert tags.handlers == []
    assert [address for address in tags.loads if not address.startswith("data:")] == []
    assert tags.found & {"iframe", "object", "embed", "link", "base", "form"} == set()
    assert docx.Document(io.BytesIO(word_reports.docx(report.document))).paragraphs


@pytest.mark.parametrize("stage", [TITLE_ABSTRACT, FULL_TEXT])
def test_open_votes_of_another_change_no_byte_of_a_report(
    tmp_path: Path, review_file: Path, stage: str, run: Run
) -> None:
    seen = []
    for number, verdict in enumerate(
        ("include", "exclude", "unsure" if stage == TITLE_ABSTRACT else "ongoing")
    ):
        path = Path(shutil.copy(review_file, tmp_path / f"{number}.db"))
        with open_review(path) as review:
            keys = bring_in(review, [a_record(1), a_record(2)])
            dedupe.run(review)
            if stage == FULL_TEXT:
                for name in ("ann", "bob"):
                    vote(review, name, keys)
                assert run("fulltext", "retrieved", "--all", "--by", "ann", "--review", path).exit_code == 0
            vote(review, "bob", keys, verdict, stage)
            report = made(review)
            page = report_pages.page(report.document, report.lists) + report.methods + report.results
            seen.append(_masked(page + said(report.document)))

    assert seen[0] == seen[1] == seen[2]
    assert "not open to view" in seen[0]


def test_values_of_another_that_are_closed_change_no_byte_of_a_report() -> None:
    seen = []
    for age in ("5", "77"):
        for old in Path().glob("review.db*"):
            old.unlink() if old.is_file() else None
        with a_review() as review:
            enter(review, "bob", {"design": "case report", "P1 age": age})
            done(review, "bob")
            report = made(review)
            page = report_pages.page(report.document, report.lists) + report.methods + report.results
            seen.append(_masked(page + said(report.document)))

    assert seen[0] == seen[1]
    assert "No study is extracted yet." in seen[0]


def _masked(text: str) -> str:
    """Without what tells one file from another: hashes, and the moments at which rows were written."""
    return re.sub(r"\b[0-9a-f]{16,64}\b|\d\d:\d\d(:\d\d)?", "…", text)


# --- files -----------------------------------------------------------------------------------------


def test_files_are_written_anew_but_never_over_what_was_changed(run: Run, review: Review) -> None:
    assert run("report").exit_code == 0
    assert run("report").exit_code == 0
    page = Path("report/report.html")
    page.write_text("edited", encoding="utf-8")

    result = run("report")

    assert result.exit_code != 0
    assert "was changed since it was written" in result.output
    assert "--output" in result.output
    assert page.read_text(encoding="utf-8") == "edited"


def test_the_same_review_at_the_same_moment_is_the_same_bytes(review: Review) -> None:
    _screened(review)
    one, other = made(review), made(review)

    assert report_pages.page(one.document, one.lists) == report_pages.page(other.document, other.lists)
    assert word_reports.docx(one.document) == word_reports.docx(other.document)


def test_word_has_headings_captions_repeated_heads_and_a_described_figure(
    of_demo: review_report.Report,
) -> None:
    word: Any = docx.Document(io.BytesIO(word_reports.docx(of_demo.document)))
    styles = {paragraph.style.name for paragraph in word.paragraphs}
    xml = word.element.xml

    assert {"Title", "Heading 1", "Heading 2", "Caption"} <= styles
    assert xml.count("w:tblHeader") == len(word.tables)
    assert 'descr="PRISMA 2020 flow diagram' in xml


@pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice on this machine")
def test_libreoffice_opens_the_document(of_demo: review_report.Report, tmp_path: Path) -> None:
    path = tmp_path / "report.docx"
    path.write_bytes(word_reports.docx(of_demo.document))

    subprocess.run(
        [
            *(str(SOFFICE), f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"),
            *("--convert-to", "txt:Text (encoded):UTF8", "--outdir", str(tmp_path), str(path)),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )

    text = (tmp_path / "report.txt").read_text(encoding="utf-8")
    assert "Search appendix (PRISMA-S)" in text
    assert "41 studies (41 reports) are included." in text


@pytest.mark.skipif(browser.PROGRAM is None, reason=browser.WHY_SKIPPED)
def test_nothing_leaves_the_page_of_a_report_and_its_links_lead_somewhere(
    review: Review, tmp_path: Path
) -> None:
    _screened(review)
    report = made(review)
    path = tmp_path / "report.html"
    path.write_text(report_pages.page(report.document, report.lists), encoding="utf-8")

    with browser.browsing(tmp_path / "profile") as chromium:
        chromium.open(path, fragment="#prisma.records_screened")

        asked = [address.partition("#")[0] for address in chromium.requests.values()]
        assert [*asked, *chromium.stopped] == [path.resolve().as_uri()]
        lost = chromium.run(
            "[...document.querySelectorAll('a[href^=\"#\"]')].filter("
            "one => !document.getElementById(decodeURIComponent(one.hash.slice(1)))).length"
        )
        assert lost == 0
        assert chromium.complaints == []
