"""What a text says of each concept: named, denied, in doubt, of someone else, in the past.

A mention is a phrase of a concept; a context is a phrase that changes what the mention means. Contexts
reach along their clause: fully inside their own comma-separated part, less surely beyond it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import lru_cache

from cds_service.guideline.content.schema import Concept, Context
from cds_service.guideline.terms.phrases import GAP, Hit, Phrases
from cds_service.guideline.terms.words import Text, read

_TRAILERS = frozenset("by on in at from per based since due".split())
_FILLERS = frozenset("of in the a an and or with only positive strong known significant".split())
_FILLERS = frozenset("of in the a an and positive strong known significant".split())
_FURTHEST = 40  # words: no context reaches further, so that a long text stays cheap
_REACH = 8  # words between a denial and what it denies; a family list has no such limit


class Said(IntEnum):
    """What one text says of one concept, from nothing to a plain statement."""

    NOTHING = 0
    DENIED = 1  # not present, someone else's, or a thing that only sounds like it
    VAGUE = 2  # named by words that do not settle it: "neoplasm of prostate"
    SOUGHT = 3  # "rule out": asked about, not seen
    DOUBTED = 4  # "suspected", or a denial that may not reach it
    STATED = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """`past`: "history of". `over`: "cured", perhaps gone."""

    said: Said
    past: bool = False
    over: bool = False


class _Use(StrEnum):
    INCLUDE = "include"
    UNSURE = "unsure"
    EXCLUDE = "exclude"


class _Effect(StrEnum):
    OTHERS = "not_the_patient"
    DENIES = "not_present"
    DOUBTS = "unsure"
    SEEKS = "sought"
    PAST = "past"
    OVER = "over"
    BREAK = "breaks"
    NONE = "no_effect"


class _Reach(StrEnum):
    AFTER = "after"  # acts on what follows it
    BEFORE = "before"  # acts on what stands before it
    BOTH = "both"


_RANK = {_Use.EXCLUDE: 0, _Use.INCLUDE: 1, _Use.UNSURE: 2}
Mention = tuple[str, _Use]
Acting = tuple[_Effect, _Reach]
Hear = Callable[[str], Mapping[str, Heard]]


def listener(concepts: Mapping[str, Concept], context: Context) -> Hear:
    """Compile all phrases once; the function returned reads one text for all concepts in one pass."""
    mentions = Phrases(_mention_phrases(concepts))
    contexts = Phrases(_context_phrases(context))

    @lru_cache(maxsize=32)  # few: patients' words are not to be collected
    def hear(text: str) -> Mapping[str, Heard]:
        return _hear(read(text), mentions, contexts)

    return hear


def _mention_phrases(concepts: Mapping[str, Concept]) -> Iterable[tuple[str, Mention]]:
    for name, concept in concepts.items():
        for use in _Use:
            for phrase in getattr(concept.words, use.value):
                yield phrase, (name, use)


def _context_phrases(context: Context) -> Iterable[tuple[str, Acting]]:
    for effect in _Effect:
        for phrase in getattr(context, effect.value):
            yield phrase.strip().removeprefix(GAP).removesuffix(GAP), (effect, _reach(phrase.strip()))


def _reach(phrase: str) -> _Reach:
    after, before = phrase.endswith(GAP), phrase.startswith(GAP)
    if after == before:
        return _Reach.BOTH
    return _Reach.AFTER if after else _Reach.BEFORE


def _hear(text: Text, mentions: Phrases[Mention], contexts: Phrases[Acting]) -> Mapping[str, Heard]:
    acting = _spread(text, contexts.find_apart(text))
    found: dict[str, list[Hit[Mention]]] = {}
    for hit in mentions.find(text):
        found.setdefault(hit.owner[0], []).append(hit)
    return {name: _sum([_weigh(text, hit, acting) for hit in _apart(hits)]) for name, hits in found.items()}


def _spread(text: Text, acting: Sequence[Hit[Acting]]) -> list[Hit[Acting]]:
    """The contexts; one like "family history" that has its part of the text for itself fills it:
    "Breast cancer, strong family history in mother"."""
    others = {at for hit in acting if hit.owner[0] is _Effect.OTHERS for at in range(hit.start, hit.end)}
    spoken = {text.segments[at] for at in others}
    for at, word in enumerate(text.words):
        if at not in others and word not in _FILLERS:
            spoken.discard(text.segments[at])
    return [_filling(text, hit) if text.segments[hit.start] in spoken else hit for hit in acting]


def _filling(text: Text, hit: Hit[Acting]) -> Hit[Acting]:
    number = text.segments[hit.start]
    return replace(hit, start=bisect_left(text.segments, number), end=bisect_right(text.segments, number))


def _apart(hits: Sequence[Hit[Mention]]) -> list[Hit[Mention]]:
    """Of overlapping phrases the one with more words; between equals exclude, include, unsure."""
    kept: list[Hit[Mention]] = []
    for hit in sorted(hits, key=lambda hit: (-hit.weight, _RANK[hit.owner[1]], hit.start)):
        if all(hit.end <= other.start or hit.start >= other.end for other in kept):
            kept.append(hit)
    return kept


def _sum(heard: Sequence[Heard]) -> Heard:
    """The strongest statement of the text; past and over only when that statement is."""
    best = max(one.said for one in heard)
    strongest = [one for one in heard if one.said is best]
    return Heard(best, all(one.past for one in strongest), all(one.over for one in strongest))


def _weigh(text: Text, mention: Hit[Mention], acting: Sequence[Hit[Acting]]) -> Heard:
    use = mention.owner[1]
    if use is _Use.EXCLUDE:
        return Heard(Said.DENIED)
    said = Said.STATED if use is _Use.INCLUDE else Said.VAGUE
    past = over = False
    near = _near(mention, acting)
    for context in near:
        force = _force(text, context, mention, near)
        effect = context.owner[0]
        if force is None:
            continue
        past = past or effect in (_Effect.PAST, _Effect.OVER)
        over = over or effect is _Effect.OVER
        said = min(said, _meaning(effect, force))
    return Heard(said, past, over)


def _near(mention: Hit[Mention], acting: Sequence[Hit[Acting]]) -> Sequence[Hit[Acting]]:
    low = bisect_left(acting, mention.start - _FURTHEST, key=lambda hit: hit.start)
    return acting[low : bisect_left(acting, mention.end + _FURTHEST, key=lambda hit: hit.start)]


def _meaning(effect: _Effect, sure: bool) -> Said:
    if effect in (_Effect.OTHERS, _Effect.DENIES):
        return Said.DENIED if sure else Said.DOUBTED
    return {_Effect.DOUBTS: Said.DOUBTED, _Effect.SEEKS: Said.SOUGHT}.get(effect, Said.STATED)


def _force(
    text: Text, context: Hit[Acting], mention: Hit[Mention], acting: Sequence[Hit[Acting]]
) -> bool | None:
    """None: the context does not reach the mention. True: it does. False: perhaps, beyond a comma."""
    reach = context.owner[1]
    after = mention.start >= context.end
    within = text.clauses[mention.start] <= text.clauses[context.start] <= text.clauses[mention.end - 1]
    if not within and not _appended(text, context, mention):
        return None
    if context.start < mention.end and mention.start < context.end:
        return None  # part of the phrase itself
    if (reach is _Reach.AFTER and not after) or (reach is _Reach.BEFORE and after):
        return None
    if _broken(context, mention, acting):
        return None
    return _sure(text, context, mention, after)


def _appended(text: Text, context: Hit[Acting], mention: Hit[Mention]) -> bool:
    """ "Colon cancer; family hx": the last clause says nothing else, so it speaks of the one before."""
    clause = text.clauses[context.start]
    alone = context.start == bisect_left(text.clauses, clause) and context.end == len(text.words)
    return alone and context.owner[0] is _Effect.OTHERS and clause - 1 == text.clauses[mention.end - 1]


def _broken(context: Hit[Acting], mention: Hit[Mention], acting: Sequence[Hit[Acting]]) -> bool:
    low, high = min(context.end, mention.end), max(context.start, mention.start)
    return any(other.owner[0] is _Effect.BREAK and low <= other.start < high for other in acting)


def _sure(text: Text, context: Hit[Acting], mention: Hit[Mention], after: bool) -> bool | None:
    effect = context.owner[0]
    distance = mention.start - context.end if after else context.start - mention.end
    if text.segments[context.start] == text.segments[mention.start] or _alone(text, context):
        if not after and effect in (_Effect.DOUBTS, _Effect.SEEKS) and not _trails(text, context):
            return None  # "liver lesion likely hemangioma": the doubt is about what follows
        return True if effect is _Effect.OTHERS or distance <= _REACH else None
    if effect in (_Effect.PAST, _Effect.OVER):
        return True
    if after:
        return _in_list(text, mention) if effect is _Effect.DENIES else False
    return False if _closes(text, context) else None


def _alone(text: Text, context: Hit[Acting]) -> bool:
    """The context fills its own part: "Lung cancer (suspected)"."""
    number = text.segments[context.start]
    opens = context.start == 0 or text.segments[context.start - 1] != number
    return opens and _closes(text, context)


def _closes(text: Text, context: Hit[Acting]) -> bool:
    return context.end == len(text.words) or text.segments[context.end] != text.segments[context.start]


def _trails(text: Text, context: Hit[Acting]) -> bool:
    """The doubt speaks of what stands before it: "lung cancer suspected", "... suspected on CT"."""
    return _closes(text, context) or text.words[context.end] in _TRAILERS


def _in_list(text: Text, mention: Hit[Mention]) -> bool:
    """Whether the mention is one of "no fever, chills or cancer": the clause goes on to an "or"."""
    clause = text.clauses[mention.start]
    rest = range(mention.start - 1, len(text.words))
    return any(text.words[at] in ("or", "nor") for at in rest if at >= 0 and text.clauses[at] == clause)
