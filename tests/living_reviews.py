"""Steps that tests of living reviews share: judge what waits, with real votes of two reviewers; random plays."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence

from hypothesis import strategies as st

from conftest import a_record, bring_in
from iimscreen import curation, dedupe, fulltext, living
from iimscreen.duplicates import asking, by_hand
from iimscreen.errors import InputError, ProtocolError
from iimscreen.model import Kind
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, records


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


# --- random plays ----------------------------------------------------------------------------------

_SOURCES = (
    ("PubMed", Kind.DATABASE),
    ("Embase", Kind.DATABASE),
    ("List", Kind.CITATION),
    ("CT", Kind.REGISTER),
)
_PAPERS = 8


def play(review: Review, data: st.DataObject, *, moves: int = 14) -> Iterator[str]:
    """Random moves of a review, each named once it is made; a move that the rules forbid is passed over.

    Records of a few papers come in from several sources, so that many are duplicates of one another; they
    are compared, merged, split, edited, removed, restored and judged, and versions are closed.
    """
    possible = ("import", "dedupe", "merge", "split", "edit", "undo", "remove", "restore", "judge", "close")
    for number in range(moves):
        move = "import" if number == 0 else data.draw(st.sampled_from(possible), label="move")
        keys = [row[0] for row in records.memberships(review)]
        some = st.lists(st.sampled_from(keys), min_size=1, max_size=3, unique=True) if keys else st.just([])
        with contextlib.suppress(InputError, ProtocolError):
            _MOVES[move](review, data, number, data.draw(some, label="records"))
        yield move


def _import(review: Review, data: st.DataObject, number: int, _keys: Sequence[str]) -> None:
    database, kind = data.draw(st.sampled_from(_SOURCES))
    papers = data.draw(st.lists(st.integers(1, _PAPERS), min_size=1, max_size=4, unique=True))
    found = [
        a_record(n, source_id=f"{number}-{n}", doi=f"10.1000/{n}", accession=f"A{1000 + n}") for n in papers
    ]
    bring_in(review, found, database=database, kind=kind)


def _merge(review: Review, _data: st.DataObject, _number: int, keys: Sequence[str]) -> None:
    by_hand.merge(review, keys, by="ann")


def _split(review: Review, _data: st.DataObject, _number: int, keys: Sequence[str]) -> None:
    by_hand.split(review, keys, by="ann")


def _edit(review: Review, data: st.DataObject, _number: int, keys: Sequence[str]) -> None:
    paper = data.draw(st.integers(1, _PAPERS))
    values = data.draw(
        st.sampled_from(
            ({"doi": f"10.1000/{paper}"}, {"title": a_record(paper).title or ""}, {"abstract": "Words."})
        )
    )
    curation.edit(review, keys[0], values, note="from the paper", by="ann")


def _judge(review: Review, data: st.DataObject, _number: int, keys: Sequence[str]) -> None:
    if data.draw(st.booleans(), label="all"):
        judge(review, include=[records.kept_of(review, key) for key in keys])
    else:  # one vote only: the round stays blind
        Desk(review, "ann", TITLE_ABSTRACT).decide(Decision(keys[0], "include"))


def _close(review: Review, _data: st.DataObject, _number: int, keys: Sequence[str]) -> None:
    """Finish what can be finished, and close a version."""
    dedupe.run(review)
    for pair in asking.asked(review):
        by_hand.split(review, [pair.record.key, pair.other.key], by="ann")
    judge(review, include=[records.kept_of(review, key) for key in keys])
    living.close(review, by="ann")


_MOVES: dict[str, Callable[[Review, st.DataObject, int, Sequence[str]], object]] = {
    "import": _import,
    "dedupe": lambda review, *_: dedupe.run(review),
    "merge": _merge,
    "split": _split,
    "edit": _edit,
    "undo": lambda review, _data, _number, keys: curation.undo(review, keys[0], by="bob"),
    "remove": lambda review, _data, _number, keys: curation.remove(review, keys, reason="test", by="ann"),
    "restore": lambda review, _data, _number, keys: curation.restore(review, keys, note="none", by="bob"),
    "judge": _judge,
    "close": _close,
}
