"""Commands of a living review: version, previous, watch; and `search --update`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from iimscreen.cli.options import (
    ApiKey,
    AsJson,
    By,
    Deciders,
    Email,
    Note,
    ReviewPath,
    another_follows,
    day,
    keeping_nothing,
    opened,
)
from iimscreen.errors import InputError

version_app = typer.Typer(
    help="List versions of a living review; close one.", invoke_without_command=True, rich_markup_mode=None
)
previous_app = typer.Typer(
    help="Enter a version of this review that was made elsewhere.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
watch_app = typer.Typer(
    help="Look for retractions, concerns, corrections; settle them.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(version_app, name="version")
    app.add_typer(previous_app, name="previous")
    app.add_typer(watch_app, name="watch")


# --- versions --------------------------------------------------------------------------------------


@version_app.callback()
def version(context: typer.Context, as_json: AsJson = False, review: ReviewPath = None) -> None:
    """List versions of a living review; close one."""
    if another_follows(context):
        return
    from iimscreen import living
    from iimscreen.render import living as shown

    with opened(review) as open_one:
        shown.versions(living.listed(open_one), as_json=as_json)


@version_app.command("close")
def close(
    by: By,
    title: Annotated[
        str | None, typer.Option("--title", help="What this version is called, such as its citation.")
    ] = None,
    note: Note = None,
    review: ReviewPath = None,
) -> None:
    """Declare the present version complete, when it is published.

    What comes from here on belongs to its update, whose flow has the previous studies. A search
    repeated before publication belongs to the version itself: then do not close it yet.
    """
    from iimscreen import living, watching
    from iimscreen.render import living as shown

    with opened(review) as open_one:
        shown.closed(living.close(open_one, by=by, title=title, note=note))
        for sentence in watching.open_sentences(open_one):
            typer.echo(f"Still open at the closing: {sentence}", err=True)


# --- versions made elsewhere -----------------------------------------------------------------------


@previous_app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="A CSV study,pmid,doi,title; or RIS, nbib, PubMed XML.")],
    by: By,
    title: Annotated[
        str | None, typer.Option("--title", help="What that version is called (default: the file's name).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check the file; store nothing.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Enter the included reports of a version made elsewhere.

    They count as previous studies and are never screened here; what finds them again is a duplicate.
    It cannot be undone: look with --dry-run first.
    """
    from iimscreen import previous

    with opened(review) as open_one:
        found = previous.load(open_one, file, by=by, title=title, dry_run=dry_run)
    typer.echo(previous.sentence(found))
    if found.was_done:
        typer.echo("This very file was entered before: nothing was stored.")
    elif dry_run:
        typer.echo("Nothing was stored (--dry-run).")
    else:
        typer.echo("Next: iimscreen search   (or iimscreen dedupe, if records are here already)")


# --- watch -----------------------------------------------------------------------------------------


@watch_app.callback()
def watch(
    context: typer.Context,
    source: Annotated[
        str, typer.Option("--source", help="pubmed; or none, to look in a file only or show what is open.")
    ] = "pubmed",
    retraction_watch: Annotated[
        Path | None,
        typer.Option("--retraction-watch", help="The Retraction Watch database, a CSV.", metavar="FILE.csv"),
    ] = None,
    email: Email = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Look for retractions, concerns, corrections and updates.

    Of every included and every full-text-excluded report. Nothing is excluded by it: what it finds
    waits for a joint decision.
    """
    if another_follows(context):
        return
    from iimscreen import render, watching
    from iimscreen.render import living as shown
    from iimscreen.sources import Access

    if source not in ("pubmed", "none"):
        raise InputError(f"--source is {source!r}, expected pubmed or none", hint="choose one of them")
    with opened(review) as open_one:
        offline = "`--source none` shows what is open"
        with keeping_nothing(offline=offline), render.progress() as on_progress:
            look = watching.watch(
                open_one,
                pubmed=source == "pubmed",
                retraction_watch=retraction_watch,
                access=Access(email, api_key),
                on_progress=lambda done, total: on_progress("PubMed", done, total),
            )
        shown.look(look, as_json=as_json)


@watch_app.command("settle")
def settle(
    record: Annotated[str, typer.Argument(help="The report: key, number, pmid:… or doi:…")],
    by: Deciders,
    keep: Annotated[bool, typer.Option("--keep", help="It stays as it is.")] = False,
    exclude: Annotated[
        bool, typer.Option("--exclude", help="It is excluded at full text, with --reason.")
    ] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="The exclusion reason's code.")] = None,
    note: Note = None,
    review: ReviewPath = None,
) -> None:
    """Decide together what was found about a report.

    By everyone who judged it, or by an adjudicator.
    """
    from iimscreen import watching
    from iimscreen.wording import counted

    if keep == exclude:
        raise InputError("say --keep or --exclude", hint="one of the two")
    with opened(review) as open_one:
        done = watching.settle(open_one, record, names=by, exclude=exclude, reason=reason, note=note)
    words = "excluded" if exclude else "stays as it is"
    typer.echo(f"{done.key}: {words}; {counted(len(done.findings), 'finding')} settled.")
    typer.echo("Next: iimscreen prisma")


# --- the update ------------------------------------------------------------------------------------


def updated(options: Mapping[str, Any]) -> bool:
    """Whether `iimscreen search` was asked with --update; if so, it is done when this returns."""
    if not options["update"]:
        return False
    for name in ("again", "abandon", "dry_run"):
        if options[name]:
            raise InputError(
                f"--{name.replace('_', '-')} has no meaning with --update",
                hint="--update alone repeats every strategy of the review",
            )
    # As the parameters of a context they are text still; typer converts them for the callback alone.
    corpus, review = (None if options[name] is None else Path(options[name]) for name in ("corpus", "review"))
    _update(options["as_of"], corpus, options["email"], options["api_key"], review)
    return True


def _update(
    as_of: str | None, corpus: Path | None, email: str | None, api_key: str | None, review: Path | None
) -> None:
    from iimscreen import render, updating
    from iimscreen.render import living as shown
    from iimscreen.sources import Access
    from iimscreen.wording import counted

    with opened(review) as open_one:
        with render.progress() as on_progress:
            done = updating.update(
                open_one,
                as_of=None if as_of is None else day("--as-of", as_of),
                corpus_file=corpus,
                access=Access(email, api_key),
                on_progress=on_progress,
                on_done=shown.repeated,
            )
        for one in done.left_out:
            shown.not_repeated(one)
    new = sum(one.new_to_review for one in done.repeated)
    typer.echo(f"\n{counted(new, 'record')} new to the review.")
    if done.left_out:
        raise InputError(
            f"{counted(len(done.left_out), 'strategy', 'strategies')} of "
            f"{len(done.left_out) + len(done.repeated)} not repeated, as said above; the others are complete",
            hint=done.left_out[0].hint,
        )
    typer.echo("Next: iimscreen dedupe")
