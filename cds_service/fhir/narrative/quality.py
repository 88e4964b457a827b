"""Words of a report on its own quality (a technically limited study) and on perfusion anomalies."""

from collections.abc import Sequence

from cds_service.fhir.narrative.line import Line
from cds_service.fhir.narrative.patterns import pattern
from cds_service.fhir.narrative.standing import under_negation

_PERFUSION = ("thad", "thed", "thid", "transient", "perfusion")
_QUOTE_LIMIT = 240  # characters
_LIMITS = ("body", "findings", "impression", "addendum", "technique", "advice")


def limitation(lines: Sequence[Line], text: str) -> str:
    """The report's words that the study, or its view of the liver, was technically limited, or ""."""
    for line in lines:
        words = line.statement.text
        if line.statement.section not in _LIMITS:
            continue
        for found in pattern("quality limited").finditer(words):
            if _counts(words, found.start(), found.end()):
                start, end = line.statement.place(0, len(words))
                if end - start > _QUOTE_LIMIT:
                    start, end = line.statement.place(found.start(), found.end())
                return text[start:end].strip()
    return ""


def _counts(words: str, start: int, end: int) -> bool:
    around = words[max(0, start - 60) : end + 90]
    if pattern("quality by_design").search(around) and "motion" not in around:
        return False
    if (
        pattern("quality other_parts").search(around)
        and not pattern("quality liver").search(words)
        and not pattern("quality whole").search(words[start:end])
    ):
        return False
    if (
        pattern("quality other_parts").search(words[end : end + 40])
        and not pattern("quality liver").search(words)
        and "of" in words[end : end + 5]
    ):
        return False
    return not (
        pattern("quality denies").search(words[max(0, start - 40) : start])
        or pattern("quality denies").search(words[end : end + 60].partition(".")[0])
    ) and not pattern("quality ordered").match(words[start : end + 60])


def perfusion_anomaly(lines: Sequence[Line], text: str) -> str:
    """The words for a perfusion anomaly that the report describes in the liver; "" without one."""
    for line in lines:
        if line.statement.section in ("indication", "technique", "skip"):
            continue
        for at, mark in enumerate(line.marks):
            if (
                mark.kind == "pseudo"
                and mark.text.startswith(_PERFUSION)
                and not under_negation(line, at)
                and not _elsewhere(line)
            ):
                start, end = line.statement.place(mark.start, mark.end)
                return text[start:end]
    return ""


def _elsewhere(line: Line) -> bool:
    """Whether only other organs are spoken of."""
    return "organ" in line.kinds and not line.kinds & {"liver", "segment", "lobe", "lesion"}
