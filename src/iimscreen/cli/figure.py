"""What `prisma` prints and writes: the flow in one of its formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from iimscreen.cli.options import require_new, write_new
from iimscreen.errors import InputError

if TYPE_CHECKING:
    from iimscreen.flow import Flow
    from iimscreen.store import Review

TEXT, JSON = "text", "json"
PRINTED = (TEXT, JSON, "csv", "svg")  # what a terminal takes as well; the others need a file
FORMATS = (*PRINTED, "png", "pdf", "html", "docx")
_SUFFIXES = {".txt": TEXT, ".htm": "html"} | {f".{name}": name for name in FORMATS[1:]}
_COLUMNS = 134  # of the drawing in a text file: both columns side by side


def wanted(name: str | None, output: Path | None, *, as_json: bool) -> str:
    """The format that is asked for: by its name, by `--json`, or by the ending of the file.

    Raises InputError if there is no such format, if two are asked for, or if one needs a file and has none.
    """
    if as_json and name not in (None, JSON):
        raise InputError(f"--json and --format {name} ask for two formats", hint="give one of them")
    if name is None and as_json:
        name = JSON
    if name is None:
        if output is None:
            return TEXT
        name = _SUFFIXES.get(output.suffix.lower())
        if name is None:
            raise InputError(
                f"{output}: its ending names no format", hint=f"give one with --format: {', '.join(FORMATS)}"
            )
    if name not in FORMATS:
        raise InputError(f"--format {name!r} is not known", hint=f"expected one of {', '.join(FORMATS)}")
    if output is None and name not in PRINTED:
        raise InputError(f"{name} is not for a terminal", hint=f"name a file with --output flow.{name}")
    return name


def check(output: Path, *, force: bool) -> None:
    """Raise InputError if the file is there, unless it may be replaced: before the flow is made."""
    if not force:
        require_new(output, "--output, or replace it with --force")
    elif output.is_dir():
        raise InputError(f"{output} is a folder", hint="name a file with --output")


def show(review: Review, flow: Flow, name: str, version: int | None) -> None:
    """Print the flow in one of PRINTED."""
    from iimscreen import render

    if name == TEXT:
        render.prisma(flow)
    else:
        typer.echo(content(review, flow, name, version).decode("utf-8"), nl=False)


def write(review: Review, flow: Flow, name: str, output: Path, *, version: int | None, force: bool) -> None:
    """Write the flow into a file, all of it or nothing, and say so."""
    data = content(review, flow, name, version)
    if force and output.exists():
        _replace(output, data)
    else:
        write_new(output, data, "--output")
    typer.echo(f"Wrote {output}{': interim, these numbers are not final' if flow.interim else ''}")


def _replace(output: Path, data: bytes) -> None:
    beside = output.with_name(f".{output.name}.new")
    try:
        beside.write_bytes(data)
        beside.replace(output)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(
            f"{output} cannot be written: {error.strerror}", hint="name another file with --output"
        ) from error


def content(review: Review, flow: Flow, name: str, version: int | None) -> bytes:
    """The flow in one of FORMATS."""
    special: dict[str, Callable[[], bytes]] = {
        TEXT: lambda: _text(flow),
        JSON: lambda: _json(flow),
        "html": lambda: _html(review, version),
        "docx": lambda: _docx(review, flow),
    }
    if name in special:
        return special[name]()
    from iimscreen import diagram, pictures

    return pictures.FORMATS[name](diagram.of_flow(flow))


def _json(flow: Flow) -> bytes:
    import json

    from iimscreen.flow import as_json

    return (json.dumps(as_json(flow), indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _text(flow: Flow) -> bytes:
    from iimscreen import diagram, render

    return render.as_text(diagram.of_flow(flow), _COLUMNS).encode("utf-8")


def _html(review: Review, version: int | None) -> bytes:
    from iimscreen import flow_pages

    return flow_pages.page(review, at=_now(), version=version).encode("utf-8")


def _docx(review: Review, flow: Flow) -> bytes:
    from iimscreen import __version__, diagram, word_figure
    from iimscreen.review_protocol import in_force

    return word_figure.flow_docx(
        diagram.of_flow(flow),
        title=in_force(review).title,
        foot=f"Made with iimscreen {__version__} on {_now()}.",
    )


def _now() -> str:
    import datetime as dt

    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
