"""Which thing a length belongs to."""

from typing import Final

from cds_service.fhir.narrative.line import LESIONS, PLACES, STOPS, THINGS, Line

CONTEXT: Final = -1  # the length belongs to what the statement before spoke of
PLACE: Final = -3  # an organ or part of one follows, and no lesion in it
NOBODY: Final = -2  # to something that is no lesion, or to nothing known
_NOUN_PHRASE = frozenset(
    (
        "hedge added largest smallest stable dimension slash new query segment lobe liver organ "
        "gallbladder_fossa"
    ).split()
)
_ARTICLES = tuple(
    ("a an the one single solitary tiny small this another additional second of new stable unchanged").split()
)
_OWN_SIZES = ("hepatic", "liver", "intra", "extra", "portal")


def owner(line: Line, index: int, denied: frozenset[int]) -> int:
    """The index of the lesion mark that the length at `index` belongs to, or CONTEXT or NOBODY."""
    if _no_size(line, index):
        return NOBODY
    words = line.before(index)
    article = bool(words) and words[-1].strip("(") in _ARTICLES
    ahead = _ahead(line, index, commas=3 if article else 0)
    if ahead is None and line.kind(index - 1) in ("largest", "smallest"):
        return _largest_of(line, index, denied)
    if ahead is not None and ahead != PLACE:
        return ahead
    if line.kind(index - 1) in ("largest", "verb") and (alone := _diagnosed(line, index)) is not None:
        return alone
    behind = _behind(line, index, denied)
    if behind >= 0 and _of_another_noun(line, index, behind):
        return NOBODY
    if behind == CONTEXT and not _carries_on(line, index):
        return _only_lesion_after(line, index) or NOBODY
    if behind == CONTEXT:
        later = _only_lesion_after(line, index)
        if later is None:
            return NOBODY if ahead == PLACE else CONTEXT
        return later
    return behind


_MEASURING = frozenset(
    (
        "it this these they them measures measuring measured measure measurement size sizes is are was the "
        "a an largest lesion lesions approx dimension dimensions diameter at about to up both each which "
        "that has in on of with be one and now slightly estimated current currently today greatest maximal "
        "maximum maximally total overall index for being its by as axis image again still minimally only "
        "just remains when as well also stable similar unchanged ap x s there nearly roughly approximate "
        "calipers caliper"
    ).split()
)


def _carries_on(line: Line, index: int) -> bool:
    """Whether nothing but words of measuring stands before the length: it is of what was spoken of before."""
    at, words = 0, []
    for mark in line.marks[:index]:
        words += line.statement.text[at : mark.start].split()
        at = mark.end
    words += line.statement.text[at : line.marks[index].start].split()
    return all(word.strip("~.,:;()-=\"'") in _MEASURING or not word.strip("~.,:;()-=\"'") for word in words)


def _of_another_noun(line: Line, index: int, owner_at: int) -> bool:
    """Whether an unknown noun stands between, after a comma or "and": "lesion, splenomegaly 14 cm"."""
    for at in range(index - 1, owner_at, -1):
        words = [word.strip("~.:;()-") for word in line.gap(at, at + 1).split()]
        if line.kind(at + 1) == "verb" and line.marks[at + 1].text.startswith("measur"):
            return False
        if line.kind(at) in ("comma", "and", "semicolon"):
            return any(
                word not in _MEASURING
                and len(word) > 3
                and not word.endswith(("ly", "ed", "ic", "ous", "al", "ing", "ense", "ior", "lar", "ar"))
                for word in words
            )
    return False


def _diagnosed(line: Line, index: int) -> int | None:
    for at in range(index - 1, max(-1, index - 4), -1):
        if line.kind(at) == "largest":
            return line.diagnosed_largest(at)
    return None


def _only_lesion_after(line: Line, index: int) -> int | None:
    """The first lesion after a length that has nothing before it: "segment 8, 15 mm, no washout: LR-3"."""
    for at in range(index + 1, min(index + 16, len(line.marks))):
        if line.kind(at) in LESIONS:
            return at
        if line.kind(at) in ("structure", "organ", "pseudo", "measure", "negation") or line.kind(at) in STOPS:
            return None
    return None


def _no_size(line: Line, index: int) -> bool:
    """Whether the words around say that it is a distance, a slice or a threshold."""
    following, previous = line.kind(index + 1), line.kind(index - 1)
    before = {mark.kind for mark in line.marks[:index]}
    if (
        line.before(index)[-1:] in (["size:"], ["span:"], ["length:"])
        and before & PLACES
        and not before & LESIONS
    ):
        return True  # "Liver: size: 15 cm"
    if following == "size_other" and len(line.gap(index, index + 1).split()) <= 1:
        return True
    if (
        following == "near"
        and not line.gap(index, index + 1).strip()
        and line.marks[index + 1].text.split()[0]
        not in ("along", "abutting", "abuts", "adjacent", "near", "around")
    ):
        return True
    return (
        previous == "size_other"
        and len(line.gap(index - 1, index).split()) <= 3
        and "margin" not in line.marks[index - 1].text
    )


def _ahead(line: Line, index: int, commas: int) -> int | None:
    """The noun that the length stands before as an adjective; None when it stands before none."""
    place = False
    for at in range(index + 1, min(index + 10, len(line.marks))):
        kind = line.kind(at)
        if kind in THINGS:
            if len(line.gap(at - 1, at).split()) > 7:
                return None
            return at if kind in LESIONS else NOBODY
        if kind == "skip" and line.marks[at].text.startswith(_OWN_SIZES):
            return NOBODY
        if kind == "comma" and line.marks[at].text == "," and commas > 0:
            commas -= 1
            continue
        place = place or (kind in PLACES and kind != "segment")
        if kind not in _NOUN_PHRASE or len(line.gap(at - 1, at).split()) > 6:
            break
    return (
        PLACE
        if place and line.kind(index + 1) in PLACES and not line.gap(index, index + 1).strip(" -")
        else None
    )


def _behind(line: Line, index: int, denied: frozenset[int]) -> int:
    for at in range(index - 1, max(-1, index - 30), -1):
        kind = line.kind(at)
        if kind in LESIONS:
            return NOBODY if at in denied else at
        if (
            line.begins_field(at)
            or kind in ("pseudo", "structure")
            or (kind == "skip" and line.marks[at].text.startswith(_OWN_SIZES))
        ):
            return NOBODY
        if kind == "largest" and line.gap(at, at + 1).strip() == "":
            return _largest_of(line, at + 1, denied)
        if kind in ("liver", "organ", "lobe") and not line.is_location(at) and not _names_field(line, at):
            return NOBODY
    return CONTEXT


def _names_field(line: Line, at: int) -> bool:
    """Whether the place is a field name whose content has begun: "Liver: there is ..."."""
    colon = line.kind(at + 1) == "comma" and line.marks[at + 1].text == ":"
    return colon and any(line.kind(step) in LESIONS for step in range(at + 2, min(at + 12, len(line.marks))))


def _largest_of(line: Line, index: int, denied: frozenset[int]) -> int:
    for at in range(index - 1, max(-1, index - 30), -1):
        if line.kind(at) in LESIONS and at not in denied:
            return at
        if line.kind(at) == "structure":
            return NOBODY
    return CONTEXT
