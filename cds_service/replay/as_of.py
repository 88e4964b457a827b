"""The chart as it was when an order was written: what had been recorded by then.

A resource counts from when it was recorded or issued, else from when what it tells of happened. One of the
order's own day that has no time of day, and one without any date, may or may not have been there: it counts,
and is *doubtful*. An export holds no history, so that a resource's later changes cannot be undone, except a
problem's end: one that ended after the order had not ended yet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import Order, When
from cds_service.fhir.datatypes.elements import mapping

Json: TypeAlias = Mapping[str, Any]

# Members that tell since when a resource has been known, the best first, in every release of FHIR.
KNOWN_SINCE: Mapping[str, tuple[str, ...]] = {
    "Condition": (
        *("recordedDate", "assertedDate", "dateRecorded"),
        *("onsetDateTime", "onsetPeriod", "abatementDateTime"),
    ),
    "Observation": ("issued", "effectiveDateTime", "effectiveInstant", "effectivePeriod"),
    "DiagnosticReport": ("issued", "effectiveDateTime", "effectivePeriod"),
    "AllergyIntolerance": ("recordedDate", "assertedDate", "onsetDateTime", "onsetPeriod", "lastOccurrence"),
    "Procedure": (
        *("performedDateTime", "performedPeriod", "performedDate"),
        *("occurrenceDateTime", "occurrencePeriod"),
    ),
    "ImagingStudy": ("started",),
}
_ENDED = ("abatementDateTime", "abatementPeriod", "abatementString", "abatementAge", "abatementRange")
_ACTIVE = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
}


@dataclass(slots=True)
class AsOf:
    """A chart divided by one moment. `doubtful` ones are in `known` too."""

    known: list[Json] = field(default_factory=list)
    later: list[Json] = field(default_factory=list)
    doubtful: list[Json] = field(default_factory=list)

    @property
    def certain(self) -> list[Json]:
        """What was there beyond doubt."""
        doubted = {id(one) for one in self.doubtful}
        return [one for one in self.known if id(one) not in doubted]


def as_of(chart: Iterable[Json], moment: When) -> AsOf:
    """Divide a chart. `moment`: when the order was written, at least its day."""
    divided = AsOf()
    for resource in chart:
        since = known_since(resource)
        if resource.get("resourceType") == "Patient":
            divided.known.append(resource)
            continue
        match _lies(since, moment):
            case Order.AFTER:
                divided.later.append(resource)
            case Order.BEFORE:
                divided.known.append(_not_ended_yet(resource, moment))
            case _:
                divided.known.append(_not_ended_yet(resource, moment))
                divided.doubtful.append(divided.known[-1])
    return divided


def known_since(resource: Json) -> When | None:
    """Since when a resource has been known; None when it carries no date that tells."""
    members = KNOWN_SINCE.get(str(resource.get("resourceType")), ())
    for member in members:
        value = resource.get(member)
        if isinstance(value, Mapping):  # a study is known when it is over
            value = value.get("end") or value.get("start")
        when = dates.parse(value)
        if when is not None:
            return when
    return None


def _lies(since: When | None, moment: When) -> Order:
    """A month or a year that has the order's day in it is as unclear as no date."""
    found = dates.order_with_times(since, moment)
    if found is Order.SAME_DAY and since and since.moment and since.moment == moment.moment:
        return Order.BEFORE
    return found


def _not_ended_yet(resource: Json, moment: When) -> Json:
    """A problem that ended later, without its end."""
    if resource.get("resourceType") != "Condition":
        return resource
    ended = dates.of(resource, *_ENDED[:2])
    if dates.order_with_times(ended, moment) is not Order.AFTER:
        return resource
    still = {name: value for name, value in mapping(resource).items() if name not in _ENDED}
    return {**still, "clinicalStatus": _ACTIVE} if "clinicalStatus" in still else still
