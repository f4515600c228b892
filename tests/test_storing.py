"""What the store holds of a record, and the hashes taken of it, do not depend on how fast it is written."""

from __future__ import annotations

import gzip
import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iimscreen import importing
from iimscreen.errors import InputError
from iimscreen.model import Author, Link, Record, stated_accession
from iimscreen.store import log, open_review, records, runs
from iimscreen.store.connection import rows

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORDS = st.tuples(TEXTS, TEXTS) | st.just(())
RECORDS = st.builds(
    Record,
    title=TEXTS | st.none(),
    abstract=TEXTS | st.none(),
    year=st.integers(1, 2100) | st.none(),
    authors=st.lists(st.builds(Author, TEXTS, TEXTS, st.booleans()), max_size=3).map(tuple),
    links=st.lists(st.builds(Link, TEXTS, TEXTS | st.none(), TEXTS), max_size=3).map(tuple),
    languages=WORDS,
    keywords=WORDS,
    registry_numbers=WORDS,
    registrations=WORDS,
)


def an_article(pmid: int, title: str = "A title") -> str:
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article><ArticleTitle>{title}</ArticleTitle>"
        "</Article></MedlineCitation></PubmedArticle>\n"
    )


def a_file(path: Path, *articles: str, end: str = "</PubmedArticleSet>") -> Path:
    path.write_bytes(gzip.compress(f"<PubmedArticleSet>\n{''.join(articles)}{end}".encode()))
    return path


@given(RECORDS)
def test_lists_are_stored_as_json_in_the_spelling_of_earlier_releases(record):
    row = records.columns_of(record)

    def spelt(value):
        return json.dumps(value, ensure_ascii=False)

    authors = [
        {
            "family": author.family,
            **({"given": author.given} if author.given else {}),
            **({"group": True} if author.is_group else {}),
        }
        for author in record.authors
    ]
    links = [
        {
            "kind": link.kind,
            **({"pmid": link.pmid} if link.pmid else {}),
            **({"citation": link.citation} if link.citation else {}),
        }
        for link in record.links
    ]
    assert (row["authors"], row["links"]) == (spelt(authors), spelt(links))
    assert (row["languages"], row["keywords"]) == (spelt(record.languages), spelt(record.keywords))
    assert row["registrations"] == (spelt(record.registrations) if record.registrations else None)
    assert list(row) == [field.name for field in fields(Record) if field.name != "accession"]


@given(st.lists(RECORDS, max_size=4))
def test_the_hash_of_stored_rows_is_that_of_their_canonical_json(found):
    stored = [records.columns_of(record) for record in found]
    columns = list(records.columns_of(Record()))

    sha256 = records.rows_sha256(columns, (tuple(row.values()) for row in stored))

    hashes = [
        log.sha256(log.canonical({name: value for name, value in row.items() if value is not None}))
        for row in stored
    ]
    assert sha256 == log.sha256(log.canonical(hashes))


def test_a_review_of_an_earlier_release_still_has_the_hashes_that_were_logged(tmp_path):
    file = tmp_path / "review.db"
    file.write_bytes(gzip.decompress((Path(__file__).parent / "data" / "review-v1.db.gz").read_bytes()))

    with open_review(file) as review:
        logged = [row["records_sha256"] for row in rows(review.db, "select records_sha256 from run_results")]
        faults = runs.verify(review)

    assert len(logged) > 0
    assert faults == []


def test_more_records_than_are_stored_at_once_keep_their_order_and_are_known_again(review, tmp_path):
    number = 2 * records._AT_ONCE + 7
    first = a_file(tmp_path / "a.xml.gz", *(an_article(n) for n in range(1, number + 1)))
    again = a_file(tmp_path / "b.xml.gz", *(an_article(n) for n in range(number + 3, 3, -1)))

    (one,) = importing.import_files(review, [first], database="PubMed")
    (other,) = importing.import_files(review, [again], database="PubMed")

    assert (one.new, one.known, other.new, other.known) == (number, 0, 3, number - 3)
    hits = [key for label, key in runs.hits(review) if label.startswith("b.xml.gz")]
    assert hits == [f"pubmed:{n}" for n in range(number + 3, 3, -1)]
    assert runs.verify(review) == []


def test_records_of_one_file_that_share_their_number_are_stored_each(review, tmp_path):
    file = a_file(tmp_path / "a.xml.gz", an_article(1), an_article(1), an_article(1, "Another title"))

    (outcome,) = importing.import_files(review, [file], database="PubMed")

    keys = [key for _, key in runs.hits(review)]
    assert (outcome.read, outcome.new, outcome.known) == (3, 3, 0)
    assert keys[0] == "pubmed:1"
    assert len(set(keys)) == 3
    assert {stated_accession(key) for key in keys} == {"pubmed:1"}
    assert runs.verify(review) == []


@pytest.mark.parametrize("end", ["", "<PubmedArticle><oops></PubmedArticle></PubmedArticleSet>"])
def test_a_long_file_that_is_damaged_at_its_end_leaves_the_review_as_it_was(review, tmp_path, end):
    number = 2 * records._AT_ONCE
    file = a_file(tmp_path / "a.xml.gz", *(an_article(n) for n in range(1, number)), end=end)
    before = list(review.db.conn.iterdump())

    with pytest.raises(InputError, match=r"a\.xml\.gz: line \d+: this is no well-formed XML"):
        importing.import_files(review, [file], database="PubMed")

    assert list(review.db.conn.iterdump()) == before


def test_the_same_file_again_packed_or_not_stores_nothing(review, tmp_path):
    packed = a_file(tmp_path / "a.xml.gz", an_article(1), an_article(2))
    plain = tmp_path / "a.xml"
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    importing.import_files(review, [packed], database="PubMed")
    before = list(review.db.conn.iterdump())

    (outcome,) = importing.import_files(review, [plain], database="PubMed")

    assert (outcome.was_done, outcome.read, outcome.new, outcome.known) == (True, 2, 0, 2)
    assert list(review.db.conn.iterdump()) == before


def test_an_update_file_says_how_many_of_its_deletions_the_review_holds_and_removes_none(
    review_file, run, tmp_path
):
    a_file(tmp_path / "a.xml.gz", an_article(1), an_article(2))
    deletions = "<DeleteCitation><PMID>2</PMID><PMID>9</PMID><PMID>9</PMID></DeleteCitation>"
    a_file(tmp_path / "b.xml.gz", an_article(3), end=f"{deletions}</PubmedArticleSet>")
    run("import", tmp_path / "a.xml.gz", "--database", "PubMed")

    result = run("import", tmp_path / "b.xml.gz", "--database", "PubMed")

    said = " ".join(result.output.split())
    assert "b.xml.gz reports 2 PMIDs as deleted from PubMed" in said
    assert "1 record of this review carries one of them: pubmed:2. It stays; nothing is removed." in said
    with open_review(review_file) as review:
        assert [stored.key for stored in records.everything(review)] == ["pubmed:1", "pubmed:2", "pubmed:3"]


def test_deletions_of_records_that_the_review_lacks_are_counted_all_the_same(review, tmp_path):
    end = "<DeleteCitation><PMID>8</PMID></DeleteCitation></PubmedArticleSet>"
    file = a_file(tmp_path / "a.xml.gz", an_article(1), end=end)

    (outcome,) = importing.import_files(review, [file], database="PubMed")

    assert (outcome.deleted, outcome.deleted_but_held) == (1, ())
    assert (outcome.read, outcome.new) == (1, 1)


def test_a_file_of_deletions_alone_is_refused_and_says_what_it_holds(review, tmp_path):
    end = "<DeleteCitation><PMID>8</PMID></DeleteCitation></PubmedArticleSet>"
    file = a_file(tmp_path / "a.xml.gz", end=end)

    with pytest.raises(InputError, match="no usable record, only 1 PMID reported as deleted"):
        importing.import_files(review, [file], database="PubMed")
