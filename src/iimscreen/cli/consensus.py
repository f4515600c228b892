"""Commands on what two extractors come to: show, compare, resolve, agreement, status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.extract import FormName, Study, Unchecked, extract_app
from iimscreen.cli.options import AsJson, Deciders, ReviewPath, opened
from iimscreen.errors import InputError

if TYPE_CHECKING:
    from iimscreen.consensus import resolving

AnyStudy = Annotated[
    str | None, typer.Argument(help="The study's name; without one, all that are open.", metavar="[STUDY]")
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


def add_to(app: typer.Typer) -> None:
    """Register these commands: they stand in the group `extract`."""
    del app
    extract_app.command("show")(show)
    extract_app.command("compare")(compare)
    extract_app.command("resolve")(resolve)
    extract_app.command("agreement")(agreement)
    extract_app.command("status")(status)


def show(
    study: Study,
    reviewer: Annotated[
        str | None, typer.Option("--reviewer", help="Your name: your own values, or those that you check.")
    ] = None,
    as_json: AsJson = False,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """The values of a study.

    Your own with --reviewer; without it what stands, once the study is open: agreed, checked or settled.
    """
    from iimscreen.consensus import showing
    from iimscreen.render import consensus as shown

    with opened(review) as open_one:
        if reviewer is not None:
            found = showing.own(open_one, study, reviewer, form)
        else:
            found = showing.standing(open_one, study, form)
    shown.shown(found, as_json=as_json)


def compare(
    study: AnyStudy = None,
    equal: Annotated[
        bool,
        typer.Option(
            "--equal", help="Also what counts as the same though spelled otherwise, and what was settled."
        ),
    ] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """Lay two extractors' values side by side.

    Cells that differ with both values, quotes and pages, and rows that only one has. The CSV has empty
    columns take, value and reason: filled in, `extract resolve --from` takes it.
    """
    from iimscreen.consensus import comparing
    from iimscreen.render import consensus as shown

    _one_output(as_json=as_json, as_csv=as_csv)
    with opened(review) as open_one:
        if study is not None:
            found = comparing.compare(open_one, study, form)
            shown.compared(found, equal=equal, as_json=as_json, as_csv=as_csv)
            return
        everything = comparing.compare_all(open_one, form)
    shown.compared_all(everything, as_json=as_json, as_csv=as_csv)


def _one_output(*, as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        raise InputError("--json and --csv cannot stand together", hint="choose one of them")


def resolve(
    by: Deciders,
    study: Annotated[
        str | None, typer.Argument(help="The study's name; not needed with --from.", metavar="[STUDY]")
    ] = None,
    row: Annotated[
        str,
        typer.Option("--row", help="The row: P2 of the comparison, or ann:P2; none for the study itself."),
    ] = "",
    field: Annotated[str, typer.Option("--field", help="The field; none for the row itself.")] = "",
    take: Annotated[
        str, typer.Option("--take", help="Whose value stands; of a row keep or drop; or withdraw.")
    ] = "",
    value: Annotated[str, typer.Option("--value", help="A third value; say why with --reason.")] = "",
    code: Annotated[str, typer.Option("--code", help="NR, NA, UN or AS in place of a value.")] = "",
    unit: Annotated[str, typer.Option("--unit", help="The unit of a third value.")] = "",
    quote: Annotated[str, typer.Option("--quote", help="The report's own words for a third value.")] = "",
    page: Annotated[str, typer.Option("--page", help="Where a third value stands.")] = "",
    report: Annotated[
        str, typer.Option("--report", help="The report it is from, where a study has several.")
    ] = "",
    unchecked: Unchecked = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the log.")] = "",
    pair: Annotated[
        list[str] | None,
        typer.Option("--pair", help="Two rows that are one: ann:P2=bob:P3.", metavar="ROW=ROW"),
    ] = None,
    alone: Annotated[
        list[str] | None,
        typer.Option("--alone", help="A row that is none of the other's: ann:P2.", metavar="ROW"),
    ] = None,
    unpair: Annotated[
        list[str] | None,
        typer.Option("--unpair", help="Withdraw what --pair or --alone said of a row.", metavar="ROW"),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", help="A CSV as `extract compare --csv` writes it; all or nothing."),
    ] = None,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """Settle what two extractors differ on.

    Difference after difference; or one with --field or --row and --take or --value; or a file with --from.
    What they entered stays as it is. By an adjudicator, or by consensus with both names (--by ann --by bob);
    one person alone may too, and it is reported so.
    """
    from iimscreen.consensus import resolving
    from iimscreen.render import plain
    from iimscreen.wording import counted

    says = bool(row or field or take or value or code)
    ways = [bool(from_file), says, bool(pair or alone or unpair)]
    if sum(ways) > 1:
        raise InputError(
            "a file, one difference and rows to pair cannot stand together", hint="use one way of deciding"
        )
    if value and code:
        raise InputError("--value and --code cannot stand together", hint="a code stands in place of a value")
    if study is None and from_file is None:
        raise InputError("no study is named", hint="`iimscreen extract compare` lists those with differences")
    with opened(review) as open_one:
        table = resolving.Table(open_one, by, form, check_quotes=not unchecked)
        if from_file is not None:
            said = table.settle_all(resolving.read_words(from_file, study or ""))
            for line in said:
                typer.echo(plain(line))
            typer.echo(f"{counted(len(said), 'final word')} stored.")
        elif pair or alone or unpair:
            _rows(table, study or "", pair or [], alone or [], unpair or [], reason)
        elif says:
            word = resolving.Word(
                row=row,
                field=field,
                take=take,
                value=value or code,
                unit=unit,
                quote=quote,
                page=page,
                report=report,
                reason=reason,
            )
            typer.echo(plain(table.settle(study or "", word)))
        else:
            from iimscreen import consensus_loop

            consensus_loop.resolve(table, study or "")


def _rows(
    table: resolving.Table, study: str, pair: list[str], alone: list[str], unpair: list[str], reason: str
) -> None:
    pairs = []
    for given in pair:
        one, equals, other = given.partition("=")
        if not equals:
            raise InputError(f"--pair {given!r} names one row", hint="write both: ann:P2=bob:P3")
        pairs.append((one.strip(), other.strip()))
    table.pair_all(study, pairs, alone=alone, free=unpair, reason=reason)
    for one, other in pairs:
        typer.echo(f"{study}: {one} and {other} are one row.")
    for each in alone:
        typer.echo(f"{study}: {each} is no row of the other.")
    for each in unpair:
        typer.echo(f"{study}: the key of {each} decides again.")


def agreement(
    as_json: AsJson = False, as_csv: AsCsv = False, form: FormName = "data", review: ReviewPath = None
) -> None:
    """How far extractors agree, field by field.

    Percent agreement, Cohen's kappa of fields with one choice, numbers within the field's tolerance and to the
    letter; the worst first. On values given before the other's could be seen, in rows that both have.
    """
    from iimscreen.consensus import agreeing
    from iimscreen.render import consensus as shown

    _one_output(as_json=as_json, as_csv=as_csv)
    with opened(review) as open_one:
        found = agreeing.agreements(open_one, form)
    shown.agreements(found, as_json=as_json, as_csv=as_csv)


def status(
    reviewer: Annotated[
        str | None, typer.Option("--reviewer", help="Your name: also what is left for you.")
    ] = None,
    as_json: AsJson = False,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """How far data extraction is.

    Who is done with which study, what is to resolve, the next command, and how the data were extracted, as a
    sentence for the methods: derived from the log, not from the plan.
    """
    from iimscreen.consensus import progress
    from iimscreen.render import consensus as shown

    with opened(review) as open_one:
        found = progress.progress(open_one, form)
        left = progress.left_for(open_one, reviewer, form) if reviewer is not None else None
    shown.progress(found, left, as_json=as_json)
