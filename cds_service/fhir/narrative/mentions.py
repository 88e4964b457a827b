"""The lesions that a statement names: where each is, whether it is there, how large, how surely diagnosed."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from cds_service.fhir.narrative import sizes
from cds_service.fhir.narrative.clumps import clumps_of, is_hedged, segments_in
from cds_service.fhir.narrative.line import ATTRIBUTE, LESIONS, LIVER, PLACES, Line
from cds_service.fhir.narrative.past_sizes import is_past
from cds_service.fhir.narrative.patterns import compiled
from cds_service.fhir.narrative.places import place_of
from cds_service.fhir.narrative.standing import LINKING, Standing, standing_of, under_negation
from cds_service.guideline.chart import Interval

_LABEL = re.compile(r"([a-z][a-z0-9 /,&()-]{1,45}):")
_RESETS = re.compile(r"(?:other|misc\w*|additional|incidental|general|others)\b", re.ASCII)
_BARE = re.compile(
    r"(?:low|decreased)[- ]?(?:density|attenuation|signal|echogenicity|intensity)|densities"
)  # a lesion only with a size
_LOCATES = re.compile(r"(?:site|location|position|segment|lobe|located|seen in)\b", re.ASCII)
_FIRST_WORDS = frozenset("a an there multiple several few numerous two three another scattered new".split())
_POINTING = frozenset("the this it these said that above known previously aforementioned such".split())
_RECALLING = frozenset(("benign", "known", "stable", "unchanged", "above", "described", "the", "these"))
_ALIKE = compiled(
    r"\b(?:same|similar|identical) (?:imaging )?(?:characteristics|appearances?|features)|similar lesions?"
)
_CATEGORY = re.compile(r"l(?:r|i-?rads)-?(?: category)? ?[1-5m]")
_UNSURE_CATEGORY = re.compile(r"l(?:r|i-?rads)-?(?: category)? ?[234m]")
_EARLIER = frozenset(("from", "previously", "prior", "formerly", "was"))
_ONE_LOBE = compiled(r"\bin (?:the )?(left|right|caudate)(?: hepatic| liver)? lobe\b")
_COUNTS = {"both": 2, "two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4}
_PLURAL = re.compile(r"(?:[^usi]s|foci|metastases|hemangiomata|granulomata|complexes|disease|abscesses)\Z")


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


@dataclass(slots=True)
class Context:
    """What the text before a statement leaves in the reader's mind."""

    organ: str | None = None
    word: str = ""
    title: str = ""
    subject: Mention | None = None
    foreign: bool = False  # the last thing spoken of was no lesion


def read_line(line: Line, context: Context) -> list[Mention]:
    """The statement's lesions; moves `context` on."""
    if _explains_categories(line):
        return []
    label = _label(line, context)
    if not line.kinds & LESIONS and (context.subject is None or context.foreign):
        _move_on(line, [], context, label)  # whatever is measured here is of no lesion
        return []
    owners = _owners(line)
    mentions: dict[int, Mention] = {}
    clumps = clumps_of(line)
    for index, mark in enumerate(line.marks):
        if mark.kind in LESIONS and (index in owners.values() or not _BARE.fullmatch(mark.text)):
            mentions[index] = _mention(line, index, context, label, clumps, index in owners.values())
    _give_sizes(line, owners, mentions, context)
    _pair_alternatives(line, mentions)
    _move_on(line, list(mentions.values()), context, label)
    return list(mentions.values())


def _explains_categories(line: Line) -> bool:
    """Whether it says what each category stands for, and of no lesion."""
    words = line.statement.text
    if "lr" not in words and "rads" not in words:
        return False
    return len({mark.text for mark in line.marks if _CATEGORY.fullmatch(mark.text)}) > 2


def _label(line: Line, context: Context) -> str | None:
    found = _LABEL.match(line.statement.text) if ":" in line.statement.text else None
    if not found:
        return None
    kinds = [
        (at, mark.kind)
        for at, mark in enumerate(line.marks)
        if mark.end <= found.end() and mark.kind in PLACES
    ]
    if any(kind in LIVER for _, kind in kinds):
        context.organ, context.word = "liver", found[1]
        return "liver"
    if kinds and kinds[0][1] != "lobe":
        context.organ, context.word = "other", found[1]
        context.subject, context.foreign = None, True
        return "other"
    if _RESETS.match(found[1]):
        context.organ, context.word = None, ""
    elif not ATTRIBUTE.occurs_in(found[1]) and not any(mark.start < found.end(1) for mark in line.marks):
        context.subject, context.foreign = None, True  # "AO: 1.9 cm": a field of something unknown
    return None


def _owners(line: Line) -> dict[int, int]:
    """For each current length its owner: a mark index, sizes.CONTEXT or sizes.NOBODY."""
    if "measure" not in line.kinds:
        return {}
    denied = frozenset(
        at for at, mark in enumerate(line.marks) if mark.kind in LESIONS and under_negation(line, at)
    )
    lengths = [at for at, mark in enumerate(line.marks) if mark.kind == "measure"]
    if "correction" in line.kinds:
        start = next(at for at, mark in enumerate(line.marks) if mark.kind == "correction")
        lengths = [at for at in lengths if at > start][:1] or lengths
    past = {at for at in lengths if is_past(line, at)}
    owners = {at: sizes.owner(line, at, denied) for at in lengths}
    current = {at: to for at, to in owners.items() if at not in past}
    if (
        not current
        and past
        and "stable" in line.kinds
        and not line.kinds & {"resolved", "absent", "past_study"}
    ):
        return owners  # "previously described 8 mm lesion, unchanged"
    return current


def _mention(
    line: Line, index: int, context: Context, label: str | None, clumps: list[int], sized: bool
) -> Mention:
    mark = line.marks[index]
    organ, explicit = place_of(line, index, context.organ, f"{context.title} {context.word}")
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
    found = _LABEL.match(line.statement.text)
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


_PARTIAL = tuple(
    (
        "suspicious new other additional another further metast concerning worrisome enlarging solid "
        "enhancing malignan second hypervascular aggressive growing avid hypermetabolic remaining residual "
        "recurrent"
    ).split()
)


def _general(line: Line, index: int) -> bool:
    """Whether it is any lesion that the noun stands for, if it is denied."""
    if line.kind(index) != "lesion":
        return False
    words = f"{' '.join(line.before(index)[-4:])} {line.marks[index].text}"
    return not any(part in words for part in _PARTIAL)


def _give_sizes(line: Line, owners: dict[int, int], mentions: dict[int, Mention], context: Context) -> None:
    for at, to in owners.items():
        mark = line.marks[at]
        subject = context.subject if to == sizes.CONTEXT and not context.foreign else mentions.get(to)
        if subject is not None and mark.length is not None:
            interval = mark.length.interval
            if mark.length.hyphen and subject.plural:
                interval = Interval.point(interval.high)
            subject.sizes.append((interval, line.statement.place(mark.start, mark.end)))


def _pair_alternatives(line: Line, mentions: dict[int, Mention]) -> None:
    """ "Cyst or hemangioma", "cyst/hemangioma": neither is a diagnosis."""
    indexes = sorted(mentions)
    for left, right in pairwise(indexes):
        between = {line.kind(at) for at in range(left + 1, right)}
        if between & {"or", "slash"} and not between & {"verb", "semicolon", "comma"}:
            for at in (left, right):
                if mentions[at].standing == "there" and mentions[at].kind != "lesion":
                    mentions[at].sure, mentions[at].hedged = False, True


def _move_on(line: Line, mentions: list[Mention], context: Context, label: str | None) -> None:
    if context.subject is not None and not mentions and _LOCATES.match(line.statement.text):
        if context.subject.organ is None:
            context.subject.organ = next(
                (line.region(at) for at, mark in enumerate(line.marks) if mark.kind in PLACES), None
            )
        return
    there = [mention for mention in mentions if mention.standing == "there"]
    places = [at for at, mark in enumerate(line.marks) if mark.kind in PLACES and not line.is_near(at)]
    if label is None and places:
        region = line.region(places[-1], f"{context.title} {context.word}")
        context.organ = "liver" if there and there[-1].organ == "liver" else region
        context.word = line.marks[places[-1]].text
    if there:
        context.subject, context.foreign = there[-1], False
        if there[-1].organ:
            context.organ = there[-1].organ
    elif "structure" in line.kinds or places or mentions:
        context.subject, context.foreign = None, True
