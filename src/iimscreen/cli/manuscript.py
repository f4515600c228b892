"""Commands for manuscripts: manuscript fill, manuscript check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import AsJson, ReviewPath, opened, require_new, write_new
from iimscreen.errors import InputError, ProtocolError

manuscript_app = typer.Typer(
    help="Fill numbers into a paper; check them.", no_args_is_help=True, rich_markup_mode=None
)
File = Annotated[Path, typer.Argument(help="The manuscript: .docx, .md, .txt or .tex.", metavar="FILE")]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(manuscript_app, name="manuscript")


@manuscript_app.command("fill")
def fill(
    file: File,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="Write it to this new file (default: NAME.filled.EXT).", metavar="FILE"
        ),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write over FILE, and keep what it was as NAME.TIME.EXT.")
    ] = False,
    interim: Annotated[
        bool, typer.Option("--interim", help="Fill numbers that are not final, too, marked (interim).")
    ] = False,
    final: Annotated[
        bool, typer.Option("--final", help="Numbers only, no tags: for the journal, no longer checked.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Put numbers in the place of their tags.

    A tag is a number's name in two braces, {{prisma.records_screened}}; `iimscreen why` lists all names. Behind the
    name may stand how it is printed, such as {{NAME | words}}: plain, words, Words, n; {{NAME / NAME | percent}}.
    A filled number still knows its name: fill again for the numbers of then, or check. If one name is unknown, or
    one number not final, nothing is written.
    """
    from iimscreen import manuscripts
    from iimscreen.render import manuscript as drawn

    if output is not None and in_place:
        raise InputError("--output and --in-place exclude each other", hint="leave one away")
    if final and in_place:
        raise InputError(
            "--final takes the tags away, and FILE could never be filled again",
            hint="name a new file with --output",
        )
    out = file if in_place else output or _beside(file)
    if not in_place:
        require_new(out, "--output", "" if output else "what authors wrote into it")
    with opened(review) as open_one:
        content = _read(file)
        made = manuscripts.fill(open_one, file.name, content, interim=interim, final=final)
    kept = None
    if not in_place:
        write_new(out, made.content, "--output")
    elif made.content != content:
        kept = _replaced(file, content, made.content)
    drawn.filled(made, out, kept)


@manuscript_app.command("check")
def check(file: File, as_json: AsJson = False, review: ReviewPath = None) -> None:
    """Tell which numbers of a paper still hold.

    Of each tag: whether it holds, has drifted (what it was, what it is, and with which row of the log it became that),
    was changed by hand, is unknown, not open to view, or not filled yet. Ends with 0 if all hold, else with 6.
    """
    from iimscreen import manuscripts
    from iimscreen.render import manuscript as drawn
    from iimscreen.wording import counted

    with opened(review) as open_one:
        content = _read(file)
        found = manuscripts.check(open_one, file.name, content)
    drawn.checked(found, as_json=as_json)
    if found.faults:
        many = len(found.findings)
        raise ProtocolError(
            f"{file}: {found.faults:,} of {counted(many, 'number')} {'does' if found.faults == 1 else 'do'} not hold",
            hint=f"`iimscreen manuscript fill {file}` writes the numbers of now",
        )


def _beside(file: Path) -> Path:
    if file.stem.endswith(".filled"):
        raise InputError(
            f"{file} is a filled manuscript already",
            hint="--in-place fills it again and keeps what it was; --output names another file",
        )
    return file.with_name(f"{file.stem}.filled{file.suffix}")


def _read(file: Path) -> bytes:
    most = 200_000_000  # pictures included
    try:
        if file.stat().st_size > most:
            raise InputError(f"{file} is larger than {most:,} bytes", hint="make its pictures smaller")
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}", hint="check the path") from error


def _replaced(file: Path, before: bytes, content: bytes) -> Path:
    """Write a file anew, all of it or nothing; what it was stays beside it, under the time."""
    import datetime as dt

    now = dt.datetime.now().astimezone()
    kept = file.with_name(f"{file.stem}.{now:%Y-%m-%d-%H%M%S}{file.suffix}")
    part = file.with_name(f".{file.name}.part")
    write_new(kept, before, "--output")
    try:
        part.write_bytes(content)
        part.chmod(file.stat().st_mode & 0o777)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(
            f"{file} cannot be written: {error.strerror}",
            hint="close it elsewhere, or name a file with --output",
        ) from error
    return kept
