"""Covidence's CSV of references, with its 16 columns, and three of ours behind them.

Covidence exports one list at a time (included, excluded, irrelevant, …), and the list is the decision: of
its columns none holds it, but Notes state the reason of an exclusion. So ours is a column of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from iimscreen.decision_formats import TAGS, Decided, Reading, Said, notes_of, words_of
from iimscreen.decision_formats._cells import Row, headers, rows, table
from iimscreen.errors import InputError
from iimscreen.model import Verdict, stated_accession

HEADER = (
    "Title", "Authors", "Abstract", "Published Year", "Published Month", "Journal", "Volume", "Issue", "Pages",
    "Accession Number", "DOI", "Ref", "Covidence #", "Study", "Notes", "Tags",
    "iimscreen record", "iimscreen decision", "iimscreen reason",
)  # fmt: skip
_REASON = re.compile(r"Exclusion reason:\s*(.*?)\s*(?:;|$)", re.DOTALL)
_NUMBER = re.compile(r"#?\d+")


def write(decided: Sequence[Decided], labels: Mapping[str, str]) -> bytes:
    """A line for each report, of one stage."""
    return table(HEADER, (_line(one, labels) for one in decided))


def _line(one: Decided, labels: Mapping[str, str]) -> list[object]:
    record, judged = one.report.record, one.stages[0]
    reason = judged.verdict_reason
    label = labels.get(reason, reason).replace(";", ",") if reason else ""
    said = [f"Exclusion reason: {label};" if label else "", notes_of(judged)]
    study = " ".join(str(part) for part in (*(a.family for a in record.authors[:1]), record.year) if part)
    date = (record.published_on or "").split("-")
    number = record.source_id if record.source_id and record.source_id.startswith("#") else None
    return [
        record.title,
        "; ".join(f"{a.family}, {a.given}" if a.given else a.family for a in record.authors),
        record.abstract,
        record.year,
        date[1] if len(date) > 1 else None,
        record.journal,
        record.volume,
        record.issue,
        record.pages,
        stated_accession(record.accession or "") if record.accession == record.pmid else None,
        record.doi,
        one.report.id,
        number if number and _NUMBER.fullmatch(number) else None,
        study,
        " ".join(filter(None, said)),
        next((tag for verdict, tag in TAGS.items() if verdict.value == judged.verdict), None),
        one.report.key,
        judged.verdict,
        reason,
    ]


def looks_like(data: bytes) -> bool:
    """Whether the headers are Covidence's."""
    return {"title", "covidence #", "notes"} <= set(headers(data))


def read(data: bytes) -> Reading:
    """What each line says of the decision: our column, or else the reason of an exclusion in Notes."""
    return Reading("Covidence", tuple(map(_said, rows(data))))


def _said(row: Row) -> Said:
    notes, tags = row.cells.get("notes", ""), words_of(row.cells.get("tags", ""))
    stated = _REASON.search(notes)
    decision = row.get("iimscreen decision").lower()
    verdict: Verdict | None = None
    if decision and decision not in ("conflict", "pending"):
        verdict = _verdict(decision, row.line)
    elif stated and not decision:
        verdict = Verdict.EXCLUDE
    elif not decision:
        verdict = next((word for word, tag in TAGS.items() if tag in tags), None)
    reason = row.get("iimscreen reason") or (stated.group(1) if stated else "")
    rest = _REASON.sub("", notes).strip(" ;\n")
    return Said(
        line=row.line,
        key=row.get("iimscreen record") or None,
        doi=row.doi,
        pmid=row.pmid,
        title=row.get("title") or None,
        year=row.year,
        verdict=verdict,
        reasons=(reason,) if reason and verdict is Verdict.EXCLUDE else (),
        note=rest or None,
    )


def _verdict(word: str, line: int) -> Verdict:
    try:
        return Verdict(word)
    except ValueError as error:
        raise InputError(
            f"line {line}: {word!r} is no decision",
            hint=f"expected one of {', '.join(v.value for v in Verdict if v is not Verdict.WITHDRAWN)}",
        ) from error
