"""What came of one consultation: as columns of a row, and as far as two of them are compared."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from cards.vocabulary import Verdict
from cds_service.consultation import Consultation, OrderOutcome
from cds_service.fhir.datatypes.elements import codings, mapping, mappings, texts, word
from cds_service.guideline.terms.judging import Terms, procedures_named

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one consultation, as far as two of them are compared."""

    verdict: str
    variants: str = ""
    rating: str = ""
    medians: str = ""
    asks: str = ""
    cautions: str = ""
    cards: tuple[str, ...] = ()  # how loud each one is
    suggested: str = ""


def answer_of(told: Consultation, terms: Terms, ordered: tuple[str, ...]) -> Answer:
    """The answer about the one order that was asked about. `ordered`: the studies it may mean."""
    if not told.orders:
        return Answer(Verdict.UNREADABLE.value)
    one: OrderOutcome = told.orders[0]
    cards = mappings(told.response.get("cards"))
    return Answer(
        verdict=one.verdict.value,
        variants=";".join(map(str, one.variants)),
        rating=one.rating.value if one.rating else "",
        medians=";".join(map(str, one.medians)),
        asks=";".join(one.asks),
        cautions=";".join(one.cautions),
        cards=tuple(word(card.get("indicator")) for card in cards),
        suggested=";".join(_suggested(cards, terms, ordered)),
    )


def changes(one: Answer, other: Answer) -> str:
    """What differs between two answers: names of members, "" = nothing."""
    return ";".join(f.name for f in fields(Answer) if getattr(one, f.name) != getattr(other, f.name))


def told_columns(answer: Answer, told: Consultation) -> dict[str, Any]:
    """What a row says of its answer."""
    indication = told.orders[0].indication if told.orders else None
    return {
        "procedures": ";".join(told.orders[0].procedures) if told.orders else "",
        "indication": indication.value if indication else "",
        "verdict": answer.verdict,
        "variants": answer.variants,
        "rating": answer.rating,
        "medians": answer.medians,
        "asks": answer.asks,
        "cautions": answer.cautions,
        "cards": len(answer.cards),
        "indicator": answer.cards[0] if answer.cards else "",
        "suggested": answer.suggested,
    }


def compared_columns(answer: Answer, other: Answer) -> dict[str, Any]:
    """What a row says of the answer by other content."""
    return {
        "other_verdict": other.verdict,
        "other_variants": other.variants,
        "other_rating": other.rating,
        "other_asks": other.asks,
        "other_cards": len(other.cards),
        "other_changes": changes(answer, other),
    }


def _suggested(cards: Iterable[Json], terms: Terms, ordered: tuple[str, ...]) -> list[str]:
    """Studies that a click would put in the place of the ordered one, best first."""
    actions = (
        action
        for card in cards
        for suggestion in mappings(card.get("suggestions"))
        for action in mappings(suggestion.get("actions"))
    )
    codes = (mapping(action.get("resource")).get("code") for action in actions)
    named = (procedures_named(terms, codings(code), texts(code)) for code in codes if code)
    return list(dict.fromkeys(one[0] for one in named if len(one) == 1 and one != ordered))
