"""Measured values as intervals, in the unit a fact is kept in."""

import math
import re
from collections.abc import Mapping

from cds_service.fhir.datatypes.elements import JsonObject, mapping, number, word
from cds_service.guideline.chart import Interval

# Length units to mm: UCUM codes (case-sensitive there) and how EHRs print them (read in lower case).
LENGTHS_MM: Mapping[str, float] = {
    "nm": 1e-6,
    "um": 1e-3,
    "µm": 1e-3,
    "μm": 1e-3,
    "mm": 1.0,
    "cm": 10.0,
    "dm": 100.0,
    "m": 1000.0,
    "[in_i]": 25.4,
    "[in_us]": 25.4000508,
    "[ft_i]": 304.8,
    "millimeter": 1.0,
    "millimeters": 1.0,
    "millimetre": 1.0,
    "millimetres": 1.0,
    "centimeter": 10.0,
    "centimeters": 10.0,
    "centimetre": 10.0,
    "centimetres": 10.0,
    "in": 25.4,
    "inch": 25.4,
    "inches": 25.4,
}

UCUM = "http://unitsofmeasure.org"
_SPELLING = str.maketrans(
    {"µ": "u", "μ": "u", "²": "2", "³": "3", "^": None, "*": None, " ": None, "_": None}
)
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_AMOUNT = re.compile(
    r"\s*(?P<sign><=|>=|<|>|≤|≥|=)?\s*(?P<value>[0-9]{1,9}(?:[.,][0-9]{1,9})?)\s*(?P<unit>\S.{0,39})?\s*",
    re.DOTALL,
)
_SIGNS = {"≤": "<=", "≥": ">=", "=": "", "": ""}


def compared(value: float, comparator: str) -> Interval | None:
    """A number with a FHIR comparator; None for one that we do not know."""
    match comparator:
        case "":
            return Interval.point(value)
        case "<":
            return Interval(high=value)
        case "<=":
            return Interval(high=value, high_included=True)
        case ">":
            return Interval(low=value)
        case ">=":
            return Interval(low=value, low_included=True)
        case _:
            return None


def amount(holder: JsonObject, units: Mapping[str, float]) -> Interval | None:
    """value[x] of an Observation or component, in the unit that `units` converts to.

    `units`: factor by unit; the key "" allows a missing unit. None: no value, another unit, or negative.
    """
    if isinstance(holder.get("valueQuantity"), dict):
        return quantity(holder["valueQuantity"], units)
    if isinstance(holder.get("valueRange"), dict):
        return _range(holder["valueRange"], units)
    if isinstance(holder.get("valueString"), str):
        return spoken(holder["valueString"], units)
    if isinstance(holder.get("valueInteger"), int):
        return quantity({"value": holder["valueInteger"]}, units)
    return None


def quantity(found: JsonObject, units: Mapping[str, float]) -> Interval | None:
    """A FHIR Quantity, comparator included."""
    value, factor = number(found.get("value")), _factor(found, units)
    if value is None or factor is None or value < 0:
        return None
    sign = word(found.get("comparator"))
    return compared(_tidy(value * factor), _SIGNS.get(sign, sign))


def spoken(text: str, units: Mapping[str, float]) -> Interval | None:
    """A value sent as a string that holds nothing else: "8 mm", "<1 cm", ">60"."""
    match = _AMOUNT.fullmatch(text[:80])
    if match is None:
        return None
    sign = match["sign"] or ""
    value = {"value": match["value"], "unit": match["unit"] or "", "comparator": _SIGNS.get(sign, sign)}
    return quantity(value, units)


def shown(holder: JsonObject) -> str:
    """value[x] as it was recorded: "8 mm", "<1 cm"; "" when it is no amount."""
    found = mapping(holder.get("valueQuantity"))
    if found:
        value = number(found.get("value"))
        unit = word(found.get("unit")) or word(found.get("code"))
        return "" if value is None else f"{word(found.get('comparator'))}{value:g} {unit}".strip()
    if isinstance(holder.get("valueRange"), dict):
        ends = (shown({"valueQuantity": holder["valueRange"].get(end)}) for end in ("low", "high"))
        return " to ".join(end or "?" for end in ends)
    return word(holder.get("valueString")) or word(holder.get("valueInteger"))


def greatest(one: Interval, other: Interval) -> Interval:
    """What is known of the larger of two values."""
    low = max(one.low, other.low)
    high = max(one.high, other.high)
    # Both lower bounds at `low`: the larger value lies on it only if both may.
    low_in = all(i.low_included for i in (one, other) if i.low == low)
    high_in = any(i.high_included for i in (one, other) if i.high == high)
    return Interval(low, high, low_in, high_in)


def _range(found: JsonObject, units: Mapping[str, float]) -> Interval | None:
    low = quantity(mapping(found.get("low")), units)
    high = quantity(mapping(found.get("high")), units)
    if low is None and high is None:
        return None
    return Interval(
        low.low if low else -math.inf, high.high if high else math.inf, low is not None, high is not None
    )


def _factor(found: JsonObject, units: Mapping[str, float]) -> float | None:
    """By UCUM code first; a printed unit is read too, since many EHRs send nothing else."""
    code = word(found.get("code")) if word(found.get("system")) in ("", UCUM) else ""
    named = code or word(found.get("unit"))
    if not named:
        return units.get("")
    plain = _ANNOTATION.sub("", named)
    spelled = [named, plain]
    if plain.isupper() or len(plain) > 2:  # "MM" and "Inches", but not "Mm", which is a megametre
        spelled.append(squashed(plain))
    return next((units[unit] for unit in spelled if unit and unit in units), None)


def squashed(unit: str) -> str:
    """A printed unit without what only its spelling adds: "mL/min/1.73 m²" -> "ml/min/1.73m2"."""
    return unit.lower().translate(_SPELLING).rstrip("./")


def _tidy(value: float) -> float:
    """0.393701 [in_i] is 10.0000054 mm and 0.8 cm is 8 mm: no digits that are only the conversion's."""
    return round(value, 4)
