"""Reviews with a small form of three levels, and people who fill it in: for the tests of double extraction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iimscreen import review_protocol
from iimscreen.extracting import Given, Seat
from iimscreen.store import Review, open_review, studies

FORM = """
[extraction]
mode = "MODE"

[[extraction.level]]
name = "group"
title = "Patient or group"
letter = "P"
key = ["label", "age", "sex"]

[[extraction.level]]
name = "treatment"
title = "Treatment"
letter = "T"
of = "group"
key = ["drug"]

[[extraction.field]]
name = "design"
title = "Design"
type = "choice"
choices = ["case report", "trial"]
required = true

[[extraction.field]]
name = "phase"
title = "Phase of the trial"
type = "integer"
least = 1
most = 4
when = { field = "design", is = ["trial"] }

[[extraction.field]]
name = "country"
title = "Country"
type = "text"

[[extraction.field]]
level = "group"
name = "label"
title = "As the report calls them"
type = "text"

[[extraction.field]]
level = "group"
name = "age"
title = "Age in years"
type = "integer"
tolerance = 1

[[extraction.field]]
level = "group"
name = "sex"
title = "Sex"
type = "choice"
choices = ["female", "male"]

[[extraction.field]]
level = "group"
name = "ferritin"
title = "Ferritin"
type = "number"
units = ["ng/mL", "µg/L"]

[[extraction.field]]
level = "treatment"
name = "drug"
title = "Drug"
type = "choice"
choices = ["TOF", "BAR", "RUX"]

[[extraction.field]]
level = "treatment"
name = "dose"
title = "Dose"
type = "text"
"""
PAIK = "Paik 2017"
HORNUNG = "Hornung 2014"


def protocol_with(mode: str, form: str = FORM) -> Path:
    """The bundled protocol with this form and mode, as a file in the test's folder."""
    text = review_protocol.bundled().read_text(encoding="utf-8").split("\n[extraction]")[0]
    path = Path(f"{mode}.toml")
    path.write_text(f"{text}\n{form.replace('MODE', mode)}", encoding="utf-8")
    return path


@contextmanager
def a_review(mode: str = "double") -> Iterator[Review]:
    """review.db in the test's folder with this form and two studies."""
    review_protocol.create(Path("review.db"), protocol_with(mode))
    with open_review(Path("review.db")) as opened:
        with opened.writing():
            for name in (PAIK, HORNUNG):
                studies.add(opened, name, by="ann")
        yield opened


def enter(review: Review, who: str, cells: dict[str, str | None], study: str = PAIK) -> None:
    """Enter values by place: {"design": "trial", "P1 age": "40", "T1 of": "P1"}."""
    given = []
    for place, text in cells.items():
        *row, field = place.split()
        given.append(Given("", study, row[0] if row else "", field, text))
    Seat(review, who).take(given)


def done(review: Review, who: str, study: str = PAIK) -> str:
    """Say that someone is done with a study."""
    return Seat(review, who).done(study)


def by_both(
    review: Review, ann: dict[str, str | None], bob: dict[str, str | None], study: str = PAIK
) -> None:
    """What ann and bob enter, each with a design unless it is given; both are done then."""
    for who, cells in (("ann", ann), ("bob", bob)):
        enter(review, who, {"design": "case report", **cells}, study)
    for who in ("ann", "bob"):
        done(review, who, study)
