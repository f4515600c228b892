"""PubMed's own text format, as its website saves it (.nbib, or "PubMed" format in .txt).

A record is a run of lines `TAG - value`, the tag padded to four characters, longer values going on
in lines indented by six spaces; blank lines part the records.

Source: NLM, "MEDLINE/PubMed Data Element (Field) Descriptions"; PubMed help, section "PubMed format".
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from iimscreen.errors import InputError
from iimscreen.formats import Found, Readable, line_blocks, normal_doi, one_line
from iimscreen.formats._marks import PMID
from iimscreen.formats.pubmed_xml import NO_ABSTRACT, earliest, iso_date
from iimscreen.model import Author, Link, Parsed, Record, Refusal

SUFFIXES = (".nbib", ".txt")

MAX_RECORD = 64_000_000  # bytes of memory, about; a record of 10,000 authors with addresses takes 5 MB

_TAG = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,2}-(?: (.*)|\s*)$", re.DOTALL)
_WIDTH = 5  # of the padded tag with its hyphen
_PMCID = re.compile(r"PMC\d+", re.ASCII)
_LINKED = re.compile(r"\s*\bPMID:\s*(\d+)\.?")
_SUFFIXES = frozenset(("Jr", "Sr", "2nd", "3rd", "4th"))

# As the XML's RefType names them, so that a record is the same from either format.
LINKS = {
    "CIN": "CommentIn",
    "CON": "CommentOn",
    "CRF": "CorrectedandRepublishedFrom",
    "CRI": "CorrectedandRepublishedIn",
    "ECF": "ExpressionOfConcernFor",
    "ECI": "ExpressionOfConcernIn",
    "EFR": "ErratumFor",
    "EIN": "ErratumIn",
    "ORI": "OriginalReportIn",
    "RIN": "RetractionIn",
    "ROF": "RetractionOf",
    "RPF": "RepublishedFrom",
    "RPI": "RepublishedIn",
    "RRF": "RetractedandRepublishedFrom",
    "RRI": "RetractedandRepublishedIn",
    "SPIN": "SummaryForPatientsIn",
    "UIN": "UpdateIn",
    "UOF": "UpdateOf",
}


def looks_like(head: str) -> bool:
    """Whether a record's PMID or, without one, a title beside PubMed's own tags is in the first lines."""
    text = head.replace("\0", "").replace("\r", "\n").lstrip("\ufeff")
    if re.search(r"^TY {1,2}-", text, re.MULTILINE):
        return False
    if re.search(r"^PMID ?- ?\d", text, re.MULTILINE):
        return True
    has_title = re.search(r"^TI  - ", text, re.MULTILINE) is not None
    return has_title and re.search(r"^(?:FAU |DP  |JT  |OWN |STAT)- ", text, re.MULTILINE) is not None


def read(data: bytes) -> Iterator[Found]:
    """The records and refusals that `read_stream` gives, of a file that is in memory."""
    return read_stream(io.BytesIO(data))


def read_stream(file: Readable) -> Iterator[Found]:
    """Records and refusals in the order of the file; every line that is not blank belongs to one.

    A record has a PMID or a title. What has neither, or holds a line that is no part of the
    format, is refused with its cause. Of the file no more than a block and the record at hand is held.

    Raises InputError, naming the line, where the file is no text, and at once if it begins otherwise.
    """
    reader = _Reader()
    for lines in line_blocks(file):
        yield from reader.take(lines)
    if reader.draft is not None:
        yield _finished(reader.draft)
    elif not reader.is_begun:
        raise _begins_with(1, "an empty file")


def _begins_with(number: int, found: str) -> InputError:
    return InputError(
        f"line {number}: expected a tag such as 'TI  - ', found {found.strip()[:40]!r}",
        hint="export from PubMed with format 'PubMed', or name the format with --format",
    )


class _Draft:
    """The tagged lines of one record while it is being read, in their order."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.tags: list[tuple[str, list[str]]] = []  # a value's lines
        self.fault = ""
        self.size = 0  # of what is held, where more than a block is

    def all(self, *tags: str) -> list[str]:
        found = [one_line(" ".join(lines)) for tag, lines in self.tags if tag in tags]
        return [value for value in found if value]

    def first(self, *tags: str) -> str | None:
        """The value of the tag that is named earliest in `tags`, not in the file."""
        return next((value for tag in tags for value in self.all(tag)), None)


def _tag(line: str) -> tuple[str, str] | None:
    match = _TAG.match(line.removeprefix("\ufeff"))
    if match is None or line.removeprefix("\ufeff").index("-") + 1 != _WIDTH:
        return None
    return match.group(1), match.group(2) or ""


class _Reader:
    """Takes the lines of a file as they come and gives each record once it is whole."""

    def __init__(self) -> None:
        self.draft: _Draft | None = None
        self.is_begun = False
        self._number = 0  # of the last line taken
        self._is_after_blank = False

    def take(self, lines: list[str]) -> Iterator[Found]:
        for number, line in enumerate(lines, self._number + 1):
            if not line or line.isspace():
                self._is_after_blank = True
                continue
            tagged = _tag(line)
            if not self.is_begun:
                if tagged is None or tagged[0] == "TY":  # RIS looks much the same
                    raise _begins_with(number, line)
                self.is_begun = True
            if found := self._add(number, line, tagged):
                yield found
            self._is_after_blank = False
        self._number += len(lines)
        draft = self.draft
        if draft is not None and draft.line <= self._number - len(lines):
            draft.size += sum(map(len, lines)) + 60 * len(lines)
            if draft.size > MAX_RECORD:
                draft.fault = "the record has no end, or more text than any record has"
                draft.tags = [("", [])]

    def _add(self, number: int, line: str, tagged: tuple[str, str] | None) -> Found | None:
        draft = self.draft
        found = None
        if tagged is not None:
            tag, value = tagged
            # A PMID opens a record even where the blank line before it was lost.
            if draft is None or self._is_after_blank or (tag == "PMID" and draft.all("PMID")):
                found = None if draft is None else _finished(draft)
                draft = self.draft = _Draft(number)
            draft.tags.append((tag, [value]))
        elif draft is not None and line[0] in " \t":
            draft.tags[-1][1].append(line.strip())
        elif draft is not None and not draft.fault:
            draft.fault = f"line {number}: expected a tag such as 'TI  - ', found {line.strip()[:40]!r}"
        return found


def _finished(draft: _Draft) -> Found:
    if draft.fault:
        return Refusal(draft.line, draft.fault)
    stated = draft.first("PMID")
    pmid = PMID.fullmatch(stated or "")
    if stated and pmid is None:
        return Refusal(draft.line, f"PMID {stated[:20]!r} is no number")
    title = draft.first("TI", "BTI")
    record = _record(draft, pmid.group(1) if pmid else None, title)
    if not (pmid or title or record.abstract or record.doi or record.pmcid):
        return Refusal(draft.line, "the record has neither a PMID nor a title (PMID, TI)")
    return Parsed(draft.line, record)


def _record(draft: _Draft, pmid: str | None, title: str | None) -> Record:
    published = iso_date(draft.first("DP") or "")
    electronic = [iso_date(f"{date[:4]} {date[4:6]} {date[6:8]}") for date in draft.all("DEP")]
    first = published or next(filter(None, electronic), None)
    return Record(
        source_id=pmid,
        accession=pmid,
        pmid=pmid,
        pmcid=next((found.group() for found in map(_PMCID.match, draft.all("PMC")) if found), None),
        doi=_doi(draft),
        title=title,
        vernacular_title=draft.first("TT"),
        abstract=next((text for text in draft.all("AB") + draft.all("OAB") if text != NO_ABSTRACT), None),
        authors=tuple(_authors(draft)),
        journal=draft.first("JT") or (draft.first("BTI") if draft.first("TI") else None),
        journal_abbreviation=draft.first("TA"),
        year=int(first[:4]) if first else None,
        volume=draft.first("VI"),
        issue=draft.first("IP"),
        pages=draft.first("PG"),
        languages=tuple(draft.all("LA")),
        publication_types=tuple(draft.all("PT")),
        mesh_terms=tuple(_mesh_terms(draft)),
        substances=tuple(dict.fromkeys(map(_substance, draft.all("RN", "NM")))),
        keywords=tuple(dict.fromkeys(keyword.lstrip("*") for keyword in draft.all("OT"))),
        links=tuple(_links(draft)),
        entered_on=iso_date(draft.first("CRDT") or ""),
        published_on=earliest([published, *electronic]),
    )


def _doi(draft: _Draft) -> str | None:
    values = [value for value in draft.all("AID", "LID") if value.endswith("[doi]")]
    return next((doi for value in values if (doi := normal_doi(value.removesuffix("[doi]")))), None)


def _authors(draft: _Draft) -> Iterator[Author]:
    """Authors and groups in order. AU repeats the FAU before it in short, and counts only without one."""
    has_full_name = False
    for tag, lines in draft.tags:
        name = one_line(" ".join(lines))
        if not name:
            continue
        if tag == "CN":
            yield Author(name, is_group=True)
        elif tag == "FAU":
            yield _full_name(name)
        elif tag == "AU" and not has_full_name:
            yield _short_name(name)
        if tag in ("FAU", "AU"):
            has_full_name = tag == "FAU"


def _full_name(name: str) -> Author:
    family, _, given = name.partition(", ")
    return Author(family, given) if family else Author(given)


def _short_name(name: str) -> Author:
    """An author from "van der Berg JA" or "Beck O 3rd": initials are capitals at the end."""
    words = name.split()
    start = len(words) - 1 - (words[-1] in _SUFFIXES)
    if start < 1 or not words[start].isupper() or len(words[start]) > 4:
        return Author(name)
    return Author(" ".join(words[:start]), " ".join(words[start:]))


def _mesh_terms(draft: _Draft) -> Iterator[str]:
    """A heading by its name, or once per qualifier; stars, which mark major topics, are left off."""
    for heading in draft.all("MH"):
        descriptor, *qualifiers = [part.strip().lstrip("*") for part in heading.split("/")]
        if qualifiers:
            yield from (f"{descriptor} / {qualifier}" for qualifier in qualifiers)
        else:
            yield descriptor


def _substance(value: str) -> str:
    """The name in "87LA6FU830 (tofacitinib)"; names of their own may hold brackets."""
    _number, bracket, name = value.partition(" (")
    return name.removesuffix(")") if bracket and value.endswith(")") else value


def _links(draft: _Draft) -> Iterator[Link]:
    for tag, lines in draft.tags:
        if tag in LINKS:
            citation = one_line(" ".join(lines))
            linked = _LINKED.search(citation)
            yield Link(
                kind=LINKS[tag],
                pmid=linked.group(1) if linked else None,
                citation=_LINKED.sub("", citation).strip(),
            )
