"""Make the bundled corpus and what goes with it from the gathered facts.

    python benchmarks/make_corpus.py ../shared/data/iim [queries/iim]

Reads records.jsonl and case_facts.json, writes corpus.jsonl, known_items.csv, references.ris and
stated_facts.json. The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from corpus_wording import (
    ADVERSE_EVENTS,
    FULL_NAMES,
    INCONSISTENCIES,
    LINKS,
    OUTCOMES,
    REMARKS,
    SAFETY,
    VERNACULAR,
)

PAPER = "Rizzo et al., Rheumatismo 2025;77:1718"
FROM_THE_PAPER = f"reference list of the paper ({PAPER})"
UNCHECKED = "index page of a third party, not checked with the publisher"
LANGUAGES = {"English": "eng", "EN": "eng", "German": "ger", "Chinese": "chi", "Spanish": "spa"}

# Publishers, journals, learned societies, and repositories of universities and libraries. Copies,
# proxies, aggregators, data sets and the rest name nobody who answers for the fact.
HOSTS = frozenset(
    """
    actasdermo.org ard.bmj.com autoimmunhighlights.biomedcentral.com avesis.hacettepe.edu.tr
    bmcrheumatol.biomedcentral.com boris.unibe.ch bvbvf1.bib-bvb.de canadianrheumatologytoday.com
    cellphysiolbiochem.com content.iospress.com doaj.org frontiersin.org hal-pasteur.archives-ouvertes.fr
    hub.tmu.edu.tw informahealthcare.com insights.ovid.com ir.ymlib.yonsei.ac.kr jddonline.com
    journals.lww.com link.springer.com mayoclinic.pure.elsevier.com medicaljournals.se
    moh-it.elsevierpure.com ped-rheum.biomedcentral.com portalrecerca.uab.cat pure.johnshopkins.edu
    rd.springer.com remedypublications.com repositoriosalud.es ricerca.uniba.it rmdopen.bmj.com
    scholars.duke.edu soar.suny.edu termedia.pl thieme-connect.com thieme-connect.de usiena-air.unisi.it
    www.clinexprheumatol.org www.dovepress.com www.frontiersin.org www.idoj.in www.indianjrheumatol.com
    www.informahealthcare.com www.institut-myologie.org www.jrheum.org www.scholars.northwestern.edu
    www.scirp.org www.skintherapyletter.com www.springermedicine.com www.springermedizin.de
    the-rheumatologist.org xuebao.shsmu.edu.cn
    """.split()  # noqa: SIM905 - a block of names reads better than sixty quoted ones
)
# Pages that are found by their query alone keep it; elsewhere it only tells how someone got there.
KEEP_QUERY = frozenset(
    {
        "remedypublications.com",
        "www.clinexprheumatol.org",
        "www.idoj.in",
        "www.indianjrheumatol.com",
        "www.scirp.org",
    }
)
REDIRECTS = ("/lookup/external-ref", "/cookie_consent")


def main(gathered: Path, out: Path) -> None:
    lines = (gathered / "records.jsonl").read_text(encoding="utf-8").splitlines()
    all_records = [json.loads(line) for line in lines]
    titled = [record for record in all_records if record["title"]]
    facts = json.loads((gathered / "case_facts.json").read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)

    corpus = "".join(json.dumps(corpus_line(one), ensure_ascii=False) + "\n" for one in titled)
    save(out / "corpus.jsonl", corpus)
    save(out / "known_items.csv", known_items(titled, facts))
    save(out / "references.ris", references(titled))
    save(out / "stated_facts.json", json.dumps(stated_facts(facts), ensure_ascii=False, indent=1) + "\n")
    print(f"{len(titled)} records, {len(all_records) - len(titled)} without a title left out, to {out}")


def save(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def corpus_line(one: dict) -> dict:
    """One record with the keys of model.Record, in one order, without what is not known."""
    cid = one["record_id"]
    languages = one.get("languages_seen") or ([one["language"]] if one["language"] else [])
    line = {
        "source_id": cid,
        "reference_number": one["seed_reference_number"],
        "pmid": one["pmid"],
        "pmcid": one["pmcid"],
        "doi": one["doi"] and one["doi"].lower(),
        "title": one["title"],
        "vernacular_title": VERNACULAR.get(cid),
        "authors": [author(name) for name in one["authors"] or []],
        "journal": one["journal"],
        "journal_abbreviation": one["journal_abbrev"],
        "year": int(one["year"]) if one["year"] else None,
        "volume": one["volume"],
        "issue": one["issue"],
        "pages": one["pages"],
        "languages": [LANGUAGES[language] for language in languages],
        "publication_types": one["publication_types"] or one.get("publication_types_publisher"),
        "mesh_terms": one["mesh_terms"],
        "substances": one["substances"],
        "links": [LINKS[cid]] if cid in LINKS else [],
        "entered_on": iso(one["entrez_date"]),
        "published_on": earliest(one["epub_date"], one["pub_date"], one["year"]),
        "provenance": provenance(one),
    }
    return {key: value for key, value in line.items() if value not in (None, "", [])}


def author(name: dict) -> dict:
    family, given = FULL_NAMES[name["full"]] if name.get("full") else (name["last"], name["initials"])
    return {"family": family, "given": given} if given else {"family": family}


def iso(stated: str | None) -> str | None:
    """A date such as "2021 Mar 23" as 2021-03-23; what is stated less finely, as finely as stated."""
    if not stated:
        return None
    for form, kept in (("%Y %b %d", "%Y-%m-%d"), ("%Y %b", "%Y-%m"), ("%Y", "%Y")):
        try:
            return datetime.strptime(stated, form).strftime(kept)  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            continue
    raise SystemExit(f"a date in no known form: {stated!r}")


def earliest(*stated: str | None) -> str | None:
    """The earliest of the dates; of two that agree, the finer one."""
    dates = {iso(one) for one in stated if one}
    finest = [one for one in dates if not any(other != one and other.startswith(one) for other in dates)]
    return min(finest, default=None)


def provenance(one: dict) -> list[str]:
    """Where the facts can be looked up again."""
    places = []
    if one["doi"]:
        places.append(f"doi:{one['doi'].lower()}")
    if one["pmid"]:
        places.append(f"pmid:{one['pmid']}")
    if one["pmcid"]:
        places.append(f"pmcid:{one['pmcid']}")
    from_paper = False
    for address in one["source_url"]:
        if not address.startswith("http"):
            from_paper |= not address.startswith("github:")
            continue
        parts = urlsplit(address)
        pmc = re.match(r"/articles/(PMC\d+)", parts.path) if parts.netloc == "pmc.ncbi.nlm.nih.gov" else None
        pubmed = re.match(r"(?:/pubmed)?/(\d+)", parts.path) if "pubmed" in address[:40] else None
        if pmc:
            places.append(f"pmcid:{pmc[1]}")
        elif pubmed:
            places.append(f"pmid:{pubmed[1]}")
        elif parts.netloc in HOSTS and not parts.path.startswith(REDIRECTS):
            query = f"?{parts.query}" if parts.query and parts.netloc in KEEP_QUERY else ""
            places.append(f"https://{parts.netloc}{parts.path}{query}")
    if one.get("is_the_seed"):
        places.append(f"the paper itself ({PAPER})")
    elif from_paper:
        places.append(FROM_THE_PAPER)
    return list(dict.fromkeys(places)) or [UNCHECKED]


def known_items(titled: list[dict], facts: dict) -> str:
    by_number = {one["seed_reference_number"]: one for one in titled if one["seed_reference_number"]}
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["reference_number", "corpus_id", "drug_class", "drug", "title"])
    for paper in facts["papers"]:
        one = by_number[paper["ref"]]
        drug_class = {"included_jaki": "JAK inhibitor", "included_apremilast": "apremilast"}[paper["role"]]
        table.writerow([paper["ref"], one["record_id"], drug_class, plain_drug(paper), one["title"]])
    return out.getvalue()


def plain_drug(paper: dict) -> str:
    """The drug by its name alone, as the paper states it; what goes beside it stands in `drug_detail`."""
    for name in ("tofacitinib", "baricitinib", "ruxolitinib", "apremilast"):
        if name in paper["drug"]:
            return name
    return "JAK inhibitor, not named"


def references(titled: list[dict]) -> str:
    cited = sorted(
        (one for one in titled if one["seed_reference_number"]), key=lambda one: one["seed_reference_number"]
    )
    return "\n".join(ris(one) for one in cited)


def ris(one: dict) -> str:
    printed = one["seed_citation"]
    authors = [name for name in printed["authors_as_printed"].split(", ") if name != "et al"]
    first, _, last = printed["pages"].partition("-")
    lines = [
        ("TY", "JOUR"),
        ("ID", f"R{one['seed_reference_number']:02}"),
        *(("AU", comma_after_family(name)) for name in authors),
        # Brackets are PubMed's sign of a translated title; the paper prints none.
        ("TI", one["title"].strip("[]")),
        ("J2", printed["journal_abbrev"]),
        ("PY", printed["year"]),
        ("VL", printed["volume"]),
        ("SP", first),
        *([("EP", last)] if last else []),
    ]
    return "".join(f"{tag}  - {value}\n" for tag, value in lines) + "ER  - \n"


def comma_after_family(name: str) -> str:
    """A name as "Li Wilkinson, MG" for "Li Wilkinson MG": the family name ends where the initials begin."""
    words = name.split()
    for place in range(1, len(words)):
        if re.fullmatch(r"[A-Z](-?[A-Z]){0,3}", words[place]):
            return f"{' '.join(words[:place])}, {' '.join(words[place:])}"
    raise SystemExit(f"no initials in {name!r}")


def stated_facts(facts: dict) -> dict:
    """The paper's facts under keys of our own; null is what the paper does not state."""
    totals = facts["totals"]
    return {
        "paper": PAPER,
        "doi": "10.4081/rheumatismo.2025.1718",
        "note": "Stated by the paper, right or wrong. null: not stated. n_from: text, title or null.",
        "searched_on": "2023-08-23",
        "database": "PubMed",
        "totals": {
            "papers": {
                "all": totals["papers"]["total"],
                "jak_inhibitor": totals["papers"]["jaki"],
                "apremilast": totals["papers"]["apremilast"],
            },
            "subjects": {
                "jak_inhibitor": totals["jaki_subjects"]["total"],
                **{
                    drug: totals["jaki_subjects"][drug]
                    for drug in ("tofacitinib", "baricitinib", "ruxolitinib")
                },
                "apremilast": totals["apremilast_subjects"]["total"],
            },
            "own_patients": {
                "all": totals["own_patients"]["total"],
                "by_number": {
                    "tofacitinib": totals["own_patients"]["tofacitinib"],
                    "baricitinib": totals["own_patients"]["baricitinib"],
                    "anti-MDA5": totals["own_patients"]["anti_MDA5"],
                    "anti-Mi2": totals["own_patients"]["anti_Mi2"],
                    "anti-Jo1": totals["own_patients"]["anti_Jo1_ASS_RA"],
                },
            },
            "tofacitinib_antisynthetase": totals["ass_and_pm_on_tofacitinib"]["ASS"],
            "tofacitinib_polymyositis": totals["ass_and_pm_on_tofacitinib"]["PM"],
            "baricitinib_adults_references_37_to_40": totals["baricitinib_adults_37_40"]["total"],
            "muscle_response_at_most_percent": 94,
            "cdasi_points": {
                "tofacitinib": totals["cdasi_change"]["TOF"],
                "upadacitinib": totals["cdasi_change"]["UPA"],
                "ruxolitinib": totals["cdasi_change"]["RUX"],
                "baricitinib": totals["cdasi_change"]["BAR"],
            },
        },
        "papers": [paper_facts(paper) for paper in facts["papers"]],
        "patients": [patient_facts(patient) for patient in facts["patients"]],
        "safety_without_reference": list(SAFETY),
        "inconsistencies": [inconsistency(one) for one in facts["inconsistencies"]],
    }


def paper_facts(paper: dict) -> dict:
    number = paper["ref"]
    basis = paper["n_basis"] or ""
    return {
        "reference_number": number,
        "drug": plain_drug(paper),
        "drug_detail": paper["drug"] if paper["drug"] != plain_drug(paper) else None,
        "n": paper["n_subjects"],
        "n_from": "text" if basis.startswith("text") else "title" if basis else None,
        "subtype": paper["disease_subtype"],
        "antibody": paper["antibody"],
        "outcome": OUTCOMES[number],
        "adverse_events": ADVERSE_EVENTS.get(number),
        "remark": REMARKS.get(number),
    }


def patient_facts(patient: dict) -> dict:
    outcome = {key: value for key, value in patient["outcome"].items() if value}
    return {
        "patient": patient["patient"],
        "age": patient["age"],
        "sex": patient["sex"],
        "subtype": patient["subtype"],
        "overlap": patient["overlap"],
        "antibodies": patient["autoantibodies"],
        "first_seen": patient["first_seen"],
        "laboratory": patient["baseline_labs"],
        "earlier_treatments": patient["prior_treatments"],
        "drug": patient["drug"],
        "dose": patient["dose"].split(" (")[0],
        "started": patient["start_date"],
        "outcome": outcome,
        "adverse_events": patient["adverse_events"],
        "stopped": patient["discontinued"],
        "stopped_for": patient["discontinuation_reason"],
    }


def inconsistency(one: dict) -> dict:
    stated, found = INCONSISTENCIES[one["id"]]
    return {
        "id": one["id"],
        "about": one["what"],
        "stated": stated,
        "found": found,
        "weight": one["severity"],
    }


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: make_corpus.py FOLDER_WITH_GATHERED_FACTS [queries/iim]")
    default = Path(__file__).resolve().parents[1] / "queries" / "iim"
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else default)
