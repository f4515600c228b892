"""The command that makes tables of extracted data: extract tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.extract import extract_app
from iimscreen.cli.options import AsJson, ReviewPath, opened
from iimscreen.errors import InputError


def add_to(_app: typer.Typer) -> None:
    """Register this command, which is one of `extract`."""
    extract_app.command("tables")(tables)


def tables(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Write files into this folder; otherwise it is printed.", metavar="FOLDER"
        ),
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", help="Of the files: csv, xlsx, docx, html; several by commas.")
    ] = "csv,xlsx,docx,html",
    only: Annotated[
        str, typer.Option("--only", help="One of them, by its name: patients, wide, revman.", metavar="NAME")
    ] = "",
    order: Annotated[str, typer.Option("--order", help="Of studies: author, year or named.")] = "author",
    final_only: Annotated[
        bool, typer.Option("--final-only", help="Leave out studies whose data is not final.")
    ] = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Tables of the extracted data.

    Printed, or written with --out: tables for the paper (CSV, Excel, Word, HTML), all values wide and long with
    their quotes, and files for RevMan and metafor. A folder that has files of this command gets them anew; a file
    that is not of it, or was changed, is never overwritten.
    """
    from iimscreen import tabulating
    from iimscreen.render import tables as shown
    from iimscreen.table_files import FORMATS
    from iimscreen.wording import counted

    wanted = list(dict.fromkeys(name.strip() for name in formats.split(",") if name.strip()))
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown or not wanted:
        raise InputError(
            f"--format {formats!r} is not known", hint=f"expected some of {', '.join(FORMATS)}, by commas"
        )
    with opened(review) as open_one:
        made = tabulating.tabulate(open_one, order=order, final_only=final_only, only=only)
    written = None if out is None else tabulating.write(made, out, wanted)
    if as_json:
        shown.as_json(made, written)
    elif written is None:
        shown.printed(made)
    else:
        typer.echo(f"Wrote {counted(len(written.files), 'file')} into {written.folder}:")
        for name in written.files:
            typer.echo(f"  {name}")
        if written.older:
            typer.echo(f"Written before and not now, perhaps with other numbers: {', '.join(written.older)}")
        shown.status(made)
