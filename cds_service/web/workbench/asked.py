"""What a visitor asks: the state of the page's form, read leniently. A browser holds it; we keep nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import orjson

from cds_service.web.workbench.bench import Bench, Ready

Json: TypeAlias = dict[str, Any]
Fields: TypeAlias = Mapping[str, Sequence[str]]

SMALLEST_MM: Final = 1.0
LARGEST_MM: Final = 40.0
OLDEST: Final = 120
HOOKS: Final = ("order-select", "order-sign")
KEPT_STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One case. `drafts`: the draft orders as suggestions left them, None = as `order` and `reason` say.

    `pasted`: a whole CDS Hooks request in place of all this. `taken`: labels of suggestions taken so far.
    """

    ready: Ready
    choices: Mapping[str, str]
    age: int | None
    sex: str | None
    size_mm: float | None
    order: str
    reason: str
    hook: str = HOOKS[0]
    report: str = field(default="", repr=False)
    pasted: str = field(default="", repr=False)
    drafts: Json | None = field(default=None, repr=False)
    taken: tuple[str, ...] = ()


def of_patient(bench: Bench, ready: Ready) -> Asked:
    """The case of a ready patient as it stands."""
    return Asked(
        ready=ready,
        choices={name: bench.choice(ready, name) for name in bench.controls},
        age=ready.age,
        sex=ready.sex,
        size_mm=ready.size_mm,
        order=ready.order,
        reason=bench.reasons[0] if ready.reason is None else ready.reason,
        report=ready.report.strip(),
    )


def read_fields(bench: Bench, fields: Fields, orders: Sequence[str]) -> Asked:
    """The case that a form or a link describes. What it leaves out or says wrongly is as its patient has it.

    `orders`: those that can be chosen.
    """
    ready = bench.patients.get(_last(fields, "patient"), bench.first)
    stated = of_patient(bench, ready)
    order = _last(fields, "order", stated.order)
    asked = replace(
        stated,
        choices={name: _option(bench, fields, name, stated.choices[name]) for name in bench.controls},
        age=_age(fields, stated.age),
        sex=_last(fields, "sex", stated.sex or "") or None,
        size_mm=_size(fields, stated.size_mm),
        order=order if order in orders else stated.order,
        reason=_last(fields, "reason", stated.reason).strip()[:200],
        hook=HOOKS[1] if _last(fields, "hook") == HOOKS[1] else HOOKS[0],
        report=_last(fields, "report", stated.report).strip(),
        pasted=_last(fields, "request").strip(),
    )
    return _with_drafts(asked, fields)


def _with_drafts(asked: Asked, fields: Fields) -> Asked:
    """With what suggestions made of the order, unless another order or reason was chosen since."""
    same = (_last(fields, "drafts-order"), _last(fields, "drafts-reason")) == (asked.order, asked.reason)
    drafts = _object(_last(fields, "drafts")) if same or asked.pasted else None
    kept = drafts is not None or asked.pasted
    taken = tuple(step[:200] for step in fields.get("taken", ()) if step)[-KEPT_STEPS:] if kept else ()
    return replace(asked, drafts=drafts, taken=taken)


def _last(fields: Fields, name: str, otherwise: str = "") -> str:
    stated = fields.get(name)
    return stated[-1] if stated else otherwise


def _option(bench: Bench, fields: Fields, name: str, otherwise: str) -> str:
    chosen = _last(fields, name, otherwise)
    return chosen if chosen in bench.controls[name].options else otherwise


def _age(fields: Fields, otherwise: int | None) -> int | None:
    if "age" not in fields:
        return otherwise
    stated = _last(fields, "age").strip()
    return min(int(stated), OLDEST) if stated.isdecimal() and len(stated) <= 3 else None


def _size(fields: Fields, otherwise: float | None) -> float | None:
    """None = not measured. A browser sends the checkbox only while it is ticked."""
    if "size" not in fields:
        return otherwise
    if _last(fields, "unmeasured"):
        return None
    try:
        size = float(_last(fields, "size"))
    except ValueError:
        return otherwise
    return round(min(max(size, SMALLEST_MM), LARGEST_MM), 1) if size == size else otherwise


def _object(text: str) -> Json | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
