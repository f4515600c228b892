"""Hypothesis strategies for records, shared by the tests of several rooms."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from iimscreen.model import Author, FieldKind, Kind, Record, StoredRecord

_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp"))
_FAMILIES = st.sampled_from(["Paik", "de Visser", "Müller", "O'Brien", "Wang", "Casciola-Rosen"])
_GIVEN = st.sampled_from(["", "J", "JJ", "Julie J.", "M"])
_TITLES = st.sampled_from(
    [
        "Tofacitinib in refractory dermatomyositis: an open-label study of ten patients",
        "Tofacitinib in Refractory Dermatomyositis - An Open-Label Study of Ten Patients.",
        "Erratum: Tofacitinib in refractory dermatomyositis: an open-label study of ten patients",
        "Interferon-γ in myositis. Part I",
        "Interferon-gamma in myositis. Part II",
        "[Baricitinib bei juveniler Dermatomyositis]",
        "Editorial",
    ]
)


def texts(max_size: int = 60) -> st.SearchStrategy[str]:
    """One line of text in any script, not blank, without blanks at its ends."""
    return (
        st.text(_LETTERS, min_size=1, max_size=max_size).map(lambda text: " ".join(text.split())).filter(bool)
    )


def authors() -> st.SearchStrategy[Author]:
    """A person with a name as databases write it."""
    return st.builds(Author, _FAMILIES, _GIVEN, st.just(False))


def records() -> st.SearchStrategy[Record]:
    """A record whose facts come from small pools, so that two of them are often alike."""
    return st.builds(
        Record,
        pmid=st.sampled_from([None, None, "11111111", "22222222"]),
        doi=st.sampled_from([None, None, "10.1000/one", "10.1000/two"]),
        title=_TITLES | texts(),
        authors=st.lists(authors(), max_size=4).map(tuple),
        journal=st.sampled_from([None, "Arthritis Rheumatol", "Arthritis & Rheumatology", "RMD open"]),
        year=st.sampled_from([None, 2018, 2020, 2021]),
        volume=st.sampled_from([None, "72", "73"]),
        issue=st.sampled_from([None, "1", "suppl 10"]),
        pages=st.sampled_from([None, "858-65", "858-865", "S12", "e5"]),
    )


@st.composite
def stored_records(draw: st.DrawFn, max_size: int = 12) -> list[StoredRecord]:
    """Records of one review, in order of arrival, with distinct ids and keys."""
    found = draw(st.lists(records(), max_size=max_size))
    return [
        StoredRecord(number, f"source:{number}", "Some database", Kind.DATABASE, record)
        for number, record in enumerate(found, 1)
    ]


# --- forms -----------------------------------------------------------------------------------------

_NAMES = st.text("abcdefgh-_", min_size=1, max_size=4).filter(lambda name: name != "of")
_WORDS = (
    st.text(_LETTERS, min_size=1, max_size=8)
    .map(lambda text: " ".join(text.split()).replace(";", ","))
    .filter(bool)
)
_CHOICES = st.lists(
    _WORDS.filter(lambda word: word not in ("NR", "NA", "UN", "AS")),
    min_size=1,
    max_size=4,
    unique_by=str.casefold,
)
_LEVELS = (
    {"name": "group", "title": "Group", "letter": "P"},
    {"name": "line", "title": "Line", "letter": "T", "of": "group"},
)


@st.composite
def form_fields(draw: st.DrawFn, name: str, level: str) -> dict[str, Any]:
    """One [[field]] as a protocol has it."""
    kind = draw(st.sampled_from(list(FieldKind)))
    made: dict[str, Any] = {"name": name, "level": level, "title": draw(_WORDS), "type": kind.value}
    if draw(st.booleans()):
        made["required"] = True
    if draw(st.booleans()):
        made["help"] = draw(_WORDS)
    if kind in (FieldKind.CHOICE, FieldKind.CHOICES):
        made |= {"choices": draw(_CHOICES), "others": draw(st.booleans())}
    if kind in (FieldKind.INTEGER, FieldKind.NUMBER):
        least, most = sorted(draw(st.tuples(st.integers(-9, 9), st.integers(-9, 9))))
        made |= draw(st.sampled_from([{}, {"least": least}, {"most": most}, {"least": least, "most": most}]))
        made |= draw(st.sampled_from([{}, {"tolerance": 1.5}]))
    if kind is FieldKind.NUMBER:
        made |= draw(st.sampled_from([{}, {"units": ["mg"]}, {"units": ["mg", "g"]}]))
    return made


@st.composite
def form_tables(draw: st.DrawFn) -> dict[str, Any]:
    """The tables of a form that can be used, on one to three levels."""
    deep = draw(st.integers(0, len(_LEVELS)))
    names = draw(st.lists(_NAMES, min_size=deep + 1, max_size=8, unique=True))
    levels = ["study", *(level["name"] for level in _LEVELS[:deep])]
    on = levels + draw(
        st.lists(
            st.sampled_from(levels), min_size=len(names) - len(levels), max_size=len(names) - len(levels)
        )
    )
    fields = [draw(form_fields(name, level)) for name, level in zip(names, on, strict=True)]
    roles = draw(st.permutations(["drug", "n", "age", "sex", "dose", "design", "year", "domain"]))
    for field, role in zip(fields, roles, strict=False):
        if draw(st.booleans()):
            field["role"] = role
    asked = next((f for f in fields if f["level"] == "study" and f.get("choices")), None)
    if asked is not None and asked is not fields[-1] and draw(st.booleans()):
        fields[-1]["when"] = {"field": asked["name"], "is": [asked["choices"][0]]}
    return {
        "title": draw(_WORDS),
        "level": [
            level | {"key": [f["name"] for f in fields if f["level"] == level["name"]][:2]}
            for level in _LEVELS[:deep]
        ],
        "field": fields,
        "abbreviations": draw(st.dictionaries(_NAMES, _WORDS, max_size=2)),
    }


# --- records to be written ---------------------------------------------------------------------------

_HOSTILE = st.sampled_from(
    [
        "100% of {patients} with $p<0.05 & CK_max ~ 10^3 #1 \\alpha",
        "one { brace that nobody closes",
        "} and one that nobody opened",
        'she said "no" -- and ``yes\'\' --- twice',
        "before\nER  - \nTY  - JOUR\nTI  - another",
        "before\r\n@article{x,\r\n title = {another},\r\n}",
        "=HYPERLINK(\"http://x\")",
        "+1 -1 @here",
        "<img src=x onerror=alert(1)> and <i>JAK</i> in CO<sub>2</sub>",
        "שלום مرحبا 肌炎 😀 \u202eabc",
        "a\0b\x07c\ufffed\x85e\u2028f",
        "mRNA, MDA5 and anti-TIF1γ; IFN-α/β",
        "x" * 500,
        "PMID- 1\nTI  - a line of its own",
        "semi; colon, comma | bar",
    ]
)  # fmt: skip
_PEOPLE = st.sampled_from(
    [
        Author("Paik", "JJ"),
        Author("van der Berg", "Jan"),
        Author("Müller", "Ö."),
        Author("O'Brien", "Mary-Jane"),
        Author("王", "伟"),
        Author("Myositis Study Group", is_group=True),
    ]
)


def hostile_texts() -> st.SearchStrategy[str]:
    """Text that files of other formats could take for their own."""
    return _HOSTILE | st.text(
        st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=40
    )


def hostile_records(people: st.SearchStrategy[Author] = _PEOPLE) -> st.SearchStrategy[Record]:
    """A record in whose texts anything may stand, with identifiers as readers leave them."""
    return st.builds(
        Record,
        source_id=st.none() | hostile_texts(),
        pmid=st.sampled_from([None, "30862449"]),
        pmcid=st.sampled_from([None, "PMC9137361"]),
        doi=st.sampled_from(
            ["10.1000/one", "10.1016/s0140-6736(05)1_a", "10.1002/(sici)1<1::aid>3.0.co;2-x"]
        ),
        title=st.none() | hostile_texts(),
        vernacular_title=st.none() | hostile_texts(),
        abstract=st.none() | hostile_texts().map(lambda text: f"Aims: {text}"),
        authors=st.lists(people, max_size=4).map(tuple),
        journal=st.sampled_from([None, "Arthritis & Rheumatology", "RMD_open", "J. {Brace} Med"]),
        year=st.sampled_from([None, 1987, 2021]),
        volume=st.sampled_from([None, "72"]),
        issue=st.sampled_from([None, "1", "Suppl 10"]),
        pages=st.sampled_from([None, "858-65", "e5"]),
        keywords=st.lists(st.sampled_from(["JAK, inhibitors", "100%", "α_β"]), max_size=2, unique=True).map(
            tuple
        ),
    )
