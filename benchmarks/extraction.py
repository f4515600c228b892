"""How long a sheet of data extraction takes to write and to load: 500 studies, 40 fields, 5 patients each.

Usage: python benchmarks/extraction.py [--studies 500] [--patients 5] [--fields 40] [--rounds 3]

Each way works in a process of its own, in turn, `--rounds` times; the best CPU time (user and system) counts,
with start-up, so that the ratios of one run can be read on a busy machine. The bounds: openpyxl alone writing
the same texts with no style, and openpyxl alone reading the cells of our sheet in its read-only mode.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

WAYS = {
    "bare-write": "openpyxl alone, write-only: the same texts, no styles, no rules",
    "write": "iimscreen extract sheet, all values on it",
    "bare-read": "openpyxl alone, read-only: every cell of that sheet",
    "unchanged": "iimscreen extract load, nothing changed on it",
    "load": "iimscreen extract load, into a review without a value",
}


def form(fields: int) -> str:
    """A form whose fields are of every kind, a quarter of them of the study."""
    kinds = (
        'type = "text"',
        'type = "integer"\nleast = 0',
        'type = "choice"\nchoices = ["one", "two", "three"]',
        'type = "number"\nunits = ["mg", "g"]',
        'type = "date"',
    )
    lines = ["[extraction]", 'mode = "double"', "[[extraction.level]]", 'name = "group"', 'title = "Patient"']
    lines += ['letter = "P"']
    for number in range(fields):
        level = "study" if number < fields // 4 else "group"
        lines += [
            "[[extraction.field]]",
            f'name = "f{number}"',
            f'level = "{level}"',
            f'title = "Field {number}"',
        ]
        lines += [kinds[number % len(kinds)]]
    return "\n".join(lines)


def value(number: int, place: int) -> tuple[str, str]:
    """A value of that field, and its unit."""
    texts = (f"a text of {place} words", str(place % 90), "two", f"{place % 70}.5", "2021-03")
    return texts[number % len(texts)], "mg" if number % len(texts) == 3 else ""


def make(folder: Path, studies: int, patients: int, fields: int) -> None:
    """A review with all values, one with none, and the sheet of each that the ways need."""
    from iimscreen import extraction_sheets, review_protocol
    from iimscreen.extracting import Given, Seat
    from iimscreen.sheets import writing
    from iimscreen.store import open_review
    from iimscreen.store import studies as names

    text = review_protocol.bundled().read_text(encoding="utf-8").split("\n[extraction]")[0]
    (folder / "protocol.toml").write_text(f"{text}\n{form(fields)}", encoding="utf-8")
    review_protocol.create(folder / "empty.db", folder / "protocol.toml")
    with open_review(folder / "empty.db") as review, review.writing():
        for study in range(studies):
            names.add(review, f"Study {study:03d}", by="ann")
    shutil.copy(folder / "empty.db", folder / "full.db")
    with open_review(folder / "full.db") as review:
        Seat(review, "ann").take(
            Given("", f"Study {study:03d}", row, f"f{number}", *value(number, study * 7 + place))
            for study in range(studies)
            for place, row in enumerate(["", *(f"P{patient + 1}" for patient in range(patients))])
            for number in (range(fields // 4, fields) if row else range(fields // 4))
        )
        (folder / "full.xlsx").write_bytes(extraction_sheets.write(review, "ann", spare=0)[0])
        full = extraction_sheets.content(review, "ann", spare=0)
    with open_review(folder / "empty.db") as review:
        empty = extraction_sheets.content(review, "ann", spare=0)
    # What a person would have filled in by hand: the values of the one, on the sheet of the other.
    import dataclasses

    filled = dataclasses.replace(full, heading=empty.heading)
    (folder / "filled.xlsx").write_bytes(writing.workbook(filled))


def work(way: str, folder: Path) -> None:
    """One way, in this process."""
    if way.startswith("bare"):
        import openpyxl

        if way == "bare-read":
            book = openpyxl.load_workbook(folder / "full.xlsx", read_only=True)
            count = sum(
                cell is not None
                for sheet in book
                for row in sheet.iter_rows(values_only=True)
                for cell in row
            )
            print(f"{count:,} cells", file=sys.stderr)
            return
        rows = openpyxl.load_workbook(folder / "full.xlsx", read_only=True)
        texts = [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in rows]
        start = os.times()
        book = openpyxl.Workbook(write_only=True)
        for sheet in texts:
            page = book.create_sheet()
            for row in sheet:
                page.append(row)
        book.save(folder / "bare.xlsx")
        end = os.times()
        print(end.user + end.system - start.user - start.system)
        return
    from iimscreen.cli import app

    review = folder / ("working.db" if way == "load" else "full.db")
    if way == "write":
        out = folder / "written.xlsx"
        out.unlink(missing_ok=True)
        app(
            [
                "extract",
                "sheet",
                "--reviewer",
                "ann",
                "--spare",
                "0",
                "--out",
                str(out),
                "--review",
                str(review),
            ]
        )
    else:
        sheet = folder / ("filled.xlsx" if way == "load" else "full.xlsx")
        app(["extract", "load", str(sheet), "--reviewer", "ann", "--review", str(review)])


def measure(way: str, folder: Path) -> float:
    """CPU seconds of one way in a process of its own."""
    shutil.copy(folder / "empty.db", folder / "working.db")
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(writing, 1)
        os.execv(sys.executable, [sys.executable, __file__, "--work", way, str(folder)])
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        said = told.read()
    _, status, used = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{way} failed")
    # The bare writer first reads what it writes, and tells the time of writing alone.
    return float(said) if way == "bare-write" else used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, usual in (("studies", 500), ("patients", 5), ("fields", 40), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work[0], Path(given.work[1]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_STATE_HOME"] = name
        make(folder, given.studies, given.patients, given.fields)
        size = (folder / "full.xlsx").stat().st_size
        cells = given.studies * (given.fields // 4 + given.patients * (given.fields - given.fields // 4))
        print(
            f"{given.studies:,} studies, {given.patients} patients each, {cells:,} values, {size:,} bytes\n"
        )
        best = dict.fromkeys(WAYS, float("inf"))
        for _ in range(given.rounds):
            for way in WAYS:
                best[way] = min(best[way], measure(way, folder))
        for way, told in WAYS.items():
            bound = best["bare-write" if way in ("write", "bare-write") else "bare-read"]
            print(f"{way:<11}{best[way]:7.2f} s  {best[way] / bound:5.2f}  {told}")


if __name__ == "__main__":
    main()
