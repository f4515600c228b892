"""JSON Lines of our own: all that a record states, and nothing of it changed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from iimscreen.decision_formats import Decided
from iimscreen.formats.jsonl import stated


def write(reports: Sequence[Decided]) -> bytes:
    """A line for each report; what is ours stands under the key "iimscreen", which the reader passes over."""
    return "".join(f"{json.dumps(_line(one), ensure_ascii=False)}\n" for one in reports).encode()


def _line(one: Decided) -> dict[str, object]:
    return {**stated(one.report.record), "iimscreen": about(one)}


def about(one: Decided) -> dict[str, object]:
    """The key of a report, where its record came from, and what was decided on it, for files in JSON."""
    found: dict[str, object] = {
        "record": one.report.key,
        "database": one.report.database,
        "kind": one.report.kind.value,
    }
    decisions = [
        {
            "stage": judged.stage,
            **({"outcome": judged.outcome} if judged.outcome is not None else {}),
            **({"reason": judged.reason} if judged.reason else {}),
            **({"settled_by": judged.settled_by} if judged.settled_by else {}),
            "votes": [
                {
                    "by": list(word.names),
                    "kind": word.manner,
                    "verdict": word.verdict.value,
                    **({"reason": word.reason} if word.reason else {}),
                    **({"note": word.note} if word.note else {}),
                    "at": word.at,
                }
                for word in judged.words
            ],
        }
        for judged in one.stages
    ]
    return found | ({"decisions": decisions} if decisions else {})
