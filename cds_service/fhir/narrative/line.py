"""One statement with its marks, and the walks over them that the other modules share."""

import re
from dataclasses import dataclass, field

from cds_service.fhir.narrative.layout import Statement
from cds_service.fhir.narrative.marks import Mark, tag
from cds_service.fhir.narrative.patterns import compiled

LESIONS = frozenset(("lesion", "dx_benign", "dx_malignant"))
THINGS = LESIONS | {"pseudo", "structure"}
LIVER = frozenset(("liver", "segment", "gallbladder_fossa"))
PLACES = LIVER | {"organ", "lobe"}
STOPS = frozenset(("break", "semicolon"))
LABEL = re.compile(r"([a-z][a-z0-9 /,&()-]{1,45}):")  # the name of a field
# Fields that go on describing what was spoken of.
ATTRIBUTE = compiled(
    r"\b(?:size|measure\w*|dimensions?|diameter|location|site|segment|number|count|echo\w*|margins?|shape|descri\w*"
    r"|enhanc\w*|phase|art\w*|pv|late|delayed|target|comments?|notes?|max\w*|axis|ap|tr\w*|volume|change|features?"
    r"|appearance|signal|t[12]|dwi|adc|character\w*|density|attenuation|hu|category|type|vascularity|doppler)\b"
)
_DETERMINERS = frozenset(
    ("a an there the with one single multiple several few two three this it is numerous tiny small").split()
)
_UNREAD = ("technique", "indication", "skip")  # no words of these speak of what was found
_RELATIVE = ("compared", "relative")
_ELSEWHERE_LOBES = ("thyroid", "lung", "prostat", "breast", "pulmon", "chest", "thora", "neck")


@dataclass(slots=True)
class Line:
    """A statement being read, with its marks."""

    statement: Statement
    marks: list[Mark] = field(init=False)
    kinds: frozenset[str] = field(init=False)  # of all its marks

    def __post_init__(self) -> None:
        self.marks = tag(self.statement.text) if self.statement.section not in _UNREAD else []
        self.kinds = frozenset([mark.kind for mark in self.marks])

    def kind(self, index: int) -> str:
        """The kind of the mark there, "" beyond either end."""
        return self.marks[index].kind if 0 <= index < len(self.marks) else ""

    def gap(self, left: int, right: int) -> str:
        """The unmarked words between two marks."""
        return self.statement.text[self.marks[left].end : self.marks[right].start]

    def after(self, index: int) -> str:
        """The first word after a mark."""
        words = self.statement.text[self.marks[index].end : self.marks[index].end + 24].split()
        return words[0].strip(".,;:()") if words else ""

    def before(self, index: int) -> list[str]:
        """The last words before a mark, nearest last."""
        return self.statement.text[max(0, self.marks[index].start - 40) : self.marks[index].start].split()

    def opens_clause(self, index: int) -> bool:
        """Whether a comma or "and" is followed by a new clause or noun with an article."""
        return self.after(index) in _DETERMINERS or self.kind(index + 1) in (
            "measure",
            "added",
            "negation",
            "largest",
        )

    def begins_field(self, index: int) -> bool:
        """Whether a colon ends the name of a field that is neither a lesion nor a trait: "AO: 1.9 cm"."""
        if self.kind(index) != "comma" or self.marks[index].text != ":" or not index:
            return False
        name = self.gap(index - 1, index).split()
        return bool(name) and name[-1].isalpha() and not ATTRIBUTE.occurs_in(name[-1])

    def is_near(self, index: int) -> bool:
        """Whether a place is only what something lies next to; by a part of the liver is in the liver."""
        if self.kind(index) in ("segment", "lobe", "gallbladder_fossa"):
            return False
        at = index - 1
        while at >= 0 and self.kind(at) in PLACES | {"and", "slash"} and index - at < 4:
            at -= 1
        compared = self.kind(at) == "compared" and self.marks[at].text.startswith(_RELATIVE)
        return self.kind(at) == "near" or compared

    def is_location(self, index: int) -> bool:
        """Whether a place says where something is, and is not itself what is spoken of."""
        at = index - 1
        while at >= 0 and self.kind(at) in PLACES | {"and", "slash", "comma"} and index - at < 6:
            at -= 1
        if self.kind(at) in ("within", "near"):
            return self.kind(index - 1) != "comma" or self.kind(index + 1) not in ("verb", "normal")
        return self.kind(at) in THINGS and at != index and self.kind(index + 1) not in ("verb", "normal")

    def diagnosed_largest(self, index: int) -> int | None:
        """The diagnosis given to the largest alone: "the largest, 1.8 cm, compatible with a cyst"."""
        linked = False
        for at in range(index + 1, min(index + 12, len(self.marks))):
            kind = self.kind(at)
            if kind in ("hedge", "query", "lesion", "added", "structure") or kind in STOPS:
                return None
            linked = linked or (
                kind == "verb"
                and self.marks[at].text not in ("measures", "measuring", "measure", "seen", "with")
            )
            if kind in LESIONS:
                return at if linked else None
        return None

    def region(self, index: int, context_word: str = "") -> str:
        """ "liver" or "other": what the place there belongs to, following "right lobe of the thyroid"."""
        found, at, word = "", index, ""
        while self.kind(at) in PLACES and at - index < 6:
            kind = self.kind(at)
            found = "other" if kind == "organ" else (found or ("liver" if kind in LIVER else "lobe"))
            if kind in LIVER and found == "lobe":
                found = "liver"
            at += 2 if self.kind(at + 1) == "within" and self.kind(at + 2) in PLACES else 1
            if kind != "lobe" and self.kind(at) in PLACES and self.kind(at - 1) != "within":
                break
        if found == "lobe":
            word = f"{context_word} {self.statement.text}"
            return "other" if any(name in word for name in _ELSEWHERE_LOBES) else "liver"
        return found
