"""Commands that judge a strategy before it is run: strategy check; trace and press stand in `trace.py`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.corpora import corpus_of, other_sources
from iimscreen.cli.options import AsJson
from iimscreen.errors import InputError, ProtocolError

if TYPE_CHECKING:
    from iimscreen.forensics import Finding
    from iimscreen.model import Strategy
    from iimscreen.sources.corpus import Corpus

strategy_app = typer.Typer(
    help="Judge a strategy: check its wording, trace its terms.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(strategy_app, name="strategy")


@strategy_app.command()
def check(
    strategy: Annotated[
        str, typer.Argument(help="A strategy file, or a bundled strategy's name.", metavar="FILE")
    ],
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus",
            help="Records in which to see what acronyms drag in (default: the bundled corpus).",
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", help="Another database that you search, by hand say; may be repeated."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 6 if there is an error or a warning.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What is wrong with a PubMed strategy, told before it is run. Asks nothing of PubMed.

    An error is what PubMed will read otherwise than it is written, a warning is likely loss or noise,
    a note is to be looked up. Findings end with 0, unless --strict.
    """
    from iimscreen import forensics, queries
    from iimscreen.render import strategies

    path = queries.find_strategy(strategy)
    read = queries.read_strategy(path)
    if read.source != "pubmed":
        strategies.not_checked(read, as_json=as_json)
        return
    findings = forensics.judge(read, other_sources={*other_sources(path), *(also or ())})
    records = corpus_of(corpus)
    findings, cause = _brought(findings, read, records)
    with_abstract = sum(record.abstract is not None for record in records.records)
    looked_up = strategies.LookedUpIn(records.database, len(records.records), with_abstract, cause)
    strategies.checked(read, findings, corpus=looked_up, as_json=as_json)
    grave = [one for one in findings if one.severity is not forensics.Severity.NOTE]
    if strict and grave:
        raise ProtocolError(
            f"strategy {read.name}: errors or warnings found: {len(grave)}",
            hint="correct the strategy, or run without --strict and give your reasons in the paper",
        )


def _brought(
    findings: list[Finding], strategy: Strategy, records: Corpus
) -> tuple[list[Finding], str | None]:
    """The findings with what acronyms bring from the corpus, or why it could not be asked."""
    from iimscreen import forensics
    from iimscreen.model import Record, SubQuery
    from iimscreen.sources.corpus import check_readable

    def ask(term: str) -> dict[str, Record]:
        answer = records.fetch(SubQuery(term, term, term))
        return {str(record.accession): record for record in answer.records}

    if not any(one.code == forensics.SHOWN_FOR for one in findings):
        return findings, None
    try:
        for sub_query in strategy.sub_queries:
            check_readable(sub_query)
        return forensics.brought_by(findings, strategy, ask), None
    except InputError as error:
        return findings, error.message
