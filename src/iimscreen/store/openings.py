"""Rounds open by themselves: once all votes are in, that is logged with the records that it reveals.

So do studies, once all who are needed are done with their extraction.
"""

from __future__ import annotations

from iimscreen.forms import DATA
from iimscreen.model import Protocol, Stage
from iimscreen.protocol import of_version
from iimscreen.store import decisions, extractions, lacking, log, protocols, reviewers, rounds
from iimscreen.store.connection import Review
from iimscreen.store.extraction_gate import ExtractionGate
from iimscreen.store.gate import Gate
from iimscreen.store.rounds import PILOT


def note_openings(review: Review) -> None:
    """Log the opening of each round and each study that is complete and was not noted so. Before every write."""
    versions = protocols.versions(review)
    if not versions:
        return
    protocol = of_version(versions[-1].text, versions[-1].number)
    gate = Gate(review, protocol)
    opened = decisions.opened_rounds(review)
    people = sum(role == reviewers.REVIEWER for role in reviewers.standing(review).values())
    for stage in protocol.stages:
        if not decisions.is_begun(review, stage.name):
            continue
        for one in rounds.of_stage(review, stage.name):
            needed = max(stage.reviewers_needed, people) if one.kind == PILOT else stage.reviewers_needed
            if one.name not in opened and not lacking.round_waits(
                review, one, needed, others_too=protocol.screen_other_methods
            ):
                _note_opening(review, gate, stage.name, one.name)
        # Cheapest first: most writes are votes of a round that lacks many, or words on one that is open.
        since = max(decisions.last_opening(review, stage.name), _asked_at(review, stage.name))
        if lacking.changed_since(review, stage.name, since) and not _waits(review, protocol, stage):
            _note_opening(review, gate, stage.name, stage.name)
            review.asked_at[stage.name] = log.last_row(review)
    # Studies that a merged bundle completed: the word that completes one here notes it itself.
    for form in extractions.forms_done(review):
        mode = protocol.extraction if form == DATA else protocol.appraisal
        for study in ExtractionGate(review, form, mode).to_note():
            extractions.note_opening(review, study, form)


def _asked_at(review: Review, stage: str) -> int:
    """The log id up to which the gate was asked about a stage; 0 if rows have moved since, as by a merge."""
    log_id, uid = review.asked_at.get(stage, (0, ""))
    return log_id if log_id and log.uid_at(review, log_id) == uid else 0


def _waits(review: Review, protocol: Protocol, stage: Stage) -> bool:
    """Whether some report surely lacks votes. One that did when it was looked for last is asked for first."""
    known = review.known_to_wait.get(stage.name)
    needed, others_too = stage.reviewers_needed, protocol.screen_other_methods
    if known is None or not lacking.still_waits(review, stage.name, needed, known, others_too=others_too):
        known = lacking.waits(review, stage.name, needed, others_too=others_too)
    if known is None:
        review.known_to_wait.pop(stage.name, None)
    else:
        review.known_to_wait[stage.name] = known
    return known is not None


def _note_opening(review: Review, gate: Gate, stage: str, round_name: str) -> None:
    keys = gate.to_reveal(stage, round_name)
    if keys:
        decisions.note_opening(review, round_name, keys)
