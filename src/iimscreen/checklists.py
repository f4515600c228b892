"""The items of PRISMA 2020, of PRISMA 2020 for Abstracts and of SWiM, and where a report meets them. Pure.

The names of items are short forms of ours and no wording of the checklists: who hands in a checklist takes the
published one, and copies the places from here. Sources: Page et al. 2021, BMJ 372:n71 (table 1, and table 2 for
abstracts); Campbell et al. 2020, BMJ 368:l6890 (SWiM).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iimscreen.tables import Line, Table, listed

AUTHORS = "To be written by the authors"
NOT_YET = "Nothing in the log yet"


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what the log can fill, in which sections of the report, and what is left to the authors."""

    number: str
    name: str
    sections: tuple[str, ...] = ()  # ids; the item is met as far as one of them has something
    left: str = AUTHORS  # "" where nothing is left


@dataclass(frozen=True, slots=True)
class Checklist:
    """A checklist with its items under their headings."""

    id: str
    title: str
    source: str
    groups: tuple[tuple[str, tuple[Item, ...]], ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, in order."""
        return tuple(item for _, items in self.groups for item in items)


PRISMA = Checklist(
    "prisma-checklist",
    "PRISMA 2020 checklist",
    "Item names are ours; the published wording is in Page et al. 2021, BMJ 372:n71 (doi 10.1136/bmj.n71), table 1.",
    (
        ("Title", (Item("1", "Named as a systematic review"),)),
        ("Abstract", (Item("2", "Abstract by its own checklist", ("abstract-checklist",)),)),
        (
            "Introduction",
            (
                Item("3", "Why the review was done"),
                Item("4", "Question", ("question",), "Objectives in prose"),
            ),
        ),
        (
            "Methods",
            (
                Item(
                    "5",
                    "Criteria of eligibility",
                    ("question", "criteria"),
                    "How studies were grouped for syntheses",
                ),
                Item("6", "Where was searched, and when last", ("search",), "Sources that were not logged"),
                Item("7", "Full strategies with limits", ("search",), "Strategies of searches by hand"),
                Item("8", "How records and reports were judged", ("screening", "methods"), ""),
                Item("9", "How data were collected", ("extraction",), "Contacts with authors"),
                Item("10a", "Outcomes sought", ("form",), "Which results of a study were taken"),
                Item("10b", "Other data sought", ("form",), "Assumptions where information was missing"),
                Item(
                    "11", "How risk of bias was judged", ("appraisal",), "Why these instruments were chosen"
                ),
                Item("12", "Measures of effect"),
                Item("13a", "Which studies went into which synthesis", ("tables",), "The choice in prose"),
                Item("13b", "How data were made ready", ("tables",), "Conversions and missing numbers"),
                Item("13c", "How results were displayed"),
                Item("13d", "How results were combined, and why so"),
                Item("13e", "How differences between studies were explored"),
                Item("13f", "Sensitivity analyses"),
                Item("14", "Bias by results that are missing: how judged"),
                Item("15", "Certainty of evidence: how judged"),
            ),
        ),
        (
            "Results",
            (
                Item("16a", "The flow, from records to studies", ("flow", "results"), ""),
                Item("16b", "Reports that seemed eligible and were not, with reasons", ("excluded",), ""),
                Item(
                    "17",
                    "Each study cited, with its characteristics",
                    ("included",),
                    "Characteristics that were not extracted",
                ),
                Item(
                    "18", "Risk of bias of each study", ("appraisal",), "Studies that were not appraised here"
                ),
                Item("19", "Results of each study", ("tables",), "Estimates with their precision"),
                Item("20a", "Each synthesis: its studies and their risk of bias", ("appraisal",), AUTHORS),
                Item("20b", "Each synthesis: its result"),
                Item("20c", "What may explain differences"),
                Item("20d", "What sensitivity analyses gave"),
                Item("21", "Bias by results that are missing: what was found"),
                Item("22", "Certainty of evidence: what was found"),
            ),
        ),
        (
            "Discussion",
            (
                Item("23a", "Findings beside other evidence"),
                Item("23b", "Limits of the evidence"),
                Item("23c", "Limits of the review", ("deviations",), "What they mean for the conclusions"),
                Item("23d", "What follows for practice, policy, research"),
            ),
        ),
        (
            "Other information",
            (
                Item("24a", "Registration", ("registration",), "Register and number, or that there is none"),
                Item("24b", "Where the protocol is", ("versions",), "An address for readers"),
                Item("24c", "Amendments", ("amendments",), "Why each was made"),
                Item("25", "Support, and what supporters did"),
                Item("26", "Competing interests"),
                Item("27", "Data, forms and code: where they are", ("software",), "An address for readers"),
            ),
        ),
    ),
)

ABSTRACTS = Checklist(
    "abstract-checklist",
    "PRISMA 2020 for Abstracts",
    "Item names are ours; the published wording is in Page et al. 2021, BMJ 372:n71 (doi 10.1136/bmj.n71), table 2.",
    (
        ("Title", (Item("1", "Named as a systematic review"),)),
        ("Background", (Item("2", "Question", ("question",), "Objectives in prose"),)),
        (
            "Methods",
            (
                Item("3", "Criteria of eligibility", ("question", "criteria"), "In a sentence"),
                Item(
                    "4", "Sources, with the last date", ("search",), "Sources and dates that were not logged"
                ),
                Item("5", "How risk of bias was judged", ("appraisal",), "In a sentence"),
                Item("6", "How results were combined"),
            ),
        ),
        (
            "Results",
            (
                Item(
                    "7",
                    "Studies and participants, with what matters of them",
                    ("flow-words",),
                    "In a sentence",
                ),
                Item("8", "Main results"),
            ),
        ),
        ("Discussion", (Item("9", "Limits of the evidence"), Item("10", "What it means"))),
        (
            "Other",
            (
                Item("11", "Who paid for it"),
                Item("12", "Registration", ("registration",), "Register and number, or that there is none"),
            ),
        ),
    ),
)

SWIM = Checklist(
    "swim-checklist",
    "SWiM: synthesis without meta-analysis",
    "Item names are ours; the published wording is in Campbell et al. 2020, BMJ 368:l6890 (doi 10.1136/bmj.l6890).",
    (
        (
            "Methods",
            (
                Item("1", "How studies were grouped, and why", ("tables",), "The reasons"),
                Item("2", "The common measure, and how results were brought to it"),
                Item("3", "How results were combined, and why so"),
                Item("4", "Which results counted most, by which rule"),
                Item("5", "How differences between studies were looked into"),
                Item("6", "Certainty: how judged"),
                Item("7", "How data are shown", ("tables",), "Which displays, in which order, and why"),
            ),
        ),
        (
            "Results",
            (
                Item(
                    "8",
                    "Results of each synthesis, with the studies in it",
                    ("tables",),
                    "The synthesis itself",
                ),
            ),
        ),
        ("Discussion", (Item("9", "Limits of the synthesis"),)),
    ),
)

CHECKLISTS = (PRISMA, ABSTRACTS, SWIM)


def filled(checklist: Checklist, there: Mapping[str, str]) -> Table:
    """The checklist as a table; `there` is the sections that have something: id → heading."""
    lines: list[Line] = []
    for group, items in checklist.groups:
        lines.append(Line((group, "", "", ""), "heading"))
        lines += [Line((item.number, item.name, *_met(item, there))) for item in items]
    return Table(
        name=checklist.id,
        title="Items, and where they are met",
        columns=("Item", "What it asks for", "Where in this report", "Left to the authors"),
        lines=tuple(lines),
        notes=(checklist.source, *_summed(checklist, there)),
    )


def _met(item: Item, there: Mapping[str, str]) -> tuple[str, str]:
    found = [there[name] for name in item.sections if name in there]
    if not item.sections:
        return "", item.left
    if not found:
        return NOT_YET, item.left or AUTHORS
    return "; ".join(found), item.left


def _summed(checklist: Checklist, there: Mapping[str, str]) -> Sequence[str]:
    met = [item.number for item in checklist.items if any(name in there for name in item.sections)]
    whole = [item.number for item in checklist.items if item.number in met and not item.left]
    of = len(checklist.items)
    said = f"This report has something on {len(met)} of {of} items"
    if whole:
        said += f", and all that the log can tell on {listed(whole)}"
    return (f"{said}; the rest is to be written by the authors.",)
