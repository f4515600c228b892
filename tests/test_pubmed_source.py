from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time

import pytest
from Bio import Entrez as BioEntrez

from eutils_server import BUILD, Article, EutilsServer, invented, serving
from fake_time import FakeTime
from iimscreen.errors import InputError, SourceError
from iimscreen.formats import pubmed_xml
from iimscreen.model import Answer, Reply, SubQuery
from iimscreen.settings import Entrez
from iimscreen.sources import _http
from iimscreen.sources.pubmed import PubMed

TERM = "myositis[tiab] AND 2010:2023[crdt]"
QUESTION = SubQuery("myositis", "myositis[tiab]", TERM)
RECORDS = invented(450)
PMIDS = [article.pmid for article in reversed(RECORDS)]  # PubMed's order is not that of the numbers


@pytest.fixture
def server():
    with serving(RECORDS, terms={TERM: PMIDS}) as running:
        yield running


def pubmed_at(server: EutilsServer, fake: FakeTime | None = None, **changes) -> PubMed:
    fake = fake or FakeTime()
    return PubMed(server.settings(**changes), sleep=fake.sleep, clock=fake.clock)


def asked_for(server: EutilsServer) -> list[list[str]]:
    """The PMIDs that each EFetch asked for."""
    return [asked.parameters["id"].split(",") for asked in server.requests_to("efetch")]


def interrupted_at(server: EutilsServer, faults: list[int | str]) -> list[Reply]:
    """The replies kept by a search that stopped for good."""
    kept: list[Reply] = []
    server.misbehave("efetch", faults)
    with pytest.raises(SourceError):
        pubmed_at(server, tries=1).fetch(QUESTION, keep=kept.append)
    return kept


@pytest.fixture(scope="module")
def clean_answer() -> Answer:
    with serving(RECORDS, terms={TERM: PMIDS}) as running:
        return pubmed_at(running).fetch(QUESTION)


def test_every_record_comes_once_in_the_order_of_the_search(clean_answer):
    assert clean_answer.hits == 450
    assert [record.pmid for record in clean_answer.records] == PMIDS
    assert clean_answer.interpreted_as == TERM
    assert clean_answer.database_build == BUILD
    assert clean_answer.warnings == ()


def test_books_stay_where_the_search_puts_them(clean_answer):
    books = {article.pmid for article in RECORDS if article.is_book}

    found = [record for record in clean_answer.records if record.pmid in books]

    assert len(found) == 9
    assert all(record.title and record.journal for record in found)


def test_raw_replies_are_kept_as_they_arrive_and_hold_the_records(server):
    kept: list[Reply] = []

    answer = pubmed_at(server).fetch(QUESTION, keep=kept.append)

    utilities = [json.loads(reply.request)["utility"] for reply in kept]
    assert utilities == ["esearch", "einfo", "efetch", "efetch", "efetch"]
    stored = [found.record for reply in kept[2:] for found in pubmed_xml.read(reply.body)]
    assert tuple(stored) == answer.records


def test_requests_are_kept_as_canonical_json_without_email_key_and_tool(server):
    kept: list[Reply] = []

    pubmed_at(server, api_key="good-key").fetch(QUESTION, keep=kept.append)

    for reply in kept:
        parameters = json.loads(reply.request)
        assert reply.request == json.dumps(parameters, sort_keys=True, ensure_ascii=False)
        assert not {"email", "api_key", "tool"} & set(parameters)
        assert "good-key" not in reply.request
        assert "ann@example.org" not in reply.request


def test_ncbi_gets_tool_email_and_key_with_every_request(server):
    pubmed_at(server, api_key="good-key").fetch(QUESTION)

    assert len(server.asked) == 5
    for asked in server.asked:
        assert asked.parameters["tool"] == "iimscreen"
        assert asked.parameters["email"] == "ann@example.org"
        assert asked.parameters["api_key"] == "good-key"


@pytest.mark.parametrize("blank", ["", None])
def test_a_blank_key_or_email_is_not_sent(server, blank):
    pubmed_at(server, api_key=blank, email=blank).fetch(QUESTION)

    assert all(not {"api_key", "email"} & set(asked.parameters) for asked in server.asked)


def test_a_long_search_is_posted(server):
    long_term = "myositis OR " * 200 + "myositis"
    server.terms[long_term] = PMIDS[:3]

    answer = pubmed_at(server).fetch(SubQuery("long", long_term, long_term))

    assert answer.hits == 3
    assert server.requests_to("esearch")[0].method == "POST"


def test_a_search_without_hits_is_an_answer(server):
    server.terms["nothing"] = []

    answer = pubmed_at(server).fetch(SubQuery("none", "nothing", "nothing"))

    assert (answer.hits, answer.records) == (0, ())
    assert answer.warnings == ("PubMed says about this search: No items found.",)
    assert server.requests_to("efetch") == []


def test_progress_is_told_after_every_batch(server):
    progress: list[tuple[int, int]] = []

    pubmed_at(server).fetch(QUESTION, on_progress=lambda done, total: progress.append((done, total)))

    assert progress == [(200, 450), (400, 450), (450, 450)]


def test_the_next_batch_is_under_way_while_the_last_is_stored(server):
    def keep(reply: Reply) -> None:
        if '"efetch"' in reply.request and "30000450" in reply.request:
            end = time.monotonic() + 10
            while len(server.requests_to("efetch")) < 2:  # the first reply is not even stored yet
                assert time.monotonic() < end, "the second batch waits for the first"
                time.sleep(0.005)

    answer = pubmed_at(server).fetch(QUESTION, keep=keep)

    assert answer.hits == 450


def test_replies_are_kept_on_the_thread_that_asked_for_them(server):
    threads: set[threading.Thread] = set()

    pubmed_at(server).fetch(QUESTION, keep=lambda _reply: threads.add(threading.current_thread()))

    assert threads == {threading.current_thread()}


def test_a_count_is_one_request_and_brings_no_record(server):
    assert pubmed_at(server).count(QUESTION) == 450
    assert [asked.utility for asked in server.asked] == ["esearch"]
    assert server.asked[0].parameters["rettype"] == "count"


@pytest.mark.parametrize("warned", [False, True], ids=["nothing to say", "warnings and no build"])
def test_a_replay_gives_the_same_answer_and_asks_nothing(server, warned):
    if warned:
        server.warnings[TERM] = "<ErrorList><PhraseNotFound>zz</PhraseNotFound></ErrorList>"
        server.misbehave("einfo", [500, 500])
    kept: list[Reply] = []
    source = pubmed_at(server)
    answer = source.fetch(QUESTION, keep=kept.append)
    server.asked.clear()

    replayed = source.replay(QUESTION, kept)

    assert replayed == answer
    assert server.asked == []


def test_the_second_sub_query_can_be_replayed_alone_with_its_build(server):
    source = pubmed_at(server)
    source.fetch(QUESTION)
    kept: list[Reply] = []
    answer = source.fetch(QUESTION, keep=kept.append)

    assert pubmed_at(server).replay(QUESTION, kept) == answer
    assert answer.database_build == BUILD


@pytest.mark.parametrize(
    ("lost", "told"),
    [(0, "the search 'myositis"), (2, "lack 200 of 450 records (PMID 30000450, 30000449")],
    ids=["ESearch", "EFetch"],
)
def test_a_replay_without_a_reply_names_what_is_missing(server, lost, told):
    kept: list[Reply] = []
    source = pubmed_at(server)
    source.fetch(QUESTION, keep=kept.append)
    del kept[lost]

    with pytest.raises(SourceError) as caught:
        source.replay(QUESTION, kept)

    assert told in caught.value.message
    assert "give its command again" in caught.value.hint


PASSING_FAULTS = [
    pytest.param(fault, id=str(fault))
    for fault in (
        429,
        "429:1",
        "429:Wed, 21 Oct 2015 07:28:00 GMT",
        500,
        502,
        503,
        "cut",
        "cut-chunked",
        "cut-quietly",
        "maintenance",
        "error-in-200",
        "rate-limit-in-200",
        "viewer-error",
        "reset",
        "timeout",
        "empty",
        "strangers",
        "400:Error occurred: cannot get document summary",
        "json-error:API rate limit exceeded",
    )
]


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_passing_fault_while_fetching_changes_no_record(server, clean_answer, fault):
    server.misbehave("efetch", ["ok", fault, fault])
    kept: list[Reply] = []

    answer = pubmed_at(server, timeout_s=0.2 if fault == "timeout" else 5).fetch(QUESTION, keep=kept.append)

    assert answer == clean_answer
    assert len(server.requests_to("efetch")) == 5
    assert len(kept) == 5


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_passing_fault_while_searching_changes_no_record(server, clean_answer, fault):
    server.misbehave("esearch", [fault])

    answer = pubmed_at(server, timeout_s=0.2 if fault == "timeout" else 5).fetch(QUESTION)

    assert answer == clean_answer
    assert len(server.requests_to("esearch")) == 2


def test_a_batch_that_comes_back_short_is_completed(server, clean_answer):
    server.misbehave("efetch", ["ok", "empty-set"])

    answer = pubmed_at(server).fetch(QUESTION)

    assert answer == clean_answer
    assert asked_for(server) == [PMIDS[:200], PMIDS[200:400], PMIDS[400:], PMIDS[200:400]]


@pytest.mark.parametrize("fault", [500, "reset", "cut", "html", "empty"])
def test_an_interrupted_search_goes_on_without_asking_again_for_what_is_kept(server, clean_answer, fault):
    kept = interrupted_at(server, ["ok", fault])
    server.asked.clear()

    answer = pubmed_at(server).fetch(QUESTION, resume_from=kept)

    assert answer == clean_answer
    assert [asked.utility for asked in server.asked] == ["efetch", "efetch"]
    assert asked_for(server) == [PMIDS[200:400], PMIDS[400:]]


def test_a_search_with_all_replies_kept_asks_for_nothing(server, clean_answer):
    kept: list[Reply] = []
    pubmed_at(server).fetch(QUESTION, keep=kept.append)
    server.asked.clear()

    answer = pubmed_at(server).fetch(QUESTION, resume_from=kept)

    assert answer == clean_answer
    assert server.asked == []


def test_hits_are_those_of_the_first_attempt_even_if_pubmed_has_grown(server, clean_answer):
    kept = interrupted_at(server, ["ok", 500])
    server.terms[TERM] = ["1", *PMIDS]

    answer = pubmed_at(server).fetch(QUESTION, resume_from=kept)

    assert answer == clean_answer


def test_replies_kept_for_another_text_are_passed_over(server, clean_answer):
    kept = interrupted_at(server, ["ok", 500])
    server.terms["other"] = PMIDS[:2]

    answer = pubmed_at(server).fetch(SubQuery("other", "other", "other"), resume_from=kept)

    assert [record.pmid for record in answer.records] == PMIDS[:2]


def test_damaged_kept_replies_are_asked_for_again(server, clean_answer):
    kept = [Reply(reply.request, reply.body[:-40]) for reply in interrupted_at(server, ["ok", 500])]

    answer = pubmed_at(server).fetch(QUESTION, resume_from=[*kept, Reply("no JSON", b"")])

    assert answer == clean_answer


def test_a_record_that_pubmed_does_not_give_stops_the_search_with_its_pmid(server):
    missing = PMIDS[10:17]
    server.left_out.update(missing)
    kept: list[Reply] = []

    with pytest.raises(SourceError) as caught:
        pubmed_at(server).fetch(QUESTION, keep=kept.append)

    assert "announced 450 records but did not give 7 of them" in caught.value.message
    assert f"(PMID {', '.join(missing[:5])}, ...)" in caught.value.message
    assert "443 of 450 records are saved" in caught.value.message
    assert asked_for(server)[3:] == [missing]


def test_a_deleted_record_is_named_too_when_it_is_all_that_is_missing(server):
    server.misbehave("efetch", ["ok", "ok", "ok", "400:ID list is empty! Possibly it has no correct IDs."])
    server.left_out.add(PMIDS[3])

    with pytest.raises(SourceError, match=f"did not give 1 of them .PMID {PMIDS[3]}."):
        pubmed_at(server).fetch(QUESTION)


def test_lasting_trouble_is_told_with_what_is_saved_and_how_to_go_on(server):
    server.misbehave("efetch", ["ok"] + [503] * 5)
    kept: list[Reply] = []

    with pytest.raises(SourceError) as caught:
        pubmed_at(server).fetch(QUESTION, keep=kept.append)

    assert caught.value.message == (
        "PubMed's EFetch did not answer as it should in 5 tries: HTTP 503; 200 of 450 records are saved"
    )
    assert "give the same command again" in caught.value.hint
    assert len(kept) == 3


def test_a_block_by_ncbi_is_told_at_once(server):
    server.misbehave("efetch", ["html"])

    with pytest.raises(SourceError, match="NCBI has blocked this computer"):
        pubmed_at(server).fetch(QUESTION)

    assert len(server.requests_to("efetch")) == 1


def test_an_invalid_key_is_told_at_once_without_the_key(server):
    with pytest.raises(SourceError) as caught:
        pubmed_at(server, api_key="s3cret-key").fetch(QUESTION)

    assert caught.value.message == "NCBI says that the API key is invalid"
    assert "NCBI_API_KEY" in caught.value.hint
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "fault", ["400:no s3cret-key for ann@example.org", "json-error:s3cret-key ann%40example.org"]
)
def test_no_error_text_holds_the_key_or_the_email(server, fault):
    server.valid_keys = frozenset({"s3cret-key"})
    server.misbehave("efetch", [fault] * 5)

    with pytest.raises(SourceError) as caught:
        pubmed_at(server, api_key="s3cret-key").fetch(QUESTION)

    told = (
        f"{caught.value.message} {caught.value.hint} {caught.value.__cause__!r} {caught.value.__context__!r}"
    )
    assert "s3cret" not in told
    assert "ann@" not in told
    assert "ann%40" not in told


def test_a_reply_without_end_is_given_up(server, monkeypatch):
    monkeypatch.setattr(_http, "MOST_BYTES", 50_000)

    with pytest.raises(SourceError, match="in 5 tries: the reply has over 50,000 bytes"):
        pubmed_at(server).fetch(QUESTION)


def test_a_reply_that_drips_for_ever_is_given_up(server, monkeypatch):
    monkeypatch.setattr(_http, "LONGEST_REPLY_S", -1.0)

    with pytest.raises(SourceError, match="in 5 tries: the reply was not complete after"):
        pubmed_at(server).fetch(QUESTION)


def test_a_reply_that_drips_for_ever_is_given_up_while_it_drips(monkeypatch):
    """A drop a moment keeps every timeout of a socket from striking."""
    monkeypatch.setattr(_http, "LONGEST_REPLY_S", 0.3)
    drops: list[float] = []

    def drip(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while len(drops) < 400:
                    connection.sendall(b"x")
                    drops.append(time.monotonic())
                    time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        dripping = threading.Thread(target=drip, args=(listener,), daemon=True)
        dripping.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        with pytest.raises(SourceError, match=r"was not complete after 0\.3 s"):
            PubMed(Entrez(address, email="ann@example.org", tries=1)).count(QUESTION)

        dripping.join(timeout=30)

    assert len(drops) < 200


def test_an_unknown_refusal_is_told_at_once_in_ncbis_words(server):
    server.misbehave("esearch", ["400:Some new refusal"])

    with pytest.raises(SourceError, match=r"ESearch refuses the request \(HTTP 400\): 'Some new refusal'"):
        pubmed_at(server).fetch(QUESTION)

    assert len(server.asked) == 1


def test_an_esearch_reply_that_contradicts_itself_is_not_believed(server, clean_answer):
    doubled = f"<eSearchResult><Count>3</Count><IdList>{'<Id>1</Id>' * 3}</IdList></eSearchResult>"
    server.terms[TERM] = PMIDS
    reply = Reply(json.dumps({"term": TERM, "utility": "esearch"}), doubled.encode())

    answer = pubmed_at(server).fetch(QUESTION, resume_from=[reply])

    assert answer == clean_answer


def test_an_unreachable_server_is_told_at_once_with_the_way_offline():
    with serving() as gone:
        pass
    sleeps: list[float] = []

    with pytest.raises(SourceError, match=r"127\.0\.0\.1:\d+ was not reachable") as caught:
        pubmed_at(gone, sleeps).fetch(QUESTION)

    assert "--source corpus" in caught.value.hint
    assert "saved" in caught.value.hint
    assert sleeps == []


def test_a_proxy_that_is_gone_is_named_without_its_password(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://ann:s3cret@127.0.0.1:9")
    source = PubMed(Entrez(email="ann@example.org"))

    with pytest.raises(SourceError) as caught:
        source.count(QUESTION)

    assert "was not reachable through the proxy 127.0.0.1:9 (" in caught.value.message
    assert "s3cret" not in caught.value.message


def test_a_server_that_speaks_no_tls_is_not_spoken_to_without_it(server):
    address = server.address.replace("http://", "https://")

    with pytest.raises(SourceError, match=r"was not reachable \(.*SSL"):
        PubMed(Entrez(address, email="ann@example.org")).count(QUESTION)

    assert server.asked == []


def test_a_name_that_does_not_resolve_is_told_the_same_way(monkeypatch):
    def finds_no_name(*_asked, **_options):
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", finds_no_name)
    source = PubMed(Entrez(email="ann@example.org"), sleep=lambda _s: None)

    with pytest.raises(SourceError, match=r"eutils\.ncbi\.nlm\.nih\.gov was not reachable .*name resolution"):
        source.fetch(QUESTION)


def test_an_address_that_is_no_web_address_is_refused():
    with pytest.raises(InputError, match="expected http:// or https://"):
        PubMed(Entrez("file:///etc/"))


def test_einfo_is_asked_once_for_all_sub_queries(server):
    source = pubmed_at(server)

    answers = [source.fetch(QUESTION), source.fetch(QUESTION)]

    assert [answer.database_build for answer in answers] == [BUILD, BUILD]
    assert len(server.requests_to("einfo")) == 1


def test_a_failing_einfo_is_a_warning_and_no_failure(server, clean_answer):
    server.misbehave("einfo", [500, 500])

    answer = pubmed_at(server).fetch(QUESTION)

    assert answer.records == clean_answer.records
    assert answer.database_build is None
    assert answer.warnings == ("the build of PubMed is not recorded: PubMed's EInfo did not tell it",)


def test_what_pubmed_could_not_use_is_told_in_plain_words(server):
    server.warnings[TERM] = (
        "<ErrorList><PhraseNotFound>zzzyx[tiab]</PhraseNotFound><FieldNotFound>foo</FieldNotFound></ErrorList>"
        '<WarningList><QuotedPhraseNotFound>"made up"[tiab]</QuotedPhraseNotFound>'
        "<PhraseIgnored>of</PhraseIgnored><OutputMessage>Unmatched double quote ignored.</OutputMessage>"
        "<NewKind>x</NewKind></WarningList>"
    )

    answer = pubmed_at(server).fetch(QUESTION)

    assert answer.warnings == (
        'PubMed does not know "zzzyx[tiab]": it was left out, or found nothing where required',
        'PubMed has no search field "foo": the words were searched without it',
        'PubMed\'s phrase index does not hold "made up"[tiab]: it was left out, found nothing '
        "where required, or was searched as single words",
        'PubMed ignored "of"',
        "PubMed says about this search: Unmatched double quote ignored.",
        "PubMed says about this search (NewKind): x",
    )


def test_two_sources_at_once_each_ask_their_own_server():
    other_records = invented(5, start=40_000_001)
    with serving(RECORDS[:5], terms={TERM: PMIDS[-5:]}) as one, serving(other_records) as other:
        sources = [pubmed_at(one), pubmed_at(other, email="bob@example.org")]
        questions = [QUESTION, SubQuery("m", "myositis", "myositis")]
        answers: dict[int, Answer] = {}
        threads = [
            threading.Thread(
                target=lambda index=index: answers.update({index: sources[index].fetch(questions[index])})
            )
            for index in (0, 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [record.pmid for record in answers[0].records] == PMIDS[-5:]
        assert [record.pmid for record in answers[1].records] == [article.pmid for article in other_records]
        assert {asked.parameters["email"] for asked in one.asked} == {"ann@example.org"}
        assert {asked.parameters["email"] for asked in other.asked} == {"bob@example.org"}


def test_biopython_is_left_as_it_was_found(server):
    names = ("urlopen", "max_tries", "email", "api_key", "tool")
    before = [getattr(BioEntrez, name) for name in names]

    pubmed_at(server, api_key="good-key").fetch(QUESTION)

    assert [getattr(BioEntrez, name) for name in names] == before
    assert "Bio.Entrez.Parser" not in sys.modules  # it would fetch DTDs


def test_a_record_with_odd_characters_arrives_unharmed():
    odd = Article("30000001", "Γ-myositis &lt; 5 % – <b>“quoted”</b> 𝛼", authors=("Ó Súilleabháin, Seán",))
    with serving([odd], terms={TERM: [odd.pmid]}) as server:
        answer = pubmed_at(server).fetch(QUESTION)

    assert answer.records[0].title == "Γ-myositis < 5 % – “quoted” 𝛼"
    assert str(answer.records[0].authors[0]) == "Ó Súilleabháin Seán"
