"""Make the files of the demo's extraction from what the published review states.

    python benchmarks/make_demo_extraction.py queries/iim

Reads stated_facts.json, known_items.csv and corpus.jsonl there, writes demo/extraction-ann.csv,
demo/extraction-bob.csv, demo/extraction-consensus.csv and demo/stated-totals.csv. How a fact is coded stands in
demo_extraction_codes.py; numbers, drugs and ages are those of stated_facts.json. What the review does not state is
NR. The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from demo_extraction_codes import (
    ANTIBODIES,
    CONSENSUS,
    DESIGNS,
    DRUGS,
    EVENTS,
    GROUPS,
    NOTES,
    ORGANS,
    OUTCOMES,
    OWN,
    OWN_FOLLOW_UP,
    OWN_NAME,
    PATIENTS,
    SLIPS,
    SUBTYPES,
    TOTALS,
    TREATMENTS,
)

COLUMNS = ("study", "row", "of", "field", "value", "unit", "quote", "page", "report", "formula", "note")
NOT_STATED = ("country", "centres", "funding", "consecutive", "recruited_from", "recruited_to")
Line = dict[str, str]


def main(folder: Path) -> None:
    """Write the files."""
    facts = json.loads((folder / "stated_facts.json").read_text(encoding="utf-8"))
    with (folder / "known_items.csv").open(encoding="utf-8", newline="") as file:
        known = {int(row["reference_number"]): f"corpus:{row['corpus_id']}" for row in csv.DictReader(file)}
    records = {}
    for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        records[f"corpus:{record['source_id']}"] = record
    names = {number: study_name(records[key]) for number, key in known.items()}

    ann = [line for paper in facts["papers"] for line in of_paper(paper, names, records, known)]
    ann += of_own(facts)
    bob = [dict(line) for line in ann]
    for number, row, field, value, unit, note in SLIPS:
        study = names.get(number, OWN_NAME)
        (line,) = [one for one in bob if (one["study"], one["row"], one["field"]) == (study, row, field)]
        line.update(value=value, unit=unit, note=note)

    out = folder / "demo"
    save(out / "extraction-ann.csv", COLUMNS, ann)
    save(out / "extraction-bob.csv", COLUMNS, bob)
    save(
        out / "extraction-consensus.csv",
        ("study", "row", "field", "take", "reason"),
        [
            {"study": names.get(number, OWN_NAME), "row": row, "field": field, "take": take, "reason": reason}
            for number, row, field, take, reason in CONSENSUS
        ],
    )
    save(out / "stated-totals.csv", ("name", "value", "counts", "where", "of", "source", "page"), [
        {
            "name": name, "value": str(value), "counts": counts, "where": where,
            "of": "; ".join(OWN_NAME if number == 0 else names[number] for number in of),
            "source": facts["paper"], "page": "text",
        }
        for name, value, counts, where, of in TOTALS
    ])  # fmt: skip


def study_name(record: dict) -> str:
    """First author and year, as studies are named from their reports."""
    first = record["authors"][0]
    family = first["family"] if isinstance(first, dict) else first[0]
    return f"{family} {record['year']}"


def save(path: Path, columns: tuple[str, ...], lines: list[Line]) -> None:
    """Write a CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(lines)
    path.write_text(out.getvalue(), encoding="utf-8")


# --- the 41 reports --------------------------------------------------------------------------------


def of_paper(paper: dict, names: dict[int, str], records: dict, known: dict[int, str]) -> Iterator[Line]:
    """Every cell of one report."""
    number = paper["reference_number"]
    study, record = names[number], records[known[number]]
    family = study.rpartition(" ")[0]
    n, n_page = paper["n"], page_of(paper["n_from"])

    def cell(row: str, field: str, value: object, page: str = "", **more: str) -> Line:
        text = "NR" if value is None else str(value)
        return {
            "study": study,
            "row": row,
            "field": field,
            "value": text,
            "page": "" if text == "NR" else page,
            **more,
        }

    yield cell("", "first_author", family, "reference list")
    yield cell("", "year", record["year"], "reference list")
    yield from (cell("", field, None) for field in NOT_STATED)
    secondary = number == 32
    yield cell("", "source", "secondary" if secondary else "primary", "title" if secondary else "text")
    design, design_page = DESIGNS.get(number, ("case report", n_page) if n == 1 else (None, ""))
    yield cell("", "design", design, design_page)
    if design == "comparative cohort":
        yield cell("", "comparator", "tacrolimus", "title")
    groups = GROUPS.get(number, [("all" if n != 1 else "patient", n)])
    eligible = sum(size for _, size in groups) if n is not None else None
    yield cell("", "n_total", n, n_page)
    yield cell("", "n_eligible", eligible, n_page)
    if eligible != n:
        yield cell("", "mixed", "yes", "text")
        yield cell("", "n_excluded", n - eligible, "text")
        yield cell("", "excluded_why", "juvenile", "text")
        yield cell("", "n_juvenile", n - eligible, "text")
        yield cell("", "separable", None)
    else:
        yield cell("", "mixed", None)
    counters = {"T": 0, "O": 0, "A": 0}
    for place, (label, size) in enumerate(groups, 1):
        yield from of_group(paper, cell, f"P{place}", label, size, counters)


def of_group(
    paper: dict, cell, row: str, label: str, size: int | None, counters: dict[str, int]
) -> Iterator[Line]:
    """Every cell of a patient or group, and of what stands below it."""
    number = paper["reference_number"]
    n_page = page_of(paper["n_from"])
    is_one = size == 1
    age, sex = PATIENTS.get(number, (None, None))
    yield cell(row, "label", label, "", note=NOTES.get(number, ""))
    yield cell(row, "unit", "patient" if is_one else "group", n_page)
    yield cell(row, "n", size, n_page)
    yield cell(row, "age", age, "text")
    yield cell(row, "sex" if is_one else "n_female", sex, "text")
    subtype, page, note = SUBTYPES[number]
    yield cell(row, "subtype", subtype, page, note=note)
    found, page, counts = ANTIBODIES.get(number, (None, "", ""))
    yield cell(row, "antibodies", found, page)
    if counts:
        yield cell(row, "antibody_counts", counts, "text")
    yield cell(row, "organs", *ORGANS.get(number, (None, "")))
    yield cell(row, "failed", None)
    events = EVENTS.get((number, row), [])
    yield cell(row, "events_told", "some occurred" if events else None, "text")

    def below(letter: str, cells: list[tuple[str, object, str]]) -> Iterator[Line]:
        counters[letter] += 1
        for field, value, page in cells:
            yield {**cell(f"{letter}{counters[letter]}", field, value, page), "of": row}

    drug = DRUGS[paper["drug"]]
    drug_page = "title" if number != 40 and number != 43 and number != 44 else "text"
    for treatment in TREATMENTS.get((number, row), TREATMENTS.get(number, [{}])):
        yield from below("T", [
            ("drug", drug, drug_page),
            ("dose", None, ""),
            *((field, value, page) for field, (value, page) in treatment.items()),
            *([] if "concomitant" in treatment else [("concomitant", None, "")]),
        ])  # fmt: skip
    for outcome in OUTCOMES.get((number, row), []):
        yield from below("O", [(field, value, outcome[1]) for field, value in outcome[0].items()])
    for event in events:
        yield from below("A", [(field, value, "text") for field, value in event.items()])


def page_of(where: str | None) -> str:
    """Where a number stands: the text of the review, or only the title of the report."""
    return "" if where is None else "title" if where.startswith("title") else "text"


# --- the six patients ------------------------------------------------------------------------------


def of_own(facts: dict) -> list[Line]:
    """Every cell of the review's own patients."""
    lines: list[Line] = []

    def add(row: str, field: str, value: object, unit: str = "", of: str = "") -> None:
        text = "NR" if value is None else str(value)
        place = {"study": OWN_NAME, "row": row, "of": of, "field": field}
        lines.append({**place, "value": text, "unit": unit, "page": "" if text == "NR" else "text"})

    for field, value in OWN["study"].items():
        add("", field, value)
    outcomes = events = 0
    for patient in facts["patients"]:
        number = patient["patient"]
        coded, row = OWN[number], f"P{number}"
        add(row, "label", f"Patient {number}")
        add(row, "unit", "patient")
        add(row, "n", 1)
        add(row, "age", patient["age"])
        add(row, "sex", patient["sex"])
        for field, value in coded["patient"].items():
            add(row, field, value)
        add(row, "events_told", "some occurred" if patient["adverse_events"] else None)
        dose = re.match(r"(\d+) mg", patient["dose"])
        line = f"T{number}"
        add(line, "drug", DRUGS[patient["drug"]], of=row)
        add(line, "dose", dose[1] if dose else None, "mg" if dose else "", of=row)
        add(line, "frequency", "twice a day" if "twice" in patient["dose"] else "once a day", of=row)
        add(line, "start_date", patient["started"], of=row)
        for field, value in coded["treatment"].items():
            add(line, field, value, of=row)
        for domain, instrument, weeks, when, value, unit in (*_baseline(patient), *OWN_FOLLOW_UP[number]):
            outcomes += 1
            line = f"O{outcomes}"
            add(line, "domain", domain, of=row)
            add(line, "instrument", instrument, of=row)
            add(line, "time_weeks", weeks, of=row)
            add(line, "time_text", when, of=row)
            if instrument == "judged by the authors":
                add(line, "response", value, of=row)
            else:
                add(line, "value", value, unit, of=row)
        for event in coded["events"]:
            events += 1
            for field, value in event.items():
                add(f"A{events}", field, value, of=row)
    return lines


def _baseline(patient: dict) -> Iterator[tuple]:
    """Laboratory values before the drug; words such as normal are left out."""
    for name, value in (patient["laboratory"] or {}).items():
        instrument, _, unit = name.partition("_")
        if instrument in ("CRP", "ESR", "CK", "ferritin") and not isinstance(value, str):
            domain = "muscle" if instrument == "CK" else "laboratory"
            yield domain, instrument, 0, "before the drug", value, UNITS[unit]


UNITS = {"mg_dL": "mg/dL", "ng_mL": "ng/mL", "mm_h": "mm/h", "UI_L": "U/L", "U_L": "U/L"}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
