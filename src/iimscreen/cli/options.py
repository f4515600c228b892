"""Options that many commands share, and opening the review they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

    from iimscreen.store import Review

ReviewPath = Annotated[
    Path | None,
    typer.Option(
        "--review", help="The review file (or IIMSCREEN_REVIEW; default: review.db in this folder)."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
StageName = Annotated[str, typer.Option("--stage", help="title-abstract or full-text.")]
By = Annotated[str, typer.Option("--by", help="Your name; it goes into the log.")]
Deciders = Annotated[
    list[str], typer.Option("--by", help="Who decides; twice for a consensus of two.", metavar="NAME")
]
Email = Annotated[
    str | None, typer.Option("--email", help="Your e-mail for NCBI (or IIMSCREEN_EMAIL); never stored.")
]
ApiKey = Annotated[
    str | None, typer.Option("--api-key", help="Your NCBI API key (or NCBI_API_KEY); never stored.")
]
Note = Annotated[str | None, typer.Option("--note", help="Why; kept in the log.")]


def typed(context: typer.Context) -> list[str]:
    """The options that were typed, as they are written, such as "--json"; none that have their usual value."""
    return [
        option.opts[0]
        for option in context.command.params
        if option.name and getattr(context.get_parameter_source(option.name), "name", "") == "COMMANDLINE"
    ]


def another_follows(context: typer.Context) -> bool:
    """Whether a command of this group is to be run, such as `list` of `source list`.

    Raises InputError for an option before it, which it would never see: another review would be read.
    """
    command = context.invoked_subcommand
    if command is not None and typed(context):
        raise InputError(
            f"{typed(context)[0]} stands before {command!r}, which does not see it there",
            hint=f"write it behind {command}; `{context.command_path} {command} --help` lists its options",
        )
    return command is not None


def day(option: str, given: str, *, if_ahead: str = "") -> dt.date:
    """The date given with an option.

    Raises InputError if it is none, or lies ahead and `if_ahead` says what to do then.
    """
    import datetime as dt

    try:
        found = dt.date.fromisoformat(given)
    except ValueError as error:
        raise InputError(
            f"{option} {given!r} is no date", hint="expected YYYY-MM-DD, such as 2023-08-23"
        ) from error
    if if_ahead and found > dt.datetime.now().astimezone().date():
        raise InputError(f"{option} {given} lies ahead", hint=if_ahead)
    return found


@contextmanager
def keeping_nothing(*, offline: str) -> Iterator[None]:
    """Around questions to a source of which nothing is stored: no error of it says that something was saved.

    `offline` is what the command can do without a connection.
    """
    from iimscreen import sources
    from iimscreen.errors import SourceError

    try:
        yield
    except SourceError as error:
        raise sources.with_nothing_kept(error, offline=offline) from error


@contextmanager
def opened(path: Path | None) -> Iterator[Review]:
    """The review that `--review`, the environment, or this folder names; its notice goes to stderr."""
    import gc

    from iimscreen import settings
    from iimscreen.review_protocol import in_force
    from iimscreen.store import open_review

    # A large review is hundreds of thousands of small lasting values: looking among them for garbage as often
    # as Python does by itself costs a fifth of `status` (1.28 against 1.02 s for 100,000 records and votes).
    gc.set_threshold(100_000, 50, 100)
    with open_review(settings.review_path(path)) as review:
        notice = in_force(review).notice
        if notice:
            typer.echo(f"[{notice}]", err=True)
        yield review


def require_new(out: Path, option: str, lost: str = "") -> None:
    """Raise InputError if a file that is to be written is there, or cannot be: before what it takes to make it."""
    try:
        is_there = out.exists()
    except OSError as error:  # of a name that is too long
        raise InputError(
            f"{out} cannot be written: {error.strerror}", hint=f"name another file with {option}"
        ) from error
    if is_there:
        lost = f"{lost} would be lost" if lost else "would be lost"
        raise InputError(f"{out} exists, and {lost}", hint=f"name another file with {option}")


def write_new(out: Path, data: bytes, option: str) -> None:
    """Write a file that is not there yet, all of it or nothing. Raises InputError if it is, or cannot be written."""
    try:
        with out.open("xb") as file:
            try:
                file.write(data)
            except OSError:
                out.unlink()  # a part of it would pass for the whole
                raise
    except FileExistsError as error:
        raise InputError(
            f"{out} exists, and would be lost", hint=f"name another file with {option}"
        ) from error
    except OSError as error:
        raise InputError(
            f"{out} cannot be written: {error.strerror}", hint=f"name another file with {option}"
        ) from error
