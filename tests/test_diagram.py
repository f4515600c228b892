"""The geometry of the flow diagram: nothing leaves its box, nothing overlaps, no number is broken."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iimscreen.diagram import Diagram, of_flow
from iimscreen.diagram.layout import Drawing, Rect, drawing
from iimscreen.diagram.measure import lacking, pieces, printable, width, wrapped
from iimscreen.flow import Flow
from made_flows import MANY, SCRIPTS, TEMPLATES, a_flow

LABELS = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=60),
        st.sampled_from((*SCRIPTS, "W" * 500, "a,b;c", "症" * 90, "e\u0301" * 200, "‮RLO")),
    ),
    max_size=30,
)


def with_a_count(made: Diagram, n: int) -> Diagram:
    """The same diagram with this number in every line that has one."""

    def counted(box: object) -> object:
        return box and replace(
            box, lines=tuple(replace(line, n=n) if line.number else line for line in box.lines)
        )

    def column(one: object) -> object:
        return one and replace(
            one, rows=tuple(replace(row, main=counted(row.main), exit=counted(row.exit)) for row in one.rows)
        )

    return replace(
        made,
        previous=column(made.previous),
        databases=column(made.databases),
        other=column(made.other),
        ends=tuple(map(counted, made.ends)),
    )


def overlap(one: Rect, other: Rect) -> bool:
    return (
        one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom
    )  # edges may touch


def is_inside(rect: Rect) -> bool:
    for words in rect.words:
        wide, high = (words.size, words.width) if words.turned else (words.width, words.size)
        left = words.x - words.size if words.turned else words.x
        if not (
            rect.x <= left
            and left + wide <= rect.right + 0.01
            and rect.y <= words.y - high
            and words.y <= rect.bottom
        ):
            return False
    return True


def touches(rect: Rect, point: tuple[float, float]) -> bool:
    x, y = point
    on_side = x in (rect.x, rect.right) and rect.y <= y <= rect.bottom
    return on_side or (y in (rect.y, rect.bottom) and rect.x <= x <= rect.right)


def assert_sound(made: Drawing) -> None:
    assert all(map(is_inside, made.rects))
    assert not [pair for pair in combinations(made.rects, 2) if overlap(*pair)]
    boxes = [rect for rect in made.rects if rect.kind == "box"]
    for arrow in made.arrows:
        assert any(touches(box, arrow.points[0]) for box in boxes)
        assert any(touches(box, arrow.points[-1]) for box in boxes)
    for words in made.words:
        assert words.x >= 0
        assert words.x + words.width <= made.width
        assert 0 <= words.y <= made.height
    assert all(rect.right <= made.width and rect.bottom <= made.height for rect in made.rects)


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(TEMPLATES),
    LABELS,
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 10**9)),
    st.sampled_from(("", "ILLUSTRATION", "x" * 400)),
)
def test_text_lies_in_its_box_and_no_box_on_another(
    template: str, labels: list[str], is_open: bool, n: int | None, notice: str
) -> None:
    made = with_a_count(of_flow(FLOWS[template, is_open]), n if n is not None else 0)
    lines = made.databases.rows[-1].exit.lines  # type: ignore[union-attr]  # the last row has its exit box
    reasons = tuple(
        replace(lines[0], text=label, number=f"dbr_excluded.{i}", level=1) for i, label in enumerate(labels)
    )
    last = made.databases.rows[-1]
    rows = (*made.databases.rows[:-1], replace(last, exit=replace(last.exit, lines=(lines[0], *reasons))))

    drawn = drawing(replace(made, databases=replace(made.databases, rows=rows), notice=notice))

    assert_sound(drawn)
    counts = [words for words in drawn.all_words if words.number]
    assert all(words.text.startswith("(n = ") and words.text.endswith(")") for words in counts)
    assert len(counts) == sum(bool(line.number) for box in made.boxes for line in box.lines) - len(
        lines
    ) + 1 + len(reasons)


FLOWS: dict[tuple[str, bool], Flow] = {
    (template, is_open): a_flow(template, is_open=is_open, records=60)
    for template in TEMPLATES
    for is_open in (True, False)
}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("reasons", [(), ("One",), MANY, SCRIPTS], ids=["none", "one", "thirty", "scripts"])
def test_every_box_of_each_template_is_drawn_once(template: str, reasons: tuple[str, ...]) -> None:
    made = of_flow(a_flow(template, reasons))

    drawn = drawing(made)

    assert_sound(drawn)
    keys = [rect.key for rect in drawn.rects if rect.kind == "box"]
    assert len(keys) == len(set(keys)) == len(made.boxes)
    assert [rect.key for rect in drawn.rects if rect.kind == "heading"] == [c.key for c in made.columns]
    assert [rect.key for rect in drawn.rects if rect.kind == "phase"] == [
        "Identification",
        "Screening",
        "Included",
    ]


def test_arrows_of_an_update_lead_from_the_version_before_to_the_total() -> None:
    drawn = drawing(of_flow(a_flow("updated-other")))

    by_key = {rect.key: rect for rect in drawn.rects if rect.kind == "box"}
    ends = [
        (key, other)
        for arrow in drawn.arrows
        for key, rect in by_key.items()
        if touches(rect, arrow.points[0])
        for other, lower in by_key.items()
        if touches(lower, arrow.points[-1])
    ]
    assert ("previous.previous", "total") in ends
    assert ("other.assessed", "included") in ends
    assert ("databases.assessed", "included") in ends
    assert ("included", "total") in ends


def test_an_interim_flow_is_stamped_and_says_what_is_open() -> None:
    made = replace(of_flow(a_flow()), is_interim=True, missing=("3 votes are missing",), notice="A drill")

    drawn = drawing(made)

    assert [rect.key for rect in drawn.rects if rect.kind == "stamp"] == ["interim"]
    assert {"Open: 3 votes are missing", "A drill"} <= {words.text for words in drawn.words}


def test_what_automation_tools_excluded_is_told_in_the_footnote_of_the_template() -> None:
    made = a_flow()
    keys = made.lists["records_excluded"] or ()
    by_tools = replace(made, lists={**made.lists, "records_excluded_automatic": keys[:7]})

    told = of_flow(by_tools)

    assert told.marked == (("**", f"By a human (n = {len(keys) - 7:,}), by automation tools (n = 7)."),)
    assert str(told.databases.rows[1].exit.lines[0]).startswith("Records excluded** (n = ")  # type: ignore[union-attr]  # it has one


@given(st.text(max_size=200), st.floats(30, 300))
def test_no_letter_is_lost_where_lines_are_broken(text: str, room: float) -> None:
    text = printable(text)

    lines = wrapped(pieces(text), 9, room)

    assert "".join(run.text for line in lines for run in line).replace(" ", "") == text.replace(" ", "")


def test_letters_that_no_shipped_font_has_are_named_once() -> None:
    assert lacking("abc éğ Ωж אב عر → 症例症") == ("症", "例")
    assert width("症", 10) == 10
