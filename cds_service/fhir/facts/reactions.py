"""Earlier reactions to contrast: gadolinium, iodinated and ultrasound contrast are three facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.elements import (
    JsonObject,
    codings,
    mappings,
    status_words,
    texts,
    word,
    words_of,
)
from cds_service.fhir.facts.problems import CONFIRMED, GAPS, NO_WORDS, UNCONFIRMED, Problem, latest_first
from cds_service.fhir.records import Entry, Records
from cds_service.guideline.chart import NO, Choice, Evidence, Searched
from cds_service.guideline.terms.judging import Judgement, Standing, Terms, judge_all

MILD, MODERATE, SEVERE = "mild", "moderate", "severe"
DEGREES = (MILD, MODERATE, SEVERE)
UNSPECIFIED = "contrast-allergy-unspecified"
AGENTS = {
    "gadolinium_reaction": "gadolinium-agent",
    "iodinated_contrast_reaction": "iodinated-contrast-agent",
    "ultrasound_contrast_reaction": "ultrasound-contrast-agent",
}
CONCEPTS = (*AGENTS.values(), UNSPECIFIED)
ANAPHYLAXIS = frozenset(("39579001",))
ALARMING = (
    "anaphyla",
    "shock",
    "cardiac arrest",
    "respiratory arrest",
    "laryngeal edema",
    "angioedema of larynx",
)
PRESUMED = CONFIRMED | {"presumed"}


@dataclass(frozen=True, slots=True)
class Reaction:
    """One recorded reaction. `degrees`: how severe it may have been. `doubt`: why it proves nothing."""

    judged: Mapping[str, Judgement]
    degrees: tuple[str, ...]
    evidence: Evidence
    doubt: str


def read_reactions(records: Records, terms: Terms) -> list[Reaction]:
    """Every usable AllergyIntolerance that may be to a contrast medium."""
    found = records.alike("AllergyIntolerance", lambda said: _judged(said, terms))
    return [_reaction(entry, judged) for entry, judged in found]


def _judged(allergy: JsonObject, terms: Terms) -> Mapping[str, Judgement] | None:
    """How it stands to each agent; None when it stands for none."""
    code, reactions = allergy.get("code"), mappings(allergy.get("reaction"))
    substances = [reaction.get("substance") for reaction in reactions]
    found = [*codings(code), *(c for substance in substances for c in codings(substance))]
    said = [*texts(code), *(text for substance in substances for text in texts(substance))]
    judged = judge_all(terms, found, said)
    stands = any(name in judged and judged[name].standing is not Standing.NO for name in CONCEPTS)
    return judged if stands else None


def _reaction(entry: Entry, judged: Mapping[str, Judgement]) -> Reaction:
    code, reactions = entry.raw.get("code"), mappings(entry.raw.get("reaction"))
    when = dates.of(
        entry.raw, "lastOccurrence", "onsetDateTime", "onsetPeriod", "recordedDate", "assertedDate"
    )
    return Reaction(
        judged,
        _degrees(reactions),
        entry.evidence(_shown(code, reactions), when),
        _doubt(entry),
    )


def _shown(code: object, reactions: Sequence[JsonObject]) -> str:
    manifestations = (words_of(one) for r in reactions for one in _manifestations(r))
    named = ", ".join(dict.fromkeys(name for name in manifestations if name))
    return f"{words_of(code)}: {named}" if named else words_of(code)


def _manifestations(reaction: JsonObject) -> list[JsonObject]:
    return mappings(reaction.get("manifestation"))


def _degrees(reactions: Sequence[JsonObject]) -> tuple[str, ...]:
    """The worst degree stated; all of them when none is."""
    stated = {word(reaction.get("severity")).lower() for reaction in reactions}
    if SEVERE in stated or any(_is_alarming(reaction) for reaction in reactions):
        return (SEVERE,)
    return next(((degree,) for degree in (MODERATE, MILD) if degree in stated), DEGREES)


def _is_alarming(reaction: JsonObject) -> bool:
    named = [coding for one in _manifestations(reaction) for coding in codings(one)]
    said = [*(c.display for c in named), *(t for one in _manifestations(reaction) for t in texts(one))]
    said.append(word(reaction.get("description")))
    codes = {coding.code for coding in named}
    return bool(codes & ANAPHYLAXIS) or any(alarm in text.lower() for text in said for alarm in ALARMING)


def _doubt(entry: Entry) -> str:
    if not entry.reliable:
        return f"an entry that cannot be relied on: {entry.doubt}"
    verification = status_words(entry.raw.get("verificationStatus"))
    if verification and verification.isdisjoint(PRESUMED):
        return UNCONFIRMED
    clinical = status_words(entry.raw.get("clinicalStatus"))
    return "only a past entry" if clinical & {"inactive", "resolved"} else ""


def reaction_facts(
    reactions: Sequence[Reaction], problems: Sequence[Problem], records: Records
) -> dict[str, Choice]:
    """The three facts: `no`, or how severe the worst reaction may have been."""
    both = [*reactions, *(_of_problem(problem) for problem in problems)]
    searched = records.searched("allergies", "conditions")
    return {fact: _fact(both, concept, searched) for fact, concept in AGENTS.items()}


def _of_problem(problem: Problem) -> Reaction:
    """A Condition such as "allergy to contrast media": no degree. One without words is no allergy."""
    judged = {
        concept: judgement
        for concept in CONCEPTS
        if (judgement := problem.judged[concept]).standing is not Standing.UNREADABLE
    }
    doubt = problem.entry.doubt or (UNCONFIRMED if problem.tentative else "")
    return Reaction(judged, DEGREES, problem.evidence(), doubt)


def _fact(reactions: Sequence[Reaction], concept: str, searched: Searched) -> Choice:
    proven: list[Reaction] = []
    hints: dict[str, list[Reaction]] = {}
    for reaction in reactions:
        why = _why_open(reaction, concept)
        if why == "":
            proven.append(reaction)
        elif why is not None:
            hints.setdefault(why, []).append(reaction)
    if proven:
        return Choice(_worst(proven), _worst_first(proven), searched)
    if hints:
        shown = latest_first(one.evidence for every in hints.values() for one in every)
        return Choice((NO, *DEGREES), shown, searched, "; ".join(hints))
    if searched is Searched.COMPLETE:
        return Choice((NO,))
    return Choice((NO, *DEGREES), (), searched, GAPS[searched])


def _why_open(reaction: Reaction, concept: str) -> str | None:
    """ "" when the reaction is to this agent, None when to something else, else why it is open."""
    missing = Judgement(Standing.NO)
    named, unspecified = reaction.judged.get(concept, missing), reaction.judged.get(UNSPECIFIED, missing)
    if named.standing is Standing.YES:
        return reaction.doubt
    if named.standing is Standing.UNREADABLE:
        return NO_WORDS
    if named.standing is Standing.UNSURE:
        return "only an uncertain entry"
    elsewhere = any(reaction.judged.get(a, missing).standing is Standing.YES for a in AGENTS.values())
    if unspecified.standing in (Standing.YES, Standing.UNSURE) and not elsewhere:
        return "the kind of contrast is not stated"
    return None


def _worst(proven: Sequence[Reaction]) -> tuple[str, ...]:
    """The least severe reading of the worst reaction, and everything above that is still possible."""
    floor = max(DEGREES.index(reaction.degrees[0]) for reaction in proven)
    open_above = {degree for reaction in proven for degree in reaction.degrees}
    return tuple(degree for degree in DEGREES[floor:] if degree in open_above)


def _worst_first(proven: Sequence[Reaction]) -> tuple[Evidence, ...]:
    """The reactions that make it as bad as it is, then the others: a later rash explains no earlier shock."""
    worst = max(DEGREES.index(reaction.degrees[0]) for reaction in proven)
    by_weight = (
        [r.evidence for r in proven if (DEGREES.index(r.degrees[0]) == worst) is t] for t in (True, False)
    )
    return tuple(evidence for part in by_weight for evidence in latest_first(part))
