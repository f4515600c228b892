"""RIS as tags and values, for peers and for lists of errors. Ours is read by our own reader, not by this."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_LINE = re.compile(r"([A-Z][A-Z0-9])  - ?(.*)")

Tags = dict[str, list[str]]


def read(path: Path) -> Iterator[Tags]:
    """Each record of a well-formed file: its tags, and the values of each in order."""
    tags: Tags = {}
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            found = _LINE.match(line.rstrip("\r\n"))
            if found is None:
                continue
            if found[1] == "ER":
                yield tags
                tags = {}
            else:
                tags.setdefault(found[1], []).append(found[2].strip())


def first(tags: Tags, *names: str) -> str:
    """The first value of the first of these tags that has one, or ""."""
    return next((tags[name][0] for name in names if tags.get(name)), "")


def pages(tags: Tags) -> str:
    """The pages as "1024-9", as far as stated."""
    return "-".join(part for part in (first(tags, "SP"), first(tags, "EP")) if part)
