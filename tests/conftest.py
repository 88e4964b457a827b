"""Fixtures that every kind of test may use."""

import os

from hypothesis import HealthCheck, settings

from tests.fhir_server import fhir_server
from tests.reports.summary import pytest_terminal_summary

__all__ = ["fhir_server", "pytest_terminal_summary"]

# A busy machine is no fault of a property: no example is timed. Where CI is set the examples repeat.
settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("untimed")
