from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iimscreen.errors import InputError
from iimscreen.formats import Found, Remark, _latex, bibtex, guess
from iimscreen.model import Author, Parsed, Record, Refusal

EXPORTS = Path(__file__).parent / "data" / "exports"


def export(name: str) -> str:
    """An invented export as its maker writes it, every byte of it."""
    return (EXPORTS / name).read_bytes().decode()


ZOTERO = export("zotero.bib")
SCOPUS = export("scopus.bib")
WOS = export("wos.bib")
SCHOLAR = export("scholar.bib")
JABREF = export("jabref.bib")
UNKNOWN = "the entry 'k' has no title, and no abstract, DOI or PMID to know it by"
TWO = (Author("Ferro", "Anna"), Author("Okafor", "Chi"))


def found(text: str | bytes) -> list[Found]:
    return list(bibtex.read(text if isinstance(text, bytes) else text.encode()))


def the_record(text: str) -> Record:
    first = found(text)[0]
    assert isinstance(first, Parsed), first
    return first.record


def field(name: str, written: str) -> Record:
    title = "" if name == "title" else "title = {A title}, "
    return the_record(f"@article{{key, {title}{name} = {written}}}")


def authors(written: str) -> tuple[Author, ...]:
    return field("author", f"{{{written}}}").authors


def test_an_entry_of_zotero_is_read_whole() -> None:
    (only,) = found(ZOTERO)

    assert only == Parsed(
        2,
        Record(
            source_id="ferro_drug_2021",
            pmid="90000001",
            pmcid="PMC7000001",
            doi="10.1000/one_two",
            title="Drug one in TNF-α driven disease: an open-label study",
            abstract="Ten patients <18 years, 50% of them girls.",
            authors=(
                Author("Ferro", "Anna B."),
                Author("Müller", "Jörg"),
                Author("Invented Study Group", is_group=True),
            ),
            journal="Journal of Inventions",
            year=2021,
            volume="7",
            issue="2",
            pages="1-9",
            languages=("en",),
            keywords=("alpha", "beta"),
            published_on="2021-03",
        ),
    )


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (SCOPUS, {"title": "Drug two", "pmid": "90000002", "pages": "e12", "publication_types": ("Review",),
                  "keywords": ("alpha", "beta"), "authors": (Author("Ferro", "A.B."), Author("Okafor", "C."))}),
        (WOS, {"title": "Drug three", "journal": "INVENTED JOURNAL", "accession": "WOS:000200000001", "year": 2021,
               "published_on": "2021-03-05", "authors": (Author("Ferro", "AB"), Author("Okafor", "C"))}),
        (SCHOLAR, {"title": "Drug four", "authors": TWO, "pages": "1-9"}),
        (JABREF, {"title": "Drug five: A trial", "journal": "Journal of Inventions B", "published_on": "2021-03-05",
                  "publication_types": ("Conference Paper",)}),
    ],
    ids=["Scopus", "Web of Science", "Google Scholar", "JabRef"],
)  # fmt: skip
def test_exports_are_read_as_their_makers_write_them(text, facts) -> None:
    record = the_record(text)

    assert {name: getattr(record, name) for name in facts} == facts


@pytest.mark.parametrize(
    "text", [ZOTERO, SCOPUS, WOS, SCHOLAR, JABREF, "@string{a = {b}}\n@book{c,title={d}}"]
)
def test_bibtex_is_recognised_whatever_its_name(text: str) -> None:
    assert guess("export.txt", text.encode()).name == "bibtex"


def test_what_a_reference_lacks_comes_from_the_entry_it_refers_to() -> None:
    child, parent = found(
        "@inproceedings{a, title={Child}, crossref={B}}\n@proceedings{b, title={Parent}, year=1999, doi={10.1000/b}}"
    )

    assert isinstance(child, Parsed)
    assert isinstance(parent, Parsed)
    assert (child.record.title, child.record.journal, child.record.year) == ("Child", "Parent", 1999)
    assert child.record.doi is None
    assert parent.record.title == "Parent"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Ferro, Anna and Okafor, Chi", TWO),
        ("Anna Ferro and Chi Okafor", TWO),
        ("Ferro, Anna and others", TWO[:1]),
        ("{Ferro, Anna and Okafor, Chi}", TWO),
        ("Ferro AB", (Author("Ferro", "AB"),)),
        ("Jean de la Fontaine", (Author("de la Fontaine", "Jean"),)),
        ("de la Fontaine, Jean", (Author("de la Fontaine", "Jean"),)),
        ("Ferro, Jr, Anna", (Author("Ferro", "Anna Jr"),)),
        ("{WHO and Partners}", (Author("WHO and Partners", is_group=True),)),
        ("{{WHO Group}}", (Author("WHO Group", is_group=True),)),
        ("{WHO}, Anna", (Author("WHO", "Anna"),)),
        (r"{\'E}mile, Z. and M{\"u}ller, A", (Author("Émile", "Z."), Author("Müller", "A"))),
        ("Plato", (Author("Plato"),)),
        ("", ()),
    ],
)
def test_names_are_read_as_bibtex_reads_them(written: str, expected: tuple[Author, ...]) -> None:
    assert authors(written) == expected


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("{Braces {inside} them}", "Braces inside them"),
        ('"Quotes with {"} inside"', 'Quotes with " inside'),
        ('"a" # " b" # { c}', "a b c"),
        ("{a \\} b}", "a } b"),
        ("1984", "1984"),
        ("{over\n  lines}", "over lines"),
        ("{R\\&amp;D {\\&} &lt;}", "R&D & <"),
    ],
)
def test_a_value_may_be_written_in_several_ways(written: str, title: str) -> None:
    assert field("title", written).title == title


@pytest.mark.parametrize(
    ("name", "written", "attribute", "value"),
    [
        ("pages", "{1--9}", "pages", "1-9"),
        ("eid", "{e12}", "pages", "e12"),
        ("doi", "{https://doi.org/10.1000/X}", "doi", "10.1000/x"),
        ("url", "{https://doi.org/10.1000/x}", "doi", "10.1000/x"),
        ("url", "{https://pubmed.ncbi.nlm.nih.gov/90000001/}", "pmid", "90000001"),
        ("pmid", "{90000001}", "pmid", "90000001"),
        ("date", "{2021-03/2021-05}", "published_on", "2021-03"),
        ("year", "{in press}", "year", None),
    ],
)
def test_each_field_is_read_for_what_it_is(name: str, written: str, attribute: str, value: object) -> None:
    assert getattr(field(name, written), attribute) == value


def test_an_abbreviation_that_is_not_defined_stands_for_itself_and_is_named() -> None:
    data = b"@article{a, title={T}, journal=jir}\n@article{b, title={U}, journal=jir, month=jan}"

    told = list(bibtex.read_stream(io.BytesIO(data)))

    assert [one.record.journal for one in told if isinstance(one, Parsed)] == ["jir", "jir"]
    assert told[-1] == Remark(
        "abbreviations used and not defined in the file, so that their names stand in their place: jir (line 1)"
    )


# --- what is no entry ------------------------------------------------------------------------------


def test_two_entries_with_one_key_are_two_records() -> None:
    assert [one.line for one in found("@a{k, title={T}}\n@a{k, title={U}}")] == [1, 2]


def test_a_missing_comma_costs_nothing() -> None:
    record = the_record("@article{k, title = {T} year = 2020, volume = 3}")

    assert (record.title, record.year, record.volume) == ("T", 2020, "3")


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (
            "@article{k, title = {Open {brace}, year = 2021}\n",
            "expected a field or '}' behind title, found '@article{next, title'",
        ),
        ("@article{k, title = {Open,\n year = 2021\n", "a brace is not closed before the next entry begins"),
        ('@article{k, title = "Open, year = 2021}\n', "a quote is not closed before the next entry begins"),
        ("@article{k, title = {T} } and more = {x}\n", None),
        ("@article{k, title = , year = {2020}}\n", UNKNOWN),
        ("@article{k, title = (T)}\n", "no value behind title"),
        ("@article{k, title = {T} !!! }\n", "expected a field or '}' behind title, found '!!! }'"),
        ("article{k, title = {T}}\n", "text outside any entry: expected '@' and its type"),
        ("@article{k, year = 2020}\n", UNKNOWN),
    ],
)  # fmt: skip
def test_a_broken_entry_is_refused_by_its_line_and_the_next_is_read(broken: str, cause: str | None) -> None:
    read = found("\n" + broken + "@article{next, title = {Next}}\n")

    assert read[-1] == Parsed(2 + broken.count("\n"), Record(source_id="next", title="Next"))
    if cause is not None:
        assert [one for one in read if isinstance(one, Refusal)] == [Refusal(2, cause)]


def test_an_entry_that_the_file_ends_in_is_refused() -> None:
    assert found("@article{a, title={T}}\n@article{b, title={Cut\n")[1] == Refusal(
        2, "a brace is not closed before the file ends"
    )
    assert found("@article{a, title={T}}\n@article{b, title={Cut}, \n")[1] == Refusal(
        2, "the file ends within the entry, behind title"
    )


def test_comments_are_none_of_ours() -> None:
    text = '% title = {x}\n@comment{title = {x}}\nAny words.\n@preamble{"x"}\n@a{k, title={T}}\n'

    assert [type(one) for one in found(text)] == [Parsed]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title,year\n", "line 1: expected an entry such as '@article{key,', found 'title,year'"),
        ("\n\nno entry\n", "line 3: expected an entry"),
        ("@a{k{\n" * 100, "a brace is not closed|expected a field|no key"),
    ],
)
def test_a_file_without_entries_is_refused_whole_or_line_by_line(text: str, message: str) -> None:
    try:
        read = found(text)
    except InputError as error:
        caught = [error.message]
    else:
        caught = [one.cause for one in read if isinstance(one, Refusal)]

    assert caught
    assert any(part in caught[0] for part in message.split("|"))


def test_a_file_whose_braces_never_match_is_refused_before_long() -> None:
    with pytest.raises(
        InputError, match="a brace is not closed before the file ends, as in 50 entries before it"
    ):
        found("@article{k t={\n" * 60 + "@article{k = {\n" * 60)


def test_ten_thousand_authors_and_a_megabyte_are_read() -> None:
    names = " and ".join(f"Ferro{number}, A" for number in range(10_000))

    record = the_record(f"@article{{k, title={{T}}, author={{{names}}}, abstract={{{'word ' * 200_000}}}}}")

    assert len(record.authors) == 10_000
    assert len(record.abstract or "") == 999_999


# --- LaTeX -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        (r"{\"u}\"u\"{u}{\"{u}}", "üüüü"),
        (r"\'{e}\`a\^o\~n\=a\.z", "éàôñāż"),
        (r"\c{c}\v{S}\H{o}\k{a}\r{a}\u g\d{s}\c c", "çŠőąågṣç".replace("g", "ğ")),
        (r"{\ss}{\o}{\AA}{\L}{\ae}\i", "ßøÅŁæı"),
        (r"\'{\i}\'\i", "íí"),
        (r"50\% of \$5 \& \#1 \_", "50% of $5 & #1 _"),
        ("50% of patients", "50% of patients"),
        (r"$\alpha$ and $\Delta$, $p \leq 0.05$", "α and Δ, p ≤0.05"),
        (r"CO$_2$ and 10$^{-3}$", "CO2 and 10-3"),
        ("costs $5 and $6", "costs $5 and $6"),
        (r"\textit{in vitro} \emph{x} {\bf y}", "in vitro x y"),
        (r"{\textless}5 {\textgreater} {\textasciitilde}", "<5 > ~"),
        ("``q'' 1--9 --- a~b", "“q” 1–9 — a b"),
        (r"\unknown{x} \other", r"x \other"),
        ("plain", "plain"),
        ("\\", "\\"),
    ],
)
def test_latex_is_made_plain(written: str, plain: str) -> None:
    assert _latex.plain(written) == plain


LATEX = st.lists(
    st.sampled_from(
        ["\\", "{", "}", "$", "'", '"', "u", "i", " ", "~", "^", "_", "alpha", "textit", "%", "-", "`", "é"]
    )
).map("".join)


@given(LATEX | st.text(max_size=40))
@example("\\'{\\i}\\'")
def test_no_latex_makes_the_decoder_fail(text: str) -> None:
    plain = _latex.plain(text)

    assert "{" not in plain or "\\" in text
    assert len(plain) <= 3 * len(text) + 1


PIECES = st.sampled_from(
    [
        "@article{k,",
        "@",
        "title",
        "=",
        "{",
        "}",
        '"',
        "(",
        ")",
        ",",
        "#",
        "\n",
        "x",
        "\\",
        "@string{",
        "@comment{",
        "%",
    ]
)


@given(st.binary(max_size=60) | st.lists(PIECES, max_size=40).map("".join).map(str.encode))
def test_no_bytes_make_the_reader_fail_but_with_an_input_error(data: bytes) -> None:
    read: list[Found] = []
    with contextlib.suppress(InputError):
        read = found(b"@article{k, title={T}}\n" + data)

    assert read == [] or read[0] == Parsed(1, Record(source_id="k", title="T"))


@given(st.lists(st.sampled_from(["entry", "no title", "open", "stray", "twice"]), max_size=8))
def test_every_entry_of_a_file_is_either_read_or_refused(kinds: list[str]) -> None:
    pieces = {
        "entry": "@a{k, title={T}}\n",
        "no title": "@a{k, year=2020}\n",
        "open": "@a{k, title={T\n",
        "stray": "a{k, title={T}}\n",
        "twice": "@a{k, title={T}, title={U}}\n",
    }

    read = found("@a{first, title={T}}\n" + "".join(pieces[kind] + "@a{k, title={T}}\n" for kind in kinds))

    assert len(read) == 1 + 2 * len(kinds)


@pytest.mark.parametrize(
    "written",
    [
        "Ferro A, Okafor C, de Jong B",
        "Ferro, A, Okafor, C, de Jong, B",
        "Ferro, A; Okafor, C; de Jong, B",
        "Ferro, A, Okafor, C and de Jong, B",
        "A. Ferro and C. Okafor and B. de Jong",
    ],
)
def test_authors_parted_by_other_signs_than_and_are_told_apart(written: str) -> None:
    found = [(one.family, one.given.rstrip(".")) for one in authors(written)]

    assert found == [("Ferro", "A"), ("Okafor", "C"), ("de Jong", "B")]


def test_a_suffix_between_two_commas_makes_no_list_of_authors() -> None:
    assert authors("Ferro, Jr, Anna Maria") == (Author("Ferro", "Anna Maria Jr"),)
