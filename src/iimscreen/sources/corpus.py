"""A file of records as a source: the same strategy, evaluated here, without a network.

This is not PubMed, and never calls itself so. What it does with a sub-query (the tables named in
capitals stand in `syntax.py`, which reads the text; `_local_search.py` holds it against records):

- AND, OR, NOT and parentheses as in PubMed, read from left to right; the search-query library says
  what is malformed, and that is refused.
- Words are compared without case, accents and punctuation; a hyphen parts two words.
- A phrase, quoted or tagged, is its words side by side in one field; `word*` is any word that
  begins so, given four letters or more (PubMed's own bound).
- Tags: [ti]; [tiab] title, abstract, keywords; [tw] these and headings, substances, publication
  types and the original title; [all] these and the journal; [mh], [mh:noexp] and [majr] a heading
  (no MeSH tree, no entry terms; its subheading if given); [nm] a substance; [pa] a substance or
  heading that is the action, or whose drug PHARMACOLOGICAL_ACTIONS lists; [pt]; [la]; [au]; [ta].
- An untagged, unquoted term is all its words, each in any field of [all] and also with or without
  a final -s, OR what TERM_MAPPING gives for the whole term: PubMed's automatic term mapping goes
  much further.
- [dp]: the first publication, as far as stated, overlaps the range.
- [crdt]: the day of entry decides where the record states it. Where it does not, a record first
  published after the end of the range cannot have been in the database and is left out (by its
  year, if nothing finer is stated); every other one is kept, and counted in `Answer.undated`.
- A tag on a group, or one that PubMed does not know, is ignored with a warning.

A record that states nothing on a date asked for is neither in nor out: NOT keeps it undecided too,
and what is undecided at the end is kept and counted.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from iimscreen import settings
from iimscreen.errors import InputError, SourceError
from iimscreen.formats import jsonl
from iimscreen.model import Answer, Kind, Parsed, Record, Reply, SubQuery
from iimscreen.sources._local_search import WORD, Indexed, Node, UnreadableError, index, read

BUNDLED_DATABASE = "Bundled corpus (offline, not PubMed)"


class Corpus:
    """A list of records that can be asked as a source is."""

    kind = Kind.DATABASE

    def __init__(
        self, records: Sequence[Record], *, database: str, source: str, as_of: dt.date | None = None
    ) -> None:
        """A record without an accession gets its own identifier as such, else a hash of its content.

        `as_of` limits sub-queries that bring no [crdt] range of their own.
        """
        self.database = database
        self.source = source
        self._as_of = as_of
        by_accession: dict[str, Record] = {}
        for record in records:
            by_accession.setdefault(_accession(record), replace(record, accession=_accession(record)))
        self._doubles = len(records) - len(by_accession)
        self.records = tuple(by_accession.values())

    def fetch(
        self,
        sub_query: SubQuery,
        *,
        resume_from: Iterable[Reply] = (),
        keep: Callable[[Reply], None] = lambda _reply: None,
        on_progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Answer:
        """The records that satisfy one sub-query, in the order of the corpus.

        Raises InputError if the sub-query cannot be evaluated here, though PubMed might read it.
        """
        asked = self._request(sub_query)
        kept = _latest(sub_query, resume_from)
        if kept is not None and kept.request == asked:
            return _answer_of(kept)
        answer = self._evaluated(sub_query)
        keep(Reply(asked, _body_of(answer)))
        on_progress(answer.hits, answer.hits)
        return answer

    def count(self, sub_query: SubQuery) -> int:
        """How many records satisfy one sub-query. Raises InputError as `fetch` does."""
        return self._evaluated(sub_query).hits

    def replay(self, sub_query: SubQuery, replies: Iterable[Reply]) -> Answer:
        """The answer that was kept, whatever corpus it came from. Raises SourceError if there is none."""
        kept = _latest(sub_query, replies)
        if kept is None:
            raise SourceError(
                f"no reply to sub-query {sub_query.label} is kept",
                hint="`iimscreen check` looks for what is lost",
            )
        return _answer_of(kept)

    def _evaluated(self, sub_query: SubQuery) -> Answer:
        query, warnings = self._read(sub_query)
        found: list[Record] = []
        undated = left_out = 0
        for record, indexed in zip(self.records, self._index, strict=True):
            truth = query.truth(indexed, strict=True)
            if truth is False:
                left_out += query.truth(indexed, strict=False) is not False
                continue
            undated += truth is None
            found.append(record)
        if left_out:
            warnings.append(
                f"{left_out} left out: first published after the date limit, and their day of entry unknown"
            )
        if undated:
            warnings.append(f"{undated} kept although the corpus does not know the date that was asked for")
        if self._doubles:
            warnings.append(
                f"identifiers met again in the corpus: {self._doubles}; the earlier record was kept"
            )
        return Answer(
            hits=len(found),
            records=tuple(found),
            interpreted_as=query.shown,
            warnings=tuple(warnings),
            database_build=self.build,
            undated=undated,
        )

    @functools.cached_property
    def build(self) -> str:
        """Which state of the corpus this is: number of records and a hash of their content."""
        digest = hashlib.sha256(jsonl.write(self.records)).hexdigest()
        return f"{len(self.records)} records, sha256 {digest[:16]}"

    @functools.cached_property
    def _index(self) -> tuple[Indexed, ...]:
        return tuple(map(index, self.records))

    def _read(self, sub_query: SubQuery) -> tuple[Node, list[str]]:
        try:
            return read(sub_query.text_sent, as_of=self._as_of)
        except UnreadableError as error:
            raise InputError(
                f"sub-query {sub_query.label} cannot be evaluated offline: {error}",
                hint="run it with --source pubmed, which is sent the text as it is",
            ) from error

    def _request(self, sub_query: SubQuery) -> str:
        asked = {"corpus": self.source, "build": self.build, "term": sub_query.text_sent}
        return json.dumps(asked, sort_keys=True)


def _latest(sub_query: SubQuery, replies: Iterable[Reply]) -> Reply | None:
    """The last reply to a sub-query, whichever state of the corpus it was asked of."""
    latest = None
    for reply in replies:
        if json.loads(reply.request).get("term") == sub_query.text_sent:
            latest = reply
    return latest


def _body_of(answer: Answer) -> bytes:
    """An answer as a reply: its head on the first line, then its records, one a line."""
    head = {
        "hits": answer.hits,
        "interpreted_as": answer.interpreted_as,
        "warnings": answer.warnings,
        "build": answer.database_build,
        "undated": answer.undated,
    }
    return f"{json.dumps(head, ensure_ascii=False)}\n".encode() + jsonl.write(answer.records)


def _answer_of(reply: Reply) -> Answer:
    head_line, _, lines = reply.body.partition(b"\n")
    head = json.loads(head_line)
    if "accessions" in head:  # as iimscreen 0.1 kept them
        raise SourceError(
            "this search of a corpus was kept by an older iimscreen, which noted which records it found and "
            "not the records themselves",
            hint="the records stand in the review; `iimscreen search --again` makes a run that can be replayed",
        )
    records = tuple(found.record for found in jsonl.read(lines) if isinstance(found, Parsed))
    if len(records) != head["hits"]:
        raise SourceError(
            f"a kept reply of the corpus states {head['hits']:,} records and holds {len(records):,}",
            hint="`iimscreen check` looks for what is lost",
        )
    return Answer(
        hits=head["hits"],
        records=records,
        interpreted_as=head["interpreted_as"],
        warnings=tuple(head["warnings"]),
        database_build=head["build"],
        undated=head["undated"],
    )


def check_readable(sub_query: SubQuery) -> None:
    """Nothing. Raises InputError if this sub-query could not be evaluated by a corpus."""
    Corpus([], database="", source="")._read(sub_query)


def bundled(as_of: dt.date | None = None) -> Corpus:
    """The corpus that comes with iimscreen. Raises InputError if the installation lacks it."""
    path = settings.bundled_reviews() / "iim" / "corpus.jsonl"
    return Corpus(read_corpus(path), database=BUNDLED_DATABASE, source="corpus", as_of=as_of)


def from_file(path: Path, records: Sequence[Record], as_of: dt.date | None = None) -> Corpus:
    """A corpus of the records read from a file, named for it."""
    stem = "-".join(WORD.findall(path.stem.lower())) or "file"
    return Corpus(
        records, database=f"Corpus file {path.name} (offline)", source=f"corpus-{stem}", as_of=as_of
    )


def read_corpus(path: Path) -> list[Record]:
    """The records of a JSONL corpus. Raises InputError naming the file and line that is no record."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"corpus {path} cannot be read: {error.strerror}", hint="check the path given with --corpus"
        ) from error
    records: list[Record] = []
    for found in jsonl.read(data):
        if not isinstance(found, Parsed):
            raise InputError(
                f"{path}, line {found.line}: {found.cause}",
                hint="correct the line, or remove it from the corpus",
            )
        records.append(found.record)
    return records


def _accession(record: Record) -> str:
    stated = record.accession or record.source_id or record.pmid or record.doi
    return stated or f"sha256-{hashlib.sha256(jsonl.write([record])).hexdigest()[:16]}"
