"""What clinicians do, in a browser: charts from the tables, filters, and the password that is asked for."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.service import running
from tests.browser.test_pages import LOOKS, leave_picture, serious_faults
from tests.store.stores import card, consultation, opened, order, told, until

OpenPage = Callable[..., Page]

PASSWORD = "the operator's password"
OPERATOR = {"username": "operator", "password": PASSWORD}
PET = "fdg-pet-ct-skull-base-to-mid-thigh"
BIOPSY = "image-guided-biopsy-liver"


async def _recorded(url: str) -> None:
    """Ten weeks: every other card accepted, every third of the rest overridden."""
    now = datetime.now(UTC)
    async with opened(url) as store:
        items = []
        for number in range(60):
            shown, at = card(), now - timedelta(days=number)
            about = order(shown, procedure=PET if number % 3 else BIOPSY, variants=(6 if number % 4 else 3,))
            store.outbox.put(consultation(about, at=at))
            if number % 2 == 0:
                items.append(told(shown.uuid, "accepted", at=at))
            elif number % 3 == 0:
                items.append(told(shown.uuid, at=at, reason_system="urn:ehr", reason_code="SPECIALIST"))
        await until(lambda: store.outbox.written == 60)
        await store.keep_feedback("north", "liver-lesion-order-select", items)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with something to tell."""
    folder = tmp_path_factory.mktemp("analytics")
    url = f"sqlite:///{folder / 'store.sqlite3'}"
    with ThreadPoolExecutor(1) as apart:  # this thread's event loop belongs to the browser
        apart.submit(lambda: asyncio.run(_recorded(url))).result()
    with running(folder, {"LIVER_CDS_DATABASE_URL": url, "LIVER_CDS_OPERATOR_PASSWORD": PASSWORD}) as address:
        yield address


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_draws_what_its_tables_say(open_page: OpenPage, look: str) -> None:
    page = open_page("/analytics", http_credentials=OPERATOR, **LOOKS[look])
    expect(page.locator(".chart:visible canvas")).to_have_count(5)
    assert page.locator("canvas").evaluate_all("all => all.every(one => one.width > 100 && one.height > 60)")
    leave_picture(page, f"analytics-{look}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert serious_faults(page) == []


def test_filters(open_page: OpenPage) -> None:
    page = open_page("/analytics", http_credentials=OPERATOR)
    page.get_by_label("Variant", exact=True).select_option("3")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#variants-table tbody tr")).to_have_count(1)
    expect(page.locator("#variants-table tbody")).to_contain_text("Variant 3")
    expect(page.get_by_label("Variant", exact=True)).to_have_value("3")
    with page.expect_download() as download:
        page.get_by_role("link", name="orders and cards").click()
    assert ",3,rated," in Path(download.value.path()).read_text(encoding="utf-8")


def test_without_scripts_there_are_the_tables(open_page: OpenPage) -> None:
    page = open_page("/analytics", http_credentials=OPERATOR, java_script_enabled=False)
    expect(page.locator("#reasons-table")).to_contain_text("SPECIALIST")
    expect(page.locator(".chart:visible")).to_have_count(0)


def test_the_page_is_small_enough(open_page: OpenPage, watched: Any) -> None:
    page = open_page("/analytics", http_credentials=OPERATOR)
    page.wait_for_load_state("networkidle")
    assert 0 < watched.bytes < 200_000
