"""The forms of one review: that of data extraction, and the instruments of appraisal, as they are in force."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from iimscreen.errors import InputError, ProtocolError
from iimscreen.forms import DATA, parse_form
from iimscreen.forms.changes import touched
from iimscreen.model import Form
from iimscreen.review_protocol import in_force as protocol_in_force
from iimscreen.review_protocol import of_version
from iimscreen.store import Review, form_texts, protocols


def in_force(review: Review, name: str = DATA) -> Form:
    """The form of data extraction as the protocol has it, or an instrument of appraisal.

    Raises ProtocolError if the protocol has no form, InputError if there is no such instrument.
    """
    if name == DATA:
        form = protocol_in_force(review).form
        if form is None:
            raise ProtocolError(
                "the protocol has no form of data extraction",
                hint="write [extraction] into it, as `iimscreen protocol show --bundled` does, and load it",
            )
        return form
    loaded = form_texts.latest(review, name)
    if loaded is not None:
        return _parsed(loaded.text, f"{loaded.origin}, as loaded")
    return bundled(name)


def bundled_names() -> list[str]:
    """Names of the instruments of appraisal that come with iimscreen."""
    folder = resources.files("iimscreen") / "instruments"
    return sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))


def names(review: Review) -> list[str]:
    """Names of all instruments of appraisal that there are: bundled, or loaded from a file."""
    return sorted({*bundled_names(), *form_texts.names(review)})


def bundled(name: str) -> Form:
    """An instrument of appraisal that comes with iimscreen."""
    return _parsed(_bundled_text(name), f"the bundled instrument {name}")


def _bundled_text(name: str) -> str:
    if name not in bundled_names():
        raise InputError(
            f"there is no form {name!r}", hint=f"there are {', '.join((DATA, *bundled_names()))}"
        )
    return (resources.files("iimscreen") / "instruments" / f"{name}.toml").read_text(encoding="utf-8")


def text_of(review: Review, name: str) -> str:
    """The file of an instrument as it is in force, ready to be edited."""
    loaded = form_texts.latest(review, name)
    return loaded.text if loaded is not None else _bundled_text(name)


_parsed = lru_cache(maxsize=64)(parse_form)  # each is asked for several times in one command


def mode(review: Review, name: str = DATA) -> str:
    """How a form is filled in by the protocol: double, checked or single."""
    protocol = protocol_in_force(review)
    return protocol.extraction if name == DATA else protocol.appraisal


def versions(review: Review, name: str = DATA) -> list[Form]:
    """Every form that was ever in force under this name, oldest first, each once."""
    if name == DATA:
        found = [of_version(version).form for version in protocols.versions(review)]
    else:
        found = [bundled(name)] if name in bundled_names() else []
        found += [_parsed(one.text, one.origin) for one in form_texts.versions(review, name)]
    return list({form.sha256: form for form in found if form is not None}.values())


def touched_since(review: Review, form: Form) -> dict[str, dict[str, tuple[str, ...]]]:
    """Hash of each other version of a form → field → why a value given under it must be looked at again."""
    return {
        old.sha256: touched(old, form) for old in versions(review, form.name) if old.sha256 != form.sha256
    }
