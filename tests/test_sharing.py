"""Two copies of one review: whatever is merged, in whatever order, the same rows make the same review."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
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
from iimscreen import (
    bundles,
    curation,
    dedupe,
    fulltext,
    living,
    reliability,
    report,
    resolving,
    review_flow,
    review_protocol,
    sharing,
    team,
)
from iimscreen.duplicates import by_hand, progress
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.resolving import Table
from iimscreen.screening import Decision, Desk
from iimscreen.store import (
    Review,
    assignments,
    decisions,
    duplicates,
    log,
    notes,
    open_review,
    records,
    retrievals,
    reviewers,
    rounds,
    versions,
)
from iimscreen.store import curation as removals
from iimscreen.store.bundles import LOCAL, SHARED
from iimscreen.store.gate import Gate
from iimscreen.store.migrations import LOG_KINDS
from iimscreen.store.rounds import Round
from living_reviews import judge

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
            (stage, v.key, v.names, v.verdict, v.reason, v.note, v.at, v.was_open)
            for stage, kinds in decisions.given(review).items()
            for v in (*kinds[0], *kinds[1])
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
            "notes": [note.text for note in notes.everything(review) if note.replaced_by is None],
            "rounds": [
                (one.name, rounds.keys_of(review, one)) for one in rounds.of_stage(review, TITLE_ABSTRACT)
            ],
            "assigned": assignments.standing(review, TITLE_ABSTRACT),
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
        seldom += [self.retrieve, self.add, self.unblind, self.make_round, self.assign, self.write_note]
        act = self.random.choice([*often, *seldom])
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

    def make_round(self, review: Review, name: str) -> None:
        one = Round(f"batch-{next(self.numbers)}", TITLE_ABSTRACT, "batch")
        with review.writing():
            rounds.add(review, one, self.random.sample(keys_of(review), 2), by=name)

    def assign(self, review: Review, name: str) -> None:
        with review.writing():
            assignments.add(review, TITLE_ABSTRACT, "split", {self.key(review): ("ann", "bob")}, by=name)

    def write_note(self, review: Review, name: str) -> None:
        uids = [note.uid for note in notes.everything(review)]
        replaces = self.random.choice([None, *uids])
        notes.add(review, 9, "Asked experts.", source=None, done_on=None, replaces=replaces, actor=name)

    def share(self, review: Review, name: str) -> None:
        out = self.folder / f"{next(self.numbers)}.zip"
        with contextlib.suppress(InputError):  # who has no rows yet
            self.bundles.append(sharing.share(review, name, out).path)

    def merge(self, review: Review, _name: str) -> None:
        if self.bundles:
            with contextlib.suppress(InputError):  # what a row is about is in a bundle that has not come yet
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


def merge_or_wait(path: Path, some: Sequence[Path], left: deque[Path]) -> None:
    """Merge bundles; those about rows of another's that have not come yet, after the others."""
    try:
        merge(path, *some)
    except InputError as error:
        if "name their bundle in the same command" not in error.hint:
            raise
        left.extend(some)


@given(st.integers(0, 2**32))
# No shrinking: a play of 25 steps takes half a second.
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_the_same_rows_make_the_same_review_however_they_came(begun: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311, a play and no cipher
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
            left = deque(order[half:])
            merge_or_wait(path, order[:half], left)
            while left:
                some = [left.popleft() for _ in range(min(len(left), random.randrange(1, 5)))]
                merge_or_wait(path, some, left)
            merge(path, *random.choices(bundles, k=2))

        first, *others = [state(path) for path in paths]
        assert len(first["rows"]) == len(set(first["rows"]))
        for other in others:
            assert other == first


def test_votes_of_two_laptops_give_the_flow_and_the_agreement_of_one(
    copies: tuple[Path, Path], begun: Path, tmp_path: Path
) -> None:
    alone = Path(shutil.copy(begun, tmp_path / "alone.db"))
    for name, path in zip(("ann", "bob"), copies, strict=True):
        for one in (path, alone):
            vote(one, name, "include", only=slice(0, 2))
            vote(one, name, "include" if name == "ann" else "exclude", only=slice(2, None))

    shared = share(copies[0], "ann"), share(copies[1], "bob")
    for path in copies:
        merge(path, *shared)

    assert state(copies[0]) == state(copies[1])
    told = []
    for path in (*copies, alone):
        with open_review(path) as review:
            flow = review_flow.frozen(review_flow.prisma(review))
            told.append(
                (flow, reliability.agreements(review), len(resolving.conflicts(review, TITLE_ABSTRACT)))
            )
    assert told[0] == told[1] == told[2]
    assert told[0][2] == RECORDS - 1 - 2


# --- forks, clocks, clashes, closed versions -------------------------------------------------------


def test_one_reviewer_on_two_machines_loses_nothing_and_goes_on_from_the_later_word(
    copies: tuple[Path, Path], tmp_path: Path
) -> None:
    a, b = copies
    vote(a, "ann", "include", only=slice(0, 2))
    vote(b, "ann", "exclude", only=slice(0, 3))  # later, and on one record more

    merge(a, share(b, "ann"))
    with open_review(a) as review:
        desk = Desk(review, "ann", TITLE_ABSTRACT)
        standing = [desk.own_vote(key) for key in keys_of(review)[:3]]
        desk.decide(Decision(keys_of(review)[3], "include"))
        found = report.check(review)
    merge(b, share(a, "ann"))

    assert [one.verdict for one in standing if one] == ["exclude"] * 3
    assert found.faults == ()
    assert any("the rows of ann fork in 1 place" in note for note in found.notes)
    assert state(a) == state(b)


def test_a_round_that_older_rows_of_another_copy_complete_again_is_noted_as_open(
    copies: tuple[Path, Path], tmp_path: Path
) -> None:
    a, b = copies
    c = tmp_path / "c.db"

    def at(hour: int) -> Any:
        return mock.patch.object(log, "now", side_effect=lambda: f"2999-01-01T{hour:02}:00:00.000Z")

    with at(9):
        with open_review(a) as review:
            key = keys_of(review)[0]
            curation.remove(review, [key], reason="test", by="ann")
        vote(a, "ann", only=slice(1, None))
        vote(b, "bob")
    shutil.copy(a, c)
    with at(10), open_review(c) as review:  # ann's other machine
        curation.restore(review, [key], note="after all", by="ann")
        Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(key, "include"))

    with at(11):
        for path in (share(b, "bob"), share(c, "ann")):
            merge(a, path)
            with open_review(a) as review:  # any write notes what is open by then
                notes.add(review, 9, "x", source=None, done_on=None, replaces=None, actor="ann")
                opened = decisions.openings(review, [TITLE_ABSTRACT])

    assert key in opened


def test_an_edit_that_comes_after_the_comparison_is_compared_though_it_is_older(
    copies: tuple[Path, Path],
) -> None:
    a, b = copies
    with open_review(b) as review:
        key, other = keys_of(review)[:2]
        title, year = records.by_key(review, other).record.title, records.by_key(review, other).record.year
        curation.edit(review, key, {"title": title or "", "year": str(year)}, note="x", by="bob")
    with open_review(a) as review:
        dedupe.run(review)
    merge(a, share(b, "bob"))

    with open_review(a) as review:
        told = progress.to_compare(review)
        dedupe.run(review)
        assert told == ["deduplication: 1 record edited since, so run it again"]
        assert progress.to_compare(review) == []


def test_a_clock_that_is_ahead_is_told(copies: tuple[Path, Path]) -> None:
    a, b = copies
    with mock.patch.object(log, "now", return_value="2999-01-01T00:00:00.000Z"):
        vote(b, "bob")

    merged = merge(a, share(b, "bob"))

    assert "rows of bob are dated up to 2999-01-01T00:00:00.000Z" in merged.warnings[0]


def test_a_removal_on_one_laptop_and_a_vote_on_the_other_are_told_and_no_fault(
    copies: tuple[Path, Path],
) -> None:
    a, b = copies
    with open_review(a) as review:
        key = keys_of(review)[0]
        curation.remove(review, [key], reason="test", by="ann")
    vote(b, "bob")

    merge(a, share(b, "bob"))
    merge(b, share(a, "ann"))

    with open_review(a) as review:
        found = report.check(review)
        assert found.faults == ()
        assert any(f"{key} was removed before screening" in note for note in found.notes)
    assert state(a) == state(b)


def test_two_people_may_take_one_edit_back(copies: tuple[Path, Path]) -> None:
    a, b = copies
    with open_review(a) as review:
        key = keys_of(review)[0]
        curation.edit(review, key, {"year": "1999"}, note="x", by="ann")
    merge(b, share(a, "ann"))
    for path, name in ((a, "ann"), (b, "bob")):
        with open_review(path) as review:
            curation.undo(review, key, by=name)

    merge(a, share(b, "bob"))
    merge(b, share(a, "ann", "more.zip"))

    assert state(a) == state(b)


def test_rounds_of_one_name_made_in_two_copies_are_refused(copies: tuple[Path, Path]) -> None:
    a, b = copies
    for path, name in ((a, "ann"), (b, "bob")):
        with open_review(path) as review, review.writing():
            one = Round("batch-1", TITLE_ABSTRACT, "batch")
            rounds.add(review, one, keys_of(review)[:2], by=name)

    assert_refused(a, [share(b, "bob")], ProtocolError, "rounds with name batch-1 were made in two copies")


def test_a_version_stays_as_it_was_closed_whatever_comes_in_later(copies: tuple[Path, Path]) -> None:
    a, b = copies
    vote(b, "bob", "exclude", only=slice(0, 2))  # before the closing, and not known to it
    late = share(b, "bob")
    with open_review(a) as review:
        judge(review, include=keys_of(review)[:3], exclude_at_full_text=keys_of(review)[3:])
        living.close(review, by="ann")
        closed = versions.closures(review)
    c = Path(shutil.copy(a, a.with_name("c.db")))

    merged = merge(a, late)

    assert "2 rows of bob are older than the last completed version" in merged.warnings[0]
    with open_review(a) as review:
        assert report.check(review).faults == ()
        assert versions.closures(review) == closed
    merge(c, late)
    assert state(c) == state(a)
    assert_refused(
        b, [share(a, "ann")], InputError, "ann wrote a row of version_closures, which cannot travel"
    )


def test_who_has_the_row_that_cannot_travel_can_merge_what_came_after_it(
    copies: tuple[Path, Path], tmp_path: Path
) -> None:
    a, b = copies
    with open_review(a) as review:
        judge(review, include=keys_of(review)[:3])
        living.close(review, by="ann")
    shutil.copy(a, b)  # the review file was sent
    with open_review(a) as review:
        curation.edit(review, keys_of(review)[0], {"year": "1999"}, note="x", by="ann")
        shared = sharing.share(review, "ann", tmp_path / "ann.zip")

    merged = merge(b, shared.path)

    assert shared.kept_back == 1
    assert merged.bundles[0].new == {"record_edits": 1}
    assert state(a) == state(b)


# --- refused whole ----------------------------------------------------------------------------------


def assert_refused(path: Path, given: Sequence[Path], error: type[Exception], said: str) -> None:
    """A merge ends with these words, and not a byte of the review is another one."""
    before = path.read_bytes()
    with pytest.raises(error, match=said):
        merge(path, *given)
    assert path.read_bytes() == before


def forged(path: Path, change: Callable[[dict[str, Any]], None], *, rehash: bool = True) -> Path:
    """The same bundle with its last row's content changed by someone who can compute hashes."""
    bundle = bundles.read(path.read_bytes(), path.name, log.uid_of)
    last = bundle.rows[-1]
    content = dict(last.content or {})
    change(content)
    head = {
        "actor": bundle.reviewer,
        "at": last.at,
        "kind": last.kind,
        "nonce": last.nonce,
        "previous": last.previous,
    }
    row = replace(last, content=content, uid=log.uid_of(head, content) if rehash else last.uid)
    path.write_bytes(bundles.write(replace(bundle, rows=(*bundle.rows[:-1], row))))
    return path


@pytest.mark.parametrize(
    ("change", "rehash", "said"),
    [
        ({"verdict": "exclude"}, False, r"rows-0001\.jsonl, line 5: the row is not as bob wrote it"),
        ({"verdict": "perhaps"}, True, "line 5: the row says what the log cannot hold .CHECK constraint"),
        ({"record_key": "testbase:none"}, True, "line 5: this copy lacks the record testbase:none"),
        ({"protocol_sha256": "0" * 64}, True, "line 5: this copy lacks the protocol 00000000"),
        ({"reviewer": "ann"}, True, "line 5: the row is not one that bob can have written"),
        ({"names": '["ann"]'}, True, "line 5: the row is not one that bob can have written"),
        ({"names": "{}"}, True, "line 5: the row is not one that bob can have written"),
        ({"names": "["}, True, "line 5: the row is not one that bob can have written"),
        ({"mood": "good"}, True, "line 5: decisions has no mood in this iimscreen"),
        ({"note": 1.5}, True, "the log would not hold: log row .* is not as it was written"),
    ],
)
def test_a_forged_row_is_refused_by_its_line(
    copies: tuple[Path, Path], change: dict[str, Any], rehash: bool, said: str
) -> None:
    a, b = copies
    vote(b, "bob")
    bad = forged(share(b, "bob"), lambda content: content.update(change), rehash=rehash)

    assert_refused(a, [bad], InputError, said)


def test_a_gap_in_the_chain_is_refused_by_its_line(copies: tuple[Path, Path]) -> None:
    a, b = copies
    vote(b, "bob")
    path = share(b, "bob")
    bundle = bundles.read(path.read_bytes(), path.name, log.uid_of)
    path.write_bytes(bundles.write(replace(bundle, rows=(*bundle.rows[:2], *bundle.rows[3:]))))

    assert_refused(
        a, [path], InputError, "line 3: the row follows one of bob that neither this bundle nor this copy"
    )


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_a_bundle_with_any_byte_changed_or_cut_leaves_the_review_as_it_is(
    begun: Path, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        a, b = (Path(shutil.copy(begun, Path(folder) / f"{name}.db")) for name in "ab")
        vote(b, "bob", only=slice(0, 2))
        good, bad = share(b, "bob"), Path(folder) / "bad.zip"
        content = good.read_bytes()
        place = data.draw(st.integers(0, 10**6)) % len(content)
        flipped = (
            content[:place] + bytes([content[place] ^ data.draw(st.integers(1, 255))]) + content[place + 1 :]
        )
        bad.write_bytes(data.draw(st.sampled_from((flipped, content[:place]))))

        assert_refused(a, [good, bad], InputError, r"bad\.zip")


def test_a_bundle_of_another_review_is_refused(copies: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    review_protocol.create(other)
    with open_review(other) as review:
        team.sit_down(review, "bob")

    assert_refused(copies[0], [share(other, "bob")], InputError, r"bob-of-other\.zip is of another review")


def test_votes_on_records_of_a_search_in_another_copy_are_refused_with_the_way_out(
    copies: tuple[Path, Path],
) -> None:
    a, b = copies
    with open_review(b) as review:
        (key,) = bring_in(review, [a_record(77)], database="Newbase")
        Desk(review, "bob", TITLE_ABSTRACT).decide(Decision(key, "include"))

    assert_refused(
        a, [share(b, "bob")], InputError, f"this copy lacks the record {key}: the search that found it"
    )


def test_every_kind_of_log_row_either_travels_or_stays() -> None:
    assert sorted((*SHARED, *LOCAL)) == sorted(LOG_KINDS)


# --- several programs at once -----------------------------------------------------------------------


def test_two_merges_at_once_bring_everything_once(copies: tuple[Path, Path]) -> None:
    a, b = copies
    vote(b, "bob")
    path = share(b, "bob")
    command = [sys.executable, "-m", "iimscreen", "merge", path, "--review", a]

    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    told = [one.communicate()[0] for one in running]

    assert [one.returncode for one in running] == [0, 0]
    assert sorted(b"nothing new" in text for text in told) == [False, True]
    with open_review(a) as review:
        assert report.check(review).faults == ()
        assert len(decisions.own_votes(review, TITLE_ABSTRACT, "bob")) == RECORDS - 1


def test_votes_cast_while_bundles_are_merged_are_all_there(copies: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = copies
    paths = []
    for number in range(RECORDS - 1):
        vote(b, "bob", only=slice(number, number + 1))
        paths.append(share(b, "bob", f"{number}.zip"))
    with ThreadPoolExecutor(1) as pool:
        voting = pool.submit(vote, a, "ann")
        for path in paths:
            merge(a, path)
        voting.result()

    with open_review(a) as review:
        assert report.check(review).faults == ()
        counts = [len(decisions.own_votes(review, TITLE_ABSTRACT, name)) for name in ("ann", "bob")]
    assert counts == [RECORDS - 1] * 2


# --- the commands -----------------------------------------------------------------------------------


def test_share_and_merge_tell_counts_and_what_a_bundle_holds(run: Run, copies: tuple[Path, Path]) -> None:
    a, b = copies
    vote(b, "bob")

    shared = run("share", "--reviewer", "bob", "--review", b)
    merged = run("merge", "bob.bundle.zip", "--review", a)
    again = run("merge", "bob.bundle.zip", "--review", a)

    assert shared.exit_code == merged.exit_code == again.exit_code == 0
    assert shared.stdout == "bob.bundle.zip: 5 rows of bob (4 decisions, 1 reviewer change), 1 kB.\n"
    assert "in plain text" in shared.stderr
    assert merged.stdout == "bob.bundle.zip: 4 new rows (4 decisions) of bob; 1 known.\n"
    assert again.stdout == "bob.bundle.zip: nothing new of bob; 5 known.\n"
    assert "4 new rows of bob merged from bob.bundle.zip" in run("log", "--review", a).stdout


def test_share_leaves_a_bundle_alone_that_holds_everything_and_replaces_an_older_one(
    run: Run, copies: tuple[Path, Path]
) -> None:
    _, b = copies
    vote(b, "bob", only=slice(0, 1))
    run("share", "--reviewer", "bob", "--review", b)
    path = Path("bob.bundle.zip")
    before = path.stat()

    same = run("share", "--reviewer", "bob", "--review", b)
    after = path.stat()
    vote(b, "bob", only=slice(1, None))
    more = run("share", "--reviewer", "bob", "--review", b)

    assert "holds all of bob already" in same.stdout
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert more.stdout.startswith("bob.bundle.zip: 5 rows of bob")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"my thesis", "is no bundle that could be replaced"),
        ("ann", "is a bundle of ann"),
        ("more", "holds 3 rows of bob that this copy of the review lacks"),
    ],
)
def test_share_overwrites_nothing_that_is_not_contained(
    run: Run, copies: tuple[Path, Path], content: bytes | str, said: str
) -> None:
    a, b = copies
    path = Path("bob.bundle.zip")
    vote(b, "bob", only=slice(0, 1))
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "ann":
        share(a, "ann", path.name)
    else:
        vote(a, "bob", only=slice(1, None))
        share(a, "bob", path.name)
    before = path.read_bytes()

    result = run("share", "--reviewer", "bob", "--review", b)

    assert result.exit_code == 3
    assert said in result.stderr
    assert path.read_bytes() == before


def test_share_of_someone_who_did_nothing_is_refused(run: Run, review_file: Path) -> None:
    result = run("share", "--reviewer", "zoe")

    assert result.exit_code == 3
    assert "nothing in the log is by 'zoe'" in result.stderr
    assert not Path("zoe.bundle.zip").exists()


def test_a_name_with_strange_letters_makes_a_plain_file_name() -> None:
    assert sharing.file_name("../Ann Øre") == "___Ann_Øre.bundle.zip"


def test_a_merged_bundle_tells_its_reader_nothing_of_open_votes(
    run: Run, begun: Path, tmp_path: Path
) -> None:
    told = []
    for verdict in ("include", "exclude"):
        folder = tmp_path / verdict
        folder.mkdir()
        a, b = (Path(shutil.copy(begun, folder / f"{name}.db")) for name in "ab")
        vote(a, "ann", only=slice(0, 2))
        vote(b, "bob", verdict, only=slice(0, 3))
        path = share(b, "bob", "bob.zip")
        commands = [
            ("merge", path),
            ("status",),
            ("status", "--json"),
            ("log",),
            ("log", "--reviewer", "ann"),
            ("log", "--by", "bob"),
            ("conflicts",),
            ("agreement",),
            ("prisma",),
            ("fulltext",),
            ("check",),
            ("reviewer",),
            ("duplicates",),
            ("records", "list"),
            ("merge", path),
        ]
        told.append([shown(run(*words, "--review", a), folder) for words in commands])

    assert told[0] == told[1]


def shown(result: Result, folder: Path) -> tuple[int, str]:
    """What a command said, without hashes, times and the folder, which differ from run to run."""
    text = (result.stdout + result.stderr).replace(str(folder), "")
    return result.exit_code, re.sub(r"\b[0-9a-f]{8,}\b|\d\d:\d\d(:\d\d)?(\.\d+)?", "…", text)
