"""The lesions that a statement names: where each is, whether it is there, how large, how surely diagnosed."""

import re
from dataclasses import dataclass
from itertools import pairwise

from cds_service.fhir.narrative import sizes
from cds_service.fhir.narrative.clumps import clumps_of
from cds_service.fhir.narrative.line import ATTRIBUTE, LABEL, LESIONS, LIVER, PLACES, Line
from cds_service.fhir.narrative.noun import Mention, mention_at
from cds_service.fhir.narrative.past_sizes import is_past
from cds_service.fhir.narrative.standing import under_negation
from cds_service.guideline.chart import Interval

_RESETS = re.compile(r"(?:other|misc\w*|additional|incidental|general|others)\b", re.ASCII)
_BARE = re.compile(
    r"(?:low|decreased)[- ]?(?:density|attenuation|signal|echogenicity|intensity)|densities"
)  # a lesion only with a size
_LOCATES = re.compile(r"(?:site|location|position|segment|lobe|located|seen in)\b", re.ASCII)
_CATEGORY = re.compile(r"l(?:r|i-?rads)-?(?: category)? ?[1-5m]")


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
    before = context.organ, f"{context.title} {context.word}"
    for index, mark in enumerate(line.marks):
        if mark.kind not in LESIONS:
            continue
        sized = index in owners.values()
        if sized or not _BARE.fullmatch(mark.text):
            mentions[index] = mention_at(line, index, clumps, label, before, sized=sized)
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
    found = LABEL.match(line.statement.text) if ":" in line.statement.text else None
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
