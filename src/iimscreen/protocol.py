"""Read and check a protocol file, and say what differs between two versions. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

from iimscreen.errors import InputError
from iimscreen.forms import changes as form_changes
from iimscreen.forms import parse_appraisal, parse_extraction
from iimscreen.model import Protocol, Reason, Stage, Verdict
from iimscreen.toml_tables import Table, parse

TITLE_ABSTRACT = "title-abstract"
FULL_TEXT = "full-text"

# What may be voted, and what a final word may be, at each stage.
VOTES: dict[str, tuple[Verdict, ...]] = {
    TITLE_ABSTRACT: (Verdict.INCLUDE, Verdict.EXCLUDE, Verdict.UNSURE),
    FULL_TEXT: (Verdict.INCLUDE, Verdict.EXCLUDE, Verdict.UNSURE, Verdict.AWAITING, Verdict.ONGOING),
}
FINAL_WORDS: dict[str, tuple[Verdict, ...]] = {
    TITLE_ABSTRACT: (Verdict.INCLUDE, Verdict.EXCLUDE),
    FULL_TEXT: (Verdict.INCLUDE, Verdict.EXCLUDE, Verdict.AWAITING, Verdict.ONGOING),
}


# Read several times in one command, and before every write: 8 ms each with the bundled form of extraction.
@lru_cache(maxsize=32)
def of_version(text: str, number: int) -> Protocol:
    """The protocol in the text of one version of a review; the same text is read once."""
    return parse_protocol(text, f"protocol version {number}")


def parse_protocol(text: str, where: str) -> Protocol:
    """The protocol in a TOML text. Raises InputError naming `where`, the key, and what was expected."""
    top = parse(text, where)
    review = top.table("review")
    question = top.table("question")
    eligibility = top.table("eligibility")
    counting = top.table("counting")
    duplicates = top.table("duplicates")
    highlight = top.table("highlight")
    screening = top.table("screening")
    form, extraction = parse_extraction(top)
    instruments, appraisal = parse_appraisal(top)
    protocol = Protocol(
        title=review.text("title"),
        registration=review.text("registration", ""),
        notice=review.text("notice", ""),
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        question=tuple((name, question.text(name)) for name in list(question.rest())),
        designs=eligibility.texts("designs"),
        planned_sources=eligibility.texts("sources"),
        stages=_stages(top),
        reasons=_reasons(top),
        highlight_include=highlight.texts("include"),
        highlight_exclude=highlight.texts("exclude"),
        identified=counting.choice("identified", ("union", "sum-of-sub-queries"), "union"),
        screen_other_methods=counting.value("screen_other_methods", bool, False),
        merge_at=duplicates.value("merge_at", float, 95.0),
        ask_at=duplicates.value("ask_at", float, 85.0),
        duplicate_reviewers=duplicates.value("reviewers_needed", int, 1),
        preprints=duplicates.choice("preprints", ("link", "merge", "apart"), "link"),
        order=screening.choice("order", ("same", "shuffled"), "same"),
        order_seed=screening.value("seed", int, 1),
        pilot_votes=screening.choice("pilot_votes", ("count", "apart"), "count"),
        form=form,
        extraction=extraction,
        instruments=instruments,
        appraisal=appraisal,
    )
    for table in (review, question, eligibility, counting, duplicates, highlight, screening, top):
        table.nothing_else()
    if not 0 < protocol.ask_at <= protocol.merge_at <= 100:
        raise InputError(
            f"{where}, [duplicates]: ask_at {protocol.ask_at:g} and merge_at {protocol.merge_at:g}: "
            "expected 0 < ask_at ≤ merge_at ≤ 100",
            hint="correct the two thresholds",
        )
    if protocol.duplicate_reviewers not in (1, 2):
        raise InputError(
            f"{where}, [duplicates]: reviewers_needed is {protocol.duplicate_reviewers}, expected 1 or 2",
            hint="correct that line",
        )
    return protocol


def _stages(top: Table) -> tuple[Stage, ...]:
    tables = {table.choice("name", (TITLE_ABSTRACT, FULL_TEXT)): table for table in top.tables("stage")}
    if list(tables) != [TITLE_ABSTRACT, FULL_TEXT] or len(top.tables("stage")) != len(tables):
        raise InputError(
            f"{top.where}: expected two stages, {TITLE_ABSTRACT} and then {FULL_TEXT}, "
            f"found {', '.join(tables) or 'none'}",
            hint="write one [[stage]] for each",
        )
    stages = []
    for name, table in tables.items():
        needed = table.value("reviewers", int, 2)
        if not 1 <= needed <= 20:
            raise InputError(
                f"{table.where}: reviewers is {needed}, expected 1 to 20", hint="correct that line"
            )
        sends_on = (
            VOTES[name] if name == TITLE_ABSTRACT else (Verdict.INCLUDE,)
        )  # unsure is never final there
        advances = _verdicts(table, "advances", sends_on)
        settles = _verdicts(table, "settles", FINAL_WORDS[name])
        if Verdict.EXCLUDE in advances or Verdict.EXCLUDE not in settles:
            raise InputError(
                f"{table.where}: exclude must stand in settles and not in advances",
                hint="correct those lines",
            )
        stages.append(
            Stage(
                name=name,
                reviewers_needed=needed,
                advances=advances,
                final=settles,
                needs_reason=_needs_reason(table, name),
            )
        )
        table.nothing_else()
    return tuple(stages)


def _needs_reason(table: Table, stage: str) -> bool:
    needs_reason = table.choice("reason", ("required", "optional")) == "required"
    if stage == FULL_TEXT and not needs_reason:
        raise InputError(
            f"{table.where}: reason is 'optional', but PRISMA 2020 counts every full text excluded by its reason",
            hint='write reason = "required"',
        )
    return needs_reason


def _verdicts(table: Table, key: str, allowed: tuple[Verdict, ...]) -> frozenset[str]:
    found = table.texts(key, required=True)
    for verdict in found:
        if verdict not in allowed:
            raise InputError(
                f"{table.where}: {key} holds {verdict!r}, expected any of {', '.join(allowed)}",
                hint="correct that line",
            )
    return frozenset(found)


def _reasons(top: Table) -> tuple[Reason, ...]:
    reasons: dict[str, Reason] = {}
    for table in top.tables("reason"):
        code = table.text("code")
        if code in reasons:
            raise InputError(f"{table.where}: reason {code!r} stands twice", hint="give each its own code")
        if not all(letter.isalnum() or letter in "-_" for letter in code):
            raise InputError(
                f"{table.where}: code {code!r}: expected letters, digits, - and _ only",
                hint="put the wording into label",
            )
        reasons[code] = Reason(code, table.text("label"), table.value("demo_only", bool, False))
        table.nothing_else()
    if not reasons:
        raise InputError(f"{top.where}: no exclusion reason", hint="write at least one [[reason]]")
    return tuple(reasons.values())


def stage_named(protocol: Protocol, name: str) -> Stage:
    """The stage of that name. Raises InputError listing the stages if there is none."""
    for stage in protocol.stages:
        if stage.name == name:
            return stage
    raise InputError(
        f"the protocol has no stage {name!r}",
        hint=f"its stages: {', '.join(stage.name for stage in protocol.stages)}",
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions of a protocol."""

    what: str  # a sentence
    reasons: frozenset[str] = frozenset()  # codes whose earlier use must be looked at again
    stages: frozenset[str] = frozenset()  # stages all of whose decisions must be
    terms_for: frozenset[str] = frozenset()  # new: exclusions of records that contain one must be
    terms_against: frozenset[str] = frozenset()  # new: inclusions of records that contain one must be


_HIGHLIGHTED = ("highlight_include", "highlight_exclude")


def differences(old: Protocol, new: Protocol) -> list[Change]:
    """What changed from one protocol to another, in sentences; comments and layout do not count."""
    changes = []
    all_stages = frozenset(stage.name for stage in new.stages)
    for name, label in (
        ("title", "title"),
        ("registration", "registration"),
        ("notice", "notice"),
        ("designs", "eligible designs"),
        ("planned_sources", "planned sources"),
        ("highlight_include", "terms highlighted for inclusion"),
        ("highlight_exclude", "terms highlighted for exclusion"),
        ("identified", "how records identified are counted"),
        ("screen_other_methods", "whether records from other methods are screened on title and abstract"),
        ("merge_at", "score from which duplicates are merged"),
        ("ask_at", "score from which a person is asked about duplicates"),
        ("duplicate_reviewers", "reviewers who decide about a pair of possible duplicates"),
        ("preprints", "what a preprint is to its article"),
        ("order", "order in which records are screened"),
        ("order_seed", "seed of that order"),
        ("pilot_votes", "whether votes of a pilot count"),
        ("extraction", "how data are extracted"),
        ("appraisal", "how studies are appraised"),
    ):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            added = frozenset(after) - frozenset(before) if name in _HIGHLIGHTED else frozenset()
            change = Change(
                f"{label}: {_list_change(before, after)}"
                if isinstance(after, tuple)
                else f"{label}: {_shown(before)} → {_shown(after)}",
                stages=all_stages if name == "designs" and set(before) != set(after) else frozenset(),
                terms_for=added if name == "highlight_include" else frozenset(),
                terms_against=added if name == "highlight_exclude" else frozenset(),
            )
            changes.append(change)
    changes.extend(_question_changes(old, new, all_stages))
    changes.extend(_reason_changes(old, new))
    for before, after in zip(old.stages, new.stages, strict=True):
        if before != after:
            changes.append(
                Change(
                    f"rules of stage {after.name}: {_rules(before)} → {_rules(after)}",
                    stages=frozenset({after.name}),
                )
            )
    changes += [Change(f"extraction, {one.what}") for one in form_changes.differences(old.form, new.form)]
    changes += _instrument_changes(old, new)
    return changes


def _instrument_changes(old: Protocol, new: Protocol) -> list[Change]:
    before = {one.name: "; ".join(one.designs) or "every design" for one in old.instruments}
    after = {one.name: "; ".join(one.designs) or "every design" for one in new.instruments}
    return [
        Change(
            f"instrument of appraisal {name}: {before.get(name, 'not asked for')} → "
            f"{after.get(name, 'no longer asked for')}"
        )
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _question_changes(old: Protocol, new: Protocol, stages: frozenset[str]) -> list[Change]:
    before, after = dict(old.question), dict(new.question)
    return [
        Change(
            f"question, {name}: {_shown(before.get(name, ''))} → {_shown(after.get(name, ''))}", stages=stages
        )
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]


def _reason_changes(old: Protocol, new: Protocol) -> list[Change]:
    before = {reason.code: reason for reason in old.reasons}
    after = {reason.code: reason for reason in new.reasons}
    changes = [
        Change(f"reason {code} taken away", reasons=frozenset({code})) for code in before if code not in after
    ]
    codes = list(after)
    changes += [
        # The reason given is the first that applies: one that stands behind the new one may have to give way.
        Change(
            f"reason {code} added: {after[code].label}",
            reasons=frozenset(codes[codes.index(code) + 1 :]) & frozenset(before),
        )
        for code in after
        if code not in before
    ]
    changes += [
        Change(
            f"reason {code}: {_shown(before[code].label)} → {_shown(after[code].label)}",
            reasons=frozenset({code}),
        )
        for code in after
        if code in before and before[code] != after[code]
    ]
    stayed_before = [code for code in before if code in after]
    stayed_after = [code for code in after if code in before]
    if stayed_before != stayed_after:
        changes.append(
            Change(f"order of reasons: {', '.join(stayed_after)}", reasons=frozenset(stayed_after))
        )
    return changes


def _list_change(before: tuple[str, ...], after: tuple[str, ...]) -> str:
    """What was added to a list and what was taken away; a list may be long."""
    added = [one for one in after if one not in before]
    gone = [one for one in before if one not in after]
    said = [f"{what} {'; '.join(ones)}" for what, ones in (("added", added), ("taken away", gone)) if ones]
    return ", ".join(said) or f"in another order: {'; '.join(after)}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) or "none"


def _rules(stage: Stage) -> str:
    return (
        f"{stage.reviewers_needed} reviewers, advance on {'/'.join(sorted(stage.advances))}, settled by "
        f"{'/'.join(sorted(stage.final))}, reason {'required' if stage.needs_reason else 'optional'}"
    )
