"""Studies: named, linked to the reports that tell of them, many to many; and asked where two reports may be of one.

Only reports that are included at full text, as far as that is revealed, can be linked. Nothing is linked by
itself: a suggestion is answered by a person, with a link or by setting two reports apart. An own study (of the
reviewers' own patients) has no reports and is in no flow. Every word is a row of the log and can be taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from iimscreen import review_flow
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Record, StoredRecord
from iimscreen.protocol import FULL_TEXT
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, duplicates, records, versions
from iimscreen.store import studies as stored
from iimscreen.store.duplicates import PairVerdict
from iimscreen.store.gate import Gate
from iimscreen.store.studies import LINKED, UNLINKED, Link, Study
from iimscreen.team import check_name
from iimscreen.voting import State

LONGEST = 80  # letters of a study's name: it stands in the first column of every table
INCLUDED = "included"


# --- naming -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """A study that was named just now."""

    name: str
    reports: tuple[str, ...]
    is_back: bool = False  # it had been given up, and is taken up again with the links that it had


def new(
    review: Review, name: str, given: Sequence[str] = (), *, by: str, own: bool = False, title: str = ""
) -> Named:
    """Name a study, and link reports to it; or take up again, with its links, one that was given up.

    Raises InputError if the name cannot be one, or is another study's but for case and spaces.
    """
    who = check_name(by)
    if own and given:
        raise InputError(
            "a study of your own patients has no reports in this review", hint="leave --report or --own away"
        )
    with review.writing():
        clean, kind = _free_name(review, name), stored.OWN if own else stored.LITERATURE
        before = stored.given_up(review).get(clean)
        if before is not None and before.kind != kind:
            raise InputError(
                f"{clean} was given up as a study of the kind {before.kind}", hint="give it another name"
            )
        stored.add(review, clean, kind=kind, title=title.strip(), by=who)
        standing = _links_of(review, clean)
        keys = _includable(review, given)
        stored.add_links(review, clean, [key for key in keys if key not in standing], LINKED, by=who)
    return Named(clean, tuple(dict.fromkeys((*standing, *keys))), is_back=before is not None)


def new_for_each(review: Review, *, by: str) -> list[Named]:
    """Name a study after each included report that is linked to none, in order of arrival, and link it.

    "Paik 2017"; where several would be called so, "Paik 2017a", "Paik 2017b". Raises ProtocolError while
    no full text is revealed.
    """
    who = check_name(by)
    with review.writing():
        keys = without_study(review, Gate(review, in_force(review)))
        taken = {_folded(name) for name in _all_names(review)}
        wanted = [_family_year(one.record) for one in records.by_keys(review, keys)]
        names = _lettered(wanted, taken)
        for name, key in zip(names, keys, strict=True):
            stored.add(review, name, by=who)
            stored.add_links(review, name, [key], LINKED, by=who)
    return [Named(name, (key,)) for name, key in zip(names, keys, strict=True)]


def drop(review: Review, name: str, *, note: str, by: str) -> tuple[str, ...]:
    """Give a study up; the reports that were linked to it. `new` of the same name takes it up again."""
    who, why = check_name(by), _note(note)
    with review.writing():
        study = known(review, name)
        stored.add(review, study.name, kind=study.kind, title=study.title, standing=False, note=why, by=who)
        return tuple(_links_of(review, study.name))


def known(review: Review, name: str) -> Study:
    """The study of exactly this name. Raises InputError, naming those that are alike, if there is none."""
    standing = stored.standing(review)
    if name in standing:
        return standing[name]
    folded = _folded(name)
    near = [one for one in standing if _folded(one) == folded]
    near = near or [one for one in standing if folded and folded in _folded(one)]
    hint = f"did you mean {', '.join(map(repr, near[:5]))}?" if near else "`iimscreen study list` names them"
    if any(_folded(one) == folded for one in stored.given_up(review)):
        hint = f"it was given up: `iimscreen study new {quote(name)} --by NAME` takes it up again"
    elif not near and name in _earlier_names(review):
        hint = f"the version before has one: `iimscreen study new {quote(name)} --report REPORT --by NAME`"
    raise InputError(f"there is no study {name!r}", hint=hint)


def _free_name(review: Review, name: str) -> str:
    clean = " ".join(name.split())
    if not clean or not clean.isprintable() or len(clean) > LONGEST:
        raise InputError(
            f"{name!r} cannot be a study's name",
            hint=f"one to {LONGEST} letters on one line, such as 'Paik 2021'",
        )
    if clean in stored.standing(review):
        raise InputError(
            f"there is a study {clean!r} already",
            hint=f"`iimscreen study link {quote(clean)} REPORT --by NAME`",
        )
    near = [one for one in _all_names(review) if one != clean and _folded(one) == _folded(clean)]
    if near:
        raise InputError(f"{clean!r} is but for case and spaces {near[0]!r}", hint="one name for one study")
    if stored.is_record(review, clean):
        raise InputError(
            f"{clean!r} is the key of a record", hint="name the study as people cite it, such as 'Paik 2021'"
        )
    return clean


def _all_names(review: Review) -> list[str]:
    """Every name that a study has or had, here or in a version made elsewhere."""
    return [*stored.standing(review), *stored.given_up(review), *_earlier_names(review)]


def _earlier_names(review: Review) -> list[str]:
    pairs = [pair for one in versions.previous_reviews(review) for pair in one.reports]
    return list(dict.fromkeys(study for _, study in pairs))


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()


def _family_year(record: Record) -> str:
    """Such as "Paik 2017"; with what stands for a family or a year that is missing."""
    family = record.authors[0].family if record.authors else " ".join((record.title or "").split()[:3])
    plain = " ".join("".join(c if c.isprintable() else " " for c in family).split())[: LONGEST - 10].strip()
    return f"{plain or 'Unnamed'} {record.year or 'n.d.'}"


def _lettered(wanted: Sequence[str], taken: Collection[str]) -> list[str]:
    """Each name, with a letter behind it where several want it or one has it already."""
    taken = set(taken)
    folded = [_folded(name) for name in wanted]
    found = []
    for name, plain in zip(wanted, folded, strict=True):
        is_alone = folded.count(plain) == 1 and taken.isdisjoint((plain, f"{plain}a"))
        number = 1 if plain in taken else 0
        while not is_alone and _folded(f"{name}{_letters(number)}") in taken:
            number += 1
        found.append(name if is_alone else f"{name}{_letters(number)}")
        if not is_alone:
            taken.add(_folded(found[-1]))
    return found


def _letters(number: int) -> str:
    """0 is a, 25 is z, 26 is aa."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def _note(note: str) -> str:
    if not note.strip():
        raise InputError("no note given", hint='say why with --note "two reports of one trial"')
    return note.strip()


# --- linking ----------------------------------------------------------------------------------------


def link(
    review: Review, name: str, given: Sequence[str], *, by: str, only: bool = False, note: str | None = None
) -> list[str]:
    """Log that these reports tell of a study, all or none; their keys.

    With `only` their links to other studies are taken back. Raises InputError if one is linked to it already,
    ProtocolError if one is not included at full text as far as that is revealed.
    """
    who = check_name(by)
    with review.writing():
        study = known(review, name)
        if study.kind == stored.OWN:
            raise InputError(
                f"{study.name} is of your own patients, and no report of the literature tells of it",
                hint="`iimscreen study new NAME --report REPORT` names one of the literature",
            )
        keys = _includable(review, given)
        linked = _links_of(review, study.name)
        for key in keys:
            if key in linked and not only:
                raise InputError(
                    f"{key} is linked to {study.name} already",
                    hint="`iimscreen study show` lists its reports",
                )
        if only:
            others = [other for other in stored.standing(review) if other != study.name]
            for other in others:
                _take_back(review, other, keys, note=note or f"linked to {study.name} only", by=who)
        stored.add_links(
            review, study.name, [key for key in keys if key not in linked], LINKED, note=note, by=who
        )
    return keys


def without_reports(review: Review) -> list[str]:
    """Studies of the literature that no report is linked to, in order of their naming."""
    linked = {name for names in stored.of_reports(review).values() for name in names}
    return [
        one.name
        for one in stored.standing(review).values()
        if one.kind != stored.OWN and one.name not in linked
    ]


def unlink(review: Review, name: str, given: Sequence[str], *, note: str, by: str) -> list[str]:
    """Log that these reports do not tell of a study, all or none; their keys."""
    who, why = check_name(by), _note(note)
    with review.writing():
        study = known(review, name)
        keys = [records.kept_of(review, records.find(review, one).key) for one in given]
        linked = _links_of(review, study.name)
        for key in keys:
            if key not in linked:
                raise InputError(
                    f"{key} is not linked to {study.name}",
                    hint=f"linked to it: {', '.join(linked) or 'no report'}",
                )
        _take_back(review, study.name, keys, note=why, by=who)
    return keys


def _take_back(review: Review, study: str, reports: Collection[str], *, note: str, by: str) -> None:
    """Unlink every record of these reports that is linked: those merged since had words of their own."""
    there = [
        one.record_key
        for one in stored.links(review)
        if one.study == study and one.verdict == LINKED and one.report in reports
    ]
    stored.add_links(review, study, there, UNLINKED, note=note, by=by)


def _links_of(review: Review, study: str) -> list[str]:
    """Reports that are linked to a study, whether it stands or was given up."""
    found = [one.report for one in stored.links(review) if one.study == study and one.verdict == LINKED]
    return list(dict.fromkeys(found))


def _includable(review: Review, given: Sequence[str]) -> list[str]:
    """Keys of the reports meant. Raises unless each is given once and included as far as revealed."""
    keys = [records.kept_of(review, records.find(review, one).key) for one in given]
    for place, key in enumerate(keys):
        if key in keys[:place]:
            raise InputError(f"{given[place]} is a report named twice", hint="name each report once")
    if keys:
        gate = Gate(review, in_force(review))
        judged = review_flow.judged(review, gate)
        for key in keys:
            _require_included(gate, judged, key)
    return keys


def _require_included(gate: Gate, judged: Mapping[str, str], key: str) -> None:
    """Raise ProtocolError unless a report is included; the same words whatever its open votes say."""
    if judged.get(key) == INCLUDED:
        return
    if not (gate.shows_any(FULL_TEXT) and key in gate.outcomes(FULL_TEXT)):
        gate.require_open(FULL_TEXT, f"whether {key} is included")
    raise ProtocolError(
        f"{key} is not included at full text, so no study can be told by it",
        hint="`iimscreen prisma --list new_reports` lists those that are",
    )


# --- what there is ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """One study with its reports."""

    study: Study
    reports: tuple[StoredRecord, ...]
    not_included: tuple[str, ...]  # of these, those that are revealed not to be included: they count nowhere


@dataclass(frozen=True, slots=True)
class Listing:
    """All studies, and the included reports without one."""

    studies: tuple[Listed, ...]
    without: tuple[StoredRecord, ...] | None  # None while no full text is revealed


def listing(review: Review) -> Listing:
    """All studies that stand, and, as far as revealed, the included reports that are linked to none."""
    with review.reading():
        gate = Gate(review, in_force(review))
        judged = review_flow.judged(review, gate)
        reports: dict[str, list[str]] = {name: [] for name in stored.standing(review)}
        for report, names in stored.of_reports(review).items():
            for name in names:
                reports[name].append(report)
        found = tuple(
            Listed(
                study,
                tuple(records.by_keys(review, reports[name])),
                tuple(key for key in reports[name] if judged.get(key, INCLUDED) != INCLUDED),
            )
            for name, study in stored.standing(review).items()
        )
        without = None
        if gate.shows_any(FULL_TEXT):
            without = tuple(records.by_keys(review, without_study(review, gate)))
        return Listing(found, without)


def without_study(review: Review, gate: Gate) -> list[str]:
    """Included reports, as far as revealed, that are linked to no study, in order of arrival.

    One that a version made elsewhere included has the studies that it had there. Raises ProtocolError while
    no full text is revealed.
    """
    included = [key for key, one in gate.outcomes(FULL_TEXT).items() if one.state is State.INCLUDE]
    if not included:
        return []
    linked = stored.of_reports(review)
    elsewhere = {
        records.kept_of(review, key) for one in versions.previous_reviews(review) for key, _ in one.reports
    }
    return [key for key in included if key not in linked and key not in elsewhere]


@dataclass(frozen=True, slots=True)
class Shown:
    """One study with everything that was said of it."""

    listed: Listed
    links: tuple[Link, ...]  # the last word on each record, in order of time


def show(review: Review, name: str) -> Shown:
    """One study: its reports, and who linked them."""
    with review.reading():
        study = known(review, name)
        (listed,) = (one for one in listing(review).studies if one.study.name == study.name)
        words = tuple(one for one in stored.links(review) if one.study == study.name)
        return Shown(listed, words)


# --- reports that may be of one study ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Two included reports that may be of one study, and the studies that they are linked to."""

    one: StoredRecord
    other: StoredRecord
    score: float  # 0 to 100
    parts: tuple[tuple[str, float, str], ...]  # name, points, in words
    studies: tuple[str, ...]  # of the first
    other_studies: tuple[str, ...]
    command: str  # that says that they are of one


def suggest(review: Review) -> list[Asked]:
    """Pairs of included reports that may be of one study, best first; those that were answered are left out.

    Raises ProtocolError while no full text is revealed.
    """
    from iimscreen import same_study  # numpy and the rules of matching, 70 ms: all other commands do without

    with review.reading():
        there = {one.key: one for one in _included(review)}
        linked = stored.of_reports(review)
        preprints, apart = _answers(review)
        found = same_study.suggestions(list(there.values()), linked=preprints)
        return [
            Asked(
                there[pair.key],
                there[pair.other_key],
                pair.score,
                tuple((part.name, round(part.points), part.words) for part in pair.parts),
                linked.get(pair.key, ()),
                linked.get(pair.other_key, ()),
                _answer(review, pair.key, pair.other_key, there[pair.key].record),
            )
            for pair in found
            if frozenset((pair.key, pair.other_key)) not in apart
            and not set(linked.get(pair.key, ())) & set(linked.get(pair.other_key, ()))
        ]


def _included(review: Review) -> list[StoredRecord]:
    """Reports that are included as far as revealed, in order of arrival."""
    gate = Gate(review, in_force(review))
    if not gate.shows_any(FULL_TEXT) and not versions.previous_reviews(review):
        gate.require_open(FULL_TEXT, "which included reports may be of one study")
    keys = [key for key, word in review_flow.judged(review, gate).items() if word == INCLUDED]
    return sorted(records.by_keys(review, keys), key=lambda one: one.id)


def _answers(review: Review) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """Pairs of reports that are a preprint and its article, and pairs that a person set apart."""
    kept = records.kept_keys(review)
    linked, apart = set(), set()
    for one in duplicates.links(review):
        pair = frozenset((kept[one.key], kept[one.other_key]))
        if one.verdict == duplicates.LINKED:
            linked.add(pair)
        elif one.by_person:
            apart.add(pair)
    return linked, apart


def _answer(review: Review, key: str, other_key: str, record: Record) -> str:
    """The command that makes one study of two reports: where both have one, the smaller goes into the larger.

    Of two of one size the one that was named later goes into the earlier.
    """
    linked = stored.of_reports(review)
    if key not in linked and other_key not in linked:
        (name,) = _lettered([_family_year(record)], {_folded(one) for one in _all_names(review)})
        return f"iimscreen study new {quote(name)} --report {key} --report {other_key} --by NAME"
    if key not in linked or other_key not in linked:
        one, other = (key, other_key) if key in linked else (other_key, key)
        return f"iimscreen study link {quote(linked[one][0])} {other} --by NAME"
    named = list(stored.standing(review))
    small, large = sorted(
        (linked[key][0], linked[other_key][0]),
        key=lambda name: (len(_links_of(review, name)), -named.index(name)),
    )
    moved = " ".join(_links_of(review, small))
    return f"iimscreen study link {quote(large)} {moved} --only --by NAME"


def set_apart(review: Review, given: str, other: str, *, note: str, by: str) -> tuple[str, str]:
    """Log that two reports are of different studies, so that it is not asked again; their keys."""
    who, why = check_name(by), _note(note)
    with review.writing():
        keys = _includable(review, (given, other))
        both = set(stored.of_reports(review).get(keys[0], ())) & set(
            stored.of_reports(review).get(keys[1], ())
        )
        if both:
            raise InputError(
                f"{keys[0]} and {keys[1]} are both linked to {', '.join(sorted(both))}",
                hint=f"`iimscreen study unlink {quote(min(both))} {keys[1]} --note WHY --by NAME` first",
            )
        first, second = (one.key for one in sorted(records.by_keys(review, keys), key=lambda one: one.id))
        duplicates.add_links(
            review,
            [PairVerdict(first, second, duplicates.UNLINKED, f"person:{who}", None, why)],
            actor=who,
        )
    return first, second


def contradictions(review: Review) -> list[str]:
    """What two people who could not know of each other may have done: one study under two names, in sentences."""
    by_folded: dict[str, list[str]] = {}
    for name in stored.standing(review):
        by_folded.setdefault(_folded(name), []).append(name)
    return [
        f"studies {' and '.join(map(repr, names))} differ in case and spaces only: `iimscreen study link` moves the "
        "reports of one to the other, `iimscreen study drop` gives one up"
        for names in by_folded.values()
        if len(names) > 1
    ]
