"""Every environment variable and every default path. Reads the environment, writes nothing."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from iimscreen.errors import InputError

DEFAULT_REVIEW = Path("review.db")
DEFAULT_STRATEGY = "2023-08-23"
EUTILS_URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
CTGOV_URL = "https://clinicaltrials.gov/api/v2/"
KEY_PRESETS = ("standard", "rayyan", "asreview")
THEMES = ("auto", "dark", "light")

VARIABLES: dict[str, str] = {
    "IIMSCREEN_REVIEW": "the review file, where --review is not given (default: review.db in this folder)",
    "IIMSCREEN_EMAIL": "your e-mail address, which NCBI asks every client for; sent to it, never stored",
    "NCBI_API_KEY": "your NCBI API key: 10 requests a second in place of 3; sent to NCBI, never stored",
    "IIMSCREEN_EUTILS_URL": "another E-utilities server, such as the one in our tests",
    "IIMSCREEN_CTGOV_URL": "another server of ClinicalTrials.gov's API 2, such as the one in our tests",
    "IIMSCREEN_KEYS": "keys for voting: standard, rayyan or asreview, where --keys is not given",
    "IIMSCREEN_THEME": "colours of the full screen: auto, dark or light, where --theme is not given",
    "IIMSCREEN_PLAIN": "anything: questions line by line in place of the full screen, as with --plain",
    "NO_COLOR": "no colours in the terminal",
}


@dataclass(frozen=True, slots=True)
class Entrez:
    """How to reach the E-utilities. `email` and `api_key` never enter the review file."""

    base_url: str = EUTILS_URL
    email: str | None = None
    api_key: str | None = None
    timeout_s: float = 60.0
    tries: int = 5


def entrez(*, email: str | None = None, api_key: str | None = None) -> Entrez:
    """Settings for the E-utilities: options first, then the environment; blank counts as not given."""
    return Entrez(
        base_url=os.environ.get("IIMSCREEN_EUTILS_URL") or EUTILS_URL,
        email=email or os.environ.get("IIMSCREEN_EMAIL") or None,
        api_key=api_key or os.environ.get("NCBI_API_KEY") or None,
    )


@dataclass(frozen=True, slots=True)
class Registry:
    """How to reach ClinicalTrials.gov, which knows neither keys nor e-mail addresses."""

    base_url: str = CTGOV_URL
    timeout_s: float = 60.0
    tries: int = 5
    page_size: int = 1000  # studies a page; the API gives no more


def registry() -> Registry:
    """Settings for ClinicalTrials.gov, from the environment."""
    return Registry(base_url=os.environ.get("IIMSCREEN_CTGOV_URL") or CTGOV_URL)


def review_path(given: Path | None) -> Path:
    """The review file to use: `--review`, then IIMSCREEN_REVIEW, then review.db here."""
    if given is not None:
        return given
    from_environment = os.environ.get("IIMSCREEN_REVIEW")
    return Path(from_environment) if from_environment else DEFAULT_REVIEW


def key_preset(given: str | None) -> str:
    """The key preset to use: `--keys`, then IIMSCREEN_KEYS. Raises InputError if there is none of that name."""
    return _one_of(KEY_PRESETS, given, "--keys", "IIMSCREEN_KEYS")


def theme(given: str | None) -> str:
    """The theme to use, dark or light: `--theme`, then IIMSCREEN_THEME.

    "auto" takes what the terminal says of its background in COLORFGBG, and dark where it says nothing.
    """
    wanted = _one_of(THEMES, given, "--theme", "IIMSCREEN_THEME")
    if wanted != "auto":
        return wanted
    # rxvt, Konsole and others: "foreground;background", of the 16 colours; 7 and 15 are white.
    return "light" if os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15") else "dark"


def wants_plain() -> bool:
    """Whether the environment asks for plain questions in place of the full screen."""
    return bool(os.environ.get("IIMSCREEN_PLAIN"))


def _one_of(allowed: tuple[str, ...], given: str | None, option: str, variable: str) -> str:
    """The word given, by option or variable; the first of those allowed where neither is."""
    word = given or os.environ.get(variable) or allowed[0]
    if word not in allowed:
        where = f"{option} {given}" if given else f"{variable}={word}"
        raise InputError(f"{where}: expected {', '.join(allowed)}", hint="choose one of them")
    return word


def bundled_reviews() -> Path:
    """The folder of reviews that come with iimscreen: inside the wheel, or `queries/` of a checkout."""
    here = Path(__file__).resolve().parent
    inside_wheel = here / "bundled"
    return inside_wheel if inside_wheel.is_dir() else here.parents[1] / "queries"


def state_folder() -> Path | None:
    """Where processes of one user meet, by each system's own custom; None where no home is known."""
    if sys.platform == "win32":
        stated = os.environ.get("LOCALAPPDATA")
        return Path(stated) / "iimscreen" if stated else None
    stated = os.environ.get("XDG_STATE_HOME")
    if stated and Path(stated).is_absolute():
        return Path(stated) / "iimscreen"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    custom = "Library/Application Support" if sys.platform == "darwin" else ".local/state"
    return home / custom / "iimscreen"
