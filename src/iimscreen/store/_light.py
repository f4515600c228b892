"""Loads sqlite-utils without numpy, which it would load to store numbers of its kinds: 0.1 s of every command."""

from __future__ import annotations

import sys

if "numpy" not in sys.modules:
    sys.modules["numpy"] = None  # type: ignore[assignment]  # Python's way to say that it is not to be found
    try:
        import sqlite_utils  # noqa: F401  (loaded for those who import it after us)
    finally:
        del sys.modules["numpy"]
