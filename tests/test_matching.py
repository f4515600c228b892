from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iimscreen.matching import BY_HAND, GUARDS, RULES, compare_records, find_pairs, groups, guards
from iimscreen.matching.journals import is_same_journal
from iimscreen.matching.pages import page_range
from iimscreen.matching.titles import normal_text
from iimscreen.model import Author, Kind, Record, ScoredPair, StoredRecord
from strategies import stored_records

FACTS: dict[str, object] = {
    "title": "Tofacitinib for calcinosis in adults with dermatomyositis: a cohort study",
    "authors": (Author("Ferro", "AB"), Author("Okafor", "C"), Author("Lindqvist", "D")),
    "journal": "Journal of Invented Rheumatology",
    "year": 2021,
    "volume": "12",
    "issue": "3",
    "pages": "101-109",
}


def a_record(number: int = 1, **facts: object) -> StoredRecord:
    record = Record(**{**FACTS, **facts})  # type: ignore[arg-type]  # facts of any field
    return StoredRecord(number, f"source:{number}", "Some database", Kind.DATABASE, record)


def verdict(one: dict[str, object], other: dict[str, object]) -> tuple[str, str] | None:
    pairs = find_pairs([a_record(1, **one), a_record(2, **other)])
    return (pairs[0].verdict, pairs[0].rule) if pairs else None


def names(*people: str) -> tuple[Author, ...]:
    return tuple(Author(*person.split(",")) for person in people)


# What is one report

# The registration of the very study that FACTS reports, by the same people
REGISTRATION: dict[str, object] = {
    "publication_types": ("Clinical trial registration",),
    "journal": None,
    "volume": None,
    "issue": None,
    "pages": None,
}

ONE_REPORT = {
    "same_pmid": (
        {"pmid": "90000001", "pages": None},
        {
            "pmid": "90000001",
            "title": "Tofacitinib for calcinosis",
            "journal": "J Invent Rheum",
            "year": 2022,
        },
    ),
    "same_doi_and_title": (
        {"doi": "10.1000/a", "pages": None},
        {"doi": "10.1000/a", "volume": None, "year": 2020},
    ),
    "same_registration": (
        {**REGISTRATION, "registrations": ("ClinicalTrials.gov:NCT90000001", "EudraCT:2020-001234-56")},
        {
            **REGISTRATION,
            "accession": "NCT90000001",
            "title": "A two-part study of a drug for calcium deposits",
            "authors": (),
        },
    ),
    "same_accession": (
        {"accession": "L600000001", "pages": None, "volume": None},
        {"accession": "L600000001/0a1b2c3d", "journal": None, "year": 2022, "pages": None, "authors": ()},
    ),
    "same_title_author_volume_pages": (
        {},
        {"authors": names("Ferro,Anna B."), "journal": "J Invent Rheumatol", "pages": "101-9", "issue": None},
    ),
    "same_title_author_journal_volume_pages": ({}, {"year": 2012}),
    "same_title_author_year_pages": ({}, {"volume": None, "issue": None}),
    "same_title_volume_pages_no_author": ({}, {"authors": ()}),
    "same_title_journal_issue_no_author": ({"authors": ()}, {"pages": None}),
    "same_heading_author_issue": (
        {"title": "Conference abstracts"},
        {"title": "Conference abstracts", "pages": None},
    ),
    "same_title_author_journal_year": ({}, {"pages": None, "issue": None}),
    "same_title_authors_volume_issue": (
        {"journal": "Folia Ficta Rheumatologica"},
        {"pages": None},
    ),
    "same_title_authors_volume_near_page": ({"pages": "e8-e9"}, {"pages": "e3", "issue": None}),
    "same_title_authors_journal_ahead_of_print": (
        {},
        {"volume": None, "issue": None, "pages": "1-9", "year": 2020},
    ),
    "same_journal_volume_pages_authors": (
        {},
        {"title": "Treatment of calcium deposits by tofacitinib in grown-ups who have dermatomyositis"},
    ),
    "same_journal_volume_pages_no_author": (
        {},
        {"authors": (), "title": "Tofacitinib for calcinosis of dermatomyositis in adult people: a cohort"},
    ),
}


@pytest.mark.parametrize("rule", ONE_REPORT)
def test_each_merging_rule_joins_the_two_records_it_is_written_for(rule: str) -> None:
    one, other = ONE_REPORT[rule]

    assert verdict(one, other) == ("duplicate", rule)


def test_every_rule_that_merges_has_an_example() -> None:
    merging = {rule.name for rule in RULES if rule.score >= 95.0}

    assert merging == set(ONE_REPORT)


@pytest.mark.parametrize(
    ("title", "other_title"),
    [
        (
            "Effect of interferon-γ on muscle fibres in myositis",
            "Effect of interferon-gamma on muscle fibres in myositis",
        ),
        (
            "IFN-<i>β</i> &amp; CO<sub>2</sub> in calcified muscle tissue",
            "IFN-beta and CO2 in calcified muscle tissue",
        ),
        (
            "Baricitinib bei Dermatomyositis [Baricitinib in dermatomyositis]",
            "[Baricitinib in dermatomyositis].",
        ),
        (
            "Étude française de la dermatomyosite réfractaire",
            "Etude francaise de la dermatomyosite refractaire",
        ),
        (
            "Treatment of tumour-associated myositis in adults",
            "TREATMENT OF TUMOR ASSOCIATED MYOSITIS IN ADULTS. [German]",
        ),
    ],
)
def test_a_title_is_the_same_however_a_database_writes_it(title: str, other_title: str) -> None:
    found = verdict({"title": title}, {"title": other_title})

    assert found == ("duplicate", "same_title_author_volume_pages")


def test_a_printed_reference_finds_its_database_record() -> None:
    printed = {
        "title": "tofacitinib for calcinosis in adults with dermatomyositis. A cohort study",
        "authors": names("Ferro,AB", "Okafor,C"),
        "journal": None,
        "journal_abbreviation": "J Invent Rheumatol",
        "issue": None,
        "pages": "101-9",
    }

    assert verdict({"pmid": "90000001", "doi": "10.1000/a"}, printed) == (
        "duplicate",
        "same_title_author_volume_pages",
    )


# What is not

MEETING = {"issue": "suppl 10", "volume": "11", "pages": "S77", "year": 2020}


MEN_AND_WOMEN = "Calcinosis in {} with myositis treated early"
LOOK_ALIKES: list[tuple[dict[str, object], dict[str, object]]] = [
    ({}, {"title": f"Erratum: {FACTS['title']}", "pages": "240"}),
    ({}, {"title": f"Reply to: {FACTS['title']}", "pages": "250", "authors": names("Ferro,AB")}),
    ({}, {"pages": "240", "publication_types": ("Published Erratum",)}),
    (
        {"title": "Myositis and cancer. Part I"},
        {"title": "Myositis and cancer. Part II", "pages": "110-119"},
    ),
    (
        {"title": MEN_AND_WOMEN.format("women")},
        {"title": MEN_AND_WOMEN.format("men"), "pages": "110-9"},
    ),
    ({"title": "Editorial"}, {"title": "Editorial", "issue": "4", "pages": "201"}),
    ({}, {"year": 2014, "volume": "5", "journal": "Another Journal", "pages": "7-9"}),
    ({}, {**MEETING, "journal": "Annals of Elsewhere"}),
    (
        {},
        {
            "title": "Tofacitinib for calcinosis in adults with dermatomyositis: study protocol",
            "journal": "Trials of Things",
            "volume": "9",
            "year": 2018,
            "pages": "e5",
        },
    ),
    (
        {"doi": "10.1000/suppl", "pages": "S1"},
        {
            "doi": "10.1000/suppl",
            "pages": "S2",
            "title": "Sleep and itch after a transplant",
            "authors": names("Mwangi,E"),
        },
    ),
    ({"pmid": "90000001", "doi": "10.1000/a"}, {"pmid": "90000002", "doi": "10.1000/b", "pages": "9"}),
    ({}, {**REGISTRATION, "registrations": ("ClinicalTrials.gov:NCT90000001",)}),
    (
        {**REGISTRATION, "registrations": ("ClinicalTrials.gov:NCT90000001",)},
        {**REGISTRATION, "registrations": ("ClinicalTrials.gov:NCT90000002",)},
    ),
]


@pytest.mark.parametrize(("one", "other"), LOOK_ALIKES)
def test_reports_that_only_look_alike_are_left_apart_unasked(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert verdict(one, other) is None


SMOKERS = (
    "Tofacitinib for calcinosis in {}smokers with dermatomyositis and with no other disease: a cohort study"
)
COCHRANE = {"journal": "Cochrane Database of Systematic Reviews", "volume": None, "pages": "CD001234"}
PHASE = "Tofacitinib in myositis, phase {} results"
ADULTS = "Tofacitinib for calcinosis in adults with dermatomyosit"
ASKED: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "different_pmids": ({"pmid": "90000001"}, {"pmid": "90000002"}),
    "registration_and_report": ({"pmid": "90000001"}, {**REGISTRATION, "pmid": "90000001"}),
    "different_registrations": (
        {**REGISTRATION, "pmid": "90000001", "registrations": ("ISRCTN:ISRCTN90000001",)},
        {**REGISTRATION, "pmid": "90000001", "registrations": ("ISRCTN:ISRCTN90000002",)},
    ),
    "notice_or_protocol": ({}, {"title": f"Correction: {FACTS['title']}"}),
    "other_numbers": ({"title": PHASE.format(2)}, {"title": PHASE.format(3)}),
    "other_words": (
        {"title": MEN_AND_WOMEN.format("women"), "pages": "S4"},
        {"title": MEN_AND_WOMEN.format("boys"), "pages": "S4"},
    ),
    "further_analysis": ({"pages": None}, {"title": f"{FACTS['title']}, with a subgroup analysis of men"}),
    "later_part": ({"pages": None}, {"title": f"{FACTS['title']}. Part 2: treatment"}),
    "other_version": (
        {**COCHRANE, "issue": "1", "doi": "10.1002/14651858.cd001234.pub2"},
        {**COCHRANE, "issue": "10", "doi": "10.1002/14651858.cd001234.pub3"},
    ),
    "other_doi": (
        {"doi": "10.1000/a", "title": f"{ADULTS}is"},
        {"doi": "10.1000/b", "title": f"{ADULTS}ides", "pages": None},
    ),
    "abstract_against_paper": ({}, {**MEETING, "pages": None}),
    "registrations_that_name_one_another": (
        {**REGISTRATION, "accession": "NCT90000001", "registrations": ("ClinicalTrials.gov:NCT90000001",)},
        {
            **REGISTRATION,
            "accession": "NCT90000002",
            "registrations": ("ClinicalTrials.gov:NCT90000002", "ClinicalTrials.gov:NCT90000001"),
        },
    ),
    "same_title_and_place": ({}, {"authors": names("Mwangi,E")}),
    "same_title_and_author": ({}, {"pages": "301-309"}),
    "same_heading_author_volume": (
        {"title": "Clinical conundrums"},
        {"title": "Clinical conundrums", "pages": None, "issue": None, "year": 2022},
    ),
    "same_title_journal_year_no_author": ({}, {"authors": (), "volume": None, "issue": None, "pages": None}),
    "similar_title_same_author": (
        {},
        {
            "title": "Tofacitinib for extensive painful calcinosis in adults with dermatomyositis: "
            "a cohort study",
            "pages": None,
        },
    ),
    "same_pmid_other_title": (
        {"pmid": "90000001"},
        {
            "pmid": "90000001",
            "title": "Sleep and itch after a transplant",
            "pages": "7",
            "authors": names("Mwangi,E"),
        },
    ),
    "same_doi_other_title": (
        {"doi": "10.1000/a"},
        {"doi": "10.1000/a", "title": "Ein ganz anderer Satz", "volume": None, "pages": None},
    ),
    "same_place_and_author": (
        {"pages": "101"},
        {"pages": "101", "title": "Ein ganz anderer Satz von derselben Seite"},
    ),
}


@pytest.mark.parametrize("rule", ASKED)
def test_doubtful_pairs_are_asked_about_with_the_cause_of_doubt(rule: str) -> None:
    one, other = ASKED[rule]

    assert verdict(one, other) == ("asked", rule)


def test_every_guard_and_every_asking_rule_has_an_example() -> None:
    asking = {guard.__name__ for guard in GUARDS} | {rule.name for rule in RULES if rule.score < 95.0}

    assert asking == set(ASKED)


def test_a_congress_abstract_and_its_paper_are_asked_about() -> None:
    abstract = {
        "title": "Study of tofacitinib in refractory dermatomyositis (STIR): "
        "An open label pilot study in refractory dermatomyositis",
        "authors": names("Paik,JJ", "Albayda,J", "Tiniakou,E"),
        "journal": "Arthritis & Rheumatology",
        "year": 2018,
        "volume": "70",
        "issue": "suppl 10",
        "pages": None,
    }
    paper = {
        "title": "Study of Tofacitinib in Refractory Dermatomyositis: "
        "An Open-Label Pilot Study of Ten Patients",
        "authors": names("Paik,JJ", "Casciola-Rosen,L", "Shin,JY", "Albayda,J", "Tiniakou,E", "Leung,DG"),
        "journal": "Arthritis Rheumatol",
        "year": 2021,
        "volume": "73",
        "issue": None,
        "pages": "858-65",
    }

    assert verdict(abstract, paper) == ("asked", "abstract_against_paper")
    assert verdict({**abstract, "issue": None}, paper) == ("asked", "other_words")


def test_a_record_without_any_place_or_number_is_no_paper_that_an_abstract_must_be_kept_from() -> None:
    abstract = {"journal": "Invented Journal. Conference: 70th Sessions", "volume": None, "issue": None}
    bare = {"journal": "Invented Journal", "volume": None, "issue": None, "pages": None}

    assert verdict({**abstract, "pages": None}, bare) == ("duplicate", "same_title_author_journal_year")
    assert verdict({**abstract, "pages": None}, {**bare, "pmid": "90000001"}) == (
        "asked",
        "abstract_against_paper",
    )


def test_a_record_from_a_register_is_never_merged_with_the_article_of_the_same_title_and_place() -> None:
    article, registration = a_record(1), a_record(2)
    registration = dataclasses.replace(registration, kind=Kind.REGISTER)

    assert (
        find_pairs([article, dataclasses.replace(registration, kind=Kind.DATABASE)])[0].verdict == "duplicate"
    )
    assert find_pairs([article, registration], merge_at=50.0, ask_at=10.0) == []


def test_a_title_that_denies_what_the_other_says_is_another_report_even_without_pages() -> None:
    smokers, others = SMOKERS.format(""), SMOKERS.format("non-")

    assert verdict({"title": smokers}, {"title": others, "pages": None}) == ("asked", "other_words")


def test_a_conference_paper_is_known_by_its_pages_and_people_though_a_word_of_its_title_changed() -> None:
    paper = {"journal": "Invented Conference on Systems", "volume": None, "issue": None, "pages": "44-53"}
    other = {**paper, "title": "Tofacitinib for calcinosis of adults with dermatomyositis: a registry study"}

    assert verdict(paper, other) == ("duplicate", "same_journal_volume_pages_authors")
    assert verdict({**paper, "pages": "44-45"}, {**other, "pages": "44-45"}) != (
        "duplicate",
        "same_journal_volume_pages_authors",
    )


def test_an_article_printed_again_a_year_later_is_asked_about() -> None:
    again = {"year": 2022, "volume": "13", "pages": "56-64", "doi": "10.1000/b"}

    assert verdict({"doi": "10.1000/a"}, again) == ("asked", "other_doi")
    assert verdict({"doi": "10.1000/a"}, {**again, "authors": names("Ferro,AB")}) is None


def test_a_year_in_place_of_a_volume_contradicts_no_volume() -> None:
    assert verdict({"pages": None}, {"volume": "2021", "issue": None}) == (
        "duplicate",
        "same_title_author_journal_year",
    )


def test_a_department_before_the_title_does_not_hide_the_report() -> None:
    found = verdict({}, {"title": f"Clinic: how to do it ... {FACTS['title']}", "pages": None})

    assert found == ("duplicate", "same_title_author_journal_year")


def test_half_a_word_at_the_end_of_a_torn_title_is_no_roman_number() -> None:
    whole = "Sleep and itch after a transplant in adults treated with voriconazole for a year"
    torn = "Sleep and itch after a transplant in adults treated with v"

    assert verdict({"title": whole}, {"title": torn}) == ("duplicate", "same_title_author_volume_pages")


def test_a_number_of_central_written_as_a_doi_contradicts_no_doi() -> None:
    central = {"doi": "10.1002/central/cn-01234567", "pages": None}

    assert verdict({"doi": "10.1000/a"}, central) == ("duplicate", "same_title_author_journal_year")


def test_every_verdict_names_the_fields_that_agreed_and_differed() -> None:
    (pair,) = find_pairs([a_record(1, doi="10.1000/a"), a_record(2, year=2012, doi=None)])

    assert pair.agreed == ("title", "authors", "journal", "volume", "issue", "pages")
    assert pair.differed == ("year",)


def test_two_copies_of_one_registration_are_merged_as_any_two_records() -> None:
    facts = {"publication_types": ("Trial registry record",)}

    assert verdict(facts, {**facts, "publication_types": ("Clinical trial registration",)}) == (
        "duplicate",
        "same_title_author_volume_pages",
    )


BESIDE_AN_ARTICLE_WITHOUT_A_PAGE = (
    f"Author Correction: {FACTS['title']}",
    f"Publisher's correction: {FACTS['title']}",
    f"Addendum: {FACTS['title']}",
    f"Statement of retraction: {FACTS['title']}",
    f"Plain language summary: {FACTS['title']}",
    f"Response by Ferro: {FACTS['title']}",
    f"{FACTS['title']} (vol 12, pg 101, 2021)",
    f"{FACTS['title']}: rationale, design and methods",
    f"{FACTS['title']}: protocol of a randomised trial",
)


@pytest.mark.parametrize("title", BESIDE_AN_ARTICLE_WITHOUT_A_PAGE)
def test_what_is_said_about_an_article_is_not_merged_with_one_that_lacks_its_page(title: str) -> None:
    assert verdict({"pages": None}, {"title": title, "pages": "240"}) is None


@pytest.mark.parametrize(
    ("word", "other_word"),
    [
        ("chronic hepatitis B", "chronic hepatitis C"),
        ("peginterferon alfa-2a", "peginterferon alfa-2b"),
        ("CT of the muscles", "MR of the muscles"),
        ("hyponatremia", "hypernatremia"),
        ("symptomatic disease", "asymptomatic disease"),
        ("diabetic patients", "nondiabetic patients"),
        ("part A", "part B"),
    ],
)
def test_one_word_that_tells_two_articles_apart_is_asked_about_where_one_lacks_the_page(
    word: str, other_word: str
) -> None:
    title = "Outcome after ten years in a national cohort of adults in care with {}"

    found = verdict({"title": title.format(word)}, {"title": title.format(other_word), "pages": None})

    assert found == ("asked", "other_words")


EDITORIALS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "of two issues, without an author": (
        {"authors": (), "pages": "1"},
        {"authors": (), "pages": "1", "issue": "4"},
    ),
    "of one author in two journals": ({"pages": "1-2"}, {"pages": "1-2", "journal": "Another Magazine"}),
    "of one issue, one without page and author": ({}, {"authors": (), "pages": None}),
}


@pytest.mark.parametrize("editorials", EDITORIALS)
@pytest.mark.parametrize("title", ["Editorial", "Letters to the editor"])
def test_headings_that_may_be_of_two_texts_are_not_merged(title: str, editorials: str) -> None:
    one, other = ({**facts, "title": title} for facts in EDITORIALS[editorials])

    assert verdict(one, other) in (None, ("asked", "same_title_and_place"))


def test_a_column_on_the_same_page_of_two_issues_is_not_merged() -> None:
    column = {"title": "A message from the president of the society", "pages": "3"}

    assert verdict(column, {**column, "issue": "4"}) == ("asked", "same_title_and_place")


def test_two_letters_of_one_group_on_the_same_two_pages_are_not_merged() -> None:
    one = {"title": "Fatigue in myositis: a letter from Rome", "pages": "345-346"}

    assert verdict(one, {**one, "title": "Calcinosis in scleroderma: more data"}) == (
        "asked",
        "same_place_and_author",
    )


def test_a_shared_doi_does_not_merge_records_without_a_title_or_of_other_people() -> None:
    doi = {"doi": "10.1000/supplement"}
    others = {**doi, "pages": None, "authors": names("Mwangi,E")}

    assert verdict({**doi, "title": None}, {**others, "title": None}) is None
    assert verdict(doi, others) == ("asked", "same_doi_other_title")


def test_titles_that_are_not_stated_neither_agree_nor_differ() -> None:
    (pair,) = find_pairs([a_record(1, pmid="90000001"), a_record(2, pmid="90000001", title=None)])

    assert (pair.verdict, pair.rule) == ("duplicate", "same_pmid")
    assert "title" not in {*pair.agreed, *pair.differed}


def test_a_record_without_year_and_place_is_not_merged_unasked() -> None:
    bare = {"year": None, "volume": None, "issue": None, "pages": None}

    assert verdict({}, bare) == ("asked", "same_title_and_author")


def test_a_study_and_its_extension_that_share_a_number_elsewhere_stay_two() -> None:
    shared = "EudraCT:2020-001234-56"
    one, other = (
        {**REGISTRATION, "registrations": (f"ClinicalTrials.gov:NCT9000000{n}", shared)} for n in (1, 2)
    )

    assert verdict(one, other) is None


def test_the_number_of_a_trial_in_two_articles_does_not_make_them_one_report() -> None:
    articles = [
        a_record(n, title=title, pages=pages, registrations=("ClinicalTrials.gov:NCT90000001",))
        for n, title, pages in (
            (1, "Tofacitinib in myositis: results at a year", "1-9"),
            (2, "Sleep and itch in adults with a rash", "20-29"),
        )
    ]

    assert find_pairs(articles) == []


def test_a_registration_without_a_number_does_not_chain_two_studies_into_one_group() -> None:
    numbers = (("ClinicalTrials.gov:NCT90000001",), ("ClinicalTrials.gov:NCT90000002",), ())
    records = [
        dataclasses.replace(a_record(n, registrations=stated), kind=Kind.REGISTER)
        for n, stated in enumerate(numbers, start=1)
    ]

    pairs = find_pairs(records)

    joined = groups([record.key for record in records], [p for p in pairs if p.verdict == "duplicate"])
    assert joined["source:1"] != joined["source:2"]
    assert "chain_of_unlike_records" in {pair.rule for pair in pairs if pair.verdict == "asked"}


def test_a_record_without_an_identifier_does_not_chain_two_pmids_into_one_group() -> None:
    records = [a_record(1, pmid="90000001"), a_record(2, pmid="90000002"), a_record(3)]

    pairs = find_pairs(records)

    merged = [pair for pair in pairs if pair.verdict == "duplicate"]
    joined = groups([record.key for record in records], merged)
    assert joined["source:1"] != joined["source:2"]
    assert {pair.rule for pair in pairs if pair.verdict == "asked"} == {
        "different_pmids",
        "chain_of_unlike_records",
    }


HEPATITIS = "Outcome after ten years in a national cohort of adults in care with hepatitis {}infection"
UNLIKE_ENDS: dict[str, tuple[dict[str, object], ...]] = {
    "abstract and paper": (
        {"publication_types": ("Conference Abstract",), "issue": "Suppl 1", "pages": None},
        {"issue": None, "pages": None},
        {},
    ),
    "three years": tuple({"year": 2015 + n, "volume": None, "issue": None, "pages": None} for n in range(3)),
    "hepatitis B and C": tuple({"title": HEPATITIS.format(kind), "pages": None} for kind in ("b ", "", "c ")),
}


@pytest.mark.parametrize("records", UNLIKE_ENDS)
def test_a_vague_record_does_not_chain_two_reports_that_a_guard_keeps_apart(records: str) -> None:
    one, vague, other = UNLIKE_ENDS[records]
    found = find_pairs([a_record(1, **one), a_record(2, **vague), a_record(3, **other)])

    joined = groups(
        ["source:1", "source:2", "source:3"], [pair for pair in found if pair.verdict == "duplicate"]
    )

    assert joined["source:1"] != joined["source:3"]
    assert "chain_of_unlike_records" in {pair.rule for pair in found}


NOTICE_WORDS = st.sampled_from(
    [
        "erratum",
        "corrigenda",
        "correction",
        "corrected",
        "addendum",
        "to",
        "for",
        "of",
        "vol",
        "55",
        "pg",
        "101",
        "2016",
        "retraction",
        "note",
        "withdrawal",
        "removed",
        "expression",
        "concern",
        "notice",
        "comments",
        "commentary",
        "re",
        "response",
        "by",
        "faculty",
        "opinions",
        "replies",
        "the",
        "authors",
        "reply",
        "in",
        "letter",
        "editorial",
        "invited",
        "commented",
        "discussion",
        "plain",
        "language",
        "lay",
        "summary",
        "study",
        "trial",
        "protocol",
        "a",
        "statistical",
        "analysis",
        "plan",
        "rationale",
        "objectives",
        "and",
        "design",
        "methods",
        "see",
        "drug",
    ]
)


@given(st.lists(NOTICE_WORDS, min_size=1, max_size=7).map(" ".join))
@settings(max_examples=300)
def test_no_notice_is_missed_by_the_search_that_spares_the_others(title: str) -> None:
    told = {name for name, pattern in guards._NOTICES if pattern.search(title)}

    assert guards._notices_in(title) == told


def test_no_threshold_merges_what_a_guard_holds_back() -> None:
    pairs = find_pairs(
        [a_record(1, pmid="90000001"), a_record(2, pmid="90000002")], merge_at=50.0, ask_at=10.0
    )

    assert [pair.verdict for pair in pairs] == ["asked"]


def test_a_higher_threshold_asks_where_a_lower_one_merges() -> None:
    pairs = find_pairs([a_record(1), a_record(2, pages=None)], merge_at=98.0)

    assert [(pair.verdict, pair.rule) for pair in pairs] == [("asked", "same_title_author_journal_year")]


def test_only_pairs_with_a_new_record_are_compared_when_new_ones_are_named() -> None:
    records = [a_record(1), a_record(2), a_record(3)]

    pairs = find_pairs(records, new={"source:3"})

    assert {(pair.key, pair.other_key) for pair in pairs} == {
        ("source:1", "source:3"),
        ("source:2", "source:3"),
    }


def test_a_thousand_editorials_are_neither_merged_nor_compared_with_each_other_all() -> None:
    records = [
        a_record(n, title="Editorial", volume=str(n // 12), issue=str(n % 12), pages=str(n))
        for n in range(1, 1001)
    ]

    assert find_pairs(records) == []


# Fields


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ("1024-9", ("1024", "1029")),
        ("858-65", ("858", "865")),
        ("S385S-389", ("s385", "s389")),
        ("e14647", ("e14647", None)),
        ("01-Jun", ("1", "6")),
        ("Sep-17", ("9", "17")),
        ("901-7; quiz 907", ("901", "907")),
        ("pp. 12-19", ("12", "19")),
        ("P12", ("p12", None)),
        ("35+", ("35", None)),
        ("215 p", (None, None)),
        ("xii, 215 pages", (None, None)),
        ("No Pagination Specified", (None, None)),
        (None, (None, None)),
    ],
)
def test_pages_are_read_in_every_form_that_databases_print(
    pages: str | None, expected: tuple[str | None, str | None]
) -> None:
    assert page_range(pages) == expected


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("ann rheum dis", "annals rheumatic diseases", True),
        ("dtsch med wochenschr", "deutsche medizinische wochenschrift", True),
        ("arthritis rheumatol", "arthritis rheumatology", True),
        ("pnas", "proceedings national academy sciences", True),
        ("rheumatology", "arthritis rheumatology", False),
        ("lancet", "lancet rheumatology", False),
        ("international conference things", "ict thirty first international conference things", True),
        ("eur j cancer", "european journal cancer prevention", False),
        ("clin rheumatol", "clinical exp rheumatol", False),
    ],
)
def test_a_journal_is_known_by_its_abbreviation(name: str, other: str, same: bool) -> None:
    assert is_same_journal(name, other) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (names("Paik,JJ"), names("Paik,Julie J.")),
        (names("Visser,M de"), names("de Visser,Marianne")),
        (names("Müller,K"), names("Muller,K")),
        (names("Won Sang,O"), names("Sang,Won O")),
    ],
)
def test_a_first_author_is_known_in_every_form_of_the_name(
    one: tuple[Author, ...], other: tuple[Author, ...]
) -> None:
    pair = compare_records(a_record(1, authors=one), a_record(2, authors=other))

    assert pair is not None
    assert pair.first_author is True


@given(st.text())
def test_a_normal_text_is_its_own_normal_text(text: str) -> None:
    normal = normal_text(text)

    assert normal_text(normal) == normal


# Promises for any records


def _as_sets(pairs: list[ScoredPair]) -> set[tuple[frozenset[str], str, str, float]]:
    return {(frozenset((pair.key, pair.other_key)), pair.verdict, pair.rule, pair.score) for pair in pairs}


@given(stored_records(), st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_pairs_do_not_depend_on_the_order_in_which_records_arrived(
    records: list[StoredRecord], chance: random.Random
) -> None:
    ids = [record.id for record in records]
    chance.shuffle(ids)
    arrived = [dataclasses.replace(record, id=number) for record, number in zip(records, ids, strict=True)]

    assert _as_sets(find_pairs(arrived)) == _as_sets(find_pairs(records))


@given(stored_records())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_each_pair_comes_once_with_the_earlier_record_named_before_the_later(
    records: list[StoredRecord],
) -> None:
    ids = {record.key: record.id for record in records}

    pairs = find_pairs(records)

    assert all(ids[pair.key] < ids[pair.other_key] for pair in pairs)
    assert len({(pair.key, pair.other_key) for pair in pairs}) == len(pairs)


@given(stored_records())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_two_pmids_never_share_a_group(records: list[StoredRecord]) -> None:
    merged = [pair for pair in find_pairs(records) if pair.verdict == "duplicate"]

    joined = groups([record.key for record in records], merged)

    pmids: dict[str, set[str]] = {}
    for record in records:
        if record.record.pmid:
            pmids.setdefault(joined[record.key], set()).add(record.record.pmid)
    assert all(len(found) == 1 for found in pmids.values())


KEYS = [f"source:{number}" for number in range(8)]
_PAIRS = st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)).filter(lambda pair: pair[0] < pair[1])
_EDGES = st.lists(
    st.builds(
        lambda pair, score: ScoredPair(*pair, "duplicate", "same_pmid", score),
        _PAIRS,
        st.sampled_from([95.0, 97.0, 99.0, BY_HAND]),
    ),
    max_size=12,
)


@given(_EDGES, st.lists(_PAIRS, max_size=4), st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_edges(
    edges: list[ScoredPair], apart: list[tuple[str, str]], chance: random.Random
) -> None:
    shuffled = chance.sample(edges, len(edges))

    assert groups(KEYS, shuffled, apart[::-1]) == groups(KEYS, edges, apart)


@given(_EDGES, st.lists(_PAIRS, max_size=4))
def test_records_that_a_person_held_apart_are_never_in_one_group(
    edges: list[ScoredPair], apart: list[tuple[str, str]]
) -> None:
    joined = groups(KEYS, edges, apart)

    assert all(joined[one] != joined[other] for one, other in apart)


@given(_EDGES, st.permutations(KEYS))
def test_the_earliest_record_of_a_group_represents_it(edges: list[ScoredPair], keys: list[str]) -> None:
    joined = groups(keys, edges)

    assert all(keys.index(kept) <= keys.index(key) and joined[kept] == kept for key, kept in joined.items())


def test_a_merge_by_hand_comes_before_a_stronger_looking_rule() -> None:
    by_rule = ScoredPair("source:0", "source:1", "duplicate", "same_pmid", 100.0)
    by_hand = ScoredPair("source:1", "source:2", "duplicate", "by_hand", BY_HAND)

    joined = groups(KEYS[:3], [by_rule, by_hand], [("source:0", "source:2")])

    assert joined == {"source:0": "source:0", "source:1": "source:1", "source:2": "source:1"}
