"""Replicas on one PostgreSQL, each a process of its own: what one knows the other knows."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cds_service.store import tables
from tests.callers import Caller
from tests.postgresql import Cluster
from tests.served import Served, served
from tests.store.serving import SELECT, feedback, overridden, sample, written
from tests.store.stores import rows

PUBLIC = "https://cds.example"
CALLER = Caller()
TENANTS = """
tenants:
  - id: north-hospital
    issuer: https://ehr.north.example/fhir
    jwks: {{file: {keys}}}
    algorithms: [ES384]
    fhir_servers: ["https://ehr.north.example/fhir"]
    profile: spec
    mode: {mode}
    {more}
"""


def _tenants(directory: Path, mode: str = "visible", more: str = "") -> str:
    keys = directory / "keys.json"
    keys.write_text(json.dumps(CALLER.key_set()))
    file = directory / "tenants.yaml"
    file.write_text(TENANTS.format(keys=keys, mode=mode, more=more))
    return str(file)


@pytest.fixture
def replicas(postgresql: Cluster, tmp_path: Path) -> Iterator[tuple[str, Served, Served]]:
    """A database, and two services on it that know one hospital, which may call ten times an hour."""
    url = postgresql.new_database()
    environ = {
        "DATABASE_URL": url,
        "PUBLIC_URL": PUBLIC,
        "TENANTS": _tenants(tmp_path, more="rate_limit: 10/hour"),
    }
    with ExitStack() as both:
        one, other = (both.enter_context(served(**environ)) for _ in range(2))
        yield url, one, other


def test_two_replicas_refuse_each_others_replayed_token(replicas: tuple[str, Served, Served]) -> None:
    _, one, other = replicas
    with one.client() as here, other.client() as there:
        first = CALLER.bearer(f"{PUBLIC}{SELECT}")
        assert here.post(SELECT, json=sample(), headers=first).status_code == 200
        assert [c.post(SELECT, json=sample(), headers=first).status_code for c in (here, there)] == [401, 401]
        second = CALLER.bearer(f"{PUBLIC}{SELECT}")
        assert there.post(SELECT, json=sample(), headers=second).status_code == 200
        assert here.post(SELECT, json=sample(), headers=second).status_code == 401
    assert '"reason":"replayed"' in one.written()


def test_two_replicas_share_rates_and_feedback(replicas: tuple[str, Served, Served]) -> None:
    url, one, other = replicas
    with one.client() as here, other.client() as there:
        answer = here.post(SELECT, json=sample(), headers=CALLER.bearer(f"{PUBLIC}{SELECT}"))
        (card,) = answer.json()["cards"]
        told = feedback(overridden(card["uuid"]))
        headers = CALLER.bearer(f"{PUBLIC}{SELECT}/feedback")
        assert there.post(f"{SELECT}/feedback", json=told, headers=headers).status_code == 200
        statuses = [
            client.post(SELECT, json=sample(), headers=CALLER.bearer(f"{PUBLIC}{SELECT}")).status_code
            for _ in range(6)
            for client in (here, there)
        ]
    assert statuses == [200] * 8 + [429] * 4  # of ten calls an hour, two were made above
    assert written(url, tables.cards)[0]["tenant"] == "north-hospital"
    assert [row["card"] for row in rows(url, tables.feedback)] == [card["uuid"]]
