"""The house keeps its plan: floors, SQL only in the store, one gate to votes, a light start."""

from __future__ import annotations

import ast
import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import made
import pytest

import iimscreen

PACKAGE = Path(iimscreen.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# A room is a module, or a folder of modules. It imports from its own floor or below.
FLOORS: dict[str, int] = {
    room: floor for floor, rooms in enumerate(reversed(made.FLOORS.values())) for room in rooms
} | {"__main__": 4, "__init__": 0}
PURE = (
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
    "same_study",
    "side_by_side",
    "composition",
    "notices",
    "flow",
    "diagram",
    "bundles",
    "forms",
    "traffic_light",
    "documents",
    "checklists",
    "tables",
    "leaving_out",
    "audit",
    "wording",
    "model",
    "errors",
    "formats",
    "written_formats",
    "decision_formats",
    "text_formats",
    "quotes",
    "citations",
    "table_files",
    "pages",
    "word_figure",
    "manuscript_files",
)
OWNERS = {  # third-party libraries with a room of their own
    "sqlite_utils": "store",
    "Bio": "sources",
    "search_query": "syntax",
    "rich": ("render", "prisma_text", "loop", "tui"),
    "textual": "tui",
    "rapidfuzz": ("matching", "quotes"),
    "pypdf": "text_formats",
    "numpy": "matching",
    "lxml": "manuscript_files",
    "docx": ("table_files", "word_figure", "word_reports"),
    "typer": ("cli", "__main__"),
    "openpyxl": ("sheets", "table_files"),
    "resvg_py": "pictures",
    "reportlab": "pictures",
    "PIL": "pictures",
}
SQL = re.compile(
    r"\b(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|create\s+(table|view|trigger))\b",
    re.IGNORECASE | re.DOTALL,
)
VOTES = re.compile(
    r"\b(from|join|into|update|table)\s+(decisions|duplicate_votes|extractions)\b|select \* from \{",
    re.IGNORECASE,
)


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """A file of the package as Python reads it; several rules look at each."""
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Everything in it, in the order of `ast.walk`."""
    return tuple(ast.walk(tree_of(path)))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[str]:
    found = []
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            if node.module == "iimscreen":
                found += [f"iimscreen.{alias.name}" for alias in node.names]
            else:
                found.append(node.module)
    return found


def strings_of(path: Path) -> list[str]:
    """String literals of a file, docstrings left out, f-strings with their gaps as {}."""
    docstrings = {
        id(node.body[0].value)
        for node in nodes_of(path)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    found = []
    for node in nodes_of(path):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found.append(node.value)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_from_its_own_floor_or_below(path: Path) -> None:
    room = room_of(path)
    own = [name.split(".")[1] for name in imports_of(path) if name.startswith("iimscreen.")]

    above = [other for other in own if FLOORS.get(other, 0) > FLOORS[room]]

    assert above == [], f"{path} imports from above: {above}"


def test_every_file_stands_in_a_known_room() -> None:
    rooms = {room_of(path) for path in FILES}

    assert rooms <= set(FLOORS), rooms - set(FLOORS)


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_in_its_own_room_only(library: str) -> None:
    users = {room_of(path) for path in FILES for name in imports_of(path) if name.split(".")[0] == library}

    allowed = OWNERS[library]
    assert users <= ({allowed} if isinstance(allowed, str) else set(allowed))
    assert users, f"nothing imports {library}: take it out of the list"


def test_sql_is_written_in_the_store_only() -> None:
    outside = [
        (path.name, text)
        for path in FILES
        if room_of(path) != "store"
        for text in strings_of(path)
        if SQL.search(text)
    ]

    assert outside == []


def test_only_the_gate_reads_votes() -> None:
    votes = [
        PACKAGE / "store" / name
        for name in ("decisions.py", "lacking.py", "duplicate_votes.py", "extractions.py")
    ]
    # log.py reads every kind for its hashes and hands none of the votes on (`entries` leaves them out).
    readers = {
        path.name
        for path in [*FILES, *PACKAGE.rglob("*.sql")]
        if path not in votes
        for text in ([path.read_text(encoding="utf-8")] if path.suffix == ".sql" else strings_of(path))
        if VOTES.search(text)
    }

    assert readers <= {
        "m001_initial.sql",
        "m004_duplicate_votes.sql",
        "m006_rounds.sql",
        "m008_extraction.sql",
        "log.py",
    }
    for path in votes:
        assert any(VOTES.search(text) for text in strings_of(path)), (
            "the pattern no longer finds what it looks for"
        )


@pytest.mark.parametrize(
    ("module", "raw", "gates"),
    [
        (
            "decisions",
            {"given", "openings", "unblindings", "log_ids"},
            {"gate.py", "tally.py"},  # the gate and what lies behind it
        ),
        ("lacking", {"waits", "still_waits", "round_waits"}, {"openings.py"}),  # what notes that it opens
        ("duplicate_votes", {"standing", "log_ids"}, {"duplicate_gate.py"}),
        ("extractions", {"standing", "history", "blind", "extractors"}, {"extraction_gate.py"}),
        ("tally", {"Tally"}, set()),  # imported by its name; see below
    ],
)
def test_only_the_gate_calls_what_reads_the_votes_of_others(
    module: str, raw: set[str], gates: set[str]
) -> None:
    # The raw functions, told apart from their namesakes in other modules by the name they are called on.
    callers = {
        path.name
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute)
        and node.attr in raw
        and isinstance(node.value, ast.Name)
        and node.value.id == module
    }
    imported = [
        (path.name, alias.name)
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.ImportFrom) and node.module == f"iimscreen.store.{module}"
        for alias in node.names
        if alias.name in raw or alias.asname
    ]

    assert callers == gates
    assert imported == ([("gate.py", "Tally")] if module == "tally" else [])


def test_pure_rooms_know_no_clock_no_file_and_no_network() -> None:
    impure = {
        "time",
        "os",
        "socket",
        "urllib",
        "http",
        "sqlite3",
        "random",
        "secrets",
        "shutil",
        "subprocess",
    }
    pure = [path for path in FILES if room_of(path) in PURE]

    imported = {(p.name, name) for p in pure for name in imports_of(p) if name.split(".")[0] in impure}
    asked = {
        (path.name, node.attr)
        for path in pure
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and node.attr in ("now", "today", "utcnow", "read_text", "open")
    }
    assert imported == set()
    assert asked == set()


def test_nothing_below_the_front_prints() -> None:
    printing = [
        path.name
        for path in FILES
        if FLOORS[room_of(path)] < 4
        for node in nodes_of(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "exit")
    ]

    assert printing == []


def test_no_file_grows_past_600_lines() -> None:
    long = {path.name: count for path in FILES if (count := len(path.read_text().splitlines())) > 600}

    assert long == {}


def test_no_error_is_caught_without_a_name() -> None:
    broad = [
        path.name
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]

    assert broad == []


def test_help_loads_neither_heavy_libraries_nor_the_rooms_below_the_front() -> None:
    code = (
        "import sys, json\n"
        "sys.argv = ['iimscreen', '--help']\n"
        "from iimscreen.__main__ import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    loaded = set(json.loads(printed.splitlines()[-1]))
    heavy = {
        "sqlite_utils",
        "sqlite3",
        "rich",
        "Bio",
        "rapidfuzz",
        "search_query",
        "numpy",
        "pydantic",
        "textual",
        "resvg_py",
        "reportlab",
        "PIL",
    }
    assert heavy & loaded == set()
    own = {name.split(".")[1] for name in loaded if name.startswith("iimscreen.")}
    assert own == {"__main__", "cli", "errors", "model", "settings"}
