"""Whom a study counts: eligible patients only, and nobody whom another study tells of first. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from iimscreen.audit.findings import ASKED, DIFFERS, Dossier, Finding, shown
from iimscreen.model import StudyData
from iimscreen.tables.reading import Reading
from iimscreen.tables.sums import secondary
from iimscreen.wording import counted

# What a title calls a report that tells of the patients of others; a review of charts is a study.
_REVIEW = re.compile(
    r"\b((literature|systematic|scoping|narrative|comprehensive) (literature )?review|review of (the )?literature"
    r"|meta-?analysis|pooled analysis)\b",
    re.IGNORECASE,
)


def eligible_only(dossier: Dossier) -> list[Finding]:
    """A mixed cohort: patients who are not eligible are among those of a study, or may be in its outcomes."""
    found = []
    for study in dossier.literature:
        reading = dossier.reading(study)
        total, eligible, left_out = (
            reading.number(study.itself, role) for role in ("n-total", "n-eligible", "n-excluded")
        )
        rest = left_out or (total - eligible if total is not None and eligible is not None else 0)
        if rest <= 0 and reading.text(study.itself, "mixed") != "yes":
            continue
        why = ", ".join(reading.names(study.itself, "excluded-why")) if left_out or rest else "others"
        said = (
            f"{eligible} of {total} patients are eligible, {rest} are not ({why}): only {eligible} may count"
            if eligible is not None and total is not None
            else f"patients who are not eligible are among them ({why}), how many is not told"
        )
        found.append(
            Finding(
                "eligible-only",
                DIFFERS if _counts_others(reading, eligible) else ASKED,
                (study.study,),
                said,
                tuple(_outcomes_of_all(reading, study, eligible)),
            )
        )
    return found


def _counts_others(reading: Reading, eligible: int | None) -> bool:
    sizes = [reading.number(row, "n") for row in reading.subjects() if row.row]
    return eligible is not None and sum(size for size in sizes if size is not None) > eligible


def _outcomes_of_all(reading: Reading, study: StudyData, eligible: int | None) -> Iterator[str]:
    if _counts_others(reading, eligible):
        yield "the rows of patients and groups count more than those eligible"
    if reading.text(study.itself, "separable") == "no":
        yield "its outcomes are told of all of them together"
    for row in reading.under(study.itself, "n-assessed"):
        assessed = reading.number(row, "n-assessed")
        if assessed is not None and eligible is not None and assessed > eligible:
            yield f"row {row.row} assessed {assessed}, more than are eligible"


def reviews_apart(dossier: Dossier) -> list[Finding]:
    """A secondary source: a review gives patients whose primary reports may be among the studies."""
    found = []
    for study in dossier.literature:
        why = _is_review(dossier, study)
        if not why:
            continue
        reading = dossier.reading(study)
        year = reading.number(study.itself, "year")
        n = reading.number(study.itself, "n-eligible")
        drugs = _drugs(reading)
        primary = [
            other
            for other in dossier.literature
            if other.study != study.study
            and not _is_review(dossier, other)
            and drugs & _drugs(dossier.reading(other))
            and _is_earlier(dossier, other, year)
        ]
        marked = bool(secondary(study, dossier.form))
        gives = f"gives {shown(n)} patients" if n is not None else "gives patients"
        beside = counted(len(primary), "earlier study of the same drug", "earlier studies of the same drug")
        found.append(
            Finding(
                "reviews-apart",
                ASKED if marked else DIFFERS,
                (study.study,),
                f"a secondary source ({why}) that {gives} beside {beside}: "
                + (
                    "its patients are in no count"
                    if marked
                    else "it is entered as a primary source, and counts"
                ),
                (f"may hold patients of: {', '.join(other.study for other in primary)}",) if primary else (),
            )
        )
    return found


def _is_review(dossier: Dossier, study: StudyData) -> str:
    """Why a study is a secondary source; "" if nothing says so."""
    if secondary(study, dossier.form):
        return "as entered"
    reading = dossier.reading(study)
    if reading.text(study.itself, "design") == "review":
        return "its design is a review"
    for record in (one.record for one in dossier.records.get(study.study, ())):
        named = _REVIEW.search(record.title or "")
        if named is not None:
            return f"its title says {named[0]!r}"
        kinds = [
            kind
            for kind in record.publication_types
            if kind in ("Review", "Systematic Review", "Meta-Analysis")
        ]
        if kinds:
            return f"indexed as {kinds[0]}"
    return ""


def _drugs(reading: Reading) -> frozenset[str]:
    return frozenset(reading.names(reading.data.itself, "drug")) - {"not reported", "not entered"}


def _is_earlier(dossier: Dossier, study: StudyData, year: int | None) -> bool:
    own = dossier.reading(study).number(study.itself, "year")
    return year is None or own is None or own <= year
