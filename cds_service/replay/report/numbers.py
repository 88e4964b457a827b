"""What the rows say, counted. Each function gives one section of the report as plain data."""

from collections.abc import Callable, Mapping
from typing import Any

from cds_service.replay.report.asking import Rows, Table

MOST_LISTED = 40

# How the report sorts and groups what came of an order.
OUTCOMES = (
    "usually-appropriate",
    "may-be-appropriate",
    "usually-not-appropriate",
    "undetermined",
    "conflicting",
    "no-criteria",
    "after-mri",
)


def overview(rows: Rows) -> dict[str, Any]:
    """How many orders, of when, and what became of them."""
    return rows.one("""
        SELECT count(*) AS orders,
               count(DISTINCT patient) FILTER (patient <> '' AND status = 'decided') AS patients,
               count(*) FILTER (status = 'decided') AS decided,
               coalesce(min(day) FILTER (status = 'decided'), '') AS first_day,
               coalesce(max(day) FILTER (status = 'decided'), '') AS last_day,
               count(*) FILTER (kind = 'biopsy') AS biopsies,
               count(*) FILTER (in_scope) AS in_scope,
               count(*) FILTER (verdict = 'rated') AS rated,
               coalesce(sum(cards), 0)::BIGINT AS cards,
               count(*) FILTER (cards > 0) AS with_card,
               count(*) FILTER (indicator = 'warning') AS warnings
        FROM orders""")


def not_decided(rows: Rows) -> Table:
    """Why orders were left out, most frequent first."""
    return rows.table("""
        SELECT status, count(*) AS orders FROM orders WHERE status <> 'decided'
        GROUP BY status ORDER BY orders DESC, status""")


def coverage(rows: Rows) -> dict[str, Any]:
    """How far each order gets: the first KPI of any such service."""
    steps = rows.one("""
        SELECT count(*) AS decided,
               count(*) FILTER (mapped) AS mapped,
               count(*) FILTER (mapped AND indication IN
                   ('names-liver-lesion', 'asks-about-liver', 'another-reason')) AS indicated,
               count(*) FILTER (indication <> '') AS reasons_known,
               count(*) FILTER (in_scope) AS in_scope,
               count(*) FILTER (in_scope AND verdict IN ('rated', 'conflicting')) AS variant,
               count(*) FILTER (verdict = 'rated') AS rated
        FROM orders WHERE status = 'decided'""")
    indications = rows.table("""
        SELECT indication, count(*) AS orders, count(*) FILTER (in_scope) AS in_scope
        FROM orders WHERE status = 'decided' AND mapped
        GROUP BY indication ORDER BY orders DESC, indication""")
    return {"steps": steps, "indications": indications}


def unmapped(rows: Rows, smallest: int) -> Table:
    """Codes of imaging orders that the catalogue does not hold. Words of few patients are not shown."""
    return rows.table(
        f"""
        SELECT code, CASE WHEN count(DISTINCT patient) >= ? THEN mode(title) ELSE '' END AS title,
               count(*) AS orders, count(DISTINCT patient) AS patients
        FROM orders WHERE status = 'decided' AND NOT mapped
        GROUP BY code, CASE WHEN code = '' THEN upper(trim(title)) ELSE '' END
        HAVING code <> '' OR count(DISTINCT patient) >= ?
        ORDER BY orders DESC, code, title LIMIT {MOST_LISTED}""",  # noqa: S608
        smallest,
        smallest,
    )


def unmapped_total(rows: Rows) -> dict[str, Any]:
    """All orders outside the catalogue, and those that carry words only."""
    return rows.one("""
        SELECT count(*) AS orders, count(*) FILTER (code = '') AS words_only, count(DISTINCT code) AS codes
        FROM orders WHERE status = 'decided' AND NOT mapped""")


def by_procedure(rows: Rows) -> Table:
    """Outcomes in scope by ordered study. An order that may mean several studies counts as one of those."""
    return rows.table("""
        SELECT CASE WHEN contains(procedures, ';') THEN 'several' ELSE procedures END AS procedure,
               outcome, count(*) AS orders, count(*) FILTER (cards > 0) AS with_card
        FROM orders WHERE in_scope GROUP BY ALL ORDER BY procedure, outcome""")


def by_variant(rows: Rows) -> Table:
    """Rated orders by the variant that covers the patient."""
    return rows.table("""
        SELECT variants, outcome, count(*) AS orders FROM orders
        WHERE verdict = 'rated' GROUP BY ALL ORDER BY variants, outcome""")


def by_month(rows: Rows) -> Table:
    """Outcomes in scope by month."""
    return rows.table("""
        SELECT month, outcome, count(*) AS orders FROM orders
        WHERE in_scope GROUP BY ALL ORDER BY month, outcome""")


def firing(rows: Rows) -> dict[str, Any]:
    """How often clinicians would be interrupted."""
    days = rows.one("""
        WITH days AS (SELECT requester, day, sum(cards)::BIGINT AS cards FROM orders
                      WHERE status = 'decided' AND requester <> '' GROUP BY requester, day)
        SELECT count(*) AS clinician_days, count(DISTINCT requester) AS clinicians,
               coalesce(sum(cards), 0)::BIGINT AS cards,
               count(*) FILTER (cards = 0) AS none, count(*) FILTER (cards = 1) AS one,
               count(*) FILTER (cards = 2) AS two, count(*) FILTER (cards > 2) AS more
        FROM days""")
    days |= rows.one("""
        SELECT count(*) AS nameless FROM orders WHERE status = 'decided' AND requester = ''""")
    months = rows.table("""
        SELECT month, count(*) AS orders, sum(cards)::BIGINT AS cards,
               count(*) FILTER (indicator = 'warning') AS warnings
        FROM orders WHERE status = 'decided' GROUP BY month ORDER BY month""")
    quiet = rows.one("""
        SELECT count(*) FILTER (outcome = 'usually-appropriate') AS appropriate,
               count(*) FILTER (outcome = 'usually-appropriate' AND cards = 0) AS appropriate_silent
        FROM orders WHERE in_scope""")
    return {"days": days, "months": months, **quiet}


def listed(rows: Rows, column: str) -> Table:
    """How many orders in scope carry each entry of a list column (`asks`, `cautions`)."""
    return rows.table(f"""
        SELECT entry, count(*) AS orders, count(*) FILTER (cards > 0) AS with_card
        FROM (SELECT unnest(string_split({column}, ';')) AS entry, cards FROM orders
              WHERE in_scope AND {column} <> '')
        GROUP BY entry ORDER BY orders DESC, entry""")  # noqa: S608 - column names of ours


def flows(rows: Rows) -> Table:
    """Ordered study -> the study that the card would have put first, where it offers one."""
    return rows.table("""
        SELECT CASE WHEN contains(procedures, ';') THEN 'several' ELSE procedures END AS ordered,
               string_split(suggested, ';')[1] AS suggested, count(*) AS orders
        FROM orders WHERE suggested <> '' GROUP BY ALL ORDER BY orders DESC, ordered, suggested""")


def agreement(rows: Rows) -> Table:
    """What was finally done, by what the service would have said."""
    return rows.table("""
        SELECT CASE WHEN indicator = '' THEN 'silent' ELSE indicator END AS said,
               agreement, count(*) AS orders
        FROM orders WHERE in_scope AND agreement <> '' GROUP BY ALL ORDER BY said, agreement""")


def as_of(rows: Rows) -> dict[str, Any]:
    """How many answers hang on when the chart is looked at."""
    counts = rows.one("""
        SELECT count(*) AS decided, count(*) FILTER (in_scope) AS in_scope,
               count(*) FILTER (later > 0) AS with_later,
               count(*) FILTER (later_changes <> '') AS later_any,
               count(*) FILTER (contains(later_changes, 'verdict') OR contains(later_changes, 'rating'))
                   AS later_verdict,
               count(*) FILTER (doubtful > 0) AS with_doubtful,
               count(*) FILTER (doubtful_changes <> '') AS doubtful_any,
               count(*) FILTER (contains(doubtful_changes, 'verdict') OR
                                contains(doubtful_changes, 'rating')) AS doubtful_verdict
        FROM orders WHERE status = 'decided'""")
    moves = rows.table(f"""
        SELECT outcome,
               CASE WHEN later_verdict = 'rated' THEN replace(later_rating, '-disagreement', '')
                    ELSE later_verdict END AS with_later,
               count(*) AS orders
        FROM orders WHERE contains(later_changes, 'verdict') OR contains(later_changes, 'rating')
        GROUP BY ALL ORDER BY orders DESC, outcome, with_later LIMIT {MOST_LISTED}""")  # noqa: S608
    return {**counts, "moves": moves}


def compared(rows: Rows) -> dict[str, Any] | None:
    """What other content would change, grouped; None when none was compared."""
    counts = rows.one("""
        SELECT count(other_changes) AS compared, count(*) FILTER (other_changes <> '') AS changed,
               coalesce(sum(cards), 0)::BIGINT AS cards,
               coalesce(sum(other_cards), 0)::BIGINT AS other_cards,
               count(*) FILTER (contains(other_changes, 'verdict') OR contains(other_changes, 'rating'))
                   AS verdicts
        FROM orders WHERE other_changes IS NOT NULL""")
    if not counts["compared"]:
        return None
    groups = rows.table(f"""
        SELECT CASE WHEN contains(procedures, ';') THEN 'several' ELSE procedures END AS procedure,
               variants, outcome, other_variants,
               CASE WHEN other_verdict = 'rated' THEN replace(other_rating, '-disagreement', '')
                    ELSE other_verdict END AS other,
               other_changes AS changes, count(*) AS orders,
               count(*) FILTER ((cards > 0) <> (other_cards > 0)) AS cards_change
        FROM orders WHERE other_changes <> '' GROUP BY ALL
        ORDER BY orders DESC, procedure, variants, outcome, other_variants, other, changes LIMIT {MOST_LISTED}
        """)  # noqa: S608
    return {**counts, "groups": groups}


SECTIONS: Mapping[str, Callable[[Rows], Any]] = {
    "overview": overview,
    "not_decided": not_decided,
    "coverage": coverage,
    "unmapped_total": unmapped_total,
    "by_procedure": by_procedure,
    "by_variant": by_variant,
    "by_month": by_month,
    "firing": firing,
    "asks": lambda rows: listed(rows, "asks"),
    "cautions": lambda rows: listed(rows, "cautions"),
    "flows": flows,
    "agreement": agreement,
    "as_of": as_of,
    "compared": compared,
}


def numbers(rows: Rows, smallest: int) -> dict[str, Any]:
    """All sections by name."""
    return {name: count(rows) for name, count in SECTIONS.items()} | {"unmapped": unmapped(rows, smallest)}
