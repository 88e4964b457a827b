"""Fixtures that every kind of test may use."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.fhir_server import fhir_server
from tests.program import plain_environment, run
from tests.reports.summary import pytest_terminal_summary

__all__ = ["fhir_server", "plain_environment", "pytest_terminal_summary", "run"]

# A busy machine is no fault of a property: no example is timed. Where CI is set the examples repeat.
settings.register_profile(
    "untimed",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs that the tests start keep their store there, and not in that of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
