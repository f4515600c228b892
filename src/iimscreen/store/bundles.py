"""One reviewer's rows of the log: read for a bundle, and taken in from bundles of other copies.

They hold votes that may be open, so they go into bytes and into tables only, and no word about their
content leaves this module.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from iimscreen import bundles
from iimscreen.bundles import Bundle, Row
from iimscreen.errors import InputError, ProtocolError
from iimscreen.protocol import parse_protocol
from iimscreen.store import assignments, log, log_order, rounds
from iimscreen.store.connection import Review, rows
from iimscreen.store.migrations import APPEND_ONLY, LOG_KINDS, drop_derived, make_derived

# What people decide travels, with the table beside it, if any: (table, column of the log id, other columns).
SHARED: dict[str, tuple[str, str, tuple[str, ...]] | None] = {
    "protocol_versions": None,
    "reviewer_changes": None,
    "search_abandonments": None,
    "duplicate_verdicts": None,
    "decisions": None,
    "unblindings": None,
    "retrievals": None,
    "source_notes": None,
    "watch_settlements": None,
    "duplicate_votes": None,
    "report_links": None,
    "record_edits": None,
    "record_removals": None,
    "rounds": ("round_records", "round_id", ("position", "record_key")),
    "assignments": ("assigned_records", "assignment_id", ("record_key", "reviewer")),
    "fulltext_files": None,
    "report_notes": None,
    "study_names": None,
    "study_reports": None,
    "form_texts": None,
    "extractions": None,
    "extraction_dones": None,
    "row_pairings": None,
    "extraction_resolutions": None,
    "stated_totals": None,
    "overlap_answers": None,
}
# What brings records, rests on everything that is there, or is a fact of this copy stays.
LOCAL = (
    "searches",
    "runs",
    "run_results",
    "dedupe_runs",
    "round_openings",
    "extraction_openings",
    "version_closures",
    "previous_reviews",
    "watch_runs",
    "watch_findings",
    "bundle_merges",
)
MOVES_REPORTS = ("duplicate_verdicts", "record_removals")  # kinds that say which record a report keeps


# --- reading ---------------------------------------------------------------------------------------


def review_uid(review: Review) -> str:
    """The name of this review, the same in every copy of it."""
    (uid,) = review.db.execute("select uid from review").fetchone()
    return str(uid)


def rows_of(review: Review, reviewer: str) -> list[Row]:
    """All rows of one reviewer, in the log's one order; none if there are none."""
    heads = list(rows(review.db, "select * from log where actor = :actor order by id", {"actor": reviewer}))
    contents: dict[int, dict[str, Any]] = {}
    beside: dict[int, list[tuple[Any, ...]]] = {}
    for kind in {head["kind"] for head in heads} & SHARED.keys():
        for row in _of_actor(review.db, kind, kind, "log_id", reviewer):
            log_id = row.pop("log_id")
            contents[log_id] = {name: value for name, value in row.items() if value is not None}
        side = SHARED[kind]
        if side is not None:
            table, id_column, columns = side
            for row in _of_actor(review.db, kind, table, id_column, reviewer):
                beside.setdefault(row[id_column], []).append(tuple(row[column] for column in columns))
    found = [
        Row(
            uid=head["uid"],
            previous=head["previous"],
            at=head["at"],
            nonce=head["nonce"],
            kind=head["kind"],
            content=contents.get(head["id"]),
            beside=tuple(sorted(beside.get(head["id"], ()))),
        )
        for head in heads
    ]
    ranks = log_order.as_it_stands(review).ranks
    return sorted(found, key=lambda row: ranks[row.uid])


def _of_actor(db: Database, kind: str, table: str, id_column: str, actor: str) -> Iterator[dict[str, Any]]:
    return rows(
        db,
        f"""
        select {table}.*
        from log
        join {table} on {table}.{id_column} = log.id
        where log.actor = :actor and log.kind = :kind
        """,
        {"actor": actor, "kind": kind},
    )


def actors(review: Review) -> list[str]:
    """Names of all people with rows in the log, in alphabetical order."""
    found = review.db.execute("select distinct actor from log order by actor").fetchall()
    return [name for (name,) in found if name != log.TOOL]


# --- taking in -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Given:
    """A bundle and the file that it came in."""

    name: str
    sha256: str  # of the file
    bundle: Bundle


@dataclass(frozen=True, slots=True)
class Added:
    """What one bundle brought."""

    name: str
    reviewer: str
    known: int  # rows that were there
    new: Mapping[str, int]  # kind → rows that were not
    late: int  # of those, older than the last closing of a version, which did not know them
    last_at: str  # UTC: of the latest new row
    has_values: bool = False  # whether extracted values are among its rows: how many is not to be told
    moves_reports: bool = False  # whether another record may be the one kept for a report now


@dataclass(frozen=True, slots=True)
class _Kind:
    """A table as the checks see it."""

    columns: frozenset[str]
    names: Mapping[str, tuple[str, str]]  # column → the table and column that it must be found in


@dataclass(frozen=True, slots=True)
class _New:
    """A row that is not there yet."""

    row: Row
    reviewer: str
    where: str
    given: int  # the number of its bundle


@lru_cache(maxsize=64)
def _fields(text: str) -> Any:  # whatever the JSON says
    return json.loads(text)


def brings_nothing(review: Review, given: Sequence[Given]) -> list[Added] | None:
    """What comes of bundles whose rows are all there, in a log that is in its one order; None otherwise.

    Raises InputError as `add` does.
    """
    _check_review(review, given)
    known = {uid for (uid,) in review.db.execute("select uid from log")}
    if any(row.uid not in known for one in given for row in one.bundle.rows):
        return None
    stands = log_order.as_it_stands(review)
    is_in_order = stands.with_rows(()).uids == stands.uids
    return [_added(one, ()) for one in given] if is_in_order else None


def add(review: Review, given: Sequence[Given]) -> list[Added]:
    """Take in all rows of these bundles that are not there, and put the log into its one order.

    Inside `log_order.rewriting()`. Raises InputError or ProtocolError, saying where, if any row cannot
    be taken in.
    """
    db = review.db
    known = dict(db.execute("select uid, actor from log").fetchall())
    kinds = {kind: _kind(db, kind) for kind in LOG_KINDS}
    new = _new_rows(review, given, known, kinds)
    _check_names(db, new, known, kinds)
    _check_once(db, new)
    added = [_added(one, [n for n in new.values() if n.given == number]) for number, one in enumerate(given)]
    for one, what in zip(given, added, strict=True):
        if what.new:
            _note(review, one, what)
    stands = log_order.as_it_stands(review)
    ordered = stands.with_rows(_place(one.row, kinds) for one in new.values())
    if ordered.uids == stands.uids:
        return added
    drop_derived(db)
    first = log_order.deal(db, stands.uids, ordered.uids)
    _insert(db, new, ordered.uids)
    make_derived(db)
    _verify(review, given, since=first)
    # Verdicts that were there may have changed places too: the last word on a pair is another one then.
    is_reordered = [uid for uid in ordered.uids if uid not in new] != stands.uids
    return [
        replace(
            what,
            late=_late(number, new, ordered),
            moves_reports=is_reordered or any(kind in what.new for kind in MOVES_REPORTS),
        )
        for number, what in enumerate(added)
    ]


def _check_review(review: Review, given: Sequence[Given]) -> None:
    uid = review_uid(review)
    for one in given:
        if one.bundle.review != uid:
            raise InputError(
                f"{one.name} is of another review ({one.bundle.review[:8]}, and this one is {uid[:8]})",
                hint="bundles go between copies of one review file: begin by sending the file itself",
            )


def _new_rows(
    review: Review, given: Sequence[Given], known: Mapping[str, str], kinds: Mapping[str, _Kind]
) -> dict[str, _New]:
    """By uid, all rows that are not there; each follows one that is there or comes too."""
    _check_review(review, given)
    new: dict[str, _New] = {}
    for number, one in enumerate(given):
        for line, row in enumerate(one.bundle.rows):
            if row.uid not in known and row.uid not in new:
                new[row.uid] = _New(row, one.bundle.reviewer, f"{one.name}, {bundles.place(line)}", number)
    for found in new.values():
        _check_row(found, kinds)
        previous = found.row.previous
        if previous is not None:
            before = new[previous].reviewer if previous in new else known.get(previous)
            if before != found.reviewer:
                raise InputError(
                    f"{found.where}: the row follows one of {found.reviewer} that neither this bundle nor this "
                    "copy of the review has",
                    hint=_ASK_AGAIN,
                )
    return new


_ASK_AGAIN = "ask for the bundle again, made with `iimscreen share`; nothing of it was used"
_TOGETHER = (
    "if it came from another reviewer, name their bundle in the same command; otherwise send the review file "
    "itself; nothing was changed"
)
_SEND_THE_FILE = "send the review file itself to whoever lacks it, and go on from there; nothing was changed"


def _kind(db: Database, table: str) -> _Kind:
    return _Kind(
        frozenset(row[1] for row in db.execute(f"pragma table_info({table})").fetchall()) - {"log_id"},
        {
            row[3]: (row[2], row[4])
            for row in db.execute(f"pragma foreign_key_list({table})").fetchall()
            if (row[2], row[4]) != ("log", "id")
        },
    )


def _check_row(new: _New, kinds: Mapping[str, _Kind]) -> None:
    """Raise InputError unless a row is one that its reviewer can have written, and that can travel."""
    row, where = new.row, new.where
    if row.kind not in kinds:
        raise InputError(
            f"{where}: rows of {row.kind} are not known to this iimscreen",
            hint="upgrade: pip install --upgrade iimscreen",
        )
    if row.content is None or row.kind not in SHARED:
        raise InputError(
            f"{where}: {new.reviewer} wrote a row of {row.kind}, which cannot travel in a bundle, and this copy "
            "lacks it",
            hint=_SEND_THE_FILE,
        )
    unknown = row.content.keys() - kinds[row.kind].columns
    if unknown:
        raise InputError(
            f"{where}: {row.kind} has no {min(unknown)} in this iimscreen",
            hint="upgrade: pip install --upgrade iimscreen",
        )
    if row.kind == "protocol_versions":
        text = str(row.content.get("text"))
        if log.sha256(text) != row.content.get("sha256"):
            raise InputError(f"{where}: the protocol is not the one that its hash names", hint=_ASK_AGAIN)
        parse_protocol(text, where)
    if not _is_by(new.reviewer, row):
        raise InputError(f"{where}: the row is not one that {new.reviewer} can have written", hint=_ASK_AGAIN)


def _is_by(reviewer: str, row: Row) -> bool:
    """Whether a row names its own writer as such, and its lists are lists."""
    content: Mapping[str, Any] = row.content or {}
    try:
        lists = [_fields(content[column]) for column in ("names", "agreed", "differed") if column in content]
    except (ValueError, TypeError, RecursionError):
        return False
    if not all(isinstance(one, list) and all(isinstance(name, str) for name in one) for one in lists):
        return False
    match row.kind:
        case "decisions":
            is_vote = content.get("manner") == "vote"
            return bool(lists) and (
                lists[0] == [reviewer] == [content.get("reviewer")] if is_vote else lists[0][:1] == [reviewer]
            )
        case "duplicate_votes":
            return bool(content.get("reviewer") == reviewer)
        case "watch_settlements":
            return bool(lists) and lists[0][:1] == [reviewer]
        case _:
            return True


# What to say of a name that is not found, by the table in which it was looked for.
_LACKS = {
    "records": "the record {}: the search that found it was run in another copy",
    "log": "the row {:.8} of the log that this one is about",
    "protocol_versions": "the protocol {:.8} by which this was decided: it was loaded in another copy",
}


def _check_names(
    db: Database, new: Mapping[str, _New], known: Mapping[str, str], kinds: Mapping[str, _Kind]
) -> None:
    """Raise InputError for the first row that names a record, a row or a protocol which is not there."""
    wanted: dict[tuple[str, str], dict[Any, str]] = {}  # table and column → value → where it was first named
    for one in new.values():
        content = one.row.content or {}
        for column, named in kinds[one.row.kind].names.items():
            if column in content:
                wanted.setdefault(named, {}).setdefault(content[column], one.where)
        if "protocol_sha256" in content:
            wanted.setdefault(_PROTOCOL, {}).setdefault(content["protocol_sha256"], one.where)
        for key in _keys_beside(one):
            wanted.setdefault(_RECORD, {}).setdefault(key, one.where)
    for (table, column), values in wanted.items():
        have: set[Any] = _found(db, table, column, values)
        if table == "log":
            have = {*known, *new}
        elif table == "protocol_versions":
            have |= {(one.row.content or {}).get("sha256") for one in new.values()}
        for value, where in values.items():
            if value not in have:
                lacks = _LACKS.get(table, "{}").format(str(value))
                raise InputError(
                    f"{where}: this copy lacks {lacks}",
                    hint=_SEND_THE_FILE if table == "records" else _TOGETHER,
                )


_RECORD, _PROTOCOL = ("records", "key"), ("protocol_versions", "sha256")


def _keys_beside(one: _New) -> Iterator[Any]:
    """Keys of the records that the rows beside a row name."""
    side = SHARED[one.row.kind]
    if side is None and one.row.beside:
        raise InputError(f"{one.where}: nothing can stand beside a row of {one.row.kind}", hint=_ASK_AGAIN)
    if side is not None:
        columns = side[2]
        for values in one.row.beside:
            if len(values) != len(columns):
                raise InputError(f"{one.where}: a row beside it lacks a value", hint=_ASK_AGAIN)
            yield values[columns.index("record_key")]


def _found(db: Database, table: str, column: str, values: Iterable[Any]) -> set[Any]:
    """Those of some values that a column of a table has."""
    return {
        value
        for (value,) in db.execute(
            f"select {column} from {table} where {column} in (select value from json_each(:values))",
            {"values": json.dumps(list(values))},
        )
    }


def _check_once(db: Database, new: Mapping[str, _New]) -> None:
    """Raise ProtocolError where two copies did what can be done once, such as making a round of one name."""
    seen: set[tuple[str, str, Any]] = set()
    for one in new.values():
        for keys in APPEND_ONLY[one.row.kind]:
            for column in keys:
                value = (one.row.content or {}).get(column)
                if value is None:  # the log id, or nothing stated
                    continue
                if (one.row.kind, column, value) in seen or _found(db, one.row.kind, column, [value]):
                    raise ProtocolError(
                        f"{one.where}: {one.row.kind} with {column} {value} were made in two copies, and there can be "
                        "only one",
                        hint="make rounds, and settle findings, in one copy, and share them from there; nothing was "
                        "changed",
                    )
                seen.add((one.row.kind, column, value))


def _added(one: Given, new: Sequence[_New]) -> Added:
    return Added(
        name=one.name,
        reviewer=one.bundle.reviewer,
        known=len(one.bundle.rows) - len(new),
        new=dict(sorted(Counter(n.row.kind for n in new).items())),
        late=0,
        last_at=max((n.row.at for n in new), default=""),
        has_values=any(row.kind == "extractions" for row in one.bundle.rows),
    )


def _late(number: int, new: Mapping[str, _New], ordered: log_order.Order) -> int:
    """How many new rows of one bundle are older than the last closing of a version."""
    if not ordered.fixed:
        return 0
    closing = ordered.ranks[ordered.uids[ordered.fixed - 1]]
    return sum(one.given == number and ordered.ranks[uid] < closing for uid, one in new.items())


def _note(review: Review, one: Given, what: Added) -> None:
    log.append_one(
        review.db,
        "bundle_merges",
        {
            "reviewer": what.reviewer,
            "file_name": one.name,
            "file_sha256": one.sha256,
            "rows": len(one.bundle.rows),
            "new_rows": sum(what.new.values()),
        },
    )


def _place(row: Row, kinds: Mapping[str, _Kind]) -> log_order.Place:
    content = row.content or {}
    named = [
        str(content[column])
        for column, to in kinds[row.kind].names.items()
        if to == ("log", "uid") and column in content
    ]
    return log_order.Place(row.uid, row.at, (*([row.previous] if row.previous else []), *named))


def _insert(db: Database, new: Mapping[str, _New], uids: Sequence[str]) -> None:
    """Store rows under the ids of their places in the order."""
    for log_id, uid in enumerate(uids, start=1):
        if uid not in new:
            continue
        one = new[uid]
        row, content = one.row, one.row.content or {}
        columns = list(content)
        try:
            db.execute(
                "insert into log (id, uid, previous, actor, at, nonce, kind) values (?, ?, ?, ?, ?, ?, ?)",
                (log_id, uid, row.previous, one.reviewer, row.at, row.nonce, row.kind),
            )
            db.execute(
                f"insert into {row.kind} ({', '.join(['log_id', *columns])}) values (?{', ?' * len(columns)})",
                (log_id, *content.values()),
            )
            side = SHARED[row.kind]
            if side is not None:
                table, id_column, names = side
                db.conn.executemany(
                    f"insert into {table} ({', '.join([id_column, *names])}) values (?{', ?' * len(names)})",
                    [(log_id, *values) for values in row.beside],
                )
        except sqlite3.IntegrityError as error:
            # SQLite's words name a column or a rule, and no value.
            raise InputError(
                f"{one.where}: the row says what the log cannot hold ({error})", hint=_ASK_AGAIN
            ) from error


def _verify(review: Review, given: Sequence[Given], *, since: int) -> None:
    """Raise InputError, so that nothing is stored, if the log with what came is not as it was written."""
    faults = [*log.verify(review, since=since), *rounds.verify(review), *assignments.verify(review)]
    if faults:
        raise InputError(
            f"with {', '.join(one.name for one in given)} the log would not hold: {faults[0]}",
            hint="`iimscreen check` tells whether this copy was sound; nothing was changed",
        )
