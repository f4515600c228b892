"""Pictures of the full screen, of invented records, as SVG: `python docs/app_pictures.py FOLDER`.

Three of them stand in docs/ and are made by `python docs/made.py`; all of them are to be looked at when
anything about the screen changes.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from iimscreen import dedupe, fulltext, importing, resolving, review_protocol
from iimscreen.formats import jsonl
from iimscreen.model import Author, Kind, Link, Record
from iimscreen.protocol import FULL_TEXT, TITLE_ABSTRACT
from iimscreen.screening import Decision, Desk
from iimscreen.store import Review, open_review
from iimscreen.tui import keys
from iimscreen.tui.app import ScreeningApp
from iimscreen.tui.frame import Frame
from iimscreen.tui.resolving import ResolvingApp

_DARK = TerminalTheme((20, 24, 29), (205, 213, 222), [(0, 0, 0)] * 8, [(0, 0, 0)] * 8)
_LIGHT = TerminalTheme((252, 251, 248), (43, 47, 54), [(0, 0, 0)] * 8, [(0, 0, 0)] * 8)

_STRUCTURED = """\
BACKGROUND: Skin disease in adults with dermatomyositis often persists under glucocorticoids and \
intravenous immunoglobulin. Whether an inhibitor of the Janus kinase pathway helps has been shown in single \
patients only.
METHODS: In this open-label trial, twelve adults with refractory dermatomyositis took tofacitinib 11 mg once \
daily for 24 weeks. The primary outcome was a fall of at least four points in the activity score of the CDASI \
at week 12. Patients with juvenile disease or overlap with lupus were not enrolled.
RESULTS: Eleven patients completed week 12, and nine of them reached the primary outcome. Muscle strength and \
creatine kinase did not change. Two patients had herpes zoster; no thrombosis was seen. The interferon \
signature in blood fell in step with the skin score (r = 0.71).
CONCLUSIONS: Tofacitinib was followed by less active skin disease in most patients. A controlled trial with \
a run-in period is warranted."""

_PEOPLE = (
    ("Arnesen", "KL"), ("Bertolini", "M"), ("Chukwu", "NO"), ("Dubois-Lambert", "C"), ("Egan", "P"),
    ("Ferreira", "AS"), ("Grünwald", "T"), ("Horváth", "Z"), ("Ishikawa", "Y"), ("Jansen", "W"),
)  # fmt: skip


def _record(number: int, title: str, **facts: object) -> Record:
    given: dict[str, object] = {
        "source_id": f"r{number}",
        "accession": str(90000000 + number),
        "pmid": str(90000000 + number),
        "doi": f"10.5555/example.{number:03}",
        "title": title,
        "abstract": "An invented abstract of one paragraph, for a picture.",
        "authors": tuple(Author(*one) for one in _PEOPLE[number % 4 : number % 4 + 3]),
        "journal": "Annals of Invented Rheumatology",
        "year": 2014 + number % 10,
        "volume": str(40 + number),
        "pages": f"{100 + number}-{108 + number}",
        "publication_types": ("Journal Article",),
    }
    return Record(**{**given, **facts})  # type: ignore[arg-type]  # facts of any field


RECORDS = (
    _record(
        1,
        "Tofacitinib for refractory skin disease in adults with dermatomyositis: an open-label trial",
        abstract=_STRUCTURED,
        authors=tuple(Author(*one) for one in _PEOPLE),
        publication_types=("Clinical Trial", "Journal Article"),
        keywords=("dermatomyositis", "JAK inhibitor", "skin", "interferon"),
    ),
    _record(2, "Baricitinib in juvenile dermatomyositis: a series of seven children"),
    _record(3, "JAK inhibitors in rheumatic disease: a narrative review", publication_types=("Review",)),
    _record(
        4,
        "Ruxolitinib in anti-MDA5 antibody-positive interstitial lung disease: retrospective cohort",
        links=(Link("RetractionIn", "90000099", "Ann Invent Rheumatol. 2021;47:300"),),
        publication_types=("Journal Article", "Retracted Publication"),
        abstract=_STRUCTURED.replace("tofacitinib 11 mg", "ruxolitinib 10 mg"),
    ),
    _record(5, "Apremilast for the rash of dermatomyositis: four patients"),
    _record(6, "A mouse model of type I interferon-driven myositis"),
    _record(7, "Lupus and myositis overlap: a registry study of 412 patients"),
    _record(8, "Upadacitinib in inclusion body myositis, a pilot trial"),
    _record(
        9, "[Tofacitinib and myositis: one case] \x1b[31m", vernacular_title="Tofacitinibe e miosite: um caso"
    ),
    _record(10, "Filgotinib and muscle strength: a protocol of a randomised trial"),
    _record(11, "Polymyositis after checkpoint inhibitors: cases and management"),
    _record(12, "Rapidly progressive lung disease with antisynthetase antibodies treated with tofacitinib"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One screen: what is run in which size and looks, and which keys are pressed before."""

    name: str
    columns: int
    rows: int
    theme: str = "dark"
    pressed: tuple[str, ...] = ()
    is_resolving: bool = False
    hide_names: bool = False
    coloured: bool = True


_VOTES = ("right", "2", "1", "right", "y", "3")
PICTURES = (
    Picture("app-80x24-dark", 80, 24, pressed=(*_VOTES, "g", "1", "enter")),
    Picture("app-80x24-light", 80, 24, theme="light", pressed=(*_VOTES, "g", "1", "enter")),
    Picture(
        "app-80x24-no-colour", 80, 24, theme="light", coloured=False, pressed=(*_VOTES, "g", "1", "enter")
    ),
    Picture("app-160x50-dark", 160, 50, pressed=(*_VOTES, "g", "1", "enter")),
    Picture("app-160x50-light", 160, 50, theme="light", pressed=(*_VOTES, "g", "1", "enter", "c")),
    Picture(
        "app-160x50-no-colour", 160, 50, theme="light", coloured=False, pressed=(*_VOTES, "g", "1", "enter")
    ),
    Picture("app-retracted", 80, 24, pressed=("g", "4", "enter")),
    Picture("app-changed-vote", 80, 24, pressed=(*_VOTES, "g", "2", "enter", "y", *"a typing error")),
    Picture("app-criteria-80x24", 80, 24, theme="light", pressed=("c",)),
    Picture("app-help-80x24", 80, 24, pressed=("question_mark",)),
    Picture("app-help-120x40", 120, 40, theme="light", pressed=("question_mark",)),
    Picture("app-list-80x24", 80, 24, pressed=(*_VOTES, "l")),
    Picture("app-filter", 80, 24, theme="light", pressed=(*_VOTES, "f")),
    Picture("app-search", 120, 40, pressed=("slash", *"tofa", "enter")),
    Picture("app-end", 80, 24, pressed=("y",) * 12),
    Picture("app-too-small", 50, 12),
    Picture("app-resolve-80x24", 80, 24, is_resolving=True, pressed=("right",)),
    Picture("app-resolve-160x50", 160, 50, theme="light", is_resolving=True),
    Picture("app-resolve-no-names", 100, 30, is_resolving=True, hide_names=True, pressed=("n",)),
)


@contextmanager
def _review() -> Iterator[Review]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "review.db"
        review_protocol.create(path)
        file = Path(folder) / "invented.jsonl"
        file.write_bytes(jsonl.write(RECORDS))
        with open_review(path) as review:
            importing.import_files(review, [file], database="PubMed", kind=Kind.DATABASE)
            yield review


def _disagree(review: Review) -> None:
    """Two reviewers judge all full texts, and not the same way."""
    dedupe.run(review)
    for name in ("ann", "bob"):
        desk = Desk(review, name, TITLE_ABSTRACT)
        for key in desk.waiting_keys():
            desk.decide(Decision(key, "include"))
    fulltext.mark_all(review, by="ann")
    said: dict[str, tuple[tuple[str, str | None, str | None], ...]] = {
        "ann": (
            (
                "include",
                None,
                "Skin outcome is reported for all twelve; no muscle outcome, but that is no criterion.",
            ),
            ("exclude", "juvenile", "All seven are under 16."),
            ("exclude", "review", None),
        ),
        "bob": (
            ("exclude", "mixed", "Two of twelve may have had overlap with lupus: see the table of patients."),
            ("exclude", "other-disease", None),
            ("unsure", None, "Has three patients of its own in the appendix?"),
        ),
    }
    for name, votes in said.items():
        desk = Desk(review, name, FULL_TEXT)
        for place, key in enumerate(desk.waiting_keys()):
            verdict, reason, note = votes[place] if place < len(votes) else ("include", None, None)
            desk.decide(Decision(key, verdict, reason, note))


def _app(review: Review, picture: Picture) -> Frame:
    actions = keys.preset("standard")
    if not picture.is_resolving:
        desk = Desk(review, "ann", TITLE_ABSTRACT)
        return ScreeningApp(desk, desk.waiting_keys(), actions=actions, theme=picture.theme)
    _disagree(review)
    table = resolving.Table(review, ("ann", "bob"), FULL_TEXT)
    return ResolvingApp(
        table,
        resolving.conflicts(review, FULL_TEXT),
        hide_names=picture.hide_names,
        actions=actions,
        theme=picture.theme,
    )


async def _drawn(app: Frame, picture: Picture, code_format: str) -> str:
    async with app.run_test(size=(picture.columns, picture.rows)) as pilot:
        for key in (None, *picture.pressed):
            if key is not None:
                await pilot.press(key)
            await app.workers.wait_for_complete()
            await pilot.pause()
            while app.page.display and not app.is_painted:
                await asyncio.sleep(0.005)
        console = Console(
            width=picture.columns,
            height=picture.rows,
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            record=True,
            legacy_windows=False,
            safe_box=False,
        )
        console.print(app.screen._compositor.render_update(full=True))
        theme = _LIGHT if picture.theme == "light" else _DARK
        return console.export_svg(
            title="iimscreen",
            theme=theme,
            unique_id=picture.name,
            **({"code_format": code_format} if code_format else {}),
        )


@contextmanager
def _as_told(picture: Picture) -> Iterator[None]:
    """Keys count at once, and there are colours if the picture has them, whatever surrounds this."""
    seen_s, no_colour = keys.Meant.seen_s, os.environ.pop("NO_COLOR", None)
    keys.Meant.seen_s = 0.0
    if not picture.coloured:
        os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        keys.Meant.seen_s = seen_s
        os.environ.pop("NO_COLOR", None)
        if no_colour is not None:
            os.environ["NO_COLOR"] = no_colour


def drawn(picture: Picture, code_format: str) -> str:
    """One picture as SVG."""
    with _as_told(picture), _review() as review:
        return asyncio.run(_drawn(_app(review, picture), picture, code_format))


def main(folder: Path, wanted: Callable[[str], bool] = lambda _name: True) -> None:
    """Write them all."""
    from made import SVG

    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        if wanted(picture.name):
            (folder / f"{picture.name}.svg").write_text(drawn(picture, SVG), encoding="utf-8")
            print(picture.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), lambda name: len(sys.argv) < 3 or any(word in name for word in sys.argv[2:]))
