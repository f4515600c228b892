"""Full texts: reports sought are retrieved or not, with their files, the text of these, and what was tried.

Files lie in `fulltexts/` beside the review, by their hash, or where they are. Nothing here leaves a report's
text in the review file: what may be copied is the matter of its publisher.
"""

from iimscreen.fulltext.marking import NOT_RETRIEVED, RETRIEVED, Sought, mark, mark_all, mark_from, sought
from iimscreen.fulltext.reading import pages_of, text_of

__all__ = [
    "NOT_RETRIEVED",
    "RETRIEVED",
    "Sought",
    "mark",
    "mark_all",
    "mark_from",
    "pages_of",
    "sought",
    "text_of",
]
