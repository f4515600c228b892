"""The full screen of `screen` and `resolve`, in a terminal that can do more than print lines.

Textual is imported when it starts, not before: that costs 0.2 s, which no other command should pay.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iimscreen.tui import keys

# Textual draws at most 60 times a second, so that a key waits up to 17 ms for its record; read on import.
os.environ.setdefault("TEXTUAL_FPS", "240")

if TYPE_CHECKING:
    from iimscreen.resolving import Conflict, Table
    from iimscreen.screening import Desk


def screen(desk: Desk, waiting: Sequence[str], *, preset: str, theme: str) -> int:
    """Go through the records left for one reviewer; how many votes this sitting gave."""
    from iimscreen.tui.app import ScreeningApp

    app = ScreeningApp(desk, waiting, actions=keys.preset(preset), theme=theme)
    app.seat()
    return app.voted


def resolve(table: Table, conflicts: Sequence[Conflict], *, hide_names: bool, preset: str, theme: str) -> int:
    """Go through what is to resolve at one stage; how many records this sitting settled."""
    from iimscreen.tui.resolving import ResolvingApp

    app = ResolvingApp(table, conflicts, hide_names=hide_names, actions=keys.preset(preset), theme=theme)
    app.seat()
    return app.settled
