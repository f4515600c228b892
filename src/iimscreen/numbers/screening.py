"""The numbers of both stages of screening: screening.title-abstract.conflicts, screening.full-text.kappa, ...

Agreement is that of votes given before either could see the other's. Of a stage that is blind there is no
number but that it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from iimscreen import reliability, voting
from iimscreen.agreement import Agreement, Estimate
from iimscreen.model import Number, Protocol
from iimscreen.numbers.moment import Moment
from iimscreen.protocol import FULL_TEXT
from iimscreen.reliability.comparing import Part, compare
from iimscreen.reliability.in_words import STAGE, coefficient, counted_as, percent
from iimscreen.review_flow import closed
from iimscreen.review_protocol import in_force
from iimscreen.store.gate import Gate
from iimscreen.voting import State
from iimscreen.wording import counted, slugs

# Name → what it is; all of one stage, of what is revealed.
_COUNTS = {
    "judged": "{nouns} judged {at}: with an outcome or in conflict.",
    "votes": "Votes that stand {at}, of all reviewers.",
    "judged_by_two": "{nouns} with the votes of two or more reviewers {at}.",
    "disagreements": "{nouns} on which the votes {at} did not come to one outcome, resolved or not.",
    "conflicts": "{nouns} {at} that are still to be resolved.",
    "resolved": "{nouns} {at} that got a final word.",
    "resolved.consensus": "{nouns} {at} with a final word by consensus of all who voted.",
    "resolved.adjudication": "{nouns} {at} with a final word by an adjudicator.",
    "resolved.one_person": "{nouns} {at} with a final word by one person.",
}
_FIGURES = {
    "observed": ("Share of {nouns} on which {pair} agreed {at}", percent),
    "kappa": ("Cohen's kappa of {pair} {at}", coefficient),
    "pabak": ("Prevalence- and bias-adjusted kappa of {pair} {at}", coefficient),
    "ac1": ("Gwet's AC1 of {pair} {at}", coefficient),
}
_INTERVALS = ("kappa", "ac1")
_AT = {True: "at full-text assessment", False: "at title and abstract screening"}


def numbers(moment: Moment) -> Iterator[Number]:
    """All numbers of screening, stage by stage."""
    gate = moment.gate
    protocol = in_force(moment.review)
    codes = [reason.code for reason in protocol.reasons]
    shut = "" if all(gate.is_open(stage.name) for stage in protocol.stages) else closed(gate)
    for stage in (one.name for one in protocol.stages):
        parts = reliability.parts_of(moment.review, gate, stage)
        if gate.is_open(stage):
            yield from _counts(gate, protocol, stage)
        else:  # of its pilots and batches that are done something may be told
            yield from _blind(stage, shut)
            parts = [part for part in parts if part.kind != STAGE]
        yield from _of_parts(parts, stage, codes)


def _words(stage: str, **more: str) -> dict[str, str]:
    is_full_text = stage == FULL_TEXT
    return {"nouns": "Reports" if is_full_text else "Records", "at": _AT[is_full_text], **more}


def _blind(stage: str, why: str) -> Iterator[Number]:
    words = _words(stage, pair="two reviewers")
    for name, said in _COUNTS.items():
        definition = said.format_map(words)
        yield Number(
            name=f"screening.{stage}.{name}",
            value=None,
            definition=definition,
            of="records",
            why_not=why,
            is_closed=True,
        )
    for name, (said, _) in _FIGURES.items():
        definition = f"{said.format_map(words)}."
        yield Number(
            name=f"screening.{stage}.{name}",
            value=None,
            definition=definition,
            of="",
            why_not=why,
            is_closed=True,
        )


def _counts(gate: Gate, protocol: Protocol, stage: str) -> Iterator[Number]:
    of = "reports" if stage == FULL_TEXT else "records"
    pool = gate.pool(stage)
    outcomes = gate.outcomes(stage) if pool else {}
    votes = {key: said for key, said in gate.votes(stage).items() if key in pool} if pool else {}
    finals = gate.finals(stage) if pool else {}
    open_ones = [key for key, one in outcomes.items() if one.needs_someone]
    pending = sum(one.state is State.PENDING for one in outcomes.values())
    interim = f"{counted(len(open_ones), 'conflict')} to resolve" if open_ones else ""
    if pending:
        interim = "; ".join(filter(None, (f"votes missing on {counted(pending, of[:-1])}", interim)))
    rules = next(one for one in protocol.stages if one.name == stage)
    # A final word may also correct votes that agreed, or stand where nobody voted: those did not differ.
    differing = [
        key
        for key, one in outcomes.items()
        if (
            voting.outcome(votes.get(key, ()), None, rules, protocol.reasons) if key in finals else one
        ).needs_someone
    ]
    manners = {key: word.manner.replace(" ", "_") for key, word in finals.items()}
    rows: dict[str, Sequence[str]] = {
        "judged": [key for key, one in outcomes.items() if one.state is not State.PENDING],
        "votes": [f"{vote.names[0]} {vote.key}" for said in votes.values() for vote in said],
        "judged_by_two": [key for key, said in votes.items() if len({vote.names[0] for vote in said}) > 1],
        "disagreements": differing,
        "conflicts": open_ones,
        "resolved": list(finals),
    }
    for name, said in _COUNTS.items():
        base, _, manner = name.partition(".")
        found = tuple(key for key in rows[base] if not manner or manners[key] == manner)
        yield Number(
            name=f"screening.{stage}.{name}",
            value=len(found),
            definition=said.format_map(_words(stage)),
            of="votes" if name == "votes" else of,
            rows=found,
            notes=tuple(" and ".join(finals[key].names) for key in found) if base == "resolved" else (),
            interim=interim,
            derived="votes that stand, and final words on conflicts, as far as the stage is open",
        )


def _of_parts(parts: Sequence[Part], stage: str, codes: Sequence[str]) -> Iterator[Number]:
    """Agreement of every pair in the stage, and in each of its pilots and batches."""
    for part in parts:
        pairs = list(combinations(part.votes, 2))
        where = f"screening.{stage}" + ("" if part.kind == STAGE else f".{slugs([part.name])[part.name]}")
        at = _AT[stage == FULL_TEXT] + ("" if part.kind == STAGE else f", in {part.name}")
        if part.without:
            at += f" (apart from {' and '.join(part.without)})"
        named = slugs(f"{one} {other}" for one, other in pairs)
        for one, other in pairs:
            figures = compare(part, one, other, codes).figures
            theirs = part.votes[other]
            rows = tuple(key for key in part.votes[one] if key in theirs)
            notes = tuple(f"{part.votes[one][key].verdict} / {theirs[key].verdict}" for key in rows)
            words = _words(stage, pair=f"{one} and {other}", at=at)
            found = list(_figures(figures, words, stage, rows, notes))
            yield from _under(f"{where}.{named[f'{one} {other}']}", found)
            if len(pairs) == 1:
                yield from _under(where, found)
        if len(pairs) != 1:
            why = (
                f"{len(pairs)} pairs of reviewers voted, each with numbers of its own" if pairs else _NO_PAIR
            )
            words = _words(stage, pair="two reviewers", at=at)
            for name, (said, _) in _FIGURES.items():
                definition = f"{said.format_map(words)}."
                yield Number(name=f"{where}.{name}", value=None, definition=definition, of="", why_not=why)


_NO_PAIR = "no two reviewers voted before either could see the other's votes"


def _under(where: str, found: Sequence[Number]) -> Iterator[Number]:
    for one in found:
        yield replace(one, name=f"{where}.{one.name}")


def _figures(
    figures: Agreement, words: dict[str, str], stage: str, rows: tuple[str, ...], notes: tuple[str, ...]
) -> Iterator[Number]:
    of = "reports" if stage == FULL_TEXT else "records"
    how = counted_as(stage, len(figures.categories))
    yield Number(
        name="independent",
        value=figures.n,
        definition=f"{words['nouns']} that {words['pair']} judged independently {words['at']}.",
        of=of,
        rows=rows,
        notes=notes,
        derived=_DERIVED,
    )
    agreed = [place for place, note in enumerate(notes) if _is_same(note)]
    yield Number(
        name="agreed",
        value=len(agreed),
        definition=f"{words['nouns']} on which {words['pair']} agreed {words['at']}; {how}.",
        of=of,
        rows=tuple(rows[place] for place in agreed),
        notes=tuple(notes[place] for place in agreed),
        derived=_DERIVED,
    )
    for name, (said, as_words) in _FIGURES.items():
        estimate: Estimate = getattr(figures, name)
        definition = f"{said.format_map(words | {'nouns': words['nouns'].lower()})}; {how}"
        yield Number(
            name=name,
            value=estimate.value,
            definition=f"{definition}.",
            of="",
            rows=rows,
            notes=notes,
            words="" if estimate.value is None else as_words(estimate.value),
            why_not="" if estimate.value is not None else f"not estimable: {estimate.why_not}",
            derived=_DERIVED,
        )
        for place, end in enumerate(("low", "high")) if name in _INTERVALS else ():
            bound = None if estimate.interval is None else min(1.0, max(-1.0, estimate.interval[place]))
            yield Number(
                name=f"{name}_{end}",
                value=bound,
                definition=f"{'Lower' if end == 'low' else 'Upper'} end of the 95% interval: {definition}.",
                of="",
                rows=rows,
                notes=notes,
                words="" if bound is None else f"{bound:.2f}".replace("-0.00", "0.00"),
                why_not="" if bound is not None else f"not estimable: {estimate.why_not}",
                derived=_DERIVED,
            )


_DERIVED = "votes given before either could see the other's on that record, record by record"


def _is_same(note: str) -> bool:
    """Whether two verdicts count as the same, everything but exclude as include."""
    one, _, other = note.partition(" / ")
    return (one == "exclude") == (other == "exclude")
