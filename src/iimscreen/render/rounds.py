"""How pilots and batches look in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from iimscreen import render
from iimscreen.reliability.comparing import PairAgreement
from iimscreen.render import agreement
from iimscreen.rounds import Difference, StageRounds
from iimscreen.store.rounds import PILOT, Round
from iimscreen.wording import counted


def as_values(one: Round, records: int) -> dict[str, Any]:
    """A round for JSON: name, stage, kind, counts, seed and records."""
    return {
        "name": one.name,
        "stage": one.stage,
        "kind": one.kind,
        "counts": one.counts,
        "seed": one.seed,
        "records": records,
    }


def drawn(one: Round, records: int) -> None:
    """What a new round is, and what to do with it."""
    stage = "" if one.stage == "title-abstract" else f" --stage {one.stage}"
    if one.kind == PILOT:
        counts = "count" if one.counts else "do not count: its records are judged again after it"
        render._say(
            f"{one.name}: {counted(records, 'record')}, drawn with seed {one.seed}; its votes {counts}."
        )
        render._say("Everyone judges them first. It is closed on its own once all votes are in.")
        render._say(f"Next: iimscreen screen --reviewer NAME{stage}; then iimscreen calibrate{stage}", "bold")
    else:
        render._say(f"{one.name}: the next {counted(records, 'record')}.")
        render._say(f"Next: iimscreen screen --reviewer NAME{stage}", "bold")


def listed(found: Sequence[StageRounds], *, as_json: bool) -> None:
    """Every stage with its rounds: records, what each reviewer has left, open or closed.

    JSON: a list, one object for each stage, with stage, records (null where it is not begun), waiting
    (reviewer: records left), is_open, and rounds: the same for each, with name, kind, counts, seed, is_closed.
    """
    if as_json:
        render.json(
            [
                {
                    "stage": one.whole.stage,
                    "records": one.whole.pool,
                    "waiting": one.whole.waiting,
                    "is_open": one.whole.is_open,
                    "rounds": [
                        {
                            **as_values(each.round, each.records),
                            "waiting": each.waiting,
                            "is_closed": each.is_closed,
                        }
                        for each in one.rounds
                    ],
                }
                for one in found
            ]
        )
        return
    table = render._table("round", "stage", "records", "left", "votes", right=("records",))
    for one in found:
        for each in one.rounds:
            counts = "" if each.round.counts else ", do not count"
            votes = ("may be seen" if each.is_closed else "blind") + counts
            render._row(table, each.round.name, one.whole.stage, each.records, _left(each.waiting), votes)
        if one.whole.pool is None:
            render._row(table, "(the whole stage)", one.whole.stage, "", "not begun", "")
        else:
            votes = "may be seen" if one.whole.is_open else "blind"
            render._row(
                table, "(the whole stage)", one.whole.stage, one.whole.pool, _left(one.whole.waiting), votes
            )
    render.console().print(table)


def _left(waiting: dict[str, int]) -> str:
    if not waiting:
        return "nobody has begun"
    return ", ".join(f"{name} {count:,}" for name, count in waiting.items() if count) or "nothing"


def compared(
    one: Round,
    records: int,
    pairs: Sequence[PairAgreement],
    differing: Sequence[Difference],
    *,
    as_json: bool,
) -> None:
    """A closed pilot: how far each pair agrees, and the records to talk about.

    JSON: round (name, stage, kind, counts, seed, records), pairs as `agreement --json` has them, and to_talk_about:
    record, title, in_reason_only, votes.
    """
    if as_json:
        render.json(
            {
                "round": as_values(one, records),
                "pairs": agreement.as_values(pairs),
                "to_talk_about": [
                    {
                        "record": each.record.key,
                        "title": each.record.record.title,
                        "in_reason_only": each.in_reason_only,
                        "votes": [
                            {"reviewer": v.names[0], "verdict": v.verdict, "reason": v.reason, "note": v.note}
                            for v in each.votes
                        ],
                    }
                    for each in differing
                ],
            }
        )
        return
    agreement.pairs(pairs, as_json=False)
    if not differing:
        render._say("Everyone said the same of every record.")
        return
    render._say(f"{counted(len(differing), 'record')} to talk about:", "bold")
    for each in differing:
        render._say(f"{render.named(each.record)}  {render.plain(each.record.record.title)}")
        for vote in each.votes:
            reason = f" ({vote.reason})" if vote.reason else ""
            note = f": {render.plain(vote.note)}" if vote.note else ""
            render._say(f"    {vote.names[0]} {vote.verdict}{reason}{note}")
