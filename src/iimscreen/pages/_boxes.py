"""The flow diagram as boxes of a page: side by side where there is room, one below the other on a phone.

In the order of the page they stand as they are read, column after column; where each stands is said beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

from iimscreen.diagram import Box, Column, Diagram, Line
from iimscreen.pages._html import Html, Inside, element, join, text
from iimscreen.pages._parts import jump

_DENSE = 14  # lines of a box from which on type is smaller on paper, so that the figure keeps to a page


def boxes(diagram: Diagram, ids: Mapping[str, str]) -> Html:
    """The diagram; each number is a link to the id of its list, where `ids` has one."""
    steps = len(diagram.databases.rows)
    first = 2  # the first column holds the bars of the phases
    columns, places = [], ["auto"]
    for column in diagram.columns:
        has_exits = any(row.exit for row in column.rows)
        columns.append(_column(column, first, ids))
        places += ["minmax(0, 1fr)", *(["minmax(0, 1.25fr)"] if has_exits else [])]
        first += 2 if has_exits else 1
    most = max(len(row.exit.lines) for row in diagram.databases.rows if row.exit)
    bars = [_bar(phase, top, bottom) for phase, top, bottom in _phases(diagram)]
    ends = [
        _box(
            box,
            ids,
            f"grid-area: {steps + 2 + number} / 2 / auto / {first}",
            kind="" if box is diagram.ends[-1] else "down",
        )
        for number, box in enumerate(diagram.ends)
    ]
    return element(
        "div",
        *bars,
        *columns,
        element("div", *ends, class_="ends", role="group", aria_label="Included"),
        class_=f"flow {('one', 'two', 'three')[len(diagram.columns) - 1]}{' dense' if most > _DENSE else ''}",
        role="group",
        aria_label=diagram.title,
        style=f"grid-template-columns: {' '.join(places)}",
    )


def _phases(diagram: Diagram) -> list[tuple[str, int, int]]:
    """Phase, first line of the grid, line after its last; the ends are the last phase."""
    found: list[tuple[str, int, int]] = []
    for number, row in enumerate(diagram.databases.rows, 2):
        if found and found[-1][0] == row.phase:
            found[-1] = (row.phase, found[-1][1], number + 1)
        else:
            found.append((row.phase, number, number + 1))
    end = len(diagram.databases.rows) + 2
    return [*found, ("Included", end, end + len(diagram.ends))]


def _bar(phase: str, top: int, bottom: int) -> Html:
    return element(
        "p", phase, class_="bar", style=f"grid-area: {top} / 1 / {bottom} / auto", aria_hidden="true"
    )


def _column(column: Column, place: int, ids: Mapping[str, str]) -> Html:
    wide = 2 if any(row.exit for row in column.rows) else 1
    made: list[Inside] = [
        element("h3", column.heading, style=f"grid-area: 1 / {place} / auto / {place + wide}", dir="auto")
    ]
    for number, row in enumerate(column.rows, 2):
        at = f"grid-area: {number} / {place}"
        if row.main:
            below = column.rows[number - 1 :]
            is_plain = bool(below) and below[0].main is None
            made.append(_box(row.main, ids, at, kind="down plain" if is_plain else "down"))
        else:
            below = column.rows[number - 1 :]
            goes_on = bool(below) and below[0].main is None
            made.append(
                element(
                    "div", class_=f"through {'goes-on' if goes_on else 'down'}", style=at, aria_hidden="true"
                )
            )
        if row.exit:
            made.append(_box(row.exit, ids, f"grid-area: {number} / {place + 1}", kind="right"))
    return element("div", *made, class_="column", role="group", aria_label=column.heading)


def _box(box: Box, ids: Mapping[str, str], at: str, *, kind: str) -> Html:
    return element("div", *(_line(line, ids) for line in box.lines), class_=f"box {kind}".strip(), style=at)


def _line(line: Line, ids: Mapping[str, str]) -> Html:
    words = text(line.words)
    kind = "part" if line.level else None if line.number else "box-head"
    if not line.number:
        return element("p", words, class_=kind, dir="auto")
    count = Html(text(line.count).replace(" ", "&nbsp;"))
    to = ids.get(line.number)
    label = f"{line.text} {line.count}{'' if line.n is not None else ', not open to view'}"
    number = jump(count, to, label=label) if to else element("span", count, class_="closed")
    return element("p", join((words, " ", number)), class_=kind, dir="auto")
