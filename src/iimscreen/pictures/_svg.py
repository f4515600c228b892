"""The figure as SVG, written by ourselves: plain shapes and text that every program shows, and that people can edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import escape

from iimscreen.diagram.layout import Arrow, Drawing, Rect, Words
from iimscreen.diagram.measure import in_main_font, printable

# Arial and Helvetica have the widths of the font that is shipped, and so has Liberation Sans.
FAMILY = "Arimo, 'Liberation Sans', Arial, Helvetica, sans-serif"
FILL = {"box": "#ffffff", "heading": "#ffc000", "phase": "#9dc3e6", "stamp": "#ffffff"}
EDGE = {"box": "#222222", "heading": "#7f6000", "phase": "#1f4e79", "stamp": "#b00020"}
ROUND = {"box": 0.0, "heading": 5.0, "phase": 5.0, "stamp": 3.0}
INK = {"text": "#000000", "quiet": "#555555", "alarm": "#b00020", "notice": "#7a3e00"}
THIN = 0.75
HEAD = (5.0, 2.2)  # length and half width of the head of an arrow
_ISOLATED = "\u2067{}\u2069"  # read from right to left, whatever stands around it


def drawn(
    figure: Drawing,
    *,
    description: str = "",
    links: Mapping[str, str] | None = None,
    unit: str = "pt",
    paper: bool = True,
) -> str:
    """The figure as an SVG document, one of its units a point; without `paper` the ground is clear."""
    return "\n".join(_document(figure, printable(description), links or {}, unit, paper)) + "\n"


def moved(words: Words, x: float, y: float) -> Words:
    """The same text at another place, upright."""
    return replace(words, x=x, y=y, turned=False)


def _document(
    figure: Drawing, description: str, links: Mapping[str, str], unit: str, paper: bool
) -> Iterator[str]:
    wide, high = _number(figure.width), _number(figure.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}{unit}" height="{high}{unit}" '
        f'viewBox="0 0 {wide} {high}" role="img" aria-labelledby="prisma-title prisma-words" '
        f'font-family="{escape(FAMILY)}" fill="{INK["text"]}">'
    )
    yield f'<title id="prisma-title">{escape(printable(figure.title))}</title>'
    yield f'<desc id="prisma-words">{escape(description)}</desc>'
    if paper:
        yield f'<rect width="{wide}" height="{high}" fill="#ffffff"/>'
    for arrow in figure.arrows:
        yield from _arrow(arrow)
    for rect in figure.rects:
        yield f'<g class="{rect.kind}">'
        yield _rect(rect)
        for words in rect.words:
            yield _words(words, links)
        yield "</g>"
    for words in figure.words:
        yield _words(words, links)
    yield "</svg>"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _rect(rect: Rect) -> str:
    rounded = f' rx="{_number(ROUND[rect.kind])}"' if ROUND[rect.kind] else ""
    return (
        f'<rect x="{_number(rect.x)}" y="{_number(rect.y)}" width="{_number(rect.width)}" '
        f'height="{_number(rect.height)}"{rounded} fill="{FILL[rect.kind]}" stroke="{EDGE[rect.kind]}" '
        f'stroke-width="{THIN}"/>'
    )


def head(arrow: Arrow) -> tuple[tuple[float, float], ...]:
    """The three corners of the head of an arrow, its point first."""
    (from_x, from_y), (x, y) = arrow.points[-2:]
    long, half = HEAD
    if from_y == y:
        back = x - long if x > from_x else x + long
        return (x, y), (back, y - half), (back, y + half)
    back = y - long if y > from_y else y + long
    return (x, y), (x - half, back), (x + half, back)


def _arrow(arrow: Arrow) -> Iterator[str]:
    along = " ".join(f"{_number(x)},{_number(y)}" for x, y in arrow.points)
    yield f'<polyline points="{along}" fill="none" stroke="{EDGE["box"]}" stroke-width="{THIN}"/>'
    corners = " ".join(f"{_number(x)},{_number(y)}" for x, y in head(arrow))
    yield f'<polygon points="{corners}" fill="{EDGE["box"]}"/>'


def _words(words: Words, links: Mapping[str, str]) -> str:
    style = f' font-size="{_number(words.size)}"'
    if words.bold:
        style += ' font-weight="bold"'
    if words.ink != "text":
        style += f' fill="{INK[words.ink]}"'
    if words.number:
        style += f' data-number="{escape(printable(words.number))}"'
    # With another font the text still fills its place; of letters that ours lacks the width is a guess.
    if in_main_font(words.text) and words.width:
        style += f' textLength="{_number(words.width)}" lengthAdjust="spacingAndGlyphs"'
    place = f'x="{_number(words.x)}" y="{_number(words.y)}"'
    if words.turned:
        place += f' transform="rotate(-90 {_number(words.x)} {_number(words.y)})"'
    text = _ISOLATED.format(words.text) if words.from_right else words.text
    made = f"<text {place}{style}>{escape(text)}</text>"
    address = links.get(words.number, "") if words.number else ""
    return f'<a href="{escape(address)}">{made}</a>' if address else made
