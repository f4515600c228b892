"""The flow diagram as boxes of a page: side by side where there is room, one below the other on a phone.

In the order of the page they stand as they are read, column after column; where each stands is said beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

from iimscreen.diagram import Box, Column, Diagram, Line
from iimscreen.pages._html import Html, Inside, element, join, text
from iimscreen.pages._parts import jump

STYLE = """
.flow { display: grid; gap: 1.7rem 1.7rem; font-size: .9rem; line-height: 1.4; margin: 0 0 1rem; }
.flow .column, .flow .ends { display: contents; }
.flow h3 { margin: 0; padding: .5rem .8rem; background: var(--band); border: 1.5px solid var(--edge);
  border-radius: 6px; font-size: .95rem; text-align: center; align-self: stretch; }
.flow .bar { background: var(--bar); border-radius: 6px; writing-mode: vertical-rl; transform: rotate(180deg);
  text-align: center; font-weight: 600; font-size: .88rem; padding: .5rem .35rem; margin: 0; }
.box { position: relative; background: var(--paper); border: 1.5px solid var(--edge); border-radius: 6px;
  padding: .55rem .8rem; min-width: 0; }
.box p { margin: 0; } .box p + p { margin-top: .2rem; }
.box .part { padding-inline-start: 1.1rem; }
.box .box-head { font-weight: 500; }
.box a, .box .closed { white-space: nowrap; font-variant-numeric: tabular-nums; }
.box a { text-decoration-thickness: 1px; padding-block: .1rem; }
.down::after, .right::before, .through::before { content: ""; position: absolute; background: var(--edge); }
.down::after { left: calc(50% - 7px); top: calc(100% + 1.5px); width: 14px; height: calc(1.7rem - 3px);
  clip-path: polygon(43% 0, 57% 0, 57% calc(100% - 9px), 100% calc(100% - 9px), 50% 100%, 0 calc(100% - 9px),
  43% calc(100% - 9px)); }
.right::before { right: calc(100% + 1.5px); top: calc(50% - 7px); height: 14px; width: calc(1.7rem - 3px);
  clip-path: polygon(0 43%, calc(100% - 9px) 43%, calc(100% - 9px) 0, 100% 50%, calc(100% - 9px) 100%,
  calc(100% - 9px) 57%, 0 57%); }
.through { position: relative; }
.through::before { left: calc(50% - 1px); top: 0; width: 2px; height: calc(100% + 1.7rem - 11px); }
.through.down::after { top: 100%; height: 1.7rem; }
.through.goes-on::before { height: calc(100% + 1.7rem); }
@media (max-width: 56rem) {
  .flow.two { font-size: .84rem; gap: 1.4rem 1.2rem; }
}
@media screen and (max-width: 47rem) {
  .flow { display: block; font-size: .95rem; }
  .flow .column, .flow .ends { display: block; }
  .flow .bar, .through { display: none; }
  .flow h3 { margin-block: 1.2rem .7rem; }
  .box { margin-bottom: 1.7rem; }
  .right { margin-inline-start: 2rem; }
  .right::before { right: 100%; width: 1.2rem; }
  .right::after { content: none; }
  .column .box:last-child { margin-bottom: 1.7rem; }
  .ends .box:last-child { margin-bottom: 0; }
}
@media print {
  .flow, .flow.two { font-size: 8.4pt; gap: 5mm 5mm; }
  .flow .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .flow h3, .down::after, .right::before, .through::before { print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  .down::after { height: calc(5mm - 3px); } .right::before { width: calc(5mm - 3px); }
  .through::before { height: calc(100% + 5mm - 11px); } .through.down::after { height: 5mm; }
  .through.goes-on::before { height: calc(100% + 5mm); }
  .box a { text-decoration: none; }
}
"""


def boxes(diagram: Diagram, ids: Mapping[str, str]) -> Html:
    """The diagram; each number is a link to the id of its list, where `ids` has one."""
    steps = len(diagram.databases.rows)
    first = 2  # the first column holds the bars of the phases
    columns, places = [], ["auto"]
    for column in diagram.columns:
        has_exits = any(row.exit for row in column.rows)
        columns.append(_column(column, first, ids))
        places += ["minmax(0, 1fr)"] * (2 if has_exits else 1)
        first += 2 if has_exits else 1
    bars = [_bar(phase, top, bottom) for phase, top, bottom in _phases(diagram)]
    ends = [
        _box(
            box, ids, f"grid-area: {steps + 2 + number} / 2 / auto / {first}", is_last=box is diagram.ends[-1]
        )
        for number, box in enumerate(diagram.ends)
    ]
    return element(
        "div",
        *bars,
        *columns,
        element("div", *ends, class_="ends", role="group", aria_label="Included"),
        class_=f"flow {'two' if first > 4 else 'one'}",
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
            made.append(_box(row.main, ids, at))
        else:
            below = column.rows[number - 1 :]
            goes_on = bool(below) and below[0].main is None
            made.append(
                element(
                    "div", class_=f"through {'goes-on' if goes_on else 'down'}", style=at, aria_hidden="true"
                )
            )
        if row.exit:
            made.append(_box(row.exit, ids, f"grid-area: {number} / {place + 1}", is_exit=True))
    return element("div", *made, class_="column", role="group", aria_label=column.heading)


def _box(box: Box, ids: Mapping[str, str], at: str, *, is_exit: bool = False, is_last: bool = False) -> Html:
    kind = "right" if is_exit else "" if is_last else "down"
    return element("div", *(_line(line, ids) for line in box.lines), class_=f"box {kind}".strip(), style=at)


def _line(line: Line, ids: Mapping[str, str]) -> Html:
    words = text(f"{line.text}{line.mark}")
    kind = "part" if line.level else None if line.number else "box-head"
    if not line.number:
        return element("p", words, class_=kind, dir="auto")
    count = Html(text(line.count).replace(" ", "&nbsp;"))
    to = ids.get(line.number)
    label = f"{line.text} {line.count}{'' if line.n is not None else ', not open to view'}"
    number = jump(count, to, label=label) if to else element("span", count, class_="closed")
    return element("p", join((words, " ", number)), class_=kind, dir="auto")
