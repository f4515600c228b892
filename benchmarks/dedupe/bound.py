"""The bare loop of benchmarks/bare_dedupe.py on one set."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from labelled import LabelledSet
from processes import run

_LOOP = Path(__file__).parents[1] / "bare_dedupe.py"


@dataclass(frozen=True, slots=True)
class Bound:
    """What the loop found, and what its steps cost without reading the file."""

    cpu_s: float
    peak_mb: float
    group_of: dict[str, str]


def bound_on(labelled: LabelledSet, folder: Path, *, rounds: int) -> Bound:
    """The best of so many fresh processes."""
    groups = folder / "groups.csv"
    told = [
        json.loads(run([sys.executable, _LOOP, labelled.ris, groups], folder).output) for _ in range(rounds)
    ]
    with groups.open(newline="", encoding="utf-8") as file:
        group_of = {row["record_id"]: row["group_id"] for row in csv.DictReader(file)}
    return Bound(min(one["cpu_s"] for one in told), min(one["peak_mb"] for one in told), group_of)
