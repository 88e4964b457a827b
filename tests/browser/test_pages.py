"""Every page: no serious accessibility fault, nothing but our own files, small, and pictures to look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HERE, Watched

OpenPage = Callable[..., Page]

SCREENS: Final = HERE / "screens"  # git ignores it; a reviewer looks at it
AXE: Final = HERE / "node_modules" / "axe-core" / "axe.min.js"
LARGEST: Final = 200_000  # bytes over the network for a first visit

PAGES: Final = {
    "bench": "/",
    "bench-asks": "/?patient=no-size",
    "bench-conflict": "/?patient=both",
    "bench-silent": "/?patient=variant-4",
    "bench-cautions": "/?patient=cautions",
    "bench-refused": "/?patient=no-list",
    "topic": "/guidelines/liver-lesion?lesion-size=under-1-cm&extrahepatic-malignancy=yes",
    "variant": "/guidelines/liver-lesion/variants/6",
}
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {
        "color_scheme": "light",
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
    },
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_fault_and_fits_its_screen(open_page: OpenPage, name: str, look: str) -> None:
    """And leaves its picture, with everything unfolded."""
    page = open_page(PAGES[name], **LOOKS[look])
    page.evaluate("document.fonts.ready")
    leave_picture(page, f"{name}-{look}")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert serious_faults(page) == []


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_first_visit_is_light(open_page: OpenPage, watched: Watched, path: str) -> None:
    page = open_page(path)
    page.wait_for_load_state("networkidle")
    assert 0 < watched.bytes < LARGEST
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    assert painted is not None


def test_on_paper_there_is_no_button(open_page: OpenPage) -> None:
    page = open_page("/guidelines/liver-lesion/variants/6")
    page.emulate_media(media="print")
    expect(page.locator("header.site nav")).to_be_hidden()
    expect(page.locator(".studies li")).to_have_count(12)
    leave_picture(page, "variant-paper")


def test_the_map_shows_where_a_patient_falls(open_page: OpenPage) -> None:
    page = open_page("/guidelines/liver-lesion")
    page.get_by_label("Size").select_option("under-1-cm")
    page.get_by_label("First seen on").select_option("us")
    page.get_by_label("Cancer outside the liver").select_option("yes")
    page.get_by_label("Chronic liver disease").select_option("no")
    page.get_by_role("button", name="Show on the map").click()
    expect(page.locator(".map .here-yes")).to_have_count(1)
    expect(page.locator(".map .here-yes")).to_contain_text("6")
    page.locator(".map .here-yes a").click()
    expect(page.locator("h1")).to_have_text("Variant 6")


def serious_faults(page: Page) -> list[str]:
    """By axe-core: rule and first place. It runs outside the page's own policy, as a reviewer's tool does."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {fault['nodes'][0]['target']} {fault['nodes'][0]['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    ]


def leave_picture(page: Page, name: str) -> None:
    """For a reviewer to look at."""
    SCREENS.mkdir(exist_ok=True)
    page.screenshot(path=Path(SCREENS / f"{name}.png"), full_page=True)
