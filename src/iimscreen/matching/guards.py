"""When are two records two reports, however alike they read? Named guards.

A guard that holds forbids merging unasked: the pair is asked about where it might still be one report, and
left apart where not. The names are what users read in the log, so each says what it looks at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from rapidfuzz import fuzz

from iimscreen.matching.compare import SURE_TITLE, Pair
from iimscreen.matching.fields import Comparable
from iimscreen.matching.likeness import (
    has_other_own_number,
    has_same_place,
    has_short_title,
    is_elsewhere,
    is_same_registration,
)
from iimscreen.matching.titles import numbers_of

_LATER_PART = re.compile(r" (?:part |paper |report )?(?:ii|iii|iv|v|vi|2|3|4|5|two|three|four|five)\b")
_FURTHER = re.compile(
    r"\b(?:sub ?groups?|sub ?stud(?:y|ies)|extension|"
    r"(?:secondary|ancillary|exploratory|post ?hoc|pooled|interim) (?:\w+ )?analys[ei]s"
    r"|follow ?up|cost effectiveness|economic evaluation)\b"
)
_COCHRANE_NUMBER = re.compile(r"(?:cd|mr|ed)\d{3,6}")  # CD001234, as `pages` reads it

Guard = Callable[[Pair], bool]

_NOTICES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "correction",
        re.compile(
            r"\b(?:erratum|errata|corrigend(?:um|a)|correction)(?: to\b| for\b| of\b|$)"
            r"|^(?:authors? |publishers? )?(?:erratum|errata|corrigend(?:um|a)|addend(?:um|a)|corrections?|corrected)\b"
            # Web of Science: "... (vol 55, pg 101, 2016)", but not "Retracted article. See vol. 55"
            r"|(?<!see )\bvol \w+ (?:(?:pg|art|no) \w+ )+[12]\d{3}$"
        ),
    ),
    (
        "retraction",
        re.compile(
            r"^(?:retraction|retracted|withdrawn|withdrawal|removed|expression of concern)\b|\bretraction(?: note)?$"
            r"|^(?:notice|statement|note) of (?:retraction|withdrawal|concern)\b"
        ),
    ),
    (
        "comment",
        re.compile(
            r"^(?:comments?|commentary|re|responses? (?:to|by)|faculty (?:opinions|of 1000)"
            r"|repl(?:y|ies)|(?:the )?authors? (?:reply|response)"
            r"|in reply|letter|editorial|invited (?:comment\w*|discussion)|discussion)\b"
            r"|\b(?:comment|commentary|authors? reply|reply|editorial)$"
        ),
    ),
    ("summary", re.compile(r"^(?:plain language|lay) summary\b|\b(?:plain language|lay) summary$")),
    (
        "protocol",
        re.compile(
            r"\b(?:study protocol|trial protocol|protocol (?:for|of) (?:a|an|the)|statistical analysis plan"
            r"|(?:rationale|objectives)(?: and)?(?: study)? design|design and (?:rationale|methods|baseline))\b"
            r"|\bprotocol$"
        ),
    ),
)
# Stems of which each of these holds one: most titles are done with after one search in place of five.
_MAY_BE_NOTICE = re.compile(
    r"\b(?:errat|corrig|correct|addend|vol\b|retract|withdraw|removed|concern|comment|re\b|respons|faculty"
    r"|repl(?:y|ies)\b|letter|editorial|discussion|summary|protocol|plan\b|design)"
)
_NONE: frozenset[str] = frozenset()


def different_pmids(pair: Pair) -> bool:
    """Two PMIDs are two records of PubMed, which has few duplicates of its own."""
    return pair.pmid is False


def registration_and_report(pair: Pair) -> bool:
    """One is a study's registration, the other is not: two reports of one study at most."""
    return pair.one.is_registration != pair.other.is_registration


def different_registrations(pair: Pair) -> bool:
    """Both are registrations, under different numbers of one register, as an extension study has its own."""
    return is_same_registration(pair) is False


def notice_or_protocol(pair: Pair) -> bool:
    """One is a correction, retraction, comment, reply, editorial or protocol, the other is not."""
    if pair.one.title == pair.other.title and pair.one.notices == pair.other.notices:
        return False  # what the one title says, the other says
    return _notices(pair.one) != _notices(pair.other)


def other_numbers(pair: Pair) -> bool:
    """The titles state different numbers: part I and II, phase 2 and 3, two years of a report."""
    if pair.title == 100.0:
        return False
    short, long = sorted((pair.one, pair.other), key=lambda record: (len(record.title), record.title))
    # The last word of a torn title may be half a word: "… treated with v".
    is_torn = short.is_torn or (pair.title_cut and long.text.startswith(short.text))
    words = short.words[:-1] if is_torn else short.words
    one = numbers_of(words)
    other = numbers_of(long.words)
    if one == other:
        return False
    if pair.title_cut:  # what was cut off may hold numbers; what is left may not differ
        return bool(Counter(one) - Counter(other))
    # A bare letter read as a Roman number, or a number that one title lacks, is no contradiction
    # beside the same place.
    return bool(set(one) - set(other) and set(other) - set(one)) or not has_same_place(pair)


def later_part(pair: Pair) -> bool:
    """One title goes on with the number of a later part where the other ends, and no page tells them apart."""
    if not pair.title_cut or pair.page is not None:
        return False
    short, long = sorted((pair.one.text, pair.other.text), key=len)
    return long.startswith(short) and _LATER_PART.match(long, len(short)) is not None


def further_analysis(pair: Pair) -> bool:
    """One title goes on to name a further analysis where the other ends, and no page tells that they are one."""
    if not pair.title_cut or pair.page:
        return False
    short, long = sorted((pair.one.text, pair.other.text), key=len)
    return long.startswith(short) and _FURTHER.search(long, len(short)) is not None


def other_words(pair: Pair) -> bool:
    """Each title has a word for which the other has another one: men and women, vivo and vitro; or one says not."""
    if pair.title == 100.0 or pair.title_cut:
        return False
    one = Counter(pair.one.words)
    other = Counter(pair.other.words)
    left, right = list((one - other).elements()), list((other - one).elements())
    if (not left or not right) and _NEGATIONS.intersection(left or right):
        return True
    if not left or not right or fuzz.ratio("".join(left), "".join(right)) >= 80.0:
        return any(_opposite(a, b) for a in left for b in right)
    unlike_left = [word for word in left if not any(_is_same_word(word, found) for found in right)]
    unlike_right = [word for word in right if not any(_is_same_word(word, found) for found in left)]
    if any(len(word) > 2 for word in unlike_left) and any(len(word) > 2 for word in unlike_right):
        return True
    # Hepatitis B and C, alfa-2a and 2b, CT and MR; in one place it is a typing error.
    if len(unlike_left) != 1 or len(unlike_right) != 1 or has_same_place(pair):
        return False
    short = unlike_left + unlike_right
    return max(map(len, short)) == 1 or _SMALL_WORDS.isdisjoint(short)


def other_version(pair: Pair) -> bool:
    """Both are a Cochrane review, whose versions share its number as page, and issue, year or DOI differ."""
    numbers = [record.first_page or "" for record in (pair.one, pair.other)]
    if not pair.page or not any(map(_COCHRANE_NUMBER.fullmatch, numbers)):
        return False
    return pair.doi is False or pair.issue is False or (pair.year_gap or 0) > 0


def abstract_against_paper(pair: Pair) -> bool:
    """One is a meeting abstract, the other is not, and they do not stand in one place."""
    if pair.one.is_meeting_abstract == pair.other.is_meeting_abstract:
        return False
    if pair.doi or (pair.page and (pair.volume or pair.journal)):
        return False
    if not (pair.journal and pair.year_gap == 0 and pair.page is None):
        return True
    other = pair.other if pair.one.is_meeting_abstract else pair.one
    if not (other.volume or other.issue or other.first_page or other.doi or other.pmid):
        return False  # nothing says that it is a paper
    return not (pair.volume and pair.issue is not False)


def other_doi(pair: Pair) -> bool:
    """DOIs differ: two versions, two printings, or an error in one."""
    if pair.doi is not False:
        return False
    is_here = has_same_place(pair) or bool(
        pair.page and pair.year_gap == 0 and pair.first_author and pair.journal
    )
    return not (is_here and pair.title >= SURE_TITLE and not has_short_title(pair))


def _notices(record: Comparable) -> frozenset[str]:
    return record.notices | _notices_in(record.text)


@lru_cache(maxsize=4096)
def _notices_in(title: str) -> frozenset[str]:
    if not _MAY_BE_NOTICE.search(title):
        return _NONE
    return frozenset(name for name, pattern in _NOTICES if pattern.search(title))


_NEGATIONS = frozenset(("non", "not", "no", "without", "never", "anti"))
_SMALL_WORDS = frozenset((
    "a", "an", "and", "as", "at", "by", "de", "for", "from", "in", "of", "on", "or", "s", "the", "to", "with",
))  # fmt: skip
_OPPOSITES = frozenset(
    frozenset(pair.split("/"))
    for pair in (
        "men/women", "male/female", "males/females", "boys/girls", "vivo/vitro", "before/after",
        "inpatients/outpatients", "systolic/diastolic",
    )
)  # fmt: skip
_OPPOSITE_BEGINNINGS = tuple(
    pair.split("/")
    for pair in (
        "hypo/hyper",
        "pre/post",
        "macro/micro",
        "intra/extra",
        "intra/inter",
        "endo/exo",
        "/non",
        "/a",
        "/un",
        "/anti",
    )
)


@lru_cache(maxsize=65536)
def _opposite(one: str, other: str) -> bool:
    return frozenset((one, other)) in _OPPOSITES or any(
        _changes_beginning(one, other, a, b) or _changes_beginning(other, one, a, b)
        for a, b in _OPPOSITE_BEGINNINGS
    )


def _changes_beginning(one: str, other: str, beginning: str, opposite: str) -> bool:
    """Whether the one word becomes the other by the opposite beginning; "all" and "mall" do not."""
    if not (one.startswith(beginning) and other.startswith(opposite)):
        return False
    rest = one[len(beginning) :]
    return rest == other[len(opposite) :] and (bool(beginning) or len(rest) >= 6)


def _is_same_word(one: str, other: str) -> bool:
    return not _opposite(one, other) and (
        fuzz.ratio(one, other) >= 70.0 or one.startswith(other) or other.startswith(one)
    )


GUARDS: tuple[Guard, ...] = (
    different_pmids,
    registration_and_report,
    different_registrations,
    notice_or_protocol,
    other_numbers,
    later_part,
    further_analysis,
    other_version,
    abstract_against_paper,
    other_doi,
    other_words,
)


def contradicts(pair: Pair) -> bool:
    """Whether two records that are no duplicates must not meet in one group through a third."""
    return (
        pair.pmid is False
        or pair.doi is False
        or pair.page is False
        or is_elsewhere(pair)
        or different_registrations(pair)
        or notice_or_protocol(pair)
        or other_numbers(pair)
        or later_part(pair)
        or further_analysis(pair)
        or other_version(pair)
        or has_other_own_number(pair)
        or (abstract_against_paper(pair) and not (pair.year_gap == 0 and (pair.issue or pair.page)))
        or (not pair.page and ((pair.year_gap or 0) > 1 or other_words(pair)))
    )
