"""Commands from full text to report: fulltext, prisma, status, log, check, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, By, ReviewPath, another_follows, opened
from iimscreen.errors import InputError, ProtocolError

fulltext_app = typer.Typer(
    help="List reports sought; mark them retrieved.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
Reports = Annotated[
    list[str] | None, typer.Argument(help="Reports: key, number, pmid:… or doi:…", metavar="RECORD…")
]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(fulltext_app, name="fulltext")
    for command in (prisma, status, log, check, demo):
        app.command()(command)


@fulltext_app.callback()
def fulltext(context: typer.Context, review: ReviewPath = None) -> None:
    """List reports sought; mark them retrieved."""
    from iimscreen import fulltext as texts
    from iimscreen import render

    if not another_follows(context):
        with opened(review) as open_one:
            render.fulltexts(texts.sought(open_one))


@fulltext_app.command("retrieved")
def retrieved(
    by: By,
    records: Reports = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="The full text; a copy is kept under fulltexts/ by its hash."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All reports not marked yet, without files.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Mark reports as retrieved."""
    from iimscreen import fulltext as texts
    from iimscreen import render, team
    from iimscreen.store import records as stored

    if everything == bool(records) or (everything and file):
        raise InputError("name the reports, or say --all", hint="one of the two; --file goes with one report")
    name = team.check_name(by)
    with opened(review) as open_one:
        if everything:
            keys = texts.mark_all(open_one, by=name)
        else:
            keys = texts.mark(open_one, records or [], texts.RETRIEVED, by=name, file=file)
        render.marked(list(stored.by_keys(open_one, keys)), "retrieved")


@fulltext_app.command("not-retrieved")
def not_retrieved(
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why not.")],
    records: Reports = None,
    review: ReviewPath = None,
) -> None:
    """Mark reports as not retrieved, with the reason."""
    from iimscreen import fulltext as texts
    from iimscreen import render, team
    from iimscreen.store import records as stored

    if not records:
        raise InputError("no report named", hint="give its key, number, pmid:… or doi:…")
    with opened(review) as open_one:
        keys = texts.mark(open_one, records, texts.NOT_RETRIEVED, by=team.check_name(by), reason=reason)
        render.marked(list(stored.by_keys(open_one, keys)), "not retrieved")


@fulltext_app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="A CSV record,outcome,reason.")],
    by: By,
    review: ReviewPath = None,
) -> None:
    """Mark the reports of a CSV, all of them or none."""
    from iimscreen import fulltext as texts
    from iimscreen import team
    from iimscreen.wording import counted

    with opened(review) as open_one:
        keys = texts.mark_from(open_one, file, by=team.check_name(by))
    typer.echo(f"{counted(len(keys), 'report')} marked.")


def prisma(
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

    Stamped interim while something is unfinished; numbers of a blind round are not shown.
    """
    from iimscreen import flow, render, review_flow
    from iimscreen.store import records

    with opened(review) as open_one:
        if list_ in flow.STUDY_LISTS:
            from iimscreen.render import studies as shown

            named = review_flow.named_studies(open_one, list_, version=version)
            keys = [key for reports in named.values() for key in reports]
            shown.of_flow(named, {one.key: one for one in records.by_keys(open_one, keys)}, as_json=as_json)
            return
        if list_ is not None:
            keys = review_flow.named_list(open_one, list_, version=version)
            render.record_list(keys, list(records.by_keys(open_one, keys)), as_json=as_json)
            return
        made = review_flow.prisma(open_one) if version is None else review_flow.of_version(open_one, version)
        if as_json:
            render.json(flow.as_json(made))
        else:
            render.prisma(made)


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
