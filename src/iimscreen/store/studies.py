"""Studies by name, and which reports tell of them, many to many.

The last word on each study, and on each study with each record, holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows

LITERATURE = "literature"
OWN = "own"  # the reviewers' own patients: in no flow, and in no total of the literature
LINKED, UNLINKED = "linked", "unlinked"


@dataclass(frozen=True, slots=True)
class Study:
    """A study as it was last named."""

    name: str
    kind: str  # literature or own
    title: str


@dataclass(frozen=True, slots=True)
class Link:
    """The last word on one record and one study."""

    study: str
    record_key: str  # the record that was named
    report: str  # key of the record kept for its report
    verdict: str  # linked or unlinked
    note: str | None
    at: str  # UTC
    by: str


def standing(review: Review) -> dict[str, Study]:
    """Name → study, of all that were named and not given up, in order of their first naming."""
    return {name: study for name, (study, stands) in _last_named(review).items() if stands}


def given_up(review: Review) -> dict[str, Study]:
    """Name → study, of all that were given up."""
    return {name: study for name, (study, stands) in _last_named(review).items() if not stands}


def _last_named(review: Review) -> dict[str, tuple[Study, bool]]:
    found: dict[str, tuple[Study, bool]] = {}
    for row in rows(review.db, "select * from study_names order by log_id"):
        found[row["study"]] = Study(row["study"], row["kind"], row["title"]), bool(row["standing"])
    return found


def ever_named(review: Review) -> frozenset[str]:
    """Names of all studies that there are or were."""
    return frozenset(name for (name,) in review.db.execute("select distinct study from study_names"))


def add(
    review: Review,
    name: str,
    *,
    kind: str = LITERATURE,
    title: str = "",
    standing: bool = True,
    note: str | None = None,
    by: str,
) -> None:
    """Log that a study has this name, or that it is given up. Inside `writing()`."""
    log.append_one(
        review.db,
        "study_names",
        {"study": name, "kind": kind, "title": title, "standing": int(standing), "note": note},
        actor=by,
    )


def links(review: Review) -> list[Link]:
    """The last word on each record and study, in order of the first words.

    By record, not by report: where reports were merged that each had a word, what is linked stays linked.
    """
    found: dict[tuple[str, str], Link] = {}
    for row in rows(
        review.db,
        """
        select study_reports.*, log.at, log.actor, members.kept_key
        from study_reports
        join log on log.id = study_reports.log_id
        join members on members.key = study_reports.record_key
        order by study_reports.log_id
        """,
    ):
        found[row["study"], row["record_key"]] = Link(
            study=row["study"],
            record_key=row["record_key"],
            report=row["kept_key"],
            verdict=row["verdict"],
            note=row["note"],
            at=row["at"],
            by=row["actor"],
        )
    return list(found.values())


def of_reports(review: Review) -> dict[str, tuple[str, ...]]:
    """Report → the studies of the literature that it is linked to, by name; reports without are absent.

    A report has the links of all its records, also of those that were merged into it since.
    """
    known = {name for name, study in standing(review).items() if study.kind == LITERATURE}
    found: dict[str, set[str]] = {}
    for link in links(review):
        if link.verdict == LINKED and link.study in known:
            found.setdefault(link.report, set()).add(link.study)
    return {report: tuple(sorted(names)) for report, names in found.items()}


def add_links(
    review: Review,
    study: str,
    record_keys: Iterable[str],
    verdict: str,
    *,
    note: str | None = None,
    by: str,
) -> None:
    """Log that records tell of a study, or not. Inside `writing()`."""
    log.append(
        review.db,
        "study_reports",
        ({"study": study, "record_key": key, "verdict": verdict, "note": note} for key in record_keys),
        actor=by,
    )


def is_record(review: Review, name: str) -> bool:
    """Whether a name is the key of a record, which is how a study without a name is called."""
    found = review.db.execute("select 1 from records where key = :name", {"name": name}).fetchone()
    return found is not None
