"""Articles in JATS, as PubMed Central and publishers give them, section by section; other XML as it comes.

No DTD is fetched and an entity that a file declares itself is refused, so it can neither grow without bound
nor read anything else.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from iimscreen.errors import InputError
from iimscreen.formats import refuse_declarations
from iimscreen.model import Page
from iimscreen.text_formats import Text

_INLINE = frozenset((
    "abbrev", "bold", "chem-struct", "email", "ext-link", "fixed-case", "inline-formula", "inline-graphic",
    "italic", "monospace", "named-content", "overline", "roman", "sans-serif", "sc", "strike",
    "styled-content", "sub", "sup", "underline", "uri", "xref",
))  # fmt: skip
# On one line, each apart.
_WORDS = frozenset((
    "surname", "given-names", "year", "volume", "issue", "fpage", "lpage", "source", "institution",
    "country", "addr-line", "person-group", "name", "label", "pub-id", "day", "month",
))  # fmt: skip
_CELLS = frozenset(("td", "th"))
_APART = frozenset(("table-wrap", "fig", "boxed-text", "supplementary-material"))
_UNREAD = frozenset(
    ("journal-meta", "tex-math", "graphic", "permissions", "history", "counts", "custom-meta-group")
)


def read(data: bytes) -> Text:
    """Its sections; one that is not well-formed has none, and says where."""
    try:
        root = tree(data)
    except InputError as error:
        return Text((), f"its text cannot be read: {error.message}")
    article = root if _name(root) == "article" else next(_of(root, "article"), None)
    if article is None:
        return Text((Page("", _text(root)),))
    pages = tuple(page for page in _sections(article) if page.text)
    if next(_of(article, "body"), None) is None:
        return Text(pages, "it holds the front matter of an article and no body")
    return Text(pages)


def tree(data: bytes) -> Element:
    """The root of a file. Raises InputError if it is not well-formed, or declares entities of its own."""
    check = expat.ParserCreate()
    refuse_declarations(check)
    try:
        check.Parse(data, True)
        parser = ElementTree.XMLParser()  # noqa: S314 (declared entities were refused just above)
        # Entities of JATS's and HTML's DTDs, which are not fetched.
        parser.entity.update({name.removesuffix(";"): text for name, text in html.entities.html5.items()})
        return ElementTree.fromstring(data, parser)  # noqa: S314 (as above)
    except (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise InputError(f"it is no well-formed XML ({error})", hint="download it again") from error


def has_body(root: Element) -> bool:
    """Whether an article has a text, and not its front matter alone."""
    return any(_text(body) for body in _of(root, "body"))


def pmcids(root: Element) -> set[str]:
    """The numbers in PubMed Central that an article states of itself, without "PMC"."""
    found = set()
    for meta in _of(root, "article-meta"):
        for one in _of(meta, "article-id"):
            if one.get("pub-id-type") in ("pmc", "pmcid", "pmcaid", "pmc-uid"):
                found.add((one.text or "").strip().upper().removeprefix("PMC").partition(".")[0])
    return found


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def _of(element: Element, name: str) -> Iterator[Element]:
    return (one for one in element.iter() if _name(one) == name)


def _sections(article: Element) -> Iterator[Page]:
    """Title, abstract, each section of the body, then what stands apart or behind; labelled by their titles."""
    for front in (one for one in article if _name(one) == "front"):
        yield Page("Title", _text(front, without=frozenset(("abstract", "trans-abstract", "kwd-group"))))
        for abstract in (*_of(front, "abstract"), *_of(front, "trans-abstract")):
            yield Page(_title(abstract, "Abstract"), _text(abstract))
    for body in (one for one in article if _name(one) == "body"):
        loose = [one for one in body if _name(one) not in ("sec", *_APART)]
        yield Page("Body", "\n".join(filter(None, (_text(one, without=_APART) for one in loose))))
        for section in (one for one in body if _name(one) == "sec"):
            yield Page(_title(section, "Body"), _text(section, without=_APART))
    for name in ("table-wrap", "fig", "boxed-text"):
        for apart in _of(article, name):
            yield Page(_title(apart, name.partition("-")[0].capitalize()), _text(apart))
    for back in (one for one in article if _name(one) == "back"):
        for part in back:
            label = "References" if _name(part) == "ref-list" else _title(part, "Back matter")
            yield Page(label, _text(part, without=_APART))
    for inner in (one for one in article if _name(one) in ("sub-article", "response")):
        yield Page(_title(inner, "Further article"), _text(inner))


def _title(element: Element, otherwise: str) -> str:
    """Label and title of a section, such as "Table 1" or "Results"."""
    label = next((_line(one) for one in element if _name(one) == "label"), "")
    title = next((_line(one) for one in element if _name(one) == "title"), "")
    if label and _name(element) in _APART:
        return label.rstrip(".:")
    return title or label or otherwise


def _line(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _text(element: Element, *, without: frozenset[str] = frozenset()) -> str:
    """The words under an element, a block a line, cells of a table parted by tabs."""
    parts: list[str] = []
    # Not by recursion: a file may be as deep as it likes.
    waiting: list[Element | str] = [element]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            parts.append(one)
            continue
        name = _name(one)
        if name == "" or name in _UNREAD or (name in without and one is not element):
            continue
        end = "" if name in _INLINE else " " if name in _WORDS else "\t" if name in _CELLS else "\n"
        inner: list[Element | str] = [end, re.sub(r"\s+", " ", one.text or "")]
        for child in one:
            inner += [child, re.sub(r"\s+", " ", child.tail or "")]
        waiting.extend(reversed([*inner, end]))
    lines = (line.strip(" ") for line in "".join(parts).split("\n"))
    return "\n".join(re.sub(r" {2,}", " ", line) for line in lines if line.strip())
