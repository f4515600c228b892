"""How fast PubMed XML becomes records: Biopython, pubmed_parser, lxml, this reader, and a real import.

Usage: python benchmarks/pubmed_xml.py FILE.xml.gz [--rounds 3]

Each reader works in a process of its own, in turn, `--rounds` times; the best CPU time counts, so
that the ratios of one run can be read on a busy machine. Biopython comes with this package;
pubmed_parser and lxml are measured where they are installed.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ABSENT = 75
REFUSED = 76


def entrez(path: Path) -> int:
    from Bio import Entrez

    with gzip.open(path) as file:
        sets = Entrez.read(file, validate=False)  # the 2016 records have elements that later DTDs dropped
    return _number_in(sets)


def entrez_by_default(path: Path) -> int:
    """As `entrez`, but it refuses a file with elements that its DTD does not know; no DTD is downloaded."""
    from Bio import Entrez
    from Bio.Entrez.Parser import ValidationError

    try:
        with gzip.open(path) as file:
            sets = Entrez.read(file)
    except ValidationError:
        sys.exit(REFUSED)
    return _number_in(sets)


def _number_in(sets: dict[str, list[object]] | list[object]) -> int:
    # Under DTDs up to 2015 the set is one list.
    return len(sets) if isinstance(sets, list) else sum(map(len, sets.values()))


def pubmed_parser(path: Path) -> int:
    import pubmed_parser

    return sum(
        1
        for _ in pubmed_parser.parse_medline_xml(
            str(path), year_info_only=False, nlm_category=False, author_list=True, reference_list=False
        )
    )


def lxml(path: Path) -> int:
    from lxml import etree

    count = 0
    with gzip.open(path) as file:
        for _, element in etree.iterparse(file, tag=("PubmedArticle", "PubmedBookArticle")):
            count += 1
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return count


def ours(path: Path) -> int:
    from iimscreen.formats import pubmed_xml

    with path.open("rb") as file:
        return sum(1 for _ in pubmed_xml.read_stream(file))


def import_(path: Path) -> int:
    from iimscreen import importing, review_protocol
    from iimscreen.store import open_review

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "review.db")
        review_protocol.create(file)
        with open_review(file) as review:
            (outcome,) = importing.import_files(review, [path], database="PubMed")
    return outcome.new


@dataclass(frozen=True, slots=True)
class Reader:
    """One way to read the file; what it imports is loaded before the clock starts."""

    title: str
    imports: tuple[str, ...]
    read: Callable[[Path], int]


READERS = {
    "entrez": Reader("Bio.Entrez.read, validate=False", ("Bio.Entrez.Parser",), entrez),
    "entrez_by_default": Reader("Bio.Entrez.read, as by default", ("Bio.Entrez.Parser",), entrez_by_default),
    "pubmed_parser": Reader("pubmed_parser", ("pubmed_parser",), pubmed_parser),
    "lxml": Reader("lxml, parse only", ("lxml.etree",), lxml),
    "ours": Reader("iimscreen, all fields", ("iimscreen.formats.pubmed_xml",), ours),
    "import": Reader("iimscreen, imported into a new review", ("iimscreen.demo",), import_),
}


def measure(name: str, path: Path) -> None:
    reader = READERS[name]
    try:
        for module in reader.imports:
            importlib.import_module(module)
    except ImportError:
        sys.exit(ABSENT)
    before = time.process_time()
    records = reader.read(path)
    cpu = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"records": records, "cpu": cpu, "mb": peak}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=READERS, default=list(READERS))
    parser.add_argument("--one", choices=READERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one, given.file)
        return
    found: dict[str, list[dict[str, float]]] = {}
    missing: dict[str, str] = {}
    for _ in range(given.rounds):
        for name in given.only:
            command = [sys.executable, __file__, str(given.file), "--one", name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode in (ABSENT, REFUSED):
                missing[name] = "not installed" if done.returncode == ABSENT else "refuses the file"
                continue
            if done.returncode:
                sys.exit(done.stderr)
            found.setdefault(name, []).append(json.loads(done.stdout))
    print_table(given.only, found, missing)


def print_table(names: list[str], found: dict[str, list[dict[str, float]]], missing: dict[str, str]) -> None:
    def best(name: str, fact: str) -> float | None:
        return min((one[fact] for one in found[name]), default=None) if name in found else None

    print("| Reader | records | CPU s | records/s | × Entrez.read | × pubmed_parser | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        cpu = best(name, "cpu")
        if cpu is None:
            print(f"| {READERS[name].title} | {missing[name]} | | | | | |")
            continue
        ratios = [
            f"{other / cpu:.2f}" if (other := best(against, "cpu")) else "–"
            for against in ("entrez", "pubmed_parser")
        ]
        records = found[name][0]["records"]
        print(
            f"| {READERS[name].title} | {records:,} | {cpu:.2f} | {records / cpu:,.0f} | "
            f"{ratios[0]} | {ratios[1]} | {best(name, 'mb'):,.0f} |"
        )


if __name__ == "__main__":
    main()
