"""Which study a report is of: modality, contrast and phase, from its title, heading and technique."""

from collections.abc import Sequence

from cds_service.fhir.narrative.layout import fold
from cds_service.fhir.narrative.line import Line
from cds_service.fhir.narrative.patterns import names, pattern
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
        if found and not pattern("study not_ours").search(words):
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
    for line in lines:
        section, words = line.statement.section, line.statement.text
        start, end = line.statement.place(0, len(words))
        terse = section in ("indication", "comparison") and pattern("study terse").search(words)
        own = (
            section == "technique"
            or bool(terse)
            or (section in ("body", "findings") and _is_heading(line, lines))
        )
        if own and not (section != "technique" and pattern("study not_ours").search(words)):
            found.append((text[start:end], section))
    return found[:12]


def _is_heading(line: Line, lines: Sequence[Line]) -> bool:
    """Whether a statement outside the technique section names this study."""
    words = line.statement.text
    first = any(other is line for other in lines[:3]) and len(words) < 160
    says = words.startswith(
        (
            "technique",
            "exam",
            "study",
            "procedure",
            "multiphas",
            "contrast",
            "ct ",
            "mri ",
            "us ",
            "ultrasound",
            "axial",
            "helical",
            "multiplanar",
            "limited ultrasound",
            "grayscale",
            "real-time",
            "real time",
            "this is a",
            "a ",
            "dynamic",
        )
    )
    told = any(
        word in words
        for word in (
            "performed",
            "obtained",
            "acquired",
            "administered",
            "technique",
            "was done",
            "imaging of the",
            "scanned",
        )
    )
    if (
        first
        and any(pattern(f"modality {name}").begins(words) for name in names("modality"))
        and not line.kinds & {"unclear", "hypothetical"}
    ):
        return True
    return ((first or (says and told)) and not line.kinds & {"measure"}) or (first and "exam" in words)


def modality_of(words: str) -> str:
    """The modality that lower-case words name first, "" when they name none."""
    places = [
        (found.start(), rank, name)
        for rank, name in enumerate(names("modality"))
        if (found := pattern(f"modality {name}").search(words))
    ]
    if any(name == "pet-ct" for _, _, name in places):
        return "pet-ct"
    return min(places)[2] if places else ""


def _contrast(words: str, modality: str) -> str | None:
    plain = str(pattern("study oral_only").sub(" ", words))
    if modality == "pet-ct" and "attenuation" in words:
        return None  # what is said of contrast is said of the scan that corrects the picture
    if modality == "us":
        given = pattern("study ceus").search(words) and not pattern("study no_ceus").search(words)
        return "with" if given else None
    if pattern("study both").search(plain):
        return "without-and-with"
    without, with_it = pattern("study without").search(plain), pattern("study with").search(plain)
    if without and with_it and not _denied_only(plain):
        return "without-and-with" if modality == "mri" else _ct_both(plain)
    if without:
        return "without"
    return "with" if with_it else None


def _denied_only(words: str) -> bool:
    """Whether every mention of contrast is one of its absence."""
    return not pattern("study with").search(str(pattern("study without").sub(" ", words)))


def _ct_both(words: str) -> str:
    return "without-and-with" if pattern("study unenhanced_phase").search(words) else "with"


def _phase(words: str, modality: str, contrast: str | None) -> str | None:
    if modality not in ("ct", "mri") or contrast == "without":
        return None
    if pattern("study single_only").search(words):
        return "single-phase"
    if pattern("study multi").search(words) or (
        "arterial" in words and ("portal" in words or "venous" in words)
    ):
        return "multiphase"
    if modality == "ct" and "arterial phase" in words and not pattern("study other_phase").search(words):
        return "single-phase"
    if (
        pattern("study single").search(words)
        and not pattern("study delayed").search(words)
        and "arterial" not in words
    ):
        return "single-phase"
    return None
