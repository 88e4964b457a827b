"""What can be taken in one click: another study, an answer, an indication.

Every suggested order is the client's own JSON with one edit, and carries its own rating.
"""

from dataclasses import replace
from typing import Any

from cards import caution_wording, wording
from cards.advice import Answer, Json, RatedStudy
from cards.annotation import foreign, marked, marked_undetermined, suggested_mark, unmarked
from cards.card import INDICATION, REMOVE_ORDER, Suggestion, create, delete, update
from cards.case import Case
from cards.edits import (
    as_new_draft,
    entries,
    local_reference,
    with_answer,
    with_history,
    with_reason,
    with_study,
)
from cards.escaping import plain
from cards.profiles import Replacement
from cards.vocabulary import Verdict

WORDS_LIMIT = 120


def replacements(case: Case) -> tuple[Suggestion, ...]:
    """The offered studies in the form that this client takes, best first."""
    make = _updated if case.profile.replacement is Replacement.UPDATE else _created_and_deleted
    return tuple(suggestion for study in case.offered for suggestion in make(case, study))


def answers(case: Case) -> tuple[Suggestion, ...]:
    """One suggestion per answer to every question that matters."""
    if not case.writes_reasons:
        return ()
    return tuple(_answered(case, answer) for ask in case.advice.asks for answer in ask.answers)


def answers_then_studies(case: Case) -> tuple[Suggestion, ...]:
    """The answers, then what is usually appropriate whatever they are."""
    return (*answers(case), *replacements(case))


def options_then_indication(case: Case) -> tuple[Suggestion, ...]:
    """What may stand in for a cautioned study, then the reason that the order lacks."""
    return (*replacements(case), *_unmarked(indication(case)))


def indication(case: Case) -> tuple[Suggestion, ...]:
    """The indication as a reason of the order, whose rating stays as it is."""
    advice = case.advice
    if advice.indication is None or not case.writes_reasons:
        return ()
    does = wording.reason_added(indication_words(advice.indication))
    resource = _rated(case, with_reason(advice.order, advice.indication), advice.ordered)
    return (Suggestion(case.new_id(), does, (update(does, resource),), True, INDICATION),)


def _unmarked(suggestions: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
    """Not recommended: the card is about something else, and only one of its suggestions can be taken."""
    return tuple(replace(suggestion, is_recommended=False) for suggestion in suggestions)


def indication_words(concept: Json) -> str:
    """The indication as a person reads it; it may come from the chart."""
    displays = [coding.get("display") for coding in entries(concept, "coding") if isinstance(coding, dict)]
    named = (words for words in (concept.get("text"), *displays) if words)
    return plain(str(next(named, wording.THE_LESION)), WORDS_LIMIT)


def _answered(case: Case, answer: Answer) -> Suggestion:
    resource = _rated(case, with_answer(case.advice.order, answer), None)
    words = plain(answer.reason_text, WORDS_LIMIT)
    action = update(wording.reason_added(words), resource)
    code = " ".join(coding.code for coding in answer.codings)
    return Suggestion(case.new_id(), words, (action,), offers=code)


def _updated(case: Case, study: RatedStudy) -> tuple[Suggestion, ...]:
    title = study.study.plain_title
    action = update(wording.replaced(case.title, title), _exchanged(case, study))
    label = wording.change_to(title, _grade(case, study))
    return (Suggestion(case.new_id(), label, (action,), case.recommends(study), study.study.id),)


def _created_and_deleted(case: Case, study: RatedStudy) -> tuple[Suggestion, ...]:
    """Both or neither is marked: the new order alone would leave the patient with two."""
    ordering = wording.order_new(study.study.plain_title, _grade(case, study))
    removing, recommended = wording.remove(case.title), case.recommends(study)
    new = create(ordering, as_new_draft(_exchanged(case, study)))
    old = delete(removing, local_reference(case.advice.order))
    return (
        Suggestion(case.new_id(), ordering, (new,), recommended, study.study.id),
        Suggestion(case.new_id(), removing, (old,), recommended, REMOVE_ORDER),
    )


def _grade(case: Case, study: RatedStudy) -> str:
    """What is offered to a question is usually appropriate, though some answers leave it unrated."""
    covered = case.advice.verdict is Verdict.UNDETERMINED and study.rating is None
    cautioned = plain(caution_wording.caution_words(study.cautions), WORDS_LIMIT)
    return wording.joined(wording.WHERE_COVERED if covered else "", wording.grade(study), cautioned)


def _exchanged(case: Case, study: RatedStudy) -> dict[str, Any]:
    """The order for another study. Any rating on it, whoever's, was of the study that goes."""
    order = with_study(unmarked(case.advice.order), study.study, cpt_first=case.profile.cpt_first)
    if case.advice.history is not None:
        order = with_history(order, case.advice.history, study.protocol)
    return _rated(case, order, study)


def _rated(case: Case, order: Json, study: RatedStudy | None) -> dict[str, Any]:
    """The order with the rating of `study`. Without one it carries none, or says so if it has to."""
    if foreign(order, case.advice.qcdsm):
        return dict(order)
    mark = suggested_mark(study, case.advice.qcdsm)
    if mark is not None:
        return marked(order, mark, case.new_id)
    return marked_undetermined(order) if case.profile.marks_undetermined else unmarked(order)
