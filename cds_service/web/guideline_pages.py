"""The ratings as pages that people read, where the cards' links lead; as JSON to who asks for that."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException

from cards.vocabulary import Rating
from cds_service.consult import Desk
from cds_service.guideline.content.library import Library
from cds_service.guideline.content.topic_schema import GuidelineTopic, RatingRow, Variant
from cds_service.web import openapi
from cds_service.web.source_attributes import source_attributes

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
}
READABLE = openapi.page("text/html", "application/json")
BEST_FIRST = (
    Rating.USUALLY_APPROPRIATE,
    Rating.MAY_BE_APPROPRIATE,
    Rating.MAY_BE_APPROPRIATE_DISAGREEMENT,
    Rating.USUALLY_NOT_APPROPRIATE,
)


def router(desk: Desk) -> APIRouter:
    """`/guidelines/{topic}` of every topic, its variants and its source attributes."""
    style = files("cds_service.web").joinpath("static/guideline.css").read_bytes()
    routes = APIRouter(tags=["guideline"])
    pages = _templates()
    for topic in desk.topics:
        _add_topic(routes, topic, desk.library, pages)

    @routes.get("/guidelines/style.css", include_in_schema=False)
    async def show_style() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    return routes


def _add_topic(routes: APIRouter, topic: GuidelineTopic, library: Library, pages: Environment) -> None:
    @routes.get(f"/guidelines/{topic.id}", summary="The topic: variants and all ratings", responses=READABLE)
    async def show_topic(request: Request) -> Response:
        if _wants_json(request):
            return _json({**topic.model_dump(mode="json"), "revision": library.revision})
        return _html(pages, "topic.html", {**_common(topic, library), "matrix": _matrix(topic, library)})

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
        return _html(pages, "variant.html", {**_common(topic, library), **_variant_context(topic, variant)})

    @routes.get(f"/guidelines/{topic.id}/source-attributes", summary="The 13 source attributes (ONC HTI-1)")
    async def show_source_attributes() -> Response:
        return _json(source_attributes(topic))


def _templates() -> Environment:
    loader = PackageLoader("cds_service.web")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _wants_json(request: Request) -> bool:
    """JSON when it is asked for by name and no page is asked for before it; browsers never do."""
    asked = [part.split(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(",")]
    named = [kind for kind in asked if kind in ("application/json", "text/html")]
    return bool(named) and named[0] == "application/json"


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers={"Vary": "Accept"})


def _html(pages: Environment, name: str, context: Mapping[str, Any]) -> Response:
    return Response(pages.get_template(name).render(context), media_type="text/html", headers=HEADERS)


def _common(topic: GuidelineTopic, library: Library) -> dict[str, Any]:
    return {
        "topic": topic,
        "procedures": library.procedures,
        "revision": library.revision,
        "unreviewed": topic.status != "active",
    }


def _matrix(topic: GuidelineTopic, library: Library) -> list[tuple[str, list[RatingRow | None]]]:
    """Per procedure that any variant rates: its title, and its row in each variant or None."""
    rated = {row.procedure for variant in topic.variants for row in variant.ratings}
    lines = []
    for name, procedure in library.procedures.items():
        if name in rated:
            rows = [{row.procedure: row for row in variant.ratings}.get(name) for variant in topic.variants]
            lines.append((procedure.title, rows))
    return lines


def _variant_context(topic: GuidelineTopic, variant: Variant) -> dict[str, Any]:
    return {
        "variant": variant,
        "criteria": _criteria_words(topic, variant),
        "rows": sorted(variant.ratings, key=lambda row: (BEST_FIRST.index(row.rating), -row.median)),
    }


def _criteria_words(topic: GuidelineTopic, variant: Variant) -> list[tuple[str, str]]:
    """What must hold, as (question, fitting answers) in the topic's own words."""
    questions = ((topic.questions[name], values) for name, values in variant.criteria.items())
    return [
        (question.wording, " · ".join(question.values[value].label for value in values))
        for question, values in questions
    ]


def _variant_json(topic: GuidelineTopic, library: Library, variant: Variant) -> dict[str, Any]:
    head = topic.model_dump(
        mode="json",
        include={"id", "title", "publisher", "edition", "source_url", "currency", "licence", "status"},
    )
    return {"topic": head, "revision": library.revision, **variant.model_dump(mode="json")}
