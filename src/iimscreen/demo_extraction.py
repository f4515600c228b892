"""The end of the demo: what the published review states of its reports and its own patients, extracted twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iimscreen import auditing, extraction_sheets, settings, studies, tabulating
from iimscreen.consensus import resolving
from iimscreen.consensus.comparing import compare_all
from iimscreen.extracting import Seat
from iimscreen.store import Review
from iimscreen.store import studies as stored_studies
from iimscreen.table_files import FORMATS
from iimscreen.wording import counted

REVIEWERS = ("ann", "bob")
OWN = "Own patients"
TABLES = "tables"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What the demo prints of its extraction."""

    audit: auditing.Audit
    tables: str  # the folder of the tables that were written


def _data(name: str) -> Path:
    return settings.bundled_reviews() / "iim" / "demo" / name


def play(review: Review, on_step: Callable[[str], None]) -> Extraction:
    """Name the studies, extract them as two people, settle where they differ, write tables, audit.

    Tables go into the folder "tables" beside the review file.
    """
    named = studies.new_for_each(review, by=REVIEWERS[0])
    studies.new(review, OWN, by=REVIEWERS[0], own=True)
    on_step(
        f"7  {counted(len(named), 'study', 'studies')} named after their reports; the paper's six patients as a "
        "study of its own, in no flow and no total of the literature."
    )
    cells = [_extract(review, name) for name in REVIEWERS]
    differ = sum(study.left for study in compare_all(review).studies)
    words = resolving.read_words(_data("extraction-consensus.csv"))
    resolving.Table(review, REVIEWERS).settle_all(words)
    on_step(
        f"8  What the paper states of them, extracted twice: {cells[0]:,} values each; what it does not state is NR. "
        f"{counted(differ, 'value')} differ (slips of bob, made on purpose), settled by consensus with a reason."
    )
    totals = auditing.read_totals(review, _data("stated-totals.csv"))
    auditing.state(review, totals, by=REVIEWERS[0])
    written = tabulating.write(tabulating.tabulate(review), review.path.parent / TABLES, FORMATS)
    on_step(
        f"9  Tables of studies, patients, responses and adverse events written: {counted(len(written.files), 'file')} "
        f"in {TABLES}/, for Word (tables.docx), a browser (tables.html) or a spreadsheet (tables.xlsx, data.xlsx)."
    )
    return Extraction(auditing.run(review), TABLES)


def _extract(review: Review, name: str) -> int:
    """One person's values, all of them, and that they are done; how many values."""
    loaded = extraction_sheets.load(review, _data(f"extraction-{name}.csv"), name)
    seat = Seat(review, name)
    for study in stored_studies.standing(review):
        seat.done(study)
    return loaded.taken.new
