"""Instruments of appraisal and which study needs which, in the terminal."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from iimscreen import render
from iimscreen.wording import counted

if TYPE_CHECKING:
    from iimscreen.appraising import Loaded, Plan, Task


def _say(line: str) -> None:
    sys.stdout.write(f"{render.plain(line)}\n")


def plan(shown: Plan) -> None:
    """The instruments, then study after study."""
    _say("Instruments")
    for tool in shown.tools:
        what = counted(tool.questions, "question") if tool.subject == "study" else "for the whole review"
        asked = "for every design" if tool.subject == "study" else "asked for"
        asked = f"for {', '.join(tool.designs)}" if tool.designs else asked
        _say(
            f"  {tool.name}: {tool.title}; {what}, {tool.origin}; {asked if tool.is_asked_for else 'not asked for'}"
        )
    _say("Studies")
    if not any(task.study for task in shown.tasks):
        _say(
            "  none yet"
            if shown.designs_known
            else "  the form of data extraction has no field for the design"
        )
    for task in shown.tasks:
        _say(f"  {_line(task)}")
    left = [task for task in shown.tasks if task.instrument and len(task.done) < task.needed]
    if left:
        one = left[0]
        _say(f"Next: iimscreen extract sheet --form {one.instrument} --reviewer NAME")


def _line(task: Task) -> str:
    head = f"{task.study} ({task.design or 'design not known yet'})" if task.study else "the whole review"
    if not task.instrument:
        return head + (": the protocol names no instrument for that design" if task.design else "")
    done = f"done by {' and '.join(task.done)}" if task.done else "nobody is done"
    left = task.needed - len(task.done)
    return f"{head}: {task.instrument}; {done}" + (f", {left} to go" if left > 0 else "")


def as_json(shown: Plan) -> None:
    """The same for programs."""
    render.json(
        {
            "instruments": [asdict(tool) for tool in shown.tools],
            "tasks": [asdict(task) for task in shown.tasks],
            "designs_known": shown.designs_known,
        }
    )


def loaded(made: Loaded) -> None:
    """What an instrument from a file changes."""
    name = made.form.name
    if made.was_there:
        _say(f"{name} says this already: nothing was stored.")
        return
    for change in made.changes:
        _say(f"  {change.what}")
    if made.is_new:
        _say(f"{name} can be used now: {counted(len(made.form.fields), 'field')}.")
        _say("Next: name it in [appraisal] of the protocol, with the designs it is for.")
        return
    _say(f"{name} is in force as loaded.")
    if any(change.fields for change in made.changes):
        _say(f"Next: iimscreen extract revisit --form {name}   (answers given under the other text)")
