"""Text of a chart on a card is words: never a link, a picture, markup, a mention or a table's cell.

Whole requests go through the whole service, with attacks at any text of the chart and the orders; every card
is then shown by two renderers of GitHub-flavoured Markdown that also make links of bare addresses.
"""

import copy
import html
import json
import logging
import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from starlette.testclient import TestClient

from cards.profiles import PROFILES
from cds_service.app import create_app
from cds_service.settings import Settings
from tests.contract.planting import Json, Place, one_of, places, planted, vignettes, with_every_channel

ATTACKS = (
    "[Renew licence](https://evil.example/x)",
    "[Renew licence][1]\n\n[1]: https://evil.example",
    "![x](https://evil.example/x.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<a href=https://evil.example>x</a>",
    "&lt;img src=x&gt; &#60;b&#62; &#x3c;i&#x3e;",
    "<https://evil.example>",
    "https://evil.example/a?b=c",
    "HTTP://EVIL.EXAMPLE",
    "www.evil.example",
    "evil.com/login",
    "mail nurse@evil.example",
    "mailto:nurse@evil.example",
    "xmpp:nurse@evil.example/room",
    "@nurse please call",
    "javascript:alert(1)",
    "a | b\n--|--\nc | d",
    "| a | b |\n|---|---|\n| c | d |",
    "# heading\n\n> quote\n\n---\n\n```\ncode\n```",
    "1. one\n2. two\n- [x] done",
    "*a* **b** _c_ ~~d~~ `e` <!-- f -->",
    "\\",
    "\u202egnp.exe\u202c \u200bhidden\ufeff",
    "\u3002evil\uff0ecom \uff20nurse",
)
FRAGMENTS = (
    "http",
    "https",
    ":",
    "//",
    "www",
    ".",
    "evil",
    "com",
    "@",
    "[",
    "](",
    ")",
    "<",
    ">",
    "|",
    "\n",
    "&",
    "#",
)
TEXTS = st.one_of(
    st.sampled_from(ATTACKS),
    st.lists(st.sampled_from([*ATTACKS, *FRAGMENTS, " ", "8 mm"]), max_size=6).map("".join),
    st.text(max_size=80),
)
HOW = st.sampled_from(("after", "before", "amid", "instead"))
CLIENTS = sorted(PROFILES)
# What our own wording uses: paragraphs, lists and strong words. Attributes belong to none of them.
OUR_TAGS = {"p", "ul", "li", "strong"}
# What a client may make of a line of plain text, if it renders that at all: emphasis changes no meaning.
PLAIN_TAGS = OUR_TAGS | {"em", "del", "s"}
OUR_HOSTS = {"127.0.0.1", "acsearch.acr.org"}
TAG = re.compile(r"<\s*([/!?a-z][^>]*)>?", re.IGNORECASE)
ADDRESS = re.compile(r"\w://|\bwww\.\w|\w@\w|@\w|(?<![\d.])\b\w+\.(?:com|org|example)\b", re.IGNORECASE)
MARKDOWN_IT = MarkdownIt("gfm-like", {"linkify": True, "html": True})


def shown(markdown: str) -> Iterator[str]:
    """The HTML that clients make of it, raw HTML allowed."""
    extensions = ["autolink", "table", "strikethrough", "tasklist"]
    yield cmarkgfm.markdown_to_html_with_extensions(
        markdown, options=Options.CMARK_OPT_UNSAFE, extensions=extensions
    )
    yield MARKDOWN_IT.render(markdown)


def live(page: str, tags: Collection[str] = OUR_TAGS) -> list[str]:
    """What in a page is more than words and these tags."""
    strange = [tag for tag in TAG.findall(page) if tag.lstrip("/") not in tags]
    return strange + ADDRESS.findall(html.unescape(re.sub(r"<[^>]*>", "", page)))


def wording(card: Json) -> Iterator[str]:
    """Everything a client may show of a card, beside its detail."""
    yield card["summary"]
    yield card["source"]["label"]
    yield from (reason["display"] for reason in card.get("overrideReasons", ()))
    yield from (link["label"] for link in card.get("links", ()))
    for suggestion in card.get("suggestions", ()):
        yield suggestion["label"]
        yield from (action["description"] for action in suggestion["actions"])


def ask(service: TestClient, asked: Json) -> Json:
    answer = service.post(
        f"/cds-services/liver-lesion-{asked['hook']}",
        content=json.dumps(asked),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (200, 412), answer.text
    body: Json = answer.json()
    return body


@pytest.fixture(scope="module")
def services() -> Iterator[dict[str, TestClient]]:
    """The service as each kind of EHR is answered."""
    with ExitStack() as running:
        apps = {name: create_app(Settings(open_profile=name, open_protocol=True)) for name in CLIENTS}
        entered = {name: running.enter_context(TestClient(app)) for name, app in apps.items()}
        logging.disable(logging.CRITICAL)
        yield entered
        logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def with_cards(services: dict[str, TestClient]) -> list[Json]:
    """The vignettes that are answered with a card, with texts in more places than they have."""
    fuller = map(with_every_channel, vignettes()[::4])
    return [asked for asked in fuller if ask(services["spec"], asked).get("cards")]


def check(answer: Json) -> None:
    for card in answer.get("cards", ()):
        found = [strange for page in shown(card["detail"]) for strange in live(page)]
        assert found == [], card["detail"]
        for text in wording(card):
            assert "\n" not in text
            assert [strange for page in shown(f"x {text}") for strange in live(page, PLAIN_TAGS)] == [], text
        assert {urlsplit(link["url"]).hostname for link in card.get("links", ())} <= OUR_HOSTS


@settings(max_examples=200)
@given(st.data())
def test_no_text_of_a_chart_comes_alive_on_a_card(
    services: dict[str, TestClient], with_cards: list[Json], data: st.DataObject
) -> None:
    asked = copy.deepcopy(one_of(data, with_cards))
    at = st.sampled_from(places(asked, words_only=data.draw(st.booleans())))
    for place in data.draw(st.lists(at, min_size=1, max_size=5, unique=True)):
        planted(asked, place, data.draw(TEXTS), data.draw(HOW))
    check(ask(services[data.draw(st.sampled_from(CLIENTS))], asked))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_in_every_text_at_once(
    services: dict[str, TestClient], with_cards: list[Json], attack: str
) -> None:
    answered = 0
    for number, asked in enumerate(with_cards[:: max(1, len(with_cards) // 12)]):
        hostile = copy.deepcopy(asked)
        for place in places(hostile):
            planted(hostile, place, attack, "after")
        answer = ask(services[CLIENTS[number % len(CLIENTS)]], hostile)
        answered += bool(answer.get("cards"))
        check(answer)
    assert answered


# Kinds of text that cards show; the rest is read and never shown.
ON_CARDS = (
    "AllergyIntolerance.code.text",
    "AllergyIntolerance.reaction.manifestation.text",
    "Condition.code.text",
    "Device.type.text",
    "DiagnosticReport.code.text",
    "ImagingStudy.description",
    "Observation.code.text",
    "Observation.valueCodeableConcept.text",
    "Observation.valueQuantity.unit",
    "Procedure.code.text",
    "ServiceRequest.code.text",
    "ServiceRequest.reasonCode.text",
)


def channel(asked: Json, place: Place) -> str:
    """The kind of place: resource type and member."""
    value: Any = asked
    kind = ""
    for step in place[:-1]:
        value = value[step]
        kind = value.get("resourceType", kind) if isinstance(value, dict) else kind
    names = [str(step) for step in place if isinstance(step, str)]
    return f"{kind}.{'.'.join(names[names.index('resource') + 1 :] if 'resource' in names else names[-1:])}"


def test_texts_of_a_chart_do_reach_cards(services: dict[str, TestClient]) -> None:
    """Else the others here would test nothing: a word planted there is found on a card."""
    awaited = set(ON_CARDS)
    for asked in map(with_every_channel, vignettes()):
        for place in places(asked):
            name = channel(asked, place)
            if name in awaited:
                marked = copy.deepcopy(asked)
                planted(marked, place, "Zebrafish", "after")
                cards = ask(services["spec"], marked).get("cards", ())
                if any("Zebrafish" in card["detail"] + card["summary"] for card in cards):
                    awaited.discard(name)
        if not awaited:
            return
    pytest.fail(f"never shown on a card: {', '.join(sorted(awaited))}")
