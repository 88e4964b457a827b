"""A report's sections: by their headings, and where a line shows that a section without one has begun."""

from collections.abc import Iterator
from functools import cache
from typing import Literal, TypeAlias

from cds_service.fhir.narrative.patterns import Pattern, compiled, expression, names

Section: TypeAlias = Literal[
    "body", "skip", "comparison", "indication", "technique", "findings", "impression", "advice", "addendum"
]


_CAPITALS = (
    r"\b(?:(?P<addendum>ADDENDUM)|(?P<findings>FINDINGS)|(?P<impression>IMPRESSION|IMP|CONCLUSION|OPINION)"
    r"|(?P<technique>TECHNIQUE)|(?P<comparison>COMPARISON)"
    r"|(?P<indication>INDICATION|CLINICAL HISTORY|CLINICAL INDICATION))\b:?"
)
_ANYWHERE = (  # so seldom anything else that neither a full stop nor a new line is needed before them
    r"(?i)\s(?:(?P<indication>clinical (?:details|history|information|indication|data)|indications?"
    r"|reason for (?:the )?(?:exam(?:ination)?|study|test|referral))|(?P<findings>findings)"
    r"|(?P<impression>impression|conclusion)|(?P<technique>technique)|(?P<comparison>comparison)):"
    r"|\s(?P<addendum>addendum)\b[^\n:]{0,24}:"
    r"|\b(?P<impression2>imp)\b[:\s]"
)
_NOTE = r"#?[0-9]{1,2}\b|[(\[][^)\]\n]{0,60}[)\]]|(?:dated|on|by|at) [^:\n]{0,60}|[*_=#]+"
_CLOSE = r"[ \t]*(?::|[-–—]+[ \t]|[ \t]*[*_=#-]*$)"


@cache
def _headings() -> tuple[Pattern, ...]:
    """Headings on lines of their own, inside lines, and in capitals without a colon."""
    any_name = "|".join(f"(?P<{kind}>{expression(f'heading {kind}')})" for kind in names("heading"))
    at_line = rf"(?im)^[ \t*#_=>•-]*(?:[0-9]+[.)] )?(?:{any_name})(?:[ \t]*(?:{_NOTE}))*{_CLOSE}"
    in_line = rf"(?i)(?:^|[.;!?)\]>]\s+)(?:{any_name}):"
    return compiled(at_line), compiled(in_line), compiled(_CAPITALS), compiled(_ANYWHERE)


def sections(text: str) -> list[tuple[Section, int, int]]:
    """(section, start, end) of the report's parts in order; what stands before any heading is "body"."""
    heads = sorted(set(_heads(text)), key=lambda head: (head[1], -head[2]))
    parts: list[tuple[Section, int, int]] = []
    kind: Section = "body"
    at, told = 0, False
    for head, start, end in heads:
        if start < at:
            continue
        parts.append((kind, at, start))
        told = told or kind in ("impression", "findings")
        # Headings inside an addendum that closes the report are the addendum's own.
        stays = kind == "addendum" and told and head in ("findings", "impression", "advice")
        ends = "end" in text[start:end].lower() and head == "findings"
        kind = "addendum" if stays and not ends else head
        at = end
    parts.append((kind, at, len(text)))
    return parts


def _heads(text: str) -> Iterator[tuple[Section, int, int]]:
    for pattern in _headings():
        for name, start, end in pattern.named(text):
            kind: Section = name.rstrip("2")  # type: ignore[assignment]  # named after sections
            yield kind, start, end


# Parts that have no heading after them: a line about an organ there is no longer theirs.
_LED_OUT = ("technique", "indication", "comparison", "skip")
_OF_STUDIES = compiled(
    r"\b(?:ct|mri?|us|ultrasound|pet|sonogram|none|priors?|previous|exams?|study|studies|dated|available)\b"
)
_OF_TECHNIQUE = compiled(
    r"\b(?:axial|coronal|sagittal|helical|multi-?planar|sequences?|images?|imaging|contrast|gadolinium|protocol"
    r"|performed|acquired|obtained|administered|acquisitions?|reconstruct\w*|reformat\w*|slices?|phases?|kvp?|mas?"
    r"|dose|dlp|ctdi\w*|ml|cc|t1|t2|dwi|flair|transducer|probe|mhz|scanner|scanned|technique|intravenous|oral"
    r"|doppler|greyscale|gray-?scale|fasting|tesla|mgy\S*|mci|mbq|fdg|tracer|injected|injection)\b"
)
_BEGINS_FINDINGS = (
    r"^[\s*•>#-]*(?:the )?(?:(?:liver|hepat\w+|gall ?bladder|biliary\b.{0,20}|spleen|pancreas"
    r"|(?:right |left )?kidneys?|lungs?|lower (?:chest|thorax)|lung bases|bones?|vessels|vasculature"
    r"|adrenals?(?: glands?)?|chest|abdomen)(?: and [a-z ]{3,20})?\s*(?::|$|\n"
    r"| (?:is|are|has|have|demonstrates?|shows?|contains?|measures?|parenchyma|appears?)\b)"
    r"|(?:lesion|observation) #?[0-9]+\b)|^there (?:is|are) "
    r"|^(?:the )?liver (?:coarse|normal|enlarged|fatty|cirrhotic|echogenic|unremarkable|nodular|small"
    r"|shrunken|heterogeneous|homogeneous|mildly|diffusely|smooth|of normal|(?:size |span |length )?[0-9])"
    r"|^(?:cirrhotic|fatty|enlarged|normal|coarse|nodular|echogenic|unremarkable) liver\b"
    r"|^(?:shunt|cbd|common (?:bile )?duct|(?:main )?portal vein|aorta|ivc) "
    r"|^(?:the )?(?:liver|gall ?bladder|spleen|pancreas|kidneys)(?:,| and) "
    r"|^no (?:focal|evidence of|intra-?hepatic|biliary|hepatic|liver) "
)


_SPEAKS_OF_FINDINGS = (  # names an organ, denies a lesion, or measures now
    r"^(?:the )?(?:liver|gall ?bladder|spleen|pancreas|kidneys|lungs?|adrenals?)(?: size)?\s*:"
    r"|^no (?:focal |discrete |hepatic |liver |solid |suspicious |other )*(?:liver |hepatic )?"
    r"(?:lesions?|mass(?:es)?|metastas[ei]s|nodules?)\b"
    r"|^(?:the )?liver (?:(?:is|appears|was) )?(?:unremarkable|normal|clear|without|free of"
    r"|shows no|has no)\b"
    r"|[0-9] ?(?:mm|cm) (?:today|currently|now|on today's)\b"
)
_ON_A_LINE = compiled(f"{_BEGINS_FINDINGS}|{_SPEAKS_OF_FINDINGS}")
_INSIDE_ONE = compiled(_SPEAKS_OF_FINDINGS)
_MEASURED = compiled(r"[0-9] ?(?:mm|cm)\b")
_SLICES = compiled(r"slice|section|thick|collimat|reconstruct|reformat|increment|interval|axial|gap|probe")


_STATES = compiled(
    r"^(?:two|three|four|several|multiple|numerous|single|solitary|an?|tiny|small) |^no |^normal "
    r"|^in (?:segment|the (?:left|right|liver)) "
    r"|\b(?:is|are|measures|demonstrates?|shows?|contains?|appears?)\b"
)
_ASKS = compiled(
    r"\?|\b(?:rule|exclude|evaluate|assess|history|patient|year|yo|yrs?|aged?|presents?"
    r"|presented|complain\w*|pain|please|refer\w*|surveillance|screening|follow|query|ago|recent\w*|outside"
    r"|reported|showed|last|diagnosed|s/p|status|ct|mri?|us|uss|ultrasound|pet|sonogram|scan|imaging|treated"
    r"|elevated|raised|lfts?|afp|concern\w*|suspect\w*|suspicion|palpable|question)\b"
)


def told_in(section: Section, words: str, begun: bool, fresh: bool, paragraph: bool, headed: bool) -> Section:
    """The section of a statement under a heading: "findings" where nothing but its words say that they began.

    `begun`: not the first under its heading. `fresh`: on a line, `paragraph`: in a paragraph of its own.
    `headed`: the report has a heading for its findings, so that letters need not be guessed at.
    """
    asks = "?" in words and not _MEASURED.occurs_in(words)
    if section in _LED_OUT and not asks and (_ON_A_LINE if fresh else _INSIDE_ONE).occurs_in(words[:80]):
        return "findings"
    if section == "comparison" and begun and not _OF_STUDIES.occurs_in(words):
        return "findings"
    if headed or not (begun and fresh):
        return section
    if section == "technique":
        measures = _MEASURED.occurs_in(words) and not _SLICES.occurs_in(words)
        return "findings" if measures or not _OF_TECHNIQUE.occurs_in(words) else section
    if section != "indication" or not (paragraph or _STATES.occurs_in(words)):
        return section
    return section if _ASKS.occurs_in(words) else "findings"
