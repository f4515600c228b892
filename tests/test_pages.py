"""Pages: whatever goes in as text stays text, headings and landmarks are in order, lists are those of the numbers."""

from __future__ import annotations

import base64
import html
import re
import time
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import a_record, bring_in
from iimscreen import flow_pages, numbers, pages, pictures, review_flow
from iimscreen.diagram import of_flow
from iimscreen.model import Behind
from iimscreen.pages import _flow, _style
from iimscreen.store import Review
from iimscreen.tables import Line, Table
from made_flows import SCRIPTS, TEMPLATES, a_flow

ILL = (
    "<img src=x onerror=document.title='owned'>",
    "</script><script>document.title='owned'</script>",
    "\"'&\x00\ufffe",
)
VOID = {"br", "hr", "img", "input", "meta", "link", "wbr"}


class Read(HTMLParser):
    """A page as its tags: that they are balanced, and what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.faults: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":  # lines of a cell
            self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [said for tag, said in self.tags if tag == name]


def a_page(title: str = "A review", words: str = "Words") -> str:
    body = pages.join(
        [
            pages.paragraph(words),
            pages.table([words, "n"], [[words, "1"]], caption=words, numeric=[1]),
            pages.details(words, pages.records_list([Behind(words, words, "https://doi.org/10.1/x", words)])),
            pages.definitions([(words, words)]),
            pages.bullets([words]),
            pages.of_table(
                Table(name="t", title=words, columns=(words,), lines=(Line((words,)),), notes=(words,))
            ),
            pages.link(words, words),
            pages.jump(words, "one", label=words),
        ]
    )
    under = (pages.Section(id="two", heading=words, body=pages.text(words)),)
    section = pages.Section(id="one", heading=words, body=body, sections=under)
    return pages.page(title, [section], lead=words, stamps=[words], foot=[words], print_lists=True)


@settings(max_examples=40)  # a page takes 10 ms to read
@given(st.one_of(st.sampled_from(ILL), st.text(min_size=1, max_size=30)))
def test_no_text_becomes_a_tag_or_an_attribute(words: str) -> None:
    plain, read = Read(a_page()), Read(a_page(words, words))

    assert read.faults == []
    assert read.open == []
    assert [tag for tag, _ in read.tags] == [tag for tag, _ in plain.tags]
    assert [set(said) for _, said in read.tags] == [set(said) for _, said in plain.tags]


@given(st.text(max_size=30))
def test_a_page_holds_no_character_that_none_may_hold(words: str) -> None:
    said = pages.text(words)

    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", said)
    assert len(html.unescape(said)) == len(words)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", 'https://x" onclick="y', "", "http:"]
)
def test_what_is_no_address_of_the_web_is_no_link(address: str) -> None:
    assert "<a" not in pages.link("words", address)
    assert "<a" not in pages.cited(Behind("k", "text", address))


def test_a_page_has_a_language_landmarks_a_skip_link_and_headings_in_order() -> None:
    page = pages.flow(of_flow(a_flow("updated-other", SCRIPTS)), [], title="A review")
    read = Read(page)

    assert read.all("html")[0]["lang"] == "en"
    assert [len(read.all(name)) for name in ("main", "header", "footer", "nav", "h1")] == [1] * 5
    assert read.all("a")[0] == {"class": "skip", "href": "#content"}
    assert read.all("main")[0]["id"] == "content"
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert all(below - above <= 1 for above, below in pairwise(levels))
    ids = [said["id"] for _, said in read.tags if "id" in said]
    assert len(ids) == len(set(ids))
    jumps = {str(said["href"])[1:] for said in read.all("a") if str(said["href"]).startswith("#")}
    assert jumps <= set(ids)


def test_the_policy_lets_nothing_in_and_nothing_out() -> None:
    (policy,) = [
        str(said["content"])
        for said in Read(a_page()).all("meta")
        if "Content-Security-Policy" in said.values()
    ]

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["script-src"].startswith("'sha256-")
    assert "unsafe" not in rules["script-src"]
    assert not re.search(r"url\(|@import|src=\"http", a_page())


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("front", "back", "least"), _style.MEETINGS)
def test_colours_can_be_told_apart(front: str, back: str, least: float) -> None:
    light, dark = sorted((_luminance(_style.COLOURS[one]) for one in (front, back)), reverse=True)

    assert (light + 0.05) / (dark + 0.05) >= least


def test_names_that_look_alike_as_ids_are_kept_apart() -> None:
    made = pages.identifiers(["a b", "a-b", "a+b", "", "“"])

    assert len(set(made.values())) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", one) for one in made.values())


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("is_open", [True, False])
def test_each_number_of_the_figure_leads_to_its_rows_and_only_these(
    review: Review, template: str, is_open: bool
) -> None:
    made = a_flow(template, SCRIPTS, is_open=is_open)
    lists = flow_pages.lists(review, made)
    page = pages.flow(of_flow(made), lists, title="A review")

    figure = page[page.index('class="flow') : page.index("<figcaption")]
    for line in (line for box in of_flow(made).boxes for line in box.lines if line.number):
        (one,) = [found for found in lists if found.name == line.number]
        to = f'href="#{pages.identifier(one.full_name)}' if line.number.isascii() else "href="
        assert to in figure
        assert len(one.rows) == (line.n or 0)
        assert tuple(row.key for row in one.rows) == (made.keys_of(line.number) or ())
        assert bool(one.why_not) == (line.n is None)


def test_what_is_closed_to_view_has_no_rows_on_the_page(review: Review) -> None:
    made = a_flow(is_open=False)

    page = pages.flow(of_flow(made), flow_pages.lists(review, made), title="A review")

    excluded = page[page.index('id="prisma.records_excluded"') :].partition("</details>")[0]
    assert "Not shown: " in excluded
    assert "<li>" not in excluded
    assert "not open to view" in page[page.index('class="flow') : page.index("<figcaption")]


def test_the_figure_can_be_saved_from_the_page_as_the_drawing_that_the_command_writes(review: Review) -> None:
    bring_in(review, [a_record(1, title=ILL[0])])
    made = of_flow(review_flow.prisma(review))

    read = Read(flow_pages.page(review, at="2026-11-28 05:00 UTC"))

    (link,) = [said for said in read.all("a") if said.get("download") == "prisma-flow.svg"]
    (shown,) = read.all("img")
    kind, _, data = str(link["href"]).partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data).decode("utf-8") == pictures.svg(made)
    assert shown["src"] == link["href"]
    assert str(shown["alt"]).startswith(made.title)


def test_lists_cite_the_records_of_the_review_in_full(review: Review) -> None:
    keys = bring_in(
        review, [a_record(1, title=ILL[0], doi="10.1000/one"), a_record(2, title=ILL[1], pmid="123")]
    )

    page = flow_pages.page(review, at="2026-11-28 05:00 UTC")

    listed = page[page.index('id="prisma.records_screened"') :].partition("</details>")[0]
    assert re.findall(r"<code>(testbase:[^<]+)</code>", listed) == keys
    assert 'href="https://doi.org/10.1000/one"' in listed
    assert html.escape(ILL[0]) in listed
    assert "Interim" in page
    assert "2026-11-28 05:00 UTC" in page


def test_studies_are_listed_with_their_reports(review: Review) -> None:
    made = a_flow(linked=True)

    page = pages.flow(of_flow(made), flow_pages.lists(review, made), title="A review")

    studies = page[page.index('id="prisma.new_studies"') :].partition("</details>")[0]
    assert studies.count("<ul>") == 40
    assert re.search(r"Study A</b><ul><li>.*a10.*</li><li>.*a11.*</li></ul>", studies)


def test_long_lists_name_records_that_are_cited_once(monkeypatch: pytest.MonkeyPatch, review: Review) -> None:
    monkeypatch.setattr(_flow, "IN_FULL", 50)
    made = a_flow()

    page = pages.flow(of_flow(made), flow_pages.lists(review, made), title="A review")

    register = page[page.index('id="flow-records"') :]
    cited = re.findall(r'<li id="r(\d+)"><bdi class="cited">([^<]+)</bdi>', register)
    assert len(cited) == len(set(cited)) == 1210
    screened = page[page.index('id="prisma.records_screened"') :].partition("</details>")[0]
    leads = re.findall(r'<a href="#r(\d+)">([^<]+)</a>', screened)
    assert [key for _, key in leads] == list(made.lists["records_screened"] or ())
    assert set(leads) <= set(cited)


def test_long_lists_of_the_same_rows_are_given_once(monkeypatch: pytest.MonkeyPatch, review: Review) -> None:
    monkeypatch.setattr(_flow, "IN_FULL", 0)
    bring_in(review, [a_record(1), a_record(2)])

    page = flow_pages.page(review, at="now")

    screened = page[page.index('id="prisma.records_screened"') :].partition("</details>")[0]
    assert "The same 2 records as" in screened
    assert 'href="#prisma.database_results"' in screened


def test_ten_thousand_rows_take_less_than_a_second() -> None:
    rows = [
        Behind(f"k:{n}", f"Author {n}. Title & more {n}. Journal. 2020.", f"https://doi.org/10.1/{n}")
        for n in range(10_000)
    ]

    began = time.perf_counter()
    made = pages.records_list(rows)

    assert time.perf_counter() - began < 1.0
    assert made.count("<li>") == 10_000


def test_the_page_tells_every_number_that_why_tells(review: Review) -> None:
    bring_in(review, [a_record(1), a_record(2)])

    found = flow_pages.lists(review, review_flow.prisma(review))

    told = {name: one for name, one in numbers.every(review).items() if name.startswith("prisma.")}
    assert {one.full_name: tuple(row.key for row in one.rows) for one in found} == {
        name: one.rows for name, one in told.items() if name in {one.full_name for one in found}
    }
    assert {
        line.number for box in of_flow(review_flow.prisma(review)).boxes for line in box.lines if line.number
    } <= {one.name for one in found}
