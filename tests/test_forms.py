"""Forms as a protocol writes them: what can be one, what a value may be, and what a change of one changes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from iimscreen import forms, review_protocol
from iimscreen.errors import InputError
from iimscreen.forms import read_form, values
from iimscreen.forms.changes import differences, lost_letters, touched
from iimscreen.forms.rows import lacking, outlasted, without_row_above
from iimscreen.model import Field, FieldKind, Form, Value
from iimscreen.toml_tables import Table
from strategies import form_tables

BUNDLED = review_protocol.read(review_protocol.bundled()).form
assert BUNDLED is not None
FEWER = settings(max_examples=40)  # forms are slow to draw: 100 take over a second


def form_of(tables: dict[str, Any]) -> Form:
    """The form in these tables."""
    return read_form(Table(deepcopy(tables), "mine.toml"), "data")


def tables_of(form: Form) -> dict[str, Any]:
    """A form as the tables that would make it."""
    return {
        "title": form.title,
        "subject": form.subject,
        "citation": form.citation,
        "abbreviations": dict(form.abbreviations),
        "level": [
            {"name": one.name, "title": one.title, "letter": one.letter, "of": one.of, "key": list(one.key)}
            for one in form.levels
            if one.letter
        ],
        "field": [_table_of(field) for field in form.fields],
    }


def _table_of(field: Field) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": field.name,
        "level": field.level,
        "title": field.title,
        "type": field.kind.value,
        "section": field.section,
        "required": field.required,
        "help": field.help,
        "others": field.others,
        "tolerance": field.tolerance,
        "units": list(field.units),
    }
    made |= {"role": field.role} if field.role else {}
    made |= {key: getattr(field, key) for key in ("least", "most") if getattr(field, key) is not None}
    if field.kind is not FieldKind.YES_NO:
        made["choices"] = list(field.choices)
    if field.when is not None:
        made["when"] = {"field": field.when.field, "is": list(field.when.values)}
    return made


# --- what a form is --------------------------------------------------------------------------------


@given(form_tables())
@FEWER
def test_a_form_written_as_tables_again_is_the_same_form(tables: dict[str, Any]) -> None:
    form = form_of(tables)

    assert form_of(tables_of(form)) == form


@given(form_tables())
@FEWER
def test_a_form_differs_from_itself_in_nothing(tables: dict[str, Any]) -> None:
    form = form_of(tables)

    assert differences(form, form_of(tables)) == []
    assert differences(None, None) == []
    assert lost_letters(form, form) == []


@given(form_tables(), form_tables())
@FEWER
def test_whatever_makes_another_hash_is_told_and_touches_only_fields_that_both_have(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    old, new = form_of(one), form_of(other)

    assert bool(differences(old, new)) == (old.sha256 != new.sha256)
    both = {field.name for field in old.fields} & {field.name for field in new.fields}
    assert set(touched(old, new)) <= both


@given(form_tables(), st.data())
@FEWER
def test_one_altered_field_is_the_only_one_told_of(tables: dict[str, Any], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(tables["field"]) - 1))
    altered = deepcopy(tables)
    altered["field"][number]["title"] += " again"

    found = differences(form_of(tables), form_of(altered))

    name = tables["field"][number]["name"]
    assert [change.fields for change in found] == [frozenset({name})]
    assert found[0].what.startswith(f"field {name}: title ")


A_FORM = {
    "level": [{"name": "group", "title": "Group", "letter": "P", "key": ["age"]}],
    "field": [
        {"name": "design", "title": "Design", "type": "choice", "choices": ["case report", "trial"]},
        {"name": "phase", "title": "Phase", "type": "integer", "when": {"field": "design", "is": ["trial"]}},
        {"name": "age", "level": "group", "title": "Age", "type": "number", "least": 0, "most": 110},
    ],
}


def with_field(number: int, **changed: Any) -> dict[str, Any]:
    """That form with one field otherwise; None takes a key away."""
    tables: dict[str, Any] = deepcopy(A_FORM)
    tables["field"][number] |= changed
    tables["field"][number] = {
        key: value for key, value in tables["field"][number].items() if value is not None
    }
    return tables


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        (with_field(0, name="of"), "name 'of': expected letters"),
        (with_field(0, name="the design"), "expected letters, digits, - and _ only"),
        (with_field(2, name="phase"), "field 'phase' stands twice"),
        (with_field(0, type="boolean"), "type is 'boolean', expected one of text, integer"),
        (with_field(0, choices=None), "field 'design': a choice needs a list choices"),
        (with_field(0, choices=["a", "A"]), "cannot have a choice twice"),
        (with_field(0, choices=["a; b"]), "a choice with ;"),
        (with_field(0, choices=["NR"]), "called NR"),
        (with_field(0, choices=["nr"]), "called NR"),
        (with_field(0, choices=["case\nreport"]), "a line break"),
        (with_field(0, choices=[" trial"]), "spaces at its ends"),
        (with_field(0, title="De\x1b[31msign"), "holds the control character '\\x1b'"),
        (with_field(2, help="years\0"), "holds the control character '\\x00'"),
        (with_field(0, units=["mg"]), "cannot have units"),
        (with_field(0, role="colour"), "role is 'colour', expected one of"),
        (with_field(0, level="patient"), "level is 'patient', expected one of study, group"),
        (with_field(0, widht=3), "unknown key 'widht'"),
        (with_field(1, choices=["a"]), "cannot have choices"),
        (with_field(1, others=True), "cannot have others"),
        (with_field(1, least=3, most=1), "cannot have least above most"),
        (with_field(1, tolerance=-1), "a tolerance below 0"),
        (with_field(1, most=float("inf")), "inf or nan"),
        (with_field(1, most=10**400), "inf or nan"),
        (with_field(1, when={"field": "age", "is": ["1"]}), "when names the field 'age'"),
        (
            with_field(1, when={"field": "design", "is": ["cohort"]}),
            "waits for 'cohort', which design cannot be",
        ),
        (with_field(1, when={"field": "design", "is": []}), "when waits for nothing"),
        (A_FORM | {"level": [{"name": "group", "title": "G", "letter": "PP"}]}, "letter is 'PP'"),
        (
            A_FORM | {"level": [{"name": "[a/b]", "title": "G", "letter": "P"}]},
            "name '[a/b]': expected letters",
        ),
        (
            A_FORM | {"level": [{"name": "group", "title": "G", "letter": "P", "key": ["sex"]}]},
            "has the key 'sex'",
        ),
        (
            A_FORM | {"level": [*A_FORM["level"], {"name": "x", "title": "X", "letter": "X"}]},
            "'x' has no field",
        ),
        (A_FORM | {"level": [*A_FORM["level"], {"name": "x", "title": "X", "letter": "P"}]}, "letter is 'P'"),
        (A_FORM | {"field": []}, "the form has no field"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_form_is_refused_with_place_and_cause(tables: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as refused:
        form_of(tables)

    assert refused.value.message.startswith("mine.toml")
    assert told in refused.value.message
    assert refused.value.hint


def test_a_field_may_wait_for_a_code() -> None:
    tables = with_field(1, when={"field": "design", "is": ["NR"]})

    asked = form_of(tables).fields[1]

    assert values.holds(asked.when, {"design": Value(code="NR")}) is True


# --- what is told of a change ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tables", "what", "touches"),
    [
        (with_field(0, title="Kind"), "field design: title Design → Kind", {"design"}),
        (
            with_field(0, others=True),
            "field design: own texts beside the choices not allowed → allowed",
            {"design"},
        ),
        (
            with_field(0, choices=["trial", "cohort", "case report"]),
            "field design: choices added cohort",
            {"design"},
        ),
        (
            with_field(0, choices=["trial", "case report"]),
            "field design: choices in another order: trial, case report",
            set(),
        ),
        (with_field(0, required=True), "field design: required no → yes", set()),
        (with_field(0, role="design"), "field design: role none → design", set()),
        (with_field(0, help="As done."), "field design: help none → As done.", {"design"}),
        (with_field(1, when=None), "field phase: asked where design is trial → always", {"phase"}),
        (with_field(2, type="integer"), "field age: type number → integer", {"age"}),
        (with_field(2, most=120), "field age: range from 0 to 110 → from 0 to 120", set()),
        (with_field(2, most=100), "field age: range from 0 to 110 → from 0 to 100", {"age"}),
        (with_field(2, most=None), "field age: range from 0 to 110 → from 0 on", set()),
        (with_field(2, units=["years"]), "field age: units added years", {"age"}),
        (with_field(2, tolerance=1), "field age: tolerance 0 → 1", set()),
        (with_field(2, section="Who"), "field age: section none → Who", set()),
        (
            A_FORM | {"level": [{"name": "group", "title": "Patient", "letter": "P", "key": ["age"]}]},
            "level group: title Group → Patient",
            {"age"},
        ),
        (
            A_FORM | {"level": [{"name": "group", "title": "Group", "letter": "P"}]},
            "level group: key age → none",
            set(),
        ),
        (A_FORM | {"title": "Mine"}, "title of the form: Data extraction → Mine", set()),
        (
            A_FORM | {"abbreviations": {"DM": "dermatomyositis"}},
            "abbreviation DM added: dermatomyositis",
            set(),
        ),
        (
            A_FORM
            | {
                "field": [
                    *A_FORM["field"],
                    {"name": "year", "title": "Year", "type": "integer", "required": True},
                ]
            },
            "field year added to study (Year), required",
            set(),
        ),
        (
            A_FORM | {"field": [A_FORM["field"][0], A_FORM["field"][2]]},
            "field phase taken away (Phase); its values are kept, and no longer asked for",
            set(),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_is_told_in_a_sentence_with_whose_values_it_touches(
    tables: dict[str, Any], what: str, touches: set[str]
) -> None:
    (change,) = differences(form_of(A_FORM), form_of(tables))

    assert change.what == what
    assert change.fields == touches


def test_a_level_that_goes_or_comes_is_told() -> None:
    without = form_of({"field": A_FORM["field"][:2]})

    gone = [change.what for change in differences(form_of(A_FORM), without)]
    come = [change.what for change in differences(without, form_of(A_FORM))]

    assert gone[0] == "level group taken away; its rows are kept"
    assert come[0] == "level group added: Group, rows P1, P2"
    assert differences(None, without)[0].what == "form added: 2 fields on 1 level"
    assert differences(without, None)[0].what == "form taken away: 2 fields on 1 level; its values are kept"


def test_rows_never_change_their_level_by_its_letter() -> None:
    other = form_of(A_FORM | {"level": [{"name": "group", "title": "Group", "letter": "G"}]})
    tables: dict[str, Any] = deepcopy(A_FORM)
    tables["level"][0]["name"] = tables["field"][2]["level"] = "arm"
    without = form_of({"field": A_FORM["field"][:2]})

    assert lost_letters(form_of(A_FORM), other) == [
        "rows of group are numbered P1, P2, and its letter is now G"
    ]
    assert lost_letters(form_of(A_FORM), form_of(tables)) == [
        "rows of group are numbered P1, P2, and P is now the letter of arm"
    ]
    assert lost_letters(form_of(A_FORM), without) == []


# --- rows of a study -------------------------------------------------------------------------------


def test_what_is_required_and_asked_is_lacking_what_is_not_asked_is_told() -> None:
    tables = with_field(1, required=True)
    form = form_of(tables)

    unknown = {"": {}}
    asked = {"": {"design": Value("trial")}}
    not_asked = {"": {"design": Value("case report"), "phase": Value("2")}}

    assert [(row, field.name) for row, field in lacking(form, unknown)] == [("", "phase")]
    assert [(row, field.name) for row, field in lacking(form, asked)] == [("", "phase")]
    assert list(lacking(form, not_asked)) == []
    assert [(row, field.name) for row, field in outlasted(form, not_asked)] == [("", "phase")]


def test_a_row_under_one_without_values_is_told_and_a_row_of_no_level_is_left_alone() -> None:
    form = BUNDLED
    rows = {
        "": {},
        "T1": {"of": Value("P1"), "drug": Value("TOF")},
        "T2": {"drug": Value("BAR")},
        "X1": {"x": Value("1")},
    }

    assert list(without_row_above(form, rows)) == [("T1", "P1"), ("T2", "")]
    assert "X1" not in {row for row, _ in lacking(form, rows)}


# --- the bundled form ------------------------------------------------------------------------------


def test_the_bundled_form_asks_for_all_that_tables_and_audit_look_for() -> None:
    asked = {field.role for field in BUNDLED.fields}

    assert set(forms.ROLES) - asked == {
        "outcome-unit",
        *("judgement", "overall", "certainty", "n-studies", "n-participants", "effect", "reason"),
    }
    assert all(field.role for field in BUNDLED.fields)
    assert [(level.name, level.letter, level.of) for level in BUNDLED.levels] == [
        ("study", "", ""),
        ("group", "P", "study"),
        ("treatment", "T", "group"),
        ("outcome", "O", "group"),
        ("event", "A", "group"),
    ]


def test_the_bundled_form_spells_out_each_abbreviation_that_it_offers() -> None:
    known = dict(BUNDLED.abbreviations)
    spelled = {
        "EJ",
        "OJ",
        "Ku",
        "PL-7",
        "PL-12",
        "Jo-1",
        "Mi-2",
        "Ro52",
        "Ro60",
        "PM-Scl",
        "U1RNP",
        "ENMC",
    }  # names

    offered = {
        word
        for field in BUNDLED.fields
        for choice in field.choices
        for word in choice.replace("(", " ").split()
        if sum(letter.isupper() for letter in word) > 1
    }

    assert {word for word in offered if word not in known and word not in spelled} == {
        "ACR/EULAR",
        "anti-MDA5",
    }


def test_improvement_is_among_the_responses_of_the_bundled_form() -> None:
    response = forms.with_role(BUNDLED, "response")

    assert response is not None
    assert set(forms.IMPROVED) < set(response.choices)


@given(
    st.sampled_from(BUNDLED.fields),
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(sorted({choice for field in BUNDLED.fields for choice in field.choices})),
        st.builds("{} {}".format, st.integers(0, 99), st.sampled_from(["mg", "weeks", "%", "", "months"])),
        st.sampled_from(["NR", "not reported", "n/a", "2021-3", "TOF; BAR", "x; x", "1e3"]),
    ),
)
@settings(suppress_health_check=[HealthCheck.filter_too_much])  # few texts fit a choice
def test_what_is_read_is_read_again_as_itself(field: Field, text: str) -> None:
    try:
        value = values.read(field, text)
    except InputError:
        assume(False)

    assert values.read(field, value.code or value.text, value.unit) == value
    assert values.same(field, value, value)


def test_levels_lie_three_deep_at_most() -> None:
    tables: dict[str, Any] = deepcopy(A_FORM)
    tables["level"] += [
        {"name": "line", "title": "L", "letter": "T", "of": "group"},
        {"name": "day", "title": "D", "letter": "D", "of": "line"},
    ]

    with pytest.raises(InputError, match="more than three deep"):
        form_of(tables)


@pytest.mark.parametrize("row", ["P", "P0", "P01", "P\u0663", "P\uff11", "P1 ", "p1", "P" + 5000 * "9"])
def test_a_row_has_one_spelling(row: str) -> None:
    with pytest.raises(InputError, match="is no row of the form"):
        forms.level_of_row(form_of(A_FORM), row)


def test_a_number_too_large_to_be_one_is_refused() -> None:
    number = next(field for field in BUNDLED.fields if field.name == "value")

    with pytest.raises(InputError, match="expected a number such as"):
        values.read(number, "1e999 points")
