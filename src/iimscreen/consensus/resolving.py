"""The Table where differences between two extractors are settled; what they entered stays as it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iimscreen import forms, voting
from iimscreen.consensus.reading import Reading
from iimscreen.decision_formats import as_it_was
from iimscreen.errors import InputError, ProtocolError
from iimscreen.extracting import check_there
from iimscreen.forms import DATA, OF, values
from iimscreen.forms.consensus import (
    DROPPED,
    KEPT,
    ROW,
    WITHDRAWN,
    Both,
    Consensus,
    Resolution,
    Row,
    about_of,
)
from iimscreen.model import Cell, Value
from iimscreen.quoting import Sources
from iimscreen.store import Review, extraction_resolutions, reviewers

THIRD = "third"  # chosen: neither of the two


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody wants to stand, as typed."""

    row: str = ""  # P2 of the consensus, or ann:P2
    field: str = ""  # "": the row itself
    take: str = ""  # a name; of a row: keep or drop; withdraw
    value: str = ""  # a third value, or a code
    unit: str = ""
    quote: str = ""
    page: str = ""
    report: str = ""  # the report it is from, where a study has several
    reason: str = ""
    where: str = ""  # "a.csv, line 3"; "" on the command line


COLUMNS = ("study", "row", "field", "take", "value", "unit", "reason", "quote", "page", "report")
KEEP, DROP, WITHDRAW = "keep", "drop", "withdraw"


class Table:
    """Where final words on studies are given: by an adjudicator, by consensus of both, or by one person."""

    def __init__(
        self, review: Review, names: Sequence[str], form: str = DATA, *, check_quotes: bool = True
    ) -> None:
        self.review = review
        self._check_quotes = check_quotes
        self.form_name = form
        standing = reviewers.standing(review)
        self.names = tuple(dict.fromkeys(names))
        for name in self.names:
            if name not in standing:
                raise InputError(
                    f"no reviewer is called {name!r}",
                    hint=f"takes part: {', '.join(standing) or 'nobody yet'}; `iimscreen reviewer add` adds one",
                )
        self._adjudicators = frozenset(n for n, role in standing.items() if role == reviewers.ADJUDICATOR)

    def consensus(self, study: str) -> Consensus:
        """A study as it stands. Raises ProtocolError, saying who is done, while it is closed."""
        return self._reading(study).required(study, "what was extracted")

    def _reading(self, study: str) -> Reading:
        reading = Reading(self.review, self.form_name, study=study)
        check_there(self.review, reading.form, study)
        return reading

    # --- words on cells and rows -------------------------------------------------------------------

    def settle(self, study: str, word: Word) -> str:
        """Log one final word; what stands now, in words."""
        return self.settle_all([(study, word)])[0]

    def settle_all(self, words: Sequence[tuple[str, Word]]) -> list[str]:
        """Log all of these words, or none. Raises InputError or ProtocolError naming the first that cannot be."""
        said = []
        with self.review.writing():
            for study, word in words:
                try:
                    said.append(self._settle(study, word))
                except (InputError, ProtocolError) as error:
                    if not word.where:
                        raise
                    raise type(error)(
                        f"{word.where}: {error.message}; nothing was stored", hint=error.hint
                    ) from error
        return said

    def _settle(self, study: str, word: Word) -> str:
        reading = self._reading(study)
        consensus = reading.required(study, "what was extracted")
        row = row_of(consensus, word.row)
        made = (
            self._on_row(consensus, row, word)
            if word.field == ROW
            else self._on_cell(reading, consensus, row, word, study)
        )
        extraction_resolutions.add(
            self.review, study, self.form_name, [made], form_sha256=reading.form.sha256, by=self.names[0]
        )
        place = " ".join(filter(None, (study, row.row, word.field)))
        if made.chosen == WITHDRAWN:
            return f"{place}: the final word is withdrawn"
        return f"{place}: {made.value if made.value is not None else 'empty'} ({made.manner})"

    def _on_cell(
        self, reading: Reading, consensus: Consensus, row: Row, word: Word, study: str
    ) -> Resolution:
        if word.field == OF:
            both = row.named(OF)
            if both is None:
                raise InputError(f"both have {row.row} under one row", hint="pair the rows above it first")
        else:
            field = forms.field_named(reading.form, word.field)
            if field.level != row.level:
                raise InputError(
                    f"{field.name} is a field of {field.level}, and {row.row or 'no row'} is one of {row.level}",
                    hint="name the row with --row",
                )
            both = row.named(word.field) or Both(word.field, (None,) * len(consensus.names), "open", None)
        if not row.stands and row.state != "open":
            raise ProtocolError(
                f"row {row.row} does not stand", hint=f"keep it first: --row {row.row} --take {KEEP}"
            )
        about = about_of(consensus.names, both.cells)
        if word.take == WITHDRAW:
            return self._withdrawn(consensus, row, word, about, both.resolution)
        if word.take and (word.quote or word.page or word.report or word.unit):
            raise InputError(
                f"a unit, a quote, a page or a report belongs to a third value, not to that of {word.take}",
                hint="leave it away, or give the value with --value",
            )
        if word.take and word.value:
            raise InputError("a name to take from and a value stand together", hint="use one of them")
        if word.take:
            if word.take not in consensus.names:
                raise InputError(
                    f"{word.take!r} did not extract this study",
                    hint=f"take the value of {' or '.join(consensus.names)}, or give one of your own",
                )
            cell = both.cells[consensus.names.index(word.take)]
            chosen = f"of {word.take}"
        else:
            if not word.value:
                raise InputError(
                    f"{word.field}: nothing to stand is given",
                    hint="name whose value to take, or a value, or a code such as NR",
                )
            value = self._third(consensus, reading, row, word)
            cell = self._with_source(reading, study, word, value)
            chosen = THIRD
        if not word.reason and (both.state != "open" or chosen == THIRD):
            what = "to be a third value" if both.state == "open" else "not in conflict: this is a correction"
            raise ProtocolError(f"{word.field} is {what}", hint="say why with --reason")
        return Resolution(
            rows=row.rows,
            field=word.field,
            value=cell.value if cell is not None else None,
            about=about,
            chosen=chosen,
            manner=self._manner(consensus),
            names=self.names,
            reason=word.reason,
            quote=cell.quote if cell is not None else "",
            page=cell.page if cell is not None else "",
            report=cell.report if cell is not None else "",
            formula=cell.formula if cell is not None else "",
        )

    def _with_source(self, reading: Reading, study: str, word: Word, value: Value) -> Cell:
        """A third value with its quote. Raises InputError if the quote does not hold, as for who extracts."""
        report = ""
        if word.quote or word.report:
            sources = Sources(self.review)
            report = sources.report(study, word.report) if word.report else ""
            if self._check_quotes and word.field != OF:
                field = forms.field_named(reading.form, word.field)
                problem = sources.problem(study, field, value, word.quote, "", word.page, report)
                if problem is not None:
                    raise InputError(
                        f"{word.field}: {problem}",
                        hint="copy the report's own words (`iimscreen fulltext find WORDS`); --unchecked takes "
                        "quotes as they are",
                    )
        return Cell(value=value, quote=word.quote, page=word.page, report=report)

    @staticmethod
    def _third(consensus: Consensus, reading: Reading, row: Row, word: Word) -> Value:
        if word.field != OF:
            return values.read(forms.field_named(reading.form, word.field), word.value, word.unit)
        above = row_of(consensus, word.value)
        level = forms.level_of_row(reading.form, row.row)
        if above.level != level.of:
            raise InputError(f"{row.row} cannot be of {above.row or 'the study'}", hint=f"name a {level.of}")
        return Value(above.row)

    def _on_row(self, consensus: Consensus, row: Row, word: Word) -> Resolution:
        if not row.row:
            raise InputError("the study itself is always there", hint="name a field with --field")
        if word.take == WITHDRAW:
            return self._withdrawn(consensus, row, word, row.about, row.resolution)
        if word.take not in (KEEP, DROP):
            raise InputError(
                f"row {row.row}: expected {KEEP} or {DROP}, found {word.take!r}",
                hint="or name a field of it with --field",
            )
        is_alone = len(row.rows) < len(consensus.names)
        if (word.take == DROP or not is_alone) and not word.reason:
            raise ProtocolError(
                f"row {row.row} is {'to be dropped' if word.take == DROP else 'in no conflict'}",
                hint="say why with --reason",
            )
        return Resolution(
            rows=row.rows,
            field=ROW,
            value=Value(KEPT if word.take == KEEP else DROPPED),
            about=row.about,
            chosen="row",
            manner=self._manner(consensus),
            names=self.names,
            reason=word.reason,
        )

    def _withdrawn(
        self,
        consensus: Consensus,
        row: Row,
        word: Word,
        about: Mapping[str, str],
        standing: Resolution | None,
    ) -> Resolution:
        if standing is None:
            raise ProtocolError(
                f"no final word stands on {word.field or 'the row'} of {row.row or 'the study'}",
                hint="`iimscreen extract compare` shows what does",
            )
        return Resolution(
            rows=row.rows,
            field=word.field,
            value=None,
            about=about,
            chosen=WITHDRAWN,
            manner=self._manner(consensus),
            names=self.names,
            reason=word.reason,
        )

    def _manner(self, consensus: Consensus) -> str:
        found = voting.manner(self.names, self._adjudicators, frozenset(consensus.names))
        if found is None:
            raise ProtocolError(
                f"{' and '.join(self.names)} are not all who extracted it ({', '.join(consensus.names)})",
                hint="a consensus needs everyone who extracted, or let an adjudicator decide",
            )
        return found

    # --- words on which rows are one ---------------------------------------------------------------

    def pair(self, study: str, one: str, other: str, *, reason: str = "") -> None:
        """Log that two rows are one, such as ann:P2 and bob:P3."""
        self.pair_all(study, [(one, other)], reason=reason)

    def pair_all(
        self,
        study: str,
        pairs: Sequence[tuple[str, str]] = (),
        *,
        alone: Sequence[str] = (),
        free: Sequence[str] = (),
        reason: str = "",
    ) -> None:
        """Log which rows are one, which are `alone` on purpose, and of which nothing is said any more (`free`).

        All of it or nothing.
        """
        with self.review.writing():
            reading = self._reading(study)
            consensus = reading.required(study, "what was extracted")
            self._manner(consensus)
            if consensus.manner != "double":
                raise ProtocolError(
                    f"{study} was not extracted by two", hint="rows of one extractor have no counterparts"
                )
            words = [(rows, False) for rows in (*pairs, *((row,) for row in alone))]
            words += [((row,), True) for row in free]
            for given, withdrawn in words:
                extraction_resolutions.pair(
                    self.review,
                    study,
                    self.form_name,
                    _rows_meant(consensus, given),
                    withdrawn=withdrawn,
                    note=reason or None,
                    by=self.names[0],
                )


def _rows_meant(consensus: Consensus, given: Sequence[str]) -> dict[str, str]:
    """Name → row, of rows given such as ann:P2. Raises InputError if they cannot be one row."""
    rows = {}
    for each in given:
        name, row = person_and_row(consensus, each)
        rows[name] = row_of(consensus, f"{name}:{row}").rows[name]
    if "" in rows.values():
        raise InputError("the study itself is one row always", hint="name a row such as ann:P2")
    if len(rows) < len(given):
        raise InputError("both rows are of one person", hint="name a row of each, such as ann:P2=bob:P3")
    if len({row[:1] for row in rows.values()}) > 1:
        raise InputError(
            f"{' and '.join(rows.values())} are rows of two levels", hint="pair rows of one level"
        )
    return rows


def person_and_row(consensus: Consensus, given: str) -> tuple[str, str]:
    """Whose row is meant by such as ann:P2. Raises InputError."""
    name, colon, row = given.rpartition(":")
    if not colon or name not in consensus.names:
        raise InputError(
            f"{given!r} does not say whose row it is",
            hint=f"write {' or '.join(f'{one}:P2' for one in consensus.names)}",
        )
    return name, row


def row_of(consensus: Consensus, given: str) -> Row:
    """The row of a consensus by its number, such as P2, or by that of one extractor, such as ann:P2."""
    name, theirs = person_and_row(consensus, given) if ":" in given else ("", given)
    for row in consensus.rows:
        if theirs == (row.rows.get(name) if name else row.row):
            return row
    there = ", ".join(row.row for row in consensus.rows if row.row)
    raise InputError(
        f"there is no row {given!r}", hint=f"rows: {there}" if there else "there is only the study itself"
    )


def read_words(path: Path, study: str = "") -> list[tuple[str, Word]]:
    """(study, word) of each line of a CSV that says something. Raises InputError naming file and line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text", hint="save it as CSV UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[str, Word]] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        needed = {"row", "field", "take"} | ({"study"} if not study else set())
        if not needed <= set(header) or len(set(header)) != len(header):
            raise InputError(
                f"{path}, line 1: the columns are {', '.join(header) or 'missing'}",
                hint=f"expected {', '.join(COLUMNS)}, as `iimscreen extract compare --csv` writes them",
            )
        for cells in reader:
            where = f"{path}, line {reader.line_num}"
            if len(cells) > len(header):
                raise InputError(
                    f"{where}: {len(cells)} columns, expected {len(header)}",
                    hint="put quotes around values that hold a comma",
                )
            said = {name: as_it_was(cell).strip() for name, cell in zip(header, cells, strict=False)}
            if not (said.get("take") or said.get("value")):
                continue
            of = said.get("study") or study
            if study and of != study:
                raise InputError(f"{where}: the study is {of!r}, expected {study!r}", hint="name no study")
            rest = {name: said.get(name, "") for name in COLUMNS if name != "study"}
            found.append((of, Word(**rest, where=where)))
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}", hint="save it as CSV again") from error
    if not found:
        raise InputError(
            f"{path} settles nothing", hint="write a name, keep or drop under take, or a value under value"
        )
    return found
