"""Whether a quote stands in the text of a report, and a value in its quote. Pure.

A quote that is not found is no proof of an error: text taken from a PDF may lack what a reader sees. But it
is what a person should look at again, so each finding says where the nearest passage stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from iimscreen.model import FieldKind, Page, Value
from iimscreen.quotes.finding import Passage, nearest, plain, stands
from iimscreen.quotes.formulas import FormulaError, evaluated
from iimscreen.quotes.numbers import numbers_in, written
from iimscreen.quotes.page_labels import Stated

__all__ = ["plain", "problem"]

_NUMERIC = (FieldKind.INTEGER, FieldKind.NUMBER)
_SHOWN = 160  # characters of a passage in a message


def problem(
    value: Value | None,
    kind: FieldKind,
    quote: str,
    formula: str,
    pages: Sequence[Page] | None,
    *,
    page: str = "",
) -> str | None:
    """What is wrong with a value and its quote, in one sentence; None if nothing is.

    `pages` are those of all files of the report, or None where none can be read: then only the value is held
    against its quote, or against the formula it is derived by. `page` is where the quote is said to stand.
    """
    if value is not None and kind in _NUMERIC and value.number is not None:
        number = Fraction(value.text)
        if formula.strip():
            if found := _formula_problem(number, value.text, formula):
                return found
        elif quote.strip() and number not in numbers_in(quote):
            return _not_in_quote(value.text, quote)
    if quote.strip() and pages:
        return _quote_problem(quote, pages, page)
    return None


def _formula_problem(number: Fraction, text: str, formula: str) -> str | None:
    try:
        result = evaluated(formula)
    except FormulaError as error:
        return f"the formula {formula.strip()!r} {error}"
    decimals = len(text.partition(".")[2])
    # As far as the value is written out: 0.33 is 1/3, and 0.3 is, too.
    if abs(result - number) <= Fraction(1, 2 * 10**decimals):
        return None
    return f"the formula {formula.strip()!r} makes {written(result)}, and the value is {text}"


def _not_in_quote(text: str, quote: str) -> str:
    there = ", ".join(written(one) for one in sorted(numbers_in(quote, plainly=True)))
    says = f"which has {there}" if there else "which has no number"
    return (
        f"{text} is not in its quote, {says}: {_cut(quote)!r}; a value that is worked out needs its formula"
    )


def _quote_problem(quote: str, pages: Sequence[Page], page: str) -> str | None:
    found = stands(quote, pages)
    stated = Stated.of(page, pages)
    if not found:
        there = nearest(quote, pages)
        near = "" if there is None else f"; the nearest is {_place(there)}: {_cut(there.text)!r}"
        return f"the quote {_cut(quote)!r} is not in the text{near}"
    if stated is None or any(stated.covers(one.labels, one.pages) for one in found):
        return None
    where = ", ".join(dict.fromkeys(_place(one) for one in found[:5]))
    if not stated.is_there:
        return f"the text has no page {stated.shown}; the quote stands {where}"
    return f"the quote is not on page {stated.shown}; it stands {where}"


def _place(passage: Passage) -> str:
    labels = [label for label in passage.labels if label]
    file = passage.pages[0].file
    named = " and ".join(labels)
    place = "in the text" if not labels else f"on page {named}" if named[0].isdigit() else f"in {named}"
    return f"{place} of {file}" if file else place


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1].rstrip()}…"
