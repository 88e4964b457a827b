"""Which study a report is of: modality, contrast and phase, from its title, heading and technique."""

from collections.abc import Sequence
from functools import cache

from cds_service.fhir.narrative.layout import fold
from cds_service.fhir.narrative.line import Line
from cds_service.fhir.narrative.patterns import Several, expression, names, pattern
from cds_service.fhir.narrative.reading import StudyReading


def study_of(lines: Sequence[Line], text: str, title: str) -> StudyReading | None:
    """The study as its title, technique section or first lines name it; None when they name none."""
    sources = _sources(lines, text, title)
    named = next(((name, words) for words, _ in sources for name in [modality_of(fold(words))] if name), None)
    if named is None:
        return _seen_on(lines, text)
    modality, words = named
    described = " . ".join(fold(source) for source, _ in sources)
    contrast = _contrast(described, modality)
    return StudyReading(modality, contrast, _phase(described, modality, contrast), words.strip()[:240])


def _seen_on(lines: Sequence[Line], text: str) -> StudyReading | None:
    """What a note on an order says the lesion was seen on: "8 mm liver lesion on US"."""
    for line in lines[:4] if len(lines) <= 6 else ():
        words = line.statement.text
        found = pattern("study seen_on").search(words)
        if found and not pattern("study not_ours").occurs_in(words):
            start, end = line.statement.place(found.start(), found.end())
            modality = modality_of(found.group())
            contrast = _contrast(found.group(), modality)
            return StudyReading(
                modality, contrast, _phase(found.group(), modality, contrast), text[start:end]
            )
    return None


def _sources(lines: Sequence[Line], text: str, title: str) -> list[tuple[str, str]]:
    """The words that describe this study, most telling first, with the section they stand in."""
    found = [(title, "title")] if title.strip() else []
    for number, line in enumerate(lines):
        section, words = line.statement.section, line.statement.text
        own = (
            section == "technique"
            or (section in ("indication", "comparison") and pattern("study terse").occurs_in(words))
            or (section in ("body", "findings") and _is_heading(line, first=number < 3))
        )
        if own and not (section != "technique" and pattern("study not_ours").occurs_in(words)):
            start, end = line.statement.place(0, len(words))
            found.append((text[start:end], section))
    return found[:12]


_OPENING = (
    "technique", "exam", "study", "procedure", "multiphas", "contrast", "ct ", "mri ", "us ", "ultrasound",
    "axial", "helical", "multiplanar", "limited ultrasound", "grayscale", "real-time", "real time",
    "this is a", "a ", "dynamic",
)  # fmt: skip
_DONE = (
    "performed", "obtained", "acquired", "administered", "technique", "was done", "imaging of the", "scanned",
)  # fmt: skip


def _is_heading(line: Line, *, first: bool) -> bool:
    """Whether a statement outside the technique section names this study; `first`: one of the first three."""
    words, measured = line.statement.text, "measure" in line.kinds
    if first and len(words) < 160:
        sure = not line.kinds & {"unclear", "hypothetical"}
        return not measured or "exam" in words or (sure and bool(_modalities(anchored=True).matching(words)))
    return words.startswith(_OPENING) and not measured and any(word in words for word in _DONE)


@cache
def _modalities(*, anchored: bool) -> Several:
    return Several([expression(f"modality {name}") for name in names("modality")], anchored=anchored)


def modality_of(words: str) -> str:
    """The modality that lower-case words name first, "" when they name none."""
    named = [names("modality")[rank] for rank in sorted(_modalities(anchored=False).matching(words))]
    if "pet-ct" in named or len(named) < 2:
        return "pet-ct" if "pet-ct" in named else "".join(named)
    places = [(pattern(f"modality {name}").search(words), rank, name) for rank, name in enumerate(named)]
    return min((found.start(), rank, name) for found, rank, name in places if found)[2]


def _contrast(words: str, modality: str) -> str | None:
    plain = pattern("study oral_only").sub(" ", words)
    if modality == "pet-ct" and "attenuation" in words:
        return None  # what is said of contrast is said of the scan that corrects the picture
    if modality == "us":
        given = pattern("study ceus").occurs_in(words) and not pattern("study no_ceus").occurs_in(words)
        return "with" if given else None
    if pattern("study both").occurs_in(plain):
        return "without-and-with"
    if pattern("study not_given").occurs_in(plain):
        return "without"  # whatever was ordered
    without, with_it = pattern("study without").occurs_in(plain), pattern("study with").occurs_in(plain)
    if without and with_it and not _denied_only(plain):
        return "without-and-with" if modality == "mri" else _ct_both(plain)
    if without:
        return "without"
    return "with" if with_it else None


def _denied_only(words: str) -> bool:
    """Whether every mention of contrast is one of its absence."""
    return not pattern("study with").occurs_in(pattern("study without").sub(" ", words))


def _ct_both(words: str) -> str:
    return "without-and-with" if pattern("study unenhanced_phase").occurs_in(words) else "with"


def _phase(words: str, modality: str, contrast: str | None) -> str | None:
    if modality not in ("ct", "mri") or contrast == "without":
        return None
    if pattern("study single_only").occurs_in(words):
        return "single-phase"
    if pattern("study multi").occurs_in(words) or (
        "arterial" in words and ("portal" in words or "venous" in words)
    ):
        return "multiphase"
    if modality == "ct" and "arterial phase" in words and not pattern("study other_phase").occurs_in(words):
        return "single-phase"
    if (
        pattern("study single").occurs_in(words)
        and not pattern("study delayed").occurs_in(words)
        and "arterial" not in words
    ):
        return "single-phase"
    return None
