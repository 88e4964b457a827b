"""What no vignette reaches: variants, answers, rating rows, asks and verdicts of a topic, and cautions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cards.vocabulary import Verdict
from cds_service.guideline.assess import Assessment
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.vignettes.case import Case
from cds_service.vignettes.core import core_assessment, core_cautions, core_concerns

ORDERED = "caution"
HIGHER = "caution about a higher-rated study"
ABOUT_THE_REQUEST = frozenset((Verdict.UNREADABLE,))  # no clinical case can state an unreadable order


@dataclass(frozen=True, slots=True)
class Reached:
    """One thing that a vignette may reach: ("row", "variant 6, liver-spleen-scan")."""

    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def unreached(cases: Sequence[Case], library: Library, topic: GuidelineTopic) -> tuple[Reached, ...]:
    """Everything of the topic that no case reaches in the pure core, in the topic's order."""
    reached = {found for case in cases for found in _reached(case, library, topic)}
    everything = (*_everything(topic), *_every_caution(library))
    return tuple(item for item in everything if item not in reached)


def _every_caution(library: Library) -> Iterator[Reached]:
    """Each caution, of the ordered study and of one that is rated higher."""
    for code in library.cautions:
        yield Reached(ORDERED, code)
        yield Reached(HIGHER, code)


def _everything(topic: GuidelineTopic) -> Iterator[Reached]:
    yield from (_variant(variant.number) for variant in topic.variants)
    yield from (_row(v.number, row.procedure) for v in topic.variants for row in v.ratings)
    yield from (_answer(name, value) for name, q in topic.questions.items() for value in q.values)
    yield from (_ask(name) for name in topic.questions)
    yield from (_verdict(verdict) for verdict in Verdict if verdict not in ABOUT_THE_REQUEST)


def _reached(case: Case, library: Library, topic: GuidelineTopic) -> Iterable[Reached]:
    if case.expect.refused:
        return
    found = core_assessment(case, library, topic)
    yield _verdict(found.verdict)
    yield from (_ask(asked.question) for asked in found.asks)
    yield from _settled(topic, found)
    yield from (Reached(ORDERED, code) for code in core_cautions(case, library, found))
    for option in found.options:
        if found.rating and option.rating and option.rating.band > found.rating.band:
            codes = core_concerns(case, library, option.procedure).codes
            yield from (Reached(HIGHER, code) for code in codes)
    if found.verdict is Verdict.RATED:
        yield from (_variant(row.variant.number) for row in found.rows)
        # A rating that two variants share would hide a wrong row behind a right one.
        if len(found.rows) == 1:
            yield _row(found.rows[0].variant.number, found.rows[0].rating.procedure)


def _settled(topic: GuidelineTopic, found: Assessment) -> Iterator[Reached]:
    """Answers that a case holds to be the one true one."""
    for name, answer in (found.answers or {}).items():
        if not answer.open:
            yield _answer(name, answer.values[0])
    for name, question in topic.questions.items():
        for value, spec in question.values.items():
            if spec.procedure is not None and found.procedures == (spec.procedure,):
                yield _answer(name, value)


def _variant(number: int) -> Reached:
    return Reached("variant", str(number))


def _row(number: int, procedure: str) -> Reached:
    return Reached("row", f"variant {number}, {procedure}")


def _answer(question: str, value: str) -> Reached:
    return Reached("answer", f"{question}.{value}")


def _ask(question: str) -> Reached:
    return Reached("ask", question)


def _verdict(verdict: Verdict) -> Reached:
    return Reached("verdict", verdict.value)
