"""The file of a capsule: a sealed zip archive, its manifest, what it says of itself, and its plain-Python verifier.

Bytes and paths only: what goes into a capsule is the matter of `capsules/`. `verify.py` is a program of its own
that travels in each capsule and shares no code with the package.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

FORMAT, VERSION = "iimscreen capsule", 1
MANIFEST, CRATE, VERIFIER = "manifest-sha256.txt", "ro-crate-metadata.json", "verify.py"
_SEAL = 64
_PIECE = 1 << 20
_MEDIA = {
    "csv": "text/csv",
    "db": "application/vnd.sqlite3",
    "html": "text/html",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown",
    "png": "image/png",
    "py": "text/x-python",
    "ris": "application/x-research-info-systems",
    "svg": "image/svg+xml",
    "toml": "application/toml",
    "txt": "text/plain",
    "xml": "application/xml",
}

Contents = Mapping[str, bytes | Path]  # name → what it holds, or the file that does


@dataclass(frozen=True, slots=True)
class About:
    """What a capsule says of itself."""

    title: str  # of the review
    description: str
    at: str  # UTC, of the last row of the log
    tool_version: str


def verifier() -> bytes:
    """The plain-Python verifier that travels in each capsule."""
    return resources.files(__package__).joinpath(VERIFIER).read_bytes()


def as_json(value: object) -> bytes:
    """JSON for people and programs, the same bytes each time."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def file_sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(path: Path, contents: Contents, about: About) -> None:
    """Write a capsule of these contents, with its crate and manifest: nothing of this machine or moment is in it."""
    everything = dict(contents)
    everything[CRATE] = as_json(crate(contents, about))
    hashes = {name: _sha256(held) for name, held in everything.items()}
    lines = "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes))
    everything[MANIFEST] = lines.encode()
    moment = dt.datetime.fromisoformat(about.at)
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(everything):
            member = zipfile.ZipInfo(name, (max(moment.year, 1980), *moment.timetuple()[1:6]))
            member.create_system, member.external_attr = 3, 0o100644 << 16  # or Windows would write others
            member.compress_type = zipfile.ZIP_DEFLATED
            held = everything[name]
            member.file_size = held.stat().st_size if isinstance(held, Path) else len(held)
            with archive.open(member, "w") as out:
                if isinstance(held, bytes):
                    out.write(held)
                else:
                    with held.open("rb") as source:
                        while piece := source.read(_PIECE):
                            out.write(piece)
        archive.comment = b"0" * _SEAL
    with path.open("rb+") as file:
        left, found = path.stat().st_size - _SEAL, hashlib.sha256()
        while left:
            piece = file.read(min(_PIECE, left))
            found.update(piece)
            left -= len(piece)
        file.seek(-_SEAL, 2)
        file.write(found.hexdigest().encode())


def _sha256(held: bytes | Path) -> str:
    return file_sha256(held) if isinstance(held, Path) else hashlib.sha256(held).hexdigest()


def crate(contents: Contents, about: About) -> dict[str, object]:
    """RO-Crate 1.1 metadata: the review as a data set, each file with its type, size and hash, and what made it."""
    names = sorted(contents)
    return {
        # schema.org's sha256 is younger than the crate's own context.
        "@context": ["https://w3id.org/ro/crate/1.1/context", {"sha256": "https://schema.org/sha256"}],
        "@graph": [
            {
                "@id": CRATE,
                "@type": "CreativeWork",
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": about.title,
                "description": about.description,
                "datePublished": about.at[:10],
                "license": {"@id": "#license"},
                "author": {"@id": "#authors"},
                "hasPart": [{"@id": _uri(name)} for name in names],
                "mentions": {"@id": "#writing"},
            },
            {
                "@id": "#license",
                "@type": "CreativeWork",
                "name": "Not stated",
                "description": "To be chosen by the authors; texts of sources stay under their own terms.",
            },
            {"@id": "#authors", "@type": "Organization", "name": "To be written by the authors"},
            {
                "@id": "#iimscreen",
                "@type": "SoftwareApplication",
                "name": "iimscreen",
                "version": about.tool_version,
                "softwareVersion": about.tool_version,
            },
            {
                "@id": "#writing",
                "@type": "CreateAction",
                "name": "Writing of this capsule from the review file",
                "instrument": {"@id": "#iimscreen"},
                "object": {"@id": "review.db"},
                "result": {"@id": "./"},
                "description": f"Made of the review as its log stood at {about.at}.",
            },
            *(
                {
                    "@id": _uri(name),
                    "@type": "File",
                    "name": name,
                    "encodingFormat": _MEDIA.get(name.rpartition(".")[2], "application/octet-stream"),
                    "contentSize": str(
                        held.stat().st_size if isinstance(held := contents[name], Path) else len(held)
                    ),
                    "sha256": _sha256(held),
                }
                for name in names
            ),
        ],
    }


def _uri(name: str) -> str:
    from urllib.parse import quote  # 10 ms, for who writes a capsule only

    return quote(name)
