"""The frame of a page: head, policy, contents, sections, foot. One text that needs nothing beside it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iimscreen.pages._html import Html, Inside, element, join, text
from iimscreen.pages._parts import jump, paragraph
from iimscreen.pages._parts import stamp as stamped
from iimscreen.pages._style import style

# Opens what a link leads into, where the browser does not by itself, and what is to be printed. Without it
# everything can be opened by hand.
SCRIPT = """
(() => {
  const reveal = () => {
    let aim = null;
    try { aim = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!aim) return;
    for (let one = aim; one; one = one.parentElement) if (one.localName === 'details') one.open = true;
    aim.scrollIntoView();
  };
  addEventListener('hashchange', reveal);
  addEventListener('click', (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#"], a[*|href^="#"]');
    if (link) setTimeout(reveal);
  });
  let shut = [];
  addEventListener('beforeprint', () => {
    const wanted = document.getElementById('print-lists');
    if (!wanted || !wanted.checked) return;
    shut = [...document.querySelectorAll('details:not([open])')];
    for (const one of shut) one.open = true;
  });
  addEventListener('afterprint', () => { for (const one of shut) one.open = false; shut = []; });
  reveal();
})();
"""
_HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    f"script-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page under its heading."""

    id: str  # what links lead to: letters, digits, dot, hyphen
    heading: str
    body: Html
    sections: tuple[Section, ...] = ()  # under it, with headings of the next level
    starts_page: bool = False  # on paper


def page(
    title: str,
    sections: Sequence[Section],
    *,
    lang: str = "en",
    lead: Inside = "",
    stamps: Iterable[Inside] = (),
    foot: Iterable[Inside] = (),
    has_contents: bool = True,
    more_style: str = "",
    print_lists: bool | None = None,
) -> str:
    """A whole page. It asks no server for anything, and works from a file.

    `lead` stands under the title, `stamps` before everything else. `print_lists` is whether lists that are folded
    away are printed until the reader chooses otherwise; None offers no choice.
    """
    parts = [
        "<!DOCTYPE html>\n",
        f'<html lang="{text(lang)}">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light">\n',
        f"<title>{text(title)}</title>\n<style>{style(more_style)}</style>\n</head>\n<body>\n",
        jump("Skip to the content", "content").replace("<a ", '<a class="skip" ', 1),
        "\n<header>\n",
        element("h1", title, dir="auto"),
        paragraph(lead, class_="lead") if lead else "",
        *map(stamped, stamps),
        "\n</header>\n",
        _contents(sections, print_lists) if has_contents else "",
        '\n<main id="content" tabindex="-1">\n',
        *(piece for section in sections for piece in _pieces(section, 2)),
        "</main>\n<footer>\n",
        *map(paragraph, foot),
        f"\n</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _contents(sections: Sequence[Section], print_lists: bool | None) -> Html:
    choice: Inside = ""
    if print_lists is not None:
        box = element("input", type="checkbox", id="print-lists", checked=print_lists)
        choice = element(
            "p", box, element("label", "Print the folded lists, too", for_="print-lists"), class_="choice"
        )
    return element(
        "nav",
        element("h2", "Contents", id="contents"),
        _entries(sections),
        choice,
        class_="contents",
        aria_labelledby="contents",
    )


def _entries(sections: Sequence[Section]) -> Html:
    return element(
        "ol",
        *(
            element(
                "li", jump(one.heading, one.id), _entries(one.sections) if one.sections else "", dir="auto"
            )
            for one in sections
        ),
    )


def _pieces(section: Section, level: int) -> Iterable[str]:
    """A section in pieces, which are joined once: a section within a section is not copied twice."""
    new_page = ' class="new-page"' if section.starts_page else ""
    named = f"{section.id}-heading"
    yield f'<section id="{text(section.id)}"{new_page} aria-labelledby="{text(named)}">\n'
    yield element(f"h{min(level, 6)}", section.heading, id=named, dir="auto")
    yield section.body
    for one in section.sections:
        yield from _pieces(one, level + 1)
    yield "</section>\n"


def listed(pieces: Iterable[Inside]) -> Html:
    """Pieces of HTML as the body of a section."""
    return join(pieces, Html("\n"))
