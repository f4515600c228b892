"""ELink and ECitMatch for the local E-utilities server, answering as captured replies of NCBI's do.

with serving(ARTICLES) as server:
    links = with_links(server, {"pubmed_pubmed_citedin": {"30000001": ["30000005"]}})
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eutils_server import EutilsServer

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n'
    '<!DOCTYPE eLinkResult PUBLIC "-//NLM//DTD elink 20101123//EN" '
    '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20101123/elink.dtd">\n'
)


def link_xml(seed: str, link_name: str, linked: Sequence[tuple[str, int | None]]) -> str:
    """An ELink reply about one PMID; (PMID, score) for each link."""
    links = "".join(
        f"<Link>\n\t\t\t\t<Id>{pmid}</Id>\n{'' if score is None else f'<Score>{score}</Score>'}\t\t\t</Link>\n"
        for pmid, score in linked
    )
    found = f"<LinkSetDb>\n<DbTo>pubmed</DbTo><LinkName>{link_name}</LinkName>\n{links}</LinkSetDb>\n"
    return (
        f"{_HEAD}<eLinkResult>\n\n  <LinkSet>\n    <DbFrom>pubmed</DbFrom>\n    <IdList>\n"
        f"      <Id>{seed}</Id>\n    </IdList>\n    {found if linked else ''}</LinkSet>\n</eLinkResult>\n"
    )


@dataclass
class Links:
    """What is linked to what, and replies that stand before the well-behaved ones."""

    by_name: Mapping[str, Mapping[str, Sequence[str]]]  # link name -> seed -> PMIDs
    instead: list[str] = field(default_factory=list)  # bodies of the next ELink replies, each once

    def elink(self, parameters: Mapping[str, str]) -> tuple[int, str]:
        """Similar articles begin with the article itself and have scores; a retmax is passed over."""
        if self.instead:
            return 200, self.instead.pop(0)
        name, seed = parameters["linkname"], parameters["id"]
        linked = list(self.by_name.get(name, {}).get(seed, ()))
        if parameters["cmd"] == "neighbor_score":
            linked = [seed, *linked]
            return 200, link_xml(seed, name, [(pmid, 2**31 - 1 - n * 7) for n, pmid in enumerate(linked)])
        return 200, link_xml(seed, name, [(pmid, None) for pmid in linked])


class _Terms(dict[str, Sequence[str]]):
    """The server's terms, and PMIDs joined by OR as PubMed reads them."""

    def __init__(self, server: EutilsServer) -> None:
        super().__init__(server.terms)
        self._server = server

    def __contains__(self, term: object) -> bool:
        return (
            super().__contains__(term) or re.fullmatch(r"\d+\[uid\]( OR \d+\[uid\])*", str(term)) is not None
        )

    def __getitem__(self, term: str) -> Sequence[str]:
        if super().__contains__(term):
            return super().__getitem__(term)
        return [pmid for pmid in re.findall(r"\d+", term) if pmid in self._server.articles]


def with_links(server: EutilsServer, by_name: Mapping[str, Mapping[str, Sequence[str]]]) -> Links:
    """Let a server answer ELink, and ESearch for PMIDs."""
    links = Links(by_name)
    server.more["elink"] = links.elink
    server.terms = _Terms(server)
    return links


MANUAL = "proc natl acad sci u s a|1991|88|3248|mann bj"  # the example of NCBI's manual, PMID 2014248


@dataclass
class Matcher:
    """Citations that ECitMatch knows, by "journal|year|volume|page|author", and how it says it."""

    known: dict[str, str]
    silent: frozenset[str] = frozenset()  # citations after which it says nothing more

    def ecitmatch(self, parameters: Mapping[str, str]) -> tuple[int, str]:
        """Plain text whatever retmode says; a miss comes back without its author."""
        said = []
        for line in parameters["bdata"].split("\r"):
            facts, _, key = line.removesuffix("|").rpartition("|")
            if facts in self.silent:
                break
            answer = self.known.get(facts, "NOT_FOUND")
            if answer.startswith("NOT_FOUND"):
                facts = facts.rpartition("|")[0]
            said.append(f"{facts}|{key}|{answer}")
        return 200, "\n".join(said) + "\n"


def with_matcher(server: EutilsServer, known: Mapping[str, str], *, silent: Sequence[str] = ()) -> Matcher:
    """Let a server answer ECitMatch."""
    matcher = Matcher({MANUAL: "2014248", **known}, frozenset(silent))
    server.more["ecitmatch.cgi"] = matcher.ecitmatch
    return matcher
