"""Which column of a table is which field: told by its header, confirmed by what stands in it.

The headers are those of exports of PubMed, Embase, Scopus, the Cochrane Library, Web of Science,
EBSCO, Dimensions, Lens, OpenAlex, IEEE Xplore, ClinicalTrials.gov, Rayyan, Covidence, ASReview, SYNERGY,
Zotero and EndNote, and the usual words in German, French, Italian, Spanish and Portuguese.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from iimscreen.errors import InputError
from iimscreen.formats import Layout, normal_doi

# Each field with its headers as `plain_header` writes them, the surest first.
_HEADERS: dict[str, str] = {
    "title": (
        "title articletitle primarytitle ti documenttitle papertitle worktitle studytitle displayname t1 "
        "titel titre titolo titulo"
    ),
    "vernacular_title": "vernaculartitle originaltitle originalnonenglishtitle originaltitletranslated",
    "abstract": (
        "abstract abstractnote ab notesabstract abstracttext zusammenfassung kurzfassung resume riassunto resumen "
        "resumo summary briefsummary"
    ),
    "authors": (
        "authors author authornames authorfullnames au af creators bookauthors firstauthors autoren autor verfasser "
        "auteurs auteur autori autore autores authorsfullnames authorshipsauthordisplayname"
    ),
    "journal": (
        "journal journalbook sourcetitle publicationtitle so journaltitle journalname secondarytitle jf t2 jt "
        "sourcepublication pubtitle primarylocationsourcedisplayname publication "
        "zeitschrift revue periodique rivista revista source quelle fonte"
    ),
    "journal_abbreviation": (
        "journalabbreviation abbreviatedsourcetitle journalisoabbreviation ji j9 ja isoabbreviation alternatetitle"
    ),
    "year": (
        "year publicationyear publishedyear pubyear py yearpublished yearofpublication jahr erscheinungsjahr annee "
        "anno ano"
    ),
    "date": "publicationdate date datepublished pubdate da pd dateofpublication datum data fecha",
    "volume": "volume vl vol bibliovolume band jahrgang tome volumen",
    "issue": "issue is number issuenumber number issueno biblioissue heft ausgabe fascicolo fascicule numero",
    "pages": "pages pagerange page pg pagination seiten pagine paginas",
    "first_page": "startpage pagestart firstpage bp sp beginningpage bibliofirstpage vonseite",
    "last_page": "endpage pageend lastpage ep bibliolastpage bisseite",
    "article_number": "articlenumber artno ar articleno",
    "doi": "doi di digitalobjectidentifier doilink doiurl electronicresourcenumber",
    "pmid": "pmid pubmedid medlinepmid pm pubmedpmid idspmid",
    "pmcid": "pmcid pmc pmcidnumber pmcnumber",
    "accession": (
        "accessionnumber utuniquewosid ut eid embaseaccessionid cochranereviewid cochraneid centralid nctnumber "
        "openalexid accession publicationid lensid pui an"
    ),
    "source_id": "recordid key covidence# rayyanid citationkey refid id",
    "keywords": "keywords authorkeywords de keyword kw schlagworter schlagworte motscles parolechiave palabrasclave",
    "index_terms": (
        "indexkeywords keywordsplus meshterms ieeeterms subjects emtreemedicalindexterms emtreedrugindexterms"
    ),
    "language": "language languageoforiginaldocument articlelanguage languages la sprache langue lingua idioma",
    "type": "documenttype itemtype doctype publicationtype publicationtypes dt referencetype typeofreference pt type",
    "citation": "citation",
    "extra": "extra",
    "url": "url urls link links fulltextlink doilinks",
    "entered_on": "createdate",
    "database": "database sourcedatabase databasename nameofdatabase db datenbank",
}  # fmt: skip
FIELDS = tuple(_HEADERS)
_SEVERAL = ("keywords", "index_terms", "url")  # fields that are taken from every column that has them
_BY_HEADER = {
    header: (name, rank) for name, headers in _HEADERS.items() for rank, header in enumerate(headers.split())
}
_DECISIONS = frozenset((
    "included", "labelincluded", "asreviewlabel", "finalincluded", "inclusion", "decision",
    "screeningdecision", "verdict", "vote", "includedlabel", "abstractscreening", "rayyaninclusion",
    "fulltextdecision", "exclusionreason", "reasonforexclusion",
))  # fmt: skip
_DECIDED_IN_NOTES = ("RAYYAN-INCLUSION", "RAYYAN-EXCLUSION", "Exclusion reason:")
# A source that is a database and no journal: alone, with its platform, or with what the search covered.
_DATABASE = re.compile(
    r"(?:(?:ovid|ebsco(?:host)?|proquest|pubmed|elsevier|wiley|clarivate|the|apa)\W+)*"
    r"(?:scopus|pubmed|medline|embase|web of science|wos|cinahl|central|crossref|openalex|google scholar|"
    r"(?:apa )?psyc(?:info|articles)|cochrane (?:library|central)|lilacs|scielo|eric|amed|ieee xplore|"
    r"clinicaltrials\.gov|ictrp|dimensions|lens(?:\.org)?|pmc)"
    r"(?:$|\s*(?:\(|<|\[|,|;|/|\||\+| - |®|plus\b|complete\b|via\b|all\b|core\b).*)",
    re.IGNORECASE | re.DOTALL,
)
_MAY_BE_ROWS = frozenset(("number", "numero"))  # an issue beside a volume, else what numbers the rows
# What stands in a cell of a DOI, a PMID or a year that is not known, in small letters.
NO_VALUE = frozenset(("-", "n/a", "na", "nan", "none", "null", "0"))
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]\d\d|2[01]\d\d)(?!\d)")
_PMID = re.compile(r"(?:PMID\s*:?\s*)?\d{1,9}(?:\.0+)?", re.IGNORECASE)


def plain_header(header: str) -> str:
    """A header without case, accents, blanks and punctuation: "Author(s)" and "AUTHORS" are one."""
    folded = unicodedata.normalize("NFKD", header.casefold().replace("œ", "oe"))
    return re.sub(r"[^a-z0-9#]+", "", folded)


def recognised(header: str) -> str | None:
    """The field that a header names, if any."""
    found = _BY_HEADER.get(plain_header(header))
    return found[0] if found else None


def is_decision(header: str) -> bool:
    """Whether a column of this header holds what someone decided about the records."""
    return plain_header(header) in _DECISIONS


def decides(header: str, cell: str) -> bool:
    """Whether a cell says what someone decided: of a column of decisions, or in notes as Rayyan and Covidence do."""
    return bool(cell) and (is_decision(header) or any(words in cell for words in _DECIDED_IN_NOTES))


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of the columns that each field is read from, and the headers of all."""

    headers: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]

    @property
    def unread(self) -> tuple[int, ...]:
        """Places of columns that no field is read from, in order."""
        read = {place for places in self.places.values() for place in places}
        return tuple(place for place in range(len(self.headers)) if place not in read)

    def name(self, place: int) -> str:
        """A header as it is shown, with the number of the column where there is none or it is not the only one."""
        header = self.headers[place]
        if not header:
            return f"column {place + 1}"
        return header if self.headers.count(header) == 1 else f"{header} (column {place + 1})"

    def layout(self) -> Layout:
        """What became of each column, to be shown."""
        fields = {place: name for name, places in self.places.items() for place in places}
        return Layout(
            columns=tuple((self.name(place), fields[place]) for place in sorted(fields)),
            unread=tuple(self.name(place) for place in self.unread),
        )


def guess(
    headers: Sequence[str], sample: Sequence[Sequence[str]], chosen: Mapping[str, str], *, line: int = 1
) -> Columns:
    """The columns of a table by its headers and its first rows; `chosen` names fields' headers in their place.

    Raises InputError if no column is a title, or a header that was chosen is not there.
    """
    titles = tuple(" ".join(header.split()) for header in headers)
    places: dict[str, tuple[int, ...]] = {
        name: (_place(titles, name, header, line),) if header else () for name, header in chosen.items()
    }
    taken = {place for some in places.values() for place in some}
    candidates: dict[str, list[tuple[int, int]]] = {}
    for place, header in enumerate(titles):
        found = _BY_HEADER.get(plain_header(header))
        if found and place not in taken and found[0] not in chosen and not is_decision(header):
            candidates.setdefault(found[0], []).append((found[1], place))
    for name, ranked in candidates.items():
        fitting = [place for _, place in sorted(ranked) if _is_confirmed(name, _cells(sample, place))]
        if name == "issue":
            has_volume = "volume" in candidates or bool(chosen.get("volume"))
            fitting = [
                place
                for place in fitting
                if plain_header(titles[place]) not in _MAY_BE_ROWS
                or (has_volume and not _counts_up(_cells(sample, place)))
            ]
        if name == "title":  # of two columns with one header, that which is filled
            fitting.sort(key=lambda place: not any(_cells(sample, place)))
        places[name] = tuple(fitting if name in _SEVERAL else fitting[:1])
    if not places.get("title"):
        raise _without_title(titles, sample, line)
    return Columns(titles, {name: places[name] for name in FIELDS if places.get(name)})


def chosen_columns(given: Sequence[str]) -> dict[str, str]:
    """What `--column FIELD=HEADER` says, field by field. Raises InputError if it says nothing that can be used."""
    chosen: dict[str, str] = {}
    for one in given:
        name, equals, header = one.partition("=")
        name = name.strip().lower().replace("-", "_")
        if not equals or name not in FIELDS:
            raise InputError(
                f"--column {one!r} names no field",
                hint=f"expected FIELD=HEADER, with one of the fields {', '.join(FIELDS)}",
            )
        if name in chosen:
            raise InputError(f"--column gives {name} twice", hint="name one header for it")
        chosen[name] = header.strip()
    return chosen


def _place(headers: Sequence[str], name: str, header: str, line: int) -> int:
    """The place of a header that was chosen: as it is written, or by its number, such as #3."""
    if re.fullmatch(r"#\d{1,4}", header) and 1 <= int(header[1:]) <= len(headers):
        return int(header[1:]) - 1
    wanted = " ".join(header.split())
    same = [place for place, found in enumerate(headers) if found == wanted] or [
        place for place, found in enumerate(headers) if found.casefold() == wanted.casefold()
    ]
    if len(same) == 1:
        return same[0]
    if same:
        numbers = " or ".join(f"--column {name}=#{place + 1}" for place in same)
        raise InputError(f"line {line}: {len(same)} columns are headed {wanted!r}", hint=f"say {numbers}")
    raise InputError(
        f"line {line}: no column is headed {wanted!r}, which --column names for {name}",
        hint=f"headers of the table: {_listed(headers)}",
    )


def _without_title(headers: Sequence[str], sample: Sequence[Sequence[str]], line: int) -> InputError:
    down = [row[0] for row in sample if row and recognised(row[0])]
    if len(down) >= 3 and (len(headers) < 3 or len(down) * 2 > len(sample)):
        return InputError(
            f"line {line}: the fields of a record stand below each other ({', '.join(down[:3])}), not in columns",
            hint="export the table again with one record a row, or as RIS",
        )
    return InputError(
        f"line {line}: no column is recognised as the title; headers found: {_listed(headers)}",
        hint='name it with --column title="HEADER" (other fields likewise), or export as RIS',
    )


def _listed(headers: Sequence[str], most: int = 40) -> str:
    shown = ", ".join(repr(header[:40]) if header else "(blank)" for header in headers[:most])
    return shown + (f" and {len(headers) - most} more" if len(headers) > most else "")


def _cells(sample: Sequence[Sequence[str]], place: int) -> list[str]:
    return [row[place].strip() for row in sample if place < len(row)]


def _is_confirmed(name: str, cells: Sequence[str]) -> bool:
    """Whether what stands in a column may be this field: at least half of what is stated; a blank one may."""
    stated = [cell for cell in cells if cell and cell.lower() not in NO_VALUE]
    test = _TESTS.get(name)
    return not stated or test is None or 2 * sum(map(test, stated)) >= len(stated)


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether these are the numbers of three rows or more, from whichever number on."""
    if len(cells) < 3 or not all(re.fullmatch(r"[0-9]{1,9}", cell) for cell in cells):
        return False
    return all(int(cell) == int(cells[0]) + at for at, cell in enumerate(cells))


_TESTS: dict[str, Callable[[str], bool]] = {
    "doi": lambda cell: normal_doi(cell) is not None,
    "year": lambda cell: _YEAR.search(cell) is not None,
    "date": lambda cell: _YEAR.search(cell) is not None,
    "pmid": lambda cell: _PMID.fullmatch(cell) is not None or "e+" in cell.lower(),
    "pmcid": lambda cell: cell.upper().startswith("PMC"),
    "journal": lambda cell: _DATABASE.fullmatch(cell) is None,
    "title": lambda cell: recognised(cell) is None,  # fields that stand in rows
    "type": lambda cell: len(cell) > 1,  # Web of Science's "J"
    "pages": lambda cell: len(cell) < 60,
    "volume": lambda cell: len(cell) < 60,
    "issue": lambda cell: len(cell) < 60,
}
