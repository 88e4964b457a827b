"""The radiation of studies already done, as the publisher's relative levels give it (adult mSv)."""

from collections.abc import Mapping, Sequence

from cds_service.guideline.chart import Interval
from cds_service.guideline.content.schema import EarlierRadiation, LevelRange, StudyTraits

_UNDER = "<"


def dose_of(
    known: Sequence[EarlierRadiation], scale: Mapping[str, LevelRange], traits: StudyTraits
) -> Interval | None:
    """The range of one study, in mSv, over every entry that fits; None = not known."""
    fitting = [_range(scale[one.level].adult) for one in known if _fits(one, traits)]
    if not fitting:
        return None
    return Interval(min(one.low for one in fitting), max(one.high for one in fitting), True, True)


def total(doses: Sequence[Interval]) -> Interval:
    """The sum of ranges; of none it is 0."""
    return Interval(sum(one.low for one in doses), sum(one.high for one in doses), True, True)


def _fits(one: EarlierRadiation, traits: StudyTraits) -> bool:
    regions = not one.regions or (bool(traits.regions) and set(traits.regions) <= set(one.regions))
    contrast = not one.contrast or traits.contrast in (None, *one.contrast)
    phase = None in (one.phase, traits.phase) or one.phase == traits.phase
    tracer = None in (one.tracer, traits.tracer) or one.tracer == traits.tracer
    return one.modality == traits.modality and regions and contrast and phase and tracer


def _range(words: str) -> Interval:
    """ "1-10 mSv", "<0.1 mSv", "0 mSv"."""
    numbers = words.removesuffix(" mSv")
    if numbers.startswith(_UNDER):
        return Interval(0, float(numbers.removeprefix(_UNDER)), True, True)
    low, _, high = numbers.partition("-")
    return Interval(float(low), float(high or low), True, True)
