"""A program in a real pseudo-terminal: type, read what it paints, and when; kill it."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pexpect

# What a terminal obeys and does not show: CSI, OSC, and two-letter sequences.
_CONTROL = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")


class Terminal:
    """One program in a terminal of its own; what it wrote is kept in pieces, each with its moment."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        folder: Path,
        size: tuple[int, int] = (24, 80),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        surroundings = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(settings or {})}
        for name in ("NO_COLOR", "COLUMNS", "LINES"):
            if name not in (settings or {}):
                surroundings.pop(name, None)
        self.begun = time.perf_counter()
        self.pieces: list[tuple[float, bytes]] = []
        self._child = pexpect.spawn(
            words[0], list(words[1:]), cwd=str(folder), env=surroundings, dimensions=size, timeout=60
        )
        self._child.delaybeforesend = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def type(self, keys: str) -> float:
        """Press keys; the moment."""
        os.write(self._child.child_fd, keys.encode())
        return time.perf_counter()

    def read(self, wait_s: float) -> bool:
        """Take one piece of what the program wrote, if it comes in time; False if not, or at its end."""
        ready, _, _ = select.select([self._child.child_fd], [], [], wait_s)
        if not ready:
            return False
        try:
            piece = os.read(self._child.child_fd, 1 << 16)
        except OSError:  # Linux's way of telling that the program is gone
            return False
        self.pieces.append((time.perf_counter(), piece))
        return bool(piece)

    def until(self, text: str, *, since: int = 0, wait_s: float = 30.0) -> float:
        """Read until this text was shown among the pieces from number `since` on; the moment of its piece."""
        wanted = text.encode()
        end = time.perf_counter() + wait_s
        while wanted not in self.shown(since):
            if not self.read(max(0.0, end - time.perf_counter())):
                raise AssertionError(f"{text!r} was not shown; there was:\n{self.shown(since)[-3000:]!r}")
        return self.pieces[-1][0]

    def until_quiet(self, quiet_s: float) -> None:
        """Read until nothing came for so long."""
        while self.read(quiet_s):
            pass

    def shown(self, since: int = 0) -> bytes:
        """What was written, without what terminals obey and do not show."""
        return _CONTROL.sub(b"", b"".join(piece for _, piece in self.pieces[since:]))

    def kill(self) -> None:
        """SIGKILL, and what the program had written until then is read."""
        if self._child.closed:
            return
        if self._child.isalive():
            self._child.kill(signal.SIGKILL)
            self._child.wait()
        while self.read(0.0):
            pass
        self._child.close(force=True)

    def ended(self) -> int:
        """Read to the end; the exit code."""
        while self._child.isalive() and self.read(30.0):
            pass
        self._child.close()
        return int(self._child.exitstatus)


def screening(review: Path, name: str, *, plain: bool, size: tuple[int, int] = (24, 80)) -> Terminal:
    """A sitting of `screen`: in the full-screen app, or in the plain loop of a dumb terminal."""
    words = [sys.executable, "-m", "iimscreen", "screen", "--reviewer", name, "--review", review.name]
    settings = {"TERM": "dumb"} if plain else {}
    return Terminal(words, folder=review.parent, size=size, settings=settings)
