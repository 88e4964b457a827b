"""What lies on the bench: the controls and the ready patients, read from their YAML."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from cds_service.errors import ContentFaulty
from cds_service.guideline.content.faults import shape_faults
from cds_service.guideline.content.strict_yaml import read
from cds_service.vignettes.scene import Order, Shape, Words

ContentFile = TypeVar("ContentFile", bound=Shape)


class Option(Shape):
    """One choice. `means`: the answer it stands for; `parts`: what it adds to the scene."""

    label: Words
    means: Words | None = None
    parts: dict[str, Any] = Field(default_factory=dict)


class Control(Shape):
    """A closed choice about the patient."""

    label: Words
    options: dict[Words, Option]


class NamedOrder(Shape):
    """An order that the catalogue's own list does not hold."""

    label: Words
    order: Order


class ControlsFile(Shape):
    """controls.yaml"""

    sizes: dict[Words, float]
    controls: dict[Words, Control]
    orders: dict[Words, NamedOrder]
    reasons: tuple[Words, ...]


class Ready(Shape):
    """A ready patient: what the controls are set to. `also`: parts that no control makes."""

    id: Words
    group: Words
    name: Words
    story: Words
    age: Annotated[int, Field(ge=0, le=120)] | None = None
    sex: Literal["female", "male"] | None = None
    size_mm: float | None = None
    choices: dict[Words, Words] = Field(default_factory=dict)
    order: Words
    reason: str | None = None
    report: str = ""
    also: dict[str, Any] = Field(default_factory=dict)


class PatientsFile(Shape):
    """patients.yaml"""

    patients: tuple[Ready, ...]


@dataclass(frozen=True)
class Bench:
    """Everything that can be chosen. The first patient is who stands there first."""

    controls: Mapping[str, Control]
    orders: Mapping[str, NamedOrder]
    sizes: Mapping[str, float]
    reasons: tuple[str, ...]
    patients: Mapping[str, Ready]

    @property
    def first(self) -> Ready:
        """Whom a visitor meets first."""
        return next(iter(self.patients.values()))

    @cached_property
    def groups(self) -> Mapping[str, tuple[Ready, ...]]:
        """The patients by group, in the file's order."""
        names = dict.fromkeys(ready.group for ready in self.patients.values())
        return {name: tuple(r for r in self.patients.values() if r.group == name) for name in names}

    def choice(self, ready: Ready, control: str) -> str:
        """What a control is set to for this patient; the first option that adds nothing unless stated."""
        return ready.choices.get(control) or self.unset(control)

    def unset(self, control: str) -> str:
        """The option of a patient of whom nothing special is said."""
        options = self.controls[control].options
        return "normal" if "normal" in options else next(o for o, spec in options.items() if not spec.parts)

    def meaning(self, answer: str) -> tuple[str, str] | None:
        """The control and option that stand for an answer (`chronic-liver-disease.yes`), if any does."""
        found = (
            (name, option)
            for name, control in self.controls.items()
            for option, spec in control.options.items()
            if spec.means == answer
        )
        return next(found, None)


def open_bench() -> Bench:
    """The controls and patients that ship. Raises ContentFaulty."""
    controls = _read("controls.yaml", ControlsFile)
    patients = {ready.id: ready for ready in _read("patients.yaml", PatientsFile).patients}
    bench = Bench(controls.controls, controls.orders, controls.sizes, controls.reasons, patients)
    if strays := sorted(_strays(bench)):
        raise ContentFaulty([f"workbench/patients.yaml: {stray}" for stray in strays])
    return bench


def _read(name: str, shape: type[ContentFile]) -> ContentFile:
    text = files("cds_service").joinpath(f"workbench/{name}").read_text(encoding="utf-8")
    document, faults = read(f"workbench/{name}", text)
    if document is None or faults:
        raise ContentFaulty([str(fault) for fault in faults])
    try:
        return shape.model_validate(document.data)
    except ValidationError as error:
        raise ContentFaulty([str(fault) for fault in shape_faults(document, error)]) from error


def _strays(bench: Bench) -> Iterator[str]:
    """Choices of patients that no control offers."""
    for ready in bench.patients.values():
        for control, option in ready.choices.items():
            if control not in bench.controls or option not in bench.controls[control].options:
                yield f"{ready.id}: no control offers {control}: {option}"
