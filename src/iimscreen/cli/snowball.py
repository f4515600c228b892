"""`iimscreen search --cited-by | --references | --similar`: what the search command does then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from iimscreen import settings
from iimscreen.cli.options import opened
from iimscreen.errors import InputError

_LINKS = ("cited_by", "references", "similar")
# What has a meaning in a search by words only, with what it is when nobody gave it.
_BY_WORDS = {
    "strategy": settings.DEFAULT_STRATEGY,
    "source": None,
    "corpus": None,
    "as_of": None,
    "update": False,
}


def followed(options: Mapping[str, Any]) -> bool:
    """Whether links were to be followed instead of a search by words; if so, it is done.

    `options` are those of the search command, by name. Raises InputError for a mixture of both.
    """
    given = [name for name in _LINKS if options[name] is not None]
    if not given:
        if options["most"] is not None:
            raise InputError("--most goes with --similar", hint="add --similar SET, or leave --most out")
        return False
    strange = [name for name, usual in _BY_WORDS.items() if options[name] != usual]
    if len(given) > 1 or strange:
        said = ", ".join(f"--{name.replace('_', '-')}" for name in [*given, *strange])
        raise InputError(
            f"{said} cannot be one search: links are followed one kind at a time, and without a strategy",
            hint="give one of --cited-by, --references and --similar, then the next",
        )
    _follow(given[0], options)
    return True


def _follow(link: str, options: Mapping[str, Any]) -> None:
    from iimscreen import render, snowball
    from iimscreen import search as searching
    from iimscreen.render import snowball as shown
    from iimscreen.sources.citations import Citations, Direction

    source = Citations(
        Direction(link.replace("_", "-")), settings.entrez(email=options["email"], api_key=options["api_key"])
    )
    with opened(options["review"]) as review:
        start = snowball.seeds(review, options[link])
        made = snowball.strategy(source.direction, start, most=options["most"])
        if options["dry_run"]:
            for sub_query in made.sub_queries:
                typer.echo(f"{sub_query.label}\t{sub_query.text_sent}")
            return
        if options["abandon"]:
            given_up = searching.abandon(review, made, source.source, note=options["note"])
            typer.echo(
                f"Given up: {given_up.database} from {given_up.strategy}, "
                f"{given_up.left} of {given_up.of} seeds not completed."
            )
            return
        with render.progress() as on_progress:
            found = snowball.run(
                review, start, source, most=options["most"], again=options["again"], on_progress=on_progress
            )
        shown.snowballed(found)
        typer.echo("Next: iimscreen dedupe")
