"""Commands of the reviewers: screen, conflicts, resolve, agreement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.options import AsJson, Deciders, Note, ReviewPath, StageName, opened
from iimscreen.errors import InputError

if TYPE_CHECKING:
    from iimscreen.resolving import Table
    from iimscreen.screening import Desk

RecordOption = Annotated[
    str | None, typer.Option("--record", help="One record: key, number, pmid:… or doi:…")
]
VerdictOption = Annotated[
    str | None,
    typer.Option("--verdict", help="include, exclude or unsure; at full text also awaiting or ongoing."),
]
FinalOption = Annotated[
    str | None, typer.Option("--verdict", help="include or exclude; at full text also awaiting or ongoing.")
]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="The exclusion reason's code.")]
Plain = Annotated[
    bool, typer.Option("--plain", help="Questions line by line, not the full screen (or IIMSCREEN_PLAIN).")
]
Keys = Annotated[
    str | None,
    typer.Option("--keys", help="Keys for voting: standard, rayyan or asreview (or IIMSCREEN_KEYS)."),
]
Theme = Annotated[
    str | None, typer.Option("--theme", help="Full screen: auto, dark or light (or IIMSCREEN_THEME).")
]
FromOption = Annotated[
    Path | None, typer.Option("--from", help="A CSV record,verdict,reason,note; all of it or nothing.")
]
TakenFrom = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="A CSV record,verdict,reason,note, or an export of iimscreen, Rayyan, Covidence or ASReview; "
        "all of it or nothing.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command()(screen)
    app.command()(conflicts)
    app.command()(resolve)
    app.command()(agreement)


def screen(
    reviewer: Annotated[str, typer.Option("--reviewer", help="Your name.")],
    stage: StageName = "title-abstract",
    record: RecordOption = None,
    verdict: VerdictOption = None,
    reason: ReasonOption = None,
    note: Note = None,
    change: Annotated[bool, typer.Option("--change", help="Change your vote; say why with --note.")] = False,
    from_file: TakenFrom = None,
    named: Annotated[
        str | None, typer.Option("--as", help="With --from: your name in that file.", metavar="NAME")
    ] = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="With --from: leave out what fits no record.")
    ] = False,
    reasons_as_notes: Annotated[
        bool,
        typer.Option("--reasons-as-notes", help="With --from: keep reasons the protocol lacks as notes."),
    ] = False,
    amended: Annotated[
        bool, typer.Option("--amended", help="Your votes that an amendment of the protocol touches.")
    ] = False,
    plain: Plain = False,
    keys: Keys = None,
    theme: Theme = None,
    review: ReviewPath = None,
) -> None:
    """Vote on the records left for you.

    Record by record, on the full screen where the terminal can; or one vote with --record and
    --verdict; or a file of decisions with --from, where --verdict is that of lines which state none.
    """
    from iimscreen import amending, screening, settings, team
    from iimscreen.cli import exchange

    _one_way(record, None if from_file else verdict, reason, from_file)
    preset, colours = settings.key_preset(keys), settings.theme(theme)
    if from_file is None and (named or skip_unknown or reasons_as_notes):
        raise InputError(
            "--as, --skip-unknown and --reasons-as-notes go with --from", hint="name the file with --from"
        )
    with opened(review) as open_one:
        seat = amending.AmendedDesk if amended else screening.Desk
        desk = seat(open_one, team.check_name(reviewer), stage)
        if from_file is not None:
            if note or change:
                raise InputError("--note and --change go with --record", hint="write notes into the CSV")
            exchange.take_over(
                desk,
                from_file,
                named=named,
                verdict=verdict,
                skip_unknown=skip_unknown,
                as_notes=reasons_as_notes,
            )
        elif record is not None and verdict is not None:
            vote = desk.decide(screening.Decision(record, verdict, reason, note), change=change)
            typer.echo(f"{vote.key}: {vote.verdict}" + (f" ({vote.reason})" if vote.reason else ""))
        else:
            if isinstance(desk, amending.AmendedDesk) and desk.settled:
                from iimscreen.render import amendments

                amendments.settled(desk.settled)
            if _fills_the_screen(plain):
                _screen_at(desk, preset, colours)
            else:
                from iimscreen import loop

                loop.screen(desk)


def _fills_the_screen(plain: bool) -> bool:
    from iimscreen import keyboard, settings

    return not plain and not settings.wants_plain() and keyboard.can_fill_the_screen()


def _screen_at(desk: Desk, preset: str, theme: str) -> None:
    """The full screen; what was done in it is said where the terminal was before."""
    from iimscreen import tui
    from iimscreen.wording import counted

    waiting = desk.waiting_keys()
    if not waiting and (desk.asks_again or not desk.own_votes()):
        typer.echo(f"Nothing is left for {desk.reviewer} at stage {desk.stage.name}.")
        if ahead := desk.rounds_ahead():
            typer.echo(f"{ahead}; the rest follows when it is closed.")
        typer.echo("Next: iimscreen status")
        return
    voted = tui.screen(desk, waiting, preset=preset, theme=theme)
    typer.echo(f"{counted(voted, 'vote')} given in this sitting, all saved.")
    typer.echo("Next: iimscreen status")


def _one_way(record: str | None, verdict: str | None, reason: str | None, from_file: Path | None) -> None:
    """Raise InputError unless the options ask for exactly one way of deciding."""
    if from_file is not None and (record or verdict or reason):
        raise InputError("--from cannot stand with --record, --verdict or --reason", hint="use one way")
    if (record is None) != (verdict is None):
        raise InputError(
            "--record and --verdict go together", hint="give both, or neither to go record by record"
        )
    if reason is not None and record is None:
        raise InputError("--reason goes with --record", hint="give --record and --verdict too")


def conflicts(stage: StageName = "", as_json: AsJson = False, review: ReviewPath = None) -> None:
    """List disagreements of complete rounds."""
    from iimscreen import render, resolving
    from iimscreen.wording import counted

    with opened(review) as open_one:
        found = resolving.conflicts_to_see(open_one, stage)
    render.conflicts([(one.stage, one.conflicts) for one in found], as_json=as_json)
    for one in found:
        if one.closed:
            typer.echo(f"{one.stage}: {counted(one.closed, 'record')} still blind and not shown.", err=True)


def resolve(
    by: Deciders,
    stage: StageName = "title-abstract",
    record: RecordOption = None,
    verdict: FinalOption = None,
    reason: ReasonOption = None,
    note: Note = None,
    from_file: FromOption = None,
    proposed_reasons: Annotated[
        bool,
        typer.Option("--proposed-reasons", help="Confirm the proposed reason of every agreed exclusion."),
    ] = False,
    hide_names: Annotated[
        bool, typer.Option("--hide-names", help="Show the votes without saying whose they are.")
    ] = False,
    plain: Plain = False,
    keys: Keys = None,
    theme: Theme = None,
    review: ReviewPath = None,
) -> None:
    """Settle conflicts; votes stay as they were.

    By an adjudicator, or by consensus with both names (--by ann --by bob). One reviewer alone may
    too; the report then says that one person resolved.
    """
    from iimscreen import decision_files, resolving, screening, settings
    from iimscreen.wording import counted

    _one_way(record, verdict, reason, from_file)
    preset, colours = settings.key_preset(keys), settings.theme(theme)
    if proposed_reasons and (record or from_file):
        raise InputError("--proposed-reasons stands alone", hint="use one way of deciding")
    with opened(review) as open_one:
        table = resolving.Table(open_one, by, stage)
        if from_file is not None:
            words = table.settle_all(decision_files.read_decisions(from_file))
        elif proposed_reasons:
            words = table.confirm_proposed()
        elif record is not None and verdict is not None:
            words = [table.settle(screening.Decision(record, verdict, reason, note))]
        elif _fills_the_screen(plain):
            _resolve_at(table, preset, colours, hide_names=hide_names)
            return
        else:
            from iimscreen import loop

            loop.resolve(table, hide_names=hide_names)
            return
        for word in words:
            typer.echo(f"{word.key}: {word.verdict}" + (f" ({word.reason})" if word.reason else ""))
        how = " and ".join(dict.fromkeys(word.manner for word in words)) or "nobody: nothing was open"
        typer.echo(f"{counted(len(words), 'record')} settled by {how} ({', '.join(table.names)}).")


def _resolve_at(table: Table, preset: str, theme: str, *, hide_names: bool) -> None:
    """The full screen; what was done in it is said where the terminal was before."""
    from iimscreen import resolving, tui
    from iimscreen.wording import counted

    open_ones = resolving.conflicts(table.review, table.stage.name)
    if not open_ones:
        typer.echo(f"Nothing to resolve at stage {table.stage.name}.")
        return
    settled = tui.resolve(table, open_ones, hide_names=hide_names, preset=preset, theme=theme)
    typer.echo(f"{counted(settled, 'record')} settled, all saved.")


def agreement(
    stage: StageName = "",
    round_: Annotated[
        str | None, typer.Option("--round", help="One pilot or batch alone, such as pilot-1.")
    ] = None,
    categories: Annotated[
        int, typer.Option("--categories", help="2: unsure counts as include; 3: it is kept apart.")
    ] = 2,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="The cross-tables of verdicts and reasons, one row per cell.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """How far reviewers agree, pair by pair.

    Percent agreement, Cohen's kappa, PABAK, Gwet's AC1, who is stricter, reasons, what both may have
    missed, and the sentence for the paper. On votes given before the other's could be seen; pilots are apart.
    """
    from iimscreen import reliability
    from iimscreen.render import agreement as shown
    from iimscreen.wording import counted

    if as_json and as_csv:
        raise InputError("--json and --csv cannot stand together", hint="choose one of them")
    if round_ is not None and stage:
        raise InputError("--round and --stage cannot stand together", hint="a round has its stage")
    with opened(review) as open_one:
        if round_ is not None:
            found = reliability.of_round(open_one, round_, categories=categories)
        else:
            found = reliability.agreements(open_one, stage, categories=categories)
    if as_csv:
        typer.echo(shown.as_csv(found.pairs), nl=False)
    else:
        shown.pairs(found.pairs, as_json=as_json)
    for name, count in found.closed:
        typer.echo(f"{name}: {counted(count, 'record')} still blind and not compared.", err=True)
