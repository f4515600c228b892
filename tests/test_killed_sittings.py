"""Sittings that end by SIGKILL: what the screen showed as cast is on disk, and nothing else is lost."""

from __future__ import annotations

import random

import pytest

import sittings
from conftest import a_record, bring_in
from iimscreen.store import Review


@pytest.mark.slow  # six sittings in a real terminal, each a process of its own
@pytest.mark.parametrize("plain", [True, False], ids=["plain loop", "full screen"])
def test_votes_shown_as_cast_are_on_disk_after_a_kill_at_any_moment(review: Review, plain: bool) -> None:
    bring_in(review, [a_record(number) for number in range(60)])
    chance = random.Random(f"{plain}")  # noqa: S311 - moments to kill at, no secret

    found = [sittings.killed(review.path, "ann", chance, plain=plain) for _ in range(3)]

    assert sum(one.stored for one in found) == len(sittings.votes_on_disk(review.path, "ann")) > 0
