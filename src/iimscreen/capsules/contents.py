"""What goes into a capsule, derived from the copy of the review file that is in it, so that both agree."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from iimscreen import (
    capsule_files,
    diagram,
    flow,
    numbers,
    review_flow,
    review_forms,
    table_files,
    tabulating,
)
from iimscreen.errors import ProtocolError
from iimscreen.fulltext import excluded
from iimscreen.model import Protocol
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, capsule_copies, form_texts, log, protocols

Documents = Callable[[Review], Mapping[str, bytes]]  # what the front makes of a review, name → bytes


def numbers_json(review: Review) -> bytes:
    """Every named number with its value, definition and the rows behind it."""
    stated = capsule_copies.as_stated(review)
    return capsule_files.as_json(
        {
            "review": stated["uid"],
            "log_ends_with": stated["log_ends_with"],
            "numbers": [
                {
                    "name": one.name,
                    "value": one.value,
                    "definition": one.definition,
                    "of": one.of,
                    "is_count": (bool(one.rows) and one.value == len(one.rows)) or one.value == 0,
                    "rows": list(one.rows),
                    "rows_sha256": log.sha256(log.canonical(list(one.rows))),
                    "why_not": one.why_not,
                }
                for one in numbers.every(review).values()
            ],
        }
    )


def flow_json(review: Review) -> bytes:
    """The flow as `iimscreen prisma --json` prints it."""
    return capsule_files.as_json(flow.as_json(review_flow.prisma(review)))


def rules_json(protocol: Protocol) -> bytes:
    """The rules in force that the numbers rest on, for programs that read no TOML."""
    return capsule_files.as_json(
        {
            "sha256": protocol.sha256,
            "identified": protocol.identified,
            "screen_other_methods": protocol.screen_other_methods,
            "reasons": [reason.code for reason in protocol.reasons],
            "stages": [
                {
                    "name": stage.name,
                    "reviewers_needed": stage.reviewers_needed,
                    "advances": sorted(stage.advances),
                    "settles": sorted(stage.final),
                }
                for stage in protocol.stages
            ],
        }
    )


def of_review(
    review: Review, folder: Path, documents: Documents, *, has_texts: bool
) -> dict[str, bytes | Path]:
    """Everything but the review file and what the capsule says of itself; what is large goes into `folder`."""
    protocol = in_force(review)
    found: dict[str, bytes | Path] = {
        "numbers.json": numbers_json(review),
        "flow/flow.json": flow_json(review),
        "protocol/in-force.json": rules_json(protocol),
        "records/records.jsonl": _lines(
            folder / "records.jsonl",
            ({"key": key, "sha256": sha256} for key, sha256 in capsule_copies.record_hashes(review)),
        ),
        "log/log.jsonl": _lines(folder / "log.jsonl", capsule_copies.log_rows(review)),
    }
    for version in protocols.versions(review):
        found[f"protocol/version-{version.number}.toml"] = version.text.encode()
    for name in {*(one.name for one in protocol.instruments), *form_texts.names(review)}:
        found[f"forms/{_plain(name)}.toml"] = review_forms.text_of(review, name).encode()
    found |= _strategies(review) | _raw_replies(review, folder, has_texts=has_texts)
    found |= _tables(review) | _figure(review) | _excluded(review)
    return found | dict(documents(review))


def _lines(path: Path, values: Iterable[Mapping[str, Any]]) -> Path:
    with path.open("wb") as file:
        for value in values:
            file.write(capsule_copies.as_line(value))
    return path


def _plain(name: str) -> str:
    """A name as a part of a path on every system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[:80] or "unnamed"


def _strategies(review: Review) -> dict[str, bytes]:
    return {
        f"strategies/{number:02}-{_plain(name)}.toml": text.encode()
        for number, (name, text) in enumerate(capsule_copies.strategies(review), start=1)
    }


def _raw_replies(review: Review, folder: Path, *, has_texts: bool) -> dict[str, bytes | Path]:
    """Each reply as its source gave it, and an index; the index alone where texts are left out."""
    found: dict[str, bytes | Path] = {}
    index = []
    for number, reply in enumerate(capsule_copies.replies(review), start=1):
        entry = {
            "run": reply.run_uid,
            "label": reply.label,
            "request": reply.request,
            "received_at": reply.received_at,
            "sha256": reply.sha256,
        }
        if has_texts:
            ending = {b"<": "xml", b"{": "json", b"[": "json"}.get(reply.body.lstrip()[:1], "txt")
            name = f"raw-replies/{_plain(reply.label)}-{reply.run_uid[:8]}/{number:05}.{ending}"
            entry["file"] = name
            path = folder / f"reply-{number}"
            path.write_bytes(reply.body)
            found[name] = path
        index.append(entry)
    return {**found, "raw-replies/index.jsonl": b"".join(map(capsule_copies.as_line, index))}


def _tables(review: Review) -> dict[str, bytes]:
    try:
        made = tabulating.tabulate(review)
    except ProtocolError:  # no study is named, or no form is in the protocol
        return {}
    return {
        f"tables/{name}": held for name, held in table_files.files(made.contents, ("csv", "html")).items()
    }


def _figure(review: Review) -> dict[str, bytes]:
    """The pictures of the flow, where this iimscreen draws any."""
    if importlib.util.find_spec("iimscreen.pictures") is None:
        return {}
    pictures = importlib.import_module("iimscreen.pictures")
    drawn = diagram.of_flow(review_flow.prisma(review))
    return {"flow/flow.svg": pictures.svg(drawn).encode(), "flow/flow.png": pictures.png(drawn)}


def _excluded(review: Review) -> dict[str, bytes]:
    try:
        return {"report/excluded-full-texts.csv": excluded.as_csv(excluded.excluded(review).reports)}
    except ProtocolError:  # not open to view yet
        return {}
