"""A real E-utilities server on this machine, over invented records.

It speaks HTTP as NCBI's does (ESearch with limits by date, EFetch, EPost, EInfo; history; full texts of
PubMed Central; the reply texts are those that captured replies show), can misbehave on a script, and can
enforce NCBI's limit of requests. With it, the true Biopython and the true network code of
`iimscreen.sources` run in tests.

    with serving(records=invented(450)) as server:
        server.misbehave("efetch", [429, "cut"])
        source = PubMed(server.settings(), sleep=lambda _s: None)
"""

from eutils_server.articles import Article, invented, set_of
from eutils_server.full_texts import FullText
from eutils_server.serve import serving
from eutils_server.state import BUILD, MOST_LISTED, Asked, EutilsServer, result_xml

__all__ = [
    "BUILD",
    "MOST_LISTED",
    "Article",
    "Asked",
    "EutilsServer",
    "FullText",
    "invented",
    "result_xml",
    "serving",
    "set_of",
]
