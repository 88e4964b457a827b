"""Short conclusions sentence by sentence, and which reports hold nothing to read.

For values and reasons in words; a whole report is read by `cds_service.fhir.narrative`.
"""

import re
from collections.abc import Iterator, Mapping

from cds_service.fhir.datatypes.elements import mappings
from cds_service.fhir.facts.told import Told
from cds_service.fhir.records import Entry

LONGEST = 20_000  # characters of a conclusion that are looked at
MOST_SENTENCES = 200

# A line break inside a sentence is only where the page ended; these begin a new statement.
_NEW_LINE = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*•–]|[0-9]{1,2}[.)]\s|[A-Z][a-z]|[A-Z][A-Z /]{2,40}:))")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=\S)")
_HEADING = re.compile(r"\s*(?P<title>[A-Za-z][A-Za-z /]{2,40}?)\s*:\s*(?P<rest>.*)", re.DOTALL)
_NOT_FINDINGS = re.compile(
    r"(?:clinical )?indication|(?:clinical |relevant )?(?:history|information|question)|reason.*|"
    r"comparison.*|technique|procedure|exam(?:ination)?|study|recommendations?",
    re.IGNORECASE,
)
_FINDINGS = re.compile(
    r"findings?|impression|conclusions?|addendum|abdomen|liver|hepatobiliary|.*result.*", re.IGNORECASE
)


def sentences(words: str) -> Iterator[str]:
    """Statements of a conclusion in order; sections such as INDICATION and COMPARISON left out."""
    text = words[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    counts = True
    found = 0
    for block in _NEW_LINE.split(text):
        for sentence in _SENTENCE_END.split(block.replace("\n", " ")):
            counts, rest = _without_heading(sentence, counts)
            if counts and rest.strip() and found < MOST_SENTENCES:
                found += 1
                yield rest.strip()


def _without_heading(sentence: str, counts: bool) -> tuple[bool, str]:
    """Whether the section this sentence stands in counts, and the sentence without its heading."""
    heading = _HEADING.fullmatch(sentence)
    if heading and _NOT_FINDINGS.fullmatch(heading["title"]):
        return False, heading["rest"]
    if heading and _FINDINGS.fullmatch(heading["title"]):
        return True, sentence if heading["title"].lower() in ("liver", "hepatobiliary") else heading["rest"]
    return counts, sentence


def is_silent(report: Entry, told: Mapping[str, Told]) -> bool:
    """True for a report of which nothing can be read: no codes, and no words but in a picture or PDF."""
    coded = report.sent.has("conclusionCode") and bool(mappings(report.raw.get("conclusionCode")))
    return report.name not in told and not coded
