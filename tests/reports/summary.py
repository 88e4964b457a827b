"""The accuracy of the report reader at the end of the test run's output."""

from pathlib import Path

import pytest

from tests.reports.labels import accuracy, load


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures after a run that held the report tests."""
    ran = (
        report.nodeid
        for reports in terminalreporter.stats.values()
        for report in reports
        if hasattr(report, "nodeid")
    )
    if any(nodeid.startswith("tests/reports/") for nodeid in ran):
        terminalreporter.section("report reader")
        for line in accuracy(load(Path(__file__).parent)).lines():
            terminalreporter.write_line(line)
