"""Checks of a topic's questions: each answer of the kind its fact needs, one answer for all that may be."""

from collections.abc import Collection, Iterator

from cds_service.guideline.chart import QUESTION_FACTS
from cds_service.guideline.content.checks import Finding, duplicates, unknown_name
from cds_service.guideline.content.strict_yaml import Path
from cds_service.guideline.content.topic_schema import Question, QuestionValue

_MEMBERS = ("facts", "measure", "procedure")
_NO_LESION = "none"  # answers no question: without a lesion nobody asks about it


def question_findings(here: Path, question: Question, procedures: Collection[str]) -> Iterator[Finding]:
    """Everything wrong with one question that its own shape allows."""
    if len(question.values) < 2:
        yield (*here, "values"), "has fewer than two answers, give the others"
    if question.fact is not None and question.fact not in QUESTION_FACTS:
        yield (*here, "fact"), unknown_name("fact", question.fact, QUESTION_FACTS)
        return
    kind = _kind(question)
    for name, value in question.values.items():
        yield from _value_findings((*here, "values", name), value, kind, question)
        if value.procedure is not None and value.procedure not in procedures:
            path = (*here, "values", name, "procedure")
            yield path, unknown_name("procedure", value.procedure, procedures)
    if kind == "measure" and question.boundary_wording is None:
        yield (*here, "boundary_wording"), "is missing: say how to ask at exactly the bound"
    yield from _overlap_findings((*here, "values"), question)
    if kind == "facts":
        yield from _unanswered_findings((*here, "values"), question)


def _kind(question: Question) -> str:
    """Which member the answers of this question need: `procedure`, `measure` or `facts`."""
    if question.fact is None:
        return "procedure"
    return "measure" if QUESTION_FACTS[question.fact] is None else "facts"


def _value_findings(here: Path, value: QuestionValue, kind: str, question: Question) -> Iterator[Finding]:
    given = [member for member in _MEMBERS if getattr(value, member)]
    if given != [kind]:
        yield here, f"needs `{kind}` and no other of {', '.join(_MEMBERS)}, for its question is of that kind"
        return
    allowed = QUESTION_FACTS.get(question.fact or "") or ()
    for i, fact_value in enumerate(value.facts):
        if fact_value not in allowed:
            yield (*here, "facts", i), unknown_name(f"value of {question.fact}", fact_value, allowed)
    if value.measure is not None and (value.measure.below is None) == (value.measure.above is None):
        yield (*here, "measure"), "needs either below or above, give one of the two"
    if value.measure is not None and value.boundary_text is None:
        yield (*here, "boundary_text"), "is missing: say what stands on the order at exactly the bound"


def _overlap_findings(here: Path, question: Question) -> Iterator[Finding]:
    facts = [(name, fact) for name, value in question.values.items() for fact in value.facts]
    for i in duplicates(fact for _, fact in facts):
        yield (*here, facts[i][0]), f"{facts[i][1]} belongs to another answer as well, decide for one"
    measures = [value.measure for value in question.values.values() if value.measure]
    below = [m.below for m in measures if m.below is not None and m.above is None]
    above = [m.above for m in measures if m.above is not None and m.below is None]
    same_side = len(below) > 1 or len(above) > 1
    if same_side or (below and above and below[0] > above[0]):
        yield here, "the answers overlap, lower `below` or raise `above`"
    elif below and above and below[0] < above[0]:
        yield here, f"no answer holds from {below[0]:g} to {above[0]:g}, raise `below` or lower `above`"


def _unanswered_findings(here: Path, question: Question) -> Iterator[Finding]:
    """A value without an answer would fall out where the fact is open, and another one pass for settled."""
    answered = {fact for value in question.values.values() for fact in value.facts}
    possible = QUESTION_FACTS[question.fact or ""] or ()
    left = [fact for fact in possible if fact not in answered and fact != _NO_LESION]
    if left and answered.issubset(possible):  # else one of them may only be misspelt
        yield here, f"no answer has {', '.join(left)} under `facts`, add it to one"
