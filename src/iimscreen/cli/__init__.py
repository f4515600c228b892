"""The command line: parse, call one function, print what came back. One file per phase.

Module level of these files imports typer and the ground only: `--help` must stay light. Errors are
caught once, here, so that every command ends with the exit code of `errors.py`.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from iimscreen import __version__
from iimscreen.cli import (
    appendix,
    appraise,
    audit,
    begin,
    capsule,
    consensus,
    duplicates,
    exchange,
    extract,
    extract_sheets,
    find,
    fulltexts,
    judge,
    living,
    manuscript,
    receipts,
    records,
    revisit,
    search,
    share,
    strategy,
    studies,
    tables,
    team,
    tell,
    trace,
    whatif,
    whole_report,
    why,
)
from iimscreen.errors import IimscreenError, InputError

STOPPED = "\nStopped. Everything decided or received before is saved. The same command goes on from there."


class Commands(TyperGroup):
    """All commands; turns our errors into one message on stderr and a documented exit code."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Read the command line, run the command, exit. Whatever else leaves it is a bug of ours."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal may lack a letter that a title has
        words = sys.argv[1:] if args is None else args
        for word in words:
            if any("\ud800" <= letter <= "\udfff" for letter in word):
                _tell(
                    InputError(
                        f"{word!r} on the command line is not UTF-8 text",
                        hint="rename the file, or type the text in a terminal set to UTF-8",
                    )
                )
                sys.exit(InputError.exit_code)
        with _AsksForAReport():
            return super().main(args, *rest, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command. The context is of the click that typer carries, hence untyped."""
        try:
            returned = super().invoke(ctx)
            sys.stdout.flush()  # or a closed pipe is met after the last line of ours, with a complaint
        except IimscreenError as error:
            _tell(error)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            typer.echo(STOPPED, err=True)
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
            with contextlib.suppress(OSError):  # no file number: not a real stdout
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        return returned


def _tell(error: IimscreenError) -> None:
    """Print one error: what, and what to do. It may quote a file or a source, so it is made plain."""
    from iimscreen.render import plain

    typer.echo(f"Error: {plain(error.message)}", err=True)
    if error.hint:
        typer.echo(f"  → {plain(error.hint)}", err=True)


class _AsksForAReport:
    """Adds a line to a bug's traceback, and hides nothing of it."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception):
            error.add_note(
                f"This is a bug of iimscreen {__version__}: please report it with all of the text above and "
                "the command that was typed, but without your API key."
            )


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"iimscreen {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="iimscreen",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich's help costs +93 ms
    pretty_exceptions_enable=False,
    add_completion=False,
    help=(
        "A systematic review from the search to the PRISMA 2020 flow diagram. "
        "Start with `iimscreen demo`, or with `iimscreen search` in a folder of your own."
    ),
)


@app.callback()
def _iimscreen(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


for _phase in (
    begin,
    search,
    receipts,
    appendix,
    strategy,
    trace,
    find,
    duplicates,
    records,
    judge,
    share,
    exchange,
    team,
    fulltexts,
    studies,
    extract,
    revisit,
    extract_sheets,
    consensus,
    audit,
    appraise,
    tables,
    tell,
    whole_report,
    why,
    whatif,
    living,
    manuscript,
    capsule,
):
    _phase.add_to(app)
