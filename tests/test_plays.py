"""Plays drawn by chance: nothing that ann hears or sees depends on votes that were never hers to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from plays import begin, drawn, played

STEPS = 45


@pytest.mark.slow  # 0.4 s a play; they find what nobody thought of: rounds, merges, splits and leaving combined
@pytest.mark.parametrize("seed", range(16))
def test_whatever_the_others_said_in_the_dark_ann_hears_and_sees_the_same(
    review_file: Path, tmp_path: Path, seed: int
) -> None:
    begun, steps = begin(review_file, tmp_path), drawn(seed, STEPS)
    play, told = played(begun, steps)
    never_shown = {number for number, ids in play.voted.items() if ids and not play.shown & set(ids)}

    _, otherwise = played(begun, steps, frozenset(never_shown))

    assert otherwise == told
    assert play.faults == [], "what could be seen stays, and nobody votes as if blind on it"


def test_plays_are_about_something() -> None:
    moves = {step.move for seed in range(16) for step in drawn(seed, STEPS)}

    assert {"pilot", "batch", "retire", "merge", "split", "unblind", "amend", "assign"} <= moves
