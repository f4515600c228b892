"""How forms and extracted values look in the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from iimscreen import forms
from iimscreen.forms.values import described
from iimscreen.model import Form
from iimscreen.render import console, plain


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
