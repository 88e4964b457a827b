"""What the guideline says of a study once it is known which answers are possible (design §4.3).

Content alone decides that, so it is the same for every patient whose facts leave the same answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias

from cards.vocabulary import Band, Rating, Verdict
from cds_service.guideline.asks import Asked, asks_of
from cds_service.guideline.content.topic_schema import GuidelineTopic, Row, Variant
from cds_service.guideline.ways import (
    PROCEDURE,
    RATED,
    Kind,
    Left,
    Outcome,
    Told,
    Way,
    covering,
    is_characterized,
    told,
    ways_of,
)

VARIES = "Varies"  # a relative radiation level

Covered: TypeAlias = tuple[Way, tuple[Variant, ...]]  # a way, and the variants that hold in it


@dataclass(frozen=True)
class Option:
    """Any study of the topic for this patient. `rating` only when every way gives the same band.

    `always_usual`: usually appropriate in every way that a variant covers, and some variant does.
    """

    procedure: str
    rating: Rating | None
    rows: tuple[Row, ...]
    always_usual: bool

    @cached_property
    def medians(self) -> tuple[int, ...]:
        """Panel medians over the rows, low to high."""
        return medians(self.rows)

    @cached_property
    def preference(self) -> tuple[int, int, int, str]:
        """Sorts by band, then median, then radiation."""
        band = self.rating.band if self.rating else 0
        level = self.rows[0].rating.adult_radiation.partition(" ")[0] if self.rows else VARIES
        # Where the dose varies (biopsy) we cannot claim that it is low.
        sieverts = 9 if level == VARIES else level.count("☢")
        return (-int(band), -min(self.medians, default=0), sieverts, self.procedure)


@dataclass(frozen=True, slots=True)
class Reached:
    """What all ways come to. `rows`: every row that some way rests on."""

    verdict: Verdict
    rating: Rating | None
    rows: tuple[Row, ...]
    asks: tuple[Asked, ...]
    outcomes: frozenset[Outcome]
    options: tuple[Option, ...]
    ways: int
    standing: Mapping[int, bool | None]  # variant number -> holds in every way, in none, or in some (None)


@lru_cache(maxsize=1_000)
def reached(topic: GuidelineTopic, procedures: tuple[str, ...], left: tuple[Left, ...]) -> Reached:
    """Every way that these answers leave, tried for each of the studies that the order may mean."""
    ways = ways_of({one.question: one.values for one in left})
    covered = tuple((way, covering(topic, way)) for way in ways)
    results = [
        ({**way, PROCEDURE: p}, told(p, variants, is_characterized(way)))
        for way, variants in covered
        for p in procedures
    ]
    outcomes = frozenset(result.outcome for _, result in results)
    rows = _distinct(result for _, result in results)
    verdict = _verdict(outcomes)
    return Reached(
        verdict=verdict,
        rating=common_rating(rows) if verdict is Verdict.RATED else None,
        rows=rows,
        asks=asks_of(topic, left, procedures, results) if verdict is Verdict.UNDETERMINED else (),
        outcomes=outcomes,
        options=tuple(_option(procedure, covered) for procedure in topic.rated_procedures),
        ways=len(covered),
        standing={variant.number: _standing(variant, covered) for variant in topic.variants},
    )


def medians(rows: Sequence[Row]) -> tuple[int, ...]:
    """The distinct panel medians of these rows, low to high."""
    return tuple(sorted({row.rating.median for row in rows}))


def common_rating(rows: Sequence[Row]) -> Rating | None:
    """The rating these rows share; a panel's disagreement is kept only when every row has it."""
    ratings = {row.rating.rating for row in rows}
    if len({rating.band for rating in ratings}) != 1:
        return None
    return ratings.pop() if len(ratings) == 1 else Rating.MAY_BE_APPROPRIATE


def _standing(variant: Variant, covered: Sequence[Covered]) -> bool | None:
    holds = [any(one is variant for one in variants) for _, variants in covered]
    return True if all(holds) else None if any(holds) else False


def _verdict(outcomes: frozenset[Outcome]) -> Verdict:
    if len(outcomes) > 1:
        return Verdict.UNDETERMINED
    (only,) = outcomes
    return {
        Kind.RATED: Verdict.RATED,
        Kind.NO_CRITERIA: Verdict.NO_CRITERIA,
        Kind.CONFLICT: Verdict.CONFLICTING,
        Kind.CHARACTERIZED: Verdict.NOT_APPLICABLE,
    }[only.kind]


def _distinct(results: Iterable[Told]) -> tuple[Row, ...]:
    rows = {(row.variant.number, row.rating.procedure): row for result in results for row in result.rows}
    return tuple(rows[key] for key in sorted(rows))


def _option(procedure: str, covered: Sequence[Covered]) -> Option:
    results = [told(procedure, variants, is_characterized(way)) for way, variants in covered]
    outcomes = {result.outcome for result in results}
    where_covered = {r.outcome for (_, variants), r in zip(covered, results, strict=True) if variants}
    rows = _distinct(results)
    rated = len(outcomes) == 1 and results[0].outcome.kind is Kind.RATED
    usual = where_covered == {RATED[Band.USUALLY]}
    return Option(procedure, common_rating(rows) if rated else None, rows, usual)
