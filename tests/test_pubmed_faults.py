"""Every fault of PubMed that is known: the records of a clean run, or a clear stop.

Each case names what is wrong, and with which utility. `pytest -v` prints them as a matrix.
"""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from eutils_server import EutilsServer, invented, serving
from iimscreen.model import Answer, Reply, SubQuery
from iimscreen.sources import pubmed

TERM = "myositis[tiab]"
QUESTION = SubQuery("myositis", TERM, TERM)
RECORDS = invented(60)
PMIDS = [article.pmid for article in reversed(RECORDS)]
BATCH = 20
RESUME = "give the same command again"
_BACKEND = "Search Backend failed: Exception:"
_TOO_FAR = (
    f"{_BACKEND}\n'retstart' cannot be larger than 9998. For PubMed, ESearch can only retrieve the first "
    "9,999 records matching the query."
)

# What the server does once in each place where it is said to happen, and what it is in words.
PASSING: dict[str, tuple[str, tuple[str, ...], int | str]] = {
    "WebEnv unknown, HTTP 400": ("5", ("efetch",), "expired"),
    "WebEnv unknown, in a 200": ("5", ("esearch", "efetch"), "xml:Unable to obtain query #1"),
    "history out of range, HTTP 400": ("4", ("efetch",), "400:Cannot retrieve history data: OUT OF RANGE."),
    "viewer error, HTTP 400": ("8", ("efetch",), "viewer-error"),
    "no document summary, HTTP 400": (
        "8",
        ("esearch", "efetch"),
        "400:Error occurred: cannot get document summary",
    ),
    "rate limit, HTTP 429 and Retry-After": ("9", ("esearch", "efetch"), 429),
    "rate limit, HTTP 429, a date to wait for": (
        "9",
        ("esearch", "efetch"),
        "429:Wed, 21 Oct 2015 07:28:00 GMT",
    ),
    "rate limit, JSON in a 200": ("9", ("esearch", "efetch"), "rate-limit-in-200"),
    "proxy error in a 200": ("11", ("esearch", "efetch"), f"xml:{_BACKEND} 502 Proxy Error"),
    "null error in a 200": ("11", ("esearch",), f"xml:{_BACKEND} HTTP Request processing error: null"),
    "no connection to its own server": (
        "11",
        ("esearch",),
        f"xml:{_BACKEND} Unable to open connection to #PMQuerySrv",
    ),
    "empty result in a 200": ("11", ("efetch",), "xml:Empty result - nothing to do"),
    "error in JSON with a raw line break": ("2", ("esearch",), f"json-raw:{_BACKEND}\nnull"),
    "a page of maintenance, HTML in a 200": ("-", ("esearch", "efetch"), "maintenance"),
    "HTTP 500": ("-", ("esearch", "efetch"), 500),
    "HTTP 502": ("-", ("esearch", "efetch"), 502),
    "HTTP 503": ("-", ("esearch", "efetch"), 503),
    "HTTP 408": ("-", ("esearch", "efetch"), 408),
    "body cut, shorter than stated": ("-", ("esearch", "efetch"), "cut"),
    "body cut in a chunk": ("-", ("esearch", "efetch"), "cut-chunked"),
    "body cut, with nothing to tell it by": ("-", ("esearch", "efetch"), "cut-quietly"),
    "body empty": ("-", ("esearch", "efetch"), "empty"),
    "XML mangled in the middle": ("-", ("esearch", "efetch"), "mangled"),
    "XML that declares an entity": ("-", ("esearch", "efetch"), "entity"),
    "connection reset": ("-", ("esearch", "efetch"), "reset"),
    "no answer in time": ("-", ("esearch", "efetch"), "timeout"),
    "another request's answer (a stale proxy)": ("-", ("esearch", "efetch"), "another's"),
    "a set of records in place of a list": ("-", ("esearch",), "a-set"),
    "fewer ids than counted": ("-", ("esearch",), "fewer-ids"),
    "records that nobody asked for": ("-", ("efetch",), "strangers"),
    "a record left out once": ("7", ("efetch",), "drop-one"),
    "all records left out once": ("7", ("efetch",), "empty-set"),
    "no record known, once": ("7", ("efetch",), "400:ID list is empty! Possibly it has no correct IDs."),
    "a record given twice": ("7", ("efetch",), "twice"),
}
CASES = [
    pytest.param(utility, fault, id=f"{name} - fact {fact} - {utility}")
    for name, (fact, utilities, fault) in PASSING.items()
    for utility in utilities
]


@pytest.fixture(autouse=True)
def _small_batches(no_pauses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubmed, "BATCH", BATCH)


@pytest.fixture
def server() -> Iterator[EutilsServer]:
    with serving(RECORDS, terms={TERM: PMIDS}) as running:
        yield running


def fetched(server: EutilsServer, **changes: object) -> Answer:
    return pubmed.PubMed(server.settings(**changes)).fetch(QUESTION)


@pytest.fixture(scope="module")
def clean() -> Answer:
    with serving(RECORDS, terms={TERM: PMIDS}) as running:
        return fetched(running)


def test_the_clean_run_has_all_records_in_order_with_the_book_in_its_place(clean):
    assert [record.pmid for record in clean.records] == PMIDS
    assert PMIDS.index(RECORDS[7].pmid) == 52  # fact 29: a book chapter among articles
    assert "PubMedBook" not in clean.records[52].title


@pytest.mark.parametrize(("utility", "fault"), CASES)
def test_a_passing_fault_changes_nothing(server, clean, utility, fault):
    server.misbehave(utility, [fault] if utility == "esearch" else ["ok", fault])

    answer = fetched(server, timeout_s=0.15 if fault == "timeout" else 5)

    assert answer == clean
    assert len(server.requests_to(utility)) >= (1 if fault == "twice" else 2)


@pytest.mark.parametrize(("utility", "fault"), CASES)
def test_a_fault_leaves_replies_that_give_the_same_answer_again(server, clean, utility, fault):
    if fault == "timeout":
        pytest.skip("what is kept is the same as after a reset")
    server.misbehave(utility, [fault] if utility == "esearch" else ["ok", fault])
    kept: list[Reply] = []
    source = pubmed.PubMed(server.settings())
    source.fetch(QUESTION, keep=kept.append)

    assert source.replay(QUESTION, kept) == clean


# What the server does all the time, and the words that the user gets. Exit code 5 each time.
LASTING: dict[str, tuple[str, str, int | str, str, str]] = {
    "blocked, a page in a 200": (
        "12",
        "esearch",
        "html",
        "NCBI has blocked this computer",
        "eutilities@ncbi",
    ),
    "blocked, while fetching": ("12", "efetch", "html", "NCBI has blocked this computer", RESUME),
    "blocked, a redirect": ("12", "esearch", "redirect", "NCBI has blocked this computer", "eutilities@ncbi"),
    "a redirect to a network's log-in page": (
        "-",
        "efetch",
        "portal",
        "sends us on to log-in.example.org",
        "log in",
    ),
    "no term": (
        "11",
        "esearch",
        "xml:Empty term and query_key - nothing todo",
        "refuses the request",
        "as it was sent",
    ),
    "wrong database": (
        "11",
        "esearch",
        "xml:Invalid db name specified: x",
        "refuses the request",
        "as it was",
    ),
    "beyond the first 9,999": ("2", "esearch", f"xml:{_TOO_FAR}", "cannot be larger than 9998", "as it was"),
    "beyond the first 9,999, invalid JSON": (
        "2",
        "esearch",
        f"json-raw:{_TOO_FAR}",
        "cannot be larger than 9998",
        "as it was",
    ),
    "beyond the first 9,999, HTTP 400": (
        "3",
        "efetch",
        f"400:Search backend cannot retrieve history data. Reason: Exception: {_TOO_FAR}",
        "cannot be larger than 9998",
        "as it was",
    ),
    "a refusal never seen": ("-", "esearch", "400:Some new refusal", "'Some new refusal'", "as it was sent"),
    "HTTP 500 for good": ("-", "efetch", 500, "in 5 tries: HTTP 500; 20 of 60 records are saved", RESUME),
    "HTTP 429 for good": ("9", "efetch", 429, "in 5 tries: too many requests (HTTP 429)", RESUME),
    "HTTP 429, an hour to wait": ("9", "esearch", "429:3600", "asks to wait 3,600 seconds", RESUME),
    "connection reset for good": ("-", "esearch", "reset", "in 5 tries: the connection broke off", RESUME),
    "body cut for good": ("-", "efetch", "cut-quietly", "in 5 tries: the reply is cut short", RESUME),
    "records left out for good": (
        "7",
        "efetch",
        "empty-set",
        f"did not give 40 of them (PMID {PMIDS[20]}, ",
        "--again",
    ),
    "a record deleted meanwhile": (
        "7",
        "efetch",
        "deleted",
        "it says that it has deleted PMID ",
        "--again",
    ),
    "another request's answer for good": (
        "-",
        "efetch",
        "another's",
        "expected a <PubmedArticleSet>",
        RESUME,
    ),
    "fewer ids than counted, for good": (
        "-",
        "esearch",
        "fewer-ids",
        "counts 60 records but lists 59",
        RESUME,
    ),
}


@pytest.mark.parametrize(
    ("utility", "fault", "message", "hint"),
    [
        pytest.param(utility, fault, message, hint, id=f"{name} - fact {fact} - {utility}")
        for name, (fact, utility, fault, message, hint) in LASTING.items()
    ],
)
def test_a_lasting_fault_is_a_clear_stop_with_5_and_the_search_goes_on_later(
    run, review_file, server, clean, monkeypatch, utility, fault, message, hint
):
    strategy(server, monkeypatch)
    server.misbehave(utility, ["ok"] * (utility == "efetch") + [fault] * 30)

    stopped = run("search", "--strategy", "one.toml")
    server.recover()
    resumed = run("search", "--strategy", "one.toml")

    assert stopped.exit_code == 5
    assert message in stopped.stderr
    assert hint in stopped.stderr
    assert "Traceback" not in stopped.output
    assert "ann@example.org" not in stopped.output
    assert resumed.exit_code == 0, resumed.output
    assert [asked.parameters["id"] for asked in server.requests_to("efetch")].count(",".join(PMIDS[:20])) == 1
    with contextlib.closing(sqlite3.connect(review_file)) as connection:
        keys = connection.execute("select key from records").fetchall()
    assert sorted(key for (key,) in keys) == sorted(f"pubmed:{pmid}" for pmid in PMIDS)


def strategy(server: EutilsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", server.address)
    monkeypatch.setenv("IIMSCREEN_EMAIL", "ann@example.org")
    text = f"[strategy]\ntitle = 'One'\n[[sub_query]]\nlabel = 'S1'\ntext = '{TERM}'\n"
    Path("one.toml").write_text(text, encoding="utf-8")


def test_a_bad_key_stops_with_5_and_is_not_told(run, review_file, server, monkeypatch):
    strategy(server, monkeypatch)

    stopped = run("search", "--strategy", "one.toml", "--api-key", "s3cret-key")

    assert stopped.exit_code == 5
    assert "NCBI says that the API key is invalid" in stopped.stderr
    assert "s3cret" not in stopped.output


def test_a_blank_key_is_not_sent(run, review_file, server, monkeypatch):
    strategy(server, monkeypatch)
    monkeypatch.setenv("NCBI_API_KEY", "")

    assert run("search", "--strategy", "one.toml").exit_code == 0
    assert all("api_key" not in asked.parameters for asked in server.asked)


def test_a_network_that_is_gone_stops_with_5_and_names_the_way_offline(run, review_file, server, monkeypatch):
    strategy(server, monkeypatch)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", f"http://127.0.0.1:{unused.getsockname()[1]}/eutils/")

        stopped = run("search", "--strategy", "one.toml")

    assert stopped.exit_code == 5
    assert "was not reachable" in stopped.stderr
    assert "--source corpus" in stopped.stderr


@pytest.mark.parametrize("fault", [500, "html", "maintenance", "cut-quietly", "another's"])
def test_a_build_that_is_not_told_is_a_warning(server, clean, fault):
    server.misbehave("einfo", [fault] * 2)

    answer = fetched(server)

    assert answer.records == clean.records
    assert answer.database_build is None
    assert answer.warnings == ("the build of PubMed is not recorded: PubMed's EInfo did not tell it",)


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        ("<ErrorList><PhraseNotFound>zz</PhraseNotFound></ErrorList>", 'does not know "zz"'),
        ("<ErrorList><FieldNotFound>foo</FieldNotFound></ErrorList>", 'no search field "foo"'),
        (
            '<WarningList><QuotedPhraseNotFound>"a b"[tiab]</QuotedPhraseNotFound></WarningList>',
            '"a b"[tiab]: it was left out',
        ),
        ("<WarningList><PhraseIgnored>or</PhraseIgnored></WarningList>", 'PubMed ignored "or"'),
        (
            "<WarningList><OutputMessage>Unmatched double quote ignored.</OutputMessage></WarningList>",
            "Unmatched double",
        ),
        ("<WarningList><Unheard>of</Unheard></WarningList>", "(Unheard): of"),
    ],
    ids=["fact 19", "fact 15", "facts 17 and 18", "fact 23", "fact 20", "a kind never seen"],
)
def test_what_pubmed_says_about_the_words_reaches_the_review(server, clean, xml, told):
    server.warnings[TERM] = xml

    answer = fetched(server)

    assert answer.records == clean.records
    (warning,) = answer.warnings
    assert told in warning
