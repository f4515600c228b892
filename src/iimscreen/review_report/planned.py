"""Sections on what was planned: the question, the criteria, how votes count, and what was amended since."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen import voting
from iimscreen.amending import amendment_sentence
from iimscreen.documents import Bullets, Facts, ForAuthors, Grid, Paragraph, Part, Section
from iimscreen.model import Form
from iimscreen.review_protocol import frozen
from iimscreen.review_report.still import AT, Still
from iimscreen.tables import Line, Table
from iimscreen.wording import counted


def question(still: Still) -> Section:
    """The question and the criteria of eligibility as the protocol in force has them."""
    protocol = still.protocol
    parts: list[Part] = []
    if protocol.question:
        parts.append(
            Facts(tuple((name.replace("_", " ").capitalize(), said) for name, said in protocol.question))
        )
    else:
        parts.append(ForAuthors("the question of the review: the protocol file states none"))
    sections = (
        Section(id="registration", heading="Registration", parts=(_registration(still),)),
        Section(id="criteria", heading="Criteria of eligibility", parts=tuple(_criteria(still))),
        Section(id="rules", heading="How votes count", parts=tuple(_rules(still))),
        Section(id="versions", heading="Versions of the protocol", parts=tuple(_versions(still))),
        Section(id="amendments", heading="Amendments", parts=tuple(_amendments(still))),
    )
    return Section(id="question", heading="Question and protocol", parts=tuple(parts), sections=sections)


def _registration(still: Still) -> Part:
    if still.protocol.registration:
        return Paragraph(still.protocol.registration, "protocol in force")
    return ForAuthors("where the review is registered and under which number, or that it is not")


def _criteria(still: Still) -> Iterator[Part]:
    protocol = still.protocol
    if protocol.designs:
        yield Paragraph(f"Eligible designs: {', '.join(protocol.designs)}.", "protocol in force")
    if protocol.planned_sources:
        yield Paragraph(f"Planned sources: {', '.join(protocol.planned_sources)}.", "protocol in force")
    if protocol.reasons:
        yield Paragraph("Reasons for exclusion, the first that applies being the one that is counted:")
        yield Bullets(tuple(reason.label for reason in protocol.reasons), is_numbered=True)
    if not protocol.designs and not protocol.reasons:
        yield ForAuthors("criteria of eligibility: the protocol file states none")


def _rules(still: Still) -> Iterator[Part]:
    yield Facts(
        tuple((f"On {AT[stage.name]}", f"{voting.describe(stage)}.") for stage in still.protocol.stages)
    )
    yield Paragraph("This is the plan; how it was done stands under the process of screening.", is_note=True)


def _versions(still: Still) -> Iterator[Part]:
    at_first = frozen(still.review)
    lines = []
    for one in still.versions:
        notes = ["in force"] if one is still.versions[-1] else []
        if at_first is not None and one.number == at_first.number:
            notes.append("in force at the first vote")
        cells = (
            str(one.number),
            f"{one.at[:10]} {one.at[11:16]} UTC",
            one.origin,
            one.sha256[:16],
            "; ".join(notes),
        )
        lines.append(Line(cells))
    yield Grid(
        Table(
            name="protocol-versions",
            title="Versions of the protocol in this review file",
            columns=("Version", "Loaded", "File", "SHA-256 begins", "Note"),
            lines=tuple(lines),
        )
    )


def _amendments(still: Still) -> Iterator[Part]:
    yield Paragraph(
        amendment_sentence(still.review, still.amendments), "log of protocol versions and of votes"
    )
    for one in still.amendments.found:
        if one.changes:
            yield Paragraph(f"Version {one.version.number}, {one.version.at[:10]} ({one.version.origin}):")
            yield Bullets(tuple(change.what for change in one.changes))
            left = len(one.to_look_at)
            again = len(one.touched) - left
            scope = ", as far as rounds are open" if still.amendments.is_partly_blind else ""
            yield Paragraph(
                f"It touches {counted(len(one.touched), 'decision')}{scope}; {again:,} looked at again, {left:,} not.",
                is_note=True,
            )


def form(still: Still) -> Section | None:
    """The fields of data extraction; None without a form."""
    made = still.protocol.form
    if made is None:
        return None
    return Section(id="form", heading="Data items", parts=(Grid(_fields(made)),))


def _fields(made: Form) -> Table:
    titles = {level.name: level.title for level in made.levels}
    lines: list[Line] = []
    for level in made.levels:
        of_level = [field for field in made.fields if field.level == level.name]
        if of_level:
            lines.append(Line((titles[level.name], "", "", ""), "heading"))
        for field in of_level:
            choices = ", ".join(field.choices) + (", or other" if field.others and field.choices else "")
            kind = f"{field.kind.value} ({', '.join(field.units)})" if field.units else field.kind.value
            lines.append(Line((field.title, kind, choices, "yes" if field.required else "")))
    return Table(
        name="form-fields",
        title="Fields of the form of data extraction",
        columns=("Field", "Kind", "Choices", "Required"),
        lines=tuple(lines),
    )
