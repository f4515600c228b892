"""The whole road offline, in a new folder: the bundled corpus, two reviewers' files, PRISMA.

An illustration: the published review tells which 41 papers it included, not how anyone voted. The
votes are ours, written from titles so that the outcome is the published list.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iimscreen import (
    decision_files,
    dedupe,
    demo_extraction,
    flow,
    fulltext,
    importing,
    queries,
    resolving,
    review_flow,
    review_protocol,
    screening,
    search,
    settings,
)
from iimscreen.duplicates import by_hand
from iimscreen.errors import InputError, ReviewError
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, parse_protocol
from iimscreen.sources import corpus
from iimscreen.store import Review, create_review, open_review, protocols, runs
from iimscreen.wording import counted

STAMP = "Illustration: the paper does not publish its votes"
REFERENCES = "Reference list (Rizzo 2025)"
STRATEGIES = ("2023-08-23", "improved")
REVIEWERS = ("ann", "bob")
ASKED_PAIR = ("corpus:c020", "corpus:c187")

_EXTRA_REASON = """
# Of the demo only, and last: whatever looks eligible and is not on the published list.
[[reason]]
code = "not-among-41"
label = "Not among the published 41"
demo_only = true
"""


@dataclass(frozen=True, slots=True)
class Recall:
    """How many of the known included papers one strategy finds."""

    strategy: str
    found: int
    known: int


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """Everything that the demo prints at its end."""

    folder: Path
    recalls: tuple[Recall, ...]
    caveats: tuple[str, ...]
    flow: flow.Flow
    extraction: demo_extraction.Extraction
    stamp: str
    remarks: tuple[str, ...]
    next_commands: tuple[tuple[str, str], ...]


def run(folder: Path, *, on_step: Callable[[str], None] = lambda _text: None) -> DemoOutcome:
    """Make a new folder with a finished illustrative review in it.

    Raises InputError if something is in the folder already, ReviewError if it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already", hint="name a new folder: iimscreen demo FOLDER")
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            outcome = _play(part / "review.db", folder, on_step)
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise ReviewError(
            f"the folder {folder} cannot be made: {error.strerror}",
            hint="name another: iimscreen demo FOLDER",
        ) from error
    return outcome


def _data(name: str) -> Path:
    return settings.bundled_reviews() / "iim" / name


def protocol_text() -> str:
    """The bundled protocol with the demo's stamp and its one extra reason."""
    text = review_protocol.bundled().read_text(encoding="utf-8")
    return text.replace("[review]\n", f'[review]\nnotice = "{STAMP}"\n', 1) + _EXTRA_REASON


def _play(path: Path, folder: Path, on_step: Callable[[str], None]) -> DemoOutcome:
    on_step(f"1  A review file, {folder / path.name}, with the bundled protocol. {STAMP}.")
    protocol = parse_protocol(protocol_text(), "the demo's protocol")
    create_review(
        path, lambda new: protocols.load(new, protocol.text, protocol.sha256, "protocol.toml, for the demo")
    )
    with open_review(path) as review:
        recalls = tuple(_search(review, name, on_step) for name in STRATEGIES)
        _deduplicate(review, on_step)
        _screen(review, TITLE_ABSTRACT, 4, on_step)
        keys = fulltext.mark_from(review, _data("demo/fulltexts.csv"), by=REVIEWERS[0])
        on_step(f"5  {counted(len(keys), 'report')} sought for retrieval and marked.")
        _screen(review, FULL_TEXT, 6, on_step)
        extraction = demo_extraction.play(review, on_step)
        made = review_flow.prisma(review)
    return DemoOutcome(
        folder=folder,
        recalls=recalls,
        caveats=(
            "Only titles are searched here: 29 of the 37 JAK inhibitor titles name only the drug, not its class.",
            "The improved terms were written knowing these titles. Neither figure says anything of PubMed.",
        ),
        flow=made,
        extraction=extraction,
        stamp=STAMP,
        remarks=_remarks(made),
        next_commands=(
            (f"cd {folder}", "then:"),
            ("iimscreen status", "where this review stands"),
            ("iimscreen prisma --list dbr_excluded", "the records behind a number"),
            ("iimscreen agreement", "how far ann and bob agreed"),
            ("iimscreen extract tables", "the tables for the paper"),
            ("iimscreen extract audit", "every finding with what it rests on, and each reading that fits"),
            ("iimscreen log", "everything that was done"),
            ("iimscreen check", "verify the file"),
            ("iimscreen search", "in an empty folder: the same search in PubMed"),
        ),
    )


def _search(review: Review, name: str, on_step: Callable[[str], None]) -> Recall:
    strategy = queries.read_strategy(queries.find_strategy(name))
    outcome = search.run(review, strategy, corpus.bundled(strategy.as_of))
    found = runs.keys_found(review, outcome.search.uid)
    with _data("known_items.csv").open(encoding="utf-8", newline="") as file:
        known = {f"corpus:{row['corpus_id']}" for row in csv.DictReader(file)}
    count = len(strategy.sub_queries)
    on_step(
        f"2  Strategy {name}: {counted(count, 'sub-query', 'sub-queries')} over the bundled corpus "
        f"(offline, not PubMed), {outcome.search.unique} records."
    )
    return Recall(name, len(found & known), len(known))


def _deduplicate(review: Review, on_step: Callable[[str], None]) -> None:
    (imported,) = importing.import_files(
        review, [_data("references.ris")], database=REFERENCES, kind=Kind.CITATION
    )
    outcome = dedupe.run(review)
    by_hand.split(
        review, ASKED_PAIR, by=REVIEWERS[0], note="congress abstract of 2018 and paper of 2021: two reports"
    )
    on_step(
        f"3  The paper's {imported.read} references imported as a citation source; {outcome.records} records are "
        f"{outcome.reports} reports. One pair was asked: the congress abstract of reference 20. Answered: distinct."
    )


def _screen(review: Review, stage: str, number: int, on_step: Callable[[str], None]) -> None:
    for name in REVIEWERS:
        desk = screening.Desk(review, name, stage)
        votes = desk.decide_all(decision_files.read_decisions(_data(f"demo/{stage}-{name}.csv")))
    to_resolve = resolving.conflicts(review, stage)
    reasons = sum(one.outcome.reason_is_proposed for one in to_resolve)
    table = resolving.Table(review, REVIEWERS, stage)
    table.settle_all(decision_files.read_decisions(_data(f"demo/{stage}-consensus.csv")))
    on_step(
        f"{number}  Stage {stage}: {len(votes)} records, two votes each; {len(to_resolve) - reasons} conflicts "
        f"resolved and {reasons} exclusion reasons confirmed by consensus."
    )


def _remarks(made: flow.Flow) -> tuple[str, ...]:
    included = made.boxes["new_reports"] or 0
    return (
        f"{included} reports included, as published (37 on JAK inhibitors, 4 on apremilast). Reference 32 is a "
        f"literature review, which the protocol excludes: a protocol deviation. {included}; {included - 1} without it.",
    )
