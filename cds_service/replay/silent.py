"""Consultations of a silent phase as rows of the same report: what was answered, and nobody saw."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, select

from cds_service.consult import Desk
from cds_service.errors import ReplayImpossible
from cds_service.replay.finish import Finished, Wanted, finish
from cds_service.replay.past_orders import BIOPSY, DECIDED, IMAGING
from cds_service.replay.results import collect
from cds_service.replay.rows import Row, write_rows
from cds_service.replay.run import Ran, about_us, prepared
from cds_service.store.tables import cards, consultations, orders, suggestions

SILENT = "silent"
ANSWERED = 200


def report_silent(
    found: Sequence[Row], revisions: Sequence[str], out: Path, desk: Desk, wanted: Wanted
) -> Finished:
    """The report over rows of a silent phase. Raises ReplayImpossible when there are none."""
    if not found:
        raise ReplayImpossible(
            "No consultation of a tenant in `mode: silent` is on record. Set the mode in the tenants file."
        )
    if (out / "work" / "manifest.json").exists():
        raise ReplayImpossible(f"{out} holds a replay of an export: choose another --out.")
    work = prepared(out)
    results = work / "results" / SILENT
    results.mkdir(exist_ok=True, mode=0o700)
    write_rows(found, results / "rows.parquet")
    collect(results, out, work / "spill")
    settings = {"source": "consultations of tenants in mode silent"}
    manifest = {**about_us(settings), "revision": ", ".join(revisions), "compared_with": None}
    return finish(Ran(out, manifest), desk, wanted)


def silent_rows(connection: Connection, biopsies: frozenset[str]) -> tuple[list[Row], list[str]]:
    """A row for each order that was judged in silence, and the revisions that judged. `biopsies`: ids."""
    offered = _offered(connection)
    loud = _indicators(connection)
    query = (
        select(orders, consultations.c.at, consultations.c.patient, consultations.c.revision)
        .join(consultations, consultations.c.id == orders.c.consultation)
        .where(and_(consultations.c.mode == SILENT, consultations.c.status == ANSWERED))
        .order_by(consultations.c.at, orders.c.consultation, orders.c.position)
    )
    found = [dict(one) for one in connection.execute(query).mappings()]
    rows = [_row(number, one, offered, loud, biopsies) for number, one in enumerate(found)]
    return rows, sorted({one["revision"] for one in found})


Key = tuple[str, int]  # consultation and position of the order


def _offered(connection: Connection) -> Mapping[Key, list[str]]:
    """Procedures that the cards of an order offer, best first; other buttons answer or change nothing."""
    query = (
        select(cards.c.consultation, cards.c.position, suggestions.c.offers)
        .join(suggestions, and_(suggestions.c.tenant == cards.c.tenant, suggestions.c.card == cards.c.uuid))
        .join(consultations, consultations.c.id == cards.c.consultation)
        .where(consultations.c.mode == SILENT)
        .order_by(cards.c.consultation, cards.c.position, cards.c.uuid, suggestions.c.position)
    )
    offered: dict[Key, list[str]] = {}
    for consultation, position, offers in connection.execute(query):
        if "." not in offers and offers not in ("indication", "remove-order"):
            offered.setdefault((consultation, position), []).append(offers)
    return offered


def _indicators(connection: Connection) -> Mapping[Key, list[str]]:
    query = (
        select(cards.c.consultation, cards.c.position, cards.c.indicator)
        .join(consultations, consultations.c.id == cards.c.consultation)
        .where(consultations.c.mode == SILENT)
        .order_by(cards.c.indicator.desc())  # warning before info
    )
    loud: dict[Key, list[str]] = {}
    for consultation, position, indicator in connection.execute(query):
        loud.setdefault((consultation, position), []).append(indicator)
    return loud


def _row(
    number: int,
    one: Mapping[str, Any],
    offered: Mapping[Key, list[str]],
    loud: Mapping[Key, list[str]],
    biopsies: frozenset[str],
) -> Row:
    key = (one["consultation"], one["position"])
    procedures = [one["procedure"]] if one["procedure"] else list(one["one_of"])
    indicators = loud.get(key, [])
    return Row(
        order=f"{one['consultation']}/{one['position']}",
        patient=one["patient"] or "",
        file=0,
        place=number,
        status=DECIDED,
        kind=BIOPSY if biopsies.intersection(procedures) else IMAGING,
        authored_on=one["at"].isoformat(),
        day=one["at"].date().isoformat(),
        mapped=bool(procedures),
        procedures=";".join(procedures),
        verdict=one["verdict"],
        variants=one["variants"].replace(",", ";"),
        rating=one["rating"] or "",
        medians=str(one["median"] or ""),
        asks=";".join(one["asks"]),
        cautions=";".join(one["cautions"]),
        cards=len(indicators),
        indicator=indicators[0] if indicators else "",
        suggested=";".join(dict.fromkeys(offered.get(key, ()))),
    )
