"""Invented flows in each of the four templates, with as many reasons, in whatever script, as a test wants."""

from __future__ import annotations

from collections.abc import Sequence

from iimscreen import flow
from iimscreen.flow import Flow, Origin, Previous, Report
from iimscreen.model import Kind, Reason
from iimscreen.voting import Outcome, State

TEMPLATES = ("new-databases", "new-other", "updated-databases", "updated-other")
FEW = ("Wrong population", "No JAK inhibitor")
MANY = tuple(f"Reason {number}: a label that goes on for a while" for number in range(1, 31))
SCRIPTS = (
    "מאמר סקירה ללא חולים",  # Hebrew: a review without patients
    "مراجعة بدون مرضى (COVID-19)",  # Arabic, with Latin letters in it
    "没有原始病例的综述",  # Chinese: a review without cases of its own
    "症例のない総説",  # Japanese
    'Übersicht 🦠 <b>bold</b> & "quotes" </script>\ufffe\x00',
)
INCLUDED = Outcome(State.INCLUDE)
EXCLUDED = Outcome(State.EXCLUDE)


def a_flow(
    template: str = "new-databases",
    reasons: Sequence[str] = FEW,
    *,
    is_open: bool = True,
    notice: str = "",
    database: str = "PubMed",
    missing: Sequence[str] = (),
    linked: bool = False,
    records: int = 1000,
) -> Flow:
    """1,210 records of two databases and a register, 200 of them duplicates; 41 included."""
    origins = [
        Origin(f"a{n}", database if n < records * 9 // 10 else "Embase", Kind.DATABASE, f"a{n % records}")
        for n in range(records * 6 // 5)
    ]
    origins += [Origin(f"t{n}", "ClinicalTrials.gov", Kind.REGISTER, f"t{n}") for n in range(10)]
    reports = [Report(f"t{n}", True, True, EXCLUDED, None, None) for n in range(10)]
    codes = [f"code{number}" for number in range(len(reasons))]
    sought = [*(Outcome(State.EXCLUDE, code) for code in codes for _ in range(3)), *(INCLUDED,) * 41]
    sought.append(Outcome(State.AWAITING))
    for number in range(records):
        if number < len(sought):
            reports.append(Report(f"a{number}", True, True, INCLUDED, "retrieved", sought[number]))
        elif number == len(sought):
            reports.append(Report(f"a{number}", True, True, INCLUDED, "not_retrieved", None))
        else:
            reports.append(Report(f"a{number}", True, True, EXCLUDED, None, None))
    if template.endswith("other"):
        for number in range(12):
            origins.append(Origin(f"b{number}", "Reference lists", Kind.CITATION, f"b{number}"))
            outcome = (
                INCLUDED if number < 3 or not codes else Outcome(State.EXCLUDE, codes[number % len(codes)])
            )
            reports.append(Report(f"b{number}", False, False, None, "retrieved", outcome))
    previous = None
    if template.startswith("updated"):
        previous = Previous("version 1", {f"p{number}": (f"Study {number}",) for number in range(17)})
    return flow.build(
        origins,
        reports,
        [Reason(code, label) for code, label in zip(codes, reasons, strict=True)],
        screening_is_open=is_open,
        assessment_is_open=is_open,
        notice=notice,
        missing=missing,
        footnotes=("Each database counts a record once, however many sub-queries or exports found it.",),
        previous=previous,
        links={"a10": ("Study A",), "a11": ("Study A",)} if linked else {},
    )
