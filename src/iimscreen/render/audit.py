"""How an audit looks in the terminal: findings by check, and sums by drug."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iimscreen import auditing
from iimscreen.audit import CHECKS
from iimscreen.audit.findings import DIFFERS, Finding, Overlap, Stated, shown
from iimscreen.audit.overlap import Scored
from iimscreen.auditing import Audit
from iimscreen.render import console, plain

_MARKS = {"differs": "≠", "asked": "?", "open": "–"}


def report(found: Audit, *, short: bool = False) -> None:
    """The findings, check by check, then the sums by drug."""
    out = console()
    for check in CHECKS:
        own = [finding for finding in found.findings if finding.check == check.code]
        if not own:
            continue
        out.print(Text(f"{check.code}: {check.means}", style="bold"))
        for finding in own:
            out.print(_indented(line(finding), 2))
            for detail in () if short else finding.details:
                out.print(_indented(plain(detail), 6))
        out.print()
    _sums(found)
    for sentence in found.left_out:
        out.print(Text(f"Not counted once: {plain(sentence)}."))
    if found.not_final:
        out.print(Text(f"Not final: {plain('; '.join(found.not_final[:5]))}."))
    out.print(Text(f"{auditing.in_words(found)}. Findings are no errors: nothing was changed."))


def brief(found: Audit, *, most: int) -> None:
    """So many findings in a line each, some of every check, and how many more there are."""
    out = console()
    turns: dict[str, int] = {}
    ranked = []
    for place, finding in enumerate(found.findings):
        turns[finding.check] = turns.get(finding.check, 0) + 1
        ranked.append((turns[finding.check], place))
    for place in sorted(place for _, place in sorted(ranked)[:most]):
        out.print(_indented(line(found.findings[place], reading=True), 2))
    if ranked[most:]:
        out.print(_indented(f"… and {len(ranked) - most} more", 2))


def _indented(text: str, by: int) -> Padding:
    return Padding(Text(text), (0, 0, 0, by), expand=False)


def line(finding: Finding, *, reading: bool = False) -> str:
    """A finding in one line; of a stated total with the first reading that fits, if that is wanted."""
    says = finding.says
    named = all(study in says for study in finding.studies[:2]) or finding.compared is not None
    where = "" if named and not finding.row else f"{finding.where}: "
    fits = finding.compared.readings[:1] if finding.compared is not None and reading else ()
    is_exact = finding.compared is not None and not finding.compared.not_reported
    fit = f"; fits: {fits[0]}" if fits and is_exact and finding.weight == DIFFERS else ""
    return plain(f"{_MARKS[finding.weight]} {where}{says}{fit}")


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
