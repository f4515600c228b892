"""Invented articles in JATS, and what EFetch gives for them with db=pmc."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_DOCTYPE = (
    '<!DOCTYPE pmc-articleset PUBLIC "-//NLM//DTD ARTICLE SET 2.0//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pmc/articleset/nlm-articleset-2.0.dtd">'
)
_CLOSED = "<!--The publisher of this article does not allow downloading of the full text in XML form.-->"


@dataclass(frozen=True)
class FullText:
    """An article in PubMed Central."""

    number: str  # without "PMC"
    title: str = "Invented myositis in three people"
    paragraphs: tuple[str, ...] = ("We treated three people.",)
    access: str = "open"  # "closed": its publisher allows the front matter only; "front": there is no more

    def as_xml(self) -> str:
        """The article as EFetch gives it."""
        front = (
            '<front><journal-meta><journal-id journal-id-type="nlm-ta">Inv J Muscle</journal-id></journal-meta>'
            f'<article-meta><article-id pub-id-type="pmcid">PMC{self.number}</article-id>'
            f"<title-group><article-title>{self.title}</article-title></title-group>"
            "<abstract><p>Three people were made up.</p></abstract></article-meta></front>"
        )
        if self.access == "closed":
            return f'<article article-type="case-report">{_CLOSED}{front}</article>'
        if self.access == "front":
            return f'<article article-type="case-report">{front}</article>'
        body = "".join(f"<p>{paragraph}</p>" for paragraph in self.paragraphs)
        return (
            f'<article article-type="case-report">{front}<body><sec><title>Cases</title>{body}</sec></body>'
            "<back><ref-list><title>References</title></ref-list></back></article>"
        )


def articleset(numbers: Sequence[str], known: Mapping[str, FullText]) -> str:
    """A pmc-articleset for these numbers; one that is not known gets a Reply with the error."""
    inside = "".join(
        known[number].as_xml()
        if number in known
        else f'<Reply Id="{number}" error="The following PMCID is not available: {number}"/>'
        for number in numbers
    )
    return f'<?xml version="1.0"?>\n{_DOCTYPE}\n<pmc-articleset>{inside}</pmc-articleset>\n'
