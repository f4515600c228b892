"""How a traced strategy looks: blocks, terms, sub-queries, known items, and what loses the missed ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from iimscreen.render import console, json, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.known_items import Lookup
    from iimscreen.recall import Share
    from iimscreen.tracing import ItemTrace, KnownTrace, Recurring, Trace

NOT_ESTIMABLE = "not estimable"
_NUMBERS = ("hits", "in strategy", "unique", "known", "only here", "terms", "known found", "without it")


def trace(found: Trace, *, as_json: bool) -> None:
    """A traced strategy as tables, or as JSON."""
    if as_json:
        json(_as_json(found))
        return
    _say(f"Strategy {found.strategy} in {found.source}: {counted(found.hits, 'hit')}", "bold")
    if found.limit:
        undated = f"; {found.undated:,} of the hits state no such date and were kept" if found.undated else ""
        _say(f"All hits are under the date limit {found.limit}{undated}.")
    _say("")
    _blocks(found)
    _terms(found)
    if len(found.lines) > 1:
        _sub_queries(found)
    if found.known is None:
        _say("No known items were given (--known), so nothing can be said of recall.", "yellow")
    else:
        _known(found, found.known)
    for sentence in found.warnings:
        _say(f"Note: {plain(sentence)}", "yellow")
    for sentence in found.caveats:
        _say(f"Caution: {sentence}", "yellow")


def _blocks(found: Trace) -> None:
    if not found.blocks:
        _say("The sub-queries of this strategy are written out, so it has no blocks and terms to trace.\n")
        return
    known = found.known
    table = _table("Blocks", "", "block", "terms", "hits", "without it", "known found")
    for block in found.blocks:
        by_it = f"{len(block.known)} of {known.recall.of}" if known else "–"
        without = "–" if block.without is None else f"{block.without:,}"
        _row(table, block.letter, block.name, block.terms, block.alone, without, by_it)
    _show(
        table,
        "hits: of the block alone. without it: of the strategy when this block is left out. known found: known "
        "items that the block finds, whatever their date.",
    )


def _terms(found: Trace) -> None:
    if not found.terms:
        return
    table = _table("Terms", "", "term", "hits", "in strategy", "unique", *_known_columns(found))
    letter = ""
    for term in found.terms:
        if letter and term.block != letter:
            table.add_section()
        letter = term.block
        cells = (len(term.known), len(term.known_unique)) if found.known else ()
        _row(table, term.code, term.text, term.alone, term.within, term.unique, *cells)
    useless = [term.code for term in found.terms if not term.unique]
    _show(
        table,
        "hits: of the term alone. in strategy: of these, found by the strategy. unique: lost without this term."
        + (" known, only here: the same for known items." if found.known else ""),
        f"{len(useless)} of {counted(len(found.terms), 'term')} have no unique hit in this source, which may lack "
        "what they search; none is proven useless by that."
        if useless
        else "Every term has unique hits in this source.",
    )


def _sub_queries(found: Trace) -> None:
    has_codes = bool(found.blocks)
    counts = ("known", "which") if found.known else ()
    table = _table(
        "Sub-queries",
        "",
        *(("terms of",) if has_codes else ()),
        "query",
        "hits",
        "unique",
        *counts,
    )
    if has_codes:  # the codes say it all, so the query may be cut
        _cut(table, 2)
    labels = {item.number: item.label for item in found.known.items} if found.known else {}
    for line in found.lines:
        which = " ".join(labels[number] for number in line.known) or "–"
        cells = (len(line.known), which) if found.known else ()
        codes = (" ".join(line.terms),) if has_codes else ()
        _row(table, line.label, *codes, line.text, line.hits, line.unique, *cells)
    _show(
        table,
        "unique: lost without this sub-query."
        + (" which: known items that it finds, by their number in the list." if found.known else ""),
    )


def _known_columns(found: Trace) -> tuple[str, ...]:
    return ("known", "only here") if found.known else ()


# --- known items ---


def _known(found: Trace, known: KnownTrace) -> None:
    for sentence in _summary(known):
        _say(sentence)
    _say("")
    if known.items:
        _items(found, known)
    missed = [item for item in known.items if not item.is_found]
    if missed:
        _missed(missed, known.recurring)
    _apart(known)


def _summary(known: KnownTrace) -> Iterator[str]:
    yield f"Relative recall {in_words(known.recall)}, {_SETS.get(known.set_label, _SETS[''])}"
    needed = "number needed to read not estimable"
    if known.needed_to_read is not None:
        needed = f"number needed to read {known.needed_to_read:.1f} at most"
    yield f"Precision in this source at least {in_words(known.precision)}; {needed}"
    states = Counter(one.state.value for one in known.lookups)
    yield (
        f"Known items given {known.stated:,}: in this source {known.recall.of:,}; not in it {states['not found']:,} "
        f"(cannot know); uncertain {states['asked']:,} (not counted); given twice {states['repeated']:,}; "
        f"without a PMID, DOI or PMCID {known.without_identifier:,}"
    )


_SETS = {
    "development": "development set",
    "validation": "validation set",
    "": "not stated whether these items were used to build the strategy",
}


def in_words(share: Share) -> str:
    """A share such as "8 of 41 = 19.5 % (95 % interval 10.2 to 34.0, Wilson)"."""
    if share.value is None or share.interval is None:
        return f"{share.found:,} of {share.of:,}: {NOT_ESTIMABLE}"
    low, high = (f"{100 * bound:.1f}" for bound in share.interval)
    return (
        f"{share.found:,} of {share.of:,} = {100 * share.value:.1f} % (95 % interval {low} to {high}, Wilson)"
    )


def _items(found: Trace, known: KnownTrace) -> None:
    """One line a known item: the terms that find it, block by block, and what loses it."""
    has_missed = any(not item.is_found for item in known.items)
    columns = [block.name for block in found.blocks]
    columns += ["sub-queries"] if len(found.lines) > 1 else []
    columns += ["lost by"] if has_missed else []
    title = "Known items and the terms that find them" if found.blocks else "Known items and what finds them"
    table = _table(title, "", "known item", *columns)
    _cut(table, 1)
    for column in table.columns[2:]:
        column.max_width = 16
    for item in known.items:
        cells = [
            " ".join(code for code in item.terms if code.rstrip("0123456789") == block.letter) or "–"
            for block in found.blocks
        ]
        cells += [" ".join(item.sub_queries) or "–"] if len(found.lines) > 1 else []
        cells += (
            [", ".join(item.lost_by) or ("" if item.is_found else "every sub-query")] if has_missed else []
        )
        _row(table, item.label, item.title, *cells)
    dates = "Terms are told whatever the date of an item, sub-queries under the date limit."
    _show(table, "–: none. " + (dates if found.blocks and found.limit else ""))


def _missed(missed: Sequence[ItemTrace], recurring: Sequence[Recurring]) -> None:
    """The missed items, those that share their fate together."""
    _say(f"Missed: {counted(len(missed), 'known item')}", "bold")
    groups: dict[tuple[str, str], list[ItemTrace]] = {}
    for item in missed:
        has = ", ".join(one for one in item.record_has if not one.startswith("published"))
        groups.setdefault((_fate(item), has), []).append(item)
    for (fate, has), items in sorted(groups.items(), key=lambda group: -len(group[1])):
        _say(f"{counted(len(items), 'item')} {fate}. Beside its title, each record has: {plain(has)}.")
        _listed((item.label, item.title) for item in items)
    for one in recurring:
        words = ", ".join(f"{word} ({count})" for word, count in one.words)
        _say(f"Recurring in the titles that {one.block} loses, and in no term: {plain(words)}.")
    _say("")


def _fate(item: ItemTrace) -> str:
    if item.only_the_limit:
        return "lost by the date limit alone"
    if not item.lost_by:
        return "found by no sub-query"
    found = f"found by {' and '.join(item.found_by)}, " if item.found_by else ""
    return f"{found}lost by {' and '.join(item.lost_by)}"


def _apart(known: KnownTrace) -> None:
    """Items that are not counted, each with what is known of it."""
    for state, heading in (
        ("asked", "Uncertain: look at these yourself; they are not counted"),
        ("not found", "Not in this source: whether the strategy would find them cannot be known here"),
        ("repeated", "Given twice: counted once"),
    ):
        there = [one for one in known.lookups if one.state == state]
        if there:
            _say(f"{heading} ({len(there):,})", "bold")
        _listed((one.item.label, _clipped(one.item.given) + _candidate(one)) for one in there)
    if any(one.state != "matched" for one in known.lookups):
        _say("")


def _candidate(one: Lookup) -> str:
    if not one.keys:
        return ""
    score = f"score {one.score:.0f}, " if one.score is not None else ""
    title = _clipped(one.record.title or "") if one.record else ""
    why = one.note or one.by.replace("_", " ")
    keys = ", ".join(one.keys)
    return f"\n→ {keys}: {title} ({score}{why})"


def _listed(rows: Iterable[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", min_width=6, no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in rows:
        grid.add_row(Text(plain(label), style="dim"), Text(plain(text), style="dim"))
    console().print(grid)


def _clipped(text: str, most: int = 120) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


# --- tables, and JSON ---


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(title, style="bold"), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        is_number = column in _NUMBERS
        # A number is never broken; long words of a query are.
        table.add_column(
            Text(plain(column)), justify="right" if is_number else "left", overflow="fold", no_wrap=is_number
        )
    return table


def _cut(table: Table, place: int) -> None:
    """Let one column take the room that is left, and cut what does not fit."""
    column = table.columns[place]
    column.no_wrap, column.overflow, column.ratio = True, "ellipsis", 1
    table.expand = True


def _row(table: Table, *cells: object) -> None:
    table.add_row(*(Text(f"{one:,}" if isinstance(one, int) else plain(str(one))) for one in cells))


def _show(table: Table, *notes: str) -> None:
    console().print(table)
    for note in notes:
        _say(note, "dim")
    _say("")


def _say(text: str, style: str = "") -> None:
    console().print(Text(text, style=style))


def _as_json(found: Trace) -> dict[str, object]:
    known = found.known
    whole = {name: value for name, value in asdict(found).items() if name != "known"}
    if known is None:
        return {**whole, "known": None}
    return {
        **whole,
        "known": {
            "stated": known.stated,
            "without_identifier": known.without_identifier,
            "set": known.set_label or None,
            "recall": asdict(known.recall),
            "recurring_in_missed_titles": [asdict(one) for one in known.recurring],
            "precision_at_least": asdict(known.precision),
            "needed_to_read_at_most": known.needed_to_read,
            "in_source": [asdict(item) for item in known.items],
            "not_counted": [
                {
                    "number": one.item.number,
                    "label": one.item.label,
                    "given": one.item.given,
                    "state": "uncertain" if one.state == "asked" else one.state.value,
                    "keys": one.keys,
                    "by": one.by,
                    "score": one.score,
                    "note": one.note,
                }
                for one in known.lookups
                if one.state != "matched"
            ],
        },
    }
