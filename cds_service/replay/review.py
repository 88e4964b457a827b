"""The chart review, read back: predictive values of the cards, and agreement beyond chance."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from cds_service.errors import ReplayImpossible
from cds_service.replay.sampling import FOLDER, KEY
from cds_service.replay.statistics import kappa, weighted_share

YES, NO = "yes", "no"
RATINGS = ("usually-appropriate", "may-be-appropriate", "usually-not-appropriate", "none")


@dataclass(frozen=True, slots=True)
class Judged:
    """One reader on one case. `speak`: yes, no or "" (unsure, left empty); `rating`: of RATINGS or ""."""

    case: str
    reader: str
    speak: str
    rating: str


def review(out: Path, sheets: Sequence[Path]) -> dict[str, Any]:
    """The numbers of the review. `sheets`: filled in answer sheets. Raises ReplayImpossible."""
    key = {line["case"]: line for line in _lines(out / FOLDER / KEY, ("case", "card", "stands_for"))}
    judged = [one for sheet in sheets for one in _judged(sheet)]
    known = [one for one in judged if one.case in key]
    verdicts = _verdicts(known)
    carded = [(case, speak) for case, speak in verdicts.items() if key[case]["card"] == YES]
    silent = [(case, speak) for case, speak in verdicts.items() if key[case]["card"] == NO]
    told = [(key[one.case]["card"], one.speak) for one in known if one.speak]
    rated = [(key[one.case]["rating"], one.rating) for one in known if one.rating]
    return {
        "cases": len({one.case for one in known}),
        "strata": len({key[one.case]["stratum"] for one in known}),
        "readers": sorted({one.reader for one in known}),
        "ppv": weighted_share([(speak == YES, float(key[case]["stands_for"])) for case, speak in carded]),
        "npv": weighted_share([(speak == NO, float(key[case]["stands_for"])) for case, speak in silent]),
        "right_cards": sum(speak == YES for _, speak in carded),
        "carded": len(carded),
        "right_silence": sum(speak == NO for _, speak in silent),
        "silent": len(silent),
        "kappa_card": kappa(told),
        "judged": len(told),
        "kappa_rating": kappa(rated),
        "rated": len(rated),
        "between": _between(known),
        "unsure": sum(not one.speak for one in known),
        "unknown_cases": len(judged) - len(known),
    }


def _verdicts(judged: Iterable[Judged]) -> dict[str, str]:
    """What the readers of each case say together; a tie says nothing."""
    votes: dict[str, list[int]] = defaultdict(list)
    for one in judged:
        if one.speak:
            votes[one.case].append(1 if one.speak == YES else -1)
    sums = {case: sum(of_case) for case, of_case in votes.items()}
    return {case: YES if total > 0 else NO for case, total in sums.items() if total}


def _between(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Each pair of readers over the cases that both judged."""
    by_reader: dict[str, dict[str, str]] = defaultdict(dict)
    for one in judged:
        if one.speak:
            by_reader[one.reader][one.case] = one.speak
    pairs = []
    for one_name, other_name in combinations(sorted(by_reader), 2):
        one_side, other_side = by_reader[one_name], by_reader[other_name]
        both = sorted(one_side.keys() & other_side.keys())
        agreed = kappa([(one_side[case], other_side[case]) for case in both])
        pairs.append({"one": one_name, "other": other_name, "kappa": agreed, "cases": len(both)})
    return pairs


def _judged(sheet: Path) -> list[Judged]:
    found = []
    for line in _lines(sheet, ("case", "should_speak")):
        speak, rating = _said(line, "should_speak", (YES, NO)), _said(line, "rating", RATINGS)
        reader = (line.get("reader") or "").strip() or sheet.stem
        found.append(Judged((line["case"] or "").strip(), reader, speak, rating))
    return found


def _said(line: Mapping[str, str | None], column: str, allowed: Sequence[str]) -> str:
    said = (line.get(column) or "").strip().lower().replace(" ", "-")
    if said not in (*allowed, "", "unsure"):
        raise ReplayImpossible(
            f"Case {line['case']} of the answer sheet: {column} is neither {', '.join(allowed)} nor unsure."
        )
    return said if said in allowed else ""


def _lines(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplayImpossible(f"{path}: cannot be read. Draw a sample first with --sample.") from error
    dialect = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    found = csv.DictReader(text.splitlines(), delimiter=dialect)
    missing = [name for name in needed if name not in (found.fieldnames or ())]
    if missing:
        raise ReplayImpossible(f"{path}: the column {missing[0]} is missing.")
    return list(found)
