"""The chart review, read back: predictive values of the cards, and agreement beyond chance."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from cds_service.errors import ReplayImpossible
from cds_service.replay.sampling import FOLDER, KEY
from cds_service.replay.sheets import lines_of_sheet
from cds_service.replay.statistics import kappa, weighted_share

YES, NO = "yes", "no"
UNSURE = "unsure"
SHORT = {"y": YES, "n": NO, "?": UNSURE}
RATINGS = ("usually-appropriate", "may-be-appropriate", "usually-not-appropriate", "none")
WORDS = {"should_speak": (YES, NO), "rating": RATINGS}


@dataclass(frozen=True, slots=True)
class Judged:
    """One reader on one case. `speak`: yes, no or "" (unsure, left empty); `rating`: of RATINGS or ""."""

    case: str
    reader: str
    speak: str
    rating: str


def review(out: Path, sheets: Sequence[Path]) -> dict[str, Any]:
    """The numbers of the review. `sheets`: filled in answer sheets. Raises ReplayImpossible."""
    key = {line["case"]: line for line in lines_of_sheet(out / FOLDER / KEY, ("case", "card", "stands_for"))}
    answers = {(one.case, one.reader): one for name, sheet in _named(sheets) for one in _judged(sheet, name)}
    judged = list(answers.values())  # of a case that a reader judged twice, the last counts
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
        "divided": len({one.case for one in known if one.speak}) - len(verdicts),
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


def _named(sheets: Sequence[Path]) -> list[tuple[str, Path]]:
    """Sheets with a name for a reader who gives none: the file's, with its folder's where two are alike."""
    stems = Counter(sheet.stem for sheet in set(sheets))
    return [(s.stem if stems[s.stem] == 1 else f"{s.parent.name}/{s.stem}", s) for s in sheets]


def _judged(sheet: Path, name: str) -> list[Judged]:
    lines = lines_of_sheet(sheet, ("case", "should_speak"))
    for column, words in WORDS.items():
        odd = [line["case"] for line in lines if _word(line, column) not in (*words, UNSURE, "")]
        if odd:
            raise ReplayImpossible(
                f"{sheet}: {column} has to be one of {', '.join(words)} or {UNSURE}; it is another word"
                f" for case {', '.join(odd)}."
            )
    found = []
    for line in lines:
        speak, rating = (_word(line, column).replace(UNSURE, "") for column in WORDS)
        found.append(Judged(line["case"], line.get("reader", "") or name, speak, rating))
    return found


def _word(line: Mapping[str, str], column: str) -> str:
    said = line.get(column, "").lower().replace(" ", "-")
    return SHORT.get(said, said)
