"""PubMed's XML: EFetch replies, NLM's baseline and update files, and the older MedlineCitationSet.

Entities that a file declares itself are refused and no DTD is fetched, so a file can neither grow
without bound nor read anything else.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from iimscreen.formats import Deleted, Found
from iimscreen.formats._dates import earliest, iso_date
from iimscreen.formats._pubmed_pieces import (
    DELETED,
    ROOTS,
    cause_of,
    malformed,
    pieces,
    refuse_declarations,
)
from iimscreen.formats._pubmed_record import NO_ABSTRACT, deleted_pmids, read_record
from iimscreen.model import Parsed, Record, Refusal

__all__ = [
    "NO_ABSTRACT",
    "SUFFIXES",
    "earliest",
    "iso_date",
    "looks_like",
    "read",
    "read_stream",
    "tree",
]

SUFFIXES = (".xml",)


def looks_like(head: str) -> bool:
    """Whether one of PubMed's sets begins in the first characters of a file."""
    return re.search(rf"<(?:!DOCTYPE\s+)?(?:{'|'.join(ROOTS)})[\s>]", head.replace("\0", "")) is not None


def read(data: bytes) -> Iterator[Found]:
    """The records and refusals that `read_stream` gives, of a file that is in memory."""
    for found in read_stream(io.BytesIO(data)):
        if not isinstance(found, Deleted):
            yield found


def read_stream(file: BinaryIO) -> Iterator[Found | Deleted]:
    """Records, refusals of what is none, and lists of deleted PMIDs, in order, while the file is read.

    A gzipped file is unpacked. Of the file no more than a block and the record at hand is held.

    Raises InputError, naming the line, where the file is no well-formed set of PubMed records; the
    records before that place have been given by then.
    """
    for line, name, text in pieces(file):
        if name == DELETED:
            yield Deleted(deleted_pmids(text))
        else:
            found = read_record(name, text)
            yield Parsed(line, found) if isinstance(found, Record) else Refusal(line, found.cause)


def tree(data: bytes) -> Element:
    """The root of a small XML reply that is no set of records, read with the same care.

    Raises InputError, naming the line, if it is not well-formed or declares entities of its own.
    """
    parser = expat.ParserCreate()
    refuse_declarations(parser)
    try:
        parser.Parse(data, True)
        return ElementTree.fromstring(data)  # noqa: S314 (declared entities were refused just above)
    except (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError) as error:
        # Codecs' errors carry no line, and arise in the declaration.
        position = getattr(error, "position", None)
        line = position[0] if position else getattr(error, "lineno", 1)
        raise malformed(line, cause_of(error)) from error
