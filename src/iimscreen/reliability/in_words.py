"""Agreement in words: how figures are written, how verdicts were counted, and the sentence for the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iimscreen.agreement import Agreement
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.store.rounds import PILOT
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.reliability.comparing import Part

STAGE = "stage"  # the kind of a part that is a whole stage, but for its pilots


def percent(share: float) -> str:
    """A share with one decimal; never "100.0%" where something is missing to it."""
    return ">99.9%" if 0.9995 <= share < 1 else f"{100 * share:.1f}%"


def coefficient(value: float) -> str:
    """A coefficient with two decimals; never "1.00" where something is missing to it, nor "-0.00"."""
    return ">0.99" if 0.995 <= value < 1 else f"{value:.2f}".replace("-0.00", "0.00")


def interval(bounds: tuple[float, float]) -> str:
    """A 95 % interval in words, cut at -1 and 1."""
    low, high = (f"{min(1.0, max(-1.0, bound)):.2f}".replace("-0.00", "0.00") for bound in bounds)
    return f"95% CI {low} to {high}"


def counted_as(stage: str, categories: int) -> str:
    """How verdicts became categories, to be stated with every figure."""
    if stage == FULL_TEXT:
        if categories == 2:
            return "all but exclude counted as include"
        return "awaiting and ongoing counted as unsure"
    return "unsure counted as include" if categories == 2 else "unsure kept apart"


_STAGES = {TITLE_ABSTRACT: "title and abstract screening", FULL_TEXT: "full-text assessment"}


def sentence(part: Part, one: str, other: str, figures: Agreement) -> str | None:
    """The figures as a sentence for the paper; None where no record has both votes."""
    if figures.observed.value is None:
        return None
    stage = _STAGES[part.stage]
    where = {STAGE: f"At {stage}", PILOT: f"In a pilot of {stage} ({part.name})"}.get(
        part.kind, f"In {part.name} of {stage}"
    )
    if part.without:
        where += f" (apart from {' and '.join(part.without)})"
    agreed = sum(figures.table[i][i] for i in range(len(figures.categories)))
    noun = "report" if part.stage == FULL_TEXT else "record"
    kappa, ac1 = figures.kappa, figures.ac1
    if kappa.value is None:
        of_kappa = f"Cohen's kappa was not estimable, since {kappa.why_not},"
    else:
        of_kappa = f"Cohen's kappa was {coefficient(kappa.value)}" + _in_brackets(kappa.interval)
    of_ac1 = (
        "" if ac1.value is None else f" and Gwet's AC1 {coefficient(ac1.value)}" + _in_brackets(ac1.interval)
    )
    return (
        f"{where}, {one} and {other} judged {counted(figures.n, noun)} independently and agreed on {agreed:,} "
        f"({percent(figures.observed.value)}; {counted_as(part.stage, len(figures.categories))}); "
        f"{of_kappa}{of_ac1}."
    )


def _in_brackets(bounds: tuple[float, float] | None) -> str:
    return f" ({interval(bounds)})" if bounds is not None else ""
