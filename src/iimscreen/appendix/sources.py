"""Items 1 to 7 and 11: where was searched, and by what other ways."""

from __future__ import annotations

from collections import Counter

from iimscreen import receipts
from iimscreen.appendix.facts import Facts, is_corpus, search_of, shown, span, state
from iimscreen.appendix.parts import Filled, Part, Statement, asked_for
from iimscreen.errors import InputError
from iimscreen.model import Kind
from iimscreen.store import versions
from iimscreen.store.receipts import SearchRow
from iimscreen.toml_tables import parse
from iimscreen.wording import counted

_OFFLINE = "a file of records, searched offline with the same strategy; this was no search of PubMed"
_WAYS = {
    "pubmed": "searched through NCBI's E-utilities",
    "clinicaltrials": "searched through its programming interface",
    **dict.fromkeys(("cited-by", "references", "similar"), "searched through PubMed's links (ELink)"),
}


def databases(facts: Facts) -> Filled:
    """Item 1."""
    parts: list[Part] = [_source_line(account) for account in facts.of(Kind.DATABASE)]
    if not parts:
        parts.append(Statement("No database was searched or imported from.", "the log"))
    nameless = [
        account.database
        for account in facts.of(Kind.DATABASE)
        if account.imports and "(" not in account.database and not facts.noted(1, account.database)
    ]
    return parts, f"the platform of: {', '.join(nameless)}" if nameless else ""


def _source_line(account: receipts.SourceAccount) -> Statement:
    said = []
    if account.searches:
        said.append(_WAYS.get(account.source, _OFFLINE if is_corpus(account.source) else "searched"))
    builds = {
        run.result.database_build
        for entry in account.searches
        for run in entry.runs
        if run.result is not None and run.result.database_build
    }
    if builds and not is_corpus(account.source):
        said.append(f"build {', '.join(sorted(builds))}")
    if account.imports:
        files = [f"{entry.runs[0].file_name} on {entry.runs[0].begun_at[:10]}" for entry in account.imports]
        said.append(f"imported from exported files ({'; '.join(files)}); its name is as the importer gave it")
    return Statement(f"{account.database}: {'; '.join(said)}.", shown([*account.searches, *account.imports]))


def registers(facts: Facts) -> Filled:
    """Item 3."""
    found: list[Part] = [_source_line(account) for account in facts.of(Kind.REGISTER)]
    if found:
        return found, ""
    return [Statement("No register was searched or imported from with iimscreen.", "the log")], asked_for(3)


def browsed(facts: Facts) -> Filled:
    """Item 4."""
    found: list[Part] = [_source_line(one) for one in facts.of(Kind.WEBSITE, Kind.ORGANISATION)]
    return found, asked_for(4)


def citation_searching(facts: Facts) -> Filled:
    """Item 5, with what the sources themselves say of their coverage."""
    parts: list[Part] = []
    for account in facts.of(Kind.CITATION):
        for entry in account.searches:
            search = search_of(entry)
            seeds = ", ".join(run.label.removeprefix("pmid:") for run in entry.runs)
            parts.append(
                Statement(
                    f"{account.database}: {search.title}, run on {span(entry)} ({state(entry)}): "
                    f"{counted(search.unique, 'distinct record')}. {_note_of(search)} PMIDs of the seeds: {seeds}.",
                    shown([entry]),
                )
            )
            said = Counter(w for run in entry.runs if run.result is not None for w in run.result.warnings)
            parts += [Statement(f"{account.database}: {words}.", shown([entry])) for words in said]
        if account.imports:
            parts.append(_source_line(account))
    return parts, "" if parts else asked_for(5)


def _note_of(search: SearchRow) -> str:
    try:
        head = parse(search.strategy_text, search.strategy).table("strategy")
        return head.line("note", "")
    except InputError:  # a strategy file of another version
        return ""


def other_methods(facts: Facts) -> Filled:
    """Item 7."""
    similar = [account for account in facts.accounts if account.source == "similar"]
    return [
        Statement(f"{one.database}: see item 5.", shown(one.searches)) for one in similar if one.searches
    ], asked_for(7)


def prior_work(facts: Facts) -> Filled:
    """Item 11."""
    found: list[Part] = [
        Statement(
            f"This review continues {one.title!r}, entered from {one.file_name} on {one.at[:10]}: "
            f"{counted(len(one.reports), 'report')}.",
            "the log, previous_reviews",
        )
        for one in versions.previous_reviews(facts.review)
    ]
    return found, asked_for(11)
