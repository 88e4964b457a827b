"""Code systems and codes as charts write them, brought to one spelling.

A system comes as a URL (http or https, with or without a version or a trailing slash), as an OID, or as
a bare name; an ICD-10-CM code comes with or without its dot, a CPT code with or without a modifier.
"""

import re
from functools import lru_cache

from cards.vocabulary import Coding
from cds_service.guideline.content.schema import SystemName

_NAMES: dict[str, SystemName] = {
    "ama-assn.org/go/cpt": "cpt",
    "terminology.hl7.org/codesystem/cpt": "cpt",
    "2.16.840.1.113883.6.12": "cpt",
    "cpt": "cpt",
    "cpt4": "cpt",
    "c4": "cpt",
    "loinc.org": "loinc",
    "2.16.840.1.113883.6.1": "loinc",
    "loinc": "loinc",
    "ln": "loinc",
    "snomed.info/sct": "snomed-ct",
    "2.16.840.1.113883.6.96": "snomed-ct",
    "snomed": "snomed-ct",
    "snomedct": "snomed-ct",
    "sct": "snomed-ct",
    "hl7.org/fhir/sid/icd-10-cm": "icd-10-cm",
    "2.16.840.1.113883.6.90": "icd-10-cm",
    "icd-10-cm": "icd-10-cm",
    "icd10cm": "icd-10-cm",
    "i10c": "icd-10-cm",
    "radlex.org": "radlex",
    "2.16.840.1.113883.6.256": "radlex",
    "radlex": "radlex",
    "cms.gov/medicare/coding/hcpcsreleasecodesets": "hcpcs",
    "terminology.hl7.org/codesystem/hcpcs-level-ii": "hcpcs",
    "2.16.840.1.113883.6.285": "hcpcs",
    "2.16.840.1.113883.6.14": "hcpcs",
    "hcpcs": "hcpcs",
}
_LEADS = ("urn:oid:", "https://", "http://", "http:/", "oid:", "www.")
_LONGEST = 200  # longer than any system URL: what is longer is not one we know

_CPT = re.compile(r"(\d{4}[0-9A-Z])(?:[ \-.:].{0,20})?")
ICD_10_CM_CODE = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}")


@lru_cache(maxsize=256)  # addresses of code systems: a chart repeats a handful of them
def bare_system(system: str) -> str:
    """The system in lower case, without scheme, `www.`, version and trailing slash."""
    bare = system.strip()[:_LONGEST].lower().split("|", 1)[0]
    for lead in _LEADS:
        bare = bare.removeprefix(lead)
    return bare.rstrip("/")


def system_name(system: str) -> SystemName | None:
    """Our name of a code system, or None for one we hold no codes of.

    SNOMED CT editions and versions ("http://snomed.info/sct/731000124108/version/…") are the same system.
    """
    bare = bare_system(system)
    if bare.startswith("snomed.info/sct/"):
        return "snomed-ct"
    return _NAMES.get(bare)


def plain_code(system: SystemName, code: str) -> str:
    """The code in one spelling: ICD-10-CM without its dot, CPT without a modifier, upper case."""
    plain = code.strip()[:64].upper()
    if system == "icd-10-cm":
        return plain.replace(".", "")
    if system == "cpt" and (match := _CPT.fullmatch(plain)):
        return match.group(1)
    return plain


def known_code(coding: Coding) -> tuple[SystemName, str] | None:
    """System and code in our spelling, or None when the system is not one of ours or the code is empty.

    HCPCS level I is CPT: a five-digit code under the HCPCS system is read as CPT.
    """
    system = system_name(coding.system)
    if system is None or not coding.code.strip():
        return None
    if system == "hcpcs" and coding.code.strip()[:5].isdigit():
        system = "cpt"
    return system, plain_code(system, coding.code)


def expand(entry: str) -> tuple[str, ...]:
    """ICD-10-CM prefixes of one entry, dots removed: "C34.1" -> C341; "C00-C03" -> C00, C01, C02, C03.

    Raises ValueError when a range is not two three-character categories of one letter, low to high.
    """
    plain = entry.strip().upper().replace(".", "")
    low, dash, high = plain.partition("-")
    if not dash:
        return (plain,)
    if low[:1] != high[:1] or not (low[1:].isdigit() and high[1:].isdigit() and len(low) == len(high) == 3):
        raise ValueError(f"{entry!r} is not a range of ICD-10-CM categories such as C00-C21")
    numbers = range(int(low[1:]), int(high[1:]) + 1)
    if not numbers:
        raise ValueError(f"{entry!r} runs from high to low")
    return tuple(f"{low[0]}{number:02d}" for number in numbers)
