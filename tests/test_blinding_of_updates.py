"""While an update is blind, no command about searches, sources, versions or findings tells of open votes.

Copies of one review that differ in nothing but the open votes of bob: every answer to ann is equal.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from eutils_links import with_links
from eutils_server import Article, EutilsServer, serving
from iimscreen import dedupe, fulltext
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, open_review, watches

Run = Callable[..., Result]

STRATEGY = '[strategy]\ntitle = "T"\n[[sub_query]]\nlabel = "A"\ntext = "myositis"\n'
BOTH = ("--by", "ann", "--by", "bob")
NEW = ("pubmed:1005", "pubmed:1006", "pubmed:1007")

# What a curious ann could type; those that store something come last.
CURIOUS = [
    ("status",),
    ("status", "--json"),
    ("prisma",),
    ("prisma", "--json"),
    *(
        ("prisma", "--list", name)
        for name in ("duplicates", "new_reports", "total_reports", "awaiting", "dbr_excluded")
    ),
    *(
        ("prisma", "--list", f"previous_{name}")
        for name in ("reports", "dropped", "added", "awaiting", "ongoing", "excluded")
    ),
    ("prisma", "--version", "1"),
    ("prisma", "--version", "1", "--json"),
    ("prisma", "--version", "1", "--list", "dbr_excluded"),
    ("prisma", "--version", "2"),
    ("why",),
    ("why", "--json"),
    ("why", "prisma.v1"),
    ("why", NEW[0], "--json"),
    ("why", "pubmed:1003"),
    ("whatif", "--without", NEW[1], "--json"),
    ("whatif", "--without", "pubmed:1001", "--all"),
    ("version",),
    ("version", "--json"),
    ("version", "close", "--by", "ann"),
    ("source",),
    ("source", "--json"),
    ("source", "of", NEW[0]),
    ("source", "of", NEW[1]),
    ("search", "report"),
    ("search", "show"),
    ("search", "show", "--json"),
    ("search", "compare", "FIRST", "SECOND"),
    ("search", "compare", "FIRST", "SECOND", "--json"),
    ("search", "--cited-by", "included", "--dry-run"),
    ("search", "--references", NEW[0], "--dry-run"),
    ("search", "--similar", "included", "--dry-run"),
    ("log",),
    ("log", "--reviewer", "ann"),
    ("check",),
    ("previous", "load", "again.csv", "--by", "ann"),
    ("previous", "load", "more.csv", "--by", "ann"),
    ("watch", "--source", "none"),
    ("watch", "--source", "none", "--json"),
    ("watch", "settle", NEW[0], *BOTH, "--keep"),
    ("watch", "settle", NEW[1], *BOTH, "--exclude", "--reason", "review"),
    ("watch",),
    ("watch", "--retraction-watch", "rw.csv", "--json"),
    ("watch", "settle", "pubmed:1001", *BOTH, "--exclude", "--reason", "review"),
    ("prisma",),
    ("search", "--cited-by", "included"),
    ("search", "--update"),
    *(("records", "show", key, "--json") for key in ("pubmed:1002", NEW[1])),
    ("records", "list", "--json"),
    *(("records", "remove", key, "--reason", "curious", "--by", "ann") for key in ("pubmed:1001", *NEW)),
    *(
        ("records", "edit", key, "--set", "abstract=Seen.", "--note", "curious", "--by", "ann")
        for key in ("pubmed:1002", *NEW)
    ),
    ("records", "edit", NEW[1], "--undo", "--by", "ann"),
    ("records", "remove", "reference-list:r77", "--reason", "curious", "--by", "ann"),
    ("records", "list", "--removed"),
    ("prisma", "--list", "excluded_other"),
    ("prisma", "--json"),
    ("records", "restore", "reference-list:r77", "--note", "curious", "--by", "ann"),
    ("duplicates", "merge", NEW[0], NEW[1], "--by", "ann"),
    ("duplicates", "merge", NEW[1], NEW[2], "--by", "ann", "--dry-run"),
    ("duplicates", "merge", "pubmed:1001", NEW[1], "--by", "ann", "--dry-run"),
    ("duplicates", "split", NEW[0], NEW[1], "--by", "ann", "--dry-run"),
    ("duplicates", "overlap", "--json"),
    ("duplicates", "report", NEW[0]),
    ("duplicates", "why", NEW[0], NEW[1], "--json"),
    ("duplicates", "merge", NEW[0], NEW[1], "--by", "ann", "--yes"),
    ("prisma", "--json"),
    ("status",),
    ("check",),
]


@pytest.fixture
def pubmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[EutilsServer]:
    """A local PubMed in which every report cites another, and the new ones are retracted."""
    families = ("Adler", "Beispiel", "Castor", "Dorn", "Ebert", "Funk", "Gruber", "Huber")
    articles = [
        Article(
            str(1000 + n),
            f"Case {n}: myositis {n * 7919} and drug {n * 104729}",
            authors=(f"{family}, Nora",),
            journal=f"Invented Journal of {family}",
            year=2015 + n,
            types=("Journal Article", *(("Retracted Publication",) if n > 4 else ())),
        )
        for n, family in enumerate(families, start=1)
    ]
    with serving(articles, terms={"myositis": ["1001", "1002", "1003", "1004"]}) as server:
        with_links(server, {"pubmed_pubmed_citedin": {str(1000 + n): [str(1001 + n)] for n in range(1, 8)}})
        monkeypatch.setenv("IIMSCREEN_EUTILS_URL", server.address)
        monkeypatch.setenv("NCBI_API_KEY", "good-key")  # 10 requests a second in place of 3
        monkeypatch.setenv("IIMSCREEN_EMAIL", "ann@example.org")
        yield server


def vote(review: Review, name: str, stage: str, verdicts: dict[str, str]) -> None:
    desk = Desk(review, name, stage)
    for key, verdict in verdicts.items():
        is_reasoned = verdict == "exclude" and stage == FULL_TEXT
        desk.decide(Decision(key, verdict, "review" if is_reasoned else None))


@pytest.fixture
def closed(run: Run, pubmed: EutilsServer) -> Path:
    """A review with a version elsewhere and one closed here, an open finding, and three new records."""
    Path("s.toml").write_text(STRATEGY)
    Path("again.csv").write_text("study,pmid\nOld,901\n")
    Path("more.csv").write_text("study,pmid\nMore,902\n")
    Path("rw.csv").write_text(
        "OriginalPaperPubMedID,OriginalPaperDOI,RetractionNature\n"
        + "".join(f"100{n},,Expression of concern\n" for n in (1, 2, 5, 6, 7))
    )
    run("search", "--strategy", "s.toml")
    run("previous", "load", "again.csv", "--by", "ann")
    path = Path("review.db").resolve()
    with open_review(path) as review:
        dedupe.run(review)
        known = [f"pubmed:100{n}" for n in range(1, 5)]
        for name in ("ann", "bob"):
            vote(review, name, TITLE_ABSTRACT, dict.fromkeys(known, "include"))
        fulltext.mark_all(review, by="ann")
        ends = dict(zip(known, ("include", "exclude", "awaiting", "ongoing"), strict=True))
        for name in ("ann", "bob"):
            vote(review, name, FULL_TEXT, ends)
    assert run("version", "close", "--by", "ann").exit_code == 0
    with open_review(path) as review:
        finding = watches.Finding(known[0], "concern", "pmid:9001", "", was_known=False)
        with review.writing():
            watches.add(review, origin="PubMed", looked_at=1, findings=[finding])
    pubmed.terms["myositis"] = ["1002", "1003", "1004", "1005", "1006", "1007"]
    assert run("search", "--update").exit_code == 0
    with open_review(path) as review:
        bring_in(review, [a_record(5, pmid="1005")], database="Embase")
        bring_in(review, [a_record(77)], database="Reference list", kind=Kind.CITATION)
        dedupe.run(review)
    return path


def seen(run: Run, path: Path) -> list[tuple[tuple[str, ...], int, str]]:
    with open_review(path) as review:
        first, *_, last = (
            row["uid"] for row in review.db.query("select uid from log where kind = 'searches' order by id")
        )
    found = []
    for words in CURIOUS:
        given = [{"FIRST": first, "SECOND": last}.get(word, word) for word in words]
        result = run(*given)
        found.append((words, result.exit_code, masked(result.output)))
    return found


def masked(text: str) -> str:
    """Times and hashes differ from run to run by themselves."""
    stamp = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+Z| \w+)?"
    return re.sub(stamp, "TIME", re.sub(r"\b[0-9a-f]{8,64}\b", "HASH", text))


OPEN_VOTES = {
    TITLE_ABSTRACT: (("include", "include", "include"), ("exclude", "exclude", "unsure")),
    FULL_TEXT: (
        ("include", "include", "include"),
        ("exclude", "awaiting", "ongoing"),
    ),
}


@pytest.mark.parametrize("stage", [TITLE_ABSTRACT, FULL_TEXT])
def test_whatever_bob_votes_in_a_blind_update_ann_sees_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch, closed: Path, tmp_path: Path, stage: str
) -> None:
    if stage == FULL_TEXT:
        with open_review(closed) as review:
            for name in ("ann", "bob"):
                vote(review, name, TITLE_ABSTRACT, dict.fromkeys(NEW, "include"))
            fulltext.mark_all(review, by="ann")

    answers = []
    for number, verdicts in enumerate(OPEN_VOTES[stage]):
        folder = tmp_path / str(number)
        folder.mkdir()
        for file in ("review.db", "s.toml", "again.csv", "more.csv", "rw.csv"):
            shutil.copy(tmp_path / file, folder / file)
        monkeypatch.chdir(folder)
        with open_review(folder / "review.db") as review:
            vote(review, "ann", stage, {NEW[0]: "include"})
            vote(review, "bob", stage, dict(zip(NEW, verdicts, strict=True)))
        answers.append(seen(run, folder / "review.db"))

    for other in answers[1:]:
        for mine, theirs in zip(answers[0], other, strict=True):
            assert mine == theirs
