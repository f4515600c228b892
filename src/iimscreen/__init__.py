"""iimscreen: a systematic review from the search to the PRISMA 2020 flow diagram.

Rooms, top floor first; each imports from its own floor or below:
front (`cli`, `render`), work (`search`, `dedupe`, `screening`, `fulltext`, `report`, `demo`),
doors (`store`, `sources`, `formats`), thought (`queries`, `protocol`, `matching`, `voting`,
`agreement`, `flow`, `settings`), ground (`model`, `errors`).
"""

__version__ = "0.1.0"
