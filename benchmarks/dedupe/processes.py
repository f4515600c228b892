"""Fresh processes and what each costs."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process cost, interpreter and imports included, with all processes that it waited for."""

    cpu_s: float  # user + system
    wall_s: float
    peak_mb: float  # of the largest of these processes
    is_stopped: bool  # at the time limit, so that the figures are lower bounds
    output: str


class Failed(RuntimeError):
    """A process that ended with an error; its output says why."""


def run(command: Sequence[object], folder: Path, *, timeout_s: float = 3600.0) -> Cost:
    """Run a command in a folder. Raises Failed if it ends with an error of its own."""
    log = folder / "output.txt"
    begun = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # so that a peer's workers end with it
        )
        stopped = threading.Event()

        def stop() -> None:
            stopped.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(timeout_s, stop)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    output = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode and not stopped.is_set():
        raise Failed(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output[-2000:]}")
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=time.perf_counter() - begun,
        peak_mb=usage.ru_maxrss / 1024,
        is_stopped=stopped.is_set(),
        output=output,
    )
