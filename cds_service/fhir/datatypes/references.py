"""References, and whose a resource is."""

import re
from dataclasses import dataclass, field
from enum import Enum

from cds_service.fhir.datatypes.elements import JsonObject, mapping, mappings, word

_REFERENCE = re.compile(
    r"(?:(?P<base>[a-z][a-z0-9+.-]*://.+)/)?(?P<kind>[A-Z][A-Za-z]{2,63})/(?P<id>[^/?#|\s]+)"
    r"(?:/_history/[^/?#|\s]+)?/?(?:\|[^/]*)?",
    re.IGNORECASE,
)
_URN = re.compile(r"urn:(?:uuid|oid):(?P<id>\S+)", re.IGNORECASE)
_BASE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*):)?//(?:[^/@]*@)?(?P<host>[^/]+)(?P<path>.*)", re.IGNORECASE
)
_DEFAULT_PORT = re.compile(r":(?:80|443)$")

LONGEST = 2_000  # characters of a reference that is looked at

# Members that say whose a resource is: most have `subject` or `patient`.
OWNER_MEMBERS = ("subject", "patient", "beneficiary", "for")


class Whose(Enum):
    """UNCLEAR: no reference, or one that cannot be followed to a patient."""

    OURS = "this patient's"
    ANOTHER = "another patient's"
    UNCLEAR = "not known whose"


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference points at. `kind` is "" for a URN and "#" for a contained resource."""

    kind: str
    id: str
    base: str = ""  # host and path, normalised; "" when relative


def parse(reference: object) -> Target | None:
    """A Reference object or its string: relative, absolute, versioned, URN or contained. Else None."""
    text = word(reference) if isinstance(reference, str) else word(mapping(reference).get("reference"))
    if len(text) > LONGEST:
        return None
    if text.startswith("#"):
        return Target("#", text[1:]) if len(text) > 1 else None
    if urn := _URN.fullmatch(text):
        return Target("", urn["id"].lower())
    match = _REFERENCE.fullmatch(text)
    return Target(match["kind"], match["id"], same_base(match["base"] or "")) if match else None


def targets(references: object) -> list[Target]:
    """What every reference of a list (or a lone one) points at."""
    found = (parse(item) for item in mappings(references))
    return [target for target in found if target]


def same_base(url: str | None) -> str:
    """A FHIR base so that equal ones compare equal: scheme, case of host and closing slash are no matter."""
    match = _BASE.fullmatch((url or "").strip())
    if match is None:
        return ""
    return _DEFAULT_PORT.sub("", match["host"].lower()) + match["path"].rstrip("/")


@dataclass(frozen=True, slots=True)
class Owner:
    """The patient of the request. `base`: of the request's FHIR server, normalised; "" = not named.

    `usual`: the reference as nearly every resource has it, known to be this patient's without parsing it.
    """

    patient_id: str
    base: str
    usual: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        relative = f"Patient/{self.patient_id}"
        ours = parse(relative) == Target("Patient", self.patient_id)
        object.__setattr__(self, "usual", relative if ours else "")

    def whose(self, resource: JsonObject) -> Whose:
        """Another patient's as soon as one member names another patient."""
        found = Whose.UNCLEAR
        for member in OWNER_MEMBERS:
            for reference in _each(resource[member]) if member in resource else ():
                match self._whose(reference):
                    case Whose.ANOTHER:
                        return Whose.ANOTHER
                    case Whose.OURS:
                        found = Whose.OURS
        return found

    def same_server(self, target: Target) -> bool:
        """True unless the target lies on a server other than the request's."""
        return not target.base or not self.base or target.base == self.base

    def _whose(self, reference: object) -> Whose:
        if self.usual and isinstance(reference, dict) and reference.get("reference") == self.usual:
            return Whose.OURS
        target = parse(reference)
        if target is None or target.kind not in ("Patient", ""):
            return Whose.UNCLEAR
        if (
            target.kind == ""
        ):  # a URN names an entry of some Bundle: ours if it carries our id, else who knows
            return Whose.OURS if target.id == self.patient_id.lower() else Whose.UNCLEAR
        ours = target.id == self.patient_id and self.same_server(target)
        return Whose.OURS if ours else Whose.ANOTHER


def owner(patient_id: str, fhir_base: str | None) -> Owner:
    """The request's patient; an id sent as `Patient/123` is accepted."""
    return Owner(patient_id.strip().rpartition("/")[2], same_base(fhir_base))


def _each(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
