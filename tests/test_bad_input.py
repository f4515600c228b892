"""Whatever goes wrong, at any command: one clear error, its exit code, nothing half done, no traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer.main
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import dedupe, report
from iimscreen.cli import app
from iimscreen.formats import jsonl
from iimscreen.model import Record
from iimscreen.store import Review, open_review

IIMSCREEN = (sys.executable, "-m", "iimscreen")


def told(result: Result, code: int, *words: str) -> None:
    """This exit code, one error that holds these words, a way out, and no traceback."""
    assert result.exit_code == code, result.output
    assert result.stderr.count("Error: ") == 1
    assert "\n  → " in result.stderr
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr


# --- the command line itself -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("serch",),
        ("search", "--sauce", "x"),
        ("import",),
        ("import", "a.ris"),
        ("screen",),
        ("status", "extra"),
        ("duplicates", "join"),
        ("screen", "--reviewer"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_ends_with_2(run, words):
    result = run(*words)

    assert result.exit_code == 2
    assert "Usage: " in result.stderr or "requires an argument" in result.stderr
    assert "Traceback" not in result.output


# --- no review -------------------------------------------------------------------------------------

NEED_A_REVIEW = {
    "whatif": ("whatif", "--without", "1"),
    "import": ("import", "a.ris", "--database", "Embase"),
    "dedupe": ("dedupe",),
    "why": ("why", "37"),
    "report": ("report",),
    "export": ("export", "--to", "csv", "--out", "a.csv"),
    "duplicates": ("duplicates",),
    "duplicates merge": ("duplicates", "merge", "1", "2", "--by", "ann"),
    "records": ("records", "list"),
    "records show": ("records", "show", "1"),
    "records list": ("records", "list", "--lacking", "abstract"),
    "records edit": ("records", "edit", "1", "--set", "year=2021", "--note", "x", "--by", "ann"),
    "records remove": ("records", "remove", "1", "--reason", "x", "--by", "ann"),
    "records restore": ("records", "restore", "1", "--note", "x", "--by", "ann"),
    "duplicates review": ("duplicates", "review", "--reviewer", "ann"),
    "duplicates why": ("duplicates", "why", "1", "2"),
    "duplicates report": ("duplicates", "report", "1"),
    "duplicates overlap": ("duplicates", "overlap"),
    "duplicates conflicts": ("duplicates", "conflicts"),
    "duplicates resolve": ("duplicates", "resolve", "1", "2", "--verdict", "distinct", "--by", "ann"),
    "duplicates split": ("duplicates", "split", "1", "2", "--by", "ann"),
    "screen": ("screen", "--reviewer", "ann"),
    "conflicts": ("conflicts",),
    "resolve": ("resolve", "--by", "ann"),
    "agreement": ("agreement",),
    "reviewer": ("reviewer",),
    "reviewer add": ("reviewer", "add", "ann"),
    "reviewer remove": ("reviewer", "remove", "ann"),
    "reviewer retire": ("reviewer", "retire", "ann", "--by", "ann"),
    "calibrate": ("calibrate",),
    "round": ("round",),
    "round batch": ("round", "batch", "-n", "2", "--by", "ann"),
    "assign": ("assign", "--by", "ann"),
    "share": ("share", "--reviewer", "ann"),
    "merge": ("merge", "ann.bundle.zip"),
    "unblind": ("unblind", "--round", "full-text", "--by", "ann"),
    "fulltext": ("fulltext",),
    "fulltext retrieved": ("fulltext", "retrieved", "--all", "--by", "ann"),
    "fulltext not-retrieved": ("fulltext", "not-retrieved", "1", "--by", "ann", "--reason", "lost"),
    "fulltext load": ("fulltext", "load", "a.csv", "--by", "ann"),
    "fulltext attach": ("fulltext", "attach", "1", "a.pdf", "--by", "ann"),
    "fulltext detach": ("fulltext", "detach", "1", "a.pdf", "--by", "ann"),
    "fulltext fetch": ("fulltext", "fetch", "--by", "ann"),
    "fulltext text": ("fulltext", "text", "1"),
    "fulltext find": ("fulltext", "find", "myositis"),
    "fulltext note": ("fulltext", "note", "1", "--attempt", "asked the library", "--by", "ann"),
    "fulltext excluded": ("fulltext", "excluded"),
    "study new": ("study", "new", "--each", "--by", "ann"),
    "study link": ("study", "link", "A 2020", "1", "--by", "ann"),
    "study unlink": ("study", "unlink", "A 2020", "1", "--note", "x", "--by", "ann"),
    "study drop": ("study", "drop", "A 2020", "--note", "x", "--by", "ann"),
    "study list": ("study", "list"),
    "study show": ("study", "show", "A 2020"),
    "study suggest": ("study", "suggest"),
    "study apart": ("study", "apart", "1", "2", "--note", "x", "--by", "ann"),
    "prisma": ("prisma",),
    "capsule write": ("capsule", "write", "a.zip"),
    "status": ("status",),
    "log": ("log",),
    "check": ("check",),
    "protocol load": ("protocol", "load", "a.toml"),
    "protocol diff": ("protocol", "diff"),
    "search show": ("search", "show"),
    "search replay": ("search", "replay"),
    "search compare": ("search", "compare", "1", "2"),
    "search report": ("search", "report"),
    "source": ("source",),
    "source list": ("source", "list"),
    "source note": ("source", "note", "By hand.", "--item", "4", "--by", "ann"),
    "source of": ("source", "of", "1"),
    "manuscript fill": ("manuscript", "fill", "a.md"),
    "manuscript check": ("manuscript", "check", "a.md"),
    "extract audit": ("extract", "audit"),
    "extract tables": ("extract", "tables"),
    "extract state": ("extract", "state"),
    "extract overlap": ("extract", "overlap"),
    "version": ("version",),
    "version close": ("version", "close", "--by", "ann"),
    "previous load": ("previous", "load", "a.csv", "--by", "ann"),
    "extract set": ("extract", "set", "A", "n", "1", "--reviewer", "ann"),
    "extract done": ("extract", "done", "A", "--reviewer", "ann"),
    "extract reopen": ("extract", "reopen", "A", "--reviewer", "ann"),
    "extract form": ("extract", "form"),
    "extract": ("extract", "form"),
    "extract sheet": ("extract", "sheet", "--reviewer", "ann"),
    "extract load": ("extract", "load", "a.xlsx", "--reviewer", "ann"),
    "extract show": ("extract", "show", "A"),
    "extract compare": ("extract", "compare"),
    "extract resolve": ("extract", "resolve", "A", "--by", "ann"),
    "extract agreement": ("extract", "agreement"),
    "extract status": ("extract", "status"),
    "extract quotes": ("extract", "quotes", "--reviewer", "ann"),
    "extract revisit": ("extract", "revisit"),
    "appraise": ("appraise", "list"),
    "appraise list": ("appraise", "list"),
    "appraise show": ("appraise", "show", "sof"),
    "appraise load": ("appraise", "load", "a.toml", "--by", "ann"),
    "appraise plot": ("appraise", "plot", "--form", "sof", "--out", "a.svg"),
    "appraise table": ("appraise", "table", "--form", "sof"),
    "watch": ("watch", "--source", "none"),
    "extract paste": (
        "extract",
        "paste",
        "Paik 2017",
        "1/2",
        "--reviewer",
        "ann",
        "--row",
        "O1",
        "--times",
        "0,4",
    ),
    "watch settle": ("watch", "settle", "1", "--by", "ann", "--keep"),
}
NEED_NONE = {
    "study",
    "init",
    "search",
    "demo",
    "manuscript",
    "protocol",
    "protocol show",
    "previous",
    "strategy",
    "strategy check",
    "strategy trace",
    "strategy press",
}


def test_every_command_is_tried_without_a_review():
    commands = set()
    for name, command in typer.main.get_command(app).commands.items():
        commands.add(name)
        commands |= {f"{name} {inner}" for inner in getattr(command, "commands", {})}

    assert commands == set(NEED_A_REVIEW) | NEED_NONE


@pytest.mark.parametrize("words", NEED_A_REVIEW.values(), ids=NEED_A_REVIEW)
def test_a_command_without_a_review_says_what_to_do(run, words):
    result = run(*words)

    told(result, 4, "there is no review file review.db", "`iimscreen init`", "`iimscreen search`", "--review")
    assert list(Path().iterdir()) == []


def test_the_protocol_of_a_review_that_is_not_there_is_not_the_bundled_one(run):
    told(run("protocol", "show", "--review", "none.db"), 4, "there is no review file none.db")


# --- what was given cannot be used -----------------------------------------------------------------


@pytest.fixture
def ready(review: Review) -> Path:
    """A review with three records, deduplicated, to be screened."""
    bring_in(review, [a_record(number) for number in range(3)])
    dedupe.run(review)
    return review.path


CSV_HEAD = "record,verdict,reason,note\n"
GIVEN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "record": (("--record", "pmid:1", "--verdict", "include"), ("'pmid:1'",)),
    "number": (("--record", "99", "--verdict", "include"), ("'99'",)),
    "verdict": (("--record", "1", "--verdict", "maybe"), ("'maybe'", "include")),
    "reason": (("--record", "1", "--verdict", "exclude", "--reason", "bored"), ("'bored'", "review")),
    "stage": (("--stage", "abstracts"), ("'abstracts'", "title-abstract")),
    "half": (("--record", "1"), ("--record and --verdict go together",)),
    "missing CSV": (("--from", "none.csv"), ("none.csv",)),
    "folder": (("--from", "folder"), ("folder",)),
    "empty CSV": (("--from", "empty.csv"), ("empty.csv",)),
    "encoding": (("--from", "latin.csv"), ("latin.csv", "UTF-8")),
    "header": (("--from", "header.csv"), ("header.csv", "verdict")),
    "line": (("--from", "line.csv"), ("1 line cannot be used, nothing was stored: line 3", "'maybe'")),
    "unknown": (("--from", "unknown.csv"), ("line 3", "'pmid:1'")),
    "twice": (("--from", "twice.csv"), ("line 3: 1 stands on line 2 as well",)),
    "binary": (("--from", "binary.csv"), ("binary.csv",)),
}


@pytest.mark.parametrize(("words", "expected"), GIVEN.values(), ids=GIVEN)
def test_a_vote_that_cannot_be_used_is_refused_and_no_other_is_stored(run, ready, words, expected):
    Path("folder").mkdir()
    for name, content in {
        "empty.csv": b"",
        "latin.csv": f"{CSV_HEAD}1,include,,M\xfcller\n".encode("cp1252"),
        "header.csv": b"record,decision\n1,include\n",
        "line.csv": f"{CSV_HEAD}1,include,,\n2,maybe,,\n".encode(),
        "unknown.csv": f"{CSV_HEAD}1,include,,\npmid:1,include,,\n".encode(),
        "twice.csv": f"{CSV_HEAD}1,include,,\n1,include,,\n".encode(),
        "binary.csv": bytes(range(256)),
    }.items():
        Path(name).write_bytes(content)

    result = run("screen", "--reviewer", "ann", *words)

    told(result, 3, *expected)
    with open_review(ready) as opened:
        assert opened.db.execute("select count(*) from decisions").fetchone() == (0,)


OTHERS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "blank reviewer": (("screen", "--reviewer", " "), 3, "name"),
    "unknown stage of conflicts": (("conflicts", "--stage", "x"), 3, "'x'"),
    "unknown round": (("unblind", "--round", "x", "--by", "ann"), 3, "'x'"),
    "unknown role": (("reviewer", "add", "ann", "--role", "boss"), 3, "'boss'"),
    "unknown person removed": (("reviewer", "remove", "zoe"), 3, "zoe"),
    "unknown person in the log": (("log", "--by", "zoe"), 3, "'zoe'"),
    "unknown number": (("prisma", "--list", "records"), 3, "'records'"),
    "one record merged": (("duplicates", "merge", "1", "--by", "ann"), 3, "at least 2"),
    "record merged with itself": (("duplicates", "merge", "1", "1", "--by", "ann"), 3, "at least 2"),
    "unknown record merged": (("duplicates", "merge", "1", "77", "--by", "ann"), 3, "'77'"),
    "unknown report": (("fulltext", "retrieved", "77", "--by", "ann"), 3, "'77'"),
    "no report": (("fulltext", "not-retrieved", "--by", "ann", "--reason", "x"), 3, "no report named"),
    "full texts of a blind stage": (("fulltext",), 6, "title-abstract"),
    "missing list of full texts": (("fulltext", "load", "x.csv", "--by", "ann"), 3, "x.csv"),
    "missing protocol": (("protocol", "load", "x.toml"), 3, "x.toml"),
    "protocol with an unknown key": (("protocol", "load", "key.toml"), 3, "registartion"),
    "protocol that is a folder": (("protocol", "diff", "folder"), 3, "folder"),
    "protocol in another encoding": (("protocol", "load", "latin.toml"), 3, "latin.toml"),
    "conflicts of a blind stage": (("conflicts", "--stage", "title-abstract"), 6, "title-abstract"),
    "agreement of a blind stage": (("agreement", "--stage", "title-abstract"), 6, "title-abstract"),
}


@pytest.mark.parametrize(("words", "code", "word"), OTHERS.values(), ids=OTHERS)
def test_what_cannot_be_used_is_named_and_changes_nothing(run, ready, words, code, word):
    Path("folder").mkdir()
    protocol = run("protocol", "show").stdout
    Path("key.toml").write_text(
        protocol.replace("[review]", "[review]\nregistartion = 'x'"), encoding="utf-8"
    )
    Path("latin.toml").write_bytes(b"[review]\ntitle = 'M\xfcller'\n")
    before = ready.read_bytes()

    result = run(*words)

    told(result, code, word)
    assert ready.read_bytes() == before


def test_a_demo_does_not_play_in_a_folder_that_is_in_use(run):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("keep me", encoding="utf-8")

    told(run("demo", "mine"), 3, "mine is there already")
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]


# --- what is shown ---------------------------------------------------------------------------------

TITLE = "\x1b[2J[bold red]Danger[/bold red] [/x] \x07שלום عربي \u202eevil 10\xa0mg\r\nnext"
SHOWN = "�[2J[bold red]Danger[/bold red] [/x] �שלום عربي �evil 10 mg"


@pytest.mark.parametrize(
    "words",
    [
        ("screen", "--reviewer", "ann"),
        ("duplicates",),
        ("prisma", "--list", "records_screened"),
        ("search", "--source", "corpus", "--corpus", "odd.jsonl", "--strategy", "odd.toml"),
        ("log",),
        ("status",),
    ],
    ids=lambda words: words[0],
)
def test_nothing_that_a_source_says_steers_the_terminal(run, review_file, words):
    records = [
        Record(source_id=str(n), title=TITLE, year=2000, journal="J [/x]", pages=f"{n}") for n in range(2)
    ]
    Path("odd.jsonl").write_bytes(jsonl.write(records))
    Path("odd.toml").write_text(
        "[strategy]\ntitle = 'Odd [/x]'\n[[sub_query]]\nlabel = '[/x]'\ntext = 'Danger'\n", encoding="utf-8"
    )
    run("import", "odd.jsonl", "--database", "Odd [/x]")
    run("dedupe")
    if words == ("duplicates",):
        run("duplicates", "merge", "1", "2", "--by", "ann", "--note", TITLE)

    result = run(*words, typed="q\n")

    assert result.exit_code == 0, result.output
    assert not set(result.output) & {"\x1b", "\x07", "\u202e"}
    if words[0] == "duplicates":
        assert "[bold red]Danger" in result.stdout
    if words[0] == "screen":
        assert SHOWN in " ".join(result.stdout.split())


def test_an_error_does_not_steer_the_terminal_either(run, review_file):
    told(run("import", "\x1b[2J.ris", "--database", "X"), 3, "�[2J.ris cannot be read")


def test_a_terminal_without_these_letters_gets_others_in_their_place(review_file):
    result = subprocess.run(
        [*IIMSCREEN, "import", "none.ris", "--database", "X"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )

    assert result.returncode == 3
    assert b"Traceback" not in result.stderr
    assert b"  ? check the path" in result.stderr


# --- bugs, closed pipes, Ctrl-C --------------------------------------------------------------------


def test_a_bug_shows_itself_whole_and_asks_to_be_reported(run, review_file, monkeypatch):
    def stumble(_review: Review) -> None:
        raise RuntimeError("we did not think of this")

    monkeypatch.setattr(report, "status", stumble)

    with pytest.raises(RuntimeError, match="we did not think of this") as caught:
        run("status")

    assert "please report it" in caught.value.__notes__[0]
    assert "without your API key" in caught.value.__notes__[0]


def test_a_bug_ends_a_real_process_with_1_and_its_traceback(review_file):
    program = (
        "from iimscreen import report\n"
        "report.status = lambda review: 1 / 0\n"
        "from iimscreen.__main__ import main\n"
        "main()\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", program, "status"], capture_output=True, text=True, check=False
    )

    lines = result.stderr.strip().splitlines()
    assert result.returncode == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2] == "ZeroDivisionError: division by zero"
    assert lines[-1].startswith("This is a bug of iimscreen")
    assert "please report it" in lines[-1]


@pytest.mark.parametrize(
    "words",
    [("log",), ("log", "--json"), ("protocol", "show"), ("duplicates", "--csv"), ("check",)],
    ids=" ".join,
)
def test_output_that_nobody_reads_to_its_end_stops_quietly(ready, words):
    process = subprocess.Popen([*IIMSCREEN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # before anything is written: what `| head -1` does to long output, for sure
    errors = process.stderr.read()
    process.stderr.close()

    assert process.wait() == 0
    assert errors == b""


def test_the_head_of_an_output_can_be_read(ready):
    result = subprocess.run(
        ["sh", "-c", f"{' '.join(IIMSCREEN)} log | head -1"], capture_output=True, text=True, check=False
    )

    assert "protocol" in result.stdout
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


@pytest.mark.slow  # a real process, stopped in the middle of the demo: 0.7 s
def test_ctrl_c_in_the_demo_leaves_no_half_folder():
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from iimscreen.__main__ import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "demo", "mine"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    end = time.monotonic() + 20
    while not any(Path().glob(".mine.part/review.db")):
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)

    assert process.returncode == 130
    assert errors.strip().splitlines() == [
        "Stopped. Everything decided or received before is saved. The same command goes on from there."
    ]
    assert list(Path().iterdir()) == []


# --- disks -----------------------------------------------------------------------------------------


def in_a_mount_of_its_own(script: str) -> subprocess.CompletedProcess[str]:
    """A shell script that may mount what only it sees; skips where the system does not allow that.

    Permissions would not do: root, as which tests run in containers, may write everywhere.
    """
    if shutil.which("unshare") is None:
        pytest.skip("no `unshare` here: a disk that is full or read-only cannot be made")
    may = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    if may.returncode != 0:
        pytest.skip("this system lets nobody mount in a namespace of their own: no disk can be made")
    return subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False)


def steps(result: subprocess.CompletedProcess[str]) -> list[int]:
    """The exit codes that a script printed as `code N`."""
    return [int(line.split()[1]) for line in result.stdout.splitlines() if line.startswith("code ")]


@pytest.fixture
def many_records(tmp_path: Path) -> Path:
    path = tmp_path / "many.jsonl"
    path.write_bytes(jsonl.write([a_record(n, abstract="word " * 400) for n in range(400)]))
    return path


PROGRAM = " ".join(IIMSCREEN)


@pytest.mark.slow  # five real processes on a real full disk: 2 s
def test_a_full_disk_is_told_and_leaves_the_review_as_it_was(review_file, many_records):
    result = in_a_mount_of_its_own(
        f"""
        mkdir disk && mount -t tmpfs -o size=1200k tmpfs disk && cp review.db disk/ && cd disk
        {PROGRAM} import ../many.jsonl --database Embase; echo code $?
        {PROGRAM} init --review other.db; echo code $?
        head -c 2000000 /dev/zero > filler 2>/dev/null; ls -A
        {PROGRAM} reviewer add ann; echo code $?
        rm filler
        cmp review.db ../review.db; echo code $?
        {PROGRAM} check; echo code $?
        """
    )

    assert steps(result) == [4, 0, 4, 0, 0], result
    assert result.stderr.count("Error: ") == 2
    assert result.stderr.count("the disk is full") == 2
    assert "nothing was half written" in result.stderr
    assert "Traceback" not in result.stderr
    assert "part" not in result.stdout
    assert "journal" not in result.stdout


@pytest.mark.slow  # three real processes on a real read-only disk: 1 s
def test_a_review_on_a_read_only_disk_can_be_read_and_not_written(ready):
    result = in_a_mount_of_its_own(
        f"""
        mkdir disk && cp review.db disk/ && mount --bind disk disk && mount -o remount,ro,bind disk && cd disk
        {PROGRAM} status; echo code $?
        {PROGRAM} reviewer add ann; echo code $?
        {PROGRAM} init --review new.db; echo code $?
        cmp review.db ../review.db; echo code $?
        """
    )

    assert steps(result) == [0, 4, 4, 0], result
    assert "the review file review.db cannot be written" in result.stderr
    assert "new.db cannot be opened" in result.stderr
    assert result.stderr.count("check the p") == 2
    assert "Traceback" not in result.stderr


@pytest.mark.slow  # two real processes, whose files may not grow beyond a limit: 1 s
@pytest.mark.parametrize("command", ["import", "init"])
def test_a_file_that_may_not_grow_is_told_and_left_as_it_was(run, review_file, many_records, command):
    before = review_file.read_bytes()
    limit = 600_000 if command == "import" else 60_000
    words = {
        "import": ("import", "many.jsonl", "--database", "Embase"),
        "init": ("init", "--review", "new.db"),
    }
    program = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "from iimscreen.__main__ import main; main()"
    )

    result = subprocess.run(
        [sys.executable, "-c", program, *words[command]], capture_output=True, text=True, check=False
    )

    assert result.returncode == 4, result
    assert "could not be read or written on this disk" in result.stderr
    assert "  → check the disk" in result.stderr
    assert "Traceback" not in result.stderr
    assert review_file.read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["many.jsonl", "review.db"]
    assert run("check").exit_code == 0


@pytest.mark.slow  # a real process, killed while it writes: 0.6 s
def test_an_import_that_is_killed_leaves_all_or_nothing(run, review_file, many_records):
    program = (
        "from iimscreen.store import records\n"
        "inner = records.Intake.add\n"
        "def add(*given):\n"
        "    inner(*given)\n"
        "    print('stored', flush=True)\n"
        "    input()\n"
        "records.Intake.add = add\n"
        "from iimscreen.__main__ import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "import", "many.jsonl", "--database", "Embase"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"stored\n"
    process.kill()
    process.communicate()

    again = run("import", "many.jsonl", "--database", "Embase")

    assert again.exit_code == 0
    assert ["many.jsonl", "jsonl", "400", "400", "0", "0"] in map(str.split, again.stdout.splitlines())
    assert run("check").exit_code == 0
    assert json.loads(run("status", "--json").stdout)["records"] == 400
