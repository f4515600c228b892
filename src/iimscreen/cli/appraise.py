"""Commands of appraisal: which instrument for which study, instruments from files, the plot and the table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, By, ReviewPath, opened, require_new, write_new
from iimscreen.errors import InputError

appraise_app = typer.Typer(
    help="Appraisal: instruments, plot, table.", no_args_is_help=True, rich_markup_mode=None
)
Instrument = Annotated[
    str, typer.Option("--form", help="An instrument, as `iimscreen appraise list` names it.")
]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(appraise_app, name="appraise")


@appraise_app.command("list")
def list_(as_json: AsJson = False, review: ReviewPath = None) -> None:
    """Instruments, and which study needs which.

    A study needs the instruments that [appraisal] of the protocol names for its design as extracted.
    Who is done is shown; what they answered is not, before all are.
    """
    from iimscreen import appraising
    from iimscreen.render import appraisal as shown

    with opened(review) as open_one:
        plan = appraising.plan(open_one)
    if as_json:
        shown.as_json(plan)
    else:
        shown.plan(plan)


@appraise_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="An instrument, as `iimscreen appraise list` names it.")],
    toml: Annotated[bool, typer.Option("--toml", help="As a file, ready to be edited and loaded.")] = False,
    review: ReviewPath = None,
) -> None:
    """The questions of an instrument."""
    from iimscreen import review_forms
    from iimscreen.forms import DATA
    from iimscreen.render import extraction as shown

    if name == DATA:
        raise InputError(
            "data is no instrument", hint="`iimscreen extract form` shows the form of extraction"
        )
    with opened(review) as open_one:
        if toml:
            typer.echo(review_forms.text_of(open_one, name), nl=False)
        else:
            shown.form(review_forms.in_force(open_one, name))


@appraise_app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="A TOML file as `appraise show NAME --toml` prints it.")],
    by: By,
    review: ReviewPath = None,
) -> None:
    """Use an instrument from a file.

    It takes the place of the one of its name, such as the official text of a checklist; or is a new one.
    """
    from iimscreen import appraising
    from iimscreen.render import appraisal as shown

    with opened(review) as open_one:
        shown.loaded(appraising.load(open_one, file, by=by))


@appraise_app.command("plot")
def plot(
    form: Instrument,
    out: Annotated[Path, typer.Option("--out", help="The file to write.", metavar="FILE.svg")],
    review: ReviewPath = None,
) -> None:
    """The traffic-light plot, as SVG."""
    from iimscreen import appraising

    require_new(out, "--out")
    with opened(review) as open_one:
        made = appraising.plot(open_one, form)
    write_new(out, made.encode(), "--out")
    typer.echo(f"Wrote {out}.")


@appraise_app.command("table")
def table(
    form: Instrument,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The file to write; without it, the screen.", metavar="FILE.csv"),
    ] = None,
    review: ReviewPath = None,
) -> None:
    """Every answer with its quote, as CSV."""
    from iimscreen import appraising

    if out is not None:
        require_new(out, "--out")
    with opened(review) as open_one:
        made = appraising.table(open_one, form)
    if out is None:
        sys.stdout.write(made.decode("utf-8-sig").replace("\r\n", "\n"))
        return
    write_new(out, made, "--out")
    typer.echo(f"Wrote {out}.")
