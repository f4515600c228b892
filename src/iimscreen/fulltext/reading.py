"""The text of a report's files, page by page, and words in it. Text of PDFs is kept beside them: it takes a second."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from iimscreen import quotes, text_formats
from iimscreen.errors import InputError
from iimscreen.fulltext.files import folder_of, path_of
from iimscreen.fulltext.marking import of_other_versions, require_wanted
from iimscreen.model import Page
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, fulltext_files, log, records
from iimscreen.store.fulltext_files import FullTextFile
from iimscreen.store.gate import Gate
from iimscreen.text_formats import PDF, Text

_CONTEXT = 70  # characters on each side of a word that was found


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of one file of a report, and why it may lack something."""

    file: FullTextFile
    pages: tuple[Page, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where words stand."""

    key: str
    file: str
    page: str  # label; "" where it has none
    before: str
    words: str
    after: str


def texts(review: Review, key: str) -> list[FileText]:
    """Each file of a report with its text. Raises InputError if a PDF is among them and pypdf is not there."""
    report = records.kept_of(review, key)
    return [_read(review, file) for file in fulltext_files.standing(review).get(report, ())]


def texts_of(review: Review, given: str) -> list[FileText]:
    """The same for the report that a person names. Raises InputError if it has no files."""
    key = require_wanted(review, Gate(review, in_force(review)), given)
    found = texts(review, key)
    if not found:
        raise InputError(f"{key} has no files", hint=f"`iimscreen fulltext attach {key} FILE --by NAME`")
    return found


def text_of(review: Review, key: str) -> list[tuple[Page, ...]] | None:
    """Pages of each file of a report that has a text; None if none has, or pypdf is not there to tell."""
    try:
        found = [one.pages for one in texts(review, key) if Text(one.pages).is_there]
    except InputError:
        return None
    return found or None


def pages_of(review: Review, key: str) -> list[Page] | None:
    """Pages of all files of a report, one file after another, as `quotes.problem` takes them; None as above."""
    found = text_of(review, key)
    return None if found is None else [page for pages in found for page in pages]


def find(review: Review, words: str, given: Sequence[str] = ()) -> tuple[list[Hit], list[str]]:
    """Where these words stand in the texts of reports sought, in order; and what could not be searched, in sentences.

    Capitals, line ends and hyphens at them do not count. Raises InputError if there is nothing to search for.
    """
    wanted = quotes.plain(words)
    if not wanted:
        raise InputError("no words to search for", hint='such as `iimscreen fulltext find "serious adverse"`')
    pattern = re.compile(r"\s+".join(map(re.escape, wanted.split())), re.IGNORECASE)
    gate = Gate(review, in_force(review))
    if given:
        keys = [require_wanted(review, gate, one) for one in given]
    else:
        open_ones = {*gate.sought(), *of_other_versions(review)}
        keys = [key for key in fulltext_files.standing(review) if key in open_ones]
    hits: list[Hit] = []
    unread: list[str] = []
    for key in keys:
        for one in texts(review, key):
            if not Text(one.pages).is_there:
                unread.append(f"{one.file.file_name} of {key}: {one.trouble}")
            hits += _hits(pattern, key, one)
    return hits, unread


def _hits(pattern: re.Pattern[str], key: str, one: FileText) -> Iterator[Hit]:
    for page in one.pages:
        text = quotes.plain(page.text)
        for found in pattern.finditer(text):
            before, after = text[: found.start()][-_CONTEXT:], text[found.end() :][:_CONTEXT]
            yield Hit(key, one.file.file_name, page.label, before, found.group(), after)


# --- reading ---------------------------------------------------------------------------------------


def _read(review: Review, file: FullTextFile) -> FileText:
    path = path_of(review, file)
    try:
        state = path.stat()
    except OSError:
        return FileText(file, (), f"its text cannot be read: {path} is not there")
    cache = _cache_of(review, file.sha256) if file.format == PDF else None
    text = _of_file(path, file.sha256, file.format, cache, (state.st_mtime_ns, state.st_size))
    return FileText(file, tuple(page._replace(file=file.file_name) for page in text.pages), text.trouble)


@lru_cache(maxsize=64)  # reports at hand: every quote of a sheet asks for its text
def _of_file(path: Path, sha256: str, kind: str, cache: Path | None, _state: tuple[int, int]) -> Text:
    try:
        data = path.read_bytes()
    except OSError as error:
        return Text((), f"its text cannot be read: {path}: {error.strerror}")
    if log.sha256(data) != sha256:
        return Text((), f"its text is not read: {path} is no longer the file that was attached")
    if cache is not None and (known := _cached(cache)):
        return known
    found = text_formats.read(data, kind)
    if cache is not None:
        _keep(cache, found)
    return found


def keep_text(review: Review, sha256: str, text: Text) -> None:
    """Keep the text of a PDF that was read already, for the next time."""
    _keep(_cache_of(review, sha256), text)


def _cache_of(review: Review, sha256: str) -> Path:
    return folder_of(review) / "text" / f"{sha256}.json"


def _cached(cache: Path) -> Text | None:
    try:
        stated = json.loads(cache.read_bytes())
        if stated["version"] != text_formats.VERSION:
            return None
        return Text(tuple(Page(str(label), str(text)) for label, text in stated["pages"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(cache: Path, text: Text) -> None:
    """Keep a text for the next time, unless it is not whole: a later pypdf may read more. Where that is not
    possible it is read again.
    """
    if text.trouble:
        return
    stated = {"version": text_formats.VERSION, "pages": [(page.label, page.text) for page in text.pages]}
    part = cache.with_suffix(".part")
    with contextlib.suppress(OSError, UnicodeEncodeError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(stated), encoding="utf-8")
        part.replace(cache)
