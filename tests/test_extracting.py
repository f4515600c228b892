"""The Seat: one person enters values, all or none, checked by the form, closed to the other until both are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import quoting, review_protocol
from iimscreen.errors import InputError, ProtocolError
from iimscreen.extracting import Given, Seat
from iimscreen.fulltext import attaching
from iimscreen.fulltext.files import Incoming
from iimscreen.store import Review, extractions, log, open_review, studies
from iimscreen.store.extraction_gate import ExtractionGate

FORM = """
[extraction]
mode = "double"

[[extraction.level]]
name = "group"
title = "Patient or group"
letter = "P"
key = ["label", "age"]

[[extraction.level]]
name = "treatment"
title = "Treatment"
letter = "T"
of = "group"

[[extraction.field]]
name = "design"
title = "Design"
type = "choice"
choices = ["case report", "trial"]
required = true

[[extraction.field]]
name = "phase"
title = "Phase of the trial"
type = "integer"
least = 1
most = 4
when = { field = "design", is = ["trial"] }

[[extraction.field]]
level = "group"
name = "label"
title = "As the report calls them"
type = "text"
required = true

[[extraction.field]]
level = "group"
name = "age"
title = "Age in years"
type = "integer"
least = 0
most = 120

[[extraction.field]]
level = "group"
name = "ferritin"
title = "Ferritin"
type = "number"
units = ["ng/mL", "µg/L"]

[[extraction.field]]
level = "treatment"
name = "drug"
title = "Drug"
type = "choice"
choices = ["TOF", "BAR"]
required = true
"""


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
            for name in ("Paik 2017", "Hornung 2014"):
                studies.add(opened, name, by="ann")
        yield opened


def given(field: str, text: str | None, row: str = "", study: str = "Paik 2017", **rest: str) -> Given:
    """A cell of the first study, from a place that errors must name."""
    return Given(f"a.csv, line {field}", study, row, field, text, **rest)


def complete(seat: Seat, study: str = "Paik 2017") -> None:
    """Everything that the form requires."""
    seat.take([given("design", "case report", study=study), given("label", "Patient 1", "P1", study)])


def shown(seat: Seat) -> dict[tuple[str, str, str], str]:
    """What this person entered, as people read it."""
    return {place: str(word.value) for place, word in seat.own().items()}


# --- entering --------------------------------------------------------------------------------------


def test_values_are_stored_the_one_way_of_their_kind(review: Review) -> None:
    seat = Seat(review, "ann")

    taken = seat.take(
        [
            given("design", "Case Report"),
            given("label", "Patient 1", "P1"),
            given("ferritin", "1328.0 ng/mL", "P1"),
            given("age", "n.r.", "P1"),
            given("of", "P1", "T1"),
            given("drug", "tof", "T1"),
        ]
    )

    assert (taken.new, taken.changed) == (6, 0)
    assert shown(seat) == {
        ("Paik 2017", "", "design"): "case report",
        ("Paik 2017", "P1", "label"): "Patient 1",
        ("Paik 2017", "P1", "ferritin"): "1328 ng/mL",
        ("Paik 2017", "P1", "age"): "NR",
        ("Paik 2017", "T1", "of"): "P1",
        ("Paik 2017", "T1", "drug"): "TOF",
    }


def test_the_same_given_again_adds_nothing_to_the_log(review: Review) -> None:
    seat = Seat(review, "ann")
    complete(seat)
    before = log.last_id(review)

    taken = seat.take([given("design", "case report"), given("label", "Patient 1", "P1")])

    assert (taken.new, taken.changed, taken.same) == (0, 0, 2)
    assert log.last_id(review) == before


def test_an_emptied_value_leaves_its_past_in_the_log(review: Review) -> None:
    seat = Seat(review, "ann")
    complete(seat)

    taken = seat.take([given("design", "")])

    assert taken.emptied == 1
    assert ("Paik 2017", "", "design") not in shown(seat)
    assert [str(word.value) for word in extractions.history(review, "data") if word.field == "design"] == [
        "case report",
        "None",
    ]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (given("design", "cohort"), "design is 'cohort', expected one of case report, trial"),
        (given("age", "forty", "P1"), "age is 'forty', expected a whole number"),
        (given("age", "140", "P1"), "from 0 to 120"),
        (given("age", "44", ""), "age is a field of group"),
        (given("ferritin", "1328", "P1"), "expected a unit with it: ng/mL, µg/L"),
        (given("ferritin", "3,64 ng/mL", "P1"), "a point for decimals, and no comma"),
        (given("ferritin", "393/288/777", "P1"), "one value a row"),
        (given("drug", "TOF", "T1"), "row T1 of Paik 2017 does not say of which group it is"),
        (given("of", "T2", "T1"), "T1 cannot be of T2"),
        (given("of", "P1", "P2"), "has no row above it"),
        (given("weight", "70", "P1"), "the form data has no field 'weight'"),
        (given("age", "44", "X1"), "'X1' is no row of the form"),
        (given("design", "trial", study="Nobody 2000"), "there is no study 'Nobody 2000'"),
        (given("phase", None), "has a quote or a note, and no value"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_wrong_cell_stores_nothing_and_names_its_place(review: Review, cell: Given, words: str) -> None:
    seat = Seat(review, "ann")
    before = log.last_id(review)

    with pytest.raises((InputError, ProtocolError)) as raised:
        seat.take([given("design", "case report"), cell] if cell.field != "design" else [cell])

    assert words in raised.value.message
    assert raised.value.message.startswith(f"{cell.where}: ")
    assert raised.value.hint
    assert log.last_id(review) == before


def test_a_field_that_is_not_asked_takes_no_value(review: Review) -> None:
    seat = Seat(review, "ann")

    with pytest.raises(InputError, match="asked only where design is trial"):
        seat.take([given("design", "case report"), given("phase", "2")])
    seat.take([given("design", "trial"), given("phase", "2")])

    assert shown(seat)["Paik 2017", "", "phase"] == "2"


def test_a_cell_given_twice_is_refused(review: Review) -> None:
    with pytest.raises(InputError, match="given twice"):
        Seat(review, "ann").take([given("design", "trial"), given("design", "case report")])


# --- a sheet that is loaded late -------------------------------------------------------------------


def test_cells_that_a_sheet_only_repeats_do_not_undo_what_was_entered_since(review: Review) -> None:
    seat = Seat(review, "ann")
    complete(seat)
    written = log.last_id(review)
    seat.take([given("design", "trial")])

    taken = seat.take([given("design", "case report"), given("age", "44", "P1")], base=written)

    assert (taken.new, taken.changed) == (1, 0)
    assert shown(seat)["Paik 2017", "", "design"] == "trial"


def test_a_cell_that_was_changed_on_both_sides_is_refused(review: Review) -> None:
    seat = Seat(review, "ann")
    seat.take([given("design", "case report"), given("age", "44", "P1")])
    written = log.last_id(review)
    seat.take([given("age", "45", "P1")])

    with pytest.raises(InputError, match=r"changed here to '45' since this sheet was written, and is '46'"):
        seat.take([given("age", "46", "P1")], base=written)


# --- done ------------------------------------------------------------------------------------------


def test_nobody_is_done_while_a_required_field_has_no_value(review: Review) -> None:
    seat = Seat(review, "ann")
    seat.take([given("age", "44", "P1")])

    with pytest.raises(ProtocolError, match=r"lacks design .*lacks label"):
        seat.done("Paik 2017")
    seat.take([given("design", "NR"), given("label", "NR", "P1")])

    assert seat.done("Paik 2017") == "done"


def test_a_row_whose_row_above_has_no_values_keeps_from_being_done(review: Review) -> None:
    seat = Seat(review, "ann")
    complete(seat)
    seat.take([given("of", "P2", "T1"), given("drug", "BAR", "T1")])

    with pytest.raises(ProtocolError, match="is of P2, which has no values"):
        seat.done("Paik 2017")


def test_who_is_done_takes_the_study_up_again_before_changing_it(review: Review) -> None:
    seat = Seat(review, "ann")
    complete(seat)
    seat.done("Paik 2017")

    with pytest.raises(ProtocolError, match="ann is done with Paik 2017") as raised:
        seat.take([given("age", "44", "P1")])
    assert "reopen" in (raised.value.hint or "")
    seat.reopen("Paik 2017")
    seat.take([given("age", "44", "P1")])

    assert shown(seat)["Paik 2017", "P1", "age"] == "44"


def test_a_third_extractor_is_refused(review: Review) -> None:
    for name in ("ann", "bob"):
        complete(Seat(review, name))
    with review.writing():
        log.append_one(
            review.db,
            "reviewer_changes",
            {"name": "carol", "role": "reviewer", "change": "added"},
            actor="carol",
        )

    with pytest.raises(ProtocolError, match="has 2 extractors already"):
        complete(Seat(review, "carol"))


# --- blind until both are done ---------------------------------------------------------------------


def words_seen(review: Review, viewer: str | None) -> set[tuple[str, str]]:
    """Who entered what, as far as this viewer may see it."""
    gate = ExtractionGate(review, "data", "double")
    return {(word.by, word.field) for word in gate.words(viewer)}


def test_values_are_seen_by_the_other_once_both_are_done(review: Review) -> None:
    ann, bob = Seat(review, "ann"), Seat(review, "bob")
    complete(ann)
    complete(bob)
    ann.done("Paik 2017")
    assert words_seen(review, "bob") == {("bob", "design"), ("bob", "label")}
    assert words_seen(review, None) == set()

    bob.done("Paik 2017")

    assert words_seen(review, None) == {(by, field) for by in ("ann", "bob") for field in ("design", "label")}


def test_what_was_revealed_stays_so_and_later_values_are_marked(review: Review) -> None:
    ann, bob = Seat(review, "ann"), Seat(review, "bob")
    for seat in (ann, bob):
        complete(seat)
        seat.done("Paik 2017")

    ann.reopen("Paik 2017")
    ann.take([given("age", "44", "P1")])

    assert ("bob", "design") in words_seen(review, "ann")
    assert {(word.field, word.was_open) for word in extractions.standing(review, "data", by="ann")} == {
        ("design", False),
        ("label", False),
        ("age", True),
    }


def test_in_checked_mode_the_second_waits_then_signs(review: Review) -> None:
    review_protocol.load(review, protocol_with(FORM.replace('"double"', '"checked"')))
    ann, bob = Seat(review, "ann"), Seat(review, "bob")
    complete(ann)
    with pytest.raises(ProtocolError, match="being extracted by another"):
        complete(bob)

    assert ann.done("Paik 2017") == "done"
    bob.take([given("design", "trial")])

    assert bob.done("Paik 2017") == "checked"


# --- the command line ------------------------------------------------------------------------------


@pytest.fixture
def run_in(review: Review, run: Callable[..., Result]) -> Callable[..., Any]:
    """The command line in that review's folder."""
    return run


def test_a_value_is_entered_on_the_command_line(run_in: Callable[..., Result]) -> None:
    result = run_in(
        *("extract", "set", "Paik 2017", "ferritin", "1328", "--unit", "ng/mL", "--row", "P1"),
        *("--reviewer", "ann", "--page", "3"),
    )

    assert result.exit_code == 0, result.output
    assert result.stdout == "Paik 2017 P1 ferritin: 1328 ng/mL\n"


def test_a_form_is_shown_with_what_goes_in(run_in: Callable[..., Result]) -> None:
    result = run_in("extract", "form")

    assert result.exit_code == 0
    for words in (
        "Patient or group (rows P1, P2, …)",
        "design*",
        "a whole number from 1 to 4",
        "ng/mL or µg/L",
    ):
        assert words in " ".join(result.stdout.split())


def test_open_values_of_others_are_not_in_the_log(review: Review, run_in: Callable[..., Result]) -> None:
    complete(Seat(review, "bob"))
    complete(Seat(review, "ann"), "Hornung 2014")

    for words in (("log",), ("log", "--reviewer", "ann")):
        result = run_in(*words)
        assert result.exit_code == 0
        assert "Paik 2017 P1" not in result.output
    assert "Paik 2017 P1 label: Patient 1" in run_in("log", "--reviewer", "bob").stdout


# --- quotes ----------------------------------------------------------------------------------------


@pytest.fixture
def with_text(review: Review) -> str:
    """A report of the first study, with a text; its key."""
    (key,) = bring_in(review, [a_record(1)])
    with review.writing():
        studies.add_links(review, "Paik 2017", [key], "linked", by="ann")
        text = Incoming.of("a.txt", b"A woman aged 44.\nFerritin was 1328 ng/mL.", Path("a.txt"))
        Path("a.txt").write_bytes(text.data)
        attaching.add(review, key, [text], by="ann", origin="attached")
    return key


def test_a_quote_that_is_not_in_the_text_is_refused_unless_said(review: Review, with_text: str) -> None:
    seat = Seat(review, "ann")
    cell = given("age", "44", "P1", quote="a man of 44 years")

    with pytest.raises(InputError, match="the quote 'a man of 44 years' is not in the text") as raised:
        seat.take([cell])
    assert "--unchecked" in (raised.value.hint or "")
    seat.take([given("age", "44", "P1", quote="A woman aged 44", report=with_text)])

    assert seat.own()["Paik 2017", "P1", "age"].quote == "A woman aged 44"
    assert quoting.check(review, "ann").found == 1


def test_a_number_must_be_in_its_quote_or_have_a_formula(review: Review, with_text: str) -> None:
    seat = Seat(review, "ann")

    with pytest.raises(InputError, match="45 is not in its quote"):
        seat.take([given("age", "45", "P1", quote="A woman aged 44")])
    seat.take([given("age", "45", "P1", quote="A woman aged 44", formula="44 + 1")])

    assert seat.own()["Paik 2017", "P1", "age"].formula == "44 + 1"


def test_a_value_names_a_report_of_its_study(review: Review, with_text: str) -> None:
    with pytest.raises(InputError, match=f"{with_text} is no report of Hornung 2014"):
        Seat(review, "ann").take([given("design", "trial", study="Hornung 2014", report=with_text)])


def test_quotes_taken_as_they_are_are_told_later(
    review: Review, with_text: str, run_in: Callable[..., Result]
) -> None:
    words = ("extract", "set", "Paik 2017", "age", "44", "--row", "P1", "--reviewer", "ann")
    assert run_in(*words, "--quote", "aged forty-four").exit_code == 3
    assert run_in(*words, "--quote", "aged forty-four", "--unchecked").exit_code == 0

    result = run_in("extract", "quotes", "--reviewer", "ann")

    assert "Paik 2017 P1 age: the quote 'aged forty-four' is not in the text" in " ".join(
        result.stdout.split()
    )
    assert "1 value to look at" in result.stdout


def test_double_extraction_has_two_people_where_one_screens(review: Review) -> None:
    one = protocol_with(FORM).read_text(encoding="utf-8").replace("reviewers = 2", "reviewers = 1")
    Path("one.toml").write_text(one, encoding="utf-8")
    review_protocol.load(review, Path("one.toml"))

    for name in ("ann", "bob"):
        complete(Seat(review, name))

    with pytest.raises(ProtocolError, match="carol is no reviewer of this review"):
        complete(Seat(review, "carol"), "Hornung 2014")


def test_a_value_that_would_steer_the_terminal_is_shown_plain(
    run: Callable[..., Result], review: Review
) -> None:
    said = run(
        *("extract", "set", "Paik 2017", "label", "\x1b[31mred\x07", "--row", "P1", "--reviewer", "ann")
    )

    assert said.exit_code == 0, said.output
    assert "Paik 2017 P1 label: �[31mred�" in said.stdout
