"""Steps that tests of living reviews share: judge what waits, with real votes of two reviewers."""

from __future__ import annotations

from collections.abc import Collection

from iimscreen import dedupe, fulltext
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review


def judge(review: Review, *, include: Collection[str], exclude_at_full_text: Collection[str] = ()) -> None:
    """Deduplicate, then judge everything that waits; what is in neither list goes on title and abstract."""
    dedupe.run(review)
    for name in ("ann", "bob"):
        desk = Desk(review, name, TITLE_ABSTRACT)
        for one in desk.waiting():
            is_sent_on = one.key in include or one.key in exclude_at_full_text
            desk.decide(Decision(one.key, "include" if is_sent_on else "exclude"))
    if include or exclude_at_full_text:
        fulltext.mark_all(review, by="ann")
    for name in ("ann", "bob"):
        desk = Desk(review, name, FULL_TEXT)
        for one in desk.waiting():
            if one.key in exclude_at_full_text:
                desk.decide(Decision(one.key, "exclude", "review"))
            else:
                desk.decide(Decision(one.key, "include"))
