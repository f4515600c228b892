"""Amendments of the protocol in the terminal: what changed, and the decisions to look at again."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iimscreen import render
from iimscreen.decision_formats import safe
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.amending import Amendment, Amendments, Touched

BLIND = "Decisions of rounds that are blind are not among them: each reviewer sees their own with --reviewer NAME."


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def listing(found: Amendments, *, reviewer: str | None, everything: bool) -> None:
    """Each amendment: its changes, then what it touches, with the reason why."""
    if not found.found:
        _say("No amendments since.")
    for one in found.found:
        _say(f"Amendment, version {one.version.number} of {one.version.at} ({one.version.origin}):")
        for change in one.changes:
            _say(f"  {render.plain(change.what)}")
        if not one.changes:
            _say("  Nothing changed in what the protocol says.")
        else:
            touched(one, is_partly_blind=found.is_partly_blind, reviewer=reviewer, everything=everything)
    if any(one.changes for one in found.found):
        if found.is_partly_blind:
            _say(BLIND)
        if any(one.to_look_at for one in found.found):
            who = reviewer or "NAME"
            _say(f"Next: iimscreen screen --reviewer {who} --amended   (open rounds: iimscreen resolve)")


def touched(
    one: Amendment,
    *,
    is_partly_blind: bool,
    reviewer: str | None = None,
    everything: bool = False,
    most: int = 10,
) -> None:
    """The decisions that an amendment touches and nobody has looked at again."""
    left = one.to_look_at
    again = len(one.touched) - len(left)
    scope = ", as far as rounds are open" if is_partly_blind else ""
    _say(
        f"  Decisions to look at again{scope}: {len(left):,}"
        + (f" ({again:,} looked at again)" if again else "")
    )
    for each in left if everything else left[:most]:
        _say(f"    {_line(each)}")
        _say(f"      {render.plain(each.title) or 'no title stated'}")
        for why in each.whys:
            _say(f"      because of: {render.plain(why)}")
    if len(left) > most and not everything:
        whose = f" --reviewer {reviewer}" if reviewer else ""
        _say(f"    … and {len(left) - most:,} more: iimscreen protocol diff --all{whose}")


def settled(votes: Sequence[Touched]) -> None:
    """Votes that an amendment touches and that no longer change, since they may be seen."""
    _say(
        f"{counted(len(votes), 'vote')} that an amendment touches may be seen, and no longer "
        f"{'changes' if len(votes) == 1 else 'change'}: a final word with a note takes the place of one:"
    )
    for one in votes:
        _say(f"  {_line(one)}")
    _say("  iimscreen resolve --by NAME --record KEY --verdict … --note WHY")


def _line(one: Touched) -> str:
    reason = f" ({one.word.reason})" if one.word.reason else ""
    names = ", ".join(one.word.names)
    return f"{one.stage} {one.report}: {one.word.verdict}{reason}, {names}, under version {one.version}"


def as_json(found: Amendments, sentence: str | None) -> None:
    """The same for programs; those looked at again too."""
    render.json(
        {
            "amendments": [
                {
                    "version": one.version.number,
                    "at": one.version.at,
                    "origin": one.version.origin,
                    "changes": [
                        {
                            "what": change.what,
                            "reasons": sorted(change.reasons),
                            "stages": sorted(change.stages),
                            "terms_for": sorted(change.terms_for),
                            "terms_against": sorted(change.terms_against),
                        }
                        for change in one.changes
                    ],
                    "decisions": [_facts(each) for each in one.touched],
                }
                for one in found.found
            ],
            "blind_rounds_left_out": found.is_partly_blind,
            "sentence": sentence,
        }
    )


def _facts(one: Touched) -> dict[str, object]:
    return {
        "stage": one.stage,
        "record": one.report,
        "title": one.title,
        "verdict": one.word.verdict,
        "reason": one.word.reason,
        "note": one.word.note,
        "names": list(one.word.names),
        "kind": one.word.manner,
        "made_under": one.version,
        "because_of": list(one.whys),
        "looked_at_again": None if one.again is None else one.again.at,
    }


def as_csv(found: Amendments) -> None:
    """One row for each decision and amendment that touches it; cells are safe for spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    header = (
        "amendment",
        "amended_at",
        "stage",
        "record",
        "title",
        "verdict",
        "reason",
        "note",
        "names",
        "kind",
    )
    writer.writerow((*header, "made_under", "because_of", "looked_at_again"))
    for one in found.found:
        for each in one.touched:
            facts = _facts(each) | {"names": "; ".join(each.word.names), "because_of": "; ".join(each.whys)}
            cells = (one.version.number, one.version.at, *facts.values())
            writer.writerow("" if cell is None else safe(str(cell)) for cell in cells)
    sys.stdout.write(out.getvalue())
