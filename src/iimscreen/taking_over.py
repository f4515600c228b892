"""Decisions of a file become votes of one reviewer: which records they mean, and which reasons. All or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from iimscreen import decision_formats
from iimscreen.decision_formats import Reading, Said, words_of
from iimscreen.errors import InputError
from iimscreen.matching.titles import spoken_titles
from iimscreen.model import Protocol, Record, Verdict
from iimscreen.protocol import VOTES
from iimscreen.screening import Decision, Desk, parse_verdict
from iimscreen.store import Review, records
from iimscreen.voting import Vote
from iimscreen.wording import counted


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a file is to be taken."""

    named: str | None = None  # whose votes in the file
    verdict: str | None = None  # of lines that state none, such as those of Covidence's list "included"
    skip_unknown: bool = False  # leave out what fits no record, or more than one report
    as_notes: bool = False  # keep a reason that the protocol lacks in the note


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What became of a file of decisions."""

    votes: list[Vote]
    undecided: int  # lines without a decision
    repeated: int  # lines that say the same of a report as an earlier one
    of_others: int  # votes of others
    of_other_stages: int  # votes of other stages
    unknown: list[int]  # lines left out, since they fit no record or more than one report
    noted: int  # votes with a reason that became a note
    names_nobody: bool  # whether the file does not say whose decisions it holds


def read(path: Path) -> Reading | None:
    """What a file says; None if it is of no tool that is known, or cannot be read at all."""
    try:
        data = path.read_bytes()
    except OSError:
        return None  # a plain CSV is tried next, and says what is wrong
    try:
        return decision_formats.read(data)
    except InputError as error:
        raise InputError(f"{path}: {error.message}", hint=error.hint) from error


def take_over(desk: Desk, reading: Reading, file_name: str, wanted: Wanted) -> TakenOver:
    """Store what one person said of this stage as votes of the desk's reviewer, each with a note of its origin.

    Raises InputError, and stores nothing, naming every line that cannot be used and every reason that
    the protocol lacks.
    """
    here = [one for one in reading.said if one.stage in (None, desk.stage.name)]
    name = _whose(here, desk.reviewer, wanted.named)
    given = wanted.verdict and parse_verdict(wanted.verdict, VOTES[desk.stage.name], desk.stage.name)
    chosen = [_filled(one, given or None) for one in here if one.by in (None, name)]
    decided = [one for one in chosen if one.verdict is not None]
    if not decided:
        raise InputError(
            f"{file_name} holds no decision of stage {desk.stage.name}",
            hint="if it is a list of records with one and the same decision, name that with --verdict",
        )
    found = _Records(desk.review)
    kept: dict[str, Said] = {}
    faults: dict[str, list[int]] = {}
    unknown: list[int] = []
    repeated = 0
    for one in decided:
        try:
            report = found.report_of(one)
        except InputError as error:
            unknown.append(one.line)
            faults.setdefault(error.message, []).append(one.line)
            continue
        earlier = kept.setdefault(report, one)
        if earlier is one:
            continue
        if earlier.verdict is one.verdict:
            repeated += 1
        else:
            cause = f"says otherwise of {report} than {reading.unit} {earlier.line}"
            faults.setdefault(cause, []).append(one.line)
    if wanted.skip_unknown:
        faults = {cause: lines for cause, lines in faults.items() if not set(lines) <= set(unknown)}
    if faults:
        raise _unusable(faults, reading.unit)
    reasons = _Reasons(desk.protocol, as_notes=wanted.as_notes)
    votes = [
        (one.line, reasons.decision(report, one, _origin(file_name, one, name, desk.reviewer)))
        for report, one in kept.items()
    ]
    reasons.require_known()
    return TakenOver(
        votes=desk.decide_all(votes) if votes else [],
        undecided=len({one.line for one in chosen if one.verdict is None}),
        repeated=repeated,
        of_others=sum(one.by not in (None, name) for one in here),
        of_other_stages=sum(one.verdict is not None for one in reading.said)
        - sum(one.verdict is not None for one in here),
        unknown=unknown,
        noted=reasons.noted,
        names_nobody=name is None,
    )


def _whose(said: Sequence[Said], reviewer: str, named: str | None) -> str | None:
    """The name in the file whose votes are meant; None where the file names nobody."""
    names = list(dict.fromkeys(one.by for one in said if one.by is not None))
    wanted = named or reviewer
    if wanted in names:
        return wanted
    alike = [name for name in names if name.casefold() == wanted.casefold()]
    if len(alike) == 1:
        return alike[0]
    if not names and named is None:
        return None
    raise InputError(
        f"the file holds no votes of {wanted!r}" + (f", but of {', '.join(names)}" if names else ""),
        hint='say whose are yours with --as, such as --as "Ann Example"' if names else "leave --as out",
    )


def _filled(one: Said, verdict: Verdict | None) -> Said:
    return one if one.verdict is not None or verdict is None else replace(one, verdict=verdict)


def _origin(file_name: str, one: Said, name: str | None, reviewer: str) -> str:
    parts = [f"taken over from {file_name}"]
    if name is not None and name != reviewer:
        parts.append(f"given there as {name}")
    if one.at:
        parts.append(f"on {one.at}")
    return f"[{', '.join(parts)}]"


def _unusable(faults: dict[str, list[int]], unit: str) -> InputError:
    number = sum(map(len, faults.values()))
    shown = "; ".join(f"{_lines(lines, unit)}: {cause}" for cause, lines in faults.items())
    return InputError(
        f"{_count(number, unit)} cannot be used, nothing was stored: {shown}",
        hint="correct those, or take the others with --skip-unknown, which leaves out what fits no record",
    )


def _lines(lines: Sequence[int], unit: str) -> str:
    return f"{unit if len(lines) == 1 else _many(unit)} {spans(lines)}"


def spans(numbers: Sequence[int]) -> str:
    """Numbers in order, those that follow each other as a span: "3, 6-9"."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else str(span[0]) for span in found)


def _many(unit: str) -> str:
    return {"entry": "entries"}.get(unit, f"{unit}s")


def _count(number: int, unit: str) -> str:
    return counted(number, unit, _many(unit))


class _Records:
    """Which report of the review a line means: by key, DOI and PMID, or else by title and year."""

    def __init__(self, review: Review) -> None:
        self._kept = {key: report for key, _, _, _, report, _ in records.memberships(review)}
        self._by: dict[tuple[str, object], set[str]] = {}
        for stored in records.each_to_compare(review):
            report = self._kept[stored.key]
            for known in self._known_by(stored.record):
                self._by.setdefault(known, set()).add(report)

    @staticmethod
    def _known_by(record: Record) -> Iterable[tuple[str, object]]:
        if record.doi:
            yield "DOI", record.doi
        if record.pmid:
            yield "PMID", record.pmid
        if titles := spoken_titles(record):
            yield "title and year", (titles[0], record.year)  # or that neither states a year

    def report_of(self, said: Said) -> str:
        """The key of the report meant. Raises InputError, saying why, if it is none or not certain."""
        found = [("key", {self._kept[said.key]})] if said.key in self._kept else []
        stated = Record(doi=said.doi, pmid=said.pmid, title=said.title, year=said.year)
        by = {name: self._by.get((name, value), set()) for name, value in self._known_by(stated)}
        found += [(name, by[name]) for name in ("DOI", "PMID") if by.get(name)]
        if not found and by.get("title and year"):
            found = [("title and year", by["title and year"])]
        if not found:
            raise InputError("no record of this review fits")
        reports = set.intersection(*(reports for _, reports in found))
        if not reports:
            raise InputError(f"its {' and its '.join(name for name, _ in found)} are of different reports")
        if len(reports) > 1:
            reports = (reports & by.get("title and year", set())) or reports
        if len(reports) > 1:
            raise InputError(f"its {found[0][0]} may mean {len(reports)} reports")
        return reports.pop()


@dataclass(slots=True)
class _Reasons:
    """Reasons of a file as codes of the protocol; those that it lacks are gathered."""

    protocol: Protocol
    as_notes: bool
    noted: int = 0
    unknown: dict[str, int] = field(default_factory=dict)  # as written, and how often

    def decision(self, report: str, said: Said, origin: str) -> Decision:
        """The decision that a line says, its note with what became of its reasons and where it came from."""
        codes, unknown = self._codes(said.reasons if said.verdict is Verdict.EXCLUDE else ())
        notes = [said.note] if said.note else []
        if unknown:
            for reason in unknown:
                self.unknown[reason] = self.unknown.get(reason, 0) + 1
            self.noted += 1
            notes.append(f"reason: {', '.join(unknown)}")
        if len(codes) > 1:
            notes.append(f"other reasons: {', '.join(codes[1:])}")
        if said.reasons and said.are_reasons_of_all:
            notes.append("the reasons are of all who excluded it")
        return Decision(
            report, (said.verdict or "").strip(), codes[0] if codes else None, " ".join([*notes, origin])
        )

    def require_known(self) -> None:
        """Raise InputError naming every reason that the protocol lacks, unless they may be notes."""
        if self.unknown and not self.as_notes:
            listed = "; ".join(f"{reason!r} ({count})" for reason, count in self.unknown.items())
            known = "; ".join(f"{reason.code} ({reason.label})" for reason in self.protocol.reasons)
            raise InputError(
                f"the protocol lacks {counted(len(self.unknown), 'reason')} of the file, nothing was stored: "
                f"{listed}",
                hint=f"write one of its own in their place: {known}; or keep them as notes: --reasons-as-notes",
            )

    def _codes(self, written: Sequence[str]) -> tuple[list[str], list[str]]:
        """Codes of the reasons written, in the protocol's order; and those that are none of it.

        A list parted by commas may hold reasons with commas of their own: the longest that fits is taken.
        """
        known = {words_of(reason.label): reason.code for reason in self.protocol.reasons}
        known |= {words_of(reason.code): reason.code for reason in self.protocol.reasons}
        order = [reason.code for reason in self.protocol.reasons]
        found, unknown = set(), []
        start = 0
        while start < len(written):
            for end in range(len(written), start, -1):
                code = known.get(words_of(" ".join(written[start:end])))
                if code is not None:
                    found.add(code)
                    break
            else:
                end = start + 1
                unknown.append(written[start])
            start = end
        return sorted(found, key=order.index), unknown
