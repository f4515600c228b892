"""Commands for two copies of one review: share, merge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import ReviewPath, opened

VALUES = "extractions"  # a kind of rows: their number is as closed as they are


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command()(share)
    app.command()(merge)


def share(
    reviewer: Annotated[str, typer.Option("--reviewer", help="Whose rows of the log.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The file to write (default: NAME.bundle.zip in this folder)."),
    ] = None,
    review: ReviewPath = None,
) -> None:
    """Write one reviewer's work to a bundle for another copy.

    An older bundle of theirs is replaced. It holds votes in plain text.
    """
    from iimscreen import sharing
    from iimscreen.wording import counted

    with opened(review) as open_one:
        made = sharing.share(open_one, reviewer, out)
    if not made.is_new:
        typer.echo(f"{made.path} holds all of {made.reviewer} already and was left as it is.")
        return
    if VALUES in made.kinds:  # their number would tell how much was entered
        typer.echo(f"{made.path}: all rows of {made.reviewer}, with extracted values.")
    else:
        typer.echo(
            f"{made.path}: {counted(sum(made.kinds.values()), 'row')} of {made.reviewer} "
            f"({_kinds(made.kinds)}), {max(1, round(made.size / 1000)):,} kB."
        )
    what = "voted and extracted" if VALUES in made.kinds else "voted"
    typer.echo(f"It holds what {made.reviewer} {what} in plain text: whoever has it can read it.", err=True)
    if made.kept_back:
        typer.echo(
            f"{counted(made.kept_back, 'row')} cannot travel in a bundle; a copy that lacks them needs the review "
            "file itself.",
            err=True,
        )


def merge(
    files: Annotated[
        list[Path], typer.Argument(help="Bundles made with `iimscreen share`.", metavar="FILE…")
    ],
    review: ReviewPath = None,
) -> None:
    """Take in the work of other copies; all files or none.

    In any order and as often as you like. Prints counts, never what was voted.
    """
    from iimscreen import sharing
    from iimscreen.wording import counted

    with opened(review) as open_one:
        found = sharing.merge(open_one, files)
    for one in found.bundles:
        if one.has_values:
            what = "new rows" if one.new else "nothing new"
            typer.echo(f"{one.name}: {what} of {one.reviewer}; with extracted values, so not counted.")
            continue
        total = sum(one.new.values())
        what = f"{counted(total, 'new row')} ({_kinds(one.new)})" if total else "nothing new"
        typer.echo(f"{one.name}: {what} of {one.reviewer}; {one.known:,} known.")
    for warning in found.warnings:
        typer.echo(f"Note: {warning}.", err=True)


def _kinds(kinds: Mapping[str, int]) -> str:
    """Kinds of log rows with their counts."""
    words = {kind: kind.replace("_", " ") for kind in kinds}
    return ", ".join(
        f"{count:,} {words[kind].removesuffix('s') if count == 1 else words[kind]}"
        for kind, count in kinds.items()
    )
