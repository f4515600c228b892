"""While a pair lacks a reviewer's word, nothing tells one of two reviewers what the other said of it.

Copies of one review that differ in nothing but the open words of bob: every answer to ann is equal.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.store import Review
from test_duplicates_review import ask, left, look_alikes, say, two_needed

Run = Callable[..., Result]
Pairs = list[tuple[str, str]]

WORDS_OF_BOB = (
    ("duplicate", "duplicate", "duplicate"),
    ("distinct", "distinct", "distinct"),
    ("distinct", "unsure", "duplicate"),
)


@pytest.fixture
def pairs(run: Run, review: Review) -> Pairs:
    """Four pairs for two reviewers; of the first both have said the same."""
    keys = bring_in(review, [record for number in (1, 2, 3, 4) for record in look_alikes(number)])
    bring_in(review, [a_record(9)], database="Embase")
    found = ask(review, *zip(keys[::2], keys[1::2], strict=True))
    two_needed(run)
    return found


def curious(pairs: Pairs) -> list[tuple[tuple[str, ...], str | None]]:
    """What ann could type, and at a prompt; those that store something come last."""
    one, other = pairs[1]
    plain = [
        ("status",),
        ("status", "--json"),
        ("prisma",),
        ("prisma", "--json"),
        ("prisma", "--list", "duplicates"),
        ("duplicates",),
        ("duplicates", "--all"),
        ("duplicates", "--csv"),
        ("duplicates", "review", "--reviewer", "ann", "--json"),
        ("duplicates", "review", "--reviewer", "ann", "--again"),
        ("duplicates", "conflicts"),
        ("duplicates", "conflicts", "--json"),
        ("duplicates", "overlap"),
        ("duplicates", "overlap", "--json"),
        ("duplicates", "overlap", "--csv"),
        ("why",),
        ("why", "--json"),
        ("why", "duplicates.pairs_open"),
        ("why", "duplicates.pairs_merged.by_people", "--json"),
        ("why", one),
        ("log",),
        ("log", "--json"),
        ("log", "--reviewer", "ann"),
        ("log", "--by", "bob"),
        ("log", "--by", "bob", "--reviewer", "ann"),
        ("check",),
        ("search", "report"),
        ("source",),
        ("reviewer",),
        ("protocol", "load", "one.toml"),
        *(("duplicates", "why", *pair) for pair in pairs),
        *(("duplicates", "why", *pair, "--reviewer", "ann", "--json") for pair in pairs),
        ("duplicates", "why", one),
        ("duplicates", "report", other),
        *(
            ("duplicates", "resolve", one, other, "--verdict", verdict, "--by", "ann", "--by", "bob")
            for verdict in ("duplicate", "distinct")
        ),
        *(
            ("duplicates", what, *pair, "--by", "ann", *more)
            for what in ("merge", "split")
            for pair in pairs
            for more in ((), ("--dry-run",), ("--yes",))
        ),
        *(
            (
                "duplicates",
                "review",
                "--reviewer",
                name,
                "--record",
                one,
                "--with",
                other,
                "--verdict",
                "distinct",
            )
            for name in ("Ann", "carol")
        ),
        ("screen", "--reviewer", "ann", "--record", one, "--verdict", "include"),
    ]
    loops = [
        (("duplicates", "review", "--reviewer", "ann"), "?\na\ns\ns\ns\n"),
        (("screen", "--reviewer", "ann"), "q\n"),
    ]
    last = [
        ("dedupe",),
        ("status",),
        ("duplicates",),
        ("duplicates", "review", "--reviewer", "ann", "--json"),
    ]
    return [*((words, None) for words in plain), *loops, *((words, None) for words in last)]


def masked(text: str) -> str:
    """Times and hashes differ from run to run by themselves."""
    stamp = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+Z| \w+)?"
    return re.sub(stamp, "TIME", re.sub(r"\b[0-9a-f]{8,64}\b", "HASH", text))


def test_whatever_bob_says_ann_sees_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch, pairs: Pairs, tmp_path: Path
) -> None:
    for name in ("ann", "bob"):
        assert say(run, name, pairs[0], "duplicate").exit_code == 0
    text = (
        Path("two.toml").read_text(encoding="utf-8").replace("reviewers_needed = 2", "reviewers_needed = 1")
    )
    Path("one.toml").write_text(text, encoding="utf-8")

    answers = []
    for number, words in enumerate(WORDS_OF_BOB):
        folder = tmp_path / str(number)
        folder.mkdir()
        for file in ("review.db", "one.toml"):
            shutil.copy(tmp_path / file, folder / file)
        monkeypatch.chdir(folder)
        for pair, word in zip(pairs[1:], words, strict=True):
            assert say(run, "bob", pair, word, "--note", f"{word} for sure").exit_code == 0
        seen = []
        for typed_words, typed in curious(pairs):
            result = run(*typed_words, typed=typed)
            seen.append((typed_words, result.exit_code, masked(result.output)))
        answers.append(seen)

    for other in answers[1:]:
        for mine, theirs in zip(answers[0], other, strict=True):
            assert mine == theirs


def test_a_word_of_bob_moves_nothing_in_the_list_of_ann(
    run: Run, run_json: Callable[..., Any], pairs: Pairs
) -> None:
    before = run("duplicates", "review", "--reviewer", "ann", "--json").stdout
    missing = run_json("prisma")["missing"]

    for pair, word in zip(pairs[1:], WORDS_OF_BOB[2], strict=True):
        say(run, "bob", pair, word)

    assert run("duplicates", "review", "--reviewer", "ann", "--json").stdout == before
    assert left(run_json, "bob") == pairs[:1]
    assert any("4 pairs to decide by hand" in sentence for sentence in missing)
    assert any("4 pairs to decide by hand (bob 1 to go)" in one for one in run_json("prisma")["missing"])


def test_a_key_of_ann_is_asked_about_whatever_bob_said(
    run: Run, monkeypatch: pytest.MonkeyPatch, pairs: Pairs, tmp_path: Path
) -> None:
    """Where her word would touch votes, she is asked before it is stored: also when it completes nothing."""
    for key in pairs[1]:
        assert run("screen", "--reviewer", "ann", "--record", key, "--verdict", "include").exit_code == 0
    asked = []
    for number, word in enumerate(("duplicate", "distinct", None)):
        folder = tmp_path / str(number)
        folder.mkdir()
        shutil.copy(tmp_path / "review.db", folder / "review.db")
        monkeypatch.chdir(folder)
        if word is not None:
            say(run, "bob", pairs[1], word, "--yes")
        result = say(run, "ann", pairs[1], "duplicate")
        asked.append((result.exit_code, result.output))

    assert asked[0] == asked[1] == asked[2]
    assert asked[0][0] == 6
