"""The PRISMA 2020 flow diagram as plain values: which boxes it has, what stands in them, what goes where. Pure.

One content for all forms of the figure: the terminal, SVG, PNG, PDF, DOCX, HTML and the words for who cannot
see it. The four templates and the texts of their boxes are those of PRISMA 2020 (Page 2021, BMJ 372:n71, CC BY).
Boxes that do not apply are left out; what the template has no box for is a line or a footnote.

`parts` says what a diagram is made of, `content` makes it of a flow, `in_words` tells it.
"""

from iimscreen.diagram.content import of_flow
from iimscreen.diagram.in_words import abstract_sentence, alt_text, results_sentences
from iimscreen.diagram.parts import Box, Column, Diagram, Line, Row

__all__ = [
    "Box",
    "Column",
    "Diagram",
    "Line",
    "Row",
    "abstract_sentence",
    "alt_text",
    "of_flow",
    "results_sentences",
]
