"""The requests that are measured: one hook call each, as bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from bench.charts import ICD, PATIENT, SERVER, Json, chart, concept
from bench.tokens import ALGORITHMS

CPT = "http://www.ama-assn.org/go/cpt"
PATH: Final = "/cds-services/liver-lesion-order-select"
KEYS: Final = {
    "Patient": "patient",
    "Condition": "conditions",
    "Observation": "observations",
    "DiagnosticReport": "reports",
    "AllergyIntolerance": "allergies",
    "Device": "devices",
    "Procedure": "procedures",
    "ImagingStudy": "imaging",
}
PET_CT = concept(CPT, "78815", "PET/CT skull base to mid-thigh", "FDG PET/CT skull base to mid-thigh")
LESION = concept(ICD, "R93.2", "Abnormal findings on diagnostic imaging of liver and biliary tract")
LESION |= {"text": "Indeterminate liver lesion on ultrasound"}
KNEE_MRI = concept(CPT, "73721", "MRI joint of lower extremity without contrast", "MRI knee right")
KNEE_PAIN = concept(ICD, "M25.561", "Pain in right knee", "Pain in right knee")


@dataclass(frozen=True)
class Body:
    """One kind of request. `goal`: CPU a request as a multiple of floor (b); None = only shown.

    `signed`: the algorithm of the token that each request carries; "" = the service is open.
    `worst`: only to show the most that it may cost, sent by one connection.
    """

    name: str
    content: bytes
    goal: float | None = None
    signed: str = ""
    worst: bool = False


def bodies() -> tuple[Body, ...]:
    """Every kind that is measured."""

    def asked(resources: int, reports: int, code: Json = PET_CT, reason: Json = LESION) -> bytes:
        return request(chart(resources, reports), code, reason)

    return (
        Body("6 kB", asked(5, 1), 2.5),
        Body("165 kB", asked(260, 2), 1.0),
        Body("2 MB", asked(3_000, 40), 1.2),
        Body("165 kB, out of scope", asked(260, 2, KNEE_MRI, KNEE_PAIN), 0.5),
        *(Body(f"6 kB, {algorithm} token", asked(5, 1), signed=algorithm) for algorithm in ALGORITHMS),
        Body("165 kB, no word seen before", request(chart(260, 2, new_words=True)), worst=True),
    )


def mixed() -> tuple[bytes, ...]:
    """What a day brings, to be sent in turn: mostly small charts, orders of all kinds, words never seen."""
    small, large, _, knees = (body.content for body in bodies()[:4])
    knee = request(chart(5, 1), KNEE_MRI, KNEE_PAIN)
    unseen = request(chart(12, 1, new_words=True))
    return (*(small, unseen, knee, small, unseen) * 6, large, knees)


def request(resources: Iterable[Json], code: Json = PET_CT, reason: Json = LESION) -> bytes:
    """A hook call with one draft order and this chart as prefetch."""
    order = {
        "resourceType": "ServiceRequest",
        "id": "draft",
        "status": "draft",
        "intent": "order",
        "code": code,
        "subject": {"reference": f"Patient/{PATIENT}"},
        "authoredOn": "2026-11-20",
        "reasonCode": [reason],
    }
    context = {
        "userId": "Practitioner/oncologist",
        "patientId": PATIENT,
        "selections": ["ServiceRequest/draft"],
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]},
    }
    instance = "6f1d2c9e-4b7a-4f0e-9a51-0c2f7d3b8e01"
    hook = {"hook": "order-select", "hookInstance": instance, "context": context}
    return orjson.dumps({**hook, "prefetch": _prefetch(resources)})


def _prefetch(resources: Iterable[Json]) -> dict[str, Any]:
    found: dict[str, list[Json]] = {key: [] for key in KEYS.values()}
    for resource in resources:
        found[KEYS[resource["resourceType"]]].append(resource)
    patient, *_ = found.pop("patient")
    return {"patient": patient, **{key: _searchset(key, each) for key, each in found.items()}}


def _searchset(key: str, resources: list[Json]) -> Json:
    kind = next(kind for kind, own in KEYS.items() if own == key)
    entries = [{"fullUrl": f"{SERVER}/{kind}/{each['id']}", "resource": each} for each in resources]
    link = [{"relation": "self", "url": f"{SERVER}/{kind}?patient={PATIENT}"}]
    searchset: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "link": link}
    return {**searchset, "entry": entries} if entries else searchset
