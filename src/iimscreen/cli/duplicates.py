"""Commands on duplicates: what waits for a person, decisions by hand, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.options import AsJson, By, Deciders, Note, ReviewPath, another_follows, opened
from iimscreen.errors import InputError, ProtocolError

if TYPE_CHECKING:
    from iimscreen.duplicates.by_hand import Pairs
    from iimscreen.duplicates.consequences import Consequences
    from iimscreen.duplicates.reviewing import PairDesk
    from iimscreen.store import Review

duplicates_app = typer.Typer(
    help="List pairs to decide; review, resolve, merge, split.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

Records = Annotated[
    list[str], typer.Argument(help="Records: key, number, pmid:… or doi:…", metavar="RECORD…")
]
Yes = Annotated[bool, typer.Option("--yes", help="Go on where decisions already taken are touched.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what it would do; store nothing.")]

MOST = 20


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(duplicates_app, name="duplicates")


@duplicates_app.callback()
def duplicates(
    context: typer.Context,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="One row per record: record,source_id,group,kept,rule,score.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All pairs and groups, not the first 20.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """List pairs to decide; review, resolve, merge, split."""
    from iimscreen.duplicates import asking, audit

    if another_follows(context):
        return
    most = None if everything else MOST
    with opened(review) as open_one:
        if as_csv:
            typer.echo(audit.as_csv(open_one), nl=False)
        else:
            from iimscreen import review_protocol
            from iimscreen.render import duplicates as shown

            shown.listing(
                asking.asked(open_one),
                audit.groups(open_one, most=most),
                audit.linked(open_one),
                most=most,
                reviewers=review_protocol.in_force(open_one).duplicate_reviewers,
            )


@duplicates_app.command("merge")
def merge(
    records: Records,
    by: By,
    note: Note = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    review: ReviewPath = None,
) -> None:
    """Decide that these records are one report (also undoes a split).

    Where decisions already taken are touched, they are listed first; a script then needs --yes.
    """
    from iimscreen.duplicates import by_hand
    from iimscreen.store.duplicates import DUPLICATE

    with opened(review) as open_one:
        pairs = by_hand.pairs_to_merge(open_one, records)
        name = _free_to_decide(open_one, pairs, DUPLICATE, by=by, yes=yes, dry_run=dry_run)
        if name is None:
            return
        kept = by_hand.merge(open_one, records, by=name, note=note)
    typer.echo(f"One report now; kept: {kept}")


@duplicates_app.command("split")
def split(
    records: Records,
    by: By,
    note: Note = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    review: ReviewPath = None,
) -> None:
    """Decide that these records are different reports.

    Also undoes a merge. Where decisions already taken are touched, they are listed first; a script then needs --yes.
    """
    from iimscreen.duplicates import by_hand
    from iimscreen.store.duplicates import DISTINCT

    with opened(review) as open_one:
        pairs = by_hand.pairs_to_split(open_one, records)
        name = _free_to_decide(open_one, pairs, DISTINCT, by=by, yes=yes, dry_run=dry_run)
        if name is None:
            return
        by_hand.split(open_one, records, by=name, note=note)
    for one, other in pairs:
        typer.echo(f"Different reports now: {one} and {other}")


def _free_to_decide(
    review: Review, pairs: Pairs, verdict: str, *, by: str, yes: bool, dry_run: bool
) -> str | None:
    """The name of the one who decides, where one person may and wants to, whatever it touches; else None."""
    from iimscreen import team
    from iimscreen.duplicates import consequences, reviewing

    name = team.check_name(by)
    reviewing.require_free(review, pairs)
    found = consequences.foreseen(review, pairs, verdict, by=(name,), viewer=name)
    return name if _go_on(found, yes=yes, dry_run=dry_run) else None


def _go_on(found: Consequences, *, yes: bool, dry_run: bool) -> bool:
    """Whether to go on with a decision: asks at a terminal where others are touched.

    Raises ProtocolError where nobody can be asked and --yes was not given.
    """
    from iimscreen import keyboard, pair_loop
    from iimscreen.render import duplicates as shown

    if dry_run:
        shown.consequences(found)
        return False
    if not found.decisions:
        return True
    shown.consequences(found)
    if yes:
        return True
    if keyboard.is_listening():
        if pair_loop.go_on():
            return True
        typer.echo("Nothing was changed.")
        return False
    raise ProtocolError(
        "this touches decisions already taken, as listed; nothing was changed",
        hint="to go on, add --yes",
    )


@duplicates_app.command("review")
def review_(
    reviewer: Annotated[str, typer.Option("--reviewer", help="Your name.")],
    record: Annotated[str | None, typer.Option("--record", help="One record of a pair.")] = None,
    with_: Annotated[str | None, typer.Option("--with", help="The other record of the pair.")] = None,
    verdict: Annotated[str | None, typer.Option("--verdict", help="duplicate, distinct or unsure.")] = None,
    note: Note = None,
    again: Annotated[bool, typer.Option("--again", help="Decide again what you have decided.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Decide the pairs that wait for a person.

    Pair after pair, one key each; or one word with --record, --with and --verdict; --json lists what
    is left for you. Where the protocol wants two reviewers, nobody sees the other's word first.
    """
    from iimscreen.duplicates.reviewing import PairDesk

    one_pair = (record, with_, verdict)
    if any(one_pair) and not all(one_pair):
        raise InputError(
            "--record, --with and --verdict go together", hint="give all three, or none to go pair by pair"
        )
    if as_json and any(one_pair):
        raise InputError("--json lists what is left", hint="leave it away to decide a pair")
    if note is not None and not any(one_pair):
        raise InputError("--note goes with --record", hint="give --record, --with and --verdict too")
    with opened(review) as open_one:
        desk = PairDesk(open_one, reviewer)
        if record is not None and with_ is not None and verdict is not None:
            _one_word(desk, record, with_, verdict, note=note, again=again, yes=yes)
        elif as_json:
            from iimscreen.duplicates import audit
            from iimscreen.render import duplicates as shown

            shown.waiting_json(
                [(audit.weighed(open_one, desk.pair(one.question)), one.was_unsure) for one in desk.waiting()]
            )
        else:
            from iimscreen import pair_loop

            pair_loop.review(desk, again=again, yes=yes)


def _one_word(
    desk: PairDesk, record: str, other: str, verdict: str, *, note: str | None, again: bool, yes: bool
) -> None:
    from iimscreen import pair_loop
    from iimscreen.duplicates import reviewing

    reviewing.check_word(verdict)
    question = desk.question(record, other, again=again)
    if _go_on(desk.foreseen(question, verdict, again=again), yes=yes, dry_run=False):
        typer.echo(pair_loop.in_words(desk.say(question, verdict, note=note, again=again)))


@duplicates_app.command("conflicts")
def conflicts(as_json: AsJson = False, review: ReviewPath = None) -> None:
    """List pairs that two reviewers judged differently."""
    from iimscreen.duplicates import reviewing
    from iimscreen.render import duplicates as shown

    with opened(review) as open_one:
        shown.conflicts(reviewing.conflicts(open_one), as_json=as_json)


@duplicates_app.command("resolve")
def resolve(
    records: Annotated[
        list[str], typer.Argument(help="The two records of the pair.", metavar="RECORD RECORD")
    ],
    by: Deciders,
    verdict: Annotated[str, typer.Option("--verdict", help="duplicate or distinct.")],
    note: Note = None,
    yes: Yes = False,
    review: ReviewPath = None,
) -> None:
    """Settle a pair that two reviewers judged differently.

    By an adjudicator, or by consensus with both names (--by ann --by bob).
    """
    from iimscreen import pair_loop, team
    from iimscreen.duplicates import consequences, reviewing

    if len(records) != 2:
        raise InputError(f"a pair is two records, not {len(records)}", hint="name both records")
    with opened(review) as open_one:
        names = [team.check_name(name) for name in by]
        reviewing.check_word(verdict, ("duplicate", "distinct"))
        question = reviewing.to_resolve(open_one, records[0], records[1], names)
        pair = (question.key, question.other_key)
        found = consequences.foreseen(open_one, [pair], verdict, by=names, viewer=names[0])
        if _go_on(found, yes=yes, dry_run=False):
            said = reviewing.resolve(open_one, question, verdict, by=names, note=note)
            typer.echo(pair_loop.in_words(said))


@duplicates_app.command("why")
def why(
    records: Annotated[
        list[str], typer.Argument(help="Two records; or one, for its group.", metavar="RECORD [RECORD]")
    ],
    reviewer: Annotated[
        str | None, typer.Option("--reviewer", help="Who asks: shows your own open words.")
    ] = None,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Tell why two records are one report, or two.

    The verdicts that lead from one to the other, both side by side, what the rules of today say, and
    everything in the log on the pair. For one record: its group.
    """
    from iimscreen.duplicates import explaining
    from iimscreen.render import duplicates as shown

    if len(records) > 2:
        raise InputError(f"a pair is two records, not {len(records)}", hint="name one or two records")
    with opened(review) as open_one:
        if len(records) == 1:
            shown.why_group(explaining.of_record(open_one, records[0]), as_json=as_json)
        else:
            shown.why(explaining.of_pair(open_one, *records, viewer=reviewer), as_json=as_json)


@duplicates_app.command("report")
def report(
    record: Annotated[str, typer.Argument(help="A record of the report: key, number, pmid:… or doi:…")],
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Show a report as its records make it.

    Each field with the record that it was taken from: the kept record's own value first, then what
    only another states; the abstract is the fullest. What its records contradict is listed.
    """
    from iimscreen.duplicates import kept_report
    from iimscreen.render import duplicates as shown

    with opened(review) as open_one:
        kept, found = kept_report.report_of(open_one, record)
    shown.report(kept, found, as_json=as_json)


@duplicates_app.command("overlap")
def overlap(
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="One row per database.")] = False,
    review: ReviewPath = None,
) -> None:
    """Show how far the databases overlap.

    Per database: records, reports, reports that no other brought, and reports shared with each other;
    once full text is assessed, how many of the included reports it alone contributed.
    """
    from iimscreen.duplicates import overlap as overlapping
    from iimscreen.render import duplicates as shown

    if as_json and as_csv:
        raise InputError("--json and --csv cannot stand together", hint="choose one of them")
    with opened(review) as open_one:
        found = overlapping.overlap(open_one)
    if as_csv:
        typer.echo(shown.overlap_csv(found), nl=False)
    else:
        shown.overlap(found, as_json=as_json)
