"""How far data extraction is: who is done with what, what is left to settle, and how it was done, for the methods."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass

from iimscreen.consensus.reading import Reading
from iimscreen.errors import InputError
from iimscreen.extracting import Seat
from iimscreen.forms import DATA, NEEDED
from iimscreen.forms.consensus import CHECKED, DOUBLE, SINGLE
from iimscreen.store import Review, reviewers
from iimscreen.wording import counted


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """One study, as far as anyone may know."""

    study: str
    title: str
    done: tuple[str, ...]  # who is done with it, in order of time
    again: tuple[str, ...]  # who was, and has taken it up again
    needed: int  # how many more must be done with it
    manner: str | None  # double, checked or single, by the log; None while it is closed
    conflicts: int | None  # cells and rows to resolve; None while it is closed
    to_check: bool  # the protocol wants a check, and nobody has signed one


@dataclass(frozen=True, slots=True)
class Progress:
    """The data extraction of a review."""

    form: str
    mode: str
    studies: tuple[StudyProgress, ...]
    sentence: str  # for the methods
    next_command: str


def progress(review: Review, form: str = DATA) -> Progress:
    """How far it is. Raises ProtocolError if the protocol has no form."""
    with review.reading():
        reading = Reading(review, form)
        found = tuple(_study(reading, name) for name in reading.studies())
        names = [n for n, role in reviewers.standing(review).items() if role == reviewers.REVIEWER]
        adjudicators = [n for n, role in reviewers.standing(review).items() if role == reviewers.ADJUDICATOR]
        return Progress(
            form,
            reading.mode,
            found,
            _sentence(reading, found),
            _next(reading, found, names, adjudicators),
        )


def _study(reading: Reading, name: str) -> StudyProgress:
    done = tuple(one.by for one in reading.gate.done(name))
    consensus = reading.consensus(name)
    known = reading.known.get(name)
    return StudyProgress(
        study=name,
        title=known.title if known is not None else reading.form.title,
        done=done,
        again=tuple(one.by for one in reading.gate.reopened(name)),
        needed=max(NEEDED[reading.mode] - len(done), 0),
        manner=consensus.manner if consensus is not None else None,
        conflicts=len(consensus.conflicts) + len(consensus.alone) if consensus is not None else None,
        to_check=reading.mode == CHECKED and consensus is not None and consensus.manner == SINGLE,
    )


def _sentence(reading: Reading, found: tuple[StudyProgress, ...]) -> str:
    """How the studies that are done were extracted, by the log and not by the plan."""
    manners: Counter[str] = Counter()
    for one in found:
        if one.manner == DOUBLE and not reading.is_independent(one.study):
            manners["seen"] += 1
        elif one.manner is not None:
            manners[one.manner] += 1
    if not manners:
        return "No study is extracted yet."
    parts = [
        words
        for manner, words in (
            (DOUBLE, f"by two extractors independently ({_studies(manners[DOUBLE])})"),
            (CHECKED, f"by one extractor and checked by another ({_studies(manners[CHECKED])})"),
            (
                "seen",
                f"by two, of whom the second could see the first's values ({_studies(manners['seen'])})",
            ),
            (SINGLE, f"by one extractor alone ({_studies(manners[SINGLE])})"),
        )
        if manners[manner]
    ]
    joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    left = len(found) - manners.total()
    return f"Data were extracted {joined}" + (f"; {_studies(left)} not done yet." if left else ".")


def _studies(count: int) -> str:
    return counted(count, "study", "studies")


def _next(
    reading: Reading, found: tuple[StudyProgress, ...], names: list[str], adjudicators: list[str]
) -> str:
    form = "" if reading.form.name == DATA else f" --form {reading.form.name}"
    for one in found:
        if one.conflicts:
            people = reading.people(one.study)
            deciders = adjudicators[:1] or list(people.names if people is not None else ())
            by = " ".join(f"--by {shlex.quote(name)}" for name in deciders)
            return f"iimscreen extract resolve {shlex.quote(one.study)} {by}{form}"
    for one in found:
        if one.to_check:
            signed = reading.people(one.study)
            earlier = [name for name in (signed.earlier if signed is not None else ()) if name in names]
            others = [name for name in names if name not in one.done]
            checker = next(iter([*earlier, *others]), "OTHER_NAME")
            return f"iimscreen extract sheet --study {shlex.quote(one.study)} --reviewer {shlex.quote(checker)}{form}"
    for one in found:
        if one.needed or one.again:
            who = next(
                (n for n in (*one.again, *names) if n not in one.done), "NAME" if not names else "OTHER_NAME"
            )
            return f"iimscreen extract sheet --reviewer {shlex.quote(who)}{form}"
    if form:
        return "iimscreen appraise list"
    return "iimscreen extract audit" if found else "iimscreen study list"


@dataclass(frozen=True, slots=True)
class Left:
    """One study that is left for one person."""

    study: str
    given: int  # values of their own
    missing: tuple[str, ...]  # what keeps them from being done, in sentences


def left_for(review: Review, reviewer: str, form: str = DATA) -> list[Left]:
    """The studies that one person has begun and is not done with, and what is missing of their own values."""
    if reviewer not in reviewers.standing(review):
        raise InputError(f"no reviewer is called {reviewer!r}", hint="`iimscreen reviewer` lists everyone")
    seat = Seat(review, reviewer, form)
    gate = seat.gate()
    begun: Counter[str] = Counter(place[0] for place, word in seat.own().items() if word.value is not None)
    return [
        Left(study, count, tuple(seat.missing(study)))
        for study, count in begun.items()
        if all(one.by != reviewer for one in gate.done(study))
    ]
