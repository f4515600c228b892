from __future__ import annotations

import csv
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen import formats, settings
from iimscreen.errors import InputError
from iimscreen.model import Author, Parsed, Record, Reply, SubQuery
from iimscreen.queries import find_strategy, read_strategy
from iimscreen.sources import corpus

BUNDLE = settings.bundled_reviews() / "iim"

RECORDS = [
    Record(
        source_id="tofa",
        title="Anti-MDA5 dermatomyositis treated with the Janus-kinase inhibitor tofacitinib",
        authors=(Author("Paik", "JJ"), Author("Di Carlo", "M")),
        journal="Arthritis & Rheumatology",
        year=2021,
        languages=("eng",),
        publication_types=("Case Reports",),
    ),
    Record(
        source_id="behcet",
        title="Apremilast for oral ulcers in Behçet's syndrome",
        abstract="Inhibitors of phosphodiesterase 4. Janus was a god; a kinase is an enzyme.",
        mesh_terms=("Behcet Syndrome / drug therapy*", "Myositis, Inclusion Body"),
        substances=("apremilast",),
        keywords=("mouth sores",),
        year=2019,
        languages=("ger",),
    ),
    Record(
        source_id="indexed", title="A letter", mesh_terms=("Dermatomyositis*",), substances=("tofacitinib",)
    ),
    Record(source_id="noise", title="DM and PM2.5: diabetes mellitus, particulate matter", year=2020),
]


def asked(text: str, records=tuple(RECORDS), as_of: dt.date | None = None):
    made = corpus.Corpus(records, database="Test", source="test", as_of=as_of)
    return made.fetch(SubQuery("Q1", text, text))


def found(text: str, records=tuple(RECORDS)) -> list[str | None]:
    return [record.accession for record in asked(text, records).records]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tofacitinib", ["tofa", "indexed"]),
        ("TOFACITINIB[TIAB]", ["tofa"]),
        ("tofacitinib[nm]", ["indexed"]),
        ("tofacitinib[nm] OR apremilast[nm]", ["behcet", "indexed"]),
        ("tofacitinib AND anti mda5", ["tofa"]),
        ("tofacitinib NOT mda5", ["indexed"]),
        ("tofacitinib NOT mda5 NOT letter", []),
        ("apremilast OR tofacitinib AND mda5", ["tofa"]),  # read from left to right
        ("apremilast OR (tofacitinib AND mda5)", ["tofa", "behcet"]),
        ("janus kinase inhibitors", ["tofa", "behcet", "indexed"]),  # singular, anywhere, by action
        ('"janus kinase inhibitors"', []),
        ('"janus kinase inhibitor"[tiab]', ["tofa"]),
        ("janus kinase inhibitor[tiab]", ["tofa"]),
        ('"kinase janus"[tiab]', []),
        ('"Janus Kinase Inhibitors"[pa]', ["indexed"]),
        ('"Janus Kinase Inhibitors"[mh]', []),
        ("dermatomyositis", ["tofa", "indexed"]),  # the word, or its heading
        ("dermatomyositis[tiab]", ["tofa"]),
        ('"dermatomyositis"[MeSH Terms]', ["indexed"]),
        ("dermatomyositis[mh:noexp]", ["indexed"]),
        ("inclusion body myositis", ["behcet"]),
        ('"Behcet Syndrome/drug therapy"[mh]', ["behcet"]),
        ('"Behcet Syndrome"[mh]', ["behcet"]),
        ("Behcet[mh]", []),
        ("behcet[ti]", ["behcet"]),
        ("BEHÇET[ti]", ["behcet"]),
        ("enzyme[ti]", []),
        ('"mouth sores"[tiab]', ["behcet"]),
        ("mouth sores[ot]", ["behcet"]),
        ("tofa*", ["tofa", "indexed"]),
        ('"anti mda*"[tiab]', []),  # three letters: no truncation
        ('"anti mda5*"[tiab]', ["tofa"]),
        ("DM", ["noise"]),
        ("PM", []),
        ("ass", []),
        ("rheumatology", ["tofa"]),
        ('"Arthritis & Rheumatology"[ta]', ["tofa"]),
        ("arthritis[ta]", []),
        ("paik j[au]", ["tofa"]),
        ("paik[au]", ["tofa"]),
        ("pai[au]", []),
        ("di carlo m[au]", ["tofa"]),
        ("paik", []),
        ("english[la]", ["tofa"]),
        ("ger[la]", ["behcet"]),
        ('"case reports"[pt]', ["tofa"]),
        ("syndrome of the mouth", ["behcet"]),
        ("“janus kinase inhibitor”[tiab]", ["tofa"]),
    ],
)
def test_a_sub_query_finds_in_the_corpus_what_its_syntax_says(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019[dp]", ["behcet", "indexed"]),
        ("2019:2020[dp]", ["behcet", "indexed", "noise"]),
        ("2019/06/01:2019/07[dp]", ["behcet", "indexed"]),
        ('"2020"[dp] : "2021"[dp]', ["tofa", "indexed", "noise"]),
        ("letter NOT 2019[dp]", ["indexed"]),
    ],
)
def test_a_publication_date_is_met_by_any_part_of_it_and_kept_where_unknown(text, expected):
    assert found(text) == expected


def a_record(name: str, **facts) -> Record:
    return Record(source_id=name, title="Tofacitinib", **facts)


AS_OF = "tofacitinib AND 1800/01/01:2023/08/23[crdt]"


@pytest.mark.parametrize(
    ("facts", "kept", "undated"),
    [
        ({"entered_on": "2023-08-23"}, 1, 0),
        ({"entered_on": "2023-08-24"}, 0, 0),
        ({"entered_on": "2023-08"}, 1, 1),
        ({"entered_on": "2022"}, 1, 0),
        ({"entered_on": "2023-08-20", "published_on": "2024-01-01"}, 1, 0),  # ahead of print
        ({"published_on": "2023-08-16", "year": 2024}, 1, 1),
        ({"published_on": "2023-08-23"}, 1, 1),
        ({"published_on": "2023-08-24"}, 0, 0),
        ({"published_on": "2023-08"}, 1, 1),
        ({"published_on": "2023-09"}, 0, 0),
        ({"published_on": "2023"}, 1, 1),
        ({"year": 2023}, 1, 1),
        ({"year": 2024}, 0, 0),
        ({}, 1, 1),
    ],
)
def test_a_search_as_of_a_day_leaves_out_only_what_cannot_have_been_there(facts, kept, undated):
    answer = asked(AS_OF, [a_record("r", **facts)])

    assert (answer.hits, answer.undated) == (kept, undated)


def test_how_many_were_left_out_or_kept_undated_is_said():
    records = [a_record("a", year=2024), a_record("b", published_on="2023-09-01"), a_record("c", year=2020)]

    answer = asked(AS_OF, records)

    assert len(answer.warnings) == 2
    assert answer.warnings[0].startswith("2 left out: first published after the date limit")
    assert answer.warnings[1].startswith("1 kept although the corpus does not know the date")


def test_a_record_that_does_not_match_is_not_told_as_left_out_for_its_date():
    answer = asked(f"baricitinib AND {AS_OF}", [a_record("a", year=2024)])

    assert (answer.hits, answer.warnings) == (0, ())


def test_what_is_undecided_stays_so_under_not():
    answer = asked("tofacitinib NOT 2023/08/24:3000[crdt]", [a_record("a"), a_record("b", entered_on="2024")])

    assert [record.accession for record in answer.records] == ["a"]
    assert answer.undated == 1


def test_the_corpus_applies_its_own_day_where_the_sub_query_has_none():
    records = [a_record("a", entered_on="2023-08-23"), a_record("b", entered_on="2023-08-24")]

    answer = asked("tofacitinib", records, dt.date(2023, 8, 23))

    assert [record.accession for record in answer.records] == ["a"]
    assert "1800/01/01:2023/08/23[crdt]" in answer.interpreted_as


def test_how_a_term_was_read_is_shown():
    answer = asked("dermatomyositis AND (apremilast OR janus kinase inhibitors)")

    assert answer.interpreted_as == (
        '(dermatomyositis[all] OR "Dermatomyositis"[mh]) AND (apremilast[all] OR '
        '(janus kinase inhibitors[all] OR "Janus Kinase Inhibitors"[mh] OR "Janus Kinase Inhibitors"[pa]))'
    )


@pytest.mark.parametrize(
    ("text", "told", "expected"),
    [
        ("(tofacitinib OR apremilast)[tiab]", "[tiab] stands on a group", ["tofa", "behcet", "indexed"]),
        ("tofacitinib[foo]", "[foo] is no tag that PubMed is known to have", ["tofa", "indexed"]),
        ("tofacitinib[ad]", "the corpus holds no field for [ad]", ["tofa", "indexed"]),
        ("tof*[tiab]", "'tof*' is too short to be truncated", []),
        ('"--"[tiab]', "holds no word to search for", []),
    ],
)
def test_what_is_ignored_is_told(text, told, expected):
    answer = asked(text)

    assert told in " ".join(answer.warnings)
    assert [record.accession for record in answer.records] == expected


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("(tofacitinib", "Unbalanced opening parenthesis"),
        ("tofacitinib AND", "Cannot end with LOGIC_OPERATOR"),
        ('"tofacitinib', "Unmatched opening quote"),
        ("tofacitinib (a OR b)", "Missing operator"),
        ("#1 AND #2", "refers to another search"),
        ('"mda5 tofacitinib"[tiab:~2]', "near each other"),
        ("2020[edat]", "no date of the kind [edat]"),
        ("2020/13[crdt]", "is no date"),
        ("2023:2020[dp]", "ends before it begins"),
        (" ", "it is empty"),
        ("(" * 3000 + "a" + ")" * 3000, ""),
    ],
)
def test_a_sub_query_that_cannot_be_read_here_is_refused_with_its_cause(text, cause, capfd):
    with pytest.raises(InputError) as caught:
        asked(text)

    assert caught.value.message.startswith("sub-query Q1 cannot be evaluated offline: ")
    assert cause in caught.value.message
    assert "\n" not in caught.value.message
    assert "--source pubmed" in caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_the_parser_prints_nothing(capfd):
    asked("a OR b AND c NOT tofacitinib[ti]")

    assert capfd.readouterr() == ("", "")


def test_the_answer_is_kept_once_and_names_the_state_of_the_corpus():
    kept: list[Reply] = []
    progress: list[tuple[int, int]] = []
    made = corpus.Corpus(RECORDS, database="Test", source="test")
    sub_query = SubQuery("Q1", "tofacitinib", "tofacitinib")

    answer = made.fetch(sub_query, keep=kept.append, on_progress=lambda *done: progress.append(done))
    again = made.fetch(sub_query, resume_from=kept, keep=kept.append)

    assert again == answer
    assert len(kept) == 1
    assert made.replay(sub_query, kept) == answer
    assert made.count(sub_query) == answer.hits == 2
    assert json.loads(kept[0].request)["build"] == answer.database_build == made.build
    assert progress[-1] == (2, 2)


def test_a_record_of_a_file_keeps_one_accession_whatever_it_states():
    records = [
        Record(title="A"),
        Record(title="B", pmid="7"),
        Record(title="C", accession="x", source_id="y"),
    ]

    made = corpus.Corpus(records, database="Test", source="test")

    assert [record.accession for record in made.records[1:]] == ["7", "x"]
    assert (
        made.records[0].accession == corpus.Corpus(records[:1], database="T", source="t").records[0].accession
    )


def test_an_identifier_met_twice_is_one_record_and_told():
    records = [a_record("a"), a_record("a", year=2020), a_record("b")]

    answer = asked("tofacitinib", records)

    assert answer.hits == 2
    assert answer.warnings == ("identifiers met again in the corpus: 1; the earlier record was kept",)


def test_a_corpus_file_is_named_as_what_it_is(tmp_path):
    made = corpus.from_file(tmp_path / "My Export 2.ris", RECORDS, dt.date(2023, 8, 23))

    assert made.database == "Corpus file My Export 2.ris (offline)"
    assert made.source == "corpus-my-export-2"


def test_a_corpus_with_a_bad_line_is_refused_by_line(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"title": "A"}\n{"year": 2020}\n', encoding="utf-8")

    with pytest.raises(InputError, match=r"bad\.jsonl, line 2: no title"):
        corpus.read_corpus(path)
    with pytest.raises(InputError, match="cannot be read"):
        corpus.read_corpus(tmp_path / "absent.jsonl")


terms = st.sampled_from(["tofacitinib", "dermatomyositis[tiab]", '"a letter"', "syndrome", "2019[dp]", "zzz"])
queries = st.recursive(
    terms,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR", "NOT"]), inner),
    max_leaves=6,
)


@given(queries, queries)
def test_and_is_contained_in_or_and_not_divides_what_was_found(one, other):
    both, either = set(found(f"{one} AND {other}")), set(found(f"{one} OR {other}"))
    without = set(found(f"{one} NOT {other}"))

    assert both <= either
    assert without <= set(found(one)) <= both | without


@pytest.fixture(scope="module")
def bundle():
    return corpus.bundled()


@pytest.fixture(scope="module")
def known_items():
    with (BUNDLE / "known_items.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def union(made: corpus.Corpus, name: str) -> dict[str | None, Record]:
    strategy = read_strategy(find_strategy(name))
    return {record.accession: record for one in strategy.sub_queries for record in made.fetch(one).records}


def test_the_bundled_corpus_holds_titled_records_with_provenance_and_no_abstract(bundle):
    records = bundle.records

    assert len(records) == len({record.accession for record in records}) == 229
    assert all(
        record.title and record.provenance and record.accession == record.source_id for record in records
    )
    assert not any(record.abstract for record in records)
    assert bundle.database == "Bundled corpus (offline, not PubMed)"


def test_no_identifier_in_the_bundled_corpus_stands_for_two_records(bundle):
    for name in ("pmid", "pmcid", "doi"):
        stated = [getattr(record, name) for record in bundle.records if getattr(record, name)]
        assert len(stated) == len(set(stated))
    assert all(record.doi == record.doi.lower() for record in bundle.records if record.doi)


def test_provenance_names_only_identifiers_pages_and_the_paper(bundle):
    starts = ("doi:10.", "pmid:", "pmcid:PMC", "https://", "reference list of the paper", "the paper itself")
    places = {place for record in bundle.records for place in record.provenance}
    others = {place for place in places if not place.startswith(starts)}

    assert others == {"index page of a third party, not checked with the publisher"}
    assert not any("github" in place.lower() for place in places)


def test_the_41_included_reports_are_in_the_bundled_corpus(bundle, known_items):
    titles = {record.accession: record.title for record in bundle.records}

    assert [one["drug_class"] for one in known_items].count("JAK inhibitor") == 37
    assert [one["drug_class"] for one in known_items].count("apremilast") == 4
    assert all(titles[one["corpus_id"]] == one["title"] for one in known_items)


def test_the_61_references_as_printed_can_be_read(bundle):
    found = list(formats.named("ris").read((BUNDLE / "references.ris").read_bytes()))

    parsed = [one for one in found if isinstance(one, Parsed)]
    assert len(found) == len(parsed) == 61
    assert [one.record.source_id for one in parsed] == [f"R{number:02}" for number in range(1, 62)]
    assert parsed[0].record.pages == "1955-64"


def test_the_stated_facts_are_of_the_same_41_reports_and_six_patients(known_items):
    facts = json.loads((BUNDLE / "stated_facts.json").read_text(encoding="utf-8"))

    assert [str(one["reference_number"]) for one in facts["papers"]] == [
        one["reference_number"] for one in known_items
    ]
    assert len(facts["patients"]) == 6
    assert len(facts["inconsistencies"]) == 29


def test_the_published_search_finds_few_of_the_known_items_by_title_alone(bundle, known_items):
    reached = union(bundle, "2023-08-23")

    assert len(reached) == 14
    assert [one["reference_number"] for one in known_items if one["corpus_id"] in reached] == [
        *("11", "13", "39", "45", "54", "55", "56", "57"),
    ]


def test_the_improved_search_finds_every_known_item(bundle, known_items):
    reached = union(bundle, "improved")

    assert len(reached) == 62
    assert all(one["corpus_id"] in reached for one in known_items)


def test_a_reference_online_a_week_before_the_search_is_kept_though_its_issue_is_later(bundle):
    reached = union(bundle, "improved")

    assert (reached["c060"].published_on, reached["c060"].year) == ("2023-08-16", 2024)


def test_a_record_published_on_the_day_of_the_search_is_kept_and_one_of_the_next_year_is_not(bundle):
    answer = bundle.fetch(SubQuery("Q1", "tofacitinib", "tofacitinib AND 1800/01/01:2023/08/23[crdt]"))

    accessions = {record.accession for record in answer.records}
    assert "c118" in accessions
    assert "c114" not in accessions
    assert answer.undated == answer.hits
