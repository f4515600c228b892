"""One HTML page with all tables, that needs nothing beside it, and that Word opens too."""

from __future__ import annotations

from html import escape

from iimscreen.table_files import Contents
from iimscreen.table_files._layout import spans
from iimscreen.tables import Line, Table, footnotes

_STYLE = """
@page { size: A4 landscape; margin: 15mm; }
body { font: 13px/1.4 "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: #1a1a1a; margin: 24px; }
h1 { font-size: 20px; }
figure { margin: 0 0 40px; overflow-x: auto; break-after: page; }
figcaption { font-weight: 600; font-size: 15px; margin: 0 0 6px; }
table { border-collapse: collapse; width: 100%; border-top: 2px solid #1a1a1a; border-bottom: 2px solid #1a1a1a; }
thead { display: table-header-group; }
th { text-align: left; border-bottom: 1px solid #1a1a1a; }
th, td { padding: 4px 8px; vertical-align: top; font-size: 12px; }
tbody td { border-bottom: 1px solid #e3e6ea; }
tr { break-inside: avoid; }
tr.heading td { background: #e8ecf0; font-weight: 600; }
tr.total td { border-top: 1px solid #1a1a1a; font-weight: 600; }
.stamp { color: #b00020; font-weight: 600; margin: 0 0 4px; }
.note { font-size: 12px; margin: 4px 0 0; }
""".strip()


def files(contents: Contents) -> dict[str, bytes]:
    """tables.html, or NAME.html for one table alone."""
    if not contents.tables:
        return {}
    title = contents.title or "Tables"
    stamps = "".join(f'<p class="stamp">{_text(stamp)}</p>' for stamp in contents.stamps)
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>{_text(title)}</h1>\n{stamps}\n"
        + "\n".join(_figure(table) for table in contents.tables)
        + "\n</body>\n</html>\n"
    )
    return {f"{contents.only or 'tables'}.html": page.encode("utf-8", "replace")}


def _figure(table: Table) -> str:
    stamps = "".join(f'<p class="stamp">{_text(stamp)}</p>\n' for stamp in table.stamps)
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in table.columns)
    body = "\n".join(_row(line, len(table.columns)) for line in table.lines)
    notes = "\n".join(f'<p class="note">{_text(note)}</p>' for note in footnotes(table))
    grid = (
        f"<table cellpadding='4' cellspacing='0'>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
        if table.lines
        else '<p class="note">No rows.</p>'
    )
    return (
        f'<figure id="{_text(table.name)}">\n<figcaption>{_text(table.caption)}</figcaption>\n'
        f"{stamps}{grid}\n{notes}\n</figure>"
    )


def _row(line: Line, columns: int) -> str:
    if line.kind != "row" and spans(line.cells):
        return f'<tr class="{line.kind}"><td colspan="{columns}">{_text(line.cells[0])}</td></tr>'
    cells = "".join(f"<td>{_text(cell)}</td>" for cell in line.cells)
    return f'<tr class="{line.kind}">{cells}</tr>'


def _text(text: str) -> str:
    return escape(text.replace("\0", "\ufffd")).replace("\n", "<br>")
