"""Asks: the questions whose answers change the outcome, with answers that lead to the same one joined."""

from collections.abc import Sequence
from dataclasses import dataclass

from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.ways import PROCEDURE, Left, Outcome, Told, Way


@dataclass(frozen=True, slots=True)
class AskedAnswer:
    """Answers to one question that lead to the same outcome, offered as one."""

    values: tuple[str, ...]
    outcomes: frozenset[Outcome]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question whose answer changes the outcome."""

    question: str
    answers: tuple[AskedAnswer, ...]
    on_the_bound: bool = False


def asks_of(
    topic: GuidelineTopic,
    left: Sequence[Left],
    procedures: tuple[str, ...],
    results: Sequence[tuple[Way, Told]],
) -> tuple[Asked, ...]:
    about_chart = (
        _ask(one.question, one.values, results, one.on_the_bound) for one in left if len(one.values) > 1
    )
    about_order = (_ask_procedure(topic, procedures, results),) if len(procedures) > 1 else ()
    return tuple(asked for asked in (*about_chart, *about_order) if asked is not None)


def _ask(
    name: str, values: tuple[str, ...], results: Sequence[tuple[Way, Told]], on_the_bound: bool = False
) -> Asked | None:
    """The question with its answers grouped by what they lead to, or None when it makes no difference."""
    leads_to: dict[tuple[Outcome, ...], list[str]] = {}
    for value in values:
        leads_to.setdefault(tuple(r.outcome for way, r in results if way[name] == value), []).append(value)
    if len(leads_to) < 2:
        return None
    answers = tuple(AskedAnswer(tuple(group), frozenset(key)) for key, group in leads_to.items())
    return Asked(name, answers, on_the_bound)


def _ask_procedure(
    topic: GuidelineTopic, procedures: tuple[str, ...], results: Sequence[tuple[Way, Told]]
) -> Asked | None:
    """The question that tells the possible studies apart, if the topic has one and it matters."""
    by_study = _ask(PROCEDURE, procedures, results)
    for name, question in topic.questions.items():
        value_of = {spec.procedure: value for value, spec in question.values.items() if spec.procedure}
        if by_study is not None and set(procedures) <= set(value_of):
            answers = (
                AskedAnswer(tuple(value_of[p] for p in answer.values), answer.outcomes)
                for answer in by_study.answers
            )
            return Asked(name, tuple(answers))
    return None
