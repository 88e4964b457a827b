"""Which resources describe the lesion in question: by their own words and codes, or by a link to it."""

from collections.abc import Iterable, Sequence

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import Order
from cds_service.fhir.datatypes.elements import mappings
from cds_service.fhir.facts.lesion import Story
from cds_service.fhir.facts.sizes import LINKS, Size
from cds_service.fhir.facts.studies import Study
from cds_service.fhir.facts.told import OBSERVED
from cds_service.fhir.records import Entry, Records, reference_name


def describing(
    records: Records, story: Story, sizes: Iterable[Size], studies: Sequence[Study]
) -> frozenset[str]:
    """Names of the resources that describe the lesion, and of the reports and images linked with them."""
    own = {item.source for item in story.current}
    own |= {
        size.entry.name
        for size in sizes
        if size.liver is not False and records.linked(size.entry, *LINKS) & own
    }
    observed = [entry for entry in records.of("Observation") if entry.name in own]
    linked = {entry.name: _links_of(entry, records) for entry in observed}
    unlinked = [entry for entry in observed if not linked[entry.name]]
    by_condition = (_details(entry) for entry in records.of("Condition") if entry.name in own)
    return frozenset(own.union(*linked.values(), *by_condition, _same_day(unlinked, studies)))


def _links_of(observation: Entry, records: Records) -> set[str]:
    """The reports that list an Observation, what it was derived from, and what it stands inside of."""
    listing = {
        report.name
        for report in records.of("DiagnosticReport")
        if observation.name in records.listed_by(report)
    }
    outer = {observation.name.partition("#")[0]} if "#" in observation.name else set()
    return listing | outer | records.linked(observation, "derivedFrom", "partOf")


def _details(condition: Entry) -> set[str]:
    """The reports that a Condition names as its evidence."""
    details = (
        detail
        for found in mappings(condition.raw.get("evidence"))
        for detail in mappings(found.get("detail"))
    )
    return {reference_name(detail) for detail in details} - {""}


def _same_day(observations: Iterable[Entry], studies: Sequence[Study]) -> set[str]:
    """Studies of the day on which an Observation was made that is linked with none."""
    days = [dates.of(entry.raw, *OBSERVED) for entry in observations]
    return {
        name
        for study in studies
        if study.kinds and any(dates.order(study.when, day) is Order.SAME_DAY for day in days)
        for name in study.names
    }
