"""Appraisal: instruments of the same kind as any form, who needs which, the plot and the table; no score anywhere."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import appraising, extraction_sheets, forms, review_forms, review_protocol
from iimscreen.errors import ProtocolError
from iimscreen.extracting import Given, Seat
from iimscreen.model import Instrument, Value
from iimscreen.store import Review, log, studies
from iimscreen.traffic_light import BAD, BETWEEN, GOOD, NOT_APPLICABLE, NOT_FINAL, Lane, sign, svg
from strategies import texts

CASE = "Paik 2017"
COHORT = 'Fan <2022> & "others"'
TRIAL = "Bitar 2022"
JBI = "jbi-case-report"
SVG = "{http://www.w3.org/2000/svg}"
OWN_TOOL = """
name = "rob-2"
title = "Randomised trials"

[[field]]
name = "randomised"
title = "Was the order of treatment left to chance?"
type = "choice"
role = "judgement"
choices = ["low", "some concerns", "high"]
"""


@pytest.fixture
def review(review: Review) -> Review:
    """Three studies of different designs as two people have extracted them, each with a report; and own patients."""
    keys = bring_in(review, [a_record(number) for number in range(3)])
    with review.writing():
        for name, key in zip((CASE, COHORT, TRIAL), keys, strict=True):
            studies.add(review, name, by="ann")
            studies.add_links(review, name, [key], "linked", by="ann")
        studies.add(review, "Our six", kind="own", by="ann")
    for study, design in ((CASE, "case report"), (COHORT, "comparative cohort")):
        for name in ("ann", "bob"):
            extract(review, name, study, design)
    return review


def extract(review: Review, name: str, study: str, design: str) -> None:
    """All that the form of data extraction requires, and done."""
    given_there = {
        "first_author": "Paik",
        "year": "2017",
        "source": "primary",
        "design": design,
        "n_total": "NR",
        "n_eligible": "NR",
        "mixed": "no",
    }
    seat = Seat(review, name)
    seat.take([Given("", study, "", field, text) for field, text in given_there.items()])
    seat.done(study)


def answer(
    review: Review, name: str, *answers: str, study: str = CASE, overall: str = "include", quote: str = ""
) -> None:
    """One person's answers to the eight questions on a case report, and done."""
    seat = Seat(review, name, JBI)
    said = [*answers, *["yes"] * (8 - len(answers))]
    seat.take(
        [Given("", study, "", f"q{number}", one, quote=quote) for number, one in enumerate(said, 1)]
        + [Given("", study, "", "overall", overall)]
    )
    seat.done(study)


# --- the instruments that are bundled --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "questions"),
    [
        ("jbi-case-report", 8),
        ("jbi-case-series", 10),
        ("jbi-cohort", 11),
        ("jbi-quasi-experimental", 9),
        ("murad-2018", 8),
    ],
)
def test_a_bundled_instrument_asks_as_many_questions_as_its_original_and_adds_nothing_up(
    name: str, questions: int
) -> None:
    form = review_forms.bundled(name)

    assert [field.name for field in forms.judgements(form)] == [f"q{n}" for n in range(1, questions + 1)]
    assert all(
        field.choices == ("yes", "no", "unclear") and field.required for field in forms.judgements(form)
    )
    overall = forms.with_role(form, "overall")
    assert overall is not None
    assert len(overall.choices) == 3
    assert form.citation.startswith("After ")
    assert not [field for field in form.fields if field.kind in ("integer", "number")]


@pytest.mark.parametrize("name", ["grade", "sof"])
def test_certainty_is_typed_for_the_whole_review_and_never_computed(name: str) -> None:
    form = review_forms.bundled(name)

    certainty = forms.with_role(form, "certainty")

    assert form.subject == "review"
    assert certainty is not None
    assert certainty.choices == ("high", "moderate", "low", "very low")
    assert certainty.required


def test_every_bundled_instrument_can_be_used(review: Review) -> None:
    names = {tool.name for tool in appraising.plan(review).tools}

    assert names == {
        *("grade", "jbi-case-report", "jbi-case-series", "jbi-cohort"),
        *("jbi-quasi-experimental", "murad-2018", "sof"),
    }


def test_the_bundled_protocol_names_designs_that_its_own_form_has() -> None:
    protocol = review_protocol.read(review_protocol.bundled())
    assert protocol.form is not None
    design = forms.with_role(protocol.form, "design")
    assert design is not None

    named = [one for instrument in protocol.instruments for one in instrument.designs]

    assert len(named) == len(set(named))
    assert set(named) == set(design.choices) - {"review", "randomised trial"}


# --- who needs which -------------------------------------------------------------------------------


def test_a_study_needs_the_instrument_of_its_design_as_extracted(review: Review) -> None:
    tasks = appraising.plan(review).tasks

    assert [(task.study, task.design, task.instrument) for task in tasks] == [
        (CASE, "case report", JBI),
        (COHORT, "comparative cohort", "jbi-cohort"),
        (TRIAL, "", ""),
        ("", "", "grade"),
        ("", "", "sof"),
    ]


def test_a_phase_ib_and_a_single_arm_trial_are_no_case_reports(review: Review) -> None:
    instruments = review_protocol.in_force(review).instruments

    assert appraising.needed_by("early-phase trial", instruments)[0] == "jbi-quasi-experimental"
    assert appraising.needed_by("single-arm trial", instruments)[0] == "jbi-quasi-experimental"
    assert appraising.needed_by("review", [one for one in instruments if one.designs]) == ()
    assert appraising.needed_by("case report", [Instrument("mine")]) == ("mine",)


def test_a_design_that_two_have_not_agreed_on_needs_nothing_yet(review: Review) -> None:
    extract(review, "ann", TRIAL, "case report")
    extract(review, "bob", TRIAL, "case series")

    (task,) = (task for task in appraising.plan(review).tasks if task.study == TRIAL)

    assert (task.design, task.instrument) == ("", "")


def test_who_is_done_is_told_and_answers_are_not(review: Review, run: Callable[..., Result]) -> None:
    answer(review, "ann", "no", quote="a secret")

    listed = run("appraise", "list")
    table = run("appraise", "table", "--form", JBI)

    assert f"{CASE} (case report): {JBI}; done by ann, 1 to go" in listed.stdout
    assert "closed" in table.stdout
    assert "a secret" not in listed.stdout + table.stdout
    assert "unclear" not in table.stdout


def test_an_instrument_that_is_not_there_is_told(review: Review, run: Callable[..., Result]) -> None:
    text = review_protocol.bundled().read_text(encoding="utf-8").replace('"jbi-cohort"', '"rob-2"')
    Path("other.toml").write_text(text, encoding="utf-8")
    run("protocol", "load", "other.toml")

    missing = run("appraise", "list")
    Path("rob.toml").write_text(OWN_TOOL, encoding="utf-8")
    loaded = run("appraise", "load", "rob.toml", "--by", "ann")
    found = run("appraise", "list")

    assert missing.exit_code == 6
    assert "asks for the instrument 'rob-2', which is not there" in missing.stderr
    assert "rob-2 can be used now: 1 field." in loaded.stdout
    assert f"{COHORT} (comparative cohort): rob-2; nobody is done, 2 to go" in found.stdout


# --- an instrument from a file ---------------------------------------------------------------------


def test_the_official_text_takes_the_place_of_ours_and_answers_stay(
    review: Review, run: Callable[..., Result]
) -> None:
    for name in ("ann", "bob"):
        answer(review, name)
    text = run("appraise", "show", JBI, "--toml").stdout
    Path("official.toml").write_text(
        text.replace("Is it clear who the patient is?", "The official wording?"), encoding="utf-8"
    )

    loaded = run("appraise", "load", "official.toml", "--by", "ann")
    again = run("appraise", "load", "official.toml", "--by", "ann")

    assert (
        "  field q1: title Is it clear who the patient is? → The official wording?\n"
        f"{JBI} is in force as loaded.\nNext: iimscreen extract revisit --form {JBI}" in loaded.stdout
    )
    assert again.stdout == f"{JBI} says this already: nothing was stored.\n"
    assert "The official wording?" in run("appraise", "show", JBI).stdout
    assert "q1 (The official wording?): ann, bob" in run("extract", "revisit", "--form", JBI).stdout
    assert "The official wording?,yes" in run("appraise", "table", "--form", JBI).stdout


def test_a_question_that_the_file_lacks_is_told(review: Review, run: Callable[..., Result]) -> None:
    text = run("appraise", "show", "murad-2018", "--toml").stdout
    Path("less.toml").write_text(text.replace('name = "q8"', 'name = "q9"'), encoding="utf-8")

    told = run("appraise", "load", "less.toml", "--by", "ann").stdout

    assert "field q8 taken away" in told
    assert "field q9 added to study" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "mine.toml cannot be read"),
        (b"name = 'M\xfcller'", "not UTF-8 text"),
        (b"name = ", "not valid TOML"),
        (b"title = 'x'", "key 'name' is missing"),
        (b"name = 'data'\ntitle = 'x'", "name 'data': expected"),
        (b"name = '../x'\ntitle = 'x'", "name '../x': expected"),
        (b"name = 'mine'\ntitle = 'x'", "the form has no field"),
        (
            b"name = 'mine'\ntitle = 'x'\nscore = 7\n[[field]]\nname='a'\ntitle='A'\ntype='text'",
            "unknown key 'score'",
        ),
    ],
)
def test_a_file_that_is_no_instrument_changes_nothing(
    review: Review, run: Callable[..., Result], text: bytes | None, told: str
) -> None:
    if text is not None:
        Path("mine.toml").write_bytes(text)
    before = log.last_id(review)

    result = run("appraise", "load", "mine.toml", "--by", "ann")

    assert result.exit_code == 3
    assert told in result.stderr
    assert log.last_id(review) == before


def test_an_instrument_does_not_change_what_it_is_for_once_it_is_filled_in(review: Review) -> None:
    answer(review, "ann")
    text = review_forms.text_of(review, JBI)
    Path("other.toml").write_text('subject = "review"\n' + text, encoding="utf-8")

    with pytest.raises(ProtocolError, match="is filled in for the review here, and was for the study"):
        appraising.load(review, Path("other.toml"), by="ann")


# --- the plot --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Value("yes"), GOOD),
        (Value("no"), BAD),
        (Value("unclear"), BETWEEN),
        (Value(code="UN"), BETWEEN),
        (Value(code="NR"), BETWEEN),
        (Value(code="NA"), NOT_APPLICABLE),
        (None, NOT_FINAL),
    ],
)
def test_an_answer_has_a_sign_besides_its_colour(value: Value | None, expected: str) -> None:
    assert sign(forms.judgements(review_forms.bundled(JBI))[0], value) == expected


def test_of_a_choice_the_first_is_good_and_the_last_is_bad() -> None:
    overall = forms.with_role(review_forms.bundled(JBI), "overall")
    assert overall is not None

    signs = [sign(overall, Value(choice)) for choice in ("include", "seek further info", "exclude")]

    assert signs == [GOOD, BETWEEN, BAD]


@given(
    st.lists(
        st.tuples(st.text(max_size=70), st.sampled_from(["yes", "no", "unclear"]), st.booleans()), max_size=4
    ),
    texts(),
)
def test_whatever_a_study_is_called_the_plot_is_xml_with_a_light_for_each_answer(
    drawn: list[tuple[str, str, bool]], title: str
) -> None:
    form = review_forms.bundled(JBI)
    questions = forms.judgements(form)
    lanes = [
        Lane(study, {field.name: Value(text) for field in questions}, is_final)
        for study, text, is_final in drawn
    ]

    root = ET.fromstring(
        svg(title=title, questions=questions, overall=forms.with_role(form, "overall"), lanes=lanes)
    )

    lights = [one for one in root.iter(f"{SVG}g") if one.get("role") == "listitem"]
    assert len(lights) == 9 * len(lanes)
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None


def test_the_plot_stands_by_itself_and_says_what_is_not_final(
    review: Review, run: Callable[..., Result]
) -> None:
    for name in ("ann", "bob"):
        answer(review, name, "yes", "no", "unclear", "NA")
    extract(review, "ann", TRIAL, "case report")
    extract(review, "bob", TRIAL, "case report")
    answer(review, "ann", study=TRIAL)

    result = run("appraise", "plot", "--form", JBI, "--out", "plot.svg")

    assert result.stdout == "Wrote plot.svg.\n"
    text = Path("plot.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    labels = [one.get("aria-label") for one in root.iter(f"{SVG}g") if one.get("role") == "listitem"]
    assert labels[:4] == [
        f"{CASE}: 1. Is it clear who the patient is? yes",
        f"{CASE}: 2. Can the course before be followed in time? no",
        f"{CASE}: 3. Is the state at presentation clear? unclear",
        f"{CASE}: 4. Are tests and their results told? NA",
    ]
    assert labels[8] == f"{CASE}: Overall judgement include"
    assert {label.split(" ", 2)[2][-9:] for label in labels[9:] if label} == {"not final"}
    shown = " ".join(one.text or "" for one in root.iter(f"{SVG}text"))
    for words in (
        "1. Is it clear who the patient is?",
        "After the JBI checklist",
        "Not final: Bitar 2022 is closed",
    ):
        assert words in shown
    assert COHORT not in shown
    assert not re.findall(r"(?:href|src|url\(|@import|<script|<style)", text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_a_study_with_odd_letters_in_its_name_is_escaped(review: Review) -> None:
    for name in ("ann", "bob"):
        answer(review, name, study=COHORT)

    made = appraising.plot(review, JBI)

    assert 'Fan &lt;2022&gt; &amp; "others"' in made.replace("&quot;", '"')
    assert ET.fromstring(made) is not None


def test_the_notice_of_a_review_stands_on_its_plot(review: Review) -> None:
    text = review_protocol.bundled().read_text(encoding="utf-8")
    Path("demo.toml").write_text(
        text.replace("[review]\n", '[review]\nnotice = "INVENTED"\n'), encoding="utf-8"
    )
    review_protocol.load(review, Path("demo.toml"))

    assert ">INVENTED<" in appraising.plot(review, JBI)


# --- the table -------------------------------------------------------------------------------------


def rows_of(printed: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    return list(csv.DictReader(io.StringIO(printed)))


def test_the_table_has_every_answer_with_its_quote_and_no_formula(
    review: Review, run: Callable[..., Result]
) -> None:
    for name in ("ann", "bob"):
        answer(review, name, "yes", "no", quote="=SUM(A1)")

    rows = rows_of(run("appraise", "table", "--form", JBI).stdout)

    assert len(rows) == 10
    assert [(row["number"], row["field"], row["answer"]) for row in rows[:2]] == [
        ("1", "q1", "yes"),
        ("2", "q2", "no"),
    ]
    assert rows[0]["quote"] == "'=SUM(A1)"
    assert {(row["by"], row["settled"], row["final"]) for row in rows[:9]} == {("ann, bob", "agreed", "yes")}
    assert rows[9]["field"] == "comment"
    assert rows[9]["answer"] == ""


def test_answers_that_differ_make_a_study_not_final(review: Review, run: Callable[..., Result]) -> None:
    answer(review, "ann", "yes")
    answer(review, "bob", "no")

    (row,) = rows_of(run("appraise", "table", "--form", JBI).stdout)

    assert (row["study"], row["final"], row["answer"]) == (CASE, "no", "")
    assert "1 cell not settled: q1" in row["why_not_final"]


def test_grade_is_filled_in_for_the_review_row_by_row(review: Review, run: Callable[..., Result]) -> None:
    said = {
        "outcome": "Skin response",
        "n_studies": "12",
        "designs": "observational: low",
        "risk_of_bias": "serious",
        "inconsistency": "not serious",
        "indirectness": "not serious",
        "imprecision": "serious",
        "publication_bias": "suspected",
        "certainty": "very low",
        "reason": "Case reports only.",
    }
    for name in ("ann", "bob"):
        seat = Seat(review, name, "grade")
        seat.take([Given("", "", "O1", field, text) for field, text in said.items() if field != "certainty"])
        words = ("certainty", "very low", "--row", "O1", "--form", "grade", "--reviewer", name)
        assert run("extract", "set", "", *words).exit_code == 0
        Seat(review, name, "grade").done("")

    rows = {row["field"]: row for row in rows_of(run("appraise", "table", "--form", "grade").stdout)}

    assert (rows["certainty"]["row"], rows["certainty"]["answer"]) == ("O1", "very low")
    assert run("appraise", "plot", "--form", "grade", "--out", "x.svg").exit_code == 3


# --- what cannot be --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("show", "jbi"), 3, "there is no form 'jbi'"),
        (("show", "data"), 3, "data is no instrument"),
        (("plot", "--form", "data", "--out", "x.svg"), 3, "data is no instrument of appraisal"),
        (("plot", "--form", "murad-2018", "--out", "x.svg"), 6, "no study needs murad-2018"),
        (("plot", "--form", JBI, "--out", "review.db"), 3, "review.db exists, and would be lost"),
        (("plot", "--form", JBI, "--out", "no/x.svg"), 3, "cannot be written"),
        (("table", "--form", JBI, "--out", "review.db"), 3, "review.db exists"),
        (("table", "--form", "jbi"), 3, "there is no form 'jbi'"),
    ],
)
def test_what_cannot_be_appraised_is_told(
    review: Review, run: Callable[..., Result], words: tuple[str, ...], code: int, told: str
) -> None:
    result = run("appraise", *words)

    assert result.exit_code == code
    assert told in result.stderr
    assert not Path("x.svg").exists()


def test_a_protocol_without_a_form_still_has_instruments(
    review: Review, run_json: Callable[..., Any]
) -> None:
    text = review_protocol.bundled().read_text(encoding="utf-8")
    Path("bare.toml").write_text(text.split("\n# What is extracted")[0], encoding="utf-8")
    review_protocol.load(review, Path("bare.toml"))

    found = run_json("appraise", "list")

    assert found["designs_known"] is False
    assert found["tasks"] == []
    assert len(found["instruments"]) == 7


def test_a_sheet_of_an_instrument_has_the_studies_whose_design_may_need_it(
    review: Review, run: Callable[..., Result]
) -> None:
    made = extraction_sheets.content(review, "ann", form=JBI)
    named = extraction_sheets.content(review, "ann", form=JBI, wanted=[COHORT])

    # The design of the trial is not known yet; own patients are not appraised.
    assert [one.name for one in made.studies] == [CASE, TRIAL]
    assert [one.name for one in named.studies] == [COHORT]


def test_what_to_type_next_names_the_instrument(review: Review, run: Callable[..., Result]) -> None:
    for name, answer in (("ann", "yes"), ("bob", "no")):
        seat = Seat(review, name, JBI)
        seat.take(
            [
                Given("", CASE, "", field.name, "include" if field.name == "overall" else answer)
                for field in seat.form.fields
                if field.required
            ]
        )
    run("extract", "done", CASE, "--reviewer", "ann", "--form", JBI)

    done = run("extract", "done", CASE, "--reviewer", "bob", "--form", JBI).stdout
    compared = run("extract", "compare", CASE, "--form", JBI).stdout
    all_of_them = run("extract", "compare", "--form", JBI).stdout

    assert f"iimscreen extract compare '{CASE}' --form {JBI}" in done
    assert f"iimscreen extract resolve '{CASE}' --by ann --by bob --form {JBI}" in " ".join(compared.split())
    assert f"iimscreen extract compare '{CASE}' --form {JBI}" in all_of_them


def test_what_is_of_the_whole_review_is_named_so(review: Review, run: Callable[..., Result]) -> None:
    refused = run("extract", "done", "the whole review", "--reviewer", "ann", "--form", "grade")
    done = run("extract", "done", "", "--reviewer", "ann", "--form", "grade")

    assert refused.exit_code == 3
    assert "give '' in place of a study" in refused.output
    assert done.stdout.startswith("The review: done by ann.")
