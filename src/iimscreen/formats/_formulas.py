"""Cells of CSV that no spreadsheet takes for a formula, and the texts that they were."""

from __future__ import annotations

import re

# What Excel, LibreOffice and Google Sheets begin a formula with, in their full-width forms too, and the
# marks behind which they look for one.
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def safe(text: str) -> str:
    """A cell's text with an apostrophe before what a spreadsheet would take for a formula."""
    text = text.replace("\0", "")
    return f"'{text}" if _FORMULA.match(text) else text


def as_it_was(cell: str) -> str:
    """The text that `safe` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
