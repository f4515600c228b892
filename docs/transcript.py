"""Play the examples in a page: write its files, run its commands, and hold what they print against it.

In a page, a fenced block whose first line reads ```` ```csv ann.csv ```` is a file; a block
```` ```console ```` holds `$ iimscreen …` lines and what they print, as a terminal of 100 columns
shows it. A command may send its output to a file (`> FILE`). An exit code other than 0 stands in
brackets on a line of its own;
`…` stands for today, times and random hashes. All blocks of a page share one new, empty folder.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from typer.testing import CliRunner

from iimscreen.cli import app

_BLOCK = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_BY_CHANCE = re.compile(  # times, and hashes that hold times and nonces
    r"(?<=he log ends with )[0-9a-f]{16,64}|(?<=files, )[\d,]+(?= kB\.)|(?<=ended with row `)[0-9a-f]{16}"
    r"|(?<=uid  )\s*[0-9a-f]{64}|(?<=uid )[0-9a-f]{8}(?=\.)|(?<=:\d\d  )[0-9a-f]{8}\b"
    r"|(?<=compare )[0-9a-f]{8} [0-9a-f]{8}"
    rf"|{dt.datetime.now(dt.UTC):%Y-%m-%d}(?: \d\d:\d\d(?::\d\d)?(?: UTC)?)?|\b\d\d:\d\d:\d\d\b"
)
_REDIRECT = re.compile(r"\s+>\s+(?P<file>\S+)$")
ENVIRONMENT = {"COLUMNS": "100", "NO_COLOR": "1", "TZ": "UTC"}
OURS = ("IIMSCREEN_REVIEW", "IIMSCREEN_EMAIL", "IIMSCREEN_EUTILS_URL", "NCBI_API_KEY")


def played(page: str) -> str:
    """The page with what each of its commands prints now, in place of what stands there."""
    with _new_folder():
        return _BLOCK.sub(_block, page)


def commands(page: str) -> list[str]:
    """Every `iimscreen …` command line of a page's console and shell blocks, as typed."""
    found = []
    for block in _BLOCK.finditer(page):
        if block["info"].split()[0] in ("console", "sh"):
            text = block["body"].replace("\\\n", " ")
            for line in text.splitlines():
                found += [part.strip() for part in re.split(r"&&|;", line.removeprefix("$ ").split("#")[0])]
    return [line for line in found if line.startswith("iimscreen ")]


@contextlib.contextmanager
def _new_folder() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in (*ENVIRONMENT, *OURS)}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        try:
            for name in OURS:
                os.environ.pop(name, None)
            os.environ.update(ENVIRONMENT)
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _block(block: re.Match[str]) -> str:
    language, *file = block["info"].split()
    if file:
        Path(file[0]).write_text(block["body"], encoding="utf-8")
    if language != "console":
        return block[0]
    typed = [line for line in block["body"].splitlines() if line.startswith("$ ")]
    return f"```{block['info']}\n{''.join(map(_ran, typed))}```"


def _ran(line: str) -> str:
    """The command line, what it prints, and its exit code where that is not 0."""
    command = line.removeprefix("$ ")
    redirect = _REDIRECT.search(command)
    if redirect:
        command = command[: redirect.start()]
    program, *words = shlex.split(command)
    if program != "iimscreen":
        raise ValueError(f"only iimscreen can be played, found {command!r}")
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    shown = result.output
    if redirect:
        Path(redirect["file"]).write_text(result.stdout, encoding="utf-8")
        shown = result.stderr
    lines = [piece.rstrip() for piece in _BY_CHANCE.sub("…", shown).splitlines()]
    if result.exit_code:
        lines.append(f"[{result.exit_code}]")
    return "\n".join([line, *lines]) + "\n"
