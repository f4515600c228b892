"""Checks of the form: what PubMed reads otherwise than it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from iimscreen import syntax
from iimscreen.forensics.findings import Check, Hit, Severity, check
from iimscreen.forensics.reading import TEXT_FIELDS, Place, Reading, Use, Written
from iimscreen.forensics.tables import STOPWORDS
from iimscreen.syntax import SearchTerm, Tag, Token

SHORTEST_STEM = 4  # letters before a star; PubMed's help, "Truncating search terms"
LONGEST_QUERY = 8_000  # characters; reported by users of E-utilities as the limit, not confirmed by NLM
NEARNESS_FIELDS = frozenset({"ti", "tiab", "ad"})

_CAPTURED = "replies of PubMed captured in 2026"
_HELP = "PubMed's help"


@check(
    "unmatched-quote",
    Severity.ERROR,
    means="PubMed ignores a double quote without a partner, so no phrase is searched where one was meant.",
    source=_CAPTURED,
)
def unmatched_quote(reading: Reading) -> Iterator[Hit]:
    """A double quote that opens or closes nothing."""
    for written in reading.texts:
        for token in written.query.tokens:
            if token.kind == "stray" and token.text == '"':
                yield Hit(
                    'a double quote (") has no partner',
                    "add the missing quote",
                    (written.at(token.start, len(written.query.text)),),
                )


@check(
    "unmatched-parenthesis",
    Severity.ERROR,
    means="PubMed only warns and groups the terms in a way of its own.",
    source=f"{_CAPTURED}; the grouping that follows is not documented",
)
def unmatched_parenthesis(reading: Reading) -> Iterator[Hit]:
    """A parenthesis without a partner in its text."""
    for written in reading.texts:
        for token in syntax.unmatched_parentheses(written.query):
            yield Hit(
                f"the parenthesis {token.text} has no partner",
                "add or remove one",
                (written.at(token.start, token.end),),
            )


@check(
    "tag-on-group",
    Severity.ERROR,
    means="PubMed ignores a tag behind a parenthesis that holds operators and searches all fields instead.",
    source=_CAPTURED,
)
def tag_on_group(reading: Reading) -> Iterator[Hit]:
    """A search field tag behind a closing parenthesis."""
    for written, tag in _misplaced_tags(reading):
        if _stands_behind(written, tag) == "close":
            place = (written.at(tag.start, tag.end),)
            if _is_round_one_term(written, tag):
                yield Hit(
                    f"the tag {tag.text} stands behind parentheses round one term",
                    f"write {tag.text} inside them: what PubMed makes of it here is not documented",
                    place,
                    Severity.NOTE,
                )
                continue
            yield Hit(
                f"the tag {tag.text} stands on a group",
                f"write {tag.text} behind every term of the group",
                place,
            )


@check(
    "stray-tag",
    Severity.ERROR,
    means="A tag belongs to the term before it; without one, what PubMed makes of it is not documented.",
    source=f"{_HELP}, search field tags",
)
def stray_tag(reading: Reading) -> Iterator[Hit]:
    """A search field tag behind an operator, behind another tag, or at the beginning."""
    for written, tag in _misplaced_tags(reading):
        if _stands_behind(written, tag) != "close":
            yield Hit(
                f"the tag {tag.text} follows no term",
                "put it behind its term, one tag a term",
                (written.at(tag.start, tag.end),),
            )


def _misplaced_tags(reading: Reading) -> Iterator[tuple[Written, Tag]]:
    for written in reading.texts:
        for tag in written.query.group_tags:
            yield written, tag


def _is_round_one_term(written: Written, tag: Tag) -> bool:
    before = [token for token in written.query.tokens if token.end <= tag.start]
    depth = 0
    for token in reversed(before):
        depth += {"close": 1, "open": -1}.get(token.kind, 0)
        if depth == 0:
            inside = [term for term in written.query.terms if token.end <= term.start < tag.start]
            return len(inside) == 1
    return False


def _stands_behind(written: Written, tag: Tag) -> str:
    """The kind of the piece before a tag, "" at the beginning."""
    before = [token.kind for token in written.query.tokens if token.end <= tag.start]
    return before[-1] if before else ""


@check(
    "unknown-tag",
    Severity.ERROR,
    means="PubMed ignores a tag that it does not have and searches the term in all fields.",
    source=_CAPTURED,
)
def unknown_tag(reading: Reading) -> Iterator[Hit]:
    """A tag that is not among those we know."""
    for use in reading.uses:
        if use.term.tag is not None and use.term.tag.short is None:
            yield Hit(
                f"{use.term.tag.text} is no search field tag that we know",
                "correct it: [tiab] title and abstract, [mh] subject heading, [nm] substance, [pt] type",
                (use.place,),
            )


@check(
    "history-reference",
    Severity.ERROR,
    means="#1 names a search of one person's session in the browser; it means nothing when sent from here.",
    source=f"{_HELP}, advanced search and history",
)
def history_reference(reading: Reading) -> Iterator[Hit]:
    """Another search named by its number."""
    for use in reading.uses:
        if re.fullmatch(r"#\d+", use.term.text):
            yield Hit(
                f"{use.term.text} names a search of a session",
                "write that search out, or make it a [[block]]",
                (use.place,),
            )


@check(
    "small-operator",
    Severity.ERROR,
    means="PubMed reads AND, OR and NOT as operators in capitals only.",
    source=f"{_HELP}; what it does with small ones is not documented",
)
def small_operator(reading: Reading) -> Iterator[Hit]:
    """An operator that is not in capitals."""
    for written in reading.texts:
        for token in written.query.tokens:
            if token.kind == "operator" and token.text != token.text.upper():
                heading = _heading_around(written, token)
                if heading is not None:
                    yield Hit(
                        f"{token.text!r} stands in the name of a heading without quotes",
                        "put the heading in quotes",
                        (written.of(heading),),
                        Severity.NOTE,
                    )
                    continue
                yield Hit(
                    f"{token.text!r} is no operator to PubMed",
                    f"write {token.text.upper()}, or put the phrase in quotes",
                    (written.at(token.start, token.end),),
                )


def _heading_around(written: Written, token: Token) -> SearchTerm | None:
    return next((term for term in written.query.terms if term.start < token.start < term.end), None)


@check(
    "mixed-operators",
    Severity.WARNING,
    means="PubMed reads operators from left to right, so a OR b AND c means (a OR b) AND c.",
    source=f"{_HELP}, combining search terms with Boolean operators",
)
def mixed_operators(reading: Reading) -> Iterator[Hit]:
    """OR beside AND or NOT between the same parentheses; AND beside NOT reads the same either way."""
    for written in reading.texts:
        tokens = tuple(
            token
            for token in written.query.tokens
            if token.text != "and" or _heading_around(written, token) is None
        )
        for first, other in _mixed(tokens):
            operators = f"{syntax.operator_of(first)} and {syntax.operator_of(other)}"
            yield Hit(
                f"{operators} stand side by side without parentheses",
                "add parentheses that say what belongs together",
                (written.at(first.start, other.end),),
            )


def _mixed(tokens: tuple[Token, ...]) -> Iterator[tuple[Token, Token]]:
    """Two operators that pull differently, once for each pair of parentheses."""
    levels: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "open":
            levels.append([])
        elif token.kind == "close" and len(levels) > 1:
            yield from _first_mix(levels.pop())
        elif token.kind == "operator":
            levels[-1].append(token)
    for level in levels:
        yield from _first_mix(level)


def _first_mix(operators: list[Token]) -> Iterator[tuple[Token, Token]]:
    for first, other in pairwise(operators):
        if (syntax.operator_of(first) == "OR") != (syntax.operator_of(other) == "OR"):
            yield first, other
            return


@check(
    "curly-quotes",
    Severity.NOTE,
    means="PubMed makes curly quotes straight; other databases and tools search them as letters.",
    source=_CAPTURED,
)
def curly_quotes(reading: Reading) -> Iterator[Hit]:
    """Quotes as word processors make them."""
    places = [
        written.at(at, at + 1)
        for written in reading.texts
        for at, letter in enumerate(written.query.text)
        if letter in "\u201c\u201d"
    ]
    if places:
        yield Hit("curly quotes", 'write straight ones: "', tuple(places))


@check(
    "truncation-too-short",
    Severity.ERROR,
    means="A stem of fewer than four letters is not truncated; PubMed searches the word itself.",
    source=f"{_HELP}, truncating search terms; that the star is then ignored is not confirmed",
)
def truncation_too_short(reading: Reading) -> Iterator[Hit]:
    """A star behind fewer than four letters."""
    for use in reading.uses:
        for word in () if _is_misplaced(use) else use.words:
            if word.endswith("*") and len(word) <= SHORTEST_STEM:
                joined = re.search(rf"\w-{re.escape(word)}", use.term.text.casefold())
                yield Hit(
                    f"{word} has a stem of fewer than {SHORTEST_STEM} letters"
                    + (" behind its hyphen" if joined else ""),
                    "see in PubMed's search details whether it was truncated, or write the words out"
                    if joined
                    else "write the words out that were meant",
                    (use.place,),
                    Severity.NOTE if joined else None,
                )


@check(
    "truncation-misplaced",
    Severity.ERROR,
    means="A star works at the end of a word; before or inside a word it is no truncation.",
    source=f"{_HELP}, truncating search terms",
)
def truncation_misplaced(reading: Reading) -> Iterator[Hit]:
    """A star that does not end a word."""
    for use in reading.uses:
        if "\u2217" in use.term.text:
            yield Hit(
                "\u2217 (U+2217) is not the star that truncates",
                "type the star of the keyboard: *",
                (use.place,),
            )
        if _is_misplaced(use):
            yield Hit(
                "a star that does not end a word",
                "put the star at the end of a word, or write the words out",
                (use.place,),
            )


def _is_misplaced(use: Use) -> bool:
    text = use.term.text
    stars = [at for at, letter in enumerate(text) if letter == "*"]
    return any(not text[max(at - 1, 0) : at].isalnum() or text[at + 1 : at + 2].isalnum() for at in stars)


@check(
    "truncation-inside-phrase",
    Severity.WARNING,
    means="A phrase may end in a star; with one before its last word it is not documented to be found.",
    source=f"{_HELP}, truncating search terms",
)
def truncation_inside_phrase(reading: Reading) -> Iterator[Hit]:
    """A quoted phrase in which another word than the last ends in a star."""
    for use in reading.uses:
        if (
            use.term.is_quoted
            and not _is_misplaced(use)
            and any(word.endswith("*") for word in use.words[:-1])
        ):
            yield Hit(
                "a star inside a quoted phrase, before its last word",
                "write one phrase for each form of that word",
                (use.place,),
            )


@check(
    "proximity-misuse",
    Severity.ERROR,
    means="PubMed silently ignores a distance unless two or more words without a star stand in quotes.",
    source=f"{_HELP}, proximity searching; {_CAPTURED}",
)
def proximity_misuse(reading: Reading) -> Iterator[Hit]:
    """A tag with a distance that PubMed does not obey."""
    for use in reading.uses:
        tag = use.term.tag
        if tag is None or tag.distance is None or tag.short is None:
            continue
        causes = [
            cause
            for cause, holds in (
                ("its distance is no number", not tag.distance.isdecimal()),
                (f"[{tag.short}] takes none ([ti], [tiab], [ad] do)", tag.short not in NEARNESS_FIELDS),
                ("the words are not in one pair of quotes", not use.term.is_quoted),
                ("it needs two words or more", len(use.words) < 2),
                ("a star is not allowed", use.term.is_truncated),
            )
            if holds
        ]
        if causes:
            yield Hit(
                f"the distance in {tag.text} is ignored: {'; '.join(causes)}",
                'write it as "word other"[tiab:~3]',
                (use.place,),
            )


@check(
    "stopword",
    Severity.ERROR,
    means="A stopword with a tag or in quotes is not found, and an AND with it finds nothing at all.",
    source=f"{_CAPTURED}; the list stands in {_HELP}",
)
def stopword(reading: Reading) -> Iterator[Hit]:
    """A term of stopwords only, tagged or quoted."""
    for use in reading.uses:
        bound = use.term.tag is not None or use.term.is_quoted
        if bound and use.term.field in TEXT_FIELDS and use.words and STOPWORDS.issuperset(use.words):
            yield Hit(
                f"PubMed does not search for {' '.join(use.words)!r}",
                "remove it, or make it part of a quoted phrase",
                (use.place,),
            )


@check(
    "unreadable-date",
    Severity.ERROR,
    means="A date that PubMed cannot read limits nothing, or everything.",
    source=f"{_HELP}, dates are written YYYY/MM/DD, a range with a colon",
)
def unreadable_date(reading: Reading) -> Iterator[Hit]:
    """A value under a date tag that is no date and no range."""
    for use in reading.uses:
        if use.term.field not in syntax.DATE_TAGS or _is_relative(use.term.text):
            continue
        try:
            syntax.date_range(use.term.text)
        except syntax.DateError as error:
            yield Hit(str(error), "write it as 2020/01/01:2023/08/23", (use.place,))


def _is_relative(text: str) -> bool:
    """Whether it is "last 30 days" or "30 days", which PubMed reads from today, or open-ended in 3000."""
    words = text.strip('"').casefold().removeprefix("last ").split()
    return len(words) == 2 and words[0].isdecimal() and words[1].rstrip("s") in ("day", "month", "year")


@check(
    "too-long",
    Severity.WARNING,
    means="A very long query may be refused (status 414) where it is not sent by POST.",
    source="reports of users of E-utilities; the limit is not confirmed",
)
def too_long(reading: Reading) -> Iterator[Hit]:
    """A sub-query of more than 8,000 characters as it is sent."""
    for sub_query in reading.strategy.sub_queries:
        if len(sub_query.text_sent) > LONGEST_QUERY:
            place = Place(f"{sub_query.text[:40]}…", None, None, None, (sub_query.label,), None)
            yield Hit(
                f"{len(sub_query.text_sent):,} characters are sent, over {LONGEST_QUERY:,}",
                "divide it into several sub-queries",
                (place,),
            )


# Signs of other platforms, and whose they are. What stands in quotes is not looked at.
_FOREIGN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bexp\s+[^()\[\]/]+/", re.IGNORECASE), "Ovid"),
    (
        re.compile(r"(?<=[\w)*/])\.(?:ti|ab|tw|mp|kw|kf|hw|sh|pt|af|nm)(?:,[a-z]{2})*\.", re.IGNORECASE),
        "Ovid",
    ),
    (re.compile(r"\badj\d+\b", re.IGNORECASE), "Ovid"),
    (re.compile(r"/exp\b"), "Embase"),
    (re.compile(r":(?:ti|ab|kw)\b(?:,[a-z]{2})*", re.IGNORECASE), "Embase or the Cochrane Library"),
    (re.compile(r"\[mh\s+[\"^\w]", re.IGNORECASE), "the Cochrane Library"),
    (re.compile(r"\b(?:(?:NEAR|NEXT)\b(?:/\d+)?|(?i:near|next|w|pre)/\d+\b)"), "another platform"),
    (re.compile(r"\bTITLE-ABS(?:-KEY)?\s*\("), "Scopus"),
    (re.compile(r"\w+(?:\$|[?#](?=[\w\[]))\w*"), "another platform, a wildcard"),
)


@check(
    "foreign-syntax",
    Severity.ERROR,
    means="PubMed has no commands of other platforms: it searches their letters as words, or passes over them.",
    source=f"{_HELP}, which has none of them",
)
def foreign_syntax(reading: Reading) -> Iterator[Hit]:
    """What was pasted from Ovid, Embase, the Cochrane Library or Scopus."""
    for written in reading.texts:
        text = re.sub(r'(?<!\[mh )"[^"]*"', lambda found: " " * len(found[0]), written.query.text)
        for pattern, platform in _FOREIGN:
            for found in pattern.finditer(text):
                yield Hit(
                    f"{found[0].strip()} is written for {platform}",
                    'write it as PubMed does: [mh] explodes by itself, word[tiab], "two words"[tiab:~3], word*',
                    (written.at(found.start(), found.end()),),
                )


CHECKS: tuple[Check, ...] = (
    foreign_syntax,
    unmatched_quote,
    unmatched_parenthesis,
    tag_on_group,
    stray_tag,
    unknown_tag,
    history_reference,
    small_operator,
    mixed_operators,
    curly_quotes,
    truncation_too_short,
    truncation_misplaced,
    truncation_inside_phrase,
    proximity_misuse,
    stopword,
    unreadable_date,
    too_long,
)
