"""The section on what it was made with: programs, libraries, and which state of the log."""

from __future__ import annotations

import hashlib
import platform
import sqlite3
from importlib import metadata
from pathlib import Path

from iimscreen import __version__
from iimscreen.documents import Facts, Paragraph, Section
from iimscreen.review_report.still import Still
from iimscreen.store import log

# Those that a number of a review may depend on.
LIBRARIES = (
    "biopython",
    "numpy",
    "openpyxl",
    "pypdf",
    "python-docx",
    "rapidfuzz",
    "search-query",
    "sqlite-utils",
)


def software(still: Still, *, at: str, file_sha256: str) -> Section:
    """Versions and hashes; `at` is when the report was made, `file_sha256` that of the review file then."""
    _, uid = log.last_row(still.review)
    used = [
        ("iimscreen", __version__),
        ("Python", platform.python_version()),
        ("SQLite", sqlite3.sqlite_version),
    ]
    used += [(name, version) for name in LIBRARIES if (version := _version(name))]
    state = (
        ("Report made", at),
        ("Last row of the log", uid),
        ("SHA-256 of the review file", file_sha256),
    )
    return Section(
        id="software",
        heading="Software and state of the review",
        parts=(
            Facts(tuple(used)),
            Facts(state),
            Paragraph(
                "Every number of the flow is the length of a list in the review file as its log then ended; "
                "`iimscreen why NAME` prints the list, `iimscreen check` proves the log.",
                is_note=True,
            ),
        ),
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def sha256_of(path: Path) -> str:
    """The hash of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
