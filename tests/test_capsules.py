"""Capsules: written from a review, verified elsewhere and by plain Python, and refused when anything was changed."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from conftest import a_record, bring_in
from iimscreen import capsules, dedupe, demo
from iimscreen.capsule_files import verify as verifier
from iimscreen.cli import app
from iimscreen.errors import InputError
from iimscreen.store import Review, open_review

Run = Callable[..., Result]
ABSTRACT = "Zwölf Patienten with anti-MDA5 received drug number {}; eleven of them improved within weeks."


@pytest.fixture(scope="module")
def _capsule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("capsule")
    demo.run(folder / "there")
    made = CliRunner().invoke(
        app, ["capsule", "write", str(folder / "a.zip"), "--review", str(folder / "there" / "review.db")]
    )
    assert made.exit_code == 0, made.output
    return folder / "a.zip"


@pytest.fixture
def capsule(_capsule: Path, tmp_path: Path) -> Path:
    """The demo's capsule in a second folder, where nothing else is."""
    return Path(shutil.copy(_capsule, tmp_path / "a.zip"))


@pytest.fixture
def unpacked(capsule: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(capsule) as archive:
        archive.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def resealed(folder: Path, path: Path) -> Path:
    """A capsule of these files whose every hash is right, as someone who has read the code could make it."""
    names = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
        if name != verifier.MANIFEST
    ]
    (folder / verifier.MANIFEST).write_text("".join(lines), encoding="utf-8")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, name)
        archive.comment = b"0" * verifier.SEAL
    return sealed(made.getvalue(), path)


def sealed(data: bytes, path: Path) -> Path:
    body = data[: -verifier.SEAL]
    path.write_bytes(body + hashlib.sha256(body).hexdigest().encode())
    return path


def faults_of(path: Path) -> list[str]:
    """What both verifiers find wrong; each of them must find something."""
    ours = list(capsules.verify(path).faults)
    assert ours
    assert verifier.main([str(path)]) == 1
    return ours


# --- written and verified ----------------------------------------------------------------------------


def test_a_capsule_is_verified_in_a_second_folder(capsule: Path, run: Run) -> None:
    found = run("capsule", "verify", capsule)

    assert found.exit_code == 0, found.output
    assert "4,357 log rows" in found.stdout
    assert "59 numbers worked out anew" in found.stdout
    assert found.stdout.rstrip().endswith("Nothing wrong was found.")


def test_the_verifier_inside_needs_nothing_but_python(unpacked: Path, capsule: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for what in ([], [str(capsule)]):
        made = subprocess.run(
            [sys.executable, "-I", "-S", str(unpacked / "verify.py"), *what],
            cwd=elsewhere,
            capture_output=True,
            text=True,
            check=False,
        )

        assert made.returncode == 0, made.stdout + made.stderr
        assert "Verified: nothing wrong was found." in made.stdout


def test_the_same_review_gives_the_same_bytes(unpacked: Path, capsule: Path, run: Run) -> None:
    again = run("capsule", "write", "b.zip", "--review", unpacked / "review.db")

    assert again.exit_code == 0, again.output
    assert Path("b.zip").read_bytes() == capsule.read_bytes()


def test_a_capsule_opens_into_a_review_that_can_be_gone_on_with(capsule: Path, run: Run) -> None:
    opened = run("capsule", "open", capsule, "next-team")
    status = run("check", "--review", "next-team/review.db")

    assert opened.exit_code == 0, opened.output
    assert status.exit_code == 0, status.output
    assert [one.name for one in Path().iterdir() if one.name.startswith(".")] == []


def test_a_file_that_is_there_is_never_written_over(review_file: Path, run: Run) -> None:
    Path("a.zip").write_text("mine", encoding="utf-8")

    result = run("capsule", "write", "a.zip")

    assert result.exit_code == 3
    assert Path("a.zip").read_text(encoding="utf-8") == "mine"


def test_the_crate_names_every_file_with_its_hash_and_size(unpacked: Path) -> None:
    graph = json.loads((unpacked / "ro-crate-metadata.json").read_bytes())["@graph"]
    by_id = {one["@id"]: one for one in graph}
    root = by_id["./"]
    parts = [by_id[one["@id"]] for one in root["hasPart"]]

    assert by_id["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert by_id["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    there = {one.relative_to(unpacked).as_posix() for one in unpacked.rglob("*") if one.is_file()}
    assert {one["name"] for one in parts} == there - {verifier.MANIFEST, "ro-crate-metadata.json"}
    for one in parts:
        held = (unpacked / one["name"]).read_bytes()
        assert (one["sha256"], one["contentSize"]) == (hashlib.sha256(held).hexdigest(), str(len(held)))


def test_no_capsule_is_written_while_a_vote_is_closed_to_view(review: Review, run: Run) -> None:
    keys = bring_in(review, [a_record(number) for number in range(3)])
    dedupe.run(review)
    Path("ann.csv").write_text(f"record,verdict,reason,note\n{keys[0]},exclude,,\n", encoding="utf-8")
    assert run("screen", "--reviewer", "ann", "--from", "ann.csv").exit_code == 0

    result = run("capsule", "write", "a.zip")

    assert result.exit_code == 6
    assert "blind" in result.stderr
    assert not Path("a.zip").exists()


def test_an_unfinished_review_without_closed_votes_is_stamped_interim(review: Review, run: Run) -> None:
    bring_in(review, [a_record(number) for number in range(3)])
    dedupe.run(review)

    written = run("capsule", "write", "a.zip")
    verified = run("capsule", "verify", "a.zip")

    assert written.exit_code == 0, written.output
    assert "interim: " in written.stdout
    assert verified.exit_code == 0, verified.output
    with zipfile.ZipFile("a.zip") as archive:
        assert "[Interim: " in archive.read("README.txt").decode()


def test_without_abstracts_no_byte_of_one_is_in_it_and_it_still_verifies(review: Review, run: Run) -> None:
    texts = [ABSTRACT.format(number) for number in range(3)]
    bring_in(review, [a_record(number, abstract=text) for number, text in enumerate(texts)])
    dedupe.run(review)
    texts.append("A sentence that ann typed from the paper, word by word, into the record.")
    edited = run("records", "edit", "1", "--set", f"abstract={texts[-1]}", "--note", "x", "--by", "ann")
    assert edited.exit_code == 0, edited.output

    written = run("capsule", "write", "a.zip", "--no-abstracts")
    verified = run("capsule", "verify", "a.zip")
    plainly = verifier.main(["a.zip"])

    assert written.exit_code == 0, written.output
    assert verified.exit_code == 0, verified.output
    assert plainly == 0
    assert "1 log rows stand in their place in the chain" in verified.stdout
    with zipfile.ZipFile("a.zip") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for text in texts:
        for piece in (text[:30], text[-40:], json.dumps(text)[1:31]):
            for spelled in (piece.encode(), piece.encode("utf-16-le")):
                assert [name for name, data in held.items() if spelled in data] == []
    with open_review(Path("review.db")) as whole:  # who holds the abstracts can check them
        from iimscreen.store.capsule_copies import record_hashes

        lines = held["records/records.jsonl"].decode().splitlines()
        assert [tuple(json.loads(line).values()) for line in lines] == list(record_hashes(whole))


# --- changed -----------------------------------------------------------------------------------------


def test_any_byte_that_is_changed_is_noticed_by_both_verifiers(capsule: Path) -> None:
    data = capsule.read_bytes()
    chosen = random.Random(10)  # noqa: S311  # places of a test, the same each time
    ends = [0, 1, 2, 3, len(data) - 1, len(data) - 64, len(data) - 65, len(data) - 66]
    missed = []
    for place in [*ends, *chosen.sample(range(len(data)), 192)]:
        changed = bytearray(data)
        changed[place] ^= chosen.randrange(1, 256)
        capsule.write_bytes(changed)
        if verifier.main([str(capsule)]) == 0:
            missed.append(place)
        try:
            if not capsules.verify(capsule).faults:
                missed.append(place)
        except InputError:
            pass

    assert missed == []


@pytest.mark.parametrize("change", ["\0", "PK", "more"])
def test_bytes_before_or_behind_a_capsule_are_refused(capsule: Path, run: Run, change: str) -> None:
    data = capsule.read_bytes()
    for changed in (change.encode() + data, data + change.encode(), data[: -len(change)]):
        capsule.write_bytes(changed)

        assert run("capsule", "verify", capsule).exit_code == 3
        assert verifier.main([str(capsule)]) == 1


def test_a_file_of_an_unpacked_capsule_that_is_changed_added_or_gone_is_noticed(unpacked: Path) -> None:
    (unpacked / "numbers.json").write_bytes((unpacked / "numbers.json").read_bytes() + b" ")
    (unpacked / "more.txt").write_text("more", encoding="utf-8")
    (unpacked / "README.txt").unlink()

    made = verifier.verified(unpacked)

    assert sorted(made.faults) == [
        "README.txt is missing",
        "more.txt is not in the manifest",
        "numbers.json is not as it was written: its SHA-256 is another one",
    ]


def test_a_number_that_is_changed_with_all_its_hashes_is_worked_out_anew(unpacked: Path, run: Run) -> None:
    told = json.loads((unpacked / "numbers.json").read_bytes())
    (one,) = (one for one in told["numbers"] if one["name"] == "prisma.new_reports")
    one["rows"] = one["rows"][1:]
    one["value"] = len(one["rows"])
    one["rows_sha256"] = verifier.sha256(verifier.canonical(one["rows"]))
    (unpacked / "numbers.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    flow = json.loads((unpacked / "flow/flow.json").read_bytes())
    flow["boxes"]["new_reports"] = one["value"]
    (unpacked / "flow/flow.json").write_text(json.dumps(flow, indent=1), encoding="utf-8")

    faults = faults_of(resealed(unpacked, Path("b.zip")))

    assert "prisma.new_reports is 40 in numbers.json, and 41 by the log" in faults
    assert run("capsule", "verify", "b.zip").exit_code == 6


TAMPERING = {
    "a vote": "update decisions set verdict = 'include', reason = null where log_id ="
    " (select max(log_id) from decisions where verdict = 'exclude' and manner = 'vote')",
    "who voted": "update log set actor = 'bob' where id = (select max(id) from log where actor = 'ann')",
    "the last row": "delete from decisions where log_id = (select max(log_id) from decisions)",
    "a title": "update records set title = 'Another' where id = 5",
    "a reply": "update replies set sha256 = (select sha256 from replies where id = 2) where id = 1",
    "a hit": "delete from run_hits where run_id = (select min(run_id) from run_hits) and position = 0",
    "a merge": "update kept_records set kept_id = 1 where record_id = 3",
}


@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING)
def test_a_review_file_that_is_changed_with_all_hashes_of_the_capsule_is_noticed(
    unpacked: Path, statement: str
) -> None:
    with sqlite3.connect(unpacked / "review.db") as connection:
        triggers = connection.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"drop trigger {name}")
        assert connection.execute(statement).rowcount == 1
        for _, sql in triggers:
            connection.execute(sql)
    connection.close()

    assert faults_of(resealed(unpacked, Path("b.zip")))


def test_a_view_that_tells_other_numbers_than_the_tables_is_noticed(unpacked: Path) -> None:
    with sqlite3.connect(unpacked / "review.db") as connection:
        (sql,) = connection.execute("select sql from sqlite_master where name = 'members'").fetchone()
        connection.execute("drop view members")
        connection.execute(sql + " where records.id <> 1")
    connection.close()

    found = capsules.verify(resealed(unpacked, Path("b.zip")))

    assert "review.db has other views or triggers than iimscreen makes" in found.faults


def test_a_newer_capsule_asks_for_an_upgrade(unpacked: Path, run: Run) -> None:
    about = json.loads((unpacked / "capsule.json").read_bytes()) | {"version": 2}
    (unpacked / "capsule.json").write_text(json.dumps(about), encoding="utf-8")

    result = run("capsule", "verify", resealed(unpacked, Path("b.zip")))

    assert result.exit_code == 3
    assert "pip install --upgrade iimscreen" in result.stderr


def test_a_verifier_that_is_another_one_is_told_and_never_run(unpacked: Path, run: Run) -> None:
    (unpacked / "verify.py").write_text("raise SystemExit('was run')\n", encoding="utf-8")

    result = run("capsule", "verify", resealed(unpacked, Path("b.zip")))

    assert result.exit_code == 0, result.output
    assert "verify.py in it is not that of this iimscreen" in result.stdout


def test_a_capsule_without_its_verifier_is_told(unpacked: Path) -> None:
    (unpacked / "verify.py").unlink()

    assert "verify.py is missing" in capsules.verify(resealed(unpacked, Path("b.zip"))).faults


def test_a_fact_that_the_log_does_not_have_is_noticed_by_plain_python(unpacked: Path) -> None:
    with sqlite3.connect(unpacked / "review.db") as connection:
        assert connection.execute("select 1 from log where kind = 'previous_reviews'").fetchone() is None
        columns = connection.execute("pragma table_info(previous_reviews)").fetchall()
        held = [1 if name == "log_id" else "1" for _, name, *_ in columns]
        connection.execute("pragma ignore_check_constraints = on")
        connection.execute(f"insert into previous_reviews values ({', '.join('?' * len(held))})", held)
    connection.close()

    faults = verifier.verified(resealed(unpacked, Path("b.zip")).parent / "unpacked").faults

    assert "previous_reviews: 1 rows are not in the log" in faults


@pytest.mark.parametrize("change", ["index", "bomb", "elsewhere"])
def test_every_raw_reply_is_looked_at_by_plain_python(unpacked: Path, change: str) -> None:
    index = unpacked / "raw-replies" / "index.jsonl"
    lines = index.read_text(encoding="utf-8").splitlines(keepends=True)
    if change == "index":
        index.write_text("".join(lines[:-1]), encoding="utf-8")
    elif change == "elsewhere":
        entry = json.loads(lines[0])
        entry["file"] = f"../unpacked/{entry['file']}"
        index.write_text("".join([json.dumps(entry) + "\n", *lines[1:]]), encoding="utf-8")
    else:
        with sqlite3.connect(unpacked / "review.db") as connection:
            connection.execute("drop trigger replies_no_update")
            connection.execute(
                "update replies set body = ? where id = 1", [zlib.compress(b"0" * 9_000_000)[:-4]]
            )
        connection.close()
    resealed(unpacked, Path("b.zip"))

    (fault,) = verifier.verified(unpacked).faults

    assert {"index": "more or fewer", "bomb": "not as it was received", "elsewhere": "not one that"}[
        change
    ] in fault


# --- hostile archives --------------------------------------------------------------------------------


def an_archive(*members: tuple[str, bytes], link: str = "") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(verifier.MANIFEST, b"")
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        if link:
            one = zipfile.ZipInfo(link)
            one.external_attr = 0o120777 << 16
            archive.writestr(one, "/etc")
        archive.comment = b"0" * verifier.SEAL
    return made.getvalue()


HOSTILE = {
    "above": an_archive(("../out.txt", b"x")),
    "no file of a capsule": an_archive(("__pycache__/out.txt", b"x")),
    "above, deeper": an_archive(("a/../../out.txt", b"x")),
    "absolute": an_archive(("/out.txt", b"x")),
    "a drive": an_archive(("C:/out.txt", b"x")),
    "backslashes": an_archive(("..\\out.txt", b"x")),
    "a device": an_archive(("logs/NUL.txt", b"x")),
    "a link": an_archive(link="link"),
    "a folder": an_archive(("folder/", b"")),
    "another case": an_archive(("a.txt", b"x"), ("A.TXT", b"y")),
    "a file as a folder": an_archive(("a", b"x"), ("a/b", b"y")),
    "encrypted": an_archive(("a.txt", b"x")).replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    ),
    "no manifest": an_archive().replace(verifier.MANIFEST.encode(), b"manifest-sha257.txt"),
    "no zip": b"SQLite format 3\0" * 20,
    "nothing": b"",
    "cut": an_archive(("a.txt", b"x" * 500))[:150],
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_is_refused_before_anything_is_unpacked(
    data: bytes, tmp_path: Path, run: Run
) -> None:
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    path = sealed(data, folder / "a.zip")

    result = run("capsule", "open", path, folder / "new")

    assert result.exit_code == 3, result.output
    assert "is no capsule that can be opened" in result.stderr
    assert verifier.main([str(path)]) == 1
    assert [one.name for one in folder.iterdir()] == ["a.zip"]
    assert [one.name for one in tmp_path.iterdir()] == ["in"]


def test_a_name_that_is_in_it_twice_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = an_archive(("a.txt", b"x"), ("a.txt", b"y"))

    with pytest.raises(InputError, match="is in it twice"):
        capsules.verify(sealed(data, tmp_path / "a.zip"))


def test_an_archive_that_would_unpack_to_more_than_any_capsule_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sealed(an_archive(("a.txt", b"0" * 3_000_000), ("b.txt", b"0" * 3_000_000)), tmp_path / "a.zip")

    for limit, value in (
        ("LARGEST", 1_000_000),
        ("LARGEST_OF_ALL", 5_000_000),
        ("MOST_FILES", 2),
        ("MOST_RATIO", 50),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(verifier, limit, value)
            with pytest.raises(
                InputError, match=r"no capsule that can be opened: .*(would unpack|3 members)"
            ):
                capsules.verify(path)


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    data = an_archive(("a.txt", b"0" * 5000)).replace(
        (5000).to_bytes(4, "little"), (50).to_bytes(4, "little")
    )

    with pytest.raises(InputError, match="no capsule that can be opened"):
        capsules.verify(sealed(data, tmp_path / "a.zip"))
