"""The numbers of appraisal: appraisal.jbi-case-report.studies, appraisal.jbi-case-report.QUESTION.yes, ..."""

from __future__ import annotations

from collections.abc import Iterator

from iimscreen import appraising, forms
from iimscreen.appraising import Appraised
from iimscreen.errors import ProtocolError
from iimscreen.model import Field, Number
from iimscreen.numbers.moment import Moment
from iimscreen.review_protocol import in_force
from iimscreen.wording import counted, slug, slugs

_DERIVED = "answers that two agreed on or that were settled, of studies whose appraisal is final"


def numbers(moment: Moment) -> Iterator[Number]:
    """Studies under each instrument that the protocol asks for, and those with each answer."""
    review = moment.review
    for instrument in in_force(review).instruments:
        try:
            form, found = appraising.appraised(review, instrument.name)
        except ProtocolError:  # no study needs it, nor was any appraised with it
            continue
        if form.subject != "study":
            continue
        family = f"appraisal.{slug(instrument.name)}"
        final = [one for one in found if one.is_final]
        left = len(found) - len(final)
        interim = (
            f"{counted(left, 'study', 'studies')} not finally appraised with {instrument.name}"
            if left
            else ""
        )
        for name, which, words in (
            ("studies", found, "that are to be appraised, or were,"),
            ("studies_final", final, "that are finally appraised"),
        ):
            yield _number(f"{family}.{name}", which, f"Studies {words} with {instrument.name}.", interim, ())
        overall = forms.with_role(form, "overall")
        fields = [*forms.judgements(form), *((overall,) if overall is not None else ())]
        for field in fields:
            yield from _answers(f"{family}.{slug(field.name)}", field, final, interim)


def _answers(family: str, field: Field, final: list[Appraised], interim: str) -> Iterator[Number]:
    said = {one.data.study: one.answers.get(field.name) for one in final}
    words = {study: "" if value is None else str(value) for study, value in said.items()}
    known = [*field.choices, *(word for word in words.values() if word and word not in field.choices)]
    for answer, short in slugs(known).items():
        which = [one for one in final if words[one.data.study] == answer]
        definition = f"Studies of which {field.title.rstrip('?.')!r} is answered {answer}."
        notes = tuple(answer for _ in which)
        yield _number(f"{family}.{short}", which, definition, interim, notes, is_known=bool(final))


def _number(
    name: str,
    found: list[Appraised],
    definition: str,
    interim: str,
    notes: tuple[str, ...],
    *,
    is_known: bool = True,
) -> Number:
    return Number(
        name=name,
        value=len(found) if is_known else None,
        why_not="" if is_known else "no study is finally appraised with it yet",
        definition=definition,
        of="studies",
        rows=tuple(one.data.study for one in found),
        notes=notes,
        interim=interim,
        derived=_DERIVED,
    )
