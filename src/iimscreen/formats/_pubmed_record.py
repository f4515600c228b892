"""One PubMed record: its well-formed text, as `_pubmed_pieces` gives it, to a Record.

The text is walked element by element and only where something is wanted: an element that is not
read costs one search for its end tag. What PubMed lists as cited by a record ("Cites", and the
reference list with identifiers of its own) is not part of the record and is left out.

Source: pubmed_250101.dtd; the older files, nlmmedlinecitationset_160101.dtd.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from iimscreen.formats import normal_doi
from iimscreen.formats._dates import earliest, iso_date
from iimscreen.formats._marks import PMID
from iimscreen.model import Author, Link, Record, Refusal

NO_ABSTRACT = "Abstract available from the publisher."  # stands in PubMed where it holds none

Attributes = Mapping[str, str]
Parts = dict[bytes, list["Part"]]  # the elements within another by name, in order
Part = tuple[Attributes, bytes, Parts | None]  # an element's attributes, its content, its parts if walked

_NONE: Attributes = MappingProxyType({})

_PMCID = re.compile(r"PMC\d+", re.ASCII)

# Possessive throughout: nothing is tried twice, so time grows with the text alone, whatever it holds.
# A start tag, and if no element follows it, the text up to the end tag as well.
_ELEMENT = re.compile(rb"\s*+<([^\s<>/!?]++)([^<>]*+)>(?:([^<]*+)</\1>)?+")
_PLAIN = re.compile(rb"<([^\s<>/!?]++)([^<>]*+)>([^<]*+)</\1>")
_END = re.compile(rb"\s*+</([^\s<>]++)\s*+>")
_ENTERED = frozenset((b"PubmedArticle", b"MedlineCitation", b"Article", b"PubmedData"))
_LEVELS = 3  # PubmedArticle, MedlineCitation, Article: what a file nests deeper is not gone into
_TAG = re.compile(rb"<(/?)([^\s<>/!?]++)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_ATTRIBUTE = re.compile(rb"\s++([^\s=]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
_REFERENCE = re.compile(r"&(#x[0-9a-fA-F]+|#[0-9]+|[a-z]+);")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
# Expressions for the shape that nearly all records have, where the DTD fixes the order; what is
# shaped in another way is walked. A name that needs neither unescaping nor single spaces:
_NAME = rb"([^\s<>&\xc2\xe1-\xe3]++(?: [^\s<>&\xc2\xe1-\xe3]++)*+)"
_IDENTIFIERS = rb"(?:<Identifier [^<>]*+>[^<]*+</Identifier>\s*+)*+"
_AUTHOR = re.compile(
    rb"<Author(?: ValidYN=\"Y\")?+>\s*+(?:<LastName>" + _NAME + rb"</LastName>\s*+"
    rb"(?:<ForeName>" + _NAME + rb"</ForeName>\s*+)?+(?:<Initials>([^<&]*+)</Initials>\s*+)?+"
    rb"(?:<Suffix>"
    + _NAME
    + rb"</Suffix>\s*+)?+|<CollectiveName>"
    + _NAME
    + rb"</CollectiveName>\s*+)"
    + _IDENTIFIERS
    + rb"(?:<AffiliationInfo>\s*+<Affiliation>[^<]*+</Affiliation>\s*+"
    + _IDENTIFIERS
    + rb"</AffiliationInfo>\s*+)*+</Author>"
)
_PAGES = re.compile(rb"\s*+<MedlinePgn>([^<]++)</MedlinePgn>\s*+\Z")
_JOURNAL = re.compile(
    rb"\s*+(?:<ISSN[^<>]*+>[^<]*+</ISSN>\s*+)?+<JournalIssue(?: [^<>]*+)?+>\s*+"
    rb"(?:<Volume>([^<]*+)</Volume>\s*+)?+(?:<Issue>([^<]*+)</Issue>\s*+)?+"
    rb"<PubDate>((?:\s*+<(Year|Month|Day|Season|MedlineDate)>[^<]*+</\4>)*+)\s*+</PubDate>\s*+</JournalIssue>\s*+"
    rb"(?:<Title>([^<]*+)</Title>\s*+)?+(?:<ISOAbbreviation>([^<]*+)</ISOAbbreviation>\s*+)?+\Z"
)


def read_record(name: str, text: bytes) -> Record | Refusal:
    """The record in the text of one whole element; a refusal, its line unset (0), if it has no PMID."""
    parts = _parts(text)
    if name != "MedlineCitation":
        parts = _parts_of(parts, name.encode())
    is_book = name == "PubmedBookArticle"
    body = parts.get(b"BookDocument" if is_book else b"MedlineCitation")
    if body is None:
        return Refusal(0, f"a {name} without content: expected a MedlineCitation or BookDocument")
    if len(body) > 1:
        return Refusal(0, f"a {name} with {len(body)} records in it: expected one")
    attributes, content, within = body[0]
    inner = _parts(content) if within is None else within
    stated = _text_of(inner, b"PMID")
    pmid = PMID.fullmatch(stated or "")
    if pmid is None:
        title = _text_of(_parts_of(inner, b"Article"), b"ArticleTitle") or _text_of(inner, b"ArticleTitle")
        what = f"PMID {stated!r} is no number" if stated else "no PMID"
        return Refusal(0, f"{what} in the record {(title or 'no title')[:60]!r}")
    if is_book:
        return _book(pmid.group(1), inner, _parts_of(parts, b"PubmedBookData"))
    return _article(pmid.group(1), attributes, inner, _parts_of(parts, b"PubmedData"))


def deleted_pmids(text: bytes) -> tuple[str, ...]:
    """The PMIDs in the text of a DeleteCitation, in order."""
    stated = map(_text, _each(_parts_of(_parts(text), b"DeleteCitation"), b"PMID"))
    return tuple(pmid.group(1) for one in stated if (pmid := PMID.fullmatch(one or "")))


def _parts(content: bytes) -> Parts:
    """The elements directly within a well-formed text; what stands between them is left out."""
    if not content:
        return {}
    try:
        parts, position = _walked(content, 0, _LEVELS)
    except _IrregularError:
        return _parts_by_depth(content)
    return parts if not content[position:].strip() else _parts_by_depth(content)


def _plain(content: bytes, name: bytes) -> list[tuple[Attributes, bytes]]:
    """The elements of that name directly within a text: attributes and content.

    Quicker than `_parts` where no element holds another: then each has two "<" and two ">".
    """
    plain = _PLAIN.findall(content)
    if content.count(b"<") == content.count(b">") == 2 * len(plain):
        return [(_attributes(stated) or _NONE, inner) for found, stated, inner in plain if found == name]
    return [(attributes, inner) for attributes, inner, _ in _parts(content).get(name, ())]


class _IrregularError(Exception):
    """Something stands in the text that the quick walk does not know."""


def _walked(content: bytes, position: int, levels: int) -> tuple[Parts, int]:
    """The elements that stand side by side from a place on, and where they end.

    The end of an element is taken to be the next end tag of its name. Where that is wrong, because
    an element holds another of its name, the walk comes upon the true end tag, which is neither a
    start tag nor the end of what is walked, and the caller reads all of it again by counting depth.
    """
    parts: Parts = {}
    match, find = _ELEMENT.match, content.find
    while opened := match(content, position):
        name, stated, inner = opened.groups()
        within = None
        attributes = _attributes(stated) if stated else _NONE
        if attributes is None:
            raise _IrregularError
        if inner is not None:
            position = opened.end()
        elif levels and name in _ENTERED:  # to seek its end would cost more: most of the record lies between
            start = opened.end()
            within, stop = _walked(content, start, levels - 1)
            closed = _END.match(content, stop)
            if closed is None or closed.group(1) != name:
                raise _IrregularError
            inner = b""  # read by its parts alone
            position = closed.end()
        else:
            closing = b"</" + name + b">"
            ending = closing[:-1]
            start = opened.end()
            stop = find(ending, start)
            while not content.startswith(closing, stop):
                after = stop + len(ending)
                if stop < 0 or content[after : after + 1].isspace():
                    raise _IrregularError
                stop = find(ending, after)  # that was the end of another, as </ArticleTitle is of </Article
            inner = content[start:stop]
            position = stop + len(closing)
        if name in parts:
            parts[name].append((attributes, inner, within))
        else:
            parts[name] = [(attributes, inner, within)]
    return parts, position


def _parts_by_depth(content: bytes) -> Parts:
    parts: Parts = {}
    depth = start = 0
    name, attributes = b"", _NONE
    for tag in _TAG.finditer(content):
        slash, tag_name, stated = tag.groups()
        if slash:
            depth -= 1
            if depth == 0:
                parts.setdefault(name, []).append((attributes, content[start : tag.start()], None))
            continue
        is_empty = stated.endswith(b"/")
        if depth == 0:
            name, start = tag_name, tag.end()
            attributes = _attributes(stated.removesuffix(b"/")) or _NONE
            if is_empty:
                parts.setdefault(name, []).append((attributes, b"", None))
        if not is_empty:
            depth += 1
    return parts


@lru_cache(maxsize=4096)
def _attributes(stated: bytes) -> Attributes | None:
    """Attributes as they stand in a start tag; None if it is not all of them, or the element is empty."""
    found: dict[str, str] = {}
    position = 0
    while match := _ATTRIBUTE.match(stated, position):
        found[match.group(1).decode()] = _unescaped((match.group(2) or match.group(3) or b"").decode())
        position = match.end()
    return None if stated[position:].strip() else MappingProxyType(found)


def _unescaped(text: str) -> str:
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(reference: re.Match[str]) -> str:
    name = reference.group(1)
    if name[0] != "#":
        return _NAMED.get(name, "")  # expat has refused any other, but in attributes, where it is left out
    is_hex = name[1] == "x"
    return chr(int(name[2 if is_hex else 1 :], 16 if is_hex else 10))


def _text(content: bytes) -> str | None:
    """All text of an element without its markup, spaces made single; None if there is none."""
    if b"<" in content:
        content = _TAG.sub(b"", content)
    text = content.decode()
    if "&" in text:
        text = _REFERENCE.sub(_character, text)
    # No white space but single spaces: a third of the time.
    if text.isprintable() and "  " not in text:
        return text.strip() or None
    return " ".join(text.split()) or None


def _texts(contents: list[bytes]) -> tuple[str, ...]:
    """The texts of some elements, each once, in order."""
    if len(contents) < 2:
        only = _usual_text(contents[0]) if contents else None
        return (only,) if only else ()
    return tuple(dict.fromkeys(filter(None, map(_text, contents))))


@lru_cache(maxsize=16384)
def _usual_text(content: bytes) -> str | None:
    """As `_text`, of what stands alike in many records: names of journals, numbers, languages."""
    return _text(content)


def _part(parts: Parts, name: bytes) -> bytes:
    """The content of the first part of that name; nothing if there is none."""
    found = parts.get(name)
    return found[0][1] if found else b""


def _parts_of(parts: Parts, name: bytes) -> Parts:
    """The parts of the first part of that name; none if there is none."""
    found = parts.get(name)
    if not found:
        return {}
    _, content, within = found[0]
    return _parts(content) if within is None else within


def _text_of(parts: Parts, name: bytes) -> str | None:
    found = parts.get(name)
    return _text(found[0][1]) if found else None


def _each(parts: Parts, name: bytes) -> list[bytes]:
    found = parts.get(name)
    return [content for _, content, _ in found] if found else []


def _article(pmid: str, attributes: Attributes, citation: Parts, data: Parts) -> Record:
    article = _parts_of(citation, b"Article")
    journal = _journal(_part(article, b"Journal"))
    published = _date(journal.published)
    electronic = [_date(content) for content in _each(article, b"ArticleDate")]
    first = published or next(filter(None, electronic), None)
    ids = _own_ids(data)
    substances, registry_numbers = _chemicals(citation)
    entered_on, indexed_on = _history(data)
    return Record(
        source_id=pmid,
        accession=pmid,
        pmid=pmid,
        pmcid=_pmcid(ids.get("pmc"), _each(citation, b"OtherID")),
        doi=_doi(ids.get("doi"), article),
        title=_text_of(article, b"ArticleTitle"),
        vernacular_title=_text_of(article, b"VernacularTitle"),
        abstract=_abstract(_part(article, b"Abstract")) or _other_abstract(citation),
        authors=_authors(_part(article, b"AuthorList")),
        journal=_usual_text(journal.title),
        journal_abbreviation=_usual_text(journal.abbreviation)
        or _text_of(_parts_of(citation, b"MedlineJournalInfo"), b"MedlineTA"),
        year=int(first[:4]) if first else None,
        volume=_usual_text(journal.volume),
        issue=_usual_text(journal.issue),
        pages=_pages(_part(article, b"Pagination")),
        languages=_texts(_each(article, b"Language")),
        publication_types=_publication_types(_part(article, b"PublicationTypeList")),
        mesh_terms=_mesh_terms(_part(citation, b"MeshHeadingList")),
        substances=substances,
        registry_numbers=registry_numbers,
        registrations=_registrations(_part(article, b"DataBankList")),
        keywords=_keywords(citation),
        links=_links(_part(citation, b"CommentsCorrectionsList")),
        entered_on=entered_on,
        published_on=earliest([published, *electronic]),
        indexed_on=indexed_on,
        revised_on=_date(_part(citation, b"DateRevised")),
        citation_status=" ".join(attributes.get("Status", "").split()) or None,
    )


def _book(pmid: str, document: Parts, data: Parts) -> Record:
    """A book, or a chapter of one: then its own title, authors and DOI, with the book as its journal."""
    book = _parts_of(document, b"Book")
    book_title = _text_of(book, b"BookTitle")
    title = _text_of(document, b"ArticleTitle")
    published = _date(_part(book, b"PubDate"))
    ids = {**_own_ids(data), **_own_ids(document)}
    entered_on, indexed_on = _history(data)
    return Record(
        source_id=pmid,
        accession=pmid,
        pmid=pmid,
        pmcid=_pmcid(ids.get("pmc")),
        doi=_doi(ids.get("doi"), document if title else book),
        title=title or book_title,
        vernacular_title=_text_of(document, b"VernacularTitle"),
        abstract=_abstract(_part(document, b"Abstract")),
        authors=next((found for found in map(_authors, _author_lists(document, book)) if found), ()),
        journal=book_title if title else None,
        year=int(published[:4]) if published else None,
        volume=_text_of(book, b"Volume"),
        pages=_pages(_part(document, b"Pagination")),
        languages=_texts(_each(document, b"Language")),
        publication_types=_texts(_each(document, b"PublicationType")),
        keywords=_keywords(document),
        entered_on=entered_on,
        published_on=published,
        indexed_on=indexed_on,
        revised_on=_date(_part(document, b"DateRevised")),
    )


class _Journal(NamedTuple):
    """A journal's parts as they stand in the record, unread; nothing where there is none."""

    volume: bytes
    issue: bytes
    published: bytes
    title: bytes
    abbreviation: bytes


def _journal(content: bytes) -> _Journal:
    if (shaped := _JOURNAL.match(content)) is not None:
        volume, issue, published, _, title, abbreviation = shaped.groups(b"")
    else:
        journal = _parts(content)
        title, abbreviation = _part(journal, b"Title"), _part(journal, b"ISOAbbreviation")
        inner = _parts_of(journal, b"JournalIssue")
        volume, issue, published = _part(inner, b"Volume"), _part(inner, b"Issue"), _part(inner, b"PubDate")
    return _Journal(volume, issue, published, title, abbreviation)


def _own_ids(data: Parts) -> dict[str, str]:
    """The record's identifiers by type. Only its own list: references carry lists of the same name."""
    ids: dict[str, str] = {}
    for listed in _each(data, b"ArticleIdList"):
        for attributes, content in _plain(listed, b"ArticleId"):
            if text := _text(content):
                ids.setdefault(attributes.get("IdType", "pubmed"), text)
    return ids


def _pmcid(listed: str | None, others: Iterable[bytes] = ()) -> str | None:
    for text in (listed, *map(_text, others)):
        if text and (found := _PMCID.match(text)):
            return found.group()
    return None


def _doi(listed: str | None, article: Parts) -> str | None:
    if listed and (doi := normal_doi(listed)):
        return doi
    for attributes, content, _ in article.get(b"ELocationID", ()):
        if attributes.get("EIdType") == "doi" and attributes.get("ValidYN", "Y") == "Y":
            text = _text(content)
            if text and (doi := normal_doi(text)):
                return doi
    return None


def _abstract(content: bytes) -> str | None:
    parts = []
    for attributes, inner in _plain(content, b"AbstractText"):
        if text := _text(inner):
            label = attributes.get("Label", "").strip()
            parts.append(f"{label}: {text}" if label else text)
    return "\n".join(parts) or None


def _other_abstract(citation: Parts) -> str | None:
    """An abstract that PubMed holds beside the article's own: in another language, or in plain words."""
    texts = map(_abstract, _each(citation, b"OtherAbstract"))
    return next((text for text in texts if text and text != NO_ABSTRACT), None)


def _author_lists(*places: Parts) -> list[bytes]:
    """Lists of authors, then those of editors; a chapter's before its book's."""
    lists = [found for place in places for found in place.get(b"AuthorList", ())]
    return [content for _, content, _ in sorted(lists, key=lambda found: found[0].get("Type") == "editors")]


def _authors(content: bytes) -> tuple[Author, ...]:
    if not content:
        return ()
    shaped = _AUTHOR.findall(content)
    if len(shaped) == content.count(b"<Author"):
        return tuple(
            [
                Author(family.decode(), fore_name.decode())
                if fore_name and not suffix
                else _named(group, family, fore_name or initials, suffix)
                for family, fore_name, initials, suffix, group in shaped
            ]
        )
    found = [
        _author(_parts(inner))
        for attributes, inner, _ in _parts(content).get(b"Author", ())
        if attributes.get("ValidYN") != "N"  # a misprint that a later entry of the list puts right
    ]
    return tuple(author for author in found if author is not None)


def _named(group: bytes, family: bytes, given: bytes, suffix: bytes) -> Author:
    if group:
        return Author(group.decode(), is_group=True)
    return Author(family.decode(), f"{_text(given) or ''} {suffix.decode()}".strip())


def _author(parts: Parts) -> Author | None:
    given = _text_of(parts, b"ForeName") or _text_of(parts, b"Initials") or ""
    if group := _text_of(parts, b"CollectiveName"):
        return Author(group, is_group=True)
    if family := _text_of(parts, b"LastName"):
        return Author(family, f"{given} {_text_of(parts, b'Suffix') or ''}".strip())
    return Author(given) if given else None


def _pages(content: bytes) -> str | None:
    if (shaped := _PAGES.match(content)) is not None:
        return _text(shaped.group(1))
    parts = _parts(content)
    start, end = _text_of(parts, b"StartPage"), _text_of(parts, b"EndPage")
    return _text_of(parts, b"MedlinePgn") or (f"{start}-{end}" if start and end else start)


@lru_cache(maxsize=4096)
def _publication_types(content: bytes) -> tuple[str, ...]:
    return _texts(_each(_parts(content), b"PublicationType"))


def _keywords(place: Parts) -> tuple[str, ...]:
    lists = _each(place, b"KeywordList")
    return _texts([word for one in lists for _, word in _plain(one, b"Keyword")])


def _mesh_terms(content: bytes) -> tuple[str, ...]:
    if not content:
        return ()
    before, *headings = content.split(b"<MeshHeading>")
    if not before.strip():
        try:
            return tuple(chain.from_iterable(map(_heading_before, headings)))
        except _IrregularError:
            pass
    return tuple(term for one in _each(_parts(content), b"MeshHeading") for term in _heading(one))


@lru_cache(maxsize=16384)
def _heading_before(content: bytes) -> tuple[str, ...]:
    """A heading of which the text goes on to the start of the next, or to the end of the list."""
    inner, end, after = content.partition(b"</MeshHeading>")
    if not end or after.strip() or b"<MeshHeading" in inner:
        raise _IrregularError
    return _heading(inner)


def _heading(content: bytes) -> tuple[str, ...]:
    """A heading by its name, or once per qualifier: "Dermatomyositis / drug therapy"."""
    parts = _parts(content)
    descriptor = _text_of(parts, b"DescriptorName")
    qualifiers = _texts(_each(parts, b"QualifierName"))
    if not descriptor:
        return ()
    return tuple(f"{descriptor} / {qualifier}" for qualifier in qualifiers) or (descriptor,)


def _chemicals(citation: Parts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of substances, supplementary concepts included, and registry numbers ("0" is none)."""
    if b"ChemicalList" not in citation and b"SupplMeshList" not in citation:
        return (), ()
    names: list[str] = []
    numbers: list[str] = []
    for listed in _each(citation, b"ChemicalList"):
        for content in _each(_parts(listed), b"Chemical"):
            in_order, number = _chemical(content)
            names += in_order
            numbers += number
    for listed in _each(citation, b"SupplMeshList"):
        names += _texts(_each(_parts(listed), b"SupplMeshName"))
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(numbers))


@lru_cache(maxsize=16384)
def _chemical(content: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parts = _parts(content)
    numbers = _texts(_each(parts, b"RegistryNumber"))
    return _texts(_each(parts, b"NameOfSubstance")), tuple(one for one in numbers if one != "0")


def _registrations(content: bytes) -> tuple[str, ...]:
    """Accession numbers in trial registers and data banks: "ClinicalTrials.gov:NCT03002649"."""
    if not content:
        return ()
    found = []
    for bank in map(_parts, _each(_parts(content), b"DataBank")):
        name = _text_of(bank, b"DataBankName")
        for listed in _each(bank, b"AccessionNumberList"):
            numbers = _texts(_each(_parts(listed), b"AccessionNumber"))
            found += [f"{name}:{number}" if name else number for number in numbers]
    return tuple(dict.fromkeys(found))


def _links(content: bytes) -> tuple[Link, ...]:
    if not content or content.count(b"RefType") == content.count(b'RefType="Cites"'):
        return ()
    return tuple(_linked(content))


def _linked(content: bytes) -> Iterator[Link]:
    for attributes, inner, _ in _parts(content).get(b"CommentsCorrections", ()):
        kind = attributes.get("RefType", "")
        if kind and kind != "Cites":
            parts = _parts(inner)
            pmid = PMID.fullmatch(_text_of(parts, b"PMID") or "")
            yield Link(kind, pmid.group(1) if pmid else None, _text_of(parts, b"RefSource") or "")


def _history(data: Parts) -> tuple[str | None, str | None]:
    """When the record entered PubMed ("entrez", the [crdt]) and was indexed ("medline", the [mhda])."""
    dates: dict[str, str | None] = {}
    for history in _each(data, b"History"):
        for attributes, content, _ in _parts(history).get(b"PubMedPubDate", ()):
            status = attributes.get("PubStatus")
            if status in ("entrez", "medline") and status not in dates:
                dates[status] = _date(content.partition(b"<Hour>")[0])
    return dates.get("entrez"), dates.get("medline")


@lru_cache(maxsize=16384)
def _date(content: bytes) -> str | None:
    parts = _parts(content)
    if b"Year" not in parts:
        return iso_date(_text_of(parts, b"MedlineDate") or "")
    year, month, day = (_text_of(parts, name) or "" for name in (b"Year", b"Month", b"Day"))
    return iso_date(f"{year} {month} {day if month else ''}")
