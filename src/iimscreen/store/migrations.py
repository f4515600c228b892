"""The schema's history: numbered steps, released ones never edited, and what is derived from it."""

from __future__ import annotations

import zlib
from importlib import resources

from sqlite_utils import Database, Migrations

APPLICATION_ID = 0x49494D53  # "IIMS", in the file's header

# Tables that only ever grow, with the columns that identify a row: a plain `insert or replace` over
# any of them must fail, and SQLite fires delete triggers for it only under recursive_triggers.
APPEND_ONLY: dict[str, tuple[tuple[str, ...], ...]] = {
    "review": (("id",),),
    "log": (("id",), ("uid",)),
    "protocol_versions": (("log_id",),),
    "reviewer_changes": (("log_id",),),
    "sources": (("source",),),
    "searches": (("log_id",),),
    "search_abandonments": (("log_id",),),
    "runs": (("log_id",),),
    "run_results": (("log_id",), ("run_uid",)),
    "replies": (("id",),),
    "records": (("id",), ("key",)),
    "run_hits": (("run_id", "position"),),
    "refusals": (("run_id", "position"),),
    "dedupe_runs": (("log_id",),),
    "duplicate_verdicts": (("log_id",),),
    "decisions": (("log_id",),),
    "round_openings": (("log_id",),),
    "revealed_records": (("opening_id", "record_key"),),
    "unblindings": (("log_id",),),
    "retrievals": (("log_id",),),
    "source_notes": (("log_id",),),
    "version_closures": (("log_id",),),
    "version_reports": (("closure_id", "position"),),
    "previous_reviews": (("log_id",), ("source",)),
    "previous_reports": (("previous_id", "position"),),
    "watch_runs": (("log_id",),),
    "watch_findings": (("log_id",), ("record_key", "kind", "notice")),
    "watch_settlements": (("log_id",), ("finding_uid",)),
    "duplicate_votes": (("log_id",),),
    "report_links": (("log_id",),),
    "record_edits": (("log_id",),),
    "record_removals": (("log_id",),),
    "rounds": (("log_id",), ("name",)),
    "round_records": (("round_id", "position"),),
    "assignments": (("log_id",),),
    "assigned_records": (("assignment_id", "record_key", "reviewer"),),
    "bundle_merges": (("log_id",),),
    "fulltext_files": (("log_id",),),
    "report_notes": (("log_id",),),
    "study_names": (("log_id",),),
    "study_reports": (("log_id",),),
    "form_texts": (("log_id",),),
    "extractions": (("log_id",),),
    "extraction_dones": (("log_id",),),
    "extraction_openings": (("log_id",),),
    "row_pairings": (("log_id",),),
    "extraction_resolutions": (("log_id",),),
    "stated_totals": (("log_id",),),
    "overlap_answers": (("log_id",),),
}

# Kinds of log rows: every append-only table that hangs on the spine by `log_id`.
LOG_KINDS = tuple(table for table, keys in APPEND_ONLY.items() if ("log_id",) in keys)

migrations = Migrations("iimscreen")


def _script(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def run_script(db: Database, script: str) -> None:
    """Run a script of several statements inside the transaction that is open.

    `executescript` commits first; splitting on complete statements keeps the step atomic.
    """
    import sqlite3

    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


@migrations()
def m001_initial(db: Database) -> None:
    """Everything of the first release."""
    run_script(db, _script("m001_initial.sql"))


@migrations()
def m002_search_and_updates(db: Database) -> None:
    """What a search tells beyond its records; notes on other sources; versions of a living review."""
    run_script(db, _script("m002_search_and_updates.sql"))


@migrations()
def m003_curation(db: Database) -> None:
    """Edits of records, and records removed before screening."""
    run_script(db, _script("m003_curation.sql"))


@migrations()
def m004_duplicate_votes(db: Database) -> None:
    """What each reviewer says of a pair of records."""
    run_script(db, _script("m004_duplicate_votes.sql"))


@migrations()
def m005_reasons_of_verdicts(db: Database) -> None:
    """The fields behind verdicts on duplicates; links between reports of one study."""
    run_script(db, _script("m005_reasons_of_verdicts.sql"))


@migrations()
def m006_rounds(db: Database) -> None:
    """Pilots and batches within a stage; who is to judge what; whether a vote was given blindly."""
    run_script(db, _script("m006_rounds.sql"))


@migrations()
def m007_bundle_merges(db: Database) -> None:
    """What was merged from bundles of other copies."""
    run_script(db, _script("m007_bundle_merges.sql"))


@migrations()
def m008_extraction(db: Database) -> None:
    """Full texts beyond their retrieval, studies, and extracted data."""
    run_script(db, _script("m008_extraction.sql"))


def known() -> set[str]:
    """Names of all steps that this version knows."""
    return {step.name for step in migrations.pending(Database(memory=True, execute_plugins=False))}


def triggers() -> str:
    """The append-only triggers, three a table: no update, no delete, no insert over an existing row."""
    made = []
    for table, keys in APPEND_ONLY.items():
        made += [
            f"create trigger {table}_no_{event} before {event} on {table}\n"
            f"begin select raise(abort, 'iimscreen: {table} is append-only'); end;"
            for event in ("update", "delete")
        ]
        exists = " or ".join(
            "exists (select 1 from {} where {})".format(
                table, " and ".join(f"{column} = new.{column}" for column in key)
            )
            for key in keys
        )
        made.append(
            f"create trigger {table}_no_replace before insert on {table} when {exists}\n"
            f"begin select raise(abort, 'iimscreen: {table} is append-only'); end;"
        )
    return "\n".join(made)


def derived() -> str:
    """Views and triggers: all that can be dropped and made again."""
    return _script("derived.sql") + "\n" + triggers()


def derived_version() -> int:
    """A number that changes with the derived part; kept as the file's user_version."""
    return zlib.crc32(derived().encode()) & 0x7FFFFFFF


def drop_derived(db: Database) -> None:
    """Take away every view and trigger, so that a migration may rebuild tables under them."""
    for kind in ("view", "trigger"):
        for (name,) in db.execute(
            "select name from sqlite_master where type = :kind", {"kind": kind}
        ).fetchall():
            db.execute(f"drop {kind} [{name}]")


def make_derived(db: Database) -> None:
    """Make views and triggers, and note which version of them stands."""
    run_script(db, derived())
    db.execute(f"pragma user_version = {derived_version()}")
