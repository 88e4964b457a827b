"""Words of a report on its own quality (a technically limited study) and on perfusion anomalies."""

from collections.abc import Sequence

from cds_service.fhir.narrative.line import LESIONS, Line
from cds_service.fhir.narrative.patterns import compiled, pattern
from cds_service.fhir.narrative.standing import under_negation

_PERFUSION = ("thad", "thed", "thid", "transient", "perfusion")
_NOUN = compiled(r"lesion|mass|nodule|cyst|metasta|focus|density|thyroid|lung|prostat")
_AND_ONLY = compiled(r"(?:[ ,]| and )*")
_IN_ONLY = compiled(r" (?:seen |noted |queried |described |reported )?(?:in|of|at|within) (?:the )?")
_QUOTE_LIMIT = 240  # characters
_LIMITS = ("body", "findings", "impression", "addendum", "technique", "advice")


def limitation(lines: Sequence[Line], text: str) -> str:
    """The report's words that the study, or its view of the liver, was technically limited, or ""."""
    for line in _lines_with("quality limited", lines):
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


def part_unseen(lines: Sequence[Line]) -> bool:
    """Whether a part of the liver was not seen: a report that denies lesions denies those of the rest."""
    return any(
        found and not _NOUN.occurs_in(found.group()) and not _in_that_part(line, found.start())
        for line in _lines_with("quality part_unseen", lines)
        for found in [pattern("quality part_unseen").search(line.statement.text)]
    )


def _in_that_part(line: Line, start: int) -> bool:
    """Whether it is a lesion in that part that was not seen: "the 6 mm nodule in segment 3 is not seen"."""
    for at, mark in enumerate(line.marks):
        between = line.statement.text[mark.end : start]
        if mark.kind in LESIONS and mark.end <= start and _IN_ONLY.fullmatch(between):
            return not under_negation(line, at)
    return False


def _lines_with(name: str, lines: Sequence[Line]) -> Sequence[Line]:
    """The lines to look at for a pattern without anchors: none when it matches nowhere in all of them."""
    return lines if pattern(name).occurs_in("\n".join([line.statement.text for line in lines])) else ()


def _counts(words: str, start: int, end: int) -> bool:
    around = words[max(0, start - 60) : end + 90]
    if pattern("quality by_design").occurs_in(around) and "motion" not in around:
        return False
    if _of_other_part(words, start, around) and not pattern("quality whole").occurs_in(words[start:end]):
        return False
    if (
        pattern("quality other_parts").occurs_in(words[end : end + 40])
        and not pattern("quality liver").occurs_in(words)
        and "of" in words[end : end + 5]
    ):
        return False
    return not (
        pattern("quality denies").occurs_in(words[max(0, start - 25) : start])
        or pattern("quality suffices").occurs_in(words[end : end + 60].partition(".")[0])
    ) and not pattern("quality ordered").begins(words[start : end + 60])


def _of_other_part(words: str, start: int, around: str) -> bool:
    """Whether the nearest part named is no part of the liver: "liver normal, pancreas obscured by gas"."""
    if not pattern("quality liver").occurs_in(words):
        return pattern("quality other_parts").occurs_in(around)
    livers = [found.end() for found in pattern("quality liver").finditer(words[:start])]
    others = list(pattern("quality other_parts").finditer(words[:start]))
    if not livers or not others or others[-1].start() < livers[-1]:
        return False
    return not _AND_ONLY.fullmatch(words[livers[-1] : others[-1].start()])


def perfusion_anomaly(lines: Sequence[Line], text: str) -> str:
    """The words for a perfusion anomaly that the report describes in the liver; "" without one."""
    for line in lines:
        if "pseudo" not in line.kinds or line.statement.section in ("indication", "technique", "skip"):
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
