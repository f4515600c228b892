#!/usr/bin/env python3
"""Verify a review capsule with nothing but Python 3.9 or newer.

Run as: python verify.py [CAPSULE.zip or FOLDER]
It shares no code with iimscreen on purpose: it is a second pair of eyes. It runs nothing that is in the
capsule, changes nothing, and asks no network. It ends with 0 if everything holds, else with 1.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import sqlite3
import stat
import sys
import tempfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

FORMAT, VERSION = "iimscreen capsule", 1
MANIFEST = "manifest-sha256.txt"
SEAL = 64  # hex digits at the end of the zip: SHA-256 of everything before them
MOST_FILES, LARGEST, LARGEST_OF_ALL, MOST_RATIO = 100_000, 8 << 30, 16 << 30, 1100
TABLE = re.compile("[a-z_]{1,60}")
# Not the view of that name: a view may have been put in by others.
KEPT = (
    "select records.key, kept.key as kept_key from kept_records"
    " join records on records.id = kept_records.record_id join records as kept on kept.id = kept_records.kept_id"
    " order by records.id"
)
# Numbers that are several boxes together.
SUMS = {
    "dbr_records_identified": ("database_results", "register_results"),
    "other_records_identified": ("website_results", "organisation_results", "citations_results"),
    "records_identified": ("dbr_records_identified", "other_records_identified"),
    "records_removed": ("duplicates", "excluded_automatic", "excluded_other"),
    "reports_sought": ("dbr_sought_reports", "other_sought_reports"),
    "reports_not_retrieved": ("dbr_notretrieved_reports", "other_notretrieved_reports"),
    "reports_assessed": ("dbr_assessed", "other_assessed"),
    "reports_excluded": ("dbr_excluded", "other_excluded"),
    "studies_included": ("new_studies",),
    "reports_included": ("new_reports",),
}
# What numbers are worked out from: none of these may hold a row that the log does not have.
FACTS = {
    "decisions",
    "duplicate_verdicts",
    "previous_reviews",
    "protocol_versions",
    "record_removals",
    "retrievals",
    "rounds",
    "run_results",
    "runs",
    "study_names",
    "study_reports",
    "version_closures",
}
# Texts that `--no-abstracts` leaves out of rows of the log: no other column may be missing.
MAY_BE_LEFT_OUT = {
    "extractions": "quote",
    "extraction_resolutions": "quote",
    "stated_totals": "quote",
    "record_edits": "value",
}


class Unsafe(Exception):
    """What was given is no capsule, or nothing that should be unpacked."""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# --- the archive ------------------------------------------------------------------------------------


def check_name(name: str) -> None:
    """Raise Unsafe for a name that could leave the folder, or mean another file elsewhere."""
    parts = name.split("/")
    if (
        not name
        or len(name.encode("utf-8", "replace")) > 400
        or any(part in ("", ".", "..", "__pycache__") or part != part.strip(" .") for part in parts)
        or re.search(r'[\x00-\x1f\x7f\\:*?"<>|]', name)
        or unicodedata.normalize("NFC", name) != name
    ):
        raise Unsafe(f"the name {name!r} is not one that a capsule has")
    for part in parts:
        if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part):
            raise Unsafe(f"the name {name!r} is not one that a capsule has")


def check_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members, if each of them is a plain file of a bearable size under a name of its own."""
    members = archive.infolist()
    if len(members) > MOST_FILES:
        raise Unsafe(f"it has {len(members):,} members, and no capsule has more than {MOST_FILES:,}")
    seen: set[str] = set()
    total = 0
    for member in members:
        check_name(member.filename)
        if member.orig_filename != member.filename:
            raise Unsafe(f"the name {member.orig_filename!r} is not one that a capsule has")
        folded = unicodedata.normalize("NFC", member.filename.casefold())
        if folded in seen:
            raise Unsafe(f"{member.filename} is in it twice, or differs from another name in case only")
        seen.add(folded)
        if member.flag_bits & 0x1:
            raise Unsafe(f"{member.filename} is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unsafe(f"{member.filename} is compressed in a way that no capsule is")
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or member.is_dir():
            raise Unsafe(f"{member.filename} is no plain file")
        if member.file_size > LARGEST or member.file_size > MOST_RATIO * max(member.compress_size, 1):
            raise Unsafe(f"{member.filename} would unpack to {member.file_size:,} bytes")
        total += member.file_size
    if total > LARGEST_OF_ALL:
        raise Unsafe(f"it would unpack to {total:,} bytes")
    for name in seen:
        for depth in range(1, name.count("/") + 1):
            if name.rsplit("/", depth)[0] in seen:
                raise Unsafe(f"{name} stands below another file")
    return members


def seal_holds(path: Path) -> bool:
    """Whether the last 64 bytes are the SHA-256 of everything before them."""
    left = path.stat().st_size - SEAL
    found = hashlib.sha256()
    with path.open("rb") as file:
        while left > 0:
            piece = file.read(min(1 << 20, left))
            if not piece:
                return False
            found.update(piece)
            left -= len(piece)
        return file.read() == found.hexdigest().encode()


def unpack(path: Path, folder: Path) -> None:
    """Unpack a capsule whose seal holds into an empty folder. Raises Unsafe, with nothing outside it touched."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                raise Unsafe("it does not begin as a zip archive does")
        with zipfile.ZipFile(path) as archive:
            members = check_members(archive)
            if MANIFEST not in {member.filename for member in members}:
                raise Unsafe(f"there is no {MANIFEST} in it")
            if not seal_holds(path):
                raise Unsafe("a byte of it was changed: the SHA-256 at its end is of other bytes")
            for member in members:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                left = member.file_size
                with archive.open(member) as source, target.open("xb") as out:
                    while piece := source.read(1 << 20):
                        left -= len(piece)
                        if left < 0:
                            raise Unsafe(f"{member.filename} is larger than it says")
                        out.write(piece)
                if left:
                    raise Unsafe(f"{member.filename} is smaller than it says")
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise Unsafe(f"it is damaged, or no zip archive: {error}") from error


# --- the review as its file tells it ------------------------------------------------------------------


class Review:
    """What verify.py reads of a review file, and what it makes of it."""

    def __init__(self, connection: sqlite3.Connection, rules: dict[str, Any]) -> None:
        self.db = connection
        self.rules = rules
        self.gave_up: list[str] = []  # why nothing was recomputed of numbers that rest on votes

    def rows(self, sql: str, *values: Any) -> Iterator[dict[str, Any]]:
        cursor = self.db.execute(sql, values)
        names = [one[0] for one in cursor.description]
        for row in cursor:
            yield dict(zip(names, row))

    def outcomes(self, stage: dict[str, Any], kept: dict[str, str], pool: Iterable[str]) -> dict[str, Any]:
        """Report → (state, reason), from the last word of each reviewer and the last final word."""
        apart = {row["name"] for row in self.rows("select name from rounds where counts = 0")}
        votes: dict[tuple[str, str], dict[str, Any]] = {}
        finals: dict[str, dict[str, Any]] = {}
        for row in self.rows("select * from decisions where stage = ? order by log_id", stage["name"]):
            if row["manner"] != "vote":
                finals[row["record_key"]] = row
            elif row["round"] not in apart:
                votes[row["record_key"], row["names"]] = row
        by_report: dict[str, list[dict[str, Any]]] = {}
        final_of: dict[str, dict[str, Any]] = {}
        judged: dict[str, set[str]] = {}
        for (key, _), row in votes.items():
            if row["verdict"] != "withdrawn":
                by_report.setdefault(kept[key], []).append(row)
                judged.setdefault(kept[key], set()).add(key)
        for key, row in finals.items():
            final_of[kept[key]] = row
            judged.setdefault(kept[key], set()).add(key)
        many = sum(len(keys) > 1 for keys in judged.values())
        if many:
            self.gave_up.append(
                f"{stage['name']}: {many} reports were judged as several before they were merged"
            )
        found = {}
        for report in pool:
            final = final_of.get(report)
            found[report] = (
                (final["verdict"], final["reason"])
                if final
                else self.agreed(by_report.get(report, []), stage)
            )
        return found

    def agreed(self, votes: list[dict[str, Any]], stage: dict[str, Any]) -> tuple[str, Any]:
        if len({vote["names"] for vote in votes}) < stage["reviewers_needed"]:
            return "pending", None
        verdicts = {vote["verdict"] for vote in votes}
        if verdicts <= set(stage["advances"]):
            return "include", None
        if len(verdicts) > 1 or not verdicts <= set(stage["settles"]):
            return "conflict", None
        (verdict,) = verdicts
        reasons = {vote["reason"] for vote in votes if vote["reason"] is not None}
        if verdict != "exclude" or not reasons:
            return verdict, None
        order = {code: place for place, code in enumerate(self.rules["reasons"])}
        return verdict, min(reasons, key=lambda code: (order.get(code, len(order)), code))

    def lists(self) -> dict[str, list[str]]:
        """Name of each PRISMA number that verify.py can work out by itself → the rows behind it."""
        if next(self.rows("select 1 from version_closures union all select 1 from previous_reviews"), None):
            self.gave_up.append(
                "the review is an update of a version before, which verify.py does not work out"
            )
            return {}
        sources = {row["source"]: row for row in self.rows("select * from sources")}
        keys = [row["key"] for row in self.rows("select key from records order by id")]
        kept = {row["key"]: row["kept_key"] for row in self.rows(KEPT)}
        removed = {}
        for row in self.rows("select record_key, removed from record_removals order by log_id"):
            removed[row["record_key"]] = row["removed"] == 1
        kind = {key: sources[key.partition(":")[0]]["kind"] for key in keys}
        of_databases = {key for key in keys if kind[key] in ("database", "register")}
        lists = self.identified(keys, kind, sources)
        lists["excluded_other"] = [key for key in keys if removed.get(key) and key in of_databases]
        left = [key for key in keys if not removed.get(key)]
        lists["duplicates"] += self.beyond_one(left, kept, of_databases)
        reports = list(dict.fromkeys(sorted((kept[key] for key in left), key=keys_order(keys))))
        column_a = {kept[key] for key in left if key in of_databases}
        lists.update(self.judged(reports, column_a, kept))
        for name, boxes in SUMS.items():
            lists[name] = [row for box in boxes for row in lists[box]]
        for name in [name for name in lists if name.startswith(("dbr_excluded.", "other_excluded."))]:
            lists.setdefault(f"reports_excluded.{name.partition('.')[2]}", []).extend(lists[name])
        return lists

    def identified(self, keys: list[str], kind: dict[str, str], sources: dict[str, Any]) -> dict[str, Any]:
        boxes = {
            "database": "database_results",
            "register": "register_results",
            "website": "website_results",
            "organisation": "organisation_results",
            "citation": "citations_results",
        }
        named = [(key, key) for key in keys]
        again = []
        if self.rules["identified"] == "sum-of-sub-queries":
            named = []
            seen: set[str] = set()
            for row in self.rows(
                "select runs.label, log.uid, records.key from run_hits"
                " join records on records.id = run_hits.record_id join log on log.id = run_hits.run_id"
                " join runs on runs.log_id = log.id order by runs.log_id, run_hits.position"
            ):
                name = f"{row['label']}/{row['uid'][:8]} {row['key']}"
                named.append((name, row["key"]))
                if kind[row["key"]] in ("database", "register") and row["key"] in seen:
                    again.append(name)
                seen.add(row["key"])
        lists: dict[str, Any] = {box: [] for box in boxes.values()}
        for name, key in named:
            box = boxes[kind[key]]
            database = sources[key.partition(":")[0]]["database"]
            lists[box].append(name)
            lists.setdefault(f"{box}.{database}", []).append(name)
        lists["duplicates"] = again
        lists["excluded_automatic"] = []
        return lists

    def beyond_one(self, left: list[str], kept: dict[str, str], of_databases: set[str]) -> list[str]:
        """Records of databases and registers beyond one for each report, the kept one if it is among them."""
        ours = [key for key in left if key in of_databases]
        counted = {key for key in ours if kept[key] == key}
        found = []
        for key in ours:
            if kept[key] in counted and kept[key] != key:
                found.append(key)
            counted.add(kept[key])
        return found

    def judged(self, reports: list[str], column_a: set[str], kept: dict[str, str]) -> dict[str, Any]:
        screened_too = self.rules["screen_other_methods"]
        first, second = self.rules["stages"]
        pool = [report for report in reports if report in column_a or screened_too]
        screening = self.outcomes(first, kept, pool)
        sought = [one for one in reports if one not in screening or screening[one][0] == "include"]
        marks: dict[str, tuple[str, str]] = {}
        for row in self.rows("select record_key, outcome from retrievals order by log_id"):
            report = kept[row["record_key"]]
            if report in marks and marks[report][0] != row["record_key"]:
                self.gave_up.append(f"the retrieval of {report} was marked before and after a merge")
            marks[report] = row["record_key"], row["outcome"]
        outcome_of = {report: outcome for report, (_, outcome) in marks.items()}
        assessed = [report for report in sought if outcome_of.get(report) == "retrieved"]
        assessment = self.outcomes(second, kept, assessed)
        lists: dict[str, Any] = {
            "records_screened": [one for one in reports if one in column_a],
            "records_excluded": [one for one in pool if one in column_a and screening[one][0] == "exclude"],
        }
        for prefix, is_a in (("dbr", True), ("other", False)):
            of_column = [one for one in sought if (one in column_a) is is_a]
            lists[f"{prefix}_sought_reports"] = of_column
            lists[f"{prefix}_notretrieved_reports"] = [
                one for one in of_column if outcome_of.get(one) == "not_retrieved"
            ]
            lists[f"{prefix}_assessed"] = [one for one in of_column if one in assessment]
            excluded = [one for one in of_column if assessment.get(one, ("",))[0] == "exclude"]
            lists[f"{prefix}_excluded"] = excluded
            for one in excluded:
                lists.setdefault(f"{prefix}_excluded.{assessment[one][1] or 'no reason given'}", []).append(
                    one
                )
        for state in ("awaiting", "ongoing"):
            lists[state] = [one for one in assessed if assessment[one][0] == state]
        included = [one for one in assessed if assessment[one][0] == "include"]
        studies = self.studies(kept)
        lists["new_reports"] = included
        lists["new_studies"] = list(
            dict.fromkeys(study for one in included for study in studies.get(one) or [one])
        )
        lists["new_reports_of_previous_studies"] = []
        return lists

    def studies(self, kept: dict[str, str]) -> dict[str, list[str]]:
        standing = {}
        for row in self.rows("select * from study_names order by log_id"):
            standing[row["study"]] = row["standing"] == 1 and row["kind"] == "literature"
        linked = {}
        for row in self.rows("select * from study_reports order by log_id"):
            linked[row["study"], row["record_key"]] = row["verdict"] == "linked"
        found: dict[str, set[str]] = {}
        for (study, key), is_linked in linked.items():
            if is_linked and standing.get(study):
                found.setdefault(kept[key], set()).add(study)
        return {report: sorted(names) for report, names in found.items()}


def mine_of(box: str, worked_out: dict[str, list[str]]) -> list[str] | None:
    """The rows that were worked out for a number of the flow; None where verify.py does not know it.

    A part is called by its name in small letters and hyphens; two that would be called the same are not known.
    """
    if box in worked_out:
        return worked_out[box]
    whole, _, part = box.partition(".")
    if not part or whole not in worked_out:
        return None
    names = [name[len(whole) + 1 :] for name in worked_out if name.startswith(f"{whole}.")]
    alike = [f"{whole}.{name}" for name in names if part in (slug(name), f"{slug(name)}-{short_hash(name)}")]
    if len(alike) == 1:
        return worked_out[alike[0]]
    # Of a reason or source without any row nothing was worked out.
    return None if alike else []


def slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9_]+", "-", plain).strip("-_") or f"x{short_hash(name)}"


def short_hash(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass"))[:6]


def keys_order(keys: list[str]) -> Any:
    """The place of each record in the order of arrival."""
    return {key: place for place, key in enumerate(keys)}.__getitem__


# --- the steps --------------------------------------------------------------------------------------


class Verification:
    """Each step says what it found to hold (`held`), what does not (`faults`), and what it cannot tell (`notes`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: list[str] = []
        self.faults: list[str] = []
        self.notes: list[str] = []

    def run(self) -> bool:
        """All steps in order; whether everything held."""
        self.files()
        if self.faults:
            return False
        try:
            self.capsule = self.json("capsule.json")
            if self.capsule["format"] != FORMAT or self.capsule["version"] > VERSION:
                self.faults.append(f"capsule.json: expected {FORMAT} of version {VERSION} at most")
                return False
            uri = (self.folder / "review.db").resolve().as_uri() + "?mode=ro&immutable=1"
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
                connection.execute("pragma trusted_schema = off")
                self.review = Review(connection, self.json("protocol/in-force.json"))
                self.log()
                self.received()
                self.groups()
                self.protocol()
                self.numbers()
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
            StopIteration,
            sqlite3.Error,
            Unsafe,
        ) as error:
            self.faults.append(f"something in it is not as a capsule has it: {type(error).__name__}: {error}")
        return not self.faults

    def json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    def files(self) -> None:
        """Every file against the manifest, and no file that it does not list."""
        listed: dict[str, str] = {}
        try:
            text = (self.folder / MANIFEST).read_bytes().decode()
        except (OSError, ValueError):
            self.faults.append(f"{MANIFEST} is missing or cannot be read")
            return
        for line in text.splitlines():
            found = re.fullmatch("([0-9a-f]{64})  (.+)", line)
            if found is None or found[2] in listed:
                self.faults.append(f"{MANIFEST}: a line is not as it was written: {line[:80]!r}")
                return
            listed[found[2]] = found[1]
        there = {
            path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()
        }
        there = {name for name in there if not name.startswith("__pycache__/")}
        self.faults += [f"{name} is not in the manifest" for name in sorted(there - {*listed, MANIFEST})]
        self.faults += [f"{name} is missing" for name in sorted({*listed} - there)]
        for name in sorted(there & {*listed}):
            found_hash = hashlib.sha256()
            with (self.folder / name).open("rb") as file:
                while piece := file.read(1 << 20):
                    found_hash.update(piece)
            if found_hash.hexdigest() != listed[name]:
                self.faults.append(f"{name} is not as it was written: its SHA-256 is another one")
        if not self.faults:
            self.held.append(f"{len(listed):,} files against their SHA-256 in {MANIFEST}, and no other file")

    def log(self) -> None:
        """The chain of each actor, from the content of every row; and log.jsonl against the review file."""
        left_out = {kind: set(ids) for kind, ids in self.capsule["left_out"].items()}
        if self.capsule["has_abstracts"] and any(left_out.values()):
            self.faults.append("capsule.json says that texts were left out, and that abstracts are in it")
        rows = self.review.rows
        heads = list(rows("select * from log order by id"))
        tables = {head["kind"] for head in heads} | FACTS
        if not all(TABLE.fullmatch(table) for table in tables):
            raise ValueError("a kind of log row is no name of a table")
        views = {row["name"] for row in rows("select name from sqlite_master where type = 'view'")}
        if views & {*tables, "log", "records", "replies", "sources", "kept_records", "run_hits"}:
            raise ValueError("a view stands where a table should")
        contents = {}
        for table in tables:
            contents[table] = {row.pop("log_id"): row for row in rows(f"select * from {table}")}
        seen: dict[str, str] = {}
        blank = wrong = 0
        hasher = hashlib.sha256()
        for place, head in enumerate(heads, start=1):
            row = contents[head["kind"]].pop(head["id"], None)
            content = {name: value for name, value in (row or {}).items() if value is not None}
            hasher.update(canonical({**head, "content": content}) + b"\n")
            stated = {name: head[name] for name in ("actor", "at", "kind", "nonce", "previous")}
            is_first = head["previous"] is None
            if (
                head["id"] != place
                or row is None
                or not (is_first or seen.get(head["previous"]) == head["actor"])
            ):
                self.faults.append(f"log row {head['id']} does not stand where it was written")
            column = MAY_BE_LEFT_OUT.get(head["kind"])
            if head["id"] in left_out.get(head["kind"], ()) and column and column not in content:
                blank += 1
            elif sha256(canonical({**stated, "content": content})) != head["uid"]:
                wrong += 1
                self.faults.append(f"log row {head['id']} ({head['kind']}) is not as it was written")
            seen[head["uid"]] = head["actor"]
        self.faults += [
            f"{kind}: {len(left)} rows are not in the log" for kind, left in contents.items() if left
        ]
        with (self.folder / "log/log.jsonl").open("rb") as file:
            if hasher.hexdigest() != sha256_of(file):
                self.faults.append("log/log.jsonl is not the log of review.db")
        last = heads[-1]["uid"] if heads else ""
        if self.capsule["log_ends_with"] != last:
            self.faults.append("capsule.json names another last row of the log")
        if wrong == 0:
            self.held.append(
                f"{len(heads) - blank:,} log rows of {len(set(seen.values()))} actors: each uid recomputed from the "
                f"content, each row behind one of the same actor; the log ends with {last}"
            )
        if blank:
            self.notes.append(
                f"{blank:,} log rows stand in their place in the chain, but their own hash needs a text that "
                "--no-abstracts left out: their other columns are checked by the manifest alone"
            )

    def received(self) -> None:
        """Raw replies and records against the hashes in the log."""
        rows = self.review.rows
        hashes = {row["key"]: row["sha256"] for row in self.lines("records/records.jsonl")}
        has_texts = self.capsule["has_abstracts"]
        wrong = 0
        if has_texts:
            for row in rows("select * from records order by id"):
                row.pop("id")
                key = row["key"]
                stated = {name: value for name, value in row.items() if value is not None}
                wrong += hashes.pop(key, None) != sha256(canonical(stated))
            if wrong or hashes:
                self.faults.append(f"{wrong + len(hashes):,} records are not those of records/records.jsonl")
        hashes = {row["key"]: row["sha256"] for row in self.lines("records/records.jsonl")}
        runs = 0
        for result in list(rows("select * from run_results order by log_id")):
            uid = result["run_uid"]
            runs += 1
            found = [
                row["sha256"] for row in rows("select sha256 from replies where run_uid = ? order by id", uid)
            ]
            if sha256(canonical(found)) != result["replies_sha256"]:
                self.faults.append(f"run {uid[:8]}: its raw replies are not those that were logged")
            keys = rows(
                "select records.key from run_hits join log on log.id = run_hits.run_id"
                " join records on records.id = run_hits.record_id where log.uid = ? order by run_hits.position",
                uid,
            )
            if sha256(canonical([hashes.get(row["key"]) for row in keys])) != result["records_sha256"]:
                self.faults.append(f"run {uid[:8]}: its records are not those that were logged")
        self.bodies(has_texts)
        told = (
            "each record's and each reply's own hash recomputed"
            if has_texts
            else "by the hashes of what was left out"
        )
        self.held.append(f"{runs:,} runs: raw replies and records against what was logged, {told}")
        if not has_texts:
            self.notes.append(
                "abstracts, raw replies and quotes were left out: who holds them can check them by "
                "records/records.jsonl and raw-replies/index.jsonl; titles and other columns of records that are "
                "here are checked by the manifest alone"
            )

    def bodies(self, has_texts: bool) -> None:
        for row, entry in zip_longest(
            self.review.rows("select * from replies order by id"), self.lines("raw-replies/index.jsonl")
        ):
            if row is None or entry is None:
                self.faults.append(
                    "raw-replies/index.jsonl lists more or fewer raw replies than review.db has"
                )
                return
            if row["sha256"] != entry["sha256"]:
                self.faults.append(f"raw reply {row['id']} is not the one of raw-replies/index.jsonl")
            elif not has_texts:
                if row["body"]:
                    self.faults.append(f"raw reply {row['id']} is in it, and capsule.json says that none is")
            else:
                check_name(entry["file"])
                body = (self.folder / entry["file"]).read_bytes()
                if sha256(body) != row["sha256"] or not is_packed(row["body"], body):
                    self.faults.append(f"raw reply {row['id']} is not as it was received")

    def lines(self, name: str) -> Iterator[Any]:
        with (self.folder / name).open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)

    def groups(self) -> None:
        """Every merged record is joined to its kept one by standing verdicts in the log."""
        parent: dict[str, str] = {}

        def root(key: str) -> str:
            while key in parent:
                key = parent[key]
            return key

        words: dict[frozenset[str], tuple[bool, str]] = {}
        for row in self.review.rows("select * from duplicate_verdicts order by log_id"):
            pair = frozenset((row["record_key"], row["other_key"]))
            by_person = row["decided_by"].startswith("person:")
            if by_person or not words.get(pair, (False, ""))[0]:
                words[pair] = by_person, row["verdict"]
        for pair, (_, verdict) in words.items():
            one, other = (root(key) for key in sorted(pair))
            if verdict == "duplicate" and one != other:
                parent[one] = other
        merged = [row for row in self.review.rows(KEPT) if row["key"] != row["kept_key"]]
        loose = [row["key"] for row in merged if root(row["key"]) != root(row["kept_key"])]
        self.faults += [f"no verdict in the log merges {key} into another record" for key in loose[:10]]
        if not loose:
            self.held.append(
                f"{len(merged):,} merged records: each joined to the kept one by verdicts in the log"
            )

    def protocol(self) -> None:
        """The rules in force against the protocol's text in the log, where this Python reads TOML."""
        rules = self.review.rules
        latest = list(self.review.rows("select * from protocol_versions order by log_id"))[-1]
        name = f"protocol/version-{len(list((self.folder / 'protocol').glob('version-*.toml')))}.toml"
        if (self.folder / name).read_bytes() != latest["text"].encode() or rules["sha256"] != latest[
            "sha256"
        ]:
            self.faults.append(f"{name} is not the protocol in force by the log")
        if sys.version_info < (3, 11):
            self.notes.append(
                "protocol/in-force.json was not read against the protocol: that needs Python 3.11"
            )
            return
        import tomllib

        top = tomllib.loads(latest["text"])
        stated = [
            (stage["name"], stage["reviewers"], sorted(stage["advances"]), sorted(stage["settles"]))
            for stage in top["stage"]
        ]
        here = [
            (stage["name"], stage["reviewers_needed"], sorted(stage["advances"]), sorted(stage["settles"]))
            for stage in rules["stages"]
        ]
        counting = top.get("counting", {})
        if (
            stated != here
            or [reason["code"] for reason in top.get("reason", [])] != rules["reasons"]
            or counting.get("identified", "union") != rules["identified"]
            or counting.get("screen_other_methods", False) != rules["screen_other_methods"]
        ):
            self.faults.append("protocol/in-force.json is not what the protocol says")
        else:
            self.held.append("the rules in force against the text of the protocol in the log")

    def numbers(self) -> None:
        """Every number against its rows; those of the flow worked out anew from votes and other facts."""
        told = self.json("numbers.json")
        if told["log_ends_with"] != self.capsule["log_ends_with"]:
            self.faults.append("numbers.json is of another state of the log")
        worked_out = self.review.lists()
        for reason in dict.fromkeys(self.review.gave_up):
            self.notes.append(f"not worked out anew: {reason}")
        if self.review.gave_up:
            worked_out = {}
        anew, by_rows, as_stated, closed = [], [], [], []
        for one in told["numbers"]:
            name, value, rows = one["name"], one["value"], one["rows"]
            if sha256(canonical(rows)) != one["rows_sha256"]:
                self.faults.append(f"{name}: the hash of its rows is another one")
            if value is None:
                closed.append(name)
                continue
            family, _, box = name.partition(".")
            if one["of"] in ("records", "reports", "studies") and one["is_count"] and value != len(rows):
                self.faults.append(f"{name} is {value}, and {len(rows):,} rows stand behind it")
            mine = mine_of(box, worked_out) if family == "prisma" else None
            if mine is not None:
                if Counter(mine) != Counter(rows) or len(mine) != value:
                    self.faults.append(f"{name} is {value} in numbers.json, and {len(mine):,} by the log")
                anew.append(name)
            elif one["is_count"]:
                by_rows.append(name)
            else:
                as_stated.append(name)
        self.flow({one["name"]: one["value"] for one in told["numbers"]})
        self.held.append(
            f"{len(anew):,} numbers worked out anew from the log's facts, with the rows behind each"
        )
        if by_rows:
            self.notes.append(
                f"{len(by_rows):,} numbers were checked by the length and hash of their rows only"
            )
        if as_stated:
            self.notes.append(
                f"{len(as_stated):,} numbers are no counts of rows, and were checked by hashes only"
            )
        if closed:
            self.notes.append(f"{len(closed):,} numbers have no value: closed to view, or not of this review")

    def flow(self, values: dict[str, Any]) -> None:
        """The boxes of flow/flow.json against the numbers."""
        boxes = self.json("flow/flow.json")["boxes"]
        for box, value in boxes.items():
            if f"prisma.{box}" in values and values[f"prisma.{box}"] != value:
                self.faults.append(f"flow/flow.json: {box} is {value}, and another number in numbers.json")


def is_packed(packed: bytes, body: bytes) -> bool:
    """Whether this unpacks to that body; never unpacked further than that."""
    stream = zlib.decompressobj()
    try:
        return stream.decompress(packed, len(body) + 1) == body and stream.eof
    except zlib.error:
        return False


def sha256_of(file: Any) -> str:
    found = hashlib.sha256()
    while piece := file.read(1 << 20):
        found.update(piece)
    return found.hexdigest()


def verified(folder: Path) -> Verification:
    """What verify.py finds in an unpacked capsule."""
    made = Verification(folder)
    made.run()
    return made


def main(words: list[str]) -> int:
    """Verify what is named, or the folder in which this file is; 0 if everything holds."""
    where = Path(words[0]) if words else Path(__file__).resolve().parent
    with contextlib.ExitStack() as stack:
        folder = where
        if not where.is_dir():
            folder = Path(tempfile.mkdtemp(prefix="capsule-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            try:
                unpack(where, folder)
            except (Unsafe, OSError) as error:
                print(f"NOT VERIFIED: {where}: {error}")
                return 1
        made = verified(folder)
    for sentence in made.held:
        print(f"holds: {sentence}")
    for sentence in made.notes:
        print(f"note: {sentence}")
    for sentence in made.faults[:50]:
        print(f"FAULT: {sentence}")
    print("NOT VERIFIED: see above." if made.faults else "Verified: nothing wrong was found.")
    return 1 if made.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
