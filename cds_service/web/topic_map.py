"""A topic as a map: lesion size by first imaging across, history down, a variant or a gap in each place.

Made from the content: a topic whose questions are others has no map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from cds_service.guideline.content.topic_schema import GuidelineTopic
from cds_service.guideline.ways import covering

SIZE: Final = "lesion-size"
IMAGING: Final = "initial-imaging"
CANCER: Final = "extrahepatic-malignancy"
LIVER: Final = "chronic-liver-disease"
ACROSS: Final = (SIZE, IMAGING)
DOWN: Final = (CANCER, LIVER)

Possible = Mapping[str, Sequence[str]]  # question -> answers still possible


@dataclass(frozen=True, slots=True)
class Cell:
    """One or more neighbouring ways. `variants`: those that hold there; none = a gap.

    `here`: "yes" the patient falls here, "maybe" perhaps, "" not.
    """

    variants: tuple[int, ...]
    here: str = ""
    span: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One history, from left to right."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class TopicMap:
    """`sizes`: label and width of each group of columns; `studies`: the label of each column."""

    sizes: tuple[tuple[str, int], ...]
    studies: tuple[str, ...]
    lines: tuple[Line, ...]


HISTORIES: Final = (
    ("no", "no", "Healthy liver, no cancer"),
    ("yes", "no", "Cancer outside the liver"),
    ("no", "yes", "Chronic liver disease"),
    ("yes", "yes", "Both"),
)
SHORT: Final[Mapping[str, str]] = {
    "us": "Ultra­sound",
    "limited-ct-mri": "Limited CT or MRI",
    "characterizing": "Full CT, MRI or CEUS",
}


def map_of(topic: GuidelineTopic, possible: Possible | None = None) -> TopicMap | None:
    """The map, with the patient on it whose answers are `possible`; None without these questions."""
    if not {*ACROSS, *DOWN} <= topic.questions.keys():
        return None
    sizes = topic.questions[SIZE].values
    studies = topic.questions[IMAGING].values
    columns = [(size, study) for size in sizes for study in studies]
    lines = tuple(
        Line(label, _cells(topic, columns, cancer, liver, possible)) for cancer, liver, label in HISTORIES
    )
    return TopicMap(
        tuple((spec.label, len(studies)) for spec in sizes.values()),
        tuple(SHORT.get(study, studies[study].label) for _, study in columns),
        lines,
    )


def _cells(
    topic: GuidelineTopic,
    columns: Sequence[tuple[str, str]],
    cancer: str,
    liver: str,
    possible: Possible | None,
) -> tuple[Cell, ...]:
    """Neighbours of one size that say the same are one cell."""
    cells = [
        (size, _cell(topic, {SIZE: size, IMAGING: study, CANCER: cancer, LIVER: liver}, possible))
        for size, study in columns
    ]
    merged = [list(group) for _, group in groupby(cells, key=lambda cell: cell)]
    return tuple(replace(group[0][1], span=len(group)) for group in merged)


def _cell(topic: GuidelineTopic, way: Mapping[str, str], possible: Possible | None) -> Cell:
    whole = {**{name: next(iter(q.values)) for name, q in topic.questions.items() if name not in way}, **way}
    variants = tuple(variant.number for variant in covering(topic, whole))
    return Cell(variants, _here(way, possible))


def _here(way: Mapping[str, str], possible: Possible | None) -> str:
    if not possible or any(answer not in possible.get(name, ()) for name, answer in way.items()):
        return ""
    return "yes" if all(len(possible[name]) == 1 for name in way) else "maybe"
