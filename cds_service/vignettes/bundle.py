"""A vignette as a CDS Hooks request, with the chart as prefetch or to be fetched from a FHIR server."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from cds_service.vignettes.resources import (
    Chart,
    Resource,
    answer_reason,
    concept,
    patient_id,
    tag,
    without_blanks,
)
from cds_service.vignettes.scene import Order, PrefetchKey, Reason, Scene

TYPES: Final[dict[PrefetchKey, str]] = {
    "patient": "Patient",
    "conditions": "Condition",
    "observations": "Observation",
    "reports": "DiagnosticReport",
    "allergies": "AllergyIntolerance",
    "devices": "Device",
    "procedures": "Procedure",
    "imaging": "ImagingStudy",
}
PREFETCH_SERVER = "https://ehr.example/fhir"
SUPPRESSED = "Some results were suppressed because the client is not authorized to see them."


def draft(case: Scene, order: Order, number: int, chart: Chart) -> Resource:
    """The draft ServiceRequest; only the first one carries the case's reasons and answers."""
    reasons = case.reasons if number == 1 else ()
    answers = case.answers if number == 1 else ()
    return without_blanks(
        {
            "resourceType": "ServiceRequest",
            "id": f"{tag(case)}-draft-{number}",
            "status": "draft",
            "intent": "order",
            "code": concept(order),
            "orderDetail": [{"text": order.detail}] if order.detail else [],
            "subject": chart.subject,
            "reasonCode": [concept(reason) for reason in reasons if not reason.refers_to]
            + [answer_reason(codes) for codes in answers],
            "reasonReference": [_referred(reason, chart) for reason in reasons if reason.refers_to],
        }
    )


def _referred(reason: Reason, chart: Chart) -> Resource:
    return {"reference": f"Condition/{chart.problem_ids[reason.refers_to or '']}"}


def drafts(case: Scene, chart: Chart) -> list[Resource]:
    orders = (case.order, *case.also_drafted)
    return [draft(case, order, number, chart) for number, order in enumerate(orders, 1)]


def request(case: Scene, today: date, *, fhir_server: str | None = None, token: str = "") -> Resource:
    """One hook call. With `fhir_server`: no prefetch, the chart is to be fetched there with `token`."""
    chart = Chart(case, today)
    orders = drafts(case, chart)
    context: Resource = {
        "userId": "Practitioner/vignettes",
        "patientId": patient_id(case),
        "draftOrders": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": order} for order in orders],
        },
    }
    if case.hook == "order-select":
        context["selections"] = [f"ServiceRequest/{orders[0]['id']}"]
    if fhir_server:
        data: Resource = {"fhirServer": fhir_server, "fhirAuthorization": _authorization(case, token)}
    else:
        data = {"prefetch": prefetch(case, chart.resources)}
    return {
        "hook": case.hook,
        "hookInstance": str(uuid5(NAMESPACE_URL, case.name)),
        "context": context,
        **data,
    }


def _authorization(case: Scene, token: str) -> Resource:
    """A token whose scope leaves out what the case says is not to be had."""
    granted = (f"user/{kind}.read" for key, kind in TYPES.items() if key not in case.missing)
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": " ".join(granted),
        "subject": "cds-service",
    }


def fetchable(case: Scene) -> bool:
    """Whether a FHIR server can stand for this case: it cannot hold results back or lose pages."""
    return not set(case.missing.values()) & {"suppressed", "more-pages"}


def prefetch(case: Scene, resources: Sequence[Resource]) -> Resource:
    """Every prefetch key that the case leaves available, each with its own kind of resource."""
    sent: Resource = {}
    for key, kind in TYPES.items():
        found = [resource for resource in resources if resource["resourceType"] == kind]
        match case.missing.get(key):
            case "not-sent":
                continue
            case "failed":
                sent[key] = _outcome("error", "The search failed.")
            case shortfall:
                sent[key] = found[0] if key == "patient" else _searchset(case, kind, found, shortfall)
    return sent


def _searchset(case: Scene, kind: str, found: Sequence[Resource], shortfall: str | None) -> Resource:
    search = f"{PREFETCH_SERVER}/{kind}?patient={quote(patient_id(case))}"
    links = [{"relation": "self", "url": search}]
    if shortfall == "more-pages":
        links.append({"relation": "next", "url": f"{search}&page=2"})
    entries = [
        {"fullUrl": f"{PREFETCH_SERVER}/{kind}/{resource['id']}", "resource": resource} for resource in found
    ]
    if shortfall == "suppressed":
        entries.append({"resource": _outcome("warning", SUPPRESSED), "search": {"mode": "outcome"}})
    return without_blanks({"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})


def _outcome(severity: str, words: str) -> Resource:
    issue: dict[str, Any] = {"severity": severity, "code": "suppressed", "diagnostics": words}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def chart_resources(case: Scene, today: date) -> Sequence[Resource]:
    """The case's resources, as a FHIR server holds them."""
    return Chart(case, today).resources
