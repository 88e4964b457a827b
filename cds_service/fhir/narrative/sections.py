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
_NOTE = r"#?[0-9]{1,2}\b|[(\[][^)\]\n]{0,60}[)\]]|(?:dated|on|by|at) [^:\n]{0,60}|[*_=#]+"
_CLOSE = r"[ \t]*(?::|[-–—]+[ \t]|[ \t]*[*_=#-]*$)"


@cache
def _headings() -> tuple[Pattern, ...]:
    """Headings on lines of their own, inside lines, and in capitals without a colon."""
    any_name = "|".join(f"(?P<{kind}>{expression(f'heading {kind}')})" for kind in names("heading"))
    at_line = rf"(?im)^[ \t*#_=>•-]*(?:[0-9]+[.)] )?(?:{any_name})(?:[ \t]*(?:{_NOTE}))*{_CLOSE}"
    return compiled(at_line), compiled(rf"(?i)(?:^|[.;!?)\]>]\s+)(?:{any_name}):"), compiled(_CAPITALS)


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
        for found in pattern.finditer(text):
            kind: Section = found.lastgroup  # type: ignore[assignment]  # the groups are named after the sections
            yield kind, found.start(found.lastindex), found.end()


# Parts that have no heading after them: a line about an organ there is no longer theirs.
LED_OUT = ("technique", "indication", "comparison", "skip")
OF_STUDIES = compiled(
    r"\b(?:ct|mri?|us|ultrasound|pet|sonogram|none|priors?|previous|exams?|study|studies|dated|available)\b"
)
OF_TECHNIQUE = compiled(
    r"\b(?:axial|coronal|sagittal|helical|multi-?planar|sequences?|images?|imaging|contrast|gadolinium|protocol"
    r"|performed|acquired|obtained|administered|acquisitions?|reconstruct\w*|reformat\w*|slices?|phases?|kvp?|mas?"
    r"|dose|dlp|ctdi\w*|ml|cc|t1|t2|dwi|flair|transducer|probe|mhz|scanner|scanned|technique|intravenous|oral"
    r"|doppler|greyscale|gray-?scale|fasting|tesla|mgy\S*|mci|mbq|fdg|tracer|injected|injection)\b"
)
_BEGINS_FINDINGS = compiled(
    r"^[\s*•>#-]*(?:the )?(?:(?:liver|hepat\w+|gall ?bladder|biliary\b.{0,20}|spleen|pancreas"
    r"|(?:right |left )?kidneys?|lungs?|lower (?:chest|thorax)|lung bases|bones?|vessels|vasculature"
    r"|adrenals?(?: glands?)?|chest|abdomen)(?: and [a-z ]{3,20})?\s*(?::|$|\n"
    r"| (?:is|are|has|have|demonstrates?|shows?|contains?|measures?|parenchyma|appears?)\b)"
    r"|(?:lesion|observation) #?[0-9]+\b)|^there (?:is|are) "
    r"|^(?:the )?liver (?:coarse|normal|enlarged|fatty|cirrhotic|echogenic|unremarkable|nodular|small"
    r"|shrunken|heterogeneous|homogeneous|mildly|diffusely|smooth|of normal|[0-9])"
    r"|^(?:cirrhotic|fatty|enlarged|normal|coarse|nodular|echogenic|unremarkable) liver\b"
    r"|^(?:shunt|cbd|common (?:bile )?duct|(?:main )?portal vein|aorta|ivc) "
    r"|^no (?:focal|evidence of|intra-?hepatic|biliary|hepatic|liver) "
)


_NAMES_ORGAN = compiled(
    r"^(?:the )?(?:liver|gall ?bladder|spleen|pancreas|kidneys|lungs?|adrenals?)(?: size)?\s*:"
)
_MEASURED_NOW = compiled(r"[0-9] ?(?:mm|cm) (?:today|currently|now|on today's)\b")


def leads_out(words: str, fresh: bool) -> bool:
    """Whether the statement that begins so speaks of what was found, though no heading says so."""
    if fresh and _BEGINS_FINDINGS.search(words):
        return True
    return bool(_NAMES_ORGAN.search(words) or _MEASURED_NOW.search(words))
