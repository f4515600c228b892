"""Sets of records with known duplicates, handed out or generated, and the scorer's figures."""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class LabelledSet:
    """NAME.ris beside NAME.gold.csv (record_id,group_id; record_id is the RIS tag ID)."""

    name: str
    ris: Path
    gold: Path

    @cached_property
    def group_of(self) -> dict[str, str]:
        """Each record's group as labelled; a record without one is alone."""
        with self.gold.open(newline="", encoding="utf-8-sig") as file:
            return {row["record_id"]: row["group_id"] or row["record_id"] for row in csv.DictReader(file)}

    def is_one(self, one: str, other: str) -> bool:
        """Whether two records, by their ids, are labelled as one report."""
        return self.group_of[one] == self.group_of[other]


@dataclass(frozen=True, slots=True)
class Score:
    """How well records were grouped, counted in records to be removed."""

    f1: float
    precision: float
    sensitivity: float
    fp: int  # records wrongly removed
    fn: int  # duplicates left


def handed_out(folder: Path, names: Sequence[str] = ()) -> list[LabelledSet]:
    """The sets of a folder, all or those named. Raises FileNotFoundError if a name, or any set, is missing."""
    found = [
        LabelledSet(ris.stem, ris, gold)
        for ris in sorted(folder.glob("*.ris"))
        if (gold := ris.with_suffix(".gold.csv")).exists()
    ]
    missing = set(names) - {one.name for one in found}
    if missing or not found:
        raise FileNotFoundError(
            f"{folder} lacks NAME.ris and NAME.gold.csv for {', '.join(missing) or 'any NAME'}"
        )
    return [one for one in found if not names or one.name in names]


@dataclass(frozen=True, slots=True)
class Generator:
    """scale.py with its options; what it made is kept in `cache` and not made again."""

    bench: Path
    cache: Path
    hard: str = "0.12"
    damage: str = "2.5"
    abstract: str = "short"

    def make(self, records: int, seed: int) -> LabelledSet:
        """That many records."""
        name = f"generated-{records}-seed-{seed}-hard-{self.hard}-damage-{self.damage}-{self.abstract}"
        prefix = self.cache / name
        ris, gold = self.cache / f"{name}.ris", self.cache / f"{name}.gold.csv"
        if not gold.exists():
            self.cache.mkdir(parents=True, exist_ok=True)
            options = ["--hard", self.hard, "--damage", self.damage, "--abstract", self.abstract]
            subprocess.run(
                [
                    sys.executable,
                    self.bench / "scale.py",
                    str(records),
                    prefix,
                    "--seed",
                    str(seed),
                    *options,
                ],
                stdout=subprocess.DEVNULL,
                check=True,
            )
        return LabelledSet(f"generated {records:,}, seed {seed}", ris, gold)

    def kinds(self, made: LabelledSet) -> dict[str, tuple[str, str]]:
        """For each record of a generated set, what it was made as and how it was damaged."""
        meta = made.gold.with_name(made.gold.name.replace(".gold.csv", ".meta.csv"))
        with meta.open(newline="", encoding="utf-8") as file:
            return {row["record_id"]: (row["kind"], row["perturbations"]) for row in csv.DictReader(file)}


def score(bench: Path, labelled: LabelledSet, group_of: Mapping[str, str]) -> Score:
    """The scorer's figures at record level; records that `group_of` lacks count as alone."""
    with tempfile.TemporaryDirectory() as folder:
        predicted = Path(folder, "predicted.csv")
        with predicted.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["record_id", "group_id"])
            writer.writerows(group_of.items())
        done = subprocess.run(
            [sys.executable, bench / "score.py", labelled.gold, predicted],
            capture_output=True,
            text=True,
            check=True,
        )
    level = json.loads(done.stdout)["record_level"]
    return Score(
        f1=level["F1"] or 0.0,
        precision=level["precision"]
        if level["precision"] is not None
        else 1.0,  # nothing merged, nothing wrong
        sensitivity=level["sensitivity"],
        fp=level["FP"],
        fn=level["FN"],
    )


def parser_of_sets(doc: str | None) -> argparse.ArgumentParser:
    """Options that name handed-out sets and sets to be generated."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the labelled sets are")
    parser.add_argument("names", nargs="*", help="NAME of NAME.ris and NAME.gold.csv; all by default")
    parser.add_argument("--bench", type=Path, required=True, help="folder of score.py and scale.py")
    parser.add_argument(
        "--generate", type=int, nargs="*", default=[], metavar="N", help="also sets of N records"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[11])
    parser.add_argument("--hard", default="0.12")
    parser.add_argument("--damage", default="2.5")
    parser.add_argument("--cache", type=Path, help="where generated sets are kept (default: nowhere)")
    return parser
