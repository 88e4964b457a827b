"""What a CDS Hooks answer says, and how it differs from what a vignette expects."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cards.annotation import RATING
from cards.vocabulary import ANSWER, ARGONAUT_RATING, Coding
from cds_service.guideline.terms.judging import Terms, procedures_named
from cds_service.vignettes.case import Case
from cds_service.vignettes.core import difference

Json: TypeAlias = Mapping[str, Any]

NO_CARD = "none"


@dataclass(frozen=True, slots=True)
class Offered:
    """What one suggestion would do to the draft: another study, or answers written on it."""

    study: str = ""
    answers: tuple[str, ...] = ()
    recommended: bool = False


def response_differences(case: Case, request: Json, response: Json, terms: Terms) -> list[str]:
    """One line per difference between the answer to a case's request and what the case expects."""
    card = next(iter(response["cards"]), None)
    draft = request["context"]["draftOrders"]["entry"][0]["resource"]
    offered = [_offered(draft, suggestion, terms) for suggestion in (card or {}).get("suggestions", ())]
    found = [
        difference("card", str(case.expect.card), card["indicator"] if card else NO_CARD),
        *_topic_differences(case, card),
        difference("number of cards", int(card is not None), len(response["cards"])),
        difference("annotation", case.expect.annotation, annotation_of(response)),
        *_study_differences(case, offered),
        *_answer_differences(case, offered),
        *_word_differences(case, card or {}),
    ]
    return [line for line in found if line]


def annotation_of(response: Json) -> str | None:
    """The `pama-rating` code that the answer's system actions put on the order."""
    for action in response.get("systemActions", ()):
        for extension in action["resource"].get("extension", ()):
            if extension["url"] == RATING:
                codings = extension["valueCodeableConcept"]["coding"]
                return next((c["code"] for c in codings if c["system"] == ARGONAUT_RATING), None)
    return None


def study_of(order: Json, terms: Terms) -> str:
    """The one study that an order's code means, or all it may mean, joined by " or "."""
    code = order.get("code") or {}
    codings = [Coding(c.get("system", ""), c.get("code", "")) for c in code.get("coding", ())]
    texts = [text for text in (code.get("text"), *_displays(code)) if text]
    return " or ".join(procedures_named(terms, codings, texts))


def answers_of(order: Json) -> frozenset[str]:
    """The answer codes among an order's reasons."""
    return frozenset(
        coding["code"]
        for reason in order.get("reasonCode", ())
        for coding in reason.get("coding", ())
        if coding.get("system") == ANSWER
    )


def _displays(code: Json) -> Iterable[str]:
    return (coding.get("display", "") for coding in code.get("coding", ()))


def _offered(draft: Json, suggestion: Json, terms: Terms) -> Offered:
    resource = suggestion["actions"][0].get("resource", {})
    changed = resource.get("code") != draft.get("code")
    return Offered(
        study=study_of(resource, terms) if changed else "",
        answers=tuple(sorted(answers_of(resource) - answers_of(draft))),
        recommended=suggestion.get("isRecommended", False),
    )


def _topic_differences(case: Case, card: Json | None) -> Iterable[str]:
    """By the code without hyphens, since some profiles drop them."""
    if case.expect.topic is not None:
        found = card["source"]["topic"]["code"] if card else NO_CARD
        yield difference("topic", case.expect.topic.value.replace("-", ""), found.replace("-", ""))


def _study_differences(case: Case, offered: Sequence[Offered]) -> Iterable[str]:
    expect = case.expect
    studies = [one.study for one in offered if one.study]
    if expect.recommends is not None:
        recommended = [one.study for one in offered if one.recommended]
        yield difference("recommends", [expect.recommends] if expect.recommends else [], recommended)
    if expect.suggests is not None:
        yield difference("suggests", list(expect.suggests), studies[: len(expect.suggests)])
    for study in expect.never_suggests:
        yield f"suggests {study}" if study in studies else ""


def _answer_differences(case: Case, offered: Sequence[Offered]) -> Iterable[str]:
    if case.expect.offers is not None:
        found = sorted(list(one.answers) for one in offered if one.answers)
        yield difference("offers", sorted(map(sorted, case.expect.offers)), found)


def _word_differences(case: Case, card: Json) -> Iterable[str]:
    words = _words(card)
    for phrase in case.expect.says:
        yield "" if phrase.lower() in words else f"does not say: {phrase}"
    for phrase in case.expect.never_says:
        yield f"says: {phrase}" if phrase.lower() in words else ""


def _words(card: Json) -> str:
    """All that a reader of the card sees, in lower case, without Markdown's backslashes."""
    labels = (suggestion["label"] for suggestion in card.get("suggestions", ()))
    text = "\n".join((card.get("summary", ""), card.get("detail", ""), *labels))
    return re.sub(r"\\(\W)", r"\1", text).lower()
