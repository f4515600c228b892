"""How the published review's statements are coded in the bundled form, by reference number.

Coded by hand from stated_facts.json: what the text of the review says, or the title of a report. What is not
here is not stated. Used by make_demo_extraction.py.
"""

from __future__ import annotations

TEXT, TITLE = "text", "title"
OWN_NAME = "Own patients"

DRUGS = {
    "tofacitinib": "TOF",
    "baricitinib": "BAR",
    "ruxolitinib": "RUX",
    "apremilast": "APR",
    "JAK inhibitor, not named": "JAKi not specified",
}

# Reports of one patient are case reports where nothing else is said.
DESIGNS = {
    13: ("case series", TITLE),
    19: ("case series", TITLE),
    20: ("single-arm trial", TITLE),
    21: ("single-arm trial", TITLE),
    25: ("retrospective cohort", TITLE),
    26: ("retrospective cohort", TITLE),
    27: ("single-arm trial", TEXT),
    32: ("review", TITLE),
    36: ("comparative cohort", TITLE),
    41: ("single-arm trial", TITLE),
    54: ("case series", TITLE),
    56: ("early-phase trial", TEXT),
    57: ("single-arm trial", TEXT),
}

# Label and n, where not all are one group.
GROUPS = {
    26: [("adults", 9)],
    32: [("first-line", 18), ("refractory or relapsing", 12)],
}

_DM = ("DM", TITLE, "")
SUBTYPES = {
    **dict.fromkeys((8, 10, 11, 12, 13, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27), _DM),
    14: ("CADM", TITLE, ""),
    17: ("CADM", TITLE, "called amyopathic"),
    28: ("ASS", TEXT, ""),
    29: ("ASS", TEXT, "its title says DM: anti-Mi2 DM in which anti-Jo1 appeared at a flare"),
    30: ("ASS", TEXT, ""),
    31: ("PM", TITLE, ""),
    32: _DM,
    33: _DM,
    34: _DM,
    35: ("CADM", TITLE, ""),
    36: (None, "", "the title says MDA5-related ILD"),
    **dict.fromkeys((37, 38, 39, 40, 41, 42, 43, 44, 45, 54, 55, 56, 57), _DM),
}

_MDA5 = ("MDA5", TITLE, "")
ANTIBODIES = {
    **dict.fromkeys((14, 15, 18, 23, 27, 32, 33, 34, 36, 38, 44), _MDA5),
    16: ("NXP2; TIF1g", TITLE, ""),
    22: ("NXP2", TITLE, ""),
    28: ("PL-12", TEXT, ""),
    29: ("Mi-2; Jo-1", TEXT, ""),
    30: ("EJ", TEXT, ""),
    35: ("MDA5", TEXT, ""),
    43: ("TIF1g; SAE", TEXT, "TIF1g 3 of 4, SAE 1 of 4"),
    45: ("TIF1g", TEXT, ""),
    55: ("TIF1g", TEXT, ""),
}

ORGANS = {
    **dict.fromkeys((8, 12, 37, 41, 54, 55, 56, 57), ("skin", TITLE)),
    10: ("skin; muscle; joint", TEXT),
    11: ("ILD", TITLE),
    13: ("calcinosis; ILD", TITLE),
    15: ("ILD", TITLE),
    18: ("ILD", TITLE),
    19: ("calcinosis", TITLE),
    22: ("calcinosis", TITLE),
    23: ("calcinosis; ulcers", TEXT),
    24: ("alopecia", TITLE),
    28: ("RP-ILD", TITLE),
    29: ("RP-ILD", TITLE),
    30: ("ILD", TITLE),
    31: ("muscle", TITLE),
    32: ("ILD", TITLE),
    33: ("RP-ILD", TEXT),
    34: ("RP-ILD", TEXT),
    35: ("ILD", TEXT),
    36: ("ILD", TITLE),
    38: ("alopecia", TITLE),
    39: ("skin", TITLE),
    42: ("skin; muscle", TEXT),
    45: ("alopecia", TITLE),
}

# Age, and sex of one patient.
PATIENTS = {10: (55, "female"), 42: (72, "female"), 44: (None, "female"), 45: (None, "female")}

_FOR_THE_GROUP = "outcomes are told for references 8 and 11 to 22 together, not report by report"
NOTES = {
    **dict.fromkeys((8, *range(11, 23)), _FOR_THE_GROUP),
    **dict.fromkeys((37, 38, 39), "29 adults are told for references 37 to 40 together"),
    40: "29 adults are told for references 37 to 40 together; the title names no drug",
    56: "5 enrolled, 2 stopped, 3 went on",
}

# By reference, or by reference and row; what is told of a treatment beside its drug.
TREATMENTS: dict[object, list[dict[str, tuple[object, str]]]] = {
    15: [{"dose_change": ("escalated", TITLE)}],
    24: [{"concomitant": ("IVIG", TEXT)}],
    25: [{"route": ("systemic", TEXT)}, {"route": ("topical", TEXT)}],
    27: [{"line": ("first line", TEXT)}],
    28: [{"concomitant": ("GC; TAC", TEXT)}],
    (32, "P1"): [{"line": ("first line", TEXT)}],
    (32, "P2"): [
        {"n_treated": (10, TEXT), "line": ("add-on", TEXT)},
        {"n_treated": (2, TEXT), "line": ("re-induction", TEXT)},
    ],
    33: [{"concomitant": ("RTX; PEX", TITLE)}],
    34: [{"dose_change": ("escalated from 10 mg a day", TEXT)}],
    54: [{"concomitant": ("GC; MMF", TEXT)}],
}

_JUDGED = {"instrument": "judged by the authors"}


def _one(domain: str, response: str, finding: str = "", **more: object) -> dict[str, object]:
    told: dict[str, object] = {"domain": domain, **_JUDGED, **more, "response": response}
    return {**told, "finding": finding} if finding else told


def _many(
    domain: str, finding: str, assessed: object = None, improved: object = None, **more: object
) -> dict[str, object]:
    return {
        "domain": domain,
        **_JUDGED,
        **more,
        "finding": finding,
        "n_assessed": assessed,
        "n_improved": improved,
    }


OUTCOMES: dict[tuple[int, str], list[tuple[dict[str, object], str]]] = {
    (10, "P1"): [(_one(domain, "improved"), TEXT) for domain in ("skin", "joint", "muscle")],
    (13, "P1"): [(_many(domain, "success", 2, 2), TITLE) for domain in ("calcinosis", "lung")],
    (18, "P1"): [(_one("lung", "improved"), TITLE)],
    (19, "P1"): [(_many("calcinosis", "better"), TITLE)],
    (22, "P1"): [(_one("calcinosis", "improved"), TITLE)],
    (23, "P1"): [
        (_one("skin", "improved", "digital ulcers healed"), TEXT),
        (_one("calcinosis", "improved", "healed"), TEXT),
        (_one("lung", "improved"), TEXT),
    ],
    (24, "P1"): [(_one("skin", "improved", "alopecia"), TEXT)],
    (25, "P1"): [
        (_many("skin", "alopecia better on topical treatment, in one not on systemic"), TEXT),
        *((_many(domain, "good"), TEXT) for domain in ("muscle", "joint", "GI")),
        (_many("lung", "no benefit in one"), TEXT),
    ],
    (26, "P1"): [(_many(domain, "better"), TEXT) for domain in ("muscle", "skin", "itch")],
    (27, "P1"): [(_many("laboratory", "more lymphocytes, CD8+ above all", time_weeks=26), TEXT)],
    (28, "P1"): [(_one("lung", "improved", "success"), TEXT)],
    (29, "P1"): [(_one("lung", "stable", "no further decline, no transplant"), TEXT)],
    (31, "P1"): [
        (_one("muscle", "improved", "MMT better, oedema gone at MRI", time_weeks=8.7), TEXT),
    ],
    (32, "P1"): [(_many("survival", "all survived", 18, None), TEXT)],
    (32, "P2"): [(_many("survival", "75% survived", 12, None), TEXT)],
    (33, "P1"): [(_many("survival", "better; two died", 33, None), TEXT)],
    (35, "P1"): [(_one("global", "none", "better on plasma exchange"), TEXT)],
    (36, "P1"): [
        (_many("survival", "better than on tacrolimus", time_weeks=26), TEXT),
        (_many("survival", "better than on tacrolimus", time_weeks=52), TEXT),
    ],
    (37, "P1"): [(_one("skin", "improved"), TITLE)],
    (38, "P1"): [(_many("skin", "alopecia areata better"), TEXT)],
    (39, "P1"): [(_many("skin", "panniculitis better"), TEXT)],
    (41, "P1"): [(_many("itch", "better"), TEXT)],
    (42, "P1"): [(_one(domain, "complete"), TEXT) for domain in ("skin", "muscle")],
    (43, "P1"): [(_many("global", "success"), TEXT)],
    (44, "P1"): [(_one("global", "complete", "clinical remission"), TEXT)],
    (45, "P1"): [
        (_one("global", "complete", "clinical remission"), TEXT),
        (_one("skin", "improved", "hair grew again"), TEXT),
    ],
    (54, "P1"): [
        (_many("itch", "less, of the scalp", 3), TEXT),
        (_many("skin", "better; relapse after 9 months", 3), TEXT),
        (_many("muscle", "stronger", 3), TEXT),
    ],
    (55, "P1"): [
        (_one("itch", "complete"), TEXT),
        (_one("skin", "complete"), TEXT),
        (_one("calcinosis", "none"), TEXT),
    ],
    (56, "P1"): [
        (_many("skin", "CDASI 40% lower", 3), TEXT),
        (_many("itch", "no better", 3, 0), TEXT),
    ],
    (57, "P1"): [(_many("skin", "CDASI lower", 8), TEXT)],
}


def _death(n: int) -> list[dict[str, object]]:
    return [
        {"event": "death", "n_with_event": n, "serious": "yes", "event_outcome": "death", "death_cause": None}
    ]


EVENTS: dict[tuple[int, str], list[dict[str, object]]] = {
    (32, "P2"): _death(3),
    (33, "P1"): _death(2),
    (44, "P1"): [{"event": "cancer", "n_with_event": 1, "serious": None, "stopped": None}],
    (56, "P1"): [{"event": "diarrhoea", "n_with_event": 2, "serious": None, "stopped": "yes"}],
}

# --- the review's own patients: what stated_facts.json has only in words ---

OWN: dict[object, dict[str, object]] = {
    "study": {
        "first_author": "Rizzo",
        "year": 2025,
        "country": None,
        "centres": None,
        "funding": None,
        "source": "primary",
        "design": "case series",
        "consecutive": None,
        "recruited_from": 2019,
        "recruited_to": "2021-07",
        "n_total": 6,
        "n_eligible": 6,
        "mixed": "no",
    },
    1: {
        "patient": {
            "subtype": "DM",
            "antibodies": "MDA5",
            "malignancy": None,
            "organs": "skin; ulcers; muscle; RP-ILD",
            "failed": "GC; IVIG; CYC; PEX",
            "features": "pneumomediastinum, pneumothorax",
        },
        "treatment": {"line": "rescue", "concomitant": "GC", "stop_reason": "not stopped"},
        "events": [],
    },
    2: {
        "patient": {
            "subtype": "DM",
            "antibodies": "MDA5; SSA",
            "malignancy": None,
            "organs": "skin; alopecia; muscle; joint; ILD",
            "failed": "GC; CYC; MTX",
            "features": "phlegmon of axilla and breast",
        },
        "treatment": {"line": "replacement", "concomitant": "GC", "stop_reason": "adverse event"},
        "events": [
            {"event": "PJP", "n_with_event": 1, "serious": "yes", "stopped": "no"},
            {"event": "CMV", "n_with_event": 1, "serious": None, "stopped": "no"},
            {"event": "zoster", "n_with_event": 1, "serious": None, "stopped": "yes"},
            {"event": "thrombophlebitis", "n_with_event": 1, "serious": None, "stopped": "yes"},
        ],
    },
    3: {
        "patient": {
            "subtype": "DM",
            "antibodies": "Mi-2",
            "malignancy": "yes",
            "organs": "skin; muscle; joint",
            "failed": None,
            "features": "lung carcinoma, checkpoint inhibitor",
        },
        "treatment": {"line": None, "concomitant": "GC", "stop_reason": None},
        "events": [],
    },
    4: {
        "patient": {
            "subtype": "ASS",
            "overlap_disease": "RA",
            "antibodies": "Jo-1; ACPA; SSA; RF",
            "malignancy": None,
            "organs": "skin; joint; ILD",
            "failed": "GC; RTX; MMF; HCQ",
        },
        "treatment": {"line": "add-on", "concomitant": None, "stop_reason": "not stopped"},
        "events": [{"event": "diarrhoea", "n_with_event": 1, "serious": "no", "stopped": "no"}],
    },
    5: {
        "patient": {
            "subtype": "ASS",
            "overlap_disease": "RA",
            "antibodies": "Jo-1; ACPA; RF",
            "malignancy": None,
            "organs": "skin; muscle; joint; ILD",
            "failed": "GC; RTX; MMF; MTX",
        },
        "treatment": {"line": "add-on", "concomitant": "GC", "stop_reason": "not stopped"},
        "events": [],
    },
    6: {
        "patient": {
            "subtype": "CADM",
            "antibodies": "MDA5; ANA; RF",
            "malignancy": None,
            "organs": "skin; ulcers; alopecia; joint; RP-ILD",
            "failed": "GC; IVIG; CYC; RTX; MMF",
        },
        "treatment": {"line": None, "concomitant": None, "stop_reason": None},
        "events": [],
    },
}
_J = "judged by the authors"
# Domain, instrument, weeks, time in words, value or response, unit.
OWN_FOLLOW_UP: dict[int, list[tuple[object, ...]]] = {
    1: [
        ("laboratory", "CRP", None, "July 2021", 0.24, "mg/dL"),
        ("laboratory", "ferritin", None, "July 2021", 202, "ng/mL"),
        ("lung", "FVC", None, "July 2021", 74, "%"),
        ("lung", "DLCO", None, "July 2021", 42, "%"),
        ("skin", _J, None, "July 2021", "complete", ""),
        ("muscle", _J, None, "July 2021", "complete", ""),
        ("lung", _J, None, "July 2021", "stable", ""),
    ],
    2: [
        ("laboratory", "CRP", 30.4, "7 months", 0.11, "mg/dL"),
        ("laboratory", "ESR", 30.4, "7 months", 37, "mm/h"),
        ("skin", _J, 30.4, "7 months", "complete", ""),
        ("muscle", _J, 30.4, "7 months", "complete", ""),
        ("lung", _J, 30.4, "7 months", "complete", ""),
    ],
    3: [
        ("laboratory", "CRP", 26.1, "6 months", 0.06, "mg/dL"),
        ("laboratory", "ESR", 26.1, "6 months", 2, "mm/h"),
        ("laboratory", "ferritin", 26.1, "6 months", 69, "ng/dL"),
        ("skin", _J, 26.1, "6 months", "complete", ""),
        ("muscle", _J, 26.1, "6 months", "complete", ""),
        ("joint", _J, 26.1, "6 months", "complete", ""),
    ],
    4: [
        ("global", _J, None, "soon", "improved", ""),
        ("laboratory", _J, None, "soon", "complete", ""),
    ],
    5: [
        ("laboratory", "CRP", 13, "3 months", 0.36, "mg/dL"),
        ("laboratory", "ESR", 13, "3 months", 14, "mm/h"),
        ("skin", _J, 26.1, "March 2022", "complete", ""),
        ("joint", _J, 26.1, "March 2022", "complete", ""),
        ("lung", _J, 26.1, "March 2022", "stable", ""),
    ],
    6: [
        ("skin", _J, 26.1, "6 months", "improved", ""),
        ("joint", _J, 26.1, "6 months", "improved", ""),
        ("lung", _J, 26.1, "6 months", "stable", ""),
        ("laboratory", _J, 26.1, "6 months", "improved", ""),
    ],
}

# --- the illustration: three slips of the second extractor, made on purpose, and how they are settled ---

_ON_PURPOSE = "illustration: a slip on purpose"
SLIPS = (
    (32, "", "source", "primary", "", _ON_PURPOSE),
    (56, "P1", "n", "3", "", _ON_PURPOSE),
    (0, "O23", "value", "69", "ng/mL", _ON_PURPOSE),
)
CONSENSUS = (
    (32, "", "source", "ann", "a literature review, as its title says"),
    (56, "P1", "n", "ann", "5 were enrolled; the 3 who went on are those assessed"),
    (0, "O23", "value", "ann", "the unit as printed; whether it can be is for the audit"),
)

# --- what the review states as totals: name, value, what is counted, where, of which references (0: own) ---

_JAKI = "drug=TOF|BAR|RUX|UPA|FIL|JAKi not specified"
TOTALS = (
    ("reports included", 41, "studies", "", ()),
    ("reports on JAK inhibitors", 37, "studies", _JAKI, ()),
    ("reports on apremilast", 4, "studies", "drug=APR", ()),
    ("JAK inhibitor subjects", 174, "subjects", _JAKI, ()),
    ("tofacitinib subjects", 146, "subjects", "drug=TOF", ()),
    ("baricitinib subjects", 17, "subjects", "drug=BAR", ()),
    ("ruxolitinib subjects", 11, "subjects", "drug=RUX", ()),
    ("apremilast subjects", 12, "subjects", "drug=APR", ()),
    ("baricitinib adults of references 37 to 40", 29, "subjects", "drug=BAR", (37, 38, 39, 40)),
    ("life-threatening adverse events", 0, "with-event", "serious=yes", ()),
    ("antisynthetase syndrome on tofacitinib", 3, "subjects", "drug=TOF; subtype=ASS", ()),
    ("polymyositis on tofacitinib", 1, "subjects", "drug=TOF; subtype=PM", ()),
    ("subjects of reference 32", 30, "subjects", "", (32,)),
    ("own patients", 6, "subjects", "", (0,)),
    ("own patients on tofacitinib", 3, "subjects", "drug=TOF", (0,)),
    ("own patients on baricitinib", 3, "subjects", "drug=BAR", (0,)),
    ("first year of baricitinib reports", 2019, "first-year", "drug=BAR", ()),
    ("last year of baricitinib reports", 2022, "last-year", "drug=BAR", ()),
    ("year of the first tofacitinib report, reference 10", 2016, "first-year", "", (10,)),
    ("last year of references 8 and 11 to 22", 2021, "last-year", "", (8, *range(11, 23))),
    ("year of reference 30", 2022, "first-year", "", (30,)),
)
