"""The audit of a review's extracted data, and what people say for it: totals that a text states, and whether two
studies tell of the same patients.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import audit, extracted, review_forms, team
from iimscreen.audit import CHECKS
from iimscreen.audit.counting import COUNTS, EVENTS, SUBJECTS, counted
from iimscreen.audit.filters import asked
from iimscreen.audit.findings import Dossier, Finding, Overlap, Stated
from iimscreen.audit.overlap import ASK_AT, Scored, scored
from iimscreen.errors import InputError, ProtocolError
from iimscreen.forms import values, with_role
from iimscreen.store import Review, overlap_answers, records, stated_totals, studies
from iimscreen.tables.sums import subjects
from iimscreen.wording import counted as number_of

COLUMNS = ("name", "value", "counts", "where", "of", "source", "page")
DISTINCT, OVERLAP = "distinct", "overlap"


@dataclass(frozen=True, slots=True)
class DrugSum:
    """Subjects of the literature on one drug, as the studies report them and with nobody counted twice."""

    drug: str
    as_reported: int
    once: int
    studies: int
    not_reported: int  # studies that do not say how many


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit says."""

    findings: tuple[Finding, ...]
    sums: tuple[DrugSum, ...]
    not_final: tuple[str, ...]  # sentences: what is missing in the data that was audited
    left_out: tuple[str, ...]  # who is not counted once, and why


def dossier(review: Review) -> Dossier:
    """Everything that is audited, as it stands; of studies whose values are closed nothing."""
    data = extracted.data(review)
    return Dossier(
        form=review_forms.in_force(review),
        studies=data,
        records={study.study: tuple(records.by_keys(review, study.reports)) for study in data},
        stated=tuple(stated_totals.standing(review).values()),
        answers=tuple(overlap_answers.standing(review)),
    )


def run(review: Review, *, only: str = "") -> Audit:
    """The findings of every check, or of one. Raises InputError if there is no such check."""
    codes = [check.code for check in CHECKS]
    if only and only not in codes:
        raise InputError(f"there is no check {only!r}", hint=f"there are {', '.join(codes)}")
    with review.reading():
        whole = dossier(review)
    counted_elsewhere = {name: f"counted in {other}" for name, other in whole.left_out().items()}
    once = subjects(whole.studies, whole.form, without=counted_elsewhere)
    return Audit(
        tuple(audit.findings(whole, only=only)),
        _by_drug(whole, {part.name: part.known for part in once.parts}),
        tuple(sentence for study in whole.studies for sentence in study.missing),
        tuple(f"{name}: {why}" for name, why in once.left_out),
    )


def _by_drug(whole: Dossier, once: dict[str, int]) -> tuple[DrugSum, ...]:
    everyone = subjects(whole.studies, whole.form)
    secondary = {name for name, _ in everyone.left_out}
    drugs = list(dict.fromkeys(part.name for part in everyone.parts))
    for study in whole.literature:
        if study.study in secondary:
            drugs += [
                name
                for name in whole.reading(study).names(study.itself, "drug")
                if name not in drugs and name != "not entered"
            ]
    found = []
    for drug in drugs:
        there = counted(whole, Stated(name=drug, value=0, filters=(("drug", (drug,)),)))
        if there.parts:
            missing = len(there.missing)
            found.append(DrugSum(drug, int(there.total), once.get(drug, 0), len(there.parts), missing))
    return tuple(found)


# --- stated totals ---------------------------------------------------------------------------------


def stated(
    review: Review,
    name: str,
    value: float,
    *,
    counts: str = SUBJECTS,
    where: Sequence[str] = (),
    of: Sequence[str] = (),
    source: str,
    quote: str = "",
    page: str = "",
) -> Stated:
    """A total as people state it, checked. `where`: texts such as "drug=TOF|BAR", all of which hold."""
    if not name.strip() or not source.strip():
        raise InputError("a total needs a name, and where it is stated", hint="name it, and give --source")
    if counts not in COUNTS:
        raise InputError(
            f"{counts!r} is nothing that is counted", hint=f"expected one of {', '.join(COUNTS)}"
        )
    if value < 0 or not value < float("inf"):
        raise InputError(f"{name} is {value:g}, expected a number from 0 on", hint="correct it")
    known = studies.standing(review)
    for study in of:
        _known(known, study)
    kinds = {known[study].kind for study in of}
    if len(kinds) > 1:
        raise InputError(
            f"{name} is stated of own patients and of the literature",
            hint="state two totals: own patients are in no total of the literature",
        )
    return Stated(
        name=name.strip(),
        value=value,
        counts=counts,
        filters=tuple(_filter(review, one) for one in where),
        studies=tuple(dict.fromkeys(of)),
        source=source.strip(),
        quote=quote.strip(),
        page=page.strip(),
    )


def _filter(review: Review, given: str) -> tuple[str, tuple[str, ...]]:
    name, sign, listed = given.partition("=")
    wanted = [part.strip() for part in listed.split("|") if part.strip()]
    if not sign or not wanted:
        raise InputError(f"{given!r} says not what holds", hint="expected FIELD=VALUE, such as drug=TOF|BAR")
    field = asked(review_forms.in_force(review), name.strip())
    return name.strip(), tuple(values.read(field, one).text or one for one in wanted)


def _known(known: dict[str, studies.Study], name: str) -> None:
    if name not in known:
        alike = [one for one in known if name.casefold() in one.casefold()][:5] if name else []
        raise InputError(
            f"there is no study {name!r}",
            hint=f"did you mean {', '.join(alike)}?" if alike else "`iimscreen study list` names them",
        )


def state(review: Review, totals: Sequence[Stated], *, by: str) -> int:
    """Log totals that a text states; how many are new or otherwise than before."""
    team.check_name(by)
    with review.writing():
        standing = stated_totals.standing(review)
        new = [one for one in totals if standing.get(one.name) != one]
        for one in new:
            stated_totals.add(review, one, by=by)
    return len(new)


def withdraw(review: Review, name: str, *, by: str) -> None:
    """Log that a total is not stated after all. Raises InputError if none of that name stands."""
    team.check_name(by)
    with review.writing():
        standing = stated_totals.standing(review)
        if name not in standing:
            raise InputError(f"no total {name!r} is stated", hint="`iimscreen extract state` lists them")
        stated_totals.add(review, standing[name], withdrawn=True, by=by)


def read_totals(review: Review, path: Path) -> list[Stated]:
    """The totals in a CSV with the columns name, value, counts, where, of, source and page.

    `where` and `of` may hold several, parted by semicolons. Raises InputError naming file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="save it as CSV UTF-8") from error
    reader = csv.DictReader(io.StringIO(text), strict=True)
    found: dict[str, Stated] = {}
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(
                f"{path}, line 1: the columns are {', '.join(reader.fieldnames or ()) or 'missing'}",
                hint=f"expected a first line {','.join(COLUMNS)}",
            )
        for row in reader:
            one = _of_line(review, row, f"{path}, line {reader.line_num}")
            if one.name in found:
                raise InputError(
                    f"{path}, line {reader.line_num}: {one.name} stands twice", hint="leave one of them"
                )
            found[one.name] = one
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}", hint="save it as CSV again") from error
    if not found:
        raise InputError(f"{path} holds no totals", hint=f"one line each: {','.join(COLUMNS)}")
    return list(found.values())


def _of_line(review: Review, row: dict[str, str], where: str) -> Stated:
    if None in row or None in row.values():
        raise InputError(
            f"{where}: expected {len(COLUMNS)} columns", hint="put quotes around values that hold a comma"
        )
    try:
        value = float(row["value"])
    except ValueError as error:
        raise InputError(
            f"{where}: value is {row['value']!r}, expected a number", hint="a point for decimals, no comma"
        ) from error
    try:
        return stated(
            review,
            row["name"],
            value,
            counts=row["counts"].strip() or SUBJECTS,
            where=[part.strip() for part in row["where"].split(";") if part.strip()],
            of=[part.strip() for part in row["of"].split(";") if part.strip()],
            source=row["source"],
            page=row["page"],
        )
    except InputError as error:
        raise InputError(f"{where}: {error.message}; nothing was stored", hint=error.hint) from error


# --- overlaps --------------------------------------------------------------------------------------


def pairs(review: Review, *, at_least: int = ASK_AT) -> list[Scored]:
    """Pairs of studies with so many points or more, answered or not."""
    with review.reading():
        return scored(dossier(review), at_least)


def answer(
    review: Review,
    one: str,
    other: str,
    *,
    verdict: str,
    counted_in: Sequence[str] = (),
    note: str | None = None,
    by: str,
) -> Overlap:
    """Log whether two studies tell of the same patients. `counted_in`: "STUDY" for all outcomes, or
    "OUTCOME=STUDY".

    Raises ProtocolError if an answer is taken back that does not stand.
    """
    team.check_name(by)
    known = studies.standing(review)
    for name in (one, other):
        _known(known, name)
    if one == other:
        raise InputError(f"{one} and {other} are one study", hint="name two")
    first, second = sorted((one, other))
    counts = {}
    for given in counted_in:
        outcome, sign, name = given.rpartition("=")
        if name.strip() not in (one, other):
            raise InputError(
                f"--count {given!r} names {name.strip()!r}", hint=f"expected {one} or {other}, which counts"
            )
        counts[_outcome(review, outcome) if sign else "*"] = name.strip()
    if verdict == OVERLAP and not counts:
        raise InputError(
            f"{one} and {other} tell of the same patients: which of them counts is not said",
            hint=f"add --count {one!r}, or --count OUTCOME={other!r} for one outcome",
        )
    if verdict != OVERLAP and counts:
        raise InputError("--count goes with --yes only", hint="leave it away")
    made = Overlap(first, second, verdict, tuple(counts.items()))
    with review.writing():
        standing = {(a.study, a.other): a for a in overlap_answers.standing(review)}
        if verdict == overlap_answers.WITHDRAWN and (first, second) not in standing:
            raise ProtocolError(
                f"nobody has answered whether {one} and {other} overlap", hint="nothing to take back"
            )
        overlap_answers.add(review, made, note=note, by=by)
    return made


def _outcome(review: Review, given: str) -> str:
    """An outcome for which one study may count: a domain of the form, or one of the other counts."""
    field = with_role(review_forms.in_force(review), "domain")
    domains = field.choices if field is not None else ()
    known = {name.casefold(): name for name in (SUBJECTS, EVENTS, *domains)}
    name = given.strip()
    if domains and name.casefold() not in known:
        raise InputError(
            f"--count names the outcome {name!r}", hint=f"expected one of {', '.join(known.values())}"
        )
    return known.get(name.casefold(), name)


def in_words(found: Audit) -> str:
    """How many findings there are, by their weight, in a sentence."""
    weights = [finding.weight for finding in found.findings]
    said = [
        number_of(weights.count(weight), noun, many)
        for weight, noun, many in (
            ("differs", "contradiction", "contradictions"),
            ("open", "total that cannot be told", "totals that cannot be told"),
            ("asked", "question", "questions"),
        )
        if weight in weights
    ]
    return ", ".join(said) or "no findings"
