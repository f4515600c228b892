"""Totals that a text states, held against what the rows give. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from iimscreen.audit.counting import FIRST_YEAR, IN_ALL, OF_EVENTS, SUBJECTS, YEARS, Counted, Part, counted
from iimscreen.audit.findings import DIFFERS, OPEN, Comparison, Dossier, Finding, Stated, listed, shown
from iimscreen.audit.fits import Fit, Term, fits, with_rest
from iimscreen.wording import counted as number_of

_SHOWN = 12  # parts of a sum that are printed one by one


@dataclass(frozen=True, slots=True)
class _Group:
    """A stated total of a few studies, which stands for them where some of them report nothing."""

    stated: Stated
    studies: tuple[str, ...]


def stated_totals(dossier: Dossier) -> list[Finding]:
    """A total that a text states is not what the rows give, or they cannot tell; with every reading that fits."""
    found = []
    for stated in dossier.stated:
        there = counted(dossier, stated)
        finding = _years(stated, there) if stated.counts in YEARS else _sum(dossier, stated, there)
        if finding is not None:
            found.append(finding)
    return found


def _years(stated: Stated, there: Counted) -> Finding | None:
    years = sorted((part.number, part.study) for part in there.parts if part.number is not None)
    if not years:
        return None
    year = years[0 if stated.counts == FIRST_YEAR else -1][0]
    if year == stated.value:
        return None
    others = [study for one, study in years if one == year]
    return Finding(
        "stated-totals",
        DIFFERS,
        tuple(study for _, study in years),
        f"{stated.name}: stated {stated.value:.0f}, the rows give {year:.0f} ({listed(others[:3])})",
        (f"the rows: {'; '.join(f'{name}, {one:.0f}' for one, name in years[:_SHOWN])}", *_source(stated)),
        compared=Comparison(stated.name, stated.value, year),
    )


def _sum(dossier: Dossier, stated: Stated, there: Counted) -> Finding | None:
    groups = _groups(dossier, stated, there)
    grouped = {study for group in groups for study in group.studies}
    alone = [part for part in there.parts if part.study not in grouped]
    terms = [Term(part.study, part.number, _others(part)) for part in alone if part.number is not None]
    terms += [Term(f"{group.stated.name} as stated", group.stated.value) for group in groups]
    unknown = [part.study for part in alone if part.number is None]
    total = sum(term.number for term in terms)
    left = stated.value - total
    if left == 0 and not unknown:
        return None
    is_open = bool(unknown) and left >= len(unknown)
    readings, is_all = _readings(stated, there, terms, unknown, groups)
    if is_open:  # the sum as it stands will do: others would only be more
        readings = readings[:1]
    return Finding(
        "stated-totals",
        OPEN if is_open else DIFFERS,
        tuple(part.study for part in there.parts) + tuple(study for study, _ in there.untold),
        f"{stated.name}: stated {shown(stated.value)}, {_but(groups)}{_told(total, left, unknown, is_open)}"
        + (f", in {listed(term.name for term in terms[:3])}" if stated.counts in OF_EVENTS and terms else ""),
        (
            *_parts(terms, groups),
            *_of_titles(there),
            *_readings_told(readings, is_all, is_open, stated, total, unknown),
            *_sum_of_stated(dossier, stated),
            *_no_longer_there(dossier, stated),
            *([f"not reported: {listed(unknown)}"] if unknown else []),
            *_not_told(there),
            *_counted_once(dossier, stated, there, groups),
            *_source(stated),
        ),
        compared=Comparison(
            stated.name,
            stated.value,
            total,
            tuple(str(fit) for fit in readings),
            tuple(unknown),
            tuple(study for study, _ in there.untold),
        ),
    )


def _told(total: float, left: float, unknown: Sequence[str], is_open: bool) -> str:
    if is_open:
        those = number_of(len(unknown), "study that does", "studies that do")
        return f"the rows give {shown(total)}, {shown(left)} left for {those} not report it"
    at_least = f"at least {shown(total + len(unknown))}" if unknown else shown(total)
    by = abs(left - len(unknown))
    return f"the rows give {at_least} ({shown(by)} {'fewer' if left > 0 else 'more'})"


def _but(groups: Sequence[_Group]) -> str:
    """What is stated of some of these studies alone, whose rows tell less."""
    stated = (f"{shown(group.stated.value)} ({group.stated.name})" for group in groups)
    return f"but for some of its studies {listed(stated)}, " if groups else ""


def _others(part: Part) -> tuple[tuple[float, str], ...]:
    return tuple((other.number, other.what) for other in part.others)


def _groups(dossier: Dossier, stated: Stated, there: Counted) -> list[_Group]:
    """Stated totals of some of these studies that tell more than their rows do; none of a study twice."""
    if stated.counts != SUBJECTS:
        return []
    inside = {part.study: part for part in there.parts}
    found: list[_Group] = []
    for other in sorted(dossier.stated, key=lambda one: -len(one.studies)):
        if (
            other.counts != SUBJECTS
            or not other.studies
            or other == stated
            or not _is_narrower(other, stated)
        ):
            continue
        members = set(other.studies)
        if not members < set(inside):
            continue
        taken = {study for group in found for study in group.studies}
        if not members & taken and any(inside[study].number is None for study in members):
            found.append(_Group(other, other.studies))
    return found


def _is_narrower(one: Stated, other: Stated) -> bool:
    """Whether whoever is counted in one total is counted in the other, as far as its filters go."""
    told = dict(one.filters)
    return all(name in told and set(told[name]) <= set(values) for name, values in other.filters)


def _readings(
    stated: Stated, there: Counted, terms: Sequence[Term], unknown: Sequence[str], groups: Sequence[_Group]
) -> tuple[tuple[Fit, ...], bool]:
    if not unknown and not groups:
        return fits(terms, stated.value)
    found = list(with_rest(terms, stated.value, unknown) if unknown else fits(terms, stated.value)[0])
    if groups:
        rows = [Term(part.study, part.number) for part in there.parts if part.number is not None]
        apart = with_rest(rows, stated.value, [part.study for part in there.missing])[:1]
        names = tuple(f"the stated {shown(group.stated.value)} of {group.stated.name}" for group in groups)
        found += [Fit(fit.terms, (*fit.left_out, *names), (), fit.rest, fit.rest_of) for fit in apart]
    return tuple(found), True


def _readings_told(
    readings: Sequence[Fit],
    is_all: bool,
    is_open: bool,
    stated: Stated,
    total: float,
    unknown: Sequence[str],
) -> list[str]:
    if is_open:
        (first, *_) = readings
        return [f"fits if {first}"]
    if readings:
        more = [] if is_all else ["more readings fit than are shown"]
        return [*(f"fits: {fit}" for fit in readings), *more]
    if not unknown and total < stated.value:
        return [f"no reading fits: all the rows together are {shown(stated.value - total)} short"]
    return ["no reading of the rows fits"] if stated.counts == SUBJECTS else []


def _parts(terms: Sequence[Term], groups: Sequence[_Group]) -> list[str]:
    said = [f"{term.name}: {shown(term.number)}" for term in terms[:_SHOWN]]
    if len(terms) > _SHOWN:
        said.append(f"and {len(terms) - _SHOWN} more")
    told = [f"the rows: {'; '.join(said)}"] if said else []
    in_all = [(term.number, other) for term in terms for other, what in term.others if what == IN_ALL]
    if in_all:
        whole = sum(term.number for term in terms) + sum(other - number for number, other in in_all)
        told.append(f"with those who are not eligible: {shown(whole)}")
    return [*told, *(f"{group.stated.name} stands for {listed(group.studies)}" for group in groups)]


def _not_told(there: Counted) -> list[str]:
    if not there.untold:
        return []
    studies = listed(f"{study} ({instead})" for study, instead in there.untold)
    return [f"whether it belongs is not told: {studies}"]


def _of_titles(there: Counted) -> list[str]:
    titles = [part for part in there.parts if part.from_title and part.number is not None]
    if not titles:
        return []
    known = sum(part.number for part in titles if part.number is not None)
    return [f"{shown(known)} of these by the titles of {listed(part.study for part in titles)}"]


def _sum_of_stated(dossier: Dossier, stated: Stated) -> list[str]:
    """Other stated totals, none of which overlaps another, that sum to this one."""
    narrower = [
        other
        for other in dossier.stated
        if other.counts == stated.counts and other != stated and not other.studies and not stated.studies
        if other.filters and _is_narrower(other, stated) and other.value
    ][:10]
    for size in range(2, len(narrower) + 1):
        for some in combinations(narrower, size):
            apart = all(_are_apart(one, two) for one, two in combinations(some, 2))
            if apart and sum(one.value for one in some) == stated.value:
                said = " + ".join(f"{shown(one.value)} ({one.name})" for one in some)
                return [f"is the sum of what is stated apart: {said}"]
    return []


def _no_longer_there(dossier: Dossier, stated: Stated) -> list[str]:
    there = {study.study for study in dossier.studies}
    gone = [study for study in stated.studies if study not in there]
    return [f"stated of {listed(gone)}, no study of that name is left"] if gone else []


def _are_apart(one: Stated, two: Stated) -> bool:
    told = dict(two.filters)
    return any(name in told and not set(values) & set(told[name]) for name, values in one.filters)


def _counted_once(dossier: Dossier, stated: Stated, there: Counted, groups: Sequence[_Group]) -> list[str]:
    """What is left when nobody is counted by two studies."""
    if stated.counts != SUBJECTS or groups:
        return []
    elsewhere = dossier.left_out()
    twice = [part for part in there.parts if part.number and (part.secondary or part.study in elsewhere)]
    if not twice:
        return []
    once = there.total - sum(part.number for part in twice if part.number is not None)
    names = listed(
        f"{part.study} ({'secondary source' if part.secondary else f'counted in {elsewhere[part.study]}'})"
        for part in twice
    )
    return [f"counted once: {shown(once)}, without {names}; as reported: {shown(there.total)}"]


def _source(stated: Stated) -> list[str]:
    where = ", ".join(filter(None, (stated.source, stated.page)))
    return [f"stated in {where}"] if where else []
