"""A variant's ratings as rows of a picture: best first, with the place on the scale and the radiation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from cards.vocabulary import Band, Rating
from cds_service.guideline.content.schema import Procedure
from cds_service.guideline.content.topic_schema import RatingRow, Variant

TONES: Final[Mapping[Band, str]] = {Band.USUALLY: "good", Band.MAY_BE: "mid", Band.USUALLY_NOT: "poor"}
BEST_FIRST: Final = (
    Rating.USUALLY_APPROPRIATE,
    Rating.MAY_BE_APPROPRIATE,
    Rating.MAY_BE_APPROPRIATE_DISAGREEMENT,
    Rating.USUALLY_NOT_APPROPRIATE,
)
STRONGEST: Final = 5  # levels on the publisher's radiation scale


@dataclass(frozen=True, slots=True)
class Radiation:
    """A relative radiation level. `level`: 0 to 5 of the publisher's signs, None = varies or not stated."""

    level: int | None
    words: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One study of a variant. `ordered`: it is what the clinician drafted."""

    row: RatingRow
    title: str
    tone: str
    adult: Radiation
    child: Radiation
    ordered: bool = False


def rows_of(
    variant: Variant, procedures: Mapping[str, Procedure], ordered: Collection[str] = ()
) -> tuple[ShownRow, ...]:
    """Every study that the variant rates: by rating, then median, then radiation."""
    rows = sorted(variant.ratings, key=_place)
    return tuple(
        ShownRow(
            row,
            procedures[row.procedure].title,
            tone(row.rating),
            radiation(row.adult_radiation),
            radiation(row.pediatric_radiation),
            row.procedure in ordered,
        )
        for row in rows
    )


def tone(rating: Rating | None) -> str:
    """The class that colours a rating. Colour only repeats what words or place say."""
    return "open" if rating is None else TONES[rating.band]


def radiation(written: str | None) -> Radiation:
    """`☢☢☢ 1-10 mSv` -> level 3 in words; `O 0 mSv` -> level 0."""
    if written is None:
        return Radiation(None, "not stated")
    sign, _, dose = written.partition(" ")
    if sign == "O":
        return Radiation(0, "none")
    level = sign.count("☢")
    return Radiation(level, dose.replace("-", "–")) if level else Radiation(None, written.lower())


def _place(row: RatingRow) -> tuple[int, int, int]:
    level = radiation(row.adult_radiation).level
    return BEST_FIRST.index(row.rating), -row.median, STRONGEST if level is None else level
