"""The command line: parse, call one function, print what came back. One file per phase.

Module level of these files imports typer and the ground only: `--help` must stay light. Errors are
caught once, here, so that every command ends with the exit code of `errors.py`.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from iimscreen import __version__
from iimscreen.cli import begin, find, judge, tell
from iimscreen.errors import IimscreenError


class Commands(TyperGroup):
    """All commands; turns our errors into one message on stderr and a documented exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command. The context is of the click that typer carries, hence untyped."""
        try:
            return super().invoke(ctx)
        except IimscreenError as error:
            typer.echo(f"Error: {error.message}", err=True)
            if error.hint:
                typer.echo(f"  → {error.hint}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            typer.echo("\nStopped. Everything decided or received before is saved.", err=True)
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
            sys.stderr.close()
            raise typer.Exit(0) from None


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


for _phase in (begin, find, judge, tell):
    _phase.add_to(app)
