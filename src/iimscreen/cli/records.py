"""Commands about single records: records show, list, edit, remove, restore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, By, Note, ReviewPath, opened
from iimscreen.errors import InputError

records_app = typer.Typer(
    help="Show and list records; correct or remove them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Record = Annotated[
    str, typer.Argument(help="A record: key, number, pmid:… or doi:…", metavar="RECORD", show_default=False)
]
Records = Annotated[
    list[str], typer.Argument(help="Records: key, number, pmid:… or doi:…", metavar="RECORD…")
]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(records_app, name="records")


@records_app.command("show")
def show(record: Record, as_json: AsJson = False, review: ReviewPath = None) -> None:
    """All that is stored on a record.

    As it stands and in its source's words, who changed what when and why, its report, and where it came
    from. Votes are not shown.
    """
    from iimscreen import curation
    from iimscreen.render import curation as shown

    with opened(review) as open_one:
        shown.record(curation.show(open_one, record), as_json=as_json)


@records_app.command("list")
def list_(
    lacking: Annotated[
        str | None, typer.Option("--lacking", help="Those without abstract, title, year, doi or authors.")
    ] = None,
    removed: Annotated[bool, typer.Option("--removed", help="Those removed before screening.")] = False,
    edited: Annotated[bool, typer.Option("--edited", help="Those that were edited.")] = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Keys and titles of records, in order of arrival."""
    from iimscreen import curation
    from iimscreen.render import curation as shown

    with opened(review) as open_one:
        found = curation.listed(open_one, lacking=lacking, removed=removed, edited=edited)
        shown.lines(found, as_json=as_json)


@records_app.command("edit")
def edit(
    record: Record,
    by: By,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A value, such as year=2021.", metavar="FIELD=VALUE")
    ] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--file", help="A value from a text file, such as abstract=a.txt.", metavar="FIELD=PATH"
        ),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", help="Empty this field.", metavar="FIELD")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last standing edit back.")] = False,
    note: Note = None,
    review: ReviewPath = None,
) -> None:
    """Add what a record lacks, or correct it.

    What its source stated stays in the file; the last edit is what everything reads. Say in --note why, and
    where the value comes from. Authors are written "Family, Given; Family, Given", a group "{Its name}";
    other lists are parted by semicolons.
    """
    from iimscreen import curation
    from iimscreen.render import curation as shown

    if undo and (set_ or files or unset):
        raise InputError("--undo stands alone", hint="take the edit back first, then make another")
    values = _values(set_ or [], files or [])
    with opened(review) as open_one:
        if undo:
            found = curation.undo(open_one, record, by=by, note=note)
        else:
            found = curation.edit(open_one, record, values, unset=unset or [], note=note, by=by)
        shown.edited(found)


def _values(given: Sequence[str], files: Sequence[str]) -> dict[str, str]:
    """Field → value as typed, or as it stands in the file named."""
    found: dict[str, str] = {}
    for option, words in (("--set", given), ("--file", files)):
        for word in words:
            field, equals, value = word.partition("=")
            if not equals or not field.strip():
                raise InputError(
                    f"{option} {word!r} names no field", hint=f"expected {option} FIELD=…, such as year=2021"
                )
            if field.strip() in found:
                raise InputError(f"{field.strip()} is given twice", hint="give each field once")
            found[field.strip()] = value if option == "--set" else _text_of(Path(value))
    return found


def _text_of(path: Path) -> str:
    from iimscreen.formats import text_of

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="name a text file with --file FIELD=PATH"
        ) from error
    try:
        return text_of(data)
    except InputError as error:
        raise InputError(f"{path}, {error.message}", hint=error.hint) from error


@records_app.command("remove")
def remove(
    records: Records,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the flow and in the log.")],
    by: By,
    review: ReviewPath = None,
) -> None:
    """Take records out before screening.

    For what should not be screened at all: retracted before, imported by mistake, a test. PRISMA counts them
    as removed for other reasons. What has votes is excluded by vote instead.
    """
    from iimscreen import curation
    from iimscreen.render import curation as shown

    with opened(review) as open_one:
        shown.moved(curation.remove(open_one, records, reason=reason, by=by), is_removal=True)


@records_app.command("restore")
def restore(
    records: Records,
    note: Annotated[str, typer.Option("--note", help="Why; kept in the log.")],
    by: By,
    review: ReviewPath = None,
) -> None:
    """Take removed records in again."""
    from iimscreen import curation
    from iimscreen.render import curation as shown

    with opened(review) as open_one:
        shown.moved(curation.restore(open_one, records, note=note, by=by), is_removal=False)
