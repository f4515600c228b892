"""A study of ClinicalTrials.gov, as its API gives it in JSON, turned into a record. Pure.

Names of modules and fields are those of API 2.0.5 as published copies of its OpenAPI description
show them; no reply of the real service was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from iimscreen.model import Author, Link, Record

DATABASE = "ClinicalTrials.gov"
PUBLICATION_TYPE = "Clinical trial registration"  # what tells these records from reports of results
RESULTS_POSTED = "Results posted in the register"

# What the registry is asked for: what a record needs, and what a screener may look up in the kept
# reply (ages, design, arms). Sites, outcomes and results are left out: they are most of the bytes.
FIELDS = (
    "IdentificationModule",
    "StatusModule",
    "SponsorCollaboratorsModule",
    "DescriptionModule",
    "ConditionsModule",
    "DesignModule",
    "ArmsInterventionsModule",
    "EligibilityModule",
    "OverallOfficialName",
    "OverallOfficialAffiliation",
    "OverallOfficialRole",
    "ReferencesModule",
    "HasResults",
)

_NCT_NUMBER = re.compile(r"NCT\d{8}")
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
# Other registers, by the form of their numbers, under the names that PubMed's DataBankList uses.
_REGISTERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("ClinicalTrials.gov", r"NCT\d{8}"),
        ("CTIS", r"20\d{2}-5\d{5}-\d{2}(?:-\d{2})?"),
        ("EudraCT", r"(?:19|20)\d{2}-\d{6}-\d{2}"),
        ("ISRCTN", r"ISRCTN\d{8}"),
        ("ANZCTR", r"ACTRN\d{14}p?"),
        ("ChiCTR", r"ChiCTR[-\w]*\d{8,}"),
        ("CTRI", r"CTRI/\d{4}/\d+/\d+"),
        ("DRKS", r"DRKS\d{8}"),
        ("IRCT", r"IRCT\d{10,}N\d+"),
        ("KCT", r"KCT\d{7}"),
        ("NTR", r"NTR\d+|NL-OMON\d+"),
        ("PACTR", r"PACTR\d{15,}"),
        ("TCTR", r"TCTR\d{11}"),
        ("UMIN-CTR", r"UMIN\d{9}"),
        ("JPRN", r"(?:jRCT\w?\d{9,}|JPRN-[-\w]+|JapicCTI-?\d+)"),
        ("ReBec", r"RBR-\w{6,}"),
    )
)
_RESPONSIBLE = ("PRINCIPAL_INVESTIGATOR", "STUDY_CHAIR")  # directors are mostly call centres of companies
_LINKS = {"RESULT": "HasResultsIn", "DERIVED": "MentionedIn"}


def nct_number(study: object) -> str | None:
    """The study's NCT number, if it states one."""
    found = _text(_at(study, "protocolSection", "identificationModule").get("nctId"))
    return found if found and _NCT_NUMBER.fullmatch(found) else None


def record_of(study: object) -> Record:
    """The record of one study; what the study does not state is left out.

    Result and background papers are told apart: RESULT is what those responsible name as reports of
    results (`HasResultsIn`), DERIVED what PubMed indexed with the NCT number (`MentionedIn`: results,
    but also reviews that name the trial), and BACKGROUND is no report of this study.
    """
    section = _at(study, "protocolSection")
    identification = _at(section, "identificationModule")
    status = _at(section, "statusModule")
    posted = _date(_at(status, "studyFirstPostDateStruct").get("date"))
    number = nct_number(study)
    has_results = isinstance(study, dict) and study.get("hasResults") is True
    return Record(
        source_id=number,
        accession=number,
        title=_text(identification.get("officialTitle")) or _text(identification.get("briefTitle")),
        abstract=_paragraphs(_at(section, "descriptionModule").get("briefSummary")),
        authors=tuple(_authors(section)),
        year=int(posted[:4]) if posted else None,
        publication_types=(PUBLICATION_TYPE, RESULTS_POSTED) if has_results else (PUBLICATION_TYPE,),
        registrations=tuple(dict.fromkeys(_registrations(identification))),
        keywords=tuple(dict.fromkeys(_keywords(section))),
        links=tuple(_links(section)),
        entered_on=posted,
        published_on=posted,
        revised_on=_date(_at(status, "lastUpdatePostDateStruct").get("date")),
        citation_status=_text(status.get("overallStatus")),
    )


def _authors(section: dict[str, Any]) -> Iterator[Author]:
    """The lead sponsor as a group, then who leads the study, named as written less degrees."""
    sponsor = _text(_at(section, "sponsorCollaboratorsModule", "leadSponsor").get("name"))
    if sponsor:
        yield Author(sponsor, is_group=True)
    for official in _list(_at(section, "contactsLocationsModule").get("overallOfficials")):
        name = _text(official.get("name"))
        if name and official.get("role") in _RESPONSIBLE:
            # "Nora J Adler, MD": which word is the family name is not stated, so none is chosen.
            yield Author(name.partition(",")[0].strip() or name)


def _registrations(identification: dict[str, Any]) -> Iterator[str]:
    """Numbers in registers: its own, former ones, those elsewhere. Grants are no registrations."""
    own = _text(identification.get("nctId"))
    for number in (own, *map(_text, _values(identification.get("nctIdAliases")))):
        if number:
            yield f"{DATABASE}:{number}"
    for other in _list(identification.get("secondaryIdInfos")):
        number = _text(other.get("id"))
        if not number:
            continue
        register = next((name for name, form in _REGISTERS if form.fullmatch(number)), None)
        if register is None and other.get("type") == "EUDRACT_NUMBER":
            register = "EudraCT"
        elif register is None and other.get("type") == "REGISTRY":
            register = _text(other.get("domain"))
        if register:
            yield f"{register}:{number}"


def _keywords(section: dict[str, Any]) -> Iterator[str]:
    """Conditions, interventions with their other names, and the sponsor's own keywords."""
    conditions = _at(section, "conditionsModule")
    yield from _texts(conditions.get("conditions"))
    for intervention in _list(_at(section, "armsInterventionsModule").get("interventions")):
        yield from _texts([intervention.get("name")])
        yield from _texts(intervention.get("otherNames"))
    yield from _texts(conditions.get("keywords"))


def _links(section: dict[str, Any]) -> Iterator[Link]:
    for reference in _list(_at(section, "referencesModule").get("references")):
        kind = _LINKS.get(str(reference.get("type")))
        pmid = _text(reference.get("pmid"))
        if kind and pmid and pmid.isdecimal():
            yield Link(kind, pmid, _text(reference.get("citation")) or "")


# JSON, of which nothing is taken for granted


def _at(value: object, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _values(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


def _list(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in _values(value) if isinstance(one, dict))


def _texts(value: object) -> Iterator[str]:
    return (text for one in _values(value) if (text := _text(one)))


def _text(value: object) -> str | None:
    """A text on one line."""
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _paragraphs(value: object) -> str | None:
    """A text with one line a paragraph."""
    if not isinstance(value, str):
        return None
    return "\n".join(line for part in value.splitlines() if (line := " ".join(part.split()))) or None


def _date(value: object) -> str | None:
    return value if isinstance(value, str) and _DATE.fullmatch(value) else None
