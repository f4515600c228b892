"""When the next request to a server may start: a limit such as NCBI's, kept by all processes of one user.

Every start is noted in a small file of the user's state folder, under a lock. Where that folder
cannot be used, the limit holds within this process only. A request counts from when its answer began
to come, not from when it was sent: on its way it may be overtaken by one that was sent later.

Source: https://www.ncbi.nlm.nih.gov/books/NBK25497/, "Frequency, Timing and Registration".
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

A_SECOND = 3  # requests that NCBI allows in one second without a key
A_SECOND_WITH_KEY = 10
WINDOW_S = 1.02  # the second in which so many may start; the rest is for clocks
ON_ITS_WAY_S = 3.0  # for so long at most a request counts that was sent and is not answered
SHORTEST_WAIT_S = 0.001  # less may be lost in rounding
LONGEST_WAIT_S = 300.0  # a later time in the file is from another clock, such as before a restart


@dataclass(slots=True)
class _Noted:
    """What this process knows of one server's turns."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    taken_until: list[float] = field(default_factory=list)  # one for each turn
    not_before: float = 0.0


_here: dict[tuple[str, str], _Noted] = {}  # one for each file, shared by all threads


class Turns:
    """Turns to send a request to one server, as one user."""

    def __init__(
        self,
        host: str,
        api_key: str | None,
        *,
        folder: Path | None,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        most: int | None = None,
        window_s: float | None = None,
        until_answered: bool = False,
    ) -> None:
        """`most` requests may start within `window_s`; without them, as many as NCBI allows.

        `folder` is where processes meet; None keeps the limit in this process alone. `clock` has to be
        the same for all processes: time.monotonic counts from the machine's start. With `until_answered`
        a request counts from when it is `answered`, in place of from its start.
        """
        # Without a key NCBI counts by network address, with one by key; the key itself is not written.
        name = hashlib.sha256(f"{host} {api_key or ''}".encode()).hexdigest()[:24]
        self._path = None if folder is None else folder / f"turns-{name}.json"
        self._noted = _here.setdefault((str(folder), name), _Noted())
        self._most = most or (A_SECOND_WITH_KEY if api_key else A_SECOND)
        self._window_s = WINDOW_S if window_s is None else window_s
        self._sleep = sleep
        self._clock = clock
        self._until_answered = until_answered
        self._mine = threading.local()  # this thread's turn, while it is not answered

    def wait(self) -> None:
        """Come back when a request may start, without taking the turn."""
        self._wait(take=False)

    def take(self) -> None:
        """Come back when a request may start, and count it."""
        self._wait(take=True)

    def answered(self) -> None:
        """Tells that this thread's request has reached the server, or failed: it counts from now."""
        mine, self._mine.until = getattr(self._mine, "until", None), None
        if mine is not None:
            with self._shared() as noted:
                others = list(noted.taken_until)
                if mine in others:
                    others.remove(mine)
                noted.taken_until = [*others, self._clock() + self._window_s]

    def hold(self, wait_s: float) -> None:
        """Nobody starts a request for so many seconds: the server asked for it."""
        with self._shared() as noted:
            noted.not_before = max(noted.not_before, self._clock() + min(wait_s, LONGEST_WAIT_S))

    def _wait(self, *, take: bool) -> None:
        began, slept_s = self._clock(), 0.0
        while True:
            # What was slept counts as passed, so that a clock that stands still holds nobody up for ever.
            wait_s = self._left_s(began + slept_s, take=take)
            if wait_s <= 0:
                return
            wait_s = max(wait_s, SHORTEST_WAIT_S)
            self._sleep(wait_s)
            slept_s += wait_s

    def _left_s(self, at_least: float, *, take: bool) -> float:
        """Seconds until it is worth looking again; 0 means that the turn has come, and `take` counts it."""
        longest_s = max(self._window_s, ON_ITS_WAY_S)
        with self._shared() as noted:
            now = max(self._clock(), at_least)  # read under the lock: others' times may not be later
            taken = [until for until in noted.taken_until if now < until <= now + longest_s]
            held_s = noted.not_before - now
            wait_s = held_s if 0 < held_s <= LONGEST_WAIT_S else 0.0
            if len(taken) >= self._most:
                # A turn on its way may be answered now, and then is free after one window.
                wait_s = max(wait_s, min(sorted(taken)[-self._most] - now, self._window_s))
            if take and wait_s <= 0:
                until = now + (longest_s if self._until_answered else self._window_s)
                self._mine.until = until if self._until_answered else None
                noted.taken_until = [*taken, until]
            return wait_s

    @contextlib.contextmanager
    def _shared(self) -> Iterator[_Noted]:
        """What all processes have noted; changes are written back for them."""
        with self._noted.lock, _locked(self._path) as handle:
            before = _read(handle, self._noted) if handle is not None else None
            yield self._noted
            if handle is not None and before != (now := (self._noted.taken_until, self._noted.not_before)):
                with contextlib.suppress(OSError):
                    text = json.dumps({"taken_until": now[0], "not_before": now[1]}).encode()
                    os.lseek(handle, 0, os.SEEK_SET)
                    os.write(handle, text)
                    os.ftruncate(handle, len(text))


def _read(handle: int, noted: _Noted) -> tuple[list[float], float]:
    """What the file says, which replaces what this process knew; a file that is damaged says nothing."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        stated = json.loads(os.read(handle, 65_536))
        taken_until = [float(until) for until in stated["taken_until"]]
        not_before = float(stated["not_before"])
    except (OSError, ValueError, TypeError, KeyError):
        return [], 0.0
    noted.taken_until, noted.not_before = taken_until, not_before
    return list(taken_until), not_before


@contextlib.contextmanager
def _locked(path: Path | None) -> Iterator[int | None]:
    """The file, open and locked against every other process and thread; None where that is not possible."""
    try:
        handle = _opened(path) if path is not None else None
    except OSError:
        handle = None
    if handle is None:
        yield None
        return
    try:
        yield handle
    finally:
        _unlock(handle)
        os.close(handle)


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle)
    except OSError:
        os.close(handle)
        raise
    return handle


if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1_000_000  # beyond the content: a locked byte cannot be read by others

    def _lock(handle: int) -> None:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

    def _unlock(handle: int) -> None:
        with contextlib.suppress(OSError):
            os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
