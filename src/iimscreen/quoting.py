"""Quotes of extracted values held against the texts of the reports that they are from."""

from __future__ import annotations

from dataclasses import dataclass

from iimscreen import fulltext, quotes, review_forms, team
from iimscreen.errors import InputError
from iimscreen.forms import DATA, OF
from iimscreen.model import Field, Page, Value
from iimscreen.store import Review, extractions, records, studies
from iimscreen.store.extractions import Word


class Sources:
    """The reports of each study with their texts, each read once. Make a new one after files were attached."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._reports: dict[str, list[str]] = {}
        for report, names in studies.of_reports(review).items():
            for name in names:
                self._reports.setdefault(name, []).append(report)
        self._pages: dict[str, list[Page] | None] = {}

    def report(self, study: str, given: str) -> str:
        """The key of a report named with a value. Raises InputError if it is none of the study's."""
        key = records.kept_of(self._review, records.find(self._review, given).key)
        known = self._reports.get(study, [])
        if key not in known:
            raise InputError(
                f"{key} is no report of {study}",
                hint=f"its reports: {', '.join(known)}" if known else "it has none",
            )
        return key

    def pages(self, study: str, report: str) -> list[Page] | None:
        """The text of one report, or of all of the study's; None where none can be read."""
        found = [self._text(key) for key in ([report] if report else self._reports.get(study, []))]
        if report == "" and None in found:
            return None  # what one of them lacks may stand in the other, which nobody can read here
        return [page for pages in found if pages for page in pages] or None

    def _text(self, key: str) -> list[Page] | None:
        if key not in self._pages:
            self._pages[key] = fulltext.pages_of(self._review, key)
        return self._pages[key]

    def problem(
        self, study: str, field: Field, value: Value | None, quote: str, formula: str, page: str, report: str
    ) -> str | None:
        """What is wrong with a value's quote or formula, in a sentence; None if nothing is, or none is given."""
        if not (quote or formula):
            return None
        pages = self.pages(study, report) if quote else None
        return quotes.problem(value, field.kind, quote, formula, pages, page=page)


@dataclass(frozen=True, slots=True)
class Checked:
    """How one person's quotes stand up to the texts."""

    problems: tuple[tuple[Word, str], ...]
    found: int  # quotes that stand in a text that was read
    unread: int  # quotes whose report has no text here
    without: int  # values with neither a quote nor a formula


def check(review: Review, reviewer: str, *, form: str = DATA, study: str | None = None) -> Checked:
    """Hold all quotes of one person's own values against the texts as they are now."""
    fields = {field.name: field for field in review_forms.in_force(review, form).fields}
    sources = Sources(review)
    problems: list[tuple[Word, str]] = []
    found = unread = without = 0
    for word in extractions.own(
        review, form, team.check_name(reviewer), studies=None if study is None else [study]
    ).values():
        field = fields.get(word.field)
        if field is None or word.field == OF or word.value is None:
            continue
        if not (word.quote or word.formula):
            without += not word.value.code
            continue
        problem = sources.problem(
            word.study, field, word.value, word.quote, word.formula, word.page, word.report
        )
        if problem is not None:
            problems.append((word, problem))
        elif word.quote and sources.pages(word.study, word.report):
            found += 1
        elif word.quote:
            unread += 1
    return Checked(tuple(problems), found, unread, without)
