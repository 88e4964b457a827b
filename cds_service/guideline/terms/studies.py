"""Which procedures of the catalogue does an order leave possible? Codes decide, titles narrow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from cards.vocabulary import Coding
from cds_service.guideline.content.schema import (
    EarlierStudy,
    Procedure,
    RecognisedCode,
    StudyTraits,
    SystemName,
    WrittenCode,
)
from cds_service.guideline.terms.code_systems import known_code, plain_code
from cds_service.guideline.terms.study_text import EVERY_CONTRAST, StudySaid, of_modality, study_said

_DICOM = "dicom.nema.org"  # modality codes of ImagingStudy read like words: CT, MR, US
_DICOM_WORDS = {
    "pt": "PET",
    "nm": "NM",
    "dx": "XR",
    "cr": "XR",
    "rf": "XR",
    "mg": "mammography",
    "xa": "angiography",
}

# A region a title may name beside the procedure's own without becoming another study.
_PARTS = {
    "abdomen": frozenset(("liver", "gallbladder", "pancreas", "spleen", "kidney", "adrenal")),
    "liver": frozenset(("abdomen",)),
    "chest": frozenset(("liver",)),
    "skull-base-to-mid-thigh": frozenset(("whole-body",)),
}
_BY_CONTRAST: frozenset[str | None] = frozenset(("ct", "mri", "us"))  # told apart by contrast and phase
_GIVEN_ONCE = frozenset(("with",))
_REGION_OPEN = frozenset(("pet-ct", "nuclear"))  # titles of these usually name the tracer and no region


@dataclass(frozen=True, slots=True)
class StudyIndex:
    """The catalogue by code. `others`: known studies outside it. `shared`: codes a title may overrule."""

    procedures: Mapping[str, Procedure]
    by_code: Mapping[tuple[SystemName, str], frozenset[str]]
    shared: frozenset[tuple[SystemName, str]]
    others: Mapping[tuple[SystemName, str], tuple[StudyTraits, ...]]


def study_index(procedures: Mapping[str, Procedure], earlier: Sequence[EarlierStudy]) -> StudyIndex:
    """Compile once."""
    by_code: dict[tuple[SystemName, str], set[str]] = {}
    shared: set[tuple[SystemName, str]] = set()
    for name, procedure in procedures.items():
        codes: tuple[WrittenCode | RecognisedCode, ...] = (*procedure.write, *procedure.recognise)
        for one in codes:
            key = one.system, plain_code(one.system, one.code)
            by_code.setdefault(key, set()).add(name)
            if one.shared:
                shared.add(key)
    others: dict[tuple[SystemName, str], tuple[StudyTraits, ...]] = {}
    for study in earlier:
        for system, listed in study.codes.items():
            for code in listed:
                key = system, plain_code(system, code)
                others[key] = (*others.get(key, ()), study.traits)
    return StudyIndex(
        procedures, {key: frozenset(names) for key, names in by_code.items()}, frozenset(shared), others
    )


def procedures_of(
    index: StudyIndex,
    codings: Sequence[Coding],
    texts: Sequence[str],
    details: Sequence[str],
    mapped: Sequence[str],
) -> tuple[str, ...]:
    """See `terms.procedures_named`. `mapped`: procedures that a tenant's local codes name.

    A known code decides, titles narrow it, and one that contradicts it leaves both open; without a known
    code the titles decide.
    """
    titles = titles_said(codings, texts)
    coded = _coded(index, codings, titles, mapped)
    possible = _titled(index, titles) if coded is None else _told(index, coded, titles)
    possible = _told(index, possible, [study_said(detail) for detail in details])
    return tuple(name for name in index.procedures if name in possible)


def titles_said(codings: Sequence[Coding], texts: Sequence[str]) -> list[StudySaid]:
    """What each text and display states of a study, the texts first; those that state nothing left out."""
    said = [*texts, *(coding.display for coding in codings), *_dicom(codings)]
    read = [study_said(text.strip()) for text in dict.fromkeys(said) if text.strip()]
    return [one for one in read if one != StudySaid()]


def _dicom(codings: Iterable[Coding]) -> list[str]:
    codes = [coding.code.strip() for coding in codings if _DICOM in coding.system]
    return [_DICOM_WORDS.get(code.lower(), code) for code in codes]


def _coded(
    index: StudyIndex, codings: Sequence[Coding], titles: Sequence[StudySaid], mapped: Sequence[str]
) -> frozenset[str] | None:
    """What the codes leave possible: systems intersect; contradicting systems leave both. None = no code.

    A code of another study or of none (a companion, such as the contrast agent's) changes nothing beside
    one of the catalogue's.
    """
    systems: dict[str, frozenset[str]] = {"local": frozenset(mapped)} if mapped else {}
    for coding in codings:
        key = known_code(coding)
        if key is not None and (key in index.by_code or key in index.others):
            systems[key[0]] = systems.get(key[0], frozenset()) | _meant(index, key, titles)
    if not systems:
        return None
    named = [names for names in systems.values() if names] or [frozenset()]
    return reduce(frozenset.intersection, named) or reduce(frozenset.union, named)


def _meant(index: StudyIndex, key: tuple[SystemName, str], titles: Sequence[StudySaid]) -> frozenset[str]:
    """The studies one code means. A shared one yields to a title that names another tracer or study."""
    names = index.by_code.get(key, frozenset())
    if key not in index.shared:
        return names
    traced = frozenset(name for said in titles if said.tracer for name in _fitting(index, said))
    if traced and not any(said.foreign for said in titles):
        return names & traced or traced
    return frozenset() if any(_outside(index, said, names) for said in titles) else names


def _outside(index: StudyIndex, said: StudySaid, names: frozenset[str]) -> bool:
    """The title names a study, and it is none of the catalogue's ("abdomen" may well be of the liver)."""
    if said.foreign:
        return True
    if not (said.regions or said.tracer) or _fitting(index, said):
        return False
    near = said.regions <= {"abdomen", "liver"} and not said.tracer
    return not (near and any(_regions_allow(said, index.procedures[name].traits) for name in names))


def _told(index: StudyIndex, possible: frozenset[str], titles: Sequence[StudySaid]) -> frozenset[str]:
    """What the titles make of what was possible: each narrows it, or stands beside it as another reading.

    One that can mean nothing of the catalogue says nothing here.
    """
    beside: frozenset[str] = frozenset()
    for said in titles:
        reading = _reading(index, said, possible)
        fits = frozenset(name for name in possible if _allows(said, index.procedures[name].traits))
        if reading and not reading & possible:
            beside |= reading
        else:
            possible = fits or possible
    return possible | beside


def _reading(index: StudyIndex, said: StudySaid, possible: frozenset[str]) -> frozenset[str]:
    """What the title means when it says how the study is done: of its own study, else of the coded one."""
    traits = [index.procedures[name].traits for name in possible]
    coded = {one.modality for one in traits}
    modality = said.modality or (traits[0].modality if len(coded) == 1 else None)
    if said.foreign or not coded or not coded | {modality} <= _BY_CONTRAST or modality is None:
        return frozenset()
    regions = said.regions or frozenset(region for one in traits for region in one.regions)
    whole = of_modality(replace(said, regions=regions), modality)
    if modality in coded and not whole.states_how:
        whole = replace(whole, contrasts=EVERY_CONTRAST)
    return _fitting(index, whole)


def _titled(index: StudyIndex, titles: Sequence[StudySaid]) -> frozenset[str]:
    """Without a known code: what the titles name together; a foreign one puts the order outside."""
    if any(said.foreign for said in titles):
        return frozenset()
    naming = [fits for said in titles if (fits := _fitting(index, said)) or _names_a_study(said)]
    if not naming or not all(naming):
        return frozenset()
    both = reduce(frozenset.intersection, naming)
    if not both:
        return reduce(frozenset.union, naming)
    for said in titles:
        both = frozenset(name for name in both if _allows(said, index.procedures[name].traits)) or both
    return both


def _names_a_study(said: StudySaid) -> bool:
    return said.modality is not None and bool(said.regions)


def _fitting(index: StudyIndex, said: StudySaid) -> frozenset[str]:
    """The procedures a title on its own can mean."""
    if said.modality is None or said.foreign:
        return frozenset()
    fits = {name: one.traits for name, one in index.procedures.items() if _means(said, one.traits)}
    if said.phase and said.contrasts & _GIVEN_ONCE:
        fits = {name: traits for name, traits in fits.items() if traits.phase == said.phase}
    return frozenset(fits)


def _means(said: StudySaid, traits: StudyTraits) -> bool:
    if said.modality != traits.modality or not _allows(said, traits):
        return False
    if traits.modality == "nuclear" and said.tracer is None:
        return False  # "nuclear medicine study": not even which organ it is of
    return bool(said.regions & set(traits.regions)) or _region_left_open(said, traits)


def _region_left_open(said: StudySaid, traits: StudyTraits) -> bool:
    return traits.modality in _REGION_OPEN and said.regions <= {"whole-body"}


def _allows(said: StudySaid, traits: StudyTraits) -> bool:
    """Nothing that the title states contradicts the traits."""
    if said.modality not in (None, traits.modality):
        return False
    if said.tracer and traits.tracer and said.tracer != traits.tracer:
        return False
    if said.phase and traits.phase and said.phase != traits.phase:
        return False
    return _contrast_allows(said, traits) and _regions_allow(said, traits)


def _contrast_allows(said: StudySaid, traits: StudyTraits) -> bool:
    if traits.contrast is None or traits.contrast in said.contrasts:
        return True
    # "triple phase, without and with contrast" may be meant as the one study or as the other
    return said.phase == "multiphase" == traits.phase


def _regions_allow(said: StudySaid, traits: StudyTraits) -> bool:
    own = set(traits.regions)
    return said.regions <= own.union(*(_PARTS.get(region, frozenset()) for region in own))
