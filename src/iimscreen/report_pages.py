"""A report as one HTML page that needs nothing beside it, with the records behind each number of the flow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iimscreen import pages
from iimscreen.documents import (
    Bullets,
    Document,
    Facts,
    Figure,
    ForAuthors,
    Grid,
    Paragraph,
    Part,
    Plot,
    Section,
    Verbatim,
)
from iimscreen.pages import Html, NumberList

PRINTED = 600  # rows of all lists together that are printed until the reader chooses otherwise
_STYLE = """
.origin { color: var(--soft); font-size: .85rem; }
.authors { border-inline-start: 4px solid var(--edge); padding: .3rem .8rem; }
th { overflow-wrap: break-word; hyphens: auto; }
.plot svg { display: block; max-width: 100%; height: auto; }
.data-table h4, .data-table h5 { margin-top: 1rem; }
@media print { .lengthwise { page: lengthwise; } .lengthwise table { font-size: 7.5pt; }
  .lengthwise td, .lengthwise th { min-width: 0; padding-inline-end: .35rem; }
  pre { break-inside: auto; } .plot { break-inside: avoid; } }
"""


def page(document: Document, lists: Sequence[NumberList]) -> str:
    """The page; `lists` are those behind the numbers of the flow, at its end."""
    sections: list[pages.Section] = []
    at_the_end: list[pages.Section] = []
    for section in document.sections:
        figure = next((part for part in section.parts if isinstance(part, Figure)), None)
        if figure is None:
            sections.append(_section(section, 2))
            continue
        flow, words, *behind = pages.flow_sections(figure.diagram, lists)
        sections += [flow, words]
        at_the_end += behind
    return pages.page(
        document.title,
        [*sections, *at_the_end],
        lead=document.lead,
        stamps=document.stamps,
        foot=document.foot,
        more_style=_STYLE,
        print_lists=sum(len(one.rows) for one in lists) <= PRINTED,
    )


def _section(section: Section, level: int) -> pages.Section:
    body = [*map(pages.stamp, section.stamps), *(_part(part, level + 1) for part in section.parts)]
    return pages.Section(
        id=section.id,
        heading=section.heading,
        body=pages.listed(body),
        sections=tuple(_section(one, level + 1) for one in section.sections),
    )


def _part(part: Part, level: int) -> Html:
    match part:
        case Paragraph(text, origin, is_note):
            return pages.paragraph(text, *_origin(origin), class_="note" if is_note else None)
        case Bullets(items, is_numbered):
            return pages.element("ol", *_items(items)) if is_numbered else pages.bullets(items)
        case Facts(pairs):
            return pages.definitions(pairs)
        case Grid(table, is_wide):
            made = pages.of_table(table, level=level)
            return pages.element("div", made, class_="lengthwise") if is_wide else made
        case Verbatim(heading, text):
            return pages.join((pages.paragraph(heading), pages.element("pre", text, tabindex="0")))
        case Plot(svg, caption, table):
            inside = pages.trusted(svg.partition("?>")[2] if svg.startswith("<?xml") else svg)
            figure = pages.element("figure", inside, pages.element("figcaption", caption), class_="plot")
            return pages.join(
                (figure, pages.details("The same as a table", pages.of_table(table, level=level)))
            )
        case ForAuthors(text):
            return pages.paragraph(
                pages.element("b", "To be written by the authors: "), f"{text}.", class_="authors"
            )
        case Figure():
            raise AssertionError("a figure is a section of its own")


def _origin(origin: str) -> Iterable[Html]:
    return (pages.element("span", f" [{origin}]", class_="origin"),) if origin else ()


def _items(items: Iterable[str]) -> Iterable[Html]:
    return (pages.element("li", item, dir="auto") for item in items)
