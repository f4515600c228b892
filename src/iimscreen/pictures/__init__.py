"""The flow diagram as pictures, and as the CSV that the R package PRISMA2020 reads. Bytes only; opens its fonts alone.

All pictures are drawn from one geometry (`diagram.layout`). The fonts in `fonts/` are shipped, so that a picture
looks the same on every machine. Letters that they lack come from fonts of the system where these have them; where
they do not, the picture is refused: none leaves out a letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iimscreen.diagram import Diagram

__all__ = ["FORMATS", "csv", "pdf", "png", "svg"]


def svg(diagram: Diagram, links: Mapping[str, str] | None = None) -> str:
    """The figure as SVG; of `links`, name of a number → address, each makes that number a link."""
    from iimscreen.diagram import alt_text
    from iimscreen.diagram.layout import drawing
    from iimscreen.pictures import _svg

    return _svg.drawn(drawing(diagram), description=alt_text(diagram), links=links or {})


def png(diagram: Diagram, dpi: int = 300) -> bytes:
    """The figure as PNG, which says its resolution. Raises InputError if no font has a letter of it."""
    from iimscreen.pictures import _png

    return _png.drawn(diagram, dpi)


def pdf(diagram: Diagram) -> bytes:
    """The figure as PDF of one page with text that can be searched. Raises InputError if no font has a letter of it."""
    from iimscreen.diagram import alt_text
    from iimscreen.pictures import _pdf

    return _pdf.drawn(diagram, alt_text(diagram))


def csv(diagram: Diagram) -> str:
    """The numbers of the figure as PRISMA2020 (R) reads them."""
    from iimscreen.pictures import _r_csv

    return _r_csv.written(diagram)


def _text(make: Callable[[Diagram], str]) -> Callable[[Diagram], bytes]:
    return lambda diagram: make(diagram).encode("utf-8")


FORMATS: Mapping[str, Callable[[Diagram], bytes]] = {
    "csv": _text(csv),
    "svg": _text(svg),
    "png": png,
    "pdf": pdf,
}
