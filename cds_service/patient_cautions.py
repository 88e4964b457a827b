"""What of this patient bears on the ordered study and on each alternative, as cards are told of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from cards.advice import Caution, FactLine, RatedStudy
from cds_service.guideline.cautions import Bearing, Cautioned, Concerns, bearing_of, concerns_among
from cds_service.guideline.chart import CAUTION_FACTS, Chart
from cds_service.guideline.content.library import Library
from cds_service.patient_lines import source_of


@dataclass(frozen=True)
class PatientCautions:
    """One patient's chart, ready to be asked about any study of the catalogue.

    `max_age_days`: how old a number may be, by fact, where the installation differs from the content.
    """

    library: Library
    chart: Chart
    today: date
    max_age_days: Mapping[str, int]

    @cached_property
    def _bearing(self) -> tuple[Bearing, ...]:
        return bearing_of(self.library.cautions, self.chart, self.today, self.max_age_days)

    def about(self, procedures: Iterable[str]) -> Concerns:
        """What bears on a study; several ids = the order leaves open which. None = nothing."""
        studies = [self.library.procedures[name] for name in procedures]
        return concerns_among(self._bearing, studies) if studies and self._bearing else Concerns()

    def told(self, studies: Iterable[RatedStudy]) -> tuple[RatedStudy, ...]:
        """The studies with their cautions; those that a caution withdraws go last."""
        cautioned = [self._cautioned(one) for one in studies]
        return tuple(sorted(cautioned, key=lambda one: one.withdrawn))

    def cards(self, concerns: Concerns) -> tuple[Caution, ...]:
        """The cautions as a card states them."""
        return tuple(self._card(caution) for caution in concerns.cautions)

    def spares(self, procedure: str, concerns: Concerns) -> bool:
        """True when none of these cautions bears on that study as well."""
        return self.about([procedure]).codes.isdisjoint(concerns.codes)

    def _cautioned(self, one: RatedStudy) -> RatedStudy:
        cautions = self.cards(self.about([one.study.id]))
        return replace(one, cautions=cautions) if cautions else one

    def _card(self, caution: Cautioned) -> Caution:
        """A number is told by its value, anything else by the chart's own words."""
        evidence = caution.evidence
        is_number = CAUTION_FACTS[self.library.cautions[caution.code].fact] is None
        origin = source_of(evidence) if evidence else ""
        return Caution(
            code=caution.code,
            finding=caution.finding,
            first=caution.first,
            advice=caution.advice,
            said="" if is_number or evidence is None else evidence.text,
            source=", ".join(part for part in (caution.note, origin) if part),
            date=evidence.day.isoformat() if evidence and evidence.day else "",
            age=_aged(caution.age, is_number),
            withdraws=caution.withdraws,
        )


def old_lines(*concerns: Concerns) -> tuple[FactLine, ...]:
    """Results that would caution if they were not so old: shown as old, each once."""
    lines = (
        FactLine(
            "Old result",
            f"{old.finding}, {old.age} old: check again",
            date=old.evidence.day.isoformat() if old.evidence.day else "",
            source=source_of(old.evidence),
        )
        for one in concerns
        for old in one.old
    )
    return tuple(dict.fromkeys(lines))


def not_looked_for(*concerns: Concerns) -> tuple[str, ...]:
    """What could not be looked for, each once."""
    return tuple(dict.fromkeys(subject for one in concerns for subject in one.unknown))


def _aged(age: str, is_number: bool) -> str:
    if not age or age == "today":
        return age
    return f"{age} {'old' if is_number else 'ago'}"
