"""What would change the outcome: one answer about the patient turned, all else left as it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cards.vocabulary import Rating, Verdict
from cds_service.consultation import Judgement
from cds_service.guideline.assess import Assessment, assess
from cds_service.guideline.content.schema import Procedure
from cds_service.web.rating_rows import tone
from cds_service.web.topic_map import CANCER, IMAGING, LIVER, SIZE

# One variable at a time, in the order in which a clinician would think of them.
TURNED = (SIZE, CANCER, LIVER, IMAGING)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """`answer`: `lesion-size.over-1-cm`, which a control may stand for. `changes`: the rating is another."""

    answer: str
    question: str
    label: str
    variants: tuple[int, ...]
    rating: Rating | None
    medians: tuple[int, ...]
    verdict: Verdict
    tone: str
    changes: bool


def what_ifs(judgement: Judgement, procedures: Mapping[str, Procedure]) -> Iterator[WhatIf]:
    """Every other answer to the questions that make the map. Nothing where no answer would matter."""
    _, topic, assessment = judgement
    if assessment.answers is None or assessment.verdict in (Verdict.NOT_APPLICABLE, Verdict.AFTER_MRI):
        return
    for name in TURNED:
        if name not in topic.questions or name not in assessment.answers:
            continue
        question = topic.questions[name]
        asked_of = question.label or question.subject
        for value, spec in question.values.items():
            if (value,) != assessment.answers[name].values:
                told = _turned(judgement, procedures, name, value)
                yield _shown(f"{name}.{value}", asked_of, spec.label, assessment, told)


def _turned(
    judgement: Judgement, procedures: Mapping[str, Procedure], question: str, value: str
) -> Assessment:
    draft, topic, assessment = judgement
    order = replace(draft.order, answers={**draft.order.answers, question: (value,)})
    return assess(topic, procedures, assessment.chart, order)


def _shown(answer: str, question: str, label: str, now: Assessment, told: Assessment) -> WhatIf:
    return WhatIf(
        answer,
        question,
        label,
        tuple(variant.number for variant in told.variants),
        told.rating,
        told.medians,
        told.verdict,
        tone(told.rating),
        (told.verdict, told.rating and told.rating.band) != (now.verdict, now.rating and now.rating.band),
    )
