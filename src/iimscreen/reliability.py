"""How far pairs of reviewers agree in this review, on votes given before either could see the other's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from iimscreen.agreement import Agreement, agreement
from iimscreen.model import Verdict
from iimscreen.review_protocol import in_force, stages_to_see
from iimscreen.store import Review, reviewers
from iimscreen.store.gate import Gate


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Agreement of one pair of reviewers at one stage."""

    stage: str
    reviewer: str
    other_reviewer: str
    figures: Agreement


def agreements(review: Review, given: str = "") -> list[PairAgreement]:
    """Agreement of every pair at the stage asked for, or at each of which something may be seen.

    On votes given before the other's could be seen; all but exclude = include. Raises ProtocolError
    if nothing may be seen.
    """
    with review.reading():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        names = [n for n, role in reviewers.standing(review).items() if role == reviewers.REVIEWER]
        return [
            found
            for stage in stages_to_see(gate, protocol, given)
            for found in _agreements(gate, stage, names)
        ]


def _agreements(gate: Gate, stage: str, names: Sequence[str]) -> list[PairAgreement]:
    said = {
        (vote.key, vote.names[0]): "exclude" if vote.verdict is Verdict.EXCLUDE else "include"
        for votes in gate.independent_votes(stage).values()
        for vote in votes
    }
    found = []
    for one, other in combinations(names, 2):
        # Record by record: votes on two records that were merged later were no votes on one text.
        ratings = [
            (said[key, one], said[key, other]) for key, name in said if name == one and (key, other) in said
        ]
        found.append(PairAgreement(stage, one, other, agreement(ratings, ("include", "exclude"))))
    return found
