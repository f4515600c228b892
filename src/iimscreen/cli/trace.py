"""Commands that trace a strategy's terms and known items, and print its peer review sheet: trace, press."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen import settings
from iimscreen.cli.corpora import corpus_of, other_sources
from iimscreen.cli.options import ApiKey, AsJson, Email, keeping_nothing
from iimscreen.cli.strategy import strategy_app
from iimscreen.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iimscreen.known_items import KnownItem
    from iimscreen.model import Strategy
    from iimscreen.press import Hits, Remark
    from iimscreen.tracing import Trace

StrategyName = Annotated[
    str, typer.Argument(help="A strategy file, or a bundled strategy's name.", metavar="FILE")
]


def add_to(_app: typer.Typer) -> None:
    """Register these commands, under `strategy`."""
    strategy_app.command()(trace)
    strategy_app.command()(press)


def trace(
    strategy: StrategyName,
    known: Annotated[
        Path | None,
        typer.Option("--known", help="Known items: CSV, RIS, nbib, or a PMID, DOI or citation a line."),
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option("--corpus", help="Records to trace in (default: the bundled corpus).")
    ] = None,
    source: Annotated[str, typer.Option("--source", help="corpus (offline), or pubmed.")] = "corpus",
    set_label: Annotated[
        str,
        typer.Option(
            "--set",
            help="development (the strategy was built with the known items) or validation (it was not).",
        ),
    ] = "",
    email: Email = None,
    api_key: ApiKey = None,
    as_json: AsJson = False,
) -> None:
    """What each term finds, and finds alone.

    Also which block loses a known item, and relative recall. Nothing is stored. The bundled strategies
    bring their known items along.
    """
    from iimscreen import known_items, queries, tracing
    from iimscreen.render import traces

    if source not in ("pubmed", "corpus"):
        raise InputError(f"--source is {source!r}, expected pubmed or corpus", hint="choose one of them")
    if corpus is not None and source == "pubmed":
        raise InputError("--corpus and --source pubmed exclude each other", hint="give one of them")
    if set_label not in ("", *tracing.SETS):
        raise InputError(
            f"--set is {set_label!r}, expected {' or '.join(tracing.SETS)}",
            hint="development: the strategy was built with these items; validation: it was not",
        )
    path = queries.find_strategy(strategy)
    read = queries.read_strategy(path)
    _must_be_for_pubmed(read)
    is_bundled = path.resolve().parent == known_items.bundled().resolve().parent
    known_path = known or (known_items.bundled() if is_bundled else None)
    items = known_items.read(known_path) if known_path is not None else ()
    if set_label and not items:
        raise InputError("--set is given without known items", hint="name them with --known")
    if source == "corpus":
        found = tracing.trace(read, tracing.InRecords(corpus_of(corpus), items), set_label=set_label)
    else:
        found = _traced_in_pubmed(read, items, set_label, email, api_key)
    traces.trace(found, as_json=as_json)


def press(
    strategy: StrategyName,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new Markdown file (default: print the sheet).")
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="Records to count hits in (default: the bundled corpus)."),
    ] = None,
) -> None:
    """A PRESS 2015 peer review sheet to fill in.

    With lines, findings and offline hits laid out. It answers no question of the sheet: the judgement is
    the reviewer's.
    """
    import datetime as dt

    from iimscreen import __version__, queries
    from iimscreen import press as sheets

    path = queries.find_strategy(strategy)
    read = queries.read_strategy(path)
    made = sheets.sheet(
        read,
        remarks=_remarks(read, path),
        hits=_hits(read, corpus),
        version=__version__,
        made_on=dt.datetime.now().astimezone().date().isoformat(),
    )
    if out is None:
        typer.echo(made, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(made)
    except FileExistsError as error:
        raise InputError(
            f"{out} is there already, and may hold a reviewer's answers", hint="name a new file with --out"
        ) from error
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}", hint="name another file") from error
    typer.echo(f"Wrote {out}. Give it to a colleague who had no part in building the strategy.")


def _must_be_for_pubmed(strategy: Strategy) -> None:
    if strategy.source != "pubmed":
        raise InputError(
            f"strategy {strategy.name} is written for {strategy.source}; a trace reads PubMed's syntax",
            hint="trace a strategy that is written for PubMed",
        )


def _remarks(strategy: Strategy, path: Path) -> Sequence[Remark] | None:
    """What `strategy check` finds; None for a strategy in another syntax than it reads."""
    from iimscreen import forensics
    from iimscreen import press as sheets

    if strategy.source != "pubmed":
        return None
    findings = forensics.judge(strategy, other_sources=other_sources(path))
    return [sheets.remark_of(finding, strategy) for finding in findings]


def _hits(strategy: Strategy, path: Path | None) -> Hits:
    """Hits per line in a file of records, or why there are none."""
    from iimscreen import press as sheets
    from iimscreen import tracing

    if strategy.source != "pubmed":
        return sheets.Hits("", {}, f"the strategy is written for {strategy.source}")
    records = corpus_of(path)
    try:
        found = tracing.trace(strategy, tracing.InRecords(records, ()))
    except InputError as error:
        return sheets.Hits("", {}, error.message)
    by_code = {term.code: term.alone for term in found.terms} | {one.label: one.hits for one in found.lines}
    return sheets.Hits(f"{records.database}, {records.build.partition(',')[0]}", by_code)


def _traced_in_pubmed(
    strategy: Strategy,
    items: Sequence[KnownItem],
    set_label: str,
    email: str | None,
    api_key: str | None,
) -> Trace:
    """A trace in PubMed; how much it will ask is told before it starts."""
    from iimscreen import render, tracing
    from iimscreen.sources import pubmed

    entrez = settings.entrez(email=email, api_key=api_key)
    most = tracing.most_requests(strategy, items)
    seconds = most / (10 if entrez.api_key else 3)
    typer.echo(
        f"PubMed will be asked at most {most:,} times, which takes about {seconds:,.0f} s at its rate limit. "
        "Nothing is stored.",
        err=True,
    )
    asked = 0
    offline = "without --source pubmed a file of records is searched"
    with keeping_nothing(offline=offline), render.progress() as on_progress:

        def on_request() -> None:
            nonlocal asked
            asked += 1
            on_progress("asking PubMed", asked, most)

        finder = tracing.InPubMed(
            pubmed.PubMed(entrez), items, resolve=tracing.by_ecitmatch(entrez), on_request=on_request
        )
        return tracing.trace(strategy, finder, set_label=set_label)
