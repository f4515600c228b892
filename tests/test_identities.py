"""Within one file no record is lost, and between files each is known again, in whatever order they come."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iimscreen import importing
from iimscreen.formats import jsonl
from iimscreen.model import Record, has_identity_suffix, stated_accession
from iimscreen.store import Review, records, runs

RECORDS = st.builds(
    Record,
    accession=st.sampled_from(["20210001", "20210002", "2021/00123456", None]),
    title=st.sampled_from(["A title", "A Title.", "Another"]),
    abstract=st.sampled_from(["One.", "Two.", None]),
    doi=st.just("10.5555/a"),
)
FILES = st.lists(RECORDS, min_size=1, max_size=7)


class Trial:
    """A review of its own, and files that are imported into it."""

    def __init__(self, review: Review, folder: Path) -> None:
        self.review = review
        self._folder = folder
        self._files = 0

    def brings(self, found: list[Record]) -> importing.ImportOutcome:
        self._files += 1
        path = self._folder / f"{self._files}.jsonl"
        # A blank line more for each: the same bytes would not be read at all.
        path.write_bytes(jsonl.write(found) + b"\n" * self._files)
        (outcome,) = importing.import_files(self.review, [path], database="Testbase", format_name="jsonl")
        return outcome

    def contents(self) -> Counter[str]:
        return Counter(records.content_sha256(one.record) for one in records.everything(self.review))


@st.composite
def two_exports(draw: st.DrawFn) -> tuple[list[Record], list[Record], list[Record]]:
    """A file, another, and some records of both, in another order."""
    first, second = draw(FILES), draw(FILES)
    again = draw(st.permutations(second))
    return first, second, again[: draw(st.integers(1, len(again)))]


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the review is as it was after each example
@given(exports=two_exports())
def test_a_file_loses_none_of_its_records_and_brings_none_again(
    review: Review, tmp_path: Path, exports: tuple[list[Record], list[Record], list[Record]]
) -> None:
    first, second, again = exports
    review.db.conn.execute("begin immediate")
    try:
        trial = Trial(review, tmp_path)
        one = trial.brings(first)
        keys = {one.key for one in records.everything(review)}
        trial.brings(second)
        whole = trial.contents()
        third, fourth = trial.brings(again), trial.brings(second)

        assert (one.read, one.new, len(keys)) == (len(first), len(first), len(first))
        assert not Counter(map(records.content_sha256, first)) - whole
        assert (third.new, fourth.new) == (0, 0)
        assert trial.contents() == whole
        assert runs.verify(review) == []
    finally:
        review.db.conn.execute("rollback")


def test_a_revised_record_before_the_one_whose_number_it_has_takes_nothing_from_it(
    review: Review, tmp_path: Path
) -> None:
    stored = Record(accession="20210001", title="A title", abstract="One.")
    revised = Record(accession="20210001", title="A title", abstract="One, corrected.")
    trial = Trial(review, tmp_path)
    trial.brings([stored])

    alone = trial.brings([revised])
    both = trial.brings([revised, stored])

    assert (alone.new, alone.known) == (0, 1)
    assert (both.new, both.known) == (1, 1)
    assert trial.contents() == Counter(map(records.content_sha256, [stored, revised]))


def test_one_number_for_all_records_of_a_file_is_no_hindrance(review: Review, tmp_path: Path) -> None:
    trial = Trial(review, tmp_path)
    found = [Record(accession="00000000", title=f"Title {n // 2}") for n in range(3000)]

    assert trial.brings(found).new == 3000
    assert trial.brings(found[::-1]).new == 0


def test_an_accession_that_ends_as_ours_do_is_not_taken_for_a_repeat(review: Review, tmp_path: Path) -> None:
    trial = Trial(review, tmp_path)
    trial.brings([Record(accession=f"2021/0012345{n}", title=f"Title {n}") for n in range(3)])

    accessions = [str(one.record.accession) for one in records.everything(review)]
    assert [stated_accession(accession) for accession in accessions] == [f"2021/0012345{n}" for n in range(3)]


@pytest.mark.parametrize(
    ("accession", "stated"),
    [
        ("20210001", "20210001"),
        ("20210001/5f3a9c01", "20210001"),
        ("20210001/5f3a9c01-2", "20210001"),
        ("a/b/5f3a9c01-12", "a/b"),
        ("NCT03002649/00c0ffee", "NCT03002649"),
        ("5f3a9c015f3a9c01-2", "5f3a9c015f3a9c01-2"),
        ("CTRI/2019/01/017058", "CTRI/2019/01/017058"),
        ("2021/5F3A9C01", "2021/5F3A9C01"),
    ],
)
def test_only_our_own_suffix_is_taken_off(accession: str, stated: str) -> None:
    assert stated_accession(accession) == stated


@given(st.text(), st.from_regex(r"[0-9a-f]{8}(-[0-9]{1,3})?", fullmatch=True))
def test_what_stands_before_our_suffix_comes_back(accession: str, suffix: str) -> None:
    assert stated_accession(f"{accession}/{suffix}") == accession
    assert has_identity_suffix(f"{accession}/{suffix}")
