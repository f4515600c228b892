"""Options that many commands share, and opening the review they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from iimscreen.store import Review

ReviewPath = Annotated[
    Path | None,
    typer.Option(
        "--review", help="The review file (or IIMSCREEN_REVIEW; default: review.db in this folder)."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
StageName = Annotated[str, typer.Option("--stage", help="title-abstract or full-text.")]
Note = Annotated[str | None, typer.Option("--note", help="Why; kept in the log.")]


@contextmanager
def opened(path: Path | None) -> Iterator[Review]:
    """The review that `--review`, the environment, or this folder names; its notice goes to stderr."""
    from iimscreen import settings
    from iimscreen.review_protocol import in_force
    from iimscreen.store import open_review

    with open_review(settings.review_path(path)) as review:
        notice = in_force(review).notice
        if notice:
            typer.echo(f"[{notice}]", err=True)
        yield review
