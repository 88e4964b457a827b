"""What exports are full of and no answer hangs on: vitals, labs, visits, prescriptions, other problems.

Ready-made lines with places for ids and dates, since most of an export's bytes are these.
"""

import random
from datetime import date, timedelta
from typing import Any

import orjson

WHO, NAME, DAY = b"@WHO@", b"@NAME@", b"@DAY@"


def _line(kind: str, **members: Any) -> tuple[str, bytes]:
    owner = {"subject": {"reference": f"Patient/{WHO.decode()}"}}
    resource = {
        "resourceType": kind,
        "id": NAME.decode(),
        "meta": {
            "versionId": "1",
            "lastUpdated": f"{DAY.decode()}T12:00:00.000+00:00",
            "source": "#9f86d081884c7d65",
            "profile": [f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{kind.lower()}"],
        },
        **owner,
        **members,
    }
    return kind, orjson.dumps(resource)


def _vital(code: str, words: str, value: float, unit: str) -> tuple[str, bytes]:
    return _line(
        "Observation",
        status="final",
        category=[
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "vital-signs",
                        "display": "Vital Signs",
                    }
                ]
            }
        ],
        code={"coding": [{"system": "http://loinc.org", "code": code, "display": words}], "text": words},
        encounter={"reference": "Encounter/visit"},
        effectiveDateTime=f"{DAY.decode()}T09:12:00-05:00",
        issued=f"{DAY.decode()}T09:14:21.118-05:00",
        valueQuantity={"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
    )


def _problem(code: str, words: str) -> tuple[str, bytes]:
    return _line(
        "Condition",
        clinicalStatus={"coding": [{"code": "active"}]},
        verificationStatus={"coding": [{"code": "confirmed"}]},
        category=[{"coding": [{"code": "problem-list-item", "display": "Problem List Item"}]}],
        code={"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code, "display": words}]},
        recordedDate=DAY.decode(),
    )


UNREAD = (
    _vital("8867-4", "Heart rate", 72, "/min"),
    _vital("9279-1", "Respiratory rate", 16, "/min"),
    _vital("29463-7", "Body weight", 81.5, "kg"),
    _vital("8302-2", "Body height", 172, "cm"),
    _vital("2345-7", "Glucose [Mass/volume] in Serum or Plasma", 101, "mg/dL"),
    _vital("718-7", "Hemoglobin [Mass/volume] in Blood", 13.2, "g/dL"),
    _vital("2951-2", "Sodium [Moles/volume] in Serum or Plasma", 139, "mmol/L"),
    _vital("2823-3", "Potassium [Moles/volume] in Serum or Plasma", 4.1, "mmol/L"),
    _line(
        "Encounter",
        status="finished",
        type=[{"coding": [{"system": "http://snomed.info/sct", "code": "185349003"}], "text": "Check up"}],
        period={"start": f"{DAY.decode()}T09:00:00-05:00", "end": f"{DAY.decode()}T09:30:00-05:00"},
        serviceProvider={"display": "General Hospital"},
    ),
    _line(
        "MedicationRequest",
        status="active",
        intent="order",
        medicationCodeableConcept={
            "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "314076"}],
            "text": "lisinopril 10 MG Oral Tablet",
        },
        authoredOn=DAY.decode(),
        dosageInstruction=[{"text": "1 tablet daily", "timing": {"repeat": {"frequency": 1, "period": 1}}}],
    ),
)
READ = (
    _problem("I10", "Essential (primary) hypertension"),
    _problem("E11.9", "Type 2 diabetes mellitus without complications"),
    _problem("K21.9", "Gastro-esophageal reflux disease without esophagitis"),
    _line(
        "DiagnosticReport",
        status="final",
        category=[{"coding": [{"code": "LAB"}]}],
        code={"coding": [{"system": "http://loinc.org", "code": "58410-2"}], "text": "CBC panel"},
        effectiveDateTime=f"{DAY.decode()}T09:12:00-05:00",
        issued=f"{DAY.decode()}T10:12:00-05:00",
        conclusion="Within normal limits.",
    ),
)


def life(who: str, day: date, count: int, chance: random.Random) -> list[tuple[str, bytes]]:
    """`count` lines around an order of that day, before and after it; the service reads four of them."""
    chosen = [*READ[: min(count, len(READ))], *chance.choices(UNREAD, k=max(count - len(READ), 0))]
    lines = []
    for number, (kind, line) in enumerate(chosen):
        apart = chance.randrange(2, 400) * (1 if chance.random() < 0.4 else -1)
        when = (day + timedelta(days=apart)).isoformat().encode()
        name = f"{who}-n{number}".encode()
        lines.append((kind, line.replace(WHO, who.encode()).replace(NAME, name).replace(DAY, when)))
    return lines
