"""Commands of studies: name them, link them to reports, and see which reports may be of one."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.options import AsJson, By, Note, ReviewPath, opened
from iimscreen.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

study_app = typer.Typer(
    help="Studies: name, link to reports, list, suggest.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(help="The study's name; in quotes where it holds blanks.")]
Reports = Annotated[
    list[str], typer.Argument(help="Reports: key, number, pmid:… or doi:…", metavar="REPORT…")
]
Why = Annotated[str, typer.Option("--note", help="Why; kept in the log.")]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(study_app, name="study")


@study_app.command("new")
def new(
    by: By,
    name: Annotated[str | None, typer.Argument(help="Its name, such as 'Paik 2021'.")] = None,
    reports: Annotated[
        list[str] | None, typer.Option("--report", help="A report that tells of it; may be repeated.")
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="One for every included report that has none, named by itself.")
    ] = False,
    own: Annotated[
        bool, typer.Option("--own", help="Your own patients: in no flow, in no total of the literature.")
    ] = False,
    title: Annotated[str, typer.Option("--title", help="What it is about, in a line.")] = "",
    review: ReviewPath = None,
) -> None:
    """Name a study, or one for each report.

    With --each, "Family Year" of the report, with a letter where several are called so. A study that was given
    up is taken up again by its name, with the links it had.
    """
    from iimscreen import studies
    from iimscreen.render import studies as shown

    if each == (name is not None) or (each and (reports or own or title)):
        raise InputError(
            "a study needs a name, or --each alone",
            hint="iimscreen study new 'Paik 2021' --report pmid:1 --by NAME; or iimscreen study new --each --by NAME",
        )
    with opened(review) as open_one:
        if name is None:
            shown.named_each(studies.new_for_each(open_one, by=by))
        else:
            shown.named(studies.new(open_one, name, reports or (), by=by, own=own, title=title))


@study_app.command("link")
def link(
    name: Name,
    reports: Reports,
    by: By,
    only: Annotated[bool, typer.Option("--only", help="Take back their links to all other studies.")] = False,
    note: Note = None,
    review: ReviewPath = None,
) -> None:
    """Say that reports tell of a study.

    A report may tell of several studies. Undone by `iimscreen study unlink`.
    """
    from iimscreen import studies

    with opened(review) as open_one:
        before = studies.without_reports(open_one)
        keys = studies.link(open_one, name, reports, by=by, only=only, note=note)
        emptied = [one for one in studies.without_reports(open_one) if one not in before]
    _told(name, "linked to", keys)
    for one in emptied:
        typer.echo(
            f"{one} has no report any more; if it is none: iimscreen study drop {quote(one)} --note WHY --by NAME"
        )


@study_app.command("unlink")
def unlink(name: Name, reports: Reports, note: Why, by: By, review: ReviewPath = None) -> None:
    """Say that reports do not tell of a study."""
    from iimscreen import studies

    with opened(review) as open_one:
        keys = studies.unlink(open_one, name, reports, note=note, by=by)
    _told(name, "no longer linked to", keys)


def _told(name: str, words: str, keys: Sequence[str]) -> None:
    typer.echo(f"{name}: {words} {', '.join(keys)}")


@study_app.command("drop")
def drop(name: Name, note: Why, by: By, review: ReviewPath = None) -> None:
    """Give a study up.

    Its reports count as one study each, unless they tell of others. Nothing is deleted: `iimscreen study new`
    of the same name takes it up again, with its links.
    """
    from iimscreen import studies

    with opened(review) as open_one:
        keys = studies.drop(open_one, name, note=note, by=by)
    typer.echo(f"{name} is given up" + (f"; it was linked to {', '.join(keys)}" if keys else "") + ".")


@study_app.command("list")
def list_(as_json: AsJson = False, review: ReviewPath = None) -> None:
    """All studies with their reports."""
    from iimscreen import studies
    from iimscreen.render import studies as shown

    with opened(review) as open_one:
        shown.listing(studies.listing(open_one), as_json=as_json)


@study_app.command("show")
def show(name: Name, as_json: AsJson = False, review: ReviewPath = None) -> None:
    """One study: its reports, and who linked them."""
    from iimscreen import studies
    from iimscreen.render import studies as shown

    with opened(review) as open_one:
        shown.one(studies.show(open_one, name), as_json=as_json)


@study_app.command("suggest")
def suggest(as_json: AsJson = False, review: ReviewPath = None) -> None:
    """Included reports that may be of one study.

    Scored by registrations, authors, titles, dates and links, with the parts shown. Nothing is linked by itself.
    """
    from iimscreen import studies
    from iimscreen.render import studies as shown

    with opened(review) as open_one:
        shown.suggestions(studies.suggest(open_one), as_json=as_json)


@study_app.command("apart")
def apart(
    report: Annotated[str, typer.Argument(help="A report: key, number, pmid:… or doi:…")],
    other: Annotated[str, typer.Argument(help="The other report.")],
    note: Why,
    by: By,
    review: ReviewPath = None,
) -> None:
    """Say that two reports are of two studies.

    They are not suggested again.
    """
    from iimscreen import studies

    with opened(review) as open_one:
        one, two = studies.set_apart(open_one, report, other, note=note, by=by)
    typer.echo(f"Of two studies: {one} and {two}")
