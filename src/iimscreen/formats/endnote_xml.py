"""EndNote's XML export: `<xml><records><record>…`, each text in one or more `<style>` elements.

It is read in two layers. `_pieces` cuts the file into records by the bytes of their tags, so that a
record which is no well-formed XML is refused with its line and the next one is read; then expat reads
each one by itself. No DTD is read, declared entities are refused, and memory does not grow with the file.

EndNote passes on what the database gave it, control characters too (as bytes or as `&#x1f;`), which
XML 1.0 forbids: they are left out, and counted.

Source: the document type that EndNote gives (RSXML.dtd), and exports of EndNote X7 to 21 and of Zotero.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from iimscreen.errors import InputError
from iimscreen.formats import Found, Readable, Remark, Told, abstract_of, normal_doi
from iimscreen.formats._dates import iso_date
from iimscreen.formats._marks import ACCESSION, PMCID, PUBMED_ADDRESS, STATED_DOI, YEAR
from iimscreen.formats._names import authors
from iimscreen.formats._pubmed_pieces import cause_of
from iimscreen.model import Author, Parsed, Record, Refusal
from iimscreen.wording import counted

SUFFIXES = (".xml",)

MAX_RECORD_BYTES = 16_000_000  # ten thousand authors with their styles have about 1 MB
MAX_DEPTH = 200

_BLOCK = 1 << 18
_HINT = "export again from EndNote with File > Export, type XML"
_ROOT = re.compile(r"<(?:xml|records)(?:\s[^>]*)?>\s*(?:<records|<record[\s>])")
_TAG = re.compile(rb"<(/?)record(?:\s[^<>]*)?>")
_END = re.compile(rb"</(?:records|xml)\s*>")
_OUTSIDE = re.compile(
    rb"(?:\s++|\xef\xbb\xbf|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+>|</?(?:xml|records)(?:\s[^<>]*+)?+>)*+",
    re.DOTALL,
)
_DECLARES = re.compile(rb"<!(?:ENTITY|DOCTYPE[^>\[]*\[)")
_DECLARED = re.compile(rb"\s*<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([^\"'>]*)[\"']")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_REFERENCE = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,8})|(\d{1,8}));")
_CONTROLS = dict.fromkeys(range(127, 160))
_PMID = re.compile(r"\bPMID\s*[:=]?\s*(\d{1,9})\b", re.IGNORECASE)

# What a record is, where its type says it; the journal article is the rule and needs no word.
_TYPES = {
    "book": "Book",
    "book section": "Book Chapter",
    "conference paper": "Conference Paper",
    "conference proceedings": "Conference Proceedings",
    "edited book": "Book",
    "report": "Report",
    "thesis": "Thesis",
    "unpublished work": "Unpublished Work",
    "web page": "Web Page",
}


class _Piece(NamedTuple):
    line: int  # where the record starts, from 1
    text: bytes  # in UTF-8
    cause: str  # why it is none, or ""


def looks_like(head: str) -> bool:
    """Whether EndNote's root and its records begin in the first characters of a file."""
    return _ROOT.search(head.replace("\0", "")) is not None


def read(data: bytes) -> Iterator[Found]:
    """The records and refusals that `read_stream` gives, of a file that is in memory."""
    for found in read_stream(io.BytesIO(data)):
        if isinstance(found, Parsed | Refusal):
            yield found


def read_stream(file: Readable) -> Iterator[Found | Told]:
    """Records and refusals in order, while the file is read; of it, a block and the record at hand are held.

    Raises InputError, naming the line, if the file is no export of EndNote, declares entities, ends
    before its last tag, or holds a record beyond MAX_RECORD_BYTES.
    """
    removed = 0
    for piece in _pieces(file):
        if piece.cause:
            yield Refusal(piece.line, piece.cause)
            continue
        text, controls = _without_controls(piece.text)
        removed += controls
        try:
            fields = _fields(text)
            record, database = _record(fields), fields.first("remote-database-name")
        except InputError as error:  # nested too deep
            yield Refusal(piece.line, error.message)
            continue
        except expat.ExpatError as error:
            line = piece.line + error.lineno - 1
            yield Refusal(piece.line, f"the record is no well-formed XML ({cause_of(error)}, line {line})")
            continue
        if record is None:
            yield Refusal(piece.line, "the record has no title, and no abstract, DOI or PMID to know it by")
        else:
            yield Parsed(piece.line, record, database)
    if removed:
        yield Remark(f"{counted(removed, 'control character')} that XML forbids left out")


# --- the file, cut into its records ---


def _pieces(file: Readable) -> Iterator[_Piece]:
    line = 1
    held = b""
    is_begun = False
    for block in _blocks(file):
        held += block
        if not is_begun:
            if _DECLARES.search(held):
                raise InputError(
                    f"line {_line_of(held, _DECLARES)}: the file declares entities of its own, as EndNote's never do",
                    hint=_HINT,
                )
            if not _ROOT.search(held[:4000].decode("utf-8", errors="replace")):
                if len(held) < 4000:
                    continue
                raise _other_kind(held)
            is_begun = True
        done = 0
        while (piece := _next(held, done, line)) is not None:
            found, end = piece
            line = found.line + found.text.count(b"\n")
            yield found
            done = end
        held = held[done:]
        if len(held) > MAX_RECORD_BYTES:
            raise InputError(
                f"line {line}: no record ends within {MAX_RECORD_BYTES:,} bytes, as EndNote's do", hint=_HINT
            )
    if not is_begun:
        raise _other_kind(held)
    if stray := _stray(held, 0, len(held)):
        yield _Piece(line + held.count(b"\n", 0, stray), b"", "text outside any record: expected <record>")
    if not _END.search(held):
        last = line + held.count(b"\n")
        raise InputError(
            f"line {last}: the file ends before </records>",
            hint="the file seems to be cut short: export or copy it again",
        )


def _next(held: bytes, done: int, line: int) -> tuple[_Piece, int] | None:
    """The next record that is all there, with where it ends; one that another begins within is a refusal."""
    start = _TAG.search(held, done)
    if start is None:
        return None
    if stray := _stray(held, done, start.start()):
        first = line + held.count(b"\n", done, stray)
        return _Piece(
            first, held[stray : start.start()], "text outside any record: expected <record>"
        ), start.start()
    first = line + held.count(b"\n", done, start.start())
    if start.group(1):
        cause = "</record> without a <record> before it"
        return _Piece(first, start.group(), cause), start.end()
    end = _TAG.search(held, start.end())
    if end is None:
        return None
    if not end.group(1):
        cause = "the record is not closed before the next one begins"
        return _Piece(first, held[start.start() : end.start()], cause), end.start()
    return _Piece(first, held[start.start() : end.end()], ""), end.end()


def _stray(held: bytes, start: int, end: int) -> int:
    """Where between two records something stands that is neither blank nor one of EndNote's outer tags; or 0."""
    between = held[start:end]
    if not between.strip():
        return 0
    rest = _OUTSIDE.match(between)
    place = rest.end() if rest else 0
    return start + place if between[place:].strip() else 0


def _line_of(text: bytes, pattern: re.Pattern[bytes]) -> int:
    found = pattern.search(text)
    return text.count(b"\n", 0, found.start() if found else 0) + 1


def _other_kind(held: bytes) -> InputError:
    found = held[:40].decode("utf-8", errors="replace").strip()
    return InputError(f"line 1: expected <xml><records>, found {found!r}", hint=_HINT)


def _blocks(file: Readable) -> Iterator[bytes]:
    """The file piece by piece, in UTF-8. Raises InputError where its bytes are not in its encoding."""
    head = file.read(_BLOCK)
    encoding = _encoding(head)
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        "".encode(encoding)  # refuses what Python calls a codec though it is none of text
    except (LookupError, ValueError) as error:
        raise InputError(f"line 1: the encoding {encoding[:40]!r} is not known", hint=_HINT) from error
    line = 1
    block = head
    while True:
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            raise InputError(f"line {line}: no {encoding} text", hint=_HINT) from error
        line += text.count("\n")
        if text:
            yield text.encode("utf-8", errors="replace")
        if not block:
            return
        block = file.read(_BLOCK)


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    name = declared.group(1).decode("ascii", errors="replace").lower() if declared else "utf-8"
    return "utf-8-sig" if name in ("utf-8", "utf8", "") else name


def _without_controls(text: bytes) -> tuple[bytes, int]:
    """A record without the characters that XML 1.0 forbids, and how many they were."""
    text, bare = _FORBIDDEN.subn(b"", text)
    written = 0

    def checked(found: re.Match[bytes]) -> bytes:
        nonlocal written
        code = int(found.group(1), 16) if found.group(1) else int(found.group(2))
        is_allowed = (
            code >= 32 and not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF)
        ) or code in (9, 10, 13)
        if is_allowed and code <= 0x10FFFF:
            return found.group()
        written += 1
        return b""

    return _REFERENCE.sub(checked, text), bare + written


# --- one record ---


class _Fields:
    """The texts of a record, each by the path of the elements it stands in, without `style`."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._path: list[str] = []
        self._parts: list[str] = []
        self.kind = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if len(self._path) > MAX_DEPTH:
            raise InputError(
                f"elements are nested more than {MAX_DEPTH} deep, as EndNote's never are", hint=_HINT
            )
        self._path.append(tag)
        if tag == "ref-type":
            self.kind = given.get("name", "")
        if tag != "style":
            self._parts = []

    def add(self, text: str) -> None:
        self._parts.append(text)

    def end(self, tag: str) -> None:
        if tag != "style":
            text = "".join(self._parts)
            if text.strip():
                path = "/".join(name for name in self._path[1:] if name != "style")
                self._texts.setdefault(path, []).append(text)
            self._parts = []
        self._path.pop()

    def lines(self, *paths: str) -> list[str]:
        """Every text at these paths, those of several lines parted."""
        return [
            plain
            for path in paths
            for text in self._texts.get(path, ())
            for line in re.split(r"[\r\n]", text)
            if (plain := _clean(line))
        ]

    def first(self, *paths: str) -> str | None:
        """The first text there is at these paths, on one line."""
        for path in paths:
            for text in self._texts.get(path, ()):
                if plain := _clean(text):
                    return plain
        return None


def _fields(text: bytes) -> _Fields:
    fields = _Fields()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = fields.start
    parser.EndElementHandler = fields.end
    parser.CharacterDataHandler = fields.add
    parser.Parse(text, True)
    return fields


def _record(fields: _Fields) -> Record | None:
    title = fields.first("titles/title", "titles/secondary-title" if fields.kind == "Edited Book" else "")
    journal = fields.first("periodical/full-title", "titles/secondary-title", "titles/alt-title")
    short = fields.first(
        "periodical/abbr-1", "alt-periodical/abbr-1", "periodical/abbr-2", "titles/alt-title"
    )
    pmid, pmcid = _pubmed_ids(fields)
    doi, abstract = _doi(fields), abstract_of(fields.first("abstract"))
    if not (title or abstract or doi or pmid or pmcid):
        return None
    accession = fields.first("accession-num")
    if accession and (stated := _PMID.fullmatch(accession)):
        accession = stated.group(1)
    year = next(
        (
            int(found.group())
            for text in fields.lines("dates/year", "dates/pub-dates/date")
            if (found := YEAR.search(text))
        ),
        None,
    )
    return Record(
        source_id=fields.first("rec-number"),
        accession=accession if accession and ACCESSION.fullmatch(accession) else None,
        pmid=pmid,
        pmcid=pmcid,
        doi=doi,
        title=title,
        vernacular_title=fields.first("titles/translated-title"),
        abstract=abstract,
        authors=_authors(fields, "contributors/authors/author")
        or _authors(fields, "contributors/secondary-authors/author"),
        journal=journal,
        journal_abbreviation=short if short != journal else None,
        year=year,
        volume=fields.first("volume"),
        issue=fields.first("number", "issue"),
        pages=fields.first("pages") or fields.first("custom7", "electronic-article-number"),
        languages=tuple(fields.lines("language")),
        publication_types=tuple(_types(fields)),
        keywords=tuple(dict.fromkeys(fields.lines("keywords/keyword"))),
        published_on=_published_on(fields, year),
    )


def _clean(text: str) -> str:
    return " ".join(text.translate(_CONTROLS).split())


def _authors(fields: _Fields, path: str) -> tuple[Author, ...]:
    """Persons and groups: EndNote marks a group by a comma behind its name."""
    return tuple(
        Author(name.rstrip(" ,"), is_group=True) if name.endswith(",") and name.count(",") == 1 else one
        for name in fields.lines(path)
        for one in authors([name])
    )


def _types(fields: _Fields) -> Iterator[str]:
    kind = _TYPES.get(fields.kind.lower())
    if kind:
        yield kind
    yield from (value for value in fields.lines("work-type") if value != kind)


def _published_on(fields: _Fields, year: int | None) -> str | None:
    """The date of publication: EndNote keeps its year apart from "Mar 5" or a full date."""
    if year is None:
        return None
    stated = [str(year)]
    for text in fields.lines("dates/pub-dates/date"):
        stated += [
            date
            for date in (iso_date(text), iso_date(f"{year} {text}"))
            if date and date.startswith(str(year))
        ]
    return max(stated, key=len)


def _doi(fields: _Fields) -> str | None:
    for text in fields.lines("electronic-resource-num"):
        if doi := normal_doi(text):
            return doi
    for text in fields.lines("urls/related-urls/url", "urls/text-urls/url", "urls/web-urls/url", "notes"):
        if (stated := STATED_DOI.search(text)) and (doi := normal_doi(stated.group(1))):
            return doi
    return None


def _pubmed_ids(fields: _Fields) -> tuple[str | None, str | None]:
    """PMID and PMCID, where the database or the text itself says that the number is one."""
    database = " ".join(fields.lines("remote-database-name", "remote-database-provider")).lower()
    accession = fields.first("accession-num") or ""
    pmid = None
    if re.search(r"medline|pubmed|\bnlm\b", database) and "embase" not in database:
        pmid = accession if re.fullmatch(r"[1-9][0-9]{0,8}", accession) else None
    if pmid is None:
        stated = [_PMID.search(text) for text in [accession, *fields.lines("notes", "custom1", "label")]]
        linked = [PUBMED_ADDRESS.search(text) for text in fields.lines("urls/related-urls/url")]
        pmid = next((found.group(1) for found in [*stated, *linked] if found), None)
    pmcs = [PMCID.match(text) for text in fields.lines("custom2", "accession-num")]
    return pmid, next((f"PMC{found.group(1)}" for found in pmcs if found), None)
