"""The figure as PNG: the SVG rendered with the shipped fonts, tagged with its resolution."""

from __future__ import annotations

import struct
import zlib

from iimscreen.diagram import Diagram
from iimscreen.diagram.layout import drawing, letters
from iimscreen.errors import InputError
from iimscreen.pictures import _fonts, _svg

_POINTS_AN_INCH = 72
_METRES_AN_INCH = 0.0254
_MOST_PIXELS = 200_000_000  # 800 MB while it is rendered


def drawn(diagram: Diagram, dpi: int) -> bytes:
    """The figure as PNG, which says its resolution."""
    figure = drawing(diagram)
    zoom = dpi / _POINTS_AN_INCH
    if figure.width * figure.height * zoom * zoom > _MOST_PIXELS:
        raise InputError(
            f"the picture would have {figure.width * zoom:,.0f} x {figure.height * zoom:,.0f} pixels",
            hint="write --format svg or pdf, which know no pixels",
        )
    with_system = _fonts.need_system_fonts(letters(figure), "PNG")
    svg = _svg.drawn(figure, unit="")
    return tagged(_fonts.rendered(svg, zoom=zoom, with_system=with_system), dpi)


def tagged(png: bytes, dpi: int) -> bytes:
    """The same picture with its resolution in it, as a chunk pHYs before the first pixels."""
    per_metre = round(dpi / _METRES_AN_INCH)
    data = struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", len(data)) + b"pHYs" + data + struct.pack(">I", zlib.crc32(b"pHYs" + data))
    after_header = 8 + 25  # signature, and the chunk IHDR, which is always first and of this length
    return png[:after_header] + chunk + png[after_header:]
