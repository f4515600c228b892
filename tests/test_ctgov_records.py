"""A study of ClinicalTrials.gov as a record of its registration."""

from __future__ import annotations

import pytest

from ctgov_server import Study
from iimscreen.model import Author, Link, Record
from iimscreen.sources._ctgov_records import nct_number, record_of


def test_a_study_becomes_a_record_of_its_registration() -> None:
    study = Study(
        "NCT90000001",
        "Tofarinib in myositis",
        summary="Nobody has  tried it.\n\n\nWe will.",
        posted="2021-03-05",
        updated="2024-02-01",
        sponsor="Invented University",
        officials=(
            {"name": "Nora J Adler, MD, PhD", "role": "PRINCIPAL_INVESTIGATOR"},
            {"name": "Invented Call Center", "role": "STUDY_DIRECTOR"},
        ),
        conditions=("Myositis", "Dermatomyositis"),
        interventions=("Tofarinib", "Placebo"),
        secondary=(
            {"id": "2020-001234-56", "type": "EUDRACT_NUMBER"},
            {"id": "2023-501234-12-00", "type": "CTIS"},
            {"id": "ISRCTN12345678"},
            {"id": "ABC-7", "type": "REGISTRY", "domain": "Invented Register"},
            {"id": "R01AR000001", "type": "NIH"},
        ),
        references=(
            {"pmid": "90000001", "type": "RESULT", "citation": "Adler N. Results. 2023."},
            {"pmid": "90000002", "type": "DERIVED", "citation": "Adler N. Mentions it. 2024."},
            {"pmid": "90000003", "type": "BACKGROUND", "citation": "Adler N. Before. 2001."},
            {"type": "RESULT", "citation": "No PMID."},
        ),
    )

    record = record_of(study.as_json())

    assert record == Record(
        source_id="NCT90000001",
        accession="NCT90000001",
        title="Tofarinib in myositis",
        abstract="Nobody has tried it.\nWe will.",
        authors=(Author("Invented University", is_group=True), Author("Nora J Adler")),
        year=2021,
        publication_types=("Clinical trial registration",),
        registrations=(
            "ClinicalTrials.gov:NCT90000001",
            "EudraCT:2020-001234-56",
            "CTIS:2023-501234-12-00",
            "ISRCTN:ISRCTN12345678",
            "Invented Register:ABC-7",
        ),
        keywords=("Myositis", "Dermatomyositis", "Tofarinib", "Placebo"),
        links=(
            Link("HasResultsIn", "90000001", "Adler N. Results. 2023."),
            Link("MentionedIn", "90000002", "Adler N. Mentions it. 2024."),
        ),
        entered_on="2021-03-05",
        published_on="2021-03-05",
        revised_on="2024-02-01",
        citation_status="RECRUITING",
    )


def test_the_official_title_comes_before_the_brief_one_and_a_former_number_stays_known() -> None:
    titles = {
        "nctId": "NCT90000001",
        "briefTitle": "Brief",
        "officialTitle": "Official",
        "nctIdAliases": ["NCT00000009"],
    }

    record = record_of(Study("NCT90000001", "", more={"identificationModule": titles}).as_json())

    assert record.title == "Official"
    assert record.registrations == ("ClinicalTrials.gov:NCT90000001", "ClinicalTrials.gov:NCT00000009")


def test_a_study_with_results_in_the_register_says_so_among_its_types() -> None:
    study = {**Study("NCT90000001", "A title").as_json(), "hasResults": True}

    assert record_of(study).publication_types == (
        "Clinical trial registration",
        "Results posted in the register",
    )


@pytest.mark.parametrize("oddity", [None, [], "text", 7, {"protocolSection": None}])
def test_what_is_no_study_has_no_number_and_an_empty_record(oddity: object) -> None:
    assert nct_number(oddity) is None
    assert record_of(oddity) == Record(publication_types=("Clinical trial registration",))


def test_a_study_whose_modules_are_of_another_kind_keeps_what_is_readable() -> None:
    spoilt = dict.fromkeys(("statusModule", "descriptionModule", "conditionsModule", "referencesModule"), 7)
    spoilt |= {
        "armsInterventionsModule": {"interventions": [None, {"name": 7}]},
        "contactsLocationsModule": [],
    }

    record = record_of(Study("NCT90000001", "A title", more=spoilt).as_json())

    assert (record.accession, record.title, record.year, record.keywords) == (
        "NCT90000001",
        "A title",
        None,
        (),
    )
