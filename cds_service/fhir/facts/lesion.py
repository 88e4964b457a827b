"""Is there a liver lesion, and does it have a diagnosis? Dated items from the whole chart, latest first.

A definite diagnosis makes it characterized. Newer evidence of a lesion without one reopens the question,
so that an old cyst or a treated metastasis never silences a new lesion.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import Order, When
from cds_service.fhir.facts.problems import GAPS, LIVER_LESION_CONCEPTS, Problem, latest_first
from cds_service.guideline.chart import Choice, Evidence, Searched
from cds_service.guideline.terms.judging import Judgement, Standing

INDETERMINATE = "indeterminate"
CHARACTERIZED = "characterized"
NONE = "none"
EVERY = (INDETERMINATE, CHARACTERIZED, NONE)
DEFINITE = LIVER_LESION_CONCEPTS[:3]
BENIGN = DEFINITE[0]


class Says(Enum):
    """What one item says of a liver lesion."""

    DIAGNOSED = "a definite diagnosis"
    UNDIAGNOSED = "a lesion without a definite diagnosis"
    UNSPECIFIC = "a lesion, or a code that covers diagnosed ones too"
    MEASURED = "a lesion, by its size"
    OVER = "a lesion that is no more"
    POSSIBLE = "an abnormal image of the liver"


PRESENT = (Says.DIAGNOSED, Says.UNDIAGNOSED, Says.UNSPECIFIC, Says.MEASURED)


@dataclass(frozen=True, slots=True)
class LesionItem:
    """One statement of the chart. `source`: the resource's name."""

    says: Says
    source: str
    when: When | None
    evidence: Evidence
    reliable: bool = True


@dataclass(frozen=True, slots=True)
class Story:
    """The items, and those of the lesion in question.

    `reopened_after`: when an earlier lesion was diagnosed or gone, and a newer one has been found since.
    `first_seen`: of the lesion in question.
    """

    items: tuple[LesionItem, ...]
    current: tuple[LesionItem, ...]
    reopened_after: When | None
    first_seen: When | None


def what_it_says(judged: Mapping[str, Judgement], tentative: bool = False, over: bool = False) -> Says | None:
    """One entry by its judgements against LIVER_LESION_CONCEPTS; None = nothing of a liver lesion."""
    standing = {name: judged[name].standing for name in LIVER_LESION_CONCEPTS if name in judged}
    definite = [name for name in DEFINITE if standing.get(name) is Standing.YES]
    unsure = any(standing.get(name) is Standing.UNSURE for name in DEFINITE)
    lesion = standing.get("liver-lesion") in (Standing.YES, Standing.UNSURE)
    if definite and not unsure and not tentative:
        return Says.OVER if over or _treated(judged, definite) else Says.DIAGNOSED
    if definite or unsure or lesion:
        return Says.OVER if over else Says.UNDIAGNOSED
    if standing.get("liver-lesion-unspecific") is Standing.YES:
        return Says.OVER if over else Says.UNSPECIFIC
    possible = standing.get("abnormal-liver-imaging") in (Standing.YES, Standing.UNSURE)
    return Says.POSSIBLE if possible and not over else None


def _treated(judged: Mapping[str, Judgement], definite: Sequence[str]) -> bool:
    """ "History of liver metastasis": it was treated. A benign lesion "seen before" is still there."""
    return all(judged[name].past and name != BENIGN for name in definite)


def items_of_problems(problems: Iterable[Problem]) -> Iterator[LesionItem]:
    """What the problem list says."""
    for problem in problems:
        if says := what_it_says(problem.judged, problem.tentative, problem.over):
            entry = problem.entry
            yield LesionItem(says, entry.name, problem.when, problem.evidence(), entry.reliable)


def story(items: Sequence[LesionItem]) -> Story:
    """Tell the lesion in question from earlier ones."""
    newest = [i for i in items if i.says is Says.UNDIAGNOSED]
    earlier = [
        item
        for item in items
        if item.says in (Says.DIAGNOSED, Says.OVER)
        and any(_order(new, item) is Order.AFTER for new in newest)
    ]
    after = max((i.when for i in earlier if i.when), key=lambda when: when.last, default=None)
    current = tuple(i for i in items if i.says is not Says.OVER and not _is_earlier(i.when, after))
    dated = [item.when for item in current if item.when]
    return Story(tuple(items), current, after, min(dated, key=lambda when: when.first, default=None))


def _is_earlier(when: When | None, after: When | None) -> bool:
    return after is not None and dates.order(when, after) in (Order.BEFORE, Order.SAME_DAY)


def fact_from(items: Sequence[LesionItem], searched: Searched, unread: Sequence[str] = ()) -> Choice:
    """The fact `liver_lesion`.

    Items that cannot be relied on only widen it. `unread`: why something may have been missed; with
    nothing found that leaves the fact open, and so does a search that was cut short.
    """
    reliable = [item for item in items if item.reliable]
    outcomes = _outcomes(reliable) | _outcomes(items)
    if outcomes == {NONE} and (unread or searched is not Searched.COMPLETE):
        return Choice(EVERY, (), searched, "; ".join((*unread, GAPS[searched])).strip("; "))
    shown = latest_first(item.evidence for item in items if _is_shown(item, outcomes))
    possible = tuple(value for value in EVERY if value in outcomes)
    return Choice(possible, shown, searched, _note(items, outcomes))


def _is_shown(item: LesionItem, outcomes: frozenset[str]) -> bool:
    """Of a lesion that has a diagnosis, that; of an open one everything."""
    if outcomes == {CHARACTERIZED}:
        return item.says is Says.DIAGNOSED
    if outcomes == {INDETERMINATE}:
        return item.says in (Says.UNDIAGNOSED, Says.MEASURED)
    return True


def _note(items: Sequence[LesionItem], outcomes: frozenset[str]) -> str:
    if len(outcomes) == 1:
        return ""
    if not all(item.reliable for item in items):
        return "an entry that cannot be relied on"
    if all(item.says is Says.POSSIBLE for item in items):
        return "abnormal imaging of the liver, no lesion named"
    said = {item.says for item in items}
    if Says.DIAGNOSED in said:
        return "the chart does not tell whether the diagnosis is of this lesion"
    return "a lesion was treated since" if Says.OVER in said else "the entry covers diagnosed lesions too"


def _outcomes(items: Sequence[LesionItem]) -> frozenset[str]:
    """The values that these items leave possible."""
    said = {item.says for item in items}
    if said.isdisjoint(PRESENT):
        return frozenset((INDETERMINATE, NONE) if Says.POSSIBLE in said else (NONE,))
    if Says.DIAGNOSED in said:
        return _beside_diagnosis(items)
    if Says.UNDIAGNOSED in said:
        return frozenset((INDETERMINATE, NONE) if _treated_since(items) else (INDETERMINATE,))
    return frozenset((INDETERMINATE, CHARACTERIZED) if Says.UNSPECIFIC in said else (INDETERMINATE,))


def _beside_diagnosis(items: Sequence[LesionItem]) -> frozenset[str]:
    """A definite diagnosis and what else there is: newer, older, or not to be told apart."""
    diagnosed = [item for item in items if item.says is Says.DIAGNOSED]
    newest = max(diagnosed, key=lambda item: (item.when is not None, item.when and item.when.last))
    others = {
        (item.says is Says.UNDIAGNOSED, _order(item, newest)) for item in items if item.says in PRESENT[1:]
    }
    if (True, Order.AFTER) in others:
        return frozenset((INDETERMINATE,))
    unclear = {(True, Order.UNCLEAR), (False, Order.AFTER)}
    return frozenset((CHARACTERIZED,) if others.isdisjoint(unclear) else (INDETERMINATE, CHARACTERIZED))


def _treated_since(items: Sequence[LesionItem]) -> bool:
    """Every sighting lies before an entry which says that a lesion is no more."""
    over = [item for item in items if item.says is Says.OVER]
    seen = [item for item in items if item.says is Says.UNDIAGNOSED]
    return all(any(_order(sighting, gone) is Order.BEFORE for gone in over) for sighting in seen)


def _order(one: LesionItem, other: LesionItem) -> Order:
    """How two items lie in time. Two statements of one resource cannot be told apart."""
    return Order.UNCLEAR if one.source == other.source else dates.order(one.when, other.when)
