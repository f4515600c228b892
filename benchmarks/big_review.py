"""Make a review file of many invented records and votes, to measure screening on.

    python benchmarks/big_review.py FILE [--records 100000] [--reviewer ann=60000 --reviewer bob=40000]
        [--open] [--merged 0.0] [--reviewers-needed 2] [--seed 1]

Records enter as users bring them: a file that is imported. That they were deduplicated is written by the
store's own functions, and so are votes, thousands at a time, which a person would give one by one. Each
`--reviewer NAME=VOTES` votes on the first VOTES records in order of arrival; of two votes on a record about
one in twenty pairs differ. `--open` notes the opening of the round, as the next write to a complete round
does. Words come from a list below, by a generator of its own seed: no text of anyone's is in the file.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import random
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from iimscreen import importing, matching, review_protocol, team
from iimscreen.model import Kind, Protocol
from iimscreen.store import Review, duplicates, log, open_review, records
from iimscreen.store.duplicates import DUPLICATE, PairVerdict

WORDS = tuple(
    """
    adult adverse analysis arm assessed association baseline biopsy blinded care case change chronic clinical
    cohort combined control course daily days death decline delayed diagnosis disease dose dosing drug early
    effect elevated endpoint enzyme event exposure factor failure follow-up function group hazard healthy
    hospital improved incidence increase infection inflammation interval invented joint laboratory level
    long-term lung marker mean measured median method moderate month muscle myositis older onset open-label
    oral outcome pain patient placebo population primary protein quality randomised rash rate reduced refractory
    registry relapse remission response risk safety sample score secondary serious severe sign single skin
    standard status steroid strength study symptom systemic term therapy tissue titre tolerated treated trial
    twelve untreated value versus visit weakness week within women year
    """.split()  # noqa: SIM905 - a block of words reads better than a hundred quoted ones
)
PARTS = {"BACKGROUND": (25, 50), "METHODS": (40, 80), "RESULTS": (60, 110), "CONCLUSIONS": (15, 40)}
SHARE_OF_VERDICTS = {"exclude": 0.88, "include": 0.09, "unsure": 0.03}
CHANGED_MIND = 0.025  # per vote, so that about one pair in twenty differs
AT_ONCE = 10_000  # votes that one call appends


def protocol_text(reviewers_needed: int = 2) -> str:
    """The bundled protocol's rules, for so many reviewers, with our words to highlight."""
    text = review_protocol.bundled().read_text(encoding="utf-8")
    head, _, tail = text.partition("[highlight]")
    kept = head.replace("reviewers = 2", f"reviewers = {reviewers_needed}")
    kept = re.sub(r'(?m)^title = ".*"$', 'title = "Invented records"', kept)
    table = tail.partition("\n\n")[2]
    return (
        f'{kept}[highlight]\ninclude = ["myositis", "refractory", "oral drug", "remission"]\n'
        f'exclude = ["healthy", "placebo", "registry"]\n\n{table}'
    )


def sentence(chance: random.Random, least: int, most: int) -> str:
    return f"{' '.join(chance.choices(WORDS, k=chance.randint(least, most))).capitalize()}."


def abstract(chance: random.Random) -> str:
    """A structured abstract of 150 to 270 words, about 1,700 characters."""
    return "\n".join(
        f"{part}: {sentence(chance, least // 2, most // 2)} {sentence(chance, least // 2, most // 2)}"
        for part, (least, most) in PARTS.items()
    )


def invented(count: int, seed: int = 1) -> Iterator[dict[str, object]]:
    """Records as a file of ours states them, each with a title and most with an abstract."""
    chance = random.Random(seed)
    for number in range(1, count + 1):
        record: dict[str, object] = {
            "source_id": str(20_000_000 + number),
            "accession": str(20_000_000 + number),
            "pmid": str(20_000_000 + number),
            "title": f"{sentence(chance, 7, 18)[:-1]}: case {number}.",
            "authors": [
                {"family": chance.choice(WORDS).capitalize(), "given": chance.choice("ABCDEFGH")}
                for _ in range(chance.randint(1, 8))
            ],
            "journal": f"Journal of {chance.choice(WORDS)} and {chance.choice(WORDS)}",
            "year": chance.randint(1990, 2025),
            "volume": str(chance.randint(1, 99)),
            "pages": f"{number % 2000}-{number % 2000 + 8}",
            "publication_types": ["Journal Article"],
            "mesh_terms": chance.sample(WORDS, k=8),
        }
        if number % 10:
            record["abstract"] = abstract(chance)
            record["doi"] = f"10.5555/invented.{number}"
        yield record


def make(
    path: Path,
    count: int,
    votes: Mapping[str, int] | None = None,
    *,
    is_open: bool = False,
    merged: float = 0.0,
    reviewers_needed: int = 2,
    seed: int = 1,
) -> None:
    """A new review file: records, merges of a share of neighbours, votes (name → how many), an opening."""
    with tempfile.TemporaryDirectory() as name, collecting_nothing():
        protocol_file = Path(name) / "protocol.toml"
        protocol_file.write_text(protocol_text(reviewers_needed), encoding="utf-8")
        protocol = review_protocol.create(path, protocol_file)
        export = Path(name) / "invented.jsonl"
        with export.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(one)}\n" for one in invented(count, seed))
        with open_review(path) as review:
            importing.import_files(review, [export], database="Invented", kind=Kind.DATABASE)
            kept = deduplicated(review, protocol, merged)
            for reviewer, number in (votes or {}).items():
                cast(review, protocol, reviewer, kept[:number], seed)
            if is_open:
                with review.writing():
                    pass  # what is complete is noted as open before each write


def deduplicated(review: Review, protocol: Protocol, merged: float) -> list[str]:
    """Write that all records were compared and so many pairs of neighbours merged; keys kept, in order."""
    keys = records.keys(review)
    pairs = dict(zip(keys[0::2], keys[1::2], strict=False))
    pairs = dict(list(pairs.items())[: int(len(keys) * merged)])
    verdicts = [
        PairVerdict(one, other, DUPLICATE, "rule:same_doi", 100.0, None) for one, other in pairs.items()
    ]
    gone = {other: one for one, other in pairs.items()}
    kept = {key: gone.get(key, key) for key in keys}
    with review.writing():
        duplicates.add(review, verdicts, kept)
        duplicates.keep(review, kept)
        duplicates.log_run(
            review,
            records=len(keys),
            compared=len(keys),
            last_key=keys[-1],
            pairs=len(verdicts),
            merge_at=protocol.merge_at,
            ask_at=protocol.ask_at,
            preprints=protocol.preprints,
            rules_version=matching.VERSION,
        )
    return [key for key in keys if key not in gone]


def verdict(key: str, reviewer: str, seed: int) -> str:
    """What this reviewer says of a record: mostly what everyone would, now and then something else."""
    shared = random.Random(f"{seed} {key}").random()
    own = random.Random(f"{seed} {key} {reviewer}").random()
    words = list(SHARE_OF_VERDICTS)
    found = words[0] if shared < SHARE_OF_VERDICTS["exclude"] else words[1 if shared < 0.97 else 2]
    return found if own >= CHANGED_MIND else words[(words.index(found) + 1) % len(words)]


def cast(review: Review, protocol: Protocol, reviewer: str, keys: Sequence[str], seed: int) -> None:
    """Log this reviewer's votes on these records, in order, all in one transaction."""
    codes = [reason.code for reason in protocol.reasons]
    names = json.dumps([reviewer])
    with review.writing() as db:
        team.register(review, protocol, reviewer)
        for first in range(0, len(keys), AT_ONCE):
            log.append(
                db,
                "decisions",
                (
                    {
                        "record_key": key,
                        "stage": "title-abstract",
                        "reviewer": reviewer,
                        "verdict": (said := verdict(key, reviewer, seed)),
                        "reason": codes[hash_of(key) % len(codes)] if said == "exclude" else None,
                        "note": None,
                        "protocol_sha256": protocol.sha256,
                        "manner": "vote",
                        "names": names,
                    }
                    for key in keys[first : first + AT_ONCE]
                ),
                actor=reviewer,
            )


def hash_of(key: str) -> int:
    """A number of a key's own, the same in every process."""
    return sum(key.encode()) * 7


@contextlib.contextmanager
def collecting_nothing() -> Iterator[None]:
    """Without the search for rings among objects, of which there are none here: a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def named_votes(given: str) -> tuple[str, int]:
    name, _, number = given.partition("=")
    return name, int(number)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--reviewer", type=named_votes, action="append", default=[], metavar="NAME=VOTES")
    parser.add_argument("--open", action="store_true", help="note the opening of a complete round")
    parser.add_argument("--merged", type=float, default=0.0, help="pairs merged, as a share of the records")
    parser.add_argument("--reviewers-needed", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.file.parent.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    make(
        given.file,
        given.records,
        dict(given.reviewer),
        is_open=given.open,
        merged=given.merged,
        reviewers_needed=given.reviewers_needed,
        seed=given.seed,
    )
    size = given.file.stat().st_size / 1e6
    print(f"{given.file}: {given.records:,} records, {size:,.0f} MB, {time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
