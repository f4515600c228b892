"""Make the fonts of pictures/ and the table of widths in diagram/: `make_fonts.py ARIMO_FOLDER DEJAVU_FOLDER`.

Needs fonttools, which nothing else here does; run once, the result is kept. Arimo (SIL Open Font License) has the
widths of Arial and Helvetica, so that an SVG that names these looks alike where Arimo is missing. What Arimo lacks,
Arabic above all, comes from DejaVu Sans. Both are cut down to the blocks below and renamed.
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1] / "src" / "iimscreen"
FONTS = ROOT / "pictures" / "fonts"
MADE = (
    ("Arimo-Regular.ttf", "iimscreen-sans.ttf", "Iimscreen Sans", "Regular"),
    ("Arimo-Bold.ttf", "iimscreen-sans-bold.ttf", "Iimscreen Sans", "Bold"),
    ("DejaVuSans.ttf", "iimscreen-more.ttf", "Iimscreen More", "Regular"),
)
LATIN = chain(
    range(0x20, 0x250), range(0x2B0, 0x300), range(0x300, 0x370), range(0x1E00, 0x1F00)
)  # with its marks
GREEK_AND_CYRILLIC = range(0x370, 0x530)
HEBREW = chain(range(0x590, 0x600), range(0xFB1D, 0xFB50))
SIGNS = chain(
    range(0x200B, 0x2100), range(0x2100, 0x2400), range(0x25A0, 0x2670), range(0xFB00, 0xFB07), [0xFFFD]
)
ARMENIAN_AND_GEORGIAN = chain(range(0x530, 0x590), range(0x10A0, 0x1100))
ARABIC = chain(range(0x600, 0x700), range(0x750, 0x780), range(0xFB50, 0xFE00), range(0xFE70, 0xFF00))
JOINERS = frozenset(
    (*range(0x20, 0x7F), 0xA0, *range(0x200B, 0x2010), *range(0x2066, 0x206A))
)  # in each font: see cut
WANTED = frozenset(chain(LATIN, GREEK_AND_CYRILLIC, HEBREW, SIGNS, ARMENIAN_AND_GEORGIAN, ARABIC))


def cut(source: Path, target: Path, family: str, style: str, without: frozenset[int]) -> TTFont:
    """A font with the wanted characters alone, under another name."""
    font = TTFont(source)
    options = subset.Options(hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True)
    options.layout_features = ["ccmp", "locl", "mark", "mkmk", "init", "medi", "fina", "isol", "rlig", "liga"]
    for point in range(
        0x2066, 0x206A
    ):  # no font falls back on one that lacks the marks of direction around a text
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap.setdefault(point, font.getBestCmap()[0x200C])
    maker = subset.Subsetter(options)
    maker.populate(unicodes=WANTED - (without - JOINERS))
    maker.subset(font)
    names = {
        1: family,
        2: style,
        3: f"{family} {style}",
        4: f"{family} {style}",
        6: f"{family}-{style}".replace(" ", ""),
    }
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)
        font["name"].setName(text, number, 1, 0, 0)
    font["head"].modified = font["head"].created  # the same bytes whenever it is made
    font.recalcTimestamp = False
    font.save(target)
    return font


def widths(font: TTFont) -> list[str]:
    """Its advance widths in 1/1000 em: first code point of a run, then the widths of the run."""
    scale, found = font["head"].unitsPerEm, {}
    for point, glyph in sorted(font.getBestCmap().items()):
        found[point] = round(font["hmtx"][glyph][0] * 1000 / scale)
    lines: list[str] = []
    before = None
    for point, width in found.items():
        if point - 1 != before or len(lines[-1]) > 100:
            lines.append(f"{point:x}")
        lines[-1] += f" {width}"
        before = point
    return lines


def main(arimo: Path, dejavu: Path) -> None:
    """Make all fonts and the table."""
    FONTS.mkdir(exist_ok=True)
    tables, covered = {}, frozenset()
    for (name, file, family, style), constant in zip(MADE, ("REGULAR", "BOLD", "MORE"), strict=True):
        folder = dejavu if name.startswith("DejaVu") else arimo
        font = cut(folder / name, FONTS / file, family, style, covered if folder == dejavu else frozenset())
        tables[constant] = widths(TTFont(FONTS / file))
        if style == "Regular":
            covered |= frozenset(font.getBestCmap())
    text = '"""Widths of the letters of the fonts in pictures/, as docs/make_fonts.py made them.\n\n'
    text += "Each line: the code point of the first letter in hexadecimal, then the widths of it and of those after,\n"
    text += 'in 1/1000 em. MORE is the font for what the others lack.\n"""\n'
    for constant, lines in tables.items():
        text += f'\n{constant} = """\n' + "\n".join(lines) + '\n"""\n'
    (ROOT / "diagram" / "glyph_widths.py").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
