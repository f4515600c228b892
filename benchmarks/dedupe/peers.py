"""Other tools, each run as its authors recommend, in a process of its own; automatic merges only.

A peer is given the records in a form that it reads. bib-dedupe takes a table, which is made before the
clock starts, and prepares, blocks, matches and clusters; of its matches only those that it calls
duplicates count, not its "maybe". deduplicate-it is a command that reads the RIS file itself.
"""

from __future__ import annotations

import csv
import importlib.metadata
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import plain_ris
from processes import Cost, run

_TABLE = "records.csv"
_EXCLUDED = "excluded_duplicates.csv"
_ENTRY_TYPES = {"CPAPER": "inproceedings", "CONF": "inproceedings", "CHAP": "inbook", "BOOK": "book"}
_COLUMNS = (
    *("ID", "ENTRYTYPE", "author", "title", "journal", "booktitle", "year", "volume", "number", "pages"),
    *("doi", "abstract"),
)
_BIB_DEDUPE = f"""
import csv
import pandas
from bib_dedupe.bib_dedupe import block, cluster, match, prep

if __name__ == "__main__":
    records = pandas.read_csv({_TABLE!r}, dtype=str, keep_default_na=False)
    groups = cluster(match(block(prep(records))))
    with open("groups.csv", "w", newline="") as file:
        csv.writer(file).writerows(groups)
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool from the package index, and how it is asked which records are one."""

    distribution: str
    command: tuple[str, ...]
    prepare: Callable[[Path, Path], None]  # given the RIS file and an empty folder to work in
    groups: Callable[[Path, list[str]], dict[str, str]]  # given that folder and the records' ids in order

    @property
    def version(self) -> str | None:
        """Its installed version, or None."""
        try:
            return importlib.metadata.version(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None

    def run(self, ris: Path, folder: Path, *, timeout_s: float) -> tuple[Cost, dict[str, str]]:
        """What it cost, and each record's group; none where it was stopped at the time limit."""
        self.prepare(ris, folder)
        cost = run(self.command, folder, timeout_s=timeout_s)
        ids = [plain_ris.first(tags, "ID") for tags in plain_ris.read(ris)]
        return cost, {} if cost.is_stopped else self.groups(folder, ids)


def _prepare_bib_dedupe(ris: Path, folder: Path) -> None:
    with (folder / _TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for tags in plain_ris.read(ris):
            kind = _ENTRY_TYPES.get(plain_ris.first(tags, "TY"), "article")
            source = plain_ris.first(tags, "T2", "JO", "JF")
            writer.writerow(
                [
                    plain_ris.first(tags, "ID"),
                    kind,
                    " and ".join(tags.get("AU", tags.get("A1", []))),
                    plain_ris.first(tags, "TI", "T1"),
                    source if kind == "article" else "",
                    "" if kind == "article" else source,
                    plain_ris.first(tags, "PY", "Y1"),
                    plain_ris.first(tags, "VL"),
                    plain_ris.first(tags, "IS"),
                    plain_ris.pages(tags),
                    plain_ris.first(tags, "DO"),
                    plain_ris.first(tags, "AB", "N2"),
                ]
            )
    (folder / "run_bib_dedupe.py").write_text(_BIB_DEDUPE, encoding="utf-8")


def _groups_of_bib_dedupe(folder: Path, ids: list[str]) -> dict[str, str]:
    group_of = {one: one for one in ids}
    with (folder / "groups.csv").open(newline="", encoding="utf-8") as file:
        for members in csv.reader(file):
            group_of.update(dict.fromkeys(members, members[0]))
    return group_of


def _prepare_deduplicate_it(ris: Path, folder: Path) -> None:
    (folder / "source").mkdir()
    (folder / "source" / "records.ris").symlink_to(ris.resolve())


def _groups_of_deduplicate_it(folder: Path, ids: list[str]) -> dict[str, str]:
    group_of = {one: one for one in ids}
    with (folder / _EXCLUDED).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):  # its numbers count records in the order of the file
            group_of[ids[int(row["excluded_uid"])]] = ids[int(row["kept_uid"])]
    return group_of


PEERS = (
    Peer(
        "bib-dedupe",
        (sys.executable, "run_bib_dedupe.py"),
        _prepare_bib_dedupe,
        _groups_of_bib_dedupe,
    ),
    Peer(
        "deduplicate-it",
        (sys.executable, "-c", "from deduplicate_it.core import main; main()", "--source", "source"),
        _prepare_deduplicate_it,
        _groups_of_deduplicate_it,
    ),
)
