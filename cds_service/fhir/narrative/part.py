"""One part of a report (findings, impression, addenda) as it is gathered, statement by statement."""

import re
from dataclasses import dataclass, field

from cds_service.fhir.narrative.line import LIVER, PLACES, Line
from cds_service.fhir.narrative.noun import Mention
from cds_service.fhir.narrative.patterns import compiled
from cds_service.fhir.narrative.records import Span
from cds_service.fhir.narrative.standing import under_negation
from cds_service.guideline.chart import Interval

_ATTRIBUTE = compiled(
    r"size|contour|echo|attenuation|signal|caliber|thickness|flow|direction|enhancement|length"
)
_UNSETTLES = compiled(
    r"characteri|too small|tstc|exclu|indetermin|specific|differential|confirm|uncertain|equivocal"
)
_ANOTHER_ONE = re.compile(
    r"(?:the |a )?(?:second|third|fourth|last|other|others|latter|remaining)\b", re.ASCII
)
_SMALLER_ONE = re.compile(r"(?:the |a )?smaller\b", re.ASCII)
_TO_SETTLE = compiled(r"characteri|confirm|clarif")


@dataclass(slots=True)
class Part:
    """The lesions named in a part, wherever they are. `normal`: where it calls the whole liver normal."""

    every: list[Mention] = field(default_factory=list)
    normal: Span | None = None
    to_settle: bool = False  # asks to characterize or confirm a liver finding
    to_image: bool = False  # recommends imaging of the liver
    nameless: list[Interval] = field(default_factory=list)  # "the second measures 9 mm"
    corrected: list[tuple[Interval, Span]] = field(default_factory=list)  # "the size should read 8 mm"

    @property
    def mentions(self) -> list[Mention]:
        """Those in the liver."""
        return [mention for mention in self.every if mention.organ == "liver"]

    @property
    def there(self) -> list[Mention]:
        """The liver lesions that this part says are there."""
        denied = any(m.standing == "denied" and m.general and not m.added for m in self.mentions)
        return [m for m in self.mentions if m.standing == "there" and (m.explicit or not denied)]

    def of(self, *standings: str) -> list[Mention]:
        """The mentions of these standings; one more lesion that is denied says nothing of the others."""
        return [m for m in self.mentions if m.standing in standings and not m.added]

    def note(self, line: Line, subject: Mention | None, organ: str | None, mentions: list[Mention]) -> None:
        """Take in what a statement says besides naming lesions."""
        of_liver, elsewhere = bool(line.kinds & LIVER), "organ" in line.kinds
        about_liver = of_liver or (organ == "liver" and not elsewhere)
        if about_liver or any(mention.organ == "liver" for mention in mentions):
            self._note_requests(line)
        if not mentions and subject is not None and subject.organ == "liver" and not elsewhere:
            _note_doubt(line, subject)
            words = line.statement.text
            doubted = line.kinds & {"hedge", "uncertain_next"} and _SMALLER_ONE.match(words)
            if "measure" in line.kinds and (doubted or _ANOTHER_ONE.match(words)):
                self.nameless += [mark.length.interval for mark in line.marks if mark.length is not None]
        if "correction" in line.kinds and not mentions and not elsewhere:
            self.corrected += _corrected(line)
        if self.normal is None and of_liver:
            self.normal = _called_normal(line)

    def _note_requests(self, line: Line) -> None:
        for mark in line.marks if "uncertain_next" in line.kinds else ():
            if mark.kind == "uncertain_next":
                self.to_settle = self.to_settle or _TO_SETTLE.occurs_in(mark.text)
                self.to_image = True


def _corrected(line: Line) -> list[tuple[Interval, Span]]:
    """The length that follows the words of correction."""
    at = next(at for at, mark in enumerate(line.marks) if mark.kind == "correction")
    lengths = (mark for mark in line.marks[at + 1 :] if mark.length is not None)
    return [
        (mark.length.interval, line.statement.place(mark.start, mark.end)) for mark in lengths if mark.length
    ][:1]


def _note_doubt(line: Line, subject: Mention) -> None:
    for at, mark in enumerate(line.marks):
        if (
            mark.kind in ("hedge", "uncertain_next")
            and _UNSETTLES.occurs_in(mark.text)
            and not under_negation(line, at)
        ):
            subject.sure, subject.hedged = False, True


def _called_normal(line: Line) -> Span | None:
    named = (at for at, mark in enumerate(line.marks) if mark.text.startswith(("liver", "hepat")))
    liver = next(named, None)
    if liver is None:
        return None
    if _normal_liver(line, liver):
        return line.statement.place(0, line.marks[liver].end)
    for at in range(liver + 1, len(line.marks)):
        mark = line.marks[at]
        if mark.kind == "normal":
            return (
                None
                if _ATTRIBUTE.occurs_in(mark.text) or not _reaches(line, liver, at)
                else line.statement.place(0, mark.end)
            )
    return None


def _reaches(line: Line, liver: int, normal: int) -> bool:
    """Whether "normal" is said of the liver: nothing but a list of organs lies between."""
    between = {line.kind(at) for at in range(liver + 1, normal)}
    clear = between <= PLACES | {"comma", "and", "verb", "slash", "structure", "skip"}
    negated = "not" in line.before(normal)[-2:]
    return clear and not negated and len(line.gap(normal - 1, normal).split()) < 4


def _normal_liver(line: Line, liver: int) -> bool:
    """ "Normal liver.", "Unremarkable liver and spleen"."""
    adjective = line.kind(liver - 1) == "normal" and not line.gap(liver - 1, liver).strip()
    return (
        adjective
        and line.after(liver) in ("", "and", "spleen", "gallbladder")
        and not _ATTRIBUTE.occurs_in(line.marks[liver - 1].text)
    )
