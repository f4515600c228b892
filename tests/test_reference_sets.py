"""`iimscreen export` of sets of references: which are meant, once each, in the format that the name asks for."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen import written_formats
from iimscreen.formats import csl_json, jsonl
from iimscreen.model import Kind, Parsed
from iimscreen.store import Review

Run = Callable[..., Result]


def ran(run: Run, *words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def keys(path: str) -> list[str]:
    return [line["iimscreen"]["record"] for line in lines(path)]


@pytest.fixture
def judged(run: Run, review: Review) -> list[str]:
    """Four reports: included at full text, excluded there, excluded on its abstract, and in conflict there."""
    found = bring_in(
        review, [a_record(1, doi="10.1000/one", abstract="Ten."), a_record(2), a_record(3), a_record(4)]
    )

    def vote(name: str, key: str, verdict: str, *more: str) -> None:
        ran(run, "screen", "--reviewer", name, "--record", key, "--verdict", verdict, *more)

    for key, verdict in zip(found, ("include", "include", "exclude", "include"), strict=True):
        for name in ("ann", "bob"):
            vote(name, key, verdict)
    ran(run, "fulltext", "retrieved", "--all", "--by", "ann")
    for key, (ann, bob) in zip(
        (found[0], found[1], found[3]),
        ((("include",),) * 2, (("exclude", "--reason", "review"),) * 2, (("include",), ("awaiting",))),
        strict=True,
    ):
        vote("ann", key, *ann, "--stage", "full-text")
        vote("bob", key, *bob, "--stage", "full-text")
    return found


@pytest.mark.parametrize(
    ("words", "places"),
    [
        (("--included",), [0]),
        (("--included", "--stage", "title-abstract"), [0, 1, 3]),
        (("--which", "included"), [0]),
        (("--excluded",), [1, 2]),
        (("--excluded", "--stage", "full-text"), [1]),
        (("--conflicts",), [3]),
        (("--all",), [0, 1, 2, 3]),
        ((), [0, 1, 2, 3]),
        (("--run", "1"), [0, 1, 2, 3]),
        (("--why", "prisma.records_excluded"), [2]),
        (("--why", "prisma.dbr_excluded.review"), [1]),
    ],
)
def test_a_set_holds_the_references_that_it_says(
    run: Run, judged: list[str], words: tuple[str, ...], places: list[int]
) -> None:
    ran(run, "export", *words, "--output", "a.jsonl")

    assert keys("a.jsonl") == [judged[place] for place in places]


def test_decisions_stand_in_a_set_that_rests_on_them_and_elsewhere_if_asked_for(
    run: Run, judged: list[str]
) -> None:
    assert ran(run, "export", "--included", "--out", "a.jsonl") == (
        "Wrote a.jsonl: 1 report, 4 decisions (included, full-text).\n"
    )
    assert ran(run, "export", "--included", "--no-decisions", "--out", "b.jsonl") == (
        "Wrote b.jsonl: 1 report (included, full-text).\n"
    )
    ran(run, "export", "--all", "--out", "c.jsonl")
    ran(run, "export", "--all", "--decisions", "--out", "d.jsonl")

    (with_them,) = lines("a.jsonl")
    decided = with_them["iimscreen"]["decisions"]
    assert [(one["stage"], one["outcome"], len(one["votes"])) for one in decided] == [
        ("title-abstract", "include", 2),
        ("full-text", "include", 2),
    ]
    assert "ann" not in Path("b.jsonl").read_text(encoding="utf-8")
    assert "ann" not in Path("c.jsonl").read_text(encoding="utf-8")
    assert len(lines("d.jsonl")[1]["iimscreen"]["decisions"]) == 2


def test_a_report_of_two_records_stands_once_as_composed_and_twice_with_records(
    run: Run, review: Review
) -> None:
    kept, other = (
        *bring_in(review, [a_record(1, doi="10.1000/one")]),
        *bring_in(
            review,
            [a_record(1, source_id="x", doi="10.1000/one", abstract="Ten patients.")],
            database="Other",
        ),
    )
    ran(run, "dedupe")

    ran(run, "export", "--all", "--out", "reports.jsonl")
    ran(run, "export", "--all", "--records", "--out", "records.jsonl")
    ran(run, "export", "--run", "2", "--out", "run.jsonl")
    ran(run, "export", "--why", "prisma.duplicates", "--out", "duplicates.jsonl")

    assert [(one["iimscreen"]["record"], one["abstract"]) for one in lines("reports.jsonl")] == [
        (kept, "Ten patients.")
    ]
    assert [one.get("abstract") for one in lines("records.jsonl")] == [None, "Ten patients."]
    assert keys("run.jsonl") == keys("duplicates.jsonl") == [other]


@pytest.mark.parametrize("suffix", written_formats.SUFFIXES)
def test_the_name_of_the_file_tells_the_format(run: Run, judged: list[str], suffix: str) -> None:
    ran(run, "export", "--all", "--out", f"named{suffix}")
    ran(run, "export", "--all", "--to", written_formats.SUFFIXES[suffix], "--out", "named.other")

    if suffix != ".xlsx":  # a workbook states when it was made
        assert Path(f"named{suffix}").read_bytes() == Path("named.other").read_bytes()
    assert Path(f"named{suffix}").stat().st_size > 100


def test_studies_behind_a_number_are_exported_as_their_reports(run: Run, judged: list[str]) -> None:
    ran(run, "study", "new", "Paik 2021", "--report", judged[0], "--by", "ann")

    ran(run, "export", "--why", "prisma.new_studies", "--out", "a.jsonl")

    assert keys("a.jsonl") == [judged[0]]


def test_removed_records_are_in_no_set_of_all(run: Run, review: Review) -> None:
    kept, removed = bring_in(review, [a_record(1), a_record(2)])
    ran(run, "records", "remove", removed, "--reason", "not a report", "--by", "ann")

    ran(run, "export", "--all", "--out", "a.jsonl")

    assert keys("a.jsonl") == [kept]


def test_names_to_cite_by_are_the_same_whichever_set_is_exported(run: Run, review: Review) -> None:
    same = {"authors": (), "title": "JAK inhibitors again", "year": 2021}
    bring_in(review, [a_record(n, **same, volume=str(n)) for n in (1, 2, 3)])
    bring_in(review, [a_record(4, **same, volume="9")], database="Other", kind=Kind.REGISTER)

    ran(run, "export", "--all", "--out", "all.json")
    ran(run, "export", "--run", "2", "--out", "run.json")

    names = [
        one.record.source_id
        for one in csl_json.read(Path("all.json").read_bytes())
        if isinstance(one, Parsed)
    ]
    assert names == ["JAK2021a", "JAK2021b", "JAK2021c", "JAK2021d"]
    assert [item["id"] for item in json.loads(Path("run.json").read_text(encoding="utf-8"))] == ["JAK2021d"]


def test_an_export_in_json_lines_comes_back_as_the_same_records(run: Run, judged: list[str]) -> None:
    ran(run, "export", "--all", "--out", "a.jsonl")
    found = [one.record for one in jsonl.read(Path("a.jsonl").read_bytes()) if isinstance(one, Parsed)]

    assert [one.title for one in found] == [a_record(n).title for n in (1, 2, 3, 4)]
    assert found[0].abstract == "Ten."


# --- Datasette -----------------------------------------------------------------------------------------


@pytest.fixture
def described(run: Run, judged: list[str]) -> dict[str, Any]:
    """What Datasette is told of a review named review.db."""
    ran(run, "export", "--to", "datasette-metadata", "--out", "metadata.json")
    told: dict[str, Any] = json.loads(Path("metadata.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = told["databases"]["review"]
    return found


def test_every_table_and_column_is_described_and_none_that_does_not_exist(
    described: dict[str, Any], review: Review
) -> None:
    real = {
        name: {column for (column,) in review.db.execute("select name from pragma_table_info(?)", [name])}
        for (name,) in review.db.execute(
            "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite%'"
        ).fetchall()
    }

    assert {name: set(table["columns"]) for name, table in described["tables"].items()} == real
    for name, table in described["tables"].items():
        assert {table.get("label_column"), table.get("sort")} - {None} <= real[name], name
        assert "not of iimscreen" not in table["description"], name


def test_no_description_is_left_of_a_table_or_column_that_is_gone(described: dict[str, Any]) -> None:
    text = resources.files("iimscreen.store").joinpath("described.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    real = {name: set(table["columns"]) for name, table in described["tables"].items()}

    assert set(given["tables"]) == set(real)
    assert set(given["columns"]) <= set.union(*real.values())
    for name, columns in given["of"].items():
        assert set(columns) <= real[name], name


def test_every_query_runs_and_gives_the_list_that_it_is_named_after(
    described: dict[str, Any], review: Review, judged: list[str]
) -> None:
    found = {
        name: review.db.execute(query["sql"], {"words": "drug", "key": judged[2]}).fetchall()
        for name, query in described["queries"].items()
    }

    assert [row[0] for row in found["prisma_records_excluded"]] == [judged[2]]
    assert [row[0] for row in found["prisma_dbr_excluded_review"]] == [judged[1]]
    assert len(found["records_with_words"]) == 4
    assert len(found["record_by_its_key"]) == 1
    assert len(found["reports_with_their_records"]) == 4
    assert all(re.fullmatch(r"\w+", name) for name in found)


def test_no_table_that_is_shown_has_links_that_lead_nowhere(
    described: dict[str, Any], review: Review
) -> None:
    for name, table in described["tables"].items():
        lead_nowhere = review.db.execute(
            "select count(*) from pragma_foreign_key_list(?) as link join pragma_table_info(link.'table') as there "
            "on there.name = link.'to' where there.pk = 0",
            [name],
        ).fetchone()[0]
        assert table.get("hidden") or not lead_nowhere, name

    query = described["queries"]["retrievals_with_titles"]
    found = review.db.execute(query["sql"])
    columns = [column for column, *_ in found.description]
    assert columns[-1] == "title of record_key"
    assert [dict(zip(columns, row, strict=True))["title of record_key"] for row in found]


def test_tables_of_votes_are_hidden_and_warned_of_and_no_query_reads_them(described: dict[str, Any]) -> None:
    for name in ("decisions", "duplicate_votes", "extractions"):
        assert described["tables"][name]["hidden"] is True
        assert described["tables"][name]["description"].startswith("WARNING")
        assert not any(name in query["sql"] for query in described["queries"].values())
    assert "nothing logs that" in described["description"]
