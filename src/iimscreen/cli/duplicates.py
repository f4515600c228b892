"""Commands on duplicates: what waits for a person, decisions by hand, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from iimscreen.cli.options import By, Note, ReviewPath, another_follows, opened

duplicates_app = typer.Typer(
    help="List pairs to decide and groups; merge, split.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

Records = Annotated[
    list[str], typer.Argument(help="Records: key, number, pmid:… or doi:…", metavar="RECORD…")
]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(duplicates_app, name="duplicates")


@duplicates_app.callback()
def duplicates(
    context: typer.Context,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="One row per record: record,source_id,group,kept,rule,score.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """List pairs to decide and groups; merge, split."""
    from iimscreen import asking, duplicate_audit
    from iimscreen.render import duplicates as shown

    if another_follows(context):
        return
    with opened(review) as open_one:
        if as_csv:
            typer.echo(duplicate_audit.as_csv(open_one), nl=False)
        else:
            shown.listing(asking.asked(open_one), duplicate_audit.groups(open_one))


@duplicates_app.command("merge")
def merge(records: Records, by: By, note: Note = None, review: ReviewPath = None) -> None:
    """Decide that these records are one report (also undoes a split)."""
    from iimscreen import merging, screening

    with opened(review) as open_one:
        kept = merging.merge(open_one, records, by=screening.check_name(by), note=note)
    typer.echo(f"One report now; kept: {kept}")


@duplicates_app.command("split")
def split(records: Records, by: By, note: Note = None, review: ReviewPath = None) -> None:
    """Decide that these records are different reports (also undoes a merge)."""
    from iimscreen import merging, screening

    with opened(review) as open_one:
        pairs = merging.split(open_one, records, by=screening.check_name(by), note=note)
    for one, other in pairs:
        typer.echo(f"Different reports now: {one} and {other}")
