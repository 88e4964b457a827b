"""`liver-cds feedback` and `liver-cds migrate`."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cds_service.cli import cli
from cds_service.errors import StoreUnreachable
from tests.store.stores import NOW, card, consultation, keep, opened, order, told


def _run(url: str, *arguments: str) -> Result:
    environ = {"LIVER_CDS_DATABASE_URL": url, "COLUMNS": "160"}
    return CliRunner().invoke(cli, arguments, env=environ)


def _tenants(url: str, *options: str) -> Sequence[dict[str, object]]:
    tenants: Sequence[dict[str, object]] = json.loads(_run(url, "feedback", "--json", *options).stdout)[
        "tenants"
    ]
    return tenants


def test_migrating_says_what_it_did(url: str) -> None:
    assert "brought up to date" in _run(url, "migrate").stdout
    assert "store: up to date" in _run(url, "migrate").stdout
    assert _tenants(url) == []
    assert "Nothing has been recorded." in _run(url, "feedback").stdout


def test_feedback_for_people_says_everything_that_was_counted(sqlite_url: str) -> None:
    taken, refused = card(), card()
    records = [consultation(order(taken)), consultation(order(refused, procedure=None, variants=()))]
    told_of = [
        told(taken.uuid, "accepted", accepted=(taken.suggestions[0].uuid,)),
        told(refused.uuid, reason_system="[red]urn:s", reason_code="refused"),
        told("nobody-knows-it"),
    ]
    keep(sqlite_url, records, told_of)
    shown = _run(sqlite_url, "feedback").stdout
    assert "2 consultations, 2 cards shown: 1 accepted, 1 overridden, 0 of which nothing was heard" in shown
    assert "1 cards that we were told about and have no record of" in shown
    assert "lost" not in shown
    lines = [line.split() for line in shown.splitlines()]
    for row in (["6", "1", "1", "0"], ["none", "1", "0", "1"], ["pet", "1", "1", "0"], ["mri", "1"]):
        assert row in lines
    assert ["refused", "[red]urn:s", "1"] in lines
    assert ["no", "reason", "given", "1"] in lines


def test_feedback_since_a_day_and_of_one_tenant(sqlite_url: str) -> None:
    old, new = consultation(order(card()), at=NOW - timedelta(days=2)), consultation(order(card()))
    keep(sqlite_url, [old, new, consultation(tenant="south")])
    assert [t["cards"] for t in _tenants(sqlite_url)] == [2, 0]
    assert [t["cards"] for t in _tenants(sqlite_url, "--since", "2026-11-21")] == [1, 0]
    assert [t["tenant"] for t in _tenants(sqlite_url, "--tenant", "south")] == ["south"]


def test_lost_consultations_are_spoken_of(sqlite_url: str) -> None:
    async def run() -> None:
        async with opened(sqlite_url, outbox_capacity=1) as store:
            store.outbox.put(consultation())
            store.outbox.put(consultation())

    asyncio.run(run())
    assert "1 consultations were lost" in _run(sqlite_url, "feedback").stdout


@pytest.mark.parametrize("command", ["feedback", "migrate"])
def test_a_place_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path, command: str) -> None:
    result = _run(f"postgresql://u:secret@/liver?host={tmp_path}", command)
    assert isinstance(result.exception, StoreUnreachable)
    assert str(tmp_path) in str(result.exception).replace("%2F", "/")
    assert "secret" not in str(result.exception) + result.output


def test_asking_before_anything_was_recorded_says_so(sqlite_url: str) -> None:
    result = _run(sqlite_url, "feedback")
    assert isinstance(result.exception, StoreUnreachable)
    assert "nothing has been recorded yet" in str(result.exception)
