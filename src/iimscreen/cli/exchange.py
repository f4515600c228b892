"""References and decisions go out to other tools, and decisions come in: export, and `screen --from`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.options import ReviewPath, StageName, opened, require_new, write_new
from iimscreen.errors import InputError

if TYPE_CHECKING:
    from iimscreen.exporting import Export
    from iimscreen.screening import Desk


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command()(export)


def export(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="ris, nbib, bibtex, csl-json, records-csv, xlsx, jsonl; with decisions for tools: csv, rayyan-csv, "
            "covidence-csv, asreview-csv, asreview-json; datasette-metadata. Without it the name of the file tells.",
            metavar="FORMAT",
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", "--output", help="A new file.", metavar="FILE")] = None,
    is_included: Annotated[
        bool, typer.Option("--included", help="Reports included; at full text, or at --stage.")
    ] = False,
    is_excluded: Annotated[
        bool, typer.Option("--excluded", help="Reports excluded, at any stage or at --stage.")
    ] = False,
    is_conflicts: Annotated[bool, typer.Option("--conflicts", help="Reports on which votes differ.")] = False,
    run: Annotated[
        str | None,
        typer.Option("--run", help="Records that a search, a sub-query or an import brought.", metavar="N"),
    ] = None,
    why: Annotated[
        str | None,
        typer.Option(
            "--why", help="What is behind a number, such as prisma.records_excluded.", metavar="NAME"
        ),
    ] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every report of the review.")] = False,
    stage: StageName = "",
    decisions: Annotated[
        bool | None,
        typer.Option(
            "--decisions/--no-decisions",
            help="Whether decisions stand in it; if not said, where the set rests on them.",
        ),
    ] = None,
    as_records: Annotated[
        bool, typer.Option("--records", help="Each record as its source has it, not each report.")
    ] = False,
    which: Annotated[
        str | None,
        typer.Option("--which", help="all, included, excluded, conflicts, or left (with --reviewer)."),
    ] = None,
    reviewer: Annotated[
        str | None,
        typer.Option("--reviewer", help="Your name: your own votes only, at any time.", metavar="NAME"),
    ] = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Of csv: a line a report, with columns for each reviewer.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Write references and decisions to a file.

    Any set of references for a reference manager, or decisions for another tool. Outcomes and votes of rounds that
    are open; of a blind round only your own, with --reviewer. Each report stands once, as reviewers see it.
    """
    from iimscreen import exporting, team

    if out is None:
        raise InputError(
            "the file to write is not named", hint="name it with --out, such as --out included.bib"
        )
    name = None if reviewer is None else team.check_name(reviewer)
    to = _format(to, out)
    sets = {
        exporting.INCLUDED: is_included,
        exporting.EXCLUDED: is_excluded,
        exporting.CONFLICTS: is_conflicts,
        exporting.RUN: run is not None,
        exporting.WHY: why is not None,
        exporting.ALL: is_all,
    }
    chosen = [what for what, is_chosen in sets.items() if is_chosen]
    if len(chosen) > 1 or (chosen and (which is not None or name is not None or wide)):
        others = chosen[1:] or [
            option for option, is_given in (("which", which), ("reviewer", name), ("wide", wide)) if is_given
        ]
        raise InputError(
            f"--{chosen[0]} and --{others[0]} ask for different things", hint="leave one of them out"
        )
    if to == exporting.DATASETTE and (chosen or which or name or wide):
        raise InputError(
            "datasette-metadata describes the whole review file", hint="leave out what names a set of records"
        )
    is_plain = not chosen and name is None and not wide and which != exporting.LEFT
    if is_plain and (decisions is not None or as_records or _is_of_references(to)):
        chosen = [exporting.ALL if which is None else which]
    if not chosen and (decisions is not None or as_records):
        raise InputError(
            "--decisions and --records are about sets of references, not about the votes of one reviewer",
            hint="leave them out, or name a set such as --included or --all",
        )
    require_new(out, "--out")
    with opened(review) as open_one:
        if to == exporting.DATASETTE:
            made = exporting.datasette(open_one)
        elif chosen:
            wanted = exporting.Wanted(
                what=chosen[0],
                name=run or why or "",
                stage=stage,
                with_decisions=decisions,
                as_records=as_records,
            )
            made = exporting.references(open_one, to, wanted)
        else:
            asked = exporting.ALL if which is None else which
            made = exporting.export(open_one, to, stage=stage, which=asked, reviewer=name, is_wide=wide)
    write_new(out, made.data, "--out")
    _tell(made, out, name)


def _format(given: str, out: Path) -> str:
    """The format that is named, or that the name of the file asks for."""
    from iimscreen import exporting, written_formats

    if given:
        return written_formats.ALIASES.get(given, given)
    known = written_formats.SUFFIXES
    found = known.get(out.suffix.lower())
    if found is None:
        raise InputError(
            f"the name {out.name} does not tell a format",
            hint=f"end it with {', '.join(known)}, or name one with --to: {', '.join(exporting.FORMATS)}",
        )
    return found


def _is_of_references(to: str) -> bool:
    """Whether a format is of references and not, before all, of decisions."""
    from iimscreen import decision_formats, written_formats

    return to in written_formats.FORMATS and to not in decision_formats.FORMATS


def _tell(made: Export, out: Path, name: str | None) -> None:
    from iimscreen.wording import counted

    whose = "" if name is None else f" of {name}"
    said = counted(made.reports, made.unit)
    if made.stages and not made.has_votes:
        said += " with their outcomes"
    elif made.stages:
        said += f", {counted(made.decisions, 'decision')}{whose}"
    about = "; ".join(filter(None, (made.called, " and ".join(made.stages) if not made.called else "")))
    typer.echo(f"Wrote {out}: {said} ({about}).")
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
