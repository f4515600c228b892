"""Search strategies: our TOML files, read and checked. Pure, but for reading the one file.

It does not search, and it does not judge a source's syntax: what a term says is sent as written.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from itertools import product
from pathlib import Path

from iimscreen import settings
from iimscreen.errors import InputError
from iimscreen.model import Block, Strategy, SubQuery, Term
from iimscreen.toml_tables import Table, parse

# For each source that a strategy can be written for, the dates that can limit it; the first by default.
DATE_FIELDS: dict[str, tuple[str, ...]] = {
    "pubmed": ("crdt", "edat", "dp", "none"),
    "clinicaltrials": ("first-posted", "none"),
}
COMBINATIONS = ("each-pair", "all-blocks")
EARLIEST = "1800/01/01"  # before every record, so that only the later end limits

_QUOTED = re.compile(r'"[^"]*"')
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT)\b")
_ONLY_NCT_NUMBERS = re.compile(r"(?:NCT\d+[\s,]*)+", re.IGNORECASE)


def find_strategy(name_or_path: str) -> Path:
    """The file of a strategy: a file of that name, else the bundled strategy of that name.

    Raises InputError listing the bundled names if there is neither.
    """
    given = Path(name_or_path).expanduser()
    if given.is_file():
        return given
    bundled = {path.stem: path for path in sorted((settings.bundled_reviews() / "iim").glob("*.toml"))}
    bundled.pop("protocol", None)
    found = bundled.get(name_or_path.removesuffix(".toml"))
    if found is not None:
        return found
    kind = (
        "a folder, not a strategy file"
        if given.is_dir()
        else "no file, and no bundled strategy has that name"
    )
    raise InputError(
        f"strategy {name_or_path!r}: {kind}",
        hint=f"bundled strategies: {', '.join(bundled) or 'none'}; or give the path of a .toml file",
    )


def read_strategy(path: Path, *, as_of: dt.date | None = None) -> Strategy:
    """The strategy in a file, named for it; `as_of` replaces the date of the file.

    Raises InputError if the file cannot be read or says anything that is not understood.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="check the path, or name a bundled strategy"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: byte {error.start} is not UTF-8 text", hint="save the file as UTF-8"
        ) from error
    return parse_strategy(text, name=path.stem, where=str(path), as_of=as_of)


def with_as_of(strategy: Strategy, as_of: dt.date) -> Strategy:
    """The same strategy with its date limit moved. Raises InputError if its file forbids one."""
    return parse_strategy(strategy.text, name=strategy.name, where=f"strategy {strategy.name}", as_of=as_of)


def parse_strategy(text: str, *, name: str, where: str, as_of: dt.date | None = None) -> Strategy:
    """The strategy that a TOML text states; `as_of` replaces its date.

    `where` is how messages call the text. Raises InputError for wrong TOML, an unknown or missing
    key, a wrong type, an empty block or a label used twice.
    """
    whole = parse(text, where)
    if not whole.has("strategy"):
        raise InputError(f"{where}: the table [strategy] is missing", hint="begin the file with [strategy]")
    head = whole.table("strategy")
    title = head.line("title")
    head.line("note", "")
    source = head.choice("source", tuple(DATE_FIELDS), "pubmed")
    effective, limit = _date_limit(head, as_of, source)
    blocks, combination, written = _written_out(whole, head)
    head.nothing_else()
    whole.nothing_else()
    return Strategy(
        name=name,
        title=title,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        as_of=effective,
        sub_queries=tuple(
            SubQuery(label, term, as_sent(term, limit, source, where=f"{where}, {label}"))
            for label, term in written
        ),
        blocks=blocks,
        combination=combination,
        limit=limit,
        source=source,
    )


def as_sent(term: str, limit: str, source: str, *, where: str) -> str:
    """A sub-query's text with the date limit of its strategy ("" for none), as its source is asked.

    For PubMed the text of the one parameter, for ClinicalTrials.gov both parameters by their names.
    Raises InputError, naming `where`, if the source would pass over the limit.
    """
    if source == "clinicaltrials":
        if limit and _ONLY_NCT_NUMBERS.fullmatch(term):
            # "If any query parameter contains only NCT IDs, filters are ignored": the API's own page.
            raise InputError(
                f"{where}: the text holds NCT numbers only, and ClinicalTrials.gov then passes over the date",
                hint="join the numbers with OR and write AREA[NCTId](...), or leave the date out",
            )
        return f"query.term={term} & filter.advanced={limit}" if limit else f"query.term={term}"
    # Always in parentheses: PubMed reads from left to right, so a limit put behind `a OR b` would bind
    # all the same, but one rule for every sub-query keeps the published wording visible, letter by
    # letter, inside what was sent.
    return f"({term}) AND {limit}" if limit else term


def _date_limit(head: Table, override: dt.date | None, source: str) -> tuple[dt.date | None, str]:
    """The date that holds, and the limit as it is sent ("" without a date)."""
    stated = head.date("as_of")
    as_of = override or stated
    usual, *_ = own = DATE_FIELDS[source]
    known = tuple(dict.fromkeys(field for fields in DATE_FIELDS.values() for field in fields))
    field = head.choice("date_field", known, usual)
    if field not in own:
        raise InputError(
            f"{head.where}: date_field is {field!r}, which {source} does not have: "
            f"expected one of {', '.join(own)}",
            hint=f'set date_field to {usual}, or correct the line source = "{source}"',
        )
    if as_of is None:
        return None, ""
    if field == "none":
        entry = {"pubmed": "the day a record entered PubMed", "clinicaltrials": "the day a study was posted"}
        raise InputError(
            f"{head.where}: date_field is 'none', so the date {as_of} cannot be applied",
            hint=f"set date_field to {usual}, {entry[source]}, or leave the date out",
        )
    if source == "clinicaltrials":
        return as_of, f"AREA[StudyFirstPostDate]RANGE[MIN,{as_of:%Y-%m-%d}]"
    return as_of, f"{EARLIEST}:{as_of:%Y/%m/%d}[{field}]"


def _written_out(whole: Table, head: Table) -> tuple[tuple[Block, ...], str, list[tuple[str, str]]]:
    """The blocks and how they are combined, if any, and each sub-query's label and text, in order."""
    blocks = whole.tables("block")
    given = whole.tables("sub_query")
    if blocks and given:
        raise InputError(
            f"{whole.where}: both [[block]] and [[sub_query]] are given",
            hint="write sub-queries out, or let blocks make them; not both",
        )
    if given:
        for key in ("combine", "label_prefix"):
            if head.has(key):
                raise InputError(
                    f"{head.where}: {key!r} has no meaning beside [[sub_query]]", hint="remove the line"
                )
        return (), "", _labelled(given)
    if not blocks:
        raise InputError(
            f"{whole.where}: neither [[block]] nor [[sub_query]] is given, so there is nothing to search",
            hint="add at least one [[block]] with a [[block.term]]",
        )
    combine = head.choice("combine", COMBINATIONS)
    prefix = head.line("label_prefix", "Q")
    read = tuple(map(_block, blocks))
    texts = _combined(whole.where, [[term.text for term in block.terms] for block in read], combine)
    width = max(2, len(str(len(texts))))
    return read, combine, [(f"{prefix}{number:0{width}}", text) for number, text in enumerate(texts, start=1)]


def _labelled(given: list[Table]) -> list[tuple[str, str]]:
    written: dict[str, str] = {}
    for table in given:
        table.line("reason", "")
        label = table.line("label")
        if label in written:
            raise InputError(
                f"{table.where}: label {label!r} is used twice", hint="give each sub-query its own label"
            )
        written[label] = table.line("text")
        table.nothing_else()
    return list(written.items())


def _block(block: Table) -> Block:
    """One block, its terms as written."""
    block.line("note", "")
    name = block.line("name")
    terms: dict[str, Term] = {}
    for term in block.tables("term"):
        reason = term.line("reason", "")
        text = term.line("text")
        term.nothing_else()
        if text in terms:
            raise InputError(
                f"{term.where}: {text!r} stands twice in block {name!r}", hint="remove one of them"
            )
        terms[text] = Term(text, reason)
    block.nothing_else()
    if not terms:
        raise InputError(
            f"{block.where}: block {name!r} has no term", hint="add a [[block.term]] with a text"
        )
    return Block(name, tuple(terms.values()))


def _combined(where: str, blocks: list[list[str]], combine: str) -> list[str]:
    if combine == "all-blocks":
        texts = [" OR ".join(map(grouped, terms)) for terms in blocks]
        if len(texts) == 1:
            return texts
        return [" AND ".join(f"({text})" for text in texts)]
    if len(blocks) != 2:
        raise InputError(
            f"{where}: combine = 'each-pair' needs two blocks, found {len(blocks)}",
            hint="use combine = 'all-blocks', or write [[sub_query]] tables",
        )
    # product() varies its last list fastest: all terms of the first block with one of the second.
    return [f"{grouped(one)} AND {grouped(other)}" for other, one in product(blocks[1], blocks[0])]


def grouped(term: str) -> str:
    """The term, in parentheses if it holds an operator that its neighbours would pull apart."""
    return f"({term})" if _OPERATOR.search(_QUOTED.sub("", term)) else term
