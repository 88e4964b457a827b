"""A made-up patient's chart of any size: what real ones are full of, and the reference patient's lesion."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, islice
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

# Stands wherever one request differs from the next; the load generator writes a number in its place.
MARK: Final = "7000000000"
PATIENT: Final = f"p-{MARK}"
SERVER: Final = "https://ehr.example/fhir"
TODAY: Final = date(2026, 11, 20)

SNOMED = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem"

_ILLNESSES = (
    ("I10", "Essential (primary) hypertension"),
    ("E78.5", "Hyperlipidemia, unspecified"),
    ("E11.9", "Type 2 diabetes mellitus without complications"),
    ("K21.9", "Gastro-esophageal reflux disease without esophagitis"),
    ("M17.11", "Unilateral primary osteoarthritis, right knee"),
    ("J30.2", "Other seasonal allergic rhinitis"),
    ("F41.1", "Generalized anxiety disorder"),
    ("G43.009", "Migraine without aura, not intractable"),
    ("E03.9", "Hypothyroidism, unspecified"),
    ("N40.0", "Benign prostatic hyperplasia without lower urinary tract symptoms"),
    ("H26.9", "Unspecified cataract"),
    ("L40.0", "Psoriasis vulgaris"),
    ("J45.909", "Unspecified asthma, uncomplicated"),
    ("M54.50", "Low back pain, unspecified"),
    ("D50.9", "Iron deficiency anemia, unspecified"),
    ("I48.91", "Unspecified atrial fibrillation"),
)
_HOW = ("", ", controlled", ", on treatment", " (followed by primary care)", ", diagnosed elsewhere")
_LABS = (
    ("98979-8", "Glomerular filtration rate (CKD-EPI 2021)", "mL/min/{1.73_m2}", 74),
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 0.9),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 221),
    ("6301-6", "INR in Platelet poor plasma", "{INR}", 1.1),
)
_PROCEDURES = (
    ("73761001", "Colonoscopy"),
    ("430193006", "Medication reconciliation"),
    ("710824005", "Assessment of health and social care needs"),
    ("80146002", "Appendectomy"),
    ("171207006", "Depression screening"),
    ("274474001", "Bone immobilization"),
)
_STUDIES = (
    ("XR Chest 2 views", "CR", "The lungs are clear. No pleural effusion or pneumothorax."),
    ("XR Knee right 3 views", "DX", "Mild medial joint space narrowing. No acute fracture."),
    ("MRI Lumbar spine without contrast", "MR", "L4-L5 disc bulge without significant canal stenosis."),
    ("US Thyroid", "US", "The thyroid is normal in size. No suspicious nodule."),
    ("CT Head without contrast", "CT", "No acute intracranial hemorrhage, mass effect or midline shift."),
)
# A report of the liver, as long as such reports are.
LIVER_REPORT = (
    "EXAM: US ABDOMEN COMPLETE\nACCESSION: {mark}\nCLINICAL HISTORY: 68-year-old with a history of lung "
    "cancer, follow-up.\nCOMPARISON: CT chest {before}.\nTECHNIQUE: Grayscale and color Doppler images of "
    "the abdomen were obtained.\n\nFINDINGS:\nLIVER: Normal in size and echotexture. In segment {segment} "
    "there is an {size} mm hypoechoic lesion, which is indeterminate. No other focal lesion. Hepatopetal "
    "flow in the main portal vein.\nGALLBLADDER: No stones or wall thickening. Common duct 4 mm.\nPANCREAS: "
    "Visualized portions are unremarkable.\nSPLEEN: 10.2 cm, normal.\nKIDNEYS: Right 10.8 cm, left 11.1 cm. "
    "No hydronephrosis. A 14 mm simple cyst in the lower pole of the left kidney.\nAORTA: Normal caliber. No "
    "ascites.\n\nIMPRESSION:\n1. Indeterminate {size} mm hypoechoic lesion in hepatic segment {segment}. MRI "
    "without and with contrast may be considered for further characterization.\n2. Simple left renal cyst."
)


def concept(system: str, code: str, display: str, text: str = "") -> Json:
    """A CodeableConcept with one coding."""
    coded: Json = {"coding": [{"system": system, "code": code, "display": display}]}
    return {**coded, "text": text} if text else coded


def chart(resources: int, reports: int = 1, *, new_words: bool = False) -> list[Json]:
    """A chart of so many resources, `reports` of them reports on the liver in prose.

    `new_words`: every problem and every sentence on the liver is worded as in no other request; otherwise
    problems go by the names that their codes have, and reports differ in a line, as in an EHR.
    """
    own = [_patient(), *_story(), *(_liver_report(number, new_words) for number in range(reports))]
    return [*own, *islice(_usual(new_words), max(resources - len(own), 0))]


def _resource(kind: str, number: int, owner: str = "subject", **members: Any) -> Json:
    name = f"{kind[0].lower()}{number}-{MARK}"
    owned = {owner: {"reference": f"Patient/{PATIENT}"}}
    return {"resourceType": kind, "id": name, **owned, **members}


def _day(days_ago: int) -> str:
    return (TODAY - timedelta(days=days_ago)).isoformat()


def _patient() -> Json:
    identifier = [{"system": "urn:oid:1.2.36.146.595.217.0.1", "value": MARK}]
    born = {"gender": "female", "birthDate": "1958-03-14"}
    return {"resourceType": "Patient", "id": PATIENT, "identifier": identifier, **born}


def _story() -> Iterator[Json]:
    """The reference patient: resected lung cancer, a measured lesion, kidneys that work."""
    yield _condition(0, "Z85.118", "Personal history of other malignant neoplasm of bronchus and lung", "")
    size = concept(LOINC, "33728-7", "Size.maximum dimension in Tumor", "Liver lesion, greatest dimension")
    liver = concept(SNOMED, "10200004", "Liver structure", "Right hepatic lobe")
    yield {**_observation(0, size, 8, "mm", 10), "bodySite": liver}


def _usual(new_words: bool) -> Iterator[Json]:
    """Everything else, in the proportions of a long problem list with years of laboratory results."""
    for number in count(1):
        kind = number % 16
        if kind in (1, 5, 9, 13):
            code, display = _ILLNESSES[number % len(_ILLNESSES)]
            seen = f" {MARK}{number}" if new_words else ""
            how = _HOW[number // len(_ILLNESSES) % len(_HOW)]
            yield _condition(number, code, display, f"{display}{how}{seen}")
        elif kind in (3, 11):
            code, display = _PROCEDURES[number % len(_PROCEDURES)]
            done = {"status": "completed", "performedDateTime": f"{_day(number % 2000)}T10:00:00Z"}
            yield _resource("Procedure", number, code=concept(SNOMED, code, display, display), **done)
        elif kind == 7:
            yield _other_report(number)
        elif kind == 15 and number % 64 == 15:
            agent = concept(SNOMED, "91936005", "Allergy to penicillin", "Penicillin")
            yield _resource("AllergyIntolerance", number, "patient", code=agent, recordedDate=_day(1000))
        elif kind == 15:
            yield _images(number)
        else:
            code, display, unit, value = _LABS[number % len(_LABS)]
            named = concept(LOINC, code, display, display)
            yield _observation(number, named, round(value + number % 7 / 10, 1), unit, 20 + number % 800)


def _condition(number: int, code: str, display: str, text: str) -> Json:
    status: Json = {
        "clinicalStatus": concept(f"{CATEGORY}/condition-clinical", "active", "Active"),
        "verificationStatus": concept(f"{CATEGORY}/condition-ver-status", "confirmed", "Confirmed"),
        "category": [concept(f"{CATEGORY}/condition-category", "problem-list-item", "Problem List Item")],
    }
    named = concept(ICD, code, display, text)
    return _resource("Condition", number, **status, code=named, recordedDate=_day(100 + number % 3000))


def _observation(number: int, code: Json, value: float, unit: str, days_ago: int) -> Json:
    category = [concept(f"{CATEGORY}/observation-category", "laboratory", "Laboratory")]
    when = f"{_day(days_ago)}T08:{number % 60:02}:00-05:00"
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    given: Json = {"status": "final", "category": category, "code": code, "effectiveDateTime": when}
    return _resource("Observation", number, **given, valueQuantity=quantity)


def _report(number: int, title: str, days_ago: int, words: str) -> Json:
    category = [concept(f"{CATEGORY}/v2-0074", "RAD", "Radiology", "Radiology")]
    when = {"effectiveDateTime": f"{_day(days_ago)}T10:05:00-05:00"}
    return _resource(
        "DiagnosticReport",
        number,
        status="final",
        category=category,
        code={"text": title},
        **when,
        conclusion=words,
    )


def _liver_report(number: int, new_words: bool) -> Json:
    words = LIVER_REPORT.format(mark=MARK, before=_day(400), segment=number % 8 + 1, size=8)
    words = words.replace(". ", f", image {MARK}. ") if new_words else words
    return _report(1_000_000 + number, "US abdomen complete", 10 + 7 * number, words)


def _other_report(number: int) -> Json:
    title, _, words = _STUDIES[number % len(_STUDIES)]
    return _report(number, title, 30 + number % 1500, f"IMPRESSION: {words} ({MARK})")


def _images(number: int) -> Json:
    title, modality, _ = _STUDIES[number % len(_STUDIES)]
    coded = [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": modality}]
    started = f"{_day(30 + number % 1500)}T10:00:00Z"
    return _resource(
        "ImagingStudy", number, status="available", modality=coded, description=title, started=started
    )
