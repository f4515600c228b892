"""Bytes to pages: PDF, JATS, HTML and plain text, and what keeps the text of a file closed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eutils_server import FullText
from eutils_server.full_texts import articleset
from iimscreen import text_formats
from iimscreen.errors import InputError
from iimscreen.text_formats import HTML, OTHER, PDF, TXT, XML
from pdfs import encrypted, pdf

TWO_PAGES = pdf(["Five of 8 patients", "were treated with tofac-", "itinib."], ["Nobody died (0%)."])
JATS = articleset(["77"], {"77": FullText("77")}).encode()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (TWO_PAGES, PDF),
        (b"\r\n junk before it \n" + TWO_PAGES, PDF),
        (JATS, XML),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body/></html>", HTML),
        (b"  <!-- saved -->\n<!DOCTYPE html><html></html>", HTML),
        ("\ufeff<html>".encode("utf-16"), HTML),
        (b"Cases\nFive of 8", TXT),
        ("Fünf von 8".encode("cp1252"), TXT),
        ("Fünf von 8".encode("utf-16"), TXT),
        (b"PK\x03\x04\x14\x00\x06\x00word/document.xml", OTHER),
        (b"\x89PNG\r\n\x1a\n\x00\x00", OTHER),
        (bytes(range(256)), OTHER),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_a_file_is_tells_its_content(data: bytes, kind: str) -> None:
    assert text_formats.format_of(data) == kind


def test_a_pdf_is_read_page_by_page() -> None:
    found = text_formats.read(TWO_PAGES, PDF)

    assert [page.label for page in found.pages] == ["1", "2"]
    assert "Five of 8 patients" in found.pages[0].text
    assert found.pages[1].text.strip() == "Nobody died (0%)."
    assert found.trouble == ""


def test_a_pdf_that_numbers_its_pages_has_both_numbers() -> None:
    found = text_formats.read(pdf(["a b"], ["c d"], first_label=1034), PDF)

    assert [page.label for page in found.pages] == ["1 (1034)", "2 (1035)"]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_that_is_encrypted_without_a_password_is_read(algorithm: str) -> None:
    found = text_formats.read(encrypted(TWO_PAGES, opens_with="", algorithm=algorithm), PDF)

    assert "Five of 8" in found.pages[0].text


@pytest.mark.parametrize(
    ("data", "kind", "told"),
    [
        (encrypted(TWO_PAGES, opens_with="secret"), PDF, "opens with a password only"),
        (b"%PDF-1.7 invented", PDF, "the PDF is damaged"),
        (TWO_PAGES[:60], PDF, "the PDF is damaged"),
        (
            TWO_PAGES.replace(b"<< /Length", b"<< /Filter /Fl /Length"),
            PDF,
            "the text of 2 of 2 pages cannot be read",
        ),
        (pdf([], []), PDF, "it holds no text, as scans do"),
        (b"<a><b></a>", XML, "no well-formed XML"),
        (
            b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
            XML,
            "declares entities of its own",
        ),
        (
            articleset(["7"], {"7": FullText("7", access="closed")}).encode(),
            XML,
            "front matter of an article and no body",
        ),
        (b"<html><body><script>draw()</script></body></html>", HTML, "it holds no text"),
        (b"<html><body>Please <b>sign in</b> to go on</body></html>", HTML, "speaks of 'sign in'"),
        (b"- - -", TXT, "it holds no words"),
        (b"\x89PNG", OTHER, "no PDF, XML, HTML or plain text"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_file_whose_text_cannot_be_read_says_why(data: bytes, kind: str, told: str) -> None:
    found = text_formats.read(data, kind)

    assert told in found.trouble


def test_a_pdf_cut_or_changed_anywhere_is_read_or_says_why() -> None:
    chance = random.Random(5)  # noqa: S311 (spoils a file the same way each time)
    for _ in range(150):
        spoilt = bytearray(TWO_PAGES)
        for _ in range(chance.randrange(1, 12)):
            spoilt[chance.randrange(9, len(spoilt))] = chance.randrange(256)
        cut = bytes(spoilt[: chance.randrange(20, len(spoilt) + 1)])

        found = text_formats.read(cut, PDF)

        assert found.pages or found.trouble


def test_without_pypdf_the_text_of_a_pdf_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)

    with pytest.raises(InputError, match="pypdf, which is not installed") as caught:
        text_formats.read(TWO_PAGES, PDF)

    assert 'pip install "iimscreen[pdf]"' in caught.value.hint


def test_jats_is_read_section_by_section_with_its_tables_apart() -> None:
    body = (
        "<sec><title>Results</title><p>Five <italic>of</italic> 8&nbsp;people<xref><sup>12</sup></xref>.</p>"
        "<table-wrap><label>Table 1.</label><caption><p>Drugs</p></caption><table><tr><td>TOF</td><td>5</td>"
        "</tr></table></table-wrap></sec>"
    )
    data = JATS.decode().replace("<body>", f"<body>{body}")

    found = {page.label: page.text for page in text_formats.read(data.encode(), XML).pages}

    assert found["Results"] == "Results\nFive of 8 people12."
    assert found["Table 1"].split() == ["Table", "1.", "Drugs", "TOF", "5"]
    assert found["Abstract"] == "Three people were made up."
    assert found["Cases"] == "Cases\nWe treated three people."


def test_html_is_read_without_scripts_styles_and_menus() -> None:
    page = (
        "<html><head><title>Case</title><style>p {color: red}</style><script>if (a < b) { 'Nein' }</script></head>"
        "<body><nav>Home</nav><p>Five&nbsp;of <b>8</b></p><table><tr><td>TOF</td><td>5</td></tr></table></body></html>"
    )

    (found,) = text_formats.read(page.encode(), HTML).pages

    assert found.text.split() == ["Case", "Five", "of", "8", "TOF", "5"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_plain_text_is_read_in_its_encoding_and_parted_at_form_feeds(encoding: str) -> None:
    found = text_formats.read("Fünf von acht\r\nPatienten\fStraße fünf\f".encode(encoding), TXT)

    assert [(page.label, page.text) for page in found.pages] == [
        ("1", "Fünf von acht\nPatienten"),
        ("2", "Straße fünf"),
    ]


def test_a_page_that_names_another_encoding_than_it_is_in_is_read_all_the_same() -> None:
    (found,) = text_formats.read("<html><meta charset='utf-8'><p>Fünf".encode("cp1252"), HTML).pages

    assert found.text == "Fünf"


@settings(deadline=None)  # the first PDF loads pypdf
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"%PDF-1.4\n", b"<html>", b"<?xml version='1.0'?>", b"<article>"]),
)
def test_any_bytes_are_some_format_and_are_read_without_a_failure(data: bytes, head: bytes) -> None:
    found = text_formats.read(head + data, text_formats.format_of(head + data))

    assert found.is_there or found.trouble


@pytest.mark.slow  # LibreOffice takes 3 s to start
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice writes the PDF, and is not here")
def test_a_pdf_of_a_word_processor_is_read_with_its_ligatures_and_umlauts(tmp_path: Path) -> None:
    text = "Five of 8 patients had a sufficient effect; Dr. Müller saw no fluid (p < 0.05)."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8-sig")
    command = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        "pdf",
    ]
    subprocess.run(
        [*command, "--outdir", tmp_path, tmp_path / "a.txt"], check=True, capture_output=True, timeout=120
    )

    found = text_formats.read((tmp_path / "a.pdf").read_bytes(), PDF)

    assert " ".join(found.pages[0].text.split()) == text
