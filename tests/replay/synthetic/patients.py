"""One synthetic patient: a vignette, other orders, a life around it, and what must come of each order."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

from cards.vocabulary import Verdict
from cds_service.vignettes import bundle
from cds_service.vignettes.case import Case
from cds_service.vignettes.resources import Chart, patient_id
from cds_service.vignettes.scene import LOCAL_SYSTEM
from tests.replay.synthetic.noise import life

Json = dict[str, Any]
CPT = "http://www.ama-assn.org/go/cpt"
SNOMED = "http://snomed.info/sct"
LOCAL = "urn:oid:1.2.840.114350.1.13.7.2.696580"
BEST = "mri-abdomen-without-and-with-iv-contrast"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
ZONE = timezone(timedelta(hours=-5))
FIRST_DAY, DAYS = date(2025, 1, 1), 365

RACES = ("White", "White", "White", "Black or African American", "Asian", "")
ETHNICITIES = ("Not Hispanic or Latino", "Not Hispanic or Latino", "Hispanic or Latino", "")
LANGUAGES = ("en", "en", "en", "en-US", "es", "vi", "")


@dataclass(frozen=True, slots=True)
class Known:
    """What must come of one order. None = whatever; `row` False: it is no imaging order and gets no row."""

    order: str
    patient: str
    row: bool = True
    status: str = "decided"
    verdict: str | None = None
    rating: str | None = None
    variants: str | None = None
    asks: str | None = None
    cautions: str | None = None
    card: str | None = None  # the indicator; "none"
    later_changes: bool | None = False  # of the verdict; None = perhaps
    later_verdict: str | None = None
    agreement: str | None = None


@dataclass(slots=True)
class Made:
    """A patient: resources to write, ready lines of noise, and the answers."""

    resources: list[Json] = field(default_factory=list)
    lines: list[tuple[str, bytes]] = field(default_factory=list)  # type and line
    known: list[Known] = field(default_factory=list)


def make(number: int, cases: tuple[Case, ...], chance: random.Random, noise: int) -> Made:
    """Patient `number`. `noise`: how many resources stand around that nobody reads."""
    case = cases[chance.randrange(len(cases))]
    case = case.model_copy(update={"name": f"{case.name} #{number}"})
    day = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
    made = Made()
    chart = Chart(case, day)
    who = patient_id(case)
    made.resources += [
        _described(r, chance) if r["resourceType"] == "Patient" else r for r in chart.resources
    ]
    order = bundle.draft(case, case.order, 1, chart)
    written = datetime(
        day.year, day.month, day.day, 9 + chance.randrange(8), chance.randrange(60), tzinfo=ZONE
    )
    order |= {"status": chance.choice(("completed", "active", "revoked")), "authoredOn": written.isoformat()}
    order["requester"] = {"reference": f"Practitioner/dr-{chance.randrange(40)}"}
    known = _expected(case, order, who)
    known = _afterwards(case, order, day, known, made, chance)
    made.resources.append(_as_sent(order, chance, made, known))
    _other_order(who, number, made, chance)
    made.lines += life(who, day, noise, chance)
    return made


def _described(patient: Json, chance: random.Random) -> Json:
    """With the groups that the equity table is about."""
    race, ethnicity = chance.choice(RACES), chance.choice(ETHNICITIES)
    language = chance.choice(LANGUAGES)
    extensions = [
        {"url": f"{US_CORE}/us-core-{name}", "extension": [
            {"url": "ombCategory", "valueCoding": {"code": "x", "display": value}},
            {"url": "text", "valueString": value},
        ]}
        for name, value in (("race", race), ("ethnicity", ethnicity)) if value
    ]  # fmt: skip
    spoken = {"communication": [{"language": {"coding": [{"code": language}]}, "preferred": True}]}
    return {**patient, **({"extension": extensions} if extensions else {}), **(spoken if language else {})}


def _expected(case: Case, order: Json, who: str) -> Known:
    expect = case.expect
    return Known(
        order=f"ServiceRequest/{order['id']}",
        patient=who,
        row=bool(case.order.text) or any(one.system != LOCAL_SYSTEM for one in case.order.codings()),
        verdict=expect.verdict.value if expect.verdict else None,
        rating=expect.rating.value if expect.rating else "",
        variants=None if expect.variants is None else ";".join(map(str, expect.variants)),
        asks=";".join(sorted(expect.asks)),
        cautions=";".join(sorted(set(expect.cautions) - {"radiation-history"})),
        card=str(getattr(expect.card, "value", expect.card)),
    )


def _afterwards(case: Case, order: Json, day: date, known: Known, made: Made, chance: random.Random) -> Known:
    """What the export holds from after the order: it must not count, and what it would change is known."""
    told: dict[str, Any] = {}
    about = known.verdict not in (Verdict.NOT_APPLICABLE.value, None)
    if chance.random() < 0.5:
        after = day + timedelta(days=chance.randrange(3, 40))
        done = BEST if chance.random() < 0.5 else "as-ordered"
        made.resources.append(_study_done(order, after, done, chance))
        if about and case.order.study:
            ordered = done != BEST or BEST in case.order.study
            told["agreement"] = "as-ordered" if ordered else _other_agreement(case)
    elif about:
        told["agreement"] = "none-found"
    if chance.random() < 0.15:
        made.resources.append(_liver_cancer(order, day + timedelta(days=chance.randrange(2, 90))))
        answered = any(code.startswith("characterization.") for codes in case.answers for code in codes)
        if answered:
            told["later_changes"] = False  # what the clinician stated outranks the chart
        elif known.verdict == Verdict.RATED.value:
            told |= {"later_changes": True, "later_verdict": Verdict.NOT_APPLICABLE.value}
        elif known.verdict is not None:
            told["later_changes"] = None
    return _with(known, **told)


def _other_agreement(case: Case) -> str | None:
    """The MRI was done instead: what the card had suggested, where the case says what it suggests."""
    if case.expect.card == "none":
        return "another-study"
    suggested = case.expect.suggests
    return None if suggested is None else "as-suggested" if BEST in suggested else "another-study"


def _with(known: Known, **told: Any) -> Known:
    members = {name: getattr(known, name) for name in Known.__slots__}
    return Known(**{**members, **told})


def _study_done(order: Json, day: date, done: str, chance: random.Random) -> Json:
    """An ImagingStudy or a Procedure that names the order as its basis, dated after it."""
    best = {"coding": [{"system": CPT, "code": "74183"}], "text": "MRI abdomen without and with IV contrast"}
    named = best if done == BEST else order["code"]
    kind = chance.choice(("ImagingStudy", "Procedure"))
    members: Json = {
        "resourceType": kind,
        "id": f"{order['id']}-done",
        "subject": order["subject"],
        "basedOn": [{"reference": f"ServiceRequest/{order['id']}"}],
    }
    if kind == "Procedure":
        return members | {"status": "completed", "code": named, "performedDateTime": f"{day}T10:00:00-05:00"}
    return members | {"status": "available", "procedureCode": [named], "started": f"{day}T10:00:00-05:00"}


def _liver_cancer(order: Json, day: date) -> Json:
    return {
        "resourceType": "Condition",
        "id": f"{order['id']}-hcc",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "code": {
            "coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "C22.0"}],
            "text": "Hepatocellular carcinoma",
        },
        "subject": order["subject"],
        "recordedDate": day.isoformat(),
    }


def _as_sent(order: Json, chance: random.Random, made: Made, known: Known) -> Json:
    """The order in one of the shapes that exports hold, and its answer under the name it then has."""
    shape = chance.random()
    if shape < 0.03:  # STU3
        order = {**order, "resourceType": "ProcedureRequest"}
        order["requester"] = {"agent": order["requester"]}
        known = _with(known, order=f"ProcedureRequest/{order['id']}", agreement=None)
    elif shape < 0.06:  # R5
        concepts = [{"concept": reason} for reason in order.pop("reasonCode", [])]
        references = [{"reference": one} for one in order.pop("reasonReference", [])]
        order = {**order, "code": {"concept": order["code"]}}
        order |= {"reason": concepts + references} if concepts or references else {}
    elif shape < 0.08:
        del order["authoredOn"]
        known = Known(known.order, known.patient, known.row, status="no-authored-on")
    made.known.append(known)
    return order


Maker = Callable[[str, random.Random], tuple[Json, Mapping[str, Any]]]


def _other_order(who: str, number: int, made: Made, chance: random.Random) -> None:
    """Another imaging order of the same patient, and a lab order that is none of our business."""
    members, told = chance.choice(OTHERS)
    order: Json = {
        "resourceType": "ServiceRequest",
        "id": f"other-{number}",
        "status": "completed",
        "intent": "order",
        "subject": {"reference": f"Patient/{who}"},
        "authoredOn": f"{FIRST_DAY + timedelta(days=chance.randrange(DAYS))}T08:30:00Z",
        "requester": {"reference": f"Practitioner/dr-{chance.randrange(40)}"},
        **members,
    }
    made.resources.append(order)
    made.known.append(_with(Known(f"ServiceRequest/{order['id']}", who, rating="", card="none"), **told))
    lab = {**order, "id": f"lab-{number}", "code": {"text": "Complete blood count"}, "category": []}
    made.resources.append({name: value for name, value in lab.items() if name != "reasonCode"})
    made.known.append(Known(f"ServiceRequest/{lab['id']}", who, row=False))


def _coded(system: str, code: str, text: str, reason: str) -> Json:
    return {
        "code": {"coding": [{"system": system, "code": code}], "text": text},
        "reasonCode": [{"text": reason}],
    }


_OUT = {"verdict": Verdict.NOT_APPLICABLE.value}
OTHERS: tuple[tuple[Json, Mapping[str, Any]], ...] = (
    (_coded(CPT, "70450", "CT HEAD WO CONTRAST", "Headache"), _OUT),
    (_coded(CPT, "71046", "XR CHEST 2 VIEWS", "Cough"), _OUT),
    (_coded(CPT, "74183", "MRI ABDOMEN WITHOUT AND WITH CONTRAST", "Acute pancreatitis"), _OUT),
    (_coded(CPT, "78815", "PET CT SKULL BASE TO MID THIGH", "Staging of lymphoma"), _OUT),
    (
        {**_coded(LOCAL, "IMG4711", "RADIOLOGY CONSULT", "Second opinion"),
         "category": [{"coding": [{"system": SNOMED, "code": "363679005", "display": "Imaging"}]}]},
        _OUT,
    ),
    (
        {**_coded(CPT, "74183", "MRI ABDOMEN", "Liver lesion"), "status": "entered-in-error"},
        {"status": "entered-in-error"},
    ),
    (
        {**_coded(CPT, "74183", "MRI ABDOMEN", "Liver lesion"), "intent": "filler-order"},
        {"status": "filler-order"},
    ),
)  # fmt: skip
