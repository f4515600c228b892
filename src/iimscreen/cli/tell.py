"""Commands of the report: prisma, status, log, check, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, ReviewPath, opened
from iimscreen.errors import InputError, ProtocolError


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    for command in (prisma, status, log, check, demo):
        app.command()(command)


def prisma(
    format_: Annotated[
        str | None,
        typer.Option("--format", help="text, json, csv, svg, png, pdf, html or docx.", metavar="NAME"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write this file; its ending names the format.", metavar="FILE"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: AsJson = False,
    list_: Annotated[
        str | None, typer.Option("--list", help="Print what is behind one number, e.g. records_excluded.")
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", help="The flow of a completed version, as it was then.")
    ] = None,
    review: ReviewPath = None,
) -> None:
    """The PRISMA 2020 flow as it stands.

    Stamped interim while something is unfinished; numbers of a blind round are not shown. Printed, or
    written as a figure: svg, png (300 dpi), pdf, docx (cells to edit), html (every number opens its list),
    csv (for the R package PRISMA2020).
    """
    from iimscreen import flow, review_flow
    from iimscreen.cli import figure
    from iimscreen.store import records

    if list_ is not None and (format_ not in (None, "json") or output is not None):
        raise InputError(
            "--list is printed, as text or with --json", hint="`iimscreen export` writes records into files"
        )
    as_json = as_json or (list_ is not None and format_ == "json")
    name = figure.wanted(format_, output, as_json=as_json)
    if output is not None:
        figure.check(output, force=force)
    with opened(review) as open_one:
        if list_ in flow.STUDY_LISTS:
            from iimscreen.render import studies as shown

            named = review_flow.named_studies(open_one, list_, version=version)
            keys = [key for reports in named.values() for key in reports]
            shown.of_flow(named, {one.key: one for one in records.by_keys(open_one, keys)}, as_json=as_json)
            return
        if list_ is not None:
            from iimscreen import render

            keys = review_flow.named_list(open_one, list_, version=version)
            render.record_list(keys, list(records.by_keys(open_one, keys)), as_json=as_json)
            return
        made = review_flow.prisma(open_one) if version is None else review_flow.of_version(open_one, version)
        if output is None:
            figure.show(open_one, made, name, version)
        else:
            figure.write(open_one, made, name, output, version=version, force=force)


def status(
    rules: Annotated[bool, typer.Option("--rules", help="Also say by which rule votes are counted.")] = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """What is left, and what to type next."""
    from iimscreen import render, report

    with opened(review) as open_one:
        render.status(report.status(open_one), rules=rules, as_json=as_json)


def log(
    reviewer: Annotated[
        str | None, typer.Option("--reviewer", help="You: your own open votes are shown to you.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Only what this person did.")] = None,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Everything done, by whom and when.

    Open votes of others are not shown.
    """
    from iimscreen import logbook, render

    with opened(review) as open_one:
        render.log(logbook.log_view(open_one, viewer=reviewer, actor=by), as_json=as_json)


def check(review: ReviewPath = None) -> None:
    """Verify the file and its sums.

    Hash chains, raw replies, references, and the PRISMA identities.
    """
    from iimscreen import report
    from iimscreen.wording import counted

    with opened(review) as open_one:
        found = report.check(open_one)
    for sentence in found.looked_at:
        typer.echo(f"checked: {sentence}")
    for note in found.notes:
        typer.echo(f"note: {note}")
    for fault in found.faults:
        typer.echo(f"FAULT: {fault}")
    if found.faults:
        raise ProtocolError(
            f"{counted(len(found.faults), 'fault')} found",
            hint="go back to a copy from the folder of dated copies, or report it",
        )
    typer.echo("Nothing wrong was found.")


def demo(
    folder: Annotated[Path, typer.Argument(help="A new folder for it.")] = Path("iimscreen-demo"),
) -> None:
    """The whole road offline, in a new folder.

    Both strategies over the bundled corpus, deduplication, two reviewers, full texts, PRISMA. An
    illustration: the paper does not publish its votes.
    """
    from iimscreen import demo as demonstration
    from iimscreen import render

    render.demo(demonstration.run(folder, on_step=render.step))
