"""The peer review sheet: what it lays out, and that it judges nothing."""

from __future__ import annotations

import re

import pytest

from iimscreen.errors import InputError
from iimscreen.forensics import CHECKS, judge
from iimscreen.press import ELEMENTS, TO_FILL, Hits, lines_of, remark_of, sheet
from iimscreen.queries import find_strategy, parse_strategy, read_strategy

NO_HITS = Hits("", {}, "nothing was asked")


def made(strategy, remarks=(), hits=NO_HITS) -> str:
    return sheet(strategy, remarks=remarks, hits=hits, version="9.9", made_on="2030-01-02")


def strategy_of(text: str):
    return parse_strategy(f'[strategy]\ntitle = "T"\n{text}', name="mine", where="mine.toml")


def test_all_six_elements_are_asked_about_in_the_guidelines_order():
    text = made(read_strategy(find_strategy("improved")))

    headings = re.findall(r"^## (\d)\. (.+)$", text, re.MULTILINE)
    assert headings == [
        ("1", "Translation of the research question"),
        ("2", "Boolean and proximity operators"),
        ("3", "Subject headings"),
        ("4", "Text word searching"),
        ("5", "Spelling, syntax and line numbers"),
        ("6", "Limits and filters"),
    ]
    assert all(text.count(question) == 1 for element in ELEMENTS for question in element.questions)


def test_every_line_of_the_strategy_has_a_number():
    strategy = read_strategy(find_strategy("2023-08-23"))

    numbered = re.findall(r"^\| (\d+) \| (\w+) \| `([^`]+)` \|", made(strategy), re.MULTILINE)

    assert [int(number) for number, _, _ in numbered] == list(range(1, 27))
    assert [code for _, code, _ in numbered[:11]] == [*(f"A{n}" for n in range(1, 9)), "B1", "B2", "F01"]
    assert numbered[-1][2] == "PM AND apremilast"
    assert "1800/01/01:2023/08/23[crdt]" in made(strategy)


def test_the_sheet_answers_no_question_and_ticks_no_box():
    strategy = read_strategy(find_strategy("improved"))
    remarks = [remark_of(finding, strategy) for finding in judge(strategy)]

    text = made(strategy, remarks)

    assert "[x]" not in text.lower()
    for element in ELEMENTS:
        for question in element.questions:
            assert f"- {question} {TO_FILL}\n" in text
    for field in ("Name", "E-mail", "Declaration: interests in the question, part in the review"):
        assert f"| {field} | {TO_FILL} | {TO_FILL} |" in text
    assert f"Signed (peer reviewer, date): {TO_FILL}" in text


def test_a_finding_of_the_check_stands_under_its_element_with_its_line():
    strategy = read_strategy(find_strategy("2023-08-23"))
    remarks = [remark_of(finding, strategy) for finding in judge(strategy)]

    text = made(strategy, remarks)

    text_words = text[text.index("## 4.") : text.index("## 5.")]
    dm = next(line.number for line in lines_of(strategy) if line.text == "DM")
    assert f"`bare-acronym`, line {dm}: DM also means diabetes mellitus" in text_words


def test_every_check_has_its_element_or_is_known_to_lie_beyond_them():
    placed = [code for element in ELEMENTS for code in element.codes]

    beyond = {check.code for check in CHECKS} - set(placed)
    assert len(placed) == len(set(placed))
    assert set(placed) <= {check.code for check in CHECKS}
    assert beyond == {"single-database", "no-register"}


def test_a_finding_on_a_written_out_sub_query_names_its_line():
    strategy = strategy_of(
        '[[sub_query]]\nlabel = "A"\ntext = "x1"\n[[sub_query]]\nlabel = "B"\ntext = "(y z"\n'
    )

    remarks = [remark_of(finding, strategy) for finding in judge(strategy)]

    assert (2,) in [one.lines for one in remarks if one.code == "unmatched-parenthesis"]


def test_hits_are_marked_as_offline_and_those_of_pubmed_left_to_fill_in():
    strategy = strategy_of('[[sub_query]]\nlabel = "A"\ntext = "x"\n')

    text = made(strategy, hits=Hits("My records, 12 records", {"A": 1234}))

    assert f"| 1 | A | `x` |  | 1,234 | {TO_FILL} |" in text
    assert "Hits are those in: My records, 12 records, offline" in text
    assert "**not** hits in PubMed" in text


def test_where_there_are_no_hits_the_cause_is_told():
    strategy = strategy_of('[[sub_query]]\nlabel = "A"\ntext = "x"\n')

    text = made(strategy, remarks=None)

    assert "Hits offline: none to show (nothing was asked)." in text
    assert f"| 1 | A | `x` |  | – | {TO_FILL} |" in text
    assert text.count("- no automatic check was made") == 6


@pytest.mark.parametrize("term", ["a|b", "a`b", "*a_", "<i>a</i>", "a [tiab]"])
def test_no_term_breaks_the_table(term):
    strategy = strategy_of(f"[[sub_query]]\nlabel = 'A'\ntext = '{term}'\n")

    (row,) = [line for line in made(strategy).splitlines() if line.startswith("| 1 |")]

    cells = re.split(r"(?<!\\)\|", row)
    assert len(cells) == 8
    assert term.replace("|", "\\|") in cells[3]


def test_the_sheet_is_printed_with_findings_and_offline_hits(run):
    printed = run("strategy", "press", "2023-08-23").stdout

    assert printed.startswith("# Peer review of a search strategy: Published search")
    assert "| 9 | B1 | `janus kinase inhibitors` |" in printed
    assert re.search(r"\| 11 \| F01 \| .* \| 10 \| ______ \|", printed)
    assert "Bundled corpus (offline, not PubMed), 229 records" in printed
    assert "`bare-acronym`" in printed


def test_the_sheet_goes_to_a_new_file_and_never_over_another(run, tmp_path):
    first = run("strategy", "press", "improved", "--out", "sheet.md")
    (tmp_path / "sheet.md").write_text("my answers", encoding="utf-8")

    second = run("strategy", "press", "improved", "--out", "sheet.md")

    assert first.exit_code == 0
    assert "Wrote sheet.md" in first.stdout
    assert second.exit_code == InputError.exit_code
    assert "is there already" in second.stderr
    assert (tmp_path / "sheet.md").read_text(encoding="utf-8") == "my answers"


def test_a_sheet_for_a_register_strategy_says_that_nothing_was_checked(run):
    printed = run("strategy", "press", "clinicaltrials").stdout

    assert "the strategy is written for clinicaltrials" in printed
    assert "no automatic check was made" in printed


def test_a_strategy_that_cannot_be_read_offline_has_a_sheet_without_hits(run, tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[strategy]\ntitle = "T"\n[[sub_query]]\nlabel = "A"\ntext = "#1 AND x"\n', encoding="utf-8"
    )

    result = run("strategy", "press", "mine.toml")

    assert result.exit_code == 0
    assert "Hits offline: none to show (" in result.stdout


def test_a_file_that_cannot_be_written_is_named(run):
    result = run("strategy", "press", "improved", "--out", "no/such/folder.md")

    assert result.exit_code == InputError.exit_code
    assert "folder.md cannot be written" in result.stderr
