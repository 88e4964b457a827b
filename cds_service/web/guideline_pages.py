"""The ratings as pages that people read, where the cards' links lead; as JSON to who asks for that."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from cds_service.consult import Desk
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.topic_schema import GuidelineTopic, RatingRow, Variant
from cds_service.web import openapi
from cds_service.web.forms import fields_of
from cds_service.web.rating_rows import rows_of, tone
from cds_service.web.site import Site
from cds_service.web.source_attributes import source_attributes
from cds_service.web.topic_map import ACROSS, DOWN, map_of

READABLE: Final = openapi.page("text/html", "application/json")
JSON_HEADERS: Final = {"Vary": "Accept"}


def router(desk: Desk, site: Site) -> APIRouter:
    """`/guidelines/{topic}` of every topic, its variants and its source attributes."""
    routes = APIRouter(tags=["guideline"])
    for topic in desk.topics:
        _add_topic(routes, topic, desk.library, site)
    return routes


def _add_topic(routes: APIRouter, topic: GuidelineTopic, library: Library, site: Site) -> None:
    @routes.get(f"/guidelines/{topic.id}", summary="The topic: variants and all ratings", responses=READABLE)
    async def show_topic(request: Request) -> Response:
        if _wants_json(request):
            return _json({**topic.model_dump(mode="json"), "revision": library.revision})
        return site.page(request, "topic.html", _topic_context(topic, library, request))

    @routes.get(
        f"/guidelines/{topic.id}/variants/{{number}}",
        summary="One variant and its ratings",
        responses=READABLE,
    )
    async def show_variant(request: Request, number: str) -> Response:
        variant = next((each for each in topic.variants if str(each.number) == number), None)
        if variant is None:
            raise HTTPException(404, f"This topic has variants 1 to {len(topic.variants)}.")
        if _wants_json(request):
            return _json(_variant_json(topic, library, variant))
        return site.page(request, "variant.html", _variant_context(topic, library, variant))

    @routes.get(f"/guidelines/{topic.id}/source-attributes", summary="The 13 source attributes (ONC HTI-1)")
    async def show_source_attributes() -> Response:
        return _json(source_attributes(topic))


def _wants_json(request: Request) -> bool:
    """JSON when it is asked for by name and no page is asked for before it; browsers never do."""
    asked = [part.split(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(",")]
    named = [kind for kind in asked if kind in ("application/json", "text/html")]
    return bool(named) and named[0] == "application/json"


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers=JSON_HEADERS)


def _common(topic: GuidelineTopic, library: Library) -> dict[str, Any]:
    return {"topic": topic, "revision": library.revision, "unreviewed": topic.status != "active"}


def _topic_context(topic: GuidelineTopic, library: Library, request: Request) -> dict[str, Any]:
    patient = _patient(topic, request)
    return {
        **_common(topic, library),
        "map": map_of(topic, _possible(topic, patient)),
        "patient": patient,
        "questions": {name: topic.questions[name] for name in (*ACROSS, *DOWN) if name in topic.questions},
        "matrix": _matrix(topic, library),
        "attributes": source_attributes(topic),
    }


def _patient(topic: GuidelineTopic, request: Request) -> dict[str, str]:
    """The answers that the address gives, such as `?lesion-size=under-1-cm`; others are not looked at."""
    fields = fields_of(request.url.query)
    stated = {
        name: fields[name][-1] for name in (*ACROSS, *DOWN) if name in fields and name in topic.questions
    }
    return {name: answer for name, answer in stated.items() if answer in topic.questions[name].values}


def _possible(topic: GuidelineTopic, patient: Mapping[str, str]) -> dict[str, tuple[str, ...]] | None:
    """What is still possible for such a patient; None when nothing was said."""
    if not patient:
        return None
    return {
        name: (patient[name],) if name in patient else tuple(question.values)
        for name, question in topic.questions.items()
    }


def _matrix(topic: GuidelineTopic, library: Library) -> list[tuple[str, list[tuple[RatingRow, str] | None]]]:
    """Per procedure that any variant rates: its title, and its row and tone in each variant or None."""
    rated = {row.procedure for variant in topic.variants for row in variant.ratings}
    lines = []
    for name, procedure in library.procedures.items():
        if name in rated:
            rows = [{row.procedure: row for row in variant.ratings}.get(name) for variant in topic.variants]
            lines.append((procedure.title, [(row, tone(row.rating)) if row else None for row in rows]))
    return lines


def _variant_context(topic: GuidelineTopic, library: Library, variant: Variant) -> dict[str, Any]:
    return {
        **_common(topic, library),
        "variant": variant,
        "criteria": _criteria_words(topic, variant),
        "rows": rows_of(variant, library.procedures),
    }


def _criteria_words(topic: GuidelineTopic, variant: Variant) -> list[tuple[str, str]]:
    """What must hold, as (subject, fitting answers) in the topic's own words."""
    questions = ((topic.questions[name], values) for name, values in variant.criteria.items())
    return [
        (question.label or question.subject, " or ".join(question.values[value].label for value in values))
        for question, values in questions
    ]


def _variant_json(topic: GuidelineTopic, library: Library, variant: Variant) -> dict[str, Any]:
    head = topic.model_dump(
        mode="json",
        include={"id", "title", "publisher", "edition", "source_url", "currency", "licence", "status"},
    )
    return {"topic": head, "revision": library.revision, **variant.model_dump(mode="json")}
