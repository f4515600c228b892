"""How two extractors' values look side by side, what stands of them, and how far they agreed; also as JSON and CSV."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from iimscreen import render
from iimscreen.decision_formats import safe, table
from iimscreen.forms import CODES, DATA
from iimscreen.reliability.in_words import coefficient, interval, percent
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.agreement import Estimate
    from iimscreen.consensus.agreeing import Agreements, FieldAgreement, PairAgreement
    from iimscreen.consensus.comparing import Compared, ComparedAll
    from iimscreen.consensus.progress import Left, Progress, StudyProgress
    from iimscreen.consensus.showing import Shown
    from iimscreen.forms.consensus import Both, Resolution, Row
    from iimscreen.model import Cell

HOW = {
    "double": "extracted by two",
    "checked": "extracted by one, checked by another",
    "single": "extracted by one alone",
}
_COMPARED = (
    *(
        "study",
        "row",
        "level",
        "field",
        "state",
        "first",
        "first_row",
        "first_value",
        "first_quote",
        "first_page",
    ),
    *("second", "second_row", "second_value", "second_quote", "second_page"),
    *("take", "value", "unit", "reason", "quote", "page", "report"),
)


def _say(text: str, style: str = "") -> None:
    from rich.text import Text

    render.console().print(Text(render.plain(text), style=style), soft_wrap=True)


def _name(study: str) -> str:
    return study or "the review"


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table to the standard output, for a file: no cell of it is a formula."""
    made = table(header, [[safe(str(cell)) if cell is not None else "" for cell in row] for row in rows])
    sys.stdout.write(made.decode("utf-8-sig").replace("\r\n", "\n"))


# --- compare ---------------------------------------------------------------------------------------


def said(cell: Cell | None) -> str:
    """A value with its quote and page, on one line."""
    if cell is None:
        return "nothing"
    quote = f" “{' '.join(cell.quote.split())}”" if cell.quote else ""
    formula = f" = {cell.formula}" if cell.formula else ""
    page = f" ({cell.page})" if cell.page else ""
    return f"{cell.value}{formula}{quote}{page}"


def place(row: Row, both: Both) -> str:
    """A cell by field and row, with both persons' numbers of it where they differ."""
    theirs = set(row.rows.values())
    numbers = "" if len(theirs) == 1 else f" ({', '.join(f'{n} {r}' for n, r in row.rows.items())})"
    return f"{both.field} of {row.row}{numbers}" if row.row else both.field


def alone(row: Row) -> str:
    """A row that only one has."""
    ((name, theirs),) = row.rows.items()
    known = row.about.get(name)
    purpose = ", on purpose" if row.how == "alone on purpose" else ""
    return f"row {theirs} of {name} alone{purpose}" + (f": {known}" if known else "")


def conflict(row: Row, both: Both, names: Sequence[str]) -> list[str]:
    """A cell that differs, as lines."""
    lines = [place(row, both)]
    lines += [f"    {name}: {said(cell)}" for name, cell in zip(names, both.cells, strict=True)]
    if both.outdated is not None:
        lines.append(f"    settled as {_final(both.outdated)} before one of them changed it")
    return lines


def _final(word: Resolution) -> str:
    why = f": {word.reason}" if word.reason else ""
    value = word.value if word.value is not None else "empty"
    return f"{value} by {word.manner} ({', '.join(word.names)}){why}"


def compared(found: Compared, *, equal: bool, as_json: bool, as_csv: bool) -> None:
    """One study; `equal`: also what is the same but for spelling, and what was settled."""
    if as_json:
        render.json(_compared(found))
    elif as_csv:
        _csv(_COMPARED, _lines([found]))
    else:
        _in_lines(found)
        if equal:
            _settled(found)
        if found.left:
            by = " ".join(f"--by {name}" for name in found.consensus.names)
            _say(f"Next: iimscreen extract resolve {found.study!r} {by}{_option(found.form)}", "bold")


def _option(form: str) -> str:
    return "" if form == DATA else f" --form {form}"


def _in_lines(found: Compared) -> None:
    made = found.consensus
    names = " and ".join(made.names)
    _say(f"{_name(found.study)}: {HOW[made.manner]} ({names})", "bold")
    _say(
        f"{counted(made.agreed, 'cell')} equal, {len(found.resolved):,} settled, "
        f"{counted(len(made.conflicts), 'cell')} to resolve, "
        f"{counted(len(made.alone), 'row')} without a counterpart."
    )
    for row, both in made.conflicts:
        for line in conflict(row, both, made.names):
            _say(line)
    for row in made.alone:
        _say(alone(row))


def _settled(found: Compared) -> None:
    """What needs nobody any more: the same but for spelling, or settled."""
    for row, both in found.spelled:
        both_ways = " and ".join(repr(str(cell.value)) for cell in both.cells if cell is not None)
        _say(f"counted as the same: {place(row, both)}: {both_ways}", "dim")
    for row, both in found.resolved:
        if both.resolution is not None:
            _say(f"settled: {place(row, both)} is {_final(both.resolution)}", "dim")
    for row in found.consensus.rows:
        if row.resolution is not None:
            _say(f"settled: row {row.row} is {_final(row.resolution)}", "dim")


def compared_all(found: ComparedAll, *, as_json: bool, as_csv: bool) -> None:
    """Every study that is open, in short."""
    if as_json:
        render.json({"studies": [_compared(one) for one in found.studies], "closed": found.closed})
    elif as_csv:
        _csv(_COMPARED, _lines(found.studies))
    else:
        shown = render._table(
            *("study", "how", "equal", "settled", "to resolve", "rows alone"),
            right=("equal", "settled", "to resolve", "rows alone"),
        )
        for one in found.studies:
            made = one.consensus
            how = f"{HOW[made.manner]}: {', '.join(made.names)}"
            counts = made.agreed, len(one.resolved), len(made.conflicts), len(made.alone)
            render._row(shown, _name(one.study), how, *counts)
        if found.studies:
            render.console().print(shown)
        if found.closed:
            _say(f"{counted(found.closed, 'study', 'studies')} closed to view and not compared.")
        for one in [one for one in found.studies if one.left][:1]:
            _say(f"Next: iimscreen extract compare {one.study!r}{_option(one.form)}", "bold")


def _compared(found: Compared) -> dict[str, Any]:
    """study, manner, names, equal (cells), conflicts, alone (rows that one has), spelled (equal but for spelling),
    resolved.
    """
    made = found.consensus
    return {
        "study": found.study,
        "manner": made.manner,
        "names": list(made.names),
        "equal": made.agreed,
        "conflicts": [_both(row, both, made.names) for row, both in made.conflicts],
        "alone": [
            {
                "row": row.row,
                "level": row.level,
                "rows": dict(row.rows),
                "on_purpose": row.how == "alone on purpose",
            }
            | {"known_by": dict(row.about)}
            for row in made.alone
        ],
        "spelled": [_both(row, both, made.names) for row, both in found.spelled],
        "resolved": [_both(row, both, made.names) for row, both in found.resolved],
        "rows": [
            {"row": row.row, "level": row.level, "parent": row.parent, "rows": dict(row.rows)}
            | {"state": row.state, "aligned": row.how, "score": row.score}
            for row in made.rows
        ],
    }


def _both(row: Row, both: Both, names: Sequence[str]) -> dict[str, Any]:
    return {
        "row": row.row,
        "level": row.level,
        "field": both.field,
        "rows": dict(row.rows),
        "values": {name: _cell(cell) for name, cell in zip(names, both.cells, strict=True)},
        "final": _cell(both.final),
        "resolution": _resolution(both.resolution),
        "outdated": _resolution(both.outdated),
    }


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    value = cell.value
    return {
        "value": value.text or None,
        "unit": value.unit or None,
        "code": value.code or None,
        "quote": cell.quote or None,
        "page": cell.page or None,
        "report": cell.report or None,
        "formula": cell.formula or None,
        "note": cell.note or None,
        "names": list(cell.names),
        "settled": cell.settled,
    }


def _resolution(word: Resolution | None) -> dict[str, Any] | None:
    if word is None:
        return None
    return {
        "value": str(word.value) if word.value is not None else None,
        "chosen": word.chosen,
        "manner": word.manner,
        "names": list(word.names),
        "reason": word.reason or None,
        "at": word.at,
    }


def _lines(found: Iterable[Compared]) -> list[list[object]]:
    """A line for each cell to resolve and each row alone, to be filled in and read back."""
    lines: list[list[object]] = []
    for one in found:
        names = one.consensus.names
        for row, both in one.consensus.conflicts:
            line: list[object] = [one.study, row.row, row.level, both.field, "differs"]
            for name, cell in zip(names, both.cells, strict=True):
                line += [
                    name,
                    row.rows.get(name, ""),
                    *((cell.value, cell.quote, cell.page) if cell else ("", "", "")),
                ]
            lines.append([*line, *[""] * (len(_COMPARED) - len(line))])
        for row in one.consensus.alone:
            line = [one.study, row.row, row.level, "", "row alone"]
            for name in names:
                line += [name, row.rows.get(name, ""), row.about.get(name, ""), "", ""]
            lines.append([*line, *[""] * (len(_COMPARED) - len(line))])
    return lines


# --- show ------------------------------------------------------------------------------------------


def shown(found: Shown, *, as_json: bool) -> None:
    """Values of one study, row by row, with where each is from."""
    if as_json:
        render.json(
            {
                "study": found.study,
                "form": found.form.name,
                "of": found.of or None,
                "manner": found.manner,
                "rows": [
                    {"row": row.row, "level": row.level, "parent": row.parent}
                    | {"cells": {name: _cell(cell) for name, cell in row.cells.items()}}
                    for row in found.rows
                ],
            }
        )
        return
    whose = f"as {found.of} has it" if found.of else HOW[found.manner or "single"]
    _say(f"{_name(found.study)}: {whose}", "bold")
    if found.to_check:
        _say(
            f"To check: values of {', '.join(found.to_check)}. Enter what differs, then sign with `extract done`."
        )
    titles = {level.name: level.title for level in found.form.levels}
    for row in found.rows:
        if row.row:
            _say(
                f"{row.row} {titles[row.level].lower()}" + (f", of {row.parent}" if row.parent else ""),
                "bold",
            )
        for name, cell in row.cells.items():
            words = f" {CODES[cell.value.code]}" if cell.value.code else ""
            by = (
                ""
                if found.of and cell.names == (found.of,)
                else f"  [{cell.settled}: {', '.join(cell.names)}]"
            )
            note = f"  note: {cell.note}" if cell.note else ""
            _say(f"  {name}: {said(cell)}{words}{note}{by}")
    if not any(row.cells for row in found.rows):
        _say("Nothing is entered.")


# --- status ----------------------------------------------------------------------------------------


def progress(found: Progress, left: Sequence[Left] | None, *, as_json: bool) -> None:
    """Who is done with what, what is left, the sentence for the methods, and what to type next."""
    if as_json:
        from dataclasses import asdict

        render.json({**asdict(found), "left": None if left is None else [asdict(one) for one in left]})
        return
    for one in found.studies:
        _say(f"{_name(one.study)}: {_where(one)}")
    for each in left or ():
        missing = f"; {'; '.join(each.missing[:3])}" if each.missing else "; nothing required is missing"
        more = f"; and {len(each.missing) - 3:,} more" if len(each.missing) > 3 else ""
        _say(
            f"left for you: {_name(each.study)}, {counted(each.given, 'value')} given{missing}{more}",
            "yellow",
        )
    if left is not None and not left:
        _say("Nothing that you have begun is left to finish.")
    _say(found.sentence)
    _say(f"Next: {found.next_command}", "bold")


def _where(one: StudyProgress) -> str:
    done = f"{' and '.join(one.done)} done" if one.done else "nobody is done"
    parts = [done, *(f"{name} has taken it up again" for name in one.again)]
    if one.manner is None:
        parts.append(f"{counted(one.needed, 'extractor')} more to be done; closed")
    else:
        parts.append(HOW[one.manner])
        parts.append(f"{one.conflicts or 0:,} to resolve")
    if one.to_check:
        parts.append("to be checked")
    return "; ".join(parts)


# --- agreement -------------------------------------------------------------------------------------

_AGREEMENT = (
    *("extractor", "other_extractor", "level", "field", "type", "n", "same", "share", "exact", "one_empty"),
    *("kappa", "kappa_low", "kappa_high", "not_estimable"),
)


def agreements(found: Agreements, *, as_json: bool, as_csv: bool) -> None:
    """Agreement of every pair of extractors, field by field, the worst first."""
    if as_json:
        render.json(
            {
                "pairs": [_pair(one) for one in found.pairs],
                "closed": found.closed,
                "not_independent": found.not_independent,
            }
        )
        return
    if as_csv:
        _csv(_AGREEMENT, [_agreement_line(one, each) for one in found.pairs for each in one.fields])
        return
    for one in found.pairs:
        _say(f"{' and '.join(one.names)}: {counted(len(one.studies), 'study', 'studies')}", "bold")
        shown = render._table(
            "field", "n", "agreement", "to the letter", "one empty", "kappa", right=("n", "one empty")
        )
        for each in one.fields:
            letter = percent(each.exact / each.n) if each.exact != each.same else ""
            render._row(
                shown, each.field.name, each.n, percent(each.share), letter, each.one_empty, _kappa(each)
            )
        render.console().print(shown)
        for level in one.rows:
            _say(
                f"rows of {level.level}: {level.both:,} by both, {level.only_one:,} by {one.names[0]} alone, "
                f"{level.only_other:,} by {one.names[1]} alone"
            )
    if not found.pairs:
        _say("Agreement is not estimable: no open study was extracted by two independently.")
    else:
        _say(
            "Values given before the other's could be seen, in rows that both have; rows alone are not in it.",
            "dim",
        )
    if found.not_independent:
        _say(
            f"{counted(found.not_independent, 'study', 'studies')} not compared: not extracted by two independently."
        )
    if found.closed:
        _say(f"{counted(found.closed, 'study', 'studies')} closed to view and not compared.")


def _kappa(each: FieldAgreement) -> str:
    if each.figures is None:
        return ""
    kappa = each.figures.kappa
    if kappa.value is None:
        return f"not estimable: {_of_values(kappa)}"
    bounds = (
        f" ({interval(kappa.interval)})"
        if kappa.interval is not None
        else f" (no interval: {_of_values(kappa)})"
    )
    return coefficient(kappa.value) + bounds


def _of_values(kappa: Estimate) -> str:
    return kappa.why_not.replace("verdict", "value").replace("record", "row")


def _pair(one: PairAgreement) -> dict[str, Any]:
    return {
        "extractor": one.names[0],
        "other_extractor": one.names[1],
        "studies": list(one.studies),
        "fields": [_field(each) for each in one.fields],
        "rows": [
            {"level": level.level, "both": level.both, "only_extractor": level.only_one}
            | {"only_other": level.only_other}
            for level in one.rows
        ],
    }


def _field(each: FieldAgreement) -> dict[str, Any]:
    figures = each.figures
    return {
        "field": each.field.name,
        "level": each.field.level,
        "type": str(each.field.kind),
        "tolerance": each.field.tolerance,
        "n": each.n,
        "same": each.same,
        "share": each.share,
        "exact": each.exact,
        "one_empty": each.one_empty,
        "categories": list(figures.categories) if figures is not None else None,
        "table": [list(row) for row in figures.table] if figures is not None else None,
        "kappa": figures.kappa.value if figures is not None else None,
        "kappa_interval": figures.kappa.interval if figures is not None else None,
        "not_estimable": _of_values(figures.kappa) or None if figures is not None else None,
    }


def _agreement_line(one: PairAgreement, each: FieldAgreement) -> list[object]:
    kappa = each.figures.kappa if each.figures is not None else None
    low, high = kappa.interval if kappa is not None and kappa.interval is not None else (None, None)
    return [
        *one.names,
        *(each.field.level, each.field.name, each.field.kind, each.n, each.same, each.share, each.exact),
        each.one_empty,
        *(kappa.value if kappa is not None else None, low, high),
        _of_values(kappa) if kappa is not None else "",
    ]
