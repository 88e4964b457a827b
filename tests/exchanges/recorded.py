"""Whole request-response pairs, kept as readable JSON beside this file.

`python -m tests.exchanges.recorded` asks every request again and writes the responses down. Read the
difference before it is committed: it is what an EHR will see.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from cds_service.app import build_desk
from cds_service.consult import consult
from cds_service.hooks import parse_request
from cds_service.settings import Settings

HERE = Path(__file__).parent
NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)  # the day as of which the exchanges were written


def files() -> list[Path]:
    """Every exchange: `{"why", "request", "response"}`."""
    return sorted(HERE.glob("*.json"))


def read(path: Path) -> dict[str, Any]:
    """One exchange."""
    exchange: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return exchange


def answered(asked: dict[str, Any]) -> dict[str, Any]:
    """The response to a request, with identifiers that count up instead of random ones."""
    return asyncio.run(_answered(json.dumps(asked).encode()))


async def _answered(body: bytes) -> dict[str, Any]:
    ids = _identifiers()
    async with httpx.AsyncClient() as http:
        desk = build_desk(Settings(), http)
        consultation = await consult(parse_request(body), desk, NOW, lambda: next(ids))
    response: dict[str, Any] = json.loads(json.dumps(consultation.response))
    return response


def _identifiers() -> Iterator[str]:
    return (f"00000000-0000-4000-8000-{number:012x}" for number in count(1))


def main() -> None:
    """Write every response anew."""
    for path in files():
        exchange = read(path)
        exchange["response"] = answered(exchange["request"])
        path.write_text(json.dumps(exchange, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
