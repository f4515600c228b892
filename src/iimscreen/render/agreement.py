"""How far reviewers agree: figures, cross-tables and the sentence for the paper; the same as JSON and CSV.

No word is put to a figure ("substantial"): scales contradict each other, numbers do not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iimscreen import render
from iimscreen.agreement import NO_RECORD
from iimscreen.reliability.comparing import LEAST_TO_PART, same_reason
from iimscreen.reliability.in_words import STAGE, coefficient, counted_as, interval, percent
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.agreement import Agreement, Estimate
    from iimscreen.reliability.comparing import CrossTable, MissedByBoth, PairAgreement

_BIAS = "dependence biases it low: two people who read the same text miss the same things"


def _say(text: str, style: str = "") -> None:
    render.console().print(Text(render.plain(text), style=style))


def pairs(found: Sequence[PairAgreement], *, as_json: bool) -> None:
    """Agreement of every pair, part by part.

    JSON: a list of objects, one for each stage or round and pair, with stage, round, kind (stage, pilot
    or batch), without (pilots left out), reviewer, other_reviewer, counted_as, figures, mcnemar,
    verdicts, reasons, over_time, sentence, missed_by_both and not_estimable. What has no value is null,
    and not_estimable says why, by the path of its key ("figures.kappa").

    figures: n, categories, table (rows reviewer, columns other_reviewer), observed and expected (shares),
    kappa, kappa_se, kappa_interval (95 %, not cut at -1 and 1), kappa_se_by_chance, pabak (with three
    categories the coefficient of Brennan and Prediger), ac1, ac1_se, ac1_interval, positive_agreement
    and negative_agreement (on include, on exclude), agreement_on (each category), prevalence_index,
    bias_index. mcnemar: only_reviewer_included, only_other_included, p, stricter. verdicts and reasons:
    rows (of reviewer), columns (of other_reviewer), counts; reasons also same. over_time: from, to,
    until and figures of each quarter. missed_by_both: rated, found_by_reviewer, found_by_other,
    found_by_both, total, total_se, missed, caution; null at all other stages and rounds.
    """
    if as_json:
        render.json(as_values(found))
        return
    if not found:
        _say("Agreement is not estimable: fewer than two reviewers have votes that may be seen.")
        return
    for one in found:
        if one.figures.n:
            _pair(one)
    _without_both_votes([one for one in found if not one.figures.n])
    _say("Votes given before the other reviewer's could be seen.", "dim")
    number = len({(one.reviewer, one.other_reviewer) for one in found})
    if number > 1:
        _say(f"{number:,} pairs, each by itself: kappas of several pairs are not pooled.", "dim")


def as_values(found: Sequence[PairAgreement]) -> list[dict[str, Any]]:
    """Pairs as `agreement --json` has them."""
    return [_as_json(one) for one in found]


# --- the terminal ----------------------------------------------------------------------------------


def _part(one: PairAgreement) -> str:
    where = one.stage if one.kind == STAGE else f"{one.stage}, {one.round}"
    return where + (f" (without {', '.join(one.without)})" if one.without else "")


def _without_both_votes(found: Sequence[PairAgreement]) -> None:
    """Pairs that judged no record both, together: of many reviewers who share the records there are many."""
    for part in dict.fromkeys(map(_part, found)):
        names = [f"{one.reviewer} and {one.other_reviewer}" for one in found if _part(one) == part]
        _say(f"{part}: not estimable, since {NO_RECORD}: {'; '.join(names)}.\n")


def _pair(one: PairAgreement) -> None:
    _say(f"{_part(one)}: {one.reviewer} and {one.other_reviewer}", "bold")
    figures = one.figures
    agreed = sum(figures.table[i][i] for i in range(len(figures.categories)))
    how = counted_as(one.stage, len(figures.categories))
    _paragraph(
        f"{counted(figures.n, 'record')} judged by both; they agreed on {agreed:,}, "
        f"{percent(agreed / figures.n)} agreement ({how})"
    )
    _indented(_coefficients(figures))
    _paragraph(_stricter(one))
    _say("")
    _indented(_cross(one.verdicts, one.reviewer, one.other_reviewer, "verdicts"))
    _say("")
    _show_reasons(one)
    _show_over_time(one)
    if one.missed is not None:
        _paragraph(_missed(one.missed))
        _say("")
    _say("  For the paper:", "dim")
    _paragraph(one.sentence or "", 4)
    _say("")


def _paragraph(text: str, indent: int = 2, style: str = "") -> None:
    """Text whose lines stay as far in as the first."""
    render.console().print(Padding(Text(render.plain(text), style=style), (0, 0, 0, indent), expand=False))


def _indented(table: Table) -> None:
    render.console().print(Padding(table, (0, 0, 0, 2), expand=False))


def _grid(*headings: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    for heading in headings:
        table.add_column(
            Text(render.plain(heading)),
            justify="right" if heading in right else "left",
            overflow="fold",
            header_style="dim",
        )
    return table


def _cells(*cells: str) -> list[Text]:
    return [Text(render.plain(cell)) for cell in cells]


def _coefficients(figures: Agreement) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    named: list[tuple[str, Estimate]] = [
        ("Cohen's kappa", figures.kappa),
        ("PABAK" if len(figures.categories) == 2 else "Brennan-Prediger", figures.pabak),
        ("Gwet's AC1", figures.ac1),
        *(
            (f"agreement on {name}", estimate)
            for name, estimate in zip(figures.categories, figures.specific, strict=True)
        ),
        ("prevalence index", figures.prevalence_index),
        ("bias index", figures.bias_index),
    ]
    for name, estimate in named:
        if name.endswith("index") and estimate.value is None:
            continue  # they are defined for two categories
        as_share = name.startswith("agreement")
        table.add_row(*_cells(name, *_estimate(estimate, as_share=as_share)))
    return table


def _estimate(one: Estimate, *, as_share: bool) -> tuple[str, str]:
    """The figure, and its interval or why there is none."""
    if one.value is None:
        return "not estimable", one.why_not
    value = percent(one.value) if as_share else coefficient(one.value)
    if one.interval is not None:
        return value, interval(one.interval)
    return value, f"no interval: {one.why_not}" if one.why_not else ""


def _stricter(one: PairAgreement) -> str:
    test = one.mcnemar
    if test.p is None:
        return "who is stricter is not estimable: they never differed on whether to exclude"
    probability = "p < 0.001" if test.p < 0.001 else f"p = {test.p:.3f}"
    differed = test.only_one + test.only_other
    exact = f"McNemar, exact: {probability}"
    if one.stricter is None:
        return f"each excluded half of the {differed:,} on which they differed ({exact})"
    more = max(test.only_one, test.only_other)
    return f"{one.stricter} excluded more: {more:,} of the {differed:,} on which they differed ({exact})"


def _cross(found: CrossTable, one: str, other: str, what: str) -> Table:
    """Rows by columns; where that is wider than the terminal, a row for each cell that is not 0."""
    columns = [f"{other}: {column}" if place == 0 else column for place, column in enumerate(found.columns)]
    table = _grid(f"{what} of {one}", *columns, right=columns)
    for row, counts in zip(found.rows, found.counts, strict=True):
        table.add_row(*_cells(row, *(f"{count:,}" for count in counts)))
    console = render.console()
    endless = console.options.update(max_width=10_000)
    return (
        table
        if console.measure(table, options=endless).maximum <= console.width - 2
        else _long(found, one, other)
    )


def _long(found: CrossTable, one: str, other: str) -> Table:
    table = _grid(one, other, "records", right=("records",))
    cells = [
        (count, row, column)
        for row, counts in zip(found.rows, found.counts, strict=True)
        for column, count in zip(found.columns, counts, strict=True)
        if count
    ]
    for count, row, column in sorted(cells, key=lambda cell: -cell[0]):
        table.add_row(*_cells(row, column, f"{count:,}"))
    return table


def _show_reasons(one: PairAgreement) -> None:
    both = sum(map(sum, one.reasons.counts))
    if not both:
        return
    _say(f"  Both excluded {both:,}; for the same reason {same_reason(one.reasons):,}.")
    if (len(one.reasons.rows), len(one.reasons.columns)) != (1, 1):
        _indented(_cross(one.reasons, one.reviewer, one.other_reviewer, "reasons"))
    _say("")


def _show_over_time(one: PairAgreement) -> None:
    if not one.over_time:
        _say(f"  Over time: not shown for fewer than {LEAST_TO_PART} records.\n", "dim")
        return
    table = _grid("over time", "until", "agreement", "kappa", right=("agreement",))
    for portion in one.over_time:
        kappa, observed = portion.figures.kappa, portion.figures.observed.value
        table.add_row(
            *_cells(
                f"{portion.first:,} to {portion.last:,}",
                portion.until[:10],
                "" if observed is None else percent(observed),
                "not estimable" if kappa.value is None else coefficient(kappa.value),
            )
        )
    _indented(table)
    _paragraph("Quarters of these records, in order of the later of the two votes.", style="dim")
    _say("")


def _missed(missed: MissedByBoth) -> str:
    if missed.found is None:
        return f"Missed by both: not estimable: {missed.why_not}"
    found = missed.found
    of = f"{counted(missed.rated or 0, 'report')} included in the end that both judged here"
    if found.total.value is None or found.missed_by_both is None:
        return f"Missed by both: not estimable: of {of}, {missed.why_not}"
    no_spread = f", since {found.total.why_not.rsplit(',', 1)[0]}" if found.total.why_not else ""
    return (
        f"Missed by both: {found.missed_by_both:.1f} eligible reports expected. Of {of}, they kept "
        f"{found.found_by_one:,} and {found.found_by_other:,}, {found.found_by_both:,} of them both; Chapman's "
        f"estimate of all there are is {found.total.value:.1f} (SE {found.total.se:.1f}{no_spread}). "
        f"{_BIAS.capitalize()}. Not for the manuscript."
    )


# --- JSON and CSV ----------------------------------------------------------------------------------


def _as_json(one: PairAgreement) -> dict[str, Any]:
    why_not: dict[str, str] = {}
    figures = _figures_json(one.figures, "figures", why_not)
    if one.mcnemar.p is None:
        why_not["mcnemar.p"] = one.mcnemar.why_not
    over_time = [
        {
            "from": portion.first,
            "to": portion.last,
            "until": portion.until,
            "figures": _figures_json(portion.figures, f"over_time.{place}.figures", why_not),
        }
        for place, portion in enumerate(one.over_time)
    ]
    if not over_time:
        why_not["over_time"] = f"fewer than {LEAST_TO_PART} records"
    if one.sentence is None:
        why_not["sentence"] = one.figures.observed.why_not
    return {
        "stage": one.stage,
        "round": one.round,
        "kind": one.kind,
        "without": list(one.without),
        "reviewer": one.reviewer,
        "other_reviewer": one.other_reviewer,
        "counted_as": counted_as(one.stage, len(one.figures.categories)),
        "figures": figures,
        "mcnemar": {
            "only_reviewer_included": one.mcnemar.only_one,
            "only_other_included": one.mcnemar.only_other,
            "p": one.mcnemar.p,
            "stricter": one.stricter,
        },
        "verdicts": _cross_json(one.verdicts),
        "reasons": {**_cross_json(one.reasons), "same": same_reason(one.reasons)},
        "over_time": over_time,
        "sentence": one.sentence,
        "missed_by_both": _missed_json(one.missed, why_not),
        "not_estimable": why_not,
    }


def _figures_json(figures: Agreement, path: str, why_not: dict[str, str]) -> dict[str, Any]:
    named = {
        "observed": figures.observed,
        "expected": figures.expected,
        "kappa": figures.kappa,
        "pabak": figures.pabak,
        "ac1": figures.ac1,
        "positive_agreement": figures.specific[0],
        "negative_agreement": figures.specific[-1],
        "prevalence_index": figures.prevalence_index,
        "bias_index": figures.bias_index,
    }
    for name, estimate in named.items():
        if estimate.why_not:
            of = name if estimate.value is None else f"{name}_interval"
            why_not[f"{path}.{of}"] = estimate.why_not
    for category, estimate in zip(figures.categories, figures.specific, strict=True):
        if estimate.why_not:
            why_not[f"{path}.agreement_on.{category}"] = estimate.why_not
    return {
        "n": figures.n,
        "categories": list(figures.categories),
        "table": [list(row) for row in figures.table],
        "observed": figures.observed.value,
        "expected": figures.expected.value,
        "kappa": figures.kappa.value,
        "kappa_se": figures.kappa.se,
        "kappa_interval": figures.kappa.interval,
        "kappa_se_by_chance": figures.kappa_se_by_chance,
        "pabak": figures.pabak.value,
        "ac1": figures.ac1.value,
        "ac1_se": figures.ac1.se,
        "ac1_interval": figures.ac1.interval,
        "positive_agreement": figures.specific[0].value,
        "negative_agreement": figures.specific[-1].value,
        "agreement_on": {
            category: estimate.value
            for category, estimate in zip(figures.categories, figures.specific, strict=True)
        },
        "prevalence_index": figures.prevalence_index.value,
        "bias_index": figures.bias_index.value,
    }


def _cross_json(found: CrossTable) -> dict[str, Any]:
    return {
        "rows": list(found.rows),
        "columns": list(found.columns),
        "counts": [list(counts) for counts in found.counts],
    }


def _missed_json(missed: MissedByBoth | None, why_not: dict[str, str]) -> dict[str, Any] | None:
    if missed is None:
        return None
    if missed.why_not:
        why_not["missed_by_both.total"] = missed.why_not
    found = missed.found
    return {
        "rated": missed.rated,
        "found_by_reviewer": found.found_by_one if found else None,
        "found_by_other": found.found_by_other if found else None,
        "found_by_both": found.found_by_both if found else None,
        "total": found.total.value if found else None,
        "total_se": found.total.se if found else None,
        "missed": found.missed_by_both if found else None,
        "caution": _BIAS,
    }


def as_csv(found: Sequence[PairAgreement]) -> str:
    """The cross-tables, a row for each cell: stage, round, reviewer, other_reviewer, table (verdicts or
    reasons), said_by_reviewer, said_by_other, records.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        (
            "stage",
            "round",
            "reviewer",
            "other_reviewer",
            "table",
            "said_by_reviewer",
            "said_by_other",
            "records",
        )
    )
    for one in found:
        for name, table in (("verdicts", one.verdicts), ("reasons", one.reasons)):
            for row, counts in zip(table.rows, table.counts, strict=True):
                for column, count in zip(table.columns, counts, strict=True):
                    words = (one.stage, one.round, one.reviewer, one.other_reviewer, name, row, column)
                    writer.writerow([*map(_cell, words), count])
    return out.getvalue()


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
