"""Commands that judge a strategy before it is run: strategy check, strategy trace, strategy press."""

from __future__ import annotations

import typer

strategy_app = typer.Typer(
    help="Judge a strategy: check its wording, trace its terms.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(strategy_app, name="strategy")
