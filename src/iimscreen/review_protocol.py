"""The protocol of one review: begin with it, load a new version, tell which was in force when."""

from __future__ import annotations

from pathlib import Path

from iimscreen import protocol, settings
from iimscreen.errors import InputError, ProtocolError
from iimscreen.forms import DATA
from iimscreen.forms.changes import lost_letters
from iimscreen.model import Protocol
from iimscreen.protocol import Change, differences, parse_protocol, stage_named
from iimscreen.store import Review, create_review, extractions, protocols
from iimscreen.store.decisions import first_vote
from iimscreen.store.duplicate_gate import DuplicateGate
from iimscreen.store.extraction_gate import ExtractionGate
from iimscreen.store.gate import Gate


def bundled() -> Path:
    """The protocol file that comes with iimscreen."""
    return settings.bundled_reviews() / "iim" / "protocol.toml"


def read(path: Path) -> Protocol:
    """The protocol in a file. Raises InputError if it cannot be read or used."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the protocol {path} cannot be read: {error.strerror}",
            hint="name a protocol file; `iimscreen protocol show` prints one to start from",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"the protocol {path} is not UTF-8 text", hint="save it as UTF-8") from error
    return parse_protocol(text, str(path))


def create(path: Path, protocol_file: Path | None = None) -> Protocol:
    """Make a review file at `path` with this protocol, or the bundled one."""
    origin = protocol_file or bundled()
    protocol = read(origin)
    create_review(path, lambda review: protocols.load(review, protocol.text, protocol.sha256, origin.name))
    return protocol


def in_force(review: Review) -> Protocol:
    """The protocol as last loaded."""
    return of_version(protocols.versions(review)[-1])


def of_version(version: protocols.Version) -> Protocol:
    """The protocol of one version."""
    return protocol.of_version(version.text, version.number)


def load(review: Review, path: Path, *, by: str | None = None) -> tuple[protocols.Version, list[Change]]:
    """Make a file the protocol in force; its version and what changed.

    A file that says the same makes no new version. Raises ProtocolError if it asks for fewer
    reviewers at a stage that is blind: its open votes would be shown.
    """
    new = read(path)
    with review.writing():
        latest = protocols.versions(review)[-1]
        old = of_version(latest)
        gate = Gate(review, old)
        for before, after in zip(old.stages, new.stages, strict=True):
            if after.reviewers_needed < before.reviewers_needed and gate.has_open_votes(before.name):
                raise ProtocolError(
                    f"{path}: stage {after.name} with {after.reviewers_needed} in place of "
                    f"{before.reviewers_needed} reviewers would show open votes",
                    hint=f"finish {after.name}, or `iimscreen unblind --round {after.name} --by NAME`, first",
                )
        if new.duplicate_reviewers < old.duplicate_reviewers and DuplicateGate(review, old).has_open_votes():
            raise ProtocolError(
                f"{path}: [duplicates] reviewers_needed = {new.duplicate_reviewers} in place of "
                f"{old.duplicate_reviewers} would show open votes on duplicates",
                hint="finish them first: iimscreen duplicates review --reviewer NAME",
            )
        _check_forms(review, old, new, path)
        changes = differences(old, new)
        if new.sha256 != latest.sha256:
            protocols.load(review, new.text, new.sha256, path.name, by=by)
    return protocols.versions(review)[-1], changes


def _check_forms(review: Review, old: Protocol, new: Protocol, path: Path) -> None:
    """Raise ProtocolError where another mode would show open values, or entered rows would lose their level."""
    for name in extractions.forms(review):
        before, after = ((one.extraction if name == DATA else one.appraisal) for one in (old, new))
        shown = ExtractionGate(review, name, before).would_open(after)
        if shown:
            raise ProtocolError(
                f"{path}: mode {after!r} in place of {before!r} would show what is entered of {shown[0]}, "
                "which another has not finished",
                hint="have them finish it first: `iimscreen extract status` tells who is done",
            )
    used = extractions.form_versions(review, DATA)
    earlier = [of_version(version).form for version in protocols.versions(review)]
    lost = [
        sentence
        for form in earlier
        if form is not None and form.sha256 in used
        for sentence in lost_letters(form, new.form)
    ]
    if lost:
        raise ProtocolError(
            f"{path}: {lost[0]}, but values are entered",
            hint="leave each level its letter; a new level takes a new one",
        )


def reason_labels(review: Review) -> dict[str, str]:
    """Code → label of every exclusion reason of any version, the latest wording of each."""
    return {
        reason.code: reason.label
        for version in protocols.versions(review)
        for reason in of_version(version).reasons
    }


def frozen(review: Review) -> protocols.Version | None:
    """The version in force at the first vote; None before it."""
    first = first_vote(review)
    if first is None:
        return None
    return [version for version in protocols.versions(review) if version.log_id < first][-1]


def stages_to_see(gate: Gate, protocol: Protocol, given: str) -> list[str]:
    """The stage asked for; or every stage of which something may be seen, in order.

    Raises ProtocolError if no stage may be seen.
    """
    if given:
        return [stage_named(protocol, given).name]
    names = [stage.name for stage in protocol.stages]
    seen = [name for name in names if gate.shows_any(name)]
    if not seen:
        gate.require_open(names[0], "the outcome")
    return seen
