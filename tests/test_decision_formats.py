"""Decisions in files: each format holds what was decided, and our own files come back as they were."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen import decision_formats
from iimscreen.decision_formats import (
    Decided,
    Judged,
    Said,
    as_it_was,
    asreview,
    covidence,
    own_csv,
    rayyan,
    safe,
)
from iimscreen.errors import InputError
from iimscreen.formats import ris, table
from iimscreen.model import Author, Kind, Parsed, Record, StoredRecord, Verdict
from iimscreen.voting import Vote
from strategies import records, texts

EXPORTS = Path(__file__).parent / "data" / "exports"
LABELS = {"review": "Review, guideline or comment", "juvenile": "Juvenile patients"}
STAGE = "title-abstract"

_NOTES = (
    st.none()
    | texts()
    | st.sampled_from(
        [
            '=HYPERLINK("x")',
            "'-1",
            'she said "no" | RAYYAN-LABELS: x',
            "two  spaces\nand a line",
            "doi: 10.1000/x",
            "as in iimscreen vote: a | b",
            "ends in a \\",
            'a "] b',
        ]
    )
)
_NAMES = st.sampled_from(["ann", "Bob B.", 'Eve "E" | Roe', "Zoë", "=ann", "x, y"])


@st.composite
def votes(draw: st.DrawFn, name: str) -> Vote:
    verdict = draw(st.sampled_from([Verdict.INCLUDE, Verdict.EXCLUDE, Verdict.UNSURE]))
    reason = draw(st.sampled_from([None, *LABELS])) if verdict is Verdict.EXCLUDE else None
    return Vote("s:1", verdict, reason, draw(_NOTES), (name,), "vote", "2025-03-01T10:00:00.000000Z", 1)


@st.composite
def reports(draw: st.DrawFn, *, alone: bool = False) -> list[Decided]:
    found = []
    for number, record in enumerate(draw(st.lists(records(), min_size=1, max_size=4)), start=1):
        names = draw(st.lists(_NAMES, max_size=1 if alone else 3, unique=True))
        key = f"s:{number}"
        said = tuple(Vote(key, *_rest(draw(votes(name)))) for name in names)
        stored = StoredRecord(number, key, "Some database", Kind.DATABASE, record)
        found.append(Decided(stored, (Judged(STAGE, said),)))
    return found


def _rest(vote: Vote) -> tuple[object, ...]:
    return (vote.verdict, vote.reason, vote.note, vote.names, vote.manner, vote.at, vote.log_id)


def said_of(decided: list[Decided]) -> set[tuple[object, ...]]:
    return {
        (one.report.key, word.names[0], word.verdict, word.reason)
        for one in decided
        for word in one.stages[0].words
    }


def read_back(name: str, decided: list[Decided]) -> list[Said]:
    reading = decision_formats.read(decision_formats.write(name, decided, LABELS))
    assert reading is not None
    return [one for one in reading.said if one.verdict is not None]


@pytest.mark.parametrize("name", ["csv", "ris"])
@given(data=st.data())
def test_our_own_files_give_back_every_vote_with_its_note(name: str, data: st.DataObject) -> None:
    decided = data.draw(reports())

    found = read_back(name, decided)

    assert {(one.key, one.by, one.verdict, one.reasons, one.note) for one in found} == {
        (one.report.key, word.names[0], word.verdict, (word.reason,) if word.reason else (), word.note)
        for one in decided
        for word in one.stages[0].words
    }
    assert {one.stage for one in found} <= {STAGE}


@given(reports(alone=True))
def test_rayyan_gives_back_who_said_what_with_the_note(decided: list[Decided]) -> None:
    found = read_back("rayyan-csv", decided)

    assert {(one.key, one.by, one.verdict, one.note) for one in found} == {
        (one.report.key, word.names[0], word.verdict, word.note)
        for one in decided
        for word in one.stages[0].words
    }


@pytest.mark.parametrize("name", ["covidence-csv", "asreview-csv", "asreview-json"])
@given(data=st.data())
def test_files_of_one_decision_a_record_give_back_verdict_and_reason(name: str, data: st.DataObject) -> None:
    decided = data.draw(reports(alone=True))

    found = read_back(name, decided)

    assert {(one.key, one.verdict, one.reasons) for one in found} == {
        (key, verdict, (reason,) if reason else ()) for key, _, verdict, reason in said_of(decided)
    }


@given(st.text())
def test_no_cell_of_ours_begins_as_a_formula_does_and_each_comes_back(text: str) -> None:
    text = text.replace("\0", "")

    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
    assert as_it_was(safe(text)) == text


def test_a_title_that_is_a_formula_is_text_in_our_csv() -> None:
    record = Record(title="=1+1", doi="10.1000/x", authors=(Author("@sum", "A"),))
    decided = [Decided(StoredRecord(1, "s:1", "X", Kind.DATABASE, record), (Judged(STAGE),))]

    (row,) = csv.DictReader(io.StringIO(own_csv.write(decided, LABELS).decode("utf-8-sig")))

    assert (row["title"], row["authors"]) == ("'=1+1", "'@sum A")


FULL = Record(
    source_id="#412",
    accession="33258553",
    pmid="33258553",
    pmcid="PMC7000011",
    doi="10.1000/one",
    title="Drug one in invented disease",
    abstract="Ten patients. doi: 10.1000/other",
    authors=(
        Author("Ferro", "Anna B."),
        Author("Okafor", "Chi"),
        Author("Invented Study Group", is_group=True),
    ),
    journal="Journal of Invented Rheumatology",
    journal_abbreviation="J Invent Rheumatol",
    year=2021,
    volume="12",
    issue="3",
    pages="101-109",
    languages=("eng",),
    publication_types=("Journal Article", "Case Reports"),
    keywords=("drug one", "myositis"),
    published_on="2021-05-06",
)


def test_a_record_comes_back_from_our_ris_as_it_was() -> None:
    stored = StoredRecord(1, "pubmed:33258553", "PubMed", Kind.DATABASE, FULL)
    word = Vote(stored.key, Verdict.EXCLUDE, "review", "see doi:10.1000/else", ("ann",), "vote", "2025", 1)
    data = decision_formats.write(
        "ris", [Decided(stored, (Judged(STAGE, (word,), "exclude", "review"),))], LABELS
    )

    (found,) = ris.read(data)

    assert isinstance(found, Parsed)
    assert found.database == "PubMed"
    assert found.record == Record(**{**_facts(FULL), "source_id": None})  # type: ignore[arg-type]  # any field


def _facts(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in Record.__dataclass_fields__}


@given(records())
def test_title_and_identifiers_of_any_record_come_back_from_our_ris(record: Record) -> None:
    stored = StoredRecord(1, "s:1", "Some database", Kind.DATABASE, record)

    (found,) = ris.read(decision_formats.write("ris", [Decided(stored, (Judged(STAGE),))], LABELS))

    assert isinstance(found, Parsed)
    assert (found.record.doi, found.record.pmid, found.record.year) == (record.doi, record.pmid, record.year)
    assert (found.record.title or "").split() == (record.title or "").split()


def test_the_decision_stands_in_notes_and_in_custom_field_8_of_ris() -> None:
    stored = StoredRecord(1, "pubmed:33258553", "PubMed", Kind.DATABASE, FULL)
    judged = (Judged(STAGE, (), "include"), Judged("full-text", (), "exclude", "review", "consensus"))

    text = decision_formats.write("ris", [Decided(stored, judged)], LABELS).decode("utf-8-sig")

    assert "C8  - title-abstract: include; full-text: exclude (review)\r\n" in text
    assert "N1  - iimscreen record: pubmed:33258553\r\n" in text
    assert "N1  - iimscreen outcome: full-text | exclude | review | consensus\r\n" in text


def test_a_moment_that_looks_like_the_beginning_of_a_doi_stays_as_it_is_in_ris() -> None:
    stored = StoredRecord(1, "pubmed:33258553", "PubMed", Kind.DATABASE, FULL)
    moment, note = "2026-11-27T23:16:10.310Z", "see 10.1000/x"
    word = Vote("pubmed:33258553", Verdict.INCLUDE, None, note, ("ann",), "vote", moment, 1)
    decided = [Decided(stored, (Judged(STAGE, (word,), "include"),))]

    data = decision_formats.write("ris", decided, LABELS)
    (said,) = read_back("ris", decided)

    assert f"| {moment} |".encode() in data
    assert b"see 10.1000/x" not in data, "which a reader would take for the record's DOI"
    assert (said.at, said.note) == (moment, note)


def test_votes_are_found_in_notes_as_zotero_and_endnote_write_them() -> None:
    data = (
        b"TY  - JOUR\nTI  - One\n"
        b"N1  - <p>mine</p><p>iimscreen record: pubmed:1</p><p>iimscreen vote: title-abstract | ann | exclude | "
        b"review | 2025 | a &amp;lt; b</p>\nER  - \n"
        b"TY  - JOUR\nTI  - Two\nN1  - iimscreen record: pubmed:2\n"
        b"iimscreen vote: title-abstract | ann | include |  | 2025 |\nER  - \n"
    )

    reading = decision_formats.read(data)

    assert reading is not None
    assert [(one.line, one.key, one.by, one.verdict, one.reasons) for one in reading.said] == [
        (1, "pubmed:1", "ann", Verdict.EXCLUDE, ("review",)),
        (5, "pubmed:2", "ann", Verdict.INCLUDE, ()),
    ]


# --- files as the tools themselves write them -------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tool", "said"),
    [
        ("rayyan.csv", "Rayyan", [("Ann", Verdict.INCLUDE, ()), (None, None, ())]),
        (
            "rayyan.ris",
            "RIS",
            [("Ann", Verdict.INCLUDE, ()), ("Bob", Verdict.EXCLUDE, ("wrong population",))],
        ),
        ("covidence.csv", "Covidence", [(None, Verdict.EXCLUDE, ("wrong population",))]),
        ("asreview.csv", "ASReview", [(None, Verdict.INCLUDE, ()), (None, Verdict.EXCLUDE, ())]),
        ("synergy.csv", "ASReview", [(None, Verdict.EXCLUDE, ())]),
    ],
)
def test_exports_of_other_tools_say_who_decided_what(
    name: str, tool: str, said: list[tuple[object, ...]]
) -> None:
    reading = decision_formats.read((EXPORTS / name).read_bytes())

    assert reading is not None
    assert reading.tool == tool
    assert [(one.by, one.verdict, one.reasons) for one in reading.said] == said


@pytest.mark.parametrize("name", ["zotero.csv", "scopus.csv", "pubmed.csv", "embase.csv"])
def test_tables_without_decisions_are_of_no_tool(name: str) -> None:
    assert decision_formats.read((EXPORTS / name).read_bytes()) is None


def test_rayyan_notes_with_all_parts_are_taken_apart() -> None:
    text = (
        'Section: 12 p. | RAYYAN-INCLUSION: {"Ann"=>"Excluded", "Bob B"=>"Maybe", "Cy"=>"Undecided"} | '
        "RAYYAN-LABELS: rct,ongoing study (Bob B) | RAYYAN-EXCLUSION-REASONS: wrong population,background article "
        '| USER-NOTES: {"Ann"=>["check | later", "and \\"this\\""]}'
    )

    ann, bob = rayyan.said_in(text, 7)

    assert (ann.by, ann.verdict, ann.reasons) == (
        "Ann",
        Verdict.EXCLUDE,
        ("wrong population", "background article"),
    )
    assert ann.note == 'check | later; and "this"'
    assert (bob.by, bob.verdict, bob.reasons, bob.note) == ("Bob B", Verdict.ONGOING, (), None)


def test_rayyan_decisions_in_a_column_of_their_own_and_as_true_and_false_are_read() -> None:
    own = b'title,RAYYAN-INCLUSION\nOne,"{""Ann""=>""Included""}"\n'
    early = b'key,title,notes\n1,One,"RAYYAN-INCLUSION: {""Ann""=>true, ""Bob""=>false, ""Cy""=>nil}"\n'

    found = [decision_formats.read(data) for data in (own, early)]

    assert [[(one.by, one.verdict) for one in reading.said] for reading in found if reading] == [
        [("Ann", Verdict.INCLUDE)],
        [("Ann", Verdict.INCLUDE), ("Bob", Verdict.EXCLUDE)],
    ]


def test_asreview_ris_and_the_answers_of_its_server_are_read() -> None:
    noted = b"TY  - JOUR\nTI  - One\nN1  - ASReview_irrelevant\nER  - \n"
    answer = json.dumps({"result": [{"title": "One", "state": {"label": 1, "note": "good"}}]}).encode()

    one, other = decision_formats.read(noted), decision_formats.read(answer)

    assert one is not None
    assert [said.verdict for said in one.said] == [Verdict.EXCLUDE]
    assert other is not None
    assert [(said.verdict, said.note) for said in other.said] == [(Verdict.INCLUDE, "good")]


def test_a_label_given_in_asreview_counts_before_ours_which_it_carried_along() -> None:
    data = (
        b"title,iimscreen_record,iimscreen_verdict,iimscreen_reason,asreview_label\n"
        b"One,s:1,exclude,review,1\nTwo,s:2,include,,\nThree,s:3,unsure,,\nFour,s:4,exclude,review,0\n"
    )

    reading = decision_formats.read(data)

    assert reading is not None
    assert [(one.verdict, one.reasons) for one in reading.said] == [
        (Verdict.INCLUDE, ()),
        (None, ()),
        (Verdict.UNSURE, ()),
        (Verdict.EXCLUDE, ("review",)),
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'key,title,notes\n1,One,"RAYYAN-INCLUSION: {""Ann""=>""Perhaps""}"\n', "line 2: 'Perhaps'"),
        (b"title,asreview_label\nOne,2\n", "line 2: '2' is no label of ASReview"),
        (b"title,asreview_label\nOne,1,0,0\n", "line 2: 4 cells under 2 headers"),
        (b"[1, 2]", "no array of records"),
        (b'[{"title": ', "it is no JSON"),
        (
            b"TY  - JOUR\nTI  - x\nN1  - iimscreen vote: title-abstract | ann\nER  - \n",
            "line 1: a vote in its",
        ),
        (
            b"TY  - JOUR\nTI  - x\nN1  - iimscreen vote: title-abstract | ann | yes | | | \nER  - \n",
            "line 1: 'yes' is no verdict",
        ),
    ],
)
def test_a_word_that_is_no_decision_is_named_with_its_line(data: bytes, told: str) -> None:
    with pytest.raises(InputError) as caught:
        decision_formats.read(data)

    assert told in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["rayyan-csv", "covidence-csv", "asreview-csv"])
def test_tables_for_other_tools_are_read_as_records_by_our_own_reader(name: str) -> None:
    stored = StoredRecord(1, "pubmed:33258553", "PubMed", Kind.DATABASE, FULL)
    data = decision_formats.write(name, [Decided(stored, (Judged(STAGE),))], LABELS)

    (found,) = table.read(data)

    assert isinstance(found, Parsed)
    record = found.record
    assert (record.title, record.doi, record.year) == (FULL.title, FULL.doi, FULL.year)
    assert (record.journal, record.volume, record.pages) == (FULL.journal, FULL.volume, FULL.pages)
    assert [author.family for author in record.authors] == [author.family for author in FULL.authors]


@pytest.mark.parametrize("module", [own_csv, rayyan, covidence, asreview])
def test_every_column_is_explained_on_the_page_of_exports(module: ModuleType) -> None:
    page = (Path(__file__).parents[1] / "docs" / "exports.md").read_text(encoding="utf-8")

    assert [column for column in module.HEADER if f"`{column}`" not in page] == []
