"""A record as the screen shows it: title first, then who, where and when, then the abstract with its headings.

What a source states is text: control characters are made visible, brackets stay brackets, and only
identifiers become links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from rich.cells import cell_len
from textual.content import Content, Span
from textual.style import Style

from iimscreen.model import Kind, Protocol, Record, StoredRecord, Verdict
from iimscreen.notices import facts_of
from iimscreen.render import cite, named, plain
from iimscreen.tui.highlight import INCLUDE, Terms
from iimscreen.tui.looks import Looks
from iimscreen.voting import Vote

ROOMY = 34  # rows from which headings of an abstract have a line of their own
SIGNS = {
    Verdict.INCLUDE: "+",
    Verdict.EXCLUDE: "–",
    Verdict.UNSURE: "?",
    Verdict.AWAITING: "…",
    Verdict.ONGOING: "›",
}
_NOTICES = {
    "retraction": "RETRACTED",
    "concern": "EXPRESSION OF CONCERN",
    "correction": "CORRECTED",
    "update": "UPDATED",
}
_TYPES_OF_NOTICES = {
    "retraction of publication": "THIS IS A NOTICE OF RETRACTION",
    "retraction notice": "THIS IS A NOTICE OF RETRACTION",
    "expression of concern": "THIS IS AN EXPRESSION OF CONCERN",
    "published erratum": "THIS IS A CORRECTION OF ANOTHER REPORT",
}
_LABELS = (
    "Aims?|Background(?: and aims?)?|Case(?: presentation| reports?)?|Conclusions?|Context|Design|Discussion|"
    "Findings|Importance|Interpretation|Interventions?|Introduction|Limitations?|Main outcome measures?|"
    "Materials? and methods?|Measurements?|Methods?|Objectives?|Outcomes?|Participants|Patients(?: and methods)?|"
    "Purpose|Rationale|Results?|Setting|Significance|Study design|Trial registration"
)
# At the start of a line a few words in capitals, or one of the usual words; within a line only the
# latter, in capitals and behind a sentence.
_HEADING = re.compile(rf"(?:(?-i:[A-Z][A-Z0-9 ,;/&'()-]{{2,70}})|{_LABELS})(?=:\s)", re.IGNORECASE)
_INSIDE = re.compile(rf"(?<=[.!?)]) +(?=(?:{_LABELS.upper()}): )")


def marked(text: str, terms: Terms, looks: Looks, style: Style | None = None) -> Content:
    """A text of a source with the protocol's terms marked."""
    shown = plain(text)
    spans = [Span(0, len(shown), style)] if style else []
    for start, end, kind in terms.marks(shown):
        spans.append(Span(start, end, looks.include if kind == INCLUDE else looks.exclude))
    return Content(shown, spans)


def sections(abstract: str) -> Iterator[tuple[str, str]]:
    """(heading, text) of each part of an abstract as its source structured it; "" where it did not."""
    for line in abstract.splitlines():
        for part in _INSIDE.split(line.strip()):
            if not part:
                continue
            found = _HEADING.match(part)
            if found is None:
                yield "", part
            else:
                yield found.group(), part[found.end() + 1 :].strip()


def record_lines(stored: StoredRecord, terms: Terms, looks: Looks, width: int, height: int) -> list[Content]:
    """The record in lines of this width; with more air where there are many rows."""
    facts = stored.record
    lines = list(_banners(facts, looks, width))
    title = marked(facts.title or "No title stated", terms, looks, looks.title)
    sign = Content(looks.title_sign)
    lines += [sign + line for line in title.wrap(width - sign.cell_length)]
    if facts.vernacular_title and facts.vernacular_title != facts.title:
        lines += marked(facts.vernacular_title, terms, looks, looks.muted).wrap(width)
    if height >= ROOMY:
        lines.append(Content(""))
    lines += Content.styled(_authors(facts, width), looks.muted).wrap(width)
    lines += Content.styled(_place(facts), looks.muted).wrap(width)
    lines += _identifiers(stored, looks).wrap(width)
    lines.append(Content(""))
    lines += _abstract(facts, terms, looks, width, is_roomy=height >= ROOMY)
    words = [plain(word) for word in facts.keywords]
    if words:
        lines.append(Content(""))
        label = Content.styled("Keywords  ", looks.muted)
        lines += (label + marked("; ".join(words), terms, looks, looks.muted)).wrap(width)
    return lines


def _banners(facts: Record, looks: Looks, width: int) -> Iterator[Content]:
    found = [
        f"{_NOTICES[kind]}  {notice} {citation}".strip()
        for kind, notice, citation in facts_of(facts)
        if kind in _NOTICES
    ]
    types = {kind.lower() for kind in facts.publication_types}
    found += [said for kind, said in _TYPES_OF_NOTICES.items() if kind in types]
    for text in dict.fromkeys(found):
        yield from Content.styled(f" {plain(text)} ", looks.alert).wrap(width)
    if found:
        yield Content("")


def _authors(facts: Record, width: int) -> str:
    """As many names as one line takes, and how many more there are."""
    if not facts.authors:
        return "No author stated"
    names = [plain(str(author)) for author in facts.authors]
    for shown in range(len(names), 0, -1):
        more = f" and {len(names) - shown:,} more" if shown < len(names) else ""
        line = ", ".join(names[:shown]) + more
        if shown == 1 or cell_len(line) <= width:
            break
    return line


def _place(facts: Record) -> str:
    """The journal in full, year, volume and pages, then the types of publication.

    "Journal Article" says something only where nothing else is said.
    """
    number = facts.volume or ""
    if facts.issue:
        number += f"({facts.issue})"
    if facts.pages:
        number += f":{facts.pages}"
    journal = facts.journal or facts.journal_abbreviation
    parts = [journal, str(facts.year) if facts.year else "year not stated", number]
    types = [kind for kind in facts.publication_types if kind.lower() != "journal article"]
    parts.append(", ".join(types or facts.publication_types))
    return " · ".join(plain(part) for part in parts if part)


def _identifiers(stored: StoredRecord, looks: Looks) -> Content:
    facts = stored.record
    parts = [Content.styled(plain(stored.database), looks.muted)]
    if stored.kind is Kind.REGISTER and facts.citation_status:
        parts.append(Content.styled(f"status: {plain(facts.citation_status)}", looks.other))
    if facts.pmid:
        parts.append(
            _link(f"PMID {facts.pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{quote(facts.pmid)}/", looks)
        )
    if facts.doi:
        parts.append(_link(f"doi:{facts.doi}", f"https://doi.org/{quote(facts.doi, safe='/:;()')}", looks))
    own = named(stored)
    if facts.pmid is None or not stored.key.endswith(f":{facts.pmid}"):
        parts.append(Content.styled(plain(own), looks.muted))
    return Content.styled(" · ", looks.muted).join(parts)


def _link(text: str, address: str, looks: Looks) -> Content:
    return Content.styled(plain(text), looks.muted + Style(link=address))


def _abstract(facts: Record, terms: Terms, looks: Looks, width: int, *, is_roomy: bool) -> list[Content]:
    if not (facts.abstract or "").strip():
        return Content.styled("No abstract stated by the source.", looks.muted).wrap(width)
    lines: list[Content] = []
    for heading, text in sections(plain(facts.abstract)):
        if lines and is_roomy:
            lines.append(Content(""))
        body = marked(text, terms, looks)
        if heading and is_roomy:
            lines.append(Content.styled(heading, looks.heading))
        elif heading:
            body = Content.styled(f"{heading}  ", looks.heading) + body
        lines += body.wrap(width)
    return lines


# --- votes beside it -------------------------------------------------------------------------------


def verdict_style(verdict: Verdict, looks: Looks) -> Style:
    """The style of a vote: as that of the terms that speak for it."""
    if verdict is Verdict.INCLUDE:
        return looks.include
    return looks.exclude if verdict is Verdict.EXCLUDE else looks.other


def in_words(vote: Vote, protocol: Protocol) -> str:
    """A vote with its reason's label."""
    if vote.reason is None:
        return vote.verdict.value
    labels = {reason.code: reason.label for reason in protocol.reasons}
    return f"{vote.verdict}: {plain(labels.get(vote.reason, vote.reason))}"


def own_vote_lines(
    vote: Vote | None, note: str | None, protocol: Protocol, looks: Looks, width: int
) -> list[Content]:
    """The reviewer's own vote and note on the record in front, above it; nothing where there is neither."""
    lines: list[Content] = []
    if vote is not None:
        said = Content.styled("Your vote  ", looks.muted)
        lines += (said + Content.styled(in_words(vote, protocol), verdict_style(vote.verdict, looks))).wrap(
            width
        )
        note = note or vote.note
    if note:
        lines += (Content.styled("Your note  ", looks.muted) + Content(plain(note))).wrap(width)
    return [*lines, Content("")] if lines else []


def beside_each_other(columns: Sequence[list[Content]], width: int, looks: Looks) -> list[Content]:
    """Columns of lines side by side, each as wide as the others."""
    each = column_width(len(columns), width)
    rows = max(map(len, columns), default=0)
    between = Content.styled(" │ ", looks.faint)
    lines = []
    for row in range(rows):
        cells = [column[row] if row < len(column) else Content("") for column in columns]
        lines.append(between.join([cell.pad_right(max(each - cell.cell_length, 0)) for cell in cells]))
    return lines


def column_width(columns: int, width: int) -> int:
    """How wide one of several columns is."""
    return max((width - 3 * (columns - 1)) // max(columns, 1), 8)


def one_line(stored: StoredRecord) -> str:
    """A record in one line, as a message names it."""
    return plain(stored.record.title) or cite(stored.record)
