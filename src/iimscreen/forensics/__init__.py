"""What is wrong with a PubMed strategy, told before it is run.

One small function a check, each in the list CHECKS with its code, its weight, why it matters and
what that rests on. A check is a guess about reports nobody has seen: it asks nothing of PubMed.
"""

from __future__ import annotations

from collections.abc import Iterable

from iimscreen.forensics import form, limits, linter, structure, terms, variants
from iimscreen.forensics.bringing import SHOWN_FOR, brought_by
from iimscreen.forensics.findings import Brought, Check, Finding, Hit, Severity
from iimscreen.forensics.reading import Place, Reading
from iimscreen.model import Strategy

__all__ = ["CHECKS", "SHOWN_FOR", "Brought", "Check", "Finding", "Place", "Severity", "brought_by", "judge"]

CHECKS: tuple[Check, ...] = (  # in the order in which findings of one severity are told
    *form.CHECKS,
    *linter.CHECKS,
    *terms.CHECKS,
    *variants.CHECKS,
    *limits.CHECKS,
    *structure.CHECKS,
)


def judge(strategy: Strategy, *, other_sources: Iterable[str] = ()) -> list[Finding]:
    """Every finding on a strategy for PubMed: errors first, then warnings and notes, each once.

    What is the same in several places is one finding with all of them. `other_sources` are the
    sources for which the review has other strategies.
    """
    reading = Reading(strategy, frozenset(other_sources))
    merged: dict[tuple[str, Severity, str, str], list[Place]] = {}
    checks: dict[str, Check] = {}
    for check in CHECKS:
        checks[check.code] = check
        for hit in check.find(reading):
            key = (check.code, hit.severity or check.severity, hit.what, hit.advice)
            merged.setdefault(key, []).extend(hit.places)
    found = [
        _finding(checks[code], Hit(what, advice, tuple(dict.fromkeys(places)), severity))
        for (code, severity, what, advice), places in merged.items()
    ]
    return sorted(found, key=lambda finding: list(Severity).index(finding.severity))


def _finding(check: Check, hit: Hit) -> Finding:
    return Finding(
        code=check.code,
        severity=hit.severity or check.severity,
        what=hit.what,
        why=check.means,
        rests_on=check.source,
        advice=hit.advice,
        places=hit.places,
    )
