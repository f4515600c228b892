"""Commands of data extraction: what one person enters, cell by cell, and when they are done."""

from __future__ import annotations

from typing import Annotated

import typer

from iimscreen.cli.options import ReviewPath, opened

extract_app = typer.Typer(
    help="Data extraction: sheets, values, comparison.", no_args_is_help=True, rich_markup_mode=None
)
Study = Annotated[str, typer.Argument(help="The study's name, as `iimscreen study list` has it.")]
Reviewer = Annotated[str, typer.Option("--reviewer", help="Your name.")]
FormName = Annotated[str, typer.Option("--form", help="data, or an instrument of appraisal.")]
Unchecked = Annotated[
    bool, typer.Option("--unchecked", help="Take quotes as they are, without looking into the text.")
]
WhyNote = Annotated[str | None, typer.Option("--note", help="Why; kept in the log.")]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(extract_app, name="extract")


@extract_app.command("set")
def set_(
    study: Study,
    field: Annotated[str, typer.Argument(help="The field's name, as `iimscreen extract form` lists them.")],
    value: Annotated[str, typer.Argument(help="The value, NR, NA, UN or AS; '' empties it.")],
    reviewer: Reviewer,
    row: Annotated[str, typer.Option("--row", help="The row, such as P1; none for the study itself.")] = "",
    of: Annotated[str, typer.Option("--of", help="The row above it, such as P1 for a treatment T1.")] = "",
    unit: Annotated[str, typer.Option("--unit", help="The unit; it may stand behind the value, too.")] = "",
    quote: Annotated[str, typer.Option("--quote", help="The report's own words.")] = "",
    page: Annotated[str, typer.Option("--page", help="Where: a page, a table, a section.")] = "",
    report: Annotated[
        str, typer.Option("--report", help="The report it is from, where a study has several.")
    ] = "",
    formula: Annotated[str, typer.Option("--formula", help="How a derived value was worked out.")] = "",
    note: Annotated[str, typer.Option("--note", help="A remark beside the value.")] = "",
    unchecked: Unchecked = False,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """Enter one value."""
    from iimscreen.extracting import Given, Seat
    from iimscreen.forms import OF

    with opened(review) as open_one:
        seat = Seat(open_one, reviewer, form)
        cells = [Given("", study, row, OF, of)] if of else []
        cells.append(
            Given(
                "",
                study,
                row,
                field,
                value,
                unit=unit,
                quote=quote,
                page=page,
                report=report,
                formula=formula,
                note=note,
            )
        )
        seat.take(cells, check_quotes=not unchecked)
        word = seat.own([study]).get((study, row, field))
    from iimscreen.render import plain

    place = " ".join(filter(None, (study, row, field)))
    typer.echo(plain(f"{place}: {word.value if word is not None else 'empty'}"))


@extract_app.command("done")
def done(
    study: Study,
    reviewer: Reviewer,
    note: WhyNote = None,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """Say that you are done with a study."""
    from iimscreen.extracting import Seat

    with opened(review) as open_one:
        seat = Seat(open_one, reviewer, form)
        state = seat.done(study, note=note)
        is_open = seat.gate().is_open(study)
        mode = seat.mode
    option = "" if form == "data" else f" --form {form}"
    typer.echo(f"{study or 'The review'}: {state} by {reviewer}.")
    if mode == "checked" and state == "done":
        typer.echo(f"Another may check it now. Next: iimscreen extract sheet --reviewer OTHER_NAME{option}")
    elif is_open and mode == "single":
        typer.echo(f"Next: iimscreen extract status{option}")
    elif is_open:
        typer.echo(f"All who are needed are done with it. Next: iimscreen extract compare {study!r}{option}")


@extract_app.command("reopen")
def reopen(
    study: Study,
    reviewer: Reviewer,
    note: WhyNote = None,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """Take a study up again that you were done with."""
    from iimscreen.extracting import Seat

    with opened(review) as open_one:
        Seat(open_one, reviewer, form).reopen(study, note=note)
    typer.echo(f"{study or 'The review'} is open for {reviewer} again.")


@extract_app.command("form")
def form_(
    name: Annotated[str, typer.Argument(help="data, or an instrument of appraisal.")] = "data",
    review: ReviewPath = None,
) -> None:
    """The fields of a form."""
    from iimscreen import review_forms
    from iimscreen.render import extraction as shown

    with opened(review) as open_one:
        shown.form(review_forms.in_force(open_one, name))


@extract_app.command("quotes")
def quotes(
    reviewer: Reviewer,
    study: Annotated[str | None, typer.Argument(help="One study; all of them if none is named.")] = None,
    form: FormName = "data",
    review: ReviewPath = None,
) -> None:
    """Hold your quotes against the texts."""
    from iimscreen import quoting
    from iimscreen.render import extraction as shown

    with opened(review) as open_one:
        shown.checked(quoting.check(open_one, reviewer, form=form, study=study))
