"""How studies, their reports, and suggestions of reports of one study look in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from iimscreen import render
from iimscreen.model import StoredRecord
from iimscreen.render import cite, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from rich.table import Table

    from iimscreen.studies import Asked, Listed, Listing, Named, Shown

_OWN = "own patients"


def named(found: Named) -> None:
    """A study that was named just now."""
    what = "is taken up again" if found.is_back else "is named"
    reports = f", with {', '.join(found.reports)}" if found.reports else ""
    render._say(f"{plain(found.name)} {what}{reports}.")


def named_each(found: Sequence[Named]) -> None:
    """Studies that were named after their reports."""
    if not found:
        render._say("Every included report has a study.")
        return
    for one in found:
        render._say(f"  {plain(one.name)}: {', '.join(one.reports)}")
    render._say(f"{counted(len(found), 'study', 'studies')} named, each after its report.", "bold")
    render._say("Next: iimscreen study suggest   (reports that may be of one study)", "bold")


def listing(found: Listing, *, as_json: bool) -> None:
    """All studies with their reports, and the included reports without one."""
    if as_json:
        render.json(
            {
                "studies": [_as_json(one) for one in found.studies],
                "reports_without_study": None
                if found.without is None
                else [one.key for one in found.without],
            }
        )
        return
    if found.studies:
        table = render._table(
            "study", "report", "title", "", title=counted(len(found.studies), "study", "studies")
        )
        for one in found.studies:
            _rows(table, one)
        render.console().print(table)
    else:
        render._say("No study is named yet.")
    if found.without:
        without = render._table(
            "report", "title", "", title=f"{counted(len(found.without), 'included report')} without a study"
        )
        for record in found.without:
            render._row(without, render.named(record), record.record.title or "", cite(record.record))
        render.console().print(without)
        render._say("Next: iimscreen study new --each --by NAME", "bold")


def _rows(table: Table, one: Listed) -> None:
    own = f" ({_OWN})" if one.study.kind == "own" else ""
    name = f"{one.study.name}{own}"
    if not one.reports:
        render._row(table, name, "" if own else "no report", one.study.title, "")
    for number, record in enumerate(one.reports):
        left = ", not included" if record.key in one.not_included else ""
        render._row(
            table,
            "" if number else name,
            f"{render.named(record)}{left}",
            record.record.title or "",
            cite(record.record),
        )


def _as_json(one: Listed) -> dict[str, object]:
    return {
        "study": one.study.name,
        "kind": one.study.kind,
        "title": one.study.title,
        "reports": [record.key for record in one.reports],
        "not_included": list(one.not_included),
    }


def one(found: Shown, *, as_json: bool) -> None:
    """One study with the last word on each of its reports."""
    listed = found.listed
    if as_json:
        words = [
            {
                "record": w.record_key,
                "report": w.report,
                "verdict": w.verdict,
                "by": w.by,
                "at": w.at,
                "note": w.note,
            }
            for w in found.links
        ]
        render.json({**_as_json(listed), "links": words})
        return
    own = f" ({_OWN}: in no flow, and in no total of the literature)" if listed.study.kind == "own" else ""
    render._say(f"{plain(listed.study.name)}{own}", "bold")
    if listed.study.title:
        render._say(f"  {plain(listed.study.title)}")
    for record in listed.reports:
        left = " (not included, so it counts nowhere)" if record.key in listed.not_included else ""
        _report(record, left)
    if not listed.reports and not own:
        render._say("  no report is linked to it: it counts nowhere", "yellow")
    for word in found.links:
        why = f" – {plain(word.note)}" if word.note else ""
        render._say(f"  {word.at[:10]} {plain(word.by)}: {word.record_key} {word.verdict}{why}", "dim")


def _report(record: StoredRecord, more: str = "") -> None:
    render._say(f"  {render.named(record)}{more}  {plain(record.record.title) or 'no title stated'}")
    render._say(f"    {plain(cite(record.record))}", "dim")


def suggestions(found: Sequence[Asked], *, as_json: bool) -> None:
    """Pairs of reports that may be of one study, each with what speaks for it and how to answer."""
    if as_json:
        render.json([_asked_as_json(pair) for pair in found])
        return
    if not found:
        render._say("No two included reports look like one study, beyond those that were answered.")
        return
    for pair in found:
        render._say(f"\nMay be of one study, score {pair.score:.0f} of 100", "bold")
        for record, names in ((pair.one, pair.studies), (pair.other, pair.other_studies)):
            _report(record, f" [{plain('; '.join(names))}]" if names else "")
        for name, points, words in pair.parts:
            render._say(f"    {points:+.0f} {name}: {plain(words)}", "dim")
        _command(f"{plain(pair.command)}   (one)")
        _command(f"iimscreen study apart {pair.one.key} {pair.other.key} --note WHY --by NAME   (two)")
    render._say(f"\n{counted(len(found), 'pair')} asked. Nothing is linked by itself.", "bold")


def _command(text: str) -> None:
    """On one line, however long it is, so that it can be copied."""
    render.console().print(f"  {text}", soft_wrap=True, markup=False, highlight=False)


def _asked_as_json(pair: Asked) -> dict[str, object]:
    return {
        "reports": [pair.one.key, pair.other.key],
        "titles": [pair.one.record.title, pair.other.record.title],
        "studies": [list(pair.studies), list(pair.other_studies)],
        "score": pair.score,
        "parts": [{"part": name, "points": points, "words": words} for name, points, words in pair.parts],
    }


def of_flow(
    found: Mapping[str, Sequence[str]], records: Mapping[str, StoredRecord], *, as_json: bool
) -> None:
    """The studies behind one number of the flow, each with its reports."""
    if as_json:
        render.json([{"study": study, "reports": list(reports)} for study, reports in found.items()])
        return
    table = render._table("study", "report", "title", title=counted(len(found), "study", "studies"))
    for study, reports in found.items():
        for number, key in enumerate(reports or ("",)):
            record = records.get(key)
            name = "" if number else study
            if record is None:
                render._row(table, name, key, "")
            else:
                render._row(table, name, render.named(record), record.record.title or "")
    render.console().print(table)
