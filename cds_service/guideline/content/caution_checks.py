"""Checks of the cautions: facts and bounds that go together, studies and codes that there are."""

from collections.abc import Collection, Iterator
from string import Formatter

from cds_service.guideline.chart import CAUTION_FACTS
from cds_service.guideline.content.caution_schema import (
    Caution,
    CautionsFile,
    CautionTarget,
    CautionWhen,
    Concern,
)
from cds_service.guideline.content.checks import Finding, duplicates, unknown_name
from cds_service.guideline.content.strict_yaml import Path

_PLACEHOLDERS = frozenset({"value"})


def cautions_findings(content: CautionsFile, procedures: Collection[str]) -> Iterator[Finding]:
    """Everything wrong with the cautions that their own shape allows."""
    for code, caution in content.cautions.items():
        here: Path = ("cautions", code)
        yield from _fact_findings(here, caution)
        yield from _words_findings(here, caution)
        if caution.replaces is not None and (
            caution.replaces == code or caution.replaces not in content.cautions
        ):
            others = [other for other in content.cautions if other != code]
            yield (*here, "replaces"), unknown_name("other caution", caution.replaces, others)
        if not caution.concerns:
            yield (*here, "concerns"), "concerns no study, give at least one kind"
        for i in duplicates(concern.on for concern in caution.concerns):
            yield (*here, "concerns", i, "on"), "stands here twice, join the two"
        for i, concern in enumerate(caution.concerns):
            yield from _concern_findings((*here, "concerns", i), concern, procedures)


def _fact_findings(here: Path, caution: Caution) -> Iterator[Finding]:
    if caution.fact not in CAUTION_FACTS:
        yield (*here, "fact"), unknown_name("fact", caution.fact, CAUTION_FACTS)
        return
    allowed = CAUTION_FACTS[caution.fact]
    bounds = _bounds(caution.when)
    if allowed is None and (len(bounds) != 1 or caution.when.values):
        yield (*here, "when"), f"needs either below or above, for {caution.fact} is a number"
    if allowed is not None and (bounds or not caution.when.values):
        yield (*here, "when"), f"needs values and no bound, for {caution.fact} is no number"
    for i, value in enumerate(caution.when.values):
        if allowed is not None and value not in allowed:
            yield (*here, "when", "values", i), unknown_name(f"value of {caution.fact}", value, allowed)
    if allowed is not None and caution.max_age_days is not None:
        yield (*here, "max_age_days"), f"is for numbers, and {caution.fact} is none: remove it"


def _bounds(when: CautionWhen) -> list[float]:
    return [bound for bound in (when.below, when.above) if bound is not None]


def _words_findings(here: Path, caution: Caution) -> Iterator[Finding]:
    opened = caution.if_open.finding if caution.if_open else ""
    for path, text in (((*here, "finding"), caution.finding), ((*here, "if_open", "finding"), opened)):
        strange = _placeholders(text) - _PLACEHOLDERS
        if strange:
            named = ", ".join(f"{{{name}}}" for name in sorted(strange))
            yield path, f"holds {named}, and only {{value}} is filled in: correct it"


def _placeholders(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {"loose brace"}


def _concern_findings(here: Path, concern: Concern, procedures: Collection[str]) -> Iterator[Finding]:
    if len(_stated(concern.on)) != 1:
        yield (*here, "on"), f"needs exactly one of {', '.join(CautionTarget.model_fields)}"
    for i, procedure in enumerate(concern.beside):
        if procedure not in procedures:
            yield (*here, "beside", i), unknown_name("procedure", procedure, procedures)


def _stated(target: CautionTarget) -> dict[str, object]:
    return target.model_dump(exclude_none=True)
