"""How far two extractors agree, field by field, on what they entered before they could see the other's values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from iimscreen.agreement import Agreement, agreement_in
from iimscreen.consensus.reading import Reading, cells_of
from iimscreen.forms import DATA, OF, fields_of
from iimscreen.forms.consensus import DOUBLE, Consensus, Side, build
from iimscreen.forms.values import plain_text, same
from iimscreen.model import Field, FieldKind, Form, Value
from iimscreen.store import Review, extraction_resolutions

EMPTY = "(empty)"
_CATEGORICAL = (FieldKind.CHOICE, FieldKind.YES_NO)
_NUMBERS = (FieldKind.INTEGER, FieldKind.NUMBER)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldAgreement:
    """One field over all rows that two extractors both have."""

    field: Field
    n: int  # rows in which either filled it in
    same: int  # as comparison takes it: spelling apart, numbers within the tolerance, codes as such
    exact: int  # to the letter
    one_empty: int  # of those that are not the same: one filled it in, the other did not
    figures: Agreement | None  # with kappa, of a field with one choice; codes and "(empty)" are categories

    @property
    def share(self) -> float:
        """The share on which they say the same, 0 to 1."""
        return self.same / self.n


@dataclass(frozen=True, slots=True)
class RowAgreement:
    """The rows of one level."""

    level: str
    both: int
    only_one: int
    only_other: int


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two extractors over all studies that both extracted independently."""

    names: tuple[str, str]
    studies: tuple[str, ...]
    fields: tuple[FieldAgreement, ...]  # worst first; without those that neither ever filled in
    rows: tuple[RowAgreement, ...]


@dataclass(frozen=True, slots=True)
class Agreements:
    """Every pair of extractors, and what was not compared."""

    pairs: tuple[PairAgreement, ...]
    closed: int  # studies that are closed to view
    not_independent: (
        int  # open ones that one alone extracted, or another while they could see the first's values
    )


def agreements(review: Review, form: str = DATA) -> Agreements:
    """Agreement of every pair. Rows are those that the keys of what was entered blindly pair, or people did."""
    with review.reading():
        reading = Reading(review, form)
        pairings = extraction_resolutions.pairings(review, form)
        names = reading.studies()
        by_pair: dict[tuple[str, str], dict[str, Consensus]] = {}
        closed = other = 0
        for study in names:
            people = reading.people(study)
            if people is None:
                closed += 1
            elif not reading.is_independent(study):
                other += 1
            else:
                blind = reading.blind_words(study)
                one, two = people.names
                sides = [Side(name, cells_of(blind.get(name, ()))) for name in (one, two)]
                rows = [pairing.rows for pairing in pairings.get(study, ())]
                made = build(reading.form, DOUBLE, sides, pairings=rows)
                by_pair.setdefault((one, two), {})[study] = made
    return Agreements(
        tuple(_pair(reading.form, pair, found) for pair, found in sorted(by_pair.items())), closed, other
    )


def _pair(form: Form, names: tuple[str, str], studies: dict[str, Consensus]) -> PairAgreement:
    said: dict[str, list[tuple[Value | None, Value | None]]] = {}
    rows = {level.name: [0, 0, 0] for level in form.levels}
    for consensus in studies.values():
        for row in consensus.rows:
            where = 0 if len(row.rows) == 2 else 1 if names[0] in row.rows else 2
            rows[row.level][where] += 1
            for both in row.cells if where == 0 else ():
                if both.field != OF:
                    one, other = (cell.value if cell is not None else None for cell in both.cells)
                    said.setdefault(both.field, []).append((one, other))
    fields = [
        _of_field(field, said[field.name])
        for level in form.levels
        for field in fields_of(form, level.name)
        if field.name in said
    ]
    return PairAgreement(
        names,
        tuple(studies),
        tuple(sorted(fields, key=lambda each: each.share)),
        tuple(RowAgreement(level.name, *rows[level.name]) for level in form.levels if level.letter),
    )


def _of_field(field: Field, said: list[tuple[Value | None, Value | None]]) -> FieldAgreement:
    both = [(one, other) for one, other in said if one is not None and other is not None]
    return FieldAgreement(
        field=field,
        n=len(said),
        same=sum(same(field, one, other) for one, other in both),
        exact=sum(one == other for one, other in both),
        one_empty=len(said) - len(both),
        figures=_figures(field, said) if field.kind in _CATEGORICAL else None,
    )


def is_number(field: Field) -> bool:
    """Whether exact agreement and agreement within the tolerance can differ."""
    return field.kind in _NUMBERS


def _figures(field: Field, said: list[tuple[Value | None, Value | None]]) -> Agreement:
    counts = Counter((_category(field, one), _category(field, other)) for one, other in said)
    used = {category for pair in counts for category in pair}
    categories = [*field.choices, *sorted(used.difference(field.choices))]
    if len(categories) == 1:
        categories.append(EMPTY)
    return agreement_in([[counts[a, b] for b in categories] for a in categories], categories)


def _category(field: Field, value: Value | None) -> str:
    if value is None:
        return EMPTY
    known = {plain_text(choice): choice for choice in field.choices}
    return value.code or known.get(plain_text(value.text), plain_text(value.text))
