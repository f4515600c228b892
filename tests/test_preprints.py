"""A preprint and its article: two reports of one study, unless the protocol says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import dedupe
from iimscreen.matching import find_pairs
from iimscreen.model import Author, Kind, Record, StoredRecord
from iimscreen.store import Review, duplicates, records

Run = Callable[..., Result]

TITLE = "Examplitis and drugazumab in adults: an invented trial of forty people"
PEOPLE = (Author("Meyer", "AB"), Author("Okafor", "C"))
PREPRINT = a_record(
    1, title=TITLE, authors=PEOPLE, year=2020, journal="medRxiv", doi="10.1101/2020.01.02.20000001"
)
ARTICLE = a_record(
    2,
    title=TITLE,
    authors=PEOPLE,
    year=2021,
    journal="Journal of Examples",
    volume="7",
    pages="1-9",
    doi="10.1000/examples.7",
)


def verdict(*given: Record, preprints: str = "link") -> list[tuple[str, str]]:
    stored = [
        StoredRecord(n, f"source:{n}", "Some database", Kind.DATABASE, one) for n, one in enumerate(given, 1)
    ]
    return [(pair.verdict, pair.rule) for pair in find_pairs(stored, preprints=preprints)]


@pytest.mark.parametrize(
    ("preprints", "expected"),
    [
        ("link", [("linked", "preprint_and_article")]),
        ("merge", [("duplicate", "preprint_and_article")]),
        ("apart", []),
    ],
)
def test_the_protocol_says_what_a_preprint_is_to_its_article(
    preprints: str, expected: list[tuple[str, str]]
) -> None:
    assert verdict(PREPRINT, ARTICLE, preprints=preprints) == expected


@pytest.mark.parametrize(
    "told",
    [
        {"journal": "bioRxiv : the preprint server for biology"},
        {"journal": "arXiv"},
        {"journal": "SSRN Electronic Journal"},
        {"journal": None, "doi": "10.21203/rs.3.rs-123456/v1"},
        {"journal": None, "publication_types": ("Preprint",)},
    ],
)
def test_a_preprint_is_known_by_its_server_its_doi_or_its_type(told: dict[str, Any]) -> None:
    facts = {"title": TITLE, "authors": PEOPLE, "year": 2020, "doi": None, **told}

    assert verdict(a_record(1, **facts), ARTICLE) == [("linked", "preprint_and_article")]


def test_an_article_that_kept_the_doi_of_its_preprint_is_an_article() -> None:
    facts = {
        "title": TITLE,
        "authors": PEOPLE,
        "year": 2021,
        "journal": "Journal of Examples",
        "pages": "1-9",
    }

    found = verdict(
        a_record(1, **facts, volume="7", doi="10.2139/ssrn.1234567"), a_record(2, **facts, volume="7")
    )

    assert found == [("duplicate", "same_title_author_volume_pages")]


def test_two_versions_of_a_preprint_are_one_report() -> None:
    facts = {"title": TITLE, "authors": PEOPLE, "year": 2020, "journal": "Research Square"}

    found = verdict(
        a_record(1, **facts, doi="10.21203/rs.3.rs-123456/v1"),
        a_record(2, **facts, doi="10.21203/rs.3.rs-123456/v2"),
    )

    assert found == [("duplicate", "same_doi_and_title")]


def test_a_preprint_of_others_with_the_same_title_is_no_report_of_the_study() -> None:
    other = a_record(1, title=TITLE, authors=(Author("Quist", "Z"),), year=2020, journal="medRxiv")

    assert verdict(other, ARTICLE) == []


def test_a_link_merges_nothing_and_is_logged_once(run: Run, review: Review) -> None:
    preprint, article = bring_in(review, [PREPRINT, ARTICLE])

    result = run("dedupe")
    dedupe.run(review, again=True)
    listed = " ".join(run("duplicates").stdout.split())

    assert "Linked as reports of one study (a preprint and its article): 1 pair." in result.stdout
    assert (
        f"Linked as two reports of one study, and not merged (a preprint and its article): {preprint}"
        in listed
    )
    assert records.kept_of(review, article) == article
    (link,) = duplicates.links(review)
    assert (link.key, link.other_key, link.verdict) == (preprint, article, "linked")
    assert "authors" in link.agreed
    assert review.db.execute("select count(*) from report_links").fetchone() == (1,)


def test_merging_them_by_hand_outlasts_the_rule(run: Run, review: Review) -> None:
    preprint, article = bring_in(review, [PREPRINT, ARTICLE])
    run("dedupe")

    run("duplicates", "merge", preprint, article, "--by", "ann", "--note", "one report for us")
    run("dedupe", "--again")

    assert records.kept_of(review, article) == preprint
    assert "Linked" not in run("duplicates").stdout


def test_another_word_of_the_protocol_judges_them_anew(run: Run, review: Review, tmp_path: Path) -> None:
    preprint, article = bring_in(review, [PREPRINT, ARTICLE])
    run("dedupe")
    text = run("protocol", "show").stdout
    assert 'preprints = "link"' in text
    changed = tmp_path / "protocol.toml"
    changed.write_text(text.replace('preprints = "link"', 'preprints = "merge"', 1), encoding="utf-8")

    loaded = run("protocol", "load", str(changed), "--by", "ann")
    before = run("status").stdout
    run("dedupe")

    assert loaded.exit_code == 0
    assert "preprints otherwise since" in " ".join(before.split())
    assert records.kept_of(review, article) == preprint
    assert [link.verdict for link in duplicates.links(review)] == ["unlinked"]


def test_the_protocol_takes_no_other_word_for_preprints(run: Run, review: Review, tmp_path: Path) -> None:
    text = run("protocol", "show").stdout
    wrong = tmp_path / "protocol.toml"
    wrong.write_text(text.replace('preprints = "link"', 'preprints = "join"', 1), encoding="utf-8")

    result = run("protocol", "load", str(wrong), "--by", "ann")

    assert result.exit_code == 3
    assert "preprints is 'join', expected one of link, merge, apart" in " ".join(result.output.split())
