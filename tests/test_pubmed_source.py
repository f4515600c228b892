from __future__ import annotations

import json
import socket
import sys
import threading
from itertools import pairwise

import pytest
from Bio import Entrez as BioEntrez

from eutils_server import BUILD, Article, EutilsServer, invented, serving
from iimscreen.errors import InputError, SourceError
from iimscreen.formats import pubmed_xml
from iimscreen.model import Answer, Reply, SubQuery
from iimscreen.settings import Entrez
from iimscreen.sources.pubmed import SPACING_S, SPACING_WITH_KEY_S, PubMed

TERM = "myositis[tiab] AND 2010:2023[crdt]"
QUESTION = SubQuery("myositis", "myositis[tiab]", TERM)
RECORDS = invented(450)
PMIDS = [article.pmid for article in reversed(RECORDS)]  # PubMed's order is not that of the numbers


@pytest.fixture
def server():
    with serving(RECORDS, terms={TERM: PMIDS}) as running:
        yield running


def pubmed_at(server: EutilsServer, sleeps: list[float] | None = None, **changes) -> PubMed:
    waits = sleeps if sleeps is not None else []
    return PubMed(server.settings(**changes), sleep=waits.append, clock=lambda: 0.0)


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


@pytest.mark.parametrize(
    "fault", ["expired", "expired-200", "400:Cannot retrieve history data: OUT OF RANGE."]
)
def test_an_expired_history_is_replaced_through_epost(server, clean_answer, fault):
    server.misbehave("efetch", ["ok", fault, "ok", fault])

    answer = pubmed_at(server).fetch(QUESTION)

    assert answer == clean_answer
    posted = [asked.parameters["id"].split(",") for asked in server.requests_to("epost")]
    assert posted == [PMIDS[200:], [pmid for pmid in posted[0] if pmid in posted[1]]]
    assert len(server.requests_to("esearch")) == 1


def test_a_batch_that_comes_back_short_is_completed(server, clean_answer):
    server.misbehave("efetch", ["ok", "empty-set"])

    answer = pubmed_at(server).fetch(QUESTION)

    assert answer == clean_answer
    assert server.requests_to("epost")[0].parameters["id"].split(",") == PMIDS[200:400]


@pytest.mark.parametrize("fault", [500, "reset", "cut", "html", "empty"])
def test_an_interrupted_search_goes_on_without_asking_again_for_what_is_kept(server, clean_answer, fault):
    kept = interrupted_at(server, ["ok", fault])
    server.forget_history()
    server.asked.clear()

    answer = pubmed_at(server).fetch(QUESTION, resume_from=kept)

    assert answer == clean_answer
    assert [asked.utility for asked in server.asked] == ["epost", "efetch", "efetch"]
    assert server.requests_to("epost")[0].parameters["id"].split(",") == PMIDS[200:]


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
    assert [asked.parameters["id"].split(",") for asked in server.requests_to("epost")] == [missing]


def test_a_deleted_record_is_named_too_when_it_is_all_that_is_missing(server):
    server.misbehave("efetch", ["ok", "ok", "ok", "400:ID list is empty! Possibly it has no correct IDs."])
    server.left_out.add(PMIDS[3])

    with pytest.raises(SourceError, match=f"did not give 1 of them .PMID {PMIDS[3]}."):
        pubmed_at(server).fetch(QUESTION)


def test_a_history_that_is_always_lost_ends_in_an_error(server):
    server.misbehave("efetch", ["expired"] * 20)

    with pytest.raises(SourceError, match="0 of 450 records are saved"):
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


def test_an_unknown_refusal_is_told_at_once_in_ncbis_words(server):
    server.misbehave("esearch", ["400:Some new refusal"])

    with pytest.raises(SourceError, match=r"ESearch refuses the request \(HTTP 400\): 'Some new refusal'"):
        pubmed_at(server).fetch(QUESTION)

    assert len(server.asked) == 1


def test_more_hits_than_pubmed_hands_out_download_nothing(server):
    server.terms[TERM] = [str(number) for number in range(1, 10_001)]
    kept: list[Reply] = []

    with pytest.raises(SourceError) as caught:
        pubmed_at(server).fetch(QUESTION, keep=kept.append)

    assert "finds 10,000 records" in caught.value.message
    assert "nothing was downloaded" in caught.value.message
    assert "narrow the strategy" in caught.value.hint
    assert kept == []


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
    assert answer.warnings == (
        "the build of PubMed is not recorded: PubMed's EInfo did not answer as it should "
        "in 2 tries: HTTP 500",
    )


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


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("api_key", "spacing"), [(None, SPACING_S), ("good-key", SPACING_WITH_KEY_S)])
def test_requests_keep_the_distance_that_ncbi_asks_for(server, api_key, spacing):
    time = FakeTime()
    sent: list[float] = []
    source = PubMed(server.settings(api_key=api_key), sleep=time.sleep, clock=lambda: time.now)
    send = source._send
    source._send = lambda *asked: sent.append(time.now) or send(*asked)

    source.fetch(QUESTION)

    assert len(sent) == 5
    assert all(later - earlier >= spacing - 1e-9 for earlier, later in pairwise(sent))
    assert sum(time.sleeps) == pytest.approx(4 * spacing)


@pytest.mark.parametrize(("retry_after", "waited"), [("7", 7.0), ("0", 0.0)])
def test_retry_after_is_honoured(server, retry_after, waited):
    time = FakeTime()
    server.misbehave("esearch", [f"429:{retry_after}"])
    source = PubMed(server.settings(), sleep=time.sleep, clock=lambda: time.now)

    source.fetch(QUESTION)

    assert time.sleeps[0] == waited


def test_a_date_in_retry_after_counts_from_the_servers_own_clock(server, monkeypatch):
    monkeypatch.setattr("eutils_server._Handler.date_time_string", lambda *_: "Wed, 21 Oct 2015 07:28:00 GMT")
    time = FakeTime()
    server.misbehave("esearch", ["429:Wed, 21 Oct 2015 07:28:09 GMT"])

    PubMed(server.settings(), sleep=time.sleep, clock=lambda: time.now).fetch(QUESTION)

    assert time.sleeps[0] == 9.0


def test_a_very_long_retry_after_is_told_instead_of_waited_for(server):
    server.misbehave("esearch", ["429:3600"])

    with pytest.raises(SourceError, match="asks to wait 3,600 seconds"):
        pubmed_at(server).fetch(QUESTION)


def test_pauses_grow_and_never_pass_half_a_minute(server):
    time = FakeTime()
    server.misbehave("esearch", [500] * 9)
    source = PubMed(server.settings(tries=10), sleep=time.sleep, clock=lambda: time.now)

    source.fetch(QUESTION)

    pauses = [seconds for seconds in time.sleeps if seconds > SPACING_S]
    assert len(pauses) >= 8
    assert max(pauses) <= 30
    assert pauses[4] > pauses[0]


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
