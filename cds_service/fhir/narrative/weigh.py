"""What a whole report comes to: the impression outranks the findings, addenda outrank both."""

from collections.abc import Mapping
from dataclasses import dataclass

from cds_service.fhir.narrative.noun import Mention
from cds_service.fhir.narrative.part import Part
from cds_service.fhir.narrative.reading import Conclusion
from cds_service.fhir.narrative.reading import Lesion as LesionState
from cds_service.fhir.narrative.records import Lesion, Span, grouped
from cds_service.guideline.chart import Interval

_NOWHERE: Span = (0, 0)
_METASTASIS = ("metast", "mets", "secondary")


@dataclass(slots=True)
class Outcome:
    """The reading's facts with the places in the report that they come from."""

    lesion: LesionState | None = None
    lesion_span: Span = _NOWHERE
    lesion_clause: Span = _NOWHERE
    size: Interval | None = None
    size_span: Span = _NOWHERE
    size_clause: Span = _NOWHERE
    conclusion: Conclusion | None = None


@dataclass(frozen=True, slots=True)
class _Level:
    part: Part
    lesions: list[Lesion]


def weigh(parts: Mapping[str, Part]) -> Outcome:
    """The outcome of findings, impression and addendum."""
    levels = [
        _Level(parts[name], grouped(parts[name].there)) for name in ("addendum", "impression", "findings")
    ]
    top = next((level for level in levels if level.lesions or _ends_search(level.part)), None)
    if top is not None and _recalls_resolved(top, levels[levels.index(top) + 1 :]):
        top.lesions.clear()
    if top is None or not top.lesions:
        return _absence(levels)
    lower = levels[levels.index(top) + 1 :]
    return _presence(top, lower, levels)


def _ends_search(part: Part) -> bool:
    """Whether this part denies focal lesions altogether, so that lower parts do not count."""
    return any(mention.general for mention in part.of("denied"))


def _recalls_resolved(top: _Level, lower: list[_Level]) -> bool:
    """Whether a higher part only points at what a lower part says is gone."""
    pointing = all(m.pointing and not m.sizes for lesion in top.lesions for m in lesion.mentions)
    gone = [mention for level in lower for mention in level.part.of("resolved")]
    segments = {segment for mention in gone for segment in mention.segments}
    elsewhere = any(lesion.segments and segments and not lesion.segments & segments for lesion in top.lesions)
    return bool(top.lesions and gone) and pointing and not elsewhere and not any(lv.lesions for lv in lower)


def _absence(levels: list[_Level]) -> Outcome:
    denials = [mention for level in levels for mention in level.part.of("denied", "resolved")]
    if denials and _left_open(levels):
        return Outcome()
    if denials and not _in_one_lobe(denials, levels):
        return Outcome("none", denials[0].span, denials[0].clause)
    normal = next((level.part.normal for level in levels if level.part.normal), None)
    unsaid = any(level.part.of("not-said") for level in levels)
    return Outcome("none", normal, normal) if normal and not unsaid else Outcome()


def _left_open(levels: list[_Level]) -> bool:
    """Whether the part that denies lesions, or a higher one, also says that it cannot exclude any."""
    denying = next(at for at, level in enumerate(levels) if level.part.of("denied", "resolved"))
    unsaid = (mention for level in levels[: denying + 1] for mention in level.part.of("not-said"))
    return any(mention.left_open and mention.general for mention in unsaid)


def _in_one_lobe(denials: list[Mention], levels: list[_Level]) -> bool:
    """Whether lesions are denied in one lobe only, and nothing is said of the rest of the liver."""
    lobes = {mention.lobe for mention in denials if mention.standing == "denied"}
    gone = any(mention.standing == "resolved" for mention in denials)
    return len(lobes) == 1 and "" not in lobes and not gone and not any(lv.part.normal for lv in levels)


def _presence(top: _Level, lower: list[_Level], levels: list[_Level]) -> Outcome:
    open_lesions = _open(top, lower)
    everything = [lesion for level in levels for lesion in level.lesions]
    # What the report asked for, an addendum that settles it has answered.
    asking = levels[:1] if top is levels[0] and not open_lesions else levels
    asked = any(level.part.to_settle for level in asking) or (
        any(level.part.to_image for level in asking)
        and all(_benign(lesion) for lesion in everything if lesion.settled)
    )
    state: LesionState = "indeterminate" if open_lesions or asked else "characterized"
    in_question = [*open_lesions, *_same_as(open_lesions, lower)] or everything
    shown = (open_lesions or top.lesions)[0]
    outcome = Outcome(state, shown.mentions[0].span, shown.mentions[0].clause)
    _measure(outcome, levels, in_question)
    outcome.conclusion = _conclusion(state, everything)
    return outcome


def _open(top: _Level, lower: list[_Level]) -> list[Lesion]:
    """The lesions without a definite diagnosis; a higher part may settle those of lower parts."""
    below = [lesion for level in lower for lesion in level.lesions]
    found = [lesion for lesion in top.lesions if not lesion.settled and not _recalls_settled(lesion, below)]
    settled = [lesion for lesion in top.lesions if lesion.settled]
    for level in lower:
        left = [lesion for lesion in level.lesions if not lesion.settled]
        mixed = len(left) < len(level.lesions)
        room = len(settled) if not any(lesion.plural for lesion in settled) else len(left)
        for lesion in left:
            same = any(lesion.like(other) for other in settled)
            group = not lesion.doubted and any(_holds_all(other, level.lesions) for other in settled)
            if same or group or (not mixed and len(left) <= room and settled and not found):
                continue
            found.append(lesion)
        settled += [lesion for lesion in level.lesions if lesion.settled]
    return found


def _holds_all(group: Lesion, lesions: list[Lesion]) -> bool:
    """Whether "hepatic metastases" or "two simple cysts" sums up all lesions of a lower part."""
    counted = any(mention.count == len(lesions) for mention in group.mentions)
    return group.plural and (counted or not _benign(group))


def _recalls_settled(lesion: Lesion, below: list[Lesion]) -> bool:
    """Whether "unchanged benign lesions" only sums up what lower parts have diagnosed, every one."""
    bare = not lesion.doubted and not lesion.sizes and all(mention.recalling for mention in lesion.mentions)
    return bare and bool(below) and all(other.settled for other in below)


def _same_as(open_lesions: list[Lesion], lower: list[_Level]) -> list[Lesion]:
    """The one lesion of a lower part that a higher part reopens: its size is the size in question."""
    one = len(open_lesions) == 1 and not open_lesions[0].points
    found = [level.lesions[0] for level in lower if len(level.lesions) == 1]
    return [
        lesion
        for lesion in found
        if one
        and not any(mention.added for mention in open_lesions[0].mentions)
        and not (lesion.settled and open_lesions[0].unlike(lesion))
    ]


def _benign(lesion: Lesion) -> bool:
    return not any(mention.kind == "dx_malignant" for mention in lesion.mentions)


def _measure(outcome: Outcome, levels: list[_Level], in_question: list[Lesion]) -> None:
    """The greatest current size among the lesions in question, from the highest part that measured one."""
    for level in levels:
        if level.part.corrected:
            # Which of several lesions it corrects is not said: then no size is known any more.
            if len(level.part.corrected) == 1 and all(len(one.lesions) <= 1 for one in levels):
                outcome.size, outcome.size_span = level.part.corrected[0]
                outcome.size_clause = outcome.size_span
            return
        sizes = [
            (size, span, mention.clause)
            for lesion in level.lesions
            if lesion in in_question
            for mention in lesion.mentions
            for size, span in mention.sizes
        ]
        if sizes:
            outcome.size, outcome.size_span, clause = max(sizes, key=lambda found: _rank(found[0], sizes))
            within = clause[0] <= outcome.size_span[0] < clause[1]
            outcome.size_clause = clause if within else outcome.size_span
            straddling = any(lesion.straddles for lesion in level.lesions if lesion in in_question)
            if (
                straddling
                or _of_a_nameless_one(outcome.size, levels)
                or _shared_out(in_question)
                or (level is not levels[0] and _slipped(outcome.size, levels))
            ):  # an addendum may correct just that
                outcome.size, outcome.size_span, outcome.size_clause = None, _NOWHERE, _NOWHERE
            return


def _rank(size: Interval, sizes: list[tuple[Interval, Span, Span]]) -> tuple[float, bool]:
    """Larger first; of "subcentimeter" and "8 mm" for the same lesions, the number."""
    points = [other.high for other, _, _ in sizes if other.low > 0 and other.high < 1000]
    if size.low > 0:
        return (size.low if size.high > 1000 else size.high), True
    return (0.0 if points else size.high), False


def _of_a_nameless_one(size: Interval, levels: list[_Level]) -> bool:
    """Whether a lesion given no noun ("the second measures 9 mm") has a length across 1 cm from this one."""
    return any((one.high < 10) != (size.high < 10) for level in levels for one in level.part.nameless)


def _shared_out(in_question: list[Lesion]) -> bool:
    """Whether a group in doubt has lengths across 1 cm in one statement that diagnoses one of them.

    "Two lesions, 24 mm (cyst) and 8 mm (indeterminate)": which is whose is not sure.
    """
    for lesion in in_question:
        single = {one.clause for one in lesion.mentions if one.kind != "lesion" and not one.plural}
        for clause in single if lesion.plural and lesion.doubted else ():
            within = [one for one in lesion.mentions if one.clause == clause]
            if len({size.high < 10 for one in within for size, _ in one.sizes}) > 1:
                return True
    return False


def _slipped(size: Interval | None, levels: list[_Level]) -> bool:
    """Whether two parts of the report give the same number, once in mm and once in cm."""
    value = size.value if size else None
    points = {point for level in levels for lesion in level.lesions for point in lesion.points}
    return value is not None and bool({round(value * 10, 2), round(value / 10, 2)} & points)


def _conclusion(state: LesionState, lesions: list[Lesion]) -> Conclusion | None:
    sure = [mention for lesion in lesions if lesion.settled for mention in lesion.mentions if mention.sure]
    if any(mention.words.startswith(_METASTASIS) for mention in sure):
        return "metastasis"
    if state == "indeterminate":
        return "indeterminate"
    return "benign" if all(mention.kind == "dx_benign" for mention in sure) else None
