"""The bytes of a bundle: one reviewer's rows of the log, written the same way each time and read with suspicion.

Pure. A bundle is a zip archive of `manifest.json` and of `rows-0001.jsonl`, `rows-0002.jsonl` and so on, a
row a line and a thousand lines a part: what was written once stays the same bytes when rows are added
behind it, so that git stores the growth only. The archive's comment is the SHA-256 of everything before it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from iimscreen.errors import InputError
from iimscreen.wording import counted

FORMAT = "iimscreen bundle"
VERSION = 1
SUFFIX = ".bundle.zip"
ROWS_A_PART = 1000
LARGEST = 256_000_000  # bytes, unpacked: half a million votes
_MANIFEST = "manifest.json"
_SEAL = 64  # hex digits at the end of the file
_HEX_64, _HEX_32 = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{32}")
_KIND = re.compile("[a-z_]{1,60}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_INTEGERS = range(-(2**63), 2**63)  # of SQLite

Value = str | int | float
UidOf = Callable[[Mapping[str, Any], Mapping[str, Any]], str]  # head, content → uid


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log as it travels."""

    uid: str
    previous: str | None
    at: str  # UTC
    nonce: str
    kind: str
    content: Mapping[str, Value] | None  # None: it cannot travel, and must be there already
    beside: tuple[tuple[Value, ...], ...] = ()  # rows of the table beside it, such as the records of a round


@dataclass(frozen=True, slots=True)
class Bundle:
    """All rows of one reviewer in one review, each after the row that it follows."""

    review: str  # uid
    reviewer: str
    rows: tuple[Row, ...]
    tool_version: str

    @property
    def kept_back(self) -> int:
        """How many rows came without their content."""
        return sum(row.content is None for row in self.rows)


def place(number: int) -> str:
    """Where in a bundle the row of this number stands, counted from 0."""
    return f"{_part(number // ROWS_A_PART)}, line {number % ROWS_A_PART + 1}"


def _part(number: int) -> str:
    return f"rows-{number + 1:04}.jsonl"


# Made once: json.dumps makes an encoder for each call.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _line(row: Row) -> str:
    head = {"uid": row.uid, "previous": row.previous, "at": row.at, "nonce": row.nonce, "kind": row.kind}
    beside = {"beside": [list(one) for one in row.beside]} if row.beside else {}
    return _encode({**head, "content": None if row.content is None else dict(row.content), **beside}) + "\n"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- writing ---------------------------------------------------------------------------------------


def write(bundle: Bundle) -> bytes:
    """The bytes of a bundle: nothing of this machine or moment is in them."""
    lines = [_line(row) for row in bundle.rows]
    parts = [
        "".join(lines[start : start + ROWS_A_PART]).encode() for start in range(0, len(lines), ROWS_A_PART)
    ]
    manifest = _encode(_manifest(bundle, parts)) + "\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in ((_MANIFEST, manifest.encode()), *((_part(n), d) for n, d in enumerate(parts))):
            member = zipfile.ZipInfo(name)  # 1980-01-01, the first moment that a zip archive knows
            member.create_system, member.external_attr = 3, 0o644 << 16  # or Windows would write others
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data, compresslevel=9)
        archive.comment = b"0" * _SEAL
    body = made.getvalue()[:-_SEAL]
    return body + _sha256(body).encode()


def _manifest(bundle: Bundle, parts: Sequence[bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "review": bundle.review,
        "reviewer": bundle.reviewer,
        "rows": len(bundle.rows),
        "rows_sha256": _sha256(b"".join(parts)),
        "last_uid": bundle.rows[-1].uid if bundle.rows else None,
        "tool_version": bundle.tool_version,
    }


# --- reading ---------------------------------------------------------------------------------------


def read(data: bytes, name: str, uid_of: UidOf) -> Bundle:
    """The bundle in these bytes; `name` is what errors call them.

    Everything that can be known without a review is checked, each uid among it. Raises InputError,
    saying where, for anything but the very bytes that some `write` made.
    """
    manifest, parts = _unpacked(data, name)
    rows = tuple(_rows(parts, name, manifest["reviewer"], uid_of))
    bundle = Bundle(manifest["review"], manifest["reviewer"], rows, manifest["tool_version"])
    expected = _manifest(bundle, parts)
    for what in ("rows", "last_uid", "rows_sha256"):
        if manifest[what] != expected[what]:
            _refuse(f"{name} is not as it was written: its {what} should be {manifest[what]}")
    if data[-_SEAL:] != _sha256(data[:-_SEAL]).encode():
        _refuse(f"{name} is not as it was written: the SHA-256 at its end is of other bytes")
    return bundle


def _refuse(message: str, *, hint: str = "") -> NoReturn:
    raise InputError(
        message,
        hint=hint or "ask for the bundle again, made with `iimscreen share`; nothing of it was used",
    )


def _unpacked(data: bytes, name: str) -> tuple[dict[str, Any], list[bytes]]:
    """The manifest and the parts, each checked for its place and size."""
    if len(data) > LARGEST:
        _refuse(f"{name} has {len(data):,} bytes, and no bundle has more than {LARGEST:,}")
    reading = _MANIFEST
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if not members or members[0].filename != _MANIFEST:
                _refuse(f"{name} is a zip archive without {_MANIFEST} at its beginning, no bundle")
            if sum(member.file_size for member in members) > LARGEST:
                _refuse(f"{name} would unpack to more than {LARGEST:,} bytes, and no bundle does")
            manifest = _checked_manifest(archive.read(members[0]), name)
            names = [_part(number) for number in range(-(-manifest["rows"] // ROWS_A_PART))]
            found = [member.filename for member in members[1:]]
            if found != names:
                _refuse(
                    f"{name} should hold {', '.join(names) or 'no rows'} beside its manifest, and holds "
                    f"{', '.join(found) or 'none'}"
                )
            parts = []
            for member in members[1:]:
                reading = member.filename
                parts.append(archive.read(member))
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,  # zipfile's word for an encrypted member
    ) as error:
        if not data.startswith(b"PK"):
            _refuse(f"{name} is no bundle: it does not begin as a zip archive does")
        raise InputError(
            f"{name} is damaged or cut short: {reading} in it cannot be unpacked",
            hint="copy it again, or ask for it again; nothing of it was used",
        ) from error
    return manifest, parts


def _json(data: bytes, where: str) -> dict[str, Any]:
    """The JSON object of a line; escapes other than those of `_line` may hide half a letter, and are refused."""
    try:
        text = data.decode()
        found = _decode(text)
        is_sound = isinstance(found, dict) and ("\\u" not in text or _encode(found) == text)
    except (ValueError, RecursionError):
        is_sound = False
    if not is_sound:
        _refuse(f"{where} is not as it was written: expected a JSON object")
    return dict(found)


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _checked_manifest(data: bytes, name: str) -> dict[str, Any]:
    where = f"{name}, {_MANIFEST}"
    found = _json(data, where)
    if found.get("format") != FORMAT:
        _refuse(f"{where}: the format is {found.get('format')!r}, expected {FORMAT!r}")
    version = found.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        _refuse(f"{where}: the version is {version!r}, expected a number")
    if version > VERSION:
        _refuse(
            f"{name} is a bundle of version {version}, and this iimscreen reads version {VERSION}",
            hint="upgrade: pip install --upgrade iimscreen",
        )
    texts = {
        "review": _HEX_32,
        "reviewer": re.compile(r"(?s).{1,200}"),
        "rows_sha256": _HEX_64,
        "tool_version": re.compile(r"[\w.+-]{1,60}"),
    }
    for what, pattern in texts.items():
        if not (isinstance(found.get(what), str) and pattern.fullmatch(found[what])):
            _refuse(f"{where}: {what} is {found.get(what)!r}, which cannot be")
    rows = found.get("rows")
    if not isinstance(rows, int) or isinstance(rows, bool) or not 0 <= rows <= LARGEST // 200:
        _refuse(f"{where}: rows is {rows!r}, which cannot be")
    if set(found) != {"format", "version", *texts, "rows", "last_uid"}:
        _refuse(f"{where} states other things than a manifest does: {', '.join(sorted(found))}")
    return found


def _rows(parts: Sequence[bytes], name: str, reviewer: str, uid_of: UidOf) -> Iterator[Row]:
    seen: set[str] = set()
    number = 0
    for part_number, part in enumerate(parts):
        lines = part.split(b"\n")
        is_last = part_number == len(parts) - 1
        if lines.pop() != b"" or not (
            len(lines) == ROWS_A_PART or (is_last and 0 < len(lines) < ROWS_A_PART)
        ):
            _refuse(
                f"{name}, {_part(part_number)} has {counted(len(lines), 'line')} or ends within one, expected "
                f"{'up to ' if is_last else ''}{ROWS_A_PART:,}"
            )
        for line in lines:
            where = f"{name}, {place(number)}"
            row = _row(_json(line, where), where)
            head = {
                "actor": reviewer,
                "at": row.at,
                "kind": row.kind,
                "nonce": row.nonce,
                "previous": row.previous,
            }
            if row.content is not None and uid_of(head, row.content) != row.uid:
                _refuse(f"{where}: the row is not as {reviewer} wrote it (its hash does not match)")
            if row.uid in seen:
                _refuse(f"{where}: the row stands in the bundle twice")
            seen.add(row.uid)
            yield row
            number += 1


def _row(found: dict[str, Any], where: str) -> Row:
    """One line's row, each of its values of a kind that the log can hold."""
    beside = found.pop("beside", None)
    if set(found) != {"uid", "previous", "at", "nonce", "kind", "content"}:
        _refuse(f"{where} states other things than a row does: {', '.join(sorted(found))}")
    previous, content = found["previous"], found["content"]
    is_sound = (
        _is(found["uid"], _HEX_64)
        and (previous is None or _is(previous, _HEX_64))
        and _is_moment(found["at"])
        and _is(found["nonce"], _HEX_32)
        and _is(found["kind"], _KIND)
        and (content is None or (isinstance(content, dict) and all(map(_is_value, content.values()))))
        and (beside is None or _are_lists_of_values(beside))
    )
    if not is_sound:
        _refuse(f"{where}: a value of the row is of another kind than it must be")
    return Row(
        uid=found["uid"],
        previous=previous,
        at=found["at"],
        nonce=found["nonce"],
        kind=found["kind"],
        content=content,
        beside=tuple(tuple(one) for one in beside or ()),
    )


def _is(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_moment(value: object) -> bool:
    if not isinstance(value, str) or not _AT.fullmatch(value):
        return False
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _are_lists_of_values(beside: object) -> bool:
    return (
        isinstance(beside, list)
        and beside != []
        and all(isinstance(one, list) and all(map(_is_value, one)) for one in beside)
    )


def _is_value(value: object) -> bool:
    return (
        isinstance(value, str)
        or (type(value) is int and value in _INTEGERS)
        or (isinstance(value, float) and math.isfinite(value))
    )
