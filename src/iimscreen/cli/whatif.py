"""The command that asks what would differ without something: whatif."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, ReviewPath, opened
from iimscreen.errors import InputError


def add_to(app: typer.Typer) -> None:
    """Register this command."""
    app.command()(whatif)


def whatif(
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without", help="A report, a study, a rule, or 'retracted'; several times.", metavar="WHAT"
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="A rule: without all that it does not hold for.", metavar="RULE"),
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables", help="Write the tables as they would be into a new folder.", metavar="FOLDER"
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also numbers that stay as they are, and every cell.")
    ] = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """What would differ without some reports.

    Flow, subjects and tables without a report (key, number, pmid:…, doi:…), a study (its name), or what a rule
    takes: 'design = case report', 'antibodies = MDA5', 'drug = APR', 'year < 2015', 'language = Chinese',
    'type = Review', 'database = Embase'. A rule names a field of the form, or a role; values are parted by "or".
    'retracted' takes what `watch` found. Nothing is stored.
    """
    from iimscreen import tabulating, what_if
    from iimscreen.render import whatif as shown
    from iimscreen.table_files import FORMATS

    if tables is not None and tables.exists():
        raise InputError(
            f"{tables} exists, and tables of what is only thought of would mix with it",
            hint="name a new folder with --tables",
        )
    with opened(review) as open_one:
        found = what_if.what_if(open_one, without or (), only=only or (), with_files=tables is not None)
    if tables is not None:
        if found.made is None:
            raise InputError("no study is left, so there is no table", hint="leave --tables away")
        tabulating.write(found.made, tables, FORMATS)
    if as_json:
        shown.as_json(found, tables)
    else:
        shown.printed(found, tables, everything=everything)
