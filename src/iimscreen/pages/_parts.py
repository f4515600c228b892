"""What pages are made of: paragraphs, links, lists, tables, and lists of records that fold away."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape, unescape

from iimscreen.model import Behind
from iimscreen.pages._html import Html, Inside, element, join, text
from iimscreen.tables import Line, Table, footnotes

_WEB = re.compile(r"https?://[^\s\"'<>\\^`{|}\x00-\x20]+", re.IGNORECASE)
AT_ONCE = 250  # rows in a block; browsers lay out blocks only as they come into view


def paragraph(*inside: Inside, class_: str | None = None) -> Html:
    """A paragraph, in the direction of its own script."""
    return element("p", *inside, class_=class_, dir="auto")


def link(words: Inside, address: str) -> Html:
    """A link out of the page, opened beside it; the words alone if the address is not one of the web."""
    if not _WEB.fullmatch(address):
        return text(words)
    return element("a", words, href=address, target="_blank", rel="noopener noreferrer")


def jump(words: Inside, to: str, *, label: str | None = None) -> Html:
    """A link within the page, to an id; `label` is what is read out instead of the words."""
    return element("a", words, href=f"#{to}", aria_label=label)


def heading(words: Inside, *, level: int, id_: str | None = None) -> Html:
    """A heading."""
    return element(f"h{min(level, 6)}", words, id=id_)


def stamp(words: Inside) -> Html:
    """A sentence that nobody may overlook, such as that numbers are interim."""
    return element("p", words, class_="stamp", role="note", dir="auto")


def bullets(items: Iterable[Inside], *, class_: str | None = None) -> Html:
    """A list without numbers."""
    return element("ul", *(element("li", item, dir="auto") for item in items), class_=class_)


def definitions(pairs: Iterable[tuple[Inside, Inside]]) -> Html:
    """Terms and what is said of each."""
    return element(
        "dl", *(join((element("dt", term), element("dd", said, dir="auto"))) for term, said in pairs)
    )


def details(
    summary: Inside, *inside: Inside, id_: str | None = None, is_open: bool = False, class_: str | None = None
) -> Html:
    """What folds away under its summary. `id_` is inside, so that browsers open it where a link leads there."""
    body = element("div", *inside, id=id_, class_="inside", tabindex="-1" if id_ else None)
    return element("details", element("summary", summary), body, open=is_open, class_=class_)


def image(png: bytes, *, alt: str) -> Html:
    """A picture within the page."""
    return element("img", src=_data("image/png", png), alt=alt)


def drawing(svg: str, *, alt: str, name: str) -> Html:
    """A drawing within the page, as a picture in which nothing runs, and a link that saves it as a file."""
    data = _data("image/svg+xml", svg.encode("utf-8"))
    save = element("a", f"Save it as {name}", href=data, download=name)
    return join((paragraph(save), element("img", src=data, alt=alt)))


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def table(
    columns: Sequence[Inside],
    rows: Iterable[Sequence[Inside]],
    *,
    caption: Inside = "",
    numeric: Sequence[int] = (),
    heads: bool = True,
    id_: str | None = None,
) -> Html:
    """A table that scrolls by itself where it is too wide.

    Columns at the places `numeric` stand at the right. With `heads`, the first cell of a row is its heading.
    """
    right = dict.fromkeys(numeric, ' class="n"')
    head = "".join(
        f'<th scope="col"{right.get(place, "")}>{text(name)}</th>' for place, name in enumerate(columns)
    )
    body = "\n".join(_row(row, right, heads=heads) for row in rows)
    over = element("caption", caption) if caption else ""
    made = Html(f"<table>{over}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>")
    return _scrolling(made, text(caption or "Table"), id_)


def _row(cells: Sequence[Inside], right: Mapping[int, str], *, heads: bool) -> str:
    made = []
    for place, cell in enumerate(cells):
        tag, scope = ("th", ' scope="row"') if heads and not place else ("td", "")
        made.append(f'<{tag}{scope}{right.get(place, "")} dir="auto">{_broken(cell)}</{tag}>')
    return f"<tr>{''.join(made)}</tr>"


def _broken(cell: Inside) -> str:
    return cell if isinstance(cell, Html) else text(cell).replace("\n", "<br>")


def _scrolling(made: Html, name: Html, id_: str | None) -> Html:
    """A region that the keyboard can scroll."""
    plain = unescape(re.sub(r"<[^>]*>", "", name))
    return element("div", made, id=id_, class_="wide", role="region", aria_label=plain, tabindex="0")


def of_table(made: Table, *, level: int = 3) -> Html:
    """A table of a review's data as the tables room makes it, with stamps over and footnotes under it."""
    columns = len(made.columns)
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in made.columns)
    body = "\n".join(_line(line, columns) for line in made.lines)
    grid: Html = paragraph("No rows.", class_="note")
    if made.lines:
        grid = _scrolling(
            Html(f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"),
            text(made.caption),
            None,
        )
    return element(
        "div",
        heading(made.caption, level=level),
        *map(stamp, made.stamps),
        grid,
        *(paragraph(note, class_="note") for note in footnotes(made)),
        class_="data-table",
    )


def _line(line: Line, columns: int) -> str:
    if line.kind != "row" and not any(line.cells[1:]):
        return f'<tr class="{line.kind}"><th scope="rowgroup" colspan="{columns}">{_broken(line.cells[0])}</th></tr>'
    cells = "".join(f'<td dir="auto">{_broken(cell)}</td>' for cell in line.cells)
    return f'<tr class="{line.kind}">{cells}</tr>'


def records_list(
    rows: Sequence[Behind], *, under: Mapping[str, Sequence[Behind]] | None = None, label: str | None = None
) -> Html:
    """Records or reports, numbered, each cited in full with its key and a link to where it stands.

    `under`: study → its reports, for rows that are studies; they are listed below it.
    """
    return numbered([_cited(row, (under or {}).get(row.key)) for row in rows], label=label)


def numbered(
    items: Sequence[str], *, label: str | None = None, ids: Callable[[int], str] | None = None
) -> Html:
    """A numbered list of pieces that are HTML already; in blocks, since a list may have 100,000 of them."""
    if not items:
        return paragraph("None.", class_="note")
    named = f' aria-label="{text(label)}"' if label else ""
    blocks = []
    for first in range(0, len(items), AT_ONCE):
        lines = "\n".join(
            f'<li id="{ids(first + number)}">{item}</li>' if ids else f"<li>{item}</li>"
            for number, item in enumerate(items[first : first + AT_ONCE])
        )
        start = f' start="{first + 1}"' if first else ""
        blocks.append(f'<ol class="rows"{start}{named}>\n{lines}\n</ol>')
    return Html("\n".join(blocks))


def _cited(row: Behind, reports: Sequence[Behind] | None) -> str:
    if reports is None:
        return f"{cited(row)}"
    inside = "".join(f"<li>{cited(report)}</li>" for report in reports)
    return f'<b dir="auto">{text(row.key)}</b>{_note(row.note)}<ul>{inside}</ul>'


def cited(row: Behind) -> str:
    """A row: its text, where it stands in the world, its key, and its note."""
    words = text(row.text)
    key = f" <code>{text(row.key)}</code>" if row.key != row.text else ""
    where = ""
    if row.link and _WEB.fullmatch(row.link):
        name = "DOI" if "//doi.org/" in row.link else "PubMed" if "//pubmed." in row.link else "Link"
        where = (
            f' <a href="{escape(row.link)}" target="_blank" rel="noopener noreferrer"'
            f' aria-label="{name} of {text(row.key)}">{name}</a>'
        )
    return f'<bdi class="cited">{words}</bdi>{where}{key}{_note(row.note)}'


def _note(words: str) -> str:
    return f' <span class="why">{text(words)}</span>' if words else ""
