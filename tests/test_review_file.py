"""The review file: missing, foreign, newer, damaged, locked; its dated copies; what cannot be changed in it."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import dedupe, living, previous, review_protocol, team
from iimscreen.errors import ReviewError
from iimscreen.store import (
    Review,
    assignments,
    connection,
    curation,
    log,
    migrations,
    open_review,
    rounds,
    watches,
)
from iimscreen.store.watches import Finding

COPIES = Path("review.db-copies")
RELEASED = Path(__file__).parent / "data"  # one review file of each earlier schema


def refused(result: Result, *words: str) -> None:
    """Exit 4, one clear error that holds these words, a way out, and no traceback."""
    assert result.exit_code == 4, result.output
    assert result.stderr.count("Error: ") == 1
    assert "  → " in result.stderr
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr


@contextlib.contextmanager
def plain(path: Path = Path("review.db")) -> Iterator[sqlite3.Connection]:
    """The file as any other program opens it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as opened:
        yield opened


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits half a minute for a lock in a test."""
    monkeypatch.setattr(connection, "LOCK_TIMEOUT_S", 0.05)


# --- beginning -------------------------------------------------------------------------------------


def test_init_makes_a_review_and_says_what_comes_next(run):
    result = run("init")

    assert result.exit_code == 0
    assert result.stdout.startswith("Made review.db: ")
    assert "Next: iimscreen search" in result.stdout
    assert [path.name for path in Path().iterdir()] == ["review.db"]
    assert run("check").exit_code == 0


def test_init_leaves_a_review_that_is_there_alone(run, review_file):
    before = review_file.read_bytes()

    result = run("init")

    refused(result, "review.db is there already", "--review")
    assert review_file.read_bytes() == before


def test_init_in_a_folder_that_is_not_there_is_refused(run):
    refused(run("init", "--review", "nowhere/review.db"), "nowhere/review.db", "check the path")


@pytest.mark.parametrize("text", ["", "[review]\ntitle = 1\n", "[review\n", "[reviews]\n"])
def test_init_with_a_wrong_protocol_makes_no_file(run, text):
    Path("mine.toml").write_text(text, encoding="utf-8")

    result = run("init", "--protocol", "mine.toml")

    assert result.exit_code == 3
    assert "mine.toml" in result.stderr
    assert "  → " in result.stderr
    assert [path.name for path in Path().iterdir()] == ["mine.toml"]


def test_the_environment_names_the_review_and_the_option_overrules_it(run, monkeypatch):
    monkeypatch.setenv("IIMSCREEN_REVIEW", "one.db")
    run("init")
    run("init", "--review", "other.db")

    assert sorted(path.name for path in Path().iterdir()) == ["one.db", "other.db"]
    assert run("status").exit_code == 0
    refused(run("status", "--review", "third.db"), "there is no review file third.db")


# --- another file than a review --------------------------------------------------------------------


def _a_database() -> None:
    with plain() as other:
        other.execute("create table addresses (name text)")


FOREIGN: dict[str, Callable[[], object]] = {
    "a database": _a_database,
    "a text file": lambda: Path("review.db").write_text("Dear Ann, " * 100, encoding="utf-8"),
    "an empty file": lambda: Path("review.db").write_bytes(b""),
    "a few bytes": lambda: Path("review.db").write_bytes(b"SQLite"),
    "a cut header": lambda: Path("review.db").write_bytes(b"SQLite format 3\0" + bytes(60)),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("words", [("status",), ("search", "--source", "corpus"), ("dedupe",)], ids=str)
def test_a_foreign_file_is_refused_and_left_as_it_is(run, kind, words):
    FOREIGN[kind]()
    before = Path("review.db").read_bytes()

    result = run(*words)

    refused(result, "review.db is no", "--review")
    assert Path("review.db").read_bytes() == before


def test_a_folder_is_no_review_file(run):
    Path("review.db").mkdir()

    refused(run("status"), "there is no review file review.db")


def test_a_review_of_a_newer_version_is_refused_with_the_step_that_is_unknown(run, review_file):
    with plain() as newer:
        newer.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) "
            "values ('iimscreen', 'm999_of_the_future', '2099-01-01')"
        )
    before = review_file.read_bytes()

    result = run("status")

    refused(result, "written by a newer iimscreen", "m999_of_the_future", "upgrade")
    assert review_file.read_bytes() == before


# --- damaged ---------------------------------------------------------------------------------------


def test_a_damaged_file_is_told_with_the_way_back(run, review_file):
    data = bytearray(review_file.read_bytes())
    data[4096 : 4096 * 40] = b"\xa5" * (4096 * 39)
    review_file.write_bytes(data)

    refused(run("status"), "review.db is damaged", "dated copies")


def test_a_cut_file_is_told_as_damaged(run, review_file):
    review_file.write_bytes(review_file.read_bytes()[:9000])

    refused(run("status"), "review.db is damaged", "dated copies")


@pytest.mark.slow  # 30 damaged files, each read by three commands: about 1.5 s
def test_a_damaged_page_ends_in_no_traceback(run, review: Review, impatient):
    bring_in(review, [a_record(number) for number in range(40)])
    path = review.path
    good = path.read_bytes()
    chance = random.Random(7)  # noqa: S311 (the same damage in every run)
    codes = set()
    pages = len(good) // 4096
    for page in range(0, pages, 2):
        bad = bytearray(good)
        for _ in range(60):
            bad[page * 4096 + chance.randrange(4096)] = chance.randrange(256)
        for words in (("status",), ("check",), ("log",)):
            path.write_bytes(bad)
            result = run(*words)
            codes.add(result.exit_code)
            assert "Traceback" not in result.output
    path.write_bytes(good)

    assert 4 in codes
    assert codes <= {0, 3, 4, 6}


def test_a_bug_is_not_blamed_on_a_sound_file(review: Review):
    with pytest.raises(KeyError), open_review(review.path):
        raise KeyError("a bug of ours")


# --- locked ----------------------------------------------------------------------------------------


def test_a_file_locked_for_writing_elsewhere_is_told_and_nothing_is_changed(run, review_file, impatient):
    with plain() as other:
        other.execute("begin immediate")

        writing = run("reviewer", "add", "ann")
        reading = run("status")

    refused(writing, "review.db is locked by another program", "wait, and try again")
    assert reading.exit_code == 0
    assert "ann" not in run("reviewer").stdout


def test_a_file_locked_altogether_cannot_be_read_either(run, review_file, impatient):
    with plain() as other:
        other.execute("begin exclusive")

        refused(run("status"), "review.db is locked by another program")


def test_a_reader_elsewhere_delays_a_vote_and_does_not_lose_half_of_it(run, review_file, impatient):
    with plain() as other:
        other.execute("begin")
        other.execute("select * from log").fetchone()

        refused(run("reviewer", "add", "ann"), "review.db is locked by another program")
    assert run("reviewer", "add", "ann").exit_code == 0


def test_a_look_at_a_snapshot_does_not_wait_for_a_lock_for_ever(review: Review, run, impatient):
    review.db.execute("pragma busy_timeout = 50")
    with plain(review.path) as other:
        other.execute("begin exclusive")

        with pytest.raises(ReviewError, match="is locked by another program"), review.snapshot():
            pytest.fail("looked at a file that another program changes")


def test_who_waits_for_a_lock_is_served_when_it_goes(run, review_file):
    with contextlib.closing(
        sqlite3.connect("review.db", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("begin exclusive")
        release = threading.Timer(0.2, lambda: other.execute("rollback"))
        release.start()

        result = run("reviewer", "add", "ann")
        release.join()

    assert result.exit_code == 0


# --- two at once -----------------------------------------------------------------------------------


def both(*commands: tuple[str, ...]) -> list[tuple[int, str]]:
    """Exit code and stderr of real processes started together."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "iimscreen", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in commands
    ]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    return [(process.returncode, error) for process, error in zip(processes, errors, strict=True)]


def test_of_two_who_make_a_review_at_once_one_does(run):
    ended = sorted(both(("init",), ("init",)))

    assert [code for code, _ in ended] == [0, 4]
    assert "review.db is there already" in ended[1][1]
    assert run("check").exit_code == 0
    assert [path.name for path in Path().iterdir()] == ["review.db"]


@pytest.mark.slow  # two real processes with a whole offline search each: 1 s
def test_two_who_begin_the_same_search_at_once_share_it(run):
    ended = both(("search", "--source", "corpus"), ("search", "--source", "corpus"))

    assert [code for code, _ in ended] == [0, 0], ended
    assert run("check").exit_code == 0
    with plain() as opened:
        assert opened.execute("select count(*) from searches").fetchone() == (1,)
        assert opened.execute("select count(*) from run_results").fetchone() == (16,)


def test_two_who_write_at_once_are_both_served(run, review_file):
    ended = both(("reviewer", "add", "ann"), ("reviewer", "add", "bob"))

    assert [code for code, _ in ended] == [0, 0], ended
    assert sorted(run("reviewer").stdout.split()) == ["ann", "bob", "reviewer", "reviewer"]
    assert run("check").exit_code == 0


# --- dated copies ----------------------------------------------------------------------------------


@pytest.fixture
def old_review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A review last written an hour ago."""
    path = tmp_path / "review.db"
    an_hour_ago = (dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    with monkeypatch.context() as patched:
        patched.setattr(log, "now", lambda: an_hour_ago)
        patched.setattr(connection, "now", lambda: an_hour_ago)
        review_protocol.create(path)
    return path


def test_a_new_review_needs_no_copy(run, review_file):
    run("reviewer", "add", "ann")

    assert not COPIES.exists()


def test_the_first_write_of_a_sitting_makes_a_copy_and_the_next_ones_do_not(run, old_review):
    before = old_review.read_bytes()

    run("reviewer", "add", "ann")
    run("reviewer", "add", "bob")

    (copy,) = COPIES.iterdir()
    assert re.fullmatch(r"review-\d{8}T\d{6}\.\d{6}Z\.db", copy.name)
    assert run("status", "--review", copy).exit_code == 0
    assert run("reviewer", "--review", copy).stdout == ""
    with plain(copy) as one, sqlite3.connect(":memory:") as other:
        other.deserialize(before)
        assert list(one.iterdump()) == list(other.iterdump())
    other.close()


def test_reading_makes_no_copy(run, old_review):
    for words in (("status",), ("check",), ("prisma",), ("log",)):
        run(*words)

    assert not COPIES.exists()


def test_only_the_newest_20_copies_are_kept_and_no_other_file_is_touched(review: Review, monkeypatch):
    monkeypatch.setattr(connection, "SITTING", dt.timedelta(0))
    COPIES.mkdir()
    strangers = ("notes.txt", "review-before-the-holidays.db", "other-20200101T000000.000000Z.db")
    for name in strangers:
        (COPIES / name).write_text("mine", encoding="utf-8")
    oldest = COPIES / "review-20200101T000000.000000Z.db"
    oldest.write_bytes(b"")

    for number in range(22):
        team.add_reviewer(review, f"reviewer{number}", "reviewer")

    names = {path.name for path in COPIES.iterdir()}
    assert set(strangers) <= names
    assert len(names - set(strangers)) == 20
    assert oldest.name not in names


@pytest.mark.parametrize("name", ["review[1].db", "100%d.db", "my review.v2.db", "review"])
def test_copies_are_counted_whatever_the_review_is_called(name, review_file, monkeypatch):
    path = review_file.rename(name)
    monkeypatch.setattr(connection, "SITTING", dt.timedelta(0))
    monkeypatch.setattr(connection, "COPIES_KEPT", 2)

    with open_review(path) as opened:
        for number in range(4):
            team.add_reviewer(opened, f"reviewer{number}", "reviewer")

    assert len(list(connection.copies_folder(path).iterdir())) == 2


def test_without_a_copy_nothing_is_changed(run, old_review):
    COPIES.write_text("a file where the folder should be", encoding="utf-8")
    before = old_review.read_bytes()

    result = run("reviewer", "add", "ann")

    refused(result, "no dated copy of review.db could be written to review.db-copies", "nothing was changed")
    assert old_review.read_bytes() == before


# --- older versions --------------------------------------------------------------------------------


def later_version(step: Callable[[Database], None]) -> Migrations:
    """The steps of an iimscreen that has one more."""
    steps = Migrations("iimscreen")
    for name in sorted(migrations.known()):
        steps(name=name)(getattr(migrations, name))
    steps(name="m999_next")(step)
    return steps


@pytest.mark.parametrize("old", sorted(RELEASED.glob("review-v*.db.gz")), ids=lambda path: path.name)
def test_a_review_of_every_earlier_schema_opens_and_becomes_like_a_new_one(run, review_file, old, tmp_path):
    earlier = tmp_path / "earlier.db"
    earlier.write_bytes(gzip.decompress(old.read_bytes()))

    result = run("check", "--review", str(earlier))

    assert result.exit_code == 0, result.output
    assert schema_of(earlier) == schema_of(review_file)
    # The demo's 41 reports; or, in a review that is not finished, what stands there.
    told = {"review-v7.db.gz": "(pilot-1), judged first", "review-v8.db.gz": "Testbase (n = 3)"}.get(
        old.name, "41"
    )
    assert told in " ".join(run("prisma", "--review", str(earlier)).output.split())


def test_the_review_of_the_eighth_schema_holds_a_row_of_each_of_its_tables_and_all_of_it_is_read(
    run, tmp_path
):
    earlier = tmp_path / "earlier.db"
    earlier.write_bytes(gzip.decompress((RELEASED / "review-v8.db.gz").read_bytes()))
    made = (Path(migrations.__file__).parent / "m008_extraction.sql").read_text(encoding="utf-8")
    tables = re.findall(r"^create table (\w+)", made, re.MULTILINE)

    with contextlib.closing(sqlite3.connect(earlier)) as opened:
        empty = [name for name in tables if not opened.execute(f"select 1 from {name} limit 1").fetchone()]
    compared = run("extract", "compare", "Paik 2017", "--equal", "--review", str(earlier)).output
    status = " ".join(run("extract", "status", "--review", str(earlier)).output.split())

    assert (len(tables), empty) == (12, [])
    assert "1 settled, 2 cells to resolve" in compared
    assert "row P2 is dropped by one person (ann): the same patient" in compared
    assert "by two extractors independently (1 study); 2 studies not done yet" in status


def test_what_the_hint_names_for_a_form_of_extraction_can_be_typed(run, review_file):
    bundled = run("protocol", "show", "--bundled")

    assert bundled.exit_code == 0
    assert "[extraction]" in bundled.stdout


AFTER_STEP_E = (
    ("study", "list"),
    ("study", "suggest"),
    ("fulltext", "excluded"),
    ("extract", "form"),
    ("extract", "status"),
    ("extract", "compare"),
    ("extract", "agreement"),
    ("extract", "revisit"),
    ("extract", "audit"),
    ("extract", "tables"),
    ("extract", "sheet", "--reviewer", "ann"),
    ("appraise", "list"),
    ("appraise", "table", "--form", "jbi-case-report"),
)


@pytest.mark.parametrize("words", AFTER_STEP_E, ids=" ".join)
def test_a_review_from_before_data_extraction_answers_every_command_of_it(run, words):
    earlier = Path("earlier.db")
    earlier.write_bytes(gzip.decompress((RELEASED / "review-v7.db.gz").read_bytes()))

    result = run(*words, "--review", str(earlier))

    assert result.exit_code in (0, 3, 6), result.output
    assert result.exit_code == 0 or "→" in result.output, "an error says what to do"
    assert run("check", "--review", str(earlier)).exit_code == 0


def schema_of(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Every table's columns with their types, and what views and triggers say."""
    with contextlib.closing(sqlite3.connect(path)) as opened:
        names = opened.execute("select name, type, sql from sqlite_schema where name not like 'sqlite_%'")
        return {
            name: [
                (column[1], column[2])
                for column in opened.execute(f"select * from pragma_table_info('{name}') order by name")
            ]
            if kind == "table"
            else [(kind, sql)]
            for name, kind, sql in names.fetchall()
        }


def test_a_review_of_an_older_version_is_copied_aside_and_brought_up_to_date(run, review_file, monkeypatch):
    def one_more_column(db: Database) -> None:
        db.execute("alter table records add column report_language text")

    monkeypatch.setattr(migrations, "migrations", later_version(one_more_column))

    result = run("status")

    assert result.exit_code == 0
    assert len(list(COPIES.iterdir())) == 1
    assert run("check").exit_code == 0
    with plain() as opened:
        assert opened.execute("select report_language from records").fetchall() == []


def test_a_step_that_fails_leaves_the_review_as_it_was(review_file, monkeypatch):
    def half(db: Database) -> None:
        db.execute("alter table records add column report_language text")
        raise RuntimeError("halfway")

    before = review_file.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "migrations", later_version(half))
        with pytest.raises(RuntimeError, match="halfway"), open_review(review_file):
            pytest.fail("opened")

    assert review_file.read_bytes() == before
    with open_review(review_file) as opened:
        assert connection.verify(opened) == []


def test_views_of_another_version_are_made_anew_without_a_copy(run, review_file):
    with plain() as other:
        other.execute("drop view reports")
        other.execute("pragma user_version = 1")

    assert run("status").exit_code == 0
    assert not COPIES.exists()


# --- what is written stays -------------------------------------------------------------------------


def _live_on(review: Review) -> None:
    """A version made elsewhere, a finding with what was decided about it, and a version closed."""
    listed = review.path.with_name("included.csv")
    listed.write_text("study,pmid,title\nAdler 2019,1,An invented report\n", encoding="utf-8")
    previous.load(review, listed, by="ann")
    dedupe.run(review)
    with review.writing():
        (key,) = review.db.execute("select key from records order by id limit 1").fetchone()
        finding = Finding(key, "correction", "pmid:1", "", was_known=False)
        watches.add(review, origin="PubMed", looked_at=1, findings=[finding])
        watches.settle(review, watches.findings(review), "keep", manner="consensus", names=["ann", "bob"])
    living.close(review, by="ann")


@pytest.fixture(scope="module")
def _played(made_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's review, with a row in every table that may only grow."""
    folder = tmp_path_factory.mktemp("played") / "demo"
    shutil.copytree(made_demo, folder)
    path = folder / "review.db"
    with open_review(path) as review:
        _live_on(review)
    with open_review(path) as review, review.writing() as db:
        screened = {"round": "full-text", "reviewer": "ann", "other_reviewer": "bob"}
        log.append_one(db, "unblindings", screened, actor="ann")
        (search,) = db.execute("select log.uid from searches join log on log.id = searches.log_id").fetchone()
        log.append_one(db, "search_abandonments", {"search_uid": search, "note": None})
        (key,) = db.execute("select key from records order by id desc limit 1").fetchone()
        curation.add_edits(review, key, {"year": "2021"}, note="as printed", by="ann")
        (first,) = curation.edits(review, key)
        curation.take_back(review, first, note=None, by="bob")
        curation.add_removals(review, [key], is_removed=False, reason="a row, and nothing else", by="ann")
        log.append_one(db, "source_notes", {"item": 14, "source": None, "text": "none", "done_on": None})
        one, other = (key for (key,) in db.execute("select key from records order by id limit 2"))
        said = {"record_key": one, "other_key": other, "reviewer": "ann", "verdict": "unsure", "note": None}
        log.append_one(db, "duplicate_votes", said, actor="ann")
        (one, other) = [row[0] for row in db.execute("select key from records order by id limit 2")]
        linked = {"record_key": one, "other_key": other, "verdict": "linked", "decided_by": "person:ann"}
        log.append_one(db, "report_links", linked, actor="ann")
        rounds.add(review, rounds.Round("batch-1", "title-abstract", "batch"), [one], by="ann")
        assignments.add(review, "title-abstract", "split", {one: ["ann", "bob"]}, by="ann")
        merged = {"reviewer": "bob", "file_name": "b.zip", "file_sha256": "0" * 64, "rows": 1, "new_rows": 1}
        log.append_one(db, "bundle_merges", merged)
        _extract(review, one)
        run_id = db.execute("select min(log_id) from runs").fetchone()[0]
        db.execute("insert into refusals (run_id, position, line, cause) values (?, 0, 1, 'x')", [run_id])
    return path


def _extract(review: Review, report: str) -> None:
    """A row in every table of full texts, studies and extraction. Inside `writing()`."""
    own = {"study": "S1", "form": "data"}
    sha256 = {"form_sha256": "0" * 64}
    file = {"record_key": report, "file_name": "a.txt", "format": "txt", "sha256": "0" * 64, "bytes": 1}
    for kind, content in (
        ("fulltext_files", {**file, "origin": "attached", "place": None, "attached": 1}),
        ("report_notes", {"record_key": report, "item": "language", "text": "German", "done_on": None}),
        ("study_names", {"study": "S1", "kind": "literature", "title": "", "standing": 1, "note": None}),
        ("study_reports", {"study": "S1", "record_key": report, "verdict": "linked", "note": None}),
        ("form_texts", {"name": "mine", "text": "x", "sha256": "0" * 64, "origin": "mine.toml"}),
        ("extractions", {**own, "row": "", "field": "year", "value": "2021", **sha256, "was_open": 0}),
        ("extraction_dones", {**own, "state": "done", "note": None}),
        ("extraction_openings", own),
        ("row_pairings", {**own, "rows": "{}", "withdrawn": 0, "note": None}),
        (
            "extraction_resolutions",
            {
                **own,
                "rows": "{}",
                "field": "n",
                "value": "1",
                "about": "{}",
                "chosen": "of ann",
                "manner": "consensus",
            }
            | {"names": "[]", **sha256},
        ),
        (
            "stated_totals",
            {"name": "n", "value": 1.0, "counts": "n", "filters": "{}", "studies": "[]", "source": "x"}
            | {"withdrawn": 0},
        ),
        ("overlap_answers", {"study": "S1", "other_study": "S2", "verdict": "distinct", "counted": "{}"}),
    ):
        log.append_one(review.db, kind, content, actor="ann")


@pytest.fixture
def played(_played: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(_played, tmp_path / "review.db"))


@pytest.mark.parametrize("table", migrations.APPEND_ONLY)
def test_no_row_that_was_written_can_be_changed_by_any_plain_statement(table, played):
    key = migrations.APPEND_ONLY[table][-1][0]
    with plain(played) as opened:
        before = opened.execute(f"select * from {table}").fetchall()
        statements = (
            f"update {table} set {key} = {key}",
            f"delete from {table}",
            f"insert or replace into {table} select * from {table}",
            f"replace into {table} select * from {table}",
            f"insert into {table} select * from {table} where true on conflict do update set {key} = {key}",
            f"insert or ignore into {table} select * from {table}",
        )
        for statement in statements:
            with pytest.raises(sqlite3.DatabaseError, match=f"iimscreen: {table} is append-only"):
                opened.execute(statement)

        assert before
        assert opened.execute(f"select * from {table}").fetchall() == before


@pytest.mark.parametrize("table", [t for t, keys in migrations.APPEND_ONLY.items() if len(keys) > 1])
def test_no_row_can_be_pushed_out_through_its_second_key(table, played):
    (first,), *_ = migrations.APPEND_ONLY[table]
    with plain(played) as opened:
        columns = [row[1] for row in opened.execute(f"pragma table_info({table})")]
        chosen = ", ".join(f"{column} + 100000" if column == first else column for column in columns)

        with pytest.raises(sqlite3.DatabaseError, match="append-only"):
            opened.execute(f"insert or replace into {table} select {chosen} from {table}")


def forge(path: Path, statement: str) -> None:
    """Change the file as someone does who takes the triggers off first and puts them back."""
    with plain(path) as opened:
        triggers = opened.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in triggers:
            opened.execute(f"drop trigger {name}")
        changed = opened.execute(statement).rowcount
        for _, sql in triggers:
            opened.execute(sql)
    assert changed == 1


FORGERIES = {
    "update record_edits set value = '1999' where value = '2021'": "is not as it was written",
    "update record_edits set undoes = (select uid from log where id = 1) where undoes is not null": (
        "takes back an edit of year"
    ),
    "update record_removals set removed = 1": "is not as it was written",
    "update decisions set verdict = 'unsure' where log_id = (select min(log_id) from decisions "
    "where verdict = 'include')": "is not as it was written",
    "update log set actor = 'bob' where id = (select min(id) from log where actor = 'ann')": (
        "is not as it was written"
    ),
    "update log set at = '2020-01-01T00:00:00.000Z' where id = 5": "is not as it was written",
    "delete from log where id = (select max(id) from log where actor = 'bob')": "log rows are missing",
    "delete from decisions where log_id = (select min(log_id) from decisions)": "has lost its content",
    "update replies set body = x'00' where id = (select min(id) from replies)": "is not as it was received",
    "delete from replies where id = (select min(id) from replies)": "the raw replies are not those",
    "update replies set sha256 = (select sha256 from replies where id = 2), "
    "body = (select body from replies where id = 2) where id = 1": "the raw replies are not those",
    "update records set title = 'Another' where id = 1": "the records are not those",
    "update records set abstract = 'Added' where id = 1": "the records are not those",
    "delete from run_hits where run_id = (select min(run_id) from run_hits) and position = 0": (
        "the records are not those"
    ),
    "update retrievals set file_name = 'x.pdf' where log_id = (select min(log_id) from retrievals "
    "where outcome = 'retrieved')": "is not as it was written",
}


@pytest.mark.parametrize("statement", FORGERIES)
def test_check_finds_a_change_made_behind_the_triggers(run, played, statement):
    forge(played, statement)

    result = run("check")

    assert result.exit_code == 6
    assert any("FAULT" in line and FORGERIES[statement] in line for line in result.stdout.splitlines())
    assert "  → " in result.stderr


def test_check_finds_nothing_in_an_untouched_review(run, played):
    result = run("check")

    assert result.exit_code == 0
    assert "Nothing wrong was found." in result.stdout


def test_check_says_which_triggers_are_missing(run, played):
    with plain(played) as opened:
        opened.execute("drop trigger decisions_no_update")

    result = run("check")

    assert result.exit_code == 6
    assert "append-only triggers are missing: decisions_no_update" in result.stdout


def test_one_reviewer_on_two_machines_makes_a_fork_and_no_fault(run, review: Review):
    with review.writing() as db:
        rows = [{"name": name, "role": "reviewer", "change": "added"} for name in ("ann", "bob", "eve")]
        first = log.append_one(db, "reviewer_changes", rows[0], actor="ann")
        log.append_one(db, "reviewer_changes", rows[1], actor="ann")
        head = {"actor": "ann", "at": "2026-01-01T00:00:00.000Z", "kind": "reviewer_changes"}
        head |= {"nonce": "0" * 32, "previous": first.uid}
        cursor = db.execute(
            "insert into log (uid, previous, actor, at, nonce, kind) "
            "values (:uid, :previous, :actor, :at, :nonce, :kind)",
            {**head, "uid": log.uid_of(head, rows[2])},
        )
        db.execute(
            "insert into reviewer_changes (log_id, name, role, change) values (:id, :name, :role, :change)",
            {"id": cursor.lastrowid, **rows[2]},
        )

    result = run("check")

    assert result.exit_code == 0, result.stdout


def test_a_block_that_fails_stores_nothing_of_itself(review: Review):
    def half() -> None:
        with review.writing() as db:
            log.append_one(db, "reviewer_changes", {"name": "ann", "role": "reviewer", "change": "added"})
            with review.writing():
                raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        half()

    assert [entry.kind for entry in log.entries(review)] == ["protocol_versions"]


def test_a_sqlite_that_is_too_old_is_named_with_what_to_do(run, review_file, monkeypatch):
    monkeypatch.setattr(connection, "OLDEST_SQLITE", (99, 0, 0))

    result = run("status")

    assert result.exit_code == 4
    assert f"SQLite {sqlite3.sqlite_version}, and a review file needs 99.0.0" in result.stderr


def test_a_copy_at_rest_is_copied_no_second_time_and_the_file_itself_is_read_anew(review: Review) -> None:
    with review.snapshot() as still, still.snapshot() as again:
        assert again is still
        assert still.at_rest == {}

    assert review.at_rest is None
