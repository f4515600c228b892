"""Paragraphs for methods and results, sentence by sentence: what the log shows was done, never what was planned.

Numbers stand in a sentence by their names, `{{prisma.records_screened}}`, so that `iimscreen manuscript check` can
tell later whether they still hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from iimscreen import __version__, receipts
from iimscreen.amending import amendment_sentence
from iimscreen.appendix import noting
from iimscreen.consensus import progress
from iimscreen.forms import DATA
from iimscreen.model import Number
from iimscreen.reliability.in_words import STAGE
from iimscreen.review_report.still import AT, FULL_TEXT, NOUN, TITLE_ABSTRACT, Judged, Still, day, listed, was
from iimscreen.store import duplicates, rounds, studies, versions
from iimscreen.store.receipts import RunRow
from iimscreen.wording import counted, slugs

_TAG = re.compile(r"\{\{([^{}]+)\}\}")
CLOSED = "not open to view yet"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its numbers by name, and where in the review it comes from."""

    text: str
    origin: str
    stage: str = ""  # of screening, where it is about one

    def filled(self, known: Mapping[str, Number]) -> str:
        """The sentence with its numbers."""
        return _TAG.sub(lambda found: known[found[1]].text if found[1] in known else found[0], self.text)


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """What may go into a paper."""

    methods: tuple[Sentence, ...]
    results: tuple[Sentence, ...]
    interim: tuple[str, ...]  # what is not finished


def paragraphs(still: Still) -> Paragraphs:
    """The paragraphs as the log stands."""
    return Paragraphs(tuple(_methods(still)), tuple(_results(still)), still.diagram.missing)


def as_text(sentences: Sequence[Sentence], known: Mapping[str, Number], *, stamps: Sequence[str]) -> str:
    """One paragraph, then where each of its sentences comes from."""
    lines = [*(f"[{stamp}]" for stamp in stamps), *([""] if stamps else [])]
    lines += [" ".join(one.filled(known) for one in sentences), "", "Where each sentence comes from:"]
    lines += [f"{number}. {one.origin}" for number, one in enumerate(sentences, 1)]
    return "\n".join(lines) + "\n"


def as_tagged(made: Paragraphs, *, stamps: Sequence[str] = ()) -> str:
    """Both paragraphs with their numbers by name, for a manuscript that is filled and checked."""
    return (
        "".join(f"[{stamp}]\n\n" for stamp in stamps)
        + "# Methods\n\n"
        + " ".join(one.text for one in made.methods)
        + "\n\n# Results\n\n"
        + " ".join(one.text for one in made.results)
        + "\n"
    )


def _nouns(still: Still, name: str, noun: str, many: str = "") -> str:
    """A number by its name, and its noun in the form that its value asks for."""
    return f"{{{{{name}}}}} {noun if still.value(name) == 1 else many or noun + 's'}"


def _tag(name: str) -> str:
    return f"{{{{{name}}}}}"


# --- methods ---------------------------------------------------------------------------------------


def _methods(still: Still) -> Iterator[Sentence]:
    yield from _registered(still)
    yield from _searched(still)
    yield from _duplicates(still)
    if versions.closures(still.review):
        yield Sentence(
            "What follows counts the votes of all versions of the review together, where the flow counts those of "
            "this version.",
            "log of versions",
        )
    for stage in (TITLE_ABSTRACT, FULL_TEXT):
        yield from _judged(still, stage)
    yield from _extracted(still)
    programs = sorted({run.tool_version for run in _runs(still)} - {__version__})
    before = f" (searches and imports also with {listed(programs)})" if programs else ""
    yield Sentence(
        f"The review was kept, and its numbers were worked out, with iimscreen {__version__}{before}.",
        "program",
    )


def _runs(still: Still) -> list[RunRow]:
    return [run for entry in receipts.listing(still.review) for run in entry.runs]


def _registered(still: Still) -> Iterator[Sentence]:
    if still.protocol.registration:
        words = still.protocol.registration.rstrip(".")
        yield Sentence(f"Registration, as the protocol states it: {words}.", "protocol, registration")
    yield Sentence(
        amendment_sentence(still.review, still.amendments), "log of protocol versions and of votes"
    )


def _searched(still: Still) -> Iterator[Sentence]:
    said = []
    for one in noting.sources(still.review).lines:
        if one.searched_at:
            said.append(f"{one.database} was searched last on {day(one.searched_at)}")
        elif one.imported_at:
            first = "files" if said else "Files"
            said.append(
                f"{first} with records of {one.database} were imported last on {day(one.imported_at)} (when it was "
                "searched is not in the log)"
            )
    if not said:
        yield Sentence(
            "No source has been searched with iimscreen and nothing imported yet.",
            "log of searches and imports",
        )
        return
    yield Sentence(f"{'; '.join(said)}.", "log of searches and imports")


def _duplicates(still: Still) -> Iterator[Sentence]:
    last = duplicates.last_run(still.review)
    if last is None:
        if still.value("search.records"):
            yield Sentence("Duplicates have not been sought with iimscreen.", "log of comparisons")
        return
    fresh = len(duplicates.not_compared(still.review))
    left = f"; {counted(fresh, 'record')} that came later {was(fresh)} not compared yet" if fresh else ""
    by_rule, by_people = "duplicates.pairs_merged.by_rule", "duplicates.pairs_merged.by_people"
    people = " and people none" if still.is_known(by_people) else ""
    if still.value(by_people):
        people = f" and people {_nouns(still, by_people, 'pair')}"
    yield Sentence(
        f"Records were compared with one another by the rules of iimscreen (scores of 0 to 100: merged from "
        f"{last.merge_at:g}, decided by people from {last.ask_at:g}); rules merged "
        f"{_nouns(still, by_rule, 'pair')}{people}{left}.",
        "log of comparisons and of verdicts on duplicates; thresholds of the last comparison",
    )


def _judged(still: Still, stage: str) -> Iterator[Sentence]:
    for text, origin in _of_stage(still, stage):
        yield Sentence(text, origin, stage)


def _of_stage(still: Still, stage: str) -> Iterator[tuple[str, str]]:
    """Sentences on how a stage was judged, each with its origin."""
    found = still.judged(stage)
    where = f"votes at {AT[stage]}"
    if found is None:
        yield f"Judging on {AT[stage]} is not finished, and its votes are {CLOSED}.", where
        yield from _pilots(still, stage)
        return
    if not found.records:
        yield f"No {NOUN[stage]} has been judged on {AT[stage]} yet.", where
        return
    base = f"screening.{stage}"
    noun = NOUN[stage]
    yield f"{_by_how_many(still, found, base, noun, stage)}.", f"{where}, counted; not the plan"
    # Of votes that stand alone, to be blind to another's is nothing to claim.
    if found.by_two or found.seen or found.unknown or not found.votes:
        yield (
            _blindness(still, found, base, noun),
            f"{where}: whether another's could be seen, noted with each vote",
        )
    yield from _pilots(still, stage)
    if still.value(f"{base}.disagreements"):
        yield _resolved(still, base, noun), f"final words at {AT[stage]}"
    if corrected := still.corrected(stage):
        agreed = counted(len(corrected), noun)
        yield f"On {agreed} a final word took the place of votes that agreed.", f"final words at {AT[stage]}"
    yield from _agreements(still, stage)


def _by_how_many(still: Still, found: Judged, base: str, noun: str, stage: str) -> str:
    judged = _nouns(still, f"{base}.judged", noun)
    if not found.by_one and not found.by_final_word:
        each = "The" if found.records == 1 else "Each of"
        return f"{each} {judged} judged on {AT[stage]} was judged by two or more people"
    parts = []
    if found.by_two:
        two = f"{base}.judged_by_two"  # that counts records whose votes are not all in, too
        shown = _tag(two) if still.value(two) == found.by_two else f"{found.by_two:,}"
        parts.append(f"{shown} {was(found.by_two)} judged by two or more people")
    if found.by_one:
        parts.append(f"{len(found.by_one):,} {was(len(found.by_one))} judged by one person")
    if found.by_final_word:
        parts.append(f"{found.by_final_word:,} {was(found.by_final_word)} settled by a final word alone")
    return f"Of {judged} judged on {AT[stage]}, {listed(parts)}"


def _blindness(still: Still, found: Judged, base: str, noun: str) -> str:
    votes = counted(found.votes, "vote")
    if (
        still.value(f"{base}.votes") == found.votes
    ):  # votes that wait for another's are not among those told here
        votes = _nouns(still, f"{base}.votes", "vote")
    if not found.votes:
        return f"No vote stands on any {noun} by itself."
    if found.blind == found.votes:
        of = f"The {votes} {was(found.votes)}" if found.votes == 1 else f"All {votes} were"
        return f"{of} given before the voter could see another's vote on that {noun}."
    parts = []
    for count, words in (
        (found.blind, f"before the voter could see another's vote on that {noun}"),
        (found.seen, f"when another's vote on that {noun} could be seen"),
    ):
        if count:
            parts.append(f"{count:,} {was(count)} given {words}")
    if found.unknown:
        parts.append(f"of {found.unknown:,} it is not known whether another's could be seen")
    return f"Of {votes}, {listed(parts)}."


def _pilots(still: Still, stage: str) -> Iterator[tuple[str, str]]:
    pilots = [one for one in still.gate.round_progress(stage) if one.round.kind == rounds.PILOT]
    for one in pilots:
        size = counted(len(rounds.keys_of(still.review, one.round)), NOUN[stage])
        then = "their votes count" if one.round.counts else "they were put to be judged again after it"
        state = "" if one.is_closed else ", which is not finished"
        yield (
            f"A pilot on {AT[stage]} was drawn of {size} ({one.round.name}{state}); {then}.",
            "log of rounds",
        )


def _resolved(still: Still, base: str, noun: str) -> str:
    differing = still.rows(f"{base}.disagreements")
    ways, total = [], 0
    for name, words in (
        ("consensus", "by consensus of those who voted"),
        ("adjudication", "by an adjudicator"),
        ("one_person", "by one person"),
    ):
        settled = still.rows(f"{base}.resolved.{name}")
        count = len(settled & differing)
        total += count
        if count:
            shown = _tag(f"{base}.resolved.{name}") if count == len(settled) else f"{count:,}"
            ways.append((shown, words))
    differed = _nouns(still, f"{base}.disagreements", noun)
    said = f"Votes on {differed} did not come to one outcome"
    if ways:
        if len(ways) == 1 and total == len(differing):
            said += f"; {'it was' if total == 1 else 'all were'} resolved {ways[0][1]}"
        else:
            shown = _tag(f"{base}.resolved") if total == still.value(f"{base}.resolved") else f"{total:,}"
            said += f"; {shown} {was(total)} resolved: {listed(f'{n} {way}' for n, way in ways)}"
    if still.value(f"{base}.conflicts"):
        count = still.value(f"{base}.conflicts")
        said += f"; {_tag(f'{base}.conflicts')} {'is' if count == 1 else 'are'} still to be resolved"
    return f"{said}."


def _agreements(still: Still, stage: str) -> Iterator[tuple[str, str]]:
    pairs = [pair for pair in still.agreements[stage] if pair.kind == STAGE]
    short = slugs(f"{pair.reviewer} {pair.other_reviewer}" for pair in pairs)
    for pair in pairs:
        if pair.sentence:
            base = f"screening.{stage}.{short[f'{pair.reviewer} {pair.other_reviewer}']}"
            yield _with_names(pair.sentence, base, still.numbers), f"`iimscreen agreement --stage {stage}`"


_FIGURES = (
    ("judged ", "independent"),
    ("agreed on ", "agreed"),
    ("(", "observed"),
    ("kappa was ", "kappa"),
    (" (95% CI ", "kappa_low"),
    (" to ", "kappa_high"),
    ("AC1 ", "ac1"),
    (" (95% CI ", "ac1_low"),
    (" to ", "ac1_high"),
)


def _with_names(sentence: str, base: str, known: Mapping[str, Number]) -> str:
    """The sentence on agreement with names in place of its figures, each looked for behind the words before it."""
    done, rest = "", sentence
    for before, name in _FIGURES:
        one = known.get(f"{base}.{name}")
        head, found, tail = rest.partition(f"{before}{one.text}") if one is not None else (rest, "", "")
        if found and one is not None:
            done, rest = f"{done}{head}{before}{{{{{one.name}}}}}", tail
    return done + rest


def _extracted(still: Still) -> Iterator[Sentence]:
    if still.protocol.form is None or not studies.standing(still.review):
        return
    yield Sentence(progress.progress(still.review, DATA).sentence, "log of extraction")
    if own := still.value("extract.own.studies_final"):
        yield Sentence(
            f"Among these {was(own)} {_nouns(still, 'extract.own.studies_final', 'series', 'series')} of own patients, "
            "which the flow does not count.",
            "log of extraction",
        )


# --- results ---------------------------------------------------------------------------------------


def _results(still: Still) -> Iterator[Sentence]:
    """The way from the searches to the included studies; of what is closed to view it says that it is."""
    value = still.value
    if still.diagram.is_interim:
        yield Sentence("These numbers are interim, because work is left.", "`iimscreen prisma`")
    new = "new " if still.is_known("prisma.previous_studies") else ""
    name = "prisma.records_identified"
    if not value(name):
        yield Sentence(f"No {new}records have been identified.", f"number {name}")
        return
    yield Sentence(
        f"{_nouns(still, name, f'{new}record')} {was(value(name))} identified{_where(still)}.",
        f"number {name}",
    )
    removed = [
        _nouns(still, name, *words)
        for name, words in (
            ("prisma.duplicates", ("duplicate",)),
            (
                "prisma.excluded_automatic",
                ("record marked by automation tools", "records marked by automation tools"),
            ),
            (
                "prisma.excluded_other",
                ("record removed for other reasons", "records removed for other reasons"),
            ),
        )
        if value(name)
    ]
    if removed:
        yield Sentence(
            f"Before screening, {listed(removed)} {was(value('prisma.records_removed'))} taken out.",
            "numbers prisma.duplicates, prisma.excluded_automatic, prisma.excluded_other",
        )
    yield from _screened(still)
    yield from _assessed(still)
    yield from _undecided(still)
    yield from _included(still, new)


def _where(still: Still) -> str:
    places = [
        f"{_tag(name)} {words}"
        for name, words in (
            ("prisma.database_results", "from databases"),
            ("prisma.register_results", "from registers"),
            ("prisma.website_results", "from websites"),
            ("prisma.organisation_results", "from organisations"),
            ("prisma.citations_results", "by citation searching"),
        )
        if still.value(name)
    ]
    return f" ({'; '.join(places)})"


def _screened(still: Still) -> Iterator[Sentence]:
    screened, excluded = "prisma.records_screened", "prisma.records_excluded"
    if not still.value(screened):
        return
    said = f"{_nouns(still, screened, 'record')} {was(still.value(screened))} screened on title and abstract"
    if still.is_known(excluded):
        count = still.value(excluded)
        said += f", and {_tag(excluded)} {was(count)} excluded" if count else ", and none was excluded"
    else:
        said += f"; how many were excluded is {CLOSED}"
    yield Sentence(f"{said}.", f"numbers {screened}, {excluded}")


def _assessed(still: Still) -> Iterator[Sentence]:
    sought, lost, assessed, excluded = (
        f"prisma.reports_{name}" for name in ("sought", "not_retrieved", "assessed", "excluded")
    )
    if still.value(sought):
        said = f"{_nouns(still, sought, 'report')} {was(still.value(sought))} sought"
        if still.value("prisma.other_sought_reports"):
            said += (
                f" ({_tag('prisma.dbr_sought_reports')} from databases and registers and "
                f"{_tag('prisma.other_sought_reports')} found by other methods)"
            )
        if still.value(lost):
            said += f", of which {_tag(lost)} {was(still.value(lost))} not retrieved"
        if still.is_known(assessed):
            count = still.value(assessed)
            said += f"; {_tag(assessed) if count else 'none'} {was(count or 1)} assessed for eligibility"
        yield Sentence(f"{said}.", f"numbers {sought}, {lost}, {assessed}")
    if still.value(excluded):
        labels = {reason.code: reason.label for reason in still.protocol.reasons}
        reasons = [
            f"{labels.get(one.name.removeprefix(f'{excluded}.'), one.name.removeprefix(f'{excluded}.'))} "
            f"(n = {_tag(one.name)})"
            for one in still.under(excluded)
        ]
        why = f": {'; '.join(reasons)}" if reasons else ""
        yield Sentence(
            f"{_nouns(still, excluded, 'report')} {was(still.value(excluded))} excluded at full text{why}.",
            f"number {excluded} and its parts",
        )


def _undecided(still: Still) -> Iterator[Sentence]:
    awaiting, ongoing = "prisma.awaiting", "prisma.ongoing"
    said = []
    if count := still.value(awaiting):
        said.append(
            f"{_nouns(still, awaiting, 'report')} {'awaits' if count == 1 else 'await'} classification"
        )
    if count := still.value(ongoing):
        what = "is of an ongoing study" if count == 1 else "are of ongoing studies"
        said.append(f"{_nouns(still, ongoing, 'report')} {what}")
    if said:
        yield Sentence(f"{listed(said)}.", f"numbers {awaiting}, {ongoing}")


def _included(still: Still, new: str) -> Iterator[Sentence]:
    studies_name, reports_name = (
        ("prisma.new_studies", "prisma.new_reports")
        if new
        else ("prisma.studies_included", "prisma.reports_included")
    )
    if not still.is_known(studies_name) or not still.is_known(reports_name):
        yield Sentence(f"How many were included is {CLOSED}.", f"number {studies_name}")
        return
    count = still.value(studies_name)
    if not count:
        yield Sentence(f"No {new}studies have been included.", f"number {studies_name}")
    else:
        of = _nouns(still, studies_name, f"{new}study", f"{new}studies")
        together = f"{of} ({_nouns(still, reports_name, 'report')})"
        verb = "is" if count == 1 else "are"
        yield Sentence(f"{together} {verb} included.", f"numbers {studies_name}, {reports_name}")
    more, dropped = "prisma.new_reports_of_previous_studies", "prisma.previous_studies_dropped"
    if new and (count := still.value(more)):
        of = _nouns(still, more, "new report")
        yield Sentence(
            f"{of} of studies that the version before included {was(count)} included.", f"number {more}"
        )
    if new and (count := still.value(dropped)):
        of = _nouns(still, dropped, "study", "studies")
        yield Sentence(
            f"{of} of the version before no longer {'counts' if count == 1 else 'count'}.",
            f"number {dropped}",
        )
    if new and still.is_known("prisma.total_studies"):
        total = _nouns(still, "prisma.total_studies", "study", "studies")
        yield Sentence(
            f"With the version before, the review includes {total} "
            f"({_nouns(still, 'prisma.total_reports', 'report')}).",
            "numbers prisma.total_studies, prisma.total_reports",
        )
