"""Commands that bring records in and tell duplicates: search, import, dedupe, duplicates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen import settings
from iimscreen.cli.options import Note, ReviewPath, opened
from iimscreen.errors import InputError, ReviewError
from iimscreen.model import Kind

if TYPE_CHECKING:
    from iimscreen.model import Strategy
    from iimscreen.sources import Source

duplicates_app = typer.Typer(
    help="List pairs to decide and groups; merge, split.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

By = Annotated[str, typer.Option("--by", help="Your name; it goes into the log.")]
Records = Annotated[
    list[str], typer.Argument(help="Records: key, number, pmid:… or doi:…", metavar="RECORD…")
]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command()(search)
    app.command("import")(import_)
    app.command()(dedupe)
    app.add_typer(duplicates_app, name="duplicates")


def search(
    strategy: Annotated[
        str, typer.Option("--strategy", help="A bundled strategy's name, or a strategy file.")
    ] = settings.DEFAULT_STRATEGY,
    source: Annotated[str, typer.Option("--source", help="pubmed, or corpus (offline).")] = "pubmed",
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="With --source corpus: a file of records to search.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Search as of this date, in place of the strategy's (YYYY-MM-DD)."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make a new dated run of a finished search.")
    ] = False,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Give up an interrupted search; logged, what it found stays.")
    ] = False,
    note: Note = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the sub-queries as they would be sent.")
    ] = False,
    email: Annotated[
        str | None, typer.Option("--email", help="Your e-mail for NCBI (or IIMSCREEN_EMAIL); never stored.")
    ] = None,
    api_key: Annotated[
        str | None, typer.Option("--api-key", help="Your NCBI API key (or NCBI_API_KEY); never stored.")
    ] = None,
    review: ReviewPath = None,
) -> None:
    """Search PubMed, or a corpus offline.

    Every record is stored, with what was asked and every reply. The same search again resumes it, or
    does nothing when it was completed.
    """
    from iimscreen import queries, render, review_protocol
    from iimscreen import search as searching

    if source not in ("pubmed", "corpus"):
        raise InputError(f"--source is {source!r}, expected pubmed or corpus", hint="choose one of them")
    if corpus is not None and source != "corpus":
        raise InputError("--corpus goes with --source corpus", hint="add --source corpus")
    read = queries.read_strategy(queries.find_strategy(strategy))
    if as_of is not None:
        read = queries.with_as_of(read, _date(as_of))
    if dry_run:
        for sub_query in read.sub_queries:
            typer.echo(f"{sub_query.label}\t{sub_query.text_sent}")
        return
    if abandon:
        from iimscreen.sources.corpus import from_file

        name = from_file(corpus, []).source if corpus is not None else source
        with opened(review) as open_one:
            given_up = searching.abandon(open_one, read, name, note=note)
        typer.echo(
            f"Given up: strategy {given_up.strategy} in {given_up.database}, "
            f"{given_up.left} of {given_up.of} sub-queries not completed."
        )
        return
    asked = _corpus(corpus, read) if source == "corpus" else _pubmed(read, email, api_key)
    path = settings.review_path(review)
    if not path.exists():
        try:
            made = review_protocol.create(path)
            typer.echo(f"Made {path} with the bundled protocol: {made.title}")
        except ReviewError:
            if not path.exists():
                raise  # else another command of ours was quicker, and its file serves as well
    with opened(review) as open_one:
        with render.progress() as on_progress:
            outcome = searching.run(open_one, read, asked, again=again, on_progress=on_progress)
        if outcome.was_done:
            typer.echo(
                f"This search was completed on {outcome.search.at[:10]} and nothing was asked; "
                "--again makes a new dated run."
            )
        elif outcome.was_resumed:
            typer.echo("An interrupted search was completed.")
        render.search(outcome.search)
        typer.echo("Next: iimscreen dedupe")


def _date(given: str) -> dt.date:
    try:
        return dt.date.fromisoformat(given)
    except ValueError as error:
        raise InputError(
            f"--as-of {given!r} is no date", hint="expected YYYY-MM-DD, such as 2023-08-23"
        ) from error


def _corpus(path: Path | None, strategy: Strategy) -> Source:
    from iimscreen import search as searching
    from iimscreen.model import Parsed, Refusal
    from iimscreen.sources import corpus
    from iimscreen.wording import counted

    for sub_query in strategy.sub_queries:
        corpus.check_readable(sub_query)  # before a search is begun that could not be finished
    if path is None:
        return corpus.bundled(strategy.as_of)
    _, found = searching.read_file(path)
    usable = [one.record for one in found if isinstance(one, Parsed)]
    if not usable:
        first = next((f": line {one.line}: {one.cause}" for one in found if isinstance(one, Refusal)), "")
        raise InputError(
            f"{path}: no usable record to search{first}", hint="name a file of records with --corpus"
        )
    refused = sum(isinstance(one, Refusal) for one in found)
    if refused:
        typer.echo(f"{path}: {refused:,} of {counted(len(found), 'record')} left out: not usable.", err=True)
    return corpus.from_file(path, usable, strategy.as_of)


def _pubmed(strategy: Strategy, email: str | None, api_key: str | None) -> Source:
    from iimscreen.sources import corpus, pubmed

    for sub_query in strategy.sub_queries:
        try:
            corpus.check_readable(sub_query)
        except InputError as error:
            typer.echo(f"Warning: {error.message}; sent to PubMed as it is.", err=True)
    return pubmed.PubMed(settings.entrez(email=email, api_key=api_key))


def import_(
    files: Annotated[list[Path], typer.Argument(help="Exported files.", metavar="FILE…")],
    database: Annotated[
        str,
        typer.Option(
            "--database", help='Where they come from, as PRISMA shall name it, e.g. "Embase (Ovid)".'
        ),
    ],
    kind: Annotated[
        Kind,
        typer.Option("--kind", help="The last three feed PRISMA's column of other methods."),
    ] = Kind.DATABASE,
    format_name: Annotated[
        str | None,
        typer.Option("--format", help="ris, nbib, pubmed_xml or jsonl; otherwise told by content."),
    ] = None,
    keep_good: Annotated[
        bool, typer.Option("--keep-good", help="Store the usable records of a file that holds others too.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Import exported files.

    RIS, MEDLINE nbib, PubMed XML, or a corpus in JSON lines. All of a file or nothing: read = new +
    already there + refused, refused records with line and cause.
    """
    from iimscreen import render
    from iimscreen import search as searching

    with opened(review) as open_one:
        outcomes = searching.import_files(
            open_one, files, database=database, kind=kind, format_name=format_name, keep_good=keep_good
        )
    render.imports(outcomes)
    typer.echo("Next: iimscreen dedupe")


def dedupe(review: ReviewPath = None) -> None:
    """Find duplicates; nothing is deleted.

    Certain ones are merged (the earliest record is kept), a person is asked about the others with
    `iimscreen duplicates`.
    """
    from iimscreen import dedupe as deduplicating
    from iimscreen import render, review_protocol

    with opened(review) as open_one:
        outcome = deduplicating.run(open_one)
        render.dedupe(outcome, deduplicating.thresholds(review_protocol.in_force(open_one)))


@duplicates_app.callback()
def duplicates(
    context: typer.Context,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="One row per record: record,source_id,group,kept,rule,score.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """List pairs to decide and groups; merge, split."""
    from iimscreen import dedupe as deduplicating
    from iimscreen import render

    if context.invoked_subcommand is not None:
        return
    with opened(review) as open_one:
        if as_csv:
            typer.echo(deduplicating.as_csv(open_one), nl=False)
        else:
            render.duplicates(deduplicating.asked(open_one), deduplicating.groups(open_one))


@duplicates_app.command("merge")
def merge(records: Records, by: By, note: Note = None, review: ReviewPath = None) -> None:
    """Decide that these records are one report (also undoes a split)."""
    from iimscreen import dedupe as deduplicating
    from iimscreen import screening

    with opened(review) as open_one:
        kept = deduplicating.merge(open_one, records, by=screening.check_name(by), note=note)
    typer.echo(f"One report now; kept: {kept}")


@duplicates_app.command("split")
def split(records: Records, by: By, note: Note = None, review: ReviewPath = None) -> None:
    """Decide that these records are different reports (also undoes a merge)."""
    from iimscreen import dedupe as deduplicating
    from iimscreen import screening

    with opened(review) as open_one:
        pairs = deduplicating.split(open_one, records, by=screening.check_name(by), note=note)
    for one, other in pairs:
        typer.echo(f"Different reports now: {one} and {other}")
