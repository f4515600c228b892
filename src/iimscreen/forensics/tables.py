"""What the checks know of words: acronyms, headings, stopwords, spellings, nouns with a plural.

Small on purpose: each table holds what is documented or what the records of the bundled corpus show,
and a check says so where it goes beyond them.
"""

from __future__ import annotations

from dataclasses import dataclass


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True, slots=True)
class Meaning:
    """Another meaning of an acronym, and words that tell it in a title."""

    name: str
    told_by: tuple[str, ...]  # as search terms


# Other meanings of the acronyms of the published search. Records of the bundled corpus show the
# first two (diabetes, particulate matter beside JAK); the others are common knowledge.
ACRONYMS: dict[str, Meaning] = {
    "DM": Meaning("diabetes mellitus", ("diabet*[tiab]",)),
    "PM": Meaning("particulate matter", ('"particulate matter"[tiab]', '"PM2 5"[tiab]', "PM10[tiab]")),
    "IBM": Meaning("a computer firm and its statistics program", ("SPSS[tiab]",)),
    "ASS": Meaning("aspirin, by its German name", ("aspirin[tiab]", "acetylsalicyl*[tiab]")),
}
# Parts of words that say which meaning of those acronyms is meant.
SUBJECT_STEMS = ("myosit", "myopath", "synthetase")
# Capitals that have one reading throughout PubMed, so that they need no warning.
PLAIN_CAPITALS = frozenset(
    {"DNA", "RNA", "MRNA", "HIV", "MRI", "HPV", "HBV", "HCV", "EBV", "CMV", "COPD", "ADHD", "SARS", "MERS"}
)

# Wordings that are near a name which PubMed maps, and are no name of it: the plural of the published
# search is not among the entry terms of Myositis, Inclusion Body (MeSH D018979).
NEAR_NAMES: dict[str, str] = {
    "inclusion bodies myositis": "inclusion body myositis",
    "myositis inclusion bodies": "inclusion body myositis",
}

# PubMed's help, "Stopwords".
STOPWORDS = _set(
    "a about again all almost also although always among an and another any are as at be because been "
    "before being between both but by can could did do does done due during each either enough especially "
    "etc for found from further had has have having here how however i if in into is it its itself just kg "
    "km made mainly make may mg might ml mm most mostly must nearly neither no nor obtained of often on our "
    "overall perhaps pmid quite rather really regarding seem seen several should show showed shown shows "
    "significantly since so some such than that the their theirs them then there therefore these they this "
    "those through thus to upon use used using various very was we were what when which while with within "
    "without would"
)

# British stem, American stem; both as they stand inside a word.
SPELLINGS: tuple[tuple[str, str], ...] = (
    ("tumour", "tumor(?!i)"),
    ("oedema", "(?<!o)edema"),
    ("paediatr", "(?<!a)pediatr"),
    ("orthopaed", "orthoped"),
    ("haemat", "(?<![ct])hemat"),
    ("haemo", "(?<![a-z])hemo"),
    ("haemorr", "hemorr"),
    ("anaemi", "(?<!a)anemi"),
    ("leukaemi", "leukemi"),
    ("ischaemi", "ischemi"),
    ("uraemi", "uremi"),
    ("bacteraemi", "bacteremi"),
    ("septicaemi", "septicemi"),
    ("glycaemi", "glycemi"),
    ("lipidaemi", "lipidemi"),
    ("anaesth", "anesth"),
    ("gynaecolog", "gynecolog"),
    ("caesarean", "cesarean"),
    ("aetiolog", "(?<!a)etiolog"),
    ("oesophag", "(?<!o)esophag"),
    ("foetal", "fetal"),
    ("foetus", "fetus"),
    ("coeliac", "celiac"),
    ("diarrhoea", "diarrhea"),
    ("dyspnoea", "dyspnea"),
    ("apnoea", "apnea"),
    ("behaviour", "behavior"),
    ("colour", "color(?!ect)"),
    ("fibre", "fiber"),
    ("centre", "center"),
    ("sulpha", "sulfa"),
    ("programme", r"program(?=s?$)"),
    ("analys(?=(?:e|ed|ing)$)", "analyz(?=(?:e|ed|ing)$)"),
    ("paralys(?=(?:e|ed|ing)$)", "paralyz(?=(?:e|ed|ing)$)"),
)
# Verbs and nouns in -ise that have no form in -ize.
NEVER_WITH_Z = _set(
    "exercise precise imprecise concise otherwise likewise enterprise expertise advise revise supervise surprise "
    "excise premise promise compromise disguise comprise devise franchise improvise treatise demise bruise cruise "
    "praise appraise noise poise arise paradise"
)

# Nouns whose other number is worth a search of its own; of all others nothing is said, since drugs,
# names of diseases and adjectives have none that authors use.
PLURAL_NOUNS = _set(
    "inhibitor antagonist agonist blocker agent drug tumor tumour neoplasm "
    "carcinoma lymphoma infection trial fracture ulcer lesion vaccine steroid corticosteroid glucocorticoid "
    "antibody autoantibody body myopathy neuropathy nephropathy vasculopathy arthropathy biologic therapy study "
    "injury artery biopsy immunoglobulin mutation receptor transplant transplantation complication"
)

# Prefixes that authors write joined, with a hyphen or with a blank.
PREFIXES = frozenset({"anti", "non", "pre", "post", "multi", "inter", "intra", "auto", "micro"})
# Words that are met with and without a hyphen behind the prefix; other words in anti-, such as
# antibody or antigen, never are.
HYPHENATED = _set(
    "antisynthetase antiphospholipid antiinflammatory antinuclear anticardiolipin antiretroviral antithrombotic "
    "antitumor antitumour antineutrophil nonsteroidal noninvasive nonrandomized nonrandomised postoperative "
    "preoperative multicenter multicentre"
)
