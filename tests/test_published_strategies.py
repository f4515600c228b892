"""Forms that published PubMed strategies are written in raise no false alarm; what is pasted from elsewhere does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conftest import a_record
from iimscreen import forensics
from iimscreen.forensics import Severity
from iimscreen.sources.corpus import from_file
from test_forensics import blocks, found, written

SUBJECT = '("Myositis"[mh] OR myositis[tiab])'
RANDOMISED = (
    "(randomized controlled trial[pt] OR controlled clinical trial[pt] OR randomized[tiab] OR placebo[tiab] "
    "OR drug therapy[sh] OR randomly[tiab] OR trial[tiab] OR groups[tiab])"
)

SOUND = [
    f"{SUBJECT} AND {RANDOMISED} NOT (animals[mh] NOT humans[mh])",
    f'{SUBJECT} NOT ("Animals"[Mesh] NOT ("Animals"[Mesh] AND "Humans"[Mesh]))',
    '"Dermatomyositis/drug therapy"[mh] OR "myositis/therapy"[Mesh:NoExp] OR myositis[tiab]',
    f'{SUBJECT} AND "2010/01/01"[crdt]:"2023/08/23"[crdt]',
    f'{SUBJECT} AND ("2010/01/01"[Date - Create] : "3000"[Date - Create])',
    f"{SUBJECT} AND 2010[crdt]:2020[crdt]",
    "COVID-19*[tiab] OR SARS-CoV-2*[tiab] OR COVID-19[mh]",
    '"immunoglobulin intravenous"[tiab:~3] OR Immunoglobulins, Intravenous[mh]',
    "31132307[pmid] OR 33258553[uid]",
    "10.5555/one[doi] OR NCT01234567[si]",
    f"{SUBJECT} AND hasabstract[text]",
    f'{SUBJECT} AND "Invented J Muscle"[Journal]',
    f"{SUBJECT} AND (publisher[sb] OR inprocess[sb])",
    f'{SUBJECT} AND Therapy/Broad[filter] AND "journal article"[pt]',
    "(DM[tiab] AND myositis[tiab]) OR (PM AND (myopathies OR myopathy)) OR Myositis[mh]",
    f"wounds and injuries[mh] OR injured[tiab] OR {SUBJECT}",
]


@pytest.mark.parametrize("text", SOUND)
def test_a_form_that_published_strategies_use_raises_no_error_and_no_warning(text):
    told = forensics.judge(written(text), other_sources={"embase"})

    assert [(one.code, one.what) for one in told if one.severity is not Severity.NOTE] == []


@pytest.mark.parametrize(
    "text",
    [
        "exp Dermatomyositis/",
        "myositis.ti,ab.",
        "myositis.mp. AND placebo.tw.",
        "myositis adj3 therapy",
        "myositis NEAR/3 therapy",
        "myositis NEXT therapy",
        "'inflammatory myopathy'/exp",
        "myositis:ti,ab,kw",
        "TITLE-ABS-KEY(myositis)",
        '[mh "Dermatomyositis"]',
        "myositis$[tiab]",
        "wom?n[tiab]",
    ],
)
def test_the_syntax_of_another_platform_is_an_error(text):
    (one, *_) = found(written(text), "foreign-syntax")

    assert one.severity is Severity.ERROR


@pytest.mark.parametrize(
    "text",
    [
        "Therapy/Broad[filter]",
        '"myositis/therapy"[mh]',
        "next generation sequencing[tiab]",
        '"What now?"[ti]',
        "Exp Neurol[ta]",
        "dermatology near me",
    ],
)
def test_what_only_looks_like_another_platforms_syntax_is_passed_over(text):
    assert found(written(text), "foreign-syntax") == []


def test_the_words_of_a_filter_for_trials_are_a_note_since_a_published_filter_is_used_unchanged():
    (one,) = found(written(f"{SUBJECT} AND {RANDOMISED}"), "plural-variant")

    assert one.severity is Severity.NOTE
    assert "published filter" in one.advice


def test_a_short_stem_behind_a_hyphen_is_a_note_since_what_pubmed_counts_is_not_documented():
    assert [one.severity for one in found(written("anti-TNF*[tiab]"), "truncation-too-short")] == [
        Severity.NOTE
    ]
    assert [one.severity for one in found(written("TNF*[tiab]"), "truncation-too-short")] == [Severity.ERROR]


def test_a_tag_on_parentheses_round_a_single_term_is_not_told_as_one_that_is_ignored():
    (one,) = found(written("(myositis)[tiab]"), "tag-on-group")

    assert one.severity is Severity.NOTE


def test_a_heading_with_a_small_and_is_one_term_to_be_quoted_and_mixes_no_operators():
    strategy = written("wounds and injuries[mh] OR myositis")

    assert [one.severity for one in found(strategy, "small-operator")] == [Severity.NOTE]
    assert found(strategy, "mixed-operators") == []


@pytest.mark.parametrize(
    "dates",
    [
        '("2010/01/01"[Date - Publication] : "2020/12/31"[Date - Publication])',
        '"2010/01/01"[dp]:"2020/12/31"[dp]',
        "2010[dp]:2020[dp]",
        "2010:2020[dp]",
    ],
)
def test_a_range_of_dates_is_read_alike_however_pubmed_lets_it_be_written(dates, tmp_path):
    record = replace(a_record(1), title="Myositis", published_on="2015-06-01", year=2015)
    file = tmp_path / "one.jsonl"
    strategy = written(f"myositis AND {dates}")

    assert not [one for one in found(strategy, "search-query") if "STUMBLED" in one.what]
    answer = from_file(file, [record]).fetch(strategy.sub_queries[0])
    assert len(answer.records) == 1


def test_a_sign_that_only_looks_like_a_star_is_told():
    assert found(written("myosit\u2217[tiab]"), "truncation-misplaced")


def test_a_filter_for_a_language_is_a_limit_of_language_and_one_for_free_full_text_is_neither():
    assert found(written(f"{SUBJECT} AND english[Filter]"), "language-limit")
    assert found(written(f"{SUBJECT} AND english[Filter]"), "indexing-limit") == []
    assert found(written(f"{SUBJECT} AND free full text[sb]"), "indexing-limit") == []
    assert found(written(f"{SUBJECT} AND medline[sb]"), "indexing-limit")


def test_an_acronym_is_told_where_its_companion_is_another_concept():
    assert found(written("DM AND tofacitinib"), "bare-acronym")
    assert found(blocks(["DM", "myositis"], ["tofacitinib", "baricitinib"]), "bare-acronym")
    assert found(written("DM OR myositis"), "bare-acronym")


@pytest.mark.parametrize("named", ["PubMed", " medline ", "", "ClinicalTrials.gov"])
def test_pubmed_itself_a_register_or_nothing_is_no_second_database(named):
    assert found(written(SUBJECT), "single-database", named)


def test_a_register_named_as_people_write_it_is_a_register():
    assert found(written(SUBJECT), "no-register", "ClinicalTrials.gov") == []
