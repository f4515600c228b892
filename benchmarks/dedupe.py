"""Our duplicates on labelled sets, scored, and timed against a bare loop in the same run.

python benchmarks/dedupe.py FOLDER NAME... [--synthetic 10000 [--seed 1] [--hard 0.12] [--damage 2.5]]

FOLDER holds NAME.ris and NAME.gold.csv (record_id,group_id; record_id is the RIS tag ID). The
scorer and the generator are separate programs, sought in FOLDER/../../bench unless --bench names them.

"bare" is the least that any such tool must do on the same candidates: normalise each record and
score the titles of each candidate pair with rapidfuzz; no rules, no guards, no groups, and not even
the cost of finding the candidates. "asked right" is what a person who answers every asked pair as
labelled would reach.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from iimscreen.formats import ris
from iimscreen.matching import find_pairs, groups
from iimscreen.matching.blocks import candidates
from iimscreen.matching.fields import comparable
from iimscreen.model import Kind, Parsed, Refusal, ScoredPair, StoredRecord

COLUMNS = (
    *("set", "records", "F1", "FP", "FN", "asked pairs", "records asked", "sensitivity if asked right"),
    *("read s", "match s", "bare s", "ratio"),
)


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Records with their labels, as read by our own reader."""

    name: str
    records: list[StoredRecord]
    group_of: dict[str, str]
    gold: Path
    read_s: float


def load(ris_file: Path) -> LabelledSet:
    gold = ris_file.with_suffix(".gold.csv")
    start = time.process_time()
    found = list(ris.read(ris_file.read_bytes()))
    read_s = time.process_time() - start
    refused = [one for one in found if isinstance(one, Refusal)]
    if refused:
        print(f"{ris_file.name}: {len(refused)} refused; line {refused[0].line}: {refused[0].cause}")
    records = [
        StoredRecord(number, one.record.source_id or str(number), "set", Kind.DATABASE, one.record)
        for number, one in enumerate(found, 1)
        if isinstance(one, Parsed)
    ]
    with gold.open(newline="", encoding="utf-8-sig") as file:
        group_of = {row["record_id"]: row["group_id"] for row in csv.DictReader(file)}
    return LabelledSet(ris_file.stem, records, group_of, gold, read_s)


def score(labelled: LabelledSet, duplicates: Iterable[ScoredPair], scorer: Path) -> dict[str, Any]:
    """The scorer's figures at record level for the groups that these pairs make."""
    group_of = groups([record.key for record in labelled.records], duplicates)
    with tempfile.TemporaryDirectory() as folder:
        predicted = Path(folder, "predicted.csv")
        with predicted.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["record_id", "group_id"])
            writer.writerows(group_of.items())
        done = subprocess.run(
            [sys.executable, scorer, labelled.gold, predicted], capture_output=True, text=True, check=True
        )
    level: dict[str, Any] = json.loads(done.stdout)["record_level"]
    return level


def bare_s(labelled: LabelledSet) -> float:
    """CPU seconds to normalise every record and to score the titles of every candidate pair."""
    pairs = [
        (one.titles[0], other.titles[0])
        for one, others in candidates([comparable(record) for record in labelled.records])
        for other in others
    ]
    start = time.process_time()
    for record in labelled.records:
        comparable(record)
    for title, other_title in pairs:
        fuzz.ratio(title, other_title)
    return time.process_time() - start


def measure(labelled: LabelledSet, scorer: Path) -> tuple[str, ...]:
    start = time.process_time()
    pairs = find_pairs(labelled.records)
    merged = [pair for pair in pairs if pair.verdict == "duplicate"]
    groups([record.key for record in labelled.records], merged)
    match_s = time.process_time() - start
    asked = [pair for pair in pairs if pair.verdict == "asked"]
    right = [pair for pair in asked if labelled.group_of[pair.key] == labelled.group_of[pair.other_key]]
    plain, with_answers = score(labelled, merged, scorer), score(labelled, [*merged, *right], scorer)
    touched = {key for pair in asked for key in (pair.key, pair.other_key)}
    bare = bare_s(labelled)
    return (
        labelled.name,
        f"{len(labelled.records)}",
        f"{plain['F1']:.4f}",
        f"{plain['FP']}",
        f"{plain['FN']}",
        f"{len(asked)}",
        f"{len(touched) / len(labelled.records):.1%}",
        f"{with_answers['sensitivity']:.4f}",
        f"{labelled.read_s:.2f}",
        f"{match_s:.2f}",
        f"{bare:.2f}",
        f"{match_s / bare:.1f}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the labelled sets are")
    parser.add_argument("names", nargs="*", help="NAME of NAME.ris and NAME.gold.csv")
    parser.add_argument(
        "--bench", type=Path, help="folder of score.py and scale.py (default: FOLDER/../../bench)"
    )
    parser.add_argument("--synthetic", type=int, metavar="N", help="also a generated set of N records")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--hard", default="0.12")
    parser.add_argument("--damage", default="2.5")
    given = parser.parse_args()
    bench: Path = given.bench or given.folder.resolve().parents[1] / "bench"
    print("\t".join(COLUMNS))
    for name in given.names:
        print("\t".join(measure(load(given.folder / f"{name}.ris"), bench / "score.py")), flush=True)
    if given.synthetic:
        with tempfile.TemporaryDirectory() as folder:
            prefix = Path(folder, f"synthetic-{given.synthetic}-seed-{given.seed}")
            options = [
                "--seed",
                given.seed,
                "--hard",
                given.hard,
                "--damage",
                given.damage,
                "--abstract",
                "none",
            ]
            subprocess.run(
                [sys.executable, bench / "scale.py", str(given.synthetic), prefix, *options],
                stdout=subprocess.DEVNULL,
                check=True,
            )
            print("\t".join(measure(load(prefix.with_name(f"{prefix.name}.ris")), bench / "score.py")))


if __name__ == "__main__":
    main()
