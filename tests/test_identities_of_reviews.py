"""The identities of PRISMA 2020, F1 to F14, in whole reviews made by chance, and each of them when it is broken."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from iimscreen.store import Review, open_review
from whole_reviews import MOVES, Maker, faults, proven

SCREENED = ("search", "search", "compare", "screen", "settle", "assess", "settle", "name")
CLOSED = (*SCREENED, "close")
BEGINNINGS = st.sampled_from(((), SCREENED, CLOSED, ("load", "search"), ("amend", *SCREENED)))


@contextlib.contextmanager
def a_copy(template: Path) -> Iterator[Review]:
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        open_review(Path(shutil.copy(template, folder))) as review,
    ):
        review.db.execute("pragma synchronous = off")  # a review that the power cuts off is made again
        yield review


# Without shrinking: a review takes half a second to make, and the moves that lead to a fault are few and named.
@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(BEGINNINGS, st.lists(st.sampled_from(sorted(MOVES)), max_size=8), st.integers(0, 10_000))
@example((), [], 0)
@example((*CLOSED, "search"), ["compare", "screen", "assess", "settle", "link", "unlink"], 3)
@example(("load", "search", "search"), ["compare", "screen", "assess", "settle", "name"], 4)
def test_whatever_is_done_to_a_review_its_numbers_add_up_and_can_be_printed(
    review_file: Path, begin: tuple[str, ...], moves: list[str], seed: int
) -> None:
    with a_copy(review_file) as review:
        maker = Maker(review, seed)
        for name in begin:
            maker.move(name)

        for name in moves:
            maker.move(name)
            assert faults(review) == []

        known = proven(review)

    assert known["prisma.records_identified"].value is not None
