"""`iimscreen search`, through the real command line, against a local E-utilities server."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import BATCH
from eutils_server import EutilsServer, invented, serving, set_of
from iimscreen import queries, review_protocol, search
from iimscreen.errors import SourceError
from iimscreen.formats import jsonl
from iimscreen.model import Answer, Kind, Record, Reply, SubQuery
from iimscreen.sources import pubmed
from iimscreen.store import Review, open_review

KEY = "good-key"
EMAIL = "ann.adler@example.org"
ARTICLES = invented(260)
PMIDS = [article.pmid for article in ARTICLES]
TEXTS = {"myositis AND tofarinib": PMIDS[:210], "myositis AND rituxalin": PMIDS[190:230], "JAK": PMIDS[220:]}
STRATEGY = "[strategy]\ntitle = 'Three sub-queries'\n" + "".join(
    f"[[sub_query]]\nlabel = 'S{number}'\ntext = '{text}'\n" for number, text in enumerate(TEXTS, start=1)
)
# A search as another process runs it; Python ignores Ctrl-C where its parent did, hence the handler.
PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    f"from iimscreen.sources import pubmed; pubmed.BATCH = {BATCH}; "
    "from iimscreen.__main__ import main; main()"
)


pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    path = tmp_path / "three.toml"
    path.write_text(STRATEGY, encoding="utf-8")
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EutilsServer]:
    with serving(ARTICLES, terms=TEXTS) as running:
        use(running, monkeypatch)
        yield running


def use(server: EutilsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", server.address)
    monkeypatch.setenv("NCBI_API_KEY", KEY)
    monkeypatch.setenv("IIMSCREEN_EMAIL", EMAIL)


def table(name: str, path: Path = Path("review.db")) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"select * from {name}").fetchall()


def stored(path: Path = Path("review.db")) -> list[tuple[object, ...]]:
    """All that the review says of its records, in an order of its own, without local ids."""
    return sorted((row[1:] for row in table("records", path)), key=str)


@pytest.fixture(scope="module")
def clean_records(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    """The records of PubMed's complete answers, as a review stores them."""
    path = tmp_path_factory.mktemp("clean") / "review.db"
    review_protocol.create(path)
    read = queries.parse_strategy(STRATEGY, name="three", where="three.toml")
    with serving(ARTICLES, terms=TEXTS) as running, open_review(path) as review:
        search.run(review, read, pubmed.PubMed(running.settings()))
    return stored(path)


@contextlib.contextmanager
def another_process(*words: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


# --- what is asked, and what is told ---------------------------------------------------------------


def test_a_search_in_an_empty_folder_makes_a_review_and_says_so(run, server, strategy):
    result = run("search", "--strategy", strategy)

    assert result.exit_code == 0, result.output
    assert "Made review.db with the bundled protocol" in result.stdout
    assert Path("review.db").is_file()
    assert len(table("records")) == 260


def test_the_table_shows_hits_new_and_known_records_of_each_sub_query(run, server, strategy):
    result = run("search", "--strategy", strategy)

    rows = [line.split() for line in result.stdout.splitlines() if line.split()]
    assert ["S1", "myositis", "AND", "tofarinib", "210", "210", "0"] in rows
    assert ["S2", "myositis", "AND", "rituxalin", "40", "20", "20"] in rows
    assert ["S3", "JAK", "40", "30", "10"] in rows
    assert ["total", "290", "260", "30"] in rows
    assert ["unique", "260"] in rows
    assert "PubMed, strategy three" in result.stdout


def test_the_published_search_sends_its_16_sub_queries_as_of_its_day(run, server):
    result = run("search")

    diseases = ("dermatomyositis", "antisynthetase syndrome", "inclusion bodies myositis", "polymyositis")
    diseases += ("ASS", "DM", "IBM", "PM")
    assert result.exit_code == 0, result.output
    assert [asked.parameters["term"] for asked in server.requests_to("esearch")] == [
        f"({disease} AND {drug}) AND 1800/01/01:2023/08/23[crdt]"
        for drug in ("janus kinase inhibitors", "apremilast")
        for disease in diseases
    ]


def test_another_day_is_sent_in_place_of_the_strategys(run, server):
    run("search", "--as-of", "2026-06-30")

    sent = [asked.parameters["term"] for asked in server.requests_to("esearch")]
    assert len(sent) == 16
    assert all(term.endswith("AND 1800/01/01:2026/06/30[crdt]") for term in sent)


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", "23.8.2023"])
def test_a_day_that_is_no_date_is_refused_before_anything_is_done(run, server, day):
    result = run("search", "--as-of", day)

    assert result.exit_code == 3
    assert f"--as-of {day!r} is no date" in result.stderr
    assert server.asked == []
    assert not Path("review.db").exists()


def test_email_and_key_reach_ncbi_and_no_byte_of_the_review_or_its_copies(run, server, strategy, monkeypatch):
    run("search", "--strategy", strategy)
    monkeypatch.setattr("iimscreen.store.connection.SITTING", dt.timedelta(0))
    run("search", "--strategy", strategy, "--again", "--email", EMAIL, "--api-key", KEY)

    files = [path for path in Path().rglob("*") if path.is_file() and path != strategy]
    assert {asked.parameters["email"] for asked in server.asked} == {EMAIL}
    assert {asked.parameters["api_key"] for asked in server.asked} == {KEY}
    assert any(path.parent.name == "review.db-copies" for path in files)
    for path in files:
        assert EMAIL.encode() not in path.read_bytes(), path
        assert KEY.encode() not in path.read_bytes(), path
    assert not any(EMAIL in str(row) or KEY in str(row) for row in table("replies"))


def test_repeating_a_finished_search_asks_for_nothing_and_changes_nothing(run, server, strategy):
    run("search", "--strategy", strategy)
    server.asked.clear()
    before = Path("review.db").read_bytes()

    result = run("search", "--strategy", strategy)

    assert result.exit_code == 0
    assert "nothing was asked" in result.stdout
    assert server.asked == []
    assert Path("review.db").read_bytes() == before


def test_again_makes_a_new_dated_run_that_finds_the_same_records(run, server, strategy):
    run("search", "--strategy", strategy)
    server.asked.clear()
    before = stored()

    result = run("search", "--strategy", strategy, "--again")

    assert result.exit_code == 0
    assert len(server.requests_to("esearch")) == 3
    assert stored() == before
    assert len(table("searches")) == 2
    assert len(table("run_results")) == 6


def test_a_dry_run_prints_what_would_be_sent_without_review_or_network(run, monkeypatch):
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "http://127.0.0.1:9/")

    result = run("search", "--dry-run")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert len(lines) == 16
    assert lines[0].endswith(
        "\t(dermatomyositis AND janus kinase inhibitors) AND 1800/01/01:2023/08/23[crdt]"
    )
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("text", ['"muscle weakness"[tiab:~2]', "(myositis", "myositis AND"])
def test_a_text_that_only_pubmed_can_read_is_sent_as_it_is_with_a_warning(run, server, tmp_path, text):
    path = tmp_path / "odd.toml"
    path.write_text(
        f"[strategy]\ntitle = 'Odd'\n[[sub_query]]\nlabel = 'O1'\ntext = '{text}'\n", encoding="utf-8"
    )
    server.terms[text] = PMIDS[:2]

    result = run("search", "--strategy", path)

    assert result.exit_code == 0, result.output
    assert "Warning: sub-query O1 cannot be evaluated offline" in result.stderr
    assert "sent to PubMed as it is" in result.stderr
    assert server.requests_to("esearch")[0].parameters["term"] == text
    assert len(table("records")) == 2


def test_a_tag_on_a_group_and_an_unknown_tag_are_sent_as_they_are(run, server, tmp_path):
    text = "(myositis OR PM)[nowhere]"
    server.terms[text] = PMIDS[:2]

    result = run("search", "--strategy", myositis(tmp_path, text))

    assert result.exit_code == 0, result.output
    assert server.requests_to("esearch")[0].parameters["term"] == text
    assert len(table("records")) == 2


# --- trouble ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("utility", ["esearch", "efetch"])
@pytest.mark.parametrize(
    "fault",
    [429, 500, "cut", "maintenance", "error-in-200"],
)
def test_whatever_pubmed_does_wrong_the_records_are_those_of_a_clean_run(
    run, review_file, server, strategy, clean_records, utility, fault
):
    server.misbehave(utility, [fault, fault, "ok", fault])

    result = run("search", "--strategy", strategy)

    assert result.exit_code == 0, result.output
    assert stored() == clean_records
    assert run("check").exit_code == 0


def test_a_search_that_fails_for_good_keeps_what_came_and_is_resumed_by_the_same_command(
    run, server, strategy, clean_records
):
    server.misbehave("esearch", ["ok", 500, 500, 500, 500, 500])

    failed = run("search", "--strategy", strategy)
    kept = len(table("records"))
    server.asked.clear()
    resumed = run("search", "--strategy", strategy)

    assert failed.exit_code == 5
    assert "Error: sub-query S2: PubMed's ESearch did not answer as it should in 5 tries" in failed.stderr
    assert "(1 of 3 sub-queries are complete and saved)" in failed.stderr
    assert "give the same command again" in failed.stderr
    assert "Traceback" not in failed.output
    assert kept == 210
    assert resumed.exit_code == 0
    assert "An interrupted search was completed." in resumed.stdout
    assert [asked.parameters["term"] for asked in server.requests_to("esearch")] == list(TEXTS)[1:]
    assert stored() == clean_records


def test_a_batch_once_received_is_not_asked_for_again(run, server, strategy, clean_records):
    server.misbehave("efetch", ["ok", *["cut"] * 5])

    failed = run("search", "--strategy", strategy)
    server.asked.clear()
    resumed = run("search", "--strategy", strategy)

    assert failed.exit_code == 5
    assert "200 of 210 records are saved" in failed.stderr
    assert resumed.exit_code == 0
    assert server.requests_to("efetch")[0].parameters["id"].split(",") == PMIDS[200:210]
    assert stored() == clean_records


def test_a_review_is_not_complete_while_a_search_is_not(run, server, strategy):
    server.misbehave("esearch", ["ok", *[500] * 5])

    run("search", "--strategy", strategy)

    status = run("status")
    assert "Next: iimscreen search" in status.stdout


def test_a_search_that_cannot_be_parted_is_refused_before_a_record_is_downloaded(run, server, tmp_path):
    server.terms["too wide"] = [str(number) for number in range(1, 10_002)]

    result = run("search", "--strategy", myositis(tmp_path, "too wide"))

    assert result.exit_code == 5
    assert "the search finds 10,001 records that no limit parts (NOT 1800/01/01:" in result.stderr
    assert "PubMed lists at most 9,999 for one search, so no record was downloaded" in result.stderr
    assert server.requests_to("efetch") == []
    assert table("records") == []


def test_an_invalid_key_ends_with_5_and_is_not_printed(run, server, strategy):
    result = run("search", "--strategy", strategy, "--api-key", "bad-key-1234")

    assert result.exit_code == 5
    assert "the API key is invalid" in result.stderr
    assert "correct NCBI_API_KEY, or unset it" in result.stderr
    assert "bad-key-1234" not in result.output


def test_without_a_network_the_way_offline_is_named_at_once(run, strategy, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", f"http://127.0.0.1:{unused.getsockname()[1]}/eutils/")
        began = time.monotonic()

        result = run("search", "--strategy", strategy)

    assert time.monotonic() - began < 2
    assert result.exit_code == 5
    assert "was not reachable" in result.stderr
    assert "0 of 3 sub-queries are complete and saved" in result.stderr
    assert "`--source corpus` searches offline" in result.stderr
    assert "Traceback" not in result.output


def test_an_address_that_is_none_is_refused_before_a_review_is_made(run, monkeypatch):
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", "ftp://somewhere")

    result = run("search")

    assert result.exit_code == 3
    assert "IIMSCREEN_EUTILS_URL" in result.stderr
    assert not Path("review.db").exists()


@pytest.mark.slow  # a second real process: 0.5 s to start, and killed in the middle of a batch
def test_a_search_killed_in_the_middle_goes_on_with_the_same_records(run, server, strategy, clean_records):
    server.misbehave("efetch", ["ok", "timeout"])
    with another_process("search", "--strategy", strategy) as process:
        wait_for(lambda: Path("review.db").exists() and len(table("replies")) == 3)
        process.send_signal(signal.SIGKILL)
        process.wait()
    server.asked.clear()

    resumed = run("search", "--strategy", strategy)

    assert resumed.exit_code == 0
    assert "An interrupted search was completed." in resumed.stdout
    assert server.requests_to("efetch")[0].parameters["id"].split(",") == PMIDS[200:210]
    assert stored() == clean_records
    assert run("check").exit_code == 0


@pytest.mark.slow  # a second real process: 0.5 s to start, and stopped in the middle of a batch
def test_ctrl_c_ends_a_search_with_130_and_one_line_and_it_goes_on_later(
    run, server, strategy, clean_records
):
    server.misbehave("efetch", ["ok", "timeout"])
    with another_process("search", "--strategy", strategy) as process:
        wait_for(lambda: len(server.requests_to("efetch")) == 2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)

    resumed = run("search", "--strategy", strategy)

    assert process.returncode == 130
    assert errors.strip() == (
        "Stopped. Everything decided or received before is saved. The same command goes on from there."
    )
    assert resumed.exit_code == 0
    assert stored() == clean_records


class _Joined:
    """A source during whose first answer another process finishes the same search."""

    database = "PubMed"
    source = "pubmed"
    kind = Kind.DATABASE

    def __init__(self, inner: pubmed.PubMed, meanwhile: Callable[[], None]) -> None:
        self.inner = inner
        self.meanwhile: Callable[[], None] | None = meanwhile

    def count(self, sub_query: SubQuery) -> int:
        return self.inner.count(sub_query)

    def replay(self, sub_query: SubQuery, replies: Sequence[Reply]) -> Answer:
        return self.inner.replay(sub_query, replies)

    def fetch(self, sub_query: SubQuery, **hooks: object) -> Answer:
        answer = self.inner.fetch(sub_query, **hooks)  # type: ignore[arg-type]  # handed on as they came
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return answer


def test_two_people_running_one_search_at_once_get_one_search(run, review: Review, server, clean_records):
    read = queries.parse_strategy(STRATEGY, name="three", where="three.toml")
    settings = server.settings(api_key=KEY)

    def by_another() -> None:
        with open_review(review.path) as other:
            search.run(other, read, pubmed.PubMed(settings))

    outcome = search.run(review, read, _Joined(pubmed.PubMed(settings), by_another))

    assert outcome.search.is_complete
    assert len(table("searches")) == 1
    assert len(table("run_results")) == 3
    assert stored() == clean_records
    assert run("check").exit_code == 0


def test_an_answer_that_lacks_records_it_announced_is_not_stored(review: Review):
    class Short:
        database = "PubMed"
        source = "pubmed"
        kind = Kind.DATABASE

        def fetch(self, _sub_query: SubQuery, **_hooks: object) -> Answer:
            return Answer(hits=2, records=(Record(accession="1", title="Only one of two"),))

    read = queries.parse_strategy(STRATEGY, name="three", where="three.toml")

    with pytest.raises(SourceError, match="2 records announced, 1 received"):
        search.run(review, read, Short())
    assert table("records") == []


# --- offline ---------------------------------------------------------------------------------------


def written_as(kind: str, tmp_path: Path) -> Path:
    """Two invented records about myositis as a file of that kind."""
    titles = ("Myositis and one drug", "Myositis and another drug")
    texts = {
        "ris": "".join(f"TY  - JOUR\nTI  - {title}\nPY  - 2020\nER  - \n\n" for title in titles),
        "nbib": "".join(f"PMID- {n}\nTI  - {t}\nDP  - 2020\n\n" for n, t in enumerate(titles, start=31)),
        "xml": set_of([ARTICLES[0], ARTICLES[1]]),
        "jsonl": jsonl.write([Record(title=title, year=2020) for title in titles]).decode(),
    }
    path = tmp_path / f"mine.{kind}"
    path.write_text(texts[kind], encoding="utf-8")
    return path


def myositis(tmp_path: Path, text: str = "myositis") -> Path:
    path = tmp_path / "myositis.toml"
    path.write_text(f"[strategy]\ntitle='M'\n[[sub_query]]\nlabel='M1'\ntext='{text}'\n", encoding="utf-8")
    return path


def test_the_bundled_corpus_is_searched_offline_and_never_called_pubmed(run, run_json):
    result = run("search", "--source", "corpus")

    assert result.exit_code == 0
    assert "Bundled corpus (offline, not PubMed)" in result.stdout
    assert list(run_json("prisma")["databases"]) == ["Bundled corpus (offline, not PubMed)"]
    assert {row[0] for row in stored()} == {"corpus"}


@pytest.mark.parametrize("kind", ["ris", "nbib", "xml", "jsonl"])
def test_any_importable_file_can_be_searched_as_what_it_is(run, run_json, tmp_path, kind):
    path = written_as(kind, tmp_path)

    result = run("search", "--source", "corpus", "--corpus", path, "--strategy", myositis(tmp_path))

    assert result.exit_code == 0, result.output
    assert len(table("records")) == 2
    assert run_json("prisma")["databases"] == {f"Corpus file mine.{kind} (offline)": 2}
    assert {row[0] for row in stored()} == {"corpus-mine"}


def test_repeating_an_offline_search_does_nothing(run):
    run("search", "--source", "corpus")
    before = Path("review.db").read_bytes()

    result = run("search", "--source", "corpus")

    assert "nothing was asked" in result.stdout
    assert Path("review.db").read_bytes() == before


def refused(result: Result, *words: str) -> None:
    assert result.exit_code == 3, result.output
    for word in words:
        assert word in result.stderr
    assert "→" in result.stderr
    assert "Traceback" not in result.output
    assert not Path("review.db").exists()


def test_a_corpus_file_without_its_source_is_refused(run, tmp_path):
    result = run("search", "--corpus", written_as("ris", tmp_path))

    refused(result, "--corpus goes with --source corpus")


def test_an_unknown_source_is_refused(run):
    refused(run("search", "--source", "embase"), "'embase'", "expected pubmed, clinicaltrials or corpus")


def test_a_missing_corpus_file_is_refused(run):
    refused(run("search", "--source", "corpus", "--corpus", "none.ris"), "none.ris cannot be read")


def test_a_corpus_file_without_one_usable_record_is_refused(run, tmp_path):
    path = tmp_path / "bad.ris"
    path.write_text("TY  - JOUR\nAU  - Nobody\nER  - \n", encoding="utf-8")

    refused(run("search", "--source", "corpus", "--corpus", path), "no usable record to search", "line 1")


def test_unusable_records_of_a_corpus_are_counted_aloud(run, tmp_path):
    path = written_as("ris", tmp_path)
    path.write_text(path.read_text() + "TY  - JOUR\nAU  - Nobody\nER  - \n", encoding="utf-8")

    result = run("search", "--source", "corpus", "--corpus", path, "--strategy", myositis(tmp_path))

    assert result.exit_code == 0
    assert "1 of 3 records left out: not usable" in result.stderr


def test_a_text_that_cannot_be_evaluated_offline_leaves_no_begun_search_behind(run, tmp_path, review_file):
    before = review_file.read_bytes()

    result = run("search", "--source", "corpus", "--strategy", myositis(tmp_path, '"a b"[tiab:~2]'))

    assert result.exit_code == 3
    assert "sub-query M1 cannot be evaluated offline" in result.stderr
    assert "--source pubmed" in result.stderr
    assert review_file.read_bytes() == before


# --- strategies ------------------------------------------------------------------------------------


def test_an_unknown_strategy_names_those_there_are(run):
    refused(run("search", "--strategy", "2099"), "'2099'", "2023-08-23", "improved")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "[strategy] is missing"),
        ("[strategy", "not valid TOML"),
        ("[strategy]\ntitle='T'\nquery='x'\n[[sub_query]]\nlabel='A'\ntext='x'\n", "query"),
        ("[strategy]\ntitle='T'\n", "nothing to search"),
        ("[strategy]\ntitle='T'\n[[sub_query]]\nlabel='A'\n", "text"),
    ],
)
def test_a_strategy_that_says_something_else_is_refused_by_file_and_place(run, tmp_path, text, told):
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")

    refused(run("search", "--strategy", path), "wrong.toml", told)


def test_a_strategy_in_another_encoding_is_refused(run, tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes("[strategy]\ntitle='Müsli'\n".encode("cp1252"))

    refused(run("search", "--strategy", path), "latin.toml", "UTF-8")
