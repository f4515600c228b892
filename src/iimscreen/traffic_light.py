"""The plot of an appraisal: studies as rows, questions as columns, each answer a light with its sign, as SVG. Pure."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from iimscreen.model import Field, FieldKind, Value
from iimscreen.wording import counted

GOOD, BAD, BETWEEN, NOT_APPLICABLE, NOT_FINAL = "+", "−", "?", "n", ""

# Told apart by people who see no red or no green, too (Okabe and Ito's palette); the sign says it without colour.
_COLOURS = {
    GOOD: "#009E73",
    BAD: "#D55E00",
    BETWEEN: "#F0E442",
    NOT_APPLICABLE: "#CCCCCC",
    NOT_FINAL: "#FFFFFF",
}
_ROW, _COLUMN, _RADIUS = 34, 36, 12  # px
_LINE = 18  # height of a line of text, px
_EDGE = 24
_LETTER = 7.3  # width of a letter of 13 px, on the wide side, since no font is known here
_MOST_LETTERS = 44  # of a study's name; all of it is in the light's title
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Lane:
    """One study: what was answered to each question; final or not."""

    study: str
    answers: Mapping[str, Value]  # field → final answer
    is_final: bool


def sign(field: Field, value: Value | None) -> str:
    """The sign of an answer. Of a choice the first is good, the last bad, and what lies between is neither."""
    if value is None:
        return NOT_FINAL
    if value.code:
        return NOT_APPLICABLE if value.code == "NA" else BETWEEN
    if value.text == field.choices[0]:
        return GOOD
    last = "no" if field.kind is FieldKind.YES_NO else field.choices[-1]
    return BAD if value.text == last else BETWEEN


def svg(
    *,
    title: str,
    questions: Sequence[Field],
    overall: Field | None,
    lanes: Sequence[Lane],
    notes: Sequence[str] = (),
) -> str:
    """The plot. It stands by itself: no font, style or script is fetched from anywhere.

    `notes` are lines below it, such as the citation of the instrument.
    """
    return "\n".join(_Plot(title, questions, overall, lanes, notes).lines()) + "\n"


@dataclass(slots=True)
class _Plot:
    title: str
    questions: Sequence[Field]
    overall: Field | None
    lanes: Sequence[Lane]
    notes: Sequence[str]

    def lines(self) -> Iterator[str]:
        left = _EDGE + max(
            120, *(_LETTER * min(len(lane.study), _MOST_LETTERS) + 16 for lane in self.lanes), 0
        )
        right = left + _COLUMN * (len(self.questions) + (2 if self.overall else 0)) + _EDGE
        width = max(right, 640)
        body = list(self._body(left, width))
        height = body.pop()
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
            f'viewBox="0 0 {width:.0f} {height}" role="img" aria-labelledby="title desc" '
            'font-family="Arial, Helvetica, sans-serif" font-size="13" fill="#000000">'
        )
        yield f'<title id="title">{_xml(self.title)}</title>'
        yield f'<desc id="desc">{_xml(self._described())}</desc>'
        yield '<rect width="100%" height="100%" fill="#FFFFFF"/>'
        yield from body
        yield "</svg>"

    def _body(self, left: float, width: float) -> Iterator[str]:
        """The elements, and as the last the height that they need."""
        letters = int((width - 2 * _EDGE) / (_LETTER - 0.6))
        y = _EDGE
        for line in textwrap.wrap(self.title, int(letters * 0.85)):
            y += _LINE
            yield f'<text x="{_EDGE}" y="{y}" font-size="15" font-weight="bold">{_xml(line)}</text>'
        y += 34
        for number, field in enumerate(self.questions, start=1):
            yield _text(self._x(left, number - 1), y, str(number), field.title)
        if self.overall is not None:
            yield _text(self._x(left, len(self.questions), gap=True), y, "overall", self.overall.title)
        y += 10
        for lane in self.lanes:
            yield _rule(y, width)
            yield from self._lane(lane, left, y + _ROW / 2)
            y += _ROW
        yield _rule(y, width)
        y += _ROW - 6
        yield from self._key(y)
        y += 18
        for line in self._legend(letters):
            y += _LINE
            yield f'<text x="{_EDGE}" y="{y}">{_xml(line)}</text>'
        yield str(y + _EDGE)

    def _x(self, left: float, column: int, *, gap: bool = False) -> float:
        return left + _COLUMN * (column + 0.5 + (0.4 if gap else 0.0))

    def _lane(self, lane: Lane, left: float, y: float) -> Iterator[str]:
        yield '<g role="list">'
        name = (
            lane.study if len(lane.study) <= _MOST_LETTERS else f"{lane.study[: _MOST_LETTERS - 1].rstrip()}…"
        )
        yield f'<text x="{_EDGE}" y="{y + 4.5}">{_xml(name)}<title>{_xml(lane.study)}</title></text>'
        for number, field in enumerate(self.questions):
            yield _light(self._x(left, number), y, lane, field, f"{number + 1}. {field.title}")
        if self.overall is not None:
            x = self._x(left, len(self.questions), gap=True)
            yield _light(x, y, lane, self.overall, self.overall.title)
        yield "</g>"

    def _key(self, y: float) -> Iterator[str]:
        """One light for each sign, with its words."""
        x = float(_EDGE + _RADIUS)
        for mark, words in self._words_of_signs():
            yield _disc(x, y, mark)
            yield f'<text x="{x + _RADIUS + 6}" y="{y + 4.5}">{_xml(words)}</text>'
            x += 2 * _RADIUS + 30 + 0.9 * _LETTER * len(words)

    def _words_of_signs(self) -> Iterator[tuple[str, str]]:
        shown = {
            sign(field, lane.answers.get(field.name) if lane.is_final else None)
            for lane in self.lanes
            for field in self._fields()
        }
        for mark, words in (
            (GOOD, "yes"),
            (BETWEEN, "unclear"),
            (BAD, "no"),
            (NOT_APPLICABLE, "not applicable"),
            (NOT_FINAL, "no final answer"),
        ):
            if mark in shown:
                yield mark, words

    def _fields(self) -> list[Field]:
        return [*self.questions, *([self.overall] if self.overall is not None else [])]

    def _legend(self, letters: int) -> Iterator[str]:
        for number, field in enumerate(self.questions, start=1):
            yield from textwrap.wrap(f"{number}. {field.title}", letters)
        if self.overall is not None:
            marks = ", ".join(
                f"{sign(self.overall, Value(choice))} {choice}" for choice in self.overall.choices
            )
            yield from textwrap.wrap(f"{self.overall.title}: {marks}", letters)
        yield ""
        for note in self.notes:
            yield from textwrap.wrap(note, letters)

    def _described(self) -> str:
        """What the plot shows, for those who do not see it: per question how many studies have which answer."""
        final = [lane for lane in self.lanes if lane.is_final]
        said = [f"{counted(len(self.lanes), 'study', 'studies')}, of which {len(final)} final."]
        for field in self._fields():
            answers = Counter(
                str(lane.answers[field.name]) if field.name in lane.answers else "no answer" for lane in final
            )
            if answers:
                counts = ", ".join(f"{answer} {count}" for answer, count in answers.most_common())
                said.append(f"{field.title} {counts}.")
        return " ".join(said)


def _rule(y: float, width: float) -> str:
    return (
        f'<line x1="{_EDGE}" y1="{y}" x2="{width - _EDGE:.0f}" y2="{y}" stroke="#DDDDDD" stroke-width="1"/>'
    )


def _text(x: float, y: float, text: str, title: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" text-anchor="middle" font-weight="bold">{_xml(text)}'
        f"<title>{_xml(title)}</title></text>"
    )


def _light(x: float, y: float, lane: Lane, field: Field, question: str) -> str:
    value = lane.answers.get(field.name) if lane.is_final else None
    answer = str(value) if value is not None else ("no answer" if lane.is_final else "not final")
    said = _xml(f"{lane.study}: {question} {answer}")
    return (
        f'<g role="listitem" aria-label="{said}"><title>{said}</title>{_disc(x, y, sign(field, value))}</g>'
    )


def _disc(x: float, y: float, mark: str) -> str:
    dashes = ' stroke-dasharray="3 2"' if mark == NOT_FINAL else ""
    made = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS}" fill="{_COLOURS[mark]}" stroke="#000000" '
        f'stroke-width="1"{dashes}/>'
    )
    if mark:
        made += (
            f'<text x="{x:.1f}" y="{y + 5:.1f}" text-anchor="middle" font-size="15" '
            f'font-weight="bold">{mark}</text>'
        )
    return made


def _xml(text: str) -> str:
    """Text as XML can hold it, in an element and in an attribute."""
    return escape(_NO_XML.sub("\ufffd", text), {'"': "&quot;"})
