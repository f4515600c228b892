"""How things look, by what they are: in the dark, in the light, and without colours.

Nothing is told by colour alone: terms for inclusion are bold and those for exclusion underlined in all
three.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.color import Color
from textual.filter import LineFilter
from textual.style import Style


@dataclass(frozen=True, slots=True)
class Looks:
    """One set of styles; each is laid over `base`."""

    name: str
    base: Style
    bar: Style  # lines above and below the record
    title: Style
    muted: Style
    heading: Style  # of a section of an abstract, or of a page
    include: Style  # a term of the protocol, a vote
    exclude: Style
    other: Style  # a vote that is neither
    key: Style  # a key that can be pressed
    accent: Style  # where one is: the cursor's sign, progress
    cursor: Style  # where the next letter is typed
    chosen: Style  # the line of a list that is in front
    alert: Style  # retraction, error
    faint: Style  # rules and marks that are nearly not there
    title_sign: str = ""  # before each line of a title, where it is not told by bold letters


def _painted(name: str, *, back: str, bar: str, chosen: str, **ink: str) -> Looks:
    colour = {word: Color.parse(given) for word, given in ink.items()}
    return Looks(
        name=name,
        base=Style(background=Color.parse(back), foreground=colour["text"]),
        bar=Style(background=Color.parse(bar), foreground=colour["text"]),
        title=Style(foreground=colour["title"], bold=True),
        muted=Style(foreground=colour["muted"]),
        heading=Style(foreground=colour["heading"], bold=True),
        include=Style(foreground=colour["include"], bold=True),
        exclude=Style(foreground=colour["exclude"], underline=True),
        other=Style(foreground=colour["other"]),
        key=Style(foreground=colour["heading"], bold=True),
        accent=Style(foreground=colour["accent"]),
        cursor=Style(reverse=True),
        chosen=Style(background=Color.parse(chosen), bold=True),
        alert=Style(background=colour["alert"], foreground=Color.parse("#ffffff"), bold=True),
        faint=Style(foreground=colour["faint"]),
    )


DARK = _painted(
    "dark",
    back="#14181d",
    bar="#1c2128",
    chosen="#2a323c",
    text="#cdd5de",
    title="#ffffff",
    muted="#8b97a5",
    heading="#79b8e8",
    include="#6fcf97",
    exclude="#f2a07b",
    other="#e3c770",
    accent="#4f9bd6",
    alert="#b3362b",
    faint="#3a444f",
)
LIGHT = _painted(
    "light",
    back="#fcfbf8",
    bar="#f0eee8",
    chosen="#e2e8ee",
    text="#2b2f36",
    title="#000000",
    muted="#68707a",
    heading="#1f5f97",
    include="#0b6b3a",
    exclude="#a5411a",
    other="#7a5b00",
    accent="#2f7cb8",
    alert="#b3261e",
    faint="#cfcbc1",
)
UNCOLOURED = Looks(
    name="no colour",
    base=Style(),
    bar=Style(),
    title=Style(),  # so that its terms for inclusion stand out
    title_sign="▌ ",
    muted=Style(dim=True),
    heading=Style(bold=True),
    include=Style(bold=True),
    exclude=Style(underline=True),
    other=Style(),
    key=Style(bold=True),
    accent=Style(),
    cursor=Style(reverse=True),
    chosen=Style(reverse=True),
    alert=Style(reverse=True, bold=True),
    faint=Style(dim=True),
)


def looks(theme: str, *, coloured: bool) -> Looks:
    """The styles of a theme, "dark" or "light"; those without colours where none are wanted."""
    if not coloured:
        return UNCOLOURED
    return LIGHT if theme == "light" else DARK


class WithoutColour(LineFilter):
    """Takes every colour out of what is drawn. Textual's own would paint in greys, or ask for default colours."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments with their other attributes."""
        del background
        return [Segment(text, _without_colour(style), control) for text, style, control in segments]


def _without_colour(style: RichStyle | None) -> RichStyle | None:
    return None if style is None else style.without_color
