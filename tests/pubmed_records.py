"""Invented PubMed records as XML, laid out as NLM lays out its own, and what is read from them."""

from __future__ import annotations

from iimscreen.formats import pubmed_xml
from iimscreen.model import Parsed, Record

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


def records_of(data: bytes) -> list[Record]:
    return [found.record for found in pubmed_xml.read(data) if isinstance(found, Parsed)]


def the_record(data: bytes) -> Record:
    (record,) = records_of(data)
    return record
