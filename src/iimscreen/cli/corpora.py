"""What several commands read before they begin: a file of records to search in, and the strategies beside one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from iimscreen.errors import InputError

if TYPE_CHECKING:
    from iimscreen.sources.corpus import Corpus


def corpus_of(path: Path | None, as_of: dt.date | None = None) -> Corpus:
    """The records of a file given with --corpus, or the bundled ones; how many are not usable goes to stderr.

    `as_of` leaves out what entered later. Raises InputError if the file cannot be read or holds no usable
    record.
    """
    from iimscreen import importing
    from iimscreen.model import Parsed, Refusal
    from iimscreen.sources import corpus
    from iimscreen.wording import counted

    if path is None:
        return corpus.bundled(as_of)
    hint = "name a file of records with --corpus: RIS, nbib, PubMed XML or JSONL"
    try:
        _, found = importing.read_file(path)
    except InputError as error:
        # Its own hint is for `import`, which has options that these commands lack.
        raise InputError(error.message, hint=hint) from error
    usable = [one.record for one in found if isinstance(one, Parsed)]
    if not usable:
        first = next((f": line {one.line}: {one.cause}" for one in found if isinstance(one, Refusal)), "")
        raise InputError(f"{path}: no usable record to search{first}", hint=hint)
    refused = len(found) - len(usable)
    if refused:
        typer.echo(f"{path}: {refused:,} of {counted(len(found), 'record')} left out: not usable.", err=True)
    return corpus.from_file(path, usable, as_of)


def other_sources(path: Path) -> set[str]:
    """The sources of the other strategies in the file's folder; what is no strategy is passed over."""
    from iimscreen import queries

    found = set()
    for other in sorted(path.parent.glob("*.toml")):
        if other.name != path.name:
            try:
                found.add(queries.read_strategy(other).source)
            except InputError:
                continue
    return found
