"""A capsule of the review as it stands: refused while anything in it is closed to view."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from iimscreen import __version__, capsule_files, folders, report, review_flow, review_forms
from iimscreen.capsules import contents
from iimscreen.errors import InputError, ProtocolError
from iimscreen.review_protocol import in_force
from iimscreen.store import Review, capsule_copies, extractions, open_review
from iimscreen.store.duplicate_gate import DuplicateGate
from iimscreen.store.extraction_gate import ExtractionGate
from iimscreen.store.gate import Gate
from iimscreen.wording import counted

_README = """\
{title}
{line}

This is a review capsule: a systematic review with everything that its numbers rest on, written by
iimscreen {version} from the review as its log stood at {at} (UTC).
{stamps}
To verify it, with any Python from 3.9 on and nothing else:

    python verify.py                 in this folder, or
    python verify.py CAPSULE.zip     beside it

or, with iimscreen: iimscreen capsule verify CAPSULE.zip
To go on with the review: iimscreen capsule open CAPSULE.zip FOLDER

What is here
  review.db                the review file (SQLite): all that was found, decided and extracted
  log/log.jsonl            its log, one row a line, to be read without SQLite
  numbers.json             every named number: value, definition, and the rows behind it
  flow/                    the PRISMA 2020 flow
  protocol/                each version of the protocol, and the rules in force
  strategies/              each search strategy as it was run
  raw-replies/             what the sources answered, with an index
  records/records.jsonl    the hash of each record as its source stated it
  forms/, tables/, report/ instruments of appraisal, tables, lists and the report of the search
  verify.py                the verifier; read it, it is one file
  manifest-sha256.txt      the SHA-256 of every file
  ro-crate-metadata.json   the same for machines (RO-Crate 1.1)

{texts}
Full texts are never in a capsule, only their hashes.
The log ends with {last}
Print that line in the paper: who rewrites the whole capsule cannot keep it.

Licence: not stated. It is for the authors to choose one for their work; texts of sources stay under their terms.
"""
_WITH = "Abstracts and raw replies of sources are in it: look at their terms before you publish it."
_WITHOUT = """\
Written with --no-abstracts: abstracts, raw replies, quotes from reports and refused lines of files were left
out. Their hashes are here, so that who holds the texts can check them. Identifiers and bibliographic facts
(titles, authors, journals) are here. Notes of reviewers were left as they are."""


@dataclass(frozen=True, slots=True)
class Written:
    """A capsule as it was written."""

    path: Path
    files: int
    size: int  # bytes
    log_ends_with: str
    interim: tuple[str, ...]


def require_open(review: Review) -> None:
    """Raise ProtocolError while a vote or a value in the file is closed to view: a capsule shows everything."""
    protocol = in_force(review)
    gate = Gate(review, protocol)
    what = "a capsule, which holds everyone's votes,"
    for stage in protocol.stages:
        if gate.has_open_votes(stage.name):
            gate.require_open(stage.name, what)
            raise ProtocolError(
                f"{what} cannot be written while votes of stage {stage.name} are closed to view",
                hint="`iimscreen status` tells what is left",
            )
    if DuplicateGate(review, protocol).has_open_votes():
        raise ProtocolError(
            f"{what} cannot be written while words on possible duplicates are closed to view",
            hint="finish them: iimscreen duplicates review --reviewer NAME",
        )
    for form in extractions.forms(review):
        if ExtractionGate(review, form, review_forms.mode(review, form)).any_closed():
            raise ProtocolError(
                f"a capsule, which holds every extracted value, cannot be written while values of {form} are "
                "closed to view",
                hint="`iimscreen extract status` tells who is to finish what",
            )


def write(review: Review, path: Path, documents: contents.Documents, *, has_texts: bool = True) -> Written:
    """Write a capsule to a new file: whole, or not at all.

    Raises ProtocolError while anything is closed to view, or where `check` finds a fault; InputError if the
    file is there or cannot be written.
    """
    if path.exists():
        raise InputError(f"{path} exists, and would be lost", hint="name another file")
    with (
        folders.replacing(path) as part,
        tempfile.TemporaryDirectory(prefix="iimscreen-capsule-") as made,
    ):
        copy = Path(made) / "review.db"
        with review.reading():
            require_open(review)
        capsule_copies.copy_to(review, copy)
        with open_review(copy) as whole:
            require_open(whole)  # another person may have voted meanwhile
            faults = report.check(whole).faults
            if faults:
                raise ProtocolError(
                    f"`check` finds {counted(len(faults), 'fault')} in the review, so no capsule is written: "
                    f"{faults[0]}",
                    hint="iimscreen check",
                )
            left_out = {} if has_texts else capsule_copies.withheld(whole)
            hashes = b"".join(
                capsule_copies.as_line({"key": key, "sha256": sha256})
                for key, sha256 in capsule_copies.record_hashes(whole)
            )
        if not has_texts:
            capsule_copies.leave_out_texts(copy)
        with open_review(copy) as still:
            found = contents.of_review(still, Path(made), documents, has_texts=has_texts)
            found["records/records.jsonl"] = hashes
            stated = capsule_copies.as_stated(still)
            interim = review_flow.prisma(still).missing
            title = in_force(still).title
            notice = in_force(still).notice
        about = capsule_files.About(
            title,
            f"A systematic review with its log, records and numbers, as its log stood at {stated['last_at']}."
            + " Interim." * bool(interim),
            stated["last_at"],
            __version__,
        )
        stamps = [*([notice] if notice else []), *(f"Interim: {sentence}" for sentence in interim)]
        readme = _README.format(
            title=title,
            line="=" * min(len(title), 100),
            version=__version__,
            at=stated["last_at"],
            stamps="".join(f"\n[{stamp}]\n" for stamp in stamps),
            texts=_WITH if has_texts else _WITHOUT,
            last=stated["log_ends_with"],
        )
        found |= {
            "review.db": copy,
            "README.txt": readme.encode(),
            capsule_files.VERIFIER: capsule_files.verifier(),
            "capsule.json": capsule_files.as_json(
                {
                    "format": capsule_files.FORMAT,
                    "version": capsule_files.VERSION,
                    "tool_version": __version__,
                    "review": stated["uid"],
                    "log_rows": int(stated["log_rows"]),
                    "log_ends_with": stated["log_ends_with"],
                    "has_abstracts": has_texts,
                    "left_out": left_out,
                    "interim": list(interim),
                }
            ),
        }
        capsule_files.seal(part, found, about)
    return Written(path, len(found) + 2, path.stat().st_size, stated["log_ends_with"], tuple(interim))
