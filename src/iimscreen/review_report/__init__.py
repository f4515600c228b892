"""The report of a review: everything that its log can tell, gathered at one moment, as one document.

Question, searches, flow, screening, studies, data, appraisal, audit and deviations, the checklists of PRISMA 2020
and SWiM, and paragraphs for a paper. Of a stage that is blind it says that it is, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iimscreen import __version__, checklists, flow_pages
from iimscreen.documents import Document, Figure, Grid, Paragraph, Part, Section
from iimscreen.pages import NumberList
from iimscreen.review_report import conduct, findings, planned, sentences, software
from iimscreen.review_report.still import Still
from iimscreen.store import Review


@dataclass(frozen=True, slots=True)
class Report:
    """A report, and what goes into files beside it."""

    document: Document
    lists: tuple[NumberList, ...]  # behind the numbers of the flow
    methods: str
    results: str
    tagged: str  # both paragraphs with their numbers by name
    interim: tuple[str, ...]  # what is left to do, in sentences


def build(review: Review, *, at: str) -> Report:
    """The report as the log stands; `at` is when it is made, as the report says it."""
    with review.snapshot() as frozen:
        still = Still(frozen)
        said = sentences.paragraphs(still)
        digest = software.sha256_of(review.path)
        document = _document(still, said, at=at, digest=digest)
        stamps = (*document.stamps, *(f"Interim: {sentence}" for sentence in said.interim))
        return Report(
            document,
            tuple(flow_pages.lists(frozen, still.flow)),
            sentences.as_text(said.methods, still.numbers, stamps=document.stamps),
            sentences.as_text(said.results, still.numbers, stamps=stamps),
            sentences.as_tagged(said, stamps=stamps),
            said.interim,
        )


def _document(still: Still, said: sentences.Paragraphs, *, at: str, digest: str) -> Document:
    protocol = still.protocol
    sections = [
        planned.question(still),
        _paragraphs(still, said),
        conduct.search(still),
        _flow(still),
        conduct.screening(still, said.methods),
        findings.included(still),
        findings.excluded(still),
        findings.extraction(still, planned.form(still)),
        findings.appraisal(still),
        findings.audit(still),
        conduct.deviations(still),
        software.software(still, at=at, file_sha256=digest),
    ]
    sections += _checklists(still, sections)
    stamps = [protocol.notice] if protocol.notice else []
    if still.diagram.is_interim:
        stamps.append(
            "Interim: work is left, and numbers may still change. Under the flow stands what is missing."
        )
    return Document(
        title=protocol.title,
        lead="Report of a systematic review, made from its log.",
        stamps=tuple(stamps),
        sections=tuple(sections),
        foot=(f"Made with iimscreen {__version__} on {at}.",),
    )


def _paragraphs(still: Still, said: sentences.Paragraphs) -> Section:
    def of(one: tuple[sentences.Sentence, ...]) -> Iterator[Part]:
        yield Paragraph(" ".join(sentence.filled(still.numbers) for sentence in one))
        yield Paragraph(
            "Sentence by sentence from: "
            + "; ".join(f"({n}) {each.origin}" for n, each in enumerate(one, 1))
            + ".",
            is_note=True,
        )

    return Section(
        id="paragraphs",
        heading="Paragraphs for the paper",
        stamps=("Interim: these sentences will change.",) if still.diagram.is_interim else (),
        sections=(
            Section(id="methods", heading="Methods", parts=tuple(of(said.methods))),
            Section(id="results", heading="Results", parts=tuple(of(said.results))),
        ),
    )


def _flow(still: Still) -> Section:
    made = still.diagram
    stamps = tuple(f"Interim: {sentence}" for sentence in made.missing) if made.is_interim else ()
    return Section(id="flow", heading="Flow diagram", stamps=stamps, parts=(Figure(made),))


def _checklists(still: Still, sections: list[Section]) -> Iterator[Section]:
    there = _with_something(still, sections)
    there["abstract-checklist"] = "PRISMA 2020 for Abstracts"
    if still.value("prisma.reports_included"):
        there["flow-words"] = "The flow in words"
    stamps = (
        ("Interim: work is left, and what a section has may change.",) if still.diagram.is_interim else ()
    )
    for one in checklists.CHECKLISTS:
        parts = (Grid(checklists.filled(one, there)),)
        yield Section(id=one.id, heading=one.title, stamps=stamps, parts=parts)


def _with_something(still: Still, sections: list[Section]) -> dict[str, str]:
    """Id → heading of the sections that have something for a reader, not only words that they do not."""
    found: dict[str, str] = {}
    for section in sections:
        for one in (section, *section.sections):
            found[one.id] = one.heading
    absent = []
    if not still.value("search.records"):
        absent += ["search", "flow", "results"]
    if not still.protocol.registration:
        absent.append("registration")
    if not still.value("screening.title-abstract.judged") and not still.value("screening.full-text.judged"):
        absent += ["screening", "methods"]
    if not still.value("prisma.reports_included"):
        absent.append("included")
    if not still.is_known("prisma.reports_excluded") or not still.value("prisma.reports_assessed"):
        absent.append("excluded")
    finally_appraised = any(
        one.value and name.startswith("appraisal.") and name.endswith(".studies_final")
        for name, one in still.numbers.items()
    )
    if not finally_appraised:
        absent.append("appraisal")
    if not still.value("extract.studies") and not still.value("extract.own.studies"):
        absent += ["extraction", "tables"]
    if not still.protocol.question:
        absent.append("question")
    if not still.protocol.designs and not still.protocol.reasons:
        absent.append("criteria")
    return {name: heading for name, heading in found.items() if name not in absent}
