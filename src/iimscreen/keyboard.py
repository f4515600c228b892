"""One key, without Enter, where a terminal listens; the first word of a line elsewhere."""

from __future__ import annotations

import os
import sys

_LINES_ONLY = ("dumb", "unknown") if sys.platform == "win32" else ("dumb", "unknown", "")
END = "\x04"  # Ctrl-D in a terminal, the end of the input elsewhere


def key() -> str:
    """What was answered, in lower case: one letter in a terminal, a line elsewhere; "" for Enter alone.

    In a terminal, what was typed before the question stood there is thrown away: a key held down must
    not decide about what nobody has seen. Ctrl-C stops, as always.
    """
    try:
        import termios
        import tty
    except ImportError:  # a terminal without Unix's ways, where a line has to do
        return _line()
    if not sys.stdin.isatty():
        return _line()
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSAFLUSH)
        pressed = os.read(terminal, 32).decode(errors="replace")
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
    if pressed[:1] == "\x1b":  # an arrow, or another key that sends a sequence
        return ""
    return pressed[:1].strip().lower() if pressed[:1] != END else END


def _line() -> str:
    line = sys.stdin.readline()
    return line.strip().lower() if line else END


def is_listening() -> bool:
    """Whether a person at a terminal can be asked."""
    return sys.stdin.isatty()


def can_fill_the_screen() -> bool:
    """Whether a full-screen app can run here: a terminal on all ends that can do more than print lines.

    Textual draws on the standard error: sent to a file, the screen would stay dark.
    """
    ends = (sys.stdin, sys.stdout, sys.stderr)
    return all(end.isatty() for end in ends) and os.environ.get("TERM", "") not in _LINES_ONLY
