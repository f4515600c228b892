"""Items 8 to 10 and 12: what was asked, word for word, under which limits, and how often."""

from __future__ import annotations

import re

from iimscreen import receipts
from iimscreen.appendix.facts import Facts, Strategy, search_of, shown, span, state
from iimscreen.appendix.parts import Filled, Part, Statement, Table, Verbatim, asked_for
from iimscreen.model import Kind
from iimscreen.store import provenance
from iimscreen.store.receipts import RunRow
from iimscreen.wording import counted


def strategies(facts: Facts) -> Filled:
    """Item 8: every text as written and as sent, and its hits in every run."""
    parts: list[Part] = []
    for one in facts.strategies:
        parts += _strategy(one)
    imported = [one for one in facts.of(Kind.DATABASE, Kind.REGISTER) if one.imports]
    parts += [
        Statement(
            f"{account.database}: its records were imported from exported files, which do not hold the strategy.",
            shown(account.imports),
        )
        for account in imported
    ]
    by_hand = [account.database for account in imported if not facts.noted(8, account.database)]
    return parts, f"the strategy, copied exactly as run, of: {', '.join(by_hand)}" if by_hand else ""


def _strategy(one: Strategy) -> list[Part]:
    latest = one.latest
    head = f"{one.account.database}, strategy {one.name}: {search_of(latest).title}"
    parts: list[Part] = [
        Statement(f"{head}. Searched on {'; '.join(map(span, one.entries))}.", shown(one.entries))
    ]
    changed = [run for run in latest.runs if run.query != run.text_sent]
    if one.account.kind is Kind.CITATION and not changed:
        parts.append(Verbatim("Every sub-query as sent, one a line", "\n".join(map(_sent, latest.runs))))
    else:
        for run in latest.runs:
            if run in changed:
                parts.append(Verbatim(f"{run.label}, as written", run.query or ""))
            parts.append(
                Verbatim(f"{run.label}, as sent{'' if run in changed else ' and written'}", _sent(run))
            )
    parts.append(_hits(one))
    for run in latest.runs:
        said = run.result.warnings if run.result is not None and one.account.kind is not Kind.CITATION else ()
        parts += [Statement(f"{run.label}: {words}", shown([latest])) for words in said]
    return parts


def _sent(run: RunRow) -> str:
    return run.text_sent or ""


def _hits(one: Strategy) -> Table:
    rows = [
        (
            label,
            *(
                "not completed" if (result := entry.runs[number].result) is None else f"{result.hits:,}"
                for entry in one.entries
            ),
        )
        for number, label in enumerate(run.label for run in one.latest.runs)
    ]
    rows.append(("distinct records", *(f"{search_of(entry).unique:,}" for entry in one.entries)))
    return Table(
        f"Hits of {one.name} in {one.account.database}",
        ("sub-query", *(f"search {entry.number}, {span(entry)} ({state(entry)})" for entry in one.entries)),
        tuple(rows),
        shown(one.entries),
    )


_TAGGED = re.compile(r'("[^"]*"|[^()\[\]"]+)\[\s*([^\[\]]+?)\s*\]')
_QUOTED = re.compile(r'"[^"]*"')
_OPERATORS = re.compile(r"\b(?:AND|OR|NOT)\b")
_DENIED = re.compile(r"\bNOT[\s(]*$")
_RESTRICTIONS: dict[str, frozenset[str]] = {
    "language": frozenset({"la", "lang", "language"}),
    "publication type": frozenset({"pt", "ptyp", "publication type"}),
    "date": frozenset(
        (
            *("dp", "pdat", "publication date", "date - publication", "epdat", "ppdat"),
            *("crdt", "create date", "date - create", "edat", "entry date", "date - entry"),
            *("mhda", "mesh date", "lr", "dcom"),
        )
    ),
    "subset or filter": frozenset({"sb", "subset", "filter"}),
}
_HEADINGS = frozenset({"mh", "mesh", "mesh terms", "majr", "mesh major topic"})
_SPECIES = re.compile(r'"?(humans?|animals?)"?', re.IGNORECASE)
_MOST = re.compile(r" most (\d+)$", re.MULTILINE)
_SIGNATURE = ("randomized controlled trial", "controlled clinical trial", "randomly", "groups")


def restrictions(text: str) -> list[tuple[str, str]]:
    """What a PubMed query's own text limits: (kind of limit, the words as they stand there).

    Told by tags: language, publication type, date, subset or filter, and Humans or Animals as headings.
    """
    found = []
    # A bracket inside quotes is no tag.
    text = _QUOTED.sub(lambda quoted: quoted.group().replace("[", " ").replace("]", " "), text)
    for match in _TAGGED.finditer(text):
        words, tag = match.groups()
        before, term = text[: match.start()], words
        if not words.startswith('"'):
            term = _OPERATORS.split(words)[-1]
            before += words[: len(words) - len(term)]
        name = tag.partition(":")[0].strip().casefold()
        kind = next((kind for kind, tags in _RESTRICTIONS.items() if name in tags), "")
        if name in _HEADINGS and _SPECIES.fullmatch(term.strip()):
            kind = "species"
        if kind:
            denied = "NOT " if _DENIED.search(before) else ""
            found.append((kind, f"{denied}{term.strip()}[{tag}]"))
    if re.search(r"\bhasabstract\b", text, re.IGNORECASE):
        found.append(("text availability", "hasabstract"))
    return list(dict.fromkeys(found))


def limits(facts: Facts) -> Filled:
    """Item 9: date limits that were sent, and limits that stand in the text."""
    parts: list[Part] = []
    justified = set()
    for one in facts.strategies:
        where = f"{one.account.database}, strategy {one.name}"
        origin = shown(one.entries)
        dated: dict[tuple[str, str, str], None] = {}
        for run in one.latest.runs:
            limit = receipts.limit_of(run)
            if limit is not None:
                dated[limit.until, limit.field, _sent(run).removeprefix(f"({run.query})").strip()] = None
        for until, field, verbatim in dated:
            parts.append(
                Statement(
                    f"{where}: limited to records until {until} by the date field {field}. This as-of date is a "
                    "limit; the search itself was made on the day given under item 13. As sent:",
                    origin,
                    (verbatim,),
                )
            )
            justified.add(where)
        if not dated and (as_of := search_of(one.latest).as_of) is not None:
            dated[as_of, "", ""] = None
            parts.append(Statement(f"{where}: limited to records until {as_of}.", origin))
        parts += [
            Statement(
                f"{where}: of the articles that PubMed ranks, the nearest {most} were taken for each seed.",
                origin,
            )
            for most in dict.fromkeys(_MOST.findall("\n".join(map(_sent, one.latest.runs))))
            if one.account.source == "similar"
        ]
        in_text: dict[str, dict[str, None]] = {}
        for run in one.latest.runs:
            for kind, words in restrictions(run.query or ""):
                in_text.setdefault(kind, {})[words] = None
        for kind, pieces in in_text.items():
            parts.append(
                Statement(f"{where}: limit by {kind}, in the text as written:", origin, tuple(pieces))
            )
            justified.add(where)
        if not dated and not in_text and one.account.source != "similar":
            parts.append(
                Statement(
                    f"{where}: none. (Looked for in what was sent: date limits, and tags of language, publication "
                    "type, date, subset, filter and species.)",
                    origin,
                )
            )
    return parts, f"why these limits were set: {', '.join(sorted(justified))}" if justified else ""


def filters(facts: Facts) -> Filled:
    """Item 10."""
    parts: list[Part] = []
    for one in facts.strategies:
        texts = [run.query or "" for run in one.latest.runs]
        where = f"{one.account.database}, strategy {one.name}"
        named = [words for text in texts for kind, words in restrictions(text) if kind == "subset or filter"]
        if named:
            parts.append(
                Statement(
                    f"{where}: ready-made filters of the database, to be named and cited:",
                    shown(one.entries),
                    tuple(dict.fromkeys(named)),
                )
            )
        if any(all(words in text.casefold() for words in _SIGNATURE) for text in texts):
            parts.append(
                Statement(
                    f"{where}: its words resemble a published filter for randomised trials, such as Cochrane's; the "
                    "authors know whether it is one.",
                    shown(one.entries),
                )
            )
    return parts, asked_for(10)


def updates(facts: Facts) -> Filled:
    """Item 12."""
    repeated = provenance.updated(facts.review)
    numbers = {search_of(e).uid: e.number for account in facts.accounts for e in account.searches}
    parts: list[Part] = []
    for one in facts.strategies:
        if len(one.entries) > 1:
            spans = "; ".join(
                f"search {entry.number}: {span(entry)} ({state(entry)})" for entry in one.entries
            )
            parts.append(
                Statement(
                    f"{one.account.database}, strategy {one.name}: run {len(one.entries)} times with the very same "
                    f"texts. {spans}.",
                    shown(one.entries),
                )
            )
    for account in facts.accounts:
        for entry in account.searches:
            before = numbers.get(repeated.get(search_of(entry).uid, ""))
            if before is not None:
                parts.append(
                    Statement(
                        f"{account.database}: search {entry.number} of {span(entry)} repeats search {before} for "
                        f"an update; {counted(_new(entry), 'record')} had not been found before.",
                        shown([entry]),
                    )
                )
    if not parts:
        parts.append(Statement("No search was run more than once.", "the log"))
    return parts, asked_for(12)


def _new(entry: receipts.Entry) -> int:
    return sum(run.result.new for run in entry.runs if run.result is not None)
