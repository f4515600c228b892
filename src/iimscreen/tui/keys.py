"""Which key does what, by preset; and whether a key was meant for the record that stands in front.

`i`, `r` and `e` are unbound by default: in other programs they include, exclude, or the opposite.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from iimscreen.model import Verdict
from iimscreen.settings import KEY_PRESETS

VERDICTS: Mapping[str, Verdict] = MappingProxyType(
    {
        "include": Verdict.INCLUDE,
        "exclude": Verdict.EXCLUDE,
        "unsure": Verdict.UNSURE,
        "awaiting": Verdict.AWAITING,
        "ongoing": Verdict.ONGOING,
    }
)
REASONS_BY_DIGIT = 9

# What is logged, or asks for what is: never done twice by a key held down.
WRITING = frozenset(
    (*VERDICTS, "reasons", "undo", *(f"reason_{number}" for number in range(1, REASONS_BY_DIGIT + 1)))
)

_EVERYWHERE = {
    "right": "next",
    "s": "next",
    "left": "previous",
    "down": "down",
    "j": "down",
    "up": "up",
    "k": "up",
    "space": "page_down",
    "pagedown": "page_down",
    "pageup": "page_up",
    "home": "top",
    "end": "bottom",
    "enter": "enter",
    "escape": "escape",
    "t": "note",
    "l": "list",
    "f": "filter",
    "/": "search",
    "g": "jump",
    "c": "criteria",
    "?": "help",
    "d": "theme",
    "q": "quit",
    "ctrl+q": "quit",
    "ctrl+c": "stop",
    "a": "awaiting",
    "o": "ongoing",
    "0": "reasons",
    **{str(digit): f"reason_{digit}" for digit in range(1, REASONS_BY_DIGIT + 1)},
}
_VOTING = {
    "standard": {"y": "include", "n": "exclude", "m": "unsure", "u": "undo"},
    "rayyan": {"i": "include", "e": "exclude", "u": "unsure", "z": "undo"},
    "asreview": {"r": "include", "i": "exclude", "m": "unsure", "u": "undo"},
}


def preset(name: str) -> Mapping[str, str]:
    """Key → action of one of `settings.KEY_PRESETS`."""
    return MappingProxyType({**_EVERYWHERE, **_VOTING[name]})


def key_of(actions: Mapping[str, str], action: str) -> str:
    """The letter that does this; "" where none does."""
    return next((key for key, done in actions.items() if done == action), "")


def every_preset() -> dict[str, Mapping[str, str]]:
    """All presets by name."""
    return {name: preset(name) for name in KEY_PRESETS}


class Meant:
    """Tells a key that was pressed for the record in front from one held down, or typed before it stood there.

    A record must have stood on the screen for `seen_s`, and the key must have been up as long.
    """

    # 0.15 s: nobody takes in a new record in less; a key held down repeats every 0.03 to 0.1 s by default.
    seen_s = 0.15

    def __init__(self) -> None:
        self._pressed: dict[str, float] = {}

    def is_held(self, key: str, at: float) -> bool:
        """Whether the key repeats without having been let go; `at` is in seconds of any steady clock."""
        before = self._pressed.get(key)
        self._pressed[key] = at
        return before is not None and at - before < self.seen_s

    def is_early(self, at: float, shown_at: float | None) -> bool:
        """Whether the record had not stood long enough on the screen, or does not yet (None)."""
        return shown_at is None or at - shown_at < self.seen_s
