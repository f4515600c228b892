"""Whole reviews made by chance through the real store, and what must hold of the numbers of each."""

from __future__ import annotations

import contextlib
import csv
import io
import random
import re
from collections import Counter
from collections.abc import Callable

from rich.console import Console

from conftest import a_record, bring_in
from iimscreen import (
    curation,
    dedupe,
    diagram,
    flow,
    fulltext,
    living,
    numbers,
    previous,
    prisma_text,
    resolving,
    review_flow,
    studies,
)
from iimscreen.duplicates import asking, by_hand
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Kind, Number
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force, load
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, records
from iimscreen.store import curation as stored_curation
from iimscreen.store import studies as stored_studies

PAPERS = 9
SOURCES = (
    ("PubMed", Kind.DATABASE),
    ("Embase; with, a comma", Kind.DATABASE),
    ("ClinicalTrials.gov", Kind.REGISTER),
    ("万方", Kind.CITATION),
    ("A website", Kind.WEBSITE),
)
REASONS = ("review", "juvenile", "mixed")


class Maker:
    """Makes a review move by move. A move that the rules forbid is passed over."""

    def __init__(self, review: Review, seed: int) -> None:
        self.review = review
        self._chance = random.Random(seed)  # noqa: S311 - a review of a test, no secret
        self._files = 0

    def move(self, name: str) -> None:
        """Make one move."""
        if not self._keys() and name not in ("search", "load", "amend"):
            return
        with contextlib.suppress(InputError, ProtocolError):
            MOVES[name](self)

    def _keys(self) -> list[str]:
        return [row[0] for row in records.memberships(self.review)]

    def _some(self, there: list[str], most: int = 3) -> list[str]:
        return self._chance.sample(there, min(len(there), self._chance.randint(1, most)))

    def search(self) -> None:
        """A file of a few papers comes in, often of papers that another source has brought."""
        database, kind = self._chance.choice(SOURCES)
        papers = self._chance.sample(range(1, PAPERS + 1), self._chance.randint(1, 4))
        self._files += 1
        found = [
            a_record(n, source_id=f"{self._files}-{n}", doi=f"10.1000/{n}", accession=f"A{1000 + n}")
            for n in papers
        ]
        bring_in(self.review, found, database=database, kind=kind)

    def compare(self) -> None:
        """Deduplicate, and decide what is asked."""
        dedupe.run(self.review)
        for pair in asking.asked(self.review):
            by_hand.split(self.review, [pair.record.key, pair.other.key], by="ann")

    def merge(self) -> None:
        by_hand.merge(self.review, self._some(self._keys(), 2), by="ann")

    def split(self) -> None:
        by_hand.split(self.review, self._some(self._keys(), 1), by="bob")

    def edit(self) -> None:
        values = {"doi": f"10.1000/{self._chance.randint(1, PAPERS)}"}
        curation.edit(self.review, self._some(self._keys(), 1)[0], values, note="from the paper", by="ann")

    def remove(self) -> None:
        curation.remove(self.review, self._some(self._keys(), 2), reason="by mistake", by="ann")

    def restore(self) -> None:
        curation.restore(self.review, list(stored_curation.removed(self.review))[:1], note="none", by="ann")

    def _decision(self, key: str, stage: str) -> Decision:
        if stage == TITLE_ABSTRACT:
            verdict = self._chance.choices(("include", "exclude", "unsure"), (6, 3, 1))[0]
        else:
            verdict = self._chance.choices(("include", "exclude", "awaiting", "ongoing"), (5, 4, 1, 1))[0]
        needs_one = verdict == "exclude" and stage == FULL_TEXT
        return Decision(key, verdict, self._chance.choice(REASONS) if needs_one else None)

    def vote(self) -> None:
        """One of the two votes on some records of a stage."""
        stage = self._chance.choice((TITLE_ABSTRACT, FULL_TEXT))
        desk = Desk(self.review, self._chance.choice(("ann", "bob")), stage)
        for key in desk.waiting_keys()[: self._chance.randint(1, 4)]:
            desk.decide(self._decision(key, stage))

    def screen(self) -> None:
        """Both vote on all that waits; often the same."""
        self._both(TITLE_ABSTRACT)

    def assess(self) -> None:
        fulltext.mark_all(self.review, by="ann")
        self._both(FULL_TEXT)

    def _both(self, stage: str) -> None:
        said: dict[str, Decision] = {}
        for name in ("ann", "bob"):
            desk = Desk(self.review, name, stage)
            waiting = desk.waiting_keys()
            for key in waiting:
                if key not in said or self._chance.random() < 0.2:
                    said[key] = self._decision(key, stage)
            desk.decide_all([(number, said[key]) for number, key in enumerate(waiting)])

    def settle(self) -> None:
        """Every conflict of a stage gets a final word of both, or of one alone."""
        for stage in (TITLE_ABSTRACT, FULL_TEXT):
            by = ["ann", "bob"] if self._chance.random() < 0.7 else ["ann"]
            for one in resolving.conflicts(self.review, stage):
                resolving.Table(self.review, by, stage).settle(self._decision(one.record.key, stage))

    def lose(self) -> None:
        keys = [one.record.key for one in fulltext.sought(self.review)]
        fulltext.mark(self.review, self._some(keys, 1), fulltext.NOT_RETRIEVED, by="ann", reason="no copy")

    def name(self) -> None:
        """A study for each included report, and one of some reports more."""
        studies.new_for_each(self.review, by="ann")

    def link(self) -> None:
        """A report tells of a study more, or a study has a report more."""
        made, _ = review_flow.flow_and_reports(self.review)
        known = list(stored_studies.standing(self.review))
        included = list(made.included)
        if known and included:
            studies.link(self.review, self._chance.choice(known), self._some(included, 2), by="ann")

    def unlink(self) -> None:
        of = stored_studies.of_reports(self.review)
        report = self._some(list(of), 1)[0] if of else ""
        if report:
            studies.unlink(self.review, of[report][0], [report], note="another", by="ann")

    def close(self) -> None:
        """Finish all that can be finished, and close a version."""
        for step in (self.compare, self.screen, self.settle, self.assess, self.settle, self.name):
            with contextlib.suppress(InputError, ProtocolError):
                step()
        living.close(self.review, by="ann")

    def load(self) -> None:
        """A version made elsewhere, of one study in two reports and one of its own."""
        text = io.StringIO()
        told = csv.writer(text)
        told.writerow(("title", "doi", "year", "study"))
        for paper, study in ((1, "Earlier 1"), (2, "Earlier 1"), (20, "Earlier 2")):
            told.writerow((a_record(paper).title, f"10.1000/{paper}", 2001, study))
        path = self.review.path.with_name("earlier.csv")
        path.write_text(text.getvalue(), encoding="utf-8")
        previous.load(self.review, path, by="ann")

    def amend(self) -> None:
        """Count hits in place of records, or screen what other methods found; or the other way round."""
        swaps = (
            ('identified = "union"', 'identified = "sum-of-sub-queries"'),
            ("screen_other_methods = false", "screen_other_methods = true"),
        )
        one, other = self._chance.choice(swaps)
        text = in_force(self.review).text
        path = self.review.path.with_name("changed.toml")
        path.write_text(text.replace(one, other) if one in text else text.replace(other, one), "utf-8")
        load(self.review, path, by="ann")


MOVES: dict[str, Callable[[Maker], None]] = {
    name: getattr(Maker, name)
    for name in (
        *("search", "compare", "merge", "split", "edit", "remove", "restore", "vote", "screen", "assess"),
        *("settle", "lose", "name", "link", "unlink", "close", "load", "amend"),
    )
}


# --- what must hold --------------------------------------------------------------------------------


def faults(review: Review) -> list[str]:
    """What does not hold in the flow of a review as it stands."""
    made, reports = review_flow.flow_and_reports(review)
    return flow.violations(made, reports)


def proven(review: Review) -> dict[str, Number]:
    """The numbers of a review, each held against its rows, its parts, the JSON, the figure and its drawing."""
    made = review_flow.prisma(review)
    known = numbers.every(review)
    for one in known.values():
        assert (one.value is None) == bool(one.why_not), one.name
        assert not one.notes or len(one.notes) == len(one.rows), one.name
        if one.name.startswith(("prisma.", "search.", "duplicates.", "studies.")):
            assert (one.value or 0) == len(one.rows), one.name
    assert numbers.unresolved(review, known.values()) == []
    _parts_make_the_whole(known)
    told = flow.as_json(made)
    boxes = told["boxes"]
    assert isinstance(boxes, dict)
    assert {name: known[f"prisma.{name}"].value for name in boxes if f"prisma.{name}" in known} == {
        name: count for name, count in boxes.items() if f"prisma.{name}" in known
    }
    _drawn_as_named(made, known)
    return known


def _parts_make_the_whole(known: dict[str, Number]) -> None:
    for name, one in known.items():
        parts = [other for other in known.values() if re.fullmatch(rf"{re.escape(name)}\.[\w-]+", other.name)]
        if name.startswith("prisma.") and parts and one.value is not None:
            assert Counter(row for part in parts for row in part.rows) == Counter(one.rows), name


def _drawn_as_named(made: flow.Flow, known: dict[str, Number]) -> None:
    shown = diagram.of_flow(made)
    lines = [line for box in shown.boxes for line in box.lines if line.number]
    assert {line.number: line.n for line in lines} == {
        line.number: known[f"prisma.{line.number}"].value for line in lines
    }
    paper = Console(file=io.StringIO(), width=200)
    prisma_text.draw(paper, shown)
    file = paper.file
    assert isinstance(file, io.StringIO)
    boxes = "\n".join(line for line in file.getvalue().splitlines() if "│" in line)
    drawn = re.findall(r"\(n = ([\d,]+|–)\)", boxes)
    assert Counter(drawn) == Counter(line.count[5:-1] for line in lines)
