"""PubMed's links and its citation matcher, through the true client, against a local E-utilities server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from eutils_links import Links, link_xml, with_links, with_matcher
from eutils_server import EutilsServer, invented, serving
from iimscreen.errors import InputError, SourceError
from iimscreen.model import Answer, Kind, Reply, SubQuery
from iimscreen.sources import citations
from iimscreen.sources.citations import Citation, Citations, Direction, Found

ARTICLES = invented(260)
PMIDS = [article.pmid for article in ARTICLES]
SEED, LONELY, STRANGER, DELETED = PMIDS[0], PMIDS[1], "39999999", "38888888"
BY_NAME = {
    "pubmed_pubmed_citedin": {SEED: PMIDS[2:255], PMIDS[3]: [PMIDS[5], DELETED, PMIDS[6]]},
    "pubmed_pubmed_refs": {SEED: PMIDS[10:13]},
    "pubmed_pubmed": {SEED: PMIDS[20:130]},
}


@pytest.fixture
def server() -> Iterator[EutilsServer]:
    with serving(ARTICLES) as running:
        yield running


@pytest.fixture
def links(server: EutilsServer) -> Links:
    return with_links(server, BY_NAME)


def source(server: EutilsServer, direction: str = "cited-by") -> Citations:
    return Citations(
        direction, server.settings(tries=3), sleep=lambda _s: None, clock=count(0.0, 0.5).__next__
    )


def seed(pmid: str, direction: Direction = Direction.CITED_BY, most: int | None = None) -> SubQuery:
    text = citations.text_of(direction, pmid, most=most)
    return SubQuery(f"pmid:{pmid}", text, text)


def pmids(answer: Answer) -> list[str | None]:
    return [record.pmid for record in answer.records]


@pytest.fixture(autouse=True)
def _no_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Distances between requests are proven with PubMed."""
    from iimscreen.sources import _turns

    monkeypatch.setattr(_turns, "WINDOW_S", 0.0)
    monkeypatch.setattr(_turns.Turns, "wait", lambda _self, **_options: None)
    monkeypatch.setattr(_turns.Turns, "take", lambda _self, **_options: None)


# --- links -----------------------------------------------------------------------------------------


def test_all_reports_that_cite_a_seed_come_in_pubmeds_order(server, links):
    answer = source(server).fetch(seed(SEED))

    assert pmids(answer) == PMIDS[2:255]
    assert answer.hits == 253
    assert answer.interpreted_as == f"ELink pubmed_pubmed_citedin from PMID {SEED}: 253 links"


def test_every_answer_says_that_its_coverage_is_incomplete(server, links):
    for direction in Direction:
        answer = source(server, direction).fetch(seed(SEED, direction, 5 if direction == "similar" else None))

        assert answer.warnings[0] == citations.COVERAGE[direction]
    assert all("incomplete" in citations.COVERAGE[d] for d in (Direction.CITED_BY, Direction.REFERENCES))


def test_the_seed_is_not_among_its_own_similar_articles_and_the_cut_is_told(server, links):
    answer = source(server, "similar").fetch(seed(SEED, Direction.SIMILAR, 20))

    assert pmids(answer) == PMIDS[20:40]
    assert (
        f"PubMed ranks 110 articles as similar to PMID {SEED}; the nearest 20 were taken" in answer.warnings
    )


def test_a_seed_is_asked_for_one_kind_of_link_by_its_name(server, links):
    source(server, "references").fetch(seed(SEED, Direction.REFERENCES))

    asked = server.requests_to("elink")[0].parameters
    assert asked["linkname"] == "pubmed_pubmed_refs"
    assert (asked["dbfrom"], asked["db"], asked["id"], asked["cmd"]) == ("pubmed", "pubmed", SEED, "neighbor")


def test_a_seed_without_links_is_asked_twice_before_that_is_believed(server, links):
    answer = source(server).fetch(seed(LONELY))

    assert answer.hits == 0
    assert len(server.requests_to("elink")) == 2
    assert f"PubMed has no such link for PMID {LONELY}, asked twice" in answer.warnings


def test_links_that_one_reply_lacked_are_found_by_the_next(server, links):
    links.instead = [link_xml(SEED, "pubmed_pubmed_citedin", [])]

    answer = source(server).fetch(seed(SEED))

    assert answer.hits == 253


@pytest.mark.parametrize(
    "body",
    [
        link_xml(STRANGER, "pubmed_pubmed_citedin", [(STRANGER, None)]),  # a link to itself
        link_xml("0", "pubmed_pubmed_citedin", []),
        "<eLinkResult></eLinkResult>",
        link_xml(STRANGER, "pubmed_pubmed_citedin", []),
    ],
)
def test_a_pmid_that_pubmed_does_not_have_is_told_from_one_without_links(server, links, body):
    links.instead = [body, body]

    answer = source(server).fetch(seed(STRANGER))

    assert answer.hits == 0
    assert f"PMID {STRANGER} is not in PubMed: correct it, or search its citations by hand" in answer.warnings


def test_a_link_to_a_record_that_pubmed_no_longer_has_is_named_and_fails_nothing(server, links):
    answer = source(server).fetch(seed(PMIDS[3]))

    assert pmids(answer) == [PMIDS[5], PMIDS[6]]
    assert answer.hits == 2
    expected = f"1 link of PMID {PMIDS[3]} leads to what PubMed no longer has: PMID {DELETED}"
    assert expected in answer.warnings


def test_a_record_that_pubmed_lists_and_does_not_give_stops_the_search(server, links):
    server.left_out = {PMIDS[100]}

    with pytest.raises(SourceError, match=rf"1 record that EFetch did not give \(PMID {PMIDS[100]}\)"):
        source(server).fetch(seed(SEED))


FAULTS = ["cut", "cut-chunked", "cut-quietly", 500, 429, "reset", "empty", "maintenance", "error-in-200"]


@pytest.mark.parametrize("utility", ["elink", "efetch"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_changes_nothing_of_the_answer(server, links, utility, fault):
    clean = source(server).fetch(seed(SEED))
    server.misbehave(utility, [fault])

    assert source(server).fetch(seed(SEED)) == clean


OUTAGE = "<eLinkResult><ERROR>Couldn't resolve #exLinkSrv2, the address table is empty.</ERROR></eLinkResult>"


@pytest.mark.parametrize(
    "body",
    [
        OUTAGE,
        "<eLinkResult><LinkSet><ERROR>Exception: no link server</ERROR></LinkSet></eLinkResult>",
        link_xml("30000099", "pubmed_pubmed_citedin", [("30000005", None)]),
        link_xml(SEED, "pubmed_pubmed_citedin", [("PMC12", None)]),
        "<eSearchResult><Count>0</Count></eSearchResult>",
    ],
    ids=["outage", "error in a set", "about another PMID", "a link to no PMID", "another utility's reply"],
)
def test_a_wrong_reply_is_no_answer_and_stops_after_the_last_try(server, links, body):
    links.instead = [body] * 3

    with pytest.raises(SourceError, match="ELink did not answer as it should in 3 tries"):
        source(server).fetch(seed(SEED))


def test_nothing_that_was_received_is_asked_for_again(server, links):
    kept: list[Reply] = []
    server.misbehave("efetch", ["ok", 500, 500, 500])
    with pytest.raises(SourceError, match="200 of 253 records are saved"):
        source(server).fetch(seed(SEED), keep=kept.append)
    before = len(server.asked)

    answer = source(server).fetch(seed(SEED), resume_from=kept, keep=kept.append)

    assert pmids(answer) == PMIDS[2:255]
    assert [asked.utility for asked in server.asked[before:]] == ["efetch"]


@pytest.mark.parametrize("pmid", [SEED, LONELY, STRANGER, PMIDS[3]])
def test_a_replay_gives_the_same_answer_without_asking(server, links, pmid):
    kept: list[Reply] = []
    answer = source(server).fetch(seed(pmid), keep=kept.append)
    before = len(server.asked)

    replayed = source(server).replay(seed(pmid), kept)

    assert replayed == answer
    assert len(server.asked) == before


def test_a_replay_says_which_reply_is_lost(server, links):
    kept: list[Reply] = []
    source(server).fetch(seed(SEED), keep=kept.append)

    for lost in range(len(kept)):
        with pytest.raises(SourceError, match=r"is kept \((elink|esearch)\)"):
            source(server).replay(seed(SEED), kept[:lost] + kept[lost + 1 :])


def test_the_number_of_links_can_be_asked_for_alone(server, links):
    counted = source(server, "similar").count(seed(SEED, Direction.SIMILAR, 20))

    assert counted == 20
    assert server.requests_to("efetch") == []


@pytest.mark.parametrize(
    "text", ["cited-by", "cited-by 0", "myositis", "similar 30000001", "cited-by 1 OR 2"]
)
def test_a_text_that_names_no_seed_is_refused(server, links, text):
    with pytest.raises(InputError, match="names no seed"):
        source(server).fetch(SubQuery("S1", text, text))


def test_its_records_stand_in_the_box_of_citation_searching(server):
    for direction in Direction:
        made = source(server, direction)

        assert made.kind is Kind.CITATION
        assert made.source == direction.value
        assert made.database.startswith("Citation searching (PubMed ")


# --- the citation matcher --------------------------------------------------------------------------

NATURE = Citation("nature", "2020", "5", "10", "adler n")
KNOWN = {
    "nature|2020|5|10|adler n": "30000001",
    "j muscle|2021|7|3|": "NOT_FOUND;INVALID_JOURNAL",
    "nature|2020|5||": "AMBIGUOUS (783 citations)",
    "nature|2021|6|1|": "AMBIGUOUS 30444217,30429772",
}


def matched(server: EutilsServer, *given: Citation) -> list[citations.Match]:
    return citations.matched(
        given, server.settings(tries=2), sleep=lambda _s: None, clock=count(0.0, 0.5).__next__
    )


def test_each_answer_of_the_matcher_is_told_apart(server):
    with_matcher(server, KNOWN)
    given = [
        NATURE,
        Citation("nature", "2020", "5", "11"),
        Citation("j muscle", "2021", "7", "3"),
        Citation("nature", "2020", "5"),
        Citation("nature", "2021", "6", "1"),
    ]

    found = matched(server, *given)

    assert [one.found for one in found] == [
        Found.MATCHED,
        Found.NOT_FOUND,
        Found.UNKNOWN_JOURNAL,
        Found.AMBIGUOUS,
        Found.AMBIGUOUS,
    ]
    assert found[0].pmid == "30000001"
    assert [one.pmid for one in found[1:]] == [None] * 4
    assert [one.candidates for one in found[3:]] == [(), ("30444217", "30429772")]
    assert [one.citation for one in found] == given


def test_a_citation_without_journal_or_with_too_little_is_not_sent(server):
    with_matcher(server, KNOWN)

    found = matched(server, Citation("", "2020", "5", "10"), Citation("nature", "2020"))

    assert [one.found for one in found] == [Found.TOO_LITTLE] * 2
    assert server.asked == []


def test_many_citations_are_sent_in_several_short_requests_and_answered_in_order(server):
    with_matcher(server, {f"nature|2020|{n}|1|": str(1000 + n) for n in range(60)})

    found = matched(server, *(Citation("nature", "2020", str(n), "1") for n in range(60)))

    assert [one.pmid for one in found] == [str(1000 + n) for n in range(60)]
    assert 1 < len(server.asked) < 20
    assert {asked.method for asked in server.asked} == {"GET"}


def test_a_citation_that_silences_the_matcher_costs_the_others_nothing(server):
    with_matcher(server, KNOWN, silent=["mute|1|2|3|"])

    found = matched(server, Citation("mute", "1", "2", "3"), NATURE)

    assert [one.found for one in found] == [Found.NOT_ANSWERED, Found.MATCHED]


def test_a_reply_that_ends_early_is_not_believed(server):
    with_matcher(server, KNOWN)
    server.misbehave("ecitmatch.cgi", ["cut-quietly"])

    found = matched(server, NATURE)

    assert found[0].pmid == "30000001"


def test_a_pipe_in_a_citation_moves_no_field(server):
    with_matcher(server, KNOWN)

    found = matched(server, Citation("nature|", "2020", "5", "10", "adler|n"))

    assert found[0].pmid == "30000001"


def test_a_matcher_out_of_order_is_an_error_and_no_miss(server):
    with_matcher(server, KNOWN)
    server.misbehave("ecitmatch.cgi", [500, 500])

    with pytest.raises(SourceError, match="ECitMatch did not answer"):
        matched(server, NATURE)
