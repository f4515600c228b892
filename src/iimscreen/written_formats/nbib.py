"""PubMed's own text format (MEDLINE), for managers that know it better than RIS.

Tags as in NLM, "MEDLINE/PubMed Data Element (Field) Descriptions". A record that is not of PubMed has no PMID
line; what we have to say beside the record stands in GN, NLM's tag for general notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iimscreen.decision_formats import Decided
from iimscreen.formats._dates import MONTHS
from iimscreen.formats.nbib import LINKS
from iimscreen.model import Author, Record
from iimscreen.written_formats import line, outcomes_of

_TAGS = {kind: tag for tag, kind in LINKS.items()}
_WIDTH = 82  # characters behind the tag, as PubMed breaks its lines


def write(reports: Sequence[Decided]) -> bytes:
    """A record for each report, blank lines between them."""
    return "".join("".join(map(_tagged, _tags(one))) + "\n" for one in reports).encode()


def _tagged(given: tuple[str, str]) -> str:
    tag, value = given
    text = line(value)
    if not text:
        return ""
    return f"{tag:<4}- " + "\n      ".join(_broken(text)) + "\n"


def _broken(text: str) -> Iterator[str]:
    """A text in lines, broken at blanks only, as the reader joins them with one; textwrap takes five times as long."""
    start = 0
    while len(text) - start > _WIDTH:
        end = text.rfind(" ", start, start + _WIDTH + 1)
        if end <= start:
            end = text.find(" ", start + _WIDTH)
            if end < 0:
                break
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _tags(one: Decided) -> Iterator[tuple[str, str]]:
    record = one.report.record
    yield from (("PMID", record.pmid or ""), ("OWN", "NLM" if record.pmid else ""))
    yield from (("STAT", record.citation_status or ""), ("LR", _packed(record.revised_on)))
    yield from (("TI", record.title or ""), ("TT", record.vernacular_title or ""))
    yield "PG", record.pages or ""
    yield "LID", f"{record.doi} [doi]" if record.doi else ""
    yield "AB", record.abstract or ""
    for author in record.authors:
        yield from _names(author)
    yield from (("LA", word) for word in record.languages)
    yield from (("SI", _registration(number)) for number in record.registrations)
    yield from (("PT", word) for word in record.publication_types)
    yield "DP", _date(record)
    yield from (("TA", record.journal_abbreviation or ""), ("JT", record.journal or ""))
    yield from (("VI", record.volume or ""), ("IP", record.issue or ""))
    yield from (("RN", substance) for substance in _substances(record))
    yield from (("MH", _heading(term)) for term in record.mesh_terms)
    yield "PMC", record.pmcid or ""
    yield from (("OT", word) for word in record.keywords)
    for link in record.links:
        if link.kind in _TAGS:
            stated = f"PMID: {link.pmid}" if link.pmid else ""
            yield _TAGS[link.kind], f"{link.citation} {stated}"
    yield "MHDA", (record.indexed_on or "").replace("-", "/")
    yield "CRDT", (record.entered_on or "").replace("-", "/")
    yield "AID", f"{record.doi} [doi]" if record.doi else ""
    yield "SO", _source(record)
    yield "GN", f"iimscreen record: {one.report.key}"
    yield "GN", f"iimscreen outcome: {said}" if (said := outcomes_of(one)) else ""


def _names(author: Author) -> Iterator[tuple[str, str]]:
    if author.is_group:
        yield "CN", author.family
        return
    yield "FAU", f"{author.family}, {author.given}" if author.given else author.family
    initials = "".join(word[0] for word in author.given.replace(".", " ").split())
    short = author.given if author.given.isupper() and author.given.isalpha() else initials
    yield "AU", f"{author.family} {short}"


def _date(record: Record) -> str:
    """The date of publication with the month in letters, as PubMed has it: "2021 Mar 5"."""
    if record.published_on is None:
        return str(record.year or "")
    year, *rest = record.published_on.split("-")
    if record.year is not None and year != str(record.year):
        return str(record.year)
    month = MONTHS[int(rest[0]) - 1].capitalize() if rest else ""
    return " ".join(filter(None, (year, month, rest[1].lstrip("0") if len(rest) > 1 else "")))


def _packed(date: str | None) -> str:
    return (date or "").replace("-", "")


def _registration(stated: str) -> str:
    return stated.replace(":", "/", 1)


def _heading(term: str) -> str:
    return "/".join(part.strip() for part in term.split(" / "))


def _substances(record: Record) -> Iterator[str]:
    """Each substance with its registry number where there is one for each; else with 0, which says none."""
    is_paired = len(record.registry_numbers) == len(record.substances)
    numbers = record.registry_numbers if is_paired else ("0",) * len(record.substances)
    for name, number in zip(record.substances, numbers, strict=True):
        yield f"{number} ({name})"


def _source(record: Record) -> str:
    """The citation in one line, as PubMed closes a record."""
    journal = record.journal_abbreviation or record.journal or ""
    issue = f"({record.issue})" if record.issue else ""
    where = f"{record.volume or ''}{issue}" + (f":{record.pages}" if record.pages else "")
    when = f"{_date(record)}{';' if where else ''}{where}"
    return ". ".join(filter(None, (journal, when))) + "." if journal or when else ""
