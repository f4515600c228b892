"""RIS with the decision in N1 (notes), which EndNote, Zotero and Mendeley keep, and in C8 for EndNote's columns.

    C8  - title-abstract: include; full-text: exclude (review)
    N1  - iimscreen record: pubmed:33258553
    N1  - iimscreen outcome: full-text | exclude | review | consensus
    N1  - iimscreen vote: full-text | ann | exclude | review | 2025-03-01T10:00:00.000000Z | a note

Read back are the lines "iimscreen record" and "iimscreen vote", wherever in the notes a manager put
them; and what Rayyan and ASReview write into notes of RIS.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from iimscreen.decision_formats import Decided, Reading, Said, rayyan
from iimscreen.errors import InputError
from iimscreen.formats import one_line, ris, text_of
from iimscreen.formats.ris import looks_like as is_ris
from iimscreen.model import Author, Parsed, Record, Verdict, stated_accession
from iimscreen.voting import Vote

_TYPES = {
    "Abstract": "ABST",
    "Book": "BOOK",
    "Book Chapter": "CHAP",
    "Conference Proceedings": "CONF",
    "Conference Paper": "CPAPER",
    "Thesis": "THES",
    "Report": "RPRT",
    "Unpublished Work": "UNPB",
}
_PAGES = re.compile(r"(\w+)-(\w+)")
_START = re.compile(r"\s*\ufeff?TY {0,2}-", re.IGNORECASE)
_TAG = re.compile(r"\s*([A-Z][A-Z0-9]) {0,2}-(?:\s(.*)|\s*)$")
_OURS = re.compile(r"iimscreen (record|vote|outcome): ")
_MADE_UP = re.compile(r"(?:sha256-)?[0-9a-f]{16}(?:-\d+)?")  # a hash in place of an accession number
_ASREVIEW = {"ASReview_relevant": Verdict.INCLUDE, "ASReview_irrelevant": Verdict.EXCLUDE}
# What would part the fields of a line, break it, be taken for markup, or be read as the record's own number.
_ESCAPED = re.compile(r"[%|<>&\0\r\n\t]| (?= )|^ | $|10(?=\.\d{4})|(?<=ccession )Number|(?<=iimscreen )[rvo]")


def write(decided: Sequence[Decided], labels: Mapping[str, str]) -> bytes:
    """A record for each report, behind a byte order mark, so that EndNote reads it as UTF-8.

    The mark has a line of its own: rispy, and ASReview with it, would not see the first record behind it.
    """
    del labels  # codes are what is read back
    made = (
        "".join([f"{tag}  - {value}\r\n" for tag, value in _tags(one) if value]) + "ER  - \r\n"
        for one in decided
    )
    return b"\xef\xbb\xbf\r\n" + "\r\n".join(made).encode()


def _tags(one: Decided) -> Iterator[tuple[str, str]]:
    record = one.report.record
    kind = next((word for word in record.publication_types if word in _TYPES), None)
    yield "TY", _TYPES[kind] if kind else "JOUR"
    yield from (("TI", _line(record.title)), ("TT", _line(record.vernacular_title)))
    yield from (("AU", _name(author)) for author in record.authors)
    yield "PY", str(record.year or "")
    yield "DA", "/".join((record.published_on or "").split("-"))
    yield from (("JF", _line(record.journal)), ("JA", _line(record.journal_abbreviation)))
    yield from (("VL", _line(record.volume)), ("IS", _line(record.issue)))
    pages = _PAGES.fullmatch(record.pages or "")
    yield from (("SP", pages.group(1)), ("EP", pages.group(2))) if pages else (("SP", _line(record.pages)),)
    yield "DO", _line(record.doi)
    yield "DB", _line(one.report.database)
    accession = stated_accession(record.accession or "")
    yield "AN", "" if _MADE_UP.fullmatch(accession) else accession
    yield "C2", record.pmcid or ""
    yield from (("LA", _line(word)) for word in record.languages)
    # Zotero takes M3 of an article for its DOI where there is none, and passes over PT.
    tag = "M3" if record.doi else "PT"
    yield from ((tag, _line(word)) for word in record.publication_types if word != kind)
    yield from (("KW", _line(word)) for word in dict.fromkeys((*record.keywords, *record.mesh_terms)))
    yield "AB", _line(record.abstract)
    yield "UR", f"https://doi.org/{record.doi}" if record.doi else ""
    yield from _decisions(one, record)


def _decisions(one: Decided, record: Record) -> Iterator[tuple[str, str]]:
    verdicts = (
        f"{judged.stage}: {judged.verdict}" + (f" ({judged.verdict_reason})" if judged.verdict_reason else "")
        for judged in one.stages
        if judged.verdict
    )
    yield "C8", "; ".join(verdicts)
    if record.pmid:
        yield "N1", f"PMID: {record.pmid}"
    yield "N1", f"iimscreen record: {_escaped(one.report.key)}"
    for judged in one.stages:
        if judged.outcome is not None:
            fields = (judged.stage, judged.outcome, judged.reason or "", judged.settled_by or "")
            yield "N1", f"iimscreen outcome: {_joined(fields)}"
        yield from (
            ("N1", f"iimscreen vote: {_joined(_fields(judged.stage, word))}") for word in judged.words
        )


def _fields(stage: str, word: Vote) -> tuple[str, ...]:
    name = word.names[0] if word.manner == "vote" else f"{', '.join(word.names)} ({word.manner})"
    return (stage, name, word.verdict.value, word.reason or "", word.at, word.note or "")


def _joined(fields: Sequence[str]) -> str:
    return " | ".join(map(_escaped, fields))


def _escaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: "".join(f"%{ord(c):02X}" for c in match.group()), text)


def _unescaped(text: str) -> str:
    return re.sub("%([0-9A-F]{2})", lambda match: chr(int(match.group(1), 16)), text)


def _line(text: str | None) -> str:
    return one_line(text or "").replace("\ufffe", "").replace("\uffff", "").strip()


def _name(author: Author) -> str:
    if author.is_group:
        return f"{_line(author.family)},"  # as EndNote writes a group, so that it is not taken apart
    family, given = _line(author.family), _line(author.given)
    return f"{family}, {given}" if given else family


def looks_like(data: bytes) -> bool:
    """Whether a RIS record starts in it."""
    return is_ris(data[:4000].decode("utf-8", errors="replace"))


def read(data: bytes) -> Reading:
    """The votes in the notes of each record, in order; a record without any is one without a verdict."""
    notes = dict(_notes(text_of(data).split("\n")))
    said: list[Said] = []
    for found in ris.read(data):
        if isinstance(found, Parsed):
            said += _of_record(found, notes.get(found.line, ""))
    return Reading("RIS", tuple(said))


def _of_record(found: Parsed, text: str) -> list[Said]:
    record, line = found.record, found.line
    said = list(_said_in(text, line)) or [Said(line=line)]
    key = next((one.key for one in said if one.key), None)
    return [
        replace(one, key=key, doi=record.doi, pmid=record.pmid, title=record.title, year=record.year)
        for one in [one for one in said if one.verdict is not None] or said[:1]
    ]


def _said_in(text: str, line: int) -> Iterator[Said]:
    """What the notes of one record say: our lines; else Rayyan's, or ASReview's."""
    places = [match.start() for match in _OURS.finditer(text)]
    for start, end in zip(places, [*places, len(text)][1:], strict=True):
        kind, _, rest = text[start:end].strip().partition(": ")
        if kind == "iimscreen record":
            yield Said(line=line, key=_unescaped(rest.split("\n")[0].strip()))
        elif kind == "iimscreen vote" and (vote := _vote(rest, line)) is not None:
            yield vote
    if places:
        return
    if "RAYYAN-INCLUSION" in text:
        yield from rayyan.said_in(text, line)
    for word, verdict in _ASREVIEW.items():
        if word in text:
            yield Said(line=line, verdict=verdict)


def _vote(written: str, line: int) -> Said | None:
    fields = [_unescaped(field.strip()) for field in written.split("\n")[0].split(" |")]
    if len(fields) < 5:
        raise InputError(
            f"line {line}: a vote in its notes is cut: {written[:40]!r}",
            hint="expected 'iimscreen vote: STAGE | NAME | VERDICT | REASON | TIME | NOTE'",
        )
    stage, name, word, reason, at, *note = fields
    if re.search(r" \((?:adjudication|consensus|one person)\)$", name):
        return None  # a final word is no one's vote
    try:
        verdict = Verdict(word)
    except ValueError as error:
        raise InputError(
            f"line {line}: {word!r} is no verdict",
            hint=f"expected one of {', '.join(v.value for v in Verdict if v is not Verdict.WITHDRAWN)}",
        ) from error
    return Said(
        line=line,
        stage=stage,
        by=name,
        verdict=verdict,
        reasons=(reason,) if reason else (),
        note=" |".join(note) or None,
        at=at,
    )


def _notes(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(line where a record starts, its notes): N1 with the lines that go on, plain where Zotero put markup."""
    start, tag = 0, ""
    kept: list[str] = []
    for number, line in enumerate(lines, start=1):
        if _START.match(line):
            if start:
                yield start, _plain("\n".join(kept))
            start, kept, tag = number, [], "TY"
        elif match := _TAG.match(line):
            tag = match.group(1)
            if tag == "N1":
                kept.append(match.group(2) or "")
        elif tag == "N1":
            kept.append(line)
    if start:
        yield start, _plain("\n".join(kept))


def _plain(text: str) -> str:
    if re.search(r"</?(?:p|div|br)\b", text):
        text = html.unescape(re.sub(r"</?(?:p|div|br)\b[^>]*>", "\n", text))
    return text
