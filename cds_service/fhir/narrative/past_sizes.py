"""Whether a length is of today: prior and comparison sizes, and those taken back, are not."""

from cds_service.fhir.narrative.line import LESIONS, STOPS, Line

_PRESENT = frozenset(("measures", "is", "are"))
_OTHER_SIDE = ("not", "versus", "vs", "vs.", "than", "was", "were")  # before the second length of a statement
_SEEN_THEN = (
    "on", "at", "in ", "seen", "noted", "described", "identified", "reported", "demonstrated", "present",
    "shown", "mentioned", "detected", "found",
)  # fmt: skip


def is_past(line: Line, index: int) -> bool:
    """Whether the length at `index` is of an earlier study, or is taken back ("not 8 cm")."""
    words, length = line.before(index), line.marks[index].length
    last = words[-1] if words else ""
    if last in _OTHER_SIDE and _others(line, index):
        return True
    if last == "from" and length is not None and length.start is None:
        return True
    return _followed(line, index) or _governed(line, index) or _dated(line, index)


def _followed(line: Line, index: int) -> bool:
    """Whether an arrow leads from the length to a later one: "12 mm → 8 mm"."""
    at = index + 2 if line.kind(index + 1) == "comma" and line.marks[index + 1].text == "(" else index + 1
    if line.kind(at) != "measure":
        return False
    between = line.statement.text[line.marks[index].end : line.marks[at].start].strip(" (")
    return between == "→" or (at == index + 1 and not between and line.marks[at].text.startswith(">"))


def _others(line: Line, index: int) -> bool:
    return any(mark.kind == "measure" and at != index for at, mark in enumerate(line.marks))


def _governed(line: Line, index: int) -> bool:
    """Whether a word of the past before the length reaches it."""
    for at in range(index - 1, max(-1, index - 12), -1):
        mark = line.marks[at]
        if mark.kind in ("now", "correction", "largest") or mark.kind in STOPS:
            return False
        if mark.kind == "prior" or mark.kind == "past_study":
            # "Ultrasound 5/20/2026: new 8 mm lesion" begins with the study it tells of.
            return mark.start > 0 or not mark.text[-1].isdigit()
        if mark.kind == "compared":
            if mark.text.split()[-1] in _PRESENT:
                return False  # "the lesion seen on CT is a 15 mm cyst"
            return (
                len(line.gap(at, at + 1).split()) <= 3 and at >= index - 2 and line.kind(index - 1) != "comma"
            )
        if mark.kind == "measure" and not _listed(line, at, index):
            return False
        if mark.kind == "verb" and mark.text in _PRESENT and mark.text != "measuring":
            return False
        if mark.kind in LESIONS and line.kind(at - 1) != "prior":
            return False
        if mark.kind == "changed":
            return False
    return False


def _listed(line: Line, left: int, right: int) -> bool:
    """Whether two lengths are of one list: "previously 8 and 6 mm"."""
    return right - left == 2 and line.kind(left + 1) == "and"


def _dated(line: Line, index: int) -> bool:
    """Whether the words after the length put it in the past: "8 mm previously", "8 mm on 2/14/2025"."""
    at = index + 1
    while (
        line.kind(at) in ("dimension", "comma")
        and at - index < 3
        and (line.kind(at) == "dimension" or line.marks[at].text == "(")
    ):
        at += 1
    if line.kind(at) == "within" and line.kind(at + 1) == "date":
        at += 1
    kind = line.kind(at)
    if kind not in ("prior", "date", "compared", "past_study") or len(line.gap(at - 1, at).split()) > 2:
        return False
    if kind == "compared":
        words = line.marks[at].text
        return words.startswith(_SEEN_THEN) and _others(line, index)
    # "11 mm, previously 8 mm": the word belongs to the length that follows it.
    return not (kind == "prior" and _next_measure(line, at)) and not (
        kind == "date" and "since" in line.marks[at].text
    )


def _next_measure(line: Line, at: int) -> bool:
    for step in range(at + 1, min(at + 5, len(line.marks))):
        if line.kind(step) == "measure":
            return True
        if line.kind(step) in STOPS or line.kind(step) in LESIONS or line.kind(step) == "now":
            return False
    return False
