"""Quotes against texts, values against their quotes, formulas: what is found is right, and what is wrong is told."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iimscreen.model import FieldKind, Page, Value
from iimscreen.quotes import problem
from iimscreen.quotes.finding import AT_LEAST, nearest, plain, stands
from iimscreen.quotes.formulas import FormulaError, evaluated
from iimscreen.quotes.numbers import numbers_in

PAGES = [
    Page(
        "1 (1034)",
        "Invented J Muscle 2021;7:1034\nWe treated 15 patients with tofac-\nitinib; the ﬁrst “responder” was well\n"
        "after 12.5 weeks. Anti-\nMDA5 was positive in ﬁve of 8 (63%).\nNobody did not consent, and the dose",
        "paper.pdf",
    ),
    Page(
        "2 (1035)",
        "was 5 mg twice a day – as before. Ferritin fell from 1,234 to 393 ng/mL.\n1035",
        "paper.pdf",
    ),
    Page("1", "Supplement. Table S1 lists 393/288/777 for each of them.", "supplement.pdf"),
]


def asked(
    value: str, quote: str, *, formula: str = "", page: str = "", kind: FieldKind = FieldKind.NUMBER
) -> str | None:
    return problem(Value(value), kind, quote, formula, PAGES, page=page)


# --- quotes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "quote",
    [
        "15 patients with tofacitinib",
        "15 PATIENTS with tofac-itinib",
        'the first "responder" was well',
        "the first »responder« was well after 12.5 weeks",
        "anti-MDA5 was positive",
        "antiMDA5 was positive in five of 8",
        "5 mg twice a day - as before",
        "and the dose was 5 mg",
        "We treated 15 patients […] after 12.5 weeks",
        "We treated 15 patients ... Ferritin fell",
        "393/288/777",
    ],
)
def test_a_quote_is_found_whatever_typesetting_made_of_it(quote: str) -> None:
    assert problem(None, FieldKind.TEXT, quote, "", PAGES) is None


@pytest.mark.parametrize(
    ("quote", "near"),
    [
        (
            "5 patients with tofacitinib",
            "the nearest is on page 1 (1034) of paper.pdf: '15 patients with tofacitinib'",
        ),
        ("after 2.5 weeks", "'after 12.5 weeks'"),
        ("after 12 weeks", "after 12.5 weeks"),
        ("Ferritin fell from 1,234 to 939 ng/mL", "from 1,234 to 393"),
        ("Ferritin never fell from 1,234 to 393 ng/mL", "Ferritin fell from"),
        ("Anti-MDA5 was positive in six of 8 (63%)", "positive in five of 8"),
        ("We treated 15 patients […] who were all children in Antarctica", "is not in the text"),
    ],
)
def test_a_quote_that_says_something_else_is_told_with_the_nearest_passage(quote: str, near: str) -> None:
    found = problem(None, FieldKind.TEXT, quote, "", PAGES)

    assert found is not None
    assert found.startswith("the quote ")
    assert near in found


def test_a_quote_unlike_anything_in_the_text_names_no_passage() -> None:
    assert asked("3", "zzz 3 qqq") == "the quote 'zzz 3 qqq' is not in the text"


@pytest.mark.parametrize(
    ("page", "is_right"),
    [
        ("1", True),
        ("p. 1", True),
        ("1034", True),
        ("page 1034, left column", True),
        ("pp. 1034-5", True),
        ("1-2", True),
        ("S. 1", True),
        ("Table 2", True),  # there is no telling where that is in a PDF
        ("", True),
        ("2", False),
        ("1035", False),
        ("99", False),
    ],
)
def test_a_quote_stands_on_the_page_that_is_stated(page: str, is_right: bool) -> None:
    found = asked("15", "We treated 15 patients", page=page)

    assert (found is None) == is_right
    if found:
        assert "on page 1 (1034) of paper.pdf" in found


def test_a_page_of_the_journal_that_the_file_does_not_number_is_known_by_its_running_head() -> None:
    pages = [
        Page("1", "Five of 8 improved.\n1034"),
        Page("2", "1035  Smith et al.\nNobody died."),
        Page("3", "End"),
    ]

    assert problem(None, FieldKind.TEXT, "Nobody died", "", pages, page="1035") is None
    found = problem(None, FieldKind.TEXT, "Nobody died", "", pages, page="1036")
    assert found == "the text has no page 1036; the quote stands on page 2"


def test_a_section_of_a_text_without_pages_is_a_place_too() -> None:
    pages = [Page("Results", "Five of 8 improved."), Page("Table 1", "TOF\t5")]

    assert problem(None, FieldKind.TEXT, "Five of 8", "", pages, page="results") is None
    found = problem(None, FieldKind.TEXT, "Five of 8", "", pages, page="Table 1")
    assert found is not None
    assert "it stands on page Results" not in found
    assert "it stands in Results" in found


def test_without_a_text_only_the_number_is_held_against_the_quote() -> None:
    assert problem(Value("5"), FieldKind.INTEGER, "five of them, on no page", "", None, page="9") is None
    assert problem(Value("6"), FieldKind.INTEGER, "five of them", "", None) is not None


# Measured once with 161 pieces of 1,500 characters of our own prose, four to a page, spoilt as scans are (signs that
# look alike, lost and added ones, words parted at line ends), 60 quotes each of 20, 40, 80, 160 and 300 characters.
# Of these 300, 300 scored 85 or more where 5 of 100 signs were spoilt, and 293 where 8 were; at 90 it was 292 and 261.
# Of 587 quotes of other texts none scored over 79. Of 300 with one digit changed none was taken for the quote, of 300
# with a "not" put in, 3 were. The price is that 255 of the 300 (at 5 of 100; 286 at 1) also have all their digits
# and negations legible; the others are told, with the passage.
SENTENCES = (
    "The patients were seen every month by the same physician, who was not told which drug they had been given.",
    "Muscle strength improved within eight weeks and was kept until the end of the observation in all but one of them.",
    "Serum ferritin fell from 1834 to 212 ng/mL after the second drug had been added to prednisolone and tacrolimus.",
    "Two women stopped it because of herpes zoster, and a man of 71 years died of pneumonia in the fourth month.",
    "Skin lesions cleared completely, whereas the calcinosis of the elbows did neither grow nor shrink at any time.",
    "Computed tomography showed ground glass opacities in both lower lobes, which had nearly vanished by week 24.",
)
LOOKS_LIKE = {
    "e": "c",
    "c": "e",
    "l": "1",
    "o": "0",
    "h": "b",
    "n": "u",
    "m": "rn",
    "i": "l",
    "5": "S",
    "1": "l",
}


def scanned(text: str, rate: float, chance: random.Random) -> str:
    """A text as a scanner reads it, so many of its letters wrong; digits become letters that look alike, or stay."""
    made = []
    for sign in text:
        luck = chance.random()
        if luck < rate * 0.7 and sign in LOOKS_LIKE:
            made.append(LOOKS_LIKE[sign])
        elif luck < rate * 0.85 and sign.isalpha():
            continue
        else:
            made.append(sign + (" " if luck < rate and sign.isalpha() else ""))
    return "".join(made)


def test_quotes_are_found_in_scans_and_those_of_other_texts_are_not() -> None:
    chance = random.Random(11)  # noqa: S311 (the same scan each time)
    found = foreign = 0
    for place, sentence in enumerate(SENTENCES):
        others = [one for one in SENTENCES if one is not sentence]
        for _ in range(20):
            page = Page("1", "\n".join(scanned(one, 0.04, chance) for one in SENTENCES))
            found += bool(stands(sentence, [page]))
            foreign += bool(stands(sentence, [Page("1", "\n".join(others))]))
        assert place < len(SENTENCES)

    assert found >= 0.9 * 20 * len(SENTENCES)
    assert foreign == 0


def test_nothing_that_differs_in_a_digit_is_taken_for_the_quote_in_a_scan() -> None:
    chance = random.Random(12)  # noqa: S311 (the same scan each time)
    for sentence in (one for one in SENTENCES if any(sign.isdigit() for sign in one)):
        for place, sign in enumerate(sentence):
            if sign.isdigit():
                other = (
                    f"{sentence[:place]}{(int(sign) + chance.randrange(1, 9)) % 10}{sentence[place + 1 :]}"
                )
                assert stands(other, [Page("1", sentence)]) == []
                assert nearest(other, [Page("1", sentence)]).score > AT_LEAST  # type: ignore[union-attr]  # it is near


WORDS = st.lists(
    st.sampled_from(
        ["five", "of", "patients", "(n=8)", "improved", "12.5%", "anti-MDA5", "ﬁrst", "“quoted”", "3–5"]
    ),
    min_size=4,
    max_size=30,
)


@given(WORDS, st.randoms(), st.data())
def test_words_cut_from_a_text_are_found_however_its_lines_break(
    words: list[str], luck: random.Random, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    parted = [
        f"{w[:3]}-\n{w[3:]}" if w.isalpha() and len(w) > 4 and luck.random() < 0.5 else w for w in words
    ]
    text = "".join(word + luck.choice([" ", "\n", "  ", "\u00a0"]) for word in parted)

    assert stands(" ".join(words[start:end]), [Page("1", text)])


@given(st.text(max_size=60), st.text(max_size=200))
@example("…", "a")
@example("\u00ad", "\u00ad")
def test_any_quote_and_any_text_come_to_a_sentence_or_to_nothing(quote: str, text: str) -> None:
    found = problem(Value("5"), FieldKind.NUMBER, quote, "", [Page("1", text)], page="1")

    assert found is None or (found and found == found.strip())


@given(st.text(max_size=300))
def test_a_plain_text_stays_as_it_is_when_it_is_made_plain_again(text: str) -> None:
    assert plain(plain(text)) == plain(text)


# --- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        ("5", "five patients"),
        ("5", "5/8 improved"),
        ("21", "Twenty-one of thirty"),
        ("105", "one hundred and five people"),
        ("2000", "two thousand"),
        ("1", "a 45-year-old woman"),
        ("1", "a single patient"),
        ("0", "no patient died"),
        ("0", "without adverse events"),
        ("2", "both patients"),
        ("1234", "1,234 ng/mL"),
        ("1234", "1.234 ng/mL"),
        ("1.234", "1.234 ng/mL"),
        ("1234567", "1 234 567"),
        ("1234.5", "1.234,5"),
        ("12", "12%"),
        ("12", "12 percent"),
        ("0.12", "12%"),
        ("0.24", "p=.24"),
        ("0.24", "p = 0·24"),
        ("0.24", "0,240"),
        ("-5", "a change of −5 points"),
        ("5", "3–5 mg"),
        ("288", "393/288/777"),
        ("5", "5mg"),
        ("1200000000", "1.2 × 10⁹/L"),
        ("1200000000", "1.2 x 10^9/L"),
        ("1.5", "1½ years"),
        ("17", "on 17 March 2021"),
    ],
)
def test_a_number_is_in_its_quote_however_it_is_written(value: str, quote: str) -> None:
    assert problem(Value(value), FieldKind.NUMBER, quote, "", None) is None


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        ("5", "anti-MDA5 was positive"),
        ("5", "15 patients"),
        ("5", "12.5 mg"),
        ("20", "twenty-one"),
        ("100", "one hundred and five"),
        ("6", "five patients"),
        ("12.5", "12 or 13"),
        ("0.5", "5 mg"),
        ("1", "3 women"),
    ],
)
def test_a_number_that_is_not_in_its_quote_is_told(value: str, quote: str) -> None:
    found = problem(Value(value), FieldKind.INTEGER, quote, "", None)

    assert found is not None
    assert found.startswith(f"{value} is not in its quote, which has ")
    assert "needs its formula" in found


def test_texts_choices_and_codes_need_not_stand_in_their_quote() -> None:
    assert problem(Value("DM"), FieldKind.CHOICE, "dermatomyositis", "", None) is None
    assert problem(Value(code="NR"), FieldKind.INTEGER, "the age is not stated", "", None) is None
    assert problem(None, FieldKind.INTEGER, "nothing", "", None) is None


@given(st.decimals(min_value=0, max_value=10**7, places=2, allow_nan=False, allow_infinity=False))
def test_every_number_is_found_as_it_is_written(number: object) -> None:
    wanted = Fraction(str(number))

    assert wanted in numbers_in(f"fell to {number} mg")
    assert wanted in numbers_in(f"fell to {number:,} mg")
    assert wanted in numbers_in(f"fell to {str(number).replace('.', ',')} mg")


# --- formulas --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("6+3", Fraction(9)),
        ("= 6 + 3", Fraction(9)),
        ("1/3", Fraction(1, 3)),
        ("2*(3+4)-1", Fraction(13)),
        ("-(2)--3", Fraction(1)),
        (".5*4", Fraction(2)),
        ("12 × 4 ÷ 2", Fraction(24)),
        ("10-3-2", Fraction(5)),
        ("8/2/2", Fraction(2)),
    ],
)
def test_a_formula_is_worked_out_exactly(formula: str, result: Fraction) -> None:
    assert evaluated(formula) == result


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("", "is empty"),
        ("=", "is empty"),
        ("6+", "ends where a number is expected"),
        ("(6+3", "lacks a closing parenthesis"),
        ("6+3)", "is not complete before ')'"),
        ("6 3", "is not complete before '3'"),
        ("1/0", "divides by zero"),
        ("1/(2-2)", "divides by zero"),
        ("2**3", "has '*' where a number is expected"),
        ("__import__('os')", 'has "__import__", and'),
        ("9**9**9", "has '*' where"),
        ("1e9", "has 'e9'"),
        ("(" * 60 + "1" + ")" * 60, "more than 50 parentheses"),
        ("-" * 200 + "1", "more than 50 parentheses"),
        ("1+" * 200 + "1", "longer than 300"),
    ],
)
def test_a_formula_that_is_none_says_why(formula: str, told: str) -> None:
    with pytest.raises(FormulaError) as caught:
        evaluated(formula)

    assert told.replace('"__import__"', "'__import__'") in str(caught.value)


@pytest.mark.parametrize(
    ("value", "formula", "told"),
    [
        ("9", "6+3", None),
        ("0.33", "1/3", None),
        ("63", "5/8*100", None),
        ("62.5", "5/8*100", None),
        ("62", "5/8*100+1", "makes 63.5, and the value is 62"),
        ("10", "6+3", "makes 9, and the value is 10"),
        ("9", "six plus three", "may have numbers"),
    ],
)
def test_a_derived_value_is_what_its_formula_makes(value: str, formula: str, told: str | None) -> None:
    found = problem(Value(value), FieldKind.NUMBER, "six and three", formula, None)

    assert (found is None) if told is None else (found is not None and told in found)


SUMS = st.recursive(
    st.integers(0, 999).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda three: f"({''.join(three)})"),
    max_leaves=8,
)


@given(SUMS)
def test_a_formula_makes_what_python_makes_of_it(formula: str) -> None:
    assert evaluated(formula) == eval(formula)  # noqa: S307 (made by this test: digits, signs, parentheses)


@given(st.text(alphabet="0123456789+-*/(). =x", max_size=40))
def test_any_formula_comes_to_a_number_or_to_a_sentence(formula: str) -> None:
    found = problem(Value("5"), FieldKind.NUMBER, "", f"{formula}1", None)

    assert found is None or found.startswith("the formula ")
