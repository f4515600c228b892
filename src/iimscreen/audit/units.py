"""Whether measured values stand in units that can be: by one patient, and beside the other values. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from iimscreen.audit.findings import ASKED, DIFFERS, Dossier, Finding, listed, shown

MASSES = {"g": 1.0, "mg": 1e-3, "ug": 1e-6, "ng": 1e-9, "pg": 1e-12}
VOLUMES = {"L": 1.0, "dL": 1e-1, "mL": 1e-3, "uL": 1e-6}
# How far a value may lie from the middle one, in decades: ng/mL taken for ng/dL is 2 off, and mg/dL for mg/L 1,
# which is only seen where the others lie close together, as CRP under treatment does not.
SPREADS = 4.0  # times the median distance of all values from the middle
LEAST_DECADES = 0.8
ENOUGH = 6  # values beside which one can stand out
_COMMON = ("g/L", "g/dL", "mg/L", "mg/dL", "ug/L", "ug/dL", "ng/mL", "ng/dL", "pg/mL")
_PARTS = re.compile(r"([a-zA-Z]+)/([a-zA-Z]+)")


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of an instrument."""

    study: str
    patient: str  # row
    row: str
    instrument: str
    number: float
    unit: str
    time: str

    @property
    def said(self) -> str:
        """As people read it."""
        when = f" ({self.time})" if self.time else ""
        return f"{shown(self.number)} {self.unit}{when}".strip()


def units_plausible(dossier: Dossier) -> list[Finding]:
    """A value in another unit than the patient's others, or far from all other values of its instrument."""
    measured = list(_measured(dossier))
    by_instrument: dict[str, list[Measured]] = {}
    for one in measured:
        by_instrument.setdefault(one.instrument, []).append(one)
    found = []
    for instrument, values in by_instrument.items():
        told: set[tuple[str, str]] = set()
        for finding in (*_two_units(instrument, values), *_far_off(instrument, values)):
            place = (finding.studies[0], finding.row)
            if place not in told:
                told.add(place)
                found.append(finding)
    return found


def _measured(dossier: Dossier) -> Iterator[Measured]:
    for study in dossier.studies:
        reading = dossier.reading(study)
        for patient in reading.subjects():
            for row in reading.under(patient, "value"):
                value = reading.value(row, "value")
                instrument = reading.text(row, "instrument")
                if value is None or value.number is None or not instrument:
                    continue
                time = reading.text(row, "time-text") or reading.text(row, "time")
                unit = canonical(value.unit or reading.text(row, "outcome-unit"))
                yield Measured(study.study, patient.row, row.row, instrument, value.number, unit, time)


def canonical(unit: str) -> str:
    """A unit in one spelling: µ and mc as u, UI and IU as U."""
    unit = unit.replace("µ", "u").replace("μ", "u").replace("mcg", "ug")
    return re.sub(r"^(UI|IU)\b", "U", unit).replace("/l", "/L").replace("/dl", "/dL").replace("/ml", "/mL")


def factor(unit: str) -> float | None:
    """How many g/L a unit of mass in a volume is; None if it is none."""
    parts = _PARTS.fullmatch(unit)
    if parts is None or parts[1] not in MASSES or parts[2] not in VOLUMES:
        return None
    return MASSES[parts[1]] / VOLUMES[parts[2]]


def _two_units(instrument: str, values: list[Measured]) -> Iterator[Finding]:
    patients: dict[tuple[str, str], list[Measured]] = {}
    for one in values:
        patients.setdefault((one.study, one.patient), []).append(one)
    for (study, _), own in patients.items():
        units = list(dict.fromkeys(one.unit for one in own))
        ratios = [found for unit in units if (found := factor(unit)) is not None]
        is_same = len(ratios) == len(units) and math.isclose(max(ratios), min(ratios))
        if len(units) < 2 or is_same:
            continue
        usual = _usual(values, units)
        odd = [one for one in own if one.unit != usual]
        yield Finding(
            "units-plausible",
            DIFFERS,
            (study,),
            f"{instrument} of one patient in two units: {listed(one.said for one in own)}",
            tuple(_if_converted(one, usual) for one in odd),
            row=odd[0].row,
        )


def _usual(values: list[Measured], units: list[str]) -> str:
    """The unit that most values of the instrument have."""
    return max(units, key=lambda unit: sum(one.unit == unit for one in values))


def _if_converted(one: Measured, usual: str) -> str:
    own, other = factor(one.unit), factor(usual)
    if own is None or other is None:
        return f"others are in {usual}"
    converted = shown(round(one.number * own / other, 6))
    return f"as printed it is {converted} {usual}; if the unit is a slip, {shown(one.number)} {usual}"


def _far_off(instrument: str, values: list[Measured]) -> Iterator[Finding]:
    scaled = [(one, scale) for one in values if one.number > 0 and (scale := factor(one.unit)) is not None]
    if len(scaled) < ENOUGH:
        return
    decades = {id(one): math.log10(one.number * scale) for one, scale in scaled}
    middle = median(decades.values())
    spread = median(abs(decade - middle) for decade in decades.values())
    limit = max(LEAST_DECADES, SPREADS * spread)
    for one, scale in scaled:
        off = decades[id(one)] - middle
        if abs(off) <= limit:
            continue
        fits = [
            unit for unit in _COMMON if abs(math.log10(one.number * (factor(unit) or 1)) - middle) <= limit
        ]
        in_unit = 10**middle / scale
        yield Finding(
            "units-plausible",
            ASKED,
            (one.study,),
            f"{instrument} {one.said} lies far {'above' if off > 0 else 'below'} the others, whose middle is "
            f"{shown(round(in_unit, 3 if in_unit < 10 else 0))} {one.unit}",
            (f"would lie among them in {listed(fits, 'or')}",) if fits else (),
            row=one.row,
        )
