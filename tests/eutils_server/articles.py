"""Invented records, and the XML that EFetch gives for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

_DOCTYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">'
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Article:
    """An invented record, with everything that its XML needs."""

    pmid: str
    title: str
    abstract: str = ""
    authors: tuple[str, ...] = ("Adler, Nora",)
    group: str = ""
    journal: str = "Invented Journal of Muscle"
    year: int = 2021
    month: int = 3
    day: int = 5
    entered: str = "2021-03-05"  # [crdt]
    added: str = ""  # [edat], where it is another day
    doi: str = ""
    language: str = "eng"
    types: tuple[str, ...] = ("Journal Article",)
    mesh: tuple[str, ...] = ()
    is_book: bool = False
    xml: str = ""  # the record's own XML, where a test brings it

    def as_xml(self) -> str:
        """The record as EFetch gives it, without line breaks. `title` may hold PubMed's markup."""
        return self.xml or (self._book() if self.is_book else self._article())

    def words(self) -> str:
        return f"{self.title} {self.abstract} {' '.join(self.mesh)}".lower()

    def _authors(self) -> str:
        names = [name.partition(", ") for name in self.authors]
        people = [
            f'<Author ValidYN="Y"><LastName>{escape(family)}</LastName><ForeName>{escape(given)}</ForeName>'
            f"<Initials>{escape(given[:1])}</Initials></Author>"
            for family, _, given in names
        ]
        group = (
            f"<Author><CollectiveName>{escape(self.group)}</CollectiveName></Author>" if self.group else ""
        )
        return f'<AuthorList CompleteYN="Y">{"".join(people)}{group}</AuthorList>'

    def _abstract(self) -> str:
        parts = []
        for line in filter(None, self.abstract.split("\n")):
            label, colon, text = line.partition(": ")
            is_labelled = bool(colon) and label.isupper()
            attribute = f" Label={quoteattr(label)}" if is_labelled else ""
            parts.append(f"<AbstractText{attribute}>{escape(text if is_labelled else line)}</AbstractText>")
        return f"<Abstract>{''.join(parts)}</Abstract>" if parts else ""

    def _date(self, name: str, numeric: bool) -> str:
        month = f"{self.month:02}" if numeric else _MONTHS[self.month - 1]
        day = f"<Day>{self.day:02}</Day>" if numeric else ""
        return f"<{name}><Year>{self.year}</Year><Month>{month}</Month>{day}</{name}>"

    def _history(self) -> str:
        year, month, day = self.entered.split("-")
        return (
            f'<History><PubMedPubDate PubStatus="received"><Year>{self.year - 1}</Year><Month>1</Month>'
            f'<Day>9</Day></PubMedPubDate><PubMedPubDate PubStatus="entrez"><Year>{year}</Year>'
            f"<Month>{int(month)}</Month><Day>{int(day)}</Day><Hour>6</Hour><Minute>0</Minute>"
            "</PubMedPubDate></History>"
        )

    def _article(self) -> str:
        types = "".join(f"<PublicationType>{escape(name)}</PublicationType>" for name in self.types)
        mesh = "".join(
            f'<MeshHeading><DescriptorName MajorTopicYN="N">{escape(name)}</DescriptorName></MeshHeading>'
            for name in self.mesh
        )
        doi = f'<ArticleId IdType="doi">{escape(self.doi)}</ArticleId>' if self.doi else ""
        return (
            f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM">'
            f'<PMID Version="1">{self.pmid}</PMID>'
            f'<Article PubModel="Print-Electronic"><Journal><JournalIssue CitedMedium="Internet">'
            f"<Volume>7</Volume><Issue>2</Issue>{self._date('PubDate', False)}</JournalIssue>"
            f"<Title>{escape(self.journal)}</Title><ISOAbbreviation>Inv J Muscle</ISOAbbreviation></Journal>"
            f"<ArticleTitle>{self.title}</ArticleTitle>"
            f"<Pagination><MedlinePgn>10-19</MedlinePgn></Pagination>{self._abstract()}{self._authors()}"
            f"<Language>{self.language}</Language><PublicationTypeList>{types}</PublicationTypeList>"
            f"{self._date('ArticleDate', True)}</Article>"
            f"{f'<MeshHeadingList>{mesh}</MeshHeadingList>' if mesh else ''}"
            f"</MedlineCitation><PubmedData>{self._history()}<PublicationStatus>ppublish</PublicationStatus>"
            f'<ArticleIdList><ArticleId IdType="pubmed">{self.pmid}</ArticleId>{doi}</ArticleIdList>'
            "</PubmedData></PubmedArticle>"
        )

    def _book(self) -> str:
        return (
            f'<PubmedBookArticle><BookDocument><PMID Version="1">{self.pmid}</PMID><Book><BookTitle>'
            f"{escape(self.journal)}</BookTitle>{self._date('PubDate', False)}</Book>"
            f"<ArticleTitle>{self.title}</ArticleTitle><Language>{self.language}</Language>{self._authors()}"
            f"{self._abstract()}</BookDocument><PubmedBookData>{self._history()}"
            f'<ArticleIdList><ArticleId IdType="pubmed">{self.pmid}</ArticleId></ArticleIdList>'
            "</PubmedBookData></PubmedBookArticle>"
        )


def invented(number: int, *, start: int = 30_000_001) -> tuple[Article, ...]:
    """So many small records: every 5th has a group author, every 4th a structured abstract, every
    7th markup in its title; the 8th of each 50 is a book chapter."""
    return tuple(_invented(index, start + index) for index in range(number))


def _invented(index: int, pmid: int) -> Article:
    drug = ("azithroprim", "tofarinib", "rituxalin", "immunoglobin")[index % 4]
    title = f"Myositis treated with {drug}: invented series {index}"
    return Article(
        pmid=str(pmid),
        title=f"{title}, <i>in vivo</i> CD4<sup>+</sup> &amp; more." if index % 7 == 3 else f"{title}.",
        abstract=(
            f"BACKGROUND: Nobody has tried {drug} in {index} people.\nRESULTS: Nobody was harmed."
            if index % 4 == 1
            else f"We made up {index} cases of myositis."
        ),
        authors=("Adler, Nora", f"Beispiel{index}, Ottó"),
        group="Invented Myositis Study Group" if index % 5 == 2 else "",
        year=2010 + index % 14,
        month=1 + index % 12,
        day=1 + index % 28,
        entered=f"{2010 + index % 14}-{1 + index % 12:02}-{1 + index % 28:02}",
        doi=f"10.5555/Invented.{pmid}" if index % 3 else "",
        mesh=("Myositis",) if index % 2 else (),
        is_book=index % 50 == 7,
    )


def set_of(articles: Sequence[Article]) -> str:
    """A PubmedArticleSet as EFetch gives it: one line, ASCII with character references."""
    body = "".join(article.as_xml() for article in articles)
    ascii_body = body.encode("ascii", errors="xmlcharrefreplace").decode("ascii")
    return f'<?xml version="1.0" ?>\n{_DOCTYPE}\n<PubmedArticleSet>{ascii_body}</PubmedArticleSet>'
