"""Extracted data read once, as far as it is open: who extracted each study, and what their values come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iimscreen import review_forms
from iimscreen.errors import ProtocolError
from iimscreen.extracting import REVIEW
from iimscreen.forms import DATA
from iimscreen.forms.consensus import CHECKED, DOUBLE, SINGLE, Cells, Consensus, Side, build
from iimscreen.model import Cell
from iimscreen.store import Review, extraction_resolutions, extractions, studies
from iimscreen.store.extraction_gate import ExtractionGate
from iimscreen.store.extractions import Word


@dataclass(frozen=True, slots=True)
class People:
    """Who extracted a study that is open, as the log tells it, not the plan."""

    manner: str  # double, checked or single
    names: tuple[str, ...]  # one or two: of a check, who extracted and then who checked
    aside: tuple[str, ...] = ()  # more people, as copies that were merged may bring: theirs are not compared
    again: tuple[str, ...] = ()  # have taken it up again
    begun: tuple[str, ...] = ()  # have entered values of it and are not done
    earlier: tuple[
        str, ...
    ] = ()  # checked it before its extractor was last done with it: no check of what stands


class Reading:
    """The data of one form, read once: make a new one after writing."""

    def __init__(self, review: Review, form: str = DATA, *, study: str | None = None) -> None:
        self.review = review
        self.form = review_forms.in_force(review, form)
        self.mode = review_forms.mode(review, form)
        self.gate = ExtractionGate(review, form, self.mode)
        self.known = studies.standing(review)
        self._words = _by_study(self.gate.words(study=study))
        self._only = study
        self._blind: dict[str, dict[str, list[Word]]] | None = None
        self._people: dict[str, People | None] = {}
        self._made: dict[str, Consensus | None] = {}
        self._pairings = extraction_resolutions.pairings(review, form, study=study)
        self._resolutions = extraction_resolutions.resolutions(review, form, study=study)

    def studies(self) -> list[str]:
        """Names of all that the form is filled in for: every standing study, or the review itself."""
        return [REVIEW] if self.form.subject == "review" else list(self.known)

    def words(self, study: str) -> dict[str, list[Word]]:
        """Person → what they say of a study; nothing while it is closed."""
        return self._words.get(study, {})

    def blind_words(self, study: str) -> dict[str, list[Word]]:
        """Person → what they said last before they could see another's; nothing while it is closed."""
        if self._blind is None:
            self._blind = _by_study(self.gate.blind_words(study=self._only))
        return self._blind.get(study, {})

    def people(self, study: str) -> People | None:
        """Who extracted a study; None while it is closed, or where nobody was ever done."""
        if study not in self._people:
            self._people[study] = self._who(study)
        return self._people[study]

    def _who(self, study: str) -> People | None:
        if not self.gate.is_open(study):
            return None
        done = self.gate.done(study)
        again = [one.by for one in self.gate.reopened(study)]
        everyone = sorted({*(one.by for one in done), *again})
        if not everyone:
            return None
        # Only of who takes a study up again is it not clear whether they extracted it or checked it.
        blind = self.blind_words(study) if again else {}
        signed = {one.by for one in done if one.state == extractions.CHECKED}
        checkers = [n for n in everyone if n in signed or (n in again and n not in blind)]
        # A third whom a merged copy brings takes nobody's place of whose values something was settled.
        settled = {n for word in self._resolutions.get(study, ()) for n in word.rows}
        extractors = [n for n in everyone if n not in checkers]
        two = sorted(sorted(extractors, key=lambda n: n not in settled)[:2])
        order = [*(one.by for one in done), *again]
        earlier = [n for n in checkers if extractors and order.index(n) < order.index(extractors[0])]
        checkers = [n for n in checkers if n not in earlier]
        if len(extractors) > 1:
            manner, names = DOUBLE, two
        elif extractors and checkers:
            manner, names = CHECKED, [*extractors, checkers[0]]
        else:
            manner, names = SINGLE, everyone[:1]
        begun = [n for n in self.words(study) if n not in everyone]
        return People(
            manner,
            tuple(names),
            tuple(n for n in everyone if n not in names and n not in earlier),
            tuple(again),
            tuple(sorted(begun)),
            tuple(earlier),
        )

    def is_independent(self, study: str) -> bool:
        """Whether both of two extractors entered a study before they could see the other's values."""
        people = self.people(study)
        return (
            people is not None
            and people.manner == DOUBLE
            and all(self.blind_words(study).get(name) for name in people.names)
            and not self.gate.saw_before_done(study) & set(people.names)
        )

    def consensus(self, study: str) -> Consensus | None:
        """What stands of a study; None while it is closed, or where nobody was ever done."""
        if study not in self._made:
            self._made[study] = self._build(study)
        return self._made[study]

    def _build(self, study: str) -> Consensus | None:
        people = self.people(study)
        if people is None:
            return None
        words = self.words(study)
        return build(
            self.form,
            people.manner,
            [Side(name, cells_of(words.get(name, ()))) for name in people.names],
            pairings=[one.rows for one in self._pairings.get(study, ())],
            resolutions=self._resolutions.get(study, ()),
        )

    def required(self, study: str, what: str) -> Consensus:
        """What stands of a study. Raises ProtocolError, saying who is done, while it is closed."""
        self.gate.require_open(study, what)
        found = self.consensus(study)
        if found is None:
            raise ProtocolError(
                f"nobody is done with {study or 'it'}", hint="`iimscreen extract status` tells who has begun"
            )
        return found


def cells_of(words: Iterable[Word]) -> Cells:
    """(row, field) → cell."""
    found: dict[tuple[str, str], Cell] = {}
    for word in words:
        cell = word.cell
        if cell is not None:
            found[word.row, word.field] = cell
    return found


def _by_study(words: Iterable[Word]) -> dict[str, dict[str, list[Word]]]:
    found: dict[str, dict[str, list[Word]]] = {}
    for word in words:
        found.setdefault(word.study, {}).setdefault(word.by, []).append(word)
    return found
