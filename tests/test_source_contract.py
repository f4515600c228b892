"""What every source keeps to, held against each file of `sources/`, with a stand-in for what it asks.

A new file of that folder without a stand-in here fails: see STAND_INS.
"""

from __future__ import annotations

import contextlib
import json
import pkgutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import ctgov_server
import eutils_server
from eutils_links import with_links
from fake_time import FakeTime
from iimscreen import settings, sources
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Kind, Record, Reply, SubQuery
from iimscreen.sources import Source
from iimscreen.sources.citations import Citations, Direction, text_of
from iimscreen.sources.clinicaltrials import ClinicalTrials
from iimscreen.sources.corpus import Corpus
from iimscreen.sources.pubmed import PubMed

EMAIL, KEY = "ann.adler@example.org", "good-key"
ARTICLES = eutils_server.invented(450)
PMIDS = [article.pmid for article in ARTICLES]
MODULES = sorted(
    module.name for module in pkgutil.iter_modules(sources.__path__) if not module.name.startswith("_")
)


@dataclass
class Stood:
    """A source over its stand-in. `make` gives a new object each time, as another process would have."""

    make: Callable[[], Source]
    finds: SubQuery  # finds several records, in several replies where the source has pages
    finds_nothing: SubQuery
    replies: int  # that a complete answer to `finds` takes at least
    asked: Callable[[], int]  # requests that have reached the stand-in; for a file, always 0
    unreachable: Callable[[], Source] | None  # None: there is nothing to reach


StandIn = Callable[[], contextlib.AbstractContextManager[Stood]]


def _plain(label: str, text: str) -> SubQuery:
    return SubQuery(label, text, text)


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def _pubmed() -> Iterator[Stood]:
    with eutils_server.serving(ARTICLES) as server:
        here = server.settings(email=EMAIL, api_key=KEY)

        def at(entrez: settings.Entrez) -> Source:
            time = FakeTime()
            return PubMed(entrez, sleep=time.sleep, clock=time.clock)

        gone = settings.Entrez(f"http://127.0.0.1:{_closed_port()}/", email=EMAIL, api_key=KEY, tries=2)
        yield Stood(
            make=lambda: at(here),
            finds=_plain("F01", "myositis"),
            finds_nothing=_plain("F02", "unheardof"),
            replies=4,
            asked=lambda: len(server.asked),
            unreachable=lambda: at(gone),
        )


@contextlib.contextmanager
def _citations() -> Iterator[Stood]:
    with eutils_server.serving(ARTICLES) as server:
        with_links(server, {"pubmed_pubmed_citedin": {PMIDS[0]: PMIDS[2:300]}})
        here = server.settings(email=EMAIL, api_key=KEY)

        def at(entrez: settings.Entrez) -> Source:
            time = FakeTime()
            return Citations(Direction.CITED_BY, entrez, sleep=time.sleep, clock=time.clock)

        gone = settings.Entrez(f"http://127.0.0.1:{_closed_port()}/", email=EMAIL, api_key=KEY, tries=2)
        yield Stood(
            make=lambda: at(here),
            finds=_plain("seed", text_of(Direction.CITED_BY, PMIDS[0])),
            finds_nothing=_plain("lonely", text_of(Direction.CITED_BY, PMIDS[1])),
            replies=3,
            asked=lambda: len(server.asked),
            unreachable=lambda: at(gone),
        )


@contextlib.contextmanager
def _clinicaltrials() -> Iterator[Stood]:
    with ctgov_server.serving(ctgov_server.invented(45)) as server:
        here = server.settings()

        def at(registry: settings.Registry) -> Source:
            time = FakeTime()
            return ClinicalTrials(registry, sleep=time.sleep, clock=time.clock)

        gone = settings.Registry(f"http://127.0.0.1:{_closed_port()}/api/v2/", tries=2)
        yield Stood(
            make=lambda: at(here),
            finds=SubQuery("R01", "myositis", "query.term=myositis"),
            finds_nothing=SubQuery("R02", "unheardof", "query.term=unheardof"),
            replies=7,
            asked=lambda: len(server.asked),
            unreachable=lambda: at(gone),
        )


@contextlib.contextmanager
def _corpus() -> Iterator[Stood]:
    records = [Record(accession=f"r{n}", title=f"Myositis and drug {n}", year=2020) for n in range(20)]
    yield Stood(
        make=lambda: Corpus(records, database="Corpus file mine.jsonl (offline)", source="corpus-mine"),
        finds=_plain("F01", "myositis"),
        finds_nothing=_plain("F02", "unheardof"),
        replies=1,
        asked=lambda: 0,
        unreachable=None,
    )


# File of `sources/` -> a context in which its source can be asked on this machine.
STAND_INS: dict[str, StandIn] = {
    "pubmed": _pubmed,
    "citations": _citations,
    "clinicaltrials": _clinicaltrials,
    "corpus": _corpus,
}


@pytest.fixture(params=MODULES)
def stood(request: pytest.FixtureRequest) -> Iterator[Stood]:
    stand_in = STAND_INS.get(request.param)
    if stand_in is None:
        pytest.fail(
            f"sources/{request.param}.py has no stand-in: write a context that yields a Stood (a server on "
            "this machine, or a file) and add it to STAND_INS"
        )
    with stand_in() as standing:
        yield standing


def fetched(stood: Stood) -> tuple[Answer, list[Reply]]:
    kept: list[Reply] = []
    return stood.make().fetch(stood.finds, keep=kept.append), kept


def test_every_file_of_sources_is_known_by_a_name_that_a_review_can_store() -> None:
    assert sorted({sources.module_of(name) for name in sources.names()}) == MODULES, (
        "a new file of sources/ needs its name in _KNOWN of sources/__init__.py"
    )


def test_a_source_tells_its_database_its_name_and_its_kind(stood: Stood) -> None:
    source = stood.make()

    assert source.database.strip()
    assert source.source == source.source.casefold()
    assert sources.for_replay(source.source).source == source.source
    assert source.kind in Kind


def test_what_is_counted_is_what_comes(stood: Stood) -> None:
    counted = stood.make().count(stood.finds)

    answer, _ = fetched(stood)

    assert counted == answer.hits == len(answer.records) > 1


def test_every_record_has_an_accession_of_its_own_that_stays_the_same(stood: Stood) -> None:
    answer, _ = fetched(stood)
    accessions = [record.accession for record in answer.records]

    again, _ = fetched(stood)

    assert all(accessions)
    assert len(set(accessions)) == len(accessions)
    assert [record.accession for record in again.records] == accessions


def test_replies_are_kept_as_they_arrive_and_progress_ends_at_all(stood: Stood) -> None:
    kept: list[Reply] = []
    seen: list[tuple[int, int]] = []

    answer = stood.make().fetch(
        stood.finds, keep=kept.append, on_progress=lambda done, total: seen.append((done, total))
    )

    assert len(kept) >= stood.replies
    assert seen[-1] == (answer.hits, answer.hits)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_was_kept_is_not_asked_for_again(stood: Stood) -> None:
    answer, kept = fetched(stood)
    before = stood.asked()
    more: list[Reply] = []

    resumed = stood.make().fetch(stood.finds, resume_from=kept, keep=more.append)

    assert resumed == answer
    assert stood.asked() == before
    assert more == []


def test_a_search_interrupted_after_any_reply_is_completed_to_the_same_answer(stood: Stood) -> None:
    answer, all_kept = fetched(stood)

    for stop_after in range(len(all_kept)):
        kept: list[Reply] = []

        def keep(reply: Reply, kept: list[Reply] = kept, stop_after: int = stop_after) -> None:
            if len(kept) == stop_after:
                raise KeyboardInterrupt
            kept.append(reply)

        with pytest.raises(KeyboardInterrupt):
            stood.make().fetch(stood.finds, keep=keep)
        resumed = stood.make().fetch(stood.finds, resume_from=kept, keep=kept.append)

        assert resumed == answer
        assert stood.make().replay(stood.finds, kept) == answer


def test_kept_replies_give_the_same_answer_without_asking(stood: Stood) -> None:
    answer, kept = fetched(stood)
    before = stood.asked()

    replayed = stood.make().replay(stood.finds, kept)
    by_name = sources.for_replay(stood.make().source).replay(stood.finds, kept)

    assert replayed == by_name == answer
    assert stood.asked() == before


def test_kept_replies_may_come_one_by_one_and_are_read_to_their_end(stood: Stood) -> None:
    answer, kept = fetched(stood)
    of_one_more = [*kept, Reply('{"asked": "something else"}', b"")]

    for read in (
        lambda replies: stood.make().replay(stood.finds, replies),
        lambda replies: stood.make().fetch(stood.finds, resume_from=replies),
    ):
        replies = iter(of_one_more)

        assert read(replies) == answer
        assert next(replies, None) is None


def test_no_answer_is_made_of_replies_that_are_lost(stood: Stood) -> None:
    _, kept = fetched(stood)

    with pytest.raises(SourceError):
        stood.make().replay(stood.finds, [])
    with pytest.raises(SourceError):
        stood.make().replay(stood.finds_nothing, kept)


def test_a_sub_query_that_finds_nothing_is_a_complete_answer(stood: Stood) -> None:
    kept: list[Reply] = []

    answer = stood.make().fetch(stood.finds_nothing, keep=kept.append)

    assert (answer.hits, answer.records) == (0, ())
    assert stood.make().count(stood.finds_nothing) == 0
    assert stood.make().replay(stood.finds_nothing, kept) == answer


def test_a_request_is_kept_as_json_without_address_and_key(stood: Stood) -> None:
    _, kept = fetched(stood)

    for reply in kept:
        assert isinstance(json.loads(reply.request), dict)
        assert EMAIL not in reply.request
        assert KEY not in reply.request
        assert "@" not in reply.request
        assert not {"email", "api_key", "tool"} & set(json.loads(reply.request))


def test_nothing_is_written_beside_the_review_and_nothing_leaves_for_another_server(
    stood: Stood, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connect = socket.socket.connect
    reached: list[object] = []

    def watched(one: socket.socket, address: tuple[object, ...]) -> None:
        reached.append(address[0])
        connect(one, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setenv("HOME", str(tmp_path))

    _, kept = fetched(stood)
    stood.make().replay(stood.finds, kept)

    assert set(reached) <= {"127.0.0.1"}
    assert bool(reached) == (stood.unreachable is not None)
    assert list(tmp_path.rglob("*")) == []


def test_a_source_that_cannot_be_reached_says_so(stood: Stood) -> None:
    if stood.unreachable is None:
        assert stood.asked() == 0
        return

    with pytest.raises(SourceError) as counted:
        stood.unreachable().count(stood.finds)
    with pytest.raises(SourceError) as asked:
        stood.unreachable().fetch(stood.finds)

    for error in (counted.value, asked.value):
        assert "was not reachable" in error.message
        assert error.hint


# --- sources by their names


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
