"""The command of values to look at again after a change of the form; it stands under `extract`."""

from __future__ import annotations

from typing import Annotated

import typer

from iimscreen.cli.extract import FormName, extract_app
from iimscreen.cli.options import AsJson, ReviewPath, opened
from iimscreen.errors import InputError


def add_to(_app: typer.Typer) -> None:
    """Its command is registered with `extract`."""


@extract_app.command("revisit")
def revisit(
    study: Annotated[str, typer.Argument(help="One study; none for all.")] = "",
    reviewer: Annotated[
        str | None,
        typer.Option("--reviewer", help="Your name: your own values, of closed studies too.", metavar="NAME"),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Say that your values of STUDY hold as they are.")
    ] = False,
    field: Annotated[str, typer.Option("--field", help="With --confirm: of this field only.")] = "",
    form: FormName = "data",
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """What to look at again after a change of form.

    A value given anew leaves the list, the same or not; so does one that is confirmed.
    """
    from iimscreen import revisiting
    from iimscreen.render import revisits as shown
    from iimscreen.wording import counted

    if confirm and (not study or reviewer is None):
        raise InputError(
            "--confirm needs a study and --reviewer NAME",
            hint="extract revisit STUDY --reviewer NAME --confirm",
        )
    if field and not confirm:
        raise InputError("--field stands with --confirm", hint="leave it away to see all")
    with opened(review) as open_one:
        if confirm and reviewer is not None:
            count = revisiting.confirm(open_one, reviewer, study, field, form)
            typer.echo(f"{counted(count, 'value')} of {study} confirmed by {reviewer}.")
            return
        found = revisiting.to_revisit(open_one, form, reviewer, study)
        if as_json:
            shown.as_json(found)
        else:
            shown.listing(found, form=form, reviewer=reviewer)
