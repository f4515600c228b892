"""Amendments: which decisions a new version of the protocol touches, and how they are looked at again."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import amending
from iimscreen.amending import AmendedDesk
from iimscreen.errors import ProtocolError
from iimscreen.model import Verdict
from iimscreen.review_protocol import bundled
from iimscreen.screening import Decision
from iimscreen.store import Review, decisions, open_review

Run = Callable[..., Result]
TA = "title-abstract"
BUNDLED = bundled().read_text(encoding="utf-8")
CHILDREN = ('label = "Juvenile patients"', 'label = "Children"')


def vote(run: Run, name: str, key: str, verdict: str, *more: str) -> None:
    result = run("screen", "--reviewer", name, "--record", key, "--verdict", verdict, *more)
    assert result.exit_code == 0, result.output


def amend(run: Run, *changes: tuple[str, str], text: str = BUNDLED) -> Result:
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    Path("amended.toml").write_text(text, encoding="utf-8")
    result = run("protocol", "load", "amended.toml")
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def three(review: Review) -> list[str]:
    """Three records; the second speaks of a term that no protocol highlights yet."""
    return bring_in(review, [a_record(1), a_record(2, abstract="Of Zebrafish and men."), a_record(3)])


def one_juvenile(run: Run, keys: list[str], *names: str) -> None:
    for name in names:
        vote(run, name, keys[0], "exclude", "--reason", "juvenile", "--note", f"of {name}")
        vote(run, name, keys[1], "exclude", "--reason", "review")
        vote(run, name, keys[2], "include")


def test_of_many_decisions_the_rest_is_named_with_the_words_that_show_it(run: Run, review: Review) -> None:
    keys = bring_in(review, [a_record(n) for n in range(1, 13)])
    for key in keys:
        vote(run, "ann", key, "exclude", "--reason", "juvenile")
    amend(run, CHILDREN)

    told = run("protocol", "diff", "--reviewer", "ann").stdout

    assert "… and 2 more: iimscreen protocol diff --all --reviewer ann\n" in told
    assert "… and" not in run("protocol", "diff", "--all", "--reviewer", "ann").stdout


def left(review: Review, name: str = "ann") -> list[str]:
    return AmendedDesk(review, name, TA).waiting_keys()


# --- what is touched -------------------------------------------------------------------------------


def test_a_reworded_reason_touches_the_decisions_that_gave_it_under_the_earlier_version(
    run: Run, run_json: Callable[..., Any], three: list[str]
) -> None:
    one_juvenile(run, three, "ann", "bob")

    loaded = amend(run, CHILDREN)
    shown = run("protocol", "diff").stdout
    (one,) = run_json("protocol", "diff")["amendments"]

    assert "Decisions to look at again: 2" in loaded.stdout
    assert f"{TA} {three[0]}: exclude (juvenile), ann, under version 1" in shown
    assert "because of: reason juvenile: Juvenile patients → Children" in shown
    assert (one["version"], [d["record"] for d in one["decisions"]]) == (2, [three[0], three[0]])
    assert one["decisions"][0] == {
        "stage": TA,
        "record": three[0],
        "title": a_record(1).title,
        "verdict": "exclude",
        "reason": "juvenile",
        "note": "of ann",
        "names": ["ann"],
        "kind": "vote",
        "made_under": 1,
        "because_of": ["reason juvenile: Juvenile patients → Children"],
        "looked_at_again": None,
    }


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        (("reviewers = 2", "reviewers = 1"), {0, 1, 2}),  # the stage's rules; in an open round
        (('population = "', 'population = "all '), {0, 1, 2}),
        (('title = "', 'title = "On '), set()),
        (("include = [", 'include = [\n  "zebrafish",'), {1}),
        (("exclude = [", 'exclude = [\n  "zebrafish", "DRUG 23757",'), {2}),
        (
            (
                '[[reason]]\ncode = "juvenile"',
                '[[reason]]\ncode = "new"\nlabel = "New"\n\n[[reason]]\ncode = "juvenile"',
            ),
            {0},
        ),
    ],
    ids=["rules", "question", "title", "term for", "term against", "reason before"],
)
def test_each_change_touches_what_it_speaks_of(
    run: Run, review: Review, three: list[str], change: tuple[str, str], touched: set[int]
) -> None:
    one_juvenile(run, three, "ann", "bob")

    before, after = change
    amend(run, (before, after)) if BUNDLED.count(before) == 1 else amend(
        run, text=BUNDLED.replace(before, after, 1)
    )

    (one,) = amending.amendments(review).found
    assert {three.index(each.report) for each in one.touched} == touched


def test_votes_given_after_an_amendment_are_not_touched_by_it(
    run: Run, review: Review, three: list[str]
) -> None:
    one_juvenile(run, three, "ann")
    amend(run, CHILDREN)
    one_juvenile(run, three, "bob")

    (one,) = amending.amendments(review).found

    assert [each.word.names for each in one.touched] == [("ann",)]


def test_a_vote_under_the_very_text_that_is_in_force_again_is_not_looked_at_again(
    run: Run, review: Review, three: list[str]
) -> None:
    one_juvenile(run, three, "ann", "bob")
    amend(run, CHILDREN)
    amend(run)

    assert [one.touched for one in amending.amendments(review).found] == [(), ()]
    assert len(amending.amendments(review).found) == 2


def test_csv_has_a_row_for_each_decision_that_no_spreadsheet_takes_for_a_formula(
    run: Run, three: list[str]
) -> None:
    vote(run, "ann", three[0], "exclude", "--reason", "juvenile", "--note", "=1+1")
    vote(run, "bob", three[0], "exclude", "--reason", "juvenile")
    amend(run, CHILDREN)

    rows = list(csv.DictReader(io.StringIO(run("protocol", "diff", "--csv", "--reviewer", "ann").stdout)))

    assert [(row["amendment"], row["record"], row["note"], row["made_under"]) for row in rows] == [
        ("2", three[0], "'=1+1", "1")
    ]


# --- looked at again -------------------------------------------------------------------------------


def test_ann_looks_at_her_own_votes_again_while_the_round_is_blind(
    run: Run, review: Review, three: list[str]
) -> None:
    one_juvenile(run, three, "ann")
    amend(run, CHILDREN)
    desk = AmendedDesk(review, "ann", TA)

    assert desk.waiting_keys() == [three[0]]
    assert desk.reminder(three[0]) == (
        "Your vote under version 1: exclude (juvenile), note: of ann. "
        "Since then: reason juvenile: Juvenile patients → Children."
    )
    desk.decide(Decision(three[0], "exclude", "juvenile"))

    assert desk.waiting_keys() == left(review) == []
    (own,) = [one for one in decisions.own_votes(review, TA, "ann") if one.key == three[0]]
    assert (own.verdict, own.note) == (Verdict.EXCLUDE, "looked at again under version 2 of the protocol")
    (one,) = amending.amendments(review, "ann").found
    assert [each.is_open for each in one.touched] == [False]


def test_the_plain_loop_goes_through_what_is_to_look_at_again(
    run: Run, review: Review, three: list[str]
) -> None:
    one_juvenile(run, three, "ann")
    amend(run, CHILDREN)

    result = run("screen", "--reviewer", "ann", "--amended", typed="y\n")

    assert "1 record left" in result.stdout
    assert "Your vote under version 1: exclude (juvenile)" in result.stdout
    assert "1 vote given" in result.stdout
    assert left(review) == []
    assert "Nothing is left for ann" in run("screen", "--reviewer", "ann", "--amended").stdout


def test_undo_takes_back_only_what_was_looked_at_in_this_sitting(
    run: Run, review: Review, three: list[str]
) -> None:
    one_juvenile(run, three, "ann")
    amend(run, CHILDREN)
    desk = AmendedDesk(review, "ann", TA)

    with pytest.raises(ProtocolError, match="nothing to undo"):
        desk.undo()
    desk.decide(Decision(three[0], "include"))
    undone = desk.undo()

    assert (undone.verdict, undone.key) == (Verdict.INCLUDE, three[0])
    assert undone.note is None, "what we wrote ourselves is no note of hers to be kept"
    assert desk.waiting_keys() == [three[0]]
    desk.decide(Decision(three[0], "unsure", note="both"))
    assert {one.key: one.verdict for one in desk.own_votes()}[three[0]] is Verdict.UNSURE
    assert desk.waiting_keys() == []


def test_what_no_amendment_touches_is_not_voted_on_here(run: Run, review: Review, three: list[str]) -> None:
    one_juvenile(run, three, "ann")
    amend(run, CHILDREN)

    result = run("screen", "--reviewer", "ann", "--amended", "--record", three[2], "--verdict", "exclude")

    assert result.exit_code == 6
    assert "is not among the votes of ann that an amendment touches" in result.stderr


def test_a_file_of_votes_can_be_looked_at_again_at_once(run: Run, review: Review, three: list[str]) -> None:
    one_juvenile(run, three, "ann")
    amend(run, CHILDREN)
    Path("again.csv").write_text(f"record,verdict,reason\n{three[0]},exclude,juvenile\n", encoding="utf-8")

    result = run("screen", "--reviewer", "ann", "--amended", "--from", "again.csv")

    assert result.stdout == "1 vote of ann stored.\n"
    assert left(review) == []


def test_votes_that_may_be_seen_stay_and_a_final_word_looks_at_them_again(
    run: Run, run_json: Callable[..., Any], review: Review, three: list[str]
) -> None:
    one_juvenile(run, three, "ann", "bob")
    amend(run, CHILDREN)

    queue = run("screen", "--reviewer", "ann", "--amended").stdout
    word = ("--record", three[0], "--verdict", "exclude", "--reason", "juvenile", "--note", "aged 9 anyway")
    resolved = run("resolve", "--by", "ann", "--by", "bob", *word)

    assert "1 vote that an amendment touches may be seen, and no longer changes" in queue
    assert f"{three[0]}: exclude (juvenile), ann, under version 1" in queue
    assert "iimscreen resolve" in queue
    assert left(review) == []
    assert resolved.exit_code == 0, resolved.stderr
    found = run_json("protocol", "diff")
    assert all(each["looked_at_again"] for each in found["amendments"][0]["decisions"])
    assert AmendedDesk(review, "ann", TA).settled == ()


def test_a_later_amendment_touches_a_vote_that_was_looked_at_under_an_earlier_one(
    run: Run, review: Review, three: list[str]
) -> None:
    one_juvenile(run, three, "ann")
    amend(run, CHILDREN)
    AmendedDesk(review, "ann", TA).decide(Decision(three[0], "exclude", "juvenile"))
    amend(run, (CHILDREN[0], 'label = "Minors"'))

    first, second = amending.amendments(review, "ann").found

    assert [one.is_open for one in first.touched] == [False]
    assert [(one.version, one.is_open) for one in second.touched] == [(2, True)]
    assert left(review) == [three[0]]


def test_one_later_vote_looks_again_at_all_that_was_said_of_records_merged_since(
    run: Run, review: Review, three: list[str]
) -> None:
    for key in three[:2]:
        vote(run, "ann", key, "exclude", "--reason", "juvenile")
    assert run("duplicates", "merge", "1", "2", "--by", "ann", "--yes").exit_code == 0
    amend(run, CHILDREN)
    before = left(review)

    AmendedDesk(review, "ann", TA).decide(Decision(three[1], "exclude", "juvenile"))

    assert before == [three[0]]
    assert left(review) == []
    (one,) = amending.amendments(review, "ann").found
    assert [(each.word.key, each.is_open) for each in one.touched] == [(three[0], False), (three[1], False)]


# --- PRISMA 24c -------------------------------------------------------------------------------------


def test_the_sentence_for_prisma_24c_says_what_was_amended_and_looked_at_again(
    run: Run, review: Review, three: list[str]
) -> None:
    before = amending.amendment_sentence(review)
    one_juvenile(run, three, "ann", "bob")
    none = amending.amendment_sentence(review)
    amend(run, CHILDREN)
    open_ones = amending.amendment_sentence(review)
    word = ("--record", three[0], "--verdict", "exclude", "--reason", "juvenile", "--note", "again")
    run("resolve", "--by", "ann", "--by", "bob", *word)

    sentence = amending.amendment_sentence(review)

    assert before == "Screening has not begun, so the protocol was not amended after its beginning."
    assert none == "The protocol was not amended after screening had begun."
    day = review.db.execute("select max(at) from log where kind = 'protocol_versions'").fetchone()[0][:10]
    told = (
        f"The protocol was amended 1 time after screening had begun: version 2 ({day}): "
        "reason juvenile: Juvenile patients → Children; "
    )
    assert open_ones == told + "0 decisions were looked at again, 2 are still to be."
    assert sentence == told + "2 decisions were looked at again."
    assert f"PRISMA 24c: {sentence}" in run("protocol", "diff").stdout


def test_a_change_of_comments_is_no_amendment_in_the_sentence(
    run: Run, review: Review, three: list[str]
) -> None:
    one_juvenile(run, three, "ann")
    amend(run, text="# mine\n" + BUNDLED)

    assert amending.amendment_sentence(review) == "The protocol was not amended after screening had begun."
    assert "Nothing changed in what the protocol says." in run("protocol", "diff").stdout


# --- blinding ----------------------------------------------------------------------------------------

ASKED = [
    ("protocol", "diff"),
    ("protocol", "diff", "--all"),
    ("protocol", "diff", "--json"),
    ("protocol", "diff", "--csv"),
    ("protocol", "diff", "--reviewer", "ann"),
    ("protocol", "diff", "--reviewer", "ann", "--json"),
    ("screen", "--reviewer", "ann", "--amended"),
]


def test_whatever_bob_voted_and_looked_at_again_ann_is_told_the_same(
    run: Run, review: Review, three: list[str], tmp_path: Path
) -> None:
    ways = {
        "touched": (("exclude", "--reason", "juvenile"), None),
        "untouched": (("include",), None),
        "again": (("exclude", "--reason", "juvenile"), ("include", "--change", "--note", "x")),
    }
    told = []
    for name, (first, then) in ways.items():
        folder = tmp_path / name
        folder.mkdir()
        shutil.copy(review.path, folder / "review.db")
        os.chdir(folder)
        vote(run, "ann", three[0], "exclude", "--reason", "juvenile")
        vote(run, "bob", three[1], *first)
        loaded = amend(run, CHILDREN).output
        if then:
            vote(run, "bob", three[1], *then)
        seen = [run(*words) for words in ASKED]
        with open_review(folder / "review.db") as copy:
            sentence = amending.amendment_sentence(copy)
        stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"
        outputs = [loaded, sentence, *(f"{one.exit_code} {one.output}" for one in seen)]
        told.append([re.sub(stamp, "TIME", output) for output in outputs])

    assert told == [told[0]] * 3
    assert "(not counting rounds that are blind)" in told[0][1]
    assert three[0] in told[0][2 + ASKED.index(("protocol", "diff", "--reviewer", "ann"))]
    assert three[0] not in told[0][2]
