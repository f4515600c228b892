"""Files of full texts on the disk: taken in by their content, kept under `fulltexts/` by their hash, found again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iimscreen import text_formats
from iimscreen.errors import InputError, ReviewError
from iimscreen.store import Review, fulltext_files, log
from iimscreen.store.fulltext_files import FullTextFile
from iimscreen.text_formats import HTML, SUFFIXES
from iimscreen.text_formats.html import title_of

LARGEST = 100_000_000  # bytes; a scanned thesis has a third of it. `--any-size` lifts it

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that was read and can be attached."""

    name: str
    format: str  # by its content
    data: bytes
    sha256: str
    suffix: str  # under which it is kept
    path: Path | None = None  # where it lies, if it is a file of the user's

    @classmethod
    def of(cls, name: str, data: bytes, path: Path | None = None) -> Incoming:
        """A file by its bytes."""
        kind = text_formats.format_of(data)
        own = Path(name).suffix.lower()
        suffix = SUFFIXES.get(kind) or (own if re.fullmatch(r"\.[a-z0-9]{1,8}", own) else ".bin")
        return cls(name, kind, data, log.sha256(data), suffix, path)


def folder_of(review: Review) -> Path:
    """Where files of full texts are kept: beside the review file."""
    return review.path.parent / "fulltexts"


def taken_in(path: Path, *, any_size: bool = False) -> Incoming:
    """A file as it lies on the disk. Raises InputError if it cannot be one of a report.

    Damage and encryption are no reason: people may open with other programs what is closed to ours.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder", hint="name the files in it")
        if path.exists() and not path.is_file():  # a pipe, whose end may never come
            raise InputError(f"{path} is no file", hint="save it as one first")
        size = path.stat().st_size
        if size > LARGEST and not any_size:
            raise InputError(
                f"{path} has {size / 1e6:,.0f} MB, more than the {LARGEST / 1e6:,.0f} MB of a full text",
                hint="if it is one, add --any-size",
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    if not data:
        raise InputError(f"{path} is empty", hint="download it again")
    file = Incoming.of(path.name, data, path)
    if file.format == HTML and path.suffix.lower() == ".pdf":
        title = title_of(data)
        raise InputError(
            f"{path} is no PDF, but a web page" + (f" ({title!r})" if title else ""),
            hint="it may be the page on which a publisher asks to log in: open it in a browser, and download the PDF "
            "itself; a page that is the full text goes by the name .html",
        )
    return file


@contextlib.contextmanager
def kept(review: Review, incoming: list[Incoming]) -> Iterator[None]:
    """Copies of these files under `fulltexts/`; those made here are taken away again if the block fails."""
    made: list[Path] = []
    folder = folder_of(review)
    try:
        for file in incoming:
            target = folder / f"{file.sha256}{file.suffix}"
            if _holds(target, file.sha256):
                continue
            part = target.with_suffix(".part")
            try:
                folder.mkdir(exist_ok=True)
                part.write_bytes(file.data)
                part.replace(target)
            except OSError as error:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
                raise ReviewError(
                    f"{file.name} cannot be copied to {folder}: {error.strerror}",
                    hint="check disk and permissions",
                ) from error
            made.append(target)
        yield
    except BaseException:
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        raise


def _holds(path: Path, sha256: str) -> bool:
    try:
        return log.sha256(path.read_bytes()) == sha256
    except OSError:
        return False


def place_of(review: Review, path: Path) -> str:
    """Where a file lies, as it is noted: from the review's folder on, if it lies in there."""
    there, home = path.resolve(), review.path.parent.resolve()
    return there.relative_to(home).as_posix() if there.is_relative_to(home) else str(there)


def path_of(review: Review, file: FullTextFile) -> Path:
    """Where the file should lie now."""
    if file.place is not None:
        return review.path.parent / file.place
    folder = folder_of(review)
    suffix = SUFFIXES.get(file.format)
    usual = folder / f"{file.sha256}{suffix or Path(file.file_name).suffix.lower()}"
    if usual.is_file() or not folder.is_dir():
        return usual
    return next(iter(sorted(folder.glob(f"{file.sha256}.*"))), usual)  # kept under the name that it came with


def verify(review: Review) -> tuple[list[str], list[str], int]:
    """What is wrong with copies of full texts and what is only not here, in sentences; and how many there are.

    That a copy is missing is no fault: another copy of the review may have it, and bundles carry no files.
    """
    faults: list[str] = []
    missing: list[str] = []
    count = 0
    for key, there in fulltext_files.standing(review).items():
        for file in there:
            count += 1
            path = path_of(review, file)
            if not path.is_file():
                missing.append(f"{file.file_name} of {key} is not at {path}")
            elif not _holds(path, file.sha256):
                faults.append(f"{path} is no longer the file {file.file_name} that was attached to {key}")
    return faults, missing, count
