"""A stratified sample of orders for chart review: an answer sheet for readers, and the key to it, kept apart.

Drawn from the decided orders of studies in the catalogue, half of them with a card and half without, and in
each half from every kind of outcome, so that rare ones are seen. The key says for how many each stands.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cds_service.errors import ReplayImpossible
from cds_service.replay.report.asking import Rows
from cds_service.replay.sheets import lines_of_sheet
from cds_service.replay.staging import write_whole

FOLDER, SHEET, KEY, GUIDE = "sample", "answer-sheet.csv", "key.csv", "README.txt"
ANSWERS = ("reader", "should_speak", "rating", "comment")
SHOWN = ("case", "order", "patient", "authored_on", "title")
TOLD = ("verdict", "rating_given", "card")  # what a blind sheet leaves out
KEPT = ("case", "order", "patient", "stratum", "stands_for", "card", "verdict", "rating")

_STRATA = """
CREATE OR REPLACE VIEW reviewable AS
SELECT *, CASE WHEN cards > 0 THEN 'card' ELSE 'silent' END AS half,
       CASE WHEN cards > 0 THEN 'card' ELSE 'silent' END || ': ' || outcome AS stratum
FROM orders WHERE status = 'decided' AND mapped AND verdict <> 'unreadable'
"""

INSTRUCTIONS = """\
Chart review of past orders
===========================

{count} orders, each to be judged by the chart as it was when the order was written. Copy answer-sheet.csv for
each reader, fill in the last columns, and give the files back:  liver-cds replay ... --reviewed FILE

reader        who judged (initials); one name in the whole file
should_speak  yes, no or unsure: should decision support have spoken up about this order? Yes if another study
              would have been better for the question, or if something of the patient speaks against this one
rating        usually-appropriate, may-be-appropriate, usually-not-appropriate; none if the criteria do not
              cover the patient or the order is not about a liver lesion; unsure
comment       not read by the program

{blind}Both files name patients and orders: treat them as you treat the chart. key.csv says what the service
answered; readers should not see it before they are done.
"""
BLIND = "The sheet does not say what the service answered, on purpose.\n\n"


def draw(rows: Rows, out: Path, count: int, seed: int, blind: bool) -> Path:
    """Draw the sample and write its folder. Raises ReplayImpossible when there is nothing to draw from."""
    rows.table(_STRATA)
    strata = rows.table(
        "SELECT half, stratum, count(*) AS size FROM reviewable GROUP BY ALL ORDER BY stratum"
    )
    if not strata:
        raise ReplayImpossible("There is no order to review: none was decided for a study of the catalogue.")
    cases = [case for one in _allotted(strata, count) for case in _drawn(rows, one, seed)]
    cases.sort(key=lambda case: case["lot"])
    for number, case in enumerate(cases, 1):
        case["case"] = number
    folder = out / FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    columns = (*SHOWN, *(() if blind else TOLD), *ANSWERS)
    key = _csv(KEPT, cases)
    if not _begun(folder / SHEET):
        write_whole(folder / SHEET, _csv(columns, (_line(case) for case in cases)))
    elif (folder / KEY).read_bytes() != key:
        raise ReplayImpossible(
            f"{folder / SHEET} has answers to another sample. Move the folder away, or leave --sample out."
        )
    write_whole(folder / KEY, key)
    guide = INSTRUCTIONS.format(count=len(cases), blind=BLIND if blind else "")
    write_whole(folder / GUIDE, guide.encode())
    return folder


def _begun(sheet: Path) -> bool:
    """Somebody has written into the sheet itself instead of a copy."""
    if not sheet.exists():
        return False
    return any(line.get(column) for line in lines_of_sheet(sheet, ()) for column in ANSWERS)


def _allotted(strata: Sequence[Mapping[str, Any]], count: int) -> list[dict[str, Any]]:
    """How many cases to draw from each stratum: `draw`."""
    halves = {half: [s for s in strata if s["half"] == half] for half in ("card", "silent")}
    sizes = {half: sum(s["size"] for s in own) for half, own in halves.items()}
    carded = min(count - count // 2, sizes["card"])
    silent = min(count - carded, sizes["silent"])
    shares = {"card": min(count - silent, sizes["card"]), "silent": silent}
    return [one for half, own in halves.items() for one in _shared_out(own, shares[half])]


def _shared_out(strata: Sequence[Mapping[str, Any]], count: int) -> list[dict[str, Any]]:
    """One case from each stratum, largest first, and the rest by size (largest remainders)."""
    total = sum(one["size"] for one in strata)
    wanted = {one["stratum"]: count * one["size"] / total for one in strata} if total else {}
    draws = dict.fromkeys(sorted(wanted, key=lambda name: (-wanted[name], name))[:count], 1)
    sizes = {one["stratum"]: one["size"] for one in strata}
    for _ in range(count - len(draws)):
        open_ones = [name for name in wanted if draws[name] < sizes[name]]
        draws[max(open_ones, key=lambda name: (wanted[name] - draws[name], name))] += 1
    return [{**one, "draw": draws[one["stratum"]]} for one in strata if draws.get(one["stratum"])]


def _drawn(rows: Rows, stratum: Mapping[str, Any], seed: int) -> list[dict[str, Any]]:
    return rows.table(
        """
        SELECT "order", patient, authored_on, title, stratum, verdict,
               CASE WHEN verdict = 'rated' THEN outcome ELSE 'none' END AS rating,
               if(cards > 0, 'yes', 'no') AS card, ? / ? AS stands_for,
               sha256(concat_ws('|', ?::VARCHAR, file, place)) AS lot
        FROM reviewable WHERE stratum = ? ORDER BY lot LIMIT ?""",
        float(stratum["size"]),
        float(stratum["draw"]),
        seed,
        stratum["stratum"],
        stratum["draw"],
    )


def _line(case: Mapping[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(ANSWERS, "")
    return {**case, "rating_given": case["rating"], **empty}


def _csv(columns: Iterable[str], cases: Iterable[Mapping[str, Any]]) -> bytes:
    written = io.StringIO()
    lines = csv.DictWriter(written, tuple(columns), extrasaction="ignore", lineterminator="\n")
    lines.writeheader()
    lines.writerows(cases)
    return written.getvalue().encode()
