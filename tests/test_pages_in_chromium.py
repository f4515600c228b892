"""The page of the flow in a real browser: links, keyboard, paper, and that nothing leaves it or gets in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

import browser
from browser import Browser, browsing
from iimscreen import pages, pictures
from iimscreen.diagram import of_flow
from iimscreen.flow import Flow
from iimscreen.model import Behind
from made_flows import SCRIPTS, a_flow

pytestmark = pytest.mark.skipif(browser.PROGRAM is None, reason=browser.WHY_SKIPPED)

ILL = (
    "<img src=x onerror=document.title='owned'>",
    "</script><script>document.title='owned'</script>",
    "<a href=\"javascript:document.title='owned'\" autofocus onfocus=\"document.title='owned'\">x</a>",
    "<style>@import url(https://example.org/x.css)</style><svg onload=document.title='owned'>",
)
DRAWING = "data:image/svg+xml;base64,"
FIGURE = "document.querySelector('.flow')"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An update with other sources, reasons in several scripts, and hostile titles behind its numbers."""
    made = a_flow("updated-other", SCRIPTS, linked=True)
    path = tmp_path_factory.mktemp("page") / "flow # & page.html"
    path.write_text(
        pages.flow(
            of_flow(made),
            told_by(made),
            title=f"A review {ILL[0]}",
            lead=ILL[1],
            foot=[ILL[2]],
            svg=pictures.svg(of_flow(made)),
        ),
        encoding="utf-8",
    )
    return path


def told_by(made: Flow) -> list[pages.NumberList]:
    """Each number of a flow with rows that have hostile titles."""
    told = [
        Behind(
            key,
            f"Smith A. {ILL[number % len(ILL)]} Journal. 2020;1:{number}.",
            f"https://doi.org/10.1000/{number}",
        )
        for number, key in enumerate(dict.fromkeys(key for keys in made.lists.values() for key in keys or ()))
    ]
    by_key = {row.key: row for row in told}
    return [
        pages.NumberList(
            name=name,
            full_name=f"prisma.{name}",
            definition=f"Definition of {name}.",
            of="studies" if "studies" in name else "records",
            rows=tuple(by_key[key] for key in keys or ()),
            why_not="closed" if keys is None else "",
        )
        for name, keys in [
            *made.lists.items(),
            *((name, made.keys_of(name)) for box in made.parts for name in made.names_of_parts(box).values()),
        ]
    ]


def text_of(pdf: PdfReader, page: int) -> str:
    """The words of one page: reading all takes seconds."""
    return " ".join(pdf.pages[page].extract_text().split())


def shown(chromium: Browser) -> list[str]:
    """Ids of what is unfolded."""
    found: list[str] = chromium.run(
        "[...document.querySelectorAll('details[open] > .inside')].map(one => one.id)"
    )
    return found


def test_every_number_of_the_figure_opens_its_list_and_only_this(chromium: Browser, page: Path) -> None:
    chromium.open(page)
    numbers = chromium.run(
        f"[...{FIGURE}.querySelectorAll('a')].map(one => [one.hash.slice(1), one.textContent])"
    )

    opened = chromium.run(
        f"""(async () => {{
            const found = [];
            for (const link of {FIGURE}.querySelectorAll('a')) {{
                for (const one of document.querySelectorAll('details[open]')) one.open = false;
                link.click();
                await new Promise(done => setTimeout(done, 5));
                const open = [...document.querySelectorAll('details[open] > .inside')];
                found.push([open.map(one => one.id), open[0].querySelectorAll('li, .refs a').length]);
            }}
            return found;
        }})()"""
    )

    assert len(numbers) > 20
    for (to, text), (ids, rows) in zip(numbers, opened, strict=True):
        assert ids == [to]
        count = int(text.strip("()").replace("n\u00a0=\u00a0", "").replace(",", ""))
        refers = chromium.run(f"!!document.getElementById({to!r}).querySelector('p > a[href^=\"#prisma\"]')")
        assert rows == count or refers, to


def test_a_fragment_in_the_address_opens_the_list_and_shows_it(chromium: Browser, page: Path) -> None:
    chromium.open(page, fragment="#prisma.dbr_excluded")

    assert shown(chromium) == ["prisma.dbr_excluded"]
    top = chromium.run("document.getElementById('prisma.dbr_excluded').getBoundingClientRect().top")
    assert 0 <= top < 900


def test_lists_open_without_any_script(chromium: Browser, page: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.html"
    text = page.read_text(encoding="utf-8")
    bare.write_text(
        text[: text.index("<script>")] + text[text.index("</script>\n</body>") + 9 :], encoding="utf-8"
    )

    chromium.open(bare, fragment="#prisma.records_excluded")

    assert chromium.run("document.scripts.length") == 0
    assert shown(chromium) == ["prisma.records_excluded"]


def test_a_key_of_a_long_list_leads_to_the_record_cited_in_full(chromium: Browser, page: Path) -> None:
    chromium.open(page, fragment="#prisma.database_results")
    chromium.run("document.querySelector('details[open] .refs a:nth-child(7)').click()")
    chromium.settle()

    told = chromium.run("[location.hash, document.querySelector(':target').textContent]")

    assert told[0] == "#r7"
    assert told[1].startswith("Smith A.")
    assert chromium.run("document.querySelector('details[open] .refs a:nth-child(7)').textContent") in told[1]


def test_the_keyboard_reaches_the_content_the_numbers_and_their_lists(chromium: Browser, page: Path) -> None:
    chromium.open(page)

    chromium.press("Tab")
    assert chromium.run("document.activeElement.className") == "skip"
    assert chromium.run("document.activeElement.getBoundingClientRect().left >= 0")
    chromium.press("Enter")
    chromium.press("Tab")
    assert chromium.run(f"{FIGURE}.contains(document.activeElement)")
    first = chromium.run("document.activeElement.hash")
    assert chromium.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    chromium.press("Enter")
    assert [f"#{one}" for one in shown(chromium)] == [first]
    chromium.press("Tab")
    assert chromium.run("document.activeElement.closest('.inside').id") == first[1:]


def test_the_figure_is_read_in_order_with_what_each_number_counts(chromium: Browser, page: Path) -> None:
    chromium.open(page)

    nodes = chromium.say("Accessibility.getFullAXTree")["nodes"]

    links = [
        one["name"]["value"]
        for one in nodes
        if not one["ignored"] and one["role"]["value"] == "link" and "(n = " in one["name"]["value"]
    ]
    diagram = of_flow(a_flow("updated-other", SCRIPTS, linked=True))
    told = [f"{line.text} {line.count}" for box in diagram.boxes for line in box.lines if line.number]
    assert [" ".join(one.split()) for one in links] == [
        " ".join(one.replace("\x00", "\ufffd").replace("\ufffe", "\ufffd").split()) for one in told
    ]
    roles = [one["role"]["value"] for one in nodes if not one["ignored"]]
    assert {"banner", "navigation", "main", "figure"} <= set(roles)


def test_nothing_leaves_the_page_and_nothing_gets_in(chromium: Browser, page: Path) -> None:
    chromium.open(page)
    chromium.run("for (const one of document.querySelectorAll('details')) one.open = true")
    chromium.settle()

    asked = [*chromium.requests.values(), *chromium.stopped]
    assert [one for one in asked if not one.startswith(DRAWING)] == [page.resolve().as_uri()]
    assert chromium.complaints == []
    assert chromium.run("document.title").startswith("A review <img src=x onerror")
    assert chromium.run("document.querySelectorAll('main script, main style, main svg').length") == 0
    assert chromium.run("[...document.images].map(one => one.src.slice(0, 26))") == [DRAWING]
    assert chromium.run("document.images[0].naturalWidth > 300")
    others = "[...document.links].filter(one => !/^(https|file):$/.test(one.protocol))"
    assert chromium.run(f"{others}.map(one => one.download)") == ["prisma-flow.svg"]
    assert (
        chromium.run(
            "[...document.links].filter(one => one.protocol == 'https:' && one.rel != 'noopener noreferrer').length"
        )
        == 0
    )


def test_the_policy_stops_what_would_get_past_the_escaping(
    chromium: Browser, page: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.html"
    text = page.read_text(encoding="utf-8")
    broken.write_text(text.replace("<main", f"{''.join(ILL)}<main", 1), encoding="utf-8")

    chromium.open(broken)

    assert "owned" not in chromium.run("document.title").replace("document.title='owned'", "")
    assert any("Content Security Policy" in one for one in chromium.complaints)
    assert not any(one.startswith("http") for one in chromium.requests.values())


@pytest.mark.parametrize("width", [1280, 800, 390, 320])
def test_no_window_is_too_narrow_for_the_page(chromium: Browser, page: Path, width: int) -> None:
    chromium.open(page, width=width, fragment="#prisma.new_studies")

    assert chromium.run("document.documentElement.scrollWidth") <= width
    boxes = chromium.run(
        "[...document.querySelectorAll('.box')].map(one => one.scrollWidth - one.clientWidth)"
    )
    assert max(boxes) <= 0


def test_on_paper_the_figure_comes_with_the_lists_or_without(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "flow.html"
    made = a_flow("updated-other", SCRIPTS, records=120)
    path.write_text(pages.flow(of_flow(made), told_by(made), title="A review"), encoding="utf-8")

    chromium.open(path)
    chromium.run("document.getElementById('print-lists').checked = false")
    without = PdfReader(io.BytesIO(chromium.printed()))
    chromium.run("document.getElementById('print-lists').checked = true")
    with_lists = PdfReader(io.BytesIO(chromium.printed()))

    figure = text_of(without, 1)  # of three columns: on a page that lies lengthwise
    assert without.pages[1].mediabox.width > without.pages[1].mediabox.height
    assert "Previous studies" in figure
    assert "Total studies included in review" in figure
    assert "Smith A." not in text_of(without, len(without.pages) - 1)
    last = chromium.run("[...document.querySelectorAll('.rows bdi')].pop().textContent")
    assert last[-12:] in text_of(with_lists, len(with_lists.pages) - 1)
    assert len(with_lists.pages) > len(without.pages) + 5
    assert shown(chromium) == []


def test_a_blind_number_says_that_it_is_closed(chromium: Browser, tmp_path: Path) -> None:
    made = a_flow(is_open=False)
    path = tmp_path / "blind.html"
    closed = [
        pages.NumberList(name=name, full_name=name, definition="D.", of="records", why_not="it is blind")
        for name, keys in made.lists.items()
        if keys is None
    ]
    path.write_text(pages.flow(of_flow(made), closed, title="A review"), encoding="utf-8")

    chromium.open(path, fragment="#records_excluded")

    assert shown(chromium) == ["records_excluded"]
    assert "Not shown: it is blind." in chromium.run(
        "document.getElementById('records_excluded').textContent"
    )
    assert "–" in chromium.run(f"{FIGURE}.querySelector('a').textContent")
