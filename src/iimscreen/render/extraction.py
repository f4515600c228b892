"""How forms and extracted values look in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from iimscreen import forms
from iimscreen.forms.values import described
from iimscreen.model import Form
from iimscreen.render import console, plain
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.quoting import Checked


def form(shown: Form) -> None:
    """The fields of a form, level by level."""
    out = console()
    out.print(Text(plain(shown.title), style="bold"))
    if shown.citation:
        out.print(Text(plain(shown.citation)))
    for level in shown.levels:
        table = Table(box=box.SIMPLE, title=_title(level.title, level.letter), title_justify="left")
        for column in ("field", "question", "what goes in"):
            table.add_column(column, overflow="fold")
        for field in forms.fields_of(shown, level.name):
            name = field.name + ("*" if field.required else "")
            table.add_row(*(Text(plain(text)) for text in (name, field.title, described(field))))
        if table.row_count:
            out.print(table)
    codes = ", ".join(f"{code} {words}" for code, words in forms.CODES.items())
    out.print(Text(f"* required. Codes for a missing value: {codes}."))


def _title(title: str, letter: str) -> str:
    return f"{title} (rows {letter}1, {letter}2, …)" if letter else title


def checked(found: Checked) -> None:
    """How one person's quotes stand up to the texts."""
    out = console()
    for word, problem in found.problems:
        place = " ".join(filter(None, (word.study, word.row, word.field)))
        out.print(Text(plain(f"{place}: {problem}")))
    said = [
        f"{counted(found.found, 'quote')} found in the text",
        f"{found.unread:,} of reports without a text here",
        f"{counted(len(found.problems), 'value')} to look at",
        f"{counted(found.without, 'value')} without a quote",
    ]
    out.print(Text("; ".join(said) + "."))
