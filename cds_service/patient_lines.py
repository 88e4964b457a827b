"""What a card says of this patient: known facts with their source, what was not known, what differs."""

from collections.abc import Mapping

from cards.advice import FactLine
from cards.vocabulary import Verdict
from cds_service.guideline.assess import Assessment
from cds_service.guideline.chart import LESION_SIZE, MRI_SINCE, NO, Evidence, Interval, Measure
from cds_service.guideline.content.topic_schema import GuidelineTopic, Question
from cds_service.guideline.criteria import Possible
from cds_service.guideline.in_words import number_words

SOURCES = {
    "Condition": "problem list",
    "Observation": "measurement",
    "DiagnosticReport": "imaging report",
    "ImagingStudy": "imaging study",
    "Procedure": "procedure record",
    "AllergyIntolerance": "allergy list",
    "Device": "device list",
    "ServiceRequest": "this order",
    "ProcedureRequest": "this order",
}


def settled_lines(topic: GuidelineTopic, assessment: Assessment) -> Mapping[str, FactLine]:
    """One line per question that the chart or the order settles; open ones go to `unknown`."""
    answers = (assessment.answers or {}).items()
    settled = ((name, topic.questions[name], answer) for name, answer in answers if _tells(answer))
    return {name: _fact_line(q.label, q, answer, assessment) for name, q, answer in settled if q.label}


def fact_lines(settled: Mapping[str, FactLine], assessment: Assessment) -> tuple[FactLine, ...]:
    """What a card says of this patient. After an MRI, that study comes first."""
    done = assessment.chart.facts.get(MRI_SINCE) if assessment.verdict is Verdict.AFTER_MRI else None
    mri = (_quoted("MRI since", done.evidence[0]),) if done and done.evidence else ()
    return (*mri, *settled.values())


def unknown(topic: GuidelineTopic, assessment: Assessment) -> tuple[str, ...]:
    """What was not known, in words, with why where the chart tells."""
    if assessment.verdict is Verdict.AFTER_MRI:
        return ()  # the topic is over, and nothing hangs on it any more
    answers = assessment.answers or {}
    open_ones = [
        _not_known(topic.questions[name], answer)
        for name, answer in answers.items()
        if answer.open and not answer.on_the_bound
    ]
    return tuple(open_ones) + (("the patient's age",) if answers and assessment.chart.age is None else ())


def remarks(topic: GuidelineTopic, assessment: Assessment) -> tuple[str, ...]:
    """Where an answer outranks the chart, and where several variants agree."""
    answers = assessment.answers or {}
    differing = [
        f"The chart says otherwise of {topic.questions[name].subject}: "
        f"{_outranked(topic.questions[name], answer)}. The answer on the order is used."
        for name, answer in answers.items()
        if answer.chart_differs
    ]
    return tuple(differing) + assessment.chart.remarks


def indication_text(settled: Mapping[str, FactLine], assessment: Assessment) -> str:
    """A one-line reason for the radiologist, from what is known and present."""
    answers = assessment.answers or {}
    said = [_brief(line) for name, line in settled.items() if answers[name].values != (NO,)]
    return ", ".join(["Indeterminate liver lesion", *said])


def size_words(interval: Interval) -> str:
    """Millimetres as a clinician reads them: "8 mm", "under 10 mm", "5 to 9 mm"."""
    return f"{number_words(interval)} mm"


def source_of(evidence: Evidence) -> str:
    """Where a resource stands, as a clinician calls it."""
    return SOURCES.get(evidence.resource.partition("/")[0], "chart")


def _tells(answer: Possible) -> bool:
    """Settled, or measured on the very bound: then the number is known and its side is the question."""
    return not answer.open or answer.on_the_bound


def _brief(line: FactLine) -> str:
    """ "8 mm", "first seen on US abdomen", "cancer outside the liver: lung cancer"."""
    value = line.value or line.said
    if line.label == "Size":
        return value
    label = line.label[:1].lower() + line.label[1:]
    return f"{label} {value}" if label.endswith(" on") else f"{label}: {value}"


def _quoted(label: str, found: Evidence) -> FactLine:
    day = found.day.isoformat() if found.day else ""
    return FactLine(label, "", found.text, day, source_of(found))


def _fact_line(label: str, question: Question, answer: Possible, assessment: Assessment) -> FactLine:
    """The chart's own words where it has any; our words for a size, an answer, and what was not found."""
    latest = answer.evidence[0] if answer.evidence else None
    in_our_words = answer.answered or question.fact == LESION_SIZE or latest is None
    return FactLine(
        label=label,
        value=_value(question, answer, assessment) if in_our_words else "",
        said="" if in_our_words or latest is None else latest.text,
        date=latest.day.isoformat() if latest and latest.day else "",
        source=_source(latest, answer),
    )


def _source(latest: Evidence | None, answer: Possible) -> str:
    if latest is None:
        return ""
    where = source_of(latest)
    return f"answered on {where}" if answer.answered else where


def _value(question: Question, answer: Possible, assessment: Assessment) -> str:
    fact = assessment.chart.facts.get(question.fact or "")
    if question.fact == LESION_SIZE and isinstance(fact, Measure) and not answer.answered:
        return size_words(fact.interval)
    if answer.values == (NO,) and not answer.answered:
        return "none on the problem list"
    return " or ".join(question.values[value].label for value in answer.values)


def _not_known(question: Question, answer: Possible) -> str:
    """The subject, why it is open, and the entries that leave it so."""
    why = "; ".join(filter(None, (answer.note, *map(cited, answer.evidence[:3]))))
    return f"{question.subject} ({why})" if why else question.subject


def _outranked(question: Question, answer: Possible) -> str:
    """The chart in its own words, with date and source; our words where it has none."""
    if not answer.chart_evidence:
        return " or ".join(question.values[value].label for value in answer.chart_differs)
    return "; ".join(cited(found) for found in answer.chart_evidence[:2])


def cited(found: Evidence) -> str:
    """ "Lung cancer, resected" (problem list, 2023-02-09)."""
    day = f", {found.day.isoformat()}" if found.day else ""
    return f"“{found.text}” ({source_of(found)}{day})"
