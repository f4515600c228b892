"""What the pages say is so: they are made from the code, and their examples are played."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import made
import pytest
import transcript
from typer.main import get_command

from iimscreen.cli import app

ROOT = made.ROOT
PAGES = made.pages()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def words_to_command(words: list[str]) -> Any:
    """The command that the words name, subcommands followed; fails where there is none."""
    command = get_command(app)
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    return command


def anchors_of(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", made.PLAYED)
def test_the_commands_of_an_example_page_print_what_the_page_shows(name: str) -> None:
    page = text_of(ROOT / "docs" / name)

    assert "$ iimscreen " in page, "there is nothing to play in it"
    assert transcript.played(page) == page, "run `python docs/made.py` and look at what changed"


def test_the_picture_in_the_readme_is_what_the_demo_prints() -> None:
    shown = made.words_of(text_of(made.PICTURE))

    assert shown == made.words_of(made.picture()), "run `python docs/made.py`"


def test_the_figure_in_the_readme_is_that_of_the_demo() -> None:
    shown = made.FIGURE.read_text(encoding="utf-8")

    assert shown == made.played_demo()[1], "run `python docs/made.py`"


def test_the_pictures_of_the_full_screen_show_what_it_shows_now() -> None:
    drawn = made.app_pictures()

    assert drawn
    for path, now in drawn.items():
        assert made.words_of(text_of(path)) == made.words_of(now), "run `python docs/made.py`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_takes_from_the_code_is_what_the_code_says(page: Path) -> None:
    differs = made.run_cog("--check", page)

    assert not differs, "run `python docs/made.py` and look at what changed"


def test_every_command_is_documented() -> None:
    documented = set(
        re.findall(r"^## iimscreen ?(.*)$", text_of(ROOT / "docs" / "commands.md"), re.MULTILINE)
    )

    assert documented == {"", *(" ".join(words) for words in made.command_paths())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_in_a_page_names_commands_and_options_that_exist(page: Path) -> None:
    wrong = []
    for line in transcript.commands(text_of(page)):
        words = line.removeprefix("iimscreen ").split()
        command = words_to_command(words)
        options = {name for parameter in command.params for name in parameter.opts}
        used = {word for word in words if word.startswith("--")}
        if hasattr(command, "commands") and words and not words[0].startswith(("-", ">")):
            wrong.append(f"{line}: no command {words[0]}")
        wrong += [f"{line}: no option {option}" for option in used - options]

    assert wrong == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text_of(page)):
        file, _, anchor = target.partition("#")
        found = page.parent / file if file else page
        if not found.exists() or (anchor and anchor not in anchors_of(found)):
            broken.append(target)

    assert broken == []


def test_the_readme_shows_a_command_for_the_demo_and_one_for_the_tests() -> None:
    lines = re.findall(r"^python3 -m venv .*$", text_of(ROOT / "README.md"), re.MULTILINE)

    assert [line.split("/")[-1].split()[0] for line in lines] == ["iimscreen", "pytest"]


def test_every_identity_that_is_checked_is_explained() -> None:
    checked = set(
        re.findall(r'"(F\d+)\b', "".join(map(text_of, sorted((made.PACKAGE / "flow").glob("*.py")))))
    )

    assert checked == set(re.findall(r"^\| (F\d+) \|", text_of(ROOT / "docs" / "methods.md"), re.MULTILINE))


def test_old_and_new_pips_install_the_same_for_the_tests() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))

    assert project["dependency-groups"]["test"] == project["project"]["optional-dependencies"]["test"]
