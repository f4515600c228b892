"""ClinicalTrials.gov as a source and on the command line, against a local server that speaks its API."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import socket
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from ctgov_server import CHANGED, CtgovServer, Study, invented, serving
from iimscreen import queries, settings, sources
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Author, Kind, Link, Record, Reply, SubQuery
from iimscreen.queries import find_strategy, parse_strategy, read_strategy, with_as_of
from iimscreen.sources import clinicaltrials
from iimscreen.sources._ctgov_records import nct_number, record_of
from iimscreen.sources.clinicaltrials import MOST_EMPTY_PAGES, NO_BUILD, PASSES, SPACING_S, ClinicalTrials
from iimscreen.store import open_review

STUDIES = invented(45)
NUMBERS = [study.nct for study in STUDIES]
QUESTION = SubQuery("R01", "myositis", "query.term=myositis")
LIMITED = SubQuery(
    "R01", "myositis", "query.term=myositis & filter.advanced=AREA[StudyFirstPostDate]RANGE[MIN,2010-06-30]"
)
STRATEGY = """
[strategy]
title = "Registered studies"
source = "clinicaltrials"
as_of = 2023-08-23
[[sub_query]]
label = "R1"
text = "myositis"
"""


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[CtgovServer]:
    with serving(STUDIES) as running:
        yield running


@pytest.fixture(scope="module")
def clean() -> Answer:
    with serving(STUDIES) as running:
        time = FakeTime()
        return ClinicalTrials(running.settings(), sleep=time.sleep, clock=time.clock).fetch(QUESTION)


def source_at(server: CtgovServer, time: FakeTime | None = None, **changes: int) -> ClinicalTrials:
    passing = time or FakeTime()
    return ClinicalTrials(server.settings(**changes), sleep=passing.sleep, clock=passing.clock)


def interrupted_at(server: CtgovServer, faults: Sequence[int | str]) -> list[Reply]:
    """The replies kept by a search that stopped for good."""
    kept: list[Reply] = []
    server.misbehave("studies", faults)
    with pytest.raises(SourceError):
        source_at(server, tries=1).fetch(QUESTION, keep=kept.append)
    return kept


def tokens(server: CtgovServer) -> list[str | None]:
    return [asked.get("pageToken") for asked in server.pages_asked()]


# The strategy file


def parsed(text: str, **options: dt.date) -> queries.Strategy:
    return parse_strategy(text, name="mine", where="mine.toml", **options)


def test_a_strategy_for_the_register_names_its_source_and_shows_both_parameters_that_are_sent() -> None:
    strategy = parsed(STRATEGY)

    assert strategy.source == "clinicaltrials"
    assert strategy.limit == "AREA[StudyFirstPostDate]RANGE[MIN,2023-08-23]"
    assert strategy.sub_queries == (
        SubQuery("R1", "myositis", f"query.term=myositis & filter.advanced={strategy.limit}"),
    )


def test_the_date_of_a_register_search_can_be_moved_or_left_out() -> None:
    moved = with_as_of(parsed(STRATEGY), dt.date(2024, 1, 2))
    undated = parsed(STRATEGY.replace("as_of = 2023-08-23", ""))

    assert moved.sub_queries[0].text_sent.endswith(
        "& filter.advanced=AREA[StudyFirstPostDate]RANGE[MIN,2024-01-02]"
    )
    assert undated.sub_queries[0].text_sent == "query.term=myositis"


def test_a_strategy_that_names_no_source_is_written_for_pubmed() -> None:
    assert parsed(STRATEGY.replace('source = "clinicaltrials"', "")).source == "pubmed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('source = "clinicaltrials"', 'source = "embase"'), ("'embase'", "pubmed, clinicaltrials")),
        (("as_of", 'date_field = "crdt"\nas_of'), ("'crdt'", "clinicaltrials does not have", "first-posted")),
        (
            ('source = "clinicaltrials"', 'date_field = "first-posted"'),
            ("'first-posted'", "pubmed does not have", "crdt, edat, dp"),
        ),
        (("as_of", 'date_field = "none"\nas_of'), ("cannot be applied",)),
        (('text = "myositis"', 'text = "NCT90000001, nct90000002"'), ("mine.toml, R1", "NCT numbers only")),
    ],
)
def test_a_strategy_that_the_register_cannot_follow_is_refused(
    change: tuple[str, str], words: Sequence[str]
) -> None:
    with pytest.raises(InputError) as caught:
        parsed(STRATEGY.replace(*change))

    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.hint


def test_nct_numbers_may_be_searched_as_a_field_beside_a_date_or_plainly_without_one() -> None:
    as_field = parsed(STRATEGY.replace('"myositis"', '"AREA[NCTId](NCT90000001 OR NCT90000002)"'))
    plainly = parsed(STRATEGY.replace('"myositis"', '"NCT90000001"').replace("as_of = 2023-08-23", ""))

    assert as_field.sub_queries[0].text_sent.startswith("query.term=AREA[NCTId](NCT90000001 OR")
    assert plainly.sub_queries[0].text_sent == "query.term=NCT90000001"


def test_the_bundled_register_search_asks_for_any_disease_and_any_drug_with_a_reason_each() -> None:
    strategy = read_strategy(find_strategy("clinicaltrials"))

    assert strategy.source == "clinicaltrials"
    assert [block.name for block in strategy.blocks] == ["disease", "drug"]
    assert all(term.reason for block in strategy.blocks for term in block.terms)
    (asked,) = strategy.sub_queries
    assert asked.text_sent.startswith("query.term=(myositis OR dermatomyositis OR ")
    assert asked.text_sent.endswith(" & filter.advanced=AREA[StudyFirstPostDate]RANGE[MIN,2023-08-23]")
    assert not clinicaltrials._said_of(asked.text)


# Records


def test_a_study_becomes_a_record_of_its_registration() -> None:
    study = Study(
        "NCT90000001",
        "Tofarinib in myositis",
        summary="Nobody has  tried it.\n\n\nWe will.",
        posted="2021-03-05",
        updated="2024-02-01",
        sponsor="Invented University",
        officials=(
            {"name": "Nora J Adler, MD, PhD", "role": "PRINCIPAL_INVESTIGATOR"},
            {"name": "Invented Call Center", "role": "STUDY_DIRECTOR"},
        ),
        conditions=("Myositis", "Dermatomyositis"),
        interventions=("Tofarinib", "Placebo"),
        secondary=(
            {"id": "2020-001234-56", "type": "EUDRACT_NUMBER"},
            {"id": "2023-501234-12-00", "type": "CTIS"},
            {"id": "ISRCTN12345678"},
            {"id": "ABC-7", "type": "REGISTRY", "domain": "Invented Register"},
            {"id": "R01AR000001", "type": "NIH"},
        ),
        references=(
            {"pmid": "90000001", "type": "RESULT", "citation": "Adler N. Results. 2023."},
            {"pmid": "90000002", "type": "DERIVED", "citation": "Adler N. Mentions it. 2024."},
            {"pmid": "90000003", "type": "BACKGROUND", "citation": "Adler N. Before. 2001."},
            {"type": "RESULT", "citation": "No PMID."},
        ),
    )

    record = record_of(study.as_json())

    assert record == Record(
        source_id="NCT90000001",
        accession="NCT90000001",
        title="Tofarinib in myositis",
        abstract="Nobody has tried it.\nWe will.",
        authors=(Author("Invented University", is_group=True), Author("Nora J Adler")),
        year=2021,
        publication_types=("Clinical trial registration",),
        registrations=(
            "ClinicalTrials.gov:NCT90000001",
            "EudraCT:2020-001234-56",
            "CTIS:2023-501234-12-00",
            "ISRCTN:ISRCTN12345678",
            "Invented Register:ABC-7",
        ),
        keywords=("Myositis", "Dermatomyositis", "Tofarinib", "Placebo"),
        links=(
            Link("HasResultsIn", "90000001", "Adler N. Results. 2023."),
            Link("MentionedIn", "90000002", "Adler N. Mentions it. 2024."),
        ),
        entered_on="2021-03-05",
        published_on="2021-03-05",
        revised_on="2024-02-01",
        citation_status="RECRUITING",
    )


def test_the_official_title_comes_before_the_brief_one_and_a_former_number_stays_known() -> None:
    titles = {
        "nctId": "NCT90000001",
        "briefTitle": "Brief",
        "officialTitle": "Official",
        "nctIdAliases": ["NCT00000009"],
    }

    record = record_of(Study("NCT90000001", "", more={"identificationModule": titles}).as_json())

    assert record.title == "Official"
    assert record.registrations == ("ClinicalTrials.gov:NCT90000001", "ClinicalTrials.gov:NCT00000009")


def test_a_study_with_results_in_the_register_says_so_among_its_types() -> None:
    study = {**Study("NCT90000001", "A title").as_json(), "hasResults": True}

    assert record_of(study).publication_types == (
        "Clinical trial registration",
        "Results posted in the register",
    )


@pytest.mark.parametrize("oddity", [None, [], "text", 7, {"protocolSection": None}])
def test_what_is_no_study_has_no_number_and_an_empty_record(oddity: object) -> None:
    assert nct_number(oddity) is None
    assert record_of(oddity) == Record(publication_types=("Clinical trial registration",))


def test_a_study_whose_modules_are_of_another_kind_keeps_what_is_readable() -> None:
    spoilt = dict.fromkeys(("statusModule", "descriptionModule", "conditionsModule", "referencesModule"), 7)
    spoilt |= {
        "armsInterventionsModule": {"interventions": [None, {"name": 7}]},
        "contactsLocationsModule": [],
    }

    record = record_of(Study("NCT90000001", "A title", more=spoilt).as_json())

    assert (record.accession, record.title, record.year, record.keywords) == (
        "NCT90000001",
        "A title",
        None,
        (),
    )


# A search, complete


def test_every_study_comes_once_in_order_of_first_posting(clean: Answer) -> None:
    assert clean.hits == 45
    assert sorted(record.accession or "" for record in clean.records) == NUMBERS
    posted = [record.entered_on or "" for record in clean.records]
    assert posted == sorted(posted)
    assert clean.database_build == "2025-11-21T09:00:04 (API 2.0.5)"
    assert clean.warnings == ()


def test_the_register_is_asked_for_its_build_then_page_by_page_then_for_its_build(
    server: CtgovServer,
) -> None:
    kept: list[Reply] = []

    source_at(server).fetch(QUESTION, keep=kept.append)

    endpoints = [json.loads(reply.request)["endpoint"] for reply in kept]
    assert endpoints == ["version", *["studies"] * 5, "version"]
    first, second, *_ = server.pages_asked()
    assert first["countTotal"] == "true"
    assert first["sort"] == "StudyFirstPostDate:asc"
    assert second.get("pageToken")
    assert {**second, "countTotal": "true"}.items() - first.items() == {("pageToken", second["pageToken"])}


def test_a_date_is_sent_as_a_filter_and_limits_what_was_first_posted(server: CtgovServer) -> None:
    answer = source_at(server).fetch(LIMITED)

    assert server.pages_asked()[0]["filter.advanced"] == "AREA[StudyFirstPostDate]RANGE[MIN,2010-06-30]"
    assert {record.accession for record in answer.records} == {
        s.nct for s in STUDIES if s.posted <= "2010-06-30"
    }


def test_studies_updated_after_the_date_are_counted_because_their_text_is_of_today(
    server: CtgovServer,
) -> None:
    year_end = LIMITED.text_sent.replace("2010-06-30", "2010-12-31")  # the day of the other updates

    answer = source_at(server).fetch(SubQuery("R01", "myositis", year_end))

    assert answer.warnings == (
        "15 of 45 studies posted by 2010-12-31 were updated since: found, or not, by the text of today",
    )


def test_the_announced_next_page_of_a_full_last_page_is_empty_and_no_fault(clean: Answer) -> None:
    with serving(STUDIES) as server:
        answer = source_at(server, page_size=15).fetch(QUESTION)

    assert len(server.pages_asked()) == 4
    assert answer == clean


def test_a_search_that_finds_nothing_is_a_complete_answer(server: CtgovServer) -> None:
    answer = source_at(server).fetch(SubQuery("R01", "x", "query.term=unheardof"))

    assert (answer.hits, answer.records) == (0, ())


def test_counting_asks_once_and_keeps_nothing(server: CtgovServer) -> None:
    assert source_at(server).count(QUESTION) == 45
    assert [asked["pageSize"] for asked in server.pages_asked()] == ["1"]


def test_progress_tells_what_has_arrived_of_how_many(server: CtgovServer) -> None:
    seen: list[tuple[int, int]] = []

    source_at(server).fetch(QUESTION, on_progress=lambda done, total: seen.append((done, total)))

    assert seen == [(10, 45), (20, 45), (30, 45), (40, 45), (45, 45)]


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("myositis or lupus", "'or'"),
        ("jakinib* AND myositis", "'jakinib*'"),
        ("myositis[tiab]", "[tiab]"),
    ],
)
def test_what_the_register_reads_otherwise_than_pubmed_is_said(
    server: CtgovServer, term: str, words: str
) -> None:
    answer = source_at(server).fetch(SubQuery("R01", term, f"query.term={term}"))

    assert any(words in warning for warning in answer.warnings), answer.warnings


def test_quoted_words_and_the_registers_own_operators_are_no_mistakes() -> None:
    term = '"signs or symptoms*" AND AREA[BriefTitle]EXPANSION[None]myositis AND AREA[StartDate]RANGE[2020-01-01,MAX]'

    assert clinicaltrials._said_of(term) == []


# Troubles that pass


@pytest.mark.parametrize(
    "fault",
    [
        429,
        500,
        503,
        408,
        "cut",
        "cut-chunked",
        "cut-quietly",
        "html",
        "empty",
        "no-json",
        "other-json",
        "reset",
        "stranger",
    ],
)
@pytest.mark.parametrize("page", [0, 2])
def test_a_trouble_that_passes_leaves_no_trace(
    server: CtgovServer, clean: Answer, fault: int | str, page: int
) -> None:
    server.misbehave("studies", ["ok"] * page + [fault, fault])
    kept: list[Reply] = []

    assert source_at(server).fetch(QUESTION, keep=kept.append) == clean
    assert len(kept) == 7
    assert tokens(server).count(None) == (1 if page else 3)


def test_a_first_page_that_states_no_count_is_asked_for_again(server: CtgovServer, clean: Answer) -> None:
    server.misbehave("studies", ["no-count"])
    kept: list[Reply] = []

    assert source_at(server).fetch(QUESTION, keep=kept.append) == clean
    assert len(kept) == 7


def test_a_server_that_is_silent_is_asked_again(server: CtgovServer, clean: Answer) -> None:
    server.misbehave("studies", ["timeout"])
    impatient = dataclasses.replace(server.settings(), timeout_s=0.2)
    time = FakeTime()

    answer = ClinicalTrials(impatient, sleep=time.sleep, clock=time.clock).fetch(QUESTION)

    assert answer == clean


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("html", "a web page came in place of data"),
        ("cut", "the reply was cut short"),
        ("no-json", "the reply is cut short, or no JSON"),
        (500, "HTTP 500"),
        ("stranger", "a study without an NCT number"),
    ],
)
def test_a_trouble_that_stays_stops_the_search_with_what_is_saved(
    server: CtgovServer, fault: int | str, cause: str
) -> None:
    server.misbehave("studies", ["ok", "ok", *[fault] * 5])

    with pytest.raises(SourceError) as caught:
        source_at(server).fetch(QUESTION)

    assert "did not answer as it should in 5 tries" in caught.value.message
    assert cause in caught.value.message
    assert "20 of 45 studies are saved" in caught.value.message
    assert "give the same command again" in caught.value.hint


def test_the_register_is_asked_at_most_fifty_times_a_minute(server: CtgovServer) -> None:
    time = FakeTime()
    at: list[float] = []
    source = source_at(server, time)

    source.fetch(QUESTION, keep=lambda _reply: at.append(time.now))

    assert all(after - before >= 60 / 50 for before, after in pairwise(at))
    assert SPACING_S >= 60 / 50


def test_the_wait_that_the_server_asks_for_is_kept(server: CtgovServer) -> None:
    server.misbehave("studies", ["429:17"])
    time = FakeTime()

    source_at(server, time).fetch(QUESTION)

    assert max(time.sleeps) >= 16


def test_without_such_a_wait_each_pause_is_longer_than_the_one_before(server: CtgovServer) -> None:
    server.misbehave("studies", [500] * 4)
    time = FakeTime()

    source_at(server, time).fetch(QUESTION)

    pauses = sorted(pause for pause in time.sleeps if pause > SPACING_S)
    assert len(pauses) >= 2
    assert pauses[-1] >= 4


def test_a_wait_of_more_than_five_minutes_stops_the_search(server: CtgovServer) -> None:
    server.misbehave("studies", ["429:3600"])

    with pytest.raises(SourceError, match=r"ClinicalTrials\.gov asks to wait 3,600 seconds"):
        source_at(server).fetch(QUESTION)


def test_a_text_that_the_register_refuses_is_not_asked_again_and_its_words_are_shown(
    server: CtgovServer,
) -> None:
    with pytest.raises(SourceError) as caught:
        source_at(server).fetch(SubQuery("R01", "(a", "query.term=(myositis AND"))

    assert "HTTP 400" in caught.value.message
    assert "inner bool query clause cannot be null" in caught.value.message
    assert "--dry-run" in caught.value.hint
    assert len(server.pages_asked()) == 1


def test_a_refusal_for_another_cause_does_not_blame_the_text(server: CtgovServer) -> None:
    server.misbehave("studies", ["403:Forbidden"])

    with pytest.raises(SourceError) as caught:
        source_at(server).fetch(QUESTION)

    assert "HTTP 403" in caught.value.message
    assert "try again later" in caught.value.hint


def test_a_text_for_pubmed_is_refused_before_anything_is_asked(server: CtgovServer) -> None:
    with pytest.raises(InputError, match=r"not written for ClinicalTrials\.gov"):
        source_at(server).fetch(SubQuery("R01", "x", "(myositis) AND 1800/01/01:2023/08/23[crdt]"))

    assert server.asked == []


def test_a_build_that_stays_untold_is_a_warning_and_no_failure(server: CtgovServer, clean: Answer) -> None:
    server.misbehave("version", [500] * 4)
    kept: list[Reply] = []

    answer = source_at(server).fetch(QUESTION, keep=kept.append)

    assert answer == dataclasses.replace(clean, warnings=(NO_BUILD,), database_build=None)
    assert source_at(server).replay(QUESTION, kept) == answer


def test_an_address_that_is_no_web_address_names_the_variable() -> None:
    with pytest.raises(InputError) as caught:
        ClinicalTrials(settings.Registry("ftp://example.org/"))

    assert "IIMSCREEN_CTGOV_URL" in caught.value.hint


def test_without_a_connection_the_search_stops_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = settings.Registry(f"http://127.0.0.1:{free.getsockname()[1]}/api/v2/")
    time = FakeTime()

    with pytest.raises(SourceError, match="was not reachable"):
        ClinicalTrials(gone, sleep=time.sleep, clock=time.clock).count(QUESTION)

    assert time.sleeps == []


# Data that change while they are read


@pytest.mark.parametrize("page", [1, 3])
def test_a_page_token_that_expired_begins_the_pages_anew(server: CtgovServer, page: int) -> None:
    server.misbehave("studies", [*["ok"] * page, "update"])

    answer = source_at(server).fetch(QUESTION)

    assert tokens(server).count(None) == 2
    assert answer.hits == len({record.accession for record in answer.records}) == 45
    assert answer.database_build == "2025-11-22T09:00:04 (API 2.0.5)"


def test_a_study_posted_while_the_pages_are_read_is_in_the_answer(server: CtgovServer) -> None:
    def keep(reply: Reply) -> None:
        if "pageToken" in reply.request and len(server.studies) == 45:
            server.update(Study("NCT90000999", "A late study of myositis", posted="2025-11-21"))

    answer = source_at(server).fetch(QUESTION, keep=keep)

    assert answer.hits == 46
    assert answer.records[-1].accession == "NCT90000999"


def test_data_that_change_after_the_last_page_begin_the_pages_anew(server: CtgovServer) -> None:
    server.misbehave("version", ["ok", "update"])

    answer = source_at(server).fetch(QUESTION)

    assert tokens(server).count(None) == 2
    assert answer.database_build == "2025-11-22T09:00:04 (API 2.0.5)"


@pytest.mark.parametrize("fault", ["repeat", "400:Invalid value in parameter pageToken", f"400:{CHANGED}"])
def test_a_page_that_cannot_be_relied_upon_begins_the_pages_anew(
    server: CtgovServer, clean: Answer, fault: str
) -> None:
    server.misbehave("studies", ["ok", "ok", fault])

    assert source_at(server).fetch(QUESTION) == clean
    assert tokens(server).count(None) == 2


def test_a_list_that_never_has_the_announced_length_is_a_failure_and_no_answer(server: CtgovServer) -> None:
    server.announced_more = 2

    with pytest.raises(SourceError) as caught:
        source_at(server).fetch(QUESTION)

    assert "47 announced, 45 received" in caught.value.message
    assert tokens(server).count(None) == PASSES


def test_a_list_longer_than_announced_is_a_failure_as_soon_as_it_shows(server: CtgovServer) -> None:
    server.announced_more = -30

    with pytest.raises(SourceError, match="15 announced, 20 received"):
        source_at(server).fetch(QUESTION)

    assert len(server.pages_asked()) == 2 * PASSES


def test_pages_that_stay_empty_are_not_asked_for_without_end(server: CtgovServer) -> None:
    a_pass = ["ok", *["hollow"] * (MOST_EMPTY_PAGES + 1)]
    server.misbehave("studies", a_pass * PASSES)

    with pytest.raises(SourceError, match="45 announced, 10 received"):
        source_at(server).fetch(QUESTION)

    assert len(server.pages_asked()) == len(a_pass) * PASSES


def test_a_list_with_a_study_twice_is_a_failure_and_no_answer(server: CtgovServer) -> None:
    server.misbehave("studies", ["ok", "repeat", "ok", "ok", "ok"] * PASSES)

    with pytest.raises(SourceError, match="10 of 45 came twice"):
        source_at(server).fetch(QUESTION)


def test_data_that_change_in_every_pass_are_a_failure(server: CtgovServer) -> None:
    server.misbehave("studies", ["ok", "update"] * PASSES)

    with pytest.raises(SourceError, match="The data have probably changed"):
        source_at(server).fetch(QUESTION)


# Resumed, and read again


@pytest.mark.parametrize("pages", range(5))
def test_an_interrupted_search_goes_on_where_it_stopped(
    server: CtgovServer, clean: Answer, pages: int
) -> None:
    kept = interrupted_at(server, ["ok"] * pages + [500])
    before = len(server.pages_asked())

    answer = source_at(server).fetch(QUESTION, resume_from=kept, keep=kept.append)

    assert answer == clean
    assert len(server.pages_asked()) - before == 5 - pages
    assert source_at(server).replay(QUESTION, kept) == clean


def test_a_search_resumed_after_the_data_changed_reads_all_pages_anew(server: CtgovServer) -> None:
    kept = interrupted_at(server, ["ok", "ok", 500])
    server.update(dataclasses.replace(STUDIES[0], title="Renamed study of myositis"))

    answer = source_at(server).fetch(QUESTION, resume_from=kept, keep=kept.append)

    assert answer.records[0].title == "Renamed study of myositis"
    assert answer.database_build == "2025-11-22T09:00:04 (API 2.0.5)"
    assert source_at(server).replay(QUESTION, kept) == answer


def test_a_search_stopped_before_its_last_look_at_the_build_is_not_completed_with_another_build(
    server: CtgovServer,
) -> None:
    kept: list[Reply] = []
    source_at(server).fetch(QUESTION, keep=kept.append)
    server.update()

    answer = source_at(server).fetch(QUESTION, resume_from=kept[:-1])

    assert answer.database_build == "2025-11-22T09:00:04 (API 2.0.5)"
    assert tokens(server).count(None) == 2


def test_two_processes_that_read_one_sub_query_leave_replies_that_give_one_answer(clean: Answer) -> None:
    kept: list[list[Reply]] = [[], []]
    for mine in kept:
        with serving(STUDIES) as running:
            source_at(running).fetch(QUESTION, keep=mine.append)
    mixed = [reply for both in zip(*kept, strict=True) for reply in both]

    assert ClinicalTrials(settings.Registry()).replay(QUESTION, mixed) == clean


def test_replies_to_another_text_or_another_date_are_passed_over(server: CtgovServer) -> None:
    kept: list[Reply] = []
    source_at(server).fetch(LIMITED, keep=kept.append)

    with pytest.raises(SourceError, match="not complete"):
        source_at(server).replay(QUESTION, kept)


@pytest.mark.parametrize("place", range(1, 6))
def test_a_lost_or_damaged_page_is_missed_when_replies_are_read_again(
    server: CtgovServer, place: int
) -> None:
    kept: list[Reply] = []
    source = source_at(server)
    source.fetch(QUESTION, keep=kept.append)
    damaged = [*kept[:place], Reply(kept[place].request, kept[place].body[:-40]), *kept[place + 1 :]]

    for replies in (damaged, kept[:place] + kept[place + 1 :]):
        with pytest.raises(SourceError, match="R01 are not complete"):
            source.replay(QUESTION, replies)


# On the command line


@pytest.fixture
def at_hand(server: CtgovServer, monkeypatch: pytest.MonkeyPatch) -> CtgovServer:
    """The server, where the command line finds it."""
    text = read_strategy(find_strategy("clinicaltrials")).sub_queries[0].text
    server.terms[text] = NUMBERS[:12]
    monkeypatch.setenv("IIMSCREEN_CTGOV_URL", server.address)
    monkeypatch.setattr(clinicaltrials, "SPACING_S", 0.0)
    return server


def test_a_register_search_fills_the_register_box_beside_the_databases(
    at_hand: CtgovServer, run, run_json
) -> None:
    assert run("search", "--source", "corpus").exit_code == 0
    searched = run("search", "--strategy", "clinicaltrials")
    assert run("dedupe").exit_code == 0

    flow = run_json("prisma")

    assert searched.exit_code == 0, searched.output
    assert flow["boxes"]["register_results"] == 12
    assert flow["registers"] == {"ClinicalTrials.gov": 12}
    assert flow["boxes"]["database_results"] == 14
    assert flow["boxes"]["duplicates"] == 0


def test_a_recruiting_study_shows_its_status_to_screeners_and_ends_as_an_ongoing_one(
    at_hand: CtgovServer, run, run_json
) -> None:
    at_hand.terms = dict.fromkeys(at_hand.terms, NUMBERS[1:2])
    run("search", "--strategy", "clinicaltrials")
    run("dedupe")
    for name in ("ann", "bob"):
        run("reviewer", "add", name)
    shown = run("screen", "--reviewer", "ann", typed="q\n")
    record = f"clinicaltrials:{NUMBERS[1]}"
    for name in ("ann", "bob"):
        run("screen", "--reviewer", name, "--record", record, "--verdict", "include")
    run("fulltext", "retrieved", record, "--by", "ann")
    for name in ("ann", "bob"):
        vote = ("--record", record, "--verdict", "ongoing", "--stage", "full-text")
        assert run("screen", "--reviewer", name, *vote).exit_code == 0

    flow = run_json("prisma")

    assert "Clinical trial registration  status: RECRUITING" in shown.output
    assert (flow["ongoing"], flow["boxes"]["new_studies"]) == (1, 0)


def test_an_update_of_the_review_finds_what_the_register_has_posted_since(
    at_hand: CtgovServer, run, run_json
) -> None:
    text = next(iter(at_hand.terms))
    run("search", "--strategy", "clinicaltrials")
    late = Study("NCT90000999", "A later study of myositis", posted="2024-05-06", updated="2024-05-06")
    at_hand.update(late)
    at_hand.terms[text] = [*NUMBERS[:12], late.nct]

    updated = run("search", "--update", "--as-of", "2024-06-30")

    assert updated.exit_code == 0, updated.output
    assert run_json("prisma")["boxes"]["register_results"] == 13


def test_a_study_that_was_also_exported_by_hand_counts_once(at_hand: CtgovServer, run, run_json) -> None:
    titles = {NUMBERS[0]: STUDIES[0].title, NUMBERS[1]: "The same study under its other title"}
    Path("export.ris").write_text(
        "".join(
            f"TY  - DBASE\nTI  - {title}\nAN  - {nct}\nPY  - 2010\nER  - \n\n"
            for nct, title in titles.items()
        ),
        encoding="utf-8",
    )
    run("search", "--strategy", "clinicaltrials")
    imported = run("import", "export.ris", "--database", "ClinicalTrials.gov", "--kind", "register")
    run("dedupe")

    boxes = run_json("prisma")["boxes"]

    assert imported.exit_code == 0, imported.output
    assert (boxes["register_results"], boxes["duplicates"], boxes["records_screened"]) == (13, 1, 12)


def test_a_register_search_that_was_completed_asks_nothing_again(at_hand: CtgovServer, run) -> None:
    run("search", "--strategy", "clinicaltrials")
    asked = len(at_hand.asked)

    again = run("search", "--strategy", "clinicaltrials", "--source", "clinicaltrials")

    assert again.exit_code == 0
    assert "nothing was asked" in again.output
    assert len(at_hand.asked) == asked


def test_a_register_search_is_stored_as_a_register_with_its_build(at_hand: CtgovServer, run) -> None:
    run("search", "--strategy", "clinicaltrials")

    with open_review(settings.DEFAULT_REVIEW) as review:
        rows = list(review.db.query("select key, kind from records join sources using (source)"))
        (build,) = review.db.execute("select database_build from run_results").fetchone()
    assert {row["kind"] for row in rows} == {Kind.REGISTER}
    assert {row["key"] for row in rows} == {f"clinicaltrials:{nct}" for nct in NUMBERS[:12]}
    assert build == "2025-11-21T09:00:04 (API 2.0.5)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--strategy", "clinicaltrials", "--source", "pubmed"), "is written for ClinicalTrials.gov"),
        (("--strategy", "clinicaltrials", "--source", "corpus"), "is written for ClinicalTrials.gov"),
        (("--source", "clinicaltrials"), "is written for PubMed"),
    ],
)
def test_a_source_that_contradicts_the_strategy_is_refused_before_anything_is_made(
    run, words, said: str
) -> None:
    refused = run("search", *words)

    assert refused.exit_code == 3
    assert said in refused.stderr
    assert not settings.DEFAULT_REVIEW.exists()


def test_a_dry_run_shows_both_parameters(run) -> None:
    shown = run("search", "--strategy", "clinicaltrials", "--as-of", "2024-02-03", "--dry-run")

    assert shown.exit_code == 0
    assert shown.stdout.startswith("R01\tquery.term=(myositis OR")
    assert "& filter.advanced=AREA[StudyFirstPostDate]RANGE[MIN,2024-02-03]" in shown.stdout


def test_an_interrupted_register_search_can_be_given_up(at_hand: CtgovServer, run) -> None:
    at_hand.misbehave("studies", ["400:No such thing"])
    stopped = run("search", "--strategy", "clinicaltrials")

    given_up = run("search", "--strategy", "clinicaltrials", "--abandon")

    assert stopped.exit_code == 5
    assert given_up.exit_code == 0, given_up.output
    assert "in ClinicalTrials.gov, 1 of 1 sub-queries not completed" in given_up.output


# Sources by their names


def test_every_source_is_found_by_the_name_that_the_review_has_stored() -> None:
    assert set(sources.names()) >= {"pubmed", "clinicaltrials", "corpus"}
    assert [sources.named(name).source for name in sources.names()] == list(sources.names())
    assert sources.needs("pubmed") == ("email", "api_key")
    assert sources.needs("clinicaltrials") == ()


def test_a_corpus_file_can_be_read_again_but_not_asked() -> None:
    assert sources.for_replay("corpus-mine").source == "corpus-mine"
    with pytest.raises(InputError) as caught:
        sources.named("corpus-mine")

    assert "--corpus FILE" in caught.value.hint


def test_an_unknown_source_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(InputError, match="no source 'embase': expected one of pubmed, clinicaltrials"):
        sources.named("embase")
