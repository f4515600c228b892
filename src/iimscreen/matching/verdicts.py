"""From what two records agree on to a verdict, with the rule or guard behind it and the fields that count."""

from __future__ import annotations

from iimscreen.matching.compare import LIKE_TITLE, SAME_PEOPLE, SURE_TITLE, Pair
from iimscreen.matching.guards import GUARDS, Guard, other_words
from iimscreen.matching.rules import RULES, Rule, is_worth_asking, preprint_and_article
from iimscreen.model import ScoredPair

DUPLICATE = "duplicate"
ASKED = "asked"
LINKED = "linked"  # two reports of one study
MOST_ASKED = 94.0  # the highest score of a pair that a guard keeps from being merged
PREPRINT_SCORE = 95.0


def judge(
    pair: Pair, *, merge_at: float = 95.0, ask_at: float = 85.0, preprints: str = "link"
) -> ScoredPair | None:
    """The verdict on a pair and the rule behind it; None where the two are distinct.

    A guard that holds names the verdict in place of the rule, because it is what a person has to
    weigh; its pair is never merged unasked, whatever the thresholds. A preprint and its article are
    "linked" unless `preprints` is "merge" (then they are one report) or "apart".
    """
    if pair.one.is_preprint != pair.other.is_preprint:
        return _preprint(pair, merge_at, preprints)
    first: tuple[Rule, list[Guard]] | None = None
    for rule in RULES:
        if rule.score < merge_at and first is not None:
            break
        if not rule.test(pair):
            continue
        guards = [guard for guard in GUARDS if guard not in rule.overrides and guard(pair)]
        score = rule.score_of(pair)
        if not guards and score >= merge_at:
            return _verdict(pair, DUPLICATE, rule.name, score)
        first = first or (rule, guards)
    if first is None:
        return None
    rule, guards = first
    score = min(rule.score_of(pair), MOST_ASKED)
    if score < ask_at or not is_worth_asking(pair, guards):
        return None
    return _verdict(pair, ASKED, guards[0].__name__ if guards else rule.name, score)


def _preprint(pair: Pair, merge_at: float, preprints: str) -> ScoredPair | None:
    if preprints == "apart" or not preprint_and_article(pair):
        return None
    verdict = LINKED
    if preprints == "merge":
        is_sure = pair.title >= SURE_TITLE and not other_words(pair)
        verdict = DUPLICATE if is_sure and merge_at <= PREPRINT_SCORE else ASKED
    return _verdict(pair, verdict, preprint_and_article.__name__, PREPRINT_SCORE)


def _verdict(pair: Pair, verdict: str, rule: str, score: float) -> ScoredPair:
    agreed, differed = fields_of(pair)
    return ScoredPair(pair.one.key, pair.other.key, verdict, rule, score, agreed, differed)


def fields_of(pair: Pair) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the fields that agree, and of those that differ; what one record does not state is in neither.

    Titles agree if a typing error or two parts them, and differ if they are not even alike; authors agree
    if three quarters of the shorter list are in the longer.
    """
    title: bool | None = None
    if pair.title >= SURE_TITLE or pair.title_cut:
        title = True
    elif pair.title < LIKE_TITLE and pair.one.title and pair.other.title:
        title = False
    stated = (
        ("title", title),
        ("authors", None if pair.authors is None else pair.authors >= SAME_PEOPLE),
        ("journal", pair.journal),
        ("year", None if pair.year_gap is None else pair.year_gap == 0),
        ("volume", pair.volume),
        ("issue", pair.issue),
        ("pages", pair.page),
        ("doi", pair.doi),
        ("pmid", pair.pmid),
        ("accession", pair.accession),
    )
    agreed = tuple([name for name, same in stated if same])
    return agreed, tuple([name for name, same in stated if same is False])
