"""Items 13, 15 and 16: when, how many, and what became of duplicates."""

from __future__ import annotations

from collections import Counter

from iimscreen import receipts
from iimscreen.appendix.facts import Facts, ended, moment, search_of, shown, state
from iimscreen.appendix.parts import Filled, Part, Statement, Table
from iimscreen.duplicates import asking
from iimscreen.store import curation, duplicates, provenance, records, versions
from iimscreen.wording import counted


def dates(facts: Facts) -> Filled:
    """Item 13: when each source was really searched last; an as-of date is none."""
    rows = []
    for account in facts.accounts:
        by_name: dict[str, list[receipts.Entry]] = {}
        for entry in account.searches:
            by_name.setdefault(search_of(entry).strategy, []).append(entry)
        for name, entries in by_name.items():
            last = max(entries, key=lambda entry: max(ended(entry), default=""))
            at = max(ended(last), default=None)
            zones = {run.result.zone or "not recorded" for run in last.runs if run.result is not None}
            when = "not completed" if at is None else moment(at)
            rows.append(
                (account.database, name, when, ", ".join(sorted(zones)), state(last), f"search {last.number}")
            )
    parts: list[Part] = []
    if rows:
        parts.append(
            Table(
                "Last search of each source (for each strategy), the moment at which its last answer was complete",
                ("source", "strategy", "last searched", "zone of the computer", "state", "search"),
                tuple(rows),
                ", ".join(row[-1] for row in rows),
            )
        )
    unknown = []
    for account in facts.accounts:
        if account.imports and account.imported_at is not None:
            parts.append(
                Statement(
                    f"{account.database}: exported files were imported, last on {moment(account.imported_at)}; on "
                    "which day the source was searched, the files do not say.",
                    shown(account.imports),
                )
            )
            if not account.kind.is_other_method and not facts.noted(13, account.database):
                unknown.append(account.database)
    return parts, f"the day of the last search of: {', '.join(unknown)}" if unknown else ""


def totals(facts: Facts) -> Filled:
    """Item 15."""
    brought = {one.source: one for one in provenance.contributions(facts.review)}
    rows = []
    for account in facts.accounts:
        given = brought[account.source]
        results = [run.result for entry in (*account.searches, *account.imports) for run in entry.runs]
        done = [result for result in results if result is not None]
        rows.append(
            (
                account.database,
                str(account.kind),
                f"{given.records:,}",
                f"{sum(result.hits for result in done):,}",
                f"{sum(result.refused for result in done):,}",
                f"{given.only_here:,}",
            )
        )
    if not rows:
        return [Statement("No source was searched or imported from.", "the log")], ""
    total = sum(one.records for one in brought.values())
    head = (
        "source",
        "kind",
        "distinct records",
        "hits of all runs",
        "refused records of files",
        "reports only here",
    )
    parts: list[Part] = [
        Table("Records of each source", head, tuple(rows), "iimscreen source; the log, runs and records"),
        Statement(
            f"Together {counted(total, 'record')}, each counted once for each source, before deduplication. "
            "Hits of all runs count a record again for every sub-query and every re-run that found it.",
            "the log, records",
        ),
    ]
    removed = sum(one.removed for one in brought.values())
    if removed:
        was = "was" if removed == 1 else "were"
        parts.append(
            Statement(
                f"Of these, {counted(removed, 'record')} {was} removed before screening for other reasons than being a "
                "duplicate.",
                "iimscreen records list --removed; the log, record_removals",
            )
        )
    return parts, ""


def deduplication(facts: Facts) -> Filled:
    """Item 16."""
    made = [entry.content or {} for entry in facts.log if entry.kind == "dedupe_runs"]
    if not made:
        return [Statement("Duplicates were not sought yet.", "the log")], ""
    last = made[-1]
    at = next(entry.at for entry in reversed(facts.log) if entry.kind == "dedupe_runs")
    standing = duplicates.standing(facts.review)
    merged = [one for one in standing if one.verdict == duplicates.DUPLICATE]
    by_rule = Counter(one.decided_by.removeprefix("rule:") for one in merged if not one.by_person)
    people = [one for one in standing if one.by_person]
    verdicts = [entry.content or {} for entry in facts.log if entry.kind == "duplicate_verdicts"]
    put = {(one["record_key"], one["other_key"]) for one in verdicts if one["verdict"] == duplicates.ASKED}
    names = sorted({one.decided_by.removeprefix("person:") for one in people})
    # What a version made elsewhere included is compared with, and is nothing that these searches found.
    removed = curation.removed(facts.review)
    rows = [row for row in records.memberships(facts.review) if not versions.is_made_elsewhere(row[0])]
    left = {row[4] for row in rows if row[0] not in removed}
    among = ""
    if any(one.at < at for one in versions.previous_reviews(facts.review)):
        among = ", with the reports of a version made elsewhere among them"
    parts: list[Part] = [
        Statement(
            f"Software: iimscreen {last['tool_version']}, command dedupe, run {counted(len(made), 'time')}, last "
            f"on {moment(at)} over {counted(last['records'], 'record')}{among}. Pairs of records are compared by rules "
            "on identifiers, title, authors, year, journal and pages; scores run from 0 to 100: from "
            f"{last['merge_at']:g} they are merged, from {last['ask_at']:g} a person is asked, below that they are "
            "left apart. The earliest record of a report is kept; nothing is deleted.",
            "the log, dedupe_runs",
        ),
        Statement(
            f"{counted(sum(by_rule.values()), 'pair')} merged by rules"
            + (
                f" ({', '.join(f'{rule} {count:,}' for rule, count in by_rule.most_common())})"
                if by_rule
                else ""
            )
            + f"; {counted(len(put), 'pair')} put to people; {counted(len(people), 'pair')} decided by people"
            + (f" ({', '.join(names)})" if names else "")
            + f": {sum(one.verdict == duplicates.DUPLICATE for one in people):,} merged, "
            f"{sum(one.verdict == duplicates.DISTINCT for one in people):,} left apart; "
            f"{counted(len(asking.asked(facts.review)), 'pair')} waiting for a person.",
            "iimscreen duplicates; the log, duplicate_verdicts",
        ),
        Statement(
            f"{counted(len(rows), 'record')} before, {counted(len(left), 'report')} after"
            + (f", without {counted(len(removed), 'record')} removed for other reasons." if removed else "."),
            "the log, records",
        ),
    ]
    return parts, ""
