"""Fixtures for every room: an empty review copied per test, the real command line, a local PubMed."""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import settings
from typer import testing
from typer.testing import CliRunner, Result

from eutils_server import EutilsServer, serving
from iimscreen import demo, importing, review_protocol
from iimscreen.cli import app
from iimscreen.formats import jsonl
from iimscreen.model import Kind, Record
from iimscreen.sources import _http, _turns, pubmed
from iimscreen.store import Review, open_review

# Examples of each property that names no number itself: 50 in every run, and 500 with HYPOTHESIS_PROFILE=deep
# before a release or after work on pure code.
settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("deep", max_examples=500, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

BATCH = 200  # of EFetch, below that of use: a few hundred records are several requests


@pytest.fixture(scope="session", autouse=True)
def _no_state_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fixtures that live longer than a test leave nothing in this user's home either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setattr(pubmed, "BATCH", BATCH)
        # The tree of commands is made anew for each one that is run, a tenth of a second: once will do.
        patch.setattr(testing, "_get_command", functools.cache(testing._get_command))
        yield


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Distances between requests and tries are proven in test_turns.py and test_pubmed_source.py."""
    monkeypatch.setattr(_turns, "WINDOW_S", 0.0)
    monkeypatch.setattr(_http, "pause_s", lambda _attempt, _wait_s: 0.0)


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine reaches a test, and every test has a folder of its own."""
    for name in (
        *("IIMSCREEN_REVIEW", "IIMSCREEN_EMAIL", "NCBI_API_KEY"),
        *("IIMSCREEN_EUTILS_URL", "IIMSCREEN_CTGOV_URL"),
        *("IIMSCREEN_KEYS", "IIMSCREEN_THEME", "IIMSCREEN_PLAIN", "COLORFGBG"),
    ):
        monkeypatch.delenv(name, raising=False)
    # Where processes of one user meet; not in the test's folder, whose content some tests look at.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path.with_name(f"{tmp_path.name}-state")))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def _empty_review(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "review.db"
    review_protocol.create(path)
    return path


@pytest.fixture(scope="session")
def made_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the demo, played once for all processes of a run: it takes 6 s. To be copied, never changed."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a folder of its own in that of the run
        shared = shared.parent
    folder, lock = shared / "made-demo" / "there", shared / "made-demo.lock"
    with lock.open("w") as held:
        _wait_for(held)
        if not folder.exists():
            demo.run(folder)
    return folder


def _wait_for(held: IO[str]) -> None:
    """Wait until no other process has this file; it is given back when it is closed."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(held.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX)


@pytest.fixture
def review_file(_empty_review: Path, tmp_path: Path) -> Path:
    """review.db in the test's folder: the bundled protocol and nothing else."""
    return Path(shutil.copy(_empty_review, tmp_path / "review.db"))


@pytest.fixture
def review(review_file: Path) -> Iterator[Review]:
    """That review, open."""
    with open_review(review_file) as opened:
        yield opened


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run the real command line in the test's folder; `run("status", "--json")`."""

    def _run(*words: str | Path, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], input=typed, catch_exceptions=False)

    return _run


@pytest.fixture
def run_json(run: Callable[..., Result]) -> Callable[..., Any]:
    """Run a command that must succeed, and what its JSON says."""

    def _run(*words: str | Path) -> Any:
        result = run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return _run


@pytest.fixture
def eutils() -> Iterator[EutilsServer]:
    """A local E-utilities server; tests that need records make one with `serving` themselves."""
    with serving() as server:
        yield server


def a_record(number: int, **facts: object) -> Record:
    """An invented record, unlike every other number's."""
    given: dict[str, object] = {
        "source_id": f"r{number}",
        "title": f"Case {number}: drug {number * 7919} in disease {number * 104729}",
        "year": 1990 + number % 30,
    }
    return Record(**{**given, **facts})  # type: ignore[arg-type]  # facts of any field


def bring_in(
    review: Review, records: list[Record], *, database: str = "Testbase", kind: Kind = Kind.DATABASE
) -> list[str]:
    """Import records through a real file; their keys, in order of arrival."""
    path = review.path.parent / f"{importing.source_name(database)}-{records[0].source_id}.jsonl"
    path.write_bytes(jsonl.write(records))
    importing.import_files(review, [path], database=database, kind=kind)
    source = importing.source_name(database)
    return [
        row["key"]
        for row in review.db.query(
            "select key from records where source = :source order by id", {"source": source}
        )
    ][-len(records) :]
