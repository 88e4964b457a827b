"""read_report: from the words of a report to what they say of focal liver lesions."""

from collections.abc import Mapping

from cds_service.fhir.narrative.layout import statements
from cds_service.fhir.narrative.line import LESIONS, Line
from cds_service.fhir.narrative.mentions import Context, read_line
from cds_service.fhir.narrative.noun import Mention
from cds_service.fhir.narrative.part import Part
from cds_service.fhir.narrative.patterns import compiled
from cds_service.fhir.narrative.quality import limitation, part_unseen, perfusion_anomaly
from cds_service.fhir.narrative.reading import Reading, StudyReading
from cds_service.fhir.narrative.resource_text import TEXT_LIMIT
from cds_service.fhir.narrative.study import modality_of, study_of
from cds_service.fhir.narrative.weigh import Outcome, weigh

MENTIONS_LIMIT = 400  # lesion nouns; a text with more is no report of one study, and is not read
QUOTE_LIMIT = 240  # characters
_RANKS: Mapping[str, str] = {
    "body": "findings",
    "findings": "findings",
    "impression": "impression",
    "advice": "impression",
    "addendum": "addendum",
}
_SHOWN_ON = compiled(
    r"\b(?:on|at|in|by) (?:\w+ ){0,2}?(us|uss|usg|ultrasound|sonography|ct|cect|mri|mr|pet)\b"
)
_SHOWED = compiled(
    r"^(?:an? |the )?(us|uss|usg|ultrasound|sonography|ct|cect|mri|mr|pet) "
    r"(?:has |had )?(?:mentioned|showed|shown|described|reported|revealed|raised|suggested)\b"
)
_STATES = frozenset(("verb", "negation", "stable", "normal"))  # of what is seen now
_LIVER_STUDY = compiled(r"(?i)\b(?:liver|hepatic)\b")
_WIDER_STUDY = compiled(
    r"(?i)\b(?:abdomen|abdominal|ruq|quadrant|pancreas|renal|kidney|spleen|gallbladder|chest|pelvis)"
)


def read_report(text: str, title: str = "") -> Reading:
    """What a report in plain text says; `title`: the name of the study, when it is known from elsewhere.

    Only the first TEXT_LIMIT characters are read. Never raises. What is not sure is left unknown.
    """
    text = text[:TEXT_LIMIT]
    lines = [Line(statement) for statement in list(statements(text))]
    study = study_of(lines, text, title[:500])
    told = _of_this_study(lines, study)
    parts = _parts(told, _default_organ(lines, title), title)
    outcome = weigh(parts) if sum(len(part.every) for part in parts.values()) <= MENTIONS_LIMIT else Outcome()
    if (outcome.lesion == "none" and part_unseen(lines)) or (study and study.modality == "radiograph"):
        outcome = Outcome()  # a radiograph shows no liver lesion, whatever its history recalls
    return Reading(
        lesion=outcome.lesion,
        lesion_quote=_quote(text, outcome.lesion_span, outcome.lesion_clause),
        size=outcome.size,
        size_quote=_quote(text, outcome.size_span, outcome.size_clause),
        study=study,
        limited=limitation(lines, text),
        perfusion_anomaly=perfusion_anomaly(lines, text),
        conclusion=outcome.conclusion if study and study.modality == "mri" else None,
    )


def _of_this_study(lines: list[Line], study: StudyReading | None) -> list[Line]:
    """Without opening words that say what another kind of study showed: "Cirrhosis, nodule on US 25 mm"."""
    if study is None:
        return lines
    elsewhere = set()
    for at, line in enumerate(lines[: min(3, len(lines) - 1)]):
        words = line.statement.text
        shown_on = _SHOWN_ON.search(words) or _SHOWED.search(words)
        other = shown_on and modality_of(shown_on[1]) not in study.modality
        if line.statement.section != "body" or line.kinds & _STATES:
            break
        if other:
            elsewhere.add(at)
        elif line.kinds & LESIONS:
            break
    return [line for at, line in enumerate(lines) if at not in elsewhere]


def _quote(text: str, span: tuple[int, int], clause: tuple[int, int]) -> str:
    """The clause's own words, or those around the span when the clause is long."""
    start, end = clause
    if end - start > QUOTE_LIMIT:
        start = max(start, min(span[0] - QUOTE_LIMIT // 2, end - QUOTE_LIMIT))
        end = min(end, start + QUOTE_LIMIT)
    return text[start:end].strip()


def _default_organ(lines: list[Line], title: str) -> str | None:
    """ "liver" when the study is of nothing else."""
    technique = [line.statement.text for line in lines[:8] if line.statement.section == "technique"]
    names = (title, *technique[:1])
    liver = any(_LIVER_STUDY.search(name) and not _WIDER_STUDY.search(name) for name in names)
    return "liver" if liver else None


def _parts(lines: list[Line], default: str | None, title: str) -> dict[str, Part]:
    """The report's mentions by the rank of the part they stand in."""
    parts = {"findings": Part(), "impression": Part(), "addendum": Part()}
    context, section, found = Context(), "", 0
    # Lower parts first: they say where the lesion is that a higher part only calls "the lesion".
    for name, part in parts.items():
        for line in lines:
            if _RANKS.get(line.statement.section) != name or found + len(part.every) > MENTIONS_LIMIT:
                continue
            if line.statement.section != section:
                section = line.statement.section
                context = Context(default, title=title.lower())
            _read_into(part, line, context, parts, asserts=section != "advice")
        found += len(part.every)
    return parts


def _read_into(part: Part, line: Line, context: Context, parts: dict[str, Part], asserts: bool) -> None:
    subject, organ = context.subject, context.organ
    mentions = read_line(line, context)
    for mention in mentions:
        if mention.organ is None:
            mention.organ = _placed(mention, _earlier(part, parts))
            context.organ = context.organ or mention.organ
    if asserts:
        part.every.extend(mentions)
    part.note(line, subject, organ or context.organ, mentions if asserts else [])


def _earlier(part: Part, parts: dict[str, Part]) -> list[Mention]:
    """The lesions that the lower parts say are there."""
    lower = (parts[name] for name in ("findings", "impression") if parts[name] is not part)
    return [one for other in lower for one in other.every if one.standing == "there"]


def _placed(mention: Mention, earlier: list[Mention]) -> str | None:
    """Where a lesion named without a place is: where the findings put one of its size, or all of theirs."""
    sizes = {size for size, _ in mention.sizes}
    alike = {one.organ for one in earlier if sizes & {size for size, _ in one.sizes}}
    called_so = {one.organ for one in earlier if one.kind == mention.kind and one.organ}
    organs = alike or called_so or {one.organ for one in earlier if one.organ}
    return organs.pop() if len(organs) == 1 else None
