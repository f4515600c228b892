"""Two copies of one review: whatever is merged, in whatever order, the same rows make the same review."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import curation, fulltext, report, review_flow, review_protocol, sharing, team
from iimscreen.duplicates import by_hand
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.resolving import Table
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, decisions, duplicates, log, open_review, records, retrievals, reviewers
from iimscreen.store import curation as removals
from iimscreen.store.bundles import LOCAL, SHARED
from iimscreen.store.gate import Gate
from iimscreen.store.migrations import LOG_KINDS

Run = Callable[..., Result]
RECORDS = 5


@pytest.fixture(scope="session")
def begun(_empty_review: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review of a few records before anyone has voted."""
    path = tmp_path_factory.mktemp("begun") / "review.db"
    shutil.copy(_empty_review, path)
    with open_review(path) as review:
        bring_in(review, [a_record(n) for n in range(RECORDS - 1)])
        bring_in(review, [a_record(100)], database="Handbase", kind=Kind.WEBSITE)
        team.sit_down(review, "ann")
        team.sit_down(review, "bob")
        team.add_reviewer(review, "eve", "adjudicator")
    return path


@pytest.fixture
def copies(begun: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two copies of that review."""
    return Path(shutil.copy(begun, tmp_path / "a.db")), Path(shutil.copy(begun, tmp_path / "b.db"))


def keys_of(review: Review) -> list[str]:
    return [key for (key,) in review.db.execute("select key from records order by id")]


def vote(path: Path, name: str, verdict: str = "include", only: slice = slice(None)) -> None:
    with open_review(path) as review:
        for key in keys_of(review)[: RECORDS - 1][only]:
            Desk(review, name, TITLE_ABSTRACT).decide(Decision(key, verdict))


def share(path: Path, name: str, to: str | None = None) -> Path:
    with open_review(path) as review:
        out = path.parent / (to or f"{name}-of-{path.stem}.zip")
        return sharing.share(review, name, out).path


def merge(path: Path, *paths: Path) -> sharing.Merged:
    with open_review(path) as review:
        return sharing.merge(review, paths)


def state(path: Path) -> dict[str, Any]:
    """All that a review says; what it has shown to whom, which copies do not share, has no part in it."""
    with open_review(path) as review:
        assert report.check(review).faults == ()
        gate = Gate(review, review_protocol.in_force(review))
        is_complete = gate.is_complete(TITLE_ABSTRACT)
        words = [
            (stage, v.key, v.names, v.verdict, v.reason, v.note, v.at)
            for stage in (TITLE_ABSTRACT, FULL_TEXT)
            for v in (*decisions.standing(review, stage), *decisions.finals(review, stage))
        ]
        return {
            "rows": [entry.uid for entry in log.entries(review) if entry.actor != log.TOOL],
            "words": words,
            "outcomes": gate._outcomes(TITLE_ABSTRACT),
            "waiting": gate.progress(TITLE_ABSTRACT).waiting,
            "kept": dict(review.db.execute("select key, kept_key from members").fetchall()),
            "verdicts": duplicates.standing(review),
            "records": {one.key: one.record for one in records.by_keys(review, keys_of(review))},
            "removed": sorted(removals.removed(review)),
            "reviewers": reviewers.standing(review),
            "retrieved": [(one.key, one.outcome) for one in retrievals.standing(review).values()],
            "assessed": gate._outcomes(FULL_TEXT) if is_complete else None,
            "flow": review_flow.frozen(review_flow.prisma(review)) if is_complete else None,
        }


# --- any order, any repetition, any subset ----------------------------------------------------------


@dataclass
class Play:
    """Random work of three people in three copies, and the bundles that they made on the way."""

    folder: Path
    random: Random
    copies: list[Path]
    bundles: list[Path] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    ticks: int = 0

    def now(self, copy: int) -> str:
        """A clock that often stands still, and that is slow in one copy and changes its mind in another."""
        self.ticks += self.random.choice((0, 0, 1, 40))
        minute = 20 + self.random.choice(((0,), (3,), (0, 7))[copy])
        return f"2026-11-27T10:{minute}:{self.ticks // 1000:02}.{self.ticks % 1000:03}Z"

    def step(self) -> None:
        """One act of one person in one copy; what the rules forbid there is left."""
        number = self.random.randrange(3)
        # The third copy is ann's as well: she works on two machines.
        name = self.random.choice((*[("ann", "bob", "ann")[number]] * 4, "eve"))
        often = [*[self.vote] * 8, *[self.settle, self.share, self.merge] * 2]
        seldom = [self.undo, self.join, self.split, self.edit, self.take_back, self.remove, self.restore]
        act = self.random.choice([*often, *seldom, self.retrieve, self.add, self.unblind])
        with (
            open_review(self.copies[number]) as review,
            mock.patch.object(log, "now", side_effect=iter(partial(self.now, number), "")),
            contextlib.suppress(ProtocolError),
        ):
            act(review, name)

    def key(self, review: Review) -> str:
        return self.random.choice(keys_of(review))

    def vote(self, review: Review, name: str) -> None:
        with contextlib.suppress(InputError):
            stage = self.random.choice((TITLE_ABSTRACT, TITLE_ABSTRACT, FULL_TEXT))
            key = records.kept_of(review, self.key(review))
            desk = Desk(review, name, stage)
            verdict = self.random.choice(("include", "include", "exclude"))
            reason = desk.protocol.reasons[0].code if verdict == "exclude" else None
            desk.decide(
                Decision(key, verdict, reason, "thought again"), change=desk.own_vote(key) is not None
            )

    def undo(self, review: Review, name: str) -> None:
        Desk(review, name, TITLE_ABSTRACT).undo()

    def join(self, review: Review, name: str) -> None:
        one, other = self.random.sample(keys_of(review), 2)
        by_hand.merge(review, (one, other), by=name)

    def split(self, review: Review, name: str) -> None:
        by_hand.split(review, [self.key(review)], by=name)

    def edit(self, review: Review, name: str) -> None:
        curation.edit(
            review, self.key(review), {"year": str(self.random.randrange(1990, 2020))}, note="x", by=name
        )

    def take_back(self, review: Review, name: str) -> None:
        found = review.db.execute(
            "select record_key from record_edits where undoes is null order by log_id desc"
        ).fetchone()
        if found:
            curation.undo(review, found[0], by=name)

    def remove(self, review: Review, name: str) -> None:
        curation.remove(review, [self.key(review)], reason="test", by=name)

    def restore(self, review: Review, name: str) -> None:
        curation.restore(review, [self.key(review)], note="test", by=name)

    def settle(self, review: Review, name: str) -> None:
        names = self.random.choice((("eve",), ("ann", "bob"), (name,)))
        key = records.kept_of(review, self.key(review))
        Table(review, names, TITLE_ABSTRACT).settle(Decision(key, "include", None, "agreed"))

    def retrieve(self, review: Review, name: str) -> None:
        fulltext.mark(review, [self.key(review)], "retrieved", by=name)

    def add(self, review: Review, _name: str) -> None:
        team.add_reviewer(review, "cat", "reviewer")

    def unblind(self, review: Review, name: str) -> None:
        team.unblind(review, TITLE_ABSTRACT, name)

    def share(self, review: Review, name: str) -> None:
        out = self.folder / f"{next(self.numbers)}.zip"
        with contextlib.suppress(InputError):  # who has no rows yet
            self.bundles.append(sharing.share(review, name, out).path)

    def merge(self, review: Review, _name: str) -> None:
        if self.bundles:
            sharing.merge(review, self.random.choices(self.bundles, k=2))

    def finish(self) -> None:
        """Ann and bob vote on all that is left, each in their own copy."""
        for path, name in zip(self.copies, ("ann", "bob"), strict=False):
            with open_review(path) as review, contextlib.suppress(ProtocolError):
                desk = Desk(review, name, TITLE_ABSTRACT)
                for key in desk.waiting_keys():
                    desk.decide(Decision(key, self.random.choice(("include", "exclude"))))

    def share_everything(self) -> list[Path]:
        made = []
        for path in self.copies:
            for name in ("ann", "bob", "cat", "eve"):
                with open_review(path) as review, contextlib.suppress(InputError):
                    made.append(sharing.share(review, name, self.folder / f"{next(self.numbers)}.zip").path)
        return made


@given(st.integers(0, 2**32))
# No shrinking: a play of 25 steps takes half a second.
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_the_same_rows_make_the_same_review_however_they_came(begun: Path, seed: int) -> None:
    random = Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(shutil.copy(begun, Path(folder) / f"{name}.db")) for name in "abc"]
        play = Play(Path(folder), random, paths)
        for _ in range(25):
            play.step()
        if random.random() < 0.5:
            play.finish()
        bundles = [*play.share_everything(), *play.bundles]

        for path in paths:
            order = random.sample(bundles, len(bundles))
            half = random.randrange(len(order))
            merge(path, *order[:half])
            for one in order[half:]:
                merge(path, one)
            merge(path, *random.choices(bundles, k=2))

        first, *others = [state(path) for path in paths]
        assert len(first["rows"]) == len(set(first["rows"]))
        for other in others:
            assert other == first
