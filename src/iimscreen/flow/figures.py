"""What a flow is made of: origins and reports as they come in, the version before, and the flow itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from iimscreen.model import Kind
from iimscreen.voting import Outcome, State
from iimscreen.wording import slugs

# Keys of the R package's CSV template that hold a number, in its order.
BOXES = (
    "previous_studies",
    "previous_reports",
    "database_results",
    "register_results",
    "website_results",
    "organisation_results",
    "citations_results",
    "duplicates",
    "excluded_automatic",
    "excluded_other",
    "records_screened",
    "records_excluded",
    "dbr_sought_reports",
    "dbr_notretrieved_reports",
    "other_sought_reports",
    "other_notretrieved_reports",
    "dbr_assessed",
    "dbr_excluded",
    "other_assessed",
    "other_excluded",
    "new_studies",
    "new_reports",
    "total_studies",
    "total_reports",
    "total_studies_ma",
    "total_reports_ma",
)


# Report → the studies that it tells of, in order; a report that is linked to none is one of its own, called
# by its key.
Links = Mapping[str, tuple[str, ...]]

# Names of lists that hold studies; all others hold records or reports.
STUDY_LISTS = (
    "new_studies",
    "total_studies",
    "previous_studies",
    "previous_studies_dropped",
    "previous_studies_added",
)


class Origin(NamedTuple):
    """Where one record came from, and the report that it belongs to."""

    key: str
    database: str
    kind: Kind
    report: str  # key of the record kept for its report
    is_removed: bool = False  # before screening, for another reason than being a duplicate


class Report(NamedTuple):
    """Where one report stands. None as an outcome: that round is closed to view, or not its stage."""

    key: str
    from_databases: bool  # any of its records came from a database or register
    was_screened: bool  # passes title and abstract screening
    screening: Outcome | None
    retrieval: str | None  # retrieved, not_retrieved, None = not marked
    assessment: Outcome | None


@dataclass(frozen=True, slots=True)
class Previous:
    """What the version before of a living review included, and what became of it since."""

    title: str  # as a sentence names it: "version 1 (Title)"
    reports: Links  # report → its studies as they were then, in order
    found: frozenset[str] = frozenset()  # reports known then, whatever their outcome
    dropped: Mapping[str, str] = field(default_factory=dict)  # report → why it no longer counts
    added: Links = field(default_factory=dict)  # report known then, included since → its studies now
    linked_since: Links = field(
        default_factory=dict
    )  # report → its studies now; those left out are as they were
    # Known then, and in no box of an update, which has none for them:
    waiting: Mapping[str, State] = field(
        default_factory=dict
    )  # report → awaiting or ongoing, as it stands now
    excluded: Mapping[str, str] = field(default_factory=dict)  # not included then, judged since → its outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A PRISMA 2020 flow. `lists` holds the keys behind each number; None where closed to view."""

    template: str  # new-databases, new-other, updated-databases or updated-other
    lists: Mapping[str, tuple[str, ...] | None]
    databases: Mapping[str, int]
    registers: Mapping[str, int]
    other: Mapping[str, int]
    reasons: Mapping[str, int] | None  # both columns together, in protocol order
    reasons_databases: Mapping[str, int] | None
    reasons_other: Mapping[str, int] | None
    labels: Mapping[str, str]  # of the reasons
    # Box → its parts, each with the keys behind it: of a box of records identified its sources, of one of
    # reports excluded the codes of the reasons. A part is called "dbr_excluded.review" (see `keys_of`).
    parts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # what keeps the flow interim
    footnotes: tuple[str, ...] = ()
    notice: str = ""  # the protocol's, printed with every number
    previous: str = ""  # how a sentence names the version before; "" where this is the first
    links: Links = field(default_factory=dict)  # of every report that counts as included, as they are now
    previous_links: Links = field(default_factory=dict)  # of those of the version before, as they were then
    boxes: Mapping[str, int | None] = field(init=False)

    def __post_init__(self) -> None:
        counted = {key: self.lists.get(key) for key in BOXES}
        object.__setattr__(
            self, "boxes", {key: None if keys is None else len(keys) for key, keys in counted.items()}
        )

    def names_of_parts(self, box: str) -> dict[str, str]:
        """Each part of a box → what its number is called: "PubMed" is "database_results.pubmed"."""
        return {part: f"{box}.{short}" for part, short in slugs(self.parts.get(box, ())).items()}

    def keys_of(self, name: str) -> tuple[str, ...] | None:
        """The keys behind a number, or behind a part of one ("database_results.pubmed"); None while closed to view.

        Raises KeyError if the flow has no such number.
        """
        if name in self.lists:
            return self.lists[name]
        box, _, given = name.partition(".")
        for part, called in self.names_of_parts(box).items():
            if called == name:
                return self.parts[box][part]
        return self.parts[box][given]

    @property
    def interim(self) -> bool:
        """Whether some number may still change by work that the protocol asks for."""
        return bool(self.missing)

    @property
    def included(self) -> tuple[str, ...]:
        """The reports that count as included, in all; none while that is closed to view."""
        return self.lists.get("total_reports") or self.lists["new_reports"] or ()

    @property
    def without_study(self) -> tuple[str, ...]:
        """Included reports that are linked to no study, and so count as one each."""
        return tuple(report for report in self.included if self.links.get(report) == (report,))

    def reports_of(self, name: str) -> dict[str, tuple[str, ...]]:
        """Each study of a list of studies → its reports that are counted with it."""
        links = self.links
        if name in ("previous_studies", "previous_studies_dropped"):
            links = self.previous_links
        among = (
            links if name != "new_studies" else {key: links[key] for key in self.lists["new_reports"] or ()}
        )
        return {
            study: tuple(report for report, studies in among.items() if study in studies)
            for study in self.lists.get(name) or ()
        }
