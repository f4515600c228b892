"""A search that finds more than PubMed lists: it comes complete, in slices, or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eutils_server import EutilsServer, invented, serving
from fake_time import FakeTime
from iimscreen.errors import SourceError
from iimscreen.model import Answer, Reply, SubQuery
from iimscreen.sources import _slices, pubmed
from iimscreen.sources._slices import IndivisibleError, Slice, UnevenError

# --- the plan, pure --------------------------------------------------------------------------------

YEAR = 2026
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2026, 12, 31))
BUSY_DAYS = st.sampled_from([dt.date(2020, 5, 1), dt.date(2020, 5, 2), dt.date(1975, 1, 1)])


class Invented:
    """Records as (created, added, properties), and how often they were counted."""

    def __init__(self, records: list[tuple[dt.date, dt.date, frozenset[str]]]) -> None:
        self.records = records
        self.asked: list[Slice] = []

    def of(self, part: Slice) -> list[int]:
        found = list(range(len(self.records)))
        for limit in part.limits:
            operator, _, what = limit.partition(" ")
            found = [number for number in found if self._holds(number, what) == (operator == "AND")]
        return found

    def _holds(self, number: int, what: str) -> bool:
        created, added, properties = self.records[number]
        if what in _slices.PAIRS:
            return what in properties
        days, _, name = what.removesuffix("]").partition("[")
        first, last = (dt.datetime.strptime(day, "%Y/%m/%d").date() for day in days.split(":"))  # noqa: DTZ007 (days)
        return first <= (created if name == "crdt" else added) <= last

    def count(self, part: Slice, _may_fit: bool) -> int:
        self.asked.append(part)
        return len(self.of(part))


def records(days: st.SearchStrategy[dt.date]) -> st.SearchStrategy[list]:
    properties = st.frozensets(st.sampled_from(_slices.PAIRS))
    return st.lists(st.tuples(days, days, properties), min_size=1, max_size=120)


@given(records(st.one_of(DAYS, BUSY_DAYS)), st.integers(1, 40))
@example([(dt.date(2000, 1, 1), dt.date(2020, 5, day), frozenset()) for day in (1, 2)], 1)
def test_slices_hold_every_record_once_and_none_holds_too_many(found, most):
    held = Invented(found)

    try:
        plan = _slices.plan(held.count, len(found), year=YEAR, most=most)
    except IndivisibleError:
        assert max(Counter(found).values()) > most  # only records that no limit tells apart
        return

    slices = [held.of(part) for part in plan]
    assert sorted(number for part in slices for number in part) == list(range(len(found)))
    assert all(0 < len(part) <= most for part in slices)


@given(records(st.one_of(DAYS, BUSY_DAYS)), st.integers(1, 40))
def test_nothing_is_counted_twice(found, most):
    held = Invented(found)

    with contextlib.suppress(IndivisibleError):
        _slices.plan(held.count, len(found), year=YEAR, most=most)

    assert max(Counter(held.asked).values()) == 1


def test_a_search_that_grew_like_pubmed_is_planned_with_few_counts():
    def count(part: Slice, _may_fit: bool) -> int:
        days = part.limits[0].removeprefix("AND ").removesuffix("[crdt]").split(":")
        first, last = (dt.datetime.strptime(day, "%Y/%m/%d").date() for day in days)  # noqa: DTZ007 (days)
        return held(last) - held(first - dt.timedelta(days=1))

    def held(until: dt.date) -> int:
        years = max(0, (until - dt.date(1960, 1, 1)).days / 365.25)
        return round(50_000 * min(1, years / 66) ** 2)

    asked: list[Slice] = []
    plan = _slices.plan(
        lambda part, fits: asked.append(part) or count(part, fits),
        held(dt.date(2026, 12, 31)),
        year=YEAR,
        most=9_999,
    )

    assert len(plan) <= 9  # 6 at the least
    assert len(asked) <= 12


def test_a_part_with_more_records_than_the_whole_is_no_plan():
    with pytest.raises(UnevenError):
        _slices.plan(lambda _part, _fits: 11, 10, year=YEAR, most=5)


def test_each_limit_binds_all_that_stands_before_it():
    part = _slices.WHOLE.and_("2020/01/01:2020/01/31[crdt]").not_("english[la]")

    assert part.text("a OR b") == "(a OR b) AND 2020/01/01:2020/01/31[crdt] NOT english[la]"


# --- PubMed itself ---------------------------------------------------------------------------------

TERM = "myositis[tiab]"
QUESTION = SubQuery("myositis", TERM, TERM)
MOST = 60
RECORDS = invented(450)
PMIDS = [article.pmid for article in reversed(RECORDS)]
NO_WARNING = "<WarningList><OutputMessage>Unmatched double quote ignored.</OutputMessage></WarningList>"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(pubmed, "MOST_HITS", MOST)
    with serving(RECORDS, terms={TERM: PMIDS}) as running:
        running.most_listed = MOST
        yield running


def source(server: EutilsServer, *, day: dt.date = dt.date(2026, 5, 1), **changes) -> pubmed.PubMed:
    time = FakeTime()
    return pubmed.PubMed(server.settings(**changes), sleep=time.sleep, clock=time.clock, today=lambda: day)


def fetched(server: EutilsServer, kept: list[Reply] | None = None) -> Answer:
    return source(server).fetch(QUESTION, keep=(kept if kept is not None else []).append)


def test_a_sliced_search_is_complete_and_each_record_comes_once(server):
    answer = fetched(server)

    assert answer.hits == 450
    assert sorted(record.pmid for record in answer.records) == sorted(PMIDS)
    assert all(
        int(asked.parameters["retmax"]) <= 9_999
        for asked in server.requests_to("esearch")
        if "retmax" in asked.parameters
    )


def test_newer_slices_come_before_older_ones(server):
    years = [record.entered_on[:4] for record in fetched(server).records]

    assert years[0] == "2023"
    assert years[-1] == "2010"


def test_every_reply_that_counts_is_kept(server):
    kept: list[Reply] = []

    fetched(server, kept)

    asked = [one for one in server.asked if one.utility != "einfo"]
    assert len(kept) == len(asked) + 1
    stated = [json.loads(reply.request) for reply in kept]
    assert sum(one["utility"] == "esearch" for one in stated) == len(server.requests_to("esearch"))


def test_it_says_that_it_was_sliced_and_what_pubmed_says_about_the_whole(server):
    server.warnings[TERM] = NO_WARNING

    answer = fetched(server)

    assert answer.warnings[0] == "PubMed says about this search: Unmatched double quote ignored."
    assert "this one was asked in" in answer.warnings[1]
    assert answer.warnings[1].endswith("slices by date of creation, which together found all 450")
    assert answer.interpreted_as == TERM


def test_a_day_with_too_many_records_is_parted_by_other_fields(server):
    same_day = tuple(
        replace(
            article,
            entered="2019-12-31",
            added="2019-12-31" if index % 2 else "2018-05-05",
            language="ger" if index % 4 < 2 else "eng",
        )
        for index, article in enumerate(RECORDS[:200])
    )
    server.articles.update({article.pmid: article for article in same_day})

    answer = fetched(server)

    assert sorted(record.pmid for record in answer.records) == sorted(PMIDS)
    sent = " ".join(asked.parameters["term"] for asked in server.requests_to("esearch"))
    assert "2019/12/31:2019/12/31[edat]" in sent
    assert "NOT english[la]" in sent


def test_records_without_a_day_of_creation_are_found_too(server):
    server.articles.update({one.pmid: replace(one, entered="2030-01-01") for one in RECORDS[:30]})

    answer = fetched(server)

    assert sorted(record.pmid for record in answer.records) == sorted(PMIDS)


def test_records_that_nothing_tells_apart_stop_the_search_before_a_download(server):
    server.articles.update({one.pmid: replace(RECORDS[0], pmid=one.pmid) for one in RECORDS[:61]})

    with pytest.raises(SourceError) as caught:
        fetched(server)

    assert "finds 66 records that no limit parts (AND 2010/01/01:" in caught.value.message
    assert "narrow the strategy" in caught.value.hint
    assert server.requests_to("efetch") == []


def test_a_count_that_changed_in_between_is_asked_anew_once(server):
    grown: list[str] = []

    def grow_once(reply: Reply) -> None:
        if len(grown) == 0 and "[crdt]" in reply.request:
            grown.append(RECORDS[0].pmid)
            server.terms[TERM] = PMIDS[1:]  # one was deleted after the whole was counted

    answer = source(server).fetch(QUESTION, keep=grow_once)

    assert answer.hits == 449
    assert sorted(record.pmid for record in answer.records) == sorted(PMIDS[1:])


def test_slices_that_contradict_the_whole_twice_end_in_an_error(server, monkeypatch):
    monkeypatch.setattr(server, "_limited", lambda pmids, _limits: list(pmids)[:59])

    with pytest.raises(SourceError) as caught:
        fetched(server)

    assert "the search finds 450 records, but its slices by date of creation find another number" in (
        caught.value.message
    )
    assert "though asked again" in caught.value.message
    assert "give the same command again later" in caught.value.hint
    assert len([one for one in server.requests_to("esearch") if one.parameters["term"] == TERM]) == 2
    assert server.requests_to("efetch") == []


@pytest.mark.parametrize("stop", [2, 3, 5, 8, 12, 13, 14])
def test_a_sliced_search_that_was_stopped_goes_on_and_asks_nothing_twice(server, stop):
    class StoppedError(Exception):
        pass

    def until(reply: Reply) -> None:
        if len(kept) == stop:
            raise StoppedError
        kept.append(reply)

    clean = fetched(server)
    sent = [one.request for one in replies_of(server)]
    kept: list[Reply] = []
    with pytest.raises(StoppedError):
        source(server).fetch(QUESTION, keep=until)
    more: list[Reply] = []

    answer = source(server, day=dt.date(2027, 1, 1)).fetch(QUESTION, resume_from=kept, keep=more.append)

    assert answer == clean
    assert sorted(one.request for one in [*kept, *more]) == sorted(sent)


def replies_of(server: EutilsServer) -> list[Reply]:
    kept: list[Reply] = []
    fetched(server, kept)
    return kept


def test_a_sliced_search_is_replayed_from_its_replies_alone_years_later(server):
    server.warnings[TERM] = NO_WARNING
    kept: list[Reply] = []
    answer = fetched(server, kept)
    server.asked.clear()

    replayed = source(server, day=dt.date(2040, 1, 1)).replay(QUESTION, kept)

    assert replayed == answer
    assert server.asked == []


def test_a_reply_that_is_missing_stops_the_replay(server):
    kept: list[Reply] = []
    fetched(server, kept)

    for left_out in range(len(kept)):
        if '"einfo"' not in kept[left_out].request:
            with pytest.raises(SourceError, match="kept replies"):
                source(server).replay(QUESTION, kept[:left_out] + kept[left_out + 1 :])
