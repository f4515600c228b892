"""The numbers of deduplication: duplicates.pairs_merged.by_rule, duplicates.pairs_open, ..."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iimscreen.duplicates import asking, progress
from iimscreen.model import Number
from iimscreen.numbers.moment import Moment
from iimscreen.store import curation, duplicates, records, reports
from iimscreen.store.duplicates import DISTINCT, DUPLICATE, LINKED, PairVerdict

_VERDICTS = "the last verdict on each pair of records"
BETWEEN = " ~ "  # the two keys of a pair


def numbers(moment: Moment) -> Iterator[Number]:
    """All numbers of deduplication, of the whole review and of all sources."""
    review = moment.review
    verdicts = duplicates.standing(review)
    kept = records.kept_keys(review)
    interim = "; ".join(progress.unfinished(review))
    yield _of_keys(
        "duplicates.records", tuple(kept), "Records beyond one for each report, of all sources.", interim
    )
    yield _of_keys(
        "duplicates.reports",
        tuple(key for key, _ in reports.in_order(review, kept)),
        "Reports that are left after deduplication, of all sources, one record kept for each.",
        interim,
        of="reports",
    )
    merged = [one for one in verdicts if one.verdict == DUPLICATE]
    yield _pairs("pairs_merged", merged, "Pairs of records judged to be one report.", interim)
    for name, words, is_persons in (("by_rule", "a rule", False), ("by_people", "people", True)):
        yield _pairs(
            f"pairs_merged.{name}",
            [one for one in merged if one.by_person is is_persons],
            f"Pairs of records judged to be one report by {words}.",
            interim,
        )
    yield _pairs(
        "pairs_apart",
        [one for one in verdicts if one.verdict == DISTINCT and one.by_person],
        "Pairs of records that people judged to be two reports.",
        interim,
    )
    yield _pairs(
        "pairs_linked",
        [one for one in duplicates.links(review) if one.verdict == LINKED],
        "Pairs of reports linked as of one study, such as a preprint and its article.",
        interim,
    )
    yield _pairs(
        "pairs_open",
        asking.waiting(verdicts, kept, curation.removed(review)),
        "Pairs of reports that wait for a person to decide whether they are one.",
        interim,
    )


def _of_keys(
    name: str, keys: tuple[str, ...], definition: str, interim: str, *, of: str = "records"
) -> Number:
    return Number(
        name=name,
        value=len(keys),
        definition=definition,
        of=of,
        rows=keys,
        interim=interim,
        derived="the verdicts on duplicates that stand, and the record kept for each report",
    )


def _pairs(name: str, verdicts: Iterable[PairVerdict], definition: str, interim: str) -> Number:
    found = list(verdicts)
    return Number(
        name=f"duplicates.{name}",
        value=len(found),
        definition=definition,
        of="pairs",
        rows=tuple(f"{one.key}{BETWEEN}{one.other_key}" for one in found),
        notes=tuple(_note(one) for one in found),
        interim=interim,
        derived=_VERDICTS,
    )


def _note(one: PairVerdict) -> str:
    score = "" if one.score is None else f", {one.score:g} of 100 points"
    return f"{one.decided_by.replace(':', ' ')}{score}"
