"""How an audit looks in the terminal: findings by check, and sums by drug."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from iimscreen import auditing
from iimscreen.audit import CHECKS
from iimscreen.audit.findings import Finding, Overlap, Stated, shown
from iimscreen.audit.overlap import Scored
from iimscreen.auditing import Audit
from iimscreen.render import console, plain

_MARKS = {"differs": "≠", "open": "?", "asked": "?"}


def report(found: Audit, *, short: bool = False) -> None:
    """The findings, check by check, then the sums by drug."""
    out = console()
    for check in CHECKS:
        own = [finding for finding in found.findings if finding.check == check.code]
        if not own:
            continue
        out.print(Text(f"{check.code}: {check.means}", style="bold"))
        for finding in own:
            out.print(Text(f"  {line(finding)}"))
            for detail in () if short else finding.details:
                out.print(Text(f"      {plain(detail)}"))
        out.print()
    _sums(found)
    for sentence in found.left_out:
        out.print(Text(f"Not counted once: {plain(sentence)}."))
    if found.not_final:
        out.print(Text(f"Not final: {plain('; '.join(found.not_final[:5]))}."))
    out.print(Text(f"{auditing.in_words(found)}. Findings are no errors: nothing was changed."))


def line(finding: Finding) -> str:
    """A finding in one line."""
    says = finding.says
    named = all(study in says for study in finding.studies[:2]) or finding.compared is not None
    where = "" if named and not finding.row else f"{finding.where}: "
    return plain(f"{_MARKS[finding.weight]} {where}{says}")


def _sums(found: Audit) -> None:
    if not found.sums:
        return
    table = Table(box=box.SIMPLE, title="Subjects of the literature by drug", title_justify="left")
    for column in ("drug", "as reported", "counted once", "studies", "of these not reported"):
        table.add_column(column, justify="left" if column == "drug" else "right")
    for one in found.sums:
        cells = (one.drug, *(f"{n:,}" for n in (one.as_reported, one.once, one.studies, one.not_reported)))
        table.add_row(*(Text(plain(cell)) for cell in cells))
    console().print(table)


def totals(standing: Iterable[Stated]) -> None:
    """The totals that stand."""
    table = Table(box=box.SIMPLE)
    for column in ("name", "stated", "counts", "where", "of", "source"):
        table.add_column(column, overflow="fold")
    for one in standing:
        where = "; ".join(f"{name}={'|'.join(values)}" for name, values in one.filters)
        cells = (one.name, shown(one.value), one.counts, where, "; ".join(one.studies), one.source)
        table.add_row(*(Text(plain(cell)) for cell in cells))
    console().print(table if table.row_count else Text("No total is stated."))


def pairs(found: Sequence[Scored], answers: Sequence[Overlap]) -> None:
    """Pairs with their points, and what was answered."""
    out = console()
    told = {(one.study, one.other): one for one in answers}
    for pair in found:
        answer = told.get(tuple(sorted((pair.study, pair.other))))  # type: ignore[arg-type]  # two names
        said = "not answered" if answer is None else in_words(answer)
        out.print(Text(plain(f"{pair.study} and {pair.other}: {pair.score} points, {said}")))
        for points, what in pair.parts:
            out.print(Text(plain(f"  {points:+d} {what}")))
    others = {tuple(sorted((pair.study, pair.other))) for pair in found}
    for place, answer in told.items():
        if place not in others:
            out.print(Text(plain(f"{answer.study} and {answer.other}: {in_words(answer)}")))
    if not found and not told:
        out.print(Text("No two studies look as if they told of the same patients."))


def in_words(answer: Overlap) -> str:
    """An answer in words."""
    if answer.verdict != "overlap":
        return "other patients"
    counted = ", ".join(f"{'all' if what == '*' else what}: {study}" for what, study in answer.counted)
    return f"the same patients; counts for {counted}"
