"""One lesion noun of a statement: where it is, whether it is there, how surely it is diagnosed."""

import re
from dataclasses import dataclass, field

from cds_service.fhir.narrative.clumps import is_hedged, segments_in
from cds_service.fhir.narrative.line import LABEL, LESIONS, Line
from cds_service.fhir.narrative.patterns import compiled
from cds_service.fhir.narrative.places import place_of
from cds_service.fhir.narrative.standing import LINKING, Standing, left_open, standing_of
from cds_service.guideline.chart import Interval

_FIRST_WORDS = frozenset("a an there multiple several few numerous two three another scattered new".split())
_POINTING = frozenset("the this it these said that above known previously aforementioned such".split())
_RECALLING = frozenset(("benign", "known", "stable", "unchanged", "above", "described", "the", "these"))
_ALIKE = compiled(
    r"\b(?:same|similar|identical) (?:imaging )?(?:characteristics|appearances?|features)|similar lesions?"
)
_UNSURE_CATEGORY = re.compile(r"l(?:r|i-?rads)-?(?: category)? ?[234m]")
_EARLIER = frozenset(("from", "previously", "prior", "formerly", "was"))
_ONE_LOBE = compiled(r"\bin (?:the )?(left|right|caudate)(?: hepatic| liver)? lobe\b")
_COUNTS = {"both": 2, "two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4}
_PLURAL = re.compile(r"(?:[^usi]s|foci|metastases|hemangiomata|granulomata|complexes|disease|abscesses)\Z")
_SMALL = frozenset(("small", "tiny", "subtle", "subcentimeter", "sub-centimeter", "underlying"))
_PARTIAL = tuple(
    (
        "suspicious new other additional another further metast concerning worrisome enlarging solid "
        "enhancing malignan second hypervascular aggressive growing avid hypermetabolic remaining residual "
        "recurrent"
    ).split()
)


@dataclass(slots=True, eq=False)
class Mention:
    """One lesion noun. `sizes`: current lengths and where they stand; `sure`: diagnosed without a hedge."""

    kind: str
    organ: str | None
    explicit: bool
    standing: Standing
    sure: bool
    hedged: bool
    added: bool
    similar: bool
    count: int  # 2 for "two cysts", 0 when no number is said
    recalling: bool
    new_noun: bool
    pointing: bool
    plural: bool
    segments: frozenset[int]
    clump: int
    span: tuple[int, int]
    clause: tuple[int, int]
    words: str
    sizes: list[tuple[Interval, tuple[int, int]]] = field(default_factory=list)
    general: bool = True  # a denial of it denies focal lesions altogether
    lobe: str = ""  # the one lobe that the statement is confined to
    left_open: bool = False  # a lesion of any size could not be excluded


def mention_at(
    line: Line,
    index: int,
    clumps: list[int],
    label: str | None,
    before: tuple[str | None, str],
    *,
    sized: bool,
) -> Mention:
    """What the statement says of the lesion noun at `index`. `label`: where the statement's field is.

    `before`: the organ that was spoken of before, and the words for it; `sized`: it was measured here.
    """
    mark = line.marks[index]
    organ, explicit = place_of(line, index, *before)
    if label == "liver" and organ == "other" and not _named_elsewhere(line):
        organ = "liver"
    standing = standing_of(line, index, sized and not _bounded(line, index))
    if standing == "denied" and _bounded(line, index):
        standing = "not-said"  # "no lesion larger than 1 cm" says nothing of smaller ones
    first = line.before(index)
    category = bool(_UNSURE_CATEGORY.fullmatch(mark.text)) and _EARLIER.isdisjoint(first[-2:])
    hedged = is_hedged(line, index, clumps) or category
    words = line.statement.text
    lobes = {found[1] for found in _ONE_LOBE.finditer(words)} if " lobe" in words else set()
    start = words[: mark.start].split()
    return Mention(
        kind=mark.kind,
        organ=organ,
        explicit=explicit or label == "liver",
        standing=standing,
        sure=mark.kind != "lesion" and not hedged,
        hedged=hedged,
        added=_added(line, index, standing == "denied"),
        similar="similar" in first[-2:] or _ALIKE.occurs_in(words),
        count=next((_COUNTS[word] for word in reversed(first[-4:]) if word in _COUNTS), 0),
        recalling=mark.kind == "lesion" and not _RECALLING.isdisjoint((*first[-3:], *start)),
        new_noun=not _FIRST_WORDS.isdisjoint((*first[-5:], *start[:1])) and not _named_so(line, index),
        pointing=not _POINTING.isdisjoint((*first[-3:], *start[:1])),
        plural=bool(_PLURAL.search(mark.text)),
        segments=segments_in(line, clumps, clumps[index]),
        clump=clumps[index],
        words=mark.text,
        span=line.statement.place(mark.start, mark.end),
        clause=line.statement.place(0, len(words)),
        general=_general(line, index),
        lobe=lobes.pop() if len(lobes) == 1 else "",
        left_open=standing == "not-said"
        and left_open(line, index)
        and not _bounded(line, index)
        and _SMALL.isdisjoint(first[-4:]),
    )


def _named_so(line: Line, index: int) -> bool:
    """Whether the noun only gives what was spoken of a name: "it is diagnostic of a hemangioma"."""
    alone = not any(mark.kind in LESIONS for mark in line.marks[:index])
    return alone and line.kind(index - 1) == "verb" and line.marks[index - 1].text.startswith(LINKING)


def _bounded(line: Line, index: int) -> bool:
    """Whether the length right after the noun is a bound: "lesions smaller than 1 cm"."""
    length = line.marks[index + 1].length if line.kind(index + 1) == "measure" else None
    return length is not None and length.interval.value is None


def _named_elsewhere(line: Line) -> bool:
    """Whether a place outside the field's name puts the lesion elsewhere."""
    found = LABEL.match(line.statement.text)
    end = found.end() if found else 0
    return any(mark.kind == "organ" and mark.start >= end for mark in line.marks)


def _added(line: Line, index: int, denied: bool) -> bool:
    """Whether the noun is introduced as one more lesion."""
    if "added" not in line.kinds:
        return False
    if not denied and line.kind(index + 1) == "added" and line.marks[index + 1].text == "elsewhere":
        return True
    return any(
        line.kind(at) == "added" and line.marks[at].text not in (("also",) if denied else ("new",))
        for at in range(max(0, index - 5), index)
    )


def _general(line: Line, index: int) -> bool:
    """Whether it is any lesion that the noun stands for, if it is denied."""
    if line.kind(index) != "lesion":
        return False
    words = f"{' '.join(line.before(index)[-4:])} {line.marks[index].text}"
    return not any(part in words for part in _PARTIAL)
