"""Building charts for tests: FHIR resources as an EHR would send them, and reading them."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any, TypeAlias

from cds_service.fhir.access.prefetch import KEY_OF_TYPE, KEYS, ResourceSet, State
from cds_service.fhir.chart_reader import read_chart
from cds_service.fhir.datatypes.sent import resource as sent
from cds_service.guideline.chart import Chart, Choice, Measure
from cds_service.guideline.content.library import load
from cds_service.guideline.terms.judging import Terms, compile_terms

Json: TypeAlias = dict[str, Any]

TODAY = date(2026, 6, 1)
BASE = "https://ehr.example/fhir"
SNOMED = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
CPT = "http://www.ama-assn.org/go/cpt"
UCUM = "http://unitsofmeasure.org"
LIVER = {"coding": [{"system": SNOMED, "code": "10200004", "display": "Liver structure"}]}
LESION = (SNOMED, "300331000", "Lesion of liver")


@cache
def terms() -> Terms:
    """The shipped vocabulary."""
    return compile_terms(load())


def concept(*codings: tuple[str, str, str], text: str = "") -> Json:
    """A CodeableConcept."""
    coded = [{"system": s, "code": c, **({"display": d} if d else {})} for s, c, d in codings]
    return {**({"coding": coded} if coded else {}), **({"text": text} if text else {})}


def resource(kind: str, name: str, owner: str = "subject", **members: Any) -> Json:
    """A resource of patient p1; a member set to None is left out."""
    made = {"resourceType": kind, "id": name, owner: {"reference": "Patient/p1"}, **members}
    return {key: value for key, value in made.items() if value is not None}


def condition(name: str, code: Json, day: str | None = None, **members: Any) -> Json:
    """An active, confirmed Condition."""
    states = {
        "clinicalStatus": concept(("x", "active", "")),
        "verificationStatus": concept(("x", "confirmed", "")),
    }
    return resource("Condition", name, **{**states, "code": code, "recordedDate": day, **members})


def observation(name: str, code: Json, day: str | None = None, **members: Any) -> Json:
    """A final Observation."""
    return resource(
        "Observation", name, **{"status": "final", "code": code, "effectiveDateTime": day, **members}
    )


def size(name: str, value: float, unit: str = "mm", day: str | None = "2026-05-20", **members: Any) -> Json:
    """The longest dimension of a lesion; of the liver unless `bodySite` says otherwise."""
    quantity = {"value": value, "unit": unit, "system": UCUM, "code": unit}
    given = {"bodySite": LIVER, "valueQuantity": quantity, **members}
    return observation(name, concept((LOINC, "33728-7", "Size.maximum dimension in Tumor")), day, **given)


def report(name: str, title: str, day: str | None = "2026-05-20", **members: Any) -> Json:
    """A final imaging report."""
    given = {"status": "final", "code": concept(text=title), "effectiveDateTime": day}
    return resource("DiagnosticReport", name, **{**given, **members})


def patient(name: str = "p1", **members: Any) -> Json:
    """A woman of 60."""
    return {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": "1966-03-01", **members}


def sets(
    resources: Iterable[Json], *, cut_short: Iterable[str] = (), not_sent: Iterable[str] = ()
) -> Mapping[str, ResourceSet]:
    """What came, by our keys; every other set was searched and is empty."""
    by_key: dict[str, list[Json]] = {key: [] for key in KEYS}
    for one in resources:
        by_key[KEY_OF_TYPE[one["resourceType"]]].append(one)
    return {
        key: ResourceSet(
            key,
            State.NOT_SENT if key in not_sent else State.SENT if found else State.EMPTY,
            tuple(map(sent, found)),
            cut_short=key in cut_short,
        )
        for key, found in by_key.items()
    }


def read(*resources: Json, base: str | None = BASE, **gaps: Iterable[str]) -> Chart:
    """The chart of patient p1, on the first of June 2026."""
    return read_chart(sets(resources, **gaps), terms(), "p1", base, TODAY)


def choice(chart: Chart, name: str) -> Choice:
    """A fact that is a Choice."""
    fact = chart.facts[name]
    assert isinstance(fact, Choice)
    return fact


def measure(chart: Chart, name: str) -> Measure:
    """A fact that is a Measure."""
    fact = chart.facts[name]
    assert isinstance(fact, Measure)
    return fact
