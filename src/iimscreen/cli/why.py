"""The command why: what a number is, how it comes about, and the rows behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, ReviewPath, opened
from iimscreen.errors import InputError


def add_to(app: typer.Typer) -> None:
    """Register this command."""
    app.command()(why)


def why(
    what: Annotated[
        str,
        typer.Argument(
            help="A number (37), a name or its beginning, or a record (pmid:…).",
            metavar="[NUMBER|NAME|RECORD]",
        ),
    ] = "",
    all_: Annotated[bool, typer.Option("--all", help="Print all rows, however many.")] = False,
    version: Annotated[
        int | None, typer.Option("--version", help="Numbers of the flow of a completed version.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Also write the rows to this CSV file.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """What is behind a number of this review.

    Its definition, how it comes about, and the records or studies behind it. A number such as 37 or "n = 1,234"
    tells which numbers have that value; prisma lists a family; nothing lists all. Of a record, such as
    pmid:35123456, it tells the way through the review. What is blind stays closed.
    """
    from iimscreen import numbers
    from iimscreen.numbers import as_csv, way
    from iimscreen.render import why as shown

    with opened(review) as open_one:
        if ":" in what and not what.lstrip().startswith("prisma."):
            if csv is not None or version is not None:
                raise InputError(
                    "--csv and --version are of numbers, and a record was named",
                    hint=f"`iimscreen why {what}` tells its way",
                )
            shown.way(way.of_record(open_one, what), as_json=as_json)
            return
        found = numbers.asked(open_one, what, version=version) if what else numbers.listed(open_one, version)
        # Of one number its rows are wanted; so they are where a value is that of one alone.
        if len(found) > 1 or not what:
            if csv is not None:
                raise InputError(
                    f"--csv writes the rows of one number, and {len(found)} were found",
                    hint=f"name one of them, such as {found[0].name}",
                )
            shown.listing(found, as_json=as_json, title=what)
            return
        rows = numbers.behind(open_one, found[0])
        if csv is not None:
            from iimscreen.cli.options import write_new

            write_new(csv, as_csv.written(found[0], rows), "--csv")
        shown.number(found[0], rows, as_json=as_json, everything=all_)
