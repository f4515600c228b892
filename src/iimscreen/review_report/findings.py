"""Sections on what came of it: included studies, excluded reports, extracted data, appraisal, audit."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen import appraising, auditing, forms, numbers
from iimscreen.audit.findings import Finding
from iimscreen.consensus import progress
from iimscreen.documents import Bullets, ForAuthors, Grid, Paragraph, Part, Plot, Section
from iimscreen.errors import InputError, ProtocolError
from iimscreen.forms import DATA
from iimscreen.fulltext.excluded import excluded as excluded_reports
from iimscreen.model import Form
from iimscreen.review_report.still import Still
from iimscreen.store import studies
from iimscreen.tables import Line, Table
from iimscreen.wording import counted

_OF_STUDIES = ("characteristics", "own-characteristics", "references")
_ELSEWHERE = (*_OF_STUDIES, "excluded")


def included(still: Still) -> Section:
    """Each included study cited, with its characteristics where they were extracted."""
    known = still.numbers.get("prisma.reports_included")
    if known is None or known.value is None:
        why = known.why_not if known is not None else "full text is not assessed"
        return Section(id="included", heading="Included studies", stamps=(f"Not open to view: {why}.",))
    tables = [still.tables[name] for name in _OF_STUDIES if name in still.tables]
    parts: list[Part] = [Grid(table, is_wide=len(table.columns) > 4) for table in tables]
    if not any(table.name == "references" for table in tables):
        rows = numbers.behind(still.review, known)
        parts += [Bullets(tuple(row.text for row in rows), is_numbered=True)] if rows else []
    if not known.value:
        parts.insert(0, Paragraph("No report is included so far."))
    stamps = (f"Interim: {known.interim}.",) if known.interim else ()
    return Section(id="included", heading="Included studies", stamps=stamps, parts=tuple(parts))


def excluded(still: Still) -> Section:
    """Reports that seemed eligible and were excluded, cited, with the reason of each."""
    heading = "Reports excluded at full text"
    try:
        found = excluded_reports(still.review)
    except ProtocolError as error:
        return Section(id="excluded", heading=heading, stamps=(f"Not open to view: {error.message}.",))
    lines = tuple(
        Line(
            (
                str(number),
                one.citation,
                (one.label or one.reason or "no reason given")
                + (" (to be confirmed)" if one.is_proposed else ""),
            )
        )
        for number, one in enumerate(found.reports, 1)
    )
    closed = (
        (f"Interim: votes on {counted(found.closed, 'report')} are not open to view.",)
        if found.closed
        else ()
    )
    if not lines:
        said = Paragraph("No report has been excluded at full text.")
        return Section(id="excluded", heading=heading, stamps=closed, parts=(said,))
    table = Table(
        name="excluded-reports",
        title="Each excluded report with its reason",
        columns=("No.", "Report", "Reason"),
        lines=lines,
    )
    return Section(id="excluded", heading=heading, stamps=closed, parts=(Grid(table),))


def extraction(still: Still, *more: Section | None) -> Section:
    """How data were extracted, the form, and the tables."""
    heading = "Data extraction"
    if still.protocol.form is None:
        said = Paragraph("The protocol has no form of data extraction, so no data were extracted here.")
        return Section(id="extraction-none", heading=heading, parts=(said,))
    if not studies.standing(still.review):
        none = Paragraph("No study has been named yet, so no data have been extracted.")
        return Section(
            id="extraction-none", heading=heading, parts=(none,), sections=tuple(filter(None, more))
        )
    made = [table for name, table in still.tables.items() if name not in _ELSEWHERE]
    tables = Section(
        id="tables",
        heading="Tables of extracted data",
        parts=tuple(Grid(table, is_wide=len(table.columns) > 4) for table in made),
    )
    return Section(
        id="extraction",
        heading=heading,
        parts=(Paragraph(progress.progress(still.review, DATA).sentence, "log of extraction"),),
        sections=(*filter(None, more), *((tables,) if made else ())),
    )


# --- appraisal -------------------------------------------------------------------------------------


def appraisal(still: Still) -> Section:
    """Each instrument with its plot; of studies that are not final only that they are not."""
    heading = "Appraisal of studies"
    try:
        plan = appraising.plan(still.review)
    except ProtocolError as error:
        return Section(id="appraisal-none", heading=heading, stamps=(f"Not shown: {error.message}.",))
    sections = [
        section
        for tool in plan.tools
        if tool.subject == "study"
        for section in (_instrument(still, tool),)
        if section is not None
    ]
    lacking = [task.study for task in plan.tasks if not task.instrument]
    parts: list[Part] = []
    if lacking:
        what = counted(len(lacking), "study", "studies")
        parts.append(
            Paragraph(f"The protocol names no instrument for the design of {what}: {', '.join(lacking)}.")
        )
    if not sections:
        parts.append(ForAuthors("how the risk of bias was judged: nobody has appraised a study here yet"))
        return Section(id="appraisal-none", heading=heading, parts=tuple(parts))
    return Section(id="appraisal", heading=heading, parts=tuple(parts), sections=tuple(sections))


def _instrument(still: Still, tool: appraising.Tool) -> Section | None:
    try:
        form, found = appraising.appraised(still.review, tool.name)
    except ProtocolError:  # no study needs it
        return None
    final = sum(one.is_final for one in found)
    stamps: tuple[str, ...] = ()
    if final < len(found):
        stamps = (
            f"Interim: {len(found) - final:,} of {counted(len(found), 'study', 'studies')} not finally appraised.",
        )
    parts: list[Part] = []
    if form.citation:
        parts.append(Paragraph(form.citation, "form", is_note=True))
    parts.append(
        Paragraph(
            progress.progress(still.review, tool.name)
            .sentence.replace("Data were extracted", "Studies were appraised")
            .replace("extracted", "appraised")
            .replace("extractor", "appraiser"),
            "log",
        )
    )
    if final:
        try:
            svg = appraising.plot(still.review, tool.name)
        except InputError:  # no question of it could be a light
            svg = ""
        if svg:
            parts.append(Plot(svg, f"{form.title}: answers of each study", _lights(form, found)))
    return Section(id=f"appraisal-{tool.name}", heading=form.title, stamps=stamps, parts=tuple(parts))


def _lights(form: Form, found: list[appraising.Appraised]) -> Table:
    questions = forms.judgements(form)
    overall = forms.with_role(form, "overall")
    asked = [*questions, *([overall] if overall is not None and overall not in questions else [])]
    heads = [str(number) for number, _ in enumerate(questions, 1)] + (
        ["Overall"] if len(asked) > len(questions) else []
    )
    lines = []
    for one in found:
        if one.is_final:
            said = tuple(str(one.answers[field.name]) if field.name in one.answers else "" for field in asked)
        else:
            said = ("not final", *("" for _ in asked[1:]))
        lines.append(Line((one.data.study, *said)))
    legend = "; ".join(f"{number} {field.title}" for number, field in enumerate(questions, 1))
    return Table(
        name=f"lights-{form.name}",
        title=f"{form.title}: answers of each study",
        columns=("Study", *heads),
        lines=tuple(lines),
        notes=(f"{legend}.",),
    )


# --- audit -----------------------------------------------------------------------------------------


def audit(still: Still) -> Section:
    """What the audit of extracted data finds."""
    heading = "Audit of extracted data"
    if still.protocol.form is None or not studies.standing(still.review):
        return Section(
            id="audit-none", heading=heading, parts=(Paragraph("There are no extracted data to audit."),)
        )
    found = auditing.run(still.review)
    parts: list[Part] = [
        Paragraph(
            f"{auditing.in_words(found).capitalize()}. Findings are no errors: nothing was changed by them."
        )
    ]
    if found.findings:
        parts.append(Grid(_findings(found), is_wide=True))
    if found.sums:
        parts.append(Grid(_sums(found)))
    if found.left_out:
        parts.append(Paragraph("Not counted once, since their patients are counted in another study:"))
        parts.append(Bullets(found.left_out))
    more = f"; and {len(found.not_final) - 5:,} more" if found.not_final[5:] else ""
    stamps = (f"Interim, not final: {'; '.join(found.not_final[:5])}{more}.",) if found.not_final else ()
    return Section(id="audit", heading=heading, stamps=stamps, parts=tuple(parts))


def _findings(found: auditing.Audit) -> Table:
    words = {"differs": "contradiction", "open": "cannot be told", "asked": "question"}
    return Table(
        name="audit-findings",
        title="Findings of the audit",
        columns=("Check", "Kind", "Studies", "What it says"),
        lines=tuple(Line(tuple(_finding(one, words))) for one in found.findings),
    )


def _finding(one: Finding, words: dict[str, str]) -> Iterator[str]:
    yield one.check
    yield words[one.weight]
    yield one.where
    yield one.says


def _sums(found: auditing.Audit) -> Table:
    return Table(
        name="audit-sums",
        title="Subjects of the literature by drug, as reported and with nobody counted twice",
        columns=("Drug", "As reported", "Counted once", "Studies", "Of these not reported"),
        lines=tuple(
            Line((one.drug, *(f"{n:,}" for n in (one.as_reported, one.once, one.studies, one.not_reported))))
            for one in found.sums
        ),
    )
