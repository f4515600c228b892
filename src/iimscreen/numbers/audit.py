"""The numbers of the audit of extracted data: audit.findings, audit.findings.patients-once, ..."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen import auditing
from iimscreen.audit import CHECKS
from iimscreen.audit.findings import WEIGHTS, Finding
from iimscreen.model import Number
from iimscreen.numbers.moment import Moment
from iimscreen.review_protocol import in_force
from iimscreen.store import studies
from iimscreen.tables import interim

_DERIVED = "what the audit finds in the extracted values that are open to view, anew each time"


def numbers(moment: Moment) -> Iterator[Number]:
    """Findings in all, by weight, and of each check; none where there is no form or no study."""
    review = moment.review
    if in_force(review).form is None or not studies.standing(review):
        return
    whole = auditing.dossier(review)
    found = auditing.run(review).findings
    left = "; ".join(stamp.removeprefix("interim: ") for stamp in interim(whole.studies))
    yield _number("findings", found, "Findings of the audit of extracted data.", left)
    for weight, means in WEIGHTS.items():
        of_weight = [one for one in found if one.weight == weight]
        yield _number(f"findings.{weight}", of_weight, f"Findings of the audit: {means}.", left)
    for check in CHECKS:
        of_check = [one for one in found if one.check == check.code]
        yield _number(f"findings.{check.code}", of_check, f"Findings of the audit, check {check.code}.", left)


def _number(name: str, found: list[Finding] | tuple[Finding, ...], definition: str, left: str) -> Number:
    return Number(
        name=f"audit.{name}",
        value=len(found),
        definition=definition,
        of="findings",
        rows=tuple(one.where for one in found),
        notes=tuple(one.says for one in found),
        interim=left,
        derived=_DERIVED,
    )
