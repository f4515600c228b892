"""Every error that a user can meet, and its exit code.

    IimscreenError
    ├── InputError      3  what was given cannot be used: file, protocol, CSV, unknown record,
    │                      stage, reason or reviewer
    ├── ReviewError     4  the review file: missing, foreign, newer, damaged, locked, read-only,
    │                      disk full
    ├── SourceError     5  a source did not answer as it should, after retries
    └── ProtocolError   6  the review's own rules forbid it now; also findings of `check`

0 is success, 1 a bug of ours, 2 a wrong command line (Typer), 130 Ctrl-C.
A message says what, where, and what was expected; `hint` says what to do next.
"""


class IimscreenError(Exception):
    """Base of all errors shown to users without a traceback."""

    exit_code = 1
    meaning = "a bug of ours; please report it with the text printed"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(IimscreenError):
    """What was given cannot be used."""

    exit_code = 3
    meaning = "what was given cannot be used: a file, protocol, CSV, or an unknown record, stage, reason or reviewer"


class ReviewError(IimscreenError):
    """The review file cannot be used or written."""

    exit_code = 4
    meaning = "the review file: missing, foreign, newer, damaged, locked, read-only, or the disk is full"


class SourceError(IimscreenError):
    """A bibliographic source did not answer as it should, after retries."""

    exit_code = 5
    meaning = "a source (such as PubMed) did not answer as it should; what was received is saved"


class ProtocolError(IimscreenError):
    """The review's own rules forbid this now, or `check` found something."""

    exit_code = 6
    meaning = (
        "the review's own rules forbid it now (a blind stage, an open conflict), or `check` found something"
    )


EXIT_CODES: dict[int, str] = {
    0: "done, also when there was nothing to do",
    1: IimscreenError.meaning,
    2: "the command line itself is wrong: an unknown command or option",
    **{error.exit_code: error.meaning for error in (InputError, ReviewError, SourceError, ProtocolError)},
    130: "stopped with Ctrl-C; everything decided before it is saved",
}
