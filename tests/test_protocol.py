"""The protocol file, its versions, and amendments after the first vote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import review_protocol
from iimscreen.errors import InputError
from iimscreen.protocol import differences, parse_protocol
from iimscreen.store import Review

Run = Callable[..., Result]
BUNDLED = review_protocol.bundled().read_text(encoding="utf-8")


def test_the_bundled_protocol_says_what_the_published_review_did() -> None:
    protocol = parse_protocol(BUNDLED, "protocol.toml")

    assert [reason.code for reason in protocol.reasons] == [
        "review",
        "juvenile",
        "mixed",
        "other-disease",
        "imnm-only",
        "no-drug",
        "not-clinical",
    ]
    assert [(stage.name, stage.reviewers_needed) for stage in protocol.stages] == [
        ("title-abstract", 2),
        ("full-text", 2),
    ]
    assert [name for name, _ in protocol.question] == ["population", "intervention", "comparison", "outcome"]
    assert protocol.planned_sources == ("PubMed",)
    assert protocol.identified == "union"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("title =", "titel =", "[review]: key 'title' is missing"),
        ("[counting]\n", "[counting]\nby = 1\n", "[counting]: unknown key 'by'"),
        ("reviewers = 2", "reviewers = 0", "stage 1: reviewers is 0, expected 1 to 20"),
        ("reviewers = 2", 'reviewers = "two"', "reviewers is 'two', expected a whole number"),
        ("reviewers = 2", "reviewers = true", "reviewers is True, expected a whole number"),
        ('name = "full-text"', 'name = "fulltext"', "name is 'fulltext', expected one of"),
        ('name = "full-text"', 'name = "title-abstract"', "expected two stages"),
        ('advances = ["include"]', 'advances = ["yes"]', "advances holds 'yes'"),
        (
            'advances = ["include"]',
            'advances = ["exclude"]',
            "advances holds 'exclude', expected any of include",
        ),
        ('settles = ["include", "exclude"]', 'settles = ["include"]', "exclude must stand in settles"),
        (
            'advances = ["include"]',
            'advances = ["unsure"]',
            "advances holds 'unsure', expected any of include",
        ),
        (
            'reason = "required"',
            'reason = "optional"',
            "PRISMA 2020 counts every full text excluded by its reason",
        ),
        ('code = "mixed"', 'code = "review"', "reason 'review' stands twice"),
        ('code = "mixed"', 'code = "mixed up"', "expected letters, digits"),
        ('label = "Juvenile patients"', 'label = " "', "label is blank"),
        ('identified = "union"', 'identified = "all"', "identified is 'all', expected one of union"),
        ("merge_at = 95.0", "merge_at = 80", "expected 0 < ask_at ≤ merge_at ≤ 100"),
        ('sources = ["PubMed"]', 'sources = "PubMed"', "sources is 'PubMed', expected a list"),
        ("[question]", "[question", "is not valid TOML"),
        ("[question]", "x = " + "[" * 5_000 + "\n[question]", "lie too deep in one another"),
        ("merge_at = 95.0", f"merge_at = {'9' * 400}", "expected 0 < ask_at ≤ merge_at ≤ 100"),
        ("merge_at = 95.0", f"merge_at = {'9' * 5_000}", "is not valid TOML"),
        ("[highlight]", "[highlights]", "unknown key 'highlights'"),
    ],
)
def test_a_wrong_protocol_is_refused_with_file_and_key(old: str, new: str, told: str) -> None:
    assert old in BUNDLED

    with pytest.raises(InputError) as refused:
        parse_protocol(BUNDLED.replace(old, new, 1), "mine.toml")

    assert refused.value.message.startswith("mine.toml")
    assert told in refused.value.message
    assert refused.value.hint


def test_differences_name_what_changed_and_which_decisions_it_touches() -> None:
    new = (
        BUNDLED.replace('code = "imnm-only"', 'code = "imnm"')
        .replace('label = "Juvenile patients"', 'label = "Patients under 18"')
        .replace("reviewers = 2", "reviewers = 3", 1)
    )

    changes = differences(parse_protocol(BUNDLED, "old"), parse_protocol(new, "new"))

    said = "\n".join(change.what for change in changes)
    assert "reason imnm-only taken away" in said
    assert "reason imnm added" in said
    assert "reason juvenile: Juvenile patients → Patients under 18" in said
    assert "rules of stage title-abstract: 2 reviewers" in said
    behind_the_new_one = {"no-drug", "not-clinical"}
    assert {code for change in changes for code in change.reasons} == {
        "imnm-only",
        "juvenile",
        *behind_the_new_one,
    }
    assert {stage for change in changes for stage in change.stages} == {"title-abstract"}


def test_of_a_list_only_what_came_and_went_is_told() -> None:
    old, new = parse_protocol(BUNDLED, "old"), parse_protocol(BUNDLED, "new")

    (both,) = differences(
        replace(old, highlight_include=("one", "two")), replace(new, highlight_include=("two", "three"))
    )
    (moved,) = differences(replace(old, designs=("a", "b")), replace(new, designs=("b", "a")))

    assert both.what == "terms highlighted for inclusion: added three, taken away one"
    assert (both.terms_for, both.terms_against) == ({"three"}, set())
    assert (moved.what, moved.stages) == ("eligible designs: in another order: b; a", set())


def test_comments_and_layout_are_no_difference() -> None:
    assert differences(parse_protocol(BUNDLED, "a"), parse_protocol("# mine\n\n" + BUNDLED, "b")) == []


def test_a_protocol_can_be_shown_before_there_is_a_review(run: Run) -> None:
    assert run("protocol", "show").stdout == BUNDLED


def test_loading_a_protocol_makes_a_version_and_the_same_text_makes_none(run: Run, review_file: Path) -> None:
    Path("mine.toml").write_text(BUNDLED.replace("Juvenile patients", "Under 18"), encoding="utf-8")

    first = run("protocol", "load", "mine.toml")
    again = run("protocol", "load", "mine.toml")

    assert "reason juvenile: Juvenile patients → Under 18" in first.stdout
    assert "Version 2 is in force." in first.stdout
    assert "Nothing changed" in again.stdout
    assert "Version 2 is in force." in again.stdout
    assert "Under 18" in run("protocol", "show").stdout


def test_a_wrong_protocol_changes_nothing(run: Run, review_file: Path) -> None:
    Path("mine.toml").write_text("[review]\n", encoding="utf-8")

    loaded = run("protocol", "load", "mine.toml")
    made = run("init", "--protocol", "mine.toml", "--review", "other.db")
    missing = run("protocol", "load", "none.toml")

    assert (loaded.exit_code, made.exit_code, missing.exit_code) == (3, 3, 3)
    assert run("protocol", "show").stdout == BUNDLED
    assert not Path("other.db").exists()


def test_changes_before_the_first_vote_are_no_amendments(run: Run, review_file: Path) -> None:
    Path("mine.toml").write_text(BUNDLED.replace("Juvenile patients", "Under 18"), encoding="utf-8")
    run("protocol", "load", "mine.toml")

    assert "No vote has been cast" in run("protocol", "diff").stdout


def test_changes_after_the_first_vote_are_amendments_with_the_decisions_they_touch(
    run: Run, review: Review
) -> None:
    keys = bring_in(review, [a_record(1), a_record(2)])
    for name in ("ann", "bob"):
        for key, reason in zip(keys, ("juvenile", "review"), strict=True):
            run("screen", "--reviewer", name, "--record", key, "--verdict", "exclude", "--reason", reason)
    Path("mine.toml").write_text(BUNDLED.replace("Juvenile patients", "Under 18"), encoding="utf-8")

    loaded = run("protocol", "load", "mine.toml")
    listed = run("protocol", "diff").stdout

    assert "Decisions to look at again: 2" in loaded.stdout
    assert "Frozen at the first vote: version 1" in listed
    assert "reason juvenile: Juvenile patients → Under 18" in listed


def test_decisions_carry_the_version_under_which_they_were_made(run: Run, review: Review) -> None:
    keys = bring_in(review, [a_record(1), a_record(2)])
    run("screen", "--reviewer", "ann", "--record", keys[0], "--verdict", "include")
    Path("mine.toml").write_text(BUNDLED + "\n# changed\n", encoding="utf-8")
    run("protocol", "load", "mine.toml")
    run("screen", "--reviewer", "ann", "--record", keys[1], "--verdict", "include")

    versions = [row[0] for row in review.db.execute("select protocol_sha256 from decisions order by log_id")]

    assert len(set(versions)) == 2


def test_how_data_are_extracted_and_appraised_is_told_when_it_changes() -> None:
    new = (
        BUNDLED.replace('mode = "double" # two extract', 'mode = "checked" # two extract')
        .replace('[appraisal]\nmode = "double"', '[appraisal]\nmode = "single"')
        .replace('designs = ["comparative cohort"]', 'designs = ["comparative cohort", "review"]')
        .replace('[[appraisal.instrument]]\nname = "sof"\n', "")
    )

    said = [change.what for change in differences(parse_protocol(BUNDLED, "old"), parse_protocol(new, "new"))]

    assert said == [
        "how data are extracted: double → checked",
        "how studies are appraised: double → single",
        "instrument of appraisal jbi-cohort: comparative cohort → comparative cohort; review",
        "instrument of appraisal sof: every design → no longer asked for",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('mode = "double" # two', 'mode = "triple" # two', "[extraction]: mode is 'triple'"),
        ('name = "jbi-cohort"', 'name = "jbi-case-report"', "'jbi-case-report' stands twice"),
        (
            'role = "first-author"',
            'role = "author"',
            "[extraction], field 1: role is 'author', expected one of",
        ),
        ('of = "group"', 'of = "patient"', "[extraction], level 2: of is 'patient'"),
    ],
)
def test_a_wrong_form_or_instrument_is_refused_with_its_place(old: str, new: str, told: str) -> None:
    assert old in BUNDLED

    with pytest.raises(InputError) as refused:
        parse_protocol(BUNDLED.replace(old, new, 1), "mine.toml")

    assert told in refused.value.message
