"""Commands that begin a review: init, protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, ReviewPath, opened
from iimscreen.errors import InputError

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
def show(
    bundled: Annotated[
        bool, typer.Option("--bundled", help="The one that comes with iimscreen, whatever is in force.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Print the protocol in force, ready to be edited.

    Without a review: the bundled one.
    """
    from iimscreen import review_protocol, settings
    from iimscreen.store import protocols

    if bundled or (review is None and not settings.review_path(None).exists()):
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
    """Make FILE the protocol in force.

    After the first vote that is an amendment.
    """
    from iimscreen import amending, review_protocol, team
    from iimscreen.render import amendments as shown

    name = None if by is None else team.check_name(by)
    with opened(review) as open_one:
        version, changes = review_protocol.load(open_one, file, by=name)
        for change in changes:
            typer.echo(f"  {change.what}")
        if not changes:
            typer.echo("Nothing changed in what the protocol says.")
        typer.echo(f"Version {version.number} is in force.")
        made = amending.amendments(open_one)
        for amendment in made.found[-1:]:
            if amendment.version.number == version.number and changes:
                shown.touched(amendment, is_partly_blind=made.is_partly_blind)
                if made.is_partly_blind:
                    typer.echo(shown.BLIND)


@protocol_app.command("diff")
def diff(
    file: Annotated[Path | None, typer.Argument(help="Compare the protocol in force with this file.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="List every decision that the amendments touch.")
    ] = False,
    reviewer: Annotated[
        str | None,
        typer.Option(
            "--reviewer", help="Your name: your own votes, those of blind rounds too.", metavar="NAME"
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="One row for each decision touched.")] = False,
    review: ReviewPath = None,
) -> None:
    """What FILE would change; or the amendments so far.

    Without FILE: what was amended since the first vote, with the decisions to look at again, and why; at
    the end the sentence for PRISMA 2020, item 24c.
    """
    from iimscreen import amending, review_protocol, team
    from iimscreen.protocol import differences
    from iimscreen.render import amendments as shown

    if as_json and as_csv:
        raise InputError("--json and --csv cannot stand together", hint="choose one of them")
    if file is not None and (reviewer or as_json or as_csv or everything):
        raise InputError(
            "FILE is compared with the protocol in force, and no decision was made under it yet",
            hint="leave the options out, or FILE",
        )
    with opened(review) as open_one:
        if file is not None:
            changes = differences(review_protocol.in_force(open_one), review_protocol.read(file))
            for change in changes:
                typer.echo(change.what)
            if not changes:
                typer.echo("Nothing would change.")
            return
        name = None if reviewer is None else team.check_name(reviewer)
        found = amending.amendments(open_one, name)
        sentence = None if name else amending.amendment_sentence(open_one, found)
        if as_json:
            shown.as_json(found, sentence)
            return
        if as_csv:
            shown.as_csv(found)
            return
        frozen = review_protocol.frozen(open_one)
        if frozen is None:
            typer.echo("No vote has been cast: the protocol is not frozen yet, so there are no amendments.")
            return
        typer.echo(f"Frozen at the first vote: version {frozen.number} of {frozen.at} ({frozen.origin}).")
        shown.listing(found, reviewer=name, everything=everything)
        if sentence:
            typer.echo(f"PRISMA 24c: {sentence}")
