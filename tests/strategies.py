"""Hypothesis strategies for records, shared by the tests of several rooms."""

from __future__ import annotations

from hypothesis import strategies as st

from iimscreen.model import Author, Kind, Record, StoredRecord

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
