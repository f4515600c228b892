"""Numbers in manuscripts: filled into the authors' text, and held against the log later.

The files are read and written by `manuscript_files`, the numbers come from `numbers`. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from iimscreen import manuscript_files, numbers
from iimscreen.errors import InputError, ProtocolError
from iimscreen.manuscript_files import Stamp, Tag
from iimscreen.manuscript_files.marks import remembered
from iimscreen.manuscripts.printing import INTERIM, OPTIONS, Shown, read, shown
from iimscreen.manuscripts.since import Past, Since, family_of
from iimscreen.model import Number
from iimscreen.store import Review, bundles, log
from iimscreen.wording import counted

__all__ = ["OPTIONS", "Checked", "Filled", "Finding", "Since", "Verdict", "check", "fill"]

_MOST_TOLD = 10
_NO_TAGS = (
    "write a number's name in two braces where it belongs, such as {{prisma.records_screened}}; "
    "`iimscreen why` lists all names"
)


class Verdict(StrEnum):
    """What is to be said of one tag."""

    HOLDS = "holds"
    DRIFTED = "drifted"
    BY_HAND = "changed by hand"
    INTERIM = "interim"
    CLOSED = "not open to view"
    UNKNOWN = "not known"  # not estimable, or it does not apply
    NO_SUCH = "unknown name"
    EMPTY = "not filled yet"


@dataclass(frozen=True, slots=True)
class Filled:
    """A manuscript with its numbers."""

    content: bytes
    tags: int
    changed: tuple[tuple[Tag, str], ...]  # tags that print something else than before, and what
    interim: tuple[str, ...]  # the work that is left, of numbers that may still change


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one tag."""

    where: str
    asks: str
    verdict: Verdict
    printed: str | None  # None: never filled
    was: str | None  # what the log gave when it was filled; None where that cannot be known
    now: str
    why: str = ""  # of whatever does not hold
    since: Since | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """All tags of a manuscript."""

    findings: tuple[Finding, ...]
    remarks: tuple[str, ...]

    @property
    def faults(self) -> int:
        """How many tags do not hold."""
        return sum(one.verdict is not Verdict.HOLDS for one in self.findings)


def fill(
    review: Review,
    name: str,
    content: bytes,
    *,
    interim: bool = False,
    final: bool = False,
    texts: Mapping[str, str] | None = None,
) -> Filled:
    """The manuscript with the numbers of now; `texts` are sentences by their names, beside the numbers.

    `interim` takes numbers that may still change or are closed, and marks them; `final` leaves no tags.
    Raises InputError for a name that does not exist, ProtocolError for a number that is not known or not final.
    """
    manuscript = manuscript_files.read(name, content)
    tags = manuscript.tags
    if not tags:
        raise InputError(f"{name} has no tags", hint=_NO_TAGS)
    with review.snapshot() as still:
        now = _now(still, tags, texts or {})
        stamp = _stamp(still)
    _require_names(name, tags, now)
    if not interim:
        _require_known(name, tags, now)
    values = {asks: one.in_full for asks, one in now.items()}
    changed = tuple((tag, values[tag.asks]) for tag in tags if tag.printed != values[tag.asks])
    left = dict.fromkeys(one.interim or one.why_not for one in now.values() if one.interim or one.why_not)
    made = manuscript.final(values) if final else manuscript.filled(values, stamp)
    return Filled(made, len(tags), changed, tuple(left))


def check(review: Review, name: str, content: bytes, *, texts: Mapping[str, str] | None = None) -> Checked:
    """Each tag held against the log of now. Raises InputError if there is none."""
    tags = manuscript_files.read(name, content).tags
    if not tags:
        raise InputError(f"{name} has no tags, so nothing can be checked", hint=_NO_TAGS)
    with review.snapshot() as still:
        texts = texts or {}
        now = _now(still, tags, texts)
        own = bundles.review_uid(still)
        past = Past(still)
        findings = tuple(_finding(still, past, tag, now[tag.asks], own, texts) for tag in tags)
    return Checked(findings, tuple(_remarks(tags, own)))


def _now(review: Review, tags: tuple[Tag, ...], texts: Mapping[str, str]) -> dict[str, Shown]:
    """What each tag prints now. All numbers are worked out only where a name is not among the expected ones."""
    known: dict[str, Number] = {}
    done: set[str] = set()
    for tag in tags:
        asked = read(tag.asks)
        for one in asked.names if asked is not None and tag.asks not in texts else ():
            family = family_of(one)
            if family not in done:
                done.add(family)
                try:
                    known |= numbers.family_of(review, one)
                except InputError:  # of a version that does not exist: its names are not known
                    continue
    made = {tag.asks: shown(tag.asks, known, texts) for tag in tags}
    if any(one.wrong for one in made.values()):
        everything = {**numbers.every(review), **known}
        made = {asks: shown(asks, everything, texts) for asks in made}
    return made


def _stamp(review: Review) -> Stamp:
    number, uid = log.last_row(review)
    return Stamp(bundles.review_uid(review), uid, log.at_of(review, number) if number else "")


# --- what is refused ---


def _require_names(name: str, tags: tuple[Tag, ...], now: Mapping[str, Shown]) -> None:
    wrong = [f"{tag.where}: {now[tag.asks].wrong}" for tag in tags if now[tag.asks].wrong]
    if wrong:
        raise InputError(
            f"{name}: {counted(len(wrong), 'tag')} cannot be filled, nothing was written: {_some(wrong)}",
            hint="`iimscreen why` lists all names",
        )


def _require_known(name: str, tags: tuple[Tag, ...], now: Mapping[str, Shown]) -> None:
    unknown = [
        f"{tag.where}: {tag.asks} is not known: {now[tag.asks].why_not}"
        for tag in tags
        if now[tag.asks].why_not
    ]
    open_ones = [
        f"{tag.where}: {tag.asks} may still change: {now[tag.asks].interim}"
        for tag in tags
        if now[tag.asks].interim
    ]
    if unknown or open_ones:
        raise ProtocolError(
            f"{name}: {counted(len(unknown) + len(open_ones), 'number')} cannot be filled, nothing was written: "
            f"{_some([*unknown, *open_ones])}",
            hint="`iimscreen status` says what is left; --interim fills what is known and marks it (interim)",
        )


def _some(sentences: list[str]) -> str:
    more = len(sentences) - _MOST_TOLD
    return "; ".join(sentences[:_MOST_TOLD]) + (f"; and {more:,} more" if more > 0 else "")


# --- what is checked ---


def _finding(review: Review, past: Past, tag: Tag, now: Shown, own: str, texts: Mapping[str, str]) -> Finding:
    def made(verdict: Verdict, why: str = "", since: Since | None = None, was: str | None = None) -> Finding:
        return Finding(tag.where, tag.asks, verdict, tag.printed, was, now.text, why, since)

    if now.wrong:
        return made(Verdict.NO_SUCH, now.wrong)
    if tag.printed is None:
        return made(Verdict.EMPTY, now.why_not or now.interim)
    if now.why_not:
        return made(Verdict.CLOSED if now.is_closed else Verdict.UNKNOWN, now.why_not)
    row = _row(review, tag, own)
    was = _was(past, tag, row, texts)
    printed = remembered(tag.printed)
    if printed == remembered(now.in_full):
        return made(Verdict.HOLDS, now.interim, was=was)
    if was is not None and printed != was:
        return made(Verdict.BY_HAND, f"it was filled as {was}", was=was)
    if now.interim and printed == remembered(now.text):
        return made(Verdict.INTERIM, now.interim, was=was)
    asked = read(tag.asks)
    since = None
    # Where the number itself is another, it is asked when it changed, not when that became final.
    differs = printed.removesuffix(INTERIM) != remembered(now.text)
    if row is not None and asked is not None and tag.asks not in texts:

        def is_as_now(after: int) -> bool:
            then = shown(tag.asks, past.after(after, asked.names), texts)
            return then.text == now.text and (differs or then.in_full == now.in_full)

        since = past.since(row, is_as_now)
    return made(Verdict.DRIFTED, "" if since else _no_since(tag, row, own), since, was)


def _row(review: Review, tag: Tag, own: str) -> int | None:
    """The row of the log that was the last when a tag was filled; None if this log does not have it."""
    if tag.stamp is None or tag.stamp.review != own:
        return None
    return log.id_of(review, tag.stamp.row) if tag.stamp.row else 0


def _was(past: Past, tag: Tag, row: int | None, texts: Mapping[str, str]) -> str | None:
    """What was filled in: as the tag says, else as the log gives it for that moment."""
    if tag.was:
        return tag.was
    asked = read(tag.asks)
    if row is None or asked is None or tag.asks in texts:
        return None
    then = shown(tag.asks, past.after(row, asked.names), texts)
    return None if then.wrong else remembered(then.in_full)


def _no_since(tag: Tag, row: int | None, own: str) -> str:
    if tag.stamp is None:
        return "since when cannot be known: the manuscript no longer says from which log it was filled"
    if tag.stamp.review != own:
        return "it was filled from another review"
    if row is None:
        return (
            "since when cannot be known: it was filled from a copy of this review whose log went on otherwise"
        )
    return "since when cannot be told from the log; another release of iimscreen may count otherwise"


def _remarks(tags: tuple[Tag, ...], own: str) -> list[str]:
    others = sorted({tag.stamp.review for tag in tags if tag.stamp is not None and tag.stamp.review != own})
    return [
        f"filled from another review ({one[:8]}), and checked against this one ({own[:8]})" for one in others
    ]
