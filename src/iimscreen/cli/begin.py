"""Commands that begin a review: init, protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.options import ReviewPath, opened

if TYPE_CHECKING:
    from iimscreen.review_protocol import Amendment

protocol_app = typer.Typer(
    help="Show, load or compare the protocol.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command()(init)
    app.add_typer(protocol_app, name="protocol")


def init(
    protocol: Annotated[
        Path | None, typer.Option("--protocol", help="A protocol file (default: the bundled one).")
    ] = None,
    review: ReviewPath = None,
) -> None:
    """Make a review file in this folder."""
    from iimscreen import review_protocol, settings

    path = settings.review_path(review)
    made = review_protocol.create(path, protocol)
    typer.echo(f"Made {path}: {made.title}")
    own = "" if protocol is None else " --strategy FILE   (or iimscreen import FILE --database NAME)"
    typer.echo(f"Next: iimscreen search{own}")


@protocol_app.command("show")
def show(review: ReviewPath = None) -> None:
    """Print the protocol in force (without a review: the bundled one), ready to be edited."""
    from iimscreen import review_protocol, settings
    from iimscreen.store import protocols

    if review is None and not settings.review_path(None).exists():
        typer.echo(review_protocol.bundled().read_text(encoding="utf-8"), nl=False)
        return
    with opened(review) as open_one:
        typer.echo(protocols.versions(open_one)[-1].text, nl=False)


@protocol_app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="A protocol file.")],
    by: Annotated[str | None, typer.Option("--by", help="Your name; it goes into the log.")] = None,
    review: ReviewPath = None,
) -> None:
    """Make FILE the protocol in force; after the first vote that is an amendment."""
    from iimscreen import review_protocol, team

    name = None if by is None else team.check_name(by)
    with opened(review) as open_one:
        version, changes = review_protocol.load(open_one, file, by=name)
        for change in changes:
            typer.echo(f"  {change.what}")
        if not changes:
            typer.echo("Nothing changed in what the protocol says.")
        typer.echo(f"Version {version.number} is in force.")
        for amendment in review_protocol.amendments(open_one)[-1:]:
            if amendment.version.number == version.number and changes:
                _say_touched(amendment)


@protocol_app.command("diff")
def diff(
    file: Annotated[Path | None, typer.Argument(help="Compare the protocol in force with this file.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List every decision that the amendments touch.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """What FILE would change; without FILE, the amendments since the first vote."""
    from iimscreen import review_protocol
    from iimscreen.protocol import differences

    with opened(review) as open_one:
        if file is not None:
            changes = differences(review_protocol.in_force(open_one), review_protocol.read(file))
            for change in changes:
                typer.echo(change.what)
            if not changes:
                typer.echo("Nothing would change.")
            return
        frozen = review_protocol.frozen(open_one)
        if frozen is None:
            typer.echo("No vote has been cast: the protocol is not frozen yet, so there are no amendments.")
            return
        typer.echo(f"Frozen at the first vote: version {frozen.number} of {frozen.at} ({frozen.origin}).")
        amendments = review_protocol.amendments(open_one)
        if not amendments:
            typer.echo("No amendments since.")
        for amendment in amendments:
            typer.echo(f"Amendment, version {amendment.version.number} of {amendment.version.at}:")
            for change in amendment.changes:
                typer.echo(f"  {change.what}")
            _say_touched(amendment, everything=everything)


def _say_touched(amendment: Amendment, *, everything: bool = False, most: int = 10) -> None:
    if amendment.touched is None:
        typer.echo("  Decisions to look at again: not shown while a stage is blind.")
        return
    count = len(amendment.touched)
    typer.echo(f"  Decisions to look at again: {count:,}")
    for stage, word in amendment.touched[: None if everything else most]:
        reason = f" ({word.reason})" if word.reason else ""
        typer.echo(f"    {stage} {word.key}: {word.verdict}{reason}, {', '.join(word.names)}")
    if count > most and not everything:
        typer.echo(f"    … and {count - most:,} more: iimscreen protocol diff --all")
