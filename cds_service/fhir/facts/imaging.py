"""How the lesion was found, and whether MRI has followed: the facts `initial_imaging` and `mri_since`."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cds_service.fhir.datatypes import dates
from cds_service.fhir.datatypes.dates import Order
from cds_service.fhir.facts.lesion import Story
from cds_service.fhir.facts.problems import GAPS, latest_first
from cds_service.fhir.facts.studies import Study
from cds_service.fhir.facts.window import Window
from cds_service.guideline.chart import IMAGING_KINDS, NO, YES, Choice, DoneStudy, Searched

CHARACTERIZING = frozenset(("ct-multiphase", "mri-with-contrast", "ceus"))
FULL_MRI = "without-and-with"
LATELY = timedelta(days=30)
GRACE = timedelta(days=1)  # the EHR may be in a zone where it is tomorrow
MRI_RESULTS = ("metastasis", "benign", "indeterminate")


@dataclass(frozen=True, slots=True)
class Imaging:
    """The studies that may have shown the liver, and what is known of the lesion.

    `describing`: names of the resources that describe the lesion.
    """

    studies: tuple[Study, ...]
    describing: AbstractSet[str]
    story: Story
    window: Window
    searched: Searched

    def describes(self, study: Study) -> bool:
        """Whether the study's result speaks of the lesion in question."""
        after = self.story.reopened_after
        earlier = after is not None and dates.order(study.when, after) in (Order.BEFORE, Order.SAME_DAY)
        return not earlier and not study.names.isdisjoint(self.describing)


def imaging_of(
    studies: Iterable[Study], describing: AbstractSet[str], story: Story, days: Window, searched: Searched
) -> Imaging:
    """Keep what can have shown the liver and is not dated in the future."""
    of_liver = [s for s in studies if s.kinds and (s.when is None or s.when.first <= days.last)]
    return Imaging(tuple(of_liver), describing, story, days, searched)


def mri_since(imaging: Imaging) -> Choice:
    """Was an MRI without and with contrast done after the lesion had been found by something else?"""
    told = [(study, _since(study, imaging)) for study in imaging.studies if _may_be_full_mri(study, imaging)]
    done = [study for study, since in told if since is True and study.reliable]
    if done:
        return Choice((YES,), latest_first(study.evidence for study in done), imaging.searched)
    unclear = [study for study, since in told if since is not False]
    if unclear:
        note = "an MRI whose contrast or date does not tell"
        return Choice((YES, NO), latest_first(study.evidence for study in unclear), imaging.searched, note)
    if imaging.searched is Searched.COMPLETE:
        return Choice((NO,))
    return Choice((YES, NO), (), imaging.searched, GAPS[imaging.searched])


def mri_result(imaging: Imaging) -> Choice:
    """What the latest MRI since says of the lesion, as far as its report in prose tells."""
    done = [study for study in imaging.studies if _is_since(study, imaging)]
    latest = max(done, key=lambda study: study.when.last if study.when else date.min, default=None)
    said = next((r.conclusion for r in latest.readings if r.conclusion), None) if latest else None
    if latest is None or said is None:
        return Choice(MRI_RESULTS, (), imaging.searched)
    return Choice((said,), (latest.evidence,), imaging.searched)


def done_lately(studies: Iterable[Study], today: date) -> tuple[DoneStudy, ...]:
    """Studies of the catalogue done in the last 30 days, newest first; a limited one does not count."""
    since = today - LATELY
    done = [
        DoneStudy(study.procedures[0], study.evidence)
        for study in studies
        if len(study.procedures) == 1 and study.reliable and not _is_limited(study)
        if study.when is not None and since <= study.when.first and study.when.last <= today + GRACE
    ]
    return tuple(sorted(done, key=lambda one: one.evidence.day or since, reverse=True))


def imaging_remarks(imaging: Imaging) -> tuple[str, ...]:
    """What the article warns of: an MRI that was technically limited, and perfusion that mimics a lesion."""
    recent = [study for study in imaging.studies if imaging.window.holds(study.when)]
    limited = [
        f"The MRI{_on(study)} was technically limited ({words}): consider repeating it."
        for study in recent
        if _is_limited(study) and _after_finding(study, imaging) is not False
        for words in [next(r.limited for r in study.readings if r.limited)]
    ]
    mimics = [
        f"The report{_on(study)} tells of a perfusion anomaly, a mimic of lesions ({r.perfusion_anomaly})."
        for study in recent
        for r in study.readings
        if r.perfusion_anomaly
    ]
    return (*limited, *mimics)


def _on(study: Study) -> str:
    day = study.evidence.day
    return f" of {day.isoformat()}" if day else ""


def _is_limited(study: Study) -> bool:
    """A technically limited MRI does not end the topic, and is no first imaging either."""
    return study.modality == "mri" and any(reading.limited for reading in study.readings)


def _is_since(study: Study, imaging: Imaging) -> bool:
    return _may_be_full_mri(study, imaging) and study.reliable and _since(study, imaging) is True


def _may_be_full_mri(study: Study, imaging: Imaging) -> bool:
    """An MRI of the liver that had both sequences, or does not say."""
    of_liver = study.of_liver or imaging.describes(study)
    full = study.contrast in (FULL_MRI, None)
    return study.modality == "mri" and of_liver and full and not _is_limited(study)


def _since(study: Study, imaging: Imaging) -> bool | None:
    """None = it may be: its contrast is not stated, or its day does not tell."""
    after = _after_finding(study, imaging)
    return None if after and study.contrast is None else after


def _after_finding(study: Study, imaging: Imaging) -> bool | None:
    others = [other for other in imaging.studies if other is not study and imaging.describes(other)]
    if others:
        orders = {dates.order_with_times(study.when, other.when) for other in others}
        return False if Order.BEFORE in orders else (True if orders == {Order.AFTER} else None)
    seen = imaging.story.first_seen
    if seen is None:
        telling = study.silent or imaging.describes(study)
        return None if telling and imaging.window.holds(study.when) else False
    match dates.order(study.when, seen):
        case Order.AFTER:
            return True
        case Order.UNCLEAR:
            return None
        case _:
            return False


def initial_imaging(imaging: Imaging) -> Choice:
    """Which study showed the lesion first, leaving out an MRI that followed.

    Studies that cannot be relied on, and an MRI of which it is not clear whether it followed, widen it.
    """
    reliable = replace(imaging, studies=tuple(study for study in imaging.studies if study.reliable))
    found = [
        *_readings(reliable),
        *(_readings(imaging) if len(reliable.studies) < len(imaging.studies) else ()),
    ]
    possible = frozenset(kind for studies in found for kind in _possible(studies))
    shown = {study.evidence: study for studies in found for study in studies}
    if not possible or not all(found):
        note = GAPS[imaging.searched] or "no imaging report of the lesion was found"
        return Choice(IMAGING_KINDS, latest_first(shown), imaging.searched, note)
    kinds = tuple(kind for kind in IMAGING_KINDS if kind in possible)
    return Choice(kinds, latest_first(shown), imaging.searched, _note(kinds, shown.values()))


def _readings(imaging: Imaging) -> list[list[Study]]:
    """The studies that may stand for the first imaging: one list per way in which open MRIs may fall."""
    since = {study: _since(study, imaging) for study in imaging.studies if _may_be_full_mri(study, imaging)}
    certain = [
        study
        for study in imaging.studies
        if since.get(study, False) is False
        and not (_is_limited(study) and _after_finding(study, imaging) is not False)
    ]
    unclear = [_unless_full(study, imaging) for study in since if since[study] is None]
    without = _first_ones(replace(imaging, studies=tuple(certain)))
    if not unclear:
        return [without]
    having = _first_ones(replace(imaging, studies=(*certain, *unclear)))
    return [having] if not without else [without, having]


def _unless_full(study: Study, imaging: Imaging) -> Study:
    """An MRI after the finding whose contrast is not stated: if it was a full one it is no first imaging."""
    if not _after_finding(study, imaging):
        return study
    kinds = tuple(kind for kind in study.kinds if kind not in CHARACTERIZING)
    return replace(study, kinds=kinds or study.kinds)


def _first_ones(imaging: Imaging) -> list[Study]:
    """Studies that describe the lesion; only if none does, those of which nothing can be read."""
    recent = [study for study in imaging.studies if imaging.window.holds(study.when)]
    return [study for study in recent if imaging.describes(study)] or [
        study for study in recent if study.of_liver and study.silent and _up_to_finding(study, imaging)
    ]


def _up_to_finding(study: Study, imaging: Imaging) -> bool:
    seen = imaging.story.first_seen
    if seen is None or study.when is None or seen.last == date.max:
        return True
    return study.when.first <= seen.last + timedelta(days=1)


def _possible(studies: Sequence[Study]) -> frozenset[str]:
    """What the studies together leave possible: one that could have characterized the lesion decides."""
    kinds = frozenset(kind for study in studies for kind in study.kinds)
    decided = any(CHARACTERIZING.issuperset(study.kinds) for study in studies)
    return kinds & CHARACTERIZING if decided else kinds


def _note(kinds: Sequence[str], studies: Iterable[Study]) -> str:
    undated = "an undated report" if any(study.when is None for study in studies) else ""
    several = "several studies, or one whose contrast is not stated" if len(kinds) > 1 else ""
    return "; ".join(why for why in (several, undated) if why)
