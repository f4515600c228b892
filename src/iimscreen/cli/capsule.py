"""Commands of capsules: capsule write, capsule verify, capsule open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iimscreen.cli.options import ReviewPath, opened
from iimscreen.errors import ProtocolError

if TYPE_CHECKING:
    from iimscreen.capsules import Verified
    from iimscreen.store import Review

capsule_app = typer.Typer(
    help="The whole review in one file, to be verified.", no_args_is_help=True, rich_markup_mode=None
)
Capsule = Annotated[Path, typer.Argument(help="A capsule.", metavar="FILE.zip")]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    capsule_app.command("write")(write)
    capsule_app.command("verify")(verify)
    capsule_app.command("open")(open_)
    app.add_typer(capsule_app, name="capsule")


def write(
    file: Annotated[Path, typer.Argument(help="A new file.", metavar="FILE.zip")],
    no_abstracts: Annotated[
        bool,
        typer.Option(
            "--no-abstracts", help="Leave out abstracts, raw replies and quotes; their hashes stay."
        ),
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Write the whole review to a capsule.

    Refused while a round is blind: it holds everyone's votes. Full texts are never in it, only their hashes.
    """
    from iimscreen import capsules
    from iimscreen.wording import counted

    with opened(review) as open_one:
        made = capsules.write(open_one, file, _documents, has_texts=not no_abstracts)
    typer.echo(f"Wrote {made.path}: {counted(made.files, 'file')}, {max(1, round(made.size / 1000)):,} kB.")
    typer.echo(f"The log ends with {made.log_ends_with}")
    for sentence in made.interim:
        typer.echo(f"interim: {sentence}")
    if not no_abstracts:
        typer.echo("It holds abstracts and raw replies of sources: look at their terms first.", err=True)


def _documents(review: Review) -> dict[str, bytes]:
    """What the front makes of a review for a capsule; a report goes in here too."""
    from dataclasses import replace

    from iimscreen import appendix
    from iimscreen.render.appendix import markdown
    from iimscreen.store import capsule_copies

    made = replace(appendix.build(review), made_at=capsule_copies.as_stated(review)["last_at"])
    return {"report/search-appendix.md": markdown(made).encode()}


def verify(file: Capsule) -> None:
    """Verify a capsule and its numbers.

    Every byte, the log's chains, and each number worked out anew, twice: by iimscreen, and by the plain
    verifier that is in the capsule too. Nothing that is in a capsule is run.
    """
    from iimscreen import capsules

    _tell(capsules.verify(file), file)


def open_(
    file: Capsule,
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="FOLDER")],
) -> None:
    """Verify a capsule and unpack it.

    Into a new folder, where its review.db can be gone on with. Nothing is unpacked if anything is wrong.
    """
    from iimscreen import capsules

    _tell(capsules.open_into(file, folder), file)
    typer.echo(f"Unpacked into {folder}: go on with `iimscreen status --review {folder / 'review.db'}`.")


def _tell(found: Verified, file: Path) -> None:
    from iimscreen.render import plain
    from iimscreen.wording import counted

    for sentence in found.looked_at:
        typer.echo(f"verified: {plain(sentence)}")
    for sentence in found.notes:
        typer.echo(f"note: {plain(sentence)}")
    for sentence in found.faults[:50]:
        typer.echo(f"FAULT: {plain(sentence)}")
    if found.faults:
        raise ProtocolError(
            f"{file} is not as it was written: {counted(len(found.faults), 'fault')} found",
            hint="ask its authors for it again; nothing of it was used",
        )
    typer.echo("Nothing wrong was found.")
