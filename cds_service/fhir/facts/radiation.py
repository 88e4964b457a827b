"""Radiation already received: the studies of the last 12 months and what they sum to."""

from collections.abc import Sequence
from datetime import date, timedelta

from cds_service.fhir.facts.problems import GAPS, latest_first
from cds_service.fhir.facts.studies import Study
from cds_service.guideline.chart import Interval, Measure, Searched
from cds_service.guideline.terms.doses import total

YEAR = timedelta(days=365)


def radiation_12_months(
    studies: Sequence[Study], unrecognised: int, searched: Searched, today: date
) -> Measure:
    """mSv of the last 12 months, as the sum of the ranges of the studies' relative levels.

    A study whose dose is not known, one that is not recognised, and a search that was cut short leave the
    upper end open: nothing is ever counted as none.
    """
    recent = [study for study in studies if study.when is None or study.when.last >= today - YEAR]
    counted = [study for study in recent if study.dose is None or study.dose.high > 0]
    known = [study.dose for study in counted if study.dose is not None]
    unknown = len(counted) - len(known) + unrecognised
    summed = total(known)
    shown = latest_first(study.evidence for study in counted)
    note = "; ".join(filter(None, (_words(len(known), unknown, summed), GAPS[searched])))
    if unknown or searched is not Searched.COMPLETE:
        return Measure(Interval(summed.low, low_included=True), shown, searched, note)
    return Measure(summed, shown, searched, note)


def _words(known: int, unknown: int, summed: Interval) -> str:
    """ "3 studies, about 12-50 mSv; the dose of 1 study is not known"."""
    counted = f"{_studies(known)}, about {summed.low:g}-{summed.high:g} mSv" if known else ""
    missing = f"the dose of {_studies(unknown)} is not known" if unknown else ""
    return "; ".join(filter(None, (counted, missing)))


def _studies(count: int) -> str:
    return "1 study" if count == 1 else f"{count} studies"
