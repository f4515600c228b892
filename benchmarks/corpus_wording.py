"""Our own short wording of what the paper states, by reference number; and facts read by hand.

Used by make_corpus.py. No sentence here is the paper's.
"""

# "group": the paper speaks of references 8 and 11-22 together, or of 37-40 together.
SKIN_MUSCLE_JOINT = "told for the group only: skin, muscle strength and joints better or clear"
ADULTS_29 = "told for the group only: skin lesions treated with success, muscle satisfactory"

OUTCOMES: dict[int, str | None] = {
    8: SKIN_MUSCLE_JOINT,
    10: "skin, joints and muscle better",
    11: f"{SKIN_MUSCLE_JOINT}; lung: benefit",
    12: SKIN_MUSCLE_JOINT,
    13: f"{SKIN_MUSCLE_JOINT}; title: success",
    14: SKIN_MUSCLE_JOINT,
    15: f"{SKIN_MUSCLE_JOINT}; title: success after a higher dose",
    16: SKIN_MUSCLE_JOINT,
    17: f"{SKIN_MUSCLE_JOINT}; title: good response",
    18: f"{SKIN_MUSCLE_JOINT}; title: better after the switch to tofacitinib",
    19: f"{SKIN_MUSCLE_JOINT}; title: calcinosis better",
    20: SKIN_MUSCLE_JOINT,
    21: SKIN_MUSCLE_JOINT,
    22: f"{SKIN_MUSCLE_JOINT}; title: success",
    23: "digital ulcers and calcinosis healed; lung: benefit",
    24: "alopecia universalis responded, with immunoglobulins",
    25: "muscle, joints, gut: good; scalp: good with the topical form; one alopecia and one lung failed",
    26: "muscle and skin: effective, itch above all",
    27: "lymphocytes, mainly CD8+, risen at 6 months",
    28: "success",
    29: "lung disease held, no transplant needed",
    30: None,
    31: "MMT better; muscle oedema gone on MRI after 2 months",
    32: "survival 100% as induction, 75% if refractory or relapsing",
    33: "survival better; 2 deaths",
    34: "a higher dose is called an option",
    35: "tofacitinib failed; plasma exchange worked",
    36: "mortality at 6 and 12 months lower than on tacrolimus",
    37: f"{ADULTS_29}; title: success",
    38: f"{ADULTS_29}; alopecia areata: effective",
    39: f"{ADULTS_29}; ulcerative panniculitis: effective",
    40: ADULTS_29,
    41: "itch: effective",
    42: "skin and muscle symptoms gone",
    43: "success",
    44: "remission; small cell cancer found at 9 months",
    45: "remission; hair regrown",
    54: "itch, skin activity and weakness better; skin relapse after 9 months; alopecia not told",
    55: "itch and skin lesions gone; calcinosis unchanged",
    56: "CDASI 40% lower in those who went on (3 of 5); itch and skin damage unchanged",
    57: "CDASI significantly lower",
}

ADVERSE_EVENTS: dict[int, str] = {
    32: "more of them if refractory or relapsing; 3 deaths, 2 of respiratory failure",
    36: "no more than on tacrolimus",
    56: "2 of 5 stopped for diarrhoea",
}

REMARKS: dict[int, str] = {
    8: "also cited as background",
    10: "woman of 55; the text says 2016, the reference 2017",
    11: "in German; said to have been added at revision",
    20: "open-label pilot study",
    21: "extension of reference 20",
    23: "gangrenous cholecystitis; said to have been added at revision",
    25: "called a review in the text, retrospective in its title",
    26: "retrospective; 3 of 12 juvenile",
    27: "open label",
    29: "counted with antisynthetase syndrome",
    30: "the text says 2022, the reference 2023; no outcome told",
    32: "a literature review, though reviews were excluded",
    36: "said to have been added at revision",
    40: "the title names no drug; counted under baricitinib; pilot study",
    41: "prospective, open label; outside the group of 29 adults",
    42: "woman of 72 with JAK2 V617F myelofibrosis; 2014",
    43: "the title says JAK inhibitor; 2018",
    44: "the title says JAK inhibitor",
    56: "phase 1b trial",
    57: "open label, one arm",
}

# What the paper says, and what its own text or reference list gives instead.
INCONSISTENCIES: dict[str, tuple[str, str]] = {
    "I01": (
        "174 JAK inhibitor subjects = 146 + 17 + 11",
        "adds up, but no part can be rebuilt from the text",
    ),
    "I02": ("17 on baricitinib", "29 in references 37-40 alone"),
    "I03": ("11 on ruxolitinib", "1 + 4 + 2 = 7 in references 42-45"),
    "I04": (
        "146 on tofacitinib",
        "104 told by the text, 119 with numbers from titles; ten papers without any",
    ),
    "I05": (
        "12 on apremilast",
        "3 + 1 + 5 + 8 = 17, or 15 with those who went on; 12 fits without reference 56",
    ),
    "I06": ("baricitinib papers of 2019 to 2022", "references 37-41 are of 2020 to 2023"),
    "I07": ("tofacitinib first reported in 2016 (10)", "reference 10 is of 2017, reference 12 of 2016"),
    "I08": ("references 8, 11-22 reach to 2021", "21 is of 2022 and 22 of 2023"),
    "I09": ("reference 30 in 2022", "listed with 2023"),
    "I10": ("'last year' for references 23-27 and 30", "they are of 2022 and 2023; search 2023, print 2025"),
    "I11": (
        "no life-threatening adverse event",
        "5 deaths in references 32 and 33, sepsis, gangrene, thrombosis",
    ),
    "I12": ("75% survival if refractory or relapsing (32)", "9 of 12: agrees"),
    "I13": ("30 patients in reference 32", "18 + 10 + 2: agrees"),
    "I14": ("juvenile disease excluded", "reference 26 has 3 juvenile patients"),
    "I15": ("reviews excluded", "reference 32 is one, and gives 30 subjects; 25 is called one"),
    "I16": ("subjects are added up", "reference 21 follows the patients of 20; 32 takes up published cases"),
    "I17": (
        "no baricitinib data in antisynthetase syndrome or polymyositis",
        "own patient 4 has the former; PMC10031294 reports another",
    ),
    "I18": ("three antisynthetase and one polymyositis on tofacitinib", "reference 60 has 6 polymyositis"),
    "I19": ("no upadacitinib data at the search", "the discussion uses reference 59, of 2024"),
    "I20": ("CDASI change 16 on tofacitinib (58)", "reference 58: 16.2 alone, 18.3 in all"),
    "I21": ("searched on 23 August 2023", "references 11, 23, 36 said to be collected at revision"),
    "I22": ("inclusion body myositis searched", "no such paper or patient is told"),
    "I23": ("successful treatment", "reference 35 failed; own patient 2 stopped"),
    "I24": ("duplicates deleted", "one database: they can only come from several searches"),
    "I25": ("PRISMA numbers and a table per paper", "in a figure and a supplement, outside the text at hand"),
    "I26": (
        "units and names",
        "ferritin in two units; SMUGS and SMGUS; HCQ undefined; reference 4 cut short",
    ),
    "I27": ("references 11 and 40 by drug", "their titles name no drug"),
    "I28": ("four apremilast papers in PubMed", "agrees with references 54-57"),
    "I29": ("complete remission in own patient 2", "ESR 37 mm/h; the drug was stopped that month"),
}

SAFETY = (
    "JAK inhibitors: reactivated zoster, CMV and EBV the most common",
    "tofacitinib: one herpes keratitis",
    "two with herpes of the lips or mouth",
    "thromboembolism",
    "liver and blood disorders",
    "infections of airways and urinary tract, bacterial and fungal",
    "severe: sepsis from the lung; gangrenous cholecystitis",
    "apremilast: nausea, vomiting, diarrhoea",
)

# Authors whose family name has more than one part, or given names more than two: no rule tells.
FULL_NAMES: dict[str, tuple[str, str]] = {
    "Raphaela Martina Pineda": ("Pineda", "RM"),
    "Sara Isabel Palencia Perez": ("Palencia Perez", "SI"),
    "Jaime de Inocencio": ("de Inocencio", "J"),
    "R Hurtado García": ("Hurtado García", "R"),
    "Guillermo Carvajal Alegria": ("Carvajal Alegria", "G"),
    "Catherine Le Henaff": ("Le Henaff", "C"),
    "Kader Cetin Gedik": ("Cetin Gedik", "K"),
    "Gina A Montealegre Sanchez": ("Montealegre Sanchez", "GA"),
    "Adriana A de Jesus": ("de Jesus", "AA"),
    "Min Ae Lee-Kirsch": ("Lee-Kirsch", "MA"),
    "Cheng Cai Tang": ("Tang", "CC"),
    "Wanxia Li Tsai": ("Tsai", "WL"),
    "Jonathan Marcus Janes": ("Janes", "JM"),
    "J von Kempis": ("von Kempis", "J"),
    "Thomas R J Moreau": ("Moreau", "TRJ"),
    "Yixiang Y J Zhu": ("Zhu", "YYJ"),
    "Ronald van Vollenhoven": ("van Vollenhoven", "R"),
    "Inmaculada de la Torre": ("de la Torre", "I"),
    "R. V. van Vollenhoven": ("van Vollenhoven", "RV"),
    "J. R. Ross Terres": ("Ross Terres", "JR"),
    "Philipp von Bismarck": ("von Bismarck", "P"),
    "Marco Di Carlo": ("Di Carlo", "M"),
    "Abdullah Ashraf Hamad": ("Hamad", "AA"),
    "Jorge A Ross Terres": ("Ross Terres", "JA"),
}

# Facts that the gathered file tells in a remark.
VERNACULAR = {
    "c017": "Dermatomiositis amiopática refractaria con buena respuesta a tofacitinib",
    "c078": "Dermatomyositis und juvenile Dermatomyositis",
}
LINKS: dict[str, dict[str, str]] = {
    "c036": {"kind": "CommentIn", "citation": "Author reply. J Rheumatol 2023;50(5):717"},
    "c080": {"kind": "CommentOn", "citation": "Ladislau et al. Brain 2018"},
    "c142": {"kind": "ErratumIn", "citation": "BMC Rheumatol, 30 August 2022"},
    "c179": {"kind": "RetractionOf", "citation": "J Cell Physiol 2019, doi:10.1002/jcp.26863"},
    "c180": {"kind": "RetractionIn", "pmid": "34287889", "citation": "J Cell Physiol 2022 Mar;237(3):2000"},
    "c181": {"kind": "RetractionIn", "citation": "marked as retracted by the publisher"},
}
