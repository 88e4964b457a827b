"""What kind of study was it? Traits of imaging already done, and whether it can have shown the liver."""

from collections.abc import Sequence
from functools import reduce

from cards.vocabulary import Coding
from cds_service.guideline.content.schema import Contrast, Phase, StudyTraits
from cds_service.guideline.terms.code_systems import known_code
from cds_service.guideline.terms.studies import StudyIndex, titles_said
from cds_service.guideline.terms.study_text import EVERY_CONTRAST, StudySaid

# Organs in the same field of view as the liver.
_SHOWS_LIVER = frozenset(
    ("abdomen", "liver", "gallbladder", "pancreas", "spleen", "kidney", "adrenal", "bowel", "aorta")
)


def traits_of(
    index: StudyIndex, codings: Sequence[Coding], texts: Sequence[str], mapped: Sequence[str]
) -> StudyTraits | None:
    """See `terms.traits_named`."""
    titles = titles_said(codings, texts)
    coded = [*(index.procedures[name].traits for name in mapped), *_coded_traits(index, codings)]
    if not coded:
        return _traits(titles)
    common = reduce(_common, coded)
    return _filled(common, [said for said in titles if said.modality in (None, common.modality)])


def _coded_traits(index: StudyIndex, codings: Sequence[Coding]) -> list[StudyTraits]:
    keys = [key for coding in codings if (key := known_code(coding))]
    named = [index.procedures[name].traits for key in keys for name in sorted(index.by_code.get(key, ()))]
    return named or [traits for key in keys for traits in index.others.get(key, ())]


def _common(one: StudyTraits, other: StudyTraits) -> StudyTraits:
    """What two possible studies agree on; the modality of the first."""
    return StudyTraits(
        modality=one.modality,
        regions=tuple(dict.fromkeys((*one.regions, *other.regions))),
        contrast=one.contrast if one.contrast == other.contrast else None,
        phase=one.phase if one.phase == other.phase else None,
        tracer=one.tracer if one.tracer == other.tracer else None,
    )


def _filled(traits: StudyTraits, titles: Sequence[StudySaid]) -> StudyTraits:
    """What the code left open, from the titles."""
    return StudyTraits(
        modality=traits.modality,
        regions=traits.regions or tuple(sorted({region for said in titles for region in said.regions})),
        contrast=traits.contrast or _contrast(titles),
        phase=traits.phase or _phase(titles),
        tracer=traits.tracer or next((said.tracer for said in titles if said.tracer), None),
    )


def _traits(titles: Sequence[StudySaid]) -> StudyTraits | None:
    modality = next((said.modality for said in titles if said.modality), None)
    if modality is None:
        return None
    said_of_it = [said for said in titles if said.modality in (None, modality)]
    return _filled(StudyTraits(modality=modality), said_of_it)


def _contrast(titles: Sequence[StudySaid]) -> Contrast | None:
    possible = reduce(frozenset.intersection, (said.contrasts for said in titles), EVERY_CONTRAST)
    return next(iter(possible)) if len(possible) == 1 else None


def _phase(titles: Sequence[StudySaid]) -> Phase | None:
    named = {said.phase for said in titles if said.phase}
    return named.pop() if len(named) == 1 else None


def imaging_kinds(traits: StudyTraits) -> tuple[str, ...]:
    """The kinds (`chart.IMAGING_KINDS`) an earlier study may be; () = it cannot have shown a liver lesion.

    A contrast or phase that was not stated leaves several. A CT of the chest reaches the liver's dome.
    """
    regions = set(traits.regions)
    if traits.modality == "ct":
        return _ct_kinds(traits) if not regions or regions & (_SHOWS_LIVER | {"chest"}) else ()
    if regions and not regions & _SHOWS_LIVER:
        return ()
    if traits.modality == "us":
        return ("ceus",) if traits.contrast == "with" else ("us",)
    if traits.modality == "mri":
        return {"without": ("mri-noncontrast",), None: ("mri-noncontrast", "mri-with-contrast")}.get(
            traits.contrast, ("mri-with-contrast",)
        )
    return ()


def _ct_kinds(traits: StudyTraits) -> tuple[str, ...]:
    if traits.contrast == "without":
        return ("ct-noncontrast",)
    if traits.phase:
        return ("ct-multiphase",) if traits.phase == "multiphase" else ("ct-single-phase",)
    given = ("ct-single-phase", "ct-multiphase")
    return given if traits.contrast else ("ct-noncontrast", *given)
