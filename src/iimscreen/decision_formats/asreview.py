"""ASReview's CSV: the columns that ASReview LAB 2 exports, and three of ours that it carries along.

It knows relevant (1), not relevant (0), and not seen (blank). What is neither of the first two is blank
there, and stands in `iimscreen_verdict`. LAB drops columns whose names begin with `asreview_` when a file
is given to it, and takes `included` for what is labelled already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from iimscreen.decision_formats import Decided, Reading, Said, notes_of
from iimscreen.decision_formats._cells import Row, headers, rows, table
from iimscreen.errors import InputError
from iimscreen.model import Verdict

HEADER = (
    "record_id", "title", "abstract", "authors", "keywords", "year", "journal", "volume", "issue", "pages", "doi",
    "url", "pmid", "iimscreen_record", "iimscreen_verdict", "iimscreen_reason", "included",
    "asreview_label", "asreview_time", "asreview_note", "asreview_user_name",
)  # fmt: skip
# As ASReview LAB 2 looks for them, the surest first.
LABELS = (
    "asreview_label", "included", "label", "final_included", "label_included", "included_label", "included_final",
    "included_flag", "include",
)  # fmt: skip
_WRITTEN = {"1": Verdict.INCLUDE, "0": Verdict.EXCLUDE}
_READ = {
    "1": Verdict.INCLUDE,
    "1.0": Verdict.INCLUDE,
    "true": Verdict.INCLUDE,
    "0": Verdict.EXCLUDE,
    "0.0": Verdict.EXCLUDE,
    "false": Verdict.EXCLUDE,
}
_NOT_SEEN = ("", "-1", "-1.0")


def write(decided: Sequence[Decided], labels: Mapping[str, str]) -> bytes:
    """A line for each report, of one stage."""
    del labels  # it knows no reasons
    return table(HEADER, (list(one.values()) for one in entries(decided)))


def entries(decided: Sequence[Decided]) -> list[dict[str, str | int | None]]:
    """Each report's values by column; numbers as numbers, what is not stated None."""
    return [_entry(number, one) for number, one in enumerate(decided)]


def _entry(number: int, one: Decided) -> dict[str, str | int | None]:
    record, judged = one.report.record, one.stages[0]
    verdict = judged.verdict
    label = next((int(word) for word, meant in _WRITTEN.items() if meant.value == verdict), None)
    last = max(judged.words, key=lambda word: word.at, default=None)
    names = dict.fromkeys(name for word in judged.words for name in word.names)
    values: tuple[str | int | None, ...] = (
        number,
        record.title,
        record.abstract,
        "; ".join(f"{a.family}, {a.given}" if a.given else a.family for a in record.authors) or None,
        "; ".join(record.keywords) or None,
        record.year,
        record.journal,
        record.volume,
        record.issue,
        record.pages,
        record.doi,
        f"https://doi.org/{record.doi}" if record.doi else None,
        record.pmid,
        one.report.key,
        verdict or None,
        judged.verdict_reason,
        label,
        label,
        re.sub(r"\..*|Z$", "", last.at).replace("T", " ") if last else None,
        notes_of(judged) or None,
        ", ".join(names) or None,
    )
    return dict(zip(HEADER, values, strict=True))


def looks_like(data: bytes) -> bool:
    """Whether a column of labels, as ASReview knows it, stands beside one of titles."""
    found = set(headers(data))
    return "title" in found and not found.isdisjoint(LABELS)


def read(data: bytes) -> Reading:
    """The label of each record; one that was not seen is no decision."""
    return Reading("ASReview", tuple(map(said, rows(data))))


def said(row: Row) -> Said:
    """What one row or entry says."""
    label = row.get(*LABELS)
    verdict = None if label.lower() in _NOT_SEEN else _READ.get(label.lower())
    if verdict is None and label.lower() not in _NOT_SEEN:
        raise InputError(
            f"line {row.line}: {label!r} is no label of ASReview",
            hint="expected 1 (relevant), 0 (not relevant), or nothing (not seen)",
        )
    ours = row.get("iimscreen_verdict")
    if verdict is None and ours in (Verdict.UNSURE, Verdict.AWAITING, Verdict.ONGOING):
        verdict = Verdict(ours)
    reason = row.get("iimscreen_reason") if verdict is Verdict.EXCLUDE and ours == verdict else ""
    return Said(
        line=row.line,
        key=row.get("iimscreen_record") or None,
        doi=row.doi,
        pmid=row.pmid,
        title=row.get("title", "primary_title") or None,
        year=row.year,
        verdict=verdict,
        reasons=(reason,) if reason else (),
        note=row.get("asreview_note") or None,
        at=row.get("asreview_time"),
    )
