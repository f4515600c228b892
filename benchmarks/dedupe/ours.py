"""Ours, through its command line in fresh processes, and the questions that it asks."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from labelled import LabelledSet
from processes import Cost, run

from iimscreen.duplicates import asking
from iimscreen.store import open_review

_COMMAND = (sys.executable, "-m", "iimscreen")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One set through import, dedupe and `duplicates --csv`."""

    import_cost: Cost
    dedupe_cost: Cost
    group_of: dict[str, str]  # of records by their RIS tag ID
    asked: list[tuple[str, str]]  # pairs of such ids that wait for a person

    @property
    def asked_about(self) -> int:
        """Records that take part in a question."""
        return len({one for pair in self.asked for one in pair})

    def answered_rightly(self, labelled: LabelledSet) -> dict[str, str]:
        """The groups once a person has answered every question as labelled."""
        right = [pair for pair in self.asked if labelled.is_one(*pair)]
        return joined(self.group_of, right)


def measure(labelled: LabelledSet, folder: Path, *, rounds: int, timeout_s: float) -> Outcome:
    """A new review in `folder`, with what import and deduplication cost: the best of so many rounds of the latter."""
    run([*_COMMAND, "init"], folder)
    imported = run([*_COMMAND, "import", labelled.ris, "--database", "X"], folder, timeout_s=timeout_s)
    if imported.is_stopped:
        return Outcome(imported, imported, {}, [])
    review, untouched = folder / "review.db", folder / "imported.db"
    costs = []
    for number in range(rounds):
        if rounds > 1:  # a second run on one file would find its verdicts there
            shutil.copy(*((untouched, review) if number else (review, untouched)))
        costs.append(run([*_COMMAND, "dedupe"], folder, timeout_s=timeout_s))
        if costs[-1].is_stopped:
            return Outcome(imported, costs[-1], {}, [])
    with (folder / "duplicates.csv").open("wb") as file:
        subprocess.run([*_COMMAND, "duplicates", "--csv"], cwd=folder, stdout=file, check=True)
    with (folder / "duplicates.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    id_of = {row["record"]: row["source_id"] for row in rows}
    asked = [(id_of[one], id_of[other]) for one, other in _questions(review)]
    cost = min(costs, key=lambda one: one.cpu_s)
    return Outcome(imported, cost, {row["source_id"]: row["group"] for row in rows}, asked)


def _questions(path: Path) -> list[tuple[str, str]]:
    """The pairs of a review that wait for a person, by their keys."""
    with open_review(path) as review:
        return [(pair.record.key, pair.other.key) for pair in asking.asked(review)]


def joined(group_of: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The groups with each pair in one."""
    leader = {group: group for group in group_of.values()}

    def lead(group: str) -> str:
        while leader[group] != group:
            group = leader[group]
        return group

    for one, other in pairs:
        leader[lead(group_of[one])] = lead(group_of[other])
    return {one: lead(group) for one, group in group_of.items()}
