"""Records in files of reference managers and programs: one file per format, records to bytes. Pure.

A module has `write(reports)`. What stands in the file of a report that has decisions is told in
docs/exports.md; a report without any is written without. What a file of a format holds is read back by the
reader of that format in `formats/`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence

from iimscreen.decision_formats import Decided
from iimscreen.formats import one_line
from iimscreen.model import stated_accession

# The name on the command line, and the module.
FORMATS = {
    "ris": "ris",
    "nbib": "nbib",
    "bibtex": "bibtex",
    "csl-json": "csl_json",
    "records-csv": "records_csv",
    "xlsx": "xlsx",
    "jsonl": "jsonl",
}
ALIASES = {"medline": "nbib", "bib": "bibtex", "csl": "csl-json", "json-lines": "jsonl"}
# Which of them a file's name asks for.
SUFFIXES = {
    ".ris": "ris",
    ".nbib": "nbib",
    ".bib": "bibtex",
    ".json": "csl-json",
    ".csv": "records-csv",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
}

OUTCOMES_ONLY = ("bibtex", "nbib")  # formats with room for where a report stands, and not for each vote
NAMED = ("bibtex", "csl-json")  # formats in which each entry has a name to cite it by

_MADE_UP = re.compile(r"(?:sha256-)?[0-9a-f]{16}(?:-\d+)?")  # a hash in place of an accession number


def write(name: str, reports: Sequence[Decided], names: Mapping[str, str] | None = None) -> bytes:
    """The file of that format. `names`: what each report is called where the format wants a name, by its key."""
    module = importlib.import_module(f"{__name__}.{FORMATS[name]}")
    writer: Callable[..., bytes] = module.write
    return writer(reports, names) if name in NAMED else writer(reports)


def line(text: str | None) -> str:
    """A text as one line of any file: no control characters, nor what no XML can hold."""
    return "" if text is None else one_line(text).replace("\ufffe", "").replace("\uffff", "").strip()


def accession_of(one: Decided) -> str:
    """The number that the source gave the record; "" where it gave none and its content was hashed."""
    accession = line(stated_accession(one.report.record.accession or ""))
    return "" if _MADE_UP.fullmatch(accession) else accession


def outcomes_of(one: Decided) -> str:
    """Where a report stands, at a glance: "title-abstract: include; full-text: exclude (review)"."""
    return "; ".join(
        f"{judged.stage}: {judged.verdict}" + (f" ({judged.verdict_reason})" if judged.verdict_reason else "")
        for judged in one.stages
        if judged.verdict
    )
