"""What the log holds of the search, read once for all items."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from iimscreen import receipts
from iimscreen.duplicates import progress
from iimscreen.model import Kind
from iimscreen.store import Review, log, notes, runs, versions
from iimscreen.store.receipts import SearchRow


@dataclass(frozen=True, slots=True)
class Strategy:
    """The searches that put the very same texts to one source, oldest first."""

    account: receipts.SourceAccount
    entries: tuple[receipts.Entry, ...]

    @property
    def latest(self) -> receipts.Entry:
        """The last of them, complete or not."""
        return self.entries[-1]

    @property
    def name(self) -> str:
        """What the strategy was called last."""
        return search_of(self.latest).strategy


class Facts:
    """Everything that the items are filled from, read once."""

    def __init__(self, review: Review) -> None:
        self.review = review
        elsewhere = {one.source for one in versions.previous_reviews(review)}
        self.accounts = [one for one in receipts.accounts(review) if one.source not in elsewhere]
        self.notes = [note for note in notes.everything(review) if note.replaced_by is None]
        self.log = log.entries(review)

    def of(self, *kinds: Kind) -> list[receipts.SourceAccount]:
        """Sources of these kinds, in order of first use."""
        return [account for account in self.accounts if account.kind in kinds]

    def noted(self, item: int, database: str) -> bool:
        """Whether someone noted something on this item about this source by its name."""
        return any(
            note.item == item and (note.source or "").casefold() == database.casefold() for note in self.notes
        )

    @cached_property
    def strategies(self) -> list[Strategy]:
        """Every strategy as it was put to a source, with all its runs; in order of first use."""
        found: dict[tuple[str, tuple[str | None, ...]], list[receipts.Entry]] = {}
        accounts = {account.source: account for account in self.accounts}
        for account in self.accounts:
            for entry in account.searches:
                found.setdefault((account.source, tuple(run.text_sent for run in entry.runs)), []).append(
                    entry
                )
        return [Strategy(accounts[source], tuple(entries)) for (source, _), entries in found.items()]

    def unfinished(self) -> list[str]:
        """What keeps the appendix interim, in sentences."""
        said = []
        if not runs.finished_runs(self.review):
            said.append("no search has been completed and nothing imported")
        said += [
            f"search of strategy {one.strategy} in {one.database}: {one.left} of {one.of} sub-queries not completed"
            for one in runs.unfinished_searches(self.review)
        ]
        return said + progress.unfinished(self.review)


def search_of(entry: receipts.Entry) -> SearchRow:
    """The search of an entry that is no import."""
    assert entry.search is not None  # noqa: S101 (for mypy: only searches come here)
    return entry.search


def shown(entries: Iterable[receipts.Entry]) -> str:
    """What a part was taken from, by the numbers that `iimscreen search show` knows."""
    return ", ".join(f"{'import' if entry.search is None else 'search'} {entry.number}" for entry in entries)


def moment(at: str) -> str:
    """A time of the log as people read it: "2026-11-23 07:08:31 UTC"."""
    return f"{at[:10]} {at[11:19]} UTC"


def ended(entry: receipts.Entry) -> list[str]:
    """When each finished sub-query of a search was complete, in UTC."""
    return [run.result.finished_at for run in entry.runs if run.result is not None]


def is_complete(entry: receipts.Entry) -> bool:
    """Whether every sub-query of a search has its result."""
    return all(run.result is not None for run in entry.runs)


def state(entry: receipts.Entry) -> str:
    """How far a search came: complete, or what is left, and whether it was given up."""
    if is_complete(entry):
        return "complete"
    left = sum(run.result is None for run in entry.runs)
    words = f"{left} of {len(entry.runs)} sub-queries not completed"
    return f"given up, {words}" if search_of(entry).is_abandoned else words


def is_corpus(source: str) -> bool:
    """Whether a source is a file of records and no database."""
    return source == "corpus" or source.startswith("corpus-")


def span(entry: receipts.Entry) -> str:
    """The day or days on which a search was really run."""
    days = sorted({search_of(entry).at[:10], *(at[:10] for at in ended(entry))})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
