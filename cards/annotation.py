"""The appropriateness rating on an order: four extensions of Argonaut's "CDS Hooks for PAMA".

Only ours are ever changed. A rating is ours if it has a coding of our rating system, or if the
mechanism consulted is the one we are configured with; every other rating is left alone, and then we add
none, since an order has room for one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cards import wording
from cards.advice import Advice, Json, RatedStudy
from cards.card import Action, update
from cards.edits import entries, local_reference, with_extensions
from cards.vocabulary import ACR_MEDIAN, ACR_RATING, ARGONAUT_RATING, Band, Coding, Rating, Verdict

RATING = "http://fhir.org/argonaut/Extension/pama-rating"
QCDSM_CONSULTED = "http://fhir.org/argonaut/Extension/pama-rating-qcdsm-consulted"
CONSULT_ID = "http://fhir.org/argonaut/Extension/pama-rating-consult-id"
AUC_APPLIED = "http://fhir.org/argonaut/Extension/pama-rating-auc-applied"
URN_UUID = "urn:uuid:"
EXTENSIONS = (RATING, QCDSM_CONSULTED, CONSULT_ID, AUC_APPLIED)

APPROPRIATE = Coding(ARGONAUT_RATING, "appropriate")
NOT_APPROPRIATE = Coding(ARGONAUT_RATING, "not-appropriate")
NO_CRITERIA_APPLY = Coding(ARGONAUT_RATING, "no-criteria-apply")

# Only for clients that drop a suggested order without a rating: it says that there is none.
UNDETERMINED = Coding(ACR_RATING, "undetermined")


@dataclass(frozen=True, slots=True)
class Mark:
    """A rating as it stands on an order, without the id of the consultation."""

    codings: tuple[Coding, ...]
    qcdsm: str
    auc_applied: str = ""


def annotation(advice: Advice, new_id: Callable[[], str]) -> Action | None:
    """The system action that makes the order's rating true: write ours, or remove one that is not."""
    order = advice.order
    if advice.verdict is Verdict.UNREADABLE or not local_reference(order) or foreign(order, advice.qcdsm):
        return None
    mark = _wanted(advice)
    if mark is None:
        return _removal(order, advice.qcdsm)
    if _stands(order, mark):
        return None
    return update(wording.RECORD_RATING, marked(order, mark, new_id))


def suggested_mark(study: RatedStudy | None, qcdsm: str) -> Mark | None:
    """The rating that a suggested order carries; None when it is not determined."""
    if study is None or study.rating is None:
        return None
    return Mark(_rating_codings(study.rating, study.medians), qcdsm, study.auc_applied)


def marked(order: Json, mark: Mark, new_id: Callable[[], str]) -> dict[str, Any]:
    """The order with this rating as its only one."""
    auc = [_extension(AUC_APPLIED, valueUri=mark.auc_applied)] if mark.auc_applied else []
    written = [
        _extension(RATING, valueCodeableConcept={"coding": [c.to_json() for c in mark.codings]}),
        _extension(QCDSM_CONSULTED, valueString=mark.qcdsm),
        _extension(CONSULT_ID, valueUri=f"{URN_UUID}{new_id()}"),
        *auc,
    ]
    return with_extensions(order, [*_others(order), *written])


def marked_undetermined(order: Json) -> dict[str, Any]:
    """The order with a rating extension that says that there is no rating."""
    written = _extension(RATING, valueCodeableConcept={"coding": [UNDETERMINED.to_json()]})
    return with_extensions(order, [*_others(order), written])


def unmarked(order: Json) -> dict[str, Any]:
    """The order without any rating, whoever gave it."""
    return with_extensions(order, _others(order)) if _ratings(order) else dict(order)


def foreign(order: Json, qcdsm: str) -> bool:
    """True when another mechanism has rated this order."""
    return bool(_ratings(order, RATING)) and not _ours(order, qcdsm)


def consult_id(order: Json) -> str:
    """The id of the consultation that rated this order, as a bare UUID; "" when it says none."""
    found = (e.get("valueUri") for e in _ratings(order, CONSULT_ID))
    return next((uri.removeprefix(URN_UUID) for uri in found if isinstance(uri, str)), "")


def _wanted(advice: Advice) -> Mark | None:
    match advice.verdict:
        case Verdict.RATED:
            return suggested_mark(advice.ordered, advice.qcdsm)
        case Verdict.NO_CRITERIA:
            return Mark((NO_CRITERIA_APPLY,), advice.qcdsm)
        case _:
            return None


def _removal(order: Json, qcdsm: str) -> Action | None:
    return update(wording.REMOVE_RATING, unmarked(order)) if _ours(order, qcdsm) else None


def _rating_codings(rating: Rating, medians: tuple[int, ...]) -> tuple[Coding, ...]:
    """Argonaut's coding first (clients read that one), then the exact band, then the one median."""
    adheres = NOT_APPROPRIATE if rating.band is Band.USUALLY_NOT else APPROPRIATE
    median = (Coding(ACR_MEDIAN, str(medians[0])),) if len(medians) == 1 else ()
    return (adheres, Coding(ACR_RATING, rating.value), *median)


def _stands(order: Json, mark: Mark) -> bool:
    """True when the order already carries exactly this rating, from whichever consultation."""
    found = {url: _ratings(order, url) for url in EXTENSIONS}
    if any(len(found[url]) != 1 for url in (RATING, QCDSM_CONSULTED, CONSULT_ID)):
        return False
    applied = [mark.auc_applied] if mark.auc_applied else []
    return (
        _codes(found[RATING][0]) == [(c.system, c.code) for c in mark.codings]
        and found[QCDSM_CONSULTED][0].get("valueString") == mark.qcdsm
        and [e.get("valueUri") for e in found[AUC_APPLIED]] == applied
    )


def _ours(order: Json, qcdsm: str) -> bool:
    consulted = (e.get("valueString") for e in _ratings(order, QCDSM_CONSULTED))
    rated = (code for e in _ratings(order, RATING) for code in _codes(e))
    return qcdsm in consulted or any(system == ACR_RATING for system, _ in rated)


def _codes(extension: Json) -> list[tuple[Any, Any]]:
    concept = extension.get("valueCodeableConcept")
    codings = entries(concept, "coding") if isinstance(concept, dict) else []
    return [(c.get("system"), c.get("code")) for c in codings if isinstance(c, dict)]


def _ratings(order: Json, url: str = "") -> list[Json]:
    wanted = (url,) if url else EXTENSIONS
    return [e for e in entries(order, "extension") if isinstance(e, dict) and e.get("url") in wanted]


def _others(order: Json) -> list[Any]:
    rated = {id(e) for e in _ratings(order)}
    return [e for e in entries(order, "extension") if id(e) not in rated]


def _extension(url: str, **value: Any) -> dict[str, Any]:
    return {"url": url, **value}
