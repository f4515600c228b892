"""Files of full texts: attached, taken away, read, searched, and what cannot be used."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import a_record, bring_in
from iimscreen import fulltext
from iimscreen.fulltext import files, reading
from iimscreen.model import FieldKind, Value
from iimscreen.quotes import problem
from iimscreen.store import Review, fulltext_files, open_review
from pdfs import encrypted, pdf
from reports_sought import Run, reports_sought

PAPER = pdf(["Five of 8 patients improved under tofac-", "itinib."], ["Nobody died."])
RunJson = Callable[..., Any]


@pytest.fixture
def sought(run: Run, review: Review) -> list[str]:
    """Two records that both reviewers sent on, one excluded, and one from a website."""
    return reports_sought(run, review)


def attached(run: Run, *words: str | Path, code: int = 0) -> str:
    """What `fulltext attach` says, on both streams."""
    result = run("fulltext", "attach", *words, "--by", "ann")
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.stdout + result.stderr


def stored() -> list[str]:
    """Names of the copies."""
    return sorted(path.name for path in Path("fulltexts").glob("*.*")) if Path("fulltexts").is_dir() else []


# --- attaching -------------------------------------------------------------------------------------


def test_a_pipe_is_no_file_to_wait_for(run: Run, sought: list[str]) -> None:
    os.mkfifo("paper.txt")

    assert "paper.txt is no file" in attached(run, sought[0], "paper.txt", code=3)


def test_files_are_copied_by_their_hash_and_the_report_is_retrieved(
    run: Run, run_json: RunJson, sought: list[str]
) -> None:
    Path("My Paper.PDF").write_bytes(PAPER)
    Path("supplement.txt").write_text("Table S1: five of 8", encoding="utf-8")

    said = attached(run, sought[0], "My Paper.PDF", "supplement.txt")

    assert said == f"{sought[0]}: My Paper.PDF, supplement.txt attached, retrieved.\n"
    digest = hashlib.sha256(PAPER).hexdigest()
    assert (Path("fulltexts") / f"{digest}.pdf").read_bytes() == PAPER
    assert len(stored()) == 2
    assert run_json("prisma")["boxes"]["dbr_assessed"] == 1
    (one, *_) = run_json("fulltext")
    assert one["outcome"] == "retrieved"
    assert [(file["name"], file["format"], file["origin"]) for file in one["files"]] == [
        ("My Paper.PDF", "pdf", "by hand"),
        ("supplement.txt", "txt", "by hand"),
    ]
    assert one["files"][0]["sha256"] == digest


def test_a_report_that_could_not_be_retrieved_is_when_its_file_comes(
    run: Run, run_json: RunJson, sought: list[str]
) -> None:
    run("fulltext", "not-retrieved", sought[0], "--reason", "no library holds it", "--by", "ann")
    Path("a.pdf").write_bytes(PAPER)

    attached(run, sought[0], "a.pdf")

    assert run_json("fulltext")[0]["outcome"] == "retrieved"
    assert "not retrieved: no library holds it" in run("log").stdout


def test_a_linked_file_stays_where_it_is_and_is_read_there(
    run: Run, run_json: RunJson, sought: list[str]
) -> None:
    Path("papers").mkdir()
    Path("papers/a.pdf").write_bytes(PAPER)

    attached(run, sought[0], "papers/a.pdf", "--link")

    assert stored() == []
    assert run_json("fulltext")[0]["files"][0]["place"] == "papers/a.pdf"
    assert "Five of 8" in run("fulltext", "text", sought[0]).stdout


def test_a_linked_file_that_changed_or_went_away_is_not_read(run: Run, sought: list[str]) -> None:
    Path("a.txt").write_text("Five of 8 patients", encoding="utf-8")
    attached(run, sought[0], "a.txt", "--link")

    Path("a.txt").write_text("Six of 8 patients", encoding="utf-8")
    assert "is no longer the file that was attached" in run("fulltext", "text", sought[0]).stdout
    Path("a.txt").unlink()
    assert "a.txt is not there" in run("fulltext", "text", sought[0]).stdout


def test_the_same_file_again_changes_nothing_and_for_another_report_it_is_said(
    run: Run, sought: list[str]
) -> None:
    Path("a.pdf").write_bytes(PAPER)
    Path("copy.pdf").write_bytes(PAPER)
    attached(run, sought[0], "a.pdf", "copy.pdf")

    assert "copy.pdf is attached already; nothing to do" in attached(run, sought[0], "copy.pdf")
    assert f"Note: a.pdf is attached to {sought[0]} as well" in attached(run, sought[1], "a.pdf")
    with open_review(Path("review.db")) as review:
        there = fulltext_files.standing(review)
    assert [len(there[key]) for key in sought[:2]] == [1, 1]


def test_a_file_taken_away_is_one_more_row_and_the_copy_stays(
    run: Run, run_json: RunJson, sought: list[str]
) -> None:
    Path("a.pdf").write_bytes(PAPER)
    attached(run, sought[0], "a.pdf")

    result = run("fulltext", "detach", sought[0], "a.pdf", "--by", "bob")

    assert result.stdout == f"{sought[0]}: a.pdf is no longer attached.\n"
    assert run_json("fulltext")[0]["files"] == []
    assert run_json("fulltext")[0]["outcome"] == "retrieved"
    assert len(stored()) == 1
    assert "taken away" in run("log", "--by", "bob").stdout
    attached(run, sought[0], "a.pdf")
    assert len(run_json("fulltext")[0]["files"]) == 1


def test_a_file_that_came_with_a_mark_of_an_older_iimscreen_is_one_of_the_report(
    run: Run, run_json: RunJson, review: Review, sought: list[str]
) -> None:
    Path("fulltexts").mkdir()
    digest = hashlib.sha256(PAPER).hexdigest()
    (Path("fulltexts") / f"{digest}.pdf").write_bytes(PAPER)
    with review.writing():
        fulltext.marking.retrievals.add(
            review, sought[0], "retrieved", actor="ann", file_name="old.pdf", file_sha256=digest
        )

    assert [file["name"] for file in run_json("fulltext")[0]["files"]] == ["old.pdf"]
    assert "Five of 8" in run("fulltext", "text", sought[0]).stdout
    assert run("fulltext", "detach", sought[0], digest[:8], "--by", "ann").exit_code == 0
    assert run_json("fulltext")[0]["files"] == []


# --- what is kept although its text cannot be read -------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("locked.pdf", encrypted(PAPER, opens_with="secret"), "opens with a password only"),
        ("broken.pdf", PAPER[:80], "the PDF is damaged"),
        ("scan.pdf", pdf([]), "as scans do"),
        ("paper.docx", b"PK\x03\x04\x14\x00\x06\x00word", "no PDF, XML, HTML or plain text"),
        ("page.html", b"<html><body>Please log in</body></html>", "speaks of 'log in'"),
    ],
)
def test_a_file_whose_text_is_closed_to_us_is_kept_with_a_plain_warning(
    run: Run, run_json: RunJson, sought: list[str], name: str, data: bytes, told: str
) -> None:
    Path(name).write_bytes(data)

    said = attached(run, sought[0], name)

    assert f"Note: {name}: " in said
    assert told in said
    assert run_json("fulltext")[0]["outcome"] == "retrieved"
    assert stored() == [f"{hashlib.sha256(data).hexdigest()}{Path(name).suffix}"]


def test_a_pdf_that_opens_without_a_password_is_like_any_other(run: Run, sought: list[str]) -> None:
    Path("a.pdf").write_bytes(encrypted(PAPER, opens_with=""))

    said = attached(run, sought[0], "a.pdf")

    assert "Note" not in said
    assert "Five of 8" in run("fulltext", "text", sought[0]).stdout


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("testbase:r1", "none.pdf"), 3, "none.pdf cannot be read: No such file"),
        (("testbase:r1", "folder"), 3, "folder is a folder"),
        (("testbase:r1", "empty.pdf"), 3, "empty.pdf is empty"),
        (("testbase:r1", "login.pdf"), 3, "login.pdf is no PDF, but a web page ('Sign in')"),
        (("testbase:r1", "big.pdf"), 3, "more than the 0 MB of a full text"),
        (("testbase:r1", "good.pdf", "empty.pdf"), 3, "empty.pdf is empty"),
        (("testbase:r3", "good.pdf"), 6, "is not sought for retrieval"),
        (("testbase:r9", "good.pdf"), 3, "no record of this review"),
        (("testbase:r1",), 2, "FILE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_no_full_text_is_refused_and_nothing_is_kept(
    run: Run, sought: list[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, told: str
) -> None:
    monkeypatch.setattr(files, "LARGEST", 2_000)
    Path("folder").mkdir()
    for name, data in {
        "empty.pdf": b"",
        "login.pdf": b"<!DOCTYPE html><html><title>Sign in</title></html>",
        "big.pdf": PAPER + b" " * 2_000,
        "good.pdf": PAPER,
    }.items():
        Path(name).write_bytes(data)
    before = Path("review.db").read_bytes()

    said = attached(run, *words, code=code)

    assert told in said
    assert stored() == []
    assert Path("review.db").read_bytes() == before


def test_a_large_file_is_attached_where_one_says_so(
    run: Run, sought: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST", 100)
    Path("a.pdf").write_bytes(PAPER)

    assert "attached" in attached(run, sought[0], "a.pdf", "--any-size")


def test_a_folder_that_cannot_be_written_leaves_no_file_and_no_row(run: Run, sought: list[str]) -> None:
    Path("a.pdf").write_bytes(PAPER)
    Path("b.txt").write_text("Five of 8", encoding="utf-8")
    Path("fulltexts").write_text("in the way", encoding="utf-8")
    before = Path("review.db").read_bytes()

    said = attached(run, sought[0], "a.pdf", "b.txt", code=4)

    assert "a.pdf cannot be copied to fulltexts" in said
    assert Path("review.db").read_bytes() == before


def test_a_second_file_that_cannot_be_kept_takes_the_first_away_again(
    review: Review, sought: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from iimscreen.errors import ReviewError
    from iimscreen.fulltext import attaching

    Path("a.txt").write_text("Five of 8", encoding="utf-8")
    Path("b.txt").write_text("Six of 8", encoding="utf-8")
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if hashlib.sha256(b"Six of 8").hexdigest() in target.name:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)

    with pytest.raises(ReviewError, match=r"b\.txt cannot be copied"):
        attaching.attach(review, sought[0], [Path("a.txt"), Path("b.txt")], by="ann")

    assert stored() == []
    assert fulltext_files.standing(review) == {}


def test_a_file_that_is_not_there_to_be_taken_away_is_told_with_those_that_are(
    run: Run, sought: list[str]
) -> None:
    Path("a.pdf").write_bytes(PAPER)
    attached(run, sought[0], "a.pdf")

    result = run("fulltext", "detach", sought[0], "b.pdf", "--by", "ann")

    assert result.exit_code == 3
    assert f"no file of {sought[0]} is 'b.pdf'" in result.stderr
    assert "a.pdf (" in result.stderr


# --- reading and searching -------------------------------------------------------------------------


def test_the_text_of_a_report_is_printed_page_by_page(run: Run, run_json: RunJson, sought: list[str]) -> None:
    Path("a.pdf").write_bytes(PAPER)
    attached(run, sought[0], "a.pdf")

    printed = run("fulltext", "text", sought[0]).stdout

    assert printed.splitlines()[:2] == ["=== a.pdf", "--- page 1"]
    assert "Nobody died." in printed
    assert [page["page"] for page in run_json("fulltext", "text", sought[0])[0]["pages"]] == ["1", "2"]


def test_words_are_found_across_line_ends_with_page_and_context(
    run: Run, run_json: RunJson, sought: list[str]
) -> None:
    Path("a.pdf").write_bytes(PAPER)
    Path("b.txt").write_text("Under TOFACITINIB all improved.", encoding="utf-8")
    Path("scan.pdf").write_bytes(pdf([]))
    attached(run, sought[0], "a.pdf")
    attached(run, sought[1], "b.txt", "scan.pdf")

    result = run("fulltext", "find", "under", "tofacitinib")

    assert result.stdout.splitlines() == [
        f"{sought[0]}, a.pdf, page 1",
        "  …Five of 8 patients improved under tofacitinib.…",
        f"{sought[1]}, b.txt",
        "  …Under TOFACITINIB all improved.…",
        "2 places in 2 reports.",
    ]
    assert f"Not searched: scan.pdf of {sought[1]}: it holds no text" in result.stderr
    assert len(run_json("fulltext", "find", "improved", "--report", sought[1])["hits"]) == 1
    assert "0 places in 0 reports" in run("fulltext", "find", "zebra").stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("text", "testbase:r1"), 3, " has no files"),
        (("text", "testbase:r3"), 6, "is not sought for retrieval"),
        (("find", " "), 3, "no words to search for"),
        (("find", "x", "--report", "testbase:r9"), 3, "no record of this review"),
    ],
)
def test_a_text_that_is_not_there_is_told(
    run: Run, sought: list[str], words: tuple[str, ...], code: int, told: str
) -> None:
    result = run("fulltext", *words)

    assert result.exit_code == code
    assert told in result.stderr


def test_the_text_of_a_report_is_what_quotes_are_held_against(
    review: Review, run: Run, sought: list[str]
) -> None:
    Path("a.pdf").write_bytes(PAPER)
    Path("s.txt").write_text("Table S1: 7 women", encoding="utf-8")
    attached(run, sought[0], "a.pdf", "s.txt")

    pages = fulltext.pages_of(review, sought[0])
    texts = fulltext.text_of(review, sought[0])

    assert texts is not None
    assert [len(one) for one in texts] == [2, 1]
    assert problem(Value("7"), FieldKind.INTEGER, "7 women", "", pages) is None
    assert (
        problem(Value("8"), FieldKind.INTEGER, "8 patients improved under tofacitinib", "", pages, page="1")
        is None
    )
    assert fulltext.text_of(review, sought[1]) is None
    assert fulltext.pages_of(review, sought[1]) is None


def test_the_text_of_a_pdf_is_kept_and_read_again_where_what_is_kept_is_spoilt(
    run: Run, sought: list[str]
) -> None:
    Path("a.pdf").write_bytes(PAPER)
    attached(run, sought[0], "a.pdf")
    run("fulltext", "text", sought[0])
    (kept,) = Path("fulltexts/text").iterdir()

    assert json.loads(kept.read_bytes())["pages"][1] == ["2", "Nobody died.\n"]
    kept.write_text("{", encoding="utf-8")
    reading._of_file.cache_clear()
    assert "Nobody died." in run("fulltext", "text", sought[0]).stdout


# --- notes -----------------------------------------------------------------------------------------


def test_what_was_tried_is_noted_and_listed(run: Run, run_json: RunJson, sought: list[str]) -> None:
    def note(*words: str) -> None:
        assert run("fulltext", "note", sought[0], *words, "--by", "ann").exit_code == 0

    note("--language", "Japanese", "--translator", "K. Example")
    note("--attempt", "asked the national library", "--on", "2023-09-01")
    note("--attempt", "asked by interlibrary loan")
    note("--contact", "wrote to the first author", "--on", "2023-09-05")
    note("--answer", "none by October", "--on", "2023-10-05")
    run("fulltext", "not-retrieved", sought[0], "--reason", "no copy was found", "--by", "ann")

    listed = " ".join(run("fulltext").stdout.split())
    assert "not retrieved: no copy was found; 2 attempts;" in listed
    one = run_json("fulltext")[0]
    assert (one["language"], one["translator"]) == ("Japanese", "K. Example")
    assert [(a["text"], a["on"]) for a in one["attempts"]] == [
        ("asked the national library", "2023-09-01"),
        ("asked by interlibrary loan", None),
    ]
    assert (len(one["contacts"]), one["answers"][0]["on"]) == (1, "2023-10-05")
    assert "attempt on 2023-09-01: asked the national library" in run("log").stdout


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("testbase:r1",), 3, "nothing to note"),
        (("testbase:r1", "--attempt", " "), 3, "--attempt is empty"),
        (("testbase:r1", "--attempt", "x", "--on", "soon"), 3, "--on 'soon' is no date"),
        (("testbase:r1", "--attempt", "x", "--on", "2999-01-01"), 3, "--on 2999-01-01 lies ahead"),
        (("testbase:r3", "--attempt", "x"), 6, "is not sought for retrieval"),
        (("testbase:r1", "--language", "German", "--answer", ""), 3, "--answer is empty"),
    ],
)
def test_a_note_that_says_nothing_is_refused_and_nothing_is_noted(
    run: Run, run_json: RunJson, sought: list[str], words: tuple[str, ...], code: int, told: str
) -> None:
    result = run("fulltext", "note", *words, "--by", "ann")

    assert result.exit_code == code
    assert told in result.stderr
    assert run_json("fulltext")[0]["language"] is None


# --- what becomes of files later -------------------------------------------------------------------


def test_reports_that_turn_out_to_be_one_have_the_files_of_both(
    run: Run, run_json: RunJson, sought: list[str]
) -> None:
    for place in (0, 1):
        Path(f"{place}.txt").write_text(f"Text number {place}", encoding="utf-8")
        attached(run, sought[place], f"{place}.txt")

    result = run("duplicates", "merge", sought[0], sought[1], "--by", "ann", "--note", "one paper", "--yes")
    assert result.exit_code == 0, result.output

    (one,) = [one for one in run_json("fulltext") if one["files"]]
    assert [file["name"] for file in one["files"]] == ["0.txt", "1.txt"]


def test_check_finds_a_copy_that_changed_and_notes_one_that_is_not_here(run: Run, sought: list[str]) -> None:
    for name in ("a", "b"):
        Path(f"{name}.txt").write_text(f"Text of {name}", encoding="utf-8")
    attached(run, sought[0], "a.txt", "b.txt")
    assert "checked: 2 files of full texts against their hashes" in run("check").stdout

    a, b = (Path("fulltexts") / f"{hashlib.sha256(f'Text of {n}'.encode()).hexdigest()}.txt" for n in "ab")
    a.unlink()
    assert "note: a.txt of" in run("check").stdout
    b.write_text("Text of c", encoding="utf-8")
    result = run("check")

    assert result.exit_code == 6
    assert "is no longer the file b.txt that was attached" in result.stdout


def test_a_copy_that_was_lost_is_made_again_when_its_file_is_attached_to_another_report(
    run: Run, sought: list[str]
) -> None:
    Path("a.txt").write_text("Five of 8", encoding="utf-8")
    attached(run, sought[0], "a.txt")
    (kept,) = Path("fulltexts").glob("*.txt")
    kept.write_text("spoilt", encoding="utf-8")

    attached(run, sought[1], "a.txt")

    assert kept.read_text(encoding="utf-8") == "Five of 8"


# --- while title and abstract are blind ------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("attach", "RECORD", "a.txt", "--by", "ann"),
        ("text", "RECORD"),
        ("find", "five"),
        ("find", "five", "--report", "RECORD"),
        ("note", "RECORD", "--attempt", "x", "--by", "ann"),
        ("fetch", "--by", "ann"),
        ("fetch", "--report", "RECORD", "--by", "ann"),
        ("excluded",),
    ],
    ids=" ".join,
)
def test_no_command_of_full_texts_tells_what_another_voted(
    run: Run, review: Review, words: tuple[str, ...]
) -> None:
    keys = bring_in(review, [a_record(n) for n in (1, 2, 3)])
    run("dedupe")
    Path("a.txt").write_text("Five of 8", encoding="utf-8")
    for key, verdict in zip(keys, ("include", "exclude"), strict=False):
        run("screen", "--reviewer", "bob", "--record", key, "--verdict", verdict)

    said = []
    for key in keys[:2]:
        result = run("fulltext", *(key if word == "RECORD" else word for word in words))
        assert result.exit_code == 6, result.output
        said.append(result.output.replace(key, "RECORD"))

    assert said[0] == said[1]
    assert stored() == []
