"""Two people's votes compared: figures, cross-tables, over time, and what both may have missed. Reads nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from iimscreen.agreement import Agreement, McNemar, Missed, agreement_in, chapman, mcnemar
from iimscreen.model import Verdict
from iimscreen.reliability.in_words import STAGE, sentence
from iimscreen.store.rounds import PILOT, Round
from iimscreen.voting import Vote

NO_REASON = "no reason given"
PORTIONS = 4
LEAST_TO_PART = 20  # records; below, quarters of under five records tell nothing

# What each verdict counts as, by the number of categories asked for. The first category is "positive".
CATEGORIES: dict[int, tuple[str, ...]] = {2: ("include", "exclude"), 3: ("include", "unsure", "exclude")}
_COUNTS_AS: dict[int, dict[Verdict, str]] = {
    2: dict.fromkeys(Verdict, "include") | {Verdict.EXCLUDE: "exclude"},
    3: dict.fromkeys(Verdict, "unsure") | {Verdict.INCLUDE: "include", Verdict.EXCLUDE: "exclude"},
}


@dataclass(frozen=True, slots=True)
class Part:
    """What is compared at once: a stage without its pilots, one pilot, or one batch; and its votes."""

    stage: str
    name: str  # of the round; or of the stage
    kind: str  # "stage", "pilot" or "batch"
    votes: Mapping[str, Mapping[str, Vote]]  # reviewer → record → their independent vote
    without: tuple[str, ...] = ()  # names of the pilots that are compared apart


@dataclass(frozen=True, slots=True)
class CrossTable:
    """Counts of what two reviewers said: rows the first one's words, columns the other's."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Portion:
    """A quarter of the records that both judged, in order of the later of the two votes."""

    first: int  # place of its first record in that order, from 1
    last: int
    until: str  # UTC, when the last of its records had both votes
    figures: Agreement


@dataclass(frozen=True, slots=True)
class MissedByBoth:
    """What a pair may have missed at title and abstract, told from the reports included in the end."""

    rated: int | None  # reports included in the end on which both voted; None while the end is not known
    found: Missed | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Agreement of one pair of reviewers in one part of the review."""

    stage: str
    round: str  # name of the pilot or batch; or of the stage, which is all of it but its pilots
    kind: str  # "stage", "pilot" or "batch"
    without: tuple[str, ...]  # names of the pilots left out of it
    reviewer: str
    other_reviewer: str
    figures: Agreement
    mcnemar: McNemar  # of include and exclude, all else as include; yes is include
    stricter: str | None  # who excluded more of what they differed on; None where neither did
    verdicts: CrossTable  # as they were given
    reasons: CrossTable  # where both excluded
    over_time: tuple[Portion, ...]  # empty below 20 records
    missed: MissedByBoth | None  # of a stage title-abstract only; never for the manuscript
    sentence: str | None  # for the paper; None where no record has both votes


def parts(stage: str, rest: Iterable[Vote], drawn: Sequence[tuple[Round, Sequence[Vote]]]) -> list[Part]:
    """The parts of a stage: all of it but its pilots, then each of its rounds, oldest first.

    `rest` are the votes given in no round, `drawn` the rounds with theirs. A stage of which nothing but
    pilots has votes is left out.
    """
    of_stage = [*rest, *(vote for one, votes in drawn if one.kind != PILOT for vote in votes)]
    pilots = tuple(one.name for one, votes in drawn if one.kind == PILOT and votes)
    found = [Part(stage, stage, STAGE, _by_reviewer(of_stage), pilots)] if of_stage or not pilots else []
    return found + [part_of_round(one, votes) for one, votes in drawn if votes]


def part_of_round(one: Round, votes: Iterable[Vote]) -> Part:
    """A pilot or batch by itself, with the votes given in it."""
    return Part(one.stage, one.name, one.kind, _by_reviewer(votes))


def _by_reviewer(votes: Iterable[Vote]) -> dict[str, dict[str, Vote]]:
    found: dict[str, dict[str, Vote]] = {}
    for vote in votes:
        found.setdefault(vote.names[0], {})[vote.key] = vote
    return found


def compare(
    part: Part,
    one: str,
    other: str,
    reasons: Sequence[str],
    *,
    categories: int = 2,
    missed: MissedByBoth | None = None,
) -> PairAgreement:
    """Agreement of two reviewers in one part; `reasons` are the protocol's codes, in its order."""
    # Record by record: votes on two records that were merged later were no votes on one text.
    theirs = part.votes.get(other, {})
    both = [(vote, theirs[key]) for key, vote in part.votes.get(one, {}).items() if key in theirs]
    said = _said(both)
    figures = _figures(said, categories)
    only_one = sum(n for (a, b), n in said.items() if a is not Verdict.EXCLUDE and b is Verdict.EXCLUDE)
    only_other = sum(n for (a, b), n in said.items() if a is Verdict.EXCLUDE and b is not Verdict.EXCLUDE)
    stricter = None if only_one == only_other else other if only_one > only_other else one
    return PairAgreement(
        stage=part.stage,
        round=part.name,
        kind=part.kind,
        without=part.without,
        reviewer=one,
        other_reviewer=other,
        figures=figures,
        mcnemar=mcnemar(only_one, only_other),
        stricter=stricter,
        verdicts=_verdicts(said),
        reasons=_reasons(both, reasons),
        over_time=_over_time(both, categories),
        missed=missed,
        sentence=sentence(part, one, other, figures),
    )


def _said(both: Iterable[tuple[Vote, Vote]]) -> Counter[tuple[Verdict, Verdict]]:
    return Counter((a.verdict, b.verdict) for a, b in both)


def _figures(said: Mapping[tuple[Verdict, Verdict], int], categories: int) -> Agreement:
    names, counts_as = CATEGORIES[categories], _COUNTS_AS[categories]
    table = [[0] * len(names) for _ in names]
    for (a, b), count in said.items():
        table[names.index(counts_as[a])][names.index(counts_as[b])] += count
    return agreement_in(table, names)


_ORDER = (Verdict.INCLUDE, Verdict.UNSURE, Verdict.AWAITING, Verdict.ONGOING, Verdict.EXCLUDE)


def _verdicts(said: Mapping[tuple[Verdict, Verdict], int]) -> CrossTable:
    given = {verdict for pair in said for verdict in pair} | {Verdict.INCLUDE, Verdict.EXCLUDE}
    labels = [verdict for verdict in _ORDER if verdict in given]
    names = tuple(verdict.value for verdict in labels)
    return CrossTable(names, names, tuple(tuple(said.get((a, b), 0) for b in labels) for a in labels))


def _reasons(both: Sequence[tuple[Vote, Vote]], codes: Sequence[str]) -> CrossTable:
    """Reasons of the one by reasons of the other where both excluded; in the protocol's order."""
    said = Counter(
        (a.reason or NO_REASON, b.reason or NO_REASON)
        for a, b in both
        if a.verdict is Verdict.EXCLUDE and b.verdict is Verdict.EXCLUDE
    )
    place = {code: number for number, code in enumerate(codes)}

    def ordered(given: Iterable[str]) -> tuple[str, ...]:
        # Codes that an earlier protocol had come after those of today; no reason comes last.
        return tuple(
            sorted(set(given), key=lambda code: (code == NO_REASON, place.get(code, len(place)), code))
        )

    rows, columns = ordered(a for a, _ in said), ordered(b for _, b in said)
    return CrossTable(rows, columns, tuple(tuple(said[a, b] for b in columns) for a in rows))


def same_reason(table: CrossTable) -> int:
    """How many records both excluded for the same reason; two without any do not count."""
    return sum(
        count
        for row, counts in zip(table.rows, table.counts, strict=True)
        for column, count in zip(table.columns, counts, strict=True)
        if row == column != NO_REASON
    )


def _over_time(both: Sequence[tuple[Vote, Vote]], categories: int) -> tuple[Portion, ...]:
    if len(both) < LEAST_TO_PART:
        return ()
    later = sorted(both, key=lambda pair: max(pair[0].log_id, pair[1].log_id))
    ends = [number * len(later) // PORTIONS for number in range(PORTIONS + 1)]
    return tuple(
        Portion(
            first=begin + 1,
            last=end,
            until=max(later[end - 1], key=lambda vote: vote.log_id).at,
            figures=_figures(_said(later[begin:end]), categories),
        )
        for begin, end in pairwise(ends)
    )


def missed_by_both(
    included: Collection[str], independent: Mapping[str, Sequence[Vote]], one: str, other: str
) -> MissedByBoth:
    """Chapman's estimate from the reports included in the end on which both voted at title and abstract.

    A reviewer found a report if they did not exclude it. `independent` is report → votes.
    """
    found = []
    for report in included:
        by_record: dict[str, dict[str, Vote]] = {}
        for vote in independent.get(report, ()):
            by_record.setdefault(vote.key, {})[vote.names[0]] = vote
        both = [said for said in by_record.values() if one in said and other in said]
        if both:
            found.append(
                tuple(
                    any(said[name].verdict is not Verdict.EXCLUDE for said in both) for name in (one, other)
                )
            )
    counts = chapman(sum(a for a, _ in found), sum(b for _, b in found), sum(a and b for a, b in found))
    return MissedByBoth(len(found), counts, "" if counts.total.value is not None else counts.total.why_not)
