"""Parts of records for a list on the screen and for a search in it: asked for by keys, some at a time.

What people edited is read over the source's words here as it is in `store/records.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from iimscreen.store import curation
from iimscreen.store.connection import Review


class Heading(NamedTuple):
    """What a list shows of a record."""

    title: str | None
    author: str  # the first, "" where none is stated
    year: int | None


def headings(review: Review, keys: Sequence[str]) -> dict[str, Heading]:
    """The heading of each of these records, in no order."""
    edited = curation.standing_edits(review, keys)
    found = review.db.execute(
        """
        select records.key, title, authors, year
        from json_each(:keys) as wanted
        cross join records on records.key = wanted.value
        """,
        {"keys": json.dumps(keys)},
    ).fetchall()
    given = {}
    for key, title, authors, year in found:
        facts = {"title": title, "authors": authors, "year": year} | edited.get(key, {})
        people = json.loads(facts["authors"] or "[]")
        stated = facts["year"]
        given[key] = Heading(
            facts["title"], people[0]["family"] if people else "", None if stated is None else int(stated)
        )
    return given


def texts(review: Review, keys: Sequence[str]) -> list[tuple[str, str]]:
    """(key, title, authors and abstract as one text) of each of these kept records and the others of its report.

    In no order. Read to the end before it returns, so that no writer waits for whoever uses it.
    """
    found = review.db.execute(
        """
        select kept.key, records.key, records.title, records.authors, records.abstract
        from json_each(:keys) as wanted
        cross join records as kept on kept.key = wanted.value
        cross join kept_records on kept_records.kept_id = kept.id
        cross join records on records.id = kept_records.record_id
        """,
        {"keys": json.dumps(keys)},
    ).fetchall()
    edited = curation.standing_edits(review, [key for _, key, *_ in found])
    given: dict[str, list[str]] = {}
    for kept, key, title, authors, abstract in found:
        facts = {"title": title, "authors": authors, "abstract": abstract} | edited.get(key, {})
        people = (f"{one['family']} {one.get('given', '')}" for one in json.loads(facts["authors"] or "[]"))
        given.setdefault(kept, []).extend(filter(None, [facts["title"], *people, facts["abstract"]]))
    return [(key, "\n".join(parts)) for key, parts in given.items()]
