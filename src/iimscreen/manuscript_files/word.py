"""Manuscripts for Word: each filled tag is a field, as those of reference managers are, hidden and kept by Word.

A field ` ADDIN iimscreen NAME = 37 @ STAMP ` shows "37" in the letters around it; LibreOffice keeps it, too. Tags are
read across runs, in tables, headers, footers, notes, text boxes and comments; deleted text that is only tracked is not
read, inserted text is.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iimscreen.manuscript_files.marks import Mark, Stamp, Tag, is_tag, mark_of, remembered, stamp_of
from iimscreen.manuscript_files.package import Package

if TYPE_CHECKING:
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_OURS = re.compile(r"\s*ADDIN iimscreen (?P<mark>.*?)(?:\s@\s(?P<stamp>.*))?", re.DOTALL)
_BRACES = re.compile(r"\{\{(?P<asks>[^{}\n]*)\}\}")
_LETTERS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # no XML can hold these


@dataclass(slots=True)
class _Field:
    """One field of a paragraph, from its beginning to its end."""

    begin: _Element
    instruction: list[_Element] = field(default_factory=list)
    separate: _Element | None = None
    shown: list[_Element] = field(default_factory=list)  # w:t
    end: _Element | None = None

    @property
    def ours(self) -> re.Match[str] | None:
        return _OURS.fullmatch("".join(one.text or "" for one in self.instruction))

    @property
    def printed(self) -> str:
        return "".join(one.text or "" for one in self.shown)


@dataclass(slots=True)
class _Line:
    """One paragraph: its fields of ours, and its other text letter by letter."""

    fields: list[_Field]
    text: str
    places: list[tuple[_Element, int]]  # of each letter: where it stands, and at which offset

    def tags(self) -> list[re.Match[str]]:
        return [one for one in _BRACES.finditer(self.text) if is_tag(one["asks"])]


class WordManuscript:
    """A .docx with its tags."""

    def __init__(self, name: str, content: bytes) -> None:
        self._package = Package(name, content)

    @property
    def tags(self) -> tuple[Tag, ...]:
        """All tags, part by part; a text box that is there twice (for old Words) counts once."""
        found: list[Tag] = []
        for part in self._package.names:
            for paragraph, where in _paragraphs(self._package.tree(part), part):
                if next(paragraph.iterancestors(_FALLBACK), None) is None:
                    found += _tags(_line(paragraph), where)
        return tuple(found)

    def filled(self, values: dict[str, str], stamp: Stamp) -> bytes:
        """The document with these numbers, each in a field."""
        return self._written(values, stamp)

    def final(self, values: dict[str, str]) -> bytes:
        """The document with these numbers as plain text."""
        return self._written(values, None)

    def _written(self, values: dict[str, str], stamp: Stamp | None) -> bytes:
        changed = {}
        for part in self._package.names:
            root = self._package.tree(part)
            if sum(_fill(_line(paragraph), values, stamp) for paragraph, _ in list(_paragraphs(root, part))):
                changed[part] = root
        return self._package.with_trees(changed)


# --- reading ---


def _paragraphs(root: _Element, part: str) -> Iterator[tuple[_Element, str]]:
    """Each paragraph with its place in words."""
    kind = re.sub(r"\d*\.xml$", "", part.rpartition("/")[2])
    before = "" if kind == "document" else f"{kind}, "
    tables = {one: number for number, one in enumerate(root.iter(f"{_W}tbl"), start=1)}
    number = 0
    for paragraph in root.iter(f"{_W}p"):
        number += 1
        cell = next(paragraph.iterancestors(f"{_W}tc"), None)
        if cell is None:
            yield paragraph, f"{before}paragraph {number:,}"
            continue
        row, table = (next(cell.iterancestors(f"{_W}{name}"), None) for name in ("tr", "tbl"))
        if row is None or table is None:
            yield paragraph, f"{before}paragraph {number:,}"
            continue
        at_row, at_cell = (
            1 + sum(1 for _ in one.itersiblings(one.tag, preceding=True)) for one in (row, cell)
        )
        yield paragraph, f"{before}table {tables[table]}, row {at_row}, cell {at_cell}"


def _line(paragraph: _Element) -> _Line:
    fields: list[_Field] = []
    under_way: list[_Field] = []
    letters: list[str] = []
    places: list[tuple[_Element, int]] = []
    for run in paragraph.iter(f"{_W}r"):
        if next(run.iterancestors(f"{_W}p"), None) is not paragraph:
            continue  # of a text box that hangs on this paragraph
        for one in run:
            if one.tag == f"{_W}fldChar":
                _step(one, under_way, fields)
            elif one.tag == f"{_W}instrText" and under_way and under_way[-1].separate is None:
                under_way[-1].instruction.append(one)
            elif one.tag == f"{_W}t":
                if owner := next((each for each in under_way if each.ours), None):
                    owner.shown.append(one)
                    continue
                letters.append(one.text or "")
                places += [(one, offset) for offset in range(len(one.text or ""))]
            elif one.tag in _LETTERS:
                letters.append(_LETTERS[str(one.tag)])
                places.append((one, 0))
    return _Line([one for one in fields if one.ours], "".join(letters), places)


def _step(mark: _Element, under_way: list[_Field], fields: list[_Field]) -> None:
    """One of the three marks that a field is made of."""
    kind = mark.get(f"{_W}fldCharType")
    if kind == "begin":
        under_way.append(_Field(mark))
    elif kind == "separate" and under_way:
        under_way[-1].separate = mark
    elif kind == "end" and under_way:
        done = under_way.pop()
        done.end = mark
        fields.append(done)


def _tags(line: _Line, where: str) -> Sequence[Tag]:
    """The tags of a paragraph: those that are filled, then those that are not."""
    found = []
    for one in line.fields:
        ours = one.ours
        if ours is not None:
            mark = mark_of(ours["mark"])
            found.append(Tag(mark.asks, where, one.printed, mark.was, stamp_of(ours["stamp"] or "")))
    return [*found, *(Tag(mark_of(one["asks"]).asks, where) for one in line.tags())]


# --- writing ---


def _fill(line: _Line, values: dict[str, str], stamp: Stamp | None) -> int:
    """Write the numbers into a paragraph; how many tags it has."""
    for one in line.fields:
        ours = one.ours
        if ours is not None:
            _refill(one, mark_of(ours["mark"]).asks, values, stamp)
    tags = line.tags()
    for tag in reversed(tags):  # from the last on: what stands before it keeps its place
        _put(line.places[tag.start() : tag.end()], mark_of(tag["asks"]).asks, values, stamp)
    return len(line.fields) + len(tags)


def _refill(one: _Field, asks: str, values: dict[str, str], stamp: Stamp | None) -> None:
    if one.separate is None or not one.shown:
        run = _run_like(_run_of(one.separate if one.separate is not None else one.begin))
        text = _text(values[asks])
        run.append(text)
        if one.separate is None and one.end is not None:
            separate = _run_like(run)
            one.separate = _mark("separate")
            separate.append(one.separate)
            _run_of(one.end).addprevious(separate)
        if one.separate is not None:
            _run_of(one.separate).addnext(run)
        one.shown = [text]
    for number, shown in enumerate(one.shown):
        _set(shown, values[asks] if number == 0 else "")
    if stamp is not None:
        for number, each in enumerate(one.instruction):
            _set(each, _instruction(asks, values, stamp) if number == 0 else "")
        return
    for each in (one.begin, *one.instruction, one.separate, one.end):
        if each is not None:
            _drop(each)


def _put(
    places: Sequence[tuple[_Element, int]], asks: str, values: dict[str, str], stamp: Stamp | None
) -> None:
    """In place of these letters, a field in the looks of the first of them."""
    first, offset = places[0]
    last, last_offset = places[-1]
    rest = (last.text or "")[last_offset + 1 :]
    run = _run_of(first)
    tail = _run_like(run)  # what stands behind the tag in the same run
    if last is first and rest:
        tail.append(_text(rest))
    for one in list(first.itersiblings()):
        tail.append(one)
    for element in {id(one): one for one, _ in places if one is not first}.values():
        if element is last:
            _set(element, rest)
        else:
            _drop(element)
    _set(first, (first.text or "")[:offset])
    new = [_run_like(run) for _ in range(1 if stamp is None else 5)]
    if stamp is None:
        new[0].append(_text(values[asks]))
    else:
        from lxml import etree

        instruction = etree.Element(f"{_W}instrText")
        _set(instruction, _instruction(asks, values, stamp))
        content = (_mark("begin"), instruction, _mark("separate"), _text(values[asks]), _mark("end"))
        for each, one in zip(new, content, strict=True):
            each.append(one)
    if any(one.tag != f"{_W}rPr" for one in tail):
        new.append(tail)
    for each in reversed(new):
        run.addnext(each)
    if not first.text:
        _drop(first)


def _instruction(asks: str, values: dict[str, str], stamp: Stamp) -> str:
    return f" ADDIN iimscreen {Mark(asks, remembered(values[asks]))} @ {stamp} "


def _run_of(element: _Element) -> _Element:
    return next(element.iterancestors(f"{_W}r"))


def _run_like(run: _Element) -> _Element:
    """A new run with the looks of another."""
    from lxml import etree

    made = etree.Element(f"{_W}r", nsmap=run.nsmap)
    looks = run.find(f"{_W}rPr")
    if looks is not None:
        made.append(copy.deepcopy(looks))
    return made


def _mark(kind: str) -> _Element:
    from lxml import etree

    made = etree.Element(f"{_W}fldChar")
    made.set(f"{_W}fldCharType", kind)
    return made


def _text(text: str) -> _Element:
    from lxml import etree

    made = etree.Element(f"{_W}t")
    _set(made, text)
    return made


def _set(element: _Element, text: str) -> None:
    element.text = _ILLEGAL.sub("\ufffd", text)
    element.set(_SPACE, "preserve")


def _drop(element: _Element) -> None:
    """Take an element away, and its run with it once that holds nothing."""
    run = _run_of(element)
    run.remove(element)
    if all(one.tag == f"{_W}rPr" for one in run):
        parent = run.getparent()
        if parent is not None:
            parent.remove(run)
