"""When are two records one report? Named rules.

A rule that holds proposes to merge, or to ask, with a score; what speaks against it is in `guards`. The
names are what users read in the log, so each says what it looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iimscreen.matching import names, pages
from iimscreen.matching.compare import LIKE_TITLE, SAME_PEOPLE, SAME_TITLE, SHORT_CUT, SURE_TITLE, Pair
from iimscreen.matching.guards import (
    Guard,
    abstract_against_paper,
    different_registrations,
    further_analysis,
    later_part,
    notice_or_protocol,
    other_doi,
    other_numbers,
    other_version,
    other_words,
    registration_and_report,
)
from iimscreen.matching.likeness import (
    has_other_own_number,
    has_same_place,
    has_same_title,
    has_short_title,
    is_printed_again,
    is_same_person,
    is_same_registration,
    token_likeness,
)

NEAR_PAGES = 5  # what first pages of one article may lie apart where one source counted otherwise
LONGEST_ABSTRACT = 3  # pages; nothing longer shares them with another report


def same_pmid(pair: Pair) -> bool:
    """PMID agrees, and the title does not belie it."""
    is_untitled = not pair.one.title or not pair.other.title
    return bool(pair.pmid) and (is_untitled or pair.title >= 60.0 or pair.title_cut or pair.page is True)


def same_doi_and_title(pair: Pair) -> bool:
    """DOI and title agree; a supplement's shared DOI with another page needs the same title to the letter.

    Other people need the same page.
    """
    if not pair.doi or not (pair.title >= 85.0 or pair.title_cut):
        return False
    if pair.first_author is False and not is_same_person(pair) and not pair.page:
        return False
    return pair.page is not False or (pair.title >= SURE_TITLE and is_same_person(pair))


def same_accession(pair: Pair) -> bool:
    """One source gave both records under one accession number, and the title does not belie it."""
    return bool(pair.accession) and (pair.title >= 85.0 or pair.title_cut)


def same_registration(pair: Pair) -> bool:
    """Both are registrations, and no register in which both have numbers tells them apart."""
    return is_same_registration(pair) is True and not has_other_own_number(pair)


def registrations_that_name_one_another(pair: Pair) -> bool:
    """Each has its own number in one register, and one names the other's, as an extension does."""
    return is_same_registration(pair) is True and has_other_own_number(pair)


def same_title_author_volume_pages(pair: Pair) -> bool:
    """Title, a first author and volume with first page agree; the journal may be written in any way.

    Not where it may be a heading: a short title in two journals, or a page that each issue has.
    """
    return bool(
        has_same_title(pair)
        and pair.volume
        and pair.page
        and is_same_person(pair)
        and (pair.year_gap or 0) <= 1
        and not (has_short_title(pair) and (pair.issue is False or pair.journal is False))
        and not _is_page_of_each_issue(pair)
    )


def _is_page_of_each_issue(pair: Pair) -> bool:
    """Whether it may be a column, whose single page each issue has anew."""
    return pair.issue is False and pair.pages <= 1


def same_title_author_journal_volume_pages(pair: Pair) -> bool:
    """All of title, author, journal, volume and first page agree, so that a differing year is an error."""
    return bool(
        has_same_title(pair)
        and not has_short_title(pair)
        and is_same_person(pair)
        and pair.journal
        and pair.volume
        and pair.page
        and not _is_page_of_each_issue(pair)
    )


def same_title_author_year_pages(pair: Pair) -> bool:
    """Title, author, year and first page agree; volume or journal is missing or garbled in one."""
    if not (has_same_title(pair) and pair.page and is_same_person(pair) and (pair.year_gap or 0) <= 1):
        return False
    if has_short_title(pair) and False in (pair.journal, pair.volume, pair.issue):
        return False
    if _is_page_of_each_issue(pair):
        return False
    return pair.journal is not False or (pair.volume is not False and pair.year_gap == 0)


def same_title_volume_pages_no_author(pair: Pair) -> bool:
    """Title, volume and first page agree where one record names no author."""
    if not has_same_title(pair) or pair.first_author is not None:
        return False
    if has_same_place(pair):
        return pair.issue is not False  # each issue may have its "Editorial" on page 1
    return bool(
        not has_short_title(pair)
        and pair.page
        and pair.volume is None
        and pair.journal
        and (pair.year_gap or 0) <= 1
    )


def same_title_journal_issue_no_author(pair: Pair) -> bool:
    """Title, journal, year, volume and issue agree where no author and no page is stated by both."""
    return bool(
        pair.title >= SURE_TITLE
        and pair.first_author is None
        and not has_short_title(pair)
        and pair.journal
        and pair.volume
        and pair.issue is not False
        and pair.year_gap == 0
        and pair.page is None
    )


def same_heading_author_issue(pair: Pair) -> bool:
    """A short title, but author, journal, year, volume and issue agree, and one lacks the page.

    Where neither names an author nor a page, it is the volume of a meeting's abstracts.
    """
    are_bare = not (pair.one.names or pair.other.names or pair.one.first_page or pair.other.first_page)
    return bool(
        pair.title >= SURE_TITLE
        and has_short_title(pair)
        and min(len(pair.one.title), len(pair.other.title)) >= SHORT_CUT
        and (pair.first_author or are_bare)
        and pair.journal
        and pair.volume
        and pair.issue
        and pair.year_gap == 0
        and pair.page is None
    )


def same_title_author_journal_year(pair: Pair) -> bool:
    """Title, author, journal and year agree, or years lie one apart; one record lacks the page, and nothing differs."""
    return bool(
        (pair.title >= SURE_TITLE or (pair.title_cut and (pair.volume or not _is_bare(pair))))
        and not has_short_title(pair)
        and is_same_person(pair)
        and pair.journal
        and pair.year_gap is not None
        and pair.year_gap <= 1
        and pair.page is None
        and pair.volume is not False
        and not (pair.volume and pair.issue is False)
    )


def _is_bare(pair: Pair) -> bool:
    """Whether one record says no more of its place than journal and year."""
    return any(
        record.volume is None and record.issue is None and record.first_page is None
        for record in (pair.one, pair.other)
    )


def same_title_authors_volume_issue(pair: Pair) -> bool:
    """Title, authors, year, volume and issue agree and one lacks the page; the journal's name is translated."""
    return bool(
        pair.title >= SURE_TITLE
        and not has_short_title(pair)
        and pair.first_author
        and (pair.authors or 0.0) >= SAME_PEOPLE
        and pair.year_gap == 0
        and pair.volume
        and pair.issue
        and pair.page is None
    )


def same_title_authors_volume_near_page(pair: Pair) -> bool:
    """Title, all authors, journal, year and volume agree; the first pages lie a few pages apart, an error in one."""
    return bool(
        pair.title == 100.0
        and not has_short_title(pair)
        and pair.first_author
        and pair.authors == 1.0
        and names.count(pair.one.names) == names.count(pair.other.names) > 1
        and pair.journal
        and pair.year_gap == 0
        and pair.volume
        and pair.issue is not False
        and pair.page is False
        and pages.distance(pair.one.first_page, pair.other.first_page) <= NEAR_PAGES
    )


def same_title_authors_journal_ahead_of_print(pair: Pair) -> bool:
    """Title, authors and journal agree; one record has no volume yet and pages counted from 1."""
    early = [
        record for record in (pair.one, pair.other) if record.volume is None and record.first_page == "1"
    ]
    return bool(
        len(early) == 1
        and pair.title >= SURE_TITLE
        and not has_short_title(pair)
        and pair.first_author
        and (pair.authors or 0.0) >= SAME_PEOPLE
        and pair.journal
        and (pair.year_gap or 0) <= 1
    )


def same_journal_volume_pages_authors(pair: Pair) -> bool:
    """Journal, year, volume, both pages and the authors agree: one article whose title was translated anew.

    Only where the article is longer than a page, since meeting abstracts and letters share pages. A paper
    of a conference has often no volume: then the title must be alike, and the paper longer than an abstract.
    """
    if not (
        has_same_place(pair) and pair.last_page and pair.first_author and (pair.authors or 0.0) >= SAME_PEOPLE
    ):
        return False
    if pair.volume and not (pair.one.is_meeting_abstract or pair.other.is_meeting_abstract):
        return pair.pages > 1 and pair.title >= (45.0 if pair.pages > 2 else 60.0)  # letters share two pages
    return bool(pair.journal and pair.year_gap == 0 and pair.pages > LONGEST_ABSTRACT and pair.title >= 80.0)


def same_journal_volume_pages_no_author(pair: Pair) -> bool:
    """Journal, year, volume and both pages agree where one record names no author, and the titles are related.

    Two articles cannot fill the same four pages or more; letters and abstracts share fewer.
    """
    return bool(
        pair.first_author is None
        and has_same_place(pair)
        and pair.journal
        and pair.volume
        and pair.pages > LONGEST_ABSTRACT
        and not (pair.one.is_meeting_abstract or pair.other.is_meeting_abstract)
        and (pair.title >= LIKE_TITLE or token_likeness(pair) >= LIKE_TITLE)
    )


def same_pmid_other_title(pair: Pair) -> bool:
    """PMID agrees, title does not: a translated title, or a PMID that is wrong in one record."""
    return pair.pmid is True


def same_doi_other_title(pair: Pair) -> bool:
    """DOI agrees, title does not: a translated title, or a DOI that is wrong or shared."""
    return bool(
        pair.doi
        and pair.page is not False
        and (pair.first_author is not False or pair.title >= 85.0 or pair.title_cut)
    )


def same_title_and_author(pair: Pair) -> bool:
    """Title and author agree, place or year does not: printed twice, or told differently."""
    return bool(
        pair.title >= SAME_TITLE
        and not has_short_title(pair)
        and is_same_person(pair)
        and ((pair.year_gap or 0) <= 3 or pair.page is True)
    )


def same_title_and_place(pair: Pair) -> bool:
    """Title and place agree, the authors do not."""
    return has_same_title(pair) and has_same_place(pair)


def same_heading_author_volume(pair: Pair) -> bool:
    """A short title, but authors, journal and volume agree, the years at least nearly, and one lacks the page."""
    return bool(
        pair.title >= SURE_TITLE
        and has_short_title(pair)
        and pair.first_author
        and (pair.authors or 0.0) >= SAME_PEOPLE
        and pair.journal
        and (pair.year_gap or 0) <= 1
        and pair.volume
        and pair.issue is not False
        and pair.page is None
    )


def same_title_journal_year_no_author(pair: Pair) -> bool:
    """Title and journal agree, the years at least nearly; one record names no author and hardly any place."""
    return bool(
        pair.title >= SURE_TITLE
        and not has_short_title(pair)
        and pair.first_author is None
        and pair.journal
        and (pair.year_gap or 0) <= 1
        and pair.page is None
    )


def similar_title_same_author(pair: Pair) -> bool:
    """A title told in nearly the same words by the same authors within three years."""
    return bool(
        not has_short_title(pair)
        and is_same_person(pair)
        and (pair.authors or 0.0) >= 0.5
        and (pair.year_gap or 0) <= 3
        and (pair.title >= 80.0 or pair.title_cut or token_likeness(pair) >= 85.0)
    )


def same_place_and_author(pair: Pair) -> bool:
    """Journal, volume, first page and first author agree, the title does not."""
    return bool(
        has_same_place(pair)
        and pair.journal
        and pair.last_page is not False
        and (pair.first_author if pair.first_author is not None else pair.title >= 60.0)
        and not (pair.title < LIKE_TITLE and (pair.one.is_meeting_abstract or pair.other.is_meeting_abstract))
    )


def preprint_and_article(pair: Pair) -> bool:
    """One is a preprint, the other is not, and title and author agree: two reports of one study."""
    return bool(
        (
            pair.title >= SAME_TITLE
            or pair.title_cut
            or (pair.title >= 80.0 and (pair.authors or 0.0) >= SAME_PEOPLE)
        )
        and not has_short_title(pair)
        and is_same_person(pair)
        and (pair.year_gap or 0) <= 3
        and not registration_and_report(pair)
        and not notice_or_protocol(pair)
        and not other_numbers(pair)
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its name, the score it gives at the best title, and guards that it overrides."""

    test: Callable[[Pair], bool]
    score: float
    overrides: frozenset[Guard] = frozenset()

    @property
    def name(self) -> str:
        """The name as it stands in the log."""
        return self.test.__name__

    def score_of(self, pair: Pair) -> float:
        """Its score, less up to 0.9 for a title that is not the same to the letter."""
        return round(self.score - min(100.0 - pair.title, 45.0) / 50.0, 2)


# In order of strength; the topmost that holds decides. Scores from 95 merge, from 85 ask, unless the
# protocol says otherwise.
RULES: tuple[Rule, ...] = (
    Rule(
        same_pmid,
        100.0,
        frozenset(
            {
                other_words,
                other_numbers,
                later_part,
                further_analysis,
                other_version,
                other_doi,
                abstract_against_paper,
            }
        ),
    ),
    Rule(
        same_accession,
        99.5,
        frozenset(
            {
                other_numbers,
                later_part,
                further_analysis,
                other_version,
                other_doi,
                abstract_against_paper,
            }
        ),
    ),
    Rule(same_registration, 99.5, frozenset({other_words, other_numbers, notice_or_protocol, other_doi})),
    Rule(same_doi_and_title, 99.0, frozenset({further_analysis, other_version, abstract_against_paper})),
    Rule(same_title_author_volume_pages, 99.0),
    Rule(same_title_author_journal_volume_pages, 98.0),
    Rule(same_title_author_year_pages, 97.5),
    Rule(same_title_volume_pages_no_author, 97.0),
    Rule(same_title_journal_issue_no_author, 96.5),
    Rule(same_heading_author_issue, 96.5),
    Rule(same_title_author_journal_year, 96.5),
    Rule(same_title_authors_volume_issue, 96.0),
    Rule(same_title_authors_journal_ahead_of_print, 96.0),
    Rule(same_title_authors_volume_near_page, 95.5),
    Rule(same_journal_volume_pages_authors, 96.0, frozenset({other_words})),
    Rule(same_journal_volume_pages_no_author, 96.0, frozenset({other_words})),
    Rule(same_title_and_place, 92.0),
    Rule(
        registrations_that_name_one_another,
        92.0,
        frozenset({other_words, other_numbers, notice_or_protocol, other_doi}),
    ),
    Rule(same_title_and_author, 91.0),
    Rule(same_heading_author_volume, 90.0),
    Rule(same_title_journal_year_no_author, 90.0),
    Rule(similar_title_same_author, 89.0),
    Rule(same_pmid_other_title, 89.0, frozenset({other_words, other_numbers, notice_or_protocol})),
    Rule(same_doi_other_title, 88.0, frozenset({other_words})),
    Rule(same_place_and_author, 86.0, frozenset({other_words})),
)


def is_worth_asking(pair: Pair, guards: Sequence[Guard]) -> bool:
    """Whether a pair that no rule merges, or that guards hold back, may be one report all the same.

    Records that stand in two places are two reports however alike they read; asking about each
    abstract and its paper, or each "Editorial", would drown the questions that matter.
    """
    if pair.pmid or (pair.doi and pair.page is not False):
        return True
    if registration_and_report in guards or different_registrations in guards:
        return False  # known to be two, and every trial with a paper would be such a question
    if has_same_place(pair):
        return True
    if notice_or_protocol in guards or other_numbers in guards:
        return False
    if other_words in guards and not (
        pair.journal and pair.page is None and (pair.authors or 0.0) >= SAME_PEOPLE
    ):
        return False  # a meeting abstract may be told in other words, and has no page to be known by
    if is_printed_again(pair):
        return True
    differing = [pair.pmid, pair.doi, pair.page, pair.volume, pair.journal].count(False)
    return differing < 2 and (not has_short_title(pair) or same_heading_author_volume(pair))
