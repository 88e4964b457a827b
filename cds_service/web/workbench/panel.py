"""The EHR's side panel: the draft order and the cards, ready to be shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from markupsafe import Markup

from cards.annotation import RATING
from cds_service.web.markdown import rendered

Json: TypeAlias = Mapping[str, Any]

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "appropriate": ("appropriate", "good"),
    "not-appropriate": ("not appropriate", "poor"),
    "no-criteria-apply": ("no criteria apply", "open"),
    "undetermined": ("not determined", "open"),
}


@dataclass(frozen=True, slots=True)
class DraftShown:
    """A draft order. `rating`: what stands on it after the answer, with its class; "" = nothing."""

    title: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    rating: str = ""
    tone: str = "open"


@dataclass(frozen=True, slots=True)
class SuggestionShown:
    """A button. `key`: "card.suggestion", what the page sends when it is taken."""

    key: str
    label: str
    recommended: bool


@dataclass(frozen=True, slots=True)
class LinkShown:
    """Somewhere to read on. Links to pages of ours stay on this host, however the service is reached."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class CardShown:
    """One card."""

    indicator: str
    summary: str
    detail: Markup
    suggestions: tuple[SuggestionShown, ...]
    reasons: tuple[str, ...]
    links: tuple[LinkShown, ...]
    source: str


def drafts_shown(request: Json, response: Json) -> tuple[DraftShown, ...]:
    """The draft orders of a request, with the rating that the answer puts on each."""
    context = request.get("context")
    bundle = context.get("draftOrders") if isinstance(context, Mapping) else None
    entries = bundle.get("entry") if isinstance(bundle, Mapping) else None
    resources = [e.get("resource") for e in _objects(entries)]
    rated = {_name(action["resource"]): action["resource"] for action in response.get("systemActions", ())}
    return tuple(_draft(found, rated.get(_name(found), found)) for found in _objects(resources))


def cards_shown(response: Json, public_url: str) -> tuple[CardShown, ...]:
    """The cards of an answer."""
    return tuple(_card(number, card, public_url) for number, card in enumerate(response.get("cards", ())))


def _card(number: int, card: Json, public_url: str) -> CardShown:
    suggestions = (
        SuggestionShown(f"{number}.{place}", suggestion["label"], bool(suggestion.get("isRecommended")))
        for place, suggestion in enumerate(card.get("suggestions", ()))
    )
    return CardShown(
        card["indicator"],
        card["summary"],
        rendered(card.get("detail", "")),
        tuple(suggestions),
        tuple(reason["display"] for reason in card.get("overrideReasons", ())),
        tuple(LinkShown(link["label"], here(link["url"], public_url)) for link in card.get("links", ())),
        card["source"]["label"],
    )


def here(url: str, public_url: str) -> str:
    """A link to ourselves as a path: whoever looks at this page has reached us already."""
    ours, theirs = urlsplit(public_url), urlsplit(url)
    return theirs.path if (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc) else url


def _draft(draft: Json, annotated: Json) -> DraftShown:
    rating, tone = STATES.get(_rating(annotated), ("", "open"))
    return DraftShown(
        _words(draft.get("code")) or "An order without words",
        tuple(filter(None, map(_words, _objects(draft.get("reasonCode"))))),
        tuple(str(note["text"]) for note in _objects(draft.get("note")) if note.get("text")),
        rating,
        tone,
    )


def _rating(order: Json) -> str:
    extensions = (e for e in _objects(order.get("extension")) if e.get("url") == RATING)
    concepts = _objects(e.get("valueCodeableConcept") for e in extensions)
    codings = (coding for concept in concepts for coding in _objects(concept.get("coding")))
    return str(next(codings, {}).get("code", ""))


def _words(concept: object) -> str:
    """What a person would see of a CodeableConcept."""
    if not isinstance(concept, Mapping):
        return ""
    displays = (str(c["display"]) for c in _objects(concept.get("coding")) if c.get("display"))
    codes = (str(c["code"]) for c in _objects(concept.get("coding")) if c.get("code"))
    return str(concept.get("text") or next(displays, "") or next(codes, ""))


def _name(resource: Json) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def _objects(values: object) -> Iterator[Json]:
    """The objects among what ought to be a list of objects."""
    listed: Sequence[object] = list(values) if isinstance(values, Sequence | Iterator) else ()
    return (value for value in listed if isinstance(value, Mapping))
