"""Commands of the team: who takes part, who judges what, pilots and batches, unblinding."""

from __future__ import annotations

from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, By, ReviewPath, StageName, another_follows, opened
from iimscreen.errors import InputError

reviewer_app = typer.Typer(
    help="List, add, retire who takes part.", invoke_without_command=True, rich_markup_mode=None
)
round_app = typer.Typer(
    help="List rounds; make a batch of the next records.", invoke_without_command=True, rich_markup_mode=None
)
Seed = Annotated[int | None, typer.Option("--seed", help="Draws the same again; noted in the log.")]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command()(calibrate)
    app.add_typer(round_app, name="round")
    app.command()(assign)
    app.add_typer(reviewer_app, name="reviewer")
    app.command()(unblind)


def calibrate(
    size: Annotated[int | None, typer.Option("-n", help="Draw a pilot of so many records.", min=1)] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who draws it.")] = None,
    stage: StageName = "title-abstract",
    seed: Seed = None,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Draw a pilot; or compare its votes.

    With -n, a seeded sample that everyone judges before anything else. Without, the latest pilot: who
    has how many to go; once all votes are in, how far they agree and which records to talk about.
    """
    from iimscreen import reliability, render, rounds, team
    from iimscreen.render import rounds as shown
    from iimscreen.store import rounds as stored

    if size is None and (by is not None or seed is not None):
        raise InputError("--by and --seed go with -n", hint="leave them away to see the latest pilot")
    with opened(review) as open_one:
        if size is not None:
            if by is None:
                raise InputError("a pilot is drawn by someone", hint="say who with --by")
            drawn = rounds.draw_pilot(open_one, stage, size, by=team.check_name(by), seed=seed)
            if as_json:
                render.json(shown.as_values(drawn, size))
            else:
                shown.drawn(drawn, size)
            return
        one = rounds.latest_pilot(open_one, stage)
        shown.compared(
            one,
            len(stored.keys_of(open_one, one)),
            reliability.of_round(open_one, one.name).pairs,
            rounds.differences(open_one, one),
            as_json=as_json,
        )


@round_app.callback()
def round_(context: typer.Context, as_json: AsJson = False, review: ReviewPath = None) -> None:
    """List rounds; make a batch of the next records."""
    from iimscreen import rounds
    from iimscreen.render import rounds as shown

    if not another_follows(context):
        with opened(review) as open_one:
            shown.listed(rounds.listed(open_one), as_json=as_json)


@round_app.command("batch")
def batch(
    size: Annotated[int, typer.Option("-n", help="How many records at most.", min=1)],
    by: By,
    stage: StageName = "title-abstract",
    review: ReviewPath = None,
) -> None:
    """Make the next records a round of their own.

    It is closed, compared and resolved on its own.
    """
    from iimscreen import rounds, team
    from iimscreen.render import rounds as shown
    from iimscreen.store import rounds as stored

    with opened(review) as open_one:
        one = rounds.open_batch(open_one, stage, size, by=team.check_name(by))
        shown.drawn(one, len(stored.keys_of(open_one, one)))


def assign(
    by: By,
    stage: StageName = "title-abstract",
    among: Annotated[
        list[str] | None,
        typer.Option("--among", help="A reviewer, again for each; otherwise everyone.", metavar="NAME"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Parts them the same way again.")] = 1,
    again: Annotated[
        bool, typer.Option("--again", help="Also part anew what was assigned before and is left.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Part the records among reviewers.

    Each record goes to as many people as the protocol needs; everyone gets as many as the others.
    """
    from iimscreen import team
    from iimscreen.wording import counted

    with opened(review) as open_one:
        loads = team.assign(open_one, stage, among or (), by=by, seed=seed, again=again)
    for name, load in loads.items():
        typer.echo(f"{name}: {counted(load, 'record')} to judge")


@reviewer_app.callback()
def reviewer(context: typer.Context, review: ReviewPath = None) -> None:
    """List, add, retire who takes part."""
    from iimscreen.store import reviewers

    if another_follows(context):
        return
    with opened(review) as open_one:
        for name, role in reviewers.standing(open_one).items():
            typer.echo(f"{name}\t{role}")


@reviewer_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="The name they will give with --reviewer.")],
    role: Annotated[str, typer.Option("--role", help="reviewer or adjudicator.")] = "reviewer",
    review: ReviewPath = None,
) -> None:
    """Let another person take part."""
    from iimscreen import team

    with opened(review) as open_one:
        team.add_reviewer(open_one, name, role)
    typer.echo(f"{name} takes part as {role}.")


@reviewer_app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="Someone who has not voted.")], review: ReviewPath = None
) -> None:
    """Take someone off the list who has not voted."""
    from iimscreen import team

    with opened(review) as open_one:
        team.remove_reviewer(open_one, name)
    typer.echo(f"{name} takes part no longer.")


@reviewer_app.command("retire")
def retire(
    name: Annotated[str, typer.Argument(help="Whose part ends.")],
    by: By,
    hand_over: Annotated[
        str | None,
        typer.Option("--hand-over", help="Who takes over what is assigned and left.", metavar="NAME"),
    ] = None,
    review: ReviewPath = None,
) -> None:
    """End someone's part; their votes stand."""
    from iimscreen import team
    from iimscreen.wording import counted

    with opened(review) as open_one:
        left = team.retire(open_one, name, by=by, hand_over=hand_over)
    to = f", and {counted(left.passed, 'record')} to judge passed to {hand_over}" if hand_over else ""
    typer.echo(f"{name} takes part no longer; their votes stand{to}.")
    if left.to_all:
        typer.echo(
            f"{counted(left.to_all, 'record')} that {hand_over} was to judge with {name} "
            f"{'is' if left.to_all == 1 else 'are'} open to everyone now: each needs another person."
        )


def unblind(
    round_name: Annotated[
        str, typer.Option("--round", help="title-abstract, full-text, or a pilot or batch.")
    ],
    by: Annotated[str, typer.Option("--by", help="Who decides so.")],
    pair: Annotated[
        list[str] | None,
        typer.Option("--pair", help="One of two reviewers, twice; otherwise all pairs.", metavar="NAME"),
    ] = None,
    review: ReviewPath = None,
) -> None:
    """Open a round before its end; logged.

    For the records that are there now. The PRISMA flow states it.
    """
    from iimscreen import team

    with opened(review) as open_one:
        for one, other in team.unblind(open_one, round_name, by, pair or ()):
            typer.echo(f"{one} and {other} may see each other's votes of {round_name} now.")
