"""Values to look at again after a change of the form, in the terminal."""

from __future__ import annotations

import sys
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

from iimscreen import render
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.revisiting import Revisits

BLIND = "Studies that are closed to view are not among them: each sees their own with --reviewer NAME."


def _say(line: str) -> None:
    sys.stdout.write(f"{render.plain(line)}\n")


def listing(found: Revisits, *, form: str, reviewer: str | None) -> None:
    """Study after study: the fields, where they stand, whose they are, and why."""
    option = f" --form {form}" if form != "data" else ""
    if not found.found:
        _say("Nothing to look at again.")
    for study, of_study in groupby(found.found, key=lambda one: one.study):
        _say(study or "the review")
        for one in of_study:
            places = f" in {', '.join(filter(None, one.rows))}" if any(one.rows) else ""
            _say(f"  {one.field} ({one.title}){places}: {', '.join(one.names)}")
            for why in one.whys:
                _say(f"    because of: {why}")
    if found.is_partly_blind:
        _say(BLIND)
    if found.found:
        studies = len({one.study for one in found.found})
        _say(
            f"{counted(len(found.found), 'field')} of {counted(studies, 'study', 'studies')} to look at again."
        )
        who = reviewer or "NAME"
        _say(
            f"Next: iimscreen extract set STUDY FIELD VALUE --reviewer {who}{option}   (after `extract reopen`)"
        )
        _say(
            f"  or: iimscreen extract revisit STUDY --reviewer {who} --confirm{option}   (they hold as they are)"
        )

    if any(name.startswith("final word") for one in found.found for name in one.names):
        _say(f"A final word is given anew: iimscreen extract resolve STUDY --by NAME{option}")


def as_json(found: Revisits) -> None:
    """The same for programs."""
    render.json(
        {"revisit": [asdict(one) for one in found.found], "closed_studies_left_out": found.is_partly_blind}
    )
