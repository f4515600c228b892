"""Commands that bring files in and find duplicates: import, dedupe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, ReviewPath, opened
from iimscreen.model import Kind


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command("import")(import_)
    app.command()(dedupe)


def import_(
    files: Annotated[list[Path], typer.Argument(help="Exported files.", metavar="FILE…")],
    database: Annotated[
        str | None,
        typer.Option(
            "--database", help='Where they come from, as PRISMA shall name it, e.g. "Embase (Ovid)".'
        ),
    ] = None,
    by_database: Annotated[
        bool,
        typer.Option(
            "--by-database",
            help="Of a library with records of several databases: each counts for the one that it names "
            "(RIS: DB), others for --database.",
        ),
    ] = False,
    kind: Annotated[
        Kind,
        typer.Option("--kind", help="The last three feed PRISMA's column of other methods."),
    ] = Kind.DATABASE,
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="ris, nbib, wos, pubmed_xml, endnote_xml, bibtex, csl_json, table or jsonl; otherwise told by "
            "content.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding", help="Of the text, such as cp1252 or mac-roman; otherwise told by content."
        ),
    ] = None,
    keep_good: Annotated[
        bool, typer.Option("--keep-good", help="Store the usable records of a file that holds others too.")
    ] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="Of a table: the header that a field is read from; without one, it is left out. Repeat for others.",
            metavar="FIELD=HEADER",
        ),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="Of a workbook: the sheet to read; otherwise its first.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Tell what would be read, and as what (encoding, columns); store nothing."
        ),
    ] = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Import exported files.

    RIS, MEDLINE nbib, Web of Science text, PubMed XML, EndNote XML, BibTeX, CSL-JSON, a table (CSV,
    TSV, XLSX), or a corpus in JSON lines. All of a file or nothing: read = new + already there +
    refused, refused records with line and cause.
    """
    from iimscreen import importing, render

    if database is None and not by_database:
        raise typer.BadParameter(
            "name where the records come from, or give --by-database", param_hint="--database"
        )
    with opened(review) as open_one:
        outcomes = importing.import_files(
            open_one,
            files,
            database=database,
            by_database=by_database,
            kind=kind,
            format_name=format_name,
            encoding=encoding,
            keep_good=keep_good,
            options={
                name: given for name, given in (("columns", column), ("sheet", sheet)) if given is not None
            },
            dry_run=dry_run,
        )
    render.imports(outcomes, as_json=as_json)
    if not as_json:
        typer.echo("Nothing was stored (--dry-run)." if dry_run else "Next: iimscreen dedupe")


def dedupe(
    again: Annotated[
        bool, typer.Option("--again", help="Compare all records, not only new ones with all.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Find duplicates; nothing is deleted.

    Certain ones are merged (the earliest record is kept), a person is asked about the others with
    `iimscreen duplicates`.
    """
    from iimscreen import dedupe as deduplicating
    from iimscreen import render, review_protocol

    with opened(review) as open_one:
        outcome = deduplicating.run(open_one, again=again)
        render.dedupe(outcome, deduplicating.thresholds(review_protocol.in_force(open_one)))
