"""What the title of an order or a report says: "MRI ABD W/WO" -> MRI, abdomen, without and with contrast.

A title states some traits and leaves others open; only what it states is used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from cds_service.guideline.content.schema import Contrast, Modality, Phase, Tracer
from cds_service.guideline.terms.phrases import Hit, Phrases
from cds_service.guideline.terms.study_words import Kind, entries
from cds_service.guideline.terms.words import Text, read

_TITLES: Phrases[tuple[Kind, str]] = Phrases(entries())
_LONGEST_TITLE = 600  # characters; the longest procedure descriptors stay well below

# Of several modality words the first of these is the study: a CT-guided biopsy is a biopsy.
_LEADING: tuple[Modality, ...] = (
    "biopsy",
    "pet-ct",
    "nuclear",
    "mri",
    "ct",
    "us",
    "mammography",
    "radiograph",
)
_TRACER_MODALITY: dict[str, Modality] = {
    "fdg": "pet-ct",
    "dotatate": "pet-ct",
    "octreotide": "nuclear",
    "colloid": "nuclear",
    "rbc": "nuclear",
}

_WITH = frozenset("w with met mit con avec com c+".split())
_WITHOUT = frozenset("wo without zonder ohne sin sans senza sem".split())
_PLAIN = frozenset("noncontrast unenhanced noncon nonenhanced uncontrasted nativ blanco precontrast".split())
_BOTH = frozenset("wwo wow wandwo withandwithout".split())
_LINKS = frozenset(
    "and then followed by iv intravenous i v the any additional further y und en et e plus".split()
)
_SUBJECTS = frozenset(
    "contrast contr cont contrastmiddel contraste contrasto kontrast kontrastmittel km dye"
    " gad gado gadolinium gadoxetate gadobutrol gadoterate eovist primovist gadavist dotarem"
    " multihance".split()
)
_NOT_IV = frozenset("oral po rectal enteric water".split())

EVERY_CONTRAST: frozenset[Contrast] = frozenset(("without", "with", "without-and-with"))
_GIVEN: frozenset[Contrast] = frozenset(("with", "without-and-with"))


@dataclass(frozen=True, slots=True)
class StudySaid:
    """Traits that a title states; None or empty = not stated. `contrasts`: those it leaves possible.

    `contrast_stated`: it speaks of contrast; otherwise `contrasts` is what is usual for such a study.
    `foreign`: it names a study of a kind that no catalogue of ours holds (angiography, another tracer).
    """

    modality: Modality | None = None
    regions: frozenset[str] = frozenset()
    contrasts: frozenset[Contrast] = EVERY_CONTRAST
    phase: Phase | None = None
    tracer: Tracer | None = None
    foreign: bool = False
    contrast_stated: bool = False

    @property
    def states_how(self) -> bool:
        """Whether it says how the study is done, not only what of."""
        return self.contrast_stated or self.phase is not None


@lru_cache(maxsize=256)  # study titles repeat; they are names of studies, not of patients
def study_said(title: str) -> StudySaid:
    """Read one title. A title that states nothing gives `StudySaid()`."""
    text = _expanded(read(title[:_LONGEST_TITLE]))
    hits = _TITLES.find_apart(text)
    modality = _modality(hits)
    tracer, modality = _tracer(hits, modality)
    phase = _phase(_values(hits, "phase"))
    contrasts = _contrasts(text, any(hit.owner[0] == "agent" for hit in hits), phase)
    said = StudySaid(
        regions=frozenset(_values(hits, "region")),
        contrasts=contrasts,
        phase=phase,
        tracer=tracer,
        foreign=bool(_values(hits, "foreign")) or _mixed(hits, modality),
        contrast_stated=contrasts != EVERY_CONTRAST,
    )
    return of_modality(said, modality) if modality else said


def of_modality(said: StudySaid, modality: Modality) -> StudySaid:
    """The same title as one of such a study.

    Ultrasound without a word on contrast is plain ultrasound; with an agent it is given once. Phases are
    told apart in CT alone; the many phases of an MRI ("liver mass protocol") are those of contrast.
    """
    contrasts = said.contrasts
    if modality == "us":
        usual: dict[frozenset[Contrast], frozenset[Contrast]] = {
            EVERY_CONTRAST: frozenset(("without",)),
            _GIVEN: frozenset(("with",)),
        }
        contrasts = usual.get(contrasts, contrasts)
    elif modality == "mri" and said.phase and not said.contrast_stated:
        contrasts = _GIVEN
    phase = said.phase if modality == "ct" else None
    stated = said.contrast_stated or (modality == "mri" and said.phase is not None)
    return replace(said, modality=modality, contrasts=contrasts, phase=phase, contrast_stated=stated)


def _expanded(text: Text) -> Text:
    """The title with short forms written out: "A/P" and "CAP" (chest, abdomen, pelvis)."""
    words: list[str] = []
    for word in text.words:
        if word == "p" and words[-1:] == ["a"]:
            words[-1:] = ["abdomen", "pelvis"]
        elif word in ("cap", "tap") and words:
            words.extend(("chest", "abdomen", "pelvis"))
        elif word == "ap" and words[-1:] == ["ct"]:
            words.extend(("abdomen", "pelvis"))
        else:
            words.append(word)
    if len(words) == len(text.words):
        return text
    same = (0,) * len(words)
    return Text(tuple(words), same, same)


def _values(hits: Iterable[Hit[tuple[Kind, str]]], kind: Kind) -> list[str]:
    return [hit.owner[1] for hit in hits if hit.owner[0] == kind]


def _modality(hits: Sequence[Hit[tuple[Kind, str]]]) -> Modality | None:
    named = _values(hits, "modality")
    return next((modality for modality in _LEADING if modality in named), None)


def _mixed(hits: Sequence[Hit[tuple[Kind, str]]], modality: Modality | None) -> bool:
    """ "CT or MRI abdomen": two studies, and nothing that leads."""
    return modality in ("mri", "ct") and len(set(_values(hits, "modality")) & {"mri", "ct", "us"}) > 1


def _tracer(
    hits: Sequence[Hit[tuple[Kind, str]]], modality: Modality | None
) -> tuple[Tracer | None, Modality | None]:
    named = _values(hits, "tracer")
    if "somatostatin" in named:
        named = [*named, "dotatate" if modality == "pet-ct" else "octreotide"]
    known = sorted({name for name in named if name in _TRACER_MODALITY})
    if modality == "nuclear" and not known and {"liver", "spleen"} <= set(_values(hits, "region")):
        known = ["colloid"]
    if len(known) != 1 or modality == "biopsy":
        return None, modality
    implied = _TRACER_MODALITY[known[0]]
    fits = modality in (None, implied) or (implied == "nuclear" and modality == "ct")
    return (cast(Tracer, known[0]), implied) if fits else (None, modality)


def _phase(named: Sequence[str]) -> Phase | None:
    """Arterial and portal venous phases named apart are a multiphase study."""
    if "multiphase" in named:
        return "multiphase"
    return "single-phase" if named else None


def _contrasts(text: Text, agent: bool, phase: Phase | None) -> frozenset[Contrast]:
    said = list(_contrast_words(text.words))
    if phase == "multiphase" and "plain" in said and not {"with", "without", "both"} & set(said):
        return _GIVEN  # "4 phase (noncon, arterial, portal venous, delayed)": one of the phases
    said = ["without" if word == "plain" else word for word in said]
    if "both" in said or ("with" in said and "without" in said):
        return EVERY_CONTRAST if "or" in said else frozenset(("without-and-with",))
    if "with" in said:  # "MRI liver with Eovist" names the agent; it hardly ever means that alone
        return _GIVEN if agent else frozenset(("with",))
    if "without" in said:
        return frozenset(("without",))
    return _GIVEN if agent else EVERY_CONTRAST


def _contrast_words(words: Sequence[str]) -> Iterable[str]:
    """ "with", "without", "plain" (noncontrast), "both" and "or", wherever they are about IV contrast."""
    for at, word in enumerate(words):
        split = word == "w" and words[at + 1 : at + 2] == ("o",)  # "W/O"
        if word in _BOTH:
            yield "both"
        elif word in _PLAIN or (
            word in ("non", "no", "un") and _about_contrast(words, at + 1, ("enhanced",))
        ):
            yield "plain"
        elif split or word in _WITHOUT:
            if _about_contrast(words, at + 2 if split else at + 1):
                yield "without"
        elif word in _WITH and _about_contrast(words, at + 1):
            yield "with"
        elif word == "or" and words[at - 1] in (_WITH | _WITHOUT | {"and"}):
            yield "or"


def _about_contrast(words: Sequence[str], at: int, also: Sequence[str] = ()) -> bool:
    """Whether "with" or "without" before `at` speaks of IV contrast: it ends the title, or contrast follows.

    "W/O" at the end, "W AND WO CONTRAST", "without IV contrast"; not "with Doppler" or "with oral contrast".
    """
    for here in range(at, len(words)):
        word = words[here]
        if word in _SUBJECTS or word in also:
            return True
        if word in _NOT_IV:
            return words[here + 1 : here + 3] in (("and", "iv"), ("and", "intravenous"))
        if not (word in _LINKS or word in _WITH or word in _WITHOUT or word in ("or", "o")):
            return False
    return True
