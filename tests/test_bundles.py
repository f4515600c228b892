"""The bytes of a bundle: the same for the same rows, and refused whole when they are anything else."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iimscreen import bundles
from iimscreen.bundles import Bundle, Row
from iimscreen.errors import InputError
from iimscreen.store.log import sha256, uid_of

REVIEW = "0123456789abcdef" * 2
HEX = st.text("0123456789abcdef", min_size=32, max_size=32)
VALUES = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
CONTENTS = st.none() | st.dictionaries(st.sampled_from(["verdict", "note", "score", "názov"]), VALUES)


@st.composite
def some_bundles(draw: st.DrawFn) -> Bundle:
    reviewer = draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8))
    rows: list[Row] = []
    for number, (nonce, content) in enumerate(draw(st.lists(st.tuples(HEX, CONTENTS), max_size=6))):
        rows.append(a_row(reviewer, number, nonce, content, rows[-1].uid if rows else None))
    return Bundle(REVIEW, reviewer, tuple({row.uid: row for row in rows}.values()), "0.1.0")


def a_row(reviewer: str, number: int, nonce: str, content: Any, previous: str | None) -> Row:
    at = f"2026-11-27T10:00:00.{number % 1000:03}Z"
    head = {"actor": reviewer, "at": at, "kind": "decisions", "nonce": nonce, "previous": previous}
    beside = (("a", number),) if number % 3 == 2 else ()
    return Row(uid_of(head, content or {}), previous, at, nonce, "decisions", content, beside)


def a_bundle(count: int = 3) -> Bundle:
    rows: list[Row] = []
    for number in range(count):
        content = {"verdict": "include", "record_key": f"testbase:{number}"}
        rows.append(a_row("ann", number, f"{number:032x}", content, rows[-1].uid if rows else None))
    return Bundle(REVIEW, "ann", tuple(rows), "0.1.0")


def read(data: bytes) -> Bundle:
    return bundles.read(data, "ann.bundle.zip", uid_of)


def sealed(members: dict[str, bytes]) -> bytes:
    """A zip archive of these members with a right seal, as someone who has read the code could make it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.comment = b"0" * 64
    body = made.getvalue()[:-64]
    return body + sha256(body).encode()


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_manifest(data: bytes, **stated: Any) -> bytes:
    """The same bundle with other statements in its manifest, resealed."""
    parts = parts_of(data)
    manifest = json.loads(parts["manifest.json"]) | stated
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    return sealed(parts | {"manifest.json": text.encode()})


@given(some_bundles())
def test_what_is_written_is_read_back_and_written_the_same(bundle: Bundle) -> None:
    data = bundles.write(bundle)

    assert read(data) == bundle
    assert bundles.write(read(data)) == data


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_byte_changed_anywhere_is_refused(data: st.DataObject) -> None:
    good = bundles.write(a_bundle())
    place = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != good[place]))

    with pytest.raises(InputError):
        read(good[:place] + bytes([byte]) + good[place + 1 :])


@given(st.data())
@settings(deadline=None)
def test_a_file_cut_short_or_with_something_behind_it_is_refused(data: st.DataObject) -> None:
    good = bundles.write(a_bundle())
    end = data.draw(st.integers(0, len(good) - 1))
    more = data.draw(st.binary(min_size=1, max_size=70))

    for bad in (good[:end], good + more, more + good):
        with pytest.raises(InputError):
            read(bad)


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(InputError, match=r"ann\.bundle\.zip"):
        read(data)


def test_a_changed_verdict_is_named_by_its_line_even_under_a_right_seal() -> None:
    parts = parts_of(bundles.write(a_bundle(1_002)))
    lines = parts["rows-0002.jsonl"].splitlines(keepends=True)
    lines[1] = lines[1].replace(b"include", b"exclude")
    parts["rows-0002.jsonl"] = b"".join(lines)

    with pytest.raises(InputError, match=r"rows-0002\.jsonl, line 2: the row is not as ann wrote it"):
        read(sealed(parts))


def test_the_row_of_one_reviewer_is_not_taken_for_that_of_another() -> None:
    with pytest.raises(InputError, match="line 1: the row is not as bob wrote it"):
        read(with_manifest(bundles.write(a_bundle()), reviewer="bob"))


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_dropped_line_is_refused(line: int) -> None:
    parts = parts_of(bundles.write(a_bundle()))
    lines = parts["rows-0001.jsonl"].splitlines(keepends=True)
    parts["rows-0001.jsonl"] = b"".join(lines[:line] + lines[line + 1 :])

    with pytest.raises(InputError, match="is not as it was written"):
        read(sealed(parts))


def test_a_line_given_twice_is_refused() -> None:
    parts = parts_of(bundles.write(a_bundle()))
    parts["rows-0001.jsonl"] += parts["rows-0001.jsonl"].splitlines(keepends=True)[0]

    with pytest.raises(InputError, match="line 4: the row stands in the bundle twice"):
        read(sealed(parts))


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"version": 2}, "is a bundle of version 2, and this iimscreen reads version 1"),
        ({"version": 0}, "the version is 0"),
        ({"format": "other"}, "the format is 'other'"),
        ({"rows": 4}, "its rows should be 4"),
        ({"rows": 1_001}, r"should hold rows-0001\.jsonl, rows-0002\.jsonl"),
        ({"rows": 10**12}, "rows is 1000000000000, which cannot be"),
        ({"last_uid": "0" * 64}, "its last_uid should be 0000"),
        ({"rows_sha256": "0" * 64}, "its rows_sha256 should be 0000"),
        ({"review": "x"}, "review is 'x'"),
        ({"more": 1}, "states other things than a manifest does"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(stated: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(with_manifest(bundles.write(a_bundle()), **stated))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[" * 100_000,
        b'{"uid":1,"uid":1}',
        b'{"uid": 1}',
        b"{}",
        b'{"at":NaN}',
        b"\xff",
        b'{"at":"2026-02-30T10:00:00.000Z","content":{},"kind":"decisions","nonce":"' + b"0" * 32 + b'",'
        b'"previous":null,"uid":"' + b"0" * 64 + b'"}',
        b'{"at":"2026-02-03T10:00:00.000Z","content":{"a":true},"kind":"decisions","nonce":"' + b"0" * 32 + b'",'
        b'"previous":null,"uid":"' + b"0" * 64 + b'"}',
        b'{"at":"2026-02-03T10:00:00.000Z","content":{"a":' + b"9" * 30 + b'},"kind":"decisions","nonce":"'
        + b"0" * 32 + b'","previous":null,"uid":"' + b"0" * 64 + b'"}',
        b'{"at":"2026-02-03T10:00:00.000Z","beside":[],"content":{},"kind":"decisions","nonce":"' + b"0" * 32 + b'",'
        b'"previous":null,"uid":"' + b"0" * 64 + b'"}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_refused(line: bytes) -> None:
    parts = parts_of(bundles.write(a_bundle()))
    parts["rows-0001.jsonl"] = line + b"\n"

    with pytest.raises(InputError, match=r"rows-0001\.jsonl, line 1"):
        read(sealed(parts))


def test_an_archive_that_unpacks_to_too_much_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LARGEST", 100_000)
    bomb = sealed({"manifest.json": b"{}", "rows-0001.jsonl": b"0" * 200_000})

    with pytest.raises(InputError, match="would unpack to more than 100,000 bytes"):
        read(bomb)


def test_other_archives_are_no_bundles() -> None:
    with pytest.raises(InputError, match=r"without manifest\.json at its beginning, no bundle"):
        read(sealed({"xl/workbook.xml": b"<workbook/>"}))
    with pytest.raises(
        InputError, match=r"should hold rows-0001\.jsonl beside its manifest, and holds .*evil"
    ):
        read(sealed({**parts_of(bundles.write(a_bundle())), "../evil": b""}))


def test_git_stores_little_more_than_what_was_added(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "gc.auto=0")
        done = subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout

    git("init", "-q")
    sizes = []
    for count in (10_000, 10_100):
        data = bundles.write(a_bundle(count))
        (tmp_path / "ann.bundle.zip").write_bytes(data)
        git("add", "ann.bundle.zip")
        git("commit", "-qm", "share")
        git("repack", "-adfq")
        packed = sum(path.stat().st_size for path in (tmp_path / ".git/objects/pack").glob("*.pack"))
        sizes.append((len(data), packed))

    (before, packed_before), (_, packed) = sizes
    assert packed_before < before * 1.1
    assert packed - packed_before < before / 10
