"""What readers know years and identifiers by in a text, where they agree on it."""

from __future__ import annotations

import re

CONTROLS = dict.fromkeys([*range(9), *range(14, 28), *range(127, 160)])  # to be left out by `str.translate`
YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|2[01]\d\d)(?!\d)")
# A number of a database holds four digits at least, so that a running number is none.
ACCESSION = re.compile(r"(?=(?:[^0-9]*[0-9]){4})[A-Za-z0-9][\w:.()/-]{3,63}")
# A DOI in a note or a link counts only where the text says that it is one.
STATED_DOI = re.compile(r"(?:\bdoi(?:\.org/|\s*:\s*|\s+)|^\s*)(10\.\d{4,9}/\S+)", re.IGNORECASE)
PMID = re.compile(r"0*([1-9]\d{0,8})", re.ASCII)
PUBMED_ADDRESS = re.compile(r"ncbi\.nlm\.nih\.gov/(?:m/)?(?:pubmed/)?(\d{1,9})(?:[/?#\s]|$)")
PMCID = re.compile(r"\bPMC\s?(\d{3,9})\b")
