"""Files of full texts: which are attached to which report. Where they lie is not this module's matter."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen.store import log
from iimscreen.store.connection import Review, rows


@dataclass(frozen=True, slots=True)
class FullTextFile:
    """One file that is attached to a report, as it was last told."""

    key: str  # of the record kept for its report
    file_name: str
    format: str  # pdf, xml, html, txt or other
    sha256: str
    bytes: int  # 0 where it was not noted
    origin: str  # "by hand", or what it came from
    place: (
        str | None
    )  # where it was left, if it is no copy of ours; relative to the review's folder, or absolute
    at: str  # UTC
    by: str


def add(
    review: Review,
    key: str,
    *,
    file_name: str,
    format: str,
    sha256: str,
    size: int,
    origin: str,
    place: str | None = None,
    attached: bool = True,
    by: str,
) -> None:
    """Log that a file is attached to a report, or no longer. Inside `writing()`."""
    log.append_one(
        review.db,
        "fulltext_files",
        {
            "record_key": key,
            "file_name": file_name,
            "format": format,
            "sha256": sha256,
            "bytes": size,
            "origin": origin,
            "place": place,
            "attached": int(attached),
        },
        actor=by,
    )


# A file that came with a retrieval before files had a table of their own counts as attached then.
_ALL = """
select fulltext_files.log_id, members.kept_key, file_name, format, sha256, bytes, origin, place, attached
from fulltext_files
join members on members.key = fulltext_files.record_key
union all
select retrievals.log_id, members.kept_key, file_name, '', file_sha256, 0, 'by hand', null, 1
from retrievals
join members on members.key = retrievals.record_key
where file_sha256 is not null
  and not exists (
    select 1
    from fulltext_files
    where fulltext_files.record_key = retrievals.record_key and fulltext_files.sha256 = retrievals.file_sha256
  )
"""


def standing(review: Review) -> dict[str, tuple[FullTextFile, ...]]:
    """Report → its files, in the order in which they were attached; reports without are absent."""
    found: dict[tuple[str, str], FullTextFile] = {}
    for row in rows(
        review.db,
        f"select words.*, log.at, log.actor from ({_ALL}) as words join log on log.id = words.log_id order by log.id",
    ):
        place = row["kept_key"], row["sha256"]
        if not row["attached"]:
            found.pop(place, None)
            continue
        found[place] = FullTextFile(
            row["kept_key"],
            row["file_name"],
            row["format"] or _format_by_name(row["file_name"]),
            row["sha256"],
            row["bytes"],
            row["origin"],
            row["place"],
            row["at"],
            row["actor"],
        )
    by_report: dict[str, list[FullTextFile]] = {}
    for one in found.values():
        by_report.setdefault(one.key, []).append(one)
    return {key: tuple(files) for key, files in by_report.items()}


def _format_by_name(file_name: str) -> str:
    suffix = file_name.rpartition(".")[2].lower()
    return {"htm": "html"}.get(suffix, suffix if suffix in ("pdf", "xml", "html", "txt") else "other")
