"""A search that is stopped, resumed, or run by two at once ends complete, and as its own replies tell it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from eutils_links import with_links
from eutils_server import BUILD, EutilsServer, invented, result_xml, serving, set_of
from iimscreen import queries, search
from iimscreen.errors import ReviewError, SourceError
from iimscreen.model import Answer, Kind, Record, Reply, SubQuery
from iimscreen.sources import _by_pmid, corpus, pubmed
from iimscreen.sources._ahead import Ahead
from iimscreen.sources._eutils import reply_of
from iimscreen.sources.citations import Citations, Direction, text_of
from iimscreen.store import Review, open_review, records, runs

TERM = "myositis[tiab]"
RECORDS = invented(60)
PMIDS = [article.pmid for article in reversed(RECORDS)]
STRATEGY = queries.parse_strategy(
    f"[strategy]\ntitle = 'One'\n[[sub_query]]\nlabel = 'S1'\ntext = '{TERM}'\n", name="one", where="one.toml"
)
(QUESTION,) = STRATEGY.sub_queries


@pytest.fixture(autouse=True)
def _small_batches(no_pauses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubmed, "BATCH", 20)


@pytest.fixture
def server() -> Iterator[EutilsServer]:
    with serving(RECORDS, terms={TERM: PMIDS}) as running:
        yield running


def begun(review: Review, *, source: str = "pubmed") -> runs.Run:
    """The one run of the search, begun and without a reply."""
    with review.writing() as db:
        records.ensure_source(db, source, "PubMed", Kind.DATABASE)
        uid = runs.begin_search(review, STRATEGY, source)
    ((run, _),) = runs.unfinished(review, uid)
    return run


def kept_by(review: Review) -> list[Reply]:
    (uid,) = review.db.execute("select log.uid from runs join log on log.id = runs.log_id").fetchone()
    return list(runs.replies(review, runs.Run(0, uid, "S1")))


def found_by(review: Review) -> list[str]:
    return [
        row["accession"]
        for row in review.db.query(
            "select accession from run_hits join records on records.id = record_id order by position"
        )
    ]


# --- two at once -----------------------------------------------------------------------------------


class Beside:
    """PubMed, beside whom another process does something once, when so many replies were kept."""

    database, source, kind = "PubMed", "pubmed", Kind.DATABASE

    def __init__(self, server: EutilsServer, after: int, another: Callable[[], None]) -> None:
        self.inner = pubmed.PubMed(server.settings())
        self.after = after
        self.another = another

    def fetch(self, sub_query: SubQuery, *, keep: Callable[[Reply], None], **hooks: object) -> Answer:
        def kept(reply: Reply) -> None:
            keep(reply)
            self.after -= 1
            if self.after == 0:
                self.another()

        return self.inner.fetch(sub_query, keep=kept, **hooks)  # type: ignore[arg-type]  # handed on


class KilledError(Exception):
    """What stands for kill -9 within one process."""


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("theirs", [1, 2, 3, 4])
def test_two_at_once_between_whom_pubmed_changed_leave_one_answer_that_replays(
    run_json, review: Review, server, after, theirs
):
    def another_begins_later_and_is_killed() -> None:
        server.terms[TERM] = PMIDS[:-1]  # one record less, as after a correction of its index
        left = theirs

        def keep(reply: Reply) -> None:
            nonlocal left
            if left == 0:
                raise KilledError
            left -= 1
            with open_review(review.path) as other:
                ((run, _),) = runs.unfinished(other, runs.latest_search(other, STRATEGY, "pubmed") or "")
                runs.keep_reply(other, run, reply)

        with pytest.raises(KilledError):
            pubmed.PubMed(server.settings()).fetch(QUESTION, keep=keep)

    outcome = search.run(review, STRATEGY, Beside(server, after, another_begins_later_and_is_killed))

    assert outcome.search.is_complete
    assert found_by(review) == PMIDS[:-1]
    replayed = pubmed.PubMed(server.settings()).replay(QUESTION, iter(kept_by(review)))
    assert [record.pmid for record in replayed.records] == PMIDS[:-1]
    assert run_json("search", "replay")[0]["state"] == "identical"


def test_a_source_that_passes_over_what_is_kept_ends_nevertheless(review: Review):
    class Forgetful:
        database, source, kind = "PubMed", "pubmed", Kind.DATABASE

        def fetch(self, _sub_query: SubQuery, **_hooks: object) -> Answer:
            return Answer(hits=1, records=(Record(accession="1", title="The only one"),))

    runs.keep_reply(review, begun(review), Reply("{}", b"kept before"))

    outcome = search.run(review, STRATEGY, Forgetful())

    assert outcome.search.is_complete


def test_a_source_that_gives_one_record_twice_for_two_is_not_believed(review: Review):
    class Doubling:
        database, source, kind = "PubMed", "pubmed", Kind.DATABASE

        def fetch(self, _sub_query: SubQuery, **_hooks: object) -> Answer:
            return Answer(hits=2, records=(Record(accession="1", title="One"),) * 2)

    with pytest.raises(SourceError, match="2 records announced, 1 received"):
        search.run(review, STRATEGY, Doubling())

    assert found_by(review) == []


# --- stored replies --------------------------------------------------------------------------------


def test_a_search_is_not_completed_with_a_stored_reply_that_is_damaged(review: Review, server):
    run = begun(review)
    pubmed.PubMed(server.settings()).fetch(QUESTION, keep=lambda reply: runs.keep_reply(review, run, reply))
    for (name,) in review.db.execute(
        "select name from sqlite_master where type = 'trigger' and tbl_name = 'replies'"
    ).fetchall():
        review.db.execute(f"drop trigger {name}")
    review.db.execute("update replies set body = x'00' where id = 4")
    review.db.conn.commit()

    with pytest.raises(ReviewError, match="sub-query S1 that was stored is not as it was received") as caught:
        search.run(review, STRATEGY, pubmed.PubMed(server.settings()))

    assert "--again" in caught.value.hint
    assert found_by(review) == []


def test_stored_replies_are_unpacked_one_by_one_and_hold_nothing_up(review: Review):
    run = begun(review)
    for number in range(3):
        runs.keep_reply(review, run, Reply("{}", b"%d" % number))

    found = runs.replies(review, run)
    first = next(found)
    with open_review(review.path) as other:
        runs.keep_reply(other, run, Reply("{}", b"of another"))
    runs.keep_reply(review, run, Reply("{}", b"of ours"))

    assert [first.body, *(reply.body for reply in found)] == [b"0", b"1", b"2"]


def replies_of_version_0_1(*, whole: bool, build: bool) -> list[Reply]:
    """Replies as version 0.1 kept them: a history of NCBI's, its pages, and what EPost put there."""
    history = {"WebEnv": "MCID_" + "0" * 24, "query_key": "1"}
    listed = "".join(f"<Id>{pmid}</Id>" for pmid in PMIDS)
    told = result_xml(
        "esearch",
        f"<Count>60</Count><RetMax>60</RetMax><RetStart>0</RetStart><QueryKey>1</QueryKey>"
        f"<WebEnv>{history['WebEnv']}</WebEnv><IdList>{listed}</IdList><TranslationSet/>"
        f"<QueryTranslation>{TERM}</QueryTranslation>",
    )
    asked = {
        "db": "pubmed",
        "term": QUESTION.text_sent,
        "usehistory": "y",
        "retmode": "xml",
        "retmax": "9999",
    }
    by_pmid = {article.pmid: article for article in RECORDS}
    pages = [PMIDS[0:25], PMIDS[25:50], PMIDS[50:60]]
    replies = [reply_of("esearch", asked, told.encode())]
    if build:
        inside = f"<DbInfo><DbName>pubmed</DbName><DbBuild>{BUILD}</DbBuild></DbInfo>"
        replies.append(
            reply_of("einfo", {"db": "pubmed", "retmode": "xml"}, result_xml("einfo", inside).encode())
        )
    for number, page in enumerate(pages if whole else pages[:2]):
        place = {"db": "pubmed", **history, "retmode": "xml", "retstart": str(25 * number), "retmax": "25"}
        if number == 1:
            posted = result_xml("epost", "<QueryKey>1</QueryKey><WebEnv>MCID_1</WebEnv>")
            replies.append(reply_of("epost", {"db": "pubmed", "id": ",".join(page)}, posted.encode()))
        replies.append(reply_of("efetch", place, set_of([by_pmid[pmid] for pmid in page]).encode()))
    return replies


@pytest.mark.parametrize(
    "build", [True, False], ids=["with its build", "with the build of another sub-query"]
)
def test_a_search_of_version_0_1_replays_from_the_pages_of_its_history(server, build):
    clean = pubmed.PubMed(server.settings()).fetch(QUESTION)
    server.asked.clear()

    replayed = pubmed.PubMed(server.settings()).replay(
        QUESTION, replies_of_version_0_1(whole=True, build=build)
    )

    assert (replayed.hits, replayed.records) == (clean.hits, clean.records)
    assert replayed.interpreted_as == clean.interpreted_as
    assert replayed.database_build == (BUILD if build else None)
    assert server.asked == []


def test_a_search_that_version_0_1_left_unfinished_is_completed_without_its_history(
    run_json, review: Review, server
):
    run = begun(review)
    for reply in replies_of_version_0_1(whole=False, build=True):
        runs.keep_reply(review, run, reply)

    outcome = search.run(review, STRATEGY, pubmed.PubMed(server.settings()))

    assert outcome.search.is_complete
    assert found_by(review) == PMIDS
    assert [asked.parameters.get("id") for asked in server.asked] == [",".join(PMIDS[50:])]
    assert run_json("search", "replay")[0]["state"] == "identical"


# --- odd numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("hits", [60, 59])
def test_as_many_records_as_pubmed_lists_come_unsliced(server, monkeypatch, hits):
    monkeypatch.setattr(pubmed, "MOST_HITS", 60)
    server.most_listed = 60
    server.terms[TERM] = PMIDS[:hits]

    answer = pubmed.PubMed(server.settings()).fetch(QUESTION)

    assert [record.pmid for record in answer.records] == PMIDS[:hits]
    assert len(server.requests_to("esearch")) == 1


def test_one_record_more_than_pubmed_lists_comes_in_slices(server, monkeypatch):
    monkeypatch.setattr(pubmed, "MOST_HITS", 59)
    server.most_listed = 59
    kept: list[Reply] = []

    answer = pubmed.PubMed(server.settings()).fetch(QUESTION, keep=kept.append)

    assert sorted(record.pmid or "" for record in answer.records) == sorted(PMIDS)
    assert "which together found all 60" in answer.warnings[0]
    assert pubmed.PubMed(server.settings()).replay(QUESTION, kept) == answer


def test_numbers_written_with_zeros_before_them_are_the_same_records(server):
    server.terms[TERM] = [f"00{pmid}" for pmid in PMIDS[:5]]

    answer = pubmed.PubMed(server.settings()).fetch(QUESTION)
    by_number = _by_pmid.by_pmids([f"00{PMIDS[0]}", PMIDS[1]], server.settings())

    assert [record.pmid for record in answer.records] == PMIDS[:5]
    assert {pmid: record.pmid for pmid, record in by_number.items()} == {
        f"00{PMIDS[0]}": PMIDS[0],
        PMIDS[1]: PMIDS[1],
    }


def test_a_link_to_a_record_that_pubmed_loses_after_the_search_stopped_holds_it_up_no_longer(server):
    with_links(server, {"pubmed_pubmed_citedin": {PMIDS[0]: PMIDS[1:4]}})
    text = text_of(Direction.CITED_BY, PMIDS[0])
    asked = SubQuery("seed", text, text)
    kept: list[Reply] = []
    server.left_out = {PMIDS[2]}
    with pytest.raises(SourceError, match="EFetch did not give"):
        Citations("cited-by", server.settings()).fetch(asked, keep=kept.append)
    del server.articles[PMIDS[2]]

    answer = Citations("cited-by", server.settings()).fetch(asked, resume_from=kept, keep=kept.append)

    assert [record.pmid for record in answer.records] == [PMIDS[1], PMIDS[3]]
    assert any(f"no longer has: PMID {PMIDS[2]}" in warning for warning in answer.warnings)
    assert Citations("cited-by", server.settings()).replay(asked, kept) == answer


def test_a_corpus_that_changed_between_two_attempts_gives_what_is_replayed():
    asked = SubQuery("S1", "myositis", "myositis")
    old, new = (
        corpus.Corpus(
            [Record(accession=f"r{n}", title="Myositis") for n in range(size)], database="C", source="c"
        )
        for size in (2, 3)
    )
    kept: list[Reply] = []
    old.fetch(asked, keep=kept.append)
    new.fetch(asked, resume_from=kept, keep=kept.append)

    answer = old.fetch(asked, resume_from=kept, keep=kept.append)

    assert answer.hits == 2
    assert old.replay(asked, kept) == new.replay(asked, kept) == answer


# --- stopped by hand -------------------------------------------------------------------------------


def test_what_has_arrived_is_stored_before_ctrl_c_ends_a_search(server, monkeypatch):
    asking: list[Ahead] = []

    class Seen(Ahead):
        def __enter__(self) -> Ahead:
            asking.append(self)
            return super().__enter__()

    def stop(done: int, _total: int) -> None:
        if done == 20:
            asking[0]._thread.join(timeout=30)  # the other two answers lie ready
            raise KeyboardInterrupt

    monkeypatch.setattr(pubmed, "Ahead", Seen)
    kept: list[Reply] = []
    with pytest.raises(KeyboardInterrupt):
        pubmed.PubMed(server.settings()).fetch(QUESTION, keep=kept.append, on_progress=stop)
    server.asked.clear()

    answer = pubmed.PubMed(server.settings()).fetch(QUESTION, resume_from=kept)

    assert [record.pmid for record in answer.records] == PMIDS
    assert server.asked == []
    assert len({reply.request for reply in kept}) == len(kept)


STOPPABLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from iimscreen.sources import pubmed; pubmed.BATCH = 20; "
    "from iimscreen.__main__ import main; main()"
)


@pytest.mark.slow  # a second real process: 0.5 s to start
@pytest.mark.parametrize(
    ("utility", "faults", "asked", "kept"),
    [
        ("efetch", ["ok", "ok", "timeout"], 3, 4),
        ("efetch", ["ok", "ok", "429:250"], 3, 4),
        ("esearch", ["timeout"], 1, 0),
        ("esearch", ["429:250"], 1, 0),
    ],
)
def test_ctrl_c_ends_a_real_search_at_once_wherever_it_waits(
    run, review_file, server, monkeypatch, utility, faults, asked, kept
):
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", server.address)
    Path("one.toml").write_text(STRATEGY.text, encoding="utf-8")
    server.misbehave(utility, faults)
    words = ["search", "--strategy", "one.toml", "--email", "ann@example.org"]
    with subprocess.Popen(
        [sys.executable, "-c", STOPPABLE, *words], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        end = time.monotonic() + 30
        while len(server.requests_to(utility)) < asked or replies_in(review_file) < kept:
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        stopped_at = time.monotonic()
        _, errors = process.communicate(timeout=20)
        took_s = time.monotonic() - stopped_at
    shutil.rmtree(Path(os.environ["XDG_STATE_HOME"]))  # the wait that the server asked for is over
    server.recover()

    resumed = run("search", "--strategy", "one.toml", "--email", "ann@example.org")

    assert process.returncode == 130
    assert took_s < 10  # 0.3 s on a quiet machine
    assert errors.strip().startswith("Stopped. Everything decided or received before is saved.")
    assert resumed.exit_code == 0, resumed.output
    assert [one.parameters["id"] for one in server.requests_to("efetch")].count(",".join(PMIDS[:20])) == 1
    with open_review(review_file) as review:
        assert found_by(review) == PMIDS


def replies_in(path: Path) -> int:
    with open_review(path) as review:
        (count,) = review.db.execute("select count(*) from replies").fetchone()
    return int(count)
