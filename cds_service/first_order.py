"""A running service's first order: wait until it is ready, send a sample request, show the cards."""

import json
import re
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.text import Text

from cds_service.console import show_cards
from cds_service.errors import RequestUnreadable
from cds_service.web.services import SERVICES

DAY: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}(?=[T\"])")
SERVICE_OF_HOOK: Final = {service.hook: service.id for service in SERVICES}
READY_WITHIN_S: Final = 30.0


def read_sample(path: Path, today: date) -> dict[str, Any]:
    """A request from a file, moved in time as a whole: its latest day becomes `today`.

    A sample is written once, but what counts as recent and how old the patient is depend on the clock.
    Raises RequestUnreadable.
    """
    text = path.read_text(encoding="utf-8")
    days = [date.fromisoformat(found) for found in DAY.findall(text)]
    shift = today - max(days) if days else timedelta()
    moved = DAY.sub(lambda found: (date.fromisoformat(found[0]) + shift).isoformat(), text)
    try:
        sample = json.loads(moved)
    except ValueError as error:
        raise RequestUnreadable(f"{path} is not JSON") from error
    if not isinstance(sample, dict) or sample.get("hook") not in SERVICE_OF_HOOK:
        raise RequestUnreadable(f"{path} is not an order-select or order-sign request", "hook")
    return sample


def send_first_order(
    base_url: str, sample: dict[str, Any], console: Console, going: Callable[[], bool]
) -> bool:
    """Send `sample` to the service at `base_url` and print the answer. False when that failed.

    `going` tells whether the service is still starting or up; when it is not, there is nothing to wait for.
    """
    with httpx.Client(base_url=base_url, timeout=READY_WITHIN_S, trust_env=False) as client:
        if not _ready(client, going):
            return False
        service = SERVICE_OF_HOOK[sample["hook"]]
        answer = client.post(f"/cds-services/{service}", json=sample)
    if answer.status_code != httpx.codes.OK:
        console.print(Text(f"The service answered {answer.status_code}: {answer.text}", style="red"))
        return False
    console.print(Text(f"A draft order was sent to {base_url}/cds-services/{service}. The answer:"))
    show_cards(console, answer.json())
    what_now = "  (open it in a browser; Ctrl-C stops it)"
    console.print(Text.assemble("\nServing at ", (base_url, "bold"), what_now))
    return True


def _ready(client: httpx.Client, going: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + READY_WITHIN_S
    while going() and time.monotonic() < give_up:
        try:
            if client.get("/readyz").is_success:
                return True
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.05)
    return False
