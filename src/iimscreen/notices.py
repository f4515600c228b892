"""What a record tells of notices on its own report: retraction, concern, correction, update. Pure."""

from __future__ import annotations

from iimscreen.model import Record

# What a link of PubMed says of the record that carries it, by its RefType in small letters.
_LINKS = {
    "retractionin": "retraction",
    "partialretractionin": "retraction",
    "retractedandrepublishedin": "retraction",
    "expressionofconcernin": "concern",
    "erratumin": "correction",
    "correctedandrepublishedin": "correction",
    "updatein": "update",
}


def facts_of(record: Record) -> list[tuple[str, str, str]]:
    """(kind, notice, citation) of everything that a record of PubMed tells of itself."""
    found = [
        (_LINKS[link.kind.lower()], f"pmid:{link.pmid}" if link.pmid else "", link.citation)
        for link in record.links
        if link.kind.lower() in _LINKS
    ]
    is_retracted = any(kind.lower() == "retracted publication" for kind in record.publication_types)
    if is_retracted and not any(kind == "retraction" for kind, _, _ in found):
        found.append(("retraction", "", "marked as a retracted publication; the notice is not named"))
    return found
