"""A capsule read with suspicion: its bytes, its file of the review, and every number worked out anew.

Nothing of a capsule is run: the verifier is the one of this iimscreen, and the capsule's own is compared with it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iimscreen import capsule_files, report
from iimscreen.capsule_files import verify as verifier
from iimscreen.capsules import contents
from iimscreen.errors import IimscreenError, InputError
from iimscreen.review_protocol import in_force
from iimscreen.store import capsule_copies, open_review


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, what is wrong, and what cannot be told."""

    looked_at: tuple[str, ...]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def verify(path: Path) -> Verified:
    """Everything that can be told of a capsule. Raises InputError if it is none, or nothing to unpack."""
    with _unpacked(path) as folder:
        return _verified(folder)


def open_into(path: Path, target: Path) -> Verified:
    """Verify a capsule and unpack it into a new folder; nothing is left there where a fault is found."""
    if target.exists():
        raise InputError(f"{target} is there already", hint="name a new folder")
    try:
        with _unpacked(path, target.parent) as folder:
            found = _verified(folder)
            if not found.faults:
                folder.rename(target)
                folder.mkdir()  # for its owner to take away
    except OSError as error:
        raise InputError(
            f"{target} cannot be made: {error.strerror or error}", hint="name a folder that can be made"
        ) from error
    return found


@contextmanager
def _unpacked(path: Path, beside: Path | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".iimscreen-capsule-", dir=beside) as made:
        folder = Path(made) / "capsule"
        folder.mkdir()
        try:
            verifier.unpack(path, folder)
        except verifier.Unsafe as error:
            raise InputError(
                f"{path} is no capsule that can be opened: {error}",
                hint="ask for it again, made with `iimscreen capsule write`; nothing of it was used",
            ) from error
        except OSError as error:
            raise InputError(
                f"{path} cannot be read: {error.strerror or error}", hint="check the path and its permissions"
            ) from error
        yield folder


def _verified(folder: Path) -> Verified:
    capsule = _about(folder)
    second = verifier.verified(folder)
    looked_at, faults, notes = list(second.held), list(second.faults), list(second.notes)
    if not (folder / capsule_files.VERIFIER).is_file():
        faults.append(f"{capsule_files.VERIFIER} is missing")
    elif (folder / capsule_files.VERIFIER).read_bytes() != capsule_files.verifier():
        notes.append(
            f"verify.py in it is not that of this iimscreen (written by {capsule['tool_version']}); it was not run"
        )
    if not faults:
        found, noted = _by_our_own_code(folder, capsule)
        faults += found
        notes += noted
        looked_at.append(
            "the review file by `check`, and every number, the flow and the rules worked out anew by iimscreen"
        )
    return Verified(tuple(looked_at), tuple(faults), tuple(notes))


def _about(folder: Path) -> dict[str, Any]:
    """What a capsule says of itself. Raises InputError if that is no capsule of a version known here."""
    hint = "ask for it again, made with `iimscreen capsule write`; nothing of it was used"
    try:
        found = json.loads((folder / "capsule.json").read_bytes())
        stated, version = found["format"], found["version"]
        is_sound = stated == capsule_files.FORMAT and type(version) is int and version >= 1
        is_sound = is_sound and all(
            isinstance(ids, list) and kind in capsule_copies.WITHHELD
            for kind, ids in found["left_out"].items()
        )
        found["tool_version"], found["has_abstracts"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("there is no readable capsule.json in it, so it is no capsule", hint=hint) from error
    if not is_sound:
        raise InputError(f"capsule.json states {stated!r}, expected {capsule_files.FORMAT!r}", hint=hint)
    if version > capsule_files.VERSION:
        raise InputError(
            f"it is a capsule of version {version}, and this iimscreen reads version {capsule_files.VERSION}",
            hint="upgrade: pip install --upgrade iimscreen",
        )
    return dict(found)


def _by_our_own_code(folder: Path, capsule: dict[str, Any]) -> tuple[list[str], list[str]]:
    faults: list[str] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="iimscreen-capsule-") as made:
        copy = Path(made) / "review.db"
        copy.write_bytes(
            (folder / "review.db").read_bytes()
        )  # an older file is brought up to date on opening
        try:
            with open_review(copy) as review:
                if capsule_copies.put_in_views(review):
                    faults.append("review.db has other views or triggers than iimscreen makes")
                expected: set[str] = set()
                if not capsule["has_abstracts"]:
                    expected = capsule_copies.faults_of_leaving_out(review, capsule["left_out"])
                    lines = (folder / "records/records.jsonl").read_text(encoding="utf-8").splitlines()
                    hashes = {one["key"]: one["sha256"] for one in map(json.loads, lines)}
                    faults += capsule_copies.wrong_records(review, hashes)
                found = report.check(review)
                faults += [fault for fault in found.faults if fault not in expected]
                notes += found.notes
                for name, anew in (
                    ("numbers.json", contents.numbers_json(review)),
                    ("flow/flow.json", contents.flow_json(review)),
                    ("protocol/in-force.json", contents.rules_json(in_force(review))),
                ):
                    faults += _differences(name, (folder / name).read_bytes(), anew)
        except IimscreenError as error:
            faults.append(f"review.db: {error.message}")
    return faults, notes


def _differences(name: str, stated: bytes, anew: bytes) -> list[str]:
    if stated == anew:
        return []
    if name == "numbers.json":
        told, made = ({one["name"]: one for one in json.loads(text)["numbers"]} for text in (stated, anew))
        differing = [one for one in {**told, **made} if told.get(one) != made.get(one)]
        return [
            f"numbers.json: {one} is {told.get(one, {}).get('value')} there, and {made.get(one, {}).get('value')} "
            "worked out anew"
            for one in differing[:20]
        ] or ["numbers.json is not what is worked out anew"]
    return [f"{name} is not what is worked out anew from review.db"]
