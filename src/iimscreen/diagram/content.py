"""A flow diagram made of a flow: the template that fits, its boxes and the lines in them."""

from __future__ import annotations

from dataclasses import replace

from iimscreen.diagram.parts import PHASES, Box, Column, Diagram, Line, Row
from iimscreen.flow import Flow

_IDENTIFICATION, _SCREENING, _INCLUDED = PHASES
_OTHER_METHODS = (
    ("Websites", "website_results"),
    ("Organisations", "organisation_results"),
    ("Citation searching", "citations_results"),
)
BY_AUTOMATION = "**"


def of_flow(flow: Flow) -> Diagram:
    """The diagram of a flow, in the one of the four templates that fits it."""
    new = "new " if flow.previous else ""
    has_other = flow.template.endswith("other")
    others = ", registers and other sources" if has_other else " and registers only"
    return Diagram(
        template=flow.template,
        title=f"PRISMA 2020 flow diagram for {'updated' if flow.previous else 'new'} systematic reviews which "
        f"included searches of databases{others}",
        previous=_previous(flow) if flow.previous else None,
        databases=Column(
            "databases",
            f"Identification of {new}studies via databases and registers",
            (
                Row(_IDENTIFICATION, _identified(flow), _removed(flow)),
                Row(
                    _SCREENING,
                    _one("screened", _line(flow, "Records screened", "records_screened")),
                    _excluded(flow),
                ),
                *_lower(flow, "dbr"),
            ),
        ),
        other=_other(flow, new) if has_other else None,
        ends=_ends(flow),
        is_interim=flow.interim,
        notice=flow.notice,
        missing=flow.missing,
        marked=_marked(flow),
        footnotes=flow.footnotes,
        reasons=tuple((flow.labels.get(code, code), n) for code, n in (flow.reasons or {}).items() if n),
    )


def _line(flow: Flow, text: str, number: str, *, level: int = 0) -> Line:
    keys = flow.keys_of(number)
    return Line(text, number, None if keys is None else len(keys), level)


def _one(key: str, *lines: Line) -> Box:
    return Box(key, lines)


def _parts(flow: Flow, box: str) -> list[Line]:
    """The sources of a box of records identified, each with what it brought."""
    return [_line(flow, part, name, level=1) for part, name in flow.names_of_parts(box).items()]


def _identified(flow: Flow) -> Box:
    lines = [
        Line("Records identified from:"),
        _line(flow, "Databases", "database_results"),
        *_parts(flow, "database_results"),
    ]
    if flow.boxes["register_results"]:
        lines += [_line(flow, "Registers", "register_results"), *_parts(flow, "register_results")]
    return Box("identified", tuple(lines))


def _removed(flow: Flow) -> Box:
    lines = [
        Line("Records removed before screening:"),
        _line(flow, "Duplicate records removed", "duplicates"),
    ]
    for text, number in (
        ("Records marked as ineligible by automation tools", "excluded_automatic"),
        ("Records removed for other reasons", "excluded_other"),
    ):
        if flow.boxes[number]:
            lines.append(_line(flow, text, number))
    return Box("removed", tuple(lines))


def _excluded(flow: Flow) -> Box:
    line = _line(flow, "Records excluded", "records_excluded")
    return _one("excluded", replace(line, mark=BY_AUTOMATION) if _by_automation(flow) else line)


def _by_automation(flow: Flow) -> tuple[str, ...]:
    """The records that automation tools excluded at screening; none where that is closed to view."""
    return (
        () if flow.lists["records_excluded"] is None else flow.lists.get("records_excluded_automatic") or ()
    )


def _marked(flow: Flow) -> tuple[tuple[str, str], ...]:
    """The footnotes of the template that apply. Its first asks for a number for each source: the box has them."""
    by_tools = len(_by_automation(flow))
    if not by_tools:
        return ()
    by_humans = len(flow.lists["records_excluded"] or ()) - by_tools
    return ((BY_AUTOMATION, f"By a human (n = {by_humans:,}), by automation tools (n = {by_tools:,})."),)


def _lower(flow: Flow, prefix: str) -> tuple[Row, Row]:
    """Retrieval and assessment, which are the same in both columns."""
    reasons = [
        _line(flow, flow.labels.get(code, code), name, level=1)
        for code, name in flow.names_of_parts(f"{prefix}_excluded").items()
        if flow.parts[f"{prefix}_excluded"][code]
    ]
    excluded = _line(flow, "Reports excluded", f"{prefix}_excluded")
    return (
        Row(
            _SCREENING,
            _one("sought", _line(flow, "Reports sought for retrieval", f"{prefix}_sought_reports")),
            _one("not-retrieved", _line(flow, "Reports not retrieved", f"{prefix}_notretrieved_reports")),
        ),
        Row(
            _SCREENING,
            _one("assessed", _line(flow, "Reports assessed for eligibility", f"{prefix}_assessed")),
            _one("reports-excluded", excluded, *reasons),
        ),
    )


def _other(flow: Flow, new: str) -> Column:
    lines = [
        line
        for text, number in _OTHER_METHODS
        if flow.boxes[number]
        for line in (_line(flow, text, number), *_parts(flow, number))
    ]
    identified = Box("identified", (Line("Records identified from:"), *lines))
    return Column(
        "other",
        f"Identification of {new}studies via other methods",
        (Row(_IDENTIFICATION, identified), Row(_SCREENING), *_lower(flow, "other")),
    )


def _previous(flow: Flow) -> Column:
    before = _one(
        "previous",
        _line(flow, "Studies included in previous version of review", "previous_studies"),
        _line(flow, "Reports of studies included in previous version of review", "previous_reports"),
    )
    going_on = tuple(Row(_SCREENING) for _ in range(3))
    return Column("previous", "Previous studies", (Row(_IDENTIFICATION, before), *going_on))


def _ends(flow: Flow) -> tuple[Box, ...]:
    if flow.previous:
        texts = "New studies included in review", "Reports of new included studies"
    else:
        texts = "Studies included in review", "Reports of included studies"
    lines = [
        _line(flow, text, number) for text, number in zip(texts, ("new_studies", "new_reports"), strict=True)
    ]
    for text, number in (
        ("Reports awaiting classification", "awaiting"),
        ("Reports of ongoing studies", "ongoing"),
    ):
        if flow.lists[number]:
            lines.append(_line(flow, text, number))
    ends = [Box("included", tuple(lines))]
    if flow.previous:
        ends.append(
            _one(
                "total",
                _line(flow, "Total studies included in review", "total_studies"),
                _line(flow, "Reports of total included studies", "total_reports"),
            )
        )
    return tuple(ends)
