"""The search appendix and the notes on sources, through the real command line."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from eutils_links import with_links
from eutils_server import EutilsServer, invented, serving
from iimscreen import appendix
from iimscreen.appendix.parts import ITEMS
from iimscreen.appendix.strategies import restrictions
from iimscreen.model import Kind
from iimscreen.sources import _turns
from iimscreen.store import Review

Run = Callable[..., Result]
RunJson = Callable[..., Any]

ARTICLES = invented(40)
PMIDS = [article.pmid for article in ARTICLES]
AWKWARD = 'myositis[tiab] OR "```"[tiab] OR a|b OR *x* OR <b>[ti] OR "Müller–Weiß" OR #1_2 \\ $y$'
LIMITED = '(myositis) AND english[la] AND ("Clinical Trial"[pt]) NOT (animals[mh] NOT humans[mh]) AND systematic[sb]'
TERMS = {AWKWARD: PMIDS[:7], LIMITED: PMIDS[5:9]}


@pytest.fixture(autouse=True)
def _no_turns(no_pauses: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_turns.Turns, "wait", lambda _self, **_options: None)
    monkeypatch.setattr(_turns.Turns, "take", lambda _self, **_options: None)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, review_file: Path) -> Iterator[EutilsServer]:
    """A server that knows two awkward searches, with a date limit too."""
    limit = " AND 1800/01/01:2023/08/23[crdt]"
    terms = {**TERMS, **{f"({text}){limit}": pmids for text, pmids in TERMS.items()}}
    with serving(ARTICLES, terms=terms) as running:
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", running.address)
        yield running


@pytest.fixture
def searched(run: Run, server: EutilsServer) -> None:
    """Both searches, made today as of 23 August 2023."""
    strategy("as_of = 2023-08-23", AWKWARD, LIMITED)
    assert run("search", "--strategy", "two.toml").exit_code == 0


def strategy(head: str, *texts: str, name: str = "two.toml") -> None:
    queries = "".join(
        f"[[sub_query]]\nlabel = 'S{number}'\ntext = '''{text}'''\n"
        for number, text in enumerate(texts, start=1)
    )
    Path(name).write_text(f"[strategy]\ntitle = 'Two | *awkward* `searches`'\n{head}\n{queries}", "utf-8")


def report(run: Run) -> str:
    result = run("search", "report")
    assert result.exit_code == 0, result.output
    return result.stdout


def item(text: str, number: int) -> str:
    """What the appendix says under one item."""
    return re.split(r"^## \d+ .*$", text, flags=re.MULTILINE)[number]


def fences(text: str) -> list[str]:
    """What stands in fences of code, as a Markdown reader takes it."""
    found = re.findall(r"^(`{3,})text\n(.*?)\n\1$", text, flags=re.MULTILINE | re.DOTALL)
    return [content for _, content in found]


def today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


# --- the 16 items -----------------------------------------------------------------------------------


def test_every_item_stands_there_and_what_the_log_cannot_tell_is_left_to_the_authors(
    run: Run, review_file: Path
) -> None:
    text = report(run)

    assert re.findall(r"^## (\d+) ", text, flags=re.MULTILINE) == [str(n) for n in range(1, 17)]
    for number, _, to_write in ITEMS:
        if number in (2, 3, 4, 5, 6, 7, 10, 11, 12, 14):
            assert f"*To be written by the authors:* {to_write}." in item(text, number)


def test_each_strategy_is_printed_as_written_and_as_sent_byte_for_byte(run: Run, searched: None) -> None:
    text = report(run)

    limit = " AND 1800/01/01:2023/08/23[crdt]"
    assert fences(item(text, 8)) == [AWKWARD, f"({AWKWARD}){limit}", LIMITED, f"({LIMITED}){limit}"]


def test_hits_and_distinct_records_stand_beside_the_strategy(run: Run, searched: None) -> None:
    text = item(report(run), 8)

    assert "| S1 | 7 |" in text
    assert "| S2 | 4 |" in text
    assert "| distinct records | 9 |" in text


def test_the_as_of_date_is_a_limit_and_never_the_date_of_the_search(run: Run, searched: None) -> None:
    text = report(run)

    assert "2023-08-23" not in item(text, 13)
    assert re.search(rf"\| PubMed \| two \| {today()} \d\d:\d\d:\d\d UTC \|", item(text, 13))
    assert "limited to records until 2023-08-23 by the date field crdt" in item(text, 9)
    assert "`AND 1800/01/01:2023/08/23[crdt]`" in item(text, 9)


def test_the_zone_of_the_computer_stands_beside_the_time(run: Run, searched: None, review: Review) -> None:
    (zone,) = {row["zone"] for row in review.db.query("select zone from run_results")}

    assert zone
    assert f"| {zone} |" in item(report(run), 13)


def test_limits_in_the_text_are_named_by_kind(run: Run, searched: None) -> None:
    text = item(report(run), 9)

    assert "limit by language, in the text as written: `english[la]`" in text
    assert 'limit by publication type, in the text as written: `"Clinical Trial"[pt]`' in text
    assert "limit by species, in the text as written: `NOT animals[mh]` `NOT humans[mh]`" in text
    assert "limit by subset or filter, in the text as written: `systematic[sb]`" in text
    assert "*To be written by the authors:* why these limits were set: PubMed, strategy two." in text
    assert "`systematic[sb]`" in item(report(run), 10)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("myositis AND JAK inhibitors", []),
        ("myositis[mh] AND tofacitinib[nm]", []),
        ("myositis AND english[Language]", [("language", "english[Language]")]),
        ("a NOT review[pt]", [("publication type", "NOT review[pt]")]),
        (
            "a NOT (review[pt] OR letter[pt])",
            [("publication type", "NOT review[pt]"), ("publication type", "letter[pt]")],
        ),
        (
            "randomized controlled trial[Publication Type]",
            [("publication type", "randomized controlled trial[Publication Type]")],
        ),
        ("a AND 2010:2020[dp]", [("date", "2010:2020[dp]")]),
        ("a AND humans[MeSH Terms:noexp]", [("species", "humans[MeSH Terms:noexp]")]),
        ("a AND hasabstract", [("text availability", "hasabstract")]),
        ("a AND free full text[Filter]", [("subset or filter", "free full text[Filter]")]),
        ('"english[la]"', []),
    ],
)
def test_what_counts_as_a_limit(query: str, found: list[tuple[str, str]]) -> None:
    assert restrictions(query) == found


def test_a_strategy_without_limits_is_said_to_have_none(run: Run, server: EutilsServer) -> None:
    strategy("", "myositis")
    run("search", "--strategy", "two.toml")

    text = report(run)
    assert "PubMed, strategy two: none." in item(text, 9)
    assert "To be written" not in item(text, 9)
    assert fences(item(text, 8)) == ["myositis"]


def test_a_words_that_resemble_a_trial_filter_are_pointed_out(run: Run, server: EutilsServer) -> None:
    strategy(
        "",
        "myositis AND (randomized controlled trial[pt] OR controlled clinical trial[pt] OR randomized[tiab] OR "
        "placebo[tiab] OR randomly[tiab] OR trial[tiab] OR groups[tiab])",
    )
    run("search", "--strategy", "two.toml")

    assert "resemble a published filter for randomised trials" in item(report(run), 10)


def test_a_re_run_stands_in_a_column_of_its_own_with_its_day(run: Run, searched: None) -> None:
    run("search", "--strategy", "two.toml", "--again")

    text = report(run)
    assert "| S1 | 7 | 7 |" in item(text, 8)
    assert "run 2 times with the very same texts" in item(text, 12)
    assert "search 2 |" in item(text, 13)
    assert "| PubMed | database | 9 | 22 | 0 | 9 |" in item(text, 15)


def test_an_update_is_reported_with_the_search_that_it_repeats(run: Run, searched: None) -> None:
    run("search", "--update")

    assert re.search(r"search 2 of \S+ repeats search 1 for an update", item(report(run), 12))


def test_an_interrupted_search_makes_the_appendix_interim_until_it_is_given_up(
    run: Run, server: EutilsServer
) -> None:
    strategy("", AWKWARD, LIMITED)
    server.misbehave("esearch", ["ok", 500, 500, 500, 500, 500])
    assert run("search", "--strategy", "two.toml").exit_code == 5

    text = report(run)
    assert "**INTERIM: not final" in text
    assert "- search of strategy two in PubMed: 1 of 2 sub-queries not completed" in text
    assert "| S2 | not completed |" in item(text, 8)
    assert fences(item(text, 8)) == [AWKWARD, LIMITED]

    run("search", "--strategy", "two.toml", "--abandon")
    text = report(run)
    assert "search of strategy two" not in text
    assert "given up, 1 of 2 sub-queries not completed" in item(text, 8)


def test_an_empty_review_is_interim_and_claims_nothing(run: Run, review_file: Path) -> None:
    text = report(run)

    assert "no search has been completed and nothing imported" in text
    assert "No database was searched or imported from." in item(text, 1)
    assert "Duplicates were not sought yet." in item(text, 16)


def test_an_imported_database_asks_for_what_its_files_do_not_say(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1), a_record(2)], database="Embase")

    text = report(run)
    assert "the platform of: Embase" in item(text, 1)
    assert "the strategy, copied exactly as run, of: Embase" in item(text, 8)
    assert "the day of the last search of: Embase" in item(text, 13)
    assert "the files do not say" in item(text, 13)


def test_an_export_of_pubmed_is_no_search_of_it(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)], database="PubMed")

    text = item(report(run), 1)
    assert "- PubMed: imported from exported files" in text
    assert "E-utilities" not in text


def test_notes_on_that_database_answer_it(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1), a_record(2)], database="Embase")
    for number in ("1", "8", "13"):
        run(
            "source",
            "note",
            "--item",
            number,
            "as run",
            "--source",
            "embase",
            "--on",
            "2023-08-23",
            "--by",
            "ann",
        )

    text = report(run)
    for number in (1, 8, 13):
        assert "To be written" not in item(text, number)
        assert "- embase: as run *(from: note " in item(text, number)
        assert "done on 2023-08-23" in item(text, number)


def test_a_note_on_another_database_does_not_answer_it(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)], database="Embase")
    run("source", "note", "--item", "13", "today", "--source", "Scopus", "--by", "ann")

    assert "the day of the last search of: Embase" in item(report(run), 13)


def test_registers_websites_and_citations_stand_under_their_items(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)], database="ICTRP", kind=Kind.REGISTER)
    bring_in(review, [a_record(2)], database="Google Scholar", kind=Kind.WEBSITE)
    bring_in(review, [a_record(3)], database="Reference lists", kind=Kind.CITATION)

    text = report(run)
    assert "- ICTRP: imported" in item(text, 3)
    assert "- Google Scholar: imported" in item(text, 4)
    assert "- Reference lists: imported" in item(text, 5)
    assert item(text, 1).count("imported") == 1  # "No database was searched or imported from."


def test_citation_searching_names_seeds_counts_and_its_incomplete_coverage(
    run: Run, server: EutilsServer
) -> None:
    with_links(server, {"pubmed_pubmed_citedin": {PMIDS[0]: PMIDS[1:4], PMIDS[1]: PMIDS[3:6]}})
    run("search", "--cited-by", f"{PMIDS[0]},{PMIDS[1]}")

    text = report(run)
    assert "Reports that cite 2 seeds" in item(text, 5)
    assert f"PMIDs of the seeds: {PMIDS[0]}, {PMIDS[1]}" in item(text, 5)
    assert "5 distinct records" in item(text, 5)
    assert item(text, 5).count("incomplete by nature") == 1
    assert fences(item(text, 8)) == [f"cited-by {PMIDS[0]}\ncited-by {PMIDS[1]}"]
    assert f"| pmid:{PMIDS[1]} | 3 |" in item(text, 8)


def test_deduplication_is_told_with_thresholds_and_who_decided(run: Run, review: Review) -> None:
    same = {"title": "A long and telling title of one trial in myositis", "year": 2020}
    first = bring_in(review, [a_record(1, pmid="1", **same), a_record(2)], database="Embase (Ovid)")
    other = bring_in(review, [a_record(3, pmid="1", **same), a_record(4)], database="Scopus (Elsevier)")
    run("dedupe")
    run("duplicates", "split", first[1], other[1], "--by", "bob")

    text = item(report(run), 16)
    assert "from 95 they are merged, from 85 a person is asked" in text
    assert "1 pair merged by rules (same\\_pmid 1)" in text
    assert "1 pair decided by people (bob): 0 merged, 1 left apart" in text
    assert "4 records before, 3 reports after" in text


def test_reports_of_a_version_made_elsewhere_are_no_records_of_these_searches(
    run: Run, review: Review
) -> None:
    """Compared with the others, and counted neither before nor after deduplication."""
    Path("old.csv").write_text("pmid\n901\n902\n", encoding="utf-8")
    run("previous", "load", "old.csv", "--by", "ann")
    bring_in(review, [a_record(1, pmid="901"), a_record(2), a_record(3)])
    run("dedupe")

    text = " ".join(run("search", "report").stdout.split())

    assert "Together 3 records" in text
    assert "over 5 records, with the reports of a version made elsewhere among them" in text
    assert "3 records before, 3 reports after" in text


# --- Markdown ---------------------------------------------------------------------------------------

_CELL = re.compile(r"(?<!\\)\|")


def test_no_text_breaks_a_table_or_becomes_markup(run: Run, review: Review) -> None:
    bring_in(review, [a_record(1)], database="A|B *bold* `code` <i> #tag")
    run("source", "note", "--item", "6", "1. wrote to\n# Dr | x\n```\n<script> & [a](b)", "--by", "ann")

    text = report(run)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = {len(_CELL.findall(row)) for row in rows if "A\\|B" in row}
    assert widths == {7}  # six columns
    assert "A\\|B \\*bold\\* \\`code\\` \\<i\\> \\#tag" in item(text, 15)
    assert "- \\1. wrote to \\# Dr \\| x \\`\\`\\` \\<script\\> &amp; \\[a\\](b)" in item(text, 6)
    assert fences(text) == []


def test_it_is_written_to_a_new_file_exactly_as_it_is_printed(run: Run, searched: None) -> None:
    printed = report(run)

    result = run("search", "report", "--out", "appendix.md")

    assert result.exit_code == 0
    assert "Wrote appendix.md: 16 items" in result.stdout
    made = re.compile(r"Made by .*")
    written = Path("appendix.md").read_bytes().decode()
    assert made.sub("", written) == made.sub("", printed)
    assert AWKWARD.encode() in Path("appendix.md").read_bytes()


@pytest.mark.parametrize("out", ["there.md", "no/such/folder.md"])
def test_a_file_that_is_there_is_never_overwritten(run: Run, review_file: Path, out: str) -> None:
    Path("there.md").write_text("written by the authors")

    result = run("search", "report", "--out", out)

    assert result.exit_code == 3
    assert out in result.stderr
    assert Path("there.md").read_text() == "written by the authors"


def test_the_appendix_changes_nothing_in_the_review(run: Run, searched: None) -> None:
    before = Path("review.db").read_bytes()

    report(run)

    assert Path("review.db").read_bytes() == before


def test_every_statement_says_where_it_comes_from(run: Run, searched: None, review: Review) -> None:
    run("dedupe")
    made = appendix.build(review)

    parts = [
        part
        for one in made.items
        for part in one.parts
        if not hasattr(part, "text") or hasattr(part, "origin")
    ]
    assert parts
    assert all(part.origin for part in parts if hasattr(part, "origin"))


# --- notes and sources ------------------------------------------------------------------------------


def test_a_note_is_printed_under_its_item_with_who_and_when(run: Run, review_file: Path) -> None:
    result = run(
        "source", "note", "--item", "14", "A librarian, PRESS 2015", "--by", "ann", "--on", "2023-08-20"
    )

    assert result.exit_code == 0, result.output
    text = item(report(run), 14)
    assert re.search(
        rf"- A librarian, PRESS 2015 \*\(from: note \d+ by ann, written on {today()}, done on 2023-08-20\)",
        text,
    )
    assert "To be written" not in text


def test_a_note_that_is_replaced_leaves_the_appendix_and_stays_in_the_list(
    run: Run, run_json: RunJson, review_file: Path
) -> None:
    run("source", "note", "--item", "6", "wrote to 3 authors", "--by", "ann")
    (first,) = run_json("source")["notes"]
    run(
        "source",
        "note",
        "--item",
        "6",
        "wrote to 4 authors",
        "--by",
        "bob",
        "--replaces",
        str(first["number"]),
    )

    text = item(report(run), 6)
    assert "4 authors" in text
    assert "3 authors" not in text
    old, new = run_json("source", "list")["notes"]
    assert (old["text"], old["replaced_by"], new["replaced_by"]) == (
        "wrote to 3 authors",
        new["number"],
        None,
    )
    assert f"(replaced by note {new['number']})" in " ".join(run("source").stdout.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--item", "0", "text"), "PRISMA-S has items 1 to 16"),
        (("--item", "17", "text"), "PRISMA-S has items 1 to 16"),
        (("--item", "4", "  "), "the note is empty"),
        (("--item", "4", "text", "--on", "yesterday"), "'yesterday' is no date"),
        (("--item", "4", "text", "--on", "2023-02-30"), "is no date"),
        (("--item", "4", "text", "--on", "2999-01-01"), "lies ahead"),
        (("--item", "4", "text", "--source", " "), "--source is empty"),
        (("--item", "4", "text", "--replaces", "1"), "no standing note on item 4 has this number"),
        (("--item", "4", "text", "--by", ""), ""),
    ],
)
def test_a_note_that_cannot_be_used_is_refused_and_stores_nothing(
    run: Run, run_json: RunJson, review_file: Path, words: tuple[str, ...], told: str
) -> None:
    by = () if "--by" in words else ("--by", "ann")

    result = run("source", "note", *words, *by)

    assert result.exit_code == 3
    assert told in result.stderr
    assert "  → " in result.stderr
    assert run_json("source")["notes"] == []


def test_a_note_replaced_once_cannot_be_replaced_again(
    run: Run, run_json: RunJson, review_file: Path
) -> None:
    run("source", "note", "--item", "6", "one", "--by", "ann")
    first = run_json("source")["notes"][0]["number"]
    run("source", "note", "--item", "6", "two", "--by", "ann", "--replaces", str(first))

    result = run("source", "note", "--item", "6", "three", "--by", "ann", "--replaces", str(first))

    assert result.exit_code == 3
    assert "no standing note on item 6" in result.stderr


def test_a_note_stands_in_the_log_in_words_and_check_is_content(run: Run, review_file: Path) -> None:
    run("source", "note", "--item", "4", "titles of 200 hits", "--source", "Google Scholar", "--by", "ann")

    printed = " ".join(run("log").stdout.split())
    assert "note on Google Scholar under item 4 of PRISMA-S: titles of 200 hits" in printed
    assert run("check").exit_code == 0


def test_each_source_is_listed_with_what_it_alone_brought(
    run: Run, run_json: RunJson, review: Review
) -> None:
    bring_in(review, [a_record(1, pmid="1"), a_record(2)], database="Embase (Ovid)")
    bring_in(review, [a_record(3, pmid="1"), a_record(4), a_record(5)], database="Scopus (Elsevier)")
    run("dedupe")

    lines = run_json("source")["sources"]

    assert [(one["database"], one["records"], one["reports"], one["only_here"]) for one in lines] == [
        ("Embase (Ovid)", 2, 2, 1),
        ("Scopus (Elsevier)", 3, 3, 2),
    ]
    assert {one["included"] for one in lines} == {None}


def test_a_record_is_traced_to_the_runs_that_found_it(run: Run, run_json: RunJson, searched: None) -> None:
    found = run_json("source", "of", f"pmid:{PMIDS[6]}")

    assert [(one["label"], one["position"], one["of"]) for one in found] == [("S1", 7, 7), ("S2", 2, 4)]
    assert run("source", "of", "pmid:1").exit_code == 3


def test_an_empty_review_lists_no_source_and_says_what_to_type(run: Run, review_file: Path) -> None:
    printed = run("source").stdout

    assert "No source was searched or imported from yet. Next: iimscreen search" in printed
    assert "iimscreen source note --item N" in printed
