"""Where a lesion is: in the liver, elsewhere, or not said."""

from cds_service.fhir.narrative.line import LIVER, PLACES, STOPS, THINGS, Line

_BEFORE_NOUN = frozenset(
    (
        "hedge",
        "measure",
        "added",
        "largest",
        "smallest",
        "stable",
        "prior",
        "now",
        "dimension",
        "slash",
        "new",
        "query",
    )
)
_LIVERS_OWN = (
    "fnh", "focal nodular", "hepatocellular", "hcc", "hepatoma", "lr-", "lr1", "lr5", "li-rads", "lirads",
    "cholangio", "hepatic", "liver", "von meyenburg",
)  # fmt: skip


def place_of(line: Line, index: int, context: str | None, context_word: str) -> tuple[str | None, bool]:
    """("liver" | "other" | None, whether the statement itself says so) for the lesion at `index`."""
    if line.marks[index].text.startswith("abscess") and _beside_gallbladder(line):
        return "other", True
    for found in (_own(line, index), _ahead(line, index, context_word), _behind(line, index, context_word)):
        if found:
            return found, True
    return context, False


def _beside_gallbladder(line: Line) -> bool:
    """Whether the statement speaks of a collection in the gallbladder's bed, and of no part of the liver."""
    return "gallbladder_fossa" in line.kinds and not line.kinds & {"liver", "segment"}


def _own(line: Line, index: int) -> str | None:
    """A place in the noun itself ("hepatic cyst") or among its adjectives ("renal mass")."""
    words = line.marks[index].text
    at = index - 1
    while at >= 0 and index - at < 8 and (line.kind(at) in _BEFORE_NOUN or line.kind(at) in PLACES):
        if len(line.gap(at, at + 1).split()) > 5:
            return "liver" if words.startswith(_LIVERS_OWN) else None
        if line.kind(at) in PLACES and not line.is_near(at) and line.kind(at) != "gallbladder_fossa":
            if line.kind(at) == "lobe":
                return None
            also = _coordinated(line, at)
            return also or ("liver" if line.kind(at) in LIVER else "other")
        at -= 1
    return "liver" if words.startswith(_LIVERS_OWN) or " liver" in words or " hepatic" in words else None


def _coordinated(line: Line, at: int) -> str | None:
    """ "liver" for "hepatic and renal cysts": both are meant."""
    pair = line.kind(at - 1) in ("and", "or", "slash") and line.kind(at - 2) in PLACES
    return (
        "liver"
        if pair
        and (line.kind(at - 2) in LIVER or line.kind(at) in LIVER)
        and not line.gap(at - 2, at - 1).strip()
        else None
    )


def _ahead(line: Line, index: int, context_word: str) -> str | None:
    """A place after the noun: "in segment 6", "(right lobe)", ", liver"."""
    loose = False
    if line.kinds.isdisjoint(PLACES):
        return None
    for at in range(index + 1, min(index + 16, len(line.marks))):
        kind = line.kind(at)
        if line.begins_field(at):
            return None
        if kind in STOPS or kind in (
            "lesion",
            "structure",
            "pseudo",
            "negation",
            "added",
            "history",
            "absent",
        ):
            return None
        if kind == "and" and line.opens_clause(at):
            return None
        if kind == "verb" and line.marks[at].text == "with":
            loose = True
        if kind in PLACES and not line.is_near(at):
            if line.kind(at - 1) in ("within", "near") or _adjoins(line, at, index):
                region = line.region(at, context_word)
                return None if loose and region == "other" else region
            if kind == "organ" and line.kind(at - 1) not in ("verb",):
                return None
    return None


def _adjoins(line: Line, at: int, index: int) -> bool:
    """Whether a place follows the noun (or its size) with nothing but a comma or bracket between."""
    back = at - 1
    comma = False
    while back > index and line.kind(back) in ("comma", "measure", "dimension", "lobe", "segment"):
        comma = comma or line.kind(back) == "comma"
        back -= 1
    bare = len(line.gap(at - 1, at).split()) <= 2
    return bare and (back == index or line.kind(back) in THINGS) and (not comma or line.kind(at) != "organ")


def _behind(line: Line, index: int, context_word: str) -> str | None:
    """The last place named before the noun in the same clause, or else in the statement."""
    if line.kinds.isdisjoint(PLACES):
        return None
    for at in range(index - 1, max(-1, index - 24), -1):
        if line.kind(at) in PLACES and not line.is_near(at):
            first = at
            while line.kind(first - 1) in PLACES or (
                line.kind(first - 1) == "within" and line.kind(first - 2) in PLACES
            ):
                first -= 1 if line.kind(first - 1) in PLACES else 2
            return line.region(first, context_word)
    return None
