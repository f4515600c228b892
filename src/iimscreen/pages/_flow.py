"""The page of the flow: the figure, and behind each of its numbers the list of its records.

A list of up to `IN_FULL` rows cites each of them. A longer one names its records by key, and each key leads to
the one list where all of them are cited, so that a record of a large review is not cited five times. Long lists
of the same rows are given once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from iimscreen.diagram import Diagram, abstract_sentence, alt_text, results_sentences
from iimscreen.model import Behind
from iimscreen.pages._boxes import boxes
from iimscreen.pages._html import Html, Inside, element, identifiers, join, text
from iimscreen.pages._page import Section, page
from iimscreen.pages._parts import (
    AT_ONCE,
    bullets,
    cited,
    details,
    drawing,
    heading,
    jump,
    numbered,
    paragraph,
    records_list,
)
from iimscreen.wording import counted

IN_FULL = 1_000  # rows that a list cites; 40,000 records make a page of 21 MB with it
PRINTED = 600  # rows of all lists together that are printed until the reader chooses otherwise
_CITED = "flow-records"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberList:
    """One number of the flow, and the rows behind it."""

    name: str  # "records_screened", as lines of the diagram call it
    full_name: str  # "prisma.records_screened", as `why` and a manuscript call it
    definition: str
    of: str  # "records", "reports" or "studies"
    rows: tuple[Behind, ...] = ()
    reports: Mapping[str, tuple[Behind, ...]] = field(default_factory=dict)  # study → its reports
    why_not: str = ""  # what is said instead of rows, where the number is closed to view


@dataclass(frozen=True, slots=True)
class _Shown:
    """A list with what it is called on the page."""

    one: NumberList
    id: str
    words: str
    count: str


def flow(
    diagram: Diagram,
    lists: Sequence[NumberList],
    *,
    title: str,
    lead: str = "",
    foot: Sequence[str] = (),
    svg: str = "",
) -> str:
    """The page; `title` is that of the review, `svg` the same figure as a drawing, to be saved."""
    stamps = [diagram.notice] if diagram.notice else []
    if diagram.is_interim:
        stamps.append("Interim: these numbers are not final. What is missing is told below the figure.")
    return page(
        title,
        flow_sections(diagram, lists, svg=svg),
        lead=lead,
        stamps=stamps,
        foot=foot,
        print_lists=sum(len(one.rows) for one in lists) <= PRINTED,
    )


def flow_sections(diagram: Diagram, lists: Sequence[NumberList], *, svg: str = "") -> list[Section]:
    """The figure, the flow in words, the lists, and where long lists are cited: parts of this page or of another.

    Their ids are flow, flow-words, flow-lists, flow-records, and the full name of each number.
    """
    ids = identifiers(["flow", "flow-words", "flow-lists", _CITED, *(one.full_name for one in lists)])
    by_name = {one.name: one for one in lists}
    groups = _groups(diagram, by_name, ids)
    register = _register(one for _, ones in groups for one in ones)
    sections = [
        Section(
            id="flow",
            heading="Flow diagram",
            body=_figure(diagram, {one.name: ids[one.full_name] for one in lists}, svg),
        ),
        Section(id="flow-words", heading="The flow in words", body=_words(diagram)),
        Section(
            id="flow-lists",
            heading="The records behind each number",
            body=_lists(groups, register),
            starts_page=True,
        ),
    ]
    if register.place:
        sections.append(Section(id=_CITED, heading="All records of long lists", body=_cited_once(register)))
    return sections


def _figure(diagram: Diagram, to: Mapping[str, str], svg: str) -> Html:
    caption = element("figcaption", paragraph(f"{diagram.title}."))
    parts: list[Inside] = [element("figure", boxes(diagram, to), caption)]
    if diagram.marked or diagram.footnotes:
        marked = (join((element("b", mark), " ", words)) for mark, words in diagram.marked)
        parts.append(bullets([*marked, *diagram.footnotes], class_="notes"))
    if diagram.missing:
        parts += [heading("What is missing", level=3), bullets(diagram.missing)]
    if svg:
        alt = f"{diagram.title}: the boxes and numbers above. They are told in full in the flow in words."
        parts.append(
            details(
                "The figure as a drawing, for a manuscript",
                drawing(svg, alt=alt, name="prisma-flow.svg"),
                class_="picture",
            )
        )
    return join(parts)


def _words(diagram: Diagram) -> Html:
    return join(
        piece
        for name, words in (
            ("For the abstract", abstract_sentence(diagram)),
            ("For the results", results_sentences(diagram)),
            ("For who cannot see the figure", alt_text(diagram)),
        )
        for piece in (heading(name, level=3), paragraph(words))
    )


# --- lists ---


def _groups(
    diagram: Diagram, by_name: Mapping[str, NumberList], ids: Mapping[str, str]
) -> list[tuple[str, list[_Shown]]]:
    """The lists of the diagram under the headings of its columns, then those that no box holds."""
    groups: list[tuple[str, list[_Shown]]] = []
    seen: set[str] = set()
    blocks = [
        (column.heading, [box for row in column.rows for box in (row.main, row.exit) if box])
        for column in diagram.columns
    ]
    for name, found in (*blocks, ("Included", list(diagram.ends))):
        ones: list[_Shown] = []
        for box in found:
            above = ""
            for line in box.lines:
                if not line.level:
                    above = line.text.rstrip(":")
                if line.number not in by_name or line.number in seen:
                    continue
                seen.add(line.number)
                words = f"{above}: {line.text}" if line.level else above
                one = by_name[line.number]
                ones.append(_Shown(one, ids[one.full_name], words, line.count.strip("()")))
        groups.append((name, ones))
    told = {one.one.rows for _, ones in groups for one in ones}
    beside = [
        _Shown(one, ids[one.full_name], one.definition.rstrip("."), f"n = {len(one.rows):,}")
        for name, one in by_name.items()
        if name not in seen and one.rows and one.rows not in told
    ]
    if beside:
        groups.append(("Beside the figure", beside))
    return groups


@dataclass(frozen=True, slots=True)
class _Register:
    """The rows of all long lists, each once, and of long lists of the same rows the first."""

    place: Mapping[Behind, int]
    first: Mapping[tuple[Behind, ...], _Shown]


def _register(shown: Iterable[_Shown]) -> _Register:
    place: dict[Behind, int] = {}
    first: dict[tuple[Behind, ...], _Shown] = {}
    for one in shown:
        if len(one.one.rows) <= IN_FULL or one.one.of == "studies":
            continue
        if first.setdefault(one.one.rows, one) is one:
            for row in one.one.rows:
                place.setdefault(_record(row), len(place) + 1)
    return _Register(place, first)


def _record(row: Behind) -> Behind:
    """A hit that counts for itself is called "RUN KEY": the record of it is that of the key."""
    return row._replace(key=row.key.rpartition(" ")[2], note="")


def _lists(groups: Iterable[tuple[str, Sequence[_Shown]]], register: _Register) -> Html:
    made: list[Inside] = []
    for name, ones in groups:
        if ones:
            made += [heading(name, level=3), *(_list(one, register) for one in ones)]
    return element("div", *made, class_="lists")


def _list(shown: _Shown, register: _Register) -> Html:
    one = shown.one
    summary = join((element("bdi", shown.words), " ", element("span", shown.count, class_="n")))
    about = element(
        "p", element("span", one.definition), " ", element("code", one.full_name), class_="note", dir="auto"
    )
    back = jump("Back to the figure", "flow", label=f"Back to the figure from {shown.words}")
    return details(summary, element("p", back, class_="back"), about, _rows(shown, register), id_=shown.id)


def _rows(shown: _Shown, register: _Register) -> Html:
    one = shown.one
    if one.why_not:
        return paragraph(f"Not shown: {one.why_not}.")
    first = register.first.get(one.rows)
    if first is None:
        return records_list(one.rows, under=one.reports if one.of == "studies" else None, label=shown.words)
    if first is not shown:
        return paragraph(
            f"The same {counted(len(one.rows), one.of.rstrip('s'))} as ",
            jump(first.words, first.id),
            ", listed there.",
        )
    said = paragraph(
        f"{counted(len(one.rows), one.of.rstrip('s'))}, by key; each leads to where it is cited in full.",
        class_="note",
    )
    keys = [f'<a href="#r{register.place[_record(row)]}">{text(row.key)}</a>' for row in one.rows]
    blocks = (keys[at : at + AT_ONCE] for at in range(0, len(keys), AT_ONCE))
    return Html(said + "\n".join(f'<p class="refs">{" ".join(block)}</p>' for block in blocks))


def _cited_once(register: _Register) -> Html:
    return join(
        (
            paragraph(
                f"{counted(len(register.place), 'record')} of lists of more than {IN_FULL:,}, each cited once.",
                class_="note",
            ),
            details(
                join(("All of them ", element("span", f"n = {len(register.place):,}", class_="n"))),
                numbered([cited(row) for row in register.place], ids=lambda number: f"r{number + 1}"),
            ),
        )
    )
