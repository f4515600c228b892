"""What a formula of numbers, + - * / and parentheses comes to, exactly."""

from __future__ import annotations

import re
from fractions import Fraction

_LONGEST = 300
_DEEPEST = 50  # parentheses in parentheses, and signs before signs
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?|\.\d+)|([-+*/()]))")
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "∕": "/", "[": "(", "]": ")"})


class FormulaError(ValueError):
    """What is wrong with a formula, as the end of a sentence that begins with it."""


def evaluated(formula: str) -> Fraction:
    """What it comes to. An equals sign before it, as spreadsheets have it, is passed over.

    Raises FormulaError.
    """
    if len(formula) > _LONGEST:
        raise FormulaError(f"is longer than {_LONGEST} characters")
    text = formula.strip().removeprefix("=").translate(_SIGNS)
    tokens: list[str] = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            rest = text[place:].strip()
            raise FormulaError(f"has {rest[:10]!r}, and may have numbers, + - * / and parentheses only")
        tokens.append(found.group(1) or found.group(2))
        place = found.end()
    if not tokens:
        raise FormulaError("is empty")
    reader = _Reader(tokens)
    result = reader.sum(0)
    if reader.next is not None:
        raise FormulaError(f"is not complete before {reader.next!r}")
    return result


class _Reader:
    """Reads sums of products of numbers, by recursion as deep as its parentheses."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def next(self) -> str | None:
        """The token that comes next; None at the end."""
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _take(self) -> str | None:
        taken = self.next
        self._place += 1
        return taken

    def sum(self, depth: int) -> Fraction:
        result = self._product(depth)
        while self.next in ("+", "-"):
            plus = self._take() == "+"
            other = self._product(depth)
            result = result + other if plus else result - other
        return result

    def _product(self, depth: int) -> Fraction:
        result = self._factor(depth)
        while self.next in ("*", "/"):
            times = self._take() == "*"
            other = self._factor(depth)
            if not times and other == 0:
                raise FormulaError("divides by zero")
            result = result * other if times else result / other
        return result

    def _factor(self, depth: int) -> Fraction:
        if depth > _DEEPEST:
            raise FormulaError(f"has more than {_DEEPEST} parentheses in each other")
        taken = self._take()
        if taken is None:
            raise FormulaError("ends where a number is expected")
        if taken in ("+", "-"):
            found = self._factor(depth + 1)
            return found if taken == "+" else -found
        if taken == "(":
            result = self.sum(depth + 1)
            if self._take() != ")":
                raise FormulaError("lacks a closing parenthesis")
            return result
        if taken in ("*", "/", ")"):
            raise FormulaError(f"has {taken!r} where a number is expected")
        return Fraction(taken)
