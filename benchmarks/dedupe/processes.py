"""Fresh processes and what each costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# A child's peak memory counts what its parent held when it was started, so a parent with next to nothing
# starts it, waits for it and for those that it waited for, and says what the kernel counted.
_SMALL_PARENT = """
import os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, file=file)
sys.exit(0 if status == 0 else 1)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process cost, interpreter and imports included, with all processes that it waited for."""

    cpu_s: float  # user + system; 0 where it was stopped
    wall_s: float
    peak_mb: float  # of the largest of these processes; 0 where it was stopped
    is_stopped: bool  # at the time limit
    output: str


class ProcessError(RuntimeError):
    """A process that ended with an error; its output says why."""


def run(command: Sequence[object], folder: Path, *, timeout_s: float = 3600.0) -> Cost:
    """Run a command in a folder. Raises ProcessError if it ends with an error of its own."""
    log, usage = folder / "output.txt", folder / "usage.txt"
    begun = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", _SMALL_PARENT, str(usage), *map(str, command)],
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
        status = process.wait()
        timer.cancel()
    wall_s = time.perf_counter() - begun
    output = log.read_text(encoding="utf-8", errors="replace")
    if stopped.is_set():
        return Cost(0.0, wall_s, 0.0, True, output)
    if status:
        raise ProcessError(f"{' '.join(map(str, command))} ended with an error:\n{output[-2000:]}")
    cpu_s, peak_mb = map(float, usage.read_text().split())
    return Cost(cpu_s, wall_s, peak_mb, False, output)
