"""What the tables of a review file are, told to Datasette: its metadata, with queries for lists of records."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from iimscreen.store import log
from iimscreen.store.connection import Review

# Not for the first look: what only the program needs, and votes that may still be blind.
_HIDDEN = frozenset((
    "_sqlite_migrations", "kept_records", "replies", "revealed_records", "run_hits", "log", "decisions",
    "duplicate_votes", "extractions", "extraction_resolutions", "row_pairings",
))  # fmt: skip
_LABELS = {
    "records": "title",
    "sources": "database",
    "study_names": "study",
    "searches": "title",
    "runs": "label",
}
_FACETS = {"records": ["source", "year"], "duplicate_verdicts": ["verdict", "decided_by"]}
_SORT = {"records": "id", "study_names": "study", "sources": "source"}
_UNITS = {
    "fulltext_files": {"bytes": "B"},
}
_MOST = 5_000  # keys in one query: what a page of Datasette still shows in a second
_SHOWN = "key, title, authors, journal, year, doi, pmid, abstract"
_WARNING = (
    "Made by iimscreen. A review file holds every vote and every extracted value, also those of rounds that are "
    "blind: who opens it here can read them, and nothing logs that. Tables with such votes are hidden from the "
    "list and begin with WARNING. The queries named prisma rest on what was open to view when this file was made, "
    "after row {last} of the log; they do not follow the review. Tables that point at a record by its key, or at the "
    "log by a hash, are hidden too, since their links lead nowhere: a query of the same name shows each with titles."
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of records by its name: what it is in a sentence, and the keys."""

    name: str
    definition: str
    keys: tuple[str, ...]


def metadata(review: Review, title: str, lists: Sequence[Listed]) -> dict[str, Any]:
    """Datasette's metadata for this file, under the name that its own gives it there."""
    texts = _texts()
    about = _WARNING.format(last=log.last_id(review))
    pointing = {name: found for name in columns_of(review) if (found := _pointers(review, name))}
    tables = {
        name: _table(texts, name, columns, is_shown=name not in _HIDDEN and name not in pointing)
        for name, columns in columns_of(review).items()
    }
    queries = _GENERAL | {
        f"{name}_with_titles": _with_titles(name, columns, tables[name]["description"])
        for name, columns in pointing.items()
        if name not in _HIDDEN
    }
    queries |= {
        re.sub(r"\W+", "_", one.name).strip("_"): _query(one) for one in lists if len(one.keys) <= _MOST
    }
    return {
        "title": title,
        "description": about,
        "databases": {review.path.stem: {"description": about, "tables": tables, "queries": queries}},
    }


def columns_of(review: Review) -> dict[str, list[str]]:
    """Table or view → its columns, of this file."""
    names = review.db.execute("select name from sqlite_master where type in ('table', 'view') order by name")
    return {
        name: [column for (column,) in review.db.execute("select name from pragma_table_info(?)", [name])]
        for (name,) in names.fetchall()
        if not name.startswith("sqlite_")
    }


def _pointers(review: Review, name: str) -> dict[str, str]:
    """Column → the table that it points at, by something else than its primary key: Datasette finds no row by that."""
    found = review.db.execute(
        "select pointing.'from', pointing.'table' from pragma_foreign_key_list(?) as pointing "
        "join pragma_table_info(pointing.'table') as there on there.name = pointing.'to' where there.pk = 0 "
        "order by pointing.id desc",
        [name],
    )
    return dict(found.fetchall())


def _with_titles(name: str, pointers: Mapping[str, str], description: str) -> dict[str, str]:
    """A query for a table whose links lead nowhere: its rows, with the titles of the records that it means."""
    of_records = [column for column, table in pointers.items() if table == "records"]
    titles = [
        f'(select records.title from records where records.key = here.{column}) as "title of {column}"'
        for column in of_records
    ]
    return {
        "title": f"{name}, with titles" if titles else name,
        "description": description,
        "sql": f"select {', '.join(['here.*', *titles])}\nfrom {name} as here\norder by 1",
    }


def _texts() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("described.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _table(texts: Mapping[str, Any], name: str, columns: Sequence[str], *, is_shown: bool) -> dict[str, Any]:
    own = texts["of"].get(name, {})
    found: dict[str, Any] = {
        "description": texts["tables"].get(name, "A table that is not of iimscreen."),
        "columns": {
            column: said for column in columns if (said := own.get(column) or texts["columns"].get(column))
        },
    }
    if not is_shown:
        found["hidden"] = True
    if name in _LABELS:
        found["label_column"] = _LABELS[name]
    if name in _SORT:
        found["sort"] = _SORT[name]
    if name in _FACETS:
        found["facets"] = _FACETS[name]
    if name in _UNITS:
        found["units"] = _UNITS[name]
    return found


def _query(one: Listed) -> dict[str, str]:
    keys = json.dumps(list(one.keys), ensure_ascii=False).replace("'", "''")
    return {
        "title": f"{one.name}: {len(one.keys):,}",
        "description": one.definition,
        "sql": f"select {_SHOWN}\nfrom records\nwhere key in (select value from json_each('{keys}'))\norder by id",
    }


_GENERAL = {
    "record_by_its_key": {
        "title": "One record by its key",
        "description": "All that its source states. A key is source:accession, as in the columns named key.",
        "sql": "select * from records where key = trim(:key)",
    },
    "reports_with_their_records": {
        "title": "Reports, with how many records each has",
        "description": "One row for each report that this review judges.",
        "sql": "select reports.key, records.title, records.year, count(*) as records, "
        "group_concat(members.key, ' · ') as keys\nfrom reports\njoin records on records.id = reports.id\n"
        "join members on members.kept_key = reports.key\ngroup by reports.key\norder by reports.id",
    },
    "records_with_words": {
        "title": "Records with words in title or abstract",
        "description": "Type some words as they stand there.",
        "sql": f"select {_SHOWN}\nfrom records\nwhere title like '%' || :words || '%' or abstract like '%' || :words "
        "|| '%'\norder by id",
    },
    "records_of_each_source": {
        "title": "Records of each source",
        "description": "How many records each source gave, before duplicates.",
        "sql": "select sources.database, sources.kind, count(*) as records\nfrom records\n"
        "join sources on sources.source = records.source\ngroup by sources.source\norder by records desc",
    },
    "log_of_searches": {
        "title": "Searches and imports, with what they found",
        "description": "One row for each sub-query and each imported file.",
        "sql": "select runs.database, runs.label, runs.file_name, log.at, run_results.hits, run_results.new_records, "
        "runs.query\nfrom runs\njoin log on log.id = runs.log_id\n"
        "left join run_results on run_results.run_uid = log.uid\norder by runs.log_id",
    },
}
