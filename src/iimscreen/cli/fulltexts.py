"""Commands of full texts: which are retrieved, their files and text, what was tried, and which are excluded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iimscreen.cli.options import ApiKey, AsJson, By, Email, ReviewPath, another_follows, opened, write_new
from iimscreen.errors import InputError

fulltext_app = typer.Typer(
    help="List reports sought; mark them retrieved.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
Reports = Annotated[
    list[str] | None, typer.Argument(help="Reports: key, number, pmid:… or doi:…", metavar="RECORD…")
]
Report = Annotated[str, typer.Argument(help="The report: key, number, pmid:… or doi:…", metavar="RECORD")]
ReportOption = Annotated[
    list[str] | None, typer.Option("--report", help="Only this report; may be repeated.", metavar="RECORD")
]


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.add_typer(fulltext_app, name="fulltext")


@fulltext_app.callback()
def fulltext(context: typer.Context, as_json: AsJson = False, review: ReviewPath = None) -> None:
    """List reports sought; mark them retrieved."""
    from iimscreen import fulltext as texts
    from iimscreen.render import full_texts as shown

    if not another_follows(context):
        with opened(review) as open_one:
            shown.sought(texts.sought(open_one), as_json=as_json)


@fulltext_app.command("retrieved")
def retrieved(
    by: By,
    records: Reports = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="The full text; a copy is kept under fulltexts/ by its hash."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All reports not marked yet, without files.")
    ] = False,
    review: ReviewPath = None,
) -> None:
    """Mark reports as retrieved."""
    from iimscreen import fulltext as texts
    from iimscreen import team
    from iimscreen.fulltext import attaching
    from iimscreen.render import full_texts as shown
    from iimscreen.store import records as stored

    if everything == bool(records) or (everything and file):
        raise InputError("name the reports, or say --all", hint="one of the two; --file goes with one report")
    if file is not None and len(records or []) != 1:
        raise InputError("one file belongs to one report", hint="mark them one by one")
    name = team.check_name(by)
    with opened(review) as open_one:
        if file is not None and records:
            shown.attached(attaching.attach(open_one, records[0], [file], by=name))
            return
        if everything:
            keys = texts.mark_all(open_one, by=name)
        else:
            keys = texts.mark(open_one, records or [], texts.RETRIEVED, by=name)
        shown.marked(list(stored.by_keys(open_one, keys)), "retrieved")


@fulltext_app.command("not-retrieved")
def not_retrieved(
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why not.")],
    records: Reports = None,
    review: ReviewPath = None,
) -> None:
    """Mark reports as not retrieved, with the reason."""
    from iimscreen import fulltext as texts
    from iimscreen import team
    from iimscreen.render import full_texts as shown
    from iimscreen.store import records as stored

    if not records:
        raise InputError("no report named", hint="give its key, number, pmid:… or doi:…")
    with opened(review) as open_one:
        keys = texts.mark(open_one, records, texts.NOT_RETRIEVED, by=team.check_name(by), reason=reason)
        shown.marked(list(stored.by_keys(open_one, keys)), "not retrieved")


@fulltext_app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="A CSV record,outcome,reason.")],
    by: By,
    review: ReviewPath = None,
) -> None:
    """Mark the reports of a CSV, all of them or none."""
    from iimscreen import fulltext as texts
    from iimscreen import team
    from iimscreen.wording import counted

    with opened(review) as open_one:
        keys = texts.mark_from(open_one, file, by=team.check_name(by))
    typer.echo(f"{counted(len(keys), 'report')} marked.")


@fulltext_app.command("attach")
def attach(
    record: Report,
    files: Annotated[
        list[Path], typer.Argument(help="PDF, XML, HTML or TXT; supplements, too.", metavar="FILE…")
    ],
    by: By,
    link: Annotated[bool, typer.Option("--link", help="Leave them where they are; copy nothing.")] = False,
    any_size: Annotated[bool, typer.Option("--any-size", help="Also files of more than 100 MB.")] = False,
    review: ReviewPath = None,
) -> None:
    """Attach files to a report, and mark it retrieved.

    A copy is kept under fulltexts/ beside the review by its hash, or with --link the file stays where it is.
    Its content tells what a file is. A PDF that is damaged, encrypted or a scan is kept, and it is said that
    its text cannot be read; a web page saved as .pdf is refused.
    """
    from iimscreen import team
    from iimscreen.fulltext import attaching
    from iimscreen.render import full_texts as shown

    with opened(review) as open_one:
        name = team.check_name(by)
        shown.attached(attaching.attach(open_one, record, files, by=name, link=link, any_size=any_size))


@fulltext_app.command("detach")
def detach(
    record: Report,
    file: Annotated[str, typer.Argument(help="The file's name, or the beginning of its SHA-256.")],
    by: By,
    review: ReviewPath = None,
) -> None:
    """Take a file away from a report again.

    One more row of the log; the file itself stays under fulltexts/, and the report stays retrieved.
    """
    from iimscreen import team
    from iimscreen.fulltext import attaching

    with opened(review) as open_one:
        gone = attaching.detach(open_one, record, file, by=team.check_name(by))
    typer.echo(f"{gone.key}: {gone.file_name} is no longer attached.")


@fulltext_app.command("fetch")
def fetch(
    by: By,
    reports: ReportOption = None,
    email: Email = None,
    api_key: ApiKey = None,
    review: ReviewPath = None,
) -> None:
    """Fetch open-access texts from PubMed Central.

    For reports sought that have a PMCID and no text from there yet. Each is stored when it arrives, so that the
    command goes on where it was interrupted. What PubMed Central may not pass on is logged as an attempt.
    """
    import datetime as dt

    from iimscreen import render, sources, team
    from iimscreen.fulltext import fetching
    from iimscreen.render import full_texts as shown

    name = team.check_name(by)
    access = sources.Access(email=email, api_key=api_key)
    stored = 0
    with opened(review) as open_one:
        asked = fetching.wanted(open_one, reports or ())
        with render.progress() as on_progress:
            for one in fetching.fetch(
                open_one,
                asked,
                access,
                by=name,
                today=dt.datetime.now().astimezone().date(),
                on_progress=lambda done, total: on_progress("PubMed Central", done, total),
            ):
                shown.answered(one)
                stored += not one.why_not
        shown.fetched(asked, stored)


@fulltext_app.command("text")
def text(record: Report, as_json: AsJson = False, review: ReviewPath = None) -> None:
    """Print the text of a report's files."""
    from iimscreen.fulltext import reading
    from iimscreen.render import full_texts as shown

    with opened(review) as open_one:
        found = reading.texts_of(open_one, record)
        if as_json:
            shown.text_as_json(found)
        else:
            shown.text(found)


@fulltext_app.command("find")
def find(
    words: Annotated[list[str], typer.Argument(help="Words that stand one behind the other.")],
    reports: ReportOption = None,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Find words in the texts, with page and context."""
    from iimscreen.fulltext import reading
    from iimscreen.render import full_texts as shown

    with opened(review) as open_one:
        hits, unread = reading.find(open_one, " ".join(words), reports or ())
        shown.hits(hits, unread, as_json=as_json)


@fulltext_app.command("note")
def note(
    record: Report,
    by: By,
    language: Annotated[str | None, typer.Option("--language", help="In which it is written.")] = None,
    translator: Annotated[str | None, typer.Option("--translator", help="Who translated it.")] = None,
    attempt: Annotated[str | None, typer.Option("--attempt", help="What was tried to get it.")] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="Whom you asked, and for what.")] = None,
    answer: Annotated[str | None, typer.Option("--answer", help="What they answered.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="The day, YYYY-MM-DD.", metavar="DATE")] = None,
    review: ReviewPath = None,
) -> None:
    """Note language, attempts, authors asked."""
    from iimscreen import team
    from iimscreen.cli.options import day
    from iimscreen.fulltext import noting

    done_on = None if on is None else day("--on", on, if_ahead="note what was done, when it was")
    said = {
        "language": language,
        "translator": translator,
        "attempt": attempt,
        "contact": contact,
        "answer": answer,
    }
    with opened(review) as open_one:
        key = noting.note(open_one, record, said, on=done_on, by=team.check_name(by))
    typer.echo(f"{key}: {', '.join(item for item, text in said.items() if text is not None)} noted.")


@fulltext_app.command("excluded")
def excluded(
    csv: Annotated[Path | None, typer.Option("--csv", help="Write it to a new file.", metavar="FILE")] = None,
    as_json: AsJson = False,
    review: ReviewPath = None,
) -> None:
    """Reports excluded at full text, with reasons.

    Item 16b of PRISMA 2020: each cited in full, by reason in the protocol's order. Of a blind stage only what
    is open to view.
    """
    from iimscreen.fulltext import excluded as listing
    from iimscreen.render import full_texts as shown
    from iimscreen.wording import counted

    if csv is not None and as_json:
        raise InputError("--csv and --json are two ways to write it", hint="leave one of them out")
    with opened(review) as open_one:
        found = listing.excluded(open_one)
    if csv is not None:
        write_new(csv, listing.as_csv(found.reports), "--csv")
        typer.echo(f"Wrote {csv}: {counted(len(found.reports), 'report')}.")
        shown.closed(found.closed)
    elif as_json:
        shown.excluded_as_json(found)
    else:
        shown.excluded(found)
