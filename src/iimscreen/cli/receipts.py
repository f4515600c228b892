"""Commands around searches that were run: search show, search replay, search compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.options import AsJson, ReviewPath, day, keeping_nothing, opened
from iimscreen.cli.search import search_app
from iimscreen.errors import InputError, ProtocolError

if TYPE_CHECKING:
    from iimscreen.comparison import Side
    from iimscreen.model import Record
    from iimscreen.receipts import Named
    from iimscreen.store import Review

RunName = Annotated[
    str | None,
    typer.Argument(
        help="A search or a run: its number (1, 1.5), a label (F05), or the beginning of its uid.",
        metavar="[RUN]",
        show_default=False,
    ),
]


def add_to(_app: typer.Typer) -> None:
    """Register these commands, under `search`."""
    search_app.command("show")(show)
    search_app.command("replay")(replay)
    search_app.command("compare")(compare)


def show(
    run: RunName = None,
    pmids: Annotated[
        bool,
        typer.Option("--pmids", help="Of RUN: print all PMIDs (elsewhere: accessions), in the order found."),
    ] = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """List searches and imports; of RUN, its receipt.

    The receipt tells what was asked, how the source read it, what it said, when, and the hash of every
    reply. Nothing is asked anew.
    """
    from iimscreen import receipts
    from iimscreen.render import searches

    if run is None and pmids:
        raise InputError(
            "--pmids goes with one search or run", hint="name it, as in `iimscreen search show 1 --pmids`"
        )
    with opened(review) as open_one:
        if run is None:
            searches.listing(receipts.listing(open_one), as_json=as_json)
        else:
            named = receipts.find(open_one, run)
            searches.receipts(named, receipts.show(open_one, named), all_accessions=pmids, as_json=as_json)


def replay(
    run: RunName = None,
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the rebuilt records to this new JSONL file.")
    ] = None,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Rebuild records from stored replies, offline.

    Of all searches, or of RUN. Every field of every record is laid beside what the review holds; a difference
    ends with exit code 6.
    """
    from iimscreen import receipts
    from iimscreen import replay as replaying
    from iimscreen.render import searches
    from iimscreen.wording import counted

    if write is not None:
        _must_be_new(write)
    rebuilt: dict[str, Record] = {}
    with opened(review) as open_one:
        if run is None:
            named = [receipts.Named(entry, entry.runs) for entry in receipts.listing(open_one)]
        else:
            named = [receipts.find(open_one, run)]

        def keep(key: str, record: Record) -> None:
            if write is not None:
                rebuilt.setdefault(key, record)

        found = [one for name in named for one in replaying.replay(open_one, name, on_record=keep)]
    if write is not None:
        _write_new(write, list(rebuilt.values()))
    searches.replayed(found, as_json=as_json)
    if write is not None:
        typer.echo(f"{counted(len(rebuilt), 'record')} written to {write}", err=as_json)
    differing = sum(one.state == replaying.DIFFERS for one in found)
    if differing:
        raise ProtocolError(
            f"{counted(differing, 'run')} of {len(found):,} cannot be rebuilt as stored",
            hint="`iimscreen check` looks at the whole file; go back to a copy from the folder of dated copies",
        )


def _must_be_new(path: Path) -> None:
    if path.exists():
        raise InputError(f"--write {path} is there already", hint="name a new file; nothing is overwritten")


def _write_new(path: Path, records: Sequence[Record]) -> None:
    from iimscreen.formats import jsonl

    try:
        with path.open("xb") as file:
            file.write(jsonl.write(records))
    except FileExistsError:
        _must_be_new(path)
    except OSError as error:
        raise InputError(
            f"--write {path} cannot be written: {error.strerror}",
            hint="check its folder and the disk's space",
        ) from error


def compare(
    first: Annotated[
        str, typer.Argument(help="A search or run, or a file of PMIDs.", metavar="RUN|PMIDS.txt")
    ],
    second: Annotated[str, typer.Argument(help="What is laid beside it.", metavar="RUN|PMIDS.txt")],
    on: Annotated[
        str | None, typer.Option("--on", help="When the list of PMIDs was made (YYYY-MM-DD), if known.")
    ] = None,
    ask: Annotated[
        bool,
        typer.Option("--ask", help="Ask PubMed for what only one side has: deleted, merged, or changed."),
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="One row per record that differs.")] = False,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Tell what differs between two runs, and why.

    Each record that is new, lost, changed or retracted in the second comes with a reason, graded certain,
    likely or cannot know. Contents are what each run's own replies say.
    """
    from iimscreen import sides as comparing
    from iimscreen.render import searches

    if as_csv and as_json:
        raise InputError("--csv and --json cannot both be given", hint="choose one of them")
    with opened(review) as open_one:
        sides = (_side(open_one, first, on), _side(open_one, second, on))
        if on is not None and not any(_is_list(side) for side in sides):
            raise InputError("--on goes with a file of PMIDs; a run has its own date", hint="leave out --on")
        if all(_is_list(side) for side in sides):
            raise InputError(
                "two lists of PMIDs are given, and a list does not tell why it differs",
                hint="give a search or run for at least one of them",
            )
        found = comparing.compare(open_one, *sides, ask=_asked_now if ask else None)
    searches.comparison(found, as_csv=as_csv, as_json=as_json)


def _side(review: Review, name: str, on: str | None) -> Named | Side:
    """A run of the review, or a file of PMIDs."""
    from iimscreen import receipts
    from iimscreen.sides import read_pmids

    path = Path(name).expanduser()
    if not path.is_file():
        try:
            return receipts.find(review, name)
        except InputError as error:
            what = "is a folder, not a file of PMIDs" if path.is_dir() and name else "is no file either"
            raise InputError(f"{error.message}; it {what}", hint=error.hint) from error
    try:
        also = receipts.find(review, name)
    except InputError:
        return read_pmids(path, made_on=None if on is None else _made_on(on))
    raise InputError(
        f"{name!r} is a file here and also {also.name} of the review",
        hint=f"write ./{name} for the file, or {also.name.rpartition(' ')[2]} for the other",
    )


def _is_list(side: Named | Side) -> bool:
    from iimscreen.comparison import Side

    return isinstance(side, Side)


def _made_on(given: str) -> str:
    return day("--on", given, if_ahead="give the day on which the list was made").isoformat()


def _asked_now(pmids: Sequence[str]) -> Mapping[str, Record | None]:
    """What PubMed gives for these PMIDs now; None for one that it does not give any more."""
    from iimscreen import sources

    with keeping_nothing(offline="without --ask the review's own replies are compared"):
        given = sources.by_pmids(pmids)
    return {pmid: given.get(pmid) for pmid in pmids}
