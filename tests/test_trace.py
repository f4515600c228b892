"""A strategy traced: over records at hand, in a local PubMed, and on the real command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from eutils_links import with_matcher
from eutils_server import Article, EutilsServer, serving, set_of
from iimscreen import known_items, queries, tracing
from iimscreen.errors import InputError, SourceError
from iimscreen.formats import jsonl, pubmed_xml
from iimscreen.known_items import State
from iimscreen.model import Parsed, Record, SubQuery
from iimscreen.queries import parse_strategy, read_strategy
from iimscreen.sources import _turns, corpus
from iimscreen.sources.corpus import Corpus
from iimscreen.sources.pubmed import PubMed

BLOCKS = """
[[block]]
name = "disease"
[[block.term]]
text = "myositis[tiab]"
reason = "the word"
[[block.term]]
text = "polymyositis[tiab]"

[[block]]
name = "drug"
[[block.term]]
text = "tofarinib[tiab]"
[[block.term]]
text = "apremiline[tiab]"
"""


def strategy(combine: str = "all-blocks", *, name: str = "mine"):
    text = f'[strategy]\ntitle = "T"\nas_of = 2020-12-31\ncombine = "{combine}"\n{BLOCKS}'
    return parse_strategy(text, name=name, where="mine.toml")


def article(number: int, title: str, entered: str = "2019-05-01", **facts: object) -> Article:
    return Article(str(30_000_000 + number), title, entered=entered, **facts)  # type: ignore[arg-type]  # any field


ARTICLES = (
    article(1, "Myositis helped by tofarinib in a series of nine invented people."),
    article(2, "Myositis and polymyositis helped by tofarinib, an invented trial."),
    article(3, "Polymyositis helped by apremiline, an invented case report."),
    article(4, "Myositis helped by another drug, an invented case report.", mesh=("Myositis",)),
    article(5, "Tofarinib for a rash, an invented case report of one person."),
    article(6, "Myositis helped by tofarinib, told too late in an invented letter.", entered="2021-06-01"),
    article(7, "Nothing that any block would find, and still of interest here."),
    article(8, "Myositis helped by apremiline and tofarinib, an invented cohort.", doi="10.5555/Eight"),
)
KNOWN = "30000001\n30000003\n30000004\n30000006\n30000007\n10.5555/eight\n39999999\n"


def records() -> list[Record]:
    return [one.record for one in pubmed_xml.read(set_of(ARTICLES).encode()) if isinstance(one, Parsed)]


def items(tmp_path: Path, text: str = KNOWN):
    path = tmp_path / "known.txt"
    path.write_text(text, encoding="utf-8")
    return known_items.read(path)


def traced(tmp_path: Path, combine: str = "all-blocks", *, known: str = KNOWN):
    finder = tracing.InRecords(Corpus(records(), database="Test", source="test"), items(tmp_path, known))
    return tracing.trace(strategy(combine), finder)


@pytest.fixture
def pubmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[EutilsServer]:
    """A server that reads Boolean searches, in our own offline reading of them, and knows no rate limit."""
    monkeypatch.setattr(_turns.Turns, "wait", lambda _self: None)
    monkeypatch.setattr(_turns.Turns, "take", lambda _self: None)
    with serving(ARTICLES) as server:
        server.terms = _AsPubMed(server)
        yield server


class _AsPubMed(dict[str, Sequence[str]]):
    """Every search text, answered by the offline search over the server's records."""

    def __init__(self, server: EutilsServer) -> None:
        super().__init__()
        self._server = server
        self._corpus = Corpus(records(), database="Test", source="test")

    def __contains__(self, term: object) -> bool:
        return True

    def __getitem__(self, term: str) -> Sequence[str]:
        by_name = re.fullmatch(
            r"(?:\((?P<rest>.+)\) AND )?\(?(?P<names>(?:\S+\[(?:uid|aid)\](?: OR )?)+)\)?", term
        )
        if by_name is None:
            return self._found(term)
        named = {
            pmid
            for pmid, one in self._server.articles.items()
            for name in re.findall(r'"?([^\s"\[(]+)"?\[', by_name["names"])
            if name.lower() in (pmid, one.doi.lower())
        }
        rest = by_name["rest"]
        return [pmid for pmid in (self._found(rest) if rest else sorted(named)) if pmid in named]

    def _found(self, text: str) -> list[str]:
        answer = self._corpus.fetch(SubQuery("x", text, text))
        return [str(record.pmid) for record in answer.records]


def in_pubmed(server: EutilsServer, tmp_path: Path, **options):
    source = PubMed(server.settings(api_key="good-key"), sleep=lambda _s: None)
    return tracing.InPubMed(source, items(tmp_path), **options)


# --- over records at hand ---


def test_each_term_is_told_alone_within_the_strategy_and_by_what_it_alone_brings(tmp_path):
    found = traced(tmp_path)

    assert found.hits == 4  # 1, 2, 3 and 8; 6 came after the date limit
    assert [(one.code, one.text, one.alone, one.within, one.unique) for one in found.terms] == [
        ("A1", "myositis[tiab]", 4, 3, 2),  # 1, 2, 4, 8; of these 2 says polymyositis too
        ("A2", "polymyositis[tiab]", 2, 2, 1),
        ("B1", "tofarinib[tiab]", 4, 3, 2),
        ("B2", "apremiline[tiab]", 2, 2, 1),
    ]
    assert found.terms[0].reason == "the word"


def test_a_block_left_out_shows_how_much_it_narrows(tmp_path):
    found = traced(tmp_path)

    assert [(one.letter, one.name, one.alone, one.without) for one in found.blocks] == [
        ("A", "disease", 5, 5),
        ("B", "drug", 5, 5),
    ]
    assert [len(one.known) for one in found.blocks] == [5, 4]


def test_pairs_are_told_by_pair_and_by_term(tmp_path):
    found = traced(tmp_path, "each-pair")

    assert found.hits == 4
    assert [(one.label, one.terms, one.hits, one.unique) for one in found.lines] == [
        ("Q01", ("A1", "B1"), 3, 1),  # 1, 2, 8: of these 2 by polymyositis, 8 by apremiline too
        ("Q02", ("A2", "B1"), 1, 0),
        ("Q03", ("A1", "B2"), 1, 0),
        ("Q04", ("A2", "B2"), 1, 1),
    ]
    assert [one.unique for one in found.terms] == [one.unique for one in traced(tmp_path).terms]


def test_a_missed_item_is_told_with_the_block_that_lost_it(tmp_path):
    known = traced(tmp_path).known

    assert known is not None
    told = {item.key: (item.is_found, item.found_by, item.lost_by) for item in known.items}
    assert told == {
        "30000001": (True, ("disease", "drug"), ()),
        "30000003": (True, ("disease", "drug"), ()),
        "30000004": (False, ("disease",), ("drug",)),
        "30000006": (False, ("disease", "drug"), ("date limit",)),
        "30000007": (False, (), ("disease", "drug")),
        "30000008": (True, ("disease", "drug"), ()),
    }
    assert [item.key for item in known.items if item.only_the_limit] == ["30000006"]


def test_what_the_record_of_a_missed_item_has_is_told(tmp_path):
    known = traced(tmp_path).known

    assert known is not None
    by_key = {item.key: item.record_has for item in known.items}
    assert by_key["30000001"] == ()
    assert by_key["30000004"][:3] == ("no abstract", "headings: Myositis", "no substances")
    assert "entered 2021-06-01" in by_key["30000006"]


def test_recall_counts_the_items_that_the_source_holds(tmp_path):
    known = traced(tmp_path).known

    assert known is not None
    assert (known.stated, known.recall.found, known.recall.of) == (7, 3, 6)
    assert known.recall.interval == pytest.approx((0.1876, 0.8124), abs=1e-4)
    assert (known.precision.found, known.precision.of) == (3, 4)
    assert known.needed_to_read == pytest.approx(4 / 3)
    assert [one.item.given for one in known.lookups if one.state is State.NOT_FOUND] == ["39999999"]


def test_without_a_hit_precision_is_not_estimable(tmp_path):
    finder = tracing.InRecords(Corpus(records()[6:7], database="Test", source="test"), items(tmp_path))

    known = tracing.trace(strategy(), finder).known

    assert known is not None
    assert (known.recall.found, known.recall.of) == (0, 1)
    assert (known.precision.value, known.needed_to_read) == (None, None)


def test_words_that_recur_in_lost_titles_and_in_no_term_are_named(tmp_path):
    lost = [
        replace(records()[3], pmid=str(n), accession=str(n), title=f"Myositis and novamab {n}")
        for n in range(1, 5)
    ]
    finder = tracing.InRecords(Corpus(lost, database="Test", source="test"), items(tmp_path, "1\n2\n3\n4\n"))

    known = tracing.trace(strategy(), finder).known

    assert known is not None
    assert [(one.block, one.words) for one in known.recurring] == [("drug", (("novamab", 4),))]


def test_sub_queries_written_out_are_left_out_one_by_one(tmp_path):
    written = parse_strategy(
        '[strategy]\ntitle = "T"\nas_of = 2020-12-31\n'
        '[[sub_query]]\nlabel = "A"\ntext = "myositis[tiab] AND tofarinib[tiab]"\n'
        '[[sub_query]]\nlabel = "B"\ntext = "polymyositis[tiab]"\n',
        name="w",
        where="w.toml",
    )
    finder = tracing.InRecords(Corpus(records(), database="Test", source="test"), items(tmp_path))

    found = tracing.trace(written, finder)

    assert [(one.label, one.hits, one.unique) for one in found.lines] == [("A", 3, 2), ("B", 2, 1)]
    assert (found.blocks, found.terms) == ((), ())
    assert found.known is not None
    missed = {item.key: item.only_the_limit for item in found.known.items if not item.is_found}
    assert missed == {"30000004": False, "30000006": True, "30000007": False}


@pytest.mark.parametrize(("name", "hits", "found"), [("2023-08-23", 14, 8), ("improved", 62, 41)])
def test_the_trace_of_a_bundled_strategy_counts_what_its_search_finds(name, hits, found):
    read = read_strategy(queries.find_strategy(name))
    source = corpus.bundled(read.as_of)
    searched = {record.accession for one in read.sub_queries for record in source.fetch(one).records}

    trace = tracing.trace(read, tracing.InRecords(corpus.bundled(), known_items.read(known_items.bundled())))

    assert trace.hits == len(searched) == hits
    assert [line.hits for line in trace.lines] == [source.count(one) for one in read.sub_queries]
    assert trace.known is not None
    assert (trace.known.recall.found, trace.known.recall.of) == (found, 41)


# --- in PubMed ---


@pytest.mark.parametrize("combine", ["all-blocks", "each-pair"])
def test_pubmed_is_traced_to_the_same_tables_as_its_records_would_be(tmp_path, pubmed, combine):
    here = traced(tmp_path, combine)

    there = tracing.trace(strategy(combine), in_pubmed(pubmed, tmp_path))

    assert there.source == "PubMed"
    assert (there.hits, there.lines, there.blocks, there.terms) == (
        here.hits,
        here.lines,
        here.blocks,
        here.terms,
    )
    assert here.known is not None
    assert there.known is not None
    assert there.known.items == here.known.items
    assert there.known.recall == here.known.recall
    assert there.warnings == ()


def test_no_more_requests_are_made_than_were_announced(tmp_path, pubmed):
    told: list[int] = []
    given = items(tmp_path)

    tracing.trace(strategy(), in_pubmed(pubmed, tmp_path, on_request=lambda: told.append(1)))

    most = tracing.most_requests(strategy(), given)
    assert len(told) <= len(pubmed.asked) <= most
    assert most < 40


def test_a_citation_is_looked_up_with_the_citation_matcher_and_compared_with_its_record(tmp_path, pubmed):
    pubmed.articles["30000009"] = replace(
        article(9, "Myositis helped by tofarinib, one more invented series."), authors=("Palk, Jane",)
    )
    with_matcher(
        pubmed,
        {
            "Invented Journal of Muscle|2021|7|10|Palk J": "30000009",
            "Invented Journal of Muscle|2021|8|1|Nobody X": "30000004",
        },
    )
    path = tmp_path / "cited.csv"
    path.write_text(
        "title,author,year,journal,volume,pages\n"
        '"Myositis helped by tofarinib, one more invented series",Palk J,2021,Invented Journal of Muscle,7,10-19\n'
        "Quite another thing that nobody wrote,Nobody X,2021,Invented Journal of Muscle,8,1-2\n",
        encoding="utf-8",
    )
    entrez = pubmed.settings(api_key="good-key")

    finder = tracing.InPubMed(
        PubMed(entrez, sleep=lambda _s: None), known_items.read(path), resolve=tracing.by_ecitmatch(entrez)
    )

    assert [(one.state, one.keys) for one in finder.lookups] == [
        (State.MATCHED, ("30000009",)),
        (State.ASKED, ("30000004",)),
    ]
    assert finder.lookups[1].by == "ECitMatch"


def test_what_pubmed_says_of_a_term_is_told(tmp_path, pubmed):
    finder = in_pubmed(pubmed, tmp_path)
    asked = f"(apremiline[tiab]) AND ({finder._uids})"
    pubmed.warnings[asked] = "<WarningList><PhraseIgnored>apremiline</PhraseIgnored></WarningList>"

    found = tracing.trace(strategy(), finder)

    assert found.warnings == ('PubMed ignored "apremiline"',)


def test_a_trace_that_pubmed_breaks_off_says_that_nothing_is_kept(tmp_path, pubmed):
    finder = in_pubmed(pubmed, tmp_path)
    pubmed.misbehave("esearch", ["html"])

    with pytest.raises(SourceError) as caught:
        tracing.trace(strategy(), finder)

    assert caught.value.message.startswith("the trace cannot be finished: ")
    assert "keeps nothing" in caught.value.hint


def test_a_disagreement_between_the_whole_and_its_parts_is_told(tmp_path, pubmed):
    finder = in_pubmed(pubmed, tmp_path)
    whole = finder.known

    def without_the_first(formula):
        found = whole(formula)
        return found - {1} if not isinstance(formula, tracing.Words) else found

    finder.known = without_the_first  # type: ignore[method-assign]  # a source that reads terms otherwise together

    found = tracing.trace(strategy(), finder)

    assert "disagree on known items 1" in found.warnings[0]
    assert found.known is not None
    assert found.known.recall.found == 2


# --- on the command line ---


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A strategy, a file of records and known items, as a user has them."""
    mine, file, known = tmp_path / "mine.toml", tmp_path / "records.jsonl", tmp_path / "known.txt"
    mine.write_text(strategy().text, encoding="utf-8")
    file.write_bytes(jsonl.write(records()))
    known.write_text(KNOWN, encoding="utf-8")
    return mine, file, known


def test_the_published_search_is_traced_with_its_known_items_unasked(run):
    printed = run("strategy", "trace", "2023-08-23").stdout

    assert "Relative recall 8 of 41 = 19.5 % (95 % interval 10.2 to 34.0, Wilson)" in printed
    assert "31 items found by disease, lost by drug" in printed
    assert "tofacitinib (26)" in printed
    assert "no sample of PubMed" in printed
    assert "not stated whether these items were used to build the strategy" in " ".join(printed.split())
    for number in range(1, 17):
        assert f"F{number:02}" in printed


@pytest.mark.parametrize("columns", ["80", "120"])
def test_no_number_of_the_published_search_is_cut_however_narrow_the_terminal(run, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)

    printed = run("strategy", "trace", "2023-08-23").stdout

    assert re.search(r"F09 +A1 B2 .* 4 +4 +4 +54 55 56 57", printed)


def test_a_strategy_of_ones_own_is_traced_in_ones_own_records(run, files):
    mine, file, known = files

    printed = run("strategy", "trace", mine, "--known", known, "--corpus", file, "--set", "validation").stdout

    assert "3 of 6 = 50.0 %" in printed
    assert "validation set" in printed
    assert "lost by the date limit alone" in printed
    assert "cannot be known here" in printed
    assert "optimistic" in printed


def test_the_trace_in_json_names_each_term_block_and_item(run_json, files):
    mine, file, known = files

    told = run_json("strategy", "trace", mine, "--known", known, "--corpus", file, "--set", "development")

    assert told["hits"] == 4
    assert [one["unique"] for one in told["terms"]] == [2, 1, 2, 1]
    assert [one["without"] for one in told["blocks"]] == [5, 5]
    assert told["known"]["set"] == "development"
    assert told["known"]["recall"]["found"] == 3
    assert told["known"]["in_source"][2]["lost_by"] == ["drug"]
    assert [one["state"] for one in told["known"]["not_counted"]] == ["not found"]


def test_without_known_items_the_terms_are_traced_all_the_same(run, files):
    mine, file, _ = files

    result = run("strategy", "trace", mine, "--corpus", file)

    assert result.exit_code == 0
    assert "No known items were given" in result.stdout
    assert "polymyositis[tiab]" in result.stdout


def test_a_trace_in_pubmed_says_how_much_it_will_ask_before_it_asks(run, files, pubmed, monkeypatch):
    mine, _, known = files
    monkeypatch.setenv("IIMSCREEN_EUTILS_URL", pubmed.address)
    monkeypatch.setenv("NCBI_API_KEY", "good-key")

    result = run("strategy", "trace", mine, "--known", known, "--source", "pubmed")

    assert result.exit_code == 0, result.output
    assert re.match(r"PubMed will be asked at most \d+ times, which takes about \d+ s", result.stderr)
    assert "3 of 6 = 50.0 %" in result.stdout
    assert "PubMed was asked today" in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--source", "embase"), "--source is 'embase'"),
        (("--source", "pubmed", "--corpus", "x.jsonl"), "exclude each other"),
        (("--set", "training"), "expected development or validation"),
        (("--set", "validation"), "--set is given without known items"),
        (("--known", "none.csv"), "none.csv cannot be read"),
        (("--corpus", "none.jsonl"), "none.jsonl cannot be read"),
    ],
)
def test_a_wrong_option_of_a_trace_is_named(run, files, options, message):
    result = run("strategy", "trace", files[0], *options)

    assert result.exit_code == InputError.exit_code
    assert message in result.stderr


def test_a_strategy_for_a_register_is_not_traced(run):
    result = run("strategy", "trace", "clinicaltrials")

    assert result.exit_code == InputError.exit_code
    assert "is written for clinicaltrials" in result.stderr


def test_a_trace_leaves_no_file_behind(run, tmp_path):
    run("strategy", "trace", "2023-08-23")

    assert list(tmp_path.iterdir()) == []


def test_where_the_source_holds_no_known_item_no_empty_table_is_printed(run):
    Path("known.txt").write_text("99\n", encoding="utf-8")

    printed = run("strategy", "trace", "improved", "--known", "known.txt").stdout

    assert "in this source 0; not in it 1 (cannot know)" in printed
    assert "Known items and the terms" not in printed
