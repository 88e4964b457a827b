"""From a case on the bench to the CDS Hooks request that an EHR would send for it."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from cds_service.guideline.content.library import Library
from cds_service.guideline.content.schema import Procedure
from cds_service.vignettes.bundle import request
from cds_service.vignettes.scene import REFERENCE_DAY, Scene
from cds_service.web.workbench.asked import Asked
from cds_service.web.workbench.bench import Bench

Json: TypeAlias = dict[str, Any]

IMAGING: Final = "imaging"
LATELY: Final = REFERENCE_DAY - timedelta(days=6)
MEASURED: Final = {"loinc": "33728-7", "text": "Liver lesion, greatest dimension"}
LESION_CODE: Final = "300331000"  # SNOMED CT: lesion of liver
SYSTEMS: Final = ("cpt", "loinc", "snomed-ct")


def orders_of(bench: Bench, library: Library) -> dict[str, str]:
    """What can be ordered: id and label, the catalogue's studies first."""
    catalogue = {name: procedure.title for name, procedure in library.procedures.items()}
    return {**catalogue, **{name: named.label for name, named in bench.orders.items()}}


def request_of(asked: Asked, bench: Bench, library: Library, today: date) -> Json:
    """The request, with the orders as suggestions left them."""
    built = request(scene_of(asked, bench, library), today)
    if asked.drafts:
        built["context"] |= {
            name: asked.drafts[name] for name in ("draftOrders", "selections") if name in asked.drafts
        }
    return built


def scene_of(asked: Asked, bench: Bench, library: Library) -> Scene:
    """The case as a patient, a chart and a draft order."""
    chosen = {name: bench.controls[name].options[option].parts for name, option in asked.choices.items()}
    imaging = _imaging(asked, chosen.pop(IMAGING))
    parts = _joined([asked.ready.also, imaging, *chosen.values()])
    return Scene.model_validate(
        {
            **parts,
            "name": "workbench",
            "ids": "demo",
            "hook": asked.hook,
            "patient": {name: value for name, value in (("age", asked.age), ("sex", asked.sex)) if value},
            "order": _order(asked.order, bench, library),
            "reasons": _reasons(asked, bench),
        }
    )


def _imaging(asked: Asked, parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The study that showed the lesion. A report in prose takes the place of all that is coded."""
    if asked.report:
        return {"studies": ({"day": LATELY, "report": asked.report},)}
    if asked.size_mm is None:
        return parts
    measured = {**MEASURED, "size": f"{asked.size_mm:g} mm", "day": LATELY}
    return {**parts, "measurements": (measured,)}


def _joined(all_parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Parts put together: lists one after the other, mappings key by key."""
    joined: dict[str, Any] = {}
    for parts in all_parts:
        for name, value in parts.items():
            if isinstance(value, Mapping):
                joined[name] = {**joined.get(name, {}), **value}
            else:
                joined[name] = (*joined.get(name, ()), *value)
    return joined


def _order(chosen: str, bench: Bench, library: Library) -> Mapping[str, Any]:
    if chosen in bench.orders:
        return bench.orders[chosen].order.model_dump(by_alias=True, exclude_unset=True)
    return _catalogue_order(library.procedures[chosen])


def _catalogue_order(procedure: Procedure) -> Mapping[str, Any]:
    codes: dict[str, str] = {code.system: code.code for code in procedure.write if code.system in SYSTEMS}
    return {"text": procedure.text, **codes}


def _reasons(asked: Asked, bench: Bench) -> tuple[Mapping[str, Any], ...]:
    if not asked.reason:
        return ()
    coded = {"snomed-ct": LESION_CODE} if asked.reason == bench.reasons[0] else {}
    return ({"text": asked.reason, **coded},)
