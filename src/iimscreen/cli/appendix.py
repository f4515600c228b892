"""Commands that document the search: search report, source, source note, source of."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, By, ReviewPath, another_follows, day, opened
from iimscreen.cli.search import search_app
from iimscreen.errors import InputError

source_app = typer.Typer(
    help="List sources; note what was searched by hand.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    search_app.command("report")(report)
    app.add_typer(source_app, name="source")


def report(
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write it to this new file; otherwise it is printed.", metavar="FILE.md"),
    ] = None,
    review: ReviewPath = None,
) -> None:
    """The search appendix in Markdown.

    The 16 items of PRISMA-S: strategies copied exactly as run, real dates, limits, totals and
    deduplication from the log; notes of `iimscreen source note`; and what is left to the authors.
    """
    from iimscreen import appendix
    from iimscreen.render.appendix import markdown
    from iimscreen.wording import counted

    with opened(review) as open_one:
        made = appendix.build(open_one)
    text = markdown(made)
    if out is None:
        # Whoever redirects it gets every byte; a terminal is not to be steered by a query.
        typer.echo(_CONTROL.sub("�", text) if sys.stdout.isatty() else text, nl=False)
        return
    try:
        with out.open("xb") as file:
            file.write(text.encode())
    except FileExistsError as error:
        raise InputError(
            f"{out} exists, and what authors wrote into it would be lost",
            hint="name another file with --out, or remove that one",
        ) from error
    except OSError as error:
        raise InputError(
            f"{out} cannot be written: {error.strerror}", hint="name another file with --out"
        ) from error
    left = sum(bool(item.to_write) for item in made.items)
    typer.echo(
        f"Wrote {out}: {len(made.items)} items, {counted(left, 'item')} with something left to the authors."
    )
    for sentence in made.interim:
        typer.echo(f"interim: {sentence}")


@source_app.callback()
def source(context: typer.Context, as_json: AsJson = False, review: ReviewPath = None) -> None:
    """List sources; note what was searched by hand."""
    from iimscreen.appendix import noting
    from iimscreen.render import appendix as shown

    if not another_follows(context):
        with opened(review) as open_one:
            shown.sources(noting.sources(open_one), as_json=as_json)


@source_app.command("list")
def list_(as_json: AsJson = False, review: ReviewPath = None) -> None:
    """The same as `iimscreen source`."""
    from iimscreen.appendix import noting
    from iimscreen.render import appendix as shown

    with opened(review) as open_one:
        shown.sources(noting.sources(open_one), as_json=as_json)


@source_app.command("note")
def note(
    text: Annotated[str, typer.Argument(help="What was done, as a reader needs it.")],
    item: Annotated[
        int,
        typer.Option(
            "--item",
            help="The item of PRISMA-S: 1 databases, 2 several at once, 3 registers, 4 websites, 5 citations, "
            "6 contacts, 7 other methods, 8 strategies, 9 limits, 10 filters, 11 prior work, 12 updates, "
            "13 dates, 14 peer review, 15 records, 16 deduplication.",
        ),
    ],
    by: By,
    source_name: Annotated[str | None, typer.Option("--source", help="The source that it is about.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="The day on which it was done (YYYY-MM-DD).")] = None,
    replaces: Annotated[
        int | None, typer.Option("--replaces", help="The number of the note in whose place this one stands.")
    ] = None,
    review: ReviewPath = None,
) -> None:
    """Note what was searched by hand.

    It is printed under its item in `iimscreen search report`. Notes are only added: a correction
    replaces a note, and both stay in the log.
    """
    from iimscreen import team
    from iimscreen.appendix import noting

    name = team.check_name(by)
    done_on = None if on is None else day("--on", on, if_ahead="give the day on which it was done")
    with opened(review) as open_one:
        made = noting.note(open_one, item, text, by=name, source=source_name, on=done_on, replaces=replaces)
    typer.echo(f"Note {made.number} on item {made.item} of PRISMA-S is in the log.")


@source_app.command("of")
def of(
    record: Annotated[str, typer.Argument(help="A record: key, number, pmid:… or doi:…", metavar="RECORD")],
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Everything that brought a record.

    Searches, seeds and files; those of its duplicates too.
    """
    from iimscreen.appendix import noting
    from iimscreen.render import appendix as shown

    with opened(review) as open_one:
        shown.brought(noting.brought(open_one, record), as_json=as_json)
