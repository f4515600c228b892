"""What the linter of `search-query` finds, in our words.

Left out, since a check of ours says it better or a strategy is right to do it:
FIELD_0001, FIELD_0002 (unknown tags; our list is longer), FIELD_0003 (no such option here),
FIELD_0004 (an untagged term is left to PubMed's mapping on purpose), PARSE_0002, PARSE_0003
(parentheses, quotes), PUBMED_0001 (tag on a group), PUBMED_0003 (short stems; it also takes every
early star for one), QUALITY_0004 (parentheses more than needed change nothing), QUALITY_0005
(redundant terms; it compares words within one text only), QUALITY_0006 (advises a star for any two
words with a common beginning, which would switch mapping off), STRUCT_0001, STRUCT_0002 (operators),
STRUCT_0004 (distances), TERM_0001 (curly quotes), TERM_0002 (dates).
The codes of other platforms (EBSCO_, WOS_) and of its own files (LINT_, PARSE_1) do not arise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iimscreen import syntax
from iimscreen.forensics.findings import Check, Hit, Severity, check
from iimscreen.forensics.reading import Place, Reading, Written
from iimscreen.syntax import Complaint

# Its time grows with the third power of the depth (40 levels: 0.4 s) and the square of the length
# (1,000 pieces, 500 equal terms: 3 s).
DEEPEST = 40
LONGEST = 1_000  # pieces: terms, tags, operators, parentheses

LEFT_OUT = frozenset(
    {
        *("FIELD_0001", "FIELD_0002", "FIELD_0003", "FIELD_0004", "PARSE_0002", "PARSE_0003", "PUBMED_0001"),
        *("PUBMED_0003", "QUALITY_0004", "QUALITY_0005", "QUALITY_0006", "STRUCT_0001", "STRUCT_0002"),
        *("STRUCT_0004", "TERM_0001", "TERM_0002"),
    }
)


@dataclass(frozen=True, slots=True)
class Rewording:
    """What one code of the linter says in our words."""

    what: str
    advice: str
    severity: Severity


REWORDED: dict[str, Rewording] = {
    "PARSE_0001": Rewording(
        "a sign here belongs to nothing", "remove it, or close the bracket", Severity.ERROR
    ),
    "PARSE_0004": Rewording(
        "an operator, a term or a tag is missing or too many here; PubMed puts AND between terms side by side",
        "write AND, OR or NOT between all terms, and one tag behind each",
        Severity.ERROR,
    ),
    "PARSE_0006": Rewording(
        "a field name before its term, as Ovid or Web of Science write it", "write term[ti]", Severity.ERROR
    ),
    "PARSE_0007": Rewording(
        "the whole text is in quotes, so PubMed reads it as one phrase",
        "remove the outer quotes",
        Severity.ERROR,
    ),
    "PARSE_0009": Rewording(
        "words follow the last parenthesis without an operator; PubMed puts AND before them",
        "write the operator that is meant",
        Severity.WARNING,
    ),
    "PARSE_0010": Rewording(
        "the text begins with the name of a platform, which PubMed searches as a word",
        "remove it",
        Severity.ERROR,
    ),
    "PUBMED_0002": Rewording(
        "PubMed puts a blank in place of a sign", "write the blank, and look at the variants", Severity.NOTE
    ),
    "QUALITY_0001": Rewording(
        "two groups share a part and could be one", "write the shared part once", Severity.NOTE
    ),
    "QUALITY_0002": Rewording(
        "a date binds one part of the text only", "put it at the end if it is meant for all", Severity.NOTE
    ),
    "QUALITY_0003": Rewording(
        "a journal binds one part of the text only", "put it at the end if it is meant for all", Severity.NOTE
    ),
    "STRUCT_0003": Rewording("| or & stands for an operator", "write OR or AND", Severity.WARNING),
    "STUMBLED": Rewording(
        "the linter of search-query cannot read this text, or not in good time, so its checks did not run",
        "simplify it if other findings leave you in doubt",
        Severity.NOTE,
    ),
}


@check(
    "search-query",
    Severity.WARNING,
    means="The linter of the search-query library points at it.",
    source="search-query 0.15, its rules for PubMed",
)
def linted(reading: Reading) -> Iterator[Hit]:
    """Its findings that no check of ours repeats; codes unknown to us are told as they come."""
    for written in reading.texts:
        for complaint in _lint(written):
            if complaint.code in LEFT_OUT:
                continue
            places = _places(complaint, written)
            if all(place.term.startswith("#") for place in places):
                continue  # a check of ours names references to other searches
            known = REWORDED.get(complaint.code)
            if known is not None:
                yield Hit(f"{known.what} ({complaint.code})", known.advice, places, known.severity)
            else:
                severity = Severity.ERROR if complaint.is_fatal else Severity.WARNING
                yield Hit(
                    f"{complaint.label}: {complaint.text} ({complaint.code})",
                    "see the documentation of search-query on this code",
                    places,
                    severity,
                )


def _lint(written: Written) -> list[Complaint]:
    """The linter's messages; none but a note on a text it would take too long for."""
    tokens = written.query.tokens
    deepest = depth = 0
    for token in tokens:
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        deepest = max(deepest, depth)
    if deepest > DEEPEST or len(tokens) > LONGEST:
        return [Complaint("STUMBLED", "too-long", "too long or too deeply nested", True, ())]
    return syntax.lint(written.query)


def _places(complaint: Complaint, written: Written) -> tuple[Place, ...]:
    """Its places, each widened to the term it lies in."""
    found = []
    for start, end in complaint.places:
        within = [term for term in written.query.terms if term.start <= start and end <= term.end]
        found.append(written.of(within[0]) if within else written.at(start, end))
    return tuple(dict.fromkeys(found)) or (written.whole,)


CHECKS: tuple[Check, ...] = (linted,)
