"""From mentions to lesions: what is said in several statements of one lesion, or one group of lesions."""

from dataclasses import dataclass, field

from cds_service.fhir.narrative.noun import Mention
from cds_service.guideline.chart import Interval

Span = tuple[int, int]


@dataclass(slots=True, eq=False)
class Lesion:
    """One lesion or group, as one part of the report describes it. `settled`: it has a definite diagnosis."""

    mentions: list[Mention] = field(default_factory=list)
    doubted: bool = False

    @property
    def settled(self) -> bool:
        """A definite diagnosis and no doubt about it."""
        return not self.doubted and any(mention.sure for mention in self.mentions)

    @property
    def sizes(self) -> list[tuple[Interval, Span]]:
        """Every current length of it, with its span in the report."""
        return [size for mention in self.mentions for size in mention.sizes]

    @property
    def points(self) -> frozenset[float]:
        """The lengths that are plain numbers, mm."""
        return frozenset(size.value for size, _ in self.sizes if size.value is not None)

    @property
    def segments(self) -> frozenset[int]:
        """Couinaud segments it is said to lie in."""
        return frozenset().union(*(mention.segments for mention in self.mentions))

    @property
    def plural(self) -> bool:
        """Whether it is spoken of in the plural."""
        return any(mention.plural for mention in self.mentions)

    @property
    def straddles(self) -> bool:
        """Whether one lesion is given lengths on both sides of 1 cm: one of them is not its own."""
        return not self.plural and len({size < 10 for size in self.points if size != 10}) > 1

    def like(self, other: "Lesion") -> bool:
        """Whether a length or a segment says that both are the same."""
        return bool(self.points & other.points or self.segments & other.segments)

    def unlike(self, other: "Lesion") -> bool:
        """Whether lengths or segments say that they are not."""
        lengths = self.points and other.points and not self.points & other.points
        return bool(lengths or (self.segments and other.segments and not self.segments & other.segments))


def grouped(mentions: list[Mention]) -> list[Lesion]:
    """The lesions that the mentions of one part of the report (all in the liver, all there) describe."""
    lesions: list[Lesion] = []
    place: tuple[Span, int] | None = None
    for mention in mentions:
        here = (mention.clause, mention.clump)
        if lesions and (here == place or not _another(lesions[-1], mention)):
            _join(lesions[-1], mention)
        elif known := next((lesion for lesion in lesions if _same(lesion, mention)), None):
            lesions.remove(known)
            lesions.append(known)
            _join(known, mention)
        else:
            lesions.append(Lesion([mention], mention.hedged))
        place = here
    return lesions


def _join(lesion: Lesion, mention: Mention) -> None:
    lesion.mentions.append(mention)
    lesion.doubted = lesion.doubted or mention.hedged


def _same(lesion: Lesion, mention: Mention) -> bool:
    return not mention.added and lesion.like(Lesion([mention])) and not lesion.unlike(Lesion([mention]))


def _another(lesion: Lesion, mention: Mention) -> bool:
    """Whether the mention brings in a lesion other than the one last spoken of."""
    one = Lesion([mention])
    if _member(lesion, mention):
        return False
    if mention.added:
        return True
    if lesion.like(one):
        return lesion.unlike(one) and not mention.pointing
    if lesion.unlike(one):
        return True
    apart = mention.clause != lesion.mentions[-1].clause
    in_doubt = mention.hedged and bool(mention.segments) and apart and not lesion.doubted
    told = bool(mention.sizes) or in_doubt
    fresh = mention.new_noun or (lesion.settled and mention.kind == "lesion" and told)
    return fresh and not mention.pointing


def _member(lesion: Lesion, mention: Mention) -> bool:
    """Whether a plain "lesion" is one of the group just diagnosed: "metastases: segment 4 lesion ..."."""
    plain = mention.kind == "lesion" and not mention.hedged
    if plain and mention.similar:
        return lesion.settled
    same = mention.clause == lesion.mentions[-1].clause or any(
        one.kind == "dx_malignant" for one in lesion.mentions
    )
    return plain and not mention.new_noun and not mention.added and lesion.settled and lesion.plural and same
