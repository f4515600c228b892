"""The bound: the least that a deduplication must do, as fast as plain Python does it.

python benchmarks/bare_dedupe.py FILE.ris [GROUPS.csv]

Normalises, blocks so that 99.9% of true pairs meet, scores the titles of all candidates with rapidfuzz,
and joins what agrees: no database, no guards, no bands, no explanation, nothing to undo. Reading the file
is not counted: the CPU seconds in the JSON printed are those of these four steps alone. The peak memory
is the whole process's, records included. Shares no code with iimscreen.
"""

from __future__ import annotations

import csv
import gc
import json
import re
import resource
import sys
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.fuzz import ratio

SAME_TITLE = 80.0  # 0 to 100, of titles in one place, compared as far as the shorter goes
SURE_TITLE = 97.0  # of titles of which one states no place
LONG_TITLE = 30  # letters; a shorter one is a heading
MOST_IN_BLOCK = 60  # a longer block is of headings such as "Editorial"; its later members go uncompared
_TAGS = {
    "TI": "title", "T1": "title", "AU": "author", "A1": "author", "PY": "year", "Y1": "year",
    "VL": "volume", "SP": "page", "DO": "doi", "ID": "id",
}  # fmt: skip
_LETTERS = str.maketrans({
    "α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i",
})  # fmt: skip
_NO_LETTER = bytes(code for code in range(256) if code > 127 or not chr(code).isalnum())
_NO_DIGIT = bytes(code for code in range(256) if not 48 <= code <= 57)
_MARKUP = re.compile(r"</?[a-z]+>")
_LANGUAGE = re.compile(r"\W*\[[a-z]+\]$")


@dataclass(slots=True)
class Fields:
    """What is compared of one record, as the file states it."""

    id: str = ""
    title: str = ""
    author: str = ""  # the first
    year: str = ""
    volume: str = ""
    page: str = ""
    doi: str = ""


def read(path: Path) -> Iterator[Fields]:
    record = Fields()
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            if line.startswith("ER  -"):
                yield record
                record = Fields()
            elif (name := _TAGS.get(line[:2])) and line[2:6] == "  - " and not getattr(record, name):
                setattr(record, name, line[6:].strip())


# Title, family of the first author, first page, volume, year, DOI
Normal = tuple[bytes, bytes, bytes, str, str, str]


def normalise(record: Fields) -> Normal:
    """Letters and digits alone, in lower case ASCII; the brackets and language of a translation are gone."""
    title = record.title.lower()
    if "<" in title or "&" in title:
        title = _MARKUP.sub("", title).replace("&amp;", "and")
    if title.endswith("]") and not title.startswith("["):
        title = _LANGUAGE.sub("", title)
    name = record.author.lower()
    family = name.partition(",")[0] if "," in name else name.rpartition(" ")[0] or name
    doi = record.doi.lower()
    return (
        ascii_letters(title),
        ascii_letters(family),
        record.page.encode("ascii", "ignore").translate(None, _NO_DIGIT).lstrip(b"0"),
        record.volume,
        record.year,
        doi[doi.find("10.") :],
    )


def ascii_letters(text: str) -> bytes:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return text.encode("ascii", "ignore").translate(None, _NO_LETTER)


def keys(record: Normal) -> list[int]:
    """Records that share one of these are candidates. Hashes, since what they are made of takes more room."""
    title, family, page, volume, year, doi = record
    end = title[-12:]
    found = [
        hash((volume, title[:30])),
        hash((year, title[:40])),
        hash((family, title[:30], 1)),
        hash((family, volume, end)),
        hash((family, year, end)),
    ]
    if page:
        found += (hash((volume, page, title[:4])), hash((family, page)))
    if doi:
        found.append(hash(doi))
    return found


def groups(records: list[Fields]) -> list[int]:
    """For each record the number of the one that leads its group."""
    leader = list(range(len(records)))

    def lead(one: int) -> int:
        while leader[one] != one:
            leader[one] = one = leader[leader[one]]
        return one

    blocks: dict[int, int | list[int]] = {}  # most hold one record
    normal: list[Normal] = []
    for number, record in enumerate(records):
        one = normalise(record)
        normal.append(one)
        partners: set[int] = set()
        for key in keys(one):
            block = blocks.setdefault(key, number)
            if block is number:
                continue
            if isinstance(block, int):
                partners.add(block)
                blocks[key] = [block, number]
            else:
                partners.update(block)
                if len(block) < MOST_IN_BLOCK:
                    block.append(number)
        for partner in partners:
            if partner != number and is_same(one, normal[partner]):
                leader[lead(number)] = lead(partner)
    return [lead(number) for number in range(len(records))]


def is_same(one: Normal, other: Normal) -> bool:
    """Whether titles agree, and the place or as much of it as both state."""
    title, family, page, volume, year, doi = one
    other_title, other_family, other_page, other_volume, other_year, other_doi = other
    least = min(len(title), len(other_title))
    score = ratio(title[:least], other_title[:least], score_cutoff=SAME_TITLE)
    if not score:
        return False
    if page != other_page and page and other_page:
        return False
    if volume != other_volume and volume and other_volume:
        return False
    is_by_one = family == other_family
    if (
        page
        and page == other_page
        and ((volume and volume == other_volume) or (is_by_one and year == other_year))
    ):
        return True
    if doi != other_doi:
        if doi and other_doi:
            return False
        if not is_by_one and family and other_family:
            return False
    if least < LONG_TITLE or abs(int(year or 0) - int(other_year or 0)) > 1:
        return False
    if title == other_title:
        return True
    if title.translate(None, _NO_DIGIT) != other_title.translate(None, _NO_DIGIT):
        return False  # part I and II
    return ratio(title, other_title, score_cutoff=SURE_TITLE) > 0


def main() -> None:
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    records = list(read(Path(sys.argv[1])))
    gc.collect()
    gc.disable()  # nothing here refers to itself
    begun = time.process_time()
    group_of = groups(records)
    cpu_s = time.process_time() - begun
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if len(sys.argv) == 3:
        with Path(sys.argv[2]).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["record_id", "group_id"])
            writer.writerows(
                (record.id, records[group].id) for record, group in zip(records, group_of, strict=True)
            )
    print(json.dumps({"records": len(records), "cpu_s": round(cpu_s, 3), "peak_mb": round(peak_mb, 1)}))


if __name__ == "__main__":
    main()
