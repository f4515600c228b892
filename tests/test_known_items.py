from __future__ import annotations

from pathlib import Path

import pytest

from conftest import a_record
from iimscreen import known_items
from iimscreen.errors import InputError
from iimscreen.formats import jsonl
from iimscreen.known_items import State, look_up, read
from iimscreen.model import Author, Record

PILOT = Record(
    title="Invented drug A in refractory muscle disease: an open-label pilot study of ten patients",
    authors=(Author("Palk", "JJ"), Author("Casciola-Rosen", "L"), Author("Albayda", "J")),
    journal="Journal of Invented Rheumatology",
    journal_abbreviation="J Invented Rheumatol",
    year=2021,
    volume="73",
    issue="5",
    pages="858-865",
    pmid="33258553",
    doi="10.5555/art.41602",
    pmcid="PMC8085023",
)
LETTER = Record(
    title="Remission of recalcitrant skin disease treated with invented drug B",
    authors=(Author("Hornung", "T"), Author("Wenzel", "J")),
    journal="New Invented Journal",
    journal_abbreviation="N Inv J",
    year=2014,
    volume="371",
    pages="2537-8",
    pmid="25539123",
)
SHELF = {"pilot": PILOT, "letter": LETTER, **{f"r{n}": a_record(n) for n in range(1, 30)}}


def written(tmp_path: Path, text: str, name: str = "known.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def found(tmp_path: Path, text: str, name: str = "known.txt"):
    return look_up(read(written(tmp_path, text, name)), SHELF)


@pytest.mark.parametrize(
    ("line", "by"),
    [
        ("33258553", "PMID"),
        ("PMID: 33258553", "PMID"),
        ("033258553", "PMID"),
        ("https://doi.org/10.5555/ART.41602", "DOI"),
        ("doi:10.5555/art.41602.", "DOI"),
        ("PMC8085023", "PMCID"),
    ],
)
def test_a_report_is_found_by_an_identifier_however_it_is_typed(tmp_path, line, by):
    (lookup,) = found(tmp_path, line)

    assert (lookup.state, lookup.keys, lookup.by) == (State.MATCHED, ("pilot",), by)
    assert lookup.item.has_identifier


@pytest.mark.parametrize(
    "line",
    [
        "Palk JJ, Casciola-Rosen L, Albayda J. Invented drug A in refractory muscle disease: an open-label pilot "
        "study of ten patients. J Invented Rheumatol 2021;73:858-65.",
        "[3] Palk JJ, Casciola-Rosen L, et al. Invented Drug A in Refractory Muscle Disease: an Open-Label Pilot "
        "Study of Ten Patients. J Invented Rheumatol. 2021 May;73(5):858-865.",
        "Palk, J. J., Casciola-Rosen, L., & Albayda, J. (2021). Invented drug A in refractory muscle disease: An "
        "open-label pilot study of ten patients. Journal of Invented Rheumatology, 73(5), 858–865.",
        "Invented drug A in refractory muscle disease: an open label pilot study of ten patients",
        "Palk JJ. J Invented Rheumatol 2021;73:858",
    ],
)
def test_a_report_is_found_by_its_citation_in_common_styles(tmp_path, line):
    (lookup,) = found(tmp_path, line)

    assert (lookup.state, lookup.keys) == (State.MATCHED, ("pilot",))
    assert lookup.score is not None
    assert lookup.score >= 95
    assert not lookup.item.has_identifier


def test_a_title_that_is_only_like_a_records_is_asked_about_and_not_counted(tmp_path):
    (lookup,) = found(tmp_path, "Remission of recalcitrant skin diseases treated with an invented drug")

    assert (lookup.state, lookup.keys) == (State.ASKED, ("letter",))
    assert lookup.score is not None


def test_a_title_whose_other_facts_differ_is_not_that_report(tmp_path):
    (lookup,) = found(
        tmp_path,
        f"title,year,author,journal\n{LETTER.title},1999,Other A,Annals of Elsewhere\n",
        "known.csv",
    )

    assert lookup.state is not State.MATCHED


def test_a_number_in_a_title_tells_two_trials_apart():
    shelf = {
        "two": Record(title="Invented drug C for muscle disease: a randomised phase 3 trial (BRAVE-II)"),
    }
    item = known_items.KnownItem(
        1,
        "known.txt, line 1",
        "1",
        "",
        Record(title="Invented drug C for muscle disease: a randomised phase 3 trial (BRAVE-I)"),
    )

    (lookup,) = look_up([item], shelf)

    assert lookup.state is State.ASKED


def test_an_unknown_report_is_not_found(tmp_path):
    lookups = found(
        tmp_path, "11111111\n10.5555/nowhere\nNobody wrote anything about quite another subject. 2001\n"
    )

    assert [one.state for one in lookups] == [State.NOT_FOUND] * 3


def test_a_report_given_twice_counts_once(tmp_path):
    lookups = found(tmp_path, "33258553\n\n10.5555/art.41602\n")

    assert [one.state for one in lookups] == [State.MATCHED, State.REPEATED]
    assert lookups[1].note == "the same report as line 1"


def test_identifiers_that_name_two_reports_are_asked_about(tmp_path):
    (lookup,) = found(tmp_path, "pmid,doi\n25539123,10.5555/art.41602\n", "known.csv")

    assert lookup.state is State.ASKED
    assert set(lookup.keys) == {"letter", "pilot"}
    assert lookup.note == "its PMID and DOI name different records"


def test_a_pmid_that_the_title_belies_is_asked_about(tmp_path):
    (lookup,) = found(tmp_path, "PMID,Title\n25539123,Quite another subject of no kin at all\n", "known.csv")

    assert lookup.state is State.ASKED
    assert lookup.note == "PMID agrees, the title does not"


def test_records_that_are_duplicates_of_each_other_are_one_report():
    shelf = {
        "one": PILOT,
        "other": Record(title=PILOT.title, doi=PILOT.doi, authors=PILOT.authors, year=2021),
    }
    item = known_items.KnownItem(1, "known.txt, line 1", "1", "", Record(doi=PILOT.doi))

    (lookup,) = look_up([item], shelf)

    assert (lookup.state, lookup.keys) == (State.MATCHED, ("one", "other"))


def test_two_reports_of_one_title_are_asked_about(tmp_path):
    title = "Invented drug D in muscle disease: results of the extension study"
    shelf = {
        "paper": Record(title=title, year=2021, volume="1", pages="10-20", journal="Journal A"),
        "thesis": Record(title=title, year=2015, volume="9", pages="90-99", journal="Series B"),
    }

    (lookup,) = look_up(read(written(tmp_path, title)), shelf)

    assert lookup.state is State.ASKED
    assert set(lookup.keys) == {"paper", "thesis"}
    assert "2 records fit" in lookup.note


def test_a_csv_may_use_other_column_names_and_semicolons(tmp_path):
    (lookup,) = found(
        tmp_path,
        "First Author;Year;Journal;Volume;First page;Notes\nPalk JJ;2021;J Invented Rheumatol;73;858;x\n",
        "known.csv",
    )

    assert (lookup.state, lookup.keys) == (State.MATCHED, ("pilot",))


def test_a_file_of_records_gives_its_records(tmp_path):
    path = tmp_path / "known.jsonl"
    path.write_bytes(jsonl.write([PILOT, LETTER]))

    lookups = look_up(read(path), SHELF)

    assert [one.keys for one in lookups] == [("pilot",), ("letter",)]
    assert lookups[1].item.where == f"{path}, line 2"


def test_comments_and_blank_lines_are_no_items(tmp_path):
    items = read(written(tmp_path, "# my list\n\n33258553\n"))

    assert [(item.number, item.where.rpartition(", ")[2]) for item in items] == [(1, "line 3")]


def test_the_bundled_items_bring_what_the_corpus_knows_of_them():
    items = read(known_items.bundled())

    assert len(items) == 41
    assert sum(item.has_identifier for item in items) == 6
    assert items[0].label == "8"
    assert all(item.record.title for item in items)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("known.txt", "33258553\nthis no\n", "line 2: 'this no' is no PMID, DOI or citation"),
        ("known.txt", "332585531\n", "line 1: '332585531' is no PMID, DOI or citation"),
        ("known.txt", "# nothing\n\n", "no known item in it"),
        ("known.csv", "pmid,title\n123,a\nx12,b\n", "line 3: 'x12' is no PMID"),
        ("known.csv", "pmid,doi\n,not a doi\n", "line 2: 'not a doi' is no DOI"),
        ("known.csv", "pmid,year\n1,21\n", "line 2: '21' is no year"),
        ("known.csv", "pmid,pmcid\n1,PMX\n", "line 2: 'PMX' is no PMCID"),
        ("known.csv", "name,colour\na,b\n", "line 1: no column that names a report"),
        ("known.csv", "pmid,PMID\n1,1\n", "line 1: two columns are 'pmid'"),
        ("known.csv", "pmid,title\n1,a,b\n", "line 2: 3 values under 2 columns"),
        ("known.csv", "pmid,journal\n,Lancet\n", "line 2: nothing to look a report up by"),
        ("known.csv", "corpus_id\nc999\n", "line 2: corpus_id 'c999' is not in the bundled corpus"),
        ("known.csv", 'pmid,title\n1,"a\n', "not CSV"),
        ("known.jsonl", '{"title": "A title"}\n{"title": 3}\n', "line 2: "),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, name, text, message):
    path = written(tmp_path, text, name)

    with pytest.raises(InputError) as caught:
        read(path)

    assert caught.value.message.startswith(str(path))
    assert message in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_not_there_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.csv")
