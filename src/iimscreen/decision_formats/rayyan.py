"""Rayyan's CSV, with decisions, labels and reasons in its notes as its own export has them.

    RAYYAN-INCLUSION: {"Ann"=>"Included"} | RAYYAN-LABELS: rct | RAYYAN-EXCLUSION-REASONS: wrong population
    | USER-NOTES: {"Ann"=>["a note"]}

Columns are those of a Rayyan export of 2024: without day, month, ISSN, publisher and place, which no
record of ours holds. A reason there is the record's and not one reviewer's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from iimscreen.decision_formats import TAGS, Decided, Judged, Reading, Said, words_of
from iimscreen.decision_formats._cells import headers, rows, table
from iimscreen.errors import InputError
from iimscreen.model import Author, Verdict

HEADER = (
    "key", "title", "year", "month", "day", "journal", "issn", "volume", "issue", "pages", "authors", "url",
    "language", "publisher", "location", "abstract", "notes", "doi", "keywords", "pubmed_id", "pmc_id",
)  # fmt: skip
RECORD = "IIMSCREEN-RECORD"
_PARTS = (RECORD, "RAYYAN-INCLUSION", "RAYYAN-LABELS", "RAYYAN-EXCLUSION-REASONS", "USER-NOTES")
_PART = re.compile(rf"({'|'.join(_PARTS)})\s*:\s*")
_QUOTED_OR_PART = re.compile(rf"\"(?:[^\"\\]|\\.)*\"|(?P<name>{'|'.join(_PARTS)})\s*:\s*", re.DOTALL)
_PAIR = re.compile(
    r"(\"(?:[^\"\\]|\\.)*\")\s*=>\s*(\"(?:[^\"\\]|\\.)*\"|\[.*?(?<!\\)\"\s*\]|\[\s*\]|true|false|nil)",
    re.DOTALL,
)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_WORDS = {
    Verdict.INCLUDE: "Included",
    Verdict.EXCLUDE: "Excluded",
    Verdict.UNSURE: "Maybe",
    Verdict.AWAITING: "Maybe",
    Verdict.ONGOING: "Maybe",
}
_VERDICTS = {
    "included": Verdict.INCLUDE,
    "excluded": Verdict.EXCLUDE,
    "maybe": Verdict.UNSURE,
    "true": Verdict.INCLUDE,  # as exports of earlier years have it
    "false": Verdict.EXCLUDE,
}
_NO_DECISION = ("undecided", "nil", "")


def write(decided: Sequence[Decided], labels: Mapping[str, str]) -> bytes:
    """A line for each report, of one stage; final words stand under the names of those who gave them."""
    return table(HEADER, (_line(one, labels) for one in decided))


def _line(one: Decided, labels: Mapping[str, str]) -> list[object]:
    record = one.report.record
    date = (record.published_on or "").split("-")
    return [
        one.report.key,
        record.title,
        record.year,
        date[1] if len(date) > 1 else None,
        date[2] if len(date) > 2 else None,
        record.journal,
        None,
        record.volume,
        record.issue,
        record.pages,
        " and ".join(map(_name, record.authors)),
        f"https://doi.org/{record.doi}" if record.doi else None,
        "; ".join(record.languages),
        None,
        None,
        record.abstract,
        notes(one.report.key, one.stages[0], labels),
        record.doi,
        "; ".join(record.keywords),
        record.pmid,
        record.pmcid,
    ]


def _name(author: Author) -> str:
    return f"{author.family}, {author.given}" if author.given else author.family


def notes(key: str, judged: Judged, labels: Mapping[str, str]) -> str:
    """The notes of one report: the record's key first, so that it is known again on the way back."""
    said = {_speaker(word.names, word.manner): word for word in judged.words}
    tags = [_tag(name, word.verdict) for name, word in said.items() if word.verdict in TAGS]
    if judged.outcome is not None:
        tags.append(f"outcome {judged.outcome}")
    reasons = dict.fromkeys(labels.get(word.reason, word.reason) for word in said.values() if word.reason)
    parts = [f"{RECORD}: {key}"]
    if said:
        pairs = (f"{_quoted(name)}=>{_quoted(_WORDS[word.verdict])}" for name, word in said.items())
        parts.append(f"RAYYAN-INCLUSION: {{{', '.join(pairs)}}}")
    if tags:
        parts.append(f"RAYYAN-LABELS: {','.join(map(_in_list, tags))}")
    if reasons:
        parts.append(f"RAYYAN-EXCLUSION-REASONS: {','.join(map(_in_list, reasons))}")
    written = [f"{_quoted(name)}=>[{_quoted(word.note)}]" for name, word in said.items() if word.note]
    if written:
        parts.append(f"USER-NOTES: {{{', '.join(written)}}}")
    return " | ".join(parts)


def _speaker(names: Sequence[str], manner: str) -> str:
    return names[0] if manner == "vote" else f"{', '.join(names)} ({manner})"


def _tag(name: str, verdict: Verdict) -> str:
    return f"{TAGS[verdict]} ({name})"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _in_list(text: str) -> str:
    """A label or reason without the marks that part them; reasons are known again by their words."""
    return re.sub(r"\s*[,|\"]+\s*", " ", text).strip()


def looks_like(data: bytes) -> bool:
    """Whether the headers are Rayyan's, or its decisions stand in a column of notes."""
    found = set(headers(data))
    return (
        {"key", "title", "notes"} <= found
        or "rayyan-inclusion" in found
        or ("notes" in found and b"RAYYAN-INCLUSION" in data)
    )


def read(data: bytes) -> Reading:
    """The decisions of everyone who has one there; a line without any is one without a verdict."""
    said: list[Said] = []
    for row in rows(data):
        text = " | ".join(
            cell if name.startswith("notes") else f"{name.upper()}: {cell}"
            for name, cell in row.cells.items()
            if cell and name.startswith(("notes", "rayyan-"))
        )
        key = row.get("key")
        said += (
            replace(
                one,
                key=one.key or key or None,
                doi=row.doi,
                pmid=row.pmid,
                title=row.get("title") or None,
                year=row.year,
            )
            for one in said_in(text, row.line)
        )
    return Reading("Rayyan", tuple(said))


def said_in(text: str, line: int) -> Iterator[Said]:
    """What notes of Rayyan say, one for each person; without a decision, one that says none."""
    parts = _parts(text)
    decisions = dict(_pairs(parts.get("RAYYAN-INCLUSION", "")))
    tags = [words_of(tag) for tag in parts.get("RAYYAN-LABELS", "").split(",")]
    reasons = tuple(filter(None, map(str.strip, parts.get("RAYYAN-EXCLUSION-REASONS", "").split(","))))
    written = {name: "; ".join(_strings(value)) for name, value in _pairs(parts.get("USER-NOTES", ""))}
    excluded = [name for name, value in decisions.items() if _unquoted(value).lower() == "excluded"]
    key = parts.get(RECORD) or None
    found = False
    for name, value in decisions.items():
        verdict = _verdict(_unquoted(value), line)
        if verdict is None:
            continue
        found = True
        for other in TAGS:
            if verdict is Verdict.UNSURE and words_of(_tag(name, other)) in tags:
                verdict = other
        yield Said(
            line=line,
            key=key,
            by=name,
            verdict=verdict,
            reasons=reasons if verdict is Verdict.EXCLUDE else (),
            are_reasons_of_all=len(excluded) > 1,
            note=written.get(name) or None,
        )
    if not found:
        yield Said(line=line, key=key)


def _verdict(word: str, line: int) -> Verdict | None:
    if word.lower() in _NO_DECISION:
        return None
    try:
        return _VERDICTS[word.lower()]
    except KeyError as error:
        raise InputError(
            f"line {line}: {word!r} is no decision of Rayyan", hint="expected Included, Excluded or Maybe"
        ) from error


def _parts(text: str) -> dict[str, str]:
    """The parts of Rayyan's notes by their names; what stands before the first is no part."""
    first = _PART.search(text)
    if first is None:
        return {}
    heads = [
        match for match in _QUOTED_OR_PART.finditer(text, first.start()) if match.group("name") is not None
    ]
    ends = [*(match.start() for match in heads[1:]), len(text)]
    found: dict[str, str] = {}
    for match, end in zip(heads, ends, strict=True):
        found.setdefault(match.group("name"), text[match.end() : end].strip().removesuffix("|").strip())
    return found


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    return ((_unquoted(name), value) for name, value in _PAIR.findall(text))


def _strings(text: str) -> list[str]:
    return [found for found in map(_unquoted, _STRING.findall(text)) if found]


def _unquoted(text: str) -> str:
    """The text of a quoted string. Ruby escapes a few marks that JSON does not."""
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return re.sub(r"\\(.)", r"\1", text.strip().strip('"'), flags=re.DOTALL)
