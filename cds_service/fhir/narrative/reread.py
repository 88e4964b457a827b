"""A report read before: the same reports come with every click on an order screen."""

from dataclasses import dataclass, replace
from typing import Any

from cds_service.fhir.narrative.reader import read_report
from cds_service.fhir.narrative.reading import Reading
from cds_service.guideline.terms.remembered import Remembered

_QUOTES = ("lesion_quote", "size_quote", "limited", "perfusion_anomaly")


@dataclass(frozen=True, slots=True)
class _Told:
    """A reading without the report's words: only where its quotes stand in them."""

    reading: Reading
    places: tuple[slice, ...]
    study: slice | None


_READ: Remembered[_Told] = Remembered(most=200)


def read_once(text: str, title: str = "") -> Reading:
    """`read_report`, without reading the same words again."""
    words = f"{text}\n{title}"  # the study's name may be quoted from either
    told = _READ.get(repr((text, title)), lambda: _told(read_report(text, title), words))
    quotes: dict[str, Any] = {name: words[place] for name, place in zip(_QUOTES, told.places, strict=True)}
    study = told.reading.study
    if study is not None and told.study is not None:
        study = replace(study, quote=words[told.study])
    return replace(told.reading, study=study, **quotes)


def _told(reading: Reading, words: str) -> _Told:
    study = replace(reading.study, quote="") if reading.study else None
    places = tuple(_place(getattr(reading, name), words) for name in _QUOTES)
    without: dict[str, Any] = dict.fromkeys(_QUOTES, "")
    bare = replace(reading, study=study, **without)
    return _Told(bare, places, _place(reading.study.quote, words) if reading.study else None)


def _place(quote: str, words: str) -> slice:
    """Quotes are verbatim pieces: the same words, wherever they are taken from."""
    start = words.index(quote)
    return slice(start, start + len(quote))
