"""What `check` looks at in extracted data: values, words of being done, and final words, each against the others."""

from __future__ import annotations

from collections.abc import Mapping

from iimscreen import review_forms
from iimscreen.extracting import REVIEW
from iimscreen.forms import ITSELF, OF
from iimscreen.model import Form
from iimscreen.store import Review, extraction_resolutions, extractions, studies
from iimscreen.store.extraction_gate import ExtractionGate


def verify(review: Review) -> tuple[list[str], list[str]]:
    """(faults, notes), in sentences that tell nothing of closed values."""
    faults: list[str] = []
    notes: list[str] = []
    named = studies.ever_named(review)
    for name in dict.fromkeys((*extractions.forms(review), *extractions.forms_done(review))):
        versions = review_forms.versions(review, name)
        known = named | ({REVIEW} if any(form.subject == "review" for form in versions) else set())
        gate = ExtractionGate(review, name, review_forms.mode(review, name))
        faults += gate.unknown(known, {place for form in versions for place in _fields(form)})
        faults += _final_words(review, gate, name)
        notes += _done_without_values(gate, sorted(known))
    return faults, notes


def _fields(form: Form) -> set[tuple[str, str]]:
    """(letter of the level, name) of each field, with that for the row above."""
    letters = {level.name: level.letter for level in form.levels}
    above = {(level.letter, OF) for level in form.levels if level.of not in ("", ITSELF)}
    return {(letters[field.level], field.name) for field in form.fields} | above


def _final_words(review: Review, gate: ExtractionGate, form: str) -> list[str]:
    """Final words and pairs of rows that name what is not there."""
    said: list[tuple[str, Mapping[str, str], str]] = [
        (study, word.rows, f"a final word on {word.field or 'a row'}")
        for study, words in extraction_resolutions.resolutions(review, form).items()
        for word in words
    ]
    said += [
        (study, word.rows, "a pair of rows")
        for study, words in extraction_resolutions.pairings(review, form).items()
        for word in words
    ]
    found = []
    rows: dict[str, dict[str, set[str]]] = {}
    for study, named, what in said:
        if not gate.is_open(study):
            found.append(f"{what} of {study} stands although its values are closed to view")
            continue
        if study not in rows:
            rows[study] = gate.rows_ever(study)
        # A checker need not have a value of their own in a row.
        everyone = set().union(*rows[study].values()) if rows[study] else set()
        found += [
            f"{what} of {study} names row {row} of {name}, which there never was"
            for name, row in named.items()
            if row and row not in everyone
        ]
    return found


def _done_without_values(gate: ExtractionGate, known: list[str]) -> list[str]:
    return [
        f"{one.by} is done with {study or 'the review'} and entered nothing"
        for study in known
        if gate.is_open(study)
        for one in gate.done(study)
        if one.state == extractions.DONE and one.by not in gate.rows_ever(study)
    ]
