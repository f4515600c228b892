"""What a decision on duplicates would do to decisions already taken: rehearsed, told, and taken back.

What open votes say is not told, nor anything that follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from iimscreen import review_flow
from iimscreen.duplicates import by_hand
from iimscreen.duplicates.by_hand import Pairs
from iimscreen.flow import Flow
from iimscreen.model import Protocol
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, decisions, duplicates, retrievals, versions
from iimscreen.store.gate import Gate
from iimscreen.voting import Outcome, State, Vote
from iimscreen.wording import counted

_BOXES = {
    "database_results": "records identified from databases",
    "register_results": "records identified from registers",
    "citations_results": "records identified by citation searching",
    "duplicates": "duplicate records removed",
    "excluded_other": "records removed for other reasons",
    "records_screened": "records screened",
    "records_excluded": "records excluded",
    "dbr_sought_reports": "reports sought for retrieval (databases and registers)",
    "dbr_notretrieved_reports": "reports not retrieved (databases and registers)",
    "dbr_assessed": "reports assessed for eligibility (databases and registers)",
    "dbr_excluded": "reports excluded (databases and registers)",
    "other_sought_reports": "reports sought for retrieval (other methods)",
    "other_notretrieved_reports": "reports not retrieved (other methods)",
    "other_assessed": "reports assessed for eligibility (other methods)",
    "other_excluded": "reports excluded (other methods)",
    "new_reports": "reports of included studies",
    "total_reports": "reports of all included studies",
}


@dataclass(frozen=True, slots=True)
class Consequences:
    """What would come of a decision, in sentences."""

    kept: tuple[str, ...]  # which record each report keeps, where that changes
    decisions: tuple[str, ...]  # what it touches that people have decided; none: nobody need be asked


@dataclass(frozen=True, slots=True)
class _Touched:
    """The reports that a decision would change, each with its records, before and after."""

    before: Mapping[str, tuple[str, ...]]
    after: Mapping[str, tuple[str, ...]]

    @property
    def records(self) -> frozenset[str]:
        return frozenset(key for members in self.before.values() for key in members)


@dataclass(frozen=True, slots=True)
class _Moment:
    """What may be known of a review at one moment."""

    gate: Gate
    flow: Flow
    retrievals: Mapping[str, retrievals.Retrieval]
    complete: Mapping[str, bool]  # per stage
    waiting: Mapping[str, Mapping[str, int]]  # per stage: reviewer → records left


def foreseen(
    review: Review, pairs: Pairs, verdict: str, *, by: Sequence[str], viewer: str | None
) -> Consequences:
    """What would come of this verdict on these pairs, as far as `viewer` may know.

    Nothing is stored. Raises ProtocolError if the decision could not be taken.
    """
    return _foreseen(review, pairs, lambda: by_hand.decide(review, pairs, verdict, by=by), viewer)


def of_an_undo(review: Review, pair: tuple[str, str], *, by: str) -> Consequences:
    """What would come of it if a person took back their last verdict on a pair. Nothing is stored."""
    return _foreseen(review, [pair], lambda: by_hand.take_back(review, pair, by=by), by)


def _foreseen(
    review: Review, pairs: Pairs, act: Callable[[], Mapping[str, str]], viewer: str | None
) -> Consequences:
    around = duplicates.neighbourhood(review, {key for pair in pairs for key in pair})
    with review.rehearsing():
        kept = {**around.kept, **act()}
    touched = _touched(around.kept, kept)
    told = tuple(_kept_in_words(touched))
    closed = versions.closures(review)
    known = {key for closure in closed for key, _ in closure.reports}
    if not (decisions.was_ever_decided(review, touched.records) or touched.records & known):
        sought = {one for one in retrievals.standing(review) if one in touched.before}
        if not sought:
            return Consequences(told, ())
    protocol = in_force(review)
    with review.reading():
        before = _moment(review, protocol)
        given = {stage.name: _words(before, stage.name, touched, viewer) for stage in protocol.stages}
    with review.rehearsing():
        act()
        after = _moment(review, protocol)
        sentences = [
            *(
                line
                for stage in given
                for line in _stage_in_words(stage, given[stage], before, after, touched)
            ),
            *_retrievals_in_words(before, after, touched),
            *_versions_in_words(closed, touched),
        ]
        if sentences:
            sentences += [
                *_rounds_in_words(protocol, before, after),
                *_flow_in_words(before.flow, after.flow),
            ]
    return Consequences(told, tuple(sentences))


def _touched(before: Mapping[str, str], after: Mapping[str, str]) -> _Touched:
    changed = [key for key in before if before[key] != after[key]]
    old = {before[key] for key in changed} | {after[key] for key in changed if after[key] in before.values()}
    members = {key for key in before if before[key] in old}

    def grouped(kept: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for key in before:
            if key in members:
                found.setdefault(kept[key], []).append(key)
        return {report: tuple(keys) for report, keys in found.items()}

    return _Touched(grouped(before), grouped(after))


def _kept_in_words(touched: _Touched) -> Iterator[str]:
    for report, members in touched.after.items():
        if touched.before.get(report) == members:
            continue
        others = [key for key in members if key != report]
        if others:
            yield f"one report: {report} is kept, with {', '.join(others)}"
        else:
            yield f"a report of its own: {report}"


def _moment(review: Review, protocol: Protocol) -> _Moment:
    gate = Gate(review, protocol)
    made, _ = review_flow.flow_and_reports(review)
    complete, waiting = {}, {}
    for stage in protocol.stages:
        complete[stage.name] = gate.is_complete(stage.name)
        waiting[stage.name] = gate.progress(stage.name).waiting
    return _Moment(gate, made, retrievals.standing(review), complete, waiting)


# --- votes and outcomes ----------------------------------------------------------------------------

_Words = Mapping[str, tuple[list[Vote], int]]  # report → what may be seen of it, and how many other words


def _words(moment: _Moment, stage: str, touched: _Touched, viewer: str | None) -> _Words:
    return {report: moment.gate.words_on(stage, keys, viewer) for report, keys in touched.before.items()}


def _stage_in_words(
    stage: str, given: _Words, before: _Moment, after: _Moment, touched: _Touched
) -> Iterator[str]:
    for report, (shown, hidden) in given.items():
        said = [_word(word) for word in shown]
        if hidden:
            said.append(f"{counted(hidden, 'vote')} that may not be seen yet")
        if said:
            yield f"{stage}: {report} has {'; '.join(said)}"
    if not any(shown or hidden for shown, hidden in given.values()):
        return
    if any(hidden for _, hidden in given.values()):
        yield f"{stage}: these words stay, and count for the report of their record; what comes of them is blind yet"
        return
    was = _outcomes(before.gate, stage, touched.before)
    will_be = _outcomes(after.gate, stage, touched.after)
    if was != will_be:
        yield f"{stage}: now {_in_words(was)}; then {_in_words(will_be)}"
    for report, outcome in will_be.items():
        if outcome is not None and outcome.needs_someone and outcome != was.get(report):
            yield f"{stage}: {report} will be in conflict, and someone has to resolve it"


def _outcomes(gate: Gate, stage: str, reports: Mapping[str, object]) -> dict[str, Outcome | None]:
    return {report: gate.outcome_of(stage, report, seen=True) for report in reports}


def _in_words(outcomes: Mapping[str, Outcome | None]) -> str:
    return ", ".join(f"{report}: {_outcome(outcome)}" for report, outcome in outcomes.items())


def _outcome(outcome: Outcome | None) -> str:
    if outcome is None:
        return "not judged there"
    if outcome.state is State.PENDING:
        return "lacks votes"
    return f"{outcome.state} ({outcome.reason})" if outcome.reason else str(outcome.state)


def _word(word: Vote) -> str:
    reason = f" ({word.reason})" if word.reason else ""
    if word.manner == "vote":
        return f"{word.names[0]}'s vote: {word.verdict}{reason}"
    return f"a final word by {word.manner} of {', '.join(word.names)}: {word.verdict}{reason}"


# --- the rest --------------------------------------------------------------------------------------


def _retrievals_in_words(before: _Moment, after: _Moment, touched: _Touched) -> Iterator[str]:
    had = {report: before.retrievals[report] for report in touched.before if report in before.retrievals}
    for report, one in had.items():
        what = one.outcome.replace("_", " ")
        about = "".join(f", {text}" for text in (one.reason, one.file_name) if text)
        yield f"full text of {report}: {what}{about}"
    if had:
        for report in touched.after:
            one_then = after.retrievals.get(report)
            outcome = one_then.outcome.replace("_", " ") if one_then else "to be marked, if it is sought"
            yield f"full text of {report} then: {outcome}"


def _versions_in_words(closed: Sequence[versions.Closure], touched: _Touched) -> Iterator[str]:
    for closure in closed:
        held = [key for key, _ in closure.reports if key in touched.records]
        if held:
            yield (
                f"version {closure.number}, which is closed, includes {', '.join(held)}: its numbers stay as they "
                "were declared, and the flow of the next one takes the change up"
            )


def _rounds_in_words(protocol: Protocol, before: _Moment, after: _Moment) -> Iterator[str]:
    for stage in protocol.stages:
        if stage.name == FULL_TEXT and not before.gate.is_open(TITLE_ABSTRACT):
            return  # what is judged there would tell what open votes say
        name = stage.name
        if before.complete[name] and not after.complete[name]:
            yield f"stage {name} is complete now and will be open again"
        elif after.complete[name] and not before.complete[name]:
            yield f"stage {name} will be complete, and all its votes may be seen from then on"
        then = after.waiting[name]
        for reviewer, left in before.waiting[name].items():
            if then.get(reviewer, 0) != left:
                yield f"stage {name}: {reviewer} has {left:,} to judge now, {then.get(reviewer, 0):,} then"


def _flow_in_words(before: Flow, after: Flow) -> Iterator[str]:
    changes = []
    for box, label in _BOXES.items():
        was, will_be = before.boxes.get(box), after.boxes.get(box)
        if was is not None and was != will_be:
            changes.append(f"{label} {was:,} → {'not known yet' if will_be is None else f'{will_be:,}'}")
    yield "PRISMA: " + ("; ".join(changes) if changes else "no number changes")
