"""A folder of files that one command writes: all of them or none, and never over what it did not write itself.

Beside the files stands a list of what was written with its hashes, so that a file of someone else, or one that was
changed since, is told from one's own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from iimscreen.errors import InputError


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    folder: Path
    files: tuple[str, ...]
    older: tuple[str, ...] = ()  # written here before, and not now: their numbers may be others


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside this one: what is written there takes its place at the end, whole, or is gone after an error.

    Raises InputError if the disk does not let it.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="check that its folder exists and can be written, and the disk's space",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write(folder: Path, files: Mapping[str, bytes], *, manifest: str, option: str) -> Written:
    """All files into a new folder, or over those that were written here before; all of them, or none.

    `manifest` is the name of the list of files, `option` how the command is told another folder.
    Raises InputError where a file stands in the way that is not one of these, or was changed since.
    """
    before = _manifest(folder / manifest, option)
    _check(folder, files, before, option)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    listed = json.dumps({"files": {**before, **hashes}}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    try:
        _put(folder, {**files, manifest: listed.encode()})
    except OSError as error:
        raise InputError(
            f"{folder}: nothing was written: {error.strerror or error}",
            hint=f"name another folder with {option}",
        ) from error
    older = sorted(name for name in before if name not in files and (folder / name).exists())
    return Written(folder, tuple(sorted(files)), tuple(older))


def _manifest(path: Path, option: str) -> dict[str, str]:
    """File → hash, of those that were written into a folder before."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["files"] if path.is_file() else {}
        return {str(name): str(sha256) for name, sha256 in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as the list of files that were written here",
            hint=f"name a new folder with {option}",
        ) from error


def _check(folder: Path, files: Mapping[str, bytes], before: Mapping[str, str], option: str) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file", hint=f"name a folder with {option}")
    for name in files:
        path = folder / name
        if not path.exists():
            continue
        if name not in before or not path.is_file():
            raise InputError(
                f"{path} exists, and was not written by this command",
                hint=f"name a new folder with {option}, or move that file",
            )
        if hashlib.sha256(path.read_bytes()).hexdigest() != before[name]:
            raise InputError(
                f"{path} was changed since it was written, and that would be lost",
                hint=f"name a new folder with {option}, or move that file",
            )


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Everything beside the folder first, then moved; what was there comes back if a move fails."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as made:
        new, old = Path(made) / "new", Path(made) / "old"
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if not folder.exists():
            new.rename(folder)
            return
        moved: list[str] = []
        try:
            for name in files:
                target, kept = folder / name, old / name
                if target.exists():
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(target, kept)
                target.parent.mkdir(parents=True, exist_ok=True)
                (new / name).replace(target)
                moved.append(name)
        except OSError:
            for name in moved:
                if (old / name).exists():
                    (old / name).replace(folder / name)
                else:
                    (folder / name).unlink()
            raise
