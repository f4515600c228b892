"""The fonts that are shipped, and what to do about letters that they lack."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from iimscreen.diagram.measure import lacking
from iimscreen.errors import InputError

REGULAR, BOLD, MORE = "iimscreen-sans.ttf", "iimscreen-sans-bold.ttf", "iimscreen-more.ttf"
FAMILY = "Iimscreen Sans"
_CELL = 24  # pixels, of the sheet on which letters are tried
_IN_A_ROW = 40
_NO_LETTER = "\U0010fffd"  # for private use; no font of a system draws it


@cache
def paths() -> dict[str, str]:
    """File name → path of the fonts that are shipped."""
    folder = Path(str(resources.files("iimscreen.pictures"))) / "fonts"
    return {name: str(folder / name) for name in (REGULAR, BOLD, MORE)}


def rendered(svg: str, *, zoom: float = 1.0, with_system: bool = False, folders: Sequence[str] = ()) -> bytes:
    """An SVG as PNG, with the shipped fonts; those of the system only behind them."""
    import resvg_py

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            zoom=zoom,
            skip_system_fonts=not with_system,
            font_files=list(paths().values()),
            font_dirs=list(folders) or None,
            sans_serif_family=FAMILY,
        )
    )


def need_system_fonts(text: Iterable[str], what: str) -> bool:
    """Whether some letters are not in the shipped fonts, but in those of the system.

    Raises InputError naming the letters that no font here has.
    """
    letters = lacking("".join(text))
    if not letters:
        return False
    nowhere = _nowhere(letters)
    if nowhere:
        shown = " ".join(f"{letter} (U+{ord(letter):04X})" for letter in nowhere[:8])
        more = f" and {len(nowhere) - 8} more" if len(nowhere) > 8 else ""
        raise InputError(
            f"{what} cannot be drawn: no font here has the letters {shown}{more}",
            hint="install a font that has them, such as Noto Sans, or write --format svg, "
            "which is shown with the fonts of whoever opens it",
        )
    return True


def _nowhere(letters: Sequence[str]) -> list[str]:
    """The letters that are drawn like one that no font has."""
    from PIL import Image

    tried = [_NO_LETTER, *letters]
    rows = -(-len(tried) // _IN_A_ROW)
    texts = "".join(
        f'<text x="{number % _IN_A_ROW * _CELL + 4}" y="{number // _IN_A_ROW * _CELL + 18}">&#{ord(letter)};</text>'
        for number, letter in enumerate(tried)
    )
    sheet = Image.open(
        io.BytesIO(
            rendered(
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{_IN_A_ROW * _CELL}" height="{rows * _CELL}" '
                f'font-family="sans-serif" font-size="15">{texts}</svg>',
                with_system=True,
            )
        )
    )
    cells = [
        sheet.crop(
            (
                number % _IN_A_ROW * _CELL,
                number // _IN_A_ROW * _CELL,
                number % _IN_A_ROW * _CELL + _CELL,
                number // _IN_A_ROW * _CELL + _CELL,
            )
        ).tobytes()
        for number in range(len(tried))
    ]
    blank = bytes(len(cells[0]))
    return [letter for letter, cell in zip(tried[1:], cells[1:], strict=True) if cell in (cells[0], blank)]
