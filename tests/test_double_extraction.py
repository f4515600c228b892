"""Two extractors compared and settled, how far they agreed, one who checks another, and what `status` says of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from extraction_reviews import HORNUNG, PAIK, a_review, by_both, done, enter, protocol_with
from iimscreen import extracted, team
from iimscreen.errors import InputError, ProtocolError
from iimscreen.extracting import Given, Seat
from iimscreen.fulltext import attaching
from iimscreen.fulltext.files import Incoming
from iimscreen.store import Review, extraction_resolutions, open_review, reviewers, studies

Run = Callable[..., Result]
RunJson = Callable[..., Any]


@pytest.fixture
def review() -> Iterator[Review]:
    with a_review() as opened:
        yield opened


@pytest.fixture
def differing(review: Review) -> Review:
    """Two patients by ann, three by bob in another order; dose and sex differ, and so does the country's spelling."""
    Seat(review, "ann").take([Given("", PAIK, "P1", "ferritin", "500 ng/mL", quote="ferritin 500", page="3")])
    by_both(
        review,
        {"country": "Italy", "P1 label": "1", "P1 age": "40", "P1 sex": "female"}
        | {"P2 label": "2", "P2 age": "61", "T1 of": "P2", "T1 drug": "TOF", "T1 dose": "5 mg"},
        {"country": "italy.", "P1 label": "2", "P1 age": "61", "P2 label": "1", "P2 age": "41"}
        | {"P2 sex": "male", "P2 ferritin": "5000 ng/mL", "P3 label": "3", "T9 of": "P1", "T9 drug": "TOF"},
    )
    return review


def left(run_json: RunJson, study: str = PAIK) -> list[str]:
    """What is to be resolved: fields by row, and rows alone."""
    found = run_json("extract", "compare", study)
    return [f"{one['row']} {one['field']}".strip() for one in found["conflicts"]] + [
        ":".join(*one["rows"].items()) for one in found["alone"]
    ]


def final(review: Review, row: str, field: str) -> str:
    """What stands in a cell, as people read it."""
    (data,) = (one for one in extracted.data(review) if one.study == PAIK)
    return next((each.text(field) for each in data.rows if each.row == row), "no such row")


def resolve(run: Run, *words: str) -> Result:
    return run("extract", "resolve", PAIK, "--by", "ann", "--by", "bob", *words)


# --- compare ---------------------------------------------------------------------------------------


def test_compare_shows_what_differs_with_both_quotes_and_counts_what_is_equal(
    run: Run, run_json: RunJson, differing: Review
) -> None:
    shown = run("extract", "compare", PAIK, "--equal").stdout

    assert "ann: 500 ng/mL “ferritin 500” (3)" in shown
    assert "bob: 5000 ng/mL" in shown
    assert "ferritin of P1 (ann P1, bob P2)" in shown
    assert "counted as the same: country: 'Italy' and 'italy.'" in shown
    assert left(run_json) == ["P1 sex", "P1 ferritin", "T1 dose", "bob:P3"]
    assert run_json("extract", "compare", PAIK)["equal"] == 7
    assert differing.path.exists()


def test_compare_without_a_study_sums_up_all_that_are_open(
    run: Run, run_json: RunJson, differing: Review
) -> None:
    found = run_json("extract", "compare")

    assert [one["study"] for one in found["studies"]] == [PAIK]
    assert found["closed"] == 1
    assert "1 study closed to view" in run("extract", "compare").stdout
    assert differing.path.exists()


def test_compare_refuses_a_closed_study_and_says_who_is_done(run: Run, review: Review) -> None:
    enter(review, "ann", {"design": "trial"})
    enter(review, "bob", {"design": "trial"})
    done(review, "ann")

    for words in (("compare",), ("show",), ("resolve", "--by", "ann")):
        refused = run("extract", words[0], PAIK, *words[1:])

        assert refused.exit_code == 6
        assert "(done: ann)" in refused.stderr


# --- resolve ---------------------------------------------------------------------------------------


def test_one_or_the_other_or_a_third_value_stands_and_what_both_gave_stays(
    run: Run, run_json: RunJson, differing: Review
) -> None:
    taken = resolve(run, "--row", "P1", "--field", "sex", "--take", "ann")
    other = resolve(run, "--row", "bob:P2", "--field", "ferritin", "--take", "bob")
    third = resolve(run, "--row", "T1", "--field", "dose", "--value", "10 mg", "--reason", "table 2")

    assert (taken.exit_code, other.exit_code, third.exit_code) == (0, 0, 0)
    assert [final(differing, *place) for place in (("P1", "sex"), ("P1", "ferritin"), ("T1", "dose"))] == [
        "female",
        "5000 ng/mL",
        "10 mg",
    ]
    assert left(run_json) == ["bob:P3"]
    own = Seat(differing, "ann").own([PAIK])
    assert str(own[PAIK, "P1", "ferritin"].value) == "500 ng/mL"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ("--row", "P1", "--field", "sex", "--value", "x", "--reason", "y"),
            3,
            "expected one of female, male",
        ),
        (("--row", "P1", "--field", "sex", "--value", "male"), 6, "say why with --reason"),
        (("--row", "P1", "--field", "age", "--take", "bob"), 6, "not in conflict"),
        (("--row", "P1", "--field", "sex", "--take", "eve"), 3, "did not extract"),
        (("--row", "P7", "--field", "sex", "--take", "ann"), 3, "there is no row 'P7'"),
        (("--row", "P1", "--field", "dose", "--take", "ann"), 3, "dose is a field of treatment"),
        (("--row", "P3", "--field", "label", "--take", "bob"), 6, "does not stand"),
        (("--row", "P3", "--take", "drop"), 6, "say why with --reason"),
        (("--row", "P1", "--field", "sex"), 3, "nothing to stand is given"),
        (("--pair", "ann:P1=bob:T9"), 3, "two levels"),
        (("--pair", "ann:P1"), 3, "names one row"),
        (("--alone", "P1"), 3, "whose row"),
        (("--row", "P1", "--field", "sex", "--take", "withdraw"), 6, "no final word stands"),
    ],
)
def test_a_word_that_cannot_stand_is_refused_and_nothing_is_stored(
    run: Run, run_json: RunJson, differing: Review, words: tuple[str, ...], code: int, told: str
) -> None:
    before = left(run_json)

    refused = resolve(run, *words)

    assert refused.exit_code == code, refused.output
    assert told in refused.stderr
    assert left(run_json) == before
    assert extraction_resolutions.resolutions(differing, "data") == {}


def test_a_final_word_holds_until_one_of_both_says_something_else(
    run: Run, run_json: RunJson, differing: Review
) -> None:
    resolve(run, "--row", "P1", "--field", "sex", "--take", "ann")
    Seat(differing, "bob").reopen(PAIK)
    enter(differing, "bob", {"P2 age": "40"})
    assert "P1 sex" not in left(run_json)

    enter(differing, "bob", {"P2 sex": "NR"})

    assert "P1 sex" in left(run_json)
    assert final(differing, "P1", "sex") == ""
    assert "settled as female by consensus" in run("extract", "compare", PAIK).stdout


def test_a_final_word_is_replaced_or_withdrawn(run: Run, run_json: RunJson, differing: Review) -> None:
    resolve(run, "--row", "P1", "--field", "sex", "--take", "ann")
    changed = resolve(run, "--row", "P1", "--field", "sex", "--take", "bob", "--reason", "seen again")
    assert (changed.exit_code, final(differing, "P1", "sex")) == (0, "male")

    withdrawn = resolve(run, "--row", "P1", "--field", "sex", "--take", "withdraw")

    assert withdrawn.exit_code == 0
    assert "P1 sex" in left(run_json)


def test_a_row_that_one_has_is_kept_dropped_or_paired(run: Run, run_json: RunJson, differing: Review) -> None:
    assert final(differing, "P3", "label") == "no such row"
    resolve(run, "--row", "bob:P3", "--take", "keep")
    assert (final(differing, "P3", "label"), "bob:P3" in left(run_json)) == ("3", False)

    resolve(run, "--row", "P3", "--take", "drop", "--reason", "juvenile")
    assert (final(differing, "P3", "label"), "bob:P3" in left(run_json)) == ("no such row", False)

    paired = resolve(run, "--pair", "ann:P1=bob:P3")
    assert paired.exit_code == 0
    assert "P1 label" in left(run_json)
    assert "bob:P2" in left(run_json)

    resolve(run, "--unpair", "ann:P1")
    assert "P1 label" not in left(run_json)


def test_a_row_left_alone_on_purpose_meets_no_other(run: Run, run_json: RunJson, differing: Review) -> None:
    resolve(run, "--alone", "ann:P1")

    assert {"ann:P1", "bob:P2"} <= set(left(run_json))
    assert "alone, on purpose" in run("extract", "compare", PAIK).stdout
    assert final(differing, "P1", "age") == "no such row"


def test_a_conflict_that_a_final_word_makes_moot_is_none(run: Run, run_json: RunJson, review: Review) -> None:
    by_both(review, {"design": "trial", "phase": "2"}, {})
    assert left(run_json) == ["design", "phase"]

    resolve(run, "--field", "design", "--take", "bob")

    assert left(run_json) == []


def test_the_comparison_filled_in_as_a_csv_settles_all_or_nothing(
    run: Run, run_json: RunJson, differing: Review
) -> None:
    lines = list(csv.DictReader(io.StringIO(run("extract", "compare", "--csv").stdout)))
    for line in lines:
        line["take"] = "keep" if line["state"] == "row alone" else "ann"
    lines[1] |= {"take": "", "value": "=1+1"}
    wrong, right = Path("wrong.csv"), Path("right.csv")
    for path in (wrong, right):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, lines[0])
            writer.writeheader()
            writer.writerows(lines)
        lines[1] |= {"value": "700 ng/mL", "reason": "table 1"}

    refused = run("extract", "resolve", "--by", "ann", "--by", "bob", "--from", wrong)
    assert (refused.exit_code, len(left(run_json))) == (3, 4)
    assert "wrong.csv, line 3: ferritin is '=1+1'" in refused.stderr

    taken = run("extract", "resolve", "--by", "ann", "--by", "bob", "--from", right)

    assert taken.exit_code == 0, taken.output
    assert left(run_json) == []
    assert final(differing, "P1", "ferritin") == "700 ng/mL"


def test_the_loop_asks_one_after_another_and_saves_each_answer(
    run: Run, run_json: RunJson, differing: Review
) -> None:
    typed = "k\na\nt\n650 ng/mL\ntable 2\nx\ns\n"

    result = run("extract", "resolve", PAIK, "--by", "ann", "--by", "bob", typed=typed)

    assert result.exit_code == 0
    assert "'x' is no answer here" in result.stdout
    assert "3 differences settled" in result.stdout
    assert left(run_json) == ["T1 dose"]
    assert final(differing, "P1", "ferritin") == "650 ng/mL"


def test_the_loop_pairs_rows_and_ends_where_the_input_does(
    run: Run, run_json: RunJson, review: Review
) -> None:
    by_both(review, {"P1 label": "the girl"}, {"P4 label": "case one"})

    result = run("extract", "resolve", PAIK, "--by", "ann", "--by", "bob", typed="p\nbob:P9\np\nbob:P4\n")

    assert "there is no row" in result.stdout
    assert left(run_json) == ["P1 label"]


def test_who_settles_is_reported_as_they_are(run: Run, run_json: RunJson, differing: Review) -> None:
    run("reviewer", "add", "dan", "--role", "adjudicator")

    def manner(*by: str) -> str:
        names = [word for name in by for word in ("--by", name)]
        reason = ("--reason", "so it is")
        result = run(
            "extract", "resolve", PAIK, *names, "--row", "P1", "--field", "sex", "--take", "ann", *reason
        )
        if result.exit_code:
            return result.stderr
        (found,) = (one for one in run_json("extract", "compare", PAIK)["resolved"] if one["field"] == "sex")
        return str(found["resolution"]["manner"])

    assert (manner("dan"), manner("ann", "bob"), manner("bob")) == ("adjudication", "consensus", "one person")
    assert "no reviewer is called 'eve'" in manner("eve")
    assert differing.path.exists()


# --- agreement -------------------------------------------------------------------------------------


def test_agreement_is_on_what_was_given_blindly_and_the_worst_field_comes_first(
    run: Run, run_json: RunJson, differing: Review
) -> None:
    (before,) = run_json("extract", "agreement")["pairs"]
    Seat(differing, "bob").reopen(PAIK)
    enter(differing, "bob", {"P2 sex": "female", "P2 ferritin": "500 ng/mL"})
    resolve(run, "--row", "T1", "--field", "dose", "--take", "ann")

    (after,) = run_json("extract", "agreement")["pairs"]

    assert after == before
    shares = [one["share"] for one in after["fields"]]
    assert shares == sorted(shares)
    fields = {one["field"]: one for one in after["fields"]}
    assert (fields["age"]["n"], fields["age"]["same"], fields["age"]["exact"]) == (2, 2, 1)
    assert (fields["dose"]["n"], fields["dose"]["same"], fields["dose"]["one_empty"]) == (1, 0, 1)
    assert fields["sex"]["categories"] == ["female", "male"]
    assert after["rows"][0] == {"level": "group", "both": 2, "only_extractor": 0, "only_other": 1}


def test_kappa_takes_codes_and_empty_cells_as_categories(run_json: RunJson, review: Review) -> None:
    sexes = (("female", "female"), ("male", "male"), ("NR", "NR"), ("female", ""), ("male", "NR"))
    ann = {f"P{n} label": str(n) for n in range(1, 6)} | {
        f"P{n} sex": one for n, (one, _) in enumerate(sexes, 1)
    }
    bob = {f"P{n} label": str(n) for n in range(1, 6)} | {
        f"P{n} sex": other for n, (_, other) in enumerate(sexes, 1) if other
    }
    by_both(review, ann, bob)

    (pair,) = run_json("extract", "agreement")["pairs"]

    (sex,) = (one for one in pair["fields"] if one["field"] == "sex")
    assert sex["categories"] == ["female", "male", "(empty)", "NR"]
    assert sex["table"] == [[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1]]
    # observed 3/5; expected (2*1 + 2*1 + 0*1 + 1*2) / 25
    assert sex["kappa"] == pytest.approx((3 / 5 - 6 / 25) / (1 - 6 / 25))


def test_agreement_counts_closed_studies_and_shows_nothing_of_them(run: Run, review: Review) -> None:
    enter(review, "ann", {"design": "trial"})
    done(review, "ann")

    shown = run("extract", "agreement")

    assert (shown.exit_code, "2 studies closed to view" in shown.stdout) == (0, True)
    assert "not estimable" in shown.stdout


# --- one who checks another ------------------------------------------------------------------------


@pytest.fixture
def checking() -> Iterator[Review]:
    with a_review("checked") as opened:
        enter(
            opened,
            "ann",
            {"design": "case report", "P1 label": "1", "P1 age": "40"} | {"T1 of": "P1", "T1 dose": "5"},
        )
        done(opened, "ann")
        yield opened


def test_who_checks_sees_the_values_enters_what_differs_and_signs(
    run: Run, run_json: RunJson, checking: Review
) -> None:
    seen = run("extract", "show", PAIK, "--reviewer", "bob").stdout
    assert ("age: 40" in seen, "To check: values of ann" in seen) == (True, True)
    assert run("extract", "set", PAIK, "dose", "5 mg", "--row", "T1", "--reviewer", "bob").exit_code == 0

    signed = run("extract", "done", PAIK, "--reviewer", "bob")

    assert "checked by bob" in signed.stdout
    assert left(run_json) == ["T1 dose"]
    (data,) = (one for one in extracted.data(checking) if one.study == PAIK)
    cell = data.at("group")[0].cells["age"]
    assert (cell.settled, cell.names) == ("checked", ("ann", "bob"))
    assert "by one extractor and checked by another (1 study)" in run("extract", "status").stdout


def test_a_value_that_is_not_checked_says_so(run: Run, checking: Review) -> None:
    (data,) = (one for one in extracted.data(checking) if one.study == PAIK)

    assert data.at("group")[0].cells["age"].settled == "given"
    assert "Paik 2017 is extracted by ann, and not checked yet" in data.missing
    assert "by one extractor alone (1 study)" in run("extract", "status").stdout


def test_a_check_of_what_was_changed_since_is_none(run: Run, checking: Review) -> None:
    done(checking, "bob")
    Seat(checking, "ann").reopen(PAIK)
    enter(checking, "ann", {"P1 age": "44"})
    done(checking, "ann")

    (data,) = (one for one in extracted.data(checking) if one.study == PAIK)

    assert "bob checked Paik 2017 before ann was last done with it" in data.missing
    assert data.at("group")[0].cells["age"].settled == "given"
    assert run("extract", "agreement").exit_code == 0


def test_a_row_that_only_the_checker_has_waits_for_a_word(
    run: Run, run_json: RunJson, checking: Review
) -> None:
    enter(checking, "bob", {"P2 label": "2"})
    done(checking, "bob")

    assert left(run_json) == ["bob:P2"]
    assert resolve(run, "--row", "P2", "--take", "keep").exit_code == 0
    assert final(checking, "P2", "label") == "2"


# --- status ----------------------------------------------------------------------------------------


def test_status_tells_who_is_done_what_is_left_and_how_it_was_done(
    run: Run, run_json: RunJson, differing: Review
) -> None:
    enter(differing, "ann", {"country": "Spain"}, HORNUNG)

    shown = run_json("extract", "status", "--reviewer", "ann")

    paik, hornung = shown["studies"]
    assert (paik["done"], paik["manner"], paik["conflicts"]) == (["ann", "bob"], "double", 4)
    assert (hornung["done"], hornung["needed"], hornung["conflicts"]) == ([], 2, None)
    assert [(one["study"], one["given"]) for one in shown["left"]] == [(HORNUNG, 1)]
    assert "lacks design" in shown["left"][0]["missing"][0]
    assert shown["sentence"] == (
        "Data were extracted by two extractors independently (1 study); 1 study not done yet."
    )
    assert shown["next_command"] == "iimscreen extract resolve 'Paik 2017' --by ann --by bob"
    assert "extract sheet" not in run("extract", "status").stdout


def test_double_extraction_is_told_by_the_log_and_not_by_the_plan(run: Run, run_json: RunJson) -> None:
    with a_review("single") as review:
        enter(review, "ann", {"design": "trial"})
        done(review, "ann")
        assert run("protocol", "load", protocol_with("double")).exit_code == 0
        enter(review, "bob", {"design": "trial"})
        done(review, "bob")

    shown = run_json("extract", "status")

    assert "of whom the second could see the first's values (1 study)" in shown["sentence"]
    assert run_json("extract", "agreement")["pairs"] == []


def test_a_mode_that_would_show_what_is_being_entered_is_refused(run: Run, review: Review) -> None:
    enter(review, "ann", {"design": "trial"})
    enter(review, "bob", {"design": "case report"})
    done(review, "ann")

    refused = run("protocol", "load", protocol_with("checked"))

    assert refused.exit_code == 6
    assert "would show" in refused.stderr
    assert run("extract", "compare", PAIK).exit_code == 6


# --- check -----------------------------------------------------------------------------------------


def test_check_finds_nothing_in_sound_data(run: Run, differing: Review) -> None:
    resolve(run, "--row", "bob:P3", "--take", "keep")

    checked = run("check")

    assert (checked.exit_code, differing.path.exists()) == (0, True), checked.output


def test_check_finds_words_on_rows_that_there_never_were(run: Run, differing: Review) -> None:
    with differing.writing():
        extraction_resolutions.pair(differing, PAIK, "data", {"ann": "P8", "bob": "P1"}, by="ann")

    checked = run("check")

    assert checked.exit_code == 6
    assert "names row P8 of ann" in checked.output


# --- another mode, and those who have begun ---------------------------------------------------------


@pytest.mark.parametrize("mode", ["single", "checked"])
def test_two_who_have_begun_go_on_after_another_mode_is_loaded(
    run: Run, run_json: RunJson, mode: str
) -> None:
    with a_review() as review:
        enter(review, "ann", {"design": "case report"})
        enter(review, "bob", {"design": "trial"})
    assert run("protocol", "load", protocol_with(mode)).exit_code == 0

    with open_review(Path("review.db")) as review:
        enter(review, "ann", {"country": "Spain"})
        done(review, "ann")
        enter(review, "bob", {"country": "Spain"})
        done(review, "bob")

    shown = run_json("extract", "status")
    assert shown["studies"][0]["done"] == ["ann", "bob"]
    assert "independently" not in shown["sentence"], "bob could see ann's values before he was done"


def test_who_emptied_all_that_they_entered_leaves_the_study_to_another() -> None:
    with a_review() as review:
        enter(review, "ann", {"design": "trial"})
        enter(review, "bob", {"design": "trial"})
        team.add_reviewer(review, "cyd", reviewers.REVIEWER)
        enter(review, "bob", {"design": ""})

        enter(review, "cyd", {"design": "case report"})

        with pytest.raises(ProtocolError, match="has 2 extractors already"):
            enter(review, "bob", {"design": "trial"})


# --- a third value's quote --------------------------------------------------------------------------


def test_the_quote_of_a_third_value_is_held_against_the_text(run: Run, review: Review) -> None:
    (key,) = bring_in(review, [a_record(1)])
    text = Incoming.of("a.txt", b"Ferritin was 512 ng/mL in the only patient.", Path("a.txt"))
    Path("a.txt").write_bytes(text.data)
    with review.writing():
        studies.add_links(review, PAIK, [key], "linked", by="ann")
        attaching.add(review, key, [text], by="ann", origin="attached")
    by_both(
        review, {"P1 label": "1", "P1 ferritin": "500 ng/mL"}, {"P1 label": "1", "P1 ferritin": "5 ng/mL"}
    )

    def settle(*words: str) -> Result:
        third = ("extract", "resolve", PAIK, "--by", "ann", "--row", "P1", "--field", "ferritin")
        return run(*third, "--reason", "read again", *words)

    not_there = settle("--value", "512 ng/mL", "--quote", "ferritin rose to 512 ng/mL within a year")
    other_number = settle("--value", "513 ng/mL", "--quote", "Ferritin was 512 ng/mL")
    not_third = settle("--take", "ann", "--quote", "Ferritin was 512 ng/mL")
    refused = [result.exit_code for result in (not_there, other_number, not_third)]

    assert refused == [3, 3, 3]
    assert "is not in the text" in not_there.output
    assert "513" in other_number.output
    assert "belongs to a third value" in not_third.output
    assert settle("--value", "513 ng/mL", "--quote", "Ferritin was 512", "--unchecked").exit_code == 0
    assert settle("--value", "512 ng/mL", "--quote", "Ferritin was 512 ng/mL", "--report", key).exit_code == 0
    (_, group) = extracted.data(review)[0].rows
    assert (group.cells["ferritin"].quote, group.cells["ferritin"].report) == ("Ferritin was 512 ng/mL", key)


# --- one who checks ---------------------------------------------------------------------------------


def test_a_number_that_a_check_corrects_is_in_conflict_though_within_the_tolerance(run_json: RunJson) -> None:
    with a_review("checked") as review:
        enter(review, "ann", {"design": "trial", "P1 label": "1", "P1 age": "40"})
        done(review, "ann")
        enter(review, "bob", {"P1 age": "41"})
        done(review, "bob")

    assert left(run_json) == ["P1 age"]


def test_a_check_that_empties_a_value_is_refused_as_nothing_would_come_of_it() -> None:
    with a_review("checked") as review:
        enter(review, "ann", {"design": "trial", "phase": "2"})
        done(review, "ann")

        with pytest.raises(
            InputError, match="phase of Paik 2017 is '2' by ann, and stays so if nothing is said"
        ):
            enter(review, "bob", {"phase": ""})
        enter(review, "bob", {"phase": "3"})
        enter(review, "bob", {"phase": ""})

        assert done(review, "bob") == "checked"


def test_who_checked_signs_again_after_the_extractor_has_changed_it(run: Run, run_json: RunJson) -> None:
    with a_review("checked") as review:
        enter(review, "ann", {"design": "trial"})
        done(review, "ann")
        done(review, "bob")
        Seat(review, "ann").reopen(PAIK)
        enter(review, "ann", {"phase": "2"})
        done(review, "ann")
    assert (
        run_json("extract", "status")["next_command"]
        == "iimscreen extract sheet --study 'Paik 2017' --reviewer bob"
    )

    assert "checked by bob" in run("extract", "done", PAIK, "--reviewer", "bob").output
    assert run_json("extract", "status")["studies"][0]["manner"] == "checked"
    assert run("extract", "done", PAIK, "--reviewer", "bob").exit_code == 6, "nothing has changed since"
