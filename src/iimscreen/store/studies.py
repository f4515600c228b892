"""Studies by name, and which reports tell of them: many to many, the last word on each pair holds."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows

LITERATURE = "literature"
OWN = "own"  # the reviewers' own patients: in no flow, and in no total of the literature


@dataclass(frozen=True, slots=True)
class Study:
    """A study as it was last named."""

    name: str
    kind: str  # literature or own
    title: str


@dataclass(frozen=True, slots=True)
class Link:
    """The last word on one report and one study."""

    study: str
    record_key: str
    verdict: str  # linked or unlinked
    note: str | None
    at: str  # UTC
    by: str


def standing(review: Review) -> dict[str, Study]:
    """Name → study, of all that were named and not given up, in order of their first naming."""
    found: dict[str, Study] = {}
    for row in rows(review.db, "select * from study_names order by log_id"):
        if row["standing"]:
            found[row["study"]] = Study(row["study"], row["kind"], row["title"])
        else:
            found.pop(row["study"], None)
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
    """The last word on each report and study, in order of the first words."""
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
        # By the record that is kept now: reports that were merged since are one.
        found[row["study"], row["kept_key"]] = Link(
            row["study"], row["kept_key"], row["verdict"], row["note"], row["at"], row["actor"]
        )
    return list(found.values())


def of_reports(review: Review) -> dict[str, tuple[str, ...]]:
    """Report → the studies that it is linked to; reports without are absent."""
    known = standing(review)
    found: dict[str, tuple[str, ...]] = {}
    for link in links(review):
        if link.verdict == "linked" and link.study in known:
            found[link.record_key] = (*found.get(link.record_key, ()), link.study)
    return found


def add_link(
    review: Review, study: str, record_key: str, verdict: str, *, note: str | None = None, by: str
) -> None:
    """Log that a report tells of a study, or not. Inside `writing()`."""
    log.append_one(
        review.db,
        "study_reports",
        {"study": study, "record_key": record_key, "verdict": verdict, "note": note},
        actor=by,
    )
