"""Chromium without a window, spoken to over a pipe in the DevTools protocol: no library, no port, no driver."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
WHY_SKIPPED = f"no Chromium on this machine (looked for {', '.join(NAMES)})"
_PATIENCE_S = 60.0


class Browser:
    """One page at a time, and what it asked for."""

    def __init__(self, process: subprocess.Popen[bytes], reads: int, writes: int) -> None:
        self._process, self._reads, self._writes = process, reads, writes
        self._number = 0
        self._rest = b""
        self._session = ""
        self.requests: dict[str, str] = {}  # number → address of everything that was loaded or asked for
        self.stopped: list[str] = []  # addresses that the page's policy did not let it ask for
        self.complaints: list[str] = []  # errors of the console, such as what the policy refused
        self._loaded = False
        target = self.say("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.say("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            self.say(f"{domain}.enable")

    def say(self, method: str, **parameters: Any) -> Any:
        """Send a command, and what the browser answers."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            got = self._next()
            if got.get("id") == self._number:
                assert "error" not in got, f"{method}: {got['error']}"
                return got["result"]

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE_S
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reads], [], [], max(0.0, until - time.monotonic()))
            assert ready, "Chromium does not answer"
            more = os.read(self._reads, 1 << 20)
            assert more, "Chromium has ended"
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        got: dict[str, Any] = json.loads(one)
        self._note(got.get("method"), got.get("params", {}))
        return got

    def _note(self, method: str | None, said: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests[said["requestId"]] = said["request"]["url"]
        elif method == "Network.loadingFailed" and said.get("blockedReason") == "csp":
            self.stopped.append(self.requests.pop(said["requestId"], ""))
        elif method == "Log.entryAdded":
            self.complaints.append(said["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(said["exceptionDetails"]["text"])
        elif method == "Page.loadEventFired":
            self._loaded = True

    def open(self, path: Path, *, width: int = 1280, height: int = 900, fragment: str = "") -> None:
        """Load a file anew, in a window of this size."""
        self.say(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.requests.clear()
        self.stopped.clear()
        self.complaints.clear()
        for address in ("about:blank", f"{path.resolve().as_uri()}{fragment}"):
            self._loaded = False
            self.say("Page.navigate", url=address)
            while not self._loaded:
                self._next()
        self.settle()

    def settle(self) -> None:
        """Wait until what was set off has been drawn."""
        self.run("new Promise(done => setTimeout(() => requestAnimationFrame(() => done(1)), 30))")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        got = self.say("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key: "Tab", "Enter" or " "."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}[key]
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            self.say(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code="Space" if key == " " else key,
                windowsVirtualKeyCode=code,
                modifiers=8 if shift else 0,
                **({"text": text} if text and kind == "keyDown" else {}),
            )
        self.settle()

    def picture(self) -> bytes:
        """The whole page as PNG."""
        got = self.say("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        return base64.b64decode(got["data"])

    def printed(self) -> bytes:
        """The page on paper, as PDF."""
        return base64.b64decode(
            self.say("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"]
        )


@contextlib.contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, and no network."""
    assert PROGRAM is not None, WHY_SKIPPED
    from_us, to_it = os.pipe()
    from_it, to_us = os.pipe()

    def place() -> None:  # the browser reads from 3 and writes to 4
        first, second = os.dup(from_us), os.dup(to_us)
        os.dup2(first, 3)
        os.dup2(second, 4)

    process = subprocess.Popen(
        [
            PROGRAM,
            "--headless=new",
            "--no-sandbox",  # it runs as root in containers
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
            "about:blank",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=place,
        pass_fds=(3, 4),
    )
    os.close(from_us)
    os.close(to_us)
    try:
        yield Browser(process, from_it, to_it)
    finally:
        process.terminate()
        process.wait(timeout=20)
        os.close(from_it)
        os.close(to_it)
