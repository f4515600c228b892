"""Full texts of PubMed Central, by EFetch with db=pmc.

Of articles outside its open-access subset PubMed Central gives the front matter and a comment that the
publisher does not allow more: that is never taken for the full text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from iimscreen import settings
from iimscreen.sources import FullText
from iimscreen.sources._eutils import Eutils, NoneFoundError, tree
from iimscreen.sources._http import PassingError, words_of
from iimscreen.text_formats import xml

_NOT_ALLOWED = re.compile(rb"<!--[^>]*does not allow downloading of the full text", re.IGNORECASE)


def full_texts(pmcids: Iterable[str], entrez: settings.Entrez) -> Iterator[FullText]:
    """What PubMed Central gives for each of these, asked one by one. Raises SourceError."""
    eutils = Eutils(entrez, name="PubMed Central")
    for pmcid in pmcids:
        number = pmcid.upper().removeprefix("PMC")
        parameters = {"db": "pmc", "id": number, "retmode": "xml"}
        try:
            body, why_not = eutils.ask("efetch", parameters, partial(_why_not, number=number))
        except NoneFoundError:
            body, why_not = b"", "PubMed Central does not know this number"
        yield FullText(f"PMC{number}", b"" if why_not else body, why_not)


def _why_not(body: bytes, *, number: str) -> str:
    """Why a reply is not the full text of an article; "" if it is. Raises PassingError for another's reply."""
    root = tree(body)
    if root.tag not in ("pmc-articleset", "article"):
        raise PassingError(f"the reply is a <{root.tag}>: expected a <pmc-articleset>")
    refusal = next(root.iter("Reply"), None)
    if refusal is not None:
        return f"PubMed Central says: {words_of(refusal.get('error') or 'no reason given')}"
    stated = xml.pmcids(root)
    if number not in stated:
        raise PassingError(
            f"the reply is about {', '.join(f'PMC{one}' for one in sorted(stated)) or 'no article'}"
        )
    if xml.has_body(root):
        return ""
    if _NOT_ALLOWED.search(body):
        return "its publisher does not allow PubMed Central to pass on the full text, only its front matter"
    return "PubMed Central holds only its front matter"
