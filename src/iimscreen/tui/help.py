"""The pages of the screen that are no record: help, criteria, the end of the list, a terminal that is too small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from iimscreen.model import Protocol, Stage, Verdict
from iimscreen.render import plain
from iimscreen.tui.keys import REASONS_BY_DIGIT, key_of
from iimscreen.tui.looks import Looks
from iimscreen.voting import describe

_HELD = (
    "A key counts once the record has stood on the screen for a moment. One that is held down, or was typed "
    "ahead, gives no vote."
)
_SELECT = "Links open by the terminal's own way; text is selected with Shift and the mouse."


def page(
    title: str, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]], looks: Looks, width: int
) -> list[Content]:
    """A title, then groups of (key, what it does)."""
    lines = [Content.styled(title, looks.title), Content("")]
    wide = max(len(key) for _, rows in groups for key, _ in rows) + 2
    for heading, rows in groups:
        lines.append(Content.styled(heading, looks.heading))
        for key, text in rows:
            body = Content(text).wrap(max(width - wide - 1, 10))
            lines.append(Content(" ") + Content.styled(key.ljust(wide), looks.key) + body[0])
            lines += [Content(" " * (wide + 1)) + line for line in body[1:]]
        lines.append(Content(""))
    return lines


def help_page(
    actions: Mapping[str, str],
    verdicts: Sequence[Verdict],
    looks: Looks,
    width: int,
    *,
    is_resolving: bool,
) -> list[Content]:
    """Every key, as this preset has it."""
    votes = [(key_of(actions, word.value), word.value) for word in verdicts]
    votes.append(("1–9", "exclude, with the reason of that number"))
    votes.append(("0", "exclude: choose the reason from the list"))
    if is_resolving:
        votes.append(("Enter", "confirm the proposed reason, where all exclude"))
        votes.append((key_of(actions, "note"), "note, kept with the word you give next on this record"))
    else:
        votes.append((key_of(actions, "undo"), "undo my last vote"))
        votes.append((key_of(actions, "note"), "note, kept with my vote; on an older vote, a change of it"))
    moves = [
        ("→ ←", "next record, previous record (s is next too)"),
        ("↓ ↑", "scroll the text by a line (j and k too)"),
        ("Space", "a page on (Page Down, Page Up, Home, End)"),
        ("g", "jump to a number of the list or to a key, pmid:…, doi:…"),
        ("l", "the list"),
        ("/", "search the list: title, authors, abstract; Esc ends it"),
    ]
    if not is_resolving:
        moves.append(("f", "filter the list: left, or mine by verdict, with a note, all"))
    others = [
        ("c", "the criteria"),
        ("d", "dark or light"),
        ("?", "this help; Esc closes it"),
        ("q", "quit; every vote is saved"),
    ]
    title = "Keys for giving a final word" if is_resolving else "Keys for voting"
    said = [] if is_resolving else [_HELD, "A vote on a record that has yours already asks why it changes."]
    lines = page("Help", [(title, votes), ("Keys for moving", moves), ("Other keys", others)], looks, width)
    for sentence in (*said, _SELECT):
        lines += Content.styled(sentence, looks.muted).wrap(width)
    return lines


def criteria_page(protocol: Protocol, stage: Stage, looks: Looks, width: int) -> list[Content]:
    """What decides: the question, the designs, the reasons with their digits, and what votes come to."""
    lines = Content.styled(plain(protocol.title), looks.title).wrap(width)
    for name, text in (*protocol.question, ("designs", ", ".join(protocol.designs))):
        if text:
            lines += [Content(""), Content.styled(plain(name).capitalize(), looks.heading)]
            lines += Content(plain(text)).wrap(width)
    lines += [Content(""), Content.styled("Reasons for exclusion, in order of priority", looks.heading)]
    for number, reason in enumerate(protocol.reasons, start=1):
        digit = str(number) if number <= REASONS_BY_DIGIT else " "
        body = Content(plain(reason.label)).wrap(max(width - 3, 10))
        lines.append(Content.styled(digit, looks.key) + Content("  ") + body[0])
        lines += [Content("   ") + line for line in body[1:]]
    rule = f"{stage.name}: {describe(stage)}."
    lines += [Content(""), Content.styled("Rule", looks.heading), *Content(rule).wrap(width)]
    return lines


def end_page(title: str, sentences: Sequence[str], looks: Looks, width: int) -> list[Content]:
    """What is said where there is no record to show."""
    lines = Content.styled(title, looks.title).wrap(width)
    for sentence in sentences:
        lines += [Content(""), *Content(sentence).wrap(width)]
    return lines
