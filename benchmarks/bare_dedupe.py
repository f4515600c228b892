"""The bound: the least that a deduplication must do, as fast as plain Python does it.

python benchmarks/bare_dedupe.py FILE.ris [PREDICTED.csv]

Normalises, blocks, scores the titles of candidates with rapidfuzz and joins what agrees: no database,
no guards, no bands, no explanation, nothing to undo. Reading the file is not counted: the CPU seconds
in the JSON printed are those of these four steps alone, in one process; the peak memory is that of the
process, records included. Shares no code with iimscreen.
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

SAME_TITLE = 88.0  # 0 to 100; the place has to agree too
MOST_IN_BLOCK = 60  # a longer block is a heading such as "Editorial"; its later members go uncompared
_TAGS = {
    **{"TI": "title", "T1": "title", "AU": "author", "A1": "author", "PY": "year", "Y1": "year"},
    **{"T2": "journal", "JO": "journal", "JF": "journal", "VL": "volume", "SP": "page", "DO": "doi", "ID": "id"},
}
_SPELT = {
    "α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i",
}  # fmt: skip
_LETTERS = str.maketrans(_SPELT)
_NO_LETTER = bytes(code for code in range(256) if not chr(code).isalnum() or code > 127)
_NO_DIGIT = bytes(code for code in range(256) if not 48 <= code <= 57)
_MARKUP = re.compile(r"</?[a-z]+>")
_LANGUAGE = re.compile(r"\W*\[[a-z]+\]$")


@dataclass(slots=True)
class Fields:
    """What is compared of one record, as the file states it."""

    id: str = ""
    title: str = ""
    author: str = ""  # the first
    journal: str = ""
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


def normal_title(text: str) -> bytes:
    """Letters and digits alone, in lower case ASCII; the brackets and language of a translation are gone."""
    text = text.lower()
    if "<" in text or "&" in text:
        text = _MARKUP.sub("", text).replace("&amp;", "and")
    if text.endswith("]") and not text.startswith("["):
        text = _LANGUAGE.sub("", text)
    return ascii_letters(text)


def ascii_letters(text: str) -> bytes:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return text.encode("ascii", "ignore").translate(None, _NO_LETTER)


def groups(records: list[Fields]) -> list[int]:
    """For each record the number of the one that leads its group."""
    leader = list(range(len(records)))

    def lead(one: int) -> int:
        while leader[one] != one:
            leader[one] = one = leader[leader[one]]
        return one

    blocks: dict[object, list[int]] = {}
    titles: list[bytes] = []
    families: list[bytes] = []
    places: list[tuple[bytes, bytes, str, str]] = []
    for number, record in enumerate(records):
        title = normal_title(record.title)
        family = ascii_letters(record.author.partition(",")[0].lower())
        page = record.page.encode("ascii", "ignore").translate(None, _NO_DIGIT).lstrip(b"0")
        doi = record.doi.lower()
        doi = doi[doi.find("10.") :]
        titles.append(title)
        families.append(family)
        places.append((page, record.volume.encode(), record.year, doi))
        keys: list[object] = [title]
        if doi:
            keys.append(doi)
        if page:
            keys.append((record.volume, page))
            keys.append((family[:5], page))
        keys.append((family[:5], title[:14]))
        for key in keys:
            block = blocks.get(key)
            if block is None:
                blocks[key] = [number]
                continue
            for other in block:
                if leader[other] != leader[number] and is_same(number, other, titles, families, places):
                    leader[lead(number)] = lead(other)
            if len(block) < MOST_IN_BLOCK:
                block.append(number)
    return [lead(number) for number in range(len(records))]


def is_same(one, other, titles, families, places) -> bool:
    a, b = titles[one], titles[other]
    page, volume, year, doi = places[one]
    other_page, other_volume, other_year, other_doi = places[other]
    if page and other_page and page != other_page:
        return False
    if volume and other_volume and volume != other_volume:
        return False
    score = 100.0 if a == b else ratio(a, b, score_cutoff=SAME_TITLE)
    return score > 0
