"""How far pairs of reviewers agree in this review, on votes given before either could see the other's.

Every pair by itself: whoever voted, also if they take part no longer. Pilots are compared apart from the
rest of their stage, since people are meant to learn there. Kappas of several pairs are not pooled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from iimscreen.agreement import Agreement, McNemar, Missed, agreement, chapman, mcnemar
from iimscreen.errors import InputError
from iimscreen.model import Protocol, Verdict
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT, stage_named
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, reviewers, rounds
from iimscreen.store.gate import Gate
from iimscreen.store.rounds import PILOT, Round
from iimscreen.voting import State, Vote

STAGE = "stage"  # the kind of a part that is a whole stage, but for its pilots
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


@dataclass(frozen=True, slots=True)
class Agreements:
    """What was compared, and how many records were not, being blind."""

    pairs: tuple[PairAgreement, ...]
    closed: tuple[tuple[str, int], ...]  # (stage, records), where there are any


def agreements(review: Review, given: str = "", *, categories: int = 2) -> Agreements:
    """Agreement of every pair at the stage asked for, or at each of which something may be seen.

    On votes given before the other's could be seen. With two categories everything but exclude counts
    as include; with three, include and exclude stand for themselves and the rest is unsure. Raises
    ProtocolError if nothing may be seen, InputError for another number of categories.
    """
    _check(categories)
    with review.reading():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        stages = _stages(gate, protocol, given)
        pairs = tuple(
            pair for stage in stages for pair in _at_stage(review, gate, protocol, stage, categories)
        )
        closed = tuple((stage, count) for stage in stages if (count := gate.closed(stage)))
    return Agreements(pairs, closed)


def of_round(review: Review, name: str, *, categories: int = 2) -> Agreements:
    """Agreement of every pair in one pilot or batch, whether its votes count or not.

    Raises ProtocolError while it is blind, InputError if there is none of that name.
    """
    _check(categories)
    with review.reading():
        protocol = in_force(review)
        drawn = {one.name: one for stage in protocol.stages for one in rounds.of_stage(review, stage.name)}
        if name not in drawn:
            raise InputError(
                f"there is no round {name!r}", hint=f"its rounds: {', '.join(drawn) or 'none was drawn yet'}"
            )
        one = drawn[name]
        votes = _independent_in(Gate(review, protocol), one)
        part = Part(one.stage, one.name, one.kind, _by_reviewer(votes))
        names = _in_order(set(part.votes), reviewers.standing(review))
    codes = [reason.code for reason in protocol.reasons]
    return Agreements(
        tuple(compare(part, *pair, codes, categories=categories) for pair in combinations(names, 2)), ()
    )


def _check(categories: int) -> None:
    if categories not in CATEGORIES:
        raise InputError(
            f"--categories is {categories}, expected 2 or 3",
            hint="2 counts unsure as include, 3 keeps it apart",
        )


def _stages(gate: Gate, protocol: Protocol, given: str) -> list[str]:
    """The stage asked for, or all; of these, those of which something may be seen.

    That may be a pilot alone whose votes do not count. Raises ProtocolError if there is nothing.
    """
    names = [stage_named(protocol, given).name] if given else [stage.name for stage in protocol.stages]
    found = [name for name in names if gate.shows_any(name) or _spent(gate, name)]
    if not found:
        gate.require_open(names[0], "agreement")
    return found


def _spent(gate: Gate, stage: str) -> list[Round]:
    """Closed pilots whose votes do not count, and so are not among the votes of the stage."""
    return [one.round for one in gate.round_progress(stage) if one.is_closed and not one.round.counts]


def _independent_in(gate: Gate, one: Round) -> list[Vote]:
    return [vote for votes in gate.round_votes(one).values() for vote in votes if not vote.was_open]


def _at_stage(
    review: Review, gate: Gate, protocol: Protocol, stage: str, categories: int
) -> list[PairAgreement]:
    seen = gate.votes(stage) if gate.shows_any(stage) else {}
    independent = gate.independent_votes(stage) if seen else {}
    present = reviewers.standing(review)
    voters = _in_order({vote.names[0] for votes in seen.values() for vote in votes}, present)
    included, why_unknown = _included_in_the_end(gate) if stage == TITLE_ABSTRACT else (frozenset(), "")
    codes = [reason.code for reason in protocol.reasons]
    found = []
    for part in parts(stage, *_by_round(review, gate, stage, independent)):
        # In a round, who voted there; in the stage, also who voted too late to count.
        names = voters if part.kind == STAGE else _in_order(set(part.votes), present)
        for one, other in combinations(names, 2):
            missed = None
            if stage == TITLE_ABSTRACT and part.kind == STAGE:
                missed = (
                    MissedByBoth(None, None, why_unknown)
                    if why_unknown
                    else missed_by_both(included, independent, one, other)
                )
            found.append(compare(part, one, other, codes, categories=categories, missed=missed))
    return found


def _by_round(
    review: Review, gate: Gate, stage: str, independent: Mapping[str, Sequence[Vote]]
) -> tuple[list[Vote], list[tuple[Round, list[Vote]]]]:
    """Votes of a stage that were given in no round, and those of each of its rounds, oldest first."""
    drawn = rounds.of_stage(review, stage)
    rest: list[Vote] = []
    within: dict[str, list[Vote]] = {one.name: [] for one in drawn}
    for votes in independent.values():
        for vote in votes:
            within.get(vote.round or "", rest).append(vote)
    for one in _spent(gate, stage):
        within[one.name] = _independent_in(gate, one)
    return rest, [(one, within[one.name]) for one in drawn]


def _in_order(names: Collection[str], present: Iterable[str]) -> list[str]:
    """Names of those who take part, in order of arrival, and then of those who do no longer."""
    known = list(present)
    return [name for name in known if name in names] + sorted(set(names) - set(known))


# --- what is compared ------------------------------------------------------------------------------


def parts(stage: str, rest: Iterable[Vote], drawn: Sequence[tuple[Round, Sequence[Vote]]]) -> list[Part]:
    """The parts of a stage: all of it but its pilots, then each of its rounds, oldest first.

    `rest` are the votes given in no round, `drawn` the rounds with theirs. A stage of which nothing but
    pilots has votes is left out.
    """
    of_stage = [*rest, *(vote for one, votes in drawn if one.kind != PILOT for vote in votes)]
    pilots = tuple(one.name for one, votes in drawn if one.kind == PILOT and votes)
    found = [Part(stage, stage, STAGE, _by_reviewer(of_stage), pilots)] if of_stage or not pilots else []
    return found + [Part(stage, one.name, one.kind, _by_reviewer(votes)) for one, votes in drawn if votes]


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
    figures = _figures(both, categories)
    said = Counter((a.verdict, b.verdict) for a, b in both)
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
        sentence=_sentence(part, one, other, figures),
    )


def _figures(both: Sequence[tuple[Vote, Vote]], categories: int) -> Agreement:
    counts_as = _COUNTS_AS[categories]
    ratings = [(counts_as[a.verdict], counts_as[b.verdict]) for a, b in both]
    return agreement(ratings, CATEGORIES[categories])


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
            figures=_figures(later[begin:end], categories),
        )
        for begin, end in pairwise(ends)
    )


# --- what both may have missed ---------------------------------------------------------------------


def _included_in_the_end(gate: Gate) -> tuple[frozenset[str], str]:
    """Reports included at full text; and why that is not known yet, if it is not."""
    if not gate.is_open(FULL_TEXT):
        return frozenset(), f"stage {FULL_TEXT} is blind or unfinished"
    outcomes = gate.outcomes(FULL_TEXT)
    left = sum(found.state in (State.PENDING, State.CONFLICT) for found in outcomes.values())
    if left:
        return frozenset(), f"stage {FULL_TEXT} has {left:,} without an outcome"
    return frozenset(key for key, found in outcomes.items() if found.state is State.INCLUDE), ""


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


# --- in words --------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """A share with one decimal; never "100.0%" where something is missing to it."""
    return ">99.9%" if 0.9995 <= share < 1 else f"{100 * share:.1f}%"


def coefficient(value: float) -> str:
    """A coefficient with two decimals; never "1.00" where something is missing to it, nor "-0.00"."""
    return ">0.99" if 0.995 <= value < 1 else f"{value:.2f}".replace("-0.00", "0.00")


def interval(bounds: tuple[float, float]) -> str:
    """A 95 % interval in words, cut at -1 and 1."""
    low, high = (f"{min(1.0, max(-1.0, bound)):.2f}".replace("-0.00", "0.00") for bound in bounds)
    return f"95% CI {low} to {high}"


def counted_as(stage: str, categories: int) -> str:
    """How verdicts became categories, to be stated with every figure."""
    if stage == FULL_TEXT:
        if categories == 2:
            return "all but exclude counted as include"
        return "awaiting and ongoing counted as unsure"
    return "unsure counted as include" if categories == 2 else "unsure kept apart"


_STAGES = {TITLE_ABSTRACT: "title and abstract screening", FULL_TEXT: "full-text assessment"}


def _sentence(part: Part, one: str, other: str, figures: Agreement) -> str | None:
    """The figures as a sentence for the paper."""
    if figures.observed.value is None:
        return None
    stage = _STAGES[part.stage]
    where = {STAGE: f"At {stage}", PILOT: f"In a pilot of {stage} ({part.name})"}.get(
        part.kind, f"In {part.name} of {stage}"
    )
    if part.without:
        where += f" (apart from {' and '.join(part.without)})"
    agreed = sum(figures.table[i][i] for i in range(len(figures.categories)))
    noun = "report" if part.stage == FULL_TEXT else "record"
    judged = f"{figures.n:,} {noun}" if figures.n == 1 else f"{figures.n:,} {noun}s"
    kappa, ac1 = figures.kappa, figures.ac1
    if kappa.value is None:
        of_kappa = f"Cohen's kappa was not estimable, since {kappa.why_not},"
    else:
        of_kappa = f"Cohen's kappa was {coefficient(kappa.value)}" + _in_brackets(kappa.interval)
    of_ac1 = (
        "" if ac1.value is None else f" and Gwet's AC1 {coefficient(ac1.value)}" + _in_brackets(ac1.interval)
    )
    return (
        f"{where}, {one} and {other} judged {judged} independently and agreed on {agreed:,} "
        f"({percent(figures.observed.value)}; {counted_as(part.stage, len(figures.categories))}); "
        f"{of_kappa}{of_ac1}."
    )


def _in_brackets(bounds: tuple[float, float] | None) -> str:
    return f" ({interval(bounds)})" if bounds is not None else ""
