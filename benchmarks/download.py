"""A search of 50,000 hits, downloaded with NCBI's limit of requests: how near it comes to what is possible.

    python benchmarks/download.py [--records 50000] [--batch 200 500]

The server is that of the tests, in a process of its own on this machine, over invented records of
PubMed's usual size (7.8 KB). It refuses what comes faster than 3 requests a second. The client is
`iimscreen search` in an empty folder, with slices, storing every reply and record. The bound is the
number of its requests divided by 3 a second.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from eutils_server import Article, serving  # noqa: E402 (found by the line above)

A_SECOND = 3
TERM = "invented"
STRATEGY = f"[strategy]\ntitle = 'All of it'\n[[sub_query]]\nlabel = 'S1'\ntext = '{TERM}'\n"
WORDS = (  # separated by spaces
    "patients muscle weakness antibody serum cohort response inflammatory myopathy skin median treatment "
    "randomised placebo week months biopsy creatine kinase interstitial lung disease associated risk group "
    "baseline improvement refractory adverse events infection dose weekly immunoglobulin remission relapse"
)
CLIENT = "from iimscreen.sources import pubmed; pubmed.BATCH = {batch}; from iimscreen.__main__ import main; main()"


def text(chance: random.Random, number: int) -> str:
    return " ".join(chance.choices(WORDS.split(), k=number)).capitalize()


def tail(chance: random.Random) -> str:
    """What stands behind a record's title: abstract, authors, headings and what it cites."""
    abstract = "".join(
        f'<AbstractText Label="{label}" NlmCategory="{label}">{text(chance, 52)}.</AbstractText>'
        for label in ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")
    )
    authors = "".join(
        f'<Author ValidYN="Y"><LastName>{text(chance, 1)}</LastName><ForeName>{text(chance, 1)} A</ForeName>'
        f"<Initials>XA</Initials><AffiliationInfo><Affiliation>{text(chance, 12)}.</Affiliation>"
        "</AffiliationInfo></Author>"
        for _ in range(6)
    )
    mesh = "".join(
        f'<MeshHeading><DescriptorName UI="D{chance.randrange(10**6):06}" MajorTopicYN="N">'
        f"{text(chance, 2)}</DescriptorName></MeshHeading>"
        for _ in range(12)
    )
    cited = "".join(
        f"<Reference><Citation>{text(chance, 14)}</Citation><ArticleIdList>"
        f'<ArticleId IdType="pubmed">{chance.randrange(10**7)}</ArticleId></ArticleIdList></Reference>'
        for _ in range(9)
    )
    return (
        f"<Abstract>{abstract}</Abstract><AuthorList CompleteYN='Y'>{authors}</AuthorList>"
        "<Language>eng</Language><PublicationTypeList><PublicationType UI='D016428'>Journal Article"
        f"</PublicationType></PublicationTypeList></Article><MeshHeadingList>{mesh}</MeshHeadingList>"
        f"</MedlineCitation><PubmedData>{{history}}<ReferenceList>{cited}</ReferenceList></PubmedData>"
        "</PubmedArticle>"
    )


def article(number: int, entered: dt.date, tails: list[str]) -> Article:
    pmid = str(20_000_001 + number)
    day = f"<Year>{entered.year}</Year><Month>{entered.month}</Month><Day>{entered.day}</Day>"
    history = (
        f'<History><PubMedPubDate PubStatus="entrez">{day}</PubMedPubDate></History><PublicationStatus>'
        f'ppublish</PublicationStatus><ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>'
        f'<ArticleId IdType="doi">10.5555/invented.{pmid}</ArticleId></ArticleIdList>'
    )
    xml = (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{pmid}</PMID>'
        f'<DateRevised>{day}</DateRevised><Article PubModel="Print"><Journal><JournalIssue CitedMedium="Print">'
        f"<Volume>{number % 90}</Volume><Issue>{number % 12}</Issue><PubDate><Year>{entered.year}</Year>"
        "</PubDate></JournalIssue><Title>Invented Journal of Muscle</Title><ISOAbbreviation>Inv J Muscle"
        f"</ISOAbbreviation></Journal><ArticleTitle>Invented report {number} on muscle and treatment."
        f"</ArticleTitle><Pagination><MedlinePgn>{number}-{number + 8}</MedlinePgn></Pagination>"
        + tails[number % len(tails)].replace("{history}", history, 1)
    )
    return Article(pmid, "", entered=entered.isoformat(), xml=xml)


def serve(number: int) -> None:
    """The server's process: its address on the first line, what it was asked when its input ends."""
    chance = random.Random(3)
    tails = [tail(chance) for _ in range(400)]
    first, days = dt.date(1985, 1, 1), 39 * 365
    # As PubMed grew: later years have more.
    entered = sorted(
        first + dt.timedelta(days=int(days * max(chance.random(), chance.random()))) for _ in range(number)
    )
    articles = [article(index, day, tails) for index, day in enumerate(entered)]
    size = sum(len(one.xml) for one in articles) / number
    with serving(articles, terms={TERM: [one.pmid for one in reversed(articles)]}) as server:
        server.limit = A_SECOND
        print(json.dumps({"address": server.address, "bytes": round(size)}), flush=True)
        sys.stdin.read()
        asked = Counter(one.utility for one in server.asked)
    print(
        json.dumps({"asked": asked, "refused": server.refused, "most": server.most_within(1.0)}), flush=True
    )


def measured(number: int, batch: int) -> None:
    """One download, printed as a row of the table in README.md."""
    words = [sys.executable, __file__, "--serve", str(number)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdin is not None and server.stdout is not None  # noqa: S101, PT018 (both are pipes)
        head = json.loads(server.stdout.readline())
        Path(folder, "all.toml").write_text(STRATEGY, encoding="utf-8")
        settings = {"IIMSCREEN_EUTILS_URL": head["address"], "XDG_STATE_HOME": folder}
        client = [sys.executable, "-c", CLIENT.format(batch=batch), "search", "--strategy", "all.toml"]
        began = time.monotonic()
        process = subprocess.Popen(
            client, cwd=folder, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        if status:
            raise SystemExit(process.stderr.read().decode())  # type: ignore[union-attr]  # a pipe
        stored = Path(folder, "review.db").stat().st_size
        said, _ = server.communicate("")
    end = json.loads(said)
    requests = sum(end["asked"].values())
    bound = requests / A_SECOND
    cpu = used.ru_utime + used.ru_stime
    print(
        f"| {batch} | {requests} ({end['asked'].get('esearch', 0)} ESearch) | {bound:.1f} s | {wall:.1f} s | "
        f"{wall / bound:.2f} | {cpu:.1f} s | {used.ru_maxrss / 1024:,.0f} MB | {stored / 1e6:,.0f} MB | "
        f"{end['refused']} | {end['most']} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--batch", type=int, nargs="+", default=[200, 500])
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    print(
        "| Records a request | Requests | Bound | Wall | Wall ÷ bound | CPU | Peak memory | Review file | "
        "Refused | Most in a second |\n|---|---|---|---|---|---|---|---|---|---|"
    )
    for batch in given.batch:
        measured(given.records, batch)


if __name__ == "__main__":
    main()
