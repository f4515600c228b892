"""Audit of extracted data: do its numbers close, can its units be, is nobody counted twice, do stated totals hold.
Pure. Findings are no errors: nothing is changed, and people answer what is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iimscreen.audit.cohorts import eligible_only, reviews_apart
from iimscreen.audit.dates import dates_agree
from iimscreen.audit.findings import Dossier, Finding
from iimscreen.audit.overlap import patients_once
from iimscreen.audit.sums import sums_close
from iimscreen.audit.totals import stated_totals
from iimscreen.audit.units import units_plausible


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that an audit looks at. `run` has what its findings mean as its docstring."""

    run: Callable[[Dossier], list[Finding]]

    @property
    def code(self) -> str:
        """As findings and `--check` call it."""
        return self.run.__name__.replace("_", "-")

    @property
    def means(self) -> str:
        """What a finding of it says, in a sentence."""
        return " ".join((self.run.__doc__ or "").split())


CHECKS = tuple(
    Check(run)
    for run in (
        stated_totals,
        reviews_apart,
        eligible_only,
        patients_once,
        sums_close,
        units_plausible,
        dates_agree,
    )
)


def findings(dossier: Dossier, *, only: str = "") -> list[Finding]:
    """What every check finds, or one of them, in the order of the checks."""
    return [finding for check in CHECKS if only in ("", check.code) for finding in check.run(dossier)]
