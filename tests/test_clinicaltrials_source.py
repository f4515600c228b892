"""ClinicalTrials.gov as a source, against a local server that speaks its API."""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from ctgov_server import CHANGED, CtgovServer, Study, invented, serving
from fake_time import FakeTime
from iimscreen import settings
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Reply, SubQuery
from iimscreen.sources import clinicaltrials
from iimscreen.sources.clinicaltrials import MOST_EMPTY_PAGES, NO_BUILD, PASSES, SPACING_S, ClinicalTrials

STUDIES = invented(45)
NUMBERS = [study.nct for study in STUDIES]
QUESTION = SubQuery("R01", "myositis", "query.term=myositis")
LIMITED = SubQuery(
    "R01", "myositis", "query.term=myositis & filter.advanced=AREA[StudyFirstPostDate]RANGE[MIN,2010-06-30]"
)


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
