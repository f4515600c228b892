"""Small PDF files for tests, written byte by byte: pages of lines, with page labels where asked for."""

from __future__ import annotations

import io
from collections.abc import Sequence


def pdf(*pages: Sequence[str], first_label: int | None = None) -> bytes:
    """A PDF of these pages, each a list of lines; `first_label` is the number that the file gives its first page."""
    kids = " ".join(f"{4 + 2 * place} 0 R" for place in range(len(pages)))
    labels = "" if first_label is None else f"/PageLabels << /Nums [0 << /S /D /St {first_label} >>] >>"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {labels} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for place, lines in enumerate(pages):
        drawn = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
        stream = f"BT /F1 11 Tf 14 TL 60 780 Td\n{drawn}ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * place} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
    made = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(made))
        made += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    made += "".join(f"{offset:010} 00000 n \n" for offset in offsets).encode()
    made += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(made)


def encrypted(data: bytes, *, opens_with: str, algorithm: str = "AES-256") -> bytes:
    """The same PDF, to be opened with a password; "" opens by itself."""
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(user_password=opens_with, owner_password="owner", algorithm=algorithm)  # noqa: S106 (invented)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
