"""Commands around a search: run it, and (in files beside this one) show, replay, compare, document it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen import settings
from iimscreen.cli import living, snowball
from iimscreen.cli.corpora import corpus_of
from iimscreen.cli.options import ApiKey, Email, ReviewPath, another_follows, day, opened, typed
from iimscreen.errors import InputError, ReviewError

if TYPE_CHECKING:
    from iimscreen.model import Strategy
    from iimscreen.sources import Source

search_app = typer.Typer(
    help="Search a source; show, replay, compare, report.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(search_app, name="search")


@search_app.callback()
def search(
    context: typer.Context,
    strategy: Annotated[
        str, typer.Option("--strategy", help="A bundled strategy's name, or a strategy file.")
    ] = settings.DEFAULT_STRATEGY,
    source: Annotated[
        str | None,
        typer.Option(
            "--source", help="pubmed, clinicaltrials, or corpus (offline); default: the strategy's."
        ),
    ] = None,
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
    note: Annotated[
        str | None, typer.Option("--note", help="With --abandon: why it is given up; kept in the log.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Repeat every strategy of the review, up to --as-of or today.")
    ] = False,
    cited_by: Annotated[
        str | None,
        typer.Option(
            "--cited-by",
            help="Find reports that cite SET: `included`, PMIDs, or a file of them.",
            metavar="SET",
        ),
    ] = None,
    references: Annotated[
        str | None, typer.Option("--references", help="Find reports that SET cites.", metavar="SET")
    ] = None,
    similar: Annotated[
        str | None, typer.Option("--similar", help="Find what PubMed ranks as similar to SET.", metavar="SET")
    ] = None,
    most: Annotated[
        int | None, typer.Option("--most", help="With --similar: how many for each report of SET (20).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the sub-queries as they would be sent.")
    ] = False,
    email: Email = None,
    api_key: ApiKey = None,
    review: ReviewPath = None,
) -> None:
    """Search PubMed, or a corpus offline; follow citations.

    Every record is stored, with what was asked and every reply. The same search again resumes it, or
    does nothing when it was completed.
    """
    if another_follows(context):
        return
    _must_go_together(context)
    if any(is_done(context.params) for is_done in (snowball.followed, living.updated)):
        return
    del update, cited_by, references, similar, most  # heeded just above
    read = _strategy(strategy, as_of)
    chosen = _source_of(read, source, corpus)
    if dry_run:
        for sub_query in read.sub_queries:
            typer.echo(f"{sub_query.label}\t{sub_query.text_sent}")
    elif abandon:
        _abandon(read, chosen, corpus, note, review)
    else:
        _run(read, _opened(read, chosen, corpus, email, api_key), again=again, review=review)


def _must_go_together(context: typer.Context) -> None:
    """Refuse what would otherwise be passed over in silence."""
    options = context.params
    if options["note"] is not None and not options["abandon"]:
        raise InputError(
            "--note goes with --abandon, and says why a search is given up",
            hint="leave --note out; `iimscreen source note` notes what a reader of the review shall know",
        )
    if options["again"] and options["abandon"]:
        raise InputError(
            "--again and --abandon exclude each other",
            hint="give the search up with --abandon, then begin it anew",
        )
    for option in ("--strategy", "--source"):
        if options["update"] and option in typed(context):
            raise InputError(
                f"{option} has no meaning with --update, which repeats every strategy of the review in its source",
                hint=f"leave {option} out, or --update: --again makes a new dated run of one strategy",
            )


def _strategy(name: str, as_of: str | None) -> Strategy:
    """The strategy to be run."""
    from iimscreen import queries

    read = queries.read_strategy(queries.find_strategy(name))
    return read if as_of is None else queries.with_as_of(read, day("--as-of", as_of))


def _source_of(strategy: Strategy, given: str | None, corpus: Path | None) -> str:
    """The source to be asked: the one given, which has to understand the strategy, or the strategy's own."""
    if given not in (None, "pubmed", "clinicaltrials", "corpus"):
        raise InputError(
            f"--source is {given!r}, expected pubmed, clinicaltrials or corpus", hint="choose one of them"
        )
    if corpus is not None and given != "corpus":
        raise InputError("--corpus goes with --source corpus", hint="add --source corpus")
    if given is None or given == strategy.source:
        return strategy.source
    if given == "corpus" and strategy.source == "pubmed":
        return given
    written = {"pubmed": "PubMed", "clinicaltrials": "ClinicalTrials.gov"}[strategy.source]
    hint = f"leave --source out: the strategy names its source, {strategy.source}"
    if given == "clinicaltrials":
        hint = (
            "add --strategy clinicaltrials, which is bundled, or a file whose [strategy] states "
            'source = "clinicaltrials"'
        )
    raise InputError(
        f"strategy {strategy.name} is written for {written}, and --source is {given}: their syntax differs",
        hint=hint,
    )


def _opened(
    strategy: Strategy, name: str, corpus: Path | None, email: str | None, api_key: str | None
) -> Source:
    """The source of this name, once the strategy is known to be readable there."""
    from iimscreen import sources
    from iimscreen.sources.corpus import check_readable

    if name == "corpus":
        for sub_query in strategy.sub_queries:
            check_readable(sub_query)  # before a search is begun that could not be finished
        return corpus_of(corpus, strategy.as_of)
    return _pubmed(strategy, email, api_key) if name == "pubmed" else sources.named(name)


def _abandon(
    strategy: Strategy, source: str, corpus: Path | None, note: str | None, review: Path | None
) -> None:
    from iimscreen import search as searching
    from iimscreen.sources.corpus import from_file

    name = from_file(corpus, []).source if corpus is not None else source
    with opened(review) as open_one:
        given_up = searching.abandon(open_one, strategy, name, note=note)
    typer.echo(
        f"Given up: strategy {given_up.strategy} in {given_up.database}, "
        f"{given_up.left} of {given_up.of} sub-queries not completed."
    )


def _run(strategy: Strategy, source: Source, *, again: bool, review: Path | None) -> None:
    """Put a strategy to a source; makes the review file where there is none."""
    from iimscreen import render, review_protocol
    from iimscreen import search as searching

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
            outcome = searching.run(open_one, strategy, source, again=again, on_progress=on_progress)
        if outcome.was_done:
            typer.echo(
                f"This search was completed on {outcome.search.at[:10]} and nothing was asked; "
                "--again makes a new dated run."
            )
        elif outcome.was_resumed:
            typer.echo("An interrupted search was completed.")
        render.search(outcome.search)
        typer.echo("Next: iimscreen dedupe")


def _pubmed(strategy: Strategy, email: str | None, api_key: str | None) -> Source:
    from iimscreen.sources import corpus, pubmed

    for sub_query in strategy.sub_queries:
        try:
            corpus.check_readable(sub_query)
        except InputError as error:
            typer.echo(f"Warning: {error.message}; sent to PubMed as it is.", err=True)
    return pubmed.PubMed(settings.entrez(email=email, api_key=api_key))
