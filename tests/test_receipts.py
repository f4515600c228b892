"""`iimscreen search show` and `search replay`: what a search was, and that its records follow from its replies."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import shutil
import socket
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import a_record
from eutils_server import Article, EutilsServer, serving
from iimscreen import queries, receipts, review_protocol, search
from iimscreen.formats import jsonl
from iimscreen.model import Answer, Kind, Reply, SubQuery
from iimscreen.render import searches as rendered
from iimscreen.sources import corpus, pubmed
from iimscreen.store import open_review
from iimscreen.store.connection import local_zone

KEY, EMAIL = "good-key", "ann.adler@example.org"
ARTICLES = [
    Article("30000001", "Tofarinib in myositis", abstract="It helped.", mesh=("Myositis",)),
    Article("30000002", "Rituxalin in myositis", abstract="It did not."),
    Article("30000003", "Tofarinib against placebo in myositis", types=("Review",)),
]
TEXTS = {"myositis AND tofarinib": ["30000003", "30000001"], "myositis": ["30000002", "30000001"]}
LIMIT = "1800/01/01:2023/08/23[crdt]"
STRATEGY = "[strategy]\ntitle = 'Two sub-queries'\nas_of = 2023-08-23\n" + "".join(
    f"[[sub_query]]\nlabel = 'S{number}'\ntext = '{text}'\n" for number, text in enumerate(TEXTS, start=1)
)
WARNINGS = (
    "<ErrorList><PhraseNotFound>jakitis</PhraseNotFound><FieldNotFound>xyz</FieldNotFound></ErrorList>"
    "<WarningList><PhraseIgnored>of</PhraseIgnored>"
    '<QuotedPhraseNotFound>"anti jo 9"[tiab]</QuotedPhraseNotFound>'
    "<OutputMessage>No more today.</OutputMessage></WarningList>"
)


pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    path = tmp_path / "two.toml"
    path.write_text(STRATEGY, encoding="utf-8")
    return path


@contextlib.contextmanager
def serving_both() -> Iterator[EutilsServer]:
    terms = {f"({text}) AND {LIMIT}": pmids for text, pmids in TEXTS.items()}
    with serving(ARTICLES, terms=terms) as running:
        running.warnings[f"(myositis) AND {LIMIT}"] = WARNINGS
        yield running


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EutilsServer]:
    with serving_both() as running:
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", running.address)
        monkeypatch.setenv("NCBI_API_KEY", KEY)
        monkeypatch.setenv("IIMSCREEN_EMAIL", EMAIL)
        yield running


@pytest.fixture(scope="module")
def _searched_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("searched") / "review.db"
    review_protocol.create(path)
    read = queries.parse_strategy(STRATEGY, name="two", where="two.toml")
    with serving_both() as running, open_review(path) as review:
        asked = pubmed.PubMed(running.settings(email=EMAIL, api_key=KEY), sleep=lambda _s: None)
        search.run(review, read, asked)
    return path


@pytest.fixture
def searched(_searched_file: Path, tmp_path: Path) -> Path:
    """review.db with one search of PubMed, of two sub-queries."""
    return Path(shutil.copy(_searched_file, tmp_path / "review.db"))


def change(*statements: str) -> None:
    """Change review.db as a forger would: without the triggers that forbid it."""
    with contextlib.closing(sqlite3.connect("review.db", isolation_level=None)) as connection:
        connection.execute("begin")  # or each trigger is a write of its own
        for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            connection.execute(f"drop trigger {name}")
        for statement in statements:
            connection.execute(statement)
        connection.execute("commit")


def keys_documented(of: type) -> list[str]:
    """The keys that a docstring explains, in order: lines such as "hits: records found"."""
    return re.findall(r"^    (\w+(?:, \w+)*): ", of.__doc__ or "", re.MULTILINE)


# --- show: the list --------------------------------------------------------------------------------


def test_the_list_numbers_searches_and_imports_in_the_order_of_the_log(run, run_json, searched, tmp_path):
    (tmp_path / "export.jsonl").write_bytes(b'{"title": "An invented record", "year": 2020}\n')
    run("import", "export.jsonl", "--database", "Testbase")
    run("search", "--source", "corpus")

    found = run_json("search", "show")

    assert [(one["number"], one["what"], one["source"]) for one in found] == [
        (1, "search", "pubmed"),
        (2, "import", "testbase"),
        (3, "search", "corpus"),
    ]
    assert [
        (one["run"], one["label"], one["hits"], one["new"], one["known"]) for one in found[0]["runs"]
    ] == [
        ("1.1", "S1", 2, 2, 0),
        ("1.2", "S2", 2, 1, 1),
    ]
    assert found[0]["unique"] == 3
    assert found[1]["runs"][0]["file_name"] == "export.jsonl"


def test_every_key_of_the_list_is_documented(run_json, searched):
    (entry,) = run_json("search", "show")

    documented = rendered.listing.__doc__ or ""
    keys = {*entry, *entry["runs"][0]}
    assert [key for key in keys if not re.search(rf"\b{key}\b", documented)] == []


def test_an_empty_review_lists_nothing_and_says_what_to_do(run, review_file):
    result = run("search", "show")

    assert result.exit_code == 0
    assert "Nothing was searched or imported" in result.stdout
    assert "iimscreen search" in result.stdout


def test_the_list_fits_a_terminal_of_80_columns(run, searched, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    result = run("search", "show")

    assert "1.2" in result.stdout
    assert re.search(r"S2 +2 +1 +1 ", result.stdout)


# --- show: one run ---------------------------------------------------------------------------------


def test_a_receipt_holds_all_that_was_asked_told_and_found(run_json, searched, monkeypatch):
    shown = run_json("search", "show", "1")

    first, second = shown["runs"]
    assert shown["name"] == "search 1"
    assert shown["strategy_text"] == STRATEGY
    assert shown["unique"] == 3
    assert first["text_written"] == "myositis AND tofarinib"
    assert first["text_sent"] == f"(myositis AND tofarinib) AND {LIMIT}"
    assert first["interpreted_as"] == first["text_sent"]  # as this server translates
    assert (first["date_field"], first["as_of"]) == ("crdt", "2023-08-23")
    assert first["accessions"] == ["30000003", "30000001"]
    assert first["database_build"].startswith("Build-")
    assert (second["hits"], second["new"], second["known"]) == (2, 1, 1)
    assert second["phrases_not_found"] == ["jakitis", '"anti jo 9"[tiab]']
    assert second["fields_not_found"] == ["xyz"]
    assert second["words_ignored"] == ["of"]
    assert second["said"] == ["No more today."]
    assert len(second["warnings"]) >= 5
    assert first["zone"] == local_zone()
    assert first["begun_at"] <= first["asked_at"] <= first["finished_at"]
    assert first["finished_at"].endswith("Z")


def test_a_receipt_hashes_every_raw_reply(run_json, searched):
    first = run_json("search", "show", "1.1")["runs"][0]

    with contextlib.closing(sqlite3.connect("review.db")) as connection:
        kept = connection.execute(
            "select request, body, sha256, received_at from replies where run_uid = ? order by id",
            (first["uid"],),
        ).fetchall()
    assert [(one["bytes"], one["sha256"], one["received_at"]) for one in first["replies"]] == [
        (len(zlib.decompress(body)), sha256, at) for _, body, sha256, at in kept
    ]
    assert {"esearch", "efetch"} <= {one["utility"] for one in first["replies"]}
    assert all(
        json.loads(stored[0]).items() >= one["request"].items()
        for one, stored in zip(first["replies"], kept, strict=True)
    )


def test_every_key_of_a_receipt_is_documented_in_order(run_json, searched):
    shown = run_json("search", "show", "1")["runs"][0]

    assert list(shown) == keys_documented(receipts.Receipt)
    assert list(shown["replies"][0]) == keys_documented(receipts.ReplyReceipt)
    assert keys_documented(receipts.Slice) == list(receipts.Slice.__dataclass_fields__)


def test_no_e_mail_address_and_no_key_is_ever_shown(run, searched):
    printed = "".join(
        run("search", *words).output
        for words in (("show", "1"), ("show", "1", "--json"), ("show", "1", "--pmids"), ("replay", "--json"))
    )

    assert "30000001" in printed
    assert EMAIL not in printed
    assert KEY not in printed


def test_a_sub_query_that_was_cut_up_shows_its_parts(run_json, run, server, strategy, monkeypatch):
    monkeypatch.setattr(pubmed, "MOST_HITS", 1)
    server.most_listed = 1
    server.terms = {"myositis": [article.pmid for article in ARTICLES]}
    strategy.write_text("[strategy]\ntitle = 'x'\n[[sub_query]]\nlabel = 'S1'\ntext = 'myositis'\n")
    server.articles["30000002"] = replace(ARTICLES[1], entered="2021-03-06")
    server.articles["30000003"] = replace(ARTICLES[2], entered="2021-04-06")
    result = run("search", "--strategy", strategy)
    assert result.exit_code == 0, result.output

    (shown,) = run_json("search", "show", "1")["runs"]

    assert shown["hits"] == 3
    assert sum(part["hits"] for part in shown["slices"]) == 3
    assert all("[crdt]" in part["term"] for part in shown["slices"])
    assert len({part["term"] for part in shown["slices"]}) == len(shown["slices"]) > 1


def test_pmids_are_cut_to_a_line_unless_all_are_asked_for(run, run_json):
    run("search", "--source", "corpus", "--strategy", "improved")
    accessions = run_json("search", "show", "1")["runs"][0]["accessions"]

    short, long = (run("search", "show", "1", *words).stdout for words in ((), ("--pmids",)))

    assert f"({len(accessions)} in all; --pmids)" in short
    assert accessions[-1] not in short
    assert "\n".join(accessions) in long


def test_an_unfinished_run_is_shown_as_such(run, run_json, server, strategy):
    server.misbehave("efetch", ["400:refused"] * 9)
    run("search", "--strategy", strategy)

    first, second = run_json("search", "show", "1")["runs"]

    assert (first["is_complete"], first["hits"], first["finished_at"]) == (False, None, None)
    assert second["replies"] == []
    assert "cannot know" in run("search", "show", "1").stdout


def test_an_imported_file_is_shown_with_its_hash(run, run_json, review_file, tmp_path):
    (tmp_path / "export.jsonl").write_bytes(b'{"title": "An invented record", "year": 2020}\n')
    run("import", "export.jsonl", "--database", "Testbase")

    shown = run_json("search", "show", "export.jsonl")

    (one,) = shown["runs"]
    assert (one["file_name"], one["file_format"], len(one["file_sha256"])) == ("export.jsonl", "jsonl", 64)
    assert (one["text_sent"], one["search_uid"], one["replies"]) == (None, None, [])


# --- how a run is named ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["1.2", "1.S2", "S2", "s2"])
def test_a_sub_query_goes_by_its_number_or_its_label(run_json, searched, name):
    shown = run_json("search", "show", name)

    assert [one["run"] for one in shown["runs"]] == ["1.2"]


def test_a_search_and_a_run_go_by_the_beginning_of_their_uids(run_json, searched):
    (entry,) = run_json("search", "show")

    whole = run_json("search", "show", entry["uid"][:10])
    one = run_json("search", "show", entry["runs"][1]["uid"][:10])

    assert whole["name"] == "search 1"
    assert one["name"] == "run 1.2"


def test_a_label_means_the_latest_search_that_has_it_only_if_that_is_the_latest_of_all(
    run, run_json, searched, server, strategy
):
    run("search", "--strategy", strategy, "--again")
    latest = run_json("search", "show", "S1")["name"]
    run("search", "--source", "corpus", "--strategy", "improved")

    result = run("search", "show", "S1")

    assert latest == "run 2.1"
    assert result.exit_code == 3
    assert "1.1 (S1), 2.1 (S1)" in result.stderr


@pytest.mark.parametrize("name", ["9", "1.9", "F99", "abcdef01", "1."])
def test_an_unknown_name_is_refused_with_a_list_of_what_there_is(run, searched, name):
    result = run("search", "show", name)

    assert result.exit_code == 3
    assert "1 (strategy two," in result.stderr
    assert "search show" in result.stderr


# --- replay ----------------------------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a socket was used")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refused)


def test_records_are_rebuilt_from_stored_replies_identical_and_without_network(
    run, run_json, searched, no_network
):
    found = run_json("search", "replay")

    assert [(one["run"], one["state"], one["records"]) for one in found] == [
        ("1.1", "identical", 2),
        ("1.2", "identical", 2),
    ]
    assert all(not one["differences"] and not one["reads_more"] for one in found)
    printed = " ".join(run("search", "replay").stdout.split())
    assert "2 runs rebuilt from stored replies, with no network" in printed
    assert "4 of 4 records identical in every field" in printed


def test_a_corpus_is_replayed_without_the_corpus(run, run_json, tmp_path, no_network):
    (tmp_path / "own.jsonl").write_bytes(b'{"accession": "x1", "title": "Apremilast in dermatomyositis"}\n')
    run("search", "--source", "corpus", "--corpus", "own.jsonl")
    (tmp_path / "own.jsonl").unlink()

    found = run_json("search", "replay")

    assert {one["state"] for one in found} == {"identical"}
    assert sum(one["records"] for one in found) == 1


def test_rebuilt_records_are_written_once_each_to_a_new_file(run, searched, tmp_path):
    result = run("search", "replay", "--write", "rebuilt.jsonl")
    again = run("search", "replay", "--write", "rebuilt.jsonl")

    written = [found.record.pmid for found in jsonl.read((tmp_path / "rebuilt.jsonl").read_bytes())]
    assert result.exit_code == 0
    assert sorted(written) == ["30000001", "30000002", "30000003"]
    assert again.exit_code == 3
    assert "is there already" in again.stderr


def test_a_stored_record_that_was_changed_is_found_and_ends_with_6(run, run_json, searched):
    change("update records set title = 'Forged', abstract = null where pmid = '30000001'")

    result = run("search", "replay", "--json")

    differing = json.loads(result.stdout)[0]
    assert result.exit_code == 6
    assert differing["state"] == "differs"
    assert {(one["record"], one["field"], one["stored"]) for one in differing["differences"]} == {
        ("pubmed:30000001", "title", "Forged"),
        ("pubmed:30000001", "abstract", None),  # emptied, so that it looks like an older reader's gap
    }
    assert "not those that were logged" in differing["why"]
    assert "30000001" in run("search", "replay").stdout


def test_a_reply_that_was_changed_is_found_and_not_believed(run, searched):
    change(f"update replies set body = x'{zlib.compress(b'<x/>').hex()}' where id = 1")

    result = run("search", "replay", "1.1", "--json")

    (one,) = json.loads(result.stdout)
    assert result.exit_code == 6
    assert one["differences"][0]["field"] == "reply 1"
    assert "not those that came in" in one["why"]


def test_a_reply_that_was_taken_away_is_found(run, searched):
    change("delete from replies where id = (select max(id) from replies)")

    result = run("search", "replay", "--json")

    assert result.exit_code == 6
    assert [one["state"] for one in json.loads(result.stdout)] == ["identical", "differs"]


def test_a_damaged_reply_is_told_and_is_no_bug_of_ours(run, searched):
    change("update replies set body = x'00' where id = 1")

    replayed, shown = run("search", "replay"), run("search", "show", "1.1", "--json")

    assert replayed.exit_code == 6
    assert "cannot be unpacked" in replayed.stdout
    assert json.loads(shown.stdout)["runs"][0]["replies"][0]["bytes"] is None


def test_a_hit_that_was_taken_away_is_found(run, searched):
    change("delete from run_hits where position = 1")

    result = run("search", "replay", "1.1", "--json")

    assert result.exit_code == 6
    assert json.loads(result.stdout)[0]["differences"][0]["field"] == "records"


def test_an_import_keeps_no_replies_and_says_so(run, run_json, review_file, tmp_path):
    (tmp_path / "export.jsonl").write_bytes(b'{"title": "An invented record", "year": 2020}\n')
    run("import", "export.jsonl", "--database", "Testbase")

    (one,) = run_json("search", "replay")

    assert one["state"] == "nothing kept"
    assert "hash of the file" in one["why"]


def test_a_corpus_searched_by_version_0_1_kept_no_records_and_says_so(run, run_json, tmp_path):
    packed = Path(__file__).parent / "data" / "review-v1.db.gz"
    with gzip.open(packed) as source, (tmp_path / "review.db").open("wb") as target:
        shutil.copyfileobj(source, target)

    found = run_json("search", "replay")

    assert {one["state"] for one in found} == {"nothing kept"}
    assert any("older iimscreen" in one["why"] for one in found)


class OlderReader(corpus.Corpus):
    """A corpus as an earlier version read it: it kept the whole reply, and made other records of it."""

    read_as: dict[str, object]

    def fetch(
        self,
        sub_query: SubQuery,
        *,
        resume_from: Sequence[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        whole = super().fetch(sub_query, resume_from=resume_from, keep=keep, on_progress=on_progress)
        return replace(whole, records=tuple(replace(one, **self.read_as) for one in whole.records))


def searched_by_an_older_reader(review_file: Path, **read_as: object) -> None:
    records = [a_record(1, title="myositis one", indexed_on="2020-02-02"), a_record(2, title="myositis two")]
    read = queries.parse_strategy(
        "[strategy]\ntitle = 'x'\n[[sub_query]]\nlabel = 'S1'\ntext = 'myositis'\n", name="x", where="x"
    )
    older = OlderReader(records, database="Corpus", source="corpus")
    older.read_as = read_as
    with open_review(review_file) as review:
        search.run(review, read, older)


def test_facts_that_only_a_newer_reader_reads_are_no_difference(run, run_json, review_file):
    searched_by_an_older_reader(review_file, indexed_on=None)

    (one,) = run_json("search", "replay")

    assert one["state"] == "identical"
    assert [(x["record"], x["field"], x["stored"], x["replayed"]) for x in one["reads_more"]] == [
        ("corpus:r1", "indexed_on", None, "2020-02-02")
    ]
    assert "this version reads more: indexed_on" in run("search", "replay").stdout


def test_facts_that_a_newer_reader_reads_otherwise_are_told_from_a_forged_record(run, review_file):
    searched_by_an_older_reader(review_file, year=1900)

    result = run("search", "replay", "--json")

    (one,) = json.loads(result.stdout)
    assert result.exit_code == 6
    assert {x["field"] for x in one["differences"]} == {"year"}
    assert "this version reads the replies otherwise" in one["why"]


def test_a_record_worded_otherwise_since_it_was_stored_is_no_fault(run, run_json, searched, server, strategy):
    server.articles["30000001"] = replace(ARTICLES[0], abstract="It helped a little.")
    run("search", "--strategy", strategy, "--again")

    found = run_json("search", "replay", "2")

    assert {one["state"] for one in found} == {"identical"}
    assert {(x["record"], x["field"]) for one in found for x in one["changed_meanwhile"]} == {
        ("pubmed:30000001", "abstract")
    }


# --- for the appendix ------------------------------------------------------------------------------


def test_an_account_tells_the_day_of_the_search_and_the_limit_apart(searched, tmp_path, run):
    (tmp_path / "export.jsonl").write_bytes(b'{"title": "An invented record", "year": 2020}\n')
    run("import", "export.jsonl", "--database", "Testbase", "--kind", "register")

    with open_review(Path("review.db")) as review:
        pubmed_account, testbase = receipts.accounts(review)

    assert (pubmed_account.database, pubmed_account.kind, pubmed_account.unique) == (
        "PubMed",
        Kind.DATABASE,
        3,
    )
    assert [(limit.field, limit.until) for limit in pubmed_account.limits] == [("crdt", "2023-08-23")]
    assert pubmed_account.searched_at is not None
    assert pubmed_account.searched_at[:10] != "2023-08-23"
    assert pubmed_account.zone == local_zone()
    assert [run.result.hits for entry in pubmed_account.searches for run in entry.runs if run.result] == [
        2,
        2,
    ]
    assert pubmed_account.searches[0].search is not None
    assert pubmed_account.searches[0].search.strategy_text == STRATEGY
    assert (testbase.searched_at, testbase.kind) == (None, Kind.REGISTER)
    assert testbase.imported_at is not None


@pytest.mark.parametrize(
    ("stated", "pattern"),
    [
        ("Europe/Rome", r"Europe/Rome [+-]\d\d:\d\d"),
        (":/usr/share/zoneinfo/Asia/Kolkata", r"Asia/Kolkata [+-]\d\d:\d\d"),
        ("/somewhere/private", r"\S+ [+-]\d\d:\d\d"),
    ],
)
def test_the_zone_is_named_with_its_offset_and_without_paths(monkeypatch, stated, pattern):
    monkeypatch.setenv("TZ", stated)

    zone = local_zone()

    assert re.fullmatch(pattern, zone)
    assert "somewhere" not in zone
