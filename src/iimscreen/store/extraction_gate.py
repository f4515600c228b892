"""The gate to extracted values: when one extractor may see what the other has entered.

The values of a study are revealed once everyone whom the mode needs is done with it: two extractors where
the protocol wants double extraction, one where another checks or one alone extracts. Until then nothing that
leaves this module tells one of the other's, be it a value, a row, or their number. Who is done with what
is free. What was revealed once stays so, although someone takes it up again.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import cached_property

from iimscreen.errors import ProtocolError
from iimscreen.forms import NEEDED
from iimscreen.store import extractions
from iimscreen.store.connection import Review
from iimscreen.store.extractions import CHECKED, DONE, REOPENED, Done, Word


class ExtractionGate:
    """What may be seen of one form's values, read once: make a new one after writing.

    Everything whose name begins with an underscore is behind the gate.
    """

    def __init__(self, review: Review, form: str, mode: str) -> None:
        self.form = form
        self.mode = mode
        self._review = review
        self._dones: dict[str, list[Done]] = {}
        for one in extractions.dones(review, form).values():
            self._dones.setdefault(one.study, []).append(one)
        self._opened = extractions.openings(review, form)
        self._of_study: dict[str, list[Word]] = {}
        self._saw: dict[str, set[str]] | None = None

    @cached_property
    def _extractors(self) -> dict[str, set[str]]:
        return extractions.extractors(self._review, self.form)

    @cached_property
    def _last_ids(self) -> dict[tuple[str, str], int]:
        return extractions.last_ids(self._review, self.form)

    def to_note(self) -> list[str]:
        """Studies that are complete, and whose opening is not noted yet."""
        return [study for study in self._dones if self.opens_now(study)]

    def done(self, study: str) -> list[Done]:
        """Who is done with a study, in order of time."""
        return [one for one in self._dones.get(study, ()) if one.state in (DONE, CHECKED)]

    def reopened(self, study: str) -> list[Done]:
        """Who was done with a study and has taken it up again, in order of time."""
        return [one for one in self._dones.get(study, ()) if one.state == REOPENED]

    def is_open(self, study: str) -> bool:
        """Whether the values of a study are revealed."""
        return study in self._opened or len(self.done(study)) >= NEEDED[self.mode]

    def opens_now(self, study: str) -> bool:
        """Whether a study is complete, and its opening is not noted yet."""
        return study not in self._opened and self.is_open(study)

    def require_open(self, study: str, what: str) -> None:
        """Raise ProtocolError, saying who is done, if the values of a study are not to be seen yet."""
        if not self.is_open(study):
            done = ", ".join(one.by for one in self.done(study)) or "nobody"
            raise ProtocolError(
                f"{what} of {study} is closed to view until {NEEDED[self.mode]} extractors are done with it "
                f"(done: {done})",
                hint=f"`iimscreen extract done {study!r} --reviewer NAME` when it is complete",
            )

    def words(self, viewer: str | None = None, *, study: str | None = None) -> list[Word]:
        """The standing words that this viewer may see: their own, and all of studies that are open."""
        return [
            word
            for word in extractions.standing(self._review, self.form, study=study)
            if word.by == viewer or self.is_open(word.study)
        ]

    def blind_words(self, *, study: str | None = None) -> list[Word]:
        """What everyone said last of a study that is open before they could see another's values of it."""
        return [
            word
            for word in extractions.blind(self._review, self.form, study=study)
            if self.is_open(word.study)
        ]

    def extractors(self, study: str) -> list[str]:
        """Who has entered a study that is open, in order of their being done; only then, of all."""
        self.require_open(study, "who extracted")
        found = [one.by for one in self.done(study)]
        found += [word.by for word in extractions.standing(self._review, self.form, study=study)]
        return list(dict.fromkeys(found))

    def others_than(self, study: str, by: str) -> int:
        """How many others have begun a study: for the check that no third one begins, which names nobody.

        Who has emptied all that they entered has not begun.
        """
        begun = {word.by for word in self._standing(study)} | {one.by for one in self.done(study)}
        return len(begun - {by})

    def has_begun(self, study: str, by: str) -> bool:
        """Whether someone has entered a value of a study before they could see another's."""
        return any(word.by == by and not word.was_open for word in self._standing(study))

    def _standing(self, study: str) -> list[Word]:
        if study not in self._of_study:
            self._of_study[study] = extractions.standing(self._review, self.form, study=study)
        return self._of_study[study]

    def changed_after_done(self, study: str) -> list[str]:
        """Who has other values of a study that is open than when they said they were done: by a second machine."""
        if not self.is_open(study):
            return []
        found = []
        for one in self.done(study):
            if self._last_ids.get((study, one.by), 0) < one.log_id:
                continue
            then, now = (
                {
                    place: word.value
                    for place, word in extractions.own(
                        self._review, self.form, one.by, studies=[study], before=before
                    ).items()
                }
                for before in (one.log_id, None)
            )
            if then != now:
                found.append(one.by)
        return found

    def saw_before_done(self, study: str) -> set[str]:
        """Who entered a value of a study that is open while they could see another's, not done with it until then."""
        if not self.is_open(study):
            return set()
        if self._saw is None:
            self._saw = extractions.saw_before_done(self._review, self.form)
        return self._saw.get(study, set())

    def any_closed(self) -> bool:
        """Whether anything was entered that is not revealed."""
        return any(not self.is_open(study) for study in self._extractors)

    def would_open(self, mode: str) -> list[str]:
        """Studies that someone is still entering and that would be revealed if the form had this mode."""
        return [
            study
            for study, names in self._extractors.items()
            if not self.is_open(study)
            and len(done := self.done(study)) >= NEEDED[mode]
            and names - {one.by for one in done}
        ]

    def hidden_log_ids(self, viewer: str | None) -> set[int]:
        """Log ids of words that this viewer may not see now; of nobody in particular: all closed ones."""
        return {
            word.log_id
            for word in extractions.history(self._review, self.form)
            if word.by != viewer and not self.is_open(word.study)
        }

    def rows_ever(self, study: str) -> dict[str, set[str]]:
        """Person → rows of a study that ever held a value of theirs. Raises ProtocolError while it is closed."""
        self.require_open(study, "which rows there are")
        found: dict[str, set[str]] = {}
        for word in extractions.history(self._review, self.form, study=study):
            found.setdefault(word.by, set()).add(word.row)
        return found

    def unknown(self, known: Set[str], fields: Set[tuple[str, str]]) -> list[str]:
        """Values of studies or fields that there are not, in sentences; of closed studies without saying which.

        `fields`: (letter of the level, name) of every field that any version of the form had.
        """
        found = []
        for word in extractions.history(self._review, self.form):
            if word.study in known and (word.row[:1], word.field) in fields:
                continue
            if self.is_open(word.study) or word.study not in known:
                place = " ".join(filter(None, (word.row, word.field)))
                found.append(
                    f"{word.by} gave a value to {place} of {word.study or 'the review'}, which the form "
                    f"{self.form} never had"
                )
            else:
                found.append(
                    f"a value of a study that is closed stands where the form {self.form} has no field"
                )
        return list(dict.fromkeys(found))


def note_openings(review: Review, form: str, mode: str, studies: Sequence[str]) -> None:
    """Log the opening of each of these studies that has become complete. Inside `writing()`, after a done."""
    gate = ExtractionGate(review, form, mode)
    for study in dict.fromkeys(studies):
        if gate.opens_now(study):
            extractions.note_opening(review, study, form)
