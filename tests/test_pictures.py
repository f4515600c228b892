"""The flow diagram as SVG, PNG, PDF and CSV, and `iimscreen prisma --format`."""

from __future__ import annotations

import csv
import io
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import docx
import pytest
from click.testing import Result
from pypdf import PdfReader
from rich.cells import cell_len

from conftest import a_record, bring_in
from iimscreen import dedupe, pictures, render
from iimscreen.diagram import of_flow
from iimscreen.diagram.layout import drawing
from iimscreen.errors import InputError
from iimscreen.pictures import _r_csv
from iimscreen.protocol import TITLE_ABSTRACT
from iimscreen.store import Review
from made_flows import MANY, SCRIPTS, TEMPLATES, a_flow
from test_blinding_of_updates import vote

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "]]>&amp;'\"",
    "nul\x00\x1b[31m\ufffe",
    "\u202egnp.exe",
    "W" * 500,
)
COVERED = tuple(label for label in SCRIPTS if label[0] in "מم")


def chunks(png: bytes) -> dict[bytes, bytes]:
    found, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.setdefault(png[at + 4 : at + 8], png[at + 8 : at + 8 + length])
        at += 12 + length
    return found


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(
    "reasons", [(), HOSTILE, MANY, SCRIPTS], ids=["none", "hostile", "thirty", "scripts"]
)
def test_svg_is_well_formed_and_asks_for_nothing_from_elsewhere(
    template: str, reasons: tuple[str, ...]
) -> None:
    made = of_flow(a_flow(template, reasons))

    root = ElementTree.fromstring(pictures.svg(made))

    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == made.title  # type: ignore[union-attr]  # it has one
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "rect",
        "g",
        "text",
        "polyline",
        "polygon",
    }
    counts = [one.text for one in root.iter(f"{SVG}text") if one.get("data-number")]
    assert sorted(map(str, counts)) == sorted(
        line.count for box in made.boxes for line in box.lines if line.number
    )


def test_a_number_with_an_address_is_a_link_and_no_other_is() -> None:
    made = of_flow(a_flow())

    root = ElementTree.fromstring(pictures.svg(made, {"records_screened": '#a"&<b'}))

    (link,) = root.iter(f"{SVG}a")
    assert link.get("href") == '#a"&<b'
    assert [text.get("data-number") for text in link] == ["records_screened"]


def test_png_says_its_resolution_and_is_the_same_each_time() -> None:
    made = of_flow(a_flow(reasons=COVERED))

    png = pictures.png(made)

    parts = chunks(png)
    assert struct.unpack(">IIB", parts[b"pHYs"]) == (11811, 11811, 1)
    wide, high = struct.unpack(">II", parts[b"IHDR"][:8])
    figure = drawing(made)
    assert abs(wide - figure.width * 300 / 72) <= 1
    assert abs(high - figure.height * 300 / 72) <= 1
    assert png == pictures.png(made)


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_number_of_the_pdf_can_be_copied(template: str) -> None:
    made = of_flow(a_flow(template, ("Wrong population", *COVERED)))

    pdf = pictures.pdf(made)

    reader = PdfReader(io.BytesIO(pdf))
    (page,) = reader.pages
    text = page.extract_text()
    assert all(
        line.count in text and (not line.text.isascii() or line.text.split()[0] in text)
        for box in made.boxes
        for line in box.lines
    )
    assert reader.metadata.title == made.title  # type: ignore[union-attr]  # it has some
    assert pdf == pictures.pdf(made)


@pytest.mark.parametrize("make", [pictures.png, pictures.pdf])
def test_letters_that_no_font_has_are_named_and_none_is_left_out(make: Callable[..., bytes]) -> None:
    made = of_flow(a_flow(reasons=("\U000f8fe0\U000f8fe1 of a private alphabet",)))

    with pytest.raises(InputError, match=r"U\+F8FE0.*U\+F8FE1") as refused:
        make(made)

    assert "--format svg" in refused.value.hint


# --- CSV for PRISMA2020 (R) ---


def as_r_reads(cell: str) -> list[tuple[str, int]]:
    """A list cell by the rule of the package: labels end at the first comma, the digits after commas are joined."""
    if not re.search(r"[^0-9,]", cell):
        return [("", int(cell.replace(",", "")))]
    found = []
    for one in re.split(r"; ?", cell):
        number = re.sub(r".*?,([ 0-9,]*)|.*()", lambda match: match[1] or "", one)
        found.append((re.sub(r",.*$", "", one), int(re.sub(r"[^0-9]", "", number))))
    return found


def rows_of(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table)))


def by_key(rows: list[dict[str, str]], key: str) -> dict[str, str]:
    """The row whose key contains this, as grep finds it; only the template's own pairs with _ma share one."""
    row, *others = [row for row in rows if key in row["data"]]
    assert [other["data"] for other in others] in ([], [f"{key}_ma"])
    return row


@pytest.mark.parametrize("template", TEMPLATES)
def test_r_reads_the_numbers_and_reasons_of_the_figure(template: str) -> None:
    labels = ("Wrong dose, 5 mg; oral", "=1+1", "1,000 patients", "2,5", "plain")
    made = of_flow(a_flow(template, labels))

    table = pictures.csv(made)

    rows = rows_of(table)
    assert table.splitlines()[0] == "data,node,box,description,boxtext,tooltips,url,n"
    assert len(rows) == 34
    lines = {line.number: line for box in made.boxes for line in box.lines if line.number}
    for key in (key for key, *_ in _r_csv.ROWS if key != "NA"):
        row = by_key(rows, key)
        if key in lines and key not in ("dbr_excluded", "other_excluded"):
            assert row["n"] == str(lines[key].n), key
    reasons = [line for name, line in lines.items() if name.startswith("dbr_excluded.")]
    read = as_r_reads(by_key(rows, "dbr_excluded")["n"])
    assert [n for _, n in read] == [line.n for line in reasons]
    assert [label for label, _ in read] == [
        "Wrong dose / 5 mg / oral",
        "“=1+1”",
        "1000 patients",
        "2 / 5",
        "plain",
    ]
    is_new = template.startswith("new")
    assert (by_key(rows, "previous_studies")["n"] == "NA") == is_new
    assert (by_key(rows, "total_reports_ma")["n"]) == "NA"
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@")]


def test_what_is_closed_to_view_is_not_in_the_csv_and_interim_is_said_in_its_heading() -> None:
    made = replace(of_flow(a_flow(is_open=False)), is_interim=True)

    rows = rows_of(pictures.csv(made))

    assert by_key(rows, "records_excluded")["n"] == "NA"
    assert next(row for row in rows if row["box"] == "newstud")["boxtext"].endswith(" - INTERIM")


# --- the command ---


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("flow.svg", b"<svg "),
        ("flow.png", b"\x89PNG"),
        ("flow.pdf", b"%PDF"),
        ("flow.csv", b"data,node,"),
        ("flow.json", b"{"),
        ("flow.docx", b"PK"),
        ("flow.html", b"<!doctype html>"),
        ("flow.txt", b"INTERIM"),
    ],
)
def test_the_ending_of_the_file_names_the_format(
    run: Callable[..., Result], review_file: Path, name: str, begins: bytes
) -> None:
    result = run("prisma", "--output", name, "--review", review_file)

    assert result.exit_code == 0, result.output
    assert Path(name).read_bytes().lower().startswith(begins.lower())
    assert "interim" in result.output


def test_a_file_is_replaced_only_when_that_is_said(run: Callable[..., Result], review_file: Path) -> None:
    Path("flow.svg").write_text("mine", encoding="utf-8")

    refused = run("prisma", "--output", "flow.svg", "--review", review_file)
    kept = Path("flow.svg").read_text(encoding="utf-8")
    replaced = run("prisma", "--output", "flow.svg", "--force", "--review", review_file)

    assert refused.exit_code == 3
    assert "--force" in refused.output
    assert kept == "mine"
    assert replaced.exit_code == 0
    assert Path("flow.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--format", "png"), "png is not for a terminal"),
        (("--format", "tiff"), "'tiff' is not known"),
        (("--output", "flow.tiff"), "its ending names no format"),
        (("--json", "--format", "svg"), "two formats"),
        (("--list", "duplicates", "--format", "svg"), "--list is printed"),
    ],
)
def test_what_cannot_be_made_is_refused(
    run: Callable[..., Result], review_file: Path, words: tuple[str, ...], told: str
) -> None:
    result = run("prisma", *words, "--review", review_file)

    assert result.exit_code == 3
    assert told in result.output


def test_text_formats_can_be_printed(run: Callable[..., Result], review_file: Path) -> None:
    assert run("prisma", "--format", "svg", "--review", review_file).stdout.startswith("<svg")
    assert run("prisma", "--format", "csv", "--review", review_file).stdout.startswith("data,node")
    assert (
        run("prisma", "--json", "--review", review_file).stdout
        == run("prisma", "--format", "json", "--review", review_file).stdout
    )


def screened_by_format(path: Path) -> str:
    """The records screened as one of the written files says them."""
    if path.suffix == ".csv":
        return by_key(rows_of(path.read_text(encoding="utf-8")), "records_screened")["n"]
    if path.suffix == ".pdf":
        text = PdfReader(path).pages[0].extract_text()
    elif path.suffix == ".docx":
        cells = docx.Document(str(path)).tables[0]._cells
        text = " ".join(cell.text for cell in cells)
    else:
        text = re.sub(r"<[^>]*>", " ", path.read_text(encoding="utf-8")).replace("&nbsp;", " ")
    found = re.search(r"Records screened\s+\(n\s=\s(\d+)\)", text)
    assert found, text
    return found[1]


def test_every_format_of_a_closed_version_has_its_numbers_and_not_those_of_today(
    run: Callable[..., Result], review_file: Path, review: Review
) -> None:
    keys = bring_in(review, [a_record(1, title="One"), a_record(2, title="Another thing")])
    dedupe.run(review)
    for name in ("ann", "bob"):
        vote(review, name, TITLE_ABSTRACT, dict.fromkeys(keys, "exclude"))
    closed = run("version", "close", "--by", "ann", "--review", review_file)
    assert closed.exit_code == 0, closed.output
    bring_in(review, [a_record(3, title="Something quite different")])

    for name in ("v1.svg", "v1.csv", "v1.pdf", "v1.docx", "v1.html", "v1.txt"):
        result = run("prisma", "--version", "1", "--output", name, "--review", review_file)

        assert result.exit_code == 0, result.output
        assert screened_by_format(Path(name)) == "2", name
    run("prisma", "--output", "now.svg", "--review", review_file)
    assert screened_by_format(Path("now.svg")) == "1"


# --- the drawing of the terminal ---


def test_the_drawing_in_characters_keeps_its_edges_and_steers_no_terminal() -> None:
    labels = (
        "症例のない総説" * 6,
        "COVID 症例のない総説と横断研究に関する報告 2020",
        "e\u0301" * 40,
        "red\x1b[31m\x9b1m\x00",
    )
    made = of_flow(
        a_flow("new-other", labels, database="医学中央雑誌" * 4, notice="N\x1b[2J", missing=["m\x1b[2J"])
    )

    drawn = render.as_text(made, 134)

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", drawn)
    edges = [
        [cell_len(line[:at]) for at, letter in enumerate(line) if letter == "│"]
        for line in drawn.splitlines()
        if line.startswith("│") and line.count("│") == 8
    ]
    assert len(edges) > 10
    assert all(one == edges[0] for one in edges)
    assert drawn.count("症") == 2 * 7
