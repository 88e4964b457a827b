"""Cautions: what of this patient bears on a study, how sure that is, and how old.

Pure: the same procedures, content, chart and day give the same cautions. A caution is certain when every
value that the fact still allows makes it so; where the fact may be true and may not, it is worded as a
question, and never withdraws a study. What was not searched for makes no caution, only an `unknown`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from cds_service.guideline.chart import (
    Chart,
    Choice,
    Evidence,
    Fact,
    Interval,
    Measure,
    Searched,
)
from cds_service.guideline.content.caution_schema import Caution, CautionWhen, Concern
from cds_service.guideline.content.schema import Procedure
from cds_service.guideline.criteria import contains
from cds_service.guideline.in_words import age_in_words, number_words

Entries: TypeAlias = Mapping[str, Caution]  # by caution code


@dataclass(frozen=True, slots=True)
class Cautioned:
    """One caution about one study. `finding`, `first` and `advice` are content; `evidence` is the chart's.

    `age`: how old in words, "" when undated. `certain`: False = worded as a question.
    """

    code: str
    finding: str
    first: str
    advice: str
    withdraws: bool = False
    certain: bool = True
    evidence: Evidence | None = None
    note: str = ""
    age: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OldResult:
    """A number that would caution if it were not so old."""

    finding: str
    age: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Holding:
    """A caution that holds for this patient, or may (`certain` = False), whichever study is asked about."""

    code: str
    fact: Fact
    age: str
    certain: bool


# `str`: what could not be looked for, in words.
Bearing: TypeAlias = tuple[Caution, Holding | OldResult | str]


@dataclass(frozen=True, slots=True)
class Concerns:
    """All that bears on one study. `unknown`: what could not be looked for, in words."""

    cautions: tuple[Cautioned, ...] = ()
    old: tuple[OldResult, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def withdrawn(self) -> bool:
        """True when the study is no longer recommended for this patient."""
        return any(caution.withdraws for caution in self.cautions)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the cautions."""
        return frozenset(caution.code for caution in self.cautions)


def concerns_of(
    procedures: Sequence[Procedure],
    entries: Entries,
    chart: Chart,
    today: date,
    max_age_days: Mapping[str, int] | None = None,
) -> Concerns:
    """What bears on a study. Several procedures = the order leaves open which: only what bears on each.

    `max_age_days`: by fact; overrides the content's own limit.
    """
    return concerns_among(bearing_of(entries, chart, today, max_age_days), procedures)


def bearing_of(
    entries: Entries, chart: Chart, today: date, max_age_days: Mapping[str, int] | None = None
) -> tuple[Bearing, ...]:
    """What of this patient bears on any study, in the content's order."""
    limits = max_age_days or {}
    judged = (
        (entry, _judged(code, entry, chart, today, limits.get(entry.fact, entry.max_age_days)))
        for code, entry in entries.items()
    )
    return tuple((entry, found) for entry, found in judged if found is not None)


def concerns_among(bearing: Sequence[Bearing], procedures: Sequence[Procedure]) -> Concerns:
    """Those that are about this study; see `concerns_of`."""
    matched = ((_concerning(procedures, entry), entry, found) for entry, found in bearing)
    concerned = [(concerning, entry, found) for concerning, entry, found in matched if concerning]
    cautions = [
        (entry, _cautioned(found, entry, concerning))
        for concerning, entry, found in concerned
        if isinstance(found, Holding)
    ]
    replaced = {entry.replaces for entry, one in cautions if one.certain}
    kept = [one for _, one in cautions if one.code not in replaced]
    return Concerns(
        tuple(sorted(kept, key=lambda one: (not one.withdraws, not one.certain))),
        tuple(found for _, _, found in concerned if isinstance(found, OldResult)),
        tuple(dict.fromkeys(found for _, _, found in concerned if isinstance(found, str))),
    )


def _concerning(procedures: Sequence[Procedure], entry: Caution) -> list[Concern]:
    """One concern per procedure; none at all if some procedure has none."""
    matching = [[c for c in entry.concerns if _is_about(c, procedure)] for procedure in procedures]
    if not all(matching):
        return []
    return [min(each, key=lambda concern: concern.effect != "withdraw") for each in matching]


def _is_about(concern: Concern, procedure: Procedure) -> bool:
    about = concern.on
    return (
        (about.contrast_agent is not None and about.contrast_agent == procedure.contrast_agent)
        or (about.radiation is not None and about.radiation == procedure.radiation)
        or (about.modality is not None and about.modality == procedure.traits.modality)
        or (about.liver_biopsy is True and procedure.liver_biopsy)
    )


def _judged(
    code: str, entry: Caution, chart: Chart, today: date, limit: int | None
) -> Holding | OldResult | str | None:
    """The caution, or the old result in its place, or the name of what was not looked for; or nothing."""
    fact = chart.facts.get(entry.fact)
    if fact is None or _not_looked_for(fact):
        return None if _too_old_to_ask(entry, chart) else entry.subject
    if _says_nothing(fact):
        return None
    standing = _standing(entry.when, fact)
    if standing is False:
        return None
    evidence = fact.evidence[0] if fact.evidence else None
    age = age_in_words(evidence.day, today) if evidence and evidence.day else ""
    if evidence and evidence.day and limit is not None and (today - evidence.day).days > limit:
        return OldResult(_filled(entry.finding, entry, fact), age, evidence)
    if standing is None and (entry.if_open is None or evidence is None):
        return None
    return Holding(code, fact, age, certain=standing is True)


def _cautioned(holding: Holding, entry: Caution, concerning: Sequence[Concern]) -> Cautioned:
    """What may not be true is worded as a question, and withdraws nothing."""
    fact, concern = holding.fact, concerning[0]
    opened = None if holding.certain else entry.if_open
    return Cautioned(
        code=holding.code,
        finding=_filled((opened or entry).finding, entry, fact),
        first=(opened or concern).first,
        advice=(opened or concern).advice,
        withdraws=holding.certain and all(each.effect == "withdraw" for each in concerning),
        certain=holding.certain,
        evidence=fact.evidence[0] if fact.evidence else None,
        note=fact.note,
        age=holding.age,
        beside=concern.beside,
    )


def _not_looked_for(fact: Fact) -> bool:
    """Nothing was found because the search did not reach, or not all of it."""
    settled = isinstance(fact, Choice) and fact.value is not None
    return not settled and not fact.evidence and fact.searched is not Searched.COMPLETE


def _too_old_to_ask(entry: Caution, chart: Chart) -> bool:
    return (
        chart.age is not None and entry.subject_until_age is not None and chart.age > entry.subject_until_age
    )


def _standing(when: CautionWhen, fact: Fact) -> bool | None:
    """Whether the fact makes the caution: surely, surely not, or perhaps (None)."""
    match fact:
        case Choice():
            hits = [value in when.values for value in fact.possible]
            return True if all(hits) else None if any(hits) else False
        case Measure():
            unset = Interval()
            low = unset.low if when.above is None else when.above
            high = unset.high if when.below is None else when.below
            span = Interval(low, high)
            if contains(span, fact.interval):
                return True
            return None if span.overlaps(fact.interval) else False


def _says_nothing(fact: Fact) -> bool:
    """A measurement that left no bound at all: nobody knows, so there is nothing to ask about."""
    return isinstance(fact, Measure) and fact.interval.unbounded


def _filled(wording: str, entry: Caution, fact: Fact) -> str:
    return wording.replace("{value}", _value(entry, fact))


def _value(entry: Caution, fact: Fact) -> str:
    if isinstance(fact, Measure):
        return number_words(fact.interval)
    left = [value for value in fact.possible if value in entry.when.values]
    if entry.value_open and len(left) == len(entry.when.values):
        return entry.value_open
    return " or ".join(left)
