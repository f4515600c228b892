"""Each check finds what it is for and passes over what only looks like it; no text makes one fail."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import example, given, settings
from search_query.constants import QueryErrorCode

from iimscreen import forensics, queries, syntax
from iimscreen.forensics import Finding, Severity, linter
from iimscreen.model import Record, Strategy
from test_syntax import texts

HEAD = '[strategy]\ntitle = "t"\n'


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(*texts: str, head: str = "") -> Strategy:
    """A strategy of sub-queries written out."""
    tables = (f"[[sub_query]]\nlabel = 'Q{n}'\ntext = {quoted(text)}\n" for n, text in enumerate(texts, 1))
    return queries.parse_strategy(f"{HEAD}{head}{''.join(tables)}", name="s", where="s")


def blocks(*terms: list[str], combine: str = "all-blocks", head: str = "") -> Strategy:
    """A strategy of blocks named a, b, c, …"""
    lines = [f'{HEAD}{head}combine = "{combine}"']
    for name, block in zip("abc", terms, strict=False):
        lines.append(f"[[block]]\nname = '{name}'")
        lines += [f"[[block.term]]\ntext = {quoted(term)}" for term in block]
    return queries.parse_strategy("\n".join(lines), name="s", where="s")


def found(strategy: Strategy, code: str, *other_sources: str) -> list[Finding]:
    return [one for one in forensics.judge(strategy, other_sources=other_sources) if one.code == code]


# Code, a sub-query that shows it, one that nearly does.
CASES = [
    ("foreign-syntax", "exp Myositis/ OR a", '"Myositis"[mh] OR a'),
    ("unmatched-quote", 'a AND "b c', 'a AND "b c"'),
    ("unmatched-parenthesis", "(a AND b", "(a AND b)"),
    ("unmatched-parenthesis", "a AND b)", "(a) AND (b)"),
    ("tag-on-group", "(a OR b)[tiab]", "(a[tiab] OR b[tiab])"),
    ("stray-tag", "a[ti][tiab]", "a[ti] AND b[tiab]"),
    ("stray-tag", "[tiab] AND a", "a[tiab]"),
    ("unknown-tag", "a[foo]", "a[Title/Abstract]"),
    ("unknown-tag", "a[ab]", "a[MeSH Major Topic:noexp]"),
    ("history-reference", "#1 AND a", "CD4 AND a"),
    ("small-operator", "a and b", "a AND b"),
    ("small-operator", "a AND b Or c", 'a AND "head and neck"'),
    ("mixed-operators", "a AND b OR c", "a AND (b OR c)"),
    ("mixed-operators", "(a NOT b OR c) AND d", "a AND b NOT c"),
    ("curly-quotes", "“a b”[tiab]", '"a b"[tiab]'),
    ("truncation-too-short", "JAK*[tiab]", "JAKi*[tiab]"),
    ("truncation-too-short", '"anti Jo*"[tiab]', '"anti TIF1*"[tiab]'),
    ("truncation-misplaced", "*citinib[tiab]", "tofacit*[tiab]"),
    ("truncation-misplaced", "tofa*nib", "tofacit*"),
    ("truncation-misplaced", "* AND a", "abcd* AND a"),
    ("truncation-inside-phrase", '"myosit* antibody"[tiab]', '"antibody myosit*"[tiab]'),
    ("proximity-misuse", "a b[tiab:~2]", '"a b"[tiab:~2]'),
    ("proximity-misuse", '"a b"[mh:~2]', '"a b"[ad:~0]'),
    ("proximity-misuse", '"a*"[tiab:~x]', '"a b c"[Title:~3]'),
    ("stopword", "the[tiab] AND a", '"the end"[tiab] AND a'),
    ("stopword", '"with"', "with"),
    ("unreadable-date", "a AND 2020/13[dp]", "a AND 2020/12[dp]"),
    ("unreadable-date", "a AND 2023:2020[crdt]", 'a AND "last 5 years"[dp]'),
    ("too-long", "dermatomyositis " * 600, "dermatomyositis " * 400),
    ("search-query", "a[tiab] b[tiab]", "a[tiab] AND b[tiab]"),
    ("search-query", "TI=a", "a[ti]"),
    ("search-query", "Sjögren's[tiab]", "Sjögren[tiab]"),
    ("bare-acronym", "DM AND apremilast", "DMARD AND apremilast"),
    ("bare-acronym", '"PM"[tiab]', '"PM 10"[tiab]'),
    ("bare-acronym", "IIM[tiab]", "HIV[tiab]"),
    ("bare-acronym", "ASS", "MDA5[tiab]"),
    ("bare-acronym", "IBM[ti]", "IBM[ad]"),
    ("not-a-name", "inclusion bodies myositis", "inclusion bodies myositis OR inclusion body myositis"),
    ("not-a-name", '"inclusion bodies myositis"[tiab]', '"inclusion body myositis"[tiab]'),
    ("mapping-lost", '"dermatomyositis"', "dermatomyositis"),
    ("mapping-lost", "dermatomyositis[tiab]", 'dermatomyositis[tiab] OR "Dermatomyositis"[Majr]'),
    ("mapping-lost", "dermatomyosit*", "dermatomyosit* OR dermatomyositis"),
    ("mapping-lost", '"Janus Kinase Inhibitors"[mh] OR "janus kinase inhibitors"[tiab]', "janus kinase inhibitors"),
    ("mapping-off", '"muscle weakness"', '"muscle weakness"[tiab]'),
    ("mapping-off", "myopath*", "myopathy"),
    ("phrase-index", '"muscle weakness"[tiab]', '"weakness"[tiab]'),
    ("phrase-index", '"muscle weakness"', '"muscle weakness"[tiab:~2]'),
    ("hyphen-in-phrase", "anti-synthetase[tiab]", 'anti-synthetase[tiab] OR "anti synthetase"[tiab]'),
    ("hyphen-in-phrase", '"x-linked"', '"x linked"'),
    ("unquoted-phrase", "muscle weakness[tiab]", '"muscle weakness"[tiab]'),
    ("class-without-members", "janus kinase inhibitors", "janus kinase inhibitors OR tofacitinib[tiab]"),
    ("class-without-members", '"Janus Kinase Inhibitors"[pa]', '"Janus Kinase Inhibitors"[pa] OR tofacit*[tiab]'),
    ("heading-unchecked", '"Dermatomyositis"[mh]', "dermatomyositis"),
    ("hyphen-variant", "antisynthetase syndrome", 'antisynthetase[tiab] OR "anti synthetase"[tiab]'),
    ("hyphen-variant", '"non steroidal"[tiab]', '"non steroidal"[tiab] OR nonsteroidal[tiab]'),
    ("hyphen-variant", '"anti inflammatory"[tiab]', "antibody[tiab] OR antibodies[tiab]"),
    ("spelling-variant", "tumour[tiab]", "tumour[tiab] OR tumor[tiab]"),
    ("spelling-variant", "pediatric[ti]", "pediatric"),
    ("spelling-variant", "necrotising[tiab]", "necrotising[tiab] OR necrotizing[tiab]"),
    ("spelling-variant", "oedema[tiab]", "oedema[tiab] OR edema[tiab]"),
    ("spelling-variant", "hematology[tiab]", "thematic[tiab]"),
    ("spelling-variant", "randomized[tiab]", "exercised[tiab]"),
    ("spelling-variant", "color[tiab]", "colorectal[tiab]"),
    ("plural-variant", '"JAK inhibitor"[tiab]', '"JAK inhibitor"[tiab] OR "JAK inhibitors"[tiab]'),
    ("plural-variant", '"muscle biopsies"[tiab]', '"muscle biopsies"[tiab] OR "muscle biops*"[tiab]'),
    ("plural-variant", '"inclusion bodies myositis"[tiab]', '"inclusion body myositis"[tiab]'),
    ("plural-variant", "corticosteroid[tiab]", "corticosteroid"),
    ("plural-variant", "antibody[tiab]", "dermatomyositis[tiab]"),
    ("not-animals", "a NOT animals[mh]", "a NOT (animals[mh] NOT humans[mh])"),
    ("not-animals", "a NOT (b OR mice[tiab])", "mice[tiab] AND a"),
    ("not-publication-type", "a NOT review[pt]", "a AND review[pt]"),
    ("not-publication-type", "a NOT (letter OR editorial)", "a NOT (animals NOT letter)"),
    ("not-age", "a NOT juvenile", "juvenile AND a"),
    ("not-age", "a NOT child[mh]", "a NOT (child[mh] NOT adult[mh])"),
    ("not-other", "a NOT COVID-19", "a NOT (animals[mh] NOT humans[mh])"),
    ("not-other", "a NOT cancer[ti]", "a NOT 2020:2021[crdt]"),
    ("language-limit", "a AND english[la]", "a AND english"),
    ("language-limit", "a NOT french[Language]", "a NOT french[tiab]"),
    ("publication-date-limit", "a AND 2020:2023[dp]", "a AND 2020:2023[crdt]"),
    ("entry-date-limit", "a AND 2020:2023[edat]", "a AND 2020:2023[crdt]"),
    ("major-topic", "dermatomyositis[majr]", "dermatomyositis[mh]"),
    ("no-explosion", "myositis[mh:noexp]", "myositis[mh]"),
    ("indexing-limit", "a AND humans[mh]", "a NOT (animals[mh] NOT humans[mh])"),
    ("indexing-limit", 'a AND ("clinical trial"[pt] OR adult[mh])', 'a AND ("clinical trial"[pt] OR trial[tiab])'),
    ("text-words-only", "(aaaa[tiab] OR bbbb[tiab])", "(aaaa[tiab] OR bbbb)"),
    ("headings-only", "(aaaa[mh] OR bbbb[mh])", "(aaaa[mh] OR bbbb[tiab])"),
    ("redundant-term", "(tofacitinib[tiab] OR tofacitinib[tiab])", "(tofacitinib[tiab] OR tofacitinib[nm])"),
    ("redundant-term", 'myositis[tiab] OR "inclusion body myositis"[tiab]', 'myositis[ti] OR "body myositis"[tiab]'),
    ("redundant-term", "tofacit*[tiab] OR tofacitinib[tiab]", "tofacit*[tiab] AND tofacitinib[tiab]"),
    ("redundant-term", "a OR a", "janus OR janus kinase inhibitors"),
]  # fmt: skip
ELSEWHERE = {"single-term-block", "term-in-two-blocks", "single-database", "no-register"}


@pytest.mark.parametrize(("code", "text", "near_miss"), CASES)
def test_a_check_finds_what_it_is_for_and_passes_over_the_near_miss(code, text, near_miss):
    hits = found(written(text), code)
    near = found(written(near_miss), code)

    assert hits
    assert near == []
    for hit in hits:
        assert hit.what
        assert hit.advice
        assert not hit.advice.endswith(".")
        for place in hit.places:
            assert place.sub_queries == ("Q1",)


def test_every_check_has_a_case_here_and_says_what_it_rests_on():
    codes = [check.code for check in forensics.CHECKS]

    assert {code for code, _, _ in CASES} | ELSEWHERE == set(codes)
    assert len(set(codes)) == len(codes)
    for check in forensics.CHECKS:
        assert check.means.endswith(".")
        assert check.source


def test_a_block_of_one_term_is_told_and_one_of_two_is_not():
    strategy = blocks(["a"], ["b", "c"])

    assert [hit.what for hit in found(strategy, "single-term-block")] == ["block 'a' is one term"]


def test_a_term_in_two_blocks_is_told_with_the_other_block():
    strategy = blocks(["myositis[tiab]", "a"], ["Myositis[ti]", "b"])

    (hit,) = found(strategy, "term-in-two-blocks")

    assert "block 'a'" in hit.what
    assert (hit.places[0].block, hit.places[0].number) == ("b", 1)


def test_one_database_is_told_unless_the_folder_has_a_strategy_for_another():
    strategy = written("a")

    assert found(strategy, "single-database")
    assert found(strategy, "single-database", "pubmed", "clinicaltrials")
    assert not found(strategy, "single-database", "europepmc")


def test_a_missing_register_is_told_unless_the_folder_has_a_strategy_for_one():
    strategy = written("a")

    assert found(strategy, "no-register")
    assert not found(strategy, "no-register", "pubmed", "clinicaltrials")


def test_the_strategys_own_date_is_judged_by_its_field():
    head = "as_of = 2023-08-23\ndate_field = '{}'\n"

    assert found(written("a", head=head.format("dp")), "publication-date-limit")[0].places == ()
    assert not found(written("a", head=head.format("crdt")), "publication-date-limit")


def test_a_term_of_many_sub_queries_is_one_finding_with_all_of_them():
    strategy = blocks(["DM", "myositis"], ["apremilast", "tofacitinib"], combine="each-pair")

    (hit,) = found(strategy, "bare-acronym")

    (place,) = hit.places
    assert place.sub_queries == ("Q01", "Q03")
    assert (place.term, place.block, place.number, place.column) == ("DM", "a", 1, 1)
    assert strategy.text.split("\n")[place.line - 1] == 'text = "DM"'


def test_a_place_names_the_column_in_its_text():
    (hit,) = found(written("apremilast AND DM"), "bare-acronym")

    assert hit.places[0].column == 16


def test_an_acronym_we_know_is_a_warning_and_another_a_note():
    severities = [found(written(text), "bare-acronym")[0].severity for text in ("DM", "IIM")]

    assert severities == [Severity.WARNING, Severity.NOTE]


def test_the_untagged_variants_that_pubmed_adds_itself_are_not_asked_for():
    strategy = written("tumour AND corticosteroid")

    assert not found(strategy, "spelling-variant")
    assert not found(strategy, "plural-variant")


def test_a_variant_in_another_block_does_not_count():
    strategy = blocks(['"JAK inhibitor"[tiab]', "a"], ['"JAK inhibitors"[tiab]', "b"])

    assert len(found(strategy, "plural-variant")) == 2


def test_errors_are_told_before_warnings_and_notes():
    severities = [one.severity for one in forensics.judge(written("DM AND (a OR b)[tiab] AND myopath*"))]

    assert severities == sorted(severities, key=list(Severity).index)
    assert set(severities) == set(Severity)


def test_a_sensible_strategy_gives_no_error_and_few_warnings():
    strategy = blocks(
        ['"Dermatomyositis"[mh]', "dermatomyositis[tiab]", "dermatomyositides[tiab]"],
        ['"Janus Kinase Inhibitors"[pa]', '"Janus Kinase Inhibitors"[mh]', "tofacitinib[tiab]"],
    )

    grave = [one.code for one in forensics.judge(strategy) if one.severity is not Severity.NOTE]

    assert grave == ["single-database"]


# --- the linter of search-query ---


def test_every_code_of_the_linter_is_told_or_left_out_on_purpose():
    codes = {
        one.code for one in QueryErrorCode if not one.code.startswith(("EBSCO", "WOS", "LINT", "PARSE_1"))
    }

    unsettled = codes - set(linter.REWORDED) - linter.LEFT_OUT
    assert unsettled == {"PARSE_0008", "TERM_0003", "TERM_0004"}  # not among its checks for PubMed


def test_a_code_that_is_not_known_is_told_as_it_comes(monkeypatch):
    unknown = syntax.Complaint("NEW_0001", "new-thing", "something is odd", True, ((0, 1),))
    monkeypatch.setattr(syntax, "lint", lambda _query: [unknown])

    (hit,) = found(written("a"), "search-query")

    assert hit.what == "new-thing: something is odd (NEW_0001)"
    assert hit.severity is Severity.ERROR
    assert hit.places[0].term == "a"


@settings(deadline=None)  # the library is slow on long texts
@given(texts.filter(str.strip))
@example("(" * 3000 + "a")
@example("a AND " * 900 + "b")
@example("(a OR " * 300 + "b" + ")" * 300)
def test_no_text_makes_a_check_fail_or_print(text):
    try:
        strategy = written(text)
    except queries.InputError:  # control characters are no TOML
        return
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        findings = forensics.judge(strategy)

    assert printed.getvalue() == ""
    assert {one.code for one in findings} >= {"single-database", "no-register"}


# --- what a term brings ---


def brought(strategy: Strategy, titles: dict[str, set[str]]):
    """What the acronyms of a strategy bring, where each term finds the titles given."""

    def ask(term: str) -> dict[str, Record]:
        return {title: Record(title=title) for title in titles.get(term, ())}

    findings = forensics.brought_by(forensics.judge(strategy), strategy, ask)
    return {one.term: one for finding in findings for one in finding.brings or ()}


@pytest.mark.parametrize("combine", ["each-pair", "all-blocks"])
def test_an_acronym_brings_what_no_other_term_brings(combine):
    strategy = blocks(["myositis", "DM"], ["apremilast", "tofacitinib"], combine=combine)

    one = brought(
        strategy,
        {"myositis": {"both", "first"}, "DM": {"both", "diabetes", "x"}, "apremilast": {"both", "diabetes"}}
        | {"tofacitinib": {"first"}, "diabet*[tiab]": {"diabetes", "more", "elsewhere"}},
    )["DM"]

    assert one.titles == ("diabetes",)
    assert one.in_other_meaning == ()
    assert one.telling_other_meaning == ("elsewhere", "more")


def test_the_other_meaning_beside_the_rest_of_the_search_is_told():
    one = brought(
        written("(myositis OR DM) AND apremilast NOT letter"),
        {"diabet*[tiab]": {"a", "b", "c"}, "apremilast": {"a", "b"}, "letter": {"b"}},
    )["DM"]

    assert (one.other_meaning, one.in_other_meaning) == ("diabetes mellitus", ("a",))
    assert one.telling_other_meaning == ("b", "c")


def test_an_acronym_that_is_all_of_a_part_takes_the_part_with_it():
    one = brought(written("DM AND apremilast", "myositis"), {"DM": {"a"}, "apremilast": {"a"}})["DM"]

    assert one.titles == ("a",)


def test_only_acronyms_are_looked_up():
    strategy = written("DM AND apremilast")

    told = forensics.brought_by(forensics.judge(strategy), strategy, lambda _term: {})

    assert {one.code for one in told if one.brings is not None} == {"bare-acronym"}
