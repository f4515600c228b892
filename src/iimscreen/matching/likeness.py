"""What two records share, in the words that rules and guards speak."""

from __future__ import annotations

from rapidfuzz import fuzz

from iimscreen.matching import names
from iimscreen.matching.compare import SAME_PEOPLE, SAME_TITLE, SHORT_TITLE, Pair
from iimscreen.matching.fields import Comparable


def has_same_title(pair: Pair) -> bool:
    """Title and title agree but for a letter or two, or one is cut short."""
    return pair.title >= SAME_TITLE or pair.title_cut


def has_short_title(pair: Pair) -> bool:
    """A heading such as "Editorial" that many reports bear."""
    return min(len(pair.one.title), len(pair.other.title)) < SHORT_TITLE


def is_same_person(pair: Pair) -> bool:
    """First authors agree, or most of the shorter list is in the longer."""
    return pair.first_author is True or (pair.authors or 0.0) >= SAME_PEOPLE


def has_same_place(pair: Pair) -> bool:
    """First page agrees, with the volume or, where one lacks it, year and last page; nothing differs."""
    if not pair.page or pair.journal is False or (pair.year_gap or 0) > 1:
        return False
    return bool(pair.volume or (pair.volume is None and pair.year_gap == 0 and pair.last_page))


def is_printed_again(pair: Pair) -> bool:
    """A long title, to the letter, of the same two people or more, in the same journal the year before or after."""
    return bool(
        pair.title == 100.0
        and not has_short_title(pair)
        and pair.authors == 1.0
        and names.count(pair.one.names) == names.count(pair.other.names) > 1
        and pair.journal
        and (pair.year_gap or 0) <= 1
        and pair.pmid is not False
        and pair.one.is_meeting_abstract == pair.other.is_meeting_abstract
    )


def is_elsewhere(pair: Pair) -> bool:
    """Two of page, volume and journal are stated by both and differ."""
    return [pair.page, pair.volume, pair.journal].count(False) >= 2


def token_likeness(pair: Pair) -> float:
    """How alike the words of the titles are whatever their order, 0 to 100; 100 where one has all of the other's."""
    return fuzz.token_set_ratio(pair.one.text, pair.other.text)


def is_same_registration(pair: Pair) -> bool | None:
    """Whether two registrations are of one study by their numbers; None where no register has both.

    A study and its extension may share a EudraCT number and have two of ClinicalTrials.gov, so no
    register in which both have numbers may tell them apart.
    """
    if not pair.one.registered or not pair.other.registered:
        return None
    one, other = _by_register(pair.one.registered), _by_register(pair.other.registered)
    common = one.keys() & other.keys()
    return all(one[register] & other[register] for register in common) if common else None


def has_other_own_number(pair: Pair) -> bool:
    """Whether each registration bears a number of its own in one register, and the two differ."""
    one, other = _own_number(pair.one), _own_number(pair.other)
    return bool(one and other and one != other and one.partition(":")[0] == other.partition(":")[0])


def _own_number(record: Comparable) -> str | None:
    """The number by which the register itself knows the record; None of one that a database tells of."""
    number = (record.accession or "").partition(":")[2].casefold()
    return next((one for one in record.registered if one.partition(":")[2].casefold() == number), None)


def _by_register(numbers: frozenset[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for number in numbers:
        found.setdefault(number.partition(":")[0], set()).add(number)
    return found
