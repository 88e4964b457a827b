"""Advise: turn one assessment into what the cards are told. The only place that knows both sides."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import takewhile

from cards.advice import (
    Advice,
    Answer,
    Ask,
    Opinion,
    RatedStudy,
    Step,
    Study,
)
from cards.vocabulary import ANSWER, Band, Coding, Rating, Verdict
from cds_service.fhir.orders import DraftOrder
from cds_service.guideline.asks import Asked, AskedAnswer
from cds_service.guideline.assess import Assessment
from cds_service.guideline.cautions import Concerns
from cds_service.guideline.chart import MRI_RESULT
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.reach import Option
from cds_service.guideline.ways import Kind, Outcome
from cds_service.patient_cautions import PatientCautions, not_looked_for, old_lines
from cds_service.patient_history import history_of, lesion_reason, radiation_lines, with_done
from cds_service.patient_lines import fact_lines, indication_text, remarks, settled_lines, unknown
from cds_service.rated_studies import Letterhead, page_url, rated_option


def advise(
    head: Letterhead, assessment: Assessment, draft: DraftOrder, drafted: Iterable[str], today: date
) -> Advice:
    """The advice on one draft. `drafted`: catalogue ids of the session's other drafts."""
    topic = head.topic
    patient = PatientCautions(head.library, assessment.chart, today, head.max_age_days)
    in_scope = assessment.verdict is not Verdict.NOT_APPLICABLE
    ordered = patient.about(assessment.procedures if in_scope else ())
    done = {one.procedure: one.evidence for one in reversed(assessment.chart.done_lately)}
    better = with_done(patient.told(rated_option(head, option) for option in _better(assessment)), done)
    always_usual = with_done(patient.told(_always_usual(head, assessment)), done)
    leading = [study for study in (*better, *always_usual) if not study.withdrawn][:1]
    lead = patient.about(study.study.id for study in leading)
    bearing = () if assessment.verdict is Verdict.AFTER_MRI else (ordered, lead)
    adds = [name for name in assessment.procedures if _is_ionizing(head, name)] if in_scope else []
    next_to = adds or [study.study.id for study in leading if _is_ionizing(head, study.study.id)]
    radiation = radiation_lines(assessment.chart) if next_to else ()
    settled = settled_lines(topic, assessment)
    text = indication_text(settled, assessment)
    return Advice(
        order=draft.raw,
        reference=draft.reference,
        verdict=assessment.verdict,
        ordered=_ordered(head, assessment, draft),
        ordered_title=_ordered_title(head.library, assessment, draft),
        source=head.reference(assessment.rows),
        qcdsm=head.qcdsm,
        cautions=patient.cards(ordered),
        better=better,
        beside=_beside(head, assessment, patient, lead if leading else ordered),
        best_case=max(_by_band(assessment), key=_band, default=None),
        worst_case=min(_by_band(assessment), key=_band, default=None),
        uncovered=any(outcome.kind is Kind.NO_CRITERIA for outcome in assessment.outcomes),
        always_usual=always_usual,
        may_mean=patient.told(_may_mean(head, assessment)),
        opinions=_opinions(head, assessment),
        asks=tuple(_ask(topic, asked) for asked in assessment.asks),
        facts=(*fact_lines(settled, assessment), *radiation, *old_lines(*bearing)),
        unknown=unknown(topic, assessment) + not_looked_for(*bearing),
        remarks=remarks(topic, assessment),
        next_steps=_next_steps(topic, assessment),
        already_drafted=tuple(sorted(set(drafted))),
        indication=None if draft.order.reasons else lesion_reason(text),  # answers are not reasons
        history=history_of(topic, assessment, draft, text),
        background=("radiation-history",) if adds and radiation else (),
        override_reasons=head.library.override_reasons,
    )


def _ordered(head: Letterhead, assessment: Assessment, draft: DraftOrder) -> RatedStudy | None:
    """The ordered study; when its codes name several that all have one rating, what they have in common."""
    if len(assessment.procedures) == 1:
        return head.rated(assessment.procedures[0], assessment.rating, assessment.rows)
    if assessment.rating is None:
        return None
    one_of_them = head.rated(assessment.procedures[0], assessment.rating, assessment.rows)
    same_dose = len({row.rating.adult_radiation for row in assessment.rows}) == 1
    return replace(
        one_of_them,
        study=Study("", draft.title),
        radiation=one_of_them.radiation if same_dose else None,
        rationale="",  # a sentence about one of the studies says nothing of the other
    )


def _ordered_title(library: Library, assessment: Assessment, draft: DraftOrder) -> str:
    if len(assessment.procedures) == 1:
        return library.procedures[assessment.procedures[0]].title
    return draft.title


def _better(assessment: Assessment) -> tuple[Option, ...]:
    """Studies rated above the ordered one on every way: by band, then median, then radiation."""
    if assessment.verdict is Verdict.RATED and assessment.rating is not None:
        floor = assessment.rating.band
    elif assessment.verdict is Verdict.CONFLICTING:
        floor = Band.MAY_BE
    else:
        return ()
    rated = [option for option in assessment.options if option.rating and option.rating.band > floor]
    return tuple(sorted(rated, key=_preference))


def _preference(option: Option) -> tuple[int, int, int, str]:
    return option.preference


def _beside(
    head: Letterhead, assessment: Assessment, patient: PatientCautions, concerns: Concerns
) -> tuple[RatedStudy, ...]:
    """What the content offers beside a study with these cautions, as far as the variant rates it for this
    patient and none of these cautions bears on it."""
    named = {name for caution in concerns.cautions for name in caution.beside}
    if not named:
        return ()
    rated = (o for o in assessment.options if o.rating is not None and o.rating.band >= Band.MAY_BE)
    options = [o for o in rated if o.procedure in named and o.procedure not in assessment.procedures]
    spared = (option for option in options if patient.spares(option.procedure, concerns))
    return patient.told(rated_option(head, option) for option in sorted(spared, key=_preference))


def _always_usual(head: Letterhead, assessment: Assessment) -> tuple[RatedStudy, ...]:
    if assessment.verdict is not Verdict.UNDETERMINED:
        return ()
    usual = [o for o in assessment.options if o.always_usual and (o.procedure,) != assessment.procedures]
    return tuple(rated_option(head, option) for option in sorted(usual, key=_preference))


def _may_mean(head: Letterhead, assessment: Assessment) -> tuple[RatedStudy, ...]:
    """The studies that the order's code and words leave possible, when no question tells them apart."""
    asked = (head.topic.questions[ask.question] for ask in assessment.asks)
    if len(assessment.procedures) < 2 or any(question.fact is None for question in asked):
        return ()
    options = {option.procedure: option for option in assessment.options}
    silent = (Option(name, None, (), always_usual=False) for name in assessment.procedures)
    return tuple(rated_option(head, options.get(option.procedure, option)) for option in silent)


def _by_band(assessment: Assessment) -> list[Rating]:
    """The ratings of every way, those of disagreeing variants included."""
    return [row.rating.rating for row in assessment.rows]


def _band(rating: Rating) -> Band:
    return rating.band


def _opinions(head: Letterhead, assessment: Assessment) -> tuple[Opinion, ...]:
    if assessment.verdict is not Verdict.CONFLICTING:
        return ()
    return tuple(
        Opinion(
            row.variant.number,
            row.variant.title,
            row.rating.rating,
            row.rating.median,
            page_url(head, [row]),
        )
        for row in assessment.rows
    )


def _ask(topic: GuidelineTopic, asked: Asked) -> Ask:
    question = topic.questions[asked.question]
    on_the_bound = asked.on_the_bound and question.boundary_wording is not None
    wording = question.boundary_wording if on_the_bound else question.wording
    answers = tuple(_answer(topic, asked, answer) for answer in asked.answers)
    return Ask(asked.question, wording or question.wording, answers)


def _answer(topic: GuidelineTopic, asked: Asked, answer: AskedAnswer) -> Answer:
    values = topic.questions[asked.question].values
    chosen = [(value, values[value]) for value in answer.values]
    texts = [(asked.on_the_bound and spec.boundary_text) or spec.reason_text for _, spec in chosen]
    labels = [spec.label for _, spec in chosen]
    codings = tuple(Coding(ANSWER, f"{asked.question}.{value}", spec.reason_text) for value, spec in chosen)
    return Answer(codings, _either(labels), _either(texts), _leads_to(answer.outcomes))


def _either(texts: Sequence[str]) -> str:
    """ "Liver lesion first seen on ultrasound, or on CT ...": what they begin with is said once."""
    if len(texts) == 1:
        return texts[0]
    words = [text.split() for text in texts]
    shared = len(list(takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False))))
    start = max(shared - 1, 0)  # keep the preposition: "on ultrasound, or on CT"
    return f"{texts[0]}, or " + ", or ".join(" ".join(rest[start:]) for rest in words[1:])


def _leads_to(outcomes: frozenset[Outcome]) -> str:
    if len(outcomes) != 1:
        return ""
    (only,) = outcomes
    if only.band is not None:
        return {
            Band.USUALLY: "usually appropriate",
            Band.MAY_BE: "may be appropriate",
            Band.USUALLY_NOT: "usually not appropriate",
        }[only.band]
    return {
        Kind.NO_CRITERIA: "no criteria",
        Kind.CHARACTERIZED: "outside this topic",
        Kind.CONFLICT: "variants disagree",
    }.get(only.kind, "")


def _next_steps(topic: GuidelineTopic, assessment: Assessment) -> tuple[Step, ...]:
    """What comes next: for the result that the MRI's report gives, else for every one it may have."""
    if assessment.verdict is not Verdict.AFTER_MRI:
        return ()
    result = assessment.chart.choice(MRI_RESULT)
    known = result.possible if result else tuple(step.result for step in topic.after_mri)
    steps = (step for step in topic.after_mri if step.result in known)
    source = f"{topic.after_mri_source}. {topic.after_mri_scope}"  # the scope may leave this patient out
    return tuple(Step(step.finding, step.advice, source) for step in steps)


def _is_ionizing(head: Letterhead, procedure: str) -> bool:
    return head.library.procedures[procedure].radiation == "ionizing"
