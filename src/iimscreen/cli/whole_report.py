"""The command report: the whole review as one page, one document of Word, and paragraphs for the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import ReviewPath, opened

MANIFEST = "iimscreen-report.json"  # what was written into a folder, so that only that is ever replaced


def add_to(app: typer.Typer) -> None:
    """Register this command."""
    app.command()(report)


def report(
    output: Annotated[Path, typer.Option("--output", help="The folder for its files.", metavar="DIR")] = Path(
        "report"
    ),
    review: ReviewPath = None,
) -> None:
    """The whole review as a report.

    One HTML page and one Word document with the question, searches, flow, screening, studies, data, appraisal,
    deviations and the checklists of PRISMA 2020 and SWiM; paragraphs for methods and results as text. A stage that is
    blind stays closed. A folder with files of this command gets them anew; a file that is not of it, or was changed,
    is never overwritten.
    """
    from iimscreen import folders, report_pages, review_report, word_reports
    from iimscreen.store.connection import now
    from iimscreen.wording import counted

    at = now()
    with opened(review) as open_one:
        made = review_report.build(open_one, at=f"{at[:10]} {at[11:19]} UTC")
    files = {
        "report.html": report_pages.page(made.document, made.lists).encode("utf-8"),
        "report.docx": word_reports.docx(made.document),
        "methods.txt": made.methods.encode("utf-8"),
        "results.txt": made.results.encode("utf-8"),
        "paragraphs.md": made.tagged.encode("utf-8"),
    }
    written = folders.write(output, files, manifest=MANIFEST, option="--output")
    typer.echo(f"Wrote {counted(len(written.files), 'file')} into {written.folder}:")
    for name in written.files:
        typer.echo(f"  {name}")
    if made.interim:
        typer.echo("Interim, and stamped so; what is left:")
    for sentence in made.interim:
        typer.echo(f"  {sentence}")
