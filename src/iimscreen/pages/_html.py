"""HTML as a type of its own: what is not of it is a text, and is escaped wherever it goes in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_NO_ID = re.compile(r"[^A-Za-z0-9_.-]+")
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "wbr"})


class Html(str):
    """A piece of HTML that is well-formed and safe. Only this room makes any, or `trusted` on someone's word."""

    __slots__ = ()


Inside = str | Html  # a text is escaped, HTML goes in as it is


def text(words: Inside) -> Html:
    """Words as HTML: nothing in them is a tag; characters that no page can hold are replaced."""
    if isinstance(words, Html):
        return words
    return Html(escape(_ILLEGAL.sub("\ufffd", words)))


def join(parts: Iterable[Inside], between: Inside = "") -> Html:
    """Pieces one after another."""
    return Html(str(text(between)).join(map(text, parts)))


def element(name: str, *inside: Inside, **attributes: str | bool | None) -> Html:
    """<name attributes>inside</name>. `class_` is class, `aria_label` aria-label; None and False leave one out."""
    said = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{text(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{said}>")
    return Html(f"<{name}{said}>{''.join(map(text, inside))}</{name}>")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def trusted(made: str) -> Html:
    """Markup that another room of ours made, such as an SVG: whoever calls this vouches for it."""
    return Html(made)


def identifier(name: str) -> str:
    """A name as an id of a page and the fragment of a link: letters, digits, dot, hyphen."""
    return _NO_ID.sub("-", name).strip("-") or "x"


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """Name → id, no two alike whatever is left out of them."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        made = base = identifier(name)
        number = 1
        while made in taken:
            number += 1
            made = f"{base}-{number}"
        taken.add(made)
        found[name] = made
    return found
