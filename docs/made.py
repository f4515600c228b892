"""What these pages take from the code, so that they cannot tell otherwise.

`python docs/made.py` makes everything anew: the blocks that cog fills in README.md and here, what
the commands of the example pages print, and the picture of the terminal. `--check` changes nothing
and ends with 1 if something differs.
"""

from __future__ import annotations

import ast
import html
import inspect
import io
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import app_pictures as app_screens
from cogapp import Cog
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text
from transcript import played
from typer.main import get_command
from typer.testing import CliRunner

from iimscreen import errors, settings, voting
from iimscreen.cli import app
from iimscreen.comparison.reasons import REASONS
from iimscreen.forensics import CHECKS
from iimscreen.matching import GUARDS, RULES
from iimscreen.protocol import parse_protocol
from iimscreen.sources import corpus
from iimscreen.store import migrations

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "iimscreen"
PICTURE = ROOT / "docs" / "demo.svg"
FIGURE = ROOT / "docs" / "flow.svg"
APP_PICTURES = ("app-80x24-dark", "app-160x50-light", "app-resolve-80x24")
PICTURE_COLUMNS = 134  # both columns of the flow side by side
PLAYED = (
    "a-review-from-start-to-end.md",
    "file-formats.md",
    "a-search-from-check-to-appendix.md",
    "a-living-review.md",
    "numbers-you-can-prove.md",
    "coming-from-covidence.md",
    "coming-from-rayyan.md",
    "coming-from-spreadsheets.md",
    "data-extraction.md",
    "manuscript.md",
)
FLOORS: dict[str, tuple[str, ...]] = {
    "Front (terminal)": (
        "cli",
        "render",
        "prisma_text",
        "loop",
        "pair_loop",
        "keyboard",
        "tui",
        "consensus_loop",
    ),
    "Work (one per phase)": (
        "review_protocol",
        "known_items",
        "tracing",
        "search",
        "importing",
        "snowball",
        "receipts",
        "replay",
        "sides",
        "dedupe",
        "duplicates",
        "curation",
        "rounds",
        "team",
        "screening",
        "decision_files",
        "taking_over",
        "amending",
        "resolving",
        "reliability",
        "sharing",
        "exporting",
        "reference_sets",
        "fulltext",
        "studies",
        "review_forms",
        "extracting",
        "quoting",
        "extraction_lists",
        "extraction_sheets",
        "extracted",
        "consensus",
        "revisiting",
        "appraising",
        "tabulating",
        "auditing",
        "report",
        "logbook",
        "review_flow",
        "numbers",
        "capsules",
        "what_if",
        "manuscripts",
        "flow_pages",
        "review_report",
        "appendix",
        "living",
        "updating",
        "previous",
        "watching",
        "demo",
        "demo_extraction",
    ),
    "Doors (input and output)": (
        "store",
        "sources",
        "formats",
        "decision_formats",
        "written_formats",
        "text_formats",
        "sheets",
        "table_files",
        "capsule_files",
        "folders",
        "report_pages",
        "word_reports",
        "manuscript_files",
        "pages",
        "word_figure",
        "pictures",
    ),
    "Thought (pure)": (
        "queries",
        "protocol",
        "toml_tables",
        "syntax",
        "forensics",
        "recall",
        "press",
        "matching",
        "voting",
        "agreement",
        "comparison",
        "side_by_side",
        "composition",
        "notices",
        "citations",
        "flow",
        "diagram",
        "bundles",
        "forms",
        "quotes",
        "same_study",
        "tables",
        "leaving_out",
        "traffic_light",
        "documents",
        "checklists",
        "audit",
        "wording",
        "settings",
    ),
    "Ground": (
        "model",
        "errors",
    ),
}


# --- blocks that cog fills ---


def exit_codes() -> str:
    """The exit codes as a table."""
    return _table(("Code", "Meaning"), errors.EXIT_CODES.items())


def variables() -> str:
    """The environment variables as a table."""
    return _table(("Variable", "Meaning"), ((f"`{name}`", text) for name, text in settings.VARIABLES.items()))


def rules() -> str:
    """The matching rules in order of strength."""
    return _table(
        ("Rule", "Score", "Holds when", "Though"),
        (
            (
                f"`{rule.name}`",
                f"{rule.score:g}",
                _summary(rule.test),
                ", ".join(f"`{guard.__name__}`" for guard in GUARDS if guard in rule.overrides),
            )
            for rule in RULES
        ),
    )


def guards() -> str:
    """The guards, in the order in which they are named."""
    return _table(("Guard", "Holds when"), ((f"`{guard.__name__}`", _summary(guard)) for guard in GUARDS))


def stage_rules() -> str:
    """The bundled protocol's rule of each stage, as `status` prints it."""
    text = (settings.bundled_reviews() / "iim" / "protocol.toml").read_text(encoding="utf-8")
    stages = parse_protocol(text, "the bundled protocol").stages
    return "".join(f"- **{stage.name}**: {voting.describe(stage)}.\n" for stage in stages)


def local_search() -> str:
    """What the offline search does with PubMed's syntax: the list in its own docstring."""
    doc = inspect.getdoc(corpus) or ""
    return doc[doc.index("- ") :].replace("_local_search.py", "`_local_search.py`").rstrip() + "\n"


def checks() -> str:
    """Every check of a strategy: code, weight, and what its findings mean."""
    return _table(
        ("Check", "Weight", "Why it matters"), [(f"`{c.code}`", c.severity, c.means) for c in CHECKS]
    )


def differences() -> str:
    """Every reason why two answers to a search differ, in the order of rank."""
    return _table(("Reason", "Grade", "Rests on"), [(r, rule.grade, rule.how) for r, rule in REASONS.items()])


def schema() -> str:
    """Every table of a new review file with its columns."""
    connection = sqlite3.connect(":memory:")
    for step in sorted((PACKAGE / "store").glob("m0*.sql")):
        connection.executescript(step.read_text(encoding="utf-8"))
    names = [row[0] for row in connection.execute("select name from sqlite_schema where type = 'table'")]
    rows = []
    for name in names:
        columns = [row[1] for row in connection.execute(f"pragma table_info({name})")]
        is_log = name == "log" or name in migrations.LOG_KINDS
        rows.append((f"`{name}`", "log" if is_log else "", ", ".join(columns)))
    connection.close()
    return _table(("Table", "", "Columns"), rows)


def rooms() -> str:
    """Every room of the package, floor by floor, with the first sentence of its docstring."""
    placed = {name for names in FLOORS.values() for name in names}
    present = {path.stem for path in PACKAGE.glob("[!_]*") if path.suffix == ".py" or _is_room(path)}
    if placed != present:
        raise ValueError(f"FLOORS and src/iimscreen differ in {sorted(placed ^ present)}")
    rows = []
    for floor, names in FLOORS.items():
        for number, name in enumerate(names):
            path = PACKAGE / name
            shown = f"`{name}/`" if path.is_dir() else f"`{name}.py`"
            file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            rows.append((f"**{floor}**" if number == 0 else "", shown, _first_sentences(doc)))
    return _table(("Floor", "Room", "What it is for"), rows)


def commands() -> str:
    """The help of every command, as `--help` prints it."""
    sections = []
    for words in ((), *command_paths()):
        result = CliRunner().invoke(
            app, [*words, "--help"], prog_name="iimscreen", env={"COLUMNS": "80"}, catch_exceptions=False
        )
        name = " ".join(("iimscreen", *words))
        lines = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
        sections.append(f"## {name}\n\n```text\n{lines}\n```\n")
    return "\n".join(sections)


def command_paths() -> list[tuple[str, ...]]:
    """Every command and subcommand by its words, in alphabetical order."""
    return sorted(_paths(get_command(app)))


def _paths(command: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # typer's own click
    for name, inner in getattr(command, "commands", {}).items():
        yield (*before, name)
        yield from _paths(inner, (*before, name))


def _is_room(path: Path) -> bool:
    return path.is_dir() and (path / "__init__.py").is_file()


def _summary(function: Callable[..., object]) -> str:
    return _first_sentences(inspect.getdoc(function) or "")


def _first_sentences(doc: str) -> str:
    return " ".join(doc.split("\n\n")[0].split())


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', '∣') for cell in line)} |\n" for line in lines)


# --- the picture ---

SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
        font-variant-east-asian: full-width;
    }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""


@cache
def played_demo() -> tuple[str, str]:
    """What the demo prints, and the flow diagram of its review as SVG."""
    wide = {"COLUMNS": str(PICTURE_COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": None}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        result = CliRunner().invoke(app, ["demo"], env=wide, color=True, catch_exceptions=False)
        drawn = ["prisma", "--review", "iimscreen-demo/review.db", "--output", "flow.svg"]
        CliRunner().invoke(app, drawn, catch_exceptions=False)
        figure = Path("flow.svg").read_text(encoding="utf-8")
    return result.output, figure


def picture() -> str:
    """That output, below the command, as an SVG image."""
    console = Console(record=True, width=PICTURE_COLUMNS, file=io.StringIO())
    console.print(Text("$ iimscreen demo", style="bold"))
    console.print(Text.from_ansi(played_demo()[0]))
    return console.export_svg(title="iimscreen demo", theme=MONOKAI, code_format=SVG, unique_id="demo")


def app_pictures() -> dict[Path, str]:
    """The pictures of the full screen that the pages show, by their place."""
    wanted = {one.name: one for one in app_screens.PICTURES}
    return {ROOT / "docs" / f"{name}.svg": app_screens.drawn(wanted[name], SVG) for name in APP_PICTURES}


def words_of(svg: str) -> list[str]:
    """The words that a picture shows, line by line; how it is drawn may differ with rich's version."""
    shown: dict[str, str] = {}
    for line, text in re.findall(r'clip-path="url\(#[\w-]+?-(line-\d+)\)"[^>]*>([^<]*)<', svg):
        shown[line] = f"{shown.get(line, '')} {html.unescape(text)}"
    return [" ".join(text.split()) for text in shown.values()]


# --- making and checking ---


def pages() -> list[Path]:
    """Every page that people read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def stale() -> list[str]:
    """The pages that the code no longer bears out."""
    found = [
        f"docs/{name}"
        for name in PLAYED
        if played(_text(ROOT / "docs" / name)) != _text(ROOT / "docs" / name)
    ]
    if not PICTURE.exists() or words_of(_text(PICTURE)) != words_of(picture()):
        found.append("docs/demo.svg")
    if not FIGURE.exists() or _text(FIGURE) != played_demo()[1]:
        found.append("docs/flow.svg")
    for path, picture_now in app_pictures().items():
        if not path.exists() or words_of(_text(path)) != words_of(picture_now):
            found.append(f"docs/{path.name}")
    found += [str(page.relative_to(ROOT)) for page in pages() if run_cog("--check", page) != 0]
    return found


def make() -> None:
    """Write everything anew."""
    for name in PLAYED:
        page = ROOT / "docs" / name
        page.write_text(played(_text(page)), encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
    FIGURE.write_text(played_demo()[1], encoding="utf-8")
    for path, picture_now in app_pictures().items():
        path.write_text(picture_now, encoding="utf-8")
    for page in pages():
        if run_cog("-r", page) != 0:
            raise SystemExit(1)


def run_cog(how: str, page: Path) -> int:
    """What cog ends with: 0, or with `--check` another number if the page differs from the code."""
    return int(Cog().main(["cog", how, "--verbosity=0", "-I", str(ROOT / "docs"), str(page)]))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        for differing in (old := stale()):
            print(f"{differing} differs from the code: run `python docs/made.py`")
        raise SystemExit(1 if old else 0)
    make()
