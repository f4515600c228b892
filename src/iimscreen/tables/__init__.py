"""Tables of a review's extracted data, and the sums in them, as plain values. Pure: no file is written here."""

from __future__ import annotations
