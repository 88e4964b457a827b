"""Problem-list entries that say nothing of the liver, of cancer, or of a caution: what fills real charts."""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

from cds_service.vignettes.case import Case
from cds_service.vignettes.resources import patient_id, tag

PAGE = 20  # how many resources the FHIR server of the tests gives at a time
TEXTS = (
    "Essential hypertension",
    "Colon cancer screening declined",
    "Benign neoplasm of brain",
    "Type 2 diabetes mellitus without complications",
    "Family history of breast cancer",
    "Hyperlipidemia",
    "Seasonal allergic rhinitis",
    "Gastroesophageal reflux disease",
    "Osteoarthritis of knee",
    "Encounter for screening mammography",
    "Migraine without aura",
    "Hypothyroidism",
)


def decoys(case: Case, number: int = PAGE) -> Iterator[dict[str, Any]]:
    """Active, confirmed Conditions of the case's patient."""
    for count, text in enumerate(islice(cycle(TEXTS), number)):
        yield {
            "resourceType": "Condition",
            "id": f"{tag(case)}-decoy-{count}",
            "clinicalStatus": _status("condition-clinical", "active"),
            "verificationStatus": _status("condition-ver-status", "confirmed"),
            "code": {"text": text},
            "subject": {"reference": f"Patient/{patient_id(case)}"},
        }


def _status(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}
