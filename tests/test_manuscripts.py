"""Numbers in manuscripts: filled, held against the log later, in every format, and nothing else touched."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import manuscript_files, manuscripts, review_protocol
from iimscreen.errors import InputError
from iimscreen.manuscript_files import Stamp
from iimscreen.manuscripts.printing import in_words, shown
from iimscreen.model import Number
from iimscreen.protocol import TITLE_ABSTRACT
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, open_review
from living_reviews import judge

Run = Callable[..., Result]
STAMP = Stamp("a" * 32, "b" * 64, "2026-01-01T00:00:00.000Z")
TEXTS = (".md", ".tex", ".txt")
SOFFICE = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed")


@pytest.fixture(scope="session")
def _done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    path = tmp_path_factory.mktemp("done") / "review.db"
    review_protocol.create(path)
    with open_review(path) as review:
        keys = bring_in(review, [a_record(n, pmid=str(1000 + n)) for n in range(1, 6)])
        judge(review, include=keys[:2], exclude_at_full_text=keys[2:3])
    return path, keys


@pytest.fixture
def done(_done: tuple[Path, list[str]], review_file: Path) -> list[str]:
    """A finished review: five records screened, two excluded, three reports assessed, two included."""
    shutil.copy(_done[0], review_file)
    return _done[1]


@pytest.fixture
def review(review_file: Path, request: pytest.FixtureRequest) -> Iterator[Review]:
    """The review of the test, open; the finished one where a test wants that."""
    if "done" in request.fixturenames:
        request.getfixturevalue("done")
    with open_review(review_file) as opened:
        yield opened


def write(name: str, text: str) -> None:
    """A manuscript of this text in the test's folder."""
    if not name.endswith(".docx"):
        Path(name).write_text(text, encoding="utf-8")
        return
    word = Document()
    for line in text.splitlines():
        word.add_paragraph(line)
    word.save(name)


def words_of(name: str) -> str:
    """What a reader sees of a Word file's paragraphs."""
    return "\n".join(one.text for one in Document(name).paragraphs)


def checked(run: Run, name: str) -> tuple[int, list[dict[str, Any]]]:
    result = run("manuscript", "check", name, "--json")
    return result.exit_code, json.loads(result.stdout)["findings"]


# --- the road of an author -------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [*TEXTS, ".docx"])
def test_a_filled_manuscript_holds_until_another_vote_and_says_which_row_it_was(
    run: Run, review: Review, done: list[str], ending: str
) -> None:
    write(f"a{ending}", "We screened {{prisma.records_screened}}.\nIn all {{prisma.new_reports as words}}.")
    filled = run("manuscript", "fill", f"a{ending}")
    before = checked(run, f"a.filled{ending}")
    bring_in(review, [a_record(9, pmid="1009")], database="Embase")
    judge(review, include=[*done[:2]])

    code, (screened, included) = checked(run, f"a.filled{ending}")

    assert filled.exit_code == 0, filled.output
    assert (before[0], {one["verdict"] for one in before[1]}) == (0, {"holds"})
    assert code == 6
    assert [screened[key] for key in ("verdict", "printed", "was", "now")] == ["drifted", "5", "5", "6"]
    assert screened["since"]["text"] == "1 record found, 1 new, 0 refused"
    assert (included["verdict"], included["printed"]) == ("holds", "two")


@pytest.mark.parametrize("ending", [*TEXTS, ".docx"])
def test_filling_again_changes_nothing_and_then_brings_the_numbers_of_now(
    run: Run, review: Review, done: list[str], ending: str
) -> None:
    write(
        f"a{ending}",
        "We screened {{prisma.records_screened}}, that is {{prisma.new_reports / prisma.dbr_assessed | %}}.",
    )
    run("manuscript", "fill", f"a{ending}", "--output", f"b{ending}")
    once = Path(f"b{ending}").read_bytes()
    again = run("manuscript", "fill", f"b{ending}", "--in-place")
    same = Path(f"b{ending}").read_bytes()
    bring_in(review, [a_record(9, pmid="1009")], database="Embase")
    judge(review, include=done[:2])

    later = run("manuscript", "fill", f"b{ending}", "--in-place")

    assert again.exit_code == 0
    assert manuscript_files.read(f"b{ending}", same).tags == manuscript_files.read(f"b{ending}", once).tags
    assert ending == ".docx" or same == once
    assert "was 5, now 6" in later.stdout
    assert checked(run, f"b{ending}")[0] == 0
    assert any(path.read_bytes() == same for path in Path().glob(f"b.20*{ending}"))


@pytest.mark.parametrize("ending", [*TEXTS, ".docx"])
def test_what_goes_to_the_journal_has_numbers_and_no_tags(run: Run, done: list[str], ending: str) -> None:
    text = "We screened {{prisma.records_screened}} records, {{prisma.records_excluded | n}}."
    write(f"a{ending}", text)
    run("manuscript", "fill", f"a{ending}")

    result = run("manuscript", "fill", f"a.filled{ending}", "--final", "--output", f"z{ending}")

    assert result.exit_code == 0, result.output
    left = words_of("z.docx") if ending == ".docx" else Path(f"z{ending}").read_text(encoding="utf-8")
    assert left.rstrip("\n") == "We screened 5 records, (n = 2)."
    assert run("manuscript", "check", f"z{ending}").exit_code == 3


def test_a_number_changed_by_hand_is_told_as_that(run: Run, done: list[str]) -> None:
    write("a.md", "{{prisma.records_screened}}")
    run("manuscript", "fill", "a.md")
    path = Path("a.filled.md")
    path.write_text(path.read_text().replace(">5<", ">7<"))

    code, (found,) = checked(run, "a.filled.md")

    assert (code, found["verdict"], found["was"], found["now"]) == (6, "changed by hand", "5", "5")


def test_a_manuscript_filled_from_another_review_is_told_as_that(run: Run, done: list[str]) -> None:
    write("a.md", "{{prisma.records_screened}}")
    run("manuscript", "fill", "a.md")
    review_protocol.create(Path("other.db"))
    with open_review(Path("other.db")) as other:
        judge(other, include=bring_in(other, [a_record(1, pmid="1001")]))

    result = run("manuscript", "check", "a.filled.md", "--json", "--review", "other.db")

    told = json.loads(result.stdout)
    (found,) = told["findings"]
    assert result.exit_code == 6
    assert (found["verdict"], found["was"], found["now"]) == ("drifted", "5", "1")
    assert (found["why"], found["since"]) == ("it was filled from another review", None)
    assert "filled from another review" in told["remarks"][0]


def test_plain_text_tells_a_change_by_hand_by_the_log(run: Run, done: list[str]) -> None:
    write("a.txt", "{{prisma.records_screened}}")
    run("manuscript", "fill", "a.txt")
    path = Path("a.filled.txt")
    path.write_text(path.read_text().replace("= 5}", "= 7}"))

    assert checked(run, "a.filled.txt")[1][0]["verdict"] == "changed by hand"


# --- what is refused -------------------------------------------------------------------------------


def test_unknown_names_are_all_told_with_their_place_and_nothing_is_written(
    run: Run, done: list[str]
) -> None:
    write("a.md", "{{prisma.record_screened}}\n{{prisma.new_studies}}\n{{nothing}}")

    result = run("manuscript", "fill", "a.md")

    assert result.exit_code == 3
    assert (
        "line 1: no number is called 'prisma.record_screened'; did you mean prisma.records_screened?"
        in result.stderr
    )
    assert "line 3" in result.stderr
    assert not Path("a.filled.md").exists()
    assert run("manuscript", "check", "a.md").exit_code == 6


def test_numbers_that_are_not_final_are_filled_only_when_asked_and_marked(run: Run, review: Review) -> None:
    keys = bring_in(review, [a_record(n) for n in range(1, 4)])
    Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(keys[0], "include"))
    write("a.md", "{{prisma.records_excluded}}")

    refused = run("manuscript", "fill", "a.md")
    taken = run("manuscript", "fill", "a.md", "--interim")

    assert refused.exit_code == 6
    assert "line 1" in refused.stderr
    assert taken.exit_code == 0
    assert ">– (interim)<" in Path("a.filled.md").read_text(encoding="utf-8")
    assert checked(run, "a.filled.md")[1][0]["verdict"] == "not open to view"


def test_an_authors_file_is_never_written_over(run: Run, done: list[str]) -> None:
    write("a.md", "{{prisma.new_studies}}")
    Path("a.filled.md").write_text("mine")

    assert run("manuscript", "fill", "a.md").exit_code == 3
    assert Path("a.filled.md").read_text() == "mine"
    assert run("manuscript", "fill", "a.filled.md").exit_code == 3


HOSTILE = {
    "no zip": (b"hello", "no .docx file"),
    "encrypted": (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "encrypted"),
    "empty": (b"", "no .docx file"),
}


@pytest.mark.parametrize(("content", "word"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_word_file_is_told(content: bytes, word: str) -> None:
    with pytest.raises(InputError, match=word):
        manuscript_files.read("a.docx", content)


def with_parts(**parts: bytes) -> bytes:
    made = io.BytesIO()
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    types = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{kind}.{name}{tail}+xml"/>'
        for name, tail in {"document": ".main", **{name: "" for name in parts if name != "document"}}.items()
    )
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", f"<Types>{types}</Types>")
        for name, content in parts.items():
            file.writestr(f"word/{name}.xml", content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (with_parts(), "no Word document"),
        (with_parts(document=b"<a>"), "damaged"),
        (
            with_parts(document=b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
            "document type",
        ),
        (with_parts(document=b" " * 200_000_000), "unpacks to"),
    ],
    ids=["no document", "no XML", "entities", "bomb"],
)
def test_a_hostile_word_file_is_refused(content: bytes, word: str) -> None:
    with pytest.raises(InputError, match=word):
        _ = manuscript_files.read("a.docx", content).tags


@pytest.mark.parametrize("content", ["{{a.b}}".encode("utf-16"), b"a\0b"])
def test_a_text_that_is_none_is_told(content: bytes) -> None:
    with pytest.raises(InputError, match="UTF-8"):
        manuscript_files.read("a.md", content)


def test_a_damaged_tag_is_told_with_its_line() -> None:
    with pytest.raises(InputError, match="line 2"):
        manuscript_files.read("a.md", b'a\n<span data-iim="prisma.x = 3">3')


# --- bytes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", TEXTS)
def test_line_ends_a_byte_order_mark_and_other_encodings_stay(ending: str) -> None:
    for before in (b"\xef\xbb\xbfM\xc3\xbcller\r\n\r\n{{a.b}}\r\n", b"M\xfcller\r\n{{a.b}} \x93x\x94\r\n"):
        once = manuscript_files.read(f"a{ending}", before)
        filled = once.filled({"a.b": "1,234"}, STAMP)

        assert b"\n" not in filled.replace(b"\r\n", b"")
        assert manuscript_files.read(f"a{ending}", filled).final({"a.b": "37"}) == before.replace(
            b"{{a.b}}", b"37"
        )


@pytest.mark.parametrize("ending", TEXTS)
def test_a_last_carriage_return_is_not_taken_with_the_stamp(ending: str) -> None:
    before = b"n = {{a.b}}\r"
    filled = manuscript_files.read(f"a{ending}", before).filled({"a.b": "37"}, STAMP)

    again = manuscript_files.read(f"a{ending}", filled)

    assert again.filled({"a.b": "37"}, STAMP) == filled
    assert again.final({"a.b": "37"}) == b"n = 37\r"


_PIECES = st.one_of(
    st.sampled_from(
        ["{{a.b}}", "{{ a.c | words }}", "\n", "\r\n", "{", "}", "\\", "%", "<", "ü", "|", "$x_1$"]
    ),
    st.text(st.characters(exclude_characters="{}\0\\", exclude_categories=["Cs"]), max_size=8),
)


@pytest.mark.parametrize("ending", TEXTS)
@given(pieces=st.lists(_PIECES, max_size=12))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_filling_changes_nothing_but_tags(ending: str, pieces: list[str]) -> None:
    content = "".join(pieces).encode()
    one = manuscript_files.read(f"a{ending}", content)
    values = {tag.asks: f"{number},5%" for number, tag in enumerate(one.tags)}

    filled = one.filled(values, STAMP)
    again = manuscript_files.read(f"a{ending}", filled)

    assert [tag.asks for tag in again.tags] == [tag.asks for tag in one.tags]
    assert [tag.printed for tag in again.tags] == [values[tag.asks] for tag in one.tags]
    assert {tag.stamp for tag in again.tags} <= {STAMP}
    assert again.filled(values, STAMP) == filled
    assert again.final(values) == one.final(values)


# --- Word ------------------------------------------------------------------------------------------


def test_tags_in_pieces_in_tables_and_in_headers_are_found() -> None:
    word = Document()
    paragraph = word.add_paragraph("Before ")
    for piece in ("{{pri", "sma.", "a} ", "{{prisma.b|wo", "rds }", "} and {{\u00a0“prisma.c”}}", " after"):
        paragraph.add_run(piece).bold = piece == "{{prisma.b|wo"
    word.add_table(2, 2).cell(1, 0).text = "n = {{prisma.d}}"
    word.sections[0].header.paragraphs[0].text = "{{prisma.e}}"
    made = io.BytesIO()
    word.save(made)
    one = manuscript_files.read("a.docx", made.getvalue())
    values = {tag.asks: str(number) for number, tag in enumerate(one.tags)}

    filled = one.filled(values, STAMP)

    again = Document(io.BytesIO(filled))
    assert [tag.where for tag in one.tags] == [
        "paragraph 1",
        "paragraph 1",
        "table 1, row 2, cell 1",
        "header, paragraph 1",
    ]
    assert again.paragraphs[0].text == "Before {{prisma.a} 0 and 1 after"
    assert next(run.bold for run in again.paragraphs[0].runs if run.text == "0") is True
    assert again.tables[0].cell(1, 0).text == "n = 2"
    assert again.sections[0].header.paragraphs[0].text == "3"
    assert [tag.printed for tag in manuscript_files.read("a.docx", filled).tags] == ["0", "1", "2", "3"]


_NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)


def a_part(root: str, inside: str) -> bytes:
    return f"<w:{root} {_NAMESPACES}>{inside}</w:{root}>".encode()


def seen_in(content: bytes, part: str) -> str:
    """What stands in one part, without what was deleted and without fields' instructions."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        xml = file.read(f"word/{part}.xml").decode()
    return "".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", xml))


def test_with_tracked_changes_inserted_text_is_filled_and_deleted_text_stays_as_it_is() -> None:
    body = (
        "<w:p><w:r><w:t>n = {{a.</w:t></w:r>"
        '<w:ins w:id="1" w:author="ann"><w:r><w:t>new}}</w:t></w:r></w:ins>'
        '<w:del w:id="2" w:author="ann"><w:r><w:delText>old}} {{a.gone}}</w:delText></w:r></w:del>'
        '<w:ins w:id="3" w:author="ann"><w:r><w:t>, {{a.all}}</w:t></w:r></w:ins></w:p>'
    )
    content = with_parts(document=a_part("document", body))
    one = manuscript_files.read("a.docx", content)

    filled = one.filled({"a.new": "7", "a.all": "9"}, STAMP)
    again = manuscript_files.read("a.docx", filled)
    final = again.final({"a.new": "8", "a.all": "9"})

    assert [tag.asks for tag in one.tags] == ["a.new", "a.all"]
    assert [tag.printed for tag in again.tags] == ["7", "9"]
    assert (seen_in(filled, "document"), seen_in(final, "document")) == ("n = 7, 9", "n = 8, 9")
    for made in (filled, final):
        with zipfile.ZipFile(io.BytesIO(made)) as file:
            assert b"<w:delText>old}} {{a.gone}}</w:delText>" in file.read("word/document.xml")


def test_tags_in_notes_and_comments_are_found_with_their_place() -> None:
    def tagged(name: str) -> str:
        return f"<w:p><w:r><w:t>{{{{{name}}}}}</w:t></w:r></w:p>"

    content = with_parts(
        document=a_part("document", tagged("a.body")),
        footnotes=a_part("footnotes", f'<w:footnote w:id="1">{tagged("a.foot")}</w:footnote>'),
        endnotes=a_part("endnotes", f'<w:endnote w:id="1">{tagged("a.end")}</w:endnote>'),
        comments=a_part("comments", f'<w:comment w:id="1">{tagged("a.said")}</w:comment>'),
    )
    one = manuscript_files.read("a.docx", content)

    filled = one.filled({tag.asks: tag.asks[2:] for tag in one.tags}, STAMP)

    assert [(tag.asks, tag.where) for tag in one.tags] == [
        ("a.body", "paragraph 1"),
        ("a.foot", "footnotes, paragraph 1"),
        ("a.end", "endnotes, paragraph 1"),
        ("a.said", "comments, paragraph 1"),
    ]
    parts = ("document", "footnotes", "endnotes", "comments")
    assert [seen_in(filled, part) for part in parts] == ["body", "foot", "end", "said"]


def test_a_text_box_that_is_there_twice_counts_once_and_is_filled_twice() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>{{a.box}}</w:t></w:r></w:p></w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>{{a.text}}</w:t></w:r><w:r><mc:AlternateContent>"
        f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    one = manuscript_files.read("a.docx", with_parts(document=a_part("document", body)))

    filled = one.filled({"a.text": "1", "a.box": "2"}, STAMP)

    assert [tag.asks for tag in one.tags] == ["a.text", "a.box"]
    assert seen_in(filled, "document") == "122"


@SOFFICE
@pytest.mark.slow  # two starts of LibreOffice: 3 s
def test_tags_survive_libreoffice_and_the_number_is_on_the_page(
    run: Run, done: list[str], tmp_path: Path
) -> None:
    write("a.docx", "We screened {{prisma.records_screened}} records; {{prisma.new_studies | n}}.")
    run("manuscript", "fill", "a.docx")
    for kind in ("docx", "txt:Text"):
        subprocess.run(
            [
                "soffice",
                "--headless",
                f"-env:UserInstallation={(tmp_path / 'lo').as_uri()}",
                "--convert-to",
                kind,
                "--outdir",
                "out",
                "a.filled.docx",
            ],
            check=True,
            capture_output=True,
        )

    code, found = checked(run, "out/a.filled.docx")

    assert (code, [one["printed"] for one in found]) == (0, ["5", "(n = 2)"])
    assert (
        Path("out/a.filled.txt").read_text(encoding="utf-8-sig").strip() == "We screened 5 records; (n = 2)."
    )


# --- how numbers are printed -----------------------------------------------------------------------


def a_number(name: str, value: int | None, why_not: str = "") -> Number:
    return Number(name=name, value=value, definition="", of="records", why_not=why_not)


KNOWN = {
    "a.many": a_number("a.many", 1234),
    "a.part": a_number("a.part", 37),
    "a.none": a_number("a.none", 0),
    "a.closed": a_number("a.closed", None, "its votes are not open to view"),
}


@pytest.mark.parametrize(
    ("asks", "printed"),
    [
        ("a.many", "1,234"),
        ("a.many as plain", "1234"),
        ("a.part as words", "thirty-seven"),
        ("a.many as Words", "One thousand two hundred thirty-four"),
        ("a.part as n", "(n = 37)"),
        ("a.part / a.many as percent", "3.0%"),
        ("a.part of a.many", "3.0%"),
        ("a.closed", "– (interim)"),
        ("a.part / a.none as percent", "– (interim)"),
        ("sentence.one", "Of 3 records."),
    ],
)
def test_a_number_is_printed_as_it_is_asked_for(asks: str, printed: str) -> None:
    assert shown(asks, KNOWN, {"sentence.one": "Of 3 records."}).in_full == printed


@pytest.mark.parametrize("asks", ["a.mny", "a.part as roman", "a.part as percent", "", "a b c", "a.part / b"])
def test_what_cannot_be_printed_is_said_to_be_wrong(asks: str) -> None:
    assert shown(asks, KNOWN, {}).wrong


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "zero"),
        (19, "nineteen"),
        (20, "twenty"),
        (41, "forty-one"),
        (100, "one hundred"),
        (90_001, "ninety thousand one"),
    ],
)
def test_counts_in_words(count: int, words: str) -> None:
    assert in_words(count) == words


def test_sentences_are_filled_beside_numbers(review: Review, done: list[str]) -> None:
    made = manuscripts.fill(review, "a.md", b"{{sentence.one}}", texts={"sentence.one": "A < B."})

    assert b">A &lt; B.<" in made.content
    assert manuscripts.check(review, "a.md", made.content, texts={"sentence.one": "A < B."}).faults == 0
