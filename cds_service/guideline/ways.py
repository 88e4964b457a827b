"""Every way the open facts may fall, and what the guideline says of a procedure in each (design §4.3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TypeAlias

from cards.vocabulary import Band
from cds_service.guideline.content.topic_schema import GuidelineTopic, Row, Variant
from cds_service.guideline.criteria import fits

Way: TypeAlias = Mapping[str, str]  # question -> one answer

CHARACTERIZATION = "characterization"
PROCEDURE = "procedure"  # a way's entry for which study is meant, beside the questions


class Kind(StrEnum):
    """What the guideline says in one way."""

    RATED = "rated"
    NO_CRITERIA = "no-criteria"  # no variant covers this, or those that do are silent on the procedure
    CONFLICT = "conflict"  # variants hold at once and disagree
    CHARACTERIZED = "characterized"  # the lesion has a diagnosis: outside the topic


@dataclass(frozen=True, slots=True)
class Left:
    """The answers to one question that are still possible; see `Possible`."""

    question: str
    values: tuple[str, ...]
    on_the_bound: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What counts as "the same answer" across ways: the kind and, when rated, the band."""

    kind: Kind
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The guideline's answer for one procedure in one way. `rows`: what it rests on."""

    outcome: Outcome
    rows: tuple[Row, ...] = ()


RATED: Mapping[Band, Outcome] = {band: Outcome(Kind.RATED, band) for band in Band}
CONFLICT = Outcome(Kind.CONFLICT)
SILENT = Told(Outcome(Kind.NO_CRITERIA))
OUTSIDE = Told(Outcome(Kind.CHARACTERIZED))


def ways_of(possible: Mapping[str, tuple[str, ...]]) -> tuple[Way, ...]:
    """Every combination of the answers still possible."""
    names = tuple(possible)
    return tuple(dict(zip(names, values, strict=True)) for values in product(*possible.values()))


def covering(topic: GuidelineTopic, way: Way) -> tuple[Variant, ...]:
    """The variants that hold in this way; none once the lesion has a diagnosis."""
    if is_characterized(way):
        return ()
    return tuple(variant for variant in topic.variants if fits(variant, way))


def is_characterized(way: Way) -> bool:
    """True when this way takes the lesion as already diagnosed."""
    return way.get(CHARACTERIZATION) == "characterized"


def told(procedure: str, variants: Iterable[Variant], characterized: bool) -> Told:
    """What these variants, holding at once, say of a procedure. Variants that do not list it are silent."""
    if characterized:
        return OUTSIDE
    rows = tuple([variant.rows[procedure] for variant in variants if procedure in variant.rows])
    bands = {row.rating.rating.band for row in rows}
    if not bands:
        return SILENT
    return Told(RATED[bands.pop()] if len(bands) == 1 else CONFLICT, rows)
