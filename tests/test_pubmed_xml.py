from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator

import pytest

from eutils_server import invented, set_of
from iimscreen import formats
from iimscreen.formats import pubmed_xml
from iimscreen.model import Author, Link, Record, Refusal
from pubmed_records import BOOK, FULL, a_set, an_article, records_of, the_record


def test_every_field_of_a_record_is_read():
    record = the_record(a_set(FULL))

    assert record == Record(
        source_id="30000001",
        accession="30000001",
        pmid="30000001",
        pmcid="PMC7000001",
        doi="10.5555/muscle.1(2)",
        title="Effect of tofarinib on CD4+ cells: <5 % & more.",
        vernacular_title="Wirkung von Tofarinib.",
        abstract="BACKGROUND: Nobody knows why.\nRESULTS: Nobody was cured.",
        authors=(
            Author("Adler", "Nora J"),
            Author("Beck", "O Jr"),
            Author("Invented Myositis Group", is_group=True),
        ),
        journal="Invented journal of muscle",
        journal_abbreviation="Invent J Muscle",
        year=2021,
        volume="12",
        issue="3",
        pages="101-9",
        languages=("eng", "ger"),
        publication_types=("Journal Article", "Retracted Publication"),
        mesh_terms=("Humans", "Dermatomyositis / drug therapy", "Dermatomyositis / immunology"),
        substances=("tofarinib", "Made-up syndrome"),
        keywords=("JAK inhibitor", "myositis"),
        links=(
            Link("RetractionIn", "30000009", "Invent J Muscle. 2022;13:1"),
            Link("ErratumIn", None, "Invent J Muscle. 2021;12:200"),
        ),
        entered_on="2021-03-09",
        published_on="2021-03-09",
        revised_on="2022-01-02",
        citation_status="MEDLINE",
    )


def test_numbers_of_substances_and_of_trials_are_read():
    article = (
        "<DataBankList><DataBank><DataBankName>ClinicalTrials.gov</DataBankName><AccessionNumberList>"
        "<AccessionNumber>NCT00000001</AccessionNumber><AccessionNumber>NCT00000002</AccessionNumber>"
        "</AccessionNumberList></DataBank><DataBank><DataBankName>GEO</DataBankName><AccessionNumberList>"
        "<AccessionNumber>GSE1</AccessionNumber></AccessionNumberList></DataBank></DataBankList>"
    )
    chemicals = "".join(
        f"<Chemical><RegistryNumber>{number}</RegistryNumber><NameOfSubstance>{name}</NameOfSubstance></Chemical>"
        for number, name in (("0", "a"), ("EC 2.7.10.2", "kinase"), ("87LA6FU830", "b"), ("87LA6FU830", "c"))
    )

    record = the_record(
        a_set(an_article(article=article, citation=f"<ChemicalList>{chemicals}</ChemicalList>"))
    )

    assert record.registry_numbers == ("EC 2.7.10.2", "87LA6FU830")
    assert record.substances == ("a", "kinase", "b", "c")
    assert record.registrations == (
        "ClinicalTrials.gov:NCT00000001",
        "ClinicalTrials.gov:NCT00000002",
        "GEO:GSE1",
    )


def test_a_record_is_indexed_when_medline_says_so_and_not_when_pubmed_shows_it():
    medline = (
        '<PubMedPubDate PubStatus="medline"><Year>2021</Year><Month>8</Month><Day>4</Day></PubMedPubDate>'
    )

    record = the_record(a_set(FULL.replace("</History>", f"{medline}</History>")))

    assert (record.entered_on, record.indexed_on) == ("2021-03-09", "2021-08-04")


def test_a_doi_outside_the_list_of_identifiers_counts_if_it_is_valid():
    article = (
        '<ELocationID EIdType="doi" ValidYN="N">10.5555/wrong</ELocationID>'
        '<ELocationID EIdType="doi" ValidYN="Y">10.5555/Right</ELocationID>'
    )

    assert the_record(a_set(an_article(article=article))).doi == "10.5555/right"


def test_a_chapter_has_its_own_title_and_not_the_doi_of_its_book():
    chapter = "<ArticleTitle>A <i>chapter</i></ArticleTitle>"

    record = the_record(a_set(BOOK.format(chapter=chapter)))

    assert (record.title, record.journal, record.doi) == ("A chapter", "Invented Pearls", None)
    assert record.authors == (Author("Cole", "Cy"),)
    assert (record.year, record.published_on, record.entered_on) == (2023, "2023-01", "2017-02-18")


def test_a_whole_book_goes_by_its_own_title_and_doi():
    record = the_record(a_set(BOOK.format(chapter="")))

    assert (record.title, record.journal, record.doi) == ("Invented Pearls", None, "10.5555/book")


def test_books_and_articles_keep_their_order():
    data = a_set(an_article("1"), BOOK.format(chapter=""), an_article("3"))

    assert [record.pmid for record in records_of(data)] == ["1", "30000002", "3"]


def test_a_record_without_a_pmid_is_refused_with_its_line():
    data = a_set(an_article("1"), an_article("", "<ArticleTitle>Lost</ArticleTitle>"), an_article("3"))

    assert [found if isinstance(found, Refusal) else found.line for found in pubmed_xml.read(data)] == [
        4,
        Refusal(5, "no PMID in the record 'Lost'"),
        6,
    ]


def test_a_pmid_that_is_no_number_is_refused():
    (found,) = pubmed_xml.read(a_set(an_article("PMC12")))

    assert found == Refusal(4, "PMID 'PMC12' is no number in the record 'no title'")


def test_a_record_without_content_is_refused():
    (found,) = pubmed_xml.read(a_set("<PubmedArticle></PubmedArticle>"))

    assert isinstance(found, Refusal)
    assert "without content" in found.cause


def test_deletions_that_a_file_reports_are_no_records():
    data = a_set(
        an_article("1"), "<DeleteCitation>\n<PMID Version='1'>2</PMID>\n<PMID>03</PMID></DeleteCitation>"
    )

    found = list(pubmed_xml.read_stream(io.BytesIO(data)))

    assert [one.record.pmid for one in found[:1]] == ["1"]
    assert found[1:] == [formats.Deleted(("2", "3"))]
    assert [record.pmid for record in records_of(data)] == ["1"]


def test_an_article_that_holds_two_records_is_refused_and_not_halved():
    data = a_set(
        "<PubmedArticle><MedlineCitation><PMID>1</PMID></MedlineCitation>"
        "<MedlineCitation><PMID>2</PMID></MedlineCitation></PubmedArticle>"
    )

    assert list(pubmed_xml.read(data)) == [Refusal(4, "a PubmedArticle with 2 records in it: expected one")]


def respelt(text: str) -> Iterator[str]:
    """The same records in spellings that XML allows and PubMed does not use."""
    yield text.replace('="', "='").replace('">', "'>").replace('" ', "' ")
    yield re.sub(r"</(\w+)>", r"</\1\n>", text)
    yield re.sub(r"<(\w+)>", r"<\1 >", text)
    yield re.sub(r"<(\w+)>", r'<\1 note="a > b, </PMID > no">', text).replace("</PMID >", "PMID")
    yield text.replace("</", "<!-- </PMID> <PMID>7</PMID> --></").replace("<PMID>2", "<?x <PMID>?><PMID>2")
    yield re.sub(r">([^<>&]*\w[^<>&]*)<", r"><![CDATA[\1]]><", text)
    yield text.replace("<Volume>", "<Mystery>x<Mystery>y</Mystery><Volume>0</Volume></Mystery><Volume>")
    yield text.replace("<Abstract>", "<Nothing/>stray<Abstract>")
    yield text.replace("<MeshHeading>", '<MeshHeading n="">', 1)
    yield text.replace("<MeshHeadingList>", "<MeshHeadingList>stray").replace(
        "</MeshHeading>", "</MeshHeading>\n", 1
    )
    yield text.replace("<Keyword>", '<Keyword a=">">').replace(
        "<AbstractText Label", '<AbstractText a="<i>" Label'.replace("<i>", "&lt;>")
    )
    yield text.replace("<Keyword>", "<Mystery><Keyword>no</Keyword></Mystery><Keyword>")
    yield re.sub(r">([A-Z][a-z]+)<", lambda found: f">&#{ord(found[1][0])};{found[1][1:]}<", text)


@pytest.mark.parametrize("number", range(13))
def test_how_the_xml_is_spelt_makes_no_difference(number):
    plain = FULL + BOOK.format(chapter="<ArticleTitle>A <i>chapter</i></ArticleTitle>")
    spelt = list(respelt(plain))[number]

    assert spelt != plain
    assert records_of(a_set(spelt)) == records_of(a_set(plain))


def test_records_of_an_older_medline_set_are_read():
    old = (
        b"<MedlineCitationSet><MedlineCitation><PMID>7</PMID>"
        b"<Article><ArticleTitle>Old</ArticleTitle></Article>"
        b'<OtherID Source="NLM">NIHMS1</OtherID><OtherID Source="NLM">PMC12 [Available on 2030]</OtherID>'
        b"</MedlineCitation></MedlineCitationSet>"
    )

    record = the_record(old)

    assert (record.pmid, record.title, record.pmcid) == ("7", "Old", "PMC12")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_file_in_another_encoding_says_the_same(encoding):
    text = (
        f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><PubmedArticleSet>\n'
        f"{an_article(article='<ArticleTitle>Bézier</ArticleTitle>')}</PubmedArticleSet>"
    )

    (found,) = pubmed_xml.read(text.encode(encoding))

    assert (found.line, found.record.title) == (2, "Bézier")


def test_a_gzipped_file_says_the_same():
    assert records_of(gzip.compress(a_set(FULL))) == records_of(a_set(FULL))


def test_an_abstract_in_other_words_stands_in_where_there_is_no_own_one():
    other = (
        '<OtherAbstract Type="Publisher"><AbstractText>Abstract available from the publisher.</AbstractText>'
        '</OtherAbstract><OtherAbstract Language="fre"><AbstractText>Un essai.</AbstractText></OtherAbstract>'
    )

    assert the_record(a_set(an_article(citation=other))).abstract == "Un essai."


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2021", "2021"),
        ("2021 Mar", "2021-03"),
        ("2021 03 9", "2021-03-09"),
        ("2021/03/23 08:00", "2021-03-23"),
        ("2021 March 9", "2021-03-09"),
        ("2015 Oct-Dec", "2015-10"),
        ("1998 Dec-1999 Jan", "1998-12"),
        ("2010 Jan 5-12", "2010-01-05"),
        ("2023 Winter", "2023"),
        ("Spring 2000", "2000"),
        ("1976-1977 Winter", "1976"),
        ("2021 Feb 30", "2021-02"),
        ("2021 13 01", "2021"),
        ("no date", None),
        ("", None),
    ],
)
def test_dates_keep_the_precision_that_is_stated(text, date):
    assert pubmed_xml.iso_date(text) == date


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["2021-04", "2021-03-09"], "2021-03-09"),
        (["2021", "2021-03-09"], "2021-03-09"),
        (["2021-03-09", "2021"], "2021-03-09"),
        (["2020", "2021-03-09"], "2020"),
        ([None, "2021"], "2021"),
        ([None], None),
    ],
)
def test_publication_is_the_earliest_date_and_the_day_within_a_month(dates, first):
    assert pubmed_xml.earliest(dates) == first


def test_the_format_is_told_by_its_content():
    assert formats.guess("x.txt", a_set(FULL)).name == "pubmed_xml"
    assert formats.guess("x", set_of(invented(1)).encode()).name == "pubmed_xml"
    assert not pubmed_xml.looks_like("<?xml version='1.0'?><xml><records>")
