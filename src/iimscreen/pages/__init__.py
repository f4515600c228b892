"""Pages: one HTML file each, that needs nothing beside it, asks no server, prints, and can be read by everyone.

Whatever goes in as a text is escaped; only what is `Html` already goes in as it is. What a page says is others'
matter: they give sections, here is how they look. `page` frames them, the rest makes what stands in them.
"""

from iimscreen.pages._flow import IN_FULL, NumberList, flow, flow_sections
from iimscreen.pages._html import Html, element, identifier, identifiers, join, text, trusted
from iimscreen.pages._page import POLICY, Section, listed, page
from iimscreen.pages._parts import (
    bullets,
    cited,
    definitions,
    details,
    drawing,
    heading,
    image,
    jump,
    link,
    numbered,
    of_table,
    paragraph,
    records_list,
    stamp,
    table,
)

__all__ = [
    "IN_FULL",
    "POLICY",
    "Html",
    "NumberList",
    "Section",
    "bullets",
    "cited",
    "definitions",
    "details",
    "drawing",
    "element",
    "flow",
    "flow_sections",
    "heading",
    "identifier",
    "identifiers",
    "image",
    "join",
    "jump",
    "link",
    "listed",
    "numbered",
    "of_table",
    "page",
    "paragraph",
    "records_list",
    "stamp",
    "table",
    "text",
    "trusted",
]
