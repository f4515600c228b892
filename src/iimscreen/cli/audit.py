"""Commands of the audit of extracted data: findings, totals that a text states, answers on overlaps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.extract import extract_app
from iimscreen.cli.options import AsJson, Note, ReviewPath, opened
from iimscreen.errors import InputError, ProtocolError

MaybeBy = Annotated[str, typer.Option("--by", help="Your name; it goes into the log.")]


def add_to(_app: typer.Typer) -> None:
    """Register these commands, which are commands of `extract`."""
    for name, command in (("audit", audit), ("state", state), ("overlap", overlap)):
        extract_app.command(name)(command)


def audit(
    only: Annotated[str, typer.Option("--check", help="One check only, by its code.")] = "",
    short: Annotated[bool, typer.Option("--short", help="One line a finding.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with 6 if there are findings.")] = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Check sums, units, cohorts, overlaps, totals.

    What is found is a finding, no error: the end is 0 unless --strict. Nothing is changed.
    """
    from dataclasses import asdict

    from iimscreen import auditing

    with opened(review) as open_one:
        found = auditing.run(open_one, only=only)
    if as_json:
        told = asdict(found)
        for one, finding in zip(told["findings"], found.findings, strict=True):
            if finding.compared is not None:
                one["compared"]["difference"] = finding.compared.difference
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        from iimscreen.render import audit as shown

        shown.report(found, short=short)
    if strict and found.findings:
        raise ProtocolError(
            f"the audit has {auditing.in_words(found)}", hint="without --strict these are no errors"
        )


def state(
    name: Annotated[str, typer.Argument(help="What is stated, such as 'apremilast subjects'.")] = "",
    value: Annotated[float | None, typer.Argument(help="The number.")] = None,
    counts: Annotated[
        str, typer.Option("--counts", help="subjects, studies, first-year, last-year, events, with-event.")
    ] = "subjects",
    of: Annotated[
        list[str] | None, typer.Option("--of", help="A study; again for more. All of the literature if none.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="FIELD=VALUE or FIELD=VALUE|VALUE; again for more.")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="The text that states it.")] = "",
    quote: Annotated[str, typer.Option("--quote", help="Its own words.")] = "",
    page: Annotated[str, typer.Option("--page", help="Where in it.")] = "",
    from_file: Annotated[
        Path | None, typer.Option("--from", help="A CSV: name,value,counts,where,of,source,page.")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it back.")] = False,
    by: MaybeBy = "",
    review: ReviewPath = None,
) -> None:
    """Enter a total that a text states, or list them."""
    from iimscreen import auditing
    from iimscreen.store import stated_totals

    with opened(review) as open_one:
        if not name and from_file is None:
            from iimscreen.render import audit as shown

            shown.totals(stated_totals.standing(open_one).values())
            return
        if not by:
            raise InputError("a total needs who states it", hint="add --by with your name")
        if withdraw:
            auditing.withdraw(open_one, name, by=by)
            from iimscreen.render import plain

            typer.echo(plain(f"{name}: taken back."))
            return
        if from_file is not None:
            totals = auditing.read_totals(open_one, from_file)
        elif value is None:
            raise InputError(f"{name} has no value", hint="iimscreen extract state NAME VALUE --source TEXT")
        else:
            totals = [
                auditing.stated(
                    open_one,
                    name,
                    value,
                    counts=counts,
                    where=where or [],
                    of=of or [],
                    source=source,
                    quote=quote,
                    page=page,
                )
            ]
        new = auditing.state(open_one, totals, by=by)
    typer.echo(f"{len(totals)} stated, {new} of them new. Next: iimscreen extract audit")


def overlap(
    one: Annotated[str, typer.Argument(help="A study.")] = "",
    other: Annotated[str, typer.Argument(help="Another study.")] = "",
    yes: Annotated[bool | None, typer.Option("--yes/--no", help="Whether they share patients.")] = None,
    count: Annotated[
        list[str] | None,
        typer.Option("--count", help="Which counts: STUDY, or OUTCOME=STUDY; again for more."),
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the answer back.")] = False,
    at_least: Annotated[int, typer.Option("--at-least", help="Points of pairs to list, 0 to 100.")] = 50,
    note: Note = None,
    by: MaybeBy = "",
    review: ReviewPath = None,
) -> None:
    """Say if two studies share patients, or list.

    Which study counts is kept with a yes, so that sums can count everyone once.
    """
    from iimscreen import auditing
    from iimscreen.render import audit as shown
    from iimscreen.store import overlap_answers

    with opened(review) as open_one:
        if not one:
            shown.pairs(auditing.pairs(open_one, at_least=at_least), overlap_answers.standing(open_one))
            return
        if not other or not by or (yes is None) == (not withdraw):
            raise InputError(
                "an answer needs two studies, --yes or --no, and --by",
                hint="iimscreen extract overlap 'STUDY' 'STUDY' --yes --count 'STUDY' --by NAME",
            )
        verdict = overlap_answers.WITHDRAWN if withdraw else auditing.OVERLAP if yes else auditing.DISTINCT
        made = auditing.answer(
            open_one, one, other, verdict=verdict, counted_in=count or [], note=note, by=by
        )
    said = "the answer is taken back" if withdraw else shown.in_words(made)
    typer.echo(f"{one} and {other}: {said}.")
