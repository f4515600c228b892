"""What the report of a search is made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# Number, name, and what authors write where the log cannot tell.
ITEMS: tuple[tuple[int, str, str], ...] = (
    (1, "Databases", "each database with its platform, such as Embase on Ovid"),
    (2, "Several databases searched at once", "the platform and the databases, or that there were none"),
    (3, "Study registers", "each register searched, or that there was none"),
    (4, "Websites and other sources browsed", "what was browsed, how, with addresses, or that nothing was"),
    (5, "Citation searching", "whose references or citing reports were looked through, and with which tool"),
    (6, "Contacts", "which authors, experts or firms were written to, and how, or that nobody was"),
    (7, "Other methods", "any other way in which reports were sought, or that there was none"),
    (8, "Full search strategies", "the strategy of each source searched by hand, copied exactly as run"),
    (9, "Limits and restrictions", "why each limit was set (by date, language, design, status)"),
    (10, "Search filters", "published filters that were used, as published or changed, with citation"),
    (11, "Prior work", "strategies of other reviews that were re-used, with citation, or that none was"),
    (12, "Updates", "how the search was or will be kept up to date: re-run, alerts, or not"),
    (13, "Dates of the searches", "the day of the last search of each source searched by hand"),
    (
        14,
        "Peer review of the strategy",
        "who reviewed the strategy, and how (PRESS 2015), or that nobody did",
    ),
    (15, "Records of each source", "how many records each source searched by hand gave"),
    (16, "Deduplication", "the process and the software"),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or more, with verbatim pieces behind it, and where it comes from."""

    text: str
    origin: str = ""
    verbatim: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Facts in rows."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text that was sent, to be printed byte for byte under its heading."""

    heading: str
    text: str


Part = Statement | Table | Verbatim


@dataclass(frozen=True, slots=True)
class Item:
    """One item of PRISMA-S."""

    number: int
    name: str
    parts: tuple[Part, ...]
    to_write: str  # what belongs here and only the authors know; "" if nothing is left to them


@dataclass(frozen=True, slots=True)
class Appendix:
    """The whole report of the search."""

    title: str  # of the review
    notice: str  # the protocol's, printed with every number
    made_at: str  # UTC
    tool_version: str
    log_ends_with: str  # uid of the last row of the log that it was made from
    interim: tuple[str, ...]  # what is not finished; empty if all is
    items: tuple[Item, ...]


Filled = tuple[list[Part], str]  # what the log tells on an item, and what is left to write


def asked_for(item: int) -> str:
    """What authors are asked to write on an item."""
    return next(to_write for number, _, to_write in ITEMS if number == item)
