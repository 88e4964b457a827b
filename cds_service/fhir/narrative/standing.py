"""Whether a lesion that is named is said to be there: negation, resolution, history, hypothesis, doubt."""

from typing import Literal, TypeAlias

from cds_service.fhir.narrative.line import LESIONS, PLACES, STOPS, Line
from cds_service.fhir.narrative.patterns import compiled

Standing: TypeAlias = Literal["there", "denied", "resolved", "not-said"]
_FINITE = frozenset(("is", "are", "was", "were", "has", "have", "measures", "there", "measured"))
LINKING = ("consistent", "compatible", "in keeping", "diagnostic", "typical", "characteristic", "represent")
_ABSENCES = frozenset(("absent", "resolved", "unclear", "unseen", "conditional"))
_RECALLING = frozenset(("history", "past_study"))
_NO_LESION = compiled(r"fat|steato|perfusion|transient|th[aei]d|nodul|vessel")
_BRACKETED = frozenset(
    "measure date prior compared comma dimension past_study skip segment lobe slash".split()
)
_REACH = 24  # marks; further away nothing governs anything


def standing_of(line: Line, index: int, sized: bool) -> Standing:
    """What the statement says of the lesion at `index`; `sized`: it was measured in this statement."""
    ahead = _ahead(line, index)
    if ahead == "unseen" or _pseudo(line, index):
        return "not-said" if ahead == "unseen" else "resolved"
    if ahead == "conditional" and not _introduced(line, index):
        return "not-said"
    if ahead in ("resolved", "absent"):
        return "resolved" if ahead == "resolved" else "denied"
    behind = _behind(line, index)
    if behind == "negation":
        return "denied"
    if behind == "resolved":
        return "resolved"
    if behind in _RECALLING or behind in ("hypothetical", "unseen") or (behind == "unclear" and not sized):
        return "not-said"
    if ahead == "unclear" and _reported_elsewhere(line, index):
        return "not-said"
    if not sized and "underlying" in line.before(index)[-3:]:
        return "not-said"
    if not sized and (ahead == "unclear" or _not_excluded(line, index)):
        return "not-said"
    return "there"


def under_negation(line: Line, index: int) -> bool:
    """Whether the mark at `index` lies in the reach of a negation before it."""
    return _behind(line, index, frozenset(("negation",))) == "negation"


def _behind(
    line: Line,
    index: int,
    wanted: frozenset[str] = _RECALLING | {"hypothetical", "unclear", "unseen", "negation", "resolved"},
) -> str:
    """The nearest governing mark before `index`, "" when the clause has none.

    A length ends the reach of a negation, not that of "status post" or "if".
    """
    measured = False
    if line.kinds.isdisjoint(wanted):
        return ""
    for at in range(index - 1, max(-1, index - _REACH), -1):
        kind = line.kind(at)
        if kind in wanted and not (measured and kind == "negation"):
            return kind
        measured = measured or (kind == "measure" and not _compares(line, at))
        if kind in STOPS or kind == "now" or _ends(line, at):
            return ""
    return ""


def _compares(line: Line, at: int) -> bool:
    """Whether the length there is a bound: "no lesion larger than 1 cm"."""
    mark = line.marks[at]
    return mark.length is not None and mark.length.interval.value is None and not mark.length.hyphen


def _ends(line: Line, at: int) -> bool:
    """Whether the mark at `at` ends the reach of what stands before it."""
    mark = line.marks[at]
    if mark.kind == "verb":
        return mark.text in _FINITE
    if mark.kind == "comma" and mark.text == ":":
        return True
    if mark.kind not in ("comma", "and"):
        return False
    linked = line.kind(at + 1) == "verb" and line.marks[at + 1].text.startswith(LINKING)
    return linked or line.opens_clause(at)


def _ahead(line: Line, index: int) -> str:
    """The predicate after the noun, when it is one of absence: "absent", "resolved" or "unclear"."""
    after = 0
    if line.kinds.isdisjoint(_ABSENCES):
        return ""
    for at in range(index + 1, min(index + _REACH, len(line.marks))):
        kind = line.kind(at)
        if at < after:
            continue  # "(previously 17 mm, SUV 9)": what follows the bracket is said of the noun
        if kind == "comma" and line.marks[at].text == "(":
            after = _bracket_end(line, at)
            if after:
                continue
        if kind in _ABSENCES:
            return "" if _absent_then(line, at, index) else kind
        if (
            kind == "comma"
            and line.kind(at + 1)
            not in (
                "absent",
                "resolved",
                "unseen",
                "lesion",
                "or",
                "and",
                "dx_benign",
                "dx_malignant",
                "measure",
                "prior",
                "compared",
            )
            and line.marks[at].text in ",:"
        ):
            return ""
        if kind in STOPS or kind in ("negation", "structure") or (kind == "and" and line.opens_clause(at)):
            return ""
    return ""


def _absent_then(line: Line, at: int, index: int) -> bool:
    """Whether it is new, and was absent on the day that follows: "new nodule (not present 08/2023)"."""
    new = any(line.kind(step) in ("added", "new") and "new" in line.marks[step].text for step in range(index))
    bracket = line.kind(at - 1) == "comma" and line.marks[at - 1].text == "("
    return new and bracket and line.kind(at) == "absent" and line.kind(at + 1) == "date"


def _bracket_end(line: Line, at: int) -> int:
    """The mark after the bracket that opens at `at`, 0 when it holds more than lengths, dates and values."""
    for step in range(at + 1, min(at + 8, len(line.marks))):
        if line.marks[step].text == ")":
            return step + 1
        if line.kind(step) not in _BRACKETED:
            return 0
    return 0


def _not_excluded(line: Line, index: int) -> bool:
    """Whether the noun is only what could not be excluded, or is asked after."""
    if line.kinds.isdisjoint(("hedge", "query")):
        return False
    at = index - 1
    while line.kind(at) in PLACES:
        at -= 1
    return left_open(line, index) or (line.kind(at) == "query" and at < 2)


def left_open(line: Line, index: int) -> bool:
    """Whether the noun is what could not be excluded: "cannot exclude a focal lesion"."""
    if "hedge" not in line.kinds:
        return False
    for at in (index - 1, index + 1, index + 2, index - 2, index + 3, index + 4):
        if line.kind(at) == "hedge" and ("exclu" in line.marks[at].text or "rule" in line.marks[at].text):
            between = range(min(at, index) + 1, max(at, index))
            return not any(line.kind(step) in ("comma", "semicolon", "break", *LESIONS) for step in between)
    return False


def _introduced(line: Line, index: int) -> bool:
    """Whether the noun has an article or pronoun, so that it is one which the report has spoken of."""
    words = line.before(index)[-4:]
    return any(word in ("the", "this", "these", "that", "a", "an", "there") for word in words)


def _reported_elsewhere(line: Line, index: int) -> bool:
    """Whether the noun is introduced as another study's finding: "the lesion reported at MRI"."""
    return any(
        line.kind(at) in ("compared", "prior")
        for at in range(max(0, index - 3), min(index + 4, len(line.marks)))
    )


def _pseudo(line: Line, index: int) -> bool:
    """Whether a plain noun is explained as no lesion: "area characteristic of focal fatty sparing"."""
    if line.kind(index) != "lesion" or "pseudo" not in line.kinds:
        return False
    for at in range(index + 1, min(index + 14, len(line.marks))):
        kind = line.kind(at)
        if kind == "pseudo":
            return (
                _NO_LESION.occurs_in(line.marks[at].text)
                and not under_negation(line, at)
                and line.kind(at + 1) not in ("or", "hedge", "slash", "query")
            )
        if kind in ("hedge", "query", "added", "or", "dx_benign", "dx_malignant", "lesion") or kind in STOPS:
            return False
        if kind == "and" and line.after(at) in ("a", "an", "the", "there", "another"):
            return False
    return False
