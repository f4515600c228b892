"""Before both are done nothing that any command prints depends on what the other extractor entered, or how much."""

from __future__ import annotations

import contextlib
import json
import random
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from extraction_reviews import HORNUNG, PAIK, a_review, done, enter, protocol_with
from iimscreen import extracted, sharing
from iimscreen.cli import app
from iimscreen.errors import IimscreenError
from iimscreen.store import open_review
from iimscreen.store.extraction_gate import ExtractionGate

Run = Callable[..., Result]
LITTLE = {"design": "case report"}
MUCH = {
    "design": "trial",
    "phase": "2",
    "country": "Italy",
    "P1 label": "secret",
    "P1 age": "40",
    "P2 label": "another",
    "P3 label": "third",
    "T1 of": "P1",
    "T1 drug": "TOF",
    "T2 of": "P3",
}
# What is asked of a review while Paik 2017 is closed, in the name of ann, of nobody, or of a third.
QUESTIONS = (
    ("extract", "show", PAIK),
    ("extract", "show", PAIK, "--json"),
    ("extract", "show", PAIK, "--reviewer", "ann"),
    ("extract", "show", PAIK, "--reviewer", "cyd"),
    ("extract", "compare", PAIK),
    ("extract", "compare"),
    ("extract", "compare", "--json"),
    ("extract", "compare", "--csv"),
    ("extract", "resolve", PAIK, "--by", "ann", "--field", "design", "--take", "bob"),
    ("extract", "resolve", PAIK, "--by", "ann", "--pair", "ann:P1=bob:P1"),
    ("extract", "agreement"),
    ("extract", "agreement", "--json"),
    ("extract", "status"),
    ("extract", "status", "--json"),
    ("extract", "status", "--reviewer", "ann", "--json"),
    ("extract", "set", PAIK, "design", "trial", "--reviewer", "cyd"),
    ("extract", "done", PAIK, "--reviewer", "cyd"),
    ("extract", "reopen", PAIK, "--reviewer", "cyd"),
    ("extract", "sheet", "--reviewer", "ann", "--out", "ann.xlsx"),
    ("extract", "quotes", "--reviewer", "ann"),
    ("extract", "revisit"),
    ("extract", "revisit", "--json"),
    ("extract", "audit"),
    ("extract", "state"),
    ("extract", "overlap"),
    ("extract", "tables"),
    ("extract", "tables", "--json"),
    ("appraise", "list"),
    ("appraise", "table", "--form", "data"),
    ("study", "show", PAIK, "--json"),
    ("study", "list"),
    ("log",),
    ("log", "--json"),
    ("log", "--reviewer", "ann"),
    ("log", "--by", "bob"),
    ("log", "--by", "iimscreen"),
    ("status",),
    ("status", "--json"),
    ("check",),
    ("prisma", "--json"),
    ("prisma", "--format", "html", "--output", "flow.html"),
    ("prisma", "--format", "svg"),
    ("manuscript", "fill", "tagged.md", "--interim", "--output", "filled.md"),
    ("why",),
    ("why", "--json"),
    ("why", "extract.studies"),
    ("why", "1"),
    ("why", "appraisal", "--json"),
    ("whatif", "--without", PAIK, "--json"),
    ("whatif", "--without", "design = trial"),
    ("whatif", "--without", "country = Italy", "--all"),
    ("reviewer",),
    ("records",),
    ("share", "--reviewer", "ann"),
    ("share", "--reviewer", "bob"),
)
TAGS = "{{extract.studies}} {{extract.studies_final}} {{extract.subjects}} {{audit.findings}}"


def masked(text: str) -> str:
    """Without what differs from copy to copy by itself: times and hashes."""
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+Z|Z| \w+)?", "TIME", text)
    return re.sub(r"\b[0-9a-f]{8,64}\b", "HASH", text)


def contents(path: Path) -> str:
    """What a file holds, unpacked."""
    if path.suffix not in (".xlsx", ".docx"):
        return path.read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as packed:
        return "\n".join(packed.read(name).decode("utf-8", "replace") for name in sorted(packed.namelist()))


def answers(folder: Path) -> Iterator[tuple[str, str]]:
    """Every question and what is printed, by a copy of the review, so that none changes what the next sees."""
    for words in QUESTIONS:
        copied = folder / "copy"
        shutil.rmtree(copied, ignore_errors=True)
        copied.mkdir()
        (copied / "tagged.md").write_text(TAGS, encoding="utf-8")
        shutil.copy(folder / "review.db", copied)
        with contextlib.chdir(copied):
            result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        written = "".join(
            f"\n{path.name}: {contents(path)}"
            for path in sorted(copied.rglob("*"))
            if path.is_file() and path.suffix in (".xlsx", ".csv", ".html", ".docx", ".md")
        )
        yield " ".join(words), masked(f"{result.exit_code}\n{result.output}{written}")
    with open_review(folder / "review.db") as review:
        yield "data", masked(str(extracted.data(review)))
        gate = ExtractionGate(review, "data", "double")
        for name in (None, "ann", "cyd"):
            words_seen = [(one.by, one.place) for one in gate.words(name) if one.by == "bob"]
            yield f"gate {name}", str(words_seen)


@contextlib.contextmanager
def begun(tmp_path: Path, name: str, bob: dict[str, str | None], *, is_done: str) -> Iterator[Path]:
    """A review in a folder of its own where ann and bob have entered something, and at most one is done."""
    folder = tmp_path / name
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with a_review() as review:
            enter(review, "ann", {"design": "case report", "country": "Spain"})
            enter(review, "bob", bob)
            if is_done:
                done(review, is_done)
        yield folder


def by_chance(seed: int) -> dict[str, str | None]:
    """What somebody may have entered."""
    chance = random.Random(seed)  # noqa: S311 - a play, no secret
    found: dict[str, str | None] = {"design": chance.choice(["trial", "case report"]), "P1 label": "1"}
    for place in chance.sample(sorted(MUCH.keys() - {"design", "phase"}), chance.randint(1, 6)):
        found[place] = MUCH[place] if place.startswith("T") else str(chance.randint(1, 99))
    for place in [one for one in found if one.startswith("T")]:
        found[f"{place.split()[0]} of"] = "P1"
    return found


@pytest.mark.slow  # 50 commands in each copy: every one that prints something of a review
@pytest.mark.parametrize(("is_done", "seed"), [("", None), ("ann", 1), ("bob", 2)])
def test_whatever_the_other_entered_and_however_much_every_command_prints_the_same(
    tmp_path: Path, is_done: str, seed: int | None
) -> None:
    with begun(tmp_path, "one", LITTLE if seed is None else by_chance(seed), is_done=is_done) as folder:
        told = dict(answers(folder))
    with begun(tmp_path, "other", MUCH, is_done=is_done) as folder:
        much = dict(answers(folder))

    assert {question: answer for question, answer in much.items() if answer != told[question]} == {}
    assert "secret" not in str(much)


def test_values_are_shown_once_both_are_done_and_stay_so(run: Run) -> None:
    with a_review() as review:
        enter(review, "ann", LITTLE)
        enter(review, "bob", MUCH)
        done(review, "ann")
        assert "secret" not in run("log").output
        done(review, "bob")
        assert "secret" in run("log").output
        run("extract", "reopen", PAIK, "--reviewer", "bob")

        assert "secret" in run("log").output
        assert run("extract", "compare", PAIK).exit_code == 0


def test_the_log_does_not_count_what_is_closed(run: Run) -> None:
    with a_review() as review:
        enter(review, "ann", LITTLE)
        enter(review, "bob", MUCH)

    shown = json.loads(run("log", "--json").stdout)

    assert (shown["hidden"], shown["hides_values"]) == (0, True)
    assert "Not shown: extracted values of studies that are not open." in run("log").stdout


# --- two copies ------------------------------------------------------------------------------------


def two_copies(bob: dict[str, str | None]) -> tuple[Path, Path]:
    """ann's copy, and a bundle of what bob entered in his."""
    with a_review() as review:
        enter(review, "ann", LITTLE)
        Path("bobs").mkdir(exist_ok=True)
        shutil.copy(review.path, "bobs/review.db")
    with open_review(Path("bobs/review.db")) as his:
        enter(his, "bob", bob)
        sharing.share(his, "bob", Path("bob.bundle.zip"))
    return Path("review.db"), Path("bob.bundle.zip")


@pytest.mark.parametrize(
    "words",
    [
        ("merge", "bob.bundle.zip"),
        ("log",),
        ("log", "--json"),
        ("log", "--by", "iimscreen"),
        ("check",),
        ("extract", "status"),
    ],
)
def test_a_bundle_does_not_tell_how_much_was_entered(
    tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for name, bob in (("one", LITTLE), ("other", MUCH)):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        two_copies(bob)
        if words[0] != "merge":
            assert CliRunner().invoke(app, ["merge", "bob.bundle.zip"]).exit_code == 0
        result = CliRunner().invoke(app, list(words), catch_exceptions=False)
        told.append(masked(result.output))

    assert told[0] == told[1]


def test_what_two_entered_in_two_copies_is_open_in_both_when_merged_and_counts_as_independent(
    run: Run,
) -> None:
    two_copies(LITTLE)
    with open_review(Path("bobs/review.db")) as his:
        done(his, "bob")
        sharing.share(his, "bob", Path("bob.bundle.zip"))
    with open_review(Path("review.db")) as hers:
        done(hers, "ann")
    assert run("merge", "bob.bundle.zip").exit_code == 0

    shown = json.loads(run("extract", "status", "--json").stdout)

    assert shown["studies"][0]["manner"] == "double"
    assert "by two extractors independently (1 study)" in shown["sentence"]
    with open_review(Path("review.db")) as hers:
        enter(hers, "ann", LITTLE, HORNUNG)
        assert ExtractionGate(hers, "data", "double").to_note() == [], "the opening was noted"


def test_no_mode_is_loaded_that_shows_what_another_is_entering(run: Run) -> None:
    with a_review() as review:
        enter(review, "ann", LITTLE)
        enter(review, "bob", MUCH)
        done(review, "ann")

    for mode in ("checked", "single"):
        assert run("protocol", "load", protocol_with(mode)).exit_code == 6
    assert run("extract", "show", PAIK, "--reviewer", "bob").exit_code == 0


def test_a_third_extractor_is_refused_in_the_same_words_whatever_there_is() -> None:
    told = []
    for bob in (LITTLE, MUCH):
        with a_review() as opened:
            enter(opened, "ann", LITTLE)
            enter(opened, "bob", bob)
            with pytest.raises(IimscreenError) as refused:
                enter(opened, "cyd", LITTLE)
            told.append(refused.value.message)
        Path("review.db").unlink()

    assert told[0] == told[1]
