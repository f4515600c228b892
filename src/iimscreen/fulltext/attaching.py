"""Files attached to a report, and taken away again: one more row of the log each. Attaching marks it as retrieved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import text_formats
from iimscreen.errors import InputError
from iimscreen.fulltext.files import BY_HAND, Incoming, kept, path_of, place_of, taken_in
from iimscreen.fulltext.marking import RETRIEVED, require_wanted
from iimscreen.fulltext.reading import keep_text
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, fulltext_files, records, retrievals
from iimscreen.store.fulltext_files import FullTextFile
from iimscreen.store.gate import Gate
from iimscreen.text_formats import PDF, Text


@dataclass(frozen=True, slots=True)
class Attached:
    """What came of attaching files to a report."""

    key: str
    new: tuple[str, ...]  # names of the files
    known: tuple[str, ...]  # of those that were attached already
    is_marked: bool  # whether this marked the report as retrieved
    notes: tuple[str, ...]  # what a person should know of them, in sentences


def attach(
    review: Review,
    given: str,
    paths: Sequence[Path],
    *,
    by: str,
    link: bool = False,
    any_size: bool = False,
) -> Attached:
    """Log these files as a report's, all or none: copied to `fulltexts/`, or left where they are with `link`.

    Raises InputError naming the first that cannot be one, and ProtocolError if the report is not sought.
    """
    if not paths:
        raise InputError("no file named", hint="name the file, or several: the paper and its supplements")
    incoming = list(
        {file.sha256: file for file in (taken_in(path, any_size=any_size) for path in paths)}.values()
    )
    texts = {file.sha256: _text_of(file) for file in incoming}
    troubles = [f"{file.name}: {found}" for file in incoming if (found := texts[file.sha256].trouble)]
    with review.writing():
        key = require_wanted(review, Gate(review, in_force(review)), given)
        done = add(review, key, incoming, by=by, origin=BY_HAND, link=link, notes=troubles)
    for file in incoming:
        if file.format == PDF:
            keep_text(review, file.sha256, texts[file.sha256])
    return done


def _text_of(file: Incoming) -> Text:
    """The text of a file, or why there is none."""
    try:
        return text_formats.read(file.data, file.format)
    except InputError as error:
        return Text((), f"{error.message}: {error.hint}")


def add(
    review: Review,
    key: str,
    incoming: Sequence[Incoming],
    *,
    by: str,
    origin: str,
    link: bool = False,
    notes: Sequence[str] = (),
) -> Attached:
    """Log files of a report that is known to be sought, and the report as retrieved. Inside `writing()`."""
    everything = fulltext_files.standing(review)
    own = {file.sha256 for file in everything.get(key, ())}
    new = [file for file in incoming if file.sha256 not in own]
    with kept(review, [] if link else new):
        for file in new:
            place = place_of(review, file.path) if link and file.path is not None else None
            fulltext_files.add(
                review,
                key,
                file_name=file.name,
                format=file.format,
                sha256=file.sha256,
                size=len(file.data),
                origin=origin,
                place=place,
                by=by,
            )
        is_marked = _mark(review, key, new, by)
    others = [
        f"{file.name} is attached to {other} as well"
        for file in new
        for other, files in everything.items()
        if other != key and any(one.sha256 == file.sha256 for one in files)
    ]
    known = [file.name for file in incoming if file.sha256 in own]
    return Attached(key, tuple(file.name for file in new), tuple(known), is_marked, (*notes, *others))


def _mark(review: Review, key: str, new: Sequence[Incoming], by: str) -> bool:
    """Mark a report as retrieved, unless it is; one of another version is not marked in this one."""
    mark = retrievals.standing(review).get(key)
    is_retrieved = mark is not None and mark.outcome == RETRIEVED
    if not new or is_retrieved or not Gate(review, in_force(review)).is_sought(key):
        return False
    retrievals.add(review, key, RETRIEVED, actor=by, file_name=new[0].name, file_sha256=new[0].sha256)
    return True


def detach(review: Review, given: str, file: str, *, by: str) -> FullTextFile:
    """Log that a file is no longer one of a report; the file itself stays where it is.

    `file` is its name, or the beginning of its SHA-256. Raises InputError if none, or more than one, fits.
    """
    with review.writing():
        key = records.kept_of(review, records.find(review, given).key)
        there = fulltext_files.standing(review).get(key, ())
        fits = [
            one for one in there if one.file_name == file or (len(file) >= 6 and one.sha256.startswith(file))
        ]
        if len(fits) != 1:
            listed = ", ".join(f"{one.file_name} ({one.sha256[:8]})" for one in there) or "none"
            raise InputError(
                f"{'no file' if not fits else 'more than one file'} of {key} is {file!r}",
                hint=f"its files: {listed}; the letters behind the name do, too",
            )
        (one,) = fits
        fulltext_files.add(
            review,
            key,
            file_name=one.file_name,
            format=one.format,
            sha256=one.sha256,
            size=one.bytes or _size(review, one),
            origin=one.origin,
            place=one.place,
            attached=False,
            by=by,
        )
    return one


def _size(review: Review, file: FullTextFile) -> int:
    """The size of a file that came with a mark as retrieved before sizes were noted."""
    path = path_of(review, file)
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError(
            f"{path} is not there: {error.strerror}", hint="put it back, then detach it"
        ) from error
