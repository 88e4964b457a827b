"""Fixtures that every kind of test may use."""

from tests.fhir_server import fhir_server
from tests.reports.summary import pytest_terminal_summary

__all__ = ["fhir_server", "pytest_terminal_summary"]
