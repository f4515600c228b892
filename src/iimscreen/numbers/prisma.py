"""The numbers of the PRISMA 2020 flow: prisma.records_screened, prisma.dbr_excluded.CODE, ..."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen import review_flow
from iimscreen.flow import Flow
from iimscreen.model import Number
from iimscreen.store import Review

# List of the flow → what is counted, and what it is in one sentence.
DEFINITIONS: dict[str, tuple[str, str]] = {
    "database_results": ("records", "Records identified from databases."),
    "register_results": ("records", "Records identified from study registers."),
    "website_results": ("records", "Records identified from websites."),
    "organisation_results": ("records", "Records identified from organisations."),
    "citations_results": ("records", "Records identified by citation searching."),
    "duplicates": (
        "records",
        "Records removed before screening as further records of a report already counted.",
    ),
    "excluded_automatic": ("records", "Records marked as ineligible by automation tools, before screening."),
    "excluded_other": ("records", "Records removed before screening for other reasons."),
    "records_screened": ("records", "Records screened on title and abstract, one for each report."),
    "records_excluded": ("records", "Records excluded on title and abstract."),
    "dbr_sought_reports": (
        "reports",
        "Reports sought for retrieval, identified via databases and registers.",
    ),
    "dbr_notretrieved_reports": ("reports", "Reports not retrieved, identified via databases and registers."),
    "dbr_assessed": ("reports", "Reports assessed for eligibility, identified via databases and registers."),
    "dbr_excluded": ("reports", "Reports excluded at full text, identified via databases and registers."),
    "other_sought_reports": ("reports", "Reports sought for retrieval, identified via other methods."),
    "other_notretrieved_reports": ("reports", "Reports not retrieved, identified via other methods."),
    "other_assessed": ("reports", "Reports assessed for eligibility, identified via other methods."),
    "other_excluded": ("reports", "Reports excluded at full text, identified via other methods."),
    "awaiting": ("reports", "Reports awaiting classification."),
    "ongoing": ("reports", "Reports of ongoing studies."),
    "new_studies": ("studies", "Studies included in the review; in an update, those that are new."),
    "new_reports": ("reports", "Reports of included studies; in an update, those of new studies."),
    "new_reports_of_previous_studies": (
        "reports",
        "New reports of studies that the version before included.",
    ),
    "total_studies": ("studies", "Studies included in the review in all, with those of the version before."),
    "total_reports": ("reports", "Reports of all included studies, with those of the version before."),
    "previous_studies": ("studies", "Studies included in the version before."),
    "previous_reports": ("reports", "Reports of studies included in the version before."),
    "previous_dropped": ("reports", "Reports of the version before that no longer count."),
    "previous_studies_dropped": ("studies", "Studies of the version before that no longer count."),
    "previous_added": ("reports", "Reports known to the version before, and included since."),
    "previous_studies_added": (
        "studies",
        "Studies of reports known to the version before, and included since.",
    ),
    "previous_awaiting": ("reports", "Reports known to the version before that still await classification."),
    "previous_ongoing": ("reports", "Reports known to the version before, of studies that are ongoing."),
    "previous_excluded": (
        "reports",
        "Reports known to the version before, not included then and judged since.",
    ),
}
_CLOSED = "its round is not open to view, or it does not apply to this review"


def numbers(review: Review) -> Iterator[Number]:
    """All numbers of the flow as it stands. Raises ProtocolError if they do not add up."""
    yield from of_flow(review_flow.prisma(review))


def of_flow(flow: Flow) -> Iterator[Number]:
    """All numbers of a flow: of each list, and of the parts of lists that have parts."""
    for name, keys in flow.lists.items():
        of, definition = DEFINITIONS[name]
        yield _number(f"prisma.{name}", keys, of, definition)
        for part, behind in flow.parts.get(name, {}).items():
            words = flow.labels.get(part, part)
            yield _number(f"prisma.{name}.{part}", behind, of, f"{definition[:-1]}: {words}.")


def _number(name: str, keys: tuple[str, ...] | None, of: str, definition: str) -> Number:
    if keys is None:
        return Number(name=name, value=None, definition=definition, of=of, why_not=_CLOSED)
    return Number(name=name, value=len(keys), definition=definition, of=of, rows=keys)
