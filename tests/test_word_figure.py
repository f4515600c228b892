"""The flow for Word: cells that can be edited, in all templates, on one page, and opened by LibreOffice."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from pypdf import PdfReader

from iimscreen.diagram import Diagram, alt_text, of_flow
from iimscreen.word_figure import flow_docx
from made_flows import MANY, SCRIPTS, TEMPLATES, a_flow

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def opened(diagram: Diagram) -> Any:  # python-docx's document
    return Document(io.BytesIO(flow_docx(diagram, title="A review", foot="Made today")))


def cells(word: Any) -> list[list[str]]:
    """Cell → its paragraphs, in the order of the table."""
    return [
        ["".join(text.text or "" for text in one.iter(qn("w:t"))) for one in cell.iter(qn("w:p"))]
        for cell in word.tables[0]._tbl.iter(qn("w:tc"))
    ]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("reasons", [(), MANY, SCRIPTS], ids=["none", "thirty", "scripts"])
def test_each_box_is_a_cell_with_its_lines_as_text(template: str, reasons: tuple[str, ...]) -> None:
    diagram = of_flow(a_flow(template, reasons, notice="A notice"))

    word = opened(diagram)

    found = [[line.replace("\u200e", "") for line in cell] for cell in cells(word)]
    for box in diagram.boxes:
        said = [str(line).replace(line.count, line.count.replace(" ", "\u00a0")) for line in box.lines]
        assert [one.replace("\x00", "\ufffd").replace("\ufffe", "\ufffd") for one in said] in found
    told = [paragraph.text for paragraph in word.paragraphs]
    assert told[0] == "A review"
    assert "A notice" in told
    assert any(diagram.footnotes[0] in one for one in told)
    assert told[-1] == "Made today"


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_row_of_the_table_is_as_wide_as_its_grid(template: str) -> None:
    table = opened(of_flow(a_flow(template))).tables[0]._tbl

    grid = len(table.findall(f"{qn('w:tblGrid')}/{qn('w:gridCol')}"))
    for row in table.iter(qn("w:tr")):
        spans = [span.get(qn("w:val")) for span in row.iter(qn("w:gridSpan"))]
        alone = len(row.findall(qn("w:tc"))) - len(spans)
        assert alone + sum(map(int, spans)) == grid


def test_the_table_tells_itself_to_who_cannot_see_it() -> None:
    diagram = of_flow(a_flow("new-other"))

    table = opened(diagram).tables[0]._tbl

    assert table.tblPr.find(qn("w:tblCaption")).get(qn("w:val")) == diagram.title
    assert table.tblPr.find(qn("w:tblDescription")).get(qn("w:val")) == alt_text(diagram)


def test_only_boxes_have_borders_all_round() -> None:
    diagram = of_flow(a_flow("updated-other"))

    table = opened(diagram).tables[0]._tbl

    framed = [borders for borders in table.iter(qn("w:tcBorders")) if len(borders) == 4]
    assert len(framed) == len(diagram.boxes) + len(diagram.columns)


def test_right_to_left_labels_run_from_right_to_left_and_keep_their_number() -> None:
    word = opened(of_flow(a_flow(reasons=SCRIPTS[:2])))

    found = [
        paragraph
        for paragraph in word.tables[0]._tbl.iter(qn("w:p"))
        if paragraph.find(f"{qn('w:pPr')}/{qn('w:bidi')}") is not None
    ]
    assert len(found) == 2
    for paragraph in found:
        assert list(paragraph.iter(qn("w:rtl")))
        assert "".join(one.text for one in paragraph.iter(qn("w:t"))).endswith(
            "\u200e(n\u00a0=\u00a03)\u200e"
        )


def test_an_interim_flow_is_stamped_and_says_what_is_open() -> None:
    word = opened(of_flow(a_flow(is_open=False, missing=["title-abstract: ann has 3 to go"])))

    told = [paragraph.text for paragraph in word.paragraphs]
    assert "Interim: these numbers are not final." in told
    assert "Open: title-abstract: ann has 3 to go" in told
    assert ["Records excluded (n\u00a0=\u00a0–)"] in cells(word)


def test_one_column_stands_upright_and_more_lie_lengthwise() -> None:
    sizes = {template: opened(of_flow(a_flow(template))).sections[0] for template in TEMPLATES}

    assert [name for name, one in sizes.items() if one.page_width < one.page_height] == ["new-databases"]


@pytest.mark.slow  # starting LibreOffice takes two seconds, all figures at once
@pytest.mark.skipif(
    SOFFICE is None, reason="no LibreOffice on this machine (looked for soffice, libreoffice)"
)
def test_libreoffice_opens_each_figure_on_one_page(tmp_path: Path) -> None:
    made = {
        f"{template}-{len(reasons)}": a_flow(template, reasons)
        for template in TEMPLATES
        for reasons in (SCRIPTS, MANY)
    }
    for name, one in made.items():
        (tmp_path / f"{name}.docx").write_bytes(flow_docx(of_flow(one), title="A review"))

    subprocess.run(
        [
            str(SOFFICE),
            f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            str(tmp_path),
            *map(str, sorted(tmp_path.glob("*.docx"))),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )

    for name, one in made.items():
        pdf = PdfReader(tmp_path / f"{name}.pdf")
        text = " ".join(" ".join(page.extract_text() for page in pdf.pages).replace("\u00a0", " ").split())
        assert len(pdf.pages) == 1, name
        for line in (
            line for box in of_flow(one).boxes for line in box.lines if line.number and line.text.isascii()
        ):
            if not any(mark in line.text for mark in "\x00\ufffe"):
                assert str(line).replace(" ", "") in text.replace(" ", ""), name


def test_the_file_is_a_sound_archive_without_anything_from_outside() -> None:
    made = flow_docx(of_flow(a_flow(reasons=SCRIPTS)))

    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.testzip() is None
        links = [
            name
            for name in archive.namelist()
            if name.endswith(".rels") and b'"External"' in archive.read(name)
        ]
    assert links == []
