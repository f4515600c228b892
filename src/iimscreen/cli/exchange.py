"""Decisions go out to other tools, and come in from them: export, and `screen --from`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.options import ReviewPath, StageName, opened
from iimscreen.errors import InputError

if TYPE_CHECKING:
    from iimscreen.screening import Desk


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command()(export)


def export(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="csv, ris, rayyan-csv, covidence-csv, asreview-csv or asreview-json.",
            metavar="FORMAT",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="A new file.", metavar="FILE")],
    stage: StageName = "",
    which: Annotated[
        str,
        typer.Option("--which", help="all, included, excluded, conflicts, or left (with --reviewer)."),
    ] = "all",
    reviewer: Annotated[
        str | None,
        typer.Option("--reviewer", help="Your name: your own votes only, at any time.", metavar="NAME"),
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Of csv: a line a report, with columns for each reviewer.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Write decisions to a file for another tool.

    Outcomes and votes of rounds that are open; of a blind round only your own, with --reviewer. csv and
    ris hold all stages, the others one (title-abstract, unless --stage says otherwise).
    """
    from iimscreen import exporting, team
    from iimscreen.wording import counted

    name = None if reviewer is None else team.check_name(reviewer)
    if out.exists():
        raise InputError(f"{out} exists, and would be lost", hint="name another file with --out")
    with opened(review) as open_one:
        made = exporting.export(open_one, to, stage=stage, which=which, reviewer=name, is_wide=wide)
    try:
        with out.open("xb") as file:
            try:
                file.write(made.data)
            except OSError:
                out.unlink()  # a part of it would pass for the whole
                raise
    except OSError as error:
        raise InputError(
            f"{out} cannot be written: {error.strerror}", hint="name another file with --out"
        ) from error
    whose = "" if name is None else f" of {name}"
    typer.echo(
        f"Wrote {out}: {counted(made.reports, 'report')}, {counted(made.decisions, 'decision')}{whose} "
        f"({' and '.join(made.stages)})."
    )
    for one, closed in made.closed.items():
        typer.echo(f"{one}: {counted(closed, 'record')} still blind and not in it.", err=True)


def take_over(
    desk: Desk, path: Path, *, named: str | None, verdict: str | None, skip_unknown: bool, as_notes: bool
) -> None:
    """Store what a file of decisions says as this reviewer's votes, and say what became of it."""
    from iimscreen import decision_files, taking_over
    from iimscreen.wording import counted

    found = taking_over.read(path)
    if found is None:
        if named or verdict or skip_unknown or as_notes:
            raise InputError(
                f"{path} is a plain CSV of decisions, to which --as, --verdict, --skip-unknown and "
                "--reasons-as-notes say nothing",
                hint="leave them out, or give an export of Rayyan, Covidence, ASReview or iimscreen",
            )
        votes = desk.decide_all(decision_files.read_decisions(path))
        typer.echo(f"{counted(len(votes), 'vote')} of {desk.reviewer} stored.")
        return
    wanted = taking_over.Wanted(named, verdict, skip_unknown=skip_unknown, as_notes=as_notes)
    taken = taking_over.take_over(desk, found, path.name, wanted)
    typer.echo(
        f"{counted(len(taken.votes), 'vote')} of {desk.reviewer} stored, taken over from {found.tool}."
    )
    if taken.names_nobody and taken.votes:
        typer.echo(f"The file does not say whose decisions these are: they count as {desk.reviewer}'s own.")
    many = {"entry": "entries"}.get(found.unit)
    for count, what in (
        (counted(taken.undecided, found.unit, many), "without a decision"),
        (
            counted(taken.repeated, found.unit, many),
            "saying again what an earlier one says of the same report",
        ),
        (counted(taken.of_others, "vote"), "of others"),
        (counted(taken.of_other_stages, "vote"), "of other stages"),
    ):
        if not count.startswith("0 "):
            typer.echo(f"Passed over: {count} {what}.")
    if taken.unknown:
        lines = counted(len(taken.unknown), found.unit, many)
        typer.echo(f"Left out: {lines} that fit no record for certain ({taking_over.spans(taken.unknown)}).")
    if taken.noted:
        typer.echo(f"{counted(taken.noted, 'vote')} with a reason that the protocol lacks, kept in the note.")
