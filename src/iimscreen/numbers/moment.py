"""A review at one moment, with what several families of numbers read of it, read once."""

from __future__ import annotations

from functools import cached_property

from iimscreen.review_protocol import in_force
from iimscreen.store import Review
from iimscreen.store.gate import Gate


class Moment:
    """A review that stands still while its numbers are worked out."""

    def __init__(self, review: Review) -> None:
        self.review = review

    @cached_property
    def gate(self) -> Gate:
        """What may be seen of votes."""
        return Gate(self.review, in_force(self.review))
