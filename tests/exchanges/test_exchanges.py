"""A few whole exchanges, byte for byte: what an EHR sends and what it gets."""

import json
from pathlib import Path
from typing import Any

import pytest

from cards.invariants import violations
from tests.exchanges.recorded import answered, files, read


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_answered_as_written_down(path: Path) -> None:
    exchange = read(path)
    assert _lines(answered(exchange["request"])) == _lines(exchange["response"])


def _lines(response: dict[str, Any]) -> list[str]:
    """Line by line, so that a failing test shows what changed."""
    return json.dumps(response, indent=2, ensure_ascii=False).splitlines()


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_follows_the_standard(path: Path) -> None:
    exchange = read(path)
    drafts = [entry["resource"] for entry in exchange["request"]["context"]["draftOrders"]["entry"]]
    assert violations(exchange["response"], drafts) == ()


def test_the_exchanges_there_are() -> None:
    assert {path.stem for path in files()} == {
        "biopsy",
        "exactly-1-cm",
        "mri-appropriate",
        "mri-low-egfr",
        "no-criteria",
        "pet-ct",
    }
