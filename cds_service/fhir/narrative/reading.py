"""What a radiology report says of the liver's focal lesions: the reader's outcome."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from cds_service.guideline.chart import Interval

Lesion: TypeAlias = Literal["indeterminate", "characterized", "none"]
Conclusion: TypeAlias = Literal["metastasis", "benign", "indeterminate"]


@dataclass(frozen=True, slots=True)
class StudyReading:
    """Which study the report is of. A trait not stated is None; `quote` may be from the title."""

    modality: str  # "us" | "ct" | "mri" | "pet-ct" | "nuclear" | "radiograph"
    contrast: str | None  # "without" | "with" | "without-and-with"
    phase: str | None  # "single-phase" | "multiphase"
    quote: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One report, read. Every quote is a verbatim piece of the report (line breaks and all), "" without one.

    `lesion` None: the report does not speak of focal liver lesions, or cannot be relied on to.
    `size`: mm, greatest current dimension of the largest lesion in question. Lesions with a definite
    diagnosis count only when every lesion has one.
    """

    lesion: Lesion | None = None
    lesion_quote: str = ""
    size: Interval | None = None
    size_quote: str = ""
    study: StudyReading | None = None
    limited: str = ""
    perfusion_anomaly: str = ""
    conclusion: Conclusion | None = None
