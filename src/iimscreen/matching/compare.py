"""What two records agree and differ on. No verdict is given here; see `rules`."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

from iimscreen.matching import journals, names, pages
from iimscreen.matching.fields import Comparable

SHORT_TITLE = 30  # letters; a shorter title ("Editorial", "Heart failure") is told apart by its place
SHORT_CUT = 15  # letters that a title cut short must have left
LEAST_CUT = 5  # letters cut off; fewer may be a word put in, such as "non"
SHORT_REST = 30  # letters that a title must have left when it is its beginning that is missing
SHORT_FAMILY = 4  # letters; shorter names differ by one letter and are two people
SAME_PEOPLE = 0.75  # share of the shorter list of authors that is in the longer
LIKE_TITLE = 75.0  # below this, titles need an identifier or a page that agrees
LEAST_TITLE = 55.0  # below this, titles that are no translations of one another have chance alone in common
SURE_TITLE = 97.0  # a typing error or two
SAME_TITLE = 92.0  # one wrong letter in twelve, or a subtitle's punctuation

People = tuple[bool | None, float | None]  # whether first authors agree, and the share of authors that do


@dataclass(slots=True, eq=False)
class Pair:
    """Two records side by side. Where True means "agree" and False "differ", None is "not stated by both"."""

    one: Comparable
    other: Comparable
    title: float  # 0 to 100, 100 = the same letters in the same order
    title_cut: bool  # one title is the beginning, or the end, of the other
    pmid: bool | None
    doi: bool | None
    accession: bool | None  # of one source; None where the sources differ
    first_author: bool | None
    authors: float | None  # share of the shorter list of authors that is in the longer, 0 to 1
    journal: bool | None
    year_gap: int | None
    volume: bool | None
    issue: bool | None
    page: bool | None  # the first page, or article number
    last_page: bool | None

    @property
    def pages(self) -> int:
        """How many pages both say that the article has; 0 where they do not agree on it."""
        if not self.page or not self.last_page:
            return 0
        return min(pages.length(one.first_page, one.last_page) for one in (self.one, self.other))


def compare(one: Comparable, other: Comparable, title: float | None = None) -> Pair | None:
    """The two side by side; None where they have so little in common that no rule could join them.

    `title` is the likeness of the titles where it is known already.
    """
    if title is None:
        title = title_likeness(one, other)
    cut = title < 100.0 and is_cut(one.title, other.title)
    people = _people(one, other)
    is_like = title >= LIKE_TITLE or cut
    # Other people, or an unlike title: then nothing short of an identifier or a page joins them.
    are_others = people[0] is False and (people[1] or 0.0) < SAME_PEOPLE
    if (are_others or not is_like) and not shares_identifier_or_page(one, other):
        return None
    pair = side_by_side(one, other, title, cut, people)
    is_known = cut or pair.pmid or pair.doi or pair.accession or one.registered & other.registered
    if title < LIKE_TITLE and not is_known and not (pair.page and (title >= LEAST_TITLE or pair.volume)):
        return None
    return pair


def side_by_side(
    one: Comparable,
    other: Comparable,
    title: float | None = None,
    cut: bool | None = None,
    people: People | None = None,
) -> Pair:
    """The two side by side, however little they have in common."""
    if title is None:
        title = title_likeness(one, other)
    if cut is None:
        cut = title < 100.0 and is_cut(one.title, other.title)
    first_author, authors = people or _people(one, other)
    return Pair(
        one,
        other,
        title,
        cut,
        _same(one.pmid, other.pmid),
        _same(one.doi, other.doi),
        (one.accession == other.accession or None) if one.accession and other.accession else None,
        first_author,
        authors,
        _same_journal(one, other),
        abs(one.year - other.year) if one.year and other.year else None,
        _same_volume(one, other),
        _same(one.issue, other.issue),
        _same_page(one, other),
        _same(one.last_page, other.last_page),
    )


def shares_identifier_or_page(one: Comparable, other: Comparable) -> bool:
    """Whether they agree on anything that may join two unlike titles."""
    return bool(
        (one.pmid and one.pmid == other.pmid)
        or (one.doi and one.doi == other.doi)
        or (one.accession and one.accession == other.accession)
        or one.registered & other.registered
        or _same_page(one, other)
    )


def title_likeness(one: Comparable, other: Comparable) -> float:
    """How alike the titles are, translations counted: 0 to 100; 0 where one has none."""
    if not one.title or not other.title:
        return 0.0
    best = 100.0 if one.title == other.title else fuzz.ratio(one.title, other.title)
    if best < 95.0 and (one.translations or other.translations):
        best = max(fuzz.ratio(a, b) for a in one.titles for b in other.titles)
    return best


def is_cut(one: str, other: str) -> bool:
    """Whether one title is the beginning of the other, or its end behind some heading ("Ask the expert: …")."""
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if len(short) < SHORT_CUT or len(long) - len(short) < LEAST_CUT:
        return False
    if short[:5] == long[:5]:
        return long.startswith(short) or fuzz.ratio(short, long[: len(short)], score_cutoff=96.0) > 0.0
    return len(short) >= SHORT_REST and long.endswith(short)


def _same(one: str | None, other: str | None) -> bool | None:
    return None if one is None or other is None else one == other


def _same_volume(one: Comparable, other: Comparable) -> bool | None:
    if one.volume is None or other.volume is None:
        return None
    if one.volume == other.volume:
        return True
    # Some databases give the year where they have no volume: no contradiction then.
    is_year = [record.year is not None and record.volume == str(record.year) for record in (one, other)]
    return None if is_year[0] != is_year[1] else False


def _same_page(one: Comparable, other: Comparable) -> bool | None:
    a, b = one.first_page, other.first_page
    if a is None or b is None:
        return None
    if a == b:
        return True
    several = one.other_first_pages or other.other_first_pages
    if several and {a, *one.other_first_pages} & {b, *other.other_first_pages}:
        return True
    # "S34" and "34", "e54" and "54": databases keep or drop the letter
    if a.isdigit() and b.isdigit():
        return False
    a_digits, b_digits = a.lstrip("abcdefghijklmnopqrstuvwxyz"), b.lstrip("abcdefghijklmnopqrstuvwxyz")
    return a_digits == b_digits and (a == a_digits or b == b_digits)


def _same_journal(one: Comparable, other: Comparable) -> bool | None:
    if not one.journals or not other.journals:
        return None
    return one.journals == other.journals or journals.share_a_name(one.journals, other.journals)


def _people(one: Comparable, other: Comparable) -> People:
    """Whether the first authors may be one person, and the share of the shorter list that is in the longer.

    First authors agree where families agree, or family and given name are swapped.
    """
    if not one.names or not other.names:
        return None, None
    if one.names == other.names:
        return True, 1.0
    ours, theirs = names.families(one.names), names.families(other.names)
    our_words, their_words = names.words_of(one.names), names.words_of(other.names)
    a, b = ours[0], theirs[0]
    first = a == b or a in their_words or b in our_words or _is_misspelt(a, b)
    if len(ours) == len(theirs):
        return first, min(_share(ours, their_words), _share(theirs, our_words))  # whichever arrived first
    return first, _share(ours, their_words) if len(ours) < len(theirs) else _share(theirs, our_words)


def _is_misspelt(one: str, other: str) -> bool:
    """Whether two families may be one, wrongly written; not "Li" and "Liu"."""
    return min(len(one), len(other)) >= SHORT_FAMILY and fuzz.ratio(one, other) >= 80.0


def _share(people: list[str], words: set[str]) -> float:
    return sum(family in words for family in people) / len(people)
