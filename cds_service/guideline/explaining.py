"""The finding tree of an assessment: what was judged, on what evidence, and which variants held."""

from collections.abc import Mapping

from cds_service.guideline.content.topic_schema import GuidelineTopic, Variant
from cds_service.guideline.criteria import Possible
from cds_service.guideline.finding import Finding
from cds_service.guideline.indication import Applies
from cds_service.guideline.reach import Reached


def explained(
    topic: GuidelineTopic, possible: Mapping[str, Possible], found: Reached, scope: Applies
) -> Finding:
    """Scope first, then every question, then every variant; a variant that cannot hold stays one line."""
    judged = tuple(_judged(topic, name, answer) for name, answer in possible.items())
    variants = tuple(
        _variant_finding(topic, variant, possible, found.standing[variant.number])
        for variant in topic.variants
    )
    statement = f"{found.ways} way(s) the open facts may fall: {found.verdict.value}"
    return Finding(statement, True, parts=(Finding(scope.why, True), *judged, *variants))


def _judged(topic: GuidelineTopic, name: str, answer: Possible) -> Finding:
    question = topic.questions[name]
    labels = " or ".join(question.values[value].label for value in answer.values)
    note = f" ({answer.note})" if answer.note else ""
    return Finding(f"{question.subject}: {labels}{note}", None if answer.open else True, answer.evidence)


def _variant_finding(
    topic: GuidelineTopic, variant: Variant, possible: Mapping[str, Possible], standing: bool | None
) -> Finding:
    criteria = () if standing is False else variant.criteria.items()
    parts = tuple(_criterion(topic, name, allowed, possible[name]) for name, allowed in criteria)
    return Finding(f"variant {variant.number}", standing, parts=parts)


def _criterion(topic: GuidelineTopic, name: str, allowed: tuple[str, ...], answer: Possible) -> Finding:
    fitting = [value in allowed for value in answer.values]
    holds = True if all(fitting) else None if any(fitting) else False
    labels = " or ".join(topic.questions[name].values[value].label for value in allowed)
    return Finding(f"{topic.questions[name].subject}: {labels}", holds, answer.evidence)
