from __future__ import annotations

import gzip
import io
import random
import re
import tracemalloc
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eutils_server import invented, set_of
from iimscreen import formats
from iimscreen.errors import InputError
from iimscreen.formats import _pubmed_pieces, pubmed_xml
from iimscreen.model import Author, Link, Parsed, Record, Refusal

DOCTYPE = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
)
# Laid out as NLM's baseline is; every fact is invented.
FULL = """<PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM">
    <PMID Version="1">30000001</PMID>
    <DateRevised><Year>2022</Year><Month>01</Month><Day>02</Day></DateRevised>
    <Article PubModel="Print-Electronic">
      <Journal>
        <JournalIssue CitedMedium="Internet">
          <Volume>12</Volume><Issue>3</Issue>
          <PubDate><Year>2021</Year><Month>Apr</Month></PubDate>
        </JournalIssue>
        <Title>Invented journal of muscle</Title>
        <ISOAbbreviation>Invent J Muscle</ISOAbbreviation>
      </Journal>
      <ArticleTitle>Effect of <i>tofarinib</i> on CD4<sup>+</sup> cells:
        &lt;5 % &amp; more.</ArticleTitle>
      <Pagination><StartPage>101</StartPage><EndPage>109</EndPage><MedlinePgn>101-9</MedlinePgn></Pagination>
      <ELocationID EIdType="pii" ValidYN="Y">S1</ELocationID>
      <ELocationID EIdType="doi" ValidYN="N">10.5555/WRONG</ELocationID>
      <ELocationID EIdType="doi" ValidYN="Y">10.5555/Elsewhere</ELocationID>
      <Abstract>
        <AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Nobody knows <b>why</b>.</AbstractText>
        <AbstractText Label="RESULTS">Nobody was cured.</AbstractText>
        <AbstractText></AbstractText>
        <CopyrightInformation>Nobody's.</CopyrightInformation>
      </Abstract>
      <AuthorList CompleteYN="Y">
        <Author><LastName>Adler</LastName><ForeName>Nora J</ForeName><Initials>NJ</Initials></Author>
        <Author ValidYN="N"><LastName>Adlre</LastName><ForeName>Nora</ForeName></Author>
        <Author ValidYN="Y"><LastName>Beck</LastName><Initials>O</Initials><Suffix>Jr</Suffix></Author>
        <Author ValidYN="Y"><CollectiveName>Invented Myositis Group</CollectiveName></Author>
      </AuthorList>
      <Language>eng</Language><Language>ger</Language>
      <PublicationTypeList>
        <PublicationType UI="D016428">Journal Article</PublicationType>
        <PublicationType UI="D016441">Retracted Publication</PublicationType>
      </PublicationTypeList>
      <VernacularTitle>Wirkung von Tofarinib.</VernacularTitle>
      <ArticleDate DateType="Electronic"><Year>2021</Year><Month>03</Month><Day>09</Day></ArticleDate>
    </Article>
    <ChemicalList>
      <Chemical><RegistryNumber>0</RegistryNumber><NameOfSubstance>tofarinib</NameOfSubstance></Chemical>
    </ChemicalList>
    <SupplMeshList><SupplMeshName Type="Disease">Made-up syndrome</SupplMeshName></SupplMeshList>
    <CommentsCorrectionsList>
      <CommentsCorrections RefType="Cites">
        <RefSource>Old J. 1990</RefSource><PMID>2000000</PMID>
      </CommentsCorrections>
      <CommentsCorrections RefType="RetractionIn">
        <RefSource>Invent J Muscle. 2022;13:1</RefSource><PMID Version="1">30000009</PMID>
      </CommentsCorrections>
      <CommentsCorrections RefType="ErratumIn">
        <RefSource>Invent J Muscle. 2021;12:200</RefSource>
      </CommentsCorrections>
    </CommentsCorrectionsList>
    <MeshHeadingList>
      <MeshHeading><DescriptorName MajorTopicYN="N">Humans</DescriptorName></MeshHeading>
      <MeshHeading>
        <DescriptorName MajorTopicYN="N">Dermatomyositis</DescriptorName>
        <QualifierName MajorTopicYN="Y">drug therapy</QualifierName>
        <QualifierName MajorTopicYN="N">immunology</QualifierName>
      </MeshHeading>
    </MeshHeadingList>
    <KeywordList Owner="NOTNLM">
      <Keyword MajorTopicYN="Y">JAK <i>inhibitor</i></Keyword><Keyword>myositis</Keyword>
    </KeywordList>
  </MedlineCitation>
  <PubmedData>
    <History>
      <PubMedPubDate PubStatus="received"><Year>2020</Year><Month>1</Month><Day>1</Day></PubMedPubDate>
      <PubMedPubDate PubStatus="entrez">
        <Year>2021</Year><Month>3</Month><Day>9</Day><Hour>12</Hour>
      </PubMedPubDate>
      <PubMedPubDate PubStatus="pubmed"><Year>2021</Year><Month>3</Month><Day>10</Day></PubMedPubDate>
    </History>
    <ArticleIdList>
      <ArticleId IdType="pubmed">30000001</ArticleId>
      <ArticleId IdType="doi">10.5555/Muscle.1(2)</ArticleId>
      <ArticleId IdType="pmc">PMC7000001</ArticleId>
    </ArticleIdList>
    <ReferenceList><Reference><Citation>Another.</Citation><ArticleIdList>
      <ArticleId IdType="pubmed">2000001</ArticleId><ArticleId IdType="doi">10.5555/cited</ArticleId>
      <ArticleId IdType="pmc">PMC1</ArticleId>
    </ArticleIdList></Reference></ReferenceList>
  </PubmedData>
</PubmedArticle>
"""
BOOK = """<PubmedBookArticle><BookDocument><PMID Version="1">30000002</PMID>
<ArticleIdList><ArticleId IdType="bookaccession">NBK1</ArticleId></ArticleIdList>
<Book><BookTitle book="b">Invented Pearls</BookTitle><PubDate><Year>2023</Year><Month>01</Month></PubDate>
<AuthorList Type="editors"><Author><LastName>Editor</LastName><ForeName>E</ForeName></Author></AuthorList>
<ELocationID EIdType="doi" ValidYN="Y">10.5555/book</ELocationID></Book>
{chapter}<Language>eng</Language>
<AuthorList Type="authors"><Author><LastName>Cole</LastName><ForeName>Cy</ForeName></Author></AuthorList>
<PublicationType>Study Guide</PublicationType>
<Abstract><AbstractText>A chapter about nothing.</AbstractText></Abstract>
</BookDocument><PubmedBookData><History><PubMedPubDate PubStatus="entrez"><Year>2017</Year><Month>2</Month>
<Day>18</Day></PubMedPubDate></History></PubmedBookData></PubmedBookArticle>
"""


def a_set(*records: str) -> bytes:
    return f"{DOCTYPE}<PubmedArticleSet>\n{''.join(records)}</PubmedArticleSet>\n".encode()


def an_article(pmid: str = "30000005", article: str = "", citation: str = "") -> str:
    stated = f"<PMID>{pmid}</PMID>" if pmid else ""
    return (
        f"<PubmedArticle><MedlineCitation>{stated}<Article>{article}</Article>"
        f"{citation}</MedlineCitation></PubmedArticle>\n"
    )


def read_or_refused(data: bytes) -> list[Parsed | Refusal] | str:
    """What is found, or the message of the refusal; any other error is the test's to see."""
    try:
        return list(pubmed_xml.read(data))
    except InputError as error:
        return error.message


def records_of(data: bytes) -> list[Record]:
    return [found.record for found in pubmed_xml.read(data) if isinstance(found, Parsed)]


def the_record(data: bytes) -> Record:
    (record,) = records_of(data)
    return record


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


def test_deleted_records_are_no_part_of_the_set():
    data = a_set(an_article("1"), "<DeleteCitation><PMID>2</PMID></DeleteCitation>")

    assert [record.pmid for record in records_of(data)] == ["1"]
    assert pubmed_xml.deleted(data) == ("2",)


def test_a_set_of_deletions_alone_has_no_record_and_names_them_all():
    data = a_set("<DeleteCitation>\n<PMID Version='1'>2</PMID>\n<PMID>03</PMID></DeleteCitation>\n")

    assert (records_of(data), pubmed_xml.deleted(data)) == ([], ("2", "3"))


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
    yield re.sub(r">([A-Z][a-z]+)<", lambda found: f">&#{ord(found[1][0])};{found[1][1:]}<", text)


@pytest.mark.parametrize("number", range(9))
def test_how_the_xml_is_spelt_makes_no_difference(number):
    plain = FULL + BOOK.format(chapter="<ArticleTitle>A <i>chapter</i></ArticleTitle>")
    spelt = list(respelt(plain))[number]

    assert spelt != plain
    assert records_of(a_set(spelt)) == records_of(a_set(plain))


def test_a_record_within_a_record_is_part_of_it():
    inner = an_article("2", "<ArticleTitle>Inner</ArticleTitle>").replace("\n", "")
    data = a_set(an_article("1", "<ArticleTitle>Outer</ArticleTitle>", inner), an_article("3"))

    assert [(record.pmid, record.title) for record in records_of(data)] == [("1", "Outer"), ("3", None)]


def test_a_long_file_is_read_a_piece_at_a_time():
    number = 20_000
    parts = (an_article(str(n), f"<ArticleTitle>{'long ' * 40}</ArticleTitle>") for n in range(1, number + 1))
    data = a_set(*parts)
    file = io.BytesIO(gzip.compress(data, compresslevel=1))
    tracemalloc.start()

    count = sum(1 for _ in pubmed_xml.read_stream(file))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == number
    assert len(data) > 6_000_000 > 2 * peak


def test_a_record_is_whole_wherever_the_pieces_of_the_file_end(monkeypatch):
    data = a_set(FULL, "<!-- a\n<PubmedArticle> -->", BOOK.format(chapter=""), an_article("3"))
    data = data.replace(b"Nobody was cured.", b"<![CDATA[Nobody was]]> cured.")
    whole = list(pubmed_xml.read(data))

    for size in (1, 2, 7, 64, 1000):
        monkeypatch.setattr(_pubmed_pieces, "_BLOCK", size)

        assert list(pubmed_xml.read(data)) == whole, size


@pytest.mark.parametrize(
    ("bound", "data", "message"),
    [
        ("MAX_RECORD_BYTES", a_set(an_article(article="x" * 5000)), "line 3: no record ends within 2,000"),
        ("MAX_DEPTH", a_set("<a>" * 5000), "line 3: elements are nested more than 2,000 deep"),
        ("MAX_BYTES", gzip.compress(b"<PubmedArticleSet>" + b" " * 5000), "line 1: .* more than 2,000 bytes"),
    ],
)
def test_what_one_file_may_take_is_bounded(monkeypatch, bound, data, message):
    monkeypatch.setattr(_pubmed_pieces, "_BLOCK", 500)
    monkeypatch.setattr(_pubmed_pieces, bound, 2000)

    with pytest.raises(InputError, match=message):
        list(pubmed_xml.read(data))


def test_gzip_members_one_after_another_are_one_file():
    data = a_set(an_article("1"), an_article("2"))
    packed = gzip.compress(data[:200]) + gzip.compress(data[200:]) + b"\0" * 40

    assert [record.pmid for record in records_of(packed)] == ["1", "2"]


def test_the_line_of_a_record_is_where_it_starts_even_after_misleading_text():
    comment = "<!-- <PubmedArticle>\n<PubmedArticle> -->\n"
    data = a_set(FULL, comment, an_article("2"), an_article("3"))

    lines = [found.line for found in pubmed_xml.read(data)]

    text = data.decode().split("\n")
    assert [text[line - 1].startswith("<PubmedArticle>") for line in lines] == [True, True, True]
    assert lines[1:] == [lines[0] + FULL.count("\n") + 2, lines[0] + FULL.count("\n") + 3]


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


@pytest.mark.parametrize(
    ("declaration", "reference"),
    [
        ('<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">', "&b;"),
        ('<!ENTITY a SYSTEM "file:///etc/passwd">', "&a;"),
        ('<!ENTITY % a SYSTEM "http://127.0.0.1:1/x.dtd"> %a;', ""),
    ],
)
def test_a_file_that_declares_entities_is_refused(declaration, reference):
    data = (
        f"<!DOCTYPE PubmedArticleSet [\n{declaration}]>"
        f"<PubmedArticleSet>{an_article(article=f'<ArticleTitle>{reference}</ArticleTitle>')}</PubmedArticleSet>"
    )

    with pytest.raises(InputError, match="line 2: the file declares entities of its own"):
        list(pubmed_xml.read(data.encode()))


def test_deeply_nested_elements_do_no_harm():
    depth = 50_000
    data = a_set(an_article(article=f"<ArticleTitle>{'<i>' * depth}x{'</i>' * depth}</ArticleTitle>"))

    assert the_record(data).title == "x"


@pytest.mark.parametrize("name", ["Article", "MedlineCitation", "PubmedArticle", "Mystery"])
def test_what_is_nested_in_itself_does_no_harm(name):
    depth = 20_000
    nested = f"{f'<{name}>' * depth}x{f'</{name}>' * depth}"
    data = a_set(an_article("1", f"<ArticleTitle>A</ArticleTitle>{nested}<Language>eng</Language>"))

    record = the_record(data)

    assert (record.pmid, record.title, record.languages) == ("1", "A", ("eng",))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (a_set(FULL)[:-30], "line .*: this is no well-formed XML"),
        (
            a_set(an_article("1"), "<PubmedArticle></b>\n"),
            "line 5: this is no well-formed XML .mismatched tag",
        ),
        (b"<html><body/></html>", "line 1: expected <PubmedArticleSet>, found <html>"),
        (b"\n\n<records/>", "line 3: expected <PubmedArticleSet>, found <records>"),
        (b"", "line 1: .*no element"),
        (b"PMID- 1", "line 1: this is no well-formed XML"),
        (gzip.compress(a_set(FULL))[:-20], "line 1: the gzip file cannot be unpacked"),
        (a_set("&undeclared;"), "line 4: this is no well-formed XML"),
        (
            b'<?xml version="1.0" encoding="klingon"?><PubmedArticleSet/>',
            "line 1: this is no well-formed XML",
        ),
    ],
)
def test_a_file_that_is_no_set_of_records_is_refused_with_its_line(data, message):
    with pytest.raises(InputError, match=message):
        list(pubmed_xml.read(data))


def test_a_cut_file_gives_the_records_before_the_cut():
    data = a_set(an_article("1"), an_article("2"), an_article("3"))
    found = pubmed_xml.read(data[: data.index(b"<PMID>3")])

    before = [next(found), next(found)]
    with pytest.raises(InputError) as caught:
        next(found)

    assert [one.record.pmid for one in before] == ["1", "2"]
    assert "cut short" in caught.value.hint


def test_the_format_is_told_by_its_content():
    assert formats.guess("x.txt", a_set(FULL)).name == "pubmed_xml"
    assert formats.guess("x", set_of(invented(1)).encode()).name == "pubmed_xml"
    assert not pubmed_xml.looks_like("<?xml version='1.0'?><xml><records>")


WHOLE = a_set(FULL, BOOK.format(chapter=""), an_article("3"))


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=6), st.integers(0, 40)), max_size=6)
)
def test_mangled_files_are_read_or_refused_and_nothing_else(damages):
    data = bytearray(WHOLE)
    for place, inserted, removed in damages:
        data[place : place + removed] = inserted

    found = read_or_refused(bytes(data))

    if isinstance(found, str):
        assert found.startswith("line ")
    else:
        assert all(isinstance(one, Parsed | Refusal) for one in found)


def by_the_tree(data: bytes) -> list[tuple[str, str | None, str]] | None:
    """PMID, title and family names of each record as ElementTree has them; None if it refuses the file."""
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    found = []
    for element in root:
        pmid = element.find("*/PMID")
        if element.tag not in ("PubmedArticle", "PubmedBookArticle") or pmid is None:
            continue
        title = element.find("*/Article/ArticleTitle")
        texts = "" if title is None else "".join(title.itertext())
        names = [name.text or "" for name in element.iterfind("*/Article/AuthorList/Author/LastName")]
        found.append(("".join(pmid.itertext()).strip(), " ".join(texts.split()) or None, "".join(names)))
    return found


TAGS = [place for place, byte in enumerate(WHOLE) if byte in b"<>"]
MARKUP = [
    *(b"<", b">", b"/", b" ", b"\n", b'"', b"'", b"&amp;", b"]]>", b"<i>", b"</i>", b"<i>x</i>", b"<a/>"),
    *(b"<!-- <PMID>9</PMID> -->", b"<!--", b"-->", b"<![CDATA[<PMID>]]>", b"<![CDATA[", b"<?x?>"),
    *(b"<PMID>5</PMID>", b"</PubmedArticle>", b"<PubmedArticle>", b"<ArticleTitle>q</ArticleTitle>"),
]


@given(st.sampled_from(TAGS), st.integers(0, 1), st.sampled_from([b"", *MARKUP]), st.integers(0, 30))
def test_a_file_damaged_at_its_markup_is_read_as_any_xml_reader_reads_it(place, after, inserted, removed):
    data = WHOLE[: place + after] + inserted + WHOLE[place + after + removed :]

    found = read_or_refused(data)

    expected = by_the_tree(data)
    if isinstance(found, str):
        assert expected is None or "expected <PubmedArticleSet>" in found
    else:
        pmids = [one.record.pmid for one in found if isinstance(one, Parsed)]
        assert expected is not None
        assert pmids == [
            pmid.lstrip("0") for pmid, _, _ in expected if re.fullmatch("0*[1-9][0-9]{0,8}", pmid)
        ]
        titles = {pmid: title for pmid, title, _ in expected}
        for one in found:
            if isinstance(one, Parsed) and one.record.pmid != "30000002":
                assert one.record.title == titles[one.record.pmid]


@given(st.integers(0, len(WHOLE)))
def test_a_file_cut_at_any_byte_gives_whole_records_and_then_says_that_it_is_cut(place):
    whole = list(pubmed_xml.read(WHOLE))
    found = []

    try:
        for one in pubmed_xml.read(WHOLE[:place]):
            found.append(one)  # noqa: PERF402 (what was given before the error counts)
        error = ""
    except InputError as caught:
        error = caught.message

    assert found == whole[: len(found)]
    assert error.startswith("line ") or WHOLE[place:].strip() == b""


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b", b"\xff\xfe", b"<PubmedArticleSet>"]))
def test_any_bytes_are_read_or_refused_and_nothing_else(data, start):
    found = read_or_refused(start + data)

    assert found == [] or (isinstance(found, str) and found.startswith("line "))


@given(st.randoms(use_true_random=False), st.integers(0, 30))
def test_records_do_not_depend_on_line_breaks_between_elements(randomness: random.Random, number):
    articles = list(invented(number))
    randomness.shuffle(articles)
    flat = set_of(articles).encode()
    broken = flat.replace(b"><PubmedArticle>", b">\n\n<PubmedArticle>").replace(b"<Article ", b"\n<Article ")

    assert records_of(broken) == records_of(flat)
    assert [record.pmid for record in records_of(flat)] == [article.pmid for article in articles]
