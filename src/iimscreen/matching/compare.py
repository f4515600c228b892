"""What two records agree and differ on. No verdict is given here; see `rules`."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

from iimscreen.matching.fields import Comparable, is_same_journal

SHORT_TITLE = 30  # letters; a shorter title ("Editorial", "Heart failure") is told apart by its place
SHORT_CUT = 15  # letters that a title cut short must have left
LIKE_TITLE = 75.0  # below this, titles need an identifier or a page that agrees
LEAST_TITLE = 55.0  # below this, titles that are no translations of one another have chance alone in common


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records side by side. Where True means "agree" and False "differ", None is "not stated by both"."""

    one: Comparable
    other: Comparable
    title: float  # 0 to 100, 100 = the same letters in the same order
    title_cut: bool  # one title is the beginning of the other
    pmid: bool | None
    doi: bool | None
    first_author: bool | None
    authors: float | None  # share of the shorter list of authors that is in the longer, 0 to 1
    journal: bool | None
    year_gap: int | None
    volume: bool | None
    issue: bool | None
    page: bool | None  # the first page, or article number
    last_page: bool | None


def compare(one: Comparable, other: Comparable) -> Pair | None:
    """The two side by side; None where they have so little in common that no rule could join them."""
    title = _title(one, other)
    cut = title < 100.0 and _is_cut(one.titles[0], other.titles[0])
    if title < LIKE_TITLE and not cut and not _shares_identifier_or_page(one, other):
        return None  # nine in ten candidates end here
    pmid = _same(one.pmid, other.pmid)
    doi = _same(one.doi, other.doi)
    page = _same_page(one, other)
    volume = _same(one.volume, other.volume)
    is_known = cut or pmid or doi or one.registered & other.registered
    if title < LIKE_TITLE and not is_known and not (page and (title >= LEAST_TITLE or volume)):
        return None
    gap = abs(one.year - other.year) if one.year and other.year else None
    return Pair(
        one,
        other,
        title,
        cut,
        pmid,
        doi,
        _same_author(one, other),
        _shared_authors(one, other),
        _same_journal(one, other),
        gap,
        volume,
        _same(one.issue, other.issue),
        page,
        _same(one.last_page, other.last_page),
    )


def _shares_identifier_or_page(one: Comparable, other: Comparable) -> bool:
    return bool(
        (one.pmid and one.pmid == other.pmid)
        or (one.doi and one.doi == other.doi)
        or one.registered & other.registered
        or (one.first_page and other.first_page and _same_page(one, other))
    )


def _same(one: str | None, other: str | None) -> bool | None:
    return None if one is None or other is None else one == other


def _title(one: Comparable, other: Comparable) -> float:
    best = 100.0 if one.titles[0] == other.titles[0] else fuzz.ratio(one.titles[0], other.titles[0])
    if best < 95.0 and len(one.titles) + len(other.titles) > 2:
        best = max(fuzz.ratio(a, b) for a in one.titles for b in other.titles)
    return best


def _is_cut(one: str, other: str) -> bool:
    if one[:5] != other[:5]:
        return False
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if len(short) < SHORT_CUT:
        return False
    if long.startswith(short):
        return True
    return fuzz.ratio(short, long[: len(short)], score_cutoff=96.0) > 0.0


def _same_page(one: Comparable, other: Comparable) -> bool | None:
    a, b = one.first_page, other.first_page
    if a is None or b is None:
        return None
    if a == b or (len(one.first_pages) + len(other.first_pages) > 2 and one.first_pages & other.first_pages):
        return True
    # "S34" and "34", "e54" and "54": databases keep or drop the letter
    if a.isdigit() and b.isdigit():
        return False
    a_digits, b_digits = a.lstrip("abcdefghijklmnopqrstuvwxyz"), b.lstrip("abcdefghijklmnopqrstuvwxyz")
    return a_digits == b_digits and (a == a_digits or b == b_digits)


def _same_journal(one: Comparable, other: Comparable) -> bool | None:
    if not one.journals or not other.journals:
        return None
    if one.journals == other.journals:
        return True
    return any(is_same_journal(*sorted((a, b))) for a in one.journals for b in other.journals)


def _same_author(one: Comparable, other: Comparable) -> bool | None:
    """Whether the first authors may be one person: families agree, or family and given name are swapped."""
    if not one.families or not other.families:
        return None
    a, b = one.families[0], other.families[0]
    return a == b or a in other.name_words or b in one.name_words or fuzz.ratio(a, b) >= 80.0


def _shared_authors(one: Comparable, other: Comparable) -> float | None:
    if not one.families or not other.families:
        return None
    if len(one.families) == len(other.families):
        return min(_share(one, other), _share(other, one))  # the same whichever arrived first
    short, long = sorted((one, other), key=lambda record: len(record.families))
    return _share(short, long)


def _share(one: Comparable, other: Comparable) -> float:
    return sum(family in other.name_words for family in one.families) / len(one.families)
