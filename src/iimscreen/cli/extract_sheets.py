"""Commands that write sheets of data extraction, and take them back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.extract import FormName, Reviewer, Study, Unchecked, extract_app
from iimscreen.cli.options import ReviewPath, opened, require_new, write_new
from iimscreen.errors import InputError


def add_to(_app: typer.Typer) -> None:
    """Register these commands with those of `extract`."""
    extract_app.command("sheet")(sheet)
    extract_app.command("load")(load)
    extract_app.command("paste")(paste)


def sheet(
    reviewer: Reviewer,
    study: Annotated[
        list[str] | None, typer.Option("--study", help="Only this study; may be given several times.")
    ] = None,
    spare: Annotated[
        int, typer.Option("--spare", min=0, max=500, help="Empty rows for each study on each sheet.")
    ] = 5,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; default: data-NAME.xlsx.")
    ] = None,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """Write an Excel sheet to be filled in.

    One sheet for each level of the form, with drop-downs, ranges and help; it holds only your own values. Fill it
    in, save it as XLSX, and give it to `iimscreen extract load`.
    """
    from iimscreen import extraction_sheets, team
    from iimscreen.wording import counted

    name = team.check_name(reviewer)
    path = out or Path(f"{form}-{name}.xlsx")
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"{path} would not open in Excel", hint="let its name end with .xlsx")
    require_new(path, "--out", "what is filled in there")
    with opened(review) as open_one:
        data, studies = extraction_sheets.write(open_one, name, form=form, wanted=study or (), spare=spare)
    write_new(path, data, "--out")
    typer.echo(f"Wrote {path}: {counted(studies, 'study', 'studies')}. Fill it in, save it as XLSX, then:")
    typer.echo(f"iimscreen extract load {path} --reviewer {name}")


def load(
    file: Annotated[
        Path,
        typer.Argument(help="A sheet of `extract sheet`, or a CSV: study, row, of, field, value, unit, …"),
    ],
    reviewer: Reviewer,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, and store nothing.")] = False,
    unchecked: Unchecked = False,
    form: Annotated[
        str | None, typer.Option("--form", help="Of a CSV: data, or an instrument of appraisal.")
    ] = None,
    review: ReviewPath = None,
) -> None:
    """Enter a filled-in sheet, all or nothing.

    A CSV has one value a line, with the columns study, field and value, and any of row, of, unit, quote, page,
    report, formula and note; an empty value empties the cell.
    """
    from iimscreen import extraction_sheets
    from iimscreen.wording import counted

    with opened(review) as open_one:
        loaded = extraction_sheets.load(
            open_one, file, reviewer, form=form, dry_run=dry_run, check_quotes=not unchecked
        )
    told = f"{file}: {loaded.taken}"
    if loaded.studies:
        told += f"; {counted(loaded.studies, 'study', 'studies')}"
    typer.echo(f"{told}." + (" Nothing was stored (--dry-run)." if dry_run else ""))


def paste(
    study: Study,
    values: Annotated[str, typer.Argument(help="The list as the report prints it, such as 393/288/777.")],
    reviewer: Reviewer,
    row: Annotated[str, typer.Option("--row", help="The row of the first value, such as O1.")],
    times: Annotated[str, typer.Option("--times", help="A time for each value: 0,4,12.")],
    field: Annotated[
        str, typer.Option("--field", help="The field of the values; default: the one with the role value.")
    ] = "",
    time_field: Annotated[
        str, typer.Option("--time-field", help="The field of the times; default: the one with the role time.")
    ] = "",
    unit: Annotated[str, typer.Option("--unit", help="The unit of all of them.")] = "",
    quote: Annotated[str, typer.Option("--quote", help="The report's own words.")] = "",
    page: Annotated[str, typer.Option("--page", help="Where: a page, a table, a section.")] = "",
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """Enter a slash list, one row for each time.

    The row that is named takes the first value; the others go to new rows, which are copies of it but for the
    value and the time. An empty place in the list (393//777) makes no row.
    """
    from iimscreen import extraction_lists
    from iimscreen.extracting import Seat

    with opened(review) as open_one:
        pasted = extraction_lists.paste(
            Seat(open_one, reviewer, form),
            study,
            row,
            values,
            times=[time.strip() for time in times.split(",")],
            field=field,
            time_field=time_field,
            unit=unit,
            quote=quote,
            page=page,
        )
    typer.echo(f"{study}: {', '.join(pasted.rows)} ({pasted.taken}).")
