"""Which study was finally done? What names the order as its basis, else the first one after it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.elements import codings, mappings, texts, word
from cds_service.fhir.datatypes.references import parse
from cds_service.fhir.evidence import is_withdrawn
from cds_service.guideline.terms.judging import Terms, procedures_named

Json: TypeAlias = Mapping[str, Any]

WITHIN = timedelta(days=60)
KINDS = ("ImagingStudy", "DiagnosticReport", "Procedure")
_WHEN: Mapping[str, tuple[str, ...]] = {
    "ImagingStudy": ("started",),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod", "issued"),
    "Procedure": ("performedDateTime", "performedPeriod", "occurrenceDateTime", "occurrencePeriod"),
}
BASED_ON, NEXT = "based-on-the-order", "next-study"

AS_ORDERED, AS_SUGGESTED, ANOTHER, NOTHING = "as-ordered", "as-suggested", "another-study", "none-found"


@dataclass(frozen=True, slots=True)
class Done:
    """A study that followed. `procedures`: of the catalogue, as far as its record tells; () = outside it."""

    procedures: tuple[str, ...]
    day: date | None
    how: str


def done_after(order: Json, day: date, chart: Iterable[Json], terms: Terms) -> Done | None:
    """The study that was done on this order, or the catalogue's first one within 60 days of it."""
    reference = f"{word(order.get('resourceType'))}/{word(order.get('id'))}"
    found = list(_studies(chart, terms))
    own = [done for raw, done in found if reference in _bases(raw)]
    if own:
        told = [done for done in own if done.procedures] or own
        return Done(told[0].procedures, told[0].day, BASED_ON)
    following = [d for _, d in found if d.procedures and d.day and day <= d.day <= day + WITHIN]
    return min(following, key=lambda one: one.day or day, default=None)


def agreement(done: Done | None, ordered: Iterable[str], suggested: Iterable[str]) -> str:
    """What was done, beside what was ordered and what the card would have suggested."""
    if done is None:
        return NOTHING
    if not set(done.procedures).isdisjoint(ordered):
        return AS_ORDERED
    return ANOTHER if set(done.procedures).isdisjoint(suggested) else AS_SUGGESTED


def _studies(chart: Iterable[Json], terms: Terms) -> Iterator[tuple[Json, Done]]:
    for raw in chart:
        kind = str(raw.get("resourceType"))
        if kind in KINDS and not is_withdrawn(kind, raw):
            when = dates.of(raw, *_WHEN[kind])
            yield raw, Done(_procedures(raw, kind, terms), dates.day_of(when), NEXT)


def _procedures(raw: Json, kind: str, terms: Terms) -> tuple[str, ...]:
    code = raw.get("procedureCode" if kind == "ImagingStudy" else "code")
    said = [*texts(code), *([word(raw.get("description"))] if kind == "ImagingStudy" else [])]
    return procedures_named(terms, codings(code), [text for text in said if text])


def _bases(raw: Json) -> set[str]:
    found = (parse(one) for one in mappings(raw.get("basedOn")))
    return {f"{target.kind}/{target.id}" for target in found if target}
