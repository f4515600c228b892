"""What citation searching brought, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from iimscreen import render
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.snowball import Snowballed


def snowballed(found: Snowballed) -> None:
    """The seeds with what each brought, what the review holds already, and what could not be followed."""
    search, out = found.outcome.search, render.console()
    if found.outcome.was_done:
        out.print(
            Text(
                f"These seeds were followed on {search.at[:10]} and nothing was asked; "
                "--again makes a new dated run."
            )
        )
    elif found.outcome.was_resumed:
        out.print(Text("An interrupted search was completed."))
    render.search(search)
    seeds = counted(len(found.seeds.pmids), "seed")
    records = counted(search.unique, "record")
    out.print(
        Text(
            f"{records} from {seeds}; {found.known:,} of them {'is' if found.known == 1 else 'are'} in the review "
            "from another source already, by PMID: `iimscreen dedupe` merges them.",
            style="bold",
        )
    )
    for key in found.seeds.without_pmid:
        out.print(
            Text(
                f"{render.plain(key)} has no PMID and was not followed: search its citations by hand, and note "
                "it with `iimscreen source note --item 5`.",
                style="yellow",
            )
        )
    way = (
        "pass title and abstract screening first"
        if found.is_screened
        else "go straight to retrieval; `screen_other_methods = true` in the protocol has them screened on title "
        "and abstract first"
    )
    out.print(
        Text(
            f"They stand under PRISMA's other methods, citation searching, and by the protocol {way}. "
            "`iimscreen source of RECORD` tells which seed brought one."
        )
    )
