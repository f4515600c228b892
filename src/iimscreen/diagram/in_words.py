"""A flow diagram in words: for who cannot see it, for the abstract, and for the results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iimscreen.diagram.measure import is_right_to_left, printable
from iimscreen.diagram.parts import Box, Column, Diagram, Line
from iimscreen.wording import counted

_CLOSED = "not open to view"
_INTERIM = "Interim, not final"
_ISOLATED = "\u2068{}\u2069"  # its direction is its own, and turns nothing that stands around it
_BY_OTHER_METHODS = ("website_results", "organisation_results", "citations_results")
_IDENTIFIED = ("database_results", "register_results", *_BY_OTHER_METHODS)


def alt_text(diagram: Diagram) -> str:
    """The whole diagram in sentences: every box in reading order, every number, and what is open.

    Plain text in one paragraph, as Word, SVG and HTML take it for a picture.
    """
    said = [f"{diagram.title}."]
    if diagram.notice:
        said.append(_ended(diagram.notice))
    if diagram.is_interim:
        said.append(f"{_INTERIM}: {_ended('; '.join(diagram.missing))}")
    said += [sentence for column in diagram.columns for sentence in _column(column)]
    said += [f"At the end: {_box(diagram.ends[0])}"] if diagram.ends else []
    said += [_box(end) for end in diagram.ends[1:]]
    return " ".join(said)


def _column(column: Column) -> Iterable[str]:
    boxes = [box for row in column.rows for box in (row.main, row.exit) if box is not None]
    yield f"{column.heading}: {_box(boxes[0])}" if boxes else f"{column.heading}."
    yield from map(_box, boxes[1:])


def _box(box: Box) -> str:
    """A box as a sentence: Records identified from: Databases: 1,234 (PubMed: 1,000; Embase: 234); Registers: 2."""
    said: list[str] = []
    parts: list[str] = []
    head = ""
    for line in box.lines:
        if line.level:
            parts.append(_line(line))
            continue
        _put(said, parts)
        if line.number:
            said.append(_line(line))
        else:
            head = f"{line.text.rstrip(':')}: "
    _put(said, parts)
    return f"{head}{_ended('; '.join(said))}"


def _put(said: list[str], parts: list[str]) -> None:
    """Parts of a line stand in brackets behind it."""
    if not parts:
        return
    within = f"({'; '.join(parts)})"
    if said:
        said[-1] = f"{said[-1]} {within}"
    else:
        said.append(within)
    parts.clear()


def _line(line: Line) -> str:
    words = _label(line.text.rstrip(":"))
    if not line.number:
        return words
    return f"{words}: {_CLOSED}" if line.n is None else f"{words}: {line.n:,}"


def _label(text: str) -> str:
    """A label within a sentence: one that is read from right to left does not carry off the number behind it."""
    shown = printable(text)
    return _ISOLATED.format(shown) if is_right_to_left(shown) else shown


def _ended(words: str) -> str:
    return words if words[-1:] in (".", "!", "?") else f"{words}."


# --- for the text of a paper ---


def abstract_sentence(diagram: Diagram) -> str:
    """One sentence for the abstract, or two in an update; says that it is interim, and what is not known yet."""
    numbers = _numbers(diagram)
    new = "new " if diagram.previous else ""
    identified = sum(numbers.get(name) or 0 for name in _IDENTIFIED)
    assessed = _sum(numbers, "dbr_assessed", "other_assessed")
    found = (
        f"Of {counted(identified, f'{new}record')} identified"
        if identified
        else f"No {new}records were identified"
    )
    clauses = []
    if assessed is not None:
        clauses.append(f"{_how_many(assessed, 'report')} {_was(assessed)} assessed for eligibility")
    clauses.append(_included(numbers, new))
    if not identified and not assessed:
        said = f"{found}."
    else:
        said = f"{found}{',' if identified else ';'} {' and '.join(clauses)}."
    if diagram.previous:
        said += f" {_total(numbers)}"
    return _marked(diagram, said)


def results_sentences(diagram: Diagram) -> str:
    """The way from the searches to the included studies in a paragraph, for the results; without closed numbers."""
    numbers = _numbers(diagram)
    said = [
        *_found(numbers, "new " if diagram.previous else ""),
        *_screened(numbers),
        *_assessed(diagram, numbers),
    ]
    if numbers.get("new_reports") is not None:
        words = _included(numbers, "new " if diagram.previous else "")
        said.append(f"{words[0].upper()}{words[1:]}.")
    else:
        said.append("How many were included is not open to view yet.")
    waiting = [
        f"{counted(count, one, many)}"
        for name, one, many in (
            ("awaiting", "report awaits classification", "reports await classification"),
            ("ongoing", "report is of an ongoing study", "reports are of ongoing studies"),
        )
        if (count := numbers.get(name))
    ]
    if waiting:
        said.append(f"{' and '.join(waiting)}.")
    if diagram.previous:
        said.append(_total(numbers))
    return _marked(diagram, " ".join(said))


def _found(numbers: dict[str, int | None], new: str) -> Iterable[str]:
    by_place = [
        (numbers.get("database_results") or 0, "from databases"),
        (numbers.get("register_results") or 0, "from registers"),
        (sum(numbers.get(name) or 0 for name in _BY_OTHER_METHODS), "by other methods"),
    ]
    identified = sum(count for count, _ in by_place)
    if not identified:
        yield f"No {new}records were identified."
        return
    places = [f"{count:,} {where}" for count, where in by_place if count]
    alone = next(where for count, where in by_place if count)
    how = f" {alone}" if len(places) == 1 else f": {_listed(places)}"
    yield f"{counted(identified, f'{new}record')} {_was(identified)} identified{how}."
    removed = [
        f"{counted(count, one, many)}"
        for name, one, many in (
            ("duplicates", "duplicate", "duplicates"),
            (
                "excluded_automatic",
                "record marked as ineligible by automation tools",
                "records marked as ineligible by automation tools",
            ),
            ("excluded_other", "record removed for other reasons", "records removed for other reasons"),
        )
        if (count := numbers.get(name))
    ]
    if removed:
        yield f"Before screening, {_listed(removed)} {_was(2 if len(removed) > 1 else _first(removed))} taken out."


def _first(said: Sequence[str]) -> int:
    return 1 if said[0].startswith("1 ") else 2


def _screened(numbers: dict[str, int | None]) -> Iterable[str]:
    screened, excluded = numbers.get("records_screened"), numbers.get("records_excluded")
    if not screened:
        return
    said = f"{counted(screened, 'record')} {_was(screened)} screened"
    yield f"{said}." if excluded is None else f"{said} and {excluded:,} excluded."


def _assessed(diagram: Diagram, numbers: dict[str, int | None]) -> Iterable[str]:
    sought = _sum(numbers, "dbr_sought_reports", "other_sought_reports")
    lost = _sum(numbers, "dbr_notretrieved_reports", "other_notretrieved_reports")
    assessed = _sum(numbers, "dbr_assessed", "other_assessed")
    excluded = _sum(numbers, "dbr_excluded", "other_excluded")
    if sought:
        missed = f"{lost:,} {_was(lost)} not retrieved and " if lost else ""
        yield f"Of {counted(sought, 'report')} sought, {missed}" + (
            "how many were assessed is not open to view yet."
            if assessed is None
            else f"{f'{assessed:,}' if assessed else 'none'} {_was(assessed)} assessed for eligibility."
        )
    if excluded:
        reasons = [f"{_label(text)} (n = {n:,})" for text, n in diagram.reasons]
        yield f"{counted(excluded, 'report')} {_was(excluded)} excluded{': ' if reasons else ''}{'; '.join(reasons)}."
    yield from _undecided(numbers)


def _undecided(numbers: dict[str, int | None]) -> Iterable[str]:
    """Without these, those that were assessed are more than those excluded and included."""
    if awaiting := numbers.get("awaiting"):
        yield f"{counted(awaiting, 'report')} {'awaits' if awaiting == 1 else 'await'} classification."
    if ongoing := numbers.get("ongoing"):
        what = "is of an ongoing study" if ongoing == 1 else "are of ongoing studies"
        yield f"{counted(ongoing, 'report')} {what}."


def _included(numbers: dict[str, int | None], new: str) -> str:
    reports, studies = numbers.get("new_reports"), numbers.get("new_studies")
    if reports is None or studies is None:
        return "how many were included is not open to view yet"
    if not reports:
        return f"no {new}studies were included"
    of = counted(studies, f"{new}study", f"{new}studies")
    return f"{counted(reports, 'report')} of {of} {_was(reports)} included"


def _total(numbers: dict[str, int | None]) -> str:
    studies, reports = numbers.get("total_studies"), numbers.get("total_reports")
    if studies is None or reports is None:
        return "How many the review includes in all is not open to view yet."
    together = f"{counted(studies, 'study', 'studies')} ({counted(reports, 'report')})"
    return f"With the version before, the review includes {together if studies else 'no studies'}."


def _marked(diagram: Diagram, said: str) -> str:
    notice = f"{_ended(diagram.notice)} " if diagram.notice else ""
    return f"{notice}{f'{_INTERIM}: ' if diagram.is_interim else ''}{said}"


def _lines(diagram: Diagram) -> Iterable[Line]:
    return (line for box in diagram.boxes for line in box.lines)


def _numbers(diagram: Diagram) -> dict[str, int | None]:
    return {line.number: line.n for line in _lines(diagram) if line.number}


def _sum(numbers: dict[str, int | None], *names: str) -> int | None:
    """Of the columns that the diagram has; None if any of them is closed to view."""
    counts = [numbers[name] for name in names if name in numbers]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _how_many(count: int, noun: str) -> str:
    return counted(count, noun) if count else f"no {noun}s"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
