"""Citation searching: from reports that are known to those that cite them, that they cite, or like them.

Each report asked about is a seed and a sub-query of its own, so that the log keeps which seed brought
which record. The links are PubMed's, and incomplete: `sources/citations.py` says in what way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import queries, search
from iimscreen.errors import InputError
from iimscreen.model import Strategy
from iimscreen.protocol import FULL_TEXT
from iimscreen.review_protocol import in_force
from iimscreen.sources import citations
from iimscreen.sources.citations import Direction
from iimscreen.store import Review, provenance, records
from iimscreen.store.gate import Gate
from iimscreen.voting import State
from iimscreen.wording import counted

INCLUDED = "included"  # the word for the reports that this review includes
MOST_SIMILAR = (
    20  # similar articles taken for a seed; PubMed ranks about a hundred and never says where to stop
)

_PMID = re.compile(r"(?:pmid:)?\s*0*([1-9]\d{0,7})", re.IGNORECASE)
_PART = re.compile(r"[^,;\s]+")
_TITLES = {
    Direction.CITED_BY: "Reports that cite",
    Direction.REFERENCES: "Reports cited by",
    Direction.SIMILAR: "Reports that PubMed ranks as similar to",
}


@dataclass(frozen=True, slots=True)
class Seeds:
    """The reports to start from."""

    given: str  # as typed: "included", a file, PMIDs, keys
    pmids: tuple[str, ...]  # each once, in order
    without_pmid: tuple[str, ...]  # keys of reports that were named and have no PMID: PubMed cannot be asked


@dataclass(frozen=True, slots=True)
class Snowballed:
    """What following the links brought."""

    outcome: search.SearchOutcome
    seeds: Seeds
    direction: Direction
    known: int  # records found whose PMID the review holds already, from another source
    is_screened: bool  # whether the protocol has such records judged on title and abstract first


def seeds(review: Review, given: str) -> Seeds:
    """The reports that a person names: "included", a file, or PMIDs and record keys parted by commas.

    "included" is what the gate shows of this review's included reports. A number is a PMID. Raises
    ProtocolError while the gate shows none, and InputError for what is no PMID and no record of this
    review, or where nothing is left to ask about.
    """
    with review.reading():
        if given.strip().casefold() == INCLUDED:
            found, without = _of_reports(review, _included(review))
        else:
            found, without = _named(review, given)
    if not found:
        named = f": {', '.join(without)} without a PMID" if without else ""
        raise InputError(
            f"{given!r} names no report with a PMID{named}",
            hint="PubMed's links start from PMIDs; for other reports search citations by hand, and note it with "
            "`iimscreen source note --item 5`",
        )
    return Seeds(given.strip(), tuple(found), tuple(without))


def _included(review: Review) -> list[str]:
    """Keys of the included reports that everyone may see, in the order of the pool."""
    gate = Gate(review, in_force(review))
    if not gate.shows_any(FULL_TEXT):
        gate.require_open(FULL_TEXT, "the list of included reports")
    outcomes = gate.outcomes(FULL_TEXT)
    found = [key for key, outcome in outcomes.items() if outcome.state is State.INCLUDE]
    if not found:
        raise InputError(
            "no report of this review is included yet",
            hint="name PMIDs, record keys, or a file of PMIDs in place of `included`",
        )
    return found


def _named(review: Review, given: str) -> tuple[list[str], list[str]]:
    path = Path(given).expanduser()
    if _PMID.fullmatch(given.strip()) or not _is_file(path):
        lines = [("", given)]
    else:
        lines = [(f"{path}, line {number}: ", line) for number, line in enumerate(_lines(path), start=1)]
    pmids: list[str] = []
    without: list[str] = []
    for where, line in lines:
        for part in _PART.findall(line.partition("#")[0] if where else line):
            if number := _PMID.fullmatch(part):
                pmids.append(number.group(1))
                continue
            try:
                key = records.find(review, part).key
            except InputError as error:
                raise InputError(
                    f"{where}{part!r} is no PMID: {error.message}",
                    hint="give `included`, a file with one PMID a line, or PMIDs and record keys parted by commas",
                ) from error
            found, left = _of_reports(review, [records.kept_of(review, key)])
            pmids += found
            without += left
    return list(dict.fromkeys(pmids)), list(dict.fromkeys(without))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a list of PMIDs may be too long for a path
        return False


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="give a text file with one PMID a line") from error


def _of_reports(review: Review, keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """The PMIDs of reports, each once, and the keys of reports none of whose records has one."""
    pmids: list[str] = []
    without = []
    for key in keys:
        stated = [
            stored.record.pmid
            for stored in records.by_keys(review, records.members_of(review, key))
            if stored.record.pmid
        ]
        pmids += stated
        if not stated:
            without.append(key)
    return list(dict.fromkeys(pmids)), without


def strategy(direction: Direction, start: Seeds, *, most: int | None = None) -> Strategy:
    """The search that follows the links of every seed, one sub-query for each, as a strategy file.

    `most` is how many similar articles are taken for a seed. Raises InputError if it is given for
    links that are not ranked, or is not positive.
    """
    if most is not None and direction is not Direction.SIMILAR:
        raise InputError(
            f"--most goes with --similar: {direction} links are not ranked, so all of them are taken",
            hint="leave --most out",
        )
    if most is not None and most < 1:
        raise InputError(
            f"--most is {most}, expected 1 or more", hint="leave it out to take the usual number"
        )
    cut = most or MOST_SIMILAR
    note = f"Seeds: {start.given}."
    if start.without_pmid:
        note += f" Without a PMID, so not followed: {', '.join(start.without_pmid)}."
    head = {"title": f"{_TITLES[direction]} {counted(len(start.pmids), 'seed')}", "note": note}
    lines = ["[strategy]", *(f"{key} = {_quoted(text)}" for key, text in head.items()), 'date_field = "none"']
    for pmid in start.pmids:
        text = citations.text_of(direction, pmid, most=cut if direction is Direction.SIMILAR else None)
        lines += ["", "[[sub_query]]", f"label = {_quoted(f'pmid:{pmid}')}", f"text = {_quoted(text)}"]
    # Named as it was typed, so that `iimscreen status` can print the command that goes on with it.
    name = start.given if most in (None, MOST_SIMILAR) else f"{start.given} --most {most}"
    return queries.parse_strategy("\n".join(lines) + "\n", name=name, where=f"--{direction}")


def _quoted(text: str) -> str:
    """A text as TOML writes it: JSON's strings, which also leave the delete character alone."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def run(
    review: Review,
    start: Seeds,
    source: citations.Citations,
    *,
    most: int | None = None,
    again: bool = False,
    on_progress: search.OnRun = lambda _label, _done, _total: None,
) -> Snowballed:
    """Follow the links of every seed and store what they lead to, as any other search.

    The same seeds asked before are resumed, or nothing is done; `again` makes a new dated search.
    Raises SourceError if a seed cannot be completed; finished ones stay stored.
    """
    made = strategy(source.direction, start, most=most)
    outcome = search.run(review, made, source, again=again, on_progress=on_progress)
    known = provenance.known_elsewhere(review, outcome.search.uid)
    return Snowballed(outcome, start, source.direction, known, in_force(review).screen_other_methods)
