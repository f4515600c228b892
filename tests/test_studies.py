"""Studies: named, linked to included reports, counted in the flow, suggested, never linked by themselves."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import fulltext, review_flow, review_protocol, studies
from iimscreen.duplicates import by_hand
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Author, Record
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, duplicates, open_review, records, versions
from iimscreen.store import studies as stored
from iimscreen.store.duplicates import PairVerdict
from living_reviews import judge
from test_bad_input import told

Run = Callable[..., Result]
RunJson = Callable[..., Any]


def by(family: str, year: int, number: int, **facts: object) -> Record:
    return a_record(number, authors=(Author(family, "JJ"),), year=year, **facts)


@pytest.fixture
def included(review: Review) -> list[str]:
    """Five records: four are included, the last is excluded at full text."""
    found = [
        by("Paik", 2021, 1),
        by("Paik", 2021, 2),
        by("Bitar", 2019, 3),
        a_record(4, year=None),
        by("X", 2020, 5),
    ]
    keys = bring_in(review, found)
    judge(review, include=keys[:4], exclude_at_full_text=keys[4:])
    return keys


def boxes(run_json: RunJson) -> tuple[int, int]:
    found = run_json("prisma")["boxes"]
    return found["new_studies"], found["new_reports"]


# --- naming and linking ----------------------------------------------------------------------------


def test_reports_linked_to_one_study_are_one_study_in_the_flow(
    run: Run, run_json: RunJson, included: list[str]
) -> None:
    named = run(
        "study", "new", "Paik 2021", "--report", included[0], "--by", "ann", "--title", "A pilot study"
    )
    linked = run("study", "link", "Paik 2021", *included[1:3], "--by", "bob", "--note", "same trial")

    assert (named.exit_code, linked.exit_code) == (0, 0), linked.output
    assert f"Paik 2021: linked to {included[1]}, {included[2]}" in linked.stdout
    assert boxes(run_json) == (2, 4)
    assert run_json("prisma", "--list", "new_studies") == [
        {"study": "Paik 2021", "reports": included[:3]},
        {"study": included[3], "reports": [included[3]]},
    ]
    assert run_json("prisma")["reports_without_study"] == [included[3]]
    assert "1 of 4 included reports is linked to no study yet" in " ".join(run("prisma").stdout.split())
    shown = run("study", "show", "Paik 2021").stdout
    assert "A pilot study" in shown
    assert "bob: " + included[1] + " linked – same trial" in shown
    assert run("check").exit_code == 0
    assert "study Paik 2021 named" in run("log").stdout


def test_the_studies_of_a_number_are_printed_with_the_titles_of_their_reports(
    run: Run, included: list[str]
) -> None:
    run("study", "new", "Paik 2021", "--report", included[0], "--by", "ann")

    shown = " ".join(run("prisma", "--list", "new_studies").stdout.split())

    assert "4 studies" in shown
    assert f"Paik 2021 {included[0]}" in shown
    assert "Case 1: drug" in shown


def test_a_study_for_each_report_is_named_after_it_and_only_where_it_has_none(
    run: Run, run_json: RunJson, included: list[str]
) -> None:
    """Two of one author and year get letters; one names no author and no year."""
    run("study", "new", "Bitar 2019", "--report", included[2], "--by", "ann")

    first = run("study", "new", "--each", "--by", "ann")
    again = run("study", "new", "--each", "--by", "ann")

    assert first.exit_code == 0
    assert "3 studies named, each after its report." in first.stdout
    assert "Every included report has a study." in again.stdout
    assert {one["study"]: one["reports"] for one in run_json("study", "list")["studies"]} == {
        "Bitar 2019": [included[2]],
        "Paik 2021a": [included[0]],
        "Paik 2021b": [included[1]],
        "Case 4: drug n.d.": [included[3]],
    }
    assert boxes(run_json) == (4, 4)
    assert not any("linked to no study" in note for note in run_json("prisma")["footnotes"])


def test_a_later_report_of_the_same_author_and_year_gets_the_next_letter(
    run: Run, run_json: RunJson, review: Review, included: list[str]
) -> None:
    run("study", "new", "--each", "--by", "ann")
    later = bring_in(review, [by("Paik", 2021, 6), by("Bitar", 2019, 7)], database="Embase")
    judge(review, include=later)

    run("study", "new", "--each", "--by", "ann")

    names = [one["study"] for one in run_json("study", "list")["studies"]]
    assert names[-2:] == ["Paik 2021c", "Bitar 2019b"]


def test_a_report_may_tell_of_several_studies(run: Run, run_json: RunJson, included: list[str]) -> None:
    for name in ("Cohort A", "Cohort B"):
        run("study", "new", name, "--report", included[0], "--by", "ann")

    assert boxes(run_json) == (5, 4)
    (note,) = (note for note in run_json("prisma")["footnotes"] if "more than one study" in note)
    assert f"{included[0]} (Cohort A; Cohort B)" in note
    assert run("check").exit_code == 0


def test_a_link_is_taken_back_and_given_again(run: Run, run_json: RunJson, included: list[str]) -> None:
    run("study", "new", "Paik 2021", "--report", included[0], "--report", included[1], "--by", "ann")

    taken_back = run("study", "unlink", "Paik 2021", included[1], "--note", "another trial", "--by", "bob")
    after = boxes(run_json)
    run("study", "link", "Paik 2021", included[1], "--by", "ann")

    assert taken_back.exit_code == 0
    assert (after, boxes(run_json)) == ((4, 4), (3, 4))
    assert f"study Paik 2021: {included[1]} unlinked: another trial" in run("log").stdout


def test_a_report_is_moved_from_its_study_to_another(
    run: Run, run_json: RunJson, included: list[str]
) -> None:
    run("study", "new", "--each", "--by", "ann")

    moved = run("study", "link", "Paik 2021a", included[1], "--only", "--by", "ann")

    assert "iimscreen study drop 'Paik 2021b' --note WHY --by NAME" in moved.stdout
    assert boxes(run_json) == (3, 4)
    left = {one["study"]: one["reports"] for one in run_json("study", "list")["studies"]}
    assert (left["Paik 2021a"], left["Paik 2021b"]) == (included[:2], [])
    assert "no report" in run("study", "list").stdout


def test_a_study_that_is_given_up_counts_no_more_and_comes_back_with_its_links(
    run: Run, run_json: RunJson, included: list[str]
) -> None:
    run("study", "new", "Paik 2021", "--report", included[0], "--report", included[1], "--by", "ann")

    dropped = run("study", "drop", "Paik 2021", "--note", "two trials", "--by", "ann")
    without = boxes(run_json)
    unknown = run("study", "show", "Paik 2021")
    back = run("study", "new", "Paik 2021", "--by", "ann")

    assert f"it was linked to {included[0]}, {included[1]}" in dropped.stdout
    assert without == (4, 4)
    told(unknown, 3, "there is no study 'Paik 2021'", "study new 'Paik 2021'")
    assert f"Paik 2021 is taken up again, with {included[0]}, {included[1]}." in back.stdout
    assert boxes(run_json) == (3, 4)


def test_own_patients_are_a_study_in_no_flow_and_have_no_report(
    run: Run, run_json: RunJson, included: list[str]
) -> None:
    run("study", "new", "Own series", "--own", "--by", "ann")

    linked = run("study", "link", "Own series", included[0], "--by", "ann")
    both = run("study", "new", "Own too", "--own", "--report", included[0], "--by", "ann")

    told(linked, 3, "Own series is of your own patients")
    told(both, 3, "has no reports")
    assert boxes(run_json) == (4, 4)
    assert run_json("study", "show", "Own series")["kind"] == "own"
    assert "own patients" in run("study", "list").stdout


def test_reports_merged_after_both_were_linked_are_one_report_with_the_links_of_both(
    run: Run, run_json: RunJson, review: Review, included: list[str]
) -> None:
    """An earlier word on one of them takes nothing from the other; unlinking speaks for the whole report."""
    run("study", "new", "A 2020", "--report", included[1], "--by", "ann")
    run("study", "new", "B 2020", "--report", included[0], "--report", included[1], "--by", "ann")
    run("study", "unlink", "B 2020", included[1], "--note", "no", "--by", "ann")
    by_hand.merge(review, included[:2], by="ann")
    merged = run_json("prisma", "--list", "new_studies")

    run("study", "unlink", "A 2020", included[0], "--note", "no", "--by", "ann")
    after = run_json("prisma", "--list", "new_studies")
    by_hand.split(review, included[:2], by="ann")

    assert [one["study"] for one in merged] == ["A 2020", "B 2020", included[2], included[3]]
    assert merged[0]["reports"] == merged[1]["reports"] == [included[0]]
    assert [one["study"] for one in after] == ["B 2020", included[2], included[3]]
    assert {one["study"] for one in run_json("prisma", "--list", "new_studies")} == {"B 2020", *included[1:4]}
    assert run("check").exit_code == 0


def test_a_linked_report_that_is_excluded_since_counts_nowhere_and_is_told(
    run: Run, run_json: RunJson, included: list[str]
) -> None:
    run("study", "new", "Paik 2021", "--report", included[0], "--by", "ann")
    words = ("--by", "ann", "--by", "bob", "--stage", "full-text", "--record", included[0])
    run("resolve", *words, "--verdict", "exclude", "--reason", "not-clinical", "--note", "retracted")

    assert boxes(run_json) == (3, 3)
    assert run_json("study", "show", "Paik 2021")["not_included"] == [included[0]]
    assert "not included, so it counts nowhere" in run("study", "show", "Paik 2021").stdout
    assert run("check").exit_code == 0


# --- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "parts"),
    [
        (("link", "Nobody 2020", "0"), 3, ("there is no study 'Nobody 2020'", "study list")),
        (("link", "paik  2021", "0"), 3, ("there is no study 'paik  2021'", "did you mean 'Paik 2021'?")),
        (("link", "Paik 2021", "0"), 3, ("is linked to Paik 2021 already", "study show")),
        (("link", "Paik 2021", "1", "1"), 3, ("is a report named twice",)),
        (("link", "Paik 2021", "1", "4"), 6, ("is not included at full text", "prisma --list new_reports")),
        (("link", "Paik 2021", "pmid:9"), 3, ("no record of this review is 'pmid:9'",)),
        (("new", "Paik 2021"), 3, ("there is a study 'Paik 2021' already", "study link 'Paik 2021'")),
        (("new", "PAIK 2021"), 3, ("'PAIK 2021' is but for case and spaces 'Paik 2021'",)),
        (("new", "Paik2021"), 3, ("'Paik2021' is but for case and spaces 'Paik 2021'",)),
        (("new", "  "), 3, ("cannot be a study's name",)),
        (("new", "x" * 81), 3, ("cannot be a study's name", "80 letters")),
        (("new", "a\u200bb"), 3, ("cannot be a study's name",)),
        (("new", "0"), 3, ("is the key of a record",)),
        (("new", "New 2020", "--report", "1", "--report", "4"), 6, ("is not included at full text",)),
        (("new",), 3, ("a study needs a name, or --each alone",)),
        (("new", "New 2020", "--each"), 3, ("a study needs a name, or --each alone",)),
        (("unlink", "Paik 2021", "1", "--note", "x"), 3, ("is not linked to Paik 2021", "linked to it: ")),
        (("unlink", "Paik 2021", "0", "--note", " "), 3, ("no note given",)),
        (("drop", "Paik 2022", "--note", "x"), 3, ("there is no study 'Paik 2022'",)),
        (("apart", "0", "0", "--note", "x"), 3, ("is a report named twice",)),
        (("apart", "0", "4", "--note", "x"), 6, ("is not included at full text",)),
    ],
    ids=lambda given: " ".join(given)[:40] if isinstance(given, tuple) else "",
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(
    run: Run, review: Review, included: list[str], words: tuple[str, ...], code: int, parts: tuple[str, ...]
) -> None:
    run("study", "new", "Paik 2021", "--report", included[0], "--by", "ann")
    rows = review.db.execute("select count(*) from log").fetchone()

    meant = (included[int(word)] if len(word) == 1 and word.isdigit() else word for word in words)
    result = run("study", *meant, "--by", "ann")

    told(result, code, *parts)
    assert review.db.execute("select count(*) from log").fetchone() == rows


def test_a_study_without_a_name_of_its_giver_is_refused(run: Run, included: list[str]) -> None:
    told(run("study", "new", "A 2020", "--by", " "), 3, "cannot be a person's name")


def test_a_study_of_another_kind_is_not_taken_up_under_the_same_name(run: Run, included: list[str]) -> None:
    run("study", "new", "A 2020", "--report", included[0], "--by", "ann")
    run("study", "drop", "A 2020", "--note", "x", "--by", "ann")

    told(
        run("study", "new", "A 2020", "--own", "--by", "ann"),
        3,
        "was given up as a study of the kind literature",
    )
    told(run("study", "new", "a 2020", "--by", "ann"), 3, "is but for case and spaces 'A 2020'")


# --- the flow under any history of links -----------------------------------------------------------


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review of four included reports and one that is excluded."""
    path = tmp_path_factory.mktemp("judged") / "review.db"
    review_protocol.create(path)
    with open_review(path) as review:
        keys = bring_in(review, [a_record(n) for n in range(5)])
        judge(review, include=keys[:4], exclude_at_full_text=keys[4:])
    return path


_MOVES = st.lists(
    st.tuples(
        st.sampled_from(["new", "link", "only", "unlink", "drop", "each"]),
        st.sampled_from(["A 2020", "B 2020", "C 2020"]),
        st.integers(0, 4),
    ),
    max_size=12,
)


def _moved(review: Review, move: str, name: str, number: int) -> None:
    """Make one move; what the rules forbid is passed over."""
    key = records.keys(review)[number]
    try:
        match move:
            case "new":
                studies.new(review, name, by="ann")
            case "link" | "only":
                studies.link(review, name, [key], by="ann", only=move == "only")
            case "unlink":
                studies.unlink(review, name, [key], note="x", by="bob")
            case "drop":
                studies.drop(review, name, note="x", by="ann")
            case "each":
                studies.new_for_each(review, by="ann")
    except (InputError, ProtocolError):
        return


@pytest.mark.slow  # 0.1 s a history, each in a review file of its own
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=_MOVES, number=st.integers(0, 3))
def test_identities_hold_after_any_history_of_links_and_unlinking_undoes_a_link(
    judged: Path, tmp_path: Path, moves: list[tuple[str, str, int]], number: int
) -> None:
    path = tmp_path / "copy.db"
    path.write_bytes(judged.read_bytes())
    with open_review(path) as review:
        for move in moves:
            _moved(review, *move)
        before = review_flow.prisma(review)  # which raises where the numbers do not add up
        key = records.keys(review)[number]
        if "D 2020" not in stored.standing(review):
            studies.new(review, "D 2020", by="ann")
        studies.link(review, "D 2020", [key], by="ann")
        during = review_flow.prisma(review)
        studies.unlink(review, "D 2020", [key], note="undone", by="bob")

        assert review_flow.prisma(review) == before
        assert "D 2020" in during.links[key]
        assert before.boxes["new_reports"] == 4


# --- versions --------------------------------------------------------------------------------------


def test_a_version_keeps_its_studies_and_an_update_adds_reports_to_them(
    run: Run, run_json: RunJson, review: Review, included: list[str]
) -> None:
    """A report of an earlier study is of no new study; links that come later leave the closed version as it was."""
    run("study", "new", "Paik 2021", "--report", included[0], "--report", included[1], "--by", "ann")
    for name in ("Cohort A", "Cohort B"):
        run("study", "new", name, "--report", included[2], "--by", "ann")
    closed = run("version", "close", "--by", "ann")
    pairs = versions.closures(review)[0].reports
    frozen = run_json("prisma", "--version", "1")
    new = bring_in(review, [a_record(11), a_record(12)], database="Embase")
    judge(review, include=new)
    run("study", "link", "Paik 2021", new[0], "--by", "ann")
    run("study", "new", "New 2027", "--report", new[1], "--by", "ann")
    run("study", "new", "Old name", "--report", included[3], "--by", "ann")

    found = run_json("prisma")

    assert "4 studies in 4 reports included" in closed.stdout
    assert pairs == (
        (included[0], "Paik 2021"),
        (included[1], "Paik 2021"),
        (included[2], "Cohort A"),
        (included[2], "Cohort B"),
        (included[3], included[3]),
    )
    expected = {
        "previous_studies": 4,
        "previous_reports": 4,
        "new_studies": 1,
        "new_reports": 1,
        "total_studies": 5,
        "total_reports": 6,
    }
    assert {box: found["boxes"][box] for box in expected} == expected
    assert found["new_reports_of_previous_studies"] == [new[0]]
    assert [row["record"] for row in run_json("prisma", "--list", "new_reports_of_previous_studies")] == [
        new[0]
    ]
    assert any("1 new report is of studies that version 1 included" in note for note in found["footnotes"])
    assert not any("Total" in note for note in found["footnotes"])
    assert run_json("prisma", "--version", "1") == frozen
    assert frozen["boxes"]["new_studies"] == 4
    assert run("check").exit_code == 0
    assert run("version", "close", "--by", "ann").exit_code == 0
    assert len({report for report, _ in versions.closures(review)[1].reports}) == 6
    assert run("check").exit_code == 0


def test_a_link_alone_is_work_of_a_new_version(run: Run, run_json: RunJson, included: list[str]) -> None:
    run("version", "close", "--by", "ann")
    run("study", "new", "Paik 2021", "--report", included[0], "--report", included[1], "--by", "ann")

    boxes_now = run_json("prisma")["boxes"]
    closed = run("version", "close", "--by", "ann")

    assert (boxes_now["previous_studies"], boxes_now["new_studies"], boxes_now["total_studies"]) == (4, 0, 3)
    assert closed.exit_code == 0
    assert run("check").exit_code == 0


def test_a_new_report_of_a_study_that_a_version_made_elsewhere_included(
    run: Run, run_json: RunJson, review: Review
) -> None:
    Path("before.csv").write_text("study,pmid\nAdler 2019,1001\nAdler 2019 | Beispiel 2020,1002\n")
    loaded = run("previous", "load", "before.csv", "--by", "ann", "--title", "Adler 2021")
    (new,) = bring_in(review, [a_record(4)])
    judge(review, include=[new])
    near = run("study", "new", "adler 2019", "--by", "ann")
    unknown = run("study", "link", "Adler 2019", new, "--by", "ann")

    named = run("study", "new", "Adler 2019", "--report", new, "--by", "ann")

    assert "2 studies in 2 reports" in loaded.stdout
    told(near, 3, "is but for case and spaces 'Adler 2019'")
    told(unknown, 3, "the version before has one: `iimscreen study new 'Adler 2019' --report")
    assert named.exit_code == 0, named.output
    found = run_json("prisma")
    assert (found["boxes"]["previous_studies"], found["boxes"]["previous_reports"]) == (2, 2)
    assert (found["boxes"]["new_studies"], found["boxes"]["new_reports"]) == (0, 0)
    assert (found["boxes"]["total_studies"], found["boxes"]["total_reports"]) == (2, 3)
    assert found["new_reports_of_previous_studies"] == [new]
    assert run_json("status")["without_study"] == 0
    assert run("check").exit_code == 0


# --- suggestions -----------------------------------------------------------------------------------

PEOPLE = tuple(Author(family, "JJ") for family in ("Paik", "Albayda", "Tiniakou", "Shin"))
PILOT = a_record(1, title="Study of a drug in a disease: a pilot", authors=PEOPLE, year=2021)
EXTENSION = a_record(
    2, title="Long-term extension study of a drug in a disease", authors=PEOPLE[:3], year=2022
)


@pytest.fixture
def trial(review: Review) -> list[str]:
    """A pilot study, its extension, and a report of somebody else; all included."""
    keys = bring_in(review, [PILOT, EXTENSION, by("Bitar", 2019, 3)])
    judge(review, include=keys)
    return keys


def test_a_pilot_and_its_extension_are_suggested_with_the_parts_of_the_score(
    run: Run, run_json: RunJson, review: Review, trial: list[str]
) -> None:
    (pair,) = run_json("study", "suggest")
    shown = run("study", "suggest").stdout

    assert pair["reports"] == trial[:2]
    assert {part["part"] for part in pair["parts"]} >= {"authors", "first author", "extension", "titles"}
    assert pair["score"] == min(100, sum(part["points"] for part in pair["parts"]))
    assert f"+25 extension: the title of {trial[1]} says 'long term, extension'" in " ".join(shown.split())
    assert f"iimscreen study new 'Paik 2021' --report {trial[0]} --report {trial[1]} --by NAME" in shown
    assert stored.links(review) == []


@pytest.mark.parametrize("answer", ["new", "link", "move", "apart"])
def test_what_was_answered_is_not_suggested_again(
    run: Run, run_json: RunJson, trial: list[str], answer: str
) -> None:
    if answer in ("link", "move"):
        run("study", "new", "Paik 2021", "--report", trial[0], "--by", "ann")
    if answer == "move":
        run("study", "new", "Paik 2022", "--report", trial[1], "--by", "ann")
    shown = run("study", "suggest").stdout
    (command,) = (
        line for line in shown.splitlines() if line.endswith("(two)" if answer == "apart" else "(one)")
    )
    words = shlex.split(command.partition("   (")[0].replace("NAME", "ann").replace("WHY", "'two trials'"))

    answered = run(*words[1:])

    assert answered.exit_code == 0, answered.output
    assert run_json("study", "suggest") == []
    assert boxes(run_json)[0] == (3 if answer == "apart" else 2)
    assert run("check").exit_code == 0


def test_of_two_studies_the_later_is_proposed_to_go_into_the_earlier(run: Run, trial: list[str]) -> None:
    run("study", "new", "--each", "--by", "ann")

    shown = run("study", "suggest").stdout

    assert f"iimscreen study link 'Paik 2021' {trial[1]} --only --by NAME" in shown


def test_reports_that_are_one_study_are_not_set_apart(run: Run, trial: list[str]) -> None:
    run("study", "new", "Paik 2021", "--report", trial[0], "--report", trial[1], "--by", "ann")

    result = run("study", "apart", *trial[:2], "--note", "x", "--by", "ann")

    told(result, 3, "are both linked to Paik 2021", "study unlink 'Paik 2021'")


def test_a_preprint_and_its_article_are_two_reports_and_proposed_as_one_study(
    run_json: RunJson, review: Review
) -> None:
    keys = bring_in(review, [by("Paik", 2021, 1), by("Paik", 2021, 2)])
    judge(review, include=keys)
    with review.writing():
        duplicates.add_links(
            review, [PairVerdict(keys[0], keys[1], "linked", "rule:preprint_and_article", 90.0, None)]
        )

    (pair,) = run_json("study", "suggest")

    assert boxes(run_json) == (2, 2)
    assert pair["parts"][0]["words"] == "a preprint and its article"


def test_without_suggestions_the_command_says_so(run: Run, included: list[str]) -> None:
    assert "No two included reports look like one study" in run("study", "suggest").stdout


# --- what is blind ---------------------------------------------------------------------------------


@pytest.mark.slow  # 48 commands
def test_no_command_of_studies_tells_an_open_vote(run: Run, review: Review, tmp_path: Path) -> None:
    """Whatever bob says of the full texts, ann, who has not judged the second one, sees the same."""
    keys = bring_in(review, [PILOT, EXTENSION])
    for name in ("ann", "bob"):
        for key in keys:
            Desk(review, name, "title-abstract").decide(Decision(key, "include"))
    fulltext.mark_all(review, by="ann")
    Desk(review, "ann", "full-text").decide(Decision(keys[0], "include"))
    seen = []
    for number, votes in enumerate((["include", "include"], ["exclude", "exclude"], ["include", "exclude"])):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "review.db").write_bytes(review.path.read_bytes())
        os.chdir(folder)
        with open_review(folder / "review.db") as copy:
            for key, verdict in zip(keys, votes, strict=True):
                reason = "review" if verdict == "exclude" else None
                Desk(copy, "bob", "full-text").decide(Decision(key, verdict, reason))
        answers = []
        for words in (
            ("study", "new", "A 2020", "--by", "ann"),
            ("study", "new", "--each", "--by", "ann"),
            ("study", "new", "B 2020", "--report", keys[0], "--by", "ann"),
            ("study", "link", "A 2020", keys[0], "--by", "ann"),
            ("study", "link", "A 2020", keys[1], "--by", "ann"),
            ("study", "unlink", "A 2020", keys[1], "--note", "x", "--by", "ann"),
            ("study", "apart", *keys, "--note", "x", "--by", "ann"),
            ("study", "suggest"),
            ("study", "suggest", "--json"),
            ("study", "list"),
            ("study", "list", "--json"),
            ("study", "show", "A 2020", "--json"),
            ("prisma", "--list", "new_studies"),
            ("prisma", "--json"),
            ("status", "--json"),
            ("study", "drop", "A 2020", "--note", "x", "--by", "ann"),
        ):
            result = run(*words)
            answers.append((words, result.exit_code, result.output))
        seen.append(answers)

    first, *others = seen
    for other in others:
        assert other == first
    codes = {words[1:3]: code for words, code, _ in first}
    assert codes["new", "--each"] == codes["link", "A 2020"] == codes["suggest",] == 6
    assert "ann has 1 to go" in next(text for words, _, text in first if words[1:2] == ("suggest",))
