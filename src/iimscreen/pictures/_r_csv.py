"""The numbers as the CSV template of PRISMA2020 (R) has them, so that its figure can be made of ours.

Its header, keys and order are the template's; box texts are those of PRISMA 2020 (CC BY). What it has no row for,
reports awaiting classification and ongoing studies, is not in it.
"""

from __future__ import annotations

import csv
import io
import re

from iimscreen.diagram import Column, Diagram, Line
from iimscreen.diagram.measure import printable

HEADER = ("data", "node", "box", "description", "boxtext", "tooltips", "url", "n")
NA = "NA"
_DATABASES, _OTHER = "databases and registers", "other methods"
_EXCLUDED = ("dbr_excluded", "other_excluded")
_PARTS = {"database_specific_results": "database_results", "register_specific_results": "register_results"}
# Key, node, box, text in the box, and which column or phase it is of. A key of NA is a heading.
ROWS = (
    (NA, "node4", "prevstud", "Previous studies", "heading"),
    ("previous_studies", "node5", "box1", "Studies included in previous version of review", ""),
    ("previous_reports", NA, "box1", "Reports of studies included in previous version of review", ""),
    (NA, "node6", "newstud", "Identification of new studies via databases and registers", "heading"),
    ("database_results", "node7", "box2", "Databases", "Records identified"),
    ("database_specific_results", NA, "box2", "Specific Databases", "Records identified, each database"),
    ("register_results", NA, "box2", "Registers", "Records identified"),
    ("register_specific_results", NA, "box2", "Specific Registers", "Records identified, each register"),
    (NA, "node16", "othstud", "Identification of new studies via other methods", "heading"),
    ("website_results", "node17", "box11", "Websites", "Records identified"),
    ("organisation_results", NA, "box11", "Organisations", "Records identified"),
    ("citations_results", NA, "box11", "Citation searching", "Records identified"),
    ("duplicates", "node8", "box3", "Duplicate records", "Removed before screening"),
    (
        "excluded_automatic",
        NA,
        "box3",
        "Records marked as ineligible by automation tools",
        "Removed before screening",
    ),
    ("excluded_other", NA, "box3", "Records removed for other reasons", "Removed before screening"),
    ("records_screened", "node9", "box4", "Records screened", _DATABASES),
    ("records_excluded", "node10", "box5", "Records excluded", _DATABASES),
    ("dbr_sought_reports", "node11", "box6", "Reports sought for retrieval", _DATABASES),
    ("dbr_notretrieved_reports", "node12", "box7", "Reports not retrieved", _DATABASES),
    ("other_sought_reports", "node18", "box12", "Reports sought for retrieval", _OTHER),
    ("other_notretrieved_reports", "node19", "box13", "Reports not retrieved", _OTHER),
    ("dbr_assessed", "node13", "box8", "Reports assessed for eligibility", _DATABASES),
    ("dbr_excluded", "node14", "box9", "Reports excluded", _DATABASES),
    ("other_assessed", "node20", "box14", "Reports assessed for eligibility", _OTHER),
    ("other_excluded", "node21", "box15", "Reports excluded", _OTHER),
    ("new_studies", "node15", "box10", "New studies included in review", ""),
    ("new_reports", NA, "box10", "Reports of new included studies", ""),
    ("total_studies", "node22", "box16", "Total studies included in review", ""),
    ("total_reports", NA, "box16", "Reports of total included studies", ""),
    ("identification", "node1", "identification", "Identification", "phase"),
    ("screening", "node2", "screening", "Screening", "phase"),
    ("included", "node3", "included", "Included", "phase"),
    ("total_studies_ma", NA, "box17", "Total studies included in meta-analysis", ""),
    ("total_reports_ma", NA, "box17", "Reports of total included studies in meta-analysis", ""),
)
_FORMULA = "=+-@"


def written(diagram: Diagram) -> str:
    """The table as text: a list as "Name, n; Name, n", "NA" for what does not apply or is closed to view."""
    lines = {line.number: line for box in diagram.boxes for line in box.lines if line.number}
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(HEADER)
    for key, node, box, text, about in ROWS:
        shown = _text(diagram, lines.get(key), box, text)
        said = f"{shown} ({about})" if about else shown
        is_a_number = about not in ("heading", "phase")
        writer.writerow((key, node, box, said, shown, said, NA, _value(key, lines) if is_a_number else "0"))
    return made.getvalue()


def _text(diagram: Diagram, line: Line | None, box: str, text: str) -> str:
    """What the box says in our figure; the heading that every figure has also bears its stamps."""
    headings: dict[str, Column | None] = {
        "prevstud": diagram.previous,
        "newstud": diagram.databases,
        "othstud": diagram.other,
    }
    column = headings.get(box)
    if column is not None:
        stamps = [diagram.notice, "INTERIM" if diagram.is_interim else ""] if box == "newstud" else []
        return " - ".join(printable(part) for part in (column.heading, *stamps) if part)
    if line is not None and box == "box10":  # "New studies" in an update alone
        return line.text
    return text


def _value(key: str, lines: dict[str, Line]) -> str:
    name = _PARTS.get(key, key)
    parts = [
        f"{safe_label(line.text)}, {line.n}"
        for number, line in lines.items()
        if number.startswith(f"{name}.") and line.n is not None
    ]
    if key in _PARTS:
        return "; ".join(parts) or NA
    if key in _EXCLUDED and parts:
        return "; ".join(parts)
    line = lines.get(name)
    return NA if line is None or line.n is None else str(line.n)


def safe_label(label: str) -> str:
    """A label that the package reads back whole: it cuts at the first comma, and splits at semicolons."""
    label = re.sub(r"(?<=\d),(?=\d{3}\b)", "", printable(label))
    label = re.sub(r"\s*[,;]+\s*", " / ", label).strip(" /") or "(no name)"
    return f"“{label}”" if label[0] in _FORMULA else label
