"""What a tag says, in whatever file it stands: what is asked for, what was filled in, and from which log."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

# What Word, web pages and clean-minded editors put between letters, and quotes that they make curly.
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_AROUND = " \t\u201c\u201d\u2018\u2019\"'"
_SHORT = 60  # characters of a value that a tag repeats in full


@dataclass(frozen=True, slots=True)
class Stamp:
    """The state of the log that a manuscript was filled from."""

    review: str  # uid of the review
    row: str  # uid of the log's last row; "" while it had none
    at: str  # UTC, of that row

    def __str__(self) -> str:
        return f"review {self.review} log {self.row or '-'} at {self.at or '-'}"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is written into a tag: `prisma.records_screened as words = thirty-seven`."""

    asks: str  # without braces, written in one way: "NAME as words" for "NAME|words"
    was: str = ""  # what was filled in; its hash where that is long

    def __str__(self) -> str:
        return f"{self.asks} = {self.was}" if self.was else self.asks


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a manuscript."""

    asks: str  # "prisma.records_screened as words"
    where: str  # "line 12", "paragraph 3", "table 1, row 2, cell 1"
    printed: str | None = None  # what stands there now; None where it was never filled
    was: str = ""  # what was filled in, as `remembered` writes it; "" where the file cannot tell
    stamp: Stamp | None = None


_STAMP = re.compile(r"review (?P<review>[0-9a-f]{32}) log (?P<row>[0-9a-f]{64}|-) at (?P<at>[0-9T:.Z+-]+)")


def stamp_of(text: str) -> Stamp | None:
    """The stamp that a text holds, the first of several; None without one."""
    found = _STAMP.search(text)
    if found is None:
        return None
    return Stamp(found["review"], found["row"].strip("-"), found["at"] if found["at"] != "-" else "")


def mark_of(text: str) -> Mark:
    """What stands in a tag, read as people and programs may have left it."""
    plain = " ".join(_UNSEEN.sub("", text).replace("\\_", "_").replace("\\|", "|").split())
    asks, _, was = plain.partition("=")
    one_way = re.sub(r"\s*\|\s*", " as ", asks.strip(_AROUND))
    return Mark(re.sub(r" as \\?%$", " as percent", one_way), was.strip(_AROUND))


def is_tag(text: str) -> bool:
    """Whether what stands between two braces is meant for us, and not for another program."""
    return re.match(r"[A-Za-z]", mark_of(text).asks) is not None


def remembered(value: str) -> str:
    """A printed value as its tag repeats it: plain spaces; its hash where it is long or would break the tag."""
    plain = seen(value)
    if len(plain) <= _SHORT and not set(plain) & set('{}<>"@\\'):
        return plain
    return f"sha256-{hashlib.sha256(plain.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def seen(text: str) -> str:
    """A text as a reader sees it: spaces of all kinds alike, what is unseen left out."""
    return " ".join(_UNSEEN.sub("", text).split())
