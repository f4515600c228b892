"""After a change of the form: what is to be looked at again, by whom, and what takes it off the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from iimscreen import review_protocol
from iimscreen.consensus.resolving import Table
from iimscreen.consensus.resolving import Word as Settled
from iimscreen.errors import InputError, ProtocolError
from iimscreen.extracting import Given, Seat
from iimscreen.revisiting import LACKING, confirm, to_revisit
from iimscreen.store import Review, log, open_review, studies
from iimscreen.store.extraction_gate import ExtractionGate

FORM = """
[extraction]
mode = "double"

[[extraction.level]]
name = "group"
title = "Patient or group"
letter = "P"

[[extraction.field]]
name = "design"
title = "Design"
type = "choice"
choices = ["case report", "trial"]
required = true

[[extraction.field]]
level = "group"
name = "age"
title = "Age"
type = "number"
least = 0
most = 120
"""
YEAR = """
[[extraction.field]]
name = "year"
title = "Year"
type = "integer"
required = true
"""
STUDY = "Paik 2017"


def load(review: Review, form: str) -> None:
    """Make the bundled protocol with this form the one in force."""
    review_protocol.load(review, protocol_with(form))


def protocol_with(form: str) -> Path:
    """The bundled protocol with another form, as a file in the test's folder."""
    text = review_protocol.bundled().read_text(encoding="utf-8").split("\n[extraction]")[0]
    path = Path("with_form.toml")
    path.write_text(text + "\n" + form, encoding="utf-8")
    return path


@pytest.fixture
def review() -> Iterator[Review]:
    """A review with that form and two studies."""
    review_protocol.create(Path("review.db"), protocol_with(FORM))
    with open_review(Path("review.db")) as opened:
        with opened.writing():
            for name in (STUDY, "Hornung 2014"):
                studies.add(opened, name, by="ann")
        yield opened


def enter(review: Review, name: str, study: str = STUDY, age: str = "44") -> None:
    """One person's values of a study, and that they are done with it."""
    seat = Seat(review, name)
    seat.take([Given("", study, "", "design", "trial"), Given("", study, "P1", "age", age)])
    seat.done(study)


def pairs(review: Review, reviewer: str | None = None) -> set[tuple[str, str]]:
    """The (study, field) pairs to look at again."""
    return {(one.study, one.field) for one in to_revisit(review, reviewer=reviewer).found}


def test_nothing_is_looked_at_again_while_the_form_is_the_same(review: Review) -> None:
    enter(review, "ann")
    enter(review, "bob")

    load(review, FORM.replace("# ", "# another comment "))

    assert pairs(review) == pairs(review, "ann") == set()


def test_values_of_a_field_that_was_defined_otherwise_are_listed_with_why(review: Review) -> None:
    enter(review, "ann")
    enter(review, "bob")

    load(review, FORM.replace("most = 120", "most = 40"))

    (one,) = to_revisit(review).found
    assert (one.study, one.field, one.rows, one.names) == (STUDY, "age", ("P1",), ("ann", "bob"))
    assert one.whys == (
        "field age: range from 0 to 120 → from 0 to 40",
        "44 is no longer possible there",
    )


def test_values_of_a_closed_study_are_listed_to_their_giver_only(review: Review) -> None:
    enter(review, "ann")
    load(review, FORM.replace('title = "Age"', 'title = "Age in years"'))

    assert pairs(review, "ann") == {(STUDY, "age")}
    assert pairs(review, "bob") == pairs(review) == set()
    assert to_revisit(review).is_partly_blind


def test_the_same_value_given_anew_leaves_the_list(review: Review) -> None:
    enter(review, "ann")
    load(review, FORM.replace('title = "Age"', 'title = "Age in years"'))
    seat = Seat(review, "ann")
    seat.reopen(STUDY)

    taken = seat.take([Given("", STUDY, "P1", "age", "44"), Given("", STUDY, "", "design", "trial")])

    assert (taken.new, taken.changed, taken.same) == (0, 0, 2)
    assert pairs(review, "ann") == set()


def test_a_form_that_is_as_it_was_again_asks_for_nothing(review: Review) -> None:
    enter(review, "ann")
    load(review, FORM.replace('title = "Age"', 'title = "Age in years"'))

    load(review, FORM)

    assert pairs(review, "ann") == set()


def test_a_newly_required_field_is_listed_for_studies_that_are_finished(review: Review) -> None:
    enter(review, "ann")
    Seat(review, "ann").take([Given("", "Hornung 2014", "", "design", "trial")])

    load(review, FORM + YEAR)

    (one,) = to_revisit(review, reviewer="ann").found
    assert (one.study, one.field, one.whys) == (STUDY, "year", (LACKING,))


def test_confirmed_values_leave_the_list_and_stay_blind(review: Review) -> None:
    enter(review, "ann")
    enter(review, "bob")
    load(review, FORM.replace('title = "Age"', 'title = "Age in years"'))

    assert confirm(review, "ann", STUDY, "age") == 1

    assert {one.names for one in to_revisit(review).found} == {("bob",)}
    gate = ExtractionGate(review, "data", "double")
    assert {(word.by, str(word.value), word.was_open) for word in gate.words() if word.field == "age"} == {
        ("ann", "44", False),
        ("bob", "44", False),
    }
    with pytest.raises(ProtocolError, match="waits to be looked at again"):
        confirm(review, "ann", STUDY)


def test_what_is_no_longer_possible_cannot_be_confirmed(review: Review) -> None:
    enter(review, "ann")
    load(review, FORM.replace("most = 120", "most = 40"))
    before = log.last_id(review)

    with pytest.raises(InputError, match="age of Paik 2017, row P1, is 44, which is no longer possible"):
        confirm(review, "ann", STUDY)

    assert log.last_id(review) == before


def test_values_of_a_field_or_level_that_is_gone_are_kept_and_not_asked_for(review: Review) -> None:
    enter(review, "ann")
    load(review, FORM.split("[[extraction.level]]")[0] + YEAR)
    seat = Seat(review, "ann")

    assert pairs(review, "ann") == {(STUDY, "year")}
    seat.reopen(STUDY)
    seat.take([Given("", STUDY, "", "year", "2017")])
    assert seat.done(STUDY) == "done"
    assert str(seat.own()[STUDY, "P1", "age"].value) == "44"


def test_a_final_word_from_before_is_listed_until_it_is_given_anew(review: Review) -> None:
    enter(review, "ann", age="44")
    enter(review, "bob", age="45")
    Table(review, ["ann", "bob"]).settle(STUDY, Settled(row="P1", field="age", take="ann"))
    load(review, FORM.replace('title = "Age"', 'title = "Age in years"'))
    for name in ("ann", "bob"):
        confirm(review, name, STUDY)

    (one,) = to_revisit(review).found
    assert one.names == ("final word of ann and bob",)
    assert pairs(review, "ann") == {(STUDY, "age")}
    Table(review, ["ann", "bob"]).settle(
        STUDY, Settled(row="P1", field="age", take="ann", reason="holds for the new question, too")
    )

    assert pairs(review) == set()


# --- what a new protocol may not do ----------------------------------------------------------------


def test_a_mode_that_would_show_unfinished_values_is_refused(review: Review) -> None:
    enter(review, "ann")
    Seat(review, "bob").take([Given("", STUDY, "", "design", "case report")])

    with pytest.raises(
        ProtocolError, match="'single' in place of 'double' would show what is entered of Paik"
    ):
        load(review, FORM.replace('"double"', '"single"'))

    enter(review, "bob")
    load(review, FORM.replace('"double"', '"single"'))
    assert review_protocol.in_force(review).extraction == "single"


def test_a_letter_that_rows_have_stays_with_their_level(review: Review) -> None:
    load(review, FORM.replace('letter = "P"', 'letter = "G"'))
    load(review, FORM)
    enter(review, "ann")

    with pytest.raises(ProtocolError, match="rows of group are numbered P1, P2, and its letter is now G"):
        load(review, FORM.replace('letter = "P"', 'letter = "G"'))


def test_a_letter_given_up_by_a_level_is_not_taken_by_another_later(review: Review) -> None:
    enter(review, "ann")
    load(review, FORM.split("[[extraction.level]]")[0] + YEAR)

    with pytest.raises(ProtocolError, match="P is now the letter of arm"):
        load(review, FORM.replace('"group"', '"arm"'))


# --- the command line ------------------------------------------------------------------------------


def test_the_form_s_changes_are_told_when_a_protocol_is_compared_and_loaded(
    review: Review, run: Callable[..., Result]
) -> None:
    path = protocol_with(FORM.replace("most = 120", "most = 110") + YEAR)

    compared, loaded = run("protocol", "diff", path), run("protocol", "load", path)

    for told in (compared, loaded):
        assert "extraction, field year added to study (Year), required" in told.stdout
        assert "extraction, field age: range from 0 to 120 → from 0 to 110" in told.stdout


def test_the_list_is_printed_as_json_and_worked_off(
    review: Review, run: Callable[..., Result], run_json: Callable[..., Any]
) -> None:
    enter(review, "ann")
    enter(review, "bob")
    load(review, FORM.replace('title = "Age"', 'title = "Age in years"'))

    listed = run("extract", "revisit")
    assert f"{STUDY}\n  age (Age in years) in P1: ann, bob\n    because of: " in listed.stdout
    assert "1 field of 1 study to look at again." in listed.stdout
    found = run_json("extract", "revisit", STUDY, "--reviewer", "ann")
    assert [(one["study"], one["field"], one["rows"]) for one in found["revisit"]] == [(STUDY, "age", ["P1"])]
    for name in ("ann", "bob"):
        confirmed = run("extract", "revisit", STUDY, "--reviewer", name, "--confirm")
        assert confirmed.stdout == f"1 value of {STUDY} confirmed by {name}.\n"
    assert run("extract", "revisit").stdout == "Nothing to look at again.\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--confirm",), 3, "--confirm needs a study"),
        (("--field", "age"), 3, "--field stands with --confirm"),
        (("Nobody 2000",), 3, "there is no study 'Nobody 2000'"),
        ((STUDY, "--reviewer", "ann", "--confirm"), 6, "waits to be looked at again"),
        (("--form", "jbi"), 3, "there is no form 'jbi'"),
    ],
)
def test_what_cannot_be_revisited_is_told(
    review: Review, run: Callable[..., Result], words: tuple[str, ...], code: int, told: str
) -> None:
    result = run("extract", "revisit", *words)

    assert result.exit_code == code
    assert told in result.stderr
