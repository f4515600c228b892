"""Read TOML tables strictly: each key is asked for by name and type, what is left over is an error."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from typing import Any, TypeVar

from iimscreen.errors import InputError

T = TypeVar("T")

_WORDS: dict[type, str] = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list in [ ]",
    dict: "a table",
    dt.date: "a date without quotes, such as 2023-08-23",
}
_REQUIRED = object()


def parse(text: str, where: str) -> Table:
    """The top table of a TOML text. Raises InputError naming the line of a syntax error."""
    try:
        return Table(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where} is not valid TOML: {error}", hint="see https://toml.io") from error
    except RecursionError as error:
        raise InputError(
            f"{where}: lists or tables lie too deep in one another", hint="write less of them"
        ) from error
    except ValueError as error:  # of a number of thousands of digits, or an offset of a time that is none
        raise InputError(f"{where} is not valid TOML: {error}", hint="see https://toml.io") from error


class Table:
    """One table. `where` names it in errors ("protocol.toml, stage 2")."""

    def __init__(self, values: dict[str, Any], where: str) -> None:
        self.where = where
        self._values = values
        self._asked: list[str] = []

    def has(self, key: str) -> bool:
        """Whether the key is there; it still has to be asked for."""
        return key in self._values

    def value(self, key: str, kind: type[T], default: T | object = _REQUIRED) -> T:
        """The value under `key`, of exactly this type. Without a default the key is required."""
        self._asked.append(key)
        if key not in self._values:
            if default is _REQUIRED:
                raise InputError(
                    f"{self.where}: key {key!r} is missing: expected {_WORDS.get(kind, kind.__name__)}",
                    hint=f"add a line `{key} = …`",
                )
            return default  # type: ignore[return-value]  # a T by the signature, or the marker, seen above
        found = self._values[key]
        if kind is float and type(found) is int:
            found = _as_float(found)
        if type(found) is not kind:
            raise InputError(
                f"{self.where}: {key} is {_short(found)}, expected {_WORDS.get(kind, 'a ' + kind.__name__)}",
                hint="correct that line",
            )
        return found

    def text(self, key: str, default: str | object = _REQUIRED) -> str:
        """A text that is not blank, unless the default is."""
        found = self.value(key, str, default)
        if not found.strip() and found != default:
            raise InputError(f"{self.where}: {key} is blank", hint="write it out, or leave the line away")
        return found

    def line(self, key: str, default: str | object = _REQUIRED) -> str:
        """A text with every run of white space as one blank."""
        return " ".join(self.text(key, default).split())

    def date(self, key: str) -> dt.date | None:
        """The day under `key`, written without quotes; None if it is missing."""
        return self.value(key, dt.date, None)

    def choice(self, key: str, allowed: tuple[str, ...], default: str | object = _REQUIRED) -> str:
        """One of the words allowed."""
        found = self.text(key, default)
        if found not in allowed:
            raise InputError(
                f"{self.where}: {key} is {found!r}, expected one of {', '.join(allowed)}",
                hint="correct that line",
            )
        return found

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts; empty if the key may be and is missing."""
        found = self.value(key, list, _REQUIRED if required else [])
        for value in found:
            if type(value) is not str or not value.strip():
                raise InputError(
                    f"{self.where}: {key} holds {value!r}, expected texts in quotes only",
                    hint="correct that line",
                )
        return tuple(found)

    def table(self, key: str) -> Table:
        """The table under `key`; empty if missing."""
        return Table(self.value(key, dict, {}), f"{self.where}, [{key}]")

    def tables(self, key: str) -> list[Table]:
        """The tables of `[[key]]`, in order; none if missing."""
        found = self.value(key, list, [])
        for value in found:
            if type(value) is not dict:
                raise InputError(
                    f"{self.where}: {key} holds {value!r}, expected tables",
                    hint=f"write each one under [[{key}]]",
                )
        return [Table(value, f"{self.where}, {key} {n}") for n, value in enumerate(found, start=1)]

    def rest(self) -> dict[str, Any]:
        """What has not been asked for yet; counts as asked for."""
        left = {key: value for key, value in self._values.items() if key not in self._asked}
        self._asked.extend(left)
        return left

    def nothing_else(self) -> None:
        """Raise InputError if a key is there that was never asked for."""
        for key in self._values:
            if key not in self._asked:
                raise InputError(
                    f"{self.where}: unknown key {key!r}",
                    hint=f"keys that can stand here: {', '.join(sorted(set(self._asked)))}",
                )


def _as_float(number: int) -> float:
    """A whole number as another; infinite where it is larger than any."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _short(value: object) -> str:
    return repr(value)[:60]
