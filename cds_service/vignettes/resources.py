"""A vignette's patient as FHIR R4 resources: plain dicts, as an EHR would hold them.

Ids begin with a short hash of the case's name, so that many cases share one FHIR server.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

from cards.vocabulary import ANSWER, LOINC, SNOMED_CT, Coding
from cds_service.vignettes.scene import (
    REFERENCE_DAY,
    Allergy,
    Coded,
    Device,
    Done,
    Lab,
    Measurement,
    Problem,
    Scene,
    Status,
    Study,
)

Resource: TypeAlias = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
LESION_OF_LIVER = Coding(SNOMED_CT, "300331000")
LIVER = Coding(SNOMED_CT, "10200004")
LONGEST_DIMENSION = Coding(LOINC, "33728-7")
TUMOR_SIZE = Coding(LOINC, "21889-1")
HALF_A_YEAR = 182  # days past the birthday, so that no age turns within a test run


def tag(case: Scene) -> str:
    """What every id of this case begins with."""
    return case.ids or "v" + hashlib.sha256(case.name.encode()).hexdigest()[:12]


def patient_id(case: Scene) -> str:
    return f"{tag(case)}-patient"


def moved(day: date, today: date) -> str:
    """A case's date, as far from the given today as it was written from the reference day."""
    return (day + (today - REFERENCE_DAY)).isoformat()


def concept(words: Coded) -> Resource:
    """A CodeableConcept of what the case states."""
    return codeable(words.codings(), words.text)


def codeable(codings: Sequence[Coding], text: str | None = None) -> Resource:
    coded = {"coding": [coding.to_json() for coding in codings]} if codings else {}
    return {**coded, **({"text": text} if text else {})}


def status(system: str, code: str | None) -> Resource | None:
    return codeable([Coding(f"{TERMINOLOGY}/{system}", code)]) if code else None


def quantity(size: str) -> Resource:
    """`"<1 cm"` -> a UCUM Quantity with its comparator."""
    found = re.fullmatch(r"(<=|>=|<|>)? ?([\d.]+) (\S+)", size)
    if found is None:
        raise ValueError(f"not a size: {size}")
    comparator, value, unit = found.groups()
    compared = {"comparator": comparator} if comparator else {}
    return {"value": float(value), **compared, "unit": unit, "system": UCUM, "code": unit}


def without_blanks(resource: Mapping[str, Any]) -> Resource:
    """FHIR JSON has no null and no empty members."""
    return {key: value for key, value in resource.items() if value not in (None, [], {}, "")}


def born(case: Scene, today: date) -> str | None:
    age = case.patient.age
    if age is None:
        return None
    return date.fromordinal(round(today.toordinal() - age * 365.25 - HALF_A_YEAR)).isoformat()


class Chart:
    """Builds one case's resources; `resources` holds them in the order they were made."""

    def __init__(self, case: Scene, today: date) -> None:
        self.case, self.today = case, today
        self.subject = {"reference": f"Patient/{patient_id(case)}"}
        self.resources: list[Resource] = []
        self.problem_ids: dict[str, str] = {}
        self._build()

    def _build(self) -> None:
        who = self.case.patient
        self._add("Patient", "patient", {"gender": who.sex, "birthDate": born(self.case, self.today)})
        for number, problem in enumerate(self.case.problems, 1):
            self._problem(f"problem-{number}", problem)
        for number, study in enumerate(self.case.studies, 1):
            self._study(f"study-{number}", study)
        for number, measurement in enumerate(self.case.measurements, 1):
            self._measurement(f"size-{number}", measurement)
        for number, lab in enumerate(self.case.labs, 1):
            self._lab(f"lab-{number}", lab)
        for number, allergy in enumerate(self.case.allergies, 1):
            self._allergy(f"allergy-{number}", allergy)
        for number, device in enumerate(self.case.devices, 1):
            self._device(f"device-{number}", device)
        for number, done in enumerate(self.case.procedures, 1):
            self._procedure(f"done-{number}", done)
        for number, stated in enumerate(self.case.statuses, 1):
            self._status(f"status-{number}", stated)

    def _add(self, kind: str, suffix: str, members: Mapping[str, Any]) -> str:
        name = f"{tag(self.case)}-{suffix}"
        self.resources.append(without_blanks({"resourceType": kind, "id": name, **members}))
        return name

    def _day(self, day: date | None) -> str | None:
        return moved(day, self.today) if day else None

    def _problem(self, suffix: str, problem: Problem) -> None:
        name = self._add(
            "Condition",
            suffix,
            {
                "clinicalStatus": status("condition-clinical", problem.status),
                "verificationStatus": status("condition-ver-status", problem.verification),
                "category": [status("condition-category", "problem-list-item")],
                "code": concept(problem),
                "subject": self.subject,
                "recordedDate": self._day(problem.recorded),
            },
        )
        self.problem_ids[problem.label or suffix] = name

    def _study(self, suffix: str, study: Study) -> None:
        match study.as_:
            case "report":
                self._report(suffix, study)
            case "imaging-study":
                self._imaging_study(suffix, study)
            case "procedure":
                self._procedure(suffix, study)

    def _report(self, suffix: str, study: Study) -> None:
        size = f"{suffix}-size"
        coded = study.report is None and study.describes
        result = [{"reference": f"Observation/{tag(self.case)}-{size}"}] if study.size else []
        if study.size:
            self._size(size, LONGEST_DIMENSION, study.size, study.day, "liver")
        self._add(
            "DiagnosticReport",
            suffix,
            {
                "status": study.status,
                "category": [codeable([Coding("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD")])],
                "code": concept(study),
                "subject": self.subject,
                "effectiveDateTime": self._day(study.day),
                "result": result,
                "conclusionCode": [codeable([LESION_OF_LIVER], "Liver lesion")] if coded else [],
                "presentedForm": [_plain_text(study.report)] if study.report else [],
            },
        )

    def _imaging_study(self, suffix: str, study: Study) -> None:
        self._add(
            "ImagingStudy",
            suffix,
            {
                "status": "available",
                "subject": self.subject,
                "started": self._day(study.day),
                "procedureCode": [concept(study)],
                "description": study.text,
            },
        )

    def _procedure(self, suffix: str, study: Study | Done) -> None:
        self._add(
            "Procedure",
            suffix,
            {
                "status": "completed",
                "code": concept(study),
                "subject": self.subject,
                "performedDateTime": self._day(study.day),
            },
        )

    def _measurement(self, suffix: str, measurement: Measurement) -> None:
        code = measurement.codings()[0] if measurement.codings() else TUMOR_SIZE
        self._size(suffix, code, measurement.size, measurement.day, measurement.of, measurement.as_component)
        if measurement.text:
            self.resources[-1]["code"]["text"] = measurement.text

    def _size(
        self, suffix: str, code: Coding, size: str, day: date, organ: str, as_component: bool = False
    ) -> None:
        measured = {"valueQuantity": quantity(size)}
        parts = [{"code": codeable([code]), **measured}]
        self._add(
            "Observation",
            suffix,
            {
                "status": "final",
                "code": codeable([TUMOR_SIZE] if as_component else [code]),
                "subject": self.subject,
                "effectiveDateTime": self._day(day),
                "bodySite": codeable([LIVER] if organ == "liver" else [], organ),
                **({"component": parts} if as_component else measured),
            },
        )

    def _lab(self, suffix: str, lab: Lab) -> None:
        self._add(
            "Observation",
            suffix,
            {
                "status": "final",
                "category": [status("observation-category", "laboratory")],
                "code": concept(lab),
                "subject": self.subject,
                "effectiveDateTime": self._day(lab.day),
                "valueQuantity": {"value": lab.value, "unit": lab.unit, "system": UCUM, "code": lab.unit},
            },
        )

    def _allergy(self, suffix: str, allergy: Allergy) -> None:
        manifested = allergy.manifestation or ("Reaction" if allergy.severity else None)
        reaction = {"manifestation": [codeable([], manifested)], "severity": allergy.severity}
        self._add(
            "AllergyIntolerance",
            suffix,
            {
                "clinicalStatus": status("allergyintolerance-clinical", allergy.status),
                "verificationStatus": status("allergyintolerance-verification", allergy.verification),
                "code": concept(allergy),
                "patient": self.subject,
                "recordedDate": self._day(allergy.recorded),
                "reaction": [without_blanks(reaction)] if manifested else [],
            },
        )

    def _device(self, suffix: str, device: Device) -> None:
        self._add(
            "Device",
            suffix,
            {
                "status": "active",
                "type": concept(device),
                "patient": self.subject,
                "safety": [codeable([], device.safety)] if device.safety else [],
            },
        )

    def _status(self, suffix: str, stated: Status) -> None:
        self._add(
            "Observation",
            suffix,
            {
                "status": "final",
                "code": concept(stated),
                "subject": self.subject,
                "effectiveDateTime": self._day(stated.day),
                "valueCodeableConcept": concept(stated.value),
            },
        )


def answer_reason(codes: Sequence[str]) -> Resource:
    """An answered question as the order carries it; several codes = one of these."""
    return codeable([Coding(ANSWER, code) for code in codes], "Answered: " + " or ".join(codes))


def _plain_text(words: str) -> Resource:
    return {"contentType": "text/plain", "data": base64.b64encode(words.encode()).decode()}
