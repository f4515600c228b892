"""A PubMed query's text as a tree of terms with their places, and what the linter of `search-query` says of it.

Pure, and total: any text gives a tree, as PubMed reads any text. It neither searches nor judges; who
asks decides what of a text is an error.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

# Untagged terms that PubMed is documented to map, and only those of the published search: term,
# then the tagged searches ORed with its words. NLM's tutorial on pharmacological actions (2018)
# gives [mh] and [pa] for a heading that is an action.
TERM_MAPPING: dict[str, tuple[tuple[str, str], ...]] = {
    "dermatomyositis": (("mh", "Dermatomyositis"),),
    "polymyositis": (("mh", "Polymyositis"),),
    "inclusion body myositis": (("mh", "Myositis, Inclusion Body"),),
    "janus kinase inhibitor": (("mh", "Janus Kinase Inhibitors"), ("pa", "Janus Kinase Inhibitors")),
    "janus kinase inhibitors": (("mh", "Janus Kinase Inhibitors"), ("pa", "Janus Kinase Inhibitors")),
}

# Drugs whose action we take to be the named one, by their names; NLM's own list was not at hand.
PHARMACOLOGICAL_ACTIONS: dict[str, tuple[str, ...]] = {
    "janus kinase inhibitors": (
        "tofacitinib",
        "baricitinib",
        "ruxolitinib",
        "upadacitinib",
        "filgotinib",
        "peficitinib",
        "abrocitinib",
    ),
    "phosphodiesterase 4 inhibitors": ("apremilast", "roflumilast"),
}

# Each tag in its short form, then every way to write it that we know (PubMed's help, search field tags;
# the names that EInfo gives its fields).
TAGS: dict[str, tuple[str, ...]] = {
    "ti": ("ti", "title", "titl"),
    "tiab": ("tiab", "title/abstract"),
    "tw": ("tw", "text word", "text words", "word"),
    "text": ("text",),  # in what PubMed's own filters were written as: hasabstract[text]
    "all": ("all", "all fields"),
    "mh": ("mh", "mesh", "mesh terms"),
    "mh:noexp": ("mh:noexp", "mesh:noexp", "mesh terms:noexp"),
    "majr": ("majr", "mj", "mesh major topic"),
    "majr:noexp": ("majr:noexp", "mesh major topic:noexp"),
    "sh": ("sh", "sh:noexp", "subheading", "subheading:noexp", "subh", "mesh subheading", "mesh subheadings"),
    "pa": ("pa", "papx", "pharmacological action"),
    "nm": ("nm", "subs", "supplementary concept", "substance", "substance name"),
    "rn": ("rn", "ecno", "ec/rn number"),
    "pt": ("pt", "ptyp", "publication type"),
    "la": ("la", "lang", "language"),
    "sb": ("sb", "filt", "filter", "subset"),
    "ot": ("ot", "otrm", "other term"),
    "tt": ("tt", "transliterated title"),
    "au": ("au", "auth", "author"),
    "1au": ("1au", "author - first", "first author name"),
    "lastau": ("lastau", "author - last", "last author name"),
    "fau": ("fau", "author - full", "full author name"),
    "auid": ("auid", "author - identifier", "author identifier"),
    "cn": ("cn", "author - corporate", "corporate author"),
    "ir": ("ir", "investigator"),
    "fir": ("fir", "investigator - full", "full investigator name"),
    "ad": ("ad", "affl", "affiliation"),
    "ed": ("ed", "editor"),
    "ps": ("ps", "personal name as subject", "subject - personal name"),
    "gr": ("gr", "grnt", "grant number", "grants and funding"),
    "cois": ("cois", "conflict of interest statement", "conflict of interest statements"),
    "ta": ("ta", "jour", "journal"),
    "jid": ("jid", "nlm unique id"),
    "vi": ("vi", "vol", "volume"),
    "ip": ("ip", "iss", "issue"),
    "pg": ("pg", "page", "pagination"),
    "pl": ("pl", "cnty", "place of publication"),
    "pubn": ("pubn", "publisher"),
    "book": ("book",),
    "isbn": ("isbn",),
    "uid": ("uid", "pmid"),
    "pmcid": ("pmcid", "pmc"),
    "aid": ("aid", "doi", "article identifier"),
    "lid": ("lid", "location id"),
    "si": ("si", "secondary source id"),
    "dp": ("dp", "pdat", "publication date", "date - publication"),
    "epdat": ("epdat", "electronic publication date"),
    "ppdat": ("ppdat", "ppdt", "print publication date"),
    "crdt": ("crdt", "create date", "date - create"),
    "edat": ("edat", "entrez date", "entry date", "date - entry", "date - entrez"),
    "mhda": ("mhda", "mesh date", "date - mesh"),
    "lr": ("lr", "mdat", "modification date", "date - modification"),
    "dcom": ("dcom", "cdat", "completion date", "date - completion"),
}
_SHORT = {alias: tag for tag, aliases in TAGS.items() for alias in aliases}
DATE_TAGS = frozenset({"dp", "epdat", "ppdat", "crdt", "edat", "mhda", "lr", "dcom"})

# What the linter is shown in place of a tag: it refuses full dates in [dp], and lets every value
# pass in [edat]; it does not know the last three.
_STAND_INS = {"dp": "edat", "majr:noexp": "mh:noexp", "epdat": "edat", "ppdat": "edat"}
_LINTER_KNOWS = frozenset(
    (
        *("ad", "all", "aid", "au", "auid", "dcom", "cois", "cn", "crdt", "rn", "ed", "edat", "sb", "1au"),
        *("fau", "fir", "gr", "ir", "isbn", "ip", "ta", "la", "lastau", "lid", "mhda", "mh", "mh:noexp"),
        *("majr", "sh", "lr", "jid", "ot", "pg", "ps", "pa", "pl", "pt", "pubn", "si", "nm", "tw", "ti"),
        *("tiab", "tt", "vi"),
    )
)

_CURLY = str.maketrans({"\u201c": '"', "\u201d": '"'})
# The other quotes that the linter takes for straight ones, and PubMed is not known to.
_PLAIN_QUOTES = _CURLY | str.maketrans("\u00ab\u00bb\u201e\u201f", "    ")
_TOKENS = re.compile(
    r'(?P<quoted>"[^"]*")'
    r"|(?P<tag>\[[^\[\]]*\])"
    r"|(?P<open>\()"
    r"|(?P<close>\))"
    r"|(?P<operator>[|&]|(?<![^\s()\]\"|&])(?:AND|OR|NOT)(?!\s?\[|[^\s()\"|&]))"
    r'|(?P<stray>["\[\]])'
    r'|(?P<word>[^\s\[\]()"|&]+)',
    re.IGNORECASE,
)
_SIGNS = {"|": "OR", "&": "AND"}
_DAY = re.compile(r'"?(\d{4})(?:[/-](\d{1,2})(?:[/-](\d{1,2}))?)?"?')
_PROXIMITY = re.compile(r"(?P<field>[^:]*):\s*~(?P<distance>.*)")


# --- the pieces of a text ---


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: quoted, tag, open, close, operator, range, word, or a stray sign."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tag:
    """A search field tag as written, and what is known of it."""

    text: str  # with its brackets
    start: int
    end: int

    @property
    def name(self) -> str:
        """What stands between the brackets, in small letters and with single blanks."""
        return " ".join(self.text.strip("[] ").casefold().split())

    @property
    def short(self) -> str | None:
        """The short form, such as "tiab", without a distance; None where we know no such tag."""
        return _parts(self.text)[0]

    @property
    def distance(self) -> str | None:
        """What follows `:~`, None if the tag asks for no proximity."""
        return _parts(self.text)[1]


@lru_cache(maxsize=256)  # few tags, and asked for at each comparison of two terms
def _parts(text: str) -> tuple[str | None, str | None]:
    """Short form and distance of a tag."""
    name = Tag(text, 0, 0).name
    found = _PROXIMITY.fullmatch(name)
    if found is None:
        return _SHORT.get(name), None
    return _SHORT.get(found["field"].strip()), found["distance"].strip()


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """What stands between two operators, with its tag. Offsets count characters from 0."""

    text: str  # as written, without the tag, curly quotes made straight
    start: int
    end: int  # of the text; the tag follows
    tag: Tag | None = None

    @property
    def is_quoted(self) -> bool:
        """Whether it is one phrase in quotes."""
        return len(self.text) > 1 and self.text[0] == self.text[-1] == '"' and self.text.count('"') == 2

    @property
    def is_truncated(self) -> bool:
        """Whether a star stands in it."""
        return "*" in self.text

    @property
    def field(self) -> str:
        """The short form of its tag; "" without a tag or with an unknown one, which PubMed ignores."""
        return (self.tag.short or "") if self.tag else ""

    @property
    def shown(self) -> str:
        """The term and its tag, as written."""
        return self.text + (self.tag.text if self.tag else "")


@dataclass(frozen=True, slots=True)
class Junction:
    """Parts joined by one operator; NOT is its first part without any of the others."""

    operator: str  # AND, OR, NOT
    parts: tuple[Node, ...]


Node = SearchTerm | Junction


@dataclass(frozen=True, slots=True)
class Query:
    """A text, its pieces, its tree, and the tags that stand on a group or on nothing."""

    text: str
    tokens: tuple[Token, ...]
    root: Node | None  # None where the text holds no term
    group_tags: tuple[Tag, ...]
    terms: tuple[SearchTerm, ...]  # in the order of the text


def read(text: str) -> Query:
    """The text as PubMed reads it: operators from left to right, pieces side by side joined by AND.

    What cannot be placed (an unmatched quote or parenthesis, an operator without a term) is left out
    of the tree and stands in `tokens`.
    """
    tokens = tuple(_tokens(text.translate(_CURLY)))
    return _Builder(text.translate(_CURLY), tokens).query(text)


def _tokens(text: str) -> Iterator[Token]:
    last = ""
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup or ""
        start = match.start()
        if kind == "word" and match.group().startswith(":") and last == "tag":
            yield Token("range", ":", start, start + 1)
            last, start = "range", start + 1
            if start == match.end():
                continue
        yield Token(kind, text[start : match.end()], start, match.end())
        last = kind


def operator_of(token: Token) -> str:
    """AND, OR or NOT, however an operator is written."""
    return _SIGNS.get(token.text, token.text.upper())


@dataclass(slots=True)
class _Frame:
    """What has been read between two parentheses."""

    node: Node | None = None
    operator: str = ""  # the operator that waits for its right side
    made_here: bool = False  # whether `node` was joined in this frame, so that it may grow

    def add(self, other: Node) -> None:
        if self.node is None:
            self.node = other
            self.operator = ""
            return
        operator = self.operator or "AND"
        grows = self.made_here and isinstance(self.node, Junction) and self.node.operator == operator
        parts = self.node.parts if grows and isinstance(self.node, Junction) else (self.node,)
        self.node = Junction(operator, (*parts, other))
        self.made_here = True
        self.operator = ""


@dataclass(slots=True)
class _Builder:
    text: str  # with straight quotes
    tokens: tuple[Token, ...]
    frames: list[_Frame] = field(default_factory=lambda: [_Frame()])
    terms: list[SearchTerm] = field(default_factory=list)
    group_tags: list[Tag] = field(default_factory=list)

    def query(self, original: str) -> Query:
        at = 0
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind in ("quoted", "word"):
                at = self._term(at)
                continue
            if token.kind == "open":
                self.frames.append(_Frame())
            elif token.kind == "close" and len(self.frames) > 1:
                self._close()
            elif token.kind == "operator" and self.frames[-1].node is not None:
                self.frames[-1].operator = operator_of(token)
            elif token.kind == "tag":
                self.group_tags.append(Tag(token.text, token.start, token.end))
            at += 1
        while len(self.frames) > 1:
            self._close()
        return Query(original, self.tokens, self.frames[0].node, tuple(self.group_tags), tuple(self.terms))

    def _close(self) -> None:
        inner = self.frames.pop().node
        if inner is not None:
            self.frames[-1].add(inner)

    def _term(self, at: int) -> int:
        """Read a term that begins at this token; the number of the token behind it."""
        begin = end = self.tokens[at]
        while at < len(self.tokens) and (
            self.tokens[at].kind in ("quoted", "word") or self._is_in_a_heading(at)
        ):
            end = self.tokens[at]
            at += 1
        text = self.text[begin.start : end.end]
        tag, at = self._tag(at)
        if tag is not None and at < len(self.tokens) and self.tokens[at].kind == "range":
            upper = at + 1
            if upper < len(self.tokens) and self.tokens[upper].kind in ("quoted", "word"):
                text, end = f"{text}:{self.tokens[upper].text}", self.tokens[upper]
                later, at = self._tag(upper + 1)
                tag = later or tag
        term = SearchTerm(text, begin.start, end.end, tag)
        self.terms.append(term)
        self.frames[-1].add(term)
        return at

    def _is_in_a_heading(self, at: int) -> bool:
        """Whether a small `and` stands in the name of a heading, such as wounds and injuries[mh]."""
        if self.tokens[at].text != "and" or self.tokens[at - 1].kind != "word":
            return False
        after = at + 1
        while after < len(self.tokens) and (
            self.tokens[after].kind == "word" or self.tokens[after].text == "and"
        ):
            after += 1
        tag, _ = self._tag(after)
        return after > at + 1 and tag is not None and tag.short in ("mh", "mh:noexp", "majr", "majr:noexp")

    def _tag(self, at: int) -> tuple[Tag | None, int]:
        if at < len(self.tokens) and self.tokens[at].kind == "tag":
            token = self.tokens[at]
            return Tag(token.text, token.start, token.end), at + 1
        return None, at


def walk(root: Node | None) -> Iterator[tuple[Node, bool]]:
    """Every node from the top, left to right, and whether it is denied by a NOT above it."""
    waiting = [(root, False)] if root is not None else []
    while waiting:
        node, denied = waiting.pop()
        yield node, denied
        if isinstance(node, Junction):
            parts = [
                (part, denied != (node.operator == "NOT" and number > 0))
                for number, part in enumerate(node.parts)
            ]
            waiting.extend(reversed(parts))


# --- dates ---


class DateError(ValueError):
    """Why a text is no date or range of dates."""


Period = tuple[dt.date, dt.date]


def date_range(text: str) -> Period:
    """First and last day of "2007:2009", "2020/05" or "1800/01/01:2023/08/23"; both ends included.

    Raises DateError if it is none.
    """
    low, colon, high = (part.strip() for part in text.strip().partition(":"))
    first, last = period(low)[0], period(high if colon else low)[1]
    if last < first:
        raise DateError(f"the date range {text} ends before it begins")
    return first, last


def period(text: str) -> Period:
    """First and last day that a date, stated to the year, month or day, can mean. Raises DateError."""
    match = _DAY.fullmatch(text.strip())
    year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    try:
        first = dt.date(year, month or 1, day or 1)
        return first, dt.date(year, month or 12, day or calendar.monthrange(year, month or 12)[1])
    except ValueError as error:  # year 0 too, which stands for no match
        raise DateError(f"{text!r} is no date such as 2023/08/23") from error


# --- the linter of search-query ---


@dataclass(frozen=True, slots=True)
class Complaint:
    """One message of the linter, its places in the text that was given."""

    code: str  # such as PARSE_0004; STUMBLED where the library met a bug of its own
    label: str
    text: str
    is_fatal: bool
    places: tuple[tuple[int, int], ...]


def lint(query: Query) -> list[Complaint]:
    """What `search-query` says of a query; empty for a text without a term.

    It is shown the text without the tags it would stop at (those on groups, unknown ones, distances),
    since it says nothing else once it has stopped, and without parentheses inside quotes. It prints
    what it finds unless told to be silent; its exceptions carry no text: the messages stand in its
    linter.
    """
    # Inside the function: it costs 80 ms of every start-up otherwise.
    from search_query.exception import SearchQueryException
    from search_query.pubmed.parser import PubmedParser

    unmatched = unmatched_parentheses(query)
    if unmatched:
        # Its parser never ends on some of them (0.15), such as `a OR b AND (`.
        return [
            Complaint(
                "PARSE_0002",
                "unbalanced-parentheses",
                f"Unbalanced {'opening' if token.kind == 'open' else 'closing'} parenthesis",
                True,
                ((token.start, token.end),),
            )
            for token in unmatched
        ]
    prepared, origins = _for_the_linter(query)
    if not prepared.strip():
        return []
    parser = PubmedParser(prepared, silent=True)
    stumbled: list[Complaint] = []
    try:
        parser.parse()
    except SearchQueryException:
        pass  # its messages tell
    except (
        ValueError,
        IndexError,
        TypeError,
        AttributeError,
        AssertionError,
        KeyError,
        RecursionError,
    ) as error:
        # What its parser stumbles into on forms it was not written for (0.15).
        cause = f"the parser search-query stumbles over it ({type(error).__name__})"
        stumbled.append(Complaint("STUMBLED", "stumbled", cause, True, ()))
    told = [
        Complaint(
            code=one["code"],
            label=one["label"],
            text=" ".join(_COLOUR.sub("", one["details"] or one["message"]).split()),
            is_fatal=one["is_fatal"],
            places=tuple(
                (origins[start], origins[min(end, len(origins) - 1)])
                for start, end in one["position"] or ()
                if 0 <= start < len(origins)  # -1 is how it says that a place is not in the text
            ),
        )
        for one in parser.linter.messages
    ]
    if len(query.tokens) == 1 and query.tokens[0].kind == "quoted" and "(" in query.text:
        told.append(Complaint("PARSE_0007", "query-in-quotes", "The whole text is in quotes", False, ()))
    return [*told, *stumbled]


_COLOUR = re.compile(r"\x1b(?:\[\d+m)?")  # its own colours, and what a query brings of such


def unmatched_parentheses(query: Query) -> list[Token]:
    """Parentheses without a partner, in the order of the text."""
    opened: list[Token] = []
    closed: list[Token] = []
    for token in query.tokens:
        if token.kind == "open":
            opened.append(token)
        elif token.kind == "close" and opened:
            opened.pop()
        elif token.kind == "close":
            closed.append(token)
    return sorted([*closed, *opened], key=lambda token: token.start)


def _for_the_linter(query: Query) -> tuple[str, list[int]]:
    """The text the linter is shown, and for each of its characters (and its end) the place in ours."""
    pieces: list[str] = []
    origins: list[int] = []
    end = 0
    text = "".join(
        re.sub(r"[()]", " ", piece) if piece.startswith('"') else piece
        for piece in re.split(r'("[^"]*")', query.text.translate(_PLAIN_QUOTES))
    )
    on_groups = {tag.start for tag in query.group_tags}

    def add(piece: str, start: int, step: int) -> None:
        pieces.append(piece)
        origins.extend(start + number * step for number in range(len(piece)))

    kinds = ["", *(token.kind for token in query.tokens), "", ""]
    for number, token in enumerate(query.tokens, start=1):
        # It knows a range as 2010:2020[edat] only; PubMed writes "2010"[edat] : "2020"[edat] itself.
        if token.kind == "range" or kinds[number - 1] == "range":
            add(text[token.start : token.end].strip('"'), token.start + token.text.startswith('"'), 1)
            end = token.end
            continue
        if token.kind == "quoted" and kinds[number + 1 : number + 3] == ["tag", "range"]:
            add(text[end : token.start], end, 1)
            add(token.text[1:-1], token.start + 1, 1)
            end = token.end
        if token.kind != "tag":
            continue
        add(text[end : token.start], end, 1)
        end = token.end
        if kinds[number + 1] == "range":
            continue
        tag = Tag(token.text, token.start, token.end)
        short = tag.short or ""
        shown = _STAND_INS.get(short, short)
        if shown in _LINTER_KNOWS and not (token.start in on_groups and _follows_a_group(query, token)):
            add(f"[{shown}]", token.start, 0)
    add(text[end:], end, 1)
    return "".join(pieces), [*origins, len(text)]


def _follows_a_group(query: Query, tag: Token) -> bool:
    before = [token for token in query.tokens if token.end <= tag.start]
    return bool(before) and before[-1].kind == "close"
