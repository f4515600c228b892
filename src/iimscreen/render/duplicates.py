"""How pairs, groups and reports of duplicates look in the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from iimscreen import render
from iimscreen.render import cite, console, named, plain
from iimscreen.side_by_side import Piece, Row, Stated, cut, shortened
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.composition import Composed
    from iimscreen.duplicates.asking import Pair
    from iimscreen.duplicates.audit import Group, Groups, Weighed
    from iimscreen.duplicates.consequences import Consequences
    from iimscreen.duplicates.explaining import Why
    from iimscreen.duplicates.overlap import Overlap
    from iimscreen.duplicates.reviewing import PairConflict
    from iimscreen.model import Record, StoredRecord
    from iimscreen.store.duplicates import LoggedVerdict
    from iimscreen.voting import PairVote

_SIGNS = {Stated.AGREE: "=", Stated.DIFFER: "≠", Stated.ONE: ""}
_LABEL = 14
_ABSTRACT = 360  # letters of an abstract unless all of it is asked for: titles must stay on the screen
_MOST_TEXT = 400  # letters of a value in the table of a report


def listing(
    asked: Sequence[Pair], groups: Groups, linked: Sequence[Pair], *, most: int | None, reviewers: int
) -> None:
    """The first pairs to decide, links and groups, with the record kept first, and how many more there are.

    Where two reviewers have to agree, one alone can neither split nor merge a pair that is asked.
    """
    _asked(asked, most, reviewers)
    _linked(linked, most)
    _groups(groups)


def _asked(asked: Sequence[Pair], most: int | None, reviewers: int) -> None:
    say = render._say
    if not asked:
        say("No pair waits for a person.")
        return
    say("Is this one report, or two?", "bold")
    for pair in asked[:most]:
        score = "" if pair.score is None else f", score {pair.score:.0f}"
        say(f"\n{plain(pair.rule).removeprefix('rule:')}{score}", "yellow")
        for record in (pair.record, pair.other):
            say(f"  {plain(named(record))}  {plain(record.record.title)}")
            say(f"    {plain(cite(record.record))}", "dim")
        if reviewers > 1:
            continue
        say(f"  iimscreen duplicates split {pair.record.key} {pair.other.key} --by NAME   (two)")
        say(f"  iimscreen duplicates merge {pair.record.key} {pair.other.key} --by NAME   (one)")
    if len(asked) > len(asked[:most]):
        more = counted(len(asked) - len(asked[:most]), "more pair")
        say(f"\n… and {more}: --all lists them.", "yellow")
    say("\nOne after another, one key each: iimscreen duplicates review --reviewer NAME", "bold")


def _linked(linked: Sequence[Pair], most: int | None) -> None:
    say = render._say
    if linked:
        say("\nLinked as two reports of one study, and not merged (a preprint and its article):", "bold")
    for pair in linked[:most]:
        say(
            f"  {plain(named(pair.record))} and {plain(named(pair.other))}: {plain(pair.record.record.title)}"
        )
    if len(linked) > len(linked[:most]):
        say(f"… and {counted(len(linked) - len(linked[:most]), 'more link')}: --all lists them.", "yellow")


def _groups(groups: Groups) -> None:
    say = render._say
    if not groups.total:
        return
    table = render._table(
        "record", "title", "merged by", title=f"\n{counted(groups.total, 'group')} of duplicates"
    )
    for group in groups.first:
        render._row(table, f"{named(group.kept)}, kept", group.kept.record.title or "", "")
        for other, verdict in group.others:
            why = "a chain of merges" if verdict is None else verdict.decided_by
            if verdict is not None and verdict.score is not None:
                why += f" {verdict.score:.0f}"
            render._row(table, f"  {named(other)}", other.record.title or "", why)
        table.add_section()
    console().print(table)
    if groups.total > len(groups.first):
        more = counted(groups.total - len(groups.first), "more group")
        say(f"… and {more}: --all lists them, --csv has every record.", "yellow")


# --- one pair, side by side ------------------------------------------------------------------------


def question(weighed: Weighed, *, place: str, note: str = "", whole: bool = False) -> None:
    """A pair to be decided: why it is asked, both records side by side, and where each came from."""
    out = console()
    out.rule(place)
    pair = weighed.pair
    score = "" if pair.score is None else f", score {pair.score:g} of 100"
    render._say(f"Asked by {weighed.kind} {plain(pair.rule).removeprefix('rule:')}{score}", "bold")
    render._say(f"  {weighed.meaning}")
    if note:
        render._say(f"  Noted: {plain(note)}", "yellow")
    pair_side_by_side(weighed, whole=whole)


def pair_side_by_side(weighed: Weighed, *, whole: bool) -> None:
    """Both records, field by field, with what differs marked; then what agrees, and where each came from."""
    out = console()
    pair = weighed.pair
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), width=out.width)
    table.add_column("", width=_LABEL, no_wrap=True)
    for record in (pair.record, pair.other):
        table.add_column(Text(f"{plain(named(record))}\n{plain(record.database)}"), ratio=1, overflow="fold")
    mark = _marker(out, weighed.rows)
    for row in weighed.rows:
        one, other = row.one, row.other
        if row.field in ("abstract", "authors") and not whole:
            if row.stated is not Stated.ONE:
                one, other = shortened(one), shortened(other)
            one, other = cut(one, _ABSTRACT), cut(other, _ABSTRACT)
        table.add_row(
            Text(f"{_SIGNS[row.stated] or ' '} {row.field}"), mark(one, row.stated), mark(other, row.stated)
        )
    out.print(table)
    for label, stated in (
        ("Agree", Stated.AGREE),
        ("Differ", Stated.DIFFER),
        ("Stated by one only", Stated.ONE),
    ):
        if fields := weighed.fields(stated):
            render._say(f"{label}: {', '.join(fields)}")
    render._say(f"Titles: {weighed.title:.0f}% alike")
    for record in (pair.record, pair.other):
        origins = [
            f"{plain(one.label)}, no. {one.position:,} of {one.hits:,}"
            for one in weighed.brought.get(record.key, ())
        ]
        found = f" ({'; '.join(origins[:3])}{' …' if len(origins) > 3 else ''})" if origins else ""
        render._say(
            "  ".join([f"{plain(named(record))}: {plain(record.database)}{found}", *links(record.record)]),
            "dim",
        )


def links(record: Record) -> list[str]:
    """Where a record can be looked up."""
    found = [f"https://doi.org/{plain(record.doi)}"] if record.doi else []
    return found + ([f"https://pubmed.ncbi.nlm.nih.gov/{plain(record.pmid)}/"] if record.pmid else [])


class _marker:  # noqa: N801 - reads as the function it makes
    """Marks what differs: bold and underlined in a terminal, in brackets where styles do not show."""

    def __init__(self, out: Console, rows: Sequence[Row]) -> None:
        self._has_styles = out.is_terminal and not out.is_dumb_terminal
        text = "".join(piece.text for row in rows for piece in (*row.one, *row.other))
        self._brackets = ("[", "]") if not set("[]") & set(text) else ("{", "}")

    def __call__(self, pieces: Sequence[Piece], stated: Stated) -> Text:
        if not pieces:
            return Text("not stated", style="dim")
        found = Text()
        for piece in pieces:
            is_marked = piece.differs and stated is not Stated.ONE
            if is_marked and not self._has_styles:
                found.append(f"{self._brackets[0]}{plain(piece.text)}{self._brackets[1]}")
            else:
                found.append(plain(piece.text), style="bold underline" if is_marked else "")
        return found


def consequences(found: Consequences) -> None:
    """What a decision would do, a line each."""
    for sentence in found.kept:
        render._say(f"  {plain(sentence)}")
    if found.decisions:
        render._say("This touches decisions already taken:", "bold yellow")
        for sentence in found.decisions:
            render._say(f"  {plain(sentence)}", "yellow")
    elif not found.kept:
        render._say("  No report changes.")
    else:
        render._say("  No decision already taken is touched.")


# --- why -------------------------------------------------------------------------------------------


def why(found: Why, *, as_json: bool) -> None:
    """All that is known of one pair."""
    if as_json:
        render.json(_why_json(found))
        return
    one, other = found.weighed.pair.record, found.weighed.pair.other
    answer = "one report" if found.is_one_report else "two reports"
    render._say(f"{plain(named(one))} and {plain(named(other))}: {answer}", "bold")
    render._say(f"  {plain(found.because)}")
    for number, link in enumerate(found.chain, start=1):
        render._say(
            f"  {number}. {plain(link.verdict.key)} and {plain(link.verdict.other_key)}: {_logged(link)}"
        )
    pair_side_by_side(found.weighed, whole=False)
    today = found.today
    said = "leave them apart"
    if today.verdict is not None:
        said = f"say {today.verdict.verdict}, by {today.verdict.rule} with score {today.verdict.score:g}"
    render._say(f"The rules of today {said}.", "bold")
    for label, rules in (("holds", today.rules), ("holds against it", today.guards)):
        for name, sentence in rules:
            render._say(f"  {label}: {name}. {sentence}")
    if not today.rules:
        render._say("  no rule holds")
    agreed, differed = (", ".join(fields) or "nothing" for fields in (today.agreed, today.differed))
    render._say(f"  as they count it, agreed: {agreed}; differed: {differed}")
    render._say(
        "In the log, on this pair:" if found.history or found.words else "In the log: nothing on this pair.",
        "bold",
    )
    for entry in found.history:
        render._say(f"  {entry.verdict.verdict}, {_logged(entry)}")
    for vote in found.words:
        note = f" – {plain(vote.note)}" if vote.note else ""
        render._say(f"  {plain(vote.reviewer)}'s word: {vote.verdict}{note}, {vote.at}")
    if found.hidden:
        render._say(f"  {counted(found.hidden, 'word')} that may not be seen yet", "yellow")


def _logged(entry: LoggedVerdict) -> str:
    verdict = entry.verdict
    score = "" if verdict.score is None else f" with score {verdict.score:g}"
    note = f" – {plain(verdict.note)}" if verdict.note else ""
    fields = ""
    for label, names in (("agreed", verdict.agreed), ("differed", verdict.differed)):
        fields += f"; {label} then: {', '.join(names)}" if names else ""
    return f"by {plain(verdict.decided_by)}{score}, {entry.at}, logged by {plain(entry.actor)}{note}{fields}"


def _why_json(found: Why) -> dict[str, object]:
    return {
        **weighed_json(found.weighed),
        "one_report": found.is_one_report,
        "because": found.because,
        "chain": [_logged_json(link) for link in found.chain],
        "today": asdict(found.today),
        "log": [_logged_json(entry) for entry in found.history],
        "words": [_word_json(vote) for vote in found.words],
        "words_hidden": found.hidden,
    }


def _word_json(vote: PairVote) -> dict[str, object]:
    return {name: said for name, said in asdict(vote).items() if name != "log_id"}


def _logged_json(entry: LoggedVerdict) -> dict[str, object]:
    return {**asdict(entry.verdict), "kept": entry.kept_key, "actor": entry.actor, "at": entry.at}


def why_group(group: Group, *, as_json: bool) -> None:
    """The group of one record."""
    rows: list[dict[str, object]] = [{"record": group.kept.key, "kept": True, "merged": None}]
    rows += [
        {"record": one.key, "kept": False, "merged": None if v is None else asdict(v)}
        for one, v in group.others
    ]
    if as_json:
        render.json(rows)
        return
    if not group.others:
        render._say(f"{plain(named(group.kept))} is in no group of duplicates: a report of its own.")
        return
    render._say(f"{counted(len(group.others) + 1, 'record')} of one report", "bold")
    render._say(f"  {plain(named(group.kept))}, kept  {plain(group.kept.record.title)}")
    for one, verdict in group.others:
        merged = "by a chain"
        if verdict is not None:
            score = "" if verdict.score is None else f" {verdict.score:g}"
            tied = verdict.other_key if verdict.key == one.key else verdict.key
            merged = f"by {plain(verdict.decided_by)}{score}, to {plain(tied)}"
        render._say(f"  {plain(named(one))}  {plain(one.record.title)}")
        render._say(f"    merged {merged}", "dim")
    render._say(f"Why two of them: iimscreen duplicates why {group.kept.key} {group.others[0][0].key}")


# --- the report as it is shown ---------------------------------------------------------------------


def report(kept: StoredRecord, found: Composed, *, as_json: bool) -> None:
    """Each field of a report with the record that it was taken from, and what its records contradict."""
    if as_json:
        render.json(
            {
                "report": kept.key,
                "values": [
                    {
                        "field": one.field,
                        "value": _shown(one.value),
                        "record": one.key,
                        "database": one.database,
                    }
                    for one in found.values
                ],
                "contradictions": [
                    {"field": one.field, "values": [{"value": v, "records": keys} for v, keys in one.values]}
                    for one in found.contradictions
                ],
            }
        )
        return
    table = render._table("field", "value", "from", title=f"The report of {named(kept)}")
    for value in found.values:
        own = "kept" if value.key == kept.key else f"{value.key}, {value.database}"
        render._row(table, value.field.replace("_", " "), _text(value.value), own)
    console().print(table)
    for one in found.contradictions:
        told = "; ".join(f"{value} ({', '.join(keys)})" for value, keys in one.values)
        render._say(f"Its records differ in {one.field}: {plain(told)}", "yellow")
    if not found.contradictions:
        render._say("Its records contradict one another in nothing.")


def _shown(value: object) -> object:
    if isinstance(value, tuple):
        return [str(one) for one in value]
    return value


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(str(one) for one in value)
    text = str(value)
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1].rstrip()}…"


# --- overlap of databases --------------------------------------------------------------------------


def overlap(found: Overlap, *, as_json: bool) -> None:
    """Databases side by side: what each brought, what it alone brought, and what each two share."""
    if as_json:
        render.json(
            {
                "databases": [
                    {
                        **{k: v for k, v in asdict(one).items() if k != "shared"},
                        "share": one.share,
                        "shared": {b.database: n for b, n in zip(found.databases, one.shared, strict=True)},
                    }
                    for one in found.databases
                ],
                "reports": found.reports,
                "included": found.included,
                "interim": bool(found.open),
                "open": found.open,
            }
        )
        return
    knows = found.included is not None
    columns = [
        "",
        "database",
        "records",
        "reports",
        "only here",
        "share",
        *(["included", "only here "] if knows else []),
    ]
    table = render._table(*columns, right=columns[2:])
    for number, one in enumerate(found.databases, start=1):
        told = [one.included or 0, one.included_unique or 0] if knows else []
        share = "" if one.share is None else f"{100 * one.share:.0f}%"
        render._row(table, number, one.database, one.records, one.reports, one.unique, share, *told)
    console().print(table)
    if len(found.databases) > 1:
        numbers = [str(number) for number in range(1, len(found.databases) + 1)]
        matrix = render._table("", "reports shared with", *numbers, right=numbers)
        for number, one in enumerate(found.databases, start=1):
            render._row(matrix, number, one.database, *one.shared)
        console().print(matrix)
    render._say(
        f"{counted(found.reports, 'report')} in all"
        + (f", {found.included:,} included" if knows else "")
        + "."
    )
    if not knows:
        render._say(
            "What each contributed to the included reports is told when full text is assessed.", "dim"
        )
    for sentence in found.open:
        render._say(f"INTERIM: {sentence}", "bold yellow")


def overlap_csv(found: Overlap) -> str:
    """One row per database, the reports shared with each other one in columns of their own."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [one.database for one in found.databases]
    writer.writerow(
        [
            *("database", "kind", "records", "reports", "unique_reports", "unique_share"),
            *("included", "included_unique", "interim"),
            *(f"shared with {name}" for name in names),
        ]
    )
    for one in found.databases:
        writer.writerow(
            [
                *(one.database, one.kind, one.records, one.reports, one.unique),
                "" if one.share is None else f"{one.share:.4f}",
                *("" if value is None else value for value in (one.included, one.included_unique)),
                int(bool(found.open)),
                *one.shared,
            ]
        )
    return out.getvalue()


# --- lists for scripts and conflicts ---------------------------------------------------------------


def _record_json(record: StoredRecord) -> dict[str, object]:
    return {
        "record": record.key,
        "database": record.database,
        "title": record.record.title,
        "doi": record.record.doi,
        "pmid": record.record.pmid,
        "citation": cite(record.record),
    }


def weighed_json(weighed: Weighed) -> dict[str, object]:
    """A pair with all that speaks for and against, for scripts."""
    return {
        "record": weighed.pair.record.key,
        "other": weighed.pair.other.key,
        "records": [_record_json(weighed.pair.record), _record_json(weighed.pair.other)],
        weighed.kind: weighed.pair.rule.removeprefix("rule:"),
        "meaning": weighed.meaning,
        "score": weighed.pair.score,
        "titles_alike": weighed.title,
        "agree": weighed.fields(Stated.AGREE),
        "differ": weighed.fields(Stated.DIFFER),
        "one_only": weighed.fields(Stated.ONE),
    }


def waiting_json(found: Sequence[tuple[Weighed, bool]]) -> None:
    """The pairs left for one reviewer, for scripts."""
    render.json([{**weighed_json(weighed), "was_unsure": was_unsure} for weighed, was_unsure in found])


def conflicts(found: Sequence[PairConflict], *, as_json: bool) -> None:
    """Pairs on which the words differ, with both."""
    if as_json:
        render.json(
            [
                {
                    "record": one.pair.record.key,
                    "other": one.pair.other.key,
                    "rule": one.pair.rule.removeprefix("rule:"),
                    "score": one.pair.score,
                    "votes": [
                        {"reviewer": v.reviewer, "verdict": v.verdict, "note": v.note} for v in one.votes
                    ],
                }
                for one in found
            ]
        )
        return
    if not found:
        render._say("No pair of possible duplicates is in conflict.")
    for one in found:
        render._say(f"\n{plain(one.pair.rule).removeprefix('rule:')}", "yellow")
        for record in (one.pair.record, one.pair.other):
            render._say(f"  {plain(named(record))}  {plain(record.record.title)}")
            render._say(f"    {plain(cite(record.record))}", "dim")
        for vote in one.votes:
            why = f" – {plain(vote.note)}" if vote.note else ""
            render._say(f"  {plain(vote.reviewer)}: {vote.verdict}{why}")
        names = " ".join(f"--by {plain(vote.reviewer)}" for vote in one.votes)
        render._say(
            f"  iimscreen duplicates resolve {one.pair.record.key} {one.pair.other.key} "
            f"--verdict duplicate|distinct {names}"
        )
