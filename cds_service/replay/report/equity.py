"""Does the service treat groups of patients alike? Rates by group, with intervals; no small groups."""

from typing import Any, Final

from cds_service.replay.report.asking import Rows
from cds_service.replay.statistics import SMALLEST_CELL, Share, suppressed, wilson

GROUPINGS: Final = {
    "sex": "Sex",
    "age_band": "Age",
    "race": "Race",
    "ethnicity": "Ethnicity",
    "language": "Preferred language",
}
NOT_STATED = "not stated"


def equity(rows: Rows, smallest: int = SMALLEST_CELL) -> list[dict[str, Any]]:
    """One entry per grouping that the export states for anybody, with its groups.

    A group is hidden when it has fewer than `smallest` patients; a rate, when it gives away a smaller count.
    """
    found = [(title, _groups(rows, column, smallest)) for column, title in GROUPINGS.items()]
    stated = (one for one in found if any(group["name"] != NOT_STATED for group in one[1]))
    return [{"title": title, "groups": groups} for title, groups in stated]


def _groups(rows: Rows, column: str, smallest: int) -> list[dict[str, Any]]:
    counted = rows.table(f"""
        SELECT CASE WHEN {column} = '' THEN '{NOT_STATED}' ELSE {column} END AS name,
               count(DISTINCT patient) AS patients, count(*) AS orders,
               count(*) FILTER (mapped AND indication IN
                   ('names-liver-lesion', 'asks-about-liver', 'another-reason')) AS indicated,
               count(*) FILTER (mapped) AS mapped,
               count(*) FILTER (in_scope) AS in_scope,
               count(*) FILTER (in_scope AND cards > 0) AS with_card,
               count(*) FILTER (verdict = 'undetermined') AS undetermined,
               count(*) FILTER (verdict = 'rated') AS rated
        FROM orders WHERE status = 'decided' GROUP BY name ORDER BY name = '{NOT_STATED}', name
        """)  # noqa: S608 - column names of ours
    hidden = suppressed({group["name"]: group["patients"] for group in counted}, smallest)
    return [_shown(group, group["name"] in hidden, smallest) for group in counted]


def _shown(group: dict[str, Any], hidden: bool, smallest: int) -> dict[str, Any]:
    if hidden:
        return {"name": group["name"], "hidden": True}
    rates = {
        "indicated": _rate(group["indicated"], group["mapped"], smallest),
        "rated": _rate(group["rated"], group["in_scope"], smallest),
        "undetermined": _rate(group["undetermined"], group["in_scope"], smallest),
        "with_card": _rate(group["with_card"], group["in_scope"], smallest),
    }
    in_scope = group["in_scope"]
    return {
        "name": group["name"],
        "hidden": False,
        "patients": group["patients"],
        "orders": group["orders"],
        "in_scope": in_scope if in_scope >= smallest or in_scope == 0 else None,
        **rates,
    }


def _rate(count: int, of: int, smallest: int) -> Share | None:
    """None when a count below `smallest` could be worked out from the rate."""
    telling = (of, count, of - count)
    return None if any(0 < cell < smallest for cell in telling) else wilson(count, of)
