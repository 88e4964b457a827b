"""What a code of each system looks like, check digits included: a mistyped digit must not pass."""

import re
from collections.abc import Callable, Mapping

from cds_service.guideline.content.schema import SystemName
from cds_service.guideline.terms.code_systems import expand

_CPT = re.compile(r"[0-9]{4}[0-9A-Z]")
_HCPCS = re.compile(r"[A-Z][0-9]{4}")
_RADLEX = re.compile(r"(?:RID|RPID)[0-9]+")
_LOINC = re.compile(r"[0-9]{1,7}-[0-9]")
_LOINC_ANSWER = re.compile(r"LA[0-9]+-[0-9]")
_SNOMED = re.compile(r"[1-9][0-9]{5,17}")
_SNOMED_CONCEPT = ("00", "10")  # partition: international, extension
_ICD_10_CM = re.compile(r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?")

# Verhoeff's dihedral check (D5), as SNOMED CT uses it: multiplication and position permutation.
_TIMES = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_SHIFT = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def code_fault(system: SystemName, code: str) -> str | None:
    """What is wrong with a code (or, for ICD-10-CM, a prefix or range of prefixes); None = nothing."""
    return _CHECKS[system](code)


def _pattern(pattern: re.Pattern[str], shape: str) -> Callable[[str], str | None]:
    return lambda code: None if pattern.fullmatch(code) else f"{code} is not {shape}, correct it"


def _loinc(code: str) -> str | None:
    if _LOINC_ANSWER.fullmatch(code):  # answers carry another kind of check digit
        return None
    if not _LOINC.fullmatch(code):
        return f"{code} is not a LOINC code (digits, hyphen, check digit), correct it"
    return None if _mod_10(code.replace("-", "")) else f"{code} fails LOINC's check digit, correct it"


def _mod_10(digits: str) -> bool:
    doubled = (int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _snomed(code: str) -> str | None:
    if not _SNOMED.fullmatch(code):
        return f"{code} is not a SNOMED CT id (6 to 18 digits), correct it"
    if code[-3:-1] not in _SNOMED_CONCEPT:
        return f"{code} is not the id of a SNOMED CT concept, give the concept's"
    return None if _verhoeff(code) else f"{code} fails SNOMED CT's check digit, correct it"


def _verhoeff(digits: str) -> bool:
    check = 0
    for position, digit in enumerate(reversed(digits)):
        shifted = int(digit)
        for _ in range(position % 8):
            shifted = _SHIFT[shifted]
        check = _TIMES[check][shifted]
    return check == 0


def _icd_10_cm(entry: str) -> str | None:
    ends = entry.split("-")
    if len(ends) > 2 or not all(_ICD_10_CM.fullmatch(end) for end in ends):
        return f"{entry} is not an ICD-10-CM prefix (C34, E83.11) or range (C00-C21), correct it"
    try:
        expand(entry)
    except ValueError as error:
        return f"{error}, correct it"
    return None


_CHECKS: Mapping[SystemName, Callable[[str], str | None]] = {
    "cpt": _pattern(_CPT, "a CPT code (five digits, or four digits and a letter)"),
    "hcpcs": _pattern(_HCPCS, "a HCPCS code (a letter and four digits)"),
    "radlex": _pattern(_RADLEX, "a RadLex id (RID or RPID and digits)"),
    "loinc": _loinc,
    "snomed-ct": _snomed,
    "icd-10-cm": _icd_10_cm,
}
