"""Sections on what was done: searching, screening with its agreement, unblindings, and deviations from the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from iimscreen import watching
from iimscreen.appendix import parts as of_search
from iimscreen.documents import Bullets, ForAuthors, Grid, Paragraph, Part, Section, Verbatim
from iimscreen.reliability.comparing import PairAgreement
from iimscreen.review_report.sentences import Sentence
from iimscreen.review_report.still import AT, NOUN, Still, was
from iimscreen.store import curation, log, rounds, runs, studies
from iimscreen.tables import Line, Table
from iimscreen.wording import counted, slug, slugs

_NAMED = 40  # keys that are listed in a sentence on decisions


def search(still: Still) -> Section:
    """The 16 items of PRISMA-S."""
    made = still.search
    items = tuple(
        Section(id=f"search-{item.number}", heading=f"{item.number} {item.name}", parts=tuple(_of_item(item)))
        for item in made.items
    )
    lead = Paragraph(
        "Items after PRISMA-S (Rethlefsen et al. 2021, Syst Rev 10:39), named in our words. Strategies stand as they "
        "were sent.",
        is_note=True,
    )
    return Section(
        id="search",
        heading="Search appendix (PRISMA-S)",
        stamps=tuple(f"Interim: {sentence}." for sentence in made.interim),
        parts=(lead,),
        sections=items,
    )


def _of_item(item: of_search.Item) -> Iterator[Part]:
    for part in item.parts:
        match part:
            case of_search.Statement(text, origin, verbatim):
                yield Paragraph(" ".join((text, *verbatim)), origin)
            case of_search.Table(heading, columns, rows, origin):
                note = (f"From: {origin}.",) if origin else ()
                lines = tuple(Line(tuple(str(cell) for cell in row)) for row in rows)
                columns = tuple(f"{name[:1].upper()}{name[1:]}" for name in columns)
                yield Grid(
                    Table(
                        name=f"search-{item.number}", title=heading, columns=columns, lines=lines, notes=note
                    )
                )
            case of_search.Verbatim(heading, text):
                yield Verbatim(heading, text)
    if item.to_write:
        yield ForAuthors(item.to_write)


# --- screening -------------------------------------------------------------------------------------


def screening(still: Still, methods: tuple[Sentence, ...]) -> Section:
    """How each stage was judged, with agreement; of a stage that is blind only that it is."""
    return Section(
        id="screening",
        heading="Process of screening, and agreement",
        sections=tuple(_stage(still, stage.name, methods) for stage in still.protocol.stages),
    )


def _stage(still: Still, stage: str, methods: tuple[Sentence, ...]) -> Section:
    heading = f"On {AT[stage]}"
    name = f"screening-{stage}"
    if not still.gate.is_open(stage):
        parts = (_closed(stage), *_agreement(still, stage))
        stamp = "Not open to view: votes of this stage stay closed until all of them are in."
        return Section(id=name, heading=heading, stamps=(stamp,), parts=parts)
    open_one = still.numbers.get(f"screening.{stage}.judged")
    stamps = (f"Interim: {open_one.interim}.",) if open_one is not None and open_one.interim else ()
    said = [Paragraph(one.filled(still.numbers), one.origin) for one in methods if one.stage == stage]
    return Section(id=name, heading=heading, stamps=stamps, parts=(*said, *_agreement(still, stage)))


def _closed(stage: str) -> Part:
    return Paragraph(f"Nothing is shown of how {NOUN[stage]}s were judged before that.")


def _agreement(still: Still, stage: str) -> Iterator[Part]:
    found = [pair for pair in still.agreements[stage] if pair.figures.n]
    if not found and not still.gate.is_open(stage):
        return
    if not found:
        yield Paragraph(
            "Agreement is not estimable: no two people have independent votes on the same records."
        )
        return
    lines = []
    for pair, base in zip(found, _names(found, stage), strict=True):
        figures = pair.figures
        where = {"stage": "all" + (f" but {', '.join(pair.without)}" if pair.without else "")}.get(
            pair.kind, pair.round
        )
        named = [_figure(still, f"{base}.{name}") for name in ("observed", "kappa", "pabak", "ac1")]
        lines.append(Line((where, f"{pair.reviewer}, {pair.other_reviewer}", f"{figures.n:,}", *named)))
    yield Grid(
        Table(
            name=f"agreement-{stage}",
            title=f"Agreement on {AT[stage]}",
            columns=("Part", "Reviewers", f"{NOUN[stage].capitalize()}s", "Agreed", "Kappa", "PABAK", "AC1"),
            lines=tuple(lines),
            notes=("Of votes given before either could see the other's. Brackets: 95% interval.",),
        )
    )
    yield from (
        Paragraph(pair.sentence, "agreement") for pair in found if pair.sentence and pair.kind != "stage"
    )


def _names(found: Sequence[PairAgreement], stage: str) -> list[str]:
    """What the numbers of each pair begin with, as the family of screening names them."""
    names = []
    for pair in found:
        where = f"screening.{stage}" + ("" if pair.kind == "stage" else f".{slug(pair.round)}")
        same = [f"{one.reviewer} {one.other_reviewer}" for one in found if one.round == pair.round]
        names.append(f"{where}.{slugs(same)[f'{pair.reviewer} {pair.other_reviewer}']}")
    return names


def _figure(still: Still, name: str) -> str:
    one = still.numbers.get(name)
    if one is None or one.value is None:
        return "not estimable"
    ends = [still.numbers.get(f"{name}_{end}") for end in ("low", "high")]
    known = [end.text for end in ends if end is not None and end.value is not None]
    return f"{one.text} ({' to '.join(known)})" if len(known) == 2 else one.text


# --- what was not as planned -----------------------------------------------------------------------


def deviations(still: Still) -> Section:
    """What the log shows that a reader would want to know of: openings before the end, decisions of one, and more."""
    unblinded = tuple(_unblindings(still))
    found = tuple(_deviations(still))
    nothing = Paragraph("The log shows nothing of the kinds that are looked for here.")
    return Section(
        id="deviations",
        heading="Unblindings and deviations",
        parts=(
            Paragraph(
                "Derived from the log: pilots that count, decisions of one person, votes given when another's could "
                "be seen, amendments after the first vote, searches given up, records removed or corrected. Whether "
                "they matter is for the authors to say.",
                is_note=True,
            ),
        ),
        sections=(
            Section(
                id="unblindings",
                heading="Unblindings",
                parts=unblinded or (Paragraph("No pair of reviewers was unblinded."),),
            ),
            Section(id="deviations-found", heading="Deviations", parts=found or (nothing,)),
        ),
    )


def _unblindings(still: Still) -> Iterator[Part]:
    opened: dict[str, int] = {}
    for row in log.of_kind(still.review, "round_openings"):
        if row.content is not None:
            opened.setdefault(row.content["round"], row.id)
    lines = []
    for row in log.of_kind(still.review, "unblindings"):
        if row.content is None:
            continue
        of = row.content["round"]
        early = (
            "before all votes were in" if row.id < opened.get(of, row.id + 1) else "after all votes were in"
        )
        lines.append(
            Line(
                (
                    row.at[:16].replace("T", " "),
                    of,
                    f"{row.content['reviewer']}, {row.content['other_reviewer']}",
                    row.actor,
                    early,
                )
            )
        )
    if lines:
        yield Grid(
            Table(
                name="unblindings",
                title="Pairs who were let see each other's votes",
                columns=("When (UTC)", "Stage or round", "Pair", "By", "When the round stood"),
                lines=tuple(lines),
                notes=("Votes given after it are not counted as independent.",),
            )
        )


def _deviations(still: Still) -> Iterator[Part]:
    said = [*_of_votes(still), *_of_records(still)]
    if said:
        yield Bullets(tuple(said))


def _of_votes(still: Still) -> Iterator[str]:
    for stage in still.protocol.stages:
        for one in still.gate.round_progress(stage.name):
            if one.round.kind == rounds.PILOT and one.round.counts:
                size = len(rounds.keys_of(still.review, one.round))
                votes = f"The votes of the pilot {one.round.name} ({counted(size, NOUN[stage.name])})"
                yield f"{votes} count in the review."
        found = still.judged(stage.name)
        if found is None:
            yield f"On {AT[stage.name]}: not open to view yet."
            continue
        noun = NOUN[stage.name]
        if found.by_one and stage.reviewers_needed > 1:
            count = len(found.by_one)
            yield (
                f"On {AT[stage.name]}, {count:,} of {counted(found.records, noun)} {was(count)} judged by one person, "
                f"where the protocol asks for {stage.reviewers_needed}: {_named(found.by_one)}."
            )
        elif found.by_one:
            yield (
                f"On {AT[stage.name]}, {len(found.by_one):,} of {counted(found.records, noun)} "
                f"{was(len(found.by_one))} judged by one person, as the protocol allows."
            )
        yield from _of_final_words(still, stage.name)
        if found.seen:
            yield (
                f"On {AT[stage.name]}, {counted(found.seen, 'vote')} {was(found.seen)} given when another's vote could "
                "be seen."
            )
        if found.unknown:
            yield (
                f"On {AT[stage.name]}, of {counted(found.unknown, 'vote')} it is not known whether another's could be "
                "seen."
            )
    for made in still.amendments.found:
        if made.changes:
            what = "; ".join(change.what for change in made.changes)
            version, on = made.version.number, made.version.at[:10]
            yield f"Version {version} of the protocol, loaded on {on} after the first vote: {what}."


def _of_final_words(still: Still, stage: str) -> Iterator[str]:
    base = f"screening.{stage}"
    by_one = still.numbers.get(f"{base}.resolved.one_person")
    differing = still.rows(f"{base}.disagreements")
    alone = tuple(key for key in by_one.rows if key in differing) if by_one is not None else ()
    if alone:
        count = len(alone)
        yield (
            f"On {AT[stage]}, {counted(count, 'conflict')} {was(count)} settled by one person: "
            f"{_named(alone)}."
        )
    if corrected := still.corrected(stage):
        agreed = counted(len(corrected), NOUN[stage])
        yield (
            f"On {AT[stage]}, a final word took the place of votes that agreed on {agreed}: "
            f"{_named(tuple(sorted(corrected)))}."
        )


def _named(keys: tuple[str, ...]) -> str:
    more = f" and {len(keys) - _NAMED:,} more" if len(keys) > _NAMED else ""
    return ", ".join(keys[:_NAMED]) + more


def _of_records(still: Still) -> Iterator[str]:
    review = still.review
    for row in log.of_kind(review, "search_abandonments"):
        if row.content is not None:
            one = runs.search(review, row.content["search_uid"])
            why = f": {row.content['note']}" if row.content["note"] else ""
            yield f"The search of strategy {one.strategy} in {one.database} was given up on {row.at[:10]}{why}."
    for left in runs.unfinished_searches(review):
        yield f"The search of strategy {left.strategy} in {left.database} is not finished."
    reasons = Counter(word.reason for word in curation.removed(review).values())
    for reason, count in reasons.items():
        yield f"{counted(count, 'record')} {was(count)} removed before screening: {reason}."
    edits = len(log.of_kind(review, "record_edits"))
    if edits:
        yield f"What records state was corrected by hand: {counted(edits, 'edit')} in the log."
    for name in studies.given_up(review):
        yield f"The study {name} was named and given up."
    for row in log.of_kind(review, "reviewer_changes"):
        if row.content is not None and row.content["change"] != "added":
            yield f"{row.content['name']} ({row.content['role']}) {row.content['change']} on {row.at[:10]}."
    merges = len(log.of_kind(review, "bundle_merges"))
    if merges:
        yield f"Work of several copies of the review file was brought together: {counted(merges, 'merge')}."
    yield from (f"{sentence[:1].upper()}{sentence[1:]}." for sentence in watching.open_sentences(review))
