"""A real terminal for the full screen: a pseudo-terminal, and what an emulator shows of what comes out of it."""

from __future__ import annotations

import os
import re
import sys
import time
from types import TracebackType
from typing import Any

import pytest

LET_GO_S = 0.3  # longer than `keys.Meant.seen_s`: as a person's keys come

# Requests to the terminal which pyte, an emulator of older ones, would print letters of.
_REQUESTS = re.compile(r"\x1b\[[>=<][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")


class Terminal:
    """iimscreen in a terminal of some columns and rows, its screen as text and its bytes as they came."""

    def __init__(self, *words: str, columns: int = 80, rows: int = 24, **environment: str) -> None:
        pexpect = pytest.importorskip("pexpect", reason="pexpect needs a Unix terminal")
        pyte = pytest.importorskip("pyte", reason="pyte draws what the terminal shows")
        surroundings = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        surroundings |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
        self.emulator = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.emulator)
        self.raw = ""
        self.child: Any = pexpect.spawn(
            sys.executable,
            ["-m", "iimscreen", *words],
            env=surroundings,
            dimensions=(rows, columns),
            encoding="utf-8",
            codec_errors="replace",
            timeout=20,
        )
        self._pexpect = pexpect

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.close(force=True)

    @property
    def text(self) -> str:
        """What stands on the screen now, line by line."""
        return "\n".join(line.rstrip() for line in self.emulator.display)

    def read(self, seconds: float = 0.05) -> None:
        """Take in what comes within so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                came = self.child.read_nonblocking(65536, timeout=left)
            except self._pexpect.TIMEOUT:
                return
            except self._pexpect.EOF:
                return
            self.raw += came
            self._stream.feed(_REQUESTS.sub("", came))

    def shows(self, words: str, within_s: float = 15) -> str:
        """Wait until these words stand on the screen; the screen. Fails with the screen if they do not come."""
        end = time.monotonic() + within_s
        while words not in self.text:
            assert time.monotonic() < end, f"{words!r} did not come:\n{self.text}"
            self.read()
        return self.text

    def press(self, *keys: str, let_go: bool = True) -> None:
        """Press keys one after another, each let go before the next."""
        for key in keys:
            if let_go:
                self.read(LET_GO_S)
            self.child.send(key)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self.emulator.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def ends(self) -> int:
        """Wait for the end; the exit code."""
        self.read(0.3)
        self.child.expect(self._pexpect.EOF)
        self.raw += self.child.before
        self.child.close()
        return int(self.child.exitstatus)
