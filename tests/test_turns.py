"""NCBI's limit of requests, kept by all threads and processes of one user."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from eutils_server import serving
from fake_time import FakeTime
from iimscreen import settings
from iimscreen.sources._eutils import Eutils, tree
from iimscreen.sources._turns import A_SECOND, A_SECOND_WITH_KEY, ON_ITS_WAY_S, WINDOW_S, Turns

HOST = "eutils.example.org"


def turns(
    time: FakeTime,
    folder: Path | None,
    *,
    key: str | None = None,
    host: str = HOST,
    until_answered: bool = False,
) -> Turns:
    return Turns(host, key, folder=folder, sleep=time.sleep, clock=time.clock, until_answered=until_answered)


def starts(time: FakeTime, taking: list[Turns], number: int) -> list[float]:
    found = []
    for index in range(number):
        taking[index % len(taking)].take()
        found.append(time.now)
    return found


def most_within_a_second(times: list[float]) -> int:
    return max(sum(0 <= other - at < 1.0 for other in times) for at in times)


@pytest.mark.parametrize(("key", "most"), [(None, A_SECOND), ("a-key", A_SECOND_WITH_KEY)])
def test_no_second_holds_more_requests_than_ncbi_allows_and_none_is_wasted(tmp_path, key, most):
    time = FakeTime()

    found = starts(time, [turns(time, tmp_path, key=key)], 4 * most)

    assert most_within_a_second(found) == most
    assert found[-1] - found[0] == pytest.approx(3 * WINDOW_S)


def test_a_request_counts_from_its_answer_because_it_may_be_overtaken_on_its_way(tmp_path):
    time = FakeTime()
    one, other = turns(time, tmp_path, until_answered=True), turns(time, tmp_path)
    one.take()
    starts(time, [other], 2)
    time.sleep(0.9)

    one.answered()
    starts(time, [other], 3)

    assert time.now == pytest.approx(1000.9 + WINDOW_S)


def test_a_request_that_is_never_answered_is_forgotten(tmp_path):
    time = FakeTime()
    for _ in range(A_SECOND):
        turns(time, tmp_path, until_answered=True).take()  # and its process is killed

    turns(time, tmp_path).take()

    assert time.now == pytest.approx(1000.0 + ON_ITS_WAY_S)


def test_two_users_of_one_server_share_its_limit(tmp_path):
    time = FakeTime()

    found = starts(time, [turns(time, tmp_path), turns(time, tmp_path)], 12)

    assert most_within_a_second(found) == A_SECOND


def test_another_server_and_another_key_have_a_limit_of_their_own(tmp_path):
    time = FakeTime()
    several = [turns(time, tmp_path), turns(time, tmp_path, key="k"), turns(time, tmp_path, host="b.example")]

    found = starts(time, several, 9)

    assert found[-1] == found[0]


def test_what_one_was_asked_to_wait_all_wait(tmp_path):
    time = FakeTime()
    one, other = turns(time, tmp_path), turns(time, tmp_path)

    one.hold(7)
    other.take()

    assert time.now == 1007.0


@pytest.mark.parametrize("until_answered", [False, True])
def test_a_clock_that_stands_still_holds_nobody_up_for_ever(tmp_path, until_answered):
    slept: list[float] = []
    one = Turns(
        HOST, None, folder=tmp_path, sleep=slept.append, clock=lambda: 1000.0, until_answered=until_answered
    )
    one.hold(7)

    for _ in range(2 * A_SECOND):
        one.take()
        one.answered()

    assert sum(slept) >= 7
    assert all(0 < wait_s <= 7 for wait_s in slept)
    assert len(slept) < 10 * A_SECOND


def test_a_wait_left_by_another_clock_holds_nobody_up(tmp_path):
    later = FakeTime()
    later.now = 1_000_000.0
    starts(later, [turns(later, tmp_path)], 3)
    turns(later, tmp_path).hold(100)
    now = FakeTime()

    turns(now, tmp_path).take()

    assert now.now == 1000.0


def test_a_damaged_file_is_written_anew(tmp_path):
    time = FakeTime()
    starts(time, [turns(time, tmp_path)], 3)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b'{"taken_until": [1001.0, "x')

    found = starts(time, [turns(time, tmp_path)], 6)

    assert most_within_a_second(found) == A_SECOND
    assert b'"taken_until"' in file.read_bytes()


@pytest.mark.parametrize("kind", ["none", "a file"])
def test_without_a_folder_to_write_to_the_limit_holds_in_this_process(tmp_path, kind):
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    time = FakeTime()
    folder = None if kind == "none" else blocked / "state"
    host = f"{kind}.example"  # what this process knows outlives a test

    found = starts(time, [turns(time, folder, host=host), turns(time, folder, host=host)], 9)

    assert most_within_a_second(found) == A_SECOND


def test_neither_key_nor_address_is_written(tmp_path):
    time = FakeTime()

    turns(time, tmp_path, key="s3cret-key").take()

    (file,) = tmp_path.iterdir()
    written = file.name + file.read_text()
    assert "s3cret" not in written
    assert HOST not in written


def test_a_home_that_is_unknown_is_no_error(monkeypatch):
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", unknown)

    assert settings.state_folder() is None


ANOTHER_PROCESS = """
import sys
from iimscreen.settings import Entrez
from iimscreen.sources._eutils import Eutils, tree
eutils = Eutils(Entrez(sys.argv[1], email="ann@example.org", tries=1))
for _ in range(2):
    eutils.ask("einfo", {"db": "pubmed", "retmode": "xml"}, tree)
"""


def ask_twice(eutils: Eutils, failures: list[BaseException]) -> None:
    try:
        for _ in range(2):
            eutils.ask("einfo", {"db": "pubmed", "retmode": "xml"}, tree)
    except BaseException as error:
        failures.append(error)
        raise


@pytest.mark.slow  # the limit itself: 14 requests at 3 a second
def test_four_threads_and_three_processes_together_never_exceed_the_limit():
    failures: list[BaseException] = []
    with serving() as server:
        server.limit = A_SECOND
        shared = Eutils(server.settings(tries=1))
        asking = [shared, shared, Eutils(server.settings(tries=1)), Eutils(server.settings(tries=1))]
        processes = [
            subprocess.Popen([sys.executable, "-c", ANOTHER_PROCESS, server.address], env=dict(os.environ))
            for _ in range(3)
        ]
        threads = [threading.Thread(target=ask_twice, args=(eutils, failures)) for eutils in asking]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        codes = [process.wait(timeout=60) for process in processes]

        assert failures == []  # one try each: a single 429 would have been a failure
        assert codes == [0, 0, 0]
        assert len(server.asked) == 14
        assert server.refused == 0
        assert server.most_within(1.0) == A_SECOND


def test_a_wait_that_the_server_asks_of_one_is_kept_by_another(monkeypatch):
    with serving() as server:
        time = FakeTime()
        one, other = (Eutils(server.settings(), sleep=time.sleep, clock=time.clock) for _ in range(2))
        server.misbehave("einfo", ["429:9", "ok"])
        monkeypatch.setattr(one._turns, "wait", lambda: None)
        monkeypatch.setattr(one._turns, "take", lambda: None)
        one.ask("einfo", {"db": "pubmed"}, tree)

        other.ask("einfo", {"db": "pubmed"}, tree)

    assert time.now == 1009.0


def test_a_server_that_enforces_its_limit_is_never_lost(monkeypatch):
    monkeypatch.setattr("iimscreen.sources._turns.A_SECOND", 30)  # a client that knows nothing of the limit
    with serving() as server:
        server.limit = 2
        eutils = Eutils(server.settings(tries=3))

        for _ in range(4):
            eutils.ask("einfo", {"db": "pubmed"}, tree)

        assert server.refused >= 1
        assert len(server.requests_to("einfo")) == 4 + server.refused
