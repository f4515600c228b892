"""While a round is blind and unfinished, nothing tells one reviewer of the other's open votes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.model import Kind
from iimscreen.store import Review, open_review

Run = Callable[..., Result]

VOTES_OF_BOB = {  # as unlike as they can be: no verdict of one copy is that of the other
    "all include": ["include", "include", "include"],
    "none of them": ["exclude", "exclude", "unsure"],
}


@pytest.fixture
def three(review: Review) -> list[str]:
    """A review of three records, deduplicated."""
    return bring_in(review, [a_record(n) for n in (1, 2, 3)])


def vote(run: Run, name: str, key: str, verdict: str, *more: str) -> Result:
    return run("screen", "--reviewer", name, "--record", key, "--verdict", verdict, *more)


def all_vote(run: Run, name: str, keys: list[str], verdicts: list[str], *more: str) -> None:
    for key, verdict in zip(keys, verdicts, strict=True):
        result = vote(run, name, key, verdict, *more)
        assert result.exit_code == 0, result.output


# Everything that a curious ann could type while bob has finished and she has not.
CURIOUS = [
    ("status",),
    ("status", "--json"),
    ("prisma",),
    ("prisma", "--json"),
    ("prisma", "--list", "records_excluded"),
    ("prisma", "--list", "dbr_sought_reports"),
    ("conflicts",),
    ("conflicts", "--json"),
    ("conflicts", "--stage", "full-text"),
    ("agreement",),
    ("agreement", "--json"),
    ("fulltext",),
    ("fulltext", "retrieved", "testbase:KEY", "--by", "ann"),
    ("fulltext", "retrieved", "--all", "--by", "ann"),
    ("fulltext", "not-retrieved", "testbase:KEY", "--by", "ann", "--reason", "x"),
    ("log",),
    ("log", "--json"),
    ("log", "--reviewer", "ann"),
    ("log", "--by", "bob"),
    ("log", "--by", "bob", "--reviewer", "ann"),
    ("resolve", "--by", "ann"),
    ("resolve", "--by", "ann", "--by", "bob", "--record", "testbase:KEY", "--verdict", "include"),
    ("resolve", "--by", "ann", "--proposed-reasons"),
    ("screen", "--reviewer", "ann", "--stage", "full-text"),
    (
        "screen",
        "--reviewer",
        "ann",
        "--stage",
        "full-text",
        "--record",
        "testbase:KEY",
        "--verdict",
        "include",
    ),
    ("screen", "--reviewer", "carol", "--record", "testbase:KEY", "--verdict", "include"),
    ("protocol", "diff"),
    ("protocol", "diff", "changed.toml"),
    ("protocol", "diff", "--json"),
    ("protocol", "diff", "--reviewer", "ann"),
    ("screen", "--reviewer", "ann", "--amended"),
    ("export", "--to", "csv", "--out", "all.csv"),
    ("export", "--to", "csv", "--wide", "--out", "wide.csv"),
    ("export", "--to", "ris", "--stage", "full-text", "--out", "full.ris"),
    ("export", "--to", "rayyan-csv", "--which", "conflicts", "--out", "conflicts.csv"),
    ("export", "--to", "csv", "--reviewer", "ann", "--out", "ann.csv"),
    ("export", "--to", "asreview-json", "--reviewer", "ann", "--which", "left", "--out", "left.json"),
    ("export", "--included", "--out", "included.bib"),
    ("export", "--included", "--stage", "title-abstract", "--out", "sent-on.jsonl"),
    ("export", "--excluded", "--out", "excluded.xlsx"),
    ("export", "--conflicts", "--out", "conflicts.ris"),
    ("export", "--why", "prisma.records_excluded", "--out", "why.json"),
    ("export", "--all", "--decisions", "--out", "all.nbib"),
    ("why",),
    ("why", "--json"),
    ("why", "screening"),
    ("why", "prisma.records_excluded", "--json"),
    ("why", "3"),
    ("why", "testbase:KEY"),
    ("why", "testbase:KEY", "--json"),
    ("whatif", "--without", "testbase:KEY", "--all"),
    ("whatif", "--without", "database = Testbase", "--json"),
    ("manuscript", "check", "filled.md"),
    ("manuscript", "check", "filled.md", "--json"),
    ("manuscript", "fill", "filled.md", "--interim", "--output", "again.md"),
    ("prisma", "--format", "csv"),
    ("prisma", "--format", "html", "--output", "flow.html"),
    ("prisma", "--format", "svg", "--output", "flow.svg"),
    ("reviewer",),
    ("duplicates",),
    ("duplicates", "--csv"),
    ("duplicates", "--all"),
    ("duplicates", "review", "--reviewer", "ann"),
    ("duplicates", "review", "--reviewer", "ann", "--json"),
    ("duplicates", "conflicts"),
    ("duplicates", "merge", "1", "2", "--by", "ann"),
    ("duplicates", "merge", "1", "2", "--by", "ann", "--dry-run"),
    ("duplicates", "merge", "2", "3", "--by", "ann", "--dry-run"),
    ("duplicates", "split", "2", "3", "--by", "ann", "--dry-run"),
    ("duplicates", "why", "1", "2"),
    ("duplicates", "why", "2", "--json"),
    ("duplicates", "report", "testbase:KEY", "--json"),
    ("duplicates", "overlap"),
    ("duplicates", "overlap", "--json"),
    ("duplicates", "overlap", "--csv"),
    ("check",),
    ("search", "report"),
    ("search", "--cited-by", "included"),
    ("source",),
    ("source", "--json"),
    ("source", "of", "testbase:KEY"),
    ("records", "show", "testbase:KEY"),
    ("records", "show", "testbase:KEY", "--json"),
    ("records", "list"),
    ("records", "list", "--lacking", "abstract", "--json"),
    ("records", "remove", "testbase:KEY", "--reason", "curious", "--by", "ann"),
    ("records", "edit", "testbase:KEY", "--set", "abstract=Seen.", "--note", "curious", "--by", "ann"),
    ("records", "edit", "testbase:KEY", "--undo", "--by", "ann"),
    ("records", "list", "--edited"),
    ("study", "new", "A 2020", "--by", "ann"),
    ("study", "new", "B 2020", "--report", "testbase:KEY", "--by", "ann"),
    ("study", "new", "--each", "--by", "ann"),
    ("study", "link", "A 2020", "testbase:KEY", "--by", "ann"),
    ("study", "apart", "testbase:KEY", "1", "--note", "curious", "--by", "ann"),
    ("study", "suggest", "--json"),
    ("study", "list", "--json"),
    ("study", "show", "A 2020"),
    ("prisma", "--list", "new_studies"),
    ("status",),
    ("check",),
]


MANUSCRIPT = """{{prisma.records_screened}} {{prisma.records_excluded}} {{screening.title-abstract.votes}}
{{screening.title-abstract.kappa}} {{prisma.reports_excluded.review}} {{duplicates.reports}}
"""
WRITTEN = ("all.csv", "included.bib", "conflicts.ris", "why.json", "again.md", "flow.html", "flow.svg")


def seen_by_ann(run: Run, review: Review, keys: list[str], verdicts: list[str]) -> list[tuple[int, str]]:
    """What every curious command prints after bob voted so; ids that chance makes are masked."""
    all_vote(run, "ann", keys[:1], ["include"])
    Path("tagged.md").write_text(MANUSCRIPT, encoding="utf-8")
    filled = run("manuscript", "fill", "tagged.md", "--interim", "--output", "filled.md")
    assert filled.exit_code == 0, filled.output
    reasons = {"exclude": "review"}
    for key, verdict in zip(keys, verdicts, strict=True):
        more = ("--reason", reasons[verdict]) if verdict in reasons else ()
        assert vote(run, "bob", key, verdict, *more, "--note", "so").exit_code == 0
    protocol = run("protocol", "show").stdout.replace('label = "Juvenile patients"', 'label = "Children"')
    Path("changed.toml").write_text(protocol, encoding="utf-8")
    seen = []
    for words in CURIOUS:
        result = run(*(word.replace("testbase:KEY", keys[1]) for word in words))
        seen.append((result.exit_code, result.output))
    seen += [(0, Path(name).read_text(encoding="utf-8-sig")) for name in WRITTEN if Path(name).exists()]
    assert Path("flow.html").exists()
    assert Path("again.md").exists()
    loaded = run("protocol", "load", "changed.toml")
    amended = run("protocol", "diff")
    return [*seen, (loaded.exit_code, loaded.output), (amended.exit_code, amended.output)]


def masked(seen: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Times and hashes differ from run to run by themselves."""
    import re

    stamp = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z| \w+)"
    return [(code, re.sub(stamp, "TIME", re.sub(r"\b[0-9a-f]{8,64}\b", "HASH", text))) for code, text in seen]


def test_whatever_bob_votes_ann_sees_the_same(run: Run, review: Review, tmp_path: Path) -> None:
    """Each way of voting gets a copy of one review; every answer to ann is equal to the letter."""
    import os
    import shutil

    keys = bring_in(review, [a_record(n) for n in (1, 2, 3)])
    seen = {}
    for name, verdicts in VOTES_OF_BOB.items():
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        shutil.copy(review.path, folder / "review.db")
        os.chdir(folder)
        with open_review(folder / "review.db") as copy:
            seen[name] = masked(seen_by_ann(run, copy, keys, verdicts))

    first, *others = seen.values()
    for other in others:
        assert other == first


def test_what_depends_on_open_votes_is_refused_with_exit_6_and_says_who_has_how_many_to_go(
    run: Run, three: list[str]
) -> None:
    all_vote(run, "ann", three[:1], ["include"])
    all_vote(run, "bob", three, ["include", "exclude", "include"])

    for words in (
        ("conflicts",),
        ("agreement",),
        ("fulltext",),
        ("log", "--by", "bob"),
        ("resolve", "--by", "ann"),
        ("screen", "--reviewer", "ann", "--stage", "full-text"),
        ("prisma", "--list", "records_excluded"),
    ):
        result = run(*words)
        assert result.exit_code == 6, words
        assert "ann has 2 to go" in result.output, words


def test_prisma_of_a_blind_round_exits_0_interim_with_null_from_its_outcome_on(
    run: Run, run_json: Callable[..., Any], three: list[str]
) -> None:
    run("dedupe")
    all_vote(run, "bob", three, ["include", "exclude", "include"])

    found = run_json("prisma")

    assert found["interim"] is True
    assert found["boxes"]["records_screened"] == 3
    for box in ("records_excluded", "dbr_sought_reports", "dbr_assessed", "dbr_excluded", "new_reports"):
        assert found["boxes"][box] is None, box
    assert found["reasons"] is None
    assert "INTERIM" in run("prisma").output


def test_progress_is_free(run: Run, run_json: Callable[..., Any], three: list[str]) -> None:
    all_vote(run, "ann", three[:1], ["include"])
    all_vote(run, "bob", three[:2], ["exclude", "include"])

    stages = {stage["stage"]: stage for stage in run_json("status")["stages"]}

    assert stages["title-abstract"]["waiting"] == {"ann": 2, "bob": 1}
    assert stages["full-text"]["pool"] is None


def test_ann_sees_her_own_open_votes_and_only_them(run: Run, three: list[str]) -> None:
    all_vote(run, "ann", three[:1], ["include"], "--note", "mine")
    all_vote(run, "bob", three[:2], ["exclude", "exclude"], "--note", "his")

    shown = run("log", "--reviewer", "ann").output

    assert f"{three[0]} include – mine" in shown
    assert "his" not in shown
    assert "Not shown: 2 votes of blind rounds" in shown
    assert "mine" in run("log", "--by", "ann", "--reviewer", "ann").output
    assert run("log", "--by", "ann").exit_code == 6


def test_a_round_opens_by_itself_when_all_votes_are_in(
    run: Run, run_json: Callable[..., Any], three: list[str]
) -> None:
    run("dedupe")
    all_vote(run, "ann", three, ["include", "exclude", "include"])
    all_vote(run, "bob", three, ["include", "exclude", "exclude"])

    conflicts = run_json("conflicts", "--stage", "title-abstract")

    assert [one["record"] for one in conflicts] == [three[2]]
    assert {vote["reviewer"]: vote["verdict"] for vote in conflicts[0]["votes"]} == {
        "ann": "include",
        "bob": "exclude",
    }
    boxes = run_json("prisma")["boxes"]
    assert (boxes["records_excluded"], boxes["dbr_sought_reports"]) == (1, 1)
    assert "his" not in run("log", "--by", "bob").output
    assert run("log", "--by", "bob").exit_code == 0


def test_unblinding_is_logged_named_and_stated_with_the_flow(
    run: Run, run_json: Callable[..., Any], three: list[str]
) -> None:
    all_vote(run, "ann", three[:1], ["include"])
    all_vote(run, "bob", three, ["include", "exclude", "include"])

    opened = run("unblind", "--round", "title-abstract", "--by", "ann")

    assert opened.exit_code == 0
    assert run("conflicts", "--stage", "title-abstract").exit_code == 0
    assert any("unblinded for ann and bob by ann" in note for note in run_json("prisma")["footnotes"])
    assert "unblinded" in run("log").output
    assert run_json("prisma")["interim"] is True
    again = run("unblind", "--round", "title-abstract", "--by", "ann")
    assert again.exit_code == 6
    assert run("unblind", "--round", "title-abstract", "--by", "eve").exit_code == 3
    assert run("unblind", "--round", "abstracts", "--by", "ann").exit_code == 3


def test_votes_given_after_an_unblinding_do_not_count_as_agreement(
    run: Run, run_json: Callable[..., Any], three: list[str]
) -> None:
    all_vote(run, "ann", three[:1], ["include"])
    all_vote(run, "bob", three, ["include", "exclude", "include"])
    run("unblind", "--round", "title-abstract", "--by", "ann")
    all_vote(run, "ann", three[1:], ["exclude", "include"])

    (figures,) = run_json("agreement", "--stage", "title-abstract")

    assert figures["figures"]["n"] == 1


def test_the_full_text_round_is_blind_of_its_own(
    run: Run, run_json: Callable[..., Any], three: list[str]
) -> None:
    run("dedupe")
    for name in ("ann", "bob"):
        all_vote(run, name, three, ["include"] * 3)
    run("fulltext", "retrieved", "--all", "--by", "ann")
    for key in three:
        assert vote(run, "bob", key, "include", "--stage", "full-text").exit_code == 0

    boxes = run_json("prisma")["boxes"]

    assert (boxes["dbr_assessed"], boxes["dbr_excluded"], boxes["new_reports"]) == (3, None, None)
    assert run("conflicts", "--stage", "full-text").exit_code == 6
    assert run("conflicts", "--stage", "title-abstract").exit_code == 0


def test_votes_cannot_change_once_they_may_have_been_seen(run: Run, three: list[str]) -> None:
    for name in ("ann", "bob"):
        all_vote(run, name, three, ["include"] * 3)

    changed = vote(run, "ann", three[0], "exclude", "--change", "--note", "second thoughts")

    assert changed.exit_code == 6
    assert "iimscreen resolve" in changed.output


def test_new_records_close_the_round_again_but_not_what_was_open(
    run: Run, run_json: Callable[..., Any], review: Review, three: list[str]
) -> None:
    for name, verdicts in (
        ("ann", ["include", "include", "exclude"]),
        ("bob", ["include", "exclude", "exclude"]),
    ):
        all_vote(run, name, three, verdicts)
    (late,) = bring_in(review, [a_record(9)], database="Embase")
    all_vote(run, "bob", [late], ["exclude"], "--note", "secret")

    conflicts = run("conflicts", "--stage", "title-abstract")

    assert conflicts.exit_code == 0
    assert three[1] in conflicts.stdout
    assert late not in conflicts.output
    assert "1 record still blind and not shown" in conflicts.stderr
    assert run_json("prisma")["boxes"]["records_excluded"] is None
    assert "secret" not in run("log").stdout
    assert run("fulltext", "retrieved", three[0], "--by", "ann").exit_code == 0
    refused = run("fulltext", "retrieved", late, "--by", "ann")
    assert (refused.exit_code, "ann has 1 to go" in refused.stderr) == (6, True)


def closing(run: Run, review: Review, how: str) -> None:
    """Close a complete title-abstract round again, in one of the ways that a team may."""
    protocol = run("protocol", "show").stdout
    if how == "a search update":
        bring_in(review, [a_record(9)], database="Embase")
    elif how == "a third vote":
        Path("three.toml").write_text(protocol.replace("reviewers = 2", "reviewers = 3"), encoding="utf-8")
        assert run("protocol", "load", "three.toml").exit_code == 0
    elif how == "a split":
        assert run("duplicates", "merge", "1", "2", "--by", "ann", "--yes").exit_code == 0
        assert run("duplicates", "split", "1", "2", "--by", "ann", "--yes").exit_code == 0


@pytest.mark.parametrize("how", ["a search update", "a third vote", "a split"])
@pytest.mark.parametrize("seen", [True, False])
def test_no_way_of_closing_a_round_again_lets_a_vote_follow_what_was_seen(
    run: Run, run_json: Callable[..., Any], review: Review, three: list[str], how: str, seen: bool
) -> None:
    all_vote(run, "ann", three, ["include", "include", "include"])
    all_vote(run, "bob", three, ["include", "exclude", "exclude"])
    if seen:
        assert run("conflicts", "--stage", "title-abstract").exit_code == 0
    closing(run, review, how)

    changed = vote(run, "ann", three[1], "exclude", "--change", "--note", "saw bob")

    assert changed.exit_code == 6
    (figures, *_) = run_json("agreement", "--stage", "title-abstract")
    assert figures["figures"]["table"] == [[1, 2], [0, 0]]


def test_a_protocol_that_needs_fewer_reviewers_does_not_open_a_blind_round(
    run: Run, three: list[str]
) -> None:
    all_vote(run, "ann", three[:1], ["include"])
    all_vote(run, "bob", three, ["include", "exclude", "exclude"])
    protocol = run("protocol", "show").stdout
    Path("one.toml").write_text(protocol.replace("reviewers = 2", "reviewers = 1", 1), encoding="utf-8")

    loaded = run("protocol", "load", "one.toml")

    assert loaded.exit_code == 6
    assert "would show open votes" in loaded.stderr
    assert run("conflicts").exit_code == 6
    assert run("protocol", "show").stdout == protocol


def test_an_unblinding_reaches_the_records_of_its_time_and_not_later_ones(
    run: Run, review: Review, three: list[str]
) -> None:
    all_vote(run, "ann", three[:1], ["include"])
    all_vote(run, "bob", three, ["include", "exclude", "include"], "--note", "early")
    run("unblind", "--round", "title-abstract", "--by", "ann")
    (late,) = bring_in(review, [a_record(9)], database="Embase")
    all_vote(run, "bob", [late], ["exclude"], "--note", "late")

    shown = run("log", "--reviewer", "ann").stdout

    assert "early" in shown
    assert "late" not in shown


def test_an_unblinding_may_be_for_one_pair_only(run: Run, three: list[str]) -> None:
    all_vote(run, "ann", three[:1], ["include"], "--note", "of ann")
    all_vote(run, "bob", three[:1], ["include"], "--note", "of bob")
    run("reviewer", "add", "carol")
    all_vote(run, "carol", three[1:2], ["exclude"], "--note", "of carol")

    opened = run("unblind", "--round", "title-abstract", "--by", "ann", "--pair", "ann", "--pair", "carol")

    assert opened.stdout.count("\n") == 1
    assert "of carol" in run("log", "--reviewer", "ann").stdout
    assert "of bob" not in run("log", "--reviewer", "carol").stdout
    assert run("conflicts", "--stage", "full-text").exit_code == 6
    assert run("unblind", "--round", "title-abstract", "--by", "ann", "--pair", "ann").exit_code == 3


def test_full_text_stays_closed_while_title_abstract_lacks_votes(run: Run, three: list[str]) -> None:
    all_vote(run, "ann", three, ["include", "include", "exclude"])
    all_vote(run, "bob", three[:1], ["include"])
    run("unblind", "--round", "title-abstract", "--by", "ann")
    run("fulltext", "retrieved", "--all", "--by", "ann")
    for name in ("ann", "bob"):
        assert vote(run, name, three[0], "include", "--stage", "full-text").exit_code == 0

    assert run("conflicts", "--stage", "full-text").exit_code == 6


def test_conflicts_between_the_stages_shows_the_open_one(run: Run, three: list[str]) -> None:
    all_vote(run, "ann", three, ["include", "include", "exclude"])
    all_vote(run, "bob", three, ["include", "exclude", "exclude"])

    result = run("conflicts")

    assert result.exit_code == 0
    assert three[1] in result.stdout
    assert run("agreement").exit_code == 0


def test_reports_of_other_methods_do_not_wait_for_a_round_that_is_not_theirs(
    run: Run, review: Review, three: list[str]
) -> None:
    (cited,) = bring_in(review, [a_record(7)], database="Reference list", kind=Kind.CITATION)
    all_vote(run, "bob", three, ["include", "exclude", "include"])

    listed = run("fulltext")
    marked = run("fulltext", "retrieved", cited, "--by", "ann")
    judged = vote(run, "ann", cited, "exclude", "--reason", "review", "--stage", "full-text")

    assert (listed.exit_code, marked.exit_code, judged.exit_code) == (0, 0, 0)
    assert three[0] not in listed.stdout
    assert run("conflicts", "--stage", "full-text").exit_code == 6


def test_the_log_never_holds_open_votes_in_its_json(run: Run, three: list[str]) -> None:
    all_vote(run, "bob", three, ["include", "exclude", "unsure"], "--note", "secret")

    shown = json.loads(run("log", "--json").stdout)

    assert shown["hidden"] == 3
    assert "secret" not in json.dumps(shown["lines"])


# --- what a merge, a toggle or a late reviewer must not undo -------------------------------------------


def test_votes_seen_through_a_merge_stay_after_the_split(
    run: Run, run_json: Callable[..., Any], review: Review
) -> None:
    """Merged, the report has both votes and may be seen; split again, neither vote may follow what was seen."""
    one, other = bring_in(review, [a_record(1), a_record(2)])
    vote(run, "ann", one, "include")
    vote(run, "bob", other, "exclude")
    run("duplicates", "merge", one, other, "--by", "bob", "--yes")
    run("duplicates", "split", one, other, "--by", "bob", "--yes")

    changed = vote(run, "ann", one, "exclude", "--change", "--note", "saw")
    late = vote(run, "bob", one, "exclude")

    assert (changed.exit_code, late.exit_code) == (6, 0)
    (figures, *_) = run_json("agreement", "--stage", "title-abstract")
    assert figures["figures"]["n"] == 0


def test_a_new_record_merged_into_a_revealed_one_is_not_revealed_with_it(run: Run, review: Review) -> None:
    keys = bring_in(review, [a_record(1), a_record(2)])
    for name in ("ann", "bob"):
        all_vote(run, name, keys, ["include", "include"])
    run("reviewer", "add", "carol")
    protocol = run("protocol", "show").stdout
    Path("three.toml").write_text(protocol.replace("reviewers = 2", "reviewers = 3", 1), encoding="utf-8")
    run("protocol", "load", "three.toml")
    (late,) = bring_in(review, [a_record(3)], database="Embase")
    vote(run, "ann", late, "exclude", "--note", "secret")

    run("duplicates", "merge", keys[0], late, "--by", "bob")

    assert "secret" not in run("log").output
    assert "secret" not in run("conflicts", "--json").output


def test_an_unblinded_vote_does_not_become_free_by_a_merge(run: Run, review: Review) -> None:
    one, _ = bring_in(review, [a_record(1), a_record(2)])
    vote(run, "ann", one, "include")
    vote(run, "bob", one, "exclude")
    run("unblind", "--round", "title-abstract", "--by", "ann")
    (late,) = bring_in(review, [a_record(3)], database="Embase")
    run("duplicates", "merge", one, late, "--by", "ann")

    changed = vote(run, "ann", one, "exclude", "--change", "--note", "saw")

    assert changed.exit_code == 6


def test_an_unblinding_does_not_reveal_to_reviewers_who_are_yet_to_come(run: Run, review: Review) -> None:
    protocol = run("protocol", "show").stdout
    Path("three.toml").write_text(protocol.replace("reviewers = 2", "reviewers = 3"), encoding="utf-8")
    run("protocol", "load", "three.toml")
    one, _ = bring_in(review, [a_record(1), a_record(2)])
    vote(run, "ann", one, "include", "--note", "of ann")
    vote(run, "bob", one, "exclude", "--note", "of bob")
    run("unblind", "--round", "title-abstract", "--by", "ann")

    assert "of bob" in run("log", "--reviewer", "ann").stdout
    assert "of ann" not in run("log").stdout
    assert run("conflicts").exit_code == 6


def test_leaving_other_methods_unscreened_does_not_reveal_their_votes(run: Run, review: Review) -> None:
    protocol = run("protocol", "show").stdout
    Path("with.toml").write_text(
        protocol.replace("screen_other_methods = false", "screen_other_methods = true"), encoding="utf-8"
    )
    Path("without.toml").write_text(protocol + "\n# without\n", encoding="utf-8")
    run("protocol", "load", "with.toml")
    (found,) = bring_in(review, [a_record(1)])
    (cited,) = bring_in(review, [a_record(2)], database="List", kind=Kind.CITATION)
    for name in ("ann", "bob"):
        vote(run, name, found, "include")
    vote(run, "ann", cited, "exclude", "--note", "secret")

    run("protocol", "load", "without.toml")

    assert "secret" not in run("log").stdout
    assert run("conflicts", "--stage", "title-abstract").exit_code == 0


def test_a_protocol_change_lists_no_open_vote(run: Run, review: Review) -> None:
    keys = bring_in(review, [a_record(1), a_record(2)])
    for name in ("ann", "bob"):
        all_vote(run, name, keys, ["include", "include"])
    run("dedupe")
    run("fulltext", "retrieved", "--all", "--by", "ann")
    for name in ("ann", "bob"):
        vote(run, name, keys[0], "include", "--stage", "full-text")
    vote(run, "ann", keys[1], "exclude", "--reason", "review", "--stage", "full-text")
    run(
        "resolve", "--by", "ann", "--by", "bob", "--record", keys[1], "--verdict", "exclude", "--note", "oops"
    )
    protocol = run("protocol", "show").stdout
    Path("p.toml").write_text(protocol.replace('label = "Review, ', 'label = "A review, '), encoding="utf-8")

    loaded = run("protocol", "load", "p.toml")

    assert "Decisions to look at again, as far as rounds are open: 0" in loaded.stdout
    assert "Decisions of rounds that are blind are not among them" in loaded.stdout
    assert "exclude (review)" not in loaded.stdout + run("protocol", "diff", "--all").stdout


def test_a_complete_full_text_round_is_noted_whatever_title_abstract_excluded(
    run: Run, review: Review
) -> None:
    """A citation record, retrieved as such, turns out to be a database record that both excluded."""
    (cited,) = bring_in(review, [a_record(1)], database="List", kind=Kind.CITATION)
    out, kept = bring_in(review, [a_record(2), a_record(3)])
    for name in ("ann", "bob"):
        all_vote(run, name, [out, kept], ["exclude", "include"])
    run("fulltext", "retrieved", "--all", "--by", "ann")
    run("duplicates", "merge", cited, out, "--by", "ann", "--yes")
    for name in ("ann", "bob"):
        vote(run, name, kept, "include", "--stage", "full-text")

    run("reviewer", "add", "zoe", "--role", "adjudicator")

    assert "stage full-text open" in run("log").stdout


def test_votes_of_a_third_reviewer_after_the_opening_are_no_independent_ones(
    run: Run, run_json: Callable[..., Any], three: list[str]
) -> None:
    for name in ("ann", "bob"):
        all_vote(run, name, three, ["include"] * 3)
    protocol = run("protocol", "show").stdout
    Path("three.toml").write_text(protocol.replace("reviewers = 2", "reviewers = 3"), encoding="utf-8")
    run("protocol", "load", "three.toml")
    all_vote(run, "carl", three, ["include"] * 3)

    counted = {
        (one["reviewer"], one["other_reviewer"]): one["figures"]["n"]
        for one in run_json("agreement", "--stage", "title-abstract")
    }

    assert counted == {("ann", "bob"): 3, ("ann", "carl"): 0, ("bob", "carl"): 0}


def test_check_finds_an_opening_whose_records_were_added_to(
    run: Run, review: Review, three: list[str]
) -> None:
    for name in ("ann", "bob"):
        all_vote(run, name, three, ["include"] * 3)
    (late,) = bring_in(review, [a_record(9)], database="Embase")
    assert run("check").exit_code == 0
    (opening,) = review.db.execute("select log_id from round_openings").fetchone()
    review.db.execute("insert into revealed_records values (?, ?)", [opening, late])

    assert "not over the records that were logged" in run("check").stdout


def test_a_record_split_off_after_the_opening_is_judged_blind(run: Run, review: Review) -> None:
    """Wrongly merged, never judged itself: nobody has seen anything of it."""
    one, other = bring_in(review, [a_record(1), a_record(2)])
    run("duplicates", "merge", one, other, "--by", "ann", "--yes")
    for name in ("ann", "bob"):
        vote(run, name, one, "include")
    assert run("conflicts", "--stage", "title-abstract").exit_code == 0
    run("duplicates", "split", one, other, "--by", "ann", "--yes")

    vote(run, "ann", other, "exclude", "--note", "secret")

    assert "secret" not in run("log").stdout
    assert vote(run, "ann", other, "include", "--change", "--note", "misread").exit_code == 0
