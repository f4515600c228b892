"""Watch over reports after they were judged: retraction, concern, correction, update, or gone from PubMed.

A look reads the included and the full-text-excluded reports again, as far as their outcome may be
seen, and those that a version made elsewhere included. It changes no outcome. What it finds and was
not known when a report was judged waits for a joint decision: `settle` logs that, and an exclusion
goes the way of every final word, through `resolving.Table`.

Nobody voted here on a report of a version made elsewhere, so there is no word to correct: the
settlement itself takes it out of the total.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iimscreen import formats, resolving, review_flow, screening, sources, voting
from iimscreen.errors import InputError, ProtocolError
from iimscreen.flow import BOXES
from iimscreen.model import Record, StoredRecord, Verdict
from iimscreen.notices import facts_of
from iimscreen.protocol import FULL_TEXT, stage_named
from iimscreen.review_protocol import in_force
from iimscreen.sources import Access
from iimscreen.store import Review, records, reviewers, runs, versions, watches
from iimscreen.store.gate import Gate
from iimscreen.store.watches import Finding

PUBMED = "PubMed"
RETRACTION_WATCH = "Retraction Watch"

_NATURES = {  # as Retraction Watch writes them, in small letters
    "retraction": "retraction",
    "expression of concern": "concern",
    "correction": "correction",
    "reinstatement": "reinstatement",
}
_COLUMNS = ("OriginalPaperPubMedID", "OriginalPaperDOI", "RetractionNature")
_PMID = re.compile(r"0*([1-9]\d{0,8})(?:\.0)?")


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding as it is shown: its report, and how that stands now."""

    finding: Finding
    record: StoredRecord
    standing: str  # included, excluded, or closed to view
    is_new: bool  # found by this look


@dataclass(frozen=True, slots=True)
class Consequence:
    """What would change in the flow if these reports were excluded: box → (now, then)."""

    keys: tuple[str, ...]
    boxes: Mapping[str, tuple[int, int]]
    is_closed: bool  # a round is blind, so that numbers that depend on it are not shown


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the reports that were judged, and everything that is open."""

    looked_at: tuple[tuple[str, int], ...]  # where, and for how many reports
    judged: int  # reports that were to be looked at
    without_pmid: tuple[str, ...]  # of these, the ones that PubMed cannot tell of
    seen: tuple[Seen, ...]
    consequences: tuple[Consequence, ...]  # for each included report with an open finding, then all together


def watch(
    review: Review,
    *,
    pubmed: bool = True,
    retraction_watch: Path | None = None,
    access: Access | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Look:
    """Look at every judged report again, log what was not logged before, and say what hangs on it.

    With neither PubMed nor a file it looks nowhere and shows what is open. Raises ProtocolError while
    no outcome at full text may be seen, SourceError if PubMed fails, and InputError if the file is no
    Retraction Watch database; nothing is logged then.
    """
    with review.reading():
        members = _members(review)
    found: list[tuple[str, int, list[Finding]]] = []
    pmids = {key: tuple(filter(None, (one.record.pmid for one in own))) for key, own in members.items()}
    if retraction_watch is not None:
        listed = list(_listed(members, retraction_watch))
        identified = sum(any(one.record.pmid or one.record.doi for one in own) for own in members.values())
        found.append((RETRACTION_WATCH, identified, listed))
    if pubmed:
        wanted = [pmid for own in pmids.values() for pmid in own]
        now = sources.by_pmids(wanted, access, on_progress=on_progress) if wanted else {}
        # First of the two: where both tell of one notice, PubMed's words are kept.
        found.insert(0, (PUBMED, sum(map(bool, pmids.values())), list(_in_pubmed(pmids, now))))
    file = None if retraction_watch is None else (retraction_watch.name, _sha256(retraction_watch))
    with review.writing():
        new = _log(review, found, file)
    with review.reading():
        return _look(
            review,
            looked_at=tuple((origin, count) for origin, count, _ in found),
            judged=len(members),
            without_pmid=tuple(key for key, own in pmids.items() if not own) if pubmed else (),
            new=new,
        )


def _members(review: Review) -> dict[str, list[StoredRecord]]:
    """Every judged report → its records. Raises ProtocolError while none may be seen."""
    gate = Gate(review, in_force(review))
    judged = review_flow.judged(review, gate)
    if not judged:
        gate.require_open(FULL_TEXT, "which reports are included or excluded")
    return {key: list(records.by_keys(review, records.members_of(review, key))) for key in judged}


# --- what is found ---------------------------------------------------------------------------------


def _in_pubmed(pmids: Mapping[str, Sequence[str]], now: Mapping[str, Record]) -> Iterator[Finding]:
    for key, own in pmids.items():
        for pmid in dict.fromkeys(own):
            if pmid not in now:
                yield Finding(
                    key, "gone", f"pmid:{pmid}", "PubMed no longer gives this PMID", was_known=False
                )
                continue
            for kind, notice, citation in facts_of(now[pmid]):
                yield Finding(key, kind, notice, citation, was_known=False)


def _listed(members: Mapping[str, Sequence[StoredRecord]], path: Path) -> Iterator[Finding]:
    """What the Retraction Watch database holds of these reports, by PMID or DOI."""
    by_pmid = {one.record.pmid: key for key, own in members.items() for one in own if one.record.pmid}
    by_doi = {one.record.doi: key for key, own in members.items() for one in own if one.record.doi}
    for row in _rows(path):
        pmid = _PMID.fullmatch(row.get("originalpaperpubmedid", ""))
        key = by_pmid.get(pmid.group(1)) if pmid else None
        original_doi = formats.normal_doi(row.get("originalpaperdoi", ""))
        if key is None and original_doi is not None:
            key = by_doi.get(original_doi)
        kind = _NATURES.get(row["retractionnature"].lower())
        if key is None or kind is None:
            continue
        notice_pmid = _PMID.fullmatch(row.get("retractionpubmedid", ""))
        doi = formats.normal_doi(row.get("retractiondoi", ""))
        notice = f"pmid:{notice_pmid.group(1)}" if notice_pmid else f"doi:{doi}" if doi else ""
        day = row.get("retractiondate", "").partition(" ")[0]
        reason = ", ".join(filter(None, (part.strip(" +") for part in row.get("reason", "").split(";"))))
        yield Finding(key, kind, notice, ". ".join(filter(None, (day, reason))), was_known=False)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a Retraction Watch database, column names in small letters; read as it comes, row by row."""
    try:
        # Its public file is UTF-8 with some stray bytes in titles, which are not asked for here.
        with path.open(encoding=_encoding(path), errors="replace", newline="") as file:
            head = file.readline()
            file.seek(0)
            # A spreadsheet program of another country writes it anew with semicolons or tabs.
            reader = csv.DictReader(file, delimiter=max(",;\t", key=head.count))
            names = {(name or "").strip().lower() for name in reader.fieldnames or ()}
            lacking = [name for name in _COLUMNS if name.lower() not in names]
            if lacking:
                raise InputError(
                    f"{path} is no Retraction Watch database: line 1 has no column {', '.join(lacking)}",
                    hint="expected its CSV as published, with RetractionNature, OriginalPaperPubMedID, "
                    "OriginalPaperDOI, RetractionPubMedID, RetractionDOI, RetractionDate, Reason",
                )
            is_empty = True
            for row in reader:
                is_empty = False
                yield {
                    (name or "").strip().lower(): (value or "").strip()
                    for name, value in row.items()
                    if isinstance(value, str | None)
                }
            if is_empty:
                raise InputError(
                    f"{path} is no complete Retraction Watch database: it has a head and no row",
                    hint="download it again",
                )
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except csv.Error as error:
        raise InputError(f"{path} is no CSV: {error}", hint="download it again") from error


def _encoding(path: Path) -> str:
    """UTF-8, or UTF-16 where the first bytes say so, as spreadsheet programs write "Unicode text"."""
    with path.open("rb") as file:
        marks = file.read(2)
    return "utf-16" if marks in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()


def _log(
    review: Review,
    found: Sequence[tuple[str, int, Sequence[Finding]]],
    file: tuple[str, str] | None,
) -> list[Finding]:
    """Log each look with what nobody had logged before; these findings. `file`: its name and SHA-256."""
    known = [replace(one, key=records.kept_of(review, one.key)) for one in watches.findings(review)]
    when_judged = _known_when_judged(review, {one.key for _, _, findings in found for one in findings})
    new: list[Finding] = []
    for origin, count, findings in found:
        fresh: list[Finding] = []
        for one in findings:
            if not any(one.is_same(other) for other in (*known, *new, *fresh)):
                fresh.append(
                    replace(one, was_known=any(one.is_same(other) for other in when_judged), origin=origin)
                )
        name, sha256 = file if file is not None and origin == RETRACTION_WATCH else (None, None)
        watches.add(
            review, origin=origin, looked_at=count, findings=fresh, file_name=name, file_sha256=sha256
        )
        new += fresh
    return new


def _known_when_judged(review: Review, keys: Iterable[str]) -> list[Finding]:
    """What stood in the records of these reports before the last word on them at full text."""
    gate = Gate(review, in_force(review))
    if not gate.shows_any(FULL_TEXT):
        return []
    votes, finals, arrivals = gate.votes(FULL_TEXT), gate.finals(FULL_TEXT), runs.arrivals(review)
    found = []
    for key in keys:
        words = [*votes.get(key, ()), *([finals[key]] if key in finals else ())]
        last = max((word.log_id for word in words), default=0)
        for one in records.by_keys(review, records.members_of(review, key)):
            if arrivals[one.key] < last:
                found += [
                    Finding(key, kind, notice, citation, was_known=True)
                    for kind, notice, citation in facts_of(one.record)
                ]
    return found


# --- what hangs on it ------------------------------------------------------------------------------


def _look(
    review: Review,
    *,
    looked_at: tuple[tuple[str, int], ...],
    judged: int,
    without_pmid: tuple[str, ...],
    new: Sequence[Finding],
) -> Look:
    standing = review_flow.judged(review, Gate(review, in_force(review)))
    fresh = {(one.key, one.kind, one.notice) for one in new}
    seen = []
    for one in watches.findings(review):
        is_new = (one.key, one.kind, one.notice) in fresh
        if is_new or one.is_open:
            report = records.kept_of(review, one.key)
            seen.append(
                Seen(one, records.by_key(review, report), standing.get(report, "closed to view"), is_new)
            )
    at_stake = list(
        dict.fromkeys(one.record.key for one in seen if one.finding.is_open and one.standing == "included")
    )
    groups = [(key,) for key in at_stake] + ([tuple(at_stake)] if len(at_stake) > 1 else [])
    return Look(
        looked_at, judged, without_pmid, tuple(seen), tuple(consequence(review, keys) for keys in groups)
    )


def consequence(review: Review, keys: Collection[str]) -> Consequence:
    """What would change in the flow if these included reports were excluded at full text."""
    now, then = review_flow.without(review, ()), review_flow.without(review, keys)
    changed = {}
    for box in BOXES:
        before, after = now.boxes[box], then.boxes[box]
        if before is not None and after is not None and before != after:
            changed[box] = (before, after)
    return Consequence(tuple(keys), changed, is_closed=now.boxes["new_reports"] is None)


# --- the joint decision ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided about one report, and on which findings."""

    key: str
    outcome: str  # keep or exclude
    findings: tuple[Finding, ...]


def settle(
    review: Review,
    record: str,
    *,
    names: Sequence[str],
    exclude: bool,
    reason: str | None = None,
    note: str | None = None,
) -> Settled:
    """Log what people decided together about every open finding on one report.

    By an adjudicator, or by all who voted on the report at full text (for one of a version made
    elsewhere: by as many as the protocol wants). Raises ProtocolError if nothing is open, for one
    person alone, or while the outcome may not be seen; InputError for an unknown name or reason.
    """
    with review.writing():
        protocol = in_force(review)
        gate = Gate(review, protocol)
        key = records.kept_of(review, records.find(review, record).key)
        standing = review_flow.judged(review, gate).get(key)
        if standing is None:
            gate.require_open(FULL_TEXT, f"the outcome of {key}")
            raise ProtocolError(
                f"{key} is neither included nor excluded at full text, so there is nothing to settle",
                hint="`iimscreen watch --source none` shows what is open",
            )
        found = [
            one for one in watches.findings(review) if one.is_open and records.kept_of(review, one.key) == key
        ]
        if not found:
            raise ProtocolError(
                f"nothing is open about {key}", hint="`iimscreen watch --source none` shows what is open"
            )
        if reason is not None and not exclude:
            raise InputError("--reason goes with --exclude", hint="say why with --note")
        manner = _manner(review, gate, key, names)
        if exclude:
            said = note or "after " + ", ".join(f"{one.kind} {one.notice}".strip() for one in found)
            reason = _exclude(review, key, standing, names, reason, said)
        outcome = "exclude" if exclude else "keep"
        watches.settle(review, found, outcome, manner=manner, names=names, reason=reason, note=note)
        return Settled(key, outcome, tuple(found))


def _exclude(
    review: Review, key: str, standing: str, names: Sequence[str], reason: str | None, note: str
) -> str | None:
    """The reason with which a report is excluded, after the final word on it is stored, if it needs one."""
    if standing == "excluded":
        raise ProtocolError(f"{key} is excluded already", hint="settle it with --keep: it stays as it is")
    protocol = in_force(review)
    made_elsewhere = {
        records.kept_of(review, one)
        for previous in versions.previous_reviews(review)
        for one, _ in previous.reports
    }
    if key in made_elsewhere:
        return screening.check_reason(protocol, stage_named(protocol, FULL_TEXT), Verdict.EXCLUDE, reason)
    table = resolving.Table(review, names, FULL_TEXT)
    return table.settle(screening.Decision(key, Verdict.EXCLUDE, reason, note)).reason


def _manner(review: Review, gate: Gate, key: str, names: Sequence[str]) -> str:
    """How the decision of these people is reported. Raises unless it is a joint one."""
    standing = reviewers.standing(review)
    for name in names:
        if name not in standing:
            raise InputError(
                f"no reviewer is called {name!r}",
                hint=f"takes part: {', '.join(standing) or 'nobody yet'}; `iimscreen reviewer add` adds one",
            )
    votes = gate.votes(FULL_TEXT).get(key, []) if gate.shows_any(FULL_TEXT) else []
    voters = frozenset(vote.names[0] for vote in votes)
    adjudicators = frozenset(name for name, role in standing.items() if role == reviewers.ADJUDICATOR)
    found = voting.manner(tuple(dict.fromkeys(names)), adjudicators, voters)
    needed = stage_named(in_force(review), FULL_TEXT).reviewers_needed
    if found is None:
        raise ProtocolError(
            f"{' and '.join(names)} are not all who voted on {key} ({', '.join(sorted(voters))})",
            hint="a joint decision needs everyone who voted, or an adjudicator",
        )
    if found == "one person" and needed > 1:
        raise ProtocolError(
            f"one person alone ({names[0]}) cannot settle what became of a report that {needed} judged",
            hint="name both with --by twice, or an adjudicator",
        )
    return found


def open_sentences(review: Review) -> list[str]:
    """What waits for a joint decision, in sentences for `status`, as far as outcomes may be seen."""
    found = [one for one in watches.findings(review) if one.is_open]
    if not found:
        return []
    standing = review_flow.judged(review, Gate(review, in_force(review)))
    sentences = []
    for one in found:
        key = records.kept_of(review, one.key)
        if key in standing:
            sentences.append(
                f"watch: {key}, {standing[key]}: {one.kind} {one.notice}".rstrip()
                + f" ({one.origin}); `iimscreen watch settle {key}` decides"
            )
    return sentences
