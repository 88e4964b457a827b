"""The chart as it was: what counts as known at the order, what came later, what nobody can tell."""

from typing import Any

import pytest

from cds_service.fhir.datatypes.dates import When, parse
from cds_service.replay.as_of import as_of

SEEN = {"effectiveDateTime": "2026-05-01"}
ORDER = "2026-05-20T10:00:00-05:00"


def _moment(written: str = ORDER) -> When:
    moment = parse(written)
    assert moment is not None
    return moment


def _lies(resource: dict[str, Any], written: str = ORDER) -> str:
    found = as_of([resource], _moment(written))
    if found.later:
        return "later"
    return "doubtful" if found.doubtful else "known"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"resourceType": "Condition", "recordedDate": "2026-05-19"}, "known"),
        ({"resourceType": "Condition", "recordedDate": "2026-05-20"}, "doubtful"),
        ({"resourceType": "Condition", "recordedDate": "2026-05-21"}, "later"),
        ({"resourceType": "Condition", "recordedDate": "2026-05-20T09:59:00-05:00"}, "known"),
        ({"resourceType": "Condition", "recordedDate": "2026-05-20T15:01:00Z"}, "later"),
        ({"resourceType": "Condition", "recordedDate": ORDER}, "known"),
        ({"resourceType": "Condition", "onsetDateTime": "2020", "recordedDate": "2026-06"}, "later"),
        ({"resourceType": "Condition", "onsetDateTime": "2020"}, "known"),
        ({"resourceType": "Condition", "recordedDate": "2026"}, "doubtful"),
        ({"resourceType": "Condition", "recordedDate": "yesterday", "assertedDate": "2026-07-01"}, "later"),
        ({"resourceType": "Condition"}, "doubtful"),
        ({"resourceType": "Condition", "dateRecorded": "2026-07-01"}, "later"),
        ({"resourceType": "DiagnosticReport", "effectiveDateTime": "2026-05-01"}, "known"),
        ({"resourceType": "DiagnosticReport", **SEEN, "issued": "2026-05-22T08:00:00Z"}, "later"),
        ({"resourceType": "Observation", "effectivePeriod": {"start": "2026-05", "end": "2026-06"}}, "later"),
        ({"resourceType": "Procedure", "performedPeriod": {"start": "2026-05-01"}}, "known"),
        ({"resourceType": "Procedure", "occurrenceDateTime": "2026-05-21"}, "later"),
        ({"resourceType": "ImagingStudy", "started": "2026-05-20T10:00:01-05:00"}, "later"),
        ({"resourceType": "AllergyIntolerance", "recordedDate": "2026-05-01"}, "known"),
        ({"resourceType": "Device", "manufactureDate": "2030-01-01"}, "doubtful"),
        ({"resourceType": "Patient"}, "known"),
    ],
)  # fmt: skip
def test_since_when_a_resource_is_known(resource: dict[str, Any], expected: str) -> None:
    assert _lies(resource) == expected


def test_zones_are_told_apart() -> None:
    resource = {"resourceType": "Observation", "issued": "2026-05-21T03:30:00Z"}
    assert _lies(resource, "2026-05-20T23:00:00-05:00") == "known"
    assert _lies(resource, "2026-05-20T22:00:00-05:00") == "later"


def test_an_order_of_a_day_without_a_time_sees_that_day_as_doubtful() -> None:
    resource = {"resourceType": "Observation", "issued": "2026-05-20T03:30:00Z"}
    assert _lies(resource, "2026-05-20") == "doubtful"


def test_a_problem_that_ended_later_had_not_ended() -> None:
    active = {"clinicalStatus": {"coding": [{"code": "resolved"}]}, "recordedDate": "2026-01-01"}
    problem = {"resourceType": "Condition", **active, "abatementDateTime": "2026-06-01"}
    (found,) = as_of([problem], _moment()).known
    assert "abatementDateTime" not in found
    assert found["clinicalStatus"]["coding"][0]["code"] == "active"
    (ended,) = as_of([{**problem, "abatementDateTime": "2026-05-01"}], _moment()).known
    assert ended["clinicalStatus"] == active["clinicalStatus"]


def test_what_is_certain_leaves_out_what_is_doubtful() -> None:
    old, undated = {"resourceType": "Condition", "recordedDate": "2020-01-01"}, {"resourceType": "Device"}
    found = as_of([old, undated], _moment())
    assert found.known == [old, undated]
    assert found.certain == [old]
