"""How fast one sitting goes: votes an hour, from moments of a steady clock. Pure.

Pauses do not count. With few votes there is no pace: an estimate from three votes is a guess.
"""

from __future__ import annotations

PAUSE_S = 300.0  # more than this between two votes is a pause
FEWEST = 5  # votes before there is a pace
SHORTEST_S = 60.0  # at work before there is one


class Pace:
    """The votes of one sitting."""

    def __init__(self, began_at: float) -> None:
        self._last = began_at
        self._at_work_s = 0.0
        self.votes = 0

    def voted(self, at: float) -> None:
        """Count one vote."""
        passed = at - self._last
        if passed <= PAUSE_S:
            self._at_work_s += max(passed, 0.0)
        self._last = at
        self.votes += 1

    def undone(self) -> None:
        """Count one vote less."""
        self.votes = max(self.votes - 1, 0)

    def per_hour(self) -> float | None:
        """Votes in an hour at this pace; None where there is none to speak of."""
        if self.votes < FEWEST or self._at_work_s < SHORTEST_S:
            return None
        return self.votes / self._at_work_s * 3600

    def hours_for(self, left: int) -> float | None:
        """Hours that what is left takes at this pace."""
        speed = self.per_hour()
        return None if speed is None else left / speed


def in_words(hours: float) -> str:
    """A span of time, no more exactly than it can be known: "25 min", "3 h", "12 h"."""
    minutes = hours * 60
    if minutes < 1:
        return "under 1 min"
    if minutes < 60:
        return f"{minutes:.0f} min"
    return f"{hours:.1f} h" if hours < 10 else f"{hours:,.0f} h"
