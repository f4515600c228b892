"""A review whose title and abstract screening is done, for tests of full texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from typer.testing import Result

from conftest import a_record, bring_in
from iimscreen.model import Kind, Record
from iimscreen.store import Review

Run = Callable[..., Result]


def reports_sought(run: Run, review: Review, records: Sequence[Record] = ()) -> list[str]:
    """Two records, or these, that both reviewers sent on, one excluded, and one from a website; their keys."""
    wanted = list(records) or [a_record(1), a_record(2)]
    keys = bring_in(review, [*wanted, a_record(3)])
    keys += bring_in(review, [a_record(4)], database="A website", kind=Kind.WEBSITE)
    run("dedupe")
    verdicts = ["include"] * len(wanted) + ["exclude"]
    for name in ("ann", "bob"):
        for key, verdict in zip(keys, verdicts, strict=False):
            assert run("screen", "--reviewer", name, "--record", key, "--verdict", verdict).exit_code == 0
    return keys
