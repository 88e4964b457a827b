"""Why an order was drafted: its stated reasons, and what the clinician answered on it.

An answer is a reason code of our own system: it settles a question and is never a reason itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from cards.vocabulary import ANSWER, Coding
from cds_service.fhir.access.prefetch import SIZE, ResourceSet
from cds_service.fhir.datatypes.elements import (
    Concept,
    concept,
    loinc_of,
    mapping,
    mappings,
    quoted,
    status_words,
    word,
    words_of,
)
from cds_service.fhir.datatypes.references import Owner, Target, Whose, parse
from cds_service.fhir.datatypes.sent import Resource
from cds_service.fhir.facts.conclusions import sentences
from cds_service.fhir.facts.problems import is_liver_site
from cds_service.fhir.narrative import read_once, report_text
from cds_service.fhir.orders import DraftOrder
from cds_service.guideline.chart import Interval
from cds_service.guideline.order import Order, Reason
from cds_service.guideline.terms.judging import Terms, concepts_named, concepts_sought

Find = Callable[[Target], Mapping[str, Any] | None]

LESION = "liver-lesion"
NO_WORDS: Mapping[str, tuple[str, str]] = {}
LONGEST_NOTE = 2_000  # characters of a reason or note that are read for a size
MOST_REASONS = 50  # of one order; a longer list counts as one that could not be read whole
MOST_REFERRED = 100  # resources that the reasons of one request refer to
MOST_PROSE = 40_000  # characters of reasons, notes and reports referred to, of all orders of a request
UNREAD = Reason("", readable=False)
RULED_OUT = frozenset(("refuted", "entered-in-error"))
# What a referenced resource says: its code, its coded value and what a report concludes.
CODED_MEMBERS = ("code", "valueCodeableConcept", "conclusionCode")


class Allowance:
    """How much of the prose that orders carry or refer to one request may have read, and what was read.

    Many orders may refer to one long report, and reading it for each of them would take minutes.
    """

    def __init__(self) -> None:
        self._prose_left = MOST_PROSE
        self._read: dict[int, Reason] = {}

    def takes(self, *texts: str) -> bool:
        """Whether there is room for these texts; they count as read."""
        self._prose_left -= sum(map(len, texts))
        return self._prose_left >= 0

    def once(self, resource: Mapping[str, Any], read: Callable[[], Reason]) -> Reason:
        """What `read` makes of a resource, the first time; beyond MOST_REFERRED, one that cannot be read."""
        if id(resource) not in self._read:
            if len(self._read) >= MOST_REFERRED:
                return UNREAD
            self._read[id(resource)] = read()
        return self._read[id(resource)]


def read_reasons(
    draft: DraftOrder,
    terms: Terms,
    find: Find,
    in_words: Mapping[str, tuple[str, str]] = NO_WORDS,
    allowance: Allowance | None = None,
) -> DraftOrder:
    """The draft with its reasons and answers. `find`: the resource that a reference points at, if sent.

    `in_words`: answers by their text, for clients that keep a reason's words and drop its coding.
    `allowance`: shared by the orders of a request.
    """
    allowance = allowance or Allowance()
    raw = draft.raw
    entries = [concept(each) for each in _entries(raw.get("reasonCode"))]
    references = mappings(raw.get("reasonReference"))
    stated = [r for entry in entries[:MOST_REASONS] for r in _stated(entry, terms, in_words)]
    referenced = [
        reason
        for reference in references[:MOST_REASONS]
        for reason in _referenced(reference, raw, terms, find, allowance)
    ]
    more = (UNREAD,) if max(len(entries), len(references)) > MOST_REASONS else ()
    reasons = (*stated, *referenced, *more)
    size, words = _stated_size(entries, raw, allowance)
    asked = draft.order
    order = Order(asked.reference, asked.procedures, reasons, _answers(entries, in_words), size, words)
    return DraftOrder(order, raw, draft.title)


def _stated_size(
    entries: Sequence[Concept], raw: Mapping[str, Any], allowance: Allowance
) -> tuple[Interval | None, str]:
    """The lesion's size in the words of the order's reasons and notes, and those words.

    Nothing where there are more of them than are read: another one might say something else.
    """
    said = [text for entry in entries if not _is_answer(entry) for text in entry.texts]
    said += [word(note.get("text")) for note in mappings(raw.get("note"))]
    said = [text[:LONGEST_NOTE] for text in said if text]
    if len(said) > MOST_REASONS or not allowance.takes(*said):
        return None, ""
    readings = (read_once(text) for text in said)
    found = [(reading.size, reading.size_quote) for reading in readings if reading.size is not None]
    # Two different sizes on one order settle nothing.
    return found[0] if len({size for size, _ in found}) == 1 else (None, "")


def _is_answer(entry: Concept) -> bool:
    return any(coding.system == ANSWER for coding in entry.codings)


def finder(sets: Callable[[], Mapping[str, ResourceSet]], owner: Owner) -> Find:
    """Finds a resource of this patient among what was sent or fetched; `sets` is not asked before."""

    @cache
    def held() -> Mapping[tuple[str, str], Resource]:
        resources = (resource for one in sets().values() for resource in one.resources)
        return {(each.kind, each.id): each for each in resources}

    def find(target: Target) -> Mapping[str, Any] | None:
        found = held().get((target.kind, target.id)) if owner.same_server(target) else None
        return found.whole if found is not None and owner.whose(found.whole) is Whose.OURS else None

    return find


def _entries(value: object) -> list[object]:
    """Every entry of a repeating member, whatever its shape."""
    return value if isinstance(value, list) else [value]


def _stated(entry: Concept, terms: Terms, in_words: Mapping[str, tuple[str, str]]) -> Iterator[Reason]:
    """A reason, unless the entry is an answer or empty. Codings beside an answer still are a reason, and
    so is an answer in words that names a lesion: somebody may have typed it."""
    own = [coding for coding in entry.codings if coding.system != ANSWER]
    answered = len(own) < len(entry.codings)
    said = [] if answered else entry.texts
    if own or said:
        shown = said[0] if said else next((c.display for c in own if c.display), own[0].code)
        reason = _reason(terms, shown, own, said)
        if LESION in reason.concepts or not _in_words(entry, in_words):
            yield reason


def _reason(terms: Terms, shown: str, coded: Sequence[Coding], said: Sequence[str]) -> Reason:
    return Reason(quoted(shown), concepts_named(terms, coded, said), concepts_sought(terms, coded, said))


def _in_words(entry: Concept, in_words: Mapping[str, tuple[str, str]]) -> tuple[str, str] | None:
    """The answer that an entry without our coding gives by its text."""
    said = (in_words.get(text.casefold()) for text in entry.texts)
    return None if _is_answer(entry) else next((answer for answer in said if answer), None)


def _answers(
    entries: Iterable[Concept], in_words: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, ...]]:
    """Question -> answered values. A later entry replaces an earlier one; one entry may hold several."""
    answers: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        worded = _in_words(entry, in_words)
        given: dict[str, list[str]] = {worded[0]: [worded[1]]} if worded else {}
        for coding in entry.codings:
            question, dot, answer = coding.code.partition(".")
            if coding.system == ANSWER and dot and answer:
                given.setdefault(question, []).append(answer)
        answers |= {question: tuple(values) for question, values in given.items()}
    return answers


def _referenced(
    reference: Mapping[str, Any], raw: Mapping[str, Any], terms: Terms, find: Find, allowance: Allowance
) -> Iterator[Reason]:
    target = parse(reference)
    resource = _contained(raw, target) or (find(target) if target else None)
    if resource is not None:
        if not status_words(resource.get("verificationStatus")) & RULED_OUT:
            yield allowance.once(resource, lambda: _of_resource(resource, terms, find, allowance))
        return
    display = word(reference.get("display"))
    if display:
        yield _reason(terms, display, [], [display])
    elif target is not None:
        yield UNREAD


def _contained(raw: Mapping[str, Any], target: Target | None) -> Mapping[str, Any] | None:
    if target is None or target.kind != "#":
        return None
    inside = mappings(raw.get("contained"))
    return next((mapping(one) for one in inside if word(one.get("id")).lstrip("#") == target.id), None)


def _of_resource(resource: Mapping[str, Any], terms: Terms, find: Find, allowance: Allowance) -> Reason:
    """What a referenced Condition, Observation or DiagnosticReport names."""
    members = [concept(each) for name in CODED_MEMBERS for each in _entries(resource.get(name))]
    concepts = {name for each in members for name in concepts_named(terms, each.codings, each.texts)}
    spoken = list(sentences(word(resource.get("valueString"))))
    concepts |= {name for sentence in spoken for name in concepts_named(terms, [], [sentence])}
    prose = report_text(resource)[:LONGEST_NOTE]
    if not allowance.takes(prose):
        return UNREAD
    reading = read_once(prose, words_of(resource.get("code")))
    if reading.lesion == "indeterminate" or _measures_liver_lesion(resource, terms, find):
        concepts.add(LESION)
    words = reading.lesion_quote or next((n for each in reversed(members) if (n := each.words())), "")
    readable = bool(words or spoken or concepts)
    return Reason(quoted(words or " ".join(spoken)), frozenset(concepts), readable=readable)


def _measures_liver_lesion(resource: Mapping[str, Any], terms: Terms, find: Find) -> bool:
    """A size of a lesion at the liver, or a report that lists one."""
    if loinc_of(resource.get("code"), SIZE):
        return is_liver_site(resource.get("bodySite"), terms)
    listed = (parse(one) for one in mappings(resource.get("result")))
    found = (find(target) for target in listed if target)
    return any(
        one is not None and _measures_liver_lesion({**one, "result": []}, terms, find) for one in found
    )
