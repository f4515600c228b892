"""RIS, as `decision_formats.own_ris` writes it for EndNote, Zotero, Mendeley, Rayyan and Covidence."""

from __future__ import annotations

from collections.abc import Sequence

from iimscreen.decision_formats import Decided, own_ris


def write(reports: Sequence[Decided]) -> bytes:
    """A record for each report."""
    return own_ris.write(reports, {})
