"""Two copies of one review, and no server: a reviewer's rows written to a bundle, and bundles merged.

Whatever the order in which bundles are merged, and however often, the same rows make the same review.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import __version__, bundles, folders
from iimscreen.bundles import Bundle
from iimscreen.errors import InputError
from iimscreen.store import Review, connection, log, log_order
from iimscreen.store import bundles as stored
from iimscreen.team import check_name
from iimscreen.wording import counted

CLOCKS_DIFFER = dt.timedelta(minutes=5)  # what is dated further ahead is told


@dataclass(frozen=True, slots=True)
class Shared:
    """A bundle as it was written."""

    path: Path
    reviewer: str
    kinds: Mapping[str, int]  # kind → rows
    kept_back: int  # rows that a copy must have already
    size: int  # bytes
    is_new: bool  # False: the file held exactly this already, and was left as it is


def file_name(reviewer: str) -> str:
    """What a reviewer's bundle is called if nothing else is said."""
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in reviewer)
    return name + bundles.SUFFIX


def share(review: Review, reviewer: str, out: Path | None = None) -> Shared:
    """Write all rows of one reviewer to a bundle, in place of an older one of theirs.

    Raises InputError if they have none, or if something else stands in the bundle's place.
    """
    name = check_name(reviewer)
    path = out or Path(file_name(name))
    with review.reading():
        rows = tuple(stored.rows_of(review, name))
        bundle = Bundle(stored.review_uid(review), name, rows, __version__)
        if not rows:
            known = ", ".join(stored.actors(review)) or "nobody yet"
            raise InputError(f"nothing in the log is by {name!r}", hint=f"it has rows of: {known}")
    before = _standing_in(path, bundle)
    is_new = before is None or before.rows != bundle.rows
    if is_new:
        with folders.replacing(path) as part:
            part.write_bytes(bundles.write(bundle))
    kinds: dict[str, int] = {}
    for row in rows:
        kinds[row.kind] = kinds.get(row.kind, 0) + 1
    return Shared(path, name, dict(sorted(kinds.items())), bundle.kept_back, path.stat().st_size, is_new)


def _standing_in(path: Path, bundle: Bundle) -> Bundle | None:
    """The older bundle at this path, which the new one contains; None if nothing is there."""
    if not path.exists():
        return None
    another = "name another file with --out, or take that one away"
    try:
        older = _read(path)[0]
    except InputError as error:
        raise InputError(
            f"{path} is there already, and is no bundle that could be replaced: {error.message}", hint=another
        ) from error
    if (older.review, older.reviewer) != (bundle.review, bundle.reviewer):
        raise InputError(
            f"{path} is there already, and is a bundle of {older.reviewer}"
            + ("" if older.review == bundle.review else " in another review"),
            hint=another,
        )
    beyond = {row.uid for row in older.rows} - {row.uid for row in bundle.rows}
    if beyond:
        raise InputError(
            f"{path} holds {counted(len(beyond), 'row')} of {older.reviewer} that this copy of the review lacks",
            hint=f"merge it first, so that nothing is lost: iimscreen merge {path}",
        )
    return older


def _read(path: Path) -> tuple[Bundle, str]:
    """The bundle in a file, and the file's SHA-256. Raises InputError, saying where, if it is none."""
    try:
        with path.open("rb") as file:
            data = file.read(bundles.LARGEST + 1)
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}", hint="check the path and its permissions"
        ) from error
    return bundles.read(data, str(path), log.uid_of), log.sha256(data)


@dataclass(frozen=True, slots=True)
class Merged:
    """What some bundles brought, as far as anyone may know: counts, never what was voted."""

    bundles: tuple[stored.Added, ...]
    warnings: tuple[str, ...]


def merge(review: Review, paths: Sequence[Path]) -> Merged:
    """Take in all rows of these bundles that are not there yet: all of them, or none.

    Raises InputError or ProtocolError, naming file and line, if any of them cannot be used.
    """
    given = []
    for path in paths:
        bundle, sha256 = _read(path)
        given.append(stored.Given(path.name, sha256, bundle))  # where it lay is this computer's business
    with review.reading():
        nothing = stored.brings_nothing(review, given)
    if nothing is not None or not given:
        return Merged(tuple(nothing or ()), ())
    with log_order.rewriting(review):
        added = stored.add(review, given)
        if any(one.moves_reports for one in added):
            from iimscreen import dedupe  # the rules and rapidfuzz, 70 ms: bundles of votes alone do without

            dedupe.restore(review)
    return Merged(tuple(added), tuple(_warnings(added)))


def _warnings(added: Sequence[stored.Added]) -> list[str]:
    found = []
    now = dt.datetime.fromisoformat(connection.now())
    for one in added:
        if one.new and dt.datetime.fromisoformat(one.last_at) - now > CLOCKS_DIFFER:
            found.append(
                f"rows of {one.reviewer} are dated up to {one.last_at}, and this computer's clock says "
                f"{connection.now()}: one of the two clocks is wrong, and the order of decisions goes by them"
            )
        if one.late:
            found.append(
                f"{counted(one.late, 'row')} of {one.reviewer} are older than the last completed version, which did "
                "not know them: that version stays as it was closed, and they count after it"
            )
    return found
